"""Nodes to terms: the dispatcher of raising, and how each kind of node is written."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from frechet.core.build import apply_map, without_axes
from frechet.core.dims import SCALAR, Dim, Shape, Size
from frechet.core.ein import is_symmetric, is_zero, permute, scale, split_coef
from frechet.core.node import SYMMETRIC_FACTS, Add, Call, Ein, Map, Mask, Node, Number, Pick, Unit, Var, topological
from frechet.core.node import Size as SizeNode
from frechet.core.numbers import divide
from frechet.equality.extremes import is_border
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree, subtrees
from frechet.notation.composite import call_sides, composite_term
from frechet.notation.kronecker import matrix_of_sides
from frechet.notation.links import SHORTER
from frechet.notation.multiply import expand_once
from frechet.notation.page import Page
from frechet.notation.product import UnwritableError, product_term
from frechet.notation.relations import against_zero
from frechet.notation.sums import collect
from frechet.notation.term import Term, written
from frechet.notation.text import to_text
from frechet.ops.op import arguments


class Writer:
    """Writes nodes on a page, each once; keeps what the user wrote for a node where that is as short."""

    def __init__(
        self,
        declarations: Declarations,
        origins: dict[Node, tuple[Number, Tree]],
        decimals: bool,
        rank: dict[str, int] | None = None,
        directions: dict[str, Shape] | None = None,
    ) -> None:
        self.page = Page(decimals, rank)
        self.page.shorter = SHORTER
        self.declarations = declarations
        self.origins = origins
        self._terms: dict[tuple[Node, bool], Term] = {}
        self._failed: set[tuple[Node, bool]] = set()
        self._active: set[tuple[Node, bool]] = set()
        self.shapes = {**declarations.variables, **(directions or {})}
        self.page.known = set(self.shapes) | set(declarations.sizes)
        self.known_groups: dict[Node, tuple[tuple[int, ...], ...] | None] = {}
        self._composites: dict[Dim, Size] = {}
        self._stand_ins: dict[str, Tree] = {}
        self.moving: frozenset[str] = frozenset()  # the variables of the derivative that is written

    def tree(self, node: Node, flipped: bool = False) -> Tree:
        """The node as one tree; UnwritableError if matrix notation cannot write it."""
        for below in topological([node]):
            if (below is not node and 0 < below.order <= 2) or below.order == 0:
                self._attempt(below)
        term = self.term(node, flipped)
        return self.page.zeros(term.shape) if term.coef == 0 else written(self.page, term)

    def _attempt(self, node: Node) -> None:
        """Write a node ahead of the ones that need it, so that depth never becomes recursion."""
        try:
            self.term(node)
        except UnwritableError:
            return

    def term(self, node: Node, flipped: bool = False) -> Term:
        flipped = flipped and node.order == 2 and not is_symmetric(node)
        key = node, flipped
        if key in self._failed:
            raise UnwritableError
        if key not in self._terms:
            if key in self._active:
                raise UnwritableError  # multiplying out came back to where it began
            self._active.add(key)
            try:
                self._terms[key] = self._written(node, flipped)
            except UnwritableError:
                self._failed.add(key)
                raise
            finally:
                self._active.discard(key)
        return self._terms[key]

    def _written(self, node: Node, flipped: bool) -> Term:
        raised: Term | None = None
        try:
            raised = self._raised(node, flipped)
        except UnwritableError:
            if self.user_form(node) is None:
                raise
        user = self.user_form(node)
        if user is None:
            assert raised is not None
            return raised
        coef, tree = user
        if raised is not None and not isinstance(node, Ein):
            own = self.page.length(written(self.page, raised))
            if self.page.length(tree) > (own if isinstance(node, (Map, Call)) else own * 1.2 + 3):
                return raised
        if flipped:
            tree = self.page.flip(tree)
        if tree.typed.is_scalar:
            return Term(coef, ((tree, 1),), (), SCALAR)
        return Term(coef, (), (tree,), tree.typed)

    def user_form(self, node: Node) -> tuple[Number, Tree] | None:
        """How the user wrote this node, up to a number: node = coef * tree."""
        core_coef, core = split_coef(node)
        if core not in self.origins:
            return None
        coef, tree = self.origins[core]
        if isinstance(core, (Var, SizeNode)) or (isinstance(core, Ein) and (core.order or abs(coef) != 1)):
            return None  # a product of matrices reads the same in any bracketing: write it afresh
        tree = self.page.adopt(tree)
        if tree in self.page.foreign:
            return None
        self.page.fixed.add(tree)
        if tree.kind == "neg":
            tree, coef = tree.args[0], -coef
        if tree.typed.is_row:
            tree = self.page.flip(tree)
        fitting = self._fitting(tree, node)
        if fitting is None:
            return None
        tree = fitting
        if is_symmetric(node):
            self.page.keep_flip(tree, tree)
        return divide(core_coef, coef), tree

    def _fitting(self, tree: Tree, node: Node) -> Tree | None:
        """The user's tree where it has the node's own sides; a vector of composite length is read as a matrix."""
        rows, cols = tree.typed
        if len(rows) == 2 and not cols and node.order == 2:
            args = [tree, self.page.size(rows[1:]), self.page.size(rows[:1])]
            return self.page.flip(self.page.call("mat", args, Shape(rows[1:], rows[:1])))
        return tree if len(rows) <= 1 and len(cols) <= 1 else None

    def sides(self, node: Node) -> tuple[Size, ...]:
        """The surface sides of a variable or an application; every other node has one side for each axis."""
        if isinstance(node, Var) and node.name in self.shapes:
            return tuple(s for s in self.shapes[node.name] if s)
        return call_sides(node) if isinstance(node, Call) else tuple((d,) for d in node.dims)

    def composite(self, size: Size) -> Dim:
        """A composite size as the size of one axis; `size` takes it apart again."""
        dim = "*".join(map(str, size))
        self._composites[dim] = size
        return dim

    def size(self, dim: Dim) -> Size:
        """The size of one axis as a surface dimension."""
        return self._composites.get(dim, (dim,))

    def stand_in(self, tree: Tree) -> str:
        """The name of a variable that is written as `tree`: a matrix over composite sides. It is its text, so that
        the order of factors, which goes by names, is the same in every run."""
        name = f"#{to_text(tree)}"
        while self._stand_ins.setdefault(name, tree) is not tree:
            name += "#"
        return name

    def atom_of_sides(self, node: Node, rows: Size, cols: Size) -> Tree | None:
        """A variable or an application whose own sides are `rows` and `cols`, or the transpose of one."""
        sides = self.sides(node)
        if not isinstance(node, (Var, Call)) or sides not in ((rows, cols), (cols, rows), (rows,)):
            return None
        if isinstance(node, Var):
            tree = self.page.variable(node.name, self.shapes.get(node.name, Shape(*sides)))
            if node.facts & SYMMETRIC_FACTS:
                self.page.keep_flip(tree, tree)
        else:
            tree = self._application(node, Shape(*sides))
        return tree if sides[0] == rows else self.page.flip(tree)

    def _choice(self, node: Ein) -> Tree | None:
        """A number times a choice: where(x > 0, 2*x, 0)."""
        inner = split_coef(node)[1]
        if not isinstance(inner, Map) or inner.operation.name != "where":
            return None
        condition, *branches = inner.children
        args = [self._argument(n) for n in (condition, *(scale(b, node.coef) for b in branches))]
        return self.page.call("where", args, self._shape(node))

    def _raised(self, node: Node, flipped: bool) -> Term:
        if isinstance(node, Ein) and node.coef != 1 and (choice := self._choice(node)) is not None:
            choice = self.page.flip(choice) if flipped else choice
            return Term(1, ((choice, 1),), (), SCALAR) if node.order == 0 else Term(1, (), (choice,), choice.typed)
        if isinstance(node, Ein):
            return self._product(node, flipped)
        if isinstance(node, Add):
            return self._sum(node, flipped)
        sign, tree = self._signed_atom(node)
        if node.order == 2 and self.page.length(self.page.flip(tree)) + 1 < self.page.length(tree):
            tree = self.page.make("transpose", [self.page.flip(tree)], shape=tree.typed)
        if is_symmetric(node):
            self.page.keep_flip(tree, tree)
        if flipped:
            tree = self.page.flip(tree)
        return Term(sign, ((tree, 1),), (), SCALAR) if node.order == 0 else Term(sign, (), (tree,), tree.typed)

    def _signed_atom(self, node: Node) -> tuple[Number, Tree]:
        """An atom; an odd or even function takes its argument with the sign the user gave it."""
        if isinstance(node, Map) and node.operation.rule.parity and not is_step(node):
            form = self.user_form(node.children[0])
            if form is not None and form[0] == -1:
                tree = self._seen(node, self.page.call(node.operation.name, [form[1]], self._shape(node)))
                return (-1 if node.operation.rule.parity == "odd" else 1), tree
        return 1, self._atom(node)

    def _product(self, node: Ein, flipped: bool) -> Term:
        try:
            term = product_term(self, node, flipped)
            return self._spread(node, flipped, term)
        except UnwritableError:
            with suppress(UnwritableError):
                return self.by_sides(permute(node, (1, 0)) if flipped else node)
            expanded = expand_once(node)
            if expanded is None:
                raise
            return self.term(expanded, flipped)

    def by_sides(self, node: Node, groups: Sequence[Sequence[int]] | None = None) -> Term:
        """A product with composite sizes (see `composite_term`)."""
        if not isinstance(node, Ein):
            raise UnwritableError
        return composite_term(self, node, groups)

    def _spread(self, node: Ein, flipped: bool, term: Term) -> Term:
        """3*x + 9*y^2 rather than 3*(x + 3*y^2), where that is shorter."""
        base, idx, e = node.factors[0] if len(node.factors) == 1 else (node, (), 0)
        plain = isinstance(base, Add) and e == 1 and sorted(idx) == sorted(node.out) and len(set(idx)) == len(idx)
        if not isinstance(base, Add) or not plain or base in self.origins:
            return term
        spread = self._sum(base, flipped != (node.out != idx), node.coef)
        shorter = self.page.length(written(self.page, spread)) < self.page.length(written(self.page, term))
        return spread if shorter else term

    def _sum(self, node: Add, flipped: bool, factor: Number = 1) -> Term:
        shape = self._shape(node)
        mirrored = _mirrored(node)
        if mirrored is not None:
            return self.term(mirrored, flipped).scaled(factor)
        terms = []
        mixed = node.order == 2 and any(isinstance(t, Ein) and len(set(t.out)) < 2 for _, t in node.terms)
        for coef, part in node.terms:  # eye(n) - 1 would read as zero
            literal = (
                not mixed
                and isinstance(part, Ein)
                and not part.factors
                and node.order
                and len(set(part.out)) == node.order
            )
            term = Term(1, (), (), SCALAR) if literal else self.term(part, flipped)
            terms.append(term.scaled(coef * factor))
        return collect(self.page, terms, shape.transposed if flipped else shape)

    def _shape(self, node: Node) -> Shape:
        if node.order > 2:
            raise UnwritableError
        return Shape(*map(self.size, node.dims))

    def _atom(self, node: Node) -> Tree:
        page = self.page
        if isinstance(node, Var):
            return self._variable(node)
        if isinstance(node, SizeNode):
            return page.size((node.name,))
        if isinstance(node, Map):
            return self._applied(node)
        if isinstance(node, Call):
            return self._called(node)
        if isinstance(node, Unit):
            return page.unit(node.position, node.dims[0])
        if isinstance(node, Pick):
            return page.part(node.first, node.dims[0], node.dims[1])
        if isinstance(node, Mask):
            return page.call("tril", [page.ones(self._shape(node))], self._shape(node))
        raise UnwritableError

    def _variable(self, node: Var) -> Tree:
        """A variable; a vector of composite length read as a matrix is mat(x, m, n)'."""
        if node.name in self._stand_ins:
            return self._stand_ins[node.name]
        shape = self.shapes.get(node.name)
        if shape is None:
            return self.page.variable(node.name, self._shape(node))
        tree = self.page.variable(node.name, shape)
        if node.order == 2 and len(shape.rows) == 2:
            outer, inner = (shape.rows[0],), (shape.rows[1],)
            args = [tree, self.page.size(inner), self.page.size(outer)]
            return self.page.flip(self.page.call("mat", args, Shape(inner, outer)))
        if len(shape.rows) > 1 or len(shape.cols) > 1:
            raise UnwritableError
        return self.page.flip(tree) if shape.is_row else tree  # vectors are columns here: a row is written transposed

    def _applied(self, node: Map) -> Tree:
        page = self.page
        if node.operation.name == "power":
            base, exponent = (self._argument(a) for a in (node.children[0], without_axes(node.children[1])))
            if node.order == 0:
                return page.make("pow", [base, exponent])
            return page.make("dotpow", [base, exponent], shape=self._shape(node))
        name, inner = node.operation.name, node.children[0]
        if is_step(node):
            name, inner = "gt", inner.children[0]
        if is_step(node) or (name in ("gt", "ge", "eq") and is_zero(node.children[1])):
            return against_zero(page, name, self._argument(inner), self._shape(node))
        tree = page.call(name, [self._argument(a) for a in node.children], self._shape(node))
        return self._seen(node, tree)

    def _seen(self, node: Map, tree: Tree) -> Tree:
        """The tree of an application; of a sign it is noted where it may stand for an indicator."""
        if node.operation.name == "sign" and self.moving and is_border(node.children[0], self.moving):
            self.page.borders.add(tree)
        return tree

    def _argument(self, node: Node) -> Tree:
        """An argument of a function; a number in every entry is the number."""
        if isinstance(node, Ein) and not node.factors and len(set(node.out)) == node.order:
            return self.page.number(node.coef) if node.coef >= 0 else self.page.neg(self.page.number(-node.coef))
        return written(self.page, self.term(node))

    def _called(self, node: Call) -> Tree:
        sides = self.sides(node)
        if len(sides) == 1 and len(sides[0]) == 2:
            (outer,), (inner,) = sides[0][:1], sides[0][1:]
            tree = self._application(node, Shape(*sides))
            args = [tree, self.page.size((inner,)), self.page.size((outer,))]
            return self.page.flip(self.page.call("mat", args, Shape((inner,), (outer,))))
        if len(sides) != node.order or node.order > 2:
            raise UnwritableError
        return self._application(node, self._shape(node))

    def _application(self, node: Call, shape: Shape) -> Tree:
        page = self.page
        if any(isinstance(g, tuple) for g in node.groups):
            raise UnwritableError  # of many vectors at once
        args = [self._grouped(t.node, t.groups) for t in arguments(node)]
        name, law = node.operation.name, node.operation.transposes
        if name == "mpower":
            return self._matrix_power(*args)
        flipped = [page.flip(a) for a in args] if law else args
        if sum(map(page.length, flipped)) < sum(map(page.length, args)):
            tree = page.call(name, flipped, shape.transposed if law == "equivariant" else shape)
            return page.flip(tree) if law == "equivariant" else tree
        return page.call(name, args, shape)

    def _matrix_power(self, base: Tree, exponent: Tree) -> Tree:
        """X^p, and (X^p)' rather than (X')^p."""
        flipped = self.page.flip(base)
        if self.page.length(flipped) < self.page.length(base):
            return self.page.flip(self.page.make("pow", [flipped, exponent], shape=base.typed))
        return self.page.make("pow", [base, exponent], shape=base.typed)

    def _grouped(self, node: Node, groups: tuple[Size, ...]) -> Tree:
        if any(len(g) > 1 for g in groups):
            split = len(groups[0])
            return matrix_of_sides(self, node, range(split), range(split, node.order))
        return written(self.page, self.term(node))


def is_step(node: Map) -> bool:
    """Whether it is sign(relu(u)), the indicator of u > 0."""
    inner = node.children[0]
    return node.operation.name == "sign" and isinstance(inner, Map) and inner.operation.name == "relu"


def _mirrored(node: Add) -> Node | None:
    """1 - sigmoid(-u) is sigmoid(u)."""
    if len(node.terms) != 2:
        return None
    for (a, one), (b, part) in (node.terms, node.terms[::-1]):
        constant_one = isinstance(one, Ein) and not one.factors and len(set(one.out)) == one.order
        if constant_one and a == -b and isinstance(part, Map) and part.operation.name == "sigmoid":
            coef, core = split_coef(part.children[0])
            if coef < 0:
                return scale(apply_map(part.operation, [scale(core, -coef)]), a)
    return None


def ranks(tree: Tree) -> dict[str, int]:
    """The names in the order in which the user wrote them."""
    names = [(t.span.start if t.span else 0, t.name) for t in subtrees(tree) if t.kind == "name"]
    return {name: k for k, name in enumerate(dict.fromkeys(n for _, n in sorted(names)))}


def uses_decimals(tree: Tree) -> bool:
    """Whether the user writes decimals."""
    return any(t.kind == "number" and "." in t.name for t in subtrees(tree))


__all__ = ["Writer", "ranks", "uses_decimals"]
