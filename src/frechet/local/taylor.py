"""Taylor's series of a symbolic function, term by term in closed form: 1/k! D^k f(x)[dx, ..., dx].

The direction moves all chosen variables at once; differentiating forward along it k times gives the k-th term, a node
of the shape of f that is raised to matrix notation like any other answer. Holds for scalars, vectors and matrices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from math import factorial, prod
from typing import Any

from frechet.calculus.derive import direction_for
from frechet.calculus.forward import forward
from frechet.core.build import add, substitute
from frechet.core.ein import constant, is_zero, scale, split_coef
from frechet.core.facts import STRUCTURAL
from frechet.core.lazy import np
from frechet.core.node import Add, Node, Number, topological
from frechet.core.numbers import divide
from frechet.equality.interpret import interpret
from frechet.language.lower import lower, variable_node
from frechet.language.tree import Tree
from frechet.notation.choose import shortest
from frechet.notation.entries import has_units, written_out
from frechet.notation.kronecker import matrix_of_sides
from frechet.notation.page import Page
from frechet.notation.product import UnwritableError
from frechet.notation.writer import Writer, ranks, uses_decimals
from frechet.ops.cofactors import BY_COFACTORS, plain

MAX_ORDER = 12
_LARGEST = 20_000  # nodes of one term


class Expansion:
    """The series of `function` along directions of the variables `wrt`; with `cofactors` in the form that determinants
    of singular matrices have too."""

    def __init__(self, function: Any, wrt: Sequence[str], cofactors: bool = False) -> None:
        self.function = function
        self.wrt = tuple(wrt)
        known = function.declarations
        self._plain = {n: variable_node(n, known) for n in known.variables}
        # Structural facts are put aside while differentiating and come back in the result.
        self._apart = {
            n: variable_node(n, known, STRUCTURAL if n in self.wrt else frozenset()) for n in known.variables
        }
        self._along: list[Node] = [lower(function.tree, self._apart, BY_COFACTORS if cofactors else None).root]

    @cached_property
    def names(self) -> dict[str, str]:
        """The name of the direction of each variable: dX, dX_ if that is taken."""
        taken = set(self.function.declarations.variables) | set(self.function.declarations.sizes)
        out: dict[str, str] = {}
        for variable in self.wrt:
            name = f"d{variable}"
            while name in taken:
                name += "_"
            taken.add(name)
            out[variable] = name
        return out

    @cached_property
    def _directions(self) -> dict[str, Node]:
        return {n: direction_for(self._apart[n], self.names[n]) for n in self.wrt}

    def node(self, order: int) -> Node:
        """D^k f[dx, ..., dx], without 1/k!."""
        while len(self._along) <= order:
            last = self._along[-1]
            terms = [(1, forward(last, self._apart[n], self._directions[n])) for n in self.wrt]
            self._along.append(add(terms, last.dims))
        back = {self._apart[n]: self._plain[n] for n in self.wrt if self._apart[n] is not self._plain[n]}
        return substitute(self._along[order], back.get) if back else self._along[order]

    def derivative(self, order: int, arrays: Mapping[str, Any], steps: Mapping[str, Any], sizes: Any) -> Any:
        """The number (m,) that D^k f[dx, ..., dx] is."""
        directions = {self.names[n]: steps[n] for n in self.wrt}
        with np.errstate(all="ignore"):
            return np.ravel(interpret(self.node(order), {**arrays, **directions}, sizes))

    @cached_property
    def _writer(self) -> Writer:
        function = self.function
        known = function.declarations
        origins = lower(function.tree, self._plain).origins
        shapes = {self.names[n]: known.variables[n] for n in self.wrt}
        rank = ranks(function.tree)
        rank |= {self.names[n]: len(rank) + k for k, n in enumerate(self.wrt)}
        return Writer(known, origins, uses_decimals(function.tree), rank, shapes)

    @property
    def page(self) -> Page:
        """The page on which the terms are written."""
        return self._writer.page

    def partial(self, powers: Mapping[str, int]) -> tuple[Fraction, Tree | None]:
        """The partial derivative by scalar variables, each so many times, over the factorials of these numbers: a
        number in front and the rest. Zero is 0 in front."""
        node = self._along[0]
        for name, count in powers.items():
            for _ in range(count):
                node = forward(node, self._apart[name], constant(1))
        if is_zero(node):
            return Fraction(0), self.page.zeros(self.function.tree.typed)
        over = Fraction(1, prod(factorial(k) for k in powers.values()))
        coef, core = split_coef(node)
        exact = isinstance(coef, (int, Fraction)) and not isinstance(core, Add)
        return (over * coef, self._written(core, 1)) if exact else (Fraction(1), self._written(node, over))

    def term(self, order: int) -> Tree | None:
        """The k-th term with its 1/k!, in matrix notation; None where there is none."""
        if order == 0:
            tree: Tree = self.function.tree
            return tree
        return self._written(self.node(order), divide(1, factorial(order)))

    def _written(self, node: Node, factor: Number) -> Tree | None:
        """factor * node in the shape of f."""
        typed = self.function.tree.typed
        if is_zero(node):
            return self.page.zeros(typed)
        if len(topological([node])) > _LARGEST:
            return None
        node = plain(scale(node, factor))
        try:
            if any(len(side) > 1 for side in typed):  # kron: each side is a group of axes
                split = len(typed.rows)
                tree = matrix_of_sides(self._writer, node, range(split), range(split, node.order))
            else:
                tree = shortest(self._writer, node, self._writer.tree)
                if has_units(node):
                    out = written_out(self.page, node, lambda n: shortest(self._writer, n, self._writer.tree))
                    tree = min(out, tree, key=self.page.length)
        except UnwritableError:
            return None
        return self.page.flip(tree) if typed.is_row and not tree.typed.is_row else tree

    def vanishes(self, order: int) -> bool:
        """Whether the k-th term is zero everywhere."""
        return is_zero(self.node(order))
