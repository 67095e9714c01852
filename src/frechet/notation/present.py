"""The forms in which a derivative is shown, and which of them is shown first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frechet.calculus.derive import Level
from frechet.calculus.forward import forward
from frechet.core.dims import Shape, Size
from frechet.core.node import Node, Number, describe
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree
from frechet.notation.product import UnwritableError
from frechet.notation.writer import Writer, uses_decimals


@dataclass(frozen=True)
class Context:
    """What the user said and wrote: declarations, and for each node how it was written."""

    declarations: Declarations
    origins: dict[Node, tuple[Number, Tree]]
    tree: Tree


@dataclass(frozen=True)
class Forms:
    """closed: matrix notation, None if there is none; operator: dX -> e; kronecker: by vec; index: always."""

    closed: Tree | None
    operator: Tree | None
    kronecker: Tree | None
    index: str

    @property
    def shown(self) -> Tree | None:
        return self.closed or self.operator


Sides = Sequence[tuple[Size, ...]]


def present(context: Context, levels: Sequence[Level], sides: Sides, kind: str, layout: str) -> Forms:
    writer = Writer(context.declarations, context.origins, uses_decimals(context.tree))
    closed = _closed(writer, levels[-1].tensor, sides, kind, layout)
    operator = _operator(writer, levels, sides)
    return Forms(closed, operator, None, describe(levels[-1].tensor))


def _closed(writer: Writer, node: Node, sides: Sides, kind: str, layout: str) -> Tree | None:
    """The derivative as scalar, vector or matrix."""
    flat = [side for group in sides for side in group]
    if len(flat) > 2 or any(len(side) > 1 for side in flat):
        return None
    try:
        tree = writer.tree(node)
    except UnwritableError:
        return None
    if tree.typed.is_scalar and flat:
        tree = writer.page.zeros(Shape(*flat)) if _is_zero(tree) else tree
    row = kind == "jacobian" and not sides[0] and len(flat) > 0
    turned = row != (layout == "denominator" and kind == "jacobian")
    return writer.page.flip(tree) if turned else tree


def _is_zero(tree: Tree) -> bool:
    return tree.kind == "number" and tree.value == 0


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
    tree = writer.tree(node)
    for level in reversed(last):
        name = getattr(level.direction, "name", "")
        tree = writer.page.make("arrow", [tree], name=name, shape=tree.typed)
    return tree
