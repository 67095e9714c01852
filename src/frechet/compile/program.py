"""A straight-line program: what a plan is made of, whatever language it is written in afterwards.

A Step makes one array from others. Equal steps are the same step, so what two results share is computed once.
`Value` says how a node reads its array: node[i, j, ...] = coef * array[...], where an axis of the node may be missing
in the array (the value is repeated along it) and two axes may be the same one (the value stands on a diagonal).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from frechet.compile.census import Census
from frechet.core.dims import Dim, size_value
from frechet.core.dims import Size as Dims

Pattern = tuple[int | None, ...]

# Estimated nanoseconds for one multiply-add or one entry: matrix product, product with a vector, elementwise, function.
PRODUCT, VECTOR, ENTRY, FUNCTION, CALL = 0.05, 0.35, 0.8, 8.0, 1000.0


# Entries up to which a row is short.
NARROW = 64


@dataclass(frozen=True, slots=True)
class Step:
    """name = op(args); `spec` tells the rest (see `write`), `dims` are the sizes of the result."""

    name: str
    op: str
    args: tuple[str, ...]
    spec: Any
    dims: Dims
    flops: float

    @property
    def nanoseconds(self) -> float:
        """A rough estimate of the time of this step."""
        rate = ENTRY
        if self.op in ("dot", "gram", "solve", "factor", "inv", "sandwich", "sandwich_diagonal", "outers"):
            matrices = self.op != "dot" and (self.op != "solve" or len(self.dims) > 1)
            if self.op == "dot":
                left, right, out = (set(i) for i in self.spec)
                matrices = bool(left - right and right - left and (left & right) - out)
            rate = PRODUCT / 2 if matrices else VECTOR / 2
        return self.flops * rate + (CALL if self.op != "input" else 0.0)


@dataclass(frozen=True, slots=True)
class Value:
    """How a node reads an array: `pattern` gives, for each axis of the node, the axis of the array (None: repeated).

    Negative numbers are axes that the array does not have, repeated along a diagonal: (-1, -1) of a number is a
    multiple of the identity. A name of "" is the number one.
    """

    coef: Any
    name: str
    pattern: Pattern

    @property
    def diagonal(self) -> bool:
        """Whether two axes of the node are the same axis of the array."""
        seen = [p for p in self.pattern if p is not None]
        return len(set(seen)) < len(seen)


@dataclass
class Program:
    """Steps in order, the named inputs, and what is returned; `lying` tells, for two sizes, which is the first axis."""

    sizes: Mapping[str, int]
    steps: dict[str, Step] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    results: Any = None
    table: dict[Hashable, str] = field(default_factory=dict)
    lying: dict[frozenset[Dim], Dim] = field(default_factory=dict)
    census: Census = field(default_factory=Census)
    content: dict[str, int] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def size(self, dims: Iterable[Dim]) -> int:
        """The number of entries of an array of these dims."""
        return size_value(tuple(dims), self.sizes)

    def reserve(self, names: Iterable[str]) -> None:
        """Names that steps must not take."""
        self._taken.update(names)

    def input(self, name: str, dims: Dims) -> str:
        if name not in self.steps:
            self.steps[name] = Step(name, "input", (), None, dims, 0.0)
            self.content[name] = self.census.number(name)
            self.inputs.append(name)
        return name

    def emit(self, op: str, args: tuple[str, ...], spec: Any, dims: Dims, flops: float = 0.0) -> str:
        """The step of this content: made now, or found."""
        key = (op, args, spec)
        found = self.table.get(key)
        if found is not None:
            return found
        count = len(self.steps) + 1
        name = f"t{count}"
        while name in self._taken or name in self.steps:
            name = f"t{count}_"
            count += 1
        self.steps[name] = Step(name, op, args, spec, dims, flops)
        self.table[key] = name
        self.content[name] = self.identity(op, args, spec)
        if len(dims) == 2 and op != "expand":
            self.first_axis(dims[0], dims[1])
        return name

    def first_axis(self, a: Dim, b: Dim) -> Dim:
        """Which of two sizes is the first axis of all arrays that have them: the short one where the other is long
        (to sum or to repeat along short rows is slow), else the first that was asked for."""
        pair = frozenset((a, b))
        if pair not in self.lying:
            short, long = sorted((a, b), key=lambda d: self.size((d,)))
            narrow = self.size((short,)) <= NARROW and self.size((long,)) >= 4 * self.size((short,))
            self.lying[pair] = short if narrow else a
        return self.lying[pair]

    def identity(self, op: str, args: tuple[str, ...], spec: Any) -> int:
        """The number of the content of a step, whatever names the steps have."""
        return self.census.number((op, tuple(self.content[a] for a in args), spec))

    def nanoseconds(self, results: Iterable[str]) -> float:
        """A rough estimate, for choosing between programs."""
        return sum(s.nanoseconds for s in self.needed(results))

    def needed(self, results: Iterable[str]) -> list[Step]:
        """The steps that the results need, in order: the rest is dead code."""
        wanted = set(results)
        for step in reversed(list(self.steps.values())):
            if step.name in wanted:
                wanted.update(step.args)
        return [s for s in self.steps.values() if s.name in wanted]
