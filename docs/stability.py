"""Writes docs/stability.md: formulas at extreme points, compiled by frechet, and as typed in NumPy, JAX and PyTorch.

python docs/stability.py            measures and writes
python docs/stability.py --check    exit code 1 if the page has other formulas than this file, or ours are not accurate

The true values come from mpmath with 1,000 digits; the gradient there is a difference quotient with a step of 1e-330.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import mpmath
import numpy as np
import scipy.special

import frechet as fr

sys.path.insert(0, str(Path(__file__).parent))
import stability_single as single

PAGE = Path(__file__).with_name("stability.md")
BOUND = 1e-12
mp = mpmath.mp.clone()
mp.dps = 1000

Point = Mapping[str, Any]


class Row(NamedTuple):
    """A formula, where it is looked at, and what makes the formula as typed fail. The first variable is differentiated
    by; `exact` is its gradient where the difference quotient cannot give it."""

    text: str
    at: Point
    why: str
    exact: Any = None


_LONG = [1e-3] * 150
ROWS = (
    Row("log(sum(exp(x)))", {"x": [1000.0, 999.0, -1000.0]}, "overflow"),
    Row("log(sum(p.*exp(x)))", {"x": [1000.0, 999.0, -1000.0], "p": [0.2, 0.3, 0.5]}, "overflow"),
    Row("log(q*exp(x) + (1 - q)*exp(y))", {"x": -800.0, "y": -801.0, "q": 0.3}, "underflow"),
    Row("log(1 + sum(exp(x)))", {"x": [800.0, 799.0, 1.0]}, "overflow"),
    Row("exp(x)/(1 + exp(x) + exp(y))", {"x": 790.0, "y": 800.0}, "overflow"),
    Row("sum(p.*exp(x))/sum(exp(x))", {"x": [900.0, 898.0, 890.0], "p": [1.0, 2.0, 3.0]}, "overflow"),
    Row("sum(log(1 + exp(x)))", {"x": [800.0, -40.0, 0.5]}, "overflow, cancellation"),
    Row("a'*(exp(x)/sum(exp(x)))", {"x": [900.0, 898.0, 890.0], "a": [1.0, 2.0, 3.0]}, "overflow"),
    Row("-y'*log(exp(x)/sum(exp(x)))", {"x": [1000.0, 0.0, -5.0], "y": [0.2, 0.5, 0.3]}, "overflow"),
    Row("-y'*log(softmax(x))", {"x": [1000.0, 0.0, -5.0], "y": [0.2, 0.5, 0.3]}, "underflow"),
    Row("sum(log(1 + exp(-y.*x)))", {"x": [900.0, -900.0, 1.0], "y": [-1.0, -1.0, 1.0]}, "overflow"),
    Row("log(1/(1 + exp(-x)))", {"x": -800.0}, "overflow"),
    Row("log(1 - sigmoid(x))", {"x": 50.0}, "cancellation"),
    Row("sigmoid(x)*(1 - sigmoid(x))", {"x": 50.0}, "cancellation"),
    Row("exp(x)/(1 + exp(x))^2", {"x": 600.0}, "overflow"),
    Row("sum(exp(x)./(1 + exp(x)))", {"x": [800.0, 0.5]}, "overflow"),
    Row("sum(exp(a*x)./(1 + exp(a*x)))", {"x": [-300.0, 0.1], "a": -4.0}, "overflow"),
    Row("sum((exp(2*x) - 1)./(exp(2*x) + 1))", {"x": [400.0, 0.5]}, "overflow"),
    Row("log(2 + exp(x) + exp(-x))", {"x": -800.0}, "overflow"),
    Row("1 + tanh(x)", {"x": -30.0}, "cancellation"),
    Row("1 - tanh(x)^2", {"x": 20.0}, "cancellation"),
    Row("tanh(x)", {"x": 20.0}, "cancellation in the gradient"),
    Row("tanh(x)^2", {"x": 20.0}, "cancellation in the gradient"),
    Row("(exp(x) - exp(-x))/(exp(x) + exp(-x))", {"x": 350.0}, "cancellation in the gradient"),
    Row("1/cosh(x)^2", {"x": 300.0}, "overflow in the gradient"),
    Row("cosh(x) - sinh(x)", {"x": 40.0}, "cancellation"),
    Row("log(cosh(x))", {"x": 800.0}, "overflow"),
    Row("log(cosh(x))", {"x": 1e-9}, "cancellation"),
    Row("log(sinh(x))", {"x": 800.0}, "overflow"),
    Row("log(tanh(x))", {"x": 20.0}, "cancellation"),
    Row("log(x + sqrt(x^2 + 1))", {"x": -1e9}, "cancellation"),
    Row("log(1 + exp(x)) - x", {"x": 50.0}, "cancellation"),
    Row("log(exp(x) + exp(y))", {"x": -800.0, "y": -801.0}, "underflow"),
    Row("log(exp(x) - 1)", {"x": 800.0}, "overflow"),
    Row("log(1 - exp(-x))", {"x": 1e-18}, "cancellation"),
    Row("log(a*exp(-x^2))", {"x": 40.0, "a": 3.0}, "underflow"),
    Row("log(prod(x))", {"x": _LONG}, "underflow", [1000.0] * 150),
    Row("log(det(X))", {"X": (1e60 * (np.eye(6) + 0.1)).tolist()}, "overflow",
        (np.linalg.inv(np.eye(6) + 0.1) * 1e-60).tolist()),
    Row("log(1/sqrt(det(X)))", {"X": (1e60 * (np.eye(6) + 0.1)).tolist()}, "overflow",
        (np.linalg.inv(np.eye(6) + 0.1) * -5e-61).tolist()),
    Row("log(1 + x)", {"x": 1e-17}, "cancellation"),
    Row("log((1 + x)/(1 - x))", {"x": 1e-17}, "cancellation"),
    Row("exp(x) - 1", {"x": 1e-17}, "cancellation"),
    Row("exp(x + y) - exp(x)", {"x": 3.0, "y": 1e-17}, "cancellation"),
    Row("(exp(x) - 1)/x", {"x": 1e-10}, "cancellation"),
    Row("x/(exp(x) - 1)", {"x": 1e-17}, "cancellation"),
    Row("sin(x)/x", {"x": 1e-9}, "cancellation in the gradient"),
    Row("(1 - cos(x))/x^2", {"x": 1e-9}, "cancellation"),
    Row("cosh(x) - 1", {"x": 1e-9}, "cancellation"),
    Row("1 - cos(x)", {"x": 1e-9}, "cancellation"),
    Row("sqrt(1 + x) - 1", {"x": 1e-17}, "cancellation"),
    Row("sqrt(1 + x^2) - 1", {"x": 1e-9}, "cancellation"),
    Row("sqrt(x + 1) - sqrt(x)", {"x": 1e16}, "cancellation"),
    Row("1 - sqrt(1 - x^2)", {"x": 1e-9}, "cancellation"),
    Row("log(x + 1) - log(x)", {"x": 1e17}, "cancellation"),
    Row("1/(x + 1) - 1/x", {"x": 1e17}, "cancellation"),
    Row("1/(1 - x) - 1", {"x": 1e-17}, "cancellation"),
    Row("x*log(x) + (1 - x)*log(1 - x)", {"x": 1e-18}, "cancellation"),
    Row("x^2 - y^2", {"x": 1e8 + 1.0, "y": 1e8}, "cancellation"),
    Row("x^2 - 2*x*y + y^2", {"x": 1e8 + 1.0, "y": 1e8}, "cancellation"),
    Row("x'*x - 2*x'*y + y'*y", {"x": [1e8, 2e8 + 1.0], "y": [1e8, 2e8]}, "cancellation"),
    Row("x'*x - sum(x)^2/n", {"x": [1e8, 1e8 + 1.0, 1e8 + 5.0]}, "cancellation"),
    Row("mean(x.^2) - mean(x)^2", {"x": [1e8, 1e8 + 1.0, 1e8 + 5.0]}, "cancellation"),
    Row("1 - erf(x)", {"x": 8.0}, "cancellation"),
    Row("log(1 - erf(x))", {"x": 30.0}, "underflow"),
    Row("log(1/2 + erf(x)/2)", {"x": -30.0}, "underflow"),
    Row("sqrt(x^2 + y^2)", {"x": 3e200, "y": 4e200}, "overflow"),
    Row("norm2(x)", {"x": [3e-200, 4e-200]}, "underflow"),
    Row("norm2(x)", {"x": [0.0, 0.0]}, "0/0; 0 is a subgradient", [0.0, 0.0]),
)  # fmt: skip


# -- the formula as typed, in the words of a library ----------------------------------------------------


def typed(text: str, variables: Sequence[str]) -> Callable[..., Any]:
    """The formula as a person types it into Python, its functions given as a namespace."""
    code = text.replace(".*", "*").replace("./", "/").replace(".^", "^").replace("^", "**")
    code = re.sub(r"(\w+)'\*", r"\1 @ ", code)
    code = re.sub(r"\b([A-Za-z_]\w*)\(", r"m.\1(", code)
    code = re.sub(r"/n\b", "/len(x)", code)
    made: Callable[..., Any] = eval(f"lambda m, {', '.join(variables)}: {code}")
    return made


class _Exact:
    """mpmath, entry by entry."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return np.frompyfunc(getattr(mp, name), 1, 1)

    sum, prod, mean = staticmethod(np.sum), staticmethod(np.prod), staticmethod(np.mean)

    @staticmethod
    def det(X: Any) -> Any:
        return mp.det(mp.matrix(X.tolist()))

    @staticmethod
    def norm2(x: Any) -> Any:
        return mp.sqrt(x @ x)

    def sigmoid(self, x: Any) -> Any:
        return 1 / (1 + self.exp(-x))

    def softmax(self, x: Any) -> Any:
        return self.exp(x) / np.sum(self.exp(x))


class _Library:
    """NumPy, jax.numpy or torch with names of their own for the rest."""

    def __init__(self, module: Any, **others: Any) -> None:
        self.module, self.others = module, others

    def __getattr__(self, name: str) -> Any:
        return self.others.get(name) or getattr(self.module, name)


def libraries() -> dict[str, _Library]:
    """The libraries that are installed."""
    found = {"NumPy": _Library(np, erf=scipy.special.erf, det=np.linalg.det, norm2=np.linalg.norm,
                               sigmoid=lambda x: 1 / (1 + np.exp(-x)), softmax=scipy.special.softmax)}  # fmt: skip
    try:
        import jax

        jax.config.update("jax_enable_x64", True)
        linalg, nn = jax.numpy.linalg, jax.nn
        found["JAX"] = _Library(jax.numpy, erf=jax.scipy.special.erf, det=linalg.det, norm2=linalg.norm,
                                sigmoid=nn.sigmoid, softmax=nn.softmax)  # fmt: skip
    except ImportError:
        pass
    try:
        import torch

        found["PyTorch"] = _Library(torch, det=torch.linalg.det, norm2=torch.linalg.norm,
                                    softmax=lambda x: torch.softmax(x, 0))  # fmt: skip
    except ImportError:
        pass
    return found


# -- errors --------------------------------------------------------------------------------------------


def truth(row: Row) -> tuple[Any, np.ndarray]:
    """The value and the gradient by the first variable."""
    exact = {n: np.frompyfunc(mp.mpf, 1, 1)(np.array(v, dtype=object)) for n, v in row.at.items()}
    function, m = typed(row.text, list(row.at)), _Exact()
    value = function(m, **exact)
    if row.exact is not None:
        return value, np.array(row.exact, dtype=object)
    name, step = next(iter(row.at)), mp.mpf(10) ** -330
    x = exact[name]
    if not np.ndim(x):
        return value, np.array(
            (function(m, **{**exact, name: x + step}) - function(m, **{**exact, name: x - step})) / (2 * step)
        )
    slopes = []
    for k in range(len(x)):
        move = np.array([step if j == k else mp.mpf(0) for j in range(len(x))], dtype=object)
        slopes.append(
            (function(m, **{**exact, name: x + move}) - function(m, **{**exact, name: x - move})) / (2 * step)
        )
    return value, np.array(slopes, dtype=object)


def error(got: Any, true: Any) -> float:
    """The largest error relative to the largest entry; infinite for what is no number."""
    a, b = np.ravel(np.asarray(got, dtype=object)), np.ravel(np.asarray(true, dtype=object))
    if not all(np.isfinite(float(v)) for v in a):
        return float("inf")
    scale = max(abs(mp.mpf(v)) for v in b)
    off = max(abs(mp.mpf(float(u)) - mp.mpf(v)) for u, v in zip(a, b, strict=True))
    return float(off / scale) if scale else float(off)


def ours(row: Row, backend: str = "numpy") -> tuple[float, float]:
    """The errors of frechet's compiled value and gradient."""
    shapes: dict[str, list[str | int]] = {n: ["n"] * np.ndim(v) for n, v in row.at.items()}
    g = fr.compile(fr.parse(row.text, variables=shapes), [next(iter(row.at))], backend=backend)
    with np.errstate(all="ignore"):
        value, (gradient,) = g(**{n: np.array(v) for n, v in row.at.items()})
    true, slope = truth(row)
    return error(np.asarray(value), true), error(np.asarray(gradient), slope)


def naive(row: Row, name: str, library: _Library) -> tuple[float, float | None]:
    """The errors of the formula as typed; NumPy has no gradient."""
    function, (first, *_), (true, slope) = typed(row.text, list(row.at)), list(row.at), truth(row)
    with np.errstate(all="ignore"):
        if name == "NumPy":
            return error(function(library, **{n: np.array(v) for n, v in row.at.items()}), true), None
        if name == "JAX":
            import jax

            given = {n: jax.numpy.asarray(np.array(v)) for n, v in row.at.items()}
            by = jax.value_and_grad(lambda x: function(library, **{**given, first: x}))
            value, gradient = by(given[first])
            return error(np.asarray(value), true), error(np.asarray(gradient), slope)
        import torch

        tensors = {n: torch.tensor(np.array(v)) for n, v in row.at.items()}
        tensors[first].requires_grad_(True)
        result = function(library, **tensors)
        result.backward()
        return error(result.detach().numpy(), true), error(tensors[first].grad.numpy(), slope)


def _shown(found: float | None) -> str:
    return "-" if found is None else "lost" if found > 0.5 else "exact" if found == 0 else f"{found:.0e}"


HEAD = f"""\
# Formulas at extreme points

`fr.compile` rewrites what overflows or cancels (see `frechet.compile.stable.rules`), so the formula can be typed as it
is meant. Errors are relative, of the value and of the gradient by the first variable, against mpmath with 1,000
digits; "lost" is an error above one half, an infinity or nan. NumPy, JAX and PyTorch evaluate the formula as typed, in
double precision. frechet stays below {BOUND:.0e}. Written by `python docs/stability.py`.
"""


def page() -> str:
    known = libraries()
    names = [n for n in ("NumPy", "JAX", "PyTorch") if n in known]
    lines = [HEAD, f"| formula | at | what fails | frechet | {' | '.join(names)} |", f"|{' --- |' * (4 + len(names))}"]
    for row in ROWS:
        cells = [f"`{row.text}`", _place(row), row.why, " / ".join(map(_shown, ours(row)))]
        for n in names:
            value, gradient = naive(row, n, known[n])
            cells.append(_shown(value) if gradient is None else f"{_shown(value)} / {_shown(gradient)}")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n" + single.table(names, _shown)


def _place(row: Row) -> str:
    first = next(iter(row.at))
    value = row.at[first]
    if np.size(value) > 4:
        return f"{first}: {'1e60*(eye + 0.1)' if first == 'X' else f'{np.size(value)} times {value[0]:g}'}"
    return "; ".join(f"{n} = {' '.join(f'{v:.9g}' for v in np.ravel(a))}" for n, a in row.at.items())


def check() -> int:
    """The page has these formulas and points, and frechet keeps its bound."""
    text = PAGE.read_text() if PAGE.exists() else ""
    missing = [r.text for r in ROWS if f"| `{r.text}` | {_place(r)} |" not in text]
    missing += [r.text for r in single.ROWS if f"| `{r.text}` | {r.where} |" not in text]
    bad = [r.text for r in ROWS if max(ours(r)) > BOUND]
    bad += [r.text for r in single.ROWS if any(e > b for e, b in zip(single.ours(r), r.bound, strict=True))]
    print(*(f"not on the page: {t}" for t in missing), *(f"not accurate: {t}" for t in bad), sep="\n", end="")
    return int(bool(missing or bad or HEAD not in text))


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit(check())
    PAGE.write_text(page())
