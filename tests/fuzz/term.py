"""A random expression: its text in the language and, built beside it, its value by autograd.numpy.

Every value is a 2-D array (a scalar is 1 x 1, a column n x 1, a row 1 x n), so nothing here depends on how frechet
reads, types or lowers the text. A size is a tuple of names or ints, as the text language has it for vec and kron.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import autograd.numpy as anp

Size = tuple[str | int, ...]
Shape = tuple[Size, Size]
Env = Mapping[str, Any]
SCALAR: Shape = ((), ())
ADD, MUL, POSTFIX = 1, 2, 3

# A concrete size for each name; the ints among the sizes (2) are another.
SIZES = {"n": 4, "m": 3, "k": 5}


def length(size: Size) -> int:
    """The number of entries along a size."""
    out = 1
    for dim in size:
        out *= dim if isinstance(dim, int) else SIZES[dim]
    return out


@dataclass(frozen=True)
class Term:
    """Text and value of an expression. `level` is how tightly its outermost operator binds."""

    text: str
    level: int
    shape: Shape
    fn: Callable[..., Any]
    parts: tuple[Term, ...] = ()
    kink: Callable[..., Any] | None = None
    names: frozenset[str] = field(default=frozenset())

    def value(self, env: Env) -> Any:
        """The 2-D array it stands for. With an entry `#watch` in env, every value and kink is handed to it."""
        values = [part.value(env) for part in self.parts]
        out = self.fn(env, *values)
        if "#watch" in env:
            env["#watch"](out, self.kink(*values) if self.kink else None)
        return out

    def at_least(self, level: int) -> str:
        """The text, in parentheses unless it binds at least so tightly."""
        return self.text if self.level >= level else f"({self.text})"

    def subterms(self) -> list[Term]:
        """Itself and everything in it, smallest first."""
        found = [self]
        for part in self.parts:
            found += part.subterms()
        return sorted(found, key=lambda t: len(t.text))


def make(
    text: str,
    level: int,
    shape: Shape,
    fn: Callable[..., Any],
    *parts: Term,
    kink: Callable[..., Any] | None = None,
) -> Term:
    """A term of an operation on others; `fn` and `kink` get the values of the parts."""
    names = frozenset().union(*(p.names for p in parts)) if parts else frozenset()
    return Term(text, level, shape, lambda env, *values: fn(*values), parts, kink, names)


def variable(name: str, shape: Shape) -> Term:
    """A declared variable, or a `where` name."""
    return Term(name, POSTFIX, shape, lambda env: env[name], names=frozenset({name}))


def constant(text: str, shape: Shape, value: Any, level: int = POSTFIX) -> Term:
    """A term without variables."""
    array = anp.broadcast_to(anp.asarray(value, dtype=float), (length(shape[0]), length(shape[1])))
    return Term(text, level, shape, lambda env: array)


def call(name: str, shape: Shape, fn: Callable[..., Any], *parts: Term, extra: str = "", kink: Any = None) -> Term:
    """`name(parts, extra)`."""
    text = ",".join([p.text for p in parts] + ([extra] if extra else []))
    return make(f"{name}({text})", POSTFIX, shape, fn, *parts, kink=kink)


def infix(sign: str, left: Term, right: Term, shape: Shape, fn: Callable[..., Any]) -> Term:
    """`left sign right`; operators of one level read left to right."""
    level = ADD if sign in ("+", "-", ".+", ".-") else MUL
    return make(f"{left.at_least(level)}{sign}{right.at_least(level + 1)}", level, shape, fn, left, right)


def add(left: Term, right: Term) -> Term:
    return infix("+", left, right, left.shape, lambda a, b: a + b)


def sub(left: Term, right: Term) -> Term:
    return infix("-", left, right, left.shape, lambda a, b: a - b)


def times(left: Term, right: Term) -> Term:
    """`*`: a scalar times anything, else the matrix product."""
    if left.shape == SCALAR:
        return infix("*", left, right, right.shape, lambda a, b: a * b)
    if right.shape == SCALAR:
        return infix("*", left, right, left.shape, lambda a, b: a * b)
    return infix("*", left, right, (left.shape[0], right.shape[1]), lambda a, b: a @ b)


def over(left: Term, right: Term) -> Term:
    return infix("/", left, right, left.shape, lambda a, b: a / b)


def dot_times(left: Term, right: Term) -> Term:
    return infix(".*", left, right, left.shape, lambda a, b: a * b)


def dot_over(left: Term, right: Term) -> Term:
    return infix("./", left, right, left.shape, lambda a, b: a / b)


def negative(part: Term) -> Term:
    return make(f"-{part.at_least(MUL)}", ADD, part.shape, lambda a: -a, part)


def transposed(part: Term) -> Term:
    return make(f"{part.at_least(POSTFIX)}'", POSTFIX, part.shape[::-1], lambda a: a.T, part)


def powered(part: Term, exponent: str, sign: str = "^", value: Callable[[Any], Any] | None = None) -> Term:
    """An elementwise (or scalar) power with a number; that of a matrix has its own `value`."""
    if value is not None:
        return make(f"{part.at_least(POSTFIX)}{sign}{exponent}", POSTFIX, part.shape, value, part)
    number = float(exponent)
    power = int(number) if number == int(number) else number
    return make(f"{part.at_least(POSTFIX)}{sign}{exponent}", POSTFIX, part.shape, lambda a: a**power, part)


def eye(size: Size) -> Term:
    """The identity; the size is a single one."""
    return constant(f"eye({size[0]})", (size, size), anp.eye(length(size)))


def indexed(part: Term, text: str, shape: Shape, fn: Callable[..., Any]) -> Term:
    return make(f"{part.at_least(POSTFIX)}{text}", POSTFIX, shape, fn, part)


def total(a: Any) -> Any:
    return anp.sum(a).reshape(1, 1)


def trace(a: Any) -> Any:
    return anp.trace(a).reshape(1, 1)


def norm2(a: Any) -> Any:
    return anp.sqrt(anp.sum(a * a)).reshape(1, 1)


def diag(a: Any) -> Any:
    return anp.diag(a.ravel())


def gaps(a: Any) -> Any:
    """The smallest gap between sorted entries: where a maximum changes hands."""
    return anp.diff(anp.sort(a.ravel()))
