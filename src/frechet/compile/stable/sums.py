"""Differences of sums of squares: see `rules`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import prod

from frechet.compile.stable.rewriting import LONGEST, Term, pairs, rule, square_of
from frechet.core.build import add
from frechet.core.dims import Dim
from frechet.core.ein import ein, is_zero, zero
from frechet.core.node import Add, Ein, Node, Number, size_node


def _scalars(node: Node) -> dict[Node, Number]:
    """The factors of a product of numbers, with their exponents."""
    if isinstance(node, Ein) and not node.order and node.factors and not any(idx for _, idx, _ in node.factors):
        return {base: e for base, _, e in node.factors}
    return {node: 1}


def _repeated(node: Node) -> dict[Node, Number] | None:
    """The same of a product of numbers that is repeated along every axis."""
    if not isinstance(node, Ein) or any(idx for _, idx, _ in node.factors) or len(set(node.out)) < len(node.out):
        return None
    return {base: e for base, _, e in node.factors}


def _array(node: Node) -> tuple[Node, dict[Node, Number]]:
    """An array and the numbers that it is multiplied with."""
    if isinstance(node, Ein):
        arrays = [(base, idx, e) for base, idx, e in node.factors if idx]
        if len(arrays) == 1 and arrays[0][1:] == (node.out, 1) and len(set(node.out)) == len(node.out):
            return arrays[0][0], {base: e for base, idx, e in node.factors if not idx}
    return node, {}


def _over_count(numbers: Mapping[Node, Number], x: Node) -> dict[Node, Number]:
    """The numbers divided by the sizes of an array that have names; those that cancel left out."""
    found = dict(numbers)
    for d in x.dims:
        if isinstance(d, str):
            found[size_node(d)] = found.get(size_node(d), 0) - 1
    return {base: e for base, e in found.items() if e}


def _count(x: Node) -> int:
    """The product of the sizes that are numbers."""
    return prod(d for d in x.dims if isinstance(d, int))


def _about_mean(x: Node) -> Node:
    """x - sum(x)/n."""
    n, dims = tuple(range(x.order)), dict(enumerate(x.dims))
    sizes = [(size_node(d), (), -1) for d in x.dims if isinstance(d, str)]
    mean = ein(Fraction(1, _count(x)), [(_total(x), (), 1), *sizes], n, dims)
    return add([(1, x), (-1, mean)], x.dims)


def _total(node: Node) -> Node:
    n = tuple(range(node.order))
    return ein(1, [(node, n, 1)], (), dict(enumerate(node.dims)))


@rule("sum of squares about the mean", "x'*x - sum(x)^2/3 = sum((x - sum(x)/3)^2)", when="after")
def _(node: Node) -> Node | None:
    """For any number of entries, here 3. Also times what both terms have: sum(x.^2)/n - (sum(x)/n)^2."""
    if node.order:
        return None

    def match(s: Term, t: Term) -> Node | None:
        one, other = _scalars(s[1]), _scalars(t[1])
        for squares in one:
            x = square_of(squares)
            total = _total(x) if x is not None and not squares.order and one[squares] == 1 else None
            if x is None or not x.order or total is None or other.get(total) != 2:
                continue
            shared = {base: e for base, e in one.items() if base is not squares}
            left = {base: e for base, e in other.items() if base is not total}
            if _over_count(shared, x) == left and Fraction(s[0]) / _count(x) == -t[0]:
                n, numbers = tuple(range(x.order)), [(b, (), e) for b, e in shared.items()]
                return ein(s[0], [*numbers, (_about_mean(x), n, 2)], (), dict(enumerate(x.dims)))
        return None

    return pairs(node, match)


@rule("difference from the mean", "x*2/3 - sum(x)*2/9 = (x - sum(x)/3)*2/3", when="after")
def _(node: Node) -> Node | None:
    """What the derivative of a variance is: the factor that both terms have is taken out."""

    def match(s: Term, t: Term) -> Node | None:
        (x, numbers), other = _array(s[1]), _repeated(t[1])
        total = _total(x)
        if not x.order or other is None or other.get(total) != 1 or not numbers:
            return None
        left = {base: e for base, e in other.items() if base is not total}
        if _over_count(numbers, x) != left or Fraction(s[0]) / _count(x) != -t[0]:
            return None
        n, factors = tuple(range(x.order)), [(b, (), e) for b, e in numbers.items()]
        return ein(s[0], [*factors, (_about_mean(x), n, 1)], n, dict(enumerate(x.dims)))

    return pairs(node, match)


@rule("terms that sum to zero", "sum((x - sum(x)/3)*2 + x) = sum(x)", when="after", of="product")
def _(node: Node) -> Node | None:
    """Of a sum that nothing else in the product meets, the terms whose own sum is zero are left out."""
    if not isinstance(node, Ein):
        return None
    for k, (base, idx, e) in enumerate(node.factors):
        others = {i for j, f in enumerate(node.factors) if j != k for i in f[1]} | {*node.out}
        if not isinstance(base, Add) or e != 1 or others.issuperset(idx) or len(set(idx)) < len(idx):
            continue
        out, dims = [i for i in idx if i in others], dict(zip(idx, base.dims, strict=True))
        if _cancels(base, idx, out, dims):
            return zero(node.dims)
        kept = [(c, n) for c, n in base.terms if not _cancels(n, idx, out, dims)]
        if len(kept) < len(base.terms):
            rest = [f for j, f in enumerate(node.factors) if j != k]
            less = (add(kept, base.dims), idx, 1)
            return ein(node.coef, [*rest, less], node.out, dict(enumerate(node.index_dims)))
    return None


def _cancels(node: Node, idx: Sequence[int], out: Sequence[int], dims: Mapping[int, Dim]) -> bool:
    """Whether the sum of an array over all indices but `out` is zero, or one of the numbers in it is: with one sum
    multiplied out, every term is there with the opposite sign."""
    total = ein(1, [(node, tuple(idx), 1)], out, dims)
    parts = [total, *(base for base, at, e in total.factors if not at and e > 0)] if isinstance(total, Ein) else [total]
    return any(_is_nothing(part) for part in parts)


def _is_nothing(node: Node) -> bool:
    if not isinstance(node, Ein):
        return is_zero(node)
    dims = dict(enumerate(node.index_dims))
    for k, (base, at, e) in enumerate(node.factors):
        if isinstance(base, Add) and e == 1 and len(base.terms) <= LONGEST and not set(at) <= set(node.out):
            rest = [f for j, f in enumerate(node.factors) if j != k]
            terms = [(c, ein(1, [*rest, (n, at, 1)], node.out, dims)) for c, n in base.terms]
            if is_zero(add(terms, node.dims)):
                return True
    return is_zero(node)
