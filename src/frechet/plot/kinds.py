"""All kinds of pictures, and `picture`, which makes one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from frechet.core.errors import problem
from frechet.language.spell import did_you_mean
from frechet.local.around import Local
from frechet.plot import bars, contour, curves, directions, graph, heat, hessian, line, mapping, polar, surface
from frechet.plot.picture import Data, Draw, Picture
from frechet.plot.subject import Subject

SQUARE, LOW, PAIR = 4.2, 3.1, 2.3  # inches


@dataclass(frozen=True)
class Kind:
    """A kind of picture: what it shows, its data computed without matplotlib, its drawing and how high that is."""

    summary: str
    compute: Callable[..., Any]
    draw: Draw
    height: float | Callable[[Any], float]

    @property
    def options(self) -> tuple[str, ...]:
        """The names of its options."""
        parameters = inspect.signature(self.compute).parameters.values()
        return tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)

    def drawn(self, name: str, data: Data) -> Picture:
        return Picture(name, data, self.draw, self.height(data) if callable(self.height) else self.height)


KINDS: Mapping[str, Kind] = {
    "contour": Kind("contour lines with gradients and tangents", contour.contour, contour.draw_contour, SQUARE),
    "surface": Kind("the surface with its tangent plane or its quadratic model",
                    surface.surface, surface.draw_surface, 3.8),
    "slice": Kind("f along a line, with tangent and parabola", line.line_slice, line.draw_slice, LOW),
    "field": Kind("the gradient at many places", contour.field, contour.draw_field, SQUARE),
    "hessian": Kind("the eigenvectors of the Hessian on contour lines", hessian.hessian, hessian.draw_hessian, SQUARE),
    "directions": Kind("directions that go up, down, or stay level",
                       directions.directions, directions.draw_directions, SQUARE),
    "movements": Kind("two movements in either order", directions.movements, directions.draw_movements, SQUARE),
    "jacobian": Kind("a small circle that becomes an ellipse", mapping.jacobian, mapping.draw_jacobian, PAIR),
    "grid": Kind("a grid that bends", mapping.grid, mapping.draw_grid, PAIR),
    "error": Kind("errors of local models against the step", curves.error, curves.draw_errors, LOW),
    "delta": Kind("errors of difference quotients against delta", curves.delta, curves.draw_errors, LOW),
    "polar": Kind("one-sided derivatives in all directions", polar.polar, polar.draw_polar, 3.5),
    "heat": Kind("the Hessian or the Jacobian, with zeros and blocks",
                 heat.heat, heat.draw_heat, heat.height),
    "contributions": Kind("which input moved the output", bars.contributions, bars.draw_bars, bars.height),
    "graph": Kind("the dependency graph of the chain rule", graph.graph, graph.draw_graph, graph.height),
}  # fmt: skip


def kind_named(name: Any) -> Kind:
    """The kind; E505 with a suggestion for another name."""
    if name not in KINDS:
        guess = did_you_mean(name, KINDS) if isinstance(name, str) else ""
        raise problem("E505", f"{name!r} is not a kind of picture.", help=f"{guess} Kinds: {', '.join(KINDS)}.".strip())
    return KINDS[name]


def picture(local: Local, kind: str, options: Mapping[str, Any]) -> Picture:
    """The picture of this kind of a function around a point. Raises E505 for an unknown kind or option, and what the
    kind raises where it shows nothing."""
    found = kind_named(kind)
    check_options(kind, options)
    if kind == "graph":
        function = getattr(local.source, "function", None)
        if function is None or len(local.point.names) != 1:
            raise problem("E505", "The graph of the chain rule is of a formula, by one variable.", help="wrt='x'")
        return found.drawn(kind, graph.graph(function, local.point.names[0]))
    return found.drawn(kind, found.compute(Subject(local), **options))


def of_function(
    f: Any, kind: str, at: Any, wrt: str | Sequence[str] | None, value: Any, options: Mapping[str, Any]
) -> Picture:
    """The picture of a `frechet.Function`; the graph of its chain rule needs no point. Raises as `picture` does."""
    found = kind_named(kind)
    if at is not None:
        return picture(f.local(at, wrt, value=value), kind, options)
    if kind != "graph":
        raise no_point()
    check_options(kind, options)
    names = list(f.variables) if wrt is None else [wrt] if isinstance(wrt, str) else list(wrt)
    if len(names) != 1:
        raise problem("E505", "The graph of the chain rule is by one variable.", help=f"wrt={next(iter(names), 'x')!r}")
    return found.drawn("graph", graph.graph(f, names[0]))


def no_point() -> Exception:
    """What is said where `at` is missing."""
    return problem("E505", "A picture is of a function at a point.", help='at={"x1": 1, "x2": 2}')


def check_options(kind: str, options: Mapping[str, Any]) -> None:
    """Raises E505 for an option that this kind does not have."""
    known = kind_named(kind).options
    for name in options:
        if name not in known:
            meant = did_you_mean(name, known) or f"Options of this kind: {', '.join(known) or 'none'}."
            raise problem("E505", f"{name!r} is not an option of the picture {kind!r}.", help=meant)
