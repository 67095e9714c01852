"""Small texts of C code: numbers, sums of multiples, powers, brackets, products in words."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from frechet.compile.words import number as python_number
from frechet.core.dims import Dim


def number(value: Any) -> str:
    text = python_number(value)
    return f"{text}.0" if text.lstrip("-").isdigit() and abs(int(text)) >= 2**31 else text


def matrix_product(names: Sequence[str], sources: Sequence[Sequence[int]], kept: Sequence[int]) -> str:
    """A*B, A'*x, x'*y, x*y' for a product of two arrays; empty for another."""
    (a, b), (ia, ib) = names, sources
    summed = [i for i in ia if i in ib and i not in kept]
    if len(summed) != 1 or any(i in ib for i in kept if i in ia):
        return f"{a}*{b}'" if not summed and len(ia) == len(ib) == 1 and len(kept) == 2 else ""
    if kept and kept[0] in ib:
        a, b, ia, ib = b, a, ib, ia
    left = f"{a}'" if ia[0] == summed[0] else a
    right = f"{b}'" if len(ib) == 2 and ib[1] == summed[0] else b
    return f"{left}*{right}"


def alone(text: str) -> bool:
    """Whether a text is one operand: no blank outside its brackets."""
    depth = 0
    for c in text:
        depth += (c in "([") - (c in ")]")
        if c == " " and not depth:
            return False
    return not text.startswith("-")


def wrapped(text: str) -> str:
    return text if alone(text) else f"({text})"


def bare(text: str) -> str:
    """An argument of a function, without brackets of its own around it."""
    return text[1:-1] if text.startswith("(") and alone(text) and not alone(text[1:-1]) else text


def length(dims: Sequence[Dim]) -> str:
    """The number of entries, as a size_t."""
    return " * ".join([f"(size_t){dims[0]}", *(str(d) for d in dims[1:])])


# What binds less than a product.
LOOSE = (" + ", " - ", "?", "<", ">", "==", "!=", "&&", "||")


def scaled(coef: Any, expr: str) -> str:
    if not expr:
        return number(coef)
    if not any(sign in expr for sign in LOOSE):
        expr = bare(expr)
    return expr if coef == 1 else f"-{expr}" if coef == -1 else f"{number(coef)} * {expr}"


def linear(parts: Sequence[tuple[Any, str]]) -> str:
    """A sum of multiples, a positive one first."""
    ordered = sorted(parts, key=lambda p: p[0] < 0)
    text = scaled(*ordered[0])
    for coef, expr in ordered[1:]:
        text += f" - {scaled(-coef, expr)}" if coef < 0 else f" + {scaled(coef, expr)}"
    return text


_POWERS = {
    Fraction(2): "{0} * {0}", Fraction(-1): "1 / {0}", Fraction(-2): "1 / ({0} * {0})", Fraction(1, 2): "sqrt({0})",
    Fraction(-1, 2): "1 / sqrt({0})", Fraction(3): "{0} * {0} * {0}",
}  # fmt: skip


def quotient(powers: Sequence[tuple[str, Any]]) -> str:
    """A product of powers, what has a negative exponent below the line."""
    above = " * ".join(wrapped(n if e == 1 else raised(n, e)) for n, e in powers if e > 0) or "1"
    parts = [wrapped(n if e == -1 else raised(n, -e)) for n, e in powers if e < 0]
    below = " * ".join(parts)
    if not parts:
        return bare(above)
    return f"{above} / {below if len(parts) == 1 else f'({below})'}"


def raised(base: str, e: Any) -> str:
    template = _POWERS.get(Fraction(e)) if not isinstance(e, float) else None
    if template is None:
        return f"pow({bare(base)}, {number(e)})"
    return template.replace("{0}", bare(base) if "sqrt" in template else wrapped(base))
