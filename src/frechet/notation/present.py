"""The forms in which a derivative is shown, and which of them is shown first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frechet.calculus.derive import Level
from frechet.calculus.forward import forward
from frechet.core.dims import Shape, Size
from frechet.core.node import Node
from frechet.language.declarations import Declarations
from frechet.language.lower import Lowered
from frechet.language.tree import Tree
from frechet.notation.choose import shortest
from frechet.notation.conditions import conditions
from frechet.notation.entries import has_units, written_out
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


@dataclass(frozen=True)
class Forms:
    """closed: matrix notation, None if there is none; operator: dX -> e; kronecker: by vec; index: always."""

    closed: Tree | None
    operator: Tree | None
    kronecker: Tree | None
    index: str
    conditions: tuple[str, ...] = ()

    @property
    def shown(self) -> Tree | None:
        return self.closed or self.operator


Sides = Sequence[tuple[Size, ...]]


def present(context: Context, levels: Sequence[Level], sides: Sides, kind: str, layout: str) -> Forms:
    writer = Writer(context.declarations, context.lowered.origins, uses_decimals(context.tree), ranks(context.tree))
    closed = _closed(writer, levels[-1].tensor, sides, kind, layout)
    operator = _operator(writer, levels, sides)
    tensor = levels[-1].tensor
    where = conditions(writer, context.tree, tensor, context.lowered)
    return Forms(closed, operator, _kronecker(writer, tensor, sides), index_form(writer, tensor), where)


def _closed(writer: Writer, node: Node, sides: Sides, kind: str, layout: str) -> Tree | None:
    """The derivative as scalar, vector or matrix."""
    flat = [side for group in sides for side in group]
    if len(flat) > 2:
        return None
    try:
        if all(len(side) == 1 for side in flat):
            tree = shortest(writer, node, writer.tree)
            if has_units(node):
                out = written_out(writer.page, node, lambda n: shortest(writer, n, writer.tree))
                tree = min(out, tree, key=writer.page.length)
        else:
            tree = _composite(writer, node, flat)
    except UnwritableError:
        return None
    row = kind == "jacobian" and not sides[0] and len(flat) > 0
    turned = row != (layout == "denominator" and kind == "jacobian")
    return _named(writer, writer.page.flip(tree) if turned else tree)


def _named(writer: Writer, tree: Tree) -> Tree:
    known = writer.declarations
    return with_names(writer.page, tree, {*known.variables, *known.sizes})


def _composite(writer: Writer, node: Node, flat: Sequence[Size]) -> Tree:
    """A value with composite sizes, such as a Kronecker product: each side is a group of axes."""
    split = len(flat[0])
    rows, cols = tuple(range(split)), tuple(range(split, node.order))
    return matrix_of_sides(writer, node, rows, cols)


def _kronecker(writer: Writer, node: Node, sides: Sides) -> Tree | None:
    """d vec(F) / d vec(X)': the last variable gives the columns, everything before it the rows."""
    before = [side for group in sides[:-1] for side in group]
    after = list(sides[-1])
    if len(before) > 2 or len(before) + len(after) < 3:
        return None
    places = iter(range(node.order))
    groups = [[next(places) for _ in side] for side in (*before, *after)]
    rows = [axis for group in reversed(groups[: len(before)]) for axis in group]
    cols = [axis for group in reversed(groups[len(before) :]) for axis in group]
    try:
        return matrix_of_sides(writer, node, rows, cols)
    except UnwritableError:
        return None


def _operator(writer: Writer, levels: Sequence[Level], sides: Sides) -> Tree | None:
    """The derivative as a linear map of the last direction, or of as many as are needed to stay with matrices."""
    for count in range(1, len(levels) + 1):
        flat = [side for group in sides[: len(sides) - count] for side in group]
        if len(flat) > 2:
            continue
        try:
            return _arrows(writer, levels, count)
        except UnwritableError:
            continue
    return None


def _arrows(writer: Writer, levels: Sequence[Level], count: int) -> Tree:
    last = levels[-count:]
    node = last[0].along
    for level in last[1:]:
        node = forward(node, level.variable, level.direction)
    tree = shortest(writer, node, writer.tree)
    for level in reversed(last):
        name = getattr(level.direction, "name", "")
        tree = writer.page.make("arrow", [tree], name=name, shape=tree.typed)
    return _named(writer, tree)
