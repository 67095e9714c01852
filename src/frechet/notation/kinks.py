"""Where a function is not differentiable, and what holds there: the subdifferential, and what the formula gives.

A kink of an operation counts where it is left in the derivative: norm2(x)^2 and x*abs(x) have none, relu(x) - relu(-x)
is x. Read off the derivative graph: a function that jumps (sign) at what the operation is applied to and that no other
factor takes away, or a negative power of it.
"""

from __future__ import annotations

from frechet.core.build import add
from frechet.core.node import Call, Ein, Map, Node, topological
from frechet.core.operation import Operation
from frechet.language.lower import Lowered
from frechet.language.tree import Tree, subtrees
from frechet.notation import guards
from frechet.notation.conditions import LARGE, LONG, essence, filled, inside
from frechet.notation.continuity import harmless
from frechet.notation.text import to_text
from frechet.ops import REGISTRY


def kinks(tree: Tree, derivative: Node, lowered: Lowered) -> tuple[str, ...]:
    """Lines such as `X*w - y = 0: for abs(X*w - y) the subdifferential is [-1, 1]; the formula gives 0`."""
    graph = topological([derivative])
    if len(graph) > LARGE:
        return ()
    left = _left_in(graph, harmless(derivative)) | _jumps_in(lowered.root)
    found: dict[str, None] = {}
    told: set[Node] = set()
    seen: set[Node] = set()
    within, values = guards.of_tree(tree), guards.values(tree)
    for t in subtrees(tree):
        if id(t) not in values:
            continue
        record = REGISTRY.get(t.name) if t.kind == "call" else None
        nodes = [lowered.nodes.get(id(a)) for a in t.args]
        own = lowered.nodes.get(id(t))
        if record is None or not record.kink or record.spreads or own is None or any(n is None for n in nodes):
            continue
        known = [n for n in nodes if n is not None]
        if own in told or not left & _places(own, known):
            continue
        told.add(own)
        seen |= _places(own, known)
        guard = frozenset((lowered.nodes[id(c)], holds) for c, holds in within.get(id(t), ()) if id(c) in lowered.nodes)
        if guards.implied(known[0], "!= 0", guard, essence):
            continue
        texts = [to_text(a) for a in t.args]
        elsewhere = _elsewhere(record)
        if record.kind == "elementwise" and isinstance(own, (Map, Call)) and own.operation is not record:
            # max(x) over all entries, max(x, 0) = relu(x)
            record = own.operation
            elsewhere = elsewhere if len(t.args) > 1 else _elsewhere(record)  # others see max(x, 0), not relu(x)
            texts = [text for text, n in zip(texts, known, strict=True) if n in own.children] or texts[:1]
            known = list(own.children)
        for condition in filled(record, known, texts, record.kink):
            place = condition.text.removesuffix(" in every entry").removeprefix("some ")
            if t.args[0].kind == "neg" and place == f"{texts[0]} = 0":
                place = f"{to_text(t.args[0].args[0])} = 0"
            there = next((c.text for c in filled(record, known, texts, record.there)), record.there)
            line = f"{place}: for {to_text(t)} {there}{elsewhere}"
            if len(line) <= 2 * LONG:
                found[line] = None
    for text in _unsaid(tree, graph, harmless(derivative), seen, lowered):
        found[f"{text} = 0: the slopes on both sides may differ; the formula gives their mean"] = None
    return tuple(found)


def _unsaid(tree: Tree, graph: list[Node], calm: frozenset[Node], seen: set[Node], lowered: Lowered) -> list[str]:
    """Where the derivative has a sign that no application in the formula accounts for: sqrt(x^2) is abs(x)."""
    signs = [n for n in graph if isinstance(n, Map) and n.operation.name == "sign" and n not in calm]
    left = {essence(inside(n.children[0])) for n in signs} - seen
    texts: dict[Node, str] = {}
    for t in subtrees(tree) if left else []:
        node = lowered.nodes.get(id(t))
        if node is not None and essence(node) in left:
            texts.setdefault(essence(node), to_text(t))
    return list(texts.values())


def _elsewhere(record: Operation) -> str:
    """What automatic differentiation returns at a kink."""
    if record.autodiff is None:
        return ""
    jax, torch = record.autodiff
    return f", autodiff {jax} in JAX and PyTorch" if jax == torch else f", autodiff {jax} in JAX and {torch} in PyTorch"


def _jumps_in(root: Node) -> set[Node]:
    """What the function itself jumps at: its derivative need not show it."""
    graph = topological([root])
    calm = harmless(root)
    jumps = [n for n in graph if isinstance(n, (Map, Call)) and n.operation.jumps and not n.operation.spreads]
    return {essence(inside(a)) for n in jumps if n not in calm for a in n.children}


def _left_in(graph: list[Node], calm: frozenset[Node]) -> set[Node]:
    """What the derivative jumps at, or has a negative power of."""
    found: set[Node] = set()
    for node in graph:
        if node in calm:
            continue
        if isinstance(node, Ein):
            found |= {essence(base) for base, _, e in node.factors if e < 0}
        elif isinstance(node, Map) and node.operation.spreads:
            continue  # comparisons: see `boundaries`
        elif isinstance(node, (Map, Call)) and (node.operation.jumps or node.operation.domain):
            found |= {essence(inside(a)) for a in node.children}
    return found


def _places(own: Node, arguments: list[Node]) -> set[Node]:
    """What stands for the kink of an application: its arguments, their difference, itself, what it is a root of."""
    found = {essence(a) for a in [own, *arguments]}
    for node in topological([own]):
        if isinstance(node, (Map, Call)) and node.operation.kink and not node.operation.spreads:
            found |= {essence(a) for a in [node, *node.children]}
    if isinstance(own, Ein):
        found |= {essence(base) for base, _, e in own.factors if e != int(e)}
    if len(arguments) == 2 and arguments[0].dims == arguments[1].dims:
        found.add(essence(add([(1, arguments[0]), (-1, arguments[1])], arguments[0].dims)))
    return found
