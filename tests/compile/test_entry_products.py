"""Products of entries where entries are zero: derivatives are those of the polynomial."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import frechet as fr

POINTS = [[1.0, 2.0, 3.0, 4.0], [0.0, 2.0, 3.0, 4.0], [0.0, 2.0, 0.0, 4.0], [0.0, 0.0, 0.0, 4.0], [-1.0, 0.5, 2.0, 0.0]]
CASES = {
    "prod(x)": lambda x: np.prod(x),
    "prod(x)^2 + sum(x)": lambda x: np.prod(x) ** 2 + np.sum(x),
    "prod(x + ones(n))": lambda x: np.prod(x + 1),
    "sum(cumprod(x))": lambda x: np.sum(np.cumprod(x)),
    "prod(x)/(1 + x'*x)": lambda x: np.prod(x) / (1 + x @ x),
}


def derivatives(f: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian by central differences, which are exact enough for polynomials of low degree."""
    h, eye = 1e-3, np.eye(len(x))
    gradient = np.array([(8 * (f(x + h * e) - f(x - h * e)) - f(x + 2 * h * e) + f(x - 2 * h * e)) / (12 * h)
                         for e in eye])  # fmt: skip
    hessian = np.array([[(f(x + h * (a + b)) - f(x + h * (a - b)) - f(x - h * (a - b)) + f(x - h * (a + b)))
                         / (4 * h * h) for a in eye] for b in eye])  # fmt: skip
    return gradient, hessian


@pytest.mark.parametrize(("text", "point"), list(product(CASES, POINTS)))
def test_derivatives_at_zeros(text: str, point: list[float]) -> None:
    f, x = fr.parse(text, variables={"x": ["n"]}), np.array(point)
    gradient, hessian = derivatives(CASES[text], x)
    with np.errstate(all="raise"):
        value, (found,) = fr.compile(f, ["x"], backend="numpy")(x=x)
        assert np.isclose(value, CASES[text](x))
        np.testing.assert_allclose(found, gradient, atol=1e-8)
        if "cumprod" not in text:
            second = fr.compile(f, ["x"], want="hessian", backend="numpy")(x=x)
            np.testing.assert_allclose(second, hessian, atol=1e-4)


def test_second_derivatives_of_running_products() -> None:
    f, x = fr.parse("sum(cumprod(x))", variables={"x": ["n"]}), np.array([1.0, 2.0, -1.0, 0.5])
    found = fr.compile(f, ["x"], want="hessian")(x=x)
    np.testing.assert_allclose(found, derivatives(CASES["sum(cumprod(x))"], x)[1], atol=1e-4)


def test_of_a_matrix() -> None:
    f = fr.parse("prod(X)", variables={"X": ["m", "n"]})
    X = np.array([[0.0, 2.0, 3.0], [5.0, 1.0, 2.0]])
    gradient, hessian = derivatives(lambda x: np.prod(x), X.ravel())
    np.testing.assert_allclose(fr.compile(f, ["X"])(X=X)[1][0], gradient.reshape(2, 3), atol=1e-8)
    second = fr.compile(f, ["X"], want="hessian")(X=X)
    np.testing.assert_allclose(second, hessian.reshape(2, 3, 2, 3), atol=1e-4)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_in_jax_and_torch(backend: str) -> None:
    pytest.importorskip(backend, reason="pip install jax torch==2.13.0")
    x = np.array([0.0, 2.0, 3.0, 4.0], dtype=np.float32)
    for text in ("prod(x)", "sum(cumprod(x))"):
        f = fr.parse(text, variables={"x": ["n"]})
        for want in ("gradient", "hessian") if text == "prod(x)" else ("gradient",):
            found = fr.compile(f, ["x"], want=want, backend=backend)(x=x)
            true = fr.compile(f, ["x"], want=want, backend="numpy")(x=x)
            np.testing.assert_allclose(np.asarray(found), true)


@pytest.mark.parametrize(("name", "text"), [("coprod", "prod(x)"), ("dcumprod", "sum(cumprod(x))")])
def test_other_languages_have_it(name: str, text: str) -> None:
    f = fr.parse(text, variables={"x": ["n"]})
    g = fr.compile(f, ["x"])
    for language in ("c", "julia", "matlab"):
        assert name in g.code(language)
