"""What generated NumPy code calls. Each function is copied into the source that uses it, so that it runs alone.

Only `np` and `linalg` (scipy.linalg) are used besides each other.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
from __future__ import annotations

from frechet.core.lazy import np, scipy

linalg = scipy.linalg


def gram(Z, w=None):
    """Z' diag(w) Z, symmetric: half the work of a product where Z is large and the signs of w agree."""
    if w is None:
        return Z.T @ Z
    if Z.size < 50_000:
        return Z.T @ (Z * w[:, None])
    if w.min() >= 0:
        S = Z * np.sqrt(w)[:, None]
        return S.T @ S
    if w.max() <= 0:
        S = Z * np.sqrt(-w)[:, None]
        return -(S.T @ S)
    return Z.T @ (Z * w[:, None])


def dot(x, y):
    """The sum of x*y over all entries of float32 arrays, accumulated in float64."""
    if x.ndim == 1 and len(x) < 5000:
        return x.astype(np.float64) @ y.astype(np.float64)
    axes = list(range(x.ndim))
    return np.einsum(x, axes, y, axes, [], dtype=np.float64)


def is_symmetric(A, side=128):
    """Whether A is its transpose; large matrices in tiles, whose rows and columns stay in the cache."""
    n = len(A)
    if n <= 4 * side:
        return bool((A == A.T).all())
    tiles = ((slice(i, i + side), slice(j, j + side)) for i in range(0, n, side) for j in range(i, n, side))
    return all((A[i, j] == A[j, i].T).all() for i, j in tiles)


def mirrored(X, side=128):
    """The symmetric matrix of which X has the part below the diagonal, zeros above. A large X is written over."""
    n = len(X)
    if n <= 4 * side:
        X = X + X.T
        X.ravel("K")[:: n + 1] *= 0.5
        return X
    for j in range(0, n, side):
        k = j + side
        X[j:k, j:k] += np.tril(X[j:k, j:k], -1).T
        X[j:k, k:] = X[k:, j:k].T
    return X


class Factor:
    """One factorisation for solves, inverse and determinant: Cholesky where the matrix allows it, else LU."""

    def __init__(self, A, symmetric=False):
        self.lapack, self.letter = linalg.lapack, "s" if A.dtype == np.float32 else "d"
        self.cholesky = symmetric or (A.diagonal().min() > 0 and is_symmetric(A))
        if self.cholesky:
            self.L, info = self.call("potrf", A.T, lower=1)
            self.cholesky = info == 0
        if not self.cholesky:
            self.L, self.pivots, info = self.call("getrf", A)
            self.regular = info == 0

    def checked(self):
        """Itself; refused close to singular, where det(A) times inv(A) has few digits left."""
        if self.spread() < 1e-6:
            raise np.linalg.LinAlgError("Singular matrix")
        return self

    def call(self, name, *args, **options):
        """The routine of LAPACK in this precision."""
        return getattr(self.lapack, self.letter + name)(*args, **options)

    def solve(self, B, turned=False):
        """inv(A) B, or inv(A)' B."""
        if self.cholesky:
            return self.call("potrs", self.L, B, lower=1)[0]
        if not self.regular:
            raise np.linalg.LinAlgError("Singular matrix")
        return self.call("getrs", self.L, self.pivots, B, trans=int(turned))[0]

    def half(self, X):
        """inv(L) X for A = L L'."""
        return self.call("trtrs", self.L, X, lower=1)[0]

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
        if self.cholesky:
            return mirrored(self.call("potri", self.L, lower=1)[0]).T  # the same, and it lies row by row
        if not self.regular:
            raise np.linalg.LinAlgError("Singular matrix")
        return self.call("getri", self.L, self.pivots)[0]

    def turn(self, A):
        """The transpose of the inverse A; for Cholesky it is A."""
        return A if self.cholesky else A.T

    def logdet(self):
        """log |det(A)|."""
        d = self.L.diagonal()
        return 2 * np.log(d).sum() if self.cholesky else np.log(np.abs(d)).sum()

    def det(self):
        """det(A)."""
        if self.cholesky:
            return self.L.diagonal().prod() ** 2
        odd = (self.pivots != np.arange(len(self.pivots))).sum() % 2
        return (-1 if odd else 1) * self.L.diagonal().prod()

    def sign(self):
        """The sign of det(A)."""
        if self.cholesky:
            return 1
        odd = (self.pivots != np.arange(len(self.pivots))).sum() % 2
        return (-1 if odd else 1) * np.sign(self.L.diagonal()).prod()

    def spread(self):
        """How far apart the entries on the diagonal of the factor are: their squares for Cholesky."""
        d = [abs(x) for x in self.L.diagonal().tolist()]
        low, high = min(d), max(d)
        ratio = low / high if high > 0 else 0.0
        return ratio * ratio if self.cholesky else ratio


def softmax(x):
    """exp(x)/sum(exp(x)) of a vector, shifted by its largest entry."""
    e = np.exp(x - x.max())
    e /= e.sum()
    return e


def logsumexp(x):
    """log(sum(exp(x))) of a vector, shifted by its largest entry."""
    top = x.max()
    return np.log(np.exp(x - top).sum()) + top if np.isfinite(top) else top


def each(value, *batches):
    """value of matrices, for every combination of one entry of each batch; vectors are columns."""
    found = [[]]  # type: ignore[var-annotated]
    for batch in batches:
        matrices = np.reshape(batch, (*np.shape(batch), 1, 1)[:3])
        found = [[*f, A] for f in found for A in matrices]
    return np.array([value(*matrices) for matrices in found])


def newton_step(H, g, symmetric=True):
    """solve(H, g); refused where H is singular to working precision."""
    if symmetric and H.dtype == np.float64:
        L, info = linalg.lapack.dpotrf(H.T, lower=1, clean=0)
        d = L.diagonal().tolist()
        if info == 0 and (min(d) / max(d)) ** 2 > 2e-13 * len(d):
            return linalg.lapack.dpotrs(L, g, lower=1)[0]
    F = Factor(H, symmetric)
    small = 4 * len(H) * (1.2e-7 if F.letter == "s" else 2.2e-16)
    spread = F.spread()
    if small < spread <= 250 * small:  # the factors alone do not tell
        values = np.linalg.svd(H, compute_uv=False)
        spread = values[-1] / values[0]
    if spread <= small:
        raise np.linalg.LinAlgError("The Hessian is singular")
    return F.solve(g)


def quotient(g, d):
    """g / d for the diagonal d of a Hessian, or a number; refused where it has a zero."""
    if np.count_nonzero(d) < np.size(d):
        raise np.linalg.LinAlgError("The Hessian is singular")
    return g / d


def real_part(Z):
    """A matrix whose imaginary parts are rounding; NaN where there is no real one, as for the root of -1."""
    return Z.real if np.abs(Z.imag).max() <= 1e-8 * np.abs(Z).max() else np.full(Z.shape, np.nan, dtype=Z.real.dtype)


def ordered(results, places):
    """The results, each at its place."""
    found = dict(zip(places, results, strict=True))
    return tuple(found[k] for k in sorted(found))


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
