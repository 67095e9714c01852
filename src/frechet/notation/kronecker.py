"""Tensors of order three and four, and composite sizes, as matrices: Kronecker products, vec and commutation.

A side of a matrix is a group of axes, in the order of its composite size: vec(X) for X of shape (m, n) has the axes
(column, row). Each term is written by the connected components of its output axes: components that pair one row axis
with one column axis give a Kronecker product (times a commutation matrix if they cross), a component inside one side
gives vec(...), and a diagonal over a whole pair gives diag(vec(...)).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from frechet.core.dims import Shape, Size
from frechet.core.ein import ein, permute, split_coef
from frechet.core.node import Add, Ein, Factor, Node, Number
from frechet.language.tree import Tree
from frechet.notation.multiply import expand_once
from frechet.notation.product import UnwritableError
from frechet.notation.sums import collect
from frechet.notation.term import Term, written

if TYPE_CHECKING:
    from frechet.notation.writer import Writer

EXPANSIONS = 12

# Output positions that belong together, and their part of the product as a node over them.
Part = tuple[tuple[int, ...], Node]


def matrix_of_sides(
    writer: Writer, node: Node, rows: Sequence[int], cols: Sequence[int], *, clusters: bool = True
) -> Tree:
    """The node as a matrix whose rows are the axes `rows`, in that order, and whose columns are the axes `cols`.
    `clusters`: what is no Kronecker product may be gathered into clusters; not so for what is one cluster itself."""
    order = (*rows, *cols)
    arranged = permute(node, order) if order != tuple(range(node.order)) else node
    shape = Shape(arranged.dims[: len(rows)], arranged.dims[len(rows) :])
    if isinstance(arranged, Ein) and arranged.coef == 0:
        return writer.page.zeros(shape)
    terms = [_term(writer, n, len(rows), shape, clusters).scaled(c) for c, n in _terms(arranged)]
    return written(writer.page, collect(writer.page, terms, shape))


def _terms(node: Node) -> list[tuple[Number, Node]]:
    """The node as a sum of products, sums of order above two multiplied out."""
    found: list[tuple[Number, Node]] = []
    stack: list[tuple[Number, Node, int]] = [(1, node, 0)]
    while stack:
        coef, n, depth = stack.pop()
        inner, n = split_coef(n)
        coef *= inner
        if isinstance(n, Add):
            stack.extend((coef * c, t, depth) for c, t in reversed(n.terms))
        elif (
            isinstance(n, Ein)
            and depth < EXPANSIONS
            and any(isinstance(f[0], Add) and f[0].order > 2 for f in n.factors)
        ):
            expanded = expand_once(n)
            assert expanded is not None
            stack.append((coef, expanded, depth + 1))
        elif isinstance(n, Ein):
            found.append((coef, n))
        else:
            whole = tuple(range(n.order))
            found.append((coef, ein(1, [(n, whole, 1)], whole, dict(enumerate(n.dims)))))
    return found


def _term(writer: Writer, node: Node, split: int, shape: Shape, clusters: bool = True) -> Term:
    if not isinstance(node, Ein):
        whole = tuple(range(node.order))
        return Term(1, (), _whole(writer, (whole, node), whole[:split], whole[split:], shape), shape)
    try:
        return _by_components(writer, node, split, shape)
    except UnwritableError:
        if clusters:
            with suppress(UnwritableError):
                return writer.by_sides(node, [g for g in (range(split), range(split, node.order)) if g])
        expanded = expand_once(node)
        if expanded is None:
            raise
        terms = [_term(writer, n, split, shape).scaled(c) for c, n in _terms(expanded)]
        return collect(writer.page, terms, shape)


def _components(node: Ein) -> list[Part]:
    """The output positions that belong together, each with its part of the product as a node over them."""
    parent = {i: i for i in range(len(node.index_dims))}

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for _, idx, _ in node.factors:
        for i in idx[1:]:
            parent[root(i)] = root(idx[0])
    groups: dict[int, list[int]] = {}
    for position, i in enumerate(node.out):
        groups.setdefault(root(i), []).append(position)
    parts: list[Part] = []
    for key, positions in groups.items():
        inside = {i for i in parent if root(i) == key}
        factors: list[Factor] = [f for f in node.factors if f[1] and root(f[1][0]) == key]
        dims = {i: node.index_dims[i] for i in inside}
        parts.append((tuple(positions), ein(1, factors, [node.out[p] for p in positions], dims)))
    return parts


def _by_components(writer: Writer, node: Ein, split: int, shape: Shape) -> Term:
    scalars = ein(node.coef, [f for f in node.factors if not f[1]], (), {})
    outer = writer.term(scalars)
    chain = _chain(writer, _components(node), split, len(node.out), shape)
    return Term(outer.coef, outer.scalars, chain, shape)


def _chain(writer: Writer, parts: list[Part], split: int, order: int, shape: Shape) -> tuple[Tree, ...]:
    """The matrix of the components: see the module's docstring."""
    rows, cols = tuple(range(split)), tuple(range(split, order))
    if len(parts) == 1:
        return _whole(writer, parts[0], rows, cols, shape)
    inside = [p for p in parts if set(p[0]) <= set(rows) or set(p[0]) <= set(cols)]
    if len(inside) == len(parts) == 2 and {frozenset(p[0]) for p in parts} == {frozenset(rows), frozenset(cols)}:
        left, right = (next(p for p in parts if set(p[0]) == set(side)) for side in (rows, cols))
        return (*vec_of(writer, left[1]), *writer.page.flip_chain(vec_of(writer, right[1])))
    return _kron(writer, parts, rows, cols, shape)


def vec_of(writer: Writer, node: Node) -> tuple[Tree, ...]:
    """A side as a column: a vector itself, a matrix over (column, row) by its vec."""
    own = writer.atom_of_sides(node, node.dims, ())
    if own is not None:
        return (own,)
    if node.order == 1:
        return writer.term(node).chain if _plain(writer, node) else (writer.tree(node),)
    if node.order != 2:
        raise UnwritableError
    matrix = writer.tree(node, flipped=True)
    if matrix.kind == "call" and matrix.name == "mat":
        return (matrix.args[0],)
    return (writer.page.call("vec", [matrix], Shape((*matrix.typed.cols, *matrix.typed.rows))),)


def _plain(writer: Writer, node: Node) -> bool:
    term = writer.term(node)
    return term.coef == 1 and not term.scalars


def _whole(writer: Writer, part: Part, rows: tuple[int, ...], cols: tuple[int, ...], shape: Shape) -> tuple[Tree, ...]:
    """One component over all axes: a matrix, or a diagonal over a pair of axes."""
    node = part[1]
    own = writer.atom_of_sides(node, shape.rows, shape.cols) if part[0] == (*rows, *cols) else None
    if own is not None:
        return (own,)
    if not cols:
        return vec_of(writer, node)
    if len(rows) == len(cols) == 1:
        return writer.term(node).chain if _plain(writer, node) else (writer.tree(node),)
    if isinstance(node, Ein) and len(rows) == len(cols) == 2 and node.out[:2] == node.out[2:]:
        dims = dict(enumerate(node.index_dims))
        inner = ein(node.coef, node.factors, node.out[:2], dims)
        return (writer.page.diag(writer.page.chain(vec_of(writer, inner)), shape),)
    return _peeled(writer, node, len(rows), shape)


def _peeled(writer: Writer, node: Node, split: int, shape: Shape) -> tuple[Tree, ...]:
    """diag(vec(L)) * rest * diag(vec(R)): factors that live on the row axes or on the column axes alone."""
    if not isinstance(node, Ein) or split != 2 or node.order != 4 or len(set(node.out)) < 4:
        raise UnwritableError
    top, bottom = set(node.out[:2]), set(node.out[2:])
    left = [f for f in node.factors if set(f[1]) == top]
    right = [f for f in node.factors if set(f[1]) == bottom]
    if not left and not right:
        raise UnwritableError
    dims = dict(enumerate(node.index_dims))
    rest = ein(node.coef, [f for f in node.factors if f not in left and f not in right], node.out, dims)
    page = writer.page
    inner = _term(writer, rest, 2, shape)
    chain = inner.chain if inner.coef == 1 and not inner.scalars else (written(page, inner),)
    for factors, out, side, first in ((left, node.out[:2], shape.rows, True), (right, node.out[2:], shape.cols, False)):
        if factors:
            weights = ein(1, factors, out, {i: dims[i] for i in out})
            diagonal = page.diag(page.chain(vec_of(writer, weights)), Shape(side, side))
            chain = (diagonal, *chain) if first else (*chain, diagonal)
    return chain


def _kron(
    writer: Writer, parts: list[Part], rows: tuple[int, ...], cols: tuple[int, ...], shape: Shape
) -> tuple[Tree, ...]:
    """Kronecker product of two factors, each with at most one row axis and one column axis."""
    if len(rows) > 2 or len(cols) > 2:
        raise UnwritableError
    owner = {position: part for part in parts for position in part[0]}
    blocks = _pairs(rows, cols, owner)
    crossed = blocks is None
    if blocks is None:
        blocks = _pairs(rows, cols[::-1], owner)
    if blocks is None:
        raise UnwritableError
    page = writer.page
    factors = [_block(writer, pair, owner) for pair in blocks]
    if not crossed and shape.rows == shape.cols and all(_is_identity(f) for f in factors):
        return (page.eye(shape.rows),)
    product = page.call("kron", [page.chain(f) for f in factors], Shape(shape.rows, _sizes(shape.cols, crossed)))
    page.keep_flip(product, page.call("kron", [page.flip(page.chain(f)) for f in factors], product.typed.transposed))
    if not crossed or len(cols) < 2:
        return (product,)
    args = [page.size(shape.cols[1:]), page.size(shape.cols[:1])]
    commutation = page.call("commutation", args, Shape(shape.cols[::-1], shape.cols))
    return (commutation,) if all(_is_identity(f) for f in factors) else (product, commutation)


def _is_identity(chain: tuple[Tree, ...]) -> bool:
    return len(chain) == 1 and chain[0].kind == "call" and chain[0].name == "eye"


def _sizes(cols: Size, crossed: bool) -> Size:
    return cols[::-1] if crossed else cols


Pair = tuple[int | None, int | None]


def _pairs(rows: tuple[int, ...], cols: tuple[int, ...], owner: dict[int, Part]) -> list[Pair] | None:
    """The k-th row axis with the k-th column axis; a side of one axis leaves the other block without one.

    Every component has to lie within one block, or be split over none."""
    count = max(len(rows), len(cols))
    for shift in range(2):
        row_at: list[int | None] = [None] * count
        col_at: list[int | None] = [None] * count
        for k, r in enumerate(rows):
            row_at[k if len(rows) == count else shift] = r
        for k, c in enumerate(cols):
            col_at[k if len(cols) == count else shift] = c
        blocks = list(zip(row_at, col_at, strict=True))
        if all(_within(blocks, part[0]) for part in owner.values()):
            return blocks
        if len(rows) == len(cols):
            return None
    return None


def _within(blocks: list[Pair], positions: tuple[int, ...]) -> bool:
    return any(set(positions) <= {r, c} for r, c in blocks)


def _block(writer: Writer, pair: Pair, owner: dict[int, Part]) -> tuple[Tree, ...]:
    """One factor of a Kronecker product: a matrix, a column, a row, or an outer product."""
    row, col = pair
    page = writer.page
    if row is not None and col is not None and owner[row] is owner[col]:
        return (writer.tree(owner[row][1], flipped=owner[row][0] != (row, col)),)
    chain: tuple[Tree, ...] = ()
    if row is not None:
        chain = (writer.tree(owner[row][1]),)
    if col is not None:
        chain = (*chain, page.flip(writer.tree(owner[col][1])))
    return chain
