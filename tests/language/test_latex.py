"""LaTeX in: what the printer writes is read back; formulas as papers and lecture notes write them are understood."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import frechet as fr
from frechet.core.errors import FrechetError
from frechet.core.node import Node
from frechet.equality.decide import decide_trees
from frechet.language.latex import readings
from frechet.language.lower import lower, variable_node
from frechet.notation.latex import to_latex
from tests.cases.suite import Case, cases

LINES = [line.split(" ==> ") for line in (Path(__file__).parent / "latex_formulas.txt").read_text().splitlines()]


def node_of(function: Any) -> Node:
    names = {n: variable_node(n, function.declarations) for n in function.declarations.variables}
    return lower(function.tree, names).root


def styles(function: Any) -> Iterator[str]:
    """The printer's LaTeX, with T and double bars, with primes and single bars, in bold."""
    text = function.latex()
    yield text
    yield text.replace(r"\top", "T").replace(r"\lVert", r"\|").replace(r"\rVert", r"\|")
    primes = re.sub(r"\^\\top(?![a-z])", "'", text)
    yield primes.replace(r"\lvert", "|").replace(r"\rvert", "|").replace(r"\odot", r"\circ")
    yield to_latex(function.tree, bold=True)


def check_round_trip(case: Case) -> None:
    said: dict[str, Any] = {"variables": case.vars, "facts": case.props, "domain": case.domain}
    function = fr.parse(case.expr, **said)
    for text in styles(function):
        again = fr.parse_latex(text, **said)
        if node_of(again) is not node_of(function):
            assert decide_trees(function.tree, again.tree, function.declarations).status == "proved", text


SOME = [c for c in cases() if not c.later]


@pytest.mark.parametrize("case", SOME[::6], ids=lambda c: c.id)
def test_what_is_printed_is_read_back(case: Case) -> None:
    check_round_trip(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", SOME, ids=lambda c: c.id)
def test_what_is_printed_is_read_back_for_every_case(case: Case) -> None:
    check_round_trip(case)


@pytest.mark.parametrize(("latex", "text"), LINES, ids=[line[0] for line in LINES])
def test_formulas_of_papers(latex: str, text: str) -> None:
    """With the variables known, the reading taken is the one meant; without, it is that or one of those offered."""
    wanted = fr.parse(text)
    known = {n: list(d) for n, d in wanted.variables.items()}
    got = fr.parse_latex(latex, variables=known)
    assert same(wanted, got), f"read as {got}"
    free = fr.parse_latex(latex)
    if free.variables == wanted.variables:
        assert same(wanted, free) or str(wanted) in free.other_readings, f"read as {free}"


def same(one: Any, other: Any) -> bool:
    if node_of(one) is node_of(other):
        return True
    return decide_trees(one.tree, other.tree, one.declarations).equal


def test_there_are_enough_formulas() -> None:
    assert len(LINES) >= 150
    assert len({latex for latex, _ in LINES}) == len(LINES)


@pytest.mark.parametrize(("latex", "first", "second"), [
    (r"|X|", "det(X)", "abs(X)"), (r"|x|", "abs(x)", "det(x)"),
    (r"x_1 + \|x\|^2", "x_1 + norm2(x)^2", "x[1] + norm2(x)^2"),
    (r"\sum_i (w^\top x_i - y_i)^2", "sum((X*w - y).^2)", "sum((X'*w - y).^2)"),
])  # fmt: skip
def test_ambiguity_is_offered(latex: str, first: str, second: str) -> None:
    function = fr.parse_latex(latex)
    assert function.read_as == first
    assert second in function.other_readings


def test_a_declaration_settles_what_is_ambiguous() -> None:
    assert str(fr.parse_latex("x_1 + x_2", variables={"x": ["n"]})) == "x[1] + x[2]"
    assert str(fr.parse_latex("x_1 + x_2", variables={"x_1": [], "x_2": []})) == "x_1 + x_2"
    assert str(fr.parse_latex("|s|", variables={"s": []})) == "abs(s)"


def test_spans_point_into_the_latex() -> None:
    with pytest.raises(FrechetError) as caught:
        fr.parse_latex(r"A x + \frac{q}{2}", variables={"A": ["m", "n"], "x": ["n"]})
    diagnostic = caught.value.diagnostic
    assert diagnostic.span is not None
    assert diagnostic.source[diagnostic.span.start : diagnostic.span.end] == "q"


@pytest.mark.parametrize("latex", [
    "", r"x^", r"\frac{1}", r"(x", r"\foo", r"|x", r"\sum x", r"x +", r"\begin{bmatrix} 1 & 2 \\ 3 \end{bmatrix}",
    r"{x", r"x = y", "\x00", r"\left(", r"\begin{cases} x \end{cases}", "x_", r"\operatorname{}", "(" * 500, r"\text{}",
    r"\sqrt", r"\langle x", r"\|", "}", "&", r"\\",
])  # fmt: skip
def test_what_is_no_formula_is_refused_with_a_diagnostic(latex: str) -> None:
    with pytest.raises(FrechetError) as caught:
        fr.parse_latex(latex)
    assert caught.value.diagnostic.render()


# Formulas that mean something that is not known here. Every one of them could be read as something else in silence.
UNREAD = r"""
\sum_{i=2}^n x_i
\sum_{i=1}^{n-1} (x_{i+1} - x_i)^2
\sum_{i \ne j} A_{ij}
\sum_{i<j} A_{ij}
\sum_{i=1}^3 x_i
\sum_{i \in S} x_i
\sum_{i,j} \exp(-\|x_i - x_j\|^2)
\prod_{k=2}^n x_k
\min_w \|Xw - y\|^2
\arg\min_w \|Xw - y\|
\min_\theta L(\theta)
\|x\|_p
\|x\|_0
\mathbb{E}[x]
\log p(x)
f(x)^\top A x
\rho(A)
\Phi(x)
D f(x)[v]
D(X^{-1})[H]
\mathrm{d}(X^{-1})
\frac{d}{dt} x^\top A x
\frac{\partial}{\partial x} \|x\|
\nabla_x \|Ax-b\|^2
\mathrm{rank}(A)
\operatorname{softmax}_i(x)
X_{ij}
x_{3:1}
x''
\binom{n}{k}
\exp^{-1} x
\int x
\mathcal{N}(x; \mu, \Sigma)
""".strip().splitlines()


@pytest.mark.parametrize("latex", UNREAD)
def test_what_is_not_known_is_not_read_as_something_else(latex: str) -> None:
    with pytest.raises(FrechetError):
        fr.parse_latex(latex)


@pytest.mark.parametrize(("latex", "first", "second"), [
    ("a/bc", "a/b*c", "a/(b*c)"), (r"e^{A}", "expm(A)", "exp(A)"), (r"\|AX\|", "norm2(A*X)", "specnorm(A*X)"),
    (r"\log x^\top y", "log(x'*y)", "log(x')*y"), (r"\sum_i x_i + \|x\|", "sum(x) + norm2(x)", None),
])  # fmt: skip
def test_the_usual_reading_comes_first_and_the_other_is_offered(latex: str, first: str, second: str | None) -> None:
    function = fr.parse_latex(latex)
    assert function.read_as == first
    assert second is None or second in function.other_readings


def test_what_stands_beside_a_formula_declares() -> None:
    function = fr.parse_latex(r"\sum_{i=1}^n (w^\top x_i - y_i)^2, w \in \mathbb{R}^d, X = [x_1, \dots, x_n]^\top")
    assert function.variables == {"w": ("d",), "y": ("n",), "X": ("n", "d")}
    assert fr.parse_latex(r"\frac1n \sum_{i=1}^n x_i^2").variables == {"x": ("n",)}


def test_a_reading_knows_its_choices() -> None:
    found = readings("|X|")
    assert found[0].chosen == {}
    assert len(found) == 2


STATEMENTS = [
    (r"\nabla_w \|Xw-y\|^2 = 2X^\top(Xw-y)", "right"),
    (r"\frac{\partial}{\partial X}\operatorname{tr}(AX) = A^\top", "right"),
    (r"\frac{\partial \log\det X}{\partial X} = X^{-\top}", "right"),
    (r"\frac{\partial \log|X|}{\partial X} = X^{-1}", "right up to layout"),
    (r"\nabla_X \operatorname{tr}(X^\top A X) = (A + A^\top) X", "right"),
    (r"\frac{\partial x^\top A x}{\partial x} = 2Ax", "right under assumptions"),
    (r"\nabla^2_x \tfrac12 x^\top A x = \tfrac12 (A + A^\top)", "right"),
    (r"\frac{\partial^2 x^\top A x}{\partial x \partial x^\top} = A + A^\top", "right"),
    (r"\mathrm{d} X^{-1} = -X^{-1} \mathrm{d}X X^{-1}", "right"),
    (r"\mathrm{d} X^{-1} = X^{-1} \mathrm{d}X X^{-1}", "wrong"),
    (r"\operatorname{tr}(AB) = \operatorname{tr}(BA)", "right"),
    (r"\frac{d}{dx} \|x\| = \frac{x}{\|x\|}", "right"),
    (r"\nabla_w \sum_{i=1}^n (x_i^\top w - y_i)^2 = 2\sum_{i=1}^n (x_i^\top w - y_i) x_i", "right"),
    (r"\nabla_w \sum_{i=1}^n (x_i^\top w - y_i)^2 = \sum_{i=1}^n (x_i^\top w - y_i) x_i", "wrong"),
    (r"\nabla_x \|Ax+b\|^2 = 2A^\top A x + A^\top b", "wrong"),
    (r"d \operatorname{tr}(X^3) = 3 \operatorname{tr}(X^2 dX)", "right"),
    (r"D (X^{-1})[H] = -X^{-1} H X^{-1}", "right"),
    (r"D (X^{-1})[H] = -H X^{-2}", "wrong"),
    (r"\begin{aligned} \nabla_x \|Ax-b\|^2 &= 2A^\top(Ax-b) \end{aligned}", "right"),
    (r"\begin{align*} \nabla_x \|Ax-b\|^2 &= 2A^\top(Ax-b) \\ &= 2A^\top Ax - 2A^\top b \end{align*}", "right"),
    (r"\nabla_x \|Ax-b\|^2 = 2A^\top(Ax+b) = 2A^\top Ax - 2A^\top b", "wrong"),
    (r"(I + A)^{-1} = I - A", "wrong"),
    (r"\mathrm{d}\det X = \det(X)\operatorname{tr}(X^{-1}\,\mathrm{d}X)", "right"),
    (r"\frac{\partial \|X\|_F^2}{\partial X} = X", "wrong"),
    (r"(A \otimes B)(C \otimes D) = (AC) \otimes (BD)", "right"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "status"), STATEMENTS)
def test_statements(statement: str, status: str) -> None:
    verdict = fr.check_statement(statement)
    assert verdict.status == status
    assert verdict.readings


def test_a_function_that_is_only_named_is_asked_for() -> None:
    with pytest.raises(FrechetError):
        fr.check_statement(r"\nabla f(x) = 2x")


def test_claims_may_mix_languages() -> None:
    assert fr.check(r"\|Ax+b\|^2", "x", "2*A'*(A*x + b)").status == "right"
    wrong = fr.check("norm2(A*x+b)^2", "x", r"2A^\top A x + A^\top b")
    assert wrong.offending == r"A^\top b"
