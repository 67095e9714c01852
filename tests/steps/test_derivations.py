"""Derivations: the classics word for word, and what must hold of every derivation."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

import frechet as fr
from frechet.api.derivative import Derivative
from frechet.core.errors import FrechetError
from frechet.language.tree import subtrees
from frechet.notation.text import to_text
from frechet.steps.board import Board
from frechet.steps.derivation import Derivation
from frechet.steps.rules import rule
from tests.cases.derivations import answer
from tests.cases.suite import Case, cases
from tests.steps.classics import CLASSICS, Classic

LEVELS = ("brief", "normal", "full")


def derivative(formula: str, wrt: str, **variables: list[str | int]) -> Derivative:
    return fr.parse(formula, variables=variables or None).derivative(wrt, verify=False)


@pytest.mark.parametrize("classic", CLASSICS, ids=lambda c: c.name)
def test_a_classic_reads_as_it_did(classic: Classic) -> None:
    told = classic.derivation()
    assert str(told) + "\n" == classic.path.read_text(encoding="utf-8"), (
        "read the new text as a teacher would, then: python -m tests.steps.classics"
    )
    assert not told.gap and told.proved


def test_there_is_a_golden_file_for_every_classic_and_no_other() -> None:
    assert len(CLASSICS) >= 30
    assert {c.path for c in CLASSICS} == set(CLASSICS[0].path.parent.iterdir())


def check_sound(told: Derivation, answer: str) -> None:
    """The last line is the answer, each line follows from the one before, and each rule is in the book."""
    assert to_text(told.steps[-1].after) == to_text(told.answer) == answer
    for step in told:
        assert step.rules and all(rule(r).words or rule(r).law for r in step.rules)
        assert step.proof.status in ("proved", "evidence", "open")
        start, end = step.span
        assert 0 <= start < end <= len(step.text)
    for before, after in zip(told.steps, told.steps[1:], strict=False):
        if not after.left:
            assert after.before is before.after


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("formula", ["norm2(X*w - y)^2", "x'*A*x/(x'*x)", "logsumexp(W*x)", "tr(A*X*B*X')"])
def test_every_level_is_sound(formula: str, level: str) -> None:
    f = fr.parse(formula)
    name = "X" if "tr(" in formula else "W" if "W" in formula else "w" if "w" in formula else "x"
    d = f.derivative(name, verify=False)
    told = d.steps(level=level)
    check_sound(told, str(d))
    assert told.proved


def test_at_level_full_no_step_applies_two_rules() -> None:
    for classic in CLASSICS:
        if classic.style == "differential":
            f = fr.parse(classic.formula, variables=classic.variables, facts=classic.facts)
            for step in f.derivative(classic.wrt[0], verify=False).steps(level="full"):
                assert len(step.rules) == 1, (classic.name, step.rules)


def test_levels_grow() -> None:
    counts = [len(derivative("norm2(W*tanh(V*x) - y)^2", "V").steps(level=level)) for level in LEVELS]
    assert counts[0] < counts[1] < counts[2]


def suite(stride: int, offset: int = 0) -> list[Case]:
    known = [c for c in cases() if not c.later and not c.structured]
    return known[offset::stride]


def check_complete(case: Case) -> None:
    """Every case has a derivation without a gap, each step of it proved."""
    d = answer(case)
    told = d.steps()
    check_sound(told, str(d))
    assert not told.gap and told.proved, case.id


@pytest.mark.parametrize("case", suite(12), ids=lambda c: c.id)
def test_a_sample_of_the_suites_has_complete_derivations(case: Case) -> None:
    check_complete(case)


@pytest.mark.slow
def test_all_suites_have_complete_derivations() -> None:
    for case in suite(1):
        check_complete(case)


def told_in_style(case: Case, style: str) -> None:
    """A derivation in a style, in every format; or a refusal that says why."""
    try:
        told = answer(case).steps(style=style)
    except FrechetError as error:
        assert error.diagnostic.code in ("E504", "E505"), (case.id, error)
        return
    assert all(s.proof.holds for s in told), case.id
    assert told.latex() and told.html() and told.markdown() and told.to_json()


@pytest.mark.parametrize("style", ["chain rule", "entrywise", "definition"])
def test_other_styles_of_a_sample_are_told_or_refused(style: str) -> None:
    for case in suite(40, 3):
        told_in_style(case, style)


@pytest.mark.slow
@pytest.mark.parametrize("style", ["chain rule", "entrywise", "definition"])
def test_other_styles_of_all_suites_are_told_or_refused(style: str) -> None:
    for case in suite(1):
        told_in_style(case, style)


# -- the check can fail ------------------------------------------------------------------------------------------


def test_a_wrong_line_is_refuted() -> None:
    f = fr.parse("x'*A*x")
    d = f.derivative("x", verify=False)
    told = d.steps()
    line = told[0].after
    known = f.declarations
    forms = d._forms
    names = {n.name: n for n in [forms.levels[-1].variable]} | {
        v: fr.parse(v, variables={v: list(f.variables[v])}).derivative(v, verify=False)._forms.levels[-1].variable
        for v in f.variables
    }  # fmt: skip
    board = Board(known, f.tree, names)
    board.differentiate_by("x", known.variables["x"], forms.levels[-1].variable, forms.levels[-1].direction)
    right = board.adopt(line)
    wrong = board.page.make("sub", right.args, shape=right.typed)
    assert board.prove(board.d(board.adopt(f.tree)), right).status == "proved"
    assert board.prove(right, wrong).status == "refuted"


# -- styles ------------------------------------------------------------------------------------------------------


def test_chain_rule_sums_over_paths() -> None:
    told = derivative("sin(x*t) + exp(t^2)*y", "t", x=[], t=[], y=[]).steps(style="chain rule")
    assert any(s.rule == "R-paths" for s in told) and told.proved
    assert told.extra["graph"].startswith("t -> u, v")
    ElementTree.fromstring(told.extra["svg"])


def test_entrywise_gives_every_partial() -> None:
    told = derivative("x[1]^2 + exp(x[1]*x[2]) + 2*log(x[2])", "x", x=[2]).steps(style="entrywise")
    partials = {s.left: s.text for s in told if s.rule == "R-partial"}
    assert partials == {"df/dx[1]": "2*x[1] + x[2]*exp(x[1]*x[2])", "df/dx[2]": "2/x[2] + x[1]*exp(x[1]*x[2])"}
    assert told.proved


@pytest.mark.parametrize(
    ("formula", "line", "answer"),
    [("t^2", "h + 2*t", "2*t"), ("1/t", "-1/(t*(h + t))", "-1/t^2"), ("a*t + b", "a", "a")],
)
def test_definition_simplifies_the_quotient(formula: str, line: str, answer: str) -> None:
    told = derivative(formula, "t", t=[], a=[], b=[]).steps(style="definition")
    assert sorted(told[1].text) == sorted(line) and told[-1].text == answer and told.proved


@pytest.mark.parametrize(
    ("formula", "wrt", "style"),
    [("x'*x", "x", "definition"), ("x'*x", "x", "poem"),
     ("erf(t)", "t", "definition")],
)  # fmt: skip
def test_a_style_that_does_not_fit_is_refused_with_help(formula: str, wrt: str, style: str) -> None:
    shapes: dict[str, list[str | int]] = {"x": ["n"], "X": ["n", "n"], "t": []}
    with pytest.raises(FrechetError) as caught:
        derivative(formula, wrt, **{wrt: shapes[wrt]}).steps(style=style)
    assert caught.value.diagnostic.code == "E505" and caught.value.diagnostic.help


def test_facts_come_in_at_the_end() -> None:
    f = fr.parse("logdet(S)", variables={"S": ["n", "n"]}, facts={"S": ["spd"]})
    told = f.gradient("S", verify=False).steps()
    assert [s.rule for s in told][-1] == "R-facts" and told[-2].text == "inv(S)'" and told[-1].text == "inv(S)"


def test_an_index_that_cancels_is_forgotten_with_those_unified_with_it() -> None:
    told = derivative("det(X^3)", "X", X=["n", "n"]).steps()
    assert told.proved and told[-1].text == "3*det(X)^3*inv(X)'"


def test_layout_says_why_it_transposes() -> None:
    f = fr.parse("A*x")
    told = f.jacobian("x", layout="denominator", verify=False).steps()
    assert told[-1].rule == "R-layout" and told[-1].text == "A'" and told[-2].text == "A"


def test_second_order_at_level_full_shows_the_bilinear_form() -> None:
    told = fr.parse("norm2(A*x - b)^2").hessian("x", verify=False).steps("full")
    form = next(s for s in told if s.rule == "R-second-differential")
    assert form.left == "d(df)" and form.text == "2*dx'*A'*A*dx" and form.proof.status == "proved"


def test_a_hessian_by_a_matrix_shows_its_kronecker_form() -> None:
    told = fr.parse("logdet(X)").hessian("X", verify=False).steps()
    kron = next(s for s in told if s.rule == "R-vec-kron")
    assert kron.text == "-kron(inv(X), inv(X)')*commutation(n, n)" and kron.proof.status == "proved"


def test_deep_formulas_are_told_without_recursion() -> None:
    told = derivative("sum(" + "sin(" * 60 + "x" + ")" * 60 + ")", "x", x=["n"]).steps(level="brief")
    assert told.answer is not None and len(subtrees(told.start)) > 60
