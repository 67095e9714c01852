"""One derivative along a line.

`quick=True` is what the verification of symbolic answers calls thousands of times: a fixed ladder of central
differences and no search. Otherwise `engine.py` looks for the scale, the noise and the kinks itself.

Source: Richardson (1911), Romberg (1955) extrapolation of the central difference
``(g(h) - g(-h)) / 2h = g'(0) + c1*h^2 + c2*h^4 + ...``; noise bound as in Lyness and Moler (1967).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from frechet.core.lazy import np
from frechet.numeric.drive import Problem
from frechet.numeric.engine import search
from frechet.numeric.estimate import LineEstimate
from frechet.numeric.evaluate import flatten
from frechet.numeric.scales import task_along
from frechet.numeric.tableau import UNIT, window_weights

_LEVELS = 5
_FIRST_STEP = 0.125
_SHRINK = 2.0**-6
_TRIES = 8
_TRIES_BEFORE_ONE_SIDED = 4
_GOOD = 1e-10
_REFINEMENTS = 2
_ROUNDINGS = 4.0  # a compound expression rounds a few times, not once


def line_derivative(g: Callable[[float], Any], *, scale: float | None = None, quick: bool = False) -> LineEstimate:
    """The derivative of g at 0, where g maps a float to a float or an array (differentiated elementwise).

    `scale` is the distance over which g changes noticeably (1 if not given). With `quick=True`, g is taken for smooth
    and noise-free on that scale: 10 evaluations in the usual case.

    NaN, inf or an exception in g marks that step as outside the domain: the steps shrink, then one-sided formulas are
    used; `ok=False` with a message if no side is open. Raises nothing itself.
    """
    return _quick(g, 1.0 if scale is None else scale) if quick else _adaptive(g, scale)


def _adaptive(g: Callable[[float], Any], scale: float | None) -> LineEstimate:
    """The search of `engine.py`, for a g that nobody vouches for."""
    p = Problem(lambda t: g(float(t)), *flatten(0.0))
    along = np.ones(1)
    task = task_along(p, along, complex_step=False)
    line = p.run([(search(replace(task, scale=task.scale if scale is None else scale)), along)])[0]
    shape = p.restore(line.value).shape
    value, error = p.restore(line.value), line.error.reshape(shape) if not p.complex_values else p.restore(line.error)
    return LineEstimate(_plain(value), _plain(error), bool(line.ok.all()), line.message, p.evaluations)


def _quick(g: Callable[[float], Any], scale: float) -> LineEstimate:
    """The fixed ladder, shrunk only where g is not defined."""
    reach = _FIRST_STEP * scale
    count = one_sided_tries = 0
    widest: tuple[list[Any], float] | None = None
    for _ in range(_TRIES):
        plus, used_plus = _side(g, reach)
        minus, used_minus = _side(g, -reach)
        count += used_plus + used_minus
        if plus and minus:
            floor = float(np.max(np.abs(plus[-1]))) * _FIRST_STEP / reach
            return _refined(g, _central(plus, minus, reach, count), reach, floor)
        if plus or minus:
            # A boundary may merely be nearer than this step: go one-sided only if smaller steps meet it as well.
            widest = widest or ((plus, reach) if plus else (minus, -reach))
            one_sided_tries += 1
            if one_sided_tries == _TRIES_BEFORE_ONE_SIDED:
                break
        reach *= _SHRINK
    if widest is None:
        message = "the function has no finite value near the point"
        return LineEstimate(float("nan"), float("inf"), False, message, count)
    return _one_sided(g, *widest, count)


def _side(g: Callable[[float], Any], reach: float) -> tuple[list[Any], int]:
    """Values at reach, reach/2, ...; an empty list as soon as one is not finite or raises. And the calls made."""
    values: list[Any] = []
    for i in range(_LEVELS):
        try:
            value = g(reach * 0.5**i)
        except Exception:  # whatever the user's code raises, it means: not defined here
            return [], i + 1
        if not np.isfinite(value).all():
            return [], i + 1
        values.append(value)
    return values, _LEVELS


def _central(plus: list[Any], minus: list[Any], reach: float, count: int) -> LineEstimate:
    """Romberg's tableau of the central differences."""
    p, m = np.asarray(plus, dtype=float), np.asarray(minus, dtype=float)
    size = np.maximum(np.abs(p).max(axis=0), np.abs(m).max(axis=0))
    value, error = _extrapolate((p - m) / 2, size, reach, 2)
    return LineEstimate(_plain(value), _plain(error), True, "", count)


def _refined(g: Callable[[float], Any], first: LineEstimate, reach: float, floor: float) -> LineEstimate:
    """Shorter ladders where the first one did not close in (g changes faster than promised).

    `floor` is |g| over its scale: a derivative that is tiny beside it cannot be had more exactly.
    """
    best = first
    for _ in range(_REFINEMENTS):
        if np.max(best.error) <= _GOOD * max(floor, float(np.max(np.abs(best.value)))):
            break
        reach *= 0.125
        plus, used_plus = _side(g, reach)
        minus, used_minus = _side(g, -reach)
        count = best.evaluations + used_plus + used_minus
        if not (plus and minus):
            break
        finer = _central(plus, minus, reach, count)
        better = np.asarray(finer.error) < best.error
        value, error = np.where(better, finer.value, best.value), np.where(better, finer.error, best.error)
        best = LineEstimate(_plain(value), _plain(error), True, "", count)
    return best


def _one_sided(g: Callable[[float], Any], values: list[Any], reach: float, count: int) -> LineEstimate:
    """The same from one side, for a point on the boundary of the domain."""
    side = "right" if reach > 0 else "left"
    try:
        centre = np.asarray(g(0.0), dtype=float)
    except Exception as problem_at_point:
        message = f"the function raises {type(problem_at_point).__name__} at the point: {problem_at_point}"
        return LineEstimate(float("nan"), float("inf"), False, message, count + 1)
    if not np.isfinite(centre).all():
        return LineEstimate(float("nan"), float("inf"), False, "the function is not finite at the point", count + 1)
    v = np.asarray(values, dtype=float)
    value, error = _extrapolate(v - centre, np.abs(v).max(axis=0) + np.abs(centre), reach, 1)
    # A root or a logarithm at the boundary: quotients that do not close in like a power series in the step.
    q = (v - centre).reshape(_LEVELS, -1) / (reach * _plan(1)[2])
    last, before = np.abs(q[-1] - q[-2]), np.abs(q[-2] - q[-3])
    noise = 8 * _ROUNDINGS * UNIT * np.abs(v).max(axis=0).reshape(-1) / (abs(reach) * 0.5 ** (_LEVELS - 1))
    singular = (last > 0.6 * before) & (last > noise)
    ok = not bool((singular & (last > 0.9 * before)).any())
    remainder = np.where(singular, 10 * last, 0.0).reshape(value.shape)  # ratio below 0.9: a geometric series
    value = np.where(singular, q[-1], value.reshape(-1)).reshape(value.shape)
    message = f"one-sided: only the {side} side is defined" if ok else f"no finite derivative seen from the {side}"
    return LineEstimate(_plain(value), _plain(error + remainder), ok, message, count + 1)


def _extrapolate(differences: Any, size: Any, reach: float, powers: int) -> tuple[Any, Any]:
    """Value and error bound from the numerators of the quotients, largest step first; `size` is max |g|.

    The truncation error of the full window is judged by how fast the smaller windows converge to it.
    """
    rows, noise_gain, steps = _plan(powers)
    quotients = differences.reshape(_LEVELS, -1) / (reach * steps)
    best, shorter, shortest = rows @ quotients
    noise = _ROUNDINGS * UNIT / abs(reach) * noise_gain * size.reshape(-1) + 2 * UNIT * np.abs(best)
    last, before = np.abs(best - shorter), np.abs(shorter - shortest)
    rate = np.minimum(1.0, 4 * last / np.maximum(before, noise))
    truncation = last * np.where(last > 8 * noise, np.maximum(rate, 2.0**-7), 0.25)
    shape = differences.shape[1:]
    return best.reshape(shape), (noise + truncation).reshape(shape)


@cache
def _plan(powers: int) -> tuple[Any, float, Any]:
    """The full window and its two predecessors at the small-step end; the noise gain of the full window; the steps."""
    rows = np.zeros((3, _LEVELS))
    for r in range(3):
        rows[r, r:] = window_weights(tuple(range(r, _LEVELS)), powers)
    steps = 0.5 ** np.arange(_LEVELS)
    return rows, float((np.abs(rows[0]) / steps).sum()), steps[:, None]


def _plain(array: Any) -> Any:
    """A float where g returned one."""
    return float(array) if array.ndim == 0 else array
