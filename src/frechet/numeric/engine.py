"""The adaptive search for one derivative along a line.

`search` is a generator: it yields lists of parameters t (complex ones for the complex step) and is sent the values of
the function there, or None where it is not defined. So the caller decides how they are computed: one by one, or as
batches over many lines in parallel, with the same result.

The steps are placed by what the function does, not by |x|: a first ladder on a guessed scale, one pair of much finer
steps as a witness, then levels where the best window's own bound says that noise or truncation is the larger part.
Sources: Romberg (1955); More and Wild (2011) for measured noise; Squire and Trapp (1998) for the complex step.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from frechet.core.lazy import np
from frechet.numeric.ladder import CENTRAL, LEFT, MANY, RIGHT, Choice, Ladder
from frechet.numeric.noise import measured_noise, noise_points, staircase
from frechet.numeric.settle import bent_components, slope_seen, verdict
from frechet.numeric.tableau import UNIT

Search = Generator[list[complex], list[Any], "Line"]

GOOD = 4e-12  # relative bound at which no further evaluation is spent
START = 3  # the first ladder starts at 2^-3 of the guessed scale
FIRST_LEVELS = 3
FINEST = 40  # the witness stands at most this many halvings below the first ladder
ROUNDS = 20
ROUNDS_OF_MANY = 6  # for vectors longer than MANY the worst component must not decide about all
WIDEN = 30  # halvings above the first ladder that may be tried


@dataclass(frozen=True, slots=True)
class Line:
    """Derivative of one line: `value` and `error` of shape (m,), `ok` per component, `scale` a good first step."""

    value: Any
    error: Any
    ok: Any
    message: str
    scale: float
    complex_step: bool = False
    slope: float = 0.0  # the largest one-sided slope met: what a derivative could be compared with


@dataclass(frozen=True, slots=True)
class Task:
    """What to differentiate. `scale` is a guess of the distance over which f changes; `finest` the smallest step that
    still moves the point; `x_rounding` the rounding of the point as a distance along the line."""

    f0: Any
    scale: float
    finest: float
    x_rounding: float = 0.0
    order: int = 1
    complex_step: bool = True
    noise: Any = 0.0  # known noise of one value, where f computes in single precision


def search(task: Task) -> Search:
    """Find the derivative of one line; see `Task` and `Line`."""
    if not np.isfinite(task.f0).all():
        nan = np.full(task.f0.shape, np.nan)
        return Line(nan, np.abs(nan) + np.inf, nan > 0, "the function is not finite at the point itself", task.scale)
    ladder = Ladder(
        task.f0, 2.0 ** round(np.log2(task.scale)), task.order, x_rounding=task.x_rounding, noise=task.noise
    )
    if task.complex_step and task.order == 1:
        found = yield from _complex_step(ladder, task)
        if found is not None:
            return found
    start = yield from _first_levels(ladder, task)
    if not ladder.levels():
        nan = np.full(task.f0.shape, np.nan)
        return Line(nan, np.abs(nan) + np.inf, nan > 0, "the function is not defined near the point", task.scale)
    witness = yield from _witness(ladder, task, start)
    yield from _second_witness(ladder, start, witness)
    choice = yield from _improve(ladder, task, witness)
    if ladder.mode == CENTRAL and not np.any(ladder.noise) and bent_components(ladder, choice).any():
        ladder.noise = yield from _measure(ladder, witness)  # before noise is taken for a kink
        yield from _fetch(ladder, [witness - 6, witness - 12])  # where noise that is really there weighs less
        choice = yield from _improve(ladder, task, witness)
    ok, error, message = yield from verdict(ladder, choice, witness, _fetch)
    error = np.maximum(error, _floor(ladder, task, choice))
    return Line(
        choice.value, error, ok, message, ladder.step(int(np.max(choice.coarsest))), False, slope_seen(ladder).max()
    )


def _floor(ladder: Ladder, task: Task, choice: Choice) -> Any:
    """What no bound may go below: structure as small as the noise, on the scale of the point, would not be seen; and
    a function that is not smooth, such as x*|x|, leaves the last step in its value."""
    steps = ladder.levels()
    plus, minus = ladder.values[steps[0]]
    slope = np.max([np.abs(v - ladder.f0) for v in (plus, minus) if v is not None], axis=0) / ladder.step(steps[0])
    unseen = 0.5 * ladder.noise / task.scale**task.order
    # A derivative that rounding hides on that scale may look like nothing from further off.
    hidden = 0.5 * UNIT * np.abs(ladder.f0) / task.scale**task.order
    unseen = np.maximum(unseen, np.where(np.abs(choice.value) < hidden, hidden, 0.0))
    return np.maximum(unseen, 64 * UNIT * slope if task.order == 1 else 0.0)


def _fetch(ladder: Ladder, ks: list[int]) -> Generator[list[complex], list[Any], None]:
    """Evaluate the levels `ks` that are not there yet: both sides, or the open side of a one-sided ladder."""
    ks = [k for k in dict.fromkeys(ks) if k not in ladder.values]
    signs = [1, -1] if ladder.mode == CENTRAL else [ladder.mode]
    values = yield [complex(sign * ladder.step(k)) for k in ks for sign in signs]
    for i, k in enumerate(ks):
        got = dict(zip(signs, values[i * len(signs) : (i + 1) * len(signs)], strict=True))
        ladder.values[k] = got.get(1), got.get(-1)


def _complex_step(ladder: Ladder, task: Task) -> Generator[list[complex], list[Any], Line | None]:
    """The complex step, if a few evaluations prove that the code is complex-analytic here; else None.

    Proof: the real part is f, real central differences agree within their own noise and truncation, and there is no
    kink. Two more complex evaluations on either side show the noise of the imaginary part itself.
    """
    h = max(ladder.base * 2.0**-100, 1e-290)
    k = 17
    first = yield [1j * h]
    if first[0] is None or not np.iscomplexobj(first[0]):
        return None
    c = first[0].imag / h
    if not np.isfinite(c).all():
        return None
    sides = yield [complex(ladder.step(k)), complex(-ladder.step(k))]
    ladder.values[k] = sides[0], sides[1]
    if not ladder.is_open(k):
        return None
    moved_by = np.abs(sides[0] - task.f0) + np.abs(sides[1] - task.f0)
    if (np.abs(first[0].real - task.f0) > 16 * ladder.value_noise(k) + 2.0**-150 * moved_by).any():
        return None
    tolerance = 4 * ladder.quotient_noise(k)
    gap = np.abs(ladder.quotient(k) - c)
    bend = np.abs(ladder.bend(k))
    sure = (gap <= tolerance + 1e-12 * np.abs(c)) & (bend <= 1e-3 * np.abs(c) + 8 * tolerance)
    if not sure.all() and not _nearly(c, gap, bend):
        yield from _fetch(ladder, [k + 3])
        if not ladder.is_open(k + 3):
            return None
        tolerance = 8 * tolerance
        falls = np.abs(ladder.quotient(k + 3) - c) <= np.maximum(gap / 16, tolerance)
        flat = np.abs(ladder.bend(k + 3)) <= np.maximum(bend / 4, 8 * tolerance)
        if not (falls & flat & (gap <= 0.1 * np.abs(c) + tolerance)).all():
            return None
        sure |= True
    # Near enough that the second derivative of c, known from the gap, does not show in the second difference.
    with np.errstate(all="ignore"):
        near = ladder.step(k) * np.sqrt(UNIT * np.abs(c) / (6 * gap))
    near = np.where(np.isfinite(near), near, np.inf)  # no gap or no slope: nothing to keep away from
    nearby = float(np.clip(np.median(near), max(8 * task.x_rounding, ladder.step(50)), ladder.step(26)))
    left, right = yield [-nearby + 1j * h, nearby + 1j * h]
    if left is None or right is None:
        return None
    jitter = np.abs((left.imag / h - c) + (right.imag / h - c))
    # What c makes of a point rounded inside f, as in sin(1e5*x).
    drift = np.abs(right.imag - left.imag) / h * (task.x_rounding / nearby)
    error = (
        8 * UNIT * np.abs(c) + 1.5 * jitter + 2 * drift + UNIT**2 * moved_by / ladder.step(k) + np.where(sure, 0.0, gap)
    )
    if np.any(task.noise):
        error = error + 2.0**-21 * np.abs(c)  # computed in single precision
    return Line(c, error, np.isfinite(c), "complex step", ladder.step(START), True, slope_seen(ladder).max())


def _nearly(c: Any, gap: Any, bend: Any) -> bool:
    """Whether among many components the few that rounding blurs differ by nothing beside the others."""
    size = np.abs(c) + np.median(np.abs(c))
    return c.size > 8 and bool(((gap <= 1e-7 * size) & (bend <= 1e-3 * size)).all())


def _first_levels(ladder: Ladder, task: Task) -> Generator[list[complex], list[Any], int]:
    """The first ladder; where a side is closed, smaller steps, then the open side alone. Returns its first level."""
    yield from _fetch(ladder, list(range(START, START + FIRST_LEVELS)))
    if len(ladder.levels()) == FIRST_LEVELS:
        return START
    one_sided: tuple[int, int] | None = None
    for k in (START + 2, START + 6, START + 12, START + 20, START + 30, START + 40, START + 46):
        if ladder.step(k) < task.finest:
            break
        yield from _fetch(ladder, [k])
        if ladder.is_open(k):
            yield from _fetch(ladder, [k + 2, k + 3, k + 4])
            return k + 2
        plus, minus = ladder.values[k]
        if one_sided is None and (plus is not None or minus is not None):
            one_sided = k, RIGHT if plus is not None else LEFT
    if one_sided is None:
        return START
    k, ladder.mode = one_sided
    yield from _fetch(ladder, list(range(k, k + FIRST_LEVELS + 1)))
    return k


def _witness(ladder: Ladder, task: Task, start: int) -> Generator[list[complex], list[Any], int]:
    """One much finer level, where rounding still leaves about three digits of what the ladder found.

    If it contradicts the ladder, either noise is larger than rounding (then it is measured) or f has structure below
    the ladder (then a second fine level stands beside it, and the search climbs from there).
    """
    coarse = ladder.levels()
    h = ladder.step(coarse[-1])
    q = np.abs(np.array([ladder.quotient(k) for k in coarse])).max(axis=0)
    power = task.order
    with np.errstate(all="ignore"):
        wanted = (UNIT * np.abs(task.f0) / (1e-3 * q)) ** (1 / power)
    wanted = np.where(np.isfinite(wanted), wanted, h * 2.0**-20)
    finest = max(task.finest * 8, h * 2.0 ** -(FINEST / power))
    target = min(max(float(np.median(wanted)), finest), h * 2.0**-5)
    k = min(int(np.floor(np.log2(ladder.base / target))), int(np.floor(np.log2(ladder.base / finest))))
    k = max(k, coarse[-1] + 2)
    yield from _fetch(ladder, [k])
    if not ladder.is_open(k):
        return coarse[-1]
    if _contradicted(ladder, k):
        ladder.noise = yield from _measure(ladder, k)
        if _contradicted(ladder, k):
            yield from _fetch(ladder, [k - 2])
    return k


def _second_witness(ladder: Ladder, start: int, witness: int) -> Generator[list[complex], list[Any], None]:
    """Where noise blinds the first witness, a level between: it sees structure from its own size up to A/noise times
    that, A being how much f varies on the ladder."""
    if not np.any(ladder.noise):
        return
    varies = np.max([np.abs(v - ladder.f0) for v in ladder.values[ladder.levels()[0]] if v is not None], axis=0)
    with np.errstate(all="ignore"):
        halvings = np.log2(varies / ladder.noise) / 2
    seen = halvings[np.isfinite(halvings)]
    k = start + FIRST_LEVELS + int(np.clip(np.median(seen), 1, 40)) if seen.size else witness
    if k < witness:
        yield from _fetch(ladder, [k])


def _contradicted(ladder: Ladder, k: int) -> bool:
    """Whether the coarser levels and level k differ by more than their bounds, in some component."""
    c = ladder.candidates()
    own = (c.first == k) & (c.last == k) if ladder.index == 0 else c.last == k
    coarse = c.last < k
    if not coarse.any() or not own.any():
        return False
    bound = c.noise + c.truncation
    rough = np.where(coarse[:, None], bound, np.inf)
    best = np.argmin(rough, axis=0)
    at = (best, np.arange(rough.shape[1]))
    w = int(np.flatnonzero(own)[0])
    gap = np.abs(c.value[at] - c.value[w])
    return bool((gap > rough[at] + c.noise[w]).any())


def _measure(ladder: Ladder, k: int) -> Generator[list[complex], list[Any], Any]:
    """Noise of f near the point, measured at the spacing of level k (wider where f does not move at all)."""
    spacing = ladder.step(k)
    sides = [1, -1] if ladder.mode == CENTRAL else [ladder.mode]
    tread = None
    wider = [4 * spacing * 64.0**i for i in range(1, 5)]
    if all(v is None or (v == ladder.f0).all() for v in ladder.values[k]):
        # A staircase: f takes the same value at all fine points. Look for the width of its treads.
        values = yield [complex(sides[0] * t) for t in wider]
        for t, v in zip(wider, values, strict=True):
            if v is None or (v != ladder.f0).any():
                spacing = t / 4
                tread = None if v is None else np.abs(v - ladder.f0)  # what moved at all: noise is not more
                break
    ts = noise_points(spacing, ladder.mode)
    samples = yield [complex(t) for t in ts]
    noise = measured_noise(samples, ladder.f0)
    return noise if tread is None else np.minimum(noise, tread)


def _improve(ladder: Ladder, task: Task, witness: int) -> Generator[list[complex], list[Any], Choice]:
    """Add levels while the bound of some component can still be brought down."""
    choice = ladder.choose()
    ks = ladder.levels()
    slope = 1e-3 * np.max([np.abs(v - ladder.f0) for v in ladder.values[ks[0]] if v is not None], axis=0)
    slope = slope / ladder.step(ks[0]) if task.order == 1 else 0.0 * slope
    stalled = np.zeros(task.f0.shape, dtype=int)
    for _ in range(ROUNDS if task.f0.size <= MANY else ROUNDS_OF_MANY):
        size = np.maximum(np.abs(choice.value), slope)
        size = np.maximum(size, 0.03 * size.max())
        relative = np.where((stalled >= 2) | (choice.error < 1e-290), 0.0, choice.error / np.maximum(size, 1e-300))
        j = int(np.argmax(relative))
        if relative[j] <= GOOD * 30.0 ** (task.order - 1):
            break
        k = _next_level(ladder, choice, j, task)
        if k is None:
            stalled[j] = 2
            continue
        before = choice.error[j]
        halving = k + 1 not in ladder.values and k < choice.coarsest[j]
        yield from _fetch(ladder, [k])
        steps, wanted = staircase(ladder)
        if wanted:
            yield from _fetch(ladder, wanted)
            steps, _ = staircase(ladder)
        if steps is None and not np.any(ladder.noise) and _contradicted(ladder, witness):
            steps = yield from _measure(ladder, witness)
        if steps is not None:
            ladder.noise = np.maximum(ladder.noise, steps)
            stalled[:] = 0
        choice = ladder.choose()
        if choice.error[j] <= 0.5 * before:
            stalled[j] = 0
        elif not halving:
            stalled[j] += 1
    return choice


def _next_level(ladder: Ladder, choice: Choice, j: int, task: Task) -> int | None:
    """The level that should help component j most, or None: coarser against noise, finer against truncation."""
    usable = ladder.levels()
    first, last = int(choice.coarsest[j]), int(choice.finest[j])
    excess = choice.error[j] - choice.noise[j]
    # A lone quotient's truncation is read off a finer one, which is noisier still.
    if choice.noise[j] * (3 if first == last else 1) >= excess:
        return _coarser(ladder, choice, j)
    inside = [k for k in usable if first <= k <= last]
    gaps = [(b - a, a) for a, b in pairwise(inside) if b - a > 1]
    if gaps:
        width, a = max(gaps)
        return a + max(1, min(width // 2, 2))
    end = last
    while end + 1 in ladder.values:
        end += 1
    if end - last <= 2 and ladder.step(end + 1) > task.finest:
        return end + 1
    return _coarser(ladder, choice, j)  # a further level adds an order instead


def _coarser(ladder: Ladder, choice: Choice, j: int) -> int | None:
    """A level with a larger step: halfway to the next one that did not serve, or beyond all."""
    first = int(choice.coarsest[j])
    coarser = [k for k in ladder.values if k < first]
    if coarser:
        gap = first - max(coarser)
        return first - gap // 2 if gap > 1 else None
    k = first - _climb(ladder, choice, j)
    return k if k > START - WIDEN else None


def _climb(ladder: Ladder, choice: Choice, j: int) -> int:
    """How many doublings of the step the noise of component j asks for and its curvature allows."""
    size = abs(choice.value[j])
    wanted = np.log2(choice.noise[j] / max(GOOD * size, choice.error[j] - choice.noise[j], 1e-300)) / ladder.order
    ks = ladder.levels()
    a, b = (ks[0], ks[1]) if len(ks) > 1 else (ks[0], ks[0])
    change = abs(ladder.quotient(a)[j] - ladder.quotient(b)[j]) / size if size else 0.0
    if b - a == 1 and change * size > 4 * ladder.quotient_noise(b)[j]:
        wanted = min(wanted, np.log2(0.1 / change) / ladder.powers)  # to where the quotient has changed by a tenth
    return int(np.clip(wanted, 1, 10))
