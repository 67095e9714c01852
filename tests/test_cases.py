"""Every case of the suites through the public interface, against stored JAX derivatives."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cases.judge import judge
from tests.cases.suite import Case, cases
from tests.cases.table import LIMIT

NOW = [case for case in cases() if not case.later]


@pytest.mark.parametrize("case", NOW, ids=lambda case: case.id)
def test_case(case: Case) -> None:
    verdict = judge(case)
    assert verdict.status == "right", f"{verdict.status}: {verdict.detail}\nprinted: {verdict.printed}"


@pytest.mark.slow
def test_nine_of_ten_answers_are_about_as_short_as_an_expert_writes_them() -> None:
    ratios = [ratio for ratio in (judge(case).ratio for case in NOW) if ratio is not None]
    assert sum(ratio <= LIMIT for ratio in ratios) >= 0.9 * len(ratios)


@pytest.mark.slow
def test_printed_forms_are_proved_equal_to_expected_ones() -> None:
    compared = [v.equality for v in map(judge, NOW) if v.equality]
    assert sum(status == "proved" for status in compared) >= 0.97 * len(compared)


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="needs JAX: pip install -e '.[jax]'")
def test_stored_truths_are_what_jax_computes() -> None:
    command = [sys.executable, "-m", "tests.cases.make_truths", "--check"]
    run = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
