"""Expressions of array code, each kept once, and their text.

Vectors are 1-D here, whether rows or columns. Equal expressions are the same object, so that what is used twice is
seen and becomes a local variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

SUM, PRODUCT, SIGN, POWER, ATOM = 1, 2, 3, 4, 5
_LEVEL = {"add": SUM, "sub": SUM, "mul": PRODUCT, "div": PRODUCT, "matmul": PRODUCT, "neg": SIGN, "pow": POWER}
_SIGN = {"add": "+", "sub": "-", "mul": "*", "div": "/", "matmul": "@", "pow": "**"}
_LONGEST = 88
_DEEPEST = 12
_PLACE = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """One expression.

    op: name, size, number, add, sub, mul, div, matmul, pow, neg, T (transpose of a matrix), col (x as a column to
    broadcast), or call, where `text` is a template with the places {0}, {1}, ...
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
    """Makes expressions, each once, with the simplifications that readable and stable code wants.

    `template(name, count)` gives the code of an operation for so many arguments, {0}, {1}, ..., in this backend.
    """

    def __init__(self, template: Callable[[str, int], str]) -> None:
        self.template = template
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
        return self.call(self.template(name, len(args)), *args, ndim=ndim, symmetric=symmetric)

    def is_function(self, code: Code, name: str) -> bool:
        return code.op == "call" and code.text == self.template(name, 1)

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
        if exponent == 1:
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

    # -- stable forms --------------------------------------------------------------------------------

    def total(self, a: Code) -> Code:
        """The sum of all entries."""
        if a.op == "mul" and a.args[0].ndim == a.args[1].ndim == 1:
            return self.matmul(*a.args)
        if a.op == "pow" and a.ndim == 1 and a.args[1].number == 2:
            return self.matmul(a.args[0], a.args[0])
        return self.call("{0}.sum()", a, ndim=0)

    def log(self, a: Code) -> Code:
        exp = self._one_plus_exp(a)
        if exp is not None:
            return self.function("softplus", exp.args[0], ndim=a.ndim)
        if a.op == "call" and a.text == "{0}.sum()" and self.is_function(a.args[0], "exp") and a.args[0].ndim == 1:
            return self.function("logsumexp", a.args[0].args[0], ndim=0)
        if self.is_function(a, "det"):
            return self.function("logdet", a.args[0], ndim=0)
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


# -- text ---------------------------------------------------------------------------------------------


def show_number(value: Fraction) -> str:
    """`2`, `0.5`, `1 / 3`."""
    if value.denominator == 1:
        return str(value.numerator)
    text = repr(float(value))
    short = value.denominator < 10_000 and Fraction(text) != value
    return f"{value.numerator} / {value.denominator}" if short else text


def _written(code: Code, texts: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """Text and level of an expression from those of its parts."""
    op = code.op
    if op in ("name", "size"):
        return code.text, ATOM
    if op == "number":
        value = Fraction(code.text)
        text = show_number(value)
        return text, PRODUCT if " / " in text else SIGN if value < 0 else ATOM
    if op == "T":
        return f"{_at(texts[0], ATOM)}.T", ATOM
    if op == "col":
        return f"{_at(texts[0], ATOM)}[:, None]", ATOM
    if op == "neg":
        if code.args[0].op in ("mul", "div") and texts[0][1] == PRODUCT:
            return f"-{texts[0][0]}", PRODUCT
        return f"-{_at(texts[0], SIGN)}", SIGN
    if op == "call":
        return _filled(code.text, texts)
    level = _LEVEL[op]
    if op == "pow":
        return f"{_at(texts[0], ATOM)}**{_at(texts[1], SIGN)}", level
    left, right = _at(texts[0], level), _at(texts[1], level + 1)
    if level == PRODUCT and texts[0][1] == PRODUCT and (code.args[0].op == "matmul") != (op == "matmul"):
        left = f"({texts[0][0]})"
    if op == "add":
        right = _at(texts[1], SUM)
    if op == "matmul" and _row_first(code) and texts[1][1] == PRODUCT:
        right = texts[1][0]
    return f"{left} {_SIGN[op]} {right}", level


def _row_first(code: Code) -> bool:
    """x @ (A @ y): without the parentheses it is (x @ A) @ y, the same number at the same cost."""
    x, inner = code.args
    return x.ndim == 1 and inner.op == "matmul" and inner.args[0].ndim == 2 and inner.args[1].ndim == 1


def _at(text: tuple[str, int], level: int) -> str:
    return text[0] if text[1] >= level else f"({text[0]})"


def _filled(template: str, texts: Sequence[tuple[str, int]]) -> tuple[str, int]:
    """A template with its places filled: in parentheses unless a comma or bracket stands on both sides."""

    def place(match: re.Match[str]) -> str:
        before, after = template[: match.start()].rstrip()[-1:], template[match.end() :].lstrip()[:1]
        alone = before in ("(", ",", "[") and after in (")", ",", "]")
        text = texts[int(match[1])]
        return text[0] if alone else _at(text, ATOM)

    depth = 0
    outside = ""
    for c in template:
        depth += (c in "([{") - (c in ")]}")
        outside += c if depth == 0 else ""
    return _PLACE.sub(place, template), ATOM if " " not in outside.strip() else 0


def in_order(root: Code) -> list[Code]:
    """Every expression under `root`, parts first."""
    order: list[Code] = []
    seen: set[int] = set()
    stack: list[tuple[Code, bool]] = [(root, False)]
    while stack:
        code, ready = stack.pop()
        if ready:
            order.append(code)
        elif id(code) not in seen:
            seen.add(id(code))
            stack.append((code, True))
            stack.extend((a, False) for a in reversed(code.args) if id(a) not in seen)
    return order


def statements(root: Code, hints: dict[Code, str], taken: set[str]) -> tuple[list[str], str]:
    """Assignments and the final expression: what is used twice, or would make a line too long, gets a name."""
    order = in_order(root)
    uses: dict[Code, int] = {}
    for code in order:
        for a in code.args:
            uses[a] = uses.get(a, 0) + 1
    texts: dict[Code, tuple[str, int]] = {}
    depth: dict[Code, int] = {}
    lines: list[str] = []
    count = 0
    for code in order:
        text = _written(code, [texts[a] for a in code.args])
        depth[code] = 1 + max((depth[a] for a in code.args), default=0)
        shared = uses.get(code, 0) > 1 and not _cheap(code)
        if code is not root and (shared or len(text[0]) > _LONGEST or depth[code] > _DEEPEST):
            name = hints.get(code, "")
            while not name or name in taken:
                count += 1
                name = f"t{count}"
            taken.add(name)
            lines.append(f"{name} = {text[0]}")
            text, depth[code] = (name, ATOM), 1
        texts[code] = text
    return lines, texts[root][0]


def _cheap(code: Code) -> bool:
    """Not worth a name: a leaf, or a view or an entry of one."""
    view = code.op in ("T", "col", "neg") or (code.op == "call" and code.text.startswith("{0}["))
    return not code.args or (view and not code.args[0].args)
