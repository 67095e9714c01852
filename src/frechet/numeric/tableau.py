"""Weights that extrapolate difference quotients to step zero."""

from __future__ import annotations

from functools import cache
from math import factorial
from typing import Any

from frechet.core.lazy import np

UNIT = 2.0**-53  # half the spacing of doubles at 1: the relative error of one rounding


@cache
def weights(levels: int, ratio: float, powers: int, index: int = 0) -> Any:
    """Rows of weights for all windows of `levels` quotients, the smallest windows first.

    Quotient i is taken at step ratio^i and is a power series in z = step^powers (powers 2: central, 1: one-sided). A
    row of length-p windows interpolates p neighbouring quotients by a polynomial in z and returns its coefficient of
    z^index; index 0 is the Romberg tableau. Returns (rows, starts, lengths); rows has shape (windows, levels).
    Source: Lagrange's basis polynomials; Romberg (1955) for index 0.
    """
    nodes = [ratio ** (powers * i) for i in range(levels)]
    rows, starts, lengths = [], [], []
    for p in range(index + 1, levels + 1):
        for s in range(levels - p + 1):
            row = [0.0] * levels
            for i in range(s, s + p):
                row[i] = _basis_coefficient(nodes[s : s + p], i - s, index)
            rows.append(row)
            starts.append(s)
            lengths.append(p)
    return np.array(rows), np.array(starts), np.array(lengths)


def _basis_coefficient(nodes: list[float], i: int, index: int) -> float:
    """Coefficient of z^index in the Lagrange polynomial that is 1 at nodes[i] and 0 at the others."""
    poly = [1.0]
    scale = 1.0
    for j, node in enumerate(nodes):
        if j != i:
            poly = [a - node * b for a, b in zip([0.0, *poly], [*poly, 0.0], strict=True)]
            scale *= nodes[i] - node
    return poly[index] / scale


def order_factor(order: int) -> float:
    """order!, by which a Taylor coefficient becomes a derivative."""
    return float(factorial(order))
