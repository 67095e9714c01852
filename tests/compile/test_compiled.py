"""fr.compile: every wanted result against the derivative evaluated node by node; dtypes, buffers, batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import frechet as fr
from tests.compile.problems import PROBLEMS, Problem, draw

BY_NAME = {p.name: p for p in PROBLEMS}
SCALAR = [p for p in PROBLEMS if p.kind != "jacobian"]


def function(p: Problem) -> Any:
    return fr.parse(p.text, variables=p.variables, facts=p.facts)


def hessian(f: Any, a: str, b: str, arrays: Any) -> Any:
    return f.derivative(a, b, verify=False).evaluate(**arrays)


@pytest.mark.parametrize("name", [p.name for p in SCALAR])
def test_value_gradient_and_product(name: str) -> None:
    p = BY_NAME[name]
    f, arrays = function(p), draw(p, seed=1)
    value, gradients = fr.compile(f, p.wrt)(**arrays)
    np.testing.assert_allclose(value, f.evaluate(**arrays), rtol=1e-9)
    for w, g in zip(p.wrt, gradients, strict=True):
        np.testing.assert_allclose(g, f.gradient(w, verify=False).evaluate(**arrays), rtol=1e-7, atol=1e-9)
    w = p.wrt[0]
    v = np.random.default_rng(2).normal(size=np.shape(arrays[w]))
    name_of_v = "v_" if "v" in p.variables else "v"
    product = fr.compile(f, [w], want="hvp")(**arrays, **{name_of_v: v})
    expected = np.tensordot(hessian(f, w, w, arrays), v, v.ndim)
    np.testing.assert_allclose(product, expected, rtol=1e-7, atol=1e-8 * (1 + np.abs(expected).max()))


@pytest.mark.parametrize("name", [p.name for p in SCALAR])
def test_hessian_newton_and_operator(name: str) -> None:
    p = BY_NAME[name]
    f, arrays = function(p), draw(p, seed=3)
    w = p.wrt[0]
    H = hessian(f, w, w, arrays)
    n = np.size(arrays[w])
    scale = 1e-9 * (1 + np.abs(H).max())
    np.testing.assert_allclose(fr.compile(f, [w], want="hessian")(**arrays), H, rtol=1e-7, atol=scale)
    operator = fr.compile(f, [w], want="hessian", as_operator=True)(**arrays) if n > 1 else None
    if operator is not None:
        x = np.random.default_rng(4).normal(size=n)
        np.testing.assert_allclose(operator.to_dense(), H.reshape(n, n), rtol=1e-7, atol=scale)
        np.testing.assert_allclose(operator @ x, H.reshape(n, n) @ x, rtol=1e-7, atol=20 * scale)
        np.testing.assert_allclose(operator.diag(), H.reshape(n, n).diagonal(), rtol=1e-7, atol=scale)
        np.testing.assert_allclose(operator.T @ x, H.reshape(n, n).T @ x, rtol=1e-7, atol=20 * scale)
    step = fr.compile(f, [w], want="newton")
    if np.linalg.cond(H.reshape(n, n)) > 1e10:
        with pytest.raises(fr.FrechetError, match="singular"):
            step(**arrays)
        return
    g = f.gradient(w, verify=False).evaluate(**arrays)
    np.testing.assert_allclose(H.reshape(n, n) @ np.ravel(step(**arrays)), np.ravel(g), rtol=1e-6, atol=1e-6)
    if operator is not None:
        np.testing.assert_allclose(H.reshape(n, n) @ operator.solve(x), x, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(operator.logdet(), np.linalg.slogdet(H.reshape(n, n))[1], rtol=1e-6, atol=1e-8)


def test_jacobian() -> None:
    for p in PROBLEMS:
        if p.kind == "jacobian":
            f, arrays = function(p), draw(p, seed=5)
            for w in p.wrt:
                got = fr.compile(f, w, want="jacobian")(**arrays)
                np.testing.assert_allclose(got, f.jacobian(w, verify=False).evaluate(**arrays), rtol=1e-8, atol=1e-10)


def test_several_variables_share_one_program() -> None:
    p = BY_NAME["matfac"]
    f, arrays = function(p), draw(p, seed=6)
    blocks = fr.compile(f, ["U", "V"], want="hessian")(**arrays)
    for k, a in enumerate("UV"):
        for j, b in enumerate("UV"):
            np.testing.assert_allclose(blocks[k][j], hessian(f, a, b, arrays), rtol=1e-8, atol=1e-9)
    dU, dV = (np.random.default_rng(7).normal(size=arrays[n].shape) for n in "UV")
    along = fr.compile(f, ["U", "V"], want="hvp")(**arrays, v_U=dU, v_V=dV)
    for k in range(2):
        expected = np.tensordot(blocks[k][0], dU, 2) + np.tensordot(blocks[k][1], dV, 2)
        np.testing.assert_allclose(along[k], expected, rtol=1e-8)


def test_joint_newton_step_solves_the_whole_system() -> None:
    shapes = {"X": ["m", "n"], "w": ["n"], "y": ["m"], "c": []}
    f = fr.parse("norm2(X*w + c*ones(m) - y)^2 + norm2(w)^2 + c^2", variables=shapes)
    rng = np.random.default_rng(8)
    arrays = {"X": rng.normal(size=(6, 3)), "w": rng.normal(size=3), "y": rng.normal(size=6), "c": np.array(0.3)}
    w, c = fr.compile(f, ["w", "c"], want="newton")(**arrays)
    at = {**arrays, "w": arrays["w"] - w, "c": arrays["c"] - c}
    for g in fr.compile(f, ["w", "c"], want="gradient")(**at):
        np.testing.assert_allclose(g, 0, atol=1e-10)


@pytest.mark.parametrize("want", ["value_and_gradient", "hessian", "newton"])
def test_the_source_runs_alone(want: str) -> None:
    for name in ("logreg", "matfac", "barrier", "gp", "softmaxreg"):
        p = BY_NAME[name]
        f, arrays = function(p), draw(p, seed=9)
        compiled = fr.compile(f, p.wrt[:1], want=want)
        try:
            expected = compiled(**arrays)
        except fr.FrechetError:
            continue
        scope: dict[str, Any] = {}
        exec(compiled.source, scope)
        got = scope[want](*arrays.values())
        for a, b in zip(_flat(got), _flat(expected), strict=True):
            np.testing.assert_array_equal(a, b)
        assert "frechet" not in compiled.source


def _flat(result: Any) -> list[Any]:
    return [x for part in result for x in _flat(part)] if isinstance(result, tuple) else [result]


def test_single_precision_stays_single() -> None:
    for p in PROBLEMS:
        f = function(p)
        arrays = {n: np.asarray(a, dtype=np.float32) for n, a in draw(p, seed=10).items()}
        for a in _flat(fr.compile(f, p.wrt, want="jacobian")(**arrays)):
            assert np.asarray(a).dtype == np.float32, p.name


def test_out_takes_the_result() -> None:
    p = BY_NAME["logreg"]
    arrays = draw(p, seed=11)
    g = fr.compile(function(p), ["w"], want="gradient")
    buffer = np.empty_like(arrays["w"])
    assert g(**arrays, out=buffer) is buffer
    np.testing.assert_array_equal(buffer, g(**arrays))
    with pytest.raises(fr.FrechetError, match="out has shape"):
        g(**arrays, out=np.empty(1))


def test_a_leading_axis_is_a_batch() -> None:
    p = BY_NAME["logreg"]
    arrays = draw(p, seed=12)
    both = fr.compile(function(p), ["w"])
    W = np.stack([arrays["w"], 2 * arrays["w"], -arrays["w"]])
    values, (gradients,) = both(**{**arrays, "w": W})
    assert values.shape == (3,)
    np.testing.assert_allclose(gradients[1], both(**{**arrays, "w": W[1]})[1][0])


def test_results_do_not_alias_the_arguments() -> None:
    f = fr.parse("x'*y", variables={"x": ["n"], "y": ["n"]})
    x, y = np.ones(3), np.ones(3)
    fr.compile(f, ["x"], want="gradient")(x=x, y=y)[:] = 5
    assert (y == 1).all()
    for text in ("tr(A*X)", "x'*diag(A)"):
        f = fr.parse(text, variables={"A": ["n", "n"], "X": ["n", "n"], "x": ["n"]})
        w, A = text[-2] if text.startswith("tr") else "x", np.ones((3, 3))
        fr.compile(f, [w], want="gradient")(A=A, X=np.eye(3), x=x)[...] = 5
        assert (A == 1).all(), text


def test_plan_is_a_table_and_orders_by_size() -> None:
    f = fr.parse("norm2(((A*B)*C)*x)^2", variables={"A": ["n", "n"], "B": ["n", "n"], "C": ["n", "n"], "x": ["n"]})
    plan = fr.compile(f, ["x"], shapes={"n": 500}).plan
    assert plan.flops < 20 * 500**2  # no product of two matrices
    assert "dot(" in str(plan) and "flops" in str(plan)
    assert fr.compile(f, ["x"], shapes={"A": (500, 500)}).plan.flops == plan.flops
    tall = fr.parse("tr(X*inv(S)*X')", variables={"X": ["m", "n"], "S": ["n", "n"]})
    shapes = [r[2] for r in fr.compile(tall, ["S"], shapes={"m": 900, "n": 20}).plan.rows()]
    assert "m x m" not in shapes


def test_one_factorisation_for_inverse_solve_and_determinant() -> None:
    p = BY_NAME["gp"]
    plan = fr.compile(function(p), p.wrt, shapes={"n": 50}).plan
    assert [row[1].startswith("factor") for row in plan.rows()].count(True) == 1


def test_powers_of_a_sum_do_not_cancel() -> None:
    """The chain rule gives 1/sqrt(1 + r^2) - r^2/(1 + r^2)^(3/2), which is (1 + r^2)^(-3/2)."""
    p = BY_NAME["huber"]
    arrays = {"X": np.eye(2), "w": np.zeros(2), "y": np.array([1e7, 1.0])}
    H = fr.compile(function(p), ["w"], want="hessian")(**arrays)
    np.testing.assert_allclose(H, np.diag([1e-21, 2**-1.5]), rtol=1e-12)


def test_what_is_known_serves_longer_products() -> None:
    """The gradient by the bias is a sum of what the gradient by the weights multiplies: no second pass over m x h."""
    p = BY_NAME["mlp"]
    shapes = {"m": 5000, "d": 200, "h": 500, "o": 10}
    both = fr.compile(function(p), ["W1", "b1"], shapes=shapes).plan
    one = fr.compile(function(p), ["W1"], shapes=shapes).plan
    assert both.flops - one.flops < 2 * 5000 * 500
    assert sum("einsum" in line for line in fr.compile(function(p), p.wrt, shapes=shapes).source.splitlines()) == 0


def test_outer_products_of_a_large_oblong_matrix() -> None:
    """Products of two vectors are gathered into one product, whichever way the arrays of these sizes lie."""
    f = fr.parse("sum((X + y*w').^2) + sum(exp(X*w)) + y'*X*v", variables={
        "X": ["m", "n"], "w": ["n"], "y": ["m"], "v": ["n"]})  # fmt: skip
    rng = np.random.default_rng(1)
    arrays = {"X": rng.normal(size=(160, 150)) / 9, "w": rng.normal(size=150), "y": rng.normal(size=160),
              "v": rng.normal(size=150)}  # fmt: skip
    G = fr.compile(f, ["X"], want="gradient")(**arrays)
    np.testing.assert_allclose(G, f.gradient("X", verify=False).evaluate(**arrays), rtol=1e-10, atol=1e-12)


def test_newton_of_kronecker_form_makes_nothing_large() -> None:
    for name, shapes in (("matfac", {"n": 60, "m": 60, "k": 5}), ("barrier", {"k": 10, "n": 500})):
        p = BY_NAME[name]
        rows = fr.compile(function(p), p.wrt[:1], want="newton", shapes=shapes).plan.rows()
        assert max(r[4] for r in rows) <= 8 * max(60 * 60, 500 * 10), name


def test_refusals() -> None:
    f = fr.parse("x'*A*x", variables={"x": ["n"], "A": ["n", "n"]})
    good = {"x": np.ones(2), "A": np.eye(2)}
    wrong_shapes: list[dict[str, Any]] = [{"k": 3}, {"A": (3,)}, {"n": "many"}]
    wrong: list[dict[str, Any]] = [{"want": "laplacian"}, {"backend": "fortran"}, {"as_operator": True}]
    for bad in (*wrong, *({"shapes": s} for s in wrong_shapes)):
        with pytest.raises(fr.FrechetError):
            fr.compile(f, ["x"], **bad)
    for wrt in ([], ["z"], [3]):
        with pytest.raises(fr.FrechetError):
            fr.compile(f, wrt)  # type: ignore[arg-type]
    g = fr.compile(f, ["x"])
    for arrays in ({"x": np.ones(2)}, {**good, "z": 1}, {**good, "A": np.eye(3)}, {**good, "x": "word"}):
        with pytest.raises(fr.FrechetError):
            g(**arrays)
    with pytest.raises(fr.FrechetError):
        fr.compile(fr.parse("A*x", variables={"x": ["n"], "A": ["n", "n"]}), ["x"])
    with pytest.raises(fr.FrechetError, match="singular"):
        fr.compile(f, ["x"], want="newton")(x=np.ones(2), A=np.zeros((2, 2)))


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch"])
def test_a_diagonal_that_low_rank_cancels_is_singular(backend: str) -> None:
    """diag(c) - b*b' with b'*(b./c) = 1: the equations can be solved, but by many."""
    library = pytest.importorskip(backend, reason=f"pip install 'frechet[{backend}]'")
    f = fr.parse("sum(c.*x.^2)/2 - (b'*x)^2/2", variables={"x": ["n"], "b": ["n"], "c": ["n"]})
    step = fr.compile(f, "x", want="newton", backend=backend)
    single = backend == "jax" and not library.config.read("jax_enable_x64")
    for seed in range(20):
        rng = np.random.default_rng(seed)
        c, b, x = rng.random(9) + 1, rng.normal(size=9), rng.normal(size=9)
        b /= np.sqrt((b * b / c).sum())
        np.testing.assert_allclose(np.asarray(step(x=x, b=0.9 * b, c=c)), x, rtol=1e-3 if single else 1e-9)
        if backend == "numpy":
            with pytest.raises(fr.FrechetError, match="singular"):
                step(x=x, b=b, c=c)
        else:
            assert np.isnan(np.asarray(step(x=x, b=b, c=c))).all()
