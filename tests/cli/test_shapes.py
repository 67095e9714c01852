"""The nine shapes: every printed form has the size it says, and holds the numbers of the array."""

from __future__ import annotations

import json

import numpy as np
import pytest

import frechet as fr
from frechet.cli import main
from frechet.cli.shapes import CELLS, KINDS, SIZES, Cell


def point(cell: Cell) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    at = {name: rng.uniform(0.5, 1.5, [SIZES[str(d)] for d in dims]) for name, dims in cell.shapes.items()}
    return {name: part + 3 * np.eye(len(part)) if name in "AB" and part.shape == (3, 3) else part
            for name, part in at.items()}  # fmt: skip


def size(text: str) -> tuple[int, ...]:
    """`(k*l) x n` as numbers."""
    return tuple(int(eval(part, {}, dict(SIZES))) for part in text.split(" x "))


def test_all_nine_are_there() -> None:
    assert [(c.value, c.variable) for c in CELLS] == [(a, b) for a in KINDS for b in KINDS]


@pytest.mark.parametrize("cell", CELLS, ids=[c.name for c in CELLS])
def test_value_and_variable_are_what_they_are_called(cell: Cell) -> None:
    f = fr.parse(cell.formula, variables=cell.shapes)
    assert KINDS[len(f.shape)] == cell.value
    assert KINDS[len(f.variables[cell.wrt])] == cell.variable
    expected = [SIZES[str(d)] for d in (*f.shape, *f.variables[cell.wrt])]
    assert list(cell.evaluated) == expected


@pytest.mark.parametrize("cell", CELLS, ids=[c.name for c in CELLS])
@pytest.mark.parametrize("layout", [0, 1])
def test_both_layouts_hold_the_numbers_of_the_array(cell: Cell, layout: int) -> None:
    at = point(cell)
    text = (cell.numerator, cell.denominator)[layout]
    names = [n for n in cell.shapes if n in text]
    printed = fr.parse(text, variables=cell.shapes).evaluate(**at) if names else float(text)
    array = fr.parse(cell.formula, variables=cell.shapes).jacobian(cell.wrt).evaluate(**at)
    value, variable = KINDS.index(cell.value), KINDS.index(cell.variable)
    if not cell.written:  # vec: the axes of a matrix column by column
        axes = [*range(value)][::-1] + [value + k for k in range(variable)][::-1]
        array = np.transpose(array, axes)
        array = array.reshape(int(np.prod(array.shape[:value])), -1)
        array = array if layout == 0 else array.T
    elif value == 0 and variable == 2:
        array = array.T if layout == 0 else array
    elif value + variable == 2 and layout == 1:
        array = array.T
    shape = size(cell.printed[layout])
    assert np.prod(shape) == array.size
    assert np.reshape(np.asarray(printed), shape) == pytest.approx(np.reshape(array, shape), rel=1e-12)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "shapes"]) == 0
    page = capsys.readouterr().out
    for cell in CELLS:
        assert f"{cell.name}: {cell.formula} by {cell.wrt}" in page
    assert main(["explain", "shapes", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["cells"]) == 9
