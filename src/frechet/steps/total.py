"""Several variables at once: the total differential df = <G1, dx1> + <G2, dx2> + ..., each gradient read off beside its
direction, and the blocks stacked. A stacked Hessian is the same, done to each block of the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from frechet.core.ein import ein
from frechet.core.errors import problem
from frechet.core.node import Node
from frechet.language.lower import lower
from frechet.language.tree import Tree
from frechet.steps.algebra import Algebra
from frechet.steps.board import Board, inlined
from frechet.steps.claims import checked, compare
from frechet.steps.derivation import Derivation, Step
from frechet.steps.narrate import Narrator
from frechet.steps.story import Subject, tell


def tell_gradient(subjects: Sequence[Subject], stacked: Tree, level: str) -> Derivation:
    """The derivation of a stacked gradient. Raises E504 where a block has no closed form."""
    steps = _Total(subjects, level).gradient()
    return _finished(subjects, steps, stacked, level, "gradient")


def tell_hessian(rows: Sequence[Sequence[Subject]], stacked: Tree, level: str) -> Derivation:
    """The derivation of a stacked Hessian: the gradient first, then d of each of its blocks along all directions."""
    below = [row[0].below for row in rows]
    first = [subject for subject in below if subject is not None]
    steps = _Total(first, level if level == "full" else "brief").gradient()
    for subject, row in zip(first, rows, strict=True):
        steps += _Total(row, level).row(subject)
    return _finished([row[0] for row in rows], steps, stacked, level, "Hessian")


def tell_partials(subjects: Sequence[Subject], stacked: Tree, level: str) -> Derivation:
    """The partial derivatives one by one: each variable moves while the others are held."""
    steps = []
    for subject in subjects:
        own = tell(subject, level).steps
        others = ", ".join(s.wrt[0] for s in subjects if s is not subject)
        steps += [replace(own[0], note=f"{others} held fixed"), *own[1:]]
    told = _finished(subjects, steps, stacked, level, "gradient")
    return Derivation(told.goal, told.start, told.answer, told.steps, "entrywise", level, directions=told.directions)


def _finished(subjects: Sequence[Subject], steps: list[Step], stacked: Tree, level: str, what: str) -> Derivation:
    names = [s.wrt[0] for s in subjects]
    steps.append(Step(("R-stack",), what, steps[-1].after, stacked, note=f"in the order {', '.join(names)}"))
    directions = tuple(_direction(s) for s in subjects)
    goal = f"{what} by {', '.join(names)} stacked"
    return Derivation(goal, subjects[0].tree, stacked, tuple(steps), level=level, directions=directions)


def _direction(subject: Subject) -> str:
    return getattr(subject.levels[-1].direction, "name", "")


class _Total:
    """One line of thought along all directions. The last variables of the subjects are those that move."""

    def __init__(self, subjects: Sequence[Subject], level: str) -> None:
        self.subjects, self.level = subjects, level
        first = subjects[0]
        plain = inlined(first.tree)
        self.board = Board(first.declarations, plain, first.names, lower(plain, first.names))
        if len({_direction(s) for s in subjects}) < len(subjects):
            raise problem("E504", "The directions of two variables have the same name.", help="Rename one of them.")
        for s in subjects:
            name, last = s.wrt[-1], s.levels[-1]
            self.board.differentiate_by(name, s.declarations.variables[name], last.variable, last.direction)
        self.page, self.algebra = self.board.page, Algebra(self.board.page)
        self.narrator = Narrator(self.board)

    def gradient(self) -> list[Step]:
        """df along all directions, then each gradient."""
        start = self.board.adopt(self.subjects[0].tree)
        answers = [self._shaped(self._closed(s), s) for s in self.subjects]
        line = self.narrator.differentiate(start)
        product = line
        if self.board.moves(line):
            directions = self.board.directions
            product = self.algebra.add([self.algebra.inner(G, d) for G, d in zip(answers, directions, strict=True)])
            product = self.narrator.conclude(line, product, vector=False)
        steps = self.narrator.lines(self.board.d(start), "df", self.level)
        for s, G in zip(self.subjects, answers, strict=True):
            scalar = s.declarations.variables[s.wrt[0]].is_scalar
            rule, name = ("R-coefficient", s.name) if scalar else ("R-gradient", f"gradient by {s.wrt[0]}")
            steps.append(self._read_off(rule, name, product, G, s))
        return steps

    def row(self, of: Subject) -> list[Step]:
        """d of one block of the gradient along all directions, then the blocks of that row of the Hessian."""
        start = self._shaped(self._closed(of), of)
        vector = not start.typed.is_scalar
        blocks = [self._block(s, vector) for s in self.subjects]
        line = self.narrator.differentiate(start)
        product = line if self.board.moves(line) else self.page.zeros(start.typed)
        if self.board.moves(line):
            times = Algebra(self.page, keep_diag=True).times
            product = self.algebra.add([times(H, d) for H, d in zip(blocks, self.board.directions, strict=True)])
            product = self.narrator.conclude(line, product, vector=vector)
        name = of.wrt[0]
        steps = self.narrator.lines(self.board.d(start), f"d(gradient by {name})", self.level)
        for s, H in zip(self.subjects, blocks, strict=True):
            steps.append(self._read_off("R-hessian", f"block {name}, {s.wrt[-1]}", product, H, s))
        return steps

    # -- answers ---------------------------------------------------------------------------------------------------

    def _closed(self, subject: Subject) -> Tree:
        if subject.forms.closed is None:
            raise problem("E504", f"The block by {', '.join(subject.wrt)} has no closed form.")
        return self.board.adopt(subject.forms.closed)

    def _shaped(self, G: Tree, subject: Subject) -> Tree:
        """A gradient in the shape of its variable."""
        return G if G.typed == subject.declarations.variables[subject.wrt[0]] else self.algebra.flip(G)

    def _block(self, subject: Subject, vector: bool) -> Tree:
        """A block of the Hessian, as a row where the gradient's block is a scalar."""
        H = self._closed(subject)
        return self.algebra.flip(H) if not vector and H.typed.is_column else H

    def _read_off(self, rule: str, name: str, line: Tree, answer: Tree, subject: Subject) -> Step:
        """A block beside its direction; it must be the tensor that the calculus found."""
        proof = compare(self._as_tensor(answer, subject), subject.levels[-1].tensor, self.board.source,
                        subject.declarations)  # fmt: skip
        return Step((rule,), name, line, answer, checked(proof))

    def _as_tensor(self, answer: Tree, subject: Subject) -> Node:
        node, tensor = self.board.node(answer), subject.levels[-1].tensor
        if node.dims == tensor.dims:
            return node
        return ein(1, [(node, (1, 0), 1)], (0, 1), dict(enumerate(tensor.dims)))
