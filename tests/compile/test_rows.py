"""Tall arrays go through a program in blocks of rows, with the numbers of the whole."""

from __future__ import annotations

import importlib
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import frechet as fr
from tests.compile.problems import PROBLEMS, draw

CASES = [
    (p, want)
    for p in PROBLEMS
    for want in (["jacobian"] if p.kind == "jacobian" else ["value_and_gradient", "hessian", "hvp", "newton"])
]
LOOP = "for first in range("


@pytest.fixture
def rows() -> Iterator[Any]:
    """The module, with blocks of three rows for everything that can have them."""
    fr.compile("x'*x", "x")
    module = importlib.import_module("frechet.compile.rows")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TALL", 4)
        patch.setattr(module, "WORTH", float("-inf"))
        patch.setattr(module, "_length", lambda *_: 3)
        yield module


def same(mine: Any, other: Any) -> None:
    if isinstance(other, tuple):
        for a, b in zip(mine, other, strict=True):
            same(a, b)
    else:
        assert type(mine) is type(other)
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-10 * np.abs(other).max())


def outcome(g: Any, arrays: dict[str, Any]) -> Any:
    try:
        g(**arrays)
        return g(**arrays)  # nothing may be left behind by the first call
    except fr.FrechetError as error:
        return error.diagnostic.code


@pytest.mark.parametrize(("problem", "want"), CASES, ids=lambda x: getattr(x, "name", x))
def test_blocks_give_what_the_whole_gives(rows: Any, problem: Any, want: str) -> None:
    f = fr.parse(problem.text, variables=problem.variables, facts=problem.facts)
    wrt = problem.wrt if want == "value_and_gradient" else problem.wrt[:1]
    arrays = draw(problem, 2)
    if want == "hvp":
        arrays["v" if "v" not in arrays else "v_"] = np.random.default_rng(0).normal(size=arrays[wrt[0]].shape)
    cut = outcome(fr.compile(f, wrt, want=want, backend="numpy"), arrays)
    rows.TALL = 10**9
    whole = outcome(fr.compile(f, wrt, want=want, backend="numpy"), arrays)
    if isinstance(whole, str) or isinstance(cut, str):
        assert cut == whole
    else:
        same(cut, whole)


LOOPS = {
    "sum(log(1 + exp(X*w))) - y'*X*w": {"X": ["m", "n"], "w": ["n"], "y": ["m"]},
    "sum(exp(w'*X)) + norm2(w)^2": {"X": ["n", "m"], "w": ["n"]},
    "norm2(tanh(X*(2*W)) - Y)^2/m": {"X": ["m", "n"], "W": ["n", "k"], "Y": ["m", "k"]},
    "sum(log(sum(exp(X*W), 2))) + tr(W'*W)": {"X": ["m", "n"], "W": ["n", "k"]},
    "norm2(first*(X*w - start))^2": {"X": ["m", "n"], "w": ["n"], "first": [], "start": ["m"]},
}


@pytest.mark.parametrize("text", LOOPS)
def test_a_loop_is_written_and_serves_any_number_of_rows(rows: Any, text: str) -> None:
    variables = LOOPS[text]
    wrt = "W" if "W" in variables else "w"
    f = fr.parse(text, variables=variables)
    cut = fr.compile(f, wrt, backend="numpy", shapes={d: 9 for d in ("m", "n", "k") if d in f.declarations.sizes})
    assert "for first" in cut.source and "_rows = " in cut.source
    rng = np.random.default_rng(0)
    for m in (9, 8, 10, 12):
        lengths = {"m": m, "n": 2, "k": 2}
        arrays = {n: rng.normal(size=[lengths[d] for d in axes]) for n, axes in variables.items()}
        kept = {n: a.copy() for n, a in arrays.items()}
        mine = cut(**arrays)
        value, (gradient,) = mine
        out = np.zeros_like(gradient)
        cut(**arrays, out=(None, (out,)))
        np.testing.assert_array_equal(out, gradient)
        assert all((arrays[n] == kept[n]).all() for n in arrays)
        np.testing.assert_allclose(value, f.evaluate(**arrays), rtol=1e-10)
        np.testing.assert_allclose(gradient, f.gradient(wrt).evaluate(**arrays), rtol=1e-8, atol=1e-10)


def test_what_needs_a_sum_first_is_not_cut(rows: Any) -> None:
    for text in ("log(sum(exp(X*w)))", "logdet(X*X' + eye(m)) + sum(w)", "max(X*w)"):
        f = fr.parse(text, variables={"X": ["m", "n"], "w": ["n"]})
        assert LOOP not in fr.compile(f, "w", backend="numpy", shapes={"m": 9, "n": 2}).source


def test_large_arrays_are_cut_and_small_ones_are_not() -> None:
    f = fr.parse("norm2(tanh(X*W) - Y)^2", variables={"X": ["m", "n"], "W": ["n", "k"], "Y": ["m", "k"]})
    rng = np.random.default_rng(0)
    X, W, Y = rng.normal(size=(6000, 20)), rng.normal(size=(20, 200)), rng.normal(size=(6000, 200))
    g = fr.compile(f, "W", backend="numpy")
    g(X=X[:50], W=W, Y=Y[:50])
    assert "for first" not in g.source
    g(X=X, W=W, Y=Y)
    assert "for first" in g.source
    tracemalloc.start()
    g(X=X, W=W, Y=Y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < Y.nbytes / 2
