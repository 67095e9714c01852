"""What the oracle computes with: NumPy functions that HIPS autograd differentiates, and the few that it has not.

Nothing is compiled, so an expression costs milliseconds and no memory stays behind, whatever its shapes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import autograd.scipy.special as special
from autograd import make_vjp
from autograd.tracer import isbox

TAYLOR = 24  # terms of exp for a matrix of norm below 1: the next is below 1e-23


def total(a: Any) -> Any:
    """The sum as a number."""
    return anp.sum(a)


def plain(a: Any) -> Any:
    """The numbers, without what is being traced."""
    while isbox(a):
        a = a._value
    return a


def softmax(a: Any) -> Any:
    return anp.exp(a - special.logsumexp(a))


def expm(a: Any) -> Any:
    """The series, for matrices whose norm is at most about 1."""
    term = out = anp.eye(len(a))
    for k in range(1, TAYLOR):
        term = term @ a / k
        out = out + term
    return out


def matrix_power(a: Any, power: int) -> Any:
    out = a
    for _ in range(power - 1):
        out = out @ a
    return out


def eigh(a: Any) -> Any:
    """Eigenvalues and eigenvectors of the symmetric part."""
    return anp.linalg.eigh((a + a.T) / 2)


def of_eigenvalues(fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of a symmetric matrix by its eigenvalues."""

    def apply(a: Any) -> Any:
        values, vectors = eigh(a)
        return vectors @ anp.diag(fn(values)) @ vectors.T

    return apply


def singular_values(a: Any) -> Any:
    """By the eigenvalues of the smaller Gram matrix: their derivatives hold for every shape."""
    gram = a @ a.T if a.shape[0] <= a.shape[1] else a.T @ a
    return anp.sqrt(anp.linalg.eigh(gram)[0][::-1])


def pinv(a: Any) -> Any:
    """Of full rank."""
    return a.T @ anp.linalg.inv(a @ a.T) if a.shape[0] <= a.shape[1] else anp.linalg.inv(a.T @ a) @ a.T


def polar(a: Any) -> Any:
    """The orthonormal factor of a matrix of full rank, by the root of its smaller Gram matrix."""
    small = a.shape[0] <= a.shape[1]
    values, vectors = anp.linalg.eigh(a @ a.T if small else a.T @ a)
    root = vectors @ anp.diag(values**-0.5) @ vectors.T
    return root @ a if small else a @ root


def running_product(a: Any) -> Any:
    """Products of the first entries, which are positive."""
    return anp.exp(anp.cumsum(anp.log(a), axis=0))


def sylvester(a: Any, b: Any, c: Any) -> Any:
    """The X with a*X + X*b = c, by the Kronecker system."""
    m, n = c.shape
    system = anp.kron(anp.eye(n), a) + anp.kron(b.T, anp.eye(m))
    return anp.reshape(anp.linalg.solve(system, anp.reshape(c.T, -1)), (n, m)).T


def circulant(c: Any) -> Any:
    """The square matrix with the column c, each further column turned down by one."""
    n = len(c)
    return anp.concatenate([anp.concatenate([c[n - k :], c[: n - k]]) for k in range(n)], axis=1)


def convolved(a: Any, b: Any) -> Any:
    """Circular convolution."""
    return circulant(a) @ b


def toeplitz(c: Any) -> Any:
    """The symmetric Toeplitz matrix with the column c."""
    n = len(c)
    return anp.concatenate([anp.concatenate([c[1 : k + 1][::-1], c[: n - k]]) for k in range(n)], axis=1)


def diagonal_sums(a: Any) -> Any:
    """Every entry replaced by the sum along its diagonal."""
    n = len(a)
    sums = {k: anp.sum(anp.diag(a, k)) for k in range(1 - n, n)}
    return anp.reshape(anp.array([sums[j - i] for i in range(n) for j in range(n)]), (n, n))


def gradient(fn: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of a function with one entry; zeros where it does not depend on x."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Output seems independent of input")
        back, value = make_vjp(fn)(x)
    return back(anp.ones(anp.shape(value)))
