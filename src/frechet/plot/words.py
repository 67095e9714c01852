"""Names and numbers as they stand in a picture (mathtext) and in its description (plain words)."""

from __future__ import annotations

import re
from math import floor, isfinite, log10
from typing import Any

from frechet.language.tree import Tree
from frechet.notation.latex import to_latex
from frechet.notation.names import latex_name, unicode_name
from frechet.plot.style import matplotlib_parts

_ENTRY = re.compile(r"(?P<name>.+)\[(?P<index>[0-9,]+)\]")
_AFTER_FACTOR = re.compile(r"(?<=[0-9A-Za-z)}]) (?=\\(?:log|exp|sin|cos|tan|sinh|cosh|tanh|det|sqrt|operatorname)\b)")
_SPELLING = {r"^\top": r"^{\mathsf{T}}", r"\lVert": r"\Vert ", r"\rVert": r"\Vert ", r"\lvert": "|", r"\rvert": "|"}
_SIGNS = (
    (r"\mathsf{T}", "ᵀ"), (r"^\top", "ᵀ"), ("^ᵀ", "ᵀ"), (r"\odot", "⊙"), (r"\oslash", "⊘"), ("},{", ", "),
    (r"\ldots", "…"), (r"\times ", "×"), (r"\nabla", "∇"), (r"\approx", "≈"), (r"\lambda", "λ"), (r"\sigma", "σ"),
    (r"\delta", "δ"), (r"\Delta", "Δ"), (r"\cdot", "·"), (r"\to", "→"), (r"\|", "|"),
)  # fmt: skip
LONGEST_TITLE = 90


def math_label(label: str) -> str:
    """`x1` is x_1, `x[2]` is x_2, `X[1,2]` is X_{12}: without the dollar signs."""
    entry = _ENTRY.fullmatch(label)
    if entry is None:
        return (
            latex_name(label) if re.fullmatch(r"\w+", label) else rf"\mathrm{{{re.sub(r'[^A-Za-z0-9 ]', ' ', label)}}}"
        )
    base = math_label(entry["name"])
    index = entry["index"]
    below = index if max(map(len, index.split(","))) > 1 else index.replace(",", "")
    return f"{{{base}}}_{{{below}}}" if "_" in base else f"{base}_{{{below}}}"


def plain_label(label: str) -> str:
    """`x₁`, `x[2]`: for captions and descriptions."""
    return unicode_name(label) if re.fullmatch(r"\w+", label) else label


def math_number(value: float, digits: int = 3) -> str:
    """`0.25`, `-3`, `1.2\\times10^{-5}`: without the dollar signs."""
    text = number(value, digits)
    if "e" not in text:
        return text
    head, _, power = text.partition("e")
    times = "" if head in ("1", "-1") else head + r"\times "
    return ("-" if head == "-1" else "") + f"{times}10^{{{int(power)}}}"


def number(value: float, digits: int = 3) -> str:
    """A number with so many significant digits, no trailing zeros, 0 for -0."""
    if not isfinite(value):
        return str(float(value))
    if value == 0:
        return "0"
    size = floor(log10(abs(value)))
    if -4 <= size < 6:
        text = f"{round(value, digits - 1 - size):.{max(0, digits - 1 - size)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        head, _, power = f"{value:.{digits - 1}e}".partition("e")
        text = (head.rstrip("0").rstrip(".") if "." in head else head) + f"e{int(power)}"
    return "0" if text in ("-0", "") else text


def vector(values: Any, digits: int = 3) -> str:
    """`(1, 2.5)`; a long one is cut."""
    shown = [number(float(v), digits) for v in list(values)[:6]]
    return "(" + ", ".join(shown) + (", …" if len(values) > 6 else "") + ")"


def math_vector(values: Any, digits: int = 3) -> str:
    """`({1},{-2.5})`: as `vector`, in mathtext without the dollar signs."""
    shown = [f"{{{math_number(float(v), digits)}}}" for v in list(values)[:6]]
    return "(" + ",".join(shown) + (r",\ldots" if len(values) > 6 else "") + ")"


def drawable(latex: str) -> str:
    """The formula as mathtext can set it, in dollar signs; empty if it cannot or if it is too long for a title."""
    if not latex:
        return ""
    if len(re.sub(r"\\[a-z]+|[{}]", "", latex)) > LONGEST_TITLE:
        return ""
    for sign, known in _SPELLING.items():
        latex = latex.replace(sign, known)
    text = "$" + _AFTER_FACTOR.sub(r"\\,", latex) + "$"
    try:
        matplotlib_parts().math.parse(text)
    except ValueError:
        return ""
    return text


def latex_title(tree: Tree) -> str:
    """The formula in LaTeX; a column [a; b] as (a, b), which mathtext can set."""
    if tree.kind == "matrix" and tree.value == (len(tree.args), 1):
        return "(" + r",\; ".join(to_latex(row) for row in tree.args) + ")"
    return to_latex(tree)


def listed(parts: list[str]) -> str:
    """`a, b and c`."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1] if parts else ""


def plain(text: str) -> str:
    """Mathtext as plain words."""
    text = re.sub(r"\\(?:mathrm|text|operatorname|mathbf)\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"_\{([^{}]*)\}", r"_\1", text.replace("$", ""))
    for sign, word in _SIGNS:
        text = text.replace(sign, word)
    return re.sub(r"[\\{}]|(?<=\d)\s(?=×)", "", text)
