"""The Hessian on the contour lines: its eigenvectors are the axes along which f bends most and least."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from frechet.core.lazy import np
from frechet.plot import style
from frechet.plot.ground import draw_arrow, draw_ground, draw_point, write_free
from frechet.plot.landscape import COUNT, Landscape, landscape, plane_of
from frechet.plot.picture import Data
from frechet.plot.plane import Plane, nice, with_reach
from frechet.plot.subject import Subject
from frechet.plot.words import math_number, number, vector

LENGTH = 0.55  # of half the window
FAITHFUL = 0.4  # how far f may leave its quadratic form in the window
FLAT = 1e-7  # of the largest curvature: as good as none


@dataclass(frozen=True, kw_only=True)
class HessianData(Data):
    """The part of the Hessian in the plane: eigenvalues (2,) with the largest |value| first, eigenvectors as rows.

    shape     bowl, dome, saddle, valley, ridge or flat
    linear    whether the tangent plane was taken off the heights (where the gradient is not zero)
    """

    ground: Landscape
    at: Any
    values: Any
    vectors: Any
    shape: str
    linear: bool


def hessian(subject: Subject, *, along: Any = None, window: Any = None, resolution: int = COUNT) -> HessianData:
    """The eigenvectors of the Hessian over the contour lines of f, or of f minus its tangent plane where the gradient
    would hide how f bends. Raises E501, E505, E400."""
    subject.need_scalar("hessian")
    subject.need_components("hessian")
    plane = plane_of(subject, along, window)
    h, g = subject.need_bend(plane.u, plane.v), subject.need_gradient()
    pair = np.array([plane.u, plane.v])
    values, columns = np.linalg.eigh(h)
    order = np.argsort(-np.abs(values), kind="stable")
    values, vectors = values[order], columns.T[order]
    vectors = np.array([v * (1.0 if v[np.argmax(np.abs(v))] > 0 else -1.0) for v in vectors])
    reach = min(plane.reach)
    linear = bool(np.linalg.norm(pair @ g) > 1e-6 * reach * abs(values[0]))

    def bent(points: Any) -> Any:
        return subject.values(points) - subject.f0[0] - (points - subject.x) @ g

    if linear and window is None:
        plane = nearer(plane, plane.inside(subject.x - plane.base), bent, h)
    ground = landscape(subject, plane, bent if linear else None, resolution)
    what = "$f$ minus its tangent plane" if linear else "$f$; the gradient is zero here"
    kind = shape_of(values)
    held = " in this plane" if subject.size > 2 else ""
    part = "the part in this plane of " if held else ""
    own = "Arrows: eigenvectors of the Hessian's part in this plane." if held else ""
    return HessianData(
        title=subject.title, ground=ground, at=plane.inside(subject.x - plane.base), values=values, vectors=vectors,
        shape=kind, linear=linear,
        caption=" ".join(p for p in (f"Contours of {what}.", ground.note, own) if p),
        description=f"Eigenvectors of {part}the Hessian of {subject.name} at {subject.where}, a {kind}{held}: "
        f"curvature {number(float(values[0]))} along {vector(vectors[0], 2)} and {number(float(values[1]))} along "
        f"{vector(vectors[1], 2)}.",
    )  # fmt: skip


def nearer(plane: Plane, at: Any, bent: Callable[[Any], Any], h: Any) -> Plane:
    """The largest window, up to that of the plane, on which the quadratic form tells most of how f bends."""
    for k in range(12):
        share = 0.75**k
        near = with_reach(plane, (nice(share * plane.reach[0]), nice(share * plane.reach[1])))
        s, t = (v.ravel() for v in np.meshgrid(*near.grid(9)))
        away = np.stack([s, t], axis=1) - at
        model = np.einsum("ki,ij,kj->k", away, h, away) / 2
        gap = bent(near.point(s, t)) - model
        if np.isfinite(gap).all() and np.linalg.norm(gap) <= FAITHFUL * np.linalg.norm(model):
            break
    return near


def shape_of(values: Any) -> str:
    """What the two curvatures make of f."""
    size = float(np.abs(values).max())
    up, down = int((values > FLAT * size).sum()), int((values < -FLAT * size).sum())
    names = {(2, 0): "bowl", (0, 2): "dome", (1, 1): "saddle", (1, 0): "valley", (0, 1): "ridge"}
    return names.get((up, down), "flat place")


def draw_hessian(figure: Any, data: HessianData) -> None:
    axes = figure.add_subplot()
    plane = data.ground.plane
    unit = np.full(2, min(plane.reach)) if plane.equal else np.array(plane.reach)
    ends = [v / np.linalg.norm(v / unit) * LENGTH for v in data.vectors]
    busy = [data.at + np.linspace(-1, 1, 13)[:, None] * e for e in ends]
    for k, (value, end) in enumerate(zip(data.values, ends, strict=True)):
        falls = value < -FLAT * np.abs(data.values).max()
        colour = style.PURPLE if falls else style.VERMILION
        if abs(value) <= FLAT * np.abs(data.values).max():
            colour = style.GREY
        for sign in (1, -1):
            draw_arrow(axes, data.at, data.at + sign * end, colour, dashed=falls)
        text = rf"$\lambda_{k + 1}={math_number(float(value))}$"
        busy.append(write_free(axes, plane, [data.at + end, data.at - end], text, colour, busy))
    draw_ground(axes, data.ground, busy, through=not data.linear)
    draw_point(axes, data.at)
