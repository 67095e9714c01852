"""Differences of near equals, quotients of exponentials, lengths: see `rules`."""

from __future__ import annotations

from fractions import Fraction

from frechet.compile.stable.functions import (
    coshm1,
    erfc,
    expm1,
    hypot,
    length,
    mills,
    sech2,
)
from frechet.compile.stable.rewriting import (
    LONGEST,
    Term,
    apply,
    beside_one,
    count_terms,
    factors_of,
    fired,
    is_map,
    is_one,
    multiplied_out,
    negated,
    pairs,
    power_of,
    rule,
    shorter,
    square_of,
    terms_of,
)
from frechet.core.build import add
from frechet.core.ein import constant, ein, elementwise_power, product, scale
from frechet.core.node import Add, Ein, Map, Node, Number
from frechet.core.numbers import divide


@rule("exp - 1", "exp(x) - 1 = expm1(x)")
def _(node: Node) -> Node | None:
    return pairs(node, beside_one("exp", expm1, same=False))


@rule("1 - erf", "1 - erf(x) = erfc(x)")
def _(node: Node) -> Node | None:
    return pairs(node, beside_one("erf", lambda u: scale(erfc(u), -1), same=False)) or \
        pairs(node, beside_one("erf", lambda u: erfc(negated(u)), same=True))  # fmt: skip


@rule("cosh - 1", "cosh(x) - 1 = 2*sinh(x/2)^2")
def _(node: Node) -> Node | None:
    return pairs(node, beside_one("cosh", coshm1, same=False))


@rule("1 - cos", "1 - cos(x) = 2*sin(x/2)^2")
def _(node: Node) -> Node | None:
    def build(u: Node) -> Node:
        return scale(elementwise_power(apply("sin", scale(u, Fraction(1, 2))), 2), -2)

    return pairs(node, beside_one("cos", build, same=False))


@rule("1 - 2 sigmoid", "1 - 2*sigmoid(x) = -tanh(x/2)")
def _(node: Node) -> Node | None:
    def match(one: Term, other: Term) -> Node | None:
        if is_one(one[1]) and is_map(other[1], "sigmoid") and other[0] == -2 * one[0]:
            return scale(apply("tanh", scale(other[1].children[0], Fraction(1, 2))), -one[0])
        return None

    return pairs(node, match)


@rule("1 - tanh", "1 - tanh(x) = 2*sigmoid(-2*x)")
def _(node: Node) -> Node | None:
    """Also 1 + tanh(x) = 2*sigmoid(2*x)."""

    def build(u: Node) -> Node:
        return scale(apply("sigmoid", scale(u, 2)), 2)

    return pairs(node, beside_one("tanh", lambda u: scale(build(negated(u)), -1), same=False)) or \
        pairs(node, beside_one("tanh", build, same=True))  # fmt: skip


@rule("softplus - x", "log(1 + exp(x)) - x = log(1 + exp(-x))")
def _(node: Node) -> Node | None:
    terms = terms_of(node)
    for c, s in terms if len(terms) <= LONGEST else ():
        if is_map(s, "softplus"):
            u = s.children[0]
            rest = add([(1, node), (-c, s), (c, u)], node.dims)
            if count_terms(rest) <= len(terms) - 1 - count_terms(u):
                return add([(c, apply("softplus", negated(u))), (1, rest)], node.dims)
    return None


@rule("cosh - sinh", "cosh(x) - sinh(x) = exp(-x)")
def _(node: Node) -> Node | None:
    def match(one: Term, other: Term) -> Node | None:
        if is_map(one[1], "cosh") and is_map(other[1], "sinh") and abs(one[0]) == abs(other[0]):
            u = one[1].children[0]
            if other[1].children[0] is u:
                return scale(apply("exp", u if one[0] == other[0] else negated(u)), one[0])
        return None

    return pairs(node, match)


@rule("difference of exp", "exp(x + y) - exp(x) = exp(x)*(exp(y) - 1)", when="before")
def _(node: Node) -> Node | None:
    def match(s: Term, t: Term) -> Node | None:
        if s[0] != -t[0] or not (is_map(s[1], "exp") and is_map(t[1], "exp")):
            return None
        rest = shorter(s[1].children[0], t[1].children[0])
        return None if rest is None else scale(product(t[1], expm1(rest)), s[0])

    return pairs(node, match)


@rule("1 - sigmoid", "1 - sigmoid(x) = sigmoid(-x)", when="after")
def _(node: Node) -> Node | None:
    """Only where nothing else is added: 1 - sigmoid(x) - y needs one function less as it is."""
    terms = terms_of(node)
    return pairs(node, beside_one("sigmoid", lambda u: scale(apply("sigmoid", negated(u)), -1), same=False)) \
        if len(terms) == 2 else None  # fmt: skip


@rule("difference of sigmoids", "sigmoid(x) - sigmoid(-x) = tanh(x/2)")
def _(node: Node) -> Node | None:
    """Also as factors beside others that both terms have."""

    def match(s: Term, t: Term) -> Node | None:
        a, b = factors_of(s[1]), factors_of(t[1])
        changed = {f: a.get(f, 0) - b.get(f, 0) for f in (*a, *b) if a.get(f, 0) != b.get(f, 0)}
        if s[0] != -t[0] or sorted(changed.values()) != [-1, 1]:
            return None
        less, more = sorted(changed, key=lambda f: changed[f])
        u = more.children[0] if is_map(more, "sigmoid") and is_map(less, "sigmoid") else None
        if u is None or negated(u) is not less.children[0]:
            return None
        common = {f: min(e, b.get(f, 0)) if f in (less, more) else e for f, e in a.items()}
        shared = [elementwise_power(f, e) for f, e in common.items() if e]
        return scale(product(*shared, apply("tanh", scale(u, Fraction(1, 2)))), s[0])

    return pairs(node, match)


@rule("1 - tanh^2", "1 - tanh(x)^2 = 4*exp(-2*abs(x))/(1 + exp(-2*abs(x)))^2")
def _(node: Node) -> Node | None:
    """Also tanh(x) - tanh(x)^3, and so on."""

    def match(lower: Term, higher: Term) -> Node | None:
        (base, e), (tanh, k) = power_of(lower[1]), power_of(higher[1])
        e = 0 if is_one(lower[1]) else e
        if lower[0] != -higher[0] or not is_map(tanh, "tanh") or k != e + 2 or (e and base is not tanh):
            return None
        return scale(product(elementwise_power(tanh, e), sech2(tanh.children[0])), lower[0])

    return pairs(node, match)


@rule("sinh and cosh from exp", "exp(x) - exp(-x) = 2*sinh(x)", when="before")
def _(node: Node) -> Node | None:
    def match(s: Term, t: Term) -> Node | None:
        if not (is_map(s[1], "exp") and is_map(t[1], "exp")) or s[0] not in (t[0], -t[0]):
            return None
        u = t[1].children[0]
        if scale(u, -1) is not s[1].children[0]:
            return None
        return scale(apply("cosh" if s[0] == t[0] else "sinh", u), 2 * t[0])

    return pairs(node, match) if len(terms_of(node)) == 2 else None  # in longer sums they are shifted: see `stable`


def _root_of(node: Node) -> tuple[Node, Number]:
    """Base and exponent; of hypot(x, y) the sum of squares, of ((1 - x)*(1 + x))^(1/2) the difference."""
    if isinstance(node, Map) and node.operation.name == "hypot":
        squares = [elementwise_power(c, 2) for c in node.children]
        return add([(1, q) for q in squares], node.dims), Fraction(1, 2)
    base, e = power_of(node)
    return (multiplied_out(base) if e in (Fraction(1, 2), Fraction(-1, 2)) else base), e


@rule("difference of roots", "sqrt(x + 1) - sqrt(x) = 1/(sqrt(x + 1) + sqrt(x))", when="after")
def _(node: Node) -> Node | None:
    """a^e - b^e for e = 1/2, -1/2 and -1 (the law of -1: 1/a - 1/b = (b - a)/(a*b))."""
    half = Fraction(1, 2)

    def match(s: Term, t: Term) -> Node | None:
        (a, e), (b, k) = _root_of(s[1]), _root_of(t[1])
        if e == -1 and s[0] == t[0] and not is_one(s[1]):  # -1/(x - 1) - 1 = 1/(1 - x) - 1
            a, s = negated(a), (-s[0], negated(s[1]))
        if s[0] != -t[0] or e not in (half, -half, -1) or not (k == e or is_one(t[1])):
            return None
        b = b if k == e else t[1]
        rest = shorter(a, b) if e > 0 else shorter(b, a)
        if rest is None:
            return None
        top = rest if e > 0 else product(rest, s[1], t[1])
        if abs(e) == half:
            roots = [s[1], t[1]] if e > 0 else [elementwise_power(x, half) for x in (a, b)]
            top = product(top, elementwise_power(add([(1, r) for r in roots], node.dims), -1))
        return scale(top, s[0])

    return pairs(node, match)


@rule("square of cosh", "1/cosh(x)^2 = 1 - tanh(x)^2", of="product")
def _(node: Node) -> Node | None:
    """In its form without overflow, and any even power."""
    if not isinstance(node, Ein):
        return None
    for f in node.factors:
        if is_map(f[0], "cosh") and f[2] < 0 and f[2] % 2 == 0:
            rest = [g for g in node.factors if g is not f]
            new = (sech2(f[0].children[0]), f[1], divide(-f[2], 2))
            return ein(node.coef, [*rest, new], node.out, dict(enumerate(node.index_dims)))
    return None


@rule("perfect square", "x^2 - 2*x*y + y^2 = (x - y)^2", when="after")
def _(node: Node) -> Node | None:
    terms = terms_of(node)
    if len(terms) != 3:
        return None
    for k in range(3):
        (c, cross), (p, one), (q, other) = terms[k], terms[k - 1], terms[k - 2]
        a, b = square_of(one), square_of(other)
        if a is None or b is None or p != q or abs(Fraction(c)) != 2 * abs(Fraction(p)) or a.dims != b.dims:
            continue
        assert isinstance(one, Ein) and isinstance(other, Ein)
        if one.factors[0][1:] != other.factors[0][1:] or one.out != other.out:
            continue
        idx, dims = one.factors[0][1], dict(enumerate(one.index_dims))
        if ein(1, [(a, idx, 1), (b, idx, 1)], one.out, dims) is cross:
            whole = add([(1, a), (1 if (c > 0) == (p > 0) else -1, b)], a.dims)
            return ein(p, [(whole, idx, 2)], one.out, dims)
    return None


@rule("difference of squares", "x^2 - y^2 = (x - y)*(x + y)", when="after")
def _(node: Node) -> Node | None:
    terms = terms_of(node)
    if len(terms) != 2 or terms[0][0] != -terms[1][0]:
        return None
    (c, one), (_, other) = terms
    a = constant(1, one.dims) if is_one(one) else square_of(one)
    b = constant(1, other.dims) if is_one(other) else square_of(other)
    if a is None or b is None or a.dims != b.dims:
        return None
    shape = other if is_one(one) else one
    assert isinstance(shape, Ein)
    if not (is_one(one) or is_one(other)):
        assert isinstance(one, Ein) and isinstance(other, Ein)
        if one.factors[0][1] != other.factors[0][1] or one.out != other.out:
            return None
    elif len(shape.out) != len(shape.index_dims):
        return None
    idx, dims = shape.factors[0][1], dict(enumerate(shape.index_dims))
    less, more = fired(add([(1, a), (-1, b)], a.dims), False), add([(1, a), (1, b)], a.dims)
    return ein(c, [(less, idx, 1), (more, idx, 1)], shape.out, dims)


@rule("tail of the normal distribution", "exp(-x^2)/(1 - erf(x)) = 1/erfcx(x)", of="product")
def _(node: Node) -> Node | None:
    if not isinstance(node, Ein):
        return None
    for tail in node.factors:
        if is_map(tail[0], "erfc") and tail[2] == -1:
            u = tail[0].children[0]
            top = apply("exp", scale(elementwise_power(u, 2), -1))
            for f in node.factors:
                if f[0] is top and f[1] == tail[1] and f[2] == 1:
                    rest = [g for g in node.factors if g not in (f, tail)]
                    return ein(node.coef, [*rest, (mills(u), f[1], 1)], node.out, dict(enumerate(node.index_dims)))
    return None


@rule("logistic quotient", "exp(x)/(exp(x) + exp(y)) = sigmoid(x - y)", when="before", of="product")
def _(node: Node) -> Node | None:
    """Also exp(x)/(1 + exp(x))^2 = sigmoid(x)*sigmoid(-x): 1 is exp(0)."""
    if not isinstance(node, Ein):
        return None
    for below in node.factors:
        terms = terms_of(below[0])
        k = -below[2]
        if len(terms) != 2 or k != int(k) or not 1 <= k <= 4 or terms[0][0] != terms[1][0]:
            continue
        arguments = [
            n.children[0] if is_map(n, "exp") else constant(0, n.dims) if is_one(n) else None for _, n in terms
        ]
        if None in arguments:
            continue
        tops = [next((f for f in node.factors if f[0] is n and f[1] == below[1]), None) for _, n in terms]
        powers: list[Number] = [f[2] if f is not None else 0 for f in tops]
        one = next((j for j in (0, 1) if is_one(terms[j][1])), None)
        if one is not None:
            powers[one] = k - powers[1 - one]
        if sum(map(Fraction, powers)) != k or min(powers) < 0 or any(p != int(p) for p in powers):
            continue
        first, second = arguments
        assert first is not None and second is not None
        u = add([(1, first), (-1, second)], first.dims)
        sides = [(apply("sigmoid", scale(u, s)), below[1], p) for s, p in zip((1, -1), powers, strict=True) if p]
        rest = [f for f in node.factors if f is not below and f not in tops]
        coef = node.coef * Fraction(terms[0][0]) ** int(-k)
        return ein(coef, [*rest, *sides], node.out, dict(enumerate(node.index_dims)))
    return None


@rule("norm", "norm2(x) = max(abs(x))*norm2(x/max(abs(x)))", when="after", of="product")
def _(node: Node) -> Node | None:
    """The root of a sum of squares and its inverse, with exponents 1/2, -1/2, -3/2."""
    if not isinstance(node, Ein):
        return None
    for f in node.factors:
        base, _, e = f
        doubled = 2 * Fraction(e)
        if base.order or doubled != int(doubled) or e == int(e) or abs(doubled) > 3:
            continue
        v = square_of(base)
        if v is not None and v is base.children[0] and v.order in (1, 2):
            name, power = ("length", doubled) if e > 0 else ("inverse_length", -doubled)
            rest = [g for g in node.factors if g is not f]
            return ein(node.coef, [*rest, (length(v, name), (), power)], node.out, dict(enumerate(node.index_dims)))
    return None


@rule("hypotenuse", "sqrt(x^2 + y^2) = hypot(x, y)", when="after", of="product")
def _(node: Node) -> Node | None:
    if not isinstance(node, Ein):
        return None
    for f in node.factors:
        base, idx, e = f
        doubled = 2 * Fraction(e)
        terms = base.terms if isinstance(base, Add) else ()
        if len(terms) != 2 or doubled != int(doubled) or e == int(e) or abs(doubled) > 3:
            continue
        sides = [constant(1, n.dims) if is_one(n) else _entrywise_square(n) for c, n in terms if c == 1]
        if len(sides) == 2 and None not in sides:
            x, y = sides
            assert x is not None and y is not None
            rest = [g for g in node.factors if g is not f]
            return ein(node.coef, [*rest, (hypot(x, y), idx, doubled)], node.out, dict(enumerate(node.index_dims)))
    return None


def _entrywise_square(node: Node) -> Node | None:
    base, e = power_of(node)
    return base if e == 2 else None
