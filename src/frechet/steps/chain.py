"""The chain-rule style: name the inner functions, write each Jacobian with its shape, multiply along every path.

    u = X*w - y                       f = norm2(u)^2
    du/dw = X   (m x n)               df/du = 2*u'   (1 x m)
    df/dw = df/du*du/dw = 2*u'*X      gradient = (df/dw)' = 2*X'*u

Every Jacobian is read off by the calculus from the definition of its function alone; that the sum of their products
over all paths is the derivative, is proved with the names put back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from frechet.calculus.reverse import reverse
from frechet.core.dims import Shape, show_size
from frechet.core.errors import problem
from frechet.core.node import Node, depends_on, var
from frechet.language.declarations import Declarations
from frechet.language.lower import lower
from frechet.language.tree import Tree, fold
from frechet.steps.algebra import Algebra
from frechet.steps.board import Board, inlined, put
from frechet.steps.claims import Proof, compare
from frechet.steps.derivation import Derivation, Step
from frechet.steps.graph import as_svg, as_text
from frechet.steps.story import Subject

NAMES = ("u", "v", "z", "s", "r", "p", "q", "g", "h", "k", "a", "b", "c", "e", "t")
MOST_NAMES = 12


@dataclass
class Inner:
    """A named function: what it is in terms of the names before it, and its node with those as variables."""

    name: str
    definition: Tree
    node: Node
    full: Tree
    sources: tuple[str, ...] = ()


@dataclass
class Chain:
    """The named functions, the result last; `jacobians` by (of, by)."""

    inner: list[Inner] = field(default_factory=list)
    jacobians: dict[tuple[str, str], Tree] = field(default_factory=dict)


def by_chain_rule(subject: Subject, level: str) -> Derivation:
    """The derivation. Raises E505 where the style does not fit: second order, or matrices on the way."""
    if len(subject.wrt) != 1 or subject.kind == "differential":
        raise problem("E505", "The chain rule style is for first derivatives.", help='style="differential"')
    return _Told(subject, level).derivation()


class _Told:
    def __init__(self, subject: Subject, level: str) -> None:
        self.subject, self.level = subject, level
        self.plain = inlined(subject.tree)
        self.board = Board(subject.declarations, self.plain, subject.names, lower(self.plain, subject.names))
        self.page, self.algebra = self.board.page, Algebra(self.board.page)
        self.wrt = subject.wrt[0]
        shape = subject.declarations.variables[self.wrt]
        last = subject.levels[-1]
        self.board.differentiate_by(self.wrt, shape, last.variable, last.direction)
        self.root = self.board.adopt(subject.tree)
        self.chain = Chain()
        self.taken = {*subject.declarations.variables, *subject.declarations.sizes}
        self._check(shape, self.root)

    def _check(self, shape: Shape, tree: Tree) -> None:
        if shape.is_matrix or tree.typed.is_matrix:
            what = self.wrt if shape.is_matrix else "the value"
            raise problem("E505", f"The chain rule style multiplies Jacobians; {what} is a matrix, which has none.",
                          help='style="differential"')  # fmt: skip

    # -- naming ----------------------------------------------------------------------------------------------------

    def _cut(self) -> None:
        """Give names to the arguments of functions, powers and products that are more than the variable itself."""
        marked: dict[Tree, Tree] = {}

        def visit(t: Tree, args: Sequence[Tree]) -> Tree:
            new = list(args)
            if self._high_power(t):
                squared = self.page.power(t.args[0], 2)
                inside = self.page.power(new[0], 2)
                power = self.page.number(t.args[1].value / 2)
                return self.page.make("pow", [self._once(squared, inside, marked), power], shape=t.typed)
            if self._curved(t):
                for k, a in enumerate(t.args):
                    if a.kind == "transpose" and self._nameable(a.args[0]):
                        new[k] = self.page.flip(self._once(a.args[0], self.page.flip(new[k]), marked))
                    elif self._nameable(a):
                        new[k] = self._once(a, new[k], marked)
            return t if all(x is y for x, y in zip(new, t.args, strict=True)) else self.page.make(
                t.kind, new, t.name, t.value, t.typed)  # fmt: skip

        body = fold(self.root, visit)
        self._named(self.root, body, "f" if self.root.typed.is_scalar else "F")

    def _once(self, full: Tree, definition: Tree, marked: dict[Tree, Tree]) -> Tree:
        if full not in marked:
            marked[full] = self._named(full, definition)
        return marked[full]

    def _high_power(self, t: Tree) -> bool:
        """norm2(u)^4 is read as (norm2(u)^2)^2."""
        base, *rest = t.args or (t,)
        high = t.kind == "pow" and base.kind == "call" and base.name == "norm2" and rest[0].kind == "number"
        return high and rest[0].value > 2 and rest[0].value % 2 == 0 and self.board.depends(base)

    def _curved(self, t: Tree) -> bool:
        """Whether a tree is more than a linear map of its arguments."""
        if t.kind in ("pow", "dotpow") and t.args[0].kind == "call" and t.args[0].name == "norm2":
            return False  # norm2(u)^2 stays together; its own argument is named inside
        if t.kind == "call":
            return t.name not in ("sum", "tr", "mean", "diag", "vec", "vector", "ones")
        moving = [a for a in t.args if self.board.depends(a)]
        return t.kind in ("pow", "dotpow") or (t.kind in ("mul", "dotmul", "div", "dotdiv") and len(moving) > 1)

    def _nameable(self, a: Tree) -> bool:
        if not self.board.depends(a) or a.kind in ("name", "transpose", "index", "neg") or a.typed.is_row:
            return False
        return not a.typed.is_matrix and len(self.chain.inner) < MOST_NAMES

    def _named(self, full: Tree, definition: Tree, wanted: str = "") -> Tree:
        free = (n for n in ((wanted,) if wanted else ()) + NAMES if n not in self.taken)
        name = next(free, "")
        if not name:
            raise problem("E505", "There are too many inner functions to name.", help='style="differential"')
        self.taken.add(name)
        environment = dict(self.board.environment)
        known = [self.wrt, *(i.name for i in self.chain.inner)]
        for inner in self.chain.inner:
            environment[inner.name] = var(inner.name, inner.full.typed.axes)
        node = lower(definition, environment).root
        nodes = {n: environment[n] for n in known}
        sources = tuple(n for n in known if depends_on(node, nodes[n]))
        self.chain.inner.append(Inner(name, definition, node, full, sources))
        return self.page.variable(name, full.typed)

    # -- Jacobians -------------------------------------------------------------------------------------------------

    def _jacobian(self, of: Inner, by: str) -> tuple[Tree, Proof]:
        """The Jacobian of a named function by one of its names, outputs in rows."""
        shape = self._shape(by)
        shapes = {i.name: i.full.typed for i in self.chain.inner}
        known: Declarations = replace(
            self.subject.declarations, variables={**self.subject.declarations.variables, **shapes}
        )
        environment = dict(self.board.environment) | {i.name: var(i.name, i.full.typed.axes) for i in self.chain.inner}
        board = Board(known, self.plain, environment, lower(of.definition, environment))
        node = environment[by] if by != self.wrt else self.board.by.node
        found = reverse(of.node, node)
        tree = board.write(found)
        if tree is None:
            raise problem("E505", "A Jacobian on the way has no matrix notation.", help='style="differential"')
        tree = self.page.adopt(tree)
        scalar_of_vector = of.full.typed.is_scalar and shape.is_column
        proof = _checked(compare(board.node(tree), found, self.plain, known))
        return (self.algebra.flip(tree) if scalar_of_vector else tree), proof

    def _shape(self, name: str) -> Shape:
        if name == self.wrt:
            return self.subject.declarations.variables[name]
        return next(i.full.typed for i in self.chain.inner if i.name == name)

    def _paths(self, name: str) -> list[list[tuple[str, str]]]:
        """Every way from the variable to a named function, the last edge first."""
        if name == self.wrt:
            return [[]]
        inner = next(i for i in self.chain.inner if i.name == name)
        return [[(name, s), *rest] for s in inner.sources for rest in self._paths(s)]

    # -- the story -------------------------------------------------------------------------------------------------

    def derivation(self) -> Derivation:
        self._cut()
        last = self.chain.inner[-1]
        steps = [self._naming(i) for i in self.chain.inner]
        for inner in self.chain.inner:
            for source in inner.sources:
                J, proof = self._jacobian(inner, source)
                self.chain.jacobians[inner.name, source] = J
                size = f"{self._sized(inner.full.typed)} x {self._sized(self._shape(source))}"
                steps.append(Step(("R-jacobian-of",), f"d{inner.name}/d{source}", inner.definition, J, proof, size))
        if not last.sources:
            raise problem("E505", f"{self.wrt} does not occur: there is no chain.", help='style="differential"')
        steps += self._product(last)
        edges = [(s, i.name) for i in self.chain.inner for s in i.sources]
        extra = {"graph": as_text(edges, self.wrt), "svg": as_svg(edges, self.wrt)}
        answer = self.subject.answer
        assert answer is not None
        told = (self.subject.goal, self.subject.tree, answer, tuple(steps), "chain rule", self.level)
        return Derivation(*told, extra=extra)

    def _naming(self, inner: Inner) -> Step:
        note = "a scalar" if inner.full.typed.is_scalar else "a vector"
        proof = self._same(self._back(inner.definition), inner.full)
        return Step(("R-name",), inner.name, inner.full, inner.definition, proof, note)

    @staticmethod
    def _sized(shape: Shape) -> str:
        return "1" if shape.is_scalar else show_size(shape.axes)

    def _product(self, last: Inner) -> list[Step]:
        """The sum over paths, the transpose, the names put back."""
        name = f"d{last.name}/d{self.wrt}"
        paths = self._paths(last.name)
        terms = [reduce(self.algebra.times, [self.chain.jacobians[e] for e in path]) for path in paths]
        total = self.algebra.add(terms)
        words = " + ".join("*".join(f"d{a}/d{b}" for a, b in path) for path in paths)
        rule = "R-paths" if len(paths) > 1 else "R-chain"
        proof = self._proved(self._back(total))
        steps = [Step((rule,), name, last.definition, total, proof, words)]
        if paths == [[(last.name, self.wrt)]]:
            steps = []  # one function of the variable itself: its Jacobian has just been written
        answer = self.page.adopt(inlined(self._closed()))
        shown = total
        if answer.typed != total.typed:
            shown = self.algebra.flip(total)
            turned = "R-transpose-gradient" if self.subject.kind == "gradient" else "R-layout"
            steps.append(Step((turned,), self.subject.title, total, shown))
        proof = self._same(self._back(shown), answer)
        if shown is not answer or not steps:
            steps.append(Step(("R-put-back",), self.subject.title, shown, answer, proof))
        if self._closed().kind == "where":
            steps.append(Step(("R-where",), self.subject.title, answer, self._closed()))
        return steps

    def _closed(self) -> Tree:
        closed = self.subject.forms.closed
        if closed is None:
            raise problem("E505", "This derivative is no matrix.", help='style="differential"')
        return closed

    def _back(self, tree: Tree) -> Tree:
        """The names replaced by what they stand for."""
        values: dict[str, Tree] = {}
        for inner in self.chain.inner:
            values[inner.name] = put(inner.definition, values)
        return self.page.adopt(put(tree, values))

    def _same(self, before: Tree, after: Tree) -> Proof:
        return _checked(self.board.prove(before, after))

    def _proved(self, total: Tree) -> Proof:
        tensor = self.subject.levels[-1].tensor
        return _checked(compare(self.board.node(total), tensor, self.board.source, self.subject.declarations))


def _checked(proof: Proof) -> Proof:
    if proof.status == "refuted":
        raise problem("E600", "A step of this derivation failed its own check and is not shown.")
    return proof
