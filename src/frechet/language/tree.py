"""The surface tree: what people write and read. Input and output are the same type.

Every kind of tree, with the fields it uses:

    number     value (Fraction), name (the literal as typed, "" if computed)
    name       name: a variable, a direction (dX) or a `where` name
    size       value (Dim): the name of a dimension used as a scalar
    neg        -a            transpose  a'
    add sub mul div pow                 a + b   a - b   a * b   a / b   a ^ b
    dotadd dotsub dotmul dotdiv dotpow  a .+ b  a .- b  a .* b  a ./ b  a .^ b
    call       name(args); sizes among the arguments (eye(n)) are `size` or `number` trees
    index      args[0] is what is indexed; value is a tuple with an int (from 1) or None (":") for each axis
    matrix     [a, b; c, d]: args row by row, value (rows, cols)
    where      args[0] is the body, args[1:] the definitions, value the tuple of names;
               a definition may use the names before it
    arrow      name -> args[0], a linear map

Trees are immutable and compared by identity. `shape` is None until `language.shapes` (or the code that
builds a tree) sets it. Trees can be very deep: walk them with `fold`, never by recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeVar

from frechet.core.dims import SCALAR, Shape, Size
from frechet.core.errors import Span

R = TypeVar("R")

BINARY = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "^",
    "dotadd": ".+", "dotsub": ".-", "dotmul": ".*", "dotdiv": "./", "dotpow": ".^",
}  # fmt: skip
INFIX = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "eq": "==", "ne": "!=", "and": "&", "or": "|"}
"""Operations whose call is written between its arguments."""


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """One node of surface syntax; see the module's table for which kind uses which field."""

    kind: str
    args: tuple[Tree, ...] = ()
    name: str = ""
    value: Any = None
    shape: Shape | None = None
    span: Span | None = None

    @property
    def typed(self) -> Shape:
        """The shape, once it is known."""
        assert self.shape is not None, f"untyped {self.kind}"
        return self.shape

    def with_(self, **changes: Any) -> Tree:
        return replace(self, **changes)


def fold(root: Tree, visit: Callable[[Tree, Sequence[R]], R]) -> R:
    """Value of `root` from the values of its arguments, bottom-up, with a loop; a shared subtree is visited once."""
    done: dict[int, R] = {}
    stack: list[tuple[Tree, bool]] = [(root, False)]
    while stack:
        tree, ready = stack.pop()
        if id(tree) in done:
            continue
        if ready:
            done[id(tree)] = visit(tree, [done[id(a)] for a in tree.args])
        else:
            stack.append((tree, True))
            stack.extend((a, False) for a in reversed(tree.args) if id(a) not in done)
    return done[id(root)]


def subtrees(root: Tree) -> list[Tree]:
    """Every distinct subtree, arguments before what uses them."""
    order: list[Tree] = []
    fold(root, lambda tree, _: order.append(tree))
    return order


def number(value: Fraction | int, name: str = "", span: Span | None = None) -> Tree:
    return Tree("number", name=name, value=Fraction(value), shape=SCALAR, span=span)


def variable(name: str, shape: Shape) -> Tree:
    return Tree("name", name=name, shape=shape)


def call(name: str, *args: Tree, shape: Shape) -> Tree:
    return Tree("call", args, name=name, shape=shape)


def size(dims: Size) -> Tree:
    """The number of entries along a surface dimension, as a scalar tree (a product for a composite one)."""
    parts = [number(d) if isinstance(d, int) else Tree("size", value=d, shape=SCALAR) for d in dims]
    result = parts[0] if parts else number(1)
    for part in parts[1:]:
        result = Tree("mul", (result, part), shape=SCALAR)
    return result
