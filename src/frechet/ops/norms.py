"""Norms that are smooth away from zero."""

from __future__ import annotations

from fractions import Fraction

from frechet.core.lazy import np
from frechet.core.tensor import Tensor
from frechet.ops.op import composed
from frechet.ops.reductions import total


@composed("norm2(X)", sig="*->()", value=lambda X: np.sqrt(np.sum(X * X)),
          latex=r"\lVert {X} \rVert_2 ;; \lVert {X} \rVert_F",
          code={"numpy": "np.linalg.norm({X})", "jax": "jnp.linalg.norm({X})", "torch": "torch.linalg.norm({X})"},
          kink="X = 0",
          there="the subdifferential is the unit ball, norm2(V) <= 1; the formula gives 0/0",
          autodiff=("NaN", "0"), example=("norm2(x)", "x", "x/norm2(x)"))  # fmt: skip
def norm2(X: Tensor) -> Tensor:
    """Euclidean norm of a vector, Frobenius norm of a matrix."""
    return total(X**2) ** Fraction(1, 2)
