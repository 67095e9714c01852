"""Bisection to the wrong components of a gradient.

The derivative along a direction is linear in it, so the difference of a set of coordinates is the sum of those of its
halves: one directional derivative a level finds a faulty component among n in about log2(n) of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from frechet.core.lazy import np
from frechet.numeric.engine import Line
from frechet.numeric.hypotheses import Block, Evidence, causes

FULL = 24  # so few components are all measured
MOST_LINES = 60
MOST_FAULTS = 6


class Check(Protocol):
    """What bisection needs of a running check."""

    g: Any
    blocks: list[Block]
    scales: Any
    rounding: float

    def random(self, mask: Any) -> Any: ...

    def line(self, v: Any) -> Line: ...

    def evidence(self) -> Evidence: ...

    def mirrored(self, where: tuple[int, ...]) -> Any: ...


@dataclass(frozen=True)
class Fault:
    """Where the gradient is wrong and how; `expected`: index -> value."""

    where: Any
    how: str
    sentence: str
    expected: dict[int, float] = field(default_factory=dict)


def locate(check: Check, e: Evidence) -> Fault | None:
    """The wrong components or block; None if they are too many to be told apart."""
    n = check.g.size
    if n <= FULL:
        return _measured(check, list(range(n)))
    blocks = _faulty_blocks(check) if len(check.blocks) > 1 else None
    if blocks is not None and len(blocks) == 1:
        return _inside(check, blocks[0])
    found = _bisect(check, np.arange(n))
    if found is None:
        if blocks:
            names = tuple(name for name, _, _ in blocks)
            where = names[0] if len(names) == 1 else names
            return Fault(where, "component", f"the gradient is wrong in {', '.join(names)}")
        return None
    return _measured(check, found)


def _inside(check: Check, block: Block) -> Fault:
    """The fault is in one block: single components of it, or its name."""
    name, offset, shape = block
    size = int(np.prod(shape))
    found = _bisect(check, np.arange(offset, offset + size)) if size > FULL else list(range(offset, offset + size))
    if found is not None and (fault := _measured(check, found)) is not None:
        wrong = fault.where if isinstance(fault.where, tuple) else ()
        if len(wrong) < max(2, size // 2):
            return fault
        return Fault(name, fault.how, f"{fault.sentence} (block {name})", fault.expected)
    part = check.g[offset : offset + size]
    how = "zeroed" if not part.any() else "component"
    word = "is zero and must not be" if how == "zeroed" else "is wrong in many components"
    return Fault(name, how, f"block {name} {word}")


def _difference(check: Check, v: Any) -> tuple[float, float]:
    """Derivative minus claim along v, and what may differ."""
    line = check.line(v)
    value, error = float(line.value[0]), float(line.error[0])
    allowed = 2 * error + check.rounding * float(np.abs(check.g) @ np.abs(v))
    return (value - float(check.g @ v), allowed) if line.ok.all() else (0.0, np.inf)


def _faulty_blocks(check: Check) -> list[Block]:
    """Blocks that differ along a random direction of their own."""
    out = []
    for block in check.blocks[:MOST_LINES]:
        _, offset, shape = block
        mask = np.zeros(check.g.size, dtype=bool)
        mask[offset : offset + int(np.prod(shape))] = True
        gap, allowed = _difference(check, check.random(mask))
        if abs(gap) > allowed:
            out.append(block)
    return out


def _bisect(check: Check, indices: Any) -> list[int] | None:
    """Faulty indices among these; None if there are more than a few."""
    v = np.zeros(check.g.size)
    v[indices] = check.random(np.ones(check.g.size, dtype=bool))[indices]
    gap, allowed = _difference(check, v)
    pending = [(indices, gap, allowed)]
    found: list[int] = []
    lines = 1
    while pending:
        part, gap, allowed = pending.pop()
        if abs(gap) <= allowed:
            continue
        if len(part) == 1:
            found.append(int(part[0]))
            if len(found) > MOST_FAULTS:
                return None
            continue
        if lines >= MOST_LINES:
            return found or None
        left, right = part[: len(part) // 2], part[len(part) // 2 :]
        half = np.zeros_like(v)
        half[left] = v[left]
        left_gap, left_allowed = _difference(check, half)
        lines += 1
        pending += [(left, left_gap, left_allowed), (right, gap - left_gap, allowed + left_allowed)]
        if len(pending) > 2 * MOST_FAULTS:
            return None
    return sorted(found) or None


def _measured(check: Check, indices: list[int]) -> Fault | None:
    """Partial derivatives of these components; a description of those that are wrong."""
    wrong: dict[int, float] = {}
    rows, values, bounds = [], [], []
    for i in indices:
        e = np.zeros(check.g.size)
        e[i] = check.scales[i]
        line = check.line(e)
        if not line.ok.all():
            continue
        scale = float(check.scales[i])
        value, error = float(line.value[0]) / scale, float(line.error[0]) / scale
        rows.append(e / check.scales[i])
        values.append(value)
        bounds.append(error)
        if abs(value - check.g[i]) > 2 * error + check.rounding * abs(check.g[i]):
            wrong[i] = value
    if not wrong:
        return None
    where = tuple(wrong)
    if len(indices) == check.g.size:
        seen = check.evidence()
        full = Evidence(np.array(rows), np.array(values), np.array(bounds), check.g, seen.x, seen.f0, check.blocks)
        for cause in causes(full):
            return Fault(cause.where or where, cause.how, cause.sentence, wrong)
    return _described(check, wrong)


def _described(check: Check, wrong: dict[int, float]) -> Fault:
    """How the components differ from what they should be."""
    where = tuple(wrong)
    g = np.array([check.g[i] for i in where])
    right = np.array(list(wrong.values()))
    i = where[int(np.argmax(np.abs(right - g)))]
    what = f"component {i} is {check.g[i]:.6g} and should be {wrong[i]:.6g}"
    if len(where) > 1:
        what = f"{len(where)} components are wrong ({', '.join(map(str, where[:8]))}); {what}"
    other = check.mirrored(where)
    if other is not None and not np.allclose(right, -g) and np.allclose(other, right, rtol=1e-6):
        return Fault(where, "branch", f"{what}: the value of the other side of zero", wrong)
    if not g.any():
        return Fault(where, "zeroed", f"{what}: left at zero", wrong)
    if np.allclose(right, -g, rtol=1e-4):
        return Fault(where, "sign", f"{what}: the sign is wrong", wrong)
    if len(where) > 1 and np.allclose(sorted(right), sorted(g), rtol=1e-4):
        return Fault(where, "permuted", f"{what}: they stand in each other's place", wrong)
    if len(where) > 1 and np.ptp(right / np.where(g == 0, np.nan, g)) < 1e-4 * abs(right[0] / g[0]):
        return Fault(where, "scale-of-block", f"{what}: all by the factor {right[0] / g[0]:.6g}", wrong)
    return Fault(where, "component", what, wrong)
