"""Sums of products that differ by a power of a sum: 1/sqrt(1 + u) - u/(1 + u)^(3/2) is (1 + u)^(-3/2).

The difference on the left loses every digit where u is large; it is what the chain rule makes of sqrt(1 + u).
"""

from __future__ import annotations

from frechet.core.build import add
from frechet.core.ein import ein, scale, split_coef
from frechet.core.node import Add, Ein, Factor, Node, Number


def with_common_power(node: Node) -> Node:
    """A sum of two entrywise products with powers of the same sum that differ by one, as one power times a shorter sum;
    any other node as it is."""
    coef, core = split_coef(node)
    if coef != 1:
        short = with_common_power(core)
        return node if short is core else scale(short, coef)
    if not isinstance(node, Add) or len(node.terms) != 2:
        return node
    (c, a), (k, b) = node.terms
    if not (isinstance(a, Ein) and isinstance(b, Ein)) or a.contracts or b.contracts:
        return node
    places = dict(zip(a.out, b.out, strict=True))
    if len(places) < node.order or len(set(places.values())) < node.order:
        return node
    for base, idx, p in a.factors:
        if isinstance(base, Add) and all(i in places for i in idx):
            there = tuple(places[i] for i in idx)
            for other, at, q in b.factors:
                if other is base and at == there and abs(p - q) == 1:
                    made = _merged((c, a, (base, idx, p)), (k, b, (base, at, q)), node)
                    return node if made is None else made
    return node


def _merged(s: tuple[Number, Ein, Factor], t: tuple[Number, Ein, Factor], node: Add) -> Node | None:
    """base^low * (higher term multiplied out + lower term), if that sum is shorter than what it is made of."""
    high, low = (s, t) if s[2][2] > t[2][2] else (t, s)
    base, idx, _ = high[2]
    assert isinstance(base, Add)
    terms = [(high[0], _without(high[1], high[2], [(n, idx, 1)], c)) for c, n in base.terms]
    inner = add([*terms, (low[0], _without(low[1], low[2], [], 1))], node.dims)
    if isinstance(inner, Add) and len(inner.terms) > len(base.terms):
        return None
    whole = tuple(range(node.order))
    at = tuple(low[1].out.index(i) for i in low[2][1])
    return ein(1, [(inner, whole, 1), (base, at, low[2][2])], whole, dict(enumerate(node.dims)))


def _without(node: Ein, gone: Factor, more: list[Factor], coef: Number) -> Node:
    rest = [f for f in node.factors if f is not gone and f != gone]
    return ein(node.coef * coef, [*rest, *more], node.out, dict(enumerate(node.index_dims)))
