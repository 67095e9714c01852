"""Constants: identities, ones, zeros, and constants of the size that fits."""

from __future__ import annotations

from frechet.core.dims import Shape
from frechet.core.dims import Size as Dims
from frechet.core.ein import constant
from frechet.core.lazy import np
from frechet.core.tensor import Tensor, contract
from frechet.ops.op import composed


@composed("eye(n)", sig="n->(n,n)", value=lambda n: np.eye(n), latex=r"I_{{n}}", facts=["symmetric"],
          code={"numpy": "np.eye({n})", "jax": "jnp.eye({n})", "torch": "torch.eye({n})"})  # fmt: skip
def eye(n: Dims) -> Tensor:
    """Identity matrix."""
    return contract("->ii", sizes={"i": n})


@composed("ones(m, n)", sig="m,n->(m,n); m->(m)", value=lambda m, n=1: np.ones((m, n)),
          latex=r"\mathbf{1}_{{m}} ;; \mathbf{1}_{{m} \times {n}}",
          code={"numpy": "np.ones({m})", "jax": "jnp.ones({m})", "torch": "torch.ones({m})"})  # fmt: skip
def ones(m: Dims, n: Dims | None = None) -> Tensor:
    """Vector or matrix of ones."""
    return Tensor(constant(1, m + (n or ())), (m,) if n is None else (m, n))


@composed("zeros(m, n)", sig="m,n->(m,n); m->(m)", value=lambda m, n=1: np.zeros((m, n)),
          latex=r"\mathbf{0}_{{m}} ;; \mathbf{0}_{{m} \times {n}}",
          code={"numpy": "np.zeros({m})", "jax": "jnp.zeros({m})", "torch": "torch.zeros({m})"})  # fmt: skip
def zeros(m: Dims, n: Dims | None = None) -> Tensor:
    """Vector or matrix of zeros."""
    return Tensor(constant(0, m + (n or ())), (m,) if n is None else (m, n))


@composed("vector(c)", sig="()->(n)", kind="constant", value=lambda c: c, latex=r"{c} \mathbf{1}")
def vector(c: Tensor, *, shape: Shape) -> Tensor:
    """The scalar c in every entry of a vector of the fitting length."""
    return contract("->i", sizes={"i": shape.axes}) * c


@composed("matrix(c)", sig="()->(m,n)", kind="constant", value=lambda c: c, latex=r"{c} \mathbf{1}\mathbf{1}^\top")
def matrix(c: Tensor, *, shape: Shape) -> Tensor:
    """The scalar c in every entry of a matrix of the fitting size."""
    return contract("->ij", sizes={"i": shape.rows, "j": shape.cols}) * c


def _commutation(m: int, n: int):  # type: ignore[no-untyped-def]
    """K with K vec(A) = vec(A') for A of m x n: row (i, j) of vec(A') has its one in column (j, i) of vec(A)."""
    return np.eye(m * n).reshape(n, m, m * n).transpose(1, 0, 2).reshape(m * n, m * n)


@composed("commutation(m, n)", sig="m,n->(mn,nm)", value=_commutation, latex=r"K_{{m},{n}}",
          source="Magnus and Neudecker 1979")  # fmt: skip
def commutation(m: Dims, n: Dims) -> Tensor:
    """Commutation matrix: commutation(m, n) vec(A) = vec(A') for A of shape m x n."""
    t = contract("->ijji", sizes={"i": m, "j": n})
    return Tensor(t.node, (m + n, n + m))
