"""A derivation: a sequence of steps, each one a checked claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from frechet.core.display import Card, Displayed
from frechet.language.tree import Tree
from frechet.notation.text import to_text
from frechet.steps.changes import changed_span
from frechet.steps.claims import PROVED, Proof
from frechet.steps.html import as_html
from frechet.steps.render import as_json, as_text, closing
from frechet.steps.rules import rule
from frechet.steps.typeset import as_latex, as_markdown


@dataclass(frozen=True)
class Step:
    """One line.

    rules    ids of the rules used, the main one first; `rule` is that one
    left     what stands left of the equals sign ("df", "gradient"); empty where the line continues the one above
    before   the line that this one follows from, after: this line
    note     a remark in words; note_latex: the same for LaTeX's text mode, if it is a formula
    proof    how the claim `before = after` was checked
    """

    rules: tuple[str, ...]
    left: str
    before: Tree
    after: Tree
    proof: Proof = PROVED
    note: str = ""
    note_latex: str = ""

    @property
    def rule(self) -> str:
        return self.rules[0]

    @property
    def name(self) -> str:
        """The name of the main rule."""
        return rule(self.rule).name

    @property
    def law(self) -> str:
        """The main rule in symbols."""
        return rule(self.rule).law

    @property
    def words(self) -> str:
        """The main rule as a sentence."""
        return rule(self.rule).words

    @property
    def source(self) -> str:
        return rule(self.rule).source

    @property
    def hint(self) -> str:
        """What to do, without doing it; for practice."""
        return rule(self.rule).hint

    @property
    def text(self) -> str:
        """This line."""
        return to_text(self.after)

    def __str__(self) -> str:
        """The line with the names of its rules."""
        return f"{self.left} = {self.text}    {', '.join(rule(r).name for r in self.rules)}"

    def __repr__(self) -> str:
        return f"<Step {self}>"

    @property
    def span(self) -> tuple[int, int]:
        """Where the changed part stands in `text`."""
        return changed_span(self.before, self.after)


@dataclass(frozen=True)
class Derivation(Displayed, Sequence[Step]):
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
    directions: tuple[str, ...] = ()

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

    @property
    def hints(self) -> list[str]:
        """For practice: what to do at each step, without doing it; the line itself is `d[k].text`."""
        return [step.hint for step in self.steps]

    def __str__(self) -> str:
        return as_text(self)

    def text(self, *, terminal: bool = False) -> str:
        """Lines of text; `terminal` marks what changed by colour and underline."""
        return as_text(self, terminal=terminal)

    def markdown(self) -> str:
        return as_markdown(self, closing(self))

    def latex(self) -> str:
        """An align* environment for plain amsmath."""
        return as_latex(self)

    def html(self) -> str:
        """HTML with MathML."""
        return as_html(self)

    def card(self) -> Card:
        """What notebooks and rich show: the table of steps."""
        return Card(as_text(self), body=as_html(self))

    def _repr_latex_(self) -> str:
        return as_latex(self)

    def to_json(self) -> dict[str, Any]:
        return as_json(self)
