"""Forward and reverse mode say the same, and differentiate a structured variable over all entries."""

from __future__ import annotations

import numpy as np
import pytest

import frechet as fr
from frechet.calculus.forward import forward
from frechet.calculus.reverse import reverse
from frechet.core.ein import ein
from frechet.core.node import topological, var
from frechet.equality.interpret import interpret
from frechet.language.declarations import declare
from frechet.language.lower import lower, variable_node
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text

FORMULAS = {
    "tr(A*X'*B*X)": {"A": ["n", "n"], "B": ["m", "m"], "X": ["m", "n"]},
    "sum(exp(X).*X)/norm2(X)": {"X": ["m", "n"]},
    "logdet(X'*X) + softmax(X*y)'*z": {"X": ["m", "n"], "y": ["n"], "z": ["m"]},
    "inv(X'*X)*y": {"X": ["m", "n"], "y": ["n"]},
    "diag(X*X')": {"X": ["m", "n"]},
    "kron(X, y)": {"X": ["m", "n"], "y": ["n"]},
}
SIZES = {"m": 4, "n": 3}


@pytest.mark.parametrize("formula", FORMULAS)
def test_reverse_is_the_adjoint_of_forward(formula: str) -> None:
    """<D f[V], Y> computed both ways: the dot-product test."""
    tree, known = elaborate(parse_text(formula), declare(FORMULAS[formula]), source=formula)
    env = {n: variable_node(n, known) for n in known.variables}
    root, X = lower(tree, env).root, env["X"]
    V = var("V", X.dims, role="direction")
    moved = forward(root, X, V)
    n, m = root.order, X.order
    contracted = ein(
        1,
        [(reverse(root, X), tuple(range(n + m)), 1), (V, tuple(range(n, n + m)), 1)],
        tuple(range(n)),
        dict(enumerate(root.dims + X.dims)),
    )
    rng = np.random.default_rng(0)
    arrays = {k: rng.standard_normal([SIZES[d] for d in v.axes]) for k, v in known.variables.items()}
    arrays["V"] = rng.standard_normal([SIZES[d] for d in X.dims])
    a, b = (interpret(node, arrays, SIZES) for node in (moved, contracted))
    np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


def test_a_symmetric_variable_is_differentiated_over_all_entries() -> None:
    f = fr.parse("b'*X*a", variables={"X": ["n", "n"], "a": ["n"], "b": ["n"]}, facts={"X": ["symmetric"]})
    assert str(f.gradient("X")) == "b*a'"
    f = fr.parse("tr(X*A)", variables={"X": ["n", "n"], "A": ["n", "n"]}, facts={"X": ["symmetric"]})
    assert str(f.gradient("X")) == "A'"


def test_a_deep_network_stays_linear() -> None:
    """The graph of a gradient, and of H[V], grows linearly with depth."""

    def nodes(depth: int) -> tuple[int, int]:
        text = "x"
        for k in range(depth):
            text = f"tanh(W{k}*{text})"
        known = {"x": ["n"], **{f"W{k}": ["n", "n"] for k in range(depth)}}
        f = fr.parse(f"sum({text})", variables=known)
        gradient, hessian = f.gradient("x", verify=False), f.hessian("x", verify=False)
        return len(topological([gradient.node])), len(topological([hessian.levels[-1].along]))

    (g1, h1), (g2, h2) = nodes(40), nodes(80)
    assert g2 < 2.2 * g1
    assert h2 < 2.2 * h1


def test_a_thousand_layers_need_no_deep_stack() -> None:
    text, depth = "x", 1000
    for k in range(depth):
        text = f"tanh(W{k % 3}*{text})"
    f = fr.parse(f"sum({text})", variables={"x": ["n"], "W0": ["n", "n"], "W1": ["n", "n"], "W2": ["n", "n"]})
    rng = np.random.default_rng(0)
    arrays = {"x": rng.standard_normal(2), **{f"W{k}": rng.standard_normal((2, 2)) for k in range(3)}}
    assert f.gradient("x", verify=False).evaluate(**arrays).shape == (2,)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_higher_orders_are_symmetric(order: int) -> None:
    f = fr.parse("logsumexp(A*x)", variables={"A": ["m", "n"], "x": ["n"]})
    rng = np.random.default_rng(1)
    value = f.derivative(*["x"] * order).evaluate(A=rng.standard_normal((3, 2)), x=rng.standard_normal(2))
    for axis in range(1, order):
        np.testing.assert_allclose(value, np.swapaxes(value, 0, axis), atol=1e-12)
