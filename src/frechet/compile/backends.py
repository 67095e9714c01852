"""The helpers of generated code in JAX and PyTorch: the names of `runtime`, without writing in place."""

JAX = '''
def gram(Z, w=None):
    """Z' diag(w) Z."""
    return Z.T @ Z if w is None else Z.T @ (Z * w[:, None])


def dot(x, y):
    """The sum of x*y over all entries of float32 arrays, accumulated in float64."""
    return jnp.vdot(x.astype(jnp.float64), y.astype(jnp.float64))


class Factor:
    """One factorisation for solves, inverse and determinant."""

    def __init__(self, A, symmetric=False):
        self.A = A
        self.LU = jax.scipy.linalg.lu_factor(A)

    def solve(self, B, turned=False):
        """inv(A) B, or inv(A)' B."""
        return jax.scipy.linalg.lu_solve(self.LU, B, trans=int(turned))

    def sandwich(self, X):
        """X' inv(A) X for symmetric A."""
        return X.T @ self.solve(X)

    def sandwich_diagonal(self, X):
        """The diagonal of X' inv(A) X for symmetric A."""
        return (X * self.solve(X)).sum(0)

    def inverse(self):
        """inv(A)."""
        return self.solve(jnp.eye(self.A.shape[0], dtype=self.A.dtype))

    def turn(self, A):
        """The transpose of the inverse A."""
        return A.T

    def logdet(self):
        """log |det(A)|."""
        return jnp.log(jnp.abs(jnp.diagonal(self.LU[0]))).sum()

    def det(self):
        """det(A)."""
        odd = (self.LU[1] != jnp.arange(self.A.shape[0])).sum() % 2
        return (1 - 2 * odd) * jnp.diagonal(self.LU[0]).prod()

    def sign(self):
        """The sign of det(A)."""
        odd = (self.LU[1] != jnp.arange(self.A.shape[0])).sum() % 2
        return (1 - 2 * odd) * jnp.sign(jnp.diagonal(self.LU[0])).prod()


def on_diagonal(d, pattern, shape):
    """Zero but for d on the diagonal that `pattern` describes."""
    axes = [pattern.index(k) for k in range(jnp.ndim(d))]
    order = sorted(range(len(axes)), key=axes.__getitem__)
    full = jnp.transpose(d, order).reshape([shape[k] if k in axes else 1 for k in range(len(shape))])
    for k, p in enumerate(pattern):
        first = pattern.index(p)
        if p is not None and first < k:
            eye = jnp.eye(shape[k], dtype=d.dtype)
            full = full * eye.reshape([shape[j] if j in (first, k) else 1 for j in range(len(shape))])
    return jnp.broadcast_to(full, shape)


def add_diagonal(A, d, pattern):
    """A with d added on the diagonal that `pattern` describes."""
    return A + on_diagonal(d, pattern, A.shape)


def newton_step(H, g, symmetric=True):
    """solve(H, g); not a number where H is singular to working precision."""
    F = Factor(H)
    d = jnp.abs(jnp.diagonal(F.LU[0]))
    fine = d.min() > 4 * len(d) * jnp.finfo(d.dtype).eps * d.max()
    return jnp.where(fine, F.solve(g), jnp.nan)


def quotient(g, d):
    """g / d for the diagonal d of a Hessian, or a number; not a number where it has a zero."""
    d = jnp.asarray(d)
    return jnp.where((d != 0).all(), jnp.asarray(g) / d, jnp.nan)


def newton_steps(H, g):
    """solve(H, g) for every matrix of a stack; not a number where one is singular to working precision."""
    d = jnp.abs(jnp.linalg.eigvalsh(H))
    fine = d.min() > 4 * H.shape[-1] * jnp.finfo(d.dtype).eps * d.max()
    return jnp.where(fine, jnp.linalg.solve(H, g[:, :, None])[:, :, 0], jnp.nan)


def regular(d):
    """The eigenvalues d of a matrix; not a number where it is singular to working precision."""
    size = jnp.abs(d)
    rows, columns = d.shape
    return jnp.where(size.min() > 4 * rows * columns * jnp.finfo(d.dtype).eps * size.max(), d, jnp.nan)


def sylvester_solve(A, B, G):
    """X with A X + X B = G for symmetric A and B."""
    a, P = jnp.linalg.eigh(A)
    b, Q = jnp.linalg.eigh(B)
    return P @ ((P.T @ G @ Q) / regular(a[:, None] + b)) @ Q.T


def shifted_solve(A, B, c, G):
    """X with A X B + c X = G for symmetric A and B."""
    a, P = jnp.linalg.eigh(A)
    b, Q = jnp.linalg.eigh(B)
    return P @ ((P.T @ G @ Q) / regular(a[:, None] * b + c)) @ Q.T


def sure_step(H, g):
    """solve(H, g); not a number where H is singular to working precision by its singular values."""
    s = jnp.linalg.svdvals(H)
    return jnp.where(s[-1] > 4 * len(s) * jnp.finfo(s.dtype).eps * s[0], Factor(H).solve(g), jnp.nan)


def woodbury_solve(d, U, V, g):
    """solve(diag(d) + U V', g) through a small matrix, of the size of the rank; not a number where singular."""
    E = U / d[:, None]
    x = g / d
    small = jnp.eye(U.shape[1], dtype=d.dtype) + V.T @ E
    x = x - E @ Factor(small).solve(V.T @ x)
    eps = jnp.finfo(d.dtype).eps
    x = jnp.where(jnp.abs((E * V).sum(1)).max() * 4 * len(d) * eps < 1, x, jnp.nan)
    off = jnp.abs(d * x + U @ (V.T @ x) - g).max()
    least = jnp.linalg.svdvals(small)[-1]
    doubtful = least <= 4 * len(d) * eps * (1 + (jnp.abs(V).T @ jnp.abs(E)).max())
    good = ~((off > 1e-9 * (eps / 2.2e-16) ** 0.5 * jnp.abs(g).max()) | doubtful)
    return jax.lax.cond(good, lambda: x, lambda: sure_step(jnp.diag(d) + U @ V.T, g))
'''

TORCH = (
    JAX.replace("jnp.ndim(d)", "d.ndim")
    .replace(
        "return jnp.vdot(x.astype(jnp.float64), y.astype(jnp.float64))",
        "return x.reshape(-1).double() @ y.reshape(-1).double()",
    )
    .replace("jnp.transpose(d, order)", "d.permute(order)")
    .replace("jnp.diagonal(self.LU[0])", "self.LU[0].diagonal()")
    .replace(
        "jnp.eye(self.A.shape[0], dtype=self.A.dtype)",
        "torch.eye(len(self.A), dtype=self.A.dtype, device=self.A.device)",
    )
    .replace("jnp.eye(shape[k], dtype=d.dtype)", "torch.eye(shape[k], dtype=d.dtype, device=d.device)")
    .replace(
        "(self.LU[1] != jnp.arange(self.A.shape[0]))",
        "(self.LU[1] != torch.arange(1, len(self.A) + 1, device=self.A.device))",
    )
    .replace("self.LU = jax.scipy.linalg.lu_factor(A)", "self.LU = torch.linalg.lu_factor_ex(A)[:2]")
    .replace(
        "return jax.scipy.linalg.lu_solve(self.LU, B, trans=int(turned))",
        "matrix = B if B.ndim == 2 else B[:, None]\n"
        "        X = torch.linalg.solve(self.A.T, matrix) if turned else torch.linalg.lu_solve(*self.LU, matrix)\n"
        "        return X.reshape(B.shape)",
    )
    .replace("jnp.eye(U.shape[1], dtype=d.dtype)", "torch.eye(U.shape[1], dtype=d.dtype, device=d.device)")
    .replace(
        "return jax.lax.cond(good, lambda: x, lambda: sure_step(jnp.diag(d) + U @ V.T, g))",
        "return x if good else sure_step(torch.diag(d) + U @ V.T, g)",
    )
    .replace("jnp.", "torch.")
)
