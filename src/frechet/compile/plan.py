"""From nodes to a program: every node once, products as pairs in the cheapest order, sums in compact form.

One factorisation serves the inverse, the solves and the determinant of a matrix; X'*diag(w)*X is half a product;
diagonals, repeated entries and outer products stay what they are until an array is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from frechet.compile.census import Census
from frechet.compile.products import LARGE, Contraction, Scalar, plain
from frechet.compile.program import FUNCTION, Pattern, Program, Value
from frechet.compile.stable.functions import FUNCTIONS
from frechet.compile.stable.shifts import LARGEST
from frechet.core.dims import Dim
from frechet.core.ein import is_symmetric, split_coef, transpose
from frechet.core.node import Add, Call, Ein, Map, Mask, Node, Pick, Size, Unit, Var, topological
from frechet.ops.op import arguments

FACTORED = ("inv", "logdet", "det", "detsign")

# Entries up to which a call costs more than the function: SciPy's own sigmoid is one call.
FEW = 400


class Planner:
    """Plans nodes into one program with these sizes."""

    def __init__(
        self, sizes: Mapping[str, int], names: Mapping[str, str], numpy: bool = True, census: Census | None = None
    ) -> None:
        self.program = Program(sizes, census=census or Census())
        self.numpy = numpy
        self.names = names
        self.program.reserve(names.values())
        self.values: dict[Node, Value] = {}

    def plan(self, roots: Iterable[Node]) -> list[Value]:
        """The values of the roots. Inner products of two factors come first, because longer ones may be built from
        them; then the longest products, whose parts serve the shorter ones."""
        roots = list(roots)
        order = topological(roots)
        for node in order:  # what meets a given matrix entry by entry had better lie as that does
            if isinstance(node, Var) and node.order == 2:
                self.program.first_axis(*node.dims)
        rank = {n: k for k, n in enumerate(order)}
        lazily = {n for n in order if isinstance(n, Call) and n.operation.name == "inv"}
        read = {c for n in order if not isinstance(n, Ein) for c in n.children} | set(roots)
        early = [n for n in order if isinstance(n, Ein) and len(n.factors) == 2 and n.order and n.contracts]
        long = sorted((n for n in order if isinstance(n, Ein) and len(n.factors) > 2), key=lambda n: -len(n.children))
        for start in (*early, *long, *order):
            for node in sorted(topological([start]), key=rank.__getitem__):
                if node not in self.values and (node not in lazily or node in read):
                    self.values[node] = self._value(node)
        return [self.values[r] for r in roots]

    def _value(self, node: Node) -> Value:
        if isinstance(node, Ein):
            return self._product(node)
        if isinstance(node, Add):
            return self._sum(node)
        if isinstance(node, Map):
            return self._map(node)
        if isinstance(node, Call):
            return self.call(node)
        if isinstance(node, Var):
            return Value(1, self.program.input(self.names[node.name], node.dims), plain(node))
        if isinstance(node, Size):
            return Value(1, self.program.emit("size", (), node.name, ()), ())
        assert isinstance(node, (Unit, Mask, Pick))
        place = node.position if isinstance(node, Unit) else node.first if isinstance(node, Pick) else node.offset
        return Value(1, self.program.emit(type(node).__name__.lower(), (), (place, node.dims), node.dims), plain(node))

    # ---- arrays ----

    def axes(self, value: Value, dims: Sequence[Dim]) -> tuple[Dim, ...]:
        """The dims of the array behind a value of a node of `dims`."""
        found = {p: d for p, d in zip(value.pattern, dims, strict=True) if p is not None and p >= 0}
        return tuple(found[k] for k in range(len(found)))

    def array(self, value: Value, dims: tuple[Dim, ...]) -> str:
        """The name of an array with one axis for each of `dims`, coefficient and diagonals written out."""
        if value.coef == 1 and value.name and value.pattern == tuple(range(len(dims))):
            return value.name
        args = (value.name,) if value.name else ()
        return self.program.emit("expand", args, (value.coef, value.pattern, dims), dims, self.program.size(dims))

    def rescaled(self, value: Value) -> Value:
        """The coefficient moved into the sum that makes the array, where there is one."""
        step = self.program.steps.get(value.name)
        if value.coef == 1 or step is None:
            return value
        if step.op == "entrywise" and step.spec[0] == ("linear",):
            what, inputs, order = step.spec
            spec: Any = (what, tuple((c * value.coef, named, spots) for c, named, spots in inputs), order)
        elif step.op == "assemble":
            parts, dims = step.spec
            (c, named, pattern), *diagonals = parts
            dense = self.rescaled(Value(c * value.coef, step.args[0] if named else "", pattern))
            first = (dense.coef, bool(dense.name), dense.pattern)
            spec = ((first, *((c * value.coef, named, pattern) for c, named, pattern in diagonals)), dims)
            args = (dense.name, *step.args[1:]) if named else step.args
            return Value(1, self.program.emit(step.op, args, spec, step.dims, step.flops), value.pattern)
        elif self.numpy and step.op != "input" and self.program.size(step.dims) >= LARGE:  # may be done in place
            whole = tuple(range(len(step.dims)))
            made = self.entrywise(("linear",), [Value(value.coef, value.name, whole)], step.dims)
            return Value(made.coef, made.name, value.pattern)
        else:
            return value
        return Value(1, self.program.emit(step.op, step.args, spec, step.dims, step.flops), value.pattern)

    def turned(self, values: Sequence[Value]) -> list[Value]:
        """The values with a minus sign before a product moved into a difference that serves this product alone:
        X'*(s - y) for -X'*(y - s)."""
        uses: dict[str, int] = {}
        for step in self.program.needed([v.name for v in values if v.name]):
            for a in step.args:
                uses[a] = uses.get(a, 0) + 1
        named = [v.name for v in values]
        return [self._turned(v, uses) if v.coef == -1 and named.count(v.name) == 1 else v for v in values]

    def _turned(self, value: Value, uses: Mapping[str, int]) -> Value:
        step = self.program.steps.get(value.name)
        if step is None or step.op != "dot" or uses.get(value.name):
            return value
        for k, name in enumerate(step.args):
            inner = self.program.steps[name]
            if inner.op != "entrywise" or inner.spec[0] != ("linear",) or uses[name] > 1 or step.args.count(name) > 1:
                continue
            what, inputs, order = inner.spec
            if {c > 0 for c, _, _ in inputs} == {True, False}:
                spec = (what, tuple((-c, named, spots) for c, named, spots in inputs), order)
                other = self.program.emit(inner.op, inner.args, spec, inner.dims, inner.flops)
                args = tuple(other if j == k else a for j, a in enumerate(step.args))
                return Value(1, self.program.emit("dot", args, step.spec, step.dims, step.flops), value.pattern)
        return value

    def entrywise(self, what: tuple[Any, ...], parts: Sequence[Value], dims: tuple[Dim, ...]) -> Value:
        """An elementwise step on values none of which stands on a diagonal; axes that none has stay away."""
        parts = [Value(1, self.array(p, dims), tuple(range(len(dims)))) if p.diagonal else p for p in parts]
        if not any(p.name for p in parts) and what[0] == "linear":
            return Value(sum(p.coef for p in parts), "", (None,) * len(dims))
        largest = max(parts, key=lambda p: sum(q is not None for q in p.pattern))
        first = {k: -1 if q is None else q for k, q in enumerate(largest.pattern)}
        present = sorted((k for k in first if any(p.pattern[k] is not None for p in parts)), key=first.__getitem__)
        place = {axis: k for k, axis in enumerate(present)}
        inputs = []
        for p in parts:
            spots = sorted((q, place[k]) for k, q in enumerate(p.pattern) if q is not None)
            inputs.append((p.coef, bool(p.name), tuple(s for _, s in spots)))
        shape = tuple(dims[k] for k in present)
        names = tuple(p.name for p in parts if p.name)
        cost = self.program.size(shape) * (FUNCTION if what[0] in ("map", "decay") else 1)
        name = self.program.emit("entrywise", names, (what, tuple(inputs), len(present)), shape, cost)
        return Value(1, name, tuple(place.get(k) for k in range(len(dims))))

    # ---- sums and functions ----

    def _map(self, node: Map) -> Value:
        name, args = node.operation.name, [self.values[a] for a in node.children]
        test = node.children[0]
        if self.numpy and name == "where" and isinstance(test, Map) and f"where_{test.operation.name}" in FUNCTIONS:
            a, b = (self.values[c] for c in test.children)
            turned = {"gt": "lt", "ge": "le"}.get(test.operation.name, "") if a.coef < 0 else ""
            a, b = (self._scaled(a, -1), self._scaled(b, -1)) if turned else (a, b)
            name, args = f"where_{turned or test.operation.name}", [a, b, *args[1:]]
        if name == "log":
            rest = _beside_one(node.children[0])
            if rest:
                parts = [self._scaled(self.values[n], c) for c, n in rest]
                inner = parts[0] if len(parts) == 1 else self.entrywise(("linear",), parts, node.dims)
                return self.entrywise(("map", "log1p"), [inner], node.dims)
        if self.numpy and name in ("sigmoid", "softplus") and self.program.size(node.dims) > FEW:
            return self._logistic(name, args[0], node.dims)
        return self.entrywise(("map", name), [self._negated(a) for a in args], node.dims)

    def _negated(self, value: Value) -> Value:
        """The argument of a function with its minus sign moved to the number that its array is multiplied with."""
        step = self.program.steps.get(value.name)
        if value.coef != -1 or step is None or step.op != "entrywise" or step.spec[0] != ("multiply",):
            return value
        _, inputs, order = step.spec
        numbers = [k for k, (_, named, spots) in enumerate(inputs) if named and not spots]
        if not numbers or not order:
            return value
        minus = self.entrywise(("linear",), [Value(-1, step.args[numbers[0]], ())], ()).name
        args = tuple(minus if k == numbers[0] else a for k, a in enumerate(step.args))
        return Value(1, self.program.emit("entrywise", args, step.spec, step.dims, step.flops), value.pattern)

    def _logistic(self, name: str, u: Value, dims: tuple[Dim, ...]) -> Value:
        """sigmoid(u), sigmoid(-u) and softplus(u) from one exp(-|u|), which costs less than either alone."""
        decay = self.entrywise(("decay",), [Value(abs(u.coef), u.name, u.pattern)], dims)
        return self.entrywise((name,), [u, decay], dims)

    @staticmethod
    def _scaled(value: Value, coef: Scalar) -> Value:
        return Value(value.coef * coef, value.name, value.pattern)

    def _sum(self, node: Add) -> Value:
        groups: dict[Pattern, list[Value]] = {}
        for c, n in node.terms:
            value = self._scaled(self.values[n], c)
            seen = [value.pattern.index(p) if p is not None else None for p in value.pattern]
            repeated = tuple(f if f is not None and f != k else None for k, f in enumerate(seen))
            groups.setdefault(repeated, []).append(value)
        parts = {key: self._added(values, key, node.dims) for key, values in groups.items()}
        if len(parts) == 1:
            return next(iter(parts.values()))
        dense = parts.pop((None,) * node.order, Value(0, "", (None,) * node.order))
        ordered = [self.rescaled(dense), *(parts[k] for k in sorted(parts, key=str))]
        spec = tuple((v.coef, bool(v.name), v.pattern) for v in ordered)
        names = tuple(v.name for v in ordered if v.name)
        name = self.program.emit("assemble", names, (spec, node.dims), node.dims, self.program.size(node.dims))
        return Value(1, name, plain(node))

    def _gathered(self, values: list[Value], dims: tuple[Dim, ...]) -> list[Value]:
        """Products of two vectors among the terms of a matrix as one product of two thin matrices."""
        outer = [v for v in values if len(dims) == 2 and None not in v.pattern and self._is_outer(v.name)]
        if len(outer) < 2 or self.program.size(dims) < LARGE:
            return values
        rest = [v for v in values if v not in outer]
        lying = next((v.pattern for v in rest if None not in v.pattern), (0, 1))  # as what it will be added to
        names = [self._sides(v, lying) for v in outer]
        flops = 2.0 * len(outer) * self.program.size(dims)
        args = tuple(n for pair in names for n in pair)
        shape = dims if lying == (0, 1) else dims[::-1]
        made = self.program.emit("outers", args, tuple(v.coef for v in outer), shape, flops)
        return [*rest, Value(1, made, lying)]

    def _sides(self, value: Value, lying: Pattern) -> tuple[str, ...]:
        """The vectors of an outer product: of the rows, then of the columns of an array that lies so."""
        step = self.program.steps[value.name]
        as_it_lies = step.spec[2][0] == step.spec[0][0]
        return step.args[:: 1 if as_it_lies == (value.pattern == lying) else -1]

    def _is_outer(self, name: str) -> bool:
        step = self.program.steps.get(name)
        if step is None or step.op != "dot":
            return False
        return [len(idx) for idx in step.spec] == [1, 1, 2]

    def _added(self, values: list[Value], repeated: Pattern, dims: tuple[Dim, ...]) -> Value:
        """The sum of values that stand on the same diagonal, without the axes that only repeat."""
        values = self._gathered(values, dims)
        if len(values) == 1:
            return values[0]
        kept = [k for k in range(len(dims)) if repeated[k] is None]
        axes = [[v.pattern[k] for k in kept] for v in values]
        small = [
            Value(v.coef, v.name, tuple(None if a is None or a < 0 else a for a in own))
            for v, own in zip(values, axes, strict=True)
        ]
        total = self.entrywise(("linear",), small, tuple(dims[k] for k in kept))
        place = {k: total.pattern[j] for j, k in enumerate(kept)}
        tied = [k for k in kept if k in repeated and place[k] is None]
        place.update({k: -1 - j for j, k in enumerate(tied)})
        return Value(total.coef, total.name, tuple(place[k if r is None else r] for k, r in enumerate(repeated)))

    # ---- opaque operations ----

    def factor(self, matrix: Node) -> tuple[str, bool]:
        """The factorisation that serves a matrix and its transpose; whether it is of the transpose."""
        other = transpose(matrix) if matrix.order == 2 else matrix
        if other is not matrix and other in self.values and matrix not in self.values:
            return self.factor(other)[0], True
        if matrix not in self.values:
            self.plan([matrix])
        half = matrix.order // 2
        known = matrix.order == 2 and is_symmetric(matrix)
        name = self.array(self.values[matrix], matrix.dims)
        n = self.program.size(matrix.dims[:half])
        flops = n**3 / 3
        return self.program.emit("factor", (name,), (half, known), matrix.dims[:half], flops), False

    def call(self, node: Call) -> Value:
        name = node.operation.name
        if name in FACTORED:
            factor, turned = self.factor(node.children[0])
            flops = 2 / 3 * self.program.size(node.dims[: node.order // 2]) ** 3 if name == "inv" else 0.0
            made = self.program.emit(name, (factor,), node.dims, node.dims, flops)
            pattern = plain(node)
            return Value(1, made, pattern if not turned or not pattern else (1, 0))
        if node.operation is LARGEST:
            (whole,), (axis,) = node.children, node.groups
            spec: Any = axis
            made = self.program.emit("largest", (self.array(self.values[whole], whole.dims),), spec, node.dims, 1.0)
            return Value(1, made, plain(node))
        args = tuple(self.array(self.values[a], a.dims) for a in node.children)
        sides = tuple(tuple(len(g) for g in t.groups) for t in arguments(node))
        spec = (node.operation.name, sides, tuple(isinstance(g, tuple) for g in node.groups))
        return Value(1, self.program.emit("call", args, spec, node.dims, self.program.size(node.dims)), plain(node))

    # ---- products ----

    def _product(self, node: Ein) -> Value:
        return Contraction(self, node).value()


def _beside_one(node: Node) -> list[tuple[Any, Node]] | None:
    """The other terms of 1 + u, or None if there is no constant one."""
    coef, core = split_coef(node)  # 1 - x may be -(x - 1), which is there for 1/(x - 1)
    if not isinstance(core, Add):
        return None
    ones = [k for k, (c, n) in enumerate(core.terms) if isinstance(n, Ein) and not n.factors and n.coef * c * coef == 1
            and len(set(n.out)) == len(n.out) == len(n.index_dims)]  # fmt: skip
    return [(c * coef, n) for k, (c, n) in enumerate(core.terms) if k != ones[0]] if len(ones) == 1 else None
