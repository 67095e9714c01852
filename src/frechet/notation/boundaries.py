"""The boundaries of choices where(c, a, b): where the branches do not meet smoothly, what the formula gives there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from frechet.calculus.choices import Crossing, crossings, relations
from frechet.calculus.series import Series, expansion
from frechet.core.build import add
from frechet.core.ein import constant, is_zero, scale
from frechet.core.lazy import np
from frechet.core.node import Map, Node, Var, topological
from frechet.equality.interpret import interpret
from frechet.language.lower import Lowered
from frechet.language.tree import INFIX, Tree, subtrees
from frechet.notation import guards
from frechet.notation.product import UnwritableError
from frechet.notation.text import to_text
from frechet.notation.writer import Writer
from frechet.ops.comparisons import condition_of, is_truth, uniform

LONG = 120


@dataclass(frozen=True, slots=True)
class Boundary:
    """The place left = right of a comparison, and what is known of the function there: "" where it is smooth."""

    relation: Map
    left: str
    right: str
    entries: bool
    words: str

    @property
    def condition(self) -> str:
        return f"{self.left} != {self.right}{' in every entry' if self.entries else ''}"

    @property
    def line(self) -> str:
        return f"{self.left} = {self.right}: {self.words}"


def boundaries(writer: Writer, tree: Tree, lowered: Lowered, names: Collection[str], order: int) -> list[Boundary]:
    """The boundaries that depend on some variables and are not smooth, so far as is known, for so many derivatives."""
    written = _comparisons(tree, lowered)
    found: dict[str, Boundary] = {}
    for choice, a, b in _choices(lowered.root):
        for relation in relations(condition_of(choice)):
            if not _depends(relation, names) or relation not in written:
                continue
            words = _words(writer, relation, a, b, order)
            left, right = written[relation]
            if words and len(left) + len(right) <= LONG:
                new = Boundary(relation, left, right, bool(relation.order), words)
                found.setdefault(new.condition, new)
    return list(found.values())


def _choices(root: Node) -> Iterator[tuple[Node, Node, Node]]:
    """The choices below a node with their branches; a comparison that is calculated with chooses between 1 and 0."""
    asked: set[Node] = set()
    every: list[Node] = topological([root])
    for node in every:
        if guards.is_choice(node):
            yield node, node.children[1], node.children[2]
            asked.add(node.children[0])
        elif isinstance(node, Map) and node.operation.name in ("and", "or"):
            asked.update(node.children)
    for node in every:
        if is_truth(node) and node not in asked:
            yield node, constant(1, node.dims), constant(0, node.dims)


def _comparisons(tree: Tree, lowered: Lowered) -> dict[Node, tuple[str, str]]:
    """How the user wrote each comparison."""
    found: dict[Node, tuple[str, str]] = {}
    for t in subtrees(tree):
        node = lowered.nodes.get(id(t))
        if t.kind == "call" and t.name in INFIX and t.name not in ("and", "or") and node is not None:
            for relation in relations(node)[-1:]:
                found.setdefault(relation, (to_text(t.args[0]), to_text(t.args[1])))
    return found


def _depends(node: Node, names: Collection[str]) -> bool:
    return any(isinstance(n, Var) and n.name in names for n in topological([node]))


def _words(writer: Writer, relation: Map, a: Node, b: Node, order: int) -> str:
    """What is known where a comparison changes; empty where the branches meet smoothly."""
    known = _UNDECIDED
    for passes in crossings(relation):
        words = _passed(writer, relation, passes, (a, b), order)
        if not words:
            return ""
        if known == _UNDECIDED and all(one.is_all(a, b) for one in passes):
            known = words
    return known


_UNDECIDED = "it is not decided whether the branches meet smoothly; the formula gives the slope of one of them"


def _passed(writer: Writer, relation: Map, passes: list[Crossing], branches: tuple[Node, Node], order: int) -> str:
    """What is known for one way of passing the boundary."""
    a, b = branches
    for one in passes:
        above, below = one.moved(a), one.moved(b)
        if relation.operation.name == "eq":
            above = below
        side = one.rises
        series = expansion(above, one.place, one.at, side), expansion(below, one.place, one.at, -side)
        words = _met(writer, series, side, order, a if relation.operation.name == "eq" else None)
        if words:
            return words
    return ""


def _met(writer: Writer, sides: tuple[Series | None, Series | None], side: int, order: int, single: Node | None) -> str:
    """What keeps the branches on the two sides of a place from meeting smoothly."""
    above, below = sides
    if above is None and below is None:
        return _UNDECIDED
    for k in range(order + 1):
        for s in (above, below):
            if s is not None and (s.first < 0 or any(e < k and e != int(e) for e, _ in s.terms)):
                return "the function is unbounded there" if k == 0 else "a one-sided slope is infinite"
        if above is None or below is None:
            return _UNDECIDED
        p, q = scale(above.coefficient(k), side**k), scale(below.coefficient(k), (-side) ** k)
        same = _same(p, q)
        if same is None or min(above.order, below.order) <= k:
            return _UNDECIDED
        if not same:
            return _apart(writer, k, p, q, side)
        if single is not None and k == 0 and _same(p, single) is not True:
            return "the value there is not the limit: it jumps, no derivative"
    return ""


def _apart(writer: Writer, k: int, above: Node, below: Node, side: int) -> str:
    if k == 0:
        return "the branches have different values: it jumps, no derivative"
    texts = [_text(writer, n) for n in ((below, above) if side > 0 else (above, below))]
    what = "slopes" if k == 1 else f"derivatives of order {k}"
    values = f" {texts[0]} and {texts[1]}" if all(texts) else ""
    return f"the one-sided {what}{values} differ; the formula gives one of them"


def _text(writer: Writer, node: Node) -> str:
    value = uniform(node)
    try:
        return to_text(writer.page.number(value) if value is not None else writer.tree(node))
    except UnwritableError:
        return ""


def _same(p: Node, q: Node) -> bool | None:
    """Whether two coefficients are equal; None where numbers do not tell them apart and nothing proves it."""
    gap = add([(1, p), (-1, q)], p.dims)
    if is_zero(gap):
        return True
    leaves = [n for n in topological([gap]) if isinstance(n, Var)]
    dims = {d for n in topological([gap]) for d in n.dims if isinstance(d, str)}
    rng = np.random.default_rng(0)
    sizes = {d: k for k, d in enumerate(sorted(dims), start=2)}
    for _ in range(3):
        arrays = {v.name: rng.uniform(0.5, 2, [sizes.get(str(d), d) for d in v.dims]) for v in leaves}
        with np.errstate(all="ignore"):
            value = interpret(gap, arrays, sizes)
        if not np.all(np.abs(value) < 1e-9):
            return False
    return None
