"""What single lines say: layouts, symmetric matrices, signs, sums inside quotients, names for long parts."""

from __future__ import annotations

import pytest

import frechet as fr
from frechet.notation.text import to_text
from frechet.steps.derivation import Derivation

SPD = {"S": ["spd"]}


def told(formula: str, wrt: str, level: str = "normal", **options: object) -> Derivation:
    d = fr.parse(formula, **options).gradient(wrt, verify=False)  # type: ignore[arg-type]
    found = d.steps(level)
    assert found.proved and to_text(found[-1].after) == str(d)
    return found


def test_a_symmetric_matrix_loses_its_transpose_by_a_rule() -> None:
    found = told("x'*S*x", "x", "full", facts=SPD)
    step = next(s for s in found if s.rule == "R-symmetric")
    assert step.text == "x'*S*dx + x'*S*dx" and found[-1].text == "2*S*x"


def test_alike_terms_inside_a_quotient_are_added_first() -> None:
    lines = [s.text for s in told("x'*A*x/(x'*x)", "x", facts={"A": ["symmetric"]})]
    assert "(2*(x'*x)*x'*A*dx - 2*(x'*A*x)*x'*dx)/(x'*x)^2" in lines
    assert "2*x'*A*dx/(x'*x) - 2*(x'*A*x)*x'*dx/(x'*x)^2" in lines


@pytest.mark.parametrize(("formula", "wrt", "rule"), [
    ("norm2(R - U*V')^2", "U", "R-sign"),
    ("x'*A*x", "x", "R-factor"),
    ("c'*tanh(A*x)", "x", "R-order"),
    ("sum(log(sigmoid(x)))", "x", "R-cancel"),
    ("sum(x.*sigmoid(-x))", "x", "R-simplify"),
])  # fmt: skip
def test_the_last_change_has_its_own_name(formula: str, wrt: str, rule: str) -> None:
    found = told(formula, wrt, "full")
    last = [s for s in found if s.left == "" or s.left == "df"][-1]
    assert last.rule == rule, (last.rule, last.text)


def test_diagonal_matrices_are_multiplied_by_a_rule() -> None:
    d = fr.parse("c'*exp(a.*x)").hessian("x", verify=False)
    assert any(s.rule == "R-diag-product" for s in d.steps("full"))


def test_a_layout_says_where_the_transpose_goes() -> None:
    f = fr.parse("tanh(A*x)")
    for style in ("differential", "chain"):
        found = f.jacobian("x", layout="denominator", verify=False).steps(style=style)
        last = next(s for s in found if s.note.startswith("denominator"))
        assert "column j is the gradient of output j, so dF = J'*dx" in last.note
    full = f.jacobian("x", verify=False).steps("full")
    assert full[-1].note == "numerator layout: row i belongs to output i, column j to input j, so dF = J*dx"


def test_second_order_by_a_matrix_shows_the_bilinear_form_and_the_kronecker_matrix() -> None:
    found = {s.left: s.text for s in fr.parse("logdet(X)").hessian("X", verify=False).steps("full")}
    assert found["d(df)"] == "-tr(dX'*inv(X)'*dX'*inv(X)')"
    assert found["as a matrix"] == "-kron(inv(X), inv(X)')*commutation(n, n)"


def test_long_parts_get_a_name_first_and_are_put_back_last() -> None:
    found = told("sum(sigmoid(B*sigmoid(A*x)).*sigmoid(A*x).*exp(B*sigmoid(A*x)))", "x", variables={
        "A": ["n", "n"], "B": ["n", "n"], "x": ["n"]})  # fmt: skip
    names = [s for s in found if s.rule == "R-let"]
    assert names and names[0].text == "sigmoid(A*x)" and found[-1].rule in ("R-put-back", "R-where")
    assert all(len(s.text) < 200 for s in found[len(names) : -1])


def test_short_derivations_are_not_abbreviated() -> None:
    assert not any(s.rule == "R-let" for s in told("norm2(X*w - y)^2", "w"))


def test_branches_are_differentiated_one_by_one() -> None:
    found = told("sum(where(x > 0, x.^2, -x))", "x", variables={"x": ["n"]})
    lines = [s.text for s in found]
    assert "sum(where(x > 0, 2*x.*dx, -dx))" in lines and lines[-1] == "where(x > 0, 2*x, -1)"
    assert "R-branches" in found[0].rules


def test_a_matrix_power_with_a_name_has_its_own_rule() -> None:
    found = told("tr(X^p)", "X", variables={"X": ["n", "n"], "p": []}, facts={"p": ["integer"]})
    assert found[0].text == "tr(dmpower(X, p, dX))" and found[-1].text == "p*(X^(p - 1))'"
