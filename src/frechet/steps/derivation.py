"""A derivation: a sequence of steps, each one a checked claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

from frechet.language.tree import Tree
from frechet.steps.claims import PROVED, Proof


@dataclass(frozen=True)
class Step:
    """One line.

    rules    ids of the rules used, the main one first; `rule` is that one
    left     what stands left of the equals sign ("df", "gradient"); empty where the line continues the one above
    before   the line that this one follows from, after: this line
    note     a remark in words
    proof    how the claim `before = after` was checked
    """

    rules: tuple[str, ...]
    left: str
    before: Tree
    after: Tree
    proof: Proof = PROVED
    note: str = ""
    about: str = ""

    @property
    def rule(self) -> str:
        return self.rules[0]


@dataclass(frozen=True)
class Derivation(Sequence[Step]):
    """The steps from what was typed to the answer; `for step in d` goes through them.

    goal     what is derived, in words: "gradient by w"
    start    what was typed
    answer   the last line, the printed form of the answer
    gap      the rule-less jump, if there is one: why the narrator could not write it out
    """

    goal: str
    start: Tree
    answer: Tree
    steps: tuple[Step, ...]
    style: str = "differential"
    level: str = "normal"
    gap: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | Sequence[Step]:
        return self.steps[index]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    @property
    def proved(self) -> bool:
        """Whether every step is proved, not only supported by points."""
        return all(s.proof.status == "proved" for s in self.steps)
