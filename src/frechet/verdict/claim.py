"""One claim against one truth: every way its shape can be meant, then what is wrong with it.

A claim has the shape of the derivative, or the other orientation of it (right up to layout), or that of
d vec(F)/d vec(X)' where the derivative has more than two sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

from frechet.core.build import substitute
from frechet.core.dims import Shape, Size, size_value
from frechet.core.ein import is_zero, permute, zero
from frechet.core.errors import FrechetError
from frechet.core.node import Node
from frechet.equality.decide import Decision, decide
from frechet.equality.interpret import interpret
from frechet.language.declarations import Declarations
from frechet.language.lower import lower, variable_node
from frechet.language.shapes import elaborate
from frechet.language.tree import Tree
from frechet.notation.text import to_text
from frechet.reference.sample import Point, Sampler
from frechet.verdict.assumptions import weakest
from frechet.verdict.diagnose import Diagnosis, Judge, _untyped, diagnose
from frechet.verdict.verdict import ASSUMING, LAYOUT, RIGHT, UNDECIDED, WRONG, Verdict, assumption_text


@dataclass(frozen=True)
class Truth:
    """What the claim is compared with.

    node       the tensor; `sides` are the sides of the value and of each variable, in the order of its axes
    row        whether the value is written as a row (the Jacobian of a scalar)
    trees      what must be defined at a point, the input first
    printed    the right formula as a tree, None where it has none; `correct` as text
    known      the declarations, directions included; `directions` their nodes
    equation   a plain identity: neither side is the right one
    """

    node: Node
    sides: tuple[tuple[Size, ...], ...]
    row: bool
    trees: tuple[Tree, ...]
    printed: Tree | None
    correct: str
    known: Declarations
    directions: Mapping[str, Node] = field(default_factory=dict)
    equation: bool = False

    @property
    def flat(self) -> list[Size]:
        return [side for group in self.sides for side in group]


@dataclass(frozen=True)
class Fit:
    """A way to hold truth and claim side by side: the truth with its axes in the claim's order."""

    node: Node
    layout: bool


def examine(truth: Truth, claim: Tree, text: str, *, seed: int = 0, explain: bool = True) -> Verdict:
    """The verdict on an untyped claim. `explain=False` stops at right or wrong."""
    try:
        typed, known = _typed(truth, claim)
    except FrechetError as error:
        if error.diagnostic.code[:2] != "E3":
            raise
        return _misshapen(truth, claim, text, error.diagnostic.message, explain, seed)
    truth = replace(truth, known=known)
    fits = list(_fits(truth, typed))
    if not fits:
        message = f"The claim is a {typed.typed}, the right formula has the sides {_shown(truth)}."
        return _misshapen(truth, claim, text, message, explain, seed)
    claimed = _lowered(typed, truth.known, truth.directions)
    first: Decision | None = None
    for fit in fits:
        found = _decide(truth, fit.node, claimed, typed, seed)
        if found.equal:
            return _right(truth, fit, found, text)
        first = found if first is None else first
    assert first is not None
    if first.status == "undecided":
        return Verdict(UNDECIDED, "none", text, explanation=first.reason, correct=truth.correct)
    verdict = Verdict(WRONG, "refuted", text, correct=truth.correct, counterexample=first.counterexample,
                      points=first.points)  # fmt: skip
    return _explained(truth, fits, claim, typed, verdict, seed) if explain else verdict


def _typed(truth: Truth, claim: Tree) -> tuple[Tree, Declarations]:
    """The claim with its shapes; constants of the fitting size take it from the truth beside them. With it the
    declarations, and what the claim demands of the sizes: x[3] needs three entries."""
    try:
        return elaborate(claim, truth.known)
    except FrechetError as error:
        if error.diagnostic.code != "E304" or truth.printed is None:
            raise
        beside = Tree("sub", (_untyped(truth.printed), claim), span=claim.span)
        both, known = elaborate(beside, truth.known)
        return both.args[1], known


def _lowered(typed: Tree, known: Declarations, directions: Mapping[str, Node]) -> Node:
    names = {n: variable_node(n, known) for n in known.variables}
    return lower(typed, {**names, **directions}).root


def _decide(truth: Truth, node: Node, claimed: Node, typed: Tree, seed: int, example: bool = True) -> Decision:
    body = typed.args[0] if typed.kind == "arrow" else typed
    return decide(node, claimed, truth.known, [*truth.trees, body], seed=seed, example=example)


def _fits(truth: Truth, typed: Tree) -> Iterator[Fit]:
    """Every way the claim's sides can be those of the truth, the likeliest first."""
    shape = typed.typed
    if typed.kind == "number" and typed.value == 0 and truth.flat:
        if is_zero(truth.node):
            yield Fit(zero(()), False)
        return
    flat, claimed = truth.flat, [side for side in shape if side]
    if len(flat) <= 2 and claimed == flat:
        wanted_row = truth.row
        yield Fit(truth.node, len(flat) == 1 and shape.is_row != wanted_row)
    if len(flat) == 2 and claimed == flat[::-1]:
        yield Fit(_by_sides(truth.node, flat, [1, 0]), True)
    if len(flat) > 2 or any(len(side) > 1 for side in claimed):
        yield from _vec_fits(truth, shape)


def _vec_order(truth: Truth) -> tuple[list[int], list[int]]:
    """The places of the sides in the rows and columns of d vec(F)/d vec(X)'."""
    count, last = len(truth.flat), len(truth.sides[-1])
    return list(range(count - last))[::-1], list(range(count - last, count))[::-1]


def _vec_fits(truth: Truth, shape: Shape) -> Iterator[Fit]:
    """d vec(F)/d vec(X)' and its transpose."""
    rows, cols = _vec_order(truth)
    row_dims, col_dims = (tuple(d for k in side for d in truth.flat[k]) for side in (rows, cols))
    if (shape.rows, shape.cols) == (row_dims, col_dims):
        yield Fit(_by_sides(truth.node, truth.flat, rows + cols), False)
    if (shape.rows, shape.cols) == (col_dims, row_dims):
        yield Fit(_by_sides(truth.node, truth.flat, cols + rows), True)


def _as_matrix(truth: Truth) -> tuple[Node, list[Size]]:
    """The truth with at most two sides, and those."""
    if len(truth.flat) <= 2:
        return truth.node, truth.flat
    rows, cols = _vec_order(truth)
    sides = [tuple(d for k in side for d in truth.flat[k]) for side in (rows, cols)]
    return _by_sides(truth.node, truth.flat, rows + cols), [side for side in sides if side]


def _by_sides(node: Node, flat: Sequence[Size], order: Sequence[int]) -> Node:
    """The node with its groups of axes in another order."""
    start = [sum(len(s) for s in flat[:k]) for k in range(len(flat))]
    return permute(node, [a for k in order for a in range(start[k], start[k] + len(flat[k]))])


def _shown(truth: Truth) -> str:
    sides = _as_matrix(truth)[1]
    return " x ".join("*".join(map(str, side)) for side in sides) or "of a scalar"


def _right(truth: Truth, fit: Fit, found: Decision, text: str) -> Verdict:
    status = LAYOUT if fit.layout else RIGHT
    why = ""
    if fit.layout:
        why = "The entries are right, laid out as the transpose: numerator and denominator layout differ so."
    return Verdict(status, found.status, text, ("layout",) if fit.layout else (), explanation=why,
                   correct=truth.correct, points=found.points)  # fmt: skip


def _explained(truth: Truth, fits: Sequence[Fit], claim: Tree, typed: Tree, verdict: Verdict, seed: int) -> Verdict:
    """A wrong claim: right under assumptions, or what is wrong with it."""
    node = fits[0].node

    def under(known: Declarations) -> Decision:
        names = [n for n in known.variables if n not in truth.directions]
        old = {variable_node(n, truth.known): variable_node(n, known) for n in names}
        changed = substitute(node, old.get)
        fixed = replace(truth, known=known)
        return _decide(fixed, changed, _lowered(typed, known, truth.directions), typed, seed, example=False)

    found = weakest(truth.known, under)
    diagnosis = _diagnosis(truth, claim, typed, seed)
    if found is not None and diagnosis.faults == 1 and not truth.equation and not _natural(found[0]):
        # One fault that a tutor would point at explains more than assumptions that only hide it.
        words = " and ".join(assumption_text(a) for a in found[0])
        why = f"{diagnosis.explanation} So: {diagnosis.mended}. (It would hold where {words}.)"
        return replace(verdict, causes=diagnosis.causes, explanation=why, assumptions=found[0],
                       **_place(diagnosis, verdict.claim))  # fmt: skip
    if found is not None:
        facts, decision = found
        words = " and ".join(assumption_text(a) for a in facts)
        why = f"The claim holds where {words}." + (f" In general: {diagnosis.explanation}" if diagnosis.causes else "")
        causes = tuple(dict.fromkeys((*(f[0] for f in facts), *diagnosis.causes)))
        return replace(verdict, status=ASSUMING, proof=decision.status, assumptions=facts, causes=causes,
                       explanation=why, points=decision.points, **_place(diagnosis, verdict.claim))  # fmt: skip
    why = diagnosis.explanation + (f" So: {diagnosis.mended}" if diagnosis.mended else "")
    return replace(verdict, causes=diagnosis.causes, explanation=why, **_place(diagnosis, verdict.claim))


def _natural(facts: Sequence[tuple[str, tuple[str, ...]]]) -> bool:
    """Whether people leave this assumption unsaid: one matrix symmetric, one value positive."""
    return len(facts) == 1 and facts[0][0] in ("symmetric", "positive")


def _place(diagnosis: Diagnosis, text: str) -> dict[str, Any]:
    span = diagnosis.span
    return {"span": span, "offending": "" if span is None else text[span.start : span.end]}


def _diagnosis(truth: Truth, claim: Tree, typed: Tree | None, seed: int) -> Diagnosis:
    """The faults, found in numbers; none where no point can be drawn."""
    trees = [*truth.trees, *([typed] if typed is not None and typed.kind != "arrow" else [])]
    try:
        points = Sampler(trees, truth.known, seed=seed).points(1, 2)
    except FrechetError:
        return Diagnosis()
    body = claim.args[0] if claim.kind == "arrow" else claim
    printed = truth.printed
    if printed is not None and printed.kind == "arrow":
        printed = printed.args[0]
    node, sides = _as_matrix(truth)
    judge = Judge(lambda p: _value(node, p, sides), points, truth.known)
    return diagnose(body, printed, judge)


def _value(node: Node, point: Point, sides: Sequence[Size]) -> Any:
    value = interpret(node, point.arrays, point.sizes)
    lengths = [size_value(side, point.sizes) for side in sides]
    return value.reshape(lengths) if prod(lengths) == value.size else value


def _misshapen(truth: Truth, claim: Tree, text: str, message: str, explain: bool, seed: int) -> Verdict:
    """A claim whose shape cannot be right."""
    verdict = Verdict(WRONG, "refuted", text, ("shape",), explanation=message, correct=truth.correct)
    if not explain:
        return verdict
    found = _diagnosis(truth, claim, None, seed)
    why = f"{message} {found.explanation}" + (f" So: {found.mended}" if found.mended else "")
    causes = tuple(dict.fromkeys((*found.causes, "shape")))
    return replace(verdict, causes=causes, explanation=why.strip(), **_place(found, text))


__all__ = ["Truth", "examine", "to_text"]
