"""Derivatives of determinants and adjugates where the matrix is singular: there by cofactors, not by the inverse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from frechet.core.facts import STRUCTURAL
from frechet.core.node import Call, Ein, Map, Node, topological
from frechet.equality.singular import is_regular
from frechet.language.lower import lower, variable_node
from frechet.language.tree import subtrees
from frechet.notation.product import UnwritableError
from frechet.notation.text import to_text
from frechet.ops.cofactors import BY_COFACTORS, plain

if TYPE_CHECKING:
    from frechet.api.derivative import Derivative

_KNOWN: WeakKeyDictionary[Derivative, Node] = WeakKeyDictionary()


def uses_determinants(d: Derivative) -> bool:
    return any(t.kind == "call" and t.name in BY_COFACTORS for t in subtrees(d.function.tree))


def by_cofactors(d: Derivative) -> Node:
    """The derivative with determinants and adjugates differentiated by cofactors."""
    if d not in _KNOWN:
        known = d.function.declarations
        apart = {n: variable_node(n, known, STRUCTURAL if n in d.wrt else frozenset()) for n in known.variables}
        _KNOWN[d] = d.levels_of(lower(d.function.tree, apart, BY_COFACTORS).root, apart)[-1].tensor
    return _KNOWN[d]


def regular(d: Derivative, values: Mapping[str, Any], sizes: Mapping[str, int]) -> bool:
    """Whether every matrix of a determinant can be inverted at a point."""
    if not uses_determinants(d):
        return True
    return is_regular(by_cofactors(d), values, sizes)


def at_singular(d: Derivative) -> tuple[str, ...]:
    """What the derivative is where a determinant vanishes, if it has a form without an inverse."""
    places = [c for c in d.conditions if c.startswith("det(") and c.endswith(" != 0")]
    if not uses_determinants(d) or len(places) != 1:
        return ()
    node = by_cofactors(d)
    for n in topological([node]):
        bare = isinstance(n, Ein) and not any(e < 0 or e != int(e) for _, _, e in n.factors)
        smooth = isinstance(n, (Map, Call)) and not (n.operation.domain or n.operation.jumps)
        if n.children and not bare and not smooth and not hasattr(n, "terms"):
            return ()
    try:
        text = to_text(d.writer.tree(plain(node)))
    except UnwritableError:
        return ()
    return (f"{places[0].replace('!=', '=')}: the derivative is {text}",)
