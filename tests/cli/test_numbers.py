"""`frechet numeric` and `frechet check-code`, called as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from frechet.cli import main

MODEL = """
import numpy as np

x0 = np.array([1.0, 2.0, 3.0])


def loss(x):
    return np.sum(x**3)


def grad(x):
    return 3 * x**2


def bad(x):
    return np.array([3, -3, 3]) * x**2
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.py"
    path.write_text(MODEL)
    return path


def test_the_gradient_of_a_formula_at_a_point(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["numeric", "norm2(x)^2", "--at", "x=1,2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["x"]
    assert found["ok"]
    assert found["value"] == pytest.approx([2, 4])


def test_a_kink_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["numeric", "sum(abs(x))", "--at", "x=0,1"]) == 3
    assert "kink" in capsys.readouterr().out


@pytest.mark.parametrize("at", ["y=1", "x=a", "x"])
def test_bad_points(at: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["numeric", "x'*x", "--at", at]) == 2
    assert "error[" in capsys.readouterr().err


def test_a_right_gradient_in_a_file(model: Path) -> None:
    assert main(["check-code", f"{model}:loss", f"{model}:grad"]) == 0


def test_a_wrong_gradient_in_a_file(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-code", f"{model}:loss", f"{model}:bad", "--at", "1,2,3"]) == 1
    assert "component 1" in capsys.readouterr().out


def test_a_name_that_is_not_there(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-code", f"{model}:loss", f"{model}:nope"]) == 2
    assert "E500" in capsys.readouterr().err


def test_values_say_what_is_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["numeric", "abs(x)", "--at", "x=0"]) == 3
    assert "no derivative: kink" in capsys.readouterr().out
    assert main(["numeric", "x'*A*x", "--at", "x=[0,1]", "--at", "A=[[1,2],[3,4]]", "--wrt", "x"]) == 0
    assert "[5. 8.]" in capsys.readouterr().out
