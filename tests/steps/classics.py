"""Thirty classics of matrix calculus, whose derivations are kept word for word under tests/golden/steps.

python -m tests.steps.classics writes the files anew; read every line that changed as a teacher would.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import frechet as fr
from frechet.steps.derivation import Derivation

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "steps"


@dataclass(frozen=True)
class Classic:
    """A function, the variable, what is asked for, and how the derivation is told."""

    name: str
    formula: str
    wrt: tuple[str, ...]
    variables: dict[str, list[str | int]]
    kind: str = "gradient"
    facts: dict[str, list[str]] = field(default_factory=dict)
    level: str = "normal"
    style: str = "differential"

    def derivation(self) -> Derivation:
        f = fr.parse(self.formula, variables=self.variables, facts=self.facts)
        answer: Any = f.derivative(*self.wrt, verify=False) if self.kind == "derivative" else getattr(f, self.kind)(
            self.wrt[0], verify=False)  # fmt: skip
        return answer.steps(level=self.level, style=self.style)

    @property
    def path(self) -> Path:
        return GOLDEN / f"{self.name}.txt"


m, n, k = "m", "n", "k"
LEAST = {"X": [m, n], "w": [n], "y": [m]}
QUADRATIC = {"A": [n, n], "x": [n]}
GAUSS = {"S": [n, n], "mu": [n], "x": [n]}
LOGLIK = "-1/2*logdet(S) - 1/2*(x - mu)'*inv(S)*(x - mu)"

CLASSICS = (
    Classic("least-squares-norm", "norm2(X*w - y)^2", ("w",), LEAST),
    Classic("least-squares-product", "(X*w - y)'*(X*w - y)", ("w",), LEAST),
    Classic("least-squares-full", "norm2(X*w - y)^2", ("w",), LEAST, level="full"),
    Classic("least-squares-chain", "norm2(X*w - y)^2", ("w",), LEAST, style="chain rule"),
    Classic("least-squares-hessian", "norm2(X*w - y)^2", ("w",), LEAST, "hessian"),
    Classic("norm-to-the-fourth", "norm2(x)^4", ("x",), {"x": [n]}),
    Classic("norm-to-the-fourth-chain", "norm2(x)^4", ("x",), {"x": [n]}, style="chain rule"),
    Classic("quadratic-form", "x'*A*x", ("x",), QUADRATIC),
    Classic("quadratic-form-symmetric", "x'*A*x", ("x",), QUADRATIC, facts={"A": ["symmetric"]}),
    Classic("quadratic-form-full", "x'*A*x", ("x",), QUADRATIC, level="full"),
    Classic("logistic", "sum(log(1 + exp(-y.*(X*w))))", ("w",), LEAST),
    Classic("logistic-hessian", "sum(log(1 + exp(-y.*(X*w))))", ("w",), LEAST, "hessian"),
    Classic("softmax-cross-entropy", "log(sum(exp(W*x))) - y'*W*x", ("W",), {"W": [m, n], "x": [n], "y": [m]}),
    Classic("softmax-jacobian", "softmax(x)", ("x",), {"x": [n]}, "jacobian"),
    Classic("logdet", "logdet(X)", ("X",), {"X": [n, n]}),
    Classic("logdet-hessian", "logdet(X)", ("X",), {"X": [n, n]}, "hessian"),
    Classic("inverse-bilinear", "a'*inv(X)*b", ("X",), {"X": [n, n], "a": [n], "b": [n]}),
    Classic("trace-of-a-product", "tr(A*X*B*X'*C)", ("X",), {"X": [m, n], "A": [m, m], "B": [n, n], "C": [m, m]}),
    Classic("determinant", "det(X)", ("X",), {"X": [n, n]}),
    Classic("rayleigh-quotient", "x'*A*x/(x'*x)", ("x",), QUADRATIC, facts={"A": ["symmetric"]}),
    Classic("mlp-layer", "norm2(W2*tanh(W1*x) - y)^2", ("W1",), {"W1": [k, n], "W2": [m, k], "x": [n], "y": [m]}),
    Classic("mlp-input-chain", "c'*sigmoid(B*sigmoid(A*x))", ("x",), {"A": [k, n], "B": [m, k], "x": [n], "c": [m]},
            style="chain rule"),
    Classic("gaussian-mean", LOGLIK, ("mu",), GAUSS, facts={"S": ["spd"]}),
    Classic("gaussian-covariance", LOGLIK, ("S",), GAUSS, facts={"S": ["spd"]}),
    Classic("matrix-factorisation", "norm2(R - U*V')^2", ("U",), {"R": [m, n], "U": [m, k], "V": [n, k]}),
    Classic("distance-to-a-point", "norm2(x - a)", ("x",), {"x": [n], "a": [n]}),
    Classic("two-affine-maps", "(A*x + b)'*(C*D*x + e)", ("x",),
            {"A": [m, n], "x": [n], "b": [m], "C": [m, k], "D": [k, n], "e": [m]}),
    Classic("outer-quadratic", "a'*X*X'*b", ("X",), {"X": [m, n], "a": [m], "b": [m]}),
    Classic("minus-log", "-log(x)", ("x",), {"x": [n]}, "jacobian"),
    Classic("scalar-of-two-paths", "sin(x*t) + exp(t^2)*y", ("t",), {"x": [], "t": [], "y": []}, style="chain rule"),
    Classic("entrywise-layer", "tanh(A*x)", ("x",), {"A": [m, n], "x": [n]}, "jacobian"),
    Classic("normalised-vector", "x/norm2(x)", ("x",), {"x": [n]}, "jacobian"),
)  # fmt: skip


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for classic in CLASSICS:
        classic.path.write_text(str(classic.derivation()) + "\n", encoding="utf-8")
