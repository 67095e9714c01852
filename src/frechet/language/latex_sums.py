"""Sums over samples as matrix formulas: sum_i (x_i'w - y_i)^2 with the rows x_i of X is sum((X*w - y).^2).

The body is lifted: what depends on the index becomes all its values at once. A number for each i is a vector, a
vector for each i the rows of a matrix.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

from frechet.core.errors import FrechetError, Span, problem
from frechet.language.tree import Tree, fold

_DOTTED = {
    "mul": "dotmul",
    "div": "dotdiv",
    "pow": "dotpow",
    "dotmul": "dotmul",
    "dotdiv": "dotdiv",
    "dotpow": "dotpow",
}
_ELEMENTWISE = frozenset({
    "exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "sigmoid", "softplus", "sqrt", "abs", "relu", "sign",
    "max", "min", "square", "erf", "atan", "asin", "acos",
})  # fmt: skip


@dataclass(frozen=True)
class Lifted:
    """kind "c": the same for every i; "s": a number for each i, `tree` the vector of them; "v": a column for each i,
    `tree` the matrix with them as rows; "r": such a column, transposed; "m": the outer product of a column and a row
    for each i, `tree` and `other` their matrices; "k": a constant row or matrix with a factor `weight` for each i,
    before it meets its column."""

    kind: str
    tree: Tree
    other: Tree | None = None
    weight: Tree | None = None


def lift(
    body: Tree, indices: Sequence[str], span: Span, declared: Collection[str] | None, columns: bool, other: bool
) -> Tree:
    """The sum of `body` over one index. `columns`: x_i is a column of X, not a row; `other` exchanges the readings of
    x_i as an entry of x and as a sample of X.

    Raises E303 where the sum has no matrix form that is known here.
    """
    if len(indices) == 2:
        return _double(body, indices, span)
    if len(indices) > 2:
        raise problem("E303", "A sum over one or two indices can be read here.", span)
    lifter = _Lifter(indices[0], declared, columns, other, span)
    value = fold(body, lifter.visit)
    if value.kind == "s":
        return _call("sum", value.tree, span=span)
    if value.kind in ("v", "r"):
        total = Tree("mul", (_t(value.tree), _one()), span=span)
        return _t(total) if value.kind == "r" else total
    if value.kind == "m":
        assert value.other is not None
        left = _t(value.tree)
        return Tree("mul", (left, value.other), span=span)
    raise problem("E303", f"What is summed does not depend on {indices[0]}.", span)


def _double(body: Tree, indices: Sequence[str], span: Span) -> Tree:
    """sum_{i,j} of entries: A_ij x_i y_j is x'*A*y, f(A_ij) is the sum of all entries."""
    i, j = indices

    def visit(tree: Tree, args: Sequence[Tree]) -> Tree:
        if tree.kind == "bound":
            if tree.value == (i, j) or tree.value == (i + j,):
                return Tree("name", name=tree.name, span=tree.span)
            if tree.value == (j, i):
                return _t(Tree("name", name=tree.name, span=tree.span))
            plain = Tree("name", name=tree.name, span=tree.span)
            ones = _t(_one())
            if tree.value == (i,):
                return Tree("mul", (plain, ones), span=tree.span)
            return Tree("mul", (_one(), _t(plain)), span=tree.span)
        return Tree(_DOTTED.get(tree.kind, tree.kind), tuple(args), tree.name, tree.value, None, tree.span)

    return _call("sum", fold(body, visit), span=span)


def _t(tree: Tree) -> Tree:
    if tree.kind == "transpose":
        return tree.args[0]
    return Tree("transpose", (tree,), span=tree.span)


def _one() -> Tree:
    return _call("vector", Tree("number", name="1", value=Fraction(1)))


def _call(name: str, *args: Tree, span: Span | None = None) -> Tree:
    return Tree("call", args, name=name, span=span or args[0].span)


class _Lifter:
    def __init__(self, index: str, declared: Collection[str] | None, columns: bool, other: bool, span: Span) -> None:
        self.index = index
        self.declared = declared
        self.columns = columns
        self.other = other
        self.span = span

    def visit(self, tree: Tree, args: Sequence[Lifted]) -> Lifted:
        if tree.kind == "bound":
            return self.sample(tree)
        if tree.kind == "name" and tree.name == self.index:
            raise self.unknown(tree)
        if all(a.kind == "c" for a in args):
            return Lifted("c", Tree(tree.kind, tuple(a.tree for a in args), tree.name, tree.value, None, tree.span))
        handler = {"add": self.added, "sub": self.added, "mul": self.product, "div": self.quotient, "neg": self.negated,
                   "pow": self.power, "dotpow": self.power, "transpose": self.turned, "call": self.called,
                   "dotmul": self.entrywise}.get(tree.kind)  # fmt: skip
        if handler is None:
            raise self.unknown(tree)
        return handler(tree, args)

    def unknown(self, tree: Tree) -> FrechetError:
        return problem(
            "E303", f"This sum over {self.index} has no matrix form that is known here.", tree.span or self.span
        )

    def sample(self, tree: Tree) -> Lifted:
        """x_i: an entry of the vector x, or a row (or column) of the matrix X."""
        if tree.args:
            raise self.unknown(tree)
        capital = tree.name[0].upper() + tree.name[1:]
        if self.declared is not None:
            matrix = tree.name not in self.declared and capital in self.declared
        else:
            matrix = tree.name[0] in "xz" and tree.name == tree.name.lower()
            matrix = matrix != self.other
        if tree.value != (self.index,):
            return self.entry(tree)
        if tree.name[0].isupper() and not matrix:
            return Lifted("v", self.samples(tree.name, tree.span))
        if not matrix:
            return Lifted("s", Tree("name", name=tree.name, span=tree.span))
        return Lifted("v", self.samples(capital, tree.span))

    def samples(self, name: str, span: Span | None) -> Tree:
        tree = Tree("name", name=name, span=span)
        return _t(tree) if self.columns else tree

    def entry(self, tree: Tree) -> Lifted:
        """A_ii: the diagonal."""
        if tree.value in ((self.index, self.index), (self.index * 2,)):
            return Lifted("s", _call("diag", Tree("name", name=tree.name, span=tree.span)))
        raise self.unknown(tree)

    def added(self, tree: Tree, args: Sequence[Lifted]) -> Lifted:
        a, b = args
        if {a.kind, b.kind} == {"s"}:
            return Lifted("s", Tree(tree.kind, (a.tree, b.tree), span=tree.span))
        if {a.kind, b.kind} == {"s", "c"}:
            kind = "dot" + tree.kind
            return Lifted("s", Tree(kind, (a.tree, b.tree), span=tree.span))
        if a.kind == b.kind and a.kind in ("v", "r"):
            return Lifted(a.kind, Tree(tree.kind, (a.tree, b.tree), span=tree.span))
        if "v" in (a.kind, b.kind) and "c" in (a.kind, b.kind):
            sides = [x.tree if x.kind == "v" else Tree("mul", (_one(), _t(x.tree))) for x in (a, b)]
            return Lifted("v", Tree(tree.kind, tuple(sides), span=tree.span))
        raise self.unknown(tree)

    def negated(self, tree: Tree, args: Sequence[Lifted]) -> Lifted:
        (a,) = args
        if a.kind == "m":
            raise self.unknown(tree)
        return Lifted(a.kind, Tree("neg", (a.tree,), span=tree.span))

    def turned(self, tree: Tree, args: Sequence[Lifted]) -> Lifted:
        (a,) = args
        kind = {"v": "r", "r": "v", "s": "s"}.get(a.kind)
        if kind is None:
            raise self.unknown(tree)
        return Lifted(kind, a.tree)

    def product(self, tree: Tree, args: Sequence[Lifted]) -> Lifted:
        a, b = args
        span = tree.span

        def mul(x: Tree, y: Tree) -> Tree:
            return Tree("mul", (x, y), span=span)

        if "k" in (a.kind, b.kind):
            return self.weighted(tree, a, b)
        kinds = a.kind + b.kind
        if kinds in ("sc", "cs"):
            constant, number = (b, a) if a.kind == "s" else (a, b)
            if constant.tree.kind == "transpose" or _is_matrix(constant.tree):
                return Lifted("k", constant.tree, weight=number.tree)
        if kinds == "ss":
            return Lifted("s", Tree("dotmul", (a.tree, b.tree), span=span))
        if kinds in ("sc", "cs"):
            return Lifted("s", mul(a.tree, b.tree) if kinds == "cs" else mul(b.tree, a.tree))
        if kinds == "rc":  # x_i' w, a number; x_i' A is a row again: the shapes decide, both are X*w
            return Lifted("s" if _is_vector(b.tree) else "r", mul(a.tree, b.tree))
        if kinds == "cv":  # w' x_i, or A x_i
            if a.tree.kind == "transpose" and _is_vector(a.tree.args[0]):
                return Lifted("s", mul(b.tree, a.tree.args[0]))
            return Lifted("v", mul(b.tree, _t(a.tree)))
        if kinds == "rv":
            return Lifted("s", Tree("mul", (Tree("dotmul", (a.tree, b.tree), span=span), _one()), span=span))
        if kinds == "vr":
            return Lifted("m", a.tree, b.tree)
        if kinds in ("sv", "vs", "sr", "rs"):
            number, vector = (a, b) if a.kind == "s" else (b, a)
            return Lifted(vector.kind, mul(_call("diag", number.tree), vector.tree))
        if kinds == "vc" or kinds == "cr":
            raise self.unknown(tree)
        if kinds in ("cm", "mc") or "m" in kinds:
            raise self.unknown(tree)
        raise self.unknown(tree)

    def weighted(self, tree: Tree, a: Lifted, b: Lifted) -> Lifted:
        """A factor for each i that stands before a constant row: y_i w' x_i is y_i times the number w' x_i."""
        weight = a.weight if a.kind == "k" else b.weight
        plain = [Lifted("c", x.tree) if x.kind == "k" else x for x in (a, b)]
        if a.weight is not None and b.weight is not None:
            raise self.unknown(tree)
        if all(x.kind == "c" for x in plain):
            return Lifted("k", Tree("mul", (a.tree, b.tree), span=tree.span), weight=weight)
        value = self.product(tree, plain)
        assert weight is not None
        if value.kind == "s":
            return Lifted("s", Tree("dotmul", (weight, value.tree), span=tree.span))
        if value.kind in ("v", "r"):
            return Lifted(value.kind, Tree("mul", (_call("diag", weight), value.tree), span=tree.span))
        raise self.unknown(tree)

    def quotient(self, tree: Tree, args: Sequence[Lifted]) -> Lifted:
        a, b = args
        if a.kind in ("s", "v", "r") and b.kind == "c":
            return Lifted(a.kind, Tree("div", (a.tree, b.tree), span=tree.span))
        if a.kind in ("s", "c") and b.kind == "s":
            left = a.tree if a.kind == "s" else Tree("mul", (a.tree, _one()), span=tree.span)
            return Lifted("s", Tree("dotdiv", (left, b.tree), span=tree.span))
        raise self.unknown(tree)

    def power(self, tree: Tree, args: Sequence[Lifted]) -> Lifted:
        a, b = args
        if a.kind == "s" and b.kind == "c":
            return Lifted("s", Tree("dotpow", (a.tree, b.tree), span=tree.span))
        raise self.unknown(tree)

    def entrywise(self, tree: Tree, args: Sequence[Lifted]) -> Lifted:
        a, b = args
        if a.kind == b.kind and a.kind in ("s", "v", "r"):
            return Lifted(a.kind, Tree(tree.kind, (a.tree, b.tree), span=tree.span))
        raise self.unknown(tree)

    def called(self, tree: Tree, args: Sequence[Lifted]) -> Lifted:
        if tree.name == "norm2" and args[0].kind in ("v", "r"):
            squares = Tree("dotpow", (args[0].tree, Tree("number", name="2", value=Fraction(2))), span=tree.span)
            return Lifted("s", _call("sqrt", Tree("mul", (squares, _one()), span=tree.span)))
        if tree.name == "sum" and len(args) == 1 and args[0].kind in ("v", "r"):
            return Lifted("s", Tree("mul", (args[0].tree, _one()), span=tree.span))
        if tree.name in _ELEMENTWISE and all(a.kind in ("s", "c") for a in args):
            return Lifted("s", Tree("call", tuple(a.tree for a in args), tree.name, span=tree.span))
        raise self.unknown(tree)


def _is_matrix(tree: Tree) -> bool:
    return tree.kind == "name" and tree.name[0].isupper()


def _is_vector(tree: Tree) -> bool:
    """Whether a factor without the index is meant as a vector: a small letter, or a sum of such."""
    while tree.kind in ("add", "sub", "neg"):
        tree = tree.args[0]
    if tree.kind == "mul":
        return _is_vector(tree.args[1])
    return tree.kind in ("name", "bound") and tree.name[0].islower()
