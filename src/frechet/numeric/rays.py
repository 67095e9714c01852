"""One-sided slopes along rays, and residuals of a linear map along curves, over many scales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frechet.core.lazy import np
from frechet.numeric.drive import Problem
from frechet.numeric.tableau import UNIT

LEVELS = 18
FIRST = 2  # the largest step is 2^-FIRST of the scale
HALVINGS = 2.4  # between two levels
GRAIN_STEPS = (1e-5, 1e-6, 1e-7)
GROUP = 6  # levels compared with as many before them
CLOSING = 0.35  # how much the spread must fall over GROUP levels: quotients ~ h^a with a > 0.13


@dataclass(frozen=True)
class Limit:
    """The one-sided slope along a ray: whether it exists, its value and error (m,), and whether f jumps instead."""

    exists: bool
    value: Any
    error: Any
    jumps: bool


class Rays:
    """Values of f along rays from x, kept for all that asks about them."""

    def __init__(self, p: Problem, rng: Any) -> None:
        self.p = p
        # Steps off the powers of two, so that an oscillation is not met in the same phase at every level.
        jitter = rng.uniform(0.75, 1.25, LEVELS)
        self.steps = 2.0 ** -(FIRST + HALVINGS * np.arange(LEVELS)) * jitter
        self.kept: dict[bytes, list[Any]] = {}
        self.noise = np.full(p.f0.shape, 0.0)
        self._measure_noise(rng)
        self._grain: Any = None
        self._rng = rng

    def _measure_noise(self, rng: Any) -> None:
        """Second differences of f very near the point, on two rays: noise, where they are not smaller than rounding."""
        from_origin = []
        for _ in range(2):
            v = rng.normal(size=self.p.x.size) * np.maximum(np.abs(self.p.x), self.steps[-1])
            values = self.p.finite([self.p.x + i * self.steps[-1] * v for i in range(1, 5)])
            if all(value is not None for value in values):
                d = np.diff(np.array(values), n=2, axis=0)
                from_origin.append(np.sqrt(np.mean(d * d, axis=0) / 6))
        if from_origin:
            noise = np.median(from_origin, axis=0)
            # As large as f itself: that is how f behaves here, not how it is computed.
            self.noise = np.where(noise > 0.1 * np.abs(self.p.f0), 0.0, noise)

    def _measure_grain(self, rng: Any) -> Any:
        """The size of the steps that f takes, (m,): values in single precision, or rounded to some digits. Fourth
        differences a little away from the point, where a smooth f has none that count and where such steps show."""
        grain = np.zeros(self.p.f0.shape)
        for _ in range(2):
            v = rng.normal(size=self.p.x.size) * np.maximum(np.abs(self.p.x), 1.0)
            for h in GRAIN_STEPS:
                values = self.p.finite([self.p.x + i * h * v for i in range(1, 10)])
                if all(value is not None for value in values):
                    d = np.diff(np.array(values), n=4, axis=0)
                    grain = np.maximum(grain, np.sqrt(np.mean(d * d, axis=0) / 70))
        return grain

    def scales(self) -> tuple[float, float]:
        """Smallest and largest relative distance looked at."""
        return float(self.steps[-1]), float(self.steps[0])

    def values(self, v: Any) -> list[Any]:
        """f along the ray, the largest step first; None where it is not defined."""
        key = v.tobytes()
        if key not in self.kept:
            self.kept[key] = self.p.finite([self.p.x + h * v for h in self.steps])
        return self.kept[key]

    def closed(self, v: Any) -> bool:
        """Whether f is not defined at the finest steps along v."""
        return all(value is None for value in self.values(v)[-3:])

    def limit(self, v: Any) -> Limit:
        """The one-sided slope along v, by how the spread of the quotients falls from scale to scale."""
        at = [(h, value) for h, value in zip(self.steps, self.values(v), strict=True) if value is not None]
        h = np.array([step for step, _ in at])
        change = np.array([value for _, value in at]) - self.p.f0
        q = change / h[:, None]
        size = np.abs(self.p.f0) + np.abs(change)
        rounded = 4 * UNIT * np.abs(self.p.x).max() * self.slope()
        noise = 8 * UNIT * size + 4 * self.noise + rounded
        noise = noise / h[:, None]
        exists, jumps = True, False
        value, error = np.zeros(q.shape[1]), np.zeros(q.shape[1])
        for j in range(q.shape[1]):
            one = _limit(h, q[:, j], noise[:, j])
            exists &= one[0]
            value[j], error[j] = one[1], one[2]
            jumps |= not one[0] and _jump(h, np.abs(change[:, j]), noise[:, j] * h)
        return Limit(bool(exists), value, error, bool(jumps))

    def slope(self) -> Any:
        """The largest slope on the largest steps of all rays so far: by it f answers to the rounding of x."""
        largest = np.zeros(self.p.f0.shape)
        for key, values in self.kept.items():
            reach = self.steps[0] * np.abs(np.frombuffer(key)).max()
            if values[0] is not None and reach:
                largest = np.maximum(largest, np.abs(values[0] - self.p.f0) / reach)
        return largest

    def curve_fails(self, u: Any, w: Any, power: int, c: float, slopes: tuple[Any, Any]) -> bool:
        """Whether f - f(x) - L(step) stays comparable with the step along t*u + c*t^power*w."""
        if self._grain is None:
            self._grain = self._measure_grain(self._rng)
        steps = self.steps[: LEVELS - 3]
        points = [self.p.x + t * u + c * t**power * w for t in steps]
        residual, noise = [], []
        for t, value in zip(steps, self.p.finite(points), strict=True):
            if value is None:
                return False
            linear = t * slopes[0] + c * t**power * slopes[1]
            residual.append(np.abs(value - self.p.f0 - linear) / t)
            noise.append((16 * UNIT * (np.abs(value) + np.abs(linear)) + 4 * self.noise + 4 * self._grain) / t)
        r, n = np.array(residual), np.array(noise)
        late, early = r[-GROUP:].max(axis=0), r[-2 * GROUP : -GROUP].max(axis=0)
        clear = (r[-GROUP:] > 8 * n[-GROUP:]).all(axis=0) & (r[-1] > 1e-9 * np.abs(slopes[0]))
        return bool((clear & (late > CLOSING * early)).any())


def _limit(h: Any, q: Any, noise: Any) -> tuple[bool, float, float]:
    """Whether the quotients close in, on what, and how far off it may be."""
    top = np.abs(q).max()
    if top == 0:
        return True, 0.0, 0.0
    usable = np.flatnonzero(noise <= 0.02 * np.maximum(np.abs(q), 1e-3 * top))
    if len(usable) < GROUP + 2:
        usable = np.argsort(noise)[: GROUP + 2]
        usable.sort()
    late = q[usable[-GROUP:]]
    early = q[usable[-2 * GROUP : -GROUP]] if len(usable) >= 2 * GROUP else q[usable[:-GROUP]]
    floor = 4 * noise[usable[-GROUP:]].max()
    spread, before = np.ptp(late), max(float(np.ptp(early)), abs(float(early.mean() - late.mean())))
    settled = spread <= max(floor, 1e-7 * np.abs(late).max())
    closing = spread <= CLOSING * before and np.abs(late).max() <= 4 * np.abs(early).max() + floor
    return bool(settled or closing), float(late[-1]), float(spread + floor)


def _jump(h: Any, change: Any, noise: Any) -> bool:
    """Whether |f(x + h) - f(x)| does not go to zero with h."""
    clear = change > 4 * noise
    if clear.sum() < GROUP + 1 or not clear[-1]:
        return False
    return bool(change[-GROUP:].max() > 0.6 * change[-2 * GROUP : -GROUP].max())
