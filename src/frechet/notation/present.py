"""The forms in which a derivative is shown, each made when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from frechet.calculus.derive import Level, along_all
from frechet.core.dims import Size
from frechet.core.node import Node, Var
from frechet.language.declarations import Declarations
from frechet.language.lower import Lowered
from frechet.language.tree import Tree
from frechet.notation.boundaries import Boundary, boundaries
from frechet.notation.choose import shortest
from frechet.notation.conditions import conditions
from frechet.notation.entries import has_parts, has_units, written_in_parts, written_out
from frechet.notation.index import index_form
from frechet.notation.kronecker import matrix_of_sides
from frechet.notation.product import UnwritableError
from frechet.notation.share import with_names
from frechet.notation.writer import Writer, ranks, uses_decimals


@dataclass(frozen=True)
class Context:
    """What the user said and wrote: declarations, the tree, and for each node how it was written."""

    declarations: Declarations
    lowered: Lowered
    tree: Tree


Sides = Sequence[tuple[Size, ...]]


class Forms:
    """The written forms of a derivative.

    `sides` are the nontrivial sides of the function's value and of each variable; `kind` and `layout` are those of
    the request.
    """

    def __init__(self, context: Context, levels: Sequence[Level], sides: Sides, kind: str, layout: str) -> None:
        self.context = context
        self.levels = levels
        self.sides = sides
        self.kind = kind
        self.layout = layout
        known = context.declarations
        decimals = uses_decimals(context.tree)
        directions = {
            d.name: known.variables[v.name]
            for d, v in ((level.direction, level.variable) for level in levels)
            if isinstance(d, Var) and isinstance(v, Var)
        }
        self.writer = Writer(known, context.lowered.origins, decimals, ranks(context.tree), directions)
        self.writer.moving = frozenset(getattr(level.variable, "name", "") for level in levels)

    @property
    def tensor(self) -> Node:
        return self.levels[-1].tensor

    @property
    def shown(self) -> Tree | None:
        """The form that is shown first: closed, else operator; None leaves index notation."""
        return self.closed or self.operator

    @cached_property
    def closed(self) -> Tree | None:
        """The derivative as scalar, vector or matrix; None where matrix notation has none."""
        flat = [side for group in self.sides for side in group]
        if len(flat) > 2:
            return None
        writer, node = self.writer, self.tensor
        try:
            if any(len(side) > 1 for side in flat):
                tree = _composite(writer, node, flat)
            else:
                tree = shortest(writer, node, writer.tree)
                if has_units(node):
                    out = written_out(writer.page, node, lambda n: shortest(writer, n, writer.tree))
                    tree = min(out, tree, key=writer.page.length)
                if has_parts(node):
                    parts = written_in_parts(writer.page, node, lambda n: shortest(writer, n, writer.tree))
                    tree = min(parts or tree, tree, key=writer.page.length)
        except UnwritableError:
            return None
        row = self.kind == "jacobian" and not self.sides[0] and len(flat) > 0
        turned = row != (self.layout == "denominator" and self.kind == "jacobian")
        return self._named(writer.page.flip(tree) if turned or self._by_row() else tree)

    def _by_row(self) -> bool:
        """Whether this is the gradient by a row, which is a row."""
        by = self.levels[-1].variable
        shape = self.context.declarations.variables.get(by.name) if isinstance(by, Var) else None
        return self.kind == "gradient" and len(self.levels) == 1 and shape is not None and shape.is_row

    @cached_property
    def operator(self) -> Tree | None:
        """The derivative as a linear map of the last direction, or of as many as are needed to stay with matrices."""
        for count in range(1, len(self.levels) + 1):
            flat = [side for group in self.sides[: len(self.sides) - count] for side in group]
            if len(flat) > 2:
                continue
            try:
                return self._arrows(count)
            except UnwritableError:
                continue
        return None

    def _arrows(self, count: int) -> Tree:
        last = self.levels[-count:]
        flat = [side for group in self.sides[: len(self.sides) - count] for side in group]
        node = along_all(last)
        if any(len(side) > 1 for side in flat):
            tree = _composite(self.writer, node, flat)
        else:
            tree = shortest(self.writer, node, self.writer.tree)
        for level in reversed(last):
            name = getattr(level.direction, "name", "")
            tree = self.writer.page.make("arrow", [tree], name=name, shape=tree.typed)
        return self._named(tree)

    @cached_property
    def kronecker(self) -> Tree | None:
        """d vec(F) / d vec(X)': the last variable gives the columns, everything before it the rows."""
        before = [side for group in self.sides[:-1] for side in group]
        after = list(self.sides[-1])
        if len(before) > 2 or len(before) + len(after) < 3:
            return None
        places = iter(range(self.tensor.order))
        groups = [[next(places) for _ in side] for side in (*before, *after)]
        rows = [axis for group in reversed(groups[: len(before)]) for axis in group]
        cols = [axis for group in reversed(groups[len(before) :]) for axis in group]
        try:
            return matrix_of_sides(self.writer, self.tensor, rows, cols)
        except UnwritableError:
            return None

    @cached_property
    def index(self) -> str:
        """Index notation, which every tensor has."""
        return index_form(self.writer, self.tensor)

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """Where the derivative holds."""
        names = {v.name for v in (level.variable for level in self.levels) if isinstance(v, Var)}
        before = [level.tensor for level in self.levels[:-1]]
        return conditions(
            self.writer, self.context.tree, self.tensor, self.context.lowered, names, len(self.levels), before
        )  # fmt: skip

    @property
    def boundaries(self) -> list[Boundary]:
        """The boundaries of choices that are not smooth, so far as is known."""
        names = {v.name for v in (level.variable for level in self.levels) if isinstance(v, Var)}
        return boundaries(self.writer, self.context.tree, self.context.lowered, names, len(self.levels))

    def _named(self, tree: Tree) -> Tree:
        known = self.context.declarations
        return with_names(self.writer.page, tree, {*known.variables, *known.sizes})


def _composite(writer: Writer, node: Node, flat: Sequence[Size]) -> Tree:
    """A value with composite sizes, such as a Kronecker product: each side is a group of axes."""
    split = len(flat[0])
    rows, cols = tuple(range(split)), tuple(range(split, node.order))
    return matrix_of_sides(writer, node, rows, cols)
