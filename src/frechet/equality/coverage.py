"""Have the points seen every function at work?

That two formulas agree at many points says little where all points lie on one side of a kink, where a function is flat
(tanh(1000*x) is 1 or -1 wherever one looks) or still straight (sin(x) near 0), or where one term of a sum is lost
beside another. A point is evidence about what was at work there, and only what has been seen at work supports
"no difference found". What was not seen is looked for by `equality.hunt`; what stays unseen leaves the question open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from frechet.core.ein import split_coef
from frechet.core.facts import is_nonnegative
from frechet.core.lazy import np
from frechet.core.node import Add, Call, Ein, Map, Node, Number, Var, topological
from frechet.reference.conditions import Condition, read_conditions

Values = Mapping[Node, Any]
# Opaque operations made of exponentials: like the elementwise ones they can be flat or straight.
_EXPONENTIAL = ("softmax", "logsumexp", "expm", "dexpm")
_COMPARISONS = frozenset({"gt", "ge", "lt", "le", "eq", "ne"})
_CASES = _COMPARISONS | {"and", "or", "not", "where"}
BENDS = 1e-4  # second difference, relative, of a function that is neither flat nor straight
COUNTS = 1e-6  # a term of this part of the largest one counts
VARIES = 1e-3


class Watch:
    """One thing that must be seen. `target` is a quantity that goes through zero where it is still missing: a hunt
    for a point makes its size smaller; None where only other scales help."""

    target: Callable[[Values], Any] | None = None
    needs: tuple[Node, ...] = ()
    seen = False

    def look(self, values: Values) -> None:
        """Take notice of a point."""
        raise NotImplementedError

    def reason(self) -> str:
        """What is missing, as the end of a sentence."""
        raise NotImplementedError


class Sides(Watch):
    """A function with a kink: both sides of it."""

    def __init__(self, node: Map, condition: Condition) -> None:
        self.node = node
        self.condition = condition
        self.needs = node.children
        self.signs: set[float] = set()
        self.target = self._difference
        one_sided = len(node.children) == 1 and is_nonnegative(node.children[0])
        self.wanted = {1.0} if one_sided else {-1.0, 1.0}  # sign(relu(x)): what is never negative cannot be seen so

    def _difference(self, values: Values) -> Any:
        params = dict(zip(self.node.operation.params, (values[c] for c in self.node.children), strict=False))
        return np.asarray(self.condition.difference(params))

    def look(self, values: Values) -> None:
        self.signs |= set(np.sign(self._difference(values)).ravel().tolist())
        self.seen = self.wanted <= self.signs

    def reason(self) -> str:
        return f"{self.node.operation.name}(...) was only seen on one side of its kink"


class Cases(Watch):
    """A comparison, a truth value or a choice: both cases."""

    def __init__(self, node: Map) -> None:
        self.node = node
        self.of = node.children[0] if node.operation.name == "where" else node
        self.found: set[bool] = set()
        if node.operation.name in _COMPARISONS:
            self.needs = node.children
            self.target = self._difference

    def _difference(self, values: Values) -> Any:
        a, b = (np.asarray(values[c], dtype=float) for c in self.node.children)
        return a - b

    def look(self, values: Values) -> None:
        self.found |= set((np.asarray(values[self.of]) != 0).ravel().tolist())
        self.seen = len(self.found) == 2

    def reason(self) -> str:
        return f"{self.node.operation.name}(...) was only seen in one of its cases"


class Bend(Watch):
    """A smooth function: somewhere neither flat nor straight, and not always at the same place."""

    def __init__(self, node: Map | Call) -> None:
        self.node = node
        self.needs = node.children
        self.bent = False
        self.least, self.most = np.inf, -np.inf
        self.fixed = not any(isinstance(n, Var) for n in topological([node]))

    def look(self, values: Values) -> None:
        args = [np.asarray(values[c], dtype=float) for c in self.node.children]
        first = args[0].ravel()
        self.least, self.most = min(self.least, float(first.min())), max(self.most, float(first.max()))
        self.bent = self.bent or self._bends(args)
        moved = self.most - self.least > VARIES * max(abs(self.most), abs(self.least))
        self.seen = self.bent and (moved or self.fixed)

    def _bends(self, args: Sequence[Any]) -> bool:
        """The second difference of the function along its arguments."""
        value = self.node.operation.value
        assert value is not None
        square = isinstance(self.node, Call)
        try:
            with np.errstate(all="ignore"):
                low, middle, high = (
                    np.asarray(value(*[np.atleast_2d(a * f) if square else a * f for a in args]), dtype=float)
                    for f in (0.75, 1.0, 1.25)
                )
        except (np.linalg.LinAlgError, ValueError):
            return True  # the operation itself refuses to leave the point: it is not flat there
        size = abs(low) + abs(middle) + abs(high)
        return bool(np.any(abs(low - 2 * middle + high) > BENDS * size) or not np.isfinite(size).all())

    def reason(self) -> str:
        return f"{self.node.operation.name}(...) was only seen where it is flat or straight"


class Terms(Watch):
    """A sum: every term of it, where it is not lost beside the others."""

    def __init__(self, node: Add) -> None:
        self.node = node
        self.needs = tuple(n for _, n in node.terms)
        self.missing = set(range(len(node.terms)))

    def look(self, values: Values) -> None:
        if not self.missing:
            return
        parts = np.stack([abs(float(c) * np.asarray(values[n], dtype=float)).ravel() for c, n in self.node.terms])
        counts = (parts >= COUNTS * parts.max(axis=0)) & (parts > 0)
        self.missing -= set(np.flatnonzero(counts.any(axis=1)).tolist())
        self.seen = not self.missing

    def reason(self) -> str:
        return "a term of a sum was lost beside the others at every point"


class Border(Watch):
    """A term of what decides between two cases, 10^-9 in x > 10^-9: a point where the case would be the other one
    without it. However exact the comparison, elsewhere the claim about x > 0 is the same."""

    def __init__(self, node: Add, coef: Number, term: Node) -> None:
        self.node = node
        self.needs = (node, term)
        self.coef, self.term = float(coef), term
        self.target = lambda values: np.asarray(values[node], dtype=float)

    def look(self, values: Values) -> None:
        whole = np.asarray(values[self.node], dtype=float)
        rest = whole - self.coef * np.asarray(values[self.term], dtype=float)
        self.seen = self.seen or bool(np.any(np.sign(whole) != np.sign(rest)))

    def reason(self) -> str:
        return "a term of a condition decided nothing at any point"


def _borders(node: Map) -> list[Watch]:
    """The terms of sums among the arguments of a comparison or of a function with a kink."""
    found: list[Watch] = []
    for child in node.children:
        inner = split_coef(child)[1]
        if isinstance(inner, Ein) and len(inner.factors) == 1:
            inner = inner.factors[0][0]  # a transpose, or the same for every row
        if isinstance(inner, Add) and not is_nonnegative(inner):
            found += [Border(inner, coef, term) for coef, term in inner.terms]
    return found


def watches(roots: Sequence[Node], *, exact: bool) -> list[Watch]:
    """What must be seen of some nodes. `exact`: they were compared without rounding, so that no term was lost."""
    found: list[Watch] = []
    for node in topological(roots):
        if isinstance(node, Map):
            kinks = [c for c in read_conditions(node.operation.kink) or () if isinstance(c, Condition)]
            known = set(node.operation.params[: len(node.children)])
            if node.operation.name in _CASES:
                found += [Cases(node), *(_borders(node) if node.operation.name in _COMPARISONS else ())]
            elif kinks:
                found += [*(Sides(node, c) for c in kinks if set(c.names) <= known), *_borders(node)]
            else:
                found.append(Bend(node))
        elif isinstance(node, Call) and node.operation.name in _EXPONENTIAL:
            found.append(Bend(node))
        elif isinstance(node, Add) and not exact:
            found.append(Terms(node))
    return found
