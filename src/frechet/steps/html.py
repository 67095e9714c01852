"""A derivation as HTML with MathML, which browsers set by themselves; the changed part carries a class."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from frechet.language.precedence import LEVEL
from frechet.language.tree import Tree, fold
from frechet.notation.layout import brackets, spelled
from frechet.steps.changes import changed_part
from frechet.steps.render import closing, heading, remark

if TYPE_CHECKING:
    from frechet.steps.derivation import Derivation

_SIGNS = {"add": "+", "sub": "−", "dotadd": "+", "dotsub": "−", "dotmul": "⊙", "dotdiv": "⊘", "mul": "⁢"}
STYLE = ".changed{color:#06c;text-decoration:underline}"


def to_mathml(tree: Tree, changed: Tree | None = None) -> str:
    """Presentation MathML of a formula, without the surrounding `math` element."""

    def visit(t: Tree, args: Sequence[str]) -> str:
        shown = spelled(t)
        text = _element(shown, [_element(a, []) if not a.args else _whole(a) for a in shown.args] if shown is not t
                        else list(args))  # fmt: skip
        return f'<mrow class="changed">{text}</mrow>' if t is changed else text

    return fold(tree, visit)


def _whole(tree: Tree) -> str:
    return to_mathml(tree)


def _element(t: Tree, args: list[str]) -> str:
    """One tree from the markup of its arguments."""
    sides = [_bracketed(t, k, a) for k, a in enumerate(args)]
    if t.kind == "number":
        return f"<mn>{escape(t.name or str(t.value))}</mn>"
    if t.kind in ("name", "size"):
        return f"<mi>{escape(str(t.name or t.value))}</mi>"
    if t.kind in _SIGNS:
        return f"<mrow>{sides[0]}<mo>{_SIGNS[t.kind]}</mo>{sides[1]}</mrow>"
    if t.kind == "neg":
        return f"<mrow><mo>−</mo>{sides[0]}</mrow>"
    if t.kind == "div":
        return f"<mfrac>{_row(args[0])}{_row(args[1])}</mfrac>"
    if t.kind in ("pow", "dotpow"):
        return f"<msup>{_row(sides[0])}{_row(args[1])}</msup>"
    if t.kind == "transpose":
        return f"<msup>{_row(sides[0])}<mo>⊤</mo></msup>"
    if t.kind == "index":
        places = ",".join(":" if p is None else str(p) for p in t.value)
        return f"<msub>{_row(sides[0])}<mtext>{places}</mtext></msub>"
    if t.kind == "matrix":
        return _matrix(t, args)
    if t.kind == "arrow":
        return f"<mrow><mi>{escape(t.name)}</mi><mo>↦</mo>{args[0]}</mrow>"
    if t.kind == "where":
        rest = "<mo>,</mo>".join(f"<mi>{escape(n)}</mi><mo>=</mo>{a}" for n, a in zip(t.value, args[1:], strict=True))
        return f"<mrow>{args[0]}<mtext> where </mtext>{rest}</mrow>"
    inside = "<mo>,</mo>".join(args)
    return f"<mrow><mi>{escape(t.name)}</mi><mo>(</mo>{inside}<mo>)</mo></mrow>"


def _row(text: str) -> str:
    return f"<mrow>{text}</mrow>"


def _bracketed(parent: Tree, place: int, text: str) -> str:
    arg = spelled(parent.args[place])
    needed = parent.kind in LEVEL and parent.kind not in ("call", "matrix", "where", "arrow", "div")
    if needed and brackets(parent, place, arg, LEVEL[arg.kind]):
        return f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>"
    return text


def _matrix(t: Tree, args: list[str]) -> str:
    rows, cols = t.value
    body = "".join(
        "<mtr>" + "".join(f"<mtd>{args[r * cols + c]}</mtd>" for c in range(cols)) + "</mtr>" for r in range(rows)
    )
    return f"<mrow><mo>[</mo><mtable>{body}</mtable><mo>]</mo></mrow>"


def as_html(d: Derivation) -> str:
    """A table: formula and rule, one row a line."""
    rows = []
    for step in d.steps:
        part = changed_part(step.before, step.after)
        math = to_mathml(step.after, None if part is step.after else part)
        rows.append(
            f"<tr><td>{escape(step.left)}</td><td><math><mo>=</mo>{math}</math></td>"
            f'<td><a href="#{escape(step.rule)}">{escape(remark(step))}</a></td></tr>'
        )
    drawing = d.extra.get("svg", "")
    return (
        f'<section class="derivation"><style>{STYLE}</style><h3>{escape(heading(d))}</h3>{drawing}'
        f"<table>{''.join(rows)}</table><p>{escape(closing(d))}</p></section>"
    )
