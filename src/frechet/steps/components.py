"""Formulas in components: x'*A*x as sum_{j,k}(x[j]*A[j,k]*x[k]).

Such a line is a tree like any other, with letters where an index has its numbers and `sum_j` as a function: all
printers show it. `Components` writes nodes so; `meaning` reads such a tree back as a node, by rules of its own, so that
a line can be compared with the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

from frechet.core.build import add, apply_map
from frechet.core.dims import SCALAR, Dim
from frechet.core.ein import ein, elementwise_power, scale
from frechet.core.node import Add, Ein, Factor, Map, Node, Number, Unit, depends_on, unit
from frechet.core.numbers import simple
from frechet.language.lower import lower
from frechet.language.tree import Tree
from frechet.notation.page import Page
from frechet.notation.product import UnwritableError
from frechet.ops import REGISTRY
from frechet.steps.algebra import Algebra

LETTERS = "ijklpqrstuvabcefgh"
DELTAS = ("delta", "delta_", "krondelta")
SUM = "sum_"


class Components:
    """Writes nodes entry by entry. `taken` are names that cannot be letters."""

    def __init__(self, page: Page, write: Callable[[Node], Tree | None], taken: Sequence[str]) -> None:
        self.page, self.write = page, write
        self.algebra = Algebra(page)
        self.letters = [c for c in LETTERS if c not in taken]
        self.delta = next(d for d in DELTAS if d not in taken)
        self.moving: dict[Node, tuple[str, ...]] = {}
        self.sizes: dict[str, Dim] = {}

    def derivative_of(self, direction: Node, at: Sequence[str]) -> None:
        """Let a direction stand for the entry that is differentiated by: dx[j] is delta[j,i]."""
        self.moving[direction] = tuple(at)

    def letter(self, used: Sequence[str], dim: Dim) -> str:
        """A letter that is free; one letter runs over one range in the whole derivation. Raises UnwritableError."""
        for c in self.letters:
            if c not in used and self.sizes.setdefault(c, dim) == dim:
                return c
        raise UnwritableError

    def entry(self, tree: Tree, at: Sequence[str]) -> Tree:
        """tree[i,j]; a scalar as it is, a transpose by its entries."""
        if not at:
            return tree
        if tree.kind == "transpose" and len(at) == 2:
            return self.entry(tree.args[0], at[::-1])
        return self.page.make("index", [tree], value=tuple(at), shape=SCALAR)

    def node(self, node: Node, at: Sequence[str] = (), used: Sequence[str] = ()) -> Tree:
        """The entry of a node at letters. `used` are letters that stand outside."""
        used = [*used, *at]
        if isinstance(node, Add):
            return self.algebra.add([self._scaled(c, self.node(n, at, used)) for c, n in node.terms])
        if isinstance(node, Ein):
            return self._product(node, at, used)
        if isinstance(node, Map):
            return self.page.call(node.operation.name, [self.node(c, at, used) for c in node.children], SCALAR)
        if node in self.moving:
            return self._deltas(zip(at, self.moving[node], strict=True))
        if isinstance(node, Unit):
            return self._delta(at[0], str(node.position + 1))
        tree = self.write(node)
        if tree is None or any(depends_on(node, direction) for direction in self.moving):
            raise UnwritableError
        return self.entry(tree, at)

    def _scaled(self, coef: Number, tree: Tree) -> Tree:
        return self.algebra.scale(self.page.number(coef), tree) if coef != 1 else tree

    def _product(self, node: Ein, at: Sequence[str], used: Sequence[str]) -> Tree:
        """coef * product of factors, summed over what is not outside; equal letters outside are a delta."""
        name: dict[int, str] = {}
        deltas = []
        for i, letter in zip(node.out, at, strict=True):
            if i in name:
                deltas.append((name[i], letter))
            name.setdefault(i, letter)
        used = list(used)
        summed = []
        for i in range(len(node.index_dims)):
            if i not in name:
                name[i] = self.letter(used, node.index_dims[i])
                used.append(name[i])
                summed.append(name[i])
        coef = node.coef
        above: list[Tree] = []
        below: list[Tree] = []
        for base, idx, e in self._in_order(node, name, at):
            factor = self.node(base, [name[i] for i in idx], used)
            if coef < 0 and e == 1 and factor.kind == "sub":
                coef, factor = -coef, self.algebra.neg(factor)
            (above if e > 0 else below).append(self.page.power(factor, e if e > 0 else -e))
        above += [self._deltas([pair]) for pair in deltas]
        top = self._times(above)
        body = self.algebra.divide(top, self._times(below)) if below else top
        if summed:
            letters = summed[0] if len(summed) == 1 else "{" + ",".join(summed) + "}"
            body = self.page.call(SUM + letters, [body], SCALAR)
        return self._scaled(coef, body)

    def _in_order(self, node: Ein, name: Mapping[int, str], at: Sequence[str]) -> list[Factor]:
        """The factors as a hand writes them: x[j]*A[j,k]*x[k], each sharing a letter with the one before; the delta
        last."""
        rest = [(f, [name[i] for i in f[1]]) for f in node.factors if f[0] not in self.moving]
        heads = {own[0] for _, own in rest if len(own) > 1}
        out: list[Factor] = []
        here = ""

        def rank(candidate: tuple[Factor, list[str]]) -> int:
            own = candidate[1]
            if here and here in own:
                return 0 if own[0] == here else 1
            if not at and len(own) == 1 and own[0] in heads:
                return 2
            return 3 if own and own[0] in at else 4

        while rest:
            chosen = min(rest, key=rank)
            rest.remove(chosen)
            factor, own = chosen
            out.append(factor)
            here = (own[0] if own[-1] == here else own[-1]) if own else here
        return out + [f for f in node.factors if f[0] in self.moving]

    def _times(self, factors: Sequence[Tree]) -> Tree:
        result = self.page.number(1)
        for factor in factors:
            result = self.algebra.scale(result, factor) if result.kind != "number" else factor
        return result

    def _deltas(self, pairs: Sequence[tuple[str, str]] | Iterator[tuple[str, str]]) -> Tree:
        return self._times([self._delta(a, b) for a, b in pairs])

    def _delta(self, a: str, b: str) -> Tree:
        name = self.page.variable(self.delta, SCALAR)
        return self.page.make("index", [name], value=(a, b), shape=SCALAR)


def summed_letters(tree: Tree) -> list[str]:
    """The letters of sum_j or sum_{j,k}."""
    return tree.name.removeprefix(SUM).strip("{}").split(",")


def is_sum(tree: Tree) -> bool:
    return tree.kind == "call" and tree.name.startswith(SUM)


# -- reading back ----------------------------------------------------------------------------------------------------

Named = tuple[Node, tuple[str, ...]]


def meaning(tree: Tree, environment: Mapping[str, Node], sizes: Mapping[str, Dim], out: Sequence[str]) -> Node:
    """The node of a line in components with axes `out`; `sizes` says how far each letter runs. A name that has no node
    is the delta."""

    def aligned(parts: Sequence[Named]) -> tuple[list[tuple[Node, tuple[int, ...]]], tuple[str, ...], dict[int, Dim]]:
        names = tuple(dict.fromkeys(n for _, own in parts for n in own))
        places = [(node, tuple(names.index(n) for n in own)) for node, own in parts]
        return places, names, {k: sizes[n] for k, n in enumerate(names)}

    def together(parts: Sequence[Named]) -> list[Node]:
        """The parts over the same letters."""
        places, names, dims = aligned(parts)
        every = tuple(range(len(names)))
        return [ein(1, [(node, idx, 1)], every, dims) for node, idx in places]

    def product_of(parts: Sequence[tuple[Named, Number]]) -> Named:
        places, names, dims = aligned([p for p, _ in parts])
        factors = [(node, idx, e) for (node, idx), (_, e) in zip(places, parts, strict=True)]
        return ein(1, factors, tuple(range(len(names))), dims), names

    def visit(t: Tree, args: Sequence[Named | None]) -> Named | None:
        if t.kind == "index" and all(isinstance(p, str) for p in t.value):
            return _entry(t, environment, sizes)
        values = [a for a in args if a is not None]
        if t.kind in ("add", "sub"):
            names = tuple(dict.fromkeys(n for _, own in values for n in own))
            a, b = together(values)
            return add([(1, a), (1 if t.kind == "add" else -1, b)], a.dims), names
        if t.kind == "neg":
            return scale(values[0][0], -1), values[0][1]
        if t.kind == "mul":
            return product_of([(v, 1) for v in values])
        if t.kind == "div":
            return product_of([(values[0], 1), (values[1], -1)])
        if t.kind == "pow" and t.args[1].kind in ("number", "div"):
            exponent = lower(t.args[1], {}).root
            return elementwise_power(values[0][0], simple(Fraction(getattr(exponent, "coef", 1)))), values[0][1]
        if is_sum(t):
            node, names = values[0]
            gone = summed_letters(t)
            keep = tuple(k for k, n in enumerate(names) if n not in gone)
            dims = dict(enumerate(node.dims))
            missing = [n for n in gone if n not in names]
            extra = {len(names) + k: sizes[n] for k, n in enumerate(missing)}
            summed = ein(1, [(node, tuple(range(len(names))), 1)], keep, dims | extra)
            return summed, tuple(names[k] for k in keep)
        if t.kind == "call" and t.name == "sqrt":
            return elementwise_power(values[0][0], Fraction(1, 2)), values[0][1]
        if t.kind == "call" and _of_entries(t):
            names = tuple(dict.fromkeys(n for _, own in values for n in own))
            return apply_map(REGISTRY[t.name], together(values)), names
        return lower(t, environment).root, ()

    found = _fold_entries(tree, visit)
    assert found is not None
    node, names = found
    missing = [n for n in out if n not in names]
    factors = [(node, tuple([*out].index(n) for n in names), 1)]
    assert not set(names) - set(out), (names, missing)
    return ein(1, factors, tuple(range(len(out))), {k: sizes[n] for k, n in enumerate(out)})


def _fold_entries(tree: Tree, visit: Callable[[Tree, Sequence[Named | None]], Named | None]) -> Named | None:
    """`visit` from the leaves up; what stands before [i,j], or in logdet(...), is one thing and not entered."""
    done: dict[int, Named | None] = {}
    stack = [tree]
    while stack:
        t = stack[-1]
        inside = t.args if _of_entries(t) else ()
        waiting = [a for a in inside if id(a) not in done]
        if waiting:
            stack += waiting
            continue
        done[id(t)] = visit(t, [done[id(a)] for a in inside])
        stack.pop()
    return done[id(tree)]


def _of_entries(t: Tree) -> bool:
    """Whether the arguments are entries: of a sum, of a function of entries, of the signs of arithmetic."""
    if t.kind == "call":
        entries = all(a.typed.is_scalar for a in t.args)  # max(x) of a vector is one thing, max(x[i], 0) is not
        known = t.name in REGISTRY and REGISTRY[t.name].kind == "elementwise"
        return is_sum(t) or (entries and (t.name == "sqrt" or (known and len(t.args) == _arity(t.name))))
    return t.kind != "index"


def _arity(name: str) -> int:
    return len(REGISTRY[name].signatures[0].args)


def _entry(t: Tree, environment: Mapping[str, Node], sizes: Mapping[str, Dim]) -> Named:
    """x[j], delta[j,i], delta[j,2], (A*x)[i]."""
    places: tuple[str, ...] = t.value
    letters = tuple(dict.fromkeys(p for p in places if p in sizes))
    if t.args[0].kind == "name" and t.args[0].name in DELTAS and t.args[0].name not in environment:
        a, b = places
        if b not in sizes:
            return unit(int(b) - 1, sizes[a]), (a,)
        return ein(1, [], (0, 0), {0: sizes[a]}), (a, b)
    node = lower(t.args[0], environment).root
    idx = tuple(letters.index(p) for p in places)
    return ein(1, [(node, idx, 1)], tuple(range(len(letters))), {k: sizes[n] for k, n in enumerate(letters)}), letters
