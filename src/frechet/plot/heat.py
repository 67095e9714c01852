"""Matrices as pictures: the entries of a Jacobian or a Hessian by colour, with its zeros and its blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.plot import style
from frechet.plot.picture import Data
from frechet.plot.subject import Subject
from frechet.plot.words import number

LARGEST = 200
WRITTEN = 5  # up to so many rows and columns the numbers stand in the cells
NAMED = 10  # up to so many the rows and columns have names
ZERO = 1e-12  # of the largest entry


@dataclass(frozen=True, kw_only=True)
class HeatData(Data):
    """matrix (m, n); zeros (m, n) booleans; blocks: (first, last) row and column of each diagonal block, where the rows
    and columns fall apart into independent groups in their order; names of rows and columns in mathtext, or none."""

    matrix: Any
    zeros: Any
    blocks: tuple[tuple[int, int, int, int], ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    of: str
    cuts: tuple[tuple[int, ...], tuple[int, ...]]


def heat(subject: Subject, *, of: Any = None) -> HeatData:
    """The Hessian of a scalar function, the Jacobian of another one (or the one that `of` names). Raises E505, E501,
    E400, E402 beyond 200 rows or columns."""
    of = of or ("hessian" if subject.f0.size == 1 else "jacobian")
    if of not in ("jacobian", "hessian"):
        raise problem("E505", f"{of!r} is no matrix of derivatives.", help="jacobian or hessian")
    if subject.size > LARGEST or (of == "jacobian" and subject.f0.size > LARGEST):
        raise problem("E402", f"A picture of more than {LARGEST} rows or columns shows nothing.", help="Take fewer.")
    if of == "hessian":
        subject.need_scalar("heat")
        matrix = subject.need_hessian()
    else:
        matrix = np.asarray(subject.local.jacobian_matrix)
    names = tuple(subject.math(k) for k in range(subject.size))
    rows = names if of == "hessian" else _outputs(subject)
    size = float(np.abs(matrix).max(initial=0.0))
    zeros = np.abs(matrix) <= ZERO * size
    blocks = diagonal_blocks(~zeros)
    edges = _edges(subject)
    nothing = int(zeros.sum())
    share = (
        f"{nothing} of {matrix.size} entries {'is' if nothing == 1 else 'are'} zero" if nothing else "no entry is zero"
    )
    parts = f", in {len(blocks)} independent blocks along the diagonal" if len(blocks) > 1 else ""
    return HeatData(
        title=subject.title, matrix=matrix, zeros=zeros, blocks=blocks, rows=rows, columns=names, of=of,
        cuts=(edges if of == "hessian" else (), edges),
        caption=f"{of.capitalize()}, {len(matrix)} by {matrix.shape[1]}: {share}{parts}."
        + (" Dots: zero." if nothing and max(matrix.shape) > WRITTEN else ""),
        description=f"The {of} of {subject.name} at {subject.where}, {len(matrix)} by {matrix.shape[1]}, as colours: "
        f"entries from {number(float(matrix.min()))} to {number(float(matrix.max()))}, {share}{parts}.",
    )  # fmt: skip


def _outputs(subject: Subject) -> tuple[str, ...]:
    shape = subject.local.shape
    if not shape:
        return ("f",)
    return tuple("f_{" + ",".join(str(i + 1) for i in index) + "}" for index in np.ndindex(*shape))


def _edges(subject: Subject) -> tuple[int, ...]:
    """Where the components of one variable end and those of the next begin."""
    leaves = [leaf for _, leaf in subject.local.point.layout.leaves()]
    return tuple(leaf.offset for leaf in leaves[1:]) if any(leaf.size > 1 for leaf in leaves) else ()


def diagonal_blocks(full: Any) -> tuple[tuple[int, int, int, int], ...]:
    """The finest cut of the matrix into diagonal blocks by consecutive rows and columns; one block if it has none."""
    m, n = full.shape
    blocks, row, column = [], 0, 0
    last_row, last_column = row, column
    while row < m and column < n:
        last_row, last_column = max(last_row, row), max(last_column, column)
        while True:
            columns = np.flatnonzero(full[row : last_row + 1].any(axis=0))
            rows = np.flatnonzero(full[:, column : last_column + 1].any(axis=1))
            wide = max(last_column, int(columns.max(initial=column)))
            tall = max(last_row, int(rows.max(initial=row)))
            if (wide, tall) == (last_column, last_row):
                break
            last_column, last_row = wide, tall
        blocks.append((row, last_row, column, last_column))
        row, column = last_row + 1, last_column + 1
    square = row == m and column == n
    return tuple(blocks) if square else ((0, m - 1, 0, n - 1),)


def height(data: HeatData) -> float:
    """Inches for the drawing."""
    m, n = data.matrix.shape
    return float(min(3.5 * m / n, 3.6, 0.8 * m) + 0.55)


def draw_heat(figure: Any, data: HeatData) -> None:
    axes = figure.add_subplot()
    m, n = data.matrix.shape
    size = float(np.abs(data.matrix).max(initial=0.0)) or 1.0
    image = axes.imshow(data.matrix, cmap=style.signed_map(), vmin=-size, vmax=size, interpolation="nearest",
                        aspect="equal")  # fmt: skip
    _names(axes.set_xticks, data.columns)
    _names(axes.set_yticks, data.rows)
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    if max(m, n) <= WRITTEN:
        for (i, j), value in np.ndenumerate(data.matrix):
            dark = abs(value) > 0.62 * size
            axes.text(j, i, f"${number(value)}$" if not data.zeros[i, j] else "$0$", ha="center", va="center",
                      color="white" if dark else style.INK)  # fmt: skip
    elif data.zeros.any():
        i, j = np.nonzero(data.zeros)
        axes.plot(j, i, ".", color="#9a9a9a", markersize=float(np.clip(60 / max(m, n), 1, 5)))
    for top, bottom, left, right in data.blocks if len(data.blocks) > 1 else ():
        axes.add_patch(style.matplotlib_parts().patches.Rectangle(
            (left - 0.5, top - 0.5), right - left + 1, bottom - top + 1, fill=False, edgecolor=style.INK, linewidth=1.4,
            clip_on=False))  # fmt: skip
    for cut in data.cuts[1]:
        axes.axvline(cut - 0.5, color=style.INK, linewidth=0.8, linestyle=(0, (3, 2)))
    for cut in data.cuts[0]:
        axes.axhline(cut - 0.5, color=style.INK, linewidth=0.8, linestyle=(0, (3, 2)))
    bar = figure.colorbar(image, ax=axes, shrink=min(1.0, 1.1 * m / n), aspect=16, pad=0.03)
    bar.outline.set_visible(False)
    bar.locator = style.matplotlib_parts().ticker.MaxNLocator(5, symmetric=True)
    bar.update_ticks()


def _names(set_ticks: Any, names: tuple[str, ...]) -> None:
    if len(names) <= NAMED:
        set_ticks(range(len(names)), [f"${name}$" for name in names])
    else:
        step = -(-len(names) // 6)
        set_ticks(range(0, len(names), step), [str(k + 1) for k in range(0, len(names), step)])
