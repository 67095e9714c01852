"""What the command line calls: files, points, reports."""

from __future__ import annotations

import numpy as np
import pytest

from frechet.core.errors import FrechetError
from frechet.numeric import derivative, gradient
from frechet.numeric.commands import check_code, load, read_point, report

MODEL = """
import numpy as np
x0 = np.array([1.0, 2.0])
def loss(x): return x @ x
def grad(x): return 2 * x
def wrong(x): return -2 * x
"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(MODEL)
    return str(path)


def test_check_code(model):
    assert check_code(f"{model}:loss", f"{model}:grad")
    v = check_code(f"{model}:loss", f"{model}:wrong", at="3,4,5")
    assert v.how == "sign"


def test_what_is_missing_is_named(model):
    with pytest.raises(FrechetError, match=r"It has: .*grad"):
        load(f"{model}:gradient")
    with pytest.raises(FrechetError, match=r"model\.py:loss"):
        load("nowhere.py")


def test_points():
    assert read_point("3") == 3.0
    assert np.array_equal(read_point("1,2"), [1.0, 2.0])
    assert np.array_equal(read_point("1,2;3,4"), [[1.0, 2.0], [3.0, 4.0]])
    point = read_point("x=1,2 y=3")
    assert np.array_equal(point["x"], [1.0, 2.0]) and point["y"] == 3.0
    with pytest.raises(FrechetError, match="not a list of numbers"):
        read_point("1,two")


def test_reports():
    text = report(derivative(np.exp, 0.0))
    assert text.startswith("1 +- ") and "evaluations" in text
    assert "no derivative: kink" in report(derivative(abs, 0.0))
    assert "W: [" in report(gradient(lambda p: np.sum(p["W"] ** 2), {"W": np.ones(2)}))
