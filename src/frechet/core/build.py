"""The smart constructors of sums, elementwise applications and opaque applications."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from frechet.core.dims import Size as Dims
from frechet.core.ein import ein, is_symmetric, is_zero, scale, split_coef, transpose, zero
from frechet.core.node import Add, Call, Ein, Group, Map, Node, Number, raw_add, raw_call, raw_ein, raw_map, topological
from frechet.core.numbers import content, divide, simple
from frechet.core.operation import Operation

Gathered = tuple[Number, Map, list[tuple[Node, Number]]]

# Sums up to this long are spliced into the sum around them. In a residual network every layer's sum contains the
# one before: without the limit that is quadratic.
SPLICE_BUDGET = 12


def add(terms: Iterable[tuple[Number, Node]], dims: Dims) -> Node:
    """Sum of coef * node over nodes of the same dims."""
    collected = _collect(terms)
    if not collected:
        return zero(dims)
    if len(collected) == 1:
        ((node, coef),) = collected.items()
        return scale(node, coef)
    ordered = sorted(collected.items(), key=lambda t: t[0].digest)
    if len(dims) == 2:
        return _oriented(ordered, dims)
    return _primitive(ordered, dims)


def _collect(terms: Iterable[tuple[Number, Node]]) -> dict[Node, Number]:
    """Coefficients by node, inner sums spliced in, zeros dropped."""
    found: dict[Node, Number] = {}
    stack = list(terms)
    stack.reverse()
    while stack:
        coef, node = stack.pop()
        inner, node = split_coef(node)
        coef = coef * inner
        if coef == 0 or is_zero(node):
            continue
        if isinstance(node, Add) and len(node.terms) <= SPLICE_BUDGET:
            stack.extend((coef * c, n) for c, n in reversed(node.terms))
            continue
        if isinstance(node, Ein) and len(node.factors) == 1:
            flipped, idx, e = node.factors[0]
            if isinstance(flipped, Add) and e == 1 and idx == (1, 0) and node.out == (0, 1) and len(flipped.terms) <= 6:
                stack.extend((coef * c, transpose(n)) for c, n in reversed(flipped.terms))
                continue
        found[node] = found.get(node, 0) + coef
    found = {n: simple(c) for n, c in found.items() if c != 0}
    return _reflected(found) or _gathered(found) or found


def _reflected(found: dict[Node, Number]) -> dict[Node, Number] | None:
    """The terms with f(u) and f(-u) brought together (see `ops.elementwise.relu`); None if there are no such two."""
    for node in found:
        if not isinstance(node, Map) or getattr(node.operation.rule, "reflect", None) is None:
            continue
        argument = node.children[0]
        twin = apply_map(node.operation, [scale(argument, -1)])
        if twin in found and twin is not node:
            rest = [(c, n) for n, c in found.items() if n is not node]
            return _collect([*rest, (found[node], twin), (found[node], node.operation.rule.reflect(argument))])
    return None


def _gathered(found: dict[Node, Number]) -> dict[Node, Number] | None:
    """The terms with applications that share their first argument brought together (see `ops.comparisons.where`)."""
    groups: dict[tuple[Node, bool], list[tuple[Node, Gathered]]] = {}
    for node, coef in found.items():
        core, turned, scalars = _without_scalars(node)
        if isinstance(core, Map) and getattr(core.operation.rule, "gather", None) is not None:
            groups.setdefault((core.operation.rule.gather[0](core), turned), []).append((node, (coef, core, scalars)))
    for (_, turned), terms in groups.items():
        if len(terms) > 1:
            inside = {n for n, _ in terms}
            whole: Node = terms[0][1][1].operation.rule.gather[1]([t for _, t in terms])
            whole = transpose(whole) if turned else whole
            return _collect([*((c, n) for n, c in found.items() if n not in inside), (1, whole)])
    return None


def _without_scalars(node: Node) -> tuple[Node, bool, list[tuple[Node, Number]]]:
    """A product of scalars and one application, taken apart; whether the application is transposed. Its diagonal,
    which is zero elsewhere, is not the application."""
    if isinstance(node, Ein) and node.order and len(set(node.out)) == node.order:
        whole = [(n, idx) for n, idx, e in node.factors if e == 1 and idx and isinstance(n, Map)]
        scalars = [(n, e) for n, idx, e in node.factors if not idx]
        if len(whole) == 1 and len(scalars) + 1 == len(node.factors) and whole[0][1] in (node.out, node.out[::-1]):
            return whole[0][0], whole[0][1] != node.out, scalars
    return node, False, []


def _primitive(ordered: Sequence[tuple[Node, Number]], dims: Dims, symmetric: bool = False) -> Node:
    """The sum with its content and the sign of its first term taken out."""
    factor = content([c for _, c in ordered])
    if ordered[0][1] < 0:
        factor = -factor
    node = raw_add(tuple((divide(c, factor) if factor != 1 else c, n) for n, c in ordered), dims)
    node.symmetric = symmetric
    return scale(node, factor)


def _oriented(ordered: Sequence[tuple[Node, Number]], dims: Dims) -> Node:
    """A sum of order two in the orientation of least digest; symmetric if both are the same."""
    pairs = [(split_coef(transpose(n)), c) for n, c in ordered]
    flipped = sorted(((n, simple(c * k)) for (k, n), c in pairs), key=lambda t: t[0].digest)
    if flipped == list(ordered):
        return _primitive(ordered, dims, symmetric=True)
    keys = [(n.digest, c) for n, c in ordered], [(n.digest, c) for n, c in flipped]
    if keys[1] < keys[0]:
        return _flipped(_primitive(flipped, dims[::-1]))
    return _primitive(ordered, dims)


def _flipped(node: Node) -> Node:
    """The transpose of a canonical sum, as the thin product that says so."""
    coef, core = split_coef(node)
    return raw_ein(coef, ((core, (1, 0), 1),), (0, 1), node.dims[::-1])


def apply_map(operation: Operation, args: Sequence[Node]) -> Node:
    """operation of nodes of the same dims, entry by entry.

    Axes along which all arguments are constant are taken off and put back by broadcasting; odd and even functions
    give up the sign of their argument; a matrix goes in the orientation of least digest.
    """
    rule = operation.rule
    args = list(args)
    dims = args[0].dims
    for axis in reversed(range(len(dims))):
        if all(_constant_along(a, axis) for a in args):
            inner = apply_map(operation, [_drop(a, axis) for a in args])
            rest = tuple(k for k in range(len(dims)) if k != axis)
            return ein(1, [(inner, rest, 1)], tuple(range(len(dims))), dict(enumerate(dims)))
    if rule.simplify is not None:
        simpler = rule.simplify(*args)
        if simpler is not None:
            return _broadcast(simpler, dims)
    if rule.parity:
        coef, core = split_coef(args[0])
        if coef < 0:
            flipped = apply_map(operation, [scale(core, -coef)])
            return scale(flipped, -1) if rule.parity == "odd" else flipped
    if len(dims) == 2:
        if all(is_symmetric(a) for a in args):
            return raw_map(operation, tuple(args), symmetric=True)
        other = [transpose(a) for a in args]
        if rule.gather is not None and len(args) > 2:  # by its condition alone, which stays a comparison
            turn = isinstance(args[0], Ein) and isinstance(other[0], Map)
            node = raw_map(operation, tuple(other if turn else args))
            return raw_ein(1, ((node, (1, 0), 1),), (0, 1), dims) if turn else node
        if [a.digest for a in other] < [a.digest for a in args]:
            node = raw_map(operation, tuple(other))
            return raw_ein(1, ((node, (1, 0), 1),), (0, 1), dims)
    return raw_map(operation, tuple(args))


def _broadcast(node: Node, dims: Dims) -> Node:
    if node.dims == dims:
        return node
    n = tuple(range(len(dims)))
    return ein(1, [(node, (), 1)], n, dict(enumerate(dims)))


def without_axes(node: Node) -> Node:
    """The scalar that a node repeats in every entry; the node itself where there is none."""
    coef, core = split_coef(node)
    if isinstance(core, Add):
        terms = [(coef * c, without_axes(n)) for c, n in core.terms]
        return node if any(n.order for _, n in terms) else add(terms, ())
    inner = node
    for axis in reversed(range(node.order)):
        if not _constant_along(inner, axis):
            return node
        inner = _drop(inner, axis)
    return inner


def _constant_along(node: Node, axis: int) -> bool:
    """The node is a product in which no factor has this axis."""
    if not isinstance(node, Ein) or node.out.count(node.out[axis]) > 1:
        return False
    return all(node.out[axis] not in idx for _, idx, _ in node.factors)


def _drop(node: Node, axis: int) -> Node:
    """The node without an axis along which it is constant."""
    assert isinstance(node, Ein)
    out = [i for k, i in enumerate(node.out) if k != axis]
    dims = {i: d for i, d in enumerate(node.index_dims) if i != node.out[axis]}
    return ein(node.coef, node.factors, out, dims)


def apply_call(
    operation: Operation, args: Sequence[Node], groups: Sequence[Group], dims: Dims, symmetric: bool = False
) -> Call:
    """An opaque application; its simplifying laws have been tried by `ops.op`."""
    return raw_call(operation, tuple(args), tuple(groups), dims, symmetric)


Replace = Callable[[Node], Node | None]


def rebuild(node: Node, args: Sequence[Node]) -> Node:
    """The same application to other children, through the smart constructors."""
    if isinstance(node, Ein):
        factors = [(new, idx, e) for new, (_, idx, e) in zip(args, node.factors, strict=True)]
        return ein(node.coef, factors, node.out, dict(enumerate(node.index_dims)))
    if isinstance(node, Add):
        return add([(c, new) for new, (c, _) in zip(args, node.terms, strict=True)], node.dims)
    if isinstance(node, Map):
        return apply_map(node.operation, args)
    if isinstance(node, Call):
        result: Node = node.operation.rule.rebuild(args, node.groups)
        return result
    return node


def substitute(root: Node, replace: Replace) -> Node:
    """Replace nodes bottom-up; what contains them is rebuilt."""
    new: dict[Node, Node] = {}
    for node in topological([root]):
        found = replace(node)
        if found is not None:
            new[node] = found
        elif any(new[c] is not c for c in node.children):
            new[node] = rebuild(node, [new[c] for c in node.children])
        else:
            new[node] = node
    return new[root]


def number_of(node: Node) -> Number | None:
    """The value of a constant scalar."""
    return node.coef if isinstance(node, Ein) and node.is_number else None
