"""The differential of one function of the language, read off its own rule and written with placeholders.

An operation's rule is written once, in its declaration; here it is applied to placeholder arguments u, with tangents
du, and written in matrix notation: d inv(U) = -inv(U)*dU*inv(U). So a new operation has its differential, its page
in the rule book and its lines in derivations without another word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frechet.calculus.forward import forward
from frechet.calculus.reverse import reverse
from frechet.core.build import add, substitute
from frechet.core.dims import Shape
from frechet.core.ein import ein
from frechet.core.errors import FrechetError
from frechet.core.node import Node, var
from frechet.language.declarations import Declarations
from frechet.language.lower import lower
from frechet.language.tree import Tree, fold, subtrees
from frechet.notation.choose import shortest
from frechet.notation.kronecker import matrix_of_sides
from frechet.notation.product import UnwritableError
from frechet.notation.writer import Writer

ARGUMENTS = ("u_", "v_", "w_")
TANGENTS = ("du_", "dv_", "dw_")
WEIGHT = "weight_"


@dataclass(frozen=True)
class Pushed:
    """d f in placeholders; `linear`: which of the moving arguments f is linear in, alone."""

    tree: Tree | None
    linear: tuple[int, ...]


class Placeholders:
    """Applications of operations to placeholder arguments, each computed once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Pushed] = {}
        self._adjoints: dict[tuple[object, ...], Tree | None] = {}

    @staticmethod
    def _key(tree: Tree, moving: Sequence[int]) -> tuple[object, ...]:
        # The trees are interned on one page that keeps them, so identity is equality here.
        fixed = tuple(id(a) for a in tree.args if _closed(a))
        shapes = tuple(a.typed for a in tree.args)
        return tree.kind, tree.name, tree.value, tree.typed, shapes, fixed, tuple(moving)

    def applied(self, tree: Tree) -> tuple[Tree, dict[str, Tree]]:
        """The operation of `tree` on placeholders, and what each stands for; sizes and numbers stay."""
        args, meaning = [], {}
        for k, arg in enumerate(tree.args):
            if k >= len(ARGUMENTS) or _closed(arg):
                args.append(arg)
            else:
                name = ARGUMENTS[k]
                args.append(Tree("name", name=name, shape=arg.typed))
                meaning[name] = arg
        return tree.with_(args=tuple(args)), meaning

    def pushed(self, tree: Tree, moving: Sequence[int]) -> Pushed:
        """The differential when the arguments at `moving` move."""
        key = self._key(tree, moving)
        if key not in self._known:
            self._known[key] = self._pushed(tree, moving)
        return self._known[key]

    def _pushed(self, tree: Tree, moving: Sequence[int]) -> Pushed:
        call, meaning = self.applied(tree)
        nodes = {name: var(name, t.typed.axes) for name, t in meaning.items()}
        lowered = lower(call, nodes)
        root = lowered.root
        terms, linear = [], []
        for k in moving:
            point = nodes[ARGUMENTS[k]]
            tangent = var(TANGENTS[k], point.dims, role="direction")
            along = forward(root, point, tangent)
            moved: dict[Node, Node] = {point: tangent}
            if along is substitute(root, moved.get):
                linear.append(k)
            terms.append((1, along))
        # The writer knows how the value itself is written: norm2(u), not sqrt(u'*u).
        writer = Writer(self._declarations(meaning), lowered.origins, False)
        try:
            found = written(writer, add(terms, root.dims), tree.typed)
        except (UnwritableError, FrechetError):
            return Pushed(None, tuple(linear))
        return Pushed(tangents_last(found), tuple(linear))

    @staticmethod
    def _declarations(meaning: dict[str, Tree]) -> Declarations:
        """Shapes of placeholders and of their tangents, as columns or matrices."""
        shapes: dict[str, Shape] = {}
        for name, t in meaning.items():
            shape = t.typed.transposed if t.typed.is_row else t.typed
            shapes[name] = shapes["d" + name] = shape
        return Declarations(shapes)

    def adjoint(self, tree: Tree, place: int) -> Tree | None:
        """The adjoint of a linear f(.., u, ..): <weight, f(u)> = <adjoint(weight), u>, in placeholders."""
        key = self._key(tree, (place,))
        if key not in self._adjoints:
            self._adjoints[key] = self._adjoint(tree, place)
        return self._adjoints[key]

    def _adjoint(self, tree: Tree, place: int) -> Tree | None:
        call, meaning = self.applied(tree)
        nodes = {name: var(name, t.typed.axes) for name, t in meaning.items()}
        root = lower(call, nodes).root
        weight = var(WEIGHT, root.dims, role="direction")
        known = self._declarations(meaning)
        shapes = dict(known.variables)
        shapes[WEIGHT] = tree.typed.transposed if tree.typed.is_row else tree.typed
        writer = Writer(Declarations(shapes), {}, False)
        try:
            product = pairing(weight, root)
            return written(writer, reverse(product, nodes[ARGUMENTS[place]]), tree.args[place].typed)
        except (UnwritableError, FrechetError, KeyError):
            return None


def written(writer: Writer, node: Node, shape: Shape | None = None) -> Tree:
    """The node in matrix notation. A side of several axes, such as vec(X) has, is written through vec and kron.
    Raises UnwritableError."""
    if shape is None or max(len(shape.rows), len(shape.cols)) <= 1:
        return shortest(writer, node, writer.tree)
    sides = shape.transposed if shape.is_row else shape
    split = len(sides.rows)
    return matrix_of_sides(writer, node, range(split), range(split, node.order))


def tangents_last(law: Tree) -> Tree:
    """The law with the differential last in entrywise and inner products: s'*du rather than du'*s."""
    moving = {id(t) for t in subtrees(law) if any(s.kind == "name" and s.name in TANGENTS for s in subtrees(t))}

    def visit(t: Tree, args: Sequence[Tree]) -> Tree:
        new = list(args)
        if id(t) not in moving:
            return t
        if t.kind == "dotmul":
            return _sorted_product(t, new)
        if t.kind == "call" and t.name == "tr":
            return t.with_(args=(_trace_argument(new[0]),))
        first, last = (id(a) in moving for a in t.args) if len(t.args) == 2 else (False, True)
        if t.kind == "mul" and first and not last and t.typed.is_scalar:
            if new[0].typed.is_scalar:
                new.reverse()
            elif new[0].kind == "transpose" and new[0].args[0].kind == "name":
                row = new[1].typed.transposed
                new = [Tree("transpose", (new[1],), shape=row), new[0].args[0]]
        return t.with_(args=tuple(new))

    return fold(law, visit)


def _trace_argument(inside: Tree) -> Tree:
    """tr(dU*A) as tr(A*dU), tr(A*dU') as tr(A'*dU): a trace turns cyclically and is that of the transpose."""
    factors = [inside]
    while factors[0].kind == "mul":
        factors[:1] = factors[0].args
    if any(not f.typed.is_matrix for f in factors):
        return inside
    tangents = [k for k, f in enumerate(factors) if _is_tangent(f.args[0] if f.kind == "transpose" else f)]
    if not tangents:
        return inside
    at = tangents[0]
    turned = [*factors[at + 1 :], *factors[: at + 1]]
    if turned[-1].kind == "transpose":
        turned = [turned[-1].args[0], *[_flipped(f) for f in reversed(turned[:-1])]]
        turned = [*turned[1:], turned[0]]
    result = turned[0]
    for factor in turned[1:]:
        result = Tree("mul", (result, factor), shape=Shape(result.typed.rows, factor.typed.cols))
    return result


def _is_tangent(tree: Tree) -> bool:
    return tree.kind == "name" and tree.name in TANGENTS


def _flipped(tree: Tree) -> Tree:
    return tree.args[0] if tree.kind == "transpose" else Tree("transpose", (tree,), shape=tree.typed.transposed)


def _sorted_product(t: Tree, args: Sequence[Tree]) -> Tree:
    """An entrywise product from left to right, the factor with the differential at the end."""
    factors: list[Tree] = []
    stack = list(reversed(args))
    while stack:
        a = stack.pop()
        if a.kind == "dotmul" and a.args[0].typed == a.args[1].typed:
            stack += [a.args[1], a.args[0]]
        else:
            factors.append(a)
    factors.sort(key=lambda f: any(s.kind == "name" and s.name in TANGENTS for s in subtrees(f)))
    result = factors[0]
    for factor in factors[1:]:
        result = Tree("dotmul", (result, factor), shape=t.shape)
    return result


def _closed(tree: Tree) -> bool:
    """Whether no variable occurs: a number, a size, 1/2, m*n."""
    return not any(t.kind == "name" for t in subtrees(tree))


def pairing(a: Node, b: Node) -> Node:
    """The sum of the products of the entries of a and b."""
    n = tuple(range(a.order))
    return ein(1, [(a, n, 1), (b, n, 1)], (), dict(enumerate(a.dims)))
