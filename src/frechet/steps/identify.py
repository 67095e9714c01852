"""From df to the derivative: what stands around dX is moved to the other side, until df = <G, dX> or dF = J*dx.

A term is <W, E>: E holds the direction, W everything already moved. Each move is the adjoint of the outermost
operation of E, <W, A*E> = <A'*W, E>; written out it is the cyclic property of the trace, the transpose of a scalar,
the diagonal of a product. For a vector-valued map the term is M*E and M collects from the right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from frechet.calculus.reverse import reverse
from frechet.core.dims import Shape
from frechet.language.tree import Tree
from frechet.steps.algebra import Algebra
from frechet.steps.board import Board
from frechet.steps.differential import Differentials
from frechet.steps.pushforward import ARGUMENTS, WEIGHT, pairing


@dataclass(frozen=True, slots=True)
class Item:
    """<W, E>, or with `vector` the product W*E; W None is the number 1."""

    W: Tree | None
    E: Tree
    vector: bool = False


Moved = tuple[str, list[Item]]
MOST_TERMS = 200


class Identifier:
    """Moves terms until only the direction stands beside the weights."""

    def __init__(self, board: Board, differentials: Differentials) -> None:
        self.board = board
        self.page = board.page
        self.algebra = Algebra(board.page)
        self.differentials = differentials

    def terms(
        self, line: Tree, *, vector: bool = False, seen: Callable[[str, list[Item]], bool] | None = None
    ) -> list[Item] | None:
        """All terms of a line moved until only directions stand beside the weights; None where one cannot be moved.
        `seen` is told of every move and says whether to go on."""
        items = [Item(None, line, vector)]
        while True:
            at = next((k for k, i in enumerate(items) if not self.finished(i)), None)
            if at is None:
                return items
            moved = self.move(items[at])
            if moved is None or len(items) > MOST_TERMS:
                return None
            items[at : at + 1] = moved[1]
            if seen is not None and not seen(moved[0], items):
                return None

    # -- showing ---------------------------------------------------------------------------------------------------

    def shown(self, items: list[Item]) -> Tree:
        return self.algebra.add([self.show(i) for i in items])

    def show(self, item: Item) -> Tree:
        if item.vector:
            return item.E if item.W is None else self.algebra.times(item.W, item.E)
        W = item.W if item.W is not None else self.page.number(1)
        return self.algebra.inner(W, item.E)

    def finished(self, item: Item) -> bool:
        E = item.E
        # An entry of the direction is as good as the direction: c*dx[2] is read off as it stands.
        inside = E.args[0] if E.kind == "index" and E.typed.is_scalar else E
        return any(inside is direction for direction in self.board.directions)

    # -- scalars: <W, E> -------------------------------------------------------------------------------------------

    def move(self, item: Item) -> Moved | None:
        """One move of one term; None where none is known."""
        if item.vector:
            return self._move_vector(item)
        W = item.W if item.W is not None else self.page.number(1)
        E, algebra = item.E, self.algebra
        if E.kind == "neg":
            return "R-distribute", [Item(algebra.neg(W), E.args[0])]
        if E.kind in ("add", "sub") and E.args[0].typed == E.args[1].typed:
            second = W if E.kind == "add" else algebra.neg(W)
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
            return "R-hadamard-move", [Item(algebra.dotdivide(W, E.args[1]), E.args[0])]
        return self._adjoint(W, E)

    def _move_product(self, W: Tree, E: Tree) -> Moved:
        a, b = E.args
        algebra = self.algebra
        first = self.board.moves(a)
        moving, still = (a, b) if first else (b, a)
        if still.typed.is_scalar:
            return "R-scalar-out", [Item(algebra.times(still, W), moving)]
        if moving.typed.is_scalar:
            return "R-scalar-out", [Item(algebra.inner(W, still), moving)]
        if first:
            return "R-trace-cyclic", [Item(algebra.times(W, algebra.flip(b)), a)]
        rule = "R-transpose-product" if E.typed.is_column else "R-trace-cyclic"
        return rule, [Item(algebra.times(algebra.flip(a), W), b)]

    def _adjoint(self, W: Tree, E: Tree) -> Moved | None:
        """<W, f(u)> = <f*(W), u> for a linear f."""
        places = [k for k, a in enumerate(E.args) if self.board.moves(a)]
        law = None
        if len(places) == 1 and places[0] < len(ARGUMENTS):
            law = self.differentials.placeholders.adjoint(E, places[0])
        if law is None:
            return self._whole_adjoint(W, E)
        k = places[0]
        values = {ARGUMENTS[i]: a for i, a in enumerate(E.args) if i < len(ARGUMENTS)}
        values[WEIGHT] = W
        found = self.differentials.fill(law, values)
        if E.args[k].typed.is_row and not found.typed.is_row:
            found = self.algebra.flip(found)
        rule = {"tr": "R-trace-inner", "sum": "R-sum-inner", "diag": "R-trace-diag"}.get(E.name, "R-adjoint")
        return rule, [Item(found, E.args[k])]

    # -- vectors: M*E ----------------------------------------------------------------------------------------------

    def _move_vector(self, item: Item) -> Moved | None:
        """One move of M*E for a column or scalar E; M is the number 1 where nothing has been moved yet."""
        E, page, algebra = item.E, self.page, self.algebra
        M = item.W if item.W is not None else page.number(1)
        if E.kind == "neg":
            return "R-distribute", [Item(algebra.neg(M), E.args[0], True)]
        if E.kind in ("add", "sub") and E.args[0].typed == E.args[1].typed:
            second = M if E.kind == "add" else algebra.neg(M)
            return "R-distribute", [Item(M, E.args[0], True), Item(second, E.args[1], True)]
        if E.kind == "div" and not self.board.moves(E.args[1]):
            return "R-scalar-out", [Item(algebra.divide(M, E.args[1]), E.args[0], True)]
        if E.kind == "transpose" and E.args[0].kind != "name":
            flipped = algebra.flip(page.flip(E.args[0]))
            if flipped is not E and flipped.kind != "transpose":
                return "R-transpose-product", [Item(M, flipped, True)]
        if E.kind == "mul":
            return self._vector_product(M, E)
        if E.kind == "dotmul" and E.args[0].typed == E.args[1].typed and E.typed.is_column:
            a, b = E.args if self.board.moves(E.args[1]) else reversed(E.args)
            return "R-diag", [Item(algebra.times(M, self._diag(a)), b, True)]
        if E.kind == "dotdiv" and not self.board.moves(E.args[1]) and E.typed.is_column and E.args[0].typed == E.typed:
            one = page.dotdiv(page.number(1), E.args[1])
            return "R-diag", [Item(algebra.times(M, self._diag(one)), E.args[0], True)]
        return self._read_off(M, E)

    def _diag(self, v: Tree) -> Tree:
        """diag(v), scalars outside."""
        scalars, chain = self.algebra.parts(v)
        square = Shape(v.typed.rows, v.typed.rows)
        return self.algebra.product([*scalars, self.page.diag(self.algebra.product(chain), square)])

    def _vector_product(self, M: Tree, E: Tree) -> Moved | None:
        """L*u*R for the one factor u that moves: u goes to the end."""
        algebra = self.algebra
        factors = algebra.links(E)
        at = next(k for k, f in enumerate(factors) if self.board.moves(f))
        left, u, right = factors[:at], factors[at], factors[at + 1 :]
        before = algebra.times(M, algebra.product(left)) if left else M
        after = algebra.product(right) if right else None
        if after is None:
            return ("R-scalar-out" if before.typed.is_scalar else "R-linear-map"), [Item(before, u, True)]
        if u.typed.is_scalar:
            return "R-scalar-right", [Item(algebra.times(before, after), u, True)]
        if after.typed.is_scalar:
            return "R-scalar-out", [Item(algebra.times(after, before), u, True)]
        if u.typed.is_row and after.typed.is_column:
            return "R-transpose-scalar", [Item(algebra.times(before, algebra.flip(after)), algebra.flip(u), True)]
        if u.typed.is_matrix and after.typed.is_column:
            return self._matrix_inside(before, u, after)
        return self._read_off(M, E)

    def _matrix_inside(self, M: Tree, u: Tree, after: Tree) -> Moved | None:
        """M*u*v for a moving matrix u: diag(e)*v = v.*e; sums are multiplied out."""
        algebra = self.algebra
        if u.kind in ("add", "sub") and u.args[0].typed == u.args[1].typed:
            a, b = (Item(M, algebra.times(e, after), True) for e in u.args)
            return "R-distribute", [a, b if u.kind == "add" else Item(self.algebra.neg(M), b.E, True)]
        if u.kind == "neg":
            return "R-distribute", [Item(self.algebra.neg(M), algebra.times(u.args[0], after), True)]
        if u.kind == "call" and u.name == "diag" and u.args[0].typed.is_column:
            return "R-diag", [Item(algebra.times(M, self._diag(after)), u.args[0], True)]
        return self._read_off(M, self.page.make("mul", [u, after], shape=Shape(u.typed.rows)))

    # -- what no rule in words moves -------------------------------------------------------------------------------

    def _read_off(self, M: Tree, E: Tree) -> Moved | None:
        """The matrix of the linear map dX -> E, read off by the calculus."""
        items = []
        split = len(E.typed.axes)
        for by in self.board.moving(E):
            if not by.direction.typed.is_column and not by.direction.typed.is_scalar:
                return None
            node = reverse(self.board.node(E), by.direction_node)
            found = self.board.write(node, Shape(node.dims[:split], node.dims[split:]))
            if found is None:
                return None
            if E.typed.is_scalar:
                found = self.page.flip(found)
            items.append(Item(self.algebra.times(M, found), by.direction, True))
        composite = len(E.typed.axes) > 1 or any(len(v.direction.typed.axes) > 1 for v in self.board.moving(E))
        scalar = all(v.direction.typed.is_scalar for v in self.board.moving(E))
        return "R-coefficient" if scalar else "R-vec-kron" if composite else "R-matrix-of-map", items

    def _whole_adjoint(self, W: Tree, E: Tree) -> Moved | None:
        """The weights of the directions in <W, E>, found by the calculus."""
        items = []
        for by in self.board.moving(E):
            weight = reverse(pairing(self.board.node(W), self.board.node(E)), by.direction_node)
            found = self.board.write(weight, by.direction.typed)
            if found is None:
                return None
            items.append(Item(found, by.direction))
        return "R-adjoint", items
