"""where(c, a, b): derivatives branch by branch, and what is said of the boundary between the branches."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import frechet as fr

V: dict[str, list[str | int]] = {"x": ["n"], "y": ["n"], "s": [], "t": [], "A": ["m", "n"], "b": ["m"], "X": ["m", "n"]}


def parse(expr: str) -> Any:
    used = set(re.findall(r"[A-Za-z]+", expr))
    return fr.parse(expr, variables={n: dims for n, dims in V.items() if n in used})


@pytest.mark.parametrize(("expr", "wrt", "answer"), [
    ("sum(where(A*x > b, (A*x - b).^2, 0))", "x", "2*A'*where(A*x > b, A*x - b, 0)"),
    ("sum(where(abs(x) <= 1, x.^2/2, abs(x) .- 1/2))", "x", "where(abs(x) <= 1, x, sign(x))"),
    ("sum(where(X >= 0, X, exp(X) - 1))", "X", "where(X >= 0, 1, exp(X))"),
    ("where(norm2(x) <= s, norm2(x)^2/2, s*(norm2(x) - s/2))", "x", "where(norm2(x) <= s, 1, s/norm2(x))*x"),
    ("sum(where(x > 0 & x < 1, x.^3, 2*x))", "x", "where(x > 0 & x < 1, 3*x.^2, 2)"),
    ("sum((x > s).*x)", "x", "(x > s)"),
    ("sum(where(x == y, x, x.*y))", "x", "where(x == y, 2*y, y)"),
    ("where(s == 0, x'*y, sin(s)/s*(x'*y))", "s", "where(s == 0, 0, x'*y*(cos(s) - sin(s)/s)/s)"),
    ("sum(where(A*x > 0, A*x, 0.1*(A*x)).^2)", "A", "(where(A*x > 0, 2, 0.02).*(A*x))*x'"),
])  # fmt: skip
def test_the_answer_is_a_choice_that_reads_well(expr: str, wrt: str, answer: str) -> None:
    d = parse(expr).gradient(wrt)
    if "x == y" not in expr:
        assert str(d) == answer
        assert str(parse(str(d))) == str(parse(answer))
    assert d.verification.status == "checked"


@pytest.mark.parametrize(("expr", "order", "where", "said"), [
    ("where(s > 0, s^2, 0)", 1, (), ""), ("where(s > 0, s^2, 0)", 2, ("s != 0",), "derivatives of order 2"),
    ("where(s > 0, s^3, 0)", 2, (), ""), ("where(s > 0, s, 0)", 1, ("s != 0",), "slopes 0 and 1"),
    ("where(s > 1, s, 2)", 1, ("s != 1",), "jumps"), ("where(s < t, t, s)", 1, ("s != t",), "slopes 0 and 1"),
    ("where(s > 0, sqrt(s), 0)", 1, ("s != 0",), "infinite"),
    ("where(abs(s) <= 1, s^2/2, abs(s) - 1/2)", 1, (), ""),
    ("where(abs(s) <= 1, s^2/2, abs(s))", 1, ("abs(s) != 1",), "jumps"),
    ("where(s == 0, 2, sin(s)/s)", 1, ("s != 0",), "not the limit"),
    ("where(s != 0, s^2*sin(1/s), 0)", 1, ("s != 0",), "not decided"),
    ("where(s > 0, 1, 2)", 1, ("s != 0",), "jumps"),
    ("where(s > 0, sin(s)/s, 1)", 1, (), ""), ("where(s >= 0, s, exp(s) - 1)", 1, (), ""),
    ("where(s > 0, log(1 + s), s)", 2, ("s != 0",), "order 2"),
])  # fmt: skip
def test_the_boundary_is_named_unless_the_branches_meet_smoothly(
    expr: str, order: int, where: tuple[str, ...], said: str
) -> None:
    d = parse(expr).derivative(*["s"] * order)
    assert d.conditions == where
    if order == 1:
        assert said in " ".join(d.kinks)
        assert bool(said) == bool(d.kinks)


@pytest.mark.parametrize(("expr", "at", "slopes"), [
    ("where(s == 0, 1, sin(s)/s)", 0.0, (0, -1 / 3, 0)),
    ("where(s == 0, 1, (exp(s) - 1)/s)", 0.0, (1 / 2, 1 / 3, 1 / 4)),
    ("where(s == 1, 1, log(s)/(s - 1))", 1.0, (-1 / 2, 2 / 3)), ("where(s == 1, 1, s)", 1.0, (1, 0)),
    ("where(s == 0, 1/2, (1 - cos(s))/s^2)", 0.0, (0, -1 / 12)),
])  # fmt: skip
def test_a_repaired_function_has_its_true_derivatives_at_the_point(
    expr: str, at: float, slopes: tuple[float, ...]
) -> None:
    for order, true in enumerate(slopes, start=1):
        assert parse(expr).derivative(*["s"] * order).evaluate(s=at) == pytest.approx(true)


def test_sinc_of_a_norm_is_smooth_at_the_origin() -> None:
    f = parse("where(norm2(x) == 0, 1, sin(norm2(x))/norm2(x))")
    assert not f.gradient("x").evaluate(x=np.zeros(3)).any()
    assert np.allclose(f.hessian("x").evaluate(x=np.zeros(3)), -np.eye(3) / 3)


def test_a_branch_that_is_not_taken_asks_for_nothing() -> None:
    d = parse("sum(where(x > 0, log(x), x.*y))").gradient("x")
    assert str(d) == "where(x > 0, 1./x, y)"
    assert d.conditions == ("x != 0 in every entry",)
    found = d.evaluate(x=np.array([-1.0, 2.0]), y=np.array([3.0, 4.0]))
    assert np.array_equal(found, [3.0, 0.5])
    assert "1 + x > 0 where x <= 0" in parse("sum(where(x > 0, x, log(1 + x)))").gradient("x").conditions
    assert parse("sum(where(x > 0, x, log(1 - x)))").gradient("x").conditions == ("x != 0 in every entry",)


def huber(r: Any) -> Any:
    return np.sum(np.where(np.abs(r) <= 1, r**2 / 2, np.abs(r) - 0.5))


def masked(r: Any) -> Any:
    return np.sum((r > 0) * (r != 2) * r**2)


def clipped(r: Any) -> Any:
    return np.sum(np.where((r > 0) & ~(r > 1), r, r.shape[0]))


@pytest.mark.parametrize(("function", "answer"), [
    (huber, "where(abs(r) <= 1, r, sign(r))"), (clipped, "(r > 0 & (r > 1) == 0)"), (masked, ""),
])  # fmt: skip
def test_python_comparisons_reach_it(function: Any, answer: str) -> None:
    d = fr.trace(function, variables={"r": ["m"]}).gradient("r")
    assert not answer or str(d) == answer
    r = np.array([-2.0, 0.5, 1.5])
    numeric = [(function(r + h) - function(r - h)) / 2e-5 for h in 1e-5 * np.eye(3)]
    assert np.allclose(d.evaluate(r=r), numeric)


@pytest.mark.parametrize("language", ["numpy", "jax", "torch", "julia", "matlab"])
def test_code_chooses_by_the_comparison_itself(language: str) -> None:
    code = parse("sum(where(x > 0 & x != 1, x.^3, 2*x))").gradient("x").code(language)
    sign = {"julia": "(x .> 0) .& (x .!= 1)", "matlab": "(x > 0) & (x ~= 1)"}.get(language, "x > 0) & ")
    assert sign in code or "x == 1" in code or "x .== 1" in code, code


@pytest.mark.parametrize(("expr", "code"), [
    ("x == y", "E108"), ("s < t", "E108"), ("where(s < t < 1, 1, 2)", "E100"), ("where(s > 0, 1)", "E107"),
    ("where(A > x, 1, 2)", "E300"), ("sum(where(x > 0, x, A))", "E300"), ("where(s >, 1, 2)", "E100"),
    ("|x|", "E103"),
])  # fmt: skip
def test_comparisons_out_of_place_are_refused(expr: str, code: str) -> None:
    with pytest.raises(fr.FrechetError) as refused:
        parse(expr)
    assert refused.value.diagnostic.code == code


def test_latex_of_a_choice() -> None:
    d = parse("sum(where(A*x > b, (A*x - b).^2, 0))").gradient("x")
    assert d.latex() == (
        r"2 A^\top \left(\begin{cases} A x - b & \text{if } A x > b \\ 0 & \text{otherwise} \end{cases}\right)"
    )


@pytest.mark.parametrize(("expr", "expected"), [
    ("sum(b.*diag(where(C >= D, y*y', S)))", "2*b.*y.*diag(C >= D)"),
    ("tr(where(C >= D, y*y', S))", "2*y.*diag(C >= D)"),
])  # fmt: skip
def test_a_choice_on_a_diagonal_is_taken_in_once(expr: str, expected: str) -> None:
    """There an entry and its transposed one are the same place."""
    variables = {"y": ["n"], "b": ["n"], "C": ["n", "n"], "D": ["n", "n"], "S": ["n", "n"]}
    d = fr.parse(expr, variables=variables).gradient("y")
    assert str(d) == expected
    assert d.verification.status == "checked"


@pytest.mark.parametrize(("expr", "expected"), [
    ("G - diag(diag(G))", lambda B, eye: B - B * eye),
    ("G' + G - diag(diag(G))", lambda B, eye: B.T + B - B * eye),
    ("G' - 2*diag(diag(G))", lambda B, eye: B.T - 2 * B * eye),
])  # fmt: skip
def test_the_diagonal_of_a_choice_is_not_the_choice(expr: str, expected: Callable[[Any, Any], Any]) -> None:
    """Terms with the same condition are brought together, but not those that stand on the diagonal alone."""
    rng = np.random.default_rng(0)
    arrays = {n: rng.normal(size=(3, 3)) for n in "BCDZ"}
    variables = {n: ["n", "n"] for n in arrays}
    d = fr.parse(f"tr(B'*({expr})) where G = where(C >= D, Z, 0)", variables=variables).gradient("Z")
    truth = np.where(arrays["C"] >= arrays["D"], expected(arrays["B"], np.eye(3)), 0)
    np.testing.assert_allclose(d.evaluate(**arrays), truth, atol=1e-12)
    assert d.verification.status == "checked"


def test_a_choice_by_the_independent_entries_of_a_symmetric_matrix() -> None:
    S, A = np.array([[1.0, 2], [2, 5]]), np.array([[0.0, 3], [1, 9]])
    variables = {"S": ["n", "n"], "A": ["n", "n"]}
    f = fr.parse("sum(where(S > A, S.^2, S))", variables=variables, facts={"S": ["symmetric"]})
    G = np.where(S > A, 2 * S, 1)
    d = f.gradient("S", structured=True)
    np.testing.assert_allclose(d.evaluate(S=S, A=A), G + G.T - np.diag(np.diag(G)))
    assert str(d)
