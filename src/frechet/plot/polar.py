"""One-sided derivatives in all directions of a plane, as a polar picture.

Where f is differentiable the slopes are g.v, and the curve is two circles through the origin, one for the rise and its
mirror image for the fall. At a kink it is not: that is seen at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.plot import style
from frechet.plot.landscape import plane_without_window
from frechet.plot.picture import Data
from frechet.plot.subject import Subject
from frechet.plot.words import number

COUNT = 120


@dataclass(frozen=True, kw_only=True)
class PolarData(Data):
    """Slopes (k,) along unit vectors at angles (k,), NaN where there is none; the best linear fit g.v to them, (k,)."""

    angles: Any
    slopes: Any
    fit: Any
    linear: bool
    kind: str
    names: tuple[str, str]


def polar(subject: Subject, *, along: Any = None, count: int = COUNT) -> PolarData:
    """The one-sided derivatives along `count` directions of a plane. Raises E501, E505, E400."""
    subject.need_scalar("polar")
    subject.need_components("polar")
    plane = plane_without_window(subject, along)
    found = subject.local.one_sided(count, (plane.u, plane.v))
    slopes = np.asarray(found.slopes)
    if not np.isfinite(slopes).any():
        raise problem("E400", f"There are no one-sided derivatives at {subject.where}.", help="Choose another point.")
    low, high = float(np.nanmin(slopes)), float(np.nanmax(slopes))
    if max(high, -low) <= 1e-12 + 4 * float(np.nanmax(found.errors)):
        raise problem("E400", f"All slopes are zero at {subject.where}: {found.message}.",
                      help="The kinds contour and surface show more there.")  # fmt: skip
    if found.linear and found.kind == "gateaux":
        says = "they are linear in the direction (Gateaux), yet no linear map serves all small steps (not Frechet)"
        words = "Linear in the direction (Gateaux), yet not Frechet differentiable."
    elif found.linear:
        says = "they are linear in the direction, as for a differentiable function"
        words = "Linear in the direction: two circles."
    else:
        says = "they are not linear in the direction, so the function is not differentiable there"
        words = "Not linear in the direction: $f$ is not differentiable here."
    missing = "" if np.isfinite(slopes).all() else " Gaps: no derivative."
    return PolarData(
        title=subject.title, angles=found.angles, slopes=slopes, fit=found.vectors @ found.linear_part,
        linear=bool(found.linear), kind=found.kind, names=plane.names,
        caption=f"{plane.note} {words}{missing} Distance from the centre: the size of the slope.".strip(),
        description=f"One-sided derivatives of {subject.name} at {subject.where} in all directions, from {number(low)} "
        f"to {number(high)}: {says}.",
    )  # fmt: skip


def _quiet(data: PolarData) -> float:
    """The angle in degrees, between two rays of the frame, at which the curve is nearest to the centre."""
    between = np.arange(22.5, 360, 45)
    size = np.interp(np.radians(between), data.angles, np.nan_to_num(np.abs(data.slopes)), period=2 * np.pi)
    return float(between[np.argmin(np.round(size, 9))])


def draw_polar(figure: Any, data: PolarData) -> None:
    """Rises as a solid line, falls as a dashed one, both outward; the linear fit as a thin dotted line."""
    axes = figure.add_subplot(projection="polar")
    angles = np.append(data.angles, data.angles[0] + 2 * np.pi)
    slopes, fit = np.append(data.slopes, data.slopes[0]), np.append(data.fit, data.fit[0])
    top = float(np.nanmax(np.abs(slopes))) or 1.0
    if not data.linear and np.abs(fit).max() > 1e-3 * top:
        axes.plot(angles, np.abs(fit), color=style.GREY, linestyle=(0, (1, 1.6)), linewidth=1.1, zorder=2,
                  label="best linear fit")  # fmt: skip
    for sign, colour, line, name in ((1, style.VERMILION, "-", "rises"), (-1, style.BLUE, (0, (5, 1.6)), "falls")):
        shown = np.where(sign * slopes >= -1e-9 * top, np.abs(slopes), np.nan)
        if np.nanmax(np.nan_to_num(shown)) > 1e-9 * top:
            axes.plot(angles, shown, color=colour, linestyle=line, linewidth=2.0, zorder=3, label=f"$f$ {name}")
            axes.fill(angles, np.nan_to_num(shown), color=colour, alpha=0.1, linewidth=0, zorder=1)
    rings = style.matplotlib_parts().ticker.MaxNLocator(3, steps=[1, 2, 2.5, 5, 10]).tick_values(0, top)
    rings = rings[(rings > 0) & (rings <= 1.12 * top)]
    rings = rings if rings[-1] >= 1.02 * top or rings[-1] < 0.9 * top else rings[:-1]
    axes.set_ylim(0, rings[-1] if rings[-1] >= 1.02 * top else 1.06 * top)
    for text in axes.set_rgrids(rings, [f"{r:g}" for r in rings], angle=_quiet(data))[1]:
        text.set_path_effects(style.halo())
    first, second = data.names
    axes.set_thetagrids(range(0, 360, 90), [f"${first}$", f"${second}$", f"$-{first}$", f"$-{second}$"])
    axes.grid(color=style.PALE, linewidth=0.6)
    axes.spines["polar"].set_color(style.PALE)
    axes.tick_params(axis="y", labelsize=style.SMALL - 1)
    axes.legend(loc="upper left", bbox_to_anchor=(-0.22, 1.08), borderaxespad=0)
