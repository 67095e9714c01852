"""The class of smoothness at points where it is known."""

from __future__ import annotations

import numpy as np
import pytest

from frechet.numeric import differentiability
from tests.numeric.suite_points import points

POINTS = {f"{p.name} ({i})": p for i, p in enumerate(points())}


@pytest.mark.parametrize("name", POINTS)
def test_the_strongest_true_statement(name):
    p = POINTS[name]
    found = differentiability(p.f, p.x)
    assert found.kind == p.kind, found


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_seed_hardly_matters(seed):
    wrong = [p.name for p in POINTS.values() if differentiability(p.f, p.x, seed=seed).kind != p.kind]
    assert len(wrong) <= 4, wrong


def test_witness_and_scales():
    found = differentiability(np.linalg.norm, np.zeros(2))
    v = found.witness["direction"]
    t = 1e-6
    right, left = (np.linalg.norm(s * t * v) / t for s in (1, -1))
    assert found.witness["right"][0] == pytest.approx(right) and found.witness["left"][0] == pytest.approx(-left)
    assert found.scales[0] < 1e-9 < found.scales[1] and "cannot prove more" in found.message


def test_a_gateaux_witness_is_a_curve_on_which_the_linear_map_fails():
    f = next(p.f for p in POINTS.values() if p.name == "x^3 y/(x^6+y^2)")
    w = differentiability(f, np.zeros(2)).witness
    for t in (1e-2, 1e-4):
        step = t * w["u"] + w["factor"] * t ** w["power"] * w["w"]
        assert abs(f(step)) > 0.1 * np.linalg.norm(step)


def test_an_exception_at_the_point_comes_through():
    with pytest.raises(ZeroDivisionError):
        differentiability(lambda t: 1 / t, 0.0)
