"""Random expressions with the hard operations: functions of matrices, factorisations, spectra, extremes.

Arguments are drawn where the operations are defined and smooth: positive definite where a logarithm, root or Cholesky
factor is taken, small for an exponential; what comes near a repeated eigenvalue or a loss of rank is skipped.
"""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
import numpy as np

from tests.fuzz import arrays
from tests.fuzz import term as t
from tests.fuzz.generate import Generator, Make
from tests.fuzz.term import SCALAR, Shape, Size, Term


def eigen_gaps(a: Any) -> Any:
    """Distances of neighbouring eigenvalues, on their own scale."""
    values = arrays.eigh(a)[0]
    return 0.05 * anp.diff(values) / anp.max(anp.abs(values))


def singular_gaps(a: Any) -> Any:
    values = np.linalg.svd(a, compute_uv=False)
    return 0.05 * anp.append(-anp.diff(values), values[-1]) / values[0]


def eigenvector(a: Any) -> Any:
    v = arrays.eigh(a)[1][:, -1:]
    return v * anp.sign(v[anp.argmax(anp.abs(v))])


def one(value: Any) -> Any:
    return anp.reshape(value, (1, 1))


class HardGenerator(Generator):
    """Half of its expressions of a fitting shape are hard operations."""

    def positive_definite(self, size: Size, depth: int) -> Term:
        return self.gram(self.any((size, self.size()), depth))

    def sized_down(self, size: Size, depth: int) -> Term:
        """A square matrix of moderate size."""
        part = self.any((size, size), depth)
        return t.times(t.constant("0.1", SCALAR, 0.1), t.call("tanh", part.shape, anp.tanh, part))

    def full_rank(self, rows: Size, cols: Size, depth: int) -> Term:
        return self.any((rows, cols), depth)

    def hard_scalar(self, depth: int) -> Term:
        d, k = depth - 1, self.size()
        other = self.size()
        options: list[Make] = [
            lambda: t.call("eigmax", SCALAR, lambda a: one(arrays.eigh(a)[0][-1]),
                           self.any((k, k), d), kink=eigen_gaps),
            lambda: t.call("specnorm", SCALAR, lambda a: one(arrays.singular_values(a)[0]),
                           self.full_rank(k, other, d), kink=singular_gaps),
            lambda: t.call("nuclear", SCALAR, lambda a: one(arrays.singular_values(a).sum()),
                           self.full_rank(k, other, d), kink=singular_gaps),
            lambda: self.kth(k, d),
            lambda: t.call("prod", SCALAR, lambda a: one(anp.prod(a)), self.positive((k, ()), d)),
            lambda: t.call("norminf", SCALAR, lambda a: one(anp.max(anp.abs(a))), self.any((k, ()), d),
                           kink=lambda a: t.gaps(anp.abs(a))),
            lambda: self.choice(SCALAR, d),
            lambda: t.call("abs", SCALAR, anp.abs, t.call("det", SCALAR, lambda a: one(anp.linalg.det(a)),
                                                          self.invertible(k, d)), kink=lambda a: a),
        ]  # fmt: skip
        return self.one(options)

    def hard_column(self, rows: Size, depth: int) -> Term:
        d, shape = depth - 1, (rows, ())
        options: list[Make] = [
            lambda: t.call("eigvals", shape, lambda a: arrays.eigh(a)[0].reshape(-1, 1),
                           self.any((rows, rows), d), kink=eigen_gaps),
            lambda: t.call("eigvec", shape, eigenvector, self.any((rows, rows), d), kink=eigen_gaps),
            lambda: t.call("cumsum", shape, lambda a: anp.cumsum(a, axis=0), self.any(shape, d)),
            lambda: t.call("cumprod", shape, arrays.running_product, self.positive(shape, d)),
            lambda: t.call("cconv", shape, arrays.convolved, self.any(shape, d), self.any(shape, d)),
            lambda: self.choice(shape, d),
            lambda: t.times(self.hard_matrix(rows, rows, d), self.any(shape, d)),
        ]  # fmt: skip
        return self.one(options)

    def hard_matrix(self, rows: Size, cols: Size, depth: int) -> Term:
        d = depth - 1
        shape: Shape = (rows, cols)
        options: list[Make] = [
            lambda: t.call("pinv", shape, arrays.pinv, self.full_rank(cols, rows, d), kink=singular_gaps),
            lambda: t.call("sylvester", shape, arrays.sylvester, self.invertible(rows, 0), self.invertible(cols, 0),
                           self.any(shape, d)),
        ]  # fmt: skip
        options.append(lambda: self.choice(shape, d))
        options.append(lambda: t.call("polar", shape, arrays.polar, self.full_rank(rows, cols, d), kink=singular_gaps))
        if rows == cols:
            options += [
                lambda: t.call("cofactor", shape, lambda a: (anp.linalg.det(a) * anp.linalg.inv(a)).T,
                               self.invertible(rows, d)),
                lambda: t.call("circulant", shape, arrays.circulant, self.any((rows, ()), d)),
                lambda: t.call("toeplitz", shape, arrays.toeplitz, self.any((rows, ()), d)),
                lambda: t.call("diagsums", shape, arrays.diagonal_sums, self.any(shape, d)),
                lambda: t.powered(self.invertible(rows, d), "(-1)", value=anp.linalg.inv),
                lambda: t.call("expm", shape, arrays.expm, self.sized_down(rows, d)),
                lambda: t.call("sqrtm", shape, arrays.of_eigenvalues(anp.sqrt), self.positive_definite(rows, d),
                               kink=eigen_gaps),
                lambda: t.call("logm", shape, arrays.of_eigenvalues(anp.log), self.positive_definite(rows, d),
                               kink=eigen_gaps),
                lambda: t.call("chol", shape, lambda a: anp.linalg.cholesky((a + a.T) / 2),
                               self.positive_definite(rows, d)),
                lambda: t.call("adj", shape, lambda a: anp.linalg.det(a) * anp.linalg.inv(a), self.invertible(rows, d)),
            ]  # fmt: skip
        return self.one(options)

    def kth(self, rows: Size, depth: int) -> Term:
        """One of the two smallest entries."""
        place = 1 + self.pick(2)
        return t.call("kth", SCALAR, lambda a: one(anp.sort(a.ravel())[place - 1]), self.any((rows, ()), depth),
                      extra=str(place), kink=t.gaps)  # fmt: skip

    def choice(self, shape: Shape, depth: int) -> Term:
        """where(a > b, x, y), entry by entry, with a kink where a = b."""
        a, b, x, y = (self.any(shape, depth) for _ in range(4))
        sign = ("<", ">", "<=", ">=")[self.pick(4)]
        compare = {"<": np.less, ">": np.greater, "<=": np.less_equal, ">=": np.greater_equal}[sign]
        text = f"where({a.at_least(t.ADD)} {sign} {b.at_least(t.ADD)}, {x.text}, {y.text})"
        value = lambda a, b, x, y: anp.where(compare(arrays.plain(a), arrays.plain(b)), x, y)  # noqa: E731
        return t.make(text, t.POSTFIX, shape, value, a, b, x, y, kink=lambda a, b, x, y: a - b)

    def scalar(self, depth: int) -> Term:
        return self.hard_scalar(depth) if self.pick(2) else super().scalar(depth)

    def column(self, rows: Size, depth: int) -> Term:
        return self.hard_column(rows, depth) if self.pick(2) else super().column(rows, depth)

    def matrix(self, rows: Size, cols: Size, depth: int) -> Term:
        return self.hard_matrix(rows, cols, depth) if self.pick(2) else super().matrix(rows, cols, depth)
