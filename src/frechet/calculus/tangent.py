"""The tangent pass: the tangent of every node for a tangent of one variable.

One rule for products (each factor in turn), one for sums, the chain rule for applications. The result is linear in
the direction, and the direction stays bound: H[V] of a deep network never holds a node of order above two.
"""

from __future__ import annotations

from frechet.core.build import add
from frechet.core.ein import ein, is_zero, zero
from frechet.core.node import Add, Call, Ein, Map, Node, Number, topological
from frechet.ops.op import partial_derivative, pushforward


def tangent_of(root: Node, variable: Node, direction: Node) -> Node:
    """D root [direction] by `variable`: a node of the dims of root, linear in the direction."""
    tangent: dict[Node, Node] = {variable: direction}
    for node in topological([root]):
        if node not in tangent and any(c in tangent for c in node.children):
            terms = [t for t in _terms(node, tangent) if not is_zero(t[1])]
            if terms:
                tangent[node] = add(terms, node.dims)
    return tangent.get(root, zero(root.dims))


def _terms(node: Node, tangent: dict[Node, Node]) -> list[tuple[Number, Node]]:
    if isinstance(node, Add):
        return [(c, tangent[n]) for c, n in node.terms if n in tangent]
    if isinstance(node, Ein):
        return [(1, _product_term(node, k, tangent)) for k, f in enumerate(node.factors) if f[0] in tangent]
    if isinstance(node, Map):
        n = tuple(range(node.order))
        dims = dict(enumerate(node.dims))
        return [
            (1, ein(1, [(partial_derivative(node, k), n, 1), (tangent[a], n, 1)], n, dims))
            for k, a in enumerate(node.children)
            if a in tangent
        ]
    assert isinstance(node, Call)
    return [(1, pushforward(node, k, tangent[a])) for k, a in enumerate(node.children) if a in tangent]


def _product_term(node: Ein, place: int, tangent: dict[Node, Node]) -> Node:
    """The product rule for one factor: e * base^(e-1) * tangent in its place."""
    base, idx, e = node.factors[place]
    others = [f for k, f in enumerate(node.factors) if k != place]
    factors = [*others, (base, idx, e - 1), (tangent[base], idx, 1)]
    return ein(node.coef * e, factors, node.out, dict(enumerate(node.index_dims)))
