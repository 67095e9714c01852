"""Which of several equal forms is shown: the shortest one; the form the calculus gave if it is about as short."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial

from frechet.core.errors import FrechetError
from frechet.core.node import Add, Node, topological
from frechet.equality.centred import centred
from frechet.equality.expand import cleared, expand, extract, together
from frechet.equality.extremes import has_extremes, has_signs, plain_signs, without_signs, without_squares
from frechet.language.tree import Tree
from frechet.notation.product import UnwritableError
from frechet.notation.writer import Writer

# Forms shorter than SHORT are left as they are; graphs of more than LARGE nodes are not tried in other forms.
SHORT = 6
LARGE = 250
# Graphs with signs of more nodes than this are not tried without them.
KINKED = 120
# One character less is no reason to turn the user's own signs and brackets round.
MARGIN = 1


def candidates(node: Node, moving: Collection[str] = ()) -> Iterator[Callable[[], Node]]:
    """Equal forms of a node, cheapest first; `moving` are the names of the variables of a derivative."""
    kinked = has_signs(node) and len(topological([node])) <= KINKED
    node = plain_signs(node) if kinked else node
    plain = centred(node)
    if plain is not node:  # multiplied out, nothing would be centred any more
        yield lambda: plain
        yield lambda: extract(plain)
        return
    yield lambda: node
    yield lambda: extract(node)
    yield lambda: expand(node, inside=False)
    yield lambda: together(extract(node))
    yield lambda: expand(node, conditions=False)
    yield lambda: extract(expand(node, conditions=False))
    yield lambda: cleared(node)
    yield lambda: extract(cleared(node))
    if kinked:
        forms = [
            node,
            expand(node, conditions=False),
            *(without_signs(node, place) for place in (0, 1) if has_extremes(node)),
        ]
        for form in forms:
            yield partial(_itself, form)
            yield partial(without_squares, form, moving)


def _itself(node: Node) -> Node:
    return node


def shortest(writer: Writer, node: Node, write: Callable[[Node], Tree]) -> Tree:
    """The form of `node` that reads shortest; UnwritableError if none can be written."""
    best: Tree | None = None
    seen: set[Node] = set()
    nodes = topological([node])
    # Without a sum there is nothing to multiply out or to take out.
    single = len(nodes) > LARGE or not (has_signs(node) or any(isinstance(n, Add) for n in nodes))
    for make in candidates(node, writer.moving):
        try:
            form = make()
            if form in seen:
                continue
            seen.add(form)
            tree = write(form)
        except (UnwritableError, FrechetError):
            continue
        if best is None or writer.page.length(tree) < writer.page.length(best) - MARGIN:
            best = tree
        if single or writer.page.length(best) <= SHORT:
            break
    if best is None:
        raise UnwritableError
    return best
