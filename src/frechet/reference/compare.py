"""Comparison of two values on a common scale."""

from __future__ import annotations

from typing import Any, NamedTuple

from frechet.core.lazy import np


class Comparison(NamedTuple):
    """The largest difference, the scale it is judged on, and where it is; inf if anything is not finite."""

    difference: float
    scale: float
    worst: tuple[int, ...]
    left: float
    right: float

    @property
    def relative(self) -> float:
        if self.difference == 0:
            return 0.0
        return self.difference / self.scale if self.scale > 0 else float("inf")


def compare(left: Any, right: Any, *, floor: float = 0.0) -> Comparison:
    """How far two arrays of one shape are apart; the scale is their largest entry, at least `floor`."""
    a, b = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"values of shape {a.shape} and {b.shape} cannot be compared")
    if not a.size:
        return Comparison(0.0, floor, (), 0.0, 0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.asarray(np.abs(a - b))
    gap[~np.isfinite(gap)] = np.inf
    worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(gap)), a.shape))
    scale = max(_largest(a), _largest(b), floor)
    return Comparison(float(gap[worst]), scale, worst, float(a[worst]), float(b[worst]))


def _largest(a: Any) -> float:
    """The largest finite entry in size."""
    sizes = np.abs(a)
    return float(np.max(sizes, where=np.isfinite(sizes), initial=0.0))


def agree(left: Any, right: Any, *, tolerance: float = 1e-8, floor: float = 0.0) -> bool:
    """Whether two values are equal to the tolerance, relative to their largest entry."""
    return compare(left, right, floor=floor).relative <= tolerance
