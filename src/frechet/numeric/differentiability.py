"""How smooth is f at x? The strongest statement that the values allow, with the scales they were taken at.

Finitely many values cannot prove differentiability: a function may be wild below the finest step, or along a curve that
was not tried. So the answer says at which distances it holds, and a "no" comes with a witness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from frechet.core.lazy import np
from frechet.numeric.drive import Problem
from frechet.numeric.engine import Line, search
from frechet.numeric.evaluate import flatten
from frechet.numeric.rays import Limit, Rays
from frechet.numeric.scales import task_along, typical_scales

RANDOM_DIRECTIONS = 6
MOST_AXES = 12
MOST_PAIRS = 15

MEANING = {
    "differentiable": "differentiable (Frechet): one linear map serves all directions and curves tried",
    "gateaux": "Gateaux but not Frechet: the directional derivatives are linear in the direction, yet along a curve "
    "the linear map fails",
    "directional": "every one-sided directional derivative exists, but they are not linear in the direction",
    "partials": "the partial derivatives exist, but some directional derivative does not",
    "none": "continuous, but without directional derivatives",
    "discontinuous": "not continuous",
    "edge": "the point is not inside the domain",
}


@dataclass(frozen=True)
class Smoothness:
    """`kind`: differentiable, gateaux, directional, partials, none, discontinuous or edge. `witness` holds what shows
    that no more is true: directions, curves, one-sided slopes. `scales`: smallest and largest distance looked at."""

    kind: str
    message: str
    witness: dict[str, Any] = field(default_factory=dict)
    scales: tuple[float, float] = (0.0, 0.0)
    evaluations: int = 0


def differentiability(f: Callable[[Any], Any], x: Any, seed: int = 0) -> Smoothness:
    """Classify f (scalar, vector or matrix valued) at x by `Smoothness.kind`, the strongest statement found true.

    An exception of f at x itself comes through unchanged; elsewhere it closes that side of the domain.
    """
    layout, flat = flatten(x)
    p = Problem(f, layout, flat, None, False)
    if not np.isfinite(p.f0).all():
        return Smoothness("edge", "f has no finite value at the point", evaluations=p.evaluations)
    return _Look(p, np.random.default_rng(seed)).classify()


class _Look:
    """One classification: the directions, what is known along each, and the answer."""

    def __init__(self, p: Problem, rng: Any) -> None:
        self.p, self.rng = p, rng
        self.scales = typical_scales(p.x)
        n = p.x.size
        axes = range(n) if n <= MOST_AXES else sorted(rng.choice(n, MOST_AXES, replace=False))
        self.axes = [self.scales * (np.arange(n) == i) for i in axes]
        self.others = self.oblique(n) if n > 1 else []
        self.rays = Rays(p, rng)

    def oblique(self, n: int) -> list[Any]:
        """Diagonals of pairs of axes, and random directions."""
        pairs = list(self.pairs())[: MOST_PAIRS // 2]
        diagonals = [a + sign * b for a, b in pairs for sign in (1.0, -1.0)]
        return diagonals[:MOST_PAIRS] + [self.rng.normal(size=n) * self.scales for _ in range(RANDOM_DIRECTIONS)]

    def pairs(self) -> Iterator[tuple[Any, Any]]:
        for i, a in enumerate(self.axes):
            for b in self.axes[i + 1 :]:
                yield a, b

    def classify(self) -> Smoothness:
        directions = [*self.axes, *self.others]
        closed = next((v for v in directions if self.rays.closed(v) or self.rays.closed(-v)), None)
        if closed is not None:
            return self.answer("edge", "f is not defined arbitrarily near in some direction", direction=closed)
        lines = [self.line(v) for v in directions]
        if all(line.ok.all() for line in lines):
            bent = self.nonlinear(lines)
            if bent is None:
                return self.along_curves(lines)
            return self.answer("directional", "the derivative is not linear in the direction", direction=bent)
        return self.by_rays(directions, lines)

    def line(self, v: Any) -> Line:
        return self.p.run([(search(task_along(self.p, v, complex_step=False)), v)])[0]

    def nonlinear(self, lines: list[Line]) -> Any:
        """A direction whose derivative is not the combination of those along the axes."""
        if len(self.axes) < self.p.x.size:
            return self.nonlinear_pairs(lines)
        g = np.array([line.value for line in lines[: len(self.axes)]])
        e = np.array([line.error for line in lines[: len(self.axes)]])
        for v, line in zip(self.others, lines[len(self.axes) :], strict=True):
            c = v / self.scales
            gap = np.abs(c @ g - line.value)
            size = np.abs(c) @ np.abs(g) + np.abs(line.value)
            if (gap > 4 * (line.error + np.abs(c) @ e) + 1e-9 * size).any():
                return v
        return None

    def nonlinear_pairs(self, lines: list[Line]) -> Any:
        """In many dimensions: additivity on the diagonals of the axes that were looked at, and of random directions."""
        known = dict(zip([a.tobytes() for a in self.axes], lines, strict=False))
        for v, line in zip(self.others, lines[len(self.axes) :], strict=True):
            parts = [(a, sign) for a in self.axes for sign in (1.0, -1.0) if (v[a != 0] == sign * a[a != 0]).all()]
            if np.count_nonzero(v) != 2 or len(parts) != 2:
                continue
            total = sum(sign * known[a.tobytes()].value for a, sign in parts)
            bound = line.error + sum(known[a.tobytes()].error for a, _ in parts)
            if (np.abs(total - line.value) > 4 * bound + 1e-9 * np.abs(line.value)).any():
                return v
        u, w = self.others[-1], self.others[-2]
        both = self.line(u + w)
        gap = np.abs(both.value - lines[-1].value - lines[-2].value)
        bound = both.error + lines[-1].error + lines[-2].error
        return u + w if (gap > 4 * bound + 1e-9 * np.abs(both.value)).any() else None

    def along_curves(self, lines: list[Line]) -> Smoothness:
        """All straight lines agree with one linear map: curves may still disagree."""
        pairs = list(self.pairs())[:MOST_PAIRS]
        slopes = {a.tobytes(): line.value for a, line in zip(self.axes, lines, strict=False)}
        for a, b in pairs:
            for first, second in ((a, b), (b, a)):
                for power, c in ((2, 1.0), (2, -1.0), (3, 1.0), (3, -1.0), (2, 3.0), (4, 1.0)):
                    map_of = (slopes[first.tobytes()], slopes[second.tobytes()])
                    if self.rays.curve_fails(first, second, power, c, map_of):
                        note = f"along the curve t*u + {c:g}*t^{power}*w the linear map does not describe f"
                        return self.answer("gateaux", note, u=first, w=second, power=power, factor=c)
        return self.answer("differentiable", "")

    def by_rays(self, directions: list[Any], lines: list[Line]) -> Smoothness:
        """Some line has no derivative: what the one-sided slopes still say."""
        sides = [(self.rays.limit(v), self.rays.limit(-v)) for v in directions]
        missing = [i for i, (a, b) in enumerate(sides) if not (a.exists and b.exists)]
        bad = next(i for i, line in enumerate(lines) if not line.ok.all())
        if not missing:
            right, left = sides[bad]
            return self.answer("directional", lines[bad].message, direction=directions[bad], right=right.value,
                               left=-left.value)  # fmt: skip
        axes = range(len(self.axes))
        whole = all(lines[i].ok.all() or self.two_sided(*sides[i]) for i in axes)
        witness = directions[missing[0]]
        if whole and self.p.x.size > 1:
            return self.answer("partials", "no derivative along the direction", direction=witness)
        if any(limit.jumps for pair in sides for limit in pair):
            return self.answer("discontinuous", "f jumps at the point", direction=witness)
        return self.answer("none", lines[bad].message, direction=witness)

    @staticmethod
    def two_sided(right: Limit, left: Limit) -> bool:
        """Whether the two one-sided slopes belong to one derivative."""
        if not (right.exists and left.exists):
            return False
        return bool((np.abs(right.value + left.value) <= 2 * (right.error + left.error) + 1e-9).all())

    def answer(self, kind: str, note: str, **witness: Any) -> Smoothness:
        low, high = self.rays.scales()
        readable = {k: self.p.layout.build(v) if np.shape(v) == self.p.x.shape else v for k, v in witness.items()}
        message = MEANING[kind] + (f": {note}" if note and note not in MEANING[kind] else "")
        if kind in ("differentiable", "directional", "gateaux"):
            message += f" (seen at relative distances {low:.0e} to {high:.0e}; values cannot prove more)"
        return Smoothness(kind, message, readable, (low, high), self.p.evaluations)
