"""The second table of docs/stability.md: sums and products of float32 arrays. Written by docs/stability.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

import frechet as fr

Arrays = dict[str, np.ndarray]
rng = np.random.default_rng


class Row(NamedTuple):
    """A formula in our language and in Python's, its gradient by the first variable, and arrays to look at it with;
    `bound` is what the errors of our value and gradient stay below."""

    text: str
    python: str
    slope: str
    shapes: Mapping[str, Sequence[str]]
    at: Callable[[], Arrays]
    where: str
    bound: tuple[float, float] = (3e-7, 3e-7)


def _cancelling(count: int) -> Callable[[], Arrays]:
    """Vectors of 100,000 entries whose products (of `count` vectors) have a sum close to one."""

    def made() -> Arrays:
        vectors = rng(count).normal(size=(count, 100_000)).astype(np.float32)
        vectors[:, -1] = 1
        rest = np.prod(vectors[:, :-1].astype(float), axis=0).sum()
        vectors[0, -1] = 1 - rest
        return dict(zip("xyz", vectors, strict=False))

    return made


def _far() -> Arrays:
    return {"x": (1000 + rng(4).normal(size=100_000)).astype(np.float32)}


def _close() -> Arrays:
    x = rng(5).normal(size=100_000).astype(np.float32)
    return {"x": x, "y": np.roll(x, 1) * np.float32(1 + 1e-6)}


def _fit() -> Arrays:
    X, w = rng(6).normal(size=(2000, 50)).astype(np.float32), rng(7).normal(size=50).astype(np.float32)
    y = X.astype(float) @ w + 0.01 * rng(8).normal(size=2000)
    return {"w": w, "X": X, "y": y.astype(np.float32)}


def _labels() -> Arrays:
    X, w = rng(9).normal(size=(2000, 50)).astype(np.float32), rng(10).normal(size=50).astype(np.float32)
    return {"w": w, "X": X, "y": (X @ w > 0).astype(np.float32)}


def _matrices() -> Arrays:
    X, Y = rng(11).normal(size=(2, 300, 300)).astype(np.float32)
    return {"X": X, "Y": Y}


def _wide() -> Arrays:
    return {"x": rng(12).normal(size=1_000_000).astype(np.float32)}


_V, _FIT = {"x": ["n"]}, {"w": ["n"], "X": ["m", "n"], "y": ["m"]}
_XY = {"x": ["n"], "y": ["n"]}
ROWS = (
    Row("sum(x)", "m.sum(x)", "m.ones(x.shape)", _V, _cancelling(1), "sum 1 of 100,000 normal entries"),
    Row("x'*y", "x @ y", "y", _XY, _cancelling(2), "product 1 of 100,000 normal entries"),
    Row("sum(x.*y.*z)", "m.sum(x*y*z)", "y*z", {**_XY, "z": ["n"]}, _cancelling(3),
        "sum 1 of 100,000 products", (1e-4, 3e-7)),
    Row("x'*x - y'*y", "x @ x - y @ y", "2*x", _XY, _close, "the same entries, times 1 + 1e-6",
        (1e-4, 3e-7)),
    Row("x'*x - sum(x)^2/n", "x @ x - m.sum(x)**2/len(x)", "2*(x - m.sum(x)/len(x))", _V, _far,
        "100,000 entries of 1000 +- 1"),
    Row("sum((x - sum(x)/n*ones(n)).^2)/n", "m.sum((x - m.sum(x)/len(x))**2)/len(x)",
        "2/len(x)*(x - m.sum(x)/len(x))", _V, _far, "100,000 entries of 1000 +- 1"),
    Row("norm2(X*w - y)^2", "m.sum((X @ w - y)**2)", "2*(X.T @ (X @ w - y))", _FIT, _fit,
        "2,000 residuals of 0.01", (1e-4, 1e-4)),
    Row("w'*X'*X*w - 2*y'*X*w + y'*y", "w @ X.T @ X @ w - 2*(y @ X @ w) + y @ y", "2*(X.T @ (X @ w - y))", _FIT, _fit,
        "2,000 residuals of 0.01", (1e-4, 1e-4)),
    Row("sum(log(1 + exp(X*w))) - y'*X*w", "m.sum(m.log(1 + m.exp(X @ w))) - y @ (X @ w)",
        "X.T @ (1/(1 + m.exp(-(X @ w))) - y)", _FIT, _labels, "2,000 labels, all fitted", (1e-5, 1e-5)),
    Row("sum(X.*Y)/(norm2(X)*norm2(Y))", "m.sum(X*Y)/(m.sum(X*X)**0.5*m.sum(Y*Y)**0.5)",
        "Y/(m.sum(X*X)**0.5*m.sum(Y*Y)**0.5) - m.sum(X*Y)*X/(m.sum(X*X)**1.5*m.sum(Y*Y)**0.5)",
        {"X": ["m", "n"], "Y": ["m", "n"]}, _matrices, "300 x 300 normal entries"),
    Row("log(sum(exp(x)))", "m.log(m.sum(m.exp(x)))", "m.exp(x)/m.sum(m.exp(x))", _V, _wide,
        "1,000,000 normal entries", (3e-7, 1e-6)),
)  # fmt: skip


def _typed(text: str, row: Row) -> Callable[..., Any]:
    made: Callable[..., Any] = eval(f"lambda m, {', '.join(row.shapes)}: {text}")
    return made


def error(got: Any, true: Any) -> float:
    """The largest error relative to the largest entry; infinite for what is no number."""
    a, b = np.asarray(got).astype(np.longdouble), np.asarray(true).astype(np.longdouble)
    return float(np.abs(a - b).max() / np.abs(b).max()) if np.isfinite(a).all() else float("inf")


def truth(row: Row) -> tuple[Any, Any]:
    """Value and gradient of the formula in long double; of the products alone, each exact."""
    arrays = {n: a.astype(np.longdouble) for n, a in row.at().items()}
    return tuple(_typed(text, row)(np, **arrays) for text in (row.python, row.slope))  # type: ignore[return-value]


def ours(row: Row, backend: str = "numpy") -> tuple[float, float]:
    """The errors of frechet's compiled value and gradient."""
    arrays = row.at()
    f = fr.parse(row.text, variables={n: list(s) for n, s in row.shapes.items()})
    value, (gradient,) = fr.compile(f, [next(iter(row.shapes))], backend=backend)(**arrays)
    true, slope = truth(row)
    return error(value, true), error(gradient, slope)


def naive(row: Row, name: str) -> tuple[float, float | None]:
    """The errors of the formula as typed; NumPy has no gradient."""
    arrays, (true, slope) = row.at(), truth(row)
    function, first = _typed(row.python, row), next(iter(row.shapes))
    if name == "NumPy":
        return error(function(np, **arrays), true), None
    if name == "JAX":
        import jax

        given = {n: jax.numpy.asarray(a) for n, a in arrays.items()}
        value, gradient = jax.value_and_grad(lambda x: function(jax.numpy, **{**given, first: x}))(given[first])
        return error(value, true), error(gradient, slope)
    import torch

    tensors = {n: torch.tensor(a) for n, a in arrays.items()}
    tensors[first].requires_grad_(True)
    result = function(torch, **tensors)
    result.backward()
    return error(result.detach(), true), error(tensors[first].grad, slope)


HEAD = """
## Sums in float32

For arrays of float32 (NumPy and PyTorch) inner products and sums that end in a number are accumulated in float64, and
numbers stay float64 until they are returned; arrays and products of matrices, which take the time, stay float32.
So a sum loses what its terms have lost, not more: `X*w` is float32, and what is left of `X*w - y` has its rounding
errors. JAX has no float64 unless it is switched on, so its code is float32 throughout. "lost" as above.
"""


def table(names: Sequence[str], shown: Callable[[float | None], str]) -> str:
    """The table beside the libraries of these names."""
    lines = [HEAD, f"| formula | at | frechet | {' | '.join(names)} |", f"|{' --- |' * (3 + len(names))}"]
    for row in ROWS:
        cells = [f"`{row.text}`", row.where, " / ".join(map(shown, ours(row)))]
        for n in names:
            value, gradient = naive(row, n)
            cells.append(shown(value) if gradient is None else f"{shown(value)} / {shown(gradient)}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
