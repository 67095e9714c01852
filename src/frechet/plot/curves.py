"""Errors on logarithmic axes: of local models against the step, and of finite differences against delta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.plot import style
from frechet.plot.landscape import direction_of
from frechet.plot.line import along as chosen_direction
from frechet.plot.line import derivatives
from frechet.plot.picture import Data
from frechet.plot.subject import Subject
from frechet.plot.words import listed, math_vector, number

LOOKS = ((style.BLUE, "-", "o"), (style.VERMILION, (0, (5, 1.6)), "s"), (style.GREEN, (0, (1.4, 1.2)), "^"),
         (style.PURPLE, (0, (5, 1.4, 1.2, 1.4)), "D"))  # fmt: skip
FEWEST = 5  # errors above zero: with fewer there is no curve
DELTAS = 61
UNIT = 2.0**-53


@dataclass(frozen=True)
class Curve:
    """Errors (k,) at steps (k,), the fitted slope (NaN if there is none) and what theory says."""

    label: str
    steps: Any
    errors: Any
    slope: float
    expected: float


@dataclass(frozen=True, kw_only=True)
class ErrorData(Data):
    """curves   one for each model or method;  floor: what rounding alone may make, (steps, errors), or None
    best     for finite differences: the delta with the smallest error of each curve, as theory has it"""

    curves: tuple[Curve, ...]
    floor: Any = None
    best: tuple[float, ...] = ()
    axes: tuple[str, str] = ("", "")


def error(subject: Subject, *, orders: Any = (1, 2), direction: Any = None) -> ErrorData:
    """The error of Taylor's models of these orders against the length of the step: straight lines with slope
    order + 1. The largest over several directions, or along one. Raises E505, and E400 where there is no model."""
    local = subject.local
    wanted = _orders(orders)
    v = None if direction is None else direction_of(subject, direction, None)[0]
    curves, exact, floor = [], [], None
    for order in wanted:
        model = local.linear if order == 1 else local.quadratic if order == 2 else local.taylor(order, v)
        found = model.error(v)
        if found.exact or (found.errors > 0).sum() < FEWEST:
            exact.append(order)
            continue
        curves.append(Curve(_model_name(order), found.steps, found.errors, found.slope, found.expected))
        floor = (found.steps, found.floor)
    if not curves:
        names = listed([_model_name(k) for k in exact])
        raise problem("E400", f"f is its own {names}: there is no error to draw.", help="Lower the orders.")
    slopes = listed([f"{number(c.slope)} for the {c.label}" for c in curves if np.isfinite(c.slope)])
    says = f"nearly straight lines with slopes {slopes}" if slopes else "no straight lines"
    where = "Largest error over several directions." if v is None else f"Along $v={math_vector(v)}$."
    if subject.size == 1:
        where = ""
    note = f"No error is seen for the {listed([_model_name(k) for k in exact])}: $f$ is its own model." if exact else ""
    return ErrorData(
        title=subject.title, caption=" ".join(p for p in (where, "Grey: rounding.", note) if p), curves=tuple(curves),
        floor=floor, axes=("length of the step", "error of the model"),
        description=f"The errors of local models of {subject.name} at {subject.where} against the step, on logarithmic "
        f"axes: {says}.",
    )  # fmt: skip


def _orders(orders: Any) -> list[int]:
    found = [orders] if isinstance(orders, int) else list(orders) if isinstance(orders, list | tuple) else []
    if not found or len(found) > len(LOOKS) or any(not isinstance(k, int) or k < 0 for k in found):
        raise problem("E505", f"{orders!r} are not orders.", help=f"One to {len(LOOKS)} whole numbers: orders=(1, 2)")
    return sorted(set(found))


def _model_name(order: int) -> str:
    return {0: "constant", 1: "linear model", 2: "quadratic model", 3: "cubic model"}.get(
        order, f"model of order {order}"
    )


def delta(subject: Subject, *, direction: Any = None) -> ErrorData:
    """The error of the forward and of the central difference quotient along a direction against delta: truncation on
    the right, rounding on the left, the best delta between them. Raises E501, E400."""
    subject.need_scalar("delta")
    v, words = chosen_direction(subject, direction)
    true, behind, _ = derivatives(subject, v)
    if not np.isfinite(true) or behind != true:
        raise problem("E400", f"f has no derivative along this direction at {subject.where}.",
                      help="The kinds slice and polar show one-sided derivatives.")  # fmt: skip
    steps = np.logspace(-14, 0, DELTAS)
    x, f0 = subject.x, float(subject.f0[0])
    above, below = (subject.values(x + sign * steps[:, None] * v) for sign in (1, -1))
    forward = np.abs((above - f0) / steps - true)
    central = np.abs((above - below) / (2 * steps) - true)
    if not max(np.nanmax(forward), np.nanmax(central)) > 0:
        raise problem("E400", "The difference quotients are exact here: there is no error to draw.",
                      help="Plot a function that bends.")  # fmt: skip
    curves = []
    for name, errors, order in (("forward difference", forward, 1), ("central difference", central, 2)):
        curves.append(Curve(name, steps, errors, _fitted(steps, errors, order), order))
    best = tuple(float(c.steps[np.nanargmin(_smooth(c.errors))]) for c in curves)
    size = max(abs(f0), 1e-300)
    note = "" if subject.size == 1 else f"Along $v={math_vector(v)}${words}. "
    return ErrorData(
        title=subject.title, curves=tuple(curves), floor=(steps, UNIT * size / steps), best=best,
        axes=(r"$\delta$", "error of the difference quotient"),
        caption=f"{note}Grey: rounding, $2^{{-53}}|f|/\\delta$.",
        description=f"The errors of difference quotients of {subject.name} at {subject.where} against delta: rounding "
        f"grows to the left, truncation to the right, and the best delta is near {number(best[0], 1)} for the forward "
        f"and {number(best[1], 1)} for the central difference.",
    )  # fmt: skip


def _smooth(errors: Any) -> Any:
    """The largest of five neighbours: a chance hit on zero is no good step."""
    padded = np.concatenate([np.full(2, np.inf), np.where(np.isfinite(errors), errors, np.inf), np.full(2, np.inf)])
    return np.lib.stride_tricks.sliding_window_view(padded, 5).max(axis=1)


def _fitted(steps: Any, errors: Any, order: int) -> float:
    """The slope of the branch of truncation: between the best step and a tenth of the largest one."""
    best = steps[np.argmin(_smooth(errors))]
    use = (steps > 10 * best) & (steps < 0.1) & np.isfinite(errors) & (errors > 0)
    if use.sum() < 4:
        use = (steps > 3 * best) & np.isfinite(errors) & (errors > 0)
    if use.sum() < 3:
        return float("nan")
    return float(np.polyfit(np.log(steps[use]), np.log(errors[use]), 1)[0])


def draw_errors(figure: Any, data: ErrorData) -> None:
    axes = figure.add_subplot()
    axes.set(xscale="log", yscale="log", xlabel=data.axes[0], ylabel=data.axes[1])
    shown = [c.errors[np.isfinite(c.errors) & (c.errors > 0)] for c in data.curves]
    low = min(float(e.min()) for e in shown if e.size)
    high = max(float(e.max()) for e in shown if e.size)
    for curve, (colour, line, marker) in zip(data.curves, LOOKS, strict=False):
        good = np.isfinite(curve.errors) & (curve.errors > 0)
        slope = f" (slope {curve.slope:.2f})" if np.isfinite(curve.slope) else ""
        axes.plot(curve.steps[good], curve.errors[good], color=colour, linestyle=line, marker=marker, markersize=3.2,
                  markevery=4, linewidth=1.4, label=curve.label + slope, zorder=3)  # fmt: skip
    if data.floor is not None:
        steps, floor = data.floor
        axes.fill_between(steps, np.maximum(floor, 1e-300), 1e-300, color="#e6e6e6", zorder=0, linewidth=0)
        low = max(low, float(np.nanmin(floor)) / 30)
    axes.set_ylim(low / 3, high * 5)
    ticker = style.matplotlib_parts().ticker
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(ticker.LogLocator(numticks=7))
        axis.set_minor_locator(ticker.NullLocator())
    axes.grid(color=style.PALE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.legend(loc="best")
