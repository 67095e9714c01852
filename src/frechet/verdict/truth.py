"""What a claim is compared with, and the ways its shape can be that of the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from frechet.core.dims import Shape, Size
from frechet.core.ein import is_zero, permute, zero
from frechet.core.errors import FrechetError
from frechet.core.node import Node
from frechet.language.declarations import Declarations
from frechet.language.lower import Lowered, lower, variable_node
from frechet.language.shapes import elaborate
from frechet.language.tree import Tree
from frechet.verdict.bench import untyped


@dataclass(frozen=True)
class Truth:
    """What the claim is compared with.

    node       the tensor; `sides` are the sides of the value and of each variable, in the order of its axes
    row        whether the value is written as a row (the Jacobian of a scalar)
    trees      what must be defined at a point, the input first
    printed    the right formula as a tree, None where it has none; `correct` as text
    known      the declarations, directions included; `directions` their nodes
    equation   a plain identity: neither side is the right one
    """

    node: Node
    sides: tuple[tuple[Size, ...], ...]
    row: bool
    trees: tuple[Tree, ...]
    printed: Tree | None
    correct: str
    known: Declarations
    directions: Mapping[str, Node] = field(default_factory=dict)
    equation: bool = False

    @property
    def flat(self) -> list[Size]:
        return [side for group in self.sides for side in group]


@dataclass(frozen=True)
class Fit:
    """A way to hold truth and claim side by side: the truth with its axes in the claim's order."""

    node: Node
    layout: bool


def typed_claim(truth: Truth, claim: Tree, text: str) -> tuple[Tree, Declarations]:
    """The claim with its shapes; constants of the fitting size take it from the truth beside them. With it the
    declarations, and what the claim demands of the sizes: x[3] needs three entries."""
    try:
        return elaborate(claim, truth.known, source=text)
    except FrechetError as error:
        if error.diagnostic.code != "E304" or truth.printed is None:
            raise
        beside = Tree("sub", (untyped(truth.printed), claim), span=claim.span)
        both, known = elaborate(beside, truth.known)
        return both.args[1], known


def lowered(typed: Tree, known: Declarations, directions: Mapping[str, Node]) -> Lowered:
    """The nodes of a typed claim."""
    names = {n: variable_node(n, known) for n in known.variables}
    return lower(typed, {**names, **directions})


def fits(truth: Truth, typed: Tree) -> Iterator[Fit]:
    """Every way the claim's sides can be those of the truth, the likeliest first."""
    shape = typed.typed
    if typed.kind == "number" and typed.value == 0 and truth.flat:
        if is_zero(truth.node):
            yield Fit(zero(()), False)
        return
    flat, claimed = truth.flat, [side for side in shape if side]
    if len(flat) <= 2 and claimed == flat:
        wanted_row = truth.row
        yield Fit(truth.node, len(flat) == 1 and shape.is_row != wanted_row)
    if len(flat) == 2 and claimed == flat[::-1]:
        yield Fit(_by_sides(truth.node, flat, [1, 0]), True)
    if len(flat) > 2 or any(len(side) > 1 for side in claimed):
        yield from _vec_fits(truth, shape)


def _vec_order(truth: Truth) -> tuple[list[int], list[int]]:
    """The places of the sides in the rows and columns of d vec(F)/d vec(X)'."""
    count, last = len(truth.flat), len(truth.sides[-1])
    return list(range(count - last))[::-1], list(range(count - last, count))[::-1]


def _vec_fits(truth: Truth, shape: Shape) -> Iterator[Fit]:
    """d vec(F)/d vec(X)' and its transpose."""
    rows, cols = _vec_order(truth)
    row_dims, col_dims = (tuple(d for k in side for d in truth.flat[k]) for side in (rows, cols))
    if (shape.rows, shape.cols) == (row_dims, col_dims):
        yield Fit(_by_sides(truth.node, truth.flat, rows + cols), False)
    if (shape.rows, shape.cols) == (col_dims, row_dims):
        yield Fit(_by_sides(truth.node, truth.flat, cols + rows), True)


def as_matrix(truth: Truth) -> tuple[Node, list[Size]]:
    """The truth with at most two sides, and those."""
    if len(truth.flat) <= 2:
        return truth.node, truth.flat
    rows, cols = _vec_order(truth)
    sides = [tuple(d for k in side for d in truth.flat[k]) for side in (rows, cols)]
    return _by_sides(truth.node, truth.flat, rows + cols), [side for side in sides if side]


def _by_sides(node: Node, flat: Sequence[Size], order: Sequence[int]) -> Node:
    """The node with its groups of axes in another order."""
    start = [sum(len(s) for s in flat[:k]) for k in range(len(flat))]
    return permute(node, [a for k in order for a in range(start[k], start[k] + len(flat[k]))])


def shown_sides(truth: Truth) -> str:
    sides = as_matrix(truth)[1]
    return " x ".join("*".join(map(str, side)) for side in sides) or "of a scalar"
