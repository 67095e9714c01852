"""Where an answer holds: conditions read off what the user typed and off the derivative.

The domain comes from the typed tree, before the algebra merges anything (x/x needs x != 0). Points where the function
is not smooth come from the derivative itself: a norm that is squared has no kink left, and its condition is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from frechet.core.facts import is_positive, is_spd
from frechet.core.node import Call, Ein, Map, Node, Number, Var, topological
from frechet.core.operation import Operation
from frechet.language.lower import Lowered
from frechet.language.tree import Tree, subtrees
from frechet.notation.product import UnwritableError
from frechet.notation.term import written
from frechet.notation.text import to_text
from frechet.notation.writer import Writer
from frechet.ops import REGISTRY

# Beyond this length a condition is left to the report of the point where it fails.
LONG = 200
# A graph of more nodes has more conditions than anybody reads.
LARGE = 2000


def conditions(writer: Writer, tree: Tree, derivative: Node, lowered: Lowered) -> tuple[str, ...]:
    """Conditions as text, `X*w > 0` or `norm2(x) != 0`, each once, in order of appearance."""
    found: dict[str, None] = {}
    for text in _of_tree(writer, tree, lowered):
        found[text] = None
    nodes = topological([derivative])
    if len(nodes) <= LARGE:
        for text in (t for node in nodes for t in _of_node(writer, node)):
            if not (text.endswith(" != 0") and text.removesuffix(" != 0") + " > 0" in found):
                found[text] = None
    return tuple(t for t in found if len(t) <= LONG)


def _of_tree(writer: Writer, tree: Tree, lowered: Lowered) -> Iterator[str]:
    """The domains of what was typed."""
    for t in subtrees(tree):
        if t.args and t.kind in ("call", "div", "dotdiv", "pow", "dotpow") and writer.page.reads(t.args) > LONG:
            continue
        node = lowered.nodes.get(id(t.args[0])) if t.args else None
        if t.kind == "call" and t.name in REGISTRY:
            if not (node is not None and _holds(REGISTRY[t.name].domain, node)):
                yield from _filled(REGISTRY[t.name], [to_text(a) for a in t.args], REGISTRY[t.name].domain)
        elif t.kind in ("div", "dotdiv"):
            below = lowered.nodes.get(id(t.args[1]))
            if below is not None and not _constant(below) and not is_positive(below):
                yield f"{to_text(t.args[1])} != 0"
        elif t.kind in ("pow", "dotpow") and node is not None and not _constant(node):
            exponent = lowered.nodes.get(id(t.args[1]))
            value = exponent.coef if isinstance(exponent, Ein) and exponent.is_number else None
            yield from _power(to_text(t.args[0]), value, node, t.typed.is_matrix and t.kind == "pow")


def _power(base: str, exponent: Number | None, node: Node, square: bool) -> Iterator[str]:
    if is_positive(node):
        return
    if square:
        if exponent is not None and exponent < 0:
            yield f"det({base}) != 0"
    elif exponent is None or exponent != int(exponent):
        yield f"{base} > 0"
    elif exponent < 0:
        yield f"{base} != 0"


def _of_node(writer: Writer, node: Node) -> Iterator[str]:
    """Denominators, roots and kinks of the derivative."""
    try:
        if isinstance(node, Ein):
            for base, _, e in node.factors:
                if (e < 0 or e != int(e)) and not is_positive(base) and not _constant(base):
                    tree = written(writer.page, writer.term(base))
                    if writer.page.length(tree) <= LONG:
                        yield f"{to_text(tree)} {'!= 0' if e == int(e) else '> 0'}"
        elif isinstance(node, (Map, Call)) and (node.operation.domain or node.operation.kink):
            trees = [written(writer.page, writer.term(a)) for a in node.children]
            if any(writer.page.length(t) > LONG for t in trees):
                return
            texts = [to_text(t) for t in trees]
            operation = node.operation
            if not _holds(operation.domain, node.children[0]):
                yield from _filled(operation, texts, operation.domain)
            yield from _filled(operation, texts, _smooth(operation.kink))
    except UnwritableError:
        return


_SMOOTH = (
    (" = ", " != "), ("the largest eigenvalue of S is repeated", "the largest eigenvalue of S is simple"),
    ("an eigenvalue of S is repeated", "every eigenvalue of S is simple"),
    ("the largest singular value of X is repeated", "the largest singular value of X is simple"),
    ("a singular value of X is 0 or repeated", "the singular values of X are simple and not 0"),
    ("X is rank deficient", "X has full rank"), ("are equal", "differ"),
)  # fmt: skip


def _smooth(kink: str) -> str:
    """Where an operation is smooth, from where it is not."""
    for words, opposite in _SMOOTH:
        kink = kink.replace(words, opposite)
    return kink


def _holds(domain: str, argument: Node) -> bool:
    """Whether a domain is met by what is known of the argument."""
    if _constant(argument):
        return True
    if "det" in domain:
        return is_spd(argument)
    return domain.endswith("> 0") and is_positive(argument)


def _constant(node: Node) -> bool:
    """No variable below it."""
    return not any(isinstance(n, Var) for n in topological([node]))


def _filled(operation: Operation, args: list[str], condition: str) -> Iterator[str]:
    """The condition with the arguments in place of the parameters."""
    if condition and len(args) == len(operation.params):
        names = dict(zip(operation.params, args, strict=True))
        yield re.sub(r"[A-Za-z]\w*", lambda m: names[m[0]] if m[0] in names else m[0], condition)
