"""JAX functions through their jaxpr and PyTorch modules through torch.fx: the formula has the values of the code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.core.errors import FrechetError

jax = pytest.importorskip("jax", reason="pip install jax")
torch = pytest.importorskip("torch", reason="pip install torch")
jnp = jax.numpy

VARIABLES = {"X": ["m", "n"], "w": ["n"], "y": ["m"], "A": ["n", "n"]}
RNG = np.random.default_rng(0)
ARRAYS = {"X": RNG.standard_normal((4, 3)), "w": RNG.uniform(0.2, 0.8, 3), "y": RNG.standard_normal(4),
          "A": RNG.standard_normal((3, 3)) + 3 * np.eye(3)}  # fmt: skip

# What symbolic arrays alone cannot do: functions of functions, and primitive operations.
JAX = [
    (lambda X, w, y, A: jnp.sum(jax.vmap(lambda x, t: (x @ w - t) ** 2)(X, y)), "sum((X*w - y).^2)"),
    (lambda X, w, y, A: jnp.mean(jax.vmap(lambda x, t: jnp.log1p(jnp.exp(-t * (x @ w))))(X, y)),
     "sum(log1p(exp(-y.*(X*w))))/m"),
    (lambda X, w, y, A: jax.grad(lambda u: jnp.sum((X @ u - y) ** 2))(w), "2*X'*(X*w - y)"),
    (lambda X, w, y, A: jax.vmap(lambda x: x @ A @ x)(X).sum(), "sum((X*A).*X)"),
    (lambda X, w, y, A: 0.1 * jax.vmap(lambda x: jnp.sum((x - w) ** 2))(X).sum(), "0.1*sum((X - vector(1)*w').^2)"),
    (lambda X, w, y, A: jax.jvp(lambda u: jnp.sum(jnp.sin(u)), (w,), (w,))[1], "sum(w.*cos(w))"),
    (lambda X, w, y, A: jax.lax.add(w @ jnp.linalg.inv(A) @ w, 1.0) + jax.vmap(jnp.abs)(w).sum(),
     "w'*inv(A)*w + 1 + sum(abs(w))"),
    (lambda X, w, y, A: jax.lax.fori_loop(0, 3, lambda i, u: A @ u, w).sum(), "sum(A*A*A*w)"),
    (lambda X, w, y, A: jax.vmap(lambda x: x[0] * x[1])(X).sum(), "sum(X[:,1].*X[:,2])"),
    (lambda X, w, y, A: jax.lax.select(w > 0.5, w, 2 * w).sum(), "sum(where(w > 0.5, w, 2*w))"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "text"), JAX, ids=[text for _, text in JAX])
def test_jax_functions_are_read_from_their_jaxpr(function: Any, text: str) -> None:
    got, wanted = fr.trace(function, variables=VARIABLES), fr.parse(text, variables=VARIABLES)
    assert np.allclose(got.evaluate(**ARRAYS), wanted.evaluate(**ARRAYS))
    value = np.asarray(function(**{n: jnp.asarray(v) for n, v in ARRAYS.items()}))
    assert value.shape == np.shape(got.evaluate(**ARRAYS))
    assert np.allclose(got.evaluate(**ARRAYS), value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("function", [
    lambda w: jax.lax.while_loop(lambda u: u.sum() < 3, lambda u: 2 * u, w).sum(),
    lambda w: jax.lax.cond(w.sum() > 0, lambda: w.sum(), lambda: -w.sum()),
    lambda w: jax.vmap(jnp.floor)(w).astype(int).sum(), lambda w: jax.vmap(lambda x: x, out_axes=0)(jnp.sort(w)).sum(),
])  # fmt: skip
def test_what_has_no_formula_is_refused(function: Any) -> None:
    with pytest.raises(FrechetError):
        fr.trace(function, variables={"w": ["n"]})


class Net(torch.nn.Module):  # type: ignore[misc]
    """Two layers and a loss."""

    def __init__(self) -> None:
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))

    def forward(self, x: Any, y: Any) -> Any:
        return torch.nn.functional.mse_loss(self.net(x), y, reduction="sum") + self.net[0].weight.square().sum()


def test_a_module_is_read_through_fx() -> None:
    net = Net()
    function = fr.trace(net, variables={"x": [3], "y": [2]})
    values = {n.replace(".", "_"): p.detach().double().numpy() for n, p in net.named_parameters()}
    x, y = RNG.standard_normal(3), RNG.standard_normal(2)
    wanted = net.double()(torch.tensor(x), torch.tensor(y)).item()
    assert np.isclose(function.evaluate(x=x, y=y, **values), wanted)
    assert function.variables["net_2_weight"] == (2, 4)
    assert str(function.gradient("net_2_bias"))


class Deciding(torch.nn.Module):  # type: ignore[misc]
    """A decision on a value."""

    def forward(self, x: Any) -> Any:
        return x if x.sum() > 0 else -x


def test_modules_without_a_formula_are_refused() -> None:
    with pytest.raises(FrechetError):
        fr.trace(Deciding(), variables={"x": [3]})
    with pytest.raises(FrechetError):
        fr.trace(torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Dropout()), variables={"input": [3]})
    with pytest.raises(FrechetError):
        fr.trace(torch.nn.Sequential(torch.nn.BatchNorm1d(3)), variables={"input": ["k", 3]})


def test_the_spread_of_each_library() -> None:
    w = np.array([0.3, 0.5, 0.9])
    by_torch = fr.trace(lambda w: torch.std(w) + w.var(), variables={"w": ["n"]})
    assert np.isclose(by_torch.evaluate(w=w), w.std(ddof=1) + w.var(ddof=1))
    by_numpy = fr.trace(lambda w: np.std(w) + w.var(), variables={"w": ["n"]})
    assert np.isclose(by_numpy.evaluate(w=w), w.std() + w.var())
