"""Other forms of a node: products multiplied out, common scalars taken out, fractions over one denominator.

Each function rebuilds through the smart constructors, so that what cancels, cancels. Which form is shown is the
business of `notation.choose`; which are equal, of `equality.decide`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from frechet.core.build import add, rebuild
from frechet.core.ein import ein, elementwise_power, scale, split_coef
from frechet.core.node import Add, Ein, Factor, Map, Node, Number, topological

# A product is multiplied out to at most this many terms.
TERMS = 64
POWERS = (1, 2, 3)


def expand(root: Node, *, inside: bool = True, conditions: bool = True) -> Node:
    """Products of sums multiplied out; with `inside`, also in the arguments of functions; without `conditions` not in
    what is only asked for its sign."""
    if inside and not conditions:
        return _bottom_up(root, _multiplied_out, True, _values(root))
    return _bottom_up(root, _multiplied_out, inside)


def _values(root: Node) -> set[Node]:
    """The nodes that are reached without asking for a sign."""
    seen: set[Node] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            name = node.operation.name if isinstance(node, Map) else ""
            stack.extend(() if name in ("sign", "gt", "ge", "eq") else node.children[1:] if name == "where" else
                         node.children)  # fmt: skip
    return seen


def extract(root: Node) -> Node:
    """Scalar factors that all terms of a sum share, taken out of it: t^2*a + t^2*b = t^2*(a + b)."""
    return _bottom_up(root, _taken_out, True)


def together(root: Node) -> Node:
    """Sums over one denominator, the numerator multiplied out."""
    return _bottom_up(root, _on_diagonals(_over_one_denominator), True)


def _on_diagonals(change: Callable[[Node], Node]) -> Callable[[Node], Node]:
    """The same for sums, also with a number in front; one of diagonal matrices is changed as the vector on its
    diagonal."""

    def changed(node: Node) -> Node:
        front, whole = split_coef(node)
        terms = whole.terms if isinstance(whole, Add) else ()
        own = [(c, t) for c, t in terms if isinstance(t, Ein) and t.out == (0, 0)]
        if not terms or len(own) < len(terms):
            return scale(change(whole), front) if terms else node
        parts: list[tuple[Number, Node]] = [
            (c, ein(t.coef, t.factors, (0,), dict(enumerate(t.index_dims)))) for c, t in own
        ]
        coef, core = split_coef(add(parts, whole.dims[:1]))
        return ein(front * coef, [(change(core), (0,), 1)], (0, 0), {0: whole.dims[0]})

    return changed


def _bottom_up(
    root: Node, change: Callable[[Node], Node], inside: bool, reached: Collection[Node] | None = None
) -> Node:
    if reached is None:
        reached = set(topological([root])) if inside else _spine(root)
    new: dict[Node, Node] = {}
    for node in topological([root]):
        if node not in reached:
            new[node] = node
            continue
        changed = any(new[c] is not c for c in node.children)
        new[node] = change(rebuild(node, [new[c] for c in node.children]) if changed else node)
    return new[root]


def _spine(root: Node) -> set[Node]:
    """Sums and products reached from the root without entering a function."""
    seen: set[Node] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node not in seen and isinstance(node, (Ein, Add)):
            seen.add(node)
            stack.extend(node.children)
    return seen


def _multiplied_out(node: Node, only: Collection[Node] | None = None) -> Node:
    """One product as a sum of products without sums (or without some of them) among their factors."""
    if not isinstance(node, Ein):
        return node

    def opens(base: Node, e: Number) -> bool:
        return isinstance(base, Add) and e in POWERS and (only is None or base in only)

    size = 1
    for base, _, e in node.factors:
        if isinstance(base, Add) and opens(base, e):
            size *= len(base.terms) ** int(e)
    if size == 1 or size > TERMS:
        return node
    terms: list[tuple[Number, list[Factor]]] = [(node.coef, [])]
    for base, idx, e in node.factors:
        if isinstance(base, Add) and opens(base, e):
            for _ in range(int(e)):
                terms = [(c * k, [*fs, (n, idx, 1)]) for c, fs in terms for k, n in base.terms]
        else:
            terms = [(c, [*fs, (base, idx, e)]) for c, fs in terms]
    dims = dict(enumerate(node.index_dims))
    return add([(1, ein(c, fs, node.out, dims)) for c, fs in terms], node.dims)


def scalar_powers(node: Node) -> dict[Node, Number]:
    """The factors of a term that act on whole entries, with their exponents: scalars, and factors with all its axes."""
    if isinstance(node, Ein):
        whole = tuple(range(node.order))
        powers = {n: e for n, idx, e in node.factors if not idx or (node.out == whole and idx == whole)}
        return powers if powers or node.order or not node.contracts else {node: 1}
    return {node: 1}


def _divided(node: Node, powers: dict[Node, Number]) -> Node:
    """node times the product of scalar^-exponent."""
    if isinstance(node, Ein) and len(set(node.out)) == node.order:
        # beside the node's own factors, so that what is taken out cancels whatever the length of the product
        own: list[Factor] = [*node.factors, *((s, node.out if s.order else (), -e) for s, e in powers.items())]
        return ein(node.coef, own, node.out, dict(enumerate(node.index_dims)))
    n = tuple(range(node.order))
    factors: list[Factor] = [(node, n, 1), *((s, n if s.order else (), -e) for s, e in powers.items())]
    return ein(1, factors, n, dict(enumerate(node.dims)))


def _taken_out(node: Node) -> Node:
    if not isinstance(node, Add):
        return node
    common: dict[Node, Number] | None = None
    for _, term in node.terms:
        powers = scalar_powers(term)
        if common is None:
            common = powers
        else:
            common = {s: min(e, powers[s]) for s, e in common.items() if s in powers and e * powers[s] > 0}
    if not common:
        return node
    rest = add([(c, _divided(t, common)) for c, t in node.terms], node.dims)
    return _divided(rest, {s: -e for s, e in common.items()})


def _over_one_denominator(node: Node) -> Node:
    if not isinstance(node, Add):
        return node
    worst: dict[Node, Number] = {}
    for _, term in node.terms:
        for s, e in scalar_powers(term).items():
            if e < 0 and e == int(e):
                worst[s] = min(e, worst.get(s, 0))
    if not worst:
        return node
    top = add([(c, _multiplied_out(_divided(t, worst))) for c, t in node.terms], node.dims)
    return _divided(_taken_out(top), {s: -e for s, e in worst.items()})


def cleared(root: Node) -> Node:
    """Sums over one denominator like `together`, but nothing is multiplied out that does not have to be: also roots,
    1/sqrt(D) - u/D^(3/2) = (D - u)/D^(3/2), and denominators in denominators, 1/(1 + u/c) = c/(c + u)."""
    return _bottom_up(root, _on_diagonals(_cleared), True)


def _cleared(node: Node) -> Node:
    if not isinstance(node, Add):
        return node
    powers = [scalar_powers(term) for _, term in node.terms]
    worst: dict[Node, Number] = {}
    for s in {s: None for own in powers for s, e in own.items() if e < 0}:
        exponents = [own.get(s, 0) for own in powers]
        least = min(exponents)
        if all((e - least) == int(e - least) for e in exponents):
            worst[s] = least
    if not worst:
        return node
    terms: list[tuple[Number, Node]] = []
    for (c, term), own in zip(node.terms, powers, strict=True):
        raised = [s for s, e in worst.items() if isinstance(s, Add) and own.get(s, 0) != e]
        part = _divided(term, worst)
        if isinstance(part, Add) and part in raised:  # it is all that is left
            terms += [(c * k, t) for k, t in part.terms]
        else:
            terms.append((c, _multiplied_out(part, raised) if raised else part))
    return _divided(add(terms, node.dims), {s: -e for s, e in worst.items()})


__all__ = ["cleared", "elementwise_power", "expand", "extract", "scalar_powers", "split_coef", "together"]
