"""Euclidean lengths that neither overflow nor underflow: values near 1e304 and 1e-200 are values like any other."""

from __future__ import annotations

from typing import Any

from frechet.core.lazy import np


def norm(v: Any) -> float:
    """The length of all entries together; nan or inf where an entry is."""
    v = np.ravel(v)
    largest = float(np.abs(v).max(initial=0.0))
    if not 0 < largest < np.inf:
        return largest
    v = v / largest
    return largest * float(np.sqrt(v @ v))


def norms(rows: Any) -> Any:
    """The length of each row of (k, m), (k,)."""
    rows = np.asarray(rows)
    largest = np.abs(rows).max(axis=1, initial=0.0)
    usable = (largest > 0) & (largest < np.inf)
    scaled = rows / np.where(usable, largest, 1.0)[:, None]
    return np.where(usable, largest * np.sqrt((scaled * scaled).sum(axis=1)), largest)
