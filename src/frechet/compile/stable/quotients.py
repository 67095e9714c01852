"""Products that are better functions: exp times sigmoid, and what is 0/0 at zero: see `rules`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from frechet.compile.stable.functions import expm1, exprel, sinc
from frechet.compile.stable.rewriting import apply, is_map, negated, rule
from frechet.core.ein import ein, scale, split_coef
from frechet.core.node import Ein, Factor, Node, Number
from frechet.core.numbers import divide


def _whole(value: Number) -> bool:
    return value == int(value)


def _replaced(node: Ein, gone: tuple[Factor, ...], new: list[Factor], coef: Number = 1) -> Node:
    """The product with some factors put in place of others."""
    rest = [f for f in node.factors if f not in gone]
    return ein(node.coef * coef, [*rest, *new], node.out, dict(enumerate(node.index_dims)))


def _less(factor: Factor, count: Number) -> list[Factor]:
    """What is left of a power after `count` of its factors were used."""
    base, idx, e = factor
    return [(base, idx, e - count)] if e != count else []


def _multiple(u: Node, v: Node) -> Number | None:
    """c with u = c*v, if there is one."""
    (a, one), (b, other) = split_coef(u), split_coef(v)
    return divide(a, b) if one is other else None


@rule("exp times sigmoid", "exp(x)*sigmoid(-x) = sigmoid(x)", of="product")
def _(node: Node) -> Node | None:
    """The identity as often as both are there, also in part: exp(2*x)*sigmoid(-x)^3 is sigmoid(x)^2*sigmoid(-x), and
    exp(x)*sigmoid(-2*x) is the root of sigmoid(2*x)*sigmoid(-2*x)."""
    if not isinstance(node, Ein):
        return None
    for s in node.factors:
        if not is_map(s[0], "sigmoid") or s[2] < 1 or not _whole(s[2]):
            continue
        w = s[0].children[0]
        for e in node.factors:
            if not is_map(e[0], "exp") or e[1] != s[1]:
                continue
            ratio = _multiple(e[0].children[0], w)
            times = -Fraction(ratio) * Fraction(e[2]) if ratio is not None else Fraction(0)
            if times <= 0:
                continue
            count = min(times, Fraction(s[2]))
            left = [] if times == count else [(apply("exp", scale(w, count - times)), s[1], 1)]
            return _replaced(node, (s, e), [*_less(s, count), *left, (apply("sigmoid", negated(w)), s[1], count)])
    return None


@rule("exp - 1 times sigmoid", "(exp(x) - 1)*sigmoid(-x) = tanh(x/2)", of="product")
def _(node: Node) -> Node | None:
    if not isinstance(node, Ein):
        return None
    for s in node.factors:
        for e in node.factors if is_map(s[0], "sigmoid") and s[2] >= 1 else ():
            if is_map(e[0], "expm1") and e[1] == s[1] and e[2] >= 1:
                u = e[0].children[0]
                if negated(u) is s[0].children[0]:
                    half = apply("tanh", scale(u, divide(1, 2)))
                    return _replaced(node, (s, e), [*_less(s, 1), *_less(e, 1), (half, s[1], 1)])
    return None


@rule("exp over exp - 1", "exp(x)/(exp(x) - 1) = -1/(exp(-x) - 1)", of="product")
def _(node: Node) -> Node | None:
    if not isinstance(node, Ein):
        return None
    for below in node.factors:
        if is_map(below[0], "expm1") and below[2] <= -1:
            u = below[0].children[0]
            for top in node.factors:
                if is_map(top[0], "exp") and top[0].children[0] is u and top[1] == below[1] and top[2] >= 1:
                    other = (expm1(negated(u)), top[1], -1)
                    return _replaced(node, (below, top), [*_less(below, -1), *_less(top, 1), other], -1)
    return None


def _over_argument(node: Node, name: str, build: Callable[[Node], Node]) -> Node | None:
    """f(c*x)/x as c*build(c*x), and x/f(c*x), as often as both are there."""
    if not isinstance(node, Ein):
        return None
    for f in node.factors:
        if not is_map(f[0], name) or not _whole(f[2]):
            continue
        u = f[0].children[0]
        for x in node.factors:
            ratio = _multiple(u, x[0]) if x[1] == f[1] and x is not f else None
            if ratio and _whole(x[2]) and (x[2] > 0) != (f[2] > 0):
                count = min(abs(Fraction(x[2])), abs(Fraction(f[2]))) * (1 if f[2] > 0 else -1)
                new = [*_less(f, count), *_less(x, -count), (build(u), f[1], count)]
                return _replaced(node, (f, x), new, Fraction(ratio) ** int(count))
    return None


@rule("exp(x) - 1 over x", "(exp(x) - 1)/x = exprel(x)", when="before", of="product")
def _(node: Node) -> Node | None:
    """Where x is 0 the quotient has the limit 1, and exprel that value: it is a smooth function."""
    return _over_argument(node, "expm1", exprel)


@rule("sine over its argument", "sin(x)/x = sinc(x)", when="before", of="product")
def _(node: Node) -> Node | None:
    """As for exp; with 1 - cos(x) = 2*sin(x/2)^2 also (1 - cos(x))/x^2."""
    return _over_argument(node, "sin", sinc)
