"""How fast compiled derivatives run, beside JAX, PyTorch, HIPS autograd and an expert's NumPy, at three sizes.

    python -m benchmarks.compile                          all cases at large sizes
    python -m benchmarks.compile --size all --json benchmarks/compile.json
    python -m benchmarks.compile --size medium --only logreg,gp:vg --rounds 5 --peers jax,jax+
    python -m benchmarks.compile --table benchmarks/compile.json      the tables of docs/compile.md
    python -m benchmarks.compile --smoke                  three cases, small, what is installed

One thread, CPU time of the process, medians of interleaved rounds; results are compared before anything is timed.
Every column but the first is a ratio: a time divided by frechet's (above 1: frechet is faster). frechet is what auto
has chosen after a warm-up, with the backend's name where that is not NumPy; `numpy` is then frechet on NumPy. A plus is
the function as a skilled user writes it. The peers come with: pip install 'frechet[peers]'.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import argparse  # noqa: E402
import json  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import tracemalloc  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from pathlib import Path  # noqa: E402
from statistics import median  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

import frechet as fr  # noqa: E402
from benchmarks.compile_cases import CASES, SIZES, Case, point  # noqa: E402
from benchmarks.compile_experts import EXPERTS  # noqa: E402
from benchmarks.compile_peers import PEERS, missing, runner  # noqa: E402
from benchmarks.compile_tables import line, summary, tables  # noqa: E402

BUDGET = 25  # seconds a first call may take before a peer is left out
WARM = 4  # seconds that auto has to choose a backend
CLOSE = 1e-6  # the largest difference of results, of their largest entry


class TooLong(Exception):
    """A first call took longer than the budget."""


def flat(result: Any) -> list[Any]:
    if isinstance(result, (tuple, list)):
        return [x for part in result for x in flat(part)]
    return [np.asarray(result)]


def agree(a: Any, b: Any) -> float:
    """The largest relative difference of two results."""
    pairs = list(zip(flat(a), flat(b), strict=True))
    return max(float(np.abs(x - y).max() / (np.abs(y).max() + 1e-300)) for x, y in pairs)


def timed(run: Callable[[], Any], seconds: float) -> float:
    """CPU seconds of one call, over as many as fill the time."""
    start = time.process_time()
    run()
    once = max(time.process_time() - start, 1e-7)
    count = max(1, min(2000, int(seconds / once)))
    start = time.process_time()
    for _ in range(count):
        run()
    return (time.process_time() - start) / count


def within_budget(run: Callable[[], Any]) -> Any:
    """The result of a first call, stopped where it takes too long."""

    def stop(*_: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(BUDGET)
    try:
        return run()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def own_run(case: Case, arrays: dict[str, Any]) -> tuple[Any, Any, dict[str, float]]:
    """Our function, its result, and milliseconds: from the text to that result, and those to derive and to plan."""
    start = time.process_time()
    f = fr.parse(case.family.text, variables=case.family.variables, facts=case.family.facts)
    own = fr.compile(f, list(case.variables), want=case.want, as_operator=case.operator)
    result = own(**arrays)
    first = 1e3 * (time.process_time() - start)
    parts = {f"{part}_ms": round(1e3 * s, 2) for part, s in own.compile_seconds.items()}
    return own, result, {"first_ms": first, **parts}


def settle(own: Any, arrays: dict[str, Any]) -> str:
    """Calls until auto has chosen a backend, or for WARM seconds; the backend."""
    end = time.monotonic() + WARM
    while not own.settled and time.monotonic() < end:
        own(**arrays)
    return str(own.backend)


def on_numpy(case: Case) -> Any:
    """The same without moving to another backend."""
    f = fr.parse(case.family.text, variables=case.family.variables, facts=case.family.facts)
    return fr.compile(f, list(case.variables), want=case.want, as_operator=case.operator, backend="numpy")


def in_xla(case: Case, arrays: dict[str, Any]) -> float:
    """The milliseconds that JAX takes to trace and compile the same program."""
    f = fr.parse(case.family.text, variables=case.family.variables, facts=case.family.facts)
    own = fr.compile(f, list(case.variables), want=case.want, backend="jax")
    own(**arrays)
    return round(1e3 * own.compile_seconds["xla"], 2)


def memory(run: Callable[[], Any]) -> float:
    """The most MiB that one call holds."""
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def measure(case: Case, size: str, rounds: int, peers: Sequence[str], seconds: float = 0.1) -> dict[str, Any]:
    """One row: times, ratios, what was skipped and why, and the largest difference from the others' results."""
    arrays = point(case, size)
    own, result, spent = own_run(case, arrays)
    plain = on_numpy(case)
    backend = settle(own, arrays)
    runs: dict[str, Callable[[], Any]] = {"frechet": lambda: own(**arrays)}
    if backend != "numpy":
        runs["numpy"] = lambda: plain(**arrays)
    skipped: dict[str, str] = {}
    worst = 0.0
    expert = EXPERTS.get((case.problem, case.want)) if not case.operator else None
    for name in (*peers, "expert"):
        if name == "expert" and expert is None:
            continue
        why = missing(name) if name != "expert" else ""
        made: Any = why or ((lambda: expert(*arrays.values())) if name == "expert" else runner(name, case, arrays))
        if isinstance(made, str):
            skipped[name] = made
            continue
        try:
            other = within_budget(made)
        except TooLong:
            skipped[name] = f"first call over {BUDGET} s"
            continue
        except (RuntimeError, MemoryError, NotImplementedError, TypeError) as error:
            skipped[name] = f"fails: {type(error).__name__}: {str(error)[:60]}"
            continue
        mine = result.to_dense().reshape(np.shape(other)) if case.operator else result
        worst = max(worst, agree(mine, other))
        runs[name] = made
    if "jax" in runs and not case.operator:
        spent["xla_ms"] = in_xla(case, arrays)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(timed(run, seconds))
    ratios = {n: median(t / s for t, s in zip(v, times["frechet"], strict=True)) for n, v in times.items()}
    return {"case": case.name, "size": size, "lengths": case.sizes[SIZES.index(size)],
            "backend": backend, "microseconds": 1e6 * median(times["frechet"]), **spent,
            "peak_mib": memory(lambda: plain(**arrays)),
            "ratios": {n: round(r, 3) for n, r in ratios.items() if n != "frechet"}, "skipped": skipped,
            "difference": worst}  # fmt: skip


def chosen(only: str) -> list[Case]:
    """The cases named, by family or in full."""
    names = {n for n in only.split(",") if n}
    return [c for c in CASES if not names or c.name in names or c.problem in names]


def main(argv: Sequence[str]) -> int:
    """Measure and print; 1 where results differ."""
    parser = argparse.ArgumentParser(prog="benchmarks.compile")
    parser.add_argument("--size", choices=[*SIZES, "all"], default="large")
    parser.add_argument("--only", default="", help="families or cases, with commas")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", default="", help="write (and add to) this file")
    parser.add_argument("--table", default="", help="print the tables of a file written before")
    parser.add_argument("--smoke", action="store_true")
    args = parser.parse_args(argv)
    if args.table:
        print(tables(json.loads(Path(args.table).read_text())))
        return 0
    sizes = SIZES if args.size == "all" else (args.size,)
    cases, peers = chosen(args.only), [p for p in args.peers.split(",") if p]
    if args.smoke:
        cases, sizes, args.rounds = chosen("logreg:vg,matfac:newton,softjac"), ("small",), 1
        peers = [p for p in peers if not missing(p)]
    rows = []
    for size in sizes:
        print(line(None, peers))
        for case in cases:
            rows.append(measure(case, size, args.rounds, peers, 0.01 if args.smoke else 0.1))
            print(line(rows[-1], peers), flush=True)
            if args.json:
                _save(Path(args.json), rows)
        print(summary([r for r in rows if r["size"] == size]) + "\n")
    return 0 if all(r["difference"] < CLOSE for r in rows) else 1


def _save(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """The rows in the file, in place of older ones of the same case and size."""
    old = json.loads(path.read_text()) if path.exists() else []
    kept = {(r["case"], r["size"]): r for r in [*old, *rows]}
    order = {(c.name, s): k for k, (s, c) in enumerate((s, c) for s in SIZES for c in CASES)}
    path.write_text(json.dumps(sorted(kept.values(), key=lambda r: order[r["case"], r["size"]]), indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
