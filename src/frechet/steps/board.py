"""The board a derivation is written on: trees that may hold d(...), what they mean, and whether two lines agree.

`d(E)` is a tree of its own kind here: a call named `d`. Its meaning is the differential of E along the direction of
the variable, computed by the calculus; so every line of a derivation has a node, and two lines can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frechet.calculus.forward import forward
from frechet.core.build import add
from frechet.core.dims import Shape
from frechet.core.errors import FrechetError
from frechet.core.node import Node, Number
from frechet.language.declarations import Declarations
from frechet.language.lower import Lowered, lower
from frechet.language.tree import Tree, fold
from frechet.notation.product import UnwritableError
from frechet.notation.writer import Writer, uses_decimals
from frechet.steps.claims import Proof, checked, compare
from frechet.steps.pushforward import written

DIFFERENTIAL = "d"


@dataclass(frozen=True)
class Variable:
    """What is differentiated by: its tree and node, the tree and node of its direction."""

    tree: Tree
    node: Node
    direction: Tree
    direction_node: Node


class Board:
    """Trees on one page; `environment` gives the node of every name that may occur."""

    def __init__(
        self, declarations: Declarations, source: Tree, environment: Mapping[str, Node], lowered: Lowered | None = None
    ) -> None:
        origins: dict[Node, tuple[Number, Tree]] = {} if lowered is None else lowered.origins
        self.declarations = declarations
        self.source = source
        self.writer = Writer(declarations, origins, uses_decimals(source))
        self.page = self.writer.page
        self.environment = dict(environment)
        self.variables: list[Variable] = []
        self._nodes: dict[Tree, Node] = {}
        self._free: dict[Tree, frozenset[str]] = {}

    def differentiate_by(self, name: str, shape: Shape, node: Node, direction: Node) -> None:
        """Say what d(...) is along; the direction becomes a name like any other. Said of several variables, d(...) is
        the total differential."""
        made = getattr(direction, "name", "")
        self.variables.append(
            Variable(self.page.variable(name, shape), node, self.page.variable(made, shape), direction)
        )
        self.environment[made] = direction

    @property
    def by(self) -> Variable:
        """The one variable."""
        (only,) = self.variables
        return only

    @property
    def directions(self) -> list[Tree]:
        return [v.direction for v in self.variables]

    # -- trees -----------------------------------------------------------------------------------------------------

    def names(self, tree: Tree) -> frozenset[str]:
        """The names in a tree."""
        if tree not in self._free:

            def visit(t: Tree, below: object) -> frozenset[str]:
                own = {t.name} if t.kind == "name" else set()
                found = self._free[t] = frozenset(own.union(*(self._free[a] for a in t.args)))
                return found

            fold(tree, visit)
        return self._free[tree]

    def depends(self, tree: Tree) -> bool:
        """Whether a variable occurs."""
        return any(v.tree.name in self.names(tree) for v in self.variables)

    def moves(self, tree: Tree) -> bool:
        """Whether a direction occurs, or a differential still to be found."""
        return bool(self.moving(tree))

    def moving(self, tree: Tree) -> list[Variable]:
        """The variables whose directions occur, all where a differential is still to be found."""
        everything = self.has_differential(tree)
        return [v for v in self.variables if everything or v.direction.name in self.names(tree)]

    def has_differential(self, tree: Tree) -> bool:
        return any(t.kind == "call" and t.name == DIFFERENTIAL for t in self.walk(tree))

    def walk(self, tree: Tree) -> list[Tree]:
        """All distinct subtrees from the root down, left before right; the inside of a d(...) is not entered."""
        out: list[Tree] = []
        seen: set[Tree] = set()
        stack = [tree]
        while stack:
            t = stack.pop()
            if t in seen:
                continue
            seen.add(t)
            out.append(t)
            if not (t.kind == "call" and t.name == DIFFERENTIAL):
                stack.extend(reversed(t.args))
        return out

    def d(self, tree: Tree) -> Tree:
        """d(E); of the variable itself, its direction."""
        for v in self.variables:
            if tree is v.tree:
                return v.direction
        return self.page.make("call", [tree], DIFFERENTIAL, shape=tree.typed)

    def write(self, node: Node, shape: Shape | None = None) -> Tree | None:
        """The node in matrix notation, or None; `shape` says how its axes make sides, if not one axis a side."""
        try:
            return written(self.writer, node, shape)
        except (UnwritableError, FrechetError):
            return None

    def adopt(self, tree: Tree) -> Tree:
        return self.page.adopt(inlined(tree))

    # -- meaning ---------------------------------------------------------------------------------------------------

    def node(self, tree: Tree) -> Node:
        """What a line stands for."""
        if tree in self._nodes:
            return self._nodes[tree]
        environment = dict(self.environment)

        def visit(t: Tree, args: Sequence[Tree]) -> Tree:
            if t.kind == "call" and t.name == DIFFERENTIAL:
                made = f"d({len(environment)})"
                environment[made] = self.differential(t.args[0])
                return self.page.variable(made, t.typed)
            new = list(args)
            return t if all(a is b for a, b in zip(new, t.args, strict=True)) else t.with_(args=tuple(new))

        found = self._nodes[tree] = lower(fold(tree, visit), environment).root
        return found

    def differential(self, tree: Tree) -> Node:
        """The node of d(tree)."""
        node = self.node(tree)
        return add([(1, forward(node, v.node, v.direction_node)) for v in self.variables], node.dims)

    def prove(self, before: Tree, after: Tree) -> Proof:
        """Whether two lines say the same."""
        along = [v.direction_node for v in self.variables]
        return compare(self.node(before), self.node(after), self.source, self.declarations, along)

    def checked(self, before: Tree, after: Tree) -> Proof:
        """The proof that two lines say the same. Raises E600 where they do not."""
        return checked(self.prove(before, after))


def inlined(tree: Tree) -> Tree:
    """A tree with the definitions of its `where` put in their places."""
    if tree.kind != "where":
        return tree
    known: dict[str, Tree] = {}
    for name, definition in zip(tree.value, tree.args[1:], strict=True):
        known[name] = put(definition, known)
    return inlined(put(tree.args[0], known))


def put(tree: Tree, values: Mapping[str, Tree]) -> Tree:
    """The tree with names replaced by trees of the same shape."""

    def visit(t: Tree, args: Sequence[Tree]) -> Tree:
        if t.kind == "name" and t.name in values:
            return values[t.name]
        new = tuple(args)
        return t if all(a is b for a, b in zip(new, t.args, strict=True)) else t.with_(args=new)

    return fold(tree, visit)


__all__ = ["DIFFERENTIAL", "Board", "Variable", "inlined", "put"]
