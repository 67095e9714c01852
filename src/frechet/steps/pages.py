"""The rule book as a page of the documentation."""

from __future__ import annotations

from frechet.steps.book.rule import Rule
from frechet.steps.rules import CHAPTERS, WRITTEN, all_ids, rule

TITLES = {
    "differentials": "Differentials",
    "identification": "From df to the derivative",
    "chain rule": "The chain rule, partial derivatives, components",
    "limits": "Limits",
    "identities": "The table of identities",
}
OPENING = """# The rule book

Every line of a [derivation](derivations.md) names the rules it uses; `frechet explain R-trace-cyclic` shows one,
`frechet explain` lists them. Written by `docs/generate.py`.
"""
FUNCTIONS = """## Single functions

From the declarations of the operations: the differential of each, and laws that make a function simpler.

| rule | law | where | source |
| --- | --- | --- | --- |"""


def markdown() -> str:
    """The written rules by chapter, then those of operations and the laws of single functions."""
    lines = [OPENING]
    for chapter, title in TITLES.items():
        lines += [f"## {title}", ""]
        for written in CHAPTERS[chapter]:
            lines += _entry(rule(written.id))
    lines.append(FUNCTIONS)
    for found in (rule(i) for i in all_ids() if i not in WRITTEN):
        law = f"`{found.law}`" if found.law else found.words
        cells = (f"`{found.id}`", law, found.condition, found.source)
        lines.append("| " + " | ".join(" ".join(c.split()).replace("|", "\\|") for c in cells) + " |")
    return "\n".join(lines) + "\n"


def _entry(found: Rule) -> list[str]:
    """A rule with its law, condition, reason and example."""
    lines = [f"### {found.id}", "", f"**{found.name}** · `{found.law}`" if found.law else f"**{found.name}**", "",
             found.words]  # fmt: skip
    for title, text in (("Where", found.condition), ("Why", found.proof), ("Source", found.source)):
        lines += ["", f"{title}: {text}"] if text else []
    lines += ["", f"Example: `{found.example}`"] if found.example else []
    return [*lines, ""]
