"""Surfaces over one grid, seen from the side: parallel projection, cells drawn from back to front.

Over one cell of the ground the lower surface is drawn first, and cells in which two surfaces meet are cut along the
line where they do; with the eye above the ground that order is right even where surfaces touch, which sorting by depth
alone gets wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frechet.core.lazy import np
from frechet.plot import style
from frechet.plot.words import math_number

Layer = tuple[Any, Any, str]  # heights on the grid, colours (k, 4) or one, colour of the mesh
TALL = 0.72  # half the height of the box; its base is 2 by 2
LIGHT = (-0.35, -0.25, 0.9)  # where the light comes from


@dataclass(frozen=True)
class View:
    """A box ((low, high) for s, t and z) seen from an azimuth and a height in degrees."""

    box: tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
    azimuth: float
    elevation: float = 24.0

    def unit(self, points: Any) -> Any:
        """Points (..., 3) in the box [-1, 1] x [-1, 1] x [-TALL, TALL]."""
        low, high = np.array(self.box).T
        return (2 * (points - low) / (high - low) - 1) * np.array([1.0, 1.0, TALL])

    def flat(self, points: Any) -> Any:
        """Points (..., 3) of the data on the screen, (..., 2)."""
        return self.screen(self.unit(points))

    def screen(self, unit: Any) -> Any:
        a, e = np.radians(self.azimuth), np.radians(self.elevation)
        right = np.array([-np.sin(a), np.cos(a), 0.0])
        up = np.array([-np.sin(e) * np.cos(a), -np.sin(e) * np.sin(a), np.cos(e)])
        return np.stack([unit @ right, unit @ up], axis=-1)

    @property
    def towards(self) -> Any:
        """The horizontal direction to the eye."""
        a = np.radians(self.azimuth)
        return np.array([np.cos(a), np.sin(a)])


def cells(xs: Any, ys: Any, heights: Any) -> Any:
    """The corners of all cells, (k, 4, 3); NaN where a corner is not defined."""
    s, t = np.meshgrid(xs, ys)
    p = np.stack([s, t, heights], axis=-1)
    return np.stack([p[:-1, :-1], p[:-1, 1:], p[1:, 1:], p[1:, :-1]], axis=2).reshape(-1, 4, 3)


def _above(first: Any, second: Any) -> tuple[list[Any], list[Any]]:
    """Two cells over one square, cut along the line where they meet: the parts of both where the second is above the
    first, and where it is below."""
    gap = second[:, 2] - first[:, 2]
    parts = []
    for sign in (1.0, -1.0):
        lower, upper = [], []
        for k in range(4):
            m = (k + 1) % 4
            if sign * gap[k] >= 0:
                lower.append(first[k])
                upper.append(second[k])
            if gap[k] * gap[m] < 0:
                share = gap[k] / (gap[k] - gap[m])
                lower.append(first[k] + share * (first[m] - first[k]))
                upper.append(second[k] + share * (second[m] - second[k]))
        parts.append([np.array(lower), np.array(upper)])
    return parts[0], parts[1]


def draw_surfaces(axes: Any, view: View, xs: Any, ys: Any, ground: Layer, model: Layer) -> None:
    """A surface and its model, each with the colours of its cells and of its mesh, in the painter's order."""
    corners, over = cells(xs, ys, ground[0]), cells(xs, ys, model[0])
    colours, over_colours = _shaded(view, corners, ground[1]), _shaded(view, over, model[1])
    depth = np.round(view.unit(corners)[:, :, :2].mean(axis=1) @ view.towards, 9)
    shapes: list[tuple[Any, Any, str]] = []
    for k in np.argsort(depth, kind="stable"):
        below, above = (corners[k], colours[k], ground[2]), (over[k], over_colours[k], model[2])
        whole = [part for part in (below, above) if np.isfinite(part[0]).all()]
        gap = over[k][:, 2] - corners[k][:, 2]
        if len(whole) < 2:
            shapes += whole
        elif (gap >= 0).all() or (gap <= 0).all():
            shapes += whole if gap.sum() >= 0 else whole[::-1]
        else:
            (low, high), (top, bottom) = _above(corners[k], over[k])
            shapes += [(low, *below[1:]), (high, *above[1:]), (bottom, *above[1:]), (top, *below[1:])]
    axes.add_collection(style.matplotlib_parts().Polygons(
        [view.flat(shape) for shape, _, _ in shapes], facecolors=[c for _, c, _ in shapes],
        edgecolors=[e for _, _, e in shapes], linewidths=0.3, clip_on=False, zorder=3))  # fmt: skip


def _shaded(view: View, corners: Any, colours: Any) -> Any:
    """The colours, darker where a cell is turned from the light."""
    unit = view.unit(corners)
    normal = np.cross(unit[:, 2] - unit[:, 0], unit[:, 3] - unit[:, 1])
    light = np.array(LIGHT) / np.linalg.norm(LIGHT)
    with np.errstate(all="ignore"):
        bright = np.abs(normal @ light) / np.linalg.norm(normal, axis=1)
    out = np.array(np.broadcast_to(colours, (len(corners), 4)))
    out[:, :3] *= (0.8 + 0.2 * np.nan_to_num(bright))[:, None]
    return out


def draw_box(axes: Any, view: View, names: tuple[str, str, str]) -> None:
    """Floor and back walls with a light grid, numbers on the front edges and on the left."""
    near = np.where(view.towards >= 0, 1.0, -1.0)
    ticks = [_ticks(limits) for limits in view.box]
    ends = np.array([-1.0, 1.0])
    floor = -TALL
    for axis in (0, 1):
        for value in _unit(ticks[axis], view.box[axis], 1.0):
            across = np.full((2, 3), floor)
            across[:, axis], across[:, 1 - axis] = value, ends
            wall = across.copy()
            wall[:, 1 - axis], wall[:, 2] = -near[1 - axis], ends * TALL
            _lines(axes, view, [across, wall])
    for value in _unit(ticks[2], view.box[2], TALL):
        for axis in (0, 1):
            wall = np.full((2, 3), value)
            wall[:, axis], wall[:, 1 - axis] = -near[axis], ends
            _lines(axes, view, [wall])
    for axis in (0, 1):
        _front_edge(axes, view, axis, near, ticks[axis], names[axis])
    _upright(axes, view, ticks[2], names[2])
    corners = np.array([[a, b, c] for a in ends for b in ends for c in ends * TALL])
    low, high = view.screen(corners).min(axis=0), view.screen(corners).max(axis=0)
    axes.set(xlim=(low[0] - 0.34, high[0] + 0.1), ylim=(low[1] - 0.3, high[1] + 0.03), aspect="equal")
    axes.axis("off")


def _ticks(limits: tuple[float, float]) -> Any:
    found = style.matplotlib_parts().ticker.MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(*limits)
    slack = 1e-9 * (limits[1] - limits[0])
    return found[(found >= limits[0] - slack) & (found <= limits[1] + slack)]


def _unit(values: Any, limits: tuple[float, float], half: float) -> Any:
    return (2 * (np.asarray(values) - limits[0]) / (limits[1] - limits[0]) - 1) * half


def _lines(axes: Any, view: View, lines: list[Any], colour: str = style.PALE, width: float = 0.6) -> None:
    for line in lines:
        axes.plot(*view.screen(line).T, color=colour, linewidth=width, zorder=1)


def _front_edge(axes: Any, view: View, axis: int, near: Any, ticks: Any, name: str) -> None:
    """The edge of the floor towards the eye, with its numbers outside."""
    edge = np.full((2, 3), -TALL)
    edge[:, axis], edge[:, 1 - axis] = (-1.0, 1.0), near[1 - axis]
    _lines(axes, view, [edge], style.GREY, 0.8)
    outside = np.zeros(3)
    outside[1 - axis] = near[1 - axis]
    away = view.screen(outside)
    away = away / np.linalg.norm(away)
    side = "left" if away[0] > 0.25 else "right" if away[0] < -0.25 else "center"
    for value, place in zip(ticks, _unit(ticks, view.box[axis], 1.0), strict=True):
        at = edge[0].copy()
        at[axis] = place
        if abs(place - near[axis]) < 0.12:
            continue  # the corner belongs to both edges
        p = view.screen(at)
        axes.plot(*np.array([p, p + 0.035 * away]).T, color=style.GREY, linewidth=0.7, zorder=2)
        axes.text(*(p + 0.055 * away), _written(value), ha=side, va="top", fontsize=style.SMALL)
    middle = edge.mean(axis=0)
    axes.text(*(view.screen(middle) + 0.27 * away + (0, -0.06)), f"${name}$", ha=side, va="top")


def _upright(axes: Any, view: View, ticks: Any, name: str) -> None:
    """The vertical edge farthest to the left, with the heights."""
    corners = np.array([[a, b, -TALL] for a in (-1.0, 1.0) for b in (-1.0, 1.0)])
    foot = corners[np.argmin(view.screen(corners)[:, 0])]
    top = foot * (1, 1, -1)
    _lines(axes, view, [np.array([foot, top])], style.GREY, 0.8)
    for value, place in zip(ticks, _unit(ticks, view.box[2], TALL), strict=True):
        p = view.screen(np.array([foot[0], foot[1], place]))
        axes.plot([p[0], p[0] - 0.035], [p[1], p[1]], color=style.GREY, linewidth=0.7, zorder=2)
        axes.text(p[0] - 0.055, p[1], _written(value), ha="right", va="center", fontsize=style.SMALL)
    x, y = view.screen(top)
    axes.text(x, y + 0.05, f"${name}$", ha="center", va="bottom")


def _written(value: float) -> str:
    return f"${math_number(value, 6)}$"
