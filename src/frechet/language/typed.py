"""The type of a subtree while its sizes are still being found."""

from __future__ import annotations

from typing import NamedTuple

from frechet.language.numbers import Value
from frechet.language.unify import Sizes, Term


class Type(NamedTuple):
    """Rows and columns; whether it is made of number literals only; its value if that is known."""

    rows: Term = ()
    cols: Term = ()
    literal: bool = False
    value: Value | None = None

    @property
    def scalar(self) -> bool:
        return not self.rows and not self.cols


def show(sizes: Sizes, t: Type) -> str:
    """`a vector of length n`, for messages."""
    rows, cols = sizes.show(t.rows), sizes.show(t.cols)
    if t.scalar:
        return "a scalar"
    if not t.cols:
        return f"a vector of length {rows}"
    if not t.rows:
        return f"a row of length {cols}"
    return f"{rows} x {cols}"
