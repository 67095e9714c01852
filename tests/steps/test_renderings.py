"""Derivations as text, in colour, as Markdown, LaTeX, HTML and JSON."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

import frechet as fr
from frechet.notation.text import to_text
from frechet.notation.unicode import to_unicode
from frechet.steps.changes import changed_span
from frechet.steps.derivation import Derivation
from frechet.steps.typeset import escaped, left_side
from tests.steps.classics import CLASSICS


@cache
def told() -> tuple[Derivation, ...]:
    """Every classic, and one of each style."""
    others = [
        fr.parse("x'*A*x").gradient("x", verify=False).steps(style="entries"),
        fr.parse("sin(a*t)", variables={"a": [], "t": []}).gradient("t", verify=False).steps("full", "definition"),
        fr.parse("abs(2*t - c)", variables={"c": [], "t": []}).gradient("t", verify=False).steps(style="definition"),
        fr.parse("tr(A*X*B*X'*C)").gradient("X", verify=False).steps(style="chain"),
        fr.parse("x'*A*x").gradient("x", verify=False).steps(style="chain"),
        fr.parse("inv(A*X*B)").jacobian("X", verify=False).steps(style="chain"),
        fr.parse("norm2(W*x + b - y)^2").gradient(["W", "b"], verify=False).steps(),
    ]
    return (*(c.derivation() for c in CLASSICS), *others)


def test_every_rendering_has_every_line() -> None:
    for d in told():
        assert d.markdown().count("$$") == 2 * len(d)
        assert d.latex().count("\\\\\n") == len(d) - 1 and d.latex().isascii()
        page = ElementTree.fromstring(d.html())
        assert len(page.findall(".//tr")) == len(d)
        data = d.to_json()
        assert data["answer"] == to_text(d.answer) and len(data["steps"]) == len(d)


def test_what_stands_left_is_set_as_a_formula() -> None:
    assert left_side("df/dx") == r"\frac{\mathrm{d}f}{\mathrm{d}x}"
    assert left_side("∂f/∂x") == r"\frac{\partial f}{\partial x}"
    assert left_side("dF[i]/dx[j]") == r"\frac{\mathrm{d}F_{i}}{\mathrm{d}x_{j}}"
    assert left_side("grad_X f") == r"\nabla_{X} f"
    assert left_side("(f(t + h) - f(t))/h") == r"\frac{f(t + h) - f(t)}{h}"
    assert left_side("limit h -> 0") == r"\lim_{h \to 0}" and left_side("") == ""
    assert left_side("gradient by w") == r"\text{gradient by w}"


def test_words_are_safe_in_latex() -> None:
    assert escaped("50% of a_b & {x} -> ~") == r"50\% of a\_b \& \{x\} $\to$ \~{}"
    assert not re.search(r"(?<!\\)_(?![{\w])", escaped("a_b"))


def test_the_changed_part_is_marked_everywhere() -> None:
    d = fr.parse("norm2(X*w - y)^2").gradient("w", verify=False).steps("full")
    step = d[2]
    start, end = step.span
    assert step.text[start:end] == "X*dw"
    start, end = changed_span(step.before, step.after, to_unicode)
    assert to_unicode(step.after)[start:end] == "X dw"
    assert "\x1b[36;4mX*dw\x1b[0m" in d.text(terminal=True) and "\x1b" not in d.text()
    page = ElementTree.fromstring(d.html())
    changed = page.findall(".//mrow[@class='changed']")
    assert "".join(changed[1].itertext()) == "Xdw" and ".changed{color:" in d.html() and "underline" in d.html()


def test_sums_over_letters_have_their_sign() -> None:
    d = fr.parse("x'*A*x").gradient("x", verify=False).steps(style="entries")
    assert r"\sum_{j,k}(x_j A_{j,k} x_k)" in d.latex() and "∑" in d.html() and "sum_{j,k}(x[j]*A[j,k]*x[k])" in str(d)


def test_laws_are_formulas_in_latex() -> None:
    text = fr.parse("logdet(A*X)").gradient("X", verify=False).steps().latex()
    assert r"$\mathrm{d}(\log\lvert\det U\rvert) = \operatorname{tr}(U^{-1} \, \mathrm{d}U)$" in text


def test_hints_do_not_give_the_line_away() -> None:
    d = fr.parse("norm2(X*w - y)^2").gradient("w", verify=False).steps("full")
    assert len(d.hints) == len(d)
    for hint, step in zip(d.hints, d, strict=True):
        assert hint.startswith("Use the rule: ") and step.text not in hint


@pytest.mark.slow
def test_latex_compiles_with_plain_amsmath(tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("needs pdflatex: apt-get install texlive-latex-base")
    body = "\n".join(d.latex() for d in told())
    text = "\\documentclass{article}\n\\usepackage{amsmath}\n\\begin{document}\n" + body + "\n\\end{document}\n"
    (tmp_path / "steps.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "steps.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout[-2000:]
