"""Choices where(c, a, b) at the boundary of their condition: whether the branches meet there, and how smoothly.

A choice is differentiated branch by branch. That is the derivative inside each region. On the boundary it is the
derivative where both branches have the same value and the same slope there, which their power series say (`series`).

The condition u == 0 has no inside: where(x == 0, 1, sin(x)/x) is a repaired function, and its derivative at 0 is not
that of the 1. So before such a choice is differentiated its first branch is continued by the series of the second one
(`extended`): 1 - x^2/6 + ..., which has the same value at the point and the right derivatives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from frechet.calculus.series import Series, expansion
from frechet.core.build import add, apply_map, substitute
from frechet.core.ein import constant, ein, elementwise_power, is_zero, scale, split_coef, transpose
from frechet.core.node import Add, Ein, Map, Node, Number, Var, depends_on, topological, var
from frechet.ops.comparisons import replaced

RELATIONS = ("gt", "ge", "eq")
# Powers of the distance from the point that a repaired branch is continued by: more than the orders anybody asks for.
CONTINUED = 4


@dataclass(frozen=True, slots=True)
class Crossing:
    """How u passes 0: `target` is written by `by` in terms of the node `place`, u = 0 where place = at, and u rises
    with `place` where `rises` is 1, falls where it is -1."""

    target: Node
    by: Node
    place: Node
    at: Node
    rises: int

    def is_all(self, *nodes: Node) -> bool:
        """Whether some nodes change along the crossing by `place` alone, so that different series are a difference."""
        if isinstance(self.target, Var):
            return True
        own = {n for n in topological([self.target]) if isinstance(n, Var)}
        return not own & {n for g in map(self._without, nodes) for n in topological([g])}

    def _without(self, node: Node) -> Node:
        """A node with a fresh variable in the place of the target."""
        fresh = var("distance", self.target.dims, role="place")
        return substitute(node, lambda n: fresh if n is self.target else None)

    def moved(self, node: Node) -> Node:
        return node if self.by is self.target else substitute(node, lambda n: self.by if n is self.target else None)


def relations(condition: Node) -> list[Map]:
    """The comparisons that a condition is made of."""
    return [n for n in topological([condition]) if isinstance(n, Map) and n.operation.name in RELATIONS]


def crossings(relation: Map) -> Iterator[list[Crossing]]:
    """The ways in which the difference u of a comparison passes 0, seen from one term of u after the other. Each is a
    list: |v| - 1 passes it at v = 1 and at v = -1."""
    u = relation.children[0]
    coef, core = split_coef(u)
    terms = [(coef * c, n) for c, n in core.terms] if isinstance(core, Add) else [(coef, core)]
    for c, node in sorted(terms, key=lambda t: (not isinstance(t[1], Var), t[1].digest)):
        if is_constant(node) or node.dims != u.dims:
            continue
        rest = add([(k, n) for k, n in terms if n is not node], u.dims)
        at = scale(rest, -1 / Fraction(c))
        rises = 1 if c > 0 else -1
        found = _through(node, at, rises)
        if not any(depends_on(at, x.target) for x in found):
            yield found


def _through(node: Node, at: Node, rises: int) -> list[Crossing]:
    """A term that moves: itself (not its transpose), |v| for v on either side, the root of a sum of squares."""
    inner, idx, e = node.factors[0] if isinstance(node, Ein) and len(node.factors) == 1 else (node, (), 0)
    if isinstance(node, Ein) and node.coef == e == 1 and idx == node.out[::-1] == (1, 0):
        return _through(inner, transpose(at), rises)
    size = var("distance", node.dims, {"positive"}, role="place")
    if isinstance(node, Map) and node.operation.name == "abs":
        v = node.children[0]
        return [Crossing(v, scale(size, side), size, at, rises) for side in (1, -1)]
    if isinstance(node, Ein) and len(node.factors) == 1 and node.factors[0][2] == Fraction(1, 2) and node.coef == 1:
        base, idx, _ = node.factors[0]
        if idx == node.out and base.dims == node.dims:
            return [Crossing(base, elementwise_power(size, 2), size, at, rises)]
    return [Crossing(node, node, node, at, rises)]


def is_constant(node: Node) -> bool:
    return not any(isinstance(n, Var) for n in topological([node]))


def choices(root: Node) -> Iterator[Map]:
    """The choices below a node."""
    return (n for n in topological([root]) if isinstance(n, Map) and n.operation.name == "where")


# -- choices by == -----------------------------------------------------------------------------------------------------


def _single(node: Map) -> Map | None:
    """The condition of a choice by u == 0 alone."""
    c = node.children[0]
    return c if isinstance(c, Map) and c.operation.name == "eq" else None


def extended(root: Node) -> Node:
    """The same function, with the first branch of every choice by == continued by the second one."""
    if not any(_single(n) for n in choices(root)):
        return root
    return substitute(root, lambda n: _continued(n) if isinstance(n, Map) and n.operation.name == "where" else None)


def _continued(node: Map) -> Node | None:
    relation = _single(node)
    passes = next(crossings(relation), []) if relation is not None else []
    if len(passes) != 1 or (passes[0].place is not passes[0].target and not _root(passes[0])):
        return None
    one = passes[0]
    first, second = one.moved(node.children[1]), one.moved(node.children[2])
    sides = [expansion(second, one.place, one.at, side) for side in (1, -1)]
    if sides[0] is None or sides[0].first < 0:
        return None
    if not _root(one) and not _same_from_both(sides[0], sides[1]):
        return None
    start = replaced(first, {one.place: one.at})
    if not is_zero(add([(1, start), (-1, sides[0].coefficient(0))], node.dims)):
        return None
    return apply_map(node.operation, [node.children[0], _polynomial(node.children[1], sides[0], one), node.children[2]])


def _root(one: Crossing) -> bool:
    """Whether what passes 0 is a root of a sum of squares, which has no other side."""
    return one.by is not one.target and is_zero(one.at)


def _same_from_both(right: Series, left: Series | None) -> bool:
    """Whether a function has one series on both sides of a place."""
    if left is None or left.first < 0 or any(e != int(e) for s in (right, left) for e, _ in s.terms):
        return False
    mirrored = [scale(left.coefficient(k), (-1) ** k) for k in range(CONTINUED + 1)]
    return all(right.coefficient(k) is n for k, n in enumerate(mirrored))


def _polynomial(first: Node, series: Series, one: Crossing) -> Node:
    """The branch with the powers of the distance that it lacks. Of a root only even ones are smooth."""
    terms: list[tuple[Number, Node]] = [(1, first)]
    place = elementwise_power(one.target, Fraction(1, 2)) if _root(one) else one.place
    distance = add([(1, place), (-1, one.at)], place.dims)
    own = expansion(one.moved(first), one.place, one.at, 1)
    for k in range(1, CONTINUED + 1):
        known = own.coefficient(k) if own is not None else constant(0, first.dims)
        lacking = add([(1, series.coefficient(k)), (-1, known)], first.dims)
        if not is_zero(lacking) and k < series.order:
            terms.append((1, _times(lacking, elementwise_power(distance, k))))
    return add(terms, first.dims)


def _times(a: Node, b: Node) -> Node:
    n = tuple(range(a.order))
    return ein(1, [(a, n, 1), (b, n if b.order else (), 1)], n, dict(enumerate(a.dims)))


def settled(root: Node) -> Node:
    """What is known of the point of a choice by == put into its first branch."""

    def at_point(n: Node) -> Node | None:
        relation = _single(n) if isinstance(n, Map) and n.operation.name == "where" else None
        passes = next(crossings(relation), []) if relation is not None else []
        if not isinstance(n, Map) or len(passes) != 1 or not (isinstance(passes[0].target, Var) or _root(passes[0])):
            return None
        return apply_map(n.operation, [n.children[0], replaced(n.children[1], {passes[0].target: passes[0].at}),
                                       n.children[2]])  # fmt: skip

    return substitute(root, at_point)
