"""Functions that worker processes import by name."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

MARK = Path(tempfile.gettempdir()) / "frechet-a-worker-died"


def smooth(x: Any) -> Any:
    """Not complex-analytic on purpose: the real ladders have to be run."""
    y = x.real
    return np.array([np.sum(np.sin(y)), y[0] * y[1], np.exp(y[2])])


def scalar(x: Any) -> Any:
    return float(np.sum(np.tanh(x.real) * np.arange(1, x.size + 1)))


def fragile(x: Any) -> Any:
    """Kills its worker once, when it first meets a point to the right of 1 (marked by a file)."""
    if x.real > 1.0 and not MARK.exists():
        MARK.write_text("died")
        os._exit(3)
    return float(x.real) ** 2


def deadly(x: Any) -> Any:
    """Kills every worker that meets a point other than 1."""
    if x.real != 1.0:
        os._exit(3)
    return 1.0


def raises_left(x: Any) -> Any:
    if x.real < 1.0:
        raise ValueError("left of 1")
    return float(x.real) ** 2
