"""Kinds of names that are not declared: scalar, vector or matrix, by use and by letter.

The letters speak first: a-g scalar (vector if transposed or indexed), h-z vector, A-Z matrix, Greek names scalar.
Where the formula does not type-check so, or reads oddly (a scalar right of a matrix), few kinds are changed, the
cheapest change that brings the pass furthest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, product

from frechet.core.errors import FrechetError, problem
from frechet.language.calls import call
from frechet.language.declarations import SQUARE_DOMAINS, SQUARE_FACTS, Declarations, check_name, declared_types
from frechet.language.rules import Typing
from frechet.language.scopes import Plan
from frechet.language.tree import Tree, subtrees
from frechet.language.typed import Type
from frechet.language.unify import Free
from frechet.ops.op import REGISTRY

GREEK = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "eps", "zeta", "eta", "theta", "iota", "kappa", "lambda", "lam", "mu",
    "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
})  # fmt: skip

# Names that are constants in other languages, and what stands for them in this one.
_CONSTANTS = {
    "pi": "for the number write 3.141592653589793.", "e": "for powers of Euler's number write exp(x).",
    "I": "the identity matrix is eye(n).", "inf": "infinity is no number here.", "Inf": "infinity is no number here.",
    "nan": "it is no number.", "NaN": "it is no number.", "True": "write 1.", "False": "write 0.",
}  # fmt: skip

# What a change of kind costs: a, b, c are often vectors, a small letter is hardly ever a matrix or a capital a scalar.
_COST = {("s", "v"): 0.6, ("v", "s"): 1.3, ("s", "m"): 2.5, ("v", "m"): 3.0, ("m", "v"): 2.5, ("m", "s"): 3.0}
_ODDITY = 1.5
MAX_ROUNDS = 8
BEAM = 3
MAX_SUSPECTS = 6
MAX_VISITS = 200_000

Kinds = dict[str, str]


def guess(plan: Plan, given: Declarations, source: str) -> Typing:
    """The pass with the best kinds found; its error if there are none that check."""
    sizes = _size_names(plan, given)
    unknown = _unknown(plan, given, sizes)
    for name in unknown:
        check_name(name)
    _check_no_transpose(plan, unknown)
    for name in (*given.facts, *given.domain):
        if name not in given.variables and name not in unknown:
            raise problem("E200", f"A fact or domain is given for {name!r}, which the formula does not contain.")
    return _Search(plan, given, source, sizes, unknown).run()


def _check_no_transpose(plan: Plan, unknown: list[str]) -> None:
    """`x^T` is a power to whoever reads the language, and a transpose to whoever writes it."""
    powers = [t for t in plan.order if t.kind == "pow" and t.args[1].kind == "name" and t.args[1].name == "T"]
    used = sum(a.kind == "name" and a.name == "T" for t in plan.order for a in t.args)
    if "T" in unknown and powers and used == len(powers):
        raise problem("E200", "^T is read as a power, and nothing says what T is.", powers[0].args[1].span,
                      help="The transpose is written x'. If T is an exponent, declare it as a scalar.")  # fmt: skip


def remarks(names: Iterable[str], tree: Tree | None = None) -> tuple[str, ...]:
    """What to say about inferred variables: names that mean a constant elsewhere, and, where a typed `tree` is given in
    which nothing was declared, a product X*w that is not the one of a matrix and a vector that its letters say."""
    found = list(names)
    said = [f"{name} is a variable here; {_CONSTANTS[name]}" for name in found if name in _CONSTANTS]
    pair = next(_odd_products(tree, found), None) if tree is not None else None
    if pair is not None:
        X, w = pair
        odd = f"{X.name} is a matrix, declare it ({X.name}: m, n; --var {X.name}:m,n)"
        if X.typed.is_matrix:
            odd = f"{w.name} is a vector, declare it ({w.name}: n; --var {w.name}:n)"
        said.append(f"In {X.name}*{w.name}, {X.name} is read as a {X.typed} and {w.name} as a {w.typed}. If {odd}; "
                    "a sum of squares is norm2(...)^2.")  # fmt: skip
    return tuple(said)


def _odd_products(root: Tree, names: list[str]) -> Iterator[tuple[Tree, Tree]]:
    """Products X*w of a capital and a letter of vectors that are no product of a matrix and a vector."""
    for tree in subtrees(root):
        if tree.kind != "mul":
            continue
        left, right = tree.args
        while left.kind == "mul":
            left = left.args[1]
        if left.kind != "name" or right.kind != "name" or left.name not in names or left.name in _CONSTANTS:
            continue
        letters = letter_kind(left.name), letter_kind(right.name)
        if letters == ("m", "v") and (left.typed.is_scalar or not right.typed.is_column):
            yield left, right


def letter_kind(name: str) -> str:
    """ "s", "v" or "m" by the first letter."""
    base = name.rstrip("0123456789").partition("_")[0]
    if base in GREEK or name[0] in "abcdefg":
        return "s"
    return "m" if name[0].isupper() else "v"


def _size_names(plan: Plan, given: Declarations) -> dict[str, None]:
    """Declared sizes, and the names that stand where only a size can stand (eye(n))."""
    names = dict.fromkeys(given.sizes)
    for tree in plan.order:
        for place in sorted(plan.size_arguments.get(id(tree), ())):
            stack = [tree.args[place]]
            while stack:
                part = stack.pop()
                stack.extend(part.args)
                if part.kind == "name" and part.name not in given.variables and part.name[0].islower():
                    names[part.name] = None
    return names


def _unknown(plan: Plan, given: Declarations, sizes: dict[str, None]) -> list[str]:
    """The names that need a kind, in order of appearance; the direction dX speaks of X."""
    free = [t for t in plan.order if t.kind == "arrow" or (t.kind == "name" and id(t) not in plan.bound)]
    free.sort(key=lambda t: t.span.start if t.span else 0)
    known = {*given.variables, *sizes, *REGISTRY, ""}
    names = [t.name[1:].rstrip("_") if t.kind == "arrow" else t.name for t in free]
    return [name for name in dict.fromkeys(names) if name not in known]


@dataclass(slots=True, eq=False)
class _Attempt:
    """One assignment of kinds and how far the pass came with it."""

    kinds: Kinds
    typing: Typing
    error: FrechetError | None
    cost: float = 0.0

    @property
    def rank(self) -> tuple[bool, int, float]:
        """Smaller is better: those that check first, then those that come further, then the cheaper."""
        return (self.error is not None, -self.typing.at if self.error else 0, self.cost)


@dataclass(slots=True)
class _Search:
    plan: Plan
    given: Declarations
    source: str
    sizes: dict[str, None]
    unknown: list[str]
    letters: Kinds = field(default_factory=dict)
    square: set[str] = field(default_factory=set)
    seen: set[tuple[str, ...]] = field(default_factory=set)
    visits: int = 0

    def run(self) -> Typing:
        for name in self.unknown:
            words = self.given.facts.get(name, frozenset()) | {self.given.domain.get(name, "")}
            if words & (SQUARE_FACTS | SQUARE_DOMAINS):
                self.square.add(name)
            self.letters[name] = "m" if name in self.square else "v" if "simplex" in words else letter_kind(name)
        for tree in self.plan.order:
            if tree.kind in ("transpose", "index") and self.letters.get(tree.args[0].name) == "s":
                self.letters[tree.args[0].name] = "v"
        beam = [self.attempt(dict(self.letters))]
        for _ in range(MAX_ROUNDS):
            if beam[0].error is None and beam[0].cost == 0:
                break
            wider = self.widened(beam)
            if wider == beam:
                break
            beam = wider
        if beam[0].error is not None:
            raise beam[0].error
        return beam[0].typing

    def widened(self, beam: list[_Attempt]) -> list[_Attempt]:
        """The best of `beam` and its neighbours: a few that check, and a few that came far (they may end cheaper)."""
        found = list(beam)
        for attempt in beam:
            suspects = self.suspects(attempt)
            for number in (1, 2):
                near = [self.attempt(kinds) for kinds in self.changes(attempt.kinds, suspects, number)]
                found += near
                if any(a.rank < attempt.rank for a in near):
                    break
        found.sort(key=lambda a: a.rank)
        return [a for a in found if not a.error][:BEAM] + [a for a in found if a.error][:BEAM]

    def changes(self, kinds: Kinds, suspects: list[str], number: int) -> Iterator[Kinds]:
        for names in combinations(suspects, number):
            options = ([k for k in "svm" if k != kinds[name]] for name in names)
            for choice in product(*options):
                changed = {**kinds, **dict(zip(names, choice, strict=True))}
                key = tuple(changed.values())
                if key not in self.seen and self.visits < MAX_VISITS:
                    self.seen.add(key)
                    yield changed

    def suspects(self, best: _Attempt) -> list[str]:
        """The names below the place where the pass stopped, the nearest to it last written first."""
        names: dict[str, None] = {}
        stack = [self.plan.order[best.typing.at] if best.error else self.plan.order[-1]]
        seen: set[int] = set()
        while stack:
            tree: Tree = stack.pop()
            if id(tree) in seen:
                continue
            seen.add(id(tree))
            if tree.kind == "name":
                target = self.plan.bound.get(id(tree))
                stack.extend([target] if target is not None else [])
                base = [tree.name, tree.name[1:]] if target is not None else [tree.name]
                names.update(dict.fromkeys(n for n in base if n in self.letters and n not in self.square))
            stack.extend(tree.args)
        return list(names)[:MAX_SUSPECTS]

    def attempt(self, kinds: Kinds) -> _Attempt:
        variables = declared_types(self.given)
        for name, kind in kinds.items():
            rows = (Free(),)
            cols = rows if name in self.square else (Free(),)
            variables[name] = {"s": Type(), "v": Type(rows), "m": Type(rows, cols)}[kind]
        typing = Typing(self.plan, variables, self.sizes, self.source)
        typing.integers, typing.open = self.given.integers, kinds
        changed = sum(_COST[self.letters[n], k] for n, k in kinds.items() if k != self.letters[n])
        try:
            typing.run(call)
            error = None
        except FrechetError as failed:
            error = failed
        self.visits += typing.at + 1
        return _Attempt(kinds, typing, error, changed + _ODDITY * typing.oddities)
