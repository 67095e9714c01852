"""The steps of a derivative: what the narrator is told about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from frechet.core.errors import problem
from frechet.core.facts import STRUCTURAL
from frechet.language.lower import variable_node
from frechet.steps.derivation import Derivation
from frechet.steps.story import Subject, tell, with_facts

if TYPE_CHECKING:
    from frechet.api.derivative import Derivative

STYLES = ("differential",)


def steps(d: Derivative, level: str = "normal", style: str = "differential") -> Derivation:
    """The derivation of an answer; see `Derivative.steps`."""
    if style not in STYLES:
        raise problem("E505", f"{style!r} is not a style of derivation.", help=", ".join(STYLES))
    free = without_structure(d)
    if free is d:
        return tell(subject_of(d), level)
    return with_facts(tell(subject_of(free), level), subject_of(d))


def without_structure(d: Derivative) -> Derivative:
    """The same question with the structure of its variables forgotten: a derivative is over all entries, and what is
    known of the variable is put in at the end."""
    known = d.function.declarations
    facts = {n: words - STRUCTURAL if n in d.wrt else words for n, words in known.facts.items()}
    if facts == known.facts:
        return d
    function = type(d.function)(d.function.tree, replace(known, facts=facts), d.function.source)
    return type(d)(function, d.request)


def subject_of(d: Derivative) -> Subject:
    """What the narrator needs to know."""
    known = d.function.declarations
    names = {n: variable_node(n, known) for n in known.variables}
    below = None
    if len(d.wrt) > 1:
        kind = "gradient" if d.function._scalar and len(d.wrt) == 2 else "derivative"
        request = replace(d.request, wrt=d.wrt[:-1], kind=kind, layout="numerator")
        below = subject_of(type(d)(d.function, request))
    return Subject(d.function.tree, known, names, d.wrt, d.request.kind, d.request.layout, d._levels, d._sides,
                   d._forms, below)  # fmt: skip
