"""`frechet diff --steps` and `frechet explain R-...`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from frechet.cli import main


def run(capsys: Any, *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_steps_are_shown_line_by_line(capsys: Any) -> None:
    code, out, err = run(capsys, "diff", "norm2(X*w - y)^2", "--wrt", "w", "--steps", "--level", "full")
    assert code == 0 and "checked" in err and "\x1b" not in out
    assert [line.split("  ")[0] for line in out.splitlines() if "=" in line][-1].endswith("gradient = 2*X'*(X*w - y)")
    assert "sum rule" in out and "Every step is proved." in out


@pytest.mark.parametrize("style", ["chain rule", "differential"])
def test_steps_as_json_and_latex(capsys: Any, style: str) -> None:
    code, out, _ = run(capsys, "diff", "norm2(x)^4", "--wrt", "x", "--steps", "--style", style, "--json")
    assert code == 0 and json.loads(out)["style"] == style and json.loads(out)["proved"] is True
    code, out, _ = run(capsys, "diff", "norm2(x)^4", "--wrt", "x", "--steps", "--style", style, "--latex")
    assert code == 0 and out.startswith("\\begin{align*}")


def test_a_style_that_does_not_fit_is_bad_input(capsys: Any) -> None:
    code, out, err = run(capsys, "diff", "norm2(x)^2", "--wrt", "x", "--steps", "--style", "definition")
    assert code == 2 and not out and "E505" in err


def test_rules_have_pages(capsys: Any) -> None:
    code, out, _ = run(capsys, "explain", "R-trace-cyclic")
    assert code == 0 and "tr(A*B) = tr(B*A)" in out
    code, out, _ = run(capsys, "explain", "r-inv", "--json")
    assert code == 0 and json.loads(out)["law"] == "d(inv(U)) = -inv(U)*dU*inv(U)"
    code, _, err = run(capsys, "explain", "R-trace-cyclik")
    assert code == 2 and "R-trace-cyclic" in err
