"""Random expressions against HIPS autograd, many of them.

    python -m tests.fuzz.run --count 20000 --seed 0 [--workers 2] [--verify] [--hard]

Prints the counts of right, wrong, refused, crashed and skipped, the time, and for each failure a small reproduction.
Failures and running counts are told on stderr as they come; what is known is summed up even if it is interrupted.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context

from tests.fuzz.check import Result, case, check
from tests.fuzz.generate import Generator
from tests.fuzz.hard import HardGenerator

FAILURES = ("wrong", "crashed", "refused")

CHUNK = 20
ROUND = 1000  # expressions for each worker until it is a new process: whatever a cache may hold, memory is bounded
REPORT = 500
LIMIT = 30  # seconds of the processor for one expression, its reduction to a small part included


class TooLong(BaseException):
    """The alarm rang. Not an Exception: nothing on the way may swallow it."""


def one(seed: int, verify: bool = False, hard: bool = False) -> Result:
    """Check expression number `seed`; it counts as crashed if it takes too long."""

    def too_long(*_: object) -> None:
        raise TooLong(f"more than {LIMIT} s")

    term, wrt = case(seed, HardGenerator if hard else Generator)
    signal.signal(signal.SIGPROF, too_long)
    signal.setitimer(signal.ITIMER_PROF, LIMIT)
    try:
        return check(term, wrt, seed, verify)
    except TooLong as error:
        return Result("crashed", str(error), term.text, wrt)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def results(job: Callable[[int], Result], seeds: range, workers: int) -> Iterator[tuple[int, Result]]:
    """Every seed with its result, in order. (Not by `max_tasks_per_child`: the pool of Python 3.11 hangs with it.)"""
    for start in range(0, len(seeds), ROUND * workers):
        some = seeds[start : start + ROUND * workers]
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            try:
                yield from zip(some, pool.map(job, some, chunksize=CHUNK), strict=True)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)


def followed(found: Iterator[tuple[int, Result]]) -> list[tuple[int, Result]]:
    """All of it; if interrupted, what came until then."""
    kept: list[tuple[int, Result]] = []
    counts: Counter[str] = Counter()
    try:
        for seed, result in found:
            kept.append((seed, result))
            counts[result.status] += 1
            if result.status in FAILURES:
                line = f"{result.status} seed {seed}: d/d{result.wrt} of {result.text[:100]}"
                print(line, file=sys.stderr, flush=True)
            if len(kept) % REPORT == 0:
                print(len(kept), dict(counts), file=sys.stderr, flush=True)
    except (KeyboardInterrupt, BrokenProcessPool) as error:
        print(f"ended early: {error!r}", file=sys.stderr)
    return kept


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--verify", action="store_true", help="let frechet check each answer as it does for people")
    parser.add_argument("--hard", action="store_true", help="with the hard operations: matrix functions, spectra")
    options = parser.parse_args(argv)
    start = time.perf_counter()
    seeds = range(options.seed, options.seed + options.count)
    job = partial(one, verify=options.verify, hard=options.hard)
    found = followed(results(job, seeds, options.workers))
    failures = [(seed, r) for seed, r in found if r.status in FAILURES]
    for seed, result in sorted(failures, key=lambda f: (f[1].status, f[1].detail[:25], len(f[1].text))):
        print(f"{result.status} seed {seed}: d/d{result.wrt} of {result.text}\n    {result.detail[:500]}")
    counts = Counter(r.status for _, r in found)
    summary = ", ".join(f"{counts[s]} {s}" for s in ("right", *FAILURES, "skipped"))
    print(f"{len(found)} expressions from seed {options.seed}: {summary}; {time.perf_counter() - start:.0f} s")
    return 1 if failures or len(found) < options.count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
