"""The rows of `benchmarks.compile` as lines, tables and sums."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import geometric_mean, median
from typing import Any

Row = dict[str, Any]
# Columns that are no automatic differentiation.
OURS = ("numpy", "expert")


def best(row: Row) -> float | None:
    """The time of the fastest automatic differentiation divided by ours."""
    found = [v for n, v in row["ratios"].items() if n not in OURS]
    return min(found) if found else None


def line(row: Row | None, peers: Sequence[str]) -> str:
    """One row for the terminal; the heading for None."""
    names = [*peers, *OURS]
    if row is None:
        return f"{'case':18}{'frechet':>14}" + "".join(f"{n:>9}" for n in names) + "    first   peak"
    cells = "".join(f"{row['ratios'][n]:9.2f}" if n in row["ratios"] else f"{'-':>9}" for n in names)
    took = f"{row['microseconds']:.0f}us" + (f" {row['backend']}" if row["backend"] != "numpy" else "")
    text = f"{row['case']:18}{took:>14}{cells}{row['first_ms']:7.1f}ms{row['peak_mib']:6.1f}M"
    return text + (f"  DIFFERS by {row['difference']:.0e}" if row["difference"] > 1e-6 else "")


def summary(rows: Sequence[Row]) -> str:
    """The means of a size, the losses, and the time from text to result."""
    ratios = {r["case"]: b for r in rows if (b := best(r)) is not None}
    experts = {r["case"]: 1 / r["ratios"]["expert"] for r in rows if "expert" in r["ratios"]}
    out = []
    if ratios:
        out.append(f"fastest AD / frechet: geometric mean {geometric_mean(ratios.values()):.2f}, "
                   f"median {median(ratios.values()):.2f}, least {min(ratios.values()):.2f}")  # fmt: skip
        lost = [f"{n} {v:.2f}" for n, v in sorted(ratios.items(), key=lambda p: p[1]) if v < 1]
        out.append("slower than the fastest AD: " + (", ".join(lost) or "none"))
    moved = {r["case"]: r["ratios"]["numpy"] for r in rows if "numpy" in r["ratios"]}
    if moved:
        on_numpy = [moved.get(n, 1) * v for n, v in experts.items()]
        out.append(f"moved to another backend: {len(moved)} of {len(rows)}, {geometric_mean(moved.values()):.1f} times "
                   "as fast there")  # fmt: skip
        out.append(f"frechet on NumPy / expert: geometric mean {geometric_mean(on_numpy):.2f}")
    if experts:
        out.append(f"frechet / expert: geometric mean {geometric_mean(experts.values()):.2f}, "
                   f"median {median(experts.values()):.2f}, largest {max(experts.values()):.2f}")  # fmt: skip
    first = [r["first_ms"] for r in rows if r["case"].endswith((":vg", ":jacobian"))]
    second = [r["first_ms"] for r in rows if r["case"].endswith(":hessian")]
    if first and second:
        out.append(f"text to first result: median {median(first):.0f} ms for gradients, {median(second):.0f} ms for "
                   "Hessians (the first call itself included)")  # fmt: skip
    told = [r for r in rows if "xla_ms" in r]
    if told:
        planned = median(r["derive_ms"] + r["plan_ms"] for r in told)
        xla = [r["xla_ms"] for r in told]
        out.append(f"derivatives and plan: median {planned:.0f} ms; the same program traced and compiled by JAX: "
                   f"median {median(xla):.0f} ms, at most {max(xla):.0f} ms")  # fmt: skip
    return "\n".join(out)


def tables(rows: Sequence[Row]) -> str:
    """Markdown: a table for each size, and its sums."""
    parts = []
    for size in dict.fromkeys(r["size"] for r in rows):
        mine = [r for r in rows if r["size"] == size]
        every = dict.fromkeys(n for r in mine for n in (*r["ratios"], *r["skipped"]))
        names = [*(n for n in every if n not in OURS), *(n for n in OURS if n in every)]
        head = ["case", "sizes", "frechet", *names]
        lines = [f"### {size}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        lines += ["| " + " | ".join(_cells(r, names)) + " |" for r in mine]
        parts.append("\n".join([*lines, "", *(f"{t}  " for t in summary(mine).splitlines())]))
    return "\n\n".join(parts)


def _cells(row: Row, names: Sequence[str]) -> list[str]:
    lengths = " ".join(f"{k}{v}" for k, v in row["lengths"].items())
    us = row["microseconds"]
    took = f"{us:.2g} us" if us < 10 else f"{us:.0f} us" if us < 1e4 else f"{us / 1e3:.1f} ms"
    took += f" {row['backend']}" if row["backend"] != "numpy" else ""
    return [row["case"], lengths, took, *(_shown(row, n) for n in names)]


def _shown(row: Row, name: str) -> str:
    if name in row["ratios"]:
        value = row["ratios"][name]
        return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
    why = row["skipped"].get(name, "")
    return ">25 s" if "over" in why else "memory" if "would hold" in why else "-"
