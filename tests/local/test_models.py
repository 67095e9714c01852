"""Local models: their closed forms, their values, the slope of their measured error, their radius."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import frechet as fr

MATRIX = [[1.0, 0.3, -0.2], [0.1, 2.0, 0.4], [-0.3, 0.2, 1.5]]
TALL = [[1.0, 2.0], [0.5, -1.0], [3.0, 0.2]]

# formula, values, what moves: twenty functions of scalars, vectors and matrices, with values of all three kinds
FUNCTIONS: list[tuple[str, dict[str, Any], str | None]] = [
    ("x1^2 + exp(x1*x2) + 2*log(x2)", {"x1": 1.0, "x2": 2.0}, None),
    ("5*x^2 + 3*x*y + 3*y^3", {"x": 0.7, "y": -0.4}, None),
    ("sin(a)*exp(a)", {"a": 0.3}, None),
    ("a^a", {"a": 1.7}, None),
    ("sum(log(1 + exp(-y.*(X*w))))", {"X": TALL, "w": [0.2, -0.3], "y": [1.0, -1.0, 1.0]}, "w"),
    ("norm2(x)", {"x": [1.0, -2.0, 0.5]}, None),
    ("(x'*x)^2", {"x": [1.0, -2.0, 0.5]}, None),
    ("logsumexp(x)", {"x": [0.1, 1.0, -0.5]}, None),
    ("(x'*A*x)/(x'*x)", {"x": [1.0, 0.5, -0.5], "A": MATRIX}, "x"),
    ("exp(-x'*A*x)", {"x": [0.3, 0.2, -0.1], "A": MATRIX}, "x"),
    ("norm2(tanh(W*x) - y)^2", {"W": TALL, "x": [0.3, -0.2], "y": [0.1, 0.2, 0.3]}, "W"),
    ("logdet(X)", {"X": MATRIX}, None),
    ("tr(inv(X)*A)", {"X": MATRIX, "A": [[1.0, 2, 3], [0, 1, 4], [5, 6, 0]]}, "X"),
    ("det(X)*tr(X)", {"X": MATRIX}, None),
    ("tr(X^3)", {"X": MATRIX}, None),
    ("softmax(x)", {"x": [0.1, 1.0, -0.5]}, None),
    ("exp(A*x)", {"A": MATRIX, "x": [0.1, 0.2, -0.3]}, "x"),
    ("inv(X)", {"X": MATRIX}, None),
    ("X*X'*X", {"X": TALL}, None),
    ("x*x'/(x'*x)", {"x": [1.0, 2.0, -0.5]}, None),
]


@pytest.mark.parametrize(("text", "at", "wrt"), FUNCTIONS, ids=[f[0] for f in FUNCTIONS])
def test_the_error_grows_with_the_power_that_theory_says(text: str, at: dict[str, Any], wrt: str | None) -> None:
    local = fr.local(text, at, wrt)
    assert abs(local.linear.error().slope - 2) < 0.1
    assert abs(local.quadratic.error().slope - 3) < 0.1


@pytest.mark.parametrize(
    ("text", "at", "order"),
    [("exp(a)", {"a": 0.4}, 3), ("exp(a)*sin(a)", {"a": 0.4}, 5), ("logsumexp(x)", {"x": [0.1, 1.0]}, 3),
     ("x1*exp(x1*x2)", {"x1": 0.3, "x2": 0.4}, 4), ("inv(X)", {"X": MATRIX}, 3)],
)  # fmt: skip
def test_higher_orders_too(text: str, at: dict[str, Any], order: int) -> None:
    assert abs(fr.local(text, at).taylor(order).error().slope - (order + 1)) < 0.1


def black_box(v: Any) -> Any:
    return np.sin(v[0]) * np.exp(v[1]) if v[0] < 100 else 0.0


def test_a_black_box_has_the_same_slopes_and_bounds_of_its_derivatives() -> None:
    local = fr.local(black_box, [1.0, 0.5])
    assert not local.source.exact
    assert abs(local.linear.error().slope - 2) < 0.1
    assert abs(local.quadratic.error().slope - 3) < 0.1
    truth = [np.cos(1) * np.exp(0.5), np.sin(1) * np.exp(0.5)]
    assert np.all(np.abs(local.gradient_flat - truth) <= local.jacobian_error[0] + 1e-15)


def test_a_black_box_along_a_line() -> None:
    model = fr.local(black_box, [1.0, 0.5]).taylor(4, along=[0.0, 2.0])
    expected = [np.sin(1) * np.exp(0.5) * 2**k / f for k, f in enumerate([1, 1, 2, 6, 24])]
    assert np.array(model.coefficients)[:, 0] == pytest.approx(expected, rel=1e-5)
    assert model.step([0.0, 0.1]) == pytest.approx(np.sin(1) * np.exp(0.6), rel=1e-3)
    with pytest.raises(fr.FrechetError, match="one direction only"):
        model.step([0.1, 0.1])
    with pytest.raises(fr.FrechetError, match="Give a direction"):
        fr.local(black_box, [1.0, 0.5]).taylor(3)


CLOSED: list[tuple[str, dict[str, Any], str | None, str]] = [
    ("norm2(X*w - y)^2", {"X": TALL, "w": [1, 2], "y": [1, 2, 3]}, "w",
     "norm2(X*w - y)^2 + 2*(X*w - y)'*X*dw + dw'*X'*X*dw"),
    ("x'*A*x", {"x": [1, 2, 3], "A": MATRIX}, "x", "x'*A*x + x'*(A + A')*dx + dx'*(A + A')*dx/2"),
    ("inv(X)", {"X": MATRIX}, None, "inv(X) - inv(X)*dX*inv(X) + inv(X)*dX*inv(X)*dX*inv(X)"),
    ("A*X*C", {"A": MATRIX, "X": TALL, "C": [[1, 2], [3, 4]]}, "X", "A*X*C + A*dX*C"),
    ("logdet(X)", {"X": MATRIX}, None, "logdet(X) + tr(inv(X)*dX) - tr(inv(X)*dX*inv(X)*dX)/2"),
    ("x1^2*x2", {"x1": 1, "x2": 2}, None, "x1^2*x2 + 2*x1*x2*dx1 + x1^2*dx2 + x2*dx1^2 + 2*x1*dx1*dx2"),
    ("exp(-x'*x)", {"x": [1, 2]}, None,
     "exp(-x'*x) - 2*exp(-x'*x)*x'*dx + exp(-x'*x)*dx'*(2*x*x' - eye(2))*dx"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "wrt", "expected"), CLOSED, ids=[c[0] for c in CLOSED])
def test_the_quadratic_model_in_closed_form(text: str, at: dict[str, Any], wrt: str | None, expected: str) -> None:
    model = fr.local(text, at, wrt).quadratic
    assert model.text == expected
    assert model.closed is not None
    assert "2 terms against numeric derivatives" in model.closed.checked


@pytest.mark.parametrize(("text", "at", "wrt", "expected"), CLOSED, ids=[c[0] for c in CLOSED])
def test_the_printed_model_has_the_values_of_the_model(
    text: str, at: dict[str, Any], wrt: str | None, expected: str
) -> None:
    """The text parses, and its value at a step is that of the callable."""
    local = fr.local(text, at, wrt)
    step = np.random.default_rng(0).normal(size=local.size) / 10
    arrays = {name: np.asarray(part, dtype=float) for name, part in at.items()}
    arrays |= {f"d{name}": np.asarray(part) for name, part in local.point.build(step).items()}
    shapes: dict[str, list[str | int]] = {name: list(part.shape) for name, part in arrays.items()}
    printed = fr.parse(expected, variables=shapes).evaluate(**arrays)
    assert np.ravel(printed) == pytest.approx(local.quadratic.values(step)[0], rel=1e-12)


def test_a_term_that_is_wrong_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    local = fr.local("sin(a)", {"a": 0.5})
    other = fr.local("cos(a)", {"a": 0.5})
    monkeypatch.setattr(local.source, "expansion", other.source.expansion)  # type: ignore[attr-defined]
    with pytest.raises(fr.VerificationError):
        str(local.linear)


def test_models_from_the_function_itself() -> None:
    f = fr.parse("a^3", variables={"a": []})
    assert f.linear_model(2.0).numbers == "8 + 12*da"
    assert f.quadratic_model({"a": 2.0}).numbers == "8 + 12*da + 6*da^2"
    assert f.taylor(3, at=2.0).numbers == "8 + 12*da + 6*da^2 + da^3"
    assert f.taylor(3, at=2.0).error().exact
    assert f.taylor(0, at=2.0)(5.0) == 8.0
    assert f.quadratic_model(2.0)(2.5) == pytest.approx(8 + 6 + 1.5)


def test_latex_has_upright_differentials() -> None:
    f = fr.parse("norm2(X*w - y)^2")
    latex = f.linear_model({"X": TALL, "w": [1, 2], "y": [1, 2, 3]}, "w").latex()
    assert latex == r"f(w + \mathrm{d}w) \approx \lVert X w - y \rVert_2^2 + 2 (X w - y)^\top X \, \mathrm{d}w"


def test_a_name_that_is_taken_is_avoided() -> None:
    model = fr.local("x*dx", {"x": 1.0, "dx": 2.0}, "x").linear
    assert model.text == "x*dx + dx*dx_"


# -- the radius -------------------------------------------------------------------------------------------------


def test_the_radius_of_a_parabola_is_known() -> None:
    """|f - linear| = |t|^2 for f = x'x: within tol up to sqrt(tol)."""
    found = fr.local("x'*x", {"x": [1.0, 2.0]}).linear.radius(0.01)
    assert found.radius == pytest.approx(0.1, rel=1e-6)
    assert found.ends == "tolerance"


def test_the_radius_looks_where_the_function_bends_most() -> None:
    """f = x1^2 + 100 x2^2 fails first along x2: at t with 100 t^2 = tol."""
    found = fr.local("x1^2 + 100*x2^2", {"x1": 0.0, "x2": 0.0}).linear.radius(1.0)
    assert found.radius == pytest.approx(0.1, rel=1e-6)
    assert np.abs(found.direction) == pytest.approx([0, 1], abs=1e-6)


def test_the_radius_ends_where_the_function_does() -> None:
    found = fr.local("sqrt(a)", {"a": 1e-4}).taylor(8).radius(10.0)
    assert found.ends == "domain"
    assert found.radius == pytest.approx(1e-4, rel=1e-3)


def test_a_radius_relative_to_the_value() -> None:
    local = fr.local("10*exp(a)", {"a": 0.0})
    r = local.linear.radius(0.01, relative=True).radius
    assert abs(10 * np.exp(r) - 10 - 10 * r) == pytest.approx(0.1, rel=1e-3)
    assert fr.local("a^3", {"a": 0.0}).linear.radius(1e99).ends == "none found"


@pytest.mark.parametrize("tolerance", [0, -1, "x"])
def test_a_tolerance_is_positive(tolerance: Any) -> None:
    with pytest.raises(fr.FrechetError, match="positive number"):
        fr.local("exp(a)", {"a": 0.0}).linear.radius(tolerance)


def test_a_tolerance_below_rounding_is_refused() -> None:
    with pytest.raises(fr.FrechetError, match="below the rounding"):
        fr.local("exp(a)", {"a": 0.0}).linear.radius(1e-18)


# -- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: fr.local("x*y", {"x": 1.0}), "E305"),
        (lambda: fr.local("x'*x", {"x": [1, 2], "z": 1.0}), "E500"),
        (lambda: fr.parse("x'*x").local({"z": 1.0}), "E500"),
        (lambda: fr.parse("x*y", variables={"x": [], "y": []}).local(1.0), "E305"),
        (lambda: fr.local("log(x)", {"x": -1.0}), "E400"),
        (lambda: fr.local("exp(x)", {"x": "no"}), "E305"),
        (lambda: fr.local("exp(x)", {"x": float("inf")}), "E400"),
        (lambda: fr.local("exp(x)", {"x": 1.0}, "y"), "E500"),
        (lambda: fr.local("exp(x)", {"x": 1.0}, 3), "E500"),  # type: ignore[arg-type]
        (lambda: fr.parse("c*sum(x)", facts={"c": ["constant"]}).local({"c": 1.0, "x": [1.0]}, "c"), "E502"),
        (lambda: fr.local(3, 1.0), "E100"),  # type: ignore[arg-type]
        (lambda: fr.local("exp(x)", {"x": 1.0}).taylor(13), "E505"),
        (lambda: fr.local("exp(x)", {"x": 1.0}).taylor(-1), "E505"),
        (lambda: fr.local("exp(x)", {"x": [1.0, 2.0]}).gradient, "E501"),
        (lambda: fr.local("exp(x)", {"x": [1.0, 2.0]}).directions, "E501"),
        (lambda: fr.local("abs(x)", {"x": 0.0}).linear, "E400"),
        (lambda: fr.local("x'*x", {"x": [1.0, 2.0]}).direction([1.0]), "E305"),
        (lambda: fr.local("x'*x", {"x": [1.0, 2.0]}).direction({"q": 1.0}), "E200"),
        (lambda: fr.local("x'*x", {"x": [1.0, 2.0]}).contributions(), "E505"),
        (lambda: fr.local("x'*x", {"x": [1.0, 2.0]}).linear.error(along=[0, 0]), "E400"),
        (lambda: fr.local("x'*x", {"x": [1.0, 2.0]}).taylor(3, along=[0, 0]), "E400"),
    ],
)
def test_refusals(call: Callable[[], Any], code: str) -> None:
    with pytest.raises(fr.FrechetError) as caught:
        call()
    assert caught.value.diagnostic.code == code


# -- Python functions -------------------------------------------------------------------------------------------


def test_python_code_that_can_be_read_has_closed_forms() -> None:
    def loss(X: Any, w: Any) -> Any:
        return np.sum((X @ w) ** 2)

    local = fr.local(loss, {"X": TALL, "w": [1.0, 1.0]}, "w")
    assert local.source.exact
    assert local.gradient["w"] == pytest.approx(2 * np.array(TALL).T @ np.array(TALL) @ np.ones(2))
    assert not fr.local(loss, {"X": TALL, "w": [1.0, 1.0]}, "w", symbolic=False).source.exact


def test_code_that_reads_otherwise_than_it_computes_stays_a_black_box() -> None:
    calls = []

    def odd(x: Any) -> Any:
        calls.append(1)
        return x**2 if len(calls) == 1 else x**3

    local = fr.local(odd, 2.0)
    assert not local.source.exact
    assert local.gradient == pytest.approx(12.0)


def test_a_loop_whose_formula_explodes_is_a_black_box() -> None:
    def simulation(theta: Any) -> Any:
        position, speed = 0.0, theta[0]
        for _ in range(30):
            speed += 0.05 * (theta[1] - 0.3 * speed * abs(speed))
            position += 0.05 * speed
        return position

    local = fr.local(simulation, [2.0, 1.0])
    assert not local.source.exact
    assert local.linear.error().slope == pytest.approx(2, abs=0.1)
    with pytest.raises(fr.FrechetError) as caught:
        fr.trace(simulation, {"theta": [2]})
    assert caught.value.diagnostic.code == "E402"


@pytest.mark.parametrize(("text", "x"), [("exp(x)", 700.0), ("1e-200*x^2", 1.0), ("1e-160*exp(x)", 1.0)])
def test_very_large_and_very_small_values_are_values_like_any_other(text: str, x: float) -> None:
    local = fr.local(text, {"x": x})
    assert local.linear.error().slope == pytest.approx(2, abs=0.1)
    assert not local.directions.stationary


def test_what_rounding_hides_is_not_called_exact() -> None:
    """1e18 + x^2: no error can be seen, but neither can the function."""
    curve = fr.local("1e18 + x^2", {"x": 1.0}).linear.error()
    assert not curve.exact
    assert "too close to rounding" in str(curve)


def test_a_structured_variable_is_said_to_move_freely() -> None:
    f = fr.parse("logdet(S)", variables={"S": ["n", "n"]}, facts={"S": ["spd"]})
    assert "all entries of S (spd)" in f.local([[2.0, 0.5], [0.5, 1.0]]).report()


def test_many_components_need_no_hessian() -> None:
    n = 500
    local = fr.local("sum(exp(x))", {"x": np.zeros(n)})
    assert "quadratic" not in local.report()
    assert local.directions.ascent is not None
    assert local.directions.ascent.curvature == pytest.approx(1.0)
    assert "_hessians" not in vars(local)


@pytest.mark.parametrize(("f", "at"), [("(x1 + x2)^2", (1, -1)), ("(x1 + x2 + x3)^2", (1e3, -999, -1))])
def test_a_point_that_is_rounded_is_no_kink(f: str, at: tuple[float, ...]) -> None:
    assert fr.local(f, at).hessian_matrix == pytest.approx(np.full((len(at), len(at)), 2.0))


def test_a_kink_further_out_is_no_power_of_the_step() -> None:
    """norm1 is linear up to its kink: no error before it, a second derivative that is zero."""
    local = fr.local("norm1(x)", {"x": [0.7, -2.0]})
    curve = local.linear.error()
    assert curve.exact
    assert 0.3 < curve.until <= 1.0
    assert "none up to a step of length" in str(curve)
    assert local.second_known
    assert not local.hessian_matrix.any()
    near = fr.local("abs(x - 1e-7)", {"x": 0.0})
    assert near.linear.error().until < 1.1e-7
    assert near.second_known
