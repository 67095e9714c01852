"""The pieces of a product: what its factors are once indices are seen as rows and columns.

A matrix piece is a chain of matrices between two indices; a vector piece is an entrywise product on one index; what
has no index is a scalar. Unit vectors hold an index at one position, so that the other factors become entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from frechet.core.dims import SCALAR, Shape
from frechet.core.ein import elementwise_power
from frechet.core.node import Ein, Mask, Node, Number, Unit
from frechet.core.numbers import rational_power, simple
from frechet.language.tree import Tree
from frechet.notation.term import Scalars, Term, joined, written

if TYPE_CHECKING:
    from frechet.notation.writer import Writer


class UnwritableError(Exception):
    """This product has no matrix notation."""


@dataclass(slots=True)
class Mat:
    """A chain of matrices from index `row` to index `col`."""

    chain: tuple[Tree, ...]
    row: int
    col: int


# A vector on an index: entrywise product of chains, each with its exponent.
Vec = list[tuple[tuple[Tree, ...], Number]]


class Pieces:
    """The factors of one product, read as scalars, vectors on an index and matrices on two."""

    def __init__(self, writer: Writer, node: Ein, out: Sequence[int]) -> None:
        self.w, self.page = writer, writer.page
        self.out = tuple(out)
        self.dims = dict(enumerate(node.index_dims))
        self.sizes = {i: writer.size(d) for i, d in self.dims.items()}
        self.coef: Number = node.coef
        self.scalars: Scalars = ()
        self.vecs: dict[int, Vec] = {}
        self.mats: list[Mat] = []
        self.masks: list[tuple[Mask, int, int]] = []
        self.fixed = {idx[0]: n.position for n, idx, _ in node.factors if isinstance(n, Unit)}
        for base, idx, e in node.factors:
            if not isinstance(base, Unit):
                self._take(base, idx, e)
        for i, position in self.fixed.items():
            if i in self.out:
                self.vecs.setdefault(i, []).append(((self.page.unit(position, self.dims[i]),), 1))

    # -- reading the factors ---------------------------------------------------------------------------------------

    def _take(self, base: Node, idx: tuple[int, ...], e: Number) -> None:
        if isinstance(base, Mask) and not any(i in self.fixed for i in idx):
            self.masks.append((base, idx[0], idx[1]))
        elif base.order == 0:
            self._take_scalar(base, e)
        elif base.order > 2 or len(self.w.sides(base)) > 2:
            raise UnwritableError
        else:
            chain = self._powered(base, e)
            places = [self.fixed.get(i) for i in idx]
            if any(p is not None for p in places):
                self._take_entry(chain, idx, places)
            elif base.order == 1:
                self.vecs.setdefault(idx[0], []).append(chain)
            else:
                tree = chain[0] if chain[1] == 1 else (self._tree(chain),)
                self.mats.append(Mat(tree, idx[0], idx[1]))

    def _take_scalar(self, base: Node, e: Number) -> None:
        rooted = e != int(e) or base not in self.w.origins
        root = self.w.user_form(elementwise_power(base, Fraction(1, 2))) if rooted else None
        if root is not None and root[0] == 1:
            self.scalars = joined(self.scalars, ((root[1], simple(2 * Fraction(e))),))
            return
        term = self.w.term(base)
        if e == int(e):
            self.coef = simple(self.coef * rational_power(term.coef, int(e))[0])
            self.scalars = joined(self.scalars, tuple((t, simple(p * e)) for t, p in term.scalars))
        else:
            self.scalars = joined(self.scalars, ((written(self.page, self._rooted(term, e)), e),))

    def _rooted(self, term: Term, e: Number) -> Term:
        """Take the number out from under a root, where its root is rational: (64*v)^(1/2) = 8*v^(1/2)."""
        if term.coef <= 0:
            return term
        outer, rest = rational_power(term.coef, e)
        if rest:
            return term
        self.coef = simple(self.coef * outer)
        return replace(term, coef=1)

    def _powered(self, base: Node, e: Number) -> tuple[tuple[Tree, ...], Number]:
        """The factor as a chain and the exponent still to be applied."""
        term = self.w.term(base)
        if e == int(e) and (e == 1 or len(term.chain) == 1):
            self.coef = simple(self.coef * rational_power(term.coef, int(e))[0])
            self.scalars = joined(self.scalars, tuple((t, simple(p * e)) for t, p in term.scalars))
            return term.chain, e
        return (written(self.page, self._rooted(term, e)),), e

    def _take_entry(self, chain: tuple[tuple[Tree, ...], Number], idx: tuple[int, ...], at: list[int | None]) -> None:
        """A factor with an index held at one position: an entry, a row or a column of it."""
        whole = self.page.chain(chain[0])
        places = tuple(None if p is None else p + 1 for p in at)
        rows, cols = whole.typed
        left = [side for side, p in zip((rows, cols), at, strict=False) if p is None]
        shape = SCALAR if not left else Shape(rows) if at[0] is None else Shape((), cols)
        part = self.page.make("index", [whole], value=places, shape=shape)
        if shape.is_scalar:
            self.scalars = joined(self.scalars, ((part, chain[1]),))
        elif shape.is_row:
            self.vecs.setdefault(idx[1], []).append(((self.page.flip(part),), chain[1]))
        else:
            self.vecs.setdefault(idx[0], []).append(((part,), chain[1]))

    # -- writing vectors -------------------------------------------------------------------------------------------

    def _tree(self, item: tuple[tuple[Tree, ...], Number]) -> Tree:
        chain, e = item
        tree = self.page.chain(chain)
        if e > 0:
            return self.page.power(tree, e)
        return self.page.dotdiv(self.page.number(1), self.page.power(tree, -e))

    def column(self, vec: Vec) -> tuple[Tree, ...]:
        """A vector as a chain."""
        if len(vec) == 1 and vec[0][1] == 1:
            return vec[0][0]
        up = [self._tree((c, e)) for c, e in vec if e > 0]
        down = [self._tree((c, -e)) for c, e in vec if e < 0]
        key = self.page.length
        top = self.page.dotmul(sorted(up, key=key)) if up else self.page.number(1)
        return (self.page.dotdiv(top, self.page.dotmul(sorted(down, key=key))) if down else top,)

    def _row(self, vec: Vec) -> tuple[Tree, ...]:
        return self.page.flip_chain(self.column(vec))

    def _long(self, chain: Sequence[Tree]) -> int:
        return sum(map(self.page.length, chain)) + len(chain)
