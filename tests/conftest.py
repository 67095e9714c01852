"""Property tests on machines of any speed: how long an example takes is no property of frechet."""

from hypothesis import HealthCheck, settings

settings.register_profile("frechet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("frechet")
