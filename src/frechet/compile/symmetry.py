"""Products that equal their own transpose because their factors stand in pairs: half the work is enough."""

from __future__ import annotations

from collections.abc import Sequence

from frechet.compile.contract import Operand

Half = tuple[list[Operand], list[Operand], tuple[int, ...], tuple[int, ...], tuple[int, ...]]


def gram_parts(operands: Sequence[Operand], out: Sequence[int]) -> Half | None:
    """Z and w of a product that is Z'*diag(w)*Z: (factors of Z, factors of w, row indices, column indices, summed).

    Every factor with a row index must have its twin with the matching column index, on the same summed indices; what
    has summed indices alone is the weight.
    """
    unique = tuple(dict.fromkeys(out))
    if len(unique) % 2 or not unique or len(unique) != len(out):
        return None
    half = len(unique) // 2
    for rows, columns in _layouts(unique, half):
        swap = dict(zip(rows, columns, strict=True))
        left: list[Operand] = []
        weights: list[Operand] = []
        right = [o for o in operands if set(o.idx) & set(columns)]
        for o in operands:
            if set(o.idx) & set(rows):
                left.append(o)
            elif o not in right:
                weights.append(o)
        twins = [Operand(o.name, tuple(swap.get(i, i) for i in o.idx), o.inverse) for o in left]
        shared = tuple(dict.fromkeys(i for o in left for i in o.idx if i not in rows))
        if not left or not shared or any(o.inverse for o in operands) or any(o in right for o in left):
            continue
        covered = {i for o in left for i in o.idx} >= {*rows, *shared}
        if covered and _same(twins, right) and all(set(o.idx) <= set(shared) for o in weights):
            return left, weights, tuple(rows), tuple(columns), shared
    return None


def _layouts(unique: tuple[int, ...], half: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Which output indices may be rows and which columns: first half and second half."""
    return [(unique[:half], unique[half:])]


def _same(left: list[Operand], right: list[Operand]) -> bool:
    rest = list(right)
    for o in left:
        if o not in rest:
            return False
        rest.remove(o)
    return not rest
