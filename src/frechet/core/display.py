"""How results show themselves in notebooks and in terminals that use rich: one place for all of them.

A class derives from `Displayed` and says in `card` what there is to see: a formula and some labelled lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_STYLE = (
    ".frechet{margin:.4em 0}.frechet math{font-size:115%}"
    ".frechet table{border-collapse:collapse;margin:.3em 0 0;font-size:90%}"
    ".frechet th,.frechet td{text-align:left;padding:.1em .8em .1em 0;border:0;background:none;vertical-align:top}"
    ".frechet th{font-weight:normal;opacity:.7}.frechet td{font-family:ui-monospace,monospace;white-space:pre-wrap}"
)


@dataclass(frozen=True, slots=True)
class Card:
    """What is seen of a result.

    text    the formula for terminals; empty if there is none
    latex   the formula in LaTeX, without delimiters
    mathml  the formula as a `math` element
    notes   labelled lines below it
    body    HTML of its own, where a formula and lines do not do
    """

    text: str = ""
    latex: str = ""
    mathml: str = ""
    notes: Sequence[tuple[str, str]] = ()
    body: str = ""


class Displayed:
    """Notebooks and rich show what `card` says; `_repr_mimebundle_` gives every form at once."""

    __slots__ = ()

    def card(self) -> Card:
        """What there is to see."""
        raise NotImplementedError

    def _repr_latex_(self) -> str | None:
        """The formula between dollars; None where there is none."""
        latex = self.card().latex
        return f"${latex}$" if latex else None

    def _repr_html_(self) -> str:
        return as_html(self.card())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        card = self.card()
        bundle = {"text/plain": str(self), "text/html": as_html(card)}
        if card.latex:
            bundle["text/latex"] = f"${card.latex}$"
        kept = set(include) if include else set(bundle)
        return {kind: data for kind, data in bundle.items() if kind in kept - set(exclude or ())}

    def __rich__(self) -> Any:
        """The formula, then a table of the labelled lines."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        card = self.card()
        parts: list[Any] = [Text(card.text)] if card.text else [Text(str(self))] if card.body else []
        if card.notes and not card.body:
            table = Table.grid(padding=(0, 2))
            for label, text in card.notes:
                table.add_row(Text(label, style="dim"), Text(text))
            parts.append(table)
        return Group(*(parts or [Text(str(self))]))


def as_html(card: Card) -> str:
    """The card as a piece of HTML that stands alone, in light and dark pages."""
    rows = "".join(f"<tr><th>{escape(label)}</th><td>{escape(text)}</td></tr>" for label, text in card.notes)
    text = f"<pre>{escape(card.text)}</pre>" if card.text and not card.body else ""  # a body says it all
    formula = card.mathml or text
    table = f"<table>{rows}</table>" if rows else ""
    return f'<div class="frechet"><style>{_STYLE}</style>{formula}{card.body}{table}</div>'
