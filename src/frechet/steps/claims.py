"""Whether two lines of a derivation say the same: proved, supported by points, or wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace

from frechet.core.dims import Shape
from frechet.core.errors import FrechetError
from frechet.core.node import Node, Var, topological
from frechet.equality.decide import decide
from frechet.equality.expand import expand, together
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree


@dataclass(frozen=True, slots=True)
class Proof:
    """status: "proved" (`how`: the same normal form, the same after multiplying out, or by the laws of
    `equality.decide`), "evidence" (no difference at `points` points), "refuted", or "open" where no point could be
    drawn."""

    status: str
    how: str = ""
    points: int = 0

    @property
    def holds(self) -> bool:
        return self.status in ("proved", "evidence")

    def __str__(self) -> str:
        if self.status == "evidence":
            return f"no difference at {self.points} points"
        return self.status


PROVED = Proof("proved", "same")


def compare(a: Node, b: Node, source: Tree, declarations: Declarations) -> Proof:
    """Compare two lines: by normal form, then multiplied out, then by `equality.decide` where `source` is defined."""
    if a is b:
        return PROVED
    try:
        for form in (expand, together):
            if form(a) is form(b):
                return Proof("proved", "expanded")
        found = decide(a, b, _with_directions(a, b, declarations), [source])
    except FrechetError:
        return Proof("open")
    if found.status == "undecided":
        return Proof("open")
    return Proof(found.status, "decided", 0 if found.status == "proved" else found.points)


def _with_directions(a: Node, b: Node, declarations: Declarations) -> Declarations:
    """The declarations, with the directions that occur as further variables."""
    loose = [n for n in topological([a, b]) if isinstance(n, Var) and n.name not in declarations.variables]
    shapes = {n.name: Shape(n.dims[:1], n.dims[1:]) for n in loose}
    axes = {name: shape.axes for name, shape in shapes.items()}
    return replace(
        declarations, variables={**declarations.variables, **shapes}, axes={**declarations.axes, **axes}
    )
