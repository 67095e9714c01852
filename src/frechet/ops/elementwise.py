"""Functions of entries."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import pi

from frechet.core.build import add, apply_map, number_of
from frechet.core.ein import constant, ein, elementwise_power, product, scale, split_coef
from frechet.core.facts import is_nonnegative, is_positive
from frechet.core.lazy import np, scipy
from frechet.core.node import Add, Ein, Map, Node, Number
from frechet.core.numbers import simple
from frechet.core.tensor import Tensor, scalar
from frechet.ops.op import REGISTRY, composed, elementwise, law, op

Powers = dict[Node, Number]
Rule = Callable[..., Tensor]
Build = Callable[..., Tensor]


def _at_zero(value: int):  # type: ignore[no-untyped-def]
    """Simplification: the exact value at zero."""

    def simplify(x: Node) -> Node | None:
        return constant(value, x.dims) if number_of(x) == 0 else None

    return simplify


exp: Build = elementwise(
    "exp(x)", lambda x: exp(x), simplify=_at_zero(1), value=lambda x: np.exp(x), np="exp", latex=r"\exp({x})",
    facts=["positive"], example=("sum(exp(x))", "x", "exp(x)"),
)  # fmt: skip


def _log(x: Node) -> Node | None:
    """log(exp(u)) = u, log(1) = 0; the stable forms log(1 + exp(u)) = softplus(u), log(sum(exp(u))) = logsumexp(u)."""
    if isinstance(x, Map) and x.operation.name == "exp":
        return x.children[0]
    if _uniform(x) == 1:
        return constant(0, x.dims)
    if isinstance(x, Add) and len(x.terms) == 2 and all(c == 1 for c, _ in x.terms):
        for (_, one), (_, other) in (x.terms, x.terms[::-1]):
            if _uniform(one) == 1 and isinstance(other, Map) and other.operation.name == "exp":
                return apply_map(REGISTRY["softplus"], other.children)
    if isinstance(x, Ein) and not x.order and x.coef == 1 and len(x.factors) == 1:
        part, idx, e = x.factors[0]
        if e == 1 and len(idx) == 1 and isinstance(part, Map) and part.operation.name == "exp":
            stable: Tensor = REGISTRY["logsumexp"].build(Tensor(part.children[0], (part.dims,)))
            return stable.node
    return None


log: Build = elementwise(
    "log(x)", lambda x: 1 / x, simplify=_log, value=lambda x: np.log(x), np="log",
    latex=r"\log({x})", domain="x > 0", sample="positive", example=("sum(log(x))", "x", "ones(n)./x"),
)  # fmt: skip


def _ratio(below: str, quotient: str) -> Callable[[Node, Powers], Powers]:
    """f(v) over g(v) is h(v): sin/cos = tan, sinh/cosh = tanh."""

    def absorb(node: Node, powers: Powers) -> Powers:
        inner, k = node.children[0], powers[node]
        bottom = apply_map(REGISTRY[below], [inner])
        p = powers.get(bottom, 0)
        if k <= 0 or p >= 0 or k != int(k) or p != int(p):
            return {}
        count = min(k, -p)
        top = apply_map(REGISTRY[quotient], [inner])
        return {node: simple(k - count), bottom: simple(p + count), top: simple(powers.get(top, 0) + count)}

    return absorb


sin: Build = elementwise(
    "sin(x)", lambda x: cos(x), parity="odd", simplify=_at_zero(0), absorb=_ratio("cos", "tan"),
    value=lambda x: np.sin(x), np="sin", bounds=(-1, 1, False),
    latex=r"\sin({x})", example=("sum(sin(x))", "x", "cos(x)"),
)  # fmt: skip
cos: Build = elementwise(
    "cos(x)", lambda x: -sin(x), parity="even", simplify=_at_zero(1), value=lambda x: np.cos(x), np="cos",
    bounds=(-1, 1, False),
    latex=r"\cos({x})", example=("sum(cos(x))", "x", "-sin(x)"),
)  # fmt: skip
tan: Build = elementwise(
    "tan(x)", lambda x: 1 + tan(x) ** 2, parity="odd", simplify=_at_zero(0), value=lambda x: np.tan(x), np="tan",
    latex=r"\tan({x})", domain="cos(x) != 0", sample="unit", example=("sum(tan(x))", "x", "1 + tan(x).^2"),
)  # fmt: skip
asin: Build = elementwise(
    "asin(x)", lambda x: (1 - x**2) ** Fraction(-1, 2), parity="odd", simplify=_at_zero(0),
    value=lambda x: np.arcsin(x), np="arcsin", latex=r"\arcsin({x})", domain="abs(x) < 1", sample="unit",
    example=("sum(asin(x))", "x", "1./sqrt(1 - x.^2)"),
)  # fmt: skip
acos: Build = elementwise(
    "acos(x)", lambda x: -((1 - x**2) ** Fraction(-1, 2)), value=lambda x: np.arccos(x), np="arccos",
    latex=r"\arccos({x})", domain="abs(x) < 1", sample="unit", example=("sum(acos(x))", "x", "-1./sqrt(1 - x.^2)"),
)  # fmt: skip
atan: Build = elementwise(
    "atan(x)", lambda x: 1 / (1 + x**2), parity="odd", simplify=_at_zero(0), value=lambda x: np.arctan(x),
    np="arctan", latex=r"\arctan({x})", example=("sum(atan(x))", "x", "1./(1 + x.^2)"),
)  # fmt: skip
sinh: Build = elementwise(
    "sinh(x)", lambda x: cosh(x), parity="odd", simplify=_at_zero(0), absorb=_ratio("cosh", "tanh"),
    value=lambda x: np.sinh(x), np="sinh",
    latex=r"\sinh({x})", example=("sum(sinh(x))", "x", "cosh(x)"),
)  # fmt: skip
cosh: Build = elementwise(
    "cosh(x)", lambda x: sinh(x), parity="even", simplify=_at_zero(1), value=lambda x: np.cosh(x), np="cosh",
    latex=r"\cosh({x})", facts=["positive"], example=("sum(cosh(x))", "x", "sinh(x)"),
)  # fmt: skip
tanh: Build = elementwise(
    "tanh(x)", lambda x: 1 - tanh(x) ** 2, parity="odd", simplify=_at_zero(0), value=lambda x: np.tanh(x),
    np="tanh", bounds=(-1, 1, True), latex=r"\tanh({x})", example=("sum(tanh(x))", "x", "1 - tanh(x).^2"),
)  # fmt: skip
sigmoid: Build = elementwise(
    "sigmoid(x)", lambda x: sigmoid(x) * (1 - sigmoid(x)), value=lambda x: scipy.special.expit(x),
    latex=r"\sigma({x})", facts=["positive"], bounds=(0, 1, True),
    example=("sum(sigmoid(x))", "x", "sigmoid(x).*(1 - sigmoid(x))"),
    code={"numpy": "expit({x})", "jax": "jax.nn.sigmoid({x})", "torch": "torch.sigmoid({x})"},
)  # fmt: skip
softplus: Build = elementwise(
    "softplus(x)", lambda x: sigmoid(x), reflect=lambda u: u, value=lambda x: np.logaddexp(0, x), facts=["positive"],
    latex=r"\operatorname{softplus}({x})", example=("sum(softplus(x))", "x", "sigmoid(x)"),
    code={"numpy": "np.logaddexp(0, {x})", "jax": "jax.nn.softplus({x})", "torch": "torch.nn.functional.softplus({x})"},
)  # fmt: skip
erf: Build = elementwise(
    "erf(x)", lambda x: exp(-(x**2)) * (scalar(Fraction(repr(pi))) ** Fraction(-1, 2)) * 2, parity="odd",
    simplify=_at_zero(0), value=lambda x: scipy.special.erf(x), bounds=(-1, 1, True), latex=r"\operatorname{erf}({x})",
    example=("sum(erf(x))", "x", "2*exp(-x.^2)/sqrt(3.141592653589793)"),
    code={"numpy": "erf({x})", "jax": "jax.scipy.special.erf({x})", "torch": "torch.erf({x})"},
)  # fmt: skip


def _abs(x: Node) -> Node | None:
    if is_nonnegative(x):
        return x
    value = number_of(x)
    return constant(max(value, -value), ()) if value is not None else None


def _sign(x: Node) -> Node | None:
    if is_positive(x):
        return constant(1, x.dims)
    value = number_of(x)
    if value is not None:
        return constant((value > 0) - (value < 0), ())
    if isinstance(x, Map) and x.operation.name == "sign":
        return x
    if isinstance(x, Ein) and x.coef > 0 and x.coef != 1:
        return apply_map(REGISTRY["sign"], [scale(x, 1 / Fraction(x.coef))])
    return None


def _absorb_sign(node: Node, powers: Powers) -> Powers:
    """v sign(v) = |v|, and v itself where v >= 0; |v|^p sign(v) = v^p for odd p; sign(v)^3 = sign(v).

    sign(v)^2 stays: it is 0 where v is 0.
    """
    inner, k = node.children[0], powers[node]
    beside = powers.get(inner, 0)
    if is_nonnegative(inner):
        return {node: 0} if beside > 0 else {node: min(k, 1)}
    size = apply_map(REGISTRY["abs"], [inner])
    p = powers.get(size, 0)
    if k == 1 and p % 2 == 1:
        return {node: 0, size: 0, inner: simple(beside + p)}
    if k == 1 and beside == 1:
        return {node: 0, inner: 0, size: simple(p + 1)}
    return {node: simple(k - 2)} if k >= 3 else {}


def _absorb_abs(node: Node, powers: Powers) -> Powers:
    """|v|^p = v^p for even p."""
    inner, k = node.children[0], powers[node]
    return {node: 0, inner: simple(powers.get(inner, 0) + k)} if k % 2 == 0 else {}


sign: Build = elementwise(
    "sign(x)", lambda x: 0 * x, parity="odd", simplify=_sign, absorb=_absorb_sign, value=lambda x: np.sign(x),
    np="sign", latex=r"\operatorname{sign}({x})", kink="x = 0", jumps=True, there="it jumps: no derivative",
    autodiff=("0", "0"), example=("x'*sign(x)", "x", "sign(x)"),
)  # fmt: skip
abs_: Build = elementwise(
    "abs(x)", lambda x: sign(x), parity="even", simplify=_abs, absorb=_absorb_abs, value=lambda x: np.abs(x), np="abs",
    latex=r"\lvert {x} \rvert", kink="x = 0", there="the subdifferential is [-1, 1]; the formula gives 0",
    autodiff=("1", "0"),
    facts=["nonnegative"], example=("sum(abs(x))", "x", "sign(x)"),
)  # fmt: skip


def _relu(x: Node) -> Node | None:
    if is_nonnegative(x):
        return x
    value = number_of(x)
    return constant(max(value, 0), ()) if value is not None else None


relu: Build = elementwise(
    "relu(x)", lambda x: sign(relu(x)), simplify=_relu, value=lambda x: np.maximum(x, 0), kink="x = 0",
    there="the subdifferential is [0, 1]; the formula gives 0", autodiff=("0", "0"), reflect=lambda u: u,
    latex=r"\operatorname{relu}({x})", facts=["nonnegative"], example=("sum(relu(x))", "x", "(x > 0)"),
    code={"numpy": "np.maximum({x}, 0)", "jax": "jax.nn.relu({x})", "torch": "torch.relu({x})"},
)  # fmt: skip


def _max(a: Node, b: Node) -> Node | None:
    """max(0, x) is relu(x): one node for both spellings."""
    if a is b:
        return a
    if _is_zero(a):
        return apply_map(REGISTRY["relu"], [b])
    return apply_map(REGISTRY["relu"], [a]) if _is_zero(b) else None


def _min(a: Node, b: Node) -> Node | None:
    """min(0, x) is -relu(-x)."""
    if a is b:
        return a
    other = b if _is_zero(a) else a if _is_zero(b) else None
    return None if other is None else scale(apply_map(REGISTRY["relu"], [scale(other, -1)]), -1)


def _is_zero(node: Node) -> bool:
    return isinstance(node, Ein) and node.coef == 0


def _step(a: Tensor, b: Tensor) -> Tensor:
    """1 where a > b, 0 where a < b, 1/2 between."""
    return (1 + sign(a - b)) / 2


def _everywhere(X: Tensor, weight: Tensor) -> Tensor:
    """The sum of all entries of X .* weight."""
    n = tuple(range(X.node.order))
    return Tensor(ein(1, [(X.node, n, 1), (weight.node, n, 1)], (), dict(enumerate(X.node.dims))), ())


@op("atmax(x)", sig="*->*", transposes="equivariant", value=lambda x: (x == np.max(x)) / np.sum(x == np.max(x)),
    jumps=True,
    kink="two largest entries of x are equal", there="it jumps: no derivative", facts=["nonnegative"],
    latex=r"\operatorname{atmax}({x})",
    code=dict.fromkeys(("numpy", "jax", "torch"), "({x} == {x}.max()) / ({x} == {x}.max()).sum(dtype={x}.dtype)"),
    example=("sum(atmax(x))", "x", "zeros(n)"))  # fmt: skip
def atmax(x: Tensor, dx: Tensor) -> Tensor:
    """1 at the largest entry, 0 elsewhere; equal largest entries share the 1."""
    return 0 * dx


@law("atmax")
def atmax_of_scalar(x: Tensor) -> Tensor | None:
    """atmax(s) = 1."""
    return x.like(constant(1)) if x.node.order == 0 else None


@op("max(a)", sig="*->()", transposes="invariant", kink="two largest entries of a are equal", register=False,
    there="the subdifferential is the hull of the unit vectors of these entries; the formula gives their mean",
    autodiff=("their mean", "their mean"),
    value=lambda a: np.max(a), latex=r"\max({a})")  # fmt: skip
def _largest(a: Tensor, da: Tensor) -> Tensor:
    """Largest entry: its change is that of the entry."""
    return _everywhere(da, atmax(a))


@op("min(a)", sig="*->()", transposes="invariant", kink="two least entries of a are equal", register=False,
    there="the subdifferential is the hull of the unit vectors of these entries; the formula gives their mean",
    autodiff=("their mean", "their mean"),
    value=lambda a: np.min(a), latex=r"\min({a})")  # fmt: skip
def _least(a: Tensor, da: Tensor) -> Tensor:
    """Least entry: its change is that of the entry."""
    return _everywhere(da, atmax(-a))


def _extreme(build: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda x: x if x.node.order == 0 else build(x)


maximum: Build = elementwise(
    "max(a, b)", _step, lambda a, b: _step(b, a), simplify=_max, whole=_extreme(_largest), sig="*,*->*; *->()",
    value=lambda a, b=None: np.max(a) if b is None else np.maximum(a, b), np="maximum", whole_np="max",
    params=("a", "b"), latex=r"\max({a}, {b})", kink="a = b",
    there="the subdifferential is [0, 1] by a and the rest by b; evaluate gives 1/2", autodiff=("1/2", "1/2"),
    example=("sum(max(x, y))", "x", "(x > y)"),
)  # fmt: skip
minimum: Build = elementwise(
    "min(a, b)", lambda a, b: _step(b, a), _step, simplify=_min,
    whole=_extreme(_least), value=lambda a, b=None: np.min(a) if b is None else np.minimum(a, b), np="minimum",
    whole_np="min", params=("a", "b"), sig="*,*->*; *->()", latex=r"\min({a}, {b})", kink="a = b",
    there="the superdifferential is [0, 1] by a and the rest by b; evaluate gives 1/2", autodiff=("1/2", "1/2"),
    example=("sum(min(x, y))", "x", "(x < y)"),
)  # fmt: skip


def _power_law(a: Node, b: Node) -> Node | None:
    """A constant exponent is a power; 1^b = 1; (a^b)^c = a^(b*c) where a > 0, as the domain says."""
    if isinstance(a, Map) and a.operation.name == "power":
        return apply_map(a.operation, [a.children[0], product(a.children[1], b)])
    value = _uniform(b)
    if value is not None:
        return elementwise_power(a, value)
    return constant(1, a.dims) if _uniform(a) == 1 else None


def _absorb_power(node: Node, powers: Powers) -> Powers:
    """a^b beside a power of a, or another a^c: one power, a^(b + 1)."""
    base, exponent = node.children
    beside = {n: e for n, e in powers.items() if n is base and e == int(e)}
    alike = [n for n in powers if isinstance(n, Map) and n.operation.name == "power" and n.children[0] is base]
    if not beside and len(alike) < 2:
        return {}
    terms: list[tuple[Number, Node]] = [(powers[n], n.children[1]) for n in alike]
    whole = add([*terms, (sum(beside.values()), constant(1, exponent.dims))], exponent.dims)
    gone: Powers = dict.fromkeys([*beside, *alike], 0)
    return gone | {apply_map(REGISTRY["power"], [base, whole]): 1}


def even_root(base: Node, e: Number) -> Node:
    """base .^ e; a broken power of an even power of something real leaves abs: sqrt(x^2) = abs(x)."""
    core = split_coef(base)[1]
    single = isinstance(core, Ein) and not core.contracts and base.real
    if e != int(e) and isinstance(core, Ein) and single and any(p % 2 == 0 for _, _, p in core.factors):
        inner = elementwise_power(base, Fraction(1, 2))
        if isinstance(inner, Ein) and any(isinstance(n, Ein) for n, _, _ in inner.factors) and len(core.factors) == 1:
            node, idx, p = core.factors[0]
            size = apply_map(REGISTRY["abs"], [node])
            coef = elementwise_power(constant(split_coef(base)[0]), e)
            dims = dict(enumerate(core.index_dims))
            return ein(1, [(coef, (), 1), (size, idx, simple(Fraction(p) * e))], core.out, dims)
    return elementwise_power(base, e)


def _uniform(node: Node) -> int | Fraction | None:
    """The value of a node that is the same number in every entry."""
    if isinstance(node, Ein) and not node.factors and len(set(node.out)) == len(node.out) == len(node.index_dims):
        return node.coef
    return None


power: Build = elementwise(
    "power(a, b)", lambda a, b: b * power(a, b - 1), lambda a, b: log(a) * power(a, b), simplify=_power_law,
    absorb=_absorb_power, value=lambda a, b: np.power(a, b), latex=r"{a}^{{b}}", domain="a > 0",
    code={"numpy": "np.power({a}, {b})", "jax": "jnp.power({a}, {b})", "torch": "torch.pow({a}, {b})"},
    sample="positive", example=("sum(x.^y)", "x", "y.*x.^(y - 1)"),
)  # fmt: skip


@composed("sqrt(x)", sig="*->*", np="sqrt", value=lambda x: np.sqrt(x), latex=r"\sqrt{{x}}", domain="x > 0",
          sample="positive", example=("sum(sqrt(x))", "x", "1./(2*sqrt(x))"))  # fmt: skip
def sqrt(x: Tensor) -> Tensor:
    """Square root of every entry, the power 1/2."""
    return x.like(even_root(x.node, Fraction(1, 2)))


@composed("square(x)", sig="*->*", np="square", value=lambda x: np.square(x), latex=r"{x}^2",
          example=("sum(square(x))", "x", "2*x"))  # fmt: skip
def square(x: Tensor) -> Tensor:
    """Every entry squared."""
    return x**2


@composed("log1p(x)", sig="*->*", np="log1p", value=lambda x: np.log1p(x), latex=r"\log(1 + {x})", domain="x > -1",
          sample="positive", example=("sum(log1p(x))", "x", "1./(1 + x)"))  # fmt: skip
def log1p(x: Tensor) -> Tensor:
    """log(1 + x), stable near 0."""
    return log(1 + x)


@composed("expm1(x)", sig="*->*", np="expm1", value=lambda x: np.expm1(x), latex=r"\exp({x}) - 1",
          example=("sum(expm1(x))", "x", "exp(x)"))  # fmt: skip
def expm1(x: Tensor) -> Tensor:
    """exp(x) - 1, stable near 0."""
    return exp(x) - 1
