"""Compiled derivatives as the jac, hess and hessp of scipy.optimize.minimize."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize

import frechet as fr
from tests.compile.problems import PROBLEMS, draw


def test_logistic_regression_with_a_hessian() -> None:
    p = next(p for p in PROBLEMS if p.name == "logreg")
    f, data = fr.parse(p.text, variables=p.variables), draw(p, seed=1)
    start = data.pop("w")
    both, hessian = fr.compile(f, ["w"]), fr.compile(f, ["w"], want="hessian")

    def value(w: Any) -> Any:
        result, (gradient,) = both(w=w, **data)
        return result, gradient

    found = minimize(value, start, jac=True, hess=lambda w: hessian(w=w, **data), method="trust-exact")
    assert np.abs(both(w=found.x, **data)[1][0]).max() < 1e-4


def test_matrix_factorisation_with_gradients_of_two_matrices() -> None:
    p = next(p for p in PROBLEMS if p.name == "matfac")
    f, data = fr.parse(p.text, variables=p.variables), draw(p, seed=2)
    U, V = data["U"], data["V"]
    T = U @ V.T
    both = fr.compile(f, ["U", "V"])
    shapes = (U.shape, V.shape)

    def value(x: Any) -> Any:
        parts = x[: U.size].reshape(shapes[0]), x[U.size :].reshape(shapes[1])
        result, gradients = both(T=T, U=parts[0], V=parts[1])
        return result, np.concatenate([g.ravel() for g in gradients])

    start = np.random.default_rng(3).normal(size=U.size + V.size)
    assert minimize(value, start, jac=True, method="BFGS").fun < 1e-6


def test_rosenbrock_with_hessian_products() -> None:
    f = fr.parse("(1 - x[1])^2 + 100*(x[2] - x[1]^2)^2", variables={"x": [2]})
    value, product = fr.compile(f, ["x"]), fr.compile(f, ["x"], want="hvp")
    found = minimize(
        lambda x: value(x=x)[0], [-1.2, 1.0], jac=lambda x: value(x=x)[1][0], hessp=lambda x, v: product(x=x, v=v),
        method="Newton-CG", options={"xtol": 1e-10},
    )  # fmt: skip
    np.testing.assert_allclose(found.x, [1, 1], atol=1e-5)
