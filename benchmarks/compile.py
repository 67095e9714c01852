"""How fast compiled derivatives run, beside JAX, PyTorch and an expert's NumPy, at three sizes.

    python -m benchmarks.compile                 all cases, large sizes, written to benchmarks/compile.json
    python -m benchmarks.compile --size medium --only logreg,gp --rounds 5
    python -m benchmarks.compile --smoke         two cases, small

One thread, CPU time of the process, medians of interleaved rounds; results are compared before anything is timed.
Every column but the first two is a ratio: a time divided by frechet's (above 1: frechet is faster).
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import argparse  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from pathlib import Path  # noqa: E402
from statistics import geometric_mean, median  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

import frechet as fr  # noqa: E402
from benchmarks.compile_cases import CASES, Case, jax_functions  # noqa: E402
from benchmarks.compile_torch import torch_runner  # noqa: E402
from tests.compile.problems import PROBLEMS, Problem, draw  # noqa: E402

SIZES = ("small", "medium", "large")
BUDGET = 25.0  # seconds a first call may take before a peer is left out


def point(case: Case, problem: Problem, size: str) -> dict[str, Any]:
    arrays = draw(problem, 0, case.sizes[SIZES.index(size)])
    if case.problem == "logreg" or case.problem == "poisson":
        arrays["X"] = arrays["X"] / 3
    if case.want == "hvp":
        arrays["v"] = np.random.default_rng(1).normal(size=arrays[case.wrt[0] if case.wrt else problem.wrt[0]].shape)
    return arrays


def jax_runner(case: Case, problem: Problem, arrays: dict[str, Any]) -> Callable[[], Any]:
    """The wanted result in JAX, jitted, results waited for."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    f = jax_functions(jnp, jax)[case.problem]
    places = tuple(list(problem.variables).index(n) for n in (case.wrt or problem.wrt))
    first = places[0]

    def newton(*a: Any) -> Any:
        g = jax.grad(f, first)(*a)
        H = jax.hessian(f, first)(*a).reshape(g.size, g.size)
        return jnp.linalg.solve(H, g.ravel()).reshape(g.shape)

    def hvp(*a: Any) -> Any:
        *rest, v = a
        return jax.jvp(lambda x: jax.grad(f, first)(*rest[:first], x, *rest[first + 1 :]), (rest[first],), (v,))[1]

    wanted = {
        "value_and_gradient": jax.value_and_grad(f, places), "hessian": jax.hessian(f, first),
        "jacobian": jax.jacobian(f, first), "newton": newton, "hvp": hvp,
    }[case.want]  # fmt: skip
    run = jax.jit(wanted)
    given = [jnp.asarray(a) for a in arrays.values()]
    return lambda: jax.block_until_ready(run(*given))


def flat(result: Any) -> list[Any]:
    if isinstance(result, (tuple, list)):
        return [x for part in result for x in flat(part)]
    return [np.asarray(result)]


def agree(a: Any, b: Any) -> float:
    """The largest relative difference of two results."""
    pairs = list(zip(flat(a), flat(b), strict=True))
    return max(float(np.abs(x - y).max() / (np.abs(y).max() + 1e-300)) for x, y in pairs)


def timed(run: Callable[[], Any], seconds: float = 0.15) -> float:
    """CPU seconds of one call, over as many as fill the time."""
    start = time.process_time()
    run()
    once = max(time.process_time() - start, 1e-7)
    count = max(1, min(2000, int(seconds / once)))
    start = time.process_time()
    for _ in range(count):
        run()
    return (time.process_time() - start) / count


def measure(case: Case, size: str, rounds: int, torch: bool) -> dict[str, Any]:
    problem = next(p for p in PROBLEMS if p.name == case.problem)
    arrays = point(case, problem, size)
    start = time.process_time()
    f = fr.parse(problem.text, variables=problem.variables, facts=problem.facts)
    own = fr.compile(f, list(case.wrt or problem.wrt), want=case.want, as_operator=case.operator)
    result = own(**arrays)
    first = time.process_time() - start
    runs: dict[str, Callable[[], Any]] = {"frechet": lambda: own(**arrays)}
    peers: dict[str, Callable[[], Any]] = {"jax": jax_runner(case, problem, arrays)}
    if case.expert is not None:
        peers["expert"] = lambda: case.expert(*arrays.values())  # type: ignore[misc]
    if torch:
        runner = torch_runner(case, problem, arrays)
        if runner is not None:
            peers["torch"] = runner
    worst = 0.0
    for name, run in peers.items():
        begun = time.perf_counter()
        other = run()
        if time.perf_counter() - begun > BUDGET:
            continue
        mine = result.to_dense().reshape(np.shape(other)) if case.operator else result
        worst = max(worst, agree(mine, other))
        runs[name] = run
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(timed(run))
    ratios = {n: median(t / s for t, s in zip(v, times["frechet"], strict=True)) for n, v in times.items()}
    return {"case": case.name, "size": size, "seconds": median(times["frechet"]), "first": first, "ratios": ratios,
            "difference": worst}  # fmt: skip


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.compile")
    parser.add_argument("--size", choices=[*SIZES, "all"], default="large")
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--torch", action="store_true", help="also torch.func, if installed")
    parser.add_argument("--json", default="")
    parser.add_argument("--smoke", action="store_true")
    args = parser.parse_args(argv)
    only = {n for n in args.only.split(",") if n}
    chosen = [c for c in CASES if not only or c.name in only or c.problem in only]
    sizes = SIZES if args.size == "all" else (args.size,)
    if args.smoke:
        chosen, sizes, args.rounds = chosen[1:3], ("small",), 1
    rows = []
    for size in sizes:
        print(f"{size}\n{'case':22}{'frechet':>11}{'jax':>9}{'torch':>9}{'expert':>9}   first call  difference")
        for case in chosen:
            row = measure(case, size, args.rounds, args.torch)
            rows.append(row)
            ratios = row["ratios"]
            cells = "".join(f"{ratios[n]:9.2f}" if n in ratios else f"{'-':>9}" for n in ("jax", "torch", "expert"))
            line = f"{row['case']:22}{1e6 * row['seconds']:9.0f}us{cells}"
            print(f"{line}   {1e3 * row['first']:7.1f} ms  {row['difference']:.0e}", flush=True)
        mine = [r for r in rows if r["size"] == size]
        others = [[v for n, v in r["ratios"].items() if n in ("jax", "torch")] for r in mine]
        best = [min(found) for found in others if found]
        experts = [r["ratios"]["expert"] for r in mine if "expert" in r["ratios"]]
        print(f"best AD / frechet: geometric mean {geometric_mean(best):.2f}, least {min(best):.2f}; "
              f"frechet / expert: geometric mean {1 / geometric_mean(experts):.2f}, "
              f"largest {1 / min(experts):.2f}\n")  # fmt: skip
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if all(r["difference"] < 1e-6 for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
