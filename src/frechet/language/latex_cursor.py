"""The parser's hold on the tokens of a LaTeX formula: where it stands, and which choices it has met."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Self

from frechet.core.errors import Span, problem
from frechet.language.tokens import Token
from frechet.language.tree import Tree, fold

MAX_NESTING = 120


class Cursor(ABC):
    """Tokens, nesting, choices. A reading is one run with `chosen`; `met` collects the choices on the way."""

    def __init__(
        self, source: str, tokens: list[Token], declared: Collection[str] | None, chosen: Mapping[str, int]
    ) -> None:
        self.source = source
        self.tokens = list(tokens)
        self.declared = declared
        self.chosen = chosen
        self.met: dict[str, int] = {}
        self.at = 0
        self.depth = 0
        self.bars = 0
        self.directions = False  # dX is one name: the direction of a differential
        self.direction = ""  # what the user calls the direction
        self.entries = 0  # inside a sum of entries, where bars are absolute values
        self.bound: list[str] = []
        self.samples: Mapping[str, tuple[str, bool]] = {}  # x -> (X, whether x_i are its columns), where it is said
        self.axes: dict[str, int] = {}  # how many axes a name must have
        self.bold: set[str] = set()
        self.lengths: dict[str, str] = {}  # names with an index that runs to n: their length

    @property
    def here(self) -> Token:
        return self.tokens[self.at]

    def ahead(self, k: int = 1) -> Token:
        return self.tokens[min(self.at + k, len(self.tokens) - 1)]

    def take(self) -> Token:
        token = self.here
        self.at += 1
        return token

    def expect(self, text: str) -> Token:
        if self.here.text != text:
            raise problem("E101", f"{text!r} is missing here.", self.here.span)
        return self.take()

    def choice(self, key: str, count: int = 2) -> int:
        """Which of `count` readings to take; the usual one unless this run is told otherwise."""
        self.met[key] = max(count, self.met.get(key, 0))
        return self.chosen.get(key, 0)

    def known(self, name: str) -> bool:
        return self.declared is not None and name in self.declared

    def is_matrix(self, name: str) -> bool:
        """Declared as one, or a capital letter."""
        if isinstance(self.declared, Mapping) and name in self.declared:
            return len(self.declared[name]) == 2
        return name[0].isupper()

    def nested(self) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise problem("E402", f"The formula is nested deeper than {MAX_NESTING}.", self.here.span)

    def argument_tokens(self) -> list[Token]:
        """The tokens of `{...}` or of a single sign."""
        if self.here.text != "{":
            token = self.take()
            if token.kind == "end":
                raise problem("E102", "An exponent or subscript is missing.", token.span)
            if token.kind == "number" and len(token.text) > 1:  # \\frac12 is one half, x^12 is x^1 2
                split = token.start + 1
                first = Token("number", token.text[0], token.start, split)
                rest = Token("number", token.text[1:], split, token.end)
                self.tokens[self.at - 1 : self.at] = [first, rest]
                return [self.tokens[self.at - 1]]
            if token.text == "-" or (token.text in ("\\mathsf", "\\mathrm", "\\mathbf", "\\boldsymbol", "\\text")):
                return [token, *self.argument_tokens()]
            if token.text == "\\frac":
                return [token, *self.argument_tokens(), *self.argument_tokens()]
            return [token]
        depth, start = 0, self.at
        while True:
            token = self.take()
            depth += (token.text == "{") - (token.text == "}")
            if token.kind == "end":
                raise problem("E101", "A brace is not closed.", self.tokens[start].span)
            if depth == 0:
                return self.tokens[start : self.at]

    def argument_text(self) -> str:
        return "".join(t.text for t in self.argument_tokens() if t.text not in ("{", "}", "\\mathrm", "\\text"))

    def within(self, tokens: list[Token]) -> Tree:
        """A piece of the formula read by itself."""
        part = self.part(tokens)
        tree = part.sum()
        if part.here.kind != "end":
            raise problem("E100", f"{part.here.text!r} was not expected here.", part.here.span)
        return tree

    def part(self, tokens: list[Token]) -> Self:
        """A parser of a piece of the formula."""
        if tokens and tokens[0].text == "{" and tokens[-1].text == "}":
            tokens = tokens[1:-1]
        if not tokens:
            raise problem("E102", "Something is missing in braces.", self.tokens[self.at - 1].span)
        end = Token("end", "", tokens[-1].end, tokens[-1].end)
        part = type(self)(self.source, [*tokens, end], self.declared, self.chosen)
        part.depth, part.bound, part.met, part.directions = self.depth, self.bound, self.met, self.directions
        part.samples, part.axes, part.bold, part.entries = self.samples, self.axes, self.bold, self.entries
        part.lengths = self.lengths
        return part

    @abstractmethod
    def sum(self) -> Tree:
        """A whole expression."""

    @abstractmethod
    def product(self) -> Tree:
        """Factors side by side."""

    @abstractmethod
    def entrywise(self) -> Tree:
        """Products joined by elementwise or Kronecker signs."""

    @abstractmethod
    def signed(self) -> Tree:
        """A term with its sign."""

    @abstractmethod
    def factor(self) -> Tree:
        """One factor with its powers."""


def names_in(tree: Tree) -> list[str]:
    out: list[str] = []
    stack = [tree]
    while stack:
        t = stack.pop()
        if t.kind in ("name", "bound") and t.name:
            out.append(t.name)
        stack += reversed(t.args)
    return out


def renamed(root: Tree, old: str, new: str) -> Tree:
    """The tree with another name for one of its names."""

    def visit(tree: Tree, args: Sequence[Tree]) -> Tree:
        name = new if tree.kind == "name" and tree.name == old else tree.name
        return Tree(tree.kind, tuple(args), name, tree.value, tree.shape, tree.span)

    return fold(root, visit)


def plain(tree: Tree) -> str:
    if tree.kind != "name":
        raise problem("E500", "A derivative is by a variable.", tree.span)
    return tree.name


def subscripts_of(tokens: list[Token]) -> list[str]:
    """`ij` as i, j; `12` as 12; `1,2` as 1, 2; `\\text{new}` as new."""
    if any(t.text == "," for t in tokens):
        parts: list[str] = [""]
        for t in tokens:
            if t.text == ",":
                parts.append("")
            else:
                parts[-1] += t.text.lstrip("\\")
        return [p for p in parts if p]
    if any(t.text in ("\\text", "\\mathrm", "\\textrm", "\\operatorname") for t in tokens):
        return ["".join(t.text for t in tokens if not t.text.startswith("\\"))]
    out = [t.text.lstrip("\\") for t in tokens if t.text.isalnum() or t.text.startswith("\\") or t.text == ":"]
    return out or ["0"]


def ranges_of(tokens: list[Token]) -> tuple[int | tuple[int, int] | None, ...] | None:
    """The places of a subscript that holds a range: `2:4`, `1:2,:`."""
    places: list[int | tuple[int, int] | None] = []
    for part in "".join(t.text for t in tokens).split(","):
        first, colon, last = part.partition(":")
        if colon and first.isdigit() and last.isdigit() and 0 < int(first) <= int(last):
            places.append((int(first), int(last)) if int(first) < int(last) else int(first))
        elif part == ":" or (part.isdigit() and int(part)):
            places.append(None if colon else int(part))
        else:
            return None
    return tuple(places) if any(isinstance(p, tuple) for p in places) and len(places) <= 2 else None


def index_of(tokens: list[Token], text: str) -> int:
    return next(k for k, t in enumerate(tokens) if t.text == text)


def size(text: str) -> Tree:
    return num(int(text)) if text.isdigit() else Tree("name", name=text)


def num(value: int) -> Tree:
    return Tree("number", name=str(value), value=Fraction(value))


def join(kind: str, left: Tree, right: Tree) -> Tree:
    span = left.span.cover(right.span) if left.span is not None else right.span
    return Tree(kind, (left, right), span=span)


def call_tree(name: str, *args: Tree, span: Span | None = None) -> Tree:
    if span is None and args and args[0].span is not None:
        span = args[0].span.cover(args[-1].span)
    return Tree("call", args, name=name, span=span)
