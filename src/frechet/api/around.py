"""`local`: a function around a point, whatever kind of function it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from frechet.api.function import Function
from frechet.api.loose import parse_at
from frechet.api.trace import trace
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.local.around import Local
from frechet.local.point import Point
from frechet.local.source import Filled, NumericSource, Source

_SHIFTS = (0.0, 1e-3, -7e-4, 0.31)  # where a formula read off Python code is compared with the code


def local(
    f: str | Function | Callable[..., Any],
    at: Any,
    wrt: str | Sequence[str] | None = None,
    *,
    value: Any = None,
    facts: Mapping[str, Any] | None = None,
    symbolic: bool = True,
) -> Local:
    """What f does near a point: values, derivatives, models, directions, kinks.

    f       a formula in the text language, a `Function`, or any Python function. A Python function is called with `at`
            in the same form (a number, an array, a dict), or, if `at` is a dict and f has parameters of these names,
            with keywords. Where `fr.trace` can read it, and agrees with its values, there are closed forms; else it is
            a black box, whose derivatives come from `frechet.numeric`
    at      a dict of values by name; a single variable's value may stand alone. In a formula given as text the sizes
            are those of the values
    wrt     the names that move; the others stay fixed. All that are not declared constant, if not given
    value   f at the point where its formula has no value there but a limit (0/0); derivatives then come from values
    symbolic  False: never try to read a Python function

    Raises E305 for values that do not fit, E500 for a name that is not there, E400 where f has no finite value.
    """
    if isinstance(f, str):
        f, at = parse_at(f, at, facts)
    if isinstance(f, Function):
        return f.local(at, wrt, value=value)
    if not callable(f):
        raise problem("E100", f"A {type(f).__name__} is not a function.", help="Give a formula, a Function or a def.")
    read = _read(f, at) if symbolic and value is None else None
    return read.local(at, wrt) if read is not None else _of_python(f, at, wrt, value)


def _read(f: Callable[..., Any], at: Any) -> Function | None:
    """The formula of a Python function whose parameters `at` names or is; None for a black box."""
    names = _parameters(f)
    if not inspect.isfunction(f) or (len(names) != 1 if not isinstance(at, Mapping) else set(at) != set(names)):
        return None
    arrays = {
        n: np.asarray(part, dtype=float) for n, part in (at if isinstance(at, Mapping) else {names[0]: at}).items()
    }
    try:
        read = trace(f, {n: list(part.shape) for n, part in arrays.items()})
        for shift in _SHIFTS:
            moved = {n: part + shift * np.maximum(np.abs(part), 1.0) for n, part in arrays.items()}
            if not _agree(f(**moved), read.evaluate(**moved)):
                return None
    except Exception:
        return None  # code that has no formula: its values are all there is
    return read


def _agree(a: Any, b: Any) -> bool:
    """The same shape and the same numbers to rounding, or both without a value."""
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-11, atol=1e-300, equal_nan=True))


def _of_python(f: Callable[..., Any], at: Any, wrt: str | Sequence[str] | None, value: Any) -> Local:
    call: Callable[[Any], Any] = f
    if isinstance(at, Mapping):
        at = dict(at)
        if set(at) <= set(_parameters(f)):
            call = _by_keywords(f)
        if wrt is not None:
            call, at = _held(call, at, [wrt] if isinstance(wrt, str) else list(wrt))
    elif wrt is not None:
        raise problem("E500", "There is one argument, and it moves.", help="Leave out wrt, or give a dict of values.")
    point = Point.of(at)
    title = getattr(f, "__name__", type(f).__name__)
    source: Source = NumericSource(call, point, "a Python function" if title == "<lambda>" else title)
    return Local(source if value is None else Filled(source, point.flat, value), point)


def _parameters(f: Callable[..., Any]) -> list[str]:
    """The names of the parameters; none where Python does not tell."""
    try:
        return list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        return []


def _by_keywords(f: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda x: f(**x)


def _held(
    call: Callable[[Any], Any], at: dict[str, Any], wrt: list[str]
) -> tuple[Callable[[Any], Any], dict[str, Any]]:
    """The function of the moved arrays alone."""
    for name in wrt:
        if name not in at:
            raise problem("E500", f"{name} is not a variable of this function.", help="Variables: " + ", ".join(at))
    return lambda moved: call({**at, **moved}), {name: at[name] for name in wrt}
