"""What all printers share: where parentheses go, how a number reads, and a writer that needs no recursion.

The levels are those of the parser (`language.precedence`), so that reading a printed text gives back the same tree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from frechet.core.dims import SCALAR
from frechet.language.precedence import ARROW, ATOM, COMPARISON, LEVEL, NEGATION, POSTFIX, PRODUCT, SUM, WHERE, binding
from frechet.language.tree import INFIX, Tree, number

LONG_DENOMINATOR = 100
"""From this denominator on, a fraction that ends is printed as a decimal: 0.001, but 3/20."""

Piece = str | Tree


def spelled(tree: Tree) -> Tree:
    """A computed number as it is written: negative ones as `-a`, fractions as `a/b`; every other tree as it is."""
    if tree.kind != "number" or tree.name:
        return tree
    value = Fraction(tree.value)
    if value < 0:
        return Tree("neg", (number(-value),), shape=SCALAR)
    if value.denominator == 1:
        return number(value, str(value.numerator))
    finite = decimal(value) if value.denominator >= LONG_DENOMINATOR else ""
    if finite:
        return number(value, finite)
    return Tree("div", (number(value.numerator), number(value.denominator)), shape=SCALAR)


def decimal(value: Fraction) -> str:
    """The finite decimal of a positive `value`, or "" if it has none."""
    rest, places = value.denominator, 0
    while 10**places % rest and places < 400:
        places += 1
    if 10**places % rest:
        return ""
    digits = str(value.numerator * 10**places // rest).rjust(places + 1, "0")
    mantissa = digits.lstrip("0")
    if places <= 6 or len(mantissa) > places:
        return f"{digits[:-places]}.{digits[-places:]}"
    tail = f".{mantissa[1:]}" if len(mantissa) > 1 else ""
    return f"{mantissa[0]}{tail}e-{places - len(mantissa) + 1}"


def wraps(parent: Tree, position: int, child: Tree) -> bool:
    """Whether the child at `position` needs parentheses, so that reading the text gives back this very tree.

    Beyond that, some get them so that people read surely what the parser reads: see `_eases`.
    """
    kind, own, inner = parent.kind, binding(parent), binding(child)
    if kind == "call" and parent.name in INFIX:
        return inner <= own if position or own == COMPARISON else inner < own
    if kind in ("call", "matrix"):
        return child.kind == "where"
    if kind == "arrow":
        return inner < ARROW
    if kind == "where":
        return inner < WHERE if position == 0 else inner <= WHERE
    if kind == "neg":
        return inner <= NEGATION
    if own == POSTFIX and position == 1:
        bare = spelled(child.args[0]) if child.kind == "neg" else child
        return LEVEL[bare.kind] < ATOM
    if position == 0:
        return inner < own or _eases(parent, child)
    return inner <= own or child.kind == "neg"


def _eases(parent: Tree, left: Tree) -> bool:
    """Parentheses for the eye on the left: `(a^b)^c`, `(u.^2)'`, `(A*x).*y`, `(x.*y)*z'`, `(x'*y)*x`."""
    if LEVEL[parent.kind] == POSTFIX:
        return left.kind in ("pow", "dotpow")
    if parent.kind in ("dotmul", "dotdiv"):
        return left.kind == "mul" and not is_scalar(left.args[0])
    if parent.kind == "mul":
        inner_product = left.kind == "mul" and is_scalar(left) and not is_scalar(left.args[1])
        return left.kind in ("dotmul", "dotdiv") or (inner_product and not is_scalar(parent.args[1]))
    return False


def is_scalar(tree: Tree) -> bool:
    """Whether it is known to be scalar."""
    return tree.kind == "number" or (tree.shape is not None and tree.shape.is_scalar)


def write(root: Tree, pieces: Callable[[Tree], Sequence[Piece]]) -> str:
    """The text of `root`: `pieces(tree)` gives strings and trees still to be written. Linear, without recursion."""
    out: list[str] = []
    stack: list[Piece] = [root]
    while stack:
        piece = stack.pop()
        if isinstance(piece, str):
            out.append(piece)
        else:
            stack.extend(reversed(pieces(spelled(piece))))
    return "".join(out)


def arguments(tree: Tree, separator: str = ", ") -> list[Piece]:
    """The arguments of a call, separated."""
    out: list[Piece] = []
    for i, arg in enumerate(tree.args):
        out += [separator] if i else []
        out += ["(", arg, ")"] if wraps(tree, i, spelled(arg)) else [arg]
    return out


def child(tree: Tree, position: int, left: str = "(", right: str = ")") -> list[Piece]:
    """One argument of an operator, in parentheses where it needs them."""
    arg = spelled(tree.args[position])
    return [left, arg, right] if wraps(tree, position, arg) else [arg]


def brackets(parent: Tree, place: int, arg: Tree, inner: int) -> bool:
    """Whether an operand of level `inner` needs brackets in mathematical setting, where sums and products regroup."""
    own = binding(parent)
    if parent.kind == "neg":
        return inner <= NEGATION
    if own == SUM:
        minus = parent.kind in ("sub", "dotsub")
        return inner < SUM or (place == 1 and (arg.kind == "neg" or (minus and inner == SUM)))
    if own == POSTFIX:
        return inner < ATOM
    if own != PRODUCT:
        return inner <= own
    if inner < PRODUCT or (inner == PRODUCT and arg.kind not in ("mul", "div", "number")):
        return inner < PRODUCT or arg.kind != parent.kind or place == 1
    if arg.kind != "mul":
        return False
    if parent.kind != "mul":
        return not is_scalar(arg.args[0])
    inner_product = is_scalar(arg) and not is_scalar(arg.args[1])
    return inner_product and (place == 1 or not is_scalar(parent.args[1]))
