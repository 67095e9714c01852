"""The gradient checker on right and wrong gradients, small and large."""

from __future__ import annotations

import numpy as np
import pytest

from frechet.core.errors import FrechetError
from frechet.numeric import assert_gradient, check_gradient, check_hessian, check_jacobian, check_jvp_vjp
from tests.numeric.suite_gradients import big, gradients

ALL = {g.name: g for g in gradients()}
# Two faults that a black box cannot tell from other descriptions of the same numbers.
OTHER_WORD = {"softplus of x", "rosenbrock without (1-x)", "wrong branch"}


@pytest.mark.parametrize("name", [n for n, g in ALL.items() if g.how])
def test_a_wrong_gradient_is_found_and_explained(name):
    g = ALL[name]
    v = check_gradient(g.f, g.grad, g.x, shapes=g.shapes)
    assert v.status == "wrong" and not v
    assert v.evaluations <= 400
    if name not in OTHER_WORD:
        assert v.how in g.how, v
    if g.where is not None:
        assert v.where == g.where, v


@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.slow) for s in (1, 2))])
@pytest.mark.parametrize("name", [n for n, g in ALL.items() if not g.how])
def test_a_right_gradient_raises_no_alarm(name, seed):
    g = ALL[name]
    v = check_gradient(g.f, g.grad, g.x, shapes=g.shapes, seed=seed)
    assert v.status == "right" and v, v


@pytest.mark.parametrize("fault", ["", "component", "half", pytest.param("zeroed", marks=pytest.mark.slow)])
def test_in_a_hundred_thousand_dimensions(fault):
    g = big(100_000, fault)
    v = check_gradient(g.f, g.grad, g.x, shapes=g.shapes)
    if fault:
        assert v.status == "wrong" and v.how in g.how and v.where == g.where and v.evaluations <= 200
        if fault == "component":
            index = g.where[0]
            truth = big(100_000, "").grad(g.x)[index]
            assert v.expected[index] == pytest.approx(truth, rel=1e-9)
    else:
        assert v.status == "right" and v.evaluations <= 100


def test_a_kink_is_not_called_a_wrong_gradient():
    v = check_gradient(lambda x: np.sum(np.abs(x.real)), np.sign, np.array([0.0, 1.0, -2.0]))
    assert v.status == "not differentiable" and "kink" in v.message


def test_the_other_branch_of_a_condition():
    x = np.array([1.0, -2.0, 0.5])
    v = check_gradient(
        lambda z: np.sum(np.maximum(z.real, 0) * [1.0, 2.0, 3.0]), lambda z: (z < 0) * [1.0, 2.0, 3.0], x
    )
    assert v.status == "wrong" and v.how == "branch" and v.where == (0, 1, 2)


def test_pure_noise_is_undecided():
    rng = np.random.default_rng(0)
    v = check_gradient(lambda x: rng.normal(), lambda x: np.ones(3), np.ones(3))
    assert v.status in ("undecided", "not differentiable")


def test_the_gradient_may_be_an_array():
    x = np.array([1.0, 2.0])
    assert check_gradient(lambda v: v @ v, 2 * x, x)
    assert not check_gradient(lambda v: v @ v, 3 * x, x)


def test_user_errors():
    with pytest.raises(FrechetError, match="scalar"):
        check_gradient(lambda v: v, lambda v: v, np.ones(3))
    with pytest.raises(FrechetError, match="shapes"):
        check_gradient(np.sum, np.ones((2, 2)), np.ones(3))
    with pytest.raises(FrechetError, match="ends at"):
        check_gradient(np.sum, np.ones(3), np.ones(3), shapes={"a": (0, (4,))})
    with pytest.raises(FrechetError, match="jvp, vjp"):
        check_jvp_vjp(np.sum, np.ones(3))


def test_assert_gradient_reads_well_in_a_test_report():
    x = np.array([1.0, 2.0, 3.0])
    assert_gradient(lambda v: np.sum(v**3), lambda v: 3 * v**2, x)
    with pytest.raises(AssertionError, match=r"wrong \[factor\]: the gradient must be multiplied by 3/2"):
        assert_gradient(lambda v: np.sum(v**3), lambda v: 2 * v**2, x)


class TestJacobians:
    A = np.random.default_rng(4).normal(size=(4, 3))
    x = np.array([0.3, -0.5, 1.2])

    def f(self, v):
        return np.tanh(self.A @ v)

    def jac(self, v):
        return (1 - np.tanh(self.A @ v) ** 2)[:, None] * self.A

    def test_right_and_wrong(self):
        assert check_jacobian(self.f, self.jac, self.x)
        J = self.jac(self.x)
        J[2, 1] *= 1.1
        v = check_jacobian(self.f, J, self.x)
        assert v.status == "wrong" and v.where == (2, 1) and v.how == "component"

    def test_wrong_shape(self):
        with pytest.raises(FrechetError, match="shape"):
            check_jacobian(self.f, self.jac(self.x).T, self.x)

    def test_hessian(self):
        S = self.A.T @ self.A
        assert check_hessian(lambda v: 2 * S @ v, lambda v: 2 * S, self.x)
        H = 2 * S
        H[0, 2] += 0.1
        v = check_hessian(lambda v: 2 * S @ v, H, self.x)
        assert v.status == "wrong" and "not symmetric at (0, 2)" in v.message

    def test_products(self):
        jvp = lambda x, v: self.jac(x) @ v  # noqa: E731
        vjp = lambda x, u: self.jac(x).T @ u  # noqa: E731
        assert check_jvp_vjp(self.f, self.x, jvp, vjp)
        v = check_jvp_vjp(self.f, self.x, jvp, lambda x, u: -vjp(x, u))
        assert v.where == "vjp" and v.how == "sign"
        assert check_jvp_vjp(self.f, self.x, lambda x, v: jvp(x, v) + 1e-6).where == "jvp"


def test_a_jax_custom_rule():
    jax = pytest.importorskip("jax", reason="pip install 'frechet[jax]'")
    from frechet.numeric import check_jax

    @jax.custom_vjp
    def twice(x):
        return jax.numpy.sin(x) * x

    twice.defvjp(lambda x: (twice(x), x), lambda x, g: ((jax.numpy.cos(x) * x + jax.numpy.sin(x)) * g,))
    x = np.array([0.3, 1.2, 2.0])
    assert check_jax(twice, x)

    @jax.custom_vjp
    def broken(x):
        return jax.numpy.sin(x) * x

    broken.defvjp(lambda x: (broken(x), x), lambda x, g: (-(jax.numpy.cos(x) * x + jax.numpy.sin(x)) * g,))
    assert check_jax(broken, x).how == "sign"


def test_a_torch_function():
    torch = pytest.importorskip("torch", reason="pip install 'frechet[torch]'")
    from frechet.numeric import check_torch

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]

    v = check_torch(Square, torch.tensor([1.0, -2.0]))
    assert v.how == "factor" and "multiplied by 2" in v.message
