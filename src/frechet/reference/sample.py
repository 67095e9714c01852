"""Points where a formula is defined and smooth: drawn by facts, domain and relations of sizes, else by the
operations' own domains. Everything follows from the seed.

A draw that some operation does not allow is thrown away. What the user left open is then drawn in other ways (positive,
small, positive definite, ...), and at sizes in another order: inv(X'*X) needs m >= n and nobody has to say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from frechet.core.dims import Shape
from frechet.core.errors import FrechetError, problem
from frechet.core.lazy import np
from frechet.language.declarations import Declarations
from frechet.language.tree import BINARY, Tree, subtrees
from frechet.reference.conditions import Guard, asked_for, entries_asked, guards_of, masked
from frechet.reference.program import Array, Program, Slots, extent
from frechet.reference.sizes import size_choices
from frechet.reference.values import commute, draw_value

MAX_ENTRIES = 1_000_000  # of one value inside the formula: beyond it, checking costs more than it says
SIZE_CHOICES = 10
TRIES_AT_A_SIZE = 60
_SHORT_TRIAL = 12
_MARGINS = (0.05, 1e-3)
_LIMITS = (1e4, 1e9)
Choices = Sequence[tuple[int, bool]]

# How variables that the user left open are drawn, try by try: (squares, all others). Then mixtures at random.
_WAYS = (
    ("normal", "normal"), ("normal", "normal"), ("normal", "normal"), ("invertible", "normal"),
    ("spd", "normal"), ("spd", "positive"), ("positive", "positive"), ("spd", "unit"), ("small", "small"),
    ("unit", "unit"), ("spd", "small"), ("normal", "normal"), ("tiny", "tiny"), ("normal", "positive"),
    ("invertible", "positive"),
)  # fmt: skip
_MIXTURE = ("normal", "positive", "negative", "unit", "small", "tiny", "spd", "invertible")


@dataclass(frozen=True, slots=True)
class Point:
    """Arrays by name, the sizes they have, and the seed, the number of the sizes and of the draw."""

    arrays: dict[str, Array]
    sizes: dict[str, int]
    seed: tuple[int, int, int]


class SizedSampler:
    """Draws at one choice of sizes."""

    def __init__(
        self, trees: Sequence[Tree], declarations: Declarations, sizes: dict[str, int], seed: int, number: int
    ) -> None:
        self.sizes = sizes
        self.declarations = declarations
        self.programs = [Program(t, sizes) for t in trees]
        self.guards = [guards_of(p) for p in self.programs]
        self.asked = [asked_for(p) for p in self.programs]
        self.rng = np.random.default_rng([seed, number])
        self.label = (seed, number)
        self.draws = 0
        self.refused: Counter[Tree] = Counter()
        self._first = 0  # the way that worked last

    def draw(self, directions: Mapping[str, Shape] | None = None, tries: int = TRIES_AT_A_SIZE) -> Point | None:
        """A point where every tree is defined, smooth and of moderate size; None if `tries` draws found none.

        `directions` are further normal arrays, drawn along: the directions of linear maps.
        """
        for attempt in range(self._first, self._first + tries):
            self.draws += 1
            arrays = self._arrays(attempt, directions or {})
            loose = int(attempt >= len(_WAYS))
            culprit = self._culprit(arrays, _MARGINS[loose], _LIMITS[loose])
            if culprit is None:
                self._first = attempt
                return Point(arrays, self.sizes, (*self.label, self.draws))
            self.refused[culprit] += 1
        return None

    def allows(self, arrays: Mapping[str, Array], margin: float = _MARGINS[-1], limit: float = _LIMITS[-1]) -> bool:
        """Whether every tree is defined, smooth and of moderate size at a point from elsewhere."""
        return self._culprit(arrays, margin, limit) is None

    def move_on(self) -> None:
        """Draw in quite another way from now on: the points so far were allowed, but of no use."""
        self._first += 4

    def _arrays(self, attempt: int, directions: Mapping[str, Shape]) -> dict[str, Array]:
        out = {}
        d = self.declarations
        for name, shape in d.variables.items():
            rows, cols = extent(shape, self.sizes)
            words = set(d.facts.get(name, ())) | ({d.domain[name]} if name in d.domain else set())
            if name not in d.domain and not words & {"spd", "orthogonal", "idempotent", "positive", "integer"}:
                words.add(self._way(attempt, shape, bool(words - {"constant"})))
            out[name] = _as_given(draw_value(self.rng, words, rows, cols), shape)
        commute(self.rng, d.facts, out)
        for name, shape in directions.items():
            out[name] = _as_given(self.rng.standard_normal(extent(shape, self.sizes)), shape)
        return out

    def _way(self, attempt: int, shape: Shape, structured: bool) -> str:
        """How a variable is drawn whose entries are left open; a structured matrix does not become something else."""
        square = shape.is_matrix and shape.rows == shape.cols
        if attempt < len(_WAYS):
            word = _WAYS[attempt][0 if square else 1]
        else:
            word = _MIXTURE[int(self.rng.integers(len(_MIXTURE)))]
        if word in ("spd", "invertible") and (structured or not square):
            return "invertible" if square else "normal"
        return word

    def _culprit(self, arrays: Mapping[str, Array], margin: float, limit: float) -> Tree | None:
        """The first place where the point is not allowed."""
        for program, guards, asked in zip(self.programs, self.guards, self.asked, strict=True):
            try:
                slots = program.run(arrays)
            except FrechetError as error:
                if error.diagnostic.code != "E400":
                    raise
                return next((t for t in program.trees if t.span is error.diagnostic.span), program.trees[-1])
            found = _first_refusal(program, guards, asked, slots, (margin, limit))
            if found is not None:
                return found
        return None

    def same_side(self, one: Mapping[str, Array], other: Mapping[str, Array]) -> bool:
        """Whether nothing changes its sign between two points: no kink, no pole, no border lies between them."""
        for program, guards, asked in zip(self.programs, self.guards, self.asked, strict=True):
            every = [(g, choices) for step, choices in zip(guards, asked, strict=True) for g in step]
            if not every:
                continue
            try:
                a, b = program.run(one), program.run(other)
            except FrechetError:
                return False
            if not all(_same_sign(g, choices, a, b) for g, choices in every):
                return False
        return True


def _same_sign(guard: Guard, choices: Choices, a: Slots, b: Slots) -> bool:
    """Whether what a guard watches has one sign at both ends, in the entries that are asked for at the first."""
    try:
        ends = [np.sign(guard.quantity(slots)) for slots in (a, b)]
        asked = entries_asked(choices, a)
        if asked is not None:
            ends = [masked(end, asked, 0.0) for end in ends]
        return bool(np.array_equal(*ends))
    except np.linalg.LinAlgError:
        return False


def _first_refusal(
    program: Program, guards: Sequence[Sequence[Guard]], asked: Sequence[Choices], slots: Slots,
    margin_limit: tuple[float, float],
) -> Tree | None:  # fmt: skip
    margin, limit = margin_limit
    with np.errstate(all="ignore"):
        for tree, target, some, choices in zip(program.trees, program.targets, guards, asked, strict=True):
            entries = entries_asked(choices, slots)
            try:
                if not all(g.holds(slots, margin, entries) for g in some):
                    return tree
            except np.linalg.LinAlgError:
                return tree
            value = np.abs(slots[target])
            if entries is not None:
                value = masked(value, entries, 0.0)
            if not value.max(initial=0.0) < limit:  # also refuses NaN
                return tree
    return None


def _as_given(value: Array, shape: Shape) -> Array:
    """One axis per nontrivial side, as a user gives it."""
    kept = [n for n, side in zip(value.shape, (shape.rows, shape.cols), strict=True) if side]
    return value.reshape(kept)


class Sampler:
    """Points for a formula, at several choices of sizes.

    `trees` are what must be defined at a point; the first is the one an error message speaks about.
    """

    def __init__(self, trees: Sequence[Tree], declarations: Declarations, *, seed: int = 0) -> None:
        self.trees = tuple(trees)
        self.declarations = declarations
        self.seed = seed
        self._samplers: list[SizedSampler] = []

    def sized(self) -> Iterator[SizedSampler]:
        """A sampler for each choice of sizes, the best choices first."""
        names, typed = _dims(self.trees, self.declarations)
        choices = islice(size_choices(names, self.declarations.constraints, typed), SIZE_CHOICES)
        for number, sizes in enumerate(choices):
            self._check_extent(sizes)
            yield SizedSampler(self.trees, self.declarations, sizes, self.seed, number)

    def usable(self, directions: Mapping[str, Shape] | None = None) -> Iterator[tuple[SizedSampler, Point]]:
        """Samplers at sizes where a point exists, each with its first point; E601 if there is none at all.

        Every choice of sizes gets a short trial first: where the order of the sizes is what is wrong, no way of
        drawing helps.
        """
        waiting: list[SizedSampler] = []
        self._samplers = []
        found = False
        for sampler in self.sized():
            self._samplers.append(sampler)
            point = sampler.draw(directions, _SHORT_TRIAL)
            if point is None:
                waiting.append(sampler)
            else:
                found = True
                yield sampler, point
        for sampler in waiting:
            point = sampler.draw(directions, TRIES_AT_A_SIZE)
            if point is not None:
                found = True
                yield sampler, point
        if not found:
            raise self.no_point()

    def points(self, count: int = 3, size_sets: int = 2, directions: Mapping[str, Shape] | None = None) -> list[Point]:
        """`count` points at each of `size_sets` choices of sizes (fewer where there is only one)."""
        found: list[Point] = []
        for sampler, first in islice(self.usable(directions), size_sets):
            more = (sampler.draw(directions) for _ in range(count - 1))
            found += [first, *(p for p in more if p is not None)]
        return found

    @property
    def draws(self) -> int:
        return sum(s.draws for s in self._samplers)

    def no_point(self) -> FrechetError:
        """E601, naming the operation that refused most draws."""
        refused = sum((s.refused for s in self._samplers), Counter[Tree]())
        if not refused:
            return problem("E601", "No sizes obey the given relations.", help="Change `sizes`.")
        tree = refused.most_common(1)[0][0]
        return problem("E601", f"No point could be drawn where {_named(tree)} is defined and smooth "
                       f"({self.draws} draws).", tree.span,
                       help="Say how values are to be drawn, for example domain={\"x\": \"positive\"}, "
                            "or which sizes fit, sizes=[\"m>n\"].")  # fmt: skip

    def _check_extent(self, sizes: Mapping[str, int]) -> None:
        for tree in [t for root in self.trees for t in subtrees(root) if t.shape is not None]:
            rows, cols = extent(tree.typed, sizes)
            if rows * cols > MAX_ENTRIES:
                raise problem("E601", f"The sizes are too large to check with numbers: {rows} x {cols}.", tree.span)


def _named(tree: Tree) -> str:
    if tree.kind == "call":
        return f"{tree.name}(...)"
    return f"`{BINARY[tree.kind]}`" if tree.kind in BINARY else f"this {tree.kind}"


def _dims(trees: Sequence[Tree], declarations: Declarations) -> tuple[list[str], list[int]]:
    """The names of sizes, in order of appearance, and the sizes typed as numbers."""
    dims = [d for shape in declarations.variables.values() for d in shape.axes]
    for tree in [t for root in trees for t in subtrees(root)]:
        dims += tree.shape.axes if tree.shape is not None else ()
        dims += [tree.value] if tree.kind == "size" else []
    unique = list(dict.fromkeys(dims))
    return [d for d in unique if isinstance(d, str)], [d for d in unique if isinstance(d, int)]


def draw_points(
    trees: Sequence[Tree], declarations: Declarations, *, seed: int = 0, count: int = 3, size_sets: int = 2
) -> list[Point]:
    """`count` points at each of `size_sets` choices of sizes where every tree is defined and smooth."""
    return Sampler(trees, declarations, seed=seed).points(count, size_sets)
