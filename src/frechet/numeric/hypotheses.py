"""What could be wrong with a gradient: hypotheses held against directional derivatives that are already known.

Every hypothesis turns the claimed gradient g into the gradient that would be right, with at most one unknown number,
and must explain all directions within their own bounds. No further evaluation of f is spent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from frechet.core.lazy import np
from frechet.numeric.tableau import UNIT

Block = tuple[str, int, tuple[int, ...]]  # name, offset, shape


@dataclass
class Evidence:
    """Directions (rows of V), the derivatives of f along them, their bounds; the claim g and the point x."""

    V: Any
    D: Any
    bound: Any
    g: Any
    x: Any
    f0: float
    blocks: list[Block] = field(default_factory=list)

    def explains(self, candidate: Any) -> bool:
        """Whether `candidate` is a gradient that agrees with all directions."""
        return bool((np.abs(self.D - self.V @ candidate) <= self.slack(candidate)).all())

    def slack(self, candidate: Any) -> Any:
        """What may differ: the bounds of the derivatives and the rounding of the products."""
        return 2 * self.bound + 16 * UNIT * (np.abs(self.V) @ np.abs(candidate))

    def residual(self) -> Any:
        return self.D - self.V @ self.g

    def fit(self, direction: Any, base: Any) -> float | None:
        """The c for which base + c*direction explains everything, or None."""
        a = self.V @ direction
        r = self.D - self.V @ base
        weight = 1 / self.slack(base)
        scale = float(((a * weight) ** 2).sum())
        if not np.isfinite(scale) or scale < 1.0:
            return None
        c = float((a * r * weight**2).sum() / scale)
        return c if abs(c) * np.sqrt(scale) > 10 and self.explains(base + c * direction) else None


@dataclass(frozen=True)
class Cause:
    """`how` in one word, `where` (a block name, indices, or empty: everywhere), a sentence, the right gradient."""

    how: str
    where: Any
    sentence: str
    right: Any


def causes(e: Evidence) -> Iterator[Cause]:
    """The hypotheses that hold, the simplest first."""
    yield from _factors(e)
    yield from _rearranged(e)
    yield from _offsets(e)
    yield from _elementwise(e)
    yield from _shifts(e)


def _named(c: float) -> str:
    """A number as a person would write it: a small fraction where it is one."""
    for d in range(1, 13):
        if abs(c * d - round(c * d)) < 1e-6 * max(1.0, abs(c * d)) and round(c * d):
            return f"{round(c * d)}" if d == 1 else f"{round(c * d)}/{d}"
    return f"{c:.6g}"


def _parts(e: Evidence) -> Iterator[tuple[str, Any]]:
    """Blocks as (name, mask)."""
    for name, offset, shape in e.blocks:
        mask = np.zeros(e.g.size)
        mask[offset : offset + int(np.prod(shape))] = 1.0
        yield name, mask


def _factors(e: Evidence) -> Iterator[Cause]:
    zero = np.zeros_like(e.g)
    c = e.fit(e.g, zero)
    if c is not None:
        how = "sign" if abs(c + 1) < 1e-6 else "factor"
        sentence = (
            "the sign is wrong everywhere" if how == "sign" else f"the gradient must be multiplied by {_named(c)}"
        )
        yield Cause(how, (), sentence, c * e.g)
    if len(e.blocks) < 2:
        return
    for name, mask in _parts(e):
        c = e.fit(e.g * mask, e.g)
        if c is None:
            continue
        factor = 1 + c
        how = "sign" if abs(factor + 1) < 1e-6 else "scale-of-block"
        sentence = (
            f"the sign of block {name} is wrong"
            if how == "sign"
            else f"block {name} must be multiplied by {_named(factor)}"
        )
        yield Cause(how, name, sentence, e.g + c * e.g * mask)


def _rearranged(e: Evidence) -> Iterator[Cause]:
    """Blocks transposed, stored in the other order, reversed or exchanged."""
    for name, offset, shape in e.blocks:
        size = int(np.prod(shape))
        part = e.g[offset : offset + size]
        if len(shape) == 2 and min(shape) > 1:
            p, q = shape
            for moved in (part.reshape(q, p).T, part.reshape(shape, order="F")):
                right = e.g.copy()
                right[offset : offset + size] = moved.ravel()
                if e.explains(right):
                    how, word = ("transposed", "transposed") if p == q else ("layout", "stored column by column")
                    yield Cause(how, name, f"block {name or 'x'} of shape {shape} is {word}", right)
                    break
        right = e.g.copy()
        right[offset : offset + size] = part[::-1]
        if size > 1 and e.explains(right):
            yield Cause("permuted", name, f"block {name or 'x'} is in reverse order", right)
    for i, (name, offset, shape) in enumerate(e.blocks):
        size = int(np.prod(shape))
        for other, start, other_shape in e.blocks[i + 1 :]:
            if int(np.prod(other_shape)) != size:
                continue
            right = e.g.copy()
            right[offset : offset + size], right[start : start + size] = (
                e.g[start : start + size], e.g[offset : offset + size])  # fmt: skip
            if e.explains(right):
                yield Cause("permuted", (name, other), f"blocks {name} and {other} are exchanged", right)


def _offsets(e: Evidence) -> Iterator[Cause]:
    """A constant or a multiple of a simple vector too much or missing."""
    ones = np.ones_like(e.g)
    masks = [((), ones), *(_parts(e) if len(e.blocks) > 1 else [])]
    size = np.abs(e.g).max() if e.g.size else 0.0
    for where, mask in masks:
        place = f" in block {where}" if where else ""
        c = e.fit(mask, e.g)
        if c is not None and e.g.size > 1:
            balanced = abs((e.g * mask).sum()) < 1e-10 * size * max(1.0, mask.sum())
            how = "subspace" if balanced else "constant"
            why = "the mean was taken out" if balanced else f"the same number {c:.6g} is missing"
            yield Cause(how, where, f"{why} in every component{place}", e.g + c * mask)
        for vector, name in ((e.x, "x"), (np.sign(e.x), "sign(x)"), (e.x**3, "x^3")):
            c = e.fit(vector * mask, e.g)
            if c is not None and e.g.size > 1:
                tangent = name == "x" and abs(e.g @ e.x) < 1e-10 * np.linalg.norm(e.g) * np.linalg.norm(e.x)
                how = "subspace" if tangent else "missing-term"
                yield Cause(how, where, f"the term {_named(c)}*{name} is missing{place}", e.g + c * vector * mask)
    # A zeroed or foreign part may be the same vector as another part: nothing that a fit of one number would show.


def _elementwise(e: Evidence) -> Iterator[Cause]:
    """An elementwise factor forgotten, as in a chain rule cut short."""
    x, g = e.x, e.g
    with np.errstate(all="ignore"):
        factors = [
            (x, "x"), (1 / x, "1/x"), (x * x, "x^2"), (1 / (x * x), "1/x^2"), (np.exp(x), "exp(x)"),
            (np.cos(x), "cos(x)"), (1 - np.tanh(x) ** 2, "1-tanh(x)^2"), (g, "itself"), (1 - g, "1-itself"),
            (np.sign(x), "sign(x)"),
        ]  # fmt: skip
    for factor, name in factors:
        if g.size < 2 or not np.isfinite(factor).all():
            continue
        c = e.fit(g * factor, np.zeros_like(g))
        if c is not None:
            times = "" if abs(c - 1) < 1e-6 else f"{_named(c)}*"
            yield Cause("missing-factor", (), f"each component must be multiplied by {times}{name}", c * g * factor)


def _shifts(e: Evidence) -> Iterator[Cause]:
    """Components moved by one place, in all or inside a block; the one that fell off the end is fitted."""
    n = e.g.size
    parts = [
        ((), 0, n),
        *((name, offset, int(np.prod(shape))) for name, offset, shape in e.blocks if len(e.blocks) > 1),
    ]
    for where, offset, size in parts:
        if size < 3:
            continue
        part = slice(offset, offset + size)
        for places in (1, -1):
            right = e.g.copy()
            right[part] = np.roll(e.g[part], places)
            end = np.zeros(n)
            end[offset if places == 1 else offset + size - 1] = 1.0
            if not e.explains(right):
                c = e.fit(end, right)
                if c is None:
                    continue
                right = right + c * end
            place = f" in block {where}" if where else ""
            yield Cause("shifted", where, f"the components are shifted by one place{place}", right)
