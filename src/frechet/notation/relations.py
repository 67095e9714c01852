"""Comparisons as an expert writes them: a > b rather than a - b > 0, with bare scalars beside entries."""

from __future__ import annotations

from frechet.core.dims import Shape
from frechet.language.tree import Tree
from frechet.notation.page import Page

_TURNED = {"gt": "lt", "ge": "le", "eq": "eq"}


def against_zero(page: Page, name: str, tree: Tree, shape: Shape) -> Tree:
    """tree > 0 (or >= or ==) as a comparison of the sides of a difference, a number on the right."""
    left, right = (tree.args[0], tree.args[1]) if tree.kind == "sub" else (tree, page.number(0))
    left, right = bare(page, left), bare(page, right)
    if left.typed.is_scalar and right.typed.is_scalar and not shape.is_scalar:
        return page.call(name, [tree, page.number(0)], shape)  # scalars for all entries would be one comparison
    if left.kind == "neg" and right.kind == "number":
        return page.call(_TURNED[name], [left.args[0], page.neg(right)], shape)
    if (left.typed.is_scalar and not right.typed.is_scalar) or left.kind == "number":
        return page.call(_TURNED[name], [right, left], shape)
    return page.call(name, [left, right], shape)


def _is_one(tree: Tree) -> bool:
    return tree.kind == "number" and tree.value == 1


def bare(page: Page, tree: Tree) -> Tree:
    """s for s*ones(n) and vector(s): a comparison takes a scalar beside entries."""
    if tree.kind == "call" and tree.name in ("vector", "matrix"):
        return tree.args[0]
    if tree.kind == "call" and tree.name == "ones":
        return page.number(1)
    if tree.kind == "mul" and tree.args[0].typed.is_scalar and _is_one(bare(page, tree.args[1])):
        return tree.args[0]
    if tree.kind == "neg":
        inner = bare(page, tree.args[0])
        return page.neg(inner) if inner is not tree.args[0] else tree
    return tree
