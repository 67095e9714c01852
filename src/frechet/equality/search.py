"""The hunt for a point where two nodes differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from typing import Any

from frechet.core.errors import FrechetError
from frechet.core.lazy import np
from frechet.core.node import Add, Ein, Node, Size, Var, topological
from frechet.equality.coverage import Sides, Values, Watch, watches
from frechet.equality.exact import DIGITS, High, Rational, value_of
from frechet.equality.example import Counterexample, show
from frechet.equality.hunt import Hunter
from frechet.equality.interpret import interpret_all
from frechet.equality.whole import small_values
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree
from frechet.reference.compare import compare
from frechet.reference.program import extent
from frechet.reference.sample import Sampler, SizedSampler
from frechet.reference.values import commute

AGREE = 1e-9  # relative difference that rounding explains
DIFFER = 1e-6  # relative difference that rounding does not explain
TINY = 1e-290  # values below it may have underflowed
CLOSE = 1e-25  # relative difference that is none where 60 digits are computed
ROUGH = 1e-12  # the same where the values themselves are rounded: floats are orthogonal to 16 digits only
_ROUNDED = frozenset(
    {"orthogonal", "orthonormal", "orthonormal_rows", "idempotent", "unit_norm", "simplex", "commuting"}
)
NEAR, FAR = 1e-12, 1e200  # how near a kink, and how large, a point may be that is compared with many digits
POINTS_AT_A_SIZE = 4
SIZE_SETS = 2
WHOLE_DRAWS = 12


def _rounded(node: Node) -> bool:
    """Whether a number in a node has all the digits of a float: pi as somebody typed it, and not a number meant."""
    numbers = [node.coef] if isinstance(node, Ein) else [c for c, _ in node.terms] if isinstance(node, Add) else []
    return any(len(str(abs(Fraction(c).numerator)).rstrip("0")) > 14 for c in numbers)


class Search:
    """Points where two nodes may differ, the likeliest first; what was compared and what was not seen."""

    def __init__(self, a: Node, b: Node, declarations: Declarations, trees: Sequence[Tree], seed: int) -> None:
        self.a, self.b = a, b
        self.declarations = declarations
        self.sampler = Sampler(trees, declarations, seed=seed)
        self.needed = {n.name for n in topological([a, b]) if isinstance(n, Var)}
        self.points = 0
        self.doubtful = 0
        self._usable = iter(self.sampler.usable())
        self._seen: list[tuple[SizedSampler, Any]] = []
        self._refusal = ""
        self._exact = False
        self._values: list[Values] = []
        self.unseen: list[Watch] = []
        words = {*declarations.domain.values(), *(f for facts in declarations.facts.values() for f in facts)}
        self._tied = bool(words & _ROUNDED)
        self._rounded = any(map(_rounded, topological([a, b])))

    def reason(self) -> str:
        if self._refusal or self.doubtful or not self.unseen:
            return self._refusal or "The points drawn disagree only within their rounding error."
        return f"No difference was found at {self.points} points, but {self.unseen[0].reason()}."

    def _sized(self) -> Iterator[tuple[SizedSampler, Any]]:
        """Samplers with a first point, at most `SIZE_SETS`, each made once."""
        yield from self._seen
        while len(self._seen) < SIZE_SETS:
            try:
                found = next(self._usable, None)
            except FrechetError as error:
                self._refusal = error.diagnostic.message
                return
            if found is None:
                return
            self._seen.append(found)
            yield found

    def quick(self) -> Counterexample | None:
        """The first point at each choice of sizes."""
        for sized, point in self._sized():
            found = self._at(point.arrays, sized.sizes)
            if found is not None:
                return found
        return None

    def thorough(self) -> Counterexample | None:
        """More random points."""
        for sized, _ in self._sized():
            for _ in range(POINTS_AT_A_SIZE - 1):
                point = sized.draw()
                found = None if point is None else self._at(point.arrays, sized.sizes)
                if found is not None:
                    return found
        return None

    def elsewhere(self) -> Counterexample | None:
        """Points of other sizes and scales, and at the other side of kinks, until every function was seen at work."""
        watched = watches([self.a, self.b], exact=self._exact)
        for sized, point in self._sized():
            found = self._sharply(point.arrays, sized)
            if found is not None:
                return found
            found = self._at_exact_facts(sized) if self._tied else None
            if found is not None:
                return found
        self._take_notice(watched)
        enough = 10 if any(isinstance(w, Sides) for w in watched) else 6 if watched else 2
        for sized, _ in self._sized():
            hunter = Hunter(sized)
            for number, arrays in enumerate(hunter.scaled()):
                if number >= enough and not self.unseen:
                    break
                found = self._sharply(arrays, sized)
                self._take_notice(watched)
                if found is not None:
                    return found
            for watch in [w for w in self.unseen if w.target is not None][:8]:
                found = self._across(watch, hunter, watched)
                if found is not None:
                    return found
        return self._other_sizes()

    def _at_exact_facts(self, sized: SizedSampler) -> Counterexample | None:
        """Rational points have facts such as orthogonal exactly, so that many digits mean something there."""
        rng = np.random.default_rng([self.sampler.seed, 13])
        for _ in range(3):
            exact = self._whole_point(rng, sized.sizes)
            floats = {n: np.asarray(v, dtype=float) for n, v in exact.items()}
            if sized.allows(floats) and self._closely(exact, sized.sizes):
                left, right = (interpret_all([n], floats, sized.sizes)[n] for n in (self.a, self.b))
                return self._example(exact, left, right, sized.sizes)
        return None

    def _take_notice(self, watched: Sequence[Watch]) -> None:
        """Look at the points since the last time."""
        for watch in watched:
            for values in () if watch.seen else self._values:
                watch.look(values)
        self._values = []
        self.unseen = [w for w in watched if not w.seen]

    def _across(self, watch: Watch, hunter: Hunter, watched: Sequence[Watch]) -> Counterexample | None:
        """Walk towards the kink of a function and over it."""
        sized = hunter.sized

        def target(arrays: Mapping[str, Any]) -> Any:
            assert watch.target is not None
            with np.errstate(all="ignore"):
                try:
                    return watch.target(interpret_all(watch.needs, arrays, sized.sizes))
                except np.linalg.LinAlgError:
                    return None

        start = hunter.fresh()
        for arrays in () if start is None else hunter.climb(start, target):
            found = self._sharply(arrays, sized)
            self._take_notice(watched)
            if found is not None:
                return found
            if watch.seen:
                break
        return None

    def _other_sizes(self) -> Counterexample | None:
        """One point at further sizes: (n - 2)*(n - 3) vanishes at two of them."""
        spoken = any(isinstance(n, Size) for n in topological([self.a, self.b]))
        for sized in islice(self.sampler.sized(), 2, 8 if spoken else 4):
            point = sized.draw(tries=6)
            found = None if point is None else self._at(point.arrays, sized.sizes)
            if found is not None:
                return found
        return None

    def _sharply(self, arrays: Mapping[str, Any], sized: SizedSampler) -> Counterexample | None:
        """Compare with many digits, also where floats agree."""
        if not sized.allows(arrays, NEAR, FAR):
            return None
        differ = self._closely(arrays, sized.sizes)
        with np.errstate(all="ignore"):
            try:
                values = interpret_all([self.a, self.b], arrays, sized.sizes)
            except np.linalg.LinAlgError:
                return None
        left, right = values[self.a], values[self.b]
        if differ is None:
            return self._at(arrays, sized.sizes)
        if not all(np.isfinite(v).all() for v in values.values()):
            return None
        self.points += 1
        self._values.append(values)
        return self._example(arrays, left, right, sized.sizes) if differ else None

    def _example(self, arrays: Mapping[str, Any], left: Any, right: Any, sizes: Mapping[str, int]) -> Counterexample:
        """The point, with as many digits of the values as it takes to tell them apart."""
        if show(left) == show(right):
            exact = [value_of(n, arrays, sizes, High(DIGITS)) for n in (self.a, self.b)]
            left, right = (e if e is not None else v for e, v in zip(exact, (left, right), strict=True))
        return Counterexample(self._shown(arrays), left, right, dict(sizes), False)

    def readable(self) -> Counterexample | None:
        """Points of small whole numbers, all sizes 2 first."""
        for number, sizes in enumerate(islice(self._small_sizes(), 3)):
            sized = SizedSampler(self.sampler.trees, self.declarations, sizes, self.sampler.seed, number)
            rng = np.random.default_rng([self.sampler.seed, number, 7])
            for _ in range(WHOLE_DRAWS):
                exact = self._whole_point(rng, sizes)
                floats = {n: np.asarray(v, dtype=float) for n, v in exact.items()}
                if not sized.allows(floats):
                    continue
                found = self._exactly(exact, sizes) or self._at(floats, sizes, shown=exact)
                if found is not None:
                    return found
        return None

    def _small_sizes(self) -> Iterator[dict[str, int]]:
        first = next(iter(self._sized()), None)
        if first is None:
            return
        names = list(first[0].sizes)
        two = dict.fromkeys(names, 2)
        if not any(c.op == ">" or isinstance(c.left, int) or isinstance(c.right, int)
                   for c in self.declarations.constraints):  # fmt: skip
            yield two
        for sized, _ in self._seen:
            yield sized.sizes

    def _whole_point(self, rng: Any, sizes: Mapping[str, int]) -> dict[str, Any]:
        out = {}
        for name, shape in self.declarations.variables.items():
            rows, cols = extent(shape, sizes)
            words = set(self.declarations.facts.get(name, ())) | {self.declarations.domain.get(name, "normal")}
            kept = [n for n, side in ((rows, shape.rows), (cols, shape.cols)) if side]
            out[name] = small_values(rng, words, rows, cols).reshape(kept)
        commute(rng, self.declarations.facts, out)
        return out

    def _shown(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        return {n: v for n, v in arrays.items() if n in self.needed}

    def _exactly(self, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> Counterexample | None:
        field = Rational()
        left = value_of(self.a, arrays, sizes, field)
        right = None if left is None else value_of(self.b, arrays, sizes, field)
        if right is None:
            return None
        self.points += 1
        if (left == right).all():
            self._exact = True
            return None
        return Counterexample(self._shown(arrays), left, right, dict(sizes), True)

    def _at(
        self, arrays: Mapping[str, Any], sizes: Mapping[str, int], shown: Mapping[str, Any] | None = None
    ) -> Counterexample | None:
        """Compare at one point in floats, with 40 digits where floats leave a doubt or find a difference."""
        with np.errstate(all="ignore"):
            try:
                values = interpret_all([self.a, self.b], arrays, sizes)
            except np.linalg.LinAlgError:
                return None
        left, right = values[self.a], values[self.b]
        found = compare(left, right)
        if not np.isfinite(left).all() or not np.isfinite(right).all():
            return None
        if found.relative <= AGREE and found.scale >= TINY:
            self.points += 1
            self._values.append(values)
            return None
        verdict = self._closely(arrays if shown is None else shown, sizes)
        if verdict is None and found.scale < TINY:
            return None  # both vanish or have sunk below the smallest float: no evidence
        if verdict is None:
            verdict = found.relative > DIFFER
            if not verdict:
                self.doubtful += 1
                return None
        self.points += 1
        return self._example(shown or arrays, left, right, sizes) if verdict else None

    def _closely(self, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> bool | None:
        """Whether the values differ with many digits; None if they cannot be had. A difference that more digits make
        smaller is rounding."""
        gap = self._gap(arrays, sizes, DIGITS)
        if not gap:
            return None if gap is None else False
        again = self._gap(arrays, sizes, 2 * DIGITS)
        return again is not None and again > gap / 2

    def _gap(self, arrays: Mapping[str, Any], sizes: Mapping[str, int], digits: int) -> Any:
        """The relative difference of the values with so many digits, 0 where it is rounding; None without values."""
        field = High(digits)
        left = value_of(self.a, arrays, sizes, field)
        right = None if left is None else value_of(self.b, arrays, sizes, field)
        if right is None:
            return None
        gap = max((abs(x - y) for x, y in zip(left.ravel(), right.ravel(), strict=True)), default=0)
        size = max((abs(x) for x in [*left.ravel(), *right.ravel()]), default=0)
        exact = not self._tied or all(v.dtype == object for v in map(np.asarray, arrays.values()))
        exact = exact and not self._rounded
        return gap / size if gap > size * (CLOSE if exact else ROUGH) else 0
