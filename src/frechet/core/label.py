"""Canonical order of the factors and indices of a product: equal up to renaming becomes equal.

The product is a bipartite graph of factors and indices. Colours start from what a factor is and where an index
stands in the output, and are refined by the neighbours' colours until nothing splits. Remaining ties are
individualised one after the other and the least certificate wins; past LEAVES tries the first is taken, so that
two equal terms may stay apart: a longer output, never a wrong one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from frechet.core.dims import Dim
from frechet.core.node import Factor, Indices

LEAVES = 64

Labelled = tuple[tuple[Factor, ...], Indices, tuple[Dim, ...]]


def canonical(factors: Sequence[Factor], out: Sequence[int], dims: dict[int, Dim]) -> Labelled:
    """Factors sorted, indices renumbered 0, 1, ...; the same for every renaming and shuffle of the input."""
    keys = [(f[0].digest, f[2]) for f in factors]
    if len(set(keys)) == len(keys):
        order = sorted(range(len(factors)), key=keys.__getitem__)
        numbering = _number([factors[k] for k in order], out)
        if numbering is not None:
            return _apply([factors[k] for k in order], out, dims, numbering)
    return _refined(factors, out, dims)


def _number(factors: Sequence[Factor], out: Sequence[int]) -> dict[int, int] | None:
    """Number indices by first use; None if a symmetric factor leaves the order of two new indices open."""
    number: dict[int, int] = {}
    for i in out:
        number.setdefault(i, len(number))
    for node, idx, _ in factors:
        if node.symmetric and idx[0] != idx[1] and idx[0] not in number and idx[1] not in number:
            return None
        if node.symmetric and idx[1] in number:
            idx = (idx[1], idx[0])
        for i in idx:
            number.setdefault(i, len(number))
    return number


def _apply(factors: Sequence[Factor], out: Sequence[int], dims: dict[int, Dim], number: dict[int, int]) -> Labelled:
    renamed = []
    for node, idx, exponent in factors:
        new = tuple(number[i] for i in idx)
        renamed.append((node, tuple(sorted(new)) if node.symmetric else new, exponent))
    size: list[Dim] = [""] * len(number)
    for i, k in number.items():
        size[k] = dims[i]
    return tuple(renamed), tuple(number[i] for i in out), tuple(size)


def _rank(signatures: Sequence[Any]) -> list[int]:
    """Colours as ranks of their signatures, so that they do not depend on hashing."""
    place = {s: k for k, s in enumerate(sorted(set(signatures)))}
    return [place[s] for s in signatures]


class _Graph:
    """The product as a graph, with the colours of factors (F) and indices (I)."""

    def __init__(self, factors: Sequence[Factor], out: Sequence[int], dims: dict[int, Dim]) -> None:
        self.factors, self.out, self.dims = list(factors), list(out), dims
        used = list(dict.fromkeys([*out, *(i for f in factors for i in f[1])]))
        self.place = {i: k for k, i in enumerate(used)}
        self.used = used
        self.edges: list[list[tuple[int, int]]] = [[] for _ in used]
        for k, (node, idx, _) in enumerate(self.factors):
            for axis, i in enumerate(idx):
                self.edges[self.place[i]].append((k, 0 if node.symmetric else axis))
        self.first_F = _rank([(f[0].digest, f[2]) for f in self.factors])
        self.first_I = _rank([(tuple(p for p, o in enumerate(out) if o == i), str(dims[i])) for i in used])

    def refine(self, F: list[int], I: list[int]) -> tuple[list[int], list[int]]:  # noqa: E741
        """Split colours by the colours around until stable."""
        while True:
            new_I = _rank([(I[k], tuple(sorted((F[f], a) for f, a in self.edges[k]))) for k in range(len(I))])
            signatures = []
            for k, (node, idx, _) in enumerate(self.factors):
                around = [new_I[self.place[i]] for i in idx]
                signatures.append((F[k], tuple(sorted(around) if node.symmetric else around)))
            new_F = _rank(signatures)
            if max(new_F, default=0) == max(F, default=0) and max(new_I, default=0) == max(I, default=0):
                return new_F, new_I
            F, I = new_F, new_I  # noqa: E741

    def leaf(self, F: list[int], I: list[int]) -> Labelled:  # noqa: E741
        """The labelled product of a colouring whose factors are all apart."""
        order = sorted(range(len(self.factors)), key=F.__getitem__)
        number: dict[int, int] = {}
        for i in self.out:
            number.setdefault(i, len(number))
        for k in order:
            node, idx, _ = self.factors[k]
            for i in sorted(idx, key=lambda i: I[self.place[i]]) if node.symmetric else idx:
                number.setdefault(i, len(number))
        return _apply([self.factors[k] for k in order], self.out, self.dims, number)


def _refined(factors: Sequence[Factor], out: Sequence[int], dims: dict[int, Dim]) -> Labelled:
    graph = _Graph(factors, out, dims)
    best: tuple[Any, Labelled] | None = None
    leaves = 0
    stack = [graph.refine(graph.first_F, graph.first_I)]
    while stack and leaves < LEAVES:
        F, I = stack.pop()  # noqa: E741
        tied = sorted({c for c in F if F.count(c) > 1})
        if not tied:
            leaves += 1
            labelled = graph.leaf(F, I)
            certificate = [(f[0].digest, f[2], f[1]) for f in labelled[0]], labelled[1]
            if best is None or certificate < best[0]:
                best = certificate, labelled
            continue
        smallest = min(tied, key=lambda c: (F.count(c), c))
        for k in [k for k, c in enumerate(F) if c == smallest]:
            split = [2 * c + (1 if c == smallest and j != k else 0) for j, c in enumerate(F)]
            stack.append(graph.refine(_rank(split), I))
    assert best is not None
    return best[1]
