"""`trace`: the function that Python code computes, with its closed-form derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from frechet.api.function import Function
from frechet.core.dims import Dim
from frechet.core.errors import problem
from frechet.language.declarations import declare
from frechet.language.python import formula
from frechet.language.shapes import elaborate
from frechet.notation.text import to_text


def trace(
    function: Callable[..., Any],
    variables: Mapping[str, Sequence[Dim]] | None = None,
    facts: Mapping[str, Iterable[str]] | None = None,
    domain: Mapping[str, str] | None = None,
    sizes: Iterable[str] | None = None,
) -> Function:
    """Read a Python function over NumPy, JAX or PyTorch names. `variables` gives the dimensions of its parameters;
    further entries are variables it closes over. The function is called once, with symbolic arrays.

    Raises FrechetError, with the line, where the code decides on values or does what has no formula.
    """
    if not callable(function):
        raise problem("E100", f"A {type(function).__name__} is not a function.", help="Give a def or a lambda.")
    if variables is None:
        raise problem("E201", "The dimensions of the parameters are not known.",
                      help='Say variables={"X": ["m", "n"], "w": ["n"]}.')  # fmt: skip
    declarations = declare(variables, facts, domain, sizes)
    tree = formula(function, variables)
    text = to_text(tree)
    typed, resolved = elaborate(tree, declarations, source=text)
    return Function(typed, resolved, text)
