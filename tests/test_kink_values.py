"""What holds at kinks: where a composite is smooth and what its derivative is there, and what others return."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.ops import REGISTRY
from tests.kinks_random import verdict
from tests.laws.laws import backend

SMOOTH = [
    ("norm2(x)^2", 0.0), ("norm2(x)^3", 0.0), ("sqrt(x^4)", 0.0), ("sqrt(x^6)", 0.0), ("x*abs(x)", 0.0),
    ("abs(x)^3", 0.0), ("x^2*abs(x)", 0.0), ("sin(x)*abs(x)", 0.0), ("cos(abs(x))", 0.0), ("relu(x)^2", 0.0),
    ("relu(x)*relu(-x)", 0.0), ("exp(abs(x)) + exp(-abs(x))", 0.0), ("x/(1 + abs(x))", 1.0), ("abs(x^3)", 0.0),
    ("relu(x) - relu(-x)", 1.0), ("max(x, 0) + min(x, 0)", 1.0), ("where(x == 0, 1, sin(x)/x)", 0.0),
    ("where(x > 0, x^2, 0)", 0.0), ("x^2*sign(x)", 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("expr", "value"), SMOOTH)
def test_a_smooth_composite_has_no_kink_and_its_true_value(expr: str, value: float) -> None:
    d = fr.parse(expr, variables={"x": []}).gradient("x")
    assert d.evaluate(x=0.0) == value
    assert d.kinks == ()
    assert not [c for c in d.conditions if c.startswith("x ")]


@pytest.mark.parametrize(("expr", "condition"), [
    ("sign(x)", "x != 0"), ("x + sign(x)", "x != 0"), ("x + x^2*sign(x - 1)", "x - 1 != 0"),
])  # fmt: skip
def test_a_jump_of_the_function_itself_is_never_lost(expr: str, condition: str) -> None:
    """The formula of the derivative shows nothing of it: that of sign is 0."""
    d = fr.parse(expr, variables={"x": []}).gradient("x")
    assert condition in d.conditions
    assert "it jumps" in d.kinks[0]


@pytest.mark.parametrize(("expr", "conditions"), [
    ("abs(x)", ("x != 0",)), ("relu(x)", ("x != 0",)), ("x*abs(x)", ("x != 0",)), ("x^2*abs(x)", ()),
    ("abs(x)^3", ()), ("sqrt(x^4)", ()), ("sign(x)", ("x != 0",)),
])  # fmt: skip
def test_a_second_derivative_holds_where_the_first_has_no_jump(expr: str, conditions: tuple[str, ...]) -> None:
    assert fr.parse(expr, variables={"x": []}).hessian("x").conditions == conditions


@pytest.mark.parametrize("block", range(3))
def test_random_functions_with_kinks_at_zero(block: int) -> None:
    """Where nothing is stated, the slopes of both sides meet and the formula gives their value."""
    found = [verdict(seed) for seed in range(40 * block, 40 * block + 40)]
    assert not [text for status, text in found if status in ("wrong", "refused")]
    assert sum(status == "cautious" for status, _ in found) <= len(found) / 2


@pytest.mark.slow
@pytest.mark.parametrize("block", range(3, 40))
def test_more_random_functions_with_kinks_at_zero(block: int) -> None:
    test_random_functions_with_kinks_at_zero(block)


# -- what automatic differentiation returns --------------------------------------------------------------------------

# operation -> its argument at a kink, and what each of the words that records use means there
POINTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "sign": (0.0, {"0": 0.0}), "abs": (0.0, {"0": 0.0, "1": 1.0}), "relu": (0.0, {"0": 0.0}),
    "max": (0.0, {"1/2": 0.5}), "min": (0.0, {"1/2": 0.5}),
    "norm2": ([0.0, 0.0], {"NaN": [np.nan] * 2, "0": [0.0] * 2}),
    "norm1": ([1.0, 0.0], {"0": [1.0, 0.0], "1": [1.0, 1.0]}), "norminf": ([2.0, -2.0], {"their mean": [0.5, -0.5]}),
    "nuclear": (np.zeros((2, 2)), {"U*V'": np.eye(2)}), "specnorm": (np.eye(2), {"their mean": np.eye(2) / 2}),
    "eigmax": (np.eye(2), {"one of them": np.diag([0.0, 1.0])}),
    "eigvec": (np.eye(2), {"NaN": np.full((2, 2), np.nan)}),
}  # fmt: skip
CODE = {
    "jax": {"eigmax": "jnp.linalg.eigvalsh({S})[-1]", "eigvec": "jnp.linalg.eigh({S})[1][:, -1]"},
    "torch": {"eigmax": "torch.linalg.eigvalsh({S})[-1]", "eigvec": "torch.linalg.eigh({S})[1][:, -1]"},
}


def theirs(name: str, record: Any, point: Any) -> Any:
    """The gradient that the backend finds of the record's own template (of max(x, 0) for two arguments)."""
    names = backend(name) or {}
    template = CODE[name].get(record.name) or record.template(name, 2 if record.name in ("max", "min") else 1)
    code = template.format(**dict(zip(record.params, ("argument", "other"), strict=False)))
    if name == "jax":
        jax = names["jax"]
        other = names["jnp"].zeros(())
        return jax.grad(lambda x: eval(code, {**names, "argument": x, "other": other}).sum())(
            names["jnp"].asarray(point)
        )
    torch = names["torch"]
    x = torch.tensor(np.asarray(point), requires_grad=True)
    eval(code, {**names, "argument": x, "other": torch.zeros((), dtype=x.dtype)}).sum().backward()
    return x.grad.numpy()


def test_every_record_that_speaks_of_others_is_tried() -> None:
    said = {r.name for r in REGISTRY.values() if r.autodiff is not None and r.code}
    assert said <= set(POINTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["jax", "torch"])
@pytest.mark.parametrize("operation", POINTS)
def test_others_return_what_the_record_says(operation: str, name: str) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"needs {name}: pip install -e '.[{name}]'")
    record, (point, meaning) = REGISTRY[operation], POINTS[operation]
    assert record.autodiff is not None
    said = record.autodiff[("jax", "torch").index(name)]
    assert np.allclose(theirs(name, record, point), meaning[said], equal_nan=True)


def test_the_kink_says_what_others_return() -> None:
    (line,) = fr.parse("max(x, 0)", variables={"x": []}).gradient("x").kinks
    assert line.endswith("[0, 1]; the formula gives 0, autodiff 1/2 in JAX and PyTorch")
    (line,) = fr.parse("relu(x)", variables={"x": []}).gradient("x").kinks
    assert line.endswith("[0, 1]; the formula gives 0, autodiff 0 in JAX and PyTorch")
    (line,) = fr.parse("max(x)", variables={"x": ["n"]}).gradient("x").kinks
    assert line.endswith("autodiff their mean in JAX and PyTorch")
    (line,) = fr.parse("sqrt(x^2)", variables={"x": []}).gradient("x").kinks
    assert line == "x = 0: the slopes on both sides may differ; the formula gives their mean"
    (line,) = fr.parse("abs(x)", variables={"x": []}).gradient("x").kinks
    assert line == ("x = 0: for abs(x) the subdifferential is [-1, 1]; the formula gives 0, "
                    "autodiff 1 in JAX and 0 in PyTorch")  # fmt: skip


# -- rows of the study of tools: k10, k12, k16, k18 -------------------------------------------------------------------


def test_k10_there_is_no_derivative_of_an_eigenvector_at_a_repeated_eigenvalue() -> None:
    d = fr.parse("a'*eigvec(A)", variables={"a": ["n"], "A": ["n", "n"]}).gradient("A")
    assert np.isnan(d.evaluate(a=np.ones(3), A=np.eye(3))).all()
    assert np.isfinite(d.evaluate(a=np.ones(3), A=np.diag([1.0, 2.0, 3.0]))).all()
    assert "the largest eigenvalue of A is simple" in d.conditions


def test_k12_the_derivative_of_a_pseudoinverse_holds_along_the_same_rank() -> None:
    """At diag(1, 0) the formula is the derivative along directions that keep the rank; the condition says so."""
    f = fr.parse("sum(pinv(A))", variables={"A": ["m", "n"]})
    d = f.gradient("A")
    A = np.diag([1.0, 0.0])
    G = d.evaluate(A=A)
    assert "the rank of A is constant" in d.conditions
    u, v = np.array([1.0, 0.0]), np.array([1.0, 0.0])
    for du, dv in ((np.array([0.3, 0.7]), np.zeros(2)), (np.zeros(2), np.array([-0.4, 0.9]))):
        h = 1e-6
        change = [float(f.evaluate(A=np.outer(u + s * h * du, v + s * h * dv))) for s in (1, -1)]
        along = np.outer(du, v) + np.outer(u, dv)
        assert np.sum(G * along) == pytest.approx((change[0] - change[1]) / (2 * h), rel=1e-6)


def test_k16_both_ways_to_write_a_determinant_agree_in_both_conventions() -> None:
    S = np.array([[2.0, 0.3], [0.3, 1.0]])
    for mode in (False, True, "tangent"):
        values = []
        for expr in ("logdet(S)", "2*sum(log(diag(chol(S))))"):
            d = fr.parse(expr, variables={"S": ["n", "n"]}, facts={"S": ["spd"]}).gradient("S", structured=mode)
            assert "symmetric matrix" in d.report()
            values.append(d.evaluate(S=S))
        assert np.allclose(*values)


def test_k18_the_checker_says_that_there_is_a_kink_however_it_is_written() -> None:
    for f in (lambda x: np.maximum(x, 0.0).sum(), lambda x: np.where(x > 0, x, 0.0).sum()):
        for claimed in (lambda x: (x > 0) * 1.0, lambda x: (x > 0) + 0.5 * (x == 0)):
            report = fr.numeric.check_gradient(f, claimed, np.array([0.0, 1.0]))
            assert report.status == "not differentiable"
            assert "kink" in report.message
