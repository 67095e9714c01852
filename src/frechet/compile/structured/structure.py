"""Linear operators that keep their structure: diagonal, Kronecker, low rank, blocks, swapped axes, and their sums.

They follow scipy.sparse.linalg.LinearOperator (`@`, `.T`, `shape`, `matvec`) and add `solve`, `logdet`, `diag` and
`to_dense`. An operator on matrices acts on their entries in the order of memory (rows first), so that H @ V.ravel()
is the ravelled H[V]. Generated code copies the classes it uses.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
from __future__ import annotations

from frechet.compile.runtime import Factor, newton_step
from frechet.core.lazy import np, scipy

linalg = scipy.linalg
sparse = scipy.sparse


def kron_solve(A, B, G):
    """X with A X B' = G, which is solve(kron(A, B), G) in the order of memory; None stands for the identity."""
    if A is not None:
        G = newton_step(A, G, symmetric=False)
    return G if B is None else newton_step(B, G.T, symmetric=False).T


def woodbury_solve(d, U, V, g):
    """solve(diag(d) + U V', g) through a small matrix, of the size of the rank.

    For a positive d and U = V no more than the trace of the small matrix is lost to cancellation; where that may be
    too much the residual is looked at, and the dense system solved if it is large or the small matrix may be singular.
    Refused where the diagonal is nothing beside the other term to working precision, or the sum is singular.
    """
    E = (U.T / d).T
    small = V.T @ E
    small.ravel("K")[:: len(small) + 1] += 1
    F = Factor(small, symmetric=U is V)
    x = g / d
    x -= E @ F.solve(V.T @ x)
    single = g.dtype == np.float32
    if U is V and F.cholesky and d.min() > 0 and sum(small.diagonal().tolist()) < (1e2 if single else 1e6):
        return x
    beside = np.abs(np.einsum("ij,ij->i", E, V)).max()  # the other term beside the diagonal
    if beside * 4 * len(d) * (1.2e-7 if single else 2.2e-16) >= 1:
        raise np.linalg.LinAlgError("The Hessian is singular")
    off = np.abs(d * x + U @ (V.T @ x) - g).max()
    least = np.linalg.svd(small, compute_uv=False)[-1]  # beside what it was the difference of
    doubtful = least <= 4 * len(d) * (1.2e-7 if single else 2.2e-16) * (1 + (np.abs(V).T @ np.abs(E)).max())
    if off <= (1e-4 if single else 1e-9) * np.abs(g).max() and not doubtful:
        return x
    H = np.diag(d) + U @ V.T  # d is too small beside U V' for the short way, or they cancel
    regular(np.linalg.svd(H, compute_uv=False))
    return Factor(H).solve(g)


def regular(d):
    """The eigenvalues d of a matrix, refused where it is singular to working precision."""
    size = np.abs(d)
    if size.min() <= 4 * d.size * np.finfo(d.dtype).eps * size.max():
        raise np.linalg.LinAlgError("The Hessian is singular")
    return d


def sylvester_solve(A, B, G):
    """X with A X + X B = G for symmetric A and B."""
    a, P = np.linalg.eigh(A)
    b, Q = np.linalg.eigh(B)
    return P @ ((P.T @ G @ Q) / regular(a[:, None] + b)) @ Q.T


def shifted_solve(A, B, c, G):
    """X with A X B + c X = G for symmetric A and B."""
    a, P = np.linalg.eigh(A)
    b, Q = np.linalg.eigh(B)
    return P @ ((P.T @ G @ Q) / regular(a[:, None] * b + c)) @ Q.T


def pencil_solve(A, B, C, D, G):
    """X with A X B + C X D = G for symmetric matrices, None an identity: fast where one of the pairs C, D and A, B is
    positive definite and the residual shows that it is well conditioned, else a dense system."""

    def product(A, X, B):
        Y = X if A is None else A @ X
        return Y if B is None else Y @ B

    eyes = [np.eye(k, dtype=G.dtype) for k in G.shape]
    for first, second in ((A, B), (C, D)), ((C, D), (A, B)):
        try:
            (a, P), (b, Q) = (
                linalg.eigh(eye if X is None else X, Y) for X, Y, eye in zip(first, second, eyes, strict=True)
            )
            d = regular(a[:, None] * b + 1)
        except np.linalg.LinAlgError:
            continue  # not positive definite
        widest = [
            1 if Y is None else np.abs(Y).max() * np.abs(Z).max() ** 2 for Y, Z in zip(second, (P, Q), strict=True)
        ]
        if max(widest) * 1e3 * np.finfo(G.dtype).eps > 1:
            continue  # positive definite by a hair
        X, R = np.zeros_like(G), G
        for _ in range(2):
            X += P @ ((P.T @ R @ Q) / d) @ Q.T
            parts = product(A, X, B), product(C, X, D)
            R = G - sum(parts)
        if np.abs(R).max() <= 1e4 * np.finfo(G.dtype).eps * max(np.abs(Y).max() for Y in (*parts, G)):
            return X
    A, B, C, D = (eyes[k % 2] if X is None else X for k, X in enumerate((A, B, C, D)))
    return newton_step(np.kron(A, B) + np.kron(C, D), G.reshape(-1)).reshape(G.shape)


def normal_solve(A, B, G):
    """X with L'(L(X)) = G for L(X) = A X + X B, by the Schur forms of A and B (Bartels and Stewart 1972)."""
    R, U = linalg.schur(A)
    S, V = linalg.schur(B)
    solve = linalg.lapack.strsyl if G.dtype == np.float32 else linalg.lapack.dtrsyl
    Y, first, close = solve(R, S, U.T @ G @ V, trana="T", tranb="T")
    Z, second, _ = solve(R, S, Y)
    if close:
        raise np.linalg.LinAlgError("The Hessian is singular")
    return U @ (Z / (first * second)) @ V.T


def schur_solve(d, B, C, a, b, at=0):
    """x, y with d*x + B'y = a and B x + C y = b for a diagonal d, x put in at this place of y.

    What is left for y is C - B inv(D) B'; for a positive definite whole that loses nothing. Elsewhere the residual is
    looked at, and the dense system solved if it is large.
    """
    if d.min() > 0:
        E = B / d
        y = newton_step(C - E @ B.T, b - E @ a)
        x = (a - B.T @ y) / d
        scale = max(np.abs(C).max() * np.abs(y).max(), np.abs(b).max())
        if np.abs(B @ x + C @ y - b).max() <= (1e-4 if a.dtype == np.float32 else 1e-10) * scale:
            return np.concatenate((y[:at], x, y[at:]))
    z = newton_step(np.block([[np.diag(d), B.T], [B, C]]), np.concatenate((a, b)))
    x, y = z[: len(d)], z[len(d) :]
    return np.concatenate((y[:at], x, y[at:]))


class Operator(sparse.linalg.LinearOperator):  # type: ignore[misc, name-defined]
    """A symmetric linear operator; subclasses give `_apply` on a matrix of columns, and what they can do better."""

    def __init__(self, n, dtype):
        super().__init__(dtype, (n, n))

    def _matmat(self, X):
        return self._apply(X)

    def _matvec(self, x):
        return self._apply(x.reshape(-1, 1))

    def _adjoint(self):
        return self._turned()

    def _transpose(self):
        return self._turned()

    def to_dense(self):
        """The matrix."""
        return self._apply(np.eye(self.shape[0], dtype=self.dtype))

    def diag(self):
        """The diagonal."""
        return self.to_dense().diagonal()

    def solve(self, b):
        """x with H x = b; b a vector or a matrix of columns, or an array of the shape of the variable."""
        flat = b.reshape(-1) if b.size == self.shape[0] else b
        return newton_step(self.to_dense(), flat).reshape(b.shape)

    def logdet(self):
        """log |det|."""
        return Factor(self.to_dense()).logdet()


class Dense(Operator):
    """A matrix."""

    def __init__(self, H):
        super().__init__(len(H), H.dtype)
        self.matrix = H

    def _apply(self, X):
        return self.matrix @ X

    def _turned(self):
        return Dense(self.matrix.T)

    def to_dense(self):
        return self.matrix


class Diagonal(Operator):
    """diag(d)."""

    def __init__(self, d):
        super().__init__(len(d), d.dtype)
        self.d = d

    def _apply(self, X):
        return self.d[:, None] * X

    def _turned(self):
        return self

    def diag(self):
        return self.d

    def solve(self, b):
        return b / self.d if b.ndim == 1 else b / self.d[:, None]

    def logdet(self):
        return np.log(np.abs(self.d)).sum()


class Kronecker(Operator):
    """kron(A, B), acting on the entries of an m x n array as A X B'; an identity is given by its size."""

    def __init__(self, A, B, dtype=None):
        self.m, self.n = (X if np.ndim(X) == 0 else len(X) for X in (A, B))
        super().__init__(self.m * self.n, dtype or np.result_type(*(X for X in (A, B) if np.ndim(X))))
        self.A, self.B = (None if np.ndim(X) == 0 else X for X in (A, B))

    def _apply(self, X):
        Y = X.reshape(self.m, self.n, -1)
        if self.A is not None:
            Y = np.tensordot(self.A, Y, 1)
        if self.B is not None:
            Y = self.B @ Y
        return Y.reshape(X.shape)

    def _turned(self):
        A, B = (k if X is None else X.T for X, k in ((self.A, self.m), (self.B, self.n)))
        return Kronecker(A, B, self.dtype)

    def _parts(self):
        return (np.eye(k, dtype=self.dtype) if X is None else X for X, k in ((self.A, self.m), (self.B, self.n)))

    def to_dense(self):
        return np.kron(*self._parts())

    def diag(self):
        return np.kron(*(X.diagonal() for X in self._parts()))

    def solve(self, b):
        if b.size == self.m * self.n:
            return kron_solve(self.A, self.B, b.reshape(self.m, self.n)).reshape(b.shape)
        return np.stack([self.solve(c) for c in b.T], axis=1)

    def logdet(self):
        a, b = (0 if X is None else Factor(X).logdet() for X in (self.A, self.B))
        return self.n * a + self.m * b


class LowRank(Operator):
    """U V'."""

    def __init__(self, U, V):
        super().__init__(len(U), U.dtype)
        self.U, self.V = U, V

    def _apply(self, X):
        return self.U @ (self.V.T @ X)

    def _turned(self):
        return LowRank(self.V, self.U)

    def diag(self):
        return (self.U * self.V).sum(axis=1)


class Blocks(Operator):
    """H[(i, k), (i, l)] = B[i, k, l]; with `last`, H[(k, i), (l, i)] = B[i, k, l]."""

    def __init__(self, B, last=False):
        super().__init__(B.shape[0] * B.shape[1], B.dtype)
        self.B, self.last = B, last

    def _each(self, apply, X):
        m, n = self.B.shape[:2]
        if not self.last:
            return apply(self.B, X.reshape(m, n, -1)).reshape(X.shape)
        Y = X.reshape(n, m, -1).transpose(1, 0, 2)
        return apply(self.B, Y).transpose(1, 0, 2).reshape(X.shape)

    def _apply(self, X):
        return self._each(np.matmul, X)

    def _turned(self):
        return Blocks(self.B.transpose(0, 2, 1), self.last)

    def solve(self, b):
        return self._each(np.linalg.solve, b)

    def logdet(self):
        return np.linalg.slogdet(self.B)[1].sum()


class Swapped(Operator):
    """H[(i, k), (j, l)] = A[i, l] B[k, j]: the transpose of an array, then A X B' with A of m x n and B of n x m."""

    def __init__(self, A, B):
        super().__init__(A.shape[0] * B.shape[0], A.dtype)
        self.A, self.B = A, B

    def _apply(self, X):
        m, n = self.A.shape
        Y = X.reshape(m, n, -1).transpose(1, 0, 2)
        return np.matmul(self.B, np.tensordot(self.A, Y, 1)).reshape(X.shape)

    def _turned(self):
        return Swapped(self.B.T, self.A.T)

    def solve(self, b):
        m, n = self.A.shape
        if m != n or b.size != m * n:
            return super().solve(b)
        return kron_solve(self.A, self.B, b.reshape(m, n)).T.reshape(b.shape)


class Sum(Operator):
    """The sum of operators."""

    def __init__(self, *parts):
        super().__init__(parts[0].shape[0], parts[0].dtype)
        self.parts = parts

    def _apply(self, X):
        return sum(p._apply(X) for p in self.parts)

    def _turned(self):
        return Sum(*(p._turned() for p in self.parts))

    def to_dense(self):
        return sum(p.to_dense() for p in self.parts)

    def diag(self):
        return sum(p.diag() for p in self.parts)

    def _update(self):
        """d, U, V of diag(d) + U V', or None."""
        d = [p for p in self.parts if isinstance(p, Diagonal)]
        low = [p for p in self.parts if isinstance(p, LowRank)]
        if len(d) != 1 or len(d) + len(low) != len(self.parts):
            return None
        U, V = (np.concatenate([getattr(p, s) for p in low], axis=1) for s in "UV")
        return d[0].d, U, V

    def _pair(self):
        """The sides of two Kronecker products, both with swapped axes or neither, the second perhaps c*I; or None."""
        if len(self.parts) != 2:
            return None
        first, second = sorted(self.parts, key=lambda p: isinstance(p, Diagonal))
        if not isinstance(first, (Kronecker, Swapped)):
            return None
        sides = [first.A, first.B, getattr(second, "A", None), getattr(second, "B", None)]
        if isinstance(first, Kronecker) and isinstance(second, Diagonal) and (second.d == second.d[0]).all():
            sides[3] = second.d[0] * np.eye(first.n, dtype=self.dtype)
        elif type(first) is not type(second):
            return None
        return sides if all(X is None or (X.shape == X.T.shape and (X == X.T).all()) for X in sides) else None

    def solve(self, b):
        found, pair = self._update(), self._pair()
        if b.size == self.shape[0] and pair:
            p = next(p for p in self.parts if not isinstance(p, Diagonal))
            A, B, C, D = pair
            X = pencil_solve(A, B, C, D, b.reshape((p.m, p.n) if isinstance(p, Kronecker) else p.A.shape))
            return (X.T if isinstance(p, Swapped) else X).reshape(b.shape)
        if found is None or b.ndim > 1:
            return super().solve(b)
        d, U, V = found
        return woodbury_solve(d, U, V, b)

    def logdet(self):
        found = self._update()
        if found is None:
            return super().logdet()
        d, U, V = found
        return np.log(np.abs(d)).sum() + Factor(np.eye(U.shape[1]) + V.T @ (U / d[:, None])).logdet()
