"""Where a tree is defined and smooth, as numbers whose sign says it.

Records state their domain and their kinks as text over their parameters: "x > 0", "abs(x) < 1", "det(X) != 0",
"x = 0", "a = b"; or in words, as `_PHRASES` lists them. This is the one reader of those texts. A capital letter
in a kink of the form "X = 0" means that all of X vanishes, as in the norm of X; "some X = 0" means that an entry does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from frechet.core.lazy import np
from frechet.language.scopes import size_places
from frechet.language.tree import Tree
from frechet.ops.op import REGISTRY
from frechet.reference.program import Program, Slots

Values = Mapping[str, Any]
Quantity = Callable[[Slots], Any]


def _conditioning(X: Any) -> Any:
    """Zero for a singular matrix, with the sign of the determinant: the smallest singular value over the largest."""
    singular = np.linalg.svd(X, compute_uv=False)
    return np.linalg.slogdet(X)[0] * singular[-1:] / max(float(singular[0]), 1e-300)


_WORDS: dict[str, Callable[[Any], Any]] = {
    "abs": lambda x: np.abs(x),
    "cos": lambda x: np.cos(x),
    "sin": lambda x: np.sin(x),
    "tr": lambda x: np.trace(x),
    "norm2": lambda x: np.sqrt(np.sum(x * x)),
    "det": _conditioning,
}
_SIDE = r"\s*(?:(?P<{0}fn>\w+)\((?P<{0}arg>\w+)\)|(?P<{0}number>-?\d+(?:\.\d+)?)|(?P<{0}name>[A-Za-z_]\w*))\s*"
_CONDITION = re.compile("(?P<some>some\\s)?" + _SIDE.format("l") + r"(?P<op>!=|=|>|<)" + _SIDE.format("r") + r"\Z")


@dataclass(frozen=True, slots=True)
class Condition:
    """One relation; `difference` of the values of the parameters is what must be positive or not zero."""

    op: str
    left: tuple[str, str]
    right: tuple[str, str]
    whole: bool = False

    @property
    def kind(self) -> str:
        return {">": "positive", "<": "positive", "!=": "nonzero", "=": "kink"}[self.op]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(text for _, text in (self.left, self.right) if not _is_number(text))

    def difference(self, values: Values) -> Any:
        a, b = _value(self.left, values), _value(self.right, values)
        gap = b - a if self.op == "<" else a - b
        return _WORDS["norm2"](gap) if self.whole else gap


def _relative_gap(values: Any) -> Any:
    """The least distance between two of some numbers, on their own scale."""
    ordered = np.sort(values)
    return np.min(np.diff(ordered), initial=np.inf) / max(float(np.max(np.abs(ordered), initial=0.0)), 1e-300)


def _eigenvalues(S: Any) -> Any:
    return np.linalg.eigvalsh((S + S.T) / 2)


def _singular(X: Any) -> Any:
    """Singular values over the largest."""
    values = np.linalg.svd(X, compute_uv=False)
    return values / max(float(values[0]), 1e-300)


def _off_axis(X: Any) -> Any:
    """How far the eigenvalues stay from the negative real axis, over the largest: an angle where the matrix is not
    singular."""
    values = np.linalg.eigvals(X)
    angle = np.min(np.pi - np.abs(np.angle(values)))
    return min(angle, float(np.min(np.abs(values)) / max(float(np.max(np.abs(values))), 1e-300)))


def _apart(A: Any, B: Any) -> Any:
    """The least |a + b| over eigenvalues a of A and b of B, over the largest."""
    sums = np.abs(np.linalg.eigvals(A)[:, None] + np.linalg.eigvals(B)[None, :])
    return np.min(sums) / max(float(np.max(sums)), 1e-300)


def _steady_rank(X: Any) -> Any:
    """The least singular value that is not a rounded zero."""
    values = _singular(X)
    return np.min(values[values > 1e-12], initial=1.0)


# phrase with its parameters -> (kind, quantity of their values)
_PHRASES: dict[str, tuple[str, str, Callable[..., Any]]] = {
    "S is positive definite": ("positive", "S", lambda S: _eigenvalues(S)),
    "no eigenvalue of X is <= 0": ("positive", "X", _off_axis),
    "A and -B share no eigenvalue": ("positive", "AB", _apart),
    "p >= 0 or det(X) != 0": ("positive", "Xp", lambda X, p: _of_power(X, p, True)),
    "the rank of X is constant": ("positive", "X", _steady_rank),
    "X has full rank": ("positive", "X", lambda X: _singular(X)),
    "X is rank deficient": ("positive", "X", lambda X: _singular(X)),
    "the largest eigenvalue of S is repeated": ("positive", "S", lambda S: _relative_gap(_eigenvalues(S)[-2:])),
    "an eigenvalue of S is repeated": ("positive", "S", lambda S: _relative_gap(_eigenvalues(S))),
    "the largest singular value of X is repeated": ("positive", "X", lambda X: _relative_gap(_singular(X)[:2])),
    "a singular value of X is 0 or repeated": (
        "positive", "X", lambda X: min(_relative_gap(_singular(X)), float(_singular(X)[-1]))),
    "two largest entries of a are equal": ("kink", "a", lambda a: _relative_gap(np.sort(a.ravel())[-2:])),
    "two largest entries of x are equal": ("kink", "x", lambda x: _relative_gap(np.sort(x.ravel())[-2:])),
    "two largest entries of abs(X) are equal": (
        "kink", "X", lambda X: _relative_gap(np.sort(np.abs(X).ravel())[-2:])),
    "two entries of x are equal": ("kink", "x", lambda x: _relative_gap(x.ravel())),
    "two least entries of a are equal": ("kink", "a", lambda a: _relative_gap(np.sort(a.ravel())[:2])),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phrase:
    """A condition in words; `difference` is positive where it is smooth and defined."""

    kind: str
    names: tuple[str, ...]
    quantity: Callable[..., Any]

    def difference(self, values: Values) -> Any:
        return self.quantity(*[values[n] for n in self.names])


def _is_number(text: str) -> bool:
    return text[0] in "-0123456789"


def _value(side: tuple[str, str], values: Values) -> Any:
    fn, text = side
    x = float(text) if _is_number(text) else values[text]
    return _WORDS[fn](x) if fn else x


def _side(match: re.Match[str], s: str) -> tuple[str, str]:
    return match[f"{s}fn"] or "", match[f"{s}arg"] or match[f"{s}number"] or match[f"{s}name"]


@cache
def read_conditions(text: str) -> tuple[Condition | Phrase, ...] | None:
    """The relations in a record's text; None if it is not in the few words understood."""
    if text in _PHRASES:
        kind, names, quantity = _PHRASES[text]
        return (Phrase(kind, tuple(names), quantity),)
    found: list[Condition | Phrase] = []
    for part in text.split(" and ") if text else []:
        match = _CONDITION.match(part.strip())
        if match is None or any(match[f"{s}fn"] and match[f"{s}fn"] not in _WORDS for s in "lr"):
            return None
        left, right = _side(match, "l"), _side(match, "r")
        whole = match["op"] == "=" and not match["some"] and left[1][0].isupper()
        found.append(Condition(match["op"], left, right, whole))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Guard:
    """A number (or array) that must stay positive, or away from zero, where `tree` is computed.

    kind is "positive", "nonzero", or "kink": there, exactly zero is left to the comparison of both ends of a line,
    because max(x, x) has its kink everywhere and is smooth.
    """

    kind: str
    tree: Tree
    quantity: Quantity

    def holds(self, slots: Slots, margin: float, asked: Any = None) -> bool:
        """Whether the number stays off its border; `asked` says in which entries that matters (see `asked_for`)."""
        q = self.quantity(slots)
        if asked is not None:
            q = masked(q, asked, np.inf)
        if self.kind == "positive":
            return bool(np.min(q, initial=np.inf) > margin)
        gap = np.abs(q)
        if self.kind == "kink":
            gap = np.where(gap == 0, np.inf, gap)
        return bool(np.min(gap, initial=np.inf) > margin)


def masked(value: Any, asked: Any, other: float) -> Any:
    """The value with `other` in the entries that are not asked for, where it has the same entries."""
    if np.size(asked) == 1 or np.size(value) == 1 or np.shape(value) == np.shape(asked):
        return np.where(asked, value, other)
    return value


def asked_for(program: Program) -> list[tuple[tuple[int, bool], ...]]:
    """For each step the choices that its value is used under: (slot of the condition, whether it has to hold)."""
    found: dict[int, frozenset[tuple[int, bool]]] = {program.result: frozenset()}
    for tree, target, args in zip(reversed(program.trees), reversed(program.targets), reversed(program.arguments),
                                  strict=True):  # fmt: skip
        own = found.get(target, frozenset())
        for k, slot in enumerate(args):
            chosen = tree.kind == "call" and tree.name == "where" and k > 0
            inside = own | {(args[0], k == 1)} if chosen else own
            found[slot] = found[slot] & inside if slot in found else inside
    return [tuple(sorted(found.get(t, frozenset()))) for t in program.targets]


def entries_asked(choices: Sequence[tuple[int, bool]], slots: Slots) -> Any:
    """In which entries a value is asked for: an array of truth values, None for all."""
    asked: Any = None
    for slot, holds in choices:
        chosen = (slots[slot] != 0) == holds
        asked = chosen if asked is None else asked & chosen
    return asked


def guards_of(program: Program) -> list[list[Guard]]:
    """The guards of each step of a program."""
    return [_guards(t, a, program) for t, a in zip(program.trees, program.arguments, strict=True)]


def _guards(tree: Tree, args: Sequence[int], program: Program) -> list[Guard]:
    if tree.kind in ("div", "dotdiv"):
        return [Guard("nonzero", tree, _slot(args[1]))]
    if tree.kind in ("pow", "dotpow"):
        return _power_guards(tree, args, program)
    if tree.kind != "call":
        return []
    record = REGISTRY[tree.name]
    places = size_places(tree)
    names = [p for i, p in enumerate(record.params[: len(tree.args)]) if i not in places]
    conditions = (*(read_conditions(record.domain) or ()), *(read_conditions(record.kink) or ()))
    return [_guard(c, tree, names, args) for c in conditions]


def _guard(condition: Condition | Phrase, tree: Tree, names: Sequence[str], args: Sequence[int]) -> Guard:
    if not set(condition.names) <= set(names):
        # max(x) of one argument has the kinks of max(a, b) between any two of its entries.
        return Guard("kink", tree, lambda slots: _gaps(slots[args[0]]))
    pairs = list(zip(names, args, strict=True))
    return Guard(condition.kind, tree, lambda slots: condition.difference({n: slots[a] for n, a in pairs}))


def _gaps(x: Any) -> Any:
    """Differences of all pairs of entries."""
    flat = x.ravel()
    i, j = np.triu_indices(flat.size, 1)
    return flat[i] - flat[j]


def _power_guards(tree: Tree, args: Sequence[int], program: Program) -> list[Guard]:
    base, exponent = args
    constant = program.value_of(exponent)
    matrix = tree.kind == "pow" and not tree.args[0].typed.is_scalar
    if constant is None:
        return [Guard("positive", tree, lambda slots: _of_power(slots[base], slots[exponent], matrix))]
    if not np.all(constant == np.round(constant)):
        return [Guard("positive", tree, _slot(base))]
    if np.all(constant >= 0):
        return []
    if matrix:
        return [Guard("nonzero", tree, lambda slots: _conditioning(slots[base]))]
    return [Guard("nonzero", tree, _slot(base))]


def _of_power(base: Any, exponent: Any, matrix: bool) -> Any:
    """Positive where base^exponent is defined and smooth: a whole exponent asks for less than a broken one."""
    if matrix:
        return np.ones(1) if np.all(exponent >= 0) else np.abs(_conditioning(base))
    whole = exponent == np.round(exponent)
    return np.where(whole, np.where(exponent >= 0, 1.0, np.abs(base)), base)


def _slot(index: int) -> Quantity:
    return lambda slots: slots[index]
