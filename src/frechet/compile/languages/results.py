"""What a compiled function gives, one array after the other: for languages whose functions have several results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frechet.compile.assemble import Request
from frechet.compile.goals import Goal
from frechet.compile.structured.newton import is_dense, newton_node
from frechet.core.dims import Shape, Size
from frechet.core.errors import problem
from frechet.core.node import Node
from frechet.language.declarations import Declarations

# The size for which products are ordered, where nothing else is known.
ASSUMED = 100


@dataclass(frozen=True, slots=True)
class Result:
    """The name of the array that a result is written to, its node, its shape."""

    out: str
    node: Node
    shape: Sequence[Size]


def results_of(goal: Goal, request: Request, sizes: Mapping[str, int]) -> list[Result]:
    """The value, then one array for each derivative. E505 for a Newton step by several variables."""
    wrt, own = request.wrt, goal.own
    if request.want == "value":
        return [Result("value", goal.value, own)]
    if request.want == "newton":
        if len(wrt) > 1:
            raise problem("E505", "A Newton step by several variables is not written in this language.",
                          help='want="hessian" gives the blocks of the system.')  # fmt: skip
        return [Result("step", newton_node(goal.second[0][0], goal.first[0], sizes), goal.sides[0])]
    if request.want == "hvp":
        return [Result(_named("product", n, wrt), g, s) for n, g, s in zip(wrt, goal.along, goal.sides, strict=True)]
    if request.want == "hessian":
        found = []
        for a, p, row in zip(wrt, goal.sides, goal.second, strict=True):
            for b, q, h in zip(wrt, goal.sides, row, strict=True):
                found.append(Result(_named("hessian", f"{a}_{b}", wrt), h, (*p, *q)))
        return found
    word = "jacobian" if own else "gradient"
    first = [Result(_named(word, n, wrt), g, (*own, *s)) for n, g, s in zip(wrt, goal.first, goal.sides, strict=True)]
    return [Result("value", goal.value, own), *first] if request.want == "value_and_gradient" else first


def system_of(goal: Goal, request: Request, sizes: Mapping[str, int]) -> tuple[list[Node], list[Node]]:
    """The blocks of the Hessian and the gradients, where a Newton step is one dense system; else nothing."""
    if request.want != "newton":
        return [], []
    (h, *_), *_ = goal.second
    if len(goal.first) == 1 and not is_dense(h, goal.first[0], sizes):
        return [], []
    return [block for row in goal.second for block in row], list(goal.first)


def _named(word: str, variable: str, wrt: Sequence[str]) -> str:
    return word if len(wrt) == 1 else f"{word}_{variable}"


def shapes_of(declarations: Declarations, request: Request) -> dict[str, Shape]:
    """The shape of each argument; a direction has that of its variable."""
    along = dict(zip(request.directions, request.wrt, strict=False))
    return {n: declarations.variables[along.get(n, n)] for n in request.arguments}
