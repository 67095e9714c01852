"""Which backend `auto` takes, by rules that were measured (see docs/compile.md, "Which backend").

Arrays of JAX or PyTorch are computed where they are. Everything else starts on NumPy, which needs no compiler and wins
wherever the time goes into matrix products and factorisations: those are the same libraries everywhere. Where much of a
program is exp, tanh and their like over large arrays, XLA's fused loops may be faster. Once such a program has run for
about as long as XLA takes to compile, JAX (if installed) is tried on the same arrays, and kept if it gave the same
numbers in clearly less time.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from typing import Any

from frechet.compile.assemble import Compiled
from frechet.core.lazy import np

Run = Callable[..., Any]

# Share of a program's estimated time in functions from which a trial is worth it, seconds spent before it, how much
# faster the other must be, and how often both are timed.
SHARE, SPENT, FASTER, TIMES = 0.25, 1.0, 1.2, 3


def worth_a_trial(made: Compiled) -> bool:
    """Whether JAX could be faster for this program, and is here."""
    return made.plan.functions >= SHARE and importlib.util.find_spec("jax") is not None


class Watched:
    """A NumPy program that counts its time and at last decides whether to be a JAX program."""

    def __init__(self, run: Run, other: Callable[[], Run], say: Callable[[str, Run, str], None]) -> None:
        self.run, self.other, self.say = run, other, say
        self.spent, self.calls = 0.0, 0

    def __call__(self, *arrays: Any) -> Any:
        start = time.perf_counter()
        result = self.run(*arrays)
        self.spent += time.perf_counter() - start
        self.calls += 1
        if self.spent >= SPENT:
            self._decide(arrays, result)
        return result

    def _decide(self, arrays: tuple[Any, ...], result: Any) -> None:
        self.spent = float("-inf")
        other = double(self.other())
        try:
            same = _close(other(*arrays), result)
        except Exception as error:  # whatever JAX cannot do, NumPy goes on doing
            self.say("numpy", self.run, f"numpy: JAX was tried and failed ({type(error).__name__})")
            return
        seconds: dict[Run, list[float]] = {self.run: [], other: []}
        for _ in range(TIMES):
            for run, times in seconds.items():
                start = time.perf_counter()
                run(*arrays)
                times.append(time.perf_counter() - start)
        gain = min(seconds[self.run]) / min(seconds[other])
        if same and gain >= FASTER:
            self.say("jax", other, f"jax since call {self.calls}: {gain:.1f} times as fast as NumPy at these sizes")
        else:
            why = f"{gain:.1f} times as fast" if same else "its numbers differ"
            self.say("numpy", self.run, f"numpy: JAX was tried after {self.calls} calls ({why})")


def double(run: Run) -> Run:
    """A JAX function that takes and gives NumPy arrays in their own precision, whatever JAX is set to elsewhere."""
    import jax
    import jax.experimental

    enabled = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64

    def call(*arrays: Any) -> Any:
        with enabled(True):
            return _as_numpy(run(*arrays))

    return call


def _as_numpy(result: Any) -> Any:
    if isinstance(result, tuple):
        return tuple(_as_numpy(part) for part in result)
    array = np.array(result)  # a copy that can be written into, as NumPy's own results can
    return array if array.ndim else array[()]


def _close(mine: Any, other: Any) -> bool:
    if isinstance(mine, tuple):
        return all(_close(a, b) for a, b in zip(mine, other, strict=True))
    rtol = 1e-8 if np.asarray(other).dtype == np.float64 else 1e-3
    scale = np.abs(other).max(initial=0)
    return bool(np.allclose(mine, other, rtol=rtol, atol=rtol * scale, equal_nan=True))
