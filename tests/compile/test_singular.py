"""Determinants and adjugates of singular matrices: compiled derivatives are those of the polynomials."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import frechet as fr

NOT_REAL = [-np.eye(3), np.diag([1.0, -1.0, 0.5])]
TEXTS = ["det(X)", "tr(A*adj(X))", "det(X)^2 + tr(X)", "det(X'*X)", "det(X)/(1 + det(X)^2)"]
RANKS = [4, 3, 2, 0]


def matrix(rank: int, small: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(rank)  # of its own: the order of the tests has no part in it
    U, V = (np.linalg.qr(rng.normal(size=(4, 4)))[0] for _ in range(2))
    values = np.array([2.0, 1.5, 1.0, 0.5])
    values[rank:] = small
    return U @ np.diag(values) @ V


def difference(f: Any, x: np.ndarray, h: float = 1e-3) -> np.ndarray:
    """Central differences of fourth order along every entry."""
    found = []
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = h
        e = e.reshape(x.shape)
        found.append((8 * (f(x + e) - f(x - e)) - f(x + 2 * e) + f(x - 2 * e)) / (12 * h))
    return np.moveaxis(np.array(found), 0, -1).reshape((*np.shape(found[0]), *x.shape))


@pytest.mark.parametrize(("text", "rank"), list(product(TEXTS, RANKS)))
def test_derivatives_of_singular_matrices(text: str, rank: int) -> None:
    f = fr.parse(text, variables={"A": ["n", "n"], "X": ["n", "n"]} if "A" in text else {"X": ["n", "n"]})
    X = np.round(matrix(rank) * 2**30) / 2**30 if rank else np.zeros((4, 4))
    given = {"A": np.arange(16.0).reshape(4, 4)} if "A" in text else {}
    both, hessian = fr.compile(f, ["X"]), fr.compile(f, ["X"], want="hessian")
    for _ in range(2):  # the second call goes the short way
        value, (gradient,) = both(X=X, **given)
        assert np.isclose(value, f.evaluate(X=X, **given), atol=1e-9)
        np.testing.assert_allclose(gradient, difference(lambda x: f.evaluate(X=x, **given), X), atol=1e-7)
    regular = fr.compile(f, ["X"], want="gradient")
    second = hessian(X=X, **given)
    np.testing.assert_allclose(second, difference(lambda x: regular(X=x, **given), X, 4e-3), atol=1e-5)


@pytest.mark.parametrize("small", [1e-15, 1e-9, 1e-5])
def test_hessians_close_to_singular(small: float) -> None:
    """det(X)*(inv(X)..inv(X).. - ...) would lose every digit."""
    f = fr.parse("det(X)", variables={"X": ["n", "n"]})
    X = matrix(3, small)
    found = fr.compile(f, ["X"], want="hessian")(X=X)
    minors = np.zeros((4, 4, 4, 4))
    for i, j, k, m in product(range(4), repeat=4):
        if i != k and j != m:
            rows, cols = [a for a in range(4) if a not in (i, k)], [a for a in range(4) if a not in (j, m)]
            sign = (-1) ** (i + j + k + m) * (1 if (i < k) == (j < m) else -1)
            minors[i, j, k, m] = sign * np.linalg.det(X[np.ix_(rows, cols)])
    np.testing.assert_allclose(found, minors, atol=1e-9)


def test_what_is_not_finite_is_refused() -> None:
    X = np.array([[1.0, 2.0], [2.0, 4.0]])
    for text in ("log(det(X))", "1/det(X)", "tr(inv(X))*det(X)", "logdet(X)"):
        with pytest.raises(fr.FrechetError, match="singular"):
            fr.compile(fr.parse(text, variables={"X": ["n", "n"]}), ["X"])(X=X)


def test_in_a_batch() -> None:
    f = fr.parse("det(X)", variables={"X": ["n", "n"]})
    X = np.stack([matrix(4), np.diag([0.0, 1.0, 2.0, 3.0]), np.zeros((4, 4))])
    value, (gradient,) = fr.compile(f, ["X"])(X=X)
    assert np.allclose(value, np.linalg.det(X))
    assert np.allclose(gradient[1], np.diag([6.0, 0.0, 0.0, 0.0])) and np.allclose(gradient[2], 0)


@pytest.mark.parametrize("text", ["tr(logm(X))", "tr(sqrtm(X))", "norm2(sqrtm(X))^2", "norm2(logm(X))^2"])
@pytest.mark.parametrize("X", NOT_REAL)
def test_where_there_is_no_real_matrix_there_is_no_number(text: str, X: np.ndarray) -> None:
    """Neither has a real logarithm or root that continues: the real parts of a complex one are no answer."""
    function = fr.parse(text, variables={"X": ["n", "n"]})
    assert np.isnan(function.evaluate(X=X))
    assert np.isnan(fr.compile(function, "X", "value", backend="numpy")(X=X))
    try:
        assert np.isnan(fr.compile(function, "X", backend="numpy")(X=X)[0])
    except fr.FrechetError as error:
        assert error.diagnostic.code == "E400"


def test_what_lapack_does_not_take_is_told() -> None:
    g = fr.compile(fr.parse("norm2(expm(X))^2", variables={"X": ["n", "n"]}), "X", backend="numpy")
    g(X=np.eye(3))
    for entry in (np.nan, np.inf):
        with pytest.raises(fr.FrechetError, match="infinite or not a number"):
            g(X=np.diag([1.0, 1.0, entry]))
