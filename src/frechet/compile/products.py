"""One product as steps: operands read off its factors, pairs in the cheapest order, halves where it is symmetric."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from frechet.compile.beforehand import beforehand
from frechet.compile.contract import Operand, Orderer, Tree, solves
from frechet.compile.program import CALL, PRODUCT, Pattern, Value
from frechet.compile.symmetry import gram_parts
from frechet.core.dims import Dim
from frechet.core.node import Call, Ein, Node

if TYPE_CHECKING:
    from frechet.compile.plan import Planner

Scalar = int | float | Fraction
DotSpec = tuple[tuple[Operand, Operand], Any, Any]

# Entries from which a pass over an array costs more than a call; from which half a product costs less than a whole.
LARGE, HALF = 4000, 50_000


class Contraction:
    """One product while it is being planned."""

    def __init__(self, planner: Planner, node: Ein) -> None:
        self.planner, self.program, self.node = planner, planner.program, node
        self.coef: Scalar = node.coef
        self.alias: dict[int, int] = {}
        self.scalars: list[tuple[str, Scalar]] = []
        self.operands: list[Operand] = []

    def find(self, i: int) -> int:
        while i in self.alias:
            i = self.alias[i]
        return i

    def dims_of(self, idx: Sequence[int]) -> tuple[Dim, ...]:
        return tuple(self.node.index_dims[i] for i in idx)

    def value(self) -> Value:
        for base, idx, e in self.node.factors:
            self._take(base, idx, e)
        self.operands = [Operand(o.name, tuple(self.find(i) for i in o.idx), o.inverse) for o in self.operands]
        out = tuple(self.find(i) for i in self.node.out)
        self._count_repeats(out)
        self._slopes()
        self._hadamard()
        self.operands = beforehand(self.operands, out, self.program, self._pair, self._is_known)
        self.operands = [o for k, p in enumerate(self.operands) if self._kept(o := self._reduced(p, k, out))]
        result = self._contracted(out)
        scalar = self._scalar()
        axes = () if result is None else result.idx
        bare = sorted({i for i in out if out.count(i) > 1 and i not in axes})
        place = {i: -1 - k for k, i in enumerate(bare)} | {i: k for k, i in enumerate(axes)}
        pattern = tuple(place.get(i) for i in out)
        if result is None:
            return self._times(Value(self.coef, "", pattern), scalar)
        return self._times(Value(self.coef, result.name, pattern), scalar)

    def _take(self, base: Node, idx: tuple[int, ...], e: Any) -> None:
        """One factor as an operand: its array, raised to its power."""
        planner = self.planner
        if isinstance(base, Call) and base.operation.name == "inv" and base not in planner.values:
            if base.order == 2 and e == 1:
                factor, turned = planner.factor(base.children[0])
                self.operands.append(Operand(factor, idx[::-1] if turned else idx, True))
                return
            planner.values[base] = planner.call(base)
        value = planner.values[base]
        if (value.diagonal and (e != int(e) or e < 0)) or (value.coef < 0 and e != int(e)):
            value = Value(1, planner.array(value, base.dims), plain(base))
        self.coef = self.coef * _power(value.coef, e)
        first: dict[int, int] = {}
        for p, i in zip(value.pattern, idx, strict=True):
            if p is None:
                continue
            i = self.find(i)
            j = self.find(first.setdefault(p, i))
            if i != j:
                self.alias[max(i, j)] = min(i, j)
        if not value.name:
            return
        axes = tuple(first[k] for k in sorted(first) if k >= 0)
        if not axes:
            self.scalars.append((value.name, e))
        elif e == 2 and self._summed_alone(axes):
            self.operands += [Operand(value.name, axes)] * 2
        else:
            name = value.name if e == 1 else self._raised(value.name, axes, e)
            self.operands.append(Operand(name, axes))

    def _count_repeats(self, out: tuple[int, ...]) -> None:
        """A sum over an index along which everything only repeats is a factor: its size."""
        seen = {i for o in self.operands for i in o.idx} | set(out)
        for i in {self.find(k) for k in range(len(self.node.index_dims))} - seen:
            dim = self.node.index_dims[i]
            if isinstance(dim, int):
                self.coef = self.coef * dim
            else:
                self.scalars.append((self.program.emit("size", (), dim, ()), 1))

    def _summed_alone(self, axes: tuple[int, ...]) -> bool:
        """A square of which some axis is summed is a product with itself, no array of squares."""
        return len(self.node.factors) == 1 and any(i not in self.node.out for i in axes)

    def _raised(self, name: str, axes: tuple[int, ...], e: Any) -> str:
        """The array to a power; powers of one half are made of the square root, which others may need too."""
        whole, dims = tuple(range(len(axes))), self.dims_of(axes)

        def power(base: str, exponent: Any) -> str:
            return self.planner.entrywise(("power", exponent), [Value(1, base, whole)], dims).name

        if e not in (Fraction(-1, 2), Fraction(3, 2), Fraction(-3, 2)):
            return power(name, e)
        root = power(name, Fraction(1, 2))
        if abs(e) != Fraction(1, 2):
            parts = [Value(1, name, whole), Value(1, root, whole)]
            root = self.planner.entrywise(("multiply",), parts, dims).name
        return power(root, -1) if e < 0 else root

    def _kept(self, o: Operand) -> bool:
        if not o.idx:
            self.scalars.append((o.name, 1))
        return bool(o.idx)

    def _reduced(self, o: Operand, place: int, out: tuple[int, ...]) -> Operand:
        """Diagonals read and axes summed that nothing else has."""
        others = {i for k, p in enumerate(self.operands) if k != place for i in p.idx} | set(out)
        idx = tuple(dict.fromkeys(i for i in o.idx if i in others))
        if idx == o.idx:
            return o
        name = o.name
        if o.inverse:
            name = self._explicit(o)
        local = {i: k for k, i in enumerate(dict.fromkeys(o.idx))}
        spec = (tuple(local[i] for i in o.idx), tuple(local[i] for i in idx))
        cost = self.program.size(self.dims_of(tuple(local)))
        return Operand(self.program.emit("reduce", (name,), spec, self.dims_of(idx), cost), idx)

    def _explicit(self, o: Operand) -> str:
        dims = self.dims_of(o.idx)
        return self.program.emit("inv", (o.name,), dims, dims, 2 / 3 * self.program.size(dims[:1]) ** 3)

    def _scalar(self) -> str:
        """The product of the scalar factors."""
        if not self.scalars:
            return ""
        parts = tuple(sorted(self.scalars, key=lambda s: (s[0], str(s[1]))))
        if len(parts) == 1 and parts[0][1] == 1:
            return parts[0][0]
        return self.program.emit("scalars", tuple(n for n, _ in parts), tuple(e for _, e in parts), (), 1.0)

    def _times(self, value: Value, scalar: str) -> Value:
        if not scalar:
            return value
        if not value.name:
            return Value(value.coef, scalar, value.pattern)
        axes = self.planner.axes(value, self.node.dims)
        if abs(value.coef) != 1:  # one number less to multiply an array with
            scalar = self.planner.entrywise(("linear",), [Value(value.coef, scalar, ())], ()).name
            value = Value(1, value.name, value.pattern)
        whole = tuple(range(len(axes)))
        parts = [Value(1, value.name, whole), Value(1, scalar, (None,) * len(axes))]
        return Value(value.coef, self.planner.entrywise(("multiply",), parts, axes).name, value.pattern)

    def _scaled(self, sides: list[Operand], kept: frozenset[int]) -> list[Operand]:
        """A large result is not multiplied afterwards: the smaller operand takes the coefficient and the scalars."""
        small = min((0, 1), key=lambda k: self.program.size(self.dims_of(sides[k].idx)))
        o, other = sides[small], sides[1 - small]
        size, result = self.program.size(self.dims_of(o.idx)), self.program.size(self.dims_of(tuple(kept)))
        scalar = self._scalar()
        alike = o.name == other.name  # a product with its own transpose is worth more
        if scalar or self.coef not in (1, -1):
            if not (o.inverse or other.inverse) and self._is_known(sides[0], sides[1], kept):
                return sides  # the product is there already
        else:
            return sides
        if o.inverse or other.inverse or alike or result < max(4 * size, LARGE):
            return sides
        whole = tuple(range(len(o.idx)))
        parts = [Value(self.coef, o.name, whole)] + ([Value(1, scalar, (None,) * len(whole))] if scalar else [])
        scaled = self.planner.entrywise(("multiply",) if scalar else ("linear",), parts, self.dims_of(o.idx))
        self.coef, self.scalars = 1, []
        sides[small] = Operand(scaled.name, o.idx)
        return sides

    def _contracted(self, out: tuple[int, ...]) -> Operand | None:
        if not self.operands:
            return None
        length = {i: self.program.size([d]) for i, d in enumerate(self.node.index_dims)}
        self._sandwiches(out)
        half = gram_parts(self.operands, out)
        if half is not None:
            left, weights, rows, columns, shared = half
            first = Orderer(left, (*shared, *rows), length, self._known)
            volume = first.volume(frozenset(shared)) * first.volume(frozenset(rows)) ** 2
            entries = first.volume(frozenset((*shared, *rows)))
            price = (PRODUCT / 2 if entries >= HALF else PRODUCT) * volume + first.order()[0] + CALL
            if price <= Orderer(self.operands, out, length, self._known).order()[0]:
                Z = self._ordered(left, (*shared, *rows), length)
                w = self._ordered(weights, shared, length) if weights else None
                if Z is not None and set(Z.idx) == {*shared, *rows} and (w is None or set(w.idx) == set(shared)):
                    return self._gram(Z, w, rows, columns, shared)
        return self._ordered(self.operands, out, length)

    def _hadamard(self) -> None:
        """Matrices on the same pair of indices are multiplied first, in one order: other products may need that too."""
        if len(self.operands) < 3:
            return
        groups: dict[frozenset[int], list[Operand]] = {}
        for o in self.operands:
            groups.setdefault(frozenset(o.idx) if len(o.idx) > 1 and not o.inverse else frozenset([-1]), []).append(o)
        for key, same in groups.items():
            ordered = sorted((o for o in same if self._elementwise(o)), key=lambda o: (len(o.name), o.name))
            if -1 in key or len(ordered) < 2 or len({o.name for o in ordered}) < len(ordered):
                continue
            product = ordered[0]
            for o in ordered[1:]:
                product = self._pair(product, o, key)
            self.operands = [o for o in self.operands if o not in ordered] + [product]

    def _slopes(self) -> None:
        """sigmoid(u)*sigmoid(-u) is e/(1 + e)^2 of the e = exp(-abs(u)) that both are made of."""
        made = {o: self.program.steps[o.name] for o in self.operands}
        sides = [o for o in self.operands if made[o].op == "entrywise" and made[o].spec[0] == ("sigmoid",)]
        for k, one in enumerate(sides):
            for other in sides[k + 1 :]:
                (_, (u, decay), order), (_, (v, _), _) = made[one].spec, made[other].spec
                if one.idx != other.idx or made[one].args != made[other].args or (u[0], u[1:]) != (-v[0], v[1:]):
                    continue
                spec = (("slope",), (decay,), order)
                args, step = made[one].args[1:], made[one]
                name = self.program.emit("entrywise", args, spec, step.dims, 3 * self.program.size(step.dims))
                rest = [o for o in self.operands if o not in (one, other)]
                self.operands = [*rest, Operand(name, one.idx)]
                return

    def _elementwise(self, o: Operand) -> bool:
        """An array made entry by entry, or given: not a product or an inverse, which other products read whole."""
        return self.program.steps[o.name].op in ("input", "entrywise")

    def _sandwiches(self, out: tuple[int, ...]) -> None:
        """X inv(M) X', or its diagonal, for symmetric M: half a solve, then half a product."""
        uses: dict[int, int] = {}
        for i in (*(i for o in self.operands for i in o.idx), *out):
            uses[i] = uses.get(i, 0) + 1
        for inverse in [o for o in self.operands if o.inverse and self.program.steps[o.name].spec[1]]:
            ends = [[o for o in self.operands if not o.inverse and len(o.idx) == 2 and i in o.idx] for i in inverse.idx]
            if any(uses[i] != 2 for i in inverse.idx) or not all(ends):
                continue
            left, right = ends[0][0], ends[1][0]
            axes = [left.idx.index(inverse.idx[0]), right.idx.index(inverse.idx[1])]
            rows = left.idx[1 - axes[0]], right.idx[1 - axes[1]]
            if left.name != right.name or axes[0] != axes[1] or not all(i in out for i in rows):
                continue
            whole = rows[0] != rows[1]
            dims = self.dims_of(rows if whole else rows[:1])
            flops = self.program.size(self.dims_of(inverse.idx)) * self.program.size(dims[:1])
            op = "sandwich" if whole else "sandwich_diagonal"
            name = self.program.emit(op, (inverse.name, left.name), axes[0], dims, flops * (2 if whole else 1))
            gone = [inverse, left, right]
            for o in gone:
                self.operands.remove(o)
            self.operands.append(Operand(name, rows if whole else rows[:1]))

    def _gram(self, Z: Operand, w: Operand | None, rows: Any, columns: Any, shared: Any) -> Operand:
        """Z'*diag(w)*Z for the shared axes of Z as its rows."""
        if w is None and len(rows) == len(shared) == 1:  # a plain product, whose symmetry NumPy sees by itself
            other = Operand(Z.name, tuple(columns[0] if i == rows[0] else i for i in Z.idx))
            return self._pair(Z, other, frozenset((*rows, *columns)))
        spec = (tuple(Z.idx.index(i) for i in shared), tuple(Z.idx.index(i) for i in rows),
                tuple(w.idx.index(i) for i in shared) if w else None)  # fmt: skip
        dims = self.dims_of((*rows, *rows))
        flops = self.program.size(self.dims_of(shared)) * self.program.size(dims)
        name = self.program.emit("gram", (Z.name, w.name) if w else (Z.name,), spec, dims, flops)
        return Operand(name, (*rows, *columns))

    def _ordered(self, operands: Sequence[Operand], out: Sequence[int], length: dict[int, int]) -> Operand | None:
        orderer = Orderer(operands, out, length, self._known)
        tree = orderer.order()[1]
        outside = frozenset(out)

        def run(t: Tree, beyond: frozenset[int]) -> Operand:
            if isinstance(t, int):
                return operands[t]
            sides = [frozenset(i for k in _leaves(s) for i in operands[k].idx) for s in t]
            left, right = run(t[0], beyond | sides[1]), run(t[1], beyond | sides[0])
            if t is tree and operands is self.operands:
                left, right = self._scaled([left, right], outside)
            return self._pair(left, right, beyond)

        result = run(tree, outside)
        return Operand(self._explicit(result), result.idx) if result.inverse else result

    def _known(self, left: Operand, right: Operand, kept: frozenset[int]) -> tuple[Operand | None, int]:
        """The product, if the program has it already; and how many products could use it."""
        if left.inverse or right.inverse:
            one, other = (left, right) if left.inverse else (right, left)
            if other.inverse or not solves(one, frozenset(other.idx), kept):
                return None, 1
            args, (spec, idx), op = (one.name, other.name), _solve_spec(one, other), "solve"
        else:
            (a, b), spec, idx = self._dot_spec(left, right, kept)
            args, op = (a.name, b.name), "dot"
        name = self.program.table.get((op, args, spec))
        share = self.program.census.share(self.program.identity(op, args, spec), self.node)
        return (None if name is None else Operand(name, idx)), share

    def _is_known(self, left: Operand, right: Operand, kept: frozenset[int]) -> Operand | None:
        """The product of two arrays, if the program has it already."""
        return None if left.inverse or right.inverse else self._known(left, right, kept)[0]

    def _pair(self, left: Operand, right: Operand, beyond: frozenset[int]) -> Operand:
        kept = frozenset(i for i in (*left.idx, *right.idx) if i in beyond)
        for one, other in ((left, right), (right, left)):
            if not other.inverse and solves(one, frozenset(other.idx), kept):
                return self._solve(one, other)
        left = Operand(self._explicit(left), left.idx) if left.inverse else left
        right = Operand(self._explicit(right), right.idx) if right.inverse else right
        every = frozenset((*left.idx, *right.idx))
        whole = self._is_known(left, right, every) if kept < every else None
        if whole is not None and not self._is_known(left, right, kept):
            return self._summed(whole, kept)
        (a, b), spec, idx = self._dot_spec(left, right, kept)
        cost = self.program.size(self.dims_of(tuple({*a.idx, *b.idx})))
        return Operand(self.program.emit("dot", (a.name, b.name), spec, self.dims_of(idx), 2 * cost), idx)

    def _dot_spec(self, left: Operand, right: Operand, kept: frozenset[int]) -> DotSpec:
        """Operands, key and indices of a product. All arrays with the same two sizes lie alike, whichever was first:
        what multiplies two arrays entry by entry is several times slower where one of them lies across."""
        (a, b), spec, idx = _dot_spec(left, right, kept)
        if len(idx) != 2 or any(len({*idx} & {*o.idx}) != 1 for o in (a, b)):
            return (a, b), spec, idx  # only where each operand has one of the two does it matter which comes first
        first, second = self.dims_of(idx)
        if self.program.first_axis(first, second) == first:
            return (a, b), spec, idx
        return (a, b), (spec[0], spec[1], spec[2][::-1]), idx[::-1]

    def _summed(self, o: Operand, kept: frozenset[int]) -> Operand:
        """The sum over all indices but those kept."""
        idx = tuple(i for i in o.idx if i in kept)
        spec = (tuple(range(len(o.idx))), tuple(k for k, i in enumerate(o.idx) if i in kept))
        cost = self.program.size(self.dims_of(o.idx))
        return Operand(self.program.emit("reduce", (o.name,), spec, self.dims_of(idx), cost), idx)

    def _solve(self, inverse: Operand, other: Operand) -> Operand:
        spec, idx = _solve_spec(inverse, other)
        (summed,) = set(other.idx) - set(idx)
        cost = 2 * self.program.size(self.dims_of(idx)) * self.program.size(self.dims_of((summed,)))
        return Operand(self.program.emit("solve", (inverse.name, other.name), spec, self.dims_of(idx), cost), idx)


def _solve_spec(inverse: Operand, other: Operand) -> tuple[Any, tuple[int, ...]]:
    """How an inverse is applied to an array, and the indices of the result."""
    a, b = inverse.idx
    turned = a in other.idx  # sum over a of inv[a, b] B[a, ...] is a solve with the transpose
    summed, free = (a, b) if turned else (b, a)
    idx = tuple(free if i == summed else i for i in other.idx)
    return (turned, other.idx.index(summed), len(idx)), idx


def _leaves(tree: Tree) -> list[int]:
    stack, found = [tree], []
    while stack:
        t = stack.pop()
        if isinstance(t, int):
            found.append(t)
        else:
            stack.extend(t)
    return found


def _dot_spec(left: Operand, right: Operand, kept: frozenset[int]) -> DotSpec:
    """Operands in a fixed order, indices renamed by first use, and the indices of the result: the key of a product."""
    a, b = sorted((left, right), key=lambda o: (len(o.name), o.name, len(o.idx)))
    if a.name == b.name and [i in kept for i in a.idx] < [i in kept for i in b.idx]:
        a, b = b, a
    local = {i: k for k, i in enumerate(dict.fromkeys((*a.idx, *b.idx)))}
    shared = [i for i in a.idx if i in b.idx and i in kept]
    idx = (*shared, *(i for i in a.idx if i in kept and i not in shared),
           *(i for i in b.idx if i in kept and i not in shared))  # fmt: skip
    spec = (tuple(local[i] for i in a.idx), tuple(local[i] for i in b.idx), tuple(local[i] for i in idx))
    return (a, b), spec, idx


def plain(node: Node) -> Pattern:
    return tuple(range(node.order))


def _power(value: Scalar, e: Any) -> Scalar:
    if value == 1:
        return 1
    if e == int(e):
        return Fraction(value) ** int(e) if not isinstance(value, float) else float(value ** int(e))
    return float(float(value) ** float(e))
