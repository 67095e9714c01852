"""The parts of a formula a fault can sit in: terms of its sums, factors of its products; and trees with one changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from frechet.core.dims import SCALAR
from frechet.core.errors import Span
from frechet.language.tree import Tree, fold, number, subtrees

SUMS = frozenset({"add", "sub", "dotadd", "dotsub"})
PRODUCTS = frozenset({"mul", "dotmul"})


def replaced(root: Tree, target: Tree, new: Tree) -> Tree:
    """The tree with one subtree (by identity) exchanged; types are dropped on the way up."""

    def visit(tree: Tree, args: Sequence[Tree]) -> Tree:
        if tree is target:
            return new
        if all(a is b for a, b in zip(args, tree.args, strict=True)):
            return tree
        return Tree(tree.kind, tuple(args), tree.name, tree.value, None, tree.span)

    return fold(root, visit)


def terms(root: Tree) -> list[Tree]:
    """Every term of every sum in the tree, outermost first, and the whole itself."""
    found = [root]
    for tree in reversed(subtrees(root)):
        if tree.kind in SUMS:
            found += [a for a in tree.args if a.kind not in SUMS]
    return found


def top_terms(root: Tree) -> list[tuple[int, Tree]]:
    """The signed terms of the outermost sum."""
    out: list[tuple[int, Tree]] = []
    stack = [(1, root)]
    while stack:
        sign, tree = stack.pop()
        if tree.kind == "neg":
            stack.append((-sign, tree.args[0]))
        elif tree.kind in SUMS:
            second = -sign if tree.kind in ("sub", "dotsub") else sign
            stack += [(second, tree.args[1]), (sign, tree.args[0])]
        else:
            out.append((sign, tree))
    return out


def chain(tree: Tree) -> list[Tree]:
    """The factors of nested products of one kind, left to right."""
    out: list[Tree] = []
    stack = [tree]
    while stack:
        part = stack.pop()
        if part.kind == tree.kind and part.kind in PRODUCTS:
            stack += [part.args[1], part.args[0]]
        else:
            out.append(part)
    return out


def chains(root: Tree) -> Iterator[Tree]:
    """The outermost tree of every product chain."""
    inner = {id(a) for t in subtrees(root) if t.kind in PRODUCTS for a in t.args if a.kind == t.kind}
    yield from (t for t in subtrees(root) if t.kind in PRODUCTS and id(t) not in inner)


def joined(kind: str, parts: Sequence[Tree], span: Span | None) -> Tree:
    """A product chain again, left to right."""
    result = parts[0]
    for part in parts[1:]:
        result = Tree(kind, (result, part), span=span)
    return result


def scaled(tree: Tree, factor: int | Fraction) -> Tree:
    """factor * tree, with the span of the tree; one number with the one that stands there already."""
    if factor < 0:
        return Tree("neg", (scaled(tree, -factor),), span=tree.span)
    parts = chain(tree) if tree.kind == "mul" else [tree]
    if parts[0].kind == "number" and tree.kind == "mul":
        factor, parts = factor * parts[0].value, parts[1:]
    if factor == 1:
        return joined("mul", parts, tree.span) if len(parts) > 1 else parts[0]
    return joined("mul", [_plain_number(Fraction(factor)), *parts], tree.span)


def _plain_number(value: Fraction) -> Tree:
    """A whole number, or a quotient of two."""
    if value.denominator == 1:
        return number(value)
    return Tree("div", (number(value.numerator), number(value.denominator)), shape=SCALAR)


def tidy(root: Tree) -> Tree:
    """a + (-b) as a - b, a - (-b) as a + b, -(-a) and a'' as a."""

    def visit(tree: Tree, args: Sequence[Tree]) -> Tree:
        new = tree if all(a is b for a, b in zip(args, tree.args, strict=True)) else Tree(
            tree.kind, tuple(args), tree.name, tree.value, None, tree.span)  # fmt: skip
        if new.kind in ("add", "sub") and new.args[1].kind == "neg":
            return Tree("sub" if new.kind == "add" else "add", (new.args[0], new.args[1].args[0]), span=new.span)
        if new.kind == "neg" and new.args[0].kind == "neg":
            return new.args[0].args[0]
        if new.kind == "transpose" and new.args[0].kind == "transpose":
            return new.args[0].args[0]
        return new

    return fold(root, visit)


def signed_sum(parts: Sequence[tuple[int, Tree]]) -> Tree:
    """The sum of signed terms."""
    sign, result = parts[0]
    result = result if sign > 0 else Tree("neg", (result,), span=result.span)
    for sign, part in parts[1:]:
        result = Tree("add" if sign > 0 else "sub", (result, part))
    return result
