"""Are two formulas equal: proved, refuted with a point where they differ, no difference found, or undecided.

The order: the same node; a quick look at a few points; a proof that the difference vanishes (`reduce`); then points of
small whole numbers with exact arithmetic, and random points of two sets of sizes and of several scales, doubtful ones
and those of odd scales with many digits. A difference always wins over a proof. Points without a difference are
evidence where they have seen every function at work (`coverage`), and are called so; else nothing is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frechet.core.build import add
from frechet.core.dims import Shape
from frechet.core.ein import permute
from frechet.core.errors import problem
from frechet.core.node import Node, Var, topological
from frechet.equality.example import Counterexample, show
from frechet.equality.reduce import vanishes
from frechet.equality.search import Search
from frechet.language.declarations import Declarations
from frechet.language.lower import lower, variable_node
from frechet.language.tree import Tree


@dataclass(frozen=True, slots=True)
class Decision:
    """status: "proved", "refuted", "evidence" or "undecided". `points` that were compared; `layout`: the two are a
    row and a column (or a matrix and its transpose) of the same entries; `reason` says why nothing was decided;
    `rare`: they differ only at points that had to be hunted for."""

    status: str
    points: int = 0
    counterexample: Counterexample | None = None
    layout: bool = False
    reason: str = ""
    rare: bool = False

    @property
    def equal(self) -> bool:
        return self.status in ("proved", "evidence")


def decide(
    a: Node, b: Node, declarations: Declarations | None = None, trees: Sequence[Tree] = (), *, seed: int = 0,
    prove: bool = True, example: bool = True,
) -> Decision:  # fmt: skip
    """Compare two nodes of the same axes. `trees` say where both are defined and smooth; `declarations` how the
    variables are drawn (by their facts, without). `prove=False` leaves the proof out, `example=False` the search
    for a counterexample that can be read, for quick refutations.

    Raises E300 if the axes differ.
    """
    if a.dims != b.dims:
        raise problem("E300", f"Values with the axes {a.dims} and {b.dims} cannot be equal.")
    if a is b:
        return Decision("proved")
    known = declarations if declarations is not None else declarations_of([a, b])
    search = Search(a, b, known, trees, seed)
    quick = search.quick()
    if quick is not None:
        return Decision("refuted", search.points, (search.readable() if example else None) or quick)
    if prove and vanishes(add([(1, a), (-1, b)], a.dims)):
        return Decision("proved", search.points)
    found = search.readable() or search.thorough()
    rare = None if found is not None else search.elsewhere()
    if found is not None or rare is not None:
        return Decision("refuted", search.points, found or rare, rare=found is None)
    if search.points and not search.doubtful and not search.unseen:
        return Decision("evidence", search.points)
    return Decision("undecided", search.points, reason=search.reason())


def decide_trees(a: Tree, b: Tree, declarations: Declarations, *, seed: int = 0, prove: bool = True) -> Decision:
    """Compare two typed trees over the same declarations. A row and a column of the same entries are equal, with
    `layout` set; so are a matrix and the transpose of the other where they are not equal as they stand.

    Raises E300 if the shapes differ otherwise.
    """
    names = {n: variable_node(n, declarations) for n in declarations.variables}
    left, right = lower(a, names).root, lower(b, names).root
    if a.typed == b.typed or _both_rows(a.typed, b.typed):
        first = decide(left, right, declarations, [a, b], seed=seed, prove=prove)
        layout = first.equal and a.typed != b.typed
        return Decision(first.status, first.points, first.counterexample, layout, first.reason)
    if a.typed.transposed == b.typed:
        turned = decide(left, right if not a.typed.is_matrix else _turned(right, b.typed), declarations, [a, b],
                        seed=seed, prove=prove)  # fmt: skip
        return Decision(turned.status, turned.points, turned.counterexample, turned.equal, turned.reason)
    raise problem("E300", f"A {a.typed} and a {b.typed} cannot be equal.", b.span)


def _both_rows(one: Shape, other: Shape) -> bool:
    return one.axes == other.axes and not (one.is_matrix and other.is_matrix)


def _turned(node: Node, shape: Shape) -> Node:
    """The transpose, for sides of several axes."""
    rows = len(shape.rows)
    from_ = (*range(rows, node.order), *range(rows))
    return permute(node, from_)


def declarations_of(nodes: Sequence[Node]) -> Declarations:
    """What the variables below some nodes say themselves."""
    variables: dict[str, Shape] = {}
    facts: dict[str, frozenset[str]] = {}
    for node in sorted((n for n in topological(nodes) if isinstance(n, Var)), key=lambda n: n.name):
        rows, cols = node.dims[:1], node.dims[1:]
        variables[node.name] = Shape(rows, cols)
        facts[node.name] = node.facts
    return Declarations(variables, facts)


__all__ = ["Counterexample", "Decision", "decide", "decide_trees", "declarations_of", "show"]
