"""A map of the plane to the plane: what becomes of a small circle, and of a grid.

The Jacobian turns a small circle into an ellipse: J = U S V' takes the directions V to the axes U, stretched by S.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.plot import style
from frechet.plot.ground import draw_arrow, draw_point, write_free
from frechet.plot.landscape import plane_without_window
from frechet.plot.picture import Data
from frechet.plot.plane import Plane, nice
from frechet.plot.subject import Subject
from frechet.plot.words import listed, math_number, number

ROUND = 145
LINES, ALONG = 9, 61
CIRCLE_BENDS, GRID_BENDS = 0.18, 0.9  # how far the image may leave its linear one, as a share of its size


@dataclass(frozen=True, kw_only=True)
class MapData(Data):
    """Both pictures of the map. All in coordinates of the two planes.

    centre, image       the point and its value, (2,)
    jacobian            (2, 2)
    sigma, u, v         singular values, and singular vectors as rows
    radius              of the circle, or half the side of the grid
    curves              pairs (line before, line after), each (k, 2)
    linear              the images of the same lines under f(x) + J*(. - x)
    names               of the axes before and after
    """

    centre: Any
    image: Any
    jacobian: Any
    sigma: Any
    u: Any
    v: Any
    radius: float
    curves: tuple[tuple[Any, Any], ...]
    linear: tuple[Any, ...]
    names: tuple[tuple[str, str], tuple[str, str]]


def _common(subject: Subject, kind: str, along: Any, outputs: Any) -> tuple[Plane, list[int], Any, str]:
    """The plane of the inputs, the two outputs, the Jacobian between them, and what was chosen."""
    subject.need_components(kind)
    if subject.f0.size < 2:
        raise problem("E505", f"The picture {kind!r} needs a function with two outputs; this one is scalar.",
                      help="A scalar function is shown by the kinds contour, surface and field.")  # fmt: skip
    matrix = subject.local.jacobian_matrix
    plane = plane_without_window(subject, along, np.linalg.norm(matrix, axis=0))
    chosen = _outputs(subject, outputs, matrix)
    notes = [plane.note]
    if subject.f0.size > 2:
        notes.append(f"Outputs {listed([_output_name(subject, k) for k in chosen])} of {subject.f0.size}.")
    jacobian = matrix[chosen] @ np.array([plane.u, plane.v]).T
    if not jacobian.any():
        raise problem(
            "E400", "The Jacobian is zero here: it maps every circle to a point.", help="Choose another point."
        )
    return plane, chosen, jacobian, " ".join(n for n in notes if n)


def _outputs(subject: Subject, outputs: Any, matrix: Any) -> list[int]:
    if outputs is None:
        order = np.argsort(-np.linalg.norm(matrix, axis=1), kind="stable")
        return sorted(order[:2].tolist()) if subject.f0.size > 2 else [0, 1]
    ok = isinstance(outputs, list | tuple) and len(outputs) == 2 and len(set(outputs)) == 2
    if not ok or any(not isinstance(k, int) or not 1 <= k <= subject.f0.size for k in outputs):
        raise problem(
            "E505", f"{outputs!r} are not two outputs.", help=f"Two of 1 to {subject.f0.size}: outputs=(1, 2)"
        )
    return [k - 1 for k in outputs]


def _output_name(subject: Subject, k: int) -> str:
    shape = subject.local.shape
    return "$f_{" + ("" if len(shape) < 2 else ",").join(str(i + 1) for i in np.unravel_index(k, shape)) + "}$"


def _curves(subject: Subject, plane: Plane, chosen: list[int], lines: list[Any]) -> list[Any]:
    return [subject.local.values(plane.point(*line.T))[:, chosen] for line in lines]


def _radius(subject: Subject, plane: Plane, chosen: list[int], jacobian: Any, allowed: float, shape: Any) -> float:
    """The largest round size at which the image of `shape` (k, 2) is still near its linear image."""
    size = max(1.0, float(np.abs(subject.x).max())) if np.abs(subject.x).max() >= 0.1 or not subject.x.any() else float(
        np.abs(subject.x).max())  # fmt: skip
    centre, image = plane.inside(subject.x - plane.base), subject.f0[chosen]
    for k in range(40):
        radius = nice(size * 0.8**k)
        line = centre + radius * shape
        found = _curves(subject, plane, chosen, [line])[0]
        linear = (line - centre) @ jacobian.T
        gap = np.linalg.norm(found - image - linear, axis=1)
        if np.isfinite(found).all() and gap.max() <= allowed * np.linalg.norm(linear, axis=1).max():
            break
    return radius


def jacobian(subject: Subject, *, along: Any = None, outputs: Any = None, radius: Any = None) -> MapData:
    """A small circle around the point, its image, and the ellipse that the Jacobian makes of it. Raises E505, E400."""
    plane, chosen, matrix, note = _common(subject, "jacobian", along, outputs)
    turn = np.linspace(0, 2 * np.pi, ROUND)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    size = _given(radius) or _radius(subject, plane, chosen, matrix, CIRCLE_BENDS, circle)
    u, sigma, v = _singular(matrix)
    words = (f"The Jacobian of {subject.name} at {subject.where} takes a circle of radius {number(size)} to an ellipse "
             f"with half axes {number(size * sigma[0])} and {number(size * sigma[1])}: singular values "
             f"{number(sigma[0])} and {number(sigma[1])}.")  # fmt: skip
    says = rf"Filled: $J$ times the disc; line: $f$ of the circle. $\sigma_1={math_number(sigma[0])}$, " \
        rf"$\sigma_2={math_number(sigma[1])}$."  # fmt: skip
    return _data(subject, plane, chosen, matrix, size, [circle], f"{note} {says}".strip(), words, (u, sigma, v))


def grid(subject: Subject, *, along: Any = None, outputs: Any = None, radius: Any = None) -> MapData:
    """A square grid around the point and how the function bends it; its middle cell becomes nearly the parallelogram
    that the Jacobian makes of it, with |det J| times its area. Raises E505, E400."""
    plane, chosen, matrix, note = _common(subject, "grid", along, outputs)
    places, steps = np.linspace(-1, 1, LINES), np.linspace(-1, 1, ALONG)
    lines = [np.stack([np.full(ALONG, p), steps], axis=1) for p in places]
    lines += [line[:, ::-1] for line in lines]
    size = _given(radius) or _radius(subject, plane, chosen, matrix, GRID_BENDS, np.concatenate(lines))
    det = float(np.linalg.det(matrix))
    side = 2 / (LINES - 1)
    cell = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * side
    words = (f"{subject.name} bends a square grid around {subject.where}; the square in its middle becomes nearly a "
             f"parallelogram of {number(abs(det))} times its area, as the determinant says.")  # fmt: skip
    says = rf"Orange: what $J$ makes of the square; $\det J={math_number(det)}$."
    return _data(
        subject, plane, chosen, matrix, size, [*lines, cell], f"{note} {says}".strip(), words, _singular(matrix)
    )


def _data(subject: Subject, plane: Plane, chosen: list[int], matrix: Any, size: float, shapes: list[Any], caption: str,
          description: str, singular: tuple[Any, Any, Any]) -> MapData:  # fmt: skip
    centre, image = plane.inside(subject.x - plane.base), subject.f0[chosen]
    before = [centre + size * shape for shape in shapes]
    after = _curves(subject, plane, chosen, before)
    linear = [image + (line - centre) @ matrix.T for line in before]
    outputs = (_output_name(subject, chosen[0])[1:-1], _output_name(subject, chosen[1])[1:-1])
    return MapData(
        title=subject.title, caption=caption, description=description, centre=centre, image=image, jacobian=matrix,
        sigma=singular[1], u=singular[0], v=singular[2], radius=size, curves=tuple(zip(before, after, strict=True)),
        linear=tuple(linear), names=(plane.names, outputs),
    )  # fmt: skip


def _singular(matrix: Any) -> tuple[Any, Any, Any]:
    """u and v as rows with J v = sigma u; the first entry of largest size in each v positive."""
    u, sigma, v = np.linalg.svd(matrix)
    signs = np.array([1.0 if row[np.argmax(np.abs(row))] > 0 else -1.0 for row in v])
    return u.T * signs[:, None], sigma, v * signs[:, None]


def _given(radius: Any) -> float:
    if radius is None:
        return 0.0
    if isinstance(radius, int | float) and 0 < radius < float("inf"):
        return float(radius)
    raise problem("E505", f"{radius!r} is not a radius.", help="A positive number: radius=0.5")


# -- drawing ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Panel:
    """One half of the picture: its axes and window."""

    axes: Any
    box: tuple[tuple[float, float], tuple[float, float]]


def _panels(figure: Any, data: MapData) -> list[Panel]:
    out = []
    boxes = (np.concatenate([c for c, _ in data.curves]),
             np.concatenate([*[c for _, c in data.curves], *data.linear[-1:]]))  # fmt: skip
    for axes, names, points in zip(figure.subplots(1, 2), data.names, boxes, strict=True):
        low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
        (x, y), half = (low + high) / 2, 0.64 * float((high - low).max())
        box = ((x - half, x + half), (y - half, y + half))
        axes.set(xlim=box[0], ylim=box[1], xlabel=f"${names[0]}$", aspect="equal")
        out.append(Panel(axes, box))
        axes.set_ylabel(f"${names[1]}$", labelpad=1)
        axes.locator_params(nbins=4)
        axes.tick_params(labelsize=style.SMALL - 0.5, pad=2)
    return out


def draw_jacobian(figure: Any, data: MapData) -> None:
    left, right = _panels(figure, data)
    before, after = data.curves[0]
    for panel, area, line in ((left, before, before), (right, data.linear[0], after)):
        panel.axes.fill(*area.T, facecolor=style.HEIGHTS[2], edgecolor="none", zorder=1)
        panel.axes.plot(*line.T, color=style.BLUE, linewidth=1.6, zorder=2)
    colours = (style.VERMILION, style.GREEN)
    stretched = data.radius * data.sigma[:, None] * data.u
    _arrows(left, data.centre, data.radius * data.v, ("$v_1$", "$v_2$"), colours)
    _arrows(right, data.image, stretched, (r"$\sigma_1u_1$", r"$\sigma_2u_2$"), colours)


def _arrows(panel: Panel, tail: Any, arrows: Any, names: tuple[str, str], colours: tuple[str, str]) -> None:
    """Arrows from one point, each with its name where there is room."""
    shares = np.linspace(0, 1, 9)[:, None]
    busy = [tail + shares * arrow for arrow in arrows]
    for arrow, name, colour in zip(arrows, names, colours, strict=True):
        if np.linalg.norm(arrow) > 1e-9 * np.linalg.norm(arrows):
            draw_arrow(panel.axes, tail, tail + arrow, colour)
            busy.append(
                write_free(panel.axes, panel, [tail + arrow, tail + 0.7 * arrow], name, colour, busy, inches=1.5)
            )
    draw_point(panel.axes, tail, 4.5)


def draw_grid(figure: Any, data: MapData) -> None:
    left, right = _panels(figure, data)
    *lines, cell = data.curves
    for panel, side in ((left, 0), (right, 1)):
        for k, pair in enumerate(lines):
            colour = style.BLUE if k < LINES else style.GREEN
            panel.axes.plot(
                *pair[side].T, color=colour, linewidth=0.9, zorder=2, linestyle="-" if k < LINES else (0, (6, 1))
            )
    left.axes.fill(*cell[0].T, facecolor=style.ORANGE, alpha=0.75, zorder=1.5)
    right.axes.fill(*data.linear[-1].T, facecolor=style.ORANGE, alpha=0.75, zorder=1.5)
    draw_point(left.axes, data.centre, 4.5)
    draw_point(right.axes, data.image, 4.5)
