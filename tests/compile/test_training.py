"""Emitted code inside JAX and PyTorch: jit, vmap, its derivatives, and a gradient of its own for a training loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import frechet as fr

LOSS = "sum(log(1 + exp(-y.*(X*w)))) + lam/2*w'*w"
SHAPES: dict[str, list[str | int]] = {"y": ["m"], "X": ["m", "n"], "w": ["n"], "lam": []}
TORCH = "pip install torch==2.13.0"


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"y": np.sign(rng.normal(size=7)), "X": rng.normal(size=(7, 3)), "w": rng.normal(size=3),
            "lam": np.array(0.3)}  # fmt: skip


@pytest.fixture
def jax() -> Iterator[Any]:
    module = pytest.importorskip("jax", reason="pip install jax")
    before = module.config.read("jax_enable_x64")
    module.config.update("jax_enable_x64", True)
    yield module
    module.config.update("jax_enable_x64", before)


def run(source: str, name: str) -> Any:
    scope: dict[str, Any] = {}
    exec(source, scope)
    return scope[name]


def loss() -> fr.Function:
    return fr.parse(LOSS, variables=SHAPES)


@pytest.mark.slow
def test_the_readable_jax_code_is_jitted_mapped_and_differentiated(jax: Any) -> None:
    d = loss().gradient("w", verify=False)
    gradient, given = run(d.code("jax"), "gradient"), {n: jax.numpy.asarray(a) for n, a in arrays().items()}
    by_w = jax.jit(lambda w: gradient(**{**given, "w": w}))
    np.testing.assert_allclose(by_w(given["w"]), d.evaluate(**arrays()), rtol=1e-12)
    hessian = loss().hessian("w", verify=False).evaluate(**arrays())
    np.testing.assert_allclose(jax.jit(jax.jacfwd(by_w))(given["w"]), hessian, rtol=1e-10, atol=1e-12)
    many = jax.jit(jax.vmap(by_w))(jax.numpy.stack([given["w"], 2 * given["w"]]))
    np.testing.assert_allclose(many[1], by_w(2 * given["w"]), rtol=1e-12)


@pytest.mark.slow
def test_the_readable_torch_code_is_differentiated() -> None:
    torch = pytest.importorskip("torch", reason=TORCH)
    d = loss().gradient("w", verify=False)
    gradient, given = run(d.code("torch"), "gradient"), {n: torch.tensor(a) for n, a in arrays().items()}
    hessian = torch.autograd.functional.jacobian(lambda w: gradient(**{**given, "w": w}), given["w"])
    np.testing.assert_allclose(hessian, loss().hessian("w", verify=False).evaluate(**arrays()), rtol=1e-10, atol=1e-12)
    many = torch.func.vmap(lambda w: gradient(**{**given, "w": w}))(torch.stack([given["w"], 2 * given["w"]]))
    np.testing.assert_allclose(many[0], d.evaluate(**arrays()), rtol=1e-12)


def test_a_gradient_of_ones_own_in_jax(jax: Any) -> None:
    g = fr.compile(loss(), ["w", "lam"], backend="jax")
    given = [jax.numpy.asarray(a) for a in arrays().values()]
    alone = run(g.differentiable_source, "value")
    assert "jax.custom_vjp" in g.differentiable_source
    assert "frechet" not in g.differentiable_source
    expected = fr.compile(loss(), ["w", "lam"], want="hessian")(**arrays())
    slopes = jax.jit(jax.grad(alone, argnums=(2, 3)))(*given)
    for slope, exact in zip(slopes, g(**arrays())[1], strict=True):
        np.testing.assert_allclose(slope, exact, rtol=1e-12)
    twice = jax.jit(jax.jacrev(jax.grad(alone, argnums=2), argnums=2))(*given)
    np.testing.assert_allclose(twice, expected[0][0], rtol=1e-10, atol=1e-12)
    for value in (alone, g.differentiable()):
        np.testing.assert_allclose(value(*given), g(**arrays())[0], rtol=1e-12)
        with pytest.raises(TypeError, match=r"differentiable by w, lam, not by X"):
            jax.grad(value, argnums=1)(*given)


def test_a_gradient_of_ones_own_in_torch() -> None:
    torch = pytest.importorskip("torch", reason=TORCH)
    g = fr.compile(loss(), ["w"], backend="torch")
    assert "torch.autograd.Function" in g.differentiable_source
    for value in (run(g.differentiable_source, "value"), g.differentiable()):
        given = [torch.tensor(a) for a in arrays().values()]
        given[2].requires_grad_(True)
        assert torch.autograd.gradcheck(lambda w, f=value, rest=given: f(rest[0], rest[1], w, rest[3]), given[2])
        before = value(*given).item()
        for _ in range(20):
            result = value(*given)
            (slope,) = torch.autograd.grad(result, given[2])
            with torch.no_grad():
                given[2] -= 0.1 * slope
        assert value(*given).item() < before
        given[1].requires_grad_(True)
        with pytest.raises(TypeError, match=r"differentiable by w, not by X"):
            value(*given)


def test_second_derivatives_in_torch_are_refused() -> None:
    torch = pytest.importorskip("torch", reason=TORCH)
    value = fr.compile(loss(), ["w"], backend="torch").differentiable()
    given = [torch.tensor(a) for a in arrays().values()]
    given[2].requires_grad_(True)
    (slope,) = torch.autograd.grad(value(*given), given[2], create_graph=True)
    with pytest.raises(RuntimeError):
        torch.autograd.grad(slope.sum(), given[2])


def test_only_a_value_and_gradient_has_such_a_source() -> None:
    with pytest.raises(fr.FrechetError):
        _ = fr.compile(loss(), ["w"]).differentiable_source
