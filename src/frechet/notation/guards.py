"""Where what stands in a branch of a choice is asked for: only where the condition chooses that branch."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction
from typing import TypeVar

from frechet.core.build import add
from frechet.core.ein import scale, split_coef
from frechet.core.node import Add, Ein, Map, Node, topological
from frechet.language.tree import Tree, subtrees
from frechet.notation.text import relation_text
from frechet.ops.comparisons import negated, uniform

T = TypeVar("T", bound=Hashable)
K = TypeVar("K", bound=Hashable)
Guard = frozenset[tuple[T, bool]]
_OPPOSITE = {"gt": "le", "ge": "lt", "lt": "ge", "le": "gt", "eq": "ne", "ne": "eq"}


def _guards(
    order: Sequence[T], key: Callable[[T], K], below: Callable[[T], Sequence[T]], chooses: Callable[[T], bool]
) -> dict[K, Guard[T]]:
    """For each part the conditions that hold wherever its value is used. `order` has children before parents."""
    found: dict[K, Guard[T]] = {key(order[-1]): frozenset()}
    for part in reversed(order):
        own = found.get(key(part), frozenset())
        parts = below(part)
        for k, child in enumerate(parts):
            inside = own | {(parts[0], k == 1)} if chooses(part) and k else own
            found[key(child)] = found[key(child)] & inside if key(child) in found else inside
    return found


def of_tree(root: Tree) -> dict[int, Guard[Tree]]:
    """The guards of every subtree, by its id."""
    return _guards(subtrees(root), id, lambda t: t.args, lambda t: t.kind == "call" and t.name == "where")


def values(root: Tree) -> set[int]:
    """The ids of the subtrees whose value enters that of the whole, not only a decision."""
    found: set[int] = set()
    stack = [root]
    while stack:
        tree = stack.pop()
        if id(tree) not in found:
            found.add(id(tree))
            stack += tree.args[1:] if tree.kind == "call" and tree.name == "where" else tree.args
    return found


def of_node(root: Node) -> dict[Node, Guard[Node]]:
    """The guards of every node."""
    return _guards(topological([root]), lambda n: n, lambda n: n.children, is_choice)


def is_choice(node: Node) -> bool:
    return isinstance(node, Map) and node.operation.name == "where"


def shown(condition: Tree, holds: bool) -> str:
    """`x > 0`, or where it does not hold `x <= 0`."""
    if holds:
        return relation_text(condition)
    if condition.kind == "call" and condition.name in _OPPOSITE:
        return relation_text(condition.with_(name=_OPPOSITE[condition.name]))
    return f"not ({relation_text(condition)})"


def facts(guard: Guard[Node]) -> list[tuple[Map, bool]]:
    """The comparisons that a guard says hold or do not hold."""
    out: list[tuple[Map, bool]] = []
    stack = list(guard)
    while stack:
        node, holds = stack.pop()
        opposite = negated(split_coef(node)[1])
        if opposite is not None:
            node, holds = opposite, not holds
        coef, core = split_coef(node)
        if isinstance(core, Ein) and len(core.factors) == 1:
            core = core.factors[0][0]
        if not isinstance(core, Map) or coef != 1:
            continue
        if core.operation.name == ("and" if holds else "or"):
            stack += [(n, holds) for n in core.children]
        else:
            out.append((core, holds))
    return out


def _larger(u: Node, node: Node, essence: Callable[[Node], Node]) -> int:
    """1 if u > 0 says that |node| is larger than a number that is not negative, -1 if u < 0 does."""
    coef, core = split_coef(u)
    terms = [(coef * c, n) for c, n in core.terms] if isinstance(core, Add) else []
    for c, n in terms:
        inner = n.children[0] if isinstance(n, Map) and n.operation.name == "abs" else None
        rest = [(-k, m) for k, m in terms if m is not n]
        side = 1 if c > 0 else -1
        positive = all((uniform(m) or 0) * k * side > 0 for k, m in rest)
        if inner is not None and essence(inner) is essence(node) and positive:
            return side
    return 0


def _above(node: Node, u: Node) -> bool:
    """Whether node > 0 follows from u >= 0: node is a positive number and a positive multiple of u."""
    coef, core = split_coef(u)
    for c, n in [(coef * c, n) for c, n in core.terms] if isinstance(core, Add) else [(coef, core)]:
        k, own = split_coef(node)
        parts = {m: k * j for j, m in own.terms} if isinstance(own, Add) else {own: k}
        ratio = Fraction(parts.get(n, 0)) / Fraction(c)
        if ratio > 0 and node.dims == u.dims:
            rest = uniform(add([(1, node), (-ratio, u)], u.dims))
            if rest is not None and rest > 0:
                return True
    return False


def implied(node: Node, kind: str, guard: Guard[Node], essence: Callable[[Node], Node]) -> bool:
    """Whether a guard says that a node is > 0, or != 0 in every entry."""
    for relation, holds in facts(guard):
        name, u = relation.operation.name, relation.children[0]
        apart = (name == "gt" and holds) or (name == "ge" and not holds)
        if kind == "!= 0" and essence(u) is essence(node) and (apart or (name == "eq" and not holds)):
            return True
        if kind == "> 0" and apart:
            (coef, core), (k, same) = split_coef(node), split_coef(u)
            if core is same and (coef * k > 0) == holds:
                return True
        if kind in ("> 0", "!= 0") and name != "eq":
            known = scale(u, 1 if holds else -1)
            if _above(node, known) or (kind == "!= 0" and _above(scale(node, -1), known)):
                return True
        if kind == "!= 0" and name != "eq" and _larger(u, node, essence) == (1 if holds else -1):
            return True
    return False
