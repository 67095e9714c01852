"""max and min beside the sign that tells which of their arguments they are: sign(a - b)*max(a, b) without the product.

With t = sign(a - b), t*max(a, b) is max(a, b) - b + t*b, and also a + t*a - max(a, b), wherever a and b are; so a sum
that mixes them, as the derivative of min(abs(x), c)^2 does, becomes one of min(abs(x), c) alone.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from frechet.core.build import add, apply_map, substitute
from frechet.core.ein import constant, ein, is_zero, scale, split_coef
from frechet.core.node import Ein, Factor, Map, Node, Number, Var, topological
from frechet.equality.expand import _bottom_up, expand
from frechet.ops import REGISTRY

EXTREMES = {"max": 1, "min": -1}
FLAT = frozenset({"relu", "max", "min", "sign", "where", "gt", "ge", "eq", "and", "or"})
MAX_KINKS = 4  # of a composition of more of them nothing is said


def has_extremes(root: Node) -> bool:
    """Whether there are both a sign and an extreme of two below a node."""
    names = {n.operation.name for n in topological([root]) if isinstance(n, Map)}
    return "sign" in names and bool(names & EXTREMES.keys())


def without_signs(root: Node, place: int) -> Node:
    """The node multiplied out, each product of an extreme and its sign written by the argument at `place` (0 or 1)."""
    return expand(_bottom_up(expand(root), lambda node: _parted(node, place), True))


def _parted(node: Node, place: int) -> Node:
    if not isinstance(node, Ein):
        return node
    for sign, idx, e in node.factors:
        if not isinstance(sign, Map) or sign.operation.name != "sign" or e != 1:
            continue
        for extreme, at, power in node.factors:
            if at != idx or power != int(power) or power < 1 or not isinstance(extreme, Map):
                continue
            side = _side(sign, extreme)
            if side:
                return _replaced(node, (sign, idx, e), (extreme, at, power), side, place)
    return node


def _side(sign: Map, extreme: Map) -> int:
    """1 if the sign is 1 where the extreme is its first argument, -1 if it is where it is the second; 0 for others."""
    kind = EXTREMES.get(extreme.operation.name)
    if kind is None:
        return 0
    a, b = extreme.children
    coef, core = split_coef(apply_map(REGISTRY["sign"], [add([(1, a), (-1, b)], a.dims)]))
    return kind * (1 if coef > 0 else -1) if core is sign else 0


def _replaced(node: Ein, sign: Factor, extreme: Factor, side: int, place: int) -> Node:
    dims = dict(enumerate(node.index_dims))
    rest = [f for f in node.factors if f[:2] not in (sign[:2], extreme[:2])]
    value, at, power = extreme
    if power > 1:
        rest.append((value, at, power - 1))
    other = value.children[1 - place]
    toward = side if place == 0 else -side  # t*max = t*(max - b) + t*b, where t*(max - b) is max - b
    terms: list[tuple[Number, list[Factor]]] = [
        (toward, [*rest, (value, at, 1)]),
        (-toward, [*rest, (other, at, 1)]),
        (1, [*rest, (other, at, 1), sign]),
    ]
    return scale(add([(c, ein(1, fs, node.out, dims)) for c, fs in terms], node.dims), node.coef)


def has_signs(root: Node) -> bool:
    return any(isinstance(n, Map) and n.operation.name == "sign" for n in topological([root]))


def is_border(u: Node, moving: Collection[str]) -> bool:
    """Whether u moves with the variables of some names and is 0 on borders alone. relu(x) is 0 on a whole side;
    1 + min(x, 1) is not, as neither 1 + x nor 1 + 1 is."""
    forms, below = [u], topological([u])
    if sum(isinstance(n, Map) and n.operation.name in FLAT for n in below) > MAX_KINKS:
        return False
    for _ in range(MAX_KINKS):
        branches = [_branches(form) for form in forms]
        if not any(branches):
            moves = any(isinstance(n, Var) and n.name in moving for n in below)
            return moves and not any(is_zero(form) for form in forms)
        forms = [n for form, found in zip(forms, branches, strict=True) for n in (found or [form])]
    return False


def _branches(node: Node) -> list[Node]:
    """What a node is on the sides of its first kink at which something may stop to move; nothing where it has none."""
    for n in topological([node]):
        if isinstance(n, Map) and n.operation.name in FLAT:
            name, args = n.operation.name, n.children
            values = {"relu": [args[0], constant(0, n.dims)], "where": args[1:]}.get(name, args)
            if name not in ("relu", "where", "max", "min"):
                values = [constant(k, n.dims) for k in (0, 1, -1)]
            return [substitute(node, partial(_instead, n, value)) for value in values]
    return []


def _instead(old: Node, new: Node, node: Node) -> Node | None:
    return new if node is old else None


def without_squares(root: Node, moving: Collection[str]) -> Node:
    """The node with sign(u)^2 = 1 for every u that moves with some variables: the derivative holds where u != 0."""
    known: dict[Node, bool] = {}

    def moves(u: Node) -> bool:
        if u not in known:
            known[u] = is_border(u, moving)
        return known[u]

    def change(node: Node) -> Node:
        if not isinstance(node, Ein):
            return node
        factors = [
            (n, idx, e % 2 if isinstance(n, Map) and n.operation.name == "sign" and e == int(e) >= 2 and
             moves(n.children[0]) else e) for n, idx, e in node.factors
        ]  # fmt: skip
        if factors == list(node.factors):
            return node
        return ein(node.coef, [f for f in factors if f[2]], node.out, dict(enumerate(node.index_dims)))

    return _bottom_up(root, change, True)


def plain_signs(root: Node) -> Node:
    """The node with the arguments of signs multiplied out where that leaves less: sign(q*v - (q - 1)*v) is sign(v)."""

    def change(node: Node) -> Node:
        if not isinstance(node, Map) or node.operation.name != "sign":
            return node
        inner = node.children[0]
        simpler = expand(inner)
        fewer = len(topological([simpler])) < len(topological([inner]))
        return apply_map(node.operation, [simpler]) if fewer else node

    return _bottom_up(root, change, True) if has_signs(root) else root
