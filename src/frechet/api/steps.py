"""The steps of a derivative: what the narrator is told about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from frechet.api.structure import note
from frechet.core.errors import problem
from frechet.core.facts import STRUCTURAL
from frechet.language.lower import variable_node
from frechet.steps.abbreviate import abbreviated
from frechet.steps.derivation import Derivation
from frechet.steps.narrate import LEVELS
from frechet.steps.story import Subject, with_facts
from frechet.steps.styles import SHORT_NAMES, STYLES
from frechet.steps.total import tell_gradient, tell_hessian, tell_partials

if TYPE_CHECKING:
    from frechet.api.derivative import Derivative
    from frechet.api.stacked import StackedDerivative


def steps(d: Derivative, level: str = "normal", style: str = "differential") -> Derivation:
    """The derivation of an answer; see `Derivative.steps`."""
    style = named_style(style)
    check_level(level)
    if d.request.verify:
        _ = d.verification
    free = without_structure(d)
    told = STYLES[style](subject_of(free), level)
    if free is not d:
        over = d.request.structured and (note(d) or "over the directions that the structure allows")
        told = with_facts(told, subject_of(d), over)
    known = d.function.declarations
    return abbreviated(told, [*known.variables, *known.sizes]) if style == "differential" else told


def stacked_steps(d: StackedDerivative, level: str, style: str) -> Derivation:
    """The derivation of a stacked gradient or Hessian; see `StackedDerivative.steps`."""
    style = named_style(style)
    check_level(level)
    if style not in ("differential", "entrywise") or (style == "entrywise" and d.is_hessian):
        raise problem("E505", f"The style {style} is for one variable at a time.", help='style="differential"')
    for row in d.blocks:
        for block in row:
            if block.request.verify:
                _ = block.verification
    rows = [[subject_of(without_structure(block)) for block in row] for row in d.blocks]
    if d.is_hessian:
        return tell_hessian(rows, d.tree, level)
    subjects = [row[0] for row in rows]
    return tell_partials(subjects, d.tree, level) if style == "entrywise" else tell_gradient(subjects, d.tree, level)


def named_style(style: str) -> str:
    """A style by its name or its short one. Raises E505 for another word."""
    style = SHORT_NAMES.get(style, style)
    if style not in STYLES:
        raise problem("E505", f"{style!r} is not a style of derivation.", help=", ".join(STYLES))
    return style


def check_level(level: str) -> None:
    if level not in LEVELS:
        raise problem("E505", f"{level!r} is not a level of detail.", help="brief, normal or full")


def without_structure(d: Derivative) -> Derivative:
    """The same question with the structure of its variables forgotten: a derivative is over all entries, and what is
    known of the variable is put in at the end."""
    known = d.function.declarations
    facts = {n: words - STRUCTURAL if n in d.wrt else words for n, words in known.facts.items()}
    if facts == known.facts and not d.request.structured:
        return d
    function = type(d.function)(d.function.tree, replace(known, facts=facts), d.function.source)
    return type(d)(function, d.request.plain())


def subject_of(d: Derivative) -> Subject:
    """What the narrator needs to know."""
    known = d.function.declarations
    names = {n: variable_node(n, known) for n in known.variables}
    below = None
    if len(d.wrt) > 1:
        kind = "gradient" if d.function._scalar and len(d.wrt) == 2 else "derivative"
        request = replace(d.request, wrt=d.wrt[:-1], kind=kind, layout="numerator")
        below = subject_of(type(d)(d.function, request))
    return Subject(d.function.tree, known, names, d.wrt, d.request.kind, d.request.layout, d.levels, d.sides,
                   d._forms, below)  # fmt: skip
