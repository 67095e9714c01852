"""Compiled code of formulas with composite sizes, vec(X), kron(A, B), v of length m*n: the values of `evaluate`."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import frechet as fr

# Those with composite sizes come first: no name of a size may be read off their arrays where another has it alone.
VARIABLES = {"v": ["m*n"], "w": ["m*n"], "W": ["m*n", "m*n"], "X": ["m", "n"], "A": ["m", "m"], "B": ["n", "n"]}
FORMULAS = [
    ("v'*kron(B, A)*v", "B"),
    ("v'*kron(B, A)*where(v > 0, v.^2, w)", "v"),
    ("where(vec(X) > v, vec(X), v)'*W*v", "X"),
    ("where(vec(X) > v, vec(X), v)'*W*v", "v"),
    ("vec(X)'*W*vec(X)", "X"),
    ("norm2(kron(B, A) - W)^2", "A"),
    ("logdet(W + kron(B, A))", "A"),
    ("softmax(vec(X))'*v", "X"),
    ("kth(vec(X), 2)*max(v)", "X"),
    ("sum(tanh(A*mat(v, m, n)))", "v"),
    ("cumsum(vec(X)).^2", "X"),
    ("revcumsum(kron(A, B)*v)", "v"),
]


def _point(text: str) -> tuple[dict[str, list[str]], dict[str, Any]]:
    rng = np.random.default_rng(3)
    used = {n: s for n, s in VARIABLES.items() if re.search(rf"\b{n}\b", text)}
    length = {"m": 2, "n": 3, "m*n": 6}
    return used, {n: rng.normal(size=[length[d] for d in s]) for n, s in used.items()}


@pytest.mark.parametrize(("text", "wrt"), FORMULAS)
def test_compiled_values_are_those_of_evaluate(text: str, wrt: str) -> None:
    variables, arrays = _point(text)
    f = fr.parse(text, variables=variables)
    assert isinstance(f, fr.Function)
    scalar = f.shape == ()
    first = f.gradient(wrt) if scalar else f.jacobian(wrt)
    wanted = [("gradient" if scalar else "jacobian", first), *([("hessian", f.hessian(wrt))] if scalar else [])]
    for want, d in wanted:
        found = fr.compile(f, [wrt], want=want, backend="numpy")(**arrays)
        np.testing.assert_allclose(found, d.evaluate(**arrays), rtol=1e-9, atol=1e-9, err_msg=want)


def test_sums_over_a_vectorised_matrix_run_down_its_columns() -> None:
    X, v = np.array([[1.0, 2, 3], [4, 5, 6]]), np.ones(6)
    variables = {"X": ["m", "n"], "v": ["m*n"]}
    f = fr.parse("v'*cumsum(vec(X))", variables=variables)
    assert f.evaluate(X=X, v=v) == np.cumsum(X.T.ravel()).sum()
    np.testing.assert_array_equal(f.gradient("X").evaluate(X=X, v=v), [[6, 4, 2], [5, 3, 1]])
    backwards = fr.parse("v'*revcumsum(vec(X))", variables=variables)
    np.testing.assert_array_equal(backwards.gradient("X").evaluate(X=X, v=v), [[1, 3, 5], [2, 4, 6]])


def test_a_size_that_stands_nowhere_alone_is_a_quotient() -> None:
    f = fr.parse("norm2(A*mat(v, m, n))^2", variables={"v": ["m*n"], "A": ["m", "m"]})
    assert isinstance(f, fr.Function)
    g = fr.compile(f, "v", want="gradient", backend="numpy")
    v, A = np.arange(6.0), np.array([[1.0, 2], [3, 4]])
    np.testing.assert_allclose(g(v=v, A=A), 2 * (A.T @ A @ v.reshape(3, 2).T).T.ravel())
    assert "n = v.shape[0] // m" in g.source
