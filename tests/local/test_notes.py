"""The worked examples of the course notes, one after the other: every formula by the engine, every number by both.

The notes: (1) a vector in, a scalar out; (2) gradient, Jacobian, Hessian and approximations; (3) the computational
gradient; (4) rules for gradients; (5) derivatives as linear maps.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import frechet as fr

EXAMPLE = "x1^2 + exp(x1*x2) + 2*log(x2)"


# -- 1: the planar approximation -----------------------------------------------------------------------------------


def test_a_smaller_step_changes_the_derivative_less() -> None:
    """f = x^2: from 1 to 2 the slope goes from 2 to 4, from 1 to 1.01 only to 2.02."""
    f = fr.parse("x^2", variables={"x": []})
    slopes = [float(f.local(x).gradient_flat[0]) for x in (1.0, 2.0, 1.01)]
    assert slopes == pytest.approx([2, 4, 2.02])


def test_a_plane_has_the_same_slopes_everywhere() -> None:
    """theta'x + theta_0: the derivative by x_i is theta_i, so its linear model is the function itself."""
    at = {"theta": [1.0, -2.0, 3.0], "x": [0.5, 0.5, 0.5], "theta_0": 4.0}
    local = fr.local("theta'*x + theta_0", at, "x")
    assert local.gradient_flat == pytest.approx(at["theta"])
    assert local.linear.error().exact
    assert not local.hessian_matrix.any()


@pytest.mark.parametrize("t", [0.3, 0.1, 0.01])
def test_two_movements_add_up_when_they_are_small(t: float) -> None:
    """A big step taken apart into two: the sum of the planar changes is off by t^2 at most times a constant."""
    local = fr.local(EXAMPLE, {"x1": 0.5, "x2": 1.0})
    two = local.two_movements([t, 0], [0, t])
    whole = two.values[3] - two.values[0]
    assert abs(whole - two.planar) < 12 * t**2
    assert sum(two.first_a) == pytest.approx(sum(two.first_b)) == pytest.approx(whole)


def test_the_chain_rule_approximation_in_three_dimensions() -> None:
    """df ~ f_x dx + f_y dy + f_z dz: a sum over the inputs, which is the inner product of gradient and step."""
    local = fr.local("x*y + sin(z)*x", {"x": 1.0, "y": 2.0, "z": 0.5})
    step = np.array([0.01, -0.02, 0.03])
    c = local.contributions(step)
    by_hand = np.array([2 + np.sin(0.5), 1, np.cos(0.5)])
    assert c.derivatives[0] == pytest.approx(by_hand)
    assert c.predicted[0] == pytest.approx(by_hand @ step)
    assert c.actual[0] == pytest.approx(c.predicted[0], abs=1e-3)


# -- 2: gradient, Jacobian, Hessian --------------------------------------------------------------------------------


def test_the_gradient_and_hessian_of_the_example() -> None:
    x1, x2 = 1.0, 2.0
    e = np.exp(x1 * x2)
    local = fr.local(EXAMPLE, {"x1": x1, "x2": x2})
    assert local.gradient_flat == pytest.approx([2 * x1 + x2 * e, x1 * e + 2 / x2])
    mixed = e + x1 * x2 * e
    assert local.hessian_matrix == pytest.approx(np.array([[2 + x2**2 * e, mixed], [mixed, x1**2 * e - 2 / x2**2]]))


def test_the_hessian_is_the_jacobian_of_the_gradient() -> None:
    f = fr.parse(EXAMPLE)
    rows = ["2*x1 + x2*exp(x1*x2)", "2/x2 + x1*exp(x1*x2)"]
    assert str(f.gradient(["x1", "x2"])) == f"[{'; '.join(rows)}]"
    gradient = fr.local(f"[{'; '.join(rows)}]", {"x1": 1.0, "x2": 2.0})
    assert gradient.jacobian_matrix == pytest.approx(fr.local(EXAMPLE, {"x1": 1.0, "x2": 2.0}).hessian_matrix)


@pytest.mark.parametrize(
    ("formula", "names", "gradient"),
    [("5*x^2 + 3*x*y + 3*y^3", ("x", "y"), ("10*x + 3*y", "3*x + 9*y^2")),
     ("x^2 - x*y", ("x", "y"), ("2*x - y", "-x")), ("x^2", ("x",), ("2*x",))],
)  # fmt: skip
def test_gradients_by_hand(formula: str, names: tuple[str, ...], gradient: tuple[str, ...]) -> None:
    scalars: dict[str, list[str | int]] = {name: [] for name in names}
    for name, expected in zip(names, gradient, strict=True):
        assert fr.check(formula, name, expected, variables=scalars).status == "right"
    at = {name: 0.5 + k for k, name in enumerate(names)}
    found = fr.local(formula, at).gradient_flat
    assert found == pytest.approx([float(fr.parse(g, variables=scalars).evaluate(**at)) for g in gradient])


def test_a_layer_and_its_jacobian() -> None:
    """W*x + b: the Jacobian is W, and what changes when one input changes is its column."""
    W = np.arange(12.0).reshape(3, 4)
    local = fr.local("W*x + b", {"W": W, "x": np.ones(4), "b": np.zeros(3)}, "x")
    assert local.jacobian_matrix == pytest.approx(W)
    assert local.direction("x[2]").slope == pytest.approx(W[:, 1])


def test_linear_and_quadratic_approximation() -> None:
    """f(x+e) ~ f(x) + grad'e, then + 1/2 e'He: exact at x, close around x, better and better."""
    local = fr.local(EXAMPLE, {"x1": 1.0, "x2": 2.0})
    e = np.array([0.01, -0.02])
    g, H, f = local.gradient_flat, local.hessian_matrix, local.value
    assert local.linear.step(e) == pytest.approx(f + g @ e)
    assert local.quadratic.step(e) == pytest.approx(f + g @ e + e @ H @ e / 2)
    truth = local.values(local.point.flat + e)[0, 0]
    gaps = [abs(local.taylor(k).step(e) - truth) for k in range(4)]
    assert gaps == sorted(gaps, reverse=True)
    assert local.taylor(3)([1.0, 2.0]) == f


def test_the_jacobian_is_the_best_linear_approximation_of_a_vector() -> None:
    """g(x+e) ~ g(x) + J e, a product with a matrix where there was an inner product."""
    local = fr.local("-log(x)", {"x": [1.0, 2.0, 4.0]})
    e = np.array([0.01, 0.02, -0.01])
    assert local.jacobian_matrix == pytest.approx(np.diag([-1, -0.5, -0.25]))
    assert local.linear.step(e) == pytest.approx(-np.log([1, 2, 4]) + local.jacobian_matrix @ e)
    assert local.linear.error().slope == pytest.approx(2, abs=0.1)


def test_taylor_in_one_variable() -> None:
    """f(a) + f'(a)(x-a) + f''(a)/2! (x-a)^2 + ...: for exp at 0, 1 + x + x^2/2 + x^3/6."""
    model = fr.parse("exp(x)", variables={"x": []}).taylor(3, at=0.0)
    assert np.ravel(model.coefficients) == pytest.approx([1, 1, 1 / 2, 1 / 6])
    assert model(0.1) == pytest.approx(1 + 0.1 + 0.005 + 0.001 / 6)


def test_three_directions_up_down_and_level() -> None:
    """Toward the gradient up, away from it down, orthogonal to it level; of f only close to x."""
    local = fr.local(EXAMPLE, {"x1": 1.0, "x2": 2.0})
    g = local.gradient_flat
    d1, d2, d3 = np.array([1.0, 0.3]), np.array([-1.0, 0.3]), np.array([-g[1], g[0]])
    assert local.directions.classify(d1, d2, d3) == ["up", "down", "level"]
    for d, sign in ((d1, 1), (d2, -1), (d3, 0)):
        approximation = local.linear.values(np.array([d]) * 1e-3)[0, 0] - local.value
        assert np.sign(np.round(approximation, 12)) == sign
    near = local.values(local.point.flat + 1e-4 * np.array([d1, d2]))[:, 0]
    assert near[0] > local.value > near[1]
    # f itself does not stay level along d3, and does not go down along d2 for ever.
    assert local.direction(d3).curvature != pytest.approx(0)
    assert 0 < local.direction(d2).reach < np.inf


def test_the_gradient_is_orthogonal_to_the_contour() -> None:
    """Along the level direction f changes by the square of the step only."""
    local = fr.local(EXAMPLE, {"x1": 1.0, "x2": 2.0})
    (tangent,) = local.directions.level
    assert tangent.angle == pytest.approx(90)
    t = np.array([1e-2, 1e-3])
    change = np.abs(tangent.values(t)[:, 0] - local.value)
    assert change[0] / change[1] == pytest.approx(100, rel=0.05)


# -- 3: the computational gradient -----------------------------------------------------------------------------------


def test_the_computational_gradient() -> None:
    """(J(theta + delta_k) - J(theta)) / delta for each k, with delta at place k of delta_k."""
    assert fr.numeric.deltas(3, 0.1) == pytest.approx(0.1 * np.eye(3))
    local = fr.local(EXAMPLE, {"x1": 1.0, "x2": 2.0})
    x, delta = local.point.flat, 1e-6
    by_hand = (local.values(x + fr.numeric.deltas(2, delta))[:, 0] - local.value) / delta
    found = fr.numeric.gradient(lambda v: float(local.values(v)[0, 0]), x, method="forward", step=delta)
    assert found.value == pytest.approx(by_hand, rel=1e-9)
    assert by_hand == pytest.approx(local.gradient_flat, rel=1e-5)


# -- 4: rules for gradients ----------------------------------------------------------------------------------------

SIZES: dict[str, list[str | int]] = {
    "x": ["n"], "a": ["m"], "b": ["m"], "c": ["n"], "A": ["m", "n"], "B": ["n", "n"], "C": ["m", "k"], "D": ["k", "n"],
    "e": ["m"], "W": ["m", "m"], "X": ["m", "n"], "w": ["n"], "y": ["m"], "r": ["n"],
}  # fmt: skip
RULES = [
    ("norm2(x)^2", "x", "2*x"),
    ("norm2(x)^4", "x", "4*norm2(x)^2*x"),
    ("-log(x)", "x", "-diag(1./x)"),
    ("c'*x", "x", "c"),
    ("A*x + b", "x", "A"),
    ("X*w - y", "w", "X"),
    ("norm2(X*w - y)^2", "w", "2*X'*(X*w - y)"),
    ("x'*B*x", "x", "(B + B')*x"),
    ("(A*x + b)'*(C*D*x + e)", "x", "D'*C'*(A*x + b) + A'*(C*D*x + e)"),
    ("(A*x - b)'*W*(A*x - b)", "x", "A'*W'*(A*x - b) + A'*W*(A*x - b)"),
    ("a'*X*X'*b", "X", "(a*b' + b*a')*X"),
    ("norm2(x - r)", "x", "(x - r)/norm2(x - r)"),
    ("norm2(A*x + b)^2", "x", "2*A'*(A*x + b)"),
]


@pytest.mark.parametrize(("formula", "wrt", "gradient"), RULES, ids=[r[0] for r in RULES])
def test_the_table_of_gradients(formula: str, wrt: str, gradient: str) -> None:
    used = {name: SIZES[name] for name in dict.fromkeys(re.findall(r"\b[A-Za-z]\b", formula))}
    assert fr.check(formula, wrt, gradient, variables=used).status == "right"
    rng = np.random.default_rng(3)
    length = {"n": 3, "m": 4, "k": 2}
    at = {name: rng.uniform(0.5, 2.0, size=[length[str(d)] for d in dims]) for name, dims in used.items()}
    local = fr.local(formula, at, wrt)
    claimed = np.asarray(fr.parse(gradient, variables=used).evaluate(**at))
    assert local.jacobian_matrix.ravel() == pytest.approx(claimed.ravel(), rel=1e-9)


@pytest.mark.parametrize("sign", ["+", "-"])
def test_the_slip_in_the_table_is_found(sign: str) -> None:
    """The notes write 2A'Ax + A'b for the gradient of the squared norm of Ax + b: the factor 2 of A'b is missing."""
    used = {name: SIZES[name] for name in ("A", "x", "b")}
    verdict = fr.check(f"norm2(A*x {sign} b)^2", "x", f"2*A'*A*x {sign} A'*b", variables=used)
    assert verdict.status == "wrong"
    assert verdict.correct == f"2*A'*(A*x {sign} b)"


def test_a_matrix_of_symmetric_weights_counts_twice() -> None:
    used = {name: SIZES[name] for name in ("A", "x", "b", "W")}
    claim = "2*A'*W*(A*x - b)"
    assert fr.check("(A*x - b)'*W*(A*x - b)", "x", claim, variables=used, facts={"W": ["symmetric"]}).status == "right"
    verdict = fr.check("(A*x - b)'*W*(A*x - b)", "x", claim, variables=used)
    assert verdict.assumptions == [("symmetric", ("W",))]


# -- 5: derivatives as linear maps ---------------------------------------------------------------------------------


def test_the_slope_of_a_line() -> None:
    local = fr.local("a*x + b", {"a": 3.0, "x": 1.0, "b": 2.0}, "x")
    assert local.gradient_flat == pytest.approx([3.0])


@pytest.mark.parametrize("v", [[1.0, 0.0], [0.0, 1.0], [0.6, -0.8]])
def test_a_directional_derivative_is_a_limit_and_an_inner_product(v: list[float]) -> None:
    local = fr.local(EXAMPLE, {"x1": 1.0, "x2": 2.0})
    eps = 1e-7
    quotient = (local.values(local.point.flat + eps * np.array(v))[0, 0] - local.value) / eps
    assert local.direction(v).slope == pytest.approx(local.gradient_flat @ v)
    assert quotient == pytest.approx(local.direction(v).slope, rel=1e-5)


def counterexample(v: Any) -> Any:
    x, y = v
    return 0.0 if x == y == 0 else y**3 / (x**2 + y**2)


def test_partial_derivatives_are_not_enough() -> None:
    """y^3/(x^2 + y^2), 0 at the origin: both partial derivatives exist (0 and 1), yet along (1, 1) the slope is 1/2,
    not 0 + 1: the directional derivatives are no linear map, and there is no gradient."""
    local = fr.local(counterexample, [0.0, 0.0])
    slopes = [local.direction(v).slope for v in ([1, 0], [0, 1], [1, 1])]
    assert slopes == pytest.approx([0, 1, 0.5], abs=1e-9)
    assert local.kind == "directional"
    assert not local.one_sided().linear


@pytest.mark.parametrize(
    ("formula", "wrt", "differential"),
    [("u'*x", "x", "dx -> u'*dx"), ("x'*A", "x", "dx -> dx'*A"), ("A*X*C", "X", "dX -> A*dX*C"),
     ("x'*B*x", "x", "dx -> dx'*B*x + x'*B*dx"), ("u'*X*v", "X", "dX -> u'*dX*v")],
)  # fmt: skip
def test_derivatives_as_linear_maps(formula: str, wrt: str, differential: str) -> None:
    assert fr.check(formula, wrt, differential, kind="differential").status == "right"


def test_a_linear_function_is_its_own_derivative() -> None:
    local = fr.local("u'*x", {"u": [1.0, 2.0], "x": [3.0, 4.0]}, "x")
    v = np.array([0.3, -0.7])
    assert local.direction(v).slope == pytest.approx(fr.parse("u'*x").evaluate(u=[1.0, 2.0], x=v))


def test_a_single_entry_gives_a_partial_derivative() -> None:
    """f(X) = u'Xv: Df(X)[1_ij] = u_i v_j."""
    u, v = np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
    local = fr.local("u'*X*v", {"u": u, "X": np.zeros((2, 3)), "v": v}, "X")
    assert local.gradient["X"] == pytest.approx(np.outer(u, v))
    assert local.direction("X[2,3]").slope == u[1] * v[2]


def test_the_chain_rule_by_jacobians() -> None:
    """D(g o h)(x)[v] = grad g(h(x))' Jh(x) v."""
    x, A, v = np.array([0.1, 0.2]), np.array([[1.0, 2.0], [3.0, 4.0], [0.5, -1.0]]), np.array([1.0, -2.0])
    inner = fr.local("tanh(A*x)", {"A": A, "x": x}, "x")
    outer = fr.local("norm2(h)^2", {"h": inner.value})
    whole = fr.local("norm2(tanh(A*x))^2", {"A": A, "x": x}, "x")
    assert whole.direction(v).slope == pytest.approx(outer.gradient_flat @ inner.jacobian_matrix @ v)
    assert whole.gradient_flat == pytest.approx(inner.jacobian_matrix.T @ outer.gradient_flat)
