"""The problem families for automatic differentiation: as they are typed, and as a skilled user writes them.

`xp` is a small vocabulary that every library spells (see `compile_peers`). Arguments in the order of the declaration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]


def natural(xp: Any) -> dict[str, Function]:
    """The functions as the formula stands."""

    def kernel(D: Any, s: Any, l: Any, t: Any) -> Any:  # noqa: E741
        return s * xp.exp(-D / (2 * l**2)) + t * xp.eye(len(D))

    def gp(y: Any, D: Any, s: Any, l: Any, t: Any) -> Any:  # noqa: E741
        return (y @ xp.inv(kernel(D, s, l, t)) @ y + xp.logdet(kernel(D, s, l, t))) / 2

    def distances(X: Any) -> Any:
        s = (X * X).sum(1)
        return s[:, None] + s - 2 * X @ X.T

    def net(*arrays: Any) -> Any:
        *weights, h, y = arrays
        for W in weights:
            h = xp.tanh(W @ h)
        return ((h - y) ** 2).sum()

    def factorisation(T: Any, U: Any, V: Any) -> Any:
        return ((T - U @ V.T) ** 2).sum()

    return {
        "quad": lambda x, A: x @ A @ x,
        "logreg": lambda X, w, y, lam: xp.softplus(X @ w).sum() - y @ X @ w + lam / 2 * w @ w,
        "matfac": factorisation,
        "nmf": factorisation,
        "net3": net,
        "net10": net,
        "ridge": lambda X, w, y, lam: ((X @ w - y) ** 2).sum() + lam * (w**2).sum(),
        "softmaxreg": lambda X, W, Y: xp.logsumexp(X @ W).sum() - (Y * (X @ W)).sum(),
        "poisson": lambda X, w, y: xp.exp(X @ w).sum() - y @ X @ w,
        "huber": lambda X, w, y: (xp.sqrt(1 + (X @ w - y) ** 2) - 1).sum(),
        "gauss": lambda X, mu, S, N: N / 2 * xp.logdet(S) + xp.trace((X - mu) @ xp.inv(S) @ (X - mu).T) / 2,
        "gp": gp,
        "dopt": lambda X, w: -xp.logdet(X.T @ (w[:, None] * X)),
        "trinv": lambda X: xp.trace(xp.inv(X.T @ X)),
        "mahal": lambda D, M, y, b: xp.softplus(y * (((D @ M) ** 2).sum(1) - b)).sum(),
        "chain": lambda A, B, C, x: ((((A @ B) @ C) @ x) ** 2).sum(),
        "mlp": lambda X, W1, b1, W2, b2, Y: ((xp.tanh(X @ W1 + b1) @ W2 + b2 - Y) ** 2).sum() / len(X),
        "rayleigh": lambda x, A: x @ A @ x / (x @ x),
        "axb": lambda A, X, B, C: ((A @ X @ B - C) ** 2).sum(),
        "barrier": lambda F, x, b: ((F @ x - b) ** 2).sum() / 2 - xp.log(x).sum(),
        "softjac": lambda A, x: xp.softmax(A @ x),
        "rbfridge": lambda X, a, y, g: ((xp.exp(-g * distances(X)) @ a - y) ** 2).sum(),
    }


def skilled(xp: Any) -> dict[str, Function]:
    """Those that a skilled user writes otherwise: one Cholesky factor for inverse and determinant, good brackets."""

    def gauss(X: Any, mu: Any, S: Any, N: Any) -> Any:
        L = xp.cholesky(S)
        Z = xp.lower(L, (X - mu).T)
        return N * xp.log(xp.diag(L)).sum() + (Z * Z).sum() / 2

    def gp(y: Any, D: Any, s: Any, l: Any, t: Any) -> Any:  # noqa: E741
        L = xp.cholesky(s * xp.exp(-D / (2 * l**2)) + t * xp.eye(len(D)))
        z = xp.lower(L, y[:, None])
        return (z * z).sum() / 2 + xp.log(xp.diag(L)).sum()

    def trinv(X: Any) -> Any:
        Z = xp.lower(xp.cholesky(X.T @ X), xp.eye(X.shape[1]))
        return (Z * Z).sum()

    return {
        "gauss": gauss,
        "gp": gp,
        "trinv": trinv,
        "dopt": lambda X, w: -2 * xp.log(xp.diag(xp.cholesky(X.T @ (w[:, None] * X)))).sum(),
        "chain": lambda A, B, C, x: ((A @ (B @ (C @ x))) ** 2).sum(),
        "quad": lambda x, A: x @ (A @ x),
        "logreg": lambda X, w, y, lam: (xp.softplus(X @ w) - y * (X @ w)).sum() + lam / 2 * (w @ w),
        "poisson": lambda X, w, y: (xp.exp(X @ w) - y * (X @ w)).sum(),
    }
