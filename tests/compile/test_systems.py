"""Newton systems that are sums of structured parts: blocks, one and two Kronecker products, swapped axes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.compile.runtime import newton_step
from frechet.compile.structured.structure import Diagonal, Kronecker, Sum, Swapped, pencil_solve

SIZES = {"n": 6, "k": 4, "p": 7, "q": 5, "m": 8}
NK, NN = ["n", "k"], ["n", "n"]
FACTORS = {"T": ["n", "m"], "U": NK, "V": ["m", "k"]}
AXB = {"A": ["p", "n"], "X": NK, "B": ["k", "q"], "C": ["p", "q"], "lam": []}
CASES = [
    ("sum(sum(W.*(T - U*V').^2)) + lam*norm2(U)^2", {**FACTORS, "W": ["n", "m"], "lam": []}, "U", "newton_steps"),
    ("norm2(T - U*V')^2 + sum(sum(exp(U)))", FACTORS, "U", "newton_steps"),
    ("norm2(P*Q - T)^2 + sum(sum(exp(Q)))", {"T": ["n", "m"], "P": NK, "Q": ["k", "m"]}, "Q", "newton_steps"),
    ("norm2(A*X*B - C)^2 + lam*norm2(X)^2", AXB, "X", "shifted_solve"),
    ("norm2(A*X*B - C)^2 + lam*norm2(D*X)^2", {**AXB, "D": ["q", "n"]}, "X", "pencil_solve"),
    ("norm2(A*X*B - C)^2 + lam*norm2(D*X)^2 + norm2(X)^2", {**AXB, "D": ["q", "n"]}, "X", "pencil_solve"),
    ("norm2(A*X*B - C)^2 + sum(sum(X))^2", AXB, "X", "pencil_solve"),
    ("norm2(A*X - C)^2 + lam*norm2(X*B)^2 + norm2(X)^2", {**AXB, "C": ["p", "k"]}, "X", "sylvester_solve"),
    ("norm2(A*X + X*B - C)^2", {"A": NN, "X": NK, "B": ["k", "k"], "C": NK}, "X", "normal_solve"),
    ("norm2(A*X - 2*X*B - C)^2/3", {"A": NN, "X": NK, "B": ["k", "k"], "C": NK}, "X", "normal_solve"),
    ("norm2(A*X + X*A' + C)^2", {"A": NN, "X": NN, "C": NN}, "X", "normal_solve"),
    ("norm2(S*X + X*S - C)^2", {"S": NN, "X": NN, "C": NN}, "X", "normal_solve"),
    ("norm2(S*X + X*B - C)^2", {"S": NN, "X": NK, "B": ["k", "k"], "C": NK}, "X", "normal_solve"),
    ("norm2(A*X + X*B - C)^2 + norm2(X)^2", {"A": NN, "X": NK, "B": ["k", "k"], "C": NK}, "X", "newton_step"),
    ("tr(C*S) - logdet(S)", {"C": NN, "S": NN}, "S", ""),
    ("7/2*logdet(S) + tr(inv(S)*C)/2", {"S": NN, "C": NN}, "S", "pencil_solve"),
]  # fmt: skip


def point(variables: dict[str, list[str]]) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    arrays: dict[str, Any] = {}
    for name, dims in variables.items():
        a = rng.normal(size=[SIZES[d] for d in dims])
        if name in ("W", "lam"):
            a = np.abs(a) + 0.1
        arrays[name] = a @ a.T + np.eye(6) if name in "SC" and dims == NN else a
    return arrays


@pytest.mark.parametrize(("text", "variables", "wrt", "solver"), CASES)
def test_newton_and_operator(text: str, variables: dict[str, list[str]], wrt: str, solver: str) -> None:
    facts = {"S": ["spd"]} if "S" in variables else {}
    facts |= {"C": ["symmetric"]} if "logdet" in text else {}
    f, arrays = fr.parse(text, variables=variables, facts=facts), point(variables)
    H = np.asarray(fr.compile(f, [wrt], want="hessian")(**arrays))
    g = np.asarray(fr.compile(f, [wrt], want="gradient")(**arrays))
    H = H.reshape(g.size, g.size)
    expected = np.linalg.solve(H, g.ravel())
    close = {"rtol": 1e-9, "atol": 1e-9 * np.abs(expected).max()}
    step = fr.compile(f, [wrt], want="newton")
    np.testing.assert_allclose(step(**arrays).ravel(), expected, **close)
    assert solver in step.source and (solver == "newton_step" or "reshape(n * " not in step.source)
    operator = fr.compile(f, [wrt], want="hessian", as_operator=True)(**arrays)
    np.testing.assert_allclose(operator.to_dense(), H, rtol=1e-9, atol=1e-9 * np.abs(H).max())
    np.testing.assert_allclose(operator.solve(g.ravel()), expected, **close)
    np.testing.assert_allclose(operator.solve(g), expected.reshape(g.shape), **close)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_shift_elsewhere(backend: str) -> None:
    module = pytest.importorskip(backend, reason="pip install 'frechet[peers]'")
    if backend == "jax":
        module.config.update("jax_enable_x64", True)
    f, arrays = fr.parse(CASES[3][0], variables=AXB), point(AXB)
    expected = fr.compile(f, ["X"], want="newton")(**arrays)
    given = {n: module.as_tensor(a) for n, a in arrays.items()} if backend == "torch" else arrays
    found = fr.compile(f, ["X"], want="newton", backend=backend)(**given)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-9, atol=1e-10)


def test_singular_sums_are_refused() -> None:
    f, arrays = fr.parse(CASES[3][0], variables=AXB), point(AXB)
    (low, *_), (first, *_) = (np.linalg.eigvalsh(M) for M in (arrays["A"].T @ arrays["A"], arrays["B"] @ arrays["B"].T))
    with pytest.raises(fr.FrechetError, match="singular"):
        fr.compile(f, ["X"], want="newton")(**{**arrays, "lam": -low * first})
    f = fr.parse("norm2(A*X - X*A)^2", variables={"A": NN, "X": NN})
    with pytest.raises(fr.FrechetError, match="singular"):
        fr.compile(f, ["X"], want="newton")(A=arrays["A"].T @ arrays["A"], X=np.eye(6))
    f = fr.parse("norm2(A*X - C)^2 - lam*norm2(X)^2 + norm2(X*B)^2", variables={**AXB, "C": ["p", "k"]})
    with pytest.raises(fr.FrechetError, match="singular"):
        fr.compile(f, ["X"], want="newton")(**{**arrays, "C": np.ones((7, 4)), "lam": low + first})


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
def test_singular_blocks_are_refused(backend: str) -> None:
    """A has fewer rows than columns: A'*diag(W)*A is singular for every column of W."""
    module = pytest.importorskip(backend, reason="pip install 'frechet[peers]'")
    if backend == "jax":
        module.config.update("jax_enable_x64", True)
    f = fr.parse("sum(sum(W.*(A*X - C).^2))", variables={"W": ["p", "k"], "A": ["p", "n"], "X": NK, "C": ["p", "k"]})
    rng = np.random.default_rng(0)
    sides = {"W": (5, 3), "A": (5, 6), "X": (6, 3), "C": (5, 3)}
    for seed in range(5):
        arrays = {v: np.random.default_rng(seed).uniform(0.5, 1, s) for v, s in sides.items()}
        step = fr.compile(f, ["X"], want="newton", backend=backend)
        if backend == "numpy":
            with pytest.raises(fr.FrechetError, match="singular"):
                step(**arrays)
        else:
            given = {n: module.as_tensor(a) for n, a in arrays.items()} if backend == "torch" else arrays
            assert np.isnan(np.asarray(step(**given))).all()
    arrays["A"] = rng.normal(size=(6, 6))
    arrays.update({"W": rng.uniform(0.5, 1, (6, 3)), "C": rng.normal(size=(6, 3))})
    given = {n: module.as_tensor(a) for n, a in arrays.items()} if backend == "torch" else arrays
    found = np.asarray(fr.compile(f, ["X"], want="newton", backend=backend)(**given))
    np.testing.assert_allclose(arrays["X"] - found, np.linalg.solve(arrays["A"], arrays["C"]), rtol=1e-6)


def test_indefinite_and_ill_conditioned_pairs() -> None:
    rng = np.random.default_rng(0)
    A, B, C, D = (a + a.T for a in (rng.normal(size=(n, n)) for n in (5, 4, 5, 4)))
    G = rng.normal(size=(5, 4))
    X = pencil_solve(A, B, C, D, G)
    np.testing.assert_allclose(A @ X @ B + C @ X @ D, G, atol=1e-9)
    thin = np.outer(C[0], C[0]) + 1e-13 * np.eye(5)  # positive definite by a hair
    X = pencil_solve(A @ A, B @ B, thin, None, G)
    np.testing.assert_allclose(A @ A @ X @ B @ B + thin @ X, G, atol=1e-8)
    single = [np.float32(M) for M in (A @ A, B @ B, C @ C, D @ D, G)]
    assert pencil_solve(*single).dtype == np.float32


def test_operators_of_two_products() -> None:
    rng = np.random.default_rng(1)
    A, B, C, D = (a @ a.T + np.eye(len(a)) for a in (rng.normal(size=(n, n)) for n in (5, 5, 5, 5)))
    x = rng.normal(size=25)
    for H in (Sum(Swapped(A, B), Swapped(C, D)), Sum(Kronecker(A, B), Diagonal(np.full(25, 2.0))),
              Sum(Kronecker(A, B), Diagonal(np.arange(1.0, 26))), Sum(Kronecker(A, B), Swapped(C, C)),
              Sum(Kronecker(A - 5 * np.eye(5), B), Kronecker(C, D))):  # fmt: skip
        np.testing.assert_allclose(H.to_dense() @ H.solve(x), x, atol=1e-8)


@pytest.mark.parametrize("text", ["a*a", "exp(a)", "a*sum(x)", "log(a) + a*a/3", "3*a"])
def test_the_operator_of_a_number(text: str) -> None:
    f = fr.parse(text, variables={"a": [], "x": ["n"]})
    given = {"a": 2.0, "x": np.ones(3)}
    operator = fr.compile(f, ["a"], want="hessian", as_operator=True)(**given)
    second = f.derivative("a", "a").evaluate(**given)
    np.testing.assert_allclose(operator.to_dense(), [[second]])
    if second:
        np.testing.assert_allclose(operator.solve(np.array([3.0])), 3 / second)


def test_singular_and_badly_scaled_systems_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        A = rng.normal(size=(6, 6)) * np.exp(rng.normal(size=6))
        newton_step(A.T @ A, A.T @ np.ones(6))
        with suppress(np.linalg.LinAlgError):
            newton_step(A[1:].T @ A[1:], np.ones(6))
            refused -= 1
        refused += 1
    assert refused >= 57  # what roundings leave of a pivot may be large
