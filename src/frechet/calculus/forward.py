"""Forward mode: the derivative of a node along a direction of one variable (see `tangent`), right where choices by
`==` have their single points, too (see `choices`)."""

from __future__ import annotations

from frechet.calculus.choices import extended, settled
from frechet.calculus.tangent import tangent_of
from frechet.core.node import Node


def forward(root: Node, variable: Node, direction: Node) -> Node:
    """D root [direction] by `variable`: a node of the dims of root, linear in the direction."""
    known = extended(root)
    along = tangent_of(known, variable, direction)
    return along if known is root else settled(along)
