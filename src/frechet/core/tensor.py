"""Handles in which the rules of operations are written: a node and how its axes group into rows and columns.

A scalar has no group, a vector one, a matrix two. A group may hold several axes (the rows of kron(A, B)) or none
(a scalar where a matrix is expected), so a rule written for matrices holds for all of them.
"""

from __future__ import annotations

from fractions import Fraction

from frechet.core.build import add
from frechet.core.dims import Dim
from frechet.core.dims import Size as Dims
from frechet.core.ein import constant, ein, elementwise_power, scale
from frechet.core.node import Node, Number

Groups = tuple[Dims, ...]


class Tensor:
    """A node with grouped axes. `+ - * / **` act entry by entry; a scalar goes with anything."""

    __slots__ = ("groups", "node")

    def __init__(self, node: Node, groups: Groups) -> None:
        self.node = node
        self.groups = groups

    def like(self, node: Node) -> Tensor:
        return Tensor(node, self.groups)

    def __add__(self, other: Tensor | Number) -> Tensor:
        a, b = self._matched(other)
        return Tensor(add([(1, a.node), (1, b.node)], a.node.dims), a.groups)

    __radd__ = __add__

    def __neg__(self) -> Tensor:
        return self.like(scale(self.node, -1))

    def __sub__(self, other: Tensor | Number) -> Tensor:
        return self + (-other)

    def __rsub__(self, other: Tensor | Number) -> Tensor:
        return (-self) + other

    def __mul__(self, other: Tensor | Number) -> Tensor:
        if not isinstance(other, Tensor):
            return self.like(scale(self.node, other))
        big, small = (self, other) if self.node.order >= other.node.order else (other, self)
        n = tuple(range(big.node.order))
        m = n if small.node.order else ()
        product = ein(1, [(big.node, n, 1), (small.node, m, 1)], n, dict(enumerate(big.node.dims)))
        return Tensor(product, big.groups)

    __rmul__ = __mul__

    def __truediv__(self, other: Tensor | Number) -> Tensor:
        return self * (other**-1 if isinstance(other, Tensor) else Fraction(1) / Fraction(other))

    def __rtruediv__(self, other: Number) -> Tensor:
        return self**-1 * other

    def __pow__(self, exponent: Number) -> Tensor:
        return self.like(elementwise_power(self.node, exponent))

    @property
    def T(self) -> Tensor:
        """The transpose of a matrix."""
        return contract("ij->ji", self)

    def _matched(self, other: Tensor | Number) -> tuple[Tensor, Tensor]:
        """Both operands with the same axes: a scalar is repeated in every entry."""
        if not isinstance(other, Tensor):
            return self, self.like(constant(other, self.node.dims))
        if self.node.order == other.node.order:
            return self, other
        big, small = (self, other) if self.node.order else (other, self)
        n = tuple(range(big.node.order))
        repeated = ein(1, [(small.node, (), 1)], n, dict(enumerate(big.node.dims)))
        return big, big.like(repeated)


def scalar(value: Number) -> Tensor:
    return Tensor(constant(value), ())


def contract(spec: str, *operands: Tensor, sizes: dict[str, Dims] | None = None) -> Tensor:
    """Einsum over groups: `contract("ij,jk->ik", A, B)`. A letter of the output that no operand has repeats the
    result along `sizes[letter]`; a letter may occur twice in the output (a diagonal)."""
    left, _, right = spec.partition("->")
    group: dict[str, Dims] = dict(sizes or {})
    terms = left.split(",") if operands else []
    for term, operand in zip(terms, operands, strict=True):
        for letter, dims in zip(term, operand.groups, strict=True):
            group[letter] = dims
    index: dict[str, tuple[int, ...]] = {}
    size: dict[int, Dim] = {}
    for letter, dims in group.items():
        index[letter] = tuple(range(len(size), len(size) + len(dims)))
        size.update(zip(index[letter], dims, strict=True))
    factors = [(o.node, tuple(i for c in term for i in index[c]), 1) for term, o in zip(terms, operands, strict=True)]
    out = tuple(i for c in right for i in index[c])
    return Tensor(ein(1, factors, out, size), tuple(group[c] for c in right))
