"""Quotients with a removable point, by their series there, and products of all other entries, as generated code calls
them. For JAX and PyTorch `np` is their own module: see `render`.

exprel(x) = (exp(x) - 1)/x, exprel1 and exprel2 the first derivatives of its logarithm; sinc(x) = sin(x)/x, sinc1 and
sinc2 with sinc' = -x*sinc1 and sinc1' = -x*sinc2: spherical Bessel functions over powers of x (DLMF 10.51.3, 10.53.1).
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
from __future__ import annotations

from frechet.core.lazy import np


def exprel(x):
    """(exp(x) - 1) / x, and 1 at 0."""
    safe = np.where(x == 0, np.ones_like(x), x)
    return np.where(x == 0, np.ones_like(x), np.expm1(safe) / safe)


def bernoulli_numbers():
    """B(2n) / (2n)! for n = 9, 8, ..., 1."""
    return (8.586062056277845e-15, -3.3896802963225827e-13, 1.3382536530684679e-11, -5.284190138687493e-10,
            2.08767569878681e-08, -8.267195767195768e-07, 3.306878306878307e-05, -0.001388888888888889,
            0.08333333333333333)  # fmt: skip


def exprel1(x):
    """The derivative of log(exprel(x)): 1/(1 - exp(-x)) - 1/x."""
    near = np.abs(x) < 0.7
    small, far = np.where(near, x, np.zeros_like(x)), np.where(near, np.ones_like(x), x)
    total = 0 * small
    for b in bernoulli_numbers():
        total = total * small * small + b
    return np.where(near, total * small + 0.5, 0.5 + 0.5 / np.tanh(far / 2) - 1 / far)


def exprel2(x):
    """The second derivative of log(exprel(x)): 1/x^2 - 1/(2*sinh(x/2))^2."""
    near = np.abs(x) < 0.7
    small, far = np.where(near, x, np.zeros_like(x)), np.where(near, np.ones_like(x), x)
    total, n = 0 * small, 17
    for b in bernoulli_numbers():
        total, n = total * small * small + n * b, n - 2
    e = np.exp(-np.abs(far))
    return np.where(near, total, 1 / (far * far) - e / ((1 - e) * (1 - e)))


def sinc(x):
    """sin(x) / x, and 1 at 0."""
    safe = np.where(x == 0, np.ones_like(x), x)
    return np.where(x == 0, np.ones_like(x), np.sin(safe) / safe)


def bessel_series(x, n):
    """The spherical Bessel function of order n over x^n, by its power series, for small x."""
    total = 1 + 0 * x
    for k in range(12, 0, -1):
        total = 1 - total * x * x / (2 * k * (2 * n + 2 * k + 1))
    for k in range(1, n + 1):
        total = total / (2 * k + 1)
    return total


def sinc1(x):
    """-sinc'(x) / x."""
    near = np.abs(x) < 1.5
    small, far = np.where(near, x, np.zeros_like(x)), np.where(near, 2 * np.ones_like(x), x)
    s, c = np.sin(far) / far, np.cos(far)
    return np.where(near, bessel_series(small, 1), (s - c) / (far * far))


def sinc2(x):
    """-sinc1'(x) / x."""
    near = np.abs(x) < 1.5
    small, far = np.where(near, x, np.zeros_like(x)), np.where(near, 2 * np.ones_like(x), x)
    s, c = np.sin(far) / far, np.cos(far)
    return np.where(near, bessel_series(small, 2), (3 * (s - c) / (far * far) - s) / (far * far))


def before_each(x):
    """The products of the entries before each, along the last axis; 1 for the first."""
    first = np.ones_like(x[..., :1])
    return np.cumprod(np.concatenate((first, x[..., :-1]), -1), -1)


def coprod(x):
    """For every entry the product of all others."""
    return before_each(x) * np.flip(before_each(np.flip(x, (-1,))), (-1,))


def coprod2(x):
    """For every pair of entries the product of all others, 0 on the diagonal."""
    own = np.diag(np.ones_like(x)) == 1
    rows = np.where(own, np.ones_like(x), x)
    return np.where(own, np.zeros_like(x), coprod(rows))


def dcumprod(x):
    """The Jacobian of cumprod(x)."""
    own = np.diag(np.ones_like(x)) == 1
    rows = np.where(own, np.ones_like(x), x)
    return np.tril(np.cumprod(rows, -1).T)
