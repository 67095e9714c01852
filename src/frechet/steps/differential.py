"""The rules of differentials: what d(E) becomes, by the head of E."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import ClassVar

from frechet.core.node import Call, Map
from frechet.language.tree import Tree, fold, subtrees
from frechet.steps.algebra import Algebra
from frechet.steps.board import DIFFERENTIAL, Board
from frechet.steps.laws import applied
from frechet.steps.pushforward import ARGUMENTS, TANGENTS, Placeholders

Rewritten = tuple[str, Tree]
LONGEST_POWER = 6


class Differentials:
    """Finds the rule for one d(E) and applies it."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.page = board.page
        self.algebra = Algebra(board.page)
        self.placeholders = Placeholders()

    def first(self, line: Tree) -> Tree | None:
        """The first d(...) of a line, from the left."""
        for t in self.board.walk(line):
            if t.kind == "call" and t.name == DIFFERENTIAL:
                return t
        return None

    def rule(self, differential: Tree) -> Rewritten | None:
        """The rule that applies to d(E), and what it makes of it; None where there is none."""
        E = differential.args[0]
        if not self.board.depends(E):
            return "R-constant", self.page.zeros(E.typed)
        known = self._rules.get(E.kind)
        found = known(self, E) if known is not None else None
        return found if found is not None else self._called(E)

    # -- sums and scalar multiples ---------------------------------------------------------------------------------

    def _sum(self, E: Tree) -> Rewritten | None:
        a, b = E.args
        if a.typed != b.typed:
            return None
        return "R-sum", self.page.make(E.kind, [self.board.d(a), self.board.d(b)], shape=E.typed)

    def _neg(self, E: Tree) -> Rewritten:
        return "R-scalar-multiple", self.page.neg(self.board.d(E.args[0]))

    # -- products --------------------------------------------------------------------------------------------------

    def _mul(self, E: Tree) -> Rewritten:
        """Each factor in turn; with one moving factor the product is a linear map of it."""
        factors = self.algebra.links(E)
        moving = [k for k, f in enumerate(factors) if self.board.depends(f)]
        d = {k: self.board.d(factors[k]) for k in moving}
        terms = [self.algebra.product([*factors[:k], d[k], *factors[k + 1 :]]) for k in moving]
        if len(moving) > 1:
            scalars = all(factors[k].typed.is_scalar for k in moving)
            return ("R-scalar-product" if scalars else "R-product"), self.algebra.add(terms)
        scalar = any(f.typed.is_scalar for f in factors) and len(factors) == 2
        return ("R-scalar-multiple" if scalar else "R-linear"), terms[0]

    def _dotmul(self, E: Tree) -> Rewritten | None:
        a, b = E.args
        if a.typed != b.typed:
            return None
        make, d = self.page.make, self.board.d
        left = make("dotmul", [d(a), b], shape=E.typed)
        right = make("dotmul", [a, d(b)], shape=E.typed)
        if not self.board.depends(a):
            return "R-linear", right
        if not self.board.depends(b):
            return "R-linear", left
        return "R-hadamard", self.algebra.add([left, right])

    def _div(self, E: Tree) -> Rewritten | None:
        a, b = E.args
        algebra, d, page = self.algebra, self.board.d, self.page
        if not self.board.depends(b):
            return "R-scalar-multiple", algebra.divide(d(a), b)
        square = page.power(b, 2)
        if not self.board.depends(a):
            return "R-reciprocal", page.neg(algebra.divide(algebra.times(d(b), a), square))
        if a.typed.is_scalar:
            top = algebra.add([algebra.times(b, d(a)), page.neg(algebra.times(a, d(b)))])
            return "R-quotient", algebra.divide(top, square)
        second = algebra.divide(algebra.times(d(b), a), square)
        return "R-quotient", algebra.add([algebra.divide(d(a), b), page.neg(second)])

    def _dotdiv(self, E: Tree) -> Rewritten | None:
        a, b = E.args
        page, d = self.page, self.board.d
        if not self.board.depends(b) and a.typed == E.typed:
            return "R-linear", page.make("dotdiv", [d(a), b], shape=E.typed)
        if b.typed != E.typed:
            return None
        scaled = page.make("dotmul", [a, d(b)], shape=E.typed) if a.typed == E.typed else self.algebra.times(a, d(b))
        second = page.make("dotdiv", [scaled, page.power(b, 2)], shape=E.typed)
        if not self.board.depends(a):
            return "R-reciprocal", page.neg(second)
        if a.typed != E.typed:
            return None
        return "R-quotient", self.algebra.add([page.make("dotdiv", [d(a), b], shape=E.typed), page.neg(second)])

    # -- powers ----------------------------------------------------------------------------------------------------

    def _power(self, E: Tree) -> Rewritten | None:
        base, exponent = E.args
        value = _constant(exponent)
        if value is None and E.kind == "pow" and not base.typed.is_scalar:
            return None  # X^p for a name p: the operation has its own rule
        if value is None or not exponent.typed.is_scalar:
            return self._general_power(E)
        if not base.typed.is_scalar and E.kind == "pow":
            return self._matrix_power(E, int(value))
        if base.kind == "call" and base.name == "norm2" and value == 2 and len(base.args) == 1:
            return self._squared_norm(base.args[0])
        if base.kind == "call" and base.name == "norm2" and value > 2 and value % 2 == 0:
            inner = self.page.power(base, 2)
            value, base = value / 2, inner
        return "R-power", self._entries(self._slope(base, value), self.board.d(base))

    def _slope(self, base: Tree, value: Fraction) -> Tree:
        """p*base^(p-1)."""
        page = self.page
        p = page.number(value)
        if value == 1:
            return p
        rest = value - 1
        if rest < 0:
            under = base if rest == -1 else page.power(base, -rest)
            if base.typed.is_scalar:
                top = self.algebra.divide(page.number(abs(value)), under)
            else:
                top = page.dotdiv(page.number(abs(value)), under)
            return page.neg(top) if value < 0 else top
        return self.algebra.scale(p, page.power(base, rest))

    def _entries(self, slope: Tree, d: Tree) -> Tree:
        if d.typed.is_scalar:
            return self.algebra.times(slope, d)
        if slope.kind == "dotdiv" and slope.args[0].kind == "number":
            top = self.algebra.scale(slope.args[0], d)
            return self.page.make("dotdiv", [top, slope.args[1]], shape=d.typed)
        return self.algebra.entrywise(slope, d)

    def _squared_norm(self, u: Tree) -> Rewritten:
        algebra, page, d = self.algebra, self.page, self.board.d(u)
        if u.typed.is_scalar:
            return "R-power", algebra.times(algebra.scale(page.number(2), u), d)
        return "R-norm-squared", algebra.scale(page.number(2), algebra.inner(u, d))

    def _matrix_power(self, E: Tree, value: int) -> Rewritten | None:
        base = E.args[0]
        page, times = self.page, self.algebra.times
        if value < 0 or not 2 <= value <= LONGEST_POWER:
            return None
        terms = []
        for k in range(value):
            term = self.board.d(base)
            for place, count in ((0, k), (1, value - 1 - k)):
                if count:
                    factor = base if count == 1 else page.make("pow", [base, page.number(count)], shape=base.typed)
                    term = times(factor, term) if place == 0 else times(term, factor)
            terms.append(term)
        return "R-matrix-power", self.algebra.add(terms)

    def _general_power(self, E: Tree) -> Rewritten | None:
        """d(a^b) = b*a^(b-1)*da + a^b*log(a)*db."""
        a, b = E.args
        if a.typed != b.typed and not (b.typed.is_scalar):
            return None
        page, algebra, terms = self.page, self.algebra, []
        if self.board.depends(a):
            less = page.add(b, page.neg(page.number(1)))
            slope = page.make(E.kind, [a, less], shape=E.typed)
            terms.append(self._entries(self.algebra.entrywise(b, slope), self.board.d(a)))
        if self.board.depends(b):
            slope = algebra.entrywise(E, page.call("log", [a], a.typed))
            if not (b.typed.is_scalar and not E.typed.is_scalar):
                terms.append(self._entries(slope, self.board.d(b)))
            else:
                terms.append(algebra.times(self.board.d(b), slope))
        return "R-general-power", algebra.add(terms)

    # -- everything that is one function ---------------------------------------------------------------------------

    def _transpose(self, E: Tree) -> Rewritten:
        d = self.board.d(E.args[0])
        return "R-transpose", self.page.make("transpose", [d], shape=E.typed)

    def _called(self, E: Tree) -> Rewritten | None:
        other = self._other_name(E)
        if other is not None:
            return other
        if E.name == "where" and len(E.args) == 3:
            return self._branches(E)
        moving = [k for k, a in enumerate(E.args) if self.board.depends(a)]
        if any(k >= len(ARGUMENTS) for k in moving):
            return None
        if any(len(side) > 1 for a in E.args for side in a.typed):
            # A matrix with composite sides is known by its parts: logdet(kron(A, B)) by those of A and B.
            by_parts = self._by_law(E)
            if by_parts is not None:
                return by_parts
        pushed = self.placeholders.pushed(E, moving)
        if len(pushed.linear) == len(moving):
            return self._multilinear(E, moving)
        if pushed.tree is None:
            return self._by_law(E)
        filled = self._filled(pushed.tree, E, moving)
        return f"R-{E.name or E.kind}", self.algebra.flip(filled) if E.typed.is_row else filled

    def _branches(self, E: Tree) -> Rewritten:
        """d where(c, a, b) = where(c, da, db): each branch by itself."""
        condition, a, b = E.args
        branches = [self.board.d(x) if self.board.depends(x) else self.page.zeros(x.typed) for x in (a, b)]
        return "R-branches", self.page.make("call", [condition, *branches], E.name, E.value, E.typed)

    def _by_law(self, E: Tree) -> Rewritten | None:
        """d of what a law of the function makes of it: of a logdet of a Kronecker product, of two logdets."""
        found = applied(self.board, E)
        if found is not None:
            return found[0], self.board.d(found[1])
        if E.name == "det":
            logarithm = self.board.d(self.page.call("logdet", [E.args[0]], E.typed))
            return "R-det-logdet", self.algebra.times(E, logarithm)
        return None

    def _multilinear(self, E: Tree, moving: list[int]) -> Rewritten:
        """A map linear in each moving argument: each in turn is replaced by its differential."""
        terms = []
        for k in moving:
            args = [self.board.d(a) if k == i else a for i, a in enumerate(E.args)]
            terms.append(self.page.make(E.kind, args, E.name, E.value, E.typed))
        return ("R-linear" if len(moving) == 1 else "R-product"), self.algebra.add(terms)

    def _blocks(self, E: Tree) -> Rewritten:
        """[a, b; c, d] entry by entry."""
        return "R-linear", self.page.make(E.kind, [self.board.d(a) for a in E.args], E.name, E.value, E.typed)

    def _filled(self, law: Tree, E: Tree, moving: list[int]) -> Tree:
        values = {ARGUMENTS[k]: a for k, a in enumerate(E.args) if k < len(ARGUMENTS)}
        values |= {TANGENTS[k]: self.board.d(E.args[k]) for k in moving}
        return self.fill(law, values)

    def fill(self, law: Tree, values: dict[str, Tree]) -> Tree:
        """A law with its placeholders filled in, products flattened, factors 1 left out."""
        page, algebra = self.page, self.algebra

        def visit(t: Tree, args: Sequence[Tree]) -> Tree:
            new = list(args)
            if t.kind == "name" and t.name in values:
                value = values[t.name]
                return page.flip(value) if value.typed.is_row and not t.typed.is_row else value
            return algebra.remade(t, new)

        return fold(law, visit)

    def _other_name(self, E: Tree) -> Rewritten | None:
        """log(1 + exp(u)) is softplus(u), exp(x)/sum(exp(x)) is softmax(x): the operation that the algebra sees."""
        if E.kind not in ("call", "div"):
            return None
        node = self.board.node(E)
        if not isinstance(node, (Map, Call)) or node.operation.name == E.name:
            return None
        name = node.operation.name
        if any(t.kind == "call" and t.name == name for t in subtrees(E)) or len(node.children) != 1:
            return None
        if E.kind == "pow":
            return None
        # As the user wrote it, if it stands there; else as the algebra sees it.
        inner = next((t for t in subtrees(E) if self.board.node(t) is node.children[0]), None)
        inner = inner or self.board.write(node.children[0])
        if inner is None:
            return None
        return f"R-same-{name}", self.board.d(self.page.call(name, [inner], E.typed))

    _rules: ClassVar[Mapping[str, Callable[[Differentials, Tree], Rewritten | None]]] = {
        "add": _sum, "sub": _sum, "neg": _neg, "mul": _mul, "dotmul": _dotmul, "div": _div, "dotdiv": _dotdiv,
        "pow": _power, "dotpow": _power, "transpose": _transpose, "matrix": _blocks,
    }  # fmt: skip


def _constant(tree: Tree) -> Fraction | None:
    """The value of a tree of number literals."""
    if tree.kind == "number":
        return Fraction(tree.value)
    if tree.kind == "neg":
        inner = _constant(tree.args[0])
        return None if inner is None else -inner
    if tree.kind == "div":
        a, b = _constant(tree.args[0]), _constant(tree.args[1])
        return a / b if a is not None and b else None
    return None
