"""What is done to the operands of a product before their order is chosen: entries are read, products that are there
already are used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from frechet.compile.contract import Operand
from frechet.compile.program import Program

Known = Callable[[Operand, Operand, frozenset[int]], Operand | None]
Pair = Callable[[Operand, Operand, frozenset[int]], Operand]


def beforehand(
    operands: Sequence[Operand], out: Sequence[int], program: Program, pair: Pair, known: Known
) -> list[Operand]:
    """The operands that are left to be ordered."""
    return _known_used(_entries_read(operands, out, program, pair), out, known)


def _entries_read(operands: Sequence[Operand], out: Sequence[int], program: Program, pair: Pair) -> list[Operand]:
    """Products with unit vectors first: (X*a)[1] is X[1,:]*a, one row instead of all."""

    def is_unit(name: str) -> bool:
        return program.steps[name].op == "unit"

    left = list(operands)
    for u in [o for o in operands if is_unit(o.name)]:
        having = [o for o in left if o is not u and u.idx[0] in o.idx]
        if len(having) == 1 and u.idx[0] not in out and not having[0].inverse and not is_unit(having[0].name):
            kept = frozenset(i for i in having[0].idx if i != u.idx[0])
            if len(kept) == len(having[0].idx) - 1:
                left = [o for o in left if o is not u and o is not having[0]] + [pair(having[0], u, kept)]
    return left


def _known_used(operands: Sequence[Operand], out: Sequence[int], known: Known) -> list[Operand]:
    """sum(X*w) is a sum of X*w if that is there, not a sum of X times w: an operand with an index of its own is put
    together with another one where their product is known."""
    left, uses = list(operands), Counter([i for o in operands for i in o.idx] + list(out))
    for o in (o for o in operands if len(o.idx) > 1 and any(uses[i] == 1 for i in o.idx)):
        for p in operands:
            if o is p or o not in left or p not in left or not set(o.idx) & set(p.idx):
                continue
            beyond = {i for q in left if q is not o and q is not p for i in q.idx} | set(out)
            alone = {i for i in o.idx if i not in p.idx and i not in beyond}
            found = known(o, p, frozenset(i for i in (*o.idx, *p.idx) if i in beyond or i in alone)) if alone else None
            if found is not None:
                left = [q for q in left if q is not o and q is not p] + [found]
    return left
