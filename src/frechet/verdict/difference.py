"""What the claim lacks, as a formula: the truth minus the claim, brought together."""

from __future__ import annotations

from frechet.core.build import add
from frechet.core.errors import FrechetError
from frechet.core.node import Node, topological
from frechet.language.declarations import Declarations
from frechet.language.lower import Lowered
from frechet.language.tree import Tree
from frechet.notation.choose import shortest
from frechet.notation.product import UnwritableError
from frechet.notation.writer import Writer, ranks, uses_decimals

MAX_NODES = 300  # beyond it the difference is no shorter than the formulas


def lacking(truth: Node, claim: Lowered, tree: Tree, declarations: Declarations) -> Tree | None:
    """truth - claim as a typed tree, in the words of the claim; None where matrix notation cannot write it."""
    try:
        gap = add([(1, truth), (-1, claim.root)], truth.dims)
        if len(topological([gap])) > MAX_NODES:
            return None
        writer = Writer(declarations, claim.origins, uses_decimals(tree), ranks(tree), None)
        return shortest(writer, gap, writer.tree)
    except (UnwritableError, FrechetError):
        return None
