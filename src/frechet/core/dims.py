"""Sizes. A Dim is one axis: a name or an integer. A surface dimension is a tuple of Dims.

`()` is the size 1, `("n",)` the size n, `("n", "m")` the size n*m of vec(X) for X of shape (m, n)
(column-major, so the column axis comes first). With tuples vec and kron need no reshaping.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Dim = str | int
Size = tuple[Dim, ...]


class Shape(NamedTuple):
    """Rows and columns of what is written: scalar ((), ()), column ((n,), ()), row ((), (n,)), matrix ((m,), (n,))."""

    rows: Size = ()
    cols: Size = ()

    @property
    def is_scalar(self) -> bool:
        return not self.rows and not self.cols

    @property
    def is_column(self) -> bool:
        return bool(self.rows) and not self.cols

    @property
    def is_row(self) -> bool:
        return not self.rows and bool(self.cols)

    @property
    def is_matrix(self) -> bool:
        return bool(self.rows) and bool(self.cols)

    @property
    def axes(self) -> Size:
        """All axes, rows first: the axes of the tensor that stands for it."""
        return self.rows + self.cols

    @property
    def transposed(self) -> Shape:
        return Shape(self.cols, self.rows)

    def __str__(self) -> str:
        if self.is_scalar:
            return "scalar"
        if self.is_column:
            return f"vector of length {show_size(self.rows)}"
        if self.is_row:
            return f"row of length {show_size(self.cols)}"
        return f"{show_size(self.rows)} x {show_size(self.cols)} matrix"


SCALAR = Shape()


def show_size(size: Size) -> str:
    """`m`, `m*n`, `1`."""
    return "*".join(str(d) for d in size) or "1"


def size_value(size: Size, sizes: Mapping[str, int]) -> int:
    """The number of entries along a surface dimension, given the value of each named size."""
    value = 1
    for dim in size:
        value *= dim if isinstance(dim, int) else sizes[dim]
    return value
