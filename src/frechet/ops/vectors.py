"""Cross products of vectors of three entries, as bilinear operations with their adjoints."""

from __future__ import annotations

from frechet.core.ein import is_zero
from frechet.core.lazy import np
from frechet.core.node import Call
from frechet.core.tensor import Tensor, contract
from frechet.ops.op import adjoint, law, op


def _crossmat(v):  # type: ignore[no-untyped-def]
    a, b, c = v.ravel()
    return np.array([[0.0, -c, b], [c, 0.0, -a], [-b, a, 0.0]])


@op("cross(u, v)", sig="(3),(3)->(3)", linear=0, value=lambda u, v: np.cross(u.ravel(), v.ravel()),
    latex=r"{u} \times {v}", source="Lagrange's formula for the double product",
    code={"numpy": "np.cross({u}, {v})", "jax": "jnp.cross({u}, {v})", "torch": "torch.linalg.cross({u}, {v})"},
    example=("a'*cross(x, b)", "x", "cross(b, a)"))  # fmt: skip
def cross(u: Tensor, v: Tensor, du: Tensor) -> Tensor:
    """Vector product of three-dimensional vectors."""
    return cross(du, v)


@adjoint("cross")
def _cross_adjoint(place: int, u: Tensor, v: Tensor) -> Tensor:
    """g'*cross(u, v) is cross(v, g)'*u and cross(g, u)'*v."""
    return cross(v, u) if place == 0 else -cross(u, v)


@law("cross")
def cross_with_many(u: Tensor, v: Tensor) -> Tensor | None:
    """cross(u, v) = crossmat(u)*v, for many vectors at once."""
    if v.groups[0]:
        return contract("bij,cj->bci", crossmat(u), v)
    return -contract("cij,bj->bci", crossmat(v), u) if u.groups[0] else None


@law("cross")
def cross_order(u: Tensor, v: Tensor) -> Tensor | None:
    """cross(u, u) = 0, cross(v, u) = -cross(u, v)."""
    if u.node is v.node:
        return 0 * u
    return -cross(v, u) if v.node.digest < u.node.digest else None


@law("cross")
def cross_of_cross(u: Tensor, v: Tensor) -> Tensor | None:
    """cross(u, cross(a, b)) = (u'*b)*a - (u'*a)*b."""
    for outer, inner, sign in ((u, v, 1), (v, u, -1)):
        n = inner.node
        if isinstance(n, Call) and n.operation.name == "cross":
            a, b = (inner.like(child) for child in n.children)
            return sign * (contract("ci,bi,dj->cj", outer, b, a) - contract("ci,bi,dj->cj", outer, a, b))
    return None


@op("crossmat(v)", sig="(3)->(3,3)", linear=0, value=_crossmat, latex=r"[{v}]_\times",
    code={"numpy": "np.cross(np.eye(3), {v})", "jax": "jnp.cross(jnp.eye(3), {v})",
          "torch": "torch.linalg.cross(torch.eye(3, dtype={v}.dtype), {v}[None, :].expand(3, 3))"},
    example=("a'*crossmat(v)*b", "v", "cross(b, a)"))  # fmt: skip
def crossmat(v: Tensor, dv: Tensor) -> Tensor:
    """The skew matrix with crossmat(v)*x = cross(v, x)."""
    return crossmat(dv)


@adjoint("crossmat")
def _crossmat_adjoint(place: int, G: Tensor) -> Tensor:
    return crossaxis(G)


@op("crossaxis(G)", sig="(3,3)->(3)", linear=0, latex=r"\operatorname{axis}({G})",
    value=lambda G: np.array([G[2, 1] - G[1, 2], G[0, 2] - G[2, 0], G[1, 0] - G[0, 1]]),
    code={"numpy": "np.array([{G}[2, 1] - {G}[1, 2], {G}[0, 2] - {G}[2, 0], {G}[1, 0] - {G}[0, 1]])",
          "jax": "jnp.array([{G}[2, 1] - {G}[1, 2], {G}[0, 2] - {G}[2, 0], {G}[1, 0] - {G}[0, 1]])",
          "torch": "torch.stack([{G}[2, 1] - {G}[1, 2], {G}[0, 2] - {G}[2, 0], {G}[1, 0] - {G}[0, 1]])"},
    example=("a'*crossaxis(G)", "G", "crossmat(a)"))  # fmt: skip
def crossaxis(G: Tensor, dG: Tensor) -> Tensor:
    """The vector c with tr(G'*crossmat(v)) = c'*v: it reads the axis of a small rotation off its matrix."""
    return crossaxis(dG)


@adjoint("crossaxis")
def _crossaxis_adjoint(place: int, c: Tensor) -> Tensor:
    return crossmat(c)


@law("crossaxis")
def crossaxis_of_parts(G: Tensor) -> Tensor | None:
    """crossaxis(b*a') = cross(a, b); crossaxis of a symmetric matrix is 0."""
    if G.groups[0]:
        return None
    n = G.node
    plain = Tensor(n, G.groups[1:])
    if is_zero(plain.T.node) or plain.T.node is n:
        return 0 * contract("bij->bi", G)
    if isinstance(n, Call) and n.operation.name == "crossmat":
        return 2 * Tensor(n.children[0], ((), n.dims[:1]))
    return None
