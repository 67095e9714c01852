"""The user's function as a function of a flat vector: shapes in, shapes out, private copies, calls counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np


@dataclass(frozen=True)
class Leaf:
    """One array of the argument: where it stands in the flat vector, its shape, and whether it came as a number."""

    offset: int
    shape: tuple[int, ...]
    number: bool

    @property
    def size(self) -> int:
        return prod(self.shape)

    def build(self, flat: Any) -> Any:
        """A private copy in the user's shape; a plain number where the user gave one."""
        part = flat[self.offset : self.offset + self.size].reshape(self.shape)
        return part.item() if self.number else part.copy()


@dataclass(frozen=True)
class Layout:
    """How the argument is put together from leaves: a leaf, a dict, or a list or tuple of such."""

    tree: Any
    size: int

    def build(self, flat: Any) -> Any:
        """The argument for the user's function, made of private copies."""
        return _build(self.tree, flat)

    def leaves(self) -> list[tuple[str, Leaf]]:
        """The leaves with their path, such as `W` or `layers[0].b`."""
        return _leaves(self.tree, "")


def _build(tree: Any, flat: Any) -> Any:
    if isinstance(tree, Leaf):
        return tree.build(flat)
    if isinstance(tree, dict):
        return {k: _build(v, flat) for k, v in tree.items()}
    return type(tree)(_build(v, flat) for v in tree)


def _leaves(tree: Any, path: str) -> list[tuple[str, Leaf]]:
    if isinstance(tree, Leaf):
        return [(path, tree)]
    if isinstance(tree, dict):
        return [leaf for k, v in tree.items() for leaf in _leaves(v, f"{path}.{k}" if path else str(k))]
    return [leaf for i, v in enumerate(tree) for leaf in _leaves(v, f"{path}[{i}]")]


def flatten(x: Any) -> tuple[Layout, Any]:
    """The layout of x and its flat vector of doubles.

    Integers and float32 become doubles. Raises E303 for what is not made of numbers, E305 for complex numbers, E304
    for nothing at all, E400 for NaN or inf.
    """
    parts: list[Any] = []
    tree = _plan(x, parts)
    flat = np.concatenate(parts) if parts else np.zeros(0)
    if not flat.size:
        raise problem("E304", "The point has no components.", help="Give at least one number to differentiate by.")
    if not np.isfinite(flat).all():
        where = int(np.flatnonzero(~np.isfinite(flat))[0])
        raise problem("E400", f"The point is not finite: component {where} is {flat[where]}.")
    return Layout(tree, flat.size), flat


def _plan(x: Any, parts: list[Any]) -> Any:
    if isinstance(x, dict):
        return {k: _plan(v, parts) for k, v in x.items()}
    if isinstance(x, list | tuple) and any(isinstance(v, dict) or np.ndim(v) > 0 for v in x) and _ragged(x):
        return [_plan(v, parts) for v in x] if isinstance(x, list) else tuple(_plan(v, parts) for v in x)
    array = np.asarray(x)
    if array.dtype.kind == "c":
        raise problem("E303", "The point is complex; derivatives are taken along real directions.",
                      help="Write f as a function of the real and the imaginary part.")  # fmt: skip
    if array.dtype.kind not in "fiub":
        raise problem("E303", f"A point is made of numbers, not of {type(x).__name__}.",
                      help="Give a float, a list, an array or a dict of them.")  # fmt: skip
    offset = sum(p.size for p in parts)
    parts.append(array.astype(float).ravel())
    return Leaf(offset, array.shape, not isinstance(x, np.ndarray) and array.ndim == 0)


def _ragged(x: Any) -> bool:
    """Whether a list holds arrays of several shapes (or dicts): then it is a container, not one array."""
    if any(isinstance(v, dict) for v in x):
        return True
    if any(isinstance(v, np.ndarray) for v in x):
        return True
    return len({np.shape(v) for v in x}) > 1


@dataclass(frozen=True)
class Value:
    """What the user's function returned, flat, or the exception it raised."""

    flat: Any
    shape: tuple[int, ...] = ()
    error: BaseException | None = None
    single: bool = False  # computed in single precision or less


def evaluate(f: Callable[[Any], Any], layout: Layout, flat: Any) -> Value:
    """f at one point. Any exception is caught: at a neighbour of x it only means that f is not defined there."""
    try:
        with np.errstate(all="ignore"):
            array = np.asarray(f(layout.build(flat)))
            if array.dtype.kind not in "fiubc":
                raise TypeError(f"the function returned {array.dtype} instead of numbers")
            single = array.dtype in (np.float32, np.float16, np.complex64)
            return Value(array.astype(complex if array.dtype.kind == "c" else float).ravel(), array.shape, None, single)
    except Exception as error:
        return Value(None, (), error)
