"""The command line: what it prints, where, and how it ends."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from frechet.cli import main, pages, show
from frechet.core.errors import CODES

CHECKED = "checked   6 points, 2 sets of sizes, random directions; max relative error "


def run(capsys: Any, command: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    code = main(shlex.split(command))
    out, err = capsys.readouterr()
    return code, out, err


def test_the_gradient_of_the_front_page(capsys: Any) -> None:
    code, out, err = run(capsys, 'diff "norm2(X*w - y)^2" --wrt w')
    lines = out.splitlines()
    assert code == 0 and not err
    assert lines[0] == "read as   f = ||X w - y||^2    X in R^(m x n)   w in R^n   y in R^m"
    assert lines[1] == "gradient  2*X'*(X*w - y)       n, same shape as w"
    assert lines[2].startswith(CHECKED) and lines[2].endswith("(seed 0)")


def test_mathematics_on_a_terminal_that_can(capsys: Any) -> None:
    _, out, _ = run(capsys, 'diff "norm2(X*w - y)^2" --wrt w --unicode')
    assert out.splitlines()[0] == "read as   f = ‖X w − y‖²    X ∈ ℝᵐˣⁿ   w ∈ ℝⁿ   y ∈ ℝᵐ"


@pytest.mark.parametrize(("command", "label", "answer", "note"), [
    ("\"x'*A*x\" --wrt x --wrt x", "hessian", "A", "n x n"),
    ("'A*x' --wrt x", "jacobian", "A", "m x n, numerator layout"),
    ("'A*x' --wrt x --layout denominator", "jacobian", "A'", "n x m, denominator layout"),
    ("\"a'*X*b\" --wrt X --kind jacobian", "jacobian", "b*a'", "n x m, numerator layout"),
    ("'A*X*C' --wrt X --form operator", "jacobian", "dX -> A*dX*C", "a linear map; its value is m x l"),
    ("'A*X*C' --wrt X --kind differential", "map", "dX -> A*dX*C", "a linear map; its value is m x l"),
    ("'A*X*C' --wrt X --form kronecker", "jacobian", "kron(C', A)", "d vec(F)/d vec(X)', column-major"),
    ("\"x'*A*y\" --wrt x --wrt y", "result", "A", "m x n"),
    ("\"-theta'*x\" --wrt x", "gradient", "-theta", "n, same shape as x"),
    ("'c^3' --wrt c", "gradient", "3*c^2", "scalar, same shape as c"),
])  # fmt: skip
def test_answers(capsys: Any, command: str, label: str, answer: str, note: str) -> None:
    code, out, _ = run(capsys, f"diff {command}")
    line = out.splitlines()[1]
    assert code == 0
    assert line.startswith(f"{label:<10}") and answer in line and line.endswith(note)


def test_declarations_reach_the_engine(capsys: Any) -> None:
    _, out, _ = run(capsys, 'diff "x\'*A*x" --wrt x --var A:n,n --var x:n --fact A:symmetric --json')
    data = json.loads(out)
    assert data["result"] == "2*A*x"
    assert data["variables"] == {"A": ["n", "n"], "x": ["n"]}
    _, out, _ = run(capsys, 'diff "sum(log(x))" --wrt x --domain x:positive --var x:n --sizes "n>4" --seed 7 --json')
    data = json.loads(out)
    assert data["verification"]["seed"] == 7 and data["verification"]["status"] == "checked"
    assert all(sizes["n"] > 4 for sizes in data["verification"]["sizes"])


def test_json_has_every_form(capsys: Any) -> None:
    code, out, err = run(capsys, "diff 'A*X*C' --wrt X --json")
    data = json.loads(out)
    assert code == 0 and not err
    assert data["text"] is None and data["operator_form"] == "dX -> A*dX*C" and data["kronecker_form"] == "kron(C', A)"
    assert {"index_form", "latex", "shape", "conditions", "layout", "kind", "wrt", "input"} <= set(data)


def test_latex_is_alone_on_stdout(capsys: Any) -> None:
    code, out, err = run(capsys, "diff 'norm2(x)^2' --wrt x --latex")
    assert (code, out) == (0, "2 x\n")
    assert err.startswith("checked")


def test_conditions_are_said(capsys: Any) -> None:
    _, out, _ = run(capsys, "diff 'sum(abs(x))' --wrt x")
    assert "where     x != 0 in every entry" in out.splitlines()


def test_code_is_alone_on_stdout_and_runs(capsys: Any) -> None:
    code, out, err = run(capsys, 'code "sum(log(1+exp(-y.*(X*w))))" --wrt w --to numpy')
    scope: dict[str, Any] = {}
    exec(out, scope)
    assert code == 0 and err.startswith("checked") and callable(scope["gradient"])
    _, out, _ = run(capsys, "code 'sum(exp(x))' --wrt x --to numpy --json")
    assert "np.exp(x)" in json.loads(out)["code"]


def test_several_results_in_one_function(capsys: Any) -> None:
    wanted = 'code "norm2(T - U*V\')^2" --wrt U --wrt V --want value_and_gradient'
    code, out, err = run(capsys, f"{wanted} --to julia")
    assert code == 0 and "return value, gradient_U, gradient_V" in out and err.startswith("checked")
    assert "import torch" in json.loads(run(capsys, f"{wanted} --to torch --json")[1])["code"]
    for other in ("--to latex", "--layout denominator"):
        assert run(capsys, f"{wanted} {other}")[0] == 2
    code, _, err = run(capsys, 'code "x\'*x" --wrt x --want everything')
    assert code == 2 and "value_and_gradient" in err


def test_standard_input_and_files(capsys: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(" x'*x\n"))
    assert "2*x" in run(capsys, "diff - --wrt x")[1]
    file = tmp_path / "formula.txt"
    file.write_text("sum(x.^3)\n")
    assert "3*x.^2" in run(capsys, f"diff @{file} --wrt x")[1]
    code, out, err = run(capsys, f"diff @{tmp_path}/missing --wrt x")
    assert code == 2 and not out and "No such file" in err


@pytest.mark.parametrize("command", [
    "diff \"x'*\" --wrt x", "diff \"x'*x\" --wrt z", "diff \"x'*x\" --wrt x --var x:n,n,n", "diff \"x'*x\"",
    "diff \"x'*x\" --wrt x --fact x", "diff \"x'*x\" --wrt x --domain x:nice", "diff \"x'*x\" --wrt x --form odd",
    "diff \"x'*x\" --wrt x --var :n", "nonsense", "explain E999", "diff \"x'*x\" --wrt x --sizes n",
    "diff 'A*x' --wrt x --kind gradient", "diff \"x'*x\" --wrt x --wrt x --kind gradient", "diff @/ --wrt x",
])  # fmt: skip
def test_bad_input_ends_with_2_and_says_so_on_stderr(capsys: Any, command: str) -> None:
    code, out, err = run(capsys, command)
    assert code == 2 and not out and err.strip()
    assert "Traceback" not in err


def test_errors_as_json(capsys: Any) -> None:
    code, out, err = run(capsys, 'diff "x\'*" --wrt x --json')
    error = json.loads(out)["error"]
    assert code == 2 and not err
    assert error["code"] == "E102" and error["source"] == "x'*" and error["span"]


def test_what_could_not_be_checked_is_said_and_ends_with_3_under_strict(capsys: Any) -> None:
    command = 'diff "log(-x\'*x)" --wrt x'
    code, out, _ = run(capsys, command)
    assert code == 0 and "unchecked  No point" in out
    assert run(capsys, f"{command} --strict")[0] == 3
    assert run(capsys, 'diff "x\'*x" --wrt x --no-verify --strict')[0] == 3
    assert run(capsys, 'diff "x\'*x" --wrt x --strict')[0] == 0


def test_a_mistake_of_frechet_is_no_traceback(capsys: Any, monkeypatch: Any) -> None:
    def broken(*args: Any, **options: Any) -> Any:
        raise RuntimeError("oh")

    monkeypatch.setattr("frechet.cli.app.fr.parse", broken, raising=False)
    code, out, err = run(capsys, 'diff "x\'*x" --wrt x')
    assert code == 2 and not out and "RuntimeError: oh" in err and "FRECHET_DEBUG" in err


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_explained(capsys: Any, code: str) -> None:
    status, out, _ = run(capsys, f"explain {code.lower()}")
    assert status == 0
    assert out.startswith(f"{code}  {CODES[code]}")


@pytest.mark.parametrize("code", sorted(pages.EXAMPLES))
def test_every_example_shows_its_error_and_is_mended_by_the_other(capsys: Any, code: str) -> None:
    wrong, right = pages.EXAMPLES[code]
    status, _, err = run(capsys, wrong)
    assert status == 2 and f"error[{code}]" in err
    status, out, err = run(capsys, right)
    assert status == 0 and "checked" in out and not err


def test_the_demo_shows_checked_answers(capsys: Any) -> None:
    code, out, _ = run(capsys, "demo")
    assert code == 0
    assert out.count("checked   6 points") == 3 and "def gradient(" in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(capsys: Any, shell: str) -> None:
    code, out, _ = run(capsys, f"completion {shell}")
    assert code == 0 and "_FRECHET_COMPLETE" in out


def test_completion_of_words() -> None:
    command = "import frechet.cli; frechet.cli.main()"
    asked = {"_FRECHET_COMPLETE": "bash_complete", "COMP_WORDS": "frechet explain E30", "COMP_CWORD": "2"}
    out = subprocess.run([sys.executable, "-c", f"import sys; sys.argv=['frechet']; {command}"], env=asked,
                         capture_output=True, text=True).stdout  # fmt: skip
    assert "plain,E300" in out.splitlines()


@pytest.mark.parametrize(("text", "ascii"), [
    ("‖X w − y‖²", "||X w - y||^2"), ("x⊙³", "x.^3"), ("S⁻¹", "S^-1"), ("2 Xᵀ μ", "2 X' mu"), ("Σ₁", "Sigma1"),
    ("∂", None),
])  # fmt: skip
def test_ascii_spelling(text: str, ascii: str | None) -> None:
    assert show.to_ascii(text) == ascii


def test_a_long_answer_puts_its_remark_on_the_next_line() -> None:
    long = "x" * 80
    assert show.table([("gradient", (long, "n"))]) == ["gradient  " + long, "          n"]


def test_a_reader_that_stops_early_is_no_error() -> None:
    command = f'{sys.executable} -c "from frechet.cli import main; raise SystemExit(main())" demo | head -n 1'
    run = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True)
    assert run.stdout.startswith("# Least squares") and not run.stderr


@pytest.mark.parametrize("command, answer", [
    (r"diff '\|Xw - y\|_2^2 + \lambda w^\top w' --wrt w", "2*(X'*(X*w - y) + lambda*w)"),
    ("diff \"w^Tw\" --from latex --wrt w", "2*w"),
    ("diff 'np.sum((X @ w)**2)' --from python --var X:m,n --var w:n --wrt w", "2*X'*X*w"),
])  # fmt: skip
def test_other_languages(capsys: Any, command: str, answer: str) -> None:
    """LaTeX is known by its commands; Python is asked for and has to be told the sizes."""
    code, out, err = run(capsys, command)
    assert (code, err) == (0, "") and f"gradient  {answer} " in out


def test_other_readings_of_latex_are_shown(capsys: Any) -> None:
    assert "or as     specnorm(A*X - B)^2" in run(capsys, r"diff '\|AX - B\|^2' --wrt X")[1]


@pytest.mark.parametrize("command, help_", [
    ("diff 'norm2(Ax - b)' --wrt x", "Ax is one name here; write A*x for a product."),
    (r"diff 'A\b' --wrt A", "solve(A, b)"),
    ("diff 'x @ x' --from python --wrt x", "--var"),
    ("at 'x^2*y' --at x=1", "Add --at y=..."),
    ("numeric 'x^2*y' --at x=1", "Add --at y=..."),
    ("from-code nowhere.py:f --wrt w", "nowhere.py"),
    ("diff 'f(x)' --wrt x", "A product is written f*(...)."),
])  # fmt: skip
def test_a_refusal_says_what_to_type(capsys: Any, command: str, help_: str) -> None:
    code, out, err = run(capsys, command)
    assert code == 2 and not out and help_ in err


def test_each_condition_is_said_once(capsys: Any) -> None:
    assert run(capsys, "diff 'A^-1' --wrt A")[1].count("det(A) != 0") == 1


def test_a_derivation_says_where_its_answer_holds(capsys: Any) -> None:
    _, out, err = run(capsys, "diff 'logdet(X)' --wrt X --steps")
    assert "Every step is proved." in out and "where     det(X) != 0" in err


def test_an_example_is_shown_indented_and_a_rule_found_by_its_short_name(capsys: Any) -> None:
    assert "\n  read as   f = A x + y" in run(capsys, "explain E300")[1]
    assert run(capsys, "explain Chain")[1] == run(capsys, "explain R-chain")[1]


@pytest.mark.parametrize("command", ["at", "check", "check-code", "code", "diff", "equal", "explain", "from-code",
                                     "numeric", "plot"])  # fmt: skip
def test_every_help_has_an_example(capsys: Any, command: str) -> None:
    out = run(capsys, f"{command} --help")[1]
    assert out.count(f" frechet {command} ") > 1  # once in the usage
