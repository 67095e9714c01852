"""Tree to LaTeX as an expert writes it: `2 X^\\top (X w - y)`, `\\lVert x \\rVert_2^2`, `X^{-\\top}`."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from frechet.language.precedence import ATOM, LEVEL, PRODUCT
from frechet.language.tree import Tree, fold
from frechet.notation import forms
from frechet.notation.layout import Piece, brackets, spelled, write
from frechet.notation.names import PI, latex_name, subscript
from frechet.notation.text import place_text

_SIGNS = {
    "add": " + ", "sub": " - ", "dotadd": " + ", "dotsub": " - ",
    "dotmul": r" \odot ", "dotdiv": r" \oslash ",
}  # fmt: skip
_GROWING = ("\\lvert", "\\lVert", "\\langle"), ("\\rvert", "\\rVert", "\\rangle")


def to_latex(tree: Tree, *, bold: bool = False, directions: Collection[str] = ()) -> str:
    """The formula in LaTeX (math mode, no delimiters); `bold` sets vectors and matrices in bold. `directions` are
    names to set as differentials, besides those that arrows bind: dX with an upright d."""
    return _Latex(tree, bold, directions).text()


class _Latex:
    """One formula; `tall` holds the trees that need growing brackets, `directions` the names that arrows bind, `asked`
    the comparisons as conditions."""

    def __init__(self, root: Tree, bold: bool, directions: Collection[str] = ()) -> None:
        self.root = root
        self.bold = bold
        self.directions = set(directions)
        self.tall: set[int] = set()
        self.asked: dict[int, Tree] = {}
        fold(root, self._look)

    def _look(self, tree: Tree, below: Sequence[bool]) -> bool:
        tree = spelled(tree)
        if tree.kind == "arrow":
            self.directions.add(tree.name)
        tall = (
            tree.kind in ("div", "matrix")
            or (tree.kind == "call" and tree.name == "where")
            or any(below[:1] if tree.kind in ("pow", "dotpow") else below)
        )
        if forms.is_indicator(tree):
            self.asked[id(tree)] = forms.condition(tree)
        if tall:
            self.tall |= {id(tree), id(self.asked.get(id(tree)))}
        return tall

    def text(self) -> str:
        return write(self.root, self.pieces)

    # -- pieces ------------------------------------------------------------------------------------

    def pieces(self, tree: Tree) -> list[Piece]:
        kind = tree.kind
        if kind in _SIGNS:
            return [*self.side(tree, 0), _SIGNS[kind], *self.side(tree, 1)]
        if kind in ("number", "size"):
            return [_number(tree.name)] if kind == "number" else [self.size(tree)]
        if kind == "arrow":
            return [self.name(tree.name, tree), r" \mapsto ", tree.args[0]]
        plain = {
            "name": self.named, "neg": self.negated, "mul": self.product, "div": self.fraction, "pow": self.power,
            "dotpow": self.power, "transpose": self.transposed, "call": self.called, "index": self.indexed,
            "matrix": self.matrix, "where": self.where,
        }  # fmt: skip
        return plain[kind](tree)

    def bracketed(self, tree: Tree) -> list[Piece]:
        tall = id(tree) in self.tall
        return [r"\left(" if tall else "(", tree, r"\right)" if tall else ")"]

    def side(self, tree: Tree, place: int) -> list[Piece]:
        """An operand, in brackets where the reading needs them."""
        arg = spelled(tree.args[place])
        return self.bracketed(arg) if brackets(tree, place, arg, _level(arg)) else [arg]

    def size(self, tree: Tree) -> str:
        return latex_name(tree.value) if isinstance(tree.value, str) else str(tree.value)

    def name(self, name: str, tree: Tree) -> str:
        bold = self.bold and tree.shape is not None and not tree.shape.is_scalar
        if name in self.directions and len(name.rstrip("_")) > 1:
            return r"\mathrm{d}" + latex_name(name[1:], bold=bold)
        return latex_name(name, bold=bold)

    def named(self, tree: Tree) -> list[Piece]:
        return [self.name(tree.name, tree)]

    def negated(self, tree: Tree) -> list[Piece]:
        return ["-", *self.side(tree, 0)]

    def product(self, tree: Tree) -> list[Piece]:
        """Factors side by side, with a dot where two numbers would run together."""
        digit = _starts_with_digit(spelled(tree.args[1]))
        thin = self.is_direction(tree.args[0]) or self.is_direction(tree.args[1])
        return [*self.side(tree, 0), r" \cdot " if digit else r" \, " if thin else " ", *self.side(tree, 1)]

    def is_direction(self, tree: Tree) -> bool:
        """Whether a factor, the last of a product, is dX or dX': a thin space sets it off."""
        while tree.kind in ("mul", "transpose"):
            tree = tree.args[-1]
        return tree.kind == "name" and tree.name in self.directions

    def fraction(self, tree: Tree) -> list[Piece]:
        return [r"\frac{", spelled(tree.args[0]), "}{", spelled(tree.args[1]), "}"]

    def power(self, tree: Tree) -> list[Piece]:
        """`x^2`, `x^{1/2}`, elementwise `x^{\\odot 2}`."""
        exponent = spelled(tree.args[1])
        base = tree.args[0]
        found = forms.form(base) if base.kind == "call" and tree.kind == "pow" else None
        if (
            found is not None
            and found.parts[1:] == ("^{-1}",)
            and exponent.kind == "number"
            and exponent.name.isdigit()
        ):
            return [*self.call_side(base, 0, found), f"^{{-{exponent.name}}}"]
        scalar = tree.shape is not None and tree.shape.is_scalar
        sign = r"\odot " if tree.kind == "dotpow" and not scalar else ""
        raised: list[Piece] = [exponent]
        if exponent.kind == "div" and all(LEVEL[spelled(a).kind] == ATOM for a in exponent.args):
            raised = [exponent.args[0], "/", exponent.args[1]]
        if not sign and exponent.kind == "number" and len(exponent.name) == 1:
            return [*self.side(tree, 0), "^", *raised]
        return [*self.side(tree, 0), "^{", sign, *raised, "}"]

    def transposed(self, tree: Tree) -> list[Piece]:
        """`X^\\top`, of an inverse `X^{-\\top}`."""
        arg = tree.args[0]
        if arg.kind == "call":
            found = forms.form(arg)
            if found is not None and found.parts[1:] == ("^{-1}",):
                return [*self.call_side(arg, 0, found), r"^{-\top}"]
        return [*self.side(tree, 0), r"^\top"]

    def called(self, tree: Tree) -> list[Piece]:
        """The operation's own form, or its name and the arguments in brackets."""
        found = forms.form(tree)
        tall = any(id(a) in self.tall for a in tree.args)
        if found is not None and forms.is_indicator(tree):
            return [r"\mathbb{1}\left[" if tall else r"\mathbb{1}[", self.asked[id(tree)], r"\right]" if tall else "]"]
        if found is None:
            left, right = (r"\left(", r"\right)") if tall else ("(", ")")
            out: list[Piece] = [f"\\operatorname{{{_escaped(tree.name)}}}", left]
            for i, arg in enumerate(tree.args):
                out += [", ", arg] if i else [arg]
            return [*out, right]
        parts: list[Piece] = []
        for part in forms.without_one(found, tree):
            if isinstance(part, str):
                parts.append(_grown(part) if tall else part)
            else:
                parts += self.call_side(tree, part, found)
        return parts

    def call_side(self, tree: Tree, place: int, found: forms.Form) -> list[Piece]:
        arg = spelled(tree.args[place])
        if forms.asks(tree, place):
            arg = self.asked.get(id(arg), arg)
        return self.bracketed(arg) if forms.needs_brackets(found, place, _level(arg)) else [arg]

    def indexed(self, tree: Tree) -> list[Piece]:
        """`x_{1}`, `X_{:,2}`."""
        arg = spelled(tree.args[0])
        simple = arg.kind == "name" and "_" not in latex_name(arg.name)
        places = ",".join(map(place_text, tree.value))
        return [*([arg] if simple else self.bracketed(arg)), subscript(places)]

    def matrix(self, tree: Tree) -> list[Piece]:
        width = tree.value[1]
        out: list[Piece] = [r"\begin{bmatrix} "]
        for i, arg in enumerate(tree.args):
            if i:
                out.append(r" \\ " if i % width == 0 else " & ")
            out.append(arg)
        return [*out, r" \end{bmatrix}"]

    def where(self, tree: Tree) -> list[Piece]:
        out: list[Piece] = [*self.side(tree, 0), r" \quad \text{where } "]
        for i, name in enumerate(tree.value, 1):
            out += [",\\ " if i > 1 else "", f"{self.name(name, tree.args[i])} = ", *self.side(tree, i)]
        return out


def _level(tree: Tree) -> int:
    """As in the text language, but a call binds as it is set, an index like a name, and 10^{-3} like a power."""
    if tree.kind == "call":
        return forms.level(tree)
    if tree.kind == "number" and "e" in tree.name.lower():
        return PRODUCT
    return ATOM if tree.kind == "index" else LEVEL[tree.kind]


def _starts_with_digit(tree: Tree) -> bool:
    """Whether the text of a right factor begins with a digit."""
    while tree.kind in ("mul", "pow", "dotmul") and tree.args:
        tree = spelled(tree.args[0])
    return tree.kind == "number" or (tree.kind == "size" and isinstance(tree.value, int))


def _number(text: str) -> str:
    if text == PI:
        return r"\pi"
    mantissa, _, exponent = text.lower().partition("e")
    if not exponent:
        return text
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"


def _grown(text: str) -> str:
    """Brackets of a template that grow with what they hold."""
    for signs, prefix in ((("(", *_GROWING[0]), r"\left"), ((")", *_GROWING[1]), r"\right")):
        for sign in signs:
            text = text.replace(sign, prefix + sign)
    return text


def _escaped(name: str) -> str:
    return re.sub(r"_", r"\\_", name)
