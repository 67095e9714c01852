"""Random typed expressions over the operations of the language.

Choices are made by a function `pick(n)` that gives a number below n, so that a seeded generator and hypothesis (which
shrinks towards 0) drive the same code: simple choices come first in every list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import autograd.scipy.special as special

from tests.fuzz import arrays
from tests.fuzz import term as t
from tests.fuzz.term import POSTFIX, SCALAR, Shape, Size, Term, diag, gaps, indexed, norm2, total, trace

Make = Callable[[], Term]

# name -> (rows, cols, domain or fact); every expression may use any of them
VARIABLES: dict[str, tuple[Size, Size, str]] = {
    "a": ((), (), ""), "b": ((), (), ""), "c": ((), (), "positive"), "t": ((), (), "unit"),
    "x": (("n",), (), ""), "y": (("n",), (), ""), "p": (("n",), (), "positive"),
    "u": (("m",), (), ""), "v": (("m",), (), ""), "w": (("k",), (), ""), "z": ((2,), (), ""), "q": ((2,), (), "unit"),
    "A": (("m",), ("n",), ""), "B": (("n",), ("k",), ""), "C": (("m",), ("k",), ""), "P": (("m",), ("n",), "positive"),
    "X": (("n",), ("n",), ""), "Y": (("n",), ("n",), ""), "M": (("m",), ("m",), ""), "K": (("k",), ("k",), ""),
    "Z": ((2,), (2,), ""), "W": ((2,), ("n",), ""), "U": (("m",), (2,), ""), "V": (("k",), (2,), ""),
    "S": (("n",), ("n",), "spd"), "T": (("n",), ("n",), "symmetric"), "R": (("m",), ("m",), "invertible"),
}  # fmt: skip
DIMS: tuple[str | int, ...] = ("n", "m", "k", 2)
POSITIVE = {"positive", "unit"}


def elementwise() -> dict[str, tuple[Callable[[Any], Any], str]]:
    """name -> (value, what its argument must be): "" anything, "kink" not near 0, "positive", "small"."""
    return {
        "exp": (anp.exp, "small"), "sin": (anp.sin, ""), "cos": (anp.cos, ""), "tanh": (anp.tanh, ""),
        "sigmoid": (special.expit, ""), "softplus": (lambda a: anp.logaddexp(0.0, a), ""), "square": (anp.square, ""),
        "log": (anp.log, "positive"), "sqrt": (anp.sqrt, "positive"), "abs": (anp.abs, "kink"),
        "relu": (lambda a: anp.maximum(a, 0.0), "kink"), "sign": (anp.sign, "kink"), "erf": (special.erf, ""),
        "log1p": (anp.log1p, "positive"), "expm1": (anp.expm1, "small"), "atan": (anp.arctan, ""),
        "sinh": (anp.sinh, "small"), "cosh": (anp.cosh, "small"), "tan": (anp.tan, "small"),
        "asin": (anp.arcsin, "small"), "acos": (anp.arccos, "small"),
    }  # fmt: skip


ELEMENTWISE = elementwise()


def dense_product(factors: list[Term]) -> Term:
    """A product from left to right, or with one pair grouped."""
    out = factors[0]
    for factor in factors[1:]:
        out = t.times(out, factor)
    return out


class Generator:
    """Draws expressions of a wanted shape, at most so deep."""

    def __init__(self, pick: Callable[[int], int], extra: tuple[Term, ...] = ()) -> None:
        self.pick = pick
        self.extra = extra

    def one(self, options: list[Make]) -> Term:
        return options[self.pick(len(options))]()

    def size(self) -> Size:
        return (DIMS[self.pick(len(DIMS))],)

    def number(self) -> Term:
        text = ("2", "3", "0.5", "1", "1.5", "10")[self.pick(6)]
        return t.constant(text, SCALAR, float(text))

    def leaf(self, shape: Shape, positive: bool = False) -> Term:
        """A variable, a transposed variable, or a constant of the shape."""
        usable = {n: (r, c) for n, (r, c, word) in VARIABLES.items() if not positive or word in POSITIVE}
        found = [t.variable(n, s) for n, s in usable.items() if s == shape]
        found += [e for e in self.extra if e.shape == shape and not positive]
        if shape != SCALAR:
            found += [t.transposed(t.variable(n, s)) for n, s in usable.items() if s == shape[::-1] and s[1]]
            found += [t.transposed(t.variable(n, s)) for n, s in usable.items() if s == shape[::-1] and shape[1]]
        constants = self.constants(shape)
        if not found or self.pick(12) == 11:
            found = constants
        return found[self.pick(len(found))]

    def constants(self, shape: Shape) -> list[Term]:
        rows, cols = shape
        if shape == SCALAR:
            return [self.number(), t.constant("n", SCALAR, t.SIZES["n"])]
        if len(rows) > 1 or len(cols) > 1:
            return [self.composite(shape, 0)]
        if not cols:
            return [t.constant(f"ones({rows[0]})", shape, 1.0)]
        if not rows:
            return [t.constant(f"ones({cols[0]})'", shape, 1.0)]
        found = [t.constant(f"ones({rows[0]},{cols[0]})", shape, 1.0)]
        return [*found, t.eye(rows)] if rows == cols else found

    def composite(self, shape: Shape, depth: int) -> Term:
        """A shape with sizes such as n*m: vec, kron, commutation; or their transposes."""
        rows, cols = shape
        if len(rows) < 2 and len(cols) == 2 and not rows:
            return t.transposed(self.composite((cols, rows), depth))
        if len(rows) == 2 and not cols:
            choice = self.pick(8)
            if choice > 5:
                return self.kron(((rows[0],), ()), ((rows[1],), ()), depth)
            return self.commuted(rows, depth) if choice == 5 else self.vec(rows, depth)
        left = (rows[:1], cols[:1])
        return self.kron(left, (rows[1:], cols[1:]), depth)

    def vec(self, rows: Size, depth: int) -> Term:
        flat = self.any(((rows[1],), (rows[0],)), depth - 1)
        return t.call("vec", (rows, ()), lambda a: a.T.reshape(-1, 1), flat)

    def kron(self, left: Shape, right: Shape, depth: int) -> Term:
        shape = (left[0] + right[0], left[1] + right[1])
        return t.call("kron", shape, anp.kron, self.any(left, depth - 1), self.any(right, depth - 1))

    def commuted(self, rows: Size, depth: int) -> Term:
        """commutation(m,n)*vec(X) = vec(X') for X of m x n; `rows` are those of vec(X')."""
        m, n = rows
        p, q = t.length((m,)), t.length((n,))
        matrix = anp.eye(p * q).reshape(q, p, p * q).transpose(1, 0, 2).reshape(p * q, p * q)
        swap = t.constant(f"commutation({m},{n})", ((m, n), (n, m)), matrix)
        return t.times(swap, self.vec((n, m), depth))

    def any(self, shape: Shape, depth: int) -> Term:
        """An expression of the shape."""
        rows, cols = shape
        if depth <= 0 and len(rows) < 2 and len(cols) < 2:
            return self.leaf(shape)
        if len(rows) > 1 or len(cols) > 1:
            return self.composite(shape, depth) if self.pick(4) else self.common(shape, depth)
        if self.pick(9) < 4:
            return self.common(shape, depth)
        if shape == SCALAR:
            return self.scalar(depth)
        if not cols:
            return self.column(rows, depth)
        if not rows:
            return self.row(cols, depth)
        return self.matrix(rows, cols, depth)

    def common(self, shape: Shape, depth: int) -> Term:
        """Operations that exist for every shape."""
        d = depth - 1

        def same() -> Term:
            return self.any(shape, d)

        options: list[Make] = [
            lambda: t.add(same(), same()),
            lambda: t.sub(same(), same()),
            lambda: t.times(self.any(SCALAR, d), same()),
            lambda: self.function(shape, d),
            lambda: self.function(shape, d),
            lambda: t.negative(same()),
            lambda: t.dot_times(same(), same()),
            lambda: t.over(same(), self.positive(SCALAR, d)),
            lambda: t.dot_over(same(), self.positive(shape, d)),
            lambda: self.max_min(shape, d),
            lambda: t.powered(same(), ("2", "3")[self.pick(2)], ".^"),
            lambda: t.powered(self.positive(shape, d), ("0.5", "-1", "-2", "1.5")[self.pick(4)], ".^"),
            lambda: t.transposed(self.any(shape[::-1], d)),
            lambda: t.infix("+", self.number(), same(), shape, lambda a, b: a + b),
            lambda: t.infix(".+", self.any(SCALAR, d), same(), shape, lambda a, b: a + b),
            lambda: t.infix(".-", same(), self.any(SCALAR, d), shape, lambda a, b: a - b),
            lambda: t.times(same(), self.number()),
            lambda: t.call("hadamard", shape, lambda a, b: a * b, same(), same()),
            lambda: self.power(shape, d),
        ]
        return self.one(options)

    def power(self, shape: Shape, depth: int) -> Term:
        """A positive base to a variable exponent."""
        base, exponent = self.positive(shape, depth), self.any(shape, depth - 1)
        bare = exponent.text.isidentifier()
        text = f"{base.at_least(POSTFIX)}.^" + (exponent.text if bare else f"({exponent.text})")
        return t.make(text, POSTFIX, shape, anp.power, base, exponent)

    def function(self, shape: Shape, depth: int) -> Term:
        """An elementwise function of a suitable argument."""
        names = list(ELEMENTWISE)
        name = names[self.pick(len(names))]
        value, need = ELEMENTWISE[name]
        if need == "positive":
            return t.call(name, shape, value, self.positive(shape, depth))
        argument = self.any(shape, depth)
        if need == "small":
            squash = ("sin", "tanh")[self.pick(2)]
            argument = t.call(squash, shape, ELEMENTWISE[squash][0], argument)
            argument = t.infix("*", t.constant("0.5", SCALAR, 0.5), argument, shape, lambda a, b: a * b)
        return t.call(name, shape, value, argument, kink=(lambda a: a) if need == "kink" else None)

    def max_min(self, shape: Shape, depth: int) -> Term:
        name, value = (("max", anp.maximum), ("min", anp.minimum))[self.pick(2)]
        left = self.number() if self.pick(3) == 2 else self.any(shape, depth)
        return t.call(name, shape, value, left, self.any(shape, depth), kink=lambda a, b: a - b)

    def positive(self, shape: Shape, depth: int) -> Term:
        """An expression whose entries are all positive."""
        simple = len(shape[0]) < 2 and len(shape[1]) < 2
        d = depth - 1
        if simple and depth <= 0 and any((r, c) in (shape, shape[::-1]) and w in POSITIVE
                                         for r, c, w in VARIABLES.values()):  # fmt: skip
            return self.leaf(shape, positive=True)
        one = t.constant("1", SCALAR, 1.0)
        options: list[Make] = [
            lambda: t.call("sigmoid", shape, special.expit, self.any(shape, d)),
            lambda: t.infix("+", one, t.powered(self.any(shape, d), "2", ".^"), shape, lambda a, b: a + b),
            lambda: t.call("exp", shape, anp.exp, t.call("sin", shape, anp.sin, self.any(shape, d))),
            lambda: t.call("softplus", shape, ELEMENTWISE["softplus"][0], self.any(shape, d)),
        ]
        if shape == SCALAR:
            options.append(lambda: t.infix("+", t.call("norm2", SCALAR, norm2, self.any(self.shape(), d)), one,
                                           SCALAR, lambda a, b: a + b))  # fmt: skip
        if depth > 0:
            options.append(lambda: t.add(self.positive(shape, d), self.positive(shape, d)))
            options.append(lambda: t.dot_times(self.positive(shape, d), self.positive(shape, d)))
        return self.one(options)

    def shape(self) -> Shape:
        """A vector, matrix, row or scalar shape."""
        kind = self.pick(8)
        if kind < 3:
            return (self.size(), ())
        if kind < 6:
            return (self.size(), self.size())
        return ((), self.size()) if kind == 6 else SCALAR

    def invertible(self, size: Size, depth: int) -> Term:
        """A square matrix that is far from singular."""
        d = depth - 1
        square = (size, size)
        known = [t.variable(n, square) for n, (r, c, w) in VARIABLES.items()
                 if (r, c) == square and w in ("spd", "invertible")]  # fmt: skip
        options: list[Make] = [
            lambda: self.gram(self.any((size, self.size()), d)),
            lambda: t.add(t.eye(size), t.call("diag", square, diag, self.positive((size, ()), d))),
        ]
        if known:
            options.insert(0, lambda: known[self.pick(len(known))])
            options.append(lambda: t.add(known[0], t.call("diag", square, diag, self.positive((size, ()), d))))
            options.append(lambda: t.transposed(known[0]))
            options.append(lambda: t.times(self.positive(SCALAR, d), known[0]))
        return self.one(options)

    def gram(self, part: Term) -> Term:
        return t.add(t.times(part, t.transposed(part)), t.eye(part.shape[0]))

    def scalar(self, depth: int) -> Term:
        d = depth - 1
        s, k = SCALAR, self.size()
        col: Shape = (k, ())
        options: list[Make] = [
            lambda: t.times(self.any(((), k), d), self.any(col, d)),
            lambda: t.call("sum", s, total, self.any(self.shape(), d)),
            lambda: t.powered(t.call("norm2", s, norm2, self.any(self.shape(), d)), "2"),
            lambda: t.call("tr", s, trace, self.any((k, k), d)),
            lambda: dense_product([self.any(((), k), d), self.any((k, k), d), self.any(col, d)]),
            lambda: t.call("norm2", s, norm2, self.any(self.shape(), d), kink=norm2),
            lambda: t.call("mean", s, lambda a: anp.mean(a).reshape(1, 1), self.any(self.shape(), d)),
            lambda: t.call("logsumexp", s, lambda a: special.logsumexp(a).reshape(1, 1), self.any(col, d)),
            lambda: t.call("logdet", s, lambda a: anp.linalg.slogdet(a)[1].reshape(1, 1), self.invertible(k, d)),
            lambda: t.call("det", s, lambda a: anp.linalg.det(a).reshape(1, 1), self.invertible(k, d)),
            lambda: t.call("norm1", s, lambda a: total(anp.abs(a)), self.any(self.shape(), d), kink=lambda a: a),
            lambda: t.call("dot", s, lambda a, b: a.T @ b, self.any(col, d), self.any(col, d)),
            lambda: t.call("max", s, lambda a: anp.max(a).reshape(1, 1), self.any(col, d), kink=gaps),
            lambda: t.call("min", s, lambda a: anp.min(a).reshape(1, 1), self.any(col, d), kink=gaps),
            lambda: self.entry(d),
            lambda: t.powered(self.any(s, d), ("2", "3", "4")[self.pick(3)]),
            lambda: t.powered(self.positive(s, d), ("0.5", "-1", "1.5", "-2")[self.pick(4)]),
        ]
        return self.one(options)

    def entry(self, depth: int) -> Term:
        """x[i] or X[i,j]; sizes are at least 2."""
        i, j = self.pick(2), self.pick(2)
        if self.pick(2):
            part = self.any((self.size(), ()), depth)
            return indexed(part, f"[{i + 1}]", SCALAR, lambda a: a[i : i + 1, :1])
        part = self.any((self.size(), self.size()), depth)
        return indexed(part, f"[{i + 1},{j + 1}]", SCALAR, lambda a: a[i : i + 1, j : j + 1])

    def column(self, rows: Size, depth: int) -> Term:
        d = depth - 1
        shape: Shape = (rows, ())
        inner, j = self.size(), self.pick(2)
        options: list[Make] = [
            lambda: t.times(self.any((rows, inner), d), self.any((inner, ()), d)),
            lambda: t.call("softmax", shape, arrays.softmax, self.any(shape, d)),
            lambda: t.call("sum", shape, lambda a: a.sum(1, keepdims=True), self.any((rows, inner), d), extra="2"),
            lambda: t.call("diag", shape, lambda a: anp.diag(a).reshape(-1, 1), self.any((rows, rows), d)),
            lambda: t.call("solve", shape, anp.linalg.solve, self.invertible(rows, d), self.any(shape, d)),
            lambda: indexed(self.any((rows, inner), d), f"[:,{j + 1}]", shape, lambda a: a[:, j : j + 1]),
            lambda: t.times(t.call("inv", (rows, rows), anp.linalg.inv, self.invertible(rows, d)), self.any(shape, d)),
            lambda: dense_product([self.any((rows, inner), d), self.any((inner, rows), d), self.any(shape, d)]),
        ]
        if rows == (2,):
            options.append(lambda: self.literal(shape, d))
        return self.one(options)

    def row(self, cols: Size, depth: int) -> Term:
        d = depth - 1
        shape: Shape = ((), cols)
        inner, i = self.size(), self.pick(2)
        return self.one([
            lambda: t.transposed(self.column(cols, d)),
            lambda: t.times(self.any(((), inner), d), self.any((inner, cols), d)),
            lambda: t.call("sum", shape, lambda a: a.sum(0, keepdims=True), self.any((inner, cols), d), extra="1"),
            lambda: indexed(self.any((inner, cols), d), f"[{i + 1},:]", shape, lambda a: a[i : i + 1, :]),
        ])  # fmt: skip

    def matrix(self, rows: Size, cols: Size, depth: int) -> Term:
        d = depth - 1
        shape: Shape = (rows, cols)
        inner = self.size()
        options: list[Make] = [
            lambda: t.times(self.any((rows, inner), d), self.any((inner, cols), d)),
            lambda: t.times(self.any((rows, ()), d), self.any(((), cols), d)),
            lambda: t.call("outer", shape, lambda a, b: a @ b.T, self.any((rows, ()), d), self.any((cols, ()), d)),
            lambda: t.call("solve", shape, anp.linalg.solve, self.invertible(rows, d), self.any(shape, d)),
            lambda: t.call("tril", shape, anp.tril, self.any(shape, d)),
            lambda: t.call("triu", shape, anp.triu, self.any(shape, d)),
            lambda: t.times(t.call("diag", (rows, rows), diag, self.any((rows, ()), d)), self.any(shape, d)),
            lambda: self.reshaped(rows, cols, d),
        ]
        if rows == cols:
            options += [
                lambda: t.call("diag", shape, diag, self.any((rows, ()), d)),
                lambda: t.call("inv", shape, anp.linalg.inv, self.invertible(rows, d)),
                lambda: self.matrix_power(shape, d),
            ]
        if shape == ((2,), (2,)):
            options.append(lambda: self.literal(shape, d))
        return self.one(options)

    def reshaped(self, rows: Size, cols: Size, depth: int) -> Term:
        part = self.any((cols + rows, ()), depth)
        count = t.length(cols), t.length(rows)
        extra = f"{rows[0]},{cols[0]}"
        return t.call("mat", (rows, cols), lambda a: a.reshape(count).T, part, extra=extra)

    def matrix_power(self, shape: Shape, depth: int) -> Term:
        power = (2, 3)[self.pick(2)]
        part = self.any(shape, depth)
        text = f"{part.at_least(POSTFIX)}^{power}"
        return t.make(text, POSTFIX, shape, lambda a: arrays.matrix_power(a, power), part)

    def literal(self, shape: Shape, depth: int) -> Term:
        """A matrix or column written out."""
        entries = [self.any(SCALAR, depth) for _ in range(4 if shape[1] else 2)]
        texts = [e.text for e in entries]
        text = f"[{texts[0]},{texts[1]};{texts[2]},{texts[3]}]" if shape[1] else f"[{texts[0]};{texts[1]}]"
        width = 2 if shape[1] else 1
        return t.make(text, POSTFIX, shape, lambda *e: anp.concatenate(e, axis=1).reshape(2, width), *entries)


def generate(pick: Callable[[int], int], kind: type[Generator] = Generator) -> Term:
    """A random function: mostly scalar, sometimes a vector or a matrix, sometimes with a named part."""
    depth = 2 + pick(4)
    generator = kind(pick)
    shape = SCALAR if pick(4) < 3 else generator.shape()
    if pick(12) < 11:
        return generator.any(shape, depth)
    part = generator.any(generator.shape(), 2)
    name = t.variable("s_", part.shape)
    body = kind(pick, (name, name)).any(shape, depth)
    if "s_" not in body.names:
        return body
    return Term(
        f"{body.text} where s_ = {part.text}", 0, shape,
        lambda env, value: body.value({**env, "s_": value}), (part,), None, (body.names - {"s_"}) | part.names,
    )  # fmt: skip
