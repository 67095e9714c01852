"""Derivative cases by difficulty: what a numeric derivative meets outside textbooks, each with its exact value.

Kinds: smooth, scaled, cancellation, singularity, oscillating, noisy, edge, kink (near one), trap (code that is not
complex-analytic), hessian, and none (no derivative exists: the right answer is a refusal). Truths come from mpmath with
800 digits on the same formula at the same double, or stand beside the case. Every third case is `held_out`: it was not
looked at while the engine was tuned.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np

Func = Callable[[Any], Any]


@dataclass(frozen=True)
class Case:
    """`truth` is None where no derivative exists."""

    name: str
    kind: str
    f: Func
    x: Any
    truth: Any
    what: str = "derivative"  # derivative, gradient, jacobian or hessian
    order: int = 1
    held_out: bool = False


class _MpModule:
    """The mpmath functions under NumPy's names, so that one formula gives the code and the truth."""

    exp, sin, cos, tan, sqrt, log, tanh = mp.exp, mp.sin, mp.cos, mp.tan, mp.sqrt, mp.log, mp.tanh
    arctan, arcsin, sinh, expm1, log1p, cosh = mp.atan, mp.asin, mp.sinh, mp.expm1, mp.log1p, mp.cosh
    pi = mp.pi


def _truth(formula: Callable[[Any, Any], Any], x: float, order: int) -> float:
    with mp.workdps(800):
        return float(mp.diff(lambda t: formula(_MpModule, t), mp.mpf(x), order))


# (kind, name, formula of (module, x), points)
_FORMULAS: list[tuple[str, str, Callable[[Any, Any], Any], list[float]]] = [
    ("smooth", "exp", lambda m, x: m.exp(x), [1.0, -3.0]),
    ("smooth", "sin x exp x", lambda m, x: m.sin(x) * m.exp(x), [0.7]),
    ("smooth", "cubic", lambda m, x: x**3 - 2 * x + 1, [1.3, 0.0]),
    ("smooth", "logistic", lambda m, x: 1 / (1 + m.exp(-x)), [0.4, 5.0]),
    ("smooth", "tanh of square", lambda m, x: m.tanh(x * x), [0.8]),
    ("smooth", "runge", lambda m, x: 1 / (1 + 25 * x * x), [0.3]),
    ("smooth", "log(1+x^2)", lambda m, x: m.log(1 + x * x), [2.5]),
    ("smooth", "arctan", lambda m, x: m.arctan(x), [0.1]),
    ("smooth", "gaussian", lambda m, x: m.exp(-x * x / 2), [1.1, 0.0]),
    ("smooth", "root", lambda m, x: m.sqrt(x), [2.0]),
    ("scaled", "square large", lambda m, x: x * x, [1e12, 1e150]),
    ("scaled", "square small", lambda m, x: x * x, [1e-100]),
    ("scaled", "log tiny", lambda m, x: m.log(x), [1e-9, 1e-200]),
    ("scaled", "log huge", lambda m, x: m.log(x), [1e200]),
    ("scaled", "exp(1e8 x)", lambda m, x: m.exp(1e8 * x), [0.0, 1e-9]),
    ("scaled", "exp(1e-8 x)", lambda m, x: m.exp(1e-8 * x), [1.0]),
    ("scaled", "1e-200 sin", lambda m, x: 1e-200 * m.sin(x), [1.0]),
    ("scaled", "1e200 sin", lambda m, x: 1e200 * m.sin(x), [1.0]),
    ("scaled", "root tiny", lambda m, x: m.sqrt(x), [1e-6, 1e-150]),
    ("scaled", "narrow gaussian", lambda m, x: m.exp(-(((x - 1.0) / 1e-4) ** 2)), [1.00005]),
    ("scaled", "narrow tanh", lambda m, x: m.tanh((x - 2.0) / 1e-6), [2.0000001]),
    ("scaled", "sin at 1e6", lambda m, x: m.sin(x), [1e6]),
    ("scaled", "exp at 1e-12", lambda m, x: m.exp(x), [1e-12]),
    ("cancellation", "1e10 + sin", lambda m, x: 1e10 + m.sin(x), [1.0]),
    ("cancellation", "(1e8 + sin) - 1e8", lambda m, x: (1e8 + m.sin(x)) - 1e8, [0.5]),
    ("cancellation", "(1-cos)/x^2", lambda m, x: (1 - m.cos(x)) / x**2, [1e-4, 1e-2]),
    ("cancellation", "(exp-1)/x", lambda m, x: (m.exp(x) - 1) / x, [1e-6]),
    (
        "cancellation",
        "expanded (x-1)^7",
        lambda m, x: x**7 - 7 * x**6 + 21 * x**5 - 35 * x**4 + 35 * x**3 - 21 * x * x + 7 * x - 1,
        [1.1],
    ),
    ("cancellation", "sqrt(x+1)-sqrt(x)", lambda m, x: m.sqrt(x + 1) - m.sqrt(x), [1e8]),
    ("cancellation", "log of 1+tiny", lambda m, x: m.log(1 + x), [1e-10]),
    ("singularity", "1/x", lambda m, x: 1 / x, [1e-4, 1e-12, 0.01]),
    ("singularity", "tan", lambda m, x: m.tan(x), [1.5707, 1.57]),
    ("singularity", "log(x-1)", lambda m, x: m.log(x - 1), [1 + 1e-6]),
    ("singularity", "sqrt(1-x)", lambda m, x: m.sqrt(1 - x), [1 - 1e-8]),
    ("singularity", "x^-3", lambda m, x: x**-3, [1e-3]),
    ("singularity", "pole pair", lambda m, x: 1 / ((x - 0.5) ** 2 + 1e-6), [0.5003]),
    ("oscillating", "sin(1000 x)", lambda m, x: m.sin(1000 * x), [1.0]),
    ("oscillating", "sin(1e5 x)", lambda m, x: m.sin(1e5 * x), [0.3]),
    ("oscillating", "sin(1e12 x)", lambda m, x: m.sin(1e12 * x), [0.0]),
    ("oscillating", "x sin(1/x)", lambda m, x: x * m.sin(1 / x), [0.01, 1e-4]),
    ("oscillating", "sin(1/x)", lambda m, x: m.sin(1 / x), [1e-3]),
    ("oscillating", "ripple", lambda m, x: m.sin(x) + 1e-3 * m.sin(3000 * x), [0.6]),
]


def _rounded_noise(amplitude: float, x: Any) -> float:
    """A value in [-amplitude, amplitude] that changes at every double: noise that repeats itself."""
    bits = np.float64(np.real(x)).view(np.uint64)
    mixed = (int(bits) * 0x9E3779B97F4A7C15) % 2**64
    mixed = ((mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9) % 2**64
    return amplitude * (2 * ((mixed ^ (mixed >> 32)) % 2**64) / 2.0**64 - 1)


class RandomNoise:
    """sin with fresh random noise: not a function, as measured data is not."""

    def __init__(self, amplitude: float) -> None:
        self.rng, self.amplitude = np.random.default_rng(5), amplitude

    def __call__(self, x: Any) -> float:
        return math.sin(np.real(x)) + self.amplitude * float(self.rng.uniform(-1, 1))


def _float32(f: Func) -> Func:
    return lambda x: np.float32(f(np.float32(np.real(x))))


def _raises_below(limit: float, f: Func) -> Func:
    def g(x: Any) -> Any:
        if np.real(x) < limit:
            raise ValueError("outside the domain")
        return f(x)

    return g


def _bisected(x: Any) -> float:
    """A cube root by bisection, stopped at 1e-9: its values are a staircase."""
    low, high = 0.0, 2.0 + x.real
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if middle**3 < x.real else (low, middle)
    return (low + high) / 2


def _scalars() -> list[Case]:
    noisy = [
        Case(
            f"sin + noise {a:.0e}",
            "noisy",
            lambda x, a=a: math.sin(np.real(x)) + _rounded_noise(a, x),
            1.0,
            math.cos(1.0),
        )
        for a in (1e-10, 1e-8, 1e-6, 1e-5, 1e-3)
    ]
    noisy += [
        Case("random noise 1e-6", "noisy", RandomNoise(1e-6), 0.4, math.cos(0.4)),
        Case("exp in float32", "noisy", _float32(np.exp), 1.0, math.e),
        Case(
            "float32 inside", "noisy", lambda x: float(np.float32(math.sin(np.real(x)))) * 1.1, 0.5, 1.1 * math.cos(0.5)
        ),
        Case("rounded to 6 digits", "noisy", lambda x: round(math.exp(np.real(x)), 6), 0.3, math.exp(0.3)),
        Case("iteration stopped early", "noisy", _bisected, 2.0, 1 / (3 * 2 ** (2 / 3))),
    ]
    edge = [
        Case("x^1.5 at 0, nan below", "edge", lambda x: np.real(x) ** 1.5 + np.real(x), 0.0, 1.0),
        Case("exp raises below 0", "edge", _raises_below(0.0, np.exp), 0.0, 1.0),
        Case("x^2 log raises below 1e-12", "edge", _raises_below(1e-12, lambda x: x * x + 3 * x), 1e-12, 3.0 + 2e-12),
        Case("arcsin near 1", "edge", lambda x: math.asin(x.real), 1 - 1e-10, 1 / math.sqrt((1e-10) * (2 - 1e-10))),
        Case("log x, math", "edge", lambda x: math.log(x.real), 1e-3, 1e3),
        Case("cos on the left", "edge", lambda x: math.cos(x) if x.real <= 2 else math.nan, 2.0, -math.sin(2.0)),
    ]
    kink = [
        Case("|x - 1/3| near", "kink", lambda x: abs(x.real - 1 / 3), 0.3333, -1.0),
        Case("relu at 1e-9", "kink", lambda x: max(x.real, 0.0), 1e-9, 1.0),
        Case("|x|+x^2 at 1e-3", "kink", lambda x: abs(x.real) + x.real**2, 1e-3, 1.002),
        Case(
            "step x>1 at 1-1e-7", "kink", lambda x: x.real**2 + (1.0 if x.real > 1 else 0.0), 1 - 1e-7, 2 * (1 - 1e-7)
        ),
    ]
    trap = [
        Case("abs of complex", "trap", lambda x: np.abs(x) * x, 2.0, 4.0),
        Case("float() inside", "trap", lambda x: float(np.real(x)) ** 2 + 1, 1.5, 3.0),
        Case("conj(x) x", "trap", lambda x: (np.conj(x) * x).real, 1.5, 3.0),
        Case("relu(x)-relu(-x)", "trap", lambda x: max(x.real, 0.0) - max(-x.real, 0.0), 0.0, 1.0),
        Case("sinc at 0", "trap", lambda x: 1.0 if x == 0 else np.sin(x) / x, 0.0, 0.0),
        Case("x if x==1 else x", "trap", lambda x: 1.0 if x == 1 else x.real, 1.0, 1.0),
        Case("sqrt(x^4) at 0", "trap", lambda x: np.sqrt(x**4), 0.0, 0.0),
        Case("x^2 sin(1/x) at 0", "trap", lambda x: x.real**2 * math.sin(1 / x.real) if x.real else 0.0, 0.0, 0.0),
        Case("x|x| at 0", "trap", lambda x: x.real * abs(x.real), 0.0, 0.0),
        Case("|x|^1.5 at 0", "trap", lambda x: abs(x.real) ** 1.5, 0.0, 0.0),
    ]
    return noisy + edge + kink + trap


def _none() -> list[Case]:
    def quotient(top: Callable[[Any, Any], Any], bottom: Callable[[Any, Any], Any]) -> Func:
        return lambda z: 0.0 if not np.any(z) else top(z[0], z[1]) / bottom(z[0], z[1])

    zero2 = np.zeros(2)
    return [
        Case("|x| at 0", "none", abs, 0.0, None),
        Case("relu at 0", "none", lambda x: np.maximum(x, 0.0), 0.0, None),
        Case("|x-2| + x^2", "none", lambda x: abs(x - 2.0) + x * x, 2.0, None),
        Case("sign", "none", np.sign, 0.0, None),
        Case("floor at 3", "none", lambda x: math.floor(x.real) + x.real, 3.0, None),
        Case("cbrt at 0", "none", lambda x: np.cbrt(np.real(x)), 0.0, None),
        Case("x sin(1/x)", "none", lambda x: x.real * math.sin(1 / x.real) if x.real else 0.0, 0.0, None),
        Case("sqrt at 0", "none", lambda x: math.sqrt(x.real), 0.0, None),
        Case("sqrt|x|", "none", lambda x: np.sqrt(np.abs(x)), 0.0, None),
        Case("log at 0", "none", lambda x: math.log(x.real) if x.real > 0 else -math.inf, 0.0, None),
        Case("small kink", "none", lambda x: math.sin(x.real) + 1e-4 * abs(x.real - 1.0), 1.0, None),
        Case("norm at 0", "none", lambda z: np.linalg.norm(z), zero2, None, "gradient"),
        Case("max tie", "none", lambda z: np.max(z.real), np.array([1.0, 1.0, 0.5]), None, "gradient"),
        Case("y^3/(x^2+y^2)", "none", quotient(lambda x, y: y**3, lambda x, y: x * x + y * y), zero2, None, "gradient"),
        Case("xy/(x^2+y^2)", "none", quotient(lambda x, y: x * y, lambda x, y: x * x + y * y), zero2, None, "gradient"),
        Case("l1 norm on an axis", "none", lambda z: np.sum(np.abs(z.real)), np.array([1.0, 0.0]), None, "gradient"),
    ]


RNG = np.random.default_rng(11)
A, B = RNG.normal(size=(6, 4)), RNG.normal(size=(5, 5))
S, b, w = B @ B.T + 5 * np.eye(5), RNG.normal(size=6), RNG.normal(size=4)
z = RNG.normal(size=5)
soft = np.exp(z) / np.exp(z).sum()


def _gradients() -> list[Case]:
    scales = np.array([1e-6, 1.0, 1e5, 1e-2])
    u = A @ w
    writes = _writer(S)
    mixed = np.array([1.0, 2.0, 3.0, 4.0]) * scales
    return [
        Case("least squares", "smooth", lambda v: np.sum((A @ v - b) ** 2), w, 2 * A.T @ (u - b), "gradient"),
        Case("logdet", "smooth", lambda M: np.linalg.slogdet(M.real)[1], S, np.linalg.inv(S).T, "gradient"),
        Case("logsumexp", "smooth", lambda v: np.log(np.sum(np.exp(v))), z, soft, "gradient"),
        Case("quadratic form", "smooth", lambda v: v @ S @ v, z, 2 * S @ z, "gradient"),
        Case("writes to its argument", "trap", writes, z, 2 * S @ z, "gradient"),
        Case(
            "rosenbrock",
            "smooth",
            lambda v: np.sum(100 * (v[1:] - v[:-1] ** 2) ** 2 + (1 - v[:-1]) ** 2),
            np.array([-1.2, 1.0]),
            np.array([-215.6, -88.0]),
            "gradient",
        ),
        Case(
            "mixed scales",
            "scaled",
            lambda v: np.sum(np.sin(v / scales)),
            mixed,
            np.cos(np.array([1.0, 2, 3, 4])) / scales,
            "gradient",
        ),
        Case("list in", "smooth", lambda v: v[0] ** 2 * v[1], [2.0, 3.0], np.array([12.0, 4.0]), "gradient"),
    ]


def _jacobians() -> list[Case]:
    inv = np.linalg.inv(S)
    u = A @ w
    return [
        Case("tanh layer", "smooth", lambda v: np.tanh(A @ v), w, (1 - np.tanh(u) ** 2)[:, None] * A, "jacobian"),
        Case(
            "softmax",
            "smooth",
            lambda v: np.exp(v) / np.exp(v).sum(),
            z,
            np.diag(soft) - np.outer(soft, soft),
            "jacobian",
        ),
        Case(
            "rows of very different size",
            "scaled",
            lambda v: np.array([1e-9 * v[0], 1e9 * v[1] ** 2]),
            np.array([1.0, 2.0]),
            np.array([[1e-9, 0.0], [0.0, 4e9]]),
            "jacobian",
        ),
        Case(
            "inverse", "smooth", lambda M: np.linalg.inv(M.real)[0], S, -np.einsum("i,jk->kij", inv[0], inv), "jacobian"
        ),
        Case(
            "noise in n dimensions",
            "noisy",
            lambda v: float(np.sum(v.real**2)) + _rounded_noise(1e-7, v.real @ z),
            z,
            2 * z,
            "gradient",
        ),
    ]


def _writer(S: Any) -> Func:
    def f(v: Any) -> Any:
        value = v @ S @ v
        v *= 0
        return value

    return f


def _hessians() -> list[Case]:
    rng = np.random.default_rng(12)
    B = rng.normal(size=(4, 4))
    S, z = B @ B.T + np.eye(4), rng.normal(size=4)
    soft = np.exp(z) / np.exp(z).sum()
    return [
        Case(
            "rosenbrock",
            "hessian",
            lambda v: 100 * (v[1] - v[0] ** 2) ** 2 + (1 - v[0]) ** 2,
            np.array([-1.2, 1.0]),
            np.array([[1330.0, 480.0], [480.0, 200.0]]),
            "hessian",
        ),
        Case("quadratic", "hessian", lambda v: v @ S @ v, z, 2 * S, "hessian"),
        Case(
            "logsumexp",
            "hessian",
            lambda v: np.log(np.sum(np.exp(v))),
            z,
            np.diag(soft) - np.outer(soft, soft),
            "hessian",
        ),
    ]


def _plane_hessians() -> list[Case]:
    x, y = 0.7, -0.4
    s, c = math.sin(x * y), math.cos(x * y)
    z = np.random.default_rng(13).normal(size=4)
    return [
        Case(
            "sin(xy), no complex",
            "hessian",
            lambda v: math.sin(v[0].real * v[1].real),
            np.array([x, y]),
            np.array([[-y * y * s, c - x * y * s], [c - x * y * s, -x * x * s]]),
            "hessian",
        ),
        Case(
            "exp sum",
            "hessian",
            lambda v: np.exp(v[0] + 2 * v[1] - v[2]),
            np.array([0.1, 0.2, 0.3]),
            math.exp(0.1 + 0.4 - 0.3) * np.outer([1, 2, -1], [1, 2, -1]),
            "hessian",
        ),
        Case(
            "norm",
            "hessian",
            lambda v: np.linalg.norm(v.real),
            z,
            (np.eye(4) - np.outer(z, z) / (z @ z)) / np.linalg.norm(z),
            "hessian",
        ),
        Case(
            "mixed scale",
            "hessian",
            lambda v: np.sin(v[0] * 1e4) + v[1] ** 2 * v[0],
            np.array([2e-4, 50.0]),
            np.array([[-1e8 * math.sin(2.0), 100.0], [100.0, 4e-4]]),
            "hessian",
        ),
        Case("scalar", "hessian", lambda v: math.exp(v.real) * v.real, 0.5, 2.5 * math.exp(0.5), "hessian"),
    ]


def cases() -> list[Case]:
    """All cases; the same list on every call apart from noise generators."""
    out: list[Case] = []
    for kind, name, formula, points in _FORMULAS:
        for x in points:
            out.append(Case(f"{name} at {x:g}", kind, lambda t, g=formula: g(np, t), x, _truth(formula, x, 1)))
    out += _scalars() + _gradients() + _jacobians() + _none() + _hessians() + _plane_hessians()
    third = [k for k in range(len(out)) if k % 3 == 1]
    return [c if k not in third else Case(**{**c.__dict__, "held_out": True}) for k, c in enumerate(out)]
