"""The public names, as a user calls them."""

from __future__ import annotations

import numpy as np
import pytest

import frechet as fr

LEAST_SQUARES = {"X": ["m", "n"], "w": ["n"], "y": ["m"]}


def least_squares() -> fr.Function:
    return fr.parse("norm2(X*w - y)^2", variables=LEAST_SQUARES)


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"X": rng.standard_normal((4, 3)), "w": rng.standard_normal(3), "y": rng.standard_normal(4)}


def test_a_function_knows_its_shape_and_variables() -> None:
    f = least_squares()
    assert f.shape == ()
    assert f.variables == {"X": ("m", "n"), "w": ("n",), "y": ("m",)}
    a = arrays()
    assert f.evaluate(**a) == pytest.approx(np.sum((a["X"] @ a["w"] - a["y"]) ** 2))


def test_value_shape_report_and_code_of_a_gradient() -> None:
    d, a = least_squares().gradient("w"), arrays()
    expected = 2 * a["X"].T @ (a["X"] @ a["w"] - a["y"])
    assert d.shape == ("n",)
    np.testing.assert_allclose(d.evaluate(**a), expected)
    np.testing.assert_allclose(d.compile("numpy")(**a), expected)
    assert "def gradient(X, w, y)" in d.code("numpy")
    assert "checked" in d.report()
    assert d.verification.status == "checked"
    assert d.verification.points == 6


def test_layouts_change_what_is_printed_and_nothing_else() -> None:
    f = fr.parse("A*x", variables={"A": ["m", "n"], "x": ["n"]})
    one, other = f.jacobian("x"), f.jacobian("x", layout="denominator")
    assert (str(one), str(other)) == ("A", "A'")
    a = {"A": np.ones((2, 3)), "x": np.ones(3)}
    np.testing.assert_allclose(one.evaluate(**a), other.evaluate(**a))
    assert one.shape == other.shape == ("m", "n")


def test_the_jacobian_of_a_scalar_is_the_row() -> None:
    assert str(least_squares().jacobian("w")) == "2*(X*w - y)'*X"


def test_stacked_variables() -> None:
    f = fr.parse("x1^2 + exp(x1*x2) + 2*log(x2)", variables={"x1": [], "x2": []}, domain={"x2": "positive"})
    g, h = f.gradient(["x1", "x2"]), f.hessian(["x1", "x2"])
    point = {"x1": 0.5, "x2": 2.0}
    e = np.exp(1.0)
    np.testing.assert_allclose(g.evaluate(**point), [1 + 2 * e, 0.5 * e + 1])
    np.testing.assert_allclose(h.evaluate(**point), [[2 + 4 * e, 2 * e], [2 * e, 0.25 * e - 0.5]])
    np.testing.assert_allclose(fr.parse(str(h), variables={"x1": [], "x2": []}).evaluate(**point), h.evaluate(**point))


def test_stacked_vectors_and_scalars() -> None:
    known = {"X": ["m", "n"], "w": ["n"], "b": [], "y": ["m"]}
    f = fr.parse("norm2(X*w + b*ones(m) - y)^2", variables=known)
    h = f.hessian(["w", "b"])
    assert str(h) == "[2*X'*X, 2*sum(X, 1)'; 2*sum(X, 1), 2*m]"
    assert h.shape == ("n + 1", "n + 1")
    assert h.verification.status == "checked"
    X = np.arange(6.0).reshape(3, 2)
    full = np.column_stack([X, np.ones(3)])
    np.testing.assert_allclose(h.evaluate(X=X, w=np.ones(2), b=0.5, y=np.zeros(3)), 2 * full.T @ full)
    with pytest.raises(fr.FrechetError) as caught:
        h.code()
    assert caught.value.diagnostic.code == "E504"


def test_a_variable_may_have_any_name() -> None:
    f = fr.parse("self'*self", variables={"self": ["n"]})
    np.testing.assert_allclose(f.gradient("self").evaluate(self=np.arange(3.0)), 2 * np.arange(3.0))


REFUSED = [
    ("gradient", ("q",), "E500"),
    ("gradient", ("",), "E500"),
    ("gradient", ("exp",), "E500"),
    ("jacobian", ("z",), "E500"),
    ("derivative", (), "E500"),
    ("gradient", ([],), "E500"),
    ("gradient", (None,), "E500"),
    ("gradient", (["w", 3],), "E500"),
    ("hessian", (["X"],), "E500"),
]


@pytest.mark.parametrize(("method", "args", "code"), REFUSED)
def test_refusals(method: str, args: tuple[object, ...], code: str) -> None:
    with pytest.raises(fr.FrechetError) as caught:
        getattr(least_squares(), method)(*args)
    assert caught.value.diagnostic.code == code
    assert caught.value.diagnostic.message


def test_the_gradient_of_a_vector_and_by_a_constant_are_refused() -> None:
    with pytest.raises(fr.FrechetError) as caught:
        fr.parse("A*x").gradient("x")
    assert caught.value.diagnostic.code == "E501"
    with pytest.raises(fr.FrechetError) as caught:
        fr.parse("c*x'*x", variables={"c": [], "x": ["n"]}, facts={"c": ["constant"]}).gradient("c")
    assert caught.value.diagnostic.code == "E502"


def test_unknown_options_are_refused() -> None:
    with pytest.raises(fr.FrechetError) as caught:
        least_squares().gradient("w", lay_out="numerator")
    assert caught.value.diagnostic.code == "E505"
    with pytest.raises(fr.FrechetError):
        least_squares().gradient("w", layout="sideways")
    with pytest.raises(fr.FrechetError):
        least_squares().gradient("w").code("cobol")


def test_a_wrong_answer_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check stands between the engine and the reader: sabotage one rule and nothing comes out."""
    from frechet.ops import REGISTRY

    rule = REGISTRY["sinh"].rule
    monkeypatch.setattr(rule, "partials", (lambda x: REGISTRY["cos"].build(x),))
    with pytest.raises(fr.VerificationError) as caught:
        str(fr.parse("sum(sinh(x))").gradient("x"))
    assert caught.value.diagnostic.code == "E600"
    assert str(fr.parse("sum(sinh(x))").gradient("x", verify=False)) == "cos(x)"
