"""The public derivatives: of any Python function, each with its error bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.numeric.drive import Problem
from frechet.numeric.engine import Line, search
from frechet.numeric.estimate import Estimate
from frechet.numeric.evaluate import Layout, flatten
from frechet.numeric.forward import forward_columns
from frechet.numeric.scales import complex_columns_along, probe_direction, task_along, typical_scales
from frechet.numeric.sparse import sparse_columns
from frechet.numeric.tableau import UNIT

Function = Callable[[Any], Any]
MAX_ORDER = 8


def derivative(
    f: Function,
    x: float,
    order: int = 1,
    *,
    complex_step: bool = True,
    executor: Any = None,
    progress: bool | None = None,
) -> Estimate:
    """The derivative of f (a float to a number or an array) at x, of any order up to 8.

    Returns an `Estimate` of the shape of f(x). Raises E303 if x is not one number (use `gradient` or `jacobian`), E505
    for an order that is not 1 to 8; an exception of f at x itself comes through unchanged.
    """
    if not isinstance(order, int) or not 1 <= order <= MAX_ORDER:
        raise problem("E505", f"The order of a derivative is a whole number from 1 to {MAX_ORDER}, not {order!r}.")
    layout, flat = flatten(x)
    if flat.size != 1:
        raise problem("E303", f"derivative needs one number, but the point has {flat.size} components.",
                      help="Use gradient, jacobian or directional.")  # fmt: skip
    p = Problem(f, layout, flat, executor, progress)
    direction = np.ones(1)
    line = p.run([(search(task_along(p, direction, order=order, complex_step=complex_step)), direction)])[0]
    return _line_estimate(p, line)


def directional(
    f: Function, x: Any, v: Any, order: int = 1, *, complex_step: bool = True, executor: Any = None
) -> Estimate:
    """The derivative of f along v at x: d/dt f(x + t*v) at t = 0, of the shape of f(x).

    v has the shapes of x. Raises E305 if it has not, and what `derivative` raises.
    """
    layout, flat = flatten(x)
    direction = like(layout, v, "The direction")
    p = Problem(f, layout, flat, executor)
    if not direction.any():
        zero = p.restore(np.zeros(p.f0.size))
        return Estimate(_plain(zero), _plain(np.abs(zero)), True, "the direction is zero", p.evaluations)
    line = p.run([(search(task_along(p, direction, order=order, complex_step=complex_step)), direction)])[0]
    return _line_estimate(p, line)


def like(layout: Layout, value: Any, what: str) -> Any:
    """The flat vector of `value`, which must have the shapes of the point. Raises E305."""
    other, flat = flatten(value)
    mine = [(name, leaf.shape) for name, leaf in layout.leaves()]
    theirs = [(name, leaf.shape) for name, leaf in other.leaves()]
    if mine != theirs and not (len(mine) == len(theirs) == 1 and mine[0][1] == theirs[0][1]):
        raise problem("E305", f"{what} has the shapes {_shapes(theirs)}, but the point has {_shapes(mine)}.")
    return flat


def _shapes(named: list[tuple[str, tuple[int, ...]]]) -> str:
    return ", ".join(f"{name}: {shape}" if name else str(shape) for name, shape in named)


def gradient(
    f: Function,
    x: Any,
    *,
    method: str = "adaptive",
    step: float | None = None,
    complex_step: bool = True,
    executor: Any = None,
    progress: bool | None = None,
) -> Estimate:
    """The gradient of a scalar function, in the shape of x (a dict of arrays gives a dict of arrays).

    The partial derivatives are held against one random directional derivative: where it is not their linear
    combination, f is not differentiable here and `ok` is False. `method="forward"` with a `step` (1e-8 if not given)
    is the plain forward difference of the notes instead. Raises E501 if f is not scalar, E505 for another method.
    """
    layout, flat = flatten(x)
    p = Problem(f, layout, flat, executor, progress)
    if p.f0.size != 1:
        raise problem("E501", f"The gradient needs a scalar function; this one returns the shape {p.shape}.",
                      help="Use jacobian.")  # fmt: skip
    value, error, ok, message = _by_method(p, method, step, complex_step)
    return Estimate(layout.build(value[0]), layout.build(error[0]), ok, message, p.evaluations)


def _by_method(p: Problem, method: str, step: float | None, complex_step: bool) -> tuple[Any, Any, bool, str]:
    if method == "forward":
        return forward_columns(p, 1e-8 if step is None else step)
    if method != "adaptive" or step is not None:
        what = (
            f"The method {method!r} is not known" if method != "adaptive" else "The adaptive method finds its own step"
        )
        raise problem("E505", f"{what}.", help='Use method="adaptive", or method="forward" with step=1e-5.')
    return columns(p, complex_step)


def jacobian(
    f: Function,
    x: Any,
    *,
    method: str = "adaptive",
    step: float | None = None,
    sparsity: Any = None,
    symmetric: bool = False,
    complex_step: bool = True,
    executor: Any = None,
    progress: bool | None = None,
) -> Estimate:
    """The Jacobian, of the shape of f(x) followed by the shape of x (a dict of such arrays for a dict).

    Checked by one random product as in `gradient`, and `method` as there. With `sparsity` (a scipy.sparse matrix or an
    array, nonzero where the (f.size, x.size) Jacobian may be, or "auto": find the pattern) few evaluations serve
    many columns, and value and error come back as scipy.sparse matrices; a pattern that misses entries gives ok=False.
    With `symmetric=True` (f is a gradient, its Jacobian a Hessian) fewer still, by star colouring.
    """
    layout, flat = flatten(x)
    p = Problem(f, layout, flat, executor, progress)
    if sparsity is not None:
        return sparse_columns(p, sparsity, symmetric, complex_step)
    value, error, ok, message = _by_method(p, method, step, complex_step)
    return Estimate(in_shapes(p, value), in_shapes(p, error), ok, message, p.evaluations)


def hessian(f: Function, x: Any, *, executor: Any = None, progress: bool | None = None) -> Estimate:
    """The second derivatives, of the shape of f(x) followed twice by the shape of x (dicts of dicts for a dict).

    From second derivatives along the axes and along the diagonals of each pair of axes (polarisation), scaled by
    |x_i|. Raises E303 for complex values of f.
    """
    layout, flat = flatten(x)
    p = Problem(f, layout, flat, executor, progress)
    n = flat.size
    scales = 2.0 ** np.round(np.log2(typical_scales(flat)))
    pairs = [(i, j) for i in range(n) for j in range(i + 1)]
    directions = [_pair(n, i, j, scales) for i, j in pairs]
    lines = p.run([(search(task_along(p, v, order=2)), v) for v in directions])
    value, error = np.empty((2, p.f0.size, n, n))
    curved = dict(zip(pairs, lines, strict=True))
    for i, j in pairs:
        line = curved[i, j]
        if i == j:
            v, e = line.value, line.error
        else:
            v = (line.value - curved[i, i].value - curved[j, j].value) / 2
            e = (line.error + curved[i, i].error + curved[j, j].error) / 2
        area = scales[i] * scales[j]
        value[:, i, j] = value[:, j, i] = v / area
        error[:, i, j] = error[:, j, i] = e / area
    bad = [pair for pair, line in curved.items() if not line.ok.all()]
    message = f"along components {bad[0]}: {curved[bad[0]].message}" if bad else ""
    return Estimate(_twice(p, value), _twice(p, error), not bad, message, p.evaluations)


def _pair(n: int, i: int, j: int, scales: Any) -> Any:
    """The scaled axis i, or the diagonal between the axes i and j."""
    v = np.zeros(n)
    v[[i, j]] = scales[[i, j]]
    return v


def _twice(p: Problem, full: Any) -> Any:
    """(m, n, n) in the shape of f, then of x twice."""
    full = np.moveaxis(p.restore(np.moveaxis(full, 0, -1)), (0, 1), (-2, -1))
    rows = [(leaf, full[..., leaf.offset : leaf.offset + leaf.size, :]) for _, leaf in p.layout.leaves()]
    blocks = iter([_per_leaf(p.layout.tree, part, (*p.shape, leaf.size)) for leaf, part in rows])
    shapes = iter([p.shape + leaf.shape for leaf, _ in rows])
    return _fill(p.layout.tree, blocks, shapes, len(p.shape))


def _fill(tree: Any, blocks: Any, shapes: Any, depth: int) -> Any:
    """One block per leaf of the first x, each with its row axis unfolded."""
    if isinstance(tree, dict):
        return {k: _fill(v, blocks, shapes, depth) for k, v in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_fill(v, blocks, shapes, depth) for v in tree)
    return _unfold(next(blocks), next(shapes), depth)


def _unfold(block: Any, shape: tuple[int, ...], depth: int) -> Any:
    if isinstance(block, dict):
        return {k: _unfold(v, shape, depth) for k, v in block.items()}
    if isinstance(block, list | tuple):
        return type(block)(_unfold(v, shape, depth) for v in block)
    out = block.reshape(shape + block.shape[depth + 1 :])
    return out.item() if out.ndim == 0 else out


def in_shapes(p: Problem, matrix: Any) -> Any:
    """An (m, n) matrix as f.shape + x.shape, per leaf of x."""
    full = p.restore(matrix.T)  # n first, then f's shape
    full = np.moveaxis(full, 0, -1)
    return _per_leaf(p.layout.tree, full, p.shape)


def _per_leaf(tree: Any, full: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(tree, dict):
        return {k: _per_leaf(v, full, shape) for k, v in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_per_leaf(v, full, shape) for v in tree)
    return full[..., tree.offset : tree.offset + tree.size].reshape(shape + tree.shape)


def columns(p: Problem, complex_step: bool = True) -> tuple[Any, Any, bool, str]:
    """Value and error of the flat Jacobian, shape (m, n), whether it is a derivative, and a sentence."""
    n = p.x.size
    if n == 1:
        check, v = None, np.ones(1)
    else:
        v = probe_direction(p.x)
        check = p.run([(search(task_along(p, v, complex_step=complex_step)), v)])[0]
        if check.complex_step:
            found = _complex_columns(p, check, v)
            if found is not None:
                return found
    lines = p.run([(search(task_along(p, e, complex_step=complex_step and n == 1)), e) for e in _units(n)])
    value = np.stack([line.value for line in lines], axis=1)
    error = np.stack([line.error for line in lines], axis=1)
    ok = all(bool(line.ok.all()) for line in lines)
    if not ok:
        i = next(i for i, line in enumerate(lines) if not line.ok.all())
        return value, error, False, _at(p, i, n, lines[i].message)
    if check is not None:
        ok, message = _linear(check, value, error, v)
        return value, error, ok, message
    return value, error, True, lines[0].message


def _units(n: int) -> Any:
    for i in range(n):
        e = np.zeros(n)
        e[i] = 1.0
        yield e


def _at(p: Problem, i: int, n: int, message: str) -> str:
    return message if n == 1 else f"along component {i}: {message}"


def _linear(check: Line, value: Any, error: Any, v: Any) -> tuple[bool, str]:
    """Whether the directional derivative is the one that the partial derivatives give."""
    if not check.ok.all():
        return False, f"the partial derivatives exist, but not the one along a random direction: {check.message}"
    gap = np.abs(value @ v - check.value)
    allowed = 2 * (check.error + error @ np.abs(v)) + 8 * UNIT * (np.abs(value) @ np.abs(v))
    if (gap > allowed).any():
        j = int(np.argmax(gap - allowed))
        return False, (
            "the derivative is not linear in the direction, so f is not differentiable here: along a random "
            f"direction it is {check.value[j]:.6g}, the partial derivatives give {(value @ v)[j]:.6g}"
        )
    return True, check.message if check.message.startswith("one-sided") else ""


def _complex_columns(p: Problem, check: Line, v: Any) -> tuple[Any, Any, bool, str] | None:
    """All columns by the complex step, proved on the direction v; None if the columns do not add up to it."""
    n = p.x.size
    columns_of = complex_columns_along(p, list(_units(n)))
    if columns_of is None:
        return None
    value = columns_of.T
    size = np.abs(value) @ np.abs(v)
    gap = np.abs(value @ v - check.value)
    if (gap > 16 * UNIT * size * np.sqrt(n) + check.error).any():
        return None
    error = 4 * UNIT * np.abs(value) + check.error[:, None] / np.abs(v)[None, :] / np.sqrt(n)
    return value, error, True, "complex step"


def _line_estimate(p: Problem, line: Line) -> Estimate:
    error = line.error
    return Estimate(
        _plain(p.restore(line.value)), _plain(_error_shape(p, error)), bool(line.ok.all()), line.message, p.evaluations
    )


def _error_shape(p: Problem, error: Any) -> Any:
    """Bounds of a complex value: the larger of the two parts' sum is taken as one real bound."""
    if p.complex_values:
        half = error.size // 2
        error = np.hypot(error[:half], error[half:])
    return error.reshape(p.shape)


def _plain(array: Any) -> Any:
    return array.item() if array.ndim == 0 else array
