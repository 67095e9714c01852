"""Matrices that commute because they are functions of one matrix: inv(sqrtm(X)) and expm(X) + X."""

from __future__ import annotations

from frechet.core.ein import split_coef
from frechet.core.node import Add, Call, Ein, Node
from frechet.core.tensor import Tensor, contract
from frechet.ops.inverse import square_parts


def commute(A: Tensor, B: Tensor) -> bool:
    """Whether A*B and B*A are the same product, as far as the canonical form shows; functions of one matrix commute."""
    base = _base(A.node)
    if base is not None and base is _base(B.node):
        return True
    return contract("ij,jk->ik", A, B).node is contract("ij,jk->ik", B, A).node


_FUNCTIONS = frozenset({"inv", "expm", "logm", "sqrtm", "mpower"})


def _base(node: Node) -> Node | None:
    """X of a function of X: inv(sqrtm(X)), the sums and products of such functions; None for the transpose of one."""
    found: dict[Node, Node | None] = {}
    stack = [node]
    while stack:
        n = stack[-1]
        core = split_coef(n)[1]
        parts = _parts(core)
        waiting = [m for m in parts if m not in found] if n not in found else []
        if waiting:
            stack += waiting
            continue
        stack.pop()
        bases = {found[m] for m in parts}
        found[n] = core if not parts and core.order == 2 else bases.pop() if len(bases) == 1 else None
    return found[node]


def _parts(node: Node) -> list[Node]:
    """What a function of a matrix is a function of: the factors of a product, the terms of a sum, an argument."""
    if isinstance(node, Call) and node.operation.name in _FUNCTIONS:
        return [node.children[0]]
    if isinstance(node, Add) and node.order == 2:
        return [n for _, n in node.terms]
    if isinstance(node, Ein) and node.order == 2:
        parts = square_parts(Tensor(node, (node.dims[:1], node.dims[1:])))
        if parts is not None and all(n.order == 2 for n in parts.chain):
            return list(parts.chain)
    return []
