"""The derivative from its definition: known limits by name, kinks by two one-sided limits."""

from __future__ import annotations

import pytest

import frechet as fr
from frechet.core.errors import FrechetError
from frechet.notation.text import to_text
from frechet.steps.derivation import Derivation
from frechet.steps.rules import rule


def told(formula: str, level: str = "normal") -> Derivation:
    variables: dict[str, list[str]] = {"t": [], **{c: [] for c in "ac" if c in formula.split("(")[-1]}}
    d = fr.parse(formula, variables=variables).derivative("t", verify=False)
    found = d.steps(level, "definition")
    assert to_text(found[-1].after) == str(d)
    return found


@pytest.mark.parametrize(
    ("formula", "line", "limits"),
    [
        ("exp(t)", "exp(t)*(exp(h) - 1)/h", ["R-limit-exp"]),
        ("sin(t)", "sin(t)*((cos(h) - 1)/h) + cos(t)*(sin(h)/h)", ["R-limit-sin", "R-limit-cos"]),
        ("log(t)", "log(1 + h/t)/(h/t)/t", ["R-limit-log"]),
        ("sqrt(t)", "1/(sqrt(h + t) + sqrt(t))", []),
        ("exp(t^2)", "(h + 2*t)*((exp(h^2 + 2*h*t) - 1)/(h^2 + 2*h*t))*exp(t^2)", ["R-limit-exp"]),
        ("atan(t)", "atan(h/(1 + t*(h + t)))/(h/(1 + t*(h + t)))/(1 + t^2 + h*t)", ["R-limit-atan"]),
        ("t^3 - 2*t", "h^2 + 3*t*(t + h) - 2", []),
    ],
)
def test_the_known_limit_is_named(formula: str, line: str, limits: list[str]) -> None:
    found = told(formula)
    assert found.proved and found[-2].text == line
    assert [r for r in found[-1].rules if r.startswith("R-limit")] == limits
    assert all(rule(r).law and rule(r).proof for s in found for r in s.rules)


@pytest.mark.parametrize("formula", [
    "tan(t)", "tanh(t)", "sinh(t)", "cosh(a*t)", "sigmoid(t)", "log(1 + exp(t))", "2^t", "t^0.3", "1/sqrt(t)",
    "sin(exp(t))", "t*exp(t)/(1 + t^2)",
])  # fmt: skip
def test_every_elementary_function_has_its_limit(formula: str) -> None:
    for level in ("normal", "full"):
        assert all(s.proof.holds for s in told(formula, level))


def test_at_level_full_one_limit_is_taken_a_line() -> None:
    found = told("sin(t)", "full")
    assert [s.rules for s in found[-3:]] == [("R-limit-sin",), ("R-limit-cos",), ("R-h-to-zero",)]


@pytest.mark.parametrize(
    ("formula", "right", "left", "note"),
    [
        ("abs(2*t - c)", "2", "-2", "no derivative at t = c/2"),
        ("relu(2*t - c)", "2", "0", "no derivative at t = c/2"),
        ("exp(abs(t))", "1", "-1", "no derivative at t = 0"),
        ("t*abs(t)", "0", "0", "they agree"),
        ("max(t, 2*t)", "2", "1", "no derivative at t = 0"),
    ],
)
def test_a_kink_is_shown_by_two_limits(formula: str, right: str, left: str, note: str) -> None:
    found = told(formula)
    limits = [s for s in found if s.left.startswith("limit from")]
    assert [s.text for s in limits] == [right, left] and note in limits[1].note
    assert found[0].note == "h > 0" and found[-1].rule == "R-same-on-both-sides"


@pytest.mark.parametrize("formula", ["erf(t)", "asin(t)", "abs(t^2 - c)"])
def test_an_unknown_limit_is_refused(formula: str) -> None:
    with pytest.raises(FrechetError) as caught:
        told(formula)
    assert caught.value.diagnostic.code == "E505" and caught.value.diagnostic.help
