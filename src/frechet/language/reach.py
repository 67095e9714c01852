"""How far a formula reaches: x[5] and x[2:5] need five entries of x, kth(x, k) at least k of them.

Where a size has a name it is known only with the arrays. NumPy takes x[2:5] of three entries for x[2:3] without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from frechet.core.dims import Size, size_value
from frechet.core.errors import problem
from frechet.language.tree import Tree, subtrees

RANKED = ("kth", "atkth")


def check_reach(tree: Tree, sizes: Mapping[str, int], values: Mapping[str, Any], source: str = "") -> None:
    """Raises E302 where an entry that the formula names does not exist in arrays of these sizes; `values` has the
    arrays by name, for ranks that are variables (those that it does not have are not looked at)."""
    for part in subtrees(tree):
        for side, place in _places(part, values):
            there = size_value(side, sizes)
            if not 1 <= place <= there:
                what = f"There is no entry {place:g}" if part.kind == "index" else f"No entry has the rank {place:g}"
                raise problem("E302", f"{what}: there are {there} here.", part.span, source=source)


def least_sizes(tree: Tree, source: str = "") -> dict[str, tuple[int, str]]:
    """For each size with a name that the formula asks something of: how many entries there must be, and where it says
    so, x[2:5]. For code, which does not look at the formula when it runs."""
    found: dict[str, tuple[int, str]] = {}
    for part in subtrees(tree):
        for side, place in _places(part, {}):
            dim = side[0] if len(side) == 1 else 1
            if isinstance(dim, str) and place > max(1, found.get(dim, (0, ""))[0]):
                said = " ".join(source[part.span.start : part.span.end].split()) if part.span else ""
                found[dim] = int(place), said or f"entry {place:g}"
    return found


def ranks(tree: Tree) -> set[str]:
    """The variables that are ranks: k of kth(x, k)."""
    asked = (t.args[1] for t in subtrees(tree) if t.kind == "call" and t.name in RANKED)
    return {k.name for k in asked if k.kind == "name"}


def _places(part: Tree, values: Mapping[str, Any]) -> Iterator[tuple[Size, float]]:
    """The last entry that is named along each side of what is taken apart."""
    if part.kind == "index":
        shape = part.args[0].typed
        sides = list(shape) if len(part.value) == 2 else [next((s for s in shape if s), ())]
        for side, place in zip(sides, part.value, strict=True):
            if place is not None:
                yield side, place[1] if isinstance(place, tuple) else place
    elif part.kind == "call" and part.name in RANKED:
        rank = part.args[1]
        side = next((s for s in part.args[0].typed if s), ())
        if rank.kind == "name" and rank.name in values:
            yield side, float(values[rank.name])
        elif rank.kind == "number":
            yield side, float(rank.value)
        elif rank.kind == "neg" and rank.args[0].kind == "number":
            yield side, -float(rank.args[0].value)
