"""Programs for float32: sums keep their digits, arrays stay float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import frechet as fr
from tests.compile.test_stability import stability

single = stability.single


@pytest.mark.parametrize("row", single.ROWS, ids=lambda r: r.text)
def test_sums_lose_no_more_than_their_terms(row: Any) -> None:
    value, slope = single.ours(row)
    assert value <= row.bound[0] and slope <= row.bound[1]


@pytest.mark.slow
@pytest.mark.parametrize("row", single.ROWS, ids=lambda r: r.text)
def test_in_torch_as_well(row: Any) -> None:
    pytest.importorskip("torch", reason="pip install torch==2.13.0")
    value, slope = single.ours(row, "torch")
    assert value <= row.bound[0] and slope <= 3 * row.bound[1]


def test_the_page_has_the_table() -> None:
    text = stability.PAGE.read_text()
    for row in single.ROWS:
        assert f"| `{row.text}` | {row.where} |" in text


TEXTS = [
    ("x'*A*x - 2*b'*x + c", {"A": ["n", "n"], "x": ["n"], "b": ["n"], "c": []}, "x"),
    ("c*sum(x)*eye(n) + x*x'/(x'*b)", {"x": ["n"], "c": [], "b": ["n"]}, "x"),
    ("sum(X)/n*ones(n)'*X*b", {"X": ["n", "n"], "b": ["n"]}, "X"),
    ("log(sum(exp(x)))*norm2(x) + max(x) - c^2", {"x": ["n"], "c": []}, "x"),
    ("(x - sum(x)/n*ones(n))/sqrt(x'*x/n - (sum(x)/n)^2)", {"x": ["n"]}, "x"),
    ("tr(A*inv(B))*logdet(B) - sum(A)", {"A": ["n", "n"], "B": ["n", "n"]}, "B"),
    ("c^2 - d^2", {"c": [], "d": []}, "c"),
    ("tr(expm(A)*A)*c", {"A": ["n", "n"], "c": []}, "A"),
    ("norm2(cross(x, b))*c", {"x": [3], "b": [3], "c": []}, "x"),
    ("sum(x.^2.*(x > b)) + prod(x)", {"x": ["n"], "b": ["n"]}, "x"),
]


@pytest.mark.parametrize(("text", "shapes", "name"), TEXTS, ids=[t for t, _, _ in TEXTS])
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_results_are_float32(text: str, shapes: Any, name: str, backend: str) -> None:
    if backend == "torch":
        pytest.importorskip("torch", reason="pip install torch==2.13.0")
    if backend == "torch" and "expm" in text:
        return  # there is no torch code for its derivative
    f = fr.parse(text, variables=shapes)
    rng = np.random.default_rng(0)
    double = {n: rng.uniform(0.5, 1.5, size=[4 if d == "n" else d for d in s]) for n, s in shapes.items()}
    arrays = {n: np.asarray(a, dtype=np.float32) for n, a in double.items()}
    exact = {n: a.astype(float) for n, a in arrays.items()}
    wants = ["jacobian"] if f.shape else ["value_and_gradient", "hessian", "hvp"]
    for want in wants:
        more = {"v": np.ones(arrays[name].shape, dtype=np.float32)} if want == "hvp" else {}
        g = fr.compile(f, [name], want=want, backend=backend)
        found, true = g(**arrays, **more), fr.compile(f, [name], want=want, backend="numpy")(**exact, **more)
        for a, b in zip(_flat(found), _flat(true), strict=True):
            assert str(getattr(a, "dtype", "float32")).endswith("float32")  # a constant is a number
            np.testing.assert_allclose(np.asarray(a), b, rtol=2e-4, atol=2e-4 * np.abs(b).max())


def _flat(result: Any) -> list[Any]:
    return [a for part in result for a in _flat(part)] if isinstance(result, tuple) else [result]


def test_a_program_for_each_precision() -> None:
    """float64 code has no conversions; the same function serves both in turn."""
    g = fr.compile(fr.parse("x'*y", variables={"x": ["n"], "y": ["n"]}), ["x"])
    x, y = np.float32([1e8, 1, -1e8]), np.float32([1, 1, 1])
    assert "float32" not in g.source
    assert g(x=x, y=y)[0] == 1 and "float32" in g.source
    assert g(x=x.astype(float), y=y.astype(float))[0].dtype == np.float64 and g(x=x, y=y)[0].dtype == np.float32


def test_long_sums_along_an_axis() -> None:
    """NumPy adds the rows of a matrix one after another: float32 stands still at 2^24."""
    f = fr.parse("b'*X'*ones(m) + sum((X'*ones(m)).^2)", variables={"X": ["m", "n"], "b": ["n"]})
    X = np.full((300_000, 2), 0.1, dtype=np.float32)
    value, _ = fr.compile(f, ["X"])(X=X, b=np.zeros(2, dtype=np.float32))
    exact = 2 * (300_000 * float(np.float32(0.1))) ** 2
    assert abs(value - exact) <= 1e-6 * exact


def test_squares_alone_are_left_to_blas() -> None:
    """Nothing cancels in a sum of squares: dot is for sums of both signs, and for squares in a difference."""
    for text, slow in (("norm2(x)^2", False), ("norm2(x)^2*y'*y", False), ("norm2(x)^2 - y'*y", True)):
        g = fr.compile(fr.parse(text, variables={"x": ["n"], "y": ["m"]}), ["x"], backend="numpy")
        g(x=np.ones(3, dtype=np.float32), y=np.ones(2, dtype=np.float32))
        assert ("dot(" in g.source) == slow, text
