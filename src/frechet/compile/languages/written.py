"""The text of expressions: Python's operators, or those of Julia and MATLAB, where x'*y, x*y' and x'*A say it all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from frechet.compile.languages.code import Code
from frechet.compile.languages.language import Language

SUM, PRODUCT, SIGN, POWER, ATOM = 1, 2, 3, 4, 5
_LEVEL = {"add": SUM, "sub": SUM, "mul": PRODUCT, "div": PRODUCT, "matmul": PRODUCT, "neg": SIGN, "pow": POWER}
_SIGN = {"add": "+", "sub": "-", "mul": "*", "div": "/", "matmul": "@", "pow": "**"}
_LONGEST = 88
_DEEPEST = 12
_VIEWS = ("T", "col", "row")
_PLACE = re.compile(r"\{(\d+)\}")


class Text(NamedTuple):
    """An expression and how tightly it binds; in dotted languages also its transpose."""

    text: str
    level: int
    turned: str = ""
    turned_level: int = ATOM


def show_number(value: Fraction) -> str:
    """`2`, `0.5`, `1 / 3`."""
    if value.denominator == 1 and abs(value) < 10**16:
        return str(value.numerator)
    text = repr(float(value))
    short = value.denominator < 10_000 and Fraction(text) != value
    return f"{value.numerator} / {value.denominator}" if short else text


def _leaf(code: Code, texts: Sequence[Text], language: Language) -> Text | None:
    """What is written alike everywhere: names, numbers, signs, calls."""
    op = code.op
    if op in ("name", "size"):
        return Text(language.identifier(code.text) if op == "size" else code.text, ATOM)
    if op == "number":
        value = Fraction(code.text)
        text = show_number(value)
        return Text(text, PRODUCT if " / " in text else SIGN if value < 0 else ATOM)
    if op == "neg":
        if code.args[0].op in ("mul", "div") and texts[0].level == PRODUCT:
            return Text(f"-{texts[0].text}", PRODUCT)
        return Text(f"-{_at(texts[0], SIGN)}", SIGN)
    return _filled(code.text, texts) if op == "call" else None


# -- Python -------------------------------------------------------------------------------------------


def _python(code: Code, texts: Sequence[Text], language: Language) -> Text:
    """Text and level of an expression from those of its parts."""
    leaf = _leaf(code, texts, language)
    if leaf is not None:
        return leaf
    op = code.op
    if op == "T":
        return Text(f"{_at(texts[0], ATOM)}.T", ATOM)
    if op in ("col", "row"):
        return Text(f"{_at(texts[0], ATOM)}[{':, None' if op == 'col' else 'None, :'}]", ATOM)
    if op == "index":
        places = [_from_zero(p) for p in code.text.split(",")]
        return Text(f"{_at(texts[0], ATOM)}[{', '.join(places)}]", ATOM)
    if op == "outer":
        return _filled(language.word("outer"), texts)
    level = _LEVEL[op]
    if op == "pow":
        return Text(f"{_at(texts[0], ATOM)}**{_at(texts[1], SIGN)}", level)
    left, right = _at(texts[0], level), _at(texts[1], level + 1)
    if level == PRODUCT and texts[0].level == PRODUCT and (code.args[0].op == "matmul") != (op == "matmul"):
        left = f"({texts[0].text})"
    if op == "add":
        right = _at(texts[1], SUM)
    if op == "matmul" and _row_first(code) and texts[1].level == PRODUCT:
        right = texts[1].text
    return Text(f"{left} {_SIGN[op]} {right}", level)


def _row_first(code: Code) -> bool:
    """x @ (A @ y): without the parentheses it is (x @ A) @ y, the same number at the same cost."""
    x, inner = code.args
    return x.ndim == 1 and inner.op == "matmul" and inner.args[0].ndim == 2 and inner.args[1].ndim == 1


# -- Julia and MATLAB ---------------------------------------------------------------------------------


def _dotted(code: Code, texts: Sequence[Text], language: Language) -> Text:
    """Vectors are columns; beside a matrix a vector stands for a row, unless it was made a column."""
    leaf = _leaf(code, texts, language)
    if leaf is not None:
        text = leaf.text.replace(" / ", "/") if code.op == "number" else leaf.text
        return _with_turned(code, Text(text, leaf.level))
    op = code.op
    if op in ("T", "row"):
        return Text(texts[0].turned, texts[0].turned_level, texts[0].text, texts[0].level)
    if op == "col":
        return texts[0]
    if op == "index":
        first, comma, _ = code.text.partition(",")
        word = "index_row" if comma and ":" not in first and code.ndim == 1 else "index"
        filled = language.word(word).replace("{1}", code.text.replace(",", ", "))
        return _with_turned(code, _filled(filled, texts))
    if op in ("matmul", "outer"):
        return _product(code, texts)
    if op == "pow":
        scalar = code.ndim == 0
        sign = "^" if scalar else " .^ " if code.args[0].number is not None else ".^"
        return _with_turned(code, Text(f"{_at(texts[0], ATOM)}{sign}{_at(texts[1], ATOM)}", POWER))
    mixed = len({1 if _thin(c) else 2 * c.ndim for c in code.args}) > 1 or code.ndim > 2
    a, b = (_beside(c, t, code, language, mixed) for c, t in zip(code.args, texts, strict=True))
    if op in ("add", "sub"):
        sign = f" {language.word('mixed') if mixed else ''}{_SIGN[op]} "
        level = SUM if op == "add" and not mixed and _starts_whole(code.args[1]) else PRODUCT
        return _with_turned(code, Text(_at(a, SUM) + sign + _at(b, level), SUM))
    plain = code.args[1].ndim == 0 or (op == "mul" and code.args[0].ndim == 0)
    sign = _SIGN[op] if plain else f" .{_SIGN[op]} "
    apart = a.level == PRODUCT and code.args[0].op == "matmul" and not (op == "div" and plain)
    left = f"({a.text})" if apart else _at(a, PRODUCT)
    return _with_turned(code, Text(f"{left}{sign}{_at(b, SIGN)}", PRODUCT))


def _beside(code: Code, text: Text, whole: Code, language: Language, mixed: bool) -> Text:
    """An operand of an entrywise operation: a vector beside a matrix is a row; a matrix that may be kept as a diagonal
    only is made whole, or it would not be repeated along."""
    if mixed and code.ndim == 2 and whole.op in ("add", "sub") and _diagonal(code, language):
        return _filled(language.word("whole"), [text])
    return Text(text.turned, text.turned_level) if code.ndim == 1 and whole.ndim == 2 else text


def _thin(code: Code) -> bool:
    """One row or column, or a multiple of it."""
    while code.op in ("mul", "div", "neg"):
        arrays = [a for a in code.args if a.ndim]
        if len(arrays) != 1:
            return False
        (code,) = arrays
    return code.op in ("col", "row")


def _starts_whole(code: Code) -> bool:
    """Whether a sum begins with a term of its own shape: x + (c .- y) is not (x + c) .- y in Julia."""
    while code.op in ("add", "sub"):
        if code.args[0].ndim != code.ndim:
            return False
        code = code.args[0]
    return True


def _diagonal(code: Code, language: Language) -> bool:
    while code.op in ("neg", "mul", "div") and any(a.ndim == 0 for a in (*code.args, code)[: len(code.args)]):
        code = max(code.args, key=lambda a: a.ndim)
    return code.op == "neg" or (code.op == "call" and code.text in (language.word("eye"), language.word("diag")))


def _with_turned(code: Code, text: Text) -> Text:
    """The transpose of a text, if nothing better is known."""
    if code.ndim == 0 or code.symmetric:
        return text._replace(turned=text.text, turned_level=text.level)
    if text.level == ATOM and text.text.endswith("'") and code.op == "index":
        return text._replace(turned=text.text[:-1], turned_level=ATOM)
    return text._replace(turned=f"{_at(text, ATOM)}'", turned_level=ATOM)


def _product(code: Code, texts: Sequence[Text]) -> Text:
    """x'*y, A*x, x'*A as the column A'*x, A*B; x*y'."""
    x, y = texts
    across = Text(x.turned, x.turned_level)
    if code.op == "outer":
        return _with_turned(code, _times(code, x, Text(y.turned, y.turned_level)))
    if code.args[0].ndim == 1 and code.args[1].ndim == 2:
        row = _times(code, across, y)
        column = _times(code, Text(y.turned, y.turned_level), x)
        return Text(column.text, column.level, row.text, row.level)
    product = _times(code, across if code.args[0].ndim == 1 else x, y)
    if code.ndim == 0 and _row_first(code) and y.level == PRODUCT:
        product = Text(f"{_at(across, PRODUCT)}*{y.text}", PRODUCT)
    return _with_turned(code, product)


def _times(code: Code, a: Text, b: Text) -> Text:
    scaled = code.args[0].op in ("mul", "div") and a.level == PRODUCT
    return Text(f"{f'({a.text})' if scaled else _at(a, PRODUCT)}*{_at(b, SIGN)}", PRODUCT)


# -- both ---------------------------------------------------------------------------------------------


def _at(text: Text, level: int) -> str:
    return text.text if text.level >= level else f"({text.text})"


def _filled(template: str, texts: Sequence[Text]) -> Text:
    """A template with its places filled: in parentheses unless a comma or bracket stands on both sides."""

    def place(match: re.Match[str]) -> str:
        before, after = template[: match.start()].rstrip()[-1:], template[match.end() :].lstrip()[:1]
        alone = before in ("(", ",", "[") and after in (")", ",", "]")
        text = texts[int(match[1])]
        return text.text if alone else _at(text, ATOM)

    depth = 0
    outside = ""
    for c in template:
        depth += (c in "([{") - (c in ")]}")
        outside += c if depth == 0 else ""
    return Text(_PLACE.sub(place, template), ATOM if " " not in outside.strip() else 0)


def in_order(*roots: Code) -> list[Code]:
    """Every expression under the roots, parts first."""
    order: list[Code] = []
    seen: set[int] = set()
    stack: list[tuple[Code, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        code, ready = stack.pop()
        if ready:
            order.append(code)
        elif id(code) not in seen:
            seen.add(id(code))
            stack.append((code, True))
            stack.extend((a, False) for a in reversed(code.args) if id(a) not in seen)
    return order


def statements(
    roots: Sequence[Code], hints: Mapping[Code, str], taken: set[str], language: Language,
    named: Mapping[Code, str] | None = None,
) -> tuple[list[tuple[str, str]], list[str]]:  # fmt: skip
    """Assignments (name, expression) and the final expressions: what is used twice, or would make a line too long, gets
    a name. Those of `named` have theirs."""
    write: Callable[[Code, Sequence[Text], Language], Text] = _dotted if language.dotted else _python
    named = named or {}
    order = in_order(*roots)
    uses = _uses(order, roots, language)
    texts: dict[Code, Text] = {}
    depth: dict[Code, int] = {}
    lines: list[tuple[str, str]] = []
    count = 0
    for code in order:
        text = write(code, [texts[a] for a in code.args], language)
        depth[code] = 1 + max((depth[a] for a in code.args), default=0)
        shared = uses.get(code, 0) > 1 and not _cheap(code)
        long = code not in roots and (len(text.text) > _LONGEST or depth[code] > _DEEPEST)
        if code in named or (shared and [code] != list(roots)) or long:
            name = named.get(code) or hints.get(code, "")
            while not name or (name in taken and code not in named):
                count += 1
                name = f"t{count}"
            taken.add(name)
            lines.append((name, text.text))
            text, depth[code] = Text(name, ATOM), 1
            text = _with_turned(code, text) if language.dotted else text
        texts[code] = text
    return lines, [texts[root].text for root in roots]


def _uses(order: Sequence[Code], roots: Sequence[Code], language: Language) -> dict[Code, int]:
    """How often each expression is read; who reads a transpose reads what it is of."""
    uses: dict[Code, int] = dict.fromkeys(roots, 1) if len(roots) > 1 else {}
    for code in reversed(order):
        weight = max(uses.get(code, 1), 1) if code.op in _VIEWS else 1
        for a in code.args:
            uses[a] = uses.get(a, 0) + weight
            if code.op == "index" and language.dotted and a.op != "name":
                uses[a] += 1  # MATLAB reads entries of names only
    return uses


def _cheap(code: Code) -> bool:
    """Not worth a name: a leaf, or a view or an entry of one."""
    view = code.op in ("neg", "index")
    if code.op == "mul" and all(a.op in ("size", "number") for a in code.args):
        return True
    return not code.args or code.op in ("name", *_VIEWS) or (view and not code.args[0].args)


def _from_zero(place: str) -> str:
    """A place as Python counts: 2 is 1, 2:4 is 1:4."""
    first, colon, last = place.partition(":")
    return (str(int(first) - 1) if first else "") + colon + last
