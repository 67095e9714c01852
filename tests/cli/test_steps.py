"""`frechet diff --steps` and `frechet explain R-...`."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

import frechet as fr
from frechet.cli import main
from frechet.cli.steps import in_terminal


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


@pytest.mark.parametrize(("form", "sign"), [("markdown", "$$"), ("latex", "\\begin{align*}"), ("html", "<math>"),
                                            ("json", '"proved": true'), ("text", "Every step is proved.")])  # fmt: skip
def test_steps_in_every_format(capsys: Any, form: str, sign: str) -> None:
    code, out, err = run(capsys, "diff", "norm2(X*w - y)^2", "--wrt", "w", "--format", form)
    assert code == 0 and sign in out and "checked" in err


@pytest.mark.parametrize(("style", "words"), [("chain", "inner function"), ("entries", "written in components")])
def test_a_style_asks_for_the_steps_and_has_a_short_name(capsys: Any, style: str, words: str) -> None:
    code, out, _ = run(capsys, "diff", "x'*A*x", "--wrt", "x", "--style", style)
    assert code == 0 and words in out


def test_hints_do_not_show_the_lines(capsys: Any) -> None:
    code, out, _ = run(capsys, "diff", "norm2(X*w - y)^2", "--wrt", "w", "--hints", "--level", "full")
    assert code == 0 and out.startswith("1. Use the rule: squared norm.") and "X*dw" not in out.split("2.")[0]


def test_in_a_terminal_the_changed_part_is_coloured_and_underlined() -> None:
    d = fr.parse("norm2(X*w - y)^2").gradient("w", verify=False).steps("full")
    shown = io.StringIO()
    in_terminal(d, Console(file=shown, force_terminal=True, width=100, color_system="standard"), pretty=False)
    assert "\x1b[4;36mX*dw\x1b[0m" in shown.getvalue() and "Every step is proved." in shown.getvalue()


def test_the_rule_book_is_listed_by_chapter(capsys: Any) -> None:
    code, out, _ = run(capsys, "explain")
    assert code == 0 and "R-trace-cyclic" in out and "R-limit-exp" in out and "identities" in out
    code, out, _ = run(capsys, "explain", "--json")
    assert code == 0 and {r["rule"] for r in json.loads(out)["limits"]} > {"R-limit", "R-limit-sin"}


def test_rules_have_pages(capsys: Any) -> None:
    code, out, _ = run(capsys, "explain", "R-trace-cyclic")
    assert code == 0 and "tr(A*B) = tr(B*A)" in out
    code, out, _ = run(capsys, "explain", "r-inv", "--json")
    assert code == 0 and json.loads(out)["law"] == "d(inv(U)) = -inv(U)*dU*inv(U)"
    code, _, err = run(capsys, "explain", "R-trace-cyclik")
    assert code == 2 and "R-trace-cyclic" in err
