"""What `fr.compile` is given besides the function: sizes, facts, names of variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from frechet.api.function import Function
from frechet.core.errors import problem
from frechet.language.declarations import check_square, declare, undeclared


def given_sizes(f: Function, shapes: Any) -> dict[str, int]:
    """Values of named sizes; E505 for another name, a shape that does not fit its variable, or two that differ."""
    found: dict[str, int] = {}
    if not isinstance(shapes, Mapping):
        raise problem("E505", f"`shapes` is a {type(shapes).__name__}, not a dictionary.", help=_shapes_help(f))
    for name, given in shapes.items():
        dims = f.variables.get(name, (name,) if name in f.declarations.sizes else None)
        lengths = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        if dims is None or len(dims) != len(lengths):
            raise problem("E505", f"{name}: {given!r} is not a size or a shape of this function.", help=_shapes_help(f))
        for dim, length in zip(dims, lengths, strict=True):
            if isinstance(length, bool) or not hasattr(length, "__index__") or length < 1:
                raise problem("E505", f"{name}: {length!r} is not a size.", help="A size is a positive whole number.")
            if dim in f.declarations.sizes and found.setdefault(str(dim), int(length)) != length:
                raise problem("E505", f"{dim} is {found[str(dim)]} and {length} in `shapes`.")
            if isinstance(dim, int) and dim != length:
                raise problem("E505", f"{name} is declared with a size of {dim}, not {length}.")
    return found


def _shapes_help(f: Function) -> str:
    sizes = ", ".join(f"{d!r}: 100" for d in f.declarations.sizes) or "'n': 100"
    return f"Sizes by name, or shapes by variable: shapes={{{sizes}}}."


def with_facts(f: Function, facts: Any) -> Function:
    """The function with more facts about its variables; E200 or E203 where they cannot be."""
    known, more = f.declarations, declare(facts=facts).facts
    for name in more:
        if name not in known.variables:
            raise undeclared(name, known.variables, "A fact is given for")
    merged = {n: known.facts.get(n, frozenset()) | more.get(n, frozenset()) for n in (*known.facts, *more)}
    result = replace(known, facts=merged)
    check_square(result)
    return Function(f.tree, result, f.source)


def checked_names(f: Function, wrt: Any, want: str) -> list[str]:
    """The variables to differentiate by."""
    if not isinstance(wrt, (str, list, tuple)):
        raise problem("E500", "A name of a variable, or a list of names, is needed to differentiate by.")
    names = [wrt] if isinstance(wrt, str) else list(wrt)
    if not names and want != "value":
        raise problem("E500", "Nothing was given to differentiate by.")
    for name in names:
        f._check_wrt(name)
        if names.count(name) > 1:
            raise problem("E500", f"{name} is given twice.")
    return names
