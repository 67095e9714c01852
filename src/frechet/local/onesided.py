"""Slopes on the rays that leave a point: what is left of a derivative at a kink, and whether it is linear."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from frechet.core.display import Card, Displayed
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.local.lengths import norm
from frechet.local.numbers import array, number
from frechet.numeric.rays import Rays
from frechet.numeric.tableau import UNIT

if TYPE_CHECKING:
    from frechet.local.around import Local

GATEAUX, FRECHET = "gateaux", "differentiable"
# The definition of many courses, "all directional derivatives exist and are linear in the direction", is Gateaux's.
MEANING = {
    FRECHET: "differentiable (Frechet): one linear map serves all small steps",
    GATEAUX: "Gateaux differentiable, not Frechet: the directional derivatives exist and are linear in the direction "
    "(which many courses take as the definition), yet no linear map serves all small steps",
    "directional": "not differentiable: one-sided derivatives exist in all directions, but they are not linear in the "
    "direction",
    "partials": "not differentiable: the partial derivatives exist, but some directional derivative does not",
    "none": "not differentiable: continuous, but some directional derivatives do not exist",
    "discontinuous": "not differentiable: f is not continuous here",
    "edge": "the point is not inside the domain of f",
}


class OneSided(Displayed):
    """The one-sided derivatives of a scalar f along unit vectors of a plane, counterclockwise.

    angles   (k,) radians; vectors (k, n): cos(angle) * first + sin(angle) * second direction of the plane
    slopes   (k,) d/dt f(x + t v) as t goes to zero from above; nan where there is no limit. errors (k,) bound them
    For one component there are two rays, at angles 0 and pi.
    """

    def __init__(self, local: Local, count: int, plane: Sequence[Any] | None) -> None:
        local.need_scalar("picture of one-sided derivatives")
        if not isinstance(count, int) or count < 2:
            raise problem("E505", f"{count!r} is not a number of directions.", help="72 is one every 5 degrees.")
        self.local = local
        if local.size == 1:
            self.plane = np.array([[1.0], [0.0]])
            self.angles = np.array([0.0, np.pi])
        else:
            self.plane = _plane(local, plane)
            self.angles = 2 * np.pi * np.arange(count) / count
        turn = np.stack([np.cos(self.angles), np.sin(self.angles)], axis=1)
        turn[np.abs(turn) < 1e-15] = 0.0
        self.vectors = turn @ self.plane

    @cached_property
    def _limits(self) -> Any:
        """Slope and bound of each ray, (k, 2)."""
        return np.array([[float(part[0]) for part in one_sided_slope(self.local.rays, v)] for v in self.vectors])

    @property
    def slopes(self) -> Any:
        return self._limits[:, 0]

    @property
    def errors(self) -> Any:
        return self._limits[:, 1]

    @cached_property
    def linear_part(self) -> Any:
        """The linear map (n,) in the plane that fits the slopes best, by least squares."""
        known = np.isfinite(self.slopes)
        turn = np.stack([np.cos(self.angles), np.sin(self.angles)], axis=1)[known]
        return np.linalg.lstsq(turn, self.slopes[known], rcond=None)[0] @ self.plane

    @property
    def mismatch(self) -> Any:
        """slopes - linear_part . v, (k,): zero for all directions where the slopes are linear."""
        return self.slopes - self.vectors @ self.linear_part

    @property
    def linear(self) -> bool:
        """Whether the slopes exist in all directions tried and are linear in the direction: Gateaux's property."""
        size = 1e-6 * max(1e-300, float(np.nanmax(np.abs(self.slopes), initial=0.0)))
        bound = np.maximum(4 * np.nanmax(self.errors, initial=0.0), size)
        return bool(np.isfinite(self.slopes).all() and (np.abs(self.mismatch) <= bound).all())

    @property
    def kind(self) -> str:
        """The word of `Local.kind`, which looks at all components, not only at this plane."""
        return self.local.kind

    @property
    def message(self) -> str:
        """One sentence about the point, with the names of Gateaux and Frechet where they part."""
        return MEANING[self.kind]

    @property
    def steepest(self) -> tuple[float, Any]:
        """The largest slope and its unit vector."""
        k = int(np.nanargmax(self.slopes))
        return float(self.slopes[k]), self.vectors[k]

    def __str__(self) -> str:
        if np.isnan(self.slopes).all():
            return f"no one-sided derivative along any direction\n{self.message}"
        if self.local.size == 1:
            ahead, behind = self.slopes
            return f"slope {number(ahead)} to the right, {number(-behind)} from the left\n{self.message}"
        low, high = np.nanmin(self.slopes), np.nanmax(self.slopes)
        missing = int(np.isnan(self.slopes).sum())
        if missing:
            return (f"no one-sided derivative along {missing} of {len(self.slopes)} directions; else slopes from "
                    f"{number(low)} to {number(high)}\n{self.message}")  # fmt: skip
        if high - low <= 2 * np.nanmax(self.errors) + 1e-9 * abs(high):
            return f"slope {number(high)} in every direction\n{self.message}"
        k, j = int(np.nanargmin(self.slopes)), int(np.nanargmax(self.slopes))
        linear = "linear in the direction" if self.linear else "not linear in the direction"
        return (f"slopes from {number(low)} along {array(self.vectors[k], 3)} to {number(high)} along "
                f"{array(self.vectors[j], 3)}, {linear}\n{self.message}")  # fmt: skip

    def card(self) -> Card:
        return Card(str(self))

    def __repr__(self) -> str:
        return f"<OneSided, {len(self.angles)} rays, {self.kind}>"


def one_sided_slope(rays: Rays, v: Any) -> tuple[Any, Any]:
    """d/dt f(x + t v) as t goes to zero from above, and a bound of its error, each (m,); nan where there is no limit.

    From the quotients that `Rays` has: one step of Richardson's extrapolation, (h1 q2 - h2 q1)/(h1 - h2), at the pair
    of steps where its change from pair to pair and the rounding of f are smallest together.
    """
    limit = rays.limit(v)
    if not limit.exists:
        nothing = np.full(rays.p.f0.shape, np.nan)
        return nothing, nothing
    known = [(h, value) for h, value in zip(rays.steps, rays.values(v), strict=True) if value is not None]
    h = np.array([step for step, _ in known])[:, None]
    f = np.array([value for _, value in known])
    q = (f - rays.p.f0) / h
    better = (h[:-1] * q[1:] - h[1:] * q[:-1]) / (h[:-1] - h[1:])
    rounding = 4 * UNIT * (np.abs(f).max(axis=0) + np.abs(rays.p.x).max() * np.abs(q).max(axis=0)) / h[1:]
    change = np.abs(np.diff(better, axis=0))
    error = np.maximum(change, np.vstack([change[1:], change[-1:]])) + rounding[1:]
    best = error.argmin(axis=0)
    columns = np.arange(q.shape[1])
    value, bound = better[best + 1, columns], error[best, columns]
    sharper = bound < limit.error
    return np.where(sharper, value, limit.value), np.where(sharper, bound, limit.error)


def _plane(local: Local, plane: Sequence[Any] | None) -> Any:
    """Two orthonormal directions, (2, n): those given, else the first two components."""
    if plane is None:
        return np.eye(local.size)[:2]
    if len(plane) != 2:
        raise problem("E505", f"A plane is spanned by two directions, not by {len(plane)}.")
    first, second = (np.asarray(v, dtype=float) for v in plane)
    size = norm(first)
    if size:
        first = first / size
        second = second - (first @ second) * first
    rest = norm(second)
    if not size or rest <= 1e-12 * norm(plane[1]):
        raise problem("E400", "The two directions do not span a plane.", help="Give two that are not parallel.")
    return np.array([first, second / rest])
