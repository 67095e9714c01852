"""One command for each job of a developer, with nothing but Python and PyPI:

    python dev.py demo            set up once, then show the main job on real examples
    python dev.py test            the tests that belong to every change
    python dev.py test --all      lint, types, every test, the documentation's examples, the benchmarks' smoke run
    python dev.py cases           the table of the case suites: right, wrong, refused, undecided; readability
    python dev.py fuzz ...        random expressions against HIPS autograd (--count, --seed, --hard)
    python dev.py bench           speed beside other tools, and growth with the depth of a network
    python dev.py run ...         the frechet command itself

The first run makes .venv and installs the project with its developer tools; later runs start at once.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
FRECHET = PYTHON.with_name("frechet.exe" if os.name == "nt" else "frechet")
WORKERS = str(min(os.cpu_count() or 1, 8))


def set_up() -> None:
    """Make .venv and install the project into it, once for each content of pyproject.toml."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = VENV / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("setting up .venv (once) ...", flush=True)
    ready = (
        PYTHON.exists() and not subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True).returncode
    )
    if not ready and subprocess.run([sys.executable, "-m", "venv", str(VENV)]).returncode:
        sys.exit("dev.py: no virtual environment could be made. On Debian or Ubuntu: apt install python3-venv")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", ".[dev]"]
    if subprocess.run(pip, cwd=ROOT).returncode:
        sys.exit("dev.py: the packages could not be installed; pip says why above")
    stamp.write_text(wanted)


def call(*command: str | Path) -> int:
    """Run a command in the project's root and give its exit code."""
    return subprocess.run([str(part) for part in command], cwd=ROOT).returncode


def run_all() -> int:
    """Every check there is; goes on after a failure and says at the end which failed."""
    everything = ["-m", "pytest", "-q", "-n", WORKERS, "-m", "slow or not slow"]
    stages = {
        "lint": ["-m", "ruff", "check", "."],
        "types": ["-m", "mypy"],
        "tests": everything,
        "benchmarks": ["-m", "benchmarks.derive", "--smoke"],
    }
    failed = []
    for name, args in stages.items():
        print(f"== {name}: python {' '.join(args)}", flush=True)
        start = time.perf_counter()
        code = call(PYTHON, *args)
        print(f"== {name}: {'ok' if code == 0 else 'FAILED'} in {time.perf_counter() - start:.0f} s", flush=True)
        failed += [name] if code else []
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def main(argv: list[str]) -> int:
    """Do the job that `argv` names."""
    jobs: dict[str, list[str | Path]] = {
        "demo": [FRECHET, "demo"],
        "test": [PYTHON, "-m", "pytest", "-q", "-n", WORKERS],
        "cases": [PYTHON, "-m", "tests.cases.table"],
        "fuzz": [PYTHON, "-m", "tests.fuzz.run"],
        "bench": [PYTHON, "-m", "benchmarks.derive"],
        "run": [FRECHET],
    }
    if not argv or argv[0] not in jobs:
        print(__doc__)
        return 0 if argv in ([], ["-h"], ["--help"]) else 2
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs before anything is installed
        sys.exit(f"dev.py: Python 3.11 or later is needed, this is {sys.version.split()[0]}")
    set_up()
    if argv[0] == "test" and "--all" in argv:
        return run_all()
    return call(*jobs[argv[0]], *argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
