"""Points that an ordinary draw does not find: of other scales, and across a kink."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from frechet.core.lazy import np
from frechet.reference.sample import SizedSampler
from frechet.reference.values import commute

Arrays = dict[str, Any]
SCALES = (1e-2, 30.0, 1e-4, 1e3, 1e-8, 1e6, 10.0, 100.0, 10.0, 300.0)
CLIMB = 80  # steps towards a kink
_SETTLED = frozenset({"idempotent", "unit_norm", "pm1", "labels01", "simplex"})  # values that no scale can change
# Sums of such values are such values.
_FRAMES = frozenset({"orthogonal", "orthonormal", "orthonormal_rows"})
_LINES = frozenset({"symmetric", "skew", "diagonal", "lower", "upper", "toeplitz"})


class Hunter:
    """Changes ordinary draws at one choice of sizes, keeping the facts and the domain of each variable."""

    def __init__(self, sized: SizedSampler) -> None:
        self.sized = sized
        self.declarations = sized.declarations
        self.rng = np.random.default_rng([*sized.label, 11])

    def words(self, name: str) -> set[str]:
        d = self.declarations
        return set(d.facts.get(name, ())) | ({d.domain[name]} if name in d.domain else set())

    def fresh(self) -> Arrays | None:
        """An ordinary draw."""
        point = self.sized.draw()
        return None if point is None else dict(point.arrays)

    def tied(self, arrays: Arrays) -> Arrays:
        """With the facts that hold between variables."""
        commute(self.rng, self.declarations.facts, arrays)
        return arrays

    def scaled(self) -> Iterator[Arrays]:
        """New values, everything of one scale; then one variable alone of another scale."""
        names = list(self.declarations.variables)
        alone = [[n] for n in names[:4]] if len(names) > 1 else []
        for chosen, scales in ((names, SCALES), *((one, SCALES[:4]) for one in alone)):
            for factor in scales:
                values = self.fresh()
                if values is None:
                    return
                for n in chosen:
                    values[n] = stretched(self.rng, values[n], self.words(n), factor)
                yield self.tied(values)

    def climb(self, start: Arrays, target: Callable[[Arrays], Any]) -> Iterator[Arrays]:
        """Points nearer and nearer to where `target` is zero, and beyond: a walk that keeps what is an improvement
        and takes longer steps after one, shorter ones after a failure. `target` gives None where it is undefined."""
        at, step = start, 1.0
        best = _nearest(target(at))
        for _ in range(CLIMB):
            other = self.fresh()
            if other is None:
                return
            trial = self.tied({n: moved(self.rng, v, other[n], self.words(n), step) for n, v in at.items()})
            value = _nearest(target(trial))
            if value is None:
                step = max(step / 2, 1e-6)
                continue
            if best is None or value[0] < best[0] or value[1] != best[1]:
                crossed = best is not None and value[1] != best[1]
                at, best, step = trial, value, min(step * 2, 1e3)
                yield trial
                if crossed:
                    return
            else:
                step = max(step / 1.5, 1e-6)


def _nearest(values: Any) -> tuple[float, float] | None:
    """The distance from zero of the entry nearest to it, and how many entries are positive."""
    if values is None or not np.all(np.isfinite(values)):
        return None
    return float(np.min(np.abs(values))), float(np.sum(values > 0))


def stretched(rng: Any, value: Any, words: Collection[str], factor: float) -> Any:
    """The value on another scale, with signs changed where the words allow it."""
    if set(words) & _SETTLED:
        return value
    if "unit" in words:  # between 0 and 1: near one end or the other
        return value * factor if factor < 1 else 1 - (1 - value) / factor
    if set(words) & _FRAMES:
        return value * rng.choice([-1.0, 1.0], value.shape[-1:])
    if "invertible" in words and not set(words) & _LINES:
        return factor * value * rng.choice([-1.0, 1.0], value.shape[-1:])
    signed = not set(words) & {"positive", "spd", "negative"}
    return factor * value * (rng.choice([-1.0, 1.0]) if signed else 1.0)


def moved(rng: Any, value: Any, other: Any, words: Collection[str], step: float) -> Any:
    """A value some way off, towards another one of the same words."""
    some = set(words)
    if some & (_SETTLED | _FRAMES):
        return other if rng.random() < 0.3 else value
    if "unit" in some:
        return value + min(step, 1.0) * rng.random() * (other - value)
    if "positive" in some and not some & {"spd", *_LINES}:
        return value * np.exp(step * rng.standard_normal(value.shape))
    if some & {"positive", "spd", "negative"}:
        return value * np.exp(step * rng.standard_normal()) + min(step, 1.0) * rng.random() * other
    if "invertible" in some and not some & _LINES and rng.random() < 0.3:
        return value * rng.choice([-1.0, 1.0], value.shape[-1:])
    return value + step * rng.standard_normal() * other
