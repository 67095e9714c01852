"""Contour lines with gradients and tangents: the gradient stands at right angles to the line and points uphill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.plot import style
from frechet.plot.ground import distance, draw_arrow, draw_ground, draw_point, normal, write_free
from frechet.plot.landscape import COUNT, Landscape, checked, landscape, plane_of
from frechet.plot.picture import Data
from frechet.plot.plane import Plane
from frechet.plot.subject import Subject
from frechet.plot.words import number, vector

LONGEST = 0.52  # of half the window
SHORTEST, STEEPEST = 0.1, 2.5  # of the gradient at the point: others outside are not chosen
OTHERS = 3
SMALL = 1e-6  # of half the window: a step within which a smooth function is straight
FAINT = 1e-3  # of the largest slope: what a smaller one is measured by
KINK = 1e-2  # a change of slope over that step, as a share of the slope, that is one


@dataclass(frozen=True)
class Mark:
    """The gradient at one place of the plane: where, its components, the tip of its arrow, the ends of the tangent."""

    at: Any
    gradient: Any
    tip: Any
    tangent: Any


@dataclass(frozen=True, kw_only=True)
class ContourData(Data):
    """marks[0] is the point itself; the arrows have one common scale."""

    ground: Landscape
    marks: tuple[Mark, ...]


def contour(
    subject: Subject, *, along: Any = None, window: Any = None, points: Any = None, resolution: int = COUNT
) -> ContourData:
    """The contour lines near the point, with gradient and tangent there and at `points` (places (k, 2) on the two
    axes; chosen if not given, none for an empty list). Raises E501, E505, E400."""
    subject.need_scalar("contour")
    subject.need_components("contour")
    plane = plane_of(subject, along, window)
    ground = landscape(subject, plane, resolution=resolution)
    marks = marked(subject, plane, points)
    shown = sum(bool(np.any(np.nan_to_num(m.gradient))) for m in marks)
    smooth = bool(np.isfinite(marks[0].gradient).all())
    scale = "Arrows: the gradient, all to one scale." if shown > 1 else ""
    units = "" if plane.equal else "Arrows: the gradient in units of the axes."
    slope = float(np.hypot(*marks[0].gradient))
    whole = "the gradient" if subject.size == 2 else "the part in this plane of the gradient,"
    tells = (f"{whole} {vector(marks[0].gradient)} there is at right angles to the contour line and points uphill"
             if slope > 0 else "the gradient is zero there" if smooth else "there is no gradient there")  # fmt: skip
    kink = "" if smooth else "No gradient at the point: $f$ is not differentiable there."
    return ContourData(
        title=subject.title, ground=ground, marks=marks,
        caption=" ".join(p for p in (ground.note, kink, scale if plane.equal else units) if p),
        description=f"Contour lines of {subject.name} around {subject.where}; {tells}; f is {number(ground.f0)} there.",
    )  # fmt: skip


def marked(subject: Subject, plane: Plane, points: Any) -> tuple[Mark, ...]:
    """The point and further places with their arrows, the longest as long as fits."""
    own = plane.inside(subject.x - plane.base)
    places = [own, *(free_places(plane) if points is None else given_places(points))]
    slopes = plane_gradients(subject, plane, places)
    slopes[0] = np.array([plane.u, plane.v]) @ subject.gradient  # this one has been held against values
    keep = np.isfinite(slopes).all(axis=1)
    keep[0] = True
    places, slopes = [p for p, k in zip(places, keep, strict=True) if k], slopes[keep]
    unit = screen_unit(plane)
    arrows = np.nan_to_num(on_screen(plane, slopes))
    sizes = np.linalg.norm(arrows / unit, axis=1)
    short = _shortened(subject, plane)
    chosen = list(range(len(places)))
    if points is None:
        fit = [k for k in chosen if k == 0 or SHORTEST * sizes[0] <= sizes[k] <= STEEPEST * sizes[0] or not sizes[0]]
        arrows = arrows * short * LONGEST / (np.median(sizes[fit]) * 1.6 or 1.0)
        chosen = apart(subject, plane, places, arrows, fit)
        arrows = arrows * short * LONGEST / (np.linalg.norm(arrows[chosen] / unit, axis=1).max() or 1.0)
    else:
        arrows = arrows * short * LONGEST / (sizes.max() or 1.0)
    marks = []
    for k in chosen:
        across = np.nan_to_num(np.array([-slopes[k][1], slopes[k][0]]))
        half = short * (0.36 if k == 0 else 0.2) * across / (float(np.linalg.norm(across / unit)) or 1.0)
        marks.append(Mark(places[k], slopes[k], places[k] + arrows[k], np.array([places[k] - half, places[k] + half])))
    return tuple(marks)


def _shortened(subject: Subject, plane: Plane) -> float:
    """A factor for all lengths: in a window that shows far more than the surroundings of the point, arrows that long
    would run across hills and valleys."""
    form = subject.bend(plane.u, plane.v)
    if not plane.equal or not np.isfinite(form).all():
        return 1.0
    slope = np.linalg.norm(np.array([plane.u, plane.v]) @ subject.gradient)
    bend = np.linalg.norm(form, 2)
    if bend * min(plane.reach) <= slope or slope <= 1e-6 * bend * min(plane.reach):
        return 1.0
    return float(np.clip(1.5 * slope / bend / min(plane.reach), 0.35, 1.0))


def apart(subject: Subject, plane: Plane, places: list[Any], arrows: Any, fit: list[int]) -> list[int]:
    """The point (the first place) and up to three others, whose arrows stay in the window and apart."""

    def segment(k: int) -> Any:
        side = np.array([-arrows[k][1], arrows[k][0]])
        side = side * 0.25 / (np.linalg.norm(side / screen_unit(plane)) or 1.0)
        shares = np.linspace(-0.1, 1.15, 7)[:, None]
        return normal(plane, np.concatenate([places[k] + shares * arrows[k], places[k] + (2 * shares - 1) * side]))

    inside = [k for k in fit[1:] if segment(k).min() > 0.03 and segment(k).max() < 0.97]
    chosen, taken = fit[:1], segment(fit[0])
    for _ in range(OTHERS):
        rooms = [float(distance(segment(k), taken).min()) for k in inside]
        if not rooms or max(rooms) < 0.1:
            break
        best = inside[int(np.argmax(rooms))]
        ends = plane.point(*np.array([places[best] - arrows[best] / 4, places[best] + arrows[best]]).T)
        if np.isfinite(subject.values(ends)).all():
            chosen.append(best)
            taken = np.concatenate([taken, segment(best)])
        inside.remove(best)
    return chosen


def plane_gradients(subject: Subject, plane: Plane, places: Any) -> Any:
    """The gradients in the plane at places (k, 2), (k, 2); NaN where there is none: a closed form may have a value at a
    kink, so the slopes on both sides are compared."""
    points = plane.point(*np.asarray(places, dtype=float).T)
    found = subject.gradients(points) @ np.array([plane.u, plane.v]).T
    if not subject.source.exact:
        return found
    step = SMALL * min(plane.reach)
    here = subject.values(points)
    sizes = np.nan_to_num(np.abs(found)).max(axis=1)
    size = np.maximum(sizes, FAINT * sizes.max(initial=0.0))
    for direction in (plane.u, plane.v):
        bend = subject.values(points + step * direction) - 2 * here + subject.values(points - step * direction)
        found[~(np.abs(bend) <= KINK * step * size + 1e-15 * np.abs(here))] = np.nan
    return found


def screen_unit(plane: Plane) -> Any:
    """Half the window, as the measure of lengths on both axes."""
    return np.full(2, min(plane.reach)) if plane.equal else np.array(plane.reach)


def on_screen(plane: Plane, gradient: Any) -> Any:
    """The gradient as an arrow; in units of the axes where these differ, so that it crosses at right angles."""
    unit = screen_unit(plane)
    return gradient * (unit / unit.max()) ** 2


def given_places(points: Any) -> Any:
    """Places (k, 2) that the user gave."""
    try:
        found = np.asarray(points, dtype=float).reshape(-1, 2)
    except (TypeError, ValueError):
        raise problem("E505", "points is a list of pairs of numbers.", help="points=[(1, 2), (0, 1)]") from None
    return list(found)


def free_places(plane: Plane) -> list[Any]:
    """Places all over the window among which further marks are chosen."""
    (a, b), (c, d) = plane.box
    shares = np.linspace(0.1, 0.9, 6)
    return [np.array([a + p * (b - a), c + q * (d - c)]) for q in shares for p in shares]


def draw_contour(figure: Any, data: ContourData) -> None:
    axes = figure.add_subplot()
    busy = along_arrows(data.marks)
    for k, mark in enumerate(data.marks):
        if not np.any(np.nan_to_num(mark.gradient)):
            continue
        axes.plot(*mark.tangent.T, color=style.GREEN, linewidth=1.9 if k == 0 else 1.5, zorder=4)
        draw_arrow(axes, mark.at, mark.tip, style.VERMILION, 2.0 if k == 0 else 1.5)
        if k:
            axes.plot(*mark.at, "o", color=style.INK, markersize=3, zorder=6)
    main = data.marks[0]
    draw_point(axes, main.at)
    if np.any(np.nan_to_num(main.gradient)):
        plane = data.ground.plane
        busy.append(write_free(axes, plane, [main.tip], r"$\nabla f$", style.VERMILION, busy))
        busy.append(write_free(axes, plane, list(main.tangent), "tangent", style.GREEN, busy))
    draw_ground(axes, data.ground, busy)


def along_arrows(marks: tuple[Mark, ...]) -> list[Any]:
    """Points on all arrows and tangents, which the heights of the lines keep away from."""
    shares = np.linspace(0, 1.0, 9)[:, None]
    both = np.linspace(0.0, 1.0, 7)[:, None]
    out: list[Any] = []
    for m in marks:
        out += [m.at + shares * (m.tip - m.at), m.tangent[0] + both * (m.tangent[1] - m.tangent[0])]
    return out


# -- the field -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class FieldData(Data):
    """Arrows (k, 2) at places (k, 2): half the arrow on each side of its place, lengths as |gradient|^power."""

    ground: Landscape
    places: Any
    gradients: Any
    arrows: Any
    power: float


def field(
    subject: Subject, *, along: Any = None, window: Any = None, count: int = 11, resolution: int = COUNT
) -> FieldData:
    """The gradient on a grid of count x count places. Raises E501, E505, E400."""
    subject.need_scalar("field")
    subject.need_components("field")
    plane = plane_of(subject, along, window)
    ground = landscape(subject, plane, resolution=resolution)
    (a, b), (c, d) = plane.box
    shares = (np.arange(checked(count)) + 0.5) / count
    s, t = (v.ravel() for v in np.meshgrid(a + shares * (b - a), c + shares * (d - c)))
    places = np.column_stack([s, t])
    slopes = plane_gradients(subject, plane, places)
    good = np.isfinite(slopes).all(axis=1)
    places, slopes = places[good], slopes[good]
    unit = screen_unit(plane)
    arrows = on_screen(plane, slopes)
    sizes = np.linalg.norm(arrows / unit, axis=1)
    largest, middle = float(sizes.max(initial=0.0)), float(np.median(sizes)) if len(sizes) else 0.0
    power = 1.0 if largest < 4 * middle else 0.5
    scaled = (sizes / (largest or 1.0)) ** power
    arrows = arrows / np.where(sizes > 0, sizes, 1.0)[:, None] * scaled[:, None] * 1.9 / count
    how = "Length of the arrows: $|\\nabla f|$" if power == 1.0 else "Length of the arrows: $|\\nabla f|^{1/2}$"
    return FieldData(
        title=subject.title, ground=ground, places=places, gradients=slopes, arrows=arrows, power=power,
        caption=" ".join(p for p in (ground.note, how + ", to one scale.") if p),
        description=f"The gradient field of {subject.name} around {subject.where} over its contour lines: "
        f"arrows point uphill, the longest gradient has length {number(float(np.hypot(*slopes.T).max(initial=0.0)))}.",
    )  # fmt: skip


def draw_field(figure: Any, data: FieldData) -> None:
    axes = figure.add_subplot()
    draw_ground(axes, data.ground, [data.places], through=False)
    axes.quiver(*data.places.T, *data.arrows.T, angles="xy", scale_units="xy", scale=1, pivot="mid", width=0.0055,
                headwidth=3.6, headlength=4.2, headaxislength=3.8, minlength=0.5, minshaft=2, color=style.VERMILION,
                zorder=4)  # fmt: skip
