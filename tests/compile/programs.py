"""`python -m tests.compile.programs [octave julia c] [--want hessian]`: compiled functions, all results in one, as code
of other languages: every family of `problems`, run by the language's own interpreter or compiler against NumPy."""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import frechet as fr
from frechet.compile.goals import WANTS
from tests.compile import foreign
from tests.compile.languages import PROGRAM, RUN, Outcome, compared
from tests.compile.problems import LONG, PROBLEMS, SMALL, Problem, draw


def flat(result: Any) -> list[np.ndarray]:
    """The arrays of a result, one after the other."""
    if isinstance(result, (tuple, list)):
        return [a for part in result for a in flat(part)]
    return [np.asarray(result, dtype=float)]


def called(p: Problem, want: str, language: str, name: str) -> tuple[foreign.Call, list[np.ndarray]]:
    """The function of a family in a language, and what it should give; FrechetError where there is none."""
    f = fr.parse(p.text, variables=p.variables, facts=p.facts)
    compiled = fr.compile(f, p.wrt, want=want, backend="numpy")
    arrays = draw(p, 3)
    rng = np.random.default_rng(4)
    for n in compiled.arguments:
        if n not in arrays:  # a direction
            arrays[n] = rng.normal(size=np.shape(arrays[n[2:] or p.wrt[0]]))
    source = compiled.code(language)
    wanted = flat(compiled(**arrays))
    renamed = re.sub(rf"\b{want}(?=\()", name, source, count=2 if language == "julia" else 1)
    sizes = {**SMALL, **LONG.get(p.name, {})}
    given = [arrays[n] for n in compiled.arguments]
    return foreign.Call(name, renamed, given, sizes, shapes=[w.shape for w in wanted]), wanted


def outcomes(language: str, wants: Sequence[str], chosen: Iterable[Problem] = PROBLEMS) -> list[Outcome]:
    """Every chosen family and wanted result in one language, in one process."""
    calls, wanted, names, found = [], [], [], []
    for p in chosen:
        for want in wants if p.kind == "scalar" else ["jacobian"]:
            label = f"{p.name} {want}"
            try:
                call, values = called(p, want, language, f"f{len(calls)}")
            except fr.FrechetError as error:
                found.append(Outcome(label, "refused", error.diagnostic.message))
                continue
            calls.append(call)
            wanted += values
            names += [label] * len(values)
    with tempfile.TemporaryDirectory() as folder:
        results = RUN[language](calls, Path(folder))
    for name, value, result in zip(names, wanted, results, strict=True):
        found.append(Outcome(name, *compared(result, value, language)))
    return found


def main(words: list[str]) -> int:
    wants = [w for w in words if w in WANTS] or [w for w in WANTS if w != "jacobian"]
    bad = False
    for language in [w for w in words if w in RUN] or list(RUN):
        if absent := foreign.missing(PROGRAM[language]):
            print(f"{language:10}{absent}")
            continue
        found = outcomes(language, wants)
        print(f"{language:10}{dict(Counter(o.status for o in found))}")
        print(*(f"  {o.case}: {o.status}, {o.detail}" for o in found if o.status != "right"), sep="\n")
        bad = bad or any(o.status == "wrong" for o in found)
    return int(bad)


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        sys.exit(main(sys.argv[1:]))
