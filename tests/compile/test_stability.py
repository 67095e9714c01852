"""Formulas at extreme points: the compiled value and gradient keep their digits, by rules each of which is a law."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.compile.stable import rewriting
from frechet.compile.stable.rules import RULES

_SPEC = importlib.util.spec_from_file_location("stability", Path(__file__).parents[2] / "docs" / "stability.py")
assert _SPEC is not None and _SPEC.loader is not None
stability: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(stability)
mp = stability.mp


@pytest.mark.parametrize("row", stability.ROWS, ids=lambda r: r.text)
def test_the_compiled_value_and_gradient_are_accurate(row: Any) -> None:
    assert max(stability.ours(row)) <= stability.BOUND


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_in_jax_and_torch_as_well(backend: str) -> None:
    module = pytest.importorskip(backend, reason="pip install jax torch==2.13.0")
    before = module.config.read("jax_enable_x64") if backend == "jax" else None
    if backend == "jax":
        module.config.update("jax_enable_x64", True)
    try:
        for row in stability.ROWS:
            assert max(stability.ours(row, backend)) <= stability.BOUND, row.text
    finally:
        if backend == "jax":
            module.config.update("jax_enable_x64", before)


def test_the_page_is_there() -> None:
    text = stability.PAGE.read_text()
    for row in stability.ROWS:
        assert f"| `{row.text}` | {stability._place(row)} |" in text


class _Laws(stability._Exact):  # type: ignore[misc]
    """The words that laws are written in."""

    @staticmethod
    def log1mexp(x: Any) -> Any:
        return mp.log(1 - mp.exp(x))

    @staticmethod
    def erfcx(x: Any) -> Any:
        return mp.exp(x * x) * mp.erfc(x)

    @staticmethod
    def softplus(x: Any) -> Any:
        return mp.log(1 + mp.exp(x))

    @staticmethod
    def logsumexp(x: Any) -> Any:
        return mp.log(sum(mp.exp(v) for v in x))

    @staticmethod
    def logdet(X: Any) -> Any:
        return mp.log(abs(mp.det(mp.matrix(X.tolist()))))

    @staticmethod
    def detsign(X: Any) -> Any:
        return mp.sign(mp.det(mp.matrix(X.tolist())))

    @staticmethod
    def hypot(x: Any, y: Any) -> Any:
        return mp.hypot(x, y)

    @staticmethod
    def exprel(x: Any) -> Any:
        return mp.expm1(x) / x

    @staticmethod
    def sinc(x: Any) -> Any:
        return mp.sin(x) / x

    @staticmethod
    def max(x: Any) -> Any:
        return max(x)

    def __getattr__(self, name: str) -> Any:
        words = {"abs": np.abs, "sign": np.frompyfunc(mp.sign, 1, 1), "log1p": np.frompyfunc(mp.log1p, 1, 1)}
        return words.get(name) or super().__getattr__(name)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.name)
def test_every_rule_is_an_identity(rule: Any) -> None:
    left, right = rule.law.split(" = ")
    variables = [n for n in ("x", "y", "a", "X") if stability.re.search(rf"\b{n}\b", rule.law)]
    vectors = any(word in left for word in ("softmax", "prod", "norm2", "sum"))
    rng = np.random.default_rng(0)
    for _ in range(3):
        given = {}
        for n in variables:
            drawn = rng.uniform(0.3, 2.0, size=(3, 3) if n == "X" else 3 if vectors else ())
            drawn = drawn @ drawn.T + np.eye(3) if n == "X" else drawn
            given[n] = np.frompyfunc(mp.mpf, 1, 1)(drawn.astype(object)) if drawn.ndim else mp.mpf(float(drawn))
        values = [stability.typed(side, variables)(_Laws(), **given) for side in (left, right)]
        assert stability.error(values[0], values[1]) < 1e-15


def test_every_rule_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    fired: set[str] = set()

    def watched(rule: Any) -> Any:
        def fire(node: Any) -> Any:
            found = rule.fire(node)
            fired.update([rule.name] if found is not None else [])
            return found

        return replace(rule, fire=fire)

    monkeypatch.setattr(rewriting, "RULES", [watched(r) for r in RULES])
    texts = {r.text: {n: ["n"] * np.ndim(v) for n, v in r.at.items()} for r in stability.ROWS}
    texts |= {"exp(-x^2)/(1 - erf(x))": {"x": []}, "exp(x)/(exp(x) - 1)": {"x": []}, "log(cosh(x)^2)": {"x": []},
              "sum((x - mean(x)*ones(n)).^2)": {"x": ["n"]}}  # fmt: skip
    for text, variables in texts.items():
        f = fr.parse(text, variables=variables)
        for want in ("value_and_gradient", "hessian"):
            assert fr.compile(f, ["x" if "x" in variables else "X"], want=want).source
    assert {r.name for r in RULES} - fired == set()


@pytest.mark.parametrize(("text", "x", "wanted"), [
    ("tanh(x)", 20.0, lambda x: -2 * mp.tanh(x) / mp.cosh(x) ** 2),
    ("sum(log(1 + exp(x)))", 40.0, lambda x: 1 / (2 + mp.exp(x) + mp.exp(-x))),
    ("log(cosh(x))", 20.0, lambda x: 1 / mp.cosh(x) ** 2),
    ("log(1 - erf(x))", 3.0, lambda x: mp.diff(lambda t: mp.log(mp.erfc(t)), x, 2)),
    ("1/(1 + exp(-x))", 1e-9, lambda x: -mp.tanh(x / 2) * mp.sech(x / 2) ** 2 / 4),
    ("exp(x)/(1 + exp(x))", 600.0, lambda x: -mp.tanh(x / 2) * mp.sech(x / 2) ** 2 / 4),
    ("log(1 - exp(-x))", 1e-9, lambda x: -mp.exp(x) / mp.expm1(x) ** 2),
    ("(exp(x) - 1)/x", 1e-9, lambda x: mp.mpf(1) / 3 + x / 4),
    ("x/(exp(x) - 1)", 1e-9, lambda x: mp.mpf(1) / 6 - x * x / 60),
    ("x/(exp(x) - 1)", 5.0, lambda x: mp.diff(lambda t: t / mp.expm1(t), x, 2)),
    ("sin(x)/x", 1e-9, lambda x: -mp.mpf(1) / 3 + x * x / 10),
    ("sin(x)/x", 2.0, lambda x: mp.diff(lambda t: mp.sin(t) / t, x, 2)),
    ("(1 - cos(x))/x^2", 1e-9, lambda x: -mp.mpf(1) / 12),
    ("log(tanh(x))", 20.0, lambda x: -4 * mp.cosh(2 * x) / mp.sinh(2 * x) ** 2),
    ("sqrt(1 + x^2) - 1", 1e7, lambda x: (1 + x * x) ** mp.mpf(-1.5)),
])  # fmt: skip
def test_second_derivatives(text: str, x: float, wanted: Any) -> None:
    hessian = fr.compile(fr.parse(text, variables={"x": []}), ["x"], want="hessian")(x=np.array(x))
    assert stability.error(hessian, wanted(mp.mpf(x))) < 1e-11


def test_ordinary_points_keep_their_values() -> None:
    """What is rewritten is the same function: against the value of the formula as typed."""
    rng = np.random.default_rng(1)
    for row in stability.ROWS:
        shapes = {n: ["n"] * np.ndim(v) for n, v in row.at.items()}
        f = fr.parse(row.text, variables=shapes)
        arrays = {n: rng.uniform(0.2, 0.9, size=(3,) * np.ndim(v)) for n, v in row.at.items()}
        if "X" in arrays:
            arrays["X"] = arrays["X"] @ arrays["X"].T + np.eye(3)
        value, _ = fr.compile(f, [next(iter(row.at))])(**arrays)
        np.testing.assert_allclose(value, f.evaluate(**arrays), rtol=1e-12, err_msg=row.text)


def test_what_has_no_value_gets_none() -> None:
    g = fr.compile(fr.parse("log(prod(x))", variables={"x": ["n"]}), ["x"])
    with np.errstate(all="ignore"):
        assert np.isnan(g(x=np.array([-1.0, 2.0]))[0])
        assert g(x=np.array([0.0, 2.0]))[0] == -np.inf
    assert g(x=np.array([-1.0, -2.0]))[0] == pytest.approx(np.log(2))
