"""What notebooks and rich show of each result: one place, every form."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from xml.dom import minidom

import pytest
from rich.console import Console

import frechet as fr

LOSS = fr.parse("norm2(X*w - y)^2", variables={"X": ["m", "n"], "w": ["n"], "y": ["m"]})
RESULTS: dict[str, Callable[[], Any]] = {
    "function": lambda: LOSS,
    "derivative": lambda: LOSS.gradient("w"),
    "differential": lambda: fr.parse("A*X*C").differential("X"),
    "fourth order": lambda: fr.parse("exp(X)").derivative("X", "X"),
    "stacked": lambda: fr.parse("x1^2*x2", variables={"x1": [], "x2": []}).hessian(["x1", "x2"]),
    "derivation": lambda: LOSS.gradient("w").steps(),
    "verdict": lambda: fr.check("norm2(A*x + b)^2", "x", "2*A'*A*x + A'*b"),
    "estimate": lambda: fr.numeric.derivative(lambda x: x**2, 3.0),
    "local": lambda: fr.local("x'*x", {"x": [1.0, 2.0]}),
    "kink": lambda: fr.local("norm1(x)", {"x": [0.0, 2.0]}),
    "contributions": lambda: fr.local("a*b", {"a": 0.5, "b": 2.0}).contributions([0.1, 0.2]),
    "movements": lambda: fr.local("a*b", {"a": 0.5, "b": 2.0}).two_movements("a", "b"),
    "direction": lambda: fr.local("a*b", {"a": 0.5, "b": 2.0}).direction("a"),
    "directions": lambda: fr.local("a*b", {"a": 0.5, "b": 2.0}).directions,
    "rays": lambda: fr.local("abs(a) + b", {"a": 0.0, "b": 2.0}).one_sided(8),
    "error": lambda: fr.local("a*b", {"a": 0.5, "b": 2.0}).linear.error(),
    "radius": lambda: fr.local("a*b", {"a": 0.5, "b": 2.0}).linear.radius(0.1),
    "model": lambda: fr.local("sin(a)*b", {"a": 0.5, "b": 2.0}).quadratic,
}
WITH_FORMULA = {"function", "derivative", "differential", "fourth order", "stacked", "local", "model"}


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_shows_itself(name: str) -> None:
    result = RESULTS[name]()
    bundle = result._repr_mimebundle_()
    assert bundle["text/plain"] == str(result)
    assert bundle["text/html"] == result._repr_html_()
    minidom.parseString(bundle["text/html"].replace("&nbsp;", " "))
    assert ("text/latex" in bundle) == (name in WITH_FORMULA)
    if name in WITH_FORMULA:
        assert bundle["text/latex"] == result._repr_latex_()
        assert "<math " in bundle["text/html"]
    console = Console(file=io.StringIO(), width=200)
    console.print(result)
    assert console.file.getvalue().strip()  # type: ignore[attr-defined]


def test_the_forms_that_were_asked_for() -> None:
    assert set(LOSS._repr_mimebundle_(include=["text/latex"])) == {"text/latex"}
    assert set(LOSS._repr_mimebundle_(exclude=["text/html"])) == {"text/plain", "text/latex"}


def test_what_stands_on_the_cards() -> None:
    derivative = LOSS.gradient("w")._repr_html_()
    assert "2</mn><msup><mi>X</mi><mo>⊤</mo></msup>" in derivative
    assert "max relative error" in derivative
    verdict = RESULTS["verdict"]()._repr_html_()
    assert "wrong" in verdict
    assert "2*A'*(A*x + b)" in verdict.replace("&#x27;", "'")
    assert "kink" in RESULTS["kink"]()._repr_html_()


def test_rich_shows_brackets_as_they_are() -> None:
    console = Console(file=io.StringIO(), width=200)
    console.print(fr.local("x'*x", {"x": [1.0, 2.0]}))
    assert "gradient     [2, 4]" in console.file.getvalue()  # type: ignore[attr-defined]
