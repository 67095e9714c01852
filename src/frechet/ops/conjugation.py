"""Conjugate, real and imaginary part. Of real values, which are all that this algebra knows, they are x, x and 0;
`api.conjugate` takes them away before a function of complex variables gets here."""

from __future__ import annotations

from frechet.core.lazy import np
from frechet.core.tensor import Tensor
from frechet.ops.op import composed


@composed("conj(x)", sig="*->*", np="conj", value=lambda x: np.conj(x), latex=r"\overline{{x}}",
          transposes="equivariant", source="complex variables: Kreutz-Delgado 2009")  # fmt: skip
def conj(x: Tensor) -> Tensor:
    """Conjugate of every entry; a real one is its own."""
    return x


@composed("real(x)", sig="*->*", np="real", value=lambda x: np.real(x), latex=r"\Re({x})", transposes="equivariant",
          source="complex variables: Kreutz-Delgado 2009")  # fmt: skip
def real(x: Tensor) -> Tensor:
    """Real part of every entry."""
    return x


@composed("imag(x)", sig="*->*", value=lambda x: np.imag(x), latex=r"\Im({x})", transposes="equivariant",
          code={"numpy": "np.imag({x})", "jax": "jnp.imag({x})"},
          source="complex variables: Kreutz-Delgado 2009")  # fmt: skip
def imag(x: Tensor) -> Tensor:
    """Imaginary part of every entry; that of a real one is 0."""
    return 0 * x
