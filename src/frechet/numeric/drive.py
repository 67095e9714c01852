"""Running searches: evaluating what they ask for, one by one or in batches over an executor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from frechet.core.lazy import np
from frechet.numeric.engine import Line, Search
from frechet.numeric.evaluate import Layout, Value, evaluate
from frechet.numeric.parallel import Pool
from frechet.numeric.progress import Progress

_TOGETHER = 4_000_000  # numbers kept at once by the searches that run side by side
_MOST = 2048  # searches side by side


class Problem:
    """A function, a point and the way to evaluate: `at` batches of flat points, counted."""

    def __init__(self, f: Callable[[Any], Any], layout: Layout, x: Any, executor: Any = None, progress: Any = None):
        self.f, self.layout, self.x = f, layout, x
        self.pool = Pool(executor)
        self.progress = Progress(progress)
        self.evaluations = 0
        centre = self.values([x])[0]
        if centre.error is not None:
            raise centre.error
        self.shape = centre.shape
        self.complex_values = np.iscomplexobj(centre.flat)
        self.f0 = self.real_parts(centre)
        self.noise = (2.0**-24 if centre.single else 0.0) * np.abs(np.nan_to_num(self.f0))

    def values(self, points: Sequence[Any]) -> list[Value]:
        """f at each flat point, in order."""
        self.evaluations += len(points)
        if self.pool.executor is None:
            return [evaluate(self.f, self.layout, p) for p in points]
        return self.pool.map(evaluate, self.f, self.layout, points)

    def real_parts(self, value: Value) -> Any:
        """Real numbers; real and imaginary parts one after the other where f itself is complex."""
        if self.complex_values:
            return np.concatenate([value.flat.real, value.flat.imag])
        return value.flat

    def restore(self, flat: Any) -> Any:
        """Numbers per component of f in the shape of f's values (last axis of `flat`)."""
        if self.complex_values:
            half = flat.shape[-1] // 2
            flat = flat[..., :half] + 1j * flat[..., half:]
        return flat.reshape(flat.shape[:-1] + self.shape)

    def finite(self, points: Sequence[Any]) -> list[Any]:
        """Flat values at the points, None where f raises, is not finite or changes its shape."""
        return [self._usable(point, value) for point, value in zip(points, self.values(points), strict=True)]

    def _usable(self, point: Any, value: Value) -> Any:
        if value.error is not None or value.shape != self.shape or not np.isfinite(value.flat).all():
            return None
        if np.iscomplexobj(value.flat) and not np.iscomplexobj(point) and not self.complex_values:
            return None  # a root of a negative number: outside the real domain
        return self.real_parts(value)

    def along(self, direction: Any, ts: Sequence[complex]) -> list[Any]:
        """The flat points x + t*direction; complex only where t is."""
        return [self.x + (t if t.imag else t.real) * direction for t in ts]

    def run(self, searches: Sequence[tuple[Search, Any]]) -> list[Line]:
        """Run (search, direction) pairs to their ends: all that are under way ask in one batch per round."""
        together = min(_MOST, max(1, _TOGETHER // (20 * max(1, self.f0.size))))
        lines: list[Line] = []
        self.progress.start(len(searches))
        for start in range(0, len(searches), together):
            lines += self._side_by_side(searches[start : start + together])
        self.progress.stop()
        return lines

    def _side_by_side(self, searches: Sequence[tuple[Search, Any]]) -> list[Line]:
        done: dict[int, Line] = {}
        asked: dict[int, list[complex]] = {}
        for i, (search, _) in enumerate(searches):
            self._step(search, None, i, asked, done)
        while asked:
            points = [p for i, ts in asked.items() for p in self.along(searches[i][1], ts)]
            values = iter(self.finite(points))
            answered, asked = asked, {}
            for i, ts in answered.items():
                self._step(searches[i][0], [next(values) for _ in ts], i, asked, done)
            self.progress.show(len(done))
        return [done[i] for i in range(len(searches))]

    @staticmethod
    def _step(search: Search, answer: Any, i: int, asked: dict[int, list[complex]], done: dict[int, Line]) -> None:
        try:
            with np.errstate(all="ignore"):
                asked[i] = search.send(answer)
        except StopIteration as end:
            done[i] = end.value
