"""exp(Z)/sum(exp(Z)) and log(sum(exp(Z))) shifted by the largest entry of each row, so that nothing overflows.

The shift is exact algebra: it is made only where every use of exp(Z) and of its sum is unchanged by it, that is in
products where their exponents add up to zero, and in the logarithm of the sum, which gets the shift back.
"""

from __future__ import annotations

from collections.abc import Sequence

from frechet.core.build import add, apply_map, rebuild
from frechet.core.ein import ein
from frechet.core.node import Call, Ein, Map, Node, raw_call, topological
from frechet.core.operation import Operation, parse_signature
from frechet.ops import REGISTRY


class _Rule:
    """The largest entry along one axis, which `groups` holds; it takes no part in differentiation."""

    def rebuild(self, args: Sequence[Node], groups: Sequence[int]) -> Node:
        return largest(args[0], groups[0])


LARGEST = Operation("largest(X)", parse_signature("(m,n)->(m)"), "opaque", build=lambda X: X, rule=_Rule())


def largest(node: Node, axis: int) -> Call:
    """The largest entries of a node along an axis."""
    dims = tuple(d for k, d in enumerate(node.dims) if k != axis)
    return raw_call(LARGEST, (node,), (axis,), dims, False)


def shifted(roots: Sequence[Node]) -> list[Node]:
    """The roots with sums of exponentials in their stable form."""
    order = topological(roots)
    users: dict[Node, list[Node]] = {}
    for node in order:
        for child in node.children:
            users.setdefault(child, []).append(node)
    new: dict[Node, Node] = {}
    for node in order:
        found = _total(node)
        if found is None or node in roots or found[0] in roots:
            continue
        readers = {*users.get(node, ()), *users.get(found[0], ())}
        if all(_unchanged(u, found[0], node, found[1]) for u in readers):
            _plan_shift(new, found[0], node, found[1])
    if not new:
        return list(roots)
    for node in order:
        if node not in new:
            same = all(new[c] is c for c in node.children)
            new[node] = node if same else rebuild(node, [new[c] for c in node.children])
    return [new[r] for r in roots]


def _total(node: Node) -> tuple[Map, int] | None:
    """E and the axis summed, if the node is the sum of E = exp(Z) along one axis."""
    if not isinstance(node, Ein) or len(node.factors) != 1 or node.coef != 1 or node.order not in (0, 1):
        return None
    base, idx, e = node.factors[0]
    if not isinstance(base, Map) or base.operation.name != "exp" or e != 1 or len(set(idx)) != len(idx):
        return None
    gone = [k for k, i in enumerate(idx) if i not in node.out]
    return (base, gone[0]) if len(gone) == 1 and base.order == node.order + 1 else None


def _unchanged(user: Node, E: Map, S: Node, axis: int) -> bool:
    """Whether a node that uses exp(Z) or its sum keeps its value when both are divided by the same number per row."""
    if user is S or (isinstance(user, Map) and user.operation.name == "log" and user.children[0] is S):
        return True
    if not isinstance(user, Ein):
        return False
    balance: dict[tuple[int, ...], object] = {}
    for base, idx, e in user.factors:
        if base is E or base is S:
            row = idx if base is S else tuple(i for k, i in enumerate(idx) if k != axis)
            balance[row] = balance.get(row, 0) + e  # type: ignore[operator]
    return all(total == 0 for total in balance.values())


def _plan_shift(new: dict[Node, Node], E: Map, S: Node, axis: int) -> None:
    """exp(Z), its sum and the logarithm of the sum, after the shift."""
    Z = E.children[0]
    top = largest(Z, axis)
    n = tuple(range(Z.order))
    rows = tuple(k for k in n if k != axis)
    repeated = ein(1, [(top, rows, 1)], n, dict(enumerate(Z.dims)))
    shifted_exp = apply_map(REGISTRY["exp"], [add([(1, Z), (-1, repeated)], Z.dims)])
    total = ein(1, [(shifted_exp, n, 1)], rows, dict(enumerate(Z.dims)))
    new[E], new[S] = shifted_exp, total
    log = apply_map(REGISTRY["log"], [S])
    if isinstance(log, Map) and log.operation.name == "log":
        new[log] = add([(1, apply_map(REGISTRY["log"], [total])), (1, top)], S.dims)
