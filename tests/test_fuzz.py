"""A few hundred random expressions against HIPS autograd; `python dev.py fuzz --count 20000` runs many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("autograd", reason="needs HIPS autograd: pip install -e '.[dev]'")

from tests.fuzz.check import case, check, draw
from tests.fuzz.generate import VARIABLES, generate
from tests.fuzz.hard import HardGenerator
from tests.fuzz.term import Term, length
from tests.fuzz.wirtinger import check_complex

BLOCK = 20


@pytest.mark.parametrize("block", range(12))
def test_seeded_expressions(block: int) -> None:
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        term, wrt = case(seed)
        result = check(term, wrt, seed)
        assert result.status in ("right", "skipped"), f"seed {seed}: {result}"


@pytest.mark.parametrize("seed", range(500, 505))
def test_seeded_expressions_as_people_get_them(seed: int) -> None:
    term, wrt = case(seed)
    result = check(term, wrt, seed, verify=True)
    assert result.status in ("right", "skipped"), f"seed {seed}: {result}"


@st.composite
def terms(draw: Any) -> Term:
    """Random typed expressions; hypothesis shrinks every choice towards the simplest."""
    return generate(lambda n: draw(st.integers(0, n - 1)))


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(terms())
def test_any_expression(term: Term) -> None:
    names = sorted(term.names)
    if names and len(term.text) < 250:
        result = check(term, names[0])
        assert result.status in ("right", "skipped"), str(result)


def test_values_have_the_shapes_that_the_generator_says() -> None:
    rng = np.random.default_rng(0)
    env = {n: draw(rng, length(rows), length(cols), word) for n, (rows, cols, word) in VARIABLES.items()}
    for seed in range(30):
        term, _ = case(seed)
        assert term.value(env).shape == (length(term.shape[0]), length(term.shape[1])), term.text


@pytest.mark.slow
@pytest.mark.parametrize("block", range(100, 130))
def test_more_seeded_expressions(block: int) -> None:
    test_seeded_expressions(block)


def check_hard_block(block: int) -> None:
    """Matrix functions, factorisations and spectra; the generator knows where they are defined and smooth."""
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        term, wrt = case(seed, HardGenerator)
        result = check(term, wrt, seed)
        assert result.status in ("right", "skipped"), f"seed {seed}: {result}"


def test_expressions_with_hard_operations() -> None:
    check_hard_block(0)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(1, 20))
def test_more_expressions_with_hard_operations(block: int) -> None:
    check_hard_block(block)


@pytest.mark.parametrize("block", [0, *(pytest.param(b, marks=pytest.mark.slow) for b in range(1, 15))])
def test_functions_of_complex_variables(block: int) -> None:
    found = [check_complex(seed) for seed in range(BLOCK * block, BLOCK * (block + 1))]
    assert found.count("right") > BLOCK // 2
    assert found.count("unchecked") <= 1
