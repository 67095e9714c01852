"""max, min, abs and the signs of their derivatives as an expert writes them: indicators, and clipped values."""

from __future__ import annotations

import numpy as np
import pytest

import frechet as fr
from frechet.core.build import add, apply_map
from frechet.core.ein import constant, product
from frechet.core.node import var
from frechet.equality.decide import decide
from frechet.equality.extremes import has_extremes, is_border, without_signs, without_squares
from frechet.ops import REGISTRY

SIZES = {"r": ["n"], "y": ["n"], "d": [], "q": [], "s": [], "t": [], "X": ["n", "m"], "w": ["m"]}
HUBER = "1/2*sum(min(abs({u}), d*vector(1)).^2) + d*sum(abs({u}) - min(abs({u}), d*vector(1)))"
WRITTEN = [
    ("sum(max(r, y))", "r", "(r > y)", "zeros(n, n)"),
    ("sum(max(r, y).^2)", "r", "2*r.*(r > y)", "2*diag(r > y)"),
    ("sum(min(r.^2, d*vector(1)))", "r", "2*r.*(r.^2 < d)", "2*diag(r.^2 < d)"),
    ("sum(max(r, y).*min(r, y))", "r", "y", "zeros(n, n)"),
    ("max(s, t)^2 + min(s, t)", "s", "(t > s) + 2*s*(s > t)", "2*(s > t)"),
    ("max(min(s, 1), -1)^2", "s", "2*(s < 1)*min(s, 1)*(1 + min(s, 1) > 0)", "2*(s < 1)*(1 + min(s, 1) > 0)"),
    ("sum(min(max(r, 0), 6).^2)", "r", "2*relu(r).*(relu(r) < 6)", "2*diag((r > 0).*(relu(r) < 6))"),
    ("sum(max(q*(y - r), (q - 1)*(y - r)))", "r", "(r > y) - q*ones(n)", "zeros(n, n)"),
    (HUBER.format(u="r"), "r", "sign(r).*min(abs(r), d*ones(n))", "diag(abs(r) < d)"),
    (HUBER.format(u="(X*w - y)"), "w", "X'*(sign(X*w - y).*min(abs(X*w - y), d*ones(n)))",
     "X'*diag(abs(X*w - y) < d)*X"),
    ("sum(sign(r).^2.*r)", "r", None, None),
    ("sum(max(relu(r), r - 1))", "r", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name", "gradient", "hessian"), WRITTEN)
def test_extremes_read_well_and_are_true(text: str, name: str, gradient: str | None, hessian: str | None) -> None:
    used = {n: dims for n, dims in SIZES.items() if n in fr.parse(text).variables}
    f = fr.parse(text, variables=used, domain={"d": "unit"} if "d" in used else None)
    rng = np.random.default_rng(1)
    sizes = {"n": 40, "m": 3}
    point = {n: 2 * rng.standard_normal([sizes[str(k)] for k in dims]) for n, dims in used.items()}
    for d, wanted in ((f.gradient(name), gradient), (f.hessian(name), hessian)):
        assert wanted is None or str(d) == wanted
        assert d.verification.status == "checked"
        printed = np.reshape(fr.parse(str(d), variables=used).evaluate(**point), d.evaluate(**point).shape)
        assert np.allclose(printed, d.evaluate(**point))


def test_signs_of_data_are_left_alone() -> None:
    """sign(y)^2 is 0 where a label is 0: nothing moves there, so nothing excludes it."""
    f = fr.parse("sum(sign(y).^2.*(X*w)) + sum((1 + sign(y)).*(X*w))", variables={n: SIZES[n] for n in "yXw"})
    d = f.gradient("w")
    point = {"y": np.array([0.0, 1.0, -1.0]), "X": np.eye(3)[:, :2], "w": np.ones(2)}
    printed = fr.parse(str(d), variables=dict(f.variables)).evaluate(**point)
    assert np.allclose(printed, d.evaluate(**point))
    assert "sign(y).^2" in str(d)


def test_what_is_zero_on_a_whole_side_is_no_border() -> None:
    x, y = var("x", ("n",)), var("y", ("n",))
    one = constant(1, ("n",))

    def made(name: str, *args: object) -> object:
        return apply_map(REGISTRY[name], list(args))  # type: ignore[arg-type]

    low = made("min", x, one)
    assert is_border(x, {"x"})
    assert not is_border(y, {"x"})
    assert not is_border(made("relu", x), {"x"})  # type: ignore[arg-type]
    assert not is_border(add([(1, low), (-1, one)], ("n",)), {"x"})  # type: ignore[list-item]
    assert is_border(add([(1, low), (1, one)], ("n",)), {"x"})  # type: ignore[list-item]
    assert is_border(made("abs", x), {"x"})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["max", "min"])
@pytest.mark.parametrize("place", [0, 1])
def test_an_extreme_beside_its_sign(kind: str, place: int) -> None:
    a, b = var("a", ("n",)), var("b", ("n",))
    top = apply_map(REGISTRY[kind], [a, b])
    for first, second in ((a, b), (b, a)):
        sign = apply_map(REGISTRY["sign"], [add([(1, first), (-1, second)], ("n",))])
        node = add([(3, apply_map(REGISTRY["exp"], [a]))], ("n",))
        mixed = add([(1, product(top, sign)), (2, node)], ("n",))
        assert has_extremes(mixed)
        written = without_signs(mixed, place)
        assert decide(written, mixed).equal
        assert decide(without_squares(written, {"a"}), mixed).equal


def test_the_largest_and_the_least_entry_have_a_condition_each() -> None:
    d = fr.parse("max(x) - min(x)", variables={"x": ["n"]}).gradient("x")
    assert len(d.conditions) == 2
    assert "two largest entries of x differ" in d.conditions


def test_squares_of_signs_go_without_a_sum() -> None:
    d = fr.parse("sum(sign(x).*sqrt(abs(x)))", variables={"x": ["n"]}).gradient("x")
    assert str(d) == "1./(2*sqrt(abs(x)))"
    assert d.verification.status == "checked"
