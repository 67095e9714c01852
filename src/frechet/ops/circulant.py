"""Circulant and Toeplitz matrices of a vector, circular convolution. Linear, each with its adjoint."""

from __future__ import annotations

from typing import Any

from frechet.core.facts import has_fact
from frechet.core.lazy import np, scipy
from frechet.core.node import Call
from frechet.core.tensor import Tensor, contract
from frechet.ops.op import adjoint, composed, law, op


def _sums(G: Any, symmetric: bool) -> Any:
    """Sums of the entries whose distance from the diagonal is the same: |i - j|, or i - j modulo n."""
    n = len(G)
    distance = np.subtract.outer(np.arange(n), np.arange(n))
    return np.bincount((np.abs(distance) if symmetric else distance % n).ravel(), weights=G.ravel(), minlength=n)


def _both(template: str) -> dict[str, str]:
    """The same code for NumPy and JAX."""
    return {name: f"{short}." + template.replace("{np}", short) for name, short in (("numpy", "np"), ("jax", "jnp"))}


@op("circulant(c)", sig="(n)->(n,n)", linear=0, value=lambda c: scipy.linalg.circulant(c.ravel()),
    latex=r"\operatorname{circ}({c})", source="Davis 1979, Circulant Matrices",
    code={"numpy": "scipy.linalg.circulant({c})"}, example=("a'*circulant(c)*b", "c", "circsum(a*b')"))  # fmt: skip
def circulant(c: Tensor, dc: Tensor) -> Tensor:
    """The matrix with c as first column, each further column turned down by one: entry i, j is c[i - j mod n]."""
    return circulant(dc)


@op("circsum(G)", sig="(n,n)->(n)", linear=0, value=lambda G: _sums(G, False), latex=r"\operatorname{circ}^*({G})",
    source="adjoint of circulant", code=_both("array([{np}.trace({np}.roll({G}, -k, 0)) for k in range(len({G}))])"),
    example=("a'*circsum(G)", "G", "circulant(a)"))  # fmt: skip
def circsum(G: Tensor, dG: Tensor) -> Tensor:
    """Sums along the wrapped diagonals: the vector s with tr(G'*circulant(c)) = s'*c."""
    return circsum(dG)


@adjoint("circulant")
def _circulant_adjoint(place: int, G: Tensor) -> Tensor:
    return circsum(G)


@adjoint("circsum")
def _circsum_adjoint(place: int, c: Tensor) -> Tensor:
    return circulant(c)


@op("toeplitz(c)", sig="(n)->(n,n)", linear=0, value=lambda c: scipy.linalg.toeplitz(c.ravel()),
    latex=r"\operatorname{toep}({c})", source="Gray 2006, Toeplitz and Circulant Matrices",
    code={"numpy": "scipy.linalg.toeplitz({c})", "jax": "jax.scipy.linalg.toeplitz({c})"},
    example=("a'*toeplitz(c)*b", "c", "toepsum(a*b')"))  # fmt: skip
def toeplitz(c: Tensor, dc: Tensor) -> Tensor:
    """The symmetric Toeplitz matrix with c as first column: entry i, j is c[abs(i - j)]."""
    return toeplitz(dc)


@op("toepsum(G)", sig="(n,n)->(n)", linear=0, value=lambda G: _sums(G, True), latex=r"\operatorname{toep}^*({G})",
    source="adjoint of toeplitz",
    code=_both("array([{np}.trace({G}, k) + ({np}.trace({G}, -k) if k else 0) for k in range(len({G}))])"),
    example=("a'*toepsum(G)", "G", "toeplitz(a)"))  # fmt: skip
def toepsum(G: Tensor, dG: Tensor) -> Tensor:
    """Sums along both diagonals of a distance: the vector s with tr(G'*toeplitz(c)) = s'*c."""
    return toepsum(dG)


@adjoint("toeplitz")
def _toeplitz_adjoint(place: int, G: Tensor) -> Tensor:
    return toepsum(G)


@adjoint("toepsum")
def _toepsum_adjoint(place: int, c: Tensor) -> Tensor:
    return toeplitz(c)


def _along(G: Any, mean: bool) -> Any:
    """Every entry replaced by the sum, or the mean, of the entries on its diagonal."""
    n = len(G)
    place = np.subtract.outer(np.arange(n), np.arange(n)) + n - 1
    sums = np.bincount(place.ravel(), weights=G.ravel(), minlength=2 * n - 1)
    return (sums / np.bincount(place.ravel()) if mean else sums)[place]


_TRACES = "[{np}.trace({G}, -k){over} for k in range(len({G}))], [{np}.trace({G}, k){over} for k in range(len({G}))]"


@op("diagsums(G)", sig="(n,n)->(n,n)", linear=0, value=lambda G: _along(G, False), transposes="equivariant",
    latex=r"\operatorname{diagsums}({G})", source="Gray 2006, Toeplitz and Circulant Matrices",
    code={"numpy": "scipy.linalg.toeplitz(" + _TRACES.replace("{np}", "np").replace("{over}", "") + ")"},
    example=("a'*diagsums(G)*b", "G", "diagsums(a*b')"))  # fmt: skip
def diagsums(G: Tensor, dG: Tensor) -> Tensor:
    """The Toeplitz matrix whose entries are the sums along the diagonals of G."""
    return diagsums(dG)


@adjoint("diagsums")
def _diagsums_adjoint(place: int, G: Tensor) -> Tensor:
    return diagsums(G)


@op("diagmeans(G)", sig="(n,n)->(n,n)", linear=0, value=lambda G: _along(G, True), transposes="equivariant",
    latex=r"\operatorname{diagmeans}({G})", source="Gray 2006, Toeplitz and Circulant Matrices",
    code={"numpy": "scipy.linalg.toeplitz("
                   + _TRACES.replace("{np}", "np").replace("{over}", " / (len({G}) - k)") + ")"},
    example=("a'*diagmeans(G)*b", "G", "diagmeans(a*b')"))  # fmt: skip
def diagmeans(G: Tensor, dG: Tensor) -> Tensor:
    """The nearest Toeplitz matrix: the means along the diagonals of G."""
    return diagmeans(dG)


@adjoint("diagmeans")
def _diagmeans_adjoint(place: int, G: Tensor) -> Tensor:
    return diagmeans(G)


@law("diagmeans")
def diagmeans_of_toeplitz(G: Tensor) -> Tensor | None:
    """diagmeans leaves a Toeplitz matrix as it is."""
    node = G.node
    known = isinstance(node, Call) and node.operation.name in ("toeplitz", "circulant", "diagsums", "diagmeans")
    return G if known or has_fact(node, "toeplitz") else None


@composed("cconv(a, b)", sig="(n),(n)->(n)", value=lambda a, b: scipy.linalg.circulant(a.ravel()) @ b,
          latex=r"{a} \circledast {b}", source="Davis 1979, Circulant Matrices",
          code={"numpy": "scipy.linalg.circulant({a}) @ {b}"},
          example=("c'*cconv(a, b)", "b", "circulant(a)'*c"))  # fmt: skip
def cconv(a: Tensor, b: Tensor) -> Tensor:
    """Circular convolution, circulant(a)*b."""
    return contract("ij,j->i", circulant(a), b)
