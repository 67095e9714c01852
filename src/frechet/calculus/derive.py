"""Derivatives of any order: reverse once, then forward along fresh directions over the result. By a scalar, forward
along 1: nothing has to be read off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from frechet.calculus.forward import forward
from frechet.calculus.reverse import reverse
from frechet.core.ein import constant
from frechet.core.node import Node, var

Finish = Callable[[Node], Node]


@dataclass(frozen=True, slots=True)
class Level:
    """One order of a derivative by one more variable.

    tensor     axes of the function, then of each variable in order
    along      the derivative along `direction`: axes of the level before, linear in the direction
    raw        `along` before `finish`, which brings back the facts of variables that were put aside to differentiate
               (and projects the derivative by a structured one); only the raw node can be differentiated further
    """

    tensor: Node
    along: Node
    direction: Node
    variable: Node
    raw: Node
    finish: Finish


def direction_for(variable: Node, name: str) -> Node:
    """A fresh direction of a variable."""
    return var(name, variable.dims, role="direction")


def derive(root: Node, variables: list[Node], directions: list[Node]) -> list[Level]:
    """The derivatives of root by the first variable, the first two, and so on."""
    levels: list[Level] = []
    current = root
    for variable, direction in zip(variables, directions, strict=True):
        along = forward(current, variable, direction)
        if not variable.dims:
            tensor = forward(current, variable, constant(1))
        else:
            tensor = reverse(along, direction) if levels else reverse(current, variable)
        levels.append(Level(tensor, along, direction, variable, along, lambda node: node))
        current = tensor
    return levels


def along_all(levels: Sequence[Level]) -> Node:
    """The derivative along the directions of all these levels, the last ones of a derivative."""
    first, *rest = levels
    if not rest:
        return first.along
    node = first.raw
    for level in rest:
        node = forward(node, level.variable, level.direction)
    return first.finish(node)


def finished(level: Level, tensor: Finish, along: Finish | None = None) -> Level:
    """The level with its tensor finished, and what is along directions (by the same, if nothing else is given)."""
    before, more = level.finish, along or tensor
    return replace(level, tensor=tensor(level.tensor), along=more(level.along), finish=lambda node: more(before(node)))
