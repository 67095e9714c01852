"""Printed answers, as an expert writes them. The texts are compared: a change here is a change of what people read."""

from __future__ import annotations

import pytest

import frechet as fr
from frechet.core.dims import Shape
from frechet.notation.page import Page
from frechet.notation.sums import collect
from frechet.notation.term import Term, written
from frechet.notation.text import to_text

GRADIENTS = [
    ("norm2(X*w - y)^2", "w", "2*X'*(X*w - y)"),
    ("norm2(y - X*w)^2", "w", "-2*X'*(y - X*w)"),
    ("sum(log(1 + exp(-y.*(X*w))))", "w", "-X'*(y.*sigmoid(-y.*(X*w)))"),
    ("logsumexp(W*x) - y'*W*x", "W", "(softmax(W*x) - y)*x'"),
    ("x'*A*x", "x", "(A + A')*x"),
    ("norm2(x)^4", "x", "4*norm2(x)^2*x"),
    ("(x'*x)^2", "x", "4*(x'*x)*x"),
    ("a'*inv(X)*b", "X", "-inv(X)'*a*b'*inv(X)'"),
    ("logdet(X)", "X", "inv(X)'"),
    ("logdet(X'*X)", "X", "2*X*inv(X'*X)"),
    ("tr(A*X'*B*X*C)", "X", "B*X*C*A + B'*X*A'*C'"),
    ("det(X)", "X", "det(X)*inv(X)'"),
    ("norm2(A*x - b)", "x", "A'*(A*x - b)/norm2(A*x - b)"),
    ("sum(abs(X))", "X", "sign(X)"),
    ("tr(X)^2", "X", "2*tr(X)*eye(n)"),
    ("0.5*x'*A*x", "x", "0.5*(A + A')*x"),
    ("mean(x.^2)", "x", "2*x/n"),
]


@pytest.mark.parametrize(("formula", "wrt", "printed"), GRADIENTS)
def test_gradients(formula: str, wrt: str, printed: str) -> None:
    f = fr.parse(formula)
    assert str(f.gradient(wrt)) == printed


HESSIANS = [
    ("norm2(X*w - y)^2", "w", "2*X'*X"),
    ("logsumexp(x)", "x", "diag(softmax(x)) - softmax(x)*softmax(x)'"),
    ("sum(softplus(X*w)) - y'*X*w", "w", "X'*diag(sigmoid(X*w).*(1 - sigmoid(X*w)))*X"),
    ("sum(x.*log(x))", "x", "diag(1./x)"),
]


@pytest.mark.parametrize(("formula", "wrt", "printed"), HESSIANS)
def test_hessians(formula: str, wrt: str, printed: str) -> None:
    assert str(fr.parse(formula).hessian(wrt)) == printed


def test_maps_and_kronecker_forms() -> None:
    d = fr.parse("A*X*C", variables={"A": ["k", "m"], "X": ["m", "n"], "C": ["n", "l"]}).jacobian("X")
    assert d.text is None
    assert str(d) == d.operator_form == "dX -> A*dX*C"
    assert d.kronecker_form == "kron(C', A)"
    h = fr.parse("tr(X^2)", variables={"X": ["n", "n"]}).hessian("X")
    assert h.operator_form == "dX -> 2*dX'"
    assert h.kronecker_form == "2*commutation(n, n)"


def test_a_direction_gets_another_name_where_its_own_is_taken() -> None:
    d = fr.parse("tr(dX*X)*X", variables={"X": ["n", "n"], "dX": ["n", "n"]}).jacobian("X")
    assert d.operator_form.startswith("dX_ -> ")


def test_small_results_are_written_out() -> None:
    assert str(fr.parse("z[1]^2 - z[1]*z[2]", variables={"z": [2]}).gradient("z")) == "[2*z[1] - z[2]; -z[1]]"
    inner = "theta[1]*x[1] + theta[2]*x[2]"
    assert str(fr.parse(inner, variables={"theta": [2], "x": [2]}).gradient("x")) == "theta"


def test_long_shared_parts_get_names_that_parse_back() -> None:
    text = "x"
    known = {"x": ["n"]}
    for k in range(5):
        text, known[f"W{k}"] = f"tanh(W{k}*{text})", ["n", "n"]
    d = fr.parse(f"sum({text})", variables=known).gradient("x")
    assert " where " in str(d)
    assert fr.parse(str(d), variables=known).shape == ("n",)


def test_every_tensor_has_an_index_form() -> None:
    d = fr.parse("norm2(kron(A, X) - B)^2", variables={"A": [2, 2], "X": [3, 2], "B": [6, 4]}).gradient("X")
    assert str(d) == "dX -> 2*sum(kron(A, dX).*(kron(A, X) - B))"
    assert d.index_form.startswith("D[i,j] = ")
    assert d.verification.status == "checked"


CONDITIONS = [
    ("norm2(x)", "x", ("x != 0",)),
    ("norm2(x)^3", "x", ()),
    ("norm2(x)^2", "x", ()),
    ("log(x'*A*x)", "x", ("x'*A*x > 0",)),
    ("norm1(x)", "x", ("x != 0 in every entry",)),
    ("c'*x/(a'*x)", "x", ("a'*x != 0",)),
    ("logdet(X)", "X", ("det(X) != 0",)),
]


@pytest.mark.parametrize(("formula", "wrt", "conditions"), CONDITIONS)
def test_conditions(formula: str, wrt: str, conditions: tuple[str, ...]) -> None:
    known = {"X": ["n", "n"]} if "X" in formula else {"x": ["n"], "A": ["n", "n"], "c": ["n"], "a": ["n"]}
    assert fr.parse(formula, variables=known).gradient(wrt).conditions == conditions


COMPOSITE = [
    ("vec(X)'*A*vec(X)", "mat((A + A')*vec(X), m, n)"),
    ("norm2(B*vec(X) - b)^2", "2*mat(B'*(B*vec(X) - b), m, n)"),
    ("sum(exp(B*vec(X)))", "mat(B'*exp(B*vec(X)), m, n)"),
    ("vec(X)'*inv(kron(P, Q) + A)*y", "mat(inv(kron(P, Q) + A)*y, m, n)"),
    ("y'*kron(P, X*R)*w", "mat(y, m, n)*P*mat(w, n, n)'*R'"),
    ("y'*kron(P, X)*inv(kron(P, R))*w", "mat(y, m, n)*mat(w, n, n)'*inv(R)'"),
    ("y'*kron(P, X)*inv(kron(P, R) + D)*w", "mat(y, m, n)*P*mat(inv(kron(P, R) + D)*w, n, n)'"),
    ("logdet(kron(P, X*X') + A)", "dX -> tr(kron(P, dX*X' + X*dX')*inv(kron(P, X*X') + A))"),
    ("norm2(kron(P, X*R*X') - A)^2", "dX -> 2*tr(kron(P, dX*R*X' + X*R*dX')'*(kron(P, X*R*X') - A))"),
    ("tr(A*kron(P, X*X'))", "dX -> tr(A*kron(P, X*dX' + dX*X'))"),
]


@pytest.mark.parametrize(("formula", "printed"), COMPOSITE)
def test_composite_sizes_in_matrix_notation(formula: str, printed: str) -> None:
    shapes = {"X": ["m", "n"], "A": ["n*m", "n*m"], "B": ["p", "m*n"], "b": ["p"], "y": ["m*n"],
              "P": ["n", "n"], "R": ["n", "n"], "w": ["n*n"], "D": ["n*n", "n*n"], "Q": ["m", "m"]}  # fmt: skip
    d = fr.parse(formula, shapes).gradient("X")
    assert str(d) == printed
    assert d.verification.status == "checked"


@pytest.mark.parametrize(("text", "wrt", "printed"), [
    ("u*A*u'", "u", "u*(A + A')"), ("exp(x)'*u'", "x", "u'.*exp(x)"), ("(u*x)^2", "x", "2*(u*x)*u'"),
    ("norm2(u)", "u", "u/norm2(u)"), ("sum(exp(u).*x')", "u", "x'.*exp(u)"),
])  # fmt: skip
def test_a_variable_declared_as_a_row_stays_one(text: str, wrt: str, printed: str) -> None:
    f = fr.parse(text, variables={"u": [1, "n"], "x": ["n"], "A": ["n", "n"]})
    assert str(f.gradient(wrt)) == printed


def test_a_term_that_is_there_twice_counts_twice() -> None:
    """Sums are written once each; x + y is another one than x + y + x."""
    page, shape = Page(False, {"x": 0, "y": 1}), Shape(("n",))
    x, y = (Term(1, (), (page.variable(name, shape),), shape) for name in "xy")
    assert to_text(written(page, collect(page, [x, y], shape))) == "x + y"
    assert to_text(written(page, collect(page, [x, y, x], shape))) == "2*x + y"


@pytest.mark.parametrize(("text", "name", "expected"), [
    ("tr(A*(X - ones(4)*sum(X, 1)/4)'*(X - ones(4)*sum(X, 1)/4))", "X", "(X - ones(4)*sum(X, 1)/4)*(A + A')"),
    ("norm2(X*w - ones(4)*(sum(X, 1)*w)/4)^2/2", "w", None),
    ("sum((X*A).^2)/4 + sum((X*A').^2)/4", "X", None),
])  # fmt: skip
def test_centred_data_keep_their_centring(text: str, name: str, expected: str | None) -> None:
    d = fr.parse(text, variables={n: k for n, k in {"X": [4, 3], "A": [3, 3], "w": [3]}.items() if n in text}).gradient(
        name
    )
    assert expected is None or str(d) == expected
    assert "/4 + " not in str(d)
