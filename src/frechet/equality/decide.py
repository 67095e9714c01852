"""Are two formulas equal: proved, refuted with a point where they differ, no difference found, or undecided.

The order: the same node; a quick look at a few points; a proof that the difference vanishes (`reduce`); then points of
small whole numbers with exact arithmetic, and random points of two sets of sizes, each doubtful one again with 40
digits. A difference always wins over a proof; points without a difference are evidence and are called so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

from frechet.core.build import add
from frechet.core.dims import Shape
from frechet.core.ein import permute
from frechet.core.errors import FrechetError, problem
from frechet.core.lazy import np
from frechet.core.node import Node, Var, topological
from frechet.equality.exact import High, Rational, value_of
from frechet.equality.interpret import interpret
from frechet.equality.reduce import vanishes
from frechet.equality.whole import small_values
from frechet.language.declarations import Declarations
from frechet.language.lower import lower, variable_node
from frechet.language.tree import Tree
from frechet.reference.compare import compare
from frechet.reference.program import extent
from frechet.reference.sample import Sampler, SizedSampler
from frechet.reference.values import commute

AGREE = 1e-9  # relative difference that rounding explains
DIFFER = 1e-6  # relative difference that rounding does not explain
TINY = 1e-290  # values below it may have underflowed
POINTS_AT_A_SIZE = 4
SIZE_SETS = 2
WHOLE_DRAWS = 12


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A point where two formulas differ, and the two values there; numbers are exact where `exact` says so."""

    arrays: dict[str, Any]
    left: Any
    right: Any
    sizes: dict[str, int]
    exact: bool

    def __str__(self) -> str:
        names = ", ".join(f"{name} = {show(value)}" for name, value in self.arrays.items())
        return f"at {names or 'every point'}: {show(self.left)} against {show(self.right)}"


@dataclass(frozen=True, slots=True)
class Decision:
    """status: "proved", "refuted", "evidence" or "undecided". `points` that were compared; `layout`: the two are a
    row and a column (or a matrix and its transpose) of the same entries; `reason` says why nothing was decided."""

    status: str
    points: int = 0
    counterexample: Counterexample | None = None
    layout: bool = False
    reason: str = ""

    @property
    def equal(self) -> bool:
        return self.status in ("proved", "evidence")


def show(value: Any) -> str:
    """A number, vector or matrix as it would be typed."""
    array = np.asarray(value)
    if array.ndim == 0:
        return _number(array.item())
    if array.ndim == 1:
        return "[" + ", ".join(_number(v) for v in array.tolist()) + "]"
    if array.ndim == 2:
        return "[" + "; ".join(", ".join(_number(v) for v in row) for row in array.tolist()) + "]"
    return "[" + ", ".join(show(part) for part in array) + "]"


def _number(value: Any) -> str:
    if isinstance(value, (int, Fraction)) and Fraction(value).denominator < 10_000:
        return str(value)
    return f"{float(value):.6g}"


def decide(
    a: Node, b: Node, declarations: Declarations | None = None, trees: Sequence[Tree] = (), *, seed: int = 0,
    prove: bool = True, example: bool = True,
) -> Decision:  # fmt: skip
    """Compare two nodes of the same axes. `trees` say where both are defined and smooth; `declarations` how the
    variables are drawn (by their facts, without). `prove=False` leaves the proof out, `example=False` the search
    for a counterexample that can be read, for quick refutations.

    Raises E300 if the axes differ.
    """
    if a.dims != b.dims:
        raise problem("E300", f"Values with the axes {a.dims} and {b.dims} cannot be equal.")
    if a is b:
        return Decision("proved")
    known = declarations if declarations is not None else declarations_of([a, b])
    search = _Search(a, b, known, trees, seed)
    quick = search.quick()
    if quick is not None:
        return Decision("refuted", search.points, (search.readable() if example else None) or quick)
    if prove and vanishes(add([(1, a), (-1, b)], a.dims)):
        return Decision("proved", search.points)
    found = search.readable() or search.thorough()
    if found is not None:
        return Decision("refuted", search.points, found)
    if search.points and not search.doubtful:
        return Decision("evidence", search.points)
    return Decision("undecided", search.points, reason=search.reason())


def decide_trees(a: Tree, b: Tree, declarations: Declarations, *, seed: int = 0, prove: bool = True) -> Decision:
    """Compare two typed trees over the same declarations. A row and a column of the same entries are equal, with
    `layout` set; so are a matrix and the transpose of the other where they are not equal as they stand.

    Raises E300 if the shapes differ otherwise.
    """
    names = {n: variable_node(n, declarations) for n in declarations.variables}
    left, right = lower(a, names).root, lower(b, names).root
    if a.typed == b.typed or _both_rows(a.typed, b.typed):
        first = decide(left, right, declarations, [a, b], seed=seed, prove=prove)
        layout = first.equal and a.typed != b.typed
        return Decision(first.status, first.points, first.counterexample, layout, first.reason)
    if a.typed.transposed == b.typed:
        turned = decide(left, right if not a.typed.is_matrix else _turned(right, b.typed), declarations, [a, b],
                        seed=seed, prove=prove)  # fmt: skip
        return Decision(turned.status, turned.points, turned.counterexample, turned.equal, turned.reason)
    raise problem("E300", f"A {a.typed} and a {b.typed} cannot be equal.", b.span)


def _both_rows(one: Shape, other: Shape) -> bool:
    return one.axes == other.axes and not (one.is_matrix and other.is_matrix)


def _turned(node: Node, shape: Shape) -> Node:
    """The transpose, for sides of several axes."""
    rows = len(shape.rows)
    from_ = (*range(rows, node.order), *range(rows))
    return permute(node, from_)


def declarations_of(nodes: Sequence[Node]) -> Declarations:
    """What the variables below some nodes say themselves."""
    variables: dict[str, Shape] = {}
    facts: dict[str, frozenset[str]] = {}
    for node in sorted((n for n in topological(nodes) if isinstance(n, Var)), key=lambda n: n.name):
        rows, cols = node.dims[:1], node.dims[1:]
        variables[node.name] = Shape(rows, cols)
        facts[node.name] = node.facts
    return Declarations(variables, facts)


class _Search:
    """The hunt for a point where two nodes differ."""

    def __init__(self, a: Node, b: Node, declarations: Declarations, trees: Sequence[Tree], seed: int) -> None:
        self.a, self.b = a, b
        self.declarations = declarations
        self.sampler = Sampler(trees, declarations, seed=seed)
        self.needed = {n.name for n in topological([a, b]) if isinstance(n, Var)}
        self.points = 0
        self.doubtful = 0
        self._usable = iter(self.sampler.usable())
        self._seen: list[tuple[SizedSampler, Any]] = []
        self._refusal = ""

    def reason(self) -> str:
        return self._refusal or "The points drawn disagree only within their rounding error."

    def _sized(self) -> Iterator[tuple[SizedSampler, Any]]:
        """Samplers with a first point, at most `SIZE_SETS`, each made once."""
        yield from self._seen
        while len(self._seen) < SIZE_SETS:
            try:
                found = next(self._usable, None)
            except FrechetError as error:
                self._refusal = error.diagnostic.message
                return
            if found is None:
                return
            self._seen.append(found)
            yield found

    def quick(self) -> Counterexample | None:
        """The first point at each choice of sizes."""
        for sized, point in self._sized():
            found = self._at(point.arrays, sized.sizes)
            if found is not None:
                return found
        return None

    def thorough(self) -> Counterexample | None:
        """More random points."""
        for sized, _ in self._sized():
            for _ in range(POINTS_AT_A_SIZE - 1):
                point = sized.draw()
                found = None if point is None else self._at(point.arrays, sized.sizes)
                if found is not None:
                    return found
        return None

    def readable(self) -> Counterexample | None:
        """Points of small whole numbers, all sizes 2 first."""
        for number, sizes in enumerate(islice(self._small_sizes(), 3)):
            sized = SizedSampler(self.sampler.trees, self.declarations, sizes, self.sampler.seed, number)
            rng = np.random.default_rng([self.sampler.seed, number, 7])
            for _ in range(WHOLE_DRAWS):
                exact = self._whole_point(rng, sizes)
                floats = {n: np.asarray(v, dtype=float) for n, v in exact.items()}
                if not sized.allows(floats):
                    continue
                found = self._exactly(exact, sizes) or self._at(floats, sizes, shown=exact)
                if found is not None:
                    return found
        return None

    def _small_sizes(self) -> Iterator[dict[str, int]]:
        first = next(iter(self._sized()), None)
        if first is None:
            return
        names = list(first[0].sizes)
        two = dict.fromkeys(names, 2)
        if not any(c.op == ">" or isinstance(c.left, int) or isinstance(c.right, int)
                   for c in self.declarations.constraints):  # fmt: skip
            yield two
        for sized, _ in self._seen:
            yield sized.sizes

    def _whole_point(self, rng: Any, sizes: Mapping[str, int]) -> dict[str, Any]:
        out = {}
        for name, shape in self.declarations.variables.items():
            rows, cols = extent(shape, sizes)
            words = set(self.declarations.facts.get(name, ())) | {self.declarations.domain.get(name, "normal")}
            kept = [n for n, side in ((rows, shape.rows), (cols, shape.cols)) if side]
            out[name] = small_values(rng, words, rows, cols).reshape(kept)
        commute(rng, self.declarations.facts, out)
        return out

    def _shown(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        return {n: v for n, v in arrays.items() if n in self.needed}

    def _exactly(self, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> Counterexample | None:
        field = Rational()
        left = value_of(self.a, arrays, sizes, field)
        right = None if left is None else value_of(self.b, arrays, sizes, field)
        if right is None:
            return None
        self.points += 1
        if (left == right).all():
            return None
        return Counterexample(self._shown(arrays), left, right, dict(sizes), True)

    def _at(
        self, arrays: Mapping[str, Any], sizes: Mapping[str, int], shown: Mapping[str, Any] | None = None
    ) -> Counterexample | None:
        """Compare at one point in floats, with 40 digits where floats leave a doubt or find a difference."""
        with np.errstate(all="ignore"):
            try:
                left, right = (interpret(n, arrays, sizes) for n in (self.a, self.b))
            except np.linalg.LinAlgError:
                return None
        found = compare(left, right)
        if not np.isfinite(left).all() or not np.isfinite(right).all():
            return None
        if found.relative <= AGREE and found.scale >= TINY:
            self.points += 1
            return None
        verdict = self._closely(arrays if shown is None else shown, sizes)
        if verdict is None and found.scale < TINY:
            return None  # both vanish or have sunk below the smallest float: no evidence
        if verdict is None:
            verdict = found.relative > DIFFER
            if not verdict:
                self.doubtful += 1
                return None
        self.points += 1
        return Counterexample(self._shown(shown or arrays), left, right, dict(sizes), False) if verdict else None

    def _closely(self, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> bool | None:
        """Whether the values differ with 40 digits; None if they cannot be had."""
        field = High()
        left = value_of(self.a, arrays, sizes, field)
        right = None if left is None else value_of(self.b, arrays, sizes, field)
        if right is None:
            return None
        gap = max((abs(x - y) for x, y in zip(left.ravel(), right.ravel(), strict=True)), default=0)
        size = max((abs(x) for x in [*left.ravel(), *right.ravel()]), default=0)
        return bool(gap > size * 1e-20)
