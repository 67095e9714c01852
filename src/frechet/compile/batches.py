"""How a batch of points is computed: as one program in NumPy, by vmap in JAX and PyTorch, or point by point.

One program for all points wins where a call of the program is mostly overhead; over few large matrices it gains nothing
and takes the memory of all of them. So its estimated time is compared with that of the loop, and it goes through the
batch in parts where its arrays would not stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

from frechet.compile.assemble import Compiled, Plan
from frechet.compile.batching import Batch, NotCarried
from frechet.core.dims import size_value
from frechet.core.lazy import np

Run = Callable[..., Any]
# The program for a batch with these sizes. Raises NotCarried.
Make = Callable[[Batch, Mapping[str, int]], Compiled]

# Points up to which a loop is left as it is: to plan a program takes as long as many calls.
FEW = 8
# Bytes of the arrays of one part in NumPy: what stays in the cache of a core. And in JAX and PyTorch, which fuse or
# free most of them.
CACHE, MOST = 2**20, 2**28
# What a point of a loop costs beside its program, in nanoseconds; how much less than the loop one program must take.
POINT, GAIN = 4000.0, 0.8


def held(plan: Plan, dim: str = "") -> int:
    """Bytes, in double precision, of all arrays that a program reads and makes; with `dim` of those that have it."""
    found = [s.dims for s in plan.steps if not dim or dim in s.dims]
    return sum(8 * size_value(dims, plan.sizes) for dims in found)


def in_numpy(make: Make, one: Compiled, batch: Batch, count: int, moving: Sequence[bool]) -> Compiled | None:
    """The program for `count` points, `moving` telling which arguments have the axis; None where a loop over `one`,
    the program for a point, is as good or nothing else can be done.
    """
    if count < FEW:
        return None
    sizes = dict(one.plan.sizes)
    try:
        made = make(batch, {**sizes, batch.dim: count})
        parts = ceil(held(made.plan, batch.dim) / CACHE)
        size = ceil(count / max(parts, 1))
        if size < count:
            made = make(batch, {**sizes, batch.dim: size})
    except NotCarried:
        return None
    rounds = ceil(count / size)
    if size == 1 or rounds * made.plan.nanoseconds > GAIN * count * (one.plan.nanoseconds + POINT):
        return None
    return made if rounds == 1 else replace(made, function=_in_parts(made.function, count, size, moving))


def _in_parts(function: Run, count: int, size: int, moving: Sequence[bool]) -> Run:
    """The function of the whole batch, from parts of it one after another."""

    def call(*arrays: Any) -> Any:
        whole = None
        for k in range(0, count, size):
            part = function(*(a[k : k + size] if m else a for a, m in zip(arrays, moving, strict=True)))
            whole = _room(part, count) if whole is None else whole
            _place(whole, part, k)
        return whole

    return call


def _room(part: Any, count: int) -> Any:
    """Arrays for the whole batch, of which a part is given."""
    if isinstance(part, tuple):
        return tuple(_room(p, count) for p in part)
    return np.empty((count, *part.shape[1:]), part.dtype)


def _place(whole: Any, part: Any, start: int) -> None:
    if isinstance(part, tuple):
        for w, p in zip(whole, part, strict=True):
            _place(w, p, start)
    else:
        whole[start : start + len(part)] = part


def in_jax(one: Compiled, count: int, moving: Sequence[bool]) -> Run:
    """The function of a point under vmap, jitted as a whole."""
    import jax

    size = max(1, min(count, MOST // max(held(one.plan), 1)))
    places = tuple(0 if m else None for m in moving)

    def call(*arrays: Any) -> Any:
        if size == count:
            return jax.vmap(one.function, in_axes=places)(*arrays)
        along = tuple(a for a, m in zip(arrays, moving, strict=True) if m)

        def point(some: tuple[Any, ...]) -> Any:
            rest = iter(some)
            return one.function(*(next(rest) if m else a for a, m in zip(arrays, moving, strict=True)))

        return jax.lax.map(point, along, batch_size=size)

    jitted: Run = jax.jit(call)
    return jitted


def in_torch(one: Compiled, count: int, moving: Sequence[bool], loop: Run) -> Run:
    """The function of a point under torch.func.vmap; the loop where that refuses, as for a branch on the data."""
    import torch

    size = max(1, min(count, MOST // max(held(one.plan), 1)))
    places = tuple(0 if m else None for m in moving)
    mapped = torch.func.vmap(one.function, in_dims=places, chunk_size=size if size < count else None)
    refused = False

    def call(*arrays: Any) -> Any:
        nonlocal refused
        if not refused:
            try:
                return mapped(*arrays)
            except (RuntimeError, ValueError):
                refused = True
        return loop(*arrays)

    return call
