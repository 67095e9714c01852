"""`explore`: a function to be played with in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from frechet.api.around import local
from frechet.api.function import Function
from frechet.plot.explore import Scene, widget


def explore(
    f: str | Function | Callable[..., Any],
    at: Any,
    wrt: str | Sequence[str] | None = None,
    *,
    along: Any = None,
    window: Any = None,
) -> Any:
    """An interactive picture for notebooks: a point that can be dragged over the contour lines (or along the graph, of
    a function of one number), with gradient, level direction, Newton's step and the quadratic model as it moves, and a
    slider for each scalar that is fixed. What is said of the function is said again wherever the point goes.

    f, at, wrt  as in `fr.local`; f must be scalar
    along       two components or directions, and `window` how far to look, as in `fr.plot`

    Raises E506 where anywidget is not installed (`pip install "frechet[notebook]"`), and what `fr.local` raises.
    """
    return widget(Scene(local(f, at, wrt), along, window))
