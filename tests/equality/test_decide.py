"""Claims of equality: the true ones proved, the false ones refuted at a point that can be checked by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from frechet.core.errors import FrechetError
from frechet.equality.decide import Decision, decide, decide_trees, show
from frechet.equality.exact import High, Rational, value_of
from frechet.equality.interpret import interpret
from frechet.equality.reduce import _forms
from frechet.equality.whole import small_values
from frechet.language.declarations import declare
from frechet.language.lower import lower, variable_node
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text
from frechet.language.tree import Tree
from frechet.reference.evaluate import evaluate

VARIABLES = {
    "a": [], "b": [], "x": ["n"], "y": ["n"], "w": ["n"], "z": ["m"], "A": ["n", "n"], "B": ["n", "n"],
    "S": ["n", "n"], "Q": ["n", "n"], "P": ["n", "n"], "X": ["m", "n"],
}  # fmt: skip
FACTS = {"S": ["symmetric"], "Q": ["orthogonal"], "P": ["spd"]}
KNOWN = declare(VARIABLES, FACTS)

TRUE = """
norm2(X*w-z)^2 == sum((z-X*w).^2)
(X*w-z)'*(X*w-z) == w'*X'*X*w-2*z'*X*w+z'*z
sigmoid(-x) == 1-sigmoid(x)
sigmoid(-x) == 1./(1+exp(x))
exp(-x)./(1+exp(-x)) == 1-sigmoid(x)
exp(-x)./(1+exp(-x)).^2 == sigmoid(x).*(1-sigmoid(x))
1-tanh(x).^2 == 4./(exp(x)+exp(-x)).^2
tanh(x) == 2*sigmoid(2*x)-1
sin(x).^2+cos(x).^2 == ones(n)
sin(2*x) == 2*sin(x).*cos(x)
cosh(x).^2-sinh(x).^2 == ones(n)
1+tan(x).^2 == 1./cos(x).^2
exp(x)/sum(exp(x)) == softmax(x)
sum(softmax(x)) == 1
logsumexp(x)-log(sum(exp(x))) == 0
log(sigmoid(x)) == -softplus(-x)
softplus(x)-softplus(-x) == x
log(exp(x).*exp(y)) == x+y
((A+A')*x*(x'*x)-2*x*(x'*A*x))/(x'*x)^2 == (A+A')*x/(x'*x)-2*(x'*A*x)*x/(x'*x)^2
1/(1+x'*x)-1 == -x'*x/(1+x'*x)
sqrt(1+x'*x)-1/sqrt(1+x'*x) == x'*x/sqrt(1+x'*x)
(a+b)^3 == a^3+3*a^2*b+3*a*b^2+b^3
x-x == zeros(n)
tr(A*B) == tr(B*A)
tr(A*B*S) == tr(S*B'*A')
norm2(A*B)^2 == tr(A'*A*B*B')
x'*(X'*z) == (X*x)'*z
diag(x)*y == x.*y
sum(A*x) == ones(n)'*A*x
inv(A*B) == inv(B)*inv(A)
inv(A*A') == inv(A)'*inv(A)
inv(X'*X)*X'*X*w == w
inv(A+B)*(A+B) == eye(n)
inv(A+B)*A == eye(n)-inv(A+B)*B
(X'*X+a*eye(n))*inv(X'*X+a*eye(n)) == eye(n)
inv(X'*X+a*eye(n))*X'*X == eye(n)-a*inv(X'*X+a*eye(n))
inv(P)*P == eye(n)
Q'*Q == eye(n)
log(det(P)) == logdet(P)
logdet(A*B) == logdet(A)+logdet(B)
det(A*S*B) == det(A)*det(S)*det(B)
abs(x).^2 == x.^2
x./abs(x) == sign(x)
x.^3.*sign(x) == abs(x).^3
relu(x) == (x+abs(x))/2
max(x,y)+min(x,y) == x+y
sqrt(2)*x/sqrt(3) == sqrt(6)*x/3
"""

FALSE = """
norm2(X*w-z) == sum((z-X*w).^2)
(X*w-z)'*(X*w-z) == w'*X'*X*w-z'*X*w+z'*z
x'*A*y == x'*A'*y
A*B == B*A
tr(A*B*S) == tr(B*A*S)
inv(A+B) == inv(A)+inv(B)
logdet(A+B) == logdet(A)+logdet(B)
sigmoid(x) == 1-sigmoid(x)
tanh(x) == sigmoid(2*x)-1
norm2(x+y) == norm2(x)+norm2(y)
x == zeros(n)
exp(x+y) == exp(x)+exp(y)
3.14159*a == 3.141592653589793*a
sqrt(x.^2) == x
softmax(x) == exp(x)
"""

# True, with no rule that shows it: they must come out as evidence, never as refuted, and not as proved by accident.
SHOWN_ONLY = """
inv(eye(n)+A*B)*A == A*inv(eye(n)+B*A)
det(a*A) == a^n*det(A)
"""


def pairs(text: str) -> list[tuple[str, str]]:
    return [(left.strip(), right.strip()) for left, right in (line.split("==") for line in text.strip().splitlines())]


def typed(text: str) -> Tree:
    return elaborate(parse_text(text), KNOWN, source=text)[0]


def claim(left: str, right: str, **options: bool) -> Decision:
    return decide_trees(typed(left), typed(right), KNOWN, **options)


@pytest.mark.parametrize(("left", "right"), pairs(TRUE))
def test_true_claims_are_proved(left: str, right: str) -> None:
    assert claim(left, right).status == "proved"


@pytest.mark.parametrize(("left", "right"), pairs(TRUE))
def test_every_form_on_the_way_to_a_proof_vanishes_where_the_first_does(left: str, right: str) -> None:
    """A rule that changed the value would prove whatever it likes: each form of left - right is zero in numbers."""
    names = {n: variable_node(n, KNOWN) for n in KNOWN.variables}
    from_text = f"({left})-({right})" if typed(left).typed == typed(right).typed else left
    node = lower(typed(from_text), names).root
    rng = np.random.default_rng(3)
    sizes = {"n": 3, "m": 4}
    arrays = {n: rng.uniform(0.2, 0.9, [sizes[d] for d in s.axes if isinstance(d, str)])
              for n, s in KNOWN.variables.items()}  # fmt: skip
    arrays["S"], arrays["P"] = (arrays[k] @ arrays[k].T + np.eye(3) for k in ("S", "P"))
    arrays["Q"] = np.linalg.qr(arrays["Q"])[0]
    for form in _forms(node):
        assert np.allclose(interpret(form, arrays, sizes), 0, atol=1e-8)


@pytest.mark.parametrize(("left", "right"), pairs(FALSE))
def test_false_claims_are_refuted_at_a_point_where_they_differ(left: str, right: str) -> None:
    found = claim(left, right)
    assert found.status == "refuted"
    example = found.counterexample
    assert example is not None
    arrays = {n: np.ones([example.sizes.get(d, 1) for d in s.axes if isinstance(d, str)])
              for n, s in KNOWN.variables.items()}  # fmt: skip
    arrays |= {n: np.asarray(v, dtype=float) for n, v in example.arrays.items()}
    one, other = (evaluate(typed(t), arrays, example.sizes) for t in (left, right))
    assert np.allclose(one, np.asarray(example.left, dtype=float))
    assert np.allclose(other, np.asarray(example.right, dtype=float))
    assert np.max(np.abs(one - other)) > 0


@pytest.mark.parametrize(("left", "right"), pairs(SHOWN_ONLY))
def test_a_truth_without_a_proof_is_evidence(left: str, right: str) -> None:
    found = claim(left, right)
    assert found.status == "evidence"
    assert found.points >= 8


def test_a_counterexample_is_two_by_two_whole_numbers() -> None:
    found = claim("A*B", "B*A").counterexample
    assert found is not None
    assert found.exact
    assert found.sizes == {"n": 2} | dict.fromkeys(found.sizes, 2)
    assert set(found.arrays) == {"A", "B"}
    assert all(Fraction(v).denominator == 1 for a in found.arrays.values() for v in a.ravel())
    assert str(found).startswith("at A = [")


def test_a_row_and_a_column_differ_only_in_layout() -> None:
    assert claim("x'*A", "A'*x").layout
    assert claim("x'*A", "A'*x").status == "proved"
    assert not claim("A'*x", "(x'*A)'").layout


def test_other_shapes_are_refused() -> None:
    with pytest.raises(FrechetError) as caught:
        claim("x", "A")
    assert caught.value.diagnostic.code == "E300"
    with pytest.raises(FrechetError):
        decide(variable_node("x", KNOWN), variable_node("A", KNOWN))


def test_nothing_is_decided_where_no_point_exists() -> None:
    found = claim("log(-x'*x-1)*a", "log(-x'*x-1)*b")
    assert found.status == "undecided"
    assert "log" in found.reason
    assert claim("inv(X'*X)*X'", "X'*inv(X*X')").status == "undecided"  # one needs m >= n, the other n >= m


def test_exact_values_and_those_of_forty_digits_agree_with_floats() -> None:
    text = "det(A)*x'*inv(P)*y/norm2([3;4]) + sum(abs(x) - relu(y)) + tr(tril(A)) + A[1,2] + n"
    node = lower(typed(text), {n: variable_node(n, KNOWN) for n in KNOWN.variables}).root
    rng = np.random.default_rng(0)
    arrays = {n: small_values(rng, {"spd"} if n == "P" else set(), 3, 3 if n in "AP" else 1) for n in ("A", "P")}
    arrays |= {n: small_values(rng, set(), 3, 1).reshape(3) for n in ("x", "y")}
    expected = interpret(node, {n: v.astype(float) for n, v in arrays.items()}, {"n": 3})
    for field in (Rational(), High()):
        assert np.allclose(float(value_of(node, arrays, {"n": 3}, field).item()), expected, rtol=1e-12)


def test_a_function_that_is_not_rational_has_no_exact_value() -> None:
    node = lower(typed("exp(a)"), {"a": variable_node("a", KNOWN)}).root
    arrays = {"a": np.asarray(Fraction(1), dtype=object)}
    assert value_of(node, arrays, {}, Rational()) is None
    assert abs(float(value_of(node, arrays, {}, High()).item()) - np.e) < 1e-15


def test_values_are_shown_as_typed() -> None:
    assert show(np.array([[Fraction(1, 2), 2], [0, -1]], dtype=object)) == "[1/2, 2; 0, -1]"
    assert show(np.array([1.0, 2.5])) == "[1, 2.5]"


@pytest.mark.parametrize(("left", "right"), [
    ("(X*w)./(c + X*w)", "ones(n) - c./(c + X*w)"),
    ("sign(X*w - c).*(X*w)", "abs(X*w - c) + sign(X*w - c).*c"),
    ("sign(X*w).*min(abs(X*w), c)", "(X*w + sign(X*w).*c - sign(abs(X*w) - c).*(X*w - sign(X*w).*c))/2"),
    ("relu(ones(n) - y.*(X*w)).*((ones(n) - y.*(X*w)) > 0).*y", "relu(ones(n) - y.*(X*w)).*y"),
])  # fmt: skip
def test_a_leading_term_that_sums_leaves_no_index_behind(left: str, right: str) -> None:
    shapes = {"X": ["n", "m"], "w": ["m"], "c": ["n"], "y": ["n"]}
    known = declare(variables=shapes, domain={"c": "positive", "y": "pm1"})
    trees = [elaborate(parse_text(text), known)[0] for text in (left, right)]
    assert decide_trees(*trees, known).status == "proved"
