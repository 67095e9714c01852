"""The value of a typed Tree, with NumPy. Never touches a Node: this is what every answer is checked against."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from frechet.core.dims import Size, show_size, size_value
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree
from frechet.reference.program import Array, Program


def compile_tree(tree: Tree, sizes: Mapping[str, int]) -> Program:
    """A callable that maps arrays by name to the value; for a linear map `dX -> e`, the direction is one of them."""
    return Program(tree, sizes)


def evaluate(tree: Tree, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> Any:
    """The value: 0-d for a scalar, 1-D for a vector or row, 2-D for a matrix.

    A linear map whose direction is not among the arrays comes as a function of its directions.
    """
    program = Program(tree, sizes)
    missing = [name for name in program.directions if name not in arrays]
    if missing:
        return lambda *directions: program({**arrays, **dict(zip(missing, directions, strict=True))})
    return program(arrays)


def sizes_of(declarations: Declarations, arrays: Mapping[str, Any]) -> dict[str, int]:
    """The value of every named size, read off the arrays; E305 where an array does not have the declared shape."""
    sizes: dict[str, int] = {}
    source: dict[str, str] = {}
    waiting: list[tuple[str, Size, int]] = []
    for name, shape in declarations.variables.items():
        sides = [side for side in (shape.rows, shape.cols) if side]
        if name not in arrays:
            raise problem("E305", f"No array is given for {name}.", help=_wanted(name, sides))
        lengths = _lengths(name, arrays[name], sides, len(declarations.axes.get(name, sides)))
        waiting += [(name, side, n) for side, n in zip(sides, lengths, strict=True)]
    while waiting:
        # Single names first: a composite size, m*n, is then checked, or solved for the one name still unknown.
        waiting.sort(key=lambda w: sum(d not in sizes for d in w[1] if isinstance(d, str)))
        name, side, n = waiting.pop(0)
        unknown = [d for d in side if isinstance(d, str) and d not in sizes]
        if len(unknown) > 1:
            raise problem("E304", f"The sizes {' and '.join(unknown)} are not known from the arrays.")
        if unknown:
            known = prod(d if isinstance(d, int) else sizes[d] for d in side if d != unknown[0])
            if n % known == 0:
                sizes[unknown[0]] = n // known
                source[unknown[0]] = name
        if any(d not in sizes for d in side if isinstance(d, str)) or size_value(side, sizes) != n:
            raise _clash(name, side, n, sizes, source)
    return sizes


def _lengths(name: str, array: Any, sides: list[Size], declared: int) -> list[int]:
    """The lengths of the nontrivial axes; axes declared with size 1 may be there or left out."""
    try:
        value = np.asarray(array, dtype=float)
    except (TypeError, ValueError) as reason:
        raise problem("E305", f"The value of {name} is no array of real numbers: {reason}.",
                      help=_wanted(name, sides)) from None  # fmt: skip
    lengths = list(value.shape)
    if len(lengths) == declared > len(sides):
        trivial = [i for i, n in enumerate(lengths) if n == 1][: declared - len(sides)]
        lengths = [n for i, n in enumerate(lengths) if i not in trivial]
    if len(lengths) != len(sides):
        raise problem("E305", f"The array of {name} has {value.ndim} axes, not {len(sides)}.",
                      help=_wanted(name, sides))  # fmt: skip
    return lengths


def _wanted(name: str, sides: list[Size]) -> str:
    if not sides:
        return f"{name} is a scalar: give a number."
    shape = ", ".join(show_size(s) for s in sides)
    return f"{name} has shape ({shape}{',' if len(sides) == 1 else ''})."


def _clash(name: str, side: Size, n: int, sizes: Mapping[str, int], source: Mapping[str, str]) -> Exception:
    known = [f"{d} = {sizes[d]}, from {source[d]}" for d in side if isinstance(d, str) and d in source]
    is_name = len(side) == 1 and isinstance(side[0], str)
    what = f"{show_size(side)} is already {sizes[str(side[0])]}" if is_name else f"its size is {show_size(side)}"
    because = f" ({'; '.join(known)})" if known else ""
    return problem("E305", f"The array of {name} has {n} entries along an axis, but {what}{because}.",
                   help=f"Arrays that share the size {show_size(side)} must agree in it.")  # fmt: skip


__all__ = ["compile_tree", "evaluate", "sizes_of"]
