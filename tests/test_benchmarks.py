"""The benchmarks of compiled derivatives: an expert's code and ours agree, and the tables say what was measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.compile import agree, main, measure, own_run
from benchmarks.compile_batch import main as main_of_batches
from benchmarks.compile_cases import CASES, Case, point
from benchmarks.compile_experts import EXPERTS
from benchmarks.compile_tables import summary, tables


@pytest.mark.parametrize("case", [c for c in CASES if not c.operator], ids=lambda c: c.name)
def test_an_expert_gets_the_same(case: Case) -> None:
    arrays = point(case, "small")
    _, result, _ = own_run(case, arrays)
    expert = EXPERTS.get((case.problem, case.want))
    if expert is not None:
        assert agree(result, expert(*arrays.values())) < 1e-9
    else:
        assert all(np.isfinite(a).all() for a in np.atleast_1d(np.hstack([np.ravel(a) for a in _flat(result)])))


def _flat(result: Any) -> list[Any]:
    return [x for part in result for x in _flat(part)] if isinstance(result, tuple) else [result]


def test_a_row_becomes_a_line_of_the_table() -> None:
    case = next(c for c in CASES if c.name == "logreg:vg")
    row = measure(case, "small", 1, ["no_such_library"], 0.001)
    assert row["difference"] < 1e-9 and "not installed" in row["skipped"]["no_such_library"]
    text = tables([row])
    assert "| logreg:vg | m50 n5 |" in text and "frechet / expert" in summary([row])


def test_what_making_a_program_takes_is_summed_up() -> None:
    case = next(c for c in CASES if c.name == "quad:vg")
    row = measure(case, "small", 1, [], 0.001)
    assert row["derive_ms"] > 0 and row["plan_ms"] > 0 and "xla_ms" not in row
    told = summary([{**row, "xla_ms": 90.0}, {**row, "xla_ms": 50.0}])
    assert "compiled by JAX: median 70 ms, at most 90 ms" in told


def test_a_run_of_batches(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--points", "12", "--only", "quad,softjac", "--rounds", "1", "--seconds", "0.001", "--peers", ""]
    assert main_of_batches(options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| case | sizes | frechet | loop |" and len(lines) == 7


def test_the_smoke_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--smoke", "--peers", ""]) == 0
    assert "matfac:newton" in capsys.readouterr().out
