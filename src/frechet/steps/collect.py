"""The end of an identification: terms in the same direction added up, and what makes the sum the answer's own form.

A line <W1, dX> + <W2, dX> becomes <W1 + W2, dX>; then W1 + W2 is brought into the form of the answer. What the second
step does is said: symmetric matrices lose their transpose, signs move, functions are replaced by an identity, common
factors are taken out, or only the order of factors changes.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from fractions import Fraction

from frechet.core.ein import transpose
from frechet.language.tree import Tree, fold, subtrees
from frechet.steps.algebra import Algebra, is_number
from frechet.steps.board import Board
from frechet.steps.identify import Identifier, Item

# Functions that say where something stands, and nothing of its value.
PLAIN_CALLS = frozenset({"tr", "diag", "eye", "ones", "vec", "mat", "sum"})


class Collector:
    """Adds up terms on a board."""

    def __init__(self, board: Board) -> None:
        self.board, self.page = board, board.page
        self.algebra = Algebra(board.page)

    def untransposed(self, line: Tree) -> Tree:
        """The line with A for A' where A is known to be symmetric."""
        page = self.page

        def visit(t: Tree, args: Sequence[Tree]) -> Tree:
            if t.kind == "transpose" and t.typed.is_matrix and t.typed.rows == t.typed.cols:
                node = self.board.node(args[0])
                if node.order == 2 and transpose(node) is node:
                    return args[0]
            same = all(a is b for a, b in zip(args, t.args, strict=True))
            return t if same else self.algebra.remade(t, args) if t.kind != "transpose" else page.make(
                "transpose", args, shape=t.typed)  # fmt: skip

        return fold(line, visit)

    def merged(self, items: Sequence[Item]) -> list[Item]:
        """Items with the same direction as one, their weights added; equal weights as a multiple."""
        weights: dict[Tree, list[Tree]] = {}
        vector = bool(items) and items[0].vector
        for item in items:
            W = item.W if item.W is not None else self.page.number(1)
            alone = sum(i.E is item.E for i in items) == 1
            weights.setdefault(item.E, []).append(self._matrix(W, item.E) if vector and not alone else W)
        return [Item(self._sum(found), E, vector) for E, found in weights.items()]

    def inner_sums(self, line: Tree) -> list[Tree]:
        """The scalar sums inside a product or quotient, inner ones first, of which every term moves."""
        sums = [t for t in self.board.walk(line) if t.kind in ("add", "sub") and t.typed.is_scalar]
        outside = {id(a) for t in sums for a in t.args} | {id(line), id(self.algebra.coefficient(line)[1])}
        inner = [t for t in reversed(sums) if id(t) not in outside]
        return [t for t in inner if all(map(self.board.moving, self.algebra.terms(t)))]

    def shortened(self, line: Tree, identifier: Identifier) -> list[tuple[str, Tree]]:
        """The lines that make a sum one with fewer terms, each with its rule; none where no terms are alike."""
        items = identifier.terms(line)
        if items is None:
            return []
        turned = [Item(None if i.W is None else self.untransposed(i.W), i.E) for i in items]
        shorter = self.untransposed(identifier.shown(self.merged(turned)))
        if len(self.algebra.terms(shorter)) >= len(self.algebra.terms(line)):
            return []
        lines = [("R-trace-transpose", identifier.shown(items)), ("R-symmetric", identifier.shown(turned))]
        return [*lines, ("R-collect", shorter)]

    def _matrix(self, W: Tree, E: Tree) -> Tree:
        """A scalar weight of a vector as a multiple of the identity, so that matrices can be added to it."""
        if not W.typed.is_scalar or E.typed.is_scalar:
            return W
        if W.kind == "neg":
            return self.algebra.neg(self._matrix(W.args[0], E))
        eye = self.page.eye(E.typed.rows)
        if W.kind == "div" and is_number(W.args[0], 1):
            return self.page.divide(eye, W.args[1])
        return eye if is_number(W, 1) else self.page.times(W, eye)

    def joined(self, W: Tree) -> Tree:
        """diag(a)*diag(b) as diag(a.*b) in a product."""
        scalars, chain = self.algebra.parts(W)
        out: list[Tree] = []
        for factor in chain:
            if out and _is_diag(factor) and _is_diag(out[-1]):
                both = self.algebra.entrywise(out.pop().args[0], factor.args[0])
                factor = self.page.diag(both, factor.typed)
            out.append(factor)
        if len(out) == len(chain):
            return W
        return Algebra(self.page, keep_diag=True).product([*scalars, *out])

    def _sum(self, terms: Sequence[Tree]) -> Tree:
        """A sum with equal terms counted."""
        counts: dict[Tree, Fraction] = {}
        for part in (p for term in terms for p in self.algebra.terms(term)):
            sign, body = (-1, part.args[0]) if part.kind == "neg" else (1, part)
            number, rest = self.algebra.coefficient(body)
            counts[rest] = counts.get(rest, Fraction(0)) + sign * number
        parts = [self._times(number, rest) for rest, number in counts.items() if number]
        return self.algebra.add(parts) if parts else self.page.zeros(terms[0].typed)

    def _times(self, number: Fraction, rest: Tree) -> Tree:
        found = self.algebra.scale(self.page.number(abs(number)), rest)
        return self.algebra.neg(found) if number < 0 else found

    def final_rule(self, before: Tree, after: Tree) -> str:
        """What brings a line into the answer's form."""
        if _calls(before) != _calls(after):
            return "R-simplify"
        if _skeleton(before) == _skeleton(after):
            return "R-sign"
        if _quotients(after) < _quotients(before):
            return "R-cancel"
        if _sums(before) == _sums(after):
            return "R-order"
        return "R-factor" if _leaves(after) <= _leaves(before) else "R-distribute"


def _is_diag(tree: Tree) -> bool:
    return tree.kind == "call" and tree.name == "diag" and tree.typed.is_matrix


def _calls(tree: Tree) -> frozenset[Tree]:
    """The functions of a line, each with what it is applied to."""
    return frozenset(t for t in subtrees(tree) if t.kind == "call" and t.name not in PLAIN_CALLS)


def _sums(tree: Tree) -> frozenset[Tree]:
    return frozenset(t for t in subtrees(tree) if t.kind in ("add", "sub"))


def _quotients(tree: Tree) -> int:
    return sum(t.kind in ("div", "dotdiv") and t.args[1].kind != "number" for t in subtrees(tree))


def _leaves(tree: Tree) -> int:
    """How many names are written in a line."""

    def visit(t: Tree, args: Sequence[int]) -> int:
        return sum(args) if args else int(t.kind == "name")

    return fold(tree, visit)


def same_but_order(before: Tree, after: Tree) -> bool:
    """Whether two lines differ only in the order of the terms of their sums."""
    return _skeleton(before, signs=True) == _skeleton(after, signs=True)


def _skeleton(tree: Tree, *, signs: bool = False) -> Hashable:
    """A line with the terms of a sum in any order, with or without its signs."""

    def signed(arg: Hashable) -> Hashable:
        return ("neg", arg) if signs else arg

    def terms(arg: Hashable) -> list[Hashable]:
        return list(arg[1]) if isinstance(arg, tuple) and arg[0] == "sum" else [arg]

    def visit(t: Tree, args: Sequence[Hashable]) -> Hashable:
        if t.kind == "neg":
            return signed(args[0])
        if t.kind in ("add", "sub"):
            second = [signed(a) if t.kind == "sub" else a for a in terms(args[1])]
            return "sum", frozenset([*terms(args[0]), *second])
        return t.kind, t.name, str(t.value), tuple(args)

    return fold(tree, visit)
