"""The check passes what is right and catches what is wrong, also where it is nearly right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from frechet.core.dims import Shape
from frechet.core.errors import VerificationError
from frechet.language.declarations import Declarations, declare
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text
from frechet.language.tree import Tree
from frechet.reference.sample import Sampler
from frechet.verify import Question, Verification, check_derivative, verify
from tests.cases.suite import Case, cases, uses_later_function

# Published forms that hold only where the case's `domain` says so are checked with it.
CASES = [c for c in cases() if c.kind in ("gradient", "jacobian") and c.expected and not c.later
         and not c.structured and not uses_later_function(c.expected)]  # fmt: skip


def read(text: str, declarations: Declarations) -> Tree:
    return elaborate(parse_text(text), declarations, source=text)[0]


def check(
    f: str, claim: str, variables: dict[str, Any], wrt: str, form: str = "gradient", **words: Any
) -> Verification:
    tree, declarations = elaborate(parse_text(f), declare(variables, **words), source=f)
    return verify(tree, read(claim, declarations), declarations, wrt, form)


def of_case(case: Case, claim: str) -> Verification:
    return check(case.expr, claim, case.vars, case.wrt[0], "gradient" if case.kind == "gradient" else "jacobian",
                 facts=case.props, domain=case.domain, sizes=case.requires)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_published_derivatives_pass(case: Case) -> None:
    found = of_case(case, str(case.expected))
    assert found.status == "checked"
    assert found.points == 3 * len(found.sizes)
    assert found.max_relative_error < 1e-8 and found.bound < 1e-6


@pytest.mark.parametrize("case", [c for c in CASES if "zero" not in c.tags][::4], ids=lambda c: c.id)
def test_the_same_derivatives_off_by_a_millionth_fail(case: Case) -> None:
    with pytest.raises(VerificationError) as caught:
        of_case(case, f"1.000001*({case.expected})")
    assert caught.value.diagnostic.code == "E600"


SHAPES = {"A": ["m", "n"], "X": ["n", "n"], "x": ["n"], "y": ["m"], "c": []}


@pytest.mark.parametrize(("f", "claim", "wrt", "form"), [
    ("A*x", "A", "x", "jacobian"),
    ("A*x", "A'", "x", "denominator"),
    ("x'*A'", "A", "x", "jacobian"),
    ("y'*A*x", "x*y'", "A", "jacobian"),
    ("y'*A*x", "y*x'", "A", "denominator"),
    ("y'*A*x", "y'*A", "x", "jacobian"),
    ("c^2*A", "2*c*A", "c", "jacobian"),
    ("A*X*x", "kron(x', A)", "X", "vec"),
    ("X*X", "kron(X', eye(n)) + kron(eye(n), X)", "X", "vec"),
    ("X*X", "dX -> X*dX + dX*X", "X", "operator"),
    ("inv(X)", "dX -> -inv(X)*dX*inv(X)", "X", "operator"),
    ("2*A'*(A*x - y)", "2*A'*A", "x", "jacobian"),
    ("x", "eye(n)", "x", "jacobian"),
    ("x'*x", "zeros(m)", "y", "gradient"),
])  # fmt: skip
def test_every_form(f: str, claim: str, wrt: str, form: str) -> None:
    assert check(f, claim, SHAPES, wrt, form).status == "checked"


@pytest.mark.parametrize(("f", "claim", "wrt", "form"), [
    ("X*x", "X'", "x", "jacobian"),
    ("x'*X*x", "x*(X*x)'", "X", "jacobian"),
    ("A*X*x", "kron(A, x')", "X", "vec"),
    ("X*X", "kron(X, eye(n)) + kron(eye(n), X)", "X", "vec"),
    ("X*X", "dX -> 2*X*dX", "X", "operator"),
    ("x'*X*x", "2*X*x", "x", "gradient"),
    ("sum(relu(x))", "ones(n)", "x", "gradient"),
    ("sum(abs(x))", "x", "x", "gradient"),
    ("x'*x", "0*x", "x", "gradient"),
    ("x'*x + 1e-6*c", "0", "c", "gradient"),
    ("norm2(X*x)", "X'*x/norm2(X*x)", "x", "gradient"),
])  # fmt: skip
def test_mistakes_are_caught(f: str, claim: str, wrt: str, form: str) -> None:
    with pytest.raises(VerificationError) as caught:
        check(f, claim, SHAPES, wrt, form)
    assert caught.value.diagnostic.code == "E600"
    assert "seed 0" in caught.value.diagnostic.help


def test_higher_orders_along_shared_directions() -> None:
    """The third derivative of sum(x.^4), two directions: lower is the second along dx1."""
    declarations = elaborate(parse_text("sum(x.^4)"), declare({"x": ["n"]}))[1]
    wide = declare({"x": ["n"], "dx1": ["n"], "dx2": ["n"]})
    lower, right, wrong = (
        elaborate(parse_text(t), wide)[0]
        for t in ("dx1 -> 12*x.^2.*dx1", "dx1 -> dx2 -> 24*x.*dx1.*dx2", "dx1 -> dx2 -> 12*x.*dx1.*dx2")
    )
    directions = {"dx1": Shape(("n",))}
    found = verify(lower, right, declarations, "x", "operator", directions=directions)
    assert (found.status, found.points) == ("checked", 6)
    with pytest.raises(VerificationError):
        verify(lower, wrong, declarations, "x", "operator", directions=directions)


def test_stacked_variables_move_together() -> None:
    tree, declarations = elaborate(parse_text("a^2*b"), declare({"a": [], "b": []}))
    claim = read("[2*a*b; a^2]", declarations)
    assert verify(tree, claim, declarations, ("a", "b"), "gradient").status == "checked"
    with pytest.raises(VerificationError):
        verify(tree, read("[a^2; 2*a*b]", declarations), declarations, ("a", "b"), "gradient")


def test_where_no_point_exists_nothing_is_claimed() -> None:
    found = check("log(-x'*x)", "2*x/(x'*x)", SHAPES, "x")
    assert found.status == "unchecked"
    assert "log" in found.message and str(found).startswith("unchecked")


def test_a_claim_without_finite_values_is_not_called_checked() -> None:
    found = check("x'*x", "2*x.*log(-x.^2)", SHAPES, "x")
    assert found.status == "unchecked"


def test_cancellation_in_a_right_answer_is_no_mistake() -> None:
    """1 - tanh(u)^2 has hardly a digit where tanh(u) is nearly 1; the points are then drawn otherwise."""
    f, claim = "exp(tanh(8*norm2(A)^2))", "16*exp(tanh(8*norm2(A)^2))*(1 - tanh(8*norm2(A)^2)^2)*A"
    found = check(f, claim, SHAPES, "A")
    assert (found.status, found.points) == ("checked", 6)
    with pytest.raises(VerificationError):
        check(f, f"1.00001*{claim}", SHAPES, "A")


def test_a_derivative_below_the_noise_is_not_called_checked() -> None:
    for claim in ("1e-40*x", "2e-40*x"):
        found = check("sum(x.^0) + 5e-41*x'*x", claim, SHAPES, "x")
        assert found.status == "unchecked" and "too small" in found.message
    assert check("sum(x.^0)", "0*x", SHAPES, "x").status == "checked"


def test_flat_points_prove_nothing() -> None:
    """sigmoid(1e5*x) is flat at ordinary points, and so is every claim with that factor; nearer points tell."""
    slope = "1e5*sigmoid(1e5*x).*(1 - sigmoid(1e5*x))"
    assert check("sum(sigmoid(1e5*x))", slope, SHAPES, "x").status == "checked"
    with pytest.raises(VerificationError):
        check("sum(sigmoid(1e5*x))", f"2*{slope}", SHAPES, "x")
    found = check("sum(relu(-1 - abs(x)))", "x.*relu(-1 - abs(x))", SHAPES, "x")
    assert found.status == "unchecked" and "does not change" in found.message


def test_a_function_that_turns_within_a_step_is_no_mistake() -> None:
    found = check("sum(sin(1e10*x))", "1e10*cos(1e10*x)", SHAPES, "x")
    assert found.status == "unchecked"
    with pytest.raises(VerificationError):
        check("sum(sin(x))", "1e3*cos(x)", SHAPES, "x")


def test_a_tangent_keeps_the_direction_in_its_space() -> None:
    """Along symmetric directions the change of tr(X'*X) can be written with the upper triangle alone."""
    tree, declarations = elaborate(parse_text("tr(X'*X)"), declare({"X": ["n", "n"]}, facts={"X": ["symmetric"]}))

    def upper(arrays: Any, V: Any) -> Any:
        X, D = arrays["X"], V["X"]
        return np.asarray((4 * np.triu(X, 1) * D).sum() + 2 * np.diag(X) @ np.diag(D))

    def at(sizes: Any) -> Question:
        return Question(lambda a: np.asarray((a["X"] ** 2).sum()), upper, ("X",))

    found = check_derivative(at, Sampler([tree], declarations), tangent=lambda name, x, V: V + V.T)
    assert found.status == "checked"
    with pytest.raises(VerificationError):
        check_derivative(at, Sampler([tree], declarations))


def test_the_line_that_is_shown() -> None:
    shown = Verification("checked", 6, ({"n": 2}, {"n": 3}), 4.2e-12, 1.3e-11, 0)
    assert str(shown) == (
        "checked   6 points, 2 sets of sizes, random directions; max relative error 4e-12, own bound 1e-11 (seed 0)"
    )


def test_the_same_seed_gives_the_same_verification() -> None:
    assert check("sum(exp(A*x))", "A'*exp(A*x)", SHAPES, "x") == check("sum(exp(A*x))", "A'*exp(A*x)", SHAPES, "x")


def test_points_where_nothing_changes_do_not_count() -> None:
    """tanh(30*u) is 1 to the last digit at most points; a claim of zero must still be found out."""
    with pytest.raises(VerificationError):
        check("tanh(30*norm2(A)^2)", "0*A", SHAPES, "A")
    found = check("tanh(30*norm2(A)^2)", "60*(1 - tanh(30*norm2(A)^2)^2)*A", SHAPES, "A")
    assert found.status == "checked" and found.bound > 0
