"""Results written into the caller's arrays: the same numbers, whatever these arrays share memory with."""

from __future__ import annotations

import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest

import frechet as fr
from tests.compile.problems import PROBLEMS, draw

BY_NAME = {p.name: p for p in PROBLEMS}
CASES = [
    ("quad", "hessian", {"n": 200}), ("logreg", "hessian", {"m": 300, "n": 160}), ("chain", "hessian", {"n": 160}),
    ("matfac", "hessian", {"n": 20, "m": 15, "k": 12}), ("softmaxreg", "hessian", {"m": 50, "d": 40, "k": 5}),
    ("rayleigh", "hessian", {"n": 200}), ("dopt", "hessian", {"m": 160, "n": 20}),
    ("axb", "hessian", {"p": 20, "n": 12, "k": 13, "q": 20}), ("softjac", "jacobian", {"m": 160, "n": 150}),
    ("barrier", "hessian", {"k": 3, "n": 200}),
    ("gauss", "value_and_gradient", {"m": 300, "d": 160}), ("trinv", "value_and_gradient", {"m": 300, "n": 100}),
    ("mlp", "value_and_gradient", {"d": 150, "h": 160, "o": 2, "m": 30}), ("huber", "hessian", {"m": 300, "n": 160}),
    ("matfac", "value_and_gradient", {"n": 2000, "m": 2100, "k": 12}), ("ridge", "hessian", {"m": 300, "n": 160}),
]  # fmt: skip


def like(result: Any, order: str) -> Any:
    if isinstance(result, tuple):
        return tuple(like(r, order) for r in result)
    return np.full(np.shape(result), np.nan, order=order)  # type: ignore[call-overload]


def flat(result: Any) -> list[Any]:
    return [x for part in result for x in flat(part)] if isinstance(result, tuple) else [result]


@pytest.mark.parametrize(("name", "want", "sizes"), CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES])
def test_the_same_numbers(name: str, want: str, sizes: dict[str, int]) -> None:
    p = BY_NAME[name]
    f, arrays = fr.parse(p.text, variables=p.variables), draw(p, 0, sizes)
    g = fr.compile(f, p.wrt, want=want)
    expected = g(**arrays)
    for order in "CCFF":  # the first call with buffers copies into them, and learns how large results are
        out = like(expected, order)
        got = g(**arrays, out=out)
        for a, b, c in zip(flat(got), flat(out), flat(expected), strict=True):
            assert a is b
            np.testing.assert_allclose(b, c, rtol=1e-13, atol=1e-13 * np.abs(c).max())


def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The programs that are made for buffers from now on."""
    fr.compile(fr.parse("x^2", variables={"x": []}), "x")
    module = sys.modules["frechet.compile.into"]
    made: list[Any] = []
    before = module.directed

    def directed(*args: Any) -> Any:
        made.append(args[-1])
        return before(*args)

    monkeypatch.setattr(module, "directed", directed)
    return made


def test_nothing_as_large_as_the_result_is_made_beside_it() -> None:
    f = fr.parse("norm2(A*x)^2 + sum(x.^4)", variables={"A": ["m", "n"], "x": ["n"]})
    g = fr.compile(f, "x", want="hessian", backend="numpy")
    arrays = {"A": np.ones((10, 600)), "x": np.ones(600)}
    out = np.empty((600, 600))
    peaks = []
    for _ in range(3):
        tracemalloc.start()
        g(**arrays, out=out)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] > out.nbytes > 5 * peaks[2]
    np.testing.assert_allclose(out, g(**arrays))


SHARED = {"x": ["n"], "y": ["n"]}
TEXTS = ["sum(x.^3) + x'*y", "sum(exp(-x.*y))", "(x'*y)^2 + sum(x)^2", "sum(log(1 + exp(x))) + sum(x.*y.^2)"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_buffer_may_be_an_argument(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = calls(monkeypatch)
    n = 30_000
    rng = np.random.default_rng(0)
    data = rng.normal(size=2 * n + 10)
    f = fr.parse(text, variables=SHARED)
    g = fr.compile(f, ["x", "y"], backend="numpy")
    one = fr.compile(f, "x", want="gradient", backend="numpy")

    def views(k: int) -> tuple[Any, Any, Any]:
        own = data.copy()
        return own, own[:n], own[n + k : 2 * n + k]

    _, x, y = views(5)
    value, (dx, dy) = g(x=x, y=y)
    for _ in range(2):
        g(x=x, y=y, out=(None, (np.empty(n), np.empty(n))))
        one(x=x, y=y, out=np.empty(n))
    assert made == [("", "C", "C"), ("C",)]
    for _ in range(2):
        _, x, y = views(5)
        assert one(x=x, y=y, out=x) is x
        np.testing.assert_allclose(x, dx, rtol=1e-12)
        _, x, y = views(5)
        got, _ = g(x=x, y=y, out=(None, (y, x)))  # each in the place of the other
        np.testing.assert_allclose(got, value, rtol=1e-12)
        np.testing.assert_allclose(y, dx, rtol=1e-12)
        np.testing.assert_allclose(x, dy, rtol=1e-12)
        own, x, y = views(5)
        between = own[3 : n + 3]  # overlaps x and touches y
        one(x=x, y=y, out=between)
        np.testing.assert_allclose(between, dx, rtol=1e-12)
        _, x, y = views(5)
        same = np.empty(n)
        g(x=x, y=y, out=(None, (same, same)))  # the last one stays
        np.testing.assert_allclose(same, dy, rtol=1e-12)
    assert len(made) == 2


def test_buffers_of_other_kinds() -> None:
    f = fr.parse("norm2(X*Y)^2", variables={"X": ["m", "n"], "Y": ["n", "k"]})
    g = fr.compile(f, "X", want="gradient", backend="numpy")
    rng = np.random.default_rng(0)
    arrays = {"X": rng.normal(size=(210, 120)), "Y": rng.normal(size=(120, 130))}
    expected = g(**arrays)
    buffers = [np.empty((210, 120)), np.empty((120, 210)).T, np.empty((420, 240))[::2, ::2], np.empty((210, 120), "f4"),
               np.asfortranarray(expected), np.empty((210, 120), "c16")]  # fmt: skip
    for out in (*buffers, *buffers):
        assert g(**arrays, out=out) is out
        np.testing.assert_allclose(out, expected, rtol=1e-5 if out.dtype == "f4" else 1e-13)
    fixed = np.empty((210, 120))
    fixed.flags.writeable = False
    for wrong in (fixed, np.empty((120, 210)), np.empty((210, 120), int), (np.empty((210, 120)),), [[1.0]]):
        with pytest.raises(fr.FrechetError, match="out"):
            g(**arrays, out=wrong)
    np.testing.assert_allclose(g(**arrays, out=buffers[0]), expected, rtol=1e-13)


def test_numbers_of_python_and_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    made = calls(monkeypatch)
    f = fr.parse("c*sum(x.^3)", variables={"x": ["n"], "c": []})
    for backend in ("numpy", "auto"):
        g = fr.compile(f, "x", want="gradient", backend=backend)
        for kind in (np.float64, np.float32):
            x, out = np.linspace(1, 2, 25_000, dtype=kind), np.empty(25_000, kind)
            for c in (2.0, 3, kind(2.0)):
                for _ in range(3):
                    out[:] = 0
                    g(x=x, c=c, out=out)
                    np.testing.assert_allclose(out, g(x=x, c=c), rtol=1e-6)
    assert len(made) == 8


def test_a_batch_into_buffers() -> None:
    f = fr.parse("sum(tanh(A*x).^2)", variables={"A": ["n", "n"], "x": ["n"]})
    g = fr.compile(f, "x", backend="numpy")
    rng = np.random.default_rng(0)
    for count in (700, 5000):  # in one part, in many
        arrays = {"A": rng.normal(size=(40, 40)), "x": rng.normal(size=(count, 40))}
        values, (gradients,) = g(**arrays)
        for _ in range(2):
            out = (np.empty(count), (np.empty((count, 40)),))
            g(**arrays, out=out)
            np.testing.assert_allclose(out[0], values, rtol=1e-12)
            np.testing.assert_allclose(out[1][0], gradients, rtol=1e-12)
        own = arrays["x"].copy()
        g(A=arrays["A"], x=own, out=(None, (own,)))
        np.testing.assert_allclose(own, gradients, rtol=1e-12)
