"""LaTeX to trees, in all sensible readings.

Operators, loosest first: + and -; the elementwise and Kronecker products; the minus sign; products, written side by
side, with a dot or with a slash; functions without brackets; powers and subscripts. What LaTeX leaves open (bars as
abs or det, a subscript as an entry or as part of a name, the power of a vector, what x_i in a sum is) is a choice:
the parser notes each one it meets, and `readings` runs it again with the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, islice, product
from typing import TypeVar

from frechet.core.dims import Dim
from frechet.core.errors import FrechetError, Span, located, problem
from frechet.language.latex_conditions import JOINS, RELATIONS
from frechet.language.latex_cursor import call_tree, index_of, join, names_in, num
from frechet.language.latex_preamble import Preamble, preamble
from frechet.language.latex_statements import Statement, Statements
from frechet.language.latex_tokens import tokenize
from frechet.language.tokens import Token
from frechet.language.tree import Tree

R = TypeVar("R")
MAX_READINGS = 48
_PRODUCT_SIGNS = {"\\cdot": "mul", "\\times": "mul", "*": "mul"}
_ENTRYWISE = {"\\odot": "dotmul", "\\circ": "dotmul", "\\otimes": "kron", "\\oslash": "dotdiv", "\\boxdot": "dotmul"}
_CLOSERS = frozenset(
    {"", ")", "]", "}", "|", "\\|", "&", "\\\\", "=", ",", ";", ".", "\\rangle", "\\end", "\\rceil", "\\rfloor", ">"}
)


@dataclass(frozen=True)
class Reading:
    """One way to read a formula: its tree, and the choices that differ from the usual ones; `axes` are how many a name
    must have for the reading to make sense, `declared` the dimensions that stand beside the formula, `lengths` how far
    the index of a vector runs."""

    tree: Tree
    chosen: Mapping[str, int] = field(default_factory=dict)
    axes: Mapping[str, int] = field(default_factory=dict)
    declared: Mapping[str, list[Dim]] = field(default_factory=dict)
    lengths: Mapping[str, str] = field(default_factory=dict)


def readings(source: str, declared: Collection[str] | None = None, *, directions: bool = False) -> list[Reading]:
    """Every way to read a formula, the usual one first; names in `declared` are known, and with `directions` dX is one
    name. Raises what the usual reading raises if none can be read."""
    tokens, beside = preamble(tokenize(source))

    def read(parser: _Parser) -> tuple[Tree, dict[str, int], dict[str, str]]:
        parser.directions = directions
        return parser.formula(), dict(parser.axes), dict(parser.lengths)

    found = _run(source, tokens, declared, read, beside)
    return [Reading(t, c, axes, beside.declared, lengths) for (t, axes, lengths), c in found]


def statements(source: str, declared: Collection[str] | None = None) -> list[Statement]:
    """Every way to read `derivative = claim` or `a = b`."""
    return [s for s, _ in _run(source, tokenize(source), declared, lambda p: p.statement(), Preamble())]


def _run(
    source: str, tokens: list[Token], declared: Collection[str] | None, read: Callable[[_Parser], R], beside: Preamble
) -> list[tuple[R, dict[str, int]]]:
    first: FrechetError | None = None
    found = []
    met: dict[str, int] = {}
    tried: set[tuple[tuple[str, int], ...]] = set()
    queue: list[dict[str, int]] = [{}]
    while queue and len(tried) < MAX_READINGS:
        chosen = queue.pop(0)
        key = tuple(sorted(chosen.items()))
        if key in tried:
            continue
        tried.add(key)
        parser = _Parser(source, tokens, declared, chosen)
        parser.samples = beside.samples
        try:
            found.append((read(parser), chosen))
        except FrechetError as error:
            first = first or located(error, source)
        fresh = {k: n for k, n in parser.met.items() if k not in met}
        met.update(fresh)
        if not chosen or fresh:
            queue += list(_alternatives(met))
    if not found:
        assert first is not None
        raise first from None
    return found


def _alternatives(met: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Choices that differ from the usual ones in one place, then in two, then in three."""
    for count in (1, 2, 3):
        for keys in islice(combinations(met, count), 40):
            for values in product(*(range(1, met[k]) for k in keys)):
                yield dict(zip(keys, values, strict=True))


class _Parser(Statements):
    """Sums, products and powers."""

    def formula(self) -> Tree:
        if self.here.kind == "end":
            raise problem("E105", "The text is empty.", help="Write a formula, for example x^\\top A x.")
        tree = self.sum()
        if self.here.kind != "end":
            if self.here.text == "=":
                raise problem(
                    "E108", "An equation is not an expression.", self.here.span, help="check_statement reads equations."
                )
            raise problem("E100", f"{self.here.text!r} was not expected here.", self.here.span)
        return tree

    def sum(self) -> Tree:
        self.nested()
        while self.here.text in ("&", "\\\\"):
            self.take()
        tree = self.signed()
        while self.here.text in ("+", "-", "\\\\", "&"):
            sign = self.take().text
            if sign in ("\\\\", "&"):
                if self.here.text not in ("+", "-", "&", "\\\\"):
                    self.at -= 1
                    break
                continue
            right = self.signed()
            tree = join("add" if sign == "+" else "sub", tree, right)
        self.depth -= 1
        return tree

    def signed(self) -> Tree:
        if self.here.text in ("-", "+"):
            token = self.take()
            inner = self.signed()
            if token.text == "+":
                return inner
            return Tree("neg", (inner,), span=token.span.cover(inner.span))
        return self.entrywise()

    def entrywise(self) -> Tree:
        tree = self.product()
        while self.here.text in _ENTRYWISE:
            kind = _ENTRYWISE[self.take().text]
            right = self.product()
            tree = call_tree("kron", tree, right) if kind == "kron" else join(kind, tree, right)
        return tree

    def product(self) -> Tree:
        before: Tree | None = None  # the factors before the last one: a cross product takes the last alone
        last = self.factor()
        while True:
            whole = last if before is None else join("mul", before, last)
            if self.here.text in _PRODUCT_SIGNS:
                sign = self.take().text
                right = self.signed() if self.here.text == "-" else self.factor()
                vectors = all(t.kind == "name" and (t.name[0] in "hijklmnopqrstuvwxyz" or t.name in self.bold)
                              and t.name[0].islower() for t in (whole, right))  # fmt: skip
                if sign == "\\cdot" and (self.choice(f"cdot{self.at}") == 1) != vectors:
                    before, last = None, call_tree("dot", whole, right)
                elif sign == "\\times" and self.choice(f"times{self.at}") == 1:
                    last = call_tree("cross", last, right)
                else:
                    before, last = whole, right
            elif self.here.text == "/":
                at = self.at
                self.take()
                below = self.factor()
                while self._starts_factor() and self.choice(f"slash{at}") == 1:
                    below = join("mul", below, self.factor())
                before, last = None, join("div", whole, below)
            elif self._starts_factor():
                before, last = whole, self.factor()
            else:
                return whole

    def _starts_factor(self) -> bool:
        text = self.here.text
        if text == "|" or text == "\\|":
            return self.bars == 0
        if self.here.kind == "end" or text in _CLOSERS or text in ("+", "-", "^", "_", "'", "/"):
            return False
        if text in RELATIONS or text in JOINS:
            return False
        return text not in _ENTRYWISE and text not in ("\\text", "\\mid", "\\to", "\\mapsto", "\\quad")

    def factor(self) -> Tree:
        self.nested()
        tree = self.postfix(self.atom())
        self.depth -= 1
        return tree

    def postfix(self, tree: Tree) -> Tree:
        while True:
            if self.here.text == "'":
                token = self.take()
                if self.here.text == "'":
                    raise problem("E100", "Two primes have no meaning here.", self.here.span)
                tree = Tree("transpose", (tree,), span=(tree.span or token.span).cover(token.span))
            elif self.here.text == "^":
                self.take()
                tree = self.raised(tree)
            elif self.here.text == "_" and tree.kind == "pow" and _is_norm(tree.args[0]):
                below = self.norm(tree.args[0].args[0], tree.args[0].span or self.here.span)  # \|x\|^2_2
                tree = Tree("pow", (below, tree.args[1]), span=tree.span)
            elif self.here.text == "_" and tree.kind != "name":
                tree = self.entry(tree)
            else:
                return tree

    def raised(self, base: Tree) -> Tree:
        start = base.span or self.here.span
        inner = self.argument_tokens()
        words = [t.text for t in inner if t.text not in ("{", "}")]
        end = Span(start.start, self.tokens[self.at - 1].end)
        negative = words[:1] == ["-"]
        rest = words[1:] if negative else words
        variable = rest == ["T"] and self.known("T") and self.choice(f"T{self.at}") == 1
        if _means_transpose(rest) and not variable:
            base = Tree("pow", (base, Tree("neg", (num(1),))), span=end) if negative else base
            return Tree("transpose", (base,), span=end)
        if words in (["\\dagger"], ["+"]):
            return call_tree("pinv", base, span=end)
        if words in (["-", "1", "\\top"], ["-", "1", "T"]):
            return Tree("transpose", (Tree("pow", (base, Tree("neg", (num(1),))), span=end),), span=end)
        if len(words) == 3 and words[0] + words[2] in ("()", "[]") and words[1].isalnum():
            return self.numbered(base, words[1], end)
        if words and words[0] in ("\\odot", "\\circ") and len(words) > 1:
            cut = index_of(inner, words[0]) + 1
            exponent = self.within(inner[cut:-1] if inner[0].text == "{" else inner[cut:])
            return Tree("dotpow", (base, exponent), span=end)
        capital = all(n[0].isupper() for n in names_in(base)) and bool(names_in(base)) and base.kind != "call"
        if words in (["*"], ["\\star"], ["H"]) and not self.known("H"):
            if capital and self.choice(f"star{start.start}") == 0:
                return Tree("transpose", (base,), span=end)  # real matrices: the adjoint is the transpose
            if base.kind == "name" and words != ["H"]:
                return base.with_(name=f"{base.name}_star", span=end)
        exponent = self.within(inner)
        if base.kind == "name" and base.name == "e" and not self.known("e"):
            return self.exponential(exponent, end)
        half = rest in (["1", "/", "2"], ["\\frac", "1", "2"], ["\\frac", "12"])
        if half and (self.choice(f"root{start.start}") == 1) != capital:
            root = call_tree("sqrtm", base, span=end)
            return call_tree("inv", root, span=end) if negative else root
        kind = "pow"
        if not negative and self.choice(f"power{start.start}") == 1:
            kind = "dotpow"
        return Tree(kind, (base, exponent), span=end)

    def numbered(self, base: Tree, word: str, span: Span) -> Tree:
        """`W^{(1)}`: a name, as W_1 is; no power is written so."""
        if base.kind != "name":
            raise problem("E100", "A number in brackets up there is part of a name.", span, help="Write powers bare.")
        return base.with_(name=f"{base.name}_{word}", span=span)

    def exponential(self, exponent: Tree, span: Span) -> Tree:
        """e^A of a square matrix is the exponential of the matrix; the other reading is entry by entry."""
        names = names_in(exponent)
        matrix = any(map(self.is_matrix, names)) and all(self.is_matrix(n) or n in ("t", "s", "a", "c") for n in names)
        if not matrix or self.entries or exponent.kind == "call":
            return call_tree("exp", exponent, span=span)
        return call_tree("exp" if self.choice(f"expm{span.start}") == 1 else "expm", exponent, span=span)


def _is_norm(tree: Tree) -> bool:
    return tree.kind == "call" and tree.name == "norm2"


def _means_transpose(words: list[str]) -> bool:
    """\\top, T, \\mathsf T, a prime."""
    if words[:1] and words[0] in ("\\top", "\\prime"):
        return True
    fonts = ("\\mathsf", "\\mathrm", "\\rm", "\\text", "\\mathtt", "\\mathit")
    return words == ["T"] or (len(words) == 2 and words[0] in fonts and words[1] in ("T", "t"))
