"""Reading a function with complex variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from frechet.api.complex import ComplexFunction
from frechet.api.complex_words import words_of
from frechet.api.conjugate import Symbols
from frechet.core.errors import problem
from frechet.core.facts import COMPLEX
from frechet.language.declarations import declare
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text
from frechet.steps.board import inlined

_UNIT = re.compile(r"(?<![\w.])1i\b")


def parse_complex(
    text: str, variables: Any, facts: Mapping[str, Any], domain: Any, sizes: Any, infer: bool
) -> ComplexFunction:
    """Read a function with complex variables; see `parse`."""
    known = words_of(facts)
    for name, words in known.items():
        if words - COMPLEX or name in (domain or {}):
            other = ", ".join(sorted(words - COMPLEX)) or "has a domain"
            raise problem("E507", f"{name} is complex and {other}: not offered together.",
                          help="A complex matrix may be hermitian; there are no other facts.")  # fmt: skip
    taken = {*(variables or {}), *re.findall(r"\w+", str(text))}
    unit = next(f"i{k}" for k in range(1, 1000) if f"i{k}" not in taken)
    given = {**(variables or {}), unit: []}
    real = {n: w for n, w in facts.items() if n not in known}
    declarations = declare(given, real, domain, sizes)
    source = _UNIT.sub(unit, text) if isinstance(text, str) else text
    tree, resolved = elaborate(parse_text(source), declarations, infer=infer or variables is None, source=source)
    for name, words in known.items():
        shape = resolved.variables.get(name)
        if shape is None:
            raise problem("E200", f"{name} is declared complex, but is no variable of the formula.", source=text)
        if "hermitian" in words and not (shape.is_matrix and shape.rows == shape.cols):
            raise problem("E300", f"{name} is a {shape}; a hermitian matrix is square.", source=text)
    taken = {*resolved.variables, *resolved.sizes}
    conjugates = {}
    for name in known:
        if "hermitian" not in known[name]:
            other = f"{name}_conj"
            while other in taken:
                other += "_"
            conjugates[name] = other
    hermitian = frozenset(n for n, w in known.items() if "hermitian" in w)
    return ComplexFunction(inlined(tree), resolved, text, Symbols(conjugates, hermitian, unit))
