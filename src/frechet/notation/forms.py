"""How a call is set: the template of its operation (`Operation.latex`), taken apart once.

In a template `{x}` stands for the argument x. Two forms separated by ` ;; ` are for a vector and for a matrix
(the first argument, or the result of a function of sizes).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from frechet.language.precedence import ATOM, INFIX_LEVEL, POSTFIX, PRODUCT, SUM
from frechet.language.tree import INFIX, Tree
from frechet.notation.names import GREEK, low
from frechet.ops.op import REGISTRY

_OPENING = ("(", "{", ", ", "\\lvert ", "\\lVert ", "\\langle ", "\\lfloor ", "\\lceil ", "\\begin{cases} ",
            "\\text{if } ", "\\\\ ")  # fmt: skip
_ENCLOSED = re.compile(r"\([^()]*\)|\{[^{}]*\}|\\l[vV]ert.*?\\r[vV]ert|\\langle.*?\\rangle")


@dataclass(frozen=True, slots=True)
class Form:
    """`parts`: text, or the number of an argument; `bare`: arguments that no bracket encloses; `level`: how tightly
    the whole binds."""

    parts: tuple[str | int, ...]
    bare: frozenset[int]
    level: int


def form(tree: Tree, *, unicode: bool = False) -> Form | None:
    """The form of a call, or None where its template does not show every argument (it is then set as name(...))."""
    kinds = _kinds(tree.name, len(tree.args))
    shape = tree.shape if not kinds or kinds[0] == "size" else tree.args[0].shape
    matrix = (shape is not None and shape.is_matrix) or kinds == ("size", "size")  # zeros(1, n) too
    found = _form(tree.name, matrix, unicode)
    if found is None or (unicode and tree.name == "where"):
        return None
    shown = {p for p in found.parts if isinstance(p, int)}
    hidden = [i for i in range(len(tree.args)) if i not in shown and kinds[i] != "size"]
    return None if hidden or any(i >= len(tree.args) for i in shown) else found


def is_indicator(tree: Tree) -> bool:
    """Whether a comparison is a value, 1 or 0, and no condition."""
    return tree.kind == "call" and tree.name in INFIX and tree.value != "condition"


def condition(tree: Tree) -> Tree:
    """A comparison as a condition."""
    return tree.with_(value="condition") if is_indicator(tree) else tree


def asks(tree: Tree, place: int) -> bool:
    """Whether an argument of a call stands there as a condition."""
    return tree.name in ("and", "or") or (tree.name == "where" and place == 0)


def level(tree: Tree) -> int:
    """How tightly a call binds as it is set."""
    found = form(tree)
    if found is None or is_indicator(tree):
        return ATOM
    if tree.name in INFIX_LEVEL:
        return INFIX_LEVEL[tree.name]
    return ATOM if len(without_one(found, tree)) == 1 else found.level


def needs_brackets(found: Form, place: int, inner: int) -> bool:
    """Whether an argument of level `inner` needs brackets where the template has none."""
    return place in found.bare and (inner < ATOM if found.level == ATOM else inner <= found.level)


def without_one(found: Form, tree: Tree) -> tuple[str | int, ...]:
    """The parts of a form; a leading coefficient that is the number 1 is left out: `\\mathbf{1}` for vector(1)."""
    first, *rest = found.parts
    if isinstance(first, int) and rest and isinstance(rest[0], str) and rest[0].startswith((" \\math", " 𝟏")):
        coefficient = tree.args[first]
        if coefficient.kind == "number" and coefficient.value == 1:
            return (rest[0].lstrip(), *rest[1:])
    return found.parts


@lru_cache(maxsize=1024)
def _form(name: str, matrix: bool, unicode: bool) -> Form | None:
    record = REGISTRY.get(name)
    if record is None or not record.latex:
        return None
    template = record.latex.split(" ;; ")[-1 if matrix else 0]
    params = {param: i for i, param in enumerate(record.params)}
    parts = _parts(template, params)
    bare = {
        part for before, part in zip(("", *parts), parts, strict=False)
        if isinstance(part, int) and not (isinstance(before, str) and before.endswith(_OPENING))
    }  # fmt: skip
    level = INFIX_LEVEL.get(name) or _level(template)
    return Form(_parts(_translated(template), params) if unicode else parts, frozenset(bare), level)


def _parts(template: str, params: dict[str, int]) -> tuple[str | int, ...]:
    """A template cut at its arguments."""
    parts: list[str | int] = []
    for i, piece in enumerate(re.split(r"\{(\w+)\}", template)):
        part = piece if i % 2 == 0 else params.get(piece, "{" + piece + "}")
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        elif part != "":
            parts.append(part)
    return tuple(parts)


# LaTeX signs in templates -> Unicode. The Euclidean norm, the most frequent one, goes without its index.
_TRANSLATIONS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r" ?\\rVert(?:_2|_F)?(?![0-9])", "‖"), (r"\\lVert ?", "‖"), (r"\\lvert ?", "|"), (r" ?\\rvert", "|"),
    (r"\\langle ?", "⟨"), (r" ?\\rangle", "⟩"), (r"\^\{-1\}", "⁻¹"), (r"\^\\top", "ᵀ"), (r"\^2", "²"),
    (r"\\sqrt\{(.*)\}", lambda m: f"√({m[1]})"), (r"\^\{(.*)\}", lambda m: f"^({m[1]})"),
    (r"_\{(\{\w+\},.*)\}", lambda m: f"[{m[1]}]"), (r"_\{(\{\w+\})\}", lambda m: f"_{m[1]}"),
    (r"\\mathbf\{([01])\}", lambda m: "𝟎𝟏"[int(m[1])]), (r"\\[a-z]+\{([A-Za-z0-9]+)\}", lambda m: m[1]),
    (r"\\(ge|le|ne|wedge|vee)(?![a-z])", lambda m: {"ge": "≥", "le": "≤", "ne": "≠", "wedge": "∧", "vee": "∨"}[m[1]]),
    (r"\\otimes", "⊗"), (r"\\star", "⋆"), (r"\\odot", "⊙"), (r"\\([A-Za-z]+)", lambda m: GREEK.get(m[1], m[1])),
    (r"_([0-9])", lambda m: low(m[1])),
)  # fmt: skip


def _translated(template: str) -> str:
    for pattern, to in _TRANSLATIONS:
        template = re.sub(pattern, to, template)
    return template


@lru_cache(maxsize=1024)
def _kinds(name: str, count: int) -> tuple[str, ...]:
    """What each argument is: "shape", "size", "literal" or "any"."""
    record = REGISTRY.get(name)
    for signature in record.signatures if record else ():
        if len(signature.args) == count:
            return tuple(pattern.kind for pattern in signature.args)
    return ("shape",) * count


def _level(template: str) -> int:
    """The level of a template by the signs that stand in it outside all brackets."""
    open_text = template
    while _ENCLOSED.search(open_text):
        open_text = _ENCLOSED.sub("#", open_text)
    if re.search(r" [+-] ", open_text) or template.startswith("\\begin"):
        return SUM
    if re.search(r"\\star|\\circledast| \* |\\otimes|#  *\\times|\\odot|# (#|\\math|[A-Za-z])", open_text):
        return PRODUCT
    # A power of log|det X| needs brackets, one of exp(x) does not.
    return POSTFIX if "^" in open_text or re.match(r"\\[a-z]+\\l[vV]ert", template) else ATOM
