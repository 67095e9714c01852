"""Tree to one line of Unicode for a terminal: `2 Xᵀ(X w − y)`, `‖X w − y‖²`, `x ⊙ y`, `X⁻¹`.

Calls are set by the same templates as in LaTeX (`notation.forms`), their signs translated.
"""

from __future__ import annotations

from frechet.language.precedence import ATOM, LEVEL, PRODUCT
from frechet.language.tree import Tree
from frechet.notation import forms
from frechet.notation.layout import Piece, brackets, spelled, write
from frechet.notation.names import PI, high, low, unicode_name
from frechet.notation.text import place_text

_SIGNS = {
    "add": " + ", "sub": " − ", "dotadd": " + ", "dotsub": " − ", "dotmul": " ⊙ ", "dotdiv": " ⊘ ", "div": "/",
}  # fmt: skip


def to_unicode(tree: Tree) -> str:
    """The formula in Unicode, one line."""
    return write(tree, _pieces)


def _pieces(tree: Tree) -> list[Piece]:
    kind = tree.kind
    if kind in _SIGNS:
        return [*_side(tree, 0), _SIGNS[kind], *_side(tree, 1)]
    if kind in ("number", "name"):
        if kind == "number":
            return ["π" if tree.name == PI else tree.name]
        return [unicode_name(tree.name)]
    if kind == "size":
        return [unicode_name(tree.value) if isinstance(tree.value, str) else str(tree.value)]
    if kind == "neg":
        return ["−", *_side(tree, 0)]
    if kind == "transpose":
        return [*_transposed(tree)]
    if kind == "mul":
        return [*_side(tree, 0), _gap(tree), *_side(tree, 1)]
    if kind in ("pow", "dotpow"):
        return _power(tree)
    if kind == "call":
        return _called(tree)
    if kind == "index":
        places = ",".join(map(place_text, tree.value))
        return [*_side(tree, 0), low(places) if places.isdigit() else f"[{places}]"]
    if kind == "matrix":
        return ["[", *_rows(tree), "]"]
    if kind == "arrow":
        return [unicode_name(tree.name), " ↦ ", tree.args[0]]
    assert kind == "where", kind
    out: list[Piece] = [*_side(tree, 0), "  where "]
    for i, name in enumerate(tree.value, 1):
        out += [", " if i > 1 else "", f"{unicode_name(name)} = ", *_side(tree, i)]
    return out


def _side(tree: Tree, place: int) -> list[Piece]:
    arg = spelled(tree.args[place])
    return ["(", arg, ")"] if _brackets(tree, place, arg) else [arg]


def _gap(tree: Tree) -> str:
    """Between factors: a blank, or a dot before a number."""
    first = spelled(tree.args[1])
    while first.kind in ("mul", "pow", "dotmul", "div", "transpose", "dotpow") and first.args:
        first = spelled(first.args[0])
    return "·" if first.kind == "number" else " "


def _transposed(tree: Tree) -> list[Piece]:
    arg = tree.args[0]
    found = forms.form(arg) if arg.kind == "call" else None
    if found is not None and found.parts[1:] == ("^{-1}",):
        return [*_call_side(arg, 0, found), "⁻ᵀ"]
    return [*_side(tree, 0), "ᵀ"]


def _power(tree: Tree) -> list[Piece]:
    """`x²`, elementwise `x⊙²`, `x^(1/2)`."""
    exponent, base = spelled(tree.args[1]), tree.args[0]
    found = forms.form(base, unicode=True) if base.kind == "call" and tree.kind == "pow" else None
    if found is not None and found.parts[1:] == ("⁻¹",) and exponent.kind == "number" and exponent.name.isdigit():
        return [*_call_side(base, 0, found), high("-" + exponent.name)]
    scalar = tree.shape is not None and tree.shape.is_scalar
    sign = "⊙" if tree.kind == "dotpow" and not scalar else ""
    minus = exponent.kind == "neg"
    bare = spelled(exponent.args[0]) if minus else exponent
    if bare.kind == "number" and bare.name.isdigit():
        return [*_side(tree, 0), sign + high(("-" if minus else "") + bare.name)]
    wrapped = ["(", exponent, ")"] if LEVEL[exponent.kind] < ATOM else [exponent]
    return [*_side(tree, 0), sign + "^", *wrapped]


def _called(tree: Tree) -> list[Piece]:
    found = forms.form(tree, unicode=True)
    out: list[Piece] = []
    if found is not None and forms.is_indicator(tree):
        return ["𝟙[", forms.condition(tree), "]"]
    if found is None:
        out.append(f"{tree.name}(")
        for i, arg in enumerate(tree.args):
            arg = forms.condition(arg) if forms.asks(tree, i) else arg
            out += [", ", arg] if i else [arg]
        return [*out, ")"]
    for part in forms.without_one(found, tree):
        if isinstance(part, str):
            out.append(part)
        elif out and str(out[-1]).endswith("_") and tree.args[part].kind in ("size", "number"):
            out[-1] = str(out[-1])[:-1] + low(to_unicode(tree.args[part]))
        else:
            out += _call_side(tree, part, found)
    return out


def _level(tree: Tree) -> int:
    return forms.level(tree) if tree.kind == "call" else ATOM if tree.kind == "index" else LEVEL[tree.kind]


def _call_side(tree: Tree, place: int, found: forms.Form) -> list[Piece]:
    arg = spelled(tree.args[place])
    arg = forms.condition(arg) if forms.asks(tree, place) else arg
    return ["(", arg, ")"] if forms.needs_brackets(found, place, _level(arg)) else [arg]


def _rows(tree: Tree) -> list[Piece]:
    out: list[Piece] = []
    for i, arg in enumerate(tree.args):
        if i:
            out.append("; " if i % tree.value[1] == 0 else ", ")
        out.append(arg)
    return out


def _brackets(parent: Tree, place: int, arg: Tree) -> bool:
    """Whether an operand needs brackets; as in LaTeX, but a quotient stands on one line."""
    own, inner = LEVEL[parent.kind], _level(arg)
    if own == PRODUCT and parent.kind != "div" and arg.kind == "div":
        return place == 1
    if parent.kind == "div":
        return inner < PRODUCT or (place == 1 and inner == PRODUCT)
    return brackets(parent, place, arg, inner)
