"""The laws, one function each; each takes an instance of an operation and fails by an assertion."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

import frechet as fr
from frechet.core.operation import Operation
from tests.laws.instance import Instance, draw, two_dimensional


def close(got: Any, wanted: Any, tolerance: float) -> bool:
    wanted = np.asarray(wanted, dtype=float)
    scale = max(float(np.max(np.abs(wanted), initial=0.0)), 1.0)
    return np.shape(got) == wanted.shape and bool(np.all(np.abs(np.asarray(got) - wanted) <= tolerance * scale))


def given(one: Instance) -> list[Any]:
    """The operation's own arguments as numbers."""
    sizes = {name.removeprefix("size_"): len(array) for name, array in one.arrays.items() if name.startswith("size_")}
    return [one.arrays.get(a, sizes.get(a, a)) if isinstance(a, str) else a for a in one.arguments]


def own_value(one: Instance) -> np.ndarray:
    """The value by the record, with the part that only tells the size added."""
    assert one.record.value is not None, f"{one.record.name} has no value"
    value = np.asarray(one.record.value(*map(two_dimensional, given(one))), dtype=float)
    if "fit_" in one.arrays:
        return np.asarray(value.reshape(()) + one.arrays["fit_"])
    return value.reshape(one.shape)


def evaluates_to_its_value_in_its_shape(one: Instance) -> None:
    assert close(one.parse().evaluate(**one.arrays), own_value(one), 1e-12)


def along(one: Instance, name: str, direction: np.ndarray) -> np.ndarray:
    """The derivative along a direction."""
    tensor = np.asarray(one.parse().derivative(name, verify=False).evaluate(**one.arrays), dtype=float)
    assert tensor.shape == one.shape + direction.shape
    return np.asarray(np.tensordot(tensor, direction, direction.ndim))


STEP = 2e-3
SIXTH_ORDER = ((1, 45.0), (2, -9.0), (3, 1.0))


def differences(fn: Callable[[dict[str, np.ndarray]], Any], one: Instance, name: str, direction: np.ndarray) -> Any:
    """The derivative of a function of the arrays along a direction, by central differences of order six."""

    def at(step: float) -> Any:
        return np.asarray(fn({**one.arrays, name: one.arrays[name] + step * direction}))

    return sum(w * (at(k * STEP) - at(-k * STEP)) for k, w in SIXTH_ORDER) / (60 * STEP)


def derivative_is_the_numeric_one(one: Instance) -> None:
    for seed, name in enumerate(one.differentiable):
        direction = draw("normal", one.arrays[name].shape, seed)
        wanted = differences(lambda arrays: own_value(replace(one, arrays=arrays)), one, name, direction)
        assert close(along(one, name, direction), wanted, 1e-7), name


def adjoint_passes_the_dot_product_test(one: Instance) -> None:
    """gradient of sum(sin(f)) . dx = cos(f) . Df[dx]: reverse through the operation is the adjoint of forward."""
    weight = np.cos(own_value(one))
    for seed, name in enumerate(one.differentiable):
        direction = draw("normal", one.arrays[name].shape, 100 + seed)
        gradient = one.parse(f"sum(sin({one.text}))").gradient(name, verify=False).evaluate(**one.arrays)
        forward = float(np.sum(weight * along(one, name, direction)))
        assert close(np.sum(gradient * direction), np.asarray(forward), 1e-9), name


def second_order_is_the_numeric_one(one: Instance) -> None:
    """The second derivatives of sum(sin(f)) by every pair of arguments, along a direction, are the differences of the
    first: forward over reverse through the operation, its derivative and its adjoint."""
    f = one.parse(f"sum(sin({one.text}))")
    for name in one.differentiable:
        gradient = f.gradient(name, verify=False)
        for seed, other in enumerate(one.differentiable):
            direction = draw("normal", one.arrays[other].shape, 200 + seed)
            second = np.asarray(f.derivative(name, other, verify=False).evaluate(**one.arrays), dtype=float)
            got = np.tensordot(second, direction, direction.ndim)
            wanted = differences(lambda arrays, g=gradient: g.evaluate(**arrays), one, other, direction)
            assert close(got, wanted, 1e-7), (name, other)


def print_reads_back(one: Instance) -> None:
    f = one.parse()
    again = one.parse(str(f))
    assert str(again) == str(f)
    assert close(again.evaluate(**one.arrays), f.evaluate(**one.arrays), 1e-13)


def printed_derivative_reads_back(one: Instance) -> None:
    """The closed form means the same numbers; a Jacobian prints with rows of the value and columns of the variable."""
    for name in one.differentiable:
        d = one.parse().derivative(name, verify=False)
        if d.text:
            tensor = np.asarray(d.evaluate(**one.arrays))
            value = np.asarray(one.parse(d.text).evaluate(**one.arrays))
            assert close(value.reshape(tensor.shape), tensor, 1e-9), d.text


FUNCTIONS = ("expit", "erf", "softmax", "logsumexp")
NAMESPACE = {"np": np, "scipy": scipy, **{name: getattr(scipy.special, name) for name in FUNCTIONS}}


def backend(name: str) -> dict[str, Any] | None:
    """The names that a template of the backend may use; None if the backend is not installed."""
    if name == "numpy":
        return dict(NAMESPACE)
    if not importlib.util.find_spec(name):
        return None
    if name == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
        return {"jax": jax, "jnp": jax.numpy, "convert": jax.numpy.asarray}
    import torch

    return {"torch": torch, "convert": torch.from_numpy}


def template_agrees(one: Instance, name: str, template: str) -> bool:
    """Whether the template could be tried; it fails by an assertion if it gives another value."""
    names = backend(name)
    slots = set(re.findall(r"\{(\w+)\}", template))
    params = one.record.params[: len(one.arguments)]
    if names is None or not template or slots != set(params) or "fit_" in one.arrays:
        return False
    convert = names.pop("convert", np.asarray)
    values = {
        f"arg_{p}": convert(a) if isinstance(a, np.ndarray) else a for p, a in zip(params, given(one), strict=True)
    }
    code = template.format(**{p: f"arg_{p}" for p in params})
    got = np.asarray(eval(code, {**names, **values}))
    assert close(got, own_value(one), 1e-10), f"{name}: {code}"
    return True


def code_agrees_with_value(one: Instance, name: str = "numpy") -> None:
    template_agrees(one, name, one.record.template(name, len(one.arguments)))


# A size for each letter that a size can have where names and sizes are inferred.
LETTERS = {letter: size for size, letter in enumerate("mnklpqrsij", start=2)}

LAWS = (
    evaluates_to_its_value_in_its_shape,
    derivative_is_the_numeric_one,
    adjoint_passes_the_dot_product_test,
    second_order_is_the_numeric_one,
    print_reads_back,
    printed_derivative_reads_back,
    code_agrees_with_value,
)


def example_reproduces(record: Operation) -> None:
    """The example's derivative is what comes out, as numbers, at a point of the operation's domain."""
    assert record.example is not None
    expr, name, expected = record.example
    whole = [p for p, pattern in zip(record.params, record.signatures[0].args, strict=False) if pattern.kind == "int"]
    f = fr.parse(expr, facts={p: ["integer"] for p in whole})
    d = f.gradient(name, verify=False)
    shapes = {v: tuple(LETTERS.get(str(x), x) for x in dims) for v, dims in f.variables.items()}
    arrays = {v: draw(record.sample, shape, seed) for seed, (v, shape) in enumerate(shapes.items())}
    wanted = fr.parse(expected, variables=f.variables, facts={p: ["integer"] for p in whole}).evaluate(**arrays)
    assert close(d.evaluate(**arrays), wanted, 1e-9), str(d)
