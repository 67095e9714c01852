"""What may be assumed of a value, and what can be read off a node. The words themselves: `language.declarations`."""

from __future__ import annotations

from frechet.core.node import Add, Call, Ein, Map, Mask, Node, Number, Pick, Size, Unit, Var

# Facts that tie entries of a variable to each other. They are put aside while differentiating by it.
STRUCTURAL = frozenset({"binary", "signs", "symmetric", "spd", "orthogonal", "diagonal", "lower", "upper", "skew",
                        "toeplitz"})  # fmt: skip
# What a domain says of every entry of a value.
OF_DOMAIN = {"positive": "positive", "unit": "positive", "simplex": "positive", "labels01": "binary", "pm1": "signs"}

# Words for variables whose values are complex: functions of them are `api.complex`'s.
COMPLEX = frozenset({"complex", "hermitian"})


def is_positive(node: Node) -> bool:
    """Every entry is known to be > 0."""
    if not node.real:
        return False
    if isinstance(node, Size):
        return True
    if isinstance(node, Var):
        return "positive" in node.facts
    if isinstance(node, (Map, Call)):
        return "positive" in node.operation.facts or (
            isinstance(node, Call) and node.operation.name == "det" and is_spd(node.children[0])
        )
    if isinstance(node, Ein):
        return node.coef > 0 and len(set(node.out)) == len(node.out) and all(is_positive(f[0]) for f in node.factors)
    if isinstance(node, Add):
        parts = [_least(n, c) for c, n in node.terms]
        known = [p for p in parts if p is not None]
        total = sum(low for low, _ in known)
        return len(known) == len(parts) and (total > 0 or (total == 0 and any(strict for _, strict in known)))
    return False


def _least(node: Node, coef: Number) -> tuple[Number, bool] | None:
    """What coef*node cannot fall below, and whether it stays above that: 2*cos(u) >= -2, 1 - tanh(u)^2 > 0."""
    e: Number = 1
    if isinstance(node, Ein) and len(set(node.out)) == len(node.out) == len(node.index_dims):
        coef = coef * node.coef
        if not node.factors:
            return coef, False
        if len(node.factors) == 1 and node.factors[0][1] == node.out:
            node, _, e = node.factors[0]
    elif isinstance(node, Ein):
        return (0, False) if coef > 0 and is_nonnegative(node) else None
    if isinstance(node, Map) and node.operation.bounds is not None and node.real and e in (1, 2):
        low, high, strict = node.operation.bounds
        if e == 2:
            low, high = (0, max(low * low, high * high)) if low < 0 else (low * low, high * high)
        return (coef * low, strict and (e == 1 or low > 0)) if coef > 0 else (coef * high, strict)
    if coef > 0 and is_positive(node):
        return 0, True
    return (0, False) if coef > 0 and ((e % 2 == 0 and node.real) or is_nonnegative(node)) else None


def is_integer(node: Node) -> bool:
    """Every entry is known to be an integer."""
    if isinstance(node, (Var, Size)):
        return isinstance(node, Size) or "integer" in node.facts
    if isinstance(node, Ein):
        return node.coef == int(node.coef) and all(e == int(e) and e > 0 and is_integer(n) for n, _, e in node.factors)
    return isinstance(node, Add) and all(c == int(c) and is_integer(n) for c, n in node.terms)


def is_nonnegative(node: Node) -> bool:
    """Every entry is known to be >= 0."""
    if not node.real:
        return False
    if is_positive(node):
        return True
    if isinstance(node, Ein):
        even = all((e % 2 == 0) or is_nonnegative(n) for n, _, e in node.factors)
        return node.coef > 0 and even
    if isinstance(node, Add):
        return all(c > 0 and is_nonnegative(n) for c, n in node.terms)
    return isinstance(node, (Map, Call)) and "nonnegative" in node.operation.facts


def is_spd(node: Node) -> bool:
    """Known to be symmetric positive definite."""
    if isinstance(node, Var):
        return "spd" in node.facts
    if isinstance(node, Call):
        return node.operation.name == "inv" and is_spd(node.children[0])
    return False


def has_fact(node: Node, fact: str) -> bool:
    return isinstance(node, Var) and fact in node.facts


def triangle(node: Node) -> str:
    """ "lower" or "upper" where one triangle of a matrix is known to hold only zeros, else empty."""
    if isinstance(node, Call) and node.operation.name == "inv":
        return triangle(node.children[0])
    known = node.facts if isinstance(node, Var) else node.operation.facts if isinstance(node, Call) else frozenset()
    return next((word for word in ("lower", "upper") if word in known), "")


def settled_power(node: Node, e: Number) -> Number:
    """The power of an entry of which only few values are possible: 0 and 1, or 1 and -1."""
    if isinstance(node, (Unit, Mask, Pick)):
        return 1
    if isinstance(node, Var) and e == int(e):
        if "signs" in node.facts:
            return e % 2
        if "binary" in node.facts and e > 1:
            return 1
    return e
