"""Batches of evaluations over whatever can run them: threads, processes, Dask, joblib's loky, MPI."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from frechet.core.errors import problem


class Pool:
    """Anything with `submit(fn, *args)` or `map(fn, *iterables)`; None evaluates in place.

    Results come back in the order of the points, so that nothing depends on who finished first.
    """

    def __init__(self, executor: Any = None) -> None:
        self.executor = executor
        if executor is not None and not (hasattr(executor, "submit") or hasattr(executor, "map")):
            raise problem(
                "E505",
                f"{type(executor).__name__} has neither submit nor map, so it cannot be an executor.",
                help="Give a ThreadPoolExecutor, a ProcessPoolExecutor, Client.get_executor() or the like.",
            )

    def map(self, work: Callable[..., Any], f: Any, layout: Any, points: Sequence[Any]) -> list[Any]:
        """work(f, layout, p) for every point. A lost worker's task is retried once and then named in the error."""
        if hasattr(self.executor, "submit"):
            return self._submitted(work, f, layout, points)
        n = len(points)
        return list(self.executor.map(work, [f] * n, [layout] * n, points))

    def _submitted(self, work: Callable[..., Any], f: Any, layout: Any, points: Sequence[Any]) -> list[Any]:
        futures: list[Any] = []
        results: list[Any] = []
        try:
            for p in points:
                futures.append(self._sent(work, f, layout, p))
            for i, future in enumerate(futures):
                try:
                    results.append(future.result())
                except Exception as lost:
                    results.append(self._again(work, f, layout, points, i, lost))
        finally:
            for future in futures[len(results) :]:
                future.cancel()
        return results

    def _sent(self, work: Callable[..., Any], f: Any, layout: Any, point: Any) -> Any:
        """The future of one task; an executor that takes no more is named in the error."""
        try:
            return self.executor.submit(work, f, layout, point)
        except Exception as refused:
            raise problem(
                "E401",
                f"The executor takes no more tasks: {type(refused).__name__}: {refused}",
                help="One of its workers has died; make a new executor.",
            ) from refused

    def _again(
        self, work: Callable[..., Any], f: Any, layout: Any, points: Sequence[Any], i: int, lost: Exception
    ) -> Any:
        """One more try: the user's own exceptions come back as values, so an exception here is the worker's."""
        try:
            return self.executor.submit(work, f, layout, points[i]).result()
        except Exception as again:
            raise problem(
                "E401",
                f"Evaluation {i + 1} of {len(points)} in a batch was lost twice by the executor: "
                f"{type(lost).__name__}: {lost}; then {type(again).__name__}: {again}",
                help="A worker died, or the function cannot be sent to one (it must be importable or picklable).",
            ) from again
