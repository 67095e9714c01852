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
from frechet.plot.words import math_vector, number, vector

COUNT = 241
MARGIN = 0.12


@dataclass(frozen=True, kw_only=True)
class SliceData(Data):
    """f(x + t*v) at ts (k,): values (k,), the slope and the curvature at t = 0. For a function of one number ts is
    that number itself, and `centre` where it stands."""

    ts: Any
    values: Any
    centre: float
    f0: float
    slope: float
    curvature: float
    direction: Any
    name: str

    def tangent(self) -> Any:
        """The heights of the tangent line, (k,)."""
        return self.f0 + self.slope * (self.ts - self.centre)

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
    slope, curvature = (derivative(subject, v, k) for k in (1, 2))
    if not np.isfinite(slope):
        raise problem("E400", f"f has no derivative along this direction at {subject.where}.",
                      help="The kind polar shows one-sided derivatives.")  # fmt: skip
    reach = chosen(subject, v, slope, curvature) if window is None else given(window)
    steps = np.linspace(-reach, reach, COUNT)
    values = subject.values(subject.x + steps[:, None] * v)
    centre = float(subject.x[0]) if single else 0.0
    notes = [] if single else [f"$v={math_vector(v)}${words}."]
    if np.isnan(values).any():
        notes.append("Gaps: $f$ is not defined.")
    bends = f" and curvature {number(curvature)}" if np.isfinite(curvature) else ""
    line = "" if single else f" along the line through {subject.where} with direction {vector(v)}"
    return SliceData(
        title=subject.title, caption=" ".join(notes), ts=centre + steps, values=values, centre=centre,
        f0=float(subject.f0[0]), slope=slope, curvature=curvature, direction=v,
        name=subject.math(0) if single else "t",
        description=f"The curve of {subject.name}{line or ' around ' + subject.where} with its tangent line of slope "
        f"{number(slope)}{' and its parabola' if bends else ''}{bends.replace(' and', ' of', 1)}.",
    )  # fmt: skip


def along(subject: Subject, direction: Any) -> tuple[Any, str]:
    """The direction, and how it was chosen, for the caption."""
    if subject.size == 1:
        return np.ones(1), ""
    if direction is None:
        g = subject.gradient
        if np.isfinite(g).all() and np.linalg.norm(g) > 0:
            return g / np.linalg.norm(g), ", the direction of the gradient"
        return np.eye(subject.size)[0], ", the first axis (the gradient is zero)"
    v, name = direction_of(subject, direction, None)
    if not np.linalg.norm(v):
        raise problem("E400", "The direction is zero.", help="Give a direction that moves.")
    return (
        v / np.linalg.norm(v) if name in ("the gradient", "strongest curvature") else v
    ), f", {name}" if name else ""


def derivative(subject: Subject, v: Any, order: int) -> float:
    """The derivative of f along v, NaN where there is none."""
    try:
        found = subject.source.along(subject.x, v, order)
    except Exception:
        return float("nan")
    return float(np.ravel(found.value)[0]) if found.ok else float("nan")


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
              label="tangent line", zorder=3)  # fmt: skip
    axes.plot(data.ts, data.values, color=style.BLUE, linewidth=2.1, label="$f$", zorder=4)
    axes.plot(data.centre, data.f0, "o", color=style.INK, markersize=5, markeredgecolor="white", zorder=5)
    axes.set(xlim=(data.ts[0], data.ts[-1]), ylim=(low - room, high + room), xlabel=f"${data.name}$",
             ylabel="$f$" if data.name != "t" else "$f(x+tv)$")  # fmt: skip
    axes.locator_params(nbins=6)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="best")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
