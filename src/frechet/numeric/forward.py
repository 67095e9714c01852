"""The plain forward difference with a given step: the method of the course notes, beside the adaptive engine.

(J(theta + delta_k) - J(theta)) / delta for each component k, where the vector delta_k is delta at place k and zero
elsewhere. Its error is delta/2 * |J''| + 2u|J|/delta: large steps truncate, small ones drown in rounding, and between
them lies the optimal delta = 2*sqrt(u |J / J''|) with an error near sqrt(u) = 1e-8.
"""

from __future__ import annotations

from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.numeric.drive import Problem
from frechet.numeric.tableau import UNIT


def deltas(n: int, step: float) -> Any:
    """The vectors delta_k as the rows of an (n, n) array: step at place k, zero elsewhere."""
    return step * np.eye(n)


def forward_columns(p: Problem, step: float) -> tuple[Any, Any, bool, str]:
    """Flat Jacobian and bound, shape (m, n), by forward differences with one step for all components.

    The bound takes the second difference over twice the step as its measure of curvature: n further evaluations.
    Raises E400 for a step that is zero, not finite, or too small to move the point.
    """
    if not np.isfinite(step) or step == 0 or (p.x + step == p.x).any():
        raise problem("E400", f"A step of {step!r} does not move the point.", help="Take a step such as 1e-5.")
    n = p.x.size
    value, error = np.full((2, p.f0.size, n), np.nan)
    closed = []
    for k in range(n):
        delta_k = np.zeros(n)
        delta_k[k] = step
        once, twice = p.finite([p.x + delta_k, p.x + 2 * delta_k])
        if once is None or twice is None:
            closed.append(k)
            continue
        value[:, k] = (once - p.f0) / step
        curvature = np.abs(twice - 2 * once + p.f0) / abs(step)
        error[:, k] = curvature + 4 * UNIT * np.maximum(np.abs(once), np.abs(p.f0)) / abs(step)
    message = f"the function is not defined at x + delta_k for k = {closed[0]}" if closed else "forward difference"
    error[:, closed] = np.inf
    return value, error, not closed, message
