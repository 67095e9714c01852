"""Numeric derivatives of any Python function, each with an error bound that holds.

Importing this loads neither NumPy nor SciPy; both come when a number is first needed.
"""

from __future__ import annotations

from frechet.numeric.adapters import check_jax, check_torch
from frechet.numeric.checker import GradientVerdict, check_gradient
from frechet.numeric.checks import assert_gradient, check_hessian, check_jacobian, check_jvp_vjp
from frechet.numeric.coloring import color_columns, color_rows, color_symmetric
from frechet.numeric.derivatives import derivative, directional, gradient, hessian, jacobian
from frechet.numeric.differentiability import Smoothness, differentiability
from frechet.numeric.estimate import Estimate, LineEstimate
from frechet.numeric.forward import deltas
from frechet.numeric.line import line_derivative

__all__ = [
    "Estimate",
    "GradientVerdict",
    "LineEstimate",
    "Smoothness",
    "assert_gradient",
    "check_gradient",
    "check_hessian",
    "check_jacobian",
    "check_jax",
    "check_jvp_vjp",
    "check_torch",
    "color_columns",
    "color_rows",
    "color_symmetric",
    "deltas",
    "derivative",
    "differentiability",
    "directional",
    "gradient",
    "hessian",
    "jacobian",
    "line_derivative",
]
