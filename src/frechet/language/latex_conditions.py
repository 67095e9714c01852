"""Comparisons in LaTeX: indicators, `\\mathbb{1}[x > 0]` and its other spellings, and choices, `\\begin{cases}`."""

from __future__ import annotations

from abc import abstractmethod

from frechet.core.errors import Span, problem
from frechet.language.latex_cursor import Cursor, call_tree
from frechet.language.tokens import Token
from frechet.language.tree import Tree

RELATIONS = {
    ">": "gt", "<": "lt", "\\gt": "gt", "\\lt": "lt", "\\ge": "ge", "\\geq": "ge", "\\geqslant": "ge", "\\le": "le",
    "\\leq": "le", "\\leqslant": "le", "=": "eq", "\\ne": "ne", "\\neq": "ne",
}  # fmt: skip
JOINS = {"\\wedge": "and", "\\land": "and", "\\vee": "or", "\\lor": "or"}
_OPPOSITE = {"gt": "le", "ge": "lt", "lt": "ge", "le": "gt", "eq": "ne", "ne": "eq"}
_BRACKETS = {"(": ")", "[": "]"}
_IF = ("if", "for", "when", "where", "iff", "")
_ELSE = ("otherwise", "else", "elsewhere")
_WORDS = ("\\text", "\\mathrm", "\\textrm", "\\operatorname", "\\mbox")


class Conditions(Cursor):
    """Indicators and choices."""

    def indicator(self, start: Token) -> Tree | None:
        """What follows the sign of an indicator: a comparison in brackets or below; None where none does."""
        closer = _BRACKETS.get(self.here.text)
        if closer is not None and self._compares(self.at, closer):
            self.take()
            outer, self.bars = self.bars, 0
            tree = self.condition()
            self.bars = outer
            end = self.expect(closer)
            return tree.with_(span=Span(start.start, end.end))
        if self.here.text == "_" and self._compares(self.at + 1, "}"):
            self.take()
            tokens = self.argument_tokens()
            if [t.text for t in tokens[1:2]] in (["("], ["["]):  # 1_{\{x > 0\}}
                tokens = tokens[2:-2]
            return self.part(tokens).condition_alone().with_(span=Span(start.start, self.tokens[self.at - 1].end))
        return None

    def _compares(self, at: int, closer: str) -> bool:
        """Whether a comparison stands between the bracket at a place and the one that closes it."""
        depth = 0
        for token in self.tokens[at:]:
            depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
            if depth == 0 and token.text in (closer, "}"):
                return False
            if token.text in RELATIONS:
                return depth > 0
        return False

    def condition_alone(self) -> Tree:
        """A condition that is all that is left."""
        tree = self.condition()
        if self.here.kind != "end":
            raise problem("E100", f"{self.here.text!r} was not expected here.", self.here.span)
        return tree

    def condition(self) -> Tree:
        """`a > b`, `a < b < c`, joined by `\\wedge` (also a comma) and `\\vee`."""
        tree = self._relation()
        while self.here.text in JOINS or (self.here.text == "," and self.ahead().text not in ("\\\\", "\\end")):
            name = JOINS.get(self.take().text, "and")
            tree = call_tree(name, tree, self._relation())
        return tree

    def _relation(self) -> Tree:
        left = self.cell()
        found: Tree | None = None
        while self.here.text in RELATIONS:
            name = RELATIONS[self.take().text]
            right = self.cell()
            one = call_tree(name, left, right)
            found, left = one if found is None else call_tree("and", found, one), right
        if found is None:
            raise problem("E102", "A comparison is missing here.", self.here.span, help="Write x > 0.")
        return found

    # -- choices ---------------------------------------------------------------------------------------------------

    def cases(self, token: Token) -> Tree:
        """`\\begin{cases} a & \\text{if } c \\\\ b & \\text{otherwise} \\end{cases}`; the environment has begun."""
        rows: list[tuple[Tree, Tree | None]] = []
        ended = False
        outer, self.bars = self.bars, 0
        while not ended:
            value = self.cell()
            while self.here.text in (",", ";", "&"):
                self.take()
            rows.append((value, self._when()))
            while self.here.text in (",", ";", "."):
                self.take()
            sign = self.take()
            if sign.text not in ("\\\\", "\\end"):
                raise problem("E101", "These cases are not ended.", token.span)
            ended = sign.text == "\\end" or self.here.text == "\\end"
            if sign.text == "\\\\" and ended:
                self.take()
        self.argument_text()
        self.bars = outer
        return self._chosen(rows, Span(token.start, self.tokens[self.at - 1].end))

    def _when(self) -> Tree | None:
        """The condition of a case; None for `otherwise`."""
        if self.here.text in _WORDS:
            self.take()
            word = self.argument_text().strip()
            if word in _ELSE:
                return None
            if word not in _IF:
                raise problem(
                    "E100", f"{word!r} is not understood here.", self.here.span, help="Write if, or otherwise."
                )
        return self.condition()

    def _chosen(self, rows: list[tuple[Tree, Tree | None]], span: Span) -> Tree:
        """The cases as where(c, a, where(...)); the last one is for all else, or for the opposite of the one before."""
        *before, (value, last) = rows
        if any(c is None for _, c in before) or not before:
            raise problem(
                "E100", "Of several cases only the last is the other one.", span, help="Write otherwise last."
            )
        if last is not None and not (len(rows) == 2 and before[0][1] and self._opposite(before[0][1], last)):
            raise problem("E100", "Nothing says what the value is where none of these conditions holds.", span,
                          help="Let the last case be \\text{otherwise}.")  # fmt: skip
        for branch, condition in reversed(before):
            assert condition is not None
            value = call_tree("where", condition, branch, value, span=span)
        return value

    def _opposite(self, a: Tree, b: Tree) -> bool:
        """Whether b holds where a does not: x > 0 and x \\le 0."""
        spans = [[side.span for side in t.args] for t in (a, b)]
        texts = [["".join(self.source[s.start : s.end].split()) for s in sides if s is not None] for sides in spans]
        return _OPPOSITE.get(a.name) == b.name and texts[0] == texts[1]

    @abstractmethod
    def cell(self) -> Tree:
        """A sum on one line, up to `&`, the end of the line or a sign of comparison."""
