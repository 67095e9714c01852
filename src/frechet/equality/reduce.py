"""A form in which equal things meet: multiplied out, few functions, denominators divided out.

`vanishes(node)` says whether a node is shown to be zero. Each stage is sound by itself (an identity that holds where
both sides are defined and smooth), none is complete: what is not shown is left to numbers by `equality.decide`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from frechet.core.build import add, apply_map
from frechet.core.dims import Dim
from frechet.core.ein import constant, ein, is_zero, scale, split_coef, transpose
from frechet.core.errors import FrechetError
from frechet.core.facts import has_fact
from frechet.core.node import Add, Call, Ein, Factor, Indices, Map, Node, Number, topological
from frechet.core.numbers import divide
from frechet.equality.expand import _bottom_up, expand
from frechet.equality.functions import basic, terms_of
from frechet.equality.parts import Part, find_part, pattern_of
from frechet.ops import REGISTRY

ROUNDS = 8
WORK = 15_000  # nodes rebuilt in search of one proof; a bound in nodes, not seconds, keeps results the same
MAX_NODES = 800  # a node this large is not worked on: the numeric comparison is quicker than a proof


def vanishes(node: Node) -> bool:
    """Whether the node is proved to be zero wherever it is defined."""
    try:
        return any(is_zero(form) for form in _forms(node))
    except FrechetError:
        return False  # a form in which something is divided by zero proves nothing


def _forms(node: Node) -> Iterator[Node]:
    """The node, reduced further and further."""
    budget = [WORK]
    yield node
    if len(topological([node])) > MAX_NODES:
        return
    node = _splice(expand(node))
    yield node
    node = _settle(node, [expand, _splice, _divide], budget)
    yield node
    yield _settle(cleared(node), [expand, _splice, _divide], budget)
    node = _settle(node, [_basic, _content, expand, _splice, _divide], budget)
    yield node
    for _ in range(3):
        node = _settle(cleared(node), [expand, _splice, _basic, _content, _divide], budget)
        yield node
    yield _settle(_settle(node, [_unfold], budget), [expand, _splice], budget)


def _settle(node: Node, passes: list[Callable[[Node], Node]], budget: list[int]) -> Node:
    """The passes in turn until nothing changes or the work that may be spent on a proof is done."""
    for _ in range(ROUNDS):
        before = node
        for step in passes:
            size = len(topological([node]))
            budget[0] -= size
            if budget[0] < 0 or size > MAX_NODES:
                return node
            node = step(node)
        if node is before:
            break
    return node


def _basic(node: Node) -> Node:
    return _bottom_up(node, basic, True)


def _content(node: Node) -> Node:
    return _bottom_up(node, _pulled, True)


def _divide(node: Node) -> Node:
    return _bottom_up(node, _divided, True)


def _splice(node: Node) -> Node:
    """Sums in sums as one sum, however long: terms can only cancel in one sum."""
    return _bottom_up(node, _spliced, True)


def _spliced(node: Node) -> Node:
    if not isinstance(node, Add) or not any(isinstance(split_coef(t)[1], Add) for _, t in node.terms):
        return node
    return add([(c * k, t) for c, inner in node.terms for k, t in terms_of(inner)], node.dims)


def _unfold(node: Node) -> Node:
    return _bottom_up(node, _unfolded, True)


def _unfolded(node: Node) -> Node:
    """The square of a contraction as two contractions: (A*x).^2 has its factors twice, each with its own sum."""
    if not isinstance(node, Ein):
        return node
    dims = dict(enumerate(node.index_dims))
    factors: list[Factor] = []
    for base, idx, e in node.factors:
        whole = isinstance(base, Ein) and base.contracts and base.order and len(set(base.out)) == base.order
        if not whole or e not in (2, 3):
            factors.append((base, idx, e))
            continue
        assert isinstance(base, Ein)
        for _ in range(int(e)):
            name = dict(zip(base.out, idx, strict=True))
            for i, dim in enumerate(base.index_dims):
                if i not in name:
                    name[i] = len(dims)
                    dims[len(dims)] = dim
            factors += [(n, tuple(name[i] for i in x), k) for n, x, k in base.factors]
            factors.append((constant(base.coef), (), 1))
    return ein(node.coef, factors, node.out, dims) if len(dims) > len(node.index_dims) else node


def _own_powers(term: Node) -> dict[tuple[Node, Indices], Number]:
    """The factors of a term that stand on its own axes, each with its exponent: (base, axes) -> exponent."""
    factors, out = pattern_of(term)
    if len(set(out)) < len(out):
        return {}
    place = {i: k for k, i in enumerate(out)}
    return {(n, tuple(place[i] for i in idx)): e for n, idx, e in factors if all(i in place for i in idx)}


def _times(node: Node, powers: dict[tuple[Node, Indices], Number], sign: int) -> Node:
    """node * product of base^(sign*exponent), each base repeated along the axes it does not have."""
    n = tuple(range(node.order))
    factors: list[Factor] = [(node, n, 1), *((base, axes, sign * e) for (base, axes), e in powers.items())]
    return ein(1, factors, n, dict(enumerate(node.dims)))


def _pulled(node: Node) -> Node:
    """The common power product of a sum's terms, also where it is negative: 1 + 1/E = (E + 1)/E."""
    if not isinstance(node, Add):
        return node
    common: dict[tuple[Node, Indices], Number] = {}
    every = [_own_powers(t) for _, t in node.terms]
    for key in {k for powers in every for k in powers}:
        least = min(powers.get(key, 0) for powers in every)
        if least:
            common[key] = least
    if not common:
        return node
    common = dict(sorted(common.items(), key=lambda item: (item[0][0].digest, item[0][1])))
    rest = add([(c, _times(t, common, -1)) for c, t in node.terms], node.dims)
    return _times(rest, common, 1)


def cleared(node: Node) -> Node:
    """The sum times the denominators of its terms that stand on its own axes."""
    worst: dict[tuple[Node, Indices], Number] = {}
    for _, term in terms_of(node):
        factors, out = pattern_of(term)
        first = {i: out.index(i) for i in out}
        for base, idx, e in factors:
            if e < 0 and all(i in first for i in idx):
                key = (base, tuple(first[i] for i in idx))
                worst[key] = min(e, worst.get(key, 0))
    if not worst:
        return node
    return add([(c, _times(t, worst, -1)) for c, t in terms_of(node)], node.dims)


def _degree(term: Node) -> tuple[Number, bytes]:
    factors, _ = pattern_of(term)
    return sum(max(e, -e) for _, _, e in factors), term.digest


def _divided(node: Node) -> Node:
    """One product with the leading term of a denominator (or of a matrix inverted) replaced by the others."""
    if not isinstance(node, Ein):
        return node
    for k, (base, idx, e) in enumerate(node.factors):
        rest = node.factors[:k] + node.factors[k + 1 :]
        if isinstance(base, Add) and (e < 0 or e != int(e)):
            changed = _by_denominator(node, base, idx, e, rest)
        elif isinstance(base, Call) and base.operation.name == "inv" and base.order == 2 and e == 1:
            changed = _by_inverse(node, base, idx, rest)
        elif isinstance(base, Map) and base.operation.name == "sign" and e == 1:
            changed = _by_sign(node, base, idx, rest)
        else:
            continue
        if changed is not None:
            return changed
    return node


def _by_denominator(node: Ein, base: Add, idx: Indices, e: Number, rest: tuple[Factor, ...]) -> Node | None:
    dims = dict(enumerate(node.index_dims))
    if e > 0:  # a root: D^(1/2) = D * D^(-1/2), so that roots of one sum meet
        whole = int(e) + 1
        terms: list[tuple[Number, list[Factor]]] = [(node.coef, [*rest, (base, idx, e - whole)])]
        for _ in range(whole):
            terms = [(c * k, [*fs, (t, idx, 1)]) for c, fs in terms for k, t in base.terms]
        return add([(1, ein(c, fs, node.out, dims)) for c, fs in terms], node.dims) if len(terms) <= 64 else None
    for lead, coef, part in _leads(base, idx, rest, node.out):
        remaining, dims = list(part.rest), _left(node, part.rest, idx)
        others = [(c, t) for c, t in base.terms if t is not lead]
        top = ein(1, [*remaining, (base, idx, e + 1)], node.out, dims)
        minus = [(-c, ein(1, [*remaining, (t, idx, 1), (base, idx, e)], node.out, dims)) for c, t in others]
        return scale(add([(1, top), *minus], node.dims), divide(node.coef, coef))
    return None


def _by_sign(node: Ein, sign: Map, idx: Indices, rest: tuple[Factor, ...]) -> Node | None:
    """sign(u)*lead = |u| - sign(u)*(the other terms of u), so that sign(u)*u in pieces meets |u|. An absolute value
    leads only where nothing else can: beside its own sign it is gone."""
    total = terms_of(sign.children[0])
    coef, lead = max(total, key=lambda t: (not _is_one(split_coef(t[1])[1]), not _is_size(t[1]), _degree(t[1])))
    inner, core = split_coef(lead)
    if _is_one(core):
        return None
    size = apply_map(REGISTRY["abs"], list(sign.children))
    whole = tuple(range(core.order))
    for by in [(), *(((n, i, 1),) for n, i, _ in _factors(core) if i == whole and has_fact(n, "signs"))]:
        # y*u for a y of signs: |y*u| is |u|, and y*y in the leading term is 1
        turned = core if not by else ein(1, [(core, whole, 1), *by], whole, dict(enumerate(core.dims)))
        more: list[Factor] = [(n, idx, 1) for n, _, _ in by]
        for part in find_part(turned, dict(enumerate(idx)), rest, node.out):
            left = _left(node, part.rest, idx)
            top = ein(1, [*part.rest, (size, idx, 1), *more], node.out, left)
            others = [(-c, ein(1, [*part.rest, (t, idx, 1), (sign, idx, 1), *more], node.out, left))
                      for c, t in total if t is not lead]  # fmt: skip
            return scale(add([(1, top), *others], node.dims), divide(node.coef, coef * inner))
    return None


def _left(node: Ein, rest: Sequence[Factor], idx: Indices) -> dict[int, Dim]:
    """The sizes of the indices that a product still has without its leading term, over whose own indices it summed."""
    used = {*node.out, *idx, *(i for f in rest for i in f[1])}
    return {i: d for i, d in enumerate(node.index_dims) if i in used}


def _factors(node: Node) -> Sequence[Factor]:
    return node.factors if isinstance(node, Ein) and node.out == tuple(range(node.order)) else ()


def _leads(base: Add, idx: Indices, rest: tuple[Factor, ...], out: Indices) -> Iterator[tuple[Node, Number, Part]]:
    """A term of the sum to be replaced by the others, its coefficient, and what is left of the product without it."""
    coef, lead = max(base.terms, key=lambda t: _degree(t[1]))
    inner, core = split_coef(lead)
    if not _is_one(core):
        for part in find_part(core, dict(enumerate(idx)), rest, out):
            yield lead, coef * inner, part
    for c, one in base.terms:
        k, plain = split_coef(one)
        if _is_one(plain) and isinstance(one, Ein) and _lowers(base, one, idx, rest):
            yield one, c * k, Part(rest, {})


def _is_size(node: Node) -> bool:
    core = split_coef(node)[1]
    return isinstance(core, Map) and core.operation.name == "abs"


def _is_one(node: Node) -> bool:
    return isinstance(node, Ein) and not node.factors


def _lowers(base: Add, one: Node, idx: Indices, rest: tuple[Factor, ...]) -> bool:
    """Whether some factor beside the denominator has a negative power that every other term of it takes away."""
    below: set[tuple[Node, Indices]] = {(n, i) for n, i, e in rest if e < 0}
    for _, term in base.terms:
        if term is not one:
            factors, out = pattern_of(term)
            place = dict(zip(out, idx, strict=True))
            below &= {(n, tuple(place.get(i, -1) for i in x)) for n, x, e in factors if e > 0}
    return bool(below)


def _by_inverse(node: Ein, base: Call, idx: Indices, rest: tuple[Factor, ...]) -> Node | None:
    """inv(S)*lead = 1 - inv(S)*(the other terms of S), and the same from the left."""
    total, dims = _matrix_terms(base.children[0]), dict(enumerate(node.index_dims))
    if len(total) < 2:
        return None
    coef, lead = max(total, key=lambda t: _degree(t[1]))
    inner, core = split_coef(lead)
    if _is_one(core) or len(set(pattern_of(core)[1])) < 2:
        return None
    for shared, free, axis in ((idx[1], idx[0], 0), (idx[0], idx[1], 1)):
        if shared in node.out or shared == free:
            continue
        for part in find_part(core, {axis: shared}, rest, node.out):
            other = part.axes[pattern_of(core)[1][1 - axis]]
            if any(shared in i for _, i, _ in part.rest):
                continue
            kept = {i: d for i, d in dims.items() if i in node.out or i in (free, other)
                    or any(i in x for _, x, _ in part.rest)}  # fmt: skip
            one = ein(1, [*part.rest, (_eye(node.index_dims[free]), (free, other), 1)], node.out, kept)
            ends = (shared, other) if axis == 0 else (other, shared)
            minus = [(-c, ein(1, [*part.rest, (base, idx, 1), (t, ends, 1)], node.out, {**kept, shared: dims[shared]}))
                     for c, t in total if t is not lead]  # fmt: skip
            return scale(add([(1, one), *minus], node.dims), divide(node.coef, coef * inner))
    return None


def _matrix_terms(node: Node) -> list[tuple[Number, Node]]:
    """The terms of a sum of matrices, also of one that is kept in its other orientation."""
    if isinstance(node, Ein) and len(node.factors) == 1 and node.factors[0][1:] == ((1, 0), 1) and node.out == (0, 1):
        return [(node.coef * c, transpose(t)) for c, t in terms_of(node.factors[0][0])]
    return terms_of(node)


def _eye(dim: str | int) -> Node:
    return ein(1, [], (0, 0), {0: dim})


__all__ = ["vanishes"]
