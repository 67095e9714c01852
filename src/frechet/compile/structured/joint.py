"""Newton systems of several variables: what does not depend on each other apart, a diagonal block eliminated first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from frechet.compile.structured.operators import parts_of
from frechet.core.ein import is_zero
from frechet.core.node import Node

if TYPE_CHECKING:
    from frechet.compile.structured.second import SecondOrder

Blocks = Sequence[Sequence[Node]]


def joint(order: SecondOrder, second: Blocks, first: Sequence[Node]) -> str:
    """The expression of the tuple solve(H, g), one array for each variable."""
    groups = _groups(second)
    texts = []
    for group in groups:
        if len(group) == 1:
            texts.append(order.newton(second[group[0]][group[0]], first[group[0]]))
        else:
            blocks = [[second[a][b] for b in group] for a in group]
            texts.append("*" + _system(order, blocks, [first[a] for a in group]))
    if len(groups) == 1:
        return texts[0].removeprefix("*")
    places = [k for group in groups for k in group]
    every = f"({', '.join(texts)})"
    if places == sorted(places):
        return every
    return f"{order.writer.helper('ordered')}({every}, {places})"


def _groups(second: Blocks) -> list[list[int]]:
    """Variables that the blocks connect."""
    group = list(range(len(second)))
    for a, row in enumerate(second):
        for b, block in enumerate(row):
            if not is_zero(block) and group[a] != group[b]:
                old, new = max(group[a], group[b]), min(group[a], group[b])
                group = [new if g == old else g for g in group]
    return [[k for k, g in enumerate(group) if g == first] for first in sorted(set(group))]


def _system(order: SecondOrder, second: Blocks, first: Sequence[Node]) -> str:
    """solve(H, g) of variables that hang together, as a tuple."""
    writer = order.writer
    shapes = ", ".join(writer.shape(g.dims) if g.dims else "()" for g in first)
    apart = _eliminated(order, second, first)
    rest = [k for k in range(len(first)) if k != apart]
    d = [] if apart is None else [parts_of(second[apart][apart], first[apart].order, order.sizes)[0].nodes[0]]
    across = [] if apart is None else [second[k][apart] for k in rest]
    inner = [second[a][b] for a in rest for b in rest]
    names = order.arrays([*d, *across, *inner, *first])
    lengths = [" * ".join(writer.length(x) for x in g.dims) or "1" for g in first]
    g = [order.reshaped(name, f"({side},)") for name, side in zip(names[-len(first) :], lengths, strict=True)]
    names = names[: -len(first)]
    if apart is None:
        H = _stacked(order, names, [lengths[k] for k in rest])
        system = f"{writer.helper('newton_step')}({H}, {_beside(order, g, 0)})"
    else:
        diagonal, *others = names
        B = [order.reshaped(n, f"({lengths[k]}, {lengths[apart]})") for n, k in zip(others, rest, strict=False)]
        C = _stacked(order, others[len(rest) :], [lengths[k] for k in rest])
        before = " + ".join(lengths[k] for k in rest if k < apart) or "0"
        arguments = [order.reshaped(diagonal, f"({lengths[apart]},)"), _beside(order, B, 0), C, g[apart],
                     _beside(order, [g[k] for k in rest], 0), before]  # fmt: skip
        system = f"{writer.helper('schur_solve')}({', '.join(arguments)})"
    return f"{writer.helper('split')}({system}, ({shapes},))"


def _eliminated(order: SecondOrder, second: Blocks, first: Sequence[Node]) -> int | None:
    """The variable with a diagonal block that is much longer than the others together, where there is one."""
    length = [order.length(g.dims) for g in first]
    k = max(range(len(first)), key=length.__getitem__)
    kinds = [p.kind for p in parts_of(second[k][k], first[k].order, order.sizes)] if first[k].order else []
    long = length[k] >= 2 * (sum(length) - length[k])
    return k if order.writer.backend == "numpy" and kinds == ["Diagonal"] and long else None


def _stacked(order: SecondOrder, names: Sequence[str], lengths: Sequence[str]) -> str:
    """A matrix of its blocks."""
    n = len(lengths)
    rows = []
    for k in range(n):
        row = [order.reshaped(names[k * n + j], f"({lengths[k]}, {lengths[j]})") for j in range(n)]
        rows.append(_beside(order, row, 1))
    return _beside(order, rows, 0)


def _beside(order: SecondOrder, parts: Sequence[str], axis: int) -> str:
    """Arrays one after the other along an axis."""
    if len(parts) == 1:
        return parts[0]
    word, name = ("cat", "dim") if order.writer.backend == "torch" else ("concatenate", "axis")
    return f"{order.writer.np}.{word}(({', '.join(parts)}){f', {name}={axis}' if axis else ''})"
