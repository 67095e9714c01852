"""A closed form at a point, held against values of f there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frechet import numeric
from frechet.core.errors import VerificationError, problem
from frechet.core.lazy import np
from frechet.local.source import Derived, SymbolicSource, measured
from frechet.numeric.scales import probe_direction
from frechet.reference.sample import SizedSampler

if TYPE_CHECKING:
    from frechet.local.around import Local

_TOLERANCE = 1e-6
_NEAR = 1e-9  # of max(1, |x_i|): a border that lies this near may be at the point
_MOST_AXES = 40


def checked_jacobian(local: Local) -> Derived:
    """The Jacobian of `local`. A closed form is compared with f along one direction; where a border of the formula (a
    kink, a jump) lies at the point, also along the components that cross it: among many, one kink is small.

    Raises VerificationError where f is smooth but the closed form does not agree with it.
    """
    found = local.source.jacobian(local.point.flat)
    if not local.source.exact:
        return found
    v = probe_direction(local.point.flat)
    line = numeric.directional(local.source.raw, local.point.flat, v, complex_step=False)
    value, error = np.asarray(line.value), np.asarray(line.error)
    if not line.ok:
        return Derived(found.value, found.error, False, line.message or found.message)
    if not found.ok:
        by_values = local.smoothness.kind == "differentiable"
        return measured(numeric.jacobian(local.source.raw, local.point.flat)) if by_values else found
    gap = np.abs(found.value @ v - value)
    size = np.abs(found.value) @ np.abs(v) + np.abs(value)
    if (gap <= 4 * error + _TOLERANCE * size).all():
        kink = _one_kink(local)
        return Derived(found.value, found.error, False, kink, kink=True) if kink else found
    if local.smoothness.kind == "differentiable":
        raise VerificationError(problem("E600", "The derivative of the formula does not agree with its values at "
                                        f"this point: {float(gap.max()):.1e} apart.").diagnostic)  # fmt: skip
    return Derived(found.value, found.error, False, local.smoothness.message)


def _one_kink(local: Local) -> str:
    """The first component along which f has a kink that the common direction did not show; empty if there is none."""
    source: Any = local.source
    if not isinstance(source, SymbolicSource):
        return ""
    x = local.point.flat
    sampler = SizedSampler([source.function.tree], source.function.declarations, dict(source.sizes), 0, 0)
    steps = _NEAR * np.maximum(1.0, np.abs(x))
    if sampler.same_side(source.arrays(x - steps), source.arrays(x + steps)):
        return ""
    checked = 0
    for i in range(local.size):
        step = np.zeros(local.size)
        step[i] = steps[i]
        if sampler.same_side(source.arrays(x - step), source.arrays(x + step)):
            continue
        line = numeric.directional(source.raw, x, step / steps[i], complex_step=False)
        if not line.ok:
            return f"along {local.labels[i]}: {line.message}"
        checked += 1
        if checked == _MOST_AXES:
            break
    return ""
