"""Where a function is looked at: named arrays as one flat vector, each component with a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.numeric.evaluate import Layout, flatten


@dataclass(frozen=True)
class Point:
    """A point of n components.

    layout   how the user's value (a number, an array, a dict of them) is made of the flat vector
    flat     the components, (n,)
    labels   a name for each component: x, x[2], X[1,2], counted from 1
    """

    layout: Layout
    flat: Any
    labels: tuple[str, ...]

    @classmethod
    def of(cls, value: Any, name: str = "x") -> Point:
        """The point that a number, a list, an array or a dict of these gives; an array alone is called `name`.

        Raises E303, E304, E305 or E400 as `frechet.numeric` does for what is no point.
        """
        layout, flat = flatten(value)
        labels: list[str] = []
        for path, leaf in layout.leaves():
            labels += _labels(path or name, leaf.shape)
        return cls(layout, flat, tuple(labels))

    @property
    def size(self) -> int:
        """The number of components."""
        return int(self.flat.size)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the arrays; empty for an array that came without one."""
        return tuple(path for path, _ in self.layout.leaves() if path)

    def build(self, flat: Any) -> Any:
        """Components in the user's shapes: what `of` was given, for the values `flat`."""
        return self.layout.build(np.asarray(flat, dtype=float))

    def moved(self, flat: Any) -> Point:
        """The point of the same shapes with other components."""
        return Point(self.layout, np.array(flat, dtype=float), self.labels)

    def direction(self, value: Any, what: str = "The direction") -> Any:
        """A direction (or another point), given in the user's shapes or flat, as a flat vector; a dict may leave out
        arrays that do not move. Raises E305 where the shapes differ, E200 for a name that is not there."""
        if isinstance(value, Mapping):
            return self._by_name(value, what)
        if isinstance(value, str) and value in self.labels:
            return np.array([float(label == value) for label in self.labels])
        _, flat = flatten(value)
        if flat.size != self.size:
            raise problem("E305", f"{what} has {flat.size} components, but the point has {self.size}.")
        return flat

    def _by_name(self, value: Mapping[str, Any], what: str) -> Any:
        out = np.zeros(self.size)
        leaves = dict(self.layout.leaves())
        for name, part in value.items():
            _, flat = flatten(part)
            if name in leaves:
                leaf = leaves[name]
                if flat.size != leaf.size:
                    raise problem("E305", f"{what} of {name} has {flat.size} components instead of {leaf.size}.")
                out[leaf.offset : leaf.offset + leaf.size] = flat
            elif name in self.labels and flat.size == 1:
                out[self.labels.index(name)] = flat[0]
            else:
                raise problem("E200", f"{name!r} is not part of the point.", help=f"It has {_listed(self.labels)}.")
        return out


def _labels(name: str, shape: Sequence[int]) -> list[str]:
    """`x`, or `x[1]`, `x[2]`, or `X[1,1]`, ..."""
    if not shape:
        return [name]
    return [f"{name}[{','.join(map(str, index))}]" for index in product(*(range(1, n + 1) for n in shape))]


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(labels[:8]) + (", ..." if len(labels) > 8 else "")
