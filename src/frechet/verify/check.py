"""Every answer against a numeric derivative of what was typed, before it is shown.

The claimed derivative is contracted with a random direction V and compared with the numeric derivative along V of the
order below: of the input itself for a first derivative, of the checked order k-1 for order k. Nothing of calculus,
notation or compile is used; what is checked is the printed tree, evaluated by `reference`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from frechet.core.dims import Shape
from frechet.core.errors import FrechetError, problem
from frechet.core.lazy import np
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree
from frechet.numeric.line import line_derivative
from frechet.reference.compare import compare
from frechet.reference.program import SHAKE, Program
from frechet.reference.sample import Point, Sampler, SizedSampler
from frechet.verify.claims import Tangent, contraction, is_zero, tangent_of

Array = Any
Arrays = Mapping[str, Array]
Lower = Callable[..., Array]  # (arrays) -> value
Claimed = Callable[..., Array]  # (arrays, directions by name) -> change of the value

POINTS_AT_A_SIZE = 3
SIZE_SETS = 2
TOLERANCE = 1e-8  # relative; what rounding may do to a claim at a point that is not ill-conditioned
TRUSTED = 1e-6  # a numeric derivative with a larger relative bound decides nothing
_BOUNDS = 8.0  # bounds of the numeric derivative that a claim may be away from it
_DRAWS = 16
_EMPTY = 5  # points, drawn in different ways, where nothing changes; a claim of zero is then right
_FEW = 4.0  # by which the rounding seen in three draws may fall short of the largest
_FLOOR = 1e-6
_SMALL = 1e-2
_LARGE = 5_000


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked. `status` is "checked" or "unchecked"; `message` says why it is unchecked.

    The errors are relative to the largest entry of the derivative; `bound` is the numeric method's own.
    """

    status: str
    points: int = 0
    sizes: tuple[dict[str, int], ...] = ()
    max_relative_error: float = 0.0
    bound: float = 0.0
    seed: int = 0
    message: str = ""

    def __str__(self) -> str:
        if self.status != "checked":
            return f"unchecked  {self.message}"
        return f"checked   {self.summary}"

    @property
    def summary(self) -> str:
        """The line without its label."""
        if self.status != "checked":
            return self.message
        points = f"{self.points} point{'s' if self.points > 1 else ''}"
        sets = f"{len(self.sizes)} set{'s' if len(self.sizes) > 1 else ''} of sizes"
        return (f"{points}, {sets}, random directions; max relative error {self.max_relative_error:.0e}, "
                f"own bound {self.bound:.0e} (seed {self.seed})")  # fmt: skip


@dataclass
class Question:
    """What is to be checked at one choice of sizes: the order below, and what is claimed of its derivative along
    the directions of the variables `wrt` (several are one stacked variable). If `shakes`, both take a generator as a
    further argument and are then rounded coarsely (see `Program.shaken`). `zero` says that zero itself is claimed."""

    lower: Lower
    claimed: Claimed
    wrt: tuple[str, ...]
    shakes: bool = False
    zero: bool = False


@dataclass
class _Tally:
    """Results so far."""

    seed: int
    points: int = 0
    sizes: list[dict[str, int]] = field(default_factory=list)
    error: float = 0.0
    bound: float = 0.0
    refused: str = ""

    def result(self) -> Verification:
        if not self.points:
            return Verification("unchecked", seed=self.seed, message=self.refused)
        return Verification("checked", self.points, tuple(self.sizes), self.error, self.bound, self.seed)


def verify(
    lower: Tree,
    claim: Tree,
    declarations: Declarations,
    wrt: str | Sequence[str],
    form: str,
    *,
    also: Sequence[Tree] = (),
    directions: Mapping[str, Shape] | None = None,
    seed: int = 0,
) -> Verification:
    """Check `claim`, a typed tree, as the derivative of the typed tree `lower` by `wrt`.

    `form` says how the tree stands for a linear map (see `claims.contraction`): "gradient", "jacobian", "denominator",
    "vec" or "operator". `also` are trees that must be defined at a point too (the input, for a higher order: then
    `lower` is an answer itself, which holds where the facts of the variables do). `directions` are the shapes of the
    directions that both trees have in common, where `lower` is a linear map itself.
    """
    names = (wrt,) if isinstance(wrt, str) else tuple(wrt)

    def at(sizes: Mapping[str, int]) -> Question:
        low, top = Program(lower, sizes), Program(claim, sizes)
        along = contraction(form, top, low.shape, names, frozenset(directions or ()))
        return Question(low, along, names, shakes=True, zero=is_zero(claim))

    sampler = Sampler([lower, *also], declarations, seed=seed)
    tangent = tangent_of(declarations.facts) if also else None
    return check_derivative(at, sampler, directions=directions, tangent=tangent)


def check_derivative(
    at: Callable[[Mapping[str, int]], Question],
    sampler: Sampler,
    *,
    directions: Mapping[str, Shape] | None = None,
    tangent: Tangent | None = None,
) -> Verification:
    """Check what `at` asks for each choice of sizes. `tangent` brings a random direction of a variable into the
    space in which it may move (all directions, if it is not given). E600 if the claim is wrong anywhere."""
    tally = _Tally(sampler.seed)
    try:
        for sized, first in islice(sampler.usable(directions), SIZE_SETS):
            before = tally.points
            _check_at(sized, first, at(sized.sizes), directions, tangent, tally)
            if tally.points > before:
                tally.sizes.append(sized.sizes)
    except FrechetError as error:
        if error.diagnostic.code != "E601":
            raise
        tally.refused = error.diagnostic.message
    return tally.result()


def _check_at(
    sized: SizedSampler, first: Point, question: Question, directions: Mapping[str, Shape] | None,
    tangent: Tangent | None, tally: _Tally,
) -> None:  # fmt: skip
    """Points at one choice of sizes, until enough of them could be judged."""
    rng = np.random.default_rng([*sized.label, 1])
    wanted = POINTS_AT_A_SIZE if _cost(sized) < _LARGE else 1
    point: Point | None = first
    good = empty = 0
    for _ in range(_DRAWS):
        if point is None:
            break
        V = {name: _direction(rng, name, point.arrays[name], tangent) for name in question.wrt}
        with np.errstate(all="ignore"):
            judged = _Judgement(sized, point, question, V).run(tally)
        good += judged == "good"
        empty += judged == "empty"
        if good == wanted or (empty == _EMPTY and not good and question.zero):
            break
        if judged != "good":
            sized.move_on()
        point = sized.draw(directions)
    if empty and not good and not question.zero:
        # Any formula that vanishes where the function is flat would pass there.
        tally.refused = "The function does not change at the points drawn; a derivative of zero there says little."
        return
    tally.points += good or min(empty, wanted)


def _cost(sized: SizedSampler) -> int:
    """Roughly how much work one evaluation is; a long formula is checked at fewer points."""
    return sum(5 * len(p.steps) for p in sized.programs) + sum(
        rows * cols for p in sized.programs for _, _, (rows, cols) in p.inputs
    )


def _direction(rng: Any, name: str, x: Array, tangent: Tangent | None) -> Array:
    """A random direction, about as long as an entry of the point is large (or as one usually is, beside small ones)."""
    V = rng.standard_normal(x.shape)
    V = np.asarray(V if tangent is None else tangent(name, x, V))
    length = float(np.sqrt(np.sum(V * V)))
    typical = float(np.sqrt(np.mean(x * x)))
    wanted = 0.1 + typical if typical > _SMALL or not typical else typical
    return V * (min(1.0, wanted) / length) if length else V


class _Judgement:
    """One point and one direction."""

    def __init__(self, sized: SizedSampler, point: Point, question: Question, V: Mapping[str, Array]) -> None:
        self.sized = sized
        self.point = point
        self.question = question
        self.V = V

    def run(self, tally: _Tally) -> str:
        """ "good"; "empty" where claim and function both do not change at all, which any claim may do somewhere; or
        "refused" if the point could not be judged. A claim that is wrong there raises."""
        scale = self._scale()
        if not scale:
            tally.refused = "No direction was found that stays away from points where the function is not smooth."
            return "refused"
        estimate = line_derivative(self._along, scale=scale, quick=True)
        if not estimate.ok:
            tally.refused = f"No numeric derivative: {estimate.message}."
            return "refused"
        got = self._claimed(self.point.arrays)
        if got is None:
            tally.refused = "The derivative has no finite value at the points drawn."
            return "refused"
        size = float(np.max(np.abs(self._along(0.0)), initial=0.0))
        found = compare(got, estimate.value, floor=_FLOOR * size)
        bound = float(np.max(estimate.error, initial=0.0))
        if not (bound <= TRUSTED * found.scale or bound <= 1e-9 * size):
            tally.refused = "The numeric derivative is not accurate enough to decide."
            return "refused"
        claimed = float(np.max(np.abs(got), initial=0.0))
        peak = max(claimed, float(np.max(np.abs(estimate.value), initial=0.0)))
        if claimed and peak <= _BOUNDS * bound:
            tally.refused = "The derivative is too small beside the function to be seen numerically."
            return "refused"
        if found.difference > TOLERANCE * peak + _BOUNDS * bound:
            if self._doubtful(got, found.difference, estimate, scale, 0.1 * size / claimed if claimed else scale):
                tally.refused = "Rounding is too large at the points drawn to decide."
                return "refused"
            raise self._failed(found.worst, found.left, found.right, bound)
        tally.error = max(tally.error, found.relative)
        tally.bound = max(tally.bound, bound / found.scale if found.scale else 0.0)
        return "good" if claimed else "empty"

    def _moved(self, t: float) -> dict[str, Array]:
        arrays = dict(self.point.arrays)
        for name, V in self.V.items():
            arrays[name] = arrays[name] + t * V
        return arrays

    def _along(self, t: float) -> Array:
        return self.question.lower(self._moved(t))

    def _scale(self) -> float:
        """The length of line that crosses no kink or pole; 0 if there is none worth having."""
        scale = 1.0
        for _ in range(3):
            # line_derivative steps at most an eighth of the scale to each side
            if self.sized.same_side(self._moved(-scale / 8), self._moved(scale / 8)):
                return scale
            scale /= 8
        return 0.0

    def _claimed(self, arrays: Arrays) -> Array | None:
        try:
            got = np.asarray(self.question.claimed(arrays, self.V))
        except FrechetError as error:
            if error.diagnostic.code != "E400":
                raise
            return None
        return got if np.isfinite(got).all() else None

    def _doubtful(self, got: Array, difference: float, estimate: Any, scale: float, claimed_scale: float) -> bool:
        """Whether a difference says something about the point and not about the claim: rounding changes the claim or
        the order below as much, or the numeric derivative is another one on a shorter line. `claimed_scale` is the
        length over which the function would change noticeably if the claim were right: sin(1e10*x) turns many times
        within a step that is a small one elsewhere."""
        if difference <= _FEW * self._rounding(got, scale):
            return True
        for shorter in {scale / 16, min(scale / 16, claimed_scale)} - {0.0}:
            finer = line_derivative(self._along, scale=shorter, quick=True)
            allowed = 4 * (np.max(estimate.error) + np.max(finer.error)) if finer.ok else 0.0
            if not finer.ok or np.max(np.abs(finer.value - estimate.value)) > max(allowed, difference / 10):
                return True
        return False

    def _rounding(self, got: Array, scale: float) -> float:
        """What rounding may do to the claim and, through the numeric derivative, to the order below."""
        arrays, rng = self.point.arrays, np.random.default_rng(0)
        if not self.question.shakes:
            shaken = {n: a * (1 + SHAKE * rng.standard_normal(a.shape)) for n, a in arrays.items()}
            again = self._claimed(shaken)
            return float("inf") if again is None else 10 * float(np.max(np.abs(again - got)))
        above = below = 0.0
        for _ in range(3):
            above = max(above, float(np.max(np.abs(self.question.claimed(arrays, self.V, rng) - got))))
            below = max(below, float(np.max(np.abs(self.question.lower(arrays, rng) - self._along(0.0)))))
        # SHAKE is a thousand roundings; ten of them are allowed for.
        return 0.01 * (above + below / (0.01 * scale))

    def _failed(self, worst: tuple[int, ...], got: float, wanted: float, bound: float) -> FrechetError:
        seed = self.point.seed
        place = f"entry {[i + 1 for i in worst]} of " if worst else ""
        sizes = ", ".join(f"{n} = {v}" for n, v in self.point.sizes.items())
        return problem(
            "E600",
            f"The derivative by {', '.join(self.question.wrt)} failed its own check and is not shown: along a random "
            f"direction, {place}it is {got:.12g}, but the function changes by {wanted:.12g} (within {bound:.0e}).",
            help=f"This is a mistake of frechet, not yours. Point: seed {seed[0]}, sizes {seed[1]}"
                 f"{f' ({sizes})' if sizes else ''}, draw {seed[2]}.",
        )  # fmt: skip


__all__ = ["Question", "Verification", "check_derivative", "verify"]
