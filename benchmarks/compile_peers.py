"""What frechet is timed beside: JAX (jitted), PyTorch (torch.func) and HIPS autograd, on the same function.

A name with a plus is the function as a skilled user writes it, and Newton systems by Cholesky; torch+ uses the classic
backward pass. A library that is not installed is left out with the command that brings it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from benchmarks.compile_cases import VG, Case
from benchmarks.compile_functions import natural, skilled

Run = Callable[[], Any]
# The axis of the batch of every argument, for vmap; None for no batch.
Axes = tuple[int | None, ...] | None
PEERS = ("jax", "jax+", "torch", "torch+", "autograd")
INSTALL = "pip install 'frechet[peers]'"
# The arrays that torch.func would hold at once, one for each tangent; more is not tried.
MOST_BYTES = 3e8


def missing(peer: str) -> str:
    """Why a peer cannot run here, or an empty string."""
    module = peer.rstrip("+")
    return "" if importlib.util.find_spec(module) else f"not installed: {INSTALL}"


def runner(peer: str, case: Case, arrays: dict[str, Any], batched: Sequence[str] = ()) -> Run | str:
    """The wanted result in a peer, or why it is not run; `batched` are the arrays with a leading axis, for vmap."""
    own = peer.endswith("+")
    if own and case.problem not in skilled(SimpleNamespace()) and case.want != "newton" and peer != "torch+":
        return "the same as without a plus"
    tangents = arrays[case.variables[0]].size
    heavy = case.want in ("hessian", "newton") and tangents * max(a.size for a in arrays.values()) * 8 > MOST_BYTES
    if peer in ("torch", "torch+") and heavy and not batched:
        return "would hold more than 300 MB"
    if peer.rstrip("+") == "autograd":
        return "no vmap" if batched else _autograd(case, arrays, own)
    along = tuple(0 if n in batched else None for n in arrays) if batched else None
    return (_jax if peer.startswith("jax") else _torch)(case, arrays, own, along)


def _function(xp: Any, case: Case, own: bool) -> Callable[..., Any]:
    return {**natural(xp), **(skilled(xp) if own else {})}[case.problem]


def _places(case: Case) -> tuple[int, ...]:
    names = list(case.family.variables)
    return tuple(names.index(n) for n in case.variables)


def _jax(case: Case, arrays: dict[str, Any], own: bool, along: Axes) -> Run:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    xp = SimpleNamespace(
        exp=jnp.exp, log=jnp.log, sqrt=jnp.sqrt, tanh=jnp.tanh, trace=jnp.trace, diag=jnp.diag, eye=jnp.eye,
        inv=jnp.linalg.inv, logdet=lambda A: jnp.linalg.slogdet(A)[1], cholesky=jnp.linalg.cholesky,
        lower=lambda L, B: jax.scipy.linalg.solve_triangular(L, B, lower=True), softmax=jax.nn.softmax,
        softplus=lambda u: jnp.logaddexp(0.0, u), logsumexp=lambda Z: jax.scipy.special.logsumexp(Z, axis=1),
    )  # fmt: skip
    f, places = _function(xp, case, own), _places(case)
    first = places[0]

    def newton(*a: Any) -> Any:
        g, H = jax.grad(f, first)(*a), jax.hessian(f, first)(*a)
        H = H.reshape(g.size, g.size)
        if own:
            return jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(H), g.ravel()).reshape(g.shape)
        return jnp.linalg.solve(H, g.ravel()).reshape(g.shape)

    def hvp(*a: Any) -> Any:
        *rest, v = a
        return jax.jvp(lambda x: jax.grad(f, first)(*rest[:first], x, *rest[first + 1 :]), (rest[first],), (v,))[1]

    wanted = {VG: jax.value_and_grad(f, places), "hessian": jax.hessian(f, first), "jacobian": jax.jacobian(f, first),
              "newton": newton, "hvp": hvp}[case.want]  # fmt: skip
    run = jax.jit(jax.vmap(wanted, in_axes=along) if along else wanted)
    given = [jnp.asarray(a) for a in arrays.values()]
    return lambda: jax.block_until_ready(run(*given))


def _torch(case: Case, arrays: dict[str, Any], own: bool, along: Axes) -> Run:
    import torch

    torch.set_num_threads(1)
    xp = SimpleNamespace(
        exp=torch.exp, log=torch.log, sqrt=torch.sqrt, tanh=torch.tanh, trace=torch.trace, diag=torch.diag,
        eye=lambda n: torch.eye(n, dtype=torch.float64), inv=torch.linalg.inv,
        logdet=lambda A: torch.linalg.slogdet(A)[1], cholesky=torch.linalg.cholesky,
        lower=lambda L, B: torch.linalg.solve_triangular(L, B, upper=False),
        softplus=torch.nn.functional.softplus, softmax=lambda u: torch.softmax(u, 0),
        logsumexp=lambda Z: torch.logsumexp(Z, 1),
    )  # fmt: skip
    f, places = _function(xp, case, own), _places(case)
    first = places[0]
    given = [torch.as_tensor(a) for a in arrays.values()]

    def newton(*a: Any) -> Any:
        g, H = torch.func.grad(f, first)(*a), torch.func.hessian(f, first)(*a)
        H = H.reshape(g.numel(), g.numel())
        if own:
            return torch.cholesky_solve(g.reshape(-1, 1), torch.linalg.cholesky(H)).reshape(g.shape)
        return torch.linalg.solve(H, g.reshape(-1)).reshape(g.shape)

    def hvp(*a: Any) -> Any:
        *rest, v = a
        return torch.func.jvp(
            lambda x: torch.func.grad(f, first)(*rest[:first], x, *rest[first + 1 :]), (rest[first],), (v,)
        )[1]

    def both(*a: Any) -> Any:
        g, value = torch.func.grad_and_value(f, places)(*a)
        return value, g

    def classic() -> Any:
        a = [t.detach().requires_grad_(k in places) for k, t in enumerate(given[: len(case.family.variables)])]
        value = f(*a)
        inputs = [a[k] for k in places]
        if case.want == VG:
            return value.detach(), torch.autograd.grad(value, inputs)
        (g,) = torch.autograd.grad(value, inputs, create_graph=True)
        return torch.autograd.grad(g, inputs, given[-1])[0]

    if own and case.want in (VG, "hvp") and not along:
        return classic
    wanted = {VG: both, "hessian": torch.func.hessian(f, first), "jacobian": torch.func.jacrev(f, first),
              "newton": newton, "hvp": hvp}[case.want]  # fmt: skip
    run = torch.func.vmap(wanted, in_dims=along) if along else wanted
    return lambda: run(*given)


def _autograd(case: Case, arrays: dict[str, Any], own: bool) -> Run:
    import autograd
    import autograd.numpy as anp
    import autograd.scipy.special

    xp = SimpleNamespace(
        exp=anp.exp, log=anp.log, sqrt=anp.sqrt, tanh=anp.tanh, trace=anp.trace, diag=anp.diag, eye=anp.eye,
        inv=anp.linalg.inv, logdet=lambda A: anp.linalg.slogdet(A)[1], softplus=lambda u: anp.logaddexp(0.0, u),
        softmax=lambda u: anp.exp(u - anp.max(u)) / anp.sum(anp.exp(u - anp.max(u))),
        logsumexp=lambda Z: autograd.scipy.special.logsumexp(Z, axis=1),
    )  # fmt: skip
    f, places = _function(xp, case, own), _places(case)
    first = places[0]

    def newton(*a: Any) -> Any:
        g, H = autograd.grad(f, first)(*a), autograd.hessian(f, first)(*a)
        return anp.linalg.solve(H.reshape(g.size, g.size), g.ravel()).reshape(g.shape)

    wanted = {VG: autograd.value_and_grad(f, places), "hessian": autograd.hessian(f, first),
              "jacobian": autograd.jacobian(f, first), "newton": newton,
              "hvp": autograd.hessian_vector_product(f, first)}[case.want]  # fmt: skip
    given = [anp.asarray(a) for a in arrays.values()]
    return lambda: wanted(*given)
