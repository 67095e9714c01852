"""Higher orders: closed forms and linear maps in every mixture; a wrong lower order is found too."""

from __future__ import annotations

from typing import Any

import pytest

from frechet.core.errors import VerificationError
from frechet.language.declarations import declare
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text
from frechet.verify import Verification, verify_orders

SHAPES: dict[str, Any] = {"A": ["n", "n"], "X": ["m", "n"], "x": ["n"], "t": []}


def check(f: str, orders: list[str], wrt: str, facts: Any = None, **options: Any) -> Verification:
    """`orders` are printed forms; the directions of the variables a, b, c are da, db, dc."""
    names = ["dx" if i == 0 else f"dx_{i + 1}" for i in range(len(wrt))]
    tree, declarations = elaborate(parse_text(f), declare(SHAPES, facts), source=f)
    shapes = {**SHAPES, **{n: SHAPES[v] for n, v in zip(names, wrt, strict=True)}}
    trees = [elaborate(parse_text(text), declare(shapes, facts), source=text)[0] for text in orders]
    return verify_orders(tree, trees, list(wrt), names, declarations, **options)


@pytest.mark.parametrize(("f", "orders", "wrt"), [
    ("x'*A*x", ["(A + A')*x", "A + A'"], "xx"),
    ("x'*A*x", ["(A + A')*x", "dx_2 -> (A + A')*dx_2"], "xx"),
    ("x'*A*x", ["dx -> x'*(A + A')*dx", "A + A'"], "xx"),
    ("x'*A*x", ["dx -> x'*(A + A')*dx", "dx -> dx_2 -> dx_2'*(A + A')*dx"], "xx"),
    ("x'*A*x", ["(A + A')*x", "dx -> dx_2 -> dx_2'*(A + A')*dx"], "xx"),
    ("sum(x.^4)", ["4*x.^3", "12*diag(x.^2)", "dx_3 -> 24*diag(x.*dx_3)"], "xxx"),
    ("sum(x.^4)", ["4*x.^3", "12*diag(x.^2)", "dx -> dx_2 -> dx_3 -> 24*sum(x.*dx.*dx_2.*dx_3)"], "xxx"),
    ("sum(X.^3)", ["3*X.^2", "dx_2 -> 6*X.*dx_2"], "XX"),
    ("t*sum(X.^3)", ["sum(X.^3)", "3*X.^2"], "tX"),
    ("t*X*x", ["t*X", "X"], "xt"),
    ("tr(X*A*X')", ["X*(A + A')", "dx_2 -> X*(dx_2 + dx_2')"], "XA"),
])  # fmt: skip
def test_orders_that_are_right(f: str, orders: list[str], wrt: str) -> None:
    found = check(f, orders, wrt)
    assert (found.status, found.points) == ("checked", 6)


@pytest.mark.parametrize(("f", "orders", "wrt"), [
    ("x'*A*x", ["(A + A')*x", "2*A"], "xx"),
    ("x'*A*x", ["2*A*x", "2*A"], "xx"),
    ("x'*A*x", ["dx -> x'*(A + A')*dx", "dx -> dx_2 -> 2*dx_2'*A*dx"], "xx"),
    ("sum(x.^4)", ["4*x.^3", "12*diag(x.^2)", "dx_3 -> 24*x*dx_3'"], "xxx"),
    ("tr(X*A*X')", ["X*(A + A')", "dx_2 -> 2*X*dx_2"], "XA"),
])  # fmt: skip
def test_orders_that_are_wrong(f: str, orders: list[str], wrt: str) -> None:
    with pytest.raises(VerificationError):
        check(f, orders, wrt)


def test_a_form_printed_as_the_transpose() -> None:
    assert check("A*x", ["A'"], "x", turned=True).status == "checked"
    with pytest.raises(VerificationError):
        check("A*x", ["A'"], "x")


def test_an_unchecked_lower_order_leaves_the_answer_unchecked() -> None:
    found = check("log(-x'*x)", ["2*x/(x'*x)", "2*eye(n)/(x'*x) - 4*x*x'/(x'*x)^2"], "xx")
    assert found.status == "unchecked" and "log" in found.message


@pytest.mark.parametrize(("fact", "f", "orders"), [
    ("symmetric", "tr(A'*A)", ["2*A'", "dA -> 2*dA"]),
    ("orthogonal", "2*tr(A)", ["2*A*A'", "dA -> zeros(n,n)"]),
    ("skew", "tr(A'*A)", ["-2*A'", "dA -> 2*dA"]),
    ("diagonal", "tr(A'*A)", ["2*A.*eye(n)", "dA -> 2*dA"]),
    ("upper", "tr(A'*A)", ["2*triu(A)", "dA -> 2*dA"]),
])  # fmt: skip
def test_an_order_below_may_use_a_fact(fact: str, f: str, orders: list[str]) -> None:
    """It is moved along directions that keep the fact: 2*A' is the gradient of tr(A'*A) where A is symmetric."""
    tree, declarations = elaborate(parse_text(f), declare({"A": ["n", "n"]}, {"A": [fact]}), source=f)
    wide = declare({"A": ["n", "n"], "dA": ["n", "n"]}, {"A": [fact]})
    trees = [elaborate(parse_text(text), wide, source=text)[0] for text in orders]
    assert verify_orders(tree, trees, ["A", "A"], ["dA_", "dA"], declarations).status == "checked"
    with pytest.raises(VerificationError):
        wrong = elaborate(parse_text("dA -> dA + A"), wide)[0]
        verify_orders(tree, [trees[0], wrong], ["A", "A"], ["dA_", "dA"], declarations)
