"""What is said about code that has no formula, and the options of array functions."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from frechet.core.errors import FrechetError, problem

# Whose manners the method of an array has where libraries differ.
DIALECT: ContextVar[str] = ContextVar("DIALECT", default="numpy")
# Options that say nothing about the value: types, places, ways to compute.
_HARMLESS = frozenset({
    "dtype", "copy", "order", "casting", "subok", "precision", "preferred_element_type", "device", "like",
    "requires_grad", "optimize", "check_finite", "overwrite_a", "overwrite_b", "assume_a", "hermitian", "sym_pos",
    "layout", "inplace", "UPLO", "rcond", "lower", "symmetrize_input", "promote_integers", "out_sharding",
})  # fmt: skip


def refuse(what: str, help: str = "") -> FrechetError:
    """A step that has no formula."""
    return problem("E100", f"This code cannot be read as a formula: {what}.", help=help)


def only_harmless(options: Mapping[str, Any], name: str) -> None:
    """Refuse options that change the value: max(axis=1) is not max()."""
    for word, value in options.items():
        if word not in _HARMLESS and value is not None:
            raise refuse(f"the option {word} of {name}", "Write what it does with other operations.")
