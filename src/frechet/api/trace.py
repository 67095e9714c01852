"""`trace`: the function that Python code computes, with its closed-form derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from frechet.api.function import Function
from frechet.core.dims import Dim
from frechet.core.errors import problem
from frechet.language.declarations import declare
from frechet.language.python import formula
from frechet.language.python_torch import is_module, parameters
from frechet.language.shapes import elaborate
from frechet.language.tree import Tree
from frechet.notation.text import to_text

MAX_PARTS = 20_000


def written_size(root: Tree) -> int:
    """How many parts a formula has when what it shares is written out each time."""
    sizes: dict[int, int] = {}
    stack = [root]
    while stack:
        tree = stack[-1]
        waiting = [a for a in tree.args if id(a) not in sizes]
        if waiting:
            stack += waiting
            continue
        sizes[id(tree)] = 1 + sum(sizes[id(a)] for a in tree.args)
        stack.pop()
    return sizes[id(root)]


def trace(
    function: Callable[..., Any],
    variables: Mapping[str, Sequence[Dim]] | None = None,
    facts: Mapping[str, Iterable[str]] | None = None,
    domain: Mapping[str, str] | None = None,
    sizes: Iterable[str] | None = None,
) -> Function:
    """Read a Python function over NumPy, JAX or PyTorch names. `variables` gives the dimensions of its parameters;
    further entries are variables it closes over. The function is called once, with symbolic arrays. A PyTorch module
    is read through torch.fx, with its parameters as variables: layer.0.weight is layer_0_weight.

    Raises FrechetError, with the line, where the code decides on values or does what has no formula, E402 where the
    formula is too long to be written.
    """
    if not callable(function):
        raise problem("E100", f"A {type(function).__name__} is not a function.", help="Give a def or a lambda.")
    if is_module(function):
        variables = {**parameters(function), **(variables or {})}
    if variables is None:
        raise problem("E201", "The dimensions of the parameters are not known.",
                      help='Say variables={"X": ["m", "n"], "w": ["n"]}.')  # fmt: skip
    declarations = declare(variables, facts, domain, sizes)
    tree = formula(function, variables)
    parts = written_size(tree)
    if parts > MAX_PARTS:
        raise problem("E402", f"The formula of this code has {parts:.0e} parts when it is written out.",
                      help="Loops that use their own result grow so; fr.numeric differentiates any code.")  # fmt: skip
    text = to_text(tree)
    typed, resolved = elaborate(tree, declarations, source=text)
    return Function(typed, resolved, text)
