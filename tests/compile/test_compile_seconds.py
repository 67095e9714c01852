"""What a compiled function says of the time its programs have taken to make."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import frechet as fr

f = fr.parse("sum(tanh(X*w)) + sum(exp(-X.^2))", variables={"X": ["m", "n"], "w": ["n"]})
POINT = {"X": np.linspace(-1, 1, 2000).reshape(200, 10), "w": np.ones(10)}


def test_planning_is_counted_once_for_each_plan() -> None:
    g = fr.compile(f, "w", backend="numpy")
    first = g.compile_seconds
    assert list(first) == ["derive", "plan"] and first["derive"] > 0 == first["plan"]
    g(**POINT)
    second = g.compile_seconds
    assert second["plan"] > 0 and second["derive"] == first["derive"]
    g(**POINT)
    assert g.compile_seconds == second
    g(X=np.ones((9, 200, 10)), w=np.ones(10))
    third = g.compile_seconds
    assert third["plan"] > second["plan"]
    second["plan"] = 0  # what was handed out is a copy
    assert g.compile_seconds == third


def test_xla_is_told_apart() -> None:
    jax = pytest.importorskip("jax", reason="pip install 'frechet[jax]'")
    g = fr.compile(f, "w", backend="jax")
    assert "xla" not in g.compile_seconds
    g(**POINT)
    once = g.compile_seconds
    assert once["xla"] > 0
    g(**POINT)
    assert g.compile_seconds == once
    many = g(X=POINT["X"], w=np.ones((9, 10)))
    assert many[0].shape == (9,) and g.compile_seconds["xla"] > once["xla"]
    h = fr.compile(f, "w", backend="jax", want="gradient")
    X = jax.numpy.asarray(POINT["X"])
    jax.jit(lambda w: h(X=X, w=w))(jax.numpy.ones(10))  # what compiles here is the user's
    assert h.compile_seconds["xla"] == 0


def test_auto_tells_what_jax_took(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jax", reason="pip install 'frechet[jax]'")
    fr.compile(f, "w")
    module = sys.modules["frechet.compile.choose"]
    monkeypatch.setattr(module.InJax, "before", 0.0)
    monkeypatch.setattr(module, "FASTER", 0.0)
    monkeypatch.setattr(module, "compiler", lambda: "")
    g = fr.compile(f, "w")
    for _ in range(3):
        g(**POINT)
    assert g.backend == "jax" and g.compile_seconds["xla"] > 0
    assert g.compile_seconds["plan"] > 0


def test_the_compiler_of_c() -> None:
    fr.compile(f, "w")
    if not sys.modules["frechet.compile.native"].compiler():
        pytest.skip("needs a C compiler: apt-get install gcc")
    g = fr.compile(f, "w", backend="c")
    g(**POINT)
    taken = g.compile_seconds
    assert taken["c"] > 0
    g(**POINT)
    assert g.compile_seconds == taken
