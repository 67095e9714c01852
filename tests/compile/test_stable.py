"""Compiled values and gradients where the formula as typed overflows or cancels, against mpmath."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import frechet as fr

mp = mpmath.mp.clone()
mp.dps = 400

# text, value and derivative in exact arithmetic, points
CASES = [
    ("log(1 + exp(x))", lambda x: mp.log(1 + mp.exp(x)), lambda x: 1 / (1 + mp.exp(-x)), [-700.0, -40.0, 3.0, 800.0]),
    ("1 - sigmoid(x)", lambda x: 1 / (1 + mp.exp(x)), lambda x: -1 / (2 + mp.exp(x) + mp.exp(-x)), [-60.0, 2.0, 60.0]),
    ("log(1 + x)", lambda x: mp.log(1 + x), lambda x: 1 / (1 + x), [1e-20, 1e-9, 0.5]),
    ("x/(1 + exp(-x))", lambda x: x / (1 + mp.exp(-x)),
     lambda x: 1 / (1 + mp.exp(-x)) + x * mp.exp(-x) / (1 + mp.exp(-x)) ** 2, [-30.0, 0.1, 50.0]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value", "slope", "points"), CASES, ids=[c[0] for c in CASES])
def test_scalar_functions_keep_their_digits(text: str, value: Any, slope: Any, points: list[float]) -> None:
    both = fr.compile(fr.parse(text, variables={"x": []}), ["x"])
    for x in points:
        got, (derivative,) = both(x=np.array(x))
        assert abs(got - value(mp.mpf(x))) <= 4e-15 * abs(value(mp.mpf(x))), x
        assert abs(derivative - slope(mp.mpf(x))) <= 4e-15 * abs(slope(mp.mpf(x))), x


def test_softmax_regression_does_not_overflow() -> None:
    text, shapes = "sum(log(exp(X*W)*ones(k))) - sum(Y.*(X*W))", {"X": ["m", "d"], "W": ["d", "k"], "Y": ["m", "k"]}
    f = fr.parse(text, variables=shapes)
    rng = np.random.default_rng(0)
    X, W, Y = 900 * rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.uniform(size=(4, 2))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, (gradient,) = fr.compile(f, ["W"])(X=X, W=W, Y=Y)
        hessian = fr.compile(f, ["W"], want="hessian")(X=X, W=W, Y=Y)
    Z = X @ W
    P = np.exp(Z - Z.max(1)[:, None])
    P /= P.sum(1)[:, None]
    exact = sum(mp.log(mp.fsum(mp.exp(mp.mpf(z)) for z in row)) for row in Z) - mp.mpf((Y * Z).sum())
    assert abs(value - exact) <= 1e-12 * abs(exact)
    np.testing.assert_allclose(gradient, X.T @ (P - Y), rtol=1e-9)
    assert np.isfinite(hessian).all()


def test_the_determinant_of_a_large_matrix_does_not_overflow() -> None:
    f = fr.parse("logdet(X)", variables={"X": ["n", "n"]})
    X = 1e6 * np.eye(200)
    value, (gradient,) = fr.compile(f, ["X"])(X=X)
    np.testing.assert_allclose(value, 200 * np.log(1e6))
    np.testing.assert_allclose(gradient, 1e-6 * np.eye(200), atol=1e-20)


def test_the_logarithm_of_a_negative_determinant_has_no_value() -> None:
    g = fr.compile(fr.parse("log(det(X))", variables={"X": ["n", "n"]}), wrt=["X"], want="value_and_gradient")
    with np.errstate(invalid="ignore"):
        assert np.isnan(g(X=np.array([[0.0, 1.0], [1.0, 0.0]]))[0])
    with np.errstate(all="raise"):
        assert np.isclose(g(X=1e200 * np.eye(3))[0], 3 * np.log(1e200))
        assert np.isclose(g(X=-1e-200 * np.eye(4))[0], 4 * np.log(1e-200))


@pytest.mark.parametrize(("text", "wanted"), [
    ("log(det(X)^2)", lambda L: 2 * L), ("log(3/det(X))", lambda L: np.log(3) - L),
    ("log(1/sqrt(det(2*X))*exp(-tr(X)))", lambda L: -(L + 4 * np.log(2)) / 2 - 4e-200),
    ("log(det(X)*det(X + X))", lambda L: 2 * L + 4 * np.log(2)),
])  # fmt: skip
def test_logarithms_of_products_with_determinants(text: str, wanted: Any) -> None:
    g = fr.compile(fr.parse(text, variables={"X": ["n", "n"]}), ["X"], want="value", backend="numpy")
    with np.errstate(all="raise"):
        assert np.isclose(g(X=1e-200 * np.eye(4)), wanted(4 * np.log(1e-200)))
    X = np.random.default_rng(0).normal(size=(4, 4))
    X = X @ X.T + np.eye(4)
    assert np.isclose(g(X=X), fr.parse(text).evaluate(X=X))


def test_the_sign_of_a_determinant_in_c_and_the_others() -> None:
    f = fr.parse("log(det(X))", variables={"X": ["n", "n"]})
    assert "lu_detsign" in fr.compile(f, ["X"]).code("c")
    for backend in ("jax", "torch"):
        pytest.importorskip(backend, reason="pip install jax torch==2.13.0")
        value = fr.compile(f, ["X"], backend=backend, want="value")(X=np.diag([-2.0, -3.0, 1.0]))
        assert np.isclose(float(value), np.log(6))


def test_code_of_a_normalised_layer() -> None:
    """Sums of what is centred are zero, a root is taken once: what one writes by hand."""
    text = "c'*((x - mean(x)*ones(n))/sqrt(norm2(x - mean(x)*ones(n))^2/n + e))"
    f = fr.parse(text, variables={"x": ["n"], "c": ["n"], "e": []})
    g = fr.compile(f, ["x"], backend="numpy")
    given = {"x": np.array([1.0, 2.0, 4.0, 0.5]), "c": np.array([1.0, -1.0, 2.0, 3.0]), "e": np.array(0.1)}
    (gradient,) = g(**given)[1]
    d = given["x"] - given["x"].mean()
    s = np.sqrt(d @ d / 4 + 0.1)
    c = given["c"]
    np.testing.assert_allclose(gradient, (c - c.mean()) / s - d * (c @ d) / (4 * s**3), rtol=1e-13)
    assert g.source.count("np.sqrt(") == 1 and g.source.count(".sum()") == 2
