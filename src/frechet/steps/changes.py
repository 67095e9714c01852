"""Which part of a line is new: the smallest subtree outside which the line is as the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from frechet.language.tree import Tree, subtrees
from frechet.notation.text import to_text

MARK = "\ue000"


def changed_part(before: Tree, after: Tree) -> Tree:
    """The smallest subtree of `after` outside which both lines are the same."""
    while before.kind == after.kind and before.name == after.name and len(before.args) == len(after.args):
        differ = [k for k, (a, b) in enumerate(zip(before.args, after.args, strict=True)) if a is not b]
        if len(differ) != 1 or after.kind in ("where", "arrow"):
            break
        before, after = before.args[differ[0]], after.args[differ[0]]
    return after


def changed_span(before: Tree, after: Tree, show: Callable[[Tree], str] | None = None) -> tuple[int, int]:
    """Where the changed part stands in the text of `after`: half-open offsets. `show` writes the text, `to_text` if
    not given."""
    show = show or to_text
    text = show(after)
    part = changed_part(before, after)
    path = path_to(after, part)
    if part is after or path is None:
        return 0, len(text)
    head, mark, tail = show(marked(path)).partition(MARK)
    if not mark or MARK in tail or not text.startswith(head) or not text.endswith(tail):
        return 0, len(text)
    return len(head), len(text) - len(tail)


def path_to(root: Tree, part: Tree) -> list[Tree] | None:
    """The trees from the root down to one occurrence of a part, both included; None where it does not occur."""
    path = [root]
    while path[-1] is not part:
        here = path[-1]
        inside = next((a for a in here.args if any(t is part for t in subtrees(a))), None)
        if inside is None:
            return None
        path.append(inside)
    return path


def marked(path: Sequence[Tree]) -> Tree:
    """The tree at the head of a path with the part at its end replaced by a mark."""
    result = Tree("name", name=MARK, shape=path[-1].shape)
    for above, below in zip(reversed(path[:-1]), reversed(path[1:]), strict=True):
        place = next(k for k, a in enumerate(above.args) if a is below)
        result = above.with_(args=(*above.args[:place], result, *above.args[place + 1 :]))
    return result
