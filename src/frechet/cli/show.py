"""How answers look in a terminal and as JSON."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any

from frechet.core.dims import Dim
from frechet.notation.unicode import to_unicode

LABEL = 10
_WIDE = 60

_ASCII = {
    "‖": "||", "ᵀ": "'", "−": "-", "⊙": ".*", "⊘": "./", "⊗": "(x)", "·": "*", "⟨": "<", "⟩": ">", "↦": "->",
    "∈": "in", "ℝ": "R", "½": "1/2", "×": "x", "√": "sqrt", "𝟏": "1", "𝟎": "0",
}  # fmt: skip
_ASCII.update(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿᵐᵏᵖ", "0123456789-+nmkp", strict=True))
_LETTERS = {"n": "ⁿ", "m": "ᵐ", "k": "ᵏ", "p": "ᵖ", "x": "ˣ", "r": "ʳ", "l": "ˡ", "d": "ᵈ", "s": "ˢ", "t": "ᵗ",
            **dict(zip("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹", strict=True))}  # fmt: skip


def unicode_wanted(choice: bool | None) -> bool:
    """Whether signs beyond ASCII are shown: as asked for, else on a terminal that can."""
    if choice is not None:
        return choice
    return sys.stdout.isatty() and (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")


def to_ascii(text: str) -> str | None:
    """The same in ASCII, `||x||^2`; None where a sign has no such spelling."""
    out = ""
    raised = False
    for c in re.sub(f"⊙(?=[{''.join(_RAISED)}])", ".", text):  # x⊙² is an elementwise power
        if unicodedata.name(c, "").startswith("GREEK"):
            out += _greek(c)
        elif c in _RAISED:
            out += _RAISED[c] if raised else "^" + _RAISED[c]
        elif c in _ASCII or c.isascii():
            out += _ASCII.get(c, c)
        else:
            return None
        raised = c in _RAISED
    return out


def _greek(c: str) -> str:
    """`μ` is mu, `Σ` is Sigma."""
    name = unicodedata.name(c).split()[-1].lower().replace("lamda", "lambda")
    return name.capitalize() if c.isupper() else name


def formula(function: Any, pretty: bool) -> str:
    """The function as it was read: as mathematics where the terminal allows, else as near as ASCII comes."""
    text = to_unicode(getattr(function, "shown_tree", function.tree))
    if pretty:
        return text.replace("ᵀ", "ᴴ") if getattr(function, "complex_names", None) else text
    return to_ascii(text) or str(function)


def space(dims: Sequence[Dim], pretty: bool) -> str:
    """`R^(m x n)`, `ℝⁿ`, `R`."""
    if not dims:
        return "ℝ" if pretty else "R"
    if not pretty:
        return f"R^({' x '.join(map(str, dims))})" if len(dims) > 1 else f"R^{dims[0]}"
    raised = ["".join(_LETTERS.get(c, "") for c in str(d)) for d in dims]
    if all(len(r) == len(str(d)) for r, d in zip(raised, dims, strict=True)):
        return "ℝ" + "ˣ".join(raised)
    return f"ℝ^({' × '.join(map(str, dims))})"


def read_as(function: Any, pretty: bool) -> list[str]:
    """Cells of the first line: the formula, and where each variable lives."""
    sign = "∈" if pretty else "in"
    known: frozenset[str] = getattr(function, "complex_names", frozenset())

    def place(name: str, dims: Sequence[Dim]) -> str:
        shown = space(dims, pretty)
        return shown.replace("ℝ", "ℂ").replace("R", "C", 1) if name in known else shown

    places = [f"{name} {sign} {place(name, dims)}" for name, dims in function.variables.items()]
    return [f"f = {formula(function, pretty)}", "   ".join(places)]


def shape_note(
    shown: str, kind: str, function: Any, wrt: Sequence[str], shape: Sequence[Dim], layout: str, pretty: bool
) -> str:
    """What stands behind the answer: `n, same shape as w`."""
    times = " × " if pretty else " x "

    def size(dims: Sequence[Dim]) -> str:
        return times.join(map(str, dims)) or "scalar"

    if "->" in shown:
        maps = shown.count("->")
        inner = size(shape[: len(shape) - sum(len(function.variables[w]) for w in wrt[-maps:])])
        return f"a linear map; its value is {inner}"
    if kind == "gradient":
        return f"{size(shape)}, same shape as {wrt[0]}"
    if kind == "jacobian":
        turned = (layout == "denominator") != (not function.shape)
        return f"{size(shape[::-1] if turned else shape)}, {layout} layout"
    return size(shape)


def table(rows: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """Label, text, remark: remarks stand below each other; one that has no room stands on its own line."""
    short = [len(cells[0]) for _, cells in rows if len(cells) > 1 and len(cells[0]) <= _WIDE]
    width = max(short, default=0) + 4
    out: list[str] = []
    for label, cells in rows:
        remark = cells[1] if len(cells) > 1 else ""
        if remark and len(cells[0]) <= _WIDE:
            out.append(f"{label:<{LABEL}}{cells[0]:<{width}}{remark}")
            continue
        out.append(f"{label:<{LABEL}}{cells[0]}")
        if remark:
            out.append(" " * LABEL + remark)
    return out


def verification_json(verification: Any) -> dict[str, Any] | None:
    if verification is None:
        return None
    return {
        "status": verification.status, "points": verification.points, "sizes": list(verification.sizes),
        "max_relative_error": verification.max_relative_error, "bound": verification.bound,
        "seed": verification.seed, "message": verification.message,
    }  # fmt: skip


def to_json(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)
