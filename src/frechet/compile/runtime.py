"""What generated NumPy code calls. Each function is copied into the source that uses it, so that it runs alone.

Only `np` and `linalg` (scipy.linalg) are used besides each other.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
from __future__ import annotations

from frechet.core.lazy import np, scipy

linalg = scipy.linalg


def gram(Z, w=None):
    """Z' diag(w) Z, symmetric: half the work of a product wherever the signs of w agree."""
    if w is None:
        return Z.T @ Z
    if w.min() >= 0:
        S = Z * np.sqrt(w)[:, None]
        return S.T @ S
    if w.max() <= 0:
        S = Z * np.sqrt(-w)[:, None]
        return -(S.T @ S)
    return Z.T @ (Z * w[:, None])


class Factor:
    """One factorisation for solves, inverse and determinant: Cholesky where the matrix allows it, else LU."""

    def __init__(self, A, symmetric=False):
        self.single = A.dtype == np.float32
        self.cholesky = A.diagonal().min() > 0 and (symmetric or (A == A.T).all())
        if self.cholesky:
            potrf = linalg.lapack.spotrf if self.single else linalg.lapack.dpotrf
            self.L, info = potrf(A.T, lower=1, clean=0)
            self.cholesky = info == 0
        if not self.cholesky:
            getrf = linalg.lapack.sgetrf if self.single else linalg.lapack.dgetrf
            self.L, self.pivots, info = getrf(A)

    def solve(self, B, turned=False):
        """inv(A) B, or inv(A)' B."""
        if self.cholesky:
            potrs = linalg.lapack.spotrs if self.single else linalg.lapack.dpotrs
            X, info = potrs(self.L, B, lower=1)
        else:
            getrs = linalg.lapack.sgetrs if self.single else linalg.lapack.dgetrs
            X, info = getrs(self.L, self.pivots, B, trans=int(turned))
        if info != 0 or (not self.cholesky and (self.L.diagonal() == 0).any()):
            raise np.linalg.LinAlgError("Singular matrix")
        return X

    def half(self, X):
        """inv(L) X for A = L L'."""
        trtrs = linalg.lapack.strtrs if self.single else linalg.lapack.dtrtrs
        return trtrs(self.L, X, lower=1)[0]

    def sandwich(self, X):
        """X' inv(A) X for symmetric A."""
        if not self.cholesky:
            return X.T @ self.solve(X)
        Z = self.half(X)
        return Z.T @ Z

    def sandwich_diagonal(self, X):
        """The diagonal of X' inv(A) X for symmetric A."""
        if not self.cholesky:
            return np.einsum("ij,ij->j", X, self.solve(X))
        Z = self.half(X)
        return np.einsum("ij,ij->j", Z, Z)

    def inverse(self):
        """inv(A)."""
        if not self.cholesky and (self.L.diagonal() == 0).any():
            raise np.linalg.LinAlgError("Singular matrix")
        if self.cholesky:
            potri = linalg.lapack.spotri if self.single else linalg.lapack.dpotri
            X = np.tril(potri(self.L, lower=1)[0])
            X = X + X.T
            X.reshape(-1)[:: len(X) + 1] *= 0.5
            return X
        getri = linalg.lapack.sgetri if self.single else linalg.lapack.dgetri
        return getri(self.L, self.pivots)[0]

    def turn(self, A):
        """The transpose of the inverse A; for Cholesky it is A."""
        return A if self.cholesky else A.T

    def logdet(self):
        """log |det(A)|."""
        return (2 if self.cholesky else 1) * np.log(np.abs(self.L.diagonal())).sum()

    def det(self):
        """det(A)."""
        if self.cholesky:
            return self.L.diagonal().prod() ** 2
        odd = (self.pivots != np.arange(len(self.pivots))).sum() % 2
        return (-1 if odd else 1) * self.L.diagonal().prod()


def add_diagonal(A, d, pattern):
    """A with d added where axes of equal number in `pattern` have equal indices (None: d is repeated along it)."""
    names, k = [], len(pattern)
    for p in pattern:
        k += p is None
        names.append("abcdefghijklmnopqrstuvwxyz"[k if p is None else p])
    kept = list(dict.fromkeys(names))
    view = np.einsum("".join(names) + "->" + "".join(kept), A)
    order = [n for n in kept if n in "abcdefghijklmnopqrstuvwxyz"[: np.ndim(d)]]
    d = np.transpose(d, ["abcdefghijklmnopqrstuvwxyz".index(n) for n in order])
    view += d.reshape([d.shape[order.index(n)] if n in order else 1 for n in kept])
    return A


def on_diagonal(d, pattern, shape):
    """Zero but for d on the diagonal that `pattern` describes."""
    return add_diagonal(np.zeros(shape, dtype=d.dtype), d, pattern)


def each(value, *batches):
    """value of matrices, for every combination of one entry of each batch; vectors are columns."""
    found = [[]]  # type: ignore[var-annotated]
    for batch in batches:
        matrices = np.reshape(batch, (*np.shape(batch), 1, 1)[:3])
        found = [[*f, A] for f in found for A in matrices]
    return np.array([value(*matrices) for matrices in found])


def newton_step(H, g):
    """solve(H, g) for a symmetric H; refused where H is singular to working precision."""
    F = Factor(H, symmetric=True)
    d = np.abs(F.L.diagonal())
    if d.min() ** (1 + F.cholesky) <= 4 * len(d) * np.finfo(d.dtype).eps * d.max() ** (1 + F.cholesky):
        raise np.linalg.LinAlgError("The Hessian is singular")
    return F.solve(g)


def split(x, shapes):
    """Consecutive entries of x in these shapes."""
    out, start = [], 0
    for shape in shapes:
        count = 1
        for n in shape:
            count *= n
        out.append(x[start : start + count].reshape(shape))
        start += count
    return tuple(out)
