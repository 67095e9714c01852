"""Arrays of more axes than two, and arrays written out, in a language whose arrays lie column by column."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from typing import Any

from frechet.compile.languages.code import Book, Code
from frechet.compile.program import Program
from frechet.core.dims import Dim

# How far into an expression transposes are looked for.
DEEPEST = 6


class Arrays:
    """Expressions over the arrays `codes` of one program."""

    def __init__(self, book: Book, program: Program) -> None:
        self.book, self.program = book, program
        self.language = book.language
        self.codes: dict[str, Code] = {}
        self.shared: set[Code] = set()
        self.flats: dict[Code, tuple[Code, Sequence[Code]]] = {}
        self.turns: dict[Code, tuple[Code, Sequence[int]]] = {}
        self.pairs: dict[Code, tuple[Code, Code, Sequence[Dim]]] = {}

    # ---- small parts ----

    def dims(self, name: str) -> tuple[Dim, ...]:
        return self.program.steps[name].dims

    def size(self, dims: Sequence[Dim]) -> Code:
        """The number of entries of an array of these dims."""
        number = reduce(lambda n, d: n * d if isinstance(d, int) else n, dims, 1)
        names = [self.book.make("size", text=d) for d in dims if isinstance(d, str)]
        parts = [self.book.number(number), *names] if number != 1 or not names else names
        return reduce(self.book.mul, parts)

    def times(self, coef: Any, code: Code | None) -> Code:
        """coef * code, the number alone for None: x/2 rather than 0.5*x."""
        coef = Fraction(coef)
        if code is None:
            return self.book.number(coef)
        if coef == 1 or code.number == 0:
            return code
        if coef < 0:
            return self.book.neg(self.times(-coef, code))
        if code.op == "div" and code.args[0].number is not None:
            return self.book.div(self.book.number(coef * code.args[0].number), code.args[1])
        if coef.numerator == 1 and coef.denominator < 1000:
            return self.book.div(code, self.book.number(coef.denominator))
        return self.book.mul(self.book.number(coef), code)

    def plus(self, a: Code, b: Code) -> Code:
        """A sum of two whole numbers."""
        if a.number is not None and b.number is not None:
            return self.book.number(a.number + b.number)
        return self.book.add(a, b)

    def product(self, parts: Sequence[Code]) -> Code:
        """The product entry by entry: numbers first, what is 1/b divides."""
        below = [c.args[1] for c in parts if c.op == "div" and c.args[0].number == 1]
        above = [c for c in parts if not (c.op == "div" and c.args[0].number == 1)]
        above.sort(key=lambda c: c.ndim > 0)
        first = reduce(self.book.mul, above) if above else self.book.number(1)
        return reduce(self.book.div, below, first)

    def linear(self, parts: Sequence[tuple[Any, Code | None]]) -> Code:
        """A sum of multiples, a positive one first; a number that all have is taken out."""
        parts = [p for p in parts if p[1] is None or p[1].number != 0] or parts[:1]
        common = abs(Fraction(parts[0][0]))
        if len(parts) > 1 and common != 1 and all(abs(c) == common and code is not None for c, code in parts):
            return self.times(common, self.linear([(c / common, code) for c, code in parts]))
        (c, code), *rest = sorted(parts, key=lambda p: p[0] < 0)
        total = self.times(c, code)
        for c, code in rest:
            term = self.times(abs(c), code)
            total = self.book.sub(total, term) if c < 0 else self.book.add(total, term)
        return total

    # ---- axes ----

    def shaped(self, code: Code, lengths: Sequence[Code], known: Sequence[Code] = ()) -> Code:
        """The entries, in the order of memory, as an array of other lengths; `known` are those it has."""
        if code.ndim == len(lengths) == 1:
            return code
        if code.op == "mul" and code.args[0].ndim == 0 and code.args[1] in self.flats:
            return self.book.mul(code.args[0], self.shaped(code.args[1], lengths))
        if code in self.flats:
            code, known = self.flats[code]
            if list(known) == list(lengths):
                return code
        if len(lengths) == 1:
            return self.book.word("vec", code, ndim=1)
        places = ", ".join(f"{{{k + 1}}}" for k in range(len(lengths)))
        template = self.language.word("shaped").replace("{1}", places)
        made = self.book.call(template, code, *lengths, ndim=len(lengths))
        self.flats[made] = code, known
        return made

    def permuted(self, code: Code, axes: Sequence[int]) -> Code:
        """Axis k of the result is axis axes[k]."""
        if tuple(axes) == tuple(range(len(axes))):
            return code
        if len(axes) == 2:
            return self.transposed(code)
        if code in self.pairs and sorted(axes[::2]) in ([0, 1], [2, 3]):
            return self._kronecker(code, axes)
        if code in self.turns:
            code, before = self.turns[code]
            return self.permuted(code, [before[a] for a in axes])
        template = self.language.word("permuted").replace("{1}", ", ".join(str(a + 1) for a in axes))
        made = self.book.call(template, code, ndim=len(axes))
        self.turns[made] = code, axes
        return made

    def _kronecker(self, code: Code, axes: Sequence[int]) -> Code:
        """X[i, k] Y[j, l] as the array (i, j, k, l): the matrix kron(Y, X), its sides put apart."""
        A, B, dims = self.pairs[code]
        matrix = {(0, 1): A, (1, 0): self.transposed(A), (2, 3): B, (3, 2): self.transposed(B)}
        X, Y = matrix[axes[0], axes[2]], matrix[axes[1], axes[3]]
        kron = self.book.function("kron", Y, X, ndim=2)
        return self._kron_axes(kron, [dims[a] for a in axes])

    def _kron_axes(self, kron: Code, dims: Sequence[Dim]) -> Code:
        """A matrix with two axes on each side, put apart."""
        return self.shaped(kron, [self.size([d]) for d in dims], [self.size(dims[:2]), self.size(dims[2:])])

    def transposed(self, code: Code) -> Code:
        """The transpose, taken inside where that leaves fewer: B'*A for (A'*B)'."""
        outside, inside = self.book.transpose(code), self._flipped(code, DEEPEST)
        return inside if self._transposes(inside, DEEPEST) < self._transposes(outside, DEEPEST) else outside

    def _flipped(self, code: Code, depth: int) -> Code:
        if code in self.shared or not depth:
            return self.book.transpose(code)
        if code.op == "matmul" and all(a.ndim == 2 for a in code.args):
            a, b = code.args
            return self.book.matmul(self._flipped(b, depth - 1), self._flipped(a, depth - 1))
        if code.op == "outer":
            return self.book.make("outer", *reversed(code.args), ndim=2)
        words = self.language.word("solve"), self.language.word("divide")  # (A \ B)' = B' / A'
        if code.op == "call" and code.text in words and code.args[1].ndim == 2:
            A, B = code.args
            return self.book.call(words[code.text == words[0]], self._flipped(A, depth - 1),
                                  self._flipped(B, depth - 1), ndim=2)  # fmt: skip
        if code.op in ("add", "sub", "neg", "mul", "div"):
            sides = [self._across(a, depth - 1) for a in code.args]
            made: Code = getattr(self.book, code.op)(*sides)
            return made
        return self.book.transpose(code)

    def _across(self, code: Code, depth: int) -> Code:
        """What stands beside a matrix, beside its transpose: a column for a row."""
        if code.op == "col":
            return code.args[0]
        return self.book.column(code) if code.ndim == 1 else self._flipped(code, depth) if code.ndim else code

    def _transposes(self, code: Code, depth: int) -> int:
        """How many transposes an expression has, down to what has a name."""
        if code in self.shared or not depth:
            return 0
        return (code.op == "T") + sum(self._transposes(a, depth - 1) for a in code.args if a.ndim == 2)

    def matmul(self, a: Code, b: Code) -> Code:
        """The product; that of two transposes is the transpose of a product."""
        if a.op == b.op == "T":
            return self.book.transpose(self.book.matmul(b.args[0], a.args[0]))
        return self.book.matmul(a, b)

    def beside(self, codes: Sequence[Code], order: int) -> tuple[list[Code], bool]:
        """Operands of an entrywise operation; all transposed, and True, where more of them are transposes than not."""
        whole = [c.op == "T" for c in codes if c.ndim == 2 and c.op != "col" and not c.symmetric]
        if order != 2 or 2 * sum(whole) <= len(whole):
            return list(codes), False
        return [self._across(c, DEEPEST) for c in codes], True

    def spread(self, code: Code, dims: Sequence[Dim], spots: Sequence[int], order: int) -> Code:
        """The array with axis j at place spots[j] of `order` axes, to stand beside others of so many."""
        if not spots:
            return code
        ranked = sorted(range(len(spots)), key=lambda j: spots[j])
        code = self.permuted(code, ranked)
        if len(spots) == order:
            return code
        if order == 2 and spots[0] == 0:
            below = code.args[1] if code.op == "div" and code.args[0].number == 1 else None
            return self.book.column(code) if below is None else self.book.div(code.args[0], self.book.column(below))
        if order == 2:
            return code
        length = {spots[j]: self.size([dims[j]]) for j in ranked}
        return self.shaped(code, [length.get(k, self.book.number(1)) for k in range(order)])

    def at(self, name: str, spots: Sequence[int], order: int) -> Code:
        return self.spread(self.codes[name], self.dims(name), spots, order)

    def flat(self, name: str, idx: Sequence[int], groups: Sequence[Sequence[int]]) -> Code:
        """The array with its axes in the order of the groups, each group one axis (empty ones left out)."""
        code = self.permuted(self.codes[name], [idx.index(i) for g in groups for i in g])
        if all(len(g) <= 1 for g in groups):
            return code
        local = dict(zip(idx, self.dims(name), strict=True))
        return self.shaped(code, [self.size([local[i] for i in g]) for g in groups if g])

    def summed(self, code: Code, dims: Sequence[Dim], kept: Sequence[int]) -> Code:
        """The sum over all axes but those kept."""
        order, gone = code.ndim, [k for k in range(code.ndim) if k not in kept]
        if not gone:
            return code
        if not kept:
            code = code.args[0] if code.op == "T" else code
            return self.book.total(code if order <= 2 else self.book.word("vec", code, ndim=1))
        if code.op == "T":
            code, kept = code.args[0], [1 - kept[0]]
        if order == 2:
            return self.book.word("row_sums" if kept[0] == 0 else "column_sums", code, ndim=1)
        for k in gone:
            code = self.book.call(self.language.word("sum_axis").replace("{1}", str(k + 1)), code, ndim=order)
        return self.shaped(code, [self.size([dims[k]]) for k in kept])

    def eye(self, dim: Dim) -> Code:
        return self.book.word("eye", self.size([dim]), ndim=2, symmetric=True)

    def folded(self, code: Code, dims: Sequence[Dim], group: Sequence[int]) -> Code:
        """The array of an operation: each group of axes one side, the last axis of a group the fastest."""
        if all(n == 1 for n in group) or not group:
            return code
        ends = [sum(group[:k]) for k in range(len(group) + 1)]
        axes = [range(i, j) for i, j in pairwise(ends)]
        code = self.permuted(code, [k for side in axes for k in reversed(side)])
        return self.shaped(code, [self.size([dims[k] for k in side]) for side in axes])

    def unfolded(self, code: Code, dims: Sequence[Dim], group: Sequence[int]) -> Code:
        """`folded` turned round."""
        if all(n == 1 for n in group):
            return code
        ends = [sum(group[:k]) for k in range(len(group) + 1)]
        axes = [k for i, j in pairwise(ends) for k in reversed(range(i, j))]
        code = self.shaped(code, [self.size([dims[k]]) for k in axes])
        return self.permuted(code, [axes.index(k) for k in range(len(dims))])

    # ---- arrays written out ----

    def filled(self, coef: Any, code: Code | None, dims: Sequence[Dim]) -> Code:
        """The number coef * code in every entry."""
        sizes = [self.size([d]) for d in dims]
        if len(dims) > 2:
            ones = self.shaped(self.book.word("ones_vector", self.size(dims), ndim=1), sizes)
            return self.times(coef, ones if code is None else self.book.mul(code, ones))
        shape = "vector" if len(dims) == 1 else "matrix"
        if coef == 1 and code is None:
            return self.book.word(f"ones_{shape}", *sizes, ndim=len(dims))
        if coef == 0:
            return self.book.word(f"zeros_{shape}", *sizes, ndim=len(dims))
        return self.book.word(f"{shape}_of", *sizes, self.times(coef, code), ndim=len(dims))

    def expanded(self, coef: Any, name: str, pattern: Sequence[int | None], dims: Sequence[Dim]) -> Code:
        """coef * array as an array with an axis for each of dims; repeated along some, on the diagonal of others."""
        code = self.codes[name] if name else None
        if not dims or all(p is None for p in pattern) or coef == 0:
            return self.times(coef, code) if not dims else self.filled(coef, code if coef else None, dims)
        first: dict[int, int] = {}
        ties = [(first.setdefault(p, k), k) for k, p in enumerate(pattern) if p is not None]
        ties = [(j, k) for j, k in ties if j != k]
        axes = [first[k] for k in sorted(first) if k >= 0]
        if ties == [(0, 1)] and len(dims) == 2:
            if axes:
                return self.times(coef, self.book.word("diag", code or self.size(()), ndim=2, symmetric=True))
            return self.times(coef, self.eye(dims[0]) if code is None else self.book.mul(code, self.eye(dims[0])))
        if ties in ([(0, 2)], [(1, 3)]) and len(dims) == 4 and axes == [k for k in range(4) if k not in ties[0]]:
            sides = [self.codes[name], self.eye(dims[ties[0][0]])]
            kron = self.book.function("kron", *(sides if ties == [(0, 2)] else sides[::-1]), ndim=2)
            return self.times(coef, self._kron_axes(kron, dims))
        parts = [] if code is None else [self.spread(code, self.dims(name), axes, len(dims))]
        parts += [self.spread(self.eye(dims[j]), [dims[j]] * 2, (j, k), len(dims)) for j, k in ties]
        bare = [k for k, p in enumerate(pattern) if p is None]
        if bare:
            if len(dims) == 2:
                ones = self.book.word("ones_vector", self.size([dims[bare[0]]]), ndim=1)
                x = self.codes[name]
                sides = [x, ones] if bare == [1] else [ones, x]
                return self.times(coef, self.book.make("outer", *sides, ndim=2))
            length = [self.size([dims[k]]) if k in bare else self.book.number(1) for k in range(len(dims))]
            ones = self.shaped(self.book.word("ones_vector", self.size([dims[k] for k in bare]), ndim=1), length)
            parts.append(ones)
        return self.times(coef, self.product(parts))
