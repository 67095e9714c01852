"""Points where a function itself jumps, so that it has no derivative and none of its formulas says anything: an
eigenvector where the eigenvalue is repeated. The formula there would be a number (pinv of 0 is 0); NaN is the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from frechet.core.lazy import np
from frechet.core.node import Call, Node, topological
from frechet.equality.interpret import interpret_all
from frechet.reference.conditions import read_conditions

TOUCHING = 1e-12


def jumps(root: Node) -> list[Call]:
    """The applications in a function whose value jumps, as a whole, somewhere."""
    return [n for n in topological([root]) if isinstance(n, Call) and n.operation.jumps]


def jumps_at(calls: Sequence[Call], arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> bool:
    """Whether one of them does at this point."""
    if not calls:
        return False
    known = interpret_all([a for call in calls for a in call.children], arrays, sizes)
    for call in calls:
        values = dict(zip(call.operation.params, (np.asarray(known[a]) for a in call.children), strict=False))
        for condition in read_conditions(call.operation.kink) or ():
            if set(condition.names) <= set(values) and np.min(np.abs(condition.difference(values))) < TOUCHING:
                return True
    return False
