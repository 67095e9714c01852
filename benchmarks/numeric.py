"""frechet.numeric beside its peers, on the suites of tests/numeric, in one run.

    python -m benchmarks.numeric [derivatives] [checkers] [points] [sparse] [overhead]

Peers that are not installed are named with the command that brings them. Errors and evaluations are exact for the
versions printed; times are ratios to a peer or to the function itself, on whatever machine this is.
near: error <= max(1e-12, 100 x oracle), the oracle being the best central difference over steps with the truth known.
covered: every component within its own bound. loose: median of bound / error. silent: error > 1 % with nothing said.
"""

from __future__ import annotations

import importlib
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from frechet import numeric
from tests.numeric.suite_derivatives import Case, cases
from tests.numeric.suite_gradients import Gradient, big, gradients
from tests.numeric.suite_points import points

Answer = tuple[Any, Any, bool]  # value, own error estimate or None, whether it claims success


class Counted:
    """A function that counts its calls (a vectorised call counts each column)."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f, self.calls = f, 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return self.f(x)


def installed(name: str) -> Any:
    """The module, or None with a line that says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"({name} is not installed here: pip install {name})")
        return None


def flat(case: Case, f: Callable[[Any], Any]) -> tuple[Callable[[Any], Any], Any]:
    """The function of a flat vector with values in a flat vector or number, as most peers want it."""
    x = np.asarray(case.x, dtype=float)
    if case.what == "derivative":
        return f, float(x)
    return (
        lambda v: np.asarray(f(v.reshape(x.shape))).ravel() if case.what == "jacobian" else f(v.reshape(x.shape))
    ), x.ravel()


def frechet_numeric(case: Case, f: Callable[[Any], Any], **options: Any) -> Answer:
    e = getattr(numeric, case.what)(f, case.x, **options)
    return e.value, e.error, e.ok


def frechet_real(case: Case, f: Callable[[Any], Any]) -> Answer:
    return frechet_numeric(case, f, complex_step=False)


def forward(case: Case, f: Callable[[Any], Any]) -> Answer:
    """The notes' forward difference with delta = 1e-8."""
    e = numeric.jacobian(f, case.x, method="forward", step=1e-8)
    return e.value, None, True


def complex_naive(case: Case, f: Callable[[Any], Any]) -> Answer:
    g, x = flat(case, f)
    if np.ndim(x) == 0:
        return np.imag(g(x + 1e-30j)) / 1e-30, None, True
    columns = [np.imag(g(x + 1e-30j * e)) / 1e-30 for e in np.eye(x.size)]
    return np.stack(columns, axis=-1), None, True


def scipy_derivative(module: Any) -> Callable[[Case, Any], Answer]:
    def run(case: Case, f: Callable[[Any], Any]) -> Answer:
        g, x = flat(case, f)
        if np.ndim(x) == 0:
            r = module.derivative(np.vectorize(lambda t: float(np.real(g(t)))), x)
            return r.df, r.error, bool(r.success)

        def columns(z: Any) -> Any:
            return np.apply_along_axis(lambda v: np.atleast_1d(np.real(g(v.copy()))), 0, z)

        r = module.jacobian(columns, x)
        return np.squeeze(r.df), np.squeeze(r.error), bool(np.all(r.success))

    return run


def numdifftools_answer(module: Any) -> Callable[[Case, Any], Answer]:
    def run(case: Case, f: Callable[[Any], Any]) -> Answer:
        g, x = flat(case, f)
        make = module.Derivative if np.ndim(x) == 0 else module.Jacobian if case.what == "jacobian" else module.Gradient
        found = make(g, full_output=True)(x)
        return found.estimate, np.squeeze(found.error_estimate), True

    return run


def jacobi_answer(module: Any) -> Callable[[Case, Any], Answer]:
    def run(case: Case, f: Callable[[Any], Any]) -> Answer:
        g, x = flat(case, f)
        value, error = module.jacobi(g, x)
        return value, error, True

    return run


def peers() -> dict[str, Callable[[Case, Any], Answer]]:
    tools = {"frechet.numeric": frechet_numeric, "  its real engine only": frechet_real, "forward 1e-8": forward,
             "complex step, naive": complex_naive}  # fmt: skip
    if module := installed("scipy.differentiate"):
        tools["scipy.differentiate"] = scipy_derivative(module)
    if module := installed("numdifftools"):
        tools["numdifftools"] = numdifftools_answer(module)
    if module := installed("jacobi"):
        tools["jacobi"] = jacobi_answer(module)
    return tools


def oracle(case: Case) -> float:
    """Smallest error of any central difference over 220 steps, with the truth known."""
    g, x = flat(case, case.f)
    truth = np.asarray(case.truth, dtype=float)
    best = 0.0
    for i in range(np.size(x)):
        e = np.eye(np.size(x))[i] if np.ndim(x) else 1.0
        exact = truth if np.ndim(x) == 0 else truth.reshape(*truth.shape[: truth.ndim - np.ndim(case.x)], -1)[..., i]
        step = max(abs(np.ravel(x)[i]), 1e-3) if np.ravel(x)[i] else 1.0
        errors = []
        for h in step * 10.0 ** np.linspace(-16, 1, 220):
            try:
                values = [g(x + h * e), g(x - h * e)]
                errors.append(np.max(np.abs((np.real(values[0]) - np.real(values[1])) / (2 * h) - np.ravel(exact))))
            except Exception:  # outside the domain
                continue
        finite = [v for v in errors if np.isfinite(v)]
        best = max(best, min(finite, default=np.inf))
    return float(best / (np.max(np.abs(truth)) or 1.0))


def derivatives() -> None:
    """First derivatives: nearness, coverage, looseness, silence, evaluations; then points without a derivative."""
    all_cases = [c for c in cases() if c.what != "hessian"]
    attainable = {id(c): oracle(c) for c in all_cases if c.kind != "none"}
    exist = sum(c.kind != "none" for c in all_cases)
    print(f"\nFirst derivatives: {exist} cases, and {len(all_cases) - exist} points without a derivative")
    print(f"{'tool':24s} near  covered  loose  failed  silent  refused  false  evals/var  held out: near covered")
    for name, tool in peers().items():
        rows = [judged(c, tool, attainable.get(id(c), 0.0)) for c in all_cases]
        have = [r for r, c in zip(rows, all_cases, strict=True) if c.kind != "none"]
        none = [r for r, c in zip(rows, all_cases, strict=True) if c.kind == "none"]
        held = [r for r, c in zip(rows, all_cases, strict=True) if c.kind != "none" and c.held_out]
        bounded = [r for r in have if r["bounded"]]
        covered = f"{sum(r['covered'] for r in bounded)}/{len(bounded)}" if bounded else "none"
        loose = f"{np.median([r['loose'] for r in bounded]):.2g}" if bounded else "-"
        false = sum(not r["ok"] and not r["failed"] for r in have)
        evaluations = np.median([r["evaluations"] for r in have])
        print(
            f"{name:24s} {total(have, 'near'):4d}  {covered:>7s}  {loose:>5s}  {total(have, 'failed'):6d}"
            f"  {total(have, 'silent'):6d}  {len(none) - total(none, 'ok'):4d}/{len(none):2d}  {false:5d}"
            f"  {evaluations:9.1f}  {total(held, 'near'):6d}/{len(held)} {total(held, 'covered'):4d}"
        )


def total(rows: list[dict[str, Any]], key: str) -> int:
    return sum(bool(row[key]) for row in rows)


def judged(case: Case, tool: Callable[[Case, Any], Answer], attainable: float) -> dict[str, Any]:
    """One tool on one case."""
    f = Counted(case.f)
    row = {"near": False, "covered": False, "loose": np.inf, "failed": False, "silent": False, "ok": False,
           "bounded": False, "evaluations": np.inf}  # fmt: skip
    try:
        value, error, ok = tool(case, f)
    except Exception:
        return {**row, "failed": True}
    row |= {"ok": bool(ok), "evaluations": f.calls / np.size(case.x)}
    if case.truth is None:
        row["ok"] = bool(ok) and bool(np.isfinite(value).all())
        return row
    truth = np.ravel(np.asarray(case.truth, dtype=float))
    value = np.ravel(np.asarray(value))
    if value.shape != truth.shape or not np.isfinite(value).all():
        return {**row, "failed": True, "ok": False}
    scale = np.max(np.abs(truth)) or 1.0
    miss = np.abs(value - truth)
    row["near"] = bool(miss.max() / scale <= max(1e-12, 100 * attainable))
    if error is not None:
        bound = np.broadcast_to(np.ravel(error), truth.shape)
        row |= {"bounded": True, "covered": bool((miss <= bound).all())}
        row["loose"] = float(np.median(bound / np.maximum(miss, 2.0**-53 * scale)))
        row["silent"] = bool(ok and miss.max() > 1e-2 * scale and bound.max() < miss.max() / 10)
    else:
        row["silent"] = bool(miss.max() > 1e-2 * scale)
    return row


def checkers() -> None:
    """Wrong gradients found, right ones left alone, places and causes named."""
    suite = gradients()
    wrong, right = [g for g in suite if g.how], [g for g in suite if not g.how]
    print(f"\nGradient checkers: {len(wrong)} wrong, {len(right)} right gradients")
    print(f"{'checker':28s} found  alarms  place  cause  evaluations")
    named = [numeric.check_gradient(g.f, g.grad, g.x, shapes=g.shapes) for g in wrong]
    quiet = [numeric.check_gradient(g.f, g.grad, g.x, shapes=g.shapes) for g in right]
    place = sum(v.where == g.where for v, g in zip(named, wrong, strict=True) if g.where is not None)
    cause = sum(v.how in g.how for v, g in zip(named, wrong, strict=True))
    found, alarms = sum(v.status == "wrong" for v in named), sum(v.status != "right" for v in quiet)
    places, spent = sum(g.where is not None for g in wrong), np.median([v.evaluations for v in named])
    print(f"{'frechet.numeric':28s} {found:5d}  {alarms:6d}  {place:2d}/{places}  {cause:5d}  {spent:.0f}")
    for name, check in other_checkers().items():
        accepts = {g.name: says_right(check, g) for g in suite}
        found, alarms = sum(not accepts[g.name] for g in wrong), sum(not accepts[g.name] for g in right)
        print(f"{name:28s} {found:5d}  {alarms:6d}  {'-':>5s}  {'-':>5s}  -")
    for fault in ("", "component", "half"):
        g = big(100_000, fault)
        start = time.perf_counter()
        v = numeric.check_gradient(g.f, g.grad, g.x, shapes=g.shapes)
        took = time.perf_counter() - start
        print(
            f"  n = 100000, {fault or 'right':10s}: {v.status} {v.how} {v.where}, {v.evaluations} calls, {took:.1f} s"
        )


def says_right(check: Callable[[Gradient], bool], g: Gradient) -> bool:
    """Whether a checker accepts the gradient; an exception of its own is no acceptance."""
    try:
        return bool(check(g))
    except Exception:
        return False


def other_checkers() -> dict[str, Callable[[Gradient], bool]]:
    """Peers at their defaults (SciPy returns a number: here a relative 1e-5 decides)."""
    out: dict[str, Callable[[Gradient], bool]] = {}
    if optimize := installed("scipy.optimize"):

        def scipy_check(g: Gradient) -> bool:
            x = np.asarray(g.x, dtype=float)
            size = np.linalg.norm(g.grad(g.x)) + 1e-300
            f, grad = (
                (lambda v: float(np.real(g.f(v.reshape(x.shape))))),
                (lambda v: np.ravel(g.grad(v.reshape(x.shape)))),
            )
            return bool(optimize.check_grad(f, grad, x.ravel()) < 1e-5 * size)

        out["scipy check_grad, 1e-5"] = scipy_check
    if torch := installed("torch"):
        for fast in (False, True):
            out[f"torch gradcheck{' fast' if fast else ''}"] = _torch_check(torch, fast)
    if jax := installed("jax"):
        jax.config.update("jax_enable_x64", True)
        out["jax check_grads"] = _jax_check(jax, importlib.import_module("jax.test_util"))
    return out


def _torch_check(torch: Any, fast: bool) -> Callable[[Gradient], bool]:
    def check(g: Gradient) -> bool:
        class Wrapped(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                ctx.save_for_backward(x)
                return torch.tensor(float(np.real(g.f(x.detach().numpy().copy()))), dtype=torch.float64)

            @staticmethod
            def backward(ctx: Any, u: Any) -> Any:
                (x,) = ctx.saved_tensors
                return u * torch.as_tensor(np.asarray(g.grad(x.detach().numpy().copy()), dtype=float).reshape(x.shape))

        x = torch.tensor(np.asarray(g.x, dtype=float), requires_grad=True)
        return bool(torch.autograd.gradcheck(Wrapped.apply, (x,), fast_mode=fast, raise_exception=False))

    return check


def _jax_check(jax: Any, test_util: Any) -> Callable[[Gradient], bool]:
    def check(g: Gradient) -> bool:
        shape = jax.ShapeDtypeStruct((), np.float64)

        @jax.custom_vjp
        def wrapped(x: Any) -> Any:
            return jax.pure_callback(lambda v: np.float64(np.real(g.f(np.array(v)))), shape, x)

        def backward(x: Any, u: Any) -> tuple[Any]:
            like = jax.ShapeDtypeStruct(x.shape, np.float64)
            return (
                u * jax.pure_callback(lambda v: np.asarray(g.grad(np.array(v)), dtype=float).reshape(v.shape), like, x),
            )

        wrapped.defvjp(lambda x: (wrapped(x), x), backward)
        test_util.check_grads(wrapped, (np.asarray(g.x, dtype=float),), order=1, modes=["rev"])
        return True

    return check


def smoothness() -> None:
    """The class of each point (no peer says one)."""
    suite = points()
    found = [numeric.differentiability(p.f, p.x) for p in suite]
    right = sum(v.kind == p.kind for v, p in zip(found, suite, strict=True))
    held = [v.kind == p.kind for v, p in zip(found, suite, strict=True) if p.held_out]
    evaluations = np.median([v.evaluations for v in found])
    print(f"\nDifferentiability: {right} of {len(suite)} classes right, held out {sum(held)} of {len(held)}")
    print(f"  median evaluations {evaluations:.0f}; no peer says a class")


def sparse() -> None:
    """A tridiagonal Jacobian with the pattern unknown, against the dense forward differences it replaces."""
    from scipy.optimize._numdiff import group_columns

    from tests.numeric.test_sparse import band, chain, grid

    x = np.random.default_rng(0).normal(size=100_000)
    start = time.perf_counter()
    e = numeric.jacobian(chain, x, sparsity="auto")
    took = time.perf_counter() - start
    print(
        f"\nTridiagonal Jacobian, n = 100000, pattern unknown: {e.evaluations} evaluations, {took:.1f} s, ok = {e.ok}"
    )
    for name, pattern in {
        "band 7": band(1000, 3),
        "5-point 30x30": grid(30, 30),
        "7-point 10^3": grid(10, 10, 10),
    }.items():
        print(f"  colours {name:14s} {numeric.color_columns(pattern).max() + 1:3d}   scipy group_columns "
              f"{group_columns(pattern).max() + 1:3d}")  # fmt: skip


def overhead() -> None:
    """Cost beside the evaluations, as a ratio to the plain forward difference of one variable."""
    rows = [("line_derivative quick", lambda: numeric.line_derivative(np.exp, quick=True)),
            ("derivative", lambda: numeric.derivative(np.exp, 1.0)),
            ("derivative, real engine", lambda: numeric.derivative(np.exp, 1.0, complex_step=False))]  # fmt: skip
    if module := installed("numdifftools"):
        rows.append(("numdifftools", lambda: module.Derivative(np.exp)(1.0)))
    if module2 := installed("jacobi"):
        rows.append(("jacobi", lambda: module2.jacobi(np.exp, 1.0)))
    if module3 := installed("scipy.differentiate"):
        rows.append(("scipy.differentiate", lambda: module3.derivative(np.exp, 1.0)))
    base = None
    print("\nTime of one derivative of exp, as a ratio to line_derivative quick")
    for name, call in rows:
        call()
        start = time.perf_counter()
        for _ in range(50):
            call()
        each = (time.perf_counter() - start) / 50
        base = base or each
        print(f"  {name:26s} {each / base:7.1f}")


def main() -> None:
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    parts = {
        "derivatives": derivatives,
        "checkers": checkers,
        "points": smoothness,
        "sparse": sparse,
        "overhead": overhead,
    }
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
