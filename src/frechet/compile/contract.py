"""The order of a contraction: pairs of operands, found by dynamic programming over subsets with the sizes known.

An operand that is the inverse of a matrix is never formed if it only multiplies: the pair is then a solve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from frechet.compile.program import CALL, ENTRY, PRODUCT, VECTOR

# Beyond this many operands pairs are taken greedily: the subsets would be too many.
EXHAUSTIVE = 9
# Up to this many operands, also products of arrays that share no index are tried before others.
LOOSE = 5


@dataclass(frozen=True, slots=True)
class Operand:
    """An array and the index of each of its axes; with `inverse` the matrix is the inverse of what `name` factors."""

    name: str
    idx: tuple[int, ...]
    inverse: bool = False


Tree = int | tuple["Tree", "Tree"]
# The product of two operands with these indices kept, if the program has it already, and how many could share it.
Known = Callable[[Operand, Operand, frozenset[int]], tuple[Operand | None, int]]


def solves(left: Operand, right: frozenset[int], kept: frozenset[int]) -> bool:
    """Whether inverse `left` times an operand with indices `right` is a solve: one index summed, the other free."""
    if not left.inverse or left.idx[0] == left.idx[1]:
        return False
    a, b = left.idx
    return ((a in right) != (b in right)) and (a in kept) + (b in kept) == 1 and (a if a in right else b) not in kept


class Orderer:
    """Finds the pairs for one product."""

    def __init__(self, operands: Sequence[Operand], out: Sequence[int], length: dict[int, int], known: Known) -> None:
        self.operands = operands
        self.length = length
        self.known = known
        self.made: dict[int, Operand | None] = {1 << k: o for k, o in enumerate(operands)}
        self.outside = frozenset(out)

    def volume(self, indices: frozenset[int]) -> float:
        total = 1.0
        for i in indices:
            total *= self.length[i]
        return total

    def indices(self, subset: int) -> frozenset[int]:
        """The indices of the product of a subset: those that are used outside."""
        inside: set[int] = set()
        beyond = set(self.outside)
        for k, o in enumerate(self.operands):
            (inside if subset >> k & 1 else beyond).update(o.idx)
        return frozenset(inside & beyond)

    def pair(self, left: int, right: int, li: frozenset[int], ri: frozenset[int], kept: frozenset[int]) -> float:
        """Nanoseconds of one product of two subsets."""
        single = [self.made.get(left), self.made.get(right)]
        if not single[0] or not single[1]:
            return self._alone(single, li, ri, kept)
        found, share = self.known(single[0], single[1], kept)
        if found is not None:
            self.made[left | right] = found
            return 0.0
        cost = self._alone(single, li, ri, kept)
        if kept < li | ri and self.known(single[0], single[1], li | ri)[0]:
            cost = self.volume(li | ri) * ENTRY / 2 + CALL  # a sum of what is there
        return cost / share

    def _alone(
        self, single: Sequence[Operand | None], li: frozenset[int], ri: frozenset[int], kept: frozenset[int]
    ) -> float:
        """Nanoseconds of one product, whatever else is there."""
        volume = self.volume(li | ri)
        extra = 0.0
        for one, other in ((single[0], ri), (single[1], li)):
            if one is not None and one.inverse:
                if solves(one, other, kept):
                    return volume * 1.2 * (PRODUCT if len(other) > 1 else VECTOR) + 2 * CALL
                extra += PRODUCT * self.length[one.idx[0]] ** 3
        if len(kept) > 2:
            extra += 2 * self.volume(kept) + 2 * CALL  # its axes will have to be moved
        if not (li | ri) - kept:
            return extra + volume * ENTRY + CALL
        matrices = (li - ri) and (ri - li)
        batched = (li & ri) & kept
        rate = (PRODUCT if not batched else 3 * PRODUCT) if matrices else VECTOR
        return extra + volume * rate + self.volume(kept) * ENTRY / 2 + CALL

    def order(self) -> tuple[float, Tree]:
        """The estimated nanoseconds and the pairs."""
        n = len(self.operands)
        return self._exhaustive(n) if n <= EXHAUSTIVE else self._greedy(n)

    def _exhaustive(self, n: int) -> tuple[float, Tree]:
        kept = {1 << k: self.indices(1 << k) for k in range(n)}
        best: dict[int, tuple[float, Tree]] = {1 << k: (0.0, k) for k in range(n)}
        alike: dict[int, list[str]] = {}
        tight = self._tight() if n > LOOSE else None
        for subset in sorted(range(1, 1 << n), key=lambda s: (s.bit_count(), s)):
            if subset in best or (tight is not None and subset not in tight):
                continue
            kept[subset] = self.indices(subset)
            choice: tuple[float, Tree] | None = None
            for left, right in _splits(subset):
                if left not in best or right not in best:
                    continue
                parts = best[left][0] + (0.0 if self._same(left, right, alike) else best[right][0])
                if choice is not None and parts >= choice[0]:
                    continue
                cost = parts + self.pair(left, right, kept[left], kept[right], kept[subset])
                if choice is None or cost < choice[0]:
                    choice = (cost, (best[left][1], best[right][1]))
                if self.made.get(subset):
                    choice = (0.0, (best[left][1], best[right][1]))
                    break
            assert choice is not None
            best[subset] = choice
        return best[(1 << n) - 1]

    def _tight(self) -> set[int]:
        """The subsets that common indices hold together, and unions of whole components."""
        n, full = len(self.operands), (1 << len(self.operands)) - 1
        near = [sum(1 << j for j, p in enumerate(self.operands) if {*o.idx} & {*p.idx}) for o in self.operands]

        def reached(inside: int) -> int:
            found, wider = 0, inside & -inside
            while wider != found:
                found = wider
                for k in range(n):
                    if found >> k & 1:
                        wider |= near[k]
                wider &= inside
            return found

        tight = {s for s in range(1, full + 1) if reached(s) == s}
        unions, rest = {0}, full
        while rest:
            component = reached(rest)
            unions |= {u | component for u in unions}
            rest ^= component
        return tight | unions

    def _same(self, left: int, right: int, alike: dict[int, list[str]]) -> bool:
        """Whether two subsets are products of the same arrays (so that, most likely, one computation serves both)."""
        if left.bit_count() != right.bit_count() or left.bit_count() == 1:
            return False
        for subset in (left, right):
            if subset not in alike:
                alike[subset] = sorted(o.name for k, o in enumerate(self.operands) if subset >> k & 1)
        return alike[left] == alike[right]

    def _greedy(self, n: int) -> tuple[float, Tree]:
        """Cheapest pair first, connected pairs before others."""
        parts: list[tuple[int, Tree]] = [(1 << k, k) for k in range(n)]
        total = 0.0
        while len(parts) > 1:
            choice: tuple[tuple[bool, float], int, int] | None = None
            for a in range(len(parts)):
                ia = self.indices(parts[a][0])
                for b in range(a + 1, len(parts)):
                    ib = self.indices(parts[b][0])
                    kept = self.indices(parts[a][0] | parts[b][0])
                    key = (not ia & ib, self.pair(parts[a][0], parts[b][0], ia, ib, kept))
                    if choice is None or key < choice[0]:
                        choice = (key, a, b)
            assert choice is not None
            (_, cost), a, b = choice
            total += cost
            merged = (parts[a][0] | parts[b][0], (parts[a][1], parts[b][1]))
            parts = [p for k, p in enumerate(parts) if k not in (a, b)] + [merged]
        return total, parts[0][1]


def _splits(subset: int) -> Iterator[tuple[int, int]]:
    """The ways to split a subset in two, each once."""
    low = subset & -subset
    rest = subset ^ low
    part = rest
    while part:
        part = (part - 1) & rest
        yield low | part, rest ^ part
