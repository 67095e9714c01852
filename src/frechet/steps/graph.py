"""The dependency graph of the chain rule: drawn with letters for the terminal, and as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

Edges = Sequence[tuple[str, str]]
STEP_X, STEP_Y, RADIUS = 90, 52, 17


def layers(edges: Edges, root: str) -> list[list[str]]:
    """Names by the length of the longest way from the variable."""
    depth = {root: 0}
    for a, b in edges:  # an edge comes after the edges into its start
        depth[b] = max(depth.get(b, 0), depth.setdefault(a, 0) + 1)
    out: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for name, level in depth.items():
        out[level].append(name)
    return out


def as_text(edges: Edges, root: str) -> str:
    """One line for each name: `w -> u -> f`, or each name with what it feeds."""
    feeds: dict[str, list[str]] = {}
    for a, b in edges:
        feeds.setdefault(a, []).append(b)
    if all(len(v) == 1 for v in feeds.values()) and len({b for _, b in edges}) == len(edges):
        return " -> ".join([root, *(level[0] for level in layers(edges, root)[1:])])
    return "\n".join(f"{name} -> {', '.join(feeds[name])}" for level in layers(edges, root) for name in level
                     if name in feeds)  # fmt: skip


def as_svg(edges: Edges, root: str) -> str:
    """Circles from left to right, an arrow for every dependency."""
    ranks = layers(edges, root)
    tallest = max(map(len, ranks))
    place = {
        name: (STEP_X // 2 + k * STEP_X, STEP_Y // 2 + (2 * j + tallest - len(rank)) * STEP_Y // 2)
        for k, rank in enumerate(ranks) for j, name in enumerate(rank)
    }  # fmt: skip
    width, height = STEP_X * len(ranks), STEP_Y * tallest
    lines = [_arrow(place[a], place[b]) for a, b in edges]
    nodes = [
        f'<circle cx="{x}" cy="{y}" r="{RADIUS}"/><text x="{x}" y="{y}" text-anchor="middle" '
        f'dominant-baseline="central">{escape(name)}</text>'
        for name, (x, y) in place.items()
    ]
    style = "circle{fill:none;stroke:currentColor}line{stroke:currentColor}text{fill:currentColor;font-family:serif}"
    head = ('<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>')  # fmt: skip
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    inside = f"<style>{style}</style>{head}{''.join(lines)}{''.join(nodes)}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="dependency graph">{inside}</svg>'


def _arrow(a: tuple[int, int], b: tuple[int, int]) -> str:
    """From rim to rim; one that passes over a layer is still straight."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = (dx * dx + dy * dy) ** 0.5
    ux, uy = dx / length * RADIUS, dy / length * RADIUS
    ends = (a[0] + ux, a[1] + uy, b[0] - ux, b[1] - uy)
    x1, y1, x2, y2 = (f"{v:.1f}" for v in ends)
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" marker-end="url(#tip)"/>'
