"""The dependency graph of the chain rule: what feeds what, and the Jacobian on each arrow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.notation.latex import to_latex
from frechet.notation.names import latex_name
from frechet.notation.text import to_text
from frechet.plot import style
from frechet.plot.ground import draw_arrow
from frechet.plot.picture import Data
from frechet.plot.words import drawable, latex_title, listed
from frechet.steps.graph import layers

ACROSS, DOWN = 2.0, 1.0  # between layers, between nodes of one layer
INCHES, LETTER = 4.2, 0.072  # the width of the drawing, and of a letter in it


@dataclass(frozen=True, kw_only=True)
class GraphData(Data):
    """nodes: name -> (definition in mathtext, place (2,)); edges: (from, to, Jacobian in mathtext)."""

    nodes: dict[str, tuple[str, Any]]
    edges: tuple[tuple[str, str, str], ...]
    root: str


def graph(function: Any, wrt: str) -> GraphData:
    """The graph of the chain rule of a symbolic function by one variable, from its derivation in that style.
    Raises E505 where the chain rule has no Jacobians to multiply (matrices)."""
    derivation = function.derivative(wrt, verify=False).steps(style="chain rule")
    defined = {wrt: ""}
    edges = []
    for step in derivation.steps:
        if step.rule == "R-name":
            defined[step.left] = to_latex(step.after)
        elif step.rule == "R-jacobian-of":
            target, source = (part.removeprefix("d").removeprefix("∂") for part in step.left.split("/"))
            edges.append((source, target, to_latex(step.after)))
    if not edges:
        raise problem("E505", f"There is no chain: the function does not depend on {wrt} through others.",
                      help="Plot a composed function.")  # fmt: skip
    ranks = layers([(a, b) for a, b, _ in edges], wrt)
    nodes = {
        name: (defined[name], np.array([k * ACROSS, (len(rank) - 1 - 2 * j) * DOWN / 2]))
        for k, rank in enumerate(ranks) for j, name in enumerate(rank)
    }  # fmt: skip
    space = INCHES / (len(ranks) - 1 + 0.6) / LETTER  # letters between two layers
    edges, long = _shortened(edges, 0.65 * space)
    if any(_letters(text) > 0.9 * space for text in defined.values()):
        long = [f"${latex_name(name)}={text}$" for name, text in defined.items() if text] + long
        nodes = {name: ("", place) for name, (_, place) in nodes.items()}
    feeds = {name: [b for a, b, _ in edges if a == name] for name in nodes}
    chain = "; ".join(f"{name} feeds {listed(fed)}" for name, fed in feeds.items() if fed)
    meaning = "On each arrow: the Jacobian. Along a path they are multiplied" + (
        ", over paths added." if any(len([e for e in edges if e[1] == n]) > 1 for n in nodes) else ".")  # fmt: skip
    return GraphData(
        title=latex_title(function.tree), nodes=nodes, edges=tuple(edges), root=wrt,
        caption=" ".join([meaning, *[f"{text}," for text in long[:-1]], *[f"{text}." for text in long[-1:]]]),
        description=f"The dependency graph of {to_text(function.tree)} by {wrt}: {chain}.",
    )  # fmt: skip


def _letters(latex: str) -> int:
    """About how many letters wide a formula is."""
    return len(re.sub(r"\\[a-zA-Z]+|[{}_^ ]", lambda m: "x" if m[0].startswith("\\") else "", latex))


def _shortened(edges: list[tuple[str, str, str]], room: float) -> tuple[list[tuple[str, str, str]], list[str]]:
    """Jacobians that are too long for their arrow by name, and what the names mean."""
    out: list[tuple[str, str, str]] = []
    long: list[str] = []
    for source, target, text in edges:
        if _letters(text) > room:
            name = f"J_{len(long) + 1}" if sum(_letters(t) > room for _, _, t in edges) > 1 else "J"
            long.append(f"${name}={text}$")
            text = name
        out.append((source, target, text))
    return out, long


def height(data: GraphData) -> float:
    """Inches for the drawing."""
    places = np.array([place for _, place in data.nodes.values()])
    return float(1.05 + 0.95 * (places[:, 1].max() - places[:, 1].min()))


def draw_graph(figure: Any, data: GraphData) -> None:
    axes = figure.add_subplot()
    places = np.array([place for _, place in data.nodes.values()])
    low, high = places.min(axis=0), places.max(axis=0)
    axes.set(xlim=(low[0] - 0.6, high[0] + 0.6), ylim=(low[1] - 0.55, high[1] + 0.45))
    axes.axis("off")
    width = (high[0] - low[0] + 1.2) / 4.2  # data units to the inch
    radius = 0.2 * width
    circle = style.matplotlib_parts().patches.Ellipse
    tall = (high[1] - low[1] + 1.0) / height(data) * 0.2
    for source, target, text in data.edges:
        a, b = data.nodes[source][1], data.nodes[target][1]
        way = (b - a) / np.array([radius, tall])
        rim = (b - a) / np.linalg.norm(way)
        draw_arrow(axes, a + rim, b - rim, style.GREY, 1.3)
        written = axes.annotate(drawable(text) or "", (a + b) / 2, xytext=(0, 5), textcoords="offset points",
                                ha="center", va="bottom", color=style.VERMILION,
                                fontsize=style.SMALL + 0.5)  # fmt: skip
        written.set_path_effects(style.halo())
    for name, (definition, place) in data.nodes.items():
        fill = style.HEIGHTS[2] if name == data.root else "white"
        axes.add_patch(
            circle(place, 2 * radius, 2 * tall, facecolor=fill, edgecolor=style.INK, linewidth=1.1, zorder=5)
        )
        axes.text(*place, f"${latex_name(name)}$", ha="center", va="center", zorder=6, fontsize=style.TEXT + 1)
        if definition:
            shown = drawable(f"{latex_name(name)}={definition}")
            written = axes.annotate(shown, place, xytext=(0, -17), textcoords="offset points", ha="center", va="top",
                                    fontsize=style.SMALL, zorder=6)  # fmt: skip
            written.set_path_effects(style.halo())
