"""The same formula prints the same derivative in every process, whatever the seed of Python's hashes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.cases.suite import cases

ROOT = Path(__file__).resolve().parents[1]
STEP = 6

CODE = """
from tests.cases.judge import derive
from tests.cases.suite import cases
for case in [c for c in cases() if not c.later][::{step}]:
    print(case.id, derive(case, verify=False))
"""


def printed(seed: int) -> list[str]:
    """What a fresh process prints for every sixth case."""
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    command = [sys.executable, "-c", CODE.format(step=STEP)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def test_hash_seed_changes_nothing() -> None:
    first = printed(0)
    assert len(first) >= len(cases()) // STEP - 10
    for seed in (1, 12345):
        assert printed(seed) == first
