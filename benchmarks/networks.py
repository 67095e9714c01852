"""How derivation grows with depth: tanh networks and residual ones, written as text.

python -m benchmarks.networks plain 100      one network in this process; prints one line of JSON
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import frechet as fr

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 120  # seconds for one network
DEPTHS = (10, 100, 1000)


def network(kind: str, depth: int) -> tuple[str, dict[str, list[str]]]:
    """The text of a network with a scalar output, and its declarations."""
    variables: dict[str, list[str]] = {"c": ["n"], "x": ["n"]}
    variables |= {f"W{k}": ["n", "n"] for k in range(1, depth + 1)}
    if kind == "plain":
        layers = "".join(f"tanh(W{k}*" for k in range(depth, 0, -1))
        return f"c'*{layers}x" + ")" * depth, variables
    parts = [f"h{k} = {h} + tanh(W{k}*{h})" for k in range(1, depth + 1) for h in [f"h{k - 1}" if k > 1 else "x"]]
    return f"c'*h{depth} where " + ", ".join(parts), variables


def measure(kind: str, depth: int) -> dict[str, Any]:
    """Seconds to read, to find the gradient and H[V] by the input, and to print them; the process's peak memory."""
    text, variables = network(kind, depth)
    marks = [time.perf_counter()]
    f = fr.parse(text, variables=variables)
    marks.append(time.perf_counter())
    gradient = f.gradient("x", verify=False)
    printed = len(gradient.text or gradient.operator_form)
    marks.append(time.perf_counter())
    second = f.hessian("x", verify=False)
    applied = len(second.operator_form)
    marks.append(time.perf_counter())
    read, first, along = np.diff(marks)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"kind": kind, "depth": depth, "read": read, "gradient": first, "H[V]": along, "peak_mb": peak,
            "characters": printed + applied}  # fmt: skip


def in_own_process(kind: str, depth: int) -> dict[str, Any] | str:
    """`measure` in a fresh process, or what went wrong there."""
    command = [sys.executable, "-m", "benchmarks.networks", kind, str(depth)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, cwd=ROOT)
    except subprocess.TimeoutExpired:
        return f"more than {LIMIT} s"
    if run.returncode:
        return run.stderr.strip().splitlines()[-1][:200]
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def report(depths: tuple[int, ...]) -> bool:
    """Print the table and the fitted exponents; True if every network could be derived."""
    good = True
    print(f"\n{'network':10}{'layers':>7}{'read s':>9}{'gradient s':>12}{'H[V] s':>9}{'peak MB':>9}{'printed':>9}")
    for kind in ("plain", "residual"):
        rows = []
        for depth in depths:
            row = in_own_process(kind, depth)
            if isinstance(row, str):
                good = False
                print(f"{kind:10}{depth:7}  {row}")
                continue
            rows.append(row)
            print(f"{kind:10}{depth:7}{row['read']:9.3f}{row['gradient']:12.3f}{row['H[V]']:9.3f}"
                  f"{row['peak_mb']:9.0f}{row['characters']:9}")  # fmt: skip
        if len(rows) > 1:
            logs = np.log([r["depth"] for r in rows])
            fits = {w: np.polyfit(logs, np.log([r[w] for r in rows]), 1)[0] for w in ("gradient", "H[V]")}
            print(f"{kind:10}growth: gradient ~ depth^{fits['gradient']:.2f}, H[V] ~ depth^{fits['H[V]']:.2f}")
    return good


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
