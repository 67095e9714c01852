"""A typed Tree flattened once into a list of small closures, because verification runs it about a hundred times.

Inside, every value is a 2-D array: a scalar is 1 x 1, a column n x 1, a row 1 x n. A composite size such as the rows
of kron(A, B) is one axis in the column-major order of the surface language. Equal steps share a slot.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from frechet.core.dims import Shape, Size, size_value
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.language.scopes import size_places
from frechet.language.tree import Tree
from frechet.ops.op import REGISTRY

Array = Any
Slots = list[Any]
Step = Callable[[Slots], None]
Extent = tuple[int, int]

SHAKE = 1e-13

_ENTRYWISE: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add, "sub": operator.sub, "dotadd": operator.add, "dotsub": operator.sub,
    "dotmul": operator.mul, "dotdiv": operator.truediv, "div": operator.truediv, "dotpow": operator.pow,
}  # fmt: skip


def extent(shape: Shape, sizes: Mapping[str, int]) -> Extent:
    """Rows and columns as numbers; E304 for a size that has no value."""
    try:
        return size_value(shape.rows, sizes), size_value(shape.cols, sizes)
    except KeyError as missing:
        raise _no_size(str(missing.args[0])) from None


def _no_size(name: str) -> Exception:
    help = "Declare a variable that has this size."
    return problem("E304", f"The size {name} is not known from the arrays.", help=help)


class Program:
    """A tree ready to be evaluated at the given sizes, as often as wanted. Call it with the arrays by name.

    `steps` and `trees` run in parallel: the closure, and the tree it computes; `targets` are the slots they fill.
    """

    def __init__(self, tree: Tree, sizes: Mapping[str, int]) -> None:
        self.sizes = dict(sizes)
        self.constants: Slots = []
        self.inputs: list[tuple[str, int, Extent]] = []
        self.steps: list[Step] = []
        self.trees: list[Tree] = []
        self.targets: list[int] = []
        self.arguments: list[tuple[int, ...]] = []
        self.directions: list[str] = []
        self._known: dict[Any, int] = {}
        with np.errstate(all="ignore"):
            self.result = _flatten(tree, self)
        shape = tree.typed
        self.shape: tuple[int, ...] = tuple(size_value(s, self.sizes) for s in (shape.rows, shape.cols) if s)

    def __call__(self, arrays: Mapping[str, Array], rng: Any = None) -> Array:
        """The value: 0-d, 1-D (rows too) or 2-D. With a generator `rng`, see `shaken`."""
        slots = self.run(arrays) if rng is None else self.shaken(arrays, rng)
        return slots[self.result].reshape(self.shape)

    def shaken(self, arrays: Mapping[str, Array], rng: Any) -> Slots:
        """Every intermediate value when each of them is rounded a thousand times more coarsely than a double is: what
        rounding does to the result, enlarged."""
        slots = self.run(arrays)
        with np.errstate(all="ignore"):
            for step, target in zip(self.steps, self.targets, strict=True):
                step(slots)
                slots[target] = slots[target] * (1 + SHAKE * rng.standard_normal(slots[target].shape))
        return slots

    def run(self, arrays: Mapping[str, Array]) -> Slots:
        """Every intermediate value, by slot."""
        slots = self.constants.copy()
        for name, slot, ext in self.inputs:
            try:
                given = np.asarray(arrays[name])
                slots[slot] = given.astype(complex if np.iscomplexobj(given) else float).reshape(ext)
            except KeyError:
                raise problem("E305", f"No array is given for {name}.") from None
            except (TypeError, ValueError):
                raise _misshapen(name, ext, arrays[name]) from None
        at = 0
        with np.errstate(all="ignore"):
            try:
                for at, step in enumerate(self.steps):  # noqa: B007 - `at` says below which step failed
                    step(slots)
            except np.linalg.LinAlgError as failure:
                tree = self.trees[at]
                what = f"{tree.name or tree.kind}: {failure}".lower()
                raise problem("E400", f"Not defined at this point: {what}.", tree.span) from None
        return slots

    # -- building ------------------------------------------------------------------------------------

    def constant(self, key: Any, value: Array) -> int:
        if key not in self._known:
            self._known[key] = len(self.constants)
            self.constants.append(value)
        return self._known[key]

    def input(self, name: str, ext: Extent) -> int:
        key = ("input", name, ext)
        if key not in self._known:
            self._known[key] = len(self.constants)
            self.inputs.append((name, len(self.constants), ext))
            self.constants.append(None)
        return self._known[key]

    def value_of(self, slot: int) -> Array | None:
        """The value of a slot that depends on no array."""
        return self.constants[slot]

    def add(self, key: Any, tree: Tree, args: Sequence[int], make: Callable[[int], Step]) -> int:
        """The slot of a step; a step on constants alone is done at once."""
        if key in self._known:
            return self._known[key]
        slot = len(self.constants)
        self._known[key] = slot
        self.constants.append(None)
        step = make(slot)
        if all(self.constants[a] is not None for a in args):
            try:
                step(self.constants)
                return slot
            except (np.linalg.LinAlgError, ArithmeticError):
                pass  # it fails again when run, with its place
        self.steps.append(step)
        self.trees.append(tree)
        self.targets.append(slot)
        self.arguments.append(tuple(args))
        return slot


def _misshapen(name: str, ext: Extent, array: Any) -> Exception:
    wanted = " x ".join(map(str, ext))
    given = " x ".join(map(str, getattr(array, "shape", ()))) or type(array).__name__
    return problem("E305", f"The array of {name} is {given}; {wanted} is needed.")


def _flatten(root: Tree, program: Program) -> int:
    """The slot of `root`. A loop with its own stack; `version` tells apart what one name means in two scopes."""
    done: dict[tuple[int, int], int] = {}
    scope: dict[str, list[int]] = {}
    version = fresh = 0
    stack: list[tuple[str, Tree, Any]] = [("enter", root, None)]
    while stack:
        action, tree, extra = stack.pop()
        if action == "enter":
            if (id(tree), version) in done:
                continue
            if tree.kind == "where":
                stack.append(("body", tree, version))
                stack.append(("enter", tree.args[0], None))
                for name, part in zip(reversed(tree.value), reversed(tree.args[1:]), strict=True):
                    stack += [("bind", part, name), ("enter", part, None)]
                continue
            stack.append(("leave", tree, None))
            skipped = size_places(tree) if tree.kind == "call" else ()
            stack.extend(("enter", a, None) for i, a in enumerate(tree.args) if i not in skipped)
            if tree.kind == "arrow":
                names = [n.strip() for n in tree.name.split(",")]
                program.directions += [n for n in names if n not in program.directions]
        elif action == "bind":
            scope.setdefault(extra, []).append(done[id(tree), version])
            fresh += 1
            version = fresh
        elif action == "body":
            slot = done[id(tree.args[0]), version]
            for name in tree.value:
                scope[name].pop()
            version = extra
            done[id(tree), version] = slot
        elif tree.kind == "name" and scope.get(tree.name):
            done[id(tree), version] = scope[tree.name][-1]
        else:
            skipped = size_places(tree) if tree.kind == "call" else ()
            args = [done[id(a), version] for i, a in enumerate(tree.args) if i not in skipped]
            done[id(tree), version] = _slot(tree, args, program)
    return done[id(root), version]


def _slot(tree: Tree, args: Sequence[int], program: Program) -> int:
    """The slot of one tree whose arguments have theirs."""
    kind = tree.kind
    if kind == "number":
        return program.constant(("number", tree.value), np.full((1, 1), float(tree.value)))
    if kind in ("size", "name"):
        if kind == "size" or (tree.typed.is_scalar and tree.name in program.sizes):
            value = static_size(tree, program.sizes)
            return program.constant(("number", value), np.full((1, 1), float(value)))
        return program.input(tree.name, extent(tree.typed, program.sizes))
    if kind == "arrow":
        return args[0]
    ext = extent(tree.typed, program.sizes)
    places = size_places(tree) if kind == "call" else ()
    given = tuple(static_size(a, program.sizes) for i, a in enumerate(tree.args) if i in places)
    key = (kind, tree.name, tree.value, given, tuple(args), ext)
    return program.add(key, tree, args, lambda slot: _step(tree, slot, args, ext, program))


def static_size(tree: Tree, sizes: Mapping[str, int]) -> int:
    """The value of a size argument: a number, the name of a size, or a product of them."""
    value, stack = 1, [tree]
    while stack:
        part = stack.pop()
        if part.kind == "number":
            value *= int(part.value)
        elif part.kind == "mul":
            stack.extend(part.args)
        else:
            dim = part.value if part.kind == "size" else part.name
            if not isinstance(dim, int) and dim not in sizes:
                raise _no_size(str(dim))
            value *= dim if isinstance(dim, int) else sizes[dim]
    return value


def _step(tree: Tree, k: int, args: Sequence[int], ext: Extent, program: Program) -> Step:
    """The closure that fills slot k."""
    kind = tree.kind
    if kind == "call":
        return _call(tree, k, args, ext, program)
    if kind in ("pow", "dotpow"):
        return _power(tree, k, args, program)
    if kind in _ENTRYWISE:
        return _two(_ENTRYWISE[kind], k, *args)
    if kind == "mul":
        # A 1 x 1 factor scales; both readings agree wherever both make sense.
        scales = any(all(n == 1 for n in extent(a.typed, program.sizes)) for a in tree.args)
        return _two(operator.mul if scales else operator.matmul, k, *args)
    if kind == "neg":
        return _one(operator.neg, k, args[0])
    if kind == "transpose":
        return _one(operator.attrgetter("T"), k, args[0])
    if kind == "index":
        return _index(tree, k, args[0], ext)
    assert kind == "matrix", f"no rule for {kind}"
    return _matrix(tree, k, args)


def _one(fn: Callable[[Any], Any], k: int, i: int) -> Step:
    def step(v: Slots) -> None:
        v[k] = fn(v[i])

    return step


def _two(fn: Callable[[Any, Any], Any], k: int, i: int, j: int) -> Step:
    def step(v: Slots) -> None:
        v[k] = fn(v[i], v[j])

    return step


def _power(tree: Tree, k: int, args: Sequence[int], program: Program) -> Step:
    """A whole power of a matrix, or a power of entries; a constant exponent as a number is quicker."""
    base, exponent = args
    constant = program.value_of(exponent)
    if tree.kind == "pow" and not tree.args[0].typed.is_scalar and constant is None:
        power_of = REGISTRY["mpower"].value
        assert power_of is not None
        return _two(power_of, k, base, exponent)
    if constant is None or constant.size > 1:
        return _two(operator.pow, k, base, exponent)
    p = float(constant[0, 0])
    if tree.kind == "pow" and not tree.args[0].typed.is_scalar:
        n = int(p)
        return _one(lambda a: np.linalg.matrix_power(a, n), k, base)
    return _one(lambda a: a**p, k, base)


def _index(tree: Tree, k: int, i: int, ext: Extent) -> Step:
    places = [
        slice(None) if p is None else slice(p[0] - 1, p[1]) if isinstance(p, tuple) else p - 1 for p in tree.value
    ]

    def step(v: Slots) -> None:
        a = v[i]
        try:
            v[k] = (a.ravel()[places[0]] if len(places) == 1 else a[places[0], places[1]]).reshape(ext)
        except (IndexError, ValueError):  # a range that is cut off has another shape
            shown = " x ".join(map(str, a.shape))
            raise problem("E302", f"The index lies outside the array, which is {shown}.", tree.span) from None

    return step


def _matrix(tree: Tree, k: int, args: Sequence[int]) -> Step:
    height, width = tree.value
    rows = [args[r * width : (r + 1) * width] for r in range(height)]

    def step(v: Slots) -> None:
        v[k] = np.concatenate([np.concatenate([v[i] for i in row], axis=1) for row in rows], axis=0)

    return step


def _call(tree: Tree, k: int, args: Sequence[int], ext: Extent, program: Program) -> Step:
    """The record's own `value`, its result brought to rows and columns (a constant of the fitting size is repeated)."""
    record = REGISTRY[tree.name]
    function = record.value
    assert function is not None, f"{tree.name} has no value"
    places = size_places(tree)
    if places:
        fixed: dict[int, int] = {i: static_size(tree.args[i], program.sizes) for i in places}
        function = _with_sizes(function, fixed, len(tree.args))
    entries = ext[0] * ext[1]

    def step(v: Slots) -> None:
        value = function(*[v[i] for i in args])
        if value.shape != ext:
            value = value.reshape(ext) if value.size == entries else np.full(ext, value)
        v[k] = value

    return step


def _with_sizes(function: Callable[..., Any], fixed: Mapping[int, int], count: int) -> Callable[..., Any]:
    """`function` with its size arguments filled in."""

    def filled(*values: Any) -> Any:
        given = iter(values)
        return function(*[fixed[i] if i in fixed else next(given) for i in range(count)])

    return filled


__all__ = ["Extent", "Program", "Size", "Slots", "Step", "extent", "static_size"]
