"""Tree to the text language: `2*X'*(X*w - y)`. Reading the text gives back the same tree."""

from __future__ import annotations

from frechet.language.tree import BINARY, INFIX, Tree
from frechet.notation.layout import Piece, arguments, child, write

_SPACED = {kind: f" {sign} " if kind in ("add", "sub", "dotadd", "dotsub") else sign for kind, sign in BINARY.items()}


def to_text(tree: Tree) -> str:
    """The formula in the text language, with the fewest parentheses that read surely."""
    text = write(tree, _pieces)
    # By itself a comparison would read like an equation.
    return f"({text})" if tree.kind == "call" and tree.name in INFIX else text


def relation_text(tree: Tree) -> str:
    """The same of a condition, where a comparison stands by itself."""
    return write(tree, _pieces)


def _pieces(tree: Tree) -> list[Piece]:
    kind = tree.kind
    if kind in _SPACED:
        return [*child(tree, 0), _SPACED[kind], *child(tree, 1)]
    if kind in ("number", "name"):
        return [tree.name]
    if kind == "size":
        return [str(tree.value)]
    if kind == "neg":
        return ["-", *child(tree, 0)]
    if kind == "transpose":
        return [*child(tree, 0), "'"]
    if kind == "call" and tree.name in INFIX:
        return [*child(tree, 0), f" {INFIX[tree.name]} ", *child(tree, 1)]
    if kind == "call":
        return [tree.name, "(", *arguments(tree), ")"]
    if kind == "index":
        return [*child(tree, 0), index_text(tree)]
    if kind == "matrix":
        return ["[", *_rows(tree), "]"]
    if kind == "where":
        return [*child(tree, 0), " where ", *_definitions(tree)]
    assert kind == "arrow", kind
    return [tree.name, " -> ", *child(tree, 0)]


def index_text(tree: Tree) -> str:
    """`[2]`, `[:,3]`."""
    return "[" + ",".join(map(place_text, tree.value)) + "]"


def place_text(place: int | tuple[int, int] | None) -> str:
    """`2`, `2:4`, `:`."""
    return ":" if place is None else f"{place[0]}:{place[1]}" if isinstance(place, tuple) else str(place)


def _rows(tree: Tree) -> list[Piece]:
    """`a, b; c, d`."""
    width = tree.value[1]
    out: list[Piece] = []
    for i in range(len(tree.args)):
        if i:
            out.append("; " if i % width == 0 else ", ")
        out += child(tree, i)
    return out


def _definitions(tree: Tree) -> list[Piece]:
    """`s = ..., t = ...`."""
    out: list[Piece] = []
    for i, name in enumerate(tree.value, 1):
        out += [", " if i > 1 else "", f"{name} = ", *child(tree, i)]
    return out
