"""Comparisons, and the choice between two values by them: where(c, a, b).

A comparison is a function of entries with the values 1 and 0, kept as u > 0, u >= 0 or u == 0 for the difference u of
its sides. `where` is linear in what it chooses from, so that derivatives stay choices: what stands beside a choice
entry by entry is taken inside it, and no branch meets the 0/0 of the other one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frechet.core.build import add, apply_map, rebuild
from frechet.core.ein import constant, elementwise_power, is_zero, product, scale, split_coef, transpose
from frechet.core.lazy import np
from frechet.core.node import Add, Ein, Map, Node, Number, Var
from frechet.core.numbers import content, divide
from frechet.core.tensor import Tensor
from frechet.ops.op import REGISTRY, Gather, elementwise

Build = Callable[..., Tensor]
Powers = dict[Node, Number]
_JUMP = "it jumps: no derivative"
_BACKENDS = {"numpy": "np", "jax": "jnp", "torch": "torch"}
TRUTHS = frozenset({"gt", "ge", "eq", "and", "or"})


def uniform(node: Node) -> Number | None:
    """The value of a node that is the same number in every entry."""
    if isinstance(node, Ein) and not node.factors and len(set(node.out)) == len(node.out) == len(node.index_dims):
        return node.coef
    return None


def _nothing(*args: Tensor) -> Tensor:
    """The derivative of a step, away from where it steps."""
    return 0 * max(args, key=lambda a: a.node.order)


_HOLDS: dict[str, Callable[[Any, Any], Any]] = {
    "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b, "lt": lambda a, b: a < b, "le": lambda a, b: a <= b,
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
}  # fmt: skip


def _beside(node: Node, powers: Powers) -> Powers:
    return _absorb(node, powers)


_GATHER: Gather = (lambda n: n, lambda terms: gathered(terms))


def _compare(name: str, sign: str, latex: str, twin: str = "") -> Build:
    """The operation `a sign b`; `twin` is the relation with its sides exchanged, where that is the one kept."""
    holds = _HOLDS[name]

    def simplify(a: Node, b: Node) -> Node | None:
        u = add([(1, a), (-1, b)], a.dims)
        value = uniform(u)
        nothing = constant(0, a.dims)
        if value is not None:
            return constant(int(holds(value, 0)), a.dims)
        if twin:
            return apply_map(REGISTRY[twin], [scale(u, -1), nothing])
        if name == "ne":
            return add([(1, constant(1, a.dims)), (-1, apply_map(REGISTRY["eq"], [u, nothing]))], a.dims)
        coef, core = split_coef(u)
        if is_truth(core) and coef > 0:  # of something that is 1 or 0
            one = constant(1, a.dims)
            return {"gt": core, "ge": one, "eq": add([(1, one), (-1, core)], a.dims)}[name]
        side = core if coef > 0 or name == "eq" else scale(core, -1)
        return None if is_zero(b) and side is a else apply_map(REGISTRY[name], [side, nothing])

    return elementwise(
        f"{name}(a, b)", _nothing, _nothing, simplify=simplify, value=lambda a, b: holds(a, b) * 1.0, spreads=True,
        code={lib: f"{short}.where({{a}} {sign} {{b}}, 1.0, 0.0)" for lib, short in _BACKENDS.items()}, absorb=_beside,
        gather=_GATHER, latex=f"{{a}} {latex} {{b}}", kink="a = b", jumps=True, there=_JUMP, facts=["nonnegative"],
        example=(f"sum(x.^2.*(x {sign} y))", "x", f"where(x {sign} y, 2*x, 0)"),
    )  # fmt: skip


gt = _compare("gt", ">", ">")
ge = _compare("ge", ">=", r"\ge")
lt = _compare("lt", "<", "<", "gt")
le = _compare("le", "<=", r"\le", "ge")
eq = _compare("eq", "==", "=")
ne = _compare("ne", "!=", r"\ne")


def _join(name: str, sign: str, word: str, absorbing: int) -> Build:
    """`a & b`, `a | b`; the value `absorbing` decides whatever the other side is."""

    def simplify(a: Node, b: Node) -> Node | None:
        for one, other in ((a, b), (b, a)):
            value = uniform(one)
            if value is not None:
                return constant(absorbing, a.dims) if (value != 0) == absorbing else other
        if b.digest < a.digest:
            return apply_map(REGISTRY[name], [b, a])
        return a if a is b else None

    return elementwise(
        f"{name}(a, b)", _nothing, _nothing, simplify=simplify, absorb=_beside, gather=_GATHER, spreads=True,
        latex=f"{{a}} {word} {{b}}",
        value=lambda a, b: ((a != 0) | (b != 0) if absorbing else (a != 0) & (b != 0)) * 1.0,
        code={lib: f"{short}.where(({{a}} != 0) {sign} ({{b}} != 0), 1.0, 0.0)" for lib, short in _BACKENDS.items()},
        facts=["nonnegative"], example=(f"sum(x.*(x > y {sign} y > 0))", "x", f"where(x > y {sign} y > 0, 1, 0)"),
    )  # fmt: skip


both = _join("and", "&", r"\wedge", 0)
either = _join("or", "|", r"\vee", 1)


def negated(c: Node) -> Node | None:
    """c' of a condition 1 - c'."""
    if not isinstance(c, Add) or len(c.terms) != 2:
        return None
    for (j, one), (k, other) in (c.terms, c.terms[::-1]):
        if j * (uniform(one) or 0) == -k and is_truth(other):
            return other
    return None


def is_truth(node: Node) -> bool:
    """Whether every entry is 1 or 0."""
    return isinstance(node, Map) and node.operation.name in TRUTHS


def _where(c: Node, a: Node, b: Node) -> Node | None:
    """where(c, a, a) = a; the branches with what is known of c; a common number goes before it."""
    value = uniform(c)
    if value is not None:
        return a if value else b
    other = negated(split_coef(c)[1])
    if other is not None:
        return apply_map(REGISTRY["where"], [other, b, a])
    core = split_coef(c)[1]
    core = core if is_truth(core) else c
    first, second = _within(a, core, True), _within(b, core, False)
    if first is second:
        return first
    if isinstance(first, Map) and first.operation.name == "where" and first.children[2] is second:
        both_hold = apply_map(REGISTRY["and"], [core, first.children[0]])
        return apply_map(REGISTRY["where"], [both_hold, first.children[1], second])
    if is_truth(first) and is_zero(second) and is_truth(core):
        return apply_map(REGISTRY["and"], [core, first])
    if uniform(first) is not None and is_zero(second) and is_truth(core):
        return scale(core, uniform(first) or 0)
    coefs = [k for k, n in map(split_coef, (first, second)) if not is_zero(n)]
    shared = content(coefs) if coefs[0] > 0 else -content(coefs)
    if shared == 1 and core is c and first is a and second is b:
        return None
    parts = [scale(n, divide(1, shared)) for n in (first, second)]
    return scale(apply_map(REGISTRY["where"], [core, *parts]), shared)


def _tested(nodes: list[Node]) -> list[Node]:
    """A number as a condition asks whether it is not 0."""
    c = nodes[0]
    forms = [c, transpose(c)] if c.order == 2 else [c]
    if uniform(c) is not None or any(is_truth(n) or negated(n) is not None for n in forms):
        return nodes
    return [apply_map(REGISTRY["ne"], [c, constant(0, c.dims)]), *nodes[1:]]


def _within(node: Node, condition: Node, holds: bool) -> Node:
    """A branch with choices by the same condition decided, along entries that stay in their place."""
    return replaced(node, {condition: constant(int(holds), condition.dims)})


def replaced(node: Node, known: dict[Node, Node]) -> Node:
    """The node with others in the place of some, wherever their entries stand where those of the node stand."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(node, False)]
    while stack:
        n, ready = stack.pop()
        if ready:
            order.append(n)
        elif n not in seen:
            seen.add(n)
            stack.append((n, True))
            stack += [(n.children[k], False) for k in _places(n)]
    if not seen & set(known):
        return node
    new: dict[Node, Node] = {}
    for n in order:
        if n in known:
            new[n] = known[n]
        else:
            args = list(n.children)
            for k in _places(n):
                args[k] = new[n.children[k]]
            changed = any(x is not y for x, y in zip(args, n.children, strict=True))
            new[n] = rebuild(n, args) if changed else n
    return new[node]


def _places(node: Node) -> list[int]:
    """The children whose entries stand where those of the node stand."""
    if isinstance(node, Ein):
        plain = len(set(node.out)) == len(node.out)
        return [k for k, (n, idx, _) in enumerate(node.factors) if plain and idx == node.out and n.dims == node.dims]
    return list(range(len(node.children))) if isinstance(node, (Add, Map)) else []


def _absorb(node: Node, powers: Powers) -> Powers:
    """where(c, a, b).*u = where(c, a.*u, b.*u), (x > 0).*u = where(x > 0, u, 0): the 0/0 of a branch stays where it is
    not chosen."""
    beside = {n: e for n, e in powers.items() if n is not node and not (isinstance(n, Var) and n.role)}
    k = powers[node]
    if k < 1 or k != int(k) or (k == 1 and not beside):
        return {}
    if is_truth(node) and not beside:
        return {node: 1}
    parts = [n if is_zero(n) else _times(elementwise_power(n, k), beside) for n in _branches(node)]
    inside = apply_map(REGISTRY["where"], [condition_of(node), *parts])
    return {node: 0, **dict.fromkeys(beside, 0), inside: 1}


def _times(node: Node, powers: Powers) -> Node:
    return product(node, *(elementwise_power(n, e) for n, e in powers.items()))


def condition_of(node: Node) -> Node:
    """What a choice asks; a comparison is the choice between 1 and 0."""
    return node if is_truth(node) else node.children[0]


def _branches(node: Node) -> tuple[Node, ...]:
    return (constant(1, node.dims), constant(0, node.dims)) if is_truth(node) else node.children[1:]


def gathered(terms: list[tuple[Number, Map, list[tuple[Node, Number]]]]) -> Node:
    """The sum of choices by one condition, each with a number and scalar factors."""
    c = condition_of(terms[0][1])
    sums = [
        add([(k, _times(_branches(n)[place], dict(scalars))) for k, n, scalars in terms], c.dims) for place in (0, 1)
    ]
    return apply_map(REGISTRY["where"], [c, *sums])


def _step(c: Tensor, first: int) -> Tensor:
    """1 where the branch is chosen."""
    n = c.node
    zero_one = [constant(first, n.dims), constant(1 - first, n.dims)]
    return c.like(apply_map(REGISTRY["where"], [n, *zero_one]))


where: Build = elementwise(
    "where(c, a, b)", _nothing, lambda c, a, b: _step(c, 1), lambda c, a, b: _step(c, 0), simplify=_where,
    enter=_tested, absorb=_absorb, gather=(condition_of, gathered), value=lambda c, a, b: np.where(c != 0, a, b),
    spreads=True,
    latex=r"\begin{cases} {a} & \text{if } {c} \\ {b} & \text{otherwise} \end{cases}",
    code={"numpy": "np.where({c}, {a}, {b})", "jax": "jnp.where({c}, {a}, {b})",
          "torch": "torch.where({c} != 0, {a}, {b})"},
    example=("sum(where(x > y, x.^2, y))", "x", "where(x > y, 2*x, 0)"),
)  # fmt: skip
