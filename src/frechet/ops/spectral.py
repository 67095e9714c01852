"""Eigenvalues and eigenvectors of symmetric matrices (of the symmetric part, where the argument is not), singular
values. Eigenvalues rise; each eigenvector has length one and its entry of largest size positive."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from frechet.core.lazy import np
from frechet.core.tensor import Tensor, contract
from frechet.ops.factorisations import pinv, symmetric_part
from frechet.ops.op import composed, law, op, pair

_EIGH = ("(lambda V: V * np.sign(V[np.argmax(np.abs(V), axis=0), np.arange(len(V))]))"
         "(np.linalg.eigh(({S} + {S}.T) / 2)[1])")  # fmt: skip
_TORCH = ("(lambda V: V * torch.sign(V[torch.argmax(torch.abs(V), 0), torch.arange(len(V))]))"
          "(torch.linalg.eigh(({S} + {S}.T) / 2)[1])")  # fmt: skip
# Unit eigenvectors as columns, the largest entry of each positive.
_VECTORS = {"numpy": _EIGH, "jax": _EIGH.replace("np.", "jnp."), "torch": _TORCH}
_TOP = "the largest eigenvalue of S is repeated"
_SOURCE = "Magnus and Neudecker 1999, ch. 8.9"


def _eigh(S: Any) -> tuple[Any, Any]:
    values, V = np.linalg.eigh((S + S.T) / 2)
    signs = np.sign(V[np.argmax(np.abs(V), axis=0), np.arange(len(V))])
    return values, V * signs


def _either(S: Tensor) -> Tensor | None:
    """S' if that is the one to keep: all these functions read the symmetric part alone."""
    flipped = S.T
    return flipped if flipped.node.digest < S.node.digest else None


@op("eigmax(S)", sig="(n,n)->()", transposes="invariant", value=lambda S: _eigh(S)[0][-1], kink=_TOP,
    there="the subdifferential is the hull of v*v' over its unit eigenvectors; the formula gives one of them",
    autodiff=("one of them", "one of them"),
    sample="symmetric", latex=r"\lambda_{\max}({S})", source=_SOURCE,
    code={"numpy": "np.linalg.eigvalsh(({S} + {S}.T) / 2)[-1]", "jax": "jnp.linalg.eigvalsh(({S} + {S}.T) / 2)[-1]",
          "torch": "torch.linalg.eigvalsh(({S} + {S}.T) / 2)[-1]"},
    example=("eigmax(S)", "S", "eigvec(S)*eigvec(S)'"))  # fmt: skip
def eigmax(S: Tensor, dS: Tensor) -> Tensor:
    """Largest eigenvalue of (S + S')/2: d eigmax(S) = v'*dS*v with v = eigvec(S)."""
    v = eigvec(S)
    return contract("i,ij,j->", v, dS, v)


@op("eigvec(S)", sig="(n,n)->(n)", transposes="invariant", value=lambda S: _eigh(S)[1][:, -1], kink=_TOP,
    jumps=True, there="the eigenvector is not unique", autodiff=("NaN", "NaN"),
    sample="symmetric", latex=r"v_{\max}({S})", source=_SOURCE,
    code={lib: f"{text}[:, -1]" for lib, text in _VECTORS.items()},
    example=("a'*eigvec(S)", "S", "(pinv(eigmax(S)*eye(n) - (S + S')/2)*a*eigvec(S)' "
             "+ eigvec(S)*a'*pinv(eigmax(S)*eye(n) - (S + S')/2))/2"))  # fmt: skip
def eigvec(S: Tensor, dS: Tensor) -> Tensor:
    """Unit eigenvector of the largest eigenvalue of (S + S')/2: dv = pinv(eigmax(S)*I - S)*dS*v."""
    eye = contract("->ii", sizes={"i": S.groups[0]})
    reduced = pinv(eigmax(S) * eye - symmetric_part(S))
    return contract("ij,jk,k->i", reduced, symmetric_part(dS), eigvec(S))


@op("eigvals(S)", sig="(n,n)->(n)", transposes="invariant", value=lambda S: _eigh(S)[0],
    kink="an eigenvalue of S is repeated", there="the order of the eigenvalues changes; their sum is smooth",
    sample="symmetric", latex=r"\lambda({S})", source=_SOURCE,
    code={"numpy": "np.linalg.eigvalsh(({S} + {S}.T) / 2)", "jax": "jnp.linalg.eigvalsh(({S} + {S}.T) / 2)",
          "torch": "torch.linalg.eigvalsh(({S} + {S}.T) / 2)"},
    example=("a'*eigvals(S)", "S", "eigvecs(S)*diag(a)*eigvecs(S)'"))  # fmt: skip
def eigvals(S: Tensor, dS: Tensor) -> Tensor:
    """Eigenvalues of (S + S')/2, rising: the change of each is v'*dS*v with its eigenvector."""
    V = eigvecs(S)
    return contract("ji,jk,ki->i", V, symmetric_part(dS), V)


@op("eigvecs(S)", sig="(n,n)->(n,n)", transposes="invariant", value=lambda S: _eigh(S)[1],
    kink="an eigenvalue of S is repeated", jumps=True, there="its eigenvectors are not unique", sample="symmetric",
    latex=r"V({S})", source=_SOURCE,
    code=_VECTORS,
    example=("tr(eigvecs(S))", "S", "(eigvecs(S)*((1./(ones(n)*eigvals(S)' - eigvals(S)*ones(n)' + eye(n)) - eye(n))"
             ".*eigvecs(S)')*eigvecs(S)' + (eigvecs(S)*((1./(ones(n)*eigvals(S)' - eigvals(S)*ones(n)' + eye(n))"
             " - eye(n)).*eigvecs(S)')*eigvecs(S)')')/2"))  # fmt: skip
def eigvecs(S: Tensor, dS: Tensor) -> Tensor:
    """Unit eigenvectors of (S + S')/2 as columns V: dV = V*(F.*(V'*dS*V)), F[i,j] = 1/(l[j] - l[i]), 0 where i = j."""
    V, values = eigvecs(S), eigvals(S)
    n = {"i": S.groups[0]}
    eye = contract("->ii", sizes=n)
    gaps = contract("j->ij", values, sizes=n) - contract("i->ij", values, sizes={"j": S.groups[0]}) + eye
    inner = contract("ji,jk,kl->il", V, symmetric_part(dS), V)
    return contract("ij,jk->ik", V, (gaps**-1 - eye) * inner)


@law("eigmax")
def eigmax_of_either(S: Tensor) -> Tensor | None:
    """eigmax(S') = eigmax(S)."""
    flipped = _either(S)
    return None if flipped is None else eigmax(flipped)


@law("eigvec")
def eigvec_of_either(S: Tensor) -> Tensor | None:
    """eigvec(S') = eigvec(S)."""
    flipped = _either(S)
    return None if flipped is None else eigvec(flipped)


@law("eigvals")
def eigvals_of_either(S: Tensor) -> Tensor | None:
    """eigvals(S') = eigvals(S)."""
    flipped = _either(S)
    return None if flipped is None else eigvals(flipped)


@law("eigvecs")
def eigvecs_of_either(S: Tensor) -> Tensor | None:
    """eigvecs(S') = eigvecs(S)."""
    flipped = _either(S)
    return None if flipped is None else eigvecs(flipped)


@pair("eigvecs")
def _orthogonal(S: Tensor, a: int, b: int) -> Tensor | None:
    """V'*V = V*V' = eye."""
    return contract("->ii", sizes={"i": S.groups[0]}) if a == b else None


@composed("specnorm(X)", sig="(m,n)->()", value=lambda X: np.linalg.norm(X, 2), latex=r"\lVert {X} \rVert_2",
          kink="the largest singular value of X is repeated",
          there="the subdifferential is the hull of u*v' over its singular vectors; the formula gives one of them",
          autodiff=("their mean", "their mean"),
          source="Magnus and Neudecker 1999, ch. 18",
          code={"numpy": "np.linalg.norm({X}, 2)", "jax": "jnp.linalg.norm({X}, 2)",
                "torch": "torch.linalg.matrix_norm({X}, 2)"},
          example=("specnorm(X)", "X", "X*eigvec(X'*X)*eigvec(X'*X)'/specnorm(X)"))  # fmt: skip
def specnorm(X: Tensor) -> Tensor:
    """Largest singular value, the root of eigmax(X'*X)."""
    return eigmax(contract("ji,jk->ik", X, X)) ** Fraction(1, 2)


@composed("singvals(X)", sig="(n,m)->(m)", latex=r"\sigma({X})", kink="a singular value of X is 0 or repeated",
          value=lambda X: np.sqrt(np.maximum(np.linalg.eigvalsh(X.T @ X), 0)), sample="invertible",
          source="Magnus and Neudecker 1999, ch. 18")  # fmt: skip
def singvals(X: Tensor) -> Tensor:
    """Singular values, rising, one for each column (zeros where there are more columns than rows)."""
    return eigvals(contract("ji,jk->ik", X, X)) ** Fraction(1, 2)
