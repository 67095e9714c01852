"""What the rewritings of `rules` are made of: the rules' table, and readers of sums, powers and squares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from frechet.core.build import add, apply_map
from frechet.core.dims import Size as Dims
from frechet.core.ein import constant, ein, elementwise_power, is_zero, product, scale, split_coef
from frechet.core.node import Add, Ein, Map, Node, Number
from frechet.ops import REGISTRY

Term = tuple[Number, Node]
Rewriting = Callable[[Node], Node | None]

# Sums longer than this are left alone: every pair of terms is looked at.
LONGEST = 4


@dataclass(frozen=True)
class Rule:
    """`fire` gives the better node or None; `law` is "left = right"; `when` is "before" for values that are yet to be
    differentiated, "after" for what is only evaluated, "both"; `of` the kind of node it looks at: "sum", "product",
    "log"."""

    name: str
    law: str
    when: str
    of: str
    fire: Rewriting


RULES: list[Rule] = []


def rule(name: str, law: str, when: str = "both", of: str = "sum") -> Callable[[Rewriting], Rewriting]:
    def declare(fire: Rewriting) -> Rewriting:
        RULES.append(Rule(name, law, when, of, fire))
        return fire

    return declare


def fired(node: Node, before: bool, plain: bool = False) -> Node:
    """The better node that the first fitting rule makes, or the node; `plain`: its roots stay powers."""
    core = split_coef(node)[1]  # a sum may come with a number in front
    kind = (
        "sum" if isinstance(core, Add) else "product" if isinstance(node, Ein) else "log" if is_map(node, "log") else ""
    )
    for r in RULES if kind else ():
        if r.of != kind or (plain and r.name in ("norm", "hypotenuse")):
            continue
        if r.when in ("both", "before" if before else "after"):
            found = r.fire(node)
            if found is not None and found is not node:
                return found
    return node


def apply(name: str, *args: Node) -> Node:
    return apply_map(REGISTRY[name], args)


def log_of(value: Number, dims: Dims) -> Node:
    """The logarithm of a positive number in every entry."""
    number = apply("log", constant(value))
    return ein(1, [(number, (), 1)], tuple(range(len(dims))), dict(enumerate(dims)))


def is_map(node: Node, name: str) -> bool:
    return isinstance(node, Map) and node.operation.name == name


def terms_of(node: Node) -> list[Term]:
    """The terms of a sum, a common number multiplied in; empty for what is no sum."""
    coef, core = split_coef(node)
    if not isinstance(core, Add):
        return []
    found = []
    for c, n in core.terms:
        inner, rest = split_coef(n)
        found.append((coef * c * inner, rest))
    return found


def is_one(node: Node) -> bool:
    """A one in every entry."""
    return isinstance(node, Ein) and not node.factors and node.coef == 1 and len(set(node.out)) == len(node.out) \
        and len(node.out) == len(node.index_dims)  # fmt: skip


def power_of(node: Node) -> tuple[Node, Number]:
    """Base and exponent, entry by entry."""
    if isinstance(node, Ein) and node.coef == 1 and len(node.factors) == 1:
        base, idx, e = node.factors[0]
        if idx == node.out and len(set(idx)) == len(idx) == len(node.index_dims):
            return base, e
    return node, 1


def factors_of(node: Node) -> dict[Node, Number]:
    """The factors of an entrywise product with their exponents; coefficients are left out. Any other node is one."""
    if isinstance(node, Ein) and not node.contracts and all(f[1] == node.out for f in node.factors) and _spread(node):
        return {base: e for base, _, e in node.factors}
    return {node: 1}


def _spread(node: Ein) -> bool:
    """Whether the entries are those of the whole array, not of a diagonal."""
    return len(set(node.out)) == len(node.out)


def multiplied_out(node: Node) -> Node:
    """(a + b)*(c + d), entry by entry, as one sum."""
    if not isinstance(node, Ein) or node.contracts or len(node.factors) != 2 or not _spread(node):
        return node
    one, other = node.factors
    if not (one[1] == other[1] == node.out and one[2] == other[2] == 1):
        return node
    products = [(a * b, product(u, v)) for a, u in terms_of(one[0]) for b, v in terms_of(other[0])]
    return scale(add(products, node.dims), node.coef) if products else node


def pairs(node: Node, match: Callable[[Term, Term], Node | None]) -> Node | None:
    """A sum with the first two terms that match put together."""
    terms = terms_of(node)
    if not 2 <= len(terms) <= LONGEST:
        return None
    for a in range(len(terms)):
        for b in range(len(terms)):
            if a != b:
                found = match(terms[a], terms[b])
                if found is not None:
                    rest = [t for k, t in enumerate(terms) if k not in (a, b)]
                    return add([(1, found), *rest], node.dims)
    return None


def beside_one(inner: str, build: Callable[[Node], Node], same: bool) -> Callable[[Term, Term], Node | None]:
    """c*inner(u) - c (or + c, if `same`) as c*build(u)."""

    def match(one: Term, other: Term) -> Node | None:
        if is_one(one[1]) and is_map(other[1], inner) and one[0] == (other[0] if same else -other[0]):
            return scale(build(other[1].children[0]), other[0])
        return None

    return match


def negated(u: Node) -> Node:
    return scale(u, -1)


def shorter(a: Node, b: Node) -> Node | None:
    """a - b if terms of both cancel."""
    rest = add([(1, a), (-1, b)], a.dims)
    return rest if count_terms(rest) < max(count_terms(a), count_terms(b)) else None


def count_terms(node: Node) -> int:
    """The number of terms of a sum; 0 for zero, 1 for anything else."""
    return 0 if is_zero(node) else max(len(terms_of(node)), 1)


def square_of(node: Node) -> Node | None:
    """v of v.^2 (v.^-2: of its inverse), or of the sum of its squares; other axes are those of the node."""
    if not isinstance(node, Ein) or node.coef != 1 or len(node.factors) != 1:
        return None
    base, idx, e = node.factors[0]
    plain = len(set(idx)) == len(idx) and len(set(node.out)) == len(node.out) and set(node.out) <= set(idx)
    if not plain or len(node.index_dims) != len(idx):
        return None
    return base if e == 2 else elementwise_power(base, -1) if e == -2 else None
