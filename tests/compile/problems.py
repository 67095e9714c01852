"""The problem families that compiled code is tested and timed on, as a person would type them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Problem:
    """An expression, its variables, and by which of them; `kind` "jacobian" where it is not scalar."""

    name: str
    text: str
    variables: dict[str, list[str]]
    wrt: list[str]
    kind: str = "scalar"
    facts: dict[str, list[str]] = field(default_factory=dict)


_X = {"X": ["m", "n"], "w": ["n"], "y": ["m"]}
_NN = ["n", "n"]
PROBLEMS = [
    Problem("quad", "x'*A*x", {"x": ["n"], "A": _NN}, ["x"]),
    Problem("logreg", "sum(log(1 + exp(X*w))) - y'*X*w + lam/2*w'*w", {**_X, "lam": []}, ["w"]),
    Problem("matfac", "norm2(T - U*V')^2", {"T": ["n", "m"], "U": ["n", "k"], "V": ["m", "k"]}, ["U", "V"]),
    Problem("net3", "norm2(tanh(W3*tanh(W2*tanh(W1*x))) - y)^2",
            {"W1": _NN, "W2": _NN, "W3": _NN, "x": ["n"], "y": ["n"]}, ["W1"]),
    Problem("ridge", "norm2(X*w - y)^2 + lam*norm2(w)^2", {**_X, "lam": []}, ["w"]),
    Problem("softmaxreg", "sum(log(exp(X*W)*ones(k))) - sum(Y.*(X*W))",
            {"X": ["m", "d"], "W": ["d", "k"], "Y": ["m", "k"]}, ["W"]),
    Problem("poisson", "sum(exp(X*w)) - y'*X*w", _X, ["w"]),
    Problem("huber", "sum(sqrt(1 + (X*w - y).^2) - 1)", _X, ["w"]),
    Problem("gauss", "N/2*logdet(S) + tr((X - ones(m)*mu')*inv(S)*(X - ones(m)*mu')')/2",
            {"X": ["m", "d"], "mu": ["d"], "S": ["d", "d"], "N": []}, ["mu", "S"]),
    Problem("gp", "y'*inv(s*exp(-D/(2*l^2)) + t*eye(n))*y/2 + logdet(s*exp(-D/(2*l^2)) + t*eye(n))/2",
            {"y": ["n"], "D": _NN, "s": [], "l": [], "t": []}, ["s", "l", "t"]),
    Problem("dopt", "-logdet(X'*diag(w)*X)", {"X": ["m", "n"], "w": ["m"]}, ["w"]),
    Problem("trinv", "tr(inv(X'*X))", {"X": ["m", "n"]}, ["X"]),
    Problem("mahal", "sum(log(1 + exp(y.*(diag(D*M*M'*D') .- b))))",
            {"D": ["p", "d"], "M": ["d", "d"], "y": ["p"], "b": []}, ["M"]),
    Problem("chain", "norm2(((A*B)*C)*x)^2", {"A": _NN, "B": _NN, "C": _NN, "x": ["n"]}, ["x"]),
    Problem("mlp", "norm2(tanh(X*W1 + ones(m)*b1')*W2 + ones(m)*b2' - Y)^2/m",
            {"X": ["m", "d"], "W1": ["d", "h"], "b1": ["h"], "W2": ["h", "o"], "b2": ["o"], "Y": ["m", "o"]},
            ["W1", "b1", "W2", "b2"]),
    Problem("rayleigh", "x'*A*x/(x'*x)", {"x": ["n"], "A": _NN}, ["x"]),
    Problem("axb", "norm2(A*X*B - C)^2", {"A": ["p", "n"], "X": ["n", "k"], "B": ["k", "q"], "C": ["p", "q"]}, ["X"]),
    Problem("barrier", "norm2(F*x - b)^2/2 - sum(log(x))", {"F": ["k", "n"], "x": ["n"], "b": ["k"]}, ["x"]),
    Problem("rbfridge", "norm2(exp(-g*(diag(X*X')*ones(n)' + ones(n)*diag(X*X')' - 2*X*X'))*a - y)^2",
            {"X": ["n", "d"], "a": ["n"], "y": ["n"], "g": []}, ["X"]),
    Problem("softjac", "softmax(A*x)", {"A": ["m", "n"], "x": ["n"]}, ["x"], "jacobian"),
]  # fmt: skip

SMALL = {"m": 9, "n": 4, "k": 3, "d": 5, "p": 6, "q": 4, "h": 3, "o": 2}
LONG = {"barrier": {"n": 30}}


def draw(p: Problem, seed: int, sizes: dict[str, int] | None = None) -> dict[str, Any]:
    """A point inside the domain."""
    rng = np.random.default_rng(seed)
    length = sizes or {**SMALL, **LONG.get(p.name, {})}
    arrays: dict[str, Any] = {}
    for name, dims in p.variables.items():
        a = rng.normal(size=[length[d] for d in dims])
        if (p.name, name) in {("dopt", "w"), ("barrier", "x")} or name in ("s", "l", "t", "N", "lam"):
            a = np.abs(a) + 1
        elif name == "S":
            a = a @ a.T + np.eye(len(a))
        elif (p.name, name) == ("gp", "D"):
            z = rng.normal(size=(len(a), 2))
            a = ((z[:, None] - z[None]) ** 2).sum(-1)
        elif p.name in ("logreg", "poisson", "softmaxreg", "mahal") and name in ("w", "W", "M"):
            a = a / np.sqrt(len(a))
        elif name == "g":
            a = np.abs(a) / 10
        elif (p.name, name) == ("poisson", "X"):
            a = a / 3
        arrays[name] = np.asarray(a)
    return arrays
