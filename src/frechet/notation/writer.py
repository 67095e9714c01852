"""Nodes to terms: the dispatcher of raising, and how each kind of node is written."""

from __future__ import annotations

from fractions import Fraction

from frechet.core.build import add, apply_map
from frechet.core.dims import SCALAR, Shape, Size
from frechet.core.ein import constant, ein, is_symmetric, scale, split_coef
from frechet.core.node import Add, Call, Ein, Map, Mask, Node, Number, Unit, Var, topological
from frechet.core.node import Size as SizeNode
from frechet.core.numbers import divide
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree, subtrees
from frechet.notation.page import Page
from frechet.notation.product import UnwritableError, product_term
from frechet.notation.sums import collect
from frechet.notation.term import Term, written
from frechet.ops.op import arguments

# How many products a sum inside a product may be multiplied out to, to make it writable.
EXPAND_LIMIT = 40


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
        self.declarations = declarations
        self.origins = origins
        self._terms: dict[tuple[Node, bool], Term] = {}
        self._failed: set[tuple[Node, bool]] = set()
        self._active: set[tuple[Node, bool]] = set()
        self.shapes = {**declarations.variables, **(directions or {})}
        self.page.known = set(self.shapes) | set(declarations.sizes)

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
        """The surface sides of a variable; every other node has one side for each axis."""
        if isinstance(node, Var) and node.name in self.shapes:
            return tuple(s for s in self.shapes[node.name] if s)
        return tuple((d,) for d in node.dims)

    def _raised(self, node: Node, flipped: bool) -> Term:
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
        if isinstance(node, Map) and node.operation.rule.parity:
            form = self.user_form(node.children[0])
            if form is not None and form[0] == -1:
                tree = self.page.call(node.operation.name, [form[1]], self._shape(node))
                return (-1 if node.operation.rule.parity == "odd" else 1), tree
        return 1, self._atom(node)

    def _product(self, node: Ein, flipped: bool) -> Term:
        try:
            term = product_term(self, node, flipped)
            return self._spread(node, flipped, term)
        except UnwritableError:
            expanded = expand_once(node)
            if expanded is None:
                raise
            return self.term(expanded, flipped)

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
        for coef, part in node.terms:
            literal = isinstance(part, Ein) and not part.factors and node.order and len(set(part.out)) == node.order
            term = Term(1, (), (), SCALAR) if literal else self.term(part, flipped)
            terms.append(term.scaled(coef * factor))
        return collect(self.page, terms, shape.transposed if flipped else shape)

    def _shape(self, node: Node) -> Shape:
        if node.order > 2:
            raise UnwritableError
        sides = [(d,) for d in node.dims]
        return Shape(*sides)

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
        if isinstance(node, Mask):
            return page.call("tril", [page.ones(self._shape(node))], self._shape(node))
        raise UnwritableError

    def _variable(self, node: Var) -> Tree:
        """A variable; a vector of composite length read as a matrix is mat(x, m, n)'."""
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
        return tree

    def _applied(self, node: Map) -> Tree:
        page = self.page
        if node.operation.name == "power":
            base, exponent = (self._argument(a) for a in node.children)
            if node.order == 0:
                return page.make("pow", [base, exponent])
            return page.make("dotpow", [base, exponent], shape=self._shape(node))
        args = [self._argument(a) for a in node.children]
        return page.call(node.operation.name, args, self._shape(node))

    def _argument(self, node: Node) -> Tree:
        """An argument of a function; a number in every entry is the number."""
        if isinstance(node, Ein) and not node.factors and len(set(node.out)) == node.order:
            return self.page.number(node.coef) if node.coef >= 0 else self.page.neg(self.page.number(-node.coef))
        return written(self.page, self.term(node))

    def _called(self, node: Call) -> Tree:
        if node.order > 2:
            raise UnwritableError
        page = self.page
        args = [self._grouped(t.node, t.groups) for t in arguments(node)]
        name, law = node.operation.name, node.operation.transposes
        flipped = [page.flip(a) for a in args] if law else args
        if sum(map(page.length, flipped)) < sum(map(page.length, args)):
            shape = self._shape(node).transposed if law == "equivariant" else self._shape(node)
            tree = page.call(name, flipped, shape)
            return page.flip(tree) if law == "equivariant" else tree
        return page.call(name, args, self._shape(node))

    def _grouped(self, node: Node, groups: tuple[Size, ...]) -> Tree:
        if any(len(g) > 1 for g in groups):
            raise UnwritableError
        return written(self.page, self.term(node))


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


def expand_once(node: Ein) -> Node | None:
    """The product with one of its sums multiplied out: the one of highest order; None if there is none."""
    sums = [(k, f) for k, f in enumerate(node.factors) if isinstance(f[0], Add) and f[2] in (1, 2)]
    if not sums:
        return None
    place, (base, idx, e) = max(sums, key=lambda s: s[1][0].order)
    assert isinstance(base, Add)
    if len(base.terms) > EXPAND_LIMIT:
        return None
    others = [f for k, f in enumerate(node.factors) if k != place] + ([(base, idx, e - 1)] if e != 1 else [])
    dims = dict(enumerate(node.index_dims))
    terms: list[tuple[Number, Node]] = [
        (c, ein(node.coef, [*others, (n, idx, 1)], node.out, dims)) for c, n in base.terms
    ]
    return add(terms, node.dims)


def ranks(tree: Tree) -> dict[str, int]:
    """The names in the order in which the user wrote them."""
    names = [(t.span.start if t.span else 0, t.name) for t in subtrees(tree) if t.kind == "name"]
    return {name: k for k, name in enumerate(dict.fromkeys(n for _, n in sorted(names)))}


def uses_decimals(tree: Tree) -> bool:
    """Whether the user writes decimals."""
    return any(t.kind == "number" and "." in t.name for t in subtrees(tree))


__all__ = ["Fraction", "Writer", "constant", "expand_once", "uses_decimals"]
