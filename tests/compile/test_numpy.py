"""NumPy code: the right numbers, standing alone, in the form an expert would write."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from frechet.compile.languages.numpy import jax_source, numpy_function, numpy_source, torch_source
from frechet.core.dims import Shape
from frechet.language.declarations import Declarations, declare
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text
from frechet.language.tree import Tree, variable
from frechet.reference.evaluate import evaluate, sizes_of
from tests.cases.suite import Case, cases, draws, uses_later_function

SHAPES = {"A": ["m", "n"], "X": ["n", "n"], "Y": ["n", "n"], "S": ["n", "n"], "x": ["n"], "z": ["n"], "y": ["m"],
          "c": []}  # fmt: skip


def read(text: str, variables: dict[str, Any] | None = None, **words: Any) -> tuple[Tree, Declarations]:
    return elaborate(parse_text(text), declare(variables or SHAPES, **words), source=text)


def lines(text: str, source: Any = numpy_source, **words: Any) -> str:
    """The code without head and docstring, statements joined by `; `."""
    body = source(*read(text, **words)).split('"""')[2]
    return "; ".join(line.strip() for line in body.strip().splitlines()).replace("return ", "")


def formulas(case: Case) -> list[str]:
    return [t for t in (case.expected, case.expected_vec, case.expr) if t and not uses_later_function(t)]


@pytest.mark.parametrize("case", [c for c in cases() if formulas(c)], ids=lambda c: c.id)
def test_code_gives_the_values_of_the_tree(case: Case) -> None:
    for text in formulas(case):
        tree, declarations = read(text, case.vars, facts=case.props, domain=case.domain, sizes=case.requires)
        function = numpy_function(tree, declarations, arguments=list(declarations.variables))
        for draw in draws(case.id):
            wanted = evaluate(tree, draw.arrays, sizes_of(declarations, draw.arrays))
            got = np.asarray(function(**draw.arrays))
            assert got.shape == wanted.shape
            np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("text", "code"), [
    ("2*A'*(A*x - y)", "2 * (A.T @ (A @ x - y))"),
    ("A*X*x", "A @ (X @ x)"),
    ("x'*X*z", "x @ X @ z"),
    ("x*z'*X*Y*x*z'", "(z @ X @ (Y @ x)) * np.outer(x, z)"),
    ("x'*X'*X*x", "t1 = X @ x; t1 @ t1"),
    ("x*z'", "np.outer(x, z)"),
    ("diag(x)*X*diag(z)", "x[:, None] * X * z"),
    ("diag(x)*z", "x * z"),
    ("inv(X)*x", "np.linalg.solve(X, x)"),
    ("x'*inv(X)", "np.linalg.solve(X.T, x)"),
    ("x'*inv(X)*Y*z", "x @ np.linalg.solve(X, Y @ z)"),
    ("Y*inv(X)", "np.linalg.solve(X.T, Y.T).T"),
    ("inv(X)'", "np.linalg.inv(X).T"),
    ("inv(diag(x))*z", "1 / x * z"),
    ("solve(X', x)", "np.linalg.solve(X.T, x)"),
    ("inv(S)*x*x'*inv(S)", "t1 = np.linalg.solve(S, x); np.outer(t1, t1)"),
    ("log(sum(exp(x)))", "logsumexp(x)"),
    ("exp(x)/sum(exp(x))", "softmax(x)"),
    ("sum(log(1 + exp(A*x)))", "np.logaddexp(0, A @ x).sum()"),
    ("1./(1 + exp(-x))", "expit(x)"),
    ("log(1 + x)", "np.log1p(x)"),
    ("log(1 - x)", "np.log1p(-x)"),
    ("exp(x) - 1", "np.expm1(x)"),
    ("exp(x)./(1 + exp(x))", "expit(x)"),
    ("log(det(X))", "np.linalg.slogdet(X)[1]"),
    ("norm2(A*x - y)^2", "t1 = A @ x - y; t1 @ t1"),
    ("norm2(A)^2", "(A**2).sum()"),
    ("sum(x.*z)", "x @ z"),
    ("tr(X'*Y)", "(X * Y).sum()"),
    ("tr(x*z'*X)", "z @ X @ x"),
    ("diag(X*Y)", 'np.einsum("ij,ji->i", X, Y)'),
    ("A*ones(n)", "A.sum(axis=1)"),
    ("ones(m)'*A*ones(n)", "A.sum(axis=1).sum()"),
    ("vector(1) - x", "1 - x"),
    ("x.*(vector(1) - x)", "x * (1 - x)"),
    ("x*ones(m)' + A'", "x[:, None] + A.T"),
    ("c*eye(n) + X", "n = X.shape[0]; c * np.eye(n) + X"),
    ("ones(n,m)*ones(m,n) + X", "m = A.shape[0]; m + X"),
    ("(ones(n,m)*ones(m))[1]", "m, n = A.shape; np.full(n, m)[0]"),
    ("sum(ones(n,m)*ones(m,n))", "m, n = A.shape; m * n * n"),
    ("sum(x)*ones(n,m)", "m, n = A.shape; np.full((n, m), x.sum())"),
    ("x/2 - 3*z", "x / 2 - 3 * z"),
    ("-x + z", "z - x"),
    ("x.^-2", "1 / x**2"),
    ("x.^(1/2)/3", "np.sqrt(x) / 3"),
    ("X^2*x", "X @ (X @ x)"),
    ("X^5", "np.linalg.matrix_power(X, 5)"),
    ("X[2,:]", "X[1, :]"),
    ("[c, 1; 2, x[3]]", "np.array([[c, 1], [2, x[2]]])"),
    ("x .+ y'", "x[:, None] + y"),
    ("r'*r where r = A*x - y", "r = A @ x - y; r @ r"),
    ("vec(A)", "A.T.ravel()"),
    ("mat(vec(A), m, n)", "m, n = A.shape; A.T.ravel().reshape(n, m).T"),
    ("m*x", "m = A.shape[0]; m * x"),
])  # fmt: skip
def test_the_code_an_expert_writes(text: str, code: str) -> None:
    facts = {"S": ["spd"]} if "S" in text else {}
    assert lines(text, facts=facts) == code


def test_the_whole_function() -> None:
    shapes = {n: SHAPES[n] for n in ("A", "x", "y")}
    source = numpy_source(*read("-A'*(y.*sigmoid(-y.*(A*x)))", shapes), doc="Gradient of a loss")
    assert (
        source
        == '''\
from scipy.special import expit


def gradient(A, x, y):
    """Gradient of a loss.

    A (m, n), x (n,), y (m,). Returns an array (n,).
    """
    return -(A.T @ (y * expit(-y * (A @ x))))
'''
    )


def test_it_runs_alone(tmp_path: Any) -> None:
    script = tmp_path / "alone.py"
    source = numpy_source(*read("softmax(X*x) - c*log(x)", {n: SHAPES[n] for n in ("X", "x", "c")}))
    check = "\nassert 'frechet' not in __import__('sys').modules\nprint(gradient(np.eye(2), np.ones(2), 2.0))\n"
    script.write_text(source + check)
    run = subprocess.run([sys.executable, "-I", str(script)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[0.5 0.5]"


def test_words_of_python_get_another_name_and_keep_their_own() -> None:
    tree, declarations = read("lambda*x*np", {"lambda": [], "x": ["n"], "np": []})
    assert "def gradient(lambda_, x, np_):" in numpy_source(tree, declarations)
    assert numpy_function(tree, declarations)(**{"lambda": 2.0, "x": 3.0, "np": 5.0}) == 30
    clash, declarations = read("lambda + lambda_", {"lambda": [], "lambda_": []})
    assert numpy_function(clash, declarations)(1.0, 2.0) == 3


def test_an_operator_takes_its_direction() -> None:
    tree, declarations = read("dX -> X*dX + dX*X")
    function = numpy_function(tree, declarations)
    X, D = np.arange(4.0).reshape(2, 2), np.ones((2, 2))
    np.testing.assert_allclose(function(A=0, X=X, Y=0, S=0, x=0, z=0, y=0, c=0, dX=D), X @ D + D @ X)


def test_every_variable_is_a_parameter_unless_they_are_named() -> None:
    tree, declarations = read("2*x", {"c": [], "x": ["n"]})
    assert "def gradient(c, x):" in numpy_source(tree, declarations)
    assert "def g(x, c):" in numpy_source(tree, declarations, name="g", arguments=["x", "c"])


def test_stable_where_the_formula_as_typed_overflows() -> None:
    big = np.array([800.0, -800.0, 0.0])
    for text in ("log(sum(exp(x)))", "exp(x)/sum(exp(x))", "sum(log(1 + exp(x)))", "1./(1 + exp(-x))", "logsumexp(x)"):
        assert np.isfinite(numpy_function(*read(text), arguments=["x"])(x=big)).all(), text


def test_a_deep_formula_becomes_many_lines() -> None:
    tree: Tree = variable("x", Shape(("n",)))
    declarations = declare({"x": ["n"]})
    for _ in range(3000):
        tree = Tree("call", (tree,), name="tanh", shape=tree.shape)
    x = np.array([0.5])
    np.testing.assert_allclose(numpy_function(tree, declarations)(x), evaluate(tree, {"x": x}, {"n": 1}))


def test_shared_work_is_done_once() -> None:
    source = numpy_source(*read("tanh(A*x) + 2*tanh(A*x) - A*x"))
    assert source.count("np.tanh") == 1
    assert source.count("A @ x") == 1


@pytest.mark.parametrize("text", ["A*inv(X)*x - 2*ones(m)", "softmax(X*x) + sigmoid(x)", "diag(x)*X + c*eye(n)",
                                  "log(sum(exp(x)))*tr(X)"])  # fmt: skip
def test_jax_code_gives_the_same(text: str) -> None:
    jax = pytest.importorskip("jax", reason="needs JAX: pip install -e '.[jax]'")
    tree, declarations = read(text)
    scope: dict[str, Any] = {}
    exec(jax_source(tree, declarations), scope)
    rng = np.random.default_rng(0)
    every = {"A": (3, 2), "X": (2, 2), "Y": (2, 2), "S": (2, 2), "x": (2,), "z": (2,), "y": (3,), "c": ()}
    arrays = {n: np.asarray(rng.standard_normal(s)) for n, s in every.items()}
    wanted = numpy_function(tree, declarations, arguments=list(every))(**arrays)
    names = scope["gradient"].__code__.co_varnames[: scope["gradient"].__code__.co_argcount]
    with jax.enable_x64(True):
        got = scope["gradient"](**{n: jax.numpy.asarray(arrays[n]) for n in names})
    np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_torch_code_names_the_dtype() -> None:
    assert lines("X + c*eye(n)", torch_source) == "n = X.shape[0]; X + c * torch.eye(n, dtype=X.dtype)"
