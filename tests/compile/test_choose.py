"""What `backend="auto"` takes, and what it says about it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import frechet as fr

f = fr.parse("sum(tanh(X*w)) + sum(exp(-X.^2))", variables={"X": ["m", "n"], "w": ["n"]})
POINT = {"X": np.linspace(-1, 1, 2000).reshape(200, 10), "w": np.ones(10)}


def choose() -> Any:
    fr.compile(f, "w")
    return sys.modules["frechet.compile.choose"]


def test_numpy_stays_where_products_take_the_time() -> None:
    g = fr.compile(fr.parse("norm2(X*w)^2", variables={"X": ["m", "n"], "w": ["n"]}), "w")
    g(**POINT)
    assert g.backend == "numpy" and g.choice.startswith("numpy") and g.plan.functions == 0
    assert fr.compile(f, "w", backend="numpy").choice == "numpy: asked for"


@pytest.mark.parametrize("faster", [0.0, 1e9])
def test_a_trial_of_jax_is_told(monkeypatch: pytest.MonkeyPatch, faster: float) -> None:
    pytest.importorskip("jax", reason="pip install 'frechet[jax]'")
    module = choose()
    monkeypatch.setattr(module.InJax, "before", 0.0)
    monkeypatch.setattr(module, "FASTER", faster)
    monkeypatch.setattr(module, "TIMES", 1)
    monkeypatch.setattr(module, "compiler", lambda: "")
    g, plain = fr.compile(f, "w"), fr.compile(f, "w", backend="numpy")
    assert g.plan.functions > module.FUNCTIONS
    expected = plain(**POINT)
    for _ in range(3):
        value, (gradient,) = g(**POINT)
        np.testing.assert_allclose(value, expected[0], rtol=1e-12)
        np.testing.assert_allclose(gradient, expected[1][0], rtol=1e-10)
        gradient[:] = 0  # results are the caller's
    assert g.backend == ("numpy" if faster else "jax")
    assert ("was tried" if faster else "jax since call 1") in g.choice
    single = g(**{n: a.astype(np.float32) for n, a in POINT.items()})
    assert single[1][0].dtype == np.float32
    with pytest.raises(fr.FrechetError):
        g(X=POINT["X"], w=np.ones(3))


def test_arrays_are_computed_where_they_are() -> None:
    torch = pytest.importorskip("torch", reason="pip install 'frechet[torch]'")
    g = fr.compile(f, "w")
    value, (gradient,) = g(X=torch.as_tensor(POINT["X"]), w=torch.as_tensor(POINT["w"]))
    assert isinstance(gradient, torch.Tensor) and g.backend == "torch" and "arrays are there" in g.choice
    np.testing.assert_allclose(value, fr.compile(f, "w", backend="numpy")(**POINT)[0], rtol=1e-10)


def test_operators_are_numpy_only() -> None:
    with pytest.raises(fr.FrechetError, match="no operators for jax"):
        fr.compile(f, "w", want="hessian", as_operator=True, backend="jax")
