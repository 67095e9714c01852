"""Whatever is typed, only a FrechetError comes back, soon."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frechet.core.errors import FrechetError
from frechet.language.declarations import declare
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text
from frechet.language.tree import Tree
from frechet.notation.latex import to_latex
from frechet.notation.text import to_text
from frechet.notation.unicode import to_unicode
from frechet.ops.op import REGISTRY
from tests.language.trees import trees

GIVEN = declare({
    "x": ["n"], "y": ["m"], "A": ["m", "n"], "S": ["n", "n"], "a": [],
    "u": [12], "P": [3, 4], "Q": [1, 3],
})  # fmt: skip
PIECES = [
    *"xyASaunmq+-*/^'()[],;:=@#\u2032\"\\", "1", "2.5", "1e3", "1e999", ".*", "./", ".^", ".+", ".-", "where ", "->",
    "dA", "==", "[1]", "[:,1]", *(f"{name}(" for name in REGISTRY), *REGISTRY,
]  # fmt: skip
ERRORS = [json.loads(line) for line in (Path(__file__).parents[1] / "cases/errors.jsonl").read_text().splitlines()]


def sides(tree: Tree) -> list[tuple[int, list[str]]]:
    """Rows and columns; how an integer size is cut into factors does not count: [x, x; x, x]*x finds 2*2 or 4."""
    numbers = [math.prod(d for d in side if isinstance(d, int)) for side in tree.typed]
    return [(number, [d for d in side if isinstance(d, str)]) for number, side in zip(numbers, tree.typed, strict=True)]


def tried(source: str) -> str:
    """The code of the refusal, "" if it was accepted; what is accepted prints and reads back with the same shape."""
    code = ""
    for infer in (False, True):
        try:
            tree, resolved = elaborate(parse_text(source), declare() if infer else GIVEN, infer=infer, source=source)
            again, _ = elaborate(parse_text(to_text(tree)), resolved)
            assert sides(again) == sides(tree)
            assert to_latex(tree)
            assert to_unicode(tree)
        except FrechetError as error:
            code = error.diagnostic.code
            assert error.diagnostic.render()
            json.dumps(error.diagnostic.to_json())
    return code


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_random_signs(pieces: list[str]) -> None:
    tried("".join(pieces))


@given(st.text(max_size=20))
def test_random_characters(text: str) -> None:
    tried(text)


@given(trees())
def test_random_trees(tree: Tree) -> None:
    tried(to_text(tree))


@pytest.mark.parametrize("case", ERRORS, ids=[c["id"] for c in ERRORS])
def test_error_suite(case: dict[str, object]) -> None:
    """The bad inputs of the suite that the language itself can see are refused, all of them within a second."""
    began = time.perf_counter()
    try:
        given = declare(case["vars"], case.get("props"))  # type: ignore[arg-type]
        elaborate(parse_text(str(case["expr"])), given, source=str(case["expr"]))
        code = ""
    except FrechetError as error:
        code = error.diagnostic.code
    assert time.perf_counter() - began < 1
    tags = case["tags"]
    assert isinstance(tags, list)
    about_request = "wrt" in tags or case["outcome"] == "error-or-correct"
    assert code or about_request
