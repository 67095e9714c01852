"""Sparse Jacobians: one direction per colour, the pattern given or found, and always verified by one product."""

from __future__ import annotations

from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np, scipy
from frechet.numeric.coloring import color_columns, color_symmetric
from frechet.numeric.drive import Problem
from frechet.numeric.engine import Line, Task, search
from frechet.numeric.estimate import Estimate
from frechet.numeric.pattern import find_pattern
from frechet.numeric.scales import complex_columns_along, probe_direction, task_along, typical_scales
from frechet.numeric.tableau import UNIT


def sparse_columns(p: Problem, sparsity: Any, symmetric: bool, complex_step: bool) -> Estimate:
    """Value and error of the Jacobian as csr matrices of shape (f.size, x.size).

    Raises E305 for a pattern of another shape, E505 for a word that is not "auto", E303 for complex values of f.
    """
    if p.complex_values:
        raise problem("E303", "A sparse Jacobian needs a real function.", help="Take real and imaginary parts.")
    found_by = ""
    if isinstance(sparsity, str):
        if sparsity != "auto":
            raise problem("E505", f"The pattern {sparsity!r} is not known.", help='Give a sparse matrix or "auto".')
        pattern, found_by = _found(p), "pattern found"
    else:
        pattern = _given(p, sparsity)
    v = probe_direction(p.x)
    check = p.run([(search(task_along(p, v, complex_step=complex_step)), v)])[0]
    value, error, ok, message = _compressed(p, pattern, symmetric, check)
    if ok:
        ok, message = _verified(check, value, error, v)
        if not ok and found_by:  # NaN may have been swallowed on its way through f: look again by moving variables
            pattern = find_pattern(p, use_nan=False)
            pattern = _full(p) if pattern is None else pattern
            value, error, ok, message = _compressed(p, pattern, symmetric, check)
            ok, message = _verified(check, value, error, v) if ok else (ok, message)
    note = "; ".join(part for part in (found_by, message) if part)
    return Estimate(value, error, ok, note, p.evaluations)


def _found(p: Problem) -> Any:
    pattern = find_pattern(p)
    return _full(p) if pattern is None else pattern


def _full(p: Problem) -> Any:
    return scipy.sparse.csr_matrix(np.ones((p.f0.size, p.x.size), dtype=bool))


def _given(p: Problem, sparsity: Any) -> Any:
    pattern = scipy.sparse.csr_matrix(sparsity)
    expected = (p.f0.size, p.x.size)
    if pattern.shape != expected:
        raise problem("E305", f"The sparsity pattern has the shape {pattern.shape}; the Jacobian has {expected}.")
    pattern.data = np.ones(pattern.nnz, dtype=bool)
    return pattern


def _compressed(p: Problem, pattern: Any, symmetric: bool, check: Line) -> tuple[Any, Any, bool, str]:
    """One directional derivative per colour, taken apart by the pattern."""
    colors = color_symmetric(pattern) if symmetric else color_columns(pattern)
    count = int(colors.max()) + 1
    scales = 2.0 ** np.round(np.log2(typical_scales(p.x)))
    directions = [np.where(colors == c, scales, 0.0) for c in range(count)]
    lines = _lines(p, directions, check)
    values = np.stack([line.value for line in lines])
    errors = np.stack([line.error for line in lines])
    fine = np.stack([line.ok for line in lines])
    rows = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    cols = pattern.indices
    if symmetric:
        rows_from, cols_from = _readable(pattern, colors, rows, cols)
    else:
        rows_from, cols_from = rows, cols
    c = colors[cols_from]
    data = values[c, rows_from] / scales[cols_from]
    bound = errors[c, rows_from] / scales[cols_from]
    ok = fine[c, rows_from]
    shape = pattern.shape
    value = scipy.sparse.csr_matrix((data, (rows, cols)), shape=shape)
    error = scipy.sparse.csr_matrix((bound, (rows, cols)), shape=shape)
    if ok.all():
        return value, error, True, f"{count} colours"
    i = int(np.argmin(ok))
    return value, error, False, f"row {rows[i]}, column {cols[i]}: {lines[int(c[i])].message}"


def _lines(p: Problem, directions: list[Any], check: Line) -> list[Line]:
    """The derivative along each direction: by the complex step where it was proved, else by searches side by side."""
    if check.complex_step:
        columns = complex_columns_along(p, directions)
        if columns is not None:
            error = np.full_like(columns, np.inf)
            # The proof measured what the imaginary part of each row is worth on one direction of the same scale.
            error = 4 * UNIT * np.abs(columns) + 2 * check.error[None, :]
            fine = np.isfinite(columns)
            return [Line(v, e, o, "complex step", 0.0, True) for v, e, o in zip(columns, error, fine, strict=True)]
    tasks: list[Task] = [task_along(p, d, complex_step=False) for d in directions]
    return p.run([(search(task), d) for task, d in zip(tasks, directions, strict=True)])


def _readable(pattern: Any, colors: Any, rows: Any, cols: Any) -> tuple[Any, Any]:
    """For each entry (i, j) of a symmetric matrix the place it can be read at: (i, j), or (j, i) if j's colour is
    not alone in row i. Star colouring sees to it that one of them can."""
    count = int(colors.max()) + 1
    keys = rows.astype(np.int64) * count + colors[cols]
    _, inverse, times = np.unique(keys, return_inverse=True, return_counts=True)
    alone = times[inverse] == 1
    return np.where(alone, rows, cols), np.where(alone, cols, rows)


def _verified(check: Line, value: Any, error: Any, v: Any) -> tuple[bool, str]:
    """One product with a random vector against the directional derivative of f itself."""
    if not check.ok.all():
        return False, f"no derivative along a random direction: {check.message}"
    gap = np.abs(value @ v - check.value)
    allowed = 4 * (check.error + error @ np.abs(v)) + 16 * UNIT * (abs(value) @ np.abs(v))
    wrong = np.flatnonzero(gap > allowed)
    if wrong.size:
        return False, (
            f"the product with a random vector differs in {wrong.size} rows, first in row {wrong[0]}: the pattern "
            "misses entries there, or f is not differentiable"
        )
    return True, "verified by one product"
