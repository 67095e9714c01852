"""The table of the suites: right, wrong, refused, undecided, crashed; and how long the answers print.

python -m tests.cases.table [suite or id ...] [--failures]
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from tests.cases.judge import STATUSES, Verdict, judge
from tests.cases.suite import SUITES, Case, cases

LIMIT = 1.15


def chosen(words: Sequence[str]) -> list[Case]:
    """The cases of this language whose suite or id is named; all of them without a word."""
    return [c for c in cases() if not c.later and (not words or c.suite in words or c.id in words)]


def status_lines(verdicts: Sequence[Verdict]) -> Iterable[str]:
    """One line for each suite and one for all."""
    yield f"{'suite':10}" + "".join(f"{s:>11}" for s in (*STATUSES, "later"))
    for suite in (*SUITES, "all"):
        counts = Counter(v.status for v in verdicts if suite in ("all", v.case.suite))
        later = sum(c.later for c in cases() if suite in ("all", c.suite))
        yield f"{suite:10}" + "".join(f"{counts[s]:>11}" for s in STATUSES) + f"{later:>11}"


def length_lines(verdicts: Sequence[Verdict]) -> Iterable[str]:
    """The share of short enough answers, then the others, longest ratio first."""
    measured = sorted(((v.ratio, v) for v in verdicts if v.ratio is not None), key=lambda p: (-p[0], p[1].case.id))
    short = sum(ratio <= LIMIT for ratio, _ in measured)
    share = 100 * short / max(len(measured), 1)
    yield f"printed length at most {LIMIT} x expected: {short} of {len(measured)} = {share:.1f} %"
    for ratio, verdict in measured:
        if ratio > LIMIT:
            yield f"  {ratio:5.2f} {verdict.case.id}"
            yield f"        got      {verdict.printed[:300] or verdict.status}"
            yield f"        expected {verdict.case.expected}"


def equality_lines(verdicts: Sequence[Verdict]) -> Iterable[str]:
    """The share of printed forms proved equal to the expected ones, then those that are only shown equal."""
    compared = [v for v in verdicts if v.equality]
    proved = sum(v.equality == "proved" for v in compared)
    share = 100 * proved / max(len(compared), 1)
    yield f"printed proved equal to expected: {proved} of {len(compared)} = {share:.1f} %, the rest shown at points"
    yield from (f"  {v.equality:9} {v.case.id}" for v in compared if v.equality != "proved")


def failure_lines(verdicts: Sequence[Verdict]) -> Iterable[str]:
    """Each case that is not right, with what went wrong."""
    for verdict in sorted(verdicts, key=lambda v: (v.status, v.detail[:30], v.case.id)):
        if verdict.status != "right":
            case = verdict.case
            yield f"{verdict.status:9} {case.id}: {case.kind} of {case.expr} by {','.join(case.wrt)}"
            yield f"          {verdict.detail[:400]}"
            if verdict.printed:
                yield f"          got {verdict.printed[:300]}"


def main(argv: list[str]) -> int:
    start = time.perf_counter()
    verdicts = [judge(case) for case in chosen([a for a in argv if not a.startswith("-")])]
    lines = [
        *status_lines(verdicts),
        "",
        *length_lines(verdicts),
        "",
        *equality_lines(verdicts),
        "",
        *failure_lines(verdicts),
    ]
    print("\n".join(lines))
    print(f"{len(verdicts)} cases in {time.perf_counter() - start:.1f} s")
    return 0 if all(v.status == "right" for v in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
