"""Numbers without names: which variable of a formula each of them is for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from frechet.api.arrays import real_arrays
from frechet.api.function import Function, parse_real
from frechet.core.errors import ShapeProblem
from frechet.core.lazy import np
from frechet.language.text import parse_text
from frechet.language.tree import subtrees
from frechet.local.symbolic import natural


def names_in_order(
    text: str, facts: Mapping[str, Any] | None = None, variables: Mapping[str, Any] | None = None
) -> list[str]:
    """The variables of a formula, x before y and x2 before x10, whatever their order in the formula."""
    try:
        found = set(parse_real(text, variables=variables, facts=facts, infer=True).variables)
    except ShapeProblem:  # sizes that were guessed from letters clash; the names are known all the same
        found = {t.name for t in subtrees(parse_text(text)) if t.kind == "name"}
    return sorted(found, key=natural)


def parse_at(text: str, at: Any, facts: Mapping[str, Any] | None = None) -> tuple[Function, Any]:
    """The formula with variables as large as the values `at`, and the values by name where numbers came in order: all
    numbers for the only variable, or one number for each of several."""
    if isinstance(at, Mapping):
        used = set(re.findall(r"[A-Za-z]\w*", text))
        variables = {name: list(np.shape(part)) for name, part in real_arrays(at).items() if name in used}
        return parse_real(text, variables=variables, facts=facts, infer=True), at
    names, shape = names_in_order(text, facts), _shape(at)
    if len(names) > 1 and shape == (len(names),):
        at = dict(zip(names, at, strict=True))
        return parse_real(text, variables={name: [] for name in names}, facts=facts), at
    if len(names) == 1:
        return parse_real(text, variables={names[0]: list(shape)}, facts=facts), at
    return parse_real(text, facts=facts), at


def _shape(at: Any) -> tuple[int, ...]:
    try:
        return tuple(np.shape(at))
    except ValueError:  # rows of unlike length
        return ()
