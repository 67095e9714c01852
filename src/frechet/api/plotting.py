"""`plot`: a picture of a function around a point, whatever kind of function it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from frechet.api.around import local
from frechet.api.function import Function, parse_real
from frechet.api.loose import parse_at
from frechet.local.around import Local
from frechet.plot.kinds import kind_named, no_point, of_function, picture
from frechet.plot.picture import Picture


def plot(
    f: str | Function | Local | Callable[..., Any],
    kind: str = "contour",
    at: Any = None,
    wrt: str | Sequence[str] | None = None,
    *,
    value: Any = None,
    facts: Mapping[str, Any] | None = None,
    **options: Any,
) -> Picture:
    """A picture of f around a point.

    f       a formula in the text language, a `Function`, a `Local`, or any Python function
    kind    contour, surface, slice, field, hessian, directions, movements, jacobian, grid, error, delta, polar, heat,
            contributions, graph
    at, wrt, value   the point and what moves, as in `fr.local`; of a formula in numbers they may come in
            order of the names: x before y, x1 before x2
    along   (contour, surface, field, hessian, directions, jacobian, grid, polar) the plane: two components, or two
            directions, of which gradient and curvature are known by name; the two steepest components if not given
    window  (contour, surface, field, hessian, directions, movements, slice) a radius, or the limits of both axes
    points  (contour) places of further arrows; model (surface) plane or bowl; direction (slice, error, delta) of the
            line; given (directions), a and b (movements) vectors; outputs and radius (jacobian, grid); orders (error);
            count (field, polar); resolution (whatever has contour lines, surface): values on each axis, fewer for a
            function that takes long; of (heat) jacobian or hessian; step or to (contributions)

    Returns a `Picture`: `.save(path)` as svg, pdf or png, `.figure`, `.data`, `.description`, `.caption`; a notebook
    shows it. Raises E505 for an unknown kind or option, E400 where there is nothing to show, E501 where f must be
    scalar, E506 (when drawn) if matplotlib is absent, and what `fr.local` raises.
    """
    kind_named(kind)
    if isinstance(f, Local):
        return picture(f, kind, options)
    if isinstance(f, str):
        f, at = (parse_real(f, facts=facts), at) if at is None else parse_at(f, at, facts)
    if isinstance(f, Function):
        return of_function(f, kind, at, wrt, value, options)
    if at is None:
        raise no_point()
    return picture(local(f, at, wrt, value=value), kind, options)
