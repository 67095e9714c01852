"""Values of trees: against JAX's numbers stored with the cases, and small formulas against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from frechet.core.dims import SCALAR, Shape
from frechet.core.errors import FrechetError
from frechet.language.declarations import declare
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text
from frechet.language.tree import Tree, number, variable
from frechet.reference.evaluate import compile_tree, evaluate, sizes_of
from tests.cases.suite import Case, cases, draws, uses_later_function


def typed(text: str, variables: dict[str, Any], **words: Any) -> tuple[Tree, Any]:
    return elaborate(parse_text(text), declare(variables, **words), source=text)


def value(text: str, variables: dict[str, Any], **arrays: Any) -> Any:
    tree, declarations = typed(text, variables)
    return evaluate(tree, arrays, sizes_of(declarations, arrays))


def published(case: Case) -> list[str]:
    return [t for t in (case.expected, case.expected_vec) if t and not uses_later_function(t)]


@pytest.mark.parametrize("case", [c for c in cases() if published(c)], ids=lambda c: c.id)
def test_published_derivatives_have_the_values_jax_finds(case: Case) -> None:
    for text in published(case):
        tree, declarations = typed(text, case.vars, facts=case.props, domain=case.domain, sizes=case.requires)
        for draw in draws(case.id):
            got = evaluate(tree, draw.arrays, sizes_of(declarations, draw.arrays))
            wanted = draw.truth
            if text is case.expected_vec:
                wanted = wanted.reshape((got.shape[0], -1), order="F")
            np.testing.assert_allclose(got.ravel(), wanted.ravel(), rtol=1e-8, atol=1e-10)


M, N = np.arange(6.0).reshape(2, 3), np.array([[2.0, 1.0], [0.5, 3.0]])
X2, X3 = np.array([1.0, -2.0]), np.array([1.0, 2.0, 4.0])
SHAPES = {"A": ["m", "n"], "S": ["m", "m"], "x": ["m"], "z": ["n"], "c": []}
ARRAYS = {"A": M, "S": N, "x": X2, "z": X3, "c": 3.0}


@pytest.mark.parametrize(("text", "wanted"), [
    ("x'*A", X2 @ M),
    ("A[2,:]", M[1]),
    ("A[:,3]", M[:, 2]),
    ("A[2,3]", M[1, 2]),
    ("(x'*A)[2]", (X2 @ M)[1]),
    ("S^3", N @ N @ N),
    ("S^-2", np.linalg.inv(N @ N)),
    ("S^0", np.eye(2)),
    ("c^-2", 1 / 9),
    ("x.^2", X2**2),
    ("x .+ z'", X2[:, None] + X3),
    ("vec(A)", M.ravel(order="F")),
    ("mat(vec(A), m, n)", M),
    ("kron(A, S)*vec(S*mat(ones(n*m), m, n))", np.kron(M, N) @ (N @ np.ones((2, 3))).ravel(order="F")),
    ("commutation(m, n)*vec(A)", M.T.ravel(order="F")),
    ("[S, S'; 2*S, S]", np.block([[N, N.T], [2 * N, N]])),
    ("[c, 1; 2, x[1]]", np.array([[3.0, 1.0], [2.0, 1.0]])),
    ("m*c", 6.0),
    ("1 + A", 1 + M),
    ("x*vector(c)'*z/c", X2 * X3.sum()),
    ("u'*u where v = A*z, u = v - x", ((M @ X3 - X2) ** 2).sum()),
    ("(u'*u where u = z) + (sum(u) where u = x)", (X3**2).sum() + X2.sum()),
    ("tr(S)*eye(m) - ones(m,m)", np.trace(N) * np.eye(2) - 1),
])  # fmt: skip
def test_constructions(text: str, wanted: Any) -> None:
    got = value(text, SHAPES, **ARRAYS)
    assert got.shape == np.shape(wanted)
    np.testing.assert_allclose(got, wanted, rtol=1e-13)


def test_a_size_of_one_changes_no_shape() -> None:
    one = np.ones((1, 1))
    assert value("A'*A", {"A": ["m", "n"]}, A=one).shape == (1, 1)
    assert value("x*x'", {"x": ["n"]}, x=np.ones(1)).shape == (1, 1)
    assert value("x'*A", {"A": [1, "n"], "x": []}, A=np.ones((1, 3)), x=2.0).shape == (3,)


def test_a_linear_map_is_a_function_unless_its_direction_is_given() -> None:
    tree, declarations = typed("dA -> S*dA", SHAPES)
    sizes = sizes_of(declarations, ARRAYS)
    direction = np.ones((2, 3))
    np.testing.assert_allclose(evaluate(tree, ARRAYS, sizes)(direction), N @ direction)
    np.testing.assert_allclose(evaluate(tree, {**ARRAYS, "dA": direction}, sizes), N @ direction)


def test_equal_parts_are_computed_once() -> None:
    tree, declarations = typed("(A*z - x)'*(A*z - x)", SHAPES)
    program = compile_tree(tree, sizes_of(declarations, ARRAYS))
    assert [t.kind for t in program.trees] == ["mul", "sub", "transpose", "mul"]


def test_a_deep_tree_needs_no_deep_stack() -> None:
    tree: Tree = variable("x", Shape(("n",)))
    for _ in range(50_000):
        tree = Tree("neg", (tree,), shape=tree.shape)
    np.testing.assert_array_equal(evaluate(tree, {"x": X2}, {"n": 2}), X2)


def test_a_shared_tree_means_what_its_scope_says() -> None:
    name = variable("s", SCALAR)
    twice = Tree("where", (name, number(2)), value=("s",), shape=SCALAR)
    thrice = Tree("where", (name, number(3)), value=("s",), shape=SCALAR)
    total = Tree("add", (Tree("add", (twice, name), shape=SCALAR), thrice), shape=SCALAR)
    assert evaluate(total, {"s": 10.0}, {}) == 15.0


def code_of(call: Any) -> str:
    with pytest.raises(FrechetError) as caught:
        call()
    return caught.value.diagnostic.code


@pytest.mark.parametrize("change", [
    {"x": np.ones(3)}, {"x": np.ones((2, 1))}, {"c": [1.0]}, {"x": "abc"}, {"x": None}, {"x": [1j, 2]},
    {"A": np.ones(6)}, {"S": np.ones((2, 3))}, {"x": [[1.0], [2.0, 3.0]]},
])  # fmt: skip
def test_arrays_of_the_wrong_shape_are_refused(change: dict[str, Any]) -> None:
    _, declarations = typed("x'*A*z + c", SHAPES)
    assert code_of(lambda: sizes_of(declarations, {**ARRAYS, **change})) == "E305"


def test_a_missing_array_is_refused() -> None:
    _, declarations = typed("x'*A*z + c", SHAPES)
    assert code_of(lambda: sizes_of(declarations, {"A": M})) == "E305"


def test_composite_sizes_are_solved_and_checked() -> None:
    _, declarations = typed("sum(v)*sum(x)", {"v": ["m*n"], "x": ["m"]})
    assert sizes_of(declarations, {"v": np.ones(6), "x": np.ones(2)}) == {"m": 2, "n": 3}
    assert code_of(lambda: sizes_of(declarations, {"v": np.ones(7), "x": np.ones(2)})) == "E305"


def test_a_singular_matrix_is_named_not_raised_raw() -> None:
    assert code_of(lambda: value("inv(S)", {"S": ["n", "n"]}, S=np.zeros((2, 2)))) == "E400"


def test_an_index_beyond_the_array_is_refused() -> None:
    assert code_of(lambda: value("x[5]", {"x": ["n"]}, x=X2)) == "E302"
