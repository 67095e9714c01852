"""Entries of arrays in code: read where they stand, and written where they belong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import frechet as fr

CASES: list[tuple[str, dict[str, list[Any]], str]] = [
    ("(1 - x[1])^2 + 100*(x[2] - x[1]^2)^2", {"x": [2]}, "x"),
    ("x[1]^2*x[2] + sin(x[1])", {"x": [3]}, "x"),
    ("x[2]*sum(x) + x[1]", {"x": ["n"]}, "x"),
    ("X[2,:]*a + X[1,2]^2", {"X": ["m", "n"], "a": ["n"]}, "X"),
    ("sum(X[:,1].^2)*X[3,1]", {"X": ["m", "n"]}, "X"),
    ("x[1] - 2*x[3]", {"x": [40]}, "x"),
]


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
@pytest.mark.parametrize(("text", "shapes", "name"), CASES, ids=[c[0] for c in CASES])
def test_values_and_derivatives(text: str, shapes: dict[str, list[Any]], name: str, backend: str) -> None:
    if backend != "numpy":
        pytest.importorskip(backend, reason="pip install jax torch==2.13.0")
    f, rng = fr.parse(text, variables=shapes), np.random.default_rng(0)
    given = {n: rng.normal(size=[{"m": 3, "n": 4}.get(d, d) for d in s]) for n, s in shapes.items()}
    given = {n: a if backend == "numpy" else a.astype(np.float32) for n, a in given.items()}
    tight = {"numpy": 1e-12}.get(backend, 1e-5)
    value, (gradient,) = fr.compile(f, [name], backend=backend)(**given)
    assert np.isclose(float(value), f.evaluate(**given), rtol=tight)
    wanted = f.gradient(name).evaluate(**given)
    np.testing.assert_allclose(np.asarray(gradient), wanted, rtol=tight, atol=tight)
    hessian = fr.compile(f, [name], want="hessian", backend=backend)(**given)
    single = fr.compile(f, [name], want="hessian", backend="numpy")(**{n: a.astype(float) for n, a in given.items()})
    np.testing.assert_allclose(np.asarray(hessian), single, rtol=1e-5, atol=1e-5)


def test_what_else_the_array_holds_has_no_part() -> None:
    g = fr.compile(fr.parse("x[1]^2", variables={"x": ["n"]}), ["x"])
    value, (gradient,) = g(x=np.array([3.0, np.inf, np.nan]))
    assert value == 9 and gradient.tolist() == [6, 0, 0]


def test_rows_are_copied() -> None:
    """A result, or what is written over, is no view of an argument."""
    f = fr.parse("X[1,:]'", variables={"X": ["m", "n"]})
    X = np.arange(60_000.0).reshape(2, 30_000)
    found = fr.compile(f, [], want="value", backend="numpy")(X=X)
    found += 1
    assert X[0, 0] == 0
    g = fr.compile(fr.parse("sum((2*X[1,:] - 1*ones(n)').^2)", variables={"X": ["m", "n"]}), ["X"], backend="numpy")
    g(X=X)
    assert X[0, 1] == 1


def test_code_of_rosenbrock() -> None:
    source = fr.compile(fr.parse(CASES[0][0], variables={"x": [2]}), ["x"], backend="numpy").source
    assert "x[0]" in source and "np.array([2 * " in source and "np.arange" not in source
    long = fr.compile(fr.parse("x[1] - 2*x[3]", variables={"x": [40]}), ["x"], backend="numpy").source
    assert "0, 0, 0" not in long


def test_the_order_of_products_with_entries_and_sums() -> None:
    """(X*a)[1] reads one row; the mean of X*w is that of the product which is there."""
    f = fr.parse("X[2,:]*a", variables={"X": ["m", "n"], "a": ["n"]})
    assert "X @ a" not in fr.compile(f, ["a"], backend="numpy").source
    g = fr.parse("norm2(X*w - mean(X*w)*ones(m))^2", variables={"X": ["m", "n"], "w": ["n"]})
    assert "X.sum(axis=0)" not in fr.compile(g, ["w"], want="value", backend="numpy").source
