"""Verdicts on claims: published ones, lecture notes', and mutants of right formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.core.errors import FrechetError
from tests.cases.suite import SUITES, lines
from tests.verdict.mutations import mutants, named, refuted, verdict_on

SQUARE = {"X": ["n", "n"], "A": ["n", "n"], "B": ["n", "n"], "Y": ["n", "n"]}
SYMMETRIC = {"X": ["symmetric"], "B": ["symmetric"], "Y": ["symmetric"]}
CLAIMS = [raw for suite in SUITES for raw in lines(suite) if "claim" in raw]


@pytest.mark.parametrize("raw", CLAIMS, ids=lambda raw: raw["id"])
def test_published_errors_are_found(raw: dict[str, Any]) -> None:
    verdict = fr.check(raw["expr"], raw["wrt"][0], raw["claim"], variables=raw["vars"], domain=raw["domain"],
                       sizes=raw.get("requires"))  # fmt: skip
    assert verdict.status == ("right up to layout" if raw["kind"] == "jacobian" else verdict.status)
    assert verdict.status != "right"
    if raw["kind"] != "jacobian":
        assert verdict.counterexample is not None


# function, variable, claim, status, causes, the offending text
TAUGHT = [
    ("norm2(X'-A)^2", "X", "2*X'-A-A'", "wrong", {"transpose"}, "2*X'-A"),
    ("tr((X'*X-A)'*(X'*X-A))", "X", "4*X*X'*X-2*X*A-2*X*A'", "right", set(), ""),
    ("logdet(X)", "X", "inv(X)", "right up to layout", {"layout"}, ""),
    ("tr(A*X*B)", "X", "B'*A'", "wrong", {"order"}, "B'*A'"),
    ("tr(A*X)", "X", "A", "right up to layout", {"layout"}, ""),
    ("tr(A*X*B)", "X", "A*B", "right under assumptions", {"symmetric"}, "A"),
    ("norm2(A*X-B)^2", "X", "2*(A*X-B)", "wrong", {"missing factor"}, "2*(A*X-B)"),
    ("norm2(A*X-B)^2", "X", "2*A*(A*X-B)", "right under assumptions", {"transpose", "symmetric"}, "A"),
    ("norm2(A*X-B)^2", "X", "2*A'*(A*X+B)", "wrong", {"sign"}, "B"),
    ("tr(X'*A*X)", "X", "A*X", "wrong", {"missing term"}, "A"),
    ("sum(exp(A*X))", "X", "exp(A*X)", "wrong", {"missing factor"}, "exp(A*X)"),
    ("sum((A.*X).^2)", "X", "2*(A*X).*A", "wrong", {"matrix product"}, "A*X"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "wrt", "claim", "status", "causes", "offending"), TAUGHT)
def test_the_cause_is_named(f: str, wrt: str, claim: str, status: str, causes: set[str], offending: str) -> None:
    verdict = fr.check(f, wrt, claim, variables=SQUARE)
    assert verdict.status == status
    assert causes <= set(verdict.causes)
    assert verdict.offending == offending
    assert (verdict.correct == "") is False
    assert str(verdict)


def test_the_corrected_formula_is_right() -> None:
    verdict = fr.check("norm2(A*x+b)^2", "x", "2*A'*A*x+A'*b")
    assert verdict.causes == ("factor",)
    assert verdict.offending == "A'*b"
    assert fr.check("norm2(A*x+b)^2", "x", verdict.correct)
    assert fr.check("norm2(A*x+b)^2", "x", verdict.explanation.rpartition("So: ")[2])
    assert "                   ^^^^\n" in str(verdict)


def test_two_faults_are_both_named() -> None:
    verdict = fr.check("norm2(X*w-y)^2", "w", "X'*(X*w+y)")
    assert set(verdict.causes) == {"sign", "factor"}


def test_a_sign_found_in_a_public_answer() -> None:
    verdict = fr.check("norm2(Y-X*B*X')^2", "X", "4*(Y-X*B*X')*X*B", variables=SQUARE, facts=SYMMETRIC)
    assert (verdict.status, verdict.causes) == ("wrong", ("sign",))


def test_the_weakest_assumption_is_named() -> None:
    assert fr.check("x'*A*x", "x", "2*A*x").assumptions == [("symmetric", ("A",))]
    assert fr.check("x'*A*x", "x", "2*A*x", facts={"A": ["symmetric"]}).status == "right"
    assert fr.check("tr(inv(X)*A)", "X", "-X*A'*X", variables=SQUARE).assumptions[0][0] == "orthogonal"
    assert fr.check("sum(abs(x))", "x", "ones(n)", variables={"x": ["n"]}).assumptions == [("positive", ("x",))]


def test_differentials_hessians_and_vec_claims() -> None:
    assert fr.check("inv(X)", "X", "dX -> -inv(X)*dX*inv(X)", kind="differential").status == "right"
    assert fr.check("norm2(A*X-B)", "X", "tr((A*X-B)'*A*dX)/norm2(A*X-B)", kind="differential").status == "right"
    wrong = fr.check("norm2(A*X-B)", "X", "tr((A*X-B)*A*dX)/norm2(A*X-B)", kind="differential", variables=SQUARE)
    assert wrong.causes == ("transpose",)
    assert wrong.offending == "A*X-B"
    assert fr.check("x'*A*x", ("x", "x"), "A+A'").status == "right"
    assert fr.check("A*X*B", "X", "kron(B',A)").status == "right"
    assert fr.check("A*X*B", "X", "kron(A,B')", variables={"A": ["p", "m"], "X": ["m", "n"], "B": ["n", "q"]}).causes
    assert fr.check("x'*A*y", ("x", "y"), "A").status == "right"


def test_identities() -> None:
    assert fr.equal("norm2(X*w-y)^2", "sum((y-X*w).^2)").status == "right"
    assert fr.equal("norm2(X*w-y)", "sum((y-X*w).^2)").status == "wrong"
    assert fr.check_statement("tr(A*B) = tr(B*A)").proof == "proved"
    assert fr.check_statement("A*B = B*A", variables=SQUARE).assumptions == [("commuting", ("A", "B"))]
    assert fr.equal("x'*A", "A'*x").status == "right up to layout"


def test_a_zero_claim() -> None:
    assert fr.check("sum(A)", "x", "0", variables={"A": ["m", "n"], "x": ["n"]}).status == "right"
    assert fr.check("sum(A)", "x", "zeros(n)", variables={"A": ["m", "n"], "x": ["n"]}).status == "right"
    assert fr.check("sum(x)", "x", "0").status == "wrong"


def test_objects_are_claims_too() -> None:
    f = fr.parse("norm2(X*w-y)^2")
    assert fr.check(f, "w", f.gradient("w")).status == "right"
    assert fr.check(f, "w", fr.parse("2*X'*(X*w-y)")).status == "right"


def test_a_verdict_is_printed_and_given_to_programs() -> None:
    verdict = fr.check("norm2(A*x+b)^2", "x", "2*A'*A*x+A'*b")
    data = verdict.to_json()
    assert data["span"] == [9, 13]
    assert data["status"] == "wrong"
    assert not verdict


@pytest.mark.parametrize(("arguments", "code"), [
    (("x'*A*x", "q", "2*A*x"), "E500"), (("x'*A*x", "x", "2*A*"), "E102"),
    (("x'*A*x", "x", 3), "E100"), (("a b", "x", "1"), "E1"),
])  # fmt: skip
def test_bad_input_is_refused_with_a_diagnostic(arguments: tuple[Any, ...], code: str) -> None:
    with pytest.raises(FrechetError) as caught:
        fr.check(*arguments)
    assert caught.value.diagnostic.code.startswith(code)


def test_a_name_that_is_not_declared_is_an_error() -> None:
    with pytest.raises(FrechetError) as caught:
        fr.check("x'*A*x", "x", "2*A*q", variables={"x": ["n"], "A": ["n", "n"]})
    assert caught.value.diagnostic.code == "E200"


def test_options_are_checked() -> None:
    for options in ({"language": "klingon"}, {"kind": "curl"}):
        with pytest.raises(FrechetError):
            fr.check("x'*x", "x", "2*x", **options)


@pytest.mark.parametrize("count", [12, pytest.param(1000, marks=pytest.mark.slow)])
def test_mutants_are_refuted_and_most_causes_named(count: int) -> None:
    found = [(m, verdict_on(m)) for m in mutants(count, seed=5)]
    assert not [m for m, v in found if not refuted(m, v)]
    assert np.mean([named(m, v) == m.fault for m, v in found]) >= 0.85


# function, variable, claim, causes, what should stand there
INSIDE = [
    ("sum(exp(2*A*x))", "x", "2*A'*exp(A*x)", {"factor"}, "2*A*x"),
    ("sum(log(1+exp(X*w)))", "w", "X'*sigmoid(-X*w)", {"sign"}, "X*w"),
    ("exp(-norm2(x-y)^2)", "x", "-2*exp(-norm2(x-y))*(x-y)", {"norm"}, "norm2(x - y)^2"),
    ("logsumexp(A*x)", "x", "A'*softmax(x)", {"missing factor"}, "A*x"),
    ("sum(exp(A*x+b))", "x", "A'*exp(A*x)", {"missing term"}, "A*x + b"),
    ("sum(exp(A*x))", "x", "exp(A*x)", {"missing factor", "shape"}, "A'*exp(A*x)"),
    ("sum((A*x).^3)", "x", "3*A'*(A*x).^2 + x", {"extra term"}, "(leave this out)"),
    ("sum(cos(x))", "x", "-cos(x)", {"function"}, "sin(x)"),
    ("x'*x/(1+x'*x)", "x", "2*x/(1+x'*x)", {"missing factor"}, "2*x/(1 + x'*x)^2"),
    ("sum(relu(1-y.*(X*w)).^2)", "w", "-2*X'*(y.*relu(1-X*w))", {"missing factor"}, "y.*(X*w)"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "wrt", "claim", "causes", "repair"), INSIDE)
def test_faults_inside_are_found_and_mended(f: str, wrt: str, claim: str, causes: set[str], repair: str) -> None:
    verdict = fr.check(f, wrt, claim)
    assert set(verdict.causes) == causes
    assert [new for _, new in verdict.faults] == [repair]
    assert fr.check(f, wrt, verdict.corrected)
    assert repair in str(verdict)


def test_a_repair_is_said_only_where_it_mends() -> None:
    """relu is off at many points, where every claim is right; and a number has no transpose."""
    verdict = fr.equal("sign(sin(a))", "sign(a)", variables={"a": []})
    assert (verdict.status, verdict.corrected) == ("wrong", "")
    assert fr.check("norm1(x)", "x", "x/norm2(x)").corrected == ""


# claim about X (m x n), A (n x n), w (n): what it takes
ASSUMED = [
    ("X'*X*w", "w", ("orthonormal", ("X",))), ("X*X'", "eye(m)", ("orthonormal_rows", ("X",))),
    ("A*A", "A", ("idempotent", ("A",))), ("A*A'", "eye(n)", ("orthogonal", ("A",))),
    ("w'*A*w", "w'*A'*w + 0*w'*w", None),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right", "assumption"), ASSUMED)
def test_assumptions(left: str, right: str, assumption: tuple[str, tuple[str, ...]] | None) -> None:
    verdict = fr.equal(left, right, variables={"X": ["m", "n"], "A": ["n", "n"], "w": ["n"]})
    assert verdict.assumptions == ([assumption] if assumption else [])


def test_a_fault_beside_an_assumption() -> None:
    """A sign that is wrong in a formula that takes B and Y for symmetric without saying so."""
    known = {"X": ["m", "n"], "B": ["n", "n"], "Y": ["m", "m"]}
    verdict = fr.check("norm2(Y-X*B*X')^2", "X", "4*(Y-X*B*X')*X*B", variables=known)
    assert (verdict.status, verdict.causes) == ("wrong", ("sign",))
    assert "Even where B and Y are symmetric" in verdict.explanation


def test_the_direction_in_a_latex_claim_is_one_name() -> None:
    claim = r"\operatorname{tr}((AX-B)^\top A\,dX)/\|AX-B\|_F"
    assert fr.check(r"\|AX-B\|_F", "X", claim, kind="differential").status == "right"


def test_equal_sizes_and_independent_entries() -> None:
    verdict = fr.check("sum(X)", "X", "ones(m,m)", variables={"X": ["m", "n"]})
    assert verdict.assumptions == [("equal_sizes", ("m", "n"))]
    verdict = fr.check("det(X)", "X", "det(X)*(2*inv(X)-diag(diag(inv(X))))", variables=SQUARE)
    assert verdict.assumptions == [("independent_entries", ("X",))]


def test_the_right_part_stands_below_the_wrong_one() -> None:
    lines = str(fr.check("norm2(X*w-y)^2", "w", "X'*(X*w+y)")).splitlines()
    assert lines[1].index("X'") == lines[3].index("2*X'*(X*w - y)")
    assert lines[1].rindex("y") == lines[4].index("-y")


def test_a_claim_cannot_make_a_vector_a_number() -> None:
    """Where x is inferred, a claim that only fits numbers must not decide that x is one."""
    assert fr.check("softmax(x)", "x", "diag(softmax(x)) - softmax(x)*softmax(x)").status == "wrong"
    assert fr.check("log(1+exp(-y*w'*x))", "w", "-y*sigmoid(-y*w'*x)*x").status == "right"


def test_a_missing_chain_factor_is_named() -> None:
    verdict = fr.check("exp(-norm2(x)^2)", "x", "-2*x")
    assert verdict.causes == ("missing factor",)
    assert "exp(-norm2(x)^2)" in verdict.explanation
    assert fr.check("(x'*A*x)^2", "x", "2*(A+A')*x").causes == ("missing factor",)


@pytest.mark.slow
def test_the_differential_of_the_exponential_needs_commuting_matrices() -> None:
    verdict = fr.check("expm(X)", "X", "expm(X)*dX", kind="differential", variables={"X": ["n", "n"]})
    assert verdict.assumptions == [("commuting", ("X", "dX"))]


def test_latex_without_backslashes_beside_latex() -> None:
    assert fr.check(r"\operatorname{tr}(X^\top A X)", "X", "2AX").assumptions == [("symmetric", ("A",))]


def test_claims_may_be_python() -> None:
    known = {"X": ["m", "n"], "w": ["n"], "y": ["m"]}

    def loss(X: Any, w: Any, y: Any) -> Any:
        return np.sum((X @ w - y) ** 2)

    assert fr.check(loss, "w", "2*X.T @ (X @ w - y)", variables=known, language="python").status == "right"
    assert fr.check(loss, "w", r"2X^\top(Xw-y)", variables=known).status == "right"
    assert fr.check("norm2(X*w-y)^2", "w", lambda X, w, y: X.T @ (X @ w - y), variables=known).causes == ("factor",)
    with pytest.raises(FrechetError):
        fr.check(loss, "w", "2*X.T @ (X @ w - y)", language="python")
    with pytest.raises(FrechetError):
        fr.check(loss, "w", "__import__('os')", variables=known, language="python")
