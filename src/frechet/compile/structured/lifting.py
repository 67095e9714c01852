"""The solve of a Newton step for one point, as an expression for a whole stack of points."""

from __future__ import annotations

import ast
from collections.abc import Collection

# Helpers that have a form for stacks: of so many arguments, whose last has the axis of the batch.
STACKS = {"newton_step": ("newton_steps", 2), "woodbury_solve": ("woodbury_solves", 4)}


class _NotLifted(Exception):
    """An expression that has no form for stacks."""


def lifted(text: str, moving: Collection[str]) -> tuple[str, list[str]] | None:
    """The expression for arrays of which `moving` have the axis of the batch, and the helpers it calls; None for what
    is made of more than helpers that have such a form and transposes."""
    helpers: list[str] = []
    try:
        found, moves = _lifted(ast.parse(text, mode="eval").body, moving, helpers)
    except _NotLifted:
        return None
    return (found, helpers) if moves else None


def _lifted(node: ast.expr, moving: Collection[str], helpers: list[str]) -> tuple[str, bool]:
    """The text of a part, and whether it has the axis."""
    if isinstance(node, ast.Name):
        return node.id, node.id in moving
    if isinstance(node, ast.Attribute) and node.attr == "T":
        inner, moves = _lifted(node.value, moving, helpers)
        turned = "transpose(0, 2, 1)" if moves else "T"
        return (inner.removesuffix(f".{turned}") if inner.endswith(f".{turned}") else f"{inner}.{turned}"), moves
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.keywords:
        raise _NotLifted
    name, count = STACKS.get(node.func.id, ("", 0))
    parts = [_lifted(a, moving, helpers) for a in node.args]
    if len(parts) != count or not parts[-1][1]:
        raise _NotLifted
    helpers.append(name)
    return f"{name}({', '.join(t for t, _ in parts)})", True
