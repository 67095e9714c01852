"""Square roots of numbers that several products need, taken once: a/(sqrt(s)*t) and b/(s*sqrt(s))."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from frechet.compile.program import Program, Step

HALF = Fraction(1, 2)


def with_roots(program: Program, steps: Sequence[Step]) -> list[Step]:
    """The steps with the roots that are needed more than once as steps of their own, before their first use."""
    halves = Counter(n for s in steps for n in _halves(s))
    roots = {n: program.emit("scalars", (n,), (HALF,), ()) for n, times in halves.items() if times > 1}
    if not roots:
        return list(steps)
    out: list[Step] = []
    done: set[str] = set()
    for step in steps:
        if step.name in done:
            continue
        wanted = [roots[n] for n in _halves(step) if n in roots and roots[n] != step.name]
        for name in wanted:
            if name not in done:
                out.append(program.steps[name])
                done.add(name)
        out.append(_rewritten(step, roots) if wanted else step)
        done.add(step.name)
    return out


def _halves(step: Step) -> list[str]:
    """The numbers in a product that have a power of one half, three halves, ..."""
    if step.op != "scalars":
        return []
    return [
        n for n, e in zip(step.args, step.spec, strict=True) if not isinstance(e, float) and Fraction(e) % 1 == HALF
    ]


def _rewritten(step: Step, roots: dict[str, str]) -> Step:
    powers: list[tuple[str, Fraction]] = []
    for name, e in zip(step.args, step.spec, strict=True):
        if name in roots and not isinstance(e, float) and Fraction(e) % 1 == HALF:
            sign = HALF if e > 0 else -HALF
            powers += [(name, Fraction(e) - sign)] if abs(e) != HALF else []
            powers.append((roots[name], 2 * sign))
        else:
            powers.append((name, e))
    return replace(step, args=tuple(n for n, _ in powers), spec=tuple(e for _, e in powers))
