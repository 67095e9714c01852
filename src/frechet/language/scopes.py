"""The order in which a tree is typed, and what each name in it refers to.

Definitions come before the body that uses them, arguments before what is made of them. A loop with its own stack:
the depth of a formula is no limit.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from frechet.core.errors import FrechetError, problem
from frechet.language.declarations import check_name
from frechet.language.tree import Tree
from frechet.ops.op import REGISTRY


@dataclass(slots=True)
class Plan:
    """`order`: every tree, ready to be typed. `bound`: id of a name -> the definition or arrow it refers to.

    `size_arguments`: id of a call -> places of its arguments that are sizes, not values (eye(n)), and not in `order`.
    """

    order: list[Tree] = field(default_factory=list)
    bound: dict[int, Tree] = field(default_factory=dict)
    size_arguments: dict[int, frozenset[int]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    """All names that a `where` or an arrow defines somewhere."""


def make_plan(root: Tree, variables: Collection[str]) -> Plan:
    """The plan of a formula; a `where` may not define what is a declared variable."""
    plan = Plan()
    scope: dict[str, list[Tree]] = {}
    seen: set[int] = set()
    # (what to do, tree, name): "enter" a tree, "leave" it, "bind" a name to it, "free" a name again
    stack: list[tuple[str, Tree, str]] = [("enter", root, "")]
    while stack:
        action, tree, name = stack.pop()
        if action == "leave":
            plan.order.append(tree)
        elif action == "bind":
            scope.setdefault(name, []).append(tree)
            plan.names.add(name)
            if tree.kind != "arrow" and name in variables:
                raise problem("E202", f"{name} is a variable; `where` cannot define it again.", tree.span,
                              help="Choose another name for the shared part.")  # fmt: skip
        elif action == "free":
            scope[name].pop()
        elif id(tree) not in seen:
            seen.add(id(tree))
            _enter(tree, plan, scope, stack, root)
    return plan


def _enter(
    tree: Tree, plan: Plan, scope: dict[str, list[Tree]], stack: list[tuple[str, Tree, str]], root: Tree
) -> None:
    """Push what is to be done for one tree, the last thing first."""
    if not tree.args:
        if tree.kind == "name" and scope.get(tree.name):
            plan.bound[id(tree)] = scope[tree.name][-1]
        plan.order.append(tree)
        return
    stack.append(("leave", tree, ""))
    if tree.kind == "where":
        names: tuple[str, ...] = tree.value
        for name in names:
            _check_binding(name, tree)
        if len(set(names)) < len(names):
            raise problem("E202", "This `where` defines a name twice.", tree.span)
        stack.extend(("free", tree, name) for name in names)
        stack.append(("enter", tree.args[0], ""))
        for name, definition in zip(reversed(names), reversed(tree.args[1:]), strict=True):
            stack += [("bind", definition, name), ("enter", definition, "")]
    elif tree.kind == "arrow":
        if not _at_front(tree, root):
            raise problem("E303", f"A linear map {tree.name} -> ... is a whole answer, it cannot be calculated with.",
                          tree.span)  # fmt: skip
        _check_binding(tree.name, tree)
        stack += [("free", tree, tree.name), ("enter", tree.args[0], ""), ("bind", tree, tree.name)]
    else:
        places = size_places(tree) if tree.kind == "call" else frozenset()
        if places:
            plan.size_arguments[id(tree)] = places
        stack.extend(("enter", a, "") for i, a in reversed(list(enumerate(tree.args))) if i not in places)


def _check_binding(name: str, tree: Tree) -> None:
    try:
        check_name(name)
    except FrechetError as error:
        d = error.diagnostic
        raise problem(d.code, d.message, tree.span, help=d.help) from None


def _at_front(tree: Tree, root: Tree) -> bool:
    """Whether `tree` is the whole formula, or inside it only under arrows and as the body of a `where`."""
    while root is not tree and root.kind in ("arrow", "where"):
        root = root.args[0]
    return root is tree


def size_places(tree: Tree) -> frozenset[int]:
    """The places of a call's arguments that every signature of that many arguments reads as sizes."""
    record = REGISTRY.get(tree.name)
    fitting = [s.args for s in record.signatures if len(s.args) == len(tree.args)] if record else []
    return frozenset(
        i for i in range(len(tree.args)) if fitting and all(args[i].kind in ("size", "literal") for args in fitting)
    )
