"""Which variables are declared complex."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from frechet.core.facts import COMPLEX


def words_of(facts: Any) -> dict[str, frozenset[str]]:
    """The variables declared complex (or hermitian), each with its facts; empty for a function of real ones."""
    if not isinstance(facts, Mapping):
        return {}
    listed = {n: frozenset([w] if isinstance(w, str) else w) for n, w in facts.items() if _is_listed(w)}
    return {n: w for n, w in listed.items() if w & COMPLEX}


def _is_listed(words: Any) -> bool:
    return isinstance(words, (str, list, tuple, set, frozenset)) and all(isinstance(w, str) for w in words)
