"""The rules of shape: what type each construction has, given the types of its parts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction

from frechet.core.dims import size_value
from frechet.core.errors import problem
from frechet.language import clash
from frechet.language.numbers import Value, combine
from frechet.language.scopes import Plan
from frechet.language.tree import Tree
from frechet.language.typed import Type, show
from frechet.language.unify import Sizes, Term, term

MAX_MATRIX_POWER = 1000
MAX_SYMBOLIC_INDEX = 100_000


class Typing:
    """One pass over a plan. `variables` gives the types of free names; `size_names` are the names that are sizes.

    `oddities` counts what nobody writes (a scalar transposed, summed, or right of a matrix), `at` says how far the
    pass came: the inference of kinds compares attempts by them. `indexed` are the symbolic sizes that must reach an
    index; `integers` the names declared integers, `open` those
    that may turn out to be: then they are `found_integers`.
    """

    def __init__(self, plan: Plan, variables: Mapping[str, Type], size_names: Collection[str], source: str) -> None:
        self.plan = plan
        self.variables = variables
        self.size_names = size_names
        self.source = source
        self.sizes = Sizes()
        self.types: dict[int, Type] = {}
        self.indexed: list[tuple[Term, int]] = []
        self.integers: Collection[str] = ()
        self.open: Collection[str] = ()
        self.found_integers: set[str] = set()
        self.oddities = 0
        self.at = 0

    def run(self, call: Callable[[Typing, Tree, Sequence[Type]], Type]) -> None:
        """Type every tree of the plan; `call` types the calls (it stands in another module)."""
        types = self.types
        rules = {**_RULES, "call": call}
        for at, tree in enumerate(self.plan.order):
            self.at = at
            skipped = self.plan.size_arguments.get(id(tree), ())
            args = [types[id(a)] for i, a in enumerate(tree.args) if i not in skipped]
            types[id(tree)] = rules[tree.kind](self, tree, args)

    def direction(self, arrow: Tree) -> Type:
        """The type of the name an arrow binds: declared, or for dX (dX_ if that is taken) the type of X."""
        for name in (arrow.name, arrow.name[1:], arrow.name[1:].rstrip("_"), arrow.name[1:].rstrip("_0123456789")):
            if name in self.variables and (name == arrow.name or arrow.name[0] == "d"):
                return self.variables[name]
        raise problem("E200", f"{arrow.name} is the direction of no variable.", arrow.span,
                      help="The direction of X is called dX: dX -> A*dX*B.")  # fmt: skip

    def is_whole(self, root: Tree) -> bool:
        """Whether a scalar is an integer by what is declared: calculated from integers by + - *."""
        stack = [root]
        found: set[str] = set()
        while stack:
            tree = stack.pop()
            named = tree.kind == "name" and any(
                tree.name in known for known in (self.integers, self.size_names, self.open)
            )
            found |= {tree.name} & set(self.open) if named else set()
            if not named and not (tree.kind == "number" and tree.value.denominator == 1):
                if tree.kind not in ("neg", "add", "sub", "mul") or self.plan.bound.get(id(tree)):
                    return False
                stack += tree.args
        self.found_integers |= found
        return True

    def equal(self, a: Type, b: Type) -> bool:
        """Make two shapes equal; on failure nothing has changed."""
        mark = self.sizes.mark()
        if self.sizes.unify(a.rows, b.rows) and self.sizes.unify(a.cols, b.cols):
            return True
        self.sizes.undo(mark)
        return False

    def common(self, tree: Tree, a: Type, b: Type, *, lone_scalars: bool) -> tuple[Term, Term]:
        """The shape of an entry-by-entry operation: the same shapes, or a number literal with anything
        (with `lone_scalars` any scalar with anything)."""
        if a.scalar and (lone_scalars or a.literal or b.scalar):
            return b.rows, b.cols
        if b.scalar and (lone_scalars or b.literal):
            return a.rows, a.cols
        if not self.equal(a, b):
            raise clash.entrywise(self, tree, a, b)
        return a.rows, a.cols


Rule = Callable[[Typing, Tree, Sequence[Type]], Type]


def _number(typing: Typing, tree: Tree, args: Sequence[Type]) -> Type:
    return Type((), (), True, tree.value)


def _size(typing: Typing, tree: Tree, args: Sequence[Type]) -> Type:
    return Type()


def _name(typing: Typing, tree: Tree, args: Sequence[Type]) -> Type:
    target = typing.plan.bound.get(id(tree))
    if target is not None:
        return typing.direction(target) if target.kind == "arrow" and target.name == tree.name \
            else typing.types[id(target)]  # fmt: skip
    found = typing.variables.get(tree.name)
    if found is not None:
        return found
    if tree.name in typing.size_names:
        return Type()
    raise clash.unknown_name(typing, tree)


def _neg(typing: Typing, tree: Tree, args: Sequence[Type]) -> Type:
    a = args[0]
    return a if a.value is None else a._replace(value=-a.value)


def _transpose(typing: Typing, tree: Tree, args: Sequence[Type]) -> Type:
    a = args[0]
    if a.scalar and tree.args[0].kind == "name":
        typing.oddities += 1
    return Type(a.cols, a.rows, a.literal, a.value)


def _entrywise(typing: Typing, tree: Tree, args: Sequence[Type]) -> Type:
    """`+ -` (a scalar that is no literal does not broadcast) and `.* ./ .^` (any scalar does)."""
    a, b = args
    kind = tree.kind
    if kind == "dotdiv" and b.value == 0:
        raise problem("E400", "Division by zero.", tree.span)
    dotted = kind not in ("add", "sub")
    if dotted:
        typing.oddities += (a.scalar and not a.literal) + (b.scalar and not b.literal)
    rows, cols = typing.common(tree, a, b, lone_scalars=dotted)
    return Type(rows, cols, a.literal and b.literal, _value(tree, a, b))


def _broadcast(typing: Typing, tree: Tree, args: Sequence[Type]) -> Type:
    """`.+ .-`: on each side equal sizes, or a size 1 that is repeated, so that a column and a row make a matrix."""
    a, b = args
    sides = []
    mark = typing.sizes.mark()
    for x, y in ((a.rows, b.rows), (a.cols, b.cols)):
        if x and y and not typing.sizes.unify(x, y):
            typing.sizes.undo(mark)
            raise clash.entrywise(typing, tree, a, b)
        sides.append(x or y)
    return Type(sides[0], sides[1], a.literal and b.literal, _value(tree, a, b))


def _value(tree: Tree, a: Type, b: Type) -> Value | None:
    """The value of a calculation with literals, so that a division by zero is seen before it is differentiated."""
    return None if a.value is None or b.value is None else combine(tree.kind, a.value, b.value, tree.span)


def _mul(typing: Typing, tree: Tree, args: Sequence[Type]) -> Type:
    a, b = args
    if a.scalar or b.scalar:
        typing.oddities += b.scalar and not a.scalar and tree.args[1].kind == "name"
        return Type(a.rows or b.rows, a.cols or b.cols, a.literal and b.literal, _value(tree, a, b))
    if not typing.sizes.unify(a.cols, b.rows):
        raise clash.product(typing, tree, a, b)
    return Type(a.rows, b.cols)


def _div(typing: Typing, tree: Tree, args: Sequence[Type]) -> Type:
    a, b = args
    if not b.scalar:
        raise clash.division(typing, tree, a, b)
    if b.value == 0:
        raise problem("E400", "Division by zero.", tree.span)
    return Type(a.rows, a.cols, a.literal and b.literal, _value(tree, a, b))


def _pow(typing: Typing, tree: Tree, args: Sequence[Type]) -> Type:
    a, b = args
    if not b.scalar:
        raise problem("E303", f"The exponent is {show(typing.sizes, b)}; ^ takes a scalar.", tree.args[1].span,
                      help="Elementwise powers are written .^ : x.^y.")  # fmt: skip
    if a.scalar:
        return Type((), (), a.literal and b.literal, _value(tree, a, b))
    if not typing.sizes.unify(a.rows, a.cols):
        raise clash.power(typing, tree, a)
    if b.value is None and typing.is_whole(tree.args[1]):
        return Type(a.rows, a.cols)
    if not isinstance(b.value, Fraction) or b.value.denominator != 1:
        name = tree.args[1].name if tree.args[1].kind == "name" else "p"
        raise problem("E303", "The power of a matrix is a whole number, or a name declared an integer.",
                      tree.args[1].span, help=f'Declare it, facts={{"{name}": ["integer"]}}. Elementwise powers are '
                      "written .^, the square root of a matrix sqrtm(X).")  # fmt: skip
    if abs(b.value) > MAX_MATRIX_POWER:
        raise problem("E402", f"The power of a matrix is at most {MAX_MATRIX_POWER}.", tree.args[1].span)
    return Type(a.rows, a.cols)


def _index(typing: Typing, tree: Tree, args: Sequence[Type]) -> Type:
    a = args[0]
    places: tuple[int | tuple[int, int] | None, ...] = tree.value
    if len(places) == 1 and a.rows and a.cols:
        raise problem("E302", f"Two places are needed: this is {show(typing.sizes, a)}.", tree.span,
                      help="Write X[2,3], X[2,:] or X[:,3].")  # fmt: skip
    sides = [a.rows, a.cols] if len(places) == 2 else [a.rows or a.cols]
    kept: list[Term] = [_place(typing, tree, side, place) for side, place in zip(sides, places, strict=True)]
    if len(places) == 2:
        return Type(kept[0], kept[1])
    return Type(kept[0]) if a.rows else Type((), kept[0])


def _place(typing: Typing, tree: Tree, side: Term, given: int | tuple[int, int] | None) -> Term:
    """What is left of one side; an index within a symbolic size becomes a relation that every drawn size obeys."""
    if given is None:
        return side
    place = given[1] if isinstance(given, tuple) else given
    solved = typing.sizes.solved(side)
    names = [d for d in solved if not isinstance(d, int)]
    known = 1
    for d in solved:
        known *= d if isinstance(d, int) else 1
    if not names and place > known:
        raise problem("E302", f"The index {place} is larger than the size {known}.", tree.span)
    if names and place > MAX_SYMBOLIC_INDEX:
        raise problem("E302", f"The index {place} is too large: at most {MAX_SYMBOLIC_INDEX}.", tree.span)
    if names and place > known:
        typing.indexed.append((side, place))
    length = given[1] - given[0] + 1 if isinstance(given, tuple) else 1
    return term((length,)) if length > 1 else ()


def _matrix(typing: Typing, tree: Tree, args: Sequence[Type]) -> Type:
    """Blocks: the same height along a row, the same width along a column."""
    height, width = tree.value
    grid = [args[i * width : (i + 1) * width] for i in range(height)]
    for i, row in enumerate(grid):
        for j, block in enumerate(row):
            if not (typing.sizes.unify(row[0].rows, block.rows) and typing.sizes.unify(grid[0][j].cols, block.cols)):
                raise clash.block(typing, tree, i * width + j, block)
    rows = _stacked(typing, tree, [row[0].rows for row in grid])
    return Type(rows, _stacked(typing, tree, [block.cols for block in grid[0]]))


def _stacked(typing: Typing, tree: Tree, parts: Sequence[Term]) -> Term:
    """The size of parts one after the other: a number if all are, else k equal parts of size n are (k, n)."""
    if len(parts) == 1:
        return parts[0]
    equal = not _numbers(typing, parts) and all(typing.sizes.unify(parts[0], p) for p in parts[1:])
    if _numbers(typing, parts):
        return term((sum(size_value(typing.sizes.solved(p), {}) for p in parts),))
    if equal:
        return (*term((len(parts),)), *parts[0])
    total = " + ".join(typing.sizes.show(p) for p in parts)
    raise problem("E304", f"The blocks stand along a size {total}, which has no name.", tree.span,
                  help="Declare the sizes as numbers to stack different blocks.")  # fmt: skip


def _numbers(typing: Typing, parts: Sequence[Term]) -> bool:
    return all(isinstance(d, int) for p in parts for d in typing.sizes.solved(p))


def _where(typing: Typing, tree: Tree, args: Sequence[Type]) -> Type:
    return args[0]


_RULES: dict[str, Rule] = {
    "number": _number, "size": _size, "name": _name, "neg": _neg, "transpose": _transpose,
    "add": _entrywise, "sub": _entrywise, "dotmul": _entrywise, "dotdiv": _entrywise, "dotpow": _entrywise,
    "dotadd": _broadcast, "dotsub": _broadcast, "mul": _mul, "div": _div, "pow": _pow,
    "index": _index, "matrix": _matrix, "where": _where, "arrow": _where,
}  # fmt: skip
