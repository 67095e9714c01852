"""The order of statements: who only reads a large array goes before who can then write over it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from frechet.compile.program import Step


def scheduled(steps: Sequence[Step], writes: Callable[[Step], bool]) -> list[Step]:
    """The steps in an order in which arrays are free early: before a step that `writes` entry by entry, the other
    readers of its operands, where what they need is there."""
    readers: dict[str, list[Step]] = {}
    for step in steps:
        for a in step.args:
            readers.setdefault(a, []).append(step)
    out: list[Step] = []
    done: set[str] = set()
    for step in steps:
        first = writes(step) and step.name not in done
        waiting = [u for a in step.args for u in readers[a] if u is not step] if first else []
        for ready in (*waiting, step):
            early = ready is step or (not writes(ready) and all(a in done for a in ready.args))
            if early and ready.name not in done:
                out.append(ready)
                done.add(ready.name)
    return out
