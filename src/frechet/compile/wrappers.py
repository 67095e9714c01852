"""A compiled gradient inside the differentiation of JAX and PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Both = Callable[[Sequence[Any]], tuple[Any, tuple[Any, ...]]]


def jax_wrapped(both: Both, places: Sequence[int]) -> Callable[..., Any]:
    """A jax.custom_vjp of `both`; arguments at other places get no gradient."""
    import jax
    import jax.numpy as jnp

    @jax.custom_vjp  # type: ignore[untyped-decorator]
    def value(*args: Any) -> Any:
        return both(args)[0]

    def forward(*args: Any) -> Any:
        result, gradients = both(args)
        return result, (args, gradients)

    def backward(saved: Any, cotangent: Any) -> Any:
        args, gradients = saved
        found = [jnp.zeros_like(a) for a in args]
        for k, g in zip(places, gradients, strict=True):
            found[k] = cotangent * g
        return tuple(found)

    value.defvjp(forward, backward)
    wrapped: Callable[..., Any] = value
    return wrapped


def torch_wrapped(both: Both, places: Sequence[int]) -> Callable[..., Any]:
    """A torch.autograd.Function of `both`; arguments at other places get no gradient."""
    import torch

    class Value(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, *args: Any) -> Any:
            result, gradients = both([a.detach() for a in args])
            ctx.count = len(args)
            ctx.save_for_backward(*gradients)
            return result

        @staticmethod
        def backward(ctx: Any, *cotangents: Any) -> Any:
            found: list[Any] = [None] * ctx.count
            for k, g in zip(places, ctx.saved_tensors, strict=True):
                found[k] = cotangents[0] * g
            return tuple(found)

    wrapped: Callable[..., Any] = Value.apply
    return wrapped
