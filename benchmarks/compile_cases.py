"""The cases of `benchmarks.compile`: the function in JAX as a person writes it, and an expert's NumPy/SciPy.

An expert gets the arrays in the order of the declaration and returns what is wanted. Cases without one are compared
with JAX only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg
from scipy.special import expit

Function = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """One problem and one wanted result at three sizes."""

    problem: str
    want: str
    sizes: tuple[dict[str, int], dict[str, int], dict[str, int]]
    expert: Function | None = None
    wrt: tuple[str, ...] = ()
    operator: bool = False

    @property
    def name(self) -> str:
        short = {"value_and_gradient": "vg"}.get(self.want, self.want)
        return f"{self.problem}:{'factors' if self.operator else short}"


def jax_functions(jnp: Any, jax: Any) -> dict[str, Function]:
    """The functions in JAX, arguments in the order of the declaration."""

    def logdet(A: Any) -> Any:
        return jnp.linalg.slogdet(A)[1]

    def kernel(D: Any, s: Any, l: Any, t: Any) -> Any:  # noqa: E741
        return s * jnp.exp(-D / (2 * l**2)) + t * jnp.eye(len(D))

    def gp(y: Any, D: Any, s: Any, l: Any, t: Any) -> Any:  # noqa: E741
        return (y @ jnp.linalg.inv(kernel(D, s, l, t)) @ y + logdet(kernel(D, s, l, t))) / 2

    def softplus(u: Any) -> Any:
        return jnp.logaddexp(0.0, u)

    def distances(X: Any) -> Any:
        s = (X * X).sum(1)
        return s[:, None] + s - 2 * X @ X.T

    def lse(Z: Any) -> Any:
        return jax.scipy.special.logsumexp(Z, axis=1)

    return {
        "quad": lambda x, A: x @ A @ x,
        "logreg": lambda X, w, y, lam: softplus(X @ w).sum() - y @ X @ w + lam / 2 * w @ w,
        "matfac": lambda T, U, V: ((T - U @ V.T) ** 2).sum(),
        "ridge": lambda X, w, y, lam: ((X @ w - y) ** 2).sum() + lam * (w**2).sum(),
        "softmaxreg": lambda X, W, Y: lse(X @ W).sum() - (Y * (X @ W)).sum(),
        "poisson": lambda X, w, y: jnp.exp(X @ w).sum() - y @ X @ w,
        "huber": lambda X, w, y: (jnp.sqrt(1 + (X @ w - y) ** 2) - 1).sum(),
        "gauss": lambda X, mu, S, N: N / 2 * logdet(S) + jnp.trace((X - mu) @ jnp.linalg.inv(S) @ (X - mu).T) / 2,
        "gp": gp,
        "dopt": lambda X, w: -logdet(X.T @ (w[:, None] * X)),
        "trinv": lambda X: jnp.trace(jnp.linalg.inv(X.T @ X)),
        "mahal": lambda D, M, y, b: softplus(y * (jnp.diag(D @ M @ M.T @ D.T) - b)).sum(),
        "chain": lambda A, B, C, x: ((((A @ B) @ C) @ x) ** 2).sum(),
        "mlp": lambda X, W1, b1, W2, b2, Y: ((jnp.tanh(X @ W1 + b1) @ W2 + b2 - Y) ** 2).sum() / len(X),
        "rayleigh": lambda x, A: x @ A @ x / (x @ x),
        "axb": lambda A, X, B, C: ((A @ X @ B - C) ** 2).sum(),
        "barrier": lambda F, x, b: ((F @ x - b) ** 2).sum() / 2 - jnp.log(x).sum(),
        "softjac": lambda A, x: jax.nn.softmax(A @ x),
        "rbfridge": lambda X, a, y, g: ((jnp.exp(-g * distances(X)) @ a - y) ** 2).sum(),
    }  # fmt: skip


def _posv(H: Any, g: Any) -> Any:
    L, _ = linalg.lapack.dpotrf(H, lower=1, clean=0)
    return linalg.lapack.dpotrs(L, g, lower=1)[0]


def _weighted(X: Any, d: Any) -> Any:
    S = X * np.sqrt(d)[:, None]
    return S.T @ S


def _plus(H: Any, c: Any) -> Any:
    H.reshape(-1)[:: len(H) + 1] += c
    return H


def _softplus(u: Any) -> Any:
    return np.maximum(u, 0) + np.log1p(np.exp(-np.abs(u)))


def _logreg_vg(X: Any, w: Any, y: Any, lam: Any) -> Any:
    u = X @ w
    return _softplus(u).sum() - y @ u + lam / 2 * (w @ w), (X.T @ (expit(u) - y) + lam * w,)


def _logreg_hessian(X: Any, w: Any, y: Any, lam: Any) -> Any:
    p = expit(X @ w)
    return _plus(_weighted(X, p * (1 - p)), lam)


def _logreg_newton(X: Any, w: Any, y: Any, lam: Any) -> Any:
    p = expit(X @ w)
    return _posv(_plus(_weighted(X, p * (1 - p)), lam), X.T @ (p - y) + lam * w)


def _ridge_vg(X: Any, w: Any, y: Any, lam: Any) -> Any:
    r = X @ w - y
    return r @ r + lam * (w @ w), (2 * (X.T @ r) + 2 * lam * w,)


def _poisson_newton(X: Any, w: Any, y: Any) -> Any:
    e = np.exp(X @ w)
    return _posv(_weighted(X, e), X.T @ (e - y))


def _huber_vg(X: Any, w: Any, y: Any) -> Any:
    r = X @ w - y
    s = np.sqrt(1 + r * r)
    return (s - 1).sum(), (X.T @ (r / s),)


def _huber_hessian(X: Any, w: Any, y: Any) -> Any:
    r = X @ w - y
    return _weighted(X, (1 + r * r) ** -1.5)


def _gauss_vg(X: Any, mu: Any, S: Any, N: Any) -> Any:
    R = X - mu
    L, _ = linalg.lapack.dpotrf(S, lower=1, clean=0)
    P = np.tril(linalg.lapack.dpotri(L, lower=1)[0])
    P = P + P.T
    P.reshape(-1)[:: len(P) + 1] /= 2
    G = R.T @ R
    value = N * np.log(L.diagonal()).sum() + (P * G).sum() / 2
    return value, (-P @ R.sum(0), (N * P - P @ G @ P) / 2)


def _gp_vg(y: Any, D: Any, s: Any, l: Any, t: Any) -> Any:  # noqa: E741
    E = np.exp(D * (-0.5 / l**2))
    K = _plus(s * E, t)
    L, _ = linalg.lapack.dpotrf(K, lower=1, clean=0)
    a = linalg.lapack.dpotrs(L, y, lower=1)[0]
    value = y @ a / 2 + np.log(L.diagonal()).sum()
    W = np.tril(linalg.lapack.dpotri(L, lower=1)[0])
    W = W + W.T
    W.reshape(-1)[:: len(W) + 1] /= 2
    trace = W.trace() - a @ a
    EW = E * W
    Ea = E * D
    ds = EW.sum() - a @ E @ a
    dl = s / l**3 * ((EW.ravel() @ D.ravel()) - a @ Ea @ a)
    return value, (ds / 2, dl / 2, trace / 2)


def _dopt_vg(X: Any, w: Any) -> Any:
    L, _ = linalg.lapack.dpotrf(_weighted(X, w), lower=1, clean=0)
    Z = linalg.blas.dtrsm(1.0, L, X.T, lower=1)
    return -2 * np.log(L.diagonal()).sum(), (-(Z * Z).sum(0),)


def _dopt_hessian(X: Any, w: Any) -> Any:
    L, _ = linalg.lapack.dpotrf(_weighted(X, w), lower=1, clean=0)
    Z = linalg.blas.dtrsm(1.0, L, X.T, lower=1)
    P = Z.T @ Z
    return P * P


def _trinv_vg(X: Any) -> Any:
    L, _ = linalg.lapack.dpotrf(X.T @ X, lower=1, clean=0)
    P = np.tril(linalg.lapack.dpotri(L, lower=1)[0])
    P = P + P.T
    P.reshape(-1)[:: len(P) + 1] /= 2
    return P.trace(), (-2 * X @ (P @ P.T),)


def _mahal_vg(D: Any, M: Any, y: Any, b: Any) -> Any:
    Z = D @ M
    u = y * (np.einsum("ij,ij->i", Z, Z) - b)
    return _softplus(u).sum(), (2 * (D.T @ ((y * expit(u))[:, None] * Z)),)


def _chain_vg(A: Any, B: Any, C: Any, x: Any) -> Any:
    r = A @ (B @ (C @ x))
    return r @ r, (2 * (C.T @ (B.T @ (A.T @ r))),)


def _mlp_vg(X: Any, W1: Any, b1: Any, W2: Any, b2: Any, Y: Any) -> Any:
    H = np.tanh(X @ W1 + b1)
    R = H @ W2 + b2 - Y
    m = len(X)
    G = R * (2 / m)
    B = (G @ W2.T) * (1 - H * H)
    return (R.ravel() @ R.ravel()) / m, (X.T @ B, B.sum(0), H.T @ G, G.sum(0))


def _nmf_vg(T: Any, U: Any, V: Any) -> Any:
    R = U @ V.T
    R -= T
    return R.ravel() @ R.ravel(), (2 * (R @ V), 2 * (R.T @ U))


def _rayleigh_hessian(x: Any, A: Any) -> Any:
    s = x @ x
    B = A + A.T
    b = B @ x
    q = (x @ b) / 2 / s
    H = B * (1 / s)
    c = (4 * q / s**2) * x - (2 / s**2) * b
    H += np.stack([x, c], 1) @ np.stack([c, x], 0)
    return _plus(H, -2 * q / s)


def _rayleigh_exact(x: Any, A: Any) -> Any:
    s = x @ x
    B = A + A.T
    b = B @ x
    q = (x @ b) / 2
    H = B / s
    u = -2 / s**2 * b + 4 * q / s**3 * x
    H += np.stack([x, u], 1) @ np.stack([u, x], 0)
    return _plus(H, -2 * q / s**2)


def _softmaxreg_vg(X: Any, W: Any, Y: Any) -> Any:
    Z = X @ W
    m = Z.max(1)
    E = np.exp(Z - m[:, None])
    s = E.sum(1)
    return (np.log(s) + m).sum() - Y.ravel() @ Z.ravel(), (X.T @ (E / s[:, None] - Y),)


def _softmaxreg_hessian(X: Any, W: Any, Y: Any) -> Any:
    Z = X @ W
    E = np.exp(Z - Z.max(1)[:, None])
    P = E / E.sum(1)[:, None]
    d, k = W.shape
    H = np.empty((d, k, d, k))
    for a in range(k):
        for b in range(a + 1):
            w = P[:, a] * (1 - P[:, a]) if a == b else -P[:, a] * P[:, b]
            block = X.T @ (X * w[:, None])
            H[:, a, :, b] = block
            H[:, b, :, a] = block
    return H


def _matfac_newton(T: Any, U: Any, V: Any) -> Any:
    return U - _posv(V.T @ V, (T @ V).T).T


def _axb_newton(A: Any, X: Any, B: Any, C: Any) -> Any:
    G = A.T @ (A @ X @ B - C) @ B.T
    return _posv(B @ B.T, _posv(A.T @ A, G).T).T


def _matfac_hessian(T: Any, U: Any, V: Any) -> Any:
    n, k = U.shape
    H = np.zeros((n, k, n, k))
    np.einsum("ikil->ikl", H)[...] = 2 * (V.T @ V)
    return H


def _axb_hessian(A: Any, X: Any, B: Any, C: Any) -> Any:
    return (2 * (A.T @ A))[:, None, :, None] * (B @ B.T)[None, :, None, :]


def _barrier_newton(F: Any, x: Any, b: Any) -> Any:
    g = F.T @ (F @ x - b) - 1 / x
    d = x * x
    E = F * d
    return d * g - E.T @ _posv(_plus(E @ F.T, 1.0), E @ g)


def _softjac(A: Any, x: Any) -> Any:
    u = A @ x
    p = np.exp(u - u.max())
    p /= p.sum()
    return p[:, None] * (A - p @ A)


def _glm(m: tuple[int, int, int], n: tuple[int, int, int]) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    return tuple({"m": a, "n": b} for a, b in zip(m, n, strict=True))  # type: ignore[return-value]


def _sizes(**lengths: tuple[int, int, int]) -> Any:
    return tuple({k: v[j] for k, v in lengths.items()} for j in range(3))


VG = "value_and_gradient"
_LOG = _glm((50, 1000, 10000), (5, 100, 400))
_TALL = _glm((50, 1000, 20000), (5, 100, 400))
_SOFT = _sizes(m=(50, 500, 5000), d=(4, 20, 50), k=(3, 5, 10))
_FAC = _sizes(n=(5, 40, 150), m=(5, 40, 150), k=(2, 5, 10))
_AXB = _sizes(p=(8, 40, 60), n=(5, 20, 40), k=(3, 15, 40), q=(6, 30, 60))
CASES = [
    Case("quad", "hessian", _sizes(n=(10, 300, 2000)), lambda x, A: A + A.T),
    Case("logreg", VG, _LOG, _logreg_vg),
    Case("logreg", "hessian", _LOG, _logreg_hessian),
    Case("logreg", "hvp", _LOG),
    Case("logreg", "newton", _LOG, _logreg_newton),
    Case("matfac", "hessian", _FAC, _matfac_hessian, ("U",)),
    Case("matfac", "hessian", _FAC, None, ("U",), operator=True),
    Case("matfac", "newton", _FAC, _matfac_newton, ("U",)),
    Case("ridge", VG, _TALL, _ridge_vg),
    Case("ridge", "newton", _TALL, lambda X, w, y, lam: _posv(_plus(X.T @ X, lam), X.T @ (X @ w - y) + lam * w)),
    Case("softmaxreg", VG, _SOFT, _softmaxreg_vg),
    Case("softmaxreg", "hessian", _SOFT, _softmaxreg_hessian),
    Case("softmaxreg", "hvp", _SOFT),
    Case("poisson", "newton", _TALL, _poisson_newton),
    Case("huber", VG, _TALL, _huber_vg),
    Case("huber", "hessian", _TALL, _huber_hessian),
    Case("huber", "hvp", _TALL),
    Case("gauss", VG, _sizes(m=(50, 1000, 4000), d=(5, 100, 400)), _gauss_vg),
    Case("gp", VG, _sizes(n=(20, 300, 1500)), _gp_vg),
    Case("dopt", VG, _glm((20, 200, 800), (4, 30, 80)), _dopt_vg),
    Case("dopt", "hessian", _glm((20, 200, 800), (4, 30, 80)), _dopt_hessian),
    Case("trinv", VG, _glm((10, 400, 1500), (5, 200, 800)), _trinv_vg),
    Case("mahal", VG, _sizes(p=(50, 1000, 20000), d=(5, 50, 300)), _mahal_vg),
    Case("rbfridge", VG, _sizes(n=(20, 300, 2000), d=(3, 10, 20)), None, ("X",)),
    Case("chain", VG, _sizes(n=(10, 200, 1000)), _chain_vg),
    Case("chain", "hessian", _sizes(n=(10, 200, 1000)), None),
    Case("mlp", VG, _sizes(d=(5, 50, 200), h=(8, 100, 500), o=(3, 10, 10), m=(20, 500, 5000)), _mlp_vg),
    Case("matfac", VG, _sizes(n=(20, 500, 3000), m=(15, 400, 2000), k=(3, 20, 50)), _nmf_vg, ("U", "V")),
    Case("rayleigh", "hessian", _sizes(n=(10, 300, 1500)), _rayleigh_exact),
    Case("softjac", "jacobian", _sizes(m=(10, 300, 1500), n=(8, 200, 1000)), _softjac),
    Case("axb", "hessian", _AXB, _axb_hessian),
    Case("axb", "hessian", _AXB, None, operator=True),
    Case("axb", "newton", _AXB, _axb_newton),
    Case("barrier", "newton", _sizes(k=(2, 10, 30), n=(10, 300, 2000)), _barrier_newton),
]
