"""How noisy the values of a function are, measured on a few neighbouring points.

Source: More and Wild, Estimating computational noise (2011): for equally spaced points close enough that f itself is
smooth, the k-th differences are noise with variance (2k)!/(k!)^2 times that of one value.
"""

from __future__ import annotations

from math import comb
from typing import Any

from frechet.core.lazy import np
from frechet.numeric.ladder import Ladder

_POINTS = 4


def noise_points(spacing: float, mode: int) -> list[float]:
    """Points on each open side (mode 0: both, 1: right, -1: left), none of them 0: a kink there is no noise."""
    signs = [1, -1] if mode == 0 else [mode]
    return [sign * i * spacing for sign in signs for i in range(1, _POINTS + 1)]


def measured_noise(ts: list[float], values: list[Any], f0: Any) -> tuple[Any, bool]:
    """Standard deviation of the noise, shape (m,), and whether f moved at all between the points.

    Second and third differences must tell the same story; where the third are much smaller, f is smooth at this
    spacing and they alone count.
    """
    by_order: dict[int, list[Any]] = {2: [], 3: []}
    moved = False
    for start in range(0, len(ts), _POINTS):
        side = values[start : start + _POINTS]
        if any(v is None for v in side):
            continue
        d = np.array(side)
        moved = moved or bool((d != f0).any())
        for order in (1, 2, 3):
            d = np.diff(d, axis=0)
            if order > 1:
                by_order[order] += list(d * d / comb(2 * order, order))
    if not by_order[2]:
        return np.zeros_like(f0), True
    second, third = (np.sqrt(np.mean(by_order[k], axis=0)) for k in (2, 3))
    return np.where(third < second / 8, third, np.maximum(second, third)), moved


def staircase(ladder: Ladder) -> Any:
    """Noise of a function that is smooth between small jumps, shape (m,); None where no component shows it.

    Rounding inside a function makes plateaus: the finest quotients agree with each other and are wrong. What gives it
    away: from one level to the next the quotient leaves the fine value at once (truncation would grow like h^2), and
    from there on its distance is that of a bounded error, |D(h) - D| ~ noise/h, over many levels.
    """
    ks = ladder.levels()
    if ladder.order != 1 or len(ks) < 6:
        return None
    q = np.array([ladder.quotient(k) for k in ks])
    sd = np.array([ladder.quotient_noise(k) for k in ks])
    h = np.array([ladder.step(k) for k in ks])
    away = np.abs(q - q[-1])
    amplitude = np.abs(q - q[0]) * h[:, None]
    found = np.zeros_like(ladder.f0)
    for i in range(5, len(ks) - 1):
        between = [m for m in range(1, i + 1) if ks[m] - ks[0] >= 3]
        if ks[i + 1] - ks[i] > 1 or len(between) < 3:
            continue
        sudden = (away[i] > 30 * away[i + 1]) & (away[i] > 30 * sd[i])
        size = amplitude[between]
        typical = np.median(size, axis=0)
        bounded = (size.max(axis=0) < 12 * typical) & (amplitude[1 : i + 1].max(axis=0) < 12 * typical)
        irregular = size.max(axis=0) > 1.3 * size.min(axis=0)  # one jump nearby gives the same size at every level
        found = np.where(sudden & bounded & irregular, np.maximum(found, 1.5 * typical), found)
    return found if found.any() else None
