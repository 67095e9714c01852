"""Python in: NumPy, JAX and PyTorch code is read as the formula it computes."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.linalg as la
import pytest
from scipy import special

import frechet as fr
from frechet.core.errors import FrechetError
from frechet.equality.decide import decide_trees
from tests.cases.suite import Case, cases

jnp = jax = jsp = torch = SimpleNamespace()  # names only: the functions below are never run by JAX or PyTorch
X, W, x, y, w = ["m", "n"], ["k", "n"], ["n"], ["m"], ["n"]

# What has no formula here: eigen and singular values picked from a decomposition, three-axis arrays.
UNREAD = {"mc-067", "mc-067b", "mc-132c", "mse-rbf-gram", "mse-nuclear-regularised", "mse-nuclear-composed",
          "mse-eigmax-diagonal"}  # fmt: skip
NOW = [c for c in cases() if not c.later and c.id not in UNREAD]


def check_oracle(case: Case) -> str:
    function = eval(f"lambda {', '.join(case.vars)}: {case.oracle}")
    declared: dict[str, Any] = {"variables": case.vars, "facts": case.props, "domain": case.domain}
    wanted, got = fr.parse(case.expr, **declared), fr.trace(function, **declared)
    return decide_trees(wanted.tree, got.tree, wanted.declarations).status


@pytest.mark.parametrize("case", NOW[::6], ids=lambda c: c.id)
def test_an_oracle_is_the_formula(case: Case) -> None:
    assert check_oracle(case) in ("proved", "evidence")


@pytest.mark.slow
def test_nearly_all_oracles_are_proved_to_be_the_formula() -> None:
    found = [check_oracle(case) for case in NOW]
    assert set(found) <= {"proved", "evidence"}
    assert found.count("proved") >= 0.95 * (len(NOW) + len(UNREAD))


def helper(u: Any) -> Any:
    return np.sum(u**2)


def ridge(X: Any, w: Any, y: Any, lam: float = 0.1) -> Any:
    r = X @ w - y
    loss = 0.5 * helper(r)
    loss += lam * np.linalg.norm(w) ** 2
    return loss


CODE = [
    (ridge, "0.5*norm2(X*w - y)^2 + 0.1*norm2(w)^2"),
    (lambda X, w, y: np.mean((X @ w - y) ** 2), "sum((X*w - y).^2)/m"),
    (lambda X, w, y: ((X @ w - y) ** 2).mean(), "sum((X*w - y).^2)/m"),
    (lambda X, w, y: np.log(1 + np.exp(-y * (X @ w))).sum(), "sum(log(1 + exp(-y.*(X*w))))"),
    (lambda X, w, y: torch.nn.functional.softplus(-y * torch.mv(X, w)).sum(), "sum(log(1 + exp(-y.*(X*w))))"),
    (lambda X, w, y: jnp.logaddexp(0.0, -y * X.dot(w)).sum(), "sum(log(1 + exp(-y.*(X*w))))"),
    (lambda X, w, y: jax.nn.sigmoid(X @ w), "sigmoid(X*w)"),
    (lambda X, w, y: la.norm(X @ w - y), "norm2(X*w - y)"),
    (lambda X, w, y: np.linalg.norm(X, "fro") ** 2 + la.norm(w, 1), "norm2(X)^2 + norm1(w)"),
    (lambda X, w, y: np.trace(X.T @ X), "tr(X'*X)"),
    (lambda X, w, y: np.linalg.slogdet(X.T @ X)[1], "logdet(X'*X)"),
    (lambda X, w, y: np.linalg.solve(X.T @ X, X.T @ y), "inv(X'*X)*X'*y"),
    (lambda X, w, y: np.linalg.inv(X.T @ X) @ w, "inv(X'*X)*w"),
    (lambda X, w, y: np.einsum("i,ij,j->", y, X, w), "y'*X*w"),
    (lambda X, w, y: np.einsum("ij,ij->i", X, X), "sum(X.^2, 2)"),
    (lambda X, w, y: np.einsum("ij,kj->ik", X, X), "X*X'"),
    (lambda X, w, y: np.outer(y, w) * X, "(y*w').*X"),
    (lambda X, w, y: X * w + y[:, None], "X*diag(w) + y*vector(1)'"),
    (lambda X, w, y: X - X.mean(axis=0), "X - vector(1)*sum(X, 1)/m"),
    (lambda X, w, y: X / X.sum(axis=1, keepdims=True), "diag(1./sum(X, 2))*X"),
    (lambda X, w, y: np.where(w > 0, w, 0.0).sum(), "sum(relu(w))"),
    (lambda X, w, y: np.maximum(0, 1 - y * (X @ w)).sum(), "sum(max(0, 1 - y.*(X*w)))"),
    (lambda X, w, y: w[0] ** 2 + X[1, 0] + X[:, 1].sum() + X[0] @ w, "w[1]^2 + X[2,1] + sum(X[:,2]) + X[1,:]*w"),
    (lambda X, w, y: np.diag(w) @ X.T, "diag(w)*X'"),
    (lambda X, w, y: np.exp(w) / np.exp(w).sum(), "softmax(w)"),
    (lambda X, w, y: torch.softmax(w, dim=0), "softmax(w)"),
    (lambda X, w, y: math.pi * w @ w, "3.141592653589793*w'*w"),
    (lambda X, w, y: sum(w[i] ** 2 for i in range(2)), "w[1]^2 + w[2]^2"),
    (lambda X, w, y: np.var(w), "sum((w - mean(w)*vector(1)).^2)/n"),
    (lambda X, w, y: y.T @ X @ w.T, "y'*X*w"),
    (lambda X, w, y: np.array([1.0, 2.0]) @ np.array([[1, 2], [3, 4]]), "[1, 2]*[1, 2; 3, 4]"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "text"), CODE, ids=[text for _, text in CODE])
def test_code_is_read(function: Any, text: str) -> None:
    variables = {"X": X, "w": w, "y": y}
    got, wanted = fr.trace(function, variables=variables), fr.parse(text, variables=variables)
    assert decide_trees(wanted.tree, got.tree, wanted.declarations).status == "proved", str(got)


@pytest.mark.parametrize(("function", "text"), [c for c in CODE if "jnp" not in str(c[0].__code__.co_names)][:9])
def test_the_formula_has_the_values_of_the_code(function: Any, text: str) -> None:
    if {"torch", "jnp", "jax"} & set(function.__code__.co_names):
        pytest.skip("its library need not be installed")
    rng = np.random.default_rng(0)
    arrays = {"X": rng.standard_normal((4, 3)), "w": rng.standard_normal(3), "y": rng.standard_normal(4)}
    traced = fr.trace(function, variables={"X": X, "w": w, "y": y})
    assert np.allclose(traced.evaluate(**arrays), function(**arrays))


def test_the_closed_form_comes_back_for_code() -> None:
    loss = fr.trace(lambda X, w, y: np.sum((X @ w - y) ** 2), variables={"X": X, "w": w, "y": y})
    assert str(loss.gradient("w")) == "2*X'*(X*w - y)"


# name, code, the formula; all of them are also run by NumPy and SciPy, on positive values
MORE = [
    (lambda X, w, y: np.clip(w, -1, 1).sum(), "sum(min(max(w, -1), 1))"),
    (lambda X, w, y: np.linalg.norm(w, 3), "sum(abs(w).^3)^(1/3)"),
    (lambda X, w, y: np.linalg.slogdet(X.T @ X).logabsdet, "logdet(X'*X)"),
    (lambda X, w, y: special.xlogy(w, w).sum(), "sum(w.*log(w))"),
    (lambda X, w, y: special.entr(w).sum(), "-sum(w.*log(w))"),
    (lambda X, w, y: special.logit(w).sum(), "sum(log(w./(1 - w)))"),
    (lambda X, w, y: np.linalg.lstsq(X, y)[0], "pinv(X)*y"),
    (lambda X, w, y: np.linalg.svd(X, compute_uv=False).sum(), "sum(singvals(X))"),
    (lambda X, w, y: np.inner(X, X), "X*X'"),
    (lambda X, w, y: np.tensordot(X, X, axes=([0, 1], [0, 1])), "sum(X.*X)"),
    (lambda X, w, y: np.tensordot(X, w, axes=1), "X*w"),
    (lambda X, w, y: np.transpose(X, (1, 0)) @ y, "X'*y"),
    (lambda X, w, y: np.transpose(X, (0, 1)) @ w, "X*w"),
    (lambda X, w, y: np.swapaxes(X, 0, 1) @ y, "X'*y"),
    (lambda X, w, y: np.average(w, weights=w), "sum(w.*w)/sum(w)"),
    (lambda X, w, y: np.polyval([1, 2, 3], w).sum(), "sum((1*w + 2).*w + 3)"),
    (lambda X, w, y: np.select([w < 0.5], [-w], w).sum(), "sum(where(w < 0.5, -w, w))"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "text"), MORE, ids=[text for _, text in MORE])
def test_more_functions(function: Any, text: str) -> None:
    variables = {"X": X, "w": w, "y": y}
    got, wanted = fr.trace(function, variables=variables), fr.parse(text, variables=variables)
    rng = np.random.default_rng(1)
    arrays = {"X": rng.standard_normal((4, 3)), "w": rng.uniform(0.2, 0.8, 3), "y": rng.standard_normal(4)}
    assert np.allclose(got.evaluate(**arrays), function(**arrays))
    assert np.allclose(got.evaluate(**arrays), wanted.evaluate(**arrays))


# Code whose options change the value: what is left out of account would be another formula.
OPTIONS = [
    lambda X, w, y: X.max(axis=1).sum(), lambda X, w, y: np.prod(X, axis=1).sum(), lambda X, w, y: np.max(X, 1).sum(),
    lambda X, w, y: np.sum(w, where=w > 0), lambda X, w, y: w.sum(where=w > 0), lambda X, w, y: np.triu(X @ X.T, 1),
    lambda X, w, y: np.sum(w, initial=3.0), lambda X, w, y: np.trace(X, offset=1), lambda X, w, y: w.astype(int).sum(),
    lambda X, w, y: np.diag(w, k=1), lambda X, w, y: np.linalg.svd(X)[1].sum(),
]  # fmt: skip


@pytest.mark.parametrize("function", OPTIONS)
def test_an_option_that_changes_the_value_is_not_overlooked(function: Any) -> None:
    with pytest.raises(FrechetError):
        fr.trace(function, variables={"X": X, "w": w, "y": y})


def value_dependent(w: Any) -> Any:
    if w @ w > 1:
        return w
    return 2 * w


def unknown(w: Any) -> Any:
    return np.fft.fft(w)


@pytest.mark.parametrize(("function", "words"), [
    (value_dependent, "if w @ w > 1"), (unknown, "np.fft.fft(w)"), (lambda w: list(w), "loop over the entries"),
    (lambda w: (w, w), "one array"), (lambda w: None, "one array"), (lambda w: w[w > 0], "index"), (lambda q: q, "q"),
    (lambda w: w.nonsense(), "nonsense"), (lambda w: "a" + w, "a"), (3, "int"),
    (lambda w: w.reshape(2, 3), "reshape"), (lambda w: float(w @ w), "number"), (lambda w: 1 / 0, "ZeroDivision"),
])  # fmt: skip
def test_what_has_no_formula_is_refused_with_its_place(function: Any, words: str) -> None:
    with pytest.raises(FrechetError) as caught:
        fr.trace(function, variables={"w": w})
    assert words in caught.value.diagnostic.render()


def test_dimensions_are_needed() -> None:
    with pytest.raises(FrechetError):
        fr.trace(ridge)
