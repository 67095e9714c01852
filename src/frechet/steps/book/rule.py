"""What a rule is."""

from __future__ import annotations

from dataclasses import dataclass

MN = "Magnus and Neudecker, Matrix Differential Calculus"


@dataclass(frozen=True, slots=True)
class Rule:
    """law: in symbols; words: the same as a sentence; hint: what to look for, without doing it; short: the name where
    several rules share a line; latex: the law in LaTeX, where it is that of an operation."""

    id: str
    name: str
    law: str
    words: str
    condition: str = ""
    proof: str = ""
    example: str = ""
    source: str = ""
    short: str = ""
    latex: str = ""

    @property
    def brief(self) -> str:
        """The name where several rules stand in a row."""
        return self.short or self.name

    @property
    def hint(self) -> str:
        return f"Use the rule: {self.name}. {self.words}"
