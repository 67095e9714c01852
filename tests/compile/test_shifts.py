"""Sums of exponentials: shifted by the largest exponent where that changes nothing, left alone elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.compile import prepare

V, S = ["n"], []
CASES: list[tuple[str, dict[str, list[str]], str]] = [
    ("log(sum(p.*exp(x)))", {"x": V, "p": V}, "x"),
    ("log(p'*exp(-(x - m).^2/2))", {"x": V, "p": V, "m": V}, "x"),
    ("sum(log(exp(-D)*p))", {"D": ["n", "k"], "p": ["k"]}, "D"),
    ("sum(log(p'*exp(X)))", {"X": ["n", "k"], "p": V}, "X"),
    ("log(q*exp(x) + (1 - q)*exp(y))", {"x": S, "y": S, "q": S}, "x"),
    ("log(exp(x) + exp(y) + exp(q))", {"x": S, "y": S, "q": S}, "x"),
    ("exp(x)/(1 + exp(x) + exp(y))", {"x": S, "y": S}, "x"),
    ("sum(1./(1 + exp(x) + exp(y)))", {"x": V, "y": V}, "x"),
    ("sum(p.*exp(x))/sum(exp(x))", {"x": V, "p": V}, "x"),
    ("log(1 + sum(exp(x)))", {"x": V}, "x"),
    ("sum(exp(x).^2)/sum(exp(x))^2", {"x": V}, "x"),
    ("log(sum(exp(x))/n)*sum(x)", {"x": V}, "x"),
    ("sum(Y.*log(diag(1./(exp(X*W)*ones(k)))*exp(X*W)))", {"W": ["n", "k"], "X": ["m", "n"], "Y": ["m", "k"]}, "W"),
]
LENGTHS = {"n": 4, "m": 5, "k": 3}


def arrays(shapes: dict[str, list[str]], factor: float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    drawn = {n: np.asarray(rng.uniform(0.2, 0.8, size=[LENGTHS[d] for d in s])) for n, s in shapes.items()}
    return {n: a * (factor if n in ("x", "y", "D", "W", "X") else 1) for n, a in drawn.items()}


def flat(result: Any) -> list[Any]:
    return [a for part in result for a in flat(part)] if isinstance(result, tuple) else [result]


@pytest.mark.parametrize(("text", "shapes", "name"), CASES, ids=[c[0] for c in CASES])
def test_the_shift_changes_nothing(
    text: str, shapes: dict[str, list[str]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    f, given = fr.parse(text, variables=shapes), arrays(shapes, 1.0)
    with monkeypatch.context() as plain:
        plain.setattr(prepare, "shifted", list)
        wanted = [fr.compile(f, [name], want=w)(**given) for w in ("value_and_gradient", "hessian")]
    for w, known in zip(("value_and_gradient", "hessian"), wanted, strict=True):
        for a, b in zip(flat(fr.compile(f, [name], want=w)(**given)), flat(known), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(("text", "shapes", "name"), CASES, ids=[c[0] for c in CASES])
def test_nothing_overflows(text: str, shapes: dict[str, list[str]], name: str) -> None:
    f, given = fr.parse(text, variables=shapes), arrays(shapes, 2000.0)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for want in ("value_and_gradient", "hessian"):
            assert all(np.isfinite(a).all() for a in flat(fr.compile(f, [name], want=want)(**given)))


def test_terms_of_weight_zero_are_not_the_largest() -> None:
    f = fr.parse("log(sum(p.*exp(x)))", variables={"x": V, "p": V})
    value, (gradient,) = fr.compile(f, ["x"])(x=np.array([700.0, -50.0]), p=np.array([0.0, 1.0]))
    assert value == -50 and gradient.tolist() == [0, 1]


@pytest.mark.parametrize("text", [
    "sum(exp(x)) + log(sum(exp(x)))", "sqrt(sum(exp(x)))", "log(sum(exp(x)))*sum(p.*exp(x))", "sum(tanh(p'*exp(x)))",
    "log(tr(exp(x)*exp(x)'))",
])  # fmt: skip
def test_what_is_also_read_as_it_is(text: str) -> None:
    """The sum itself is wanted, or goes where the shift cannot be undone."""
    f = fr.parse(text, variables={"x": V, "p": V} if "p'" in text or "p." in text else {"x": V})
    given = arrays({n: ["n"] for n in f.variables}, 1.0)
    value, (gradient,) = fr.compile(f, ["x"])(**given)
    assert np.isclose(value, f.evaluate(**given))
    h = 1e-6
    for k in range(4):
        e = h * np.eye(4)[k]
        slope = (f.evaluate(**{**given, "x": given["x"] + e}) - f.evaluate(**{**given, "x": given["x"] - e})) / (2 * h)
        assert np.isclose(gradient[k], slope, rtol=1e-6)
