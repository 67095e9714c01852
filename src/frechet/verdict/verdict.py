"""The answer to a claim."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from frechet.core.display import Card, Displayed
from frechet.core.errors import Span
from frechet.equality.decide import Counterexample

RIGHT, WRONG, UNDECIDED = "right", "wrong", "undecided"
LAYOUT, ASSUMING = "right up to layout", "right under assumptions"
STATUSES = (RIGHT, WRONG, LAYOUT, ASSUMING, UNDECIDED)


@dataclass(frozen=True, slots=True)
class Verdict(Displayed):
    """What is to be said about a claim.

    status       "right", "wrong", "right up to layout", "right under assumptions" or "undecided"
    proof        "proved", "refuted", "evidence" (no difference at `points` points) or "none"
    causes       what is wrong, in words of `diagnose.CAUSES`; several faults at once are all named
    offending    the part of the claim that is wrong, as typed; `span` says where it stands in `claim`
    explanation  sentences for a person
    correct      the right formula, in the text language; `corrected` is the claim with its faults mended
    faults       where the claim is wrong, and what should stand there
    assumptions  (fact, names) that make the claim right, the weakest set found
    readings     how the texts were read ("read as"), the reading that decided first
    """

    status: str
    proof: str
    claim: str = ""
    causes: tuple[str, ...] = ()
    offending: str = ""
    span: Span | None = None
    explanation: str = ""
    correct: str = ""
    counterexample: Counterexample | None = None
    assumptions: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    points: int = 0
    readings: tuple[str, ...] = ()
    corrected: str = ""
    faults: tuple[tuple[Span, str], ...] = ()

    def __bool__(self) -> bool:
        return self.status in (RIGHT, LAYOUT)

    def __str__(self) -> str:
        rows = [("verdict", self._headline()), *(("read as", r) for r in self.readings)]
        lines = [f"{label:10}{text}" for label, text in rows]
        if self.span is not None and self.claim and self.status == WRONG:
            lines += self._underlined()
        if self.explanation:
            lines.append(f"{'why':10}{self.explanation}")
        if self.correct and self.status not in (RIGHT,):
            lines.append(f"{'correct':10}{self.correct}")
        if self.counterexample is not None:
            lines.append(f"{'example':10}{self.counterexample}")
        return "\n".join(lines)

    def card(self) -> Card:
        """What notebooks and rich show: the verdict, how it was read, why, the right formula."""
        notes = [("verdict", self._headline()), *(("read as", r) for r in self.readings)]
        notes += [("claim", self.claim)] if self.claim else []
        notes += [("wrong part", self.offending)] if self.offending and self.status == WRONG else []
        notes += [("why", self.explanation)] if self.explanation else []
        notes += [("correct", self.correct)] if self.correct and self.status != RIGHT else []
        notes += [("example", str(self.counterexample))] if self.counterexample is not None else []
        return Card(notes=notes)

    def _headline(self) -> str:
        if self.status == ASSUMING:
            words = " and ".join(assumption_text(a) for a in self.assumptions)
            return f"right if {words}, wrong in general"
        if self.proof == "evidence":
            return f"{self.status}: no difference found at {self.points} points"
        return f"{self.status} (proved)" if self.proof == "proved" else self.status

    def _underlined(self) -> list[str]:
        """The claim with the wrong parts marked, and what should stand there."""
        if "\n" in self.claim or len(self.claim) > 300:
            return [f"{'claim':10}{self.offending}", *(f"{'':10}{new}" for _, new in self.faults[:1] if new)]
        places = sorted(self.faults, key=lambda f: f[0].start) or [(self.span or Span(0, 1), "")]
        marks = [" "] * len(self.claim)
        for span, _ in places:
            marks[span.start : span.end] = "^" * max(1, span.end - span.start)
        lines = [f"{'claim':10}{self.claim}", " " * 10 + "".join(marks).rstrip()]
        lines += [" " * (10 + span.start) + new for span, new in places if new and len(new) <= 60]
        return lines

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        example = self.counterexample
        return {
            "status": self.status, "proof": self.proof, "claim": self.claim, "causes": list(self.causes),
            "offending": self.offending, "span": None if self.span is None else [self.span.start, self.span.end],
            "explanation": self.explanation, "correct": self.correct, "points": self.points,
            "corrected": self.corrected, "faults": [[s.start, s.end, new] for s, new in self.faults],
            "counterexample": None if example is None else str(example),
            "assumptions": [[fact, list(names)] for fact, names in self.assumptions], "readings": list(self.readings),
        }  # fmt: skip


def assumption_text(assumption: tuple[str, tuple[str, ...]]) -> str:
    """`A is symmetric`, `A and B commute`."""
    fact, names = assumption
    joined = " and ".join(names)
    if fact == "commuting":
        return f"{joined} commute"
    if fact == "unit_norm":
        return f"{joined} has length one"
    if fact == "orthonormal":
        return f"{joined}'*{joined} = I"
    if fact == "orthonormal_rows":
        return f"{joined}*{joined}' = I"
    if fact == "equal_sizes":
        return f"{' = '.join(names)}"
    if fact == "independent_entries":
        return f"{joined} is symmetric and the derivative is by its independent entries"
    return f"{joined} {'is' if len(names) == 1 else 'are'} {fact}"
