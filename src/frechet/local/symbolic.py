"""A symbolic function around a point: which variables move, and what they are worth."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.language.spell import did_you_mean
from frechet.local.around import Local
from frechet.local.source import Filled, Source, Symbolic, SymbolicSource


def around(function: Symbolic, at: Any, wrt: str | Sequence[str] | None = None, value: Any = None) -> Local:
    """`function` near the point `at`, by the variables `wrt`.

    at      values by name; of a function of one variable, the value alone
    wrt     the names that move (in the order of `at` all that are not declared constant, if not given); the others stay
            fixed
    value   f at the point where the formula has none there, but a limit

    Raises E305 for values that do not fit the declared sizes, E500 for an unknown name or where nothing moves.
    """
    names = list(function.declarations.variables)
    values = _values(names, at)
    moved = _moved(function, wrt, values)
    source: Source = SymbolicSource(function, moved, values)
    point = source.point  # type: ignore[attr-defined]
    if value is not None:
        source = Filled(source, point.flat, value)
    return Local(source, point)


def _values(names: list[str], at: Any) -> dict[str, Any]:
    if not isinstance(at, Mapping):
        at = _in_order(names, at)
    for name in at:
        if name not in names:
            raise problem("E500", f"{name!r} is not a variable of this function.",
                          help=did_you_mean(str(name), names) or "Variables: " + ", ".join(names))  # fmt: skip
    return {name: _array(name, part) for name, part in at.items()}


def _in_order(names: list[str], at: Any) -> dict[str, Any]:
    """Values without names: that of the only variable, or one number for each of several, x before y, x1 before x2."""
    if len(names) == 1:
        return {names[0]: at}
    if isinstance(at, list | tuple | np.ndarray) and [np.shape(part) for part in at] == [()] * len(names):
        return dict(zip(sorted(names, key=natural), at, strict=True))
    raise problem("E305", f"The function has the variables {', '.join(names)}; one value was given.",
                  help="Give them by name: at={" + ", ".join(f'"{n}": ...' for n in names) + "}.")  # fmt: skip


def natural(name: str) -> tuple[Any, ...]:
    """A key that sorts x before y and x2 before x10."""
    parts = re.findall(r"\d+|\D+", name)
    return (*[(0, int(p), "") if p.isdigit() else (1, 0, p.lower()) for p in parts], (2, 0, name))


def _array(name: str, part: Any) -> Any:
    try:
        array = np.asarray(part)
        if array.dtype.kind not in "fiub":
            raise TypeError
        array = array.astype(float)
    except (TypeError, ValueError):
        raise problem("E305", f"The value of {name} is not an array of real numbers.") from None
    if not np.isfinite(array).all():
        raise problem("E400", f"The value of {name} is not finite.")
    return array


def _moved(function: Symbolic, wrt: str | Sequence[str] | None, values: Mapping[str, Any]) -> list[str]:
    known = function.declarations
    if wrt is not None and not isinstance(wrt, (str, list, tuple)):
        raise problem("E500", f"wrt is a {type(wrt).__name__}: a name or a list of names is needed.",
                      help="Variables: " + ", ".join(known.variables))  # fmt: skip
    if wrt is None:
        moved = [n for n in values if "constant" not in known.facts.get(n, ())]
    else:
        moved = [wrt] if isinstance(wrt, str) else list(wrt)
    if not moved:
        raise problem("E500", "No variable moves.", help="Give wrt, the names of those that do.")
    for name in moved:
        if name not in known.variables:
            raise problem("E500", f"{name!r} is not a variable of this function.",
                          help="Variables: " + ", ".join(known.variables))  # fmt: skip
        if "constant" in known.facts.get(name, ()):
            raise problem("E502", f"{name} is declared constant: it does not move.")
    return list(dict.fromkeys(moved))
