"""The steps of a program as expressions of a language whose arrays lie column by column: Julia, MATLAB.

Vectors and matrices are those of the language. Arrays of more axes (Hessians by matrices) are multiplied as matrices
where they can be, else entry by entry with axes of length one put between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from frechet.compile.languages.array_axes import Arrays
from frechet.compile.languages.code import Book, Code
from frechet.compile.program import Program, Step
from frechet.compile.stable.functions import record
from frechet.core.dims import Dim
from frechet.core.errors import problem


class ArraySteps(Arrays):
    """Expressions for the steps of one program; `results` are the arrays returned, `spd` those known to be positive
    definite, `free` gives a name that nothing has."""

    def __init__(
        self, book: Book, program: Program, steps: Sequence[Step], results: Sequence[str], spd: set[str],
        free: Callable[[str], str],
    ) -> None:  # fmt: skip
        super().__init__(book, program)
        self.spd, self.free = spd, free
        self.named: dict[Code, str] = {}
        self.factors: dict[str, tuple[str, tuple[Code, ...], bool]] = {}
        self.parts: dict[Code, tuple[Code, ...]] = {}
        self.readers: dict[str, int] = {}
        for a in (*results, *(a for step in steps for a in step.args)):
            self.readers[a] = self.readers.get(a, 0) + 1

    def write(self, steps: Sequence[Step]) -> None:
        """An expression for each step; inputs that have one keep it."""
        for step in steps:
            rule: Callable[[Step], Code | None] = getattr(self, f"_{step.op}")
            made = self.codes.get(step.name) or rule(step)
            if made is None:
                continue
            self.codes[step.name] = made
            if self.readers.get(step.name, 0) > 1:
                self.shared.add(made.args[0] if made.op == "T" else made)

    # ---- entries ----

    def _input(self, step: Step) -> Code:
        return self.book.make("name", text=step.name, ndim=len(step.dims))

    def _size(self, step: Step) -> Code:
        return self.size([step.spec])

    def _ones(self, step: Step) -> Code:
        return self.filled(1, None, step.dims)

    def _unit(self, step: Step) -> Code:
        place, dims = step.spec
        return self.book.word("unit", self.size(dims), self.book.number(place + 1), ndim=1)

    def _pick(self, step: Step) -> Code:
        first, dims = step.spec
        sizes = [self.size([d]) for d in dims]
        return self.book.word("pick", *sizes, self.book.number(first), ndim=2)

    def _mask(self, step: Step) -> Code:
        offset, dims = step.spec
        return self.book.word("lower_ones", *(self.size([d]) for d in dims), self.book.number(-offset), ndim=2)

    def _entrywise(self, step: Step) -> Code:
        (what, *rest), inputs, order = step.spec
        names = iter(step.args)
        parts = [(c, self.at(next(names), spots, order) if named else None) for c, named, spots in inputs]
        sides, turned = self.beside([code for _, code in parts if code is not None], order)
        given = iter(sides)
        parts = [(c, None if code is None else next(given)) for c, code in parts]
        made = self._entries(what, rest, parts, order)
        return self.book.transpose(made) if turned else made

    def _entries(self, what: str, rest: Sequence[Any], parts: Sequence[tuple[Any, Code | None]], order: int) -> Code:
        if what == "linear":
            return self.linear(parts)
        codes = [self.times(c, code) for c, code in parts]
        if what == "multiply":
            return self.product(codes)
        if what == "power":
            return self.book.power(codes[0], Fraction(rest[0]))
        if order == 2 and len(codes) > 1:
            codes = [self.book.row(c) if c.ndim == 1 else c for c in codes]
        return self.function(rest[0], codes, order)

    def function(self, name: str, codes: Sequence[Code], order: int) -> Code:
        """A function of entries; those that know a stabler form of their own give it."""
        if name == "log":
            return self.book.number(0) if codes[0].number == 1 else self.book.log(codes[0])
        symmetric = len(codes) == 1 and codes[0].symmetric
        return self.book.function(name, *codes, ndim=order, symmetric=symmetric)

    def _scalars(self, step: Step) -> Code:
        powers = zip(step.args, step.spec, strict=True)
        return self.product([self.book.power(self.codes[n], Fraction(e)) for n, e in powers])

    # ---- sums and products ----

    def _reduce(self, step: Step) -> Code:
        source, kept = step.spec
        (name,) = step.args
        code, dims = self.codes[name], self.dims(name)
        if source == (0, 0):
            return self.book.function("diag" if kept else "tr", code, ndim=len(kept))
        labels = list(dict.fromkeys(source))
        first = [source.index(i) for i in labels]
        for k, i in enumerate(source):
            if k not in first:  # the diagonal of two axes: entries off it are gone, then the second axis
                tie = self.spread(self.eye(dims[k]), [dims[k]] * 2, [source.index(i), k], len(source))
                code = self.book.mul(code, tie)
        order = [labels.index(i) for i in kept]
        places = sorted(first[k] for k in order)
        code = self.summed(code, dims, places)
        return self.permuted(code, [places.index(first[k]) for k in order])

    def _dot(self, step: Step) -> Code:
        (ia, ib, io), (a, b) = step.spec, step.args
        shared = [i for i in ia if i in ib]
        summed = [i for i in shared if i not in io]
        batch = [i for i in shared if i in io]
        if not summed:
            if len(io) == 2 and len(ia) == len(ib) == 1 and ia != ib:
                u, v = (a, b) if ia[0] == io[0] else (b, a)
                return self.book.make("outer", self.codes[u], self.codes[v], ndim=2, symmetric=u == v)
            pair = [self.at(n, [io.index(i) for i in idx], len(io)) for n, idx in ((a, ia), (b, ib))]
            sides, turned = self.beside(pair, len(io))
            made = self.product(sides)
            if len(io) == 4 and tuple(io) == (*ia, *ib) and len(ia) == 2:
                self.pairs[made] = (self.codes[a], self.codes[b], step.dims)
            return self.book.transpose(made) if turned else made
        if batch:
            return self._batched(step, [*io, *summed])
        for (n, idx), (u, _) in (((a, ia), (b, ib)), ((b, ib), (a, ia))):
            if self.program.steps[u].op == "unit" and len(idx) <= 2:
                return self._entry(self.codes[n], idx.index(summed[0]), self.program.steps[u].spec[0])
        if io and io[0] not in ia:
            (a, ia), (b, ib) = (b, ib), (a, ia)
        left, right = [i for i in ia if i not in shared], [i for i in ib if i not in shared]
        if not io and len(summed) > 1:
            first, second = self.codes[a], self.permuted(self.codes[b], [ib.index(i) for i in ia])
            if first.op == second.op == "T":
                first, second = first.args[0], second.args[0]
            return self.summed(self.book.mul(first, second), self.dims(a), ())
        product = self.matmul(self.flat(a, ia, [left, summed]), self.flat(b, ib, [summed, right]))
        if len(left) > 1 or len(right) > 1:
            local = dict(zip((*ia, *ib), (*self.dims(a), *self.dims(b)), strict=True))
            product = self.shaped(product, [self.size([local[i]]) for i in (*left, *right)])
        return self.permuted(product, [[*left, *right].index(i) for i in io])

    def _entry(self, code: Code, axis: int, place: int) -> Code:
        """The product with a unit vector: an entry, a row or a column."""
        if code.op == "T":
            code, axis = code.args[0], 1 - axis
        text = f"{place + 1}" if code.ndim == 1 else f"{place + 1},:" if axis == 0 else f":,{place + 1}"
        return self.book.make("index", code, text=text, ndim=code.ndim - 1)

    def _batched(self, step: Step, order: Sequence[int]) -> Code:
        """A product with an index that both have and that stays: entry by entry, then summed."""
        ia, ib, io = step.spec
        pairs = list(zip(step.args, (ia, ib), strict=True))
        local = {i: d for n, idx in pairs for i, d in zip(idx, self.dims(n), strict=True)}
        if len(order) == 2 and all(len(idx) == 2 for _, idx in pairs) and ia[0] == ib[0] != io[0]:
            order = order[::-1]  # both lie with the sum along the columns
        codes = [self.at(n, [list(order).index(i) for i in idx], len(order)) for n, idx in pairs]
        return self.summed(self.book.mul(*codes), [local[i] for i in order], [list(order).index(i) for i in io])

    def _outers(self, step: Step) -> Code:
        pairs = zip(step.spec, step.args[0::2], step.args[1::2], strict=True)
        terms = [(c, self.book.make("outer", self.codes[u], self.codes[v], ndim=2)) for c, u, v in pairs]
        return self.linear(terms)

    def _gram(self, step: Step) -> Code:
        shared, rows, weights = step.spec
        Z = step.args[0]
        dims = self.dims(Z)
        first = self.flat(Z, list(range(len(dims))), [list(shared), list(rows)])
        second = first
        if weights is not None:
            w = self.flat(step.args[1], list(range(len(weights))), [list(weights)])
            second = self.book.mul(self.book.column(w), first)
        product = self.matmul(self.transposed(first), second)
        return self.shaped(product, [self.size([d]) for d in step.dims]) if len(rows) > 1 else product

    def _largest(self, step: Step) -> Code:
        code, axis = self.codes[step.args[0]], step.spec
        if not step.dims:
            return self.book.call(self.language.word("max_all"), code, ndim=0)
        largest = self.book.call(self.language.word("max_axis").replace("{1}", str(axis + 1)), code, ndim=code.ndim)
        return self.shaped(largest, [self.size([d]) for d in step.dims])

    # ---- factorisations ----

    def _factor(self, step: Step) -> None:
        """One factorisation, named; where a single step reads it, that step says it alone. That of a transpose is that
        of the matrix itself, turned."""
        half, _ = step.spec
        matrix = self.codes[step.args[0]]
        if half > 1:
            side = self.size(step.dims)
            matrix = self.shaped(matrix, [side, side])
        turned = matrix.op == "T"
        matrix = matrix.args[0] if turned else matrix
        if self.readers.get(step.name, 0) < 2:
            self.factors[step.name] = "", (matrix,), turned
            return
        kind = "chol" if step.args[0] in self.spd else "lu"
        made = self.book.word(kind, matrix, ndim=2)
        if made not in self.named:
            names = [self.free(n) for n in self.language.word(f"{kind} names").split()]
            self.named[made] = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
            self.parts[made] = tuple(
                self.book.make("name", made, text=n, ndim=2, symmetric=kind == "chol" and len(names) == 1)
                for n in names
            )
        self.factors[step.name] = kind, self.parts[made], turned

    def solved(self, factor: str, b: Code, turned: bool = False) -> Code:
        kind, parts, across = self.factors[factor]
        if kind:
            return self.book.word(f"{kind} {'turned' if turned != across else 'solve'}", *parts, b, ndim=b.ndim)
        matrix = self.book.transpose(parts[0]) if turned != across else parts[0]
        return self.book.word("solve", matrix, b, ndim=b.ndim)

    def _of_factor(self, step: Step) -> Code:
        kind, parts, across = self.factors[step.args[0]]
        if step.op == "detsign" and kind == "chol":
            return self.book.number(1)
        half = len(step.dims) // 2
        order = 2 if half else 0
        if kind:
            code = self.book.word(f"{kind} {step.op}", *parts, ndim=order, symmetric=kind == "chol" and half == 1)
        else:
            code = self.book.function(step.op, parts[0], ndim=order, symmetric=parts[0].symmetric and half == 1)
        code = self.book.transpose(code) if across else code
        return code if half < 2 else self.shaped(code, [self.size([d]) for d in step.dims])

    _inv = _logdet = _det = _detsign = _of_factor

    def _solve(self, step: Step) -> Code:
        turned, axis, order = step.spec
        factor, b = step.args
        code = self.codes[b]
        if order <= 2:
            other = self.permuted(code, [1, 0]) if axis else code
            found = self.solved(factor, other, turned)
            return self.permuted(found, [1, 0]) if axis else found
        axes = [axis, *(k for k in range(order) if k != axis)]
        moved = [step.dims[k] for k in axes]
        flat = self.shaped(self.permuted(code, axes), [self.size(moved[:1]), self.size(moved[1:])])
        found = self.shaped(self.solved(factor, flat, turned), [self.size([d]) for d in moved])
        return self.permuted(found, sorted(range(order), key=lambda k: axes[k]))

    def _sandwich(self, step: Step) -> Code:
        """X' inv(A) X, or its diagonal."""
        factor, X = step.args
        Z = self.codes[X] if step.spec == 0 else self.book.transpose(self.codes[X])
        inner = self.solved(factor, Z)
        if len(step.dims) == 2:
            return self.book.matmul(self.book.transpose(Z), inner)
        return self.book.word("column_sums", self.book.mul(Z, inner), ndim=1)

    _sandwich_diagonal = _sandwich

    # ---- operations ----

    def _call(self, step: Step) -> Code:
        name, groups, batched = step.spec
        if any(batched):
            return self._batch(step)
        args = [self.folded(self.codes[a], self.dims(a), g) for a, g in zip(step.args, groups, strict=True)]
        # a result has rows and columns as the operation gives them; what folds there is put apart again
        order = self._sides(name, groups) if step.dims else 0
        across = record(name).transposes and all(a.op == "T" for a in args if a.ndim == 2)
        if across:
            args = [a.args[0] if a.op == "T" else a for a in args]
        code = self.book.function(name, *args, ndim=order)
        if across and record(name).transposes == "equivariant" and any(a.ndim == 2 for a in args):
            code = self.book.transpose(code)
        if any(n > 1 for g in groups for n in g) and step.dims:
            if len(step.dims) % order:
                raise self.language.refusal(f"{name} of these sizes", [])
            return self.unfolded(code, step.dims, [len(step.dims) // order] * order)
        return code

    @staticmethod
    def _sides(name: str, groups: Sequence[Sequence[int]]) -> int:
        """Whether an operation gives a vector or a matrix."""
        known = [s.result for s in record(name).signatures if len(s.args) == len(groups)]
        if not known or known[0].kind != "shape":
            return len(groups[0])
        return bool(known[0].rows) + bool(known[0].cols)

    def _batch(self, step: Step) -> Code:
        """An operation that gives a matrix, for each of a batch of matrices: they lie along the last axis."""
        name, groups, batched = step.spec
        at = [k for k, many in enumerate(batched) if many]
        (k, *more), count = at, groups[at[0]][0]
        group = groups[k][1:]
        if more or len(group) != 2 or any(n != 1 for g in groups for n in g[bool(g is groups[k]) :]):
            raise problem("E504", f"There is no {self.language.name} code for {name} of many arrays at once.",
                          help="evaluate() always works.")  # fmt: skip
        args = [self.codes[a] for a in step.args]
        dims = self.dims(step.args[k])
        last = self.permuted(args[k], [count, count + 1, *range(count)])
        args[k] = self.shaped(last, [self.size([dims[count]]), self.size([dims[count + 1]]), self.size(dims[:count])])
        if name in self.language.solid:
            args = [self.book.word("whole matrix", a, ndim=2) if a.op == "T" else a for a in args]
        one = self.free("E")
        inner = self.language.operation(name, len(args), 2).replace(f"{{{k}}}", one)
        template = self.language.word("each").replace("{0}", f"{{{k}}}").replace("ONE", one).replace("INNER", inner)
        rows = step.dims[count:]
        found = self.shaped(self.book.call(template, *args, ndim=3), [self.size([d]) for d in (*rows, *dims[:count])])
        return self.permuted(found, [*range(2, 2 + count), 0, 1])

    # ---- arrays written out ----

    def _expand(self, step: Step) -> Code:
        coef, pattern, dims = step.spec
        return self.expanded(coef, step.args[0] if step.args else "", pattern, dims)

    def _assemble(self, step: Step) -> Code:
        spec, dims = step.spec
        names = iter(step.args)
        parts = [(c, next(names) if named else "", pattern) for c, named, pattern in spec]
        dense = parts[0][0] != 0
        return self.linear([(c, self._term(n, p, dims, dense)) for c, n, p in parts if c != 0])

    def _term(self, name: str, pattern: Sequence[int | None], dims: Sequence[Dim], dense: bool) -> Code:
        """One array of a sum; beside a dense matrix Julia's I is an identity of any size."""
        if dense and tuple(pattern) == (-1, -1) and "identity" in self.language.words:
            eye = self.book.make("name", text=self.language.word("identity"), ndim=2, symmetric=True)
            return self.book.mul(self.codes[name], eye) if name else eye
        return self.expanded(1, name, pattern, dims)


def positive_definite(values: Mapping[Any, Any], known: Callable[[Any], bool]) -> set[str]:
    """The arrays of nodes known to be positive definite."""
    return {v.name for n, v in values.items() if n.order == 2 and v.coef == 1 and v.pattern == (0, 1) and known(n)}
