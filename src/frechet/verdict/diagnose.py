"""What is wrong with a formula: the smallest changes that make it right.

Candidates are changes of the claim: a number or sign on a part, a transpose, the order of a product, the kind of an
operation, a part too many, a part that is missing. Each is tried in numbers at points of different sizes; what comes
out right is decided as any formula is, and only then said. Nothing here decides whether the claim is right or wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

from frechet.core.errors import Span
from frechet.core.lazy import np
from frechet.language.tree import Tree
from frechet.notation.text import to_text
from frechet.verdict import align
from frechet.verdict.bench import TOLERANCE, Bench, untyped
from frechet.verdict.edits import (
    CAUSES,
    Edit,
    coefficient,
    inner_numbers,
    lacking,
    structural,
    superfluous,
    vocabulary,
)

MAX_PAIRS = 60  # first faults of two that are tried


@dataclass(frozen=True, slots=True)
class Found:
    """Changes that together mend a claim, and the tree that they make of it."""

    edits: tuple[Edit, ...]
    tree: Tree


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The faults found, where, what should stand there, the explanation and the mended formula; all empty if nothing
    was found."""

    causes: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    repairs: tuple[str, ...] = ()
    explanation: str = ""
    mended: str = ""
    faults: int = 0
    place_known: bool = True

    @property
    def span(self) -> Span | None:
        return self.spans[0] if self.spans else None


def diagnose(bench: Bench, truth: Tree | None, more: Sequence[Tree]) -> Diagnosis:
    """The faults of the claim on the bench; `truth` is the right formula, typed, where it has one, and `more` further
    typed formulas that a missing part may come from."""
    known = [*([truth] if truth is not None else []), *more]
    words = vocabulary([*([bench.claim] if bench.quick else []), *known], truth)
    for search in (_one_number, _one_change, _one_missing, _term_by_term, _from_the_truth, _two_changes):
        found = search(bench, truth, words)
        if found is not None:
            return _told(bench, found)
        if bench.spent:
            break
    return Diagnosis(("shape",) if bench.base is None else ())


def _told(bench: Bench, found: Found) -> Diagnosis:
    edits, tree = found.edits, found.tree
    placed = [(e, e.target.span if e.gone is None else e.gone.span) for e in edits]
    causes = tuple(dict.fromkeys(word for e in edits for word in e.cause.split(" and ")))
    return Diagnosis(
        causes,
        tuple(span for _, span in placed if span is not None),
        tuple(_instead(e) for e, span in placed if span is not None),
        " ".join(dict.fromkeys(e.sentence for e in edits)),
        to_text(align.tidy(untyped(tree))),
        len(edits),
        all(e.target is not bench.claim or e.cause != "transpose" for e in edits),
    )


def _instead(edit: Edit) -> str:
    return "(leave this out)" if edit.gone is not None else to_text(align.tidy(untyped(edit.new)))


def _first(bench: Bench, edits: Iterable[Edit]) -> Found | None:
    """The first change that mends the claim."""
    for edit in edits:
        if bench.spent:
            return None
        if bench.mends(edit.target, edit.new):
            return _one(bench, edit)
    return None


def _one(bench: Bench, edit: Edit) -> Found:
    return Found((edit,), align.replaced(bench.claim, edit.target, edit.new))


# -- one fault -----------------------------------------------------------------------------------------------


def _one_number(bench: Bench, truth: Tree | None, words: Sequence[Tree]) -> Found | None:
    """A number or a sign before a term, or on a part inside a function."""
    if bench.base is None or not bench.quick:
        return None if bench.quick else _first(bench, _signs(bench.claim))
    for term in align.terms(bench.claim):
        c = bench.coefficient(term)
        if c is not None and c != 1 and (c or term is bench.claim):  # what does not belong there is left out below
            edit = coefficient(term, c)
            if bench.mends(term, edit.new):
                return _one(bench, edit)
    return _first(bench, inner_numbers(bench.claim))


def _signs(claim: Tree) -> Iterator[Edit]:
    for term in reversed(align.terms(claim)[1:]):
        yield coefficient(term, Fraction(-1))


def _one_change(bench: Bench, truth: Tree | None, words: Sequence[Tree]) -> Found | None:
    return _first(bench, structural(bench.claim)) or _first(bench, superfluous(bench.claim))


def _one_missing(bench: Bench, truth: Tree | None, words: Sequence[Tree]) -> Found | None:
    if not bench.quick:
        return None
    return _first(bench, lacking(bench.claim, words)) or _missing_terms(bench, truth)


def _missing_terms(bench: Bench, truth: Tree | None) -> Found | None:
    """Several terms of the truth: those whose sum is what the claim lacks."""
    if truth is None or bench.base is None:
        return None
    parts = align.top_terms(_spread(truth))
    if not 1 < len(parts) <= 8:
        return None
    some = _members(bench, [t for _, t in parts], [s for s, _ in parts], bench.base)
    if not some or len(some) == len(parts):
        return None
    added = align.signed_sum([parts[k] for k in some])
    word = "terms" if len(some) > 1 else "term"
    verb = "are" if len(some) > 1 else "is"
    edit = Edit("missing term", bench.claim, Tree("add", (bench.claim, added)),
                f"The {word} {to_text(added)} {verb} missing.")  # fmt: skip
    return Found((edit,), edit.new) if bench.right_tree(edit.new) else None


def _members(bench: Bench, parts: Sequence[Tree], signs: Sequence[int], base: Sequence[Any]) -> list[int]:
    """The terms whose sum is the difference of truth and claim: least squares with coefficients that must be 0 or 1."""
    columns = [bench.values(t) for t in parts]
    if any(c is None for c in columns):
        return []
    matrix = np.stack([s * np.concatenate([v.ravel() for v in c or []])
                       for s, c in zip(signs, columns, strict=True)], axis=1)  # fmt: skip
    need = np.concatenate([(r - b).ravel() for r, b in zip(bench.right, base, strict=True)])
    solved, _, rank, _ = np.linalg.lstsq(matrix, need, rcond=None)
    if rank < len(parts) or np.max(np.abs(matrix @ solved - need)) > TOLERANCE * np.max(np.abs(need), initial=1e-300):
        return []
    if np.max(np.minimum(abs(solved), abs(solved - 1))) > 1e-6:
        return []
    return [k for k, c in enumerate(solved) if c > 0.5]


def _spread(tree: Tree) -> Tree:
    """a*(b + c) as a*b + a*c at the outermost product, where the truth is one product with a sum in it."""
    if tree.kind != "mul":
        return tree
    parts = align.chain(tree)
    for k, part in enumerate(parts):
        if part.kind in ("add", "sub"):
            some = [(s, align.joined("mul", [*parts[:k], t, *parts[k + 1 :]], None)) for s, t in align.top_terms(part)]
            return align.signed_sum(some)
    return tree


# -- the truth with a fault ----------------------------------------------------------------------------------

_SEEN_FROM_THERE = {
    "extra factor": "missing factor", "extra term": "missing term", "missing factor": "extra factor",
    "missing term": "extra term", "elementwise product": "matrix product", "matrix product": "elementwise product",
    "trace for sum": "sum for trace", "sum for trace": "trace for sum",
}  # fmt: skip


def _from_the_truth(bench: Bench, truth: Tree | None, words: Sequence[Tree]) -> Found | None:
    """The claim is the truth with one fault in it, however else it is written."""
    if truth is None or bench.base is None:
        return None
    other = _bench_for(bench, truth, bench.base)
    found = _first(other, superfluous(truth)) or _first(other, structural(truth))
    bench.trials += other.trials
    bench.built += other.built
    if found is None:
        return None
    (edit,) = found.edits
    cause = _SEEN_FROM_THERE.get(edit.cause, edit.cause)
    return Found((Edit(cause, bench.claim, truth, _told_from_there(edit, cause)),), truth)


def _told_from_there(edit: Edit, cause: str) -> str:
    what = edit.sentence.removesuffix(" does not belong here.").removesuffix(".")
    if cause.startswith("missing"):
        return f"{what} is missing."
    part = to_text(untyped(edit.target))
    return f"Where the right formula has {part}, the claim has {to_text(untyped(edit.new))}."


# -- several faults ------------------------------------------------------------------------------------------


def _term_by_term(bench: Bench, truth: Tree | None, words: Sequence[Tree]) -> Found | None:
    """Terms of the claim held against terms of the truth: those that have no partner have faults of their own."""
    if truth is None or bench.base is None or not bench.quick:
        return None
    linear = _several_coefficients(bench)
    if linear:
        return linear
    mine = align.top_terms(bench.claim)
    for form in (truth, _spread(truth)):
        theirs = align.top_terms(form)
        if 1 < len(mine) <= 6 and 1 < len(theirs) <= 6:
            edits = _partners(bench, mine, theirs)
            tree = _all(bench.claim, edits)
            if edits and bench.right_tree(tree):
                return Found(tuple(edits), tree)
    return None


def _all(tree: Tree, edits: Sequence[Edit]) -> Tree:
    for edit in edits:
        tree = align.replaced(tree, edit.target, edit.new)
    return tree


def _partners(bench: Bench, mine: Sequence[tuple[int, Tree]], theirs: Sequence[tuple[int, Tree]]) -> list[Edit]:
    """For each term without an equal one: the fault that parts it from one of the others."""
    values = [bench.values(t) for _, t in mine]
    goals = [bench.values(t) for _, t in theirs]
    if any(v is None for v in (*values, *goals)):
        return []
    left = list(range(len(theirs)))
    odd = []
    for (sign, term), value in zip(mine, values, strict=True):
        equal = next((j for j in left if _same(value, goals[j], sign * theirs[j][0])), None)
        if equal is None:
            odd.append((sign, term))
        else:
            left.remove(equal)
    edits: list[Edit] = []
    for sign, term in odd:
        for j in left:
            goal = goals[j]
            assert goal is not None
            part = _bench_for(bench, term, [sign * theirs[j][0] * v for v in goal])
            found = _one_number(part, None, ()) or _one_change(part, None, ())
            bench.trials += part.trials
            bench.built += part.built
            if found is not None:
                edits += found.edits
                left.remove(j)
                break
        else:
            return []
    return [] if left else edits


def _bench_for(bench: Bench, part: Tree, goal: Sequence[Any], quick: bool | None = None) -> Bench:
    """A bench for another formula at the same points, with other right values."""
    return Bench(part, goal, bench.points, bench.declarations, quick=quick)


def _same(one: Sequence[Any] | None, other: Sequence[Any] | None, sign: int) -> bool:
    return all(
        np.max(np.abs(a - sign * b), initial=0.0) <= TOLERANCE * np.max(np.abs(a), initial=1e-300)
        for a, b in zip(one or (), other or (), strict=True)
    )


def _several_coefficients(bench: Bench) -> Found | None:
    """Simple numbers for all outermost terms that make the sum right."""
    parts = align.top_terms(bench.claim)
    columns = [bench.values(t) for _, t in parts]
    if len(parts) < 2 or any(c is None for c in columns):
        return None
    matrix = np.stack([s * np.concatenate([v.ravel() for v in c or []])
                       for (s, _), c in zip(parts, columns, strict=True)], axis=1)  # fmt: skip
    right = np.concatenate([r.ravel() for r in bench.right])
    solved, _, rank, _ = np.linalg.lstsq(matrix, right, rcond=None)
    if rank < len(parts) or np.max(np.abs(matrix @ solved - right)) > TOLERANCE * np.max(np.abs(right), initial=1e-300):
        return None
    exact = [Fraction(float(c)).limit_denominator(48) for c in solved]
    if any(abs(float(e) - c) > 1e-7 for e, c in zip(exact, solved, strict=True)):
        return None
    edits = [coefficient(t, e) for (_, t), e in zip(parts, exact, strict=True) if e != 1]
    tree = _all(bench.claim, edits)
    return Found(tuple(edits), tree) if bench.right_tree(tree) else None


def _two_changes(bench: Bench, truth: Tree | None, words: Sequence[Tree]) -> Found | None:
    """A change of structure, and another one or a number."""
    firsts = (*_signs(bench.claim), *structural(bench.claim))
    for first in islice(firsts, MAX_PAIRS):
        if bench.spent:
            return None
        changed = align.replaced(bench.claim, first.target, first.new)
        found = _second(bench, changed)
        if found is not None:
            return Found((first, *found.edits), found.tree)
    return None


def _second(bench: Bench, changed: Tree) -> Found | None:
    """The second fault of a claim whose first one is mended."""
    other = _bench_for(bench, changed, bench.right, bench.quick)
    other.proved = bench.proved
    found: Found | None = None
    if other.base is not None or not bench.quick:
        found = _one_number(other, None, ()) or _first(other, structural(changed))
    bench.trials += other.trials
    bench.built += other.built
    return found


__all__ = ["CAUSES", "Diagnosis", "diagnose"]
