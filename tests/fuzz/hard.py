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
            lambda: t.call("prod", SCALAR, lambda a: one(anp.prod(a)), self.positive((k, ()), d)),
            lambda: t.call("norminf", SCALAR, lambda a: one(anp.max(anp.abs(a))), self.any((k, ()), d),
                           kink=lambda a: t.gaps(anp.abs(a))),
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
        if rows == cols:
            options += [
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

    def scalar(self, depth: int) -> Term:
        return self.hard_scalar(depth) if self.pick(2) else super().scalar(depth)

    def column(self, rows: Size, depth: int) -> Term:
        return self.hard_column(rows, depth) if self.pick(2) else super().column(rows, depth)

    def matrix(self, rows: Size, cols: Size, depth: int) -> Term:
        return self.hard_matrix(rows, cols, depth) if self.pick(2) else super().matrix(rows, cols, depth)
