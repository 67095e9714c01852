"""What the command line says about a formula, as the arguments of `frechet.parse`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import frechet as fr
from frechet.core.errors import problem
from frechet.language.python_source import read_function

MAX_TEXT = 1_000_000
LANGUAGES = ("auto", "text", "latex", "python")
_LATEX = re.compile(r"\\(?:[A-Za-z]{2,}|\|)")  # \frac, \|; A\b is no LaTeX but a slip of those who know MATLAB


def read_expression(text: str) -> str:
    """The formula itself, `-` for standard input, `@file` for the content of a file."""
    if text == "-":
        return sys.stdin.read(MAX_TEXT).strip()
    if text.startswith("@"):
        try:
            with Path(text[1:]).open(encoding="utf-8") as file:
                return file.read(MAX_TEXT).strip()
        except (OSError, ValueError) as reason:
            raise problem("E100", f"The file {text[1:]} cannot be read: {_short(reason)}.") from None
    return text


def read_formula(text: str, options: dict[str, Any]) -> Any:
    """The formula in the language of --from; auto takes what has LaTeX commands for LaTeX, all else for text.

    Raises what `fr.parse`, `fr.parse_latex` and `fr.trace` raise.
    """
    language, known = options.get("language") or "auto", parse_options(options)
    if language == "latex" or (language == "auto" and _LATEX.search(text)):
        return fr.parse_latex(text, **known)
    if language != "python":
        return fr.parse(text, **known)
    known.pop("infer")
    if not known["variables"]:
        raise problem("E201", "Python code needs the sizes of its variables.", help="Say --var X:m,n --var w:n.")
    code = f"import numpy as np\ndef f({', '.join(known['variables'])}):\n    return ({text})\n"
    return fr.trace(read_function(code, "f"), **known)


def _short(reason: Exception) -> str:
    return getattr(reason, "strerror", None) or type(reason).__name__


def variables(given: Iterable[str]) -> dict[str, list[str | int]] | None:
    """`X:m,n`, `w:3`, `c` as name -> dimensions; None if nothing is declared."""
    out: dict[str, list[str | int]] = {}
    for text in given:
        name, _, dims = text.partition(":")
        parts = [d.strip() for d in dims.split(",")] if dims.strip() else []
        if not name.strip() or "" in parts:
            raise problem("E201", f"{text!r} declares no variable.", help="Write --var X:m,n or --var w:3 or --var c.")
        out[name.strip()] = [int(d) if d.isascii() and d.isdigit() and len(d) < 12 else d for d in parts]
    return out or None


def facts(given: Iterable[str]) -> dict[str, list[str]]:
    """`A:symmetric` or `A:symmetric,positive` as name -> words."""
    out: dict[str, list[str]] = {}
    for text in given:
        name, words = _pair(text, "--fact A:symmetric")
        out.setdefault(name, []).extend(w.strip() for w in words.split(","))
    return out


def domains(given: Iterable[str]) -> dict[str, str]:
    """`x:positive` as name -> word."""
    return dict(_pair(text, "--domain x:positive") for text in given)


def _pair(text: str, example: str) -> tuple[str, str]:
    name, colon, words = text.partition(":")
    if not (colon and name.strip() and words.strip()):
        raise problem("E203", f"{text!r} says nothing about a variable.", help=f"Write {example}.")
    return name.strip(), words.strip()


def parse_options(options: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments of `frechet.parse`; what is not declared is inferred."""
    return {
        "variables": variables(options["var"]),
        "facts": facts(options["fact"]),
        "domain": domains(options["domain"]),
        "sizes": list(options["sizes"]),
        "infer": True,
    }
