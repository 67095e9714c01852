"""Local models of a function, of any order: in closed form, as callables, with their measured error."""

from __future__ import annotations

from functools import cached_property
from math import factorial
from typing import TYPE_CHECKING, Any

from frechet.core.display import Card, Displayed
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.local.accuracy import ErrorCurve, Radius, measure, radius
from frechet.local.formula import ClosedModel, closed_model
from frechet.local.lengths import norm
from frechet.local.numbers import number, polynomial
from frechet.local.report import model_json
from frechet.local.taylor import MAX_ORDER
from frechet.notation.mathml import to_mathml
from frechet.notation.names import latex_name
from frechet.numeric.derivatives import MAX_ORDER as NUMERIC_ORDER

if TYPE_CHECKING:
    from frechet.local.around import Local


class Model(Displayed):
    """The polynomial of an order that touches f at a point.

    order   the highest power of the step
    along   the direction it is restricted to, (n,), or None: then it holds for every step
    """

    def __init__(self, local: Local, order: int, along: Any = None) -> None:
        self.local = local
        self.order = order
        self.along = along
        most = MAX_ORDER if local.source.exact else NUMERIC_ORDER
        if not isinstance(order, int) or isinstance(order, bool) or not 0 <= order <= most:
            raise problem("E505", f"The order of a model is a whole number from 0 to {most}, not {order!r}.")
        if order > 2 and along is None and local.size > 1 and not local.source.exact:
            raise problem("E505", f"A model of order {order} of {local.size} components needs closed forms.",
                          help="Give a direction: taylor(3, along=[1, 0]).")  # fmt: skip
        if along is not None and not np.any(along):
            raise problem("E400", "The direction is zero: nothing moves along it.")
        self._terms: dict[tuple[int, bytes], Any] = {}
        if order:
            local.jacobian_matrix  # noqa: B018 - refuses where there is no derivative

    @property
    def note(self) -> str:
        """What must be said with the model; empty where all is well."""
        if self.order and self.local.kind == "gateaux":
            return ("f is Gateaux but not Frechet differentiable here: the model holds along each straight line, "
                    "not uniformly over all small steps")  # fmt: skip
        return ""

    # -- values -----------------------------------------------------------------------------------------------

    @property
    def unit(self) -> float:
        """The length of the direction of a model along a line."""
        return norm(self.along) if self.along is not None else 1.0

    @cached_property
    def _line(self) -> list[tuple[Any, Any]]:
        """Coefficients (m,) of t^k along `along`, or along the only component, with bounds of their errors."""
        v = self.along if self.along is not None else np.ones(1)
        nothing = np.zeros(self.local.value_flat.shape)
        return [(self.local.value_flat, nothing), *(self._coefficient(v, k) for k in range(1, self.order + 1))]

    @property
    def coefficients(self) -> list[Any]:
        """The coefficients (m,) of 1, t, t^2, ... of a model along a line."""
        return [value for value, _ in self._line]

    @property
    def on_a_line(self) -> bool:
        """Whether the model is a polynomial in one number."""
        return self.along is not None or self.local.size == 1

    @property
    def coefficient_errors(self) -> list[Any]:
        """Bounds of the errors of `coefficients`; empty for a model in several components."""
        return [error for _, error in self._line] if self.on_a_line else []

    def _coefficient(self, v: Any, k: int) -> tuple[Any, Any]:
        if k == 1:
            return self.local.jacobian_matrix @ v, self.local.jacobian_error @ np.abs(v)
        if k == 2 and (self.along is None or self.local.source.exact):
            a = np.abs(v)
            bound = np.einsum("mij,i,j->m", self.local.hessians_error, a, a) / 2
            return np.einsum("mij,i,j->m", self.local.hessians, v, v) / 2, bound
        found = self.local.source.along(self.local.point.flat, v, k)
        if not found.ok:
            raise problem("E400", f"f has no derivative of order {k} here: {found.message}.")
        return found.value.reshape(-1) / factorial(k), found.error.reshape(-1) / factorial(k)

    def values(self, steps: Any) -> Any:
        """The model at k steps from the point, (k, n) to (k, m)."""
        steps = np.atleast_2d(np.asarray(steps, dtype=float))
        if self.along is not None or (self.local.size == 1 and self.order > 2):
            t = self._along_line(steps)
            return sum(c * t[:, None] ** k for k, c in enumerate(self.coefficients))
        out = np.tile(self.local.value_flat, (len(steps), 1))
        if self.order >= 1:
            out = out + steps @ self.local.jacobian_matrix.T
        if self.order >= 2:
            out = out + np.einsum("mij,ki,kj->km", self.local.hessians, steps, steps) / 2
        for k in range(3, self.order + 1):
            out = out + np.array([self._term(v, k) for v in steps])
        return out

    def _term(self, step: Any, k: int) -> Any:
        """1/k! D^k f[step, ..., step], (m,): homogeneous of degree k, so it is computed once for each direction."""
        length = norm(step)
        if not length:
            return np.zeros(self.local.value_flat.shape)
        key = (k, np.round(step / length, 12).tobytes())
        if key not in self._terms:
            found = self.local.source.along(self.local.point.flat, step / length, k)
            self._terms[key] = found.value.reshape(-1) / factorial(k)
        return self._terms[key] * length**k

    def _along_line(self, steps: Any) -> Any:
        """How far each step goes along the line of the model; E505 for a step that leaves it."""
        v = self.along if self.along is not None else np.ones(1)
        t = steps @ v / (v @ v)
        if np.abs(steps - t[:, None] * v).max() > 1e-9 * max(1e-300, float(np.abs(steps).max())):
            raise problem("E505", "This model holds along one direction only.", help="taylor(order) without along.")
        return t

    def step(self, dx: Any) -> Any:
        """The model at the point moved by dx, in the shape of f."""
        value = self.values(self.local.point.direction(dx, "The step"))[0].reshape(self.local.shape)
        return float(value) if value.ndim == 0 else value

    def __call__(self, x: Any) -> Any:
        """The model at another point x, given as the point was."""
        other = self.local.point.direction(x, "The point")
        value = self.values(other - self.local.point.flat)[0].reshape(self.local.shape)
        return float(value) if value.ndim == 0 else value

    # -- accuracy -----------------------------------------------------------------------------------------------

    def error(self, along: Any = None, count: int = 49) -> ErrorCurve:
        """The measured error against the length of the step, on a geometric grid: the worst of several directions, or
        along one. Its slope on a log-log plot is order + 1 in theory, more where the next term vanishes."""
        v = None if along is None else self.local.point.direction(along)
        if v is not None and not np.any(v):
            raise problem("E400", "The direction is zero: nothing moves along it.")
        return measure(self, v, count)

    def radius(self, tolerance: float, *, relative: bool = False) -> Radius:
        """How far from the point |f - model| stays within the tolerance, measured along many directions; `relative`
        takes the tolerance as a fraction of |f(x)|. E505 for a tolerance that is not positive."""
        return radius(self, tolerance, relative)

    # -- what is shown --------------------------------------------------------------------------------------------

    @cached_property
    def closed(self) -> ClosedModel | None:
        """The model in closed form; None for a function known by its values, or where there is no matrix notation."""
        return closed_model(self)

    @property
    def text(self) -> str:
        """The right-hand side: in closed form where there is one, else with numbers."""
        return self.closed.text if self.closed is not None else self.numbers or self._in_words()

    def _in_words(self) -> str:
        """f + Df[dx] + 1/2*D2f[dx, dx], where numbers would fill a page."""
        terms = ["f", "Df[dx]", *(f"D{k}f[{', '.join(['dx'] * k)}]/{factorial(k)}" for k in range(2, self.order + 1))]
        return " + ".join(terms[: self.order + 1])

    @property
    def numbers(self) -> str:
        """The right-hand side with the numbers of this point; empty where they would fill a page."""
        return polynomial(self)

    def latex(self) -> str:
        """The model in LaTeX, `f(x + dx) \\approx ...`."""
        if self.closed is not None:
            return self.closed.latex
        return self.latex_numbers()

    def latex_numbers(self) -> str:
        """The model in LaTeX with the numbers of this point."""
        names = [latex_name(name) for name in self.local.point.names or ("x",)]
        moved = [rf"{name} + \mathrm{{d}}{name}" for name in names] if self.along is None else [r"x + t \, v"]
        return rf"f({', '.join(moved)}) \approx {polynomial(self, latex=True) or self._in_words()}"

    @property
    def left(self) -> str:
        """The left-hand side: f(x + dx)."""
        names = self.local.point.names or ("x",)
        if self.along is not None:
            return f"f({', '.join(names)} + t*v)" if len(names) == 1 else "f(x + t*v)"
        return f"f({', '.join(f'{n} + d{n}' for n in names)})" if len(names) < 5 else "f(x + dx)"

    def __str__(self) -> str:
        return f"{self.left} ~ {self.text}"

    def __repr__(self) -> str:
        return f"<Model of order {self.order}: {self}>"

    def card(self) -> Card:
        """What notebooks and rich show: the model, its numbers here, its measured error."""
        lines = [line.partition(" ") for line in self.report().splitlines()[1:]]
        notes = [(label, text.strip()) for label, _, text in lines]
        latex = self.latex()
        return Card(str(self), latex, to_mathml(latex, block=True), notes)

    def to_json(self) -> dict[str, Any]:
        """For programs: closed form, numbers, slope of the measured error."""
        data = model_json(self)
        if self.on_a_line:
            data["coefficients"] = [c.tolist() for c in self.coefficients]
        return data

    def report(self) -> str:
        """The model, its numbers here, its measured error."""
        curve = self.error()
        lines = [str(self)]
        if self.closed is not None and self.numbers:
            lines.append(f"here      {self.numbers}")
        lines.append(f"error     {curve}")
        if not curve.exact:
            found = self.radius(0.01, relative=bool(np.any(self.local.value_flat)))
            what = "1 % of |f|" if np.any(self.local.value_flat) else "0.01"
            lines.append(f"radius    within {what} up to a step of length {number(found.radius, 3)}")
        return "\n".join(lines + ([f"note      {self.note}"] if self.note else []))
