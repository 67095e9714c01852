"""The known limits: how exp, sin, log and their like grow from u to u + k, by quotients whose limits are known.

    exp(u + k) = exp(u)*exp(k) = exp(u)*(1 + k*(exp(k) - 1)/k),     (exp(k) - 1)/k -> 1
    sin(u + k) = sin(u)*cos(k) + cos(u)*sin(k),                     sin(k)/k -> 1, (cos(k) - 1)/k -> 0
    log(u + k) = log(u) + log(1 + k/u),                             log(1 + q)/q -> 1 with q = k/u

Each function has one addition theorem; it is written twice, once with the functions of k as they stand and once with
the quotients, which stand as names (`Atom`) while h is divided out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from fractions import Fraction

from frechet.core.build import add, apply_map, rebuild, substitute
from frechet.core.dims import SCALAR
from frechet.core.ein import constant, ein, elementwise_power, is_zero, product, scale, split_coef
from frechet.core.facts import is_positive
from frechet.core.node import Ein, Map, Node, Number, topological, var
from frechet.equality.expand import expand
from frechet.language.tree import Tree
from frechet.ops import REGISTRY
from frechet.steps.algebra import Algebra
from frechet.steps.board import put

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Atom:
    """A quotient with a known limit, or a function of k: `tree` in terms of the names of earlier atoms."""

    node: Node
    tree: Tree
    limit: Node
    rule: str


@dataclass(frozen=True)
class Theorem:
    """g(u + k): `plain` with functions of k as they stand, `quotients` with the known quotients; the rule's id."""

    rule: str
    plain: Node
    quotients: Node


class UnknownLimitError(Exception):
    """A function whose growth is not in the table."""


@dataclass
class Growth:
    """The value of a formula at point + step, by addition theorems; the step is h or -h.

    write   a node of numbers, variables and atoms as a tree
    rules   the theorems used, in the order in which they are met
    """

    variable: Node
    point: Node
    h: Node
    step: Node
    algebra: Algebra
    write: Callable[[Node], Tree]
    atoms: dict[str, Atom] = field(default_factory=dict)
    rules: list[str] = field(default_factory=list)

    def of(self, root: Node) -> tuple[Node, Node]:
        """The value at point + step, with functions of k as they stand, and with the known quotients. Raises
        UnknownLimitError."""
        moved = add([(1, self.point), (1, self.step)], ())
        plain: dict[Node, Node] = {self.variable: moved}
        quotients: dict[Node, Node] = {self.variable: moved}
        for node in topological([root]):
            if node in plain or not any(c in plain for c in node.children):
                continue
            theorem = self._theorem(node, quotients)
            if theorem is None:
                plain[node], quotients[node] = _followed(node, plain), _followed(node, quotients)
                continue
            plain[node], quotients[node] = theorem.plain, theorem.quotients
            self.rules += [theorem.rule] if theorem.rule and theorem.rule not in self.rules else []
        return plain.get(root, root), quotients.get(root, root)

    def shown(self, tree: Tree) -> Tree:
        """A tree with what the names of atoms stand for."""
        values: dict[str, Tree] = {}
        for name, atom in self.atoms.items():
            values[name] = put(atom.tree, values)
        return self.algebra.page.adopt(put(tree, values))

    def limit(self, node: Node) -> Node:
        """The node with h = 0 and every quotient at its limit."""
        return substitute(self.settled(node, self.limits), {self.h: constant(0)}.get)

    def settled(self, node: Node, rules: Collection[str]) -> Node:
        """The node with the quotients of these rules at their limits."""
        for atom in reversed(self.atoms.values()):
            if atom.rule in rules:
                node = substitute(node, {atom.node: atom.limit}.get)
        return node

    @property
    def limits(self) -> list[str]:
        """The rules of the limits taken."""
        return list(dict.fromkeys(a.rule for a in self.atoms.values() if a.rule))

    # -- theorems --------------------------------------------------------------------------------------------------

    def _theorem(self, node: Node, moved: dict[Node, Node]) -> Theorem | None:
        """The theorem that applies to one node; None for sums, products and functions that take a sign apart."""
        if isinstance(node, Ein):
            return self._root(node, moved)
        if not isinstance(node, Map) or node.operation.name in EXACT:
            return None
        if node.operation.name == "power" and node.children[0] not in moved and not node.order:
            return self._exponential(node.children[0], node.children[1], moved)
        if node.order or node.operation.name not in _THEOREMS or len(node.children) != 1:
            raise UnknownLimitError
        (inside,) = node.children
        u = substitute(inside, {self.variable: self.point}.get)
        k = expand(add([(1, moved[inside]), (-1, u)], ()))
        return _THEOREMS[node.operation.name](self, u, k)

    def _exponential(self, base: Node, exponent: Node, moved: dict[Node, Node]) -> Theorem:
        """a^(u + k) = a^u*a^k for a constant a."""
        u = substitute(exponent, {self.variable: self.point}.get)
        k = expand(add([(1, moved[exponent]), (-1, u)], ()))
        growth = self.algebra.page.make("pow", [self.write(base), self.write(k)], shape=SCALAR)
        A = self.atom(self.over(growth, k, 1), _map("log", base), "R-limit-base")
        value = apply_map(REGISTRY["power"], [base, u])
        plain = product(value, self.atom(growth, 1, ""))
        return Theorem("R-add-exp", plain, _plus(value, product(value, k, A)))

    def _root(self, node: Ein, moved: dict[Node, Node]) -> Theorem | None:
        """u^p for a p that is not whole: sqrt by its conjugate, others by ((1 + q)^p - 1)/q -> p."""
        broken = [f for f in node.factors if f[0] in moved and f[2] != int(f[2])]
        if not broken:
            return None
        if node.order or len(broken) > 1 or broken[0][1]:
            raise UnknownLimitError
        base, _, p = broken[0]
        u = substitute(base, {self.variable: self.point}.get)
        k = expand(add([(1, moved[base]), (-1, u)], ()))
        power = _square_root(self, u, k) if abs(p) == HALF else _power(self, u, k, Fraction(p))
        forms = [elementwise_power(f, -1) if p == -HALF else f for f in (power.plain, power.quotients)]
        rest = [(moved.get(n, n), i, e) for n, i, e in node.factors if (n, i, e) != broken[0]]
        dims = dict(enumerate(node.index_dims))
        return Theorem(power.rule, *(ein(node.coef, [*rest, (f, (), 1)], node.out, dims) for f in forms))

    # -- atoms -----------------------------------------------------------------------------------------------------

    def atom(self, tree: Tree, limit: Node | Number, rule: str) -> Node:
        """A new name for a tree with a known limit; the same name for the same tree."""
        known = next((a for a in self.atoms.values() if a.tree is tree), None)
        if known is not None:
            return known.node
        name = f"limit_{len(self.atoms)}"
        node = var(name, (), role="limit")
        self.atoms[name] = Atom(node, tree, limit if isinstance(limit, Node) else constant(limit), rule)
        return node

    def call(self, name: str, argument: Node) -> Tree:
        return self.algebra.page.call(name, [self.write(argument)], SCALAR)

    def over(self, tree: Tree, argument: Node, less: int = 0) -> Tree:
        """(tree - less)/argument."""
        page = self.algebra.page
        top = page.add(tree, page.neg(page.number(less))) if less else tree
        return page.divide(top, self.write(argument))


# Functions that are followed exactly, by the sign of what is inside.
EXACT = frozenset({"abs", "relu", "sign", "max", "min"})


def _followed(node: Node, moved: dict[Node, Node]) -> Node:
    """A sum, a product or an exact function of what has moved."""
    children = [moved.get(c, c) for c in node.children]
    if not isinstance(node, Map):
        return rebuild(node, children)
    children = [expand(c) for c in children]
    other = children[1] if len(children) == 2 else constant(0, node.dims)
    sign = _sign(expand(add([(1, children[0]), (-1, other)], node.dims)))
    return rebuild(node, children) if sign is None else _ON_ONE_SIDE[node.operation.name](sign, children[0], other)


def _sign(node: Node) -> int | None:
    """The sign of a node that is a number times something positive; None where it is not known."""
    coef, core = split_coef(node)
    if is_zero(node):
        return 0
    return (1 if coef > 0 else -1) if is_positive(core) else None


# abs, relu, ... where the sign of the argument (of the difference, for max and min) is known.
_ON_ONE_SIDE: dict[str, Callable[[int, Node, Node], Node]] = {
    "abs": lambda sign, u, zero: scale(u, sign),
    "relu": lambda sign, u, zero: u if sign > 0 else zero,
    "sign": lambda sign, u, zero: constant(sign, u.dims),
    "max": lambda sign, a, b: a if sign > 0 else b,
    "min": lambda sign, a, b: b if sign > 0 else a,
}


def _map(name: str, u: Node) -> Node:
    return apply_map(REGISTRY[name], [u])


def _plus(*terms: Node) -> Node:
    return add([(1, t) for t in terms], ())


def _exp(g: Growth, u: Node, k: Node) -> Theorem:
    growth = g.call("exp", k)
    plain = g.atom(growth, 1, "")
    E = g.atom(g.over(growth, k, 1), 1, "R-limit-exp")
    value = _map("exp", u)
    return Theorem("R-add-exp", product(value, plain), _plus(value, product(value, k, E)))


def _circular(g: Growth, u: Node, k: Node, sign: int, names: tuple[str, str], rules: tuple[str, str, str]) -> Theorem:
    """f(u + k) = f(u)*c(k) + sign*f'(u)*s(k), for sin, cos, sinh and cosh; c(k) is cos or cosh."""
    own, other = names
    s_name, c_name = ("sin", "cos") if own in ("sin", "cos") else ("sinh", "cosh")
    f, slope = _map(own, u), _map(other, u)
    s, c = g.call(s_name, k), g.call(c_name, k)
    plain = add([(1, product(f, g.atom(c, 1, ""))), (sign, product(slope, g.atom(s, 0, "")))], ())
    S = g.atom(g.over(s, k), 1, rules[1])
    C = g.atom(g.over(c, k, 1), 0, rules[2])
    quotients = add([(1, f), (1, product(f, k, C)), (sign, product(slope, k, S))], ())
    return Theorem(rules[0], plain, quotients)


def _sin(g: Growth, u: Node, k: Node) -> Theorem:
    return _circular(g, u, k, 1, ("sin", "cos"), ("R-add-sin", "R-limit-sin", "R-limit-cos"))


def _cos(g: Growth, u: Node, k: Node) -> Theorem:
    return _circular(g, u, k, -1, ("cos", "sin"), ("R-add-sin", "R-limit-sin", "R-limit-cos"))


def _sinh(g: Growth, u: Node, k: Node) -> Theorem:
    return _circular(g, u, k, 1, ("sinh", "cosh"), ("R-add-sinh", "R-limit-sinh", "R-limit-cosh"))


def _cosh(g: Growth, u: Node, k: Node) -> Theorem:
    return _circular(g, u, k, 1, ("cosh", "sinh"), ("R-add-sinh", "R-limit-sinh", "R-limit-cosh"))


def _tangent(name: str, sign: int, rules: tuple[str, str]) -> Callable[[Growth, Node, Node], Theorem]:
    """tan(u + k) = (tan(u) + tan(k))/(1 - tan(u)*tan(k)); tanh with a plus."""

    def theorem(g: Growth, u: Node, k: Node) -> Theorem:
        value, growth = _map(name, u), g.call(name, k)
        plain = g.atom(growth, 0, "")
        T = product(k, g.atom(g.over(growth, k), 1, rules[1]))

        def added(t: Node) -> Node:
            below = add([(1, constant(1)), (sign, product(value, t))], ())
            return product(_plus(value, t), elementwise_power(below, -1))

        return Theorem(rules[0], added(plain), added(T))

    return theorem


def _log(g: Growth, u: Node, k: Node) -> Theorem:
    q = product(k, elementwise_power(u, -1))
    page = g.algebra.page
    inside = page.add(page.number(1), g.write(q))
    growth = page.call("log", [inside], SCALAR)
    L = g.atom(g.over(growth, q), 1, "R-limit-log")
    value = _map("log", u)
    return Theorem("R-add-log", _plus(value, g.atom(growth, 0, "")), _plus(value, product(q, L)))


def _softplus(g: Growth, u: Node, k: Node) -> Theorem:
    """log(1 + exp(u + k)) = log(1 + exp(u)) + log(1 + q) with q = sigmoid(u)*(exp(k) - 1)."""
    page, s = g.algebra.page, _map("sigmoid", u)
    growth = g.call("exp", k)
    E = g.atom(g.over(growth, k, 1), 1, "R-limit-exp")
    q = product(s, k, E)
    step = g.algebra.times(g.write(s), page.add(growth, page.neg(page.number(1))))
    logarithm = page.call("log", [page.add(page.number(1), step)], SCALAR)
    L = g.atom(page.divide(logarithm, step), 1, "R-limit-log")
    value = _map("softplus", u)
    return Theorem("R-add-log", _plus(value, g.atom(logarithm, 0, "")), _plus(value, product(q, L)))


def _sigmoid(g: Growth, u: Node, k: Node) -> Theorem:
    """sigmoid(u + k) = exp(k)*s/(1 + s*(exp(k) - 1)) with s = sigmoid(u)."""
    s, growth = _map("sigmoid", u), g.call("exp", k)
    plain = g.atom(growth, 1, "")
    E = product(k, g.atom(g.over(growth, k, 1), 1, "R-limit-exp"))

    def added(e: Node) -> Node:
        below = _plus(constant(1), product(s, add([(1, e), (-1, constant(1))], ())))
        return product(s, e, elementwise_power(below, -1))

    return Theorem("R-add-exp", added(plain), added(_plus(constant(1), E)))


def _atan(g: Growth, u: Node, k: Node) -> Theorem:
    """atan(u + k) = atan(u) + atan(q) with q = k/(1 + u*(u + k)), for small k."""
    q = product(k, elementwise_power(_plus(constant(1), product(u, _plus(u, k))), -1))
    growth = g.call("atan", q)
    A = g.atom(g.over(growth, q), 1, "R-limit-atan")
    value = _map("atan", u)
    return Theorem("R-add-atan", _plus(value, g.atom(growth, 0, "")), _plus(value, product(q, A)))


def _square_root(g: Growth, u: Node, k: Node) -> Theorem:
    """sqrt(u + k) - sqrt(u) = k/(sqrt(u + k) + sqrt(u)), by the conjugate."""
    page = g.algebra.page
    moved = page.call("sqrt", [g.write(_plus(u, k))], SCALAR)
    both = page.add(moved, page.call("sqrt", [g.write(u)], SCALAR))
    value = elementwise_power(u, HALF)
    limit = ein(HALF, [(value, (), -1)], (), {})
    R = g.atom(page.divide(page.number(1), both), limit, "R-conjugate")
    return Theorem("", g.atom(moved, value, ""), _plus(value, product(k, R)))


def _power(g: Growth, u: Node, k: Node, p: Fraction) -> Theorem:
    """(u + k)^p = u^p*(1 + q)^p with q = k/u."""
    page = g.algebra.page
    q = product(k, elementwise_power(u, -1))
    growth = page.make("pow", [page.add(page.number(1), g.write(q)), g.write(constant(p))], shape=SCALAR)
    Q = g.atom(g.over(growth, q, 1), p, "R-limit-power")
    value = elementwise_power(u, p)
    return Theorem("R-add-power", product(value, g.atom(growth, 1, "")), _plus(value, product(value, q, Q)))


_THEOREMS: dict[str, Callable[[Growth, Node, Node], Theorem]] = {
    "exp": _exp, "sin": _sin, "cos": _cos, "sinh": _sinh, "cosh": _cosh, "log": _log, "softplus": _softplus,
    "sigmoid": _sigmoid, "atan": _atan, "tan": _tangent("tan", -1, ("R-add-tan", "R-limit-tan")),
    "tanh": _tangent("tanh", 1, ("R-add-tan", "R-limit-tan")),
}  # fmt: skip
