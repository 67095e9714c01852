"""Facts under which a claim that is wrong in general is right: the weakest and fewest of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

from frechet.core.errors import FrechetError
from frechet.equality.decide import Decision
from frechet.language.declarations import Constraint, Declarations

Assumption = tuple[str, tuple[str, ...]]
# What a square matrix may be, weakest first; spd stands for what needs more than symmetry.
_MATRIX = ("orthogonal", "idempotent", "spd", "diagonal")
MAX_TRIALS = 60


def natural(known: Declarations) -> Iterator[tuple[Assumption, ...]]:
    """What people leave unsaid: one matrix symmetric, one value positive."""
    yield from ((one,) for one in (*_symmetric(known), *_positive(known)))


def further(known: Declarations) -> Iterator[tuple[Assumption, ...]]:
    """Further sets of assumptions, fewest and weakest first."""
    square = [n for n, s in known.variables.items() if s.is_matrix and s.rows == s.cols]
    others = [n for n, s in known.variables.items() if s.is_matrix and s.rows != s.cols]
    vectors = [n for n, s in known.variables.items() if s.is_column]
    free = {n: known.facts.get(n, frozenset()) for n in known.variables}
    symmetric = _symmetric(known)
    singles: list[Assumption] = [(fact, (n,)) for fact in _MATRIX for n in square if fact not in free[n]]
    singles += [(fact, (n,)) for fact in ("orthonormal", "orthonormal_rows") for n in others]
    singles += [("unit_norm", (n,)) for n in vectors]
    singles += [("commuting", pair) for pair in combinations(square, 2)]
    yield from ((one,) for one in singles)
    for count in range(2, len(symmetric) + 1):
        yield from combinations(symmetric, count)
    every = [*symmetric, *_positive(known), *singles]
    yield from ((a, b) for a, b in combinations(every, 2) if a[1] != b[1] and "symmetric" in (a[0], b[0]))


def _symmetric(known: Declarations) -> list[Assumption]:
    square = [n for n, s in known.variables.items() if s.is_matrix and s.rows == s.cols]
    return [("symmetric", (n,)) for n in square
            if not known.facts.get(n, frozenset()) & {"symmetric", "spd", "diagonal"}]  # fmt: skip


def _positive(known: Declarations) -> list[Assumption]:
    return [("positive", (n,)) for n in known.variables
            if "positive" not in known.facts.get(n, ()) and n not in known.domain]  # fmt: skip


def with_facts(known: Declarations, facts: tuple[Assumption, ...]) -> Declarations:
    """The declarations with further facts."""
    new = dict(known.facts)
    relations = list(known.constraints)
    for fact, names in facts:
        for name in names:
            new[name] = new.get(name, frozenset()) | {fact}
        shape = known.variables[names[0]]
        if fact.startswith("orthonormal") and len(shape.rows) == len(shape.cols) == 1:
            long, short = (shape.rows[0], shape.cols[0])[:: 1 if fact == "orthonormal" else -1]
            relations.append(Constraint(long, ">", short))
    return replace(known, facts=new, constraints=tuple(relations))


def weakest(
    known: Declarations,
    decided: Callable[[Declarations], Decision],
    candidates: Callable[[Declarations], Iterator[tuple[Assumption, ...]]],
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
