"""The text language to a Tree: an operator-precedence parser with an explicit stack, linear in the text.

Nothing is recursive, so nesting is bounded by `MAX_NESTING` alone. The trees are untyped; names, sizes and
functions are looked up by `language.shapes`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from frechet.core.errors import FrechetError, Span, located, problem
from frechet.language.mistakes import missing_operand, side_by_side, stray, unbalanced
from frechet.language.numbers import read_number
from frechet.language.precedence import (
    ARROW,
    COMPARISON,
    INFIX_LEVEL,
    KIND_OF_SIGN,
    LEVEL,
    NEGATION,
    POSTFIX,
    WHERE,
)
from frechet.language.tokens import Token, tokenize
from frechet.language.tree import INFIX, Tree

Place = int | tuple[int, int] | None
MAX_NESTING = 20_000
MAX_INDEX = 10**9


@dataclass(slots=True)
class _Frame:
    """Something begun and not yet ended: an operator, an arrow, a `where`, or an opening bracket (level -1).

    `base` is the height of the operand stack below its operands; `names` the names a `where` defines;
    `widths` the lengths of the rows of a matrix so far.
    """

    kind: str
    level: int
    token: Token
    base: int
    names: list[str] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Operand:
    """A finished tree and the text it covers, parentheses included."""

    tree: Tree
    start: int
    end: int


def parse_text(source: str) -> Tree:
    """The untyped surface tree of a formula in the text language."""
    try:
        return _Parser(source).run()
    except FrechetError as error:
        raise located(error, source if isinstance(source, str) else "") from None


def _check_root(whole: _Operand) -> None:
    """Refuse `f = ...` and its kind; gt(a, b), spelled out, and (a > b) in brackets are meant."""
    root = whole.tree
    if root.name in INFIX and root.kind == "call" and root.span is not None and whole.start >= root.span.start:
        first = root.args[0].span
        if first is not None and root.span.start >= first.start:
            raise problem("E108", "An equation or comparison is not a function to differentiate.", root.span,
                          help="Write only the function. A comparison in brackets, (x > 0), is 1 where it holds and 0 "
                               "elsewhere; choices are where(c, a, b).")  # fmt: skip


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokenize(source)
        self.at = 0
        self.operands: list[_Operand] = []
        self.frames: list[_Frame] = []

    def run(self) -> Tree:
        if self.tokens[0].kind == "end":
            raise problem("E105", "The text is empty.", help="Write a formula, for example x'*A*x.")
        while True:
            self._operand()
            while not self._operator():
                pass
            if self.tokens[self.at].kind == "end" and not self.frames:
                _check_root(self.operands[0])
                return self.operands[0].tree

    # -- an operand is expected --------------------------------------------------------------------

    def _operand(self) -> None:
        """Read prefixes and opening brackets until a number or a name stands on the operand stack."""
        while True:
            token = self.tokens[self.at]
            self.at += 1
            if token.kind == "number":
                value = read_number(token.text, token.span)
                self._push(Tree("number", name=token.text.rstrip("."), value=value, span=token.span))
                return
            if token.kind == "name" and (token.text != "where" or self.tokens[self.at].text == "("):
                if self._name(token):
                    return
            elif token.text == "-":
                top = self.frames[-1].level if self.frames else NEGATION
                self._open("neg", max(NEGATION, top), token)
            elif token.kind == "open":
                self._open("group" if token.text == "(" else "matrix", -1, token)
            else:
                raise missing_operand(self.tokens, self.at - 1, self.frames[-1].kind if self.frames else "")

    def _name(self, token: Token) -> bool:
        """A name as an operand, the head of a call or the direction of an arrow; True if it is finished."""
        follower = self.tokens[self.at]
        if follower.text == "(":
            self.at += 1
            self._open("call", -1, token)
            return False
        if follower.text == "->":
            if self.frames and self.frames[-1].level > WHERE:
                raise stray(follower, help="Put the arrow in parentheses: a + (dX -> ...).")
            self.at += 1
            self._open("arrow", ARROW, token)
            return False
        self._push(Tree("name", name=token.text, span=token.span))
        return True

    # -- an operator is expected -------------------------------------------------------------------

    def _operator(self) -> bool:
        """Read one sign after an operand; True if it calls for a new operand (or the text has ended)."""
        token = self.tokens[self.at]
        kind = KIND_OF_SIGN.get(token.text)
        if kind is not None:
            level = INFIX_LEVEL.get(kind) or LEVEL[kind]
            self._reduce(level + (level == COMPARISON))
            if level == COMPARISON and self.frames and self.frames[-1].level == COMPARISON:
                raise problem("E100", "Comparisons do not chain.", token.span, help="Write (a < b) & (b < c).")
            self._open(kind, level, token)
        elif token.text == "'":
            self._reduce(POSTFIX)
            self._transpose(token)
        elif token.text == "[":
            self._reduce(POSTFIX)
            self._index(token)
        elif token.text == "where" and token.kind == "name":
            self._reduce(WHERE)
            self._open("where", WHERE, token, base=len(self.operands) - 1)
            self._definition(self.frames[-1])
        elif token.text == ",":
            self._comma(token)
        elif token.text == ";":
            self._reduce(ARROW)
            self._next_row(token)
        elif token.kind == "close":
            self._reduce(ARROW)
            self._close(token)
        elif token.kind == "end":
            self._reduce(ARROW)
            if self.frames:
                raise unbalanced(self.frames[-1].token, None)
            return True
        elif token.kind in ("number", "name", "open"):
            raise side_by_side(self.tokens, self.at)
        else:
            raise stray(token)
        if token.text in ("'", "[") or token.kind == "close":
            return False
        self.at += 1
        return True

    def _transpose(self, token: Token) -> None:
        operand = self.operands.pop()
        self.at += 1
        self._push(Tree("transpose", (operand.tree,), span=Span(operand.start, token.end)), operand.start)

    def _index(self, opening: Token) -> None:
        """`[2]`, `[2,3]`, `[:,3]`: an index holds literals only, so it is read at once."""
        operand = self.operands.pop()
        places: list[Place] = []
        at = self.at + 1
        while True:
            place, follower = self.tokens[at], self.tokens[min(at + 1, len(self.tokens) - 1)]
            if place.kind == "end":
                raise unbalanced(opening, None)
            if follower.text == ":" and place.kind == "number" and at + 3 < len(self.tokens):
                last, follower = self.tokens[at + 2], self.tokens[at + 3]
                places.append(self._range(place, last, follower, operand.tree, opening))
                at += 4
            else:
                places.append(self._place(place, follower, operand.tree, opening))
                at += 2
            if follower.text == "]":
                break
        span = Span(operand.start, self.tokens[at - 1].end)
        if len(places) > 2:
            raise problem("E302", "An index has one or two places.", span)
        self.at = at
        self._push(Tree("index", (operand.tree,), value=tuple(places), span=span), operand.start)

    def _range(self, first: Token, last: Token, follower: Token, base: Tree, opening: Token) -> tuple[int, int]:
        """`2:4`, both ends included."""
        if last.kind != "number":
            raise problem("E302", "A range names both its ends.", Span(first.start, last.end),
                          help="Write x[2:4]; both ends are included.")  # fmt: skip
        ends = [self._place(t, follower, base, opening) for t in (first, last)]
        if ends[0] is None or ends[1] is None or ends[0] > ends[1]:
            raise problem("E302", "A range goes from a whole number to one that is not smaller.",
                          Span(first.start, last.end), help="Write x[2:4]; both ends are included.")  # fmt: skip
        return ends[0], ends[1]

    def _place(self, place: Token, follower: Token, base: Tree, opening: Token) -> int | None:
        """One place of an index: a whole number from 1, or None for `:`."""
        if place.text == "]":
            raise problem("E302", "An index is missing.", Span(opening.start, place.end), help="Write x[1].")
        whole = place.kind == "number" and place.text.isdigit()
        if not whole and place.text != ":" and base.kind == "name":
            called = side_by_side(self.tokens, self.at, base.name)
            if called.diagnostic.code == "E106":
                raise called
        if follower.text not in (",", "]"):
            if follower.kind in ("end", "close"):
                raise unbalanced(opening, follower if follower.kind == "close" else None)
            whole = False
        if place.text == ":" and follower.text in (",", "]"):
            return None
        if not whole or len(place.text.lstrip("0")) > 10 or not 1 <= int(place.text) <= MAX_INDEX:
            raise problem("E302", "An index is a whole number from 1, or a colon.", place.span,
                          help="Write x[1], x[2:4], X[2,3], X[:,1] or X[1,:].")  # fmt: skip
        return int(place.text)

    def _definition(self, frame: _Frame) -> None:
        """The `s =` of a `where`; the parser stands before it."""
        name, sign = self.tokens[self.at + 1], self.tokens[min(self.at + 2, len(self.tokens) - 1)]
        if name.kind != "name" or sign.text != "=":
            raise problem("E100", "After `where` comes a definition.", name.span, help="Write e where s = ..., t = ...")
        frame.names.append(name.text)
        self.at += 2

    def _comma(self, token: Token) -> None:
        """A comma goes to the nearest `where` if a definition follows it, else to the nearest bracket."""
        after = self.tokens[self.at + 1 : self.at + 3]
        if len(after) == 2 and after[0].kind == "name" and after[1].text == "=":
            while self.frames and self.frames[-1].level > WHERE:
                self._finish(self.frames.pop())
            if self.frames and self.frames[-1].kind == "where":
                self._definition(self.frames[-1])
                return
        self._reduce(ARROW)
        if not self.frames or self.frames[-1].kind == "group":
            raise stray(token, help="Commas separate the arguments of a function, as in max(a, b).")

    def _next_row(self, token: Token) -> None:
        if not self.frames or self.frames[-1].kind != "matrix":
            raise stray(token, help="Semicolons separate the rows of a matrix: [a, b; c, d].")
        frame = self.frames[-1]
        frame.widths.append(len(self.operands) - frame.base - sum(frame.widths))

    def _close(self, token: Token) -> None:
        """A closing bracket: the group, call or matrix it ends becomes an operand."""
        if not self.frames:
            raise unbalanced(None, token)
        frame = self.frames.pop()
        if (token.text == "]") != (frame.kind == "matrix"):
            raise unbalanced(frame.token, token)
        self.at += 1
        parts = tuple(o.tree for o in self.operands[frame.base :])
        span = Span(frame.token.start, token.end)
        if frame.kind == "group":
            self.operands[-1].start, self.operands[-1].end = span.start, span.end
            return
        del self.operands[frame.base :]
        if frame.kind == "call":
            self._push(Tree("call", parts, name=frame.token.text, span=span))
            return
        widths = [*frame.widths, len(parts) - sum(frame.widths)]
        if len(set(widths)) > 1:
            lengths = " and ".join(map(str, sorted(set(widths))))
            raise problem("E300", f"The rows of this matrix have {lengths} entries.", span)
        self._push(Tree("matrix", parts, value=(len(widths), widths[0]), span=span))

    # -- the stacks --------------------------------------------------------------------------------

    def _push(self, tree: Tree, start: int | None = None) -> None:
        assert tree.span is not None
        self.operands.append(_Operand(tree, tree.span.start if start is None else start, tree.span.end))

    def _open(self, kind: str, level: int, token: Token, base: int | None = None) -> None:
        if len(self.frames) >= MAX_NESTING:
            raise problem("E402", f"The formula is nested deeper than {MAX_NESTING}.", token.span)
        self.frames.append(_Frame(kind, level, token, len(self.operands) if base is None else base))

    def _reduce(self, level: int) -> None:
        """End everything that binds at least as tightly as `level`."""
        frames = self.frames
        while frames and frames[-1].level >= level:
            self._finish(frames.pop())

    def _finish(self, frame: _Frame) -> None:
        """Make the tree of an operator, an arrow or a `where` from its operands."""
        if frame.kind in ("neg", "arrow"):
            operand = self.operands.pop()
            name = frame.token.text if frame.kind == "arrow" else ""
            self._push(Tree(frame.kind, (operand.tree,), name=name, span=Span(frame.token.start, operand.end)))
        elif frame.kind == "where":
            parts = self.operands[frame.base :]
            del self.operands[frame.base :]
            span = Span(parts[0].start, parts[-1].end)
            self._push(Tree("where", tuple(p.tree for p in parts), value=tuple(frame.names), span=span))
        else:
            right = self.operands.pop()
            left = self.operands.pop()
            args, span = (left.tree, right.tree), Span(left.start, right.end)
            call = frame.kind in INFIX
            self._push(Tree("call", args, frame.kind, span=span) if call else Tree(frame.kind, args, span=span))
