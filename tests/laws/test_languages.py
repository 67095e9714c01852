"""Every operation in every language: its code, run by the language itself, gives the value of its record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.compile.languages.c_code import c_source
from frechet.compile.languages.julia import julia_source
from frechet.compile.languages.matlab import matlab_source
from frechet.ops import REGISTRY
from frechet.reference.evaluate import sizes_of
from tests.compile import foreign
from tests.compile.languages import PROGRAM, RUN
from tests.laws.instance import instances
from tests.laws.laws import close, own_value

SOURCES: dict[str, Any] = {"octave": matlab_source, "julia": julia_source, "c": c_source}
LEAST = {"octave": 190, "julia": 190, "c": 190}


@pytest.mark.parametrize("language", ["octave", *(pytest.param(n, marks=pytest.mark.slow) for n in ("julia", "c"))])
def test_the_code_of_an_operation_gives_its_value(language: str, tmp_path: Path) -> None:
    if absent := foreign.missing(PROGRAM[language]):
        pytest.skip(absent)
    calls, wanted, refused = [], [], set()
    for one in [one for record in REGISTRY.values() for one in instances(record)]:
        f = one.parse()
        try:
            source = SOURCES[language](f.tree, f.declarations, name=f"f{len(calls)}", arguments=list(one.arrays))
        except fr.FrechetError as error:
            assert error.diagnostic.code == "E504", one.text
            refused.add(one.record.name)
            continue
        value = own_value(one)
        sizes = sizes_of(f.declarations, one.arrays)
        calls.append(foreign.Call(f"f{len(calls)}", source, list(one.arrays.values()), sizes, value.shape))
        wanted.append((one.text, value))
    for call, (text, value), result in zip(calls, wanted, RUN[language](calls, tmp_path), strict=True):
        assert not isinstance(result, str), f"{text}: {result}\n{call.source}"
        got = result.reshape(value.shape) if result.size == value.size else result
        assert close(got, value, 1e-9), f"{text}: {np.asarray(got)}, not {value}\n{call.source}"
    assert len(calls) >= LEAST[language], refused
