"""Sums of exponentials shifted by their largest exponent, so that nothing overflows: exp(Z)/sum(exp(Z)),
log(sum(p.*exp(Z))), log(p*exp(a) + q*exp(b)), exp(a)/(1 + exp(a) + exp(b)).

With c the largest exponent, exp(Z) = exp(c)*exp(Z - c). Every node that is made of these exponentials is exp(c)^p times
what it is made of the shifted ones, for a power p that adds up in products (`_Shift.powers`). The shift is made where
every such power is used up: p is 0, or the node goes into a logarithm, which gets p*c back. Where one of the terms has
no exponential, c is not negative, and negative powers may be written out as exp(p*c). All of this is exact algebra, and
c takes no part in differentiation, which is over by then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from frechet.core.build import add, apply_map, rebuild
from frechet.core.ein import constant, ein, permute, scale
from frechet.core.facts import is_positive
from frechet.core.node import Add, Call, Ein, Factor, Map, Node, Number, raw_call, topological
from frechet.core.operation import Operation, parse_signature
from frechet.ops import REGISTRY

Axes = tuple[int, ...]
Powers = dict[Node, tuple[Number, Axes]]
"""The power of exp(c) in a node, and where its axes are those of c."""
# Sums that are tried in one program.
MOST = 24
# Less than any exponent, in float32 as well.
LOWEST = -(10**38)


class _Rule:
    """The largest entry along one axis, which `groups` holds; it takes no part in differentiation."""

    def rebuild(self, args: Sequence[Node], groups: Sequence[int]) -> Node:
        return largest(args[0], groups[0])


LARGEST = Operation("largest(X)", parse_signature("(m,n)->(m)"), "opaque", build=lambda X: X, rule=_Rule())


def largest(node: Node, axis: int) -> Call:
    """The largest entries of a node along an axis."""
    dims = tuple(d for k, d in enumerate(node.dims) if k != axis)
    return raw_call(LARGEST, (node,), (axis,), dims, False)


class _NotShiftedError(Exception):
    """A power of exp(c) that nothing uses up."""


def shifted(roots: Sequence[Node]) -> list[Node]:
    """The roots with sums of exponentials in their stable form."""
    roots, tried = list(roots), set[Node]()
    while len(tried) < MOST:
        order = topological(roots)
        if not any(_is_exp(n) for n in order):
            break
        asked = _read(order)
        shift = next((s for n in order if n in asked and n not in tried and (s := _shift_of(n)) is not None), None)
        if shift is None:
            break
        try:
            new = shift.made(order, roots)
        except _NotShiftedError:
            tried.add(shift.total)
        else:
            tried.add(new[shift.total])
            roots = [new[r] for r in roots]
    return roots


def _is_exp(node: Node) -> bool:
    return isinstance(node, Map) and node.operation.name == "exp"


def _read(order: Sequence[Node]) -> set[Node]:
    """Nodes, or products of nodes with numbers and others, that are divided by or have their logarithm taken."""
    found: set[Node] = set()
    for node in order:
        if isinstance(node, Ein):
            found.update(base for base, _, e in node.factors if e < 0)
        elif isinstance(node, Map) and node.operation.name == "log":
            found.add(node.children[0])
    for node in reversed(order):
        if node in found and isinstance(node, Ein):
            found.update(base for base, _, _ in node.factors)
    return found


@dataclass(frozen=True, slots=True)
class _Term:
    """weight .* exp(Z), perhaps summed over one axis of exp(Z): axis j of the sum is axis places[j] of exp(Z)."""

    exp: Map
    places: Axes
    summed: int | None
    factors: tuple[Factor, ...] = ()  # of the weight, by the axes of exp(Z)

    def bound(self, exponent: Node) -> Node:
        """The largest exponent for each entry of the sum."""
        top = exponent if self.summed is None else largest(exponent, self.summed)
        kept = [k for k in range(exponent.order) if k != self.summed]
        return permute(top, [kept.index(k) for k in self.places])


def _term_of(node: Node, order: int) -> _Term | None:
    """A term with one exponential that has all axes of the sum."""
    if _is_exp(node):
        assert isinstance(node, Map)
        return _Term(node, tuple(range(order)), None)
    if not isinstance(node, Ein) or len(set(node.out)) < len(node.out):
        return None
    found = [f for f in node.factors if _is_exp(f[0])]
    if len(found) != 1 or found[0][2] != 1:
        return None
    base, idx, _ = found[0]
    rest = [f for f in node.factors if f is not found[0]]
    gone = [k for k, i in enumerate(idx) if i not in node.out]
    if len(set(idx)) < len(idx) or len(idx) != order + len(gone) or len(gone) > 1 or node.order != order:
        return None
    if any(not set(f[1]) <= set(idx) for f in rest):
        return None
    assert isinstance(base, Map)
    places = tuple(idx.index(i) for i in node.out)
    factors = tuple((b, tuple(idx.index(i) for i in at), e) for b, at, e in rest)
    return _Term(base, places, gone[0] if gone else None, factors)


def _shift_of(node: Node) -> _Shift | None:
    """The shift for a sum along an axis, or of several terms."""
    if isinstance(node, Ein):
        term = _term_of(node, node.order)
        return None if term is None or term.summed is None else _Shift(node, (term,), ())
    if not isinstance(node, Add) or len(node.terms) > MOST:
        return None
    terms, others = [], []
    for c, n in node.terms:
        term = _term_of(n, node.order)
        if term is not None:
            terms.append(term)
        elif any(_is_exp(m) for m in topological([n])):
            return None
        else:
            others.append((c, n))
    exps = [t.exp for t in terms]
    return _Shift(node, tuple(terms), tuple(others)) if exps and len(set(exps)) == len(exps) else None


@dataclass(frozen=True, slots=True)
class _Shift:
    """A sum of exponentials and of other terms, to be shifted by its largest exponent."""

    total: Node
    terms: tuple[_Term, ...]
    others: tuple[tuple[Number, Node], ...]

    def largest_exponent(self) -> Node:
        """c: over the terms whose weights are not zero, and 0 where a term has no exponential."""
        bounds = [t.bound(_where_used(t)) for t in self.terms]
        zero = [constant(0, self.total.dims)] if self.others else []
        return reduce(lambda a, b: apply_map(REGISTRY["max"], [a, b]), [*bounds, *zero])

    def made(self, order: Sequence[Node], roots: Sequence[Node]) -> dict[Node, Node]:
        """Every node after the shift. Raises _NotShiftedError."""
        c = self.largest_exponent()
        powers: Powers = {t.exp: (1, t.places) for t in self.terms}
        below = {n for t in self.terms for n in topological([t.exp.children[0], *(f[0] for f in t.factors)])}
        new: dict[Node, Node] = {}
        for node in order:
            if node in powers:
                term = next(t for t in self.terms if t.exp is node)
                z = _where_used(term) if _always_weighted(term, order) else node.children[0]
                new[node] = apply_map(REGISTRY["exp"], [add([(1, z), (-1, _spread(c, term.places, z))], z.dims)])
            elif node is self.total and self.others:
                assert isinstance(node, Add)
                down = apply_map(REGISTRY["exp"], [scale(c, -1)])
                n = tuple(range(node.order))
                dims = dict(enumerate(node.dims))
                rest = [(k, ein(1, [(other, n, 1), (down, n, 1)], n, dims)) for k, other in self.others]
                kept = [(k, new[m]) for k, m in node.terms if (k, m) not in self.others]
                new[node], powers[node] = add([*kept, *rest], node.dims), (1, n)
            else:
                if node in below and any(child in powers for child in node.children):
                    raise _NotShiftedError
                new[node] = self._carried(node, new, powers, c)
        for r in dict.fromkeys(roots):  # one may be asked for several times
            new[r] = self._settled(r, new, powers, c)
        return new

    def _carried(self, node: Node, new: Mapping[Node, Node], powers: Powers, c: Node) -> Node:
        """The node of what its parts have become; its power is noted."""
        if not any(child in powers for child in node.children):
            same = all(new[child] is child for child in node.children)
            return node if same else rebuild(node, [new[child] for child in node.children])
        if isinstance(node, Ein):
            left = _power_of(node.factors, powers)
            if len(left) == 1 and len(set(node.out)) == len(node.out):
                ((at, power),) = left.items()
                if set(at) <= set(node.out):
                    powers[node], left = (power, tuple(node.out.index(i) for i in at)), {}
            down = [(self._down(power, c), at, 1) for at, power in left.items()]
            factors = [(new[base], idx, e) for base, idx, e in node.factors]
            return ein(node.coef, [*factors, *down], node.out, dict(enumerate(node.index_dims)))
        if isinstance(node, Map) and node.operation.name == "log":
            power, places = powers[node.children[0]]
            log = apply_map(node.operation, [new[node.children[0]]])
            return add([(1, log), (power, _spread(c, places, node))], node.dims)
        if isinstance(node, Add):
            known = {powers.get(n) for _, n in node.terms}
            if len(known) == 1:
                (powers[node],) = (k for k in known if k is not None)
                return rebuild(node, [new[child] for child in node.children])
        return rebuild(node, [self._settled(child, new, powers, c) for child in node.children])

    def _settled(self, node: Node, new: Mapping[Node, Node], powers: Powers, c: Node) -> Node:
        """The node itself, a negative power written out where c is not negative."""
        if node not in powers:
            return new[node]
        power, places = powers[node]
        n, dims = tuple(range(node.order)), dict(enumerate(node.dims))
        return ein(1, [(new[node], n, 1), (self._down(power, c), places, 1)], n, dims)

    def _down(self, power: Number, c: Node) -> Node:
        """exp(power*c), which must not be large."""
        if power > 0 or not self.others:
            raise _NotShiftedError
        return apply_map(REGISTRY["exp"], [scale(c, power)])


def _power_of(factors: Sequence[Factor], powers: Powers) -> dict[Axes, Number]:
    """The powers of exp(c) in a product, by the indices that c has there; those that add up to zero left out."""
    found: dict[Axes, Number] = {}
    for base, idx, e in factors:
        if base in powers:
            power, places = powers[base]
            at = tuple(idx[k] for k in places)
            found[at] = found.get(at, 0) + power * e
    return {at: power for at, power in found.items() if power}


def _spread(c: Node, places: Axes, node: Node) -> Node:
    """c repeated along the other axes of a node."""
    return ein(1, [(c, places, 1)], tuple(range(node.order)), dict(enumerate(node.dims)))


def _where_used(term: _Term) -> Node:
    """The exponents, very low where the weight is zero: what takes no part must not be the largest."""
    exponent = term.exp.children[0]
    n = tuple(range(exponent.order))
    weight = ein(1, [(b, at, e) for b, at, e in term.factors], n, dict(enumerate(exponent.dims)))
    if not term.factors or is_positive(weight):
        return exponent
    unused = apply_map(REGISTRY["eq"], [weight, constant(0, weight.dims)])
    return apply_map(REGISTRY["where"], [unused, constant(LOWEST, weight.dims), exponent])


def _always_weighted(term: _Term, order: Sequence[Node]) -> bool:
    """Whether exp(Z) is nowhere without its weight, so that it may be 0 where that is."""
    for node in order:
        if term.exp in node.children:
            if not isinstance(node, Ein):
                return False
            for _, idx, _ in (f for f in node.factors if f[0] is term.exp):
                here = {(b, at) for b, at, e in node.factors if e > 0}
                if not all((b, tuple(idx[k] for k in at)) in here for b, at, _ in term.factors):
                    return False
    return True
