"""Bad input is refused with a diagnostic: never a crash, a hang, or code that runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cases.refusals import outcome, refusal_cases


@pytest.mark.parametrize("case", refusal_cases(), ids=lambda case: case["id"])
def test_bad_input_is_refused(case: dict[str, Any]) -> None:
    assert outcome(case) == ""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory limits and /proc: run this on Linux")
def test_bad_input_is_refused_within_a_second_and_200_megabytes() -> None:
    command = [sys.executable, "-m", "tests.cases.refusals"]
    run = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
