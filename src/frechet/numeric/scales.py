"""Where a search starts: the scales of the variables, directions, and the complex step along given directions."""

from __future__ import annotations

from typing import Any

from frechet.core.lazy import np
from frechet.numeric.drive import Problem
from frechet.numeric.engine import Task
from frechet.numeric.tableau import UNIT


def typical_scales(x: Any) -> Any:
    """For each component the distance over which f is first assumed to change: |x_i|, or what its neighbours have."""
    size = np.abs(x)
    nonzero = size[size > 0]
    fallback = float(np.median(nonzero)) if nonzero.size else 1.0
    return np.where(size > 0, size, fallback)


def task_along(p: Problem, direction: Any, *, order: int = 1, complex_step: bool = True) -> Task:
    """The search problem for x + t*direction."""
    moved = direction != 0
    size = np.abs(direction[moved])
    x = np.abs(p.x[moved])
    guess = float(np.min(typical_scales(p.x)[moved] / size))
    rounding = float(np.median(UNIT * x / size))
    finest = float(np.max(np.spacing(x) / size)) if rounding else 1e-290
    return Task(p.f0, guess, max(finest, 1e-290), rounding, order, complex_step and not p.complex_values, p.noise)


def probe_direction(x: Any) -> Any:
    """A direction that moves every variable in proportion to its scale, the same on every run."""
    rng = np.random.default_rng(x.size)
    return rng.choice([-1.0, 1.0], x.size) * rng.uniform(0.5, 1.0, x.size) * typical_scales(x)


def complex_columns_along(p: Problem, directions: list[Any]) -> Any:
    """Im f(x + ih*v)/h for each direction v, shape (directions, m); None if f does not answer with complex numbers."""
    out = np.empty((len(directions), p.f0.size))
    batch = len(directions) if p.pool.executor is not None else 1
    p.progress.start(len(directions))
    for start in range(0, len(directions), batch):
        block = directions[start : start + batch]
        guesses = [float(np.min(typical_scales(p.x)[v != 0] / np.abs(v[v != 0]))) for v in block]
        steps = [max(2.0 ** (round(np.log2(guess)) - 100), 1e-290) for guess in guesses]
        values = p.finite([p.x + 1j * h * v for h, v in zip(steps, block, strict=True)])
        for i, (h, value) in enumerate(zip(steps, values, strict=True)):
            if value is None or not np.iscomplexobj(value):
                return None
            out[start + i] = value.imag / h
        p.progress.show(start + len(block))
    p.progress.stop()
    return out
