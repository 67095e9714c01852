"""What pictures show, by their data: nothing here needs matplotlib."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.plot.kinds import KINDS
from frechet.plot.picture import Data

NOTES = "x1^2 + exp(x1*x2) + 2*log(x2)"
GRADIENT = np.array([2 + 2 * np.exp(2), np.exp(2) + 1])
HESSIAN = np.array([[2 + 4 * np.exp(2), 3 * np.exp(2)], [3 * np.exp(2), np.exp(2) - 0.5]])


def data(f: Any, kind: str, at: Any, **options: Any) -> Any:
    """The numbers of a picture; a black box for a Python function."""
    return fr.plot(f, kind, at, **options).data


def black_box(x: Any) -> float:
    return float(x[0] ** 2 + np.exp(x[0] * x[1]) + 2 * np.log(x[1]))


@pytest.mark.parametrize("f", [NOTES, black_box], ids=["formula", "black box"])
def test_gradients_stand_at_right_angles_on_contours_and_point_uphill(f: Any) -> None:
    shown = data(f, "contour", (1.0, 2.0))
    assert len(shown.marks) >= 3
    assert np.allclose(shown.marks[0].gradient, GRADIENT, rtol=1e-6)
    for mark in shown.marks:
        arrow, tangent = mark.tip - mark.at, mark.tangent[1] - mark.tangent[0]
        assert abs(arrow @ tangent) < 1e-9 * np.linalg.norm(arrow) * np.linalg.norm(tangent)
        # The tangent touches the contour: along it f changes to second order only, along the arrow to first.
        small = 1e-4 / np.linalg.norm(arrow)
        here, along, uphill = (black_box(mark.at + step) for step in (0 * arrow, small * tangent, small * arrow))
        assert uphill > here and abs(along - here) < 1e-2 * (uphill - here)


def test_a_costly_black_box_is_asked_less() -> None:
    asked = []

    def costly(x: Any) -> float:
        asked.append(1)
        return black_box(x)

    shown = data(costly, "contour", np.array([1.0, 2.0]), points=[], resolution=15)
    assert shown.ground.heights.shape == (15, 15) and len(asked) < 2500
    assert np.allclose(shown.marks[0].gradient, GRADIENT, rtol=1e-6)


def test_arrows_of_one_picture_have_one_scale_and_stay_inside() -> None:
    shown = data(NOTES, "contour", (1, 2))
    ratios = [np.linalg.norm(m.tip - m.at) / np.linalg.norm(m.gradient) for m in shown.marks]
    assert np.ptp(ratios) < 1e-9 * max(ratios)
    (a, b), (c, d) = shown.ground.plane.box
    for mark in shown.marks:
        for x, y in (mark.at, mark.tip):
            assert a < x < b and c < y < d


def test_contour_lines_are_the_heights_of_the_function() -> None:
    ground = data(NOTES, "contour", (1, 2)).ground
    x, y = np.meshgrid(ground.xs, ground.ys)
    assert np.allclose(ground.heights, x**2 + np.exp(x * y) + 2 * np.log(y))
    assert ground.f0 == pytest.approx(1 + np.exp(2) + 2 * np.log(2))
    assert len(ground.levels) >= 5
    assert ground.heights.min() < ground.levels.min() and ground.levels.max() < ground.heights.max()


@pytest.mark.parametrize(("f", "at"), [
    ("1000*x1^2 + x2^2", (1, 1)), ("exp(30*x1) + x2", (0.1, 0.1)), ("sin(x1)*cos(x2)", (0.3, 100)),
    ("log(x1) + log(x2)", (1e-3, 1e-3)), ("1/(x1*x2)", (0.1, 0.1)), ("3*x1 - 2*x2", (5, 7)),
    ("(1-x1)^2 + 100*(x2-x1^2)^2", (1, 1)), ("sqrt(x1) + x2^2", (0.01, 2)), ("x1^4 + x2^4", (0, 0)),
])  # fmt: skip
def test_windows_are_neither_flat_nor_filled_by_a_few_values(f: str, at: Any) -> None:
    ground = data(f, "contour", at, points=[]).ground
    good = np.sort(ground.heights[np.isfinite(ground.heights)])
    lines = np.concatenate([[0], np.searchsorted(good, ground.levels), [good.size]])
    assert len(ground.levels) >= 3
    assert np.diff(lines).max() < 0.6 * good.size
    assert good.size > 0.6 * ground.heights.size


def test_what_is_not_defined_is_masked_and_said() -> None:
    shown = data("log(x1) + sqrt(x2)", "contour", (0.2, 0.1))
    x, y = np.meshgrid(shown.ground.xs, shown.ground.ys)
    assert (np.isnan(shown.ground.heights) == ((x <= 0) | (y < 0))).all()
    assert "not defined" in shown.caption


def test_axes_of_unlike_size_lose_their_common_scale_and_the_caption_says_so() -> None:
    shown = data("(x1/1000)^2 + x2^2 + x1*x2/1000", "contour", (3000, 1))
    assert not shown.ground.plane.equal and "angles are not true" in shown.caption
    reach = np.array(shown.ground.plane.reach)
    for mark in shown.marks:
        # Still at right angles on the screen.
        arrow, tangent = (mark.tip - mark.at) / reach, (mark.tangent[1] - mark.tangent[0]) / reach
        assert abs(arrow @ tangent) < 1e-9


def test_more_than_two_variables() -> None:
    f = "x1^2 + 3*x2 + 10*x3^2 + x1*x3"
    shown = data(f, "contour", (1, 2, 3))
    assert shown.ground.plane.names == ("x_1", "x_3")  # the two steepest
    assert shown.caption.startswith("$x_2$ held at $2$.")
    named = data(f, "contour", (1, 2, 3), along=("x2", "x1"))
    assert named.ground.plane.names == ("x_2", "x_1")
    assert np.allclose(named.marks[0].gradient, [3, 5])
    free = data(f, "contour", (1, 2, 3), along=("gradient", "curvature"))
    assert np.allclose(free.marks[0].gradient, [np.linalg.norm([5, 3, 61]), 0])
    assert "the gradient and strongest curvature" in free.caption


def test_the_tangent_plane_and_the_bowl_touch_the_surface() -> None:
    for model, order in (("plane", 2), ("bowl", 3)):
        shown = data(NOTES, "surface", (1, 2), model=model)
        x, y = np.meshgrid(shown.xs - 1, shown.ys - 2)
        near = np.isfinite(shown.model_heights)
        d = np.stack([x, y], axis=-1)[near]
        wanted = shown.f0 + d @ GRADIENT + (np.einsum("ki,ij,kj->k", d, HESSIAN, d) / 2 if order == 3 else 0)
        assert near.sum() > 60
        assert np.allclose(shown.model_heights[near], wanted)


def test_a_slice_with_its_tangent_and_parabola() -> None:
    shown = data(NOTES, "slice", (1, 2))
    v = GRADIENT / np.linalg.norm(GRADIENT)
    assert np.allclose(shown.direction, v)
    assert shown.slope == pytest.approx(np.linalg.norm(GRADIENT)) and shown.curvature == pytest.approx(v @ HESSIAN @ v)
    x = np.array([1, 2]) + shown.ts[:, None] * v
    assert np.allclose(shown.values, x[:, 0] ** 2 + np.exp(x[:, 0] * x[:, 1]) + 2 * np.log(x[:, 1]))
    single = data("sin(x)", "slice", 1.0)
    assert single.centre == 1.0 and single.name == "x" and single.slope == pytest.approx(np.cos(1))
    assert np.allclose(single.values, np.sin(single.ts))


def test_the_field_is_the_gradient() -> None:
    shown = data("x1^2 + x1*x2 + 2*x2^2", "field", (0, 0))
    x, y = shown.places.T
    assert np.allclose(shown.gradients, np.stack([2 * x + y, x + 4 * y], axis=1))
    cross = shown.arrows[:, 0] * shown.gradients[:, 1] - shown.arrows[:, 1] * shown.gradients[:, 0]
    assert np.abs(cross).max() < 1e-9


@pytest.mark.parametrize(("f", "at", "shape"), [
    ("x1^2 + x1*x2 + 2*x2^2", (0, 0), "bowl"), ("-x1^2 - x2^2 + x1", (0.5, 0), "dome"), ("x1*x2", (0, 0), "saddle"),
    ("(x1 + x2)^2", (1, -1), "valley"), ("-(x1 + x2)^2", (1, -1), "ridge"), (NOTES, (1, 2), "saddle"),
])  # fmt: skip
def test_the_axes_of_the_hessian(f: str, at: Any, shape: str) -> None:
    shown = data(f, "hessian", at)
    assert shown.shape == shape
    assert abs(shown.vectors[0] @ shown.vectors[1]) < 1e-12
    H = fr.local(f, dict(zip(["x1", "x2"], at, strict=True))).hessian_matrix
    for value, vector in zip(shown.values, shown.vectors, strict=True):
        assert np.allclose(H @ vector, value * vector, atol=1e-9 * np.abs(H).max())


def test_a_plane_through_many_dimensions_needs_no_whole_hessian() -> None:
    x = np.linspace(-1, 1, 80)
    x[[3, 5]] = 2.0, -3.0
    shown = data("sum(x.^4)", "hessian", x)
    assert shown.ground.plane.names == ("x_{4}", "x_{6}")
    assert np.allclose(shown.values, [108, 48]) and np.allclose(np.abs(shown.vectors), [[0, 1], [1, 0]])
    assert "the part in this plane of the Hessian" in shown.description


def test_three_directions_of_the_notes() -> None:
    shown = data(NOTES, "directions", (1, 2))
    assert shown.kinds == ("up", "down", "level")
    slopes = shown.vectors @ GRADIENT
    assert np.allclose(shown.slopes, slopes, atol=1e-9)
    assert slopes[0] > 0 > slopes[1] and abs(slopes[2]) < 1e-9
    given = data(NOTES, "directions", (1, 2), given=[(0, 1), (-1, 0)])
    assert given.kinds == ("up", "down")


def test_two_movements_reach_the_same_height_and_nearly_commute() -> None:
    f, at = "x1^2 + x1*x2", (1.0, 1.0)
    shown = data(f, "movements", at, a=(0.1, 0), b=(0, 0.2))
    assert sum(shown.first_a) == pytest.approx(sum(shown.first_b))
    assert shown.mismatch == pytest.approx(0.1 * 0.2) == shown.predicted
    assert shown.planar == pytest.approx(3 * 0.1 + 1 * 0.2)
    half = data(f, "movements", at, a=(0.05, 0), b=(0, 0.1))
    assert half.mismatch == pytest.approx(shown.mismatch / 4)


def test_the_parts_of_a_step() -> None:
    shown = data(NOTES, "contributions", (1, 2), step=(0.1, -0.2))
    assert np.allclose(shown.parts, GRADIENT * (0.1, -0.2))
    assert shown.predicted == pytest.approx(shown.parts.sum())
    assert shown.actual == pytest.approx(black_box((1.1, 1.8)) - black_box((1, 2)))
    many = data("norm2(x)^2 + sum(x)", "contributions", np.arange(30.0))
    assert len(many.parts) == 11 and many.parts.sum() + many.rest == pytest.approx(many.predicted)


# -- maps ------------------------------------------------------------------------------------------------

MAP, PLACE = "[x1^2 - x2; x1*x2 + x2]", (1.0, 0.5)


def bent(x: Any) -> Any:
    return np.stack([x[:, 0] ** 2 - x[:, 1], x[:, 0] * x[:, 1] + x[:, 1]], axis=1)


def test_a_circle_becomes_an_ellipse_with_the_singular_values_as_half_axes() -> None:
    shown = data(MAP, "jacobian", PLACE)
    J = np.array([[2, -1], [0.5, 2]])
    assert np.allclose(shown.jacobian, J)
    before, after = shown.curves[0]
    assert np.allclose(np.linalg.norm(before - PLACE, axis=1), shown.radius)
    assert np.allclose(after, bent(before))
    ellipse = shown.linear[0] - shown.image
    lengths = np.linalg.norm(ellipse, axis=1)
    assert lengths.max() <= shown.radius * shown.sigma[0] * (1 + 1e-9)
    assert lengths.max() == pytest.approx(shown.radius * shown.sigma[0], rel=1e-2)
    assert lengths.min() == pytest.approx(shown.radius * shown.sigma[1], rel=1e-2)
    for k in (0, 1):
        assert np.allclose(J @ shown.v[k], shown.sigma[k] * shown.u[k])
    assert np.linalg.norm(after - shown.linear[0], axis=1).max() < 0.2 * shown.radius * shown.sigma[0]


def test_a_grid_bends_and_its_middle_becomes_a_parallelogram() -> None:
    shown = data(MAP, "grid", PLACE)
    for before, after in shown.curves:
        assert np.allclose(after, bent(before))
    x, y = shown.linear[-1][:-1].T
    area = abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
    side = np.linalg.norm(shown.curves[-1][0][1] - shown.curves[-1][0][0])
    assert area == pytest.approx(abs(np.linalg.det(shown.jacobian)) * side**2)


def test_two_of_several_outputs() -> None:
    shown = data("[x1; 5*x2; x1 + 7*x2]", "jacobian", (1, 1))
    assert np.allclose(shown.jacobian, [[0, 5], [1, 7]]) and "of 3" in shown.caption
    assert np.allclose(data("[x1; 5*x2; x1]", "jacobian", (1, 1), outputs=(1, 3)).jacobian, [[1, 0], [1, 0]])


# -- errors, kinks, matrices, graphs ---------------------------------------------------------------------


def test_slopes_of_models() -> None:
    shown = data(NOTES, "error", (1, 2), orders=(1, 2, 3))
    for curve, order in zip(shown.curves, (1, 2, 3), strict=True):
        assert curve.expected == order + 1 and curve.slope == pytest.approx(order + 1, abs=0.1)


def test_difference_quotients_have_a_best_delta() -> None:
    shown = data("sin(x)", "delta", 1.0)
    forward, central = shown.curves
    assert forward.slope == pytest.approx(1, abs=0.1) and central.slope == pytest.approx(2, abs=0.1)
    assert 1e-10 < shown.best[0] < 1e-6 < 1e-5 / 0.9 and 1e-7 < shown.best[1] < 1e-3
    at = np.argmin(np.abs(np.log(forward.steps / 1e-4)))
    assert forward.errors[at] == pytest.approx(np.sin(1) / 2 * forward.steps[at], rel=0.05)


def counter_example(x: Any) -> float:
    return 0.0 if not np.any(x) else float(x[1] ** 3 / (x[0] ** 2 + x[1] ** 2))


def test_the_counter_example_of_the_notes_has_kinks_in_its_directional_derivatives() -> None:
    shown = data(counter_example, "polar", (0.0, 0.0))
    assert np.allclose(shown.slopes, np.sin(shown.angles) ** 3, atol=1e-6)
    assert not shown.linear and "not differentiable" in shown.description


def test_kinks_have_no_arrows_and_no_tangent_planes() -> None:
    shown = data("abs(x1) + x2", "contour", (0, 1))
    assert np.isnan(shown.marks[0].gradient).all() and "not differentiable" in shown.caption
    assert len(shown.marks) > 1
    for mark in shown.marks[1:]:
        assert mark.at[0] != 0 and np.allclose(mark.gradient, [np.sign(mark.at[0]), 1])
    field = data("abs(x1) + x2", "field", (0, 1))
    assert len(field.places) == 110 and (field.places[:, 0] != 0).all()
    surface = data("abs(x1) + x2", "surface", (0, 1))
    assert surface.model == "none" and "no tangent plane" in surface.description


def test_gateaux_is_not_enough_for_a_tangent_plane() -> None:
    shown = data("x^3*y/(x^6 + y^2)", "surface", (0, 0), value=0, window=1)
    assert shown.model == "none" and "no tangent plane" in shown.description
    on_curve = shown.heights[np.isclose(shown.ys[:, None], shown.xs[None] ** 3) & (shown.xs != 0)]
    assert len(on_curve) >= 2 and np.allclose(on_curve, 0.5)


def test_a_slice_through_a_kink_has_half_tangents() -> None:
    shown = data("abs(x) + x/2", "slice", 0.0)
    assert (shown.behind, shown.slope) == (-0.5, 1.5) and np.isnan(shown.curvature)
    assert np.allclose(shown.tangent(), shown.values)
    assert "slope is -0.5 from behind and 1.5 ahead" in shown.description


def test_slopes_of_a_smooth_function_and_of_a_norm() -> None:
    smooth = data(NOTES, "polar", (1, 2))
    turn = np.stack([np.cos(smooth.angles), np.sin(smooth.angles)], axis=1)
    assert smooth.linear and np.allclose(smooth.slopes, turn @ GRADIENT, rtol=1e-6, atol=1e-6)
    kink = data("abs(x1) + 2*abs(x2)", "polar", (0, 0))
    assert not kink.linear and np.allclose(kink.slopes, np.abs(turn) @ (1, 2), atol=1e-6)


def test_zeros_and_blocks_of_matrices() -> None:
    shown = data("x1^2*x2 + x3^4 + exp(x4*x5)", "heat", (1, 2, 3, 0.4, 0.5))
    assert shown.blocks == ((0, 1, 0, 1), (2, 2, 2, 2), (3, 4, 3, 4))
    assert shown.zeros.sum() == 17 and "17 of 25" in shown.description
    assert shown.matrix[0, 0] == pytest.approx(4) and shown.matrix[2, 2] == pytest.approx(108)
    jacobian = data("A*x", "heat", {"A": np.array([[1.0, 2, 0], [0, 0, 3]]), "x": np.ones(3)}, wrt="x")
    assert np.allclose(jacobian.matrix, [[1, 2, 0], [0, 0, 3]]) and jacobian.blocks == ((0, 0, 0, 1), (1, 1, 2, 2))


def test_the_graph_of_the_chain_rule() -> None:
    shown = data(fr.parse("norm2(X*w - y)^2"), "graph", None, wrt="w")
    assert shown.edges == (("w", "u", "X"), ("u", "f", r"2 u^\top"))
    assert shown.nodes["u"][0] == "X w - y"
    split = data(fr.parse("exp(a'*x)*sin(b'*x)"), "graph", None, wrt="x")
    places = [tuple(place) for _, place in split.nodes.values()]
    assert len(set(places)) == len(places) > 3


def test_every_kind_is_described() -> None:
    for name, kind in KINDS.items():
        f: Any = fr.parse(MAP) if name in ("jacobian", "grid") else NOTES
        if name == "graph":
            shown: Data = data(fr.parse("sin(x'*x)"), name, None)
        else:
            shown = data(f, name, (1, 2))
        assert kind.summary and shown.description.endswith(".") and "nan" not in shown.description.split()
        assert shown.title


def test_data_needs_no_matplotlib() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None; import frechet as fr\n"
        "p = fr.plot('x1^2 + x2^2', at=(1, 2)); print(p.description)\n"
        "try: p.figure\n"
        "except fr.FrechetError as e: print(e.diagnostic.code, e.diagnostic.help)"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "right angles" in out and "E506" in out and "pip install" in out
