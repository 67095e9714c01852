"""What generated NumPy code calls for a batch: as `runtime` and `structure`, with the points on the first axis."""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
from __future__ import annotations

from frechet.compile.runtime import newton_step
from frechet.compile.structured.structure import woodbury_solve
from frechet.core.lazy import np


def newton_steps(H, g):
    """solve(H, g) for every point, with one matrix for each or for all, and a vector or a matrix g; refused where one
    is singular to working precision."""
    n = H.shape[-1]
    G = g.reshape(len(g), n, -1)
    if H.ndim == 2:
        X = newton_step(H, G.transpose(1, 0, 2).reshape(n, -1))
        return X.reshape(n, len(g), -1).transpose(1, 0, 2).reshape(g.shape)
    if n <= 32 and H.dtype == np.float64:
        try:
            d = np.linalg.cholesky(H).diagonal(0, 1, 2)
        except np.linalg.LinAlgError:
            d = np.zeros((1, 1))
        if ((d.min(1) / np.maximum(d.max(1), 1e-300)) ** 2).min() > 2e-13 * n:
            return np.linalg.solve(H, G).reshape(g.shape)
    return np.stack([newton_step(A, b) for A, b in zip(H, g, strict=True)])


def woodbury_solves(d, U, V, g):
    """solve(diag(d) + U V', g) for every point; d, U and V may be one for all. Where the short way could lose digits at
    one of them, they are solved one by one."""
    d = np.broadcast_to(d, g.shape)
    U, V = (np.broadcast_to(A, (*g.shape, A.shape[-1])) for A in (U, V))
    T = V.transpose(0, 2, 1)
    E = U / d[:, :, None]
    small = T @ E
    np.einsum("kii->ki", small)[...] += 1
    beside = np.abs(np.einsum("kij,kij->ki", E, V)).max()
    single = g.dtype == np.float32
    if beside * 4 * d.shape[1] * (1.2e-7 if single else 2.2e-16) < 1:
        x = g / d
        try:
            x -= (E @ np.linalg.solve(small, T @ x[:, :, None]))[:, :, 0]
        except np.linalg.LinAlgError:
            x[:] = np.nan
        off = np.abs(d * x + (U @ (T @ x[:, :, None]))[:, :, 0] - g).max(1)
        least = np.linalg.svd(small, compute_uv=False)[:, -1]
        whole = 1 + (np.abs(T) @ np.abs(E)).max((1, 2))
        sure = least > 4 * d.shape[1] * (1.2e-7 if single else 2.2e-16) * whole
        if (sure & (off <= (1e-4 if single else 1e-9) * np.abs(g).max(1))).all():
            return x
    return np.stack([woodbury_solve(*point) for point in zip(d, U, V, g, strict=True)])


def stacks(results):
    """Tuples of arrays as a tuple of stacks."""
    return tuple(np.stack(parts) for parts in zip(*results, strict=True))


def softmaxes(x):
    """exp(x)/sum(exp(x)) of every row, shifted by its largest entry."""
    e = np.exp(x - x.max(1)[:, None])
    e /= e.sum(1)[:, None]
    return e


def logsumexps(x):
    """log(sum(exp(x))) of every row, shifted by its largest entry."""
    top = x.max(1)
    top = np.where(np.isfinite(top), top, 0)
    return np.log(np.exp(x - top[:, None]).sum(1)) + top


def lengths(x):
    """norm2 of every row, scaled by its largest entry."""
    top = np.abs(x).max(1)
    scale = np.where((top > 0) & (top < np.inf), top, 1)
    return scale * np.sqrt(((x / scale[:, None]) ** 2).sum(1))


def inverse_lengths(x):
    """1 / norm2 of every row, and 0 where it is 0."""
    norm = lengths(x)
    return np.where(norm == 0, 0 * norm, 1 / np.where(norm == 0, 1, norm))
