"""Convolution and correlation of two vectors whose lengths are numbers, and the reversed vector.

Both are bilinear and each is the adjoint of the other: <g, conv(a, b)> = <corr(g, b), a>.
"""

from __future__ import annotations

from frechet.core.lazy import np
from frechet.core.tensor import Tensor
from frechet.ops.op import adjoint, law, op

_SOURCE = "Golub and Van Loan 2013, ch. 4.8"


@op("conv(a, b)", sig="(m),(n)->(m+n-1)", linear=0, value=lambda a, b: np.convolve(a.ravel(), b.ravel()),
    latex=r"{a} * {b}", source=_SOURCE,
    code={"numpy": "np.convolve({a}, {b})", "jax": "jnp.convolve({a}, {b})"},
    example=("c'*conv(x + [0; 0; 0], [1; 2])", "x", "corr(c, [1; 2])"))  # fmt: skip
def conv(a: Tensor, b: Tensor, da: Tensor) -> Tensor:
    """The full convolution of a and b, of length m + n - 1: entry i is the sum of a[j]*b[i - j + 1]."""
    return conv(da, b)


@op("corr(g, b)", sig="(n),(m)->(n-m+1)", linear=0, latex=r"{g} \star {b}", source=_SOURCE,
    value=lambda g, b: np.correlate(g.ravel(), b.ravel(), "valid"),
    code={"numpy": 'np.correlate({g}, {b}, "valid")', "jax": 'jnp.correlate({g}, {b}, "valid")'},
    example=("c'*corr(x + [0; 0; 0], [1; 2])", "x", "conv(c, [1; 2])"))  # fmt: skip
def corr(g: Tensor, b: Tensor, dg: Tensor) -> Tensor:
    """Correlation where b lies inside g, of length n - m + 1: entry i is the sum of g[i + j - 1]*b[j]."""
    return corr(dg, b)


@adjoint("conv")
def _conv_adjoint(place: int, a: Tensor, b: Tensor) -> Tensor:
    """corr(g, b) for a, corr(g, a) for b."""
    return corr(a, b) if place == 0 else corr(b, a)


@adjoint("corr")
def _corr_adjoint(place: int, g: Tensor, b: Tensor) -> Tensor:
    """conv(c, b) for g, corr(g, c) for b."""
    return conv(g, b) if place == 0 else corr(g, b)


@law("conv")
def conv_order(a: Tensor, b: Tensor) -> Tensor | None:
    """conv(b, a) = conv(a, b)."""
    plain = not a.groups[0] and not b.groups[0]
    return conv(b, a) if plain and b.node.digest < a.node.digest else None


@op("reverse(x)", sig="(n)->(n)", linear=0, value=lambda x: x.ravel()[::-1], latex=r"\operatorname{rev}({x})",
    code={"numpy": "{x}[::-1]", "jax": "{x}[::-1]", "torch": "{x}.flip(0)"},
    example=("a'*reverse(x)", "x", "reverse(a)"))  # fmt: skip
def reverse(x: Tensor, dx: Tensor) -> Tensor:
    """The entries from the last to the first."""
    return reverse(dx)


@adjoint("reverse")
def _reverse_adjoint(place: int, g: Tensor) -> Tensor:
    return reverse(g)
