"""The errors of shape and name: both operands with their sizes, and the forms that would fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from frechet.core.errors import FrechetError, Span, problem
from frechet.language.scopes import Plan
from frechet.language.spell import CONSTANTS, did_you_mean, listed
from frechet.language.tree import BINARY, Tree
from frechet.language.typed import Type, show
from frechet.language.unify import Sizes
from frechet.ops.op import REGISTRY


class Context(Protocol):
    """What an error needs to know of the pass it comes from."""

    plan: Plan
    sizes: Sizes
    source: str
    variables: Mapping[str, Type]
    size_names: Collection[str]


def text_of(context: Context, tree: Tree, brackets: bool = False) -> str:
    """What the user typed for a subtree, shortened."""
    if tree.span is None:
        return tree.name or "this"
    text = " ".join(context.source[tree.span.start : tree.span.end].split())
    text = text if len(text) <= 30 else f"{text[:27]}..."
    plain = tree.kind in ("name", "call", "number", "transpose", "index")
    return text if plain or not brackets else f"({text})"


def notes(context: Context, *pairs: tuple[Tree, Type]) -> tuple[tuple[Span, str], ...]:
    """`A is m x n` under each operand."""
    return tuple((tree.span, f"{text_of(context, tree)} is {show(context.sizes, t)}") for tree, t in pairs if tree.span)


def _sentence(context: Context, *pairs: tuple[Tree, Type]) -> str:
    return ", ".join(f"{text_of(context, tree)} is {show(context.sizes, t)}" for tree, t in pairs)


def _fitting(forms: list[tuple[str, bool]]) -> str:
    """The help that lists the forms that would fit."""
    good = [text for text, fits in forms if fits]
    return f"These would fit: {', '.join(good)}." if good else ""


def product(context: Context, tree: Tree, a: Type, b: Type) -> FrechetError:
    """`A*y` where the columns of A are not the rows of y."""
    left, right = (text_of(context, t, True) for t in tree.args)
    fits = context.sizes.fits
    forms = [
        (f"{left}'*{right}", fits((a.rows, b.rows))),
        (f"{left}*{right}'", fits((a.cols, b.cols))),
        (f"{left}.*{right}", fits((a.rows, b.rows), (a.cols, b.cols))),
    ]
    pairs = list(zip(tree.args, (a, b), strict=True))
    help = _fitting(forms) or _same_product(context, a, b)
    return problem("E300", f"The product does not exist: {_sentence(context, *pairs)}.", tree.span, help=help,
                   notes=notes(context, *pairs))  # fmt: skip


def _same_product(context: Context, a: Type, b: Type) -> str:
    inner = context.sizes.solved(a.cols), context.sizes.solved(b.rows)
    if sorted(map(str, inner[0])) == sorted(map(str, inner[1])):
        return "The lengths agree but the order of the entries does not; commutation(m, n) reorders vec(X) to vec(X')."
    return ""


def entrywise(context: Context, tree: Tree, a: Type, b: Type) -> FrechetError:
    """`A + x`, `x.*y` with different shapes, a scalar that is no literal plus a vector."""
    sign = BINARY.get(tree.kind, ",")
    left, right = (text_of(context, t, True) for t in tree.args[:2])
    fits = context.sizes.fits
    if len(tree.args) > 2:  # where(c, a, b): what came before has one shape
        shapes = f"{show(context.sizes, a)} and {show(context.sizes, b)}"
        return problem("E300", f"The arguments of {tree.name} have different shapes: {shapes}.", tree.span)
    pairs = list(zip(tree.args, (a, b), strict=True))
    if a.scalar != b.scalar:
        lone, other = (tree.args[0], b) if a.scalar else (tree.args[1], a)
        n = ", ".join(context.sizes.show(side) for side in (other.rows, other.cols) if side)
        filled = f"{text_of(context, lone, True)}*ones({n})" + ("'" if not other.rows else "")
        dotted = f"{left} .{sign} {right}, or " if sign in "+-" else ""
        return problem("E300", f"A scalar and {show(context.sizes, other)} are not added entry by entry by {sign!r}."
                       if sign in "+-" else f"The shapes differ: {_sentence(context, *pairs)}.", tree.span,
                       help=f"Write {dotted}{filled}.", notes=notes(context, *pairs))  # fmt: skip
    forms = [
        (f"{left}'{sign}{right}", fits((a.cols, b.rows), (a.rows, b.cols))),
        (f"{left}*{right}", sign != "+" and sign != "-" and fits((a.cols, b.rows))),
        (f"diag({left})*{right}", sign == ".*" and not a.cols and bool(b.cols) and fits((a.rows, b.rows))),
        (f"{left}*diag({right})", sign == ".*" and not b.cols and bool(a.cols) and fits((a.cols, b.rows))),
    ]
    return problem("E300", f"The shapes differ: {_sentence(context, *pairs)}.", tree.span,
                   help=_fitting(forms), notes=notes(context, *pairs))  # fmt: skip


def division(context: Context, tree: Tree, a: Type, b: Type) -> FrechetError:
    left, right = (text_of(context, t, True) for t in tree.args)
    elementwise = a.scalar or context.sizes.fits((a.rows, b.rows), (a.cols, b.cols))
    square = context.sizes.fits((b.rows, b.cols))
    help = f"Elementwise: {left}./{right}." if elementwise else f"Write {left}*inv({right})." if square else ""
    return problem("E303", f"The right side of / is a scalar; {text_of(context, tree.args[1])} is "
                   f"{show(context.sizes, b)}.", tree.args[1].span, help=help)  # fmt: skip


def power(context: Context, tree: Tree, a: Type) -> FrechetError:
    base, exponent = (text_of(context, t, True) for t in tree.args)
    return problem("E301", f"^ needs a scalar or a square matrix; {text_of(context, tree.args[0])} is "
                   f"{show(context.sizes, a)}.", tree.args[0].span,
                   help=f"Elementwise powers are written .^ : {base}.^{exponent}.")  # fmt: skip


def block(context: Context, tree: Tree, place: int, t: Type) -> FrechetError:
    name, shown = text_of(context, tree.args[place]), show(context.sizes, t)
    return problem("E300", f"The block {name} is {shown} and does not fit beside the others.", tree.args[place].span)


def unknown_name(context: Context, tree: Tree) -> FrechetError:
    """A name that is neither a variable, a size nor a definition."""
    name = tree.name
    if name in REGISTRY:
        return problem("E106", f"{name} is a function; it needs arguments.", tree.span,
                       help=f"Write {REGISTRY[name].usage}.")  # fmt: skip
    if name in ("T", "t", "top") and any(t.kind == "pow" and t.args[1] is tree for t in context.plan.order):
        return problem("E200", f"^{name} is no transpose: {name!r} is not declared.", tree.span,
                       help="The transpose is written with a prime: x'.")  # fmt: skip
    known = [*context.variables, *context.size_names]
    help = did_you_mean(name, known) or f"Variables: {listed(context.variables) or 'none'}."
    if name in CONSTANTS:
        help += f" The constant is written {CONSTANTS[name]}."
    return problem("E200", f"{name!r} is not declared.", tree.span, help=help)
