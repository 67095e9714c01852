"""Functions of matrices in C: each brought algorithm against NumPy's and SciPy's, at easy and at hard points."""

from __future__ import annotations

import ctypes
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.compile.c_linear import SIDES
from tests.compile import foreign
from tests.compile.programs import flat

RNG = np.random.default_rng(7)
SQUARE, TALL = RNG.normal(size=(5, 5)), RNG.normal(size=(6, 3))
GRAM = SQUARE @ SQUARE.T
WELL = GRAM + np.eye(5)
TURN = np.linalg.qr(SQUARE)[0]
ALIKE = TURN @ np.diag([1.0, 1.0, 1.0, -2.0, 3.0]) @ TURN.T
# (formula, arrays): the result is a scalar, a vector or a matrix
POINTS: list[tuple[str, dict[str, Any]]] = [
    ("expm(X)", {"X": SQUARE}), ("expm(X)", {"X": 9 * SQUARE}), ("expm(X)", {"X": np.zeros((3, 3))}),
    ("dexpm(X, E)", {"X": SQUARE, "E": GRAM}), ("dexpm(X, E, F)", {"X": SQUARE, "E": GRAM, "F": TURN}),
    ("sqrtm(X)", {"X": WELL}), ("sqrtm(X)", {"X": WELL + SQUARE / 9}), ("sqrtm(X)", {"X": GRAM * 1e8}),
    ("sqrtm(X)", {"X": np.diag([4.0, 0.0, 9.0])}),
    ("logm(X)", {"X": WELL}), ("logm(X)", {"X": WELL + SQUARE / 9}), ("dlogm(X, E)", {"X": WELL, "E": SQUARE}),
    ("pinv(X)", {"X": TALL}), ("pinv(X)", {"X": TALL.T}), ("pinv(X)", {"X": TALL @ TALL.T}),
    ("pinv(X)", {"X": np.zeros((3, 2))}), ("pinv(X)", {"X": np.array([[1.0, 2.0], [2.0, 4.0]])}),
    ("polar(X)", {"X": TALL}), ("polar(X)", {"X": TALL.T}), ("nuclear(X)", {"X": TALL @ TALL.T}),
    ("specnorm(X)", {"X": TALL}), ("singvals(X)", {"X": TALL}),
    ("eigmax(S)", {"S": SQUARE}), ("eigvals(S)", {"S": ALIKE}), ("eigvals(S)", {"S": GRAM * 1e150}),
    ("eigvec(S)", {"S": SQUARE}), ("eigvecs(S)", {"S": GRAM}), ("eigvecs(S)", {"S": np.diag([3.0, -1.0, 2.0])}),
    ("chol(S)", {"S": WELL}), ("mpower(X, p)", {"X": SQUARE, "p": 7.0}), ("mpower(X, p)", {"X": WELL, "p": -3.0}),
    ("dmpower(X, p, E)", {"X": SQUARE, "p": 4.0, "E": GRAM}),
    ("sylvester(A, B, C)", {"A": WELL, "B": TALL.T @ TALL, "C": RNG.normal(size=(5, 3))}),
    ("sylvester(A, B, C)", {"A": SQUARE, "B": RNG.normal(size=(3, 3)), "C": RNG.normal(size=(5, 3))}),
    ("reverse(x)", {"x": SQUARE[0]}), ("cumprod(x)", {"x": SQUARE[0]}), ("diagsums(G)", {"G": SQUARE}),
    ("diagmeans(G)", {"G": SQUARE}), ("conv(a, b)", {"a": SQUARE[0], "b": TALL[0]}),
    ("corr(a, b)", {"a": SQUARE[0], "b": TALL[0]}), ("kth(x, k)", {"x": SQUARE[0], "k": 2.0}),
    ("atkth(x, k)", {"x": np.array([3.0, 1.0, 3.0, 0.0]), "k": 3.0}),
]  # fmt: skip


def called(text: str, arrays: dict[str, Any], name: str) -> tuple[foreign.Call, np.ndarray]:
    facts = {n: ["integer"] for n in "pk" if n in arrays}
    f = fr.parse(text, variables={n: list(np.shape(a)) for n, a in arrays.items()}, facts=facts)
    compiled = fr.compile(f, [], want="value", backend="numpy")
    (wanted,) = flat(compiled(**arrays))
    source = compiled.code("c").replace("int value(", f"int {name}(")
    given = [np.asarray(arrays[n]) for n in compiled.arguments]
    return foreign.Call(name, source, given, {}, wanted.shape), wanted


def test_functions_of_matrices_have_numpys_values(tmp_path: Path) -> None:
    if absent := foreign.missing("cc"):
        pytest.skip(absent)
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        pairs = [called(text, arrays, f"f{k}") for k, (text, arrays) in enumerate(POINTS)]
    results = foreign.cc([call for call, _ in pairs], tmp_path)
    for (text, _), (_, wanted), result in zip(POINTS, pairs, results, strict=True):
        assert not isinstance(result, str), text
        scale = np.max(np.abs(wanted), initial=1e-300)
        np.testing.assert_allclose(result / scale, wanted / scale, atol=1e-11, rtol=0, err_msg=text)


def test_every_function_of_matrices_is_tried() -> None:
    tried = " ".join(text for text, _ in POINTS)
    assert not [n for n in SIDES if f"{n}(" not in tried]


@pytest.mark.parametrize(("text", "X", "status"), [
    ("inv(X)", np.zeros((2, 2)), 1), ("chol(X)", -np.eye(2), 1), ("expm(X)", np.eye(2), 0),
])  # fmt: skip
def test_what_the_status_says(text: str, X: np.ndarray, status: int, tmp_path: Path) -> None:
    if absent := foreign.missing("cc"):
        pytest.skip(absent)
    source = fr.compile(fr.parse(text, variables={"X": [2, 2]}), [], want="value", backend="numpy").code("c")
    out = np.zeros((2, 2))
    pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (X, out)]
    assert foreign.library(source, tmp_path, "value").value(*pointers) == status


def test_a_root_that_is_not_real_is_nan(tmp_path: Path) -> None:
    if absent := foreign.missing("cc"):
        pytest.skip(absent)
    matrices = [np.diag([-1.0, 2.0]), np.array([[-1.0, 3.0], [0.0, 2.0]])]
    with warnings.catch_warnings(action="ignore"):
        calls = [called("sqrtm(X)", {"X": X}, f"f{k}")[0] for k, X in enumerate(matrices)]
    for result in foreign.cc(calls, tmp_path):
        assert not isinstance(result, str)
        assert np.isnan(result).any()
