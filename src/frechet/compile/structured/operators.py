"""The structure of a second derivative, read off its node: which indices of the rows and of the columns are tied.

An index that is row and column is a diagonal or a block; rows and columns tied only through a short summed index are
of low rank; (i, j) apart from (k, l) in H[(i, k), (j, l)] is a Kronecker product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from frechet.core.build import add
from frechet.core.dims import Size as Dims
from frechet.core.dims import size_value
from frechet.core.ein import ein, is_zero, split_coef
from frechet.core.node import Add, Ein, Factor, Node, Number

# A product of sums is not multiplied out to more terms than these to find structure.
MOST_TERMS = 12


@dataclass(frozen=True, slots=True)
class Part:
    """kind with its nodes: Diagonal (d), Kronecker (A, B; None is an identity), LowRank (U, V: rank axes last),
    Blocks (B), Swapped (A, B), Dense (H). `last`: the blocks stand on the last axis."""

    kind: str
    nodes: tuple[Node | None, ...]
    last: bool = False


def parts_of(node: Node, rows: int, sizes: Mapping[str, int]) -> list[Part]:
    """The node, whose first `rows` axes are rows, as a sum of structured parts, equal kinds added up."""
    found: list[Part] = []
    for n in _terms(node, rows):
        part = _part(n, rows, sizes)
        found += (part.kind == "Dense" and _multiplied_out(n, rows, sizes)) or [part]
    return _collected(found, node, rows)


def _multiplied_out(node: Node, rows: int, sizes: Mapping[str, int]) -> list[Part] | None:
    """The parts of a product of sums where each of its terms shows structure: A'*(I (x) A + B (x) I)."""
    terms = _products_of(node)
    parts = [_part(n, rows, sizes) for n in terms or []]
    return None if not parts or any(p.kind == "Dense" for p in parts) else parts


def multiplied_out(node: Node, rows: int, sizes: Mapping[str, int]) -> Node:
    """The node with such products as sums: no array of I (x) A is made only to be multiplied."""
    if rows < 2:
        return node
    terms: list[Node] = []
    for n in _terms(node, rows):
        found = _products_of(n) if _part(n, rows, sizes).kind == "Dense" and _multiplied_out(n, rows, sizes) else None
        terms += found or [n]
    return add([(1, n) for n in terms], node.dims)


def _products_of(node: Node) -> list[Node] | None:
    """The terms of a product of sums, unless they are many."""
    terms, open_terms = [], [node]
    while open_terms:
        product = open_terms.pop()
        sums = [f for f in product.factors if isinstance(f[0], Add) and f[2] == 1] if isinstance(product, Ein) else []
        if not sums:
            terms.append(product)
            continue
        assert isinstance(product, Ein)
        base, idx, _ = sums[0]
        assert isinstance(base, Add)
        rest = [f for f in product.factors if f is not sums[0]]
        dims = dict(enumerate(product.index_dims))
        open_terms += [ein(product.coef * c, [(n, idx, 1), *rest], product.out, dims) for c, n in base.terms]
        if len(open_terms) + len(terms) > MOST_TERMS:
            return None
    return [n for n in terms if not is_zero(n)]


def as_blocks(parts: list[Part], dims: Dims) -> list[Part]:
    """For a system with a matrix of `dims` as variable: a diagonal, blocks, and Kronecker products with an identity on
    the side of the blocks are blocks together."""
    for last in (False, True) if len(dims) == 2 and len(parts) > 1 else ():
        if all(_in_blocks(p, last) for p in parts) and any(p.kind != "Kronecker" for p in parts):
            nodes = [_block(p, dims) if p.kind != "Blocks" else p.nodes[0] for p in _sided(parts, last)]
            terms = [(1, n) for n in nodes if n is not None]
            return [Part("Blocks", (add(terms, terms[0][1].dims),), last)]
    return parts


def _in_blocks(part: Part, last: bool) -> bool:
    if part.kind == "Kronecker":
        return part.nodes[1 if last else 0] is None
    return part.kind == "Diagonal" or (part.kind == "Blocks" and part.last == last)


def _sided(parts: Sequence[Part], last: bool) -> list[Part]:
    return [Part(p.kind, p.nodes, last) for p in parts]


def _block(part: Part, dims: Dims) -> Node:
    """A diagonal or a Kronecker product with an identity as blocks (shared, row, column)."""
    shared, inner = (dims[1], dims[0]) if part.last else (dims[0], dims[1])
    if part.kind == "Diagonal":
        idx, out = (1, 0) if part.last else (0, 1), (0, 1, 1)
    else:
        idx, out = (1, 2), (0, 1, 2)
    (side,) = (n for n in part.nodes if n is not None)
    return ein(1, [(side, idx, 1)], out, {0: shared, **dict.fromkeys(out[1:], inner)})


def _terms(root: Node, rows: int) -> list[Node]:
    """The terms of a sum; scalar factors in front of a sum go to each of its terms."""
    out: list[Node] = []
    stack: list[tuple[Number, Node]] = [(1, root)]
    while stack:
        c, node = stack.pop()
        if isinstance(node, Add):
            stack.extend((c * k, n) for k, n in node.terms)
            continue
        if isinstance(node, Ein):
            sums = [f for f in node.factors if f[0].order == 2 * rows and isinstance(f[0], Add) and f[2] == 1]
            scalars = all(not f[1] for f in node.factors if f not in sums)
            if len(sums) == 1 and scalars and set(sums[0][1]) == set(node.out):
                base, idx, _ = sums[0]
                assert isinstance(base, Add)
                rest = [f for f in node.factors if f is not sums[0]]
                dims = dict(enumerate(node.index_dims))
                stack.extend((c * k, ein(node.coef, [(n, idx, 1), *rest], node.out, dims)) for k, n in base.terms)
                continue
        if not is_zero(node):
            n = tuple(range(node.order))
            out.append(ein(c, [(node, n, 1)], n, dict(enumerate(node.dims))))
    return out


def _part(node: Node, rows: int, sizes: Mapping[str, int]) -> Part:
    if not isinstance(node, Ein):
        return Part("Dense", (node,))
    r, c = node.out[:rows], node.out[rows:]
    tied = [i == j for i, j in zip(r, c, strict=True)]
    if len(set(node.out)) < len(node.out) - sum(tied):
        return Part("Dense", (node,))
    if all(tied):
        return Part("Diagonal", (_read(node, node.factors, r, node.coef),))
    if rows == 2:
        found = _of_matrices(node, r, c, tied)
        if found is not None:
            return found
    return _low_rank(node, r, c, sizes) or Part("Dense", (node,))


def _read(node: Ein, factors: Sequence[Factor], out: Sequence[int], coef: Number = 1) -> Node:
    """The product of some factors with this output; the other indices of these factors are summed."""
    used = {i for f in factors for i in f[1]} | set(out)
    return ein(coef, factors, out, {i: node.index_dims[i] for i in used})


def connected(factors: Iterable[Factor], without: frozenset[int] = frozenset()) -> dict[int, int]:
    """A number for each index, equal where factors connect them (not through the indices `without`)."""
    parent: dict[int, int] = {}

    def root(i: int) -> int:
        while parent.setdefault(i, i) != i:
            i = parent[i]
        return i

    for _, idx, _ in factors:
        free = [i for i in idx if i not in without]
        for i in free:
            parent[root(i)] = root(free[0])
    return {i: root(i) for i in parent}


def _of_matrices(node: Ein, r: Sequence[int], c: Sequence[int], tied: Sequence[bool]) -> Part | None:
    (i, k), (j, m) = r, c
    group = connected(node.factors)
    where = {x: group.get(x, -1 - x) for x in (i, k, j, m)}

    def factors_of(*ends: int) -> list[Factor]:
        return [f for f in node.factors if f[1] and group[f[1][0]] in {where[e] for e in ends}]

    def rest(chosen: Sequence[Factor]) -> list[Factor]:
        return [f for f in node.factors if f not in chosen]

    if tied[0] or tied[1]:
        shared, row, col = (i, k, m) if tied[0] else (k, i, j)
        mine = factors_of(shared)
        if where[shared] in (where[row], where[col]):
            return Part("Blocks", (_read(node, node.factors, (shared, row, col), node.coef),), last=tied[1])
        side = _read(node, mine, (shared, shared)) if mine else None
        other = _read(node, rest(mine), (row, col), node.coef)
        return Part("Kronecker", (side, other) if tied[0] else (other, side))
    if not {where[i], where[j]} & {where[k], where[m]}:
        mine = factors_of(i, j)
        return Part("Kronecker", (_read(node, mine, (i, j), node.coef), _read(node, rest(mine), (k, m))))
    if not {where[i], where[m]} & {where[k], where[j]}:
        mine = factors_of(i, m)
        return Part("Swapped", (_read(node, mine, (i, m), node.coef), _read(node, rest(mine), (k, j))))
    return None


def _low_rank(node: Ein, r: Sequence[int], c: Sequence[int], sizes: Mapping[str, int]) -> Part | None:
    """U V' where rows and columns are tied by nothing, or by one summed index much shorter than they are."""
    if set(r) & set(c):
        return None
    length = [size_value((d,), sizes) for d in node.index_dims]
    limit = prod(length[i] for i in r) / 3
    cuts: list[tuple[int, ...]] = [()]
    summed = sorted(set(range(len(length))) - set(node.out), key=lambda s: length[s])
    cuts += [(s,) for s in summed if length[s] <= limit]
    for cut in cuts:
        group = connected(node.factors, frozenset(cut))
        left = {group.get(i, -1) for i in r}
        if left & {group.get(j, -2) for j in c}:
            continue
        mine = [f for f in node.factors if any(group.get(x) in left for x in f[1] if x not in cut)]
        rest = [f for f in node.factors if f not in mine]
        U = _read(node, mine, (*r, *cut), node.coef)
        return Part("LowRank", (U, _read(node, rest, (*c, *cut))))
    return None


def _collected(parts: list[Part], node: Node, rows: int) -> list[Part]:
    """Parts of one kind added up where the sum is of that kind."""
    out: list[Part] = []
    sums: dict[tuple[object, ...], list[Part]] = {}
    for p in parts:
        if p.kind in ("Diagonal", "Blocks", "Dense"):
            sums.setdefault((p.kind, p.last), []).append(p)
        elif p.kind == "Kronecker" and None in p.nodes:
            sums.setdefault((p.kind, p.nodes[0] is None, p.nodes[1] is None), []).append(p)
        elif p.kind in ("Kronecker", "Swapped"):
            _join_side(out, p)
        else:
            out.append(p)
    for key, same in sums.items():
        places = [k for k in range(len(same[0].nodes)) if same[0].nodes[k] is not None]
        (k,) = places if len(places) == 1 else (0,)
        terms = [n for p in same if (n := p.nodes[k]) is not None]
        total = add([(1, n) for n in terms], terms[0].dims)
        nodes = tuple(total if j == k else None for j in range(len(same[0].nodes)))
        out.append(Part(str(key[0]), nodes, same[0].last))
    return _uniform_joined(out, node, rows)


def _join_side(parts: list[Part], new: Part) -> None:
    """Takes one more product into a list: where a side is a multiple of that of a product there, into that one."""
    (c, A), (d, B) = (split_coef(n) if n is not None else (1, None) for n in new.nodes)
    for at, p in enumerate(parts):
        if p.kind != new.kind:
            continue
        (e, C), (f, D) = (split_coef(n) if n is not None else (1, None) for n in p.nodes)
        if A is C and B is not None and D is not None:
            parts[at] = Part(p.kind, (A, add([(c * d, B), (e * f, D)], B.dims)))
            return
        if B is D and A is not None and C is not None:
            parts[at] = Part(p.kind, (add([(c * d, A), (e * f, C)], A.dims), B))
            return
    parts.append(new)


def _uniform_joined(parts: list[Part], node: Node, rows: int) -> list[Part]:
    """A multiple of the identity joins a Kronecker product with an identity: kron(I, A) + c*I = kron(I, A + c*I)."""
    uniform = [p for p in parts if multiple_of_identity(p) is not None]
    kron = [p for p in parts if p.kind == "Kronecker" and None in p.nodes]
    if rows != 2 or not uniform or not kron:
        return parts
    number = multiple_of_identity(uniform[0])
    assert number is not None
    place = 0 if kron[0].nodes[0] is not None else 1
    A = kron[0].nodes[place]
    assert A is not None
    eye = ein(1, [(number, (), 1)], (0, 0), {0: A.dims[0]})
    total = add([(1, A), (1, eye)], A.dims)
    joined = Part("Kronecker", tuple(total if k == place else None for k in range(2)))
    return [p for p in parts if p not in (uniform[0], kron[0])] + [joined]


def multiple_of_identity(part: Part) -> Node | None:
    """The number c of a diagonal that is c*I."""
    d = part.nodes[0]
    if part.kind != "Diagonal" or not isinstance(d, Ein) or any(f[1] for f in d.factors):
        return None
    return ein(d.coef, d.factors, (), {})
