"""A compiled gradient inside the differentiation of JAX and PyTorch: as a function, and as text to paste.

Only the variables that were differentiated by have a gradient. To differentiate by another argument is refused, never
answered by zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

_JAX = '''
@jax.custom_vjp
def value({arguments}):
    """The value, whose gradient by {wrt} is the closed form in value_and_gradient."""
    return value_and_gradient({arguments})[0]


def _forward(*given):
    """The value, and the gradients kept for the way back."""
    for name, argument in zip({names}, given):
        if argument.perturbed and name not in {known}:
            raise TypeError(f"This function is differentiable by {wrt}, not by {{name}}.")
    return value_and_gradient(*(argument.value for argument in given))


def _backward(gradients, cotangent):
    """The gradients times that of what comes after."""
    found = dict(zip({known}, gradients))
    return tuple(cotangent * found[name] if name in found else None for name in {names})


value.defvjp(_forward, _backward, symbolic_zeros=True)
'''

_TORCH = '''
class Value(torch.autograd.Function):
    """The value, whose gradient by {wrt} is the closed form in value_and_gradient."""

    @staticmethod
    def forward(ctx, {arguments}):
        for name, needed in zip({names}, ctx.needs_input_grad):
            if needed and name not in {known}:
                raise TypeError(f"This function is differentiable by {wrt}, not by {{name}}.")
        result, gradients = value_and_gradient({arguments})
        ctx.save_for_backward(*gradients)
        return result

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, cotangent):
        found = dict(zip({known}, ctx.saved_tensors))
        return tuple(cotangent * found[name] if name in found else None for name in {names})


value = Value.apply
'''


def wrapper(backend: str, arguments: Sequence[str], wrt: Sequence[str]) -> str:
    """The text that makes `value`, a function of the arguments in order, of a `value_and_gradient` that is defined."""
    return (_JAX if backend == "jax" else _TORCH).format(
        arguments=", ".join(arguments), wrt=", ".join(wrt), names=repr(tuple(arguments)), known=repr(tuple(wrt))
    )


def wrapped(backend: str, both: Callable[..., Any], arguments: Sequence[str], wrt: Sequence[str]) -> Callable[..., Any]:
    """`value` for a function `both` of the arguments in order that gives (value, gradients)."""
    scope: dict[str, Any] = {"value_and_gradient": both}
    if backend == "jax":
        import jax

        scope["jax"] = jax
    else:
        import torch

        scope["torch"] = torch
    exec(compile(wrapper(backend, arguments, wrt), f"<frechet {backend} wrapper>", "exec"), scope)
    value: Callable[..., Any] = scope["value"]
    return value
