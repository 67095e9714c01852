"""A function to be played with: a point that is dragged, sliders for the scalar constants, and what changes with them.

`Scene` computes what is shown, without any notebook; `widget` wraps it in an anywidget (extra `notebook`), whose
drawing is explore.js. Two moved components are shown on contour lines, one on the graph of f.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from frechet.core.errors import FrechetError, problem
from frechet.core.lazy import np
from frechet.local.around import Local
from frechet.local.numbers import array, number
from frechet.local.source import SymbolicSource
from frechet.local.symbolic import around
from frechet.notation.mathml import to_mathml
from frechet.plot.landscape import landscape, plane_of
from frechet.plot.subject import Subject

_CURVE = 201  # points of a graph
_REACH = 3.0  # scales of f to each side of the graph of a function of one number


class Scene:
    """What is seen of a scalar function around a point that moves.

    ground   the window, its labels, and the contour lines or the graph: changes with the constants
    state    value, gradient, level direction, curvature and the models at the point: changes with the point
    """

    def __init__(self, local: Local, along: Any = None, window: Any = None) -> None:
        local.need_scalar("interactive picture")
        self.local = local
        self.flat_graph = local.size == 1
        if self.flat_graph:
            size = 1.5 * max(1.0, abs(float(local.point.flat[0])))
            reach = float(window) if window is not None else max(_REACH * local.scale, size)
            self._graph_window = (float(local.point.flat[0]) - reach, float(local.point.flat[0]) + reach)
        else:
            self.plane = plane_of(Subject(local), along, window)
        self.place = self._place(local.point.flat)

    def _place(self, flat: Any) -> tuple[float, ...]:
        """The point on the axes of the picture."""
        if self.flat_graph:
            return (float(flat[0]),)
        s, t = self.plane.inside(flat - self.plane.base)
        return float(s), float(t)

    @property
    def constants(self) -> dict[str, float]:
        """The scalars that are fixed: one slider each."""
        fixed = getattr(self.local.source, "fixed", {})
        return {name: float(part) for name, part in fixed.items() if np.ndim(part) == 0}

    def set_constants(self, values: Mapping[str, float]) -> None:
        """Other values of the fixed scalars; the point stays. Raises E500 for another name, E400 where f is not
        defined."""
        source = self.local.source
        for name in values:
            if name not in self.constants:
                raise problem("E500", f"{name!r} is not a scalar that is fixed.", help=", ".join(self.constants))
        if isinstance(source, SymbolicSource):
            moved = self.local.point.build(self.local.point.flat)
            at = {**source.fixed, **moved, **{name: float(v) for name, v in values.items()}}
            self.local = around(source.function, at, list(source.wrt))

    def move(self, place: Sequence[float]) -> None:
        """The point at another place of the picture. Raises E400 where f is not defined."""
        flat = np.array(place, dtype=float) if self.flat_graph else self.plane.point(*map(float, place))
        self.local = self.local.moved(flat)
        self.place = tuple(float(c) for c in place)

    def ground(self) -> dict[str, Any]:
        """Everything behind the point."""
        return self._curve() if self.flat_graph else self._contours()

    def _curve(self) -> dict[str, Any]:
        low, high = self._graph_window
        xs = np.linspace(low, high, _CURVE)
        ys = self.local.values(xs[:, None])[:, 0]
        finite = ys[np.isfinite(ys)]
        bottom, top = np.percentile(finite, [2, 98]) if finite.size else (0.0, 1.0)
        room = 0.15 * (top - bottom) or 1.0
        return {
            "kind": "graph", "window": [low, high, float(bottom - room), float(top + room)],
            "labels": [self.local.labels[0], "f"],
            "lines": [{"level": None, "points": part} for part in _pieces(xs, ys)],
        }  # fmt: skip

    def _contours(self) -> dict[str, Any]:
        ground = landscape(Subject(self.local), self.plane)
        lines = []
        maker = _contourpy().contour_generator(ground.xs, ground.ys, np.ma.masked_invalid(ground.heights))
        for level in np.ravel(ground.levels):
            lines += [{"level": number(level, 4), "points": np.round(part, 6).tolist()} for part in maker.lines(level)]
        window = [ground.xs[0], ground.xs[-1], ground.ys[0], ground.ys[-1]]
        names = [self.plane.names[0], self.plane.names[1]]
        return {"kind": "contour", "window": [float(w) for w in window], "labels": [_plain(n) for n in names],
                "lines": lines}  # fmt: skip

    def state(self) -> dict[str, Any]:
        """What there is to say about f at the point."""
        local = self.local
        value = number(local.value_flat[0], 5)
        out: dict[str, Any] = {"place": list(self.place), "value": value, "smooth": local.smooth}
        rows = [("f", value)]
        if not local.smooth:
            return {**out, "gradient": None, "rows": [*rows, ("kind", local.smoothness.kind)], "model": ""}
        g = local.gradient_flat
        out["gradient"] = [float(c) for c in (g if self.flat_graph else self.plane.inside(g))]
        rows.append(("gradient" if local.size > 1 else "slope", array(g, 4) if local.size > 1 else number(g[0], 4)))
        if local.second_known:
            rows += self._second(out)
        model = local.quadratic if local.second_known else local.linear
        try:
            out["model"] = to_mathml(model.latex_numbers())
        except FrechetError:
            out["model"] = ""
        return {**out, "rows": rows}

    def _second(self, out: dict[str, Any]) -> list[tuple[str, str]]:
        """The curvature for the drawing, and the rows that tell of it."""
        local = self.local
        if self.flat_graph:
            out["curvature"] = float(local.hessian_matrix[0, 0])
            return [("second derivative", number(out["curvature"], 4))]
        rows = [("eigenvalues", f"{array(local.eigen[0], 4)}: {local.shape_word}")]
        newton = local.directions.newton
        if newton is not None and not local.directions.stationary:
            out["newton"] = [float(c) for c in self.plane.inside(newton.vector)]
        return rows


def _pieces(xs: Any, ys: Any) -> list[list[list[float]]]:
    """The graph, broken where f is not defined."""
    pieces: list[list[list[float]]] = [[]]
    for x, y in zip(xs, ys, strict=True):
        if np.isfinite(y):
            pieces[-1].append([float(x), float(y)])
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if len(piece) > 1]


def _plain(name: str) -> str:
    """A name in mathtext without its markup: x_{1} is x1."""
    for mark in "{}_\\$":
        name = name.replace(mark, "")
    return name


def _contourpy() -> Any:
    """Contour lines from heights. Raises E506 if it is absent; it comes with matplotlib."""
    try:
        import contourpy
    except ImportError:
        raise problem("E506", "Contour lines need contourpy, which is not installed.",
                      help='pip install "frechet[notebook]"') from None  # fmt: skip
    return contourpy


def widget(scene: Scene) -> Any:
    """The anywidget of a scene: `point` and `constants` go to Python, `ground` and `state` come back.

    Raises E506 if anywidget is not installed.
    """
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise problem("E506", "The interactive picture needs anywidget, which is not installed.",
                      help='pip install "frechet[notebook]"') from None  # fmt: skip

    class Explorer(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
        """A function around a point that can be dragged."""

        _esm = files("frechet.plot").joinpath("explore.js").read_text(encoding="utf-8")
        point = traitlets.List(traitlets.Float()).tag(sync=True)
        constants = traitlets.Dict().tag(sync=True)
        ranges = traitlets.Dict().tag(sync=True)
        title = traitlets.Unicode().tag(sync=True)
        ground = traitlets.Dict().tag(sync=True)
        state = traitlets.Dict().tag(sync=True)
        message = traitlets.Unicode().tag(sync=True)

        @traitlets.observe("point")  # type: ignore[misc, unused-ignore]
        def _moved(self, change: Any) -> None:
            if list(change["new"]) != list(scene.place):
                self._try(lambda: scene.move(change["new"]))

        @traitlets.observe("constants")  # type: ignore[misc, unused-ignore]
        def _set(self, change: Any) -> None:
            if dict(change["new"]) != scene.constants and self._try(lambda: scene.set_constants(change["new"])):
                self.ground = scene.ground()

        def _try(self, act: Any) -> bool:
            """Do it and show the new state; a refusal becomes the message below the picture."""
            try:
                act()
                self.state, self.message = scene.state(), ""
            except FrechetError as error:
                self.message = error.diagnostic.message
                return False
            return True

    return Explorer(
        point=list(scene.place), constants=scene.constants, ranges=_ranges(scene.constants), title=scene.local.title,
        ground=scene.ground(), state=scene.state(), message="",
    )  # fmt: skip


def _ranges(constants: Mapping[str, float]) -> dict[str, list[float]]:
    """Where each slider begins and ends: twice the size to both sides."""
    return {name: [v - 2 * max(1.0, abs(v)), v + 2 * max(1.0, abs(v))] for name, v in constants.items()}
