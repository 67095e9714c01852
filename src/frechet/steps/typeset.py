"""A derivation in LaTeX: lines, what stands left of them, and remarks with their laws as formulas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from frechet.notation.latex import to_latex
from frechet.notation.names import latex_name
from frechet.steps.lines import line_latex
from frechet.steps.rules import WRITTEN, rule

if TYPE_CHECKING:
    from frechet.steps.book.rule import Rule
    from frechet.steps.derivation import Derivation, Step

_NAME = r"[A-Za-z]\w*"
_PLACES = r"(?:\[[\w,]+\])?"
_RATIO = re.compile(rf"([d∂])({_NAME}{_PLACES})/([d∂])({_NAME}{_PLACES})")
_QUOTIENT = re.compile(r"\((f\(.*\)) - (f\(.*\))\)/(\(-\w+\)|\w+)")
_GRADIENT = re.compile(rf"grad_({_NAME})(?: f)?")


def left_side(text: str) -> str:
    """What stands left of a line: df/dx as a fraction, grad_X f with its sign, a name as a name, words as words."""
    if not text:
        return ""
    if (found := _RATIO.fullmatch(text.removesuffix(" = limit"))) is not None:
        return _fraction(found) + (r" = \lim" if text.endswith("limit") else "")
    if (found := _GRADIENT.fullmatch(text)) is not None:
        return rf"\nabla_{{{latex_name(found[1])}}} f"
    if (found := _QUOTIENT.fullmatch(text)) is not None:
        top = f"{found[1]} - {found[2]}"
        return rf"\frac{{{top}}}{{{found[3].strip('()')}}}"
    if (found := re.fullmatch(rf"d({_NAME})", text)) is not None:
        return rf"\mathrm{{d}}{latex_name(found[1])}"
    if (found := re.fullmatch(rf"({_NAME}){_PLACES}", text)) is not None and (len(found[1]) == 1):
        return _entry(text)
    if text == "d(df)":
        return r"\mathrm{d}(\mathrm{d}f)"
    if (found := re.fullmatch(r"limit (\w+) -> 0", text)) is not None:
        return rf"\lim_{{{latex_name(found[1])} \to 0}}"
    return rf"\text{{{escaped(text)}}}"


def _entry(text: str) -> str:
    """`x` and `x[i,j]`."""
    name, _, places = text.partition("[")
    return latex_name(name) + (f"_{{{places.rstrip(']')}}}" if places else "")


def _fraction(found: re.Match[str]) -> str:
    d = r"\partial " if found[1] == "∂" else r"\mathrm{d}"
    return rf"\frac{{{d}{_entry(found[2])}}}{{{d}{_entry(found[4])}}}"


def remark_latex(step: Step) -> str:
    """The rules of a line, its note, and how it is known to hold if it is not proved; inside a \\text."""
    found = [rule(r) for r in step.rules]
    if len(found) == 1 and found[0].id in WRITTEN:
        parts = [escaped(found[0].name)]
    else:
        parts = [", ".join(dict.fromkeys(map(_brief, found)))]
    if step.note:
        parts.append(step.note_latex or _words(step.note))
    if step.proof.status != "proved":
        parts.append(escaped(str(step.proof)))
    return "; ".join(parts)


def _brief(found: Rule) -> str:
    return f"${found.latex}$" if found.latex and found.short == found.law else escaped(found.brief)


_FORMULA = re.compile(
    rf"{_RATIO.pattern}(?:\*{_RATIO.pattern})*|delta\[\w+,\w+\]|\b([\w*]+) x ([\w*]+)\b|(\S+) != (\S+)"
)


def _words(note: str) -> str:
    """A note; df/du*du/dx, delta[j,i] and m x n in it as formulas."""
    pieces, place = [], 0
    for found in _FORMULA.finditer(note):
        pieces += [escaped(note[place : found.start()]), f"${_formula(found[0])}$"]
        place = found.end()
    return "".join([*pieces, escaped(note[place:])])


def _formula(text: str) -> str:
    if text.startswith("delta"):
        return rf"\delta_{{{text[6:-1]}}}"
    if " x " in text:
        return text.replace(" x ", r" \times ").replace("*", " ")
    if " != " in text:
        return text.replace("!=", r"\ne")
    return r" \, ".join(map(left_side, text.split("*")))


def escaped(text: str) -> str:
    """Words in LaTeX's text mode."""
    safe = {"\\": r"\textbackslash{}", "_": r"\_", "^": r"\^{}", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$",
            "~": r"\~{}", "{": r"\{", "}": r"\}", "<": "$<$", ">": "$>$", "∂": r"$\partial$", "|": "$|$"}  # fmt: skip
    return "".join(safe.get(c, c) for c in text).replace("-$>$", r"$\to$")


def as_latex(d: Derivation) -> str:
    """An `align*` that plain amsmath sets."""
    rows = []
    for step in d.steps:
        formula = line_latex(step.after, d.directions)
        rows.append(rf"{left_side(step.left)} &= {formula} && \text{{{remark_latex(step)}}}")
    return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"


def as_markdown(d: Derivation, closing: str) -> str:
    """A heading, one displayed formula a line with its rule, the drawing, and how the steps were checked."""
    lines = [f"**{d.goal}** of $f = {to_latex(d.start)}$", ""]
    for k, step in enumerate(d.steps, 1):
        formula = f"{left_side(step.left)} = {line_latex(step.after, d.directions)}"
        lines += [f"{k}. {remark_latex(step)}", "", f"   $${formula}$$", ""]
    if d.extra.get("graph"):
        lines += ["```", d.extra["graph"], "```", ""]
    if d.gap:
        lines += [f"Not written out in full: {d.gap}.", ""]
    return "\n".join([*lines, closing])
