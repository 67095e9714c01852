"""Compiled programs where planning is delicate: numbers before diagonals, determinants out of range."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import frechet as fr

DIAGONALS = ["sum(sum(exp(diag(3*u)).*A))", "sum(sum(A.^diag(2*u)))", "sum(sum(exp(-2*diag(u) + A)))",
             "sum(sum(tanh(diag(3*u)).*A))", "tr(exp(diag(3*u))*A)"]  # fmt: skip


@pytest.mark.parametrize("text", DIAGONALS)
def test_functions_of_a_diagonal_with_a_number_before_it(text: str) -> None:
    f = fr.parse(text, variables={"u": ["n"], "A": ["n", "n"]})
    arrays = {"u": np.array([0.1, 0.2, 0.3]), "A": np.arange(1.0, 10).reshape(3, 3)}
    value, (gradient,) = fr.compile(f, ["u"])(**arrays)
    np.testing.assert_allclose(value, f.evaluate(**arrays), rtol=1e-12)
    np.testing.assert_allclose(gradient, f.gradient("u").evaluate(**arrays), rtol=1e-12)


def determinants(backend: str, want: str = "value_and_gradient") -> Any:
    f = fr.parse("log(det(S))", variables={"S": ["n", "n"]})
    return fr.compile(f, ["S"], want=want, backend=backend)


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
@pytest.mark.parametrize("size", [1e-3, 1e3])
def test_the_logarithm_of_a_determinant_out_of_range(backend: str, size: float) -> None:
    """det(S) is zero or infinite in double precision."""
    module = pytest.importorskip(backend, reason="pip install 'frechet[peers]'")
    if backend == "jax":
        module.config.update("jax_enable_x64", True)
    S = size * (np.eye(300) + 0.1 * np.diag(np.ones(299), 1))
    turned = S[[1, 0, *range(2, 300)]]
    for matrix, expected in ((S, 300 * np.log(size)), (S + S.T, np.linalg.slogdet(S + S.T)[1]), (turned, np.nan)):
        given = module.as_tensor(matrix) if backend == "torch" else matrix
        with np.errstate(invalid="ignore"):
            value, _ = determinants(backend)(S=given)
        np.testing.assert_allclose(np.asarray(value), expected, rtol=1e-12)


def test_batches_of_determinants_out_of_range() -> None:
    stack = np.stack([1e-3 * np.eye(300), 1e3 * np.eye(300)])
    np.testing.assert_allclose(determinants("numpy", "value")(S=stack), 300 * np.log([1e-3, 1e3]), rtol=1e-12)


@pytest.mark.parametrize("language", ["c", "julia", "matlab"])
def test_the_sign_comes_from_the_factors_elsewhere(language: str) -> None:
    code = determinants("numpy").code(language)
    assert {"c": "lu_detsign(", "julia": "logabsdet(", "matlab": "prod(sign(diag("}[language] in code


TORCH = ["sum(max(x, 0.5))", "sum(max(0, 1 - x))", "sum(x)*sqrt(3)", "log(3)*sum(x)", "sum(softplus(ones(n)).*x)",
         "sum(x.^n)", "min(1.5, sum(x))", "sum(x)*sigmoid(n)", "sum(sin(ones(n,n))*x)", "norm2(x)*erf(2)",
         "x'*solve(ones(3,n)'*ones(3,n) + eye(n), x)"]  # fmt: skip


@pytest.mark.parametrize("text", TORCH)
def test_functions_of_numbers_in_torch(text: str) -> None:
    torch = pytest.importorskip("torch", reason="pip install 'frechet[peers]'")
    f, x = fr.parse(text, variables={"x": ["n"]}), np.array([0.3, 1.2, 2.0])
    value, (gradient,) = fr.compile(f, ["x"], backend="torch")(x=torch.as_tensor(x))
    np.testing.assert_allclose(np.asarray(value), f.evaluate(x=x), rtol=1e-12)
    np.testing.assert_allclose(np.asarray(gradient), f.gradient("x").evaluate(x=x), rtol=1e-12)


SINGULAR = [("1 + n + sum(c)", "c"), ("c*x'*x", "c"), ("sum(x.^3)", "x"), ("sum(x)*c", "x"), ("3*c", "c")]


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
@pytest.mark.parametrize(("text", "wrt"), SINGULAR)
def test_diagonals_with_a_zero_are_refused(text: str, wrt: str, backend: str) -> None:
    module = pytest.importorskip(backend, reason="pip install 'frechet[peers]'")
    f = fr.parse(text, variables={"c": [], "x": ["n"]})
    arrays = {"c": np.array(2.0), "x": np.array([0.0, 1.0])}
    step = fr.compile(f, [wrt], want="newton", backend=backend)
    if backend == "numpy":
        with pytest.raises(fr.FrechetError, match="singular"):
            step(**arrays)
    else:
        given = {n: module.as_tensor(a) for n, a in arrays.items()} if backend == "torch" else arrays
        assert not np.isfinite(np.asarray(step(**given))).any()


FULL = ["logsumexp(ones(n,n)*ones(n,n)'*x)", "x'*solve(ones(n,3)*ones(n,3)' + eye(n), x)", "sum(softplus(ones(n)).*x)",
        "x'*diag(exp(sin(ones(n))).^-1)*x", "sum(exp(x/sqrt(n)))", "sum(abs(x)./softplus(ones(n)))"]  # fmt: skip


@pytest.mark.parametrize("text", FULL)
def test_arrays_of_one_number_are_of_single_precision_too(text: str) -> None:
    f = fr.parse(text, variables={"x": ["n"]})
    _, (gradient,) = fr.compile(f, ["x"])(x=np.ones(4, dtype=np.float32))
    assert gradient.dtype == np.float32


def test_a_number_times_an_array_before_an_entry() -> None:
    solved = "solve(eye(2) + diag(q), 2 + erf(ones(2,2)))"
    text = f"q'*inv(Z)*inv(U'*U + eye(2))*2*{solved}*(diag([c;t])*sigmoid(U').^(U'))[:,2]"
    f = fr.parse(text, variables={"U": ["m", 2], "q": [2], "t": [], "c": [], "Z": [2, 2]})
    rng = np.random.default_rng(0)
    arrays = {"U": rng.normal(size=(3, 2)), "q": np.array([0.5, 2.0]), "t": np.array(0.5), "c": np.array(2.0),
              "Z": rng.normal(size=(2, 2))}  # fmt: skip
    value, (gradient,) = fr.compile(f, ["U"])(**arrays)
    np.testing.assert_allclose(value, f.evaluate(**arrays), rtol=1e-12)
    np.testing.assert_allclose(gradient, f.gradient("U").evaluate(**arrays), rtol=1e-9)


DIAGONAL_TERMS = ["tr(sigmoid(logm(Z*Z' + eye(2))))", "tr(sigmoid(Z).^2*Z)", "sum(sum(diag(sigmoid(diag(Z)).^2)*Z))",
                  "tr(sigmoid(expm(Z)).^3)", "tr(tanh(Z)*Z)",
                  "sum(diag(sigmoid(Z)).*diag(sigmoid(-Z)).*diag(Z))"]  # fmt: skip


@pytest.mark.parametrize("text", DIAGONAL_TERMS)
def test_rules_for_entries_leave_diagonals_alone(text: str) -> None:
    f = fr.parse(text, variables={"Z": [2, 2]})
    rng = np.random.default_rng(1)
    Z, v = rng.normal(size=(2, 2)), rng.normal(size=(2, 2))
    H = f.derivative("Z", "Z").evaluate(Z=Z)
    np.testing.assert_allclose(fr.compile(f, ["Z"], want="hessian")(Z=Z), H, atol=1e-10)
    np.testing.assert_allclose(fr.compile(f, ["Z"], want="hvp")(Z=Z, v=v), np.tensordot(H, v, 2), atol=1e-10)


def test_a_root_asked_for_twice_is_shifted_once() -> None:
    f = fr.parse("eigmax(Z')*c/(sigmoid(t) + exp(sin(t)))", variables={"Z": [2, 2], "c": [], "t": []})
    arrays = {"Z": np.array([[3.5, 0.4], [-0.2, -2.5]]), "c": np.array(3.3), "t": np.array(0.5)}
    H = f.derivative("Z", "Z").evaluate(**arrays).reshape(4, 4)
    operator = fr.compile(f, ["Z"], want="hessian", as_operator=True)(**arrays)
    np.testing.assert_allclose(operator.to_dense(), H, atol=1e-12)
