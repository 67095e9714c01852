"""Weights that extrapolate difference quotients to step zero."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from frechet.core.lazy import np

UNIT = 2.0**-53  # half the spacing of doubles at 1: the relative error of one rounding


@lru_cache(maxsize=8192)
def window_weights(exponents: tuple[int, ...], powers: int, index: int = 0) -> Any:
    """Weights for quotients taken at the steps 2^-e, e in `exponents`, whose error is a power series in step^powers.

    powers is 2 for central quotients, 1 for one-sided ones. The weighted sum is the coefficient of z^index (z =
    step^powers) of the polynomial through the quotients; index 0 is Romberg's extrapolation to step zero.
    Source: Lagrange's basis polynomials; Romberg (1955), Bulirsch and Stoer (1964) for index 0.
    """
    nodes = [2.0 ** (-powers * e) for e in exponents]
    return np.array([_basis_coefficient(nodes, i, index) for i in range(len(nodes))])


def _basis_coefficient(nodes: Sequence[float], i: int, index: int) -> float:
    """Coefficient of z^index in the Lagrange polynomial that is 1 at nodes[i] and 0 at the others."""
    poly = [1.0]
    scale = 1.0
    for j, node in enumerate(nodes):
        if j != i:
            poly = [a - node * b for a, b in zip([0.0, *poly], [*poly, 0.0], strict=True)]
            scale *= nodes[i] - node
    return poly[index] / scale
