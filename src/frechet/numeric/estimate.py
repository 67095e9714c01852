"""What a numeric derivative returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frechet.core.display import Card, Displayed


@dataclass(frozen=True, slots=True)
class Estimate(Displayed):
    """A numeric derivative that says how far it can be trusted.

    `value` has the shape the question asks for and `error` the same shape: it bounds the absolute error of each
    component. `ok=False` says that there is no derivative here, or none that can be trusted; `message` says why (and,
    where `ok`, how the value was found). `evaluations` counts the calls of the user's function.
    """

    value: Any
    error: Any
    ok: bool
    message: str
    evaluations: int

    def card(self) -> Card:
        """What notebooks and rich show: value, bound, what is known about it."""
        notes = [("value", str(self.value)), ("error at most", str(self.error))]
        notes += [("note" if self.ok else "no derivative", self.message)] if self.message else []
        return Card(notes=[*notes, ("evaluations", str(self.evaluations))])


LineEstimate = Estimate
