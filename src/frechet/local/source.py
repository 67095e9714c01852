"""Where values and derivatives come from: closed forms of a symbolic function, or values of any Python function.

Both see the moved components as one flat vector x (n,) and the value as one flat vector (m,).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Any, Protocol

from frechet import numeric
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.equality.singular import is_regular
from frechet.language.declarations import Declarations
from frechet.language.lower import lower, variable_node
from frechet.language.reach import check_reach
from frechet.language.tree import Tree, subtrees
from frechet.local.point import Point
from frechet.local.taylor import Expansion
from frechet.ops.cofactors import BY_COFACTORS
from frechet.reference.evaluate import sizes_of
from frechet.reference.program import Program


class Symbolic(Protocol):
    """What this room needs of a `frechet.Function`."""

    tree: Tree
    declarations: Declarations
    source: str

    def derivative(self, *wrt: str, **options: Any) -> Any: ...


@dataclass(frozen=True)
class Derived:
    """A derivative in flat axes and a bound of its error of the same shape (zero for a closed form).

    `ok` is False where there is none; `message` says why, and `kink` that one component alone has a kink.
    """

    value: Any
    error: Any
    ok: bool = True
    message: str = ""
    kink: bool = False


class Source(Protocol):
    """A function of the moved components. `exact`: its derivatives are closed forms, not estimates."""

    @property
    def exact(self) -> bool: ...

    @property
    def title(self) -> str: ...

    @property
    def kinks(self) -> Sequence[str]:
        """What the formula tells of its kinks: where they are, with the subdifferential."""

    def value(self, x: Any) -> Any:
        """f(x) in its own shape, as doubles; what f raises comes through."""

    def raw(self, x: Any) -> Any:
        """f(x) flat, in the precision that f has: `frechet.numeric` takes it for noise."""

    def jacobian(self, x: Any) -> Derived:
        """(m, n)."""

    def hessians(self, x: Any) -> Derived:
        """(m, n, n)."""

    def along(self, x: Any, v: Any, order: int) -> Derived:
        """The derivative of this order of f(x + t*v) at t = 0, (m,)."""


class SymbolicSource:
    """A symbolic function by the variables `wrt`, the others fixed. Each closed form is derived once, when needed."""

    exact = True

    def __init__(self, function: Symbolic, wrt: Sequence[str], values: Mapping[str, Any]) -> None:
        self.function = function
        self.wrt = tuple(wrt)
        self.fixed = {name: value for name, value in values.items() if name not in self.wrt}
        self.sizes = sizes_of(function.declarations, values)
        check_reach(function.tree, self.sizes, values, function.source)
        self.point = Point.of({name: values[name] for name in self.wrt})
        self.title = str(function)
        self._derivatives: dict[tuple[str, ...], Any] = {}

    @property
    def kinks(self) -> Sequence[str]:
        found = [self.function.derivative(name, verify=False).kinks for name in self.wrt]
        return tuple(dict.fromkeys(line for lines in found for line in lines))

    @cached_property
    def _program(self) -> Program:
        return Program(self.function.tree, self.sizes)

    @cached_property
    def expansion(self) -> Expansion:
        """The terms of Taylor's series as closed forms; where a determinant vanishes, without the inverse."""
        tree = self.function.tree
        if not any(t.kind == "call" and t.name in BY_COFACTORS for t in subtrees(tree)):
            return Expansion(self.function, self.wrt)
        known = self.function.declarations
        root = lower(tree, {n: variable_node(n, known) for n in known.variables}, BY_COFACTORS).root
        with np.errstate(all="ignore"):
            regular = is_regular(root, self.arrays(self.point.flat), self.sizes)
        return Expansion(self.function, self.wrt, cofactors=not regular)

    def arrays(self, x: Any) -> dict[str, Any]:
        """All arrays by name, the moved ones with the components x."""
        moved = {name: np.asarray(part, dtype=float) for name, part in self.point.build(x).items()}
        return {**self.fixed, **moved}

    def value(self, x: Any) -> Any:
        with np.errstate(all="ignore"):
            return self._program(self.arrays(x))

    def raw(self, x: Any) -> Any:
        return np.ravel(self.value(x))

    def _block(self, names: tuple[str, ...], arrays: Mapping[str, Any]) -> Any:
        """The derivative by these variables with one flat axis for the value and for each variable."""
        if names not in self._derivatives:
            self._derivatives[names] = self.function.derivative(*names, verify=False)
        sides = [int(np.size(arrays[name])) for name in names]
        return np.reshape(self._derivatives[names].evaluate(**arrays), (-1, *sides))

    def jacobian(self, x: Any) -> Derived:
        arrays = self.arrays(x)
        value = np.concatenate([self._block((name,), arrays) for name in self.wrt], axis=1)
        return Derived(value, np.zeros(value.shape), bool(np.isfinite(value).all()), _finite_note(value))

    def hessians(self, x: Any) -> Derived:
        arrays = self.arrays(x)
        blocks: dict[tuple[str, str], Any] = {}
        for a, b in combinations_with_replacement(self.wrt, 2):
            blocks[a, b] = self._block((a, b), arrays)
            blocks[b, a] = np.swapaxes(blocks[a, b], 1, 2)
        rows = [np.concatenate([blocks[a, b] for b in self.wrt], axis=2) for a in self.wrt]
        value = np.concatenate(rows, axis=1)
        return Derived(value, np.zeros(value.shape), bool(np.isfinite(value).all()), _finite_note(value))

    def along(self, x: Any, v: Any, order: int) -> Derived:
        value = self.expansion.derivative(order, self.arrays(x), self.point.build(v), self.sizes)
        return Derived(value, np.zeros(value.shape), bool(np.isfinite(value).all()), _finite_note(value))


def _finite_note(value: Any) -> str:
    return "" if np.isfinite(value).all() else "the closed form has no finite value here"


class NumericSource:
    """Any Python function of the point, by its values alone."""

    exact = False
    kinks: Sequence[str] = ()

    def __init__(self, f: Callable[[Any], Any], point: Point, title: str) -> None:
        self.point = point
        self.title = title
        self._f = f

    def value(self, x: Any) -> Any:
        return self._called(x).astype(float)

    def _called(self, x: Any) -> Any:
        with np.errstate(all="ignore"):
            value = np.asarray(self._f(self.point.build(x)))
        if value.dtype.kind not in "fiub":
            raise problem("E303", f"The function returned {value.dtype} instead of real numbers.")
        return value

    def raw(self, x: Any) -> Any:
        return self._called(x).ravel()

    def jacobian(self, x: Any) -> Derived:
        return measured(numeric.jacobian(self.raw, x, complex_step=False))

    def hessians(self, x: Any) -> Derived:
        return measured(numeric.hessian(self.raw, x))

    def along(self, x: Any, v: Any, order: int) -> Derived:
        return measured(numeric.directional(self.raw, x, v, order, complex_step=False))


def measured(estimate: numeric.Estimate) -> Derived:
    """A measured derivative; what is below its own bound is zero."""
    value, error = np.asarray(estimate.value, dtype=float), np.asarray(estimate.error, dtype=float)
    nothing = np.abs(value) <= error
    return Derived(np.where(nothing, 0.0, value), np.where(nothing, error + np.abs(value), error), estimate.ok,
                   estimate.message)  # fmt: skip


class Filled:
    """A source whose value at one point is given: a removable singularity. Derivatives come from values."""

    exact = False
    kinks: Sequence[str] = ()

    def __init__(self, source: Source, x: Any, value: Any) -> None:
        self.source = source
        self.x = np.array(x, dtype=float)
        self.given = np.asarray(value, dtype=float)
        self.title = source.title

    def value(self, x: Any) -> Any:
        return self.given if np.array_equal(x, self.x) else self.source.value(x)

    def raw(self, x: Any) -> Any:
        return self.given.ravel() if np.array_equal(x, self.x) else self.source.raw(x)

    def jacobian(self, x: Any) -> Derived:
        if self.source.exact and not np.array_equal(x, self.x):
            return self.source.jacobian(x)
        return measured(numeric.jacobian(self.raw, x, complex_step=False))

    def hessians(self, x: Any) -> Derived:
        if self.source.exact and not np.array_equal(x, self.x):
            return self.source.hessians(x)
        return measured(numeric.hessian(self.raw, x))

    def along(self, x: Any, v: Any, order: int) -> Derived:
        return measured(numeric.directional(self.raw, x, v, order, complex_step=False))
