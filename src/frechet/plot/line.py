"""f along one line: the curve, its tangent and its parabola."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.plot import style
from frechet.plot.landscape import direction_of
from frechet.plot.picture import Data
from frechet.plot.plane import HOLES, nice, skew
from frechet.plot.subject import Subject
from frechet.plot.words import math_number, math_vector, number, vector

COUNT = 241
MARGIN = 0.12


@dataclass(frozen=True, kw_only=True)
class SliceData(Data):
    """f(x + t*v) at ts (k,): values (k,), the slope ahead and the one from behind, which differ at a kink, and the
    curvature at t = 0 (NaN where there is none). For a function of one number ts is that number, at `centre` now."""

    ts: Any
    values: Any
    centre: float
    f0: float
    slope: float
    behind: float
    curvature: float
    direction: Any
    name: str

    def tangent(self) -> Any:
        """The heights of the tangent line, or at a kink of both half tangents, (k,)."""
        return self.f0 + np.where(self.ts < self.centre, self.behind, self.slope) * (self.ts - self.centre)

    def parabola(self) -> Any:
        """The heights of the quadratic model, (k,)."""
        return self.tangent() + self.curvature / 2 * (self.ts - self.centre) ** 2


def line_slice(subject: Subject, *, direction: Any = None, window: Any = None) -> SliceData:
    """f along a direction (numbers, the name of a component, gradient or curvature; the gradient if not given).

    `window` is the largest |t|. Raises E501, E305, E400, E505.
    """
    subject.need_scalar("slice")
    single = subject.size == 1
    v, words = along(subject, direction)
    slope, behind, curvature = derivatives(subject, v)
    if not (np.isfinite(slope) and np.isfinite(behind)):
        raise problem("E400", f"f has not even one-sided derivatives along this direction at {subject.where}.",
                      help="Choose another direction or point.")  # fmt: skip
    reach = chosen(subject, v, slope, curvature) if window is None else given(window)
    steps = np.linspace(-reach, reach, COUNT)
    values = subject.values(subject.x + steps[:, None] * v)
    centre = float(subject.x[0]) if single else 0.0
    notes = [] if single else [f"$v={math_vector(v)}${words}."]
    if np.isnan(values).any():
        notes.append("Gaps: $f$ is not defined.")
    if behind != slope:
        notes.append(f"A kink: slope ${math_number(behind)}$ from behind, ${math_number(slope)}$ ahead.")
    line = "" if single else f" along the line through {subject.where} with direction {vector(v)}"
    tells = f"its tangent line of slope {number(slope)}" if behind == slope else (
        f"a kink: its slope is {number(behind)} from behind and {number(slope)} ahead")  # fmt: skip
    tells += f" and its parabola of curvature {number(curvature)}" if np.isfinite(curvature) else ""
    return SliceData(
        title=subject.title, caption=" ".join(notes), ts=centre + steps, values=values, centre=centre,
        f0=float(subject.f0[0]), slope=slope, behind=behind, curvature=curvature, direction=v,
        name=subject.math(0) if single else "t",
        description=f"The curve of {subject.name}{line or ' around ' + subject.where} with {tells}.",
    )  # fmt: skip


def along(subject: Subject, direction: Any) -> tuple[Any, str]:
    """The direction, and how it was chosen, for the caption."""
    if subject.size == 1:
        return np.ones(1), ""
    if direction is None:
        g = subject.gradient
        if np.isfinite(g).all() and np.linalg.norm(g) > 0:
            return g / np.linalg.norm(g), ", the direction of the gradient"
        why = "the gradient is zero" if np.isfinite(g).all() else "there is no gradient"
        return np.eye(subject.size)[0], f", the first axis ({why})"
    v, name = direction_of(subject, direction, None)
    if not np.linalg.norm(v):
        raise problem("E400", "The direction is zero.", help="Give a direction that moves.")
    return (
        v / np.linalg.norm(v) if name in ("the gradient", "strongest curvature") else v
    ), f", {name}" if name else ""


def derivatives(subject: Subject, v: Any) -> tuple[float, float, float]:
    """The slope of f along v, the slope from behind (the same number where f is smooth), and the curvature; NaN for
    what is not there."""
    found = subject.local.direction(v)
    ahead, behind = float(found.slope), float(found.backward)
    if found.two_sided:
        behind = ahead
    return ahead, behind, float(found.curvature) if found.two_sided else float("nan")


def given(window: Any) -> float:
    if isinstance(window, (int, float)) and 0 < window < float("inf"):
        return float(window)
    raise problem("E505", f"{window!r} is not a window.", help="The window of a line is a radius: window=2")


def chosen(subject: Subject, v: Any, slope: float, curvature: float) -> float:
    """The largest |t|: where the parabola has long left the tangent, unless values there would hide the rest."""
    size = max(float(np.abs(subject.x).max()), 1.0 if np.abs(subject.x).max() >= 0.1 or not subject.x.any() else 1e-300)
    share = size / float(np.abs(v).max())
    if np.isfinite(curvature) and curvature and abs(slope) > 1e-6 * abs(curvature) * share:
        share = min(share, 2.5 * abs(slope / curvature))
    for _ in range(24):
        reach = nice(share)
        found = subject.values(subject.x + np.linspace(-reach, reach, 33)[:, None] * v)
        good = found[np.isfinite(found)]
        if good.size >= (1 - HOLES) * found.size and skew(good) < 12:
            break
        share *= 0.7
    return reach


def draw_slice(figure: Any, data: SliceData) -> None:
    axes = figure.add_subplot()
    good = data.values[np.isfinite(data.values)]
    low, high = float(good.min()), float(good.max())
    room = MARGIN * (high - low or max(abs(high), 1.0))
    if np.isfinite(data.curvature):
        axes.plot(data.ts, data.parabola(), color=style.VERMILION, linestyle=(0, (5, 1.6)), label="parabola", zorder=3)
    axes.plot(data.ts, data.tangent(), color=style.GREEN, linestyle=(0, (1.2, 1.4)), linewidth=2.0, 
              label="tangent line" if data.behind == data.slope else "half tangents", zorder=3)  # fmt: skip
    axes.plot(data.ts, data.values, color=style.BLUE, linewidth=2.1, label="$f$", zorder=4)
    axes.plot(data.centre, data.f0, "o", color=style.INK, markersize=5, markeredgecolor="white", zorder=5)
    axes.set(xlim=(data.ts[0], data.ts[-1]), ylim=(low - room, high + room), xlabel=f"${data.name}$",
             ylabel="$f$" if data.name != "t" else "$f(x+tv)$")  # fmt: skip
    axes.locator_params(nbins=6)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="best")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
