"""A claim with the values of all its parts at a few points, so that a change of one part is tried in microseconds.

A changed part changes only what stands above it: those values are made again, the others are kept. What comes out right
here is only a candidate. Whether it is one in earnest is decided as for any other formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

from frechet.core.errors import FrechetError
from frechet.core.lazy import np
from frechet.language.declarations import Declarations
from frechet.language.scopes import size_places
from frechet.language.shapes import elaborate
from frechet.language.tree import Tree, fold, subtrees
from frechet.ops.op import REGISTRY
from frechet.reference.program import Program, extent, static_size
from frechet.reference.sample import Point
from frechet.verdict import align

TOLERANCE = 1e-7
MAX_TRIALS = 25_000
MAX_BUILT = 1_500  # trees read again from the start, a hundred times slower
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "dotadd": lambda a, b: a + b, "dotsub": lambda a, b: a - b,
    "dotmul": lambda a, b: a * b, "dotdiv": lambda a, b: a / b, "div": lambda a, b: a / b,
    "dotpow": lambda a, b: a**b,
}  # fmt: skip


class Bench:
    """The right values at some points, and a claim to be mended. `claim` is typed, or untyped where it has no sense;
    `quick` says whether parts can be tried by themselves, `proved` whether a whole tree is right."""

    def __init__(
        self, claim: Tree, right: Sequence[Any], points: Sequence[Point], declarations: Declarations,
        proved: Callable[[Tree], bool] | None = None, quick: bool | None = None,
    ) -> None:  # fmt: skip
        self.claim = claim
        self.points = list(points)
        self.declarations = declarations
        self.right = [_two_sided(value) for value in right]
        self.proved = proved
        self.trials = self.built = 0
        self._values: list[dict[int, Any]] = [{} for _ in points]
        self._kept: list[Tree] = []
        self._above = {id(a): (t, i) for t in subtrees(claim) for i, a in enumerate(t.args)}
        parts = subtrees(claim)
        self.quick = quick
        if quick is None:
            self.quick = claim.shape is not None and not any(t.kind in ("where", "arrow") for t in parts)
        self.base = self.values(claim) if self.quick else self.read(claim)

    @property
    def spent(self) -> bool:
        return self.trials > MAX_TRIALS or self.built > MAX_BUILT

    # -- values ------------------------------------------------------------------------------------

    def at(self, tree: Tree, k: int) -> Any:
        """The value of a tree made of known parts at a point, two-sided; raises ValueError where it has none."""
        known = self._values[k]
        if id(tree) in known:
            return known[id(tree)]
        sizes = self.points[k].sizes

        def visit(t: Tree, args: Sequence[Any]) -> Any:
            if id(t) not in known:
                value = _leaf(t, self.points[k]) if not t.args else apply(t, args, sizes)
                if t.shape is None or t.kind == "number":
                    return value  # made for one trial: its identity may soon belong to another tree
                known[id(t)] = value
                self._kept.append(t)
            return known[id(t)]

        return _fold(tree, visit, known, sizes)

    def values(self, tree: Tree) -> list[Any] | None:
        """The values at all points, None where there are none or not of the right shape."""
        out = []
        for k, right in enumerate(self.right):
            value = _standing(self._quietly(partial(self.at, tree, k)), right)
            if value is None or value.shape != right.shape:
                return None
            out.append(value)
        return out

    def with_part(self, target: Tree, value: Any, k: int) -> Any:
        """The value of the claim where one part has another value; None where there is none."""
        self.trials += 1

        def climb() -> Any:
            new, tree = value, target
            while tree is not self.claim:
                above, place = self._above[id(tree)]
                args = [new if i == place else self._argument(a, k) for i, a in enumerate(above.args)]
                new, tree = apply(above, args, self.points[k].sizes), above
            return new

        return self._quietly(climb)

    def _argument(self, tree: Tree, k: int) -> Any:
        return None if tree.kind == "size" and id(tree) not in self._values[k] else self.at(tree, k)

    def _quietly(self, make: Callable[[], Any]) -> Any:
        with np.errstate(all="ignore"):
            try:
                value = make()
            except (ValueError, ArithmeticError, np.linalg.LinAlgError, IndexError, TypeError, FrechetError):
                return None
        return value if value is not None and np.isfinite(value).all() else None

    # -- trials ------------------------------------------------------------------------------------

    def agrees(self, value: Any, k: int) -> bool:
        right = self.right[k]
        value = _standing(value, right)
        if value is None or value.shape != right.shape:
            return False
        scale = max(float(np.max(np.abs(right), initial=0.0)), float(np.max(np.abs(value), initial=0.0)), 1e-300)
        return bool(np.max(np.abs(value - right), initial=0.0) <= TOLERANCE * scale)

    def mends(self, target: Tree, new: Tree) -> bool:
        """Whether the claim is right with another tree in the place of one of its parts."""
        if self.spent:
            return False
        if self.quick:
            for k in range(len(self.points)):
                part = self._quietly(partial(self.at, new, k))
                if part is None or not self.agrees(self.with_part(target, part, k), k):
                    return False
        return self.right_tree(align.replaced(self.claim, target, new))

    def right_tree(self, tree: Tree) -> bool:
        """Whether a whole tree is right: at the points, and then as `decide` sees it."""
        got = self.read(tree)
        if got is None or not all(self.agrees(v, k) for k, v in enumerate(got)):
            return False
        return self.proved is None or self.proved(untyped(tree))

    def read(self, tree: Tree) -> list[Any] | None:
        """The values of a tree that is read from the start, None where it has no sense or another shape."""
        self.built += 1
        try:
            typed, _ = elaborate(untyped(tree), self.declarations)
            body = typed.args[0] if typed.kind == "arrow" else typed
            found = [_two_sided(Program(body, p.sizes)(p.arrays)) for p in self.points]
        except FrechetError:
            return None
        same = all(v.shape == r.shape and np.isfinite(v).all() for v, r in zip(found, self.right, strict=True))
        return found if same else None

    # -- numbers that are missing ------------------------------------------------------------------

    def coefficient(self, target: Tree) -> Fraction | None:
        """The number c with which a part must be multiplied, where the claim is linear in it and there is one."""
        total, aim = [], []
        for k, right in enumerate(self.right):
            value = self._quietly(partial(self.at, target, k))
            if value is None:
                return None
            one, two, three = (_standing(self.with_part(target, f * value, k), right) for f in (1, 2, 3))
            if one is None or two is None or three is None or two.shape != right.shape:
                return None
            if not np.allclose(
                three - two, two - one, rtol=1e-9, atol=1e-12 * float(np.max(np.abs(three), initial=1.0))
            ):
                return None
            total.append((two - one).ravel())
            aim.append((right - one).ravel())
        return simple_ratio(np.concatenate(total), np.concatenate(aim))


def simple_ratio(step: Any, need: Any) -> Fraction | None:
    """c with need = (c - 1)*step, if it is a simple number."""
    weight = float(step @ step)
    if weight == 0:
        return None
    c = float(step @ need) / weight
    if np.max(np.abs(c * step - need)) > TOLERANCE * max(float(np.max(np.abs(need))), 1e-300):
        return None
    exact = Fraction(1 + c).limit_denominator(48)
    return exact if abs(float(exact) - 1 - c) < 1e-7 * max(1.0, abs(c)) else None


def apply(tree: Tree, args: Sequence[Any], sizes: Any) -> Any:
    """The value of a tree from the two-sided values of its arguments."""
    kind = tree.kind
    if kind in _BINARY:
        return _BINARY[kind](*args)
    if kind == "mul":
        return args[0] * args[1] if 1 in (args[0].size, args[1].size) else args[0] @ args[1]
    if kind == "pow":
        base, exponent = args
        if base.size == 1:
            return base**exponent
        return np.linalg.matrix_power(base, int(exponent[0, 0]))
    if kind in ("neg", "transpose"):
        return -args[0] if kind == "neg" else args[0].T
    if kind == "index":
        places = [slice(None) if p is None else slice(p[0] - 1, p[1]) if isinstance(p, tuple) else slice(p - 1, p)
                  for p in tree.value]  # fmt: skip
        return args[0].reshape(-1, 1)[places[0]] if len(places) == 1 else args[0][places[0], places[1]]
    if kind == "matrix":
        width = tree.value[1]
        rows = [np.concatenate(args[k : k + width], axis=1) for k in range(0, len(args), width)]
        return np.concatenate(rows, axis=0)
    return _called(tree, args, sizes)


def _called(tree: Tree, args: Sequence[Any], sizes: Any) -> Any:
    function = REGISTRY[tree.name].value
    assert function is not None
    places = size_places(tree)
    given = [static_size(tree.args[i], sizes) if i in places else a for i, a in enumerate(args)]
    value = np.asarray(function(*given))
    if tree.shape is not None:
        ext = extent(tree.typed, sizes)
        if value.size == ext[0] * ext[1]:
            return value.reshape(ext)
        if value.size == 1:
            return np.full(ext, value)
    return _two_sided(value)


def _leaf(tree: Tree, point: Point) -> Any:
    if tree.kind == "number":
        return np.full((1, 1), float(tree.value))
    if tree.kind == "size" or (tree.kind == "name" and tree.name not in point.arrays):
        return np.full((1, 1), float(static_size(tree, point.sizes)))
    if tree.kind == "call":
        return _called(tree, [], point.sizes)
    value = np.asarray(point.arrays[tree.name], dtype=float)
    return value.reshape(extent(tree.shape, point.sizes)) if tree.shape is not None else _two_sided(value)


def _fold(tree: Tree, visit: Callable[[Tree, Sequence[Any]], Any], known: dict[int, Any], sizes: Any) -> Any:
    """The value of a tree whose known parts are not entered; arguments that are sizes are not values."""
    done: dict[int, Any] = {}
    stack = [(tree, False)]
    while stack:
        t, ready = stack.pop()
        if id(t) in done:
            continue
        if id(t) in known:
            done[id(t)] = known[id(t)]
        elif ready:
            done[id(t)] = visit(t, [done.get(id(a)) for a in t.args])
        else:
            stack.append((t, True))
            places = size_places(t) if t.kind == "call" else ()
            stack += [(a, False) for i, a in enumerate(t.args) if i not in places]
    return done[id(tree)]


def _standing(value: Any, right: Any) -> Any:
    """A row as a column, where a column is what it is compared with."""
    if value is not None and value.shape != right.shape and value.shape == right.shape[::-1] and right.shape[1] == 1:
        return value.T
    return value


def _two_sided(value: Any) -> Any:
    """A number as 1 x 1, a vector as a column."""
    array = np.asarray(value, dtype=float)
    if array.ndim == 2:
        return array
    return array.reshape(-1, 1) if array.ndim == 1 else array.reshape(1, 1)


def untyped(root: Tree) -> Tree:
    """A tree as if it had been typed by hand: without shapes, sizes as names."""

    def visit(t: Tree, args: Sequence[Tree]) -> Tree:
        if t.kind == "size":
            if isinstance(t.value, str):
                return Tree("name", name=t.value, span=t.span)
            return Tree("number", value=Fraction(t.value), span=t.span)
        return Tree(t.kind, tuple(args), t.name, t.value, t.shape if t.kind == "number" else None, t.span)

    return fold(root, visit)
