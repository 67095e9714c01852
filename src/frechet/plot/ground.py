"""Drawing on a landscape: the contour lines and their heights, points, arrows, and words that cover nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from frechet.core.lazy import np
from frechet.plot import style
from frechet.plot.landscape import Landscape
from frechet.plot.plane import Plane
from frechet.plot.words import math_number, number, plain

EDGE = 0.03  # of the window: what stays free inside the frame


class Boxed(Protocol):
    """What has a window: the limits of both axes."""

    @property
    def box(self) -> tuple[tuple[float, float], tuple[float, float]]: ...


def draw_ground(axes: Any, ground: Landscape, obstacles: Sequence[Any] = (), *, through: bool = True) -> None:
    """Filled heights, lines with their heights written where nothing stands, and the line through the point."""
    plane = ground.plane
    heights = np.ma.masked_invalid(ground.heights)
    if np.ma.count_masked(heights):
        axes.set_facecolor("#f4f4f4")
        axes.patch.set(hatch="////", edgecolor="#c9c9c9", linewidth=0)
    low, high = float(heights.min()), float(heights.max())
    through = through and low < ground.f0 < high
    lines = sorted({*ground.levels.tolist(), *([ground.f0] if through else [])})
    if lines:
        slack = 1e-9 * (high - low)
        edges = [low - slack, *lines, high + slack]
        colours = style.heights_map()(np.linspace(0, 1, len(edges) - 1))
        axes.contourf(ground.xs, ground.ys, heights, levels=edges, colors=colours, zorder=0)
        inks = [style.INK if through and v == ground.f0 else style.CONTOUR for v in lines]
        widths = [1.3 if through and v == ground.f0 else 0.8 for v in lines]
        drawn = axes.contour(ground.xs, ground.ys, heights, levels=lines, colors=inks, linewidths=widths,
                             linestyles="solid", zorder=1)  # fmt: skip
        write_levels(axes, plane, lines, drawn, obstacles)
    else:
        axes.set_facecolor(style.HEIGHTS[1])
    frame(axes, plane)


def frame(axes: Any, plane: Plane) -> None:
    """The window and the names of its axes."""
    (a, b), (c, d) = plane.box
    axes.set(xlim=(a, b), ylim=(c, d), xlabel=f"${plane.names[0]}$", ylabel=f"${plane.names[1]}$")
    axes.set_aspect("equal" if plane.equal else "auto")
    axes.locator_params(nbins=5)


def normal(plane: Boxed, places: Any) -> Any:
    """Places (k, 2) of the axes as shares of the window."""
    (a, b), (c, d) = plane.box
    return (np.atleast_2d(np.asarray(places, dtype=float)) - (a, c)) / (b - a, d - c)


def write_levels(axes: Any, plane: Plane, levels: Sequence[float], lines: Any, obstacles: Sequence[Any]) -> None:
    """The height of each line at the place on it that is farthest from everything else."""
    points = np.concatenate([normal(plane, o) for o in obstacles]) if len(obstacles) else np.zeros((0, 2))
    (a, b), (c, d) = plane.box
    places = []
    for level, segments in zip(levels, lines.allsegs, strict=True):
        half = 0.014 * len(number(float(level))) + 0.012
        parts = [normal(plane, s)[3:-3:2] for s in segments if len(s) > 12]
        spots = np.concatenate(parts) if parts else np.zeros((0, 2))
        if not len(spots):
            continue
        edge = np.minimum(spots, 1 - spots).min(axis=1) - EDGE - half
        room = np.minimum(edge, distance(spots, points) - EDGE - half)
        best = int(np.argmax(room))
        if room[best] > 0.0:
            places.append(spots[best] * (b - a, d - c) + (a, c))
            points = np.concatenate([points, spots[best : best + 1]])
    if places:
        written = axes.clabel(lines, manual=places, inline=True, inline_spacing=3, fontsize=style.SMALL - 1,
                              fmt=lambda v: f"${math_number(v)}$", colors=style.INK)  # fmt: skip
        for text in written:
            text.set_path_effects(style.halo(1.5))


def distance(spots: Any, points: Any) -> Any:
    """From each spot to the nearest point; half the window if there is none."""
    if not len(points):
        return np.full(len(spots), 0.5)
    return np.linalg.norm(spots[:, None] - points[None], axis=2).min(axis=1)


def draw_point(axes: Any, at: Any, size: float = 5.0) -> None:
    """A point, such as the one that is looked at."""
    axes.plot(*at, "o", color=style.INK, markersize=size, markeredgecolor="white", markeredgewidth=0.8, zorder=6)


def draw_arrow(axes: Any, tail: Any, tip: Any, colour: str, width: float = 1.7, *, dashed: bool = False) -> None:
    """An arrow from point to point, exactly that long."""
    look = {"arrowstyle": "-|>,head_width=0.2,head_length=0.48", "color": colour, "linewidth": width, "shrinkA": 0,
            "shrinkB": 0, "mutation_scale": 12, "joinstyle": "miter"}  # fmt: skip
    if dashed:
        look["linestyle"] = (0, (4, 2))
    axes.annotate("", xy=tip, xytext=tail, zorder=5, arrowprops=look)


def write_at(axes: Any, place: Any, away: Any, text: str, colour: str = style.INK, gap: float = 7.0) -> None:
    """Words beside a place, on the side that `away` points to (in the directions of the screen)."""
    away = np.asarray(away, dtype=float)
    away = away / max(float(np.hypot(*away)), 1e-300)
    sides = {"ha": "left" if away[0] > 0.35 else "right" if away[0] < -0.35 else "center",
             "va": "bottom" if away[1] > 0.35 else "top" if away[1] < -0.35 else "center"}  # fmt: skip
    written = axes.annotate(text, xy=place, xytext=tuple(gap * away), textcoords="offset points", color=colour,
                            zorder=7, annotation_clip=False, **sides)  # fmt: skip
    written.set_path_effects(style.halo())


def write_free(
    axes: Any, plane: Boxed, places: Any, text: str, colour: str, obstacles: Sequence[Any], inches: float = 3.6
) -> Any:
    """Words at that one of the places (k, 2), on that side of it, where they cover the least, in a window so wide.
    Returns points (k, 2) all over the words, as obstacles for what comes after them."""
    points = np.concatenate([normal(plane, o) for o in obstacles]) if len(obstacles) else np.zeros((0, 2))
    width, high = (0.043 * len(plain(text)) + 0.036) / inches, 0.08 / inches
    best, found, covered = -np.inf, (places[0], np.array([1.0, 0.0])), np.zeros((0, 2))
    for place in places:
        at = normal(plane, place)[0]
        for angle in np.arange(8) * np.pi / 4:
            side = np.array([np.cos(angle), np.sin(angle)])
            middle = at + 0.1 / inches * side + np.sign(np.round(side, 9)) * (width, high)
            box = middle + np.array([[x * width, y * high] for x in (-1, -0.5, 0, 0.5, 1) for y in (-1, 0, 1)])
            room = min(float(np.minimum(box, 1 - box).min()), float(distance(box, points).min()))
            if room > best + 1e-9:
                best, found, covered = room, (place, side), box
    write_at(axes, *found, text, colour, 5)
    (a, b), (c, d) = plane.box
    return covered * (b - a, d - c) + (a, c)
