"""Derivatives of matrix functions collapse where arguments commute; code exists for every operation."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.ops import REGISTRY

V: dict[str, list[str | int]] = {"X": ["n", "n"], "S": ["n", "n"], "a": ["n"]}


def gradient(expr: str, **options: Any) -> Any:
    used = set(re.findall(r"[A-Za-z]+", expr))
    return fr.parse(expr, variables={n: d for n, d in V.items() if n in used}, **options).gradient(
        "X" if "X" in used else "S"
    )


@pytest.mark.parametrize(("expr", "answer"), [
    ("tr(sqrtm(S))", "inv(sqrtm(S))/2"), ("tr(inv(sqrtm(S)))", "-inv(sqrtm(S))*inv(S)/2"),
    ("tr(S*sqrtm(S))", "3*sqrtm(S)/2"), ("tr(S*logm(S)) - tr(S)", "logm(S)"), ("tr(expm(S))", "expm(S)"),
    ("tr(logm(S)^2)", "2*logm(S)*inv(S)"), ("a'*sqrtm(S)*a", "sylvester(sqrtm(S), sqrtm(S), a*a')"),
])  # fmt: skip
def test_functions_of_one_matrix_commute(expr: str, answer: str) -> None:
    d = gradient(expr, facts={"S": ["spd"]})
    assert str(d) == answer
    assert d.verification.status == "checked"


@pytest.mark.parametrize(("expr", "answer"), [
    ("tr(expm1(X))", "exp(X).*eye(n)"), ("tr(sin(X))", "cos(X).*eye(n)"), ("tr(X.^3)", "3*X.^2.*eye(n)"),
    ("sum(log(diag(X)))", "diag(diag(1./X))"),  # a product with the identity would be 0/0 beside the diagonal
])  # fmt: skip
def test_the_diagonal_of_a_matrix_as_a_matrix(expr: str, answer: str) -> None:
    assert str(gradient(expr)) == answer


def test_what_stands_beside_the_diagonal_does_not_matter() -> None:
    assert np.array_equal(gradient("sum(log(diag(X)))").evaluate(X=np.diag([1.0, 2.0])), np.diag([1.0, 0.5]))


def test_every_operation_has_numpy_code() -> None:
    missing = [n for n, r in REGISTRY.items() if r.kind in ("elementwise", "opaque") and "numpy" not in r.code]
    assert not missing


@pytest.mark.parametrize("expr", ["a'*eigvec(S)", "tr(X*eigvecs(S))", "a'*logm(S)*a", "kth(a, 2)", "tr(X*cofactor(S))"])
def test_readable_code_of_the_derivative_runs(expr: str) -> None:
    used = set(re.findall(r"[A-Za-z]+", expr))
    f = fr.parse(
        expr, variables={n: d for n, d in V.items() if n in used}, domain={"S": "spd"} if "S" in used else None
    )
    name = "S" if "S" in used else "a"
    rng = np.random.default_rng(3)
    half = rng.standard_normal((3, 3))
    point = {"S": half @ half.T + np.eye(3), "X": rng.standard_normal((3, 3)), "a": rng.standard_normal(3)}
    point = {n: v for n, v in point.items() if n in f.variables}
    d = f.gradient(name)
    assert np.allclose(d.compile("numpy")(**point), d.evaluate(**point))
