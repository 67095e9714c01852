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
from frechet.compile.stable.entry_products import WITHOUT_DIVISION
from frechet.compile.stable.rules import settled
from frechet.compile.structured.operators import connected
from frechet.core.build import add, substitute
from frechet.core.dims import Size
from frechet.core.ein import ein, scale, split_coef
from frechet.core.facts import STRUCTURAL
from frechet.core.node import Add, Ein, Factor, Node, depends_on
from frechet.language.declarations import Declarations
from frechet.language.lower import lower, variable_node
from frechet.language.tree import Tree, subtrees
from frechet.ops.cofactors import BY_COFACTORS, plain

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

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All of them in a row."""
        return (self.value, *self.first, *(h for row in self.second for h in row), *self.along)

    def of(self, nodes: Sequence[Node]) -> Goal:
        """The goal with these in their places."""
        rest = iter(nodes)
        value = next(rest)
        first = tuple(next(rest) for _ in self.first)
        second = tuple(tuple(next(rest) for _ in row) for row in self.second)
        return Goal(self.own, self.sides, value, first, second, tuple(rest))


def _second(g: Node, b: Node, direction: Node) -> Node:
    """The derivative of g by b. What g is only multiplied with stays outside: for g = u*x' where x is given, the
    adjoints carry the axis of u, not those of u and x."""
    if not isinstance(g, Ein):
        return reverse(forward(g, b, direction), direction)
    group = connected(g.factors)
    known = {f[0] for f in g.factors if f[0] is b or depends_on(f[0], b)}
    inside = {group[f[1][0]] for f in g.factors if f[1] and f[0] in known}
    moving = [f for f in g.factors if f[1] and group[f[1][0]] in inside]
    rest = [f for f in g.factors if f not in moving]
    own = [i for i in g.out if i in group and group[i] in inside]
    apart = len(inside) == 1 and rest and not any(f[0] in known for f in rest) and len(set(g.out)) == len(g.out)
    if not apart or len(own) == len(g.out):
        return reverse(forward(g, b, direction), direction)
    length = dict(enumerate(g.index_dims))
    part = ein(1, moving, own, {i: length[i] for i in {*own, *(i for f in moving for i in f[1])}})
    second = _outer_taken_out(reverse(forward(part, b, direction), direction))
    more = tuple(range(len(length), len(length) + b.order))
    dims = {i: length[i] for i in {*g.out, *(i for f in rest for i in f[1])}} | dict(zip(more, b.dims, strict=True))
    return ein(g.coef, [*rest, (second, (*own, *more), 1)], (*g.out, *more), dims)


def _outer_taken_out(node: Node) -> Node:
    """A sum all of whose terms have the same factor on one axis, with nothing else on it, as a product: the axis of the
    sum is gone."""
    coef, core = split_coef(node)
    if coef != 1:
        return scale(_outer_taken_out(core), coef)
    if not isinstance(node, Add) or not all(isinstance(n, Ein) for _, n in node.terms):
        return node
    for axis in range(node.order):
        factors = [_alone(n, axis) for _, n in node.terms if isinstance(n, Ein)]
        first = factors[0]
        if first is None or any(f is None or (f[0], f[2]) != (first[0], first[2]) for f in factors):
            continue
        terms = []
        for (c, n), f in zip(node.terms, factors, strict=True):
            assert isinstance(n, Ein)
            out = [i for k, i in enumerate(n.out) if k != axis]
            dims = {i: d for i, d in enumerate(n.index_dims) if i != n.out[axis]}
            terms.append((c, ein(n.coef, [g for g in n.factors if g is not f], out, dims)))
        inner = _outer_taken_out(add(terms, tuple(d for k, d in enumerate(node.dims) if k != axis)))
        whole = tuple(range(node.order))
        rest = tuple(k for k in whole if k != axis)
        return ein(1, [(first[0], (axis,), first[2]), (inner, rest, 1)], whole, dict(enumerate(node.dims)))
    return node


def _alone(node: Ein, axis: int) -> Factor | None:
    """The factor that alone has the index of an axis of the output, and no other index."""
    i = node.out[axis]
    having = [f for f in node.factors if i in f[1]]
    return having[0] if len(having) == 1 and having[0][1] == (i,) and node.out.count(i) == 1 else None


def determinants(tree: Tree) -> bool:
    """Whether a function has determinants or adjugates, whose derivatives at singular matrices are cofactors."""
    return any(t.kind == "call" and t.name in BY_COFACTORS for t in subtrees(tree))


def goal(
    tree: Tree, known: Declarations, wrt: Sequence[str], want: str, directions: Sequence[str], cofactors: bool = False
) -> Goal:
    """The nodes that `want` needs; `directions` are the names of the directions of `hvp`. With `cofactors` determinants
    are differentiated without an inverse."""
    instead = {**WITHOUT_DIVISION, **(BY_COFACTORS if cofactors else {})}
    apart = {n: variable_node(n, known, STRUCTURAL if n in wrt else frozenset()) for n in known.variables}
    (root,) = settled([lower(tree, apart, instead).root], before=True)
    variables = [apart[n] for n in wrt]
    back = {apart[n]: variable_node(n, known) for n in wrt if apart[n] is not variable_node(n, known)}

    def put_back(node: Node) -> Node:
        node = plain(node) if cofactors else node
        return substitute(node, back.get) if back else node

    first = [reverse(root, v) for v in variables] if want != "value" else []
    second: list[tuple[Node, ...]] = []
    along: list[Node] = []
    if want in ("hessian", "newton"):
        for g, a in zip(first, variables, strict=True):
            row = []
            for b, n in zip(variables, wrt, strict=True):
                direction = direction_for(b, f"{n} direction")
                row.append(put_back(_second(g, b, direction)))
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
