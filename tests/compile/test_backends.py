"""fr.compile for JAX and PyTorch: the same values, and inside their own transformations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import frechet as fr
from tests.compile.problems import PROBLEMS, draw

BY_NAME = {p.name: p for p in PROBLEMS}
SOME = [("logreg", "value_and_gradient"), ("logreg", "hessian"), ("gp", "value_and_gradient"), ("matfac", "newton"),
        ("softmaxreg", "hvp"), ("softjac", "jacobian"), ("dopt", "hessian")]  # fmt: skip


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    jax = pytest.importorskip("jax", reason="needs JAX: pip install -e '.[jax]'")
    before = jax.config.read("jax_enable_x64")
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def flat(result: Any) -> list[Any]:
    return [x for part in result for x in flat(part)] if isinstance(result, tuple) else [np.asarray(result)]


@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.parametrize(("name", "want"), SOME)
def test_the_same_values(name: str, want: str, backend: str) -> None:
    pytest.importorskip(backend)
    p = BY_NAME[name]
    f, arrays = fr.parse(p.text, variables=p.variables), draw(p, seed=1)
    if want == "hvp":
        arrays["v"] = np.ones_like(arrays[p.wrt[0]])
    wrt = p.wrt if want == "value_and_gradient" else p.wrt[:1]
    expected = fr.compile(f, wrt, want=want)(**arrays)
    got = fr.compile(f, wrt, want=want, backend=backend)(**arrays)
    for a, b in zip(flat(got), flat(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)


LONG = {"barrier": {"k": 2, "n": 30}, "axb": None, "matfac": None}


@pytest.mark.parametrize("backend", ["jax", "torch"])
@pytest.mark.parametrize("name", LONG)
def test_structured_newton_steps(name: str, backend: str) -> None:
    pytest.importorskip(backend)
    p = BY_NAME[name]
    f, arrays = fr.parse(p.text, variables=p.variables), draw(p, 4, LONG[name])
    step = fr.compile(f, p.wrt[:1], want="newton", backend=backend)
    expected = fr.compile(f, p.wrt[:1], want="newton", backend="numpy")(**arrays)
    np.testing.assert_allclose(np.asarray(step(**arrays)), expected, rtol=1e-8, atol=1e-10)
    size = np.size(expected)
    assert all(row[4] < 8 * size**2 for row in step.plan.rows())  # no matrix of the size of the Hessian
    if name == "barrier":  # a diagonal that is nothing beside the other term
        arrays["x"] = 1e9 * arrays["x"]
        with pytest.raises(fr.FrechetError, match="singular"):
            fr.compile(f, p.wrt[:1], want="newton", backend="numpy")(**arrays)
        assert np.isnan(np.asarray(step(**arrays))).all()


def test_jax_transformations() -> None:
    import jax

    p = BY_NAME["logreg"]
    f, arrays = fr.parse(p.text, variables=p.variables), draw(p, seed=2)
    given = {n: jax.numpy.asarray(a) for n, a in arrays.items()}
    w = given.pop("w")
    gradient = fr.compile(f, ["w"], want="gradient", backend="jax")
    hessian = fr.compile(f, ["w"], want="hessian")(**arrays)
    np.testing.assert_allclose(jax.jit(jax.jacobian(lambda x: gradient(w=x, **given)))(w), hessian, rtol=1e-9)
    many = jax.vmap(lambda x: gradient(w=x, **given))(jax.numpy.stack([w, 2 * w]))
    np.testing.assert_allclose(many[1], gradient(w=2 * w, **given), rtol=1e-9)
    value = fr.compile(f, ["w"], backend="jax").differentiable()
    mine = jax.grad(lambda x: 3 * value(given["X"], x, given["y"], given["lam"]))(w)
    np.testing.assert_allclose(mine, 3 * gradient(w=w, **given), rtol=1e-9)


def test_torch_autograd() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install -e '.[torch]'")
    p = BY_NAME["logreg"]
    f, arrays = fr.parse(p.text, variables=p.variables), draw(p, seed=3)
    given = [torch.as_tensor(a) for a in arrays.values()]
    given[1].requires_grad_(True)
    (3 * fr.compile(f, ["w"], backend="torch").differentiable()(*given)).backward()
    np.testing.assert_allclose(given[1].grad, 3 * fr.compile(f, ["w"], want="gradient")(**arrays), rtol=1e-9)


def test_only_a_value_and_gradient_can_be_wrapped() -> None:
    f = fr.parse("x'*x", variables={"x": ["n"]})
    with pytest.raises(fr.FrechetError):
        fr.compile(f, ["x"]).differentiable()
