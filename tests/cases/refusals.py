"""One bad input through the public interface: a clear refusal in time, or the right answer where the case allows it.

python -m tests.cases.refusals          every case in a process of its own, with a limit of 1 s and 200 MB more
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import frechet as fr
from tests.cases.suite import lines

SECONDS = 1.0
MEGABYTES = 200
GIVE_UP = 10  # seconds after which a case that hangs is ended

# Right answers that the suite does not write as a formula: the derivative at values of all ones (eye for a matrix).
KNOWN: Mapping[str, Callable[[dict[str, np.ndarray]], Any]] = {
    "err-many-powers": lambda v: 1.0,
    "err-exponent-tower": lambda v: 9.0**4,
    "err-matrix-exponent-huge": lambda v: 1e8 * np.eye(len(v["S"])),
    "err-name-clash-function": lambda v: 2 * v["exp"],
}


def refusal_cases() -> list[dict[str, Any]]:
    """The raw cases of the suite of bad inputs."""
    return lines("errors")


def point(case: dict[str, Any]) -> dict[str, np.ndarray]:
    """Ones for every variable, the identity for a square matrix."""
    sizes = {"n": 3, "m": 2}
    shapes = {v: tuple(sizes.get(d, d) for d in dims) for v, dims in case["vars"].items()}
    return {v: np.eye(*s) if len(s) == 2 and s[0] == s[1] else np.ones(s) for v, s in shapes.items()}


def derive(case: dict[str, Any], expr: str) -> Any:
    """The derivative that is asked for, or the value of an expected answer if `expr` is not the case's own."""
    f = fr.parse(expr, variables=case["vars"], facts=case.get("props"))
    if expr != case["expr"]:
        return f
    d = getattr(f, case["kind"])(*case["wrt"]) if "kind" in case else f.derivative(*case["wrt"])
    str(d)
    return d


def right(case: dict[str, Any], d: Any) -> bool:
    """Whether an answer that was not refused is the right one."""
    arrays = point(case)
    known = KNOWN.get(case["id"])
    wanted = known(arrays) if known else derive(case, case["expected"]).evaluate(**arrays)
    got = np.asarray(d.evaluate(**arrays), dtype=float)
    return got.shape == np.shape(wanted) and np.allclose(got, wanted, rtol=1e-9)


def outcome(case: dict[str, Any]) -> str:
    """Empty if the case went as it must, else what went wrong."""
    try:
        d = derive(case, case["expr"])
    except fr.FrechetError as error:
        diagnostic = error.diagnostic
        if not (diagnostic.code and diagnostic.message):
            return "refused without a code or a sentence"
        if diagnostic.code.startswith("E6"):
            return f"an answer was found and failed its own check: {diagnostic.message}"
        return "" if diagnostic.render() and diagnostic.to_json() else "a diagnostic that cannot be shown"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    if case["outcome"] == "error":
        return f"not refused; it printed {str(d)[:80]!r}"
    return "" if right(case, d) else f"a wrong answer: {str(d)[:80]!r}"


def limited(case: dict[str, Any]) -> str:
    """`outcome` in a fork that may take 200 MB more than now and is ended if it hangs."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + MEGABYTES * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        signal.alarm(GIVE_UP)
        start = time.process_time()
        text = outcome(case)
        spent = time.process_time() - start
        text = text or (f"took {spent:.1f} s" if spent > SECONDS else "")
        os.write(writer, text.encode("utf-8", "replace"))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read().decode()
    status = os.waitpid(child, 0)[1]
    return text if status == 0 else f"ended by signal {os.WTERMSIG(status)}"


def main() -> int:
    d = fr.parse("norm2(A*x)^2", variables={"A": ["m", "n"], "x": ["n"]}).gradient("x")
    d.evaluate(A=np.ones((2, 3)), x=np.ones(3))
    str(d)  # loads what a first answer loads, so that each case is charged for itself alone
    failures = {case["id"]: text for case in refusal_cases() if (text := limited(case))}
    for name, text in failures.items():
        print(f"{name}: {text}")
    print(f"{len(refusal_cases())} bad inputs, {len(failures)} not as they must be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
