"""`frechet explain shapes`: the derivative of a scalar, a vector, a matrix by a scalar, a vector, a matrix.

Nine live examples: each is derived, printed in both layouts and evaluated on the spot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import frechet as fr
from frechet.core.lazy import np
from frechet.language.tree import Tree
from frechet.notation.text import to_text

KINDS = ("scalar", "vector", "matrix")
SIZES = {"m": 2, "n": 3, "k": 4, "l": 5}
Shapes = Mapping[str, list[str | int]]

INTRODUCTION = (
    "The derivative holds one number for each pair of an entry of the value and an entry of the variable. As an array "
    "it has the axes of the value, then those of the variable. In writing, two conventions lay it out: in numerator "
    "layout the rows belong to the value, in denominator layout to the variable; one is the transpose of the other. "
    "With more than two axes there is no matrix: the linear map of a direction says it all, and vec (column by column) "
    "makes a matrix of it."
)


@dataclass(frozen=True)
class Cell:
    """One of the nine: what is differentiated by what, and why it looks as it does."""

    value: str
    variable: str
    formula: str
    wrt: str
    shapes: Shapes
    remark: str

    @cached_property
    def _jacobian(self) -> Any:
        return fr.parse(self.formula, variables=self.shapes).jacobian(self.wrt)

    @property
    def name(self) -> str:
        return f"{self.value} by {self.variable}"

    @property
    def written(self) -> bool:
        """Whether there is a matrix without vec."""
        return self._jacobian.text is not None

    @property
    def map(self) -> str:
        """The linear map of the direction."""
        return str(self._jacobian.operator_form)

    @property
    def numerator(self) -> str:
        """Rows for the value, columns for the variable; through vec where there are more than two axes."""
        return str(self._jacobian.text if self.written else self._jacobian.kronecker_form)

    @property
    def denominator(self) -> str:
        """Rows for the variable, columns for the value."""
        if self.written:
            return str(fr.parse(self.formula, variables=self.shapes).jacobian(self.wrt, layout="denominator"))
        forms = self._jacobian.forms
        turned: Tree = forms.writer.page.flip(forms.kronecker)
        return to_text(turned)

    @cached_property
    def _sizes(self) -> tuple[str, str]:
        """Entries of the value and of the variable in symbols."""
        f = fr.parse(self.formula, variables=self.shapes)
        return _product(f.shape), _product(f.variables[self.wrt])

    @property
    def printed(self) -> tuple[str, str]:
        """The size of what is printed, numerator and denominator layout."""
        rows, cols = self._sizes
        f = fr.parse(self.formula, variables=self.shapes)
        if len(f.shape) == 2 and not f.variables[self.wrt]:
            return f"{f.shape[0]} x {f.shape[1]}", f"{f.shape[1]} x {f.shape[0]}"
        if not f.shape and len(f.variables[self.wrt]) == 2:
            a, b = f.variables[self.wrt]
            return f"{b} x {a}", f"{a} x {b}"
        return f"{rows} x {cols}", f"{cols} x {rows}"

    @cached_property
    def evaluated(self) -> tuple[int, ...]:
        """The shape of the array at a point with the sizes of SIZES."""
        rng = np.random.default_rng(0)
        at = {name: rng.uniform(0.5, 1.5, [SIZES[str(d)] for d in dims]) for name, dims in self.shapes.items()}
        for name, dims in self.shapes.items():
            if len(dims) == 2 and dims[0] == dims[1]:
                at[name] = at[name] + 3 * np.eye(SIZES[str(dims[0])])
        return tuple(int(d) for d in np.shape(self._jacobian.evaluate(**at)))

    def to_json(self) -> dict[str, Any]:
        return {
            "value": self.value, "variable": self.variable, "formula": self.formula, "wrt": self.wrt, "map": self.map,
            "numerator": self.numerator, "denominator": self.denominator, "vec": not self.written,
            "printed": list(self.printed), "evaluated": list(self.evaluated), "remark": self.remark,
        }  # fmt: skip


CELLS = (
    Cell("scalar", "scalar", "s^3", "s", {"s": []}, "a number"),
    Cell("scalar", "vector", "norm2(x)^2", "x", {"x": ["n"]},
         "a row in numerator layout; in denominator layout the column that is called the gradient"),
    Cell("scalar", "matrix", "a'*X*b", "X", {"a": ["m"], "X": ["m", "n"], "b": ["n"]},
         "denominator layout is the gradient, the shape of X; numerator layout is its transpose"),
    Cell("vector", "scalar", "s^2*x", "s", {"s": [], "x": ["n"]}, "the shape of the value: a velocity"),
    Cell("vector", "vector", "A*x", "x", {"A": ["m", "n"], "x": ["n"]},
         "the Jacobian; in denominator layout transposed"),
    Cell("vector", "matrix", "X*a", "X", {"X": ["m", "n"], "a": ["n"]}, "three axes: a linear map, or vec"),
    Cell("matrix", "scalar", "inv(A + s*B)", "s", {"A": ["n", "n"], "s": [], "B": ["n", "n"]},
         "the shape of the value"),
    Cell("matrix", "vector", "x*x'", "x", {"x": ["n"]}, "three axes: a linear map, or vec"),
    Cell("matrix", "matrix", "A*X*C", "X", {"A": ["k", "m"], "X": ["m", "n"], "C": ["n", "l"]},
         "four axes: a linear map; vec turns it into a Kronecker product"),
)  # fmt: skip


def _product(dims: tuple[Any, ...]) -> str:
    text = "*".join(map(str, dims)) or "1"
    return f"({text})" if len(dims) > 1 else text


def text() -> str:
    """All nine for a terminal."""
    sizes = ", ".join(f"{name} = {size}" for name, size in SIZES.items())
    lines = [*_wrapped(INTRODUCTION), "", f"Evaluated with {sizes}.", ""]
    for cell in CELLS:
        down, across = cell.printed
        lines += [
            f"{cell.name}: {cell.formula} by {cell.wrt}",
            *([] if cell.written else [f"  map          {cell.map}"]),
            f"  numerator    {_vec(cell, True)}{cell.numerator}   {down}",
            f"  denominator  {_vec(cell, False)}{cell.denominator}   {across}",
            f"  array        shape {cell.evaluated}   {cell.remark}",
            "",
        ]
    return "\n".join(lines[:-1])


def _vec(cell: Cell, numerator: bool) -> str:
    if cell.written:
        return ""
    f, x = ("F", cell.wrt) if cell.value == "matrix" else ("f", cell.wrt)
    value = f"vec({f})" if cell.value == "matrix" else f
    variable = f"vec({x})" if cell.variable == "matrix" else x
    return f"d {value}/d {variable}' = " if numerator else f"d {value}'/d {variable} = "


def _wrapped(paragraph: str, width: int = 100) -> list[str]:
    lines, line = [], ""
    for word in paragraph.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


def markdown() -> str:
    """The page docs/shapes.md: the 3 x 3 table, then each example in both layouts."""
    lines = [
        "# Shapes of derivatives", "", *_wrapped(INTRODUCTION, 118), "",
        "The same with `frechet explain shapes`. This page is written by `docs/generate.py`.", "",
        "| | by a scalar | by a vector | by a matrix |", "| --- | --- | --- | --- |",
    ]  # fmt: skip
    for value in KINDS:
        row = [c for c in CELLS if c.value == value]
        cells = [f"`{c.formula}` by `{c.wrt}`: `{c.numerator if c.written else c.map}`" for c in row]
        lines.append(f"| **{value}** | {' | '.join(cells)} |")
    sizes = ", ".join(f"`{name}` = {size}" for name, size in SIZES.items())
    lines += ["", "## In both layouts", "", f"The array of `evaluate` depends on no layout; here with {sizes}.", "",
              "| | example | numerator layout | denominator layout | array | |",
              "| --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    for c in CELLS:
        down, across = c.printed
        lines.append(f"| {c.name} | `{c.formula}` by `{c.wrt}` | `{_vec(c, True)}{c.numerator}`, {down} | "
                     f"`{_vec(c, False)}{c.denominator}`, {across} | `{c.evaluated}` | {c.remark} |")  # fmt: skip
    return "\n".join(lines) + "\n"


def to_json() -> dict[str, Any]:
    return {"sizes": SIZES, "cells": [cell.to_json() for cell in CELLS]}
