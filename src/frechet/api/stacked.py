"""Derivatives by several variables stacked into one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from frechet.api.arrays import real_arrays
from frechet.core.dims import Dim, Shape, Size
from frechet.core.display import Card, Displayed
from frechet.core.errors import problem
from frechet.core.lazy import np, room
from frechet.language.tree import Tree
from frechet.notation.latex import to_latex
from frechet.notation.mathml import to_mathml
from frechet.notation.page import Page
from frechet.notation.text import to_text
from frechet.notation.unicode import to_unicode

if TYPE_CHECKING:
    from frechet.api.derivative import Derivative
    from frechet.api.function import Function
    from frechet.steps.derivation import Derivation
    from frechet.verify.check import Verification

_coding = room("frechet.api.coding")
_steps = room("frechet.api.steps")


class StackedDerivative(Displayed):
    """A gradient or Hessian by several variables taken as one vector: blocks in the order of the names. In a gradient
    a matrix X stands as vec(X), column after column.

    Each block is a Derivative with its own check.
    """

    def __init__(self, function: Function, wrt: list[str], blocks: list[list[Derivative]]) -> None:
        self.function = function
        self.wrt = tuple(wrt)
        self.blocks = blocks

    @classmethod
    def gradient(cls, function: Function, wrt: list[str], options: Mapping[str, Any]) -> StackedDerivative:
        _check(wrt)
        return cls(function, wrt, [[function.derivative(name, **options)] for name in wrt])

    @classmethod
    def hessian(cls, function: Function, wrt: list[str], options: Mapping[str, Any]) -> StackedDerivative:
        _check(wrt)
        for name in wrt:
            if len(function.variables.get(name, ())) > 1:
                raise problem("E500", f"{name} is a matrix; a Hessian stacks scalars and vectors.",
                              help=f"gradient() also stacks matrices, as vec({name}).")  # fmt: skip
        return cls(function, wrt, [[function.derivative(a, b, **options) for b in wrt] for a in wrt])

    @property
    def is_hessian(self) -> bool:
        return len(self.blocks[0]) == len(self.wrt) and self.blocks[0][0].wrt == (self.wrt[0], self.wrt[0])

    @property
    def shape(self) -> tuple[Dim, ...]:
        """The size of the stacked variable, once for a gradient, twice for a Hessian."""
        sizes = [self.function.variables[name] for name in self.wrt]
        parts = [_product(s) for s in sizes]
        whole = all(isinstance(p, int) for p in parts)
        one: Dim = sum(int(p) for p in parts) if whole else " + ".join(map(str, parts))
        return (one, one) if self.is_hessian else (one,)

    @cached_property
    def tree(self) -> Tree:
        """The blocks as one written-out matrix; E504 where a block has no closed form."""
        page = Page()
        rows = [[self._block(page, a, b, k) for k, b in enumerate(row)] for a, row in enumerate(self.blocks)]
        rows_of, cols_of = self._side(), self._side() if self.is_hessian else ()
        return page.make("matrix", [t for row in rows for t in row], value=(len(rows), len(rows[0])),
                         shape=Shape(rows_of, cols_of))  # fmt: skip

    def _block(self, page: Page, row: int, d: Derivative, col: int) -> Tree:
        closed = d.forms.closed
        if closed is None:
            raise problem("E504", f"The block by {', '.join(d.wrt)} has no closed form.")
        tree = page.adopt(closed)
        if tree.typed.is_matrix and not self.is_hessian:
            return page.call("vec", [tree], Shape((*tree.typed.cols, *tree.typed.rows)))
        scalar_row = not self.function.variables[self.wrt[row]]
        vector_col = self.is_hessian and bool(self.function.variables[self.wrt[col]])
        return page.flip(tree) if scalar_row and vector_col else tree

    def _side(self) -> Size:
        """The stacked size as a surface dimension, where it is a number."""
        size = self.shape[0]
        return (size,)

    def __str__(self) -> str:
        return to_text(self.tree)

    @property
    def text(self) -> str:
        """The closed form: `[g1; g2]`, or `[h11, h12; h21, h22]`."""
        return str(self)

    def latex(self) -> str:
        return to_latex(self.tree)

    def card(self) -> Card:
        """What notebooks and rich show: the blocks as one matrix, where they hold, how they were checked."""
        notes = [("where", condition) for condition in self.conditions]
        notes.append(("layout", f"blocks in the order {', '.join(self.wrt)}"))
        label, _, text = str(self.verification).partition(" ")
        notes.append((label, text.strip()))
        latex = self.latex()
        return Card(to_unicode(self.tree), latex, to_mathml(latex, block=True), notes)

    def __repr__(self) -> str:
        return f"<StackedDerivative {self}>"

    @property
    def conditions(self) -> tuple[str, ...]:
        """Where all blocks hold."""
        return tuple(dict.fromkeys(c for row in self.blocks for d in row for c in d.conditions))

    @property
    def verification(self) -> Verification:
        """The check of the block that was checked least well: an unchecked one if there is any."""
        checks = [d.verification for row in self.blocks for d in row]
        return max(checks, key=lambda v: (v.status != "checked", v.max_relative_error))

    def report(self) -> str:
        """The answer with its conditions and the check of its blocks."""
        lines = [str(self)]
        if self.conditions:
            lines.append("where     " + ", ".join(self.conditions))
        lines.append(f"layout    blocks in the order {', '.join(self.wrt)}")
        return "\n".join([*lines, str(self.verification)])

    def steps(self, level: str = "normal", style: str = "differential") -> Derivation:
        """The derivation: df along all directions at once, each block read off, then stacked. style="entrywise" takes
        the partial derivatives one by one. Raises E505 for another style, E504 where a block has no closed form."""
        derivation: Derivation = _steps.stacked_steps(self, level, style)
        return derivation

    def code(self, language: str = "numpy") -> str:
        """Readable code of the stacked derivative; E504 where the stacked size is not a number."""
        if language == "latex":
            return self.latex()
        text: str = _coding.source(self._code_tree(), self.function.declarations, language, "stacked", self._doc)
        return text

    def compile(self, backend: str = "numpy") -> Any:
        """A function of named arrays; E504 where the stacked size is not a number."""
        return _coding.function(self._code_tree(), self.function.declarations, backend, "stacked", self._doc)

    def _code_tree(self) -> Tree:
        if not isinstance(self.shape[0], int):
            raise problem("E504", "Code of stacked vectors needs sizes that are numbers.",
                          help="evaluate() works for all sizes.")  # fmt: skip
        return self.tree

    @property
    def _doc(self) -> str:
        return f"Derivative of {self.function} by {', '.join(self.wrt)}, stacked."

    def evaluate(self, /, **arrays: Any) -> Any:
        """The stacked array: 1-D for a gradient, 2-D for a Hessian."""
        values = real_arrays(arrays)
        rows = []
        for a, row in zip(self.wrt, self.blocks, strict=True):
            if not self.is_hessian:
                rows.append(np.reshape(np.ravel(row[0].evaluate(**values), order="F"), (-1, 1)))
                continue
            parts = [np.reshape(d.evaluate(**values), (np.size(values[a]), -1)) for d in row]
            rows.append(np.concatenate(parts, axis=1))
        stacked = np.concatenate(rows, axis=0)
        return stacked if self.is_hessian else stacked[:, 0]


def _check(wrt: list[str]) -> None:
    if not wrt:
        raise problem("E500", "Nothing was given to differentiate by.")


def _product(sizes: tuple[Dim, ...]) -> Dim:
    """The number of entries: a number, or m*n."""
    if all(isinstance(d, int) for d in sizes):
        return math.prod(int(d) for d in sizes)
    return "*".join(map(str, sizes))
