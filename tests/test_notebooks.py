"""The tutorial notebooks: they are stored without outputs, every cell runs, and what they claim is so."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

BOOKS = sorted((Path(__file__).resolve().parents[1] / "docs" / "notebooks").glob("*.ipynb"))
EXTRA = 'pip install "frechet[dev]"'


def cells(book: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(book.read_text())["cells"]
    return found


def run(source: str, names: dict[str, Any]) -> Any:
    """The value of the last expression of a cell, as a notebook shows it; None if there is none."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if isinstance(last, ast.Expr) else None


def test_there_is_one_for_each_set_of_notes() -> None:
    assert [book.stem[0] for book in BOOKS] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_notebooks_are_stored_without_outputs(book: Path) -> None:
    for cell in cells(book):
        assert cell["cell_type"] == "markdown" or (cell["outputs"] == [] and cell["execution_count"] is None)


# One runs in every test run, all of them in the long one.
SOME = [pytest.param(book, id=book.stem, marks=[] if book.stem[0] == "4" else pytest.mark.slow) for book in BOOKS]


@pytest.mark.parametrize("book", SOME)
def test_every_cell_runs_and_every_check_in_it_is_true(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason='pip install "frechet[plot]"')
    names: dict[str, Any] = {"__name__": "__main__"}
    checks = 0
    for cell in cells(book):
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        if "fr.explore(" in source:
            pytest.importorskip("anywidget", reason='pip install "frechet[notebook]"')
        value = run(source, names)
        if isinstance(value, bool):
            assert value, source
            checks += 1
        elif hasattr(value, "card"):
            assert value._repr_mimebundle_()["text/html"].startswith("<div")
    assert checks >= 2, "a tutorial checks what it says"


@pytest.mark.slow
@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_notebooks_run_in_jupyter(book: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason=EXTRA)
    nbclient = pytest.importorskip("nbclient", reason=EXTRA)
    pytest.importorskip("ipykernel", reason=EXTRA)
    read = nbformat.read(book, as_version=4)
    nbformat.validate(read)
    done = nbclient.NotebookClient(read, timeout=300, kernel_name="python3").execute()
    kinds: set[str] = set()
    for cell in done.cells:
        for output in cell.get("outputs", []):
            assert output["output_type"] != "error"
            kinds |= set(output.get("data", {}))
    assert "text/html" in kinds
