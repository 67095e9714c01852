"""Entries and ranks that the arrays do not have are refused wherever arrays are taken: nothing is cut off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import frechet as fr

x, X = np.array([3.0, 1, 2]), np.arange(9.0).reshape(3, 3)
FORMULAS = [
    ("x[5]^2", {"x": x}), ("sum(x[2:5].^2)", {"x": x}), ("x[4:5]'*x[1:2]", {"x": x}), ("X[2,5]^2", {"X": X}),
    ("sum(X[2:5,1:2])", {"X": X}), ("sum(X[:,4])", {"X": X}), ("sin(s[4]) where s = x.^2", {"x": x}),
    ("kth(x, 4)", {"x": x}),
]  # fmt: skip


def _function(text: str, arrays: dict[str, Any], **options: Any) -> fr.Function:
    names = {0: [], 1: ["n"], 2: ["n", "n"]}
    f = fr.parse(text, variables={n: names[np.ndim(a)] for n, a in arrays.items()}, **options)
    assert isinstance(f, fr.Function)
    return f


@pytest.mark.parametrize(("text", "arrays"), FORMULAS)
def test_an_entry_that_is_not_there_is_refused(text: str, arrays: dict[str, Any]) -> None:
    f, (name, *_) = _function(text, arrays), arrays
    larger = {n: np.pad(a, (0, 4), constant_values=7.0) for n, a in arrays.items()}
    d, g = f.gradient(name), fr.compile(f, name, want="gradient", backend="numpy")
    for use in (f.evaluate, d.evaluate, g, lambda **a: f.local(a)):
        use(**larger)
        with pytest.raises(fr.FrechetError, match="there are 3 here"):
            use(**arrays)
    np.testing.assert_allclose(g(**larger), d.evaluate(**larger))


def test_ranks_and_exponents_of_compiled_code_are_whole_and_there() -> None:
    f = _function("kth(x, k)", {"x": x, "k": 1}, facts={"k": ["integer"]})
    g = fr.compile(f, "x", backend="numpy")
    for k in (2, 2.0, np.int64(2)):
        assert g(x=x, k=k)[0] == 2
    for wrong in (0, -1, 4, 1.5, np.nan):
        for _ in range(2):
            with pytest.raises(fr.FrechetError, match=r"rank|integer"):
                g(x=x, k=wrong)
    power = _function("tr(X^p)", {"X": X, "p": 1}, facts={"p": ["integer"]})
    h = fr.compile(power, "X", want="value", backend="numpy")
    for _ in range(2):
        assert h(X=X, p=2) == np.trace(X @ X)
        for wrong in (1.5, np.nan, np.inf):
            with pytest.raises(fr.FrechetError, match="integer"):
                h(X=X, p=wrong)


@pytest.mark.parametrize("k", ["0", "-1", "1 - 3"])
def test_a_rank_below_one_is_none(k: str) -> None:
    with pytest.raises(fr.FrechetError, match="rank"):
        str(_function(f"kth(x, {k})", {"x": x}).gradient("x"))


def test_a_rank_that_is_a_variable_compiles_for_jax() -> None:
    pytest.importorskip("jax", reason="pip install jax")
    f = _function("kth(x, k)^2", {"x": x, "k": 1}, facts={"k": ["integer"]})
    value, (gradient,) = fr.compile(f, "x", backend="jax")(x=x, k=2)
    assert float(value) == 4
    np.testing.assert_allclose(gradient, [0, 0, 4])
