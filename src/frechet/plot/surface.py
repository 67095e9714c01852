"""The surface z = f over a plane, with its tangent plane or its quadratic bowl at the point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.plot import style
from frechet.plot.landscape import checked, plane_of
from frechet.plot.picture import Data
from frechet.plot.plane import Plane, nice, with_reach
from frechet.plot.subject import Subject
from frechet.plot.view import View, cells, draw_box, draw_surfaces
from frechet.plot.words import number, vector

COUNT = 33
NEARER = 0.75  # of the window of contour lines
SHARES = (0.7, 0.6, 0.5, 0.4, 0.3, 0.2)
MODELS = {"plane": "tangent plane", "bowl": "quadratic model", "none": ""}
OVER = 0.15  # how far the model may leave the heights of f, as a share of their range


@dataclass(frozen=True, kw_only=True)
class SurfaceData(Data):
    """Heights (len(ys), len(xs)) of f and of the model on one grid; the model's are NaN outside its part, for the model
    "none" everywhere. The gradient (2,) is NaN where there is none."""

    plane: Plane
    xs: Any
    ys: Any
    heights: Any
    model: str
    model_heights: Any
    at: Any
    f0: float
    gradient: Any


def surface(
    subject: Subject, *, along: Any = None, window: Any = None, model: str | None = None, resolution: int = COUNT
) -> SurfaceData:
    """The surface with its tangent plane (model "plane"), its quadratic model ("bowl") or neither ("none"); with the
    tangent plane, if there is one, if not given. Raises E501, E505, E400."""
    subject.need_scalar("surface")
    subject.need_components("surface")
    smooth = subject.smooth
    model = model or ("plane" if smooth else "none")
    if model not in MODELS:
        raise problem("E505", f"{model!r} is not a model.", help="plane, bowl or none")
    plane = plane_of(subject, along, window)
    if window is None:
        plane = with_reach(plane, (nice(NEARER * plane.reach[0]), nice(NEARER * plane.reach[1])))
    pair = np.array([plane.u, plane.v])
    g = pair @ (subject.gradient if model == "none" else subject.need_smooth())
    h = subject.need_bend(plane.u, plane.v) if model == "bowl" else np.zeros((2, 2))
    f0, at = float(subject.f0[0]), plane.inside(subject.x - plane.base)
    xs, ys = plane.grid(checked(resolution))
    s, t = np.meshgrid(xs, ys)
    heights = subject.values(plane.point(s.ravel(), t.ravel())).reshape(s.shape)
    if np.isfinite(heights).sum() < 9:
        raise problem("E400", "The function is hardly defined anywhere in the window.", help="Give another window=.")
    d = np.stack([s - at[0], t - at[1]], axis=-1)
    whole = f0 + d @ g + np.einsum("abi,ij,abj->ab", d, h, d) / 2
    shown = (
        np.full(s.shape, np.nan)
        if model == "none"
        else _part(whole, np.abs(d / np.array(plane.reach)).max(axis=-1), heights)
    )
    kink = "" if smooth else "No tangent plane: $f$ is not differentiable at the point."
    tells = f" with its {MODELS[model]} touching it" if model != "none" else ""
    slope = f" and the gradient {vector(g)}" if smooth else "; it has no tangent plane there"
    notes = [plane.note, kink, "Missing cells: $f$ is not defined." if np.isnan(heights).any() else ""]
    return SurfaceData(
        title=subject.title, caption=" ".join(n for n in notes if n), plane=plane, xs=xs, ys=ys, heights=heights,
        model=model, model_heights=shown, at=at, f0=f0, gradient=g,
        description=f"The surface of {subject.name}{tells} at {subject.where}, where f is {number(f0)}{slope}.",
    )  # fmt: skip


def _part(model: Any, distance: Any, heights: Any) -> Any:
    """The model on the largest square around the point on which it keeps about the heights of f; NaN elsewhere."""
    low, high = np.nanmin(heights), np.nanmax(heights)
    room = OVER * (high - low)
    for share in SHARES:
        shown = np.where(distance <= share + 1e-9, model, np.nan)
        if low - room <= np.nanmin(shown) and np.nanmax(shown) <= high + room:
            break
    return shown


def draw_surface(figure: Any, data: SurfaceData) -> None:
    axes = figure.add_subplot()
    both = np.concatenate([data.heights.ravel(), data.model_heights.ravel()])
    low, high = float(np.nanmin(both)), float(np.nanmax(both))
    slack = 0.02 * (high - low) or 1.0
    view = View((*data.plane.box, (low - slack, high + slack)), azimuth(data))
    corners = cells(data.xs, data.ys, data.heights)[:, :, 2].mean(axis=1)
    ground = style.heights_map()(0.1 + 0.9 * (corners - low) / (high - low or 1.0))
    ground[:, 3] = 0.86
    over = style.matplotlib_parts().colors.to_rgba(style.ORANGE, 0.78)
    draw_box(axes, view, (*data.plane.names, "f"))
    draw_surfaces(
        axes, view, data.xs, data.ys, (data.heights, ground, "#6f93b0"), (data.model_heights, over, "#a86a00")
    )
    spot = view.flat(np.array([*data.at, data.f0]))
    axes.plot(*spot, "o", color=style.INK, markersize=5.5, markeredgecolor="white", zorder=6)
    patch = style.matplotlib_parts().patches.Patch
    names = [patch(facecolor=style.HEIGHTS[-1], edgecolor="#6f93b0", label="$f$"),
             patch(facecolor=style.ORANGE, edgecolor="#a86a00", label=MODELS[data.model])]  # fmt: skip
    if data.model != "none":
        axes.legend(handles=names, loc="upper right", bbox_to_anchor=(1.0, 1.02), borderaxespad=0)


def azimuth(data: SurfaceData) -> float:
    """The eye stands downhill and aside, in steps of 15 degrees, never along an axis: nothing hides the point."""
    steepness = data.gradient * data.plane.reach
    if not np.isfinite(steepness).all() or not np.any(
        np.abs(steepness) > 1e-9 * max(np.ptp(data.heights[np.isfinite(data.heights)]), 1e-300)
    ):
        return -60.0
    angle = 15.0 * round((float(np.degrees(np.arctan2(-steepness[1], -steepness[0]))) + 30.0) / 15.0)
    off = angle % 90.0
    return angle + (30.0 - off if off < 30.0 else 60.0 - off if off > 60.0 else 0.0)
