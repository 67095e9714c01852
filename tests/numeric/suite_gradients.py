"""Gradients, right and wrong, of the kinds people write: where a wrong one is wrong (`where`) and how (`how`)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.numeric.suite_derivatives import _rounded_noise


@dataclass(frozen=True)
class Gradient:
    """`how`: the words that describe the fault (several where they mean the same); empty for a right gradient."""

    name: str
    f: Callable[[Any], Any]
    grad: Callable[[Any], Any]
    x: Any
    how: tuple[str, ...] = ()
    where: Any = None  # indices or a block name, None where the fault is everywhere
    shapes: dict[str, Any] | None = None
    held_out: bool = False


RNG = np.random.default_rng(21)
N = 12
X, Y = RNG.normal(size=(30, N)), RNG.normal(size=30)
W = RNG.normal(size=N)
S = X.T @ X / 30 + np.eye(N)
LAM = 0.3
SHAPES = {"W1": (0, (5, 4)), "b1": (20, (5,)), "W2": (25, (5,)), "b2": (30, (1,))}
INPUTS, TARGETS = RNG.normal(size=(4, 25)), RNG.normal(size=25)
THETA = RNG.normal(size=31) * 0.7
SQUARE = RNG.normal(size=(6, 6))
M1, M2 = RNG.normal(size=(6, 6)), RNG.normal(size=(6, 6))


def ridge(w: Any) -> Any:
    return 0.5 * np.sum((X @ w - Y) ** 2) + LAM * np.sum(w**2)


def ridge_grad(w: Any) -> Any:
    return X.T @ (X @ w - Y) + 2 * LAM * w


def logistic(w: Any) -> Any:
    z = X @ w
    return np.sum(np.log1p(np.exp(-z * np.sign(Y))))


def logistic_grad(w: Any) -> Any:
    s = np.sign(Y)
    return -X.T @ (s / (1 + np.exp(s * (X @ w))))


def net(t: Any) -> Any:
    W1, b1, W2, b2 = t[:20].reshape(5, 4), t[20:25], t[25:30], t[30]
    return np.mean((W2 @ np.tanh(W1 @ INPUTS + b1[:, None]) + b2 - TARGETS) ** 2)


def net_grad(t: Any, fault: str = "") -> Any:
    W1, b1, W2, b2 = t[:20].reshape(5, 4), t[20:25], t[25:30], t[30]
    h = np.tanh(W1 @ INPUTS + b1[:, None])
    e = 2 * (W2 @ h + b2 - TARGETS) / 25
    d = W2[:, None] * e * (1 if fault == "chain" else 1 - h**2)
    g = {"W1": d @ INPUTS.T, "b1": d.sum(axis=1), "W2": h @ e, "b2": np.array([e.sum()])}
    if fault == "W1 layout":
        g["W1"] = g["W1"].T
    if fault == "b1 zero":
        g["b1"] = np.zeros(5)
    if fault == "b1 mean":
        g["b1"] = g["b1"] / 25
    if fault == "W2 sign":
        g["W2"] = -g["W2"]
    if fault == "swap":
        g["b1"], g["W2"] = g["W2"], g["b1"]
    if fault == "b2":
        g["b2"] = g["b2"] * 1.01
    return np.concatenate([g[k].ravel() for k in ("W1", "b1", "W2", "b2")])


def trace_form(A: Any) -> Any:
    return np.sum((M1 @ A @ M2) ** 2) + np.sum(A * M1)


def trace_grad(A: Any) -> Any:
    return 2 * M1.T @ M1 @ A @ M2 @ M2.T + M1


def rosen(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosen_grad(x: Any, drop: str = "") -> Any:
    g = np.zeros_like(x)
    g[:-1] += -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - (0 if drop == "second" else 2 * (1 - x[:-1]))
    if drop != "neighbour":
        g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


def _change(grad: Callable[[Any], Any], change: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    return lambda x: change(np.array(grad(x), dtype=float), x)


def _at(index: Any, change: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(g: Any, x: Any) -> Any:
        g[index] = change(g[index])
        return g

    return apply


class Stale:
    """Remembers its first answer, as a cache keyed on nothing does."""

    def __init__(self, grad: Callable[[Any], Any]) -> None:
        self.grad, self.kept = grad, None

    def __call__(self, x: Any) -> Any:
        if self.kept is None:
            self.kept = self.grad(x)
        return self.kept


OLD = W + 0.1
SCALES = 10.0 ** np.linspace(-6, 6, 13)
MIXED_POINT = SCALES * np.linspace(0.3, 1.4, 13)


def mixed(x: Any) -> Any:
    return np.sum(np.sin(x / SCALES) * np.arange(1, 14))


def mixed_grad(x: Any) -> Any:
    return np.cos(x / SCALES) * np.arange(1, 14) / SCALES


def softplus(x: Any) -> Any:
    return np.sum(np.log1p(np.exp(x)) * np.arange(1, N + 1))


def leaky(x: Any) -> Any:
    y = np.where(x.real > 0, x, 0.1 * x)
    return np.sum(y**2 + y)


def leaky_grad(x: Any, slope: float = 0.1) -> Any:
    y = np.where(x > 0, x, 0.1 * x)
    return (2 * y + 1) * np.where(x > 0, 1.0, slope)


def _wrong_everywhere() -> list[Gradient]:
    w = W
    return [
        Gradient("sign", ridge, _change(ridge_grad, lambda g, x: -g), w, ("sign",)),
        Gradient("factor 2", ridge, _change(ridge_grad, lambda g, x: 2 * g), w, ("factor",)),
        Gradient("mean instead of sum", logistic, _change(logistic_grad, lambda g, x: g / 30), w, ("factor",)),
        Gradient("relative 1e-6", ridge, _change(ridge_grad, lambda g, x: g * (1 + 1e-6)), w, ("factor",)),
        Gradient("no regulariser", ridge, lambda v: X.T @ (X @ v - Y), w, ("missing-term",)),
        Gradient("half regulariser", ridge, lambda v: X.T @ (X @ v - Y) + LAM * v, w, ("missing-term",)),
        Gradient("regulariser sign", ridge, lambda v: X.T @ (X @ v - Y) - 2 * LAM * v, w, ("missing-term", "sign")),
    ]


def _wrong_in_places() -> list[Gradient]:
    w = W
    return [
        Gradient("one component 1 %", ridge, _change(ridge_grad, _at(7, lambda v: 1.01 * v)), w, ("component",), (7,)),
        Gradient(
            "one component sign", ridge, _change(ridge_grad, _at(3, lambda v: -v)), w, ("sign", "component"), (3,)
        ),
        Gradient("one component zero", ridge, _change(ridge_grad, _at(5, lambda v: 0.0)), w, ("zeroed",), (5,)),
        Gradient(
            "two components",
            logistic,
            _change(logistic_grad, _at([2, 9], lambda v: v + 0.3)),
            w,
            ("component", "constant"),
            (2, 9),
        ),
        Gradient(
            "two exchanged",
            logistic,
            _change(logistic_grad, _at([2, 9], lambda v: v[::-1])),
            w,
            ("permuted", "component"),
            (2, 9),
        ),
        Gradient("constant added", logistic, _change(logistic_grad, lambda g, x: g + 0.01), w, ("constant",)),
        Gradient(
            "mean removed", logistic, _change(logistic_grad, lambda g, x: g - g.mean()), w, ("subspace", "constant")
        ),
        Gradient(
            "projected on the sphere",
            ridge,
            _change(ridge_grad, lambda g, x: g - (g @ x) * x / (x @ x)),
            w,
            ("subspace", "missing-term"),
        ),
    ]


def _wrong_in_order() -> list[Gradient]:
    w = W
    return [
        Gradient("rolled", ridge, _change(ridge_grad, lambda g, x: np.roll(g, 1)), w, ("shifted",)),
        Gradient("shifted", ridge, _change(ridge_grad, lambda g, x: np.r_[g[1:], 0.0]), w, ("shifted",)),
        Gradient("reversed", ridge, _change(ridge_grad, lambda g, x: g[::-1]), w, ("permuted",)),
        Gradient(
            "single precision",
            ridge,
            _change(ridge_grad, lambda g, x: g.astype(np.float32).astype(float)),
            w,
            ("precision",),
        ),
        Gradient(
            "half precision",
            logistic,
            _change(logistic_grad, lambda g, x: g.astype(np.float16).astype(float)),
            w,
            ("precision",),
        ),
        Gradient("stale", ridge, lambda v: ridge_grad(OLD), w, ("stale",)),
        Gradient("kept from the first call", ridge, Stale(ridge_grad), w, ("stale",)),
        Gradient("nan", ridge, _change(ridge_grad, _at(4, lambda v: math.nan)), w, ("nan",), (4,)),
        Gradient("chain rule cut", lambda x: np.sum(np.sin(x**2)), lambda x: np.cos(x**2), w, ("missing-factor",)),
        Gradient("softplus of x", softplus, lambda x: np.arange(1, N + 1) / (1 + np.exp(x)), w, ("component", "sign")),
    ]


def _wrong_in_blocks() -> list[Gradient]:
    return [
        Gradient("transposed", trace_form, _change(trace_grad, lambda g, x: g.T), SQUARE, ("transposed", "layout")),
        Gradient(
            "W1 as (4, 5)", net, lambda t: net_grad(t, "W1 layout"), THETA, ("layout", "transposed"), "W1", SHAPES
        ),
        Gradient("b1 zero", net, lambda t: net_grad(t, "b1 zero"), THETA, ("zeroed",), "b1", SHAPES),
        Gradient("b1 mean", net, lambda t: net_grad(t, "b1 mean"), THETA, ("scale-of-block", "factor"), "b1", SHAPES),
        Gradient("W2 sign", net, lambda t: net_grad(t, "W2 sign"), THETA, ("sign",), "W2", SHAPES),
        Gradient("b1 and W2 exchanged", net, lambda t: net_grad(t, "swap"), THETA, ("permuted",), ("b1", "W2"), SHAPES),
        Gradient(
            "b2 1 %", net, lambda t: net_grad(t, "b2"), THETA, ("component", "scale-of-block", "factor"), "b2", SHAPES
        ),
        Gradient(
            "activation not differentiated",
            net,
            lambda t: net_grad(t, "chain"),
            THETA,
            ("missing-factor", "component"),
            None,
            SHAPES,
        ),
    ]


def _wrong_in_scale() -> list[Gradient]:
    w = W
    return [
        Gradient("rosenbrock without (1-x)", rosen, lambda x: rosen_grad(x, "second"), w, ("missing-term",)),
        Gradient(
            "rosenbrock, one neighbour", rosen, lambda x: rosen_grad(x, "neighbour"), w, ("missing-term", "component")
        ),
        Gradient(
            "mixed scale, tiny one",
            mixed,
            _change(mixed_grad, _at(12, lambda v: 1.5 * v)),
            MIXED_POINT,
            ("component",),
            (12,),
        ),
        Gradient(
            "mixed scale, huge one",
            mixed,
            _change(mixed_grad, _at(0, lambda v: 1.001 * v)),
            MIXED_POINT,
            ("component",),
            (0,),
        ),
        Gradient("f tiny, sign", lambda v: 1e-8 * ridge(v), _change(ridge_grad, lambda g, x: -1e-8 * g), w, ("sign",)),
        Gradient("wrong branch", leaky, lambda x: leaky_grad(x, 1.0), w, ("branch", "component", "missing-factor")),
        Gradient(
            "offset 1e8, factor", lambda v: 1e8 + ridge(v), _change(ridge_grad, lambda g, x: 1.1 * g), w, ("factor",)
        ),
    ]


def big(n: int, fault: str) -> Gradient:
    """A function of n variables with a gradient wrong in one place (or right)."""
    rng = np.random.default_rng(n)
    c, x = rng.uniform(0.5, 2.0, n), rng.normal(size=n)
    middle = n // 3

    def f(v: Any) -> Any:
        return np.sum(c * np.sin(v)) + 0.5 * np.sum((v[1:] - v[:-1]) ** 2)

    def grad(v: Any) -> Any:
        d = np.diff(v)
        g = c * np.cos(v)
        g[1:] += d
        g[:-1] -= d
        if fault == "component":
            g[middle] *= 1.01
        if fault == "sign":
            g[middle] *= -1
        if fault == "half":
            g[: n // 2] *= 0.5
        if fault == "zeroed":
            g[middle] = 0.0
        return g

    shapes = {"first": (0, (n // 2,)), "second": (n // 2, (n - n // 2,))}
    where = "first" if fault == "half" else (middle,)
    how = {"": (), "half": ("scale-of-block", "factor"), "sign": ("sign", "component")}.get(fault, (fault,))
    return Gradient(
        f"n={n} {fault or 'right'}", f, grad, x, how, where if fault else None, shapes if fault == "half" else None
    )


def _right() -> list[Gradient]:
    w = W
    mixed = 10.0 ** np.linspace(-6, 6, 13)
    noisy = lambda a: lambda v: ridge(v.real) + _rounded_noise(a, v.real @ np.arange(1.0, N + 1))  # noqa: E731
    near = w.copy()
    near[4] = 1e-7
    single = lambda v: float(np.float32(ridge(v.real.astype(np.float32))))  # noqa: E731
    return [
        Gradient("ridge", ridge, ridge_grad, w),
        Gradient("logistic", logistic, logistic_grad, w),
        Gradient("net", net, net_grad, THETA, shapes=SHAPES),
        Gradient("matrix", trace_form, trace_grad, SQUARE),
        Gradient("rosenbrock", rosen, rosen_grad, w),
        Gradient("rosenbrock at the minimum", rosen, rosen_grad, np.ones(N)),
        Gradient("noise 1e-8", noisy(1e-8), ridge_grad, w),
        Gradient("noise 1e-6", noisy(1e-6), ridge_grad, w),
        Gradient("single precision inside", single, ridge_grad, w),
        Gradient("gradient in single precision", ridge, lambda v: ridge_grad(v).astype(np.float32), w),
        Gradient("mixed scale", lambda x: np.sum(np.sin(x / mixed)), lambda x: np.cos(x / mixed) / mixed, mixed * 0.7),
        Gradient(
            "kink at 1e-7", lambda v: np.sum(np.abs(v.real)) + ridge(v.real), lambda v: np.sign(v) + ridge_grad(v), near
        ),
        Gradient("offset 1e8", lambda v: 1e8 + ridge(v), ridge_grad, w),
        Gradient("sin(1e4 x)", lambda v: np.sum(np.sin(1e4 * v)), lambda v: 1e4 * np.cos(1e4 * v), w),
        Gradient("near a pole", lambda v: np.sum(1 / v), lambda v: -1 / v**2, near),
        Gradient("norm", lambda v: np.linalg.norm(v.real), lambda v: v / np.linalg.norm(v), w),
        Gradient("logsumexp", lambda v: np.log(np.sum(np.exp(v))), lambda v: np.exp(v) / np.exp(v).sum(), w),
        Gradient("one variable", lambda x: x**3, lambda x: 3 * x**2, 1.7),
        Gradient(
            "dict",
            lambda d: np.sum(d["A"] @ d["b"]),
            lambda d: {"A": np.outer(np.ones(3), d["b"]), "b": d["A"].sum(0)},
            {"A": RNG.normal(size=(3, 2)), "b": RNG.normal(size=2)},
        ),
        Gradient("constant", lambda v: 3.0 + 0 * v[0], lambda v: np.zeros(N), w),
        Gradient("linear", lambda v: v @ W, lambda v: W, w + 1),
        Gradient("f tiny", lambda v: 1e-12 * ridge(v), lambda v: 1e-12 * ridge_grad(v), w),
        Gradient(
            "relu net away from kinks",
            lambda v: np.sum(np.maximum((X @ v).real, 0) ** 2),
            lambda v: 2 * X.T @ np.maximum(X @ v, 0),
            w,
        ),
        Gradient("quadratic, large", lambda v: v @ S @ v * 1e6, lambda v: 2e6 * S @ v, w * 1e3),
    ]


def gradients() -> list[Gradient]:
    """All of them; every third is held out."""
    out = [
        *_wrong_everywhere(),
        *_wrong_in_places(),
        *_wrong_in_order(),
        *_wrong_in_blocks(),
        *_wrong_in_scale(),
        *_right(),
        *(big(1000, fault) for fault in ("", "component", "sign", "half")),
    ]
    return [g if k % 3 != 1 else Gradient(**{**g.__dict__, "held_out": True}) for k, g in enumerate(out)]
