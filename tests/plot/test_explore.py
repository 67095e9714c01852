"""The interactive picture: what Python computes, the widget that carries it, and the drawing."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.plot.explore import Scene

FORMULA, POINT = "x1^2 + exp(x1*x2) + c*log(x2)", {"x1": 1.0, "x2": 2.0, "c": 2.0}


def scene() -> Scene:
    return Scene(fr.local(FORMULA, POINT, ["x1", "x2"]))


def test_the_contour_lines_have_their_levels() -> None:
    pytest.importorskip("contourpy", reason='pip install "frechet[notebook]"')
    one = scene()
    ground = one.ground()
    x0, x1, y0, y1 = ground["window"]
    assert (x0 < 1 < x1, y0 < 2 < y1) == (True, True)
    assert ground["labels"] == ["x1", "x2"]
    assert len(ground["lines"]) >= 4
    spread = float(np.ptp([float(line["level"]) for line in ground["lines"]]))
    for line in ground["lines"]:
        values = one.local.values(np.array(line["points"]))[:, 0]
        assert np.abs(values - float(line["level"])).max() < 0.02 * spread


def test_the_state_follows_the_point() -> None:
    one = scene()
    one.move([0.5, 1.0])
    state = one.state()
    e = np.exp(0.5)
    assert state["gradient"] == pytest.approx([1 + e, 0.5 * e + 2])
    assert ("f", "1.8987") in state["rows"]
    assert "<math " in state["model"]
    H, g = one.local.hessian_matrix, one.local.gradient_flat
    assert state["newton"] == pytest.approx(np.linalg.solve(H, -g))


def test_a_constant_moves_the_lines() -> None:
    one = scene()
    assert one.constants == {"c": 2.0}
    one.set_constants({"c": 3.0})
    assert one.local.gradient_flat[1] == pytest.approx(np.exp(2) + 1.5)
    with pytest.raises(fr.FrechetError, match="not a scalar that is fixed"):
        one.set_constants({"x1": 3.0})


def test_a_point_outside_the_domain_is_refused_and_the_old_one_stays() -> None:
    one = scene()
    with pytest.raises(fr.FrechetError):
        one.move([0.5, -1.0])
    assert one.place == (1.0, 2.0)


def test_one_number_has_a_graph() -> None:
    one = Scene(fr.local("log(x)*a", {"x": 1.0, "a": 2.0}, "x"))
    ground = one.ground()
    assert ground["kind"] == "graph"
    (line,) = ground["lines"]
    x, y = np.array(line["points"]).T
    assert x.min() > 0, "broken off where the logarithm ends"
    assert y == pytest.approx(2 * np.log(x))
    assert one.state()["curvature"] == pytest.approx(-2)


def test_a_kink_is_said() -> None:
    one = Scene(fr.local("norm1(x)", {"x": [0.0, 1.0]}))
    state = one.state()
    assert state["gradient"] is None
    assert ("kind", "directional") in state["rows"]
    assert one.ground()["lines"]


def test_a_vector_cannot_be_explored() -> None:
    with pytest.raises(fr.FrechetError, match="needs a scalar function"):
        Scene(fr.local("exp(x)", {"x": [0.0, 1.0]}))


def made() -> Any:
    pytest.importorskip("anywidget", reason='pip install "frechet[notebook]"')
    return fr.explore(FORMULA, POINT, ["x1", "x2"])


def test_the_widget_answers() -> None:
    one = made()
    assert one.ranges == {"c": [-2.0, 6.0]}
    one.point = [0.5, 1.0]
    assert one.state["place"] == [0.5, 1.0]
    before = one.ground
    one.constants = {"c": 3.0}
    assert one.ground != before
    one.point = [0.5, -1.0]
    assert "no finite value" in one.message
    one.point = [0.6, 1.0]
    assert one.message == ""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node: https://nodejs.org")
@pytest.mark.parametrize("kind", ["graph", pytest.param("contour", marks=pytest.mark.slow)])
def test_the_drawing(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("anywidget", reason='pip install "frechet[notebook]"')
    one = made() if kind == "contour" else fr.explore("sin(x)*exp(-a*x)", {"x": 1.0, "a": 0.5}, "x")
    keys = ("point", "constants", "ranges", "title", "ground", "state", "message")
    (tmp_path / "state.json").write_text(json.dumps({key: getattr(one, key) for key in keys}))
    (tmp_path / "explore.mjs").write_text(files("frechet.plot").joinpath("explore.js").read_text())
    stub = Path(__file__).with_name("explore.mjs")
    words = ["node", str(stub), str(tmp_path / "explore.mjs"), str(tmp_path / "state.json")]
    run = subprocess.run(words, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout)
    assert seen["lines"] == len(one.ground["lines"])
    assert len(seen["strokes"]) == (3 if kind == "contour" else 2)
    assert seen["knobs"] == 1
    assert seen["rows"] == len(one.state["rows"])
    assert set(seen["events"]) == {"change:ground", "change:state", "change:message"}
    x0, x1, y0, y1 = one.ground["window"]
    middle = [(x0 + x1) / 2, (y0 + y1) / 2][: len(one.point)]
    assert seen["dragged"] == pytest.approx(middle)
    assert seen["stepped"][0] == pytest.approx(middle[0] - (x1 - x0) / 50)
    assert list(seen["constants"].values()) == [1]
