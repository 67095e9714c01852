"""The derivative of relu is written as a comparison, which text and LaTeX read back."""

from __future__ import annotations

import numpy as np
import pytest

import frechet as fr
from frechet.notation.mathml import to_mathml
from frechet.notation.unicode import to_unicode

SIZES = {"X": ["m", "n"], "w": ["n"], "y": ["m"], "c": [], "d": [], "W": ["n", "n"]}
GRADIENTS = [
    ("relu(c)", "c", "(c > 0)", r"\mathbb{1}[c > 0]", "𝟙[c > 0]"),
    ("relu(-c)*d", "c", "-d*(c < 0)", r"-d \mathbb{1}[c < 0]", "−d 𝟙[c < 0]"),
    ("max(d*c - 1, 0)", "c", "d*(d*c > 1)", None, None),
    ("sum(relu(X*w))", "w", "X'*(X*w > 0)", r"X^\top \mathbb{1}[X w > 0]", "Xᵀ 𝟙[X w > 0]"),
    ("sum(relu(vector(1) - y.*(X*w)))", "w", "-X'*(y.*(y.*(X*w) < 1))", None, None),
    ("c*sum(relu(y - X*w))", "w", "-c*X'*(y > X*w)", None, None),
    ("sum(relu(abs(w) - c*vector(1)))", "c", "-sum(abs(w) > c)", None, None),
    ("w'*relu(W)*w", "W", "(w*w').*(W > 0)", None, None),
    ("norm2(X*relu(w) - y)^2/2", "w", "(w > 0).*(X'*(X*relu(w) - y))", None, None),
]


@pytest.mark.parametrize(("text", "name", "expected", "latex", "plain"), GRADIENTS)
def test_relu_gives_an_indicator(text: str, name: str, expected: str, latex: str | None, plain: str | None) -> None:
    used = {k: v for k, v in SIZES.items() if k in text.replace("relu", "").replace("vector", "").replace("max", "")}
    d = fr.parse(text, variables=used).gradient(name)
    assert str(d) == expected
    assert latex is None or d.latex() == latex
    assert plain is None or plain in d.card().text
    rng = np.random.default_rng(0)
    sizes = {"m": 4, "n": 3}
    point = {k: rng.standard_normal([sizes[s] for s in v]) for k, v in used.items()}
    for again in (fr.parse(str(d), variables=used), fr.parse_latex(d.latex(), variables=used)):
        assert np.allclose(again.evaluate(**point), d.evaluate(**point), rtol=1e-14)
    assert fr.check(text, name, expected, variables=used).proof == "proved"


def test_a_comparison_in_brackets_is_a_value_and_a_bare_one_a_mistake() -> None:
    f = fr.parse("(x > 2)", variables={"x": []})
    assert str(f) == "(x > 2)"
    assert (f.evaluate(x=3.0), f.evaluate(x=2.0)) == (1, 0)
    with pytest.raises(fr.FrechetError) as caught:
        fr.parse("x > 2", variables={"x": []})
    assert caught.value.diagnostic.code == "E108"
    assert "(x > 0)" in caught.value.diagnostic.help


def test_conditions_stay_bare_where_they_choose() -> None:
    f = fr.parse("where(x > 0 & x < 2, (x > 1)*x, x^2)", variables={"x": []})
    assert f.latex() == (
        r"\begin{cases} \mathbb{1}[x > 1] x & \text{if } x > 0 \wedge x < 2 \\ x^2 & \text{otherwise} \end{cases}"
    )
    assert str(fr.parse_latex(f.latex(), variables={"x": []})) == str(f)
    assert to_unicode(f.tree) == "where(x > 0 ∧ x < 2, 𝟙[x > 1] x, x²)"
    assert "𝟙" in to_mathml(f.latex())


@pytest.mark.parametrize(("latex", "words"), [
    (r"\begin{cases} x & x > 0 \\ 1 & x < -1 \end{cases}", "otherwise"),
    (r"\begin{cases} x & \text{otherwise} \\ 1 & x < -1 \end{cases}", "last"),
    (r"\begin{cases} x & \text{if } x > 0", "not ended"),
    (r"\mathbb{1}[x > ]", "operand"),
    (r"x > 0", "not expected"),
])  # fmt: skip
def test_conditions_that_cannot_be_read(latex: str, words: str) -> None:
    with pytest.raises(fr.FrechetError) as caught:
        fr.parse_latex(latex, variables={"x": []})
    assert words in str(caught.value)


def test_steps_write_the_indicator() -> None:
    told = fr.parse("max(0, c - norm2(x - y))^2", variables={"c": [], "x": ["n"], "y": ["n"]}).gradient("x").steps()
    assert told.proved
    assert "(c - norm2(x - y) > 0)" in str(told)
