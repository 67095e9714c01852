"""Ways in which a claim that is wrong can still be meant: equal sizes, independent entries of a symmetric variable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

from frechet.api.function import Function
from frechet.core.dims import Dim, Shape
from frechet.core.errors import FrechetError
from frechet.language.declarations import Declarations
from frechet.language.shapes import elaborate
from frechet.language.tree import Tree, subtrees
from frechet.verdict.bench import untyped
from frechet.verdict.claim import Truth, examine
from frechet.verdict.verdict import ASSUMING, RIGHT, WRONG, Verdict, assumption_text

MAX_PAIRS = 3


def otherwise(verdict: Verdict, function: Function, claim: Tree, names: list[str], make: Callable[[Function], Truth],
              seed: int) -> Verdict:  # fmt: skip
    """The verdict on a wrong claim, or that it is right where sizes are equal or entries are counted once. `make` gives
    what the claim must equal for another typed function."""
    if verdict.status != WRONG and "diagonal" not in verdict.causes:
        return verdict
    try:
        if "shape" in verdict.causes:
            return _equal_sizes(verdict, function, claim, make, seed)
        return _independent_entries(verdict, function, claim, names, seed)
    except FrechetError:
        return verdict


def _equal_sizes(verdict: Verdict, function: Function, claim: Tree, make: Callable[[Function], Truth],
                 seed: int) -> Verdict:  # fmt: skip
    """A claim whose shape fits only where two sizes are the same."""
    known = function.declarations
    for pair in list(combinations(known.sizes, 2))[:MAX_PAIRS]:
        merged = _merged(known, *pair)
        try:
            tree, resolved = elaborate(untyped(function.tree), merged)
            found = examine(make(Function(tree, resolved, function.source)), claim, verdict.claim, seed=seed,
                            explain=False)  # fmt: skip
        except FrechetError:
            continue
        if found.status == RIGHT:
            return _holding(verdict, found, ("equal_sizes", pair))
    return verdict


def _merged(known: Declarations, kept: Dim, gone: Dim) -> Declarations:
    """The declarations with one size for two."""

    def one(shape: Shape) -> Shape:
        rows, cols = (tuple(kept if d == gone else d for d in side) for side in (shape.rows, shape.cols))
        return Shape(rows, cols)

    variables = {n: one(s) for n, s in known.variables.items()}
    axes = {n: tuple(kept if d == gone else d for d in dims) for n, dims in known.axes.items()}
    return replace(known, variables=variables, axes=axes, constraints=())


def _independent_entries(verdict: Verdict, function: Function, claim: Tree, names: list[str], seed: int) -> Verdict:
    """A gradient by the independent entries of a symmetric matrix, as tables give it: 2*inv(X) - inv(X).*eye(n)."""
    known = function.declarations
    marked = any(t.kind == "dotmul" or (t.kind == "call" and t.name in ("diag", "eye")) for t in subtrees(claim))
    if len(names) != 1 or not marked or function.tree.typed.axes:
        return verdict
    shape = known.variables[names[0]]
    if not shape.is_matrix or shape.rows != shape.cols:
        return verdict
    facts = {**known.facts, names[0]: known.facts.get(names[0], frozenset()) | {"symmetric"}}
    tree, resolved = elaborate(untyped(function.tree), replace(known, facts=facts))
    derivative = Function(tree, resolved, function.source).derivative(names[0], structured=True, seed=seed)
    truth = Truth(derivative.node, derivative.sides, False, (tree,), None, str(derivative), resolved)
    found = examine(truth, claim, verdict.claim, seed=seed, explain=False)
    return _holding(verdict, found, ("independent_entries", (names[0],))) if found.status == RIGHT else verdict


def _holding(verdict: Verdict, found: Verdict, assumption: tuple[str, tuple[str, ...]]) -> Verdict:
    words = assumption_text(assumption)
    return replace(verdict, status=ASSUMING, proof=found.proof, assumptions=[assumption], causes=(assumption[0],),
                   explanation=f"The claim holds where {words}.", points=found.points, span=None, offending="",
                   faults=())  # fmt: skip
