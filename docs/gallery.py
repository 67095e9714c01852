"""Draws the pictures of docs/gallery.md and writes the page.

python docs/gallery.py            draws all of them into docs/gallery/
python docs/gallery.py --check    exit code 1 if the page or the numbers in the pictures are not up to date
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from frechet.plot.kinds import KINDS

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "gallery"
NUMBERS = FOLDER / "data.json"
LONG = 12  # of an array with more numbers only a summary is kept
NOISE = {"errors", "floor", "best", "steps"}  # what rounding decides is not compared


@dataclass(frozen=True)
class Entry:
    """One picture: its name, a heading, what it says, and the call that makes it."""

    name: str
    heading: str
    text: str
    call: str
    ending: str = "svg"


NOTES = '"x1^2 + exp(x1*x2) + 2*log(x2)"'
SETUP = """import frechet as fr

f = fr.parse("x1^2 + exp(x1*x2) + 2*log(x2)", variables={"x1": [], "x2": []})


def g(x):  # known by its values alone
    return sorted(x)[0] ** 2 + x[0] * x[1]
"""

ENTRIES = (
    Entry(
        "movements", "Small steps commute",
        "Two movements in either order end at the same height. What one of them does depends on the other, by"
        " an amount that falls with the square of the steps: to first order, effects add. This is the planar "
        "approximation.",
        'f.plot("movements", at=(1, 2), a=(0.1, 0), b=(0, 0.1))',
    ),
    Entry(
        "contributions", "Which input moved the output",
        "The change of f taken apart by input, ∂f/∂xᵢ Δxᵢ, beside what f really does.",
        'f.plot("contributions", at=(1, 2), step=(0.1, 0.05))',
    ),
    Entry(
        "contour", "The gradient stands on the contour lines",
        "It points uphill, at right angles to the line through its foot, whose tangent is drawn in green.",
        'f.plot("contour", at=(1, 2))',
    ),
    Entry(
        "directions", "Up, down and level",
        "Three directions told apart by the sign of ∇f·d: the value goes up, goes down, or stays the same to "
        "first order. That holds near the point: the level direction soon leaves the contour line.",
        'f.plot("directions", at=(1, 2))',
    ),
    Entry(
        "slice", "Tangent and parabola",
        "f along a line, with its linear and its quadratic model.",
        'f.plot("slice", at=(1, 2), window=0.6)',
    ),
    Entry(
        "surface", "The tangent plane",
        "The linear model in two variables.",
        'f.plot("surface", at=(1, 2))',
    ),
    Entry(
        "bowl", "The quadratic model",
        "With the Hessian it bends as f does.",
        'f.plot("surface", at=(1, 2), model="bowl")',
    ),
    Entry(
        "error", "How good the models are",
        "The error of Taylor's model of order k falls as the step to the power k + 1: straight lines on "
        "logarithmic axes.",
        'f.plot("error", at=(1, 2), orders=(1, 2, 3))',
    ),
    Entry(
        "taylor", "Any order in one variable",
        "The same for the sine.",
        'fr.plot("sin(x)", "error", 1.0, orders=(1, 2, 3, 4))',
    ),
    Entry(
        "kink", "A function with kinks in its directional derivatives",
        "Both partial derivatives of y³/(x² + y²) exist at the origin, and so does the slope in every direction, "
        "but the slopes are not linear in the direction: no linear map, no derivative. "
        "(The formula is 0/0 there; `value=0` says what f is.)",
        'fr.plot("y^3/(x^2 + y^2)", "polar", at=(0, 0), value=0)',
    ),
    Entry(
        "kink-surface", "The same function as a surface",
        "",
        'fr.plot("y^3/(x^2 + y^2)", "surface", at=(0, 0), value=0)',
    ),
    Entry(
        "gateaux", "Linear in the direction, and yet not differentiable",
        "All slopes of x³y/(x⁶ + y²) at the origin are zero: the function is differentiable in the sense of Gateaux. "
        "But along the curve y = x³ it stays at one half: no tangent plane serves all small steps (Frechet).",
        'fr.plot("x^3*y/(x^6 + y^2)", "surface", at=(0, 0), value=0, window=1)',
    ),
    Entry(
        "half-tangents", "Half tangents", "",
        'fr.plot("abs(x) + x^2/2", "slice", at=0)',
    ),
    Entry(
        "black-box", "A black box", "Any Python function will do: derivatives then come from its values.",
        'fr.plot(g, "contour", at=[0.5, 1.0])',
    ),
    Entry(
        "smooth", "Where a function is differentiable",
        "the slopes are ∇f·v: two circles through the centre.",
        'f.plot("polar", at=(1, 2))',
    ),
    Entry(
        "norm", "A kink of a norm",
        "Every direction goes up.",
        'fr.plot("abs(x1) + 2*abs(x2)", "polar", at=(0, 0))',
    ),
    Entry(
        "field", "The gradient field",
        "",
        'fr.plot("x1^3 - 3*x1 + x2^2", "field", at=(0, 0), window=2)',
    ),
    Entry(
        "hessian-bowl", "Eigenvectors of the Hessian: a bowl",
        "",
        'fr.plot("x1^2 + x1*x2 + 2*x2^2", "hessian", at=(0, 0))',
    ),
    Entry(
        "hessian-saddle", "A saddle",
        "Solid: f curves up; dashed: it curves down.",
        'fr.plot("x1^2 - x1*x2 - x2^2", "hessian", at=(0, 0))',
    ),
    Entry(
        "hessian-ridge", "A ridge",
        "",
        'fr.plot("-(x1 + x2)^2 - 0.02*x1^2", "hessian", at=(0, 0))',
    ),
    Entry(
        "hessian", "Where the gradient is not zero",
        "the tangent plane is taken off, so that only the bending is left.",
        'f.plot("hessian", at=(1, 2))',
    ),
    Entry(
        "jacobian", "A circle becomes an ellipse",
        "The Jacobian takes the right singular vectors v to the left ones u, stretched by the singular "
        "values.",
        'fr.plot("[x1^2 - x2; x1*x2 + x2]", "jacobian", at=(1, 0.5))',
    ),
    Entry(
        "grid", "A grid bends",
        "",
        'fr.plot("[x1*cos(x2); x1*sin(x2)]", "grid", at=(2, 0.5))',
    ),
    Entry(
        "delta", "Which delta for a difference quotient",
        "Truncation on the right, rounding on the left.",
        'f.plot("delta", at=(1, 2))',
    ),
    Entry(
        "graph", "The chain rule as a graph",
        "",
        'fr.parse("exp(a\'*x)*sin(b\'*x)").plot("graph", wrt="x")',
    ),
    Entry(
        "heat", "Zeros and blocks of a Hessian",
        "Each group of variables that others do not touch is a block.",
        'fr.plot("x1^2*x2 + x3*x4^2 + exp(x4*x5) + x6^4", "heat", at=(1, 2, 1, 0.5, 1, -1))',
    ),
    Entry(
        "coordinates", "More than two variables",
        "Two of them are shown, those with the steepest slopes if none are named, the others are held.",
        'fr.plot("x1^2 + 3*x2 + 2*x3^2 + x1*x3", "contour", at=(1, 2, 1))',
    ),
    Entry(
        "plane", "or two directions",
        "such as the gradient and the direction of strongest curvature across it.",
        'fr.plot("x1^2 + 3*x2 + 2*x3^2 + x1*x3", "contour", at=(1, 2, 1), along=("gradient", "curvature"))',
    ),
    Entry(
        "domain", "Where a function is not defined",
        "",
        'fr.plot("log(x1) + sqrt(x2)", "contour", at=(0.2, 0.1))',
    ),
    Entry(
        "valley", "A narrow valley",
        "",
        'fr.plot("(1 - x1)^2 + 100*(x2 - x1^2)^2", "contour", at=(0.5, 0.5))',
    ),
)  # fmt: skip


def made(entry: Entry) -> Any:
    """The picture, by the very line that the page shows."""
    names: dict[str, Any] = {}
    exec(SETUP, names)
    return eval(entry.call, names)


def page(pictures: dict[str, Any]) -> str:
    """The page: each picture with its line of code; what it shows in words is its alternative text."""
    lines = [
        "# Gallery", "",
        "Every picture is made by the line above it, and says in one sentence what is to be seen: in the file, for",
        "screen readers, and as `.description`. `.save(\"name.svg\")` writes it (also .pdf and .png), `.data` holds",
        "its numbers, `.figure` is the matplotlib figure. Pictures need matplotlib: `pip install \"frechet[plot]\"`.",
        "This page and its pictures are made by `docs/gallery.py`; `--check` compares the numbers in them.", "",
        "```python", SETUP.rstrip(), "```", "",
        "From the command line:", "",
        "```", f"frechet plot {NOTES} --at 1,2 --kind contour -o contour.svg", "```",
    ]  # fmt: skip
    for entry in ENTRIES:
        picture = pictures[entry.name]
        words = " ".join(picture.description.split()).replace("[", "(").replace("]", ")")
        lines += ["", f"## {entry.heading}", ""]
        lines += [entry.text[0].upper() + entry.text[1:], ""] if entry.text else []
        lines += ["```python", entry.call, "```", "", f"![{words}](gallery/{entry.name}.{entry.ending})"]
        if picture.caption:
            lines += ["", f"*{picture.caption.replace('*', chr(92) + '*').replace('_', chr(92) + '_')}*"]
    lines += ["", "## All kinds", "", "| kind | shows | options |", "| --- | --- | --- |"]
    for name, kind in KINDS.items():
        lines.append(f"| `{name}` | {kind.summary} | {', '.join(f'`{o}`' for o in kind.options) or 'none'} |")
    lines += ["", "`fr.plot` says what the options are."]
    return "\n".join(lines) + "\n"


def numbers(value: Any) -> Any:
    """The data of a picture as JSON: long arrays by their shape, extremes and mean."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: numbers(getattr(value, f.name)) for f in fields(value) if f.name not in NOISE}
    if isinstance(value, dict):
        return {str(k): numbers(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [numbers(v) for v in value]
    if isinstance(value, np.ndarray) and value.size > LONG:
        good = value[np.isfinite(value)].astype(float)
        if not good.size:
            return {"shape": list(value.shape), "finite": 0}
        known = {"least": good.min(), "largest": good.max(), "mean": good.mean(), "spread": good.std()}
        return {"shape": list(value.shape), "finite": int(good.size), **{k: rounded(v) for k, v in known.items()}}
    if isinstance(value, np.ndarray | np.generic):
        return numbers(value.tolist())
    return rounded(value) if isinstance(value, float) else value


def rounded(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def same(a: Any, b: Any) -> bool:
    """Equal up to what another machine may round otherwise."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float | int) and isinstance(b, float | int):
        return math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-5)
    return bool(a == b)


def check() -> int:
    """1 if a picture or the page has changed."""
    pictures = {entry.name: made(entry) for entry in ENTRIES}
    kept = json.loads(NUMBERS.read_text())
    wrong = [name for name, p in pictures.items() if not same(kept.get(name), json.loads(json.dumps(numbers(p.data))))]
    wrong += [e.name for e in ENTRIES if not (FOLDER / f"{e.name}.{e.ending}").exists()]
    wrong += [] if (HERE / "gallery.md").read_text() == page(pictures) else ["gallery.md"]
    print("\n".join(f"{name} is not up to date: python docs/gallery.py" for name in wrong), end="\n" if wrong else "")
    return int(bool(wrong))


def main(argv: list[str]) -> int:
    if "--check" in argv:
        return check()
    FOLDER.mkdir(exist_ok=True)
    pictures = {entry.name: made(entry) for entry in ENTRIES}
    for entry in ENTRIES:
        pictures[entry.name].save(FOLDER / f"{entry.name}.{entry.ending}", dpi=170)
    kept = {name: numbers(picture.data) for name, picture in pictures.items()}
    NUMBERS.write_text(json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    (HERE / "gallery.md").write_text(page(pictures))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
