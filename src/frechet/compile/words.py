"""Small texts of generated code: numbers, index letters, powers, brackets."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from frechet.compile.program import Value

LETTERS = "ijklmnopqrstuvwabcdefghxyz"
SHORT_POWERS = {
    Fraction(2): "{0} * {0}", Fraction(3): "{0} * {0} * {0}", Fraction(-1): "1 / {0}", Fraction(-2): "1 / ({0} * {0})",
    Fraction(1, 2): "{np}.sqrt({0})", Fraction(-1, 2): "1 / {np}.sqrt({0})",
    Fraction(3, 2): "{0} * {np}.sqrt({0})", Fraction(-3, 2): "1 / ({0} * {np}.sqrt({0}))",
}  # fmt: skip


def number(value: Any) -> str:
    """A coefficient as Python has it."""
    if isinstance(value, float):
        return repr(value)
    return str(int(value)) if value == int(value) and abs(value) < 10**16 else repr(float(value))


def letters(idx: Sequence[int]) -> str:
    return "".join(LETTERS[i] for i in idx)


def labels_of(d: Value) -> list[int]:
    """A number for each axis of a value, equal where it stands on a diagonal."""
    count = len(d.pattern)
    return [count + k if p is None else 2 * count - 1 - p if p < 0 else p for k, p in enumerate(d.pattern)]


def wrapped(text: str) -> str:
    return text if text.isidentifier() or (text.endswith(")") and " @ " not in text) else f"({text})"
