"""Which input moved the output: df = sum of df/dx_i dx_i as bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.plot import style
from frechet.plot.picture import Data
from frechet.plot.subject import Subject
from frechet.plot.words import math_label, math_number, math_vector, number

MOST = 12


@dataclass(frozen=True, kw_only=True)
class BarData(Data):
    """The parts (k,) of the inputs (of many, the largest), the rest, their sum and what f really does."""

    names: tuple[str, ...]
    parts: Any
    rest: float
    predicted: float
    actual: float


def contributions(subject: Subject, *, step: Any = None, to: Any = None) -> BarData:
    """The parts of one step, given as such or as the point it leads `to`; without either, each input moves by a tenth
    of its size. Raises E501, E505, E305, E400."""
    subject.need_scalar("contributions")
    default = step is None and to is None
    if default:
        step = 0.1 * np.where(subject.x != 0, np.abs(subject.x), 1.0)
    found = subject.local.contributions(step, to=to) if to is not None else subject.local.contributions(step)
    parts, moved = found.parts[0], np.flatnonzero(found.steps)
    if not moved.size:
        raise problem("E400", "The step is zero: nothing moves.", help="Give a step that moves.")
    order = (
        moved if len(moved) <= MOST else np.sort(moved[np.argsort(-np.abs(parts[moved]), kind="stable")][: MOST - 1])
    )
    rest = float(parts.sum() - parts[order].sum()) if len(order) < len(moved) else 0.0
    predicted, actual = float(found.predicted[0]), float(found.actual[0])
    steps = f"Step: ${math_vector(found.steps)}$." if subject.size <= 6 else ""
    chosen = "Each input moves by a tenth of its size." if default else steps
    left = f" {len(moved) - len(order)} smaller parts in one bar." if rest else ""
    real = "" if not np.isfinite(actual) else f", while f really changes by {number(actual)}"
    return BarData(
        title=subject.title, caption=chosen + left, names=tuple(math_label(subject.labels[i]) for i in order),
        parts=parts[order], rest=rest, predicted=predicted, actual=actual,
        description=f"Contributions of the inputs of {subject.name} at {subject.where}: {found.largest} moved the "
        f"output most; the parts add up to {number(predicted)}{real}.",
    )  # fmt: skip


def height(data: BarData) -> float:
    """Inches for the drawing."""
    return 0.32 * (len(data.parts) + bool(data.rest) + 2) + 0.75


def draw_bars(figure: Any, data: BarData) -> None:
    """The parts from the top, then their sum and the real change."""
    axes = figure.add_subplot()
    rows = [rf"$\partial f/\partial {name}\;\Delta {name}$" for name in data.names]
    values = [float(p) for p in data.parts]
    if data.rest:
        rows, values = [*rows, "all others"], [*values, data.rest]
    places = [float(-k) for k in range(len(rows))]
    ends = [("sum of the parts", data.predicted), (r"actual $\Delta f$", data.actual)]
    ends = [(name, value) for name, value in ends if np.isfinite(value)]
    for k, value in enumerate(values):
        axes.barh(places[k], value, 0.62, color=style.VERMILION if value >= 0 else style.BLUE,
                  hatch=None if value >= 0 else "////", edgecolor="white", linewidth=0)  # fmt: skip
    bottom = places[-1] - 1.35
    for k, (name, value) in enumerate(ends):
        places.append(bottom - k)
        rows.append(name)
        values.append(value)
        axes.barh(places[-1], value, 0.62, color=style.GREY if k == 0 else style.INK)
    low, high = min(0.0, *values), max(0.0, *values)
    high = high if high > low else 1.0
    room = 0.2 * (high - low or 1.0)
    for place, value in zip(places, values, strict=True):
        axes.annotate(f"${math_number(value)}$", (value, place), xytext=(4 if value >= 0 else -4, 0), va="center",
                      textcoords="offset points", ha="left" if value >= 0 else "right",
                      fontsize=style.SMALL)  # fmt: skip
    axes.axvline(0, color=style.INK, linewidth=0.8)
    axes.axhline(bottom + 0.68, color=style.PALE, linewidth=0.8)
    axes.set(xlim=(low - (room if low < 0 else 0), high + (room if high > 0 else 0)), ylim=(places[-1] - 0.6, 0.6))
    axes.set_yticks(places, rows)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=5)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
