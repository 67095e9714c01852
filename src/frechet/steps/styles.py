"""The styles of derivation by name."""

from __future__ import annotations

from collections.abc import Callable

from frechet.steps.chain import by_chain_rule
from frechet.steps.definition import by_definition
from frechet.steps.derivation import Derivation
from frechet.steps.entries import by_entries
from frechet.steps.story import Subject, tell

STYLES: dict[str, Callable[[Subject, str], Derivation]] = {
    "differential": tell, "chain rule": by_chain_rule, "entrywise": by_entries, "definition": by_definition,
}  # fmt: skip
# What may be typed for a style.
SHORT_NAMES = {
    "chain": "chain rule", "chain-rule": "chain rule", "entries": "entrywise", "components": "entrywise",
    "differentials": "differential", "limit": "definition",
}  # fmt: skip
