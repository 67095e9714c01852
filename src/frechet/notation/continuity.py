"""Jumps that another factor takes away: 3*x^2*sign(x), the derivative of abs(x)^3, is continuous at 0.

A sign(u) is harmless where every product that it stands in has a factor that vanishes with u, entry by entry. The
derivative is then continuous where u = 0, so the function is differentiable there, and the formula gives the value.
"""

from __future__ import annotations

from collections import defaultdict

from frechet.core.build import add, substitute
from frechet.core.ein import ein, is_zero, split_coef, zero
from frechet.core.node import Add, Call, Ein, Indices, Map, Node, Number, topological


def harmless(root: Node) -> frozenset[Node]:
    """The applications of sign below a node that make no jump of it."""
    nodes = topological([root])
    signs = [n for n in nodes if isinstance(n, Map) and n.operation.name == "sign" and n is not root]
    if not signs:
        return frozenset()
    above: dict[Node, list[Node]] = defaultdict(list)
    for node in nodes:
        for child in node.children:
            above[child].append(node)
    return frozenset(s for s in signs if all(_vanishes(p, s) for p in above[s]) or _cancels(s, above))


def _cancels(sign: Map, above: dict[Node, list[Node]]) -> bool:
    """Whether all that sign(u) is multiplied with, in one sum, vanishes together: sign(u)*exp(u) - sign(u)*exp(-u)."""
    products = [p for p in above[sign] if isinstance(p, Ein)]
    sums = {id(a): a for p in products for a in above[p]}
    whole = next(iter(sums.values()), None)
    if len(products) < len(above[sign]) or len(sums) != 1 or not isinstance(whole, Add):
        return False
    terms: list[tuple[Number, Node]] = []
    for coef, node in whole.terms:
        if isinstance(node, Ein) and node in products:
            others = [f for f in node.factors if f[0] is not sign]
            idx, e = next((idx, e) for base, idx, e in node.factors if base is sign)
            if len(others) != len(node.factors) - 1 or e != 1 or (idx and idx != node.out):
                return False
            terms.append((coef, ein(node.coef, others, node.out, dict(enumerate(node.index_dims)))))
    at = tuple(range(sign.order))
    return bool(terms) and _is_zero_with(add(terms, whole.dims), at, sign, at)


def _vanishes(product: Node, sign: Map) -> bool:
    """Whether a product has, beside each sign(u), a factor that is zero where u is."""
    if not isinstance(product, Ein):
        return False
    places = [idx for base, idx, e in product.factors if base is sign and e > 0]
    others = [(base, idx) for base, idx, e in product.factors if base is not sign and e > 0]
    return bool(places) and all(any(_is_zero_with(base, at, sign, idx) for base, at in others) for idx in places)


def _is_zero_with(factor: Node, at: Indices, sign: Map, idx: Indices) -> bool:
    """Whether the factor, read at `at`, is zero where the argument of the sign, read at `idx`, is."""
    argument = sign.children[0]
    if any(isinstance(n, (Map, Call)) and n.operation.jumps for n in topological([factor])):
        return False  # zero at the point, but not near it
    if argument.order and (at != idx or not _entrywise(factor, set(_roots(argument)))):
        return False
    nothing = {root: zero(root.dims) for root in _roots(argument)}
    return is_zero(substitute(factor, nothing.get))


def _roots(argument: Node) -> list[Node]:
    """What vanishes where the argument does: itself, what it is a multiple, a power or the relu of."""
    found = [argument]
    while True:
        node = split_coef(found[-1])[1]
        if isinstance(node, Map) and node.operation.name in ("relu", "abs"):
            node = node.children[0]
        elif isinstance(node, Ein) and len(node.factors) == 1:
            base, idx, e = node.factors[0]
            node = base if idx == node.out and e > 0 else node
        if node is found[-1]:
            return found
        found.append(node)


def _entrywise(factor: Node, roots: set[Node]) -> bool:
    """Whether an entry of the factor depends on the same entry of the roots alone."""
    dependent = set(roots)
    for node in topological([factor]):
        if node in roots or not any(c in dependent for c in node.children):
            continue
        dependent.add(node)
        if isinstance(node, Ein):
            if any(base in dependent and idx != node.out for base, idx, _ in node.factors) or node.contracts:
                return False
        elif not isinstance(node, (Map, Add)):
            return False
    return factor in dependent
