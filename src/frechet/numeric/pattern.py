"""Finding which components of f depend on which variables, with few evaluations.

Blocks of columns are halved level by level, all rows at once: what is known of the pattern over the blocks says (by a
colouring) which halves can be tested in one evaluation, since no row can depend on two of them. With at most k
nonzeros a row that takes about 2k evaluations a level, log2(n) levels: group testing that adapts.
"""

from __future__ import annotations

from typing import Any

from frechet.core.lazy import np, scipy
from frechet.numeric.coloring import color_columns
from frechet.numeric.drive import Problem
from frechet.numeric.scales import typical_scales


def find_pattern(p: Problem, use_nan: bool = True) -> Any:
    """A csr pattern (f.size, x.size) of what f depends on near x; None if it is too dense to be worth finding.

    Changed variables become NaN where f lets NaN through (structural dependence), else they move by a random amount
    of their own scale (dependence that shows at x).
    """
    probe = _Probe(p, use_nan and _lets_nan_through(p))
    n, m = p.x.size, p.f0.size
    starts = np.array([0, n])
    known = scipy.sparse.csr_matrix(np.ones((m, 1), dtype=bool))
    spent = 0
    while np.diff(starts).max() > 1:
        starts, parent = _halved(starts)
        candidates = known[:, parent].tocsr()  # each half may be met where its block was
        colors = color_columns(candidates)
        count = int(colors.max()) + 1
        spent += count
        if spent > n:
            return None
        known = _tested(probe, starts, candidates, colors, count)
    return known


def _halved(starts: Any) -> tuple[Any, Any]:
    """Borders of the halved blocks and, for each half, the block it comes from."""
    lows, highs = starts[:-1], starts[1:]
    wide = highs - lows > 1
    middles = (lows + highs) // 2
    new = np.unique(np.concatenate([starts, middles[wide]]))
    parent = np.searchsorted(starts, new[:-1], side="right") - 1
    return new, parent


def _tested(probe: _Probe, starts: Any, candidates: Any, colors: Any, count: int) -> Any:
    """The entries of `candidates` that an evaluation confirms."""
    sizes = np.diff(starts)
    column_color = np.repeat(colors, sizes)
    rows = np.repeat(np.arange(candidates.shape[0]), np.diff(candidates.indptr))
    keep = np.zeros(candidates.nnz, dtype=bool)
    entry_color = colors[candidates.indices]
    changed = probe.changed([column_color == c for c in range(count)])
    for c in range(count):
        keep |= (entry_color == c) & changed[c][rows]
    kept = np.ones(int(keep.sum()), dtype=bool)
    return scipy.sparse.csr_matrix((kept, (rows[keep], candidates.indices[keep])), shape=candidates.shape)


def _lets_nan_through(p: Problem) -> bool:
    """Whether all of f turns NaN when all of x does."""
    value = p.values([np.full(p.x.shape, np.nan)])[0]
    return value.error is None and value.shape == p.shape and bool(np.isnan(value.flat).all())


class _Probe:
    """Which components of f notice a change of some variables."""

    def __init__(self, p: Problem, nan: bool) -> None:
        self.p, self.nan = p, nan
        signs = np.random.default_rng(7).choice([-1.0, 1.0], p.x.size)
        self.moves = signs * np.random.default_rng(8).uniform(0.5, 1.0, p.x.size) * typical_scales(p.x) * 2.0**-10

    def changed(self, masks: list[Any]) -> list[Any]:
        points = [np.where(mask, np.nan if self.nan else self.p.x + self.moves, self.p.x) for mask in masks]
        out = []
        for value in self.p.values(points):
            if value.error is not None or value.shape != self.p.shape:
                out.append(np.ones(self.p.f0.shape, dtype=bool))  # nothing learnt: all may depend
                continue
            flat = self.p.real_parts(value)
            out.append(np.isnan(flat) if self.nan else ~(flat == self.p.f0))
        return out
