"""The entrywise style: the differential, and then one unit direction after the other, Df(x)[e_k] = df/dx[k]; where the
sizes are letters or large, all entries at once, by components: d/dx[i] of sum_j(...)."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from frechet.core.build import substitute
from frechet.core.ein import constant, ein
from frechet.core.errors import problem
from frechet.core.node import Call, Node, depends_on, topological, unit
from frechet.language.lower import lower
from frechet.language.tree import Tree, subtrees
from frechet.notation.product import UnwritableError
from frechet.steps.board import DIFFERENTIAL, Board, inlined
from frechet.steps.claims import checked, compare
from frechet.steps.components import Components, meaning
from frechet.steps.derivation import Derivation, Step
from frechet.steps.story import Subject, tell

MOST_ENTRIES = 9


def by_entries(subject: Subject, level: str) -> Derivation:
    """The derivation. Raises E505 where the order is not one, or a line has no components."""
    name = subject.wrt[-1]
    if len(subject.wrt) != 1 or subject.forms.closed is None:
        raise problem("E505", "The entrywise style needs a first derivative that is a scalar, vector or matrix.",
                      help='style="differential"')  # fmt: skip
    count = 1
    for dim in subject.declarations.variables[name].axes:
        count *= dim if isinstance(dim, int) else MOST_ENTRIES + 1
    if count > MOST_ENTRIES:
        return _by_components(subject, level)
    assert subject.answer is not None
    told = tell(subject, level)
    whole = next((k for k, s in enumerate(told.steps) if s.rule in _ENDS), len(told) - 1)
    # The lines up to the one without differentials: a direction is put in there, nothing has to be moved before.
    ready = next((k for k, s in enumerate(told.steps[:whole], 1) if not _unfinished(s.after)), whole)
    line = told.steps[ready - 1].after if ready else told.steps[whole].before
    partials = _Entries(subject).steps(line)
    return Derivation(told.goal, told.start, told.answer, (*told.steps[:ready], *partials, *told.steps[whole:]),
                      "entrywise", level, told.gap, directions=told.directions)  # fmt: skip


_ENDS = ("R-gradient", "R-jacobian", "R-coefficient", "R-operator")


def _unfinished(line: Tree) -> bool:
    return any(t.kind == "call" and t.name == DIFFERENTIAL for t in subtrees(line))


def _by_components(subject: Subject, level: str) -> Derivation:
    try:
        return _Components(subject, level).derivation()
    except UnwritableError:
        raise problem("E505", "This function has no components that can be written.",
                      help='style="differential"') from None  # fmt: skip


class _Components:
    """df/dx[i] for a letter i: the formula in components, differentiated under the sums, and the delta summed away."""

    def __init__(self, subject: Subject, level: str) -> None:
        self.subject, self.level = subject, level
        plain = inlined(subject.tree)
        self.board = Board(subject.declarations, plain, subject.names, lower(plain, subject.names))
        last = subject.levels[-1]
        taken = [*subject.declarations.variables, *subject.declarations.sizes]
        self.writer = Components(self.board.page, self.board.write, taken)
        self.node = self.board.node(self.board.adopt(plain))
        letters: list[str] = []
        for dim in last.tensor.dims:
            letters.append(self.writer.letter(letters, dim))
        self.out, self.by = letters[: self.node.order], letters[self.node.order :]
        self.writer.derivative_of(last.direction, self.by)
        self.line = self.board.adopt(plain)

    def derivation(self) -> Derivation:
        subject, last = self.subject, self.subject.levels[-1]
        if any(len(side) > 1 for shape in (subject.tree.typed, subject.declarations.variables[subject.wrt[0]])
               for side in shape):  # fmt: skip
            raise UnwritableError
        f = "f" if subject.tree.typed.is_scalar else "F"
        value = f"{f}[{','.join(self.out)}]" if self.out else f
        name = f"d{value}/d{subject.wrt[0]}[{','.join(self.by)}]" if self.by else f"d{value}/d{subject.wrt[0]}"
        steps = [self._step("R-components", value, self.node, self.out)]
        every = [*self.out, *self.by]
        steps.append(self._step("R-partial-under-sum", name, last.along, self.out, last.tensor, self._basis()))
        steps[-1] = replace(steps[-1], rules=(*steps[-1].rules, *self._functions()))
        before = self.line
        left = self._step("R-delta", "", last.tensor, every)
        steps += [left] if left.after is not before else []
        assert subject.forms.closed is not None and subject.answer is not None
        steps += self._answer(inlined(subject.forms.closed), every, name)
        if subject.answer.kind == "where":
            steps.append(Step(("R-where",), subject.name, steps[-1].after, subject.answer))
        return Derivation(subject.goal, subject.tree, subject.answer, tuple(steps), "entrywise", self.level)

    def _basis(self) -> str:
        """What an entry of the variable is by another: dx[k]/dx[j] = delta[k,j]."""
        if len(self.by) != 1:
            return ""
        x, (j,) = self.subject.wrt[0], self.by
        k = self.writer.letter([*self.out, *self.by], self.subject.levels[-1].tensor.dims[-1])
        return f"d{x}[{k}]/d{x}[{j}] = {self.writer.delta}[{k},{j}]"

    def _functions(self) -> list[str]:
        """The rules of the functions that are not taken apart into components: of logdet, inv, softmax."""
        variable = self.subject.levels[-1].variable
        opaque = [n for n in topological([self.node]) if isinstance(n, Call) and depends_on(n, variable)]
        return list(dict.fromkeys(f"R-{n.operation.name}" for n in opaque))

    def _answer(self, closed: Tree, every: list[str], name: str) -> list[Step]:
        """The entry of the answer, and the answer."""
        answer = self.board.page.adopt(closed)
        node, tensor = self.board.node(answer), self.subject.levels[-1].tensor
        order = every
        if node.dims != tensor.dims:
            node, order = ein(1, [(node, (1, 0), 1)], (0, 1), dict(enumerate(tensor.dims))), every[::-1]
        proof = checked(compare(node, tensor, self.board.source, self.subject.declarations))
        entry = self.writer.entry(answer, order)
        steps = [Step(("R-entry",), "", self.line, entry, proof)] if every and entry is not self.line else []
        rule = "R-jacobian" if len(self.out) else "R-gradient"
        return [*steps, Step((rule,), self.subject.name, entry, answer, proof, f"for all {', '.join(every)}")]

    def _step(self, rule: str, left: str, node: Node, at: list[str], same: Node | None = None, note: str = "") -> Step:
        """A line in components, read back and compared with the node it stands for."""
        tree = self.writer.node(node, at, self.by)
        every = [*self.out, *self.by] if same is not None else at
        found = meaning(tree, self.board.environment, self.writer.sizes, every)
        proof = checked(compare(found, same or node, self.board.source, self.subject.declarations))
        step = Step((rule,), left, self.line, tree, proof, note)
        self.line = tree
        return step


class _Entries:
    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        plain = inlined(subject.tree)
        self.board = Board(subject.declarations, plain, subject.names, lower(plain, subject.names))

    def steps(self, line: Tree) -> list[Step]:
        """One partial derivative a step, in the order of the entries."""
        name = self.subject.wrt[-1]
        axes = self.subject.declarations.variables[name].axes
        f = "f" if self.subject.tree.typed.is_scalar else "F"
        out = []
        for place in product(*(range(int(d)) for d in axes)):
            found = self._partial(place)
            tree = self.board.write(found)
            if tree is None:
                raise problem("E505", "A partial derivative has no matrix notation.", help='style="differential"')
            proof = compare(self.board.node(tree), self._entry(place), self.board.source, self.subject.declarations)
            where = "[" + ",".join(str(p + 1) for p in place) + "]" if place else ""
            note = f"d{name} = 1 at {where[1:-1]}, else 0" if place else f"d{name} = 1"
            out.append(Step(("R-partial",), f"d{f}/d{name}{where}", line, tree, proof, note))
        return out

    def _partial(self, place: tuple[int, ...]) -> Node:
        """The differential with a unit direction put in."""
        last = self.subject.levels[-1]
        dims = last.direction.dims
        n = tuple(range(len(dims)))
        factors = [(unit(p, d), (i,), 1) for i, (p, d) in enumerate(zip(place, dims, strict=True))]
        basis = ein(1, factors, n, dict(enumerate(dims))) if dims else constant(1)
        return substitute(last.along, lambda node: basis if node is last.direction else None)

    def _entry(self, place: tuple[int, ...]) -> Node:
        """The same entry of the answer's tensor."""
        tensor = self.subject.levels[-1].tensor
        keep = tensor.order - len(place)
        n = tuple(range(tensor.order))
        fixed = [(unit(p, tensor.dims[keep + k]), (keep + k,), 1) for k, p in enumerate(place)]
        return ein(1, [(tensor, n, 1), *fixed], n[:keep], dict(enumerate(tensor.dims)))
