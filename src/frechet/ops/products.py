"""Products, transposes and rearrangements of entries: everything linear or bilinear."""

from __future__ import annotations

from frechet.core.dims import Size as Dims
from frechet.core.lazy import np
from frechet.core.tensor import Tensor, contract
from frechet.ops.op import composed


@composed("tr(X)", sig="(n,n)->()", value=lambda X: np.trace(X), latex=r"\operatorname{tr}({X})",
          code={"numpy": "np.trace({X})", "jax": "jnp.trace({X})", "torch": "torch.trace({X})"},
          example=("tr(X)", "X", "eye(n)"))  # fmt: skip
def tr(X: Tensor) -> Tensor:
    """Trace."""
    return contract("ii->", X)


def _diag(X):  # type: ignore[no-untyped-def]
    return np.diagflat(X) if X.shape[1] == 1 else np.diag(X)


@composed("diag(X)", sig="(n)->(n,n); (n,n)->(n)", value=_diag, latex=r"\operatorname{diag}({X})",
          code={"numpy": "np.diag({X})", "jax": "jnp.diag({X})", "torch": "torch.diag({X})"},
          example=("tr(A*diag(x))", "x", "diag(A)"))  # fmt: skip
def diag(X: Tensor) -> Tensor:
    """Diagonal matrix of a vector; diagonal of a matrix."""
    return contract("ii->i", X) if len(X.groups) == 2 else contract("i->ii", X)


@composed("vec(X)", sig="(m,n)->(nm)", value=lambda X: X.reshape(-1, order="F"), latex=r"\operatorname{vec}({X})",
          code={"numpy": "{X}.reshape(-1, order='F')", "jax": "{X}.T.reshape(-1)", "torch": "{X}.T.reshape(-1)"},
          example=("vec(X)'*vec(X)", "X", "2*X"))  # fmt: skip
def vec(X: Tensor) -> Tensor:
    """Columns of X stacked: column-major, so the column axis comes first."""
    t = contract("ij->ji", X)
    return Tensor(t.node, (t.node.dims,))


@composed("mat(x, m, n)", sig="(nm),m,n->(m,n)", value=lambda x, m, n: x.reshape((m, n), order="F"),
          latex=r"\operatorname{mat}({x})",
          code={"numpy": "{x}.reshape(({m}, {n}), order='F')", "jax": "{x}.reshape({n}, {m}).T",
                "torch": "{x}.reshape({n}, {m}).T"})  # fmt: skip
def mat(x: Tensor, m: Dims, n: Dims) -> Tensor:
    """The m x n matrix X with vec(X) = x."""
    return contract("ji->ij", Tensor(x.node, (n, m)))


@composed("kron(A, B)", sig="(m,n),(p,q)->(mp,nq)", value=lambda A, B: np.kron(A, B), latex=r"{A} \otimes {B}",
          code={"numpy": "np.kron({A}, {B})", "jax": "jnp.kron({A}, {B})", "torch": "torch.kron({A}, {B})"},
          example=("tr(kron(A, X))", "X", "tr(A)*eye(m)"))  # fmt: skip
def kron(A: Tensor, B: Tensor) -> Tensor:
    """Kronecker product."""
    t = contract("ij,kl->ikjl", A, B)
    m, n = A.groups
    p, q = B.groups
    return Tensor(t.node, (m + p, n + q))


@composed("outer(x, y)", sig="(m),(n)->(m,n)", value=lambda x, y: np.outer(x, y), latex=r"{x} {y}^\top",
          code={"numpy": "np.outer({x}, {y})", "jax": "jnp.outer({x}, {y})", "torch": "torch.outer({x}, {y})"},
          example=("a'*outer(x, y)*b", "x", "(y'*b)*a"))  # fmt: skip
def outer(x: Tensor, y: Tensor) -> Tensor:
    """x*y'."""
    return contract("i,j->ij", x, y)


@composed("dot(x, y)", sig="(n),(n)->()", value=lambda x, y: np.sum(x * y), latex=r"\langle {x}, {y} \rangle",
          code={"numpy": "{x} @ {y}", "jax": "{x} @ {y}", "torch": "{x} @ {y}"},
          example=("dot(x, a)", "x", "a"))  # fmt: skip
def dot(x: Tensor, y: Tensor) -> Tensor:
    """Inner product of two vectors."""
    return contract("i,i->", x, y)


@composed("hadamard(A, B)", sig="*,*->*", value=lambda A, B: A * B, latex=r"{A} \odot {B}",
          code={"numpy": "{A} * {B}", "jax": "{A} * {B}", "torch": "{A} * {B}"},
          example=("sum(hadamard(x, a))", "x", "a"))  # fmt: skip
def hadamard(A: Tensor, B: Tensor) -> Tensor:
    """Product of entries, A.*B."""
    return A * B
