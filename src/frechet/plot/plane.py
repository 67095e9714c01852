"""The window of a picture: a plane through the point, how far it reaches, and the values of f on it.

The reach comes from the function: 1.5 |grad f| / |H| is where the quadratic term of the Taylor polynomial overtakes the
linear one, so that neither a mere tilted plane nor a wall is seen. Where that says nothing (a critical point, a linear
function) it is the size of the point; and it shrinks as long as a few extreme values or holes would fill the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.plot.words import listed, math_number

NICE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
UNLIKE = "The axes have scales of their own: angles are not true."
UNEQUAL = 30.0  # coordinates whose sizes differ by more are given axes of their own scale
STEEP = 40.0  # full range over the range of the middle 70 %: beyond it the window shrinks
CROWDED = 0.34  # share of the window without a line beyond which levels are spaced geometrically
RARE = 0.004  # share of the window that a level needs on each side
SERIES = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
MOST_LINES = 11
HOLES = 0.35  # share of undefined values beyond which the window shrinks


@dataclass(frozen=True)
class Plane:
    """Points base + s*u + t*v; (s, t) of the point that is looked at is `centre`.

    names    of the two axes, in mathtext without dollar signs
    reach    half the width and half the height of the window
    equal    whether both axes have one scale, so that right angles look right
    note     what was chosen, for the caption
    """

    base: Any
    u: Any
    v: Any
    centre: Any
    names: tuple[str, str]
    reach: tuple[float, float]
    equal: bool
    note: str

    def point(self, s: Any, t: Any) -> Any:
        """The flat point, or points (k, n) for arrays (k,)."""
        return self.base + np.multiply.outer(s, self.u) + np.multiply.outer(t, self.v)

    def inside(self, flat: Any) -> Any:
        """A vector of the whole space as its part in the plane, (2,)."""
        return np.array([flat @ self.u / (self.u @ self.u), flat @ self.v / (self.v @ self.v)])

    @property
    def box(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The limits of both axes."""
        (a, b), (p, q) = self.centre, self.reach
        return (a - p, a + p), (b - q, b + q)

    def grid(self, count: int) -> tuple[Any, Any]:
        """The values of both axes at which f is looked at."""
        (a, b), (c, d) = self.box
        return np.linspace(a, b, count), np.linspace(c, d, count)


def nice(length: float) -> float:
    """The nearest round number below."""
    power = 10.0 ** floor(log10(length))
    lead = max((n for n in NICE if n <= length / power * (1 + 1e-9)), default=1.0)
    return float(f"{lead * power:.3g}")


def coordinate_plane(x: Any, i: int, j: int, labels: Sequence[str], math: Callable[[str], str]) -> Plane:
    """The plane of two coordinates; the others are held."""
    unit = np.eye(x.size)
    base = x.copy()
    base[[i, j]] = 0.0
    held = [f"${math(labels[k])}$ held at ${math_number(x[k])}$" for k in range(x.size) if k not in (i, j)]
    if len(held) > 3:
        held = [f"The other {len(held)} components are held"]
    note = f"{listed(held)}." if held else ""
    return Plane(base, unit[i], unit[j], x[[i, j]], (math(labels[i]), math(labels[j])), (1.0, 1.0), True, note)


def direction_plane(x: Any, u: Any, v: Any, names: tuple[str, str]) -> Plane:
    """The plane through x along two directions, made orthonormal. Raises E400 if they span no plane."""
    u = np.asarray(u, dtype=float)
    length = np.linalg.norm(u)
    if not length:
        raise problem("E400", "The first direction is zero.", help="Give two directions that differ.")
    u = u / length
    rest = v - (v @ u) * u
    if np.linalg.norm(rest) < 1e-9 * max(np.linalg.norm(v), 1e-300):
        raise problem("E400", "The two directions are parallel: they span no plane.", help="Give another one.")
    v = rest / np.linalg.norm(rest)
    note = f"The plane through the point along two orthonormal directions, {names[0]} and {names[1]}."
    return Plane(x, u, v, np.zeros(2), ("s", "t"), (1.0, 1.0), True, note)


def with_reach(plane: Plane, reach: tuple[float, float]) -> Plane:
    """The same plane with another window; axes that differ much in scale lose the equal scale."""
    equal = max(reach) / min(reach) < 4
    note = plane.note if equal or UNLIKE in plane.note else f"{plane.note} {UNLIKE}".strip()
    return Plane(plane.base, plane.u, plane.v, plane.centre, plane.names, reach, equal, note)


def chosen_reach(plane: Plane, size: tuple[float, float], gradient: Any, hessian: Any,
                 values: Callable[[Any], Any]) -> tuple[float, float]:  # fmt: skip
    """Half-widths that show the function: from gradient and Hessian in the plane, corrected by its values.

    `size` is the size of the point along both axes, `values` gives f at points (k, n).
    """
    scales = np.array(size)
    if scales.max() < UNEQUAL * scales.min():
        scales[:] = scales.max()
    known = bool(np.isfinite(hessian).all())
    slope = np.linalg.norm(gradient * scales)
    bend = np.linalg.norm(scales[:, None] * hessian * scales, 2) if known else np.nan
    share = 1.0
    if np.isfinite(slope) and np.isfinite(bend) and bend > 0 and slope > 1e-6 * bend:
        share = min(1.0, 1.5 * slope / bend)
    for _ in range(24):
        reach = (nice(share * scales[0]), nice(share * scales[1]))
        if _shows(with_reach(plane, reach), values):
            return reach
        share *= 0.7
    return reach


def _shows(plane: Plane, values: Callable[[Any], Any]) -> bool:
    xs, ys = plane.grid(9)
    s, t = (a.ravel() for a in np.meshgrid(xs, ys))
    found = values(plane.point(s, t))
    good = found[np.isfinite(found)]
    return good.size >= (1 - HOLES) * found.size and skew(good) <= STEEP


def skew(values: Any) -> float:
    """The full range over that of the middle 70 %; 1 for a constant."""
    low, a, b, high = np.quantile(values, [0.0, 0.15, 0.85, 1.0])
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):
        return 1.0
    return float((high - low) / max(b - a, 1e-300))


def levels(values: Any, f0: float, count: int = 10) -> tuple[Any, bool]:
    """Heights for contour lines, and whether they are spaced geometrically; none close to f0, which has its own line.

    Round steps; where most of the window would then be empty, distances 1, 1.5, 2, 3, 5, 7, 10, ... from the flat end.
    """
    good = np.sort(values[np.isfinite(values)])
    low, high = float(good[0]), float(good[-1])
    if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):
        return np.zeros(0), False
    step = rounded_up((high - low) / count)
    even = step * np.arange(np.ceil(low / step + 1e-6), np.floor(high / step - 1e-6) + 1)
    best, geometric = even, False
    if emptiest(good, even) > CROWDED:
        for found in (_growing(low, high, step), -_growing(-high, -low, step)[::-1]):
            if emptiest(good, found) < 0.8 * emptiest(good, best):
                best, geometric = found, True
    # A level that hardly anything lies beyond only traces the samples on the two sides of a pole.
    beyond = np.searchsorted(good, best)
    best = best[np.minimum(beyond, good.size - beyond) >= RARE * good.size]
    gaps = np.diff(best, prepend=low, append=high)
    near = np.abs(best - f0) < 0.45 * np.minimum(gaps[:-1], gaps[1:])
    return np.array([_tidy(v, step) for v in best[~near]]), geometric


def _tidy(value: float, step: float) -> float:
    """The height without what rounding left behind its digits."""
    return float(f"{value:.12g}") if abs(value) > 1e-9 * step else 0.0


def _growing(low: float, high: float, step: float) -> Any:
    """Heights whose distance from a round height below `low` grows by a factor of about 1.5."""
    base = 0.0 if 0 <= low <= high - low else step * np.floor(low / step)
    span = high - base
    decades = 10.0 ** np.arange(floor(log10(span)) - 2, floor(log10(span)) + 1)
    found = base + np.outer(decades, SERIES).ravel()
    return found[(found > low + 1e-6 * span) & (found < high - 1e-6 * span)][-MOST_LINES:]


def emptiest(ordered: Any, lines: Any) -> float:
    """The largest share of the window between two neighbouring lines."""
    places = np.concatenate([[0], np.searchsorted(ordered, lines), [ordered.size]])
    return float(np.diff(places).max() / ordered.size)


def rounded_up(step: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** floor(log10(step))
    return float(next((n for n in (1.0, 2.0, 2.5, 5.0) if n * power >= step * (1 - 1e-9)), 10.0) * power)
