"""One claim against one truth: every way its shape can be meant, then what is wrong with it.

A claim has the shape of the derivative, or the other orientation of it (right up to layout), or that of
d vec(F)/d vec(X)' where the derivative has more than two sides.
"""

from __future__ import annotations

from dataclasses import replace

from frechet.core.errors import FrechetError
from frechet.core.node import Node
from frechet.equality.decide import Decision, decide
from frechet.language.tree import Tree
from frechet.verdict.explain import explained, misshapen
from frechet.verdict.truth import Fit, Truth, fits, lowered, shown_sides, typed_claim
from frechet.verdict.verdict import LAYOUT, RIGHT, UNDECIDED, WRONG, Verdict


def examine(truth: Truth, claim: Tree, text: str, *, seed: int = 0, explain: bool = True) -> Verdict:
    """The verdict on an untyped claim. `explain=False` stops at right or wrong."""
    try:
        typed, known = typed_claim(truth, claim, text)
    except FrechetError as error:
        if error.diagnostic.code[:2] != "E3":
            raise
        return misshapen(truth, claim, text, error.diagnostic.message, explain, seed)
    truth = replace(truth, known=known)
    ways = list(fits(truth, typed))
    if not ways:
        message = f"The claim is a {typed.typed}, the right formula has the sides {shown_sides(truth)}."
        return misshapen(truth, typed, text, message, explain, seed)
    claimed = lowered(typed, truth.known, truth.directions).root
    first: Decision | None = None
    for fit in ways:
        found = _decide(truth, fit.node, claimed, typed, seed)
        if found.equal:
            return _right(truth, fit, found, text)
        first = found if first is None else first
    assert first is not None
    if first.status == "undecided":
        return Verdict(UNDECIDED, "none", text, explanation=first.reason, correct=truth.correct)
    verdict = Verdict(WRONG, "refuted", text, correct=truth.correct, counterexample=first.counterexample,
                      points=first.points)  # fmt: skip
    return explained(truth, ways[0].node, typed, verdict, seed, first.rare) if explain else verdict


def _decide(truth: Truth, node: Node, claimed: Node, typed: Tree, seed: int) -> Decision:
    body = typed.args[0] if typed.kind == "arrow" else typed
    return decide(node, claimed, truth.known, [*truth.trees, body], seed=seed)


def _right(truth: Truth, fit: Fit, found: Decision, text: str) -> Verdict:
    status = LAYOUT if fit.layout else RIGHT
    why = ""
    if fit.layout:
        why = "The entries are right, laid out as the transpose: numerator and denominator layout differ so."
    return Verdict(status, found.status, text, ("layout",) if fit.layout else (), explanation=why,
                   correct=truth.correct, points=found.points)  # fmt: skip


__all__ = ["Truth", "examine"]
