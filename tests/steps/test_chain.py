"""The chain rule style: Jacobians along paths; with matrices on the way, gradients back through adjoints."""

from __future__ import annotations

import pytest

import frechet as fr
from frechet.notation.text import to_text
from frechet.steps.derivation import Derivation

FORMULAS = [
    ("norm2(W2*tanh(W1*x) - y)^2", "W1", None),
    ("tr(A*X*B*X'*C)", "X", None),
    ("logdet(A + X*X')", "X", None),
    ("inv(A*X*B)", "X", None),
    ("A*tanh(W*x)", "W", None),
    ("inv(A + x*x')*b", "x", {"A": ["n", "n"], "x": ["n"], "b": ["n"]}),
    ("det(inv(A + t*B))", "t", {"A": ["n", "n"], "B": ["n", "n"], "t": []}),
    ("x'*A*x/(x'*x)", "x", None),
    ("softmax(W*x)", "x", None),
    ("log(sum(exp(x)))", "x", None),
]


def told(formula: str, wrt: str, variables: dict[str, list[str]] | None = None, level: str = "normal") -> Derivation:
    d = fr.parse(formula, variables=variables).derivative(wrt, verify=False)
    found = d.steps(level, "chain")
    assert to_text(found.answer) == str(d) == to_text(found[-1].after)
    return found


@pytest.mark.parametrize(("formula", "wrt", "variables"), FORMULAS, ids=lambda v: str(v)[:24])
def test_every_line_of_the_chain_is_proved(formula: str, wrt: str, variables: dict[str, list[str]] | None) -> None:
    found = told(formula, wrt, variables)
    assert found.proved and found.extra["graph"].startswith(wrt)
    assert all(len(s.rules) == 1 for s in told(formula, wrt, variables, "full"))


def test_a_matrix_on_the_way_is_gone_back_through() -> None:
    lines = {s.left: s for s in told("norm2(R - U*V')^2", "U")}
    assert lines["dZ"].text == "-dU*V'" and "m x n" in lines["dZ"].note
    assert lines["grad_Z f"].text == "2*Z" and lines["grad_U f"].note == "-grad_Z*V"


def test_the_paths_to_a_matrix_are_added() -> None:
    found = told("tr(A*X*B*X'*C)", "X")
    step = next(s for s in found if s.rule == "R-paths")
    assert step.left == "grad_X f" and step.note == "A'*grad_U*B' + C*U"
    assert found.extra["graph"] == "X -> U, f\nU -> f"


def test_the_dot_product_rule_of_the_notes() -> None:
    lines = {s.left: s.text for s in told("x'*A*x", "x")}
    assert lines["∂f/∂x"] == "u'" and lines["∂f/∂u"] == "x'" and lines["df/dx"] == "u' + x'*A"


def test_a_matrix_valued_function_is_a_composition_of_maps() -> None:
    step = next(s for s in told("inv(A*X*B)", "X") if s.rule == "R-chain")
    assert step.text == "-inv(U)*A*dX*B*inv(U)" and step.note == "DF o DU"
