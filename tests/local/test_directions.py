"""Directions: slopes, what goes up and down, level sets, Newton's step, curvature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import frechet as fr

FORMULA, POINT = "x1^2 + exp(x1*x2) + 2*log(x2)", {"x1": 1.0, "x2": 2.0}


def rosenbrock(v: Any) -> Any:
    return (1 - v[0]) ** 2 + 100 * (v[1] - v[0] ** 2) ** 2


CASES: list[tuple[Any, Any]] = [
    (FORMULA, POINT),
    ("logsumexp(x)", {"x": [0.1, 1.0, -0.5, 2.0]}),
    ("logdet(X)", {"X": [[2.0, 0.3], [0.1, 1.0]]}),
    (rosenbrock, [0.5, -0.3]),
]


@pytest.mark.parametrize(("f", "at"), CASES)
def test_the_directional_derivative_is_gradient_times_direction(f: Any, at: Any) -> None:
    local = fr.local(f, at)
    rng = np.random.default_rng(1)
    for _ in range(3):
        v = rng.normal(size=local.size)
        t = 1e-5
        measured = np.diff(local.values(local.point.flat + np.array([[-t], [t]]) * v)[:, 0])[0] / (2 * t)
        d = local.direction(v)
        assert d.slope == pytest.approx(local.gradient_flat @ v, rel=1e-12)
        assert d.slope == pytest.approx(measured, rel=1e-6, abs=1e-8)
        assert d.kind == ("up" if measured > 0 else "down")
        assert local.direction(-v).kind == ("down" if measured > 0 else "up")


@pytest.mark.parametrize(("f", "at"), CASES)
def test_steepest_and_level(f: Any, at: Any) -> None:
    local = fr.local(f, at)
    d = local.directions
    size = float(np.linalg.norm(local.gradient_flat))
    assert d.ascent is not None
    assert d.descent is not None
    assert d.ascent.length == pytest.approx(1)
    assert d.ascent.slope == pytest.approx(size)
    assert d.descent.slope == pytest.approx(-size)
    rng = np.random.default_rng(2)
    random = rng.normal(size=(200, local.size))
    random /= np.linalg.norm(random, axis=1, keepdims=True)
    assert (random @ local.gradient_flat <= size * (1 + 1e-12)).all(), "no direction is steeper"
    basis = np.array([one.vector for one in d.level])
    assert len(basis) == local.size - 1
    assert basis @ basis.T == pytest.approx(np.eye(len(basis)), abs=1e-12)
    assert basis @ local.gradient_flat == pytest.approx(np.zeros(len(basis)), abs=1e-9 * size)
    assert {one.kind for one in d.level} == {"level"}


@pytest.mark.parametrize(("f", "at"), CASES)
def test_newtons_step_leads_to_the_stationary_point_of_the_quadratic_model(f: Any, at: Any) -> None:
    local = fr.local(f, at)
    newton = local.directions.newton
    if newton is None:
        assert local.directions.newton_note == "the Hessian is not invertible"
        return
    step = newton.vector
    for v in np.eye(local.size):
        around = local.quadratic.values(step + np.array([[-1e-3], [1e-3]]) * v)[:, 0]
        assert abs(np.diff(around)[0]) < 1e-8 * max(1, np.abs(around).max())
    assert newton.slope == pytest.approx(local.gradient_flat @ step, rel=1e-9)


def test_a_singular_hessian_has_no_newton_step() -> None:
    local = fr.local("(c'*x)^2", {"c": [1.0, 2.0], "x": [1.0, 1.0]}, "x")
    assert local.directions.newton is None
    assert local.shape_word == "trough"


@pytest.mark.parametrize(
    ("text", "word"),
    [("a^2 + b^2", "bowl"), ("-a^2 - b^2", "dome"), ("a^2 - b^2", "saddle"), ("a^2 + b", "trough"),
     ("-a^2 + b", "ridge"), ("a + b", "flat")],
)  # fmt: skip
def test_the_form_to_second_order(text: str, word: str) -> None:
    assert fr.local(text, {"a": 1.0, "b": 2.0}).shape_word == word


def test_curvature_is_v_h_v() -> None:
    local = fr.local(FORMULA, POINT)
    v = np.array([0.3, -0.7])
    assert local.direction(v).curvature == pytest.approx(v @ local.hessian_matrix @ v)
    values, vectors = local.eigen
    for value, vector in zip(values, vectors.T, strict=True):
        assert local.direction(vector).curvature == pytest.approx(value)


def test_how_far_a_slope_can_be_trusted() -> None:
    """a^2 - 1 goes down from a = 1 until a = -1: twice the direction -1."""
    d = fr.local("a^2 - 1", {"a": 1.0}).direction([-1.0])
    assert d.kind == "down"
    assert d.reach == pytest.approx(2.0, rel=0.2)
    assert fr.local("a^2 - 1", {"a": 1.0}).direction([1.0]).reach == np.inf


def test_a_stationary_point_is_level_in_all_directions() -> None:
    d = fr.local("x'*x", {"x": [0.0, 0.0]}).directions
    assert d.stationary
    assert (d.ascent, d.descent, d.level, d.all()) == (None, None, [], [])
    assert d.classify([1, 0], [1, 2]) == ["level", "level"]


def test_directions_by_name_and_shape() -> None:
    local = fr.local("tr(A*X)", {"A": [[1.0, 2.0], [3.0, 4.0]], "X": np.eye(2)}, "X")
    assert local.direction("X[1,2]").slope == 3.0
    assert local.direction({"X": [[0, 1], [0, 0]]}).slope == 3.0
    assert local.direction([[0, 1], [0, 0]]).slope == 3.0


def test_a_vector_valued_function_moves_along_j_v() -> None:
    local = fr.local("A*x", {"A": [[1.0, 2.0], [3.0, 4.0]], "x": [1.0, 1.0]}, "x")
    assert local.direction([1, -1]).slope == pytest.approx([-1, -1])
    U, s, Vt = local.singular
    assert U @ np.diag(s) @ Vt == pytest.approx(local.jacobian_matrix)


# -- kinks --------------------------------------------------------------------------------------------------------


def notes_counterexample(v: Any) -> Any:
    """Partial derivatives exist at the origin, but the directional derivatives are not linear."""
    x, y = v
    return 0.0 if x == y == 0 else y**3 / (x * x + y * y)


def separating(v: Any) -> Any:
    """Gateaux, not Frechet: all directional derivatives at the origin are zero, yet f is 1/2 on y = x^3."""
    x, y = v
    return 0.0 if x == y == 0 else x**3 * y / (x**6 + y**2)


def test_the_counterexample_of_the_notes_has_kinks_in_its_directional_derivatives() -> None:
    local = fr.local(notes_counterexample, [0.0, 0.0])
    rays = local.one_sided(72)
    assert rays.slopes == pytest.approx(np.sin(rays.angles) ** 3, abs=1e-9)
    assert local.kind == "directional"
    assert not rays.linear
    assert "not linear" in rays.message
    with pytest.raises(fr.FrechetError, match="no derivative at this point"):
        local.gradient  # noqa: B018


@pytest.mark.parametrize("way", ["code", "formula"])
def test_gateaux_is_told_from_frechet(way: str) -> None:
    f: Any = separating if way == "code" else "x^3*y/(x^6 + y^2)"
    at: Any = [0.0, 0.0] if way == "code" else {"x": 0.0, "y": 0.0}
    local = fr.local(f, at, value=None if way == "code" else 0.0)
    assert local.kind == "gateaux"
    assert local.one_sided().linear
    assert "Gateaux differentiable, not Frechet" in local.one_sided().message
    assert local.gradient_flat == pytest.approx([0, 0], abs=1e-12)
    assert "not Frechet" in local.linear.note
    report = local.report()
    assert "along the curve t*[1, 0] + t^3*[0, 1]" in report
    assert "50, 500, 5e+03" in report


@pytest.mark.parametrize(
    ("text", "at", "slopes"),
    [("abs(a)", {"a": 0.0}, lambda c, s: np.abs(c)),
     ("norm1(x)", {"x": [0.0, 1.0]}, lambda c, s: np.abs(c) + s),
     ("norm2(x)", {"x": [0.0, 0.0]}, lambda c, s: np.ones_like(c)),
     ("max(x)", {"x": [2.0, 2.0]}, np.maximum),
     ("sum(relu(x))", {"x": [0.0, 0.0]}, lambda c, s: np.maximum(c, 0) + np.maximum(s, 0))],
)  # fmt: skip
def test_one_sided_slopes_at_kinks(text: str, at: dict[str, Any], slopes: Any) -> None:
    local = fr.local(text, at)
    rays = local.one_sided(24)
    c, s = np.cos(rays.angles), np.sin(rays.angles)
    assert rays.slopes == pytest.approx(slopes(c, s), abs=1e-8)
    assert local.kind == "directional"
    assert not rays.linear


def test_a_kink_along_one_direction() -> None:
    d = fr.local("abs(a) + b", {"a": 0.0, "b": 1.0}).direction([1.0, 0.5])
    assert (d.slope, d.backward) == (pytest.approx(1.5), pytest.approx(-0.5))
    assert not d.two_sided
    assert d.kind == "up"
    assert "a kink" in d.text


def test_smooth_although_made_of_kinks() -> None:
    for text in ("relu(a) - relu(-a)", "abs(a)^2", "sqrt(a^4)"):
        local = fr.local(text, {"a": 0.0})
        assert local.smooth, text
        assert local.gradient_flat == pytest.approx([1.0 if "relu" in text else 0.0], abs=1e-12)


def test_no_slope_at_all() -> None:
    local = fr.local("sqrt(abs(a))", {"a": 0.0})
    assert local.kind in ("none", "directional")
    assert np.isnan(local.one_sided().slopes).all()
    assert "no one-sided derivative" in str(local.one_sided())


def test_a_plane_of_two_given_directions() -> None:
    local = fr.local("norm1(x)", {"x": [0.0, 0.0, 3.0]})
    rays = local.one_sided(4, plane=([1, 1, 0], [0, 0, 2.0]))
    assert rays.slopes == pytest.approx([np.sqrt(2), 1, np.sqrt(2), -1], abs=1e-8)
    with pytest.raises(fr.FrechetError, match="do not span"):
        local.one_sided(4, plane=([1, 1, 0], [2, 2, 0]))


# -- second derivatives that are not there ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["x*abs(x)", "where(x > 0, x^2, 0)", "abs(x)^1.5", "relu(x)^2"])
def test_once_differentiable_is_not_twice(text: str) -> None:
    """Entrywise rules give some number at 0; the error of a quadratic model, which falls as step^2, says it is none."""
    local = fr.local(text, {"x": 0.0})
    assert local.smooth
    assert local.gradient_flat == pytest.approx([0.0], abs=1e-12)
    assert not local.second_known
    assert "no second derivative was seen" in local.report()
    with pytest.raises(fr.FrechetError, match="no second derivative here"):
        local.hessian_matrix  # noqa: B018
    with pytest.raises(fr.FrechetError, match="no second derivative here"):
        local.quadratic.step([0.1])


def test_the_same_by_values() -> None:
    local = fr.local(lambda v: v[0] ** 2 if v[0] > 0 else 0.0, [0.0])
    assert local.smooth
    assert not local.second_known


@pytest.mark.parametrize("kind", [np.float32, lambda value: round(float(value), 6)])
def test_coarse_values_are_no_gateaux(kind: Any) -> None:
    """Single precision and rounding to digits are noise, not a curve along which a linear map fails."""
    local = fr.local(lambda v: kind(np.sin(v[0]) * v[1]), [1.0, 2.0], symbolic=False)
    assert local.kind == "differentiable"
    assert local.gradient_flat == pytest.approx([2 * np.cos(1), np.sin(1)], rel=1e-3)


def test_slopes_that_are_missing_are_counted() -> None:
    local = fr.local(lambda v: 0.0 if v[0] == v[1] == 0 else v[0] * v[1] / (v[0] ** 2 + v[1] ** 2), [0.0, 0.0])
    assert local.kind == "partials"
    assert "no one-sided derivative along 32 of 36 directions" in str(local.one_sided(36))


@pytest.mark.parametrize("text", ["norm1(x)", "sum(exp(x)) + norm1(x)/1000"])
@pytest.mark.parametrize("n", [10, 3000])
def test_one_kink_among_many_components_is_found(text: str, n: int) -> None:
    x = np.random.default_rng(0).normal(size=n)
    x[7] = 0.0
    local = fr.local(text, {"x": x})
    assert local.kind == "directional"
    assert not local.smooth
    with pytest.raises(fr.FrechetError, match="no derivative at this point") as caught:
        local.gradient  # noqa: B018
    assert "kink" in str(caught.value)
    x[7] = 0.1
    assert fr.local(text, {"x": x}).smooth
