"""Inverses and determinants of a diagonal plus low rank, through small matrices and, where digits would go, not."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

import frechet as fr

DIMS = {"y": ["n"], "d": ["n"], "b": ["n"], "U": ["n", "k"], "V": ["n", "k"], "X": ["n", "m"], "W": ["n", "n"], "c": []}
TEXTS = {
    "y'*inv(diag(d) + U*U')*y/2 + log(det(diag(d) + U*U'))/2": "ydU",
    "tr(X'*inv(diag(d) + U*U')*X) + logdet(diag(d) + U*U')": "dU",
    "tr(inv(diag(d) + c*U*U')*W)": "dUc",
    "sum(sum(inv(diag(d) + U*U').*W))": "U",
    "y'*inv(c*eye(n) + U*U')*W*inv(c*eye(n) + U*U')*y": "Uc",
    "logdet(eye(n) + U*V')": "U",
    "y'*inv(diag(d) + U*V')*b": "dU",
    "norm2(inv(diag(exp(d)) + U*U')*X)^2": "d",
    "sum(log(diag(X'*inv(diag(d) + U*U')*X)))": "U",
    "y'*inv(diag(d) + b*b')*y + logdet(diag(d) + b*b')": "db",
    "sum(exp(inv(diag(d) + U*U')*y))": "U",
    "y'*inv(diag(d) + U*U')*y*logdet(diag(d) + V*V')": "d",
    "exp(-y'*inv(diag(d) + U*U')*y/2)/sqrt(det(diag(d) + U*U'))": "yU",
    "y'*inv(diag(d) - U*U')*y": "d",
}
PAIRS = [(text, w) for text, names in TEXTS.items() for w in names]


def point(n: int = 30, k: int = 2) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    sizes = {"n": n, "k": k, "m": 4}
    arrays: dict[str, Any] = {name: rng.normal(size=[sizes[s] for s in dims]) for name, dims in DIMS.items()}
    return {**arrays, "d": rng.uniform(0.5, 2, n), "c": np.array(0.7)}


def drawn(text: str) -> tuple[Any, dict[str, Any]]:
    named = {v: s for v, s in DIMS.items() if v in text.replace("diag", "").replace("det", "").replace("inv", "")}
    return fr.parse(text, variables=named), {v: a for v, a in point().items() if v in named}


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """The short way even where the matrices are small."""
    monkeypatch.setattr(import_module("frechet.compile.assemble"), "SHORTER", 1e9)


@pytest.mark.parametrize(("text", "wrt"), PAIRS)
def test_every_result(always: None, text: str, wrt: str) -> None:
    f, arrays = drawn(text)
    v = np.random.default_rng(1).normal(size=np.shape(arrays[wrt]))
    compiled = fr.compile(f, [wrt])
    value, (gradient,) = compiled(**arrays)
    assert "k x k" in compiled.source or "1 x 1" in compiled.source or wrt == "c"
    H = f.derivative(wrt, wrt).evaluate(**arrays)
    pairs = [(value, f.evaluate(**arrays)), (gradient, f.gradient(wrt).evaluate(**arrays)),
             (fr.compile(f, [wrt], want="hvp")(**arrays, v=v), np.tensordot(H, v, v.ndim)),
             (fr.compile(f, [wrt], want="hessian")(**arrays), H)]  # fmt: skip
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * (1 + np.abs(expected).max()))


def test_the_long_way_where_digits_would_be_lost(always: None) -> None:
    """One entry of the diagonal is tiny, but the matrix is well conditioned."""
    f, arrays = drawn(next(iter(TEXTS)))
    for tiny in (1e-12, 0.0):
        arrays["d"][3] = tiny
        K = np.diag(arrays["d"]) + arrays["U"] @ arrays["U"].T
        expected = arrays["y"] @ np.linalg.solve(K, arrays["y"]) / 2 + np.linalg.slogdet(K)[1] / 2
        np.testing.assert_allclose(fr.compile(f, ["U"])(**arrays)[0], expected, rtol=1e-11)
    arrays["d"] = -arrays["d"] - 1
    with np.errstate(invalid="ignore"):
        assert np.isnan(fr.compile(f, ["U"])(**arrays)[0]) == (np.linalg.slogdet(np.diag(arrays["d"]) + arrays["U"] @
                                                                              arrays["U"].T)[0] < 0)  # fmt: skip


def test_it_is_chosen_by_size_and_the_source_runs_alone() -> None:
    f, arrays = drawn(next(iter(TEXTS)))
    large = {**point(400, 3), "n": 400}
    large = {v: large[v] for v in arrays}
    g = fr.compile(f, ["d", "U"])
    small = g(**arrays)
    value, gradients = g(**large)
    assert "n x n" not in g.source[g.source.rindex("def value_and_gradient(") :]
    scope: dict[str, Any] = {}
    exec(g.source, scope)
    alone, others = scope["value_and_gradient"](*(large[n] for n in g.arguments))
    assert alone == value and all((a == b).all() for a, b in zip(others, gradients, strict=True))
    out = (np.zeros(()), tuple(np.zeros_like(x) for x in gradients))
    large["d"][0] = 1e-12  # the long way, into buffers
    g(**large, out=out)
    expected = g(**large)
    np.testing.assert_array_equal(out[1][1], expected[1][1])
    assert np.isfinite(small[0])
