"""`Local`: a function around a point. Everything that this room knows begins here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from frechet import numeric
from frechet.core.display import Card, Displayed
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.local.accuracy import second_slope
from frechet.local.checked import checked_jacobian
from frechet.local.contributions import Contributions, TwoMovements
from frechet.local.directions import Direction, Directions
from frechet.local.lengths import norm
from frechet.local.models import Model
from frechet.local.onesided import OneSided
from frechet.local.point import Point
from frechet.local.report import page_card, text_report, to_json, where
from frechet.local.source import Derived, Source, measured
from frechet.numeric.drive import Problem
from frechet.numeric.evaluate import flatten
from frechet.numeric.rays import Rays

_LOOKED_AT_ALL = 12  # with at most this many components the kind of differentiability is looked at from all sides
_MOST_EXACT = 400
_TOO_SLOW = 2.3  # as step^2 or slower: there is no second derivative


class Local(Displayed):
    """A function around a point, by n components; a vector of such components is flat (see `labels`).

    Made by `fr.local(f, at=...)` and `Function.local`. Nothing is computed before it is asked for.
    """

    def __init__(self, source: Source, point: Point) -> None:
        self.source = source
        self.point = point
        value = np.asarray(source.value(point.flat), dtype=float)
        if not np.isfinite(value).all():
            raise problem("E400", "f has no finite value at this point" + (f": {value}." if value.ndim == 0 else "."),
                          help="Give another point; or, where f has a limit there, that value: value=0.")  # fmt: skip
        self._value = value

    # -- values ----------------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """The function as text: the formula, or the name of the Python function."""
        return self.source.title

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each component: x, x[2], X[1,2], counted from 1."""
        return self.point.labels

    @property
    def size(self) -> int:
        """The number n of components."""
        return self.point.size

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return tuple(self._value.shape)

    @property
    def scalar(self) -> bool:
        return bool(self._value.size == 1)

    @property
    def value(self) -> Any:
        """f at the point, in its own shape."""
        return float(self._value) if self._value.ndim == 0 else self._value

    @property
    def value_flat(self) -> Any:
        """f at the point, (m,)."""
        return self._value.ravel()

    def values(self, points: Any) -> Any:
        """f at k places, (k, n) to (k, m); nan where it is not defined."""
        points = np.atleast_2d(np.asarray(points, dtype=float))
        out = np.full((len(points), self._value.size), np.nan)
        for row, x in zip(out, points, strict=True):
            try:
                value = np.ravel(self.source.value(x))
            except (ArithmeticError, ValueError, np.linalg.LinAlgError):
                continue
            if value.size == row.size:
                row[:] = value
        out[~np.isfinite(out).all(axis=1)] = np.nan
        return out

    def moved(self, flat: Any) -> Local:
        """The same function around another point; what has been derived is shared."""
        return Local(self.source, self.point.moved(flat))

    # -- derivatives -----------------------------------------------------------------------------------------

    @cached_property
    def _jacobian(self) -> Derived:
        """The Jacobian, held against values of f along one direction: closed forms are checked at this very point."""
        return checked_jacobian(self)

    @cached_property
    def smoothness(self) -> numeric.Smoothness:
        """The kind of differentiability here: differentiable (Frechet), gateaux, directional, ... as
        `frechet.numeric.differentiability` finds it from values."""
        return numeric.differentiability(self.source.raw, self.point.flat)

    @property
    def noise(self) -> float:
        """What single precision adds to values of f; zero for double."""
        raw = np.asarray(self.source.raw(self.point.flat))
        return 2.0**-22 * norm(self._value) if raw.dtype in (np.float32, np.float16) else 0.0

    @cached_property
    def rays(self) -> Rays:
        """One-sided slopes along directions."""
        layout, flat = flatten(self.point.flat)
        return Rays(Problem(self.source.raw, layout, flat, None, False), np.random.default_rng(0))

    @cached_property
    def kind(self) -> str:
        """The word of `smoothness`. A closed form that agrees with the values here is differentiable; otherwise the
        point is looked at from all sides, or, with many components, from the axes and one more side."""
        if self.source.exact or self.size > _LOOKED_AT_ALL:
            word = "differentiable" if self._jacobian.ok else self.smoothness.kind
            return "directional" if self._jacobian.kink and word == "differentiable" else word
        return self.smoothness.kind

    @property
    def kink_note(self) -> str:
        """Where a kink was found that only one of many components has; empty otherwise."""
        return self._jacobian.message if self._jacobian.kink else ""

    @property
    def smooth(self) -> bool:
        """Whether there is one linear map for all directions, so far as could be seen (Frechet)."""
        return self.kind == "differentiable"

    @property
    def jacobian_matrix(self) -> Any:
        """(m, n). Also where f is only Gateaux differentiable; else E400."""
        if not self.smooth and self.kind != "gateaux":
            why = _sentence(self.kink_note or self.smoothness.message)
            raise problem("E400", f"There is no derivative at this point. {why}",
                          help="one_sided() gives the slopes along each direction.")  # fmt: skip
        if not self._jacobian.ok:
            raise problem("E400", f"No derivative could be found here. {_sentence(self._jacobian.message)}")
        return self._jacobian.value

    @property
    def jacobian(self) -> Any:
        """The derivative with the shape of the value, then that of the point (a dict of such for a dict)."""
        matrix = self.jacobian_matrix
        rows = [self.point.build(row) for row in matrix]
        return _stacked(rows, self.shape)

    @property
    def jacobian_error(self) -> Any:
        """A bound of the error of `jacobian_matrix`, (m, n); zero for a closed form."""
        return self._jacobian.error

    def need_scalar(self, what: str) -> None:
        """E501 unless f has one number as its value."""
        if not self.scalar:
            raise problem("E501", f"The {what} needs a scalar function; this one has the shape {self.shape}.",
                          help="Use the Jacobian, or one entry of f.")  # fmt: skip

    @property
    def gradient_flat(self) -> Any:
        """(n,); E501 if f is not scalar."""
        self.need_scalar("gradient")
        return self.jacobian_matrix[0]

    @property
    def gradient(self) -> Any:
        """The gradient in the shape of the point."""
        return self.point.build(self.gradient_flat)

    def gradients(self, points: Any) -> Any:
        """The gradient at k places, (k, n) to (k, n), for a field of arrows; nan where there is none."""
        self.need_scalar("gradient")
        out = np.full((len(points), self.size), np.nan)
        for row, x in zip(out, points, strict=True):
            if np.isfinite(self.values(x)).all():
                found = self.source.jacobian(x)
                row[:] = found.value[0] if found.ok else np.nan
        return out

    @cached_property
    def _hessians(self) -> Derived:
        found = self.source.hessians(self.point.flat)
        if not found.ok and self.source.exact:
            found = measured(numeric.hessian(self.source.raw, self.point.flat))
        if not found.ok or not self._jacobian.ok:
            return found
        # An entrywise rule at a kink of the first derivative, or two different one-sided ones taken together, give
        # some number: what f does decides. The error of the quadratic model must fall faster than the square.
        slope = second_slope(self, self._jacobian, found)
        if not slope < _TOO_SLOW:
            return found
        note = f"the error of a quadratic model falls as step^{slope:.1f}, not as step^3"
        return Derived(found.value, found.error, False, note)

    @property
    def hessians(self) -> Any:
        """The second derivatives of each component of f, (m, n, n); E400 where there are none."""
        self.jacobian_matrix  # noqa: B018 - refuses where there is not even a first derivative
        if not self._hessians.ok:
            raise problem("E400", f"There is no second derivative here. {_sentence(self._hessians.message)}")
        return self._hessians.value

    @property
    def few(self) -> bool:
        """Whether the components are few enough for a whole Hessian where nobody asked for it."""
        return self.size <= (_MOST_EXACT if self.source.exact else _LOOKED_AT_ALL)

    @property
    def second_known(self) -> bool:
        """Whether there are second derivatives."""
        return (self.smooth or self.kind == "gateaux") and self._jacobian.ok and self._hessians.ok

    @property
    def second_note(self) -> str:
        """Why there are no second derivatives; empty where there are."""
        return self._hessians.message if not self._hessians.ok else ""

    @property
    def hessians_error(self) -> Any:
        """A bound of the error of `hessians`."""
        return self._hessians.error

    @property
    def hessian_matrix(self) -> Any:
        """(n, n), symmetric; E501 if f is not scalar."""
        self.need_scalar("Hessian")
        return self.hessians[0]

    @cached_property
    def eigen(self) -> tuple[Any, Any]:
        """The eigenvalues of the Hessian, ascending, and its eigenvectors as columns."""
        values, vectors = np.linalg.eigh((self.hessian_matrix + self.hessian_matrix.T) / 2)
        signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(len(values))])
        return values, vectors * signs

    @cached_property
    def singular(self) -> tuple[Any, Any, Any]:
        """U, s, Vt of the Jacobian: the unit ball becomes an ellipsoid with axes s_i U_i, from the directions Vt_i."""
        U, s, Vt = np.linalg.svd(self.jacobian_matrix, full_matrices=False)
        return U, s, Vt

    @property
    def shape_word(self) -> str:
        """The form of f to second order: bowl, dome, saddle, trough, ridge or flat."""
        values = self.eigen[0]
        small = 1e-9 * max(1e-300, float(np.abs(values).max()))
        if self._hessians.error.any():
            small = max(small, float(np.abs(self._hessians.error).sum(axis=-1).max()))
        up, down = int((values > small).sum()), int((values < -small).sum())
        if up and down:
            return "saddle"
        if not up and not down:
            return "flat"
        whole = up + down == len(values)
        return ("bowl" if whole else "trough") if up else ("dome" if whole else "ridge")

    # -- sizes ----------------------------------------------------------------------------------------------

    @cached_property
    def scales(self) -> Any:
        """For each component the distance over which f changes its form here, (n,): where the quadratic part of a slice
        has grown to the linear one. Kept within 1/20 and 20 times max(1, |x|), and within the domain."""
        size = np.maximum(1.0, np.abs(self.point.flat))
        out = size.copy()
        if self.kind == "differentiable" and self.few and self._hessians.ok:
            slope = np.abs(self.jacobian_matrix).max(axis=0)
            bend = np.abs(np.diagonal(self._hessians.value, axis1=1, axis2=2)).max(axis=0)
            curved = bend > 1e-12 * (slope + np.abs(self.value_flat).max())
            ratio = np.divide(slope, bend, out=np.zeros_like(slope), where=curved)
            out = np.where(curved & (ratio > 1e-6 * size), np.clip(ratio, size / 20, 20 * size), size)
        for i in range(self.size):
            for _ in range(20):
                ends = np.array([self.point.flat] * 2)
                ends[0, i] -= out[i]
                ends[1, i] += out[i]
                if np.isfinite(self.values(ends)).all():
                    break
                out[i] /= 2
        return out

    @property
    def scale(self) -> float:
        """The smallest of `scales`: a length for windows around the point."""
        return float(self.scales.min())

    # -- models and directions ------------------------------------------------------------------------------

    @cached_property
    def linear(self) -> Model:
        """f(x + dx) ~ f(x) + Df(x)[dx]."""
        return Model(self, 1)

    @cached_property
    def quadratic(self) -> Model:
        """f(x + dx) ~ f(x) + Df(x)[dx] + 1/2 D2f(x)[dx, dx]."""
        return Model(self, 2)

    def taylor(self, order: int, along: Any = None) -> Model:
        """Taylor's polynomial of an order from 0 to 12 (8 from values alone): in all directions for a symbolic function
        or one component, else along the direction `along`. E505 for another order or a missing direction."""
        return Model(self, order, None if along is None else self.point.direction(along))

    def direction(self, v: Any) -> Direction:
        """What f does along v (in the user's shapes, flat, or the name of a component)."""
        return Direction(self, self.point.direction(v))

    @cached_property
    def directions(self) -> Directions:
        """Steepest ascent and descent, the tangents of the level set, Newton's step; of a scalar function."""
        return Directions(self)

    def contributions(self, step: Any = None, *, to: Any = None) -> Contributions:
        """Which input moved the output: df = sum of df/dx_i dx_i for a step, or for the way `to` another point."""
        if (step is None) == (to is None):
            raise problem("E505", "Contributions are of one step.", help="Give step=..., or to=... (another point).")
        moved = self.point.direction(step) if to is None else self._way_to(to)
        return Contributions(self, moved)

    def _way_to(self, to: Any) -> Any:
        """The step to another point; what a dict leaves out stays where it is."""
        other = self.point.direction(to, "The point")
        if isinstance(to, dict):
            named = self.point.direction({name: np.ones(np.shape(part)) for name, part in to.items()})
            return np.where(named != 0, other - self.point.flat, 0.0)
        return other - self.point.flat

    def two_movements(self, a: Any, b: Any) -> TwoMovements:
        """Moving along a and b in either order, and how far the two orders differ."""
        return TwoMovements(self, self.point.direction(a), self.point.direction(b))

    def one_sided(self, count: int = 72, plane: Sequence[Any] | None = None) -> OneSided:
        """The slopes of f on the rays that leave the point in a plane (of two directions; the first two components)."""
        chosen = None if plane is None else [self.point.direction(v) for v in plane]
        return OneSided(self, count, chosen)

    # -- what is shown --------------------------------------------------------------------------------------

    def report(self) -> str:
        """Everything above as a readable page."""
        return text_report(self)

    def card(self) -> Card:
        """What notebooks and rich show: the page of `report`, the models as formulas."""
        return page_card(self)

    def to_json(self) -> dict[str, Any]:
        """The numbers of `report`, for programs."""
        return to_json(self)

    def __str__(self) -> str:
        return self.report()

    def __repr__(self) -> str:
        return f"<Local {self.title} at {where(self)}>"


def _stacked(rows: list[Any], shape: tuple[int, ...]) -> Any:
    """One entry of f after the other, in the shape of f."""
    if isinstance(rows[0], dict):
        return {name: _stacked([row[name] for row in rows], shape) for name in rows[0]}
    if isinstance(rows[0], list | tuple):
        return type(rows[0])(_stacked([row[i] for row in rows], shape) for i in range(len(rows[0])))
    array = np.array(rows)
    out = array.reshape(shape + array.shape[1:])
    return out.item() if out.ndim == 0 else out


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") or not text else ".")
