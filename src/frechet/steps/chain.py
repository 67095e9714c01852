"""The chain rule style: name the inner functions, write each Jacobian with its shape, multiply along every path.

    u = X*w - y                       f = norm2(u)^2
    du/dw = X   (m x n)               df/du = 2*u'   (1 x m)
    df/dw = df/du*du/dw = 2*u'*X      gradient = (df/dw)' = 2*X'*u

Every Jacobian is read off by the calculus from the definition of its function alone; that the sum of their products
over all paths is the derivative, is proved with the names put back. Where a matrix is on the way there are no
Jacobian matrices to multiply: `composition` takes over.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

from frechet.calculus.reverse import reverse
from frechet.core.errors import problem
from frechet.language.lower import lower
from frechet.language.tree import Tree
from frechet.steps.algebra import Algebra
from frechet.steps.board import Board, inlined
from frechet.steps.claims import Proof, checked, compare
from frechet.steps.composition import Composition
from frechet.steps.derivation import Derivation, Step
from frechet.steps.naming import Inner, Naming, no_chain, put_back, sized
from frechet.steps.story import Subject, layout_note

Edge = tuple[str, str]


def by_chain_rule(subject: Subject, level: str) -> Derivation:
    """The derivation. Raises E505 where the style does not fit: more than first order."""
    if len(subject.wrt) != 1 or subject.kind == "differential":
        raise problem("E505", "The chain rule style is for first derivatives.", help='style="differential"')
    answer = subject.answer
    if answer is None:
        raise problem("E504", "This derivative has neither a closed form nor an operator form to derive.")
    plain = inlined(subject.tree)
    board = Board(subject.declarations, plain, subject.names, lower(plain, subject.names))
    wrt, last = subject.wrt[0], subject.levels[-1]
    board.differentiate_by(wrt, subject.declarations.variables[wrt], last.variable, last.direction)
    naming = Naming(board, board.adopt(subject.tree), wrt)
    matrices = any(naming.shape(n).is_matrix for n in (wrt, *(i.name for i in naming.inner)))
    composition = Composition(subject, naming, level)
    body = composition.steps() if matrices else _Jacobians(subject, naming, level).steps()
    steps = [*naming.lines(), *body]
    if answer.kind == "where":
        steps.append(Step(("R-where",), subject.name, steps[-1].after, answer))
    told = (subject.goal, subject.tree, answer, tuple(steps), "chain rule", level)
    return Derivation(*told, extra=naming.drawings, directions=tuple(composition.direction.values()))


class _Jacobians:
    """The Jacobians of the named functions, multiplied along every path."""

    def __init__(self, subject: Subject, naming: Naming, level: str) -> None:
        self.subject, self.naming, self.level = subject, naming, level
        self.board, self.page = naming.board, naming.page
        self.algebra = Algebra(self.page)
        self.wrt = naming.wrt

    def steps(self) -> list[Step]:
        steps = []
        jacobians: dict[Edge, Tree] = {}
        for inner in self.naming.inner:
            for source in inner.sources:
                J, proof = self._jacobian(inner, source)
                jacobians[inner.name, source] = J
                size = f"{sized(inner.full.typed)} x {sized(self.naming.shape(source))}"
                name = self._name((inner.name, source))
                steps.append(Step(("R-jacobian-of",), name, inner.definition, J, proof, size))
        return steps + self._product(jacobians)

    def _jacobian(self, of: Inner, by: str) -> tuple[Tree, Proof]:
        """The Jacobian of a named function by one of its names, outputs in rows."""
        shapes = {i.name: i.full.typed for i in self.naming.inner}
        known = replace(self.subject.declarations, variables={**self.subject.declarations.variables, **shapes})
        environment = self.naming.environment
        board = Board(known, self.board.source, environment, lower(of.definition, environment))
        found = reverse(of.node, environment[by])
        tree = board.write(found)
        if tree is None:
            raise problem("E505", "A Jacobian on the way has no matrix notation.", help='style="differential"')
        tree = self.page.adopt(tree)
        proof = checked(compare(board.node(tree), found, self.board.source, known))
        row = of.full.typed.is_scalar and self.naming.shape(by).is_column
        return (self.algebra.flip(tree) if row else tree), proof

    def _name(self, edge: Edge) -> str:
        """df/du, or the partial ∂f/∂u where f has other names too: du/dx is the whole of it, ∂f/∂x a part."""
        of, by = edge
        inner = next(i for i in self.naming.inner if i.name == of)
        d = "∂" if len(inner.sources) > 1 else "d"
        return f"{d}{of}/{d}{by}"

    def _paths(self, name: str) -> list[list[Edge]]:
        """Every way from the variable to a named function, the last edge first."""
        if name == self.wrt:
            return [[]]
        inner = next(i for i in self.naming.inner if i.name == name)
        return [[(name, s), *rest] for s in inner.sources for rest in self._paths(s)]

    def _product(self, jacobians: dict[Edge, Tree]) -> list[Step]:
        """The sum over paths, the transpose, the names put back."""
        last = self.naming.last
        paths = self._paths(last.name)
        if not paths:
            raise no_chain(self.wrt)
        total = self.algebra.add([reduce(self.algebra.times, [jacobians[e] for e in path]) for path in paths])
        steps = []
        if paths != [[(last.name, self.wrt)]]:  # else its one Jacobian has just been written
            rule = "R-paths" if len(paths) > 1 else "R-chain"
            words = " + ".join("*".join(map(self._name, path)) for path in paths)
            found = self.board.node(self.naming.back(total))
            proof = compare(found, self.subject.levels[-1].tensor, self.board.source, self.subject.declarations)
            steps.append(Step((rule,), f"d{last.name}/d{self.wrt}", last.definition, total, checked(proof), words))
        return steps + self._answer(total, bool(steps))

    def _answer(self, total: Tree, named: bool) -> list[Step]:
        """From the row df/dx to the answer as it is laid out, with the user's own terms."""
        closed = self.subject.forms.closed
        if closed is None:
            raise problem("E505", "This derivative is no matrix.", help='style="differential"')
        answer = self.page.adopt(inlined(closed))
        steps, shown = [], total
        if answer.typed != total.typed:
            shown = self.algebra.flip(total)
            if self.subject.kind == "gradient":
                steps.append(Step(("R-transpose-gradient",), self.subject.name, total, shown))
            else:
                note = f"{layout_note(self.subject.layout)}; the factors turn round"
                steps.append(Step(("R-layout",), self.subject.name, total, shown, note=note))
        if shown is not answer or not (steps or named):
            steps += put_back(self.naming, shown, answer, self.subject.name, self.level)
        return steps
