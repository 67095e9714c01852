"""Conditions that always hold are not said: 1 + x^2 > 0 for a real x, 2 + cos(x) > 0; of complex values nothing is
known that only real ones have."""

from __future__ import annotations

import pytest

import frechet as fr
from frechet.core.build import add, apply_map
from frechet.core.ein import constant, elementwise_power
from frechet.core.facts import is_nonnegative, is_positive
from frechet.core.node import COMPLEX_VALUE, var
from frechet.ops import REGISTRY

SAID = [
    ("sum(log(1 + x.^2))", ()),
    ("sum(1./(x.^2 + x.^4 + 1))", ()),
    ("log(1 + norm2(x)^2)", ()),
    ("sum(sqrt(1 + x.^2 + y.^2))", ()),
    ("sum(log(2 + cos(x)))", ()),
    ("sum(log(3 - 2*sin(y.*x).^2))", ()),
    ("sum(log(1 - tanh(x)))", ()),
    ("sum(log(2 - sigmoid(x)))", ()),
    ("sum(log(x.^2))", ("x.^2 > 0",)),
    ("sum(log(1 + cos(x)))", ("1 + cos(x) > 0",)),
    ("sum(log(1 - 2*sigmoid(x)))", ("1 - 2*sigmoid(x) > 0",)),
    ("sum(log(x.^2 - 1))", ("x.^2 - 1 > 0",)),
    ("sum(1./(1 + x))", ("1 + x != 0 in every entry",)),
]


@pytest.mark.parametrize(("text", "conditions"), SAID)
def test_conditions_that_always_hold_are_left_out(text: str, conditions: tuple[str, ...]) -> None:
    used = {"x": ["n"], "y": ["n"]} if "y" in text else {"x": ["n"]}
    assert fr.parse(text, variables=used).gradient("x").conditions == conditions


def test_signs_of_nodes_ask_for_real_values() -> None:
    x, z = var("x", ("n",)), var("z", ("n",), {COMPLEX_VALUE})
    one = constant(1, ("n",))
    for node, expected in ((x, True), (z, False)):
        square = elementwise_power(node, 2)
        assert is_nonnegative(square) is expected
        assert is_positive(add([(1, one), (1, square)], ("n",))) is expected
        assert is_positive(apply_map(REGISTRY["exp"], [node])) is expected
        shifted = add([(3, one), (-2, apply_map(REGISTRY["cos"], [node]))], ("n",))
        assert is_positive(shifted) is expected
    assert not is_positive(add([(1, elementwise_power(x, 2)), (1, elementwise_power(x, 4))], ("n",)))


@pytest.mark.parametrize(("text", "conditions"), [
    ("log(1 + abs(z)^2)", ()),
    ("log(1 + real(z)^2)", ()),
    ("log(real(z)^2)", ("real(z)^2 > 0",)),
    ("abs(1 + z^2)", ("1 + z^2 != 0",)),
    ("real(1/(1 + z^2))", ("1 + z^2 != 0",)),
    ("sqrt(exp(imag(z)) + abs(z*conj(z)))", None),
])  # fmt: skip
def test_complex_conditions(text: str, conditions: tuple[str, ...] | None) -> None:
    d = fr.parse(text, variables={"z": []}, facts={"z": ["complex"]}).gradient("z")
    assert d.verification.status == "checked"
    assert conditions is None or d.conditions == conditions


@pytest.mark.parametrize("text", ["real(sqrt(z^4))", "real(sqrt(z^2))", "real((z^6)^(1/2))", "real(relu(z^2))"])
def test_roots_of_complex_powers_are_refused(text: str) -> None:
    """sqrt(z^4) is z^2 or -z^2: it was taken for the rule of real values, |z|^2."""
    with pytest.raises(fr.FrechetError) as caught:
        str(fr.parse(text, variables={"z": []}, facts={"z": ["complex"]}).gradient("z"))
    assert caught.value.diagnostic.code == "E507"


def test_real_parts_are_written_without_a_two() -> None:
    d = fr.parse("real(z)^4", variables={"z": []}, facts={"z": ["complex"]}).gradient("z")
    assert "2*real(z)/2" not in str(d)
