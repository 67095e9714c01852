"""Hand-written derivatives inside autodiff libraries, checked without believing the library's own differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.numeric.checker import GradientVerdict, check_gradient


def check_torch(function: Any, *inputs: Any, seed: int = 0) -> GradientVerdict:
    """Check the backward of a `torch.autograd.Function` (or any differentiable callable) at these tensors.

    The output is contracted with a fixed random tensor, backward gives the gradient of that, and `check_gradient`
    judges it; blocks are named input0, input1, ... Tensors are taken in double precision. Raises E505 if no input is a
    floating tensor.
    """
    import torch

    call = getattr(function, "apply", function) if isinstance(function, type) else function
    tensors = [torch.as_tensor(t) for t in inputs]
    moving = [i for i, t in enumerate(tensors) if t.is_floating_point()]
    if not moving:
        raise problem("E505", "No input is a floating tensor, so there is nothing to differentiate by.")

    def arguments(point: dict[str, Any], grad: bool) -> list[Any]:
        made = [t.detach().clone() for t in tensors]
        for i in moving:
            if np.iscomplexobj(point[f"input{i}"]):
                raise TypeError("no complex step through torch")  # Torch would only warn, and drop the imaginary part.
            made[i] = torch.tensor(np.asarray(point[f"input{i}"]), dtype=torch.float64, requires_grad=grad)
        return made

    def contract(output: Any) -> Any:
        outputs = output if isinstance(output, tuple) else (output,)
        generator = torch.Generator().manual_seed(seed)
        total = 0.0
        for part in outputs:
            total = total + (part * torch.randn(part.shape, generator=generator, dtype=torch.float64)).sum()
        return total

    def f(point: dict[str, Any]) -> float:
        with torch.no_grad():
            return float(contract(call(*arguments(point, False))))

    def grad(point: dict[str, Any]) -> dict[str, Any]:
        made = arguments(point, True)
        contract(call(*made)).backward()
        zero = {i: torch.zeros_like(made[i]) for i in moving}
        return {f"input{i}": (zero[i] if made[i].grad is None else made[i].grad).numpy() for i in moving}

    x = {f"input{i}": tensors[i].detach().double().numpy() for i in moving}
    return check_gradient(f, grad, x, seed=seed)


def check_jax(function: Callable[..., Any], *inputs: Any, seed: int = 0) -> GradientVerdict:
    """Check the rule of a `jax.custom_vjp` (or custom_jvp, or any differentiable callable) at these arrays.

    As `check_torch`, with `jax.grad` in place of backward. JAX computes in single precision unless `jax_enable_x64` is
    set; then differences are only as sharp as that. Raises E505 if no input is floating.
    """
    import jax

    arrays = [np.asarray(a) for a in inputs]
    moving = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    if not moving:
        raise problem("E505", "No input is a floating array, so there is nothing to differentiate by.")

    def scalar(*parts: Any) -> Any:
        made: list[Any] = list(arrays)
        for i, part in zip(moving, parts, strict=True):
            made[i] = part
        rng = np.random.default_rng(seed)
        leaves = jax.tree_util.tree_leaves(function(*made))
        return sum((leaf * rng.normal(size=np.shape(leaf))).sum() for leaf in leaves)

    def f(point: dict[str, Any]) -> Any:
        # As an array: its dtype tells the engine how precise it is.
        return np.asarray(scalar(*(point[f"input{i}"] for i in moving)))

    def grad(point: dict[str, Any]) -> dict[str, Any]:
        parts = [jax.numpy.asarray(point[f"input{i}"]) for i in moving]
        found = jax.grad(scalar, argnums=tuple(range(len(moving))))(*parts)
        return {f"input{i}": np.asarray(g) for i, g in zip(moving, found, strict=True)}

    return check_gradient(f, grad, {f"input{i}": arrays[i] for i in moving}, seed=seed)
