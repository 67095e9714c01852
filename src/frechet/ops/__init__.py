"""The operations of the language, one declaration each, by mathematical area. `REGISTRY` holds them by name."""

from frechet.ops import (
    circulant,
    cofactors,
    comparisons,
    conjugation,
    constants,
    convolution,
    elementwise,
    entries,
    factorisations,
    inverse,
    matrix_functions,
    norms,
    powers,
    products,
    ranks,
    reductions,
    spectral,
    vectors,
)
from frechet.ops.op import REGISTRY

__all__ = [
    "REGISTRY", "circulant", "cofactors", "comparisons", "conjugation", "constants", "convolution", "elementwise",
    "entries", "factorisations", "inverse", "matrix_functions", "norms", "powers", "products", "ranks", "reductions",
    "spectral", "vectors",
]  # fmt: skip
