"""Einsum strings in matrix notation: products of matrices, traces, diagonals, sums of entries."""

from __future__ import annotations

from typing import Any

from frechet.language.python_arrays import Traced, array, call, matmul, refuse, summed, transposed
from frechet.language.tree import Tree


def einsum(spec: str, *operands: Any, **_: Any) -> Traced:
    """Two operands at most, or a chain: what matrix notation can write."""
    values = [array(o) for o in operands]
    left, arrow, right = spec.replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow:
        letters = "".join(terms)
        right = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    while len(terms) > 2:
        kept = set("".join(terms[2:])) | set(right)
        middle = "".join(c for c in dict.fromkeys(terms[0] + terms[1]) if c in kept)
        values = [_pair(values[0], terms[0], values[1], terms[1], middle), *values[2:]]
        terms = [middle, *terms[2:]]
    if len(terms) == 2:
        return _pair(values[0], terms[0], values[1], terms[1], right)
    return _single(values[0], terms[0], right)


def _single(x: Traced, term: str, right: str) -> Traced:
    if len(term) == 2 and term[0] == term[1]:
        x, term = Traced(call("diag", x.tree), x.axes[:1]), term[0]
    for axis in reversed([k for k, c in enumerate(term) if c not in right]):
        x, term = summed(x, axis, False), term[:axis] + term[axis + 1 :]
    if term == right:
        return x
    if term == right[::-1]:
        return x.T
    raise refuse("an einsum with three or more axes")


def _pair(x: Traced, one: str, y: Traced, other: str, right: str) -> Traced:
    x, one = _only(x, one, other + right), "".join(c for c in dict.fromkeys(one) if c in other + right)
    y, other = _only(y, other, one + right), "".join(c for c in dict.fromkeys(other) if c in one + right)
    if len(one) > 2 or len(other) > 2 or len(right) > 2:
        raise refuse("an einsum with three or more axes")
    summed_ = [c for c in one if c in other and c not in right]
    shared = [c for c in one if c in other and c in right]
    if len(summed_) == 2 or (set(one) == set(other) and not shared):
        return (x * (y if one == other else y.T)).sum()
    if not shared and len(summed_) == 1:
        k = summed_[0]
        a = x if one[-1] == k else x.T
        b = y if other[0] == k else y.T
        return _single(matmul(a, b), one.replace(k, "") + other.replace(k, ""), right)
    if not shared and not summed_:
        if len(one) <= 1 and len(other) <= 1:
            product = outer(x, y) if one and other else x * y
            return _single(product, one + other, right)
        raise refuse("an einsum with three or more axes")
    if set(one) == set(other):
        return _single(x * (y if one == other else y.T), one, right)
    big, small, letters, own = (x, y, one, other) if len(one) == 2 else (y, x, other, one)
    if len(own) == 1 and own in letters:
        scaled = big * (small if letters[1] == own else small[:, None])
        return _single(scaled, letters, right)
    raise refuse("this einsum")


def _only(x: Traced, term: str, wanted: str) -> Traced:
    return _single(x, term, "".join(c for c in dict.fromkeys(term) if c in wanted))


def outer(x: Any, y: Any) -> Traced:
    a, b = array(x), array(y)
    return Traced(Tree("mul", (a.tree, transposed(b.tree))), a.axes + b.axes)
