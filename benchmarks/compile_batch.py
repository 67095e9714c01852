"""How fast a batch of points is computed: one program for all, beside a loop of calls and the vmap of JAX and PyTorch.

    python -m benchmarks.compile_batch                    a thousand points of each case
    python -m benchmarks.compile_batch --points 50 --only logreg --json batch.json
    python -m benchmarks.compile_batch --table benchmarks/compile_batch.json     the table of docs/compile.md

One thread, CPU time, medians of interleaved rounds; results are compared first. The first column of times is
frechet's on NumPy, the others are divided by it (above 1: frechet is faster): a loop over its own calls, its own
jax and torch backends, and vmap of the function as a skilled user writes it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any, NamedTuple

from benchmarks.compile import CLOSE, agree, timed  # first: it sets the number of threads  # isort: skip

import numpy as np

import frechet as fr
from benchmarks.compile_cases import FAMILIES, VG, Case, Lengths
from benchmarks.compile_peers import missing, runner
from tests.compile.problems import draw

PEERS = ("jax", "torch")


class Many(NamedTuple):
    """A problem, what is wanted of it, its sizes, and which arrays differ from point to point."""

    problem: str
    want: str
    lengths: Lengths
    batched: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.problem}:{'vg' if self.want == VG else self.want} over {', '.join(self.batched)}"


_LOGREG, _SOFTMAX = {"m": 50, "n": 5}, {"m": 50, "d": 4, "k": 3}
CASES = [
    Many("quad", VG, {"n": 10}, ("x",)), Many("quad", VG, {"n": 300}, ("x",)),
    Many("logreg", VG, _LOGREG, ("w",)), Many("logreg", VG, _LOGREG, ("X", "w", "y")),
    Many("logreg", "hessian", _LOGREG, ("X", "w", "y")), Many("logreg", "newton", _LOGREG, ("X", "w", "y")),
    Many("ridge", "hvp", _LOGREG, ("w", "v")), Many("ridge", "hvp", _LOGREG, ("X", "w", "y", "v")),
    Many("softmaxreg", VG, _SOFTMAX, ("W",)), Many("softmaxreg", VG, _SOFTMAX, ("X", "W", "Y")),
    Many("net3", VG, {"n": 10}, ("x", "y")), Many("gauss", VG, {"m": 50, "d": 5}, ("X", "mu", "S")),
    Many("dopt", VG, {"m": 20, "n": 4}, ("w",)), Many("softjac", "jacobian", {"m": 10, "n": 8}, ("x",)),
    Many("matfac", "newton", {"n": 5, "m": 5, "k": 2}, ("T", "U", "V")),
    Many("barrier", "newton", {"k": 2, "n": 10}, ("x", "b")),
]  # fmt: skip


def point(many: Many, count: int) -> tuple[Case, dict[str, Any]]:
    """The case of one point, and the arrays: those that are batched are each a little different."""
    case = Case(many.problem, many.want, (many.lengths,) * 3)
    arrays, rng = draw(FAMILIES[many.problem], 0, many.lengths), np.random.default_rng(1)
    if many.want == "hvp":
        arrays["v"] = rng.normal(size=arrays[case.variables[0]].shape)
    for n in many.batched:
        a = arrays[n]
        arrays[n] = a * (1 + 0.1 * rng.random((count, *(1,) * a.ndim)))
    return case, arrays


def measure(many: Many, count: int, rounds: int, seconds: float, peers: Sequence[str] = PEERS) -> dict[str, Any]:
    """One row: times, ratios, what was skipped, the largest difference."""
    case, arrays = point(many, count)
    f = fr.parse(case.family.text, variables=case.family.variables, facts=case.family.facts)

    def compiled(backend: str) -> Any:
        return fr.compile(f, list(case.variables), want=case.want, backend=backend)

    own, single = compiled("numpy"), compiled("numpy")
    result = own(**arrays)

    def loop() -> list[Any]:
        points = ({n: a[k] if n in many.batched else a for n, a in arrays.items()} for k in range(count))
        return [single(**p) for p in points]

    runs: dict[str, Callable[[], Any]] = {"frechet": lambda: own(**arrays), "loop": loop}
    skipped = {name: why for name in peers if (why := missing(name))}
    for name in peers:
        if name not in skipped:
            made = runner(name, case, arrays, many.batched)
            assert not isinstance(made, str)
            runs[f"own {name}"], runs[name] = _foreign(compiled(name), arrays, name), made
    worst = max(agree(_entry(result, k), one) for k, one in enumerate(loop()[:3]))
    worst = max(worst, *(agree(result, run()) for name, run in runs.items() if name != "loop"))
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(timed(run, seconds))
    ratios = {n: median(t / s for t, s in zip(v, times["frechet"], strict=True)) for n, v in times.items()}
    return {"case": many.name, "lengths": many.lengths, "points": count, "difference": worst, "skipped": skipped,
            "microseconds": 1e6 * median(times["frechet"]),
            "ratios": {n: round(r, 3) for n, r in ratios.items() if n != "frechet"}}  # fmt: skip


def _foreign(own: Any, arrays: dict[str, Any], name: str) -> Callable[[], Any]:
    """A call with arrays of the library, as they are in its own runs."""
    if name == "jax":
        import jax

        given = {n: jax.numpy.asarray(a) for n, a in arrays.items()}
        return lambda: jax.block_until_ready(own(**given))
    import torch

    tensors = {n: torch.as_tensor(a) for n, a in arrays.items()}
    return lambda: own(**tensors)


def _entry(result: Any, k: int) -> Any:
    return tuple(_entry(part, k) for part in result) if isinstance(result, tuple) else result[k]


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown, with the means below."""
    names = [n for n in ("loop", "jax", "torch", "own jax", "own torch") if any(n in r["ratios"] for r in rows)]
    lines = ["| case | sizes | frechet | " + " | ".join(names) + " |", "|" + "---|" * (3 + len(names))]
    for r in rows:
        sizes = " ".join(f"{k}{v}" for k, v in r["lengths"].items())
        cells = [f"{r['ratios'][n]:.3g}" if n in r["ratios"] else "-" for n in names]
        lines.append(f"| {r['case']} | {sizes} | {r['microseconds']:.0f} us | " + " | ".join(cells) + " |")
    means = {n: geometric_mean([r["ratios"][n] for r in rows if n in r["ratios"]]) for n in names}
    return "\n".join([*lines, "", "geometric means: " + ", ".join(f"{n} {v:.3g}" for n, v in means.items())])


def main(argv: Sequence[str]) -> int:
    """Measure and print; 1 where results differ."""
    parser = argparse.ArgumentParser(prog="benchmarks.compile_batch")
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--only", default="", help="families, with commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.1, help="that one round of one column takes")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--json", default="", help="write this file")
    parser.add_argument("--table", default="", help="print the table of a file written before")
    args = parser.parse_args(argv)
    if args.table:
        print(table(json.loads(Path(args.table).read_text())))
        return 0
    only = {n for n in args.only.split(",") if n}
    peers = [p for p in args.peers.split(",") if p]
    chosen = [c for c in CASES if not only or c.problem in only]
    rows = [measure(c, args.points, args.rounds, args.seconds, peers) for c in chosen]
    print(table(rows))
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if all(r["difference"] < CLOSE for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
