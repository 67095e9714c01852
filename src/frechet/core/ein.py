"""The smart constructor of products. Every product in frechet is made here.

`ein(coef, factors, out, dims)` inlines products into products, unifies indices where an inner output repeats one,
merges equal factors by adding exponents, cancels a matrix against its inverse, turns a sum over an index that no
factor has into a size, splits scalars off, and gives the result its canonical label.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from frechet.core.cancel import absorb, cancel_pairs
from frechet.core.dims import Dim
from frechet.core.dims import Size as Dims
from frechet.core.facts import is_nonnegative, is_positive, settled_power, triangle
from frechet.core.label import canonical
from frechet.core.node import Call, Ein, Factor, Indices, Mask, Node, Number, Size, Unit, raw_ein, size_node
from frechet.core.numbers import rational_power, simple
from frechet.core.picks import merge_picks

# Products longer than this keep inner products as factors: without it a chain of 100 layers is flattened into one
# product for every layer (quadratic work, and canonical labels of hundreds of factors).
INLINE_BUDGET = 10


def constant(value: Number, dims: Dims = ()) -> Ein:
    """`value` in every entry."""
    if value == 0:
        return zero(dims)
    n = tuple(range(len(dims)))
    return raw_ein(simple(value), (), n, dims)


def zero(dims: Dims) -> Ein:
    """The one zero of these dims."""
    return raw_ein(0, (), tuple(range(len(dims))), dims)


def is_zero(node: Node) -> bool:
    return isinstance(node, Ein) and node.coef == 0


def split_coef(node: Node) -> tuple[Number, Node]:
    """node = coef * core, core with coefficient one."""
    if isinstance(node, Ein) and node.coef != 1 and node.coef != 0:
        if len(node.factors) == 1:
            inner, idx, e = node.factors[0]
            if e == 1 and idx == node.out and len(set(idx)) == len(idx):
                return node.coef, inner
        return node.coef, raw_ein(1, node.factors, node.out, node.index_dims)
    return 1, node


def scale(node: Node, coef: Number) -> Node:
    """coef * node."""
    coef = simple(coef)
    if coef == 1:
        return node
    if coef == 0:
        return zero(node.dims)
    if isinstance(node, Ein):
        if node.coef * coef == 1:
            return split_coef(node)[1]
        return raw_ein(simple(node.coef * coef), node.factors, node.out, node.index_dims)
    n = tuple(range(node.order))
    return raw_ein(coef, ((node, n, 1),), n, node.dims)


def permute(node: Node, axes: Sequence[int]) -> Node:
    """Axis k of the result is axis axes[k] of the node."""
    if tuple(axes) == tuple(range(node.order)):
        return node
    return ein(1, [(node, tuple(range(node.order)), 1)], tuple(axes), dict(enumerate(node.dims)))


def transpose(node: Node) -> Node:
    """The transpose of a node of order two (remembered: orientation is asked for often)."""
    if node.symmetric:
        return node
    if node._transpose is None:
        node._transpose = permute(node, (1, 0))
    return node._transpose


def is_symmetric(node: Node) -> bool:
    """Equal to its own transpose, as far as the canonical form shows."""
    return node.symmetric or (node.order == 2 and node.dims[0] == node.dims[1] and transpose(node) is node)


class _Product:
    """The product while it is being put together."""

    def __init__(self, coef: Number, out: Sequence[int], dims: Mapping[int, Dim]) -> None:
        self.coef = coef
        self.out = tuple(out)
        self.dims: dict[int, Dim] = dict(dims)
        self.factors: list[Factor] = []
        self.parent: dict[int, int] = {}
        self.fresh = max(self.dims, default=-1) + 1
        self.vanished = False
        self.merged = False

    def find(self, i: int) -> int:
        while i in self.parent:
            i = self.parent[i]
        return i

    def unify(self, i: int, j: int) -> None:
        i, j = self.find(i), self.find(j)
        if i != j:
            self.parent[max(i, j)] = min(i, j)

    def flatten(self, factors: Iterable[Factor]) -> None:
        """Inline inner products, taking their coefficients out."""
        stack = list(factors)
        room = INLINE_BUDGET - len(stack)
        stack.reverse()
        waiting: list[Factor] = []
        while stack or waiting:
            if not stack:
                # A contraction stays whole where another power of it stands on the same indices, to merge with it.
                node, idx, e = waiting.pop()
                grown = len(node.factors) - 1 if isinstance(node, Ein) else 0
                partner = any(n is node and i == idx for n, i, _ in self.factors)
                if partner or grown > room:
                    self.factors.append((node, idx, e))
                else:
                    room -= max(grown, 0)
                    stack.extend(reversed(self._opened(node, idx, e)))
                continue
            node, idx, e = stack.pop()
            if e == 0:
                continue
            if not isinstance(node, Ein):
                self.factors.append((node, idx, e))
                continue
            if node.coef == 0:
                rational_power(0, e)  # refuses 0^-1
                self.vanished = True
                return
            if node.coef != 1:
                self._take_coef(node, idx, e, stack)
                continue
            grown = len(node.factors) - 1
            if node.contracts and node.out and e == 1:
                waiting.append((node, idx, e))
            elif self._opens(node, e) and (grown <= 0 or grown <= room):
                room -= max(grown, 0)
                stack.extend(reversed(self._opened(node, idx, e)))
            elif e != 1 and any(_is_root(f[0]) for f in node.factors):
                stack.append((self._without_roots(node, e), idx, e))
            else:
                self.factors.append((node, idx, e))

    def _without_roots(self, node: Ein, e: Number) -> Node:
        """The roots of numbers in a product that is raised to a power moved out of it: (2^(1/2) u)^2 = 2 u^2."""
        self.factors += [(n, (), simple(p * e)) for n, _, p in node.factors if _is_root(n)]
        others = [f for f in node.factors if not _is_root(f[0])]
        return ein(1, others, node.out, dict(enumerate(node.index_dims)))

    def _take_coef(self, node: Ein, idx: Indices, e: Number, stack: list[Factor]) -> None:
        """Move the power of an inner coefficient out; under a fractional power the sign has to stay inside."""
        if node.coef > 0 or e == int(e) or node.is_number:
            outer, rest = rational_power(node.coef, e)
            stack.append((split_coef(node)[1], idx, e))
        else:
            outer, rest = rational_power(-node.coef, e)
            self.factors.append((scale(node, rational_power(-node.coef, -1)[0]), idx, e))
        self.coef *= outer
        self.factors += [(constant(base), (), p) for base, p in rest]

    def _opens(self, node: Ein, e: Number) -> bool:
        """Whether the factors of an inner product may stand in this one."""
        if not node.factors and not node.out:
            return True
        if not node.out and node.contracts:
            return False  # a contracted scalar stays one factor, so that equal ones merge
        if e == 1:
            return True
        if node.contracts or (e < 0 and len(set(node.out)) < len(node.out)):
            return False
        if e == int(e):
            return True
        # (a b)^(1/2) splits when at most one sign is open; (x^2)^(1/2) is |x|, not x.
        unknown = [f for f in node.factors if not is_positive(f[0])]
        return len(unknown) <= 1 and all(f[2] % 2 != 0 or is_nonnegative(f[0]) for f in unknown)

    def _opened(self, node: Node, idx: Indices, e: Number) -> list[Factor]:
        assert isinstance(node, Ein)
        name: dict[int, int] = {}
        for place, i in enumerate(node.out):
            if i in name:
                self.unify(name[i], idx[place])
            else:
                name[i] = idx[place]
        for i, dim in enumerate(node.index_dims):
            if i not in name:
                name[i] = self.fresh
                self.dims[self.fresh] = dim
                self.fresh += 1
        if e == 1:
            return [(n, tuple([name[i] for i in x]), p) for n, x, p in node.factors]
        return [(n, tuple([name[i] for i in x]), simple(p * e)) for n, x, p in node.factors]

    def merge(self) -> None:
        """Rename unified indices and add up the exponents of equal factors."""
        if self.parent:
            self.out = tuple([self.find(i) for i in self.out])
        powers: dict[tuple[Node, Indices], Number] = {}
        for node, idx, e in self.factors:
            if self.parent:
                idx = tuple([self.find(i) for i in idx])
            if node.symmetric and idx[0] > idx[1]:
                idx = (idx[1], idx[0])
            if isinstance(node, Mask) and idx[0] == idx[1]:
                if node.offset > 0:
                    self.vanished = True
                continue
            old = powers.get((node, idx), 0)
            if old and isinstance(node, Ein):
                self.merged = True
            powers[node, idx] = settled_power(node, simple(old + e))
        self.merged |= absorb(powers, transpose)
        self.factors = []
        at: dict[int, Unit] = {}
        for (node, idx), e in powers.items():
            if isinstance(node, Unit) and at.setdefault(idx[0], node) is not node:
                self.vanished = True
            if e == 0:
                continue
            if isinstance(node, Ein) and node.is_number:
                outer, rest = rational_power(node.coef, e)
                self.coef *= outer
                self.factors += [(constant(base), (), p) for base, p in rest]
            else:
                self.factors.append((node, idx, e))

    def triangles(self) -> bool:
        """A triangle of ones beside a triangular matrix: the same triangle changes nothing, the other one leaves the
        diagonal. Says whether there was one."""
        for factor in self.factors:
            mask, (i, j), _ = factor if isinstance(factor[0], Mask) else (factor[0], (0, 0), 0)
            if not isinstance(mask, Mask) or mask.offset:
                continue
            for node, idx, e in self.factors:
                known = triangle(node) if e > 0 and len(idx) == 2 and set(idx) == {i, j} else ""
                if known:
                    self.factors.remove(factor)
                    if (idx == (i, j)) != (known == "lower"):
                        self.unify(i, j)
                    return True
        return False

    def reopen(self) -> None:
        """A product that came back to the power one by merging is opened like any other."""
        factors, self.factors = self.factors, []
        self.flatten(factors)
        self.merge()

    def degrees(self) -> dict[int, int]:
        """How often each index stands in factors and output."""
        count: dict[int, int] = dict.fromkeys(self.out, 0)
        for i in self.out:
            count[i] += 1
        for _, idx, _ in self.factors:
            for i in idx:
                count[i] = count.get(i, 0) + 1
        return count

    def sum_lonely(self) -> None:
        """A sum over an index that no factor has is its size; a unit vector summed alone is one."""
        count = self.degrees()
        kept: list[Factor] = []
        for factor in self.factors:
            if _sums_to_one(factor) and count[factor[1][0]] == 1:
                continue
            kept.append(factor)
        gone = {self.find(i) for i in self.dims} - set(count)
        powers: dict[str, int] = {}
        for i in gone:
            dim = self.dims[i]
            if isinstance(dim, int):
                self.coef *= dim
            else:
                powers[dim] = powers.get(dim, 0) + 1
        if not powers:
            self.factors = kept
            return
        merged: list[Factor] = []
        for node, idx, e in kept:
            total = e + powers.pop(node.name, 0) if isinstance(node, Size) else e
            if total != 0:
                merged.append((node, idx, total))
        self.factors = merged + [(size_node(name), (), k) for name, k in powers.items()]

    def split_scalars(self) -> bool:
        """Make each connected group of summed factors one scalar factor; say whether there was one to merge."""
        outside = set(self.out)
        group: dict[int, int] = {}

        def root(i: int) -> int:
            while i in group:
                i = group[i]
            return i

        for _, idx, _ in self.factors:
            for i in idx[1:]:
                a, b = root(idx[0]), root(i)
                if a != b:
                    group[b] = a
        touching = {root(i) for i in outside}
        scalars: dict[int, list[Factor]] = {}
        kept: list[Factor] = []
        for factor in self.factors:
            idx = factor[1]
            if idx and root(idx[0]) not in touching:
                scalars.setdefault(root(idx[0]), []).append(factor)
            else:
                kept.append(factor)
        if not scalars or (len(scalars) == 1 and not kept and not self.out):
            return False
        self.factors = kept
        for parts in scalars.values():
            self.factors.append((_labelled(1, parts, (), self.dims), (), 1))
        return True


def _is_root(node: Node) -> bool:
    """A positive number that stands as a factor, because a root of it is no fraction."""
    return isinstance(node, Ein) and node.is_number and node.coef > 0


def _sums_to_one(factor: Factor) -> bool:
    """A vector whose entries add up to one: a basis vector, a softmax."""
    node, idx, e = factor
    if isinstance(node, Unit):
        return True
    return isinstance(node, Call) and node.operation.sums_to_one and len(idx) == 1 and e == 1


def _labelled(coef: Number, factors: Sequence[Factor], out: Sequence[int], dims: Mapping[int, Dim]) -> Ein:
    labelled, new_out, sizes = canonical(factors, out, dict(dims))
    return raw_ein(simple(coef), labelled, new_out, sizes)


def ein(coef: Number, factors: Iterable[Factor], out: Sequence[int], dims: Mapping[int, Dim]) -> Node:
    """coef * sum over the indices of `dims` not in `out` of the product of node[idx] ** exponent.

    `dims` gives the size of every index, also of those that no factor has.
    """
    p = _Product(coef, out, dims)
    out_dims = tuple([dims[i] for i in out])
    if coef == 0:
        return zero(out_dims)
    p.flatten(factors)
    if p.vanished:
        return zero(out_dims)
    p.merge()
    if p.merged and not p.vanished:
        p.reopen()
    while not p.vanished and (p.triangles() or merge_picks(p) or cancel_pairs(p)):
        p.merge()
    if p.vanished or p.coef == 0:
        return zero(out_dims)
    p.sum_lonely()
    if p.split_scalars():
        p.merge()
    if p.vanished or p.coef == 0:
        return zero(out_dims)
    if len(p.factors) == 1:
        node, idx, e = p.factors[0]
        if e == 1 and len(set(idx)) == len(idx) and idx in ((p.out, p.out[::-1]) if node.symmetric else (p.out,)):
            return scale(node, simple(p.coef))
    return _labelled(p.coef, p.factors, p.out, p.dims)


def elementwise_power(node: Node, exponent: Number) -> Node:
    """node .^ exponent."""
    exponent = simple(exponent)
    if exponent == 1:
        return node
    n = tuple(range(node.order))
    if exponent == 0:
        return constant(1, node.dims)
    return ein(1, [(node, n, exponent)], n, dict(enumerate(node.dims)))


def product(*nodes: Node) -> Node:
    """Elementwise product of nodes of the same dims; scalars go with anything."""
    dims = next((n.dims for n in nodes if n.order), ())
    n = tuple(range(len(dims)))
    return ein(1, [(node, n if node.order else (), 1) for node in nodes], n, dict(enumerate(dims)))
