"""Building lines: products flattened and freed of identities, ones and units, as a hand writes them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce

from frechet.core.dims import SCALAR, Shape
from frechet.core.numbers import simple
from frechet.language.tree import Tree
from frechet.notation.page import Page

# Calls of which a scalar factor is taken out.
_CALLS_THAT_ARE_LINEAR = frozenset({"tr", "sum", "vec", "mat", "diag"})


def is_number(tree: Tree, value: int) -> bool:
    return tree.kind == "number" and tree.value == value


def is_zero(tree: Tree) -> bool:
    """The number 0 or a zeros(...) of any shape."""
    return is_number(tree, 0) or (tree.kind == "call" and tree.name == "zeros")


def is_ones(tree: Tree) -> bool:
    if tree.kind == "transpose":
        tree = tree.args[0]
    return tree.kind == "call" and tree.name == "ones"


def is_eye(tree: Tree) -> bool:
    return tree.kind == "call" and tree.name == "eye"


def value_of(tree: Tree) -> Fraction | None:
    """The value of a number or of a quotient of numbers, 1/2."""
    if tree.kind == "number":
        return Fraction(tree.value)
    if tree.kind == "div" and all(a.kind == "number" for a in tree.args):
        return Fraction(tree.args[0].value) / Fraction(tree.args[1].value)
    return None


def _power_of(tree: Tree) -> tuple[Tree, Fraction]:
    """Base and exponent of a scalar."""
    if tree.kind == "pow" and tree.args[1].kind == "number":
        return tree.args[0], Fraction(tree.args[1].value)
    return tree, Fraction(1)


class Algebra:
    """Products, sums and inner products on a page."""

    def __init__(self, page: Page, *, keep_diag: bool = False) -> None:
        self.page = page
        # Whether diag(s)*v stays, as it does on the way to a Jacobian, or becomes s.*v.
        self.keep_diag = keep_diag

    def remade(self, t: Tree, args: Sequence[Tree]) -> Tree:
        """The operation of `t` on other arguments, with signs, scalars and denominators outside."""
        a, *rest = args or (t,)
        if t.kind == "mul":
            return self.times(a, rest[0])
        if t.kind == "dotmul":
            return self.entrywise(a, rest[0])
        if t.kind == "div":
            return self.divide(a, rest[0])
        if t.kind == "dotdiv" and a.typed == rest[0].typed == t.typed:
            return self.dotdivide(a, rest[0])
        if t.kind == "neg":
            return self.neg(a)
        if t.kind == "transpose":
            return self.flip(a)
        if t.kind in ("add", "sub") and a.typed == rest[0].typed:
            return self.add([a, *self.terms(rest[0], 1 if t.kind == "add" else -1)])
        if t.kind == "call" and t.name in _CALLS_THAT_ARE_LINEAR:
            return self.linear_call(t, a, rest)
        return self.page.make(t.kind, args, t.name, t.value, t.typed)

    def linear_call(self, t: Tree, inside: Tree, rest: Sequence[Tree]) -> Tree:
        """tr(c*X/s) as c*tr(X)/s; vec, mat, diag and sum likewise."""
        if inside.kind == "neg":
            return self.neg(self.linear_call(t, inside.args[0], rest))
        if inside.kind == "div" and inside.args[1].typed.is_scalar and value_of(inside) is None:
            return self.divide(self.linear_call(t, inside.args[0], rest), inside.args[1])
        scalars, chain = self.parts(inside)
        if not chain:
            scalars, chain = [], [inside]
        return self.product([*scalars, self.page.make("call", [self.product(chain), *rest], t.name, t.value, t.typed)])

    # -- products --------------------------------------------------------------------------------------------------

    def links(self, tree: Tree) -> list[Tree]:
        """The factors of a product from left to right; an inner product inside it is one factor."""
        out: list[Tree] = []
        while tree.kind == "mul" and (not out or not self._inner_product(tree)):
            out.append(tree.args[1])
            tree = tree.args[0]
        return [tree, *reversed(out)]

    @staticmethod
    def _inner_product(tree: Tree) -> bool:
        return tree.typed.is_scalar and not tree.args[0].typed.is_scalar

    def times(self, a: Tree, b: Tree) -> Tree:
        """a*b without factors 1 and identities; signs, scalars and denominators go to the outside."""
        page = self.page
        if is_zero(a) or is_zero(b):
            return page.zeros(self._shape(a, b))
        for left, right in ((a, b), (b, a)):
            if left.kind == "neg":
                return self.neg(self.times(*((left.args[0], right) if left is a else (right, left.args[0]))))
        if is_number(a, 1) or (is_eye(a) and not b.typed.is_scalar):
            return b
        if is_number(b, 1) or (is_eye(b) and not a.typed.is_scalar):
            return a
        if a.kind == "div" and value_of(a) is None:
            return self.divide(self.times(a.args[0], b), a.args[1])
        if b.kind == "div" and value_of(b) is None:
            return self.divide(self.times(a, b.args[0]), b.args[1])
        if b.typed.is_scalar and not a.typed.is_scalar:
            return self.scale(b, a)
        if a.typed.is_scalar:
            return self.scale(a, b)
        return self._matrix_product(a, b)

    def _matrix_product(self, a: Tree, b: Tree) -> Tree:
        page = self.page
        *_, last = self.links(a)
        if is_ones(b) and b.typed.is_column and last.kind == "call" and last.name == "diag" and last.typed.is_matrix:
            return self.product([*self.links(a)[:-1], last.args[0]])
        if self.keep_diag:
            pass
        elif a.kind == "call" and a.name == "diag" and b.typed.is_column and a.typed.is_matrix:
            return self.entrywise(a.args[0], b)
        elif b.kind == "call" and b.name == "diag" and a.typed.is_row and b.typed.is_matrix:
            return self.flip(self.entrywise(self.flip(a), b.args[0]))
        if b.kind == "mul" and not self._inner_product(b):
            scalars, chain = self.parts(b)
            if scalars:
                return self.product([*scalars, self.times(a, self.product(chain))])
            return reduce(self.times, chain, a)
        if a.kind == "mul":
            scalars, chain = self.parts(a)
            if scalars and chain:
                return self.product([*scalars, self.times(self.product(chain), b)])
        return page.make("mul", [a, b], shape=self._shape(a, b))

    def parts(self, tree: Tree) -> tuple[list[Tree], list[Tree]]:
        """The scalar factors of a product, and its matrices and vectors from left to right."""
        if tree.typed.is_scalar:
            return [tree], []
        if tree.kind == "dotmul":
            number, rest = self.coefficient(tree)
            return ([self.page.number(number)] if number != 1 else []), [rest]
        factors = self.links(tree)
        return [f for f in factors if f.typed.is_scalar], [f for f in factors if not f.typed.is_scalar]

    def product(self, factors: Sequence[Tree]) -> Tree:
        """The product from left to right; the scalars in front are multiplied on last."""
        scalars = [f for f in factors if f.typed.is_scalar]
        rest = [f for f in factors if not f.typed.is_scalar]
        if not rest:
            return reduce(lambda x, y: self.scale(x, y), scalars)
        result = reduce(self.times, rest)
        for s in reversed(scalars):
            result = self.scale(s, result)
        return result

    def scale(self, c: Tree, a: Tree) -> Tree:
        """A scalar times anything; numbers merge and come first."""
        page = self.page
        if is_number(c, 1):
            return a
        if is_number(a, 1):
            return c
        if c.kind == "number" and c.value < 0:
            return self.neg(self.scale(page.number(-c.value), a))
        for x, y in ((c, a), (a, c)):
            if x.kind == "neg":
                return self.neg(self.scale(*((x.args[0], y) if x is c else (y, x.args[0]))))
        number = value_of(c)
        if number is None and value_of(a) is not None:
            return self.scale(a, c)
        for x, y in ((c, a), (a, c)):
            if x.kind == "div" and value_of(x) is None:
                return self.divide(self.scale(*((x.args[0], y) if x is c else (y, x.args[0]))), x.args[1])
        inner, rest = self.coefficient(a)
        if number is not None:
            return self._numbered(number * inner, rest)
        outer, left = self.coefficient(c)
        if inner != 1 or outer != 1:
            return self._numbered(outer * inner, self.scale(left, rest))
        return page.times(c, a, join=True)

    def _numbered(self, number: Fraction, rest: Tree) -> Tree:
        if number == 1:
            return rest
        if number < 0:
            return self.neg(self._numbered(-number, rest))
        if is_number(rest, 1):
            return self.page.number(number)
        path: list[Tree] = []
        t = rest
        while t.kind == "mul" and not (path and self._inner_product(t)):
            path.append(t)
            t = t.args[0]
        if t.kind != "mul":
            return self.page.times(self.page.number(number), rest, join=True)
        found = self.page.make("mul", [self.page.number(number), t])  # 2*(x'*x)*A, not (2*x'*x)*A
        for above in reversed(path):
            found = self.page.make("mul", [found, above.args[1]], shape=above.typed)
        return found

    def coefficient(self, a: Tree) -> tuple[Fraction, Tree]:
        """The number in front of a product and what it multiplies."""
        whole = value_of(a)
        if whole is not None:
            return whole, self.page.number(1)
        path: list[Tree] = []
        t = a
        while t.kind in ("mul", "dotmul"):
            number = value_of(t.args[0])
            if number is not None:
                rest = t.args[1]
                for parent in reversed(path):
                    rest = self.page.make(parent.kind, [rest, *parent.args[1:]], shape=parent.typed)
                return number, rest
            path.append(t)
            t = t.args[0]
        return Fraction(1), a

    def entrywise(self, a: Tree, b: Tree) -> Tree:
        """a.*b without ones; signs and scalars go to the outside."""
        page = self.page
        if is_zero(a) or is_zero(b):
            return page.zeros(a.typed)
        if is_ones(a) or is_number(a, 1):
            return b
        if is_ones(b) or is_number(b, 1):
            return a
        if a.typed.is_scalar or b.typed.is_scalar:
            return self.times(a, b)
        for c, other in ((a, b), (b, a)):
            outside: list[Tree] = []
            inside = c
            if c.kind == "neg":
                return self.neg(self.entrywise(*((c.args[0], other) if c is a else (other, c.args[0]))))
            if c.kind == "mul":
                outside, chain = self.parts(c)
                inside = self.product(chain)
            if c.kind == "div":
                return self.divide(self.entrywise(*((c.args[0], other) if c is a else (other, c.args[0]))), c.args[1])
            if outside:
                return self.product([*outside, self.entrywise(*((inside, other) if c is a else (other, inside)))])
        return page.make("dotmul", [a, b], shape=a.typed)

    def dotdivide(self, a: Tree, b: Tree) -> Tree:
        """a./b; signs go to the outside."""
        if a.kind == "neg":
            return self.neg(self.dotdivide(a.args[0], b))
        return self.page.make("dotdiv", [a, b], shape=b.typed)

    def divide(self, a: Tree, b: Tree) -> Tree:
        page = self.page
        if is_number(b, 1) or is_zero(a):
            return a
        if a.kind == "neg":
            return self.neg(self.divide(a.args[0], b))
        if a.kind == "div" and value_of(a) is None:
            return self.divide(a.args[0], self._merged(a.args[1], b))
        shorter = self._cancelled(a, b)
        return page.divide(a, b) if shorter is None else shorter

    def _cancelled(self, a: Tree, b: Tree) -> Tree | None:
        """s*A/s^2 as A/s for a scalar s that stands as a factor in front."""
        base, q = _power_of(b)
        scalars, rest = self.parts(a) if not a.typed.is_scalar else (self._scalars(a), [])
        for k, factor in enumerate(scalars):
            own, p = _power_of(factor)
            if own is base and own.kind != "number" and p <= q:
                left = self.product([*scalars[:k], *scalars[k + 1 :], *rest] or [self.page.number(1)])
                return left if p == q else self.divide(left, self.page.power(base, simple(q - p)))
        return None

    def _scalars(self, a: Tree) -> list[Tree]:
        """The factors of a scalar product; an inner product at its end is one factor."""
        out: list[Tree] = []
        while a.kind == "mul" and a.args[0].typed.is_scalar and a.args[1].typed.is_scalar:
            out.append(a.args[1])
            a = a.args[0]
        return [a, *reversed(out)]

    def _merged(self, a: Tree, b: Tree) -> Tree:
        """The product of two scalars, powers of one base added: norm2(x)*norm2(x)^2 is norm2(x)^3."""
        (x, p), (y, q) = (_power_of(t) for t in (a, b))
        return self.page.power(x, simple(p + q)) if x is y and x.kind != "number" else self.scale(a, b)

    def neg(self, a: Tree) -> Tree:
        """-a; of a difference the terms change places."""
        if a.kind == "sub" and a.args[0].typed == a.args[1].typed:
            return self.add([a.args[1], self.neg(a.args[0])])
        return self.page.neg(a)

    # -- transposes, sums, inner products --------------------------------------------------------------------------

    def flip(self, tree: Tree) -> Tree:
        """The transpose, of a product taken inside; sums and entrywise products stay as they were written."""
        page = self.page
        if tree.typed.is_scalar:
            return tree
        if tree.kind == "transpose":
            return tree.args[0]
        if tree.kind == "call" and tree.name in ("diag", "eye") and tree.typed.rows == tree.typed.cols:
            return tree
        if tree.kind == "neg":
            return self.neg(self.flip(tree.args[0]))
        if tree.kind == "div":
            return page.divide(self.flip(tree.args[0]), tree.args[1])
        if tree.kind == "mul":
            scalars, chain = self.parts(tree)
            if tree.typed.is_column and any(t.kind in ("add", "sub") and t.typed.is_matrix for t in chain):
                whole = self.product(chain)
                return self.product([*scalars, page.make("transpose", [whole], shape=whole.typed.transposed)])
            return self.product([*scalars, *[self.flip(t) for t in reversed(chain)]])
        if tree.kind in ("add", "sub") and tree.typed.is_row and tree.args[0].typed == tree.args[1].typed:
            return page.make(tree.kind, [self.flip(a) for a in tree.args], shape=tree.typed.transposed)
        if tree.kind in ("add", "sub", "dotmul", "dotdiv", "dotpow"):
            return page.make("transpose", [tree], shape=tree.typed.transposed)
        return page.flip(tree)

    def add(self, terms: Sequence[Tree]) -> Tree:
        """A sum without zeros, a negative term as a difference."""
        rest = [t for t in terms if not is_zero(t) and not (t.kind == "neg" and is_zero(t.args[0]))]
        flat = [*rest[:1], *(part for term in rest[1:] for part in self.terms(term))]
        return reduce(self.page.add, flat) if rest else self.page.zeros(terms[0].typed)

    def terms(self, tree: Tree, sign: int = 1) -> list[Tree]:
        """The terms of a sum, with their signs."""
        out: list[Tree] = []
        stack = [(tree, sign)]
        while stack:
            t, s = stack.pop()
            if t.kind in ("add", "sub") and t.args[0].typed == t.args[1].typed:
                stack += [(t.args[1], -s if t.kind == "sub" else s), (t.args[0], s)]
            else:
                out.append(t if s > 0 else self.neg(t))
        return out

    def trace(self, inside: Tree) -> Tree:
        """tr(inside) with sign, scalars and denominator outside."""
        return self.linear_call(Tree("call", (inside,), "tr", shape=SCALAR), inside, ())

    def inner(self, W: Tree, E: Tree) -> Tree:
        """<W, E>: W*E for scalars, W'*E for columns, E*W' for rows, tr(W'*E) for matrices."""
        if E.typed.is_scalar:
            return self.times(W, E)
        if E.typed.is_column:
            return self.times(self.flip(W), E)
        if E.typed.is_row:
            return self.times(E, self.flip(W))
        return self.trace(self.times(self.flip(W), E))

    def _shape(self, a: Tree, b: Tree) -> Shape:
        if a.typed.is_scalar:
            return b.typed
        return a.typed if b.typed.is_scalar else Shape(a.typed.rows, b.typed.cols)
