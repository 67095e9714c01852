"""Is this gradient right, and if not, where and how is it wrong?

A wrong gradient differs from the right one along almost every direction, so a few random directional derivatives find
it in any dimension; the tolerance is their own error bound, never a constant. Then hypotheses about the cause are held
against the values already there, and only if none fits, bisection looks for the place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.numeric.derivatives import like
from frechet.numeric.drive import Problem
from frechet.numeric.engine import Line, search
from frechet.numeric.evaluate import Layout, flatten
from frechet.numeric.hypotheses import Block, Cause, Evidence, causes
from frechet.numeric.locate import Fault, locate
from frechet.numeric.scales import task_along, typical_scales
from frechet.numeric.tableau import UNIT

DIRECTIONS = 4
DOUBTFUL = 0.3  # bound over size of the derivative from which agreement means nothing
DECADES = 3.0  # components are also tested among their own kind: groups of so many powers of ten
MOST_GROUPS = 5


@dataclass(frozen=True)
class GradientVerdict:
    """`status`: right, wrong, not differentiable, undecided. Where wrong: `where` (a block name, a tuple of indices, or
    empty: everywhere), `how` (one word), `expected` (index -> value the engine found). `evaluations` counts f."""

    status: str
    message: str
    where: Any = ()
    how: str = ""
    expected: dict[int, float] = field(default_factory=dict)
    evaluations: int = 0
    largest_error: float = 0.0

    def __bool__(self) -> bool:
        """True only for a gradient found right."""
        return self.status == "right"


def check_gradient(
    f: Callable[[Any], Any], grad: Any, x: Any, shapes: Any = None, seed: int = 0, *, executor: Any = None
) -> GradientVerdict:
    """Check the gradient `grad` (a function of x, or its value at x) of the scalar function f at x.

    `shapes` maps names to (offset, shape) of blocks inside a flat x, so that a wrong block can be named; a dict x names
    its own. Raises E501 if f is not scalar, E305 if the gradient has not the shape of x; an exception of f or grad at x
    itself comes through unchanged.
    """
    layout, flat = flatten(x)
    p = Problem(f, layout, flat, executor, False)
    if p.f0.size != 1:
        raise problem("E501", f"check_gradient needs a scalar function; this one returns the shape {p.shape}.",
                      help="Use check_jacobian.")  # fmt: skip
    g, single = claimed(grad, layout, flat)
    bad = np.flatnonzero(~np.isfinite(g))
    if bad.size:
        where = tuple(int(i) for i in bad[:8])
        return GradientVerdict("wrong", f"the gradient is not finite at {_indices(where)}", where, "nan", evaluations=1)
    if not np.isfinite(p.f0).all():
        return GradientVerdict("undecided", "f is not finite at the point", evaluations=1)
    blocks = named_blocks(layout, shapes, flat.size)
    return _Check(p, g, single, blocks, grad, np.random.default_rng(seed)).verdict()


def claimed(grad: Any, layout: Layout, flat: Any) -> tuple[Any, bool]:
    """The claimed gradient as a flat vector of doubles, and whether it came in single precision. Raises E305."""
    value = grad(layout.build(flat)) if callable(grad) else grad
    leaves = list(value.values()) if isinstance(value, dict) else [value]
    single = any(getattr(v, "dtype", None) in (np.float32, np.float16) for v in leaves)
    array = None if isinstance(value, dict | tuple) else np.asarray(value)
    if array is not None and array.dtype.kind in "fiub" and array.size == flat.size and array.ndim <= 1:
        return array.astype(float).ravel(), single
    return _loose_like(layout, value), single


def _loose_like(layout: Layout, value: Any) -> Any:
    """As `like`, but NaN and inf are allowed: they are findings here."""
    leaves = list(value.values()) if isinstance(value, dict) else [value]
    if all(np.asarray(v).dtype.kind in "fiub" for v in leaves):
        safe = {k: np.nan_to_num(v) for k, v in value.items()} if isinstance(value, dict) else np.nan_to_num(value)
        flat = like(layout, safe, "The gradient")
        raw = np.concatenate([np.asarray(v, dtype=float).ravel() for v in leaves])
        return raw if raw.size == flat.size else flat
    return like(layout, value, "The gradient")


def named_blocks(layout: Layout, shapes: Any, n: int) -> list[Block]:
    """Blocks inside the flat vector: as named by the caller, or the leaves of the point. Raises E305."""
    if shapes is None:
        return [(name, leaf.offset, leaf.shape) for name, leaf in layout.leaves()]
    out: list[Block] = []
    offset = 0
    for name, spec in shapes.items():
        if hasattr(spec, "shape"):
            start, shape = offset, tuple(spec.shape)
        else:
            start, shape = int(spec[0]), (spec[1],) if isinstance(spec[1], int) else tuple(spec[1])
        offset = start + int(np.prod(shape))
        if start < 0 or offset > n:
            raise problem("E305", f"Block {name!r} ends at {offset}, but the point has {n} components.")
        out.append((str(name), start, shape))
    return out


def _indices(where: tuple[int, ...]) -> str:
    return ("component " if len(where) == 1 else "components ") + ", ".join(map(str, where))


class _Check:
    """One run of the checker: the evidence collected so far."""

    def __init__(self, p: Problem, g: Any, single: bool, blocks: list[Block], grad: Any, rng: Any) -> None:
        self.p, self.g, self.blocks, self.grad, self.rng = p, g, blocks, grad, rng
        self.rounding = 2.0**-22 if single else 8 * UNIT
        self.scales = typical_scales(p.x)
        self.V: list[Any] = []
        self.lines: list[Line] = []
        self.complex_step = True

    def verdict(self) -> GradientVerdict:
        """Directions first, then causes, then the place."""
        n = self.g.size
        self.measure([self.random(np.ones(n, dtype=bool)) for _ in range(min(DIRECTIONS, max(1, n)))])
        self.measure([self.random(mask) for mask in self.groups()])
        closed = [line for line in self.lines if not line.ok.all()]
        if len(closed) * 2 > len(self.lines):
            return self.result("not differentiable", f"f has no derivative here: {closed[0].message}")
        e = self.evidence()
        ratio = np.abs(e.residual()) / self.allowed(e)
        if (ratio <= 1).all():
            return self.agreement(e)
        if ratio.max() < 10 and (ratio > 1.5).sum() < 2:
            self.measure([self.random(np.ones(n, dtype=bool)) for _ in range(3)])
            e = self.evidence()
            ratio = np.abs(e.residual()) / self.allowed(e)
            if ratio.max() < 10 and (ratio > 1.5).sum() < 2:
                return self.agreement(e)
        return self.wrong(e)

    def random(self, mask: Any) -> Any:
        """A random direction over the masked coordinates, each moved in proportion to its own scale."""
        n = self.g.size
        signs = self.rng.choice([-1.0, 1.0], n)
        return np.where(mask, signs * self.rng.uniform(0.5, 1.5, n) * self.scales, 0.0)

    def groups(self) -> list[Any]:
        """Masks of coordinates with contributions of like size, where they differ by many powers of ten."""
        size = np.abs(self.g) * self.scales
        nonzero = size > 0
        if not nonzero.any():
            return []
        logs = np.where(nonzero, np.log10(np.where(nonzero, size, 1.0)), -np.inf)
        kind = np.where(nonzero, np.floor((logs.max() - logs) / DECADES), -1)
        kinds = np.unique(kind)
        if len(kinds) < 2:
            return []
        return [kind == k for k in kinds[:MOST_GROUPS]]

    def measure(self, directions: list[Any]) -> list[Line]:
        """Directional derivatives of f, added to the evidence."""
        lines = [self.line(v) for v in directions]
        self.V += directions
        self.lines += lines
        return lines

    def line(self, v: Any) -> Line:
        """One directional derivative; the complex step is given up for good once it was refuted."""
        line = self.p.run([(search(task_along(self.p, v, complex_step=self.complex_step)), v)])[0]
        self.complex_step = self.complex_step and line.complex_step
        return line

    def evidence(self) -> Evidence:
        """All directions along which f has a derivative."""
        kept = [i for i, line in enumerate(self.lines) if line.ok.all() and np.isfinite(line.value).all()]
        V = np.array([self.V[i] for i in kept]).reshape(len(kept), -1)
        D = np.array([self.lines[i].value[0] for i in kept])
        bound = np.array([self.lines[i].error[0] for i in kept])
        return Evidence(V, D, bound, self.g, self.p.x, float(self.p.f0[0]), self.blocks)

    def allowed(self, e: Evidence) -> Any:
        """How far a right gradient may differ from each directional derivative."""
        return 2 * e.bound + self.rounding * (np.abs(e.V) @ np.abs(self.g)) + 1e-300

    def agreement(self, e: Evidence) -> GradientVerdict:
        """No difference: right, unless the bounds are too wide to mean anything, or the gradient is stale."""
        size = np.maximum(np.abs(e.D), np.sqrt((e.V**2) @ (self.g**2)))
        size = np.maximum(size, 1e-3 * np.array([line.slope for line in self.lines if line.ok.all()]))
        if len(e.D) == 0 or ((e.bound > DOUBTFUL * size).all() and (e.bound > 1e-300).any() and (size > 0).any()):
            return self.result("undecided", "f is too noisy here for its derivative to be measured")
        stale = self.stale()
        if stale is not None:
            return stale
        worst = float((np.abs(e.residual()) / np.maximum(size, 1e-300)).max())
        return self.result(
            "right", f"no difference along {len(e.D)} random directions; largest {worst:.1e}", error=worst
        )

    def stale(self) -> GradientVerdict | None:
        """A gradient that does not change with its argument although f's does."""
        if not callable(self.grad):
            return None
        moved = self.p.x + 0.1 * self.random(np.ones(self.g.size, dtype=bool))
        other, _ = claimed(self.grad, self.p.layout, moved)
        again, _ = claimed(self.grad, self.p.layout, self.p.x)
        if np.array_equal(again, self.g) and not np.array_equal(other, self.g):
            return None
        v = self.V[0]
        line = self.line_at(moved, v)
        if line is None:
            return None
        gap = np.abs(other @ v - line.value[0])
        if gap <= 4 * line.error[0] + self.rounding * np.abs(other) @ np.abs(v):
            return None
        return self.result("wrong", "the gradient does not follow its argument: it is right for an earlier point only",
                           how="stale")  # fmt: skip

    def wrong(self, e: Evidence) -> GradientVerdict:
        """The cause among the hypotheses, else the place by bisection."""
        worst = float(np.max(np.abs(e.residual()) / np.maximum(np.abs(e.D), 1e-300)))
        fault: Fault | None = None
        for cause in causes(e):
            return self.named(cause, worst)
        if self.is_stale_value():
            return self.result("wrong", "the gradient does not change with its argument", how="stale", error=worst)
        if self.is_rounded(e):
            return self.result(
                "wrong", "the gradient is rounded to single precision or less", how="precision", error=worst
            )
        fault = locate(self, e)
        if fault is None:
            return self.result("wrong", "the gradient is wrong in many components", how="component", error=worst)
        return self.result("wrong", fault.sentence, fault.where, fault.how, fault.expected, worst)

    def mirrored(self, where: tuple[int, ...]) -> Any:
        """What the gradient claims for these components when they change sign; None if it cannot be asked."""
        if not callable(self.grad) or not self.p.x[list(where)].all():
            return None
        point = self.p.x.copy()
        point[list(where)] *= -1
        return claimed(self.grad, self.p.layout, point)[0][list(where)]

    def is_stale_value(self) -> bool:
        """The same numbers at another point, where f has another derivative."""
        if not callable(self.grad):
            return False
        moved = self.p.x + 0.1 * self.random(np.ones(self.g.size, dtype=bool))
        other, _ = claimed(self.grad, self.p.layout, moved)
        if not np.array_equal(other, self.g) or not self.g.any():
            return False
        here, there = self.lines[0], self.line_at(moved, self.V[0])
        gap = np.abs(here.value[0] - there.value[0]) if there is not None else 0.0
        return bool(there is not None and gap > 4 * (here.error[0] + there.error[0]))

    def line_at(self, point: Any, v: Any) -> Line | None:
        """The derivative along v at another point; None if f has none there."""
        at = self.p.values([point])[0]
        if at.error is not None or not np.isfinite(at.flat).all():
            return None
        there = Problem(self.p.f, self.p.layout, point, None, False)
        line = there.run([(search(task_along(there, v)), v)])[0]
        self.p.evaluations += there.evaluations
        return line if line.ok.all() else None

    def is_rounded(self, e: Evidence) -> bool:
        """Small errors everywhere, in numbers that single precision holds exactly."""
        small = np.abs(e.residual()) < 1e-2 * (np.abs(e.V) @ np.abs(self.g))
        return bool(small.all() and (self.g == self.g.astype(np.float32)).all() and (self.g != np.round(self.g)).any())

    def named(self, cause: Cause, worst: float) -> GradientVerdict:
        """The verdict for a cause that fits: what the value should be at the component that is most wrong."""
        i = int(np.argmax(np.abs(cause.right - self.g)))
        message = f"{cause.sentence}; component {i} is {self.g[i]:.6g} and should be {cause.right[i]:.6g}"
        return self.result("wrong", message, cause.where, cause.how, {i: float(cause.right[i])}, worst)

    def result(
        self, status: str, message: str, where: Any = (), how: str = "", expected: Any = None, error: float = 0.0
    ) -> GradientVerdict:
        return GradientVerdict(status, message, where, how, expected or {}, self.p.evaluations, error)
