"""Functions that only compiled code has: each is what a formula means where the formula as typed loses its digits.

They are operations as those of the language are, with derivatives of their own kind, but without a name in the text
language: `rules` puts them in, and no printed result holds them. `record` finds them beside the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import pi
from typing import Any

from frechet.core.build import apply_map
from frechet.core.ein import constant
from frechet.core.lazy import np
from frechet.core.node import Call, Node, raw_call
from frechet.core.operation import Operation, parse_signature
from frechet.core.tensor import Tensor, contract, scalar
from frechet.ops.elementwise import cosh, exp, sinh, tanh
from frechet.ops.op import REGISTRY, Elementwise, op

FUNCTIONS: dict[str, Operation] = {}
# Functions of one number that code in Julia, MATLAB and C brings along under these names.
BROUGHT = ("sech2", "coshm1", "logcosh", "log1mexp", "erfc", "logerfc", "mills", "asinh", "exprel", "exprel1",
           "exprel2", "sinc1", "sinc2")  # fmt: skip


def record(name: str) -> Operation:
    """An operation of the language or of this module."""
    return FUNCTIONS.get(name) or REGISTRY[name]


def _function(
    usage: str, *d: Callable[..., Tensor], doc: str, code: Any, parity: str = "", at_zero: int | None = None
) -> Callable[..., Node]:
    """Declare a function of entries with its derivatives; `code` is its template, for each backend or for all."""

    def simplify(*args: Node) -> Node | None:
        return None if at_zero is None or args[0] is not constant(0, args[0].dims) else constant(at_zero, args[0].dims)

    name = usage.partition("(")[0]
    codes = code if isinstance(code, dict) else dict.fromkeys(("numpy", "jax", "torch"), code)
    signature = parse_signature(",".join("*" for _ in d) + "->*")
    rule = Elementwise(d, parity, simplify, None, None, None)
    operation = Operation(usage, signature, "elementwise", build=lambda *x: x, rule=rule, doc=doc, code=codes)
    FUNCTIONS[name] = operation
    return lambda *nodes: apply_map(operation, nodes)


def _named(name: str) -> dict[str, str]:
    return {"numpy": f"np.{name}({{x}})", "jax": f"jnp.{name}({{x}})", "torch": f"torch.{name}({{x}})"}


def _of(name: str) -> Callable[[Tensor], Tensor]:
    return lambda x: x.like(apply_map(FUNCTIONS[name], [x.node]))


_root = scalar(Fraction(repr(pi))) ** Fraction(-1, 2) * 2  # 2 / sqrt(pi)

expm1 = _function("expm1(x)", lambda x: exp(x), doc="exp(x) - 1", code=_named("expm1"), at_zero=0)
log1mexp = _function("log1mexp(x)", lambda x: -(_of("expm1")(-x) ** -1), doc="log(1 - exp(x)) for x < 0",
                     code="log1mexp({x})")  # fmt: skip
sech2 = _function("sech2(x)", lambda x: tanh(x) * _of("sech2")(x) * -2, doc="1 - tanh(x)^2", code="sech2({x})",
                  parity="even")  # fmt: skip
logcosh = _function("logcosh(x)", lambda x: tanh(x), doc="log(cosh(x))", code="logcosh({x})", parity="even")
coshm1 = _function("coshm1(x)", lambda x: sinh(x), doc="cosh(x) - 1", code="coshm1({x})", parity="even")
erfc = _function("erfc(x)", lambda x: -exp(-(x**2)) * _root, doc="1 - erf(x)",
                 code={"numpy": "scipy.special.erfc({x})", "jax": "jax.scipy.special.erfc({x})",
                       "torch": "torch.erfc({x})"})  # fmt: skip
mills = _function("mills(x)", lambda x: _of("mills")(x) * (_of("mills")(x) * _root - x * 2),
                  doc="exp(-x^2) / (1 - erf(x))", code="mills({x})")  # fmt: skip
logerfc = _function("logerfc(x)", lambda x: -_of("mills")(x) * _root, doc="log(1 - erf(x))",
                    code={"numpy": "logerfc({x})", "jax": "logerfc({x})", "torch": "logerfc({x})"})  # fmt: skip
hypot = _function("hypot(x, y)", lambda x, y: x * _both(x, y) ** -1, lambda x, y: y * _both(x, y) ** -1,
                  doc="sqrt(x^2 + y^2)", code={"numpy": "np.hypot({x}, {y})", "jax": "jnp.hypot({x}, {y})",
                                               "torch": "hypot({x}, {y})"})  # fmt: skip

asinh = _function(
    "asinh(x)",
    lambda x: (x**2 + 1) ** Fraction(-1, 2),
    doc="log(x + sqrt(x^2 + 1))",
    parity="odd",
    at_zero=0,
    code={"numpy": "np.arcsinh({x})", "jax": "jnp.arcsinh({x})", "torch": "torch.asinh({x})"},
)
exprel = _function("exprel(x)", lambda x: _of("exprel")(x) * _of("exprel1")(x), doc="(exp(x) - 1)/x",
                   code="exprel({x})", at_zero=1)  # fmt: skip
_function("exprel1(x)", lambda x: _of("exprel2")(x), doc="the derivative of log(exprel(x))", code="exprel1({x})")
_function("exprel2(x)", lambda x: cosh(x / 2) * sinh(x / 2) ** -3 / 4 - 2 * x**-3,
          doc="the second derivative of log(exprel(x))", code="exprel2({x})", parity="even")  # fmt: skip
sinc = _function("sinc(x)", lambda x: -x * _of("sinc1")(x), doc="sin(x)/x", code="sinc({x})", parity="even", at_zero=1)
_function("sinc1(x)", lambda x: -x * _of("sinc2")(x), doc="-sinc'(x)/x", code="sinc1({x})", parity="even")
_function("sinc2(x)", lambda x: (_of("sinc1")(x) - 5 * _of("sinc2")(x)) / x, doc="-sinc1'(x)/x", code="sinc2({x})",
          parity="even")  # fmt: skip


@op("detsign(X)", sig="(n,n)->()", transposes="invariant", value=lambda X: np.linalg.slogdet(X)[0], register=False)
def detsign(X: Tensor, dX: Tensor) -> Tensor:
    """The sign of det(X), which does not overflow; it takes no part in differentiation."""
    return contract("ij,ij->", X, dX) * 0


for _name, _sign in (
    ("eq", "=="),
    ("gt", ">"),
    ("ge", ">="),
    ("lt", "<"),
    ("le", "<="),
):  # a choice with its comparison, in one call
    FUNCTIONS[f"where_{_name}"] = Operation(
        f"where_{_name}(a, b, x, y)", parse_signature("*,*,*,*->*"), "elementwise", build=lambda *x: x, rule=None,
        code={"numpy": f"np.where({{a}} {_sign} {{b}}, {{x}}, {{y}})"},
    )  # fmt: skip


def _both(x: Tensor, y: Tensor) -> Tensor:
    return x.like(apply_map(FUNCTIONS["hypot"], [x.node, y.node]))


class _Fixed:
    """The rule of a function that takes no part in differentiation."""

    def __init__(self, name: str) -> None:
        self.name = name

    def rebuild(self, args: Sequence[Node], groups: Sequence[Any]) -> Node:
        return length(args[0], self.name)


def length(node: Node, name: str = "length") -> Call:
    """norm2(node), or its inverse, as a scalar that neither overflows nor underflows on the way."""
    return raw_call(FUNCTIONS[name], (node,), (1,), (), False)


for _name, _doc in (("length", "norm2(x)"), ("inverse_length", "1 / norm2(x), and 0 where x is 0")):
    _code = dict.fromkeys(("numpy", "jax", "torch"), f"{_name}({{x}})")
    FUNCTIONS[_name] = Operation(f"{_name}(x)", parse_signature("*->()"), "opaque", build=lambda x: x,
                                 rule=_Fixed(_name), doc=_doc, code=_code)  # fmt: skip
