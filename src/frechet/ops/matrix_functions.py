"""Functions of matrices: exponential, logarithm, square root, and their derivatives as operations of their own.

dexpm(X, E) is the derivative of expm at X along E; dexpm(X, E, F) the second one along E and F, and so on. They are
linear in every direction, their adjoint is the same at X', and the derivative of one is the next: so all of them stay
in the language. Where a direction commutes with X they collapse: dexpm(X, E) = E*expm(X).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from frechet.core.build import apply_map
from frechet.core.ein import is_zero, transpose
from frechet.core.lazy import np, scipy
from frechet.core.node import Call, Ein, Node
from frechet.core.tensor import Tensor, contract
from frechet.ops.commuting import commute
from frechet.ops.inverse import det, inv, logdet
from frechet.ops.op import REGISTRY, adjoint, law, merge, op, pair, partial

_HALF = Fraction(1, 2)
_OFF_AXIS = "no eigenvalue of X is <= 0"
_SOURCE = "Higham 2008, Functions of Matrices"
_TOWER = "; ".join("(n,n)" + ",(n,n)" * k + "->(n,n)" for k in range(1, 4))


def mixed(f: Callable[[Any], Any], X: Any, directions: Sequence[Any]) -> Any:
    """The mixed derivative of f at X along directions: the last block of f of a block triangular matrix
    (Higham and Relton 2014, Higher order Frechet derivatives of matrix functions)."""
    n = len(X)
    M = X
    for k, E in enumerate(directions):
        M = np.block([[M, np.kron(np.eye(2**k), E)], [np.zeros_like(M), M]])
    return f(M)[:n, -n:]


def _logm(X: Any) -> Any:
    values = np.linalg.eigvals(X)
    if np.any((np.abs(values.imag) <= 1e-12 * np.abs(values)) & (values.real <= 0)):
        return np.full_like(X, np.nan)
    return np.real(scipy.linalg.logm(X))


def _sqrtm(X: Any) -> Any:
    # That X is singular is for the conditions to say.
    with warnings.catch_warnings(action="ignore", category=scipy.linalg.LinAlgWarning):
        root = scipy.linalg.sqrtm(X)
    return np.where(np.abs(np.imag(root)) > 1e-8 * (1 + np.abs(root)), np.nan, np.real(root))


def unbatched(E: Tensor) -> Tensor | None:
    """A linear argument without its group for a batch; None if it has one."""
    return None if E.groups[0] else Tensor(E.node, E.groups[1:])


def flip(E: Tensor) -> Tensor:
    """The transpose of a linear argument."""
    return contract("bij->bji", E)


def on_diagonal(X: Tensor, name: str) -> Tensor | None:
    """f(diag(x)) = diag(f(x)) for an elementwise f of that name; f itself of a scalar."""
    node = X.node
    if node.order == 0:
        return X.like(apply_map(REGISTRY[name], [node]))
    if not isinstance(node, Ein) or len(node.out) != 2 or len(set(node.out)) != 1 or is_zero(node):
        return None
    entries = contract("ii->i", X)
    return contract("i->ii", entries.like(apply_map(REGISTRY[name], [entries.node])))


def oriented(X: Tensor) -> bool:
    """Whether X and not X' is the orientation to keep."""
    return X.node.order != 2 or transpose(X.node).digest >= X.node.digest


def tower(first: Callable[..., Tensor], X: Tensor, directions: Sequence[Tensor]) -> Tensor | None:
    """Laws of every dexpm and dlogm: one orientation of X, directions in one order."""
    if not oriented(X) and X.groups[0] == X.groups[1]:
        return flip(first(X.T, *[flip(E) for E in directions]))
    if any(E.groups[0] for E in directions):
        return None
    ordered = sorted(directions, key=lambda E: E.node.digest)
    if any(a is not b for a, b in zip(ordered, directions, strict=True)):
        return first(X, *ordered)
    return None


def central(X: Tensor, directions: Sequence[Tensor]) -> int | None:
    """The place of a direction that commutes with X and all other directions."""
    plain = [unbatched(E) for E in directions]
    for k, E in enumerate(plain):
        others = [F for j, F in enumerate(plain) if j != k]
        known = [X, *[F for F in others if F is not None]]
        if E is not None and len(known) == len(plain) and all(commute(E, F) for F in known):
            return k
    return None


@op("expm(X)", sig="(n,n)->(n,n)", symmetric=True, transposes="equivariant", value=lambda X: scipy.linalg.expm(X),
    latex=r"\operatorname{expm}({X})", source=_SOURCE, code={"numpy": "scipy.linalg.expm({X})",
    "jax": "jax.scipy.linalg.expm({X})", "torch": "torch.linalg.matrix_exp({X})"},
    example=("tr(expm(X))", "X", "expm(X)'"))  # fmt: skip
def expm(X: Tensor, dX: Tensor) -> Tensor:
    """Exponential of a matrix, sum of X^k/k!: d expm(X) = dexpm(X, dX)."""
    return dexpm(X, dX)


@op("dexpm(X, E, F, G)", sig=_TOWER, linear=1, symmetric=True, transposes="equivariant", source=_SOURCE,
    value=lambda X, *E: mixed(scipy.linalg.expm, X, E), latex=r"\operatorname{dexpm}({X}, {E})",
    code={"numpy": "scipy.linalg.expm_frechet({X}, {E}, compute_expm=False)",
          "jax": "jax.scipy.linalg.expm_frechet({X}, {E}, compute_expm=False)",
          "torch": "torch.func.jvp(torch.linalg.matrix_exp, ({X},), ({E},))[1]"},
    example=("a'*dexpm(X, E)*b", "E", "dexpm(X', a*b')"))  # fmt: skip
def dexpm(X: Tensor, *directions: Tensor) -> Tensor:
    """Derivative of expm at X along E (and F, and G): linear in each direction."""
    return dexpm(X, *directions)


@adjoint("dexpm")
def _dexpm_adjoint(place: int, X: Tensor, *directions: Tensor) -> Tensor:
    """The same at X', what is pulled back in the last place (the order of directions does not matter)."""
    others = [flip(E) for k, E in enumerate(directions, start=1) if k != place]
    return dexpm(X.T, *others, directions[place - 1])


@law("dexpm")
def dexpm_of_commuting(X: Tensor, *directions: Tensor) -> Tensor | None:
    """dexpm(X, E) = E*expm(X) where E and X commute."""
    k = central(X, directions)
    if k is None:
        return None
    others = [E for j, E in enumerate(directions) if j != k]
    rest = dexpm(X, *others) if others else Tensor(expm(X).node, ((), *X.groups))
    return contract("bij,cjk->bik", directions[k], rest)


@law("dexpm")
def dexpm_order(X: Tensor, *directions: Tensor) -> Tensor | None:
    """dexpm(X', E') = dexpm(X, E)'; dexpm(X, E, F) = dexpm(X, F, E)."""
    return tower(dexpm, X, directions)


@law("expm")
def expm_of_diagonal(X: Tensor) -> Tensor | None:
    """expm(diag(x)) = diag(exp(x)), expm(0) = eye, expm(logm(X)) = X."""
    if is_zero(X.node) and X.node.order:
        return contract("->ii", sizes={"i": X.groups[0]})
    return _undone(X, "logm") or on_diagonal(X, "exp")


@law("expm")
def expm_orientation(X: Tensor) -> Tensor | None:
    """expm(X') = expm(X)'."""
    return None if oriented(X) else expm(X.T).T


def _undone(X: Tensor, name: str) -> Tensor | None:
    """The argument of an operation of that name."""
    n = X.node
    return X.like(n.children[0]) if isinstance(n, Call) and n.operation.name == name else None


@law("inv")
def inv_of_expm(X: Tensor) -> Tensor | None:
    """inv(expm(X)) = expm(-X)."""
    inner = _undone(X, "expm")
    return None if inner is None else expm(-inner)


@law("det")
def det_of_expm(X: Tensor) -> Tensor | None:
    """det(expm(X)) = exp(tr(X))."""
    inner = _undone(X, "expm")
    if inner is None:
        return None
    trace = contract("ii->", inner)
    return trace.like(apply_map(REGISTRY["exp"], [trace.node]))


@law("logdet")
def logdet_of_expm(X: Tensor) -> Tensor | None:
    """logdet(expm(X)) = tr(X)."""
    inner = _undone(X, "expm")
    return None if inner is None else contract("ii->", inner)


@op("logm(X)", sig="(n,n)->(n,n)", symmetric=True, transposes="equivariant", value=_logm, domain=_OFF_AXIS,
    sample="spd", latex=r"\operatorname{logm}({X})", source=_SOURCE, code={"numpy": "np.real(scipy.linalg.logm({X}))"},
    example=("tr(logm(X))", "X", "inv(X)'"))  # fmt: skip
def logm(X: Tensor, dX: Tensor) -> Tensor:
    """Principal logarithm of a matrix: d logm(X) = dlogm(X, dX)."""
    return dlogm(X, dX)


@op("dlogm(X, E, F, G)", sig=_TOWER, linear=1, symmetric=True, transposes="equivariant", domain=_OFF_AXIS, sample="spd",
    value=lambda X, *E: mixed(_logm, X, E), latex=r"\operatorname{dlogm}({X}, {E})", source=_SOURCE,
    code={"numpy": "np.real(scipy.linalg.logm(np.block([[{X}, {E}], [np.zeros_like({X}), {X}]])))"
                   "[:len({X}), len({X}):]"},
    example=("a'*dlogm(X, E)*b", "E", "dlogm(X', a*b')"))  # fmt: skip
def dlogm(X: Tensor, *directions: Tensor) -> Tensor:
    """Derivative of logm at X along E (and F, and G): linear in each direction."""
    return dlogm(X, *directions)


@adjoint("dlogm")
def _dlogm_adjoint(place: int, X: Tensor, *directions: Tensor) -> Tensor:
    """The same at X', what is pulled back in the last place."""
    others = [flip(E) for k, E in enumerate(directions, start=1) if k != place]
    return dlogm(X.T, *others, directions[place - 1])


@law("dlogm")
def dlogm_of_commuting(X: Tensor, *directions: Tensor) -> Tensor | None:
    """dlogm(X, E) = E*inv(X) where E and X commute."""
    if len(directions) > 1 or central(X, directions) is None:
        return None
    return contract("bij,jk->bik", directions[0], inv(X))


@law("dlogm")
def dlogm_order(X: Tensor, *directions: Tensor) -> Tensor | None:
    """dlogm(X', E') = dlogm(X, E)'; dlogm(X, E, F) = dlogm(X, F, E)."""
    return tower(dlogm, X, directions)


@law("logm")
def logm_of_diagonal(X: Tensor) -> Tensor | None:
    """logm(diag(x)) = diag(log(x)) for positive x (the domain says so)."""
    return on_diagonal(X, "log")


@law("logm")
def logm_orientation(X: Tensor) -> Tensor | None:
    """logm(X') = logm(X)'."""
    return None if oriented(X) else logm(X.T).T


@op("sqrtm(X)", sig="(n,n)->(n,n)", symmetric=True, transposes="equivariant", value=_sqrtm, domain=_OFF_AXIS,
    sample="spd", latex=r"{X}^{1/2}", source=_SOURCE,
    code={"numpy": "np.real(scipy.linalg.sqrtm({X}))", "jax": "jnp.real(jax.scipy.linalg.sqrtm({X}))"},
    example=("tr(sqrtm(X))", "X", "inv(sqrtm(X))'/2"))  # fmt: skip
def sqrtm(X: Tensor, dX: Tensor) -> Tensor:
    """Principal square root of a matrix: its differential D solves sqrtm(X)*D + D*sqrtm(X) = dX."""
    root = sqrtm(X)
    return sylvester(root, root, dX)


@law("sqrtm")
def sqrtm_of_diagonal(X: Tensor) -> Tensor | None:
    """sqrtm(diag(x)) = diag(sqrt(x))."""
    if X.node.order == 0:
        return X**_HALF
    entries = on_diagonal(X, "abs")
    return None if entries is None else contract("i->ii", contract("ii->i", X) ** _HALF)


@law("sqrtm")
def sqrtm_orientation(X: Tensor) -> Tensor | None:
    """sqrtm(X') = sqrtm(X)'."""
    return None if oriented(X) else sqrtm(X.T).T


@pair("sqrtm")
def _sqrtm_twice(X: Tensor, a: int, b: int) -> Tensor | None:
    """sqrtm(X)*sqrtm(X) = X."""
    return None if a == b else (X if (a, b) == (1, 0) else X.T)


@pair("inv")
def _inv_twice(X: Tensor, a: int, b: int) -> Tensor | None:
    """inv(Y)*inv(Y) = inv(Y*Y) where that is known."""
    for Y, axes in ((X, (1 - b, 1 - a)), (X.T, (b, a))):
        n = Y.node
        rule = n.operation.rule.known_pair if isinstance(n, Call) and n.order == 2 else None
        known = rule(n, *axes) if rule is not None else None
        if known is not None:
            return inv(known)
    return None


@merge("inv")
def _inverse_of_root(X: Tensor, other: Node, flipped: bool) -> Tensor | None:
    """inv(sqrtm(Y))*Y = sqrtm(Y), inv(Y)*sqrtm(Y) = inv(sqrtm(Y))."""
    root = _inside(X.node, "sqrtm")
    if root is not None and other is (transpose(root) if flipped else root):
        return X
    inside = _inside(other, "sqrtm")
    if inside is not None and (transpose(inside) if flipped else inside) is X.node:
        return inv(sqrtm(X))
    return None


def _inside(node: Node, name: str) -> Node | None:  # X of f(X), of f(Y)' with Y' = X
    for flipped, n in enumerate((node, transpose(node))):
        if isinstance(n, Call) and n.operation.name == name:
            return transpose(n.children[0]) if flipped else n.children[0]
    return None


@law("det")
def det_of_sqrtm(X: Tensor) -> Tensor | None:
    """det(sqrtm(X)) = sqrt(det(X))."""
    inner = _undone(X, "sqrtm")
    return None if inner is None else det(inner) ** _HALF


@law("logdet")
def logdet_of_sqrtm(X: Tensor) -> Tensor | None:
    """logdet(sqrtm(X)) = logdet(X)/2."""
    inner = _undone(X, "sqrtm")
    return None if inner is None else logdet(inner) / 2


def _mirrored(A: Tensor, B: Tensor, C: Tensor) -> bool:
    return transpose(A.node) is B.node and transpose(C.node) is C.node


@op("sylvester(A, B, C)", sig="(m,m),(n,n),(m,n)->(m,n)", linear=2, symmetric=_mirrored,
    value=lambda A, B, C: scipy.linalg.solve_sylvester(A, B, C), domain="A and -B share no eigenvalue", sample="spd",
    latex=r"\operatorname{sylvester}({A}, {B}, {C})", source="Bartels and Stewart 1972",
    code={"numpy": "scipy.linalg.solve_sylvester({A}, {B}, {C})"},
    example=("a'*sylvester(A, B, C)*b", "C", "sylvester(A', B', a*b')"))  # fmt: skip
def sylvester(A: Tensor, B: Tensor, C: Tensor, dA: Tensor) -> Tensor:
    """The X with A*X + X*B = C: d by A is sylvester(A, B, -dA*X)."""
    return -sylvester(A, B, contract("ij,bjk->bik", dA, sylvester(A, B, C)))


@partial("sylvester")
def _sylvester_by_second(A: Tensor, B: Tensor, C: Tensor, dB: Tensor) -> Tensor:
    """d by B is sylvester(A, B, -X*dB)."""
    return -sylvester(A, B, contract("bij,jk->bik", sylvester(A, B, C), dB))


@adjoint("sylvester")
def _sylvester_adjoint(place: int, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
    """sylvester(A', B', G)."""
    return sylvester(A.T, B.T, C)


@law("sylvester")
def sylvester_of_commuting(A: Tensor, B: Tensor, C: Tensor) -> Tensor | None:
    """sylvester(A, A, C) = inv(A)*C/2 where A and C commute."""
    plain = unbatched(C)
    if A.node is not B.node or plain is None or not commute(A, plain):
        return None
    return contract("ij,bjk->bik", inv(A), C) / 2


@law("sylvester")
def sylvester_orientation(A: Tensor, B: Tensor, C: Tensor) -> Tensor | None:
    """sylvester(A, B, C)' = sylvester(B', A', C')."""
    if (transpose_digest(B), transpose_digest(A)) < (A.node.digest, B.node.digest):
        return flip(sylvester(B.T, A.T, flip(C)))
    return None


def transpose_digest(X: Tensor) -> bytes:
    return X.T.node.digest if X.node.order == 2 else X.node.digest
