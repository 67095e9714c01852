"""Points are where the formula is defined and smooth, obey what the user says, and follow from the seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from frechet.core.dims import Shape
from frechet.core.errors import FrechetError
from frechet.language.declarations import Constraint, declare
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text
from frechet.ops import REGISTRY
from frechet.reference.conditions import read_conditions
from frechet.reference.evaluate import evaluate
from frechet.reference.sample import Point, Sampler, draw_points
from frechet.reference.sizes import size_choices
from frechet.reference.values import draw_value
from tests.cases.suite import Case, cases


def points(text: str, variables: dict[str, Any], *, seed: int = 0, **words: Any) -> list[Point]:
    tree, declarations = elaborate(parse_text(text), declare(variables, **words), source=text)
    return draw_points([tree], declarations, seed=seed)


@pytest.mark.parametrize("case", [c for c in cases() if not c.later], ids=lambda c: c.id)
def test_every_case_gets_six_points_even_if_nothing_is_said_about_its_values(case: Case) -> None:
    tree, declarations = elaborate(parse_text(case.expr), declare(case.vars, case.props), source=case.expr)
    found = draw_points([tree], declarations)
    assert len(found) == (6 if declarations.sizes else 3)
    assert len({tuple(p.sizes.items()) for p in found}) == len(found) // 3
    for p in found:
        assert np.isfinite(evaluate(tree, p.arrays, p.sizes)).all()


@pytest.mark.parametrize(("text", "variables", "holds"), [
    ("sum(log(x))", {"x": ["n"]}, lambda a: a["x"].min() > 0),
    ("sum(log(-x))", {"x": ["n"]}, lambda a: a["x"].max() < 0),
    ("sum(asin(x))", {"x": ["n"]}, lambda a: abs(a["x"]).max() < 1),
    ("sum(sqrt(x - y))", {"x": ["n"], "y": ["n"]}, lambda a: (a["x"] - a["y"]).min() > 0),
    ("log(1 - x'*x)", {"x": ["n"]}, lambda a: a["x"] @ a["x"] < 1),
    ("log(det(X))", {"X": ["n", "n"]}, lambda a: np.linalg.det(a["X"]) > 0),
    ("tr(inv(X'*X))", {"X": ["m", "n"]}, lambda a: a["X"].shape[0] >= a["X"].shape[1]),
    ("sum(inv(S)*x)", {"S": ["n", "n"], "x": ["n"]}, lambda a: np.linalg.cond(a["S"]) < 1000),
    ("sum(abs(x))", {"x": ["n"]}, lambda a: abs(a["x"]).min() > 0.04),
    ("sum(max(x, y))", {"x": ["n"], "y": ["n"]}, lambda a: abs(a["x"] - a["y"]).min() > 0.04),
    ("sum(1./x)", {"x": ["n"]}, lambda a: abs(a["x"]).min() > 0.04),
    ("x^c", {"x": [], "c": []}, lambda a: a["x"] > 0),
    ("x^-3", {"x": []}, lambda a: abs(a["x"]) > 0.04),
    ("x[4]", {"x": ["n"]}, lambda a: a["x"].size >= 4),
])  # fmt: skip
def test_operations_are_given_what_they_are_defined_for(text: str, variables: dict[str, Any], holds: Any) -> None:
    for p in points(text, variables):
        assert holds(p.arrays)


def test_facts_domain_and_relations_of_sizes_are_obeyed() -> None:
    shapes = {"S": ["n", "n"], "y": ["m"], "K": ["n", "n"], "P": ["k", "k"]}
    words: dict[str, Any] = {
        "facts": {"S": ["spd"], "K": ["skew"], "P": ["symmetric", "positive"]}, "domain": {"y": "simplex"},
        "sizes": ["m>n", "k >= 6"],
    }  # fmt: skip
    for p in points("tr(S)*sum(y)*sum(K.^2)*tr(P)", shapes, **words):
        a = p.arrays
        assert p.sizes["m"] > p.sizes["n"] and p.sizes["k"] >= 6
        assert np.linalg.eigvalsh(a["S"]).min() > 0 and np.array_equal(a["S"], a["S"].T)
        assert np.array_equal(a["K"], -a["K"].T)
        assert a["P"].min() > 0 and np.array_equal(a["P"], a["P"].T)
        assert a["y"].min() > 0 and abs(a["y"].sum() - 1) < 1e-12


def test_the_seed_decides_everything() -> None:
    one, same, other = (points("x'*A*x", {"x": ["n"], "A": ["n", "n"]}, seed=s) for s in (3, 3, 4))
    assert all(np.array_equal(p.arrays["A"], q.arrays["A"]) for p, q in zip(one, same, strict=True))
    assert not np.array_equal(one[0].arrays["A"], other[0].arrays["A"])


@pytest.mark.parametrize(("text", "named"), [
    ("log(-x'*x)", "log"), ("sqrt(-1 - exp(c))*x'*x", "sqrt"), ("tr(inv(x*x'))", "inv"), ("x'*x/(c - c)", "`/`"),
])  # fmt: skip
def test_where_no_point_exists_the_operation_is_named(text: str, named: str) -> None:
    with pytest.raises(FrechetError) as caught:
        points(text, {"x": ["n"], "c": []})
    assert caught.value.diagnostic.code == "E601"
    assert named in caught.value.diagnostic.message


def test_sizes_beyond_reason_are_refused_before_anything_is_allocated() -> None:
    with pytest.raises(FrechetError) as caught:
        points("tr(A*A)", {"A": [100_000, 100_000]})
    assert caught.value.diagnostic.code == "E601"


def test_directions_are_drawn_along() -> None:
    tree, declarations = elaborate(parse_text("x'*x"), declare({"x": ["n"]}))
    for p in Sampler([tree], declarations).points(directions={"dx": Shape(("n",))}):
        assert p.arrays["dx"].shape == p.arrays["x"].shape


def test_both_ends_of_a_line_lie_on_one_side_of_a_kink() -> None:
    tree, declarations = elaborate(parse_text("sum(abs(x))"), declare({"x": ["n"]}))
    sampler = next(Sampler([tree], declarations).sized())
    x = np.array([1.0, -1.0])
    assert sampler.same_side({"x": x}, {"x": 2 * x})
    assert not sampler.same_side({"x": x}, {"x": x - 2})


def test_sizes_differ_come_in_several_orders_and_avoid_typed_numbers() -> None:
    found = [tuple(s.values()) for s, _ in zip(size_choices(["m", "n", "k"], (), [4]), range(6), strict=False)]
    assert all(len(set(f)) == 3 and 4 not in f for f in found)
    assert {f[0] > f[1] for f in found} == {True, False}
    assert [*size_choices(["m"], [Constraint("m", "==", 7)])] == [{"m": 7}]
    assert not [*size_choices(["m"], [Constraint(3, ">", 4)])]


@pytest.mark.parametrize(("word", "holds"), [
    ("positive", lambda a: a.min() > 0), ("unit", lambda a: a.min() > 0 and a.max() < 1),
    ("pm1", lambda a: set(np.unique(a)) <= {-1, 1}), ("labels01", lambda a: set(np.unique(a)) <= {0, 1}),
    ("small", lambda a: abs(a).max() < 1), ("orthogonal", lambda a: np.allclose(a @ a.T, np.eye(4))),
    ("diagonal", lambda a: np.array_equal(a, np.diag(np.diag(a)))), ("lower", lambda a: np.array_equal(a, np.tril(a))),
    ("upper", lambda a: np.array_equal(a, np.triu(a))), ("idempotent", lambda a: np.allclose(a @ a, a)),
    ("unit_norm", lambda a: abs((a**2).sum() - 1) < 1e-12), ("spd", lambda a: np.linalg.eigvalsh(a).min() > 0),
    ("invertible", lambda a: np.linalg.cond(a) < 1000),
])  # fmt: skip
def test_words_for_values(word: str, holds: Any) -> None:
    assert holds(draw_value(np.random.default_rng(1), {word}, 4, 4))


def test_every_condition_in_the_registry_is_understood() -> None:
    texts = {t for record in REGISTRY.values() for t in (record.domain, record.kink) if t}
    assert not [t for t in texts if read_conditions(t) is None]
    assert read_conditions("x is nice") is None


@pytest.mark.parametrize(("text", "values", "sign"), [
    ("x > 0", {"x": 2.0}, 1), ("abs(x) < 1", {"x": -2.0}, -1), ("x > -1", {"x": -0.5}, 1),
    ("a = b", {"a": 1.0, "b": 3.0}, -1),
    ("det(X) != 0", {"X": np.diag([1.0, -2.0])}, -1), ("X = 0", {"X": np.array([0.0, -3.0])}, 1),
    ("some X = 0", {"X": np.array([-3.0])}, -1),
])  # fmt: skip
def test_conditions_become_numbers(text: str, values: dict[str, Any], sign: int) -> None:
    condition = read_conditions(text)
    assert condition is not None
    assert np.sign(condition[0].difference(values)) == sign
