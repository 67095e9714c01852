"""Parts of an identity beside each other and beside basis vectors: eye(n)[2:4,:] with its second row asked for is row 3
of eye(n), two parts that have nothing in common are zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frechet.core.node import Factor, Pick, Unit, pick, unit

if TYPE_CHECKING:
    from frechet.core.ein import _Product


def merge_picks(p: _Product) -> bool:
    """Take one part of an identity away, where that can be said; whether there was one."""
    picks = [f for f in p.factors if isinstance(f[0], Pick)]
    if not picks:
        return False
    units = {idx[0]: n.position for n, idx, _ in p.factors if isinstance(n, Unit)}
    if any(_beside_unit(p, factor, units) for factor in picks):
        return True
    count = p.degrees()
    return any(_pair(p, a, b, count) for k, a in enumerate(picks) for b in picks[k + 1 :])


def _beside_unit(p: _Product, factor: Factor, units: dict[int, int]) -> bool:
    """One index of a part held at a position holds the other one too."""
    part, (row, col), _ = factor
    assert isinstance(part, Pick)
    if row in units:
        new: Factor = (unit(part.first + units[row], part.dims[1]), (col,), 1)
    elif col in units:
        place = units[col] - part.first
        if not 0 <= place < int(part.dims[0]):
            p.vanished = True
            return True
        new = unit(place, part.dims[0]), (row,), 1
    else:
        return False
    p.factors = [new if f is factor else f for f in p.factors]
    return True


def _pair(p: _Product, a: Factor, b: Factor, count: dict[int, int]) -> bool:
    """Two parts with an index in common."""
    (one, (i, j), _), (two, (k, m), _) = a, b
    assert isinstance(one, Pick) and isinstance(two, Pick)
    if j == m and i != k:
        return _same_columns(p, a, b, count)
    for (first, (r, c), _), (second, (r2, c2), _) in ((a, b), (b, a)):
        assert isinstance(first, Pick) and isinstance(second, Pick)
        if c == r2 and count[c] == 2 and r != c2:  # a part of a part
            whole: Factor = (pick(first.first + second.first, first.dims[0], second.dims[1]), (r, c2), 1)
            _replaced(p, a, b, whole, c)
            return True
    return False


def _replaced(p: _Product, a: Factor, b: Factor, new: Factor | None, gone: int) -> None:
    """One factor in the place of two, which were all that had an index."""
    p.factors = [f for f in p.factors if f is not a and f is not b] + ([] if new is None else [new])
    p.dims = {i: d for i, d in p.dims.items() if p.find(i) != gone}


def _same_columns(p: _Product, a: Factor, b: Factor, count: dict[int, int]) -> bool:
    """The entries that two parts take: the same, none, or one of them some of the other's."""
    (one, (i, j), _), (two, (k, _), _) = a, b
    assert isinstance(one, Pick) and isinstance(two, Pick)
    start, stop = one.first, one.first + int(one.dims[0])
    other, end = two.first, two.first + int(two.dims[0])
    if stop <= other or end <= start:
        p.vanished = True
        return True
    if (start, stop) == (other, end):
        if count[j] == 2:
            _replaced(p, a, b, None, j)
        else:
            p.factors = [f for f in p.factors if f is not b]
        p.unify(i, k)
        return True
    if count[j] != 2:
        return False
    if start <= other and end <= stop:
        inside: Factor = (pick(other - start, two.dims[0], one.dims[0]), (k, i), 1)
    elif other <= start and stop <= end:
        inside = pick(start - other, one.dims[0], two.dims[0]), (i, k), 1
    else:
        return False
    _replaced(p, a, b, inside, j)
    return True
