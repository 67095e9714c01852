"""The developer's commands: what they say, and what they refuse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dev

ROOT = Path(__file__).resolve().parents[1]


def test_no_job_shows_the_jobs() -> None:
    run = subprocess.run([sys.executable, "dev.py"], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0
    assert "python dev.py demo" in run.stdout


def test_an_unknown_job_is_refused() -> None:
    run = subprocess.run([sys.executable, "dev.py", "dance"], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 2


def test_a_failing_command_fails() -> None:
    assert dev.call(sys.executable, "-c", "raise SystemExit(3)") == 3


def test_the_entry_of_continuous_integration_runs_everything() -> None:
    assert "python3 dev.py test --all" in (ROOT / ".ci" / "run").read_text()
