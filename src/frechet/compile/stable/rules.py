"""Rewritings that keep digits: one named rule each, with the identity it uses and the formula it was made for.

    settled(roots, before=True)    what is done to a value before it is differentiated: its derivatives are stable too
    settled(roots)                 what is done to any node: differences of near equals that appear in derivatives

No rule changes the mathematical function: each is an identity on the whole domain of its left side (at x = 0, where
norm2 has no derivative, its gradient becomes 0, one of the subgradients).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from frechet.compile.stable import differences, logs, quotients, sums
from frechet.compile.stable.rewriting import RULES, fired
from frechet.core.build import rebuild
from frechet.core.node import Ein, Node, topological

# The rules stand in these rooms, tried in this order.
ROOMS = (logs, sums, differences, quotients)
__all__ = ["RULES", "settled"]


def settled(roots: Sequence[Node], *, before: bool = False) -> list[Node]:
    """The roots after every rule that fits, parts first."""
    order = topological(roots)
    higher = {base for n in order if isinstance(n, Ein) for base, _, e in n.factors if e in _HIGHER}
    new: dict[Node, Node] = {}
    for node in order:
        same = all(new[c] is c for c in node.children)
        current = node if same else rebuild(node, [new[c] for c in node.children])
        # S^(-1/2) - u^2*S^(-3/2) cancels to one power of S: roots in such company stay powers
        plain = isinstance(node, Ein) and any(f[0] in higher for f in node.factors)
        new[node] = fired(current, before, plain)
    return [new[r] for r in roots]


_HIGHER = {Fraction(k, 2) for k in (-7, -5, -3, 3, 5)}
