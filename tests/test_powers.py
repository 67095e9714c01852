"""Powers with an exponent that is a name: X^p for an integer p, det(X)^k, x^x; large literal powers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import frechet as fr

V: dict[str, list[str | int]] = {"X": ["n", "n"], "A": ["n", "n"], "a": ["n"], "b": ["n"], "x": ["n"], "p": [], "k": [],
                                 "s": []}  # fmt: skip


def parse(expr: str, **options: Any) -> Any:
    used = set(re.findall(r"[A-Za-z]+", expr))
    facts = {n: ["integer"] for n in ("p", "k") if n in used}
    return fr.parse(expr, variables={n: dims for n, dims in V.items() if n in used}, facts=facts, **options)


@pytest.mark.parametrize(("expr", "wrt", "answer", "conditions"), [
    ("tr(X^p)", "X", "p*(X^(p - 1))'", ("p - 1 >= 0 or det(X) != 0",)),
    ("tr(X^(p + 1))", "X", "(p + 1)*(X^p)'", ("p >= 0 or det(X) != 0",)),
    ("a'*X^p*b", "X", "dmpower(X, p, b*a')'", ("p >= 0 or det(X) != 0",)),
    ("tr(X^p*X)", "X", "(1 + p)*(X^p)'", ("p >= 0 or det(X) != 0",)),
    ("tr((X*A)^p)", "X", "p*((X*A)^(p - 1))'*A'", ("p - 1 >= 0 or det(X*A) != 0",)),
    ("det(X)^k", "X", "k*det(X)^k*inv(X)'", ("det(X) != 0", "det(X) != 0 or k >= 0")),
    ("s^s", "s", "s^s + s^s*log(s)", ("s > 0",)),
    ("s^k*s", "s", "s^k*(1 + k)", ("s != 0 or k >= 0",)),
    ("tr(X^7)", "X", "7*(X^6)'", ()),
    ("tr(diag(x)^p)", "x", "p*x.^(p - 1)", ("x != 0 in every entry or p - 1 >= 0",)),
])  # fmt: skip
def test_a_power_stays_one_power(expr: str, wrt: str, answer: str, conditions: tuple[str, ...]) -> None:
    d = parse(expr).gradient(wrt)
    assert str(d) == answer
    assert d.conditions == conditions
    assert d.verification.status == "checked"


def test_a_large_power_is_not_multiplied_out() -> None:
    f = parse("tr(X^200)", domain={"X": "orthogonal"})
    assert str(f.gradient("X")) == "200*(X^199)'"
    assert f.gradient("X").verification.status == "checked"
    assert "matrix_power" in f.gradient("X").code("numpy")


def test_the_derivative_is_an_operator_and_closed_under_differentiation() -> None:
    f = parse("X^p")
    assert f.jacobian("X").operator_form == "dX -> dmpower(X, p, dX)"
    X, V_, W = (np.random.default_rng(k).standard_normal((3, 3)) / 2 for k in (1, 2, 3))
    for p in (-2, 0, 1, 4):
        second = f.derivative("X", "X").evaluate(X=X, p=p)
        got = np.tensordot(np.tensordot(second, W, 2), V_, 2)

        def at(s: float, t: float, p: int = p) -> Any:
            return np.linalg.matrix_power(X + s * V_ + t * W, p)

        h = 1e-3
        numeric = (at(h, h) - at(h, -h) - at(-h, h) + at(-h, -h)) / (4 * h * h)
        assert np.allclose(got, numeric, rtol=1e-3, atol=1e-3), p


@pytest.mark.parametrize(("expr", "wrt", "code"), [
    ("tr(X^s)", "X", "E303"), ("tr(mpower(X, s))", "X", "E303"), ("tr(X^p)", "p", "E502"), ("tr(X^0.5)", "X", "E303"),
])  # fmt: skip
def test_exponents_that_are_no_integers_are_refused(expr: str, wrt: str, code: str) -> None:
    with pytest.raises(fr.FrechetError) as refused:
        parse(expr).gradient(wrt)
    assert refused.value.diagnostic.code == code


def test_a_claim_with_the_sum_written_out_is_proved() -> None:
    claim = "b*a'*X^3 + X*b*a'*X^2 + X^2*b*a'*X + X^3*b*a'"
    v = fr.check("a'*X^4*b", "X", f"({claim})'", variables={"a": ["n"], "b": ["n"], "X": ["n", "n"]})
    assert (v.status, v.proof) == ("right", "proved")
    assert fr.check("tr(X^p)", "X", "p*(X^p)'", variables={"X": ["n", "n"], "p": []},
                    facts={"p": ["integer"]}).status == "wrong"  # fmt: skip


@pytest.mark.parametrize("language", ["numpy", "jax", "torch", "julia", "matlab"])
def test_code_for_powers(language: str) -> None:
    assert "p" in parse("tr(X^p)").gradient("X").code(language)


@pytest.mark.parametrize("expr", ["tr(X^p)", "a'*X^p*b", "det(X)^k"])
def test_steps_of_powers_are_proved(expr: str) -> None:
    assert "Every step is proved." in str(parse(expr).gradient("X").steps())
