"""Small sizes for the names: all different, in several orders, obeying the user's relations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, permutations

from frechet.core.dims import Dim
from frechet.language.declarations import Constraint

SMALLEST = 2
_LOOKED_AT = 3000


def size_choices(
    names: Sequence[str], constraints: Sequence[Constraint] = (), avoid: Sequence[int] = ()
) -> Iterator[dict[str, int]]:
    """Ways to give each name a size, the best first: falling and rising in the order of the names, then every mixture.
    The first two differ in whether each size is even: det(-A) is det(A) at even sizes.

    Sizes equal to a number in `avoid` (sizes typed as numbers) come last, so that a clash of sizes shows.
    """
    if not names:
        yield {}
        return
    pool = range(SMALLEST, SMALLEST + len(names) + 2)
    down = tuple(range(SMALLEST + len(names) - 1, SMALLEST - 1, -1))
    seen: set[tuple[int, ...]] = set()
    later: list[dict[str, int]] = []
    rising = tuple(v + len(names) % 2 for v in down[::-1])
    for values in [down, rising, *_spread(pool, len(names))]:
        sizes = _obeying(dict(zip(names, values, strict=True)), constraints)
        key = tuple(sizes[n] for n in names) if sizes is not None else ()
        if sizes is None or key in seen:
            continue
        seen.add(key)
        if _collides(sizes, constraints) or set(key) & set(avoid):
            later.append(sizes)
        else:
            yield sizes
    yield from later


def _spread(pool: range, count: int) -> list[tuple[int, ...]]:
    """Permutations of the pool, taken with a stride so that neighbours in the list differ in every place."""
    every = list(islice(permutations(pool, count), _LOOKED_AT))
    stride = next(s for s in (617, 613, 607) if len(every) % s)
    return [every[i * stride % len(every)] for i in range(len(every))]


def _obeying(sizes: dict[str, int], constraints: Sequence[Constraint]) -> dict[str, int] | None:
    """The sizes moved until every relation holds; None if they cannot be."""
    for _ in range(4 * len(constraints) + 1):
        broken = next((c for c in constraints if not _holds(c, sizes)), None)
        if broken is None:
            return sizes
        left, op, right = broken
        a, b = _number(left, sizes), _number(right, sizes)
        if isinstance(left, str):
            sizes[left] = b + (op == ">")
        elif isinstance(right, str) and a - (op == ">") >= 1:
            sizes[right] = a - (op == ">")
        else:
            return None
    return None


def _number(dim: Dim, sizes: dict[str, int]) -> int:
    return dim if isinstance(dim, int) else sizes.setdefault(dim, SMALLEST)


def _holds(constraint: Constraint, sizes: dict[str, int]) -> bool:
    a, b = _number(constraint.left, sizes), _number(constraint.right, sizes)
    return {">": a > b, ">=": a >= b, "==": a == b}[constraint.op]


def _collides(sizes: dict[str, int], constraints: Sequence[Constraint]) -> bool:
    """Two names of the same size, unless the user says that they are equal."""
    equal = {c.left for c in constraints if c.op == "=="}
    values = [v for name, v in sizes.items() if name not in equal]
    return len(set(values)) < len(values)
