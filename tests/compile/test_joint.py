"""Newton steps by several variables: independent ones apart, a long diagonal block eliminated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.compile.structured.structure import schur_solve

SIZES = {"m": 12, "n": 3, "k": 2}
DIMS = {"X": ["m", "n"], "w": ["n"], "y": ["m"], "a": ["m"], "c": [], "U": ["m", "k"], "x": ["n"]}
RIDGE = "norm2(X*w + a - y)^2 + norm2(w)^2 + 3*sum(a.*a)"
CASES = [
    (RIDGE, ["w", "a"], "schur_solve"),
    (RIDGE, ["a", "w"], "schur_solve"),
    ("sum(log(1 + exp(X*w .+ c))) - y'*(X*w .+ c) + norm2(w)^2 + c^2", ["w", "c"], "newton_step"),
    ("sum(log(1 + exp(X*w + a .+ c))) + norm2(w)^2 + norm2(a)^2 + c^2", ["w", "a", "c"], "schur_solve"),
    ("sum(exp(X*w)) + sum(exp(a)) + norm2(w)^2 - c*a'*y", ["w", "a"], "quotient("),
    ("sum(exp(x)) + norm2(X*w - a)^2 + norm2(w)^2 + sum(a.^4) + norm2(a)^2", ["a", "x", "w"], "ordered"),
    ("norm2(U)^2 + norm2(X*w - y)^2 + norm2(U'*X*w)^2 + norm2(w)^2", ["U", "w"], "newton_step"),
    ("c^2 + exp(c) + norm2(a - y)^2", ["a", "c"], "quotient("),
]


def point(text: str) -> tuple[Any, dict[str, Any]]:
    rng = np.random.default_rng(2)
    f = fr.parse(text, variables={v: s for v, s in DIMS.items() if v in text.replace("exp", "").replace("sum", "")})
    return f, {v: rng.normal(size=[SIZES[s] for s in DIMS[v]]) / 2 for v in f.declarations.variables}


@pytest.mark.parametrize(("text", "wrt", "solver"), CASES)
@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
def test_steps(text: str, wrt: list[str], solver: str, backend: str) -> None:
    module = pytest.importorskip(backend, reason="pip install 'frechet[peers]'")
    f, arrays = point(text)
    rows = fr.compile(f, wrt, want="hessian")(**arrays)
    first = fr.compile(f, wrt, want="gradient")(**arrays)
    sides = [np.size(g) for g in first]
    H = np.block([[np.reshape(h, (p, q)) for h, q in zip(row, sides, strict=True)]
                  for row, p in zip(rows, sides, strict=True)])  # fmt: skip
    expected = np.linalg.solve(H, np.concatenate([np.ravel(g) for g in first]))
    given = arrays
    if backend == "jax":
        module.config.update("jax_enable_x64", True)
    elif backend == "torch":
        given = {n: module.as_tensor(a) for n, a in arrays.items()}
    step = fr.compile(f, wrt, want="newton", backend=backend)
    found = step(**given)
    assert isinstance(found, tuple) and [np.shape(x) for x in found] == [np.shape(arrays[w]) for w in wrt]
    np.testing.assert_allclose(np.concatenate([np.ravel(np.asarray(x)) for x in found]), expected, rtol=1e-8, atol=1e-9)
    if backend == "numpy":
        assert solver in step.source


def test_elimination_where_the_diagonal_is_small_or_indefinite() -> None:
    rng = np.random.default_rng(0)
    B, C = rng.normal(size=(3, 9)), np.eye(3)
    a, b = rng.normal(size=9), rng.normal(size=3)
    for d in (np.full(9, 1e-11), np.linspace(-1, 2, 9), np.concatenate((np.zeros(1), np.ones(8)))):
        H = np.block([[np.diag(d), B.T], [B, C]])
        expected = np.linalg.solve(H, np.concatenate((a, b)))
        z = schur_solve(d, B, C, a, b, 1)
        np.testing.assert_allclose(np.concatenate((z[1:10], z[:1], z[10:])), expected, rtol=1e-6)
