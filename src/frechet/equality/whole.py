"""Points of small whole numbers (or simple fractions) that have the facts and the domain of each variable."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from typing import Any

from frechet.core.lazy import np


def small_values(rng: Any, words: Collection[str], rows: int, cols: int) -> Any:
    """A rows x cols object array of small rational numbers that is everything the words say."""
    value = np.frompyfunc(Fraction, 1, 1)(_entries(rng, words, (rows, cols)))
    value = np.asarray(value, dtype=object).reshape(rows, cols)
    if "unit_norm" in words:
        return _unit_norm(rng, rows, cols)
    if "orthonormal" in words and rows >= cols:
        return _orthogonal(rng, rows)[:, :cols]
    if "orthonormal_rows" in words and rows <= cols:
        return _orthogonal(rng, cols)[:rows]
    return _square(rng, value, words) if rows == cols else value


def _entries(rng: Any, words: Collection[str], shape: tuple[int, int]) -> Any:
    def pick(choices: list[Any]) -> Any:
        index = rng.integers(len(choices), size=shape)
        return np.asarray(choices, dtype=object)[index]

    if "positive" in words:
        return pick([1, 2, 3])
    if "unit" in words:
        return pick([Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)])
    if "small" in words:
        return pick([Fraction(k, 10) for k in (-2, -1, 1, 2)])
    if "pm1" in words:
        return pick([-1, 1])
    if "labels01" in words:
        return pick([0, 1])
    if "simplex" in words:
        weights = pick([1, 2, 3])
        total = int(np.sum(weights))
        return np.frompyfunc(lambda w: Fraction(int(w), total), 1, 1)(weights)
    return pick([-2, -1, 0, 1, 2, 3])


def _unit_norm(rng: Any, rows: int, cols: int) -> Any:
    """3/5 and 4/5 at two places."""
    value = np.full(rows * cols, Fraction(0), dtype=object)
    places = rng.permutation(rows * cols)[:2]
    value[places[0]] = Fraction(3, 5) if len(places) > 1 else Fraction(1)
    if len(places) > 1:
        value[places[1]] = Fraction(4, 5)
    return value.reshape(rows, cols)


def _square(rng: Any, value: Any, words: Collection[str]) -> Any:
    """The structure a square matrix can have, strongest first."""
    n = len(value)
    eye = np.frompyfunc(Fraction, 1, 1)(np.eye(n, dtype=int).astype(object))
    if "toeplitz" in words:
        distance = np.subtract.outer(np.arange(n), np.arange(n))
        distance = np.abs(distance) if {"symmetric", "spd"} & set(words) else distance
        value = value.ravel()[distance.ravel() % value.size].reshape(n, n)
        if "spd" in words:
            return value + 5 * n * eye
    if "spd" in words:
        half = np.tril(value)
        return half @ half.T + eye
    if "orthogonal" in words:
        return _orthogonal(rng, n)
    if "idempotent" in words:
        return _idempotent(rng, value, "symmetric" in words)
    if "invertible" in words:
        value = value + 5 * eye
    if "symmetric" in words:
        value = np.triu(value) + np.triu(value, 1).T
    if "skew" in words:
        value = np.triu(value, 1) - np.triu(value, 1).T
    if "diagonal" in words:
        value = value * eye
    if "lower" in words:
        value = np.tril(value)
    return np.triu(value) if "upper" in words else value


def _idempotent(rng: Any, value: Any, symmetric: bool) -> Any:
    """A projection along a slanted direction, or an orthogonal one: S*E*inv(S) with ones on part of the diagonal E."""
    n = len(value)
    q = _orthogonal(rng, n)
    rank = max(1, n // 2)
    if symmetric:
        return q[:, :rank] @ q[:, :rank].T
    slant = np.full((n, n), Fraction(0), dtype=object)
    slant[:rank, rank:] = value[:rank, rank:]
    return q @ (np.frompyfunc(Fraction, 1, 1)(np.diag([1] * rank + [0] * (n - rank)).astype(object)) + slant) @ q.T


def _orthogonal(rng: Any, n: int) -> Any:
    """Rotations by 3/5, 4/5 in pairs of coordinates, the coordinates shuffled."""
    value = np.full((n, n), Fraction(0), dtype=object)
    for k in range(0, n - 1, 2):
        value[k : k + 2, k : k + 2] = [[Fraction(3, 5), Fraction(4, 5)], [Fraction(-4, 5), Fraction(3, 5)]]
    if n % 2:
        value[n - 1, n - 1] = Fraction(1)
    return value[:, rng.permutation(n)]
