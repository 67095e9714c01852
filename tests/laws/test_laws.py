"""Every law for every operation of the registry."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from frechet.ops import REGISTRY
from tests.laws.instance import Instance, instances
from tests.laws.laws import LAWS, backend, example_reproduces, template_agrees

INSTANCES = [one for record in REGISTRY.values() for one in instances(record)]
EXAMPLES = [record for record in REGISTRY.values() if record.example]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("one", INSTANCES, ids=lambda one: f"{one.text}-{'x'.join(map(str, one.shape)) or 'scalar'}")
def test_law(one: Instance, law: Callable[[Instance], None]) -> None:
    law(one)


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: record.name)
def test_example_reproduces(record) -> None:  # type: ignore[no-untyped-def]
    example_reproduces(record)


def test_every_operation_with_a_rule_has_an_example() -> None:
    assert not [r.name for r in REGISTRY.values() if r.kind in ("elementwise", "opaque") and r.example is None]


@pytest.mark.parametrize("name", ["numpy", "jax", "torch"])
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
