"""`frechet at`, called as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from frechet.cli import main
from frechet.cli.values import read_values
from frechet.core.errors import FrechetError

EXAMPLE = "x1^2 + exp(x1*x2) + 2*log(x2)"


def test_the_page_of_a_point(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["at", EXAMPLE, "--at", "x1=1", "--at", "x2=2"]) == 0
    page = capsys.readouterr().out
    for part in ("gradient    [16.7781, 8.38906]", "a saddle", "error grows as step^2.00", "Newton", "closed forms"):
        assert part in page


def test_numbers_in_the_order_of_the_variables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["at", EXAMPLE, "--at", "1,2"]) == 0
    assert "at          x1 = 1, x2 = 2" in capsys.readouterr().out


def test_everything_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["at", "x'*A*x", "--at", "x=[1,2]", "--at", "A=[1,2;3,4]", "--wrt", "x", "--json", "--order", "3"]
    assert main([*words, "--step", "x=0.1,0"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["gradient"] == [12, 21]
    assert data["hessian"] == [[2, 5], [5, 8]]
    assert data["models"][1]["closed_form"] == "x'*A*x + x'*(A + A')*dx + dx'*(A + A')*dx/2"
    assert data["models"][0]["error_slope"] == pytest.approx(2, abs=0.1)
    assert data["contributions"]["rows"] == [{"input": "x[1]", "derivative": 12, "step": 0.1,
                                              "part": pytest.approx(1.2)}]  # fmt: skip
    assert data["taylor"]["exact"]


def test_a_kink_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["at", "norm1(x)", "--at", "x=[0,1]", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["kind"] == "directional"
    assert not data["one_sided"]["linear"]


def test_the_value_of_a_hole(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["at", "x^3*y/(x^6 + y^2)", "--at", "0,0"]
    assert main(words) == 2
    assert "value=0" in capsys.readouterr().err
    assert main([*words, "--value", "0"]) == 0
    assert "Gateaux differentiable, not Frechet" in capsys.readouterr().out


def test_models_as_latex(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["at", "sin(x)", "--at", "x=0.5", "--latex"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == r"f(x + \mathrm{d}x) \approx \sin(x) + \cos(x) \, \mathrm{d}x"
    assert second.endswith(r"- \frac{\sin(x) \mathrm{d}x^2}{2}")


def test_values_from_files(tmp_path: Path) -> None:
    A, x = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0])
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "both.npz", A=A, x=x)
    np.savez(tmp_path / "one.npz", A=A)
    (tmp_path / "a.csv").write_text("p,q,r\n0,1,2\n3, 4, 5\n")
    (tmp_path / "column.csv").write_text("1\n2\n")
    found = read_values([f"{tmp_path}/both.npz"])
    assert found["A"].tolist() == A.tolist()
    for text, expected in (("x.npy", x), ("both.npz:A", A), ("one.npz", A), ("a.csv", A), ("column.csv", x)):
        assert read_values([f"v={tmp_path}/{text}"])["v"].tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("x=3", 3.0), ("x=[3]", [3.0]), ("x=1,2", [1, 2]), ("x=[1, 2]", [1, 2]), ("x=[1,2;3,4]", [[1, 2], [3, 4]]),
     ("x=[[1,2],[3,4]]", [[1, 2], [3, 4]]), ("x = -1e-3", -1e-3)],
)  # fmt: skip
def test_values_as_text(text: str, expected: object) -> None:
    assert np.asarray(read_values([text])["x"]).tolist() == expected


@pytest.mark.parametrize("text", ["x=", "x=a", "x=1,2;3", "1,2", "x", "x=no.npy", "no.npz", "x=no.csv", "x=a.npz:b"])
def test_values_that_cannot_be_read(text: str) -> None:
    with pytest.raises(FrechetError) as caught:
        read_values([text])
    assert caught.value.diagnostic.code in ("E100", "E104")


def test_files_that_are_not_what_they_say(tmp_path: Path) -> None:
    (tmp_path / "bad.npy").write_text("hello")
    (tmp_path / "bad.csv").write_text("1,2\n3\n")
    np.savez(tmp_path / "two.npz", a=1, b=2)
    for name in ("bad.npy", "bad.csv", "two.npz", "two.npz:c"):
        with pytest.raises(FrechetError):
            read_values([f"x={tmp_path}/{name}"])


@pytest.mark.parametrize(
    ("words", "code"),
    [(["sin(x)", "--at", "x=1", "--order", "30"], "E505"), (["sin(x)", "--at", "y=1"], "E500"),
     (["x*y", "--at", "x=1"], "E305"), (["log(x)", "--at", "x=-1"], "E400"), (["x'*A", "--at", "x=1,2"], "E305")],
)  # fmt: skip
def test_bad_input_is_told_as_json(words: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["at", *words, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_how_far_the_models_hold(capsys: pytest.CaptureFixture[str]) -> None:
    """|x^2 - linear| = dx^2: within 0.04 up to 0.2; the quadratic model is f itself."""
    assert main(["at", "x^2", "--at", "x=1", "--tolerance", "0.04"]) == 0
    page = capsys.readouterr().out
    assert "order 1: within 0.04 up to a step of length 0.2" in page
    assert "order 2: the error stays within 0.04" in page
    assert main(["at", "x^2", "--at", "x=1", "--tolerance", "0.04", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["radius"]["lengths"] == [pytest.approx(0.2), None]
    assert main(["at", "x^2", "--at", "x=1", "--tolerance", "-1"]) == 2
