"""The nodes of what is asked for: value, gradients, Jacobians, Hessians, products with a direction, Newton systems.

Structural facts of the variables differentiated by are put aside while differentiating (the derivative is over all
entries) and come back in the result, as in `api.derivative`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frechet.calculus.derive import direction_for
from frechet.calculus.forward import forward
from frechet.calculus.reverse import reverse
from frechet.core.build import add, substitute
from frechet.core.dims import Size
from frechet.core.facts import STRUCTURAL
from frechet.core.node import Node
from frechet.language.declarations import Declarations
from frechet.language.lower import lower, variable_node
from frechet.language.tree import Tree

Sides = tuple[Size, ...]
WANTS = ("value", "value_and_gradient", "gradient", "jacobian", "hessian", "hvp", "newton")


@dataclass(frozen=True, slots=True)
class Goal:
    """Nodes by part: the value, one first derivative for each variable, second derivatives by pairs, products; and the
    sides of the value and of each variable, which may hold several axes (kron, vec)."""

    own: Sides
    sides: tuple[Sides, ...]
    value: Node
    first: tuple[Node, ...]
    second: tuple[tuple[Node, ...], ...]
    along: tuple[Node, ...]


def goal(tree: Tree, known: Declarations, wrt: Sequence[str], want: str, directions: Sequence[str]) -> Goal:
    """The nodes that `want` needs; `directions` are the names of the directions of `hvp`."""
    apart = {n: variable_node(n, known, STRUCTURAL if n in wrt else frozenset()) for n in known.variables}
    root = lower(tree, apart).root
    variables = [apart[n] for n in wrt]
    back = {apart[n]: variable_node(n, known) for n in wrt if apart[n] is not variable_node(n, known)}

    def put_back(node: Node) -> Node:
        return substitute(node, back.get) if back else node

    first = [reverse(root, v) for v in variables] if want != "value" else []
    second: list[tuple[Node, ...]] = []
    along: list[Node] = []
    if want in ("hessian", "newton"):
        for g, a in zip(first, variables, strict=True):
            row = []
            for b, n in zip(variables, wrt, strict=True):
                direction = direction_for(b, f"{n} direction")
                row.append(put_back(reverse(forward(g, b, direction), direction)))
            second.append(tuple(row))
            assert a is not None
    if want == "hvp":
        moved = [direction_for(v, n) for v, n in zip(variables, directions, strict=True)]
        for g in first:
            parts = [(1, forward(g, b, d)) for b, d in zip(variables, moved, strict=True)]
            along.append(put_back(add(parts, g.dims)))
    shapes = [tree.typed, *(known.variables[n] for n in wrt)]
    own, *sides = (tuple(side for side in shape if side) for shape in shapes)
    return Goal(own, tuple(sides), put_back(root), tuple(put_back(g) for g in first), tuple(second), tuple(along))
