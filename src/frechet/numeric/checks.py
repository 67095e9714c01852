"""Checks beside `check_gradient`: Jacobians, Hessians, products J*v and u'*J, and a helper for pytest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.numeric.checker import GradientVerdict, check_gradient, claimed
from frechet.numeric.derivatives import directional
from frechet.numeric.evaluate import flatten
from frechet.numeric.tableau import UNIT

Function = Callable[[Any], Any]
MOST_ROWS = 64  # so many rows are checked one by one to name the place


def check_jacobian(f: Function, jac: Any, x: Any, seed: int = 0) -> GradientVerdict:
    """Check the Jacobian `jac` (a function of x or its value, of shape f(x).shape + x.shape) of f at x.

    First the whole along one random row combination; if that is wrong, row by row, and `where` begins with the row.
    Raises E305 for another shape.
    """
    layout, flat = flatten(x)
    out = np.asarray(f(layout.build(flat)))
    J = np.asarray(jac(layout.build(flat)) if callable(jac) else jac, dtype=float)
    if J.size != out.size * flat.size or (J.ndim == 2 and out.ndim == 1 and J.shape[0] != out.size):
        raise problem(
            "E305", f"The Jacobian has the shape {J.shape}; f is {out.shape} and x has {flat.size} components."
        )
    J = J.reshape(out.size, flat.size)
    rng = np.random.default_rng(seed)
    scale = np.maximum(np.abs(out.ravel()), 1e-3 * np.abs(out).max() + 1e-300)
    u = rng.uniform(0.5, 1.5, out.size) * rng.choice([-1.0, 1.0], out.size) / scale
    whole = check_gradient(lambda v: u @ np.asarray(f(v)).ravel(), u @ J, _flat_like(x, layout, flat), seed=seed)
    if whole.status != "wrong" or out.size == 1:
        return whole
    spent = whole.evaluations
    for row in range(min(out.size, MOST_ROWS)):
        one = check_gradient(_row(f, row), J[row], _flat_like(x, layout, flat), seed=seed)
        spent += one.evaluations
        if one.status == "wrong":
            where = (row, *one.where) if isinstance(one.where, tuple) else (row, one.where)
            return GradientVerdict("wrong", f"row {row}: {one.message}", where, one.how, one.expected, spent,
                                   one.largest_error)  # fmt: skip
    return GradientVerdict("wrong", whole.message, (), whole.how, {}, spent, whole.largest_error)


def _row(f: Function, row: int) -> Function:
    return lambda v: np.asarray(f(v)).ravel()[row]


def _flat_like(x: Any, layout: Any, flat: Any) -> Any:
    """The point as it was given, for functions that want their own shapes."""
    return layout.build(flat) if not isinstance(x, np.ndarray) or x.ndim != 1 else flat.copy()


def check_hessian(grad: Function, hess: Any, x: Any, seed: int = 0) -> GradientVerdict:
    """Check the Hessian `hess` (a function of x or its value) against the derivatives of the gradient at x.

    Also finds a Hessian that is not symmetric although it must be: `how` is "transposed" where its transpose fits.
    """
    layout, flat = flatten(x)
    H = np.asarray(hess(layout.build(flat)) if callable(hess) else hess, dtype=float).reshape(flat.size, flat.size)
    verdict = check_jacobian(grad, H.reshape(np.shape(grad(layout.build(flat))) + np.shape(x)), x, seed)
    if verdict.status == "wrong" and not np.allclose(H, H.T, rtol=1e-8, atol=1e-10 * np.abs(H).max()):
        i, j = np.unravel_index(int(np.argmax(np.abs(H - H.T))), H.shape)
        message = f"not symmetric at ({i}, {j}): {H[i, j]:.6g} and {H[j, i]:.6g}; {verdict.message}"
        return GradientVerdict("wrong", message, verdict.where, verdict.how, verdict.expected, verdict.evaluations,
                               verdict.largest_error)  # fmt: skip
    return verdict


def check_jvp_vjp(
    f: Function, x: Any, jvp: Callable[[Any, Any], Any] | None = None, vjp: Callable[[Any, Any], Any] | None = None,
    seed: int = 0,
) -> GradientVerdict:  # fmt: skip
    """Check jvp(x, v) = J*v and vjp(x, u) = J'*u: the dot-product test u'(J v) = (J'u)'v, and J*v against f itself.

    `where` says which of the two is wrong ("jvp" or "vjp"). Raises E505 if neither is given.
    """
    if jvp is None and vjp is None:
        raise problem("E505", "check_jvp_vjp needs jvp, vjp or both.")
    layout, flat = flatten(x)
    rng = np.random.default_rng(seed)
    spent = 0
    worst = 0.0
    for _ in range(3):
        v = rng.normal(size=flat.size) * np.maximum(np.abs(flat), 1e-3 * np.abs(flat).max() + 1e-3)
        truth = directional(f, layout.build(flat), layout.build(v))
        spent += truth.evaluations
        if not truth.ok:
            return GradientVerdict("not differentiable", truth.message, evaluations=spent)
        value, error = np.ravel(truth.value), np.ravel(truth.error)
        if jvp is not None:
            product = np.ravel(np.asarray(jvp(layout.build(flat), layout.build(v)), dtype=float))
            gap = np.abs(product - value)
            allowed = 2 * error + 64 * UNIT * (np.abs(value) + np.abs(value).max())
            if (gap > allowed).any():
                i = int(np.argmax(gap - allowed))
                message = f"J*v is {product[i]:.6g} in row {i} and should be {value[i]:.6g}"
                how = "sign" if np.allclose(product, -value, rtol=1e-6) else "component"
                return GradientVerdict("wrong", message, "jvp", how, {i: float(value[i])}, spent)
            worst = max(worst, float(gap.max()))
        if vjp is not None:
            u = rng.normal(size=value.size)
            pulled, _ = claimed(vjp(layout.build(flat), u.reshape(np.shape(truth.value))), layout, flat)
            left, right = float(pulled @ v), float(u @ value)
            allowed = 2 * float(np.abs(u) @ error) + 64 * UNIT * float(
                np.abs(pulled) @ np.abs(v) + np.abs(u) @ np.abs(value)
            )
            if not abs(left - right) <= allowed:
                message = f"the dot-product test fails: (J'u)'v is {left:.10g}, u'(J v) is {right:.10g}"
                how = "sign" if abs(left + right) <= allowed else "component"
                return GradientVerdict("wrong", message, "vjp", how, {}, spent)
            worst = max(worst, abs(left - right))
    return GradientVerdict("right", f"no difference along 3 random directions; largest {worst:.1e}", evaluations=spent)


def assert_gradient(f: Function, grad: Any, x: Any, shapes: Any = None, seed: int = 0) -> None:
    """For tests: raises AssertionError with place, cause and right value unless the gradient is found right."""
    __tracebackhide__ = True  # pytest shows the caller's line
    verdict = check_gradient(f, grad, x, shapes, seed)
    if not verdict:
        how = f" [{verdict.how}]" if verdict.how else ""
        raise AssertionError(f"gradient {verdict.status}{how}: {verdict.message}")
