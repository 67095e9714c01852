"""Reverse mode: the adjoint of every node, once over the graph.

The adjoint of a node has the axes of the root followed by the node's own. In a product it is the product with one
factor dropped, whose indices become part of the output; repeated and lonely output indices need no special case, so
diagonals, traces and constants differentiate by the same line.
"""

from __future__ import annotations

from frechet.calculus.choices import extended, settled
from frechet.core.build import add
from frechet.core.dims import Size as Dims
from frechet.core.ein import ein, is_zero, zero
from frechet.core.node import Add, Call, Ein, Map, Node, Number, depends_on, topological, var
from frechet.ops.op import has_adjoint, partial_derivative, pullback, pushforward

Terms = list[tuple[Number, Node]]


def reverse(root: Node, variable: Node) -> Node:
    """The derivative of root by a variable: axes of the root, then of the variable."""
    if root is not variable and not depends_on(root, variable):
        return zero(root.dims + variable.dims)
    known = extended(root)
    n = tuple(range(root.order))
    pulled = _pulled(known, variable, ein(1, [], n + n, dict(enumerate(root.dims))), root.dims)
    return pulled if known is root else settled(pulled)


def _pulled(root: Node, variable: Node, seed: Node, front: Dims) -> Node:
    """The adjoint `seed` of the root, axes `front` and then those of the root, pulled back to a variable."""
    r = len(front)
    order = topological([root])
    inside = {variable}
    for node in order:
        if any(c in inside for c in node.children):
            inside.add(node)
    incoming: dict[Node, Terms] = {root: [(1, seed)]}
    for node in reversed(order):
        terms = incoming.pop(node, None)
        if terms is None or node not in inside:
            continue
        adjoint = add(terms, front + node.dims)
        if node is variable:
            return adjoint
        if not is_zero(adjoint):
            for child, coef, term in _contributions(node, adjoint, r, inside):
                incoming.setdefault(child, []).append((coef, term))
    return zero(front + variable.dims)


def _contributions(node: Node, adjoint: Node, r: int, inside: set[Node]) -> list[tuple[Node, Number, Node]]:
    """What the adjoint of a node gives to the adjoints of its children."""
    if isinstance(node, Add):
        return [(n, c, adjoint) for c, n in node.terms if n in inside]
    if isinstance(node, Ein):
        places = [k for k, f in enumerate(node.factors) if f[0] in inside]
        return [(node.factors[k][0], 1, _product_adjoint(node, adjoint, r, k)) for k in places]
    places = [k for k, a in enumerate(node.children) if a in inside]
    if isinstance(node, Map):
        return [(node.children[k], 1, _map_adjoint(node, adjoint, r, k)) for k in places]
    assert isinstance(node, Call)
    return [(node.children[k], c, t) for k in places for c, t in _call_adjoint(node, adjoint, r, k)]


def _product_adjoint(node: Ein, adjoint: Node, r: int, place: int) -> Node:
    base, idx, e = node.factors[place]
    shift = len(node.index_dims)
    root_idx = tuple(range(shift, shift + r))
    dims = dict(enumerate(node.index_dims + adjoint.dims[:r]))
    others = [f for k, f in enumerate(node.factors) if k != place]
    factors = [(adjoint, root_idx + node.out, 1), *others, (base, idx, e - 1)]
    return ein(node.coef * e, factors, root_idx + idx, dims)


def _map_adjoint(node: Map, adjoint: Node, r: int, place: int) -> Node:
    n = tuple(range(r + node.order))
    slope = partial_derivative(node, place)
    return ein(1, [(adjoint, n, 1), (slope, n[r:], 1)], n, dict(enumerate(adjoint.dims)))


def _call_adjoint(node: Call, adjoint: Node, r: int, place: int) -> Terms:
    """The adjoint of the pushforward: contract it with the adjoint and take the tangent out, term by term."""
    if has_adjoint(node, place):
        return [(1, pullback(node, place, adjoint, r))]
    argument = node.children[place]
    tangent = var("tangent", argument.dims, role="tangent")
    pushed = pushforward(node, place, tangent)
    if not depends_on(pushed, tangent):
        return []
    if _hides(pushed, tangent):
        return [(1, _pulled(pushed, tangent, adjoint, adjoint.dims[:r]))]
    slope = reverse(pushed, tangent)
    n, m = len(node.dims), argument.order
    a, b, c = tuple(range(r)), tuple(range(r, r + n)), tuple(range(r + n, r + n + m))
    dims = dict(enumerate(adjoint.dims + argument.dims))
    terms = slope.terms if isinstance(slope, Add) else ((1, slope),)
    return [(k, ein(1, [(adjoint, a + b, 1), (t, b + c, 1)], a + c, dims)) for k, t in terms]


def _hides(pushed: Node, tangent: Node) -> bool:
    """Whether the tangent stands inside an opaque operation: then there is no slope to read off."""
    inside = {tangent}
    for node in topological([pushed]):
        if any(c in inside for c in node.children):
            if isinstance(node, Call):
                return True
            inside.add(node)
    return False
