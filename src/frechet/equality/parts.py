"""Sub-products: the places where one product occurs inside another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from frechet.core.node import Ein, Factor, Indices, Node, Number
from frechet.core.numbers import simple

_STATES = 400  # partial matches looked at before giving up: what is not found costs a proof, never a truth


class Part(NamedTuple):
    """What is left of the factors, and the product's index for every index of the pattern."""

    rest: tuple[Factor, ...]
    axes: dict[int, int]


def pattern_of(node: Node) -> tuple[tuple[Factor, ...], Indices]:
    """The factors and output of a node read as a product with coefficient one."""
    if isinstance(node, Ein):
        return node.factors, node.out
    n = tuple(range(node.order))
    return ((node, n, 1),), n


def find_part(node: Node, bound: dict[int, int], factors: Sequence[Factor], out: Sequence[int]) -> Iterator[Part]:
    """Ways to take `node` out of a product: `bound` says which index of the product an axis of `node` is.

    An index summed inside `node` may occur nowhere else in the product; what is left keeps the other exponents.
    """
    pattern, ends = pattern_of(node)
    if len(set(ends)) < len(ends):
        return
    start = {ends[axis]: i for axis, i in bound.items()}
    stack: list[tuple[int, dict[int, int], tuple[Factor, ...]]] = [(0, start, tuple(factors))]
    looked = 0
    while stack and looked < _STATES:
        looked += 1
        place, names, rest = stack.pop()
        if place == len(pattern):
            if all(e in names for e in ends) and _closed(names, ends, rest, out):
                yield Part(rest, names)
            continue
        base, idx, p = pattern[place]
        for k, (other, other_idx, e) in enumerate(rest):
            if other is not base or not _takes(p, e):
                continue
            for order in (other_idx, other_idx[::-1]) if base.symmetric else (other_idx,):
                new = dict(names)
                if all(new.setdefault(i, j) == j for i, j in zip(idx, order, strict=True)):
                    left = simple(e - p)
                    kept = ((other, other_idx, left),) if left != 0 else ()
                    stack.append((place + 1, new, rest[:k] + kept + rest[k + 1 :]))


def _takes(p: Number, e: Number) -> bool:
    """Whether base^p can be taken out of base^e leaving a power between them."""
    return e == p or (p > 0 and e > p) or (p < 0 and e < p)


def _closed(names: dict[int, int], ends: Indices, rest: Sequence[Factor], out: Sequence[int]) -> bool:
    """The summed indices of the pattern are different and are summed in the product, nowhere else used."""
    summed = [j for i, j in names.items() if i not in ends]
    outside = set(out) | {i for f in rest for i in f[1]} | {names[e] for e in ends}
    return len(set(summed)) == len(summed) and not outside & set(summed)
