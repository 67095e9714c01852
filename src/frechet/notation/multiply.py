"""Multiplying out one sum of a product."""

from __future__ import annotations

from frechet.core.build import add
from frechet.core.ein import ein
from frechet.core.node import Add, Ein, Node, Number

# How many products a sum inside a product may be multiplied out to, to make it writable.
EXPAND_LIMIT = 40


def expand_once(node: Ein) -> Node | None:
    """The product with one of its sums multiplied out: the one of highest order; None if there is none."""
    sums = [(k, f) for k, f in enumerate(node.factors) if isinstance(f[0], Add) and f[2] in (1, 2)]
    if not sums:
        return None
    place, (base, idx, e) = max(sums, key=lambda s: s[1][0].order)
    assert isinstance(base, Add)
    if len(base.terms) > EXPAND_LIMIT:
        return None
    others = [f for k, f in enumerate(node.factors) if k != place] + ([(base, idx, e - 1)] if e != 1 else [])
    dims = dict(enumerate(node.index_dims))
    terms: list[tuple[Number, Node]] = [
        (c, ein(node.coef, [*others, (n, idx, 1)], node.out, dims)) for c, n in base.terms
    ]
    return add(terms, node.dims)
