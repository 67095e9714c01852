"""How good a local model is: its measured error against the step, and the radius within which it can be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from frechet.core.display import Card, Displayed
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.local.lengths import norm, norms
from frechet.numeric.tableau import UNIT

if TYPE_CHECKING:
    from frechet.local.around import Local
    from frechet.local.models import Model
    from frechet.local.source import Derived

_RANDOM = 6  # further directions beside axes and eigenvectors
_MOST_AXES = 6
_DECADES = 12.0
_CLEAR = 30.0  # an error this many times above the rounding floor is measured, not noise
_SENSITIVE = 1e-6  # of the change of f: rounding above it hides what the error does
_FITTED = (1.0, 2.5)  # decades of steps that a slope is fitted over: at least, at most


@dataclass(frozen=True)
class ErrorCurve(Displayed):
    """The error of a model against the length of the step.

    steps, errors   (k,) lengths, largest last, and the norm of f - model there (nan outside the domain)
    floor           (k,) what rounding, and the error of estimated derivatives, may contribute
    fitted          (k,) which points the slope is fitted over
    slope           d log(error) / d log(step) as the step goes to zero; inf where the model is exact, nan if unknown
    expected        what theory says: order + 1
    """

    steps: Any
    errors: Any
    floor: Any
    fitted: Any
    slope: float
    expected: int

    @property
    def exact(self) -> bool:
        """Whether f is the model itself near the point: no error above rounding was seen, up to a step of `until`."""
        return bool(self.slope == np.inf)

    @property
    def until(self) -> float:
        """The length of the step up to which no error was seen; inf where there was none at all."""
        seen = np.flatnonzero(np.nan_to_num(self.errors) > _CLEAR * self.floor)
        return float(self.steps[seen[0] - 1]) if seen.size and seen[0] else (np.inf if not seen.size else 0.0)

    def card(self) -> Card:
        return Card(f"error {self}")

    @property
    def constant(self) -> float:
        """c of error ~ c * step^slope, from the fitted points."""
        if not self.fitted.any():
            return 0.0
        t, e = self.steps[self.fitted], self.errors[self.fitted]
        return float(np.exp(np.mean(np.log(e) - self.slope * np.log(t))))

    def __str__(self) -> str:
        if self.exact and self.until < np.inf:
            return f"none up to a step of length {self.until:.2g}; further out f is another function (a kink)"
        if self.exact:
            return "none: f is this polynomial (no error above rounding)"
        if np.isnan(self.slope):
            return "too close to rounding to be measured"
        if self.slope < self.expected - 0.3:
            return f"grows as step^{self.slope:.2f} (theory: {self.expected}, where f is smooth enough; here it is not)"
        if self.slope > self.expected + 0.5:
            return (
                f"grows as step^{self.slope:.2f} (theory: {self.expected}, more where the next term vanishes as here)"
            )
        return f"grows as step^{self.slope:.2f} (theory: {self.expected})"


@dataclass(frozen=True)
class Radius(Displayed):
    """Within this distance the model was within the tolerance in every direction tried; `direction` (n,) fails first.

    `ends` says why: "tolerance", "domain" (f is not defined further out), or "none found" (inf).
    """

    radius: float
    tolerance: float
    direction: Any
    ends: str
    tried: int

    def card(self) -> Card:
        return Card(str(self))

    def __float__(self) -> float:
        return self.radius

    def __str__(self) -> str:
        if self.ends == "none found":
            return f"the error stays within {self.tolerance:g} as far as was looked"
        why = "" if self.ends == "tolerance" else " (f is not defined further out)"
        return f"within {self.tolerance:g} up to a step of length {self.radius:.3g}{why}"


def unit_directions(model: Model) -> Any:
    """Directions to look along, unit vectors (k, n): axes, eigenvectors, a few random ones, each with its opposite."""
    local = model.local
    if model.along is not None:
        v = model.along / norm(model.along)
        return np.array([v, -v])
    n = local.size
    if n == 1:
        return np.array([[1.0], [-1.0]])
    rows = [np.eye(n)[i] for i in range(min(n, _MOST_AXES))]
    if local.scalar and model.order and n <= 2 * _MOST_AXES and local.second_known:
        rows += list(local.eigen[1].T)
        slope = norm(local.gradient_flat)
        rows += [local.gradient_flat / slope] if slope else []
    drawn = np.random.default_rng(n).normal(size=(_RANDOM, n))
    rows += list(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))
    return np.array([*rows, *(-r for r in rows)])


def _errors(model: Model, steps: Any) -> Any:
    """The norm of f - model for each step (k, n); nan where f is not defined."""
    with np.errstate(all="ignore"):
        gap = model.local.values(model.local.point.flat + steps) - model.values(steps)
        return norms(gap)


def _floor(model: Model, lengths: Any) -> Any:
    """What rounding can do at steps of these lengths, with the bound of an estimated derivative."""
    local = model.local
    size = norm(local.value_flat)
    slope = norm(local.jacobian_matrix) if model.order else 0.0
    moved = slope * (lengths + float(np.abs(local.point.flat).max()))
    if model.order > 1:
        moved = moved + norm(local.hessians) * lengths * (lengths + float(np.abs(local.point.flat).max()))
    floor = 8 * UNIT * (size + moved) + local.noise
    for k, error in enumerate(model.coefficient_errors):
        floor = floor + norm(error) * (lengths / model.unit) ** k
    if model.order:
        floor = floor + norm(local.jacobian_error) * lengths
    if model.order > 1:
        floor = floor + norm(local.hessians_error) * lengths**2 / 2
    return floor


def measure(model: Model, along: Any, count: int) -> ErrorCurve:
    """The error on a geometric grid of steps: the worst of several directions, or along one."""
    local = model.local
    directions = unit_directions(model) if along is None else np.array([along / norm(along)])
    lengths = local.scale * 10.0 ** np.linspace(-_DECADES, 0.0, count)
    steps = lengths[:, None, None] * directions
    found = _errors(model, steps.reshape(-1, local.size)).reshape(count, len(directions))
    with np.errstate(all="ignore"):
        errors = np.where(np.isnan(found).all(axis=1), np.nan, np.nanmax(np.nan_to_num(found, nan=-1), axis=1))
    floor = _floor(model, lengths)
    fitted, slope = _slope(lengths, errors, floor)
    if slope == np.inf and not _tells(model, lengths, errors, floor):
        slope = float("nan")
    return ErrorCurve(lengths, errors, floor, fitted, slope, model.order + 1)


def second_slope(local: Local, first: Derived, second: Derived) -> float:
    """The slope of the error of the quadratic model with these derivatives, along axes and a few other directions; nan
    where it cannot be measured."""
    n = local.size
    drawn = np.random.default_rng(n).normal(size=(3, n))
    rows = [*np.eye(n)[: min(n, _MOST_AXES)], *(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))]
    directions = np.array([*rows, *(-r for r in rows)]) if n > 1 else np.array([[1.0], [-1.0]])
    reach = np.maximum(1.0, np.abs(local.point.flat)).min()
    lengths = reach * 10.0 ** np.linspace(-_DECADES, 0.0, 37)
    errors = np.full(len(lengths), np.nan)
    with np.errstate(all="ignore"):
        bends = np.einsum("mij,ki,kj->km", second.value, directions, directions) / 2
        for k, t in enumerate(lengths):
            model = local.value_flat + t * directions @ first.value.T + t * t * bends
            gap = norms(local.values(local.point.flat + t * directions) - model)
            errors[k] = gap.max() if np.isfinite(gap).all() else np.nan
        # A point is rounded by its own size; what that does is the slope there, which the second derivative changes.
        size = lengths + np.abs(local.point.flat).max()
        moved = (norm(first.value) + norm(second.value) * lengths) * size
        floor = 8 * UNIT * (norm(local.value_flat) + moved)
        floor = floor + norm(first.error) * lengths + norm(second.error) * lengths**2 + local.noise
    return _slope(lengths, errors, floor)[1]


def _tells(model: Model, lengths: Any, errors: Any, floor: Any) -> bool:
    """Whether an error would have been seen: at the largest step f changes by far more than rounding does."""
    local = model.local
    seen = np.flatnonzero(np.isfinite(errors) & np.isfinite(floor))
    if not seen.size:
        return False
    k = int(seen[-1])
    change = norm(local.jacobian_matrix) * lengths[k] if model.order else 0.0
    if model.order and local.few and local.second_known:
        change += norm(local.hessians) * lengths[k] ** 2
    return change == 0 or bool(floor[k] <= _SENSITIVE * change)


def _begins(t: Any, errors: Any, floor: Any, start: int) -> bool:
    """Whether the error begins at a distance: a power of the step, up to the twelfth, would have been seen before."""
    before = errors[start] * (t[start - 1] / t[start]) ** 12
    return bool(np.isfinite(errors[start - 1]) and errors[start - 1] <= _CLEAR * floor[start - 1]
                and before > 10 * _CLEAR * floor[start - 1])  # fmt: skip


def _slope(t: Any, errors: Any, floor: Any) -> tuple[Any, float]:
    """Fit log(error) = a + p log(t) + c t over the smallest clear steps; p is the slope at zero."""
    clear = np.nan_to_num(errors, nan=0.0) > _CLEAR * floor
    if not clear.any():
        return clear, float(np.inf)
    # From the first step after which all are clear: a lucky one below says nothing.
    unclear = np.flatnonzero(~clear & np.isfinite(errors))
    start = int(unclear[-1]) + 1 if unclear.size else 0
    if start >= len(t):
        start = int(np.flatnonzero(clear)[0])
    if start and _begins(t, errors, floor, start):
        return np.zeros(len(t), dtype=bool), float(np.inf)
    use = clear & (np.arange(len(t)) >= start) & (t <= t[start] * 10 ** _FITTED[1])
    if use.sum() < 4 or t[use].max() / t[use].min() < 10 ** (_FITTED[0] / 2):
        return use, float("nan")
    x = np.log(t[use])
    columns = [np.ones(len(x)), x, t[use] / t[use].max()]
    if use.sum() < 7:
        columns.pop()
    fit = np.linalg.lstsq(np.stack(columns, axis=1), np.log(errors[use]), rcond=None)[0]
    return use, float(fit[1])


def radius(model: Model, tolerance: float, relative: bool) -> Radius:
    """The smallest distance, over many directions, at which the error passes the tolerance."""
    if not isinstance(tolerance, (int, float)) or not tolerance > 0:
        raise problem("E505", f"A tolerance is a positive number, not {tolerance!r}.")
    if relative:
        tolerance = tolerance * norm(model.local.value_flat)
        if not tolerance:
            raise problem("E400", "f is zero here: a relative tolerance means nothing.", help="Give an absolute one.")
    floor = float(_floor(model, np.zeros(1))[0])
    if tolerance <= floor:
        raise problem("E400", f"A tolerance of {tolerance:g} is below the rounding of f here, {floor:.0e}.")
    directions = unit_directions(model)
    best, ends, worst = np.inf, "none found", directions[0]
    for v in directions:
        found, why = _first_failure(model, v, tolerance, best)
        if found < best:
            best, ends, worst = found, why, v
    return Radius(float(best), float(tolerance), worst, ends, len(directions))


def _first_failure(model: Model, v: Any, tolerance: float, below: float) -> tuple[float, str]:
    """The first distance along v at which the error is too large or f ends; at most `below`."""
    lengths = model.local.scale * 2.0 ** np.arange(-24.0, 11.0, 0.5)
    lengths = lengths[lengths < below]
    if not lengths.size:
        return below, ""
    errors = _errors(model, lengths[:, None] * v)
    bad = np.flatnonzero(~(errors <= tolerance))
    if not bad.size:
        return np.inf, "none found"
    high = float(lengths[bad[0]])
    low = float(lengths[bad[0] - 1]) if bad[0] else 0.0
    for _ in range(40):
        middle = (low + high) / 2
        if _errors(model, middle * v[None, :])[0] <= tolerance:
            low = middle
        else:
            high = middle
    ends = "domain" if np.isnan(_errors(model, high * v[None, :])[0]) else "tolerance"
    return low, ends
