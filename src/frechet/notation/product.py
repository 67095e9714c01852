"""From a product in index form to matrix notation.

Pieces (a chain of matrices and the indices of its rows and columns) are joined until nothing fires: a vector into a
matrix, two matrices on one pair of indices, two matrices end to end, a vector between two matrices as a diagonal, a
lonely index as a sum. What is left has to be the output; if it is not, matrix notation cannot write the product.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from frechet.core.dims import SCALAR, Shape
from frechet.core.node import Ein, Mask, Number
from frechet.language.tree import Tree
from frechet.notation.links import sums_of_triangle
from frechet.notation.pieces import Mat, Pieces, UnwritableError, Vec
from frechet.notation.term import Term, joined

if TYPE_CHECKING:
    from frechet.notation.writer import Writer


class Reduction(Pieces):
    """The moves that join the pieces."""

    # -- moves -----------------------------------------------------------------------------------------------------

    def slots(self) -> dict[int, int]:
        """How many matrix ends each index has."""
        count: dict[int, int] = {}
        for m in self.mats:
            count[m.row] = count.get(m.row, 0) + 1
            count[m.col] = count.get(m.col, 0) + 1
        for _, a, b in self.masks:
            count[a] = count.get(a, 0) + 2
            count[b] = count.get(b, 0) + 2
        return count

    def run(self) -> Term:
        moves: list[Callable[[], bool]] = [
            self._loops, self._mask, self._dots, self._absorb, self._pairs, self._joins, self._diagonals, self._sums,
            self._lone_mask,
        ]  # fmt: skip
        while any(move() for move in moves):
            pass
        return self._finish()

    def _loops(self) -> bool:
        """A matrix with both ends on one index: its trace, or its diagonal as a vector."""
        for m in self.mats:
            if m.row != m.col:
                continue
            self.mats.remove(m)
            alone = m.row not in self.out and m.row not in self.vecs and not self.slots().get(m.row)
            shape = self.page.chain(m.chain).typed
            if alone:
                self._scalar(self._trace(m.chain))
            else:
                diagonal = self.page.diag(self.page.chain(m.chain), Shape(shape.rows))
                self.vecs.setdefault(m.row, []).append(((diagonal,), 1))
            return True
        return False

    def _trace(self, chain: tuple[Tree, ...]) -> Tree:
        """tr of the rotation (or its mirror) that reads shortest; among equals the one in the user's order."""
        turns = [c[k:] + c[:k] for c in (chain, self.page.flip_chain(chain)) for k in range(len(chain))]
        best = min(turns, key=lambda c: (self._long(c), [self.page.place(link) for link in c]))
        return self.page.call("tr", [self.page.chain(best)], SCALAR)

    def _scalar(self, tree: Tree, e: Number = 1) -> None:
        self.scalars = joined(self.scalars, ((tree, e),))

    def _mask(self) -> bool:
        """A triangle takes the matrix on its pair of indices."""
        for k, (mask, a, b) in enumerate(self.masks):
            for m in self.mats:
                if {m.row, m.col} == {a, b}:
                    chain = m.chain if m.row == a else self.page.flip_chain(m.chain)
                    m.chain, m.row, m.col = (self._triangle(mask, self.page.chain(chain)),), a, b
                    del self.masks[k]
                    return True
        for k, (_, a, b) in enumerate(self.masks):
            if not (self.slots().get(a, 0) > 2 or self.slots().get(b, 0) > 2):
                u, v = self.vecs.pop(a, None), self.vecs.pop(b, None)
                ends = [self.column(x) if x else (self.page.ones(Shape(self.sizes[i])),) for x, i in ((u, a), (v, b))]
                if not u and not v:
                    self.mats.append(Mat((self.page.ones(Shape(self.sizes[a], self.sizes[b])),), a, b))
                else:
                    self.mats.append(Mat(ends[0] + self.page.flip_chain(ends[1]), a, b))
                return k >= 0
        return False

    def _lone_mask(self) -> bool:
        """A triangle that no matrix shares is the triangle of ones."""
        if not self.masks:
            return False
        mask, a, b = self.masks.pop()
        ones = self.page.ones(Shape(self.sizes[a], self.sizes[b]))
        self.mats.append(Mat((self._triangle(mask, ones),), a, b))
        return True

    def _triangle(self, mask: Mask, inner: Tree) -> Tree:
        if mask.offset != 0:
            raise UnwritableError
        return self.page.call("tril", [inner], inner.typed)

    def _dots(self) -> bool:
        """A summed index that only vectors have: an inner product or a sum."""
        slots = self.slots()
        for i, vec in self.vecs.items():
            if i not in self.out and not slots.get(i):
                del self.vecs[i]
                self._dot(vec)
                return True
        return False

    def _dot(self, vec: Vec) -> None:
        if len(vec) == 1:
            chain, e = vec[0]
            tree = self.page.chain(chain)
            if e == 2:
                if len(chain) == 1 and tree.kind == "name":
                    self._scalar(self.page.chain([self.page.flip(tree), tree]))
                else:
                    self._scalar(self.page.call("norm2", [tree], SCALAR), 2)
            else:
                self._scalar(self.page.call("sum", [self._tree((chain, e))], SCALAR))
            return
        choices: list[tuple[Tree, ...]] = [(self.page.call("sum", [self.page.chain(self.column(vec))], SCALAR),)]
        for k, (chain, e) in enumerate(vec):
            if e == 1:
                rest = self.column(vec[:k] + vec[k + 1 :])
                choices += [self.page.flip_chain(chain) + rest, self.page.flip_chain(rest) + chain]
        best = min(reversed(choices), key=lambda c: self.page.length(self.page.chain(c)))
        self._scalar(self.page.chain(best))

    def _absorb(self) -> bool:
        """A vector on a summed index with one matrix: M*v."""
        slots = self.slots()
        for i, vec in self.vecs.items():
            if i in self.out or slots.get(i) != 1:
                continue
            m = next(m for m in self.mats if i in (m.row, m.col))
            self.mats.remove(m)
            del self.vecs[i]
            chain, other = (m.chain, m.row) if m.col == i else (self.page.flip_chain(m.chain), m.col)
            self.vecs.setdefault(other, []).append((chain + self.column(vec), 1))
            return True
        return False

    def _pairs(self) -> bool:
        """Two matrices on the same pair of indices."""
        slots = self.slots()
        for k, a in enumerate(self.mats):
            for b in self.mats[k + 1 :]:
                if {a.row, a.col} != {b.row, b.col}:
                    continue
                self.mats = [m for m in self.mats if m is not a and m is not b]
                same = b.chain if (a.row, a.col) == (b.row, b.col) else self.page.flip_chain(b.chain)
                free = [i for i in (a.row, a.col) if i in self.out or i in self.vecs or slots[i] > 2]
                self._pair(a, same, free)
                return True
        return False

    def _pair(self, a: Mat, b: tuple[Tree, ...], free: list[int]) -> None:
        """Both indices summed here: a trace; one of them: a diagonal; none: an entrywise product."""
        left, right = self.page.chain(a.chain), self.page.chain(b)
        hadamard = self.page.dotmul(sorted([left, right], key=self.page.length))
        if not free:
            total = self.page.call("sum", [hadamard], SCALAR)
            self._scalar(min(total, self._trace(a.chain + self.page.flip_chain(b)), key=self.page.length))
        elif len(free) == 1:
            i = free[0]
            rows = a.chain + self.page.flip_chain(b) if i == a.row else self.page.flip_chain(a.chain) + b
            turned = self.page.flip_chain(rows)
            rows = turned if self._long(turned) < self._long(rows) else rows
            diagonal = self.page.diag(self.page.chain(rows), Shape(self.sizes[i]))
            short = min(diagonal, self._summed(hadamard, i == a.row), key=self.page.length)
            self.vecs.setdefault(i, []).append(((short,), 1))
        else:
            self.mats.append(Mat((hadamard,), a.row, a.col))

    def _summed(self, matrix: Tree, over_columns: bool) -> Tree:
        """sum(M, 2) as a column, sum(M, 1)' for the other direction."""
        sums = sums_of_triangle(self.page, matrix, over_columns)
        if sums is not None:
            return sums
        if over_columns:
            return self.page.call("sum", [matrix, self.page.number(2)], Shape(matrix.typed.rows))
        row = self.page.call("sum", [matrix, self.page.number(1)], Shape((), matrix.typed.cols))
        return self.page.flip(row)

    def _joins(self) -> bool:
        """Two matrices end to end on a summed index."""
        slots = self.slots()
        for i, count in slots.items():
            if count != 2 or i in self.out or i in self.vecs:
                continue
            ends = [m for m in self.mats if i in (m.row, m.col)]
            if len(ends) == 2:  # the others end in a triangle that is no matrix yet
                self._join(ends[0], ends[1], i, ())
                return True
        return False

    def _join(self, a: Mat, b: Mat, i: int, between: tuple[Tree, ...]) -> None:
        self.mats = [m for m in self.mats if m is not a and m is not b]
        left, row = (a.chain, a.row) if a.col == i else (self.page.flip_chain(a.chain), a.col)
        right, col = (b.chain, b.col) if b.row == i else (self.page.flip_chain(b.chain), b.row)
        forward = left + between + right
        backward = self.page.flip_chain(forward)
        turn = self._long(backward) < self._long(forward)
        if turn or (self.out and col == self.out[0] and not self._long(backward) > self._long(forward)):
            self.mats.append(Mat(backward, col, row))
        else:
            self.mats.append(Mat(forward, row, col))

    def _diagonals(self) -> bool:
        """A vector between two matrices: A*diag(v)*B."""
        slots = self.slots()
        for i, vec in self.vecs.items():
            if i in self.out or slots.get(i) != 2:
                continue
            ends = [m for m in self.mats if i in (m.row, m.col)]
            if len(ends) == 2:
                del self.vecs[i]
                n = self.sizes[i]
                self._join(ends[0], ends[1], i, (self.page.diag(self.page.chain(self.column(vec)), Shape(n, n)),))
                return True
        return False

    def _sums(self) -> bool:
        """A summed index with one matrix end and nothing else."""
        slots = self.slots()
        for m in self.mats:
            for i, other, over_columns in ((m.col, m.row, True), (m.row, m.col, False)):
                if i in self.out or i in self.vecs or slots[i] != 1:
                    continue
                self.mats.remove(m)
                if other not in self.out and other not in self.vecs and slots[other] == 1:
                    self._total(m.chain)
                    return True
                ones = self.page.ones(Shape(self.sizes[i]))
                matrix = self.page.chain(m.chain)
                chain = m.chain if over_columns else self.page.flip_chain(m.chain)
                short: tuple[Tree, ...] = (self._summed(matrix, over_columns),)
                if len(chain) > 1 and chain[-1].typed.is_matrix:  # A*sum(B, 2) rather than sum(A*B, 2)
                    inner = m.chain[-1] if over_columns else m.chain[0]
                    split = (*chain[:-1], self._summed(inner, over_columns))
                    short = min(split, short, key=self._either_way)
                self.vecs.setdefault(other, []).append((min(short, (*chain, ones), key=self._long), 1))
                return True
        return False

    def _either_way(self, chain: tuple[Tree, ...]) -> int:
        """How long a vector is as a column or as a row."""
        return min(self.page.length(self.page.chain(c)) for c in (chain, self.page.flip_chain(chain)))

    def _total(self, chain: tuple[Tree, ...]) -> None:
        tree = self.page.chain(chain)
        if tree.kind == "dotpow" and tree.args[1].value == 2:
            self._scalar(self.page.call("norm2", [tree.args[0]], SCALAR), 2)
        else:
            self._scalar(self.page.call("sum", [tree], SCALAR))

    # -- the output ------------------------------------------------------------------------------------------------

    def _finish(self) -> Term:
        free = set(self.out)
        if set(self.vecs) - free or len(self.mats) > 1 or self.masks or any({m.row, m.col} != free for m in self.mats):
            raise UnwritableError
        if not self.out:
            return Term(self.coef, self.scalars, (), SCALAR)
        sides = [self.sizes[i] for i in self.out]
        if len(self.out) == 1:
            vec = self.vecs.get(self.out[0])
            chain = self.column(vec) if vec else (self.page.ones(Shape(sides[0])),)
            return Term(self.coef, self.scalars, chain, Shape(sides[0]))
        i, j = self.out
        shape = Shape(sides[0], sides[1])
        if i == j:
            vec = self.vecs.get(i)
            link = self.page.diag(self.page.chain(self.column(vec)), shape) if vec else self.page.eye(sides[0])
            return Term(self.coef, self.scalars, (link,), shape)
        return Term(self.coef, self.scalars, self._matrix(i, j, shape), shape)

    def _matrix(self, i: int, j: int, shape: Shape) -> tuple[Tree, ...]:
        u, v = self.vecs.get(i), self.vecs.get(j)
        if not self.mats:
            if u is None and v is None:
                return (self.page.ones(shape),)
            left = self.column(u) if u else (self.page.ones(Shape(shape.rows)),)
            right = self.column(v) if v else (self.page.ones(Shape(shape.cols)),)
            return left + self.page.flip_chain(right)
        m = self.mats[0]
        chain = m.chain if m.row == i else self.page.flip_chain(m.chain)
        scaled = self._scaled(chain, u, v, shape)
        if scaled is not None:
            return scaled
        if u:
            chain = (self.page.diag(self.page.chain(self.column(u)), Shape(shape.rows, shape.rows)), *chain)
        if v:
            chain = (*chain, self.page.diag(self.page.chain(self.column(v)), Shape(shape.cols, shape.cols)))
        return chain

    def _scaled(self, chain: tuple[Tree, ...], u: Vec | None, v: Vec | None, shape: Shape) -> tuple[Tree, ...] | None:
        """(u*v').*M instead of diag(u)*M*diag(v), where that is shorter."""
        if not u or not v:
            return None
        left, right = self.column(u), self.column(v)
        tree = self.page.dotmul([self.page.chain(left + self.page.flip_chain(right)), self.page.chain(chain)])
        both = self.page.chain([*left, *chain, *right])
        return (tree,) if self.page.length(tree) < self.page.length(both) + 12 else None


def product_term(writer: Writer, node: Ein, flipped: bool = False) -> Term:
    """The product in matrix notation; UnwritableError where there is none."""
    if node.order > 2:
        raise UnwritableError
    if node.is_number:
        return Term(node.coef, (), (), SCALAR)
    out = node.out[::-1] if flipped else node.out
    return Reduction(writer, node, out).run()


__all__ = ["Reduction", "UnwritableError", "product_term"]
