"""Derivations by several variables at once, and by variables that meet mat, kron or vec by their parts."""

from __future__ import annotations

import numpy as np
import pytest

import frechet as fr
from frechet.core.errors import FrechetError


def test_the_total_differential_gives_every_gradient() -> None:
    d = fr.parse("norm2(W*x + b - y)^2").gradient(["W", "b"], verify=False)
    told = d.steps()
    assert [s.left for s in told] == ["df", "", "gradient by W", "gradient by b", "gradient"]
    assert told[0].text == "2*(W*x + b - y)'*(dW*x + db)" and told[-1].text == str(d) and told.proved


def test_a_matrix_stands_in_a_stacked_gradient_column_after_column() -> None:
    rng = np.random.default_rng(0)
    values = {"W": rng.normal(size=(2, 3)), "x": rng.normal(size=3), "b": rng.normal(size=2), "y": rng.normal(size=2)}
    rest = values["W"] @ values["x"] + values["b"] - values["y"]
    found = fr.parse("norm2(W*x + b - y)^2").gradient(["W", "b"], verify=False)
    expected = [*(2 * np.outer(rest, values["x"])).ravel(order="F"), *(2 * rest)]
    assert found.evaluate(**values) == pytest.approx(expected) and found.shape == ("m*n + m",)


def test_a_stacked_hessian_is_derived_row_by_row() -> None:
    variables: dict[str, list[str]] = {"X": ["m", "n"], "w": ["n"], "b": [], "y": ["m"]}
    f = fr.parse("norm2(X*w + b*ones(m) - y)^2", variables=variables)
    d = f.hessian(["w", "b"], verify=False)
    for level in ("brief", "normal", "full"):
        told = d.steps(level)
        blocks = {s.left: s.text for s in told if s.left.startswith("block")}
        assert told.proved and told[-1].text == str(d) and blocks["block w, w"] == "2*X'*X"
        assert set(blocks) == {"block w, w", "block w, b", "block b, w", "block b, b"}


def test_partial_derivatives_one_by_one() -> None:
    f = fr.parse("x1^2 + exp(x1*x2) + 2*log(x2)", variables={"x1": [], "x2": []})
    told = f.gradient(["x1", "x2"], verify=False).steps(style="entries")
    lines = {s.left: s.text for s in told}
    assert lines["df/dx1"] == "2*x1 + x2*exp(x1*x2)" and lines["df/dx2"] == "2/x2 + x1*exp(x1*x2)"
    assert told.proved and "x2 held fixed" in told[0].note


@pytest.mark.parametrize(("wrt", "kind", "style"), [("x1", "gradient", "chain"), ("x1", "hessian", "entries")])
def test_other_styles_are_refused(wrt: str, kind: str, style: str) -> None:
    f = fr.parse("x1^2*x2", variables={"x1": [], "x2": []})
    with pytest.raises(FrechetError) as caught:
        getattr(f, kind)([wrt, "x2"], verify=False).steps(style=style)
    assert caught.value.diagnostic.code == "E505"


@pytest.mark.parametrize(
    ("formula", "variables", "answer"),
    [
        ("norm2(mat(x, 3, 4)*A)^2", {"x": [12], "A": [4, 2]}, "2*vec(mat(x, 3, 4)*A*A')"),
        ("mat(x, 3, 4)*a", {"x": [12], "a": [4]}, "kron(a', eye(3))"),
        ("norm2(x - kron(a, b))^2", None, "2*(x - kron(a, b))"),
        ("exp(x - kron(a, b))", None, "diag(vec(exp(mat(x - kron(a, b), m, n))))"),
    ],
)
def test_a_variable_of_composite_size(formula: str, variables: dict[str, list[int]] | None, answer: str) -> None:
    told = fr.parse(formula, variables=variables).derivative("x", verify=False).steps()
    assert told.proved and not told.gap and told[-1].text == answer


def test_laws_of_functions_are_rules() -> None:
    shapes: dict[str, list[str]] = {"V": ["n", "n"], "U": ["m", "m"]}
    told = fr.parse("logdet(kron(V, U))", variables=shapes).gradient("U", verify=False).steps()
    assert "R-logdet-of-kron" in told[0].rules and told[-1].text == "n*inv(U)'" and told.proved and not told.gap
    shapes = {"A": ["n", "n"], "C": ["n", "n"], "t": []}
    told = fr.parse("tr(C*expm(t*A))", variables=shapes).gradient("t", verify=False).steps("full")
    assert any(s.rule == "R-dexpm-of-commuting" for s in told) and told.proved
