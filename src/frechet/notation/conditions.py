"""Where an answer holds: conditions read off what the user typed and off the derivative.

The domain comes from the typed tree, before the algebra merges anything (x/x needs x != 0). Points where the function
is not smooth come from the derivative itself: a norm that is squared has no kink left, and its condition is gone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from frechet.core.build import without_axes
from frechet.core.ein import split_coef, transpose
from frechet.core.facts import is_integer, is_nonnegative, is_positive, is_spd
from frechet.core.node import Call, Ein, Map, Node, Number, Var, topological
from frechet.core.operation import Operation
from frechet.language.lower import Lowered
from frechet.language.tree import Tree, subtrees
from frechet.notation import guards
from frechet.notation.boundaries import boundaries
from frechet.notation.continuity import harmless
from frechet.notation.product import UnwritableError
from frechet.notation.term import written
from frechet.notation.text import to_text
from frechet.notation.writer import Writer
from frechet.ops import REGISTRY

# A longer condition is left to the report of the point where it fails.
LONG = 200
# A graph of more nodes has more conditions than anybody reads.
LARGE = 2000


class Condition(NamedTuple):
    """What must hold of a node: kind is "!= 0" or "> 0" (of the node itself), or another text."""

    node: Node
    kind: str
    text: str


def conditions(
    writer: Writer, tree: Tree, derivative: Node, lowered: Lowered, names: Collection[str] = (), order: int = 1,
    before: Sequence[Node] = (),
) -> tuple[str, ...]:  # fmt: skip
    """Conditions as text, `X*w > 0` or `norm2(x) != 0`, each once, in order of appearance; of the derivative of some
    `order` by the variables of some `names`. `before` are the orders below it: where one of them jumps, there is no
    derivative, whatever the formula of the next order says (that of sign is 0)."""
    found: dict[tuple[Node, str], str] = {}
    below = list(_of_derivative(writer, derivative))
    below += [c for node in (lowered.root, *before) for c in _of_jumps(writer, node)]
    below += [Condition(b.relation, "boundary", b.condition) for b in boundaries(writer, tree, lowered, names, order)]
    for condition in [*_of_tree(writer, tree, lowered), *below]:
        # The largest entry of -u is another one than that of u; whether u vanishes asks for no sign.
        core = condition.node if "largest" in condition.kind else essence(condition.node)
        if (core, condition.kind) in found or (condition.kind == "!= 0" and (core, "> 0") in found):
            continue
        found[core, condition.kind] = condition.text
        if condition.kind == "> 0":
            found.pop((core, "!= 0"), None)
    known = {node for node, kind in found if kind in ("!= 0", "> 0")}
    said = [text for (node, kind), text in found.items() if kind != "!= 0" or not _follows(node, known)]
    return tuple(dict.fromkeys(text for text in said if len(text) <= LONG))


def _follows(node: Node, known: Collection[Node]) -> bool:
    """Whether a product of several factors does not vanish because none of them does."""
    if not isinstance(node, Ein) or node.contracts or len(node.factors) < 2 or len(set(node.out)) < node.order:
        return False
    parts = [(essence(n), n, idx) for n, idx, _ in node.factors]
    return all((part in known or is_positive(n)) and (not idx or idx == node.out) for part, n, idx in parts)


def essence(node: Node) -> Node:
    """What decides whether a node vanishes: without its number, power and orientation."""
    while True:
        node = split_coef(node)[1]
        if isinstance(node, Ein) and len(node.factors) == 1 and not node.contracts and len(set(node.out)) == node.order:
            node = node.factors[0][0]
        elif isinstance(node, Ein) and node.order == 0 and len(node.factors) == 1 and node.factors[0][2] == 2:
            node = node.factors[0][0]  # a sum of squares vanishes where all its entries do
        else:
            break
    return min(node, transpose(node), key=lambda n: n.digest) if node.order == 2 else node


def _of_derivative(writer: Writer, derivative: Node) -> Iterator[Condition]:
    """Denominators, roots and kinks below a derivative, with the choices they stand in."""
    nodes = topological([derivative])
    if len(nodes) > LARGE:
        return
    choosing = any(guards.is_choice(n) for n in nodes)
    within = guards.of_node(derivative) if choosing else {}
    calm = harmless(derivative)
    for node in nodes:
        for condition in _of_node(writer, node, node in calm):
            guard = within.get(node, frozenset())
            if not guard:
                yield condition
            elif not guards.implied(condition.node, condition.kind, guard, essence):
                where = [guards.shown(written(writer.page, writer.term(c)), holds) for c, holds in guard]
                yield condition._replace(text=f"{condition.text} where {' and '.join(sorted(where))}")


def _of_jumps(writer: Writer, value: Node) -> Iterator[Condition]:
    """Where a value jumps."""
    nodes = topological([value])
    if len(nodes) <= LARGE:
        calm = harmless(value)
        for node in nodes:
            if isinstance(node, (Map, Call)) and node.operation.jumps and not node.operation.spreads:
                yield from _of_node(writer, node, node in calm)


def _of_tree(writer: Writer, tree: Tree, lowered: Lowered) -> Iterator[Condition]:
    """The domains of what was typed, with the choices they stand in."""
    within = guards.of_tree(tree) if any(t.kind == "call" and t.name == "where" for t in subtrees(tree)) else {}
    for t, condition in _typed(writer, tree, lowered):
        guard = within.get(id(t), frozenset())
        nodes = frozenset((lowered.nodes[id(c)], holds) for c, holds in guard if id(c) in lowered.nodes)
        if not guard:
            yield condition
        elif not guards.implied(condition.node, condition.kind, nodes, essence):
            where = [guards.shown(c, holds) for c, holds in guard]
            yield condition._replace(text=f"{condition.text} where {' and '.join(sorted(where))}")


def _typed(writer: Writer, tree: Tree, lowered: Lowered) -> Iterator[tuple[Tree, Condition]]:
    for t in subtrees(tree):
        nodes = [lowered.nodes.get(id(a)) for a in t.args]
        if not nodes or any(n is None for n in nodes) or writer.page.reads(t.args) > LONG:
            continue
        known = [n for n in nodes if n is not None]
        if t.kind == "call" and t.name in REGISTRY:
            record = REGISTRY[t.name]
            # sqrt(x^4) is x^2: what is written with others shows in the derivative what is left of its domain
            harmless = record.kind == "composed" and is_nonnegative(known[0])
            if not harmless and not _holds(record.domain, known):
                yield from ((t, c) for c in filled(record, known, [to_text(a) for a in t.args], record.domain))
        elif t.kind in ("div", "dotdiv"):
            if not _constant(known[1]) and not is_positive(known[1]):
                yield t, Condition(known[1], "!= 0", f"{to_text(_base(t.args[1]))} != 0{_entries(known[1])}")
        elif t.kind in ("pow", "dotpow") and not _constant(known[0]):
            value = known[1].coef if isinstance(known[1], Ein) and known[1].is_number else None
            square = t.typed.is_matrix and t.kind == "pow"
            if not is_integer(known[1]) or value is not None:
                yield from ((t, c) for c in _power(to_text(t.args[0]), value, known[0], square))


def _base(tree: Tree) -> Tree:
    """What vanishes where a power or a multiple does: u of 2*u^2."""
    while True:
        first, second = (*tree.args, tree)[:2] if tree.args else (tree, tree)
        if tree.kind in ("pow", "dotpow") and second.kind == "number" and second.value > 0:
            if tree.kind == "pow" and tree.typed.is_matrix:
                return tree
            tree = first
        elif tree.kind == "mul" and first.kind == "number" and first.value:
            tree = second
        elif (tree.kind == "div" and second.kind == "number") or tree.kind == "neg":
            tree = first
        else:
            return tree


def _power(base: str, exponent: Number | None, node: Node, square: bool) -> Iterator[Condition]:
    if is_positive(node):
        return
    if square:
        if exponent is not None and exponent < 0:
            yield Condition(node, f"det({base}) != 0", f"det({base}) != 0")
    elif exponent is None or exponent != int(exponent):
        yield Condition(node, "> 0", f"{base} > 0")
    elif exponent < 0:
        yield Condition(node, "!= 0", f"{base} != 0{_entries(node)}")


def _of_node(writer: Writer, node: Node, calm: bool = False) -> Iterator[Condition]:
    """Denominators, roots and kinks of the derivative; a `calm` jump is none."""
    try:
        if isinstance(node, Ein):
            for base, _, e in node.factors:
                some = e < 0 or (e != int(e) and not is_nonnegative(base))
                if some and not is_positive(base) and not _constant(base):
                    yield from _factor(writer, base, e)
        elif isinstance(node, Map) and node.operation.spreads:
            return  # comparisons: see `boundaries`
        elif isinstance(node, (Map, Call)) and (node.operation.domain or node.operation.kink):
            within = [inside(a) for a in node.children]
            if node.operation.name == "power":
                within[1] = without_axes(within[1])
            trees = [written(writer.page, writer.term(a)) for a in within]
            if node.operation.transposes:
                trees = [min(t, writer.page.flip(t), key=writer.page.length) for t in trees]
            if any(writer.page.length(t) > LONG for t in trees):
                return
            texts = [to_text(t) for t in trees]
            operation, nodes = node.operation, within
            if operation.domain == "a > 0" and is_integer(nodes[1]):
                if not is_positive(nodes[0]):
                    yield Condition(nodes[0], "!= 0 or", f"{texts[0]} != 0{_entries(nodes[0])} or {texts[1]} >= 0")
            elif not _holds(operation.domain, nodes):
                yield from filled(operation, nodes, texts, operation.domain)
            # Elsewhere the value is right at the kink too, and only the next derivative is not.
            if operation.jumps and not calm:
                if operation.kink.endswith("= 0"):  # of -u as of u; not of the largest entry
                    texts = [_unsigned(writer, a, t) for a, t in zip(within, trees, strict=True)]
                yield from filled(operation, nodes, texts, smooth(operation.kink))
    except UnwritableError:
        return


def _unsigned(writer: Writer, node: Node, tree: Tree) -> str:
    """What vanishes, with the sign that the user gave it."""
    form = writer.user_form(node)
    if form is not None:
        tree = form[1]
    return to_text(tree.args[0] if tree.kind == "neg" else tree)


def inside(node: Node) -> Node:
    """What decides where a jump is: sign(relu(x)) jumps where x changes its sign, and nowhere else."""
    return node.children[0] if isinstance(node, Map) and node.operation.name == "relu" else node


def _factor(writer: Writer, base: Node, e: Number) -> Iterator[Condition]:
    """A negative or fractional power; of a sum of squares it only asks for something not to vanish."""
    inner = essence(base)
    squares = inner is not base and e != int(e)
    tree = written(writer.page, writer.term(inner if squares else base))
    if writer.page.length(tree) <= LONG:
        kind = "!= 0" if squares or e == int(e) else "> 0"
        yield Condition(base, kind, f"{to_text(tree)} {kind}{_entries(base) if kind == '!= 0' else ''}")


def _holds(domain: str, arguments: list[Node]) -> bool:
    """Whether a domain is met by what is known of the arguments."""
    argument = arguments[0]
    exponent = arguments[1] if domain.startswith("p >= 0") else argument
    if exponent is not argument and isinstance(exponent, Ein) and exponent.is_number and exponent.coef >= 0:
        return True
    if _constant(argument):
        return True
    if "det" in domain:
        return is_spd(argument)
    return domain.endswith("> 0") and is_positive(argument)


def _constant(node: Node) -> bool:
    """No variable below it."""
    return not any(isinstance(n, Var) for n in topological([node]))


def filled(operation: Operation, nodes: list[Node], args: list[str], condition: str) -> Iterator[Condition]:
    """The condition with the arguments in place of the parameters."""
    names = dict(zip(operation.params, args, strict=False))
    if not condition or len(args) > len(operation.params) or not _mentioned(operation, condition) <= set(names):
        return
    text = re.sub(r"[A-Za-z]\w*", lambda m: names.get(m[0], m[0]), condition)
    left, _, kind = condition.partition(" ")
    plain = left == operation.params[0] and kind in ("!= 0", "> 0")
    shape_free = re.sub(r"[A-Za-z]\w*", lambda m: "_" if m[0] in names else m[0], condition)
    entrywise = _entries(nodes[0]) if "!=" in condition and operation.kind == "elementwise" else ""
    yield Condition(nodes[0], kind if plain else shape_free, text + entrywise)


def _mentioned(operation: Operation, condition: str) -> set[str]:
    """The parameters that a condition speaks of."""
    return set(operation.params) & set(re.findall(r"[A-Za-z]\w*", condition))


_OPPOSITES = (
    (" = ", " != "), ("the largest eigenvalue of S is repeated", "the largest eigenvalue of S is simple"),
    ("an eigenvalue of S is repeated", "every eigenvalue of S is simple"),
    ("the largest singular value of X is repeated", "the largest singular value of X is simple"),
    ("a singular value of X is 0 or repeated", "the singular values of X are simple and not 0"),
    ("X is rank deficient", "X has full rank"), ("are equal", "differ"),
)  # fmt: skip


def smooth(kink: str) -> str:
    """Where an operation is smooth, from where it is not."""
    kink = kink.removeprefix("some ")
    for words, opposite in _OPPOSITES:
        kink = kink.replace(words, opposite)
    return kink


def _entries(node: Node) -> str:
    """A vector that must not vanish anywhere is more than one that must not be zero."""
    return " in every entry" if node.order else ""
