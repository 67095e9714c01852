"""Slices, running sums and products, order statistics."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import frechet as fr

V: dict[str, list[str | int]] = {
    "x": ["n"],
    "y": ["n"],
    "a": ["n"],
    "X": ["m", "n"],
    "S": ["n", "n"],
    "q": [2],
    "k": [],
}


def parse(expr: str) -> Any:
    used = set(re.findall(r"[A-Za-z]+", expr))
    return fr.parse(expr, variables={n: dims for n, dims in V.items() if n in used},
                    facts={"k": ["integer"]} if "k" in used else None)  # fmt: skip


@pytest.mark.parametrize(("expr", "wrt", "answer"), [
    ("sum(x[2:4].^2)", "x", "2*eye(n)[:,2:4]*x[2:4]"),
    ("norm2(x[2:4] - x[1:3])^2", "x", "2*(eye(n)[:,2:4] - eye(n)[:,1:3])*(x[2:4] - x[1:3])"),
    ("norm2(X[1:2,:])^2", "X", "2*eye(m)[:,1:2]*X[1:2,:]"),
    ("norm2(X[1:2,2:3])^2", "X", "2*eye(m)[:,1:2]*X[1:2,2:3]*eye(n)[2:3,:]"),
    ("logdet(S[1:2,1:2])", "S", "eye(n)[:,1:2]*inv(S[1:2,1:2])'*eye(n)[1:2,:]"),
    ("(X*x)[1:2]'*q", "x", "X[1:2,:]'*q"),
    ("sum(cumsum(x).^2)", "x", "2*revcumsum(cumsum(x))"),
    ("x'*tril(ones(n, n))*y", "x", "cumsum(y)"),
    ("norm2(cumsum(X*x))^2", "x", "2*X'*revcumsum(cumsum(X*x))"),
    ("a'*revcumsum(x.^2)", "x", "2*x.*cumsum(a)"),
    ("a'*cumprod(x)", "x", "1./x.*revcumsum(a.*cumprod(x))"),
    ("kth(x.^2, k)", "x", "2*x.*atkth(x.^2, k)"),
])  # fmt: skip
def test_the_answer_reads_well(expr: str, wrt: str, answer: str) -> None:
    d = parse(expr).gradient(wrt)
    assert str(d) == answer
    assert str(parse(str(d))) == answer
    assert d.verification.status == "checked"


@pytest.mark.parametrize("expr", ["sum(exp(x[2:4]))", "x[1:3]'*x[2:4]", "sum(cumsum(x).^3)", "sum(cumprod(x))",
                                  "kth(x, k)^2", "sum(sin(X[1:2,:]*x))"])  # fmt: skip
def test_second_derivatives(expr: str) -> None:
    f = parse(expr)
    rng = np.random.default_rng(2)
    point = {"x": rng.standard_normal(5), "X": rng.standard_normal((3, 5)), "k": 2.0}
    point = {n: a for n, a in point.items() if n in f.variables}
    V_ = rng.standard_normal(5)
    h = 1e-5
    ends = [f.gradient("x").evaluate(**{**point, "x": point["x"] + t * V_}) for t in (h, -h)]
    assert np.allclose(f.hessian("x").evaluate(**point) @ V_, (ends[0] - ends[1]) / (2 * h), rtol=1e-6, atol=1e-6)


def differences(x: Any) -> Any:
    return np.sum((x[1:] - x[:-1]) ** 2) + x[-1] ** 2


def block(X: Any) -> Any:
    return np.sum(X[0:2, 1] ** 2) + np.sum(X[1:3] @ X[:, 0])


@pytest.mark.parametrize(("function", "name", "dims"), [(differences, "x", [5]), (block, "X", [3, 3])])
def test_python_slices_reach_them(function: Any, name: str, dims: list[str | int]) -> None:
    f = fr.trace(function, variables={name: dims})
    value = np.random.default_rng(1).standard_normal(dims)
    assert np.allclose(f.evaluate(**{name: value}), function(value))
    assert f.gradient(name).verification.status == "checked"
    assert np.allclose(f.gradient(name).compile("numpy")(value), f.gradient(name).evaluate(**{name: value}))
    g = fr.compile(f, wrt=[name], want="hvp")
    assert np.allclose(
        g(**{name: value, "v": value}), np.tensordot(f.hessian(name).evaluate(**{name: value}), value, len(dims))
    )


@pytest.mark.parametrize(("expr", "code"), [
    ("x[3:2]", "E302"), ("x[0:2]", "E302"), ("q[1:5]", "E302"), ("x[1:]", "E302"), ("x[1:2:3]", "E302"),
    ("vec(X)[2:3]", "E304"), ("x(2:4)", "E100"), ("kth(x, 1.5)", "E303"),
])  # fmt: skip
def test_parts_out_of_place_are_refused(expr: str, code: str) -> None:
    with pytest.raises(fr.FrechetError) as refused:
        str(parse(expr).derivative("x" if "x" in expr else "X" if "X" in expr else "q"))
    assert refused.value.diagnostic.code == code


def test_python_slices_that_have_no_size_are_refused() -> None:
    with pytest.raises(fr.FrechetError):
        fr.trace(lambda x: np.sum(x[1:]), variables={"x": ["n"]})
    with pytest.raises(fr.FrechetError):
        fr.trace(lambda x: np.sum(x[::2]), variables={"x": [4]})
