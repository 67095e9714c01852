"""Changes of one part of a formula that undo one fault: what people get wrong, and how it is put right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from frechet.language.tree import Tree, number, subtrees
from frechet.notation.text import to_text
from frechet.verdict import align

CAUSES = (
    "sign", "factor", "transpose", "order", "missing term", "extra term", "missing factor", "extra factor",
    "elementwise product", "matrix product", "trace for sum", "sum for trace", "norm", "power", "function", "layout",
    "shape",
)  # fmt: skip
_NORMS = ("norm2", "norm1", "norminf")
# Functions that are taken for one another, most of all a function and its derivative.
_FAMILIES = (("sin", "cos"), ("sinh", "cosh"), ("exp", "log"), ("sigmoid", "tanh", "softplus"), ("relu", "sign", "abs"),
             ("det", "logdet"), ("softmax", "logsumexp"))  # fmt: skip
_TRANSPOSABLE = frozenset({"name", "call", "transpose", "index"})
_COMPOUND = frozenset({"add", "sub", "mul", "dotmul"})
_SIMPLE = tuple(Fraction(a, b) for a, b in ((-1, 1), (2, 1), (1, 2), (3, 1), (1, 3), (4, 1), (1, 4), (-2, 1), (-1, 2)))


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of the claim: what it mends (causes joined by "and"), the part it changes, what comes there instead;
    `gone` is a part of it that is left out."""

    cause: str
    target: Tree
    new: Tree
    sentence: str
    gone: Tree | None = None


def coefficient(term: Tree, c: Fraction) -> Edit:
    """A part with a wrong number before it."""
    text = to_text(align.tidy(term))
    if c == -1:
        return Edit("sign", term, align.scaled(term, -1), f"The sign of {text} is wrong.")
    if c == 0:
        return Edit("extra term", term, align.scaled(term, 0), f"The term {text} does not belong here.")
    sign = " and its sign is wrong" if c < 0 else ""
    cause = "factor and sign" if c < 0 else "factor"
    return Edit(cause, term, align.scaled(term, c), f"The factor {abs(c)} is missing on {text}{sign}."
                if abs(c).denominator == 1 else f"{text} must be multiplied by {abs(c)}{sign}.")  # fmt: skip


def inner_numbers(claim: Tree) -> Iterator[Edit]:
    """Simple numbers and signs on parts inside functions, powers and denominators, where nothing is linear."""
    inside = [t.args[0] for t in subtrees(claim) if t.kind == "call" and len(t.args) == 1]
    inside += [a for t in subtrees(claim) if t.kind in ("pow", "dotpow", "div", "dotdiv") for a in t.args]
    every = list({id(t): t for t in [*inside, *align.terms(claim)[1:]] if t.kind not in ("number", "size")}.values())
    for part in every:
        yield coefficient(part, Fraction(-1))
    for c in _SIMPLE[1:]:
        for part in every:
            yield coefficient(part, c)


def structural(claim: Tree) -> Iterator[Edit]:
    """Transposes, order, kinds of products, trace and sum, norms, powers, functions."""
    every = subtrees(claim)
    for tree in every:
        if tree.kind in _TRANSPOSABLE:
            yield from _transposed(tree)
    for whole in align.chains(claim):
        if whole.kind == "mul":
            yield from _orders(whole)
    for tree in every:
        yield from _other_operation(tree)
    for tree in every:
        if tree.kind in _COMPOUND:
            yield from _transposed(tree)


def superfluous(claim: Tree) -> Iterator[Edit]:
    """A factor or a term too many, anywhere."""
    for whole in align.chains(claim):
        parts = align.chain(whole)
        for k in range(len(parts)):
            yield _without(whole, align.joined(whole.kind, parts[:k] + parts[k + 1 :], whole.span), parts[k])
    for tree in subtrees(claim):
        if tree.kind in align.PRODUCTS and any(a.kind in align.PRODUCTS for a in tree.args):
            for kept, gone in (tree.args, tree.args[::-1]):
                yield _without(tree, kept, gone)
        if tree.kind in ("div", "dotdiv"):
            top, bottom = tree.args
            yield Edit("extra factor", tree, top, f"The division by {to_text(bottom)} does not belong here.", bottom)
        if tree.kind in align.SUMS:
            first, second = tree.args
            turned = Tree("neg", (second,), span=second.span) if tree.kind in ("sub", "dotsub") else second
            yield Edit("extra term", tree, first, f"The term {to_text(second)} does not belong here.", second)
            yield Edit("extra term", tree, turned, f"The term {to_text(first)} does not belong here.", first)


def _without(whole: Tree, rest: Tree, gone: Tree) -> Edit:
    cause = "factor" if gone.kind == "number" else "extra factor"
    return Edit(cause, whole, rest, f"The factor {to_text(gone)} does not belong here.", gone)


def _transposed(tree: Tree) -> Iterator[Edit]:
    if tree.shape is not None and tree.shape.is_scalar:
        return
    text = to_text(tree)
    if tree.kind == "transpose":
        yield Edit("transpose", tree, tree.args[0], f"{text} must not be transposed.")
    else:
        yield Edit("transpose", tree, Tree("transpose", (tree,), span=tree.span), f"{text} must be transposed.")


def _orders(whole: Tree) -> Iterator[Edit]:
    parts = align.chain(whole)
    for k in range(len(parts) - 1):
        if "number" in (parts[k].kind, parts[k + 1].kind):
            continue
        new = [*parts[:k], parts[k + 1], parts[k], *parts[k + 2 :]]
        yield Edit("order", whole, align.joined("mul", new, whole.span),
                   f"{to_text(parts[k])} and {to_text(parts[k + 1])} stand in the wrong order.")  # fmt: skip
    if len(parts) > 2:
        yield Edit("order", whole, align.joined("mul", parts[::-1], whole.span),
                   "The factors stand in the wrong order.")  # fmt: skip


def _other_operation(tree: Tree) -> Iterator[Edit]:
    """The same arguments under another operation."""
    text = to_text(tree)
    if tree.kind in align.PRODUCTS:
        other = "dotmul" if tree.kind == "mul" else "mul"
        cause = "matrix product" if tree.kind == "mul" else "elementwise product"
        word = "elementwise" if tree.kind == "mul" else "a matrix product"
        yield Edit(cause, tree, Tree(other, tree.args, span=tree.span), f"The product {text} must be {word}.")
    if tree.kind in ("pow", "dotpow") and tree.args[1].kind == "number":
        yield from _other_power(tree)
    if tree.kind != "call" or len(tree.args) != 1:
        return
    if tree.name in ("tr", "sum"):
        other = "sum" if tree.name == "tr" else "tr"
        cause = "trace for sum" if tree.name == "tr" else "sum for trace"
        yield Edit(cause, tree, _renamed(tree, other), f"{text} must be {to_text(_renamed(tree, other))}.")
    if tree.name in _NORMS:
        for other in _NORMS:
            if other != tree.name:
                yield Edit("norm", tree, _renamed(tree, other), f"{text} must be {to_text(_renamed(tree, other))}.")
        for k in (2, 3, 4):
            yield Edit("norm", tree, Tree("pow", (tree, number(k)), span=tree.span), f"{text} lacks the power {k}.")
    elif tree.shape is None or tree.shape.is_scalar:
        yield Edit("power", tree, Tree("pow", (tree, number(2)), span=tree.span), f"{text} lacks the square.")
    for family in _FAMILIES:
        for other in family if tree.name in family else ():
            if other != tree.name:
                yield Edit("function", tree, _renamed(tree, other), f"{text} must be {to_text(_renamed(tree, other))}.")


def _other_power(tree: Tree) -> Iterator[Edit]:
    base, exponent = tree.args
    cause = "norm" if base.kind == "call" and base.name in _NORMS else "power"
    text = to_text(tree)
    for k in (1, 2, 3, 4, Fraction(1, 2)):
        if k == exponent.value:
            continue
        new = base if k == 1 else Tree(tree.kind, (base, number(k)), span=tree.span)
        yield Edit(cause, tree, new, f"{text} must be {to_text(new)}.")


def _renamed(tree: Tree, name: str) -> Tree:
    return Tree("call", tree.args, name=name, span=tree.span)


def _places(claim: Tree, kinds: Iterable[str] = ()) -> list[Tree]:
    """Parts of a claim that something can be missing on: all but sizes, the whole first."""
    parts = [t for t in reversed(subtrees(claim)) if t.kind not in ("size", *kinds)]
    sizes = {id(a) for t in parts if t.kind == "call" for a in t.args if a.kind == "size" or t.name in ("eye", "ones")}
    return [t for t in parts if id(t) not in sizes]


def lacking(claim: Tree, words: Sequence[Tree]) -> Iterator[Edit]:
    """A part times, divided by, plus or minus something that occurs in one of the formulas, the shortest first."""
    places = _places(claim)
    for word in words:
        for place in places:
            yield from _lacking_factor(place, word)
        for place in places:
            yield from _lacking_term(place, word)


def _lacking_term(place: Tree, word: Tree) -> Iterator[Edit]:
    if place.shape is not None and word.shape is not None and place.shape != word.shape:
        return
    for kind, sign in (("add", ""), ("sub", "-")):
        yield Edit("missing term", place, Tree(kind, (place, word), span=place.span),
                   f"The term {_signed(sign, word)} is missing.")  # fmt: skip


def _lacking_factor(place: Tree, word: Tree) -> Iterator[Edit]:
    text = to_text(word)
    scalar = word.shape is not None and word.shape.is_scalar
    new = [_before(word, place)]
    if not scalar:
        new += [Tree("mul", (place, word), span=place.span), Tree("dotmul", (word, place), span=place.span)]
    for tree in new:
        yield Edit("missing factor", place, tree, f"The factor {text} is missing.")
    if scalar:
        yield Edit("missing factor", place, _over(place, word),
                   f"The division by {text} is missing.")  # fmt: skip


def _signed(sign: str, word: Tree) -> str:
    return to_text(Tree("neg", (word,))) if sign else to_text(word)


def _before(word: Tree, place: Tree) -> Tree:
    """word * place, behind the number that place begins with."""
    parts = align.chain(place) if place.kind == "mul" else [place]
    if len(parts) > 1 and parts[0].kind == "number":
        return align.joined("mul", [parts[0], word, *parts[1:]], place.span)
    return align.joined("mul", [word, *parts], place.span)


def _over(place: Tree, word: Tree) -> Tree:
    """place / word; a second division by the same is one by its square."""
    if place.kind == "div" and to_text(place.args[1]) == to_text(word):
        return Tree("div", (place.args[0], Tree("pow", (word, number(2)))), span=place.span)
    return Tree("div", (place, word), span=place.span)


def vocabulary(trees: Sequence[Tree], whole: Tree | None, limit: int = 48) -> list[Tree]:
    """What the formulas are made of, each text once, the shortest first; not the `whole` truth itself."""
    found: dict[str, Tree] = {}
    for root in trees:
        for tree in subtrees(root):
            if tree.kind not in ("number", "neg", "arrow", "where"):
                found.setdefault(to_text(tree), tree)
    for tree in [t for t in found.values() if t.kind == "name" and t.shape is not None and t.shape.is_scalar]:
        square = Tree("pow", (tree, number(2)), shape=tree.shape)
        found.setdefault(to_text(square), square)
    found.pop(to_text(whole) if whole is not None else "", None)
    return sorted(found.values(), key=lambda t: len(to_text(t)))[:limit]
