"""Expressions of array code, each kept once.

Vectors are 1-D here, whether rows or columns. Equal expressions are the same object, so that what is used twice is
seen and becomes a local variable. `written` makes text of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from frechet.compile.languages.language import Language


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """One expression.

    op: name, size, number, add, sub, mul, div, matmul, pow, neg, T (transpose of a matrix), col and row (x as a matrix
    of one column or row, to broadcast), index (`text` says where: "1,:" is the first row), outer, or call, where
    `text` is a template with the places {0}, {1}, ...
    """

    op: str
    args: tuple[Code, ...] = ()
    text: str = ""
    ndim: int = 0
    symmetric: bool = False

    @property
    def number(self) -> Fraction | None:
        return Fraction(self.text) if self.op == "number" else None


class Book:
    """Makes expressions, each once, with the simplifications that readable and stable code wants."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.known: dict[tuple[object, ...], Code] = {}
        self.hints: dict[Code, str] = {}

    def make(self, op: str, *args: Code, text: str = "", ndim: int = 0, symmetric: bool = False) -> Code:
        key = (op, text, ndim, *map(id, args))
        if key not in self.known:
            self.known[key] = Code(op, args, text, ndim, symmetric)
        return self.known[key]

    def number(self, value: Fraction | int) -> Code:
        return self.make("number", text=str(Fraction(value)))

    def call(self, template: str, *args: Code, ndim: int, symmetric: bool = False) -> Code:
        return self.make("call", *args, text=template, ndim=ndim, symmetric=symmetric)

    def function(self, name: str, *args: Code, ndim: int, symmetric: bool = False) -> Code:
        """An operation of the language by its record's template."""
        template = self.language.operation(name, len(args), max((a.ndim for a in args), default=0))
        if name in self.language.solid:
            args = tuple(self.word("whole matrix", a, ndim=2) if a.op == "T" else a for a in args)
        return self.call(template, *args, ndim=ndim, symmetric=symmetric)

    def word(self, name: str, *args: Code, ndim: int, symmetric: bool = False) -> Code:
        """A construction of the language."""
        return self.call(self.language.word(name), *args, ndim=ndim, symmetric=symmetric)

    def is_function(self, code: Code, name: str) -> bool:
        return code.op == "call" and code.text == self.language.spelled(name, 1, code.args[0].ndim)

    # -- arithmetic ----------------------------------------------------------------------------------

    def add(self, a: Code, b: Code) -> Code:
        if b.op == "neg":
            return self.sub(a, b.args[0])
        if a.op == "neg":
            return self.sub(b, a.args[0])
        return self.make("add", a, b, ndim=max(a.ndim, b.ndim), symmetric=_both(a, b))

    def sub(self, a: Code, b: Code) -> Code:
        if b.op == "neg":
            return self.add(a, b.args[0])
        if b.number == 1 and self.is_function(a, "exp"):
            return self.function("expm1", a.args[0], ndim=a.ndim)
        return self.make("sub", a, b, ndim=max(a.ndim, b.ndim), symmetric=_both(a, b))

    def neg(self, a: Code) -> Code:
        if a.op == "neg":
            return a.args[0]
        if a.op == "sub":
            return self.sub(a.args[1], a.args[0])
        if a.number is not None:
            return self.number(-a.number)
        if a.op in ("mul", "div") and a.args[0].number is not None:
            return self.make(a.op, self.neg(a.args[0]), a.args[1], ndim=a.ndim, symmetric=a.symmetric)
        return self.make("neg", a, ndim=a.ndim, symmetric=a.symmetric)

    def mul(self, a: Code, b: Code) -> Code:
        if a.number == 1:
            return b
        if b.number == 1:
            return a
        if a.number == -1:
            return self.neg(b)
        if a is b:
            return self.power(a, 2)
        return self.make("mul", a, b, ndim=max(a.ndim, b.ndim), symmetric=_both(a, b))

    def div(self, a: Code, b: Code) -> Code:
        if b.number == 1:
            return a
        exp = self._one_plus_exp(b)
        if exp is not None and (a.number == 1 or a is exp):
            # 1/(1 + exp(-u)) and exp(u)/(1 + exp(u)) overflow, the sigmoid does not
            u = exp.args[0]
            return self.function("sigmoid", self.neg(u) if a.number == 1 else u, ndim=u.ndim)
        if self.is_function(a, "exp") and a.ndim == 1 and b is self.total(a):
            return self.function("softmax", a.args[0], ndim=1)
        return self.make("div", a, b, ndim=max(a.ndim, b.ndim), symmetric=_both(a, b))

    def power(self, a: Code, exponent: Fraction | int) -> Code:
        if exponent == 1 or a.number == 1:
            return a
        if exponent < 0:
            return self.div(self.number(1), self.power(a, -exponent))
        if exponent == Fraction(1, 2):
            return self.function("sqrt", a, ndim=a.ndim)
        return self.make("pow", a, self.number(exponent), ndim=a.ndim, symmetric=a.symmetric)

    def matmul(self, a: Code, b: Code) -> Code:
        gram = (a.op == "T" and a.args[0] is b) or (b.op == "T" and b.args[0] is a)
        return self.make("matmul", a, b, ndim=a.ndim + b.ndim - 2, symmetric=gram)

    def transpose(self, a: Code) -> Code:
        if a.ndim < 2 or a.symmetric:
            return a
        if a.op == "T":
            return a.args[0]
        return self.make("T", a, ndim=2)

    def column(self, a: Code) -> Code:
        """A vector so that it broadcasts along the rows."""
        return self.make("col", a, ndim=2)

    def row(self, a: Code) -> Code:
        """A vector as a matrix of one row."""
        return self.make("row", a, ndim=2)

    # -- stable forms --------------------------------------------------------------------------------

    def total(self, a: Code) -> Code:
        """The sum of all entries."""
        if a.op == "mul" and a.args[0].ndim == a.args[1].ndim == 1:
            return self.matmul(*a.args)
        if a.op == "pow" and a.ndim == 1 and a.args[1].number == 2:
            return self.matmul(a.args[0], a.args[0])
        if a.op == "pow" and a.ndim == 2 and a.args[1].number == 2 and "square_sum" in self.language.words:
            return self.word("square_sum", a.args[0], ndim=0)
        whole = all(p.ndim == 2 and p.op not in ("col", "row") for p in a.args)
        if a.op == "mul" and whole and "inner" in self.language.words:
            return self.word("inner", *a.args, ndim=0)
        return self.word("total2" if a.ndim == 2 else "total1", a, ndim=0)

    def log(self, a: Code) -> Code:
        exp = self._one_plus_exp(a)
        if exp is not None:
            return self.function("softplus", exp.args[0], ndim=a.ndim)
        whole = a.op == "call" and a.text == self.language.word("total1") and a.args[0].ndim == 1
        if whole and self.is_function(a.args[0], "exp"):
            return self.function("logsumexp", a.args[0].args[0], ndim=0)
        if self.is_function(a, "det"):
            return self.function("logdet", a.args[0], ndim=0)
        if a.op == "add" and 1 in (a.args[0].number, a.args[1].number):  # log(1 + x) loses a small x
            other = a.args[1] if a.args[0].number == 1 else a.args[0]
            return self.function("log1p", other, ndim=a.ndim)
        if a.op == "sub" and a.args[0].number == 1:
            return self.function("log1p", self.neg(a.args[1]), ndim=a.ndim)
        return self.function("log", a, ndim=a.ndim)

    def _one_plus_exp(self, a: Code) -> Code | None:
        """exp(u) if a is 1 + exp(u)."""
        if a.op == "add":
            for one, other in (a.args, a.args[::-1]):
                if one.number == 1 and self.is_function(other, "exp"):
                    return other
        return None


def _both(a: Code, b: Code) -> bool:
    """Whether a result made entry by entry is symmetric."""
    return (a.symmetric or a.ndim == 0) and (b.symmetric or b.ndim == 0) and max(a.ndim, b.ndim) == 2
