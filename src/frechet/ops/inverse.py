"""Inverse, determinant and what is built from them.

The laws use the parts of a square product: inv(A*B) = inv(B)*inv(A), det(A*B) = det(A)*det(B),
logdet(A*B) = logdet(A) + logdet(B) hold whenever A and B are square themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from frechet.core.build import apply_map
from frechet.core.ein import ein, elementwise_power, permute, transpose
from frechet.core.facts import has_fact
from frechet.core.lazy import np
from frechet.core.node import Call, Ein, Node, Number
from frechet.core.numbers import rational_power
from frechet.core.tensor import Tensor, contract, scalar
from frechet.ops.op import REGISTRY, composed, law, op
from frechet.ops.reductions import total


@dataclass(frozen=True, slots=True)
class Parts:
    """A square product: a number, scalar factors, and square matrices from left to right; a vector among them
    stands for its diagonal matrix."""

    coef: Number
    scalars: tuple[tuple[Node, Number], ...]
    chain: tuple[Node, ...]


def square_parts(X: Tensor) -> Parts | None:
    """The parts of X, or None if it is not a product of square matrices (or a single one)."""
    node = X.node
    if not isinstance(node, Ein) or node.order != 2 or len(set(node.index_dims)) != 1:
        return None
    scalars = tuple((n, e) for n, idx, e in node.factors if not idx)
    vectors: dict[int, list[Node]] = {}
    edges: dict[int, list[tuple[Node, int, int]]] = {}
    for n, idx, e in node.factors:
        if len(idx) == 1:
            vectors.setdefault(idx[0], []).append(elementwise_power(n, e))
        elif len(idx) == 2 and e == 1 and idx[0] != idx[1]:
            edge = (n, idx[0], idx[1])
            edges.setdefault(idx[0], []).append(edge)
            edges.setdefault(idx[1], []).append(edge)
        elif len(idx) > 1:
            return None
    if any(len(e) > 2 for e in edges.values()):
        return None
    chain: list[Node] = []
    walked: list[tuple[Node, int, int]] = []
    here = node.out[0]
    while True:
        chain += vectors.pop(here, [])
        step = next((e for e in edges.get(here, []) if not any(e is w for w in walked)), None)
        if step is None:
            break
        walked.append(step)
        n, a, b = step
        chain.append(n if here == a else transpose(n))
        here = b if here == a else a
    matrices = sum(len(idx) == 2 for _, idx, _ in node.factors)
    single = node.coef == 1 and not scalars and len(chain) == 1 and chain[0].order == 2
    if here != node.out[1] or vectors or len(walked) != matrices or single:
        return None
    return Parts(node.coef, scalars, tuple(chain))


def _kron_parts(X: Tensor) -> tuple[Tensor, Tensor] | None:
    """A and B of X = kron(A, B)."""
    node = X.node
    if not isinstance(node, Ein) or node.order != 4 or [len(g) for g in X.groups] != [2, 2]:
        return None
    i, k, j, m = node.out
    if len({i, k}) < 2 or len({j, m}) < 2:
        return None
    group = {x: x for x in range(len(node.index_dims))}

    def root(x: int) -> int:
        while group[x] != x:
            x = group[x]
        return x

    for _, idx, _ in node.factors:
        for x in idx[1:]:
            group[root(x)] = root(idx[0])
    if {root(i), root(j)} & {root(k), root(m)}:
        return None
    first = [f for f in node.factors if f[1] and root(f[1][0]) in (root(i), root(j))]
    second = [f for f in node.factors if f not in first]
    dims = dict(enumerate(node.index_dims))
    within = {x: dims[x] for f in second for x in f[1]} | {x: dims[x] for x in (k, m)}
    A = ein(1, first, (i, j), {x: d for x, d in dims.items() if x not in within})
    B = ein(node.coef, second, (k, m), within)
    return Tensor(A, ((dims[i],), (dims[j],))), Tensor(B, ((dims[k],), (dims[m],)))


def _square(node: Node) -> Tensor:
    """A part of a chain as a square matrix."""
    if node.order == 1:
        return contract("i->ii", Tensor(node, (node.dims,)))
    return Tensor(node, (node.dims[:1], node.dims[1:]))


@op("inv(X)", sig="(n,n)->(n,n)", symmetric=True, transposes="equivariant", value=lambda X: np.linalg.inv(X),
    latex=r"{X}^{-1}",
    domain="det(X) != 0", sample="invertible", source="Magnus and Neudecker 1999, ch. 8",
    code={"numpy": "np.linalg.inv({X})", "jax": "jnp.linalg.inv({X})", "torch": "torch.linalg.inv({X})"},
    example=("a'*inv(X)*b", "X", "-inv(X)'*a*b'*inv(X)'"))  # fmt: skip
def inv(X: Tensor, dX: Tensor) -> Tensor:
    """Inverse: d inv(X) = -inv(X)*dX*inv(X)."""
    return -contract("ij,jk,kl->il", inv(X), dX, inv(X))


@law("inv")
def inv_of_scalar(X: Tensor) -> Tensor | None:
    """inv(s) = 1/s."""
    return X**-1 if X.node.order == 0 else None


@law("inv")
def inv_of_inv(X: Tensor) -> Tensor | None:
    """inv(inv(X)) = X."""
    n = X.node
    return X.like(n.children[0]) if isinstance(n, Call) and n.operation.name == "inv" else None


@law("inv")
def inv_of_orthogonal(X: Tensor) -> Tensor | None:
    """inv(Q) = Q' for orthogonal Q."""
    return X.T if has_fact(X.node, "orthogonal") else None


@law("inv")
def inv_of_product(X: Tensor) -> Tensor | None:
    """inv(c*A*B) = inv(B)*inv(A)/c for square A and B; inv(diag(x)) = diag(1./x)."""
    parts = square_parts(X)
    if parts is None:
        return None
    result = contract("->ii", sizes={"i": X.groups[0]}) * rational_power(parts.coef, -1)[0]
    for node, e in parts.scalars:
        result = result * Tensor(elementwise_power(node, -e), ())
    for node in parts.chain:
        turned = _square(elementwise_power(node, -1)) if node.order == 1 else inv(_square(node))
        result = contract("ij,jk->ik", turned, result)
    return result


@law("inv")
def inv_of_kron(X: Tensor) -> Tensor | None:
    """inv(kron(A, B)) = kron(inv(A), inv(B))."""
    parts = _kron_parts(X)
    if parts is None:
        return None
    t = contract("ij,kl->ikjl", inv(parts[0]), inv(parts[1]))
    return X.like(t.node)


@law("inv")
def inv_orientation(X: Tensor) -> Tensor | None:
    """inv(X') = inv(X)': one orientation for both."""
    flipped = _flip(X)
    return None if flipped is None else contract("ij->ji", inv(flipped))


def _flip(X: Tensor) -> Tensor | None:
    """X' if that is the orientation to keep."""
    half = len(X.groups[0])
    axes = (*range(half, 2 * half), *range(half))
    other = permute(X.node, axes)
    return X.like(other) if other.digest < X.node.digest else None


@op("det(X)", sig="(n,n)->()", transposes="invariant", value=lambda X: np.linalg.det(X), latex=r"\det({X})",
    domain="det(X) != 0",
    sample="invertible", source="Jacobi's formula",
    code={"numpy": "np.linalg.det({X})", "jax": "jnp.linalg.det({X})", "torch": "torch.linalg.det({X})"},
    example=("det(X)", "X", "det(X)*inv(X)'"))  # fmt: skip
def det(X: Tensor, dX: Tensor) -> Tensor:
    """Determinant: d det(X) = det(X)*tr(inv(X)*dX)."""
    return det(X) * contract("ij,ji->", inv(X), dX)


@law("det")
def det_of_product(X: Tensor) -> Tensor | None:
    """det(A*B) = det(A)*det(B) for square A and B; det(eye) = 1."""
    if X.node.order == 0:
        return X
    parts = square_parts(X)
    if parts is None or parts.coef != 1 or parts.scalars or any(n.order == 1 for n in parts.chain):
        return None
    result = scalar(1)
    for node in parts.chain:
        result = result * det(_square(node))
    return result


@law("det")
def det_of_inv(X: Tensor) -> Tensor | None:
    """det(inv(X)) = 1/det(X)."""
    n = X.node
    return det(X.like(n.children[0])) ** -1 if isinstance(n, Call) and n.operation.name == "inv" else None


@law("det")
def det_orientation(X: Tensor) -> Tensor | None:
    """det(X') = det(X)."""
    flipped = _flip(X)
    return None if flipped is None else det(flipped)


@op("logdet(X)", sig="(n,n)->()", transposes="invariant", value=lambda X: np.linalg.slogdet(X)[1],
    latex=r"\log\lvert\det {X}\rvert",
    domain="det(X) != 0", sample="spd", source="Matrix Cookbook eq. 57",
    code={"numpy": "np.linalg.slogdet({X})[1]", "jax": "jnp.linalg.slogdet({X})[1]",
          "torch": "torch.linalg.slogdet({X})[1]"}, example=("logdet(X)", "X", "inv(X)'"))  # fmt: skip
def logdet(X: Tensor, dX: Tensor) -> Tensor:
    """Logarithm of |det X|: d logdet(X) = tr(inv(X)*dX)."""
    return contract("ij,ji->", inv(X), dX)


@law("logdet")
def logdet_of_product(X: Tensor) -> Tensor | None:
    """logdet(A*B) = logdet(A) + logdet(B) for square A and B; logdet(diag(x)) = sum(log(abs(x)))."""
    if X.node.order == 0:
        return _log_abs(X)
    parts = square_parts(X)
    if parts is None or parts.coef != 1 or parts.scalars:
        return None
    result = scalar(0)
    for node in parts.chain:
        part = total(_log_abs(Tensor(node, (node.dims,)))) if node.order == 1 else logdet(_square(node))
        result = result + part
    return result


def _log_abs(x: Tensor) -> Tensor:
    return x.like(apply_map(REGISTRY["log"], [apply_map(REGISTRY["abs"], [x.node])]))


@law("logdet")
def logdet_of_kron(X: Tensor) -> Tensor | None:
    """logdet(kron(A, B)) = q*logdet(A) + p*logdet(B) for A of size p and B of size q."""
    parts = _kron_parts(X)
    if parts is None:
        return None
    A, B = parts
    return _row_count(B) * logdet(A) + _row_count(A) * logdet(B)


def _row_count(X: Tensor) -> Tensor:
    """The number of rows as a scalar."""
    return contract("ii->", contract("->ii", sizes={"i": X.groups[0]}))


@law("logdet")
def logdet_of_inv(X: Tensor) -> Tensor | None:
    """logdet(inv(X)) = -logdet(X)."""
    n = X.node
    return -logdet(X.like(n.children[0])) if isinstance(n, Call) and n.operation.name == "inv" else None


@law("logdet")
def logdet_orientation(X: Tensor) -> Tensor | None:
    """logdet(X') = logdet(X)."""
    flipped = _flip(X)
    return None if flipped is None else logdet(flipped)


@composed("solve(A, b)", sig="(n,n),(n,k)->(n,k)", value=lambda A, b: np.linalg.solve(A, b), latex=r"{A}^{-1} {b}",
          domain="det(A) != 0", sample="invertible",
          code={"numpy": "np.linalg.solve({A}, {b})", "jax": "jnp.linalg.solve({A}, {b})",
                "torch": "torch.linalg.solve({A}, {b})"},
          example=("c'*solve(A, b)", "b", "solve(A', c)"))  # fmt: skip
def solve(A: Tensor, b: Tensor) -> Tensor:
    """inv(A)*b."""
    return contract("ij,jk->ik", inv(A), b)
