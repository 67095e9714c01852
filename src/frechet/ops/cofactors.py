"""Cofactors: the derivative of the determinant at every matrix, singular ones too.

det and adj are polynomials, det(X)*inv(X)' is their derivative only where X is invertible. cofactor(X) = adj(X)' is it
everywhere: <cofactor(X), dX>. Its own derivatives are the mixed derivatives of det, so they are symmetric in all
directions and in what they are paired with; dcofactor(X, E) vanishes where the rank of X is below n - 2.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from frechet.core.build import substitute
from frechet.core.lazy import np
from frechet.core.node import Call, Node
from frechet.core.tensor import Tensor, contract
from frechet.ops.inverse import det
from frechet.ops.matrix_functions import oriented, tower
from frechet.ops.op import adjoint, arguments, law, op

_SOURCE = "Magnus and Neudecker 1999, ch. 8"
_CODE = (
    "(lambda U, s, V: np.linalg.det(U) * np.linalg.det(V) * (U * np.array([np.prod(np.delete(s, i))"
    " for i in range(len(s))])) @ V)(*np.linalg.svd({X}))"
)
_TORCH = (
    "(lambda U, s, V: torch.linalg.det(U) * torch.linalg.det(V) * (U * torch.stack([torch.prod(torch.cat((s[:i], "
    "s[i + 1:]))) for i in range(len(s))])) @ V)(*torch.linalg.svd({X}))"
)


_SECOND = (
    "(lambda U, s, V, k: (lambda F, P: np.linalg.det(U) * np.linalg.det(V) * U @ (np.diag(P @ np.diag(F)) - P * F.T)"
    " @ V)(U.T @ {E} @ V.T, np.array([[(i != j) * np.prod(np.where((k == i) | (k == j), 1.0, s)) for j in k]"
    " for i in k])))(*np.linalg.svd({X}), np.arange(len({X})))"
)


def _cofactor(X: Any) -> Any:
    """Through the singular values, so that singular matrices have theirs too. Complex matrices too."""
    U, s, V = np.linalg.svd(X)
    others = np.array([np.prod(np.delete(s, i)) for i in range(len(s))])
    return np.conj(np.linalg.det(U) * np.linalg.det(V)) ** -1 * (np.conj(U) * others) @ np.conj(V)


def _mixed(X: Any, *directions: Any) -> Any:
    """The mixed derivative of a polynomial of degree n - 1 in each direction, read off its values on circles: the
    coefficient of t1*t2*... by the discrete Fourier transform, exact up to rounding."""
    n = len(X)
    roots = np.exp(2j * np.pi * np.arange(n) / n)
    scale = float(np.max(np.abs(X))) or 1.0
    radii = [scale / max(float(np.max(np.abs(E))), 1e-300) for E in directions]
    total = np.zeros((n, n), dtype=complex)
    for places in product(range(n), repeat=len(directions)):
        at = X + sum(r * roots[k] * E for r, k, E in zip(radii, places, directions, strict=True))
        total += np.conj(np.prod(roots[list(places)])) * _cofactor(at)
    return np.real(total) / (n ** len(directions) * np.prod(radii)) if n > 1 else np.zeros((1, 1))


@op("cofactor(X)", sig="(n,n)->(n,n)", symmetric=True, transposes="equivariant", value=lambda X: np.real(_cofactor(X)),
    latex=r"\operatorname{cof}({X})", source=_SOURCE,
    code={"numpy": _CODE, "jax": _CODE.replace("np.", "jnp."), "torch": _TORCH},
    example=("tr(A*cofactor(X))", "X", "dcofactor(X, A')"))  # fmt: skip
def cofactor(X: Tensor, dX: Tensor) -> Tensor:
    """The matrix of cofactors adj(X)', the gradient of det(X) at every X: d cofactor(X) = dcofactor(X, dX)."""
    return dcofactor(X, dX)


@op("dcofactor(X, E, F, G)", sig="; ".join("(n,n)" + ",(n,n)" * k + "->(n,n)" for k in range(1, 4)), linear=1,
    symmetric=True, transposes="equivariant", value=_mixed, latex=r"\operatorname{dcof}({X}, {E})", source=_SOURCE,
    code={"numpy": _SECOND, "jax": _SECOND.replace("np.", "jnp.")},
    example=("tr(A*dcofactor(X, E))", "E", "dcofactor(X, A')"))  # fmt: skip
def dcofactor(X: Tensor, *directions: Tensor) -> Tensor:
    """Derivative of cofactor at X along E (and F, and G). Where X is invertible, dcofactor(X, E) is
    det(X)*(tr(inv(X)*E)*inv(X)' - inv(X)'*E'*inv(X)')."""
    return dcofactor(X, *directions)


@adjoint("dcofactor")
def _dcofactor_adjoint(place: int, X: Tensor, *directions: Tensor) -> Tensor:
    """Itself: <G, dcofactor(X, E)> is the second derivative of det along G and E."""
    others = [E for k, E in enumerate(directions, start=1) if k != place]
    return dcofactor(X, *others, directions[place - 1])


@law("cofactor")
def cofactor_orientation(X: Tensor) -> Tensor | None:
    """cofactor(X') = cofactor(X)'; cofactor(s) = 1."""
    if X.node.order == 0:
        return 0 * X + 1
    return None if oriented(X) else cofactor(X.T).T


@law("dcofactor")
def dcofactor_order(X: Tensor, *directions: Tensor) -> Tensor | None:
    """dcofactor(X', E') = dcofactor(X, E)'; the order of the directions does not matter."""
    return tower(dcofactor, X, directions)


@op("determinant(X)", sig="(n,n)->()", transposes="invariant", value=lambda X: np.linalg.det(X), latex=r"\det({X})",
    register=False)  # fmt: skip
def _determinant(X: Tensor, dX: Tensor) -> Tensor:
    """Determinant, differentiated by its cofactors. (Not in the language: there it is det.)"""
    return contract("ij,ij->", cofactor(X), dX)


BY_COFACTORS: dict[str, Callable[..., Tensor]] = {"det": lambda X: _determinant(X), "adj": lambda X: cofactor(X).T}
"""Operations that differentiate by cofactors, instead of those of the language."""


def plain(root: Node) -> Node:
    """The node with its determinants as the language has them."""

    def replace(node: Node) -> Node | None:
        return det(*arguments(node)).node if isinstance(node, Call) and _is(node, "determinant") else None

    return substitute(root, replace)


def _is(node: Node, name: str) -> bool:
    return isinstance(node, Call) and node.operation.name == name
