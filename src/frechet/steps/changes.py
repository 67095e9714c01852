"""Which part of a line is new: the smallest subtree outside which the line is as the one before."""

from __future__ import annotations

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


def changed_span(before: Tree, after: Tree) -> tuple[int, int]:
    """Where the changed part stands in the text of `after`: half-open offsets."""
    text = to_text(after)
    part = changed_part(before, after)
    if part is after:
        return 0, len(text)
    marked = to_text(_marked(after, part))
    head, mark, tail = marked.partition(MARK)
    if not mark or MARK in tail or not text.startswith(head) or not text.endswith(tail):
        return 0, len(text)
    return len(head), len(text) - len(tail)


def _marked(root: Tree, part: Tree) -> Tree:
    """The tree with one occurrence of the part replaced by a mark."""
    path = [root]
    while path[-1] is not part:
        here = path[-1]
        inside = next((a for a in here.args if any(t is part for t in subtrees(a))), None)
        if inside is None:
            return root
        path.append(inside)
    result = Tree("name", name=MARK, shape=part.shape)
    for parent, child in zip(reversed(path[:-1]), reversed(path[1:]), strict=True):
        place = next(k for k, a in enumerate(parent.args) if a is child)
        result = parent.with_(args=(*parent.args[:place], result, *parent.args[place + 1 :]))
    return result
