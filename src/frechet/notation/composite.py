"""Products with composite sizes in matrix notation: A*vec(X), y'*inv(kron(A,B) + C)*y, tr(inv(K)*kron(dA,B)).

The axes of a composite side belong together. Each such group becomes one index, each factor over it (or each cluster
of factors, a Kronecker product) one matrix or vector that is written by `kronecker`; what is left is a product of
matrices and vectors like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frechet.core.dims import Dim, Shape, Size
from frechet.core.ein import ein
from frechet.core.node import Add, Call, Ein, Factor, Map, Node, Var, var
from frechet.language.tree import Tree
from frechet.notation.kronecker import matrix_of_sides, vec_of
from frechet.notation.product import UnwritableError, product_term
from frechet.notation.term import Term, written
from frechet.ops.op import arguments

if TYPE_CHECKING:
    from frechet.notation.writer import Writer

Group = tuple[int, ...]  # axes, or indices, that are one composite side


@dataclass
class _Cluster:
    """Factors that are one matrix or vector, and the sides it has: groups, and indices on their own."""

    factors: list[Factor]
    sides: list[Group]


class _Product:
    """The factors of a product while its composite sides are found: no index may be in two of them."""

    def __init__(self, writer: Writer, node: Ein, out: Sequence[Group]) -> None:
        self.factors: list[Factor] = list(node.factors)
        self.dims = dict(enumerate(node.index_dims))
        self.out = node.out
        self.coef = node.coef
        self.sides: dict[Group, None] = dict.fromkeys(side for side in out if len(side) > 1)
        for place, (base, idx, _) in enumerate(node.factors):
            for axes in groups_of(writer, base) or ():
                if len(axes) > 1:
                    self._add(tuple(idx[p] for p in axes), place, axes)
        every = [i for side in self.sides for i in side] + [side[0] for side in out if len(side) == 1]
        if not self.sides or len(set(every)) < len(every):
            raise UnwritableError

    def _add(self, side: Group, place: int, axes: Group) -> None:
        """A side of a factor. One that shares an index with another gets an index of its own there, and an identity
        between the two: v'*K*kron(eye(n), dA)*K*v has the sum over n in both K."""
        if side in self.sides:
            return
        shared = [i for i in side if any(i in other for other in self.sides)]
        if len(shared) == len(side) or len(set(side)) < len(side):
            raise UnwritableError
        fresh = {i: len(self.dims) + k for k, i in enumerate(shared)}
        self.sides[tuple(fresh.get(i, i) for i in side)] = None
        if not fresh:
            return
        self.dims |= {new: self.dims[i] for i, new in fresh.items()}
        for k, (base, idx, e) in enumerate(self.factors):
            whole = set(side) <= set(idx) if k != place else False
            renamed = tuple(fresh.get(i, i) if whole or (k == place and p in axes) else i for p, i in enumerate(idx))
            self.factors[k] = (base, renamed, e)
        for i, new in fresh.items():
            self.factors.append((ein(1, [], (0, 0), {0: self.dims[i]}), (i, new), 1))


def composite_term(writer: Writer, node: Ein, groups: Sequence[Sequence[int]] | None = None) -> Term:
    """The product in matrix notation. `groups` are the sides of the output as positions of its axes, at most two;
    None means that each axis is a side.

    UnwritableError if the factors have no composite sides, or sides that do not fit together (a partial trace).
    """
    out = [tuple(node.out[p] for p in g) for g in groups] if groups is not None else []
    product = _Product(writer, node, out)
    if groups is not None:
        return _fused(writer, product, out)
    ways = []
    for way in (_fused, _vectors_first):
        with suppress(UnwritableError):
            ways.append(way(writer, product))
    if not ways:
        raise UnwritableError
    return min(ways, key=lambda term: writer.page.length(written(writer.page, term)))


def _fused(writer: Writer, product: _Product, out: Sequence[Group] | None = None) -> Term:
    """Each composite side as one index, each cluster of factors as one matrix or vector."""
    clusters, factors = _clusters(product)
    if out is not None and len(clusters) == 1 and clusters[0].sides == list(out) and not factors:
        raise UnwritableError  # the product itself: nothing would become simpler
    dims = dict(product.dims)
    fused = {side: len(dims) + k for k, side in enumerate(product.sides)}
    dims |= {fused[side]: writer.composite(tuple(dims[i] for i in side)) for side in product.sides}
    for cluster in clusters:
        idx = tuple(fused[s] if s in fused else s[0] for s in cluster.sides)
        tree = _cluster_tree(writer, cluster, dims)
        factors.append((var(writer.stand_in(tree), tuple(dims[i] for i in idx)), idx, 1))
    kept, back = _output(product, fused, out)
    used = {i for _, idx, _ in factors for i in idx} | set(kept)
    term = _plain_term(writer, ein(product.coef, factors, kept, {i: dims[i] for i in used}))
    return term if back is None else _as_matrix(writer, term, back)


def _plain_term(writer: Writer, node: Node) -> Term:
    """What has no composite side any more."""
    if not isinstance(node, Ein):
        node = ein(1, [(node, tuple(range(node.order)), 1)], range(node.order), dict(enumerate(node.dims)))
    return product_term(writer, node) if isinstance(node, Ein) else writer.term(node)


def _vectors_first(writer: Writer, product: _Product) -> Term:
    """Matrices over composite sides applied to vectors until only vectors are left, which are matrices again:
    v'*K*kron(eye(n), A)*K*v by A is P*Q' with P = mat(K'*v, m, n) and Q = mat(K*v, m, n)."""
    factors = list(product.factors)
    sides = list(product.sides)
    applied: list[Node] = []
    while sides:
        side = sides.pop()
        touching = [f for f in factors if set(side) & set(f[1])]
        vectors = [f for f in touching if set(f[1]) == set(side)]
        others = [f for f in touching if set(side) < set(f[1])]
        if len(others) != 1 or len(vectors) + 1 != len(touching) or not vectors or set(side) & set(product.out):
            continue
        rest = tuple(i for i in others[0][1] if i not in side)
        if len(rest) > 2 or (len(rest) == 2 and rest not in product.sides):
            continue
        inner = {i: product.dims[i] for _, idx, _ in touching for i in idx}
        applied.append(ein(1, [*others, *vectors], rest, inner))
        factors = [*(f for f in factors if f not in touching), (applied[-1], rest, 1)]
        sides = list(product.sides)
    if not applied or any(base.order > 2 for base, _, _ in factors):
        raise UnwritableError
    for k, (base, idx, e) in enumerate(factors):
        if base in applied:
            term = writer.by_sides(base, [range(len(idx))])
            tree = written(writer.page, _as_matrix(writer, term, (0, 1)) if len(idx) == 2 else term)
            factors[k] = (var(writer.stand_in(tree), base.dims), idx, e)
    used = {i for _, idx, _ in factors for i in idx} | set(product.out)
    return _plain_term(writer, ein(product.coef, factors, product.out, {i: product.dims[i] for i in used}))


def groups_of(writer: Writer, node: Node) -> tuple[Group, ...] | None:
    """The sides of a node as positions of its axes, where something says that axes belong together."""
    known = writer.known_groups
    stack = [node]
    while stack:
        waiting = [child for child in stack[-1].children if child not in known]
        if waiting:
            stack.extend(waiting)
        else:
            top = stack.pop()
            known[top] = _own_groups(writer, top, known)
    return known[node]


def _own_groups(writer: Writer, node: Node, known: dict[Node, tuple[Group, ...] | None]) -> tuple[Group, ...] | None:
    if isinstance(node, (Var, Call)):
        sizes = writer.sides(node)
        starts = [sum(map(len, sizes[:k])) for k in range(len(sizes))]
        sides = tuple(tuple(range(s, s + len(size))) for s, size in zip(starts, sizes, strict=True))
        return sides if any(len(s) > 1 for s in sides) else None
    if isinstance(node, Add):
        return next((g for _, term in node.terms if (g := known[term])), None)
    if isinstance(node, Map):
        return next((g for child in node.children if child.order == node.order and (g := known[child])), None)
    if isinstance(node, Ein):
        found = {tuple(idx[p] for p in side) for base, idx, _ in node.factors for side in known[base] or ()}
        places = [tuple(node.out.index(i) for i in side) for side in found if set(side) <= set(node.out)]
        places = [side for side in places if len(side) > 1]
        grouped = {p for side in places for p in side}
        if not places or len(grouped) < sum(map(len, places)):
            return None
        return tuple(sorted([*places, *((p,) for p in range(node.order) if p not in grouped)]))
    return None


def _clusters(product: _Product) -> tuple[list[_Cluster], list[Factor]]:
    """The factors that touch a composite side, gathered until each cluster has whole sides; and the others."""
    owner = {i: side for side in product.sides for i in side}
    clusters: list[_Cluster] = []
    plain: list[Factor] = []
    for factor in product.factors:
        touched = list(dict.fromkeys(owner.get(i, (i,)) for i in factor[1]))
        if not any(len(side) > 1 for side in touched):
            plain.append(factor)
            continue
        own = _Cluster([factor], touched)
        if not _complete(own):
            # Parts of a Kronecker product wait for one another; a factor with whole sides stays by itself.
            partners = [c for c in clusters if not _complete(c) and set(c.sides) & set(touched)]
            clusters = [c for c in clusters if c not in partners]
            own.factors = [*(f for c in partners for f in c.factors), factor]
            own.sides = list(dict.fromkeys([*(s for c in partners for s in c.sides), *touched]))
        clusters.append(own)
    for cluster in clusters:
        _close(cluster, product, plain, clusters)
    if any(not _complete(c) or not 1 <= len(c.sides) <= 2 for c in clusters):
        raise UnwritableError
    return clusters, plain


def _close(cluster: _Cluster, product: _Product, plain: list[Factor], clusters: list[_Cluster]) -> None:
    """Take in what is summed inside a part of a Kronecker product: the j of kron(P, X*Y), and Y with it."""
    while len(cluster.sides) > 2:
        elsewhere = {i for _, idx, _ in plain for i in idx} | set(product.out)
        elsewhere |= {i for c in clusters if c is not cluster for _, idx, _ in c.factors for i in idx}
        outer = [side for side in cluster.sides if len(side) > 1 or side[0] in elsewhere]
        if len(outer) < len(cluster.sides):
            cluster.sides = outer
            continue
        lone = {side[0] for side in outer if len(side) == 1} - set(product.out)
        more = next((f for f in plain if lone & set(f[1])), None)
        if more is None:
            return
        plain.remove(more)
        cluster.factors.append(more)
        cluster.sides = list(dict.fromkeys([*outer, *((i,) for i in more[1])]))


def _complete(cluster: _Cluster) -> bool:
    have = {i for _, idx, _ in cluster.factors for i in idx}
    return all(set(side) <= have for side in cluster.sides)


def _cluster_tree(writer: Writer, cluster: _Cluster, dims: dict[int, Dim]) -> Tree:
    """One cluster as a matrix, or as a column."""
    out = [i for side in cluster.sides for i in side]
    inner = {i for _, idx, _ in cluster.factors for i in idx} | set(out)
    product = ein(1, cluster.factors, out, {i: dims[i] for i in inner})
    split = len(cluster.sides[0])
    if len(cluster.sides) == 1:
        return writer.page.chain(vec_of(writer, product))
    return matrix_of_sides(writer, product, range(split), range(split, len(out)), clusters=False)


def _output(
    product: _Product, fused: dict[Group, int], out: Sequence[Group] | None
) -> tuple[tuple[int, ...], Group | None]:
    """The indices of the output, and how a vector is to be laid out as the matrix that was asked for."""
    if out is not None:
        return tuple(fused.get(side, side[0]) for side in out), None
    for side, index in fused.items():
        if len(product.out) == 2 and set(side) == set(product.out):
            return (index,), (0, 1) if side == product.out else (1, 0)
    if any(i in side for side in fused for i in product.out):
        raise UnwritableError
    return product.out, None


def _as_matrix(writer: Writer, term: Term, order: Group) -> Term:
    """mat(v, m, n) for a vector over (column, row), its transpose for one over (row, column)."""
    outer, inner = ((d,) for d in term.shape.rows)
    tree = writer.page.chain(term.chain)
    matrix = writer.page.call("mat", [tree, writer.page.size(inner), writer.page.size(outer)], Shape(inner, outer))
    if order == (0, 1):
        matrix = writer.page.flip(matrix)
    return replace(term, chain=(matrix,), shape=matrix.typed)


def call_sides(node: Call) -> tuple[Size, ...]:
    """The sides of the result of an opaque operation; one for each axis where it stands for several at once."""
    args = arguments(node)
    if any(isinstance(g, tuple) for g in node.groups):
        return tuple((d,) for d in node.dims)
    sides = tuple(s for s in node.operation.rule.sides(*args) if s)
    return sides if tuple(d for s in sides for d in s) == node.dims else tuple((d,) for d in node.dims)


__all__ = ["call_sides", "composite_term"]
