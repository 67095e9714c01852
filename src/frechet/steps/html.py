"""A derivation as HTML with MathML, which browsers set by themselves; the changed part carries a class."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from frechet.language.precedence import LEVEL
from frechet.language.tree import Tree
from frechet.notation.layout import brackets, spelled
from frechet.notation.mathml import content
from frechet.steps.changes import MARK, changed_part, marked, path_to
from frechet.steps.lines import line_latex
from frechet.steps.render import closing, heading, remark
from frechet.steps.typeset import left_side

if TYPE_CHECKING:
    from frechet.steps.derivation import Derivation, Step

STYLE = (".derivation td{padding:.15em .6em;border:0;background:none;text-align:left}"
         ".derivation .rule{opacity:.75;font-size:90%}.derivation .changed{color:#06c;text-decoration:underline}"
         "@media(prefers-color-scheme:dark){.derivation .changed{color:#6af}}")  # fmt: skip


def line_mathml(step: Step, directions: tuple[str, ...]) -> str:
    """The line with its changed part marked, without the `math` element."""
    part = changed_part(step.before, step.after)
    path = None if part is step.after else path_to(step.after, part)
    if path is None:
        return content(line_latex(step.after, directions))
    inside = content(line_latex(part, directions))
    if _enclosed(path[-2], part):
        inside = f"<mrow><mo>(</mo>{inside}<mo>)</mo></mrow>"
    whole = content(line_latex(marked(path), directions))
    return whole.replace(content(MARK), f'<mrow class="changed">{inside}</mrow>', 1)


def _enclosed(parent: Tree, part: Tree) -> bool:
    """Whether a part stands in brackets, which its mark, a name, does not."""
    if parent.kind in ("call", "matrix", "where", "arrow", "div"):
        return False
    shown = spelled(part)
    return brackets(parent, next(k for k, a in enumerate(parent.args) if a is part), shown, LEVEL[shown.kind])


def as_html(d: Derivation) -> str:
    """A table: what stands left, the line, the rule; one row a line."""
    rows = []
    for step in d.steps:
        left = content(left_side(step.left)) if step.left else ""
        rows.append(
            f"<tr><td><math>{left}</math></td><td><math><mo>=</mo>{line_mathml(step, d.directions)}</math></td>"
            f'<td class="rule" title="{escape(step.law)}">{escape(remark(step))}</td></tr>'
        )
    drawing = d.extra.get("svg", "")
    return (
        f'<section class="derivation"><style>{STYLE}</style><h3>{escape(heading(d))}</h3>{drawing}'
        f"<table>{''.join(rows)}</table><p>{escape(closing(d))}</p></section>"
    )
