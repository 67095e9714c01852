"""Parts of matrices: triangles. (Entries and slices are syntax, `x[i]`, and read with unit vectors.)"""

from __future__ import annotations

from frechet.core.ein import ein
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.core.node import mask
from frechet.core.tensor import Tensor
from frechet.ops.op import composed


def _triangle(X: Tensor, lower: bool) -> Tensor:
    """Entries of one triangle, diagonal included; the mask of the upper one is the transpose of the lower's."""
    if X.node.order != 2:
        raise problem("E304", "A triangle of a kron, or of a matrix made of vec(X), is not offered.",
                      help="Give a matrix of its own.")  # fmt: skip
    rows, cols = X.node.dims
    factor = (mask(0, rows, cols), (0, 1), 1) if lower else (mask(0, cols, rows), (1, 0), 1)
    return X.like(ein(1, [(X.node, (0, 1), 1), factor], (0, 1), dict(enumerate(X.node.dims))))


@composed("tril(X)", sig="(m,n)->(m,n)", value=lambda X: np.tril(X), latex=r"\operatorname{tril}({X})",
          code={"numpy": "np.tril({X})", "jax": "jnp.tril({X})", "torch": "torch.tril({X})"},
          example=("sum(tril(X).^2)", "X", "2*tril(X)"))  # fmt: skip
def tril(X: Tensor) -> Tensor:
    """Lower triangle, with the diagonal."""
    return _triangle(X, lower=True)


@composed("triu(X)", sig="(m,n)->(m,n)", value=lambda X: np.triu(X), latex=r"\operatorname{triu}({X})",
          code={"numpy": "np.triu({X})", "jax": "jnp.triu({X})", "torch": "torch.triu({X})"},
          example=("sum(triu(X).^2)", "X", "2*triu(X)"))  # fmt: skip
def triu(X: Tensor) -> Tensor:
    """Upper triangle, with the diagonal."""
    return _triangle(X, lower=False)
