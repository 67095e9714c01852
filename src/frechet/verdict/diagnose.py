"""What is wrong with a formula: the smallest changes that make it right.

Candidates are edits of the claim (a sign, a factor on a term, a transpose, the order of a product, the kind of a
product, a term too many) and terms or factors of the right formula that the claim lacks. Each is tried in numbers at
two points of different sizes; the edits that repair the claim are its faults. Nothing here decides right or wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, islice
from typing import Any

from frechet.core.errors import FrechetError, Span
from frechet.core.lazy import np
from frechet.language.declarations import Declarations
from frechet.language.shapes import elaborate
from frechet.language.tree import Tree, subtrees
from frechet.notation.text import to_text
from frechet.reference.program import Program
from frechet.reference.sample import Point
from frechet.verdict import align

CAUSES = (
    "sign", "factor", "transpose", "order", "missing term", "extra term", "missing factor", "extra factor",
    "elementwise product", "matrix product", "trace for sum", "sum for trace", "layout", "shape",
)  # fmt: skip
MAX_TRIALS = 1200
TOLERANCE = 1e-7
_TRANSPOSABLE = frozenset({"name", "call", "transpose", "add", "sub", "mul", "dotmul", "index"})


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of the claim: what it mends (causes joined by "and"), the part it changes, what comes there instead."""

    cause: str
    target: Tree
    new: Tree
    sentence: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The faults found, where, the explanation and the mended formula; all empty if nothing was found."""

    causes: tuple[str, ...] = ()
    span: Span | None = None
    explanation: str = ""
    mended: str = ""
    faults: int = 0


class Judge:
    """Values of candidate trees at fixed points, compared with the right values."""

    def __init__(self, truth: Callable[[Point], Any], points: Sequence[Point], declarations: Declarations) -> None:
        self.declarations = declarations
        self.points = list(points)
        self.right = [np.asarray(truth(p), dtype=float) for p in points]
        self.trials = 0

    def values(self, tree: Tree) -> list[Any] | None:
        """The values at the points, None where the tree has no sense or another shape than the truth."""
        self.trials += 1
        try:
            typed, _ = elaborate(tree, self.declarations)
            out = []
            for point, right in zip(self.points, self.right, strict=True):
                value = np.asarray(Program(typed, point.sizes)(point.arrays), dtype=float)
                if value.shape != right.shape or not np.isfinite(value).all():
                    return None
                out.append(value)
        except FrechetError:
            return None
        return out

    def mends(self, tree: Tree) -> bool:
        got = self.values(tree)
        return got is not None and self.equals(got)

    def equals(self, got: Sequence[Any]) -> bool:
        for value, right in zip(got, self.right, strict=True):
            scale = max(np.max(np.abs(right), initial=0.0), np.max(np.abs(value), initial=0.0), 1e-300)
            if np.max(np.abs(value - right), initial=0.0) > TOLERANCE * scale:
                return False
        return True

    def coefficient(self, base: Sequence[Any], with_two: Sequence[Any]) -> Fraction | None:
        """c with truth = base + (c - 1)*(with_two - base), if there is one simple number for all points."""
        step = np.concatenate([(b - a).ravel() for a, b in zip(base, with_two, strict=True)])
        need = np.concatenate([(r - a).ravel() for a, r in zip(base, self.right, strict=True)])
        weight = float(step @ step)
        if weight == 0:
            return None
        c = float(step @ need) / weight
        if np.max(np.abs(c * step - need)) > TOLERANCE * max(np.max(np.abs(need)), 1e-300):
            return None
        exact = Fraction(1 + c).limit_denominator(48)
        return exact if abs(float(exact) - 1 - c) < 1e-7 * max(1.0, abs(c)) else None


def diagnose(claim: Tree, truth: Tree | None, judge: Judge) -> Diagnosis:
    """The faults of the untyped tree `claim`; `truth` is the right formula as a tree, where it has one."""
    base = judge.values(claim)
    for search in (_one_fault, _missing_terms, _from_the_truth, _two_faults):
        edits = search(claim, truth, judge, base)
        if edits:
            return _told(claim, edits)
    return Diagnosis(("shape",) if base is None else ())


def _told(claim: Tree, edits: Sequence[Edit]) -> Diagnosis:
    tree = claim
    for edit in edits:
        tree = align.replaced(tree, edit.target, edit.new)
    spans = [e.target.span for e in edits if e.target.span is not None]
    sentences = " ".join(e.sentence for e in edits)
    causes = tuple(dict.fromkeys(word for e in edits for word in e.cause.split(" and ")))
    return Diagnosis(causes, spans[0] if spans else None, sentences, to_text(align.tidy(tree)), len(edits))


# -- one fault -----------------------------------------------------------------------------------------------


def _one_fault(claim: Tree, truth: Tree | None, judge: Judge, base: list[Any] | None) -> list[Edit]:
    if base is not None:
        found = _scaling(claim, judge, base)
        if found is not None:
            return [found]
    for edit in [*_structural(claim), *_signs(claim)]:
        if judge.mends(align.replaced(claim, edit.target, edit.new)):
            return [edit]
    return []


def _scaling(claim: Tree, judge: Judge, base: Sequence[Any]) -> Edit | None:
    """A term with a wrong coefficient: the value is linear in it."""
    for term in align.terms(claim):
        doubled = judge.values(align.replaced(claim, term, align.scaled(term, 2)))
        c = None if doubled is None else judge.coefficient(base, doubled)
        if c is None or c == 1:
            continue
        edit = _coefficient_edit(term, c)
        if judge.mends(align.replaced(claim, term, edit.new)):
            return edit
    return None


def _coefficient_edit(term: Tree, c: Fraction) -> Edit:
    text = to_text(term)
    if c == -1:
        return Edit("sign", term, align.scaled(term, -1), f"The sign of {text} is wrong.")
    if c == 0:
        return Edit("extra term", term, align.scaled(term, 0), f"The term {text} does not belong here.")
    sign = " and its sign is wrong" if c < 0 else ""
    cause = "factor and sign" if c < 0 else "factor"
    return Edit(cause, term, align.scaled(term, c), f"The factor {abs(c)} is missing on {text}{sign}."
                if abs(c).denominator == 1 else f"{text} must be multiplied by {abs(c)}{sign}.")  # fmt: skip


def _structural(claim: Tree) -> Iterator[Edit]:
    """Edits of one place: transposes, order, kinds of products, trace and sum, a factor too many."""
    every = subtrees(claim)
    for tree in every:
        if tree.kind in _TRANSPOSABLE:
            yield _transposed(tree)
    for whole in align.chains(claim):
        parts = align.chain(whole)
        if whole.kind == "mul":
            for k in range(len(parts) - 1):
                new = [*parts[:k], parts[k + 1], parts[k], *parts[k + 2 :]]
                yield Edit("order", whole, align.joined("mul", new, whole.span),
                           f"{to_text(parts[k])} and {to_text(parts[k + 1])} stand in the wrong order.")  # fmt: skip
            if len(parts) > 2:
                yield Edit("order", whole, align.joined("mul", parts[::-1], whole.span),
                           "The factors stand in the wrong order.")  # fmt: skip
        for k in range(len(parts)):
            rest = parts[:k] + parts[k + 1 :]
            yield Edit("extra factor", whole, align.joined(whole.kind, rest, whole.span),
                       f"The factor {to_text(parts[k])} does not belong here.")  # fmt: skip
    for tree in every:
        yield from _other_operation(tree)
        if tree.kind in align.PRODUCTS and any(a.kind in align.PRODUCTS for a in tree.args):
            for kept, gone in (tree.args, tree.args[::-1]):
                yield Edit("extra factor", tree, kept, f"The factor {to_text(gone)} does not belong here.")


def _transposed(tree: Tree) -> Edit:
    text = to_text(tree)
    if tree.kind == "transpose":
        return Edit("transpose", tree, tree.args[0], f"{text} must not be transposed.")
    return Edit("transpose", tree, Tree("transpose", (tree,), span=tree.span), f"{text} must be transposed.")


def _other_operation(tree: Tree) -> Iterator[Edit]:
    if tree.kind in align.PRODUCTS:
        other = "dotmul" if tree.kind == "mul" else "mul"
        cause = "matrix product" if tree.kind == "mul" else "elementwise product"
        word = "elementwise" if tree.kind == "mul" else "a matrix product"
        yield Edit(cause, tree, Tree(other, tree.args, span=tree.span), f"The product {to_text(tree)} must be {word}.")
    elif tree.kind == "call" and tree.name in ("tr", "sum") and len(tree.args) == 1:
        other = "sum" if tree.name == "tr" else "tr"
        cause = "trace for sum" if tree.name == "tr" else "sum for trace"
        yield Edit(cause, tree, Tree("call", tree.args, name=other, span=tree.span),
                   f"{to_text(tree)} must be {other}(...).")  # fmt: skip


# -- what the claim lacks ------------------------------------------------------------------------------------


def _missing_terms(claim: Tree, truth: Tree | None, judge: Judge, base: list[Any] | None) -> list[Edit]:
    """Terms of the truth that are missing: one, or several."""
    if truth is None or base is None:
        return []
    parts = align.top_terms(_spread(_untyped(truth)))
    for count in range(1, min(len(parts), 4)):
        for some in islice(combinations(parts, count), 40):
            added = Tree("add", (claim, align.signed_sum(some)))
            if judge.mends(added):
                text = to_text(align.signed_sum(some))
                word = "terms" if count > 1 else "term"
                return [
                    Edit("missing term", claim, added, f"The {word} {text} {'are' if count > 1 else 'is'} missing.")
                ]
    return []


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


def _from_the_truth(claim: Tree, truth: Tree | None, judge: Judge, base: list[Any] | None) -> list[Edit]:
    """The claim is the truth with a factor left out or one structural fault in it."""
    if truth is None:
        return []
    right = _untyped(truth)
    other = _claimed_values(claim, judge)
    if other is None:
        return []
    for edit in [*_dropped_terms(right), *_structural(right)]:
        mutant = align.replaced(right, edit.target, edit.new)
        if other.mends(mutant):
            cause = {"extra factor": "missing factor", "elementwise product": "matrix product",
                     "matrix product": "elementwise product", "trace for sum": "sum for trace",
                     "sum for trace": "trace for sum"}.get(edit.cause, edit.cause)  # fmt: skip
            return [Edit(cause, claim, right, _from_truth_sentence(edit, cause))]
    return []


def _dropped_terms(right: Tree) -> Iterator[Edit]:
    """The truth with a term of an inner sum left out."""
    for tree in subtrees(right):
        if tree.kind in align.SUMS:
            first, second = tree.args
            sign = "-" if tree.kind in ("sub", "dotsub") else ""
            negative = Tree("neg", (second,)) if sign else second
            yield Edit("missing term", tree, first, f"The term {sign}{to_text(second)} is missing.")
            yield Edit("missing term", tree, negative, f"The term {to_text(first)} is missing.")
            if sign:
                yield Edit("missing term and sign", tree, second, f"The term {to_text(first)} is missing.")


def _from_truth_sentence(edit: Edit, cause: str) -> str:
    if cause.startswith("missing term"):
        return edit.sentence
    if cause == "missing factor":
        gone = edit.sentence.removeprefix("The factor ").removesuffix(" does not belong here.")
        return f"The factor {gone} is missing: the chain rule brings it."
    part = to_text(edit.target)
    words = {"transpose": f"Where the right formula has {part}, the claim has {to_text(edit.new)}.",
             "order": f"The factors of {part} stand in another order."}  # fmt: skip
    return words.get(cause, f"The product in {part} is of the other kind.")


def _claimed_values(claim: Tree, judge: Judge) -> Judge | None:
    """A judge whose truth is the claim."""
    try:
        typed, _ = elaborate(claim, judge.declarations)
        return Judge(lambda p: Program(typed, p.sizes)(p.arrays), judge.points, judge.declarations)
    except FrechetError:
        return None


def _untyped(tree: Tree) -> Tree:
    """A printed tree as if it had been typed: without shapes, sizes as names."""
    done: dict[int, Tree] = {}
    for t in subtrees(tree):
        args = tuple(done[id(a)] for a in t.args)
        if t.kind == "size":
            done[id(t)] = Tree("name", name=str(t.value)) if isinstance(t.value, str) else Tree("number", value=t.value)
        else:
            shape = t.shape if t.kind == "number" else None
            done[id(t)] = Tree(t.kind, args, t.name, t.value, shape, t.span)
    return done[id(tree)]


# -- two faults ----------------------------------------------------------------------------------------------


def _two_faults(claim: Tree, truth: Tree | None, judge: Judge, base: list[Any] | None) -> list[Edit]:
    """Two wrong coefficients, or a structural fault together with another one."""
    if base is not None:
        linear = _several_coefficients(claim, judge)
        if linear:
            return linear
    for first in [*_signs(claim), *_structural(claim)]:
        if judge.trials > MAX_TRIALS:
            return []
        changed = align.replaced(claim, first.target, first.new)
        values = judge.values(changed)
        if values is None:
            continue
        second = _scaling(changed, judge, values)
        if second is not None:
            return [first, second]
        lacking = _missing_terms(changed, truth, judge, values)
        if lacking:
            return [first, *lacking]
    for first in _structural(claim):
        changed = align.replaced(claim, first.target, first.new)
        for second in _structural(changed):
            if judge.trials > MAX_TRIALS:
                return []
            if second.cause != "extra factor" and judge.mends(align.replaced(changed, second.target, second.new)):
                return [first, second]
    return []


def _signs(claim: Tree) -> Iterator[Edit]:
    for term in align.terms(claim)[1:]:
        yield _coefficient_edit(term, Fraction(-1))


def _several_coefficients(claim: Tree, judge: Judge) -> list[Edit]:
    """Simple coefficients for all outermost terms that make the sum right."""
    parts = align.top_terms(claim)
    columns = [judge.values(t) for _, t in parts]
    if len(parts) < 2 or any(c is None for c in columns):
        return []
    matrix = np.stack([s * np.concatenate([v.ravel() for v in c or []])
                       for (s, _), c in zip(parts, columns, strict=True)], axis=1)  # fmt: skip
    right = np.concatenate([r.ravel() for r in judge.right])
    solved, _, rank, _ = np.linalg.lstsq(matrix, right, rcond=None)
    if rank < len(parts) or np.max(np.abs(matrix @ solved - right)) > TOLERANCE * np.max(np.abs(right), initial=1e-300):
        return []
    exact = [Fraction(float(c)).limit_denominator(48) for c in solved]
    if any(abs(float(e) - c) > 1e-7 for e, c in zip(exact, solved, strict=True)):
        return []
    return [_coefficient_edit(t, e) for (_, t), e in zip(parts, exact, strict=True) if e != 1]
