"""A source file is read without being run."""

from __future__ import annotations

import pytest

import frechet as fr
from frechet.core.errors import FrechetError
from frechet.language.python_source import read_function

MODEL = '''
import numpy as np
import jax.numpy as jnp
from scipy.special import expit
from jax import jit
LAM = 0.5
raise SystemExit("this file must not be run")


def residual(X, w, y):
    return X @ w - y


@jit
def loss(X, w, y):
    """Ridge regression."""
    r = residual(X, w, y)
    return np.sum(r ** 2) / 2 + LAM * w @ w


def entropy(X, w, y):
    total = 0
    for i in range(2):
        total += w[i] ** 2
    return jnp.sum(jnp.log(expit(y * (X @ w)))) + total


square = lambda w: w @ w


def decides(w):
    if w.sum() > 0:
        return w
    return 2 * w
'''
KNOWN = {"X": ["m", "n"], "w": ["n"], "y": ["m"]}


@pytest.mark.parametrize(("name", "text"), [
    ("loss", "norm2(X*w - y)^2/2 + 0.5*w'*w"), ("entropy", "sum(log(sigmoid(y.*(X*w)))) + w[1]^2 + w[2]^2"),
    ("square", "w'*w"), ("residual", "X*w - y"),
])  # fmt: skip
def test_functions_and_their_helpers_are_read(name: str, text: str) -> None:
    traced = fr.trace(read_function(MODEL, name), variables=KNOWN)
    assert fr.equal(traced, fr.parse(text, variables=KNOWN)).proof == "proved"


@pytest.mark.parametrize("body", [
    "__import__('os').system('x')", "w.__class__", "open('x')", "eval('1')", "exec('1')", "9**9**9**9",
    "w @ ([0]*10**8)",
    "(yield w)", "10**99999", "globals()", "print(w)", "range(10**9)", "[i for i in range(10**6)]", "w.tofile('x')",
    "f'{w}'", "(lambda: w)()()", "await w", "{w}", "{w: 1}", "not_there(w)",
    "np.load('x')", "np.linalg.eig(w)",
])  # fmt: skip
def test_nothing_but_a_formula_is_let_through(body: str) -> None:
    with pytest.raises(FrechetError) as caught:
        function = read_function(f"import numpy as np\ndef f(w):\n    return {body}\n", "f")
        fr.trace(function, variables={"w": ["n"]})
    assert caught.value.diagnostic.render()


@pytest.mark.parametrize(
    "statement",
    [
        "import os",
        "while True: pass",
        "class A: pass",
        "global w",
        "del w",
        "try: pass\n    except Exception: pass",
        "with w: pass",
        "raise w",
        "assert w",
    ],
)
def test_statements_without_a_formula_are_refused(statement: str) -> None:
    with pytest.raises(FrechetError):
        read_function(f"def f(w):\n    {statement}\n    return w\n", "f")


def test_a_decision_on_values_is_refused_with_its_line() -> None:
    with pytest.raises(FrechetError) as caught:
        read_function(MODEL, "decides")
    shown = caught.value.diagnostic.render()
    assert "if w.sum() > 0:" in shown
    assert f"line {MODEL.splitlines().index('    if w.sum() > 0:') + 1}" in shown


@pytest.mark.parametrize(("source", "name"), [("def f(", "f"), ("x = 1", "f"), (MODEL, "lost"), ("\x00", "f")])
def test_what_is_not_there_is_said(source: str, name: str) -> None:
    with pytest.raises(FrechetError):
        read_function(source, name)
