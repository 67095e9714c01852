"""Which backend `auto` takes, by rules that were measured (see docs/compile.md, "Which backend").

Arrays of JAX or PyTorch are computed where they are. Everything else starts on NumPy, which needs no compiler and wins
wherever the time goes into matrix products and factorisations: those are the same libraries everywhere.

Where most of the time is that of the calls, because the arrays are small, C without any calls is several times faster.
A program that has run for a little while is written in C, and the system's compiler (if there is one) starts in a
process of its own. Where much of a program is exp, tanh and their like over large arrays, XLA's fused loops may be
faster: once it has run for about as long as XLA takes to compile, JAX (if installed) makes it. Either is tried on the
same arrays, and kept if it gives the same numbers in clearly less time.
"""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Callable
from typing import Any

from frechet.compile.assemble import Compiled
from frechet.compile.into import leaves
from frechet.compile.native import Library, compiler, compiling
from frechet.core.errors import FrechetError
from frechet.core.lazy import np

Run = Callable[..., Any]
Say = Callable[[str, Run, str], None]

# Nanoseconds that a call takes in C, and one multiply-add or entry there. A trial of JAX is worth it from this share of
# the estimated time in functions, and from this many nanoseconds in all (a call of JAX takes longer than small arrays).
CALL_IN_C, STEP_IN_C = 1500.0, 0.5
FUNCTIONS, LONG = 0.25, 20000.0
# Seconds a program must have run before a rival is made; between two looks whether it is ready.
BEFORE_C, BEFORE_JAX, PAUSE = 0.05, 1.0, 0.01
# How much faster a rival must be; how often both are timed, for how many seconds.
FASTER, TIMES, SECONDS = 1.2, 3, 0.002
# How many compilers may be at work at once, however many programs wait for one.
AT_ONCE = 2


class InC:
    """The rival in C: `make` starts the compiler."""

    name, before = "c", BEFORE_C

    def __init__(self, make: Callable[[], Library], sizes: dict[str, int]) -> None:
        self.make, self.sizes = make, sizes
        self.library: Library | None = None

    def ready(self) -> bool:
        if self.library is None:
            if compiling() >= AT_ONCE:
                return False
            self.library = self.make()
        return self.library.ready()

    def run(self, like: Any, otherwise: Run) -> Run:
        self.library = self.library or self.make()
        return self.library.run(self.sizes, like, otherwise)


class InJax:
    """The rival in JAX: `make` traces and compiles."""

    name, before = "jax", BEFORE_JAX

    def __init__(self, make: Callable[[], Run]) -> None:
        self.make = make

    def ready(self) -> bool:
        return True

    def run(self, like: Any, otherwise: Run) -> Run:
        return double(self.make())


Rival = InC | InJax


def better_in_c(made: Compiled) -> bool:
    """Whether C is likely to be faster than this program, and can be compiled here."""
    return CALL_IN_C + STEP_IN_C * made.plan.flops < made.plan.nanoseconds and bool(compiler())


def better_in_jax(made: Compiled) -> bool:
    """Whether JAX could be faster than this program, and is here."""
    heavy = made.plan.functions >= FUNCTIONS and made.plan.nanoseconds > LONG
    return heavy and importlib.util.find_spec("jax") is not None


class Watched:
    """A NumPy program that counts its time and at last decides whether to become its rival."""

    def __init__(self, run: Run, rival: Rival, say: Say) -> None:
        self.run, self.rival, self.say = run, rival, say
        self.spent, self.calls, self.next, self.decided = 0.0, 0, rival.before, False
        self.looking = threading.Lock()

    def __call__(self, *arrays: Any) -> Any:
        if self.decided:
            return self.run(*arrays)
        start = time.perf_counter()
        result = self.run(*arrays)
        self.spent += time.perf_counter() - start
        self.calls += 1
        if self.spent >= self.next:
            self._look(arrays, result)
        return result

    def _look(self, arrays: tuple[Any, ...], result: Any) -> None:
        """Make the rival; where it is ready, decide: in one thread, at a point where there are numbers to compare."""
        self.next = self.spent + PAUSE
        if not self.looking.acquire(blocking=False):
            return
        try:
            if not self.decided and self.rival.ready() and all(np.isfinite(part).all() for part in leaves(result)):
                self._decide(arrays, result)
        except Exception as error:  # whatever the rival cannot do, NumPy goes on doing
            why = error.diagnostic.message if isinstance(error, FrechetError) else type(error).__name__
            self._settle("numpy", self.run, f"numpy: {_SPELLED[self.rival.name]} was tried and failed ({why})")
        finally:
            self.looking.release()

    def _settle(self, backend: str, run: Run, why: str) -> None:
        self.run, self.decided = run, True
        self.say(backend, run, why)

    def _decide(self, arrays: tuple[Any, ...], result: Any) -> None:
        name, mine = _SPELLED[self.rival.name], self.run
        other = self.rival.run(result, mine)
        same = _close(other(*arrays), result)
        best = {mine: float("inf"), other: float("inf")}
        for _ in range(TIMES):
            for run in best:
                best[run] = min(best[run], _seconds(run, arrays))
        gain = best[mine] / best[other]
        if same and gain >= FASTER:
            since = f"since call {self.calls}: {gain:.1f} times as fast as NumPy at these sizes"
            self._settle(self.rival.name, other, f"{self.rival.name} {since}")
        else:
            why = f"{gain:.1f} times as fast" if same else "its numbers differ"
            self._settle("numpy", mine, f"numpy: {name} was tried after {self.calls} calls ({why})")


_SPELLED = {"c": "C", "jax": "JAX"}


def _seconds(run: Run, arrays: tuple[Any, ...]) -> float:
    """One call, over as many as take a measurable time."""
    start = time.perf_counter()
    run(*arrays)
    count = 1 + min(100, int(SECONDS / max(time.perf_counter() - start, 1e-6)))
    start = time.perf_counter()
    for _ in range(count):
        run(*arrays)
    return (time.perf_counter() - start) / count


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
