"""A point where two formulas differ, so that it can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from frechet.core.lazy import np
from frechet.equality.exact import digits_of


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A point where two formulas differ, and the two values there; numbers are exact where `exact` says so."""

    arrays: dict[str, Any]
    left: Any
    right: Any
    sizes: dict[str, int]
    exact: bool

    def __str__(self) -> str:
        names = ", ".join(f"{name} = {show(value)}" for name, value in self.arrays.items())
        left, right = next((pair for pair in self._texts() if pair[0] != pair[1]), ("the same", "nearly the same"))
        return f"at {names or 'every point'}: {left} against {right}"

    def _texts(self) -> Iterator[tuple[str, str]]:
        """Both values with more and more digits."""
        for digits in (6, 12, 17, 30, 60):
            yield show(self.left, digits), show(self.right, digits)


def show(value: Any, digits: int = 6) -> str:
    """A number, vector or matrix as it would be typed."""
    array = np.asarray(value)
    if array.ndim == 0:
        return _number(array.item(), digits)
    if array.ndim == 1:
        return "[" + ", ".join(_number(v, digits) for v in array.tolist()) + "]"
    if array.ndim == 2:
        return "[" + "; ".join(", ".join(_number(v, digits) for v in row) for row in array.tolist()) + "]"
    return "[" + ", ".join(show(part, digits) for part in array) + "]"


def _number(value: Any, digits: int) -> str:
    if isinstance(value, (int, Fraction)) and Fraction(value).denominator < 10_000:
        return str(value)
    return f"{float(value):.{digits}g}" if isinstance(value, float) else digits_of(value, digits)
