"""Long shared parts get a name: `(y - s)*x' where s = softmax(W*x)`, where the whole becomes clearly shorter by it."""

from __future__ import annotations

from frechet.core.dims import Shape
from frechet.language.tree import Tree, fold, subtrees
from frechet.notation.page import LONGEST, Page
from frechet.ops import REGISTRY

# An answer that fits this is shown whole; parts shorter than PART are not worth a name.
WHOLE = 90
PART = 14
# The named form must be at most this share of the whole.
GAIN = 0.85
NAMES = ("s", "t", "u", "v", "r", "p", "q", "z")


def with_names(page: Page, tree: Tree, taken: set[str]) -> Tree:
    """The tree with `where` bindings, or itself if names do not make it clearly shorter."""
    if page.length(tree) <= WHOLE:
        return tree
    root, arrows = tree, []
    while root.kind == "arrow":
        arrows.append(root.name)
        root = root.args[0]
    chosen = _chosen(page, root)
    if not chosen:
        return tree
    fresh = _names(taken | {t.name for t in subtrees(tree) if t.kind in ("name", "arrow")}, len(chosen))
    named = _bound(page, root, dict(zip(chosen, fresh, strict=True)))
    if _total(page, named) > GAIN * min(page.length(root), LONGEST):
        return tree
    for name in reversed(arrows):  # the names are inside: they may depend on the directions
        named = page.make("arrow", [named], name=name, shape=tree.typed)
    return named


def _total(page: Page, named: Tree) -> int:
    return sum(page.length(a) + 8 for a in named.args)


def _chosen(page: Page, root: Tree) -> list[Tree]:
    """Repeated parts worth a name, inner ones first; what stands only inside another part is not counted twice."""
    order = [t for t in subtrees(root) if t is not root]
    uses: dict[Tree, int] = {}
    for t in [*order, root]:
        for a in t.args:
            uses[a] = uses.get(a, 0) + 1
    wanted = [t for t in order if uses[t] > 1 and page.length(t) >= PART and _nameable(t)]
    return _useful(page, root, wanted)


def _useful(page: Page, root: Tree, wanted: list[Tree]) -> list[Tree]:
    """Drop the names that do not pay, given the others: a part is counted as often as it stands in the result."""
    kept = list(wanted)
    for _ in range(4):
        count = _occurrences(root, kept)
        new = [t for t in kept if count[t] > 1 and (count[t] - 1) * (page.length(t) - 1) > 8]
        if len(new) == len(kept):
            break
        kept = new
    return kept


def _occurrences(root: Tree, parts: list[Tree]) -> dict[Tree, int]:
    """How often each part is written when all of them are named."""
    count = dict.fromkeys(parts, 0)
    named = set(parts)
    for start in [root, *parts]:
        paths: dict[Tree, int] = {start: 1}
        for t in _down_to(start, named):
            here = min(paths[t], LONGEST)
            if t in named and t is not start:
                count[t] = min(count[t] + here, LONGEST)
                continue
            for a in t.args:
                paths[a] = min(paths.get(a, 0) + here, LONGEST)
    return count


def _down_to(start: Tree, named: set[Tree]) -> list[Tree]:
    """What is written between `start` and the named parts below it, what uses a tree before the tree."""
    order: list[Tree] = []
    seen: set[Tree] = set()
    stack: list[tuple[Tree, bool]] = [(start, False)]
    while stack:
        t, ready = stack.pop()
        if ready:
            order.append(t)
        elif t not in seen:
            seen.add(t)
            stack.append((t, True))
            if t is start or t not in named:
                stack.extend((a, False) for a in t.args if a not in seen)
    return order[::-1]


def _nameable(t: Tree) -> bool:
    simple = t.kind == "call" and t.name in ("ones", "eye", "zeros", "commutation")
    whole = t.kind != "call" or t.name in REGISTRY
    return not simple and whole and t.kind not in ("arrow", "where", "name", "size", "number", "transpose", "neg")


def _names(taken: set[str], number: int) -> list[str]:
    """Fresh short names."""
    free = [n for n in NAMES if n not in taken]
    k = 1
    while len(free) < number:
        if f"t{k}" not in taken:
            free.append(f"t{k}")
        k += 1
    return free[:number]


def _bound(page: Page, root: Tree, names: dict[Tree, str]) -> Tree:
    """body where s = ..., t = ...; later definitions use the earlier names."""

    def visit(t: Tree, args: list[Tree]) -> Tree:
        new = (
            t
            if all(a is b for a, b in zip(t.args, args, strict=True))
            else page.make(t.kind, args, t.name, t.value, t.typed)
        )
        if t in names:
            definitions[t] = new
            return page.variable(names[t], t.typed)
        return new

    definitions: dict[Tree, Tree] = {}
    body = fold(root, lambda t, args: visit(t, list(args)))
    parts = [definitions[t] for t in names]
    shape: Shape = root.typed
    return page.make("where", [body, *parts], value=tuple(names.values()), shape=shape)
