"""Whether two lines of a derivation say the same: proved, supported by points, or wrong."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from frechet.calculus.forward import forward
from frechet.calculus.reverse import reverse
from frechet.core.build import add, substitute
from frechet.core.dims import Shape
from frechet.core.ein import constant, ein
from frechet.core.errors import FrechetError, problem
from frechet.core.lazy import np
from frechet.core.node import Node, Var, depends_on, topological, unit
from frechet.equality.expand import expand, together
from frechet.equality.interpret import interpret
from frechet.equality.reduce import vanishes
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree
from frechet.reference.sample import Sampler

POINTS = 4
TOLERANCE = 1e-8
# Lines are written out by entries only where there are few: a sum of products grows fast.
MOST_ENTRIES = 40


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


def compare(a: Node, b: Node, source: Tree, declarations: Declarations, directions: Sequence[Node] = ()) -> Proof:
    """Compare two lines: by normal form, then multiplied out, then by the laws of `equality`, then, where both are
    linear in a direction, by its coefficients, then by values where `source` is defined. (`equality.decide` would
    also look for a counterexample that reads well; none is read here.)
    """
    proof = _by_forms(a, b) or _by_entries(a, b)
    if proof is None and directions:
        proof = _by_coefficients(a, b, directions)
    return proof or _by_values(a, b, source, declarations)


def checked(proof: Proof) -> Proof:
    """The proof of a line that is shown. Raises E600 for a refuted one, which is an error of frechet's."""
    if proof.status == "refuted":
        raise problem("E600", "A step of this derivation failed its own check and is not shown.",
                      help="Please report it. The answer itself is checked apart from its derivation.")  # fmt: skip
    return proof


def _by_forms(a: Node, b: Node) -> Proof | None:
    """A proof by normal form or by the laws of `equality`; None where none is found."""
    if a is b:
        return PROVED
    try:
        for form in (expand, together):
            if form(a) is form(b):
                return Proof("proved", "expanded")
        if vanishes(add([(1, a), (-1, b)], a.dims)):
            return Proof("proved", "decided")
    except FrechetError:
        pass  # a form too large to be multiplied out
    return None


def by_slope(a: Node, b: Node, h: Node) -> Proof | None:
    """Two functions of h that agree at h = 0 and have the same derivative by h agree near 0. What is a quotient by h
    is multiplied by h first."""
    one = constant(1)
    a, b = (ein(1, [(n, (), 1), (h, (), 1)], (), {}) for n in (a, b))
    try:
        at_zero = [substitute(n, {h: constant(0)}.get) for n in (a, b)]
        if _by_forms(*at_zero) and _by_forms(forward(a, h, one), forward(b, h, one)):
            return Proof("proved", "slope")
    except FrechetError:
        pass  # a value at 0 that does not exist, or a form too large
    return None


def _by_entries(a: Node, b: Node) -> Proof | None:
    """Where every size is a small number the variables are written out, x = x[1]*e_1 + x[2]*e_2, and multiplied."""
    loose = [n for n in topological([a, b]) if isinstance(n, Var) and n.dims]
    whole = [d for n in loose for d in n.dims]
    if not loose or not all(isinstance(d, int) for d in whole):
        return None
    if sum(math.prod(int(d) for d in n.dims) for n in loose) > MOST_ENTRIES:
        return None
    parts: dict[Node, Node] = {n: _written_out(n) for n in loose}
    try:
        return _by_forms(*(expand(substitute(n, parts.get)) for n in (a, b)))
    except FrechetError:
        return None


def _written_out(variable: Var) -> Node:
    """The sum over its entries of entry times unit direction."""
    n = variable.order
    inside, outside = tuple(range(n)), tuple(range(n, 2 * n))
    dims = dict(enumerate((*variable.dims, *variable.dims)))
    terms = []
    for place in itertools.product(*(range(int(d)) for d in variable.dims)):
        units = [unit(p, d) for p, d in zip(place, variable.dims, strict=True)]
        both = [(u, (k,), 1) for k, u in enumerate([*units, *units])]
        terms.append((1, ein(1, [(variable, inside, 1), *both], outside, dims)))
    return add(terms, variable.dims)


def _by_coefficients(a: Node, b: Node, directions: Sequence[Node]) -> Proof | None:
    """Two linear maps are equal if their matrices are, and the matrix is read off by the adjoint of each operation:
    <W, L(dX)> = <L*(W), dX>. So lines are proved that nothing but an adjoint connects."""
    try:
        if not (_linear(a, directions) and _linear(b, directions)):
            return None
        if all(_by_forms(reverse(a, d), reverse(b, d)) for d in directions):
            return Proof("proved", "adjoint")
    except FrechetError:
        pass  # a form too large
    return None


def _linear(node: Node, directions: Sequence[Node]) -> bool:
    """Whether a node is linear in the directions together: its coefficients hold none of them (so it is affine), and
    the sum of its differentials along them is the node itself (so nothing is left at zero)."""
    along = [forward(node, d, d) for d in directions]
    if any(depends_on(reverse(node, d), other) for d in directions for other in directions):
        return False
    total = add([(1, n) for n in along], node.dims)
    return total is node or expand(total) is expand(node)


def _by_values(a: Node, b: Node, source: Tree, declarations: Declarations) -> Proof:
    """Compare values at points; never a proof. A single point of difference refutes."""
    loose = [n for n in topological([a, b]) if isinstance(n, Var) and n.name not in declarations.variables]
    directions = {n.name: Shape(n.dims[:1], n.dims[1:]) for n in loose}
    count = 0
    try:
        for point in Sampler([source], declarations, seed=1).points(POINTS, 2, directions):
            with np.errstate(all="ignore"):
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
