"""The page on which an answer is written: interned trees with their printed length, and how to build them.

Trees made here are hash-consed, so equal subtrees are the same object, comparing is cheap, and the length of a
deeply shared answer is known without printing it. Every builder keeps to what an expert writes: no factor 1, no
double transpose, no product with an identity, no `- -`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from frechet.core.dims import SCALAR, Dim, Shape, Size
from frechet.core.node import Number
from frechet.core.numbers import simple
from frechet.language.tree import BINARY, INFIX, Tree, subtrees
from frechet.language.tree import size as size_tree
from frechet.notation.layout import decimal, spelled, wraps
from frechet.ops import REGISTRY

LONGEST = 10**9
# Transposes are taken inside an expression up to this length; a longer one gets a prime.
PUSH_LIMIT = 200


class Page:
    """Interned trees. `decimals`: the user writes 0.5, not 1/2."""

    def __init__(self, decimals: bool = False, rank: dict[str, int] | None = None) -> None:
        self.decimals = decimals
        self.rank = rank or {}
        # Names that mean something in the answer, and the trees that have others (the user's own `where` names).
        self.known: set[str] = set()
        self.foreign: set[Tree] = set()
        # Each sign(u) where u moves with the variables of a derivative and is 0 on borders alone.
        self.borders: set[Tree] = set()
        self._rank: dict[Tree, int] = {}
        self._known: dict[Any, Tree] = {}
        self._length: dict[Tree, int] = {}
        # Trees from elsewhere by id, kept alive with what they became.
        self._adopted: dict[int, tuple[Tree, Tree]] = {}
        self._flip: dict[Tree, Tree] = {}
        # Sums already collected, by their terms (see `sums.collect`).
        self.sums: dict[Any, Any] = {}
        # Terms already written (see `term.written`).
        self.terms: dict[Any, Tree] = {}
        # Trees as the user wrote them: their signs and orders stay.
        self.fixed: set[Tree] = set()
        # Shorter ways to write a matrix product, tried one after the other (see `links`).
        self.shorter: tuple[Callable[[Page, Sequence[Tree]], Sequence[Tree]], ...] = ()

    def make(
        self, kind: str, args: Sequence[Tree] = (), name: str = "", value: Any = None, shape: Shape = SCALAR
    ) -> Tree:
        """The one tree of this content."""
        key = (kind, tuple(map(id, args)), name, value, shape)
        tree = self._known.get(key)
        if tree is None:
            tree = self._known[key] = Tree(kind, tuple(args), name, value, shape)
            self._length[tree] = self._measure(tree)
            if (kind == "name" and name not in self.known) or any(a in self.foreign for a in args):
                self.foreign.add(tree)
            inner = max((self._rank[a] for a in args), default=-1)
            self._rank[tree] = self.rank.get(name, -1) if kind == "name" else inner
        return tree

    def place(self, tree: Tree) -> tuple[int, int]:
        """Where a term goes in a sum: in the order in which the user brought its names in, short before long."""
        return self._rank[tree], self._length[tree]

    def adopt(self, tree: Tree) -> Tree:
        """A tree from elsewhere, interned, without its spans."""
        stack = [tree]
        while stack:
            t = stack[-1]
            waiting = [a for a in t.args if id(a) not in self._adopted]
            if waiting and id(t) not in self._adopted:
                stack.extend(waiting)
                continue
            stack.pop()
            if id(t) not in self._adopted:
                args = [self._adopted[id(a)][1] for a in t.args]
                self._adopted[id(t)] = t, self.make(t.kind, args, t.name, t.value, t.typed)
        return self._adopted[id(tree)][1]

    def reads(self, trees: Sequence[Tree]) -> int:
        """Printed length of trees from elsewhere."""
        return sum(self._length[self.adopt(t)] for t in trees)

    def length(self, tree: Tree) -> int:
        """Printed characters without blanks."""
        return self._length[tree]

    def _measure(self, t: Tree) -> int:
        if t.kind == "number":
            shown = spelled(t)
            return len(shown.name) if shown.kind == "number" else len(str(t.value))
        inner = 0
        for k, arg in enumerate(t.args):
            inner += self._length[arg] + (2 if wraps(t, k, spelled(arg)) else 0)
        call = len(INFIX[t.name]) if t.name in INFIX else len(t.name) + 1 + len(t.args)
        own = {"name": len(t.name), "size": len(str(t.value)), "neg": 1, "transpose": 1, "call": call,
               "index": 2 + 2 * len(t.value or ()), "matrix": 1 + len(t.args), "arrow": len(t.name) + 2}  # fmt: skip
        return min(LONGEST, inner + (len(BINARY[t.kind]) if t.kind in BINARY else own.get(t.kind, 8)))

    # -- atoms -----------------------------------------------------------------------------------------------------

    def number(self, value: Number) -> Tree:
        name = decimal(Fraction(value)) if self.decimals and value != int(value) and value > 0 else ""
        return self.make("number", name=name if len(name) < 12 else "", value=Fraction(value))

    def variable(self, name: str, shape: Shape) -> Tree:
        return self.make("name", name=name, shape=shape)

    def size(self, dims: Size) -> Tree:
        return self.adopt(size_tree(dims))

    def call(self, name: str, args: Sequence[Tree], shape: Shape) -> Tree:
        return self.make("call", args, name, shape=shape)

    def eye(self, n: Size) -> Tree:
        tree = self.call("eye", [self.size(n)], Shape(n, n))
        self._flip[tree] = tree
        return tree

    def unit(self, position: int, dim: Dim) -> Tree:
        """A basis vector, a column of the identity."""
        return self.make("index", [self.eye((dim,))], value=(None, position + 1), shape=Shape((dim,)))

    def part(self, first: int, rows: Dim, cols: Dim) -> Tree:
        """Rows of the identity, eye(n)[2:4,:]: it takes entries out of what stands right of it."""
        place = (first + 1, first + int(rows))
        tree = self.make("index", [self.eye((cols,))], value=(place, None), shape=Shape((rows,), (cols,)))
        if tree not in self._flip:
            value, shape = (None, place), Shape((cols,), (rows,))
            self.keep_flip(tree, self.make("index", [self.eye((cols,))], value=value, shape=shape))
        return tree

    def ones(self, shape: Shape) -> Tree:
        if shape.is_row:
            return self.flip(self.ones(shape.transposed))
        sides = [shape.rows] if shape.is_column else [shape.rows, shape.cols]
        tree = self.call("ones", [self.size(s) for s in sides], shape)
        if shape.is_matrix:
            self._flip[tree] = self.call("ones", [self.size(shape.cols), self.size(shape.rows)], shape.transposed)
        return tree

    def zeros(self, shape: Shape) -> Tree:
        if shape.is_scalar:
            return self.number(0)
        sides = [shape.axes] if not shape.is_matrix else [shape.rows, shape.cols]
        return self.call("zeros", [self.size(s) for s in sides], Shape(shape.axes) if shape.is_row else shape)

    # -- transposes ------------------------------------------------------------------------------------------------

    def keep_flip(self, tree: Tree, flipped: Tree) -> None:
        """Remember how the transpose of a tree is written; a symmetric tree is its own."""
        self._flip[tree], self._flip[flipped] = flipped, tree

    def flip(self, tree: Tree) -> Tree:
        """The transpose."""
        if tree.typed.is_scalar:
            return tree
        if tree in self._flip:
            return self._flip[tree]
        if tree.kind == "transpose":
            return tree.args[0]
        flipped = self.make("transpose", [tree], shape=tree.typed.transposed)
        if self.length(tree) < PUSH_LIMIT:
            pushed = self._pushed(tree)
            # inv(X)' rather than inv(X'), and a sum or a comparison will stand in brackets
            extra = 3 if tree.name in INFIX else {"call": 1, "add": 2, "sub": 2}.get(tree.kind, 0)
            if pushed is not None and self.length(pushed) + extra <= self.length(flipped):
                flipped = pushed
        self._flip[tree] = flipped
        self._flip.setdefault(flipped, tree)
        return flipped

    def _pushed(self, t: Tree) -> Tree | None:
        """The transpose taken inside: (A*B)' = B'*A', (A + B)' = A' + B', exp(A)' = exp(A')."""
        if t.kind in ("mul", "div", "neg") and t.args[-1].typed.is_scalar and t.kind != "neg":
            return self.make(t.kind, [self.flip(t.args[0]), t.args[1]], shape=t.typed.transposed)
        if t.kind == "mul" and not t.args[0].typed.is_scalar:
            head, *links = self._links(t)
            front: list[Tree] = []
            while head.kind == "mul" and head.args[0].typed.is_scalar:
                front.append(head.args[0])
                head = head.args[1]
            turned = self.chain(self.flip_chain([head, *links]))
            for scalar in reversed(front):
                turned = self.times(scalar, turned)
            return turned
        if t.kind == "mul":
            return self.times(t.args[0], self.flip(t.args[1]))
        entrywise = t.kind == "neg" or (t.kind in BINARY and t.kind not in ("pow", "div"))
        record = REGISTRY[t.name] if t.kind == "call" and t.name in REGISTRY else None
        commutes = record is not None and (record.kind == "elementwise" or record.transposes == "equivariant")
        if t.kind in ("add", "sub") and self._summands(t) == {(s, self.flip(a)) for s, a in self._summands(t)}:
            return t
        if entrywise or commutes:
            return self.make(t.kind, [self.flip(a) for a in t.args], t.name, t.value, t.typed.transposed)
        if t.kind == "call" and t.name in ("tril", "triu"):
            other = "triu" if t.name == "tril" else "tril"
            return self.call(other, [self.flip(t.args[0])], t.typed.transposed)
        if t.kind == "call" and t.name == "sum" and len(t.args) == 2:
            return self.call("sum", [self.flip(t.args[0]), self.number(3 - t.args[1].value)], t.typed.transposed)
        return None

    @staticmethod
    def _summands(t: Tree) -> set[tuple[int, Tree]]:
        """The terms of a sum with their signs."""
        found: set[tuple[int, Tree]] = set()
        stack = [(1, t)]
        while stack:
            sign, part = stack.pop()
            if part.kind in ("add", "sub"):
                stack += [(sign, part.args[0]), (sign if part.kind == "add" else -sign, part.args[1])]
            else:
                found.add((sign, part))
        return found

    @staticmethod
    def _links(t: Tree) -> list[Tree]:
        """The matrices of a product from left to right."""
        links: list[Tree] = []
        while t.kind == "mul" and not t.args[0].typed.is_scalar and not t.args[1].typed.is_scalar:
            links.append(t.args[1])
            t = t.args[0]
        return [t, *reversed(links)]

    def negated(self, t: Tree, depth: int = 4) -> Tree | None:
        """-t written by turning a difference inside round, if there is one that the user did not write."""
        if t in self.fixed or depth == 0:
            return None
        if t.kind == "sub":
            first, second = t.args
            turned = self.negated(first, depth - 1) if first.kind == "call" else None
            if turned is not None and self.length(turned) <= self.length(first):
                return self.make("add", sorted([turned, second], key=self.place), shape=t.typed)
            return self.make("sub", [second, first], shape=t.typed)
        places = {"mul": (0, 1), "dotmul": (0, 1), "dotdiv": (0,), "div": (0,), "transpose": (0,)}.get(t.kind, ())
        if t.kind == "call" and t.name in ("diag", "vec", "tr", "sum", "kron", "tril", "triu"):
            places = (0,)
        record = REGISTRY.get(t.name) if t.kind == "call" else None
        if record is not None and record.kind == "opaque" and record.rule.linear is not None:
            places = tuple(range(record.rule.linear, len(t.args)))
        for k in places:
            turned = self.negated(t.args[k], depth - 1)
            if turned is not None:
                args = [*t.args[:k], turned, *t.args[k + 1 :]]
                new = self.make(t.kind, args, t.name, t.value, t.typed)
                if self._flip.get(t) is t:
                    self._flip[new] = new
                return new
        return None

    def flip_chain(self, chain: Sequence[Tree]) -> tuple[Tree, ...]:
        return tuple(self.flip(t) for t in reversed(chain))

    # -- operators -------------------------------------------------------------------------------------------------

    def neg(self, a: Tree) -> Tree:
        if a.kind == "neg":
            return a.args[0]
        if a.kind == "number":
            return self.number(-a.value)
        if a.kind == "sub":
            return self.make("sub", [a.args[1], a.args[0]], shape=a.typed)
        return self.make("neg", [a], shape=a.typed)

    def add(self, a: Tree, b: Tree) -> Tree:
        if b.kind == "number" and b.value < 0:
            b = self.make("neg", [self.number(-b.value)])
        if b.kind == "neg":
            return self.make("sub", [a, b.args[0]], shape=self._wider(a, b))
        return self.make("add", [a, b], shape=self._wider(a, b))

    @staticmethod
    def _wider(a: Tree, b: Tree) -> Shape:
        return b.typed if a.typed.is_scalar else a.typed

    def times(self, a: Tree, b: Tree, *, join: bool = False) -> Tree:
        """a * b, a scalar left of `.*` joined to it: 2*x.*y rather than 2*(x.*y).

        An inner product keeps its own bracket, 2*(x'*y)*z, unless `join`: 2*x'*y.
        """
        inner = b.kind == "mul" and b.typed.is_scalar and not b.args[1].typed.is_scalar
        if inner and not join:
            return self.make("mul", [a, b])
        if a.typed.is_scalar and b.kind in ("dotmul", "dotdiv") and b.args[0].kind != "number":
            return self.make(b.kind, [self.times(a, b.args[0]), b.args[1]], shape=b.typed)
        if a.typed.is_scalar and b.kind == "mul":
            return self.make("mul", [self.times(a, b.args[0], join=join), b.args[1]], shape=b.typed)
        shape = Shape(a.typed.rows, b.typed.cols)
        if a.typed.is_scalar or b.typed.is_scalar:
            shape = self._wider(a, b)
        return self.make("mul", [a, b], shape=shape)

    def divide(self, a: Tree, b: Tree) -> Tree:
        return self.make("div", [a, b], shape=a.typed)

    def chain(self, links: Sequence[Tree]) -> Tree:
        """Matrix product from left to right."""
        for shorter in self.shorter:
            links = shorter(self, links)
        result = links[0]
        for link in links[1:]:
            result = self.times(result, link) if result.typed.is_scalar else self._joined(result, link)
        return result

    def _joined(self, a: Tree, b: Tree) -> Tree:
        return self.make("mul", [a, b], shape=Shape(a.typed.rows, b.typed.cols))

    def dotmul(self, items: Sequence[Tree]) -> Tree:
        """Entries multiplied; what some are divided by divides all: a.*(1./b) and (a./b).*c."""
        below = [t.args[1] for t in items if _is_quotient(t)]
        above = [t.args[0] if _is_quotient(t) else t for t in items]
        above = [t for t in above if t.kind != "number"]
        if below and above and len(items) > 1:
            return self.dotdiv(self.dotmul(above), self.dotmul(below))
        result = items[0]
        for item in items[1:]:
            result = self.make("dotmul", [result, item], shape=result.typed)
        return result

    def power(self, base: Tree, e: Number) -> Tree:
        """base^e for e > 0, entry by entry for a vector or matrix; a half is a root."""
        if e == 1:
            return base
        if e == Fraction(1, 2):
            return self.call("sqrt", [base], base.typed)
        if base.kind in ("pow", "dotpow") and base.args[1].kind == "number" and e == int(e):
            return self.power(base.args[0], simple(base.args[1].value * e))
        kind = "pow" if base.typed.is_scalar else "dotpow"
        if base.kind == "call" and base.name == "sqrt" and e % 2 == 0:
            return self.power(base.args[0], Fraction(e) / 2)
        return self.make(kind, [base, self.make("number", value=Fraction(e))], shape=base.typed)

    def dotdiv(self, a: Tree, b: Tree) -> Tree:
        return self.make("dotdiv", [a, b], shape=b.typed)

    def diag(self, a: Tree, shape: Shape) -> Tree:
        if shape.is_matrix and a.kind == "call" and a.name == "diag" and _everywhere(a.args[0]):
            inner = min(a.args[0], self.flip(a.args[0]), key=self.length)
            tree = self.dotmul([inner, self.eye(shape.rows)])
        else:
            tree = self.call("diag", [a], shape)
        if shape.is_matrix:
            self._flip[tree] = tree
        return tree


def _is_quotient(t: Tree) -> bool:
    """Whether it is a./b or 1./b."""
    return t.kind == "dotdiv" and (
        not t.args[0].typed.is_scalar or (t.args[0].kind == "number" and t.args[0].value == 1)
    )


def _everywhere(root: Tree) -> bool:
    """Whether every entry of a matrix has a value wherever its diagonal has: 0/0 beside the diagonal would spoil a
    product with the identity."""
    for t in subtrees(root):
        broken = t.kind == "dotpow" and not (t.args[1].kind == "number" and t.args[1].value >= 0)
        record = REGISTRY.get(t.name) if t.kind == "call" else None
        if t.kind == "dotdiv" or broken or (record is not None and record.kind != "opaque" and record.domain):
            return False
    return True
