"""The ground that most pictures stand on: heights of a scalar function on a plane, as contour lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.plot.plane import (
    Plane,
    chosen_reach,
    coordinate_plane,
    direction_plane,
    levels,
    with_reach,
)
from frechet.plot.subject import MANY, Subject

COUNT = 61
FEWEST, MOST = 5, 400


@dataclass(frozen=True)
class Landscape:
    """Heights (len(ys), len(xs)), NaN where f is not defined; `levels` of the lines, f0 that of the point."""

    plane: Plane
    xs: Any
    ys: Any
    heights: Any
    levels: Any
    uneven: bool
    f0: float

    @property
    def note(self) -> str:
        """What was chosen, for the caption."""
        parts = [self.plane.note]
        if self.uneven:
            parts.append("Contour heights are not evenly spaced.")
        if np.isnan(self.heights).any():
            parts.append("Hatched: $f$ is not defined.")
        return " ".join(p for p in parts if p)


def plane_of(subject: Subject, along: Any = None, window: Any = None) -> Plane:
    """The plane and window that were asked for, or chosen.

    along    two names of components, or two directions (flat vectors, or the words gradient and curvature); None takes
             the two components with the steepest slopes
    window   a radius, or ((low, high), (low, high)); None chooses it
    """
    plane = plane_without_window(subject, along)
    if window is not None:
        return _given_window(plane, window)
    g = subject.gradient
    gradient = plane.inside(g) if np.isfinite(g).all() else np.full(2, np.nan)
    hessian = subject.bend(plane.u, plane.v)
    whole = float(np.abs(subject.x).max()) or 1.0
    sizes = [float(np.abs(subject.x) @ np.abs(d)) for d in (plane.u, plane.v)]
    size = tuple(max(s, 1.0) if whole >= 0.1 else (s or whole) for s in sizes)
    return with_reach(plane, chosen_reach(plane, (size[0], size[1]), gradient, hessian, subject.values))


def plane_without_window(subject: Subject, along: Any, weights: Any = None) -> Plane:
    """The plane of `plane_of`; `weights` (n,) say which two components to take where none are named."""
    x, labels = subject.x, subject.labels
    if along is None:
        i, j = steepest(subject) if weights is None else heaviest(weights)
        return coordinate_plane(x, i, j, labels, _math(subject))
    if isinstance(along, str) or len(along) != 2:
        raise problem("E505", "A plane needs two components or two directions.", help='along=("x1", "x2")')
    if all(isinstance(a, str) and a in labels for a in along):
        i, j = (labels.index(a) for a in along)
        if i == j:
            raise problem("E400", "The two components are the same: they span no plane.", help="Give two that differ.")
        return coordinate_plane(x, i, j, labels, _math(subject))
    first, name = direction_of(subject, along[0], None)
    second, other = direction_of(subject, along[1], first)
    return direction_plane(x, first, second, (name or "the first given", other or "the second given"))


def direction_of(subject: Subject, given: Any, first: Any) -> tuple[Any, str]:
    """A flat direction from numbers, the name of a component, or the words gradient and curvature; and its name."""
    if isinstance(given, str):
        if given in subject.labels:
            return np.eye(subject.size)[subject.labels.index(given)], f"that of {given}"
        if given == "gradient":
            return subject.need_gradient(), "the gradient"
        if given == "curvature":
            return strongest(subject.need_hessian(), first), "strongest curvature"
        raise problem("E505", f"{given!r} is not a direction here.",
                      help="gradient, curvature, numbers, or one of " + ", ".join(subject.labels[:6]))  # fmt: skip
    return flat_direction(subject, given), ""


def flat_direction(subject: Subject, given: Any) -> Any:
    """Numbers as a direction (n,). Raises E305 where they do not fit."""
    try:
        v = np.ravel(np.asarray(given, dtype=float))
    except (TypeError, ValueError):
        raise problem("E305", "A direction is made of numbers.", help=f"Give {subject.size} of them.") from None
    if v.size != subject.size or not np.isfinite(v).all():
        raise problem("E305", f"The direction has {v.size} components, but the point has {subject.size}.")
    return v


def strongest(hessian: Any, first: Any) -> Any:
    """The eigenvector of the largest |eigenvalue| across `first`."""
    n = len(hessian)
    across = np.eye(n) if first is None else np.eye(n) - np.outer(first, first) / (first @ first)
    values, vectors = np.linalg.eigh(across @ hessian @ across)
    order = [k for k in np.argsort(-np.abs(values)) if first is None or abs(vectors[:, k] @ first) < 1e-6]
    v = vectors[:, order[0]] if order else np.linalg.svd(np.atleast_2d(first))[2][-1]
    return v * (1.0 if v[np.argmax(np.abs(v))] > 0 else -1.0)


def steepest(subject: Subject) -> tuple[int, int]:
    """The two components with the largest slope (or curvature, where there is no slope), in their own order."""
    if subject.size == 2:
        return 0, 1
    g = np.abs(np.nan_to_num(subject.gradient))
    if subject.size > MANY:
        return heaviest(g)
    h = np.abs(np.diag(np.nan_to_num(subject.hessian)))
    return heaviest(g if g.max() > 1e-9 * max(h.max(), 1e-300) else h)


def heaviest(weights: Any) -> tuple[int, int]:
    """The places of the two largest numbers, in their own order."""
    i, j = sorted(np.argsort(-weights, kind="stable")[:2].tolist())
    return i, j


def _math(subject: Subject) -> Any:
    return lambda label: subject.math(subject.labels.index(label))


def _given_window(plane: Plane, window: Any) -> Plane:
    try:
        limits = np.asarray(window, dtype=float)
    except (TypeError, ValueError):
        limits = np.zeros(3)
    if limits.shape == () and limits > 0 and np.isfinite(limits):
        return with_reach(plane, (float(limits), float(limits)))
    if limits.shape == (2, 2) and np.isfinite(limits).all() and (limits[:, 1] > limits[:, 0]).all():
        reach = (limits[:, 1] - limits[:, 0]) / 2
        moved = Plane(plane.base, plane.u, plane.v, limits.mean(axis=1), plane.names, (1.0, 1.0), True, plane.note)
        return with_reach(moved, (float(reach[0]), float(reach[1])))
    raise problem("E505", f"{window!r} is not a window.", help="A radius, or ((low, high), (low, high)).")


def landscape(
    subject: Subject, plane: Plane, values: Callable[[Any], Any] | None = None, resolution: int = COUNT
) -> Landscape:
    """The heights of f (or of other `values` at points (k, n)) at resolution x resolution places of the plane. Raises
    E400 where there are hardly any, E505 for a resolution that is none."""
    values = values or subject.values
    xs, ys = plane.grid(checked(resolution))
    s, t = np.meshgrid(xs, ys)
    heights = values(plane.point(s.ravel(), t.ravel())).reshape(s.shape)
    if np.isfinite(heights).sum() < 9:
        raise problem("E400", "The function is hardly defined anywhere in the window.", help="Give another window=.")
    f0 = float(values(subject.x[None])[0])
    found, uneven = levels(heights, f0)
    return Landscape(plane, xs, ys, heights, found, uneven, f0)


def checked(resolution: Any) -> int:
    """A number of places on each axis; fewer for a function that takes long."""
    if isinstance(resolution, int) and FEWEST <= resolution <= MOST:
        return resolution
    raise problem("E505", f"{resolution!r} is not a resolution.", help=f"A whole number from {FEWEST} to {MOST}.")
