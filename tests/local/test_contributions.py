"""Which input moved the output, and two movements in either order."""

from __future__ import annotations

import numpy as np
import pytest

import frechet as fr

FORMULA, POINT = "x1^2 + exp(x1*x2) + 2*log(x2)", {"x1": 1.0, "x2": 2.0}


def test_the_parts_are_derivative_times_step_and_add_up() -> None:
    local = fr.local(FORMULA, POINT)
    c = local.contributions({"x1": 0.01, "x2": -0.03})
    g = local.gradient_flat
    assert c.parts[0] == pytest.approx(g * [0.01, -0.03])
    assert c.predicted == pytest.approx(g @ [0.01, -0.03])
    assert c.largest == "x2"
    assert c.shares.sum() == pytest.approx(1)
    truth = local.values([1.01, 1.97])[0] - local.value_flat
    assert c.actual == pytest.approx(truth)
    assert c.mismatch == pytest.approx(c.bend, rel=0.02)
    assert "sum of the parts -0.0838906" in str(c)


def test_the_mismatch_falls_with_the_square_of_the_step() -> None:
    local = fr.local(FORMULA, POINT)
    gaps = [abs(local.contributions([t, -2 * t]).mismatch[0]) for t in (1e-2, 1e-3, 1e-4)]
    assert gaps[0] / gaps[1] == pytest.approx(100, rel=0.1)
    assert gaps[1] / gaps[2] == pytest.approx(100, rel=0.01)


def test_the_way_to_another_point() -> None:
    local = fr.local("x'*A*x", {"x": [1.0, 2.0], "A": np.eye(2)})
    c = local.contributions(to={"x": [1.1, 2.0]})
    assert c.steps == pytest.approx([0.1, 0, 0, 0, 0, 0])
    assert [row[0] for row in c.rows()] == ["x[1]"]


def test_a_vector_valued_function_has_a_column_for_each_input() -> None:
    local = fr.local("A*x", {"A": [[1.0, 2.0], [3.0, 4.0]], "x": [1.0, 1.0]}, "x")
    c = local.contributions([0.1, 0.2])
    assert c.parts == pytest.approx(np.array([[0.1, 0.4], [0.3, 0.8]]))
    assert c.mismatch == pytest.approx([0, 0], abs=1e-15)


def test_a_long_table_shows_the_largest() -> None:
    n = 40
    c = fr.local("c'*x", {"c": np.arange(float(n)), "x": np.zeros(n)}, "x").contributions(np.ones(n))
    assert "and 16 smaller ones" in str(c)
    assert c.rows()[0][0] == "x[40]"


def test_a_step_out_of_the_domain_has_parts_but_no_change() -> None:
    c = fr.local("log(x)", {"x": 0.1}).contributions([-1.0])
    assert c.predicted == pytest.approx([-10])
    assert np.isnan(c.actual).all()
    assert c.to_json()["actual"] is None


def test_two_movements_end_at_the_same_place_and_differ_by_the_mixed_derivative() -> None:
    local = fr.local(FORMULA, POINT)
    two = local.two_movements({"x1": 1e-3}, {"x2": 1e-3})
    assert sum(two.first_a) == pytest.approx(sum(two.first_b))
    assert two.mismatch == pytest.approx(1e-6 * local.hessian_matrix[0, 1], rel=1e-2)
    assert two.predicted_mismatch == pytest.approx(1e-6 * local.hessian_matrix[0, 1])
    assert two.planar == pytest.approx(1e-3 * local.gradient_flat.sum())
    assert two.values[3] - two.values[0] == pytest.approx(two.planar, rel=1e-2)


def test_small_steps_commute() -> None:
    """The mismatch falls as the square of the steps; their effects fall as the steps themselves."""
    two = fr.local(FORMULA, POINT).two_movements([0.1, 0], [0, 0.1])
    t, gap = np.array(two.shrinking(8)).T
    slope = np.polyfit(np.log(t[3:]), np.log(gap[3:]), 1)[0]
    assert slope == pytest.approx(2, abs=0.05)
    assert "mismatch" in str(two)


def test_movements_of_a_plane_commute_exactly() -> None:
    two = fr.local("3*x + 4*y", {"x": 1.0, "y": 2.0}).two_movements("x", "y")
    assert two.mismatch == pytest.approx(0, abs=1e-14)
    assert two.first_a == two.first_b[::-1] == (3.0, 4.0)
