"""Small results with unit vectors, written out: [2*z[1] - z[2]; -z[1]] rather than a sum over basis vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, product

from frechet.core.build import add
from frechet.core.dims import Shape
from frechet.core.ein import ein, is_zero
from frechet.core.node import Add, Ein, Factor, Map, Node, Number, Pick, Unit, pick, topological, unit
from frechet.equality.expand import expand
from frechet.language.tree import Tree
from frechet.notation.page import Page

LARGEST = 6


def has_units(node: Node) -> bool:
    """Whether entries were taken somewhere, and the result is small and of known size."""
    small = 0 < node.order <= 2 and all(isinstance(d, int) and d <= LARGEST for d in node.dims)
    return small and any(isinstance(n, Unit) for n in topological([node]))


def written_out(page: Page, node: Node, write: Callable[[Node], Tree]) -> Tree:
    """Every entry in its place; a whole variable where the entries are its own, in order."""
    lengths = [range(int(d)) for d in node.dims]
    whole = expand(node, inside=False)
    trees = [write(entry(whole, place)) for place in product(*lengths)]
    base = _same_base(page, trees, list(product(*lengths)))
    shape = Shape(*[(d,) for d in node.dims])
    if base is not None and base.typed == shape:
        return base
    size = (len(lengths[0]), len(lengths[1]) if node.order == 2 else 1)
    return page.make("matrix", trees, value=size, shape=shape)


def breaks(node: Node, axis: int) -> list[int]:
    """The places along an axis of known size at which parts and entries that were taken begin and end."""
    found = {0, int(node.dims[axis])}
    stack, seen = [(node, axis)], {(node, axis)}
    while stack:
        n, a = stack.pop()
        below: list[tuple[Node, int]] = []
        if isinstance(n, Unit):
            found |= {n.position, n.position + 1}
        elif isinstance(n, Pick) and a == 1:
            found |= {n.first, n.first + int(n.dims[0])}
        elif isinstance(n, Ein):
            below = [(f, k) for f, idx, _ in n.factors for k, i in enumerate(idx) if i == n.out[a]]
        elif isinstance(n, (Add, Map)):
            below = [(child, a) for child in n.children]
        stack += [place for place in below if place not in seen]
        seen.update(below)
    return sorted(found)


def has_parts(node: Node) -> bool:
    """Whether parts were taken somewhere, and the result is of known size."""
    known = 0 < node.order <= 2 and all(isinstance(d, int) for d in node.dims)
    return known and any(isinstance(n, Pick) for n in topological([node]))


def written_in_parts(page: Page, node: Node, write: Callable[[Node], Tree]) -> Tree | None:
    """The result as parts one after the other, [0; 2*x[2:4]; zeros(2)]; None where there are too many."""
    ends = [breaks(node, axis) for axis in range(node.order)]
    cuts = [list(pairwise(places)) for places in ends]
    if any(len(parts) > LARGEST for parts in cuts):
        return None
    whole = expand(node, inside=False)
    trees = []
    for place in product(*cuts):
        part = entry(whole, [start if stop - start == 1 else (start, stop) for start, stop in place])
        sides = [() if stop - start == 1 else (stop - start,) for start, stop in place]
        trees.append(_turned(page, write(part), Shape(*sides), part))
    size = (len(cuts[0]), len(cuts[1]) if node.order == 2 else 1)
    return page.make("matrix", trees, value=size, shape=Shape(*[(d,) for d in node.dims]))


def _turned(page: Page, tree: Tree, shape: Shape, part: Node) -> Tree:
    """A part as it stands in a matrix: a vector along its columns is a row; zeros of its shape."""
    if is_zero(part):
        return (
            page.zeros(shape)
            if not shape.is_row
            else page.call("zeros", [page.number(1), page.size(shape.cols)], shape)
        )
    return page.flip(tree) if shape.is_row and not tree.typed.is_row else tree


def entry(node: Node, place: Sequence[int | tuple[int, int]]) -> Node:
    """One entry of a node, as a scalar node; or a part of it, from one place to before another."""
    axes = tuple(range(node.order))
    kept = [a for a in axes if isinstance(place[a], tuple)]
    dims = dict(enumerate(node.dims))
    factors: list[Factor] = []
    out = {a: node.order + a for a in kept}
    for a, k in zip(axes, place, strict=True):
        if isinstance(k, tuple):
            dims[out[a]] = k[1] - k[0]
            if k[1] - k[0] == node.dims[a]:
                out[a] = a
            else:
                factors.append((pick(k[0], k[1] - k[0], node.dims[a]), (out[a], a), 1))
        else:
            factors.append((unit(k, node.dims[a]), (a,), 1))
    if isinstance(node, Add):
        terms: list[tuple[Number, Node]] = [(c, entry(n, place)) for c, n in node.terms]
        return add(terms, tuple(dims[i] for i in out.values()))
    used = {*axes, *out.values()}
    found = ein(1, [(node, axes, 1), *factors], tuple(out.values()), {i: d for i, d in dims.items() if i in used})
    if isinstance(node, Ein) and isinstance(found, Ein):
        return _without_sums(found)
    return found


def _without_sums(node: Ein) -> Node:
    """Entries of sums inside a product: their terms' entries."""
    expanded = expand(node, inside=False)
    return expanded if len(topological([expanded])) <= 3 * len(topological([node])) else node


def _same_base(page: Page, trees: list[Tree], places: list[tuple[int, ...]]) -> Tree | None:
    first = trees[0]
    if first.kind != "index":
        return None
    for tree, place in zip(trees, places, strict=True):
        if tree.kind != "index" or tree.args[0] is not first.args[0] or tree.value != tuple(k + 1 for k in place):
            return None
    return first.args[0]
