"""The record of one operation of the language, and its signature.

A signature is text, read by the shape check, the error text, the law tests and the documentation:

    (n,n)->()            square matrix to scalar; () and vectors also count where the letters fit
    (m,n),1->(1,n)       a literal 1 as second argument; a result of one row
    n->(n,n)             a size as argument (eye)
    (m),(n)->(m+n-1)     a size calculated from sizes that are numbers
    (m,n)->(nm)          composite size: vec is column-major, columns first
    (n,n),int->(n,n)     a scalar declared an integer (a power)
    *,*->*               elementwise; numbers broadcast
    (m,n)->(); *,*->*    alternatives, tried in order

A letter that occurs only in the result is free: the constant takes the size that fits (vector, matrix).
Digits inside parentheses are literal sizes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from frechet.core.dims import Size, size_value

ANY = "*"


def side_of(letter: Any, bound: Mapping[Any, Size]) -> Size:
    """The side that a letter of a result is; a calculated one of numbers, nothing for a length of 1."""
    if not is_calculated(letter):
        return bound.get(letter, (letter,))
    if any(isinstance(d, str) for side in bound.values() for d in side):
        return (letter,)  # of letters only in rules that are shown
    length = calculated(letter, {name: size_value(side, {}) for name, side in bound.items()})
    return (length,) if length > 1 else ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """One argument or result of a signature.

    kind is "shape" (rows and cols as tuples of letters or ints), "any" (`*`), "int", "size" (a bare letter, in rows)
    or "literal" (a number that must be typed there, in rows).
    """

    kind: str
    rows: tuple[str | int, ...] = ()
    cols: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """One alternative: the patterns of the arguments and of the result."""

    args: tuple[Pattern, ...]
    result: Pattern
    text: str


def _letters(text: str) -> tuple[str | int, ...]:
    text = text.strip()
    if "+" in text or "-" in text:
        return (text,)
    return tuple(int(c) if c.isdigit() else c for c in text if c != "1")


def is_calculated(letter: str | int) -> bool:
    """Whether a size is calculated from others: m+n-1."""
    return isinstance(letter, str) and not letter.isalnum()


def calculated(text: str, sizes: Mapping[str, int]) -> int:
    """The value of a calculated size."""
    parts = re.findall(r"([+-]?)\s*([a-z]|[0-9]+)", text)
    return sum((-1 if sign == "-" else 1) * (int(p) if p.isdigit() else sizes[p]) for sign, p in parts)


def _pattern(text: str) -> Pattern:
    text = text.strip()
    if text == ANY:
        return Pattern("any")
    if text == "int":
        return Pattern("int")
    if text.startswith("("):
        rows, _, cols = text[1:-1].partition(",")
        return Pattern("shape", _letters(rows), _letters(cols))
    return Pattern("literal", (int(text),)) if text.isdigit() else Pattern("size", tuple(text))


def _split(text: str) -> list[str]:
    """Split at the commas outside parentheses."""
    parts, depth = [""], 0
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    return [p for p in parts if p.strip()]


def parse_signature(text: str) -> tuple[Signature, ...]:
    """All alternatives of a signature text."""
    out = []
    for part in text.split(";"):
        args, _, result = part.partition("->")
        out.append(Signature(tuple(_pattern(a) for a in _split(args)), _pattern(result), part.strip()))
    return tuple(out)


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """Everything frechet knows about one operation; made by the decorators of `ops.op`.

    usage      how it is written, with the names of its parameters: "logdet(X)"
    kind       "elementwise" | "linear" | "opaque" | "composed" | "constant"
    build      (grouped tensors, shapes) -> tensor: the algebra; see `ops.op`
    rule       opaque: the pushforward; elementwise: the derivatives by each argument
    value      NumPy value for `reference` alone: 2-D arrays in (a scalar is 1 x 1, a column n x 1), anything
               that reshapes to the result's rows and columns out; size arguments arrive as ints
    code       backend -> template over the parameter names; vectors are 1-D there; "numpy 1" is the template for one
               argument, where that is another function
    domain     condition under which the operation is defined ("x > 0", "det(X) != 0"), "" if everywhere
    kink       condition under which it is not differentiable ("x = 0"), "" if nowhere
    jumps      whether the value itself jumps at the kink (sign), and not only its derivative (abs)
    there      what holds at the kink, in words: the subdifferential, and what the formula gives
    autodiff   what automatic differentiation returns there, in JAX and in PyTorch
    sample     how the law tests and the sampler draw its argument: "normal", "positive", "unit", "spd", "invertible"
    transposes "equivariant" if f(X') = f(X)', "invariant" if f(X') = f(X)
    spreads    a scalar among the arguments goes with anything (comparisons), not only a number that is typed out
    sums_to_one  the entries of the result add up to one
    bounds     (low, high, strict): the entries of the result lie between, and never reach them where strict
    facts      facts of the result whatever the argument ("positive", "symmetric", ...)
    example    (expression, variable, expected derivative)
    """

    usage: str
    signatures: tuple[Signature, ...]
    kind: str
    build: Callable[..., Any]
    rule: Any = None
    value: Callable[..., Any] | None = None
    code: Mapping[str, str] = field(default_factory=dict)
    latex: str = ""
    domain: str = ""
    kink: str = ""
    jumps: bool = False
    there: str = ""
    autodiff: tuple[str, str] | None = None
    sample: str = "normal"
    bounds: tuple[int, int, bool] | None = None
    facts: frozenset[str] = frozenset()
    transposes: str = ""
    spreads: bool = False
    sums_to_one: bool = False
    source: str = ""
    example: tuple[str, str, str] | None = None
    doc: str = ""

    @property
    def name(self) -> str:
        return self.usage.partition("(")[0]

    def template(self, backend: str, count: int) -> str:
        """The template for so many arguments; empty if there is none."""
        return self.code.get(f"{backend} {count}") or self.code.get(backend, "")

    @property
    def params(self) -> tuple[str, ...]:
        return tuple(p.strip() for p in self.usage.partition("(")[2].rstrip(")").split(",") if p.strip())
