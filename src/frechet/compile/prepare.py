"""Algebra before code: stable forms, and what the terms of a sum share taken out of it.

X'*s - X'*y is X'*(s - y): one pass over X. exp(u)/sum(exp(u)) and log(sum(exp(u))) are shifted by max(u), so that
nothing overflows; 1 - sigmoid(u) is sigmoid(-u), which keeps its digits and its sign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from frechet.compile.sharing import is_inverse, shared
from frechet.compile.stable.powers import with_common_power
from frechet.compile.stable.rules import settled
from frechet.compile.stable.shifts import shifted
from frechet.compile.structured.operators import connected
from frechet.core.build import add, rebuild
from frechet.core.dims import size_value
from frechet.core.ein import ein
from frechet.core.node import Add, Ein, Factor, Node, Number, topological

# Sums longer than this are not searched for common factors: every pair of terms is looked at.
LONGEST = 24


def opened(roots: Sequence[Node]) -> list[Node]:
    """The roots with every short sum in a product multiplied out where that ends at a smaller array:
    T*V - U*(V'*V) for (T - U*V')*V."""

    def smaller(node: Ein, factor: Factor) -> bool:
        return not set(factor[1]) <= set(node.out) and any(
            isinstance(n, Ein) and n.contracts for _, n in _sum_terms(factor[0])
        )

    new: dict[Node, Node] = {}
    for node in topological(roots):
        same = all(new[c] is c for c in node.children)
        current = node if same else rebuild(node, [new[c] for c in node.children])
        new[node] = distributed(current, smaller) if isinstance(current, Ein) else current
    return [new[r] for r in roots]


def _sum_terms(node: Node) -> Sequence[tuple[Number, Node]]:
    return node.terms if isinstance(node, Add) else ()


def prepared(roots: Sequence[Node], sizes: Mapping[str, int], *, share: bool = True) -> list[Node]:
    """The same values, better arranged for code; without `share`, sums stay multiplied out."""
    roots = settled(shifted(roots))
    new: dict[Node, Node] = {}
    for node in topological(roots):
        same = all(new[c] is c for c in node.children)
        current = node if same else rebuild(node, [new[c] for c in node.children])
        if isinstance(node, Add) and isinstance(current, Ein):  # the sum in another orientation, or times a number
            parts = [_improved(n, sizes, share) if isinstance(n, Add) else n for n in current.children]
            current = rebuild(current, parts)
        new[node] = _improved(current, sizes, share)
    return [new[r] for r in roots]


def _improved(node: Node, sizes: Mapping[str, int], share: bool) -> Node:
    if isinstance(node, Ein):
        longer = distributed(node, lambda product, factor: _structured(product, factor, sizes))
        if not share or longer is node:
            return longer
        if isinstance(longer, Add):
            return shared(longer, sizes)
        if isinstance(longer, Ein):  # the sum in another orientation, or times a number
            inner = [shared(n, sizes) if isinstance(n, Add) else n for n in longer.children]
            return rebuild(longer, inner)
        return longer
    if not isinstance(node, Add):
        return node
    short = with_common_power(node)
    if short is not node:
        return short
    return shared(node, sizes) if share and len(node.terms) <= LONGEST else node


def distributed(node: Ein, chosen: Callable[[Ein, Factor], bool]) -> Node:
    """The product with its chosen sums multiplied out: diag(p)*A - p*(p'*A) for (diag(p) - p*p')*A."""
    for k, (base, idx, e) in enumerate(node.factors):
        if isinstance(base, Add) and e == 1 and len(base.terms) <= 4 and chosen(node, node.factors[k]):
            others = [f for j, f in enumerate(node.factors) if j != k]
            dims = dict(enumerate(node.index_dims))
            terms = [(c, ein(node.coef, [*others, (n, idx, 1)], node.out, dims)) for c, n in base.terms]
            return add([(c, distributed(n, chosen) if isinstance(n, Ein) else n) for c, n in terms], node.dims)
    return node


def _structured(node: Ein, factor: Factor, sizes: Mapping[str, int]) -> bool:
    """A sum of order two, one of its axes summed, with a term that is diagonal, of rank one, or an inverse that few
    columns are solved for."""
    base, idx, _ = factor
    if not isinstance(base, Add) or base.order != 2 or set(idx) <= set(node.out):
        return False
    if idx[0] == idx[1]:
        return True  # of a sum only the diagonal is read
    if any(isinstance(n, Ein) and (n.out[0] == n.out[1] or _outer(n)) for _, n in base.terms):
        return True
    return any(is_inverse(n) for _, n in base.terms) and _few_columns(node, factor, sizes)


def _few_columns(node: Ein, factor: Factor, sizes: Mapping[str, int]) -> bool:
    """Whether a matrix in a product stands beside one with less than half as many columns, or a vector."""
    base, idx, _ = factor
    size = size_value(base.dims[:1], sizes)
    for i in set(idx) - {*node.out}:
        beside = [f for f in node.factors if f is not factor and i in f[1]]
        others = {k for f in beside for k in f[1]} - {i}
        if beside and 2 * size_value(tuple(node.index_dims[k] for k in others), sizes) <= size:
            return True
    return False


def _outer(node: Ein) -> bool:
    """Rows and columns of a matrix that both have factors and that none connects."""
    group = connected(node.factors)
    return {*node.out} <= group.keys() and group[node.out[0]] != group[node.out[1]]
