"""Our LaTeX as presentation MathML, which browsers and notebooks set by themselves.

The LaTeX that `to_latex` and the local models write is a small language: names, numbers, the commands below, groups,
fractions, roots, scripts, growing brackets, bmatrix. So an operation is set in MathML by the same template as in
LaTeX. What is not known becomes text as it stands; `tests/notation` holds that no operation needs that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape

from frechet.notation.names import ACCENTS, GREEK

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|[A-Za-z]|\s+|.", re.S)
_SIGNS = {
    "top": "⊤", "odot": "⊙", "oslash": "⊘", "otimes": "⊗", "circledast": "⊛", "cdot": "⋅", "times": "×", "mapsto": "↦",
    "approx": "≈", "ge": "≥", "le": "≤", "ne": "≠", "wedge": "∧", "vee": "∨", "infty": "∞", "cdots": "⋯", "ldots": "…",
    "in": "∈", "to": "→", "pm": "±", "partial": "∂", "nabla": "∇", "sum": "∑", "prod": "∏", "circ": "∘", "ell": "ℓ",
    "star": "⋆",
    "lvert": "|", "rvert": "|", "lVert": "‖", "rVert": "‖", "langle": "⟨", "rangle": "⟩", "{": "{", "}": "}", "|": "‖",
}  # fmt: skip
_LETTERS = frozenset({"infty", "ell", "partial", "nabla"})
_SIDES = frozenset({"lvert", "rvert", "lVert", "rVert"})
_OPENS, _CLOSES = 'form="prefix"', 'form="postfix"'
_WORDS = frozenset({
    "log", "exp", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "det", "max", "min", "ln",
    "sup", "inf", "arg", "dim", "ker", "deg", "lim", "Pr", "sec", "csc", "cot", "coth", "gcd",
})  # fmt: skip
_SPACES = {"\\,": "0.17em", "\\ ": "0.3em", "\\;": "0.28em", "\\:": "0.22em", "\\quad": "1em", "\\qquad": "2em"}
_TEXTS = frozenset({"operatorname", "mathrm", "text", "mathbf", "boldsymbol", "mathsf", "mathbb"})


@dataclass
class _Want:
    """A command that waits for arguments: frac two, sqrt and an accent one, a script one after its base."""

    kind: str
    count: int
    given: list[str] = field(default_factory=list)


@dataclass
class _Frame:
    """What is open: the whole, a group, a growing bracket (with its sign) or a matrix (with its finished cells)."""

    kind: str
    sign: str = ""
    items: list[str] = field(default_factory=list)
    wants: list[_Want] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def put(self, item: str) -> None:
        """One more item: an argument where one is waited for, else a part of the row."""
        while self.wants:
            want = self.wants[-1]
            want.given.append(item)
            if len(want.given) < want.count:
                return
            self.wants.pop()
            item = _built(want)
        self.items.append(item)

    @property
    def row(self) -> str:
        return _row(self.items)


def to_mathml(latex: str, *, block: bool = False) -> str:
    """The `math` element of a formula in our LaTeX."""
    display = ' display="block"' if block else ""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML"{display}>{content(latex)}</math>'


def content(latex: str) -> str:
    """The same without the surrounding element: one row."""
    tokens = _TOKEN.findall(latex)
    stack = [_Frame("whole")]
    place = 0
    while place < len(tokens):
        place = _step(tokens, place, stack)
    while len(stack) > 1:  # an open bracket: shown as far as it goes
        inner = stack.pop()
        stack[-1].put(inner.row)
    return stack[0].row


def _step(tokens: list[str], place: int, stack: list[_Frame]) -> int:
    """Read one token (with what belongs to it); the place after it."""
    token, top = tokens[place], stack[-1]
    name = token[1:]
    if token.isspace():
        return place + 1
    if token in _SPACES:
        top.put(f'<mspace width="{_SPACES[token]}"/>')
    elif token == "{":
        stack.append(_Frame("group"))
    elif token == "}" and len(stack) > 1:
        stack.pop()
        stack[-1].put(top.row)
    elif token in "^_":
        base = _base(top.items) if top.items and not top.wants else "<mrow></mrow>"
        top.wants.append(_Want("msup" if token == "^" else "msub", 2, [base]))
    elif token == "&" or token == "\\\\":
        _cell(top, token == "\\\\")
    elif token[0] == "\\" and name in _TEXTS:
        return _text(tokens, place, top)
    elif token[0] == "\\" and name in ("begin", "end"):
        return _environment(tokens, place, stack)
    elif token[0] == "\\" and name in ("left", "right"):
        return _fence(tokens, place, stack)
    elif token in ("\\frac", "\\tfrac", "\\dfrac"):
        top.wants.append(_Want("mfrac", 2))
    elif token == "\\sqrt":
        top.wants.append(_Want("msqrt", 1))
    elif token[0] == "\\" and name in ACCENTS:
        top.wants.append(_Want(name, 1))
    else:
        top.put(_leaf(token))
    return place + 1


def _base(items: list[str]) -> str:
    """What a script belongs to, taken from the end of a row: the last item, or all of a bracket that ends there."""
    depth = 0
    for k in range(len(items) - 1, -1, -1):
        depth += _CLOSES in items[k]
        depth -= _OPENS in items[k]
        if depth == 0:
            base = items[k:]
            del items[k:]
            return _row(base)
    return items.pop()


def _leaf(token: str) -> str:
    """A number, a letter, a sign, a word."""
    name = token[1:]
    if token[0] == "\\" and len(token) > 1:
        if name in GREEK:
            return f"<mi>{GREEK[name]}</mi>"
        if name in _SIGNS:
            side = name[0] if name in _SIDES else ""
            return f"<mi>{_SIGNS[name]}</mi>" if name in _LETTERS else _sign(_SIGNS[name], side)
        if name in _WORDS:
            return f"<mi>{name}</mi>"
        return f"<mtext>{escape(token if token[1:].isalpha() else name)}</mtext>"
    if token[0].isdigit():
        return f"<mn>{token}</mn>"
    if token.isalpha():
        return f"<mi>{token}</mi>"
    return _sign({"-": "−", "*": "⋅", "'": "′"}.get(token, token))


def _sign(sign: str, side: str = "") -> str:
    side = side or ("l" if sign in "([⟨{" else "r" if sign in ")]⟩}" else "")
    if side:
        return f'<mo stretchy="false" {_OPENS if side == "l" else _CLOSES}>{escape(sign)}</mo>'
    return f'<mo stretchy="false">{sign}</mo>' if sign in "|‖" else f"<mo>{escape(sign)}</mo>"


def _row(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"<mrow>{''.join(items)}</mrow>"


def _built(want: _Want) -> str:
    if want.kind in ACCENTS:
        mark = {"hat": "^", "tilde": "~", "bar": "¯", "dot": "˙", "ddot": "¨", "check": "ˇ"}[want.kind]
        return f'<mover accent="true">{want.given[0]}<mo stretchy="false">{mark}</mo></mover>'
    return f"<{want.kind}>{''.join(want.given)}</{want.kind}>"


def _cell(top: _Frame, line: bool) -> None:
    """The end of a cell of a matrix, or of a line."""
    if not top.rows:
        top.rows.append([])
    top.rows[-1].append(top.row)
    top.items.clear()
    if line:
        top.rows.append([])


def _group_after(tokens: list[str], place: int) -> tuple[str, int]:
    """The text of the group that follows, and the place after it."""
    depth, end = 0, place
    out: list[str] = []
    while end < len(tokens):
        token = tokens[end]
        depth += (token == "{") - (token == "}")
        if depth == 0:
            if token.isspace() and not out:
                end += 1
                continue
            if token != "}":
                out.append(token)
            return "".join(out), end + 1
        if not (token == "{" and depth == 1):
            out.append(token)
        end += 1
    return "".join(out), end


def _text(tokens: list[str], place: int, top: _Frame) -> int:
    """`\\operatorname{tr}`, `\\mathrm{d}`, `\\text{where }`, `\\mathbf{X}`."""
    kind = tokens[place][1:]
    body, after = _group_after(tokens, place + 1)
    plain = escape(GREEK.get(body[1:], body) if body[:1] == "\\" else body.replace("\\_", "_"))
    if kind == "text":
        top.put(f"<mtext>{plain.replace(' ', chr(160))}</mtext>")
    elif kind == "mathbb":
        top.put(f"<mi>{'𝟙' if plain == '1' else plain}</mi>")
    elif kind in ("mathbf", "boldsymbol"):
        top.put(f'<mi style="font-weight:bold">{plain}</mi>')
    else:
        top.put(f'<mi mathvariant="normal">{plain}</mi>')
    return after


def _environment(tokens: list[str], place: int, stack: list[_Frame]) -> int:
    """`\\begin{bmatrix} ... \\end{bmatrix}`."""
    _, after = _group_after(tokens, place + 1)
    if tokens[place] == "\\begin":
        stack.append(_Frame("matrix"))
        return after
    if stack[-1].kind != "matrix":
        return after
    frame = stack.pop()
    if frame.items or not frame.rows:
        _cell(frame, False)
    rows = "".join(f"<mtr>{''.join(f'<mtd>{cell}</mtd>' for cell in row)}</mtr>" for row in frame.rows if row)
    stack[-1].put(f"<mrow><mo>[</mo><mtable>{rows}</mtable><mo>]</mo></mrow>")
    return after


def _fence(tokens: list[str], place: int, stack: list[_Frame]) -> int:
    """`\\left( ... \\right)`: brackets that grow."""
    raw = tokens[place + 1] if place + 1 < len(tokens) else "."
    sign = "" if raw == "." else escape(_SIGNS.get(raw[1:], raw) if raw[0] == "\\" else raw)
    shown = f"<mo>{sign}</mo>" if sign else ""
    if tokens[place] == "\\left":
        stack.append(_Frame("fence", shown))
    elif stack[-1].kind == "fence":
        frame = stack.pop()
        stack[-1].put(f"<mrow>{frame.sign}{''.join(frame.items)}{shown}</mrow>")
    return place + 2
