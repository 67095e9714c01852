"""The answer: a derivative, its forms, its value, its check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from frechet.calculus.derive import Level, derive, direction_for
from frechet.core.build import substitute
from frechet.core.dims import Dim, Size
from frechet.core.facts import STRUCTURAL
from frechet.core.lazy import np
from frechet.core.node import Node
from frechet.equality.interpret import interpret
from frechet.language.lower import lower, variable_node
from frechet.notation.present import Context, Forms, present
from frechet.notation.latex import to_latex
from frechet.notation.text import to_text
from frechet.reference.evaluate import sizes_of

if TYPE_CHECKING:
    from frechet.api.function import Function


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for: the variables in order and how the answer is to be laid out and checked."""

    wrt: tuple[str, ...]
    kind: str
    layout: str = "numerator"
    verify: bool = True
    seed: int = 0


class Derivative:
    """A derivative of a Function.

    str(d) is the bare expression: the closed form if there is one, else the operator form, else index notation.
    """

    def __init__(self, function: Function, request: Request) -> None:
        self.function = function
        self.request = request

    @property
    def wrt(self) -> tuple[str, ...]:
        return self.request.wrt

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """A direction for each variable: dX, dX_ if that is taken, dX_2 for a second by the same variable."""
        taken = set(self.function.declarations.variables) | set(self.function.declarations.sizes)
        names: list[str] = []
        for variable in reversed(self.wrt):
            name = f"d{variable}"
            while name in taken:
                name += "_"
            plain, k = name, 2
            while name in names:
                name, k = f"{plain}_{k}", k + 1
            names.append(name)
        return tuple(reversed(names))

    @cached_property
    def _levels(self) -> list[Level]:
        """All orders up to this one. Structural facts of the variables are put aside while differentiating (the
        derivative is over all entries) and come back in the result."""
        known = self.function.declarations
        apart = {n: variable_node(n, known, STRUCTURAL if n in self.wrt else frozenset()) for n in known.variables}
        root = lower(self.function.tree, apart).root
        variables = [apart[n] for n in self.wrt]
        directions = [direction_for(v, n) for v, n in zip(variables, self._names, strict=True)]
        levels = derive(root, variables, directions)
        back = {apart[n]: variable_node(n, known) for n in self.wrt if apart[n] is not variable_node(n, known)}
        if not back:
            return levels
        return [
            Level(substitute(lv.tensor, back.get), substitute(lv.along, back.get), lv.direction, lv.variable)
            for lv in levels
        ]

    @property
    def node(self) -> Node:
        """The derivative as a tensor: axes of the function, then of each variable."""
        return self._levels[-1].tensor

    @property
    def _sides(self) -> tuple[tuple[Size, ...], ...]:
        """The nontrivial sides of the function's value and of each variable."""
        shapes = [self.function.tree.typed, *(self.function.declarations.variables[n] for n in self.wrt)]
        return tuple(tuple(side for side in shape if side) for shape in shapes)

    @property
    def shape(self) -> tuple[Dim, ...]:
        """The sizes of the array: those of the function's value, then of each variable in order."""
        own = list(self.function.shape)
        for name in self.wrt:
            own += self.function.variables[name]
        return tuple(own)

    @cached_property
    def forms(self) -> Forms:
        known = self.function.declarations
        names = {n: variable_node(n, known) for n in known.variables}
        origins = lower(self.function.tree, names).origins
        context = Context(known, origins, self.function.tree)
        return present(context, self._levels, self._sides, self.request.kind, self.request.layout)

    @property
    def text(self) -> str | None:
        """The closed form in matrix notation, or None where there is none."""
        return None if self.forms.closed is None else to_text(self.forms.closed)

    @property
    def operator_form(self) -> str:
        """The derivative as a linear map: dX -> A*dX*C."""
        return to_text(self.forms.operator) if self.forms.operator is not None else self.index_form

    @property
    def kronecker_form(self) -> str | None:
        """d vec(F) / d vec(X)', column-major; for a Hessian by a matrix d vec(gradient) / d vec(X)'."""
        return None if self.forms.kronecker is None else to_text(self.forms.kronecker)

    @property
    def index_form(self) -> str:
        """Index notation, which every tensor has."""
        return self.forms.index

    def __str__(self) -> str:
        if self.request.kind == "differential":
            return self.operator_form
        return self.text or self.operator_form

    def __repr__(self) -> str:
        return f"<Derivative {self}>"

    def latex(self) -> str:
        tree = self.forms.shown
        return self.forms.index if tree is None else to_latex(tree)

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    def evaluate(self, **arrays: Any) -> Any:
        """The array of the derivative at a point: axes of the value, then of each variable."""
        values = {name: np.asarray(a, dtype=float) for name, a in arrays.items()}
        return self._value(values, sizes_of(self.function.declarations, values))

    def _value(self, values: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
        flat = interpret(self.node, values, sizes)
        shape: list[int] = []
        for side in self._sides[0]:
            shape.append(int(np.prod([d if isinstance(d, int) else sizes[d] for d in side])))
        for name in self.wrt:
            shape += np.shape(values[name])
        return np.reshape(flat, shape)
