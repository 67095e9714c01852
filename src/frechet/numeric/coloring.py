"""Colourings that let one direction serve many columns of a sparse Jacobian or Hessian.

Kept libraries were looked at first: SciPy's `group_columns` is private and needs 10 and 14 colours on the 5- and
7-point Laplacians where 5 and 7 suffice; others work on traced JAX programs. Sources: Curtis, Powell and Reid (1974)
for columns; Coleman and More (1983), Gebremedhin, Manne and Pothen (2005) for orders and star colouring.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from frechet.core.lazy import np, scipy

MOST_OFFSETS = 40  # diagonals up to which a periodic colouring is looked for
GREEDY_LIMIT = 3_000_000  # entries up to which several orders are tried


def color_columns(pattern: Any) -> Any:
    """Colours 0..c-1 of the columns such that no row has two entries of one colour; as few as were found.

    `pattern` is a scipy.sparse matrix or array; explicit zeros count as entries.
    """
    a = scipy.sparse.csr_matrix(pattern)
    n = a.shape[1]
    lower = int(np.diff(a.indptr).max()) if a.nnz else 0
    if lower <= 1:
        return np.zeros(n, dtype=np.int64)
    if lower == n:
        return np.arange(n)
    best = None
    for colors in _periodic(a, lower):
        if valid_columns(a, colors):
            best = _compact(colors)
            break
    if best is not None and best.max() + 1 == lower:
        return best
    for order in _orders(a):
        colors = _greedy(a, order)
        if best is None or colors.max() < best.max():
            best = colors
        if best.max() + 1 == lower:
            break
    return best


def color_rows(pattern: Any) -> Any:
    """The same for rows: what products u'J need."""
    return color_columns(scipy.sparse.csr_matrix(pattern).T)


def valid_columns(pattern: Any, colors: Any) -> bool:
    """Whether no row has two entries of one colour."""
    a = scipy.sparse.csr_matrix(pattern)
    rows = np.repeat(np.arange(a.shape[0]), np.diff(a.indptr))
    keys = rows.astype(np.int64) * (int(colors.max()) + 1) + colors[a.indices]
    return bool(np.unique(keys).size == a.nnz)


def _compact(colors: Any) -> Any:
    return np.unique(colors, return_inverse=True)[1]


def _periodic(a: Any, lower: int) -> Iterator[Any]:
    """Colourings of bands and grids, the fewest colours first: (weighted coordinates of the column) mod colours."""
    rows = np.repeat(np.arange(a.shape[0]), np.diff(a.indptr))
    offsets = np.unique(a.indices - rows)
    if offsets.size > MOST_OFFSETS:
        return
    n = a.shape[1]
    columns = np.arange(n)
    width = int(offsets[-1] - offsets[0]) + 1
    jumps = sorted({int(abs(d)) for d in offsets} - {0, 1})
    grids: list[tuple[int, ...]] = [()]
    grids += [(d,) for d in jumps if d > 2]
    grids += [(d, e) for d in jumps for e in jumps if d > 2 and e > d and e % d == 0]
    sample = a[:: max(1, a.shape[0] // 2000)]  # a cheap refusal before the whole pattern is looked at
    for count in range(lower, min(width, 2 * lower + 3) + 1):
        for grid in grids:
            for weights in _weights(len(grid), count):
                colors = _coordinates(columns, grid, weights) % count
                if valid_columns(sample, colors):
                    yield colors


def _weights(depth: int, count: int) -> Iterable[tuple[int, ...]]:
    """Weights of the grid coordinates: the first is 1, since multiples give the same colouring up to names."""
    if depth == 0:
        return [(1,)]
    if depth == 1:
        return [(1, b) for b in range(2, count)]
    return [(1, b, c) for b in range(2, count) for c in range(2, count) if c != b]


def _coordinates(columns: Any, grid: tuple[int, ...], weights: tuple[int, ...]) -> Any:
    """Weighted sum of the grid coordinates of column numbers; `grid` holds the strides."""
    total = np.zeros_like(columns)
    rest = columns
    for stride, weight in zip(reversed(grid), reversed(weights[1:]), strict=True):
        total = total + weight * (rest // stride)
        rest = rest % stride
    return total + weights[0] * rest


def _orders(a: Any) -> Iterator[Any]:
    """Orders for the greedy colouring: as given, then by falling degree."""
    n = a.shape[1]
    yield np.arange(n)
    work = int((np.diff(a.indptr).astype(np.int64) ** 2).sum())
    if work > GREEDY_LIMIT:
        return
    graph = (a.T.astype(bool).astype(np.int32) @ a.astype(bool).astype(np.int32)).tocsr()
    degree = np.diff(graph.indptr)
    yield np.argsort(-degree, kind="stable")
    yield _smallest_last(graph, degree)


def _smallest_last(graph: Any, degree: Any) -> Any:
    """Matula's order: the vertex of least remaining degree comes last, again and again."""
    n = len(degree)
    left = degree.copy()
    buckets: dict[int, set[int]] = {}
    for v in range(n):
        buckets.setdefault(int(left[v]), set()).add(v)
    order = np.empty(n, dtype=np.int64)
    removed = np.zeros(n, dtype=bool)
    low = 0
    for place in range(n - 1, -1, -1):
        low = max(0, low - 1)
        while not buckets.get(low):
            low += 1
        v = min(buckets[low])
        buckets[low].discard(v)
        order[place], removed[v] = v, True
        for w in graph.indices[graph.indptr[v] : graph.indptr[v + 1]]:
            if not removed[w]:
                buckets[int(left[w])].discard(int(w))
                left[w] -= 1
                buckets.setdefault(int(left[w]), set()).add(int(w))
    return order


def _greedy(a: Any, order: Any) -> Any:
    """Each column in turn gets the first colour that no column of its rows has."""
    by_column = a.tocsc()
    row_start, row_columns = a.indptr.tolist(), a.indices.tolist()
    column_start, column_rows = by_column.indptr.tolist(), by_column.indices.tolist()
    colors = [-1] * a.shape[1]
    for j in order.tolist():
        taken: set[int] = set()
        for i in column_rows[column_start[j] : column_start[j + 1]]:
            taken.update(colors[k] for k in row_columns[row_start[i] : row_start[i + 1]])
        c = 0
        while c in taken:
            c += 1
        colors[j] = c
    return np.array(colors)


def color_symmetric(pattern: Any) -> Any:
    """Star colouring of a symmetric pattern: neighbours differ, and no path of four vertices has two colours only.

    Then every entry (i, j) is alone of its colour in row i or in row j. The better of two orders.
    """
    a = scipy.sparse.csr_matrix(pattern)
    a = ((a + a.T) != 0).tolil()
    a.setdiag(False)
    graph = a.tocsr()
    graph.eliminate_zeros()
    neighbours = [graph.indices[graph.indptr[v] : graph.indptr[v + 1]].tolist() for v in range(graph.shape[0])]
    degree = np.diff(graph.indptr)
    found = [
        _star(neighbours, order.tolist()) for order in (np.arange(len(degree)), np.argsort(-degree, kind="stable"))
    ]
    columns = color_columns(scipy.sparse.csr_matrix(pattern))  # a distance-2 colouring is a star colouring too
    return min([*found, columns], key=lambda colors: int(colors.max()))


def _star(neighbours: list[list[int]], order: list[int]) -> Any:
    """Greedy star colouring in the given order."""
    colors = [-1] * len(neighbours)
    for v in order:
        taken = {colors[w] for w in neighbours[v]}
        for w in neighbours[v]:
            for x in neighbours[w]:
                if x == v or colors[x] < 0 or colors[x] in taken:
                    continue
                if colors[w] < 0 or any(y != w and colors[y] == colors[w] for y in neighbours[x]):
                    taken.add(colors[x])
        c = 0
        while c in taken:
            c += 1
        colors[v] = c
    return np.array(colors)
