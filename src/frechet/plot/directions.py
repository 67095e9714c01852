"""Moving from a point: up, down and level directions; two movements in either order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.plot import style
from frechet.plot.contour import on_screen, screen_unit
from frechet.plot.ground import draw_arrow, draw_ground, draw_point, write_at, write_free
from frechet.plot.landscape import COUNT, Landscape, flat_direction, landscape, plane_of, plane_without_window
from frechet.plot.picture import Data
from frechet.plot.plane import nice, with_reach
from frechet.plot.subject import Subject
from frechet.plot.words import math_number, number, vector

LENGTH = 0.62  # of half the window
SHORT = 0.2  # of half the window: movements that are not given
TURNS = (40.0, 150.0, -90.0)  # degrees from the gradient, where no directions are given
LOOKS = {"up": (style.VERMILION, ">0"), "down": (style.PURPLE, "<0"), "level": (style.GREEN, "=0")}


@dataclass(frozen=True, kw_only=True)
class DirectionsData(Data):
    """Directions (k, 2) in the plane, their slopes (k,) and kinds up, down or level; the gradient (2,) there."""

    ground: Landscape
    at: Any
    vectors: Any
    slopes: Any
    kinds: tuple[str, ...]
    gradient: Any


def directions(
    subject: Subject, *, given: Any = None, along: Any = None, window: Any = None, resolution: int = COUNT
) -> DirectionsData:
    """Directions from the point, marked by the sign of grad f . d: without `given` (a list of directions), one of each
    kind. Raises E501, E505, E305, E400."""
    subject.need_scalar("directions")
    subject.need_components("directions")
    plane = plane_of(subject, along, window)
    pair = np.array([plane.u, plane.v])
    gradient = pair @ subject.need_gradient()
    if not gradient.any():
        raise problem("E400", f"The gradient is zero at {subject.where}: every direction is level.",
                      help="The kind hessian shows what f does there.")  # fmt: skip
    if given is None:
        vectors = np.array([_turned(on_screen(plane, gradient), t, screen_unit(plane)) for t in TURNS])
        vectors[2] = np.array([gradient[1], -gradient[0]]) * (1.0 if TURNS[2] < 0 else -1.0)
        chosen = "One direction of each kind."
    else:
        flat = [flat_direction(subject, d) for d in _several(given)]
        vectors = np.array([plane.inside(d) for d in flat])
        outside = [
            d for d, v in zip(flat, vectors, strict=True) if np.linalg.norm(d - v @ pair) > 1e-9 * np.linalg.norm(d)
        ]
        if outside or not np.linalg.norm(vectors, axis=1).all():
            raise problem("E400", "A direction is zero or does not lie in the plane that is shown.",
                          help="Choose the plane by along=.")  # fmt: skip
        chosen = "All directions are drawn with one length."
    found = [subject.local.direction(v @ pair) for v in vectors]
    kinds = tuple(d.kind or "level" for d in found)
    slopes = np.array([float(d.slope) for d in found])
    each = zip(_units(vectors), kinds, slopes / np.linalg.norm(vectors, axis=1), strict=True)
    says = "; ".join(
        f"d{k + 1} = {vector(v, 2)} " + (f"goes {kind} (slope {number(s, 2)})" if kind != "level" else "stays level")
        for k, (v, kind, s) in enumerate(each)
    )
    ground = landscape(subject, plane, resolution=resolution)
    return DirectionsData(
        title=subject.title, ground=ground, at=plane.inside(subject.x - plane.base), vectors=vectors, slopes=slopes,
        kinds=kinds, gradient=gradient, caption=" ".join(p for p in (chosen, ground.note) if p),
        description=f"Directions from {subject.where} over the contour lines of {subject.name}: {says}.",
    )  # fmt: skip


def _several(given: Any) -> list[Any]:
    if isinstance(given, list | tuple | np.ndarray) and len(given) and np.ndim(given[0]):
        return list(given)
    raise problem("E505", f"{given!r} is not a list of directions.", help="given=[(1, 0), (0, 1)]")


def _units(vectors: Any) -> Any:
    return vectors / np.linalg.norm(vectors, axis=1)[:, None]


def _turned(arrow: Any, degrees: float, unit: Any) -> Any:
    """The arrow turned on the screen."""
    a = np.radians(degrees)
    x, y = arrow / unit
    return np.array([np.cos(a) * x - np.sin(a) * y, np.sin(a) * x + np.cos(a) * y]) * unit


def draw_directions(figure: Any, data: DirectionsData) -> None:
    axes = figure.add_subplot()
    plane = data.ground.plane
    unit = screen_unit(plane)
    shown = [v / np.linalg.norm(v / unit) * LENGTH for v in data.vectors]
    uphill = on_screen(plane, data.gradient)
    uphill = uphill / np.linalg.norm(uphill / unit) * LENGTH
    shares = np.linspace(0, 1, 9)[:, None]
    busy = [data.at + shares * v for v in [*shown, uphill]]
    half = 1.4 * np.array([-data.gradient[1], data.gradient[0]])
    half = half / np.linalg.norm(half / unit) * 1.5
    tangent = data.at + np.linspace(-1, 1, 41)[:, None] * half
    axes.plot(*tangent.T, color=style.GREEN, linewidth=0.9, linestyle=(0, (2, 2)), zorder=2)
    draw_arrow(axes, data.at, data.at + uphill, style.INK, 1.5)
    busy.append(write_free(axes, plane, [data.at + uphill], r"$\nabla f$", style.INK, busy))
    for k, (end, kind) in enumerate(zip(shown, data.kinds, strict=True)):
        colour, sign = LOOKS[kind]
        draw_arrow(axes, data.at, data.at + end, colour, 2.2)
        text = rf"$d_{k + 1}$: $\nabla f\cdot d_{k + 1}{sign}$"
        places = [data.at + end, data.at + 0.8 * end]
        busy.append(write_free(axes, plane, places, text, colour, [*busy, tangent]))
    draw_ground(axes, data.ground, busy)
    draw_point(axes, data.at)


# -- two movements ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class MovementsData(Data):
    """corners (4, 2) in the plane: x, x+a, x+b, x+a+b; f there (4,); what each movement does first and second;
    planar: the change that the tangent plane predicts; mismatch: f(x+a+b) - f(x+a) - f(x+b) + f(x)."""

    ground: Landscape
    corners: Any
    heights: Any
    first_a: tuple[float, float]
    first_b: tuple[float, float]
    planar: float
    mismatch: float
    predicted: float


def movements(
    subject: Subject, *, a: Any = None, b: Any = None, window: Any = None, resolution: int = COUNT
) -> MovementsData:
    """Moving along a and then b, or b and then a: both lead to the same height; for small steps each movement does the
    same in either order. Without a and b, steps along the two axes. Raises E501, E505, E305, E400."""
    subject.need_scalar("movements")
    subject.need_components("movements")
    if (a is None) != (b is None):
        raise problem("E505", "Two movements are needed, or none.", help="a=(0.1, 0), b=(0, 0.1)")
    if a is None:
        chosen = plane_of(subject, None, None)
        step = [nice(SHORT * r) for r in chosen.reach]
        va, vb = step[0] * chosen.u, step[1] * chosen.v
    else:
        va, vb = flat_direction(subject, a), flat_direction(subject, b)
    both = subject.local.two_movements(va, vb)
    if not np.isfinite(both.values).all():
        raise problem("E400", "f is not defined at the end of a movement.", help="Take smaller steps.")
    plane = plane_without_window(subject, None if subject.size == 2 or a is None else (va, vb))
    corners = np.array([plane.inside(c - plane.base) for c in both.corners])
    if window is not None:
        plane = plane_of(subject, None if subject.size == 2 or a is None else (va, vb), window)
    else:
        reach = 0.95 * float(np.abs(corners - corners.mean(axis=0)).max()) * 2.1
        plane = with_reach(_about(plane, corners.mean(axis=0)), (reach, reach))
    ground = landscape(subject, plane, resolution=resolution)
    first_a, first_b = ((float(p), float(q)) for p, q in (both.first_a, both.first_b))
    mismatch, planar = float(both.mismatch), float(both.planar)
    return MovementsData(
        title=subject.title, ground=ground, corners=corners, heights=np.asarray(both.values), first_a=first_a,
        first_b=first_b, planar=planar, mismatch=mismatch, predicted=float(both.predicted_mismatch),
        caption=f"$a$ alone: ${number(first_a[0])}$, after $b$: ${number(first_b[1])}$; they differ by "
        f"${number(mismatch)}$. Whole change ${number(sum(first_a))}$; the tangent plane says ${number(planar)}$. "
        f"{ground.note}".strip(),
        description=f"Two movements from {subject.where} in either order over the contour lines of {subject.name}: "
        f"both end at the height {number(float(both.values[3]))}; what one movement does depends on "
        f"the other by {number(mismatch)}, which falls with the square of the steps.",
    )  # fmt: skip


def _about(plane: Any, centre: Any) -> Any:
    return type(plane)(plane.base, plane.u, plane.v, centre, plane.names, plane.reach, True, plane.note)


def draw_movements(figure: Any, data: MovementsData) -> None:
    axes = figure.add_subplot()
    x, xa, xb, end = data.corners
    shares = np.linspace(0, 1, 7)[:, None]
    ways = ((x, xa, style.VERMILION, "a", data.first_a[0]), (xa, end, style.BLUE, "b", data.first_a[1]),
            (x, xb, style.BLUE, "b", data.first_b[0]), (xb, end, style.VERMILION, "a", data.first_b[1]))  # fmt: skip
    busy = [p + shares * (q - p) for p, q, *_ in ways]
    middle = data.corners.mean(axis=0)
    draw_ground(
        axes, data.ground, [*busy, *[b + k * (b.mean(axis=0) - middle) for b in busy for k in (0.15, 0.35, 0.6)]]
    )
    for k, (p, q, colour, name, change) in enumerate(ways):
        draw_arrow(axes, p, q, colour, 2.0, dashed=k > 1)
        sign = "+" if change >= 0 else ""
        write_at(axes, (p + q) / 2, (p + q) / 2 - middle, f"${name}$: ${sign}{math_number(change)}$", colour)
    draw_point(axes, x)
    draw_point(axes, end)
    write_at(axes, x, x - middle, "$x$")
    write_at(axes, end, end - middle, "$x+a+b$")
