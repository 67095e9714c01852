"""The algebra's representation: a delta-free einsum DAG of nine node kinds, hash-consed.

    Var    a variable                      Map    an elementwise function, all arguments of the same dims
    Ein    coef * product of factors       Call   an opaque operation (inv, det, softmax, ...)
    Add    a sum of nodes of equal dims    Size, Unit, Mask, Pick   a size, a basis vector, a triangle, rows of eye

Everything linear is an Ein: sums over indices not in `out`, transposes, traces, diagonals, Kronecker products.
An index may occur in any number of factors, `out` may repeat an index (eye, diag) and may hold an index no
factor has (ones). So no delta tensor exists and none has to be eliminated.

Equal content is the same object (interned in a weak table); `digest` comes from content alone, never from
addresses, so orders derived from it are the same on every run. Nodes are made by the smart constructors in
`ein`, `build` and `ops`, never here directly.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakValueDictionary

from frechet.core.dims import Size as Dims

if TYPE_CHECKING:
    from frechet.core.dims import Dim
    from frechet.core.operation import Operation

Number = int | Fraction
Indices = tuple[int, ...]
# How many axes of an argument are rows (-1: it is a vector, -2: a scalar), after the number of batch axes where there
# are any.
Group = int | tuple[int, int]
Factor = tuple["Node", Indices, Number]


class Node:
    """Common part: axes, content digest, children. `symmetric` means equal to its own transpose (order two), `real`
    that no variable below is complex: of other values nothing is known that only real ones have, no sign, no root."""

    __slots__ = ("__weakref__", "_transpose", "children", "digest", "dims", "real", "symmetric")

    dims: Dims
    digest: bytes
    children: tuple[Node, ...]
    symmetric: bool
    real: bool
    _transpose: Node | None

    @property
    def order(self) -> int:
        return len(self.dims)

    def __repr__(self) -> str:
        return describe(self)


class Var(Node):
    """A variable with its facts; `role` tells a direction from the variable of the same name."""

    __slots__ = ("facts", "name", "role")

    name: str
    facts: frozenset[str]
    role: str


class Ein(Node):
    """coef * sum over the indices not in `out` of the product of factor[idx] ** exponent."""

    __slots__ = ("coef", "factors", "index_dims", "out")

    coef: Number
    factors: tuple[Factor, ...]
    out: Indices
    index_dims: Dims

    @property
    def is_number(self) -> bool:
        return not self.factors and not self.out

    @property
    def contracts(self) -> bool:
        """Whether some index is summed."""
        return len(self.index_dims) > len(set(self.out))


class Add(Node):
    """Sum of coef * node; content (the rational gcd and the sign) has been pulled out, terms sorted by digest."""

    __slots__ = ("terms",)

    terms: tuple[tuple[Number, Node], ...]


class Map(Node):
    """Elementwise function of nodes that all have the same dims."""

    __slots__ = ("operation",)

    operation: Operation


class Call(Node):
    """Opaque operation. `groups` tells, for each argument, how its axes are read."""

    __slots__ = ("groups", "operation")

    operation: Operation
    groups: tuple[Group, ...]


class Size(Node):
    """The value of a named size, a positive scalar."""

    __slots__ = ("name",)

    name: str


class Unit(Node):
    """Basis vector: one at `position` (from 0)."""

    __slots__ = ("position",)

    position: int


class Mask(Node):
    """0/1 matrix of the entries with row - column >= offset (the lower triangle for offset 0)."""

    __slots__ = ("offset",)

    offset: int


class Pick(Node):
    """0/1 matrix that takes the entries from `first` (from 0) on: 1 where column = row + first, eye(n)[2:4,:]."""

    __slots__ = ("first",)

    first: int


_TABLE: WeakValueDictionary[bytes, Node] = WeakValueDictionary()


def _intern(kind: type[Node], content: str, children: tuple[Node, ...], dims: Dims, fields: dict[str, Any]) -> Any:
    """The one node of this content."""
    hasher = blake2b(f"{kind.__name__}|{dims}|{content}".encode(), digest_size=16)
    for child in children:
        hasher.update(child.digest)
    digest = hasher.digest()
    found = _TABLE.get(digest)
    if found is not None:
        return found
    node = kind.__new__(kind)
    node.dims, node.digest, node.children, node._transpose = dims, digest, children, None
    node.symmetric = False
    node.real = all(child.real for child in children)
    for name, value in fields.items():
        setattr(node, name, value)
    _TABLE[digest] = node
    return node


SYMMETRIC_FACTS = frozenset({"symmetric", "spd", "diagonal"})
COMPLEX_VALUE = "complex value"


def var(name: str, dims: Dims, facts: Iterable[str] = (), role: str = "") -> Var:
    """A variable; with the fact symmetric, spd or diagonal its two axes are interchangeable."""
    known = frozenset(facts)
    symmetric = len(dims) == 2 and bool(known & SYMMETRIC_FACTS)
    content = f"{name}|{sorted(known)}|{role}"
    fields = {"name": name, "facts": known, "role": role, "symmetric": symmetric, "real": COMPLEX_VALUE not in known}
    return cast(Var, _intern(Var, content, (), dims, fields))


def raw_ein(coef: Number, factors: tuple[Factor, ...], out: Indices, index_dims: Dims) -> Ein:
    """Intern an Ein whose parts are already canonical (only `core.ein` knows that)."""
    children = tuple(f[0] for f in factors)
    content = f"{coef}|{[(f[1], str(f[2])) for f in factors]}|{out}|{index_dims}"
    fields = {"coef": coef, "factors": factors, "out": out, "index_dims": index_dims}
    dims = tuple(index_dims[i] for i in out)
    return cast(Ein, _intern(Ein, content, children, dims, fields))


def raw_add(terms: tuple[tuple[Number, Node], ...], dims: Dims) -> Add:
    """Intern an Add whose terms are already canonical (only `core.build` knows that)."""
    content = f"{[str(c) for c, _ in terms]}"
    return cast(Add, _intern(Add, content, tuple(n for _, n in terms), dims, {"terms": terms}))


def raw_map(operation: Operation, args: tuple[Node, ...], symmetric: bool = False) -> Map:
    """Intern an elementwise application."""
    fields = {"operation": operation, "symmetric": symmetric}
    return cast(Map, _intern(Map, operation.name, args, args[0].dims, fields))


def raw_call(operation: Operation, args: tuple[Node, ...], groups: tuple[Group, ...], dims: Dims, sym: bool) -> Call:
    """Intern an opaque application."""
    fields = {"operation": operation, "groups": groups, "symmetric": sym}
    return cast(Call, _intern(Call, f"{operation.name}|{groups}", args, dims, fields))


def size_node(name: str) -> Size:
    return cast(Size, _intern(Size, name, (), (), {"name": name}))


def unit(position: int, dim: Dim) -> Unit:
    return cast(Unit, _intern(Unit, str(position), (), (dim,), {"position": position}))


def mask(offset: int, rows: Dim, cols: Dim) -> Mask:
    return cast(Mask, _intern(Mask, str(offset), (), (rows, cols), {"offset": offset}))


def pick(first: int, rows: Dim, cols: Dim) -> Pick:
    return cast(Pick, _intern(Pick, str(first), (), (rows, cols), {"first": first}))


def topological(roots: Iterable[Node]) -> list[Node]:
    """Every node below the roots once, children before parents; a loop, so depth does not matter."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(r, False) for r in roots]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((c, False) for c in node.children if c not in seen)
    return order


def depends_on(root: Node, target: Node) -> bool:
    return any(node is target for node in topological([root]))


def describe(node: Node, depth: int = 6) -> str:
    """Index notation for debugging; cut at a depth because a shared DAG written out is exponential."""
    if depth == 0:
        return "..."
    if isinstance(node, Var):
        return node.name
    if isinstance(node, Ein):
        parts = [f"{describe(n, depth - 1)}{list(i)}" + (f"^{e}" if e != 1 else "") for n, i, e in node.factors]
        return f"({node.coef} {' '.join(parts)} -> {list(node.out)})"
    if isinstance(node, Add):
        return "(" + " + ".join(f"{c} {describe(n, depth - 1)}" for c, n in node.terms) + ")"
    if isinstance(node, (Map, Call)):
        return f"{node.operation.name}({', '.join(describe(a, depth - 1) for a in node.children)})"
    return {Size: "size", Unit: "e", Mask: "mask", Pick: "pick"}[type(node)] + str(node.dims)
