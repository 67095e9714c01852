"""What f does along a direction, and the directions that matter: steepest, level, Newton's."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from frechet.core.display import Card, Displayed
from frechet.core.lazy import np
from frechet.local.lengths import norm
from frechet.local.numbers import array, clean, number
from frechet.local.onesided import one_sided_slope
from frechet.numeric.tableau import UNIT

if TYPE_CHECKING:
    from frechet.local.around import Local

_LEVEL = 1e-9  # of |grad| |v|: a slope below this is level
_SINGULAR = 1e-12  # of the largest eigenvalue
_BASIS = 50  # components up to which the whole tangent space of a level set is given
UP, DOWN, LEVEL = "up", "down", "level"


class Direction(Displayed):
    """One direction v (n,) at a point.

    slope      the directional derivative: grad . v for a smooth f, one-sided at a kink; (m,) for a vector-valued f
    backward   the slope on the opposite ray, times -1: the same as `slope` where there is a two-sided derivative
    curvature  v'Hv, or nan where there is no second derivative
    kind       "up", "down" or "level" (of a scalar f): what f does to first order, the moment one sets off
    """

    def __init__(self, local: Local, vector: Any, name: str = "") -> None:
        self.local = local
        self.vector = vector
        self.name = name

    @property
    def length(self) -> float:
        return norm(self.vector)

    @cached_property
    def _sides(self) -> tuple[Any, Any, Any]:
        """Slope forward, slope backward (as f goes when coming from there), bound of their error; each (m,)."""
        local = self.local
        if local.smooth or local.kind == "gateaux":
            slope = local.jacobian_matrix @ self.vector
            return slope, slope, local.jacobian_error @ np.abs(self.vector)
        ahead, error = one_sided_slope(local.rays, self.vector)
        behind, other = one_sided_slope(local.rays, -self.vector)
        return ahead, -behind, np.fmax(error, other)

    @property
    def slope(self) -> Any:
        return _one(self._sides[0])

    @property
    def backward(self) -> Any:
        return _one(self._sides[1])

    @property
    def two_sided(self) -> bool:
        """Whether f has a derivative along the whole line."""
        ahead, behind, error = self._sides
        return bool((np.abs(ahead - behind) <= 2 * error + 1e-9 * (np.abs(ahead) + np.abs(behind))).all())

    @cached_property
    def curvature(self) -> Any:
        local = self.local
        if not local.few and (local.smooth or local.kind == "gateaux"):
            found = local.source.along(local.point.flat, self.vector, 2)
            return _one(np.where(found.ok, found.value, np.nan))
        if not local.second_known:
            return _one(np.full(local.value_flat.shape, np.nan))
        return _one(np.einsum("mij,i,j->m", self.local.hessians, self.vector, self.vector))

    @cached_property
    def kind(self) -> str:
        self.local.need_scalar("classification")
        slope, error = float(self._sides[0][0]), float(self._sides[2][0])
        if np.isnan(slope):
            return ""
        size = self._slope_size() * self.length
        if abs(slope) <= max(_LEVEL * size, error):
            return LEVEL
        return UP if slope > 0 else DOWN

    def _slope_size(self) -> float:
        """How steep f is here at all."""
        local = self.local
        if local.smooth or local.kind == "gateaux":
            return norm(local.jacobian_matrix)
        return float(np.abs(self._sides[0]).max()) / max(self.length, 1e-300)

    @property
    def angle(self) -> float:
        """Degrees between v and the gradient; nan where either is zero."""
        g = self.local.gradient_flat
        size = norm(g) * self.length
        return float(np.degrees(np.arccos(np.clip(g @ self.vector / size, -1, 1)))) if size else float("nan")

    def values(self, t: Any) -> Any:
        """f along the direction: (k,) numbers t to (k, m)."""
        t = np.asarray(t, dtype=float)
        return self.local.values(self.local.point.flat + t[:, None] * self.vector)

    @cached_property
    def reach(self) -> float:
        """How far f really goes the way that its slope says, in multiples of v, as seen on a geometric grid: the
        smallest t at which f is back at its value, or not defined; inf if none was met. 0 for a level direction."""
        if self.kind not in (UP, DOWN):
            return 0.0
        sign = 1.0 if self.kind == UP else -1.0
        t = self.local.scale / self.length * 2.0 ** np.arange(-20.0, 11.0, 0.25)
        change = sign * (self.values(t)[:, 0] - self.local.value_flat[0])
        noise = 8 * UNIT * abs(float(self.local.value_flat[0]))
        back = np.flatnonzero(~(change > -noise))
        if not back.size:
            return float(np.inf)
        return float(t[back[0] - 1]) if back[0] else 0.0

    @property
    def text(self) -> str:
        """One sentence."""
        if not self.local.scalar:
            return f"the value moves along {array(self.slope)}"
        slope = number(self.slope)
        if not self.two_sided:
            return f"{self.kind or 'no slope'}: {slope} ahead, {number(self.backward)} coming from behind (a kink)"
        bend = self.curvature
        if self.kind == LEVEL:
            if np.isnan(bend):
                return "level to first order"
            turn = "curves up" if bend > 0 else "curves down" if bend < 0 else "straight"
            return f"level to first order, {turn} (curvature {number(bend)})"
        tail = "" if np.isnan(bend) else f", curvature {number(bend)}"
        return f"{self.kind}, slope {slope}{tail}"

    def to_json(self) -> dict[str, Any]:
        return {
            "direction": self.vector.tolist(), "slope": np.asarray(self.slope).tolist(),
            "backward": np.asarray(self.backward).tolist(), "curvature": _finite(self.curvature),
            "kind": self.kind if self.local.scalar else "", "two_sided": self.two_sided,
        }  # fmt: skip

    def __str__(self) -> str:
        return f"{self.name + ' ' if self.name else ''}{array(clean(self.vector))}: {self.text}"

    def card(self) -> Card:
        return Card(str(self))

    def __repr__(self) -> str:
        return f"<Direction {self}>"


class Directions(Displayed):
    """The directions that matter at a point of a scalar function, in the Euclidean (for matrices Frobenius) length."""

    def __init__(self, local: Local) -> None:
        local.need_scalar("list of directions")
        self.local = local
        self.gradient = local.gradient_flat
        self.size = norm(self.gradient)

    @property
    def stationary(self) -> bool:
        """Whether the gradient is zero (to rounding, or the error of its estimate)."""
        bound = norm(self.local.jacobian_error)
        scale = float(np.abs(self.local.value_flat).max()) + self.size
        return self.size <= max(bound, 1e-14 * scale)

    @cached_property
    def ascent(self) -> Direction | None:
        """The unit vector along the gradient, slope |grad|; None at a stationary point."""
        return None if self.stationary else Direction(self.local, self.gradient / self.size, "ascent")

    @cached_property
    def descent(self) -> Direction | None:
        return None if self.stationary else Direction(self.local, -self.gradient / self.size, "descent")

    @cached_property
    def level(self) -> list[Direction]:
        """An orthonormal basis of the tangent space of the level set (at most 50 of them): orthogonal to the gradient.
        Empty at a stationary point, where the level set need not have a tangent."""
        n = self.local.size
        if self.stationary or n == 1:
            return []
        # The columns of a Householder reflection that takes e_1 to the gradient, without the first.
        u = self.gradient / self.size
        w = u.copy()
        w[0] += 1.0 if w[0] >= 0 else -1.0
        w /= norm(w)
        count = min(n - 1, _BASIS)
        basis = -2 * w[:, None] * w[None, 1 : count + 1]
        basis[np.arange(1, count + 1), np.arange(count)] += 1.0
        return [Direction(self.local, column, "level") for column in basis.T]

    @cached_property
    def newton(self) -> Direction | None:
        """-inv(H) grad, the step to the stationary point of the quadratic model; None where H is not invertible."""
        if not self.local.second_known:
            return None
        values = self.local.eigen[0]
        if not values.size or np.abs(values).min() <= _SINGULAR * np.abs(values).max():
            return None
        return Direction(self.local, np.linalg.solve(self.local.hessian_matrix, -self.gradient), "newton")

    @property
    def newton_note(self) -> str:
        """Where Newton's step leads, or why there is none."""
        if self.newton is None:
            what = "Hessian is not invertible" if self.local.size > 1 else "second derivative is zero"
            return f"the {what}" if self.local.second_known else "there is no second derivative here"
        if self.stationary:
            return "the point is stationary already"
        word = {"bowl": "to the minimum", "dome": "to the maximum"}.get(self.local.shape_word, "to the saddle")
        return f"{word} of the quadratic model"

    def all(self) -> list[Direction]:
        """Ascent, descent, level, Newton: those that there are."""
        newton = self.newton if self.local.few and not self.stationary else None
        found = [self.ascent, self.descent, *self.level[:3], newton]
        return [d for d in found if d is not None]

    def card(self) -> Card:
        return Card(str(self))

    def classify(self, *directions: Any) -> list[str]:
        """up, down or level for each given direction."""
        return [self.local.direction(v).kind for v in directions]

    def __str__(self) -> str:
        if self.stationary:
            return "the gradient is zero: every direction is level to first order"
        return "\n".join(str(d) for d in self.all())


def _one(value: Any) -> Any:
    return float(value[0]) if np.shape(value) == (1,) else value


def _finite(value: Any) -> Any:
    """For JSON: None for nan."""
    array = np.asarray(value)
    return array.tolist() if np.isfinite(array).all() else None
