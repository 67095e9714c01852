"""Sums of powers of one function, as the products people write."""

from __future__ import annotations

import pytest

import frechet as fr

S, T = "sigmoid(w'*x + b)", "sigmoid(A*x)"


@pytest.mark.parametrize("formula, by, printed", [
    ("sum(sigmoid(x))", "xx", "diag(sigmoid(x).*(1 - sigmoid(x)).*(1 - 2*sigmoid(x)))"),
    ("sigmoid(w'*x + b)", "ww", f"{S}*(1 - {S})*(1 - 2*{S})*x*x'"),
    ("c'*sigmoid(A*x)", "xx", f"A'*diag(c.*{T}.*(1 - {T}).*(1 - 2*{T}))*A"),
    ("sigmoid(a)", "aaa", "sigmoid(a)*(1 - sigmoid(a))*(1 - 6*sigmoid(a) + 6*sigmoid(a)^2)"),
    ("tanh(a)", "aaa", "2*(tanh(a)^2 - 1)*(1 - 3*tanh(a)^2)"),
    ("sum(sigmoid(X))", "XX", "dX -> dX.*sigmoid(X).*(1 - sigmoid(X)).*(1 - 2*sigmoid(X))"),
    ("sum(softplus(A*x))", "xx", f"A'*diag({T}.*(1 - {T}))*A"),
    ("norm2(c - sigmoid(A*x))^2", "xx",
     f"2*A'*diag(({T}.^2.*(3*{T} - 2) + c.*{T}.*(1 - 2*{T})).*({T} - 1))*A"),
    ("c'*tanh(A*x)", "x", "A'*(c.*(1 - tanh(A*x).^2))"),
    ("sum(exp(-x.^2))", "xx", "2*diag((2*x.^2 - 1).*exp(-x.^2))"),
    ("tan(a)", "aaa", "2 + 6*tan(a)^4 + 8*tan(a)^2"),  # no rational root: a sum
    ("2*a^3/3 - 3*a^2/2 + a", "a", "1 + 2*a^2 - 3*a"),  # polynomials in a variable stay polynomials
])  # fmt: skip
def test_polynomials_in_a_function(formula: str, by: str, printed: str) -> None:
    variables = {"a": [], "b": [], "w": ["n"], "x": ["n"], "A": ["m", "n"], "c": ["m"], "X": ["m", "n"]}
    f = fr.parse(formula, variables={n: d for n, d in variables.items() if n in formula})
    derivative = f.derivative(*by)
    assert str(derivative) == printed
    assert derivative.verification.status == "checked"
