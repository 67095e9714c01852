"""Whether the quotients of a line have a limit at all: kinks, jumps, infinite slopes, oscillation without end."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from frechet.core.lazy import np
from frechet.numeric.ladder import CENTRAL, Choice, Ladder

_Fetch = Callable[[Ladder, list[int]], Generator[list[complex], list[Any], None]]


def verdict(
    ladder: Ladder, choice: Choice, witness: int, fetch: _Fetch
) -> Generator[list[complex], list[Any], tuple[Any, Any, str]]:
    """Per component: is there a derivative, with which bound, and a sentence if not."""
    error = choice.error.copy()
    ok = np.isfinite(choice.value) & np.isfinite(error)
    message = "" if ladder.mode == CENTRAL else f"one-sided: only the {_side(ladder)} side is defined"
    if ladder.mode == CENTRAL and ladder.order == 1:
        bent = bent_components(ladder, choice)
        if bent.any():
            yield from fetch(ladder, [witness - 2, witness - 4, witness - 7])
        else:
            hidden = _hidden_bend(ladder, choice)
            bent = hidden > 0
            if bent.any():
                yield from fetch(ladder, _where_visible(ladder, choice, hidden))
        if bent.any():
            bad, allowance, why = _kink(ladder, bent)
            error = np.where(bent & ~bad, np.maximum(error, allowance), error)
            ok &= ~bad
            message = why or message
    lingering = ok & (error > 1e-3 * np.abs(choice.value))
    if lingering.any():
        yield from fetch(ladder, [witness - 4, witness - 8])
        ok &= ~(lingering & _drifting(ladder, witness))
        message = message if ok.all() else "the difference quotients keep drifting as the step goes to zero"
    wild = ok & (ladder.noise > 0.1 * _size_seen(ladder))
    if wild.any():
        ok &= ~wild
        message = "close to the point f jumps or oscillates by as much as its own size"
    unsettled = (error > 0.1 * np.abs(choice.value)) & (error - choice.noise > 2 * choice.noise)
    unsettled |= _diverging(ladder)
    unsettled &= ok & (error > 1e-6 * slope_seen(ladder))
    if unsettled.any():
        yield from fetch(ladder, [witness - 2, witness - 4, witness - 7])
        ok &= ~unsettled
        message = _why_unsettled(ladder, int(np.argmax(unsettled)))
    return ok, error, message


def _side(ladder: Ladder) -> str:
    return "right" if ladder.mode > 0 else "left"


def slope_seen(ladder: Ladder) -> Any:
    """The largest one-sided slope of any level: what a derivative here could be compared with."""
    slopes = [
        np.abs(v - ladder.f0) / ladder.step(k) for k, pair in ladder.values.items() for v in pair if v is not None
    ]
    return np.max(slopes, axis=0)


def _size_seen(ladder: Ladder) -> Any:
    """The largest |f| on the coarsest level and at the point."""
    values = [v for v in ladder.values[ladder.levels()[0]] if v is not None]
    return np.max(np.abs([ladder.f0, *values]), axis=0)


def _drifting(ladder: Ladder, witness: int) -> Any:
    """Components whose quotients change as much between the finest levels as between coarser ones, as log(h) does."""
    if any(k not in ladder.values or not ladder.is_open(k) for k in (witness, witness - 4, witness - 8)):
        return np.zeros(ladder.f0.shape, dtype=bool)
    fine, middle, coarse = (ladder.quotient(k) for k in (witness, witness - 4, witness - 8))
    noise = 4 * (ladder.quotient_noise(witness) + ladder.quotient_noise(witness - 4))
    step = np.abs(fine - middle)
    return (step > 0.5 * np.abs(middle - coarse)) & (step > noise) & (step > 1e-3 * np.abs(fine))


def _diverging(ladder: Ladder) -> Any:
    """Components whose two finest quotients, where noise leaves them clear, still grow by more than a tenth."""
    ks = ladder.levels()
    q = np.array([ladder.quotient(k) for k in ks])
    clear = np.array([ladder.quotient_noise(k) for k in ks]) < 0.01 * np.abs(q)
    count = np.cumsum(clear[::-1], axis=0)[::-1]  # how many clear levels from here to the finest
    last = (np.abs(q) * (clear & (count == 1))).sum(axis=0)
    before = (np.abs(q) * (clear & (count == 2))).sum(axis=0)
    return (count[0] >= 2) & (last > 1.1 * before)


def _bend_noise(ladder: Ladder, k: int) -> Any:
    factor = 5.0 if np.any(ladder.noise) else 2.5  # measured noise comes from a handful of samples
    return factor * ladder.value_noise(k) / ladder.step(k)


def bent_components(ladder: Ladder, choice: Choice) -> Any:
    """Components in which right and left slope differ by more than noise and curvature allow, on the scale used."""
    ks = np.array(ladder.levels())
    bends = np.abs(np.array([ladder.bend(k) for k in ks]))
    noise = np.array([_bend_noise(ladder, k) for k in ks])
    bent = np.zeros(ladder.f0.shape, dtype=bool)
    for i, k in enumerate(ks):
        clear = (bends[i] > 4 * noise[i]) & (k >= choice.coarsest)
        far = ks <= k - 5
        if far.any():
            bent |= clear & (bends[i] > 4 * np.max(bends[far] / 2.0 ** (0.55 * (k - ks[far]))[:, None], axis=0))
    return bent


def _hidden_bend(ladder: Ladder, choice: Choice) -> Any:
    """The difference of right and left slope that is left when curvature is fitted away; 0 where it is not clear.

    On smooth functions the bend is an odd series c1*h + c3*h^3 + ...; a kink adds a constant to it.
    """
    size = np.zeros(ladder.f0.shape)
    for window in {(int(a), int(b)) for a, b in zip(choice.coarsest, choice.finest, strict=True)}:
        ks = [k for k in ladder.levels() if window[0] <= k <= window[1]]
        if len(ks) < 3:
            continue
        b = np.array([ladder.bend(k) for k in ks])
        noise = np.array([_bend_noise(ladder, k) for k in ks])
        full, gain = _constant(ks, b)
        fewer, _ = _constant(ks[1:], b[1:])
        clear = np.abs(full) > 5 * np.abs(full - fewer) + 4 * np.sqrt((gain[:, None] ** 2 * noise**2).sum(axis=0))
        clear &= np.abs(full) > 1e-9 * np.abs(choice.value)
        mine = (choice.coarsest == window[0]) & (choice.finest == window[1])
        size = np.where(mine & clear, np.abs(full), size)
    return size


def _constant(ks: list[int], b: Any) -> tuple[Any, Any]:
    """Constant term of b = s + c1*h + c3*h^3 + ... through all levels, and its weights."""
    h = 2.0 ** (ks[0] - np.array(ks))
    powers = [0, *range(1, 2 * len(ks) - 2, 2)]
    weights = np.linalg.inv(h[:, None] ** np.array(powers)[None, :])[0]
    return weights @ b, weights


def _where_visible(ladder: Ladder, choice: Choice, hidden: Any) -> list[int]:
    """Levels at which the hidden bend outweighs the curvature."""
    j = int(np.argmax(hidden))
    k = int(choice.finest[j])
    curvature = abs(abs(ladder.bend(k)[j]) - hidden[j])
    k += int(np.clip(np.ceil(np.log2(8 * curvature / hidden[j] + 1e-300)), 0, 30))
    return [k, k + 2, k + 4]


def _kink(ladder: Ladder, bent: Any) -> tuple[Any, Any, str]:
    """Which bent components have no derivative, how far the slopes still differ, and a sentence."""
    ks = ladder.levels()
    bends = np.abs(np.array([ladder.bend(k) for k in ks]))
    noise = np.array([_bend_noise(ladder, k) for k in ks])
    visible = bends > 4 * noise
    bad = np.zeros_like(bent)
    allowance = np.zeros(bent.shape)
    why = ""
    for j in np.flatnonzero(bent):
        seen = np.flatnonzero(visible[:, j])[-5:]
        if len(seen) > 3 and ks[seen[-1]] - ks[seen[-3]] >= 4:
            seen = seen[-3:]  # curvature may still show on the coarser ones
        b = bends[seen, j]
        steps = np.array([ks[i] for i in seen])
        sharp = np.flatnonzero(noise[:, j] < 0.1 * b.max())
        if len(seen) < 3 or bends[sharp[-1], j] < 0.25 * np.max(b[len(b) // 2 :]):
            continue  # the slopes close up at the finest level: a kink nearby, not here
        rate = np.polyfit(steps, np.log2(b), 1)[0]  # b ~ h^-rate
        if rate > -0.9:  # slower than the curvature of a smooth function
            allowance[j] = b[-1]
        if rate > -0.15:
            bad[j] = True
            plus, minus = ladder.values[ks[seen[-1]]]
            h = ladder.step(ks[seen[-1]])
            right, left = (plus[j] - ladder.f0[j]) / h, (ladder.f0[j] - minus[j]) / h
            settled = b.max() < 1.5 * b.min()
            why = (
                f"kink: slope {left:.6g} on the left, {right:.6g} on the right"
                if settled
                else "the slopes from the two sides do not settle: infinite slope, jump or endless oscillation"
            )
    return bad, allowance, why


def _why_unsettled(ladder: Ladder, j: int) -> str:
    """A sentence for quotients without a limit."""
    ks = ladder.levels()[-5:]
    q = np.abs(np.array([ladder.quotient(k)[j] for k in ks]))
    if len(ks) >= 3 and q.min() > 0:
        rate = np.polyfit(ks, np.log2(q), 1)[0]
        if rate > 0.8:
            return "the function jumps at the point"
        if rate > 0.15:
            return "the slope grows without limit at the point"
    return "the difference quotients do not settle as the step goes to zero"
