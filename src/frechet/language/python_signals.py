"""Convolution, correlation and reversal as the array libraries have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from frechet.language.python_arrays import Traced, array, call, indexed, refuse


def convolve(a: Any, b: Any, mode: str = "full", **_: Any) -> Traced:
    """np.convolve of vectors whose lengths are numbers, the longer one first as NumPy has it."""
    a, b = array(a), array(b)
    if not (a.ndim == b.ndim == 1 and isinstance(a.axes[0], int) and isinstance(b.axes[0], int)):
        raise refuse("a convolution of arrays whose lengths are names", "Declare the lengths as numbers.")
    a, b = (b, a) if b.axes[0] > a.axes[0] else (a, b)
    m, n = int(a.axes[0]), int(b.axes[0])
    if mode == "valid":
        return Traced(call("corr", a.tree, call("reverse", b.tree)), (m - n + 1,))
    full = Traced(call("conv", a.tree, b.tree), (m + n - 1,))
    start = (n - 1) // 2
    return full if mode == "full" else indexed(full, (slice(start, start + m),))


def correlate(a: Any, b: Any, mode: str = "valid", **_: Any) -> Traced:
    return convolve(a, reverse(b), mode)


def reverse(x: Any, *_: Any, **__: Any) -> Traced:
    x = array(x)
    if x.ndim != 1:
        raise refuse("flip of a matrix")
    return Traced(call("reverse", x.tree), x.axes)


SIGNALS: dict[str, Callable[..., Any]] = {
    "convolve": convolve, "correlate": correlate, "flip": reverse, "flipud": reverse,
}  # fmt: skip
