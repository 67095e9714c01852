"""The documentation says what is so: its Python examples, its console examples and its generated pages."""

from __future__ import annotations

import doctest
import fnmatch
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from frechet.ops import REGISTRY
from tests.laws.instance import instances
from tests.laws.laws import LAWS, example_reproduces

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    return [body for name, body in FENCE.findall(page.read_text()) if name == language]


@pytest.fixture(autouse=True)
def _registry_as_it_was() -> Iterator[None]:
    """An example may declare an operation; the next test must not see it."""
    before = dict(REGISTRY)
    yield
    REGISTRY.clear()
    REGISTRY.update(before)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_examples_give_what_they_show(page: Path) -> None:
    source = "\n".join(blocks(page, "python"))
    test = doctest.DocTestParser().get_doctest(source, {}, page.name, str(page), 0)
    report: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=report.append)
    assert not report, "".join(report)


def console_examples(page: Path) -> Iterator[tuple[str, str]]:
    """Each `$ frechet ...` of a page with the output shown under it."""
    for block in blocks(page, "console"):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            if command.startswith("frechet "):
                yield command, output


EXAMPLES = [(page.name, *example) for page in PAGES for example in console_examples(page)]


@pytest.mark.parametrize(("page", "command", "output"), EXAMPLES)
def test_console_examples_give_what_they_show(page: str, command: str, output: str) -> None:
    words = shlex.split(command.partition("#")[0])
    frechet = Path(sys.executable).with_name("frechet")
    run = subprocess.run([str(frechet), *words[1:]], capture_output=True, text=True, cwd=ROOT)
    got = [line.rstrip() for line in (run.stdout + run.stderr).rstrip().splitlines()]
    wanted = [line.rstrip() for line in output.rstrip().splitlines()]
    assert len(got) == len(wanted), "\n".join(got)
    for line, pattern in zip(got, wanted, strict=True):
        assert fnmatch.fnmatchcase(line, re.sub(r"([*?[])", r"[\1]", pattern).replace("...", "*")), line


def test_generated_pages_are_up_to_date() -> None:
    assert subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT).returncode == 0, (
        "run: python docs/generate.py"
    )


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {link}"
        for page in PAGES
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert not broken


def test_an_operation_added_live_obeys_every_law_with_no_edit() -> None:
    page = ROOT / "docs" / "add-an-operation.md"
    source = doctest.script_from_examples(blocks(page, "python")[0])
    exec(source, {})
    record = REGISTRY["logcosh"]
    example_reproduces(record)
    for one in instances(record):
        for law in LAWS:
            law(one)
