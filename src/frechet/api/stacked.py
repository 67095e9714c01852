"""Derivatives by several variables stacked into one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from frechet.core.errors import problem
from frechet.core.lazy import np

if TYPE_CHECKING:
    from frechet.api.derivative import Derivative
    from frechet.api.function import Function


class StackedDerivative:
    """A gradient or Hessian by several scalars or vectors taken as one vector: blocks in the order of the names."""

    def __init__(self, function: Function, wrt: list[str], blocks: list[list[Derivative]]) -> None:
        self.function = function
        self.wrt = tuple(wrt)
        self.blocks = blocks

    @classmethod
    def gradient(cls, function: Function, wrt: list[str], options: Mapping[str, Any]) -> StackedDerivative:
        _check(function, wrt)
        return cls(function, wrt, [[function.derivative(name, **options)] for name in wrt])

    @classmethod
    def hessian(cls, function: Function, wrt: list[str], options: Mapping[str, Any]) -> StackedDerivative:
        _check(function, wrt)
        return cls(function, wrt, [[function.derivative(a, b, **options) for b in wrt] for a in wrt])

    @property
    def shape(self) -> tuple[str | int, ...]:
        sizes = [self.function.variables[name] for name in self.wrt]
        total = " + ".join(str(s[0]) if s else "1" for s in sizes)
        one: str | int = len(self.wrt) if all(not s for s in sizes) else total
        return (one,) if len(self.blocks[0]) == 1 else (one, one)

    def __str__(self) -> str:
        rows = []
        for a, row in zip(self.wrt, self.blocks, strict=True):
            vector = bool(self.function.variables[a])
            texts = [str(d) for d in row]
            if not vector and len(row) > 1:
                texts = [_as_row(t) if self.function.variables[b] else t for b, t in zip(self.wrt, texts, strict=True)]
            rows.append(", ".join(texts))
        return "[" + "; ".join(rows) + "]"

    @property
    def text(self) -> str:
        return str(self)

    def evaluate(self, /, **arrays: Any) -> Any:
        """The stacked array: 1-D for a gradient, 2-D for a Hessian."""
        rows = []
        for a, row in zip(self.wrt, self.blocks, strict=True):
            height = np.size(arrays[a])
            parts = [np.reshape(d.evaluate(**arrays), (height, -1)) for d in row]
            rows.append(np.concatenate(parts, axis=1))
        stacked = np.concatenate(rows, axis=0)
        return stacked[:, 0] if len(self.blocks[0]) == 1 else stacked


def _as_row(text: str) -> str:
    return f"({text})'"


def _check(function: Function, wrt: list[str]) -> None:
    if not wrt:
        raise problem("E500", "Nothing was given to differentiate by.")
    for name in wrt:
        if len(function.variables.get(name, ())) > 1:
            raise problem("E500", f"{name} is a matrix; scalars and vectors can be stacked.")
