"""A Newton step as a node: solve(H, g) with what the structure of H makes short."""

from __future__ import annotations

from collections.abc import Mapping

from frechet.compile.structured.operators import parts_of
from frechet.core.ein import ein, is_zero, scale, split_coef
from frechet.core.errors import problem
from frechet.core.node import Node
from frechet.core.numbers import divide
from frechet.core.tensor import Tensor
from frechet.ops.inverse import inv


def without_common(H: Node, g: Node) -> tuple[Node, Node]:
    """Hessian and gradient without the number in front of the Hessian: solve(2*H, 2*g) = solve(H, g)."""
    c, _ = split_coef(H)
    return (H, g) if c in (-1, 0, 1) else (scale(H, divide(1, c)), scale(g, divide(1, c)))


def is_dense(H: Node, g: Node, sizes: Mapping[str, int]) -> bool:
    """Whether the Hessian by a matrix has no structure that makes its inverse short."""
    parts = parts_of(H, g.order, sizes)
    return g.order > 1 and [p.kind for p in parts] not in (["Diagonal"], ["Kronecker"])


def newton_node(H: Node, g: Node, sizes: Mapping[str, int]) -> Node:
    """inv(H) g, axes of H: those of g twice. A diagonal divides, a Kronecker product is solved factor by factor."""
    H, g = without_common(H, g)
    rows = g.order
    whole = tuple(range(rows))
    sides = dict(enumerate((*g.dims, *g.dims)))
    if is_zero(H):
        raise problem("E400", "The Hessian is zero: there is no Newton step.")
    parts = parts_of(H, rows, sizes) if rows else []
    kind = parts[0].kind if len(parts) == 1 else ""
    if kind == "Diagonal" and parts[0].nodes[0] is not None:
        return ein(1, [(g, whole, 1), (parts[0].nodes[0], whole, -1)], whole, dict(enumerate(g.dims)))
    if kind == "Kronecker":
        factors = [(_inverse(n, 1), (k, 2 + k), 1) for k, n in enumerate(parts[0].nodes) if n is not None]
        idx = tuple(k if n is None else 2 + k for k, n in enumerate(parts[0].nodes))
        return ein(1, [*factors, (g, idx, 1)], whole, {i: sides[i] for i in {*whole, *idx}})
    axes = tuple(range(rows, 2 * rows))
    return ein(1, [(_inverse(H, rows), (*whole, *axes), 1), (g, axes, 1)], whole, sides)


def _inverse(H: Node, rows: int) -> Node:
    return inv(Tensor(H, (H.dims[:rows], H.dims[rows:]))).node if rows else ein(1, [(H, (), -1)], (), {})
