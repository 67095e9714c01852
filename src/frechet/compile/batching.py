"""Nodes with one axis more: a batch of points as one program, which the planner plans as any other.

An argument that is batched has the axis in front. A product gets one index more, in every factor that depends on the
batch and in its output; sums and functions of entries get the axis as it is, what does not depend on it is repeated
along it. Opaque operations carry it where NumPy has them for stacks of matrices (`STACKED`); the others go through the
stack one by one. `NotCarried` tells what has no form for a batch at all: `batches` then goes point by point.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

from frechet.compile.plan import Planner
from frechet.compile.products import plain
from frechet.compile.program import CALL, ENTRY, PRODUCT, Step, Value
from frechet.compile.stable.shifts import LARGEST, largest
from frechet.compile.words import letters
from frechet.compile.write import Writer
from frechet.core.node import Add, Call, Ein, Map, Node, Var, raw_add, raw_call, raw_ein, raw_map, topological, var
from frechet.core.operation import Operation, parse_signature
from frechet.ops.op import arguments

# Entries of a matrix from which a stack of products with vectors is faster through BLAS than through einsum.
BLAS = 100


class NotCarried(Exception):
    """Something in a program has no form for a whole batch."""


class Stack(NamedTuple):
    """An operation on the entries of a batch: its code, how many axes one entry has, and nanoseconds of one entry of
    n rows: `call` for LAPACK's call, `cubic` n^3 multiply-adds, of small matrices three times as slow as of large."""

    code: str
    order: int
    call: float = 100.0
    cubic: float = 0.0


STACKED = {
    "inv": Stack("np.linalg.inv({x})", 2, 400, 2),
    "logdet": Stack("np.linalg.slogdet({x})[1]", 2, 200, 1 / 3),
    "det": Stack("np.linalg.det({x})", 2, 200, 1 / 3),
    "detsign": Stack("np.linalg.slogdet({x})[0]", 2, 200, 1 / 3),
    "softmax": Stack("softmaxes({x})", 1),
    "logsumexp": Stack("logsumexps({x})", 1),
    "length": Stack("lengths({x})", 0),
    "inverse_length": Stack("inverse_lengths({x})", 0),
    "prod": Stack("np.prod({x}, axis=1)", 0),
    "cumprod": Stack("np.cumprod({x}, axis=1)", 1),
    "reverse": Stack("{x}[:, ::-1]", 1),
    "chol": Stack("np.linalg.cholesky(({x} + {x}.transpose(0, 2, 1)) / 2)", 2, 300, 1 / 3),
    "pinv": Stack("np.linalg.pinv({x}, rcond=1e-12)", 2, 9000, 20),
    "eigvals": Stack("np.linalg.eigvalsh(({x} + {x}.transpose(0, 2, 1)) / 2)", 2, 2000, 4),
    "eigmax": Stack("np.linalg.eigvalsh(({x} + {x}.transpose(0, 2, 1)) / 2)[:, -1]", 2, 2000, 4),
}  # fmt: skip


class _Rule:
    """A stack of applications is made last of all, so that nothing rebuilds it."""

    def __init__(self, name: str) -> None:
        self.name = name


@cache
def _operation(kind: str, name: str) -> Operation:
    """A stack of applications of `name`: "stack" made as one, "each" one by one."""
    return Operation(f"{kind} of {name}(X)", parse_signature("*->*"), "opaque", build=lambda X: X, rule=_Rule(name))


@dataclass(frozen=True, slots=True)
class Batch:
    """The arguments that have the leading axis, and the name of its size, which nothing else has."""

    names: frozenset[str]
    dim: str

    @classmethod
    def of(cls, names: Iterable[str], taken: Iterable[str]) -> Batch:
        dim, used = "batch", set(taken)
        while dim in used:
            dim += "_"
        return cls(frozenset(names), dim)

    def nodes(self, roots: Sequence[Node], repeat: bool = True) -> list[Node]:
        """The roots for the whole batch, with the axis in front; without `repeat`, a root that does not depend on the
        batch stays as it is. Raises NotCarried."""
        new: dict[Node, Node] = {}
        for node in topological(roots):
            made = self._node(node, [new[c] for c in node.children])
            new[node] = node if made is None else made
        return [self._repeated(r) if repeat and new[r] is r else new[r] for r in roots]

    def _node(self, node: Node, children: Sequence[Node]) -> Node | None:
        """The node on children some of which have the axis; None where it does not depend on the batch."""
        if isinstance(node, Var):
            return var(node.name, (self.dim, *node.dims), (), node.role) if node.name in self.names else None
        moving = [new is not old for new, old in zip(children, node.children, strict=True)]
        if not any(moving):
            return None
        if isinstance(node, Ein):
            return self._product(node, children, moving)
        whole = [c if m else self._repeated(c) for c, m in zip(children, moving, strict=True)]
        if isinstance(node, Map):
            return raw_map(node.operation, tuple(whole))
        if isinstance(node, Add):
            terms = tuple((c, n) for (c, _), n in zip(node.terms, whole, strict=True))
            return raw_add(terms, (self.dim, *node.dims))
        assert isinstance(node, Call)
        return self._call(node, children, moving)

    def _product(self, node: Ein, children: Sequence[Node], moving: Sequence[bool]) -> Node:
        own = len(node.index_dims)
        factors = tuple(
            (c, (own, *idx) if m else idx, e) for c, m, (_, idx, e) in zip(children, moving, node.factors, strict=True)
        )
        return raw_ein(node.coef, factors, (own, *node.out), (*node.index_dims, self.dim))

    def _repeated(self, node: Node) -> Node:
        """The same for every point; a number stays one that is seen to be a number."""
        if isinstance(node, Ein) and not node.factors:
            own = len(node.index_dims)
            return raw_ein(node.coef, (), (own, *node.out), (*node.index_dims, self.dim))
        axes = tuple(range(node.order))
        return raw_ein(1, ((node, axes, 1),), (node.order, *axes), (*node.dims, self.dim))

    def _call(self, node: Call, children: Sequence[Node], moving: Sequence[bool]) -> Node:
        if node.operation is LARGEST:
            (axis,) = node.groups
            assert isinstance(axis, int)
            return largest(children[0], axis + 1)
        name = node.operation.name
        found, dims = STACKED.get(name), (self.dim, *node.dims)
        inner = tuple(isinstance(g, tuple) for g in node.groups)
        if found and not any(inner) and found.order in (0, node.children[0].order):
            return raw_call(_operation("stack", name), tuple(children), (), dims, False)
        if any(m and not c.order for m, c in zip(moving, node.children, strict=True)):
            raise NotCarried(name)
        sides = tuple(tuple(len(g) for g in t.groups) for t in arguments(node))
        told: Any = (sides, inner, tuple(moving))
        return raw_call(_operation("each", name), tuple(children), told, dims, False)


class StackPlanner(Planner):
    """A planner that knows stacks of opaque operations, and puts the axis of the batch first."""

    def __init__(self, sizes: Mapping[str, int], names: Mapping[str, str], batch: Batch) -> None:
        super().__init__(sizes, names)
        for other in sizes:  # what is summed for each point is then contiguous
            self.program.lying[frozenset((batch.dim, other))] = batch.dim

    def call(self, node: Call) -> Value:
        rule = node.operation.rule
        if not isinstance(rule, _Rule):
            return super().call(node)
        if node.groups:
            return self._each(node, rule.name)
        name, (inner,) = rule.name, node.children
        batch, *own = inner.dims
        stack = STACKED[name]
        entries = self.program.size(own)
        each = stack.call + entries + 6 * PRODUCT * stack.cubic * entries**1.5
        spec = (name, len(own))
        arg = self.array(self.values[inner], inner.dims)
        made = self.program.emit("stacked", (arg,), spec, node.dims, self.program.size([batch]) * each / ENTRY)
        return Value(1, made, plain(node))

    def _each(self, node: Call, name: str) -> Value:
        """The application for one point after another; `point` steps stand for what one point has of an array."""
        spec: Any = node.groups
        arrays = [self.array(self.values[c], c.dims) for c in node.children]
        entries = [self.program.emit("point", (a,), None, c.dims[1:]) if m else a
                   for a, c, m in zip(arrays, node.children, spec[2], strict=True)]  # fmt: skip
        points = self.program.size(node.dims[:1])
        cost = points * (5 * CALL + self.program.size(node.dims[1:]) ** 1.5) / ENTRY
        made = self.program.emit("each", (*arrays, *entries), (name, *spec), node.dims, cost)
        return Value(1, made, plain(node))


class StackWriter(Writer):
    """A writer that knows the same, and stacks of products with vectors."""

    by_rows = False

    def _stacked(self, step: Step) -> str:
        name, order = step.spec
        text = STACKED[name].code
        if not text.startswith(("np.", "{")):
            self.helper(text.partition("(")[0])
        (x,) = step.args
        if STACKED[name].order == 0 and order != 1:
            x = f"{x}.reshape(len({x}), -1)"
        return text.replace("{x}", x)

    def _point(self, step: Step) -> list[str]:
        return []  # a name inside the statement of `_each`

    def _each(self, step: Step) -> str:
        name, sides, inner, moving = step.spec
        arrays, entries = step.args[: len(sides)], step.args[len(sides) :]
        one = self._call(replace(step, args=entries, spec=(name, sides, inner), dims=step.dims[1:]))
        along = {e: a for e, a, m in zip(entries, arrays, moving, strict=True) if m}
        over = ", ".join(along.values())
        return f"np.stack([{one} for {', '.join(along)} in {over if len(along) == 1 else f'zip({over}, strict=True)'}])"

    def _dot(self, step: Step) -> str:
        return self._with_vectors(step) or self._accumulated(step) or super()._dot(step)

    def _accumulated(self, step: Step) -> str:
        """An inner product for every point in float32, summed in float64 as that of one point is (see `precision`)."""
        ia, ib, io = step.spec
        if not self.single or len(io) != 1 or {*ia} != {*ib} or len(ia) == 1:
            return ""
        a, b = step.args
        return self.narrow(f'np.einsum("{letters(ia)},{letters(ib)}->{letters(io)}", {a}, {b}, dtype=np.float64)')

    def _with_vectors(self, step: Step) -> str:
        """A matrix times a vector for every point, where both are stacks and the matrices are worth a call of BLAS."""
        ia, ib, io = step.spec
        (a, ia), (b, ib) = sorted(zip(step.args, (ia, ib), strict=True), key=lambda side: -len(side[1]))
        if len(ia) != 3 or len(ib) != 2 or len(io) != 2 or ia[0] != ib[0] or io[0] != ib[0] or ib[1] not in ia[1:]:
            return ""
        rows = io[1]
        if rows == ib[1] or rows not in ia or self.program.size(self.program.steps[a].dims[1:]) < BLAS:
            return ""
        return f"({a} @ {b}[:, :, None])[:, :, 0]" if ia[1] == rows else f"({b}[:, None, :] @ {a})[:, 0, :]"
