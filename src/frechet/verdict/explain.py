"""The words for a wrong claim: what is wrong with it, where, what should stand there, and when it would be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

from frechet.core.build import substitute
from frechet.core.dims import Size, size_value
from frechet.core.errors import FrechetError
from frechet.core.node import Node
from frechet.equality.decide import Decision, decide
from frechet.equality.interpret import interpret
from frechet.language.declarations import Declarations
from frechet.language.lower import variable_node
from frechet.language.shapes import elaborate
from frechet.language.tree import Tree
from frechet.notation.text import to_text
from frechet.reference.sample import Point, Sampler
from frechet.verdict import align
from frechet.verdict.assumptions import further, natural, weakest, with_facts
from frechet.verdict.bench import Bench
from frechet.verdict.diagnose import Diagnosis, diagnose
from frechet.verdict.difference import lacking
from frechet.verdict.truth import Truth, as_matrix, lowered
from frechet.verdict.verdict import ASSUMING, WRONG, Verdict, assumption_text


def explained(truth: Truth, node: Node, typed: Tree, verdict: Verdict, seed: int, rare: bool = False) -> Verdict:
    """The verdict on a wrong claim with its reasons: `node` is the truth with its axes in the order of the claim's.
    `rare`: the two differ at hunted points only, so that finding no difference says nothing for an assumption."""

    def under(known: Declarations) -> Decision:
        names = [n for n in known.variables if n not in truth.directions]
        old = {variable_node(n, truth.known): variable_node(n, known) for n in names}
        changed = substitute(node, old.get)
        claimed = lowered(typed, known, truth.directions).root
        found = decide(changed, claimed, known, [*truth.trees, body], seed=seed, example=False)
        return replace(found, status="undecided") if rare and found.status == "evidence" else found

    body = typed.args[0] if typed.kind == "arrow" else typed
    found = weakest(truth.known, under, natural)
    if found is None and truth.equation:  # neither side is the right one: what it takes says more than what is wrong
        found = weakest(truth.known, under, further)
    diagnosis = Diagnosis()
    if found is None or not truth.equation:
        sides = [side for side in body.typed if side]
        diagnosis = _diagnosis(truth, (node, sides), body, seed)
    if found is None and not truth.equation and diagnosis.faults != 1:
        found = weakest(truth.known, under, further)
    if found is None and not diagnosis.faults and not truth.equation:
        beside = _symmetric_fault(truth, node, body, verdict, seed)
        return _wrong(truth, node, typed, verdict, diagnosis) if beside is None else beside
    if found is None:
        return _wrong(truth, node, typed, verdict, diagnosis)
    facts, decision = found
    words = " and ".join(assumption_text(a) for a in facts)
    why = f"The claim holds where {words}."
    if diagnosis.causes and diagnosis.place_known:
        why += f" In general: {diagnosis.explanation}"
    causes = tuple(dict.fromkeys((*(f[0] for f in facts), *diagnosis.causes)))
    return replace(verdict, status=ASSUMING, proof=decision.status, assumptions=facts, causes=causes, explanation=why,
                   corrected=diagnosis.mended, points=decision.points, **_place(diagnosis, verdict.claim))  # fmt: skip


def _symmetric_fault(truth: Truth, node: Node, claim: Tree, verdict: Verdict, seed: int) -> Verdict | None:
    """What is wrong with a claim that takes matrices for symmetric without saying so; None where that is not it."""
    facts = tuple(a for some in natural(truth.known) for a in some if a[0] == "symmetric")
    names = tuple(n for _, some in facts for n in some)
    if not names:
        return None
    known = with_facts(truth.known, facts)
    changed = substitute(node, {variable_node(n, truth.known): variable_node(n, known) for n in names}.get)
    diagnosis = _diagnosis(replace(truth, known=known), (changed, [s for s in claim.typed if s]), claim, seed)
    if not diagnosis.faults:
        return None
    words = assumption_text(("symmetric", names))
    why = f"Even where {words}: {diagnosis.explanation} So: {diagnosis.mended}"
    return replace(verdict, causes=diagnosis.causes, explanation=why, **_place(diagnosis, verdict.claim))


def _wrong(truth: Truth, node: Node, typed: Tree, verdict: Verdict, diagnosis: Diagnosis) -> Verdict:
    """Wrong under every assumption that was tried."""
    why = diagnosis.explanation
    if diagnosis.causes == ("missing factor",) and not truth.equation:
        why += " The chain rule brings it."
    why += _so(diagnosis, truth)
    cause: tuple[str, ...] = ()
    if not why and not truth.equation and typed.kind != "arrow":
        gap = lacking(node, lowered(typed, truth.known, truth.directions), typed, truth.known)
        text = "" if gap is None else to_text(gap)
        if gap is not None and len(text) <= 0.8 * len(truth.correct):
            cause = ("missing term",)
            word = "terms" if gap.kind in align.SUMS else "term"
            why = f"The {word} {text} {'are' if word == 'terms' else 'is'} missing."
        else:
            why = "No small change was found that makes it right."
    return replace(verdict, causes=diagnosis.causes or cause, explanation=why, corrected=diagnosis.mended,
                   **_place(diagnosis, verdict.claim))  # fmt: skip


def _so(diagnosis: Diagnosis, truth: Truth) -> str:
    """The mended claim, unless it is the right formula as it is shown anyway."""
    mended = diagnosis.mended
    return f" So: {mended}" if mended and mended.replace(" ", "") != truth.correct.replace(" ", "") else ""


def misshapen(truth: Truth, claim: Tree, text: str, message: str, explain: bool, seed: int) -> Verdict:
    """A claim whose shape cannot be right, typed or not."""
    verdict = Verdict(WRONG, "refuted", text, ("shape",), explanation=message, correct=truth.correct)
    if not explain:
        return verdict
    found = _diagnosis(truth, as_matrix(truth), claim.args[0] if claim.kind == "arrow" else claim, seed)
    why = f"{message} {found.explanation}" + _so(found, truth)
    causes = tuple(dict.fromkeys((*found.causes, "shape")))
    return replace(verdict, causes=causes, explanation=why.strip(), corrected=found.mended, **_place(found, text))


def _place(diagnosis: Diagnosis, text: str) -> dict[str, Any]:
    span = diagnosis.span
    return {
        "span": span, "offending": "" if span is None else text[span.start : span.end],
        "faults": tuple(zip(diagnosis.spans, diagnosis.repairs, strict=True)),
    }  # fmt: skip


def _diagnosis(truth: Truth, right: tuple[Node, Sequence[Size]], claim: Tree, seed: int) -> Diagnosis:
    """The faults of a claim, typed or not, found in numbers and then decided; none where no point can be drawn.
    `right` is the true value with its sides."""
    node, sides = right
    try:
        points = Sampler([*truth.trees, *([claim] if claim.shape else [])], truth.known, seed=seed).points(4, 2)
    except FrechetError:
        return Diagnosis()
    printed = truth.printed
    if printed is not None and printed.kind == "arrow":
        printed = printed.args[0]

    def proved(tree: Tree) -> bool:
        """Whether a mended claim is right as any claim is."""
        try:
            made, known = elaborate(tree, truth.known)
            claimed = lowered(made, known, truth.directions).root
            if claimed.dims != node.dims:
                return True  # a vector as a row, or the sides of vec: compared in numbers alone
            return decide(node, claimed, known, [*truth.trees, made], seed=seed, example=False).equal
        except FrechetError:
            return False

    values = [_value(node, p, sides) for p in points]
    bench = Bench(claim, values, points, truth.known, proved)
    if bench.base is not None:
        # where relu is off, everything is right: what mends the claim has to show
        telling = [k for k, v in enumerate(bench.base) if not bench.agrees(v, k)]
        if not telling:
            return Diagnosis()
        chosen = [*telling[:1], *telling[-1:]] if telling[0] != telling[-1] else [*telling, 0 if telling[0] else -1]
        bench = Bench(claim, [values[k] for k in chosen], [points[k] for k in chosen], truth.known, proved)
    else:
        bench = Bench(claim, [values[0], values[-1]], [points[0], points[-1]], truth.known, proved)
    return diagnose(bench, printed, [t for t in truth.trees if t.shape is not None])


def _value(node: Node, point: Point, sides: Sequence[Size]) -> Any:
    value = interpret(node, point.arrays, point.sizes)
    lengths = [size_value(side, point.sizes) for side in sides]
    return value.reshape(lengths) if prod(lengths) == value.size else value
