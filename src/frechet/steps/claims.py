"""Whether two lines of a derivation say the same: proved, supported by points, or wrong."""

from __future__ import annotations

from dataclasses import dataclass

from frechet.core.build import add
from frechet.core.dims import Shape
from frechet.core.errors import FrechetError
from frechet.core.lazy import np
from frechet.core.node import Node, Var, topological
from frechet.equality.expand import expand, together
from frechet.equality.interpret import interpret
from frechet.equality.reduce import vanishes
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree
from frechet.reference.sample import Sampler

POINTS = 4
TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True)
class Proof:
    """status: "proved" (`how`: the same normal form, the same after multiplying out, or by the laws of
    `equality`), "evidence" (no difference at `points` points), "refuted", or "open" where no point could be
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
    """Compare two lines: by normal form, then multiplied out, then by the laws of `equality`, then by values where
    `source` is defined. (`equality.decide` would also look for a counterexample that reads well; none is read here.)
    """
    if a is b:
        return PROVED
    try:
        for form in (expand, together):
            if form(a) is form(b):
                return Proof("proved", "expanded")
        if vanishes(add([(1, a), (-1, b)], a.dims)):
            return Proof("proved", "decided")
    except FrechetError:
        pass  # a form too large to be multiplied out: the values decide
    return _by_values(a, b, source, declarations)


def _by_values(a: Node, b: Node, source: Tree, declarations: Declarations) -> Proof:
    """Compare values at points; never a proof. A single point of difference refutes."""
    loose = [n for n in topological([a, b]) if isinstance(n, Var) and n.name not in declarations.variables]
    directions = {n.name: Shape(n.dims[:1], n.dims[1:]) for n in loose}
    count = 0
    try:
        for point in Sampler([source], declarations, seed=1).points(POINTS, 2, directions):
            x, y = (interpret(n, point.arrays, point.sizes) for n in (a, b))
            if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
                continue
            scale = max(float(np.max(np.abs(x), initial=0)), float(np.max(np.abs(y), initial=0)), 1e-12)
            if float(np.max(np.abs(x - y), initial=0)) > TOLERANCE * scale:
                return Proof("refuted")
            count += 1
    except FrechetError:
        return Proof("open")
    return Proof("evidence", "values", count) if count else Proof("open")
