"""Functions of whole arrays in each language against NumPy's and SciPy's, at easy and at hard points."""

from __future__ import annotations

import ctypes
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.compile.languages.c_linear import SIDES
from frechet.reference.evaluate import sizes_of
from tests.compile import foreign
from tests.compile.languages import PROGRAM, RUN
from tests.compile.points import POINTS, SQUARE, TALL, WELL
from tests.compile.programs import flat
from tests.compile.test_composite import FORMULAS, _point


def called(text: str, arrays: dict[str, Any], language: str, name: str) -> tuple[foreign.Call, np.ndarray]:
    facts = {n: ["integer"] for n in "pk" if n in arrays}
    f = fr.parse(text, variables={n: list(np.shape(a)) for n, a in arrays.items()}, facts=facts)
    compiled = fr.compile(f, [], want="value", backend="numpy")
    (wanted,) = flat(compiled(**arrays))
    source = re.sub(r"\bvalue(?=\()", name, compiled.code(language), count=2 if language == "julia" else 1)
    given = [np.asarray(arrays[n]) for n in compiled.arguments]
    return foreign.Call(name, source, given, {}, wanted.shape), wanted


@pytest.mark.parametrize("language", ["octave", "julia", "c"])
def test_functions_of_arrays_have_numpys_values(language: str, tmp_path: Path) -> None:
    if absent := foreign.missing(PROGRAM[language]):
        pytest.skip(absent)
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        pairs = [called(text, arrays, language, f"f{k}") for k, (text, arrays) in enumerate(POINTS)]
    results = RUN[language]([call for call, _ in pairs], tmp_path)
    for (text, _), (_, wanted), result in zip(POINTS, pairs, results, strict=True):
        assert not isinstance(result, str), f"{text}: {result}"
        scale = np.max(np.abs(wanted), initial=1e-300)
        found = result.reshape(wanted.shape)
        np.testing.assert_allclose(found / scale, wanted / scale, atol=1e-11, rtol=0, err_msg=text)


AROUND_ZERO = {"x": np.array([1.5, 0.0, -2.0, 3.0]), "X": np.array([[1.0, 2.0], [0.0, 3.0]])}


@pytest.mark.parametrize("language", ["octave", "julia", "c"])
def test_products_with_a_zero_and_stable_forms(language: str, tmp_path: Path) -> None:
    if absent := foreign.missing(PROGRAM[language]):
        pytest.skip(absent)
    calls, wanted = [], []
    for text, name, want in (("prod(x)", "x", "hessian"), ("prod(X)", "X", "gradient"), ("cumprod(x)", "x", "jacobian"),
                             ("sum(log(x + sqrt(x.^2 + 1)))", "x", "gradient"),
                             ("sum(log(1 - erf(3*x)))", "x", "value_and_gradient"),
                             ("sum(log(cosh(X)))", "X", "value_and_gradient")):  # fmt: skip
        array = AROUND_ZERO[name]
        compiled = fr.compile(fr.parse(text, variables={name: list(array.shape)}), [name], want=want, backend="numpy")
        values = flat(compiled(**{name: array}))
        source = re.sub(rf"\b{want}(?=\()", f"f{len(calls)}", compiled.code(language), count=1 + (language == "julia"))
        calls.append(foreign.Call(f"f{len(calls)}", source, [array], {}, shapes=[v.shape for v in values]))
        wanted += values
    for result, value in zip(RUN[language](calls, tmp_path), wanted, strict=True):
        assert not isinstance(result, str), result
        np.testing.assert_allclose(result.reshape(value.shape), value, rtol=1e-12, atol=1e-13)


BATCHES = [("nuclear(X)", "hessian", {"X": TALL}), ("tr(expm(t*A))", "hessian", {"A": SQUARE, "t": np.array(0.3)}),
           ("a'*logm(A)*a", "hessian", {"A": WELL, "a": SQUARE[0]}), ("polar(X)", "jacobian", {"X": TALL.T}),
           ("sqrtm(A)", "jacobian", {"A": WELL})]  # fmt: skip


@pytest.mark.parametrize("language", ["octave", "julia", "c"])
def test_derivatives_of_matrix_functions_along_every_entry(language: str, tmp_path: Path) -> None:
    """What NumPy computes for a batch of matrices, the other languages do in a loop."""
    if absent := foreign.missing(PROGRAM[language]):
        pytest.skip(absent)
    calls, wanted = [], []
    for k, (text, want, arrays) in enumerate(BATCHES):
        f = fr.parse(text, variables={n: list(np.shape(a)) for n, a in arrays.items()})
        compiled = fr.compile(f, [n for n in arrays if n in "XA"], want=want, backend="numpy")
        values = flat(compiled(**arrays))
        source = re.sub(rf"\b{want}(?=\()", f"f{k}", compiled.code(language), count=1 + (language == "julia"))
        calls.append(foreign.Call(f"f{k}", source, [arrays[n] for n in compiled.arguments], {}, values[0].shape))
        wanted += values
    for result, value in zip(RUN[language](calls, tmp_path), wanted, strict=True):
        assert not isinstance(result, str), result
        np.testing.assert_allclose(result.reshape(value.shape), value, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("language", ["octave", "julia", "c"])
def test_composite_sizes(language: str, tmp_path: Path) -> None:
    """vec(X), kron(A, B) and vectors of the length m*n: sides of several axes, the last the fastest."""
    if absent := foreign.missing(PROGRAM[language]):
        pytest.skip(absent)
    calls, wanted = [], []
    for text, wrt in FORMULAS:
        variables, arrays = _point(text)
        f = fr.parse(text, variables=variables)
        want = "jacobian" if f.shape else "value_and_gradient"
        compiled = fr.compile(f, wrt, want=want, backend="numpy")
        name = f"f{len(calls)}"
        values = flat(compiled(**arrays))
        source = re.sub(rf"\b{want}(?=\()", name, compiled.code(language), count=1 + (language == "julia"))
        given = [arrays[n] for n in compiled.arguments]
        sizes = sizes_of(f.declarations, arrays)
        calls.append(foreign.Call(name, source, given, sizes, shapes=[v.shape for v in values]))
        wanted += values
    for result, value in zip(RUN[language](calls, tmp_path), wanted, strict=True):
        assert not isinstance(result, str), result
        np.testing.assert_allclose(result.reshape(value.shape), value, rtol=1e-10, atol=1e-12)


COMPARED = ["sum(max(t*(y - x), (t - 1)*(y - x)))", "sum(relu(x).*(y > 0) - 3*relu(-x).*(y < 0))",
            "sum(where(x > 0, x, t*x).*(y > 0)).^2", "sum((x > 0).*y.*(y > x)*t + 2*(x <= y).*x)",
            "sum(x - (x > y).*x - 2*(y > 0).*x.^2)"]  # fmt: skip


@pytest.mark.parametrize("language", ["octave", "julia", "c"])
def test_comparisons_as_factors_and_terms(language: str, tmp_path: Path) -> None:
    if absent := foreign.missing(PROGRAM[language]):
        pytest.skip(absent)
    arrays = {"t": np.array(0.3), "x": SQUARE[0], "y": SQUARE[1]}
    calls, wanted = [], []
    for k, text in enumerate(COMPARED):
        f = fr.parse(text, variables={"t": [], "x": ["n"], "y": ["n"]})
        compiled = fr.compile(f, ["x", "t"], want="gradient", backend="numpy")
        values = flat(compiled(**arrays))
        source = re.sub(r"\bgradient(?=\()", f"f{k}", compiled.code(language), count=1 + (language == "julia"))
        given = [arrays[n] for n in compiled.arguments]
        calls.append(foreign.Call(f"f{k}", source, given, {"n": 5}, shapes=[v.shape for v in values]))
        wanted += values
    for result, value in zip(RUN[language](calls, tmp_path), wanted, strict=True):
        assert not isinstance(result, str), result
        np.testing.assert_allclose(result.reshape(value.shape), value, rtol=1e-12)


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
        calls = [called("sqrtm(X)", {"X": X}, "c", f"f{k}")[0] for k, X in enumerate(matrices)]
    for result in foreign.cc(calls, tmp_path):
        assert not isinstance(result, str)
        assert np.isnan(result).any()
