"""Values of nodes without rounding (fractions) or with so many digits that rounding does not matter (mpmath).

Small arrays only: every entry is a Python object. A node holding a function that a kind of number does not have gives
None, and the caller is left with floats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import isqrt, prod
from typing import Any

import mpmath

from frechet.core.lazy import np
from frechet.core.node import Add, Call, Ein, Map, Mask, Node, Number, Pick, Size, Unit, Var, topological

DIGITS = 60
MAX_ENTRIES = 4096
# Opaque operations whose NumPy value is made of sums, products and comparisons, so that it takes any kind of number.
_PLAIN = frozenset({"prod", "max", "min", "atmax", "cross", "crossmat", "crossaxis", "circulant", "circsum", "toeplitz",
                    "toepsum"})  # fmt: skip


class InexactError(Exception):
    """A value that this kind of number does not have."""


class Rational:
    """Fractions: functions with rational values at rational points only."""

    digits = DIGITS

    _FUNCTIONS: Mapping[str, Callable[..., Any]] = {
        "abs": abs, "max": max, "min": min,
        "sign": lambda x: Fraction((x > 0) - (x < 0)), "relu": lambda x: max(x, Fraction(0)),
    }  # fmt: skip

    def number(self, value: Any) -> Any:
        return Fraction(value)

    def power(self, base: Any, e: Number) -> Any:
        if e == int(e):
            return base ** int(e)
        root = _root(base, Fraction(e).denominator)
        return root ** Fraction(e).numerator

    def function(self, name: str) -> Callable[..., Any]:
        if name not in self._FUNCTIONS:
            raise InexactError(name)
        return self._FUNCTIONS[name]

    def of_matrix(self, name: str, args: Sequence[Any]) -> Any:
        """Functions of matrices have no rational values."""
        raise InexactError(name)


def _root(base: Fraction, k: int) -> Fraction:
    """The exact square root of a fraction, if it has one."""
    if k != 2 or base < 0:
        raise InexactError("root")
    top, bottom = isqrt(base.numerator), isqrt(base.denominator)
    if top * top != base.numerator or bottom * bottom != base.denominator:
        raise InexactError("root")
    return Fraction(top, bottom)


class High:
    """mpmath numbers of `digits` digits; mpmath's functions have the names used here."""

    def __init__(self, digits: int = DIGITS) -> None:
        self.digits = digits

    _FUNCTIONS: Mapping[str, Callable[..., Any]] = {
        "abs": mpmath.fabs, "max": max, "min": min, "relu": lambda x: max(x, mpmath.mpf(0)),
        "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)), "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    }  # fmt: skip

    def number(self, value: Any) -> Any:
        if isinstance(value, Fraction):
            return mpmath.mpf(value.numerator) / value.denominator
        return mpmath.mpf(value)

    def power(self, base: Any, e: Number) -> Any:
        return self._real(mpmath.power(base, int(e) if e == int(e) else self.number(e)))

    def function(self, name: str) -> Callable[..., Any]:
        found = self._FUNCTIONS.get(name) or getattr(mpmath, name, None)
        if found is None:
            raise InexactError(name)
        return lambda *args: self._real(found(*args))

    def of_matrix(self, name: str, args: Sequence[Any]) -> Any:
        """A function of a matrix, by mpmath."""
        if name not in _MATRIX_FUNCTIONS:
            raise InexactError(name)
        result = _MATRIX_FUNCTIONS[name](mpmath.matrix(args[0].tolist()))
        if not isinstance(result, mpmath.matrix):
            return result
        return np.array([[self._real(v) for v in row] for row in result.tolist()], dtype=object)

    def _real(self, value: Any) -> Any:
        if isinstance(value, mpmath.mpc):
            raise InexactError("not real")
        return value


def _symmetric(S: Any) -> Any:
    return (S + S.T) / 2


def _eigenvalues(S: Any) -> list[Any]:
    return sorted(mpmath.eigsy(_symmetric(S), eigvals_only=True))


def _pinv(X: Any) -> Any:
    """The pseudoinverse of a matrix of full rank; a singular one raises ZeroDivisionError below."""
    return (X.T * X) ** -1 * X.T if X.rows >= X.cols else X.T * (X * X.T) ** -1


_MATRIX_FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "expm": mpmath.expm, "logm": mpmath.logm, "sqrtm": mpmath.sqrtm, "pinv": _pinv,
    "chol": lambda S: mpmath.cholesky(_symmetric(S)),
    "eigmax": lambda S: _eigenvalues(S)[-1], "eigvals": lambda S: mpmath.matrix(_eigenvalues(S)),
    "nuclear": lambda X: sum(mpmath.svd_r(X, compute_uv=False)),
}  # fmt: skip

Field = Rational | High


def value_of(root: Node, arrays: Mapping[str, Any], sizes: Mapping[str, int], field: Field) -> Any:
    """The array of a node with entries of `field`; None where it has none (a function, a pole, too many entries)."""
    try:
        with mpmath.workdps(field.digits):
            return _Values(arrays, sizes, field).of(root)
    except (InexactError, ZeroDivisionError, ValueError, OverflowError, ArithmeticError):
        return None


class _Values:
    def __init__(self, arrays: Mapping[str, Any], sizes: Mapping[str, int], field: Field) -> None:
        self.arrays = arrays
        self.sizes = sizes
        self.field = field

    def lengths(self, dims: tuple[Any, ...]) -> tuple[int, ...]:
        return tuple(d if isinstance(d, int) else self.sizes[d] for d in dims)

    def of(self, root: Node) -> Any:
        value: dict[Node, Any] = {}
        for node in topological([root]):
            shape = self.lengths(node.dims)
            if prod(shape) > MAX_ENTRIES:
                raise InexactError("too many entries")
            if isinstance(node, Ein):
                value[node] = self._product(node, value)
            elif isinstance(node, Add):
                parts = [value[n] * self.field.number(c) for c, n in node.terms]
                value[node] = _array(sum(parts[1:], parts[0]), shape)
            elif isinstance(node, Map):
                each = np.frompyfunc(self.field.function(node.operation.name), len(node.children), 1)
                value[node] = _array(each(*[value[a] for a in node.children]), shape)
            elif isinstance(node, Call):
                value[node] = _array(self._opaque(node, value), shape)
            else:
                value[node] = self._leaf(node, shape)
        return value[root]

    def _leaf(self, node: Node, shape: tuple[int, ...]) -> Any:
        if isinstance(node, Var):
            plain = np.asarray(self.arrays[node.name], dtype=object).reshape(shape)
        elif isinstance(node, Size):
            plain = np.asarray(self.sizes[node.name], dtype=object)
        elif isinstance(node, Unit):
            plain = np.eye(1, shape[0], node.position, dtype=int)[0].astype(object)
        elif isinstance(node, Pick):
            plain = np.eye(*shape, k=node.first, dtype=int).astype(object)
        else:
            assert isinstance(node, Mask)
            plain = np.tri(*shape, k=-node.offset, dtype=int).astype(object)
        return _array(np.frompyfunc(self.field.number, 1, 1)(plain), shape)

    def _product(self, node: Ein, value: dict[Node, Any]) -> Any:
        lengths = self.lengths(node.index_dims)
        if prod(lengths) > 16 * MAX_ENTRIES:
            raise InexactError("too many entries")
        result: Any = _array(self.field.number(node.coef), (1,) * len(lengths))
        for base, idx, e in node.factors:
            array = value[base]
            if e != 1:
                array = _array(np.frompyfunc(lambda x, e=e: self.field.power(x, e), 1, 1)(array), array.shape)
            result = result * self._placed(array, idx, lengths)
        result = np.broadcast_to(result, lengths)
        kept = list(dict.fromkeys(node.out))
        summed = tuple(i for i in range(len(lengths)) if i not in kept)
        result = np.sum(result, axis=summed) if summed else result
        order = sorted(kept)
        result = np.transpose(_array(result, tuple(lengths[i] for i in order)), [order.index(i) for i in kept])
        if len(kept) == len(node.out):
            return result
        full = np.full([lengths[i] for i in node.out], self.field.number(0), dtype=object)
        place = np.ix_(*[np.arange(lengths[i]) for i in kept])
        full[tuple(place[kept.index(i)] for i in node.out)] = result
        return full

    def _placed(self, array: Any, idx: tuple[int, ...], lengths: tuple[int, ...]) -> Any:
        """The factor with one axis for every index of the product."""
        distinct = sorted(set(idx))
        grid = np.ix_(*[np.arange(lengths[i]) for i in distinct])
        taken = array[tuple(grid[distinct.index(i)] for i in idx)] if idx else array
        return _array(taken, tuple(lengths[i] if i in distinct else 1 for i in range(len(lengths))))

    def _opaque(self, node: Call, value: dict[Node, Any]) -> Any:
        name, args = node.operation.name, [value[c] for c in node.children]
        groups = [g for g in node.groups if isinstance(g, int)]
        if len(groups) < len(node.groups):
            raise InexactError("a batch")
        one, x = self.field.number(1), args[0]
        if name in ("softmax", "logsumexp"):
            exp = np.frompyfunc(self.field.function("exp"), 1, 1)(x.reshape(-1))
            total = sum(exp.tolist())
            return exp / total if name == "softmax" else self.field.function("log")(total)
        sides = [(prod(a.shape[:g]), -1) if g >= 0 else (-1, 1) for a, g in zip(args, groups, strict=True)]
        matrices = [a.reshape(s) for a, s in zip(args, sides, strict=True)]
        if name in ("inv", "det", "logdet"):
            det, inverse = _eliminate([list(r) for r in matrices[0]], one)
            if name == "inv":
                return inverse
            return det if name == "det" else self.field.function("log")(abs(det))
        if name in _PLAIN:
            assert node.operation.value is not None
            return node.operation.value(*matrices)
        return self.field.of_matrix(name, matrices)


def digits_of(value: Any, digits: int) -> str:
    """A fraction or number of mpmath in so many digits."""
    with mpmath.workdps(DIGITS):
        exact = High().number(value) if isinstance(value, Fraction) else mpmath.mpf(value)
        return str(mpmath.nstr(exact, digits)).replace(".0e", "e").removesuffix(".0")


def _array(values: Any, shape: tuple[int, ...]) -> Any:
    """An object array, also where NumPy hands out a bare number."""
    out = np.empty((), dtype=object)
    if not isinstance(values, np.ndarray) and not isinstance(values, list):
        out[()] = values
        return out.reshape(shape) if prod(shape) == 1 else np.full(shape, values, dtype=object)
    return np.asarray(values, dtype=object).reshape(shape)


def _eliminate(rows: list[list[Any]], one: Any) -> tuple[Any, list[list[Any]]]:
    """Determinant and inverse by Gauss-Jordan elimination with the largest pivots."""
    n, det = len(rows), one
    work = [row + [one if i == j else one * 0 for j in range(n)] for i, row in enumerate(rows)]
    for k in range(n):
        best = max(range(k, n), key=lambda i: abs(work[i][k]))
        if work[best][k] == 0:
            raise ZeroDivisionError("a singular matrix")
        if best != k:
            work[k], work[best], det = work[best], work[k], -det
        pivot = work[k][k]
        det = det * pivot
        work[k] = [v / pivot for v in work[k]]
        for i in range(n):
            if i != k and work[i][k] != 0:
                work[i] = [a - work[i][k] * b for a, b in zip(work[i], work[k], strict=True)]
    return det, [row[n:] for row in work]
