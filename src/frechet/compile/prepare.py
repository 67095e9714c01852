"""Algebra before code: stable forms, and what the terms of a sum share taken out of it.

X'*s - X'*y is X'*(s - y): one pass over X. exp(u)/sum(exp(u)) and log(sum(exp(u))) are shifted by max(u), so that
nothing overflows; 1 - sigmoid(u) is sigmoid(-u), which keeps its digits and its sign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

from frechet.compile.operators import connected
from frechet.compile.powers import with_common_power
from frechet.compile.stable import shifted
from frechet.compile.stable_rules import settled
from frechet.core.build import add, apply_map, rebuild
from frechet.core.ein import ein, is_symmetric, is_zero, scale, split_coef
from frechet.core.node import Add, Ein, Factor, Map, Node, Number, topological
from frechet.ops import REGISTRY

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
        new[node] = _improved(current, sizes, share)
    return [new[r] for r in roots]


def _improved(node: Node, sizes: Mapping[str, int], share: bool) -> Node:
    if isinstance(node, Ein):
        longer = distributed(node, _structured)
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
    stable = _complement(node)
    if stable is not None:
        return stable
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


def _structured(node: Ein, factor: Factor) -> bool:
    """A sum of order two, one of its axes summed, with a term that is diagonal or of rank one."""
    base, idx, _ = factor
    if not isinstance(base, Add) or base.order != 2 or set(idx) <= set(node.out):
        return False
    if idx[0] == idx[1]:
        return True  # of a sum only the diagonal is read
    return any(isinstance(n, Ein) and (n.out[0] == n.out[1] or _outer(n)) for _, n in base.terms)


def _outer(node: Ein) -> bool:
    """Rows and columns of a matrix that both have factors and that none connects."""
    group = connected(node.factors)
    return {*node.out} <= group.keys() and group[node.out[0]] != group[node.out[1]]


def _complement(node: Add) -> Node | None:
    """1 - sigmoid(u) = sigmoid(-u), and sigmoid(u) - 1 its negative."""
    if len(node.terms) != 2:
        return None
    for (c, one), (k, other) in (node.terms, node.terms[::-1]):
        value, core = split_coef(one)
        number = isinstance(core, Ein) and not core.factors and len(set(core.out)) == len(core.out)
        if number and c * value == -k and isinstance(other, Map) and other.operation.name == "sigmoid":
            return scale(apply_map(REGISTRY["sigmoid"], [scale(other.children[0], -1)]), -k)
    return None


def _as_product(coef: Number, node: Node) -> Ein | None:
    """A term as a product that says how its axes stand."""
    if isinstance(node, Ein):
        return None if is_zero(node) else node
    return None


def shared(node: Add, sizes: Mapping[str, int]) -> Node:
    """The sum with common factors of its terms taken out, the largest first."""
    terms: list[tuple[Number, Node]] = list(node.terms)
    while len(terms) > 1:
        best: tuple[float, int, int, Node] | None = None
        for a in range(len(terms)):
            for b in range(a + 1, len(terms)):
                found = _merged(terms[a], terms[b], sizes)
                if found is not None and (best is None or found[0] > best[0]):
                    best = (found[0], a, b, found[1])
        if best is None:
            break
        _, a, b, merged = best
        terms = [t for k, t in enumerate(terms) if k not in (a, b)] + [(1, merged)]
    return add(terms, node.dims) if len(terms) < len(node.terms) else node


def _merged(s: tuple[Number, Node], t: tuple[Number, Node], sizes: Mapping[str, int]) -> tuple[float, Node] | None:
    """The sum of two terms with what they share taken out, and how much that is."""
    a, b = _as_product(*s), _as_product(*t)
    if a is None or b is None or not _same_layout(a.out, b.out):
        return None
    match = _common(a, b)
    if match is None:
        return None
    places, name = match
    for some in (places, *({k: j for k, j in places.items() if k != gone} for gone in places)):
        found = _priced(s[0], a, t[0], b, some, name, sizes) if some else None
        if found is not None:
            return found
    return None


def _priced(
    c: Number, a: Ein, k: Number, b: Ein, places: dict[int, int], name: dict[int, int], sizes: Mapping[str, int]
) -> tuple[float, Node] | None:
    """The merged term and the number of entries of what was taken out."""
    weight = sum(prod(_length(d, sizes) for d in a.factors[p][0].dims) for p in places)
    scalar = len(a.out) == 2 and len(places) == len(_scalars(a)) == len(_scalars(b))
    if not any(a.factors[p][1] for p in places) and not scalar:
        return None
    node = _taken_out(c, a, k, b, places, name, sizes)
    return None if node is None else (float(weight), node)


def _scalars(node: Ein) -> list[object]:
    return [f for f in node.factors if not f[1]]


def _length(dim: object, sizes: Mapping[str, int]) -> int:
    return dim if isinstance(dim, int) else sizes[str(dim)]


def _same_layout(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return [a.index(i) for i in a] == [b.index(i) for i in b]


def _common(a: Ein, b: Ein) -> tuple[dict[int, int], dict[int, int]] | None:
    """Equal factors of two products (place in a -> place in b) and how the indices correspond."""
    name = dict(zip(a.out, b.out, strict=True))
    places: dict[int, int] = {}
    progress = True
    while progress:
        progress = False
        for k, (n, idx, e) in enumerate(a.factors):
            if k in places:
                continue
            for j, (other, other_idx, other_e) in enumerate(b.factors):
                if other is not n or other_e != e or j in places.values():
                    continue
                new = _extended(name, idx, other_idx, attached=bool(set(idx) & set(name)) or not idx)
                if new is None and n.order == 2 and is_symmetric(n):
                    new = _extended(name, idx, other_idx[::-1], attached=bool(set(idx) & set(name)))
                if new is not None:
                    name, places[k], progress = new, j, True
                    break
    return (places, name) if places else None


def _extended(name: dict[int, int], idx: Sequence[int], other: Sequence[int], attached: bool) -> dict[int, int] | None:
    """The correspondence with idx -> other added, if it stays one to one."""
    if not attached:
        return None
    new = dict(name)
    for i, j in zip(idx, other, strict=True):
        if new.setdefault(i, j) != j:
            return None
    return new if len(set(new.values())) == len(new) else None


def _taken_out(
    c: Number, a: Ein, k: Number, b: Ein, places: dict[int, int], name: dict[int, int], sizes: Mapping[str, int]
) -> Node | None:
    tied = {i for p in places for i in a.factors[p][1]} | set(a.out)
    name = {i: j for i, j in name.items() if i in tied}
    rest_a = [f for p, f in enumerate(a.factors) if p not in places]
    rest_b = [f for p, f in enumerate(b.factors) if p not in places.values()]
    taken = [a.factors[p] for p in places]
    back = {j: i for i, j in name.items()}
    outer = set(a.out) | {i for f in taken for i in f[1]}
    in_a = {i for f in rest_a for i in f[1]}
    in_b = {back[j] for f in rest_b for j in f[1] if j in back}
    links = sorted(outer & (in_a | in_b))
    covered = {i for f in taken for i in f[1]}
    largest = max([prod(_length(d, sizes) for d in f[0].dims) for f in (*rest_a, *rest_b)], default=1)
    entrywise = set(links) <= set(a.out) and any(set(links) <= set(f[1]) for f in taken)
    if prod(_length(a.index_dims[i], sizes) for i in links) > largest and not entrywise:
        return None  # what is left would be an array larger than anything it is made of
    if not set(a.out) <= covered | set(links):
        return None  # an output axis along which both rests and the shared part only repeat
    sums_a = {i for i in range(len(a.index_dims)) if i not in links and i in in_a}
    sums_b = {j for j in range(len(b.index_dims)) if j not in back and any(j in f[1] for f in rest_b)}
    dims_a = {i: a.index_dims[i] for i in (*links, *sums_a)}
    dims_b = {**{name[i]: a.index_dims[i] for i in links}, **{j: b.index_dims[j] for j in sums_b}}
    first = ein(c * a.coef, rest_a, links, dims_a)
    second = ein(k * b.coef, rest_b, [name[i] for i in links], dims_b)
    inner = with_common_power(add([(1, first), (1, second)], first.dims))
    coef, core = split_coef(inner)
    if isinstance(core, Add):
        inner = scale(shared(core, sizes), coef)
    dims = {i: a.index_dims[i] for i in {*a.out, *covered}}
    return ein(1, [*taken, (inner, tuple(links), 1)], a.out, dims)
