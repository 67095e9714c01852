"""`python -m tests.compile.languages [octave julia c]`: the code of every case of the suites, run in each language.

The derivative's code is written in the language and run by its own interpreter or compiler at the first stored point;
what it gives is compared with the NumPy code of the same answer, to 1e-9 of the largest entry.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import frechet as fr
from frechet.compile.languages.array_languages import NUMPY
from frechet.reference.evaluate import sizes_of
from tests.cases.judge import derive
from tests.cases.suite import Case, cases, draws
from tests.compile import foreign

RUN = {"octave": foreign.octave, "julia": foreign.julia, "c": foreign.cc}
PROGRAM = {"octave": "octave-cli", "julia": "julia", "c": "cc"}
TOLERANCE = 1e-9


class Outcome(NamedTuple):
    """What became of a case: right, wrong, refused."""

    case: str
    status: str
    detail: str = ""


def prepared(case: Case, language: str, name: str) -> tuple[foreign.Call, np.ndarray]:
    """The function of a case in a language and the value it should have; FrechetError where there is none."""
    d = derive(case, verify=False)
    source = d.code(language)
    draw = draws(case.id)[0]
    arrays: dict[str, np.ndarray] = {NUMPY.identifier(n): a for n, a in draw.arrays.items()}
    try:
        function: Any = d.compile("numpy")
        text: str = d.code("numpy")
    except fr.FrechetError:  # NumPy does not have it: the value node by node
        names = list(d.function.declarations.variables)
        function, text = None, f"def {d._code_name}({', '.join(names)}):"
    head = re.search(r"^def (\w+)\((.*)\):$", text, re.MULTILINE)
    assert head is not None
    rng = np.random.default_rng(0)
    given = []
    for parameter in head[2].split(", ") if head[2] else []:
        if parameter not in arrays:  # the direction dX of an operator form
            variable = next(v for v in case.wrt if parameter.startswith(f"d{v}"))
            arrays[parameter] = rng.standard_normal(np.shape(draw.arrays[variable]))
        given.append(arrays[parameter])
    wanted = np.asarray(d.evaluate(**draw.arrays) if function is None else function(*given), dtype=float)
    renamed = re.sub(rf"\b{head[1]}(?=\()", name, source, count=2 if language == "julia" else 1)
    sizes = sizes_of(d.function.declarations, draw.arrays)
    return foreign.Call(name, renamed, given, sizes, wanted.shape), wanted


def outcomes(language: str, chosen: Iterable[Case]) -> list[Outcome]:
    """Every chosen case in one language, in one process."""
    calls, wanted, names, found = [], [], [], []
    for k, case in enumerate(chosen):
        try:
            call, value = prepared(case, language, f"f{k}")
        except fr.FrechetError as error:
            found.append(Outcome(case.id, "refused", error.diagnostic.message))
            continue
        calls.append(call)
        wanted.append(value)
        names.append(case.id)
    with tempfile.TemporaryDirectory() as folder:
        results = RUN[language](calls, Path(folder))
    for name, value, result in zip(names, wanted, results, strict=True):
        found.append(Outcome(name, *compared(result, value, language)))
    return found


def compared(result: np.ndarray | str, value: np.ndarray, language: str) -> tuple[str, str]:
    if isinstance(result, str):
        return "wrong", result
    shape = value.shape if language != "octave" or value.ndim > 1 else (*value.shape, 1, 1)[:2]
    if result.shape != shape:
        return "wrong", f"shape {result.shape}, not {shape}"
    error = float(np.max(np.abs(result.reshape(value.shape) - value), initial=0.0))
    scale = float(np.max(np.abs(value), initial=0.0))
    return ("right", "") if error <= TOLERANCE * scale else ("wrong", f"off by {error:.2g} at scale {scale:.2g}")


def main(languages: list[str]) -> int:
    bad = False
    print(f"{'language':10}{'right':>8}{'refused':>9}{'wrong':>8}")
    details = []
    for language in languages or list(RUN):
        absent = foreign.missing(PROGRAM[language])
        if absent:
            print(f"{language:10}{absent}")
            continue
        found = outcomes(language, cases())
        count = Counter(o.status for o in found)
        print(f"{language:10}{count['right']:8}{count['refused']:9}{count['wrong']:8}")
        details += [f"{language} {o.case}: {o.status}, {o.detail}" for o in found if o.status != "right"]
        bad = bad or count["wrong"] > 0
    print(*details, sep="\n")
    return int(bad)


if __name__ == "__main__":
    with np.errstate(all="ignore"):
        sys.exit(main(sys.argv[1:]))
