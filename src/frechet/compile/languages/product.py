"""Products before they become code: a number, scalars, and a chain of factors whose order of evaluation is still open.

The chain is evaluated so that products with vectors come first, an inverse becomes a solve, a diagonal matrix a
scaling, and a vector of ones a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from frechet.compile.languages.code import Book, Code


class Factor(NamedTuple):
    """One factor of a chain, with its nontrivial sides.

    kind   "plain"; "diag": the diagonal matrix of the vector `code`; "inv": the inverse of `code`;
           "ones": a vector of ones of the length `code`; "eye": the identity of the size `code`
    """

    kind: str
    code: Code
    rows: bool
    cols: bool

    @property
    def is_matrix(self) -> bool:
        return self.rows and self.cols


class Product(NamedTuple):
    """coef * scalars * (chain of factors) / below."""

    coef: Fraction = Fraction(1)
    scalars: tuple[Code, ...] = ()
    below: tuple[Code, ...] = ()
    factors: tuple[Factor, ...] = ()

    @property
    def rows(self) -> bool:
        return bool(self.factors) and self.factors[0].rows

    @property
    def cols(self) -> bool:
        return bool(self.factors) and self.factors[-1].cols

    @property
    def is_scalar(self) -> bool:
        return not self.rows and not self.cols

    def scaled(self, coef: Fraction | int) -> Product:
        return self._replace(coef=self.coef * coef)


def plain(code: Code, rows: bool, cols: bool) -> Product:
    """A finished expression as a product."""
    if code.number is not None:
        return Product(code.number)
    if not rows and not cols:
        return Product(scalars=(code,))
    return Product(factors=(Factor("plain", code, rows, cols),))


def _parts(factors: Sequence[Factor]) -> list[list[Factor]]:
    """A chain cut where a column meets a row."""
    parts: list[list[Factor]] = []
    for f in factors:
        if not parts or not parts[-1][-1].cols:
            parts.append([])
        parts[-1].append(f)
    return parts


def _divides(coef: Fraction) -> bool:
    """Whether x / 2 reads better than 0.5 * x."""
    if coef.denominator > 1000:
        return False
    return (coef.numerator == 1 and coef.denominator in (2, 4, 8)) or Fraction(repr(float(coef))) != coef


class Chains:
    """Turns products into code."""

    def __init__(self, book: Book) -> None:
        self.book = book

    # -- closing -------------------------------------------------------------------------------------

    def close(self, p: Product) -> Code:
        """The whole product as one expression."""
        ones = [f.code for f in p.factors if f.kind == "ones"]
        if ones and len(ones) == len(p.factors) and not p.is_scalar:
            return self._filled(p, ones)
        body = self.chain(p.factors) if p.factors else None
        return self._scaled(p, body)

    def _filled(self, p: Product, ones: Sequence[Code]) -> Code:
        """A constant in every entry."""
        return self._constant(ones, self._scaled(p._replace(factors=()), None))

    def _constant(self, lengths: Sequence[Code], value: Code) -> Code:
        kind = "vector" if len(lengths) == 1 else "matrix"
        if value.number is not None and value.number in (0, 1):
            return self.book.word(f"{'ones' if value.number else 'zeros'}_{kind}", *lengths, ndim=len(lengths))
        if value.number is not None and value.number.denominator == 1:
            # np.full(n, 2) would be an array of integers
            value = self.book.call(self.book.language.word("floats").replace("{0}", str(value.number)), ndim=0)
        return self.book.word(f"{kind}_of", *lengths, value, ndim=len(lengths))

    def _scaled(self, p: Product, body: Code | None) -> Code:
        """coef * scalars * body / below, with a sign in front and small numbers where an expert puts them."""
        book = self.book
        coef, below = abs(p.coef), list(p.below)
        if _divides(coef) and (body or p.scalars):
            below.insert(0, book.number(coef.denominator))
            coef = Fraction(coef.numerator)
        front: Code | None = None if coef == 1 and (body or p.scalars) else book.number(coef)
        for s in p.scalars:
            front = s if front is None else book.mul(front, s)
        if body is not None and body.op == "div" and body.args[0].number == 1:
            result = book.div(front or book.number(1), body.args[1])
        elif body is None:
            assert front is not None
            result = front
        else:
            result = body if front is None else book.mul(front, body)
        if below:
            divisor = below[0]
            for b in below[1:]:
                divisor = book.mul(divisor, b)
            result = book.div(result, divisor)
        return book.neg(result) if p.coef < 0 else result

    def spread(self, p: Product) -> Code | None:
        """A smaller expression that broadcasts to the same, beside one of the full shape: c for c*ones(n),
        x[:, None] for x*ones(n)'. None if there is none."""
        kinds = [f.kind for f in p.factors]
        if p.is_scalar or "ones" not in (kinds[0], kinds[-1]):
            return None
        if all(k == "ones" for k in kinds):
            return self._scaled(p._replace(factors=()), None)
        if not (p.rows and p.cols):
            return None
        first, last = p.factors[0], p.factors[-1]
        if last.kind == "ones" and not last.rows and not p.factors[-2].cols:
            return self.book.column(self.close(p._replace(factors=p.factors[:-1])))
        if first.kind == "ones" and not first.cols and not p.factors[1].rows:
            return self.close(p._replace(factors=p.factors[1:]))
        return None

    # -- chains --------------------------------------------------------------------------------------

    def settled(self, p: Product) -> Product:
        """The scalars inside a chain, y'*z in x*y'*z*w', taken out of it."""
        parts = _parts(p.factors)
        inner = [part for part in parts if not part[0].rows and not part[-1].cols]
        if not inner:
            return p
        scalars = tuple(self.segment(part) for part in inner)
        return p._replace(scalars=p.scalars + scalars, factors=tuple(f for q in parts if q not in inner for f in q))

    def chain(self, factors: Sequence[Factor]) -> Code:
        """The product of the factors. Where a column meets a row it falls apart: the parts between are scalars."""
        parts = _parts(factors)
        vectors = [p for p in parts if p[0].rows or p[-1].cols]
        scalars = [self.segment(p) for p in parts if p not in vectors]
        if len(vectors) == 2:
            body: Code | None = self.outer(self.segment(vectors[0]), self.segment(vectors[1]))
        else:
            body = self.segment(vectors[0]) if vectors else None
        for s in scalars:
            body = s if body is None else self.book.mul(s, body)
        assert body is not None
        return body

    def outer(self, a: Code, b: Code) -> Code:
        return self.book.make("outer", a, b, ndim=2, symmetric=a is b)

    def segment(self, factors: Sequence[Factor]) -> Code:
        """A chain of matrices, perhaps from a row, perhaps to a column."""
        kept = [f for f in factors if f.kind != "eye"] or list(factors[:1])
        while len(kept) > 1 and kept[0].kind == "plain" and not kept[0].rows and kept[1].code.op == "T" \
                and kept[1].kind == "plain" and kept[1].cols:  # fmt: skip
            # x'*A' is A*x, without the transpose and perhaps used elsewhere
            row = self.book.matmul(kept[1].code.args[0], kept[0].code)
            kept[:2] = [Factor("plain", row, False, True)]
        if not kept[-1].cols:
            return self._to_column(kept)
        if not kept[0].rows:
            return self._from_row(kept)
        return self._matrices(kept)

    def _to_column(self, factors: Sequence[Factor]) -> Code:
        """From the right: every step is a product with a vector."""
        book = self.book
        last, rest = factors[-1], list(factors[:-1])
        if last.kind == "ones" and rest and rest[-1].kind == "plain":
            before = rest.pop()
            acc = book.word("row_sums", before.code, ndim=1) if before.rows else book.total(before.code)
        elif last.kind == "ones" and rest and rest[-1].kind == "diag":
            acc = rest.pop().code
        elif last.kind == "ones" and rest and rest[-1].kind == "ones":
            return last.code
        else:
            acc = self._vector(last)
        for f in reversed(rest):
            if f.kind == "ones":
                acc = book.total(acc)
            elif f.kind == "diag":
                acc = book.mul(f.code, acc)
            elif f.kind == "inv":
                acc = self.solve(f.code, acc)
            else:
                acc = book.matmul(f.code, acc)
        return acc

    def _from_row(self, factors: Sequence[Factor]) -> Code:
        """From the left, to a row."""
        book = self.book
        first, rest = factors[0], list(factors[1:])
        if first.kind == "ones" and rest and rest[0].kind == "plain":
            acc = book.word("column_sums", rest.pop(0).code, ndim=1)
        else:
            acc = self._vector(first)
        for f in rest:
            if f.kind == "diag":
                acc = book.mul(acc, f.code)
            elif f.kind == "inv":
                acc = self.solve(book.transpose(f.code), acc)
            else:
                acc = book.matmul(acc, f.code)
        return acc

    def _vector(self, f: Factor) -> Code:
        """A row or column on its own."""
        if f.kind == "ones":
            return self._constant([f.code], self.book.number(1))
        return f.code

    def _matrices(self, factors: Sequence[Factor]) -> Code:
        """From the right, runs of plain matrices from left to right; an inverse solves for what stands beside it."""
        book = self.book
        *rest, last = factors
        run: list[Factor] = [] if last.kind == "inv" else [last]
        tail = last.code if last.kind == "inv" else None

        def so_far() -> Code:
            """The run, and after it the inverse at the end of the chain if that is still open: B*inv(A)."""
            if tail is None:
                return self._run(run)
            if not run:
                return self.inverse(tail)
            return book.transpose(self.solve(book.transpose(tail), book.transpose(self._run(run))))

        for f in reversed(rest):
            if f.kind == "inv":
                solved = self.solve(f.code, so_far())
                run, tail = [Factor("plain", solved, True, True)], None
            else:
                run.insert(0, f)
        return so_far()

    def _run(self, factors: Sequence[Factor]) -> Code:
        """Plain and diagonal matrices from left to right."""
        book = self.book
        acc = factors[0]
        for f in factors[1:]:
            if acc.kind == "diag" and f.kind == "diag":
                acc = Factor("diag", book.mul(acc.code, f.code), True, True)
                continue
            if acc.kind == "diag":
                product = book.mul(book.column(acc.code), f.code)
            elif f.kind == "diag":
                product = book.mul(acc.code, f.code)
            else:
                product = book.matmul(acc.code, f.code)
            acc = Factor("plain", product, True, True)
        return self.matrix(acc)

    def matrix(self, f: Factor) -> Code:
        """A single square factor written out."""
        if f.kind == "diag":
            return self.book.word("diag", f.code, ndim=2, symmetric=True)
        if f.kind == "eye":
            return self.book.word("eye", f.code, ndim=2, symmetric=True)
        return self.inverse(f.code) if f.kind == "inv" else f.code

    def solve(self, a: Code, b: Code) -> Code:
        return self.book.word("solve", a, b, ndim=b.ndim)

    def inverse(self, a: Code) -> Code:
        if a.op == "T":
            return self.book.transpose(self.inverse(a.args[0]))
        return self.book.function("inv", a, ndim=2, symmetric=a.symmetric)
