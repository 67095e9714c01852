"""Inverses and determinants of a diagonal plus low rank, through a matrix of the size of the rank.

K = D + U*V' with E = inv(D)*U and S = I + V'*E gives inv(K) = inv(D) - E*inv(S)*V'*inv(D) (Woodbury) and
logdet(K) = logdet(D) + logdet(S) (Sylvester). Where the diagonal is c*I, this loses no more digits than K itself would,
whose condition is the norm of S. Where its entries differ, K may be well conditioned and V'*E large: see `Short.loss`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frechet.compile.prepare import distributed
from frechet.compile.stable.functions import detsign
from frechet.compile.stable.rewriting import apply
from frechet.compile.structured.operators import connected, multiple_of_identity, parts_of
from frechet.core.build import add, rebuild, substitute
from frechet.core.dims import Dim
from frechet.core.ein import constant, ein
from frechet.core.node import Add, Call, Ein, Factor, Node, Number, topological
from frechet.core.tensor import Tensor
from frechet.ops.inverse import inv, logdet

# The largest loss that is borne, in double and in single precision: a million roundings.
BOUND, BOUND_SINGLE = 1e6, 1e2
OPERATIONS = ("inv", "logdet", "detsign")


@dataclass(frozen=True, slots=True)
class Short:
    """Nodes without the large matrices, and the number by which roundings grow in them."""

    nodes: tuple[Node, ...]
    loss: Node


def shortened(roots: Sequence[Node], sizes: Mapping[str, int]) -> Short | None:
    """The roots with such inverses and determinants taken through small matrices, or None where there are none."""
    order = topological(roots)
    found: dict[Node, _Split] = {}
    for node in order:
        if isinstance(node, Call) and node.operation.name in OPERATIONS and node.children[0] not in found:
            split = _split(node.children[0], sizes)
            if split is not None:
                found[node.children[0]] = split
    if not found:
        return None
    roots = [_distributed(r, found) for r in roots]
    new: dict[Node, Node] = {}
    for node in topological(roots):
        split = found.get(node.children[0]) if isinstance(node, Call) and node.operation.name in OPERATIONS else None
        if split is not None and isinstance(node, Call):
            new[node] = split.of(node.operation.name)
            continue
        current = _products(node, found) if isinstance(node, Ein) else node
        children = {c: new[c] if c in new else substitute(c, new.get) for c in current.children}
        same = all(children[c] is c for c in current.children)
        new[node] = current if same else rebuild(current, [children[c] for c in current.children])
    return Short(tuple(new[r] for r in roots), add([(1, s.loss) for s in found.values()], ()))


def _distributed(root: Node, found: Mapping[Node, _Split]) -> Node:
    """The root with products multiplied out whose factors are sums that have such an inverse as a term."""

    def chosen(_: Ein, factor: Factor) -> bool:
        return factor[0].order == 2 and any(_has_inverse(n, found) for _, n in _terms(factor[0]))

    new: dict[Node, Node] = {}
    for node in topological([root]):
        same = all(new[c] is c for c in node.children)
        current = node if same else rebuild(node, [new[c] for c in node.children])
        new[node] = distributed(current, chosen) if isinstance(current, Ein) else current
    return new[root]


def _has_inverse(node: Node, found: Mapping[Node, _Split]) -> bool:
    factors = node.factors if isinstance(node, Ein) else ((node, (), 1),)
    return any(isinstance(n, Call) and n.operation.name == "inv" and n.children[0] in found for n, _, _ in factors)


def _inside(node: Node, new: Mapping[Node, Node]) -> Node:
    """A node made here, with what stands in it replaced."""
    return substitute(node, new.get)


def _split(matrix: Node, sizes: Mapping[str, int]) -> _Split | None:
    """The diagonal and the part of low rank of a sum that is nothing else."""
    if not isinstance(matrix, Add) or matrix.order != 2:
        return None
    parts = sorted(parts_of(matrix, 1, sizes), key=lambda p: p.kind)
    if [p.kind for p in parts] != ["Diagonal", "LowRank"]:
        return None
    (d,), (U, V) = (p.nodes for p in parts)
    assert d is not None and U is not None and V is not None
    if U.order == 1:
        U, V = (ein(1, [(u, (0,), 1)], (0, 1), {0: u.dims[0], 1: 1}) for u in (U, V))
    return _Split(d, U, V, multiple_of_identity(parts[0]) is not None)


class _Split:
    """diag(d) + U*V' and what is made of it: E = inv(D)*U, F = inv(D)*V, S = I + V'*E."""

    def __init__(self, d: Node, U: Node, V: Node, uniform: bool) -> None:
        self.d, self.U, self.V = d, U, V
        n, k = U.dims
        both = {0: n, 1: k}
        self.E, self.F = (ein(1, [(d, (0,), -1), (X, (0, 1), 1)], (0, 1), both) for X in (U, V))
        inner = ein(1, [(V, (2, 0), 1), (self.E, (2, 1), 1)], (0, 1), {0: k, 1: k, 2: n})
        small = add([(1, ein(1, [], (0, 0), {0: k})), (1, inner)], (k, k))
        self.S = Tensor(small, ((k,), (k,)))
        entries = apply("abs", ein(1, [(V, (0, 1), 1), (self.E, (0, 1), 1)], (0, 1), both))
        below = add([(1, constant(1, (n,))), (-1, apply("sign", d))], (n,))  # not zero where d is not positive
        size, wrong = ein(1, [(entries, (0, 1), 1)], (), both), ein(1, [(below, (0,), 1)], (), {0: n})
        self.loss = add([(0 if uniform else 1, size), (10 * int(BOUND), wrong)], ())

    def of(self, name: str) -> Node:
        """inv, logdet or detsign of the matrix, where d is positive."""
        if name == "detsign":
            return detsign(self.S).node
        n, k = self.E.dims
        if name == "logdet":
            return add([(1, ein(1, [(apply("log", self.d), (0,), 1)], (), {0: n})), (1, logdet(self.S).node)], ())
        less = ein(1, self.less(0, 1, 2, 3), (0, 1), {0: n, 1: n, 2: k, 3: k})
        return add([(1, ein(1, [(self.d, (0,), -1)], (0, 0), {0: n})), (-1, less)], (n, n))

    def less(self, i: int, j: int, p: int, q: int) -> list[Factor]:
        """E*inv(S)*F' with these indices, which inv(D) has more than inv(K)."""
        return [(self.E, (i, p), 1), (inv(self.S).node, (p, q), 1), (self.F, (j, q), 1)]


def _products(node: Ein, found: Mapping[Node, _Split]) -> Node:
    """A product with such inverses multiplied out; what an inverse is applied to makes a product of its own."""
    at = [f for f in node.factors if isinstance(f[0], Call) and f[0].operation.name == "inv"
          and f[0].children[0] in found and (f[2] == 1 or (f[2] == 2 and not set(f[1]) <= set(node.out)))]  # fmt: skip
    dims = dict(enumerate(node.index_dims))
    for f in (f for f in at if f[2] == 1):
        split = found[f[0].children[0]]
        for side in (0, 1):
            applied = _applied(node, f, side)
            if applied:
                inner, rest, free = applied
                kept = f[1][1 - side]
                made = _solved(split, inner, f[1][side], kept, free, side, dims)
                made = add([(c, _products(n, found) if isinstance(n, Ein) else n) for c, n in _terms(made)], made.dims)
                return _products_of(node, [*rest, (made, (kept, *free), 1)], found)
    if not at or len(at) > 2:
        return node
    (inverse, (i, j), e), split = at[0], found[at[0][0].children[0]]
    rest = [f for f in node.factors if f is not at[0]] + [(inverse, (i, j), 1)] * (e == 2)
    k, new = split.E.dims[1], len(dims)
    more = {**dims, new: k, new + 1: k}
    first = _tied(node, split, i, j, rest, dims)
    second = ein(node.coef, [*split.less(i, j, new, new + 1), *rest], node.out, more)
    terms = [(c, _products(n, found) if isinstance(n, Ein) else n) for c, n in ((1, first), (-1, second))]
    return add(terms, node.dims)


def _tied(node: Ein, split: _Split, i: int, j: int, rest: Sequence[Factor], dims: Mapping[int, Dim]) -> Node:
    """The product with inv(D) on the indices i and j: they are one."""

    def one(idx: Sequence[int]) -> tuple[int, ...]:
        return tuple(i if x == j else x for x in idx)

    factors = [(split.d, (i,), -1), *((n, one(idx), e) for n, idx, e in rest)]
    return ein(node.coef, factors, one(node.out), {x: d for x, d in dims.items() if x != j or i == j})


def _products_of(node: Ein, factors: Sequence[Factor], found: Mapping[Node, _Split]) -> Node:
    used = {i for f in factors for i in f[1]} | set(node.out)
    made = ein(node.coef, factors, node.out, {i: node.index_dims[i] for i in used})
    return _products(made, found) if isinstance(made, Ein) else made


def _terms(node: Node) -> Sequence[tuple[Number, Node]]:
    return node.terms if isinstance(node, Add) else ((1, node),)


def _applied(node: Ein, f: Factor, side: int) -> tuple[list[Factor], list[Factor], list[int]] | None:
    """The factors that an inverse is applied to on this side, the other factors, and the indices that both have."""
    summed, kept = f[1][side], f[1][1 - side]
    others = [g for g in node.factors if g is not f]
    group = connected(others, frozenset((kept,)))
    if summed == kept or summed in node.out or summed not in group:
        return None
    inner = [g for g in others if any(group.get(i) == group[summed] for i in g[1] if i != kept)]
    if any(kept in g[1] for g in inner):
        return None
    rest = [g for g in others if g not in inner]
    outside = {i for g in rest for i in g[1]} | set(node.out)
    free = sorted({i for g in inner for i in g[1]} & outside)
    return inner, rest, free


def _solved(
    split: _Split, inner: Sequence[Factor], summed: int, kept: int, free: Sequence[int], side: int,
    dims: Mapping[int, Dim],
) -> Node:  # fmt: skip
    """inv(K)*M, or M'*inv(K) for side 0, axes kept and free; inv(K)*U is E*inv(S)."""
    k, p, q = split.E.dims[1], len(dims), len(dims) + 1
    mine = {i: dims[i] for i in {kept, *(i for g in inner for i in g[1])}}
    whole = (kept, *free)
    own, thin = (split.U, split.E) if side else (split.V, split.F)
    if len(inner) == 1 and inner[0][0] is own and inner[0][2] == 1 and inner[0][1][0] == summed:
        column = inner[0][1][1]
        pair = (p, column) if side else (column, p)
        factors: list[Factor] = [(thin, (kept, p), 1), (inv(split.S).node, pair, 1)]
        return ein(1, factors, whole, {kept: dims[kept], column: k, p: k})
    tied = [(n, tuple(kept if i == summed else i for i in idx), e) for n, idx, e in inner]
    first = ein(1, [(split.d, (kept,), -1), *tied], whole, {i: d for i, d in mine.items() if i != summed})
    i, j = (kept, summed) if side else (summed, kept)
    second = ein(1, [*split.less(i, j, p, q), *inner], whole, {**mine, p: k, q: k})
    return add([(1, first), (-1, second)], first.dims)
