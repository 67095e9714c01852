"""Sums over samples as matrix formulas: sum_i (x_i'w - y_i)^2 with the rows x_i of X is sum((X*w - y).^2).

The body is lifted: what depends on the index becomes all its values at once. A number for each i is a vector, a
vector for each i the rows of a matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from frechet.core.errors import FrechetError, Span, problem
from frechet.language.tree import INFIX, Tree, fold, subtrees

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
    "max", "min", "square", "erf", "atan", "asin", "acos", "where", *INFIX,
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


@dataclass(frozen=True)
class Kinds:
    """What a letter with an index can be. `declared`: the names that are known; `samples`: letters whose matrix is said
    to be this one, with the samples as columns or rows; `columns`: x_i is a column of X where nothing is said; `other`
    exchanges the readings of x_i as an entry of x and as a sample of X; `axes` collects how many axes a name needs."""

    declared: Collection[str] | None
    samples: Mapping[str, tuple[str, bool]]
    columns: bool
    other: bool
    axes: dict[str, int]


def lift(body: Tree, indices: Sequence[str], span: Span, kinds: Kinds) -> Tree:
    """The sum of `body` over one index or two.

    Raises E303 where the sum has no matrix form that is known here.
    """
    if len(indices) == 2:
        return _double(body, indices, span)
    if len(indices) > 2:
        raise problem("E303", "A sum over one or two indices can be read here.", span)
    lifter = _Lifter(indices[0], kinds, span, _vectors(body))
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


def lift_entries(body: Tree, index: str, span: Span, kinds: Kinds) -> Tree:
    """All values of `body`, a number for each value of the index, as a vector. Raises E303 where it is none."""
    value = fold(body, _Lifter(index, kinds, span, _vectors(body)).visit)
    if value.kind != "s":
        raise problem("E303", f"There is no number here for each {index}.", span)
    return value.tree


def _vectors(body: Tree) -> frozenset[str]:
    """Names with an index that are used as vectors: transposed, beside a row or a matrix, inside a norm."""
    found: set[str] = set()

    def core(tree: Tree) -> list[str]:
        while tree.kind == "neg":
            tree = tree.args[0]
        if tree.kind in ("add", "sub"):
            return [n for a in tree.args for n in core(a)]
        return [tree.name] if tree.kind == "bound" and not tree.args else []

    for tree in subtrees(body):
        if tree.kind == "transpose" or (tree.kind == "call" and tree.name in ("norm2", "norm1", "norminf")):
            found |= {n for a in tree.args for n in core(a)}
        if tree.kind == "mul":
            left, right = tree.args
            while left.kind == "mul":
                left = left.args[1]
            if left.kind == "transpose" or (left.kind == "name" and left.name[0].isupper()):
                found |= set(core(right))
    return frozenset(n for n in found if n[0].islower())


def _double(body: Tree, indices: Sequence[str], span: Span) -> Tree:
    """sum_{i,j} of entries: A_ij x_i y_j is x'*A*y, f(A_ij) is the sum of all entries."""
    i, j = indices

    def unknown(tree: Tree) -> FrechetError:
        return problem("E303", "This double sum has no matrix form that is known here.", tree.span or span)

    def visit(tree: Tree, args: Sequence[Tree]) -> Tree:
        if tree.kind == "mul" and _is_inner(tree):
            return _gram(tree, i, j, unknown)
        if tree.kind == "transpose" and tree.args[0].kind == "bound" and len(tree.args[0].value) == 1:
            return Tree("bound", (args[0],), name="'", span=tree.span)  # only as the left of an inner product
        if any(a.kind == "bound" for a in args) or (tree.kind == "call" and tree.name not in _ELEMENTWISE):
            raise unknown(tree)
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

    return _call("sum", fold(fold(body, _regrouped), visit), span=span)


def _regrouped(tree: Tree, args: Sequence[Tree]) -> Tree:
    """a_i u_i' v_j as a_i (u_i' v_j)."""
    new = Tree(tree.kind, tuple(args), tree.name, tree.value, tree.shape, tree.span)
    if tree.kind == "mul" and args[0].kind == "mul" and _is_inner(Tree("mul", (args[0].args[1], args[1]))):
        return Tree("mul", (args[0].args[0], Tree("mul", (args[0].args[1], args[1]), span=tree.span)), span=tree.span)
    return new


def _is_inner(tree: Tree) -> bool:
    left, right = tree.args
    return left.kind == "transpose" and left.args[0].kind == right.kind == "bound"


def _gram(tree: Tree, i: str, j: str, unknown: Callable[[Tree], FrechetError]) -> Tree:
    """u_i' v_j for all i and j: U*V', with the vectors as rows."""
    left, right = tree.args[0].args[0], tree.args[1]
    names = [b.name[0].upper() + b.name[1:] for b in (left, right)]
    rows = [Tree("name", name=n, span=b.span) for n, b in zip(names, (left, right), strict=True)]
    if (left.value, right.value) == ((i,), (j,)):
        return Tree("mul", (rows[0], _t(rows[1])), span=tree.span)
    if (left.value, right.value) == ((j,), (i,)):
        return Tree("mul", (rows[1], _t(rows[0])), span=tree.span)
    raise unknown(tree)


def _t(tree: Tree) -> Tree:
    if tree.kind == "transpose":
        return tree.args[0]
    return Tree("transpose", (tree,), span=tree.span)


def _one() -> Tree:
    return _call("vector", Tree("number", name="1", value=Fraction(1)))


def _call(name: str, *args: Tree, span: Span | None = None) -> Tree:
    return Tree("call", args, name=name, span=span or args[0].span)


class _Lifter:
    def __init__(self, index: str, kinds: Kinds, span: Span, vectors: frozenset[str]) -> None:
        self.index = index
        self.kinds = kinds
        self.span = span
        self.vectors = vectors

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
        """x_i: an entry of the vector x, or a row (or column) of the matrix X; (A*x)_i: an entry of a bracket."""
        if tree.args:
            if tree.value != (self.index,) or any(t.kind == "bound" for t in subtrees(tree.args[0])):
                raise self.unknown(tree)
            return Lifted("s", tree.args[0])
        if tree.value != (self.index,):
            return self.entry(tree)
        matrix = self.matrix_of(tree.name)
        if tree.name[0].isupper() or matrix:
            return Lifted("v", self.rows_of(matrix or tree.name, tree))
        self.kinds.axes[tree.name] = 1
        return Lifted("s", Tree("name", name=tree.name, span=tree.span))

    def matrix_of(self, name: str) -> str:
        """The matrix whose rows or columns the letter stands for, empty where it is a vector with entries."""
        known = self.kinds
        capital = name[0].upper() + name[1:]
        if name in known.samples:
            return known.samples[name][0]
        if known.declared is not None:
            return capital if name not in known.declared and capital in known.declared else ""
        sample = name in self.vectors or (known.other and name[0] in "xyzuvw" and name.islower())
        return capital if sample else ""

    def rows_of(self, matrix: str, tree: Tree) -> Tree:
        """The matrix with the samples as rows."""
        self.kinds.axes[matrix] = 2
        name = Tree("name", name=matrix, span=tree.span)
        columns = self.kinds.samples[tree.name][1] if tree.name in self.kinds.samples else self.kinds.columns
        return _t(name) if columns else name

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
            return Lifted("s", _by_rows(Tree("dotmul", (a.tree, b.tree), span=span)))
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
        root = a.tree.kind == "call" and a.tree.name == "sqrt" and b.tree.kind == "number" and b.tree.value == 2
        if a.kind == "s" and root:  # the square of a norm
            return Lifted("s", a.tree.args[0])
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
            return Lifted("s", _call("sqrt", _by_rows(squares)))
        if tree.name == "sum" and len(args) == 1 and args[0].kind in ("v", "r"):
            return Lifted("s", _by_rows(args[0].tree))
        if tree.name in _ELEMENTWISE and all(a.kind in ("s", "c") for a in args):
            return Lifted("s", Tree("call", tuple(a.tree for a in args), tree.name, span=tree.span))
        raise self.unknown(tree)


def _by_rows(tree: Tree) -> Tree:
    """The sums of the rows of a matrix."""
    return _call("sum", tree, Tree("number", name="2", value=Fraction(2)))


def _is_matrix(tree: Tree) -> bool:
    return tree.kind == "name" and tree.name[0].isupper()


def _is_vector(tree: Tree) -> bool:
    """Whether a factor without the index is meant as a vector: a small letter, or a sum of such."""
    while tree.kind in ("add", "sub", "neg"):
        tree = tree.args[0]
    if tree.kind == "mul":
        return _is_vector(tree.args[1])
    return tree.kind in ("name", "bound") and tree.name[0].islower()
