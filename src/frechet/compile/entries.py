"""Entries of arrays: the product with a unit vector is read where it stands, and what else the array holds, infinities
too, has no part in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from frechet.compile.program import Step

# Entries up to which an array is written out.
LONGEST = 16


def with_entries(program: Mapping[str, Step], steps: Sequence[Step], results: Sequence[str], whole: bool) -> list[Step]:
    """The steps with products with unit vectors as entries, and (unless `whole`) sums of multiples of them written
    out."""
    users = Counter([a for s in steps for a in s.args] + list(results))
    made = [_entry(program, s) or (None if whole else _written_out(program, s, users)) or s for s in steps]
    read = set(results)
    kept: list[Step] = []
    for step in reversed(made):
        if step.name in read:
            kept.append(step)
            read.update(step.args)
    return kept[::-1]


def _entry(program: Mapping[str, Step], step: Step) -> Step | None:
    """`entry` with spec (axis, place, order of the axes that are left), if the step is a product with a unit vector."""
    if step.op != "dot":
        return None
    ia, ib, io = step.spec
    for unit, own, array, idx in ((step.args[0], ia, step.args[1], ib), (step.args[1], ib, step.args[0], ia)):
        if program[unit].op != "unit" or program[array].op == "unit":
            continue
        (i,) = own
        if i in io or idx.count(i) != 1:
            continue
        left = [j for j in idx if j != i]
        if sorted(left) == sorted(io):
            place, _ = program[unit].spec
            return replace(step, op="entry", args=(array,), spec=(idx.index(i), place, tuple(map(left.index, io))))
    return None


def _written_out(program: Mapping[str, Step], step: Step, users: Mapping[str, int]) -> Step | None:
    """`entries` with a list of (coefficient, place of the argument) for every entry, if the step adds multiples of unit
    vectors that nothing else needs, or is one."""
    if step.op != "entrywise" or len(step.dims) != 1 or not isinstance(step.dims[0], int) or step.dims[0] > LONGEST:
        return None
    single = _multiple(program, step)
    parts = [(1, *single)] if single else []
    if step.spec[0] == ("linear",) and all(named for _, named, _ in step.spec[1]):
        for (coef, _, _), name in zip(step.spec[1], step.args, strict=True):
            part = program[name]
            found = (part, "", 1) if part.op == "unit" else _multiple(program, part) if users[name] == 1 else None
            if found is None:
                return None
            parts.append((coef, *found))
    entries: list[list[tuple[Any, int | None]]] = [[] for _ in range(step.dims[0])]
    args = list(dict.fromkeys(scalar for _, _, scalar, _ in parts if scalar))
    for coef, unit, scalar, inner in parts:
        entries[unit.spec[0]].append((coef * inner, args.index(scalar) if scalar else None))
    return replace(step, op="entries", args=tuple(args), spec=tuple(map(tuple, entries))) if parts else None


def _multiple(program: Mapping[str, Step], step: Step) -> tuple[Step, str, Any] | None:
    """The unit vector, the scalar and the coefficient of their product."""
    if step.op != "entrywise" or step.spec[0] != ("multiply",) or len(step.args) != 2 or len(step.spec[1]) != 2:
        return None
    for unit, scalar in (step.args, step.args[::-1]):
        if program[unit].op == "unit" and not program[scalar].dims:
            (one, _, _), (other, _, _) = step.spec[1]
            return program[unit], scalar, one * other
    return None
