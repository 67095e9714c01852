"""The values of one line at 0 and at +-base*2^-k, and the derivative estimates that can be made of them.

Every run of neighbouring levels is a candidate (Richardson extrapolation over that window) with its own bound:
noise carried through the weights, plus truncation judged by how fast the shorter windows converge to it. A candidate
that a finer level contradicts beyond its noise is widened until the two overlap: fine scales are believed first, since
the derivative is a limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import factorial
from typing import Any

from frechet.core.lazy import np
from frechet.numeric.tableau import UNIT, window_weights

LONGEST = 7  # levels in one window: more gains nothing in double precision
FAR = 4  # halvings between two steps from which the coarser one has no say
MANY = 1000  # components from which searches are shortened
NEIGHBOURS = 8
SIGMAS = 3.0  # how many standard deviations of noise a bound allows for

CENTRAL, RIGHT, LEFT = 0, 1, -1


@dataclass
class Choice:
    """The best candidate of each component: arrays of shape (m,)."""

    value: Any
    noise: Any  # SIGMAS standard deviations
    truncation: Any
    error: Any  # the bound: noise + truncation, widened where finer levels disagree
    coarsest: Any  # exponent k of the largest step in the window
    finest: Any


@dataclass
class _Candidates:
    """All windows: arrays of shape (windows, m) and, per window, its first and last level."""

    value: Any
    noise: Any
    truncation: Any
    doubt: Any  # truncation as far as a finer level may assert it against a coarser one
    first: Any
    last: Any


@dataclass
class Ladder:
    """Levels of one line. `f0` has shape (m,); `values[k]` holds f at +h and -h (None: not defined), h = base*2^-k."""

    f0: Any
    base: float
    order: int = 1
    mode: int = CENTRAL
    x_rounding: float = 0.0  # rounding of the point itself, as a distance along the line
    noise: Any = 0.0  # measured standard deviation of f beyond rounding, shape (m,)
    values: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    _known: tuple[Any, list[int], _Candidates] | None = None  # candidates, for this noise and these levels
    _level_noise: tuple[Any, dict[int, Any]] | None = None  # noise by level, for this measured noise

    def step(self, k: int) -> float:
        return float(self.base * 2.0**-k)

    def is_open(self, k: int) -> bool:
        plus, minus = self.values[k]
        return {CENTRAL: plus is not None and minus is not None, RIGHT: plus is not None,
                LEFT: minus is not None}[self.mode]  # fmt: skip

    def levels(self) -> list[int]:
        """Exponents of usable levels, the largest step first."""
        return sorted(k for k in self.values if self.is_open(k))

    @property
    def powers(self) -> int:
        return 2 if self.mode == CENTRAL else 1

    @property
    def index(self) -> int:
        """Which Taylor coefficient of the quotient is the derivative."""
        return (self.order - 1) // 2 if self.mode == CENTRAL else self.order - 1

    def quotient(self, k: int) -> Any:
        """The plain difference quotient of the level: first or second, as the parity of the order asks."""
        h = self.step(k)
        plus, minus = self.values[k]
        if self.mode == RIGHT:
            return (plus - self.f0) / h
        if self.mode == LEFT:
            return (self.f0 - minus) / h
        if self.order % 2:
            return (plus - minus) / (2 * h)
        return ((plus - self.f0) + (minus - self.f0)) / 2 / h / h

    def bend(self, k: int) -> Any:
        """Right slope minus left slope at this step: goes to zero with the step unless there is a kink."""
        plus, minus = self.values[k]
        return ((plus - self.f0) + (minus - self.f0)) / self.step(k)

    def value_noise(self, k: int) -> Any:
        """Standard deviation of the error of one value of f at this level."""
        if self._level_noise is None or self._level_noise[0] is not self.noise:
            self._level_noise = self.noise, {}
        if k not in self._level_noise[1]:
            self._level_noise[1][k] = self._fresh_noise(k)
        return self._level_noise[1][k]

    def _fresh_noise(self, k: int) -> Any:
        size = np.abs(self.f0)
        change: Any = 0.0
        for v in self.values[k]:
            if v is not None:
                size = np.maximum(size, np.abs(v))
                change = np.maximum(change, np.abs(v - self.f0))
        # The point is rounded as well, on its own or inside f, and f moves by its slope over there.
        moved = 0.5 * change * (self.x_rounding / self.step(k))
        # Noise that is small beside f is most likely relative to it, as rounding in lower precision is.
        own = np.abs(self.f0)
        grown = np.where(self.noise < 1e-3 * own, size / np.maximum(own, 5e-324), 1.0)
        rounding, measured = UNIT * size + moved + 5e-324, self.noise * grown
        if size.size > MANY:  # some of so many cancel to nothing, or show no noise, by chance: ask their neighbours
            rounding, measured = _pooled(rounding), _pooled(measured + 0 * size)
        # The worst of many components lies further out.
        return (1 + 0.2 * np.log10(size.size)) * np.hypot(rounding, measured)

    def quotient_noise(self, k: int) -> Any:
        """Standard deviation of the noise of the level's quotient."""
        h = self.step(k)
        if self.mode != CENTRAL:
            return self.value_noise(k) * 1.5 / h
        if self.order % 2:
            return self.value_noise(k) * 0.75 / h
        return self.value_noise(k) * 1.25 / h / h

    def candidates(self) -> _Candidates:
        """Every window of neighbouring levels that is long enough for the order, the shortest first."""
        ks = self.levels()
        if self._known is None or self._known[0] is not self.noise or self._known[1] != ks:
            self._known = self.noise, ks, self._made(ks)
        return self._known[2]

    def _made(self, ks: list[int]) -> _Candidates:
        q = np.array([self.quotient(k) for k in ks])
        sd = np.array([self.quotient_noise(k) for k in ks])
        shortest = self.index + 1
        made: dict[tuple[int, int], tuple[Any, Any, Any, Any]] = {}  # (first, size) -> value, noise, truncation, doubt
        longest = LONGEST if self.f0.size <= MANY else LONGEST - 2
        for size in range(shortest, min(longest, len(ks)) + 1):
            for s in reversed(range(len(ks) - size + 1)):
                if size > shortest and ((s + 1, size - 1) not in made or ks[s + 1] - ks[s] > FAR):
                    continue  # a step so much larger tells nothing new: extrapolation gives it no weight
                value, noise = self._window(ks[s : s + size], q[s : s + size], sd[s : s + size])
                made[s, size] = value, noise, noise, noise
                if size > shortest:
                    truncation = self._truncation(ks, s, size, made)
                    if truncation.size > MANY:  # among so many some windows agree by chance
                        truncation = _pooled(truncation)
                    made[s, size] = value, noise, truncation, truncation
            if size == shortest:
                self._judge_shortest(ks, size, made)
        value, noise, truncation, doubt = (np.array(c) for c in zip(*made.values(), strict=True))
        first = np.array([ks[s] for s, _ in made])
        last = np.array([ks[s + size - 1] for s, size in made])
        return _Candidates(value, noise, truncation, doubt, first, last)

    def _truncation(self, ks: list[int], s: int, size: int, made: dict[Any, Any]) -> Any:
        """Truncation error of a window, by how the windows without its largest steps converge to it."""
        value, noise = made[s, size][:2]
        shorter = made[s + 1, size - 1]
        last = np.abs(value - shorter[0])
        if (s + 2, size - 2) not in made:
            # Two quotients cannot show a rate: allow for one that closes in like sqrt(h) only.
            return np.maximum(last, made[s + 1, size - 1][2])
        # In the regime each longer window gains the factor (step / scale)^powers, seen from the one before.
        gain = last / np.maximum(np.abs(shorter[0] - made[s + 2, size - 2][0]), noise + 1e-300)
        rate = 2 * gain * 2.0 ** (self.powers * (ks[s + 1] - ks[s]))
        # Slower than that means another law, such as error ~ h: then only a shift of the whole window shows its size.
        shift = 2.0 ** (self.powers * (ks[s + size - 1] - ks[s]))
        outside = np.where(gain * 6 > 1, 4 * shift, np.clip(rate, 2.0**-6, 1.0))
        # A step far outside the regime hardly moves the value, which must not pass for convergence: inside it, the
        # quotients themselves differ by a multiple of step^powers.
        a, b, c = (made[s + i, 1][0] for i in range(3)) if (s, 1) in made else (value, value, value)
        da, db = ks[s + 1] - ks[s], ks[s + 2] - ks[s + 1]
        growth = 2.0 ** (self.powers * da) * (1 - 2.0 ** (-self.powers * da)) / (1 - 2.0 ** (-self.powers * db))
        saturated = np.abs(a - b) + made[s + 1, size - 1][1] < growth * np.abs(b - c) / 8
        better = np.where(saturated, 1.0, np.clip(rate, 2.0**-10, 1.0))
        return np.maximum(last * np.where(last > noise, outside, 0.25), shorter[2] * better)

    def _judge_shortest(self, ks: list[int], size: int, made: dict[Any, Any]) -> None:
        """Truncation of the shortest windows: by the next finer one, or for the finest by the decay from a coarser."""
        count = len(ks) - size + 1
        for s in range(count):
            value, noise = made[s, size][:2]
            if s + 1 < count:
                outside = doubt = 1.5 * np.abs(value - made[s + 1, size][0])
            elif s:
                ratio = 2.0 ** (ks[s - 1] - ks[s])
                gap = np.abs(value - made[s - 1, size][0])
                # Its own bound allows for quotients that close in like sqrt(h); as a witness, linear decay is assumed.
                outside, doubt = gap * ratio**0.5, gap * ratio
            else:
                outside = doubt = np.abs(value)
            made[s, size] = value, noise, outside, doubt

    def _window(self, ks: list[int], q: Any, sd: Any) -> tuple[Any, Any]:
        """Extrapolated derivative and SIGMAS standard deviations of its noise."""
        w = window_weights(tuple(k - ks[0] for k in ks), self.powers, self.index)
        factor = float(factorial(self.order))
        if self.index:
            factor /= self.step(ks[0]) ** (self.powers * self.index)
        value = factor * (w @ q)
        top = sd.max(axis=0) + 5e-324  # squares of the whole range of doubles would overflow
        noise = SIGMAS * abs(factor) * top * np.sqrt((w * w) @ (sd / top) ** 2)
        return value, noise + 2 * UNIT * np.abs(value)

    def choose(self) -> Choice:
        """For each component the candidate with the smallest honest bound."""
        c = self.candidates()
        error = c.noise + c.truncation
        lengths_one = np.flatnonzero(c.first == c.last) if self.index == 0 else np.arange(len(c.first))
        if self.f0.size > MANY:
            lengths_one = lengths_one[np.argsort(c.first[lengths_one])[-2:]]
        for w in lengths_one:
            coarser = (c.last < c.first[w]) if self.index == 0 else (c.first < c.first[w])
            gap = np.abs(c.value[coarser] - c.value[w]) - c.noise[w] - c.doubt[w]
            error[coarser] = np.maximum(error[coarser], gap)
        best = np.argmin(error, axis=0)
        at = (best, np.arange(error.shape[1]))
        return Choice(c.value[at], c.noise[at], c.truncation[at], error[at], c.first[best], c.last[best])


def _pooled(noise: Any) -> Any:
    """At least the mean over the neighbouring components."""
    return np.maximum(noise, np.convolve(noise, np.full(2 * NEIGHBOURS + 1, 1 / (2 * NEIGHBOURS + 1)), mode="same"))
