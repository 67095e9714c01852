"""What the terms of a sum share, taken out of it: X'*(s - y) for X'*s - X'*y, one pass over X.

A sum of chains that begin alike becomes one chain with sums inside, as in Horner's rule; so the second derivative along
a direction goes through the layers of a network once, as reverse mode does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod

from frechet.compile.program import NARROW
from frechet.compile.stable.powers import with_common_power
from frechet.compile.structured.operators import connected
from frechet.core.build import add
from frechet.core.dims import size_value
from frechet.core.ein import ein, is_symmetric, is_zero, scale, split_coef
from frechet.core.node import Add, Call, Ein, Factor, Node, Number

Places = Mapping[int, int]
Term = tuple[Number, Node]
Sizes = Mapping[str, int]


def shared(node: Add, sizes: Sizes) -> Node:
    """The sum with common factors of its terms taken out, the largest first."""
    terms: dict[int, Term] = dict(enumerate(node.terms))
    splits: dict[tuple[int, int], tuple[float, _Split] | None] = {}
    count = len(terms)
    while len(terms) > 1:
        best: tuple[float, tuple[int, int], _Split] | None = None
        for pair in combinations(terms, 2):
            if pair not in splits:
                splits[pair] = _largest(terms[pair[0]][1], terms[pair[1]][1], sizes)
            found = splits[pair]
            if found is not None and (best is None or found[0] > best[0]):
                best = (found[0], pair, found[1])
        if best is None:
            break
        (c, _), (k, _) = (terms.pop(n) for n in best[1])
        terms[count] = (1, best[2].merged(c, k, sizes))
        count += 1
    return add(list(terms.values()), node.dims) if len(terms) < len(node.terms) else node


def _largest(a: Node, b: Node, sizes: Sizes) -> tuple[float, _Split] | None:
    """Two terms without what they share where that saves most, and how much it does."""
    if not isinstance(a, Ein) or not isinstance(b, Ein) or is_zero(a) or is_zero(b) or not _same_layout(a.out, b.out):
        return None
    match = _common(a, b)
    if match is None:
        return None
    places, name = match
    best: tuple[float, _Split] | None = None
    for some in _choices(a, places, sizes):
        if best is not None and _entries(a, some, sizes) <= best[0]:
            break
        split = _split(a, b, some, name, sizes)
        if split is not None and (best is None or split.saved(sizes) > best[0]):
            best = split.saved(sizes), split
    return best


def _choices(a: Ein, places: Places, sizes: Sizes) -> list[Places]:
    """All common factors, all but one, and those up to one index; most entries first."""
    every = frozenset(places)
    chosen = {every, *(every - {p} for p in every), *_cuts(a, every)}
    scalars = len(a.out) == 2 and len(every) == sum(not f[1] for f in a.factors)
    useful = [s for s in chosen if any(a.factors[p][1] for p in s) or (scalars and s == every)]
    useful.sort(key=lambda s: (-_entries(a, s, sizes), -len(s), sorted(s)))
    return [{p: places[p] for p in sorted(some)} for some in useful]


def _cuts(a: Ein, every: frozenset[int]) -> Iterator[frozenset[int]]:
    """For each index that is summed, the common factors on the side of the result: the start of a chain; and those
    among them that have no other index than it and those of the result."""
    out = frozenset(a.out)
    for cut in {i for p in every for i in a.factors[p][1]} - out:
        group = connected(a.factors, frozenset([cut]))
        sides = {group[i] for i in out if i in group}
        yield frozenset(p for p in every if all(i == cut or group[i] in sides for i in a.factors[p][1]))
        yield frozenset(p for p in every if {*a.factors[p][1]} <= out | {cut})


def _entries(a: Ein, places: Iterable[int], sizes: Sizes) -> float:
    return float(sum(size_value(a.factors[p][0].dims, sizes) for p in places))


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


@dataclass(frozen=True, slots=True)
class _Split:
    """Two products as what they share (`taken`, of the first) times their rests, tied by the indices `links`."""

    a: Ein
    b: Ein
    taken: list[Factor]
    rest_a: list[Factor]
    rest_b: list[Factor]
    links: list[int]
    name: Mapping[int, int]  # indices of a by those of b

    def saved(self, sizes: Sizes) -> float:
        """The entries of what is multiplied with the sum of the rests once instead of with each: all that a summed
        index leads to, of the rest (which is computed once anyway) what the result sees."""
        out = frozenset(self.a.out)
        group = connected(self.taken, out)
        led = {group[i] for i in self.links if i in group}
        seen = out.union(self.links)
        total = 0
        for base, idx, _ in self.taken:
            whole = any(group.get(i) in led for i in idx if i in group)
            total += prod(size_value((d,), sizes) for d, i in zip(base.dims, idx, strict=True) if whole or i in seen)
        return float(total)

    def merged(self, c: Number, k: Number, sizes: Sizes) -> Node:
        """c*a + k*b as one product."""
        a, b, links, name = self.a, self.b, self.links, self.name
        sums_a = {i for f in self.rest_a for i in f[1]} - {*links}
        sums_b = {j for f in self.rest_b for j in f[1]} - {*name.values()}
        dims_a = {i: a.index_dims[i] for i in (*links, *sums_a)}
        dims_b = {**{name[i]: a.index_dims[i] for i in links}, **{j: b.index_dims[j] for j in sums_b}}
        first = ein(c * a.coef, self.rest_a, links, dims_a)
        second = ein(k * b.coef, self.rest_b, [name[i] for i in links], dims_b)
        inner = with_common_power(add([(1, first), (1, second)], first.dims))
        coef, core = split_coef(inner)
        if isinstance(core, Add):
            inner = scale(shared(core, sizes), coef)
        dims = {i: a.index_dims[i] for i in {*a.out, *(i for f in self.taken for i in f[1])}}
        return ein(1, [*self.taken, (inner, tuple(links), 1)], a.out, dims)


def _split(a: Ein, b: Ein, places: Places, name: Mapping[int, int], sizes: Sizes) -> _Split | None:
    """Two products without their common factors at `places`; None where that is no gain."""
    taken = [a.factors[p] for p in places]
    outer = {i for f in taken for i in f[1]} | set(a.out)
    name = {i: j for i, j in name.items() if i in outer}
    rest_a = [f for p, f in enumerate(a.factors) if p not in places]
    rest_b = [f for p, f in enumerate(b.factors) if p not in places.values()]
    back = {j: i for i, j in name.items()}
    in_a = {i for f in rest_a for i in f[1]}
    in_b = {back[j] for f in rest_b for j in f[1] if j in back}
    links = sorted(outer & (in_a | in_b))
    largest = max([size_value(f[0].dims, sizes) for f in (*rest_a, *rest_b)], default=1)
    entrywise = set(links) <= set(a.out) and any(set(links) <= set(f[1]) for f in taken)
    if prod(size_value((a.index_dims[i],), sizes) for i in links) > largest and not entrywise:
        return None  # what is left would be an array larger than anything it is made of
    if not set(a.out) <= {i for f in taken for i in f[1]} | set(links):
        return None  # an output axis along which both rests and the shared part only repeat
    if not any(f[1] for f in taken) and not (_connect(rest_a, links) and _connect(rest_b, [name[i] for i in links])):
        return None  # a number in front of an outer product is a number in front of a vector
    if len(links) > 1 and not set(links) <= set(a.out):
        rests = ((rest_a, links), (rest_b, [name[i] for i in links]))
        if not _worth_a_matrix(taken, rests, a, sizes):
            return None
    return _Split(a, b, taken, rest_a, rest_b, links, name)


def _worth_a_matrix(
    taken: Sequence[Factor], rests: Sequence[tuple[list[Factor], Sequence[int]]], a: Ein, sizes: Sizes
) -> bool:
    """Whether a matrix made of both rests, some axes of which are summed, costs less than two products."""
    links = rests[0][1]
    summed = [k for k, i in enumerate(links) if i not in a.out]
    vector, columns = _beside(taken, links, a, sizes)
    if vector:
        return False  # what a vector multiplies stays a vector
    made = any({*links} <= {*f[1]} for f in taken)  # in either product there is an array of these axes
    sides = [size_value((a.index_dims[i],), sizes) for i in links]
    if 2 * columns <= min(sides) and any(is_inverse(f[0]) for rest, _ in rests for f in rest):
        return False  # few columns are solved for
    for rest, tied in rests:
        if made or any({*tied} <= {*f[1]} for f in rest):
            continue
        if not _connect(rest, tied) and not (columns and max(sides[k] for k in summed) <= NARROW):
            return False  # an outer product: the taken factors are multiplied with its vectors
        inner = any(not {*f[1]} <= {*tied} for f in rest)
        if inner and len(summed) == 1 and 0 < columns * sum(sides) < prod(sides):
            return False  # of a product U*V' times a thin X, V'*X comes first
    return not made or columns > 0 or any(_connect(rest, tied) for rest, tied in rests)


def is_inverse(node: Node) -> bool:
    """An inverse, or its transpose: in a product it is a solve."""
    if isinstance(node, Ein) and len(node.factors) == 1:
        node = node.factors[0][0]
    return isinstance(node, Call) and node.operation.name == "inv"


def _connect(factors: Sequence[Factor], links: Sequence[int]) -> bool:
    """Whether the factors make one array of these indices, not products of smaller ones."""
    group = connected(factors)
    return {*links} <= group.keys() and len({group[i] for i in links}) == 1


def _beside(taken: Sequence[Factor], links: Sequence[int], a: Ein, sizes: Sizes) -> tuple[bool, int]:
    """What multiplies the rests along the summed indices: whether a vector, and the columns of a matrix that brings
    axes of a result of several."""
    ends = {*links, *a.out}
    vector, columns = False, 0
    for link in set(links) - {*a.out}:
        group = connected(taken, frozenset(ends - {link}))
        side = [f for f in taken if any(group.get(i) == group.get(link, -1) for i in f[1])]
        others = {i for f in side for i in f[1] if i in ends} - {link}
        vector |= bool(side) and not others
        brought = others & {*a.out} - {*links}
        if brought and len(a.out) > 1:
            columns = max(columns, prod(size_value((a.index_dims[i],), sizes) for i in brought))
    return vector, columns
