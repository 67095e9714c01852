"""Small results with unit vectors, written out: [2*z[1] - z[2]; -z[1]] rather than a sum over basis vectors."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from frechet.core.build import add
from frechet.core.dims import Shape
from frechet.core.ein import ein
from frechet.core.node import Add, Ein, Factor, Node, Number, Unit, topological, unit
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


def entry(node: Node, place: tuple[int, ...]) -> Node:
    """One entry of a node, as a scalar node."""
    if isinstance(node, Add):
        terms: list[tuple[Number, Node]] = [(c, entry(n, place)) for c, n in node.terms]
        return add(terms, ())
    axes = tuple(range(node.order))
    units: list[Factor] = [(unit(k, node.dims[a]), (a,), 1) for a, k in zip(axes, place, strict=True)]
    found = ein(1, [(node, axes, 1), *units], (), dict(enumerate(node.dims)))
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
