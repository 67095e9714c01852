"""Functions in terms of a few: everything hyperbolic and logistic by exp, even powers by cos, kinks by abs and sign.

Two spellings of one function become one node; what is rational in exp is then left to `equality.reduce`. Each
rewriting holds wherever both sides are defined and smooth: sign(x)^2 = 1 away from x = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from frechet.core.build import add, apply_map, number_of
from frechet.core.ein import constant, ein, elementwise_power, product, scale, split_coef
from frechet.core.facts import is_positive
from frechet.core.node import Add, Call, Ein, Factor, Map, Node, Number
from frechet.core.tensor import Tensor
from frechet.ops import REGISTRY
from frechet.ops.op import arguments
from frechet.ops.powers import written_out

HALF = Fraction(1, 2)
# Powers of matrices up to this one are multiplied out.
PRODUCTS = 12


def basic(node: Node) -> Node:
    """One application of a function in terms of the basic ones; its arguments are basic already."""
    if isinstance(node, Map) and node.operation.name in _MAPS:
        return _MAPS[node.operation.name](*node.children)
    if isinstance(node, Call) and _is_short_power(node):
        return _matrix_power(*node.children)
    if isinstance(node, Call) and node.operation.name in _CALLS:
        return _CALLS[node.operation.name](*node.children)
    if isinstance(node, Ein):
        return _powers(node)
    return node


def _map(name: str, *args: Node) -> Node:
    return apply_map(REGISTRY[name], list(args))


def _plus(a: Node, b: Node | Number, factor: Number = 1) -> Node:
    """a + factor*b."""
    return add([(1, a), (factor, b if isinstance(b, Node) else constant(b, a.dims))], a.dims)


def terms_of(node: Node) -> list[tuple[Number, Node]]:
    """The node as coefficients times nodes."""
    coef, core = split_coef(node)
    if isinstance(core, Add):
        return [(coef * c, n) for c, n in core.terms]
    return [(coef, core)]


def exponential(u: Node) -> Node:
    """exp(c*a + b) as exp(a)^c * exp(b)."""
    parts = []
    for c, n in terms_of(u):
        if isinstance(n, Map) and n.operation.name == "log":
            parts.append(elementwise_power(n.children[0], c))
        else:
            parts.append(elementwise_power(_map("exp", n), c))
    return product(*parts) if any(p.order for p in parts) or not u.order else parts[0]


def logarithm(x: Node) -> Node:
    """The logarithm of a product of positive factors as a sum; log(det(X)) = logdet(X)."""
    if isinstance(x, Call) and x.operation.name == "det":
        return _logdet(x)
    if isinstance(x, Map) and x.operation.name == "abs" and isinstance(x.children[0], Call):
        inner = x.children[0]
        return _logdet(inner) if inner.operation.name == "det" else _map("log", x)
    if isinstance(x, Add) and len(x.terms) == 2:
        whole = _log_one_plus(x)
        if whole is not None:
            return whole
    if isinstance(x, Ein) and not x.contracts and x.coef > 0 and len(set(x.out)) == len(x.out):
        open_ones = [f for f in x.factors if not is_positive(f[0])]
        if not open_ones or (len(open_ones) == 1 and open_ones[0][2] % 2 != 0):
            return _log_of_product(x)
    return _map("log", x)


def _logdet(det: Call) -> Node:
    built: Tensor = REGISTRY["logdet"].build(*arguments(det))
    return built.node


def _log_of_product(x: Ein) -> Node:
    terms: list[tuple[Number, Node]] = []
    dims = dict(enumerate(x.index_dims))
    for base, idx, e in x.factors:
        spread = ein(1, [(_map("log", base), idx, 1)], x.out, dims)
        terms.append((e, spread))
    if x.coef != 1:
        terms.append((1, ein(1, [(_map("log", constant(x.coef)), (), 1)], x.out, dims)))
    return add(terms, x.dims)


def _log_one_plus(x: Add) -> Node | None:
    """log(1 + a product of exponentials) as softplus of their exponents' sum."""
    for (c, one), (d, other) in (x.terms, x.terms[::-1]):
        uniform = isinstance(one, Ein) and not one.factors and c * one.coef == 1
        product_ = isinstance(other, Ein) and not other.contracts and other.coef == 1
        if not (uniform and d == 1 and product_):
            continue
        assert isinstance(other, Ein)
        if all(isinstance(b, Map) and b.operation.name == "exp" for b, _, _ in other.factors):
            return softplus(_log_of_product(other))
    return None


def softplus(u: Node) -> Node:
    """softplus(-u) = softplus(u) - u: one sign for both."""
    coef, core = split_coef(u)
    if coef < 0:
        positive = scale(core, -coef)
        return _plus(_map("softplus", positive), positive, -1)
    return _map("softplus", u)


def _sigmoid(u: Node) -> Node:
    E = exponential(u)
    return product(E, elementwise_power(_plus(E, 1), -1))


def _tanh(u: Node) -> Node:
    E = elementwise_power(exponential(u), 2)
    return product(_plus(E, -1), elementwise_power(_plus(E, 1), -1))


def _hyperbolic(sign: int) -> Callable[[Node], Node]:
    def rule(u: Node) -> Node:
        E = exponential(u)
        return scale(_plus(E, elementwise_power(E, -1), sign), HALF)

    return rule


def _sin(u: Node) -> Node:
    """sin(a + b) = sin(a)cos(b) + cos(a)sin(b), and sin(k*a) for small whole k."""
    split = _halves(u)
    if split is None:
        return _map("sin", u)
    a, b = split
    return _plus(product(_sin(a), _cos(b)), product(_cos(a), _sin(b)))


def _cos(u: Node) -> Node:
    split = _halves(u)
    if split is None:
        return _map("cos", u)
    a, b = split
    return _plus(product(_cos(a), _cos(b)), product(_sin(a), _sin(b)), -1)


def _halves(u: Node) -> tuple[Node, Node] | None:
    """u = a + b with simpler a and b, if u is a sum or a small multiple (at most 4 parts in all)."""
    terms = terms_of(u)
    if sum(abs(int(c)) if c == int(c) else 1 for c, _ in terms) > 4:
        return None
    if len(terms) > 1:
        return scale(terms[0][1], terms[0][0]), add(terms[1:], u.dims)
    ((c, n),) = terms
    if c != int(c) or -2 < c < 2:
        return None
    step = 1 if c > 0 else -1
    return scale(n, step), scale(n, c - step)


def _relu(u: Node) -> Node:
    return scale(_plus(u, _map("abs", u)), HALF)


def _extreme(sign: int) -> Callable[[Node, Node], Node]:
    def rule(a: Node, b: Node) -> Node:
        return scale(_plus(_plus(a, b), _map("abs", _plus(a, b, -1)), sign), HALF)

    return rule


def _power(a: Node, b: Node) -> Node:
    """a^(b + 1) = a^b * a for numbers beside the exponent."""
    whole: Number = 0
    rest: list[tuple[Number, Node]] = []
    for c, n in terms_of(b):
        if isinstance(n, Ein) and not n.factors and len(set(n.out)) == len(n.out):
            whole += c * n.coef
        else:
            rest.append((c, n))
    if not whole:
        return _map("power", a, b)
    return product(_map("power", a, add(rest, b.dims)), elementwise_power(a, whole))


def _softmax(x: Node) -> Node:
    E = exponential(x)
    dims = dict(enumerate(x.dims))
    n = tuple(range(x.order))
    total = ein(1, [(E, n, 1)], (), dims)
    return ein(1, [(E, n, 1), (total, (), -1)], n, dims)


def _logsumexp(x: Node) -> Node:
    n = tuple(range(x.order))
    return logarithm(ein(1, [(exponential(x), n, 1)], (), dict(enumerate(x.dims))))


def _sign(u: Node) -> Node:
    """The sign of (v + |v|)/2 is that of relu(v): (1 + sign(v))/2; of the opposite the opposite."""
    for c, size in terms_of(u):
        if isinstance(size, Map) and size.operation.name == "abs":
            rest = scale(_plus(u, size, -c), 1 / Fraction(c))
            for sign in (1, -1):
                if rest is scale(size.children[0], sign):
                    return scale(_plus(_map("sign", rest), 1), HALF if c > 0 else -HALF)
    return _map("sign", u)


def _powers(node: Ein) -> Node:
    """sin^2 = 1 - cos^2; tan^2 = 1/cos^2 - 1; sign^2 = 1; odd powers of abs as even ones beside abs or sign."""
    out: list[Factor] = []
    changed = False
    for base, idx, e in node.factors:
        name = base.operation.name if isinstance(base, Map) else ""
        if name == "sin" and e == int(e) and e >= 2:
            square = _plus(constant(1, base.dims), elementwise_power(_map("cos", *base.children), 2), -1)
            out += [(square, idx, int(e) // 2), (base, idx, int(e) % 2)]
        elif name == "tan" and e == int(e) and e >= 2:
            secant = elementwise_power(_map("cos", *base.children), -2)
            out += [(_plus(secant, -1), idx, int(e) // 2), (base, idx, int(e) % 2)]
        elif name == "sign" and e == int(e) and e not in (0, 1):
            out.append((base, idx, int(e) % 2))
        elif name == "abs" and e == int(e) and e % 2 and e != 1:
            v = base.children[0]
            root = _map("sign", v) if e < 0 else base
            out += [(root, idx, 1), (v, idx, e if e < 0 else e - 1)]
        elif e not in (0, 1) and (scalars := _scalars(base)) and (e == int(e) or all(map(is_positive, scalars))):
            assert isinstance(base, Ein)
            inner = [f for f in base.factors if f[1]]
            out.append((ein(base.coef, inner, base.out, dict(enumerate(base.index_dims))), idx, e))
            out += [(n, (), k * e) for n, i, k in base.factors if not i]
        elif name == "sign" and _beside(node, base.children[0], idx) > 1:
            out += [(_map("abs", base.children[0]), idx, 1), (base.children[0], idx, -1)]
        else:
            out.append((base, idx, e))
            continue
        changed = True
    if sum(isinstance(n, Ein) and n.is_number for n, _, _ in out) > 0:
        out, changed = _radicals(out), True
    return ein(node.coef, out, node.out, dict(enumerate(node.index_dims))) if changed else node


def _scalars(base: Node) -> list[Node]:
    """The scalar factors of a contraction whose power is taken: they can stand before it."""
    if not isinstance(base, Ein) or not base.contracts:
        return []
    return [n for n, i, _ in base.factors if not i]


def _radicals(factors: list[Factor]) -> list[Factor]:
    """Square roots of numbers as one root of a whole number: sqrt(2)/sqrt(3) = sqrt(6)/3."""
    inside = Fraction(1)
    kept: list[Factor] = []
    for base, idx, e in factors:
        if isinstance(base, Ein) and base.is_number and (2 * e) % 2 == 1 and base.coef > 0:
            inside *= Fraction(base.coef) ** int(2 * e)
        else:
            kept.append((base, idx, e))
    whole = Fraction(1, inside.denominator)
    root = inside.numerator * inside.denominator
    for p in (2, 3, 5, 7):
        while root % p**2 == 0:
            root, whole = root // p**2, whole * p
    return [*kept, (constant(whole), (), 1), (constant(root), (), HALF)]


def _beside(node: Ein, v: Node, idx: tuple[int, ...]) -> Number:
    """The whole exponent of v on the same indices, 0 if it is absent or no whole number."""
    return next((e for n, i, e in node.factors if n is v and i == idx and e == int(e)), 0)


def _positive(u: Node, nothing: Node) -> Node:
    """(u > 0) = (1 + sign(u))/2 away from u = 0."""
    return scale(_plus(_sign(u), 1), HALF)


def _where(c: Node, a: Node, b: Node) -> Node:
    return _plus(b, product(c, _plus(a, b, -1)))


def _either(a: Node, b: Node) -> Node:
    return _plus(_plus(a, b), product(a, b), -1)


_MAPS: dict[str, Callable[..., Node]] = {
    "exp": exponential, "log": logarithm, "softplus": softplus, "sigmoid": _sigmoid, "tanh": _tanh,
    "sinh": _hyperbolic(-1), "cosh": _hyperbolic(1), "sin": _sin, "cos": _cos,
    "relu": _relu, "max": _extreme(1), "min": _extreme(-1), "power": _power, "sign": _sign,
    "gt": _positive, "ge": _positive, "and": product, "or": _either, "where": _where,
}  # fmt: skip


def _matrix_power(X: Node, p: Node, *directions: Node) -> Node:
    """A power with a number as its exponent as the product, its derivative as the sum of products."""
    value = number_of(p)
    sides = (X.dims[:1], X.dims[1:])
    given = [Tensor(n, sides) for n in (X, *directions)]
    return written_out(given[0], int(value or 0), *given[1:]).node


def _is_short_power(node: Call) -> bool:
    """Whether a power of a matrix, or its derivative along one direction, can be multiplied out."""
    name, args = node.operation.name, node.children
    value = number_of(args[1]) if name in ("mpower", "dmpower") and len(args) < 4 else None
    return value is not None and -PRODUCTS <= value <= PRODUCTS and args[0].order == 2 and args[-1].order in (0, 2)


def _cofactor(X: Node) -> Node:
    """det(X)*inv(X)'."""
    inverse: Tensor = REGISTRY["inv"].build(_square(X))
    return product(REGISTRY["det"].build(_square(X)).node, inverse.T.node)


def _square(X: Node) -> Tensor:
    return Tensor(X, (X.dims[:1], X.dims[1:]))


_CALLS: dict[str, Callable[..., Node]] = {"softmax": _softmax, "logsumexp": _logsumexp, "cofactor": _cofactor}
