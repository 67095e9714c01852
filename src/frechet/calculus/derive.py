"""Derivatives of any order: reverse once, then forward along fresh directions over the result. By a scalar, forward
along 1: nothing has to be read off."""

from __future__ import annotations

from dataclasses import dataclass

from frechet.calculus.forward import forward
from frechet.calculus.reverse import reverse
from frechet.core.ein import constant
from frechet.core.node import Node, var


@dataclass(frozen=True, slots=True)
class Level:
    """One order of a derivative by one more variable.

    tensor     axes of the function, then of each variable in order
    along      the derivative along `direction`: axes of the level before, linear in the direction
    """

    tensor: Node
    along: Node
    direction: Node
    variable: Node


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
        levels.append(Level(tensor, along, direction, variable))
        current = tensor
    return levels
