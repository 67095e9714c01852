"""Good names for inferred sizes: m x n for the first matrix, n for the first vector, then k, l, p, q."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from frechet.language.rules import Typing
from frechet.language.unify import Free, Term

_LETTERS = ("n", "m", "k", "l", "p", "q", "r", "s", "t")


def name_sizes(typing: Typing) -> None:
    """Give every unknown size of a variable a name that nothing else has."""
    taken = {*typing.variables, *typing.size_names, *typing.plan.names}
    names = _names(taken)
    order = list(typing.variables.values())
    first = next((t for t in order if _lone(typing, t.rows) and _lone(typing, t.cols) and not
                  _same(typing, t.rows, t.cols)), None)  # fmt: skip
    if first is not None and not {"m", "n"} & taken:
        for side, name in ((first.rows, "m"), (first.cols, "n")):
            _unknown(typing, side)[0].name = name
        taken |= {"m", "n"}
    for t in order:
        for side in (t.rows, t.cols):
            for free in _unknown(typing, side):
                if not free.name:
                    free.name = next(names)


def _unknown(typing: Typing, side: Term) -> list[Free]:
    return [a for a in typing.sizes.flat(side) if isinstance(a, Free) and a.open]


def _lone(typing: Typing, side: Term) -> bool:
    """One size and nothing else, not known yet."""
    return len(typing.sizes.flat(side)) == 1 and len(_unknown(typing, side)) == 1


def _names(taken: set[str]) -> Iterator[str]:
    """The names to give out; `taken` may grow meanwhile."""
    for i in count():
        for letter in _LETTERS:
            name = f"{letter}{i}" if i else letter
            if name not in taken:
                yield name


def _same(typing: Typing, a: Term, b: Term) -> bool:
    return typing.sizes.flat(a) == typing.sizes.flat(b)
