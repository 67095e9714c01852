"""`parse` and the Function it gives: the entrance to everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from frechet.api.arrays import real_arrays
from frechet.api.complex_words import words_of
from frechet.api.derivative import Derivative, Request
from frechet.api.stacked import StackedDerivative
from frechet.api.structure import check_manifold, check_mode, mode_of
from frechet.core.dims import Dim, Shape, show_size
from frechet.core.display import Card, Displayed
from frechet.core.errors import problem
from frechet.core.lazy import room
from frechet.language.declarations import Declarations, declare, undeclared
from frechet.language.infer import remarks
from frechet.language.reach import check_reach
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text
from frechet.language.tree import Tree
from frechet.notation.latex import to_latex
from frechet.notation.mathml import to_mathml
from frechet.notation.text import to_text
from frechet.notation.unicode import to_unicode
from frechet.ops import REGISTRY
from frechet.reference.evaluate import evaluate, sizes_of

if TYPE_CHECKING:
    from frechet.api.complex import ComplexFunction
    from frechet.local.around import Local
    from frechet.local.models import Model
    from frechet.plot.picture import Picture

_symbolic = room("frechet.local.symbolic")
_kinds = room("frechet.plot.kinds")
_complex = room("frechet.api.complex_parse")

LAYOUTS = ("numerator", "denominator")


def parse(
    text: str,
    variables: Mapping[str, Sequence[Dim]] | None = None,
    facts: Mapping[str, Iterable[str]] | None = None,
    domain: Mapping[str, str] | None = None,
    sizes: Iterable[str] | None = None,
    *,
    infer: bool = False,
) -> Function | ComplexFunction:
    """Read a function in the text language.

    variables   name -> dimensions: [] scalar, ["n"] vector, ["m", "n"] matrix; a size is a name or an int. If given
                it is complete: another name is an error. None infers it from use, then by letter (a-g scalar,
                h-z vector, A-Z matrix); `infer=True` completes a partial declaration.
    facts       name -> words such as symmetric, spd, orthogonal, positive, constant; with complex or hermitian the
                answer is a ComplexFunction, which has `gradient` and `wirtinger`
    domain      name -> a word that says which values are drawn: positive, unit, spd, simplex, ...
    sizes       relations of sizes: ["m>n"]

    Raises FrechetError with a diagnostic where the text cannot be read.
    """
    if words_of(facts):
        given: ComplexFunction = _complex.parse_complex(text, variables, facts or {}, domain, sizes, infer)
        return given
    return parse_real(text, variables, facts, domain, sizes, infer=infer)


def parse_real(
    text: str,
    variables: Mapping[str, Sequence[Dim]] | None = None,
    facts: Mapping[str, Iterable[str]] | None = None,
    domain: Mapping[str, str] | None = None,
    sizes: Iterable[str] | None = None,
    *,
    infer: bool = False,
) -> Function:
    """`parse` where variables can only be real: E203 for the fact complex."""
    declarations = declare(variables, facts, domain, sizes)
    tree, resolved = elaborate(parse_text(text), declarations, infer=infer or variables is None, source=text)
    if tree.kind == "arrow":
        raise problem("E108", "A linear map dX -> ... is not a function of the variables.", tree.span, source=text)
    inferred = [name for name in resolved.variables if name not in declarations.variables]
    return Function(tree, resolved, text, remarks(inferred, None if declarations.variables else tree))


class Function(Displayed):
    """A function of its variables: evaluated, printed, differentiated."""

    def __init__(self, tree: Tree, declarations: Declarations, source: str, remarks: tuple[str, ...] = ()) -> None:
        self.tree = tree
        self.declarations = declarations
        self.source = source
        self.remarks = remarks  # what a reader of the formula may have meant otherwise

    @property
    def shape(self) -> tuple[Dim, ...]:
        """The sizes of the value, one for each axis of its array: () for a scalar."""
        return tuple(_one(side) for side in self.tree.typed if side)

    @property
    def variables(self) -> dict[str, tuple[Dim, ...]]:
        """The sizes of every variable, declared or inferred."""
        return {name: tuple(_one(s) for s in shape if s) for name, shape in self.declarations.variables.items()}

    def evaluate(self, /, **arrays: Any) -> Any:
        """The value for arrays by name: a vector is 1-D whether written as a row or a column."""
        values = real_arrays(arrays)
        sizes = sizes_of(self.declarations, values)
        check_reach(self.tree, sizes, values, self.source)
        return evaluate(self.tree, values, sizes)

    def __str__(self) -> str:
        return to_text(self.tree)

    def __repr__(self) -> str:
        return f"<Function {self}>"

    def latex(self) -> str:
        return to_latex(self.tree)

    def card(self) -> Card:
        """What notebooks and rich show: the formula, and what its variables are."""
        sizes = [f"{name} in R^{' x '.join(map(str, dims))}" if dims else f"{name} in R"
                 for name, dims in self.variables.items()]  # fmt: skip
        latex = self.latex()
        notes = [("where", ", ".join(sizes))] if sizes else []
        return Card(to_unicode(self.tree), latex, to_mathml(latex, block=True), notes)

    @cached_property
    def _scalar(self) -> bool:
        return not self.tree.typed.axes

    def _request(self, wrt: Sequence[str], kind: str, options: Mapping[str, Any]) -> Request:
        known = {"layout", "structured", "verify", "seed"}
        for name in options:
            if name not in known:
                raise problem("E505", f"{name} is not an option here.", help=f"options: {', '.join(sorted(known))}")
        layout = options.get("layout", "numerator")
        if layout not in LAYOUTS:
            raise problem("E505", f"{layout!r} is not a layout.", help="numerator or denominator")
        for name in wrt:
            self._check_wrt(name)
        mode = mode_of(options.get("structured"))
        check_mode(self.declarations, tuple(wrt), mode)
        return Request(tuple(wrt), kind, layout, bool(options.get("verify", True)), _seed(options.get("seed", 0)), mode)

    def _check_wrt(self, name: Any) -> None:
        names = self.declarations.variables
        if not isinstance(name, str) or not name.strip():
            raise problem("E500", "A name of a variable is needed to differentiate by.", source=self.source)
        if name not in names:
            if name in REGISTRY:
                raise problem("E500", f"{name} is a function, not a variable.", help="Variables: " + ", ".join(names))
            error = undeclared(name, names, "E500")
            raise problem("E500", f"{name} is not a variable of this function.", help=error.diagnostic.help)
        if "constant" in self.declarations.facts.get(name, ()):
            raise problem("E502", f"{name} is declared constant: there is no derivative by it.")
        if "integer" in self.declarations.facts.get(name, ()):
            raise problem("E502", f"{name} is declared an integer: there is no derivative by it.")

    def _need_scalar(self, what: str) -> None:
        if not self._scalar:
            shape: Shape = self.tree.typed
            raise problem("E501", f"The {what} needs a scalar function; this one is a {shape}.", self.tree.span,
                          source=self.source, help="Ask for the jacobian, or sum the entries first.")  # fmt: skip

    def gradient(self, wrt: str | Sequence[str], **options: Any) -> Derivative | StackedDerivative:
        """The gradient of a scalar function: the shape of the variable. A list of names stacks them."""
        self._need_scalar("gradient")
        if not isinstance(wrt, str):
            return StackedDerivative.gradient(self, _names(wrt), options)
        return Derivative(self, self._request([wrt], "gradient", options))

    def jacobian(self, wrt: str, **options: Any) -> Derivative:
        """The Jacobian: outputs index rows, inputs columns (numerator layout)."""
        return Derivative(self, self._request([wrt], "jacobian", options))

    def hessian(self, wrt: str | Sequence[str], **options: Any) -> Derivative | StackedDerivative:
        """The Hessian of a scalar function. A list of names stacks them into one variable."""
        self._need_scalar("Hessian")
        if not isinstance(wrt, str):
            return StackedDerivative.hessian(self, _names(wrt), options)
        return Derivative(self, self._request([wrt, wrt], "hessian", options))

    def riemannian_gradient(self, wrt: str, manifold: str, **options: Any) -> Derivative:
        """The Riemannian gradient of a scalar function: manifold is sphere, stiefel (orthonormal columns), grassmann,
        spd (affine-invariant metric) or simplex (Fisher metric). Source: Absil, Mahony and Sepulchre 2008, ch. 3."""
        self._need_scalar("Riemannian gradient")
        request = self._request([wrt], "gradient", options)
        return Derivative(self, replace(request, structured=check_manifold(self.declarations, wrt, manifold)))

    def derivative(self, *wrt: str, **options: Any) -> Derivative:
        """The derivative by each variable in order: ("w", "X") differentiates by w, the result by X."""
        if not wrt:
            raise problem("E500", "Nothing was given to differentiate by.", source=self.source,
                          help="Variables: " + ", ".join(self.declarations.variables))  # fmt: skip
        kind = ("gradient" if self._scalar else "jacobian") if len(wrt) == 1 else "derivative"
        return Derivative(self, self._request(wrt, kind, options))

    def differential(self, wrt: str, **options: Any) -> Derivative:
        """The differential: the linear map dX -> D f(X)[dX], printed as such."""
        return Derivative(self, self._request([wrt], "differential", options))

    def local(self, at: Any, wrt: str | Sequence[str] | None = None, *, value: Any = None) -> Local:
        """The function around a point: derivatives, models, directions, kinks (see `frechet.local`).

        at      values by name; of a function of one variable, the value alone
        wrt     the names that move (all that are not declared constant, if not given)
        value   f at the point where the formula has no value, but a limit

        Raises E305 for values that do not fit, E500 for an unknown name, E400 where f has no finite value.
        """
        here: Local = _symbolic.around(self, at, wrt, value)
        return here

    def linear_model(self, at: Any, wrt: str | Sequence[str] | None = None) -> Model:
        """f(x + dx) ~ f(x) + Df(x)[dx] at a point: in closed form, as a callable, with its measured error."""
        return self.local(at, wrt).linear

    def quadratic_model(self, at: Any, wrt: str | Sequence[str] | None = None) -> Model:
        """f(x + dx) ~ f(x) + Df(x)[dx] + 1/2 D2f(x)[dx, dx]; for a scalar f of a vector: f + g'dx + 1/2 dx'H dx."""
        return self.local(at, wrt).quadratic

    def taylor(self, order: int, at: Any, wrt: str | Sequence[str] | None = None, along: Any = None) -> Model:
        """Taylor's polynomial of an order from 0 to 12, in every direction, or restricted to the line `along`."""
        return self.local(at, wrt).taylor(order, along)

    def plot(self, kind: str = "contour", at: Any = None, wrt: str | Sequence[str] | None = None, *, value: Any = None,
             **options: Any) -> Picture:  # fmt: skip
        """A picture of the function around a point, such as contour, surface, slice or jacobian: see `frechet.plot`."""
        picture: Picture = _kinds.of_function(self, kind, at, wrt, value, options)
        return picture


def _seed(value: Any) -> int:
    """The seed of the check, a whole number from 0."""
    if not isinstance(value, int) or value < 0:
        raise problem("E505", f"{value!r} is not a seed.", help="A whole number, 0 or more.")
    return value


def _names(wrt: Any) -> list[str]:
    """The names of variables to stack."""
    if not isinstance(wrt, (list, tuple)):
        raise problem("E500", "A name of a variable, or a list of names, is needed to differentiate by.")
    names = list(wrt)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise problem("E505", f"{twice} stands twice among the variables of one stacked derivative.",
                      help=f"Name it once; a second derivative is f.hessian({twice!r}).")  # fmt: skip
    return names


def _one(side: tuple[Dim, ...]) -> Dim:
    """A surface dimension as one size: a composite one by its product."""
    return side[0] if len(side) == 1 else show_size(side)
