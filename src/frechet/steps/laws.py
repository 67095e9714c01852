"""The laws of single functions, such as logdet(kron(A, B)) = q*logdet(A) + p*logdet(B), as rules of a derivation.

They stand in the declarations of the operations (`ops`, decorator `law`), each with its formula as docstring; here one
that applies is found by trying them, and gets an id: R-logdet-of-kron.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from frechet.core.node import Call, Ein, Map, Node
from frechet.core.operation import Operation
from frechet.core.tensor import Tensor
from frechet.language.tree import Tree
from frechet.notation.writer import Writer
from frechet.ops import REGISTRY
from frechet.steps.board import Board
from frechet.steps.pushforward import written

Law = Callable[..., Tensor | None]


def law_id(law: Law) -> str:
    return "R-" + law.__name__.strip("_").replace("_", "-")


@cache
def laws() -> dict[str, tuple[Operation, str]]:
    """Every law by id: its operation and its formula."""
    return {law_id(law): (record, law.__doc__ or "") for record in REGISTRY.values() for law in _of(record)}


def _of(record: Operation) -> Iterator[Law]:
    yield from getattr(record.rule, "laws", ())


def applied(board: Board, E: Tree) -> tuple[str, Tree] | None:
    """The first law that changes the function E is, and what E becomes; None where none does."""
    record = REGISTRY.get(E.name) if E.kind == "call" else None
    if record is None or not any(True for _ in _of(record)):
        return None
    args = [Tensor(board.node(a), tuple(side for side in a.typed if side)) for a in E.args]
    linear = getattr(record.rule, "is_linear", lambda place: False)
    args = [Tensor(a.node, ((), *a.groups)) if linear(k) else a for k, a in enumerate(args)]
    for law in _of(record):
        found = law(*args)
        if found is not None and not _same_function(found.node, record):
            return law_id(law), _tree(board, found.node, E)
    return None


def _tree(board: Board, node: Node, E: Tree) -> Tree:
    """The other side of the law. The board's own writer would write it as the user did, by the side it came from.
    Raises UnwritableError."""
    return board.adopt(written(Writer(board.declarations, {}, False), node, E.typed))


def _same_function(node: Node, record: Operation) -> bool:
    """Whether only the orientation or the order of arguments has changed: f(X')' for f(X)."""
    if isinstance(node, Ein) and len(node.factors) == 1:
        node = node.factors[0][0]
    return isinstance(node, (Call, Map)) and node.operation is record
