"""Formulas of the kinds that users type, losses, likelihoods, statistics, control, as an expert writes them."""

from __future__ import annotations

import numpy as np
import pytest

import frechet as fr
from frechet.core.build import add
from frechet.core.ein import ein, is_zero
from frechet.core.node import var
from frechet.equality.centred import centred

SIZES = {
    "x": ["n"], "y": ["n"], "a": ["n"], "e": [], "l": [], "s": [], "b": [], "W": ["m", "k"], "H": ["k", "n"],
    "X": ["m", "n"], "w": ["n"], "K": ["n", "n"], "h": [3], "v": [6], "z": [8], "r": ["m"], "A": ["n", "n"],
}  # fmt: skip
X_C, Y_C = "(x - mean(x)*ones(n))", "(y - mean(y)*ones(n))"
PRINTED = [
    (f"norm2{X_C}^2/(n - 1)", "x", "2*(x - mean(x)*ones(n))/(n - 1)"),
    (f"{X_C}'*{Y_C}/(norm2{X_C}*norm2{Y_C})", "x",
     "(s - (t'*s)*t/u^2)/(norm2(s)*u) where s = y - mean(y)*ones(n), t = x - mean(x)*ones(n), u = norm2(t)"),
    (f"a'*({X_C}/sqrt(norm2{X_C}^2/n + e))", "x",
     "(a - (sum(a)*ones(n) + (s'*a)*s/t)/n)/sqrt(t) where s = x - mean(x)*ones(n), t = norm2(s)^2/n + e"),
    ("sum(X.*log(X./(W*H)) - X + W*H)", "W", "ones(m)*sum(H, 2)' - (X./(W*H))*H'"),
    ("y'*inv(K + s^2*eye(n))*y/2 + logdet(K + s^2*eye(n))/2", "s",
     "s*(tr(inv(K + s^2*eye(n))) - y'*inv(K + s^2*eye(n))^2*y)"),
    ("norm2(conv(h, v) - z)^2/2 + l/2*norm2(v)^2", "v", "corr(conv(h, v) - z, h) + l*v"),
    ("sum(x.*sigmoid(b*x))", "x", "(1 + b*x.*(1 - sigmoid(b*x))).*sigmoid(b*x)"),
]  # fmt: skip


def parse(text: str) -> fr.Function:
    names = fr.parse(text).variables
    return fr.parse(text, variables={n: SIZES[n] for n in names}, domain={n: "positive" for n in names if n in "XWH"})


@pytest.mark.parametrize(("text", "name", "gradient"), PRINTED, ids=[p[2][:30] for p in PRINTED])
def test_gradients_read_as_an_expert_writes_them(text: str, name: str, gradient: str) -> None:
    d = parse(text).gradient(name)
    assert str(d) == gradient
    assert d.verification.status == "checked"


@pytest.mark.parametrize(("text", "name", "hessian"), [
    ("sum(x.*(1 + erf(x/sqrt(2)))/2)", "x", "sqrt(2)*diag((2 - x.^2).*exp(-x.^2/2))/(2*sqrt(3.141592653589793))"),
    ("sum(x.*sigmoid(b*x))", "x", "b*diag((2 + b*x.*(1 - 2*sigmoid(b*x))).*sigmoid(b*x).*(1 - sigmoid(b*x)))"),
])  # fmt: skip
def test_hessians_read_as_an_expert_writes_them(text: str, name: str, hessian: str) -> None:
    assert str(parse(text).hessian(name)) == hessian


def test_sums_of_centred_values_are_zero() -> None:
    x, a = var("x", ("n",)), var("a", ("n",))
    mean = ein(1, [(x, (0,), 1)], (), {0: "n"})
    spread = ein(1, [(mean, (), 1)], (1,), {1: "n"})
    size = ein(1, [], (), {0: "n"})
    middle = ein(1, [(spread, (0,), 1), (size, (), -1)], (0,), {0: "n"})
    off = add([(1, x), (-1, middle)], ("n",))
    assert is_zero(centred(ein(1, [(off, (0,), 1)], (), {0: "n"})))
    both = add([(1, a), (2, ein(1, [(off, (0,), 1), (mean, (), 2)], (0,), {0: "n"}))], ("n",))
    assert centred(ein(1, [(both, (0,), 1)], (), {0: "n"})) is ein(1, [(a, (0,), 1)], (), {0: "n"})
    weighted = ein(1, [(off, (0,), 1), (a, (0,), 1)], (), {0: "n"})
    assert centred(weighted) is weighted
    assert centred(x) is x


def test_powers_of_functions_and_plain_products() -> None:
    f = parse("tr(inv(A)*inv(A)) + tr(A*A)")
    text = str(f.gradient("A"))
    point = {"A": np.eye(3) * 2 + np.arange(9.0).reshape(3, 3) / 10}
    assert np.allclose(fr.parse(text, variables={"A": ["n", "n"]}).evaluate(**point), f.gradient("A").evaluate(**point))


@pytest.mark.parametrize(("text", "name", "gradient", "hessian"), [
    ("(b + 1)/2*sum(log(1 + (x - a).^2/(b*s^2)))", "x", "(b + 1)*(x - a)./((x - a).^2 + b*s^2*ones(n))",
     "(b + 1)*diag((b*s^2*ones(n) - (x - a).^2)./((x - a).^2 + b*s^2*ones(n)).^2)"),
    ("exp(-norm2(x/sqrt(2))^2)", "x", None, None),
    ("-sum(log((1 + erf(r.*(X*w)/sqrt(2)))/2))", "w",
     "-sqrt(2)*X'*(r.*exp(-(r.*(X*w)).^2/2)./(1 + erf(r.*(X*w)/sqrt(2))))/sqrt(3.141592653589793)", None),
    ("tr(diag(x)*A*diag(y)*diag(x)*diag(1./y)*A')", "x", None, None),
])  # fmt: skip
def test_denominators_and_roots(text: str, name: str, gradient: str | None, hessian: str | None) -> None:
    f = parse(text)
    for d, wanted in ((f.gradient(name), gradient), (f.hessian(name), hessian)):
        assert wanted is None or str(d) == wanted
        assert d.verification.status == "checked"
        assert "diag(x)*diag" not in str(d)


@pytest.mark.parametrize(("text", "name", "gradient"), [
    ("sum(r.*exp(-X*w) + X*w)", "w", "X'*(1 - r.*exp(-X*w))"),
    ("logsumexp(X*w) - sum(X*w)", "w", "X'*(softmax(X*w) - 1)"),
    ("sum(X*w)", "w", "sum(X, 1)'"),
    ("b*sum(X*w) + norm2(X*w)^2", "w", None),
])  # fmt: skip
def test_sums_of_rows_share_their_matrix(text: str, name: str, gradient: str | None) -> None:
    d = parse(text).gradient(name)
    assert gradient is None or str(d) == gradient
    assert d.verification.status == "checked"


@pytest.mark.parametrize(("text", "name", "conditions"), [
    ("x'*y/(norm2(x)*norm2(y))", "x", ("y != 0", "x != 0")),
    ("(w'*w)/(w'*a)^2", "w", ("w'*a != 0",)),
    ("1/(b*s^2)", "b", ("b != 0", "s != 0")),
    ("1/(b*s - l)", "b", ("b*s - l != 0",)),
    ("1/(b*s)", "b", ("b != 0", "s != 0")),
])  # fmt: skip
def test_conditions_are_said_once(text: str, name: str, conditions: tuple[str, ...]) -> None:
    assert set(fr.parse(text).gradient(name).conditions) == set(conditions)


def test_pi_and_powers_of_inverses_in_latex() -> None:
    variables: dict[str, list[str | int]] = {"X": ["m", "n"], "l": [], "y": ["m"], "x": ["n"]}
    ridge = fr.parse("y'*(eye(m) - X*inv(X'*X + l*eye(n))*X')*y", variables={n: variables[n] for n in "Xly"})
    d = ridge.gradient("l")
    assert d.latex() == r"y^\top X (X^\top X + l I_{n})^{-2} X^\top y"
    assert "⁻²" in d.card().text
    bell = fr.parse("sum(erf(x))", variables={"x": ["n"]}).gradient("x")
    assert bell.latex() == r"\frac{2 \exp(-x^{\odot 2})}{\sqrt{\pi}}"
    assert "√(π)" in bell.card().text
    for found in (d, bell):
        again = fr.parse_latex(found.latex(), variables=dict(found.function.variables))
        rng = np.random.default_rng(3)
        point = {n: rng.uniform(0.5, 1, [{"m": 4, "n": 3}[str(k)] for k in v]) for n, v in again.variables.items()}
        assert np.allclose(again.evaluate(**point), found.evaluate(**point), rtol=1e-12)


def test_a_declared_pi_is_a_variable() -> None:
    assert fr.parse_latex(r"\pi x", variables={"pi": [], "x": []}).variables == {"pi": (), "x": ()}
    assert fr.parse_latex(r"\pi x", variables={"x": []}).evaluate(x=1.0) == np.pi


@pytest.mark.parametrize(("text", "name", "gradient", "conditions"), [
    ("max(0, norm2(x - a)^2 - norm2(x - y)^2 + b)", "x",
     "2*(norm2(x - a)^2 - norm2(x - y)^2 + b > 0)*(y - a)", ("norm2(x - a)^2 - norm2(x - y)^2 + b != 0",)),
    ("exp(-norm2(x - y)^2/(2*s^2))", "x", "-exp(-norm2(x - y)^2/(2*s^2))*(x - y)/s^2", ("s != 0",)),
    ("norm1(X*w - r)", "w", "X'*sign(X*w - r)", ("X*w - r != 0 in every entry",)),
    ("norm2(X - W*diag(v)*M)^2", "v", None, ()),
])  # fmt: skip
def test_what_the_user_wrote_stays(text: str, name: str, gradient: str | None, conditions: tuple[str, ...]) -> None:
    variables = {n: SIZES[n] for n in fr.parse(text).variables if n in SIZES}
    if "diag(v)" in text:
        variables = {"X": ["m", "n"], "W": ["m", "k"], "v": ["k"], "M": ["k", "n"]}
    d = fr.parse(text, variables=variables).gradient(name)
    assert gradient is None or str(d) == gradient
    assert d.conditions == conditions
    if gradient is None:
        assert "X'" not in str(d)


def test_an_identity_minus_ones_is_not_written_as_a_number() -> None:
    d = fr.parse("sum((x*ones(n)' - ones(n)*x').^2)", variables={"x": ["n"]}).hessian("x")
    assert "ones(n, n)" in str(d)
