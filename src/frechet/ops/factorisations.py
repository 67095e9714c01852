"""Cholesky factor, pseudoinverse, polar factor, adjugate."""

from __future__ import annotations

from typing import Any

from frechet.core.lazy import np
from frechet.core.node import Call
from frechet.core.tensor import Tensor, contract
from frechet.ops.entries import tril
from frechet.ops.inverse import det, inv, logdet
from frechet.ops.matrix_functions import sylvester
from frechet.ops.op import composed, law, op, pair, words


def symmetric_part(S: Tensor) -> Tensor:
    """(S + S')/2."""
    return (S + S.T) / 2


def _chol(S: Any) -> Any:
    return np.linalg.cholesky((S + S.T) / 2)


@op("chol(S)", sig="(n,n)->(n,n)", value=_chol, domain="S is positive definite", sample="spd", facts=["lower"],
    latex=r"\operatorname{chol}({S})", source="Murray 2016, arXiv:1602.07527",
    code={"numpy": "np.linalg.cholesky(({S} + {S}.T) / 2)", "jax": "jnp.linalg.cholesky(({S} + {S}.T) / 2)",
          "torch": "torch.linalg.cholesky(({S} + {S}.T) / 2)"},
    example=("sum(log(diag(chol(S))))", "S", "(inv(S + S') + inv(S + S')')/2"))  # fmt: skip
def chol(S: Tensor, dS: Tensor) -> Tensor:
    """The lower triangular L with L*L' = (S + S')/2 and positive diagonal: dL = L*half(inv(L)*dS*inv(L)'), where
    half takes the lower triangle and half of the diagonal."""
    L = chol(S)
    M = contract("ij,jk,lk->il", inv(L), symmetric_part(dS), inv(L))
    return contract("ij,jk->ik", L, tril(M) - contract("ii->ii", M) / 2)


@law("chol")
def chol_of_either(S: Tensor) -> Tensor | None:
    """chol(S') = chol(S)."""
    flipped = S.T
    return chol(flipped) if flipped.node.digest < S.node.digest else None


@pair("chol")
def _chol_squared(S: Tensor, a: int, b: int) -> Tensor | None:
    """chol(S)*chol(S)' = (S + S')/2."""
    return symmetric_part(S) if (a, b) == (1, 1) else None


@law("logdet")
def logdet_of_chol(X: Tensor) -> Tensor | None:
    """logdet(chol(S)) = logdet((S + S')/2)/2."""
    n = X.node
    if not isinstance(n, Call) or n.operation.name != "chol":
        return None
    return logdet(symmetric_part(X.like(n.children[0]))) / 2


# Singular values below this part of the largest are rounded zeros. The 1e-15 of NumPy takes what rounding leaves of
# eigmax(S)*I - S, which is singular, for one of its values as soon as S was computed from something else.
_ROUNDED = 1e-12


@op("pinv(X)", sig="(m,n)->(n,m)", symmetric=True, transposes="equivariant",
    value=lambda X: np.linalg.pinv(X, rcond=_ROUNDED),
    domain="the rank of X is constant", latex=r"{X}^{+}", source="Golub and Pereyra 1973",
    code={"numpy": "np.linalg.pinv({X}, rcond=1e-12)", "jax": "jnp.linalg.pinv({X}, rtol=1e-12)",
          "torch": "torch.linalg.pinv({X}, rtol=1e-12)"},
    example=("tr(A*pinv(X))", "X", "-pinv(X)'*A'*pinv(X)' + (eye(m) - X*pinv(X))*A*pinv(X)*pinv(X)' "
             "+ pinv(X)'*pinv(X)*A*(eye(n) - pinv(X)*X)"))  # fmt: skip
def pinv(X: Tensor, dX: Tensor) -> Tensor:
    """Pseudoinverse P of X: dP = -P*dX*P + P*P'*dX'*(I - X*P) + (I - P*X)*dX'*P'*P, where the rank does not change."""
    P = pinv(X)
    left = contract("ij,kj,lk->il", P, P, dX)
    right = contract("ji,kj,kl->il", dX, P, P)
    return (
        -contract("ij,jk,kl->il", P, dX, P)
        + left - contract("ij,jk,kl->il", left, X, P)
        + right - contract("ij,jk,kl->il", P, X, right)
    )  # fmt: skip


@law("pinv")
def pinv_of_pinv(X: Tensor) -> Tensor | None:
    """pinv(pinv(X)) = X, pinv(inv(X)) = X."""
    n = X.node
    known = isinstance(n, Call) and n.operation.name in ("pinv", "inv")
    return Tensor(n.children[0], X.groups[::-1]) if known else None


@law("pinv")
def pinv_orientation(X: Tensor) -> Tensor | None:
    """pinv(X') = pinv(X)'."""
    return pinv(X.T).T if X.T.node.digest < X.node.digest else None


# X*P*X = X and P*X*P = P, where X*P and P*X may be transposed. Capitals are transposes.
words("pinv", {"xfx": "x", "FXx": "x", "xXF": "x", "fxf": "f", "fFX": "f", "XFf": "f"})


def _polar(X: Any) -> Any:
    U, _, V = np.linalg.svd(X, full_matrices=False)
    return U @ V


@op("polar(X)", sig="(m,n)->(m,n)", symmetric=False, transposes="equivariant", value=_polar, domain="X has full rank",
    latex=r"\operatorname{polar}({X})", source="Higham 2008, ch. 8",
    code={"numpy": "(lambda U, s, V: U @ V)(*np.linalg.svd({X}, full_matrices=False))",
          "jax": "(lambda U, s, V: U @ V)(*jnp.linalg.svd({X}, full_matrices=False))",
          "torch": "(lambda U, s, V: U @ V)(*torch.linalg.svd({X}, full_matrices=False))"},
    example=("a'*polar(X)*b", "X", "sylvester(polar(X)*X', X'*polar(X), a*b' - polar(X)*b*a'*polar(X))"))  # fmt: skip
def polar(X: Tensor, dX: Tensor) -> Tensor:
    """The polar factor U*V' of X = U*diag(s)*V': the nearest matrix with orthonormal columns (or rows). Its
    differential D solves X*Q'*D + D*Q'*X = dX - Q*dX'*Q."""
    Q = polar(X)
    turned = contract("ij,kj,kl->il", Q, dX, Q)
    return sylvester(contract("ij,kj->ik", X, Q), contract("ji,jk->ik", Q, X), dX - turned)


@law("polar")
def polar_orientation(X: Tensor) -> Tensor | None:
    """polar(X') = polar(X)'."""
    return polar(X.T).T if X.T.node.digest < X.node.digest else None


def _nuclear(X: Any) -> Any:
    return np.sum(np.linalg.svd(X, compute_uv=False))


@op("nuclear(X)", sig="(m,n)->()", transposes="invariant", value=_nuclear, kink="X is rank deficient",
    there="the subdifferential is U*V' + W with U'*W = 0, W*V = 0, specnorm(W) <= 1; the formula gives one of them",
    autodiff=("U*V'", "U*V'"),
    latex=r"\lVert {X} \rVert_*", facts=["nonnegative"], source="Watson 1992",
    code={"numpy": "np.linalg.norm({X}, 'nuc')", "jax": "jnp.linalg.norm({X}, 'nuc')",
          "torch": "torch.linalg.matrix_norm({X}, 'nuc')"},
    example=("nuclear(X)", "X", "polar(X)"))  # fmt: skip
def nuclear(X: Tensor, dX: Tensor) -> Tensor:
    """Sum of the singular values: d nuclear(X) = tr(polar(X)'*dX)."""
    return contract("ij,ij->", polar(X), dX)


@law("nuclear")
def nuclear_orientation(X: Tensor) -> Tensor | None:
    """nuclear(X') = nuclear(X)."""
    return nuclear(X.T) if X.T.node.digest < X.node.digest else None


def _adj(X: Any) -> Any:
    """Through the singular values, so that singular matrices have theirs too."""
    U, s, V = np.linalg.svd(X)
    others = np.array([np.prod(np.delete(s, i)) for i in range(len(s))])
    return np.linalg.det(U) * np.linalg.det(V) * (V.T * others) @ U.T


@composed("adj(X)", sig="(n,n)->(n,n)", value=_adj, latex=r"\operatorname{adj}({X})", domain="det(X) != 0",
          sample="invertible", source="Magnus and Neudecker 1999, ch. 8",
          code={"numpy": "np.linalg.det({X}) * np.linalg.inv({X})", "jax": "jnp.linalg.det({X}) * jnp.linalg.inv({X})",
                "torch": "torch.linalg.det({X}) * torch.linalg.inv({X})"},
          example=("tr(adj(X))", "X", "det(X)*(tr(inv(X))*inv(X)' - (inv(X)^2)')"))  # fmt: skip
def adj(X: Tensor) -> Tensor:
    """Adjugate: adj(X)*X = det(X)*eye(n)."""
    return det(X) * inv(X)
