"""How long frechet takes to derive, beside SymPy, tensorgrad and JAX, and how that grows with the depth of a network.

    python -m benchmarks.derive              everything
    python -m benchmarks.derive --smoke      a few cases and small networks, in seconds

Verification is off; a time is from the parsed function to the printed derivative. JAX's is trace and compile.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import frechet as fr
from benchmarks.networks import DEPTHS, report
from benchmarks.others import jax_case, spread, sympy_case, tensorgrad_case
from tests.cases.suite import Case, cases

OTHERS: dict[str, Callable[[Case], Callable[[], Any] | None]] = {
    "SymPy": sympy_case, "tensorgrad": tensorgrad_case, "JAX": jax_case,
}  # fmt: skip


def seconds(thunk: Callable[[], Any]) -> float:
    start = time.perf_counter()
    thunk()
    return time.perf_counter() - start


def derive_and_print(f: Any, wrt: Sequence[str]) -> str:
    return str(f.derivative(*wrt, verify=False))


def own_times(chosen: Sequence[Case]) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds for each first derivative, and for each second one (of scalar functions, by the same variable)."""
    first: dict[str, float] = {}
    second: dict[str, float] = {}
    for case in chosen:
        try:
            f = fr.parse(case.expr, variables=case.vars, facts=case.props, domain=case.domain, sizes=case.requires)
            by = case.wrt[0]
            first[case.id] = seconds(lambda f=f, by=by: derive_and_print(f, [by]))
            if case.kind in ("gradient", "hessian", "mixed"):
                wrt = case.wrt if len(case.wrt) == 2 else [by, by]
                second[case.id] = seconds(lambda f=f, wrt=wrt: derive_and_print(f, wrt))
        except fr.FrechetError as error:
            print(f"  {case.id}: {error.diagnostic.code} {error.diagnostic.message[:100]}")
    return first, second


def own_report(first: dict[str, float], second: dict[str, float]) -> None:
    print(f"{'frechet, ms':22}{'cases':>6}  {'median':>9}  {'p90':>9}  {'worst':>9}")
    for name, times in (("first derivatives", first), ("second derivatives", second)):
        print(f"{name:22}{len(times):6}  {spread(list(times.values()))}")
        worst = sorted(times.items(), key=lambda item: -item[1])[:10]
        print("    slowest: " + ", ".join(f"{case} {1e3 * t:.1f}" for case, t in worst))


def beside(chosen: Sequence[Case]) -> None:
    """Each other tool on the cases it can express, and how many times longer than frechet it takes."""
    print(
        f"\n{'beside frechet, ms':22}{'cases':>6}  {'median':>9}  {'p90':>9}  {'worst':>9}   median of times/frechet's"
    )
    for name, make in OTHERS.items():
        times, ratios = [], []
        for case in chosen:
            thunk = make(case)
            if thunk is None:
                continue
            f = fr.parse(case.expr, variables=case.vars, facts=case.props, domain=case.domain, sizes=case.requires)
            own = seconds(lambda f=f, case=case: derive_and_print(f, case.wrt))
            times.append(seconds(thunk))
            ratios.append(times[-1] / own)
        if times:
            print(f"{name:22}{len(times):6}  {spread(times)}   {np.median(ratios):.1f}")
        else:
            print(f"{name:22}     0  (not installed: see benchmarks/others.py)")


def main(argv: Sequence[str]) -> int:
    smoke = "--smoke" in argv
    now = [case for case in cases() if not case.later]
    chosen = now[::20] if smoke else now
    seconds(lambda: derive_and_print(fr.parse("x'*x", variables={"x": ["n"]}), ["x"]))
    first, second = own_times(chosen)
    own_report(first, second)
    beside(chosen[::5] if smoke else chosen)
    derived = report(DEPTHS[:2] if smoke else DEPTHS)
    return 0 if derived and len(first) == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
