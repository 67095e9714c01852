"""An expert's NumPy and SciPy for the cases of `benchmarks.compile`.

Each function gets the arrays in the order of the declaration (then the direction) and returns what is wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg
from scipy.special import expit


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


def _rayleigh_vg(x: Any, A: Any) -> Any:
    s = x @ x
    b = A @ x
    q = (x @ b) / s
    return q, ((b + x @ A - 2 * q * x) / s,)


def _quad_vg(x: Any, A: Any) -> Any:
    b = A @ x
    return x @ b, (b + x @ A,)


def _logreg_hvp(X: Any, w: Any, y: Any, lam: Any, v: Any) -> Any:
    p = expit(X @ w)
    return X.T @ (p * (1 - p) * (X @ v)) + lam * v


def _ridge_hvp(X: Any, w: Any, y: Any, lam: Any, v: Any) -> Any:
    return 2 * (X.T @ (X @ v)) + 2 * lam * v


def _huber_hvp(X: Any, w: Any, y: Any, v: Any) -> Any:
    r = X @ w - y
    return X.T @ ((1 + r * r) ** -1.5 * (X @ v))


def _poisson_vg(X: Any, w: Any, y: Any) -> Any:
    u = X @ w
    e = np.exp(u)
    return e.sum() - y @ u, (X.T @ (e - y),)


def _poisson_hvp(X: Any, w: Any, y: Any, v: Any) -> Any:
    return X.T @ (np.exp(X @ w) * (X @ v))


def _softmaxreg_hvp(X: Any, W: Any, Y: Any, V: Any) -> Any:
    Z = W.T @ X.T
    E = np.exp(Z - Z.max(0))
    P = E / E.sum(0)
    Q = P * (V.T @ X.T)
    Q -= P * Q.sum(0)
    return (Q @ X).T


def _axb_vg(A: Any, X: Any, B: Any, C: Any) -> Any:
    R = A @ X @ B - C
    return R.ravel() @ R.ravel(), (2 * (A.T @ R @ B.T),)


def _barrier_vg(F: Any, x: Any, b: Any) -> Any:
    r = F @ x - b
    return r @ r / 2 - np.log(x).sum(), (F.T @ r - 1 / x,)


def _rbfridge_vg(X: Any, a: Any, y: Any, g: Any) -> Any:
    s = np.einsum("ij,ij->i", X, X)
    K = X @ X.T
    K *= 2 * g
    K -= g * s
    K -= (g * s)[:, None]
    np.exp(K, out=K)
    r = K @ a - y
    K *= r[:, None] * a + a[:, None] * r
    return r @ r, (-4 * g * (X * K.sum(1)[:, None] - K @ X),)


def _chain_hessian(A: Any, B: Any, C: Any, x: Any) -> Any:
    M = A @ (B @ C)
    return 2 * (M.T @ M)


def _net10_hessian(*arrays: Any) -> Any:
    *weights, x, y = arrays
    layers, jacobians = [], []
    h, J = x, None
    for W in weights:
        J = np.eye(len(W)) if J is None else W @ (J * (1 - h * h)[:, None])
        h = np.tanh(W @ h)
        layers.append(h)
        jacobians.append(J)
    d = 2 * (h - y)
    G: Any = 0
    for k in range(len(weights) - 1, -1, -1):
        h, J = layers[k], jacobians[k]
        slope = 1 - h * h
        curve = -2 * h * slope * d + (2 * slope * slope if k == len(weights) - 1 else 0)
        G = G + J.T @ (J * curve[:, None])
        d = weights[k].T @ (slope * d)
    return G[:, None, :, None] * np.multiply.outer(x, x)[None, :, None, :]


VG = "value_and_gradient"
EXPERTS: dict[tuple[str, str], Callable[..., Any]] = {
    ("quad", VG): _quad_vg, ("quad", "hessian"): lambda x, A: A + A.T,
    ("logreg", VG): _logreg_vg, ("logreg", "hessian"): _logreg_hessian, ("logreg", "hvp"): _logreg_hvp,
    ("logreg", "newton"): _logreg_newton,
    ("matfac", "hessian"): _matfac_hessian, ("matfac", "newton"): _matfac_newton, ("nmf", VG): _nmf_vg,
    ("ridge", VG): _ridge_vg, ("ridge", "hvp"): _ridge_hvp,
    ("ridge", "hessian"): lambda X, w, y, lam: _plus(2 * (X.T @ X), 2 * lam),
    ("ridge", "newton"): lambda X, w, y, lam: _posv(_plus(X.T @ X, lam), X.T @ (X @ w - y) + lam * w),
    ("softmaxreg", VG): _softmaxreg_vg, ("softmaxreg", "hessian"): _softmaxreg_hessian,
    ("softmaxreg", "hvp"): _softmaxreg_hvp,
    ("poisson", VG): _poisson_vg, ("poisson", "hvp"): _poisson_hvp, ("poisson", "newton"): _poisson_newton,
    ("poisson", "hessian"): lambda X, w, y: _weighted(X, np.exp(X @ w)),
    ("huber", VG): _huber_vg, ("huber", "hessian"): _huber_hessian, ("huber", "hvp"): _huber_hvp,
    ("gauss", VG): _gauss_vg, ("gp", VG): _gp_vg, ("dopt", VG): _dopt_vg, ("dopt", "hessian"): _dopt_hessian,
    ("trinv", VG): _trinv_vg, ("mahal", VG): _mahal_vg, ("rbfridge", VG): _rbfridge_vg, ("chain", VG): _chain_vg,
    ("chain", "hessian"): _chain_hessian, ("mlp", VG): _mlp_vg, ("net10", "hessian"): _net10_hessian,
    ("rayleigh", VG): _rayleigh_vg, ("rayleigh", "hessian"): _rayleigh_exact, ("softjac", "jacobian"): _softjac,
    ("axb", VG): _axb_vg, ("axb", "hessian"): _axb_hessian, ("axb", "newton"): _axb_newton,
    ("barrier", VG): _barrier_vg, ("barrier", "newton"): _barrier_newton,
}  # fmt: skip
