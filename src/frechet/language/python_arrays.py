"""Symbolic arrays with the manners of NumPy: elementwise operators, broadcasting, `@`, `.T`, `sum(axis)`, indexing.

An array carries a tree of the text language and its axes, as NumPy counts them: () a number, (n,) a vector, (m, n) a
matrix; an axis of length 1 is 1. A vector is a column in the tree, (1, n) a row, (n, 1) a column.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import isfinite
from typing import Any

from frechet.core.dims import Dim
from frechet.language.python_options import DIALECT as DIALECT
from frechet.language.python_options import only_harmless as only_harmless
from frechet.language.python_options import refuse as refuse
from frechet.language.tree import Tree

Axes = tuple[Dim, ...]


def number_tree(value: int | float | Fraction) -> Tree:
    if isinstance(value, float) and not isfinite(value):
        raise refuse(f"the number {value}", "Formulas are over real numbers.")
    exact = Fraction(repr(float(value))) if isinstance(value, float) else Fraction(value)
    tree = Tree("number", name=str(value) if exact >= 0 else "", value=abs(exact))
    if exact.denominator != 1 and not isinstance(value, float):
        top, bottom = (
            Tree("number", name=str(k), value=Fraction(k)) for k in (abs(exact.numerator), exact.denominator)
        )
        tree = Tree("div", (top, bottom))
    return tree if exact >= 0 else Tree("neg", (tree,))


def call(name: str, *args: Tree) -> Tree:
    return Tree("call", args, name=name)


def transposed(tree: Tree) -> Tree:
    return tree.args[0] if tree.kind == "transpose" else Tree("transpose", (tree,))


def ones() -> Tree:
    return call("vector", number_tree(1))


_TRUTHS = frozenset({"gt", "ge", "lt", "le", "eq", "ne", "and", "or", "not"})


class Traced:
    """A symbolic array. Every operator gives another one; a decision on its value is refused."""

    __array_priority__ = 1000

    def __init__(self, tree: Tree, axes: Axes) -> None:
        self.tree = tree
        self.axes = axes

    # -- what NumPy arrays say about themselves ----------------------------------------------------

    @property
    def ndim(self) -> int:
        return len(self.axes)

    @property
    def shape(self) -> tuple[Any, ...]:
        return tuple(d if isinstance(d, int) else Traced(Tree("name", name=d), ()) for d in self.axes)

    @property
    def size(self) -> Any:
        total: Any = 1
        for side in self.shape:
            total = side * total
        return total

    @property
    def T(self) -> Traced:
        if self.ndim < 2:
            return self
        return Traced(transposed(self.tree), self.axes[::-1])

    mT = T  # noqa: N815 - the name PyTorch and the array API have

    def __len__(self) -> int:
        raise refuse("len() of an array whose size is a name", "Use x.shape[0].")

    def __bool__(self) -> bool:
        raise refuse("a decision that depends on a value", "Use where(condition, a, b), or split the function.")

    def __float__(self) -> float:
        raise refuse("a symbolic value is made a number")

    __int__ = __index__ = __float__

    def __iter__(self) -> Any:
        raise refuse("a loop over the entries of an array", "Write it with array operations.")

    # -- operators ---------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Traced:
        return entrywise("add", self, other)

    def __radd__(self, other: Any) -> Traced:
        return entrywise("add", other, self)

    def __sub__(self, other: Any) -> Traced:
        return entrywise("sub", self, other)

    def __rsub__(self, other: Any) -> Traced:
        return entrywise("sub", other, self)

    def __mul__(self, other: Any) -> Traced:
        return entrywise("mul", self, other)

    def __rmul__(self, other: Any) -> Traced:
        return entrywise("mul", other, self)

    def __truediv__(self, other: Any) -> Traced:
        return entrywise("div", self, other)

    def __rtruediv__(self, other: Any) -> Traced:
        return entrywise("div", other, self)

    def __pow__(self, other: Any) -> Traced:
        return entrywise("pow", self, other)

    def __rpow__(self, other: Any) -> Traced:
        return entrywise("pow", other, self)

    def __matmul__(self, other: Any) -> Traced:
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Traced:
        return matmul(other, self)

    def __neg__(self) -> Traced:
        return Traced(Tree("neg", (self.tree,)), self.axes)

    def __pos__(self) -> Traced:
        return self

    def __abs__(self) -> Traced:
        return Traced(call("abs", self.tree), self.axes)

    def __gt__(self, other: Any) -> Traced:
        return named("gt", self, other)

    def __ge__(self, other: Any) -> Traced:
        return named("ge", self, other)

    def __lt__(self, other: Any) -> Traced:
        return named("lt", self, other)

    def __le__(self, other: Any) -> Traced:
        return named("le", self, other)

    def __eq__(self, other: Any) -> Any:
        return named("eq", self, other) if isinstance(other, _VALUES) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return named("ne", self, other) if isinstance(other, _VALUES) else NotImplemented

    __hash__ = object.__hash__

    def __and__(self, other: Any) -> Traced:
        return named("and", self, other)

    def __or__(self, other: Any) -> Traced:
        return named("or", self, other)

    def __invert__(self) -> Traced:
        return named("eq", self, 0)

    def __getitem__(self, key: Any) -> Traced:
        return indexed(self, key if isinstance(key, tuple) else (key,))

    # -- methods -----------------------------------------------------------------------------------

    def sum(self, axis: Any = None, keepdims: bool = False, dim: Any = None, **options: Any) -> Traced:
        only_harmless(options, "sum")
        return summed(self, axis if dim is None else dim, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False, dim: Any = None, **options: Any) -> Traced:
        only_harmless(options, "mean")
        axis = axis if dim is None else dim
        total: Traced = self.sum() / self.size if axis is None else summed(self, axis, keepdims) / self.shape[axis]
        return total

    def dot(self, other: Any) -> Traced:
        return matmul(self, other)

    def transpose(self, *axes: Any) -> Traced:
        result: Traced = LOOKUP[0]("transpose")(self, *axes)
        return result

    def t(self) -> Traced:
        return self.T

    def astype(self, kind: Any, **_: Any) -> Traced:
        whole = any(word in str(kind) for word in ("int", "bool", "complex"))
        if whole and not (self.tree.kind == "call" and self.tree.name in _TRUTHS):
            raise refuse(f"values made {kind}", "Formulas are over real numbers.")
        return self

    def item(self) -> Traced:
        return self

    copy = clone = detach = item

    def ravel(self) -> Traced:
        return self.reshape(-1)

    flatten = ravel

    def reshape(self, *shape: Any, **_: Any) -> Traced:
        """To a vector (row by row), a column (n, 1) or a row (1, n)."""
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        wanted = tuple(w.tree.name if isinstance(w, Traced) else w for w in wanted)
        if wanted == (-1,) and self.ndim == 2 and 1 not in self.axes:
            rows, cols = self.axes
            return Traced(call("vec", transposed(self.tree)), (f"{rows}*{cols}",))
        flat = [d for d in self.axes if d != 1]
        if len(flat) <= 1 and wanted in ((-1,), (-1, 1), (1, -1)):
            column = self.tree if self.axes[:1] != (1,) else transposed(self.tree)
            n = flat[0] if flat else 1
            axes: Axes = {(-1,): (n,), (-1, 1): (n, 1), (1, -1): (1, n)}[wanted]
            return Traced(transposed(column) if wanted == (1, -1) else column, axes)
        raise refuse(f"reshape to {wanted}")

    # -- protocols of NumPy ------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **_: Any) -> Any:
        if method != "__call__":
            raise refuse(f"numpy.{ufunc.__name__}.{method}")
        return LOOKUP[0](ufunc.__name__)(*args)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return LOOKUP[0](function.__name__)(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        apart = name in ("var", "std") and DIALECT.get() == "torch"  # PyTorch divides by n - 1, NumPy by n
        function = LOOKUP[0](f"torch.{name}" if apart else name)
        return lambda *args, **kwargs: function(self, *args, **kwargs)


_VALUES = (Traced, int, float, Fraction)


# Filled by `language.python` with the function that finds an operation by the name it has in an array library.
LOOKUP: list[Callable[[str], Callable[..., Any]]] = []


def named(name: str, *args: Any) -> Traced:
    """An elementwise operation of the language."""
    result: Traced = LOOKUP[0](name)(*args)
    return result


def array(value: Any) -> Traced:
    """A symbolic array of a number, a list of numbers, or an array that somebody closed over."""
    if isinstance(value, Traced):
        return value
    if isinstance(value, (bool, complex, str)) or value is None:
        raise refuse(f"{value!r} is no real number")
    if isinstance(value, (int, float, Fraction)):
        return Traced(number_tree(value), ())
    rows = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(rows, (int, float)):
        return Traced(number_tree(rows), ())
    if not isinstance(rows, (list, tuple)) or len(rows) > 100:
        raise refuse(f"a {type(value).__name__} that is not a declared variable", "Declare it in `variables`.")
    matrix = [list(r) if isinstance(r, (list, tuple)) else [r] for r in rows]
    entries = [array(x) for r in matrix for x in r]
    axes: Axes = (len(matrix), len(matrix[0])) if isinstance(rows[0], (list, tuple)) else (len(matrix),)
    return Traced(Tree("matrix", tuple(e.tree for e in entries), value=(len(matrix), len(matrix[0]))), axes)


def broadcast_axes(one: Axes, other: Axes) -> Axes:
    """The axes of an elementwise result."""
    length = max(len(one), len(other))
    padded = [(1,) * (length - len(a)) + a for a in (one, other)]
    return tuple(b if a == 1 else a for a, b in zip(*padded, strict=True))


def spread(value: Traced, axes: Axes) -> Tree:
    """The tree with the surface shape of `axes`; numbers stay numbers."""
    own = value.axes
    real = tuple(d for d in own if d != 1)
    if not real or own == axes or len(axes) < 2:
        return value.tree
    if len(own) == 2 and 1 not in own:
        return value.tree
    along = own[0] != 1 if len(own) == 2 else False  # a vector stands along the last axis
    if along:
        return value.tree if axes[1] == 1 else Tree("mul", (value.tree, transposed(ones())))
    row = value.tree if len(own) == 2 else transposed(value.tree)
    return row if axes[0] == 1 else Tree("mul", (ones(), row))


def entrywise(kind: str, left: Any, right: Any) -> Traced:
    """An elementwise operator with broadcasting."""
    a, b = array(left), array(right)
    axes = broadcast_axes(a.axes, b.axes)
    first, second = spread(a, axes), spread(b, axes)
    scalar = [not [d for d in x.axes if d != 1] for x in (a, b)]
    if all(scalar) or (kind == "mul" and any(scalar)) or (kind == "div" and scalar[1]):
        return Traced(Tree(kind, (first, second)), axes)
    if kind in ("add", "sub") and not any(scalar):
        return Traced(Tree(kind, (first, second)), axes)
    return Traced(Tree("dot" + kind, (first, second)), axes)


def matmul(left: Any, right: Any) -> Traced:
    """`a @ b` of vectors and matrices."""
    a, b = array(left), array(right)
    if not a.ndim or not b.ndim:
        raise refuse("@ needs vectors or matrices")
    first = transposed(a.tree) if a.ndim == 1 else a.tree
    axes = a.axes[:-1] + (b.axes[1:] if b.ndim == 2 else ())
    product = Tree("mul", (first, b.tree))
    return Traced(transposed(product) if a.ndim == 1 and b.ndim == 2 else product, axes)


def summed(value: Traced, axis: Any, keepdims: bool) -> Traced:
    """Sum of everything, of the columns (axis 0) or of the rows (axis 1)."""
    if axis is not None and isinstance(axis, (tuple, list)) and len(axis) == value.ndim:
        axis = None
    if axis is None or value.ndim == 1:
        total = Traced(call("sum", value.tree) if value.ndim else value.tree, ())
        return Traced(total.tree, (1,) * value.ndim) if keepdims else total
    axis = operator.index(axis) % value.ndim
    tree = call("sum", value.tree, number_tree(axis + 1))
    if axis == 0:
        return Traced(tree, (1, value.axes[1])) if keepdims else Traced(transposed(tree), value.axes[1:])
    return Traced(tree, (value.axes[0], 1) if keepdims else value.axes[:1])


def indexed(value: Traced, key: Sequence[Any]) -> Traced:
    """x[2], X[1, 2], X[:, 1], X[1], x[:, None], x[None, :]."""
    if None in key:
        full = [k for k in key if k is not None]
        if value.ndim == 1 and all(k == slice(None) for k in full) and len(key) == 2:
            return value.reshape(-1, 1) if key[1] is None else value.reshape(1, -1)
        raise refuse("this kind of indexing")
    if all(k == slice(None) or k is Ellipsis for k in key):
        return value
    if len(key) > value.ndim:
        raise refuse(f"{len(key)} indices for {value.ndim} axes")
    places: list[int | tuple[int, int] | None] = []
    for k, dim in zip((*key, *(slice(None) for _ in range(value.ndim - len(key)))), value.axes, strict=True):
        if k == slice(None):
            places.append(None)
        elif isinstance(k, slice):
            places.append(_range(k, dim))
        elif isinstance(k, int) and (k >= 0 or isinstance(dim, int)):
            places.append(k + 1 if k >= 0 else int(dim) + k + 1)
        else:
            raise refuse(f"the index {k}", "An index is a whole number from 0, or a colon.")
    axes = tuple(d if p is None else p[1] - p[0] + 1 for d, p in zip(value.axes, places, strict=True)
                 if not isinstance(p, int))  # fmt: skip
    tree = Tree("index", (value.tree,), value=tuple(places))
    if value.ndim == 2 and isinstance(places[0], int) and not isinstance(places[1], int):
        tree = transposed(tree)  # a row of a matrix is a vector in NumPy
    return Traced(tree, axes)


def _range(part: slice, dim: Dim) -> tuple[int, int]:
    """x[1:3] as the first and the last place, counted from 1."""
    if part.step not in (None, 1):
        raise refuse(f"the step {part.step} of a slice", "Take every entry of a range: x[1:3].")
    ends = (part.start or 0, part.stop)
    if isinstance(dim, int):
        first, last, _ = part.indices(dim)
    elif all(isinstance(e, int) and e >= 0 for e in ends):
        first, last = ends
    else:
        raise refuse("a slice to the end of an array whose size is a name", "Declare the size as a number.")
    if last <= first:
        raise refuse("an empty slice")
    return first + 1, last
