"""How noisy the values of a function are, measured on a few neighbouring points.

Source: More and Wild, Estimating computational noise (2011): for equally spaced points close enough that f itself is
smooth, the k-th differences are noise with variance (2k)!/(k!)^2 times that of one value.
"""

from __future__ import annotations

from math import comb
from typing import Any

from frechet.core.lazy import np
from frechet.numeric.ladder import Ladder
from frechet.numeric.tableau import window_weights

_POINTS = 4


def noise_points(spacing: float, mode: int) -> list[float]:
    """Points on each open side (mode 0: both, 1: right, -1: left), none of them 0: a kink there is no noise."""
    signs = [1, -1] if mode == 0 else [mode]
    return [sign * i * spacing for sign in signs for i in range(1, _POINTS + 1)]


def measured_noise(values: list[Any], f0: Any) -> Any:
    """Standard deviation of the noise from the values at `noise_points`, shape (m,).

    Second and third differences must tell the same story; where the third are much smaller, f is smooth at this
    spacing and they alone count.
    """
    by_order: dict[int, list[Any]] = {2: [], 3: []}
    unit = np.abs(f0) + max((np.abs(v).max() for v in values if v is not None), default=0.0) + 5e-324
    for start in range(0, len(values), _POINTS):
        side = values[start : start + _POINTS]
        if any(v is None for v in side):
            continue
        d = np.array(side)
        d = d / unit
        for order in (1, 2, 3):
            d = np.diff(d, axis=0)
            if order > 1:
                by_order[order] += list(d * d / comb(2 * order, order))
    if not by_order[2]:
        return np.zeros_like(f0)
    second, third = (np.sqrt(np.mean(by_order[k], axis=0)) for k in (2, 3))
    return unit * np.where(third < second / 8, third, np.maximum(second, third))


def staircase(ladder: Ladder) -> tuple[Any, list[int]]:
    """Noise of a function that is smooth between small jumps, shape (m,), None where no component shows it; and the
    levels that would settle it, where the edge of a plateau is seen but too little above it.

    Rounding inside a function makes plateaus: the finest quotients agree with each other and are wrong. What gives it
    away: from one level to the next the quotient leaves the fine value at once (truncation would grow like h^2), and
    from there on its distance is that of a bounded error, |D(h) - D| ~ noise/h, over many levels.
    """
    ks = ladder.levels()
    if ladder.order != 1 or len(ks) < 6:
        return None, []
    first = next((i for i in range(1, 5) if ks[i] - ks[i - 1] > 1), 4)  # the levels of the coarse ladder
    q = np.array([ladder.quotient(k) for k in ks])
    sd = np.array([ladder.quotient_noise(k) for k in ks])
    h = np.array([ladder.step(k) for k in ks])
    plain_value = window_weights(tuple(ks[:first]), ladder.powers) @ q[:first]
    away = np.abs(q - q[-1])
    amplitude = np.abs(q - plain_value) * h[:, None]
    found = np.zeros_like(ladder.f0)
    wanted: list[int] = []
    for i in range(first, len(ks) - 2):
        if ks[i + 1] - ks[i] > 1:
            continue
        sudden = (away[i] > 30 * away[i + 1 :].max(axis=0)) & (away[i] > 30 * (sd[i] + sd[-1]))
        sudden &= away[i] > 0.1 * np.abs(plain_value - q[-1])
        size = amplitude[max(first, i - 3) : i + 1]  # further off truncation takes over
        if sudden.any() and len(size) < 3:
            low, high = ks[first - 1], ks[i]
            wanted = [k for k in ((3 * high + low) // 4, (high + low) // 2) if k not in ks]
        bounded = size.max(axis=0) < 12 * np.median(size, axis=0)
        irregular = size.max(axis=0) > 1.3 * size.min(axis=0)  # one jump nearby shows the same size at every level
        several = bounded & irregular & (len(size) > 1)
        found = np.where(sudden & several, np.maximum(found, 1.5 * np.sqrt(np.mean(size**2, axis=0))), found)
        # Or the quotient is that of the coarse levels right up to the edge of the plateau (at a kink it is halfway).
        upto = sudden & (8 * np.abs(q[: i + 1] - plain_value).max(axis=0) < away[i])
        found = np.where(upto, np.maximum(found, away[i] * h[i + 1]), found)
    return (found, []) if found.any() else (None, wanted)
