"""What the sign of a value is, read off a formula with complex variables as a person writes it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from frechet.language.tree import Tree, fold

UNKNOWN, REAL, NONNEGATIVE, POSITIVE = range(4)


def is_positive(root: Tree, complex_names: Collection[str]) -> bool:
    """Whether a value is surely > 0 in every entry: 1 + abs(z)^2."""

    def visit(t: Tree, parts: Sequence[int]) -> int:
        if t.kind == "number":
            return POSITIVE if t.value > 0 else NONNEGATIVE if t.value == 0 else REAL
        if t.kind in ("name", "size"):
            return POSITIVE if t.kind == "size" else UNKNOWN if t.name in complex_names else REAL
        if t.kind == "call":
            return _called(t, parts)
        if t.kind in ("pow", "dotpow"):
            return _power(t, parts[0])
        if t.kind in ("transpose", "index", "matrix"):
            return min(parts)
        if t.kind in ("add", "dotadd") and min(parts) >= NONNEGATIVE:
            return max(parts)
        if t.kind in ("mul", "dotmul") and min(parts) >= NONNEGATIVE:
            return min(parts)
        return min(REAL, *parts) if t.kind in ("add", "sub", "neg", "mul", "dotmul", "dotadd", "dotsub") else UNKNOWN

    return fold(root, visit) == POSITIVE


def _called(t: Tree, parts: Sequence[int]) -> int:
    if t.name in ("abs", "norm2", "norm1"):
        return NONNEGATIVE
    if t.name in ("real", "imag"):
        return REAL
    if t.name == "exp" and parts[0] >= REAL:
        return POSITIVE
    return parts[0] if t.name in ("sum", "sqrt") and parts[0] >= NONNEGATIVE else UNKNOWN


def _power(t: Tree, base: int) -> int:
    """A whole power."""
    exponent = t.args[1]
    if exponent.kind != "number" or exponent.value.denominator != 1 or base == UNKNOWN:
        return UNKNOWN
    return base if base != REAL else NONNEGATIVE if exponent.value % 2 == 0 else REAL
