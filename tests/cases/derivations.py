"""The table of the derivations of the suites: complete, proved, how long, how fast; and what is short of it.

python -m tests.cases.derivations [suite or id ...] [--lists] [--level brief|normal|full] [--style ...]

A "collect terms" gap is a step that says it collects, factors, orders, cancels or moves signs, and whose two lines
are equal only by more than multiplying out. A derivation of one step is listed where the function is more than the
variable.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import frechet as fr
from frechet.api.derivative import Derivative
from frechet.core.errors import FrechetError
from frechet.steps.derivation import Derivation, Step
from frechet.steps.narrate import LEVELS
from frechet.steps.styles import STYLES
from tests.cases.suite import Case, cases

# Rules that say no more than that terms or factors stand otherwise.
COLLECT = frozenset({"R-collect", "R-factor", "R-order", "R-sign", "R-cancel"})


@dataclass(frozen=True)
class Told:
    """A case and its derivation, or why there is none."""

    case: Case
    derivation: Derivation | None
    seconds: float = 0.0
    refusal: str = ""

    @property
    def steps(self) -> Sequence[Step]:
        return self.derivation.steps if self.derivation else ()


def answer(case: Case) -> Derivative:
    """The derivative that a case asks for, unchecked: the table of the cases checks it."""
    f = fr.parse(case.expr, variables=case.vars, facts=case.props, domain=case.domain, sizes=case.requires)
    if case.kind in ("gradient", "jacobian", "hessian"):
        found: Derivative = getattr(f, case.kind)(case.wrt[0], verify=False)
        return found
    return f.derivative(*case.wrt, verify=False)


def tell(case: Case, level: str = "normal", style: str = "differential") -> Told:
    """One derivation, timed after the answer is known."""
    d = answer(case)
    str(d)
    start = time.process_time()
    try:
        told = d.steps(level, style)
    except FrechetError as error:
        return Told(case, None, refusal=str(error).splitlines()[0])
    return Told(case, told, time.process_time() - start)


def hides(step: Step) -> bool:
    """Whether "collecting terms" stands for more than multiplying out and adding up."""
    told = "R-simplify" in step.rules or step.proof.how in ("same", "expanded")
    return bool(COLLECT & set(step.rules)) and not told


def single(told: Told) -> bool:
    """Whether a function that is not just a variable is done in one step."""
    if told.derivation is None or len(told.steps) > 1:
        return False
    start = told.derivation.start
    return any(a.args for a in start.args) or start.kind == "call"


def share(count: int, whole: int) -> str:
    return f"{count} of {whole} ({100 * count / max(whole, 1):.1f} %)"


def table(found: Sequence[Told], level: str) -> Iterable[str]:
    """One line for each figure."""
    done = [t for t in found if t.derivation is not None]
    steps = [s for t in done for s in t.steps]
    complete = sum(not t.derivation.gap for t in done if t.derivation)
    yield f"complete              {share(complete, len(found))}"
    yield f"steps proved          {share(sum(s.proof.status == 'proved' for s in steps), len(steps))}"
    yield f"collect terms gaps    {share(sum(map(hides, steps)), len(steps))}"
    yield f"functions simplified  {share(sum('R-simplify' in s.rules for s in steps), len(steps))}"
    yield f"single-step           {sum(map(single, done))}"
    if level == "full":
        yield f"more than one rule    {sum(len(s.rules) > 1 for s in steps)} steps"
    if done:
        lengths = sorted(len(t.steps) for t in done)
        spent = sorted(1000 * t.seconds for t in done)
        yield f"lines                 median {statistics.median(lengths):g}, longest {lengths[-1]}"
        yield f"milliseconds of CPU   median {statistics.median(spent):.1f}, longest {spent[-1]:.0f}"


def lists(found: Sequence[Told]) -> Iterable[str]:
    """What is short of the goals, by kind."""
    for t in found:
        name = f"{t.case.id}: {t.case.expr} by {', '.join(t.case.wrt)}"
        if t.derivation is None:
            yield f"refused  {name}\n         {t.refusal}"
            continue
        if t.derivation.gap:
            yield f"gap      {name}\n         {t.derivation.gap}"
        if single(t):
            yield f"single   {name}"
        for s in t.steps:
            if s.proof.status != "proved":
                yield f"{s.proof.status:8} {name}\n         {', '.join(s.rules)}: {s.text[:160]}"
            if hides(s):
                yield f"collect  {name}\n         {s.text[:200]}"


def main() -> None:
    parser = argparse.ArgumentParser(description="The table of the derivations of the suites.")
    parser.add_argument("only", nargs="*", help="suites or ids")
    parser.add_argument("--lists", action="store_true", help="also what is short of the goals")
    parser.add_argument("--level", choices=LEVELS, default="normal")
    parser.add_argument("--style", choices=tuple(STYLES), default="differential")
    options = parser.parse_args()
    chosen = [c for c in cases() if not c.later and (not options.only or {c.suite, c.id} & set(options.only))]
    found = [tell(c, options.level, options.style) for c in chosen]
    print("\n".join(table(found, options.level)))
    if options.lists:
        print("\n".join(lists(found)))


if __name__ == "__main__":
    main()
