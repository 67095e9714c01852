"""The cases of `benchmarks.compile`: problem families, what is wanted of them, three sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.compile.problems import PROBLEMS, Problem, draw

SIZES = ("small", "medium", "large")
VG = "value_and_gradient"
Lengths = dict[str, int]


@dataclass(frozen=True)
class Case:
    """One problem and one wanted result at three sizes."""

    problem: str
    want: str
    sizes: tuple[Lengths, Lengths, Lengths]
    wrt: tuple[str, ...] = ()
    operator: bool = False

    @property
    def name(self) -> str:
        short = {VG: "vg"}.get(self.want, self.want)
        return f"{self.problem}:{'factors' if self.operator else short}"

    @property
    def family(self) -> Problem:
        return FAMILIES[self.problem]

    @property
    def variables(self) -> tuple[str, ...]:
        """By which variables."""
        return self.wrt or tuple(self.family.wrt[: None if self.want == VG else 1])


def _deep(layers: int) -> Problem:
    names = [f"W{k}" for k in range(1, layers + 1)]
    text = "x"
    for n in names:
        text = f"tanh({n}*{text})"
    shapes = {**{n: ["n", "n"] for n in names}, "x": ["n"], "y": ["n"]}
    return Problem(f"net{layers}", f"norm2({text} - y)^2", shapes, ["W1"])


_MATFAC = next(p for p in PROBLEMS if p.name == "matfac")
FAMILIES = {p.name: p for p in (*PROBLEMS, _deep(10), Problem("nmf", _MATFAC.text, _MATFAC.variables, ["U", "V"]))}


def point(case: Case, size: str) -> dict[str, Any]:
    """The arrays of a case, the direction of hvp last."""
    arrays = draw(case.family, 0, case.sizes[SIZES.index(size)])
    if case.problem in ("logreg", "poisson"):
        arrays["X"] = arrays["X"] / 3
    if case.problem == "net10":
        arrays = {n: a / np.sqrt(len(a)) if a.ndim == 2 else a for n, a in arrays.items()}
    if case.want == "hvp":
        name = "v_" if "v" in arrays else "v"
        arrays[name] = np.random.default_rng(1).normal(size=arrays[case.variables[0]].shape)
    return arrays


def _sizes(**lengths: tuple[int, int, int]) -> Any:
    return tuple({k: v[j] for k, v in lengths.items()} for j in range(3))


_SIZES = {
    "quad": _sizes(n=(10, 300, 2000)), "logreg": _sizes(m=(50, 1000, 10000), n=(5, 100, 400)),
    "matfac": _sizes(n=(5, 40, 150), m=(5, 40, 150), k=(2, 5, 10)), "net10": _sizes(n=(5, 20, 40)),
    "nmf": _sizes(n=(20, 500, 3000), m=(15, 400, 2000), k=(3, 20, 50)),
    "softmaxreg": _sizes(m=(50, 500, 5000), d=(4, 20, 50), k=(3, 5, 10)),
    "gauss": _sizes(m=(50, 1000, 4000), d=(5, 100, 400)), "gp": _sizes(n=(20, 300, 1500)),
    "dopt": _sizes(m=(20, 200, 800), n=(4, 30, 80)), "trinv": _sizes(m=(10, 400, 1500), n=(5, 200, 800)),
    "mahal": _sizes(p=(50, 1000, 20000), d=(5, 50, 300)), "rbfridge": _sizes(n=(20, 300, 2000), d=(3, 10, 20)),
    "chain": _sizes(n=(10, 200, 1000)),
    "mlp": _sizes(d=(5, 50, 200), h=(8, 100, 500), o=(3, 10, 10), m=(20, 500, 5000)),
    "rayleigh": _sizes(n=(10, 300, 1500)), "softjac": _sizes(m=(10, 300, 1500), n=(8, 200, 1000)),
    "axb": _sizes(p=(8, 40, 60), n=(5, 20, 40), k=(3, 15, 40), q=(6, 30, 60)),
    "barrier": _sizes(k=(2, 10, 30), n=(10, 300, 2000)),
}  # fmt: skip
_TALL = _sizes(m=(50, 1000, 20000), n=(5, 100, 400))
# What is wanted of each family; factors is the Hessian as an operator. A Hessian that would have more than 10^8 numbers
# (trinv, mahal, rbfridge, mlp, nmf) is left out, and so is a Newton step where the Hessian is singular by construction.
WANTED = {
    "quad": "vg hessian hvp newton", "logreg": "vg hessian hvp newton", "ridge": "vg hessian hvp newton",
    "huber": "vg hessian hvp newton", "poisson": "vg hessian hvp newton", "softmaxreg": "vg hessian hvp",
    "matfac": "hessian factors newton", "net10": "vg hessian factors hvp", "gauss": "vg hvp", "gp": "vg hvp",
    "dopt": "vg hessian hvp", "trinv": "vg hvp", "mahal": "vg hvp", "rbfridge": "vg hvp",
    "chain": "vg hessian hvp", "mlp": "vg hvp", "nmf": "vg hvp", "rayleigh": "vg hessian hvp",
    "softjac": "jacobian", "axb": "vg hessian factors hvp newton", "barrier": "vg hessian hvp newton",
}  # fmt: skip


def _case(problem: str, word: str) -> Case:
    want = {"vg": VG, "factors": "hessian"}.get(word, word)
    return Case(problem, want, _SIZES.get(problem, _TALL), ("U",) if problem == "matfac" else (), word == "factors")


CASES = [_case(problem, word) for problem, words in WANTED.items() for word in words.split()]
