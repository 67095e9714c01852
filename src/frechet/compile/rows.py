"""Tall arrays in blocks of rows: one pass through memory instead of one for every step.

X*w and X'*s both read X, and what a network makes of a hundred thousand rows is written to memory and read again by
every step. Where the results are sums over these rows, the steps are done for some rows at a time, few enough to stay
in the cache, and their sums are added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from frechet.compile.program import Program, Step

# Entries of an axis that is cut; entries that must be saved to memory or from it; entries of the widest block.
TALL, WORTH, BLOCK = 1024, 5_000_000, 2**17
# Entries that could be read in the time of one more statement.
STATEMENT = 1000


Kinds = dict[str, str]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Steps before, in and after a loop over blocks of an axis; what is summed over the blocks."""

    dim: str
    length: int
    before: list[Step]
    inside: list[Step]
    after: list[Step]
    summed: frozenset[str]


def blocks_of(program: Program, steps: Sequence[Step], results: Sequence[str]) -> Blocks | None:
    """The steps around the loop that saves most; None where none is worth it."""
    best: tuple[float, Blocks] | None = None
    for dim, size in program.sizes.items():
        kinds = _kinds(steps, dim) if size >= TALL else None
        if kinds is None or "sum" not in kinds.values() or any(kinds.get(r, "rows") == "rows" for r in results):
            continue
        length = _length(program, steps, kinds, dim)
        saved = _saved(program, steps, kinds, size / length)
        if saved >= WORTH and (best is None or saved > best[0]):
            best = saved, _cut(program, steps, kinds, dim, length)
    return None if best is None else best[1]


def _kinds(steps: Sequence[Step], dim: str) -> Kinds | None:
    """For each array: whether it is `whole` in every block, has its `rows` there, is a `sum` over all blocks, or is
    made of sums `after` them. None where a block needs a sum, or a step is not known to go by rows."""
    kinds: dict[str, str] = {}
    axis: dict[str, int] = {}
    for step in steps:
        args = [kinds[a] for a in step.args]
        tall = step.dims.count(dim)
        if step.op == "input" and tall == 1:
            kind = "rows"
        elif "rows" not in args:
            if tall:
                return None
            kind = "whole" if not {"sum", "after"} & {*args} else "after"
        else:
            rows = [axis.get(a) for a in step.args]
            orders = [len(step.dims), *(len(idx) for idx in _indices(step))]
            kept = None if {"sum", "after"} & {*args} or max(orders) > 2 else _keeps(step, rows)
            if kept is None or tall != kept:
                return None
            kind = "rows" if kept else "sum"
        kinds[step.name] = kind
        if kind == "rows":
            axis[step.name] = step.dims.index(dim)
    return kinds


def _indices(step: Step) -> list[tuple[int, ...]]:
    """The indices of the axes of the arguments, where a step has such."""
    if step.op == "dot":
        return list(step.spec[:2])
    return [step.spec[0]] if step.op == "reduce" else []


def _keeps(step: Step, rows: Sequence[int | None]) -> bool | None:
    """Whether the result of a step has the rows of its arguments, or is their sum; None for any other step."""
    if step.op == "entrywise":
        return True
    if step.op == "largest":
        return None if step.spec == rows[0] else True
    if step.op == "gram":
        shared, across, weights = step.spec
        together = rows[0] in shared and (weights is None or rows[1] in weights)
        return False if together and len(shared) == len(across) == 1 else None
    if step.op not in ("dot", "reduce"):
        return None
    *given, out = step.spec
    cut = [(tuple(idx), idx[k]) for idx, k in zip(given, rows, strict=True) if k is not None]
    if len({i for _, i in cut}) > 1 or any(idx.count(i) > 1 for idx, i in cut):
        return None
    return cut[0][1] in out


def _length(program: Program, steps: Sequence[Step], kinds: Kinds, dim: str) -> int:
    """The rows of a block: a power of two."""
    widest = max(program.size(s.dims) // program.sizes[dim] for s in steps if kinds[s.name] == "rows")
    length = 64
    while 2 * length * widest <= BLOCK:
        length *= 2
    return length


def _saved(program: Program, steps: Sequence[Step], kinds: Kinds, blocks: float) -> float:
    """Entries that need not go to memory and back: of what is made inside, and of inputs read more than once; less what
    the loop costs."""
    total = 0.0
    for step in steps:
        size = program.size(step.dims)
        if kinds[step.name] == "rows":
            readers = sum(step.name in s.args for s in steps)
            total += size * (readers - 1 if step.op == "input" else 2)
        if kinds[step.name] == "sum":
            total -= 2 * size * blocks
        if kinds[step.name] in ("rows", "sum"):
            total -= STATEMENT * blocks
    return total


def _cut(program: Program, steps: Sequence[Step], kinds: Kinds, dim: str, length: int) -> Blocks:
    """The steps in three parts, those of the loop reading slices of the tall inputs."""
    inside = [s for s in steps if kinds[s.name] in ("rows", "sum")]
    slices: dict[str, Step] = {}
    for s in inside:
        if s.op == "input":
            name = f"{s.name}_rows"
            while name in program.steps:
                name += "_"
            slices[s.name] = program.steps[name] = Step(
                name, "rows", (s.name,), (s.dims.index(dim), length), s.dims, 0.0
            )
    loop = [replace(s, args=tuple(slices[a].name if a in slices else a for a in s.args)) for s in inside]
    before = [s for s in steps if kinds[s.name] == "whole" or s.op == "input"]
    after = [s for s in steps if kinds[s.name] == "after"]
    summed = frozenset(n for n, kind in kinds.items() if kind == "sum")
    return Blocks(dim, length, before, [*slices.values(), *(s for s in loop if s.op != "input")], after, summed)
