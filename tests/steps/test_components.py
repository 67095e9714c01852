"""The entrywise style for sizes that are letters: sums over indices, and the delta that leaves one term."""

from __future__ import annotations

import pytest

import frechet as fr
from frechet.core.dims import Shape
from frechet.core.node import var
from frechet.language.tree import Tree
from frechet.notation.text import to_text
from frechet.steps.claims import compare
from frechet.steps.components import meaning
from frechet.steps.derivation import Derivation


def told(formula: str, wrt: str) -> Derivation:
    d = fr.parse(formula).derivative(wrt, verify=False)
    found = d.steps(style="entries")
    assert to_text(found[-1].after) == str(d) and found.proved
    return found


@pytest.mark.parametrize(
    ("formula", "wrt", "lines"),
    [
        ("x'*A*x", "x", ["sum_{j,k}(x[j]*A[j,k]*x[k])",
                         "sum_{j,k}(A[j,k]*x[k]*delta[j,i]) + sum_{j,k}(x[j]*A[j,k]*delta[k,i])",
                         "sum_j(A[j,i]*x[j]) + sum_j(A[i,j]*x[j])", "((A + A')*x)[i]", "(A + A')*x"]),
        ("a'*x", "x", ["sum_j(a[j]*x[j])", "sum_j(a[j]*delta[j,i])", "a[i]", "a"]),
        ("A*x", "x", ["sum_k(A[i,k]*x[k])", "sum_k(A[i,k]*delta[k,j])", "A[i,j]", "A"]),
        ("tr(A*X)", "X", ["sum_{k,l}(X[k,l]*A[l,k])", "sum_{l,k}(A[l,k]*delta[k,i]*delta[l,j])", "A[j,i]", "A'"]),
    ],
)  # fmt: skip
def test_a_proof_by_components(formula: str, wrt: str, lines: list[str]) -> None:
    found = told(formula, wrt)
    assert [s.text for s in found] == lines


@pytest.mark.parametrize(("formula", "wrt"), [
    ("norm2(X*w - y)^2", "w"), ("sum(log(1 + exp(-y.*(X*w))))", "w"), ("tr(X'*A*X)", "X"), ("softmax(x)", "x"),
    ("x/norm2(x)", "x"), ("logdet(X'*diag(w)*X)", "w"), ("norm2(W2*tanh(W1*x + b) - y)^2", "b"),
    ("tanh(A*x)", "x"), ("logdet(X)", "X"), ("diag(x)*y", "x"),
])  # fmt: skip
def test_every_line_of_components_is_proved(formula: str, wrt: str) -> None:
    found = told(formula, wrt)
    assert found[0].rule == "R-components" and found[1].rule == "R-partial-under-sum"


def test_the_letters_are_no_names_of_the_formula() -> None:
    f = fr.parse("j'*i", variables={"i": ["k"], "j": ["k"]})
    found = f.gradient("i", verify=False).steps(style="entries")
    assert found[0].text == "sum_p(i[p]*j[p])" and found[1].left == "df/di[l]"


def test_a_wrong_line_is_not_read_as_the_right_one() -> None:
    A, x = (var("A", ("n", "n")), var("x", ("n",)))
    scalar = Shape((), ())

    def entry(name: str, *at: str) -> Tree:
        shape = Shape(("n",), ("n",)) if name == "A" else Shape(("n",), ())
        return Tree("index", (Tree("name", name=name, shape=shape),), value=at, shape=scalar)

    def line(*at: str) -> Tree:
        product = Tree("mul", (entry("A", *at), entry("x", "j")), shape=scalar)
        return Tree("call", (product,), "sum_j", shape=scalar)

    f = fr.parse("A*x", variables={"A": ["n", "n"], "x": ["n"]})
    sizes = {"i": "n", "j": "n"}
    right, wrong = (meaning(line(*at), {"A": A, "x": x}, sizes, ["i"]) for at in (("i", "j"), ("j", "i")))
    assert compare(right, wrong, f.tree, f.declarations).status == "refuted"
