"""Kinds and sizes of names that are not declared."""

from __future__ import annotations

import contextlib
import time

import pytest

import frechet as fr
from frechet.core.errors import FrechetError
from frechet.language.declarations import declare
from frechet.language.infer import letter_kind, remarks
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text
from tests.cases.suite import cases, uses_later_function


def shapes(source: str, **words: object) -> dict[str, list[object]]:
    """name -> dimensions, as a user would declare them."""
    found = elaborate(parse_text(source), declare(**words), infer=True, source=source)[1]  # type: ignore[arg-type]
    return {name: [*shape.axes] for name, shape in found.variables.items()}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("norm2(X*w - y)^2", {"X": ["m", "n"], "w": ["n"], "y": ["m"]}),
        ("x'*A*x", {"x": ["n"], "A": ["n", "n"]}),
        ("A*X*C", {"A": ["m", "n"], "X": ["n", "k"], "C": ["k", "l"]}),
        ("logdet(X'*diag(w)*X)", {"X": ["m", "n"], "w": ["m"]}),
        ("a'*X*b", {"a": ["m"], "X": ["m", "n"], "b": ["n"]}),
        ("c*x'*x", {"c": [], "x": ["n"]}),
        ("norm2(A*x - b)", {"A": ["m", "n"], "x": ["n"], "b": ["m"]}),
        ("lam*norm2(w)^2", {"lam": [], "w": ["n"]}),
        ("tr(W'*X'*X*W)", {"W": ["m", "n"], "X": ["k", "m"]}),
        ("tanh(W2*tanh(W1*x + b1) + b2)", {"W2": ["m", "n"], "W1": ["n", "k"], "x": ["k"], "b1": ["n"], "b2": ["m"]}),
        ("norm2(x - a) + norm2(x - b)", {"x": ["n"], "a": ["n"], "b": ["n"]}),
        ("(x - m)'*inv(S)*(x - m)", {"x": ["n"], "m": ["n"], "S": ["n", "n"]}),
        ("logdet(X'*X + e*eye(m))", {"X": ["n", "m"], "e": []}),
        ("y'*kron(A, B)*z", {"y": ["m", "k"], "A": ["m", "n"], "B": ["k", "l"], "z": ["n", "l"]}),
        ("dX -> A*dX*C", {"X": ["m", "n"], "A": ["k", "m"], "C": ["n", "l"]}),
        ("s*x where s = x'*x", {"x": ["n"]}),
        ("theta'*x + theta0", {"theta": ["n"], "x": ["n"], "theta0": []}),
        ("X[1,2]*v[3]", {"X": ["m", "n"], "v": ["k"]}),
        ("x + b", {"x": ["n"], "b": ["n"]}),
    ],
)
def test_inferred(source: str, expected: dict[str, list[object]]) -> None:
    assert shapes(source) == expected


@pytest.mark.parametrize(("name", "kind"), [("a", "s"), ("g2", "s"), ("h", "v"), ("x_hat", "v"), ("X", "m"),
("Sigma", "m"),
                                            ("lambda", "s"), ("mu_0", "s"), ("lam2", "s"), ("beta", "s")])  # fmt: skip
def test_letters(name: str, kind: str) -> None:
    assert letter_kind(name) == kind


def test_declared_names_are_kept_and_completed() -> None:
    assert shapes("X*w + b", variables={"X": ["p", "q"]}) == {"X": ["p", "q"], "w": ["q"], "b": ["p"]}
    assert shapes("X*w", variables={"X": [3, 4]})["w"] == [4]


def test_facts_make_matrices_square() -> None:
    assert shapes("sum(X*y)", facts={"X": ["symmetric"]}) == {"X": ["n", "n"], "y": ["n"]}


def test_undeclared_names_are_errors_without_inference() -> None:
    with pytest.raises(FrechetError) as caught:
        elaborate(parse_text("x'*y"), declare({"x": ["n"]}))
    assert caught.value.diagnostic.code == "E200"


@pytest.mark.parametrize("source", ["x'*(A+", "sum(A) + exp", "A[1,2] + A[1]", "eye(A)", "foo(x)"])
def test_what_fits_no_kinds_is_refused(source: str) -> None:
    with pytest.raises(FrechetError):
        shapes(source)


def test_kinds_of_the_suites() -> None:
    """Where the letters follow the custom, the guess is what the case declares (a few are truly ambiguous)."""
    wrong = []
    asked = [c for c in cases() if not uses_later_function(c.expr)]
    for case in asked:
        guessed = elaborate(parse_text(case.expr), declare(), infer=True)[1].variables
        kinds = {n: (bool(s.rows), bool(s.cols)) for n, s in guessed.items()}
        true = {n: (len(d) > 0, len(d) > 1) for n, d in case.vars.items() if n in kinds}
        wrong += [case.id] if kinds != true else []
    assert len(wrong) <= 0.03 * len(asked), wrong


def test_the_search_is_bounded() -> None:
    names = [f"{c}{i}" for c in "abcdefg" for i in range(12)]
    source = " + ".join(f"{a}*x'*{b}*{c}" for a, b, c in zip(names, names[1:], names[2:], strict=False)) + " + x*X*x"
    began = time.perf_counter()
    with contextlib.suppress(FrechetError):
        shapes(source)
    assert time.perf_counter() - began < 2


def test_a_transpose_written_as_a_power_is_refused() -> None:
    for source in ("x^T*A*x", "exp(x)^T*x"):
        with pytest.raises(FrechetError) as caught:
            shapes(source)
        assert caught.value.diagnostic.code == "E200" and "x'" in caught.value.diagnostic.help
    assert shapes("log(T)*x^T")["T"] == []


def test_names_of_constants_are_remarked() -> None:
    assert remarks(["x", "pi"]) == ("pi is a variable here; for the number write 3.141592653589793.",)


@pytest.mark.parametrize(("text", "said"), [
    ("(X*w - y)^2", "In X*w, X is read as a scalar and w as a scalar. If X is a matrix, declare it (X: m, n"),
    ("(X*w - y)^2 + (A*w)^3", "In X*w, X is read as a m x n matrix and w as a n x m matrix. If w is a vector"),
    ("norm2(X*w - y)^2", ""), ("P*V - n*R*T", ""), ("a*x^2 + b*x", ""), ("x*y", ""), ("A*B", ""), ("X*w", ""),
])  # fmt: skip
def test_capitals_that_turned_out_numbers_are_remarked(text: str, said: str) -> None:
    remarks = fr.parse(text).remarks
    assert len(remarks) == bool(said)
    assert not said or remarks[0].startswith(said)


def test_nothing_is_remarked_of_what_was_declared() -> None:
    assert fr.parse("(X*w - y)^2", variables={"X": [], "w": [], "y": []}).remarks == ()
    assert fr.parse("(X*w - y)^2", variables={"X": []}, infer=True).remarks == ()


def test_latex_is_remarked_too() -> None:
    assert fr.parse_latex("(Xw - y)^2").remarks[0].startswith("In X*w, X is read as a scalar")
    assert fr.parse_latex(r"\|Xw - y\|^2").remarks == ()
