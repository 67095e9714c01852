"""Random values by the words for them: facts of a variable and its domain."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from frechet.core.lazy import np, scipy

# The entries, before structure is given to them. The first word that applies decides.
ENTRIES = ("integer", "positive", "negative", "unit", "small", "tiny", "pm1", "labels01", "simplex", "normal")
STRUCTURE = ("spd", "orthogonal", "idempotent", "invertible", "symmetric", "skew", "toeplitz", "diagonal", "lower",
             "upper", "unit_norm")  # fmt: skip


def draw_value(rng: Any, words: Collection[str], rows: int, cols: int) -> Any:
    """A rows x cols array that is everything the words say; standard normal without a word."""
    value = _entries(rng, next((w for w in ENTRIES if w in words), "normal"), (rows, cols))
    if {"integer", "positive"} <= set(words):
        value = np.abs(value)
    if "orthonormal" in words and rows >= cols:
        return np.linalg.qr(value)[0] * np.sign(value[0])
    if "orthonormal_rows" in words and rows <= cols:
        return draw_value(rng, {"orthonormal"}, cols, rows).T
    if rows == cols:
        value = _square(value, words)
    return value / np.sqrt(np.sum(value * value)) if "unit_norm" in words else value


def _entries(rng: Any, word: str, shape: tuple[int, int]) -> Any:
    if word in ("positive", "negative"):
        return rng.uniform(0.5, 2.0, shape) * (1 if word == "positive" else -1)
    if word == "integer":
        return rng.choice([-2.0, -1.0, 2.0, 3.0, 4.0, 5.0], shape)
    if word == "unit":
        return rng.uniform(0.1, 0.9, shape)
    if word in ("small", "tiny"):
        return (0.1 if word == "small" else 1e-4) * rng.standard_normal(shape)
    if word == "pm1":
        return rng.choice([-1.0, 1.0], shape)
    if word == "labels01":
        return rng.choice([0.0, 1.0], shape)
    if word == "simplex":
        weights = rng.uniform(0.5, 2.0, shape)
        return weights / weights.sum()
    return rng.standard_normal(shape)


def _square(value: Any, given: Collection[str]) -> Any:
    """The structure a square matrix can have, strongest first."""
    words = frozenset(given)
    n = len(value)
    eye = np.eye(n)
    if "toeplitz" in words:
        if words & {"symmetric", "spd", "skew"}:
            value = (value - value.T if "skew" in words else value + value.T) / 2
        value = value[0, 0] * eye if "diagonal" in words else scipy.linalg.toeplitz(value[:, 0], value[0])
        if "spd" in words:
            return value + np.sum(np.abs(value[0])) * 2 * eye
    if "spd" in words:
        return (value + value.T) / 2 + 2 * n * eye if "positive" in words else value @ value.T / 2 + eye
    if "orthogonal" in words:  # the signs of the columns, because qr alone gives one sign of det at each size
        return np.linalg.qr(value)[0] * np.sign(np.diag(value))
    if "idempotent" in words:  # an oblique projection, unless it is said to be symmetric
        half = np.linalg.qr(value)[0][:, : max(1, n // 2)]
        other = half if "symmetric" in words else half + value.T[:, : max(1, n // 2)] / 4
        return half @ np.linalg.solve(other.T @ half, other.T)
    if "invertible" in words:
        value = value + 3 * eye
    if "symmetric" in words:
        value = (value + value.T) / 2
    if "skew" in words:
        value = (value - value.T) / 2
    if "diagonal" in words:
        value = value * eye
    if "lower" in words:
        value = np.tril(value)
    return np.triu(value) if "upper" in words else value


def commute(rng: Any, facts: Mapping[str, Collection[str]], arrays: dict[str, Any]) -> None:
    """Make the matrices with the fact `commuting` commute: those after the first of a size become polynomials in it."""
    first: dict[int, Any] = {}
    for name in arrays:
        if "commuting" in facts.get(name, ()):
            M = first.setdefault(len(arrays[name]), arrays[name])
            if M is not arrays[name]:
                c = [int(k) for k in rng.integers(1, 4, 3)]
                arrays[name] = c[0] * (M @ M) - c[1] * M + c[2] * np.eye(len(M), dtype=int)


__all__ = ["ENTRIES", "STRUCTURE", "commute", "draw_value"]
