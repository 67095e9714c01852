"""Every law for every operation of the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from frechet.ops import REGISTRY
from tests.laws.instance import Instance, instances
from tests.laws.laws import (
    LAWS,
    backend,
    code_agrees_with_value,
    example_reproduces,
    second_order_is_the_numeric_one,
    template_agrees,
)

INSTANCES = [one for record in REGISTRY.values() for one in instances(record)]
EXAMPLES = [record for record in REGISTRY.values() if record.example]


def name(one: Instance) -> str:
    return f"{one.text}-{'x'.join(map(str, one.shape)) or 'scalar'}"


def cases() -> Iterator[Any]:
    """Every law with every operation. The second order of an operation with four arguments has sixteen pairs."""
    for law in LAWS:
        for one in INSTANCES:
            many = law is second_order_is_the_numeric_one and len(one.differentiable) > 3
            marks = [pytest.mark.slow] if many else []
            yield pytest.param(one, law, id=f"{name(one)}-{law.__name__}", marks=marks)


@pytest.mark.parametrize(("one", "law"), list(cases()))
def test_law(one: Instance, law: Callable[[Instance], None]) -> None:
    law(one)


@pytest.mark.slow
@pytest.mark.parametrize("backend_name", ["jax", "torch"])
@pytest.mark.parametrize("one", INSTANCES, ids=name)
def test_code_of_a_backend_agrees_with_the_value(one: Instance, backend_name: str) -> None:
    """JAX compiles each for itself."""
    code_agrees_with_value(one, backend_name)


LINEAR = [one for one in INSTANCES if getattr(one.record.rule, "linear", None) is not None and one.differentiable]


@pytest.mark.parametrize("one", LINEAR, ids=name)
def test_of_zero_a_linear_operation_is_zero(one: Instance) -> None:
    *front, last = one.text.rstrip(")").replace("(", ",", 1).split(",")
    text = f"scale_*{front[0]}({','.join([*front[1:], f'{last}-{last}'])})"
    d = one.parse(text, scale_=[]).derivative("scale_", verify=False)
    assert not np.any(d.evaluate(**one.arrays, scale_=2.0))
    assert str(d).startswith("zeros(")


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: record.name)
def test_example_reproduces(record) -> None:  # type: ignore[no-untyped-def]
    example_reproduces(record)


def test_every_operation_with_a_rule_has_an_example() -> None:
    assert not [r.name for r in REGISTRY.values() if r.kind in ("elementwise", "opaque") and r.example is None]


@pytest.mark.parametrize("name", ["numpy", *(pytest.param(n, marks=pytest.mark.slow) for n in ("jax", "torch"))])
def test_every_template_is_tried(name: str) -> None:
    if backend(name) is None:
        pytest.skip(f"needs {name}: pip install -e '.[{name}]'")
    missed = [
        record.name
        for record in REGISTRY.values()
        if name in record.code
        and not any(template_agrees(one, name, record.template(name, len(one.arguments))) for one in instances(record))
    ]
    assert not missed
