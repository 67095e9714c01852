"""Compiled programs where planning is delicate: numbers before diagonals, determinants out of range."""

from __future__ import annotations

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
