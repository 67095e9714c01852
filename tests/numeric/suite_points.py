"""Points with the class of smoothness that is true there (docs/numeric.md defines the words)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.numeric.suite_derivatives import _rounded_noise


@dataclass(frozen=True)
class Point:
    name: str
    kind: str
    f: Callable[[Any], Any]
    x: Any
    held_out: bool = False


def _real(f: Callable[[float], float], at_zero: float = 0.0) -> Callable[[float], float]:
    return lambda t: f(t) if t else at_zero


def _plane(f: Callable[[float, float], float]) -> Callable[[Any], float]:
    return lambda z: f(float(z[0]), float(z[1])) if z[0] or z[1] else 0.0


def _line_points() -> list[tuple[str, str, Callable[[Any], Any], Any]]:
    d, k, n, j, e = "differentiable", "directional", "none", "discontinuous", "edge"
    return [
        ("sin", d, math.sin, 0.4),
        ("exp at 0", d, math.exp, 0.0),
        ("x^2", d, lambda t: t * t, 0.0),
        ("x|x|", d, lambda t: t * abs(t), 0.0),
        ("|x|^1.5", d, lambda t: abs(t) ** 1.5, 0.0),
        ("x^2 sin(1/x)", d, _real(lambda t: t * t * math.sin(1 / t)), 0.0),
        ("x^3 sin(1/x)", d, _real(lambda t: t**3 * math.sin(1 / t)), 0.0),
        ("sinc", d, _real(lambda t: math.sin(t) / t, 1.0), 0.0),
        ("log near 0", d, math.log, 1e-6),
        ("|x-1e-3|", d, lambda t: abs(t - 1e-3), 0.0),
        ("relu at 1e-6", d, lambda t: max(t, 0.0), 1e-6),
        ("exp(-1/x^2)", d, _real(lambda t: math.exp(-1 / t**2)), 0.0),
        ("1e8 + sin", d, lambda t: 1e8 + math.sin(t), 1.0),
        ("sin(1e4 x)", d, lambda t: math.sin(1e4 * t), 0.3),
        ("tan near its pole", d, math.tan, 1.57),
        ("sin + noise 1e-9", d, lambda t: math.sin(t) + _rounded_noise(1e-9, t), 1.0),
        ("constant", d, lambda t: 3.0, 1.0),
        ("tiny", d, lambda t: 1e-30 * math.sin(t), 1.0),
        ("huge x", d, lambda t: t * t, 1e8),
        ("relu(x)-relu(-x)", d, lambda t: max(t, 0.0) - max(-t, 0.0), 0.0),
        ("sqrt(x^4)", d, lambda t: math.sqrt(t**4), 0.0),
        ("|sin|^2", d, lambda t: abs(math.sin(t)) ** 2, 0.0),
        ("|x|", k, abs, 0.0),
        ("relu", k, lambda t: max(t, 0.0), 0.0),
        ("|sin|", k, lambda t: abs(math.sin(t)), math.pi),
        ("|x-2| + x^2", k, lambda t: abs(t - 2) + t * t, 2.0),
        ("small kink", k, lambda t: math.sin(t) + 1e-3 * abs(t - 1), 1.0),
        ("leaky relu", k, lambda t: t if t > 0 else 0.01 * t, 0.0),
        ("huber corner", k, lambda t: max(t, 2 * t - 1), 1.0),
        ("exp(-|x|)", k, lambda t: math.exp(-abs(t)), 0.0),
        ("|x| huge offset", k, lambda t: 100 + abs(t - 3), 3.0),
        ("x sin(1/x)", n, _real(lambda t: t * math.sin(1 / t)), 0.0),
        ("cbrt", n, np.cbrt, 0.0),
        ("sqrt|x|", n, lambda t: math.sqrt(abs(t)), 0.0),
        ("|x|^0.7", n, lambda t: abs(t) ** 0.7, 0.0),
        ("x log|x|", n, _real(lambda t: t * math.log(abs(t))), 0.0),
        ("sign(x) sqrt|x|", n, lambda t: math.copysign(math.sqrt(abs(t)), t), 2.0 * 0),
        ("|x| sin(log|x|)", n, _real(lambda t: abs(t) * math.sin(4 * math.log(abs(t)))), 0.0),
        ("sign", j, lambda t: float(np.sign(t)), 0.0),
        ("floor", j, math.floor, 3.0),
        ("step + x^2", j, lambda t: t * t + (1.0 if t >= 1 else 0.0), 1.0),
        ("sin(1/x)", j, _real(lambda t: math.sin(1 / t)), 0.0),
        ("1/x", j, _real(lambda t: 1 / t), 0.0),
        ("one value apart", j, lambda t: 1.0 if t == 2 else t, 2.0),
        ("removable", d, lambda t: 1.0 if t == 1 else t, 1.0),
        ("small jump", j, lambda t: t + (1e-3 if t > 1 else 0.0), 1.0),
        ("sqrt at 0", e, math.sqrt, 0.0),
        ("arcsin at 1", e, math.asin, 1.0),
        ("x^1.5 from the right", e, lambda t: t**1.5, 0.0),
        ("log at 0", e, lambda t: math.log(t) if t > 0 else -math.inf, 0.0),
        ("raises above 2", e, lambda t: t if t <= 2 else 1 / 0, 2.0),
    ]


def _plane_points() -> list[tuple[str, str, Callable[[Any], Any], Any]]:
    d, g, k, q, n, j, e = "differentiable", "gateaux", "directional", "partials", "none", "discontinuous", "edge"
    o = np.zeros(2)
    one = np.array([1.0, 1.0])
    return [
        ("quadratic", d, lambda z: z @ z, np.array([1.0, -2.0])),
        ("norm^2 at 0", d, lambda z: np.linalg.norm(z) ** 2, o),
        ("norm^3 at 0", d, lambda z: np.linalg.norm(z) ** 3, o),
        ("norm away", d, np.linalg.norm, one),
        ("x^2 y^2/(x^2+y^2)", d, _plane(lambda x, y: x * x * y * y / (x * x + y * y)), o),
        ("(x^2+y^2) sin(1/r)", d, _plane(lambda x, y: (x * x + y * y) * math.sin(1 / math.hypot(x, y))), o),
        ("max away from the tie", d, np.max, np.array([1.0, 0.9])),
        ("logsumexp", d, lambda z: np.log(np.sum(np.exp(z))), o),
        ("rosenbrock", d, lambda z: 100 * (z[1] - z[0] ** 2) ** 2 + (1 - z[0]) ** 2, one),
        ("|x|^1.5 + y^2", d, lambda z: abs(z[0]) ** 1.5 + z[1] ** 2, o),
        ("x^3 y/(x^6+y^2)", g, _plane(lambda x, y: x**3 * y / (x**6 + y * y)), o),
        ("x y^3/(x^2+y^6)", g, _plane(lambda x, y: x * y**3 / (x * x + y**6)), o),
        ("on y=x^2 only", g, lambda z: z[0] if z[0] > 0 and abs(z[1] - z[0] ** 2) < 1e-3 * z[0] ** 2 else 0.0, o),
        ("norm at 0", k, np.linalg.norm, o),
        ("l1 norm at 0", k, lambda z: np.sum(np.abs(z)), o),
        ("l1 norm on an axis", k, lambda z: np.sum(np.abs(z)), np.array([1.0, 0.0])),
        ("max at a tie", k, np.max, one),
        ("min at a tie", k, np.min, one),
        ("y^3/(x^2+y^2)", k, _plane(lambda x, y: y**3 / (x * x + y * y)), o),
        ("x^2 y/(x^4+y^2)", k, _plane(lambda x, y: x * x * y / (x**4 + y * y)), o),
        ("x^2 y/(x^2+y^2)", k, _plane(lambda x, y: x * x * y / (x * x + y * y)), o),
        ("sqrt|xy|", k, lambda z: math.sqrt(abs(z[0] * z[1])), o),
        ("|x - y|", k, lambda z: abs(z[0] - z[1]), one),
        ("relu of a sum", k, lambda z: max(z[0] + z[1] - 2, 0.0), one),
        ("x|y|/r", k, _plane(lambda x, y: x * abs(y) / math.hypot(x, y)), o),
        ("xy/(x^2+y^2)", q, _plane(lambda x, y: x * y / (x * x + y * y)), o),
        ("cbrt(xy)", q, lambda z: np.cbrt(z[0] * z[1]), o),
        ("1 off the axes", q, lambda z: float(z[0] * z[1] != 0), o),
        ("xy/(x^4+y^4)", q, _plane(lambda x, y: x * y / (x**4 + y**4)), o),
        ("sqrt|xy| sqrt", q, lambda z: abs(z[0] * z[1]) ** 0.3, o),
        ("cbrt(x) + y", n, lambda z: np.cbrt(z[0]) + z[1], o),
        ("sqrt of the norm", n, lambda z: np.linalg.norm(z) ** 0.5, o),
        ("r sin(1/r)", n, _plane(lambda x, y: math.hypot(x, y) * math.sin(1 / math.hypot(x, y))), o),
        ("sign(x) + y", j, lambda z: np.sign(z[0]) + z[1], o),
        ("(x^2-y^2)/(x^2+y^2)", j, _plane(lambda x, y: (x * x - y * y) / (x * x + y * y)), o),
        ("sqrt(x) y", e, lambda z: math.sqrt(z[0]) * z[1], np.array([0.0, 1.0])),
        (
            "det > 0",
            e,
            lambda A: math.log(np.linalg.det(A) + 1e-300) if np.linalg.det(A) >= 0 else math.nan,
            np.zeros((2, 2)),
        ),
        ("nuclear norm at 0", k, lambda A: np.linalg.norm(A, "nuc"), np.zeros((2, 2))),
        ("largest eigenvalue at I", k, lambda A: np.linalg.eigvalsh((A + A.T) / 2)[-1], np.eye(2)),
        ("trace by eigenvalues at I", d, lambda A: np.linalg.eigvalsh((A + A.T) / 2).sum(), np.eye(2)),
        ("vector valued, one kink", k, lambda z: np.array([z[0] ** 2, abs(z[1])]), o),
        ("logdet", d, lambda A: np.linalg.slogdet(A)[1], np.eye(3) + 0.1),
    ]


def points() -> list[Point]:
    """All points; every third is held out."""
    out = [*_line_points(), *_plane_points()]
    return [Point(*p, held_out=k % 3 == 1) for k, p in enumerate(out)]
