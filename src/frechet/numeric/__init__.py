"""Numeric derivatives of any Python function, each with an error bound that holds."""

from __future__ import annotations

from frechet.numeric.estimate import Estimate, LineEstimate
from frechet.numeric.line import line_derivative

__all__ = ["Estimate", "LineEstimate", "line_derivative"]
