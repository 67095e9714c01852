"""Logarithms of what overflows, underflows or is close to one: see `rules`."""

from __future__ import annotations

from fractions import Fraction

from frechet.compile.stable.functions import (
    asinh,
    detsign,
    log1mexp,
    logcosh,
    logerfc,
)
from frechet.compile.stable.rewriting import (
    Term,
    apply,
    fired,
    is_map,
    is_one,
    log_of,
    negated,
    pairs,
    power_of,
    rule,
    shorter,
    terms_of,
)
from frechet.core.build import add, rebuild
from frechet.core.ein import constant, ein, elementwise_power, product, scale, split_coef
from frechet.core.facts import is_spd
from frechet.core.node import Call, Ein, Map, Node
from frechet.core.numbers import divide
from frechet.core.tensor import Tensor
from frechet.ops import REGISTRY


@rule("log of sigmoid", "log(sigmoid(x)) = -softplus(-x)", when="before", of="log")
def _(node: Node) -> Node | None:
    if is_map(node, "log") and is_map(node.children[0], "sigmoid"):
        return scale(apply("softplus", negated(node.children[0].children[0])), -1)
    return None


@rule("log of softmax", "log(softmax(x)) = x - logsumexp(x)", when="before", of="log")
def _(node: Node) -> Node | None:
    if is_map(node, "log") and isinstance(node.children[0], Call) and node.children[0].operation.name == "softmax":
        u = node.children[0].children[0]
        total: Tensor = REGISTRY["logsumexp"].build(Tensor(u, (u.dims,)))
        spread = ein(1, [(total.node, (), 1)], (0,), {0: u.dims[0]})
        return add([(1, u), (-1, spread)], u.dims)
    return None


@rule("log of cosh", "log(cosh(x)) = abs(x) + log(1 + exp(-2*abs(x))) - log(2)", when="before", of="log")
def _(node: Node) -> Node | None:
    coef, core = split_coef(node.children[0]) if is_map(node, "log") else (0, node)
    if coef > 0 and is_map(core, "cosh"):
        return add([(1, logcosh(core.children[0])), (1, log_of(coef, node.dims))], node.dims)
    return None


@rule("log of sinh", "log(sinh(x)) = x + log(1 - exp(-2*x)) - log(2)", when="before", of="log")
def _(node: Node) -> Node | None:
    """sinh(x) has a logarithm where x > 0, as 1 - exp(-2*x) has."""
    coef, core = split_coef(node.children[0]) if is_map(node, "log") else (0, node)
    if coef > 0 and is_map(core, "sinh"):
        u = core.children[0]
        outside = log_of(divide(coef, 2), node.dims)
        return add([(1, u), (1, log1mexp(scale(u, -2))), (1, outside)], node.dims)
    return None


@rule("log of tanh", "log(tanh(x)) = log(1 - exp(-2*x)) - log(1 + exp(-2*x))", when="before", of="log")
def _(node: Node) -> Node | None:
    """tanh(x) has a logarithm where x > 0, as 1 - exp(-2*x) has."""
    coef, core = split_coef(node.children[0]) if is_map(node, "log") else (0, node)
    if coef > 0 and is_map(core, "tanh"):
        u = scale(core.children[0], -2)
        return add([(1, log1mexp(u)), (-1, apply("softplus", u)), (1, log_of(coef, node.dims))], node.dims)
    return None


@rule("inverse of sinh", "log(x + sqrt(x^2 + 1)) = asinh(x)", when="before", of="log")
def _(node: Node) -> Node | None:
    """For every x: the root is larger than -x. Also log(sqrt(x^2 + 1) - x) = asinh(-x)."""
    terms = terms_of(node.children[0]) if is_map(node, "log") else []
    for (c, u), (k, root) in (terms, terms[::-1]) if len(terms) == 2 else ():
        base, e = power_of(root)
        if k == 1 and abs(c) == 1 and e == Fraction(1, 2):
            rest = add([(1, base), (-1, elementwise_power(u, 2))], node.dims)
            if is_one(rest):
                return asinh(scale(u, c))
    return None


def _name(node: Node) -> str:
    """The name of an operation; a determinant that is differentiated by cofactors is one."""
    name = node.operation.name if isinstance(node, Call) else ""
    return "det" if name == "determinant" else name


def _size_and_sign(node: Node) -> tuple[Node, Node] | None:
    """log(abs(u)) and sign(u) of a determinant or a product of entries, both without overflow."""
    name = _name(node)
    if name == "prod":
        u = node.children[0]
        logs = apply("log", apply("abs", u))
        total = ein(1, [(logs, tuple(range(u.order)), 1)], (), dict(enumerate(u.dims)))
        return total, rebuild(node, [apply("sign", u)])
    if name == "det":
        X = node.children[0]
        half = X.order // 2
        matrix = Tensor(X, (X.dims[:half], X.dims[half:]))
        result: Tensor = REGISTRY["logdet"].build(matrix)
        return result.node, constant(1) if is_spd(X) else detsign(matrix).node
    return None


def _log_of_sized(node: Node, name: str) -> Node | None:
    """log(c*u^e*v) = e*log(abs(u)) + log(c*sign(u)^e*v) for all u that are determinants, or products of entries. The
    second logarithm is not a number where the argument is negative: there the first one has no value either."""
    inside = node.children[0] if is_map(node, "log") else None
    if not isinstance(inside, (Ein, Call)):
        return None
    coef, factors = (inside.coef, inside.factors) if isinstance(inside, Ein) else (1, ((inside, (), 1),))
    sized = [f for f in factors if _name(f[0]) == name and not f[1] and not is_map(f[0].children[0], "sign")]
    if not sized or inside.order:
        return None
    rest: Node = constant(coef)
    sizes: list[Term] = []
    for base, idx, e in factors:
        parts = _size_and_sign(base) if (base, idx, e) in sized else None
        if parts is not None:
            sizes.append((e, parts[0]))
            rest = product(rest, elementwise_power(parts[1], e)) if e % 2 else rest
        elif idx:
            return None
        else:
            rest = product(rest, elementwise_power(base, e))
    return add([*sizes, (1, fired(apply("log", rest), True))], ())


@rule("log of prod", "log(prod(x)) = sum(log(abs(x))) + log(prod(sign(x)))", when="before", of="log")
def _(node: Node) -> Node | None:
    return _log_of_sized(node, "prod")


@rule("log of det", "log(det(X)) = logdet(X) + log(detsign(X))", when="before", of="log")
def _(node: Node) -> Node | None:
    return _log_of_sized(node, "det")


@rule("log of a product with exp", "log(a*exp(x)) = log(a) + x", when="before", of="log")
def _(node: Node) -> Node | None:
    inside = node.children[0] if is_map(node, "log") else None
    if not isinstance(inside, Ein) or inside.coef <= 0 or len(inside.factors) < 2:
        return None
    whole = tuple(range(inside.order))
    logs = [f for f in inside.factors if is_map(f[0], "exp") and set(f[1]) <= set(inside.out)]
    if not logs or set(inside.out) != set(range(len(inside.index_dims))) or len(set(inside.out)) < len(inside.out):
        return None
    dims = dict(enumerate(inside.index_dims))
    rest = ein(inside.coef, [f for f in inside.factors if f not in logs], inside.out, dims)
    parts = [(1, ein(e, [(base.children[0], idx, 1)], inside.out, dims)) for base, idx, e in logs]
    assert len(whole) == rest.order
    return add([(1, fired(apply("log", rest), True)), *parts], node.dims)


@rule("log of 1 - exp", "log(1 - exp(-y)) = log1mexp(-y)", when="before", of="log")
def _(node: Node) -> Node | None:
    if not is_map(node, "log"):
        return None
    inside = node.children[0]
    coef, core = split_coef(inside)
    if core.__class__ is Map and isinstance(core, Map) and core.operation.name == "expm1":
        u = core.children[0]
        if coef < 0:  # -c*(exp(u) - 1)
            return add([(1, log1mexp(u)), (1, log_of(-coef, node.dims))], node.dims)
        return add([(1, u), (1, log1mexp(negated(u))), (1, log_of(coef, node.dims))], node.dims)
    return None


@rule("log of 1 - erf", "log(1 - erf(x)) = log(erfcx(x)) - x^2", when="before", of="log")
def _(node: Node) -> Node | None:
    if not is_map(node, "log"):
        return None
    coef, core = split_coef(node.children[0])
    if isinstance(core, Map) and core.operation.name == "erfc" and coef > 0:
        return add([(1, logerfc(core.children[0])), (1, log_of(coef, node.dims))], node.dims)
    return None


@rule("log of 1 - sigmoid", "log(1 - sigmoid(x)) = -softplus(x)", when="before", of="log")
def _(node: Node) -> Node | None:
    terms = terms_of(node.children[0]) if is_map(node, "log") else []
    for one, other in (terms, terms[::-1]) if len(terms) == 2 else ():
        if is_one(one[1]) and is_map(other[1], "sigmoid") and one[0] == -other[0] == 1:
            return scale(apply("softplus", other[1].children[0]), -1)
    return None


@rule("log of a sum of two exp", "log(exp(x) + exp(y)) = x + softplus(y - x)", when="before", of="log")
def _(node: Node) -> Node | None:
    terms = terms_of(node.children[0]) if is_map(node, "log") else []
    if len(terms) != 2 or not all(c == terms[0][0] > 0 and is_map(n, "exp") for c, n in terms):
        return None
    a, b = (n.children[0] for _, n in terms)
    outside = log_of(terms[0][0], node.dims)
    return add([(1, a), (1, apply("softplus", add([(1, b), (-1, a)], a.dims))), (1, outside)], node.dims)


@rule("difference of logs", "log(x + 1) - log(x) = log1p(1/x)", when="after")
def _(node: Node) -> Node | None:
    def match(s: Term, t: Term) -> Node | None:
        if s[0] != -t[0] or s[0] < 0 or not (is_map(s[1], "log") and is_map(t[1], "log")):
            return None
        a, b = s[1].children[0], t[1].children[0]
        rest = shorter(a, b)
        if rest is None:
            return None
        ratio = product(rest, elementwise_power(b, -1))
        return scale(apply("log", add([(1, constant(1, node.dims)), (1, ratio)], node.dims)), s[0])

    return pairs(node, match)


@rule("log of (1 + x)/(1 - x)", "log((1 + x/3)/(1 - x/3)) = log(1 + x/3) - log(1 - x/3)", when="after", of="log")
def _(node: Node) -> Node | None:
    """Where the argument is positive both sides of the fraction are: they have the sum 2."""
    inside = node.children[0] if is_map(node, "log") else None
    if not isinstance(inside, Ein) or inside.contracts or abs(inside.coef) != 1 or len(inside.factors) != 2:
        return None
    found = []
    for base, idx, e in inside.factors:
        ones = [c for c, n in terms_of(base) if is_one(n)]
        if idx != inside.out or abs(e) != 1 or len(ones) != 1 or abs(ones[0]) != 1:
            return None
        found.append((scale(base, ones[0]), ones[0], e))
    (one, s, e), (other, t, k) = found
    if s * t != inside.coef or e == k or add([(1, one), (1, other)], node.dims) is not constant(2, node.dims):
        return None
    return add([(e, apply("log", one)), (k, apply("log", other))], node.dims)
