"""Sparse Jacobians: colours, patterns found, and the product that catches a wrong pattern."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from frechet.core.errors import FrechetError
from frechet.numeric import color_columns, color_rows, color_symmetric, jacobian
from frechet.numeric.coloring import valid_columns


def band(n, half):
    return sp.diags_array([np.ones(n)] * (2 * half + 1), offsets=range(-half, half + 1), shape=(n, n)).tocsr()


def grid(*sizes):
    """The pattern of the Laplacian on a grid."""
    total = sp.csr_array(np.ones((1, 1)))
    for size in sizes:
        line = sp.diags_array([np.ones(size)] * 2, offsets=[-1, 1], shape=(size, size))
        n = total.shape[0]
        total = sp.kron(sp.eye_array(size), total) + sp.kron(line, sp.eye_array(n))
    return sp.csr_matrix(total)


def shuffled(a):
    order = np.random.default_rng(2).permutation(a.shape[0])
    return a[order][:, order]


@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        (band(1000, 1), 3),
        (band(1000, 3), 7),
        (band(1000, 10), 21),
        (sp.csr_matrix(sp.kron(sp.eye_array(50), np.ones((5, 5)))), 5),
        (grid(30, 30), 5),
        (grid(31, 40), 5),
        (grid(10, 10, 10), 7),
        (grid(8, 9, 11), 7),
        (shuffled(band(1000, 3)), 7),
        (shuffled(grid(30, 30)), 7),
        (shuffled(grid(10, 10, 10)), 12),
        (sp.csr_matrix(np.ones((3, 4))), 4),
        (sp.csr_matrix((3, 4)), 1),
    ],
)
def test_columns_of_one_colour_never_meet_in_a_row(pattern, most):
    colors = color_columns(pattern)
    assert valid_columns(pattern, colors) and colors.max() + 1 <= most


def test_rows():
    wide = sp.csr_matrix(np.vstack([np.ones(9), np.eye(9)]))
    assert color_rows(wide).max() + 1 == 2


def arrow(n):
    a = sp.lil_matrix((n, n))
    a[0, :] = a[:, 0] = 1
    a.setdiag(1)
    return a.tocsr()


@pytest.mark.parametrize(("pattern", "most"), [(arrow(300), 2), (band(300, 3), 7), (grid(12, 12), 5)])
def test_every_entry_of_a_symmetric_matrix_can_be_read(pattern, most):
    colors = color_symmetric(pattern)
    assert colors.max() + 1 <= most
    rows, cols = pattern.nonzero()
    for i, j in zip(rows, cols, strict=True):
        mine = [k for k in pattern.indices[pattern.indptr[i] : pattern.indptr[i + 1]] if colors[k] == colors[j]]
        theirs = [k for k in pattern.indices[pattern.indptr[j] : pattern.indptr[j + 1]] if colors[k] == colors[i]]
        assert len(mine) == 1 or len(theirs) == 1


def chain(x):
    """Tridiagonal, complex-analytic."""
    y = 2 * np.sin(x)
    y[1:] += x[:-1] ** 2
    y[:-1] += np.exp(-(x[1:] ** 2))
    return y


def chain_jacobian(x):
    parts = [2 * x[:-1], 2 * np.cos(x), -2 * x[1:] * np.exp(-(x[1:] ** 2))]
    return sp.diags_array(parts, offsets=[-1, 0, 1]).tocsr()


def misses(e, truth):
    return abs(e.value - truth) - e.error


def test_tridiagonal_of_a_hundred_thousand_with_the_pattern_found():
    x = np.random.default_rng(0).normal(size=100_000)
    e = jacobian(chain, x, sparsity="auto")
    assert e.ok and "pattern found; verified" in e.message
    assert e.evaluations <= 100
    assert misses(e, chain_jacobian(x)).max() <= 0
    assert abs(e.value - chain_jacobian(x)).max() < 1e-14


def test_without_the_complex_step_and_with_nan_swallowed():
    x = np.random.default_rng(0).normal(size=400)
    e = jacobian(lambda v: np.nan_to_num(chain(v.real)), x, sparsity="auto")
    assert e.ok and misses(e, chain_jacobian(x)).max() <= 0 and e.evaluations <= 400


def test_a_shuffled_pattern_is_found():
    x = np.random.default_rng(1).normal(size=500)
    order = np.random.default_rng(2).permutation(500)
    e = jacobian(lambda v: chain(v[order]), x, sparsity="auto")
    truth = chain_jacobian(x[order])[:, np.argsort(order)]
    assert e.ok and misses(e, truth).max() <= 0 and e.evaluations < 500


def test_a_pattern_that_misses_entries_is_caught():
    e = jacobian(chain, np.linspace(-1, 1, 200), sparsity=sp.eye_array(200))
    assert not e.ok and "the pattern misses entries" in e.message


def test_a_symmetric_jacobian_by_star_colouring():
    def gradient_of(x):
        g = np.cos(x)
        g[0] = np.sum(x) + x[0]
        g[1:] += x[0]
        return g

    x = np.random.default_rng(5).normal(size=300)
    e = jacobian(gradient_of, x, sparsity=arrow(300), symmetric=True)
    truth = np.diag(np.r_[2.0, -np.sin(x[1:])])
    truth[0, 1:] = truth[1:, 0] = 1
    assert e.ok and e.evaluations <= 12 and np.all(np.abs(e.value.toarray() - truth) <= e.error.toarray() + 1e-15)


def test_a_dense_function_costs_little_more_than_its_columns():
    A = np.random.default_rng(6).normal(size=(20, 20))
    e = jacobian(lambda x: A @ x, np.ones(20), sparsity="auto")
    assert e.ok and np.allclose(e.value.toarray(), A)


@pytest.mark.parametrize(("sparsity", "code"), [("find", "E505"), (np.ones((2, 2)), "E305")])
def test_user_errors(sparsity, code):
    with pytest.raises(FrechetError) as caught:
        jacobian(chain, np.ones(3), sparsity=sparsity)
    assert caught.value.diagnostic.code == code
