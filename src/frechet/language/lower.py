"""Surface to algebra: a typed Tree becomes a Node.

Rows and columns stay behind: a row and a column of the same entries are the same node. What the user wrote for each
node is remembered in `origins`, so that the printed answer keeps the user's own subexpressions and signs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from frechet.core.build import add, apply_map
from frechet.core.dims import Dim, Shape, Size
from frechet.core.ein import constant, ein, product, scale, split_coef
from frechet.core.errors import problem
from frechet.core.facts import OF_DOMAIN
from frechet.core.node import Add, Ein, Factor, Map, Node, Number, pick, size_node, unit, var
from frechet.core.numbers import simple
from frechet.core.operation import Operation, Pattern, Signature
from frechet.core.tensor import Tensor, contract
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree, fold
from frechet.ops import REGISTRY
from frechet.ops.elementwise import even_root
from frechet.ops.powers import matrix_power

Build = Callable[..., Tensor]


@dataclass
class Lowered:
    """The node of a tree, the nodes of its subtrees by id, and for each how the user wrote it: node = coef * tree."""

    root: Node
    nodes: dict[int, Node] = field(default_factory=dict)
    origins: dict[Node, tuple[Number, Tree]] = field(default_factory=dict)
    instead: Mapping[str, Build] = field(default_factory=dict)


class _Sum:
    """A sum still being read: a long typed sum becomes one Add, whatever its nesting. A part is a term or a sum, which
    is taken apart once, when the node is asked for."""

    def __init__(self, parts: list[tuple[Number, Node | _Sum]], dims: Size) -> None:
        self.parts, self.dims = parts, dims
        self.count: int = sum(part.count if isinstance(part, _Sum) else 1 for _, part in parts)

    @property
    def node(self) -> Node:
        terms: list[tuple[Number, Node]] = []
        stack: list[tuple[Number, Node | _Sum]] = [(1, self)]
        while stack:
            coef, part = stack.pop()
            if isinstance(part, _Sum):
                stack.extend((coef * c, inner) for c, inner in reversed(part.parts))
            else:
                terms.append((coef, part))
        return add(terms, self.dims)


Value = Node | _Sum


def variable_node(name: str, declarations: Declarations, without: frozenset[str] = frozenset()) -> Node:
    """The node of a declared variable; `without` are facts to put aside while differentiating by it."""
    facts = set(declarations.facts.get(name, frozenset())) - {"constant"}
    if declarations.domain.get(name) in OF_DOMAIN:
        facts.add(OF_DOMAIN[declarations.domain[name]])
    facts -= without
    return var(name, declarations.variables[name].axes, facts)


def lower(tree: Tree, environment: Mapping[str, Node], instead: Mapping[str, Build] | None = None) -> Lowered:
    """The node of a typed tree; `environment` gives the node of every free name, `instead` other operations for some
    names.

    Raises E402 or E400 where the algebra refuses a value.
    """
    names = dict(environment)
    lowered = Lowered(constant(0), instead=instead or {})
    while tree.kind in ("where", "arrow"):
        if tree.kind == "where":
            for name, definition in zip(tree.value, tree.args[1:], strict=True):
                names[name] = _walk(definition, names, lowered)
        tree = tree.args[0]
    lowered.root = _walk(tree, names, lowered)
    return lowered


def _walk(tree: Tree, names: Mapping[str, Node], lowered: Lowered) -> Node:
    def visit(t: Tree, args: Sequence[Value]) -> Value:
        if t.kind == "name" and t.name in names:
            lowered.nodes[id(t)] = names[t.name]
            return names[t.name]
        other = lowered.instead.get(t.name) if t.kind == "call" else None
        value = _RULES[t.kind](t, args) if other is None else _built(t, args, other)
        if not isinstance(value, _Sum) or value.count <= 12:
            lowered.nodes[id(t)] = _node(value)
            if t.args:
                _remember(t, _node(value), lowered)
        return value

    result = fold(tree, visit)
    return result.node if isinstance(result, _Sum) else result


def _remember(tree: Tree, node: Node, lowered: Lowered) -> None:
    coef, core = split_coef(node)
    if coef != 0 and not (isinstance(core, Ein) and core.is_number):
        lowered.origins.setdefault(core, (coef, tree))


def _node(value: Value) -> Node:
    return value.node if isinstance(value, _Sum) else value


def _flat(node: Node, shape: Shape) -> Tensor:
    """A node grouped as its surface shape has it; a row is a vector."""
    return Tensor(node, tuple(side for side in shape if side))


def spread(node: Node, shape: Shape, target: Shape) -> Node:
    """Repeat a scalar, column or row over the entries of a larger shape."""
    if shape == target:
        return node
    rows = tuple(range(len(target.rows)))
    cols = tuple(range(len(rows), len(rows) + len(target.cols)))
    idx = (rows if shape.rows else ()) + (cols if shape.cols else ())
    return ein(1, [(node, idx, 1)], rows + cols, dict(enumerate(target.axes)))


def _spread_args(t: Tree, args: Sequence[Value]) -> list[Node]:
    return [spread(_node(a), sub.typed, t.typed) for a, sub in zip(args, t.args, strict=True)]


def _terms(t: Tree, value: Value, sub: Tree, sign: int) -> list[tuple[Number, Node | _Sum]]:
    if isinstance(value, _Sum) and sub.typed == t.typed:
        return [(sign, value)]
    return [(sign, spread(_node(value), sub.typed, t.typed))]


def _sum_rule(sign: int) -> Callable[[Tree, Sequence[Value]], Value]:
    def rule(t: Tree, args: Sequence[Value]) -> Value:
        left = _terms(t, args[0], t.args[0], 1)
        return _Sum(left + _terms(t, args[1], t.args[1], sign), t.typed.axes)

    return rule


def _negated(t: Tree, args: Sequence[Value]) -> Value:
    return _Sum(_terms(t, args[0], t.args[0], -1), t.typed.axes)


def _product(t: Tree, args: Sequence[Value]) -> Value:
    """a * b: scalar times anything, else the columns of a against the rows of b."""
    (a, b), (left, right) = [_node(x) for x in args], [s.typed for s in t.args]
    if left.is_scalar or right.is_scalar:
        big = right if left.is_scalar else left
        n = tuple(range(len(big.axes)))
        idx = [n if s.axes else () for s in (left, right)]
        return ein(1, [(a, idx[0], 1), (b, idx[1], 1)], n, dict(enumerate(big.axes)))
    r, c, k = len(left.rows), len(left.cols), len(right.cols)
    rows, inner, cols = tuple(range(r)), tuple(range(r, r + c)), tuple(range(r + c, r + c + k))
    dims = dict(enumerate(left.rows + left.cols + right.cols))
    return ein(1, [(a, rows + inner, 1), (b, inner + cols, 1)], rows + cols, dims)


def _quotient(t: Tree, args: Sequence[Value]) -> Value:
    a, b = _spread_args(t, args) if t.kind == "dotdiv" else [_node(x) for x in args]
    softmax = _softmax(a, b)
    if softmax is not None:
        return softmax
    logistic = _logistic(b)
    if logistic is not None:
        return product(a, logistic)
    n = tuple(range(len(t.typed.axes)))
    return ein(1, [(a, n if a.order else (), 1), (b, n if b.order else (), -1)], n, dict(enumerate(t.typed.axes)))


def _softmax(a: Node, b: Node) -> Node | None:
    """exp(u)/sum(exp(u)) is softmax(u): one node for both spellings."""
    plain = isinstance(a, Map) and a.operation.name == "exp" and a.order == 1 and not b.order
    if not plain or contract("i->", Tensor(a, (a.dims,))).node is not b:
        return None
    result: Tensor = REGISTRY["softmax"].build(Tensor(a.children[0], (a.dims,)))
    return result.node


def _logistic(b: Node) -> Node | None:
    """1/(1 + exp(u)) is sigmoid(-u), the stable form."""
    if not (isinstance(b, Add) and len(b.terms) == 2 and all(c == 1 for c, _ in b.terms)):
        return None
    for (_, one), (_, other) in (b.terms, b.terms[::-1]):
        constant_one = isinstance(one, Ein) and not one.factors and len(set(one.out)) == one.order
        if constant_one and isinstance(other, Map) and other.operation.name == "exp":
            return apply_map(REGISTRY["sigmoid"], [scale(other.children[0], -1)])
    return None


def _hadamard(t: Tree, args: Sequence[Value]) -> Value:
    a, b = _spread_args(t, args)
    n = tuple(range(len(t.typed.axes)))
    return ein(1, [(a, n, 1), (b, n, 1)], n, dict(enumerate(t.typed.axes)))


def _power(t: Tree, args: Sequence[Value]) -> Value:
    """a^b of scalars and a.^b entry by entry; an integer power of a square matrix."""
    base, exponent = [_node(x) for x in args]
    shape = t.args[0].typed
    if t.kind == "pow" and not shape.is_scalar:
        return matrix_power(_flat(base, shape), exponent)
    base, exponent = _spread_args(t, [base, exponent])
    return power(base, exponent)


def power(base: Node, exponent: Node) -> Node:
    """base .^ exponent; a constant exponent stays an exact number, an even power under a root leaves abs."""
    if not isinstance(exponent, Ein) or exponent.factors or len(set(exponent.out)) < exponent.order:
        return apply_map(REGISTRY["power"], [base, exponent])
    return even_root(base, exponent.coef)


def _transposed(t: Tree, args: Sequence[Value]) -> Value:
    node, shape = _node(args[0]), t.args[0].typed
    if not shape.is_matrix:
        return node
    rows, cols = tuple(range(len(shape.rows))), tuple(range(len(shape.rows), len(shape.axes)))
    return ein(1, [(node, rows + cols, 1)], cols + rows, dict(enumerate(shape.axes)))


def _indexed(t: Tree, args: Sequence[Value]) -> Value:
    """Entries and slices: a product with unit vectors."""
    node, shape = _node(args[0]), t.args[0].typed
    sides = [side for side in shape if side]
    index: list[int] = []
    factors: list[Factor] = []
    dims = dict(enumerate(shape.axes))
    parts: dict[int, int] = {}
    # A scalar is a 1 x 1 matrix, a vector one of a single column: its place 1 there says nothing.
    told = zip(shape, t.value, strict=True) if len(t.value) == 2 else [((sides or [()])[0], t.value[0])]
    for side, place in [(s, p) for s, p in told if s]:
        axes = tuple(range(len(index), len(index) + len(side)))
        index += axes
        if isinstance(place, tuple) and place[0] == place[1]:
            place = place[0]
        if isinstance(place, tuple):
            if len(side) != 1:
                raise problem("E304", "A part of a vec or kron has no matrix form yet; take single entries.", t.span)
            if place == (1, side[0]):
                continue
            length = place[1] - place[0] + 1
            new = len(dims) + 100
            dims[new], parts[axes[0]] = length, new
            factors.append((pick(place[0] - 1, length, side[0]), (new, axes[0]), 1))
        elif place is not None:
            for axis, position in zip(axes, _positions(side, place - 1, t), strict=True):
                factors.append((unit(position, dims[axis]), (axis,), 1))
    fixed = {f[1][0] for f in factors if len(f[1]) == 1}
    out = tuple(parts.get(i, i) for i in index if i not in fixed)
    return ein(1, [(node, tuple(index), 1), *factors], out, dims)


def _positions(side: Size, place: int, t: Tree) -> list[int]:
    """The entry's position along each axis of a composite size."""
    positions: list[int] = []
    for dim in reversed(side[1:]):
        if not isinstance(dim, int):
            raise problem("E304", "An entry of a vec or kron needs sizes that are numbers.", t.span)
        positions.append(place % dim)
        place //= dim
    return [place, *reversed(positions)]


def _matrix(t: Tree, args: Sequence[Value]) -> Value:
    """[a, b; c, d]: every entry of every block at its place."""
    rows, cols = t.value
    shape = t.typed
    if rows * cols == 1:
        return _node(args[0])
    heights = [_whole(t.args[r * cols].typed.rows, t) for r in range(rows)]
    widths = [_whole(t.args[c].typed.cols, t) for c in range(cols)]
    terms: list[tuple[Number, Node]] = []
    for k, block in enumerate(args):
        r, c = divmod(k, cols)
        top, left = sum(heights[:r]), sum(widths[:c])
        for i in range(heights[r]):
            for j in range(widths[c]):
                terms.append((1, _placed(_node(block), (i, j), (top + i, left + j), t.args[k].typed, shape)))
    return add(terms, shape.axes)


def _placed(block: Node, at: tuple[int, int], to: tuple[int, int], inner: Shape, outer: Shape) -> Node:
    """The entry `at` of a block, alone at place `to` of the whole."""
    factors = [(block, tuple(range(block.order)), 1)]
    dims: dict[int, Dim] = dict(enumerate(inner.axes))
    axis = 0
    for side, position in zip(inner, at, strict=True):
        if side:
            factors.append((unit(position, side[0]), (axis,), 1))
            axis += 1
    out = []
    for side, position in zip(outer, to, strict=True):
        if side:
            out.append(len(dims))
            dims[len(dims)] = side[0]
            factors.append((unit(position, side[0]), (out[-1],), 1))
    return ein(1, factors, out, dims)


def _whole(side: Size, t: Tree) -> int:
    if not side:
        return 1
    if len(side) == 1 and isinstance(side[0], int):
        return side[0]
    raise problem("E304", "The blocks of a written-out matrix need sizes that are numbers.", t.span)


def _built(t: Tree, args: Sequence[Value], build: Build) -> Value:
    """A call by another operation of the same signature."""
    signature = _matching(REGISTRY[t.name], t)
    return build(*[_argument(p, sub, a) for p, sub, a in zip(signature.args, t.args, args, strict=True)]).node


def _called(t: Tree, args: Sequence[Value]) -> Value:
    record = REGISTRY[t.name]
    signature = _matching(record, t)
    given = [_argument(p, sub, a) for p, sub, a in zip(signature.args, t.args, args, strict=True)]
    result: Tensor = record.build(*given, shape=t.typed) if record.kind == "constant" else record.build(*given)
    return result.node


def _matching(record: Operation, t: Tree) -> Signature:
    """The alternative of the signature that was used."""
    for signature in record.signatures:
        if len(signature.args) == len(t.args) and all(map(_fits, signature.args, t.args)):
            return signature
    raise problem("E107", f"{record.name} cannot be used like this.", t.span)


def _fits(pattern: Pattern, t: Tree) -> bool:
    if pattern.kind == "literal":
        return t.kind == "number" and t.value == pattern.rows[0]
    if pattern.kind == "shape" and not pattern.cols:
        return not t.typed.is_matrix and (bool(pattern.rows) or t.typed.is_scalar)
    return True


def _argument(pattern: Pattern, t: Tree, value: Value) -> Tensor | Size | int:
    if pattern.kind == "literal":
        return int(t.value)
    if pattern.kind == "size":
        return size_of(t)
    shape = t.typed
    if pattern.kind == "any":
        return _flat(_node(value), shape)
    if pattern.cols:
        return Tensor(_node(value), (shape.rows, shape.cols))
    return Tensor(_node(value), (shape.axes,) if pattern.rows else ())


def size_of(t: Tree) -> Size:
    """The surface dimension written as a size argument: n, 3, m*n."""
    if t.kind == "mul":
        return size_of(t.args[0]) + size_of(t.args[1])
    if t.kind == "size":
        return (t.value,)
    return () if t.value == 1 else (int(t.value),)


def _unknown(t: Tree, args: Sequence[Value]) -> Value:
    raise problem("E200", f"{t.name} is not known here.", t.span)


def _misplaced(t: Tree, args: Sequence[Value]) -> Value:
    sign = "`where`" if t.kind == "where" else "`->`"
    raise problem("E108", f"{sign} can only stand around a whole formula.", t.span)


_RULES: dict[str, Callable[[Tree, Sequence[Value]], Value]] = {
    "number": lambda t, args: constant(simple(t.value)),
    "size": lambda t, args: constant(t.value) if isinstance(t.value, int) else size_node(t.value),
    "name": _unknown,
    "neg": _negated,
    "transpose": _transposed,
    "add": _sum_rule(1), "sub": _sum_rule(-1), "dotadd": _sum_rule(1), "dotsub": _sum_rule(-1),
    "mul": _product, "div": _quotient, "dotmul": _hadamard, "dotdiv": _quotient,
    "pow": _power, "dotpow": _power,
    "call": _called, "index": _indexed, "matrix": _matrix,
    "where": _misplaced, "arrow": _misplaced,
}  # fmt: skip
