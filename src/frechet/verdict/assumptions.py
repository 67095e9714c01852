"""Facts under which a claim that is wrong in general is right: the weakest and fewest of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

from frechet.core.errors import FrechetError
from frechet.equality.decide import Decision
from frechet.language.declarations import Declarations

Assumption = tuple[str, tuple[str, ...]]
# What a square matrix may be, weakest first; spd stands for what needs more than symmetry.
_MATRIX = ("symmetric", "orthogonal", "idempotent", "spd", "diagonal")
MAX_TRIALS = 60


def candidates(known: Declarations) -> Iterator[tuple[Assumption, ...]]:
    """Sets of assumptions, fewest and weakest first."""
    square = [n for n, s in known.variables.items() if s.is_matrix and s.rows == s.cols]
    vectors = [n for n, s in known.variables.items() if s.is_column]
    free = {n: known.facts.get(n, frozenset()) for n in known.variables}
    symmetric = [("symmetric", (n,)) for n in square if not free[n] & {"symmetric", "spd", "diagonal"}]
    singles: list[Assumption] = [*symmetric]
    singles += [("positive", (n,)) for n in known.variables if "positive" not in free[n] and n not in known.domain]
    singles += [(fact, (n,)) for fact in _MATRIX[1:] for n in square if fact not in free[n]]
    singles += [("unit_norm", (n,)) for n in vectors]
    singles += [("commuting", pair) for pair in combinations(square, 2)]
    yield from ((one,) for one in singles)
    for count in range(2, len(symmetric) + 1):
        yield from combinations(symmetric, count)
    yield from ((a, b) for a, b in combinations(singles, 2) if a[1] != b[1] and "symmetric" in (a[0], b[0]))


def with_facts(known: Declarations, facts: tuple[Assumption, ...]) -> Declarations:
    """The declarations with further facts."""
    new = dict(known.facts)
    for fact, names in facts:
        for name in names:
            new[name] = new.get(name, frozenset()) | {fact}
    return replace(known, facts=new)


def weakest(
    known: Declarations, decided: Callable[[Declarations], Decision]
) -> tuple[list[Assumption], Decision] | None:
    """The first set of assumptions under which `decided` finds no difference."""
    for number, facts in enumerate(candidates(known)):
        if number > MAX_TRIALS:
            return None
        try:
            found = decided(with_facts(known, facts))
        except FrechetError:
            continue
        if found.equal:
            return list(facts), found
    return None
