"""The same derivatives by other tools, to be timed beside frechet: SymPy, JAX, tensorgrad.

Each function gives a thunk that derives one case, or None where the tool cannot express it or is not installed.
tensorgrad (AGPL, used here only to be timed) needs PyTorch for its compiler but not for derivatives; so
`pip install --no-deps tensorgrad networkx` is enough, and an empty stand-in takes PyTorch's place.
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from frechet.language.text import parse_text
from frechet.language.tree import Tree, fold
from tests.cases.suite import Case, draws

Thunk = Callable[[], Any]


class CannotExpressError(Exception):
    """The tool has no way to write this."""


def sympy_case(case: Case) -> Thunk | None:
    """`MatrixSymbol.diff` by the variables in turn."""
    if not importlib.util.find_spec("sympy"):
        return None
    import sympy

    warnings.simplefilter("ignore", sympy.utilities.exceptions.SymPyDeprecationWarning)
    sizes = {d: sympy.Symbol(d, integer=True, positive=True) for dims in case.vars.values() for d in dims
             if isinstance(d, str)}  # fmt: skip

    def symbol(name: str, dims: Sequence[str | int]) -> Any:
        if not dims:
            return sympy.Symbol(name, real=True)
        rows, cols = [*(sizes.get(str(d), d) for d in dims), 1][:2]
        return sympy.MatrixSymbol(name, rows, cols)

    symbols = {name: symbol(name, dims) for name, dims in case.vars.items()}
    try:
        expression = fold(parse_text(case.expr), lambda tree, args: to_sympy(tree, list(args), symbols, sizes))
        by = [symbols[name] for name in case.wrt]

        def derive() -> Any:
            out = expression
            for variable in by:
                out = out.diff(variable)
            return out.doit() if hasattr(out, "doit") else out

        derive()
    except Exception:  # SymPy says in many ways that it cannot: any of them means no time to compare with
        return None
    return derive


def to_sympy(tree: Tree, args: list[Any], symbols: dict[str, Any], sizes: dict[str, Any]) -> Any:
    """One node of the surface tree in SymPy's matrix expressions; a 1 x 1 product stays a matrix there."""
    import sympy
    from sympy.matrices.expressions.hadamard import HadamardProduct

    kind = tree.kind
    if kind == "number":
        return sympy.Rational(tree.value.numerator, tree.value.denominator)
    if kind == "name":
        return symbols[tree.name] if tree.name in symbols else sizes[tree.name]
    one = {
        "neg": lambda a: -a, "transpose": lambda a: a.T, "add": lambda a, b: a + b, "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b, "div": lambda a, b: a / scalar(b), "pow": lambda a, b: scalar(a) ** b,
        "dotmul": HadamardProduct,
    }  # fmt: skip
    if kind in one:
        return one[kind](*args)
    if kind == "call" and len(args) == 1:
        return sympy_call(tree.name, args[0])
    raise CannotExpressError(kind)


def scalar(value: Any) -> Any:
    """A 1 x 1 matrix as a number."""
    return value[0, 0] if getattr(value, "shape", None) == (1, 1) else value


def sympy_call(name: str, argument: Any) -> Any:
    """A function of one argument."""
    import sympy

    matrix = {"tr": sympy.Trace, "det": sympy.Determinant, "inv": sympy.Inverse}
    if name in matrix:
        return matrix[name](argument)
    if name == "logdet":
        return sympy.log(sympy.Determinant(argument))
    if name == "norm2":
        return sympy.sqrt(sympy.Trace(argument.T * argument))
    if name == "sum":
        rows, cols = argument.shape
        return scalar(sympy.OneMatrix(1, rows) * argument * sympy.OneMatrix(cols, 1))
    if name in ("exp", "log", "sin", "cos", "tan", "tanh", "sqrt", "asin", "acos", "atan", "sinh", "cosh", "erf"):
        function = getattr(sympy, name)
        value = scalar(argument)
        return function(value) if not getattr(value, "shape", ()) else argument.applyfunc(function)
    raise CannotExpressError(name)


def jax_case(case: Case) -> Thunk | None:
    """Trace and compile the derivative of the oracle at the stored sizes."""
    if not importlib.util.find_spec("jax"):
        return None
    import jax
    import jax.numpy as jnp
    import jax.scipy as jsp

    jax.config.update("jax_enable_x64", True)
    arrays = {name: jnp.asarray(a) for name, a in draws(case.id)[0].arrays.items()}
    code = compile(case.oracle, case.id, "eval")

    def derive() -> Any:
        jax.clear_caches()

        def current(values: dict[str, Any]) -> Any:
            return eval(code, {"jnp": jnp, "jax": jax, "jsp": jsp, **values})

        for order, name in enumerate(case.wrt):
            step = jax.jacfwd if order else jax.jacrev

            def current(values: dict[str, Any], *, inner: Any = current, name: str = name, step: Any = step) -> Any:
                return step(lambda x: inner({**values, name: x}))(values[name])

        return jax.jit(current).lower(arrays).compile()

    return derive


def tensorgrad_case(case: Case) -> Thunk | None:
    """A hand-written handful: tensorgrad names the axes of every factor, so no text can be translated for it."""
    if not importlib.util.find_spec("tensorgrad") or case.id not in TENSORGRAD:
        return None
    if not importlib.util.find_spec("torch"):
        for name in ("torch", "torch.nn", "torch.nn.functional"):
            sys.modules.setdefault(name, _Standin(name))
    import tensorgrad as tg
    from tensorgrad import functions
    from tensorgrad.tensor import Derivative

    sizes = tg.symbols(" ".join("mnkl"))
    axes = dict(zip("mnkl", sizes, strict=True))
    names = {v: tg.Variable(v, *[axes[str(d)] for d in dims]) for v, dims in case.vars.items()}
    expression = TENSORGRAD[case.id](functions, names)

    def derive() -> Any:
        out = expression
        for name in case.wrt:
            out = Derivative(out, names[name])
        return out.full_simplify()

    return derive


class _Standin(ModuleType):
    """Answers every attribute with a class that does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {"__init__": lambda self, *a, **k: None, "__call__": lambda self, f: f})


def _squared(fn: Any, residual: Any) -> Any:
    return fn.sum(residual * residual)


TENSORGRAD: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "seed-003-regression": lambda fn, v: _squared(fn, v["X"] @ v["w"] - v["y"]),
    "seed-003-norm-squared": lambda fn, v: _squared(fn, v["x"]),
    "seed-003-norm-affine": lambda fn, v: _squared(fn, v["A"] @ v["x"] + v["b"]),
    "seed-001-residual": lambda fn, v: _squared(fn, v["X"] @ v["w"] - v["Y"]),
    "mc-070": lambda fn, v: v["a"] @ v["X"] @ v["b"],
    "seed-004-uXv": lambda fn, v: v["u"] @ v["X"] @ v["v"],
    "seed-003-sum-squares": lambda fn, v: _squared(fn, v["x"]),
    "hi-matrix-frobenius": lambda fn, v: _squared(fn, v["X"]),
    "hi-logsumexp": lambda fn, v: fn.log(fn.sum(fn.exp(v["x"]))),
    "hi-entropy": lambda fn, v: fn.sum(v["x"] * fn.log(v["x"])),
    "hi-poisson": lambda fn, v: fn.sum(fn.exp(v["X"] @ v["w"])) - v["y"] @ v["X"] @ v["w"],
}


def spread(times: Sequence[float]) -> str:
    """Median, 90th percentile and worst, in milliseconds."""
    return "  ".join(f"{1e3 * q:9.2f}" for q in np.percentile(times, [50, 90, 100]))
