"""Sums of centred values are zero: sum(x - mean(x)*ones(n)) = 0, wherever such a sum stands in a product."""

from __future__ import annotations

from frechet.core.build import add
from frechet.core.ein import ein, is_zero
from frechet.core.node import Add, Ein, Node, Number, topological
from frechet.equality.expand import _bottom_up

DEEP = 3


def centred(root: Node) -> Node:
    """The node with each sum over entries taken of the terms, where some of them vanish."""
    if not any(isinstance(n, Add) and any(_flat(n, axis, 1) for axis in range(n.order)) for n in topological([root])):
        return root
    return _taken(root, DEEP)


def _taken(root: Node, depth: int) -> Node:
    return _bottom_up(root, lambda node: _summed(node, depth), True) if depth else root


def _flat(node: Node, axis: int, depth: int = DEEP) -> bool:
    """Whether a sum has a term that is the same all along an axis, or has a factor there that has."""
    for _, term in node.terms if isinstance(node, Add) else [(1, node)]:
        if isinstance(term, Add) and depth > 1 and _flat(term, axis, depth - 1):
            return True
        if isinstance(term, Ein):
            i = term.out[axis]
            own = [(n, k) for n, idx, e in term.factors if e == 1 for k, j in enumerate(idx) if j == i]
            if not own and isinstance(node, Add):
                return True
            if depth > 1 and any(isinstance(n, Add) and _flat(n, k, depth - 1) for n, k in own):
                return True
    return False


def _summed(node: Node, depth: int) -> Node:
    """A product with one such sum replaced."""
    if not isinstance(node, Ein) or not node.contracts:
        return node
    for place, (base, idx, e) in enumerate(node.factors):
        if not isinstance(base, Add) or e != 1:
            continue
        rest = node.factors[:place] + node.factors[place + 1 :]
        used = {i for _, x, _ in rest for i in x} | set(node.out)
        axes = [k for k, i in enumerate(idx) if i not in used and idx.count(i) == 1]
        if not any(_flat(base, k) for k in axes):
            continue
        kept = tuple(k for k in range(base.order) if k not in axes)
        whole, dims = tuple(range(base.order)), dict(enumerate(base.dims))
        parts: list[tuple[Number, Node]] = [
            (c, _taken(ein(1, [(t, whole, 1)], kept, dims), depth - 1)) for c, t in base.terms
        ]
        total = add(parts, tuple(base.dims[k] for k in kept))
        if is_zero(total) or any(is_zero(t) for _, t in parts):
            outer = {i: d for i, d in enumerate(node.index_dims) if i in used or i in {idx[k] for k in kept}}
            return ein(node.coef, [*rest, (total, tuple(idx[k] for k in kept), 1)], node.out, outer)
    return node
