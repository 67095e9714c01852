"""Python in: a function over NumPy, JAX or PyTorch names is called with symbolic arrays and gives its formula.

The function's own module names (np, jnp, torch, ...) are exchanged for one stand-in that finds operations by name, so
JAX and PyTorch functions are traced without JAX or PyTorch. What an operation is called in the array libraries
comes from its record (`code`); only calls whose arguments differ from the record's are written here.
"""

from __future__ import annotations

import builtins
import inspect
import re
import traceback
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from frechet.core.dims import Dim
from frechet.core.errors import Diagnostic, FrechetError, problem
from frechet.language.python_arrays import (
    DIALECT,
    LOOKUP,
    Traced,
    array,
    broadcast_axes,
    call,
    entrywise,
    indexed,
    matmul,
    number_tree,
    refuse,
    spread,
    summed,
)
from frechet.language.python_einsum import einsum, outer
from frechet.language.python_functions import FURTHER, norm_of_order, strict
from frechet.language.python_jax import jax_formula
from frechet.language.python_signals import SIGNALS
from frechet.language.python_torch import is_module, module_formula
from frechet.language.tree import Tree
from frechet.ops.op import REGISTRY

MODULES = frozenset({"np", "numpy", "jnp", "jax", "torch", "jsp", "scipy", "sp", "F", "nn", "linalg", "special", "math",
                     "lax"})  # fmt: skip
_CODE = re.compile(r"[\w.]*?(\w+)\(((?:\{\w+\}(?:, )?)+)\)\Z")


def _elementwise(name: str) -> Callable[..., Traced]:
    def apply(*args: Any) -> Traced:
        values = [array(a) for a in args]
        axes = values[0].axes
        for v in values[1:]:
            axes = broadcast_axes(axes, v.axes)
        return Traced(call(name, *(spread(v, axes) for v in values)), axes)

    return apply


def _whole(name: str, result: Callable[..., tuple[Dim, ...]]) -> Callable[..., Traced]:
    def apply(*args: Any) -> Traced:
        values = [array(a) for a in args]
        return Traced(call(name, *(v.tree for v in values)), result(*(v.axes for v in values)))

    return apply


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, p: Any = None, dim: Any = None) -> Traced:
    x, ord, axis = array(x), p if ord is None else ord, dim if axis is None else axis
    if axis is not None and x.ndim == 2:
        if ord not in (None, 2):
            raise refuse(f"a norm of order {ord} along an axis")
        return _elementwise("sqrt")(summed(x * x, axis, keepdims))
    names = {None: "norm2", "fro": "norm2", "nuc": "nuclear", 1: "norm1", 2: "norm2"}
    if x.ndim == 2:
        names |= {2: "specnorm", 1: ""}
    if str(ord) == "inf" and x.ndim == 1:
        return Traced(call("norminf", x.tree), ())
    if not names.get(ord):
        if isinstance(ord, (int, float)) and x.ndim == 1:
            return norm_of_order(x, ord)
        raise refuse(f"a norm of order {ord}")
    return Traced(call(names[ord], x.tree), ())


def _constant(value: int) -> Callable[..., Traced]:
    def make(shape: Any, *more: Any) -> Traced:
        sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape, *more)
        axes = tuple(s if isinstance(s, int) else s.tree.name for s in sizes)
        trees = [number_tree(s) if isinstance(s, int) else s.tree for s in sizes]
        return Traced(call("ones" if value else "zeros", *trees), axes)

    return make


def _eye(n: Any) -> Traced:
    tree, dim = (number_tree(n), n) if isinstance(n, int) else (n.tree, n.tree.name)
    return Traced(call("eye", tree), (dim, dim))


def _like(value: int) -> Callable[..., Traced]:
    return lambda x: array(x) * 0 + value


def _diagonal(x: Any) -> Traced:
    x = array(x)
    return Traced(call("diag", x.tree), x.axes[:1] if x.ndim == 2 else x.axes * 2)


def _softmax(x: Any, dim: Any = None, axis: Any = None) -> Traced:
    x, axis = array(x), dim if axis is None else axis
    if x.ndim == 1:
        return Traced(call("softmax", x.tree), x.axes)
    powers = _elementwise("exp")(x)
    return powers / summed(powers, -1 if axis is None else axis, True)


def _logsumexp(x: Any, axis: Any = None, dim: Any = None, keepdims: bool = False) -> Traced:
    x, axis = array(x), dim if axis is None else axis
    if x.ndim == 1:
        return Traced(call("logsumexp", x.tree), ())
    return _elementwise("log")(summed(_elementwise("exp")(x), axis, keepdims))


def _solve(A: Any, b: Any) -> Traced:
    A, b = array(A), array(b)
    return Traced(call("solve", A.tree, b.tree), b.axes)


def _one_sum(x: Any, axis: Any = None, keepdims: bool = False, dim: Any = None) -> Traced:
    return array(x).sum(axis, keepdims, dim)


def _one_mean(x: Any, axis: Any = None, keepdims: bool = False, dim: Any = None) -> Traced:
    return array(x).mean(axis, keepdims, dim)


def _dot(a: Any, b: Any) -> Traced:
    a, b = array(a), array(b)
    return matmul(a, b) if a.ndim and b.ndim else a * b


def _log_sigmoid(x: Any) -> Traced:
    return _elementwise("log")(_elementwise("sigmoid")(x))


def _var(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Traced:
    x = array(x)
    centred = x - x.mean(axis, axis is not None)
    squares = centred * centred
    count = (x.size if axis is None else x.shape[axis]) - ddof
    found: Traced = squares.sum(axis, keepdims) / count if ddof else squares.mean(axis, keepdims)
    return found


def _std(x: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Traced:
    return _elementwise("sqrt")(_var(x, axis, ddof, keepdims))


def _log_softmax(x: Any, axis: Any = None, dim: Any = None) -> Traced:
    x, axis = array(x), dim if axis is None else axis
    found: Traced = x - (_logsumexp(x) if x.ndim == 1 else _logsumexp(x, -1 if axis is None else axis, keepdims=True))
    return found


def _expand(x: Any, axis: int) -> Traced:
    return indexed(array(x), (None, slice(None)) if axis == 0 else (slice(None), None))


def _chain(some: Sequence[Any]) -> Traced:
    result = array(some[0])
    for part in some[1:]:
        result = matmul(result, part)
    return result


def _scalar(*_: Any) -> tuple[Dim, ...]:
    return ()


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": _one_sum, "mean": _one_mean, "dot": _dot, "vdot": _dot, "matmul": matmul, "mm": matmul,
    "mv": matmul, "norm": _norm, "outer": outer, "einsum": einsum,
    "greater": _elementwise("gt"), "greater_equal": _elementwise("ge"), "less": _elementwise("lt"),
    "less_equal": _elementwise("le"), "equal": _elementwise("eq"), "not_equal": _elementwise("ne"),
    "logical_and": _elementwise("and"), "logical_or": _elementwise("or"), "logical_not": lambda c: array(c) == 0,
    "diag": _diagonal, "diagonal": _diagonal, "diagflat": _diagonal, "inv": _whole("inv", lambda a: a),
    "pinv": _whole("pinv", lambda a: a[::-1]), "det": _whole("det", _scalar), "logdet": _whole("logdet", _scalar),
    "solve": _solve, "eye": _eye, "identity": _eye, "ones": _constant(1), "zeros": _constant(0),
    "ones_like": _like(1), "zeros_like": _like(0), "softmax": _softmax, "logsumexp": _logsumexp,
    "add": lambda a, b: entrywise("add", a, b), "subtract": lambda a, b: entrywise("sub", a, b),
    "multiply": lambda a, b: entrywise("mul", a, b), "mul": lambda a, b: entrywise("mul", a, b),
    "divide": lambda a, b: entrywise("div", a, b), "true_divide": lambda a, b: entrywise("div", a, b),
    "power": lambda a, b: entrywise("pow", a, b), "float_power": lambda a, b: entrywise("pow", a, b),
    "pow": lambda a, b: entrywise("pow", a, b), "negative": lambda a: -array(a),
    "square": lambda a: array(a) ** 2, "reciprocal": lambda a: 1 / array(a), "log_sigmoid": _log_sigmoid,
    "logsigmoid": _log_sigmoid, "maximum": _elementwise("max"), "minimum": _elementwise("min"),
    "sigmoid": _elementwise("sigmoid"), "expit": _elementwise("sigmoid"), "relu": _elementwise("relu"),
    "softplus": _elementwise("softplus"), "logaddexp": lambda a, b: _elementwise("log")(
        _elementwise("exp")(a) + _elementwise("exp")(b)),
    "log2": lambda x: _elementwise("log")(x) / _elementwise("log")(2),
    "log10": lambda x: _elementwise("log")(x) / _elementwise("log")(10),
    "asarray": lambda x, *_: array(x), "array": lambda x, *_: array(x), "tensor": lambda x: array(x),
    "float64": array,
    "ravel": lambda x: array(x).ravel(), "reshape": lambda x, s: array(x).reshape(s),
    "kron": _whole("kron", lambda a, b: tuple(f"{x}*{y}" for x, y in zip(a, b, strict=True))),
    "cross": _whole("cross", lambda a, b: a), "expm": _whole("expm", lambda a: a), "logm": _whole("logm", lambda a: a),
    "sqrtm": _whole("sqrtm", lambda a: a), "cholesky": _whole("chol", lambda a: a), "len": lambda x: array(x).shape[0],
    "matrix_power": lambda X, k: Traced(Tree("pow", (array(X).tree, number_tree(k))), array(X).axes),
    "multi_dot": _chain, "stop_gradient": lambda x: x, "abs": _elementwise("abs"),
    "fabs": _elementwise("abs"), "absolute": _elementwise("abs"),
    "hypot": lambda a, b: _elementwise("sqrt")(a * a + b * b),
    **SIGNALS,
    "cumsum": _whole("cumsum", lambda a: a), "cumprod": _whole("cumprod", lambda a: a),
    "expand_dims": _expand, "unsqueeze": _expand, "var": _var,
    "std": _std, "log_softmax": _log_softmax,
}  # fmt: skip


def _from_records() -> dict[str, Callable[..., Any]]:
    """Elementwise operations by the names their records give them in the array libraries."""
    found: dict[str, Callable[..., Any]] = {}
    for name, record in REGISTRY.items():
        if record.kind == "elementwise" or record.signatures[0].text.startswith("*->*"):
            for code in record.code.values():
                match = _CODE.match(code)
                if match and len(record.params) == match[2].count("{"):
                    found.setdefault(match[1], _elementwise(name))
            found.setdefault(name, _elementwise(name))
    return found


def lookup(name: str) -> Callable[..., Any]:
    """The symbolic function for a name of an array library."""
    found = FURTHER.get(name) or FUNCTIONS.get(name) or _from_records().get(name)
    if found is None:
        raise refuse(
            f"the function {name} is not known", "frechet knows the usual functions of NumPy, JAX and PyTorch."
        )
    return strict(name, found)


LOOKUP.append(lookup)


class Library:
    """Stands for numpy, jax.numpy, torch and their parts: attributes are parts, calls find the operation."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        constants = {"pi": 3.141592653589793, "e": 2.718281828459045, "newaxis": None, "inf": float("inf")}
        if name in constants:
            return constants[name]
        if name.startswith("__"):
            raise AttributeError(name)
        return Library(f"{self._path}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = self._path.rpartition(".")[2]
        if name in ("var", "std") and self._path.startswith("torch"):
            name = f"torch.{name}"
        return lookup(name)(*args, **kwargs)


def formula(function: Callable[..., Any], variables: Mapping[str, Sequence[Dim]]) -> Tree:
    """The tree that a Python function computes; of a PyTorch module, its forward. A function that uses JAX and does
    what symbolic arrays cannot (vmap, grad, lax) is read from its jaxpr.

    Raises E100 where it does what no formula does, with the line.
    """
    if is_module(function):
        return module_formula(function, variables)
    plain = inspect.unwrap(function)
    if not isinstance(plain, types.FunctionType):
        raise problem("E100", f"A {type(function).__name__} is not a Python function.", help="Give a def or a lambda.")
    known = {n: tuple(d for d in dims) for n, dims in variables.items()}
    traced = {n: Traced(Tree("name", name=n), axes) for n, axes in known.items()}
    args = {}
    for name, parameter in inspect.signature(plain).parameters.items():
        if name in traced:
            args[name] = traced[name]
        elif parameter.default is inspect.Parameter.empty:
            raise problem(
                "E200", f"The parameter {name} has no dimensions.", help=f'Say variables={{"{name}": [...]}}.'
            )
    modules = [plain.__globals__.get(n) for n in _names_used(plain.__code__)]
    torch = any(getattr(m, "__name__", getattr(m, "_path", "")) == "torch" for m in modules if m is not None)
    spoken = DIALECT.set("torch" if torch else "numpy")
    try:
        result = _rebound(plain, {})(**args)
    except FrechetError as error:
        read = _by_jax(function, plain, {n: known[n] for n in args if n in known})
        if isinstance(read, Tree):
            return read
        raise _with_line(read if read is not None and "not known" in str(error) else error, plain) from None
    except RecursionError:
        raise refuse("it calls itself without end") from None
    except Exception as error:
        raise _with_line(refuse(f"{type(error).__name__}: {error}"), plain, error) from None
    finally:
        DIALECT.reset(spoken)
    if isinstance(result, (tuple, list)) or result is None:
        raise refuse("it does not return one array", "Return a number, a vector or a matrix.")
    return array(result).tree


def _by_jax(
    function: Callable[..., Any], plain: types.FunctionType, arguments: Mapping[str, Any]
) -> Tree | FrechetError | None:
    """The tree from the jaxpr, of a function that uses JAX itself, or why there is none; None without JAX."""
    used = [plain.__globals__.get(n) for n in _names_used(plain.__code__)]
    used += [c.cell_contents for c in plain.__closure__ or ()]
    if not any(isinstance(m, types.ModuleType) and m.__name__.partition(".")[0] == "jax" for m in used):
        return None
    try:
        return jax_formula(function, arguments)
    except FrechetError as error:
        return error
    except ImportError:
        return None


def _rebound(function: types.FunctionType, done: dict[types.FunctionType, types.FunctionType]) -> types.FunctionType:
    """The function with array libraries exchanged for the stand-in, and the functions it calls likewise."""
    if function in done:
        return done[function]
    allowed = function.__globals__.get("__builtins__", builtins)  # restricted where the code is not trusted
    allowed = allowed if isinstance(allowed, dict) else vars(allowed)
    space: dict[str, Any] = {"__builtins__": {**allowed, "len": _length, "sum": _sum_of, "abs": abs}}
    closure = tuple(types.CellType(_exchanged(c.cell_contents, "", done)) for c in function.__closure__ or ())
    new = types.FunctionType(function.__code__, space, function.__name__, function.__defaults__, closure)
    new.__kwdefaults__ = function.__kwdefaults__
    done[function] = new
    for name in _names_used(function.__code__):
        if name in function.__globals__:
            space[name] = _exchanged(function.__globals__[name], name, done)
        elif name in MODULES:
            space[name] = Library(name)
    return new


def _names_used(code: types.CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_used(constant)
    return names


def _exchanged(value: Any, name: str, done: dict[types.FunctionType, types.FunctionType]) -> Any:
    """A global as the traced function sees it."""
    home = (getattr(value, "__module__", None) or getattr(value, "__name__", "") or "").partition(".")[0]
    if isinstance(value, types.ModuleType) or name in MODULES:
        return Library(getattr(value, "__name__", name))
    if home in ("numpy", "jax", "torch", "scipy", "math") and callable(value):
        return Library(getattr(value, "__name__", name))
    plain = inspect.unwrap(value) if callable(value) and not isinstance(value, type) else value
    if isinstance(plain, types.FunctionType):
        return _rebound(plain, done)
    return value


def _length(value: Any) -> Any:
    return value.shape[0] if isinstance(value, Traced) else len(value)


def _sum_of(values: Any, start: Any = 0) -> Any:
    if isinstance(values, Traced):
        return values.sum(0) if values.ndim == 2 else values.sum()
    for value in values:
        start = start + value
    return start


def _with_line(error: FrechetError, function: types.FunctionType, cause: BaseException | None = None) -> FrechetError:
    """The error with the line of the traced code that led to it."""
    frames = traceback.extract_tb((cause or error).__traceback__)
    own = [f for f in frames if f.filename == function.__code__.co_filename]
    if not own or error.diagnostic.source:
        return error
    line = own[-1].line or ""
    place = f" (line {own[-1].lineno}{f': {line.strip()}' if line else ''})"
    d = error.diagnostic
    return type(error)(Diagnostic(d.code, d.message.rstrip(".") + place + ".", d.span, d.help, line, d.notes))


__all__ = ["FUNCTIONS", "Library", "formula", "lookup"]
