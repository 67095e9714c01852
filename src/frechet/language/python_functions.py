"""Functions of NumPy, SciPy, JAX and PyTorch that are made of others: bounds, entropies, other norms, decompositions.

A keyword that a function here does not know is refused: max(axis=1) is not max().
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from typing import Any, NamedTuple

from frechet.language.python_arrays import Traced, array, call, matmul, named, only_harmless, refuse


@lru_cache(maxsize=512)
def strict(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, refusing keywords that it would leave out of account."""
    parameters = inspect.signature(function).parameters
    known = {n for n, p in parameters.items() if p.kind is not inspect.Parameter.VAR_KEYWORD}

    @wraps(function)
    def checked(*args: Any, **options: Any) -> Any:
        only_harmless({w: v for w, v in options.items() if w not in known}, name)
        return function(*args, **{w: v for w, v in options.items() if w in known})

    return checked


class Slogdet(NamedTuple):
    """What slogdet gives, under both libraries' names."""

    sign: Traced
    logabsdet: Traced


class Eigen(NamedTuple):
    """What eigh gives."""

    eigenvalues: Traced
    eigenvectors: Traced


def slogdet(X: Any) -> Slogdet:
    X = array(X)
    return Slogdet(named("sign", Traced(call("det", X.tree), ())), Traced(call("logdet", X.tree), ()))


def clip(x: Any, a_min: Any = None, a_max: Any = None, min: Any = None, max: Any = None) -> Traced:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    result = array(x)
    if low is not None:
        result = named("maximum", result, low)
    return result if high is None else named("minimum", result, high)


def transpose(x: Any, *axes: Any) -> Traced:
    """NumPy names the new order of the axes as a tuple, PyTorch the two that change places."""
    value = array(x)
    order = axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else None
    return value if order is not None and list(order) == sorted(order) else value.T


def swapped(x: Any, one: int, other: int) -> Traced:
    return array(x) if one % 2 == other % 2 else array(x).T


def inner(a: Any, b: Any) -> Traced:
    left, right = array(a), array(b)
    if not left.ndim or not right.ndim:
        return left * right
    return matmul(left, right.T)


def tensordot(a: Any, b: Any, axes: Any = 2) -> Traced:
    one, two = array(a), array(b)
    pairs = axes if not isinstance(axes, int) else (list(range(one.ndim - axes, one.ndim)), list(range(axes)))
    left, right = ([p] if isinstance(p, int) else list(p) for p in pairs)
    if len(left) == one.ndim == two.ndim and sorted(left) == list(range(one.ndim)):
        return (one * (two if left == right else two.T)).sum()
    if len(left) == len(right) == 1:
        first = one.T if one.ndim == 2 and left[0] % 2 == 0 else one
        second = two.T if two.ndim == 2 and right[0] % 2 == 1 else two
        return matmul(first, second)
    raise refuse("this tensordot")


def squeeze(x: Any, axis: Any = None, dim: Any = None) -> Traced:
    value = array(x)
    return value.reshape(-1) if 1 in value.axes and value.ndim == 2 else value


def average(x: Any, axis: Any = None, weights: Any = None) -> Traced:
    value = array(x)
    if weights is None:
        return value.mean(axis)
    if axis is not None or value.ndim != 1:
        raise refuse("a weighted average along an axis")
    total: Traced = (value * weights).sum() / array(weights).sum()
    return total


def largest(name: str) -> Callable[..., Traced]:
    """max and min of all entries; PyTorch's max(a, b) is elementwise."""

    def apply(x: Any, other: Any = None) -> Traced:
        if other is None:
            return Traced(call(name, array(x).tree), ())
        if isinstance(other, int):
            raise refuse(f"{name} along an axis", f"Write {name} of the whole array, or entry by entry.")
        return named(f"{name}imum", x, other)

    return apply


def whole_product(x: Any, axis: Any = None, dim: Any = None) -> Traced:
    if axis is not None or dim is not None:
        raise refuse("a product along an axis")
    return Traced(call("prod", array(x).tree), ())


def norm_of_order(x: Traced, p: float) -> Traced:
    """(sum |x|^p)^(1/p) of a vector."""
    if x.ndim != 1 or p <= 0:
        raise refuse(f"a norm of order {p}")
    total: Traced = (named("abs", x) ** p).sum() ** (array(1) / p)
    return total


def lstsq(A: Any, b: Any) -> tuple[Traced, ...]:
    """The solution by the pseudoinverse; the rest of what NumPy gives is no formula."""
    A = array(A)
    return (matmul(Traced(call("pinv", A.tree), A.axes[::-1]), b),)


def singular_values(X: Any, compute_uv: bool = True, full_matrices: bool = True) -> Traced:
    if compute_uv:
        raise refuse("singular vectors", "Singular values alone: svd(X, compute_uv=False).")
    return _spectrum("singvals", X)


def _spectrum(name: str, X: Any) -> Traced:
    X = array(X)
    return Traced(call(name, X.tree), X.axes[-1:])


def eigh(S: Any) -> Eigen:
    S = array(S)
    return Eigen(_spectrum("eigvals", S), Traced(call("eigvecs", S.tree), S.axes))


def xlogy(x: Any, y: Any) -> Traced:
    product: Traced = array(x) * named("log", y)
    return product


def rel_entr(x: Any, y: Any) -> Traced:
    return xlogy(x, array(x) / y)


def polyval(coefficients: Sequence[Any], x: Any) -> Traced:
    x = array(x)
    result: Any = coefficients[0]
    for c in coefficients[1:]:
        result = result * x + c
    return array(result)


def select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0) -> Traced:
    result = array(default)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        result = named("where", condition, choice, result)
    return result


def triangle(name: str) -> Callable[..., Traced]:
    def apply(x: Any, k: int = 0, diagonal: int = 0) -> Traced:
        if k or diagonal:
            raise refuse(f"{name} with another diagonal")
        return Traced(call(name, array(x).tree), array(x).axes)

    return apply


def trace(x: Any, offset: int = 0) -> Traced:
    if offset:
        raise refuse("a trace beside the diagonal")
    return Traced(call("tr", array(x).tree), ())


def spread(root: bool) -> Callable[..., Traced]:
    """PyTorch's var and std, which divide by n - 1 where NumPy divides by n."""

    def apply(x: Any, dim: Any = None, unbiased: bool = True, correction: int = 1, keepdim: bool = False) -> Traced:
        off = correction if unbiased else 0
        return named("std" if root else "var", x, dim, off, keepdim)

    return apply


def linear(x: Any, weight: Any, bias: Any = None) -> Traced:
    """PyTorch's layer: x W' + b."""
    result = matmul(x, array(weight).T)
    return result if bias is None else result + bias


def mse_loss(x: Any, y: Any, reduction: str = "mean") -> Traced:
    return _reduced((array(x) - y) ** 2, reduction)


def l1_loss(x: Any, y: Any, reduction: str = "mean") -> Traced:
    return _reduced(named("abs", array(x) - y), reduction)


def bce_with_logits(x: Any, y: Any, reduction: str = "mean") -> Traced:
    x = array(x)
    return _reduced(named("softplus", x) - x * y, reduction)


def _reduced(value: Traced, reduction: str) -> Traced:
    if reduction == "none":
        return value
    return value.sum() if reduction == "sum" else value.mean()


def vector_norm(x: Any, ord: Any = 2, axis: Any = None) -> Traced:
    return named("norm", x, ord) if axis is None else named("norm", x, ord, axis)


def binary(template: Callable[[Traced, Any], Any]) -> Callable[..., Traced]:
    return lambda a, b: array(template(array(a), b))


FURTHER: dict[str, Callable[..., Any]] = {
    "torch.var": spread(root=False), "torch.std": spread(root=True),
    "slogdet": slogdet, "clip": clip, "clamp": clip, "transpose": transpose, "swapaxes": swapped, "moveaxis": swapped,
    "permute": lambda x, *axes: transpose(x, axes if isinstance(axes[0], int) else axes[0]), "t": lambda x: array(x).T,
    "matrix_transpose": lambda x: array(x).T, "adjoint": lambda x: array(x).T, "inner": inner, "tensordot": tensordot,
    "squeeze": squeeze, "average": average, "max": largest("max"), "amax": largest("max"), "min": largest("min"),
    "amin": largest("min"), "prod": whole_product, "lstsq": lstsq, "svd": singular_values,
    "svdvals": lambda X: _spectrum("singvals", X), "eigvalsh": lambda X: _spectrum("eigvals", X), "eigh": eigh,
    "xlogy": xlogy, "rel_entr": rel_entr, "kl_div": lambda x, y: rel_entr(x, y) - x + y, "entr": lambda x: -xlogy(x, x),
    "logit": lambda x: named("log", array(x) / (1 - array(x))),
    "log_expit": lambda x: named("log", named("sigmoid", x)),
    "exp2": lambda x: named("exp", array(x) * named("log", 2)), "polyval": polyval, "select": select,
    "tril": triangle("tril"), "triu": triangle("triu"), "trace": trace, "linear": linear, "mse_loss": mse_loss,
    "l1_loss": l1_loss, "binary_cross_entropy_with_logits": bce_with_logits, "vector_norm": vector_norm,
    "matrix_norm": lambda X, ord="fro": named("norm", X, ord), "heaviside": lambda x, half: named(
        "where", array(x) > 0, 1, named("where", array(x) == 0, half, 0)),
    "leaky_relu": lambda x, negative_slope=0.01: named("where", array(x) > 0, x, array(x) * negative_slope),
    "silu": lambda x: array(x) * named("sigmoid", x), "swish": lambda x: array(x) * named("sigmoid", x),
    "gelu": lambda x: array(x) * (1 + named("erf", array(x) / array(2) ** 0.5)) / 2,
    "elu": lambda x, alpha=1.0: named("where", array(x) > 0, x, (named("exp", x) - 1) * alpha),
    "sub": binary(lambda a, b: a - b), "truediv": binary(lambda a, b: a / b), "div": binary(lambda a, b: a / b),
    "neg": lambda a: -array(a), "matrix_exp": lambda X: Traced(call("expm", array(X).tree), array(X).axes),
    "getitem": lambda x, key: x[key], "getattr": getattr, "addmv": lambda b, X, w: array(b) + matmul(X, w),
    "addmm": lambda b, X, w: array(b) + matmul(X, w), "bmm": matmul, "rsqrt": lambda x: array(x) ** -0.5,
}  # fmt: skip
