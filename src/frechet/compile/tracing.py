"""How long JAX takes before its first result: it traces a function once for every set of shapes, XLA compiles that."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

Run = Callable[..., Any]


def compiled_for(run: Any, arrays: Sequence[Any]) -> float:
    """The seconds that a jitted function takes to be traced and compiled for these arrays, which its next call finds
    done; 0 where the arrays are traced themselves, inside another function."""
    import jax

    if any(isinstance(a, jax.core.Tracer) for a in arrays):
        return 0.0
    start = time.perf_counter()
    run.lower(*arrays).compile()
    return time.perf_counter() - start


def noted(run: Any, note: Callable[[float], None]) -> Run:
    """A jitted function that notes at its first call what `compiled_for` says."""
    first = True

    def call(*arrays: Any) -> Any:
        nonlocal first
        if first:
            first = False
            note(compiled_for(run, arrays))
        return run(*arrays)

    return call
