"""`frechet check`, `frechet equal`, `frechet from-code`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from frechet.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (("check", "x'*A*x", "--wrt", "x", "(A+A')*x"), 0, "right (proved)"),
    (("check", "x'*A*x", "--wrt", "x", "2*A*x"), 1, "right if A is symmetric, wrong in general"),
    (("check", "x'*A*x", "--wrt", "x", "2*A*x", "--fact", "A:symmetric"), 0, "right (proved)"),
    (("check", "logdet(X)", "--wrt", "X", "inv(X)"), 0, "right up to layout"),
    (("check", "norm2(A*x+b)^2", "--wrt", "x", "2*A'*A*x+A'*b"), 1, "^^^^"),
    (("check", r"\nabla_w \|Xw-y\|^2 = 2X^\top(Xw-y)"), 0, "read as"),
    (("check", r"\|Ax+b\|^2", "--wrt", "x", r"2A^\top(Ax+b)", "--from", "latex"), 0, "right (proved)"),
    (("check", "x'*A*x", "--wrt", "x", "--wrt", "x", "A+A'"), 0, "right"),
    (("check", "inv(X)", "--wrt", "X", "-inv(X)*dX*inv(X)", "--kind", "differential"), 0, "right"),
    (("equal", "norm2(X*w-y)^2", "sum((y-X*w).^2)"), 0, "right (proved)"),
    (("equal", "norm2(X*w-y)", "sum((y-X*w).^2)"), 1, "wrong"),
    (("equal", "log(-x'*x-1)*a", "log(-x'*x-1)*b", "--strict"), 3, "undecided"),
])  # fmt: skip
def test_verdicts(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, words: str) -> None:
    got, out, err = run(capsys, *arguments)
    assert (got, err) == (code, "")
    assert words in out


@pytest.mark.parametrize("arguments", [
    ("check", "x'*A*x", "--wrt", "x", "2*A*"), ("check", "x'*A*x", "--wrt", "x"), ("check", "x +"),
    ("equal", "x", "A b"),
    ("from-code", "model.py"), ("from-code", "nowhere.py:f", "--wrt", "w"),
])  # fmt: skip
def test_bad_input_is_said_without_a_traceback(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert "rror" in err
    assert "Traceback" not in err


def test_three_languages_mixed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The language of each formula is found by itself; names of code mean what the other formula says."""
    model = tmp_path / "model.py"
    model.write_text("import numpy as np\ndef loss(X, w, y):\n    return np.sum((X @ w - y) ** 2)\n")
    sizes = ("--var", "X:m,n", "--var", "w:n", "--var", "y:m")
    for arguments in (
        ("check", r"\|Xw-y\|^2", "--wrt", "w", "2*X.T @ (X @ w - y)"),
        ("check", "norm2(X*w-y)^2", "--wrt", "w", r"2X^\top(Xw-y)"),
        ("check", "np.sum((X @ w - y)**2)", "--wrt", "w", r"2X^\top(Xw-y)", *sizes),
        ("check", f"{model}:loss", "--wrt", "w", "2*X'*(X*w-y)", *sizes),
        ("equal", f"{model}:loss", r"\|Xw-y\|^2", *sizes),
    ):
        code, out, err = run(capsys, *arguments)
        assert (code, err) == (0, "")
        assert "read as" in out
    code, out, _ = run(capsys, "check", f"{model}:loss", "--wrt", "w", "X.T @ (X @ w - y)", *sizes)
    assert code == 1
    assert "factor 2 is missing" in out
    assert run(capsys, "check", "X @ w", "--wrt", "w", "X.T")[0] == 2


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "check", "norm2(A*x+b)^2", "--wrt", "x", "2*A'*A*x+A'*b", "--json")
    data = json.loads(out)
    assert code == 1
    assert (data["status"], data["causes"], data["offending"]) == ("wrong", ["factor"], "A'*b")
    code, out, _ = run(capsys, "equal", "x +", "x", "--json")
    assert code == 2
    assert json.loads(out)["error"]["code"] == "E102"


def test_a_source_file_is_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text("import numpy as np\nraise SystemExit\ndef loss(X, w, y):\n    return np.sum((X @ w - y)**2)\n")
    declared = ["--var", "X:m,n", "--var", "w:n", "--var", "y:m"]
    code, out, _ = run(capsys, "from-code", f"{path}:loss", "--wrt", "w", *declared)
    assert code == 0
    assert "2*X'*(X*w - y)" in out
    code, out, _ = run(capsys, "from-code", f"{path}:loss", "--wrt", "w", *declared, "--json")
    assert json.loads(out)["result"] == "2*X'*(X*w - y)"
