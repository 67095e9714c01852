"""What a declaration may say, and how the rest is refused."""

from __future__ import annotations

from typing import Any

import pytest

from frechet.core.dims import Shape
from frechet.core.errors import FrechetError
from frechet.language.declarations import Constraint, check_relations, declare


def test_shapes_facts_domains_relations() -> None:
    given = declare({"X": ["m", "n"], "w": ["n"], "c": [], "K": ["m*n", 4], "S": ("n", "n")},
                    {"S": ["spd", "constant"], "c": "positive"}, {"w": "simplex"},
                    ["m>n", "3 <= n", "k=m"])  # fmt: skip
    assert given.variables["X"] == Shape(("m",), ("n",))
    assert given.variables["K"] == Shape(("m", "n"), (4,))
    assert given.variables["c"] == Shape()
    assert given.axes["K"] == ("m*n", 4)
    assert given.facts == {"S": frozenset({"spd", "constant"}), "c": frozenset({"positive"})}
    assert given.domain == {"w": "simplex"}
    assert given.constraints == (Constraint("m", ">", "n"), Constraint("n", ">=", 3), Constraint("k", "==", "m"))
    assert given.sizes == ("m", "n")


@pytest.mark.parametrize(
    ("words", "code", "help"),
    [
        ({"variables": {"x": None}}, "E201", "[]"), ({"variables": {"x": [""]}}, "E201", ""),
        ({"variables": {"x": [-1]}}, "E201", ""), ({"variables": {"x": [0]}}, "E201", ""),
        ({"variables": {"x": [2.5]}}, "E201", ""), ({"variables": {"x": [True]}}, "E201", ""),
        ({"variables": {"x": ["a", "b", "c"]}}, "E201", "two"), ({"variables": {"x": "n"}}, "E201", ""),
        ({"variables": {"x": ["n+1"]}}, "E201", ""), ({"variables": {"x": ["__import__('os')"]}}, "E201", ""),
        ({"variables": {"x": [10**30]}}, "E201", ""), ({"variables": {"x": ["n" * 1000]}}, "E201", ""),
        ({"variables": {"x": [["n"]]}}, "E201", ""), ({"variables": ["x"]}, "E201", "variables="),
        ({"variables": {"__import__('os')": []}}, "E202", ""), ({"variables": {"": []}}, "E202", ""),
        ({"variables": {"1x": []}}, "E202", ""), ({"variables": {"x y": []}}, "E202", ""),
        ({"variables": {3: []}}, "E202", ""),
        ({"variables": {"exp": ["n"]}}, "E202", ""), ({"variables": {"where": []}}, "E202", ""),
        ({"variables": {"\u03bb": []}}, "E202", ""), ({"variables": {"x" * 500: []}}, "E202", ""),
        ({"variables": {"S": ["n", "n"]}, "facts": {"S": ["symetric"]}}, "E203", "symmetric"),
        ({"variables": {"S": ["n", "n"]}, "facts": {"S": 3}}, "E203", ""),
        ({"variables": {"A": ["m", "n"]}, "facts": {"A": ["spd"]}}, "E203", "square"),
        ({"variables": {"x": ["n"]}, "domain": {"x": "orthogonal"}}, "E203", "square"),
        ({"variables": {"x": ["n"]}, "domain": {"x": "possitive"}}, "E203", "positive"),
        ({"variables": {"x": ["n"]}, "facts": {"y": ["constant"]}}, "E200", "x"),
        ({"variables": {"x": ["n"]}, "facts": ["constant"]}, "E201", ""),
        ({"sizes": ["m>>n"]}, "E201", ""), ({"sizes": [3]}, "E201", ""), ({"sizes": 3}, "E201", ""),
        ({"sizes": ["import os"]}, "E201", ""),
    ],
)  # fmt: skip
def test_refused(words: dict[str, Any], code: str, help: str) -> None:
    with pytest.raises(FrechetError) as caught:
        declare(**words)
    found = caught.value.diagnostic
    assert found.code == code, found.render()
    assert help in found.message + found.help
    assert len(found.render()) < 600


@pytest.mark.parametrize("sizes", [["m>n", "n>m"], ["m>n", "n>=m"], ["m>n", "n>2", "m<=3"], ["m=n", "n>m"], ["m<1"]])
def test_sizes_that_cannot_be(sizes: list[str]) -> None:
    given = declare({"A": ["m", "n"]}, sizes=sizes)
    with pytest.raises(FrechetError, match="No sizes obey") as caught:
        check_relations(given)
    assert caught.value.diagnostic.code == "E201"


@pytest.mark.parametrize("sizes", [["m>=n", "n>=m"], ["m>n", "n>=2"], ["m=n", "n=3"], ["m>1", "m<3"]])
def test_sizes_that_can_be(sizes: list[str]) -> None:
    check_relations(declare({"A": ["m", "n"]}, sizes=sizes))
