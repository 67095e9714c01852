"""Power series of a node at a place from one side: whether two branches of a choice meet there, and how smoothly.

For t > 0, a target node is replaced by `at + side*t`. The coefficients are nodes themselves. Exponents may be negative
or broken (1/t, sqrt(t)); a series ends at its own order. What is not seen for certain has no series: None.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import factorial

from frechet.calculus.tangent import tangent_of
from frechet.core.build import add, apply_map, number_of, substitute
from frechet.core.ein import constant, ein, elementwise_power, is_zero, product, scale, split_coef, transpose
from frechet.core.errors import FrechetError
from frechet.core.facts import is_positive
from frechet.core.node import Add, Ein, Map, Node, Number, Var, topological, var
from frechet.core.numbers import simple

TERMS = 8


@dataclass(frozen=True, slots=True)
class Series:
    """sum of coefficient * t^exponent, exponents rising, no coefficient zero; what is left out is O(t^order)."""

    terms: tuple[tuple[Number, Node], ...]
    order: Number
    dims: tuple[int | str, ...]

    @property
    def first(self) -> Number:
        return self.terms[0][0] if self.terms else self.order

    def coefficient(self, exponent: Number) -> Node:
        return next((c for e, c in self.terms if e == exponent), constant(0, self.dims))


def expansion(root: Node, target: Node, at: Node, side: int) -> Series | None:
    """The series of `root` where `target` is at + side*t, t > 0."""
    inside = {target}
    order = topological([root])
    for node in order:
        if any(c in inside for c in node.children):
            inside.add(node)
    found: dict[Node, Series | None] = {}
    for node in order:
        if node not in inside:
            found[node] = _constant(node)
        elif node is target:
            found[node] = _made({0: [at], 1: [constant(side, at.dims)]}, TERMS, at.dims)
        else:
            try:
                found[node] = _of(node, found, inside)
            except FrechetError:
                found[node] = None
    return found[root]


def _constant(node: Node) -> Series:
    return Series(() if is_zero(node) else ((0, node),), TERMS, node.dims)


def _made(parts: dict[Number, list[Node]], order: Number, dims: tuple[int | str, ...]) -> Series:
    """Coefficients added up by exponent, zeros dropped."""
    sums = {e: add([(1, n) for n in nodes], dims) for e, nodes in parts.items() if e < order}
    return Series(tuple(sorted(((e, n) for e, n in sums.items() if not is_zero(n)), key=lambda t: t[0])), order, dims)


def _of(node: Node, found: dict[Node, Series | None], inside: set[Node]) -> Series | None:
    if any(found[c] is None for c in node.children):
        return None
    if isinstance(node, Add):
        parts: dict[Number, list[Node]] = {}
        below = [(c, found[n]) for c, n in node.terms]
        for c, s in below:
            for e, n in s.terms if s is not None else ():
                parts.setdefault(e, []).append(scale(n, c))
        return _made(parts, min(s.order for _, s in below if s is not None), node.dims)
    if isinstance(node, Ein):
        return _product(node, found, inside)
    if isinstance(node, Map) and len(node.children) == 1:
        inner = found[node.children[0]]
        return None if inner is None else _applied(node, inner)
    return None


def _product(node: Ein, found: dict[Node, Series | None], inside: set[Node]) -> Series | None:
    """Factors that move are scalars or stand entry by entry; the others are one constant."""
    fixed = [f for f in node.factors if f[0] not in inside]
    rest = ein(node.coef, fixed, node.out, dict(enumerate(node.index_dims)))
    if len(set(node.out)) < len(node.out):
        return None
    result = _constant(rest)
    for base, idx, e in node.factors:
        if base not in inside:
            continue
        series = found[base]
        if series is not None and len(idx) == 2 and idx == node.out[::-1]:
            series = _transposed(series)
        elif series is None or (idx and idx != node.out):
            return None
        power = _power(series, e)
        if power is None:
            return None
        result = _times(result, power, node.dims)
    return result


def _transposed(s: Series) -> Series:
    return Series(tuple((e, transpose(n)) for e, n in s.terms), s.order, s.dims[::-1])


def _times(a: Series, b: Series, dims: tuple[int | str, ...]) -> Series:
    parts: dict[Number, list[Node]] = {}
    for e, m in a.terms:
        for k, n in b.terms:
            parts.setdefault(simple(Fraction(e) + Fraction(k)), []).append(_spread(product(m, n), dims))
    return _made(parts, min(a.order + b.first, b.order + a.first), dims)


def _spread(node: Node, dims: tuple[int | str, ...]) -> Node:
    n = tuple(range(len(dims)))
    return node if node.dims == dims else ein(1, [(node, (), 1)], n, dict(enumerate(dims)))


def _power(s: Series, e: Number) -> Series | None:
    """s^e: the leading term before it, a binomial series for the rest."""
    if e == 1:
        return s
    if not s.terms:
        return None if e < 0 or e != int(e) else s
    v, lead = s.terms[0]
    if e == int(e) and 0 < e <= TERMS:
        result = s
        for _ in range(int(e) - 1):
            result = _times(result, s, s.dims)
        return result
    if not _not_zero(lead) or (e != int(e) and _sign(lead) != 1):
        return None
    inverse = elementwise_power(lead, -1)
    rest = Series(
        tuple((simple(Fraction(k) - Fraction(v)), product(n, inverse)) for k, n in s.terms[1:]),
        s.order - v, s.dims,
    )  # fmt: skip
    total: Series = _constant(constant(1, s.dims))
    total = Series(total.terms, rest.order, s.dims)
    term, coef = total, Fraction(1)
    for k in range(1, TERMS + 1):
        if not rest.terms or rest.first * k >= rest.order:
            break
        coef *= (Fraction(e) - k + 1) / k
        term = _times(term, rest, s.dims)
        total = _plus(total, _scaled(term, coef))
    whole = elementwise_power(lead, e)
    moved = simple(Fraction(v) * Fraction(e))
    return Series(tuple((simple(Fraction(k) + Fraction(moved)), product(whole, n)) for k, n in total.terms),
                  total.order + moved, s.dims)  # fmt: skip


def _plus(a: Series, b: Series) -> Series:
    parts: dict[Number, list[Node]] = {}
    for e, n in (*a.terms, *b.terms):
        parts.setdefault(e, []).append(n)
    return _made(parts, min(a.order, b.order), a.dims)


def _scaled(s: Series, coef: Number) -> Series:
    return Series(tuple((e, scale(n, coef)) for e, n in s.terms if coef), s.order, s.dims)


def _sign(node: Node) -> int:
    """1 or -1 where every entry is known to have that sign, else 0."""
    coef, core = split_coef(node)
    if coef == 0:
        return 0
    plain = isinstance(core, Ein) and not core.factors and len(set(core.out)) == core.order
    return (1 if coef > 0 else -1) if plain or is_positive(core) else 0


def _not_zero(node: Node) -> bool:
    """Whether no entry is 0, as far as a formula with letters can have that: a number, a product of variables."""
    core = split_coef(node)[1]
    if _sign(node) or isinstance(core, Var):
        return True
    return isinstance(core, Ein) and not core.contracts and all(isinstance(n, Var) for n, _, _ in core.factors)


def _applied(node: Map, g: Series) -> Series | None:
    """f(c + h) by Taylor's formula; abs and sign by the sign of what comes first."""
    if g.first < 0:
        return None
    name = node.operation.name
    if name in ("abs", "sign", "relu"):
        sign = _sign(g.terms[0][1]) if g.terms else 0
        if not sign:
            return None
        one = Series(_constant(constant(1, g.dims)).terms, g.order, g.dims)
        return {"abs": _scaled(g, sign), "sign": _scaled(one, sign), "relu": _scaled(g, (1 + sign) // 2)}[name]
    if node.operation.kink or node.operation.jumps:
        return None
    start = g.coefficient(0)
    if node.operation.domain and (number_of(start) == 0 or is_zero(start)):
        return None
    rest = Series(tuple(t for t in g.terms if t[0] > 0), g.order, g.dims)
    total = Series((), g.order, g.dims)
    term: Series = Series(_constant(constant(1, g.dims)).terms, g.order, g.dims)
    place = var("place", start.dims, role="place")
    f = apply_map(node.operation, [place])
    for k in range(TERMS):
        here = substitute(f, lambda n: start if n is place else None)
        total = _plus(total, _times(_scaled(term, Fraction(1, factorial(k))), _constant(here), g.dims))
        if not rest.terms or rest.first * (k + 1) >= g.order:
            break
        term = _times(term, rest, g.dims)
        f = tangent_of(f, place, constant(1, start.dims))
    return total
