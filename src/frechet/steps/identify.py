"""From df to the derivative: what stands around dX is moved to the other side, until df = <G, dX> or dF = J*dx.

A term is <W, E>: E holds the direction, W everything already moved. Each move is the adjoint of the outermost
operation of E, <W, A*E> = <A'*W, E>; written out it is the cyclic property of the trace, the transpose of a scalar,
the diagonal of a product. For a vector-valued map the term is M*E and M collects from the right.
"""

from __future__ import annotations

from dataclasses import dataclass

from frechet.language.tree import Tree
from frechet.steps.algebra import Algebra
from frechet.steps.board import Board
from frechet.steps.differential import Differentials
from frechet.steps.pushforward import ARGUMENTS, WEIGHT


@dataclass(frozen=True, slots=True)
class Item:
    """<W, E>, or with `vector` the product W*E (W None is the identity)."""

    W: Tree | None
    E: Tree
    vector: bool = False


Moved = tuple[str, list[Item]]


class Identifier:
    """Moves terms until only the direction stands beside the weights."""

    def __init__(self, board: Board, differentials: Differentials) -> None:
        self.board = board
        self.page = board.page
        self.algebra = Algebra(board.page)
        self.differentials = differentials

    # -- showing ---------------------------------------------------------------------------------------------------

    def shown(self, items: list[Item]) -> Tree:
        return self.algebra.add([self.show(i) for i in items])

    def show(self, item: Item) -> Tree:
        if item.vector:
            return item.E if item.W is None else self.algebra.times(item.W, item.E)
        W = item.W if item.W is not None else self.page.number(1)
        return self.algebra.inner(W, item.E)

    def finished(self, item: Item) -> bool:
        return item.E is self.board.by.direction

    # -- scalars: <W, E> -------------------------------------------------------------------------------------------

    def move(self, item: Item) -> Moved | None:
        """One move of one term; None where none is known."""
        if item.vector:
            return self._move_vector(item)
        W = item.W if item.W is not None else self.page.number(1)
        E, page, algebra = item.E, self.page, self.algebra
        if E.kind == "neg":
            return "R-distribute", [Item(page.neg(W), E.args[0])]
        if E.kind in ("add", "sub") and E.args[0].typed == E.args[1].typed:
            second = W if E.kind == "add" else page.neg(W)
            return "R-distribute", [Item(W, E.args[0]), Item(second, E.args[1])]
        if E.kind == "transpose":
            return "R-trace-transpose", [Item(algebra.flip(W), E.args[0])]
        if E.kind == "div" and not self.board.moves(E.args[1]):
            return "R-scalar-out", [Item(algebra.divide(W, E.args[1]), E.args[0])]
        if E.kind == "mul":
            return self._move_product(W, E)
        if E.kind == "dotmul" and E.args[0].typed == E.args[1].typed:
            a, b = E.args
            if self.board.moves(a):
                return "R-hadamard-move", [Item(algebra.entrywise(W, b), a)]
            return "R-hadamard-move", [Item(algebra.entrywise(a, W), b)]
        if E.kind == "dotdiv" and not self.board.moves(E.args[1]) and E.args[0].typed == E.typed:
            top = page.make("dotdiv", [W, E.args[1]], shape=E.typed)
            return "R-hadamard-move", [Item(top, E.args[0])]
        return self._adjoint(W, E)

    def _move_product(self, W: Tree, E: Tree) -> Moved:
        a, b = E.args
        algebra, page = self.algebra, self.page
        first = self.board.moves(a)
        moving, still = (a, b) if first else (b, a)
        if still.typed.is_scalar:
            return "R-scalar-out", [Item(algebra.times(still, W), moving)]
        if moving.typed.is_scalar:
            return "R-scalar-out", [Item(algebra.inner(W, still), moving)]
        if first:
            return "R-trace-cyclic", [Item(algebra.times(W, algebra.flip(b)), a)]
        return "R-trace-cyclic", [Item(algebra.times(algebra.flip(a), W), b)]

    def _adjoint(self, W: Tree, E: Tree) -> Moved | None:
        """<W, f(u)> = <f*(W), u> for a linear f."""
        places = [k for k, a in enumerate(E.args) if self.board.moves(a)]
        if len(places) != 1 or places[0] >= len(ARGUMENTS):
            return None
        k = places[0]
        law = self.differentials.placeholders.adjoint(E, k)
        if law is None:
            return None
        values = {ARGUMENTS[i]: a for i, a in enumerate(E.args) if i < len(ARGUMENTS)}
        values[WEIGHT] = W
        found = self.differentials.fill(law, values)
        if E.args[k].typed.is_row and not found.typed.is_row:
            found = self.algebra.flip(found)
        rule = {"tr": "R-trace-inner", "sum": "R-sum-inner", "diag": "R-trace-diag"}.get(E.name, "R-adjoint")
        return rule, [Item(found, E.args[k])]

    # -- vectors: M*E ----------------------------------------------------------------------------------------------

    def _move_vector(self, item: Item) -> Moved | None:
        M, E, page, algebra = item.W, item.E, self.page, self.algebra
        if E.kind == "neg":
            M = page.eye(E.typed.rows) if M is None and not E.typed.is_scalar else M
            M = page.number(1) if M is None else M
            return "R-distribute", [Item(page.neg(M), E.args[0], True)]
        if E.kind in ("add", "sub") and E.args[0].typed == E.args[1].typed:
            a, b = (Item(M, e, True) for e in E.args)
            return "R-distribute", [a, b if E.kind == "add" else Item(M, page.neg(b.E), True)]
        if E.kind == "transpose":
            inner = E.args[0]
            flipped = algebra.flip(inner)
            if flipped.kind == "transpose":
                return None
            return "R-transpose-product", [Item(M, flipped, True)]
        if E.kind == "div" and not self.board.moves(E.args[1]):
            left = M if M is not None else page.eye(E.typed.rows)
            return "R-scalar-out", [Item(algebra.divide(left, E.args[1]), E.args[0], True)]
        if E.kind == "mul":
            return self._vector_product(M, E)
        if E.kind == "dotmul" and E.args[0].typed == E.args[1].typed and E.typed.is_column:
            a, b = E.args if self.board.moves(E.args[1]) else reversed(E.args)
            return "R-diag", [Item(self._after(M, self._diag(a)), b, True)]
        if E.kind == "dotdiv" and not self.board.moves(E.args[1]) and E.typed.is_column and E.args[0].typed == E.typed:
            one = page.dotdiv(page.number(1), E.args[1])
            return "R-diag", [Item(self._after(M, self._diag(one)), E.args[0], True)]
        return None

    def _diag(self, v: Tree) -> Tree:
        return self.page.diag(v, type(v.typed)(v.typed.rows, v.typed.rows))

    def _after(self, M: Tree | None, A: Tree) -> Tree:
        return A if M is None else self.algebra.times(M, A)

    def _vector_product(self, M: Tree | None, E: Tree) -> Moved | None:
        a, b = E.args
        first = self.board.moves(a)
        moving, still = (a, b) if first else (b, a)
        if still.typed.is_scalar:
            if M is None:
                M = self.page.number(1) if E.typed.is_scalar else self.page.eye(E.typed.rows)
            return "R-scalar-out", [Item(self.algebra.scale(still, M), moving, True)]
        if moving.typed.is_scalar:
            if not still.typed.is_column:
                return None
            return "R-scalar-right", [Item(self._after(M, still), moving, True)]
        if not first and moving.typed.is_column:
            return "R-linear-map", [Item(self._after(M, a), b, True)]
        if first and E.typed.is_scalar and a.typed.is_row:
            return "R-transpose-scalar", [Item(self._after(M, self.algebra.flip(b)), self.algebra.flip(a), True)]
        return None


