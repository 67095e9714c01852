"""The derivation of an answer: what is differentiated, by what, and how the printed answer comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from frechet.calculus.derive import Level
from frechet.calculus.forward import forward
from frechet.core.ein import ein
from frechet.core.errors import problem
from frechet.core.node import SYMMETRIC_FACTS, Node
from frechet.language.declarations import Declarations
from frechet.language.lower import lower
from frechet.language.tree import Tree
from frechet.notation.present import Forms, Sides
from frechet.notation.product import UnwritableError
from frechet.steps.algebra import Algebra
from frechet.steps.board import Board, inlined
from frechet.steps.claims import Proof, checked, compare
from frechet.steps.derivation import Derivation, Step
from frechet.steps.narrate import LEVELS, Narrator

ENGINE = "R-engine"


@dataclass(frozen=True)
class Subject:
    """A derivative and its answer.

    levels   every order up to this one; forms: the answer; below: the same for the order below
    facts    the nodes of the variables with their structural facts, where they differ from `names`
    """

    tree: Tree
    declarations: Declarations
    names: Mapping[str, Node]
    wrt: tuple[str, ...]
    kind: str
    layout: str
    levels: Sequence[Level]
    sides: Sides
    forms: Forms
    below: Subject | None = None

    @property
    def goal(self) -> str:
        """`gradient by w`."""
        by = ", then ".join(self.wrt) if len(set(self.wrt)) > 1 else self.wrt[0]
        return f"{self.title} by {by}"

    @property
    def name(self) -> str:
        """What stands left of the answer: the title, or df/dt by a scalar."""
        if len(self.wrt) == 1 and self.declarations.variables[self.wrt[0]].is_scalar and self.kind != "differential":
            return f"{'df' if self.tree.typed.is_scalar else 'dF'}/d{self.wrt[0]}"
        return self.title

    @property
    def title(self) -> str:
        if len(self.wrt) == 1 and self.declarations.variables[self.wrt[0]].is_scalar and self.kind == "gradient":
            return "derivative"
        if self.kind in ("gradient", "jacobian", "hessian"):
            return {"jacobian": "Jacobian", "hessian": "Hessian"}.get(self.kind, self.kind)
        return {1: "derivative", 2: "second derivative", 3: "third derivative"}.get(len(self.wrt), "derivative")

    @property
    def answer(self) -> Tree | None:
        return self.forms.operator if self.kind == "differential" else self.forms.shown


def tell(subject: Subject, level: str) -> Derivation:
    """The derivation in differential form. Raises E505 for an unknown level, E504 where the answer has no form."""
    if level not in LEVELS:
        raise problem("E505", f"{level!r} is not a level of detail.", help="brief, normal or full")
    if subject.answer is None:
        raise problem("E504", "This derivative has neither a closed form nor an operator form to derive.",
                      help="evaluate() works on every derivative.")  # fmt: skip
    try:
        return _Story(subject, level).told()
    except UnwritableError:
        return _by_engine(subject, level, "a line of it has no matrix notation")


class _Story:
    """One telling: the board, the narrator, and how the last lines look."""

    def __init__(self, subject: Subject, level: str) -> None:
        self.subject, self.level = subject, level
        plain = inlined(subject.tree)
        lowered = lower(plain, subject.names)
        self.board = Board(subject.declarations, plain, subject.names, lowered)
        for below in subject.levels[:-1]:
            self.board.environment[getattr(below.direction, "name", "")] = below.direction
        last = subject.levels[-1]
        name = subject.wrt[-1]
        self.board.differentiate_by(name, subject.declarations.variables[name], last.variable, last.direction)
        self.page = self.board.page
        self.algebra = Algebra(self.page)
        self.narrator = Narrator(self.board)

    def told(self) -> Derivation:
        subject = self.subject
        first, base = self._start()
        start = self.algebra.flip(base) if base.typed.is_row and not self._operator() else base
        line = self.narrator.differentiate(start)
        if not self.board.moves(line):
            line = self.page.zeros(line.typed)
        final = self._last_lines(start, line)
        steps = [*first, *self.narrator.lines(self.board.d(start), self._left(), self.level), *final]
        assert subject.answer is not None
        if subject.answer.kind == "where":
            steps.append(Step(("R-where",), subject.name, steps[-1].after, subject.answer))
        gap = self.narrator.gap
        return Derivation(subject.goal, subject.tree, subject.answer, tuple(steps), level=self.level, gap=gap,
                          directions=self._directions())  # fmt: skip

    def _directions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(getattr(level.direction, "name", "") for level in self.subject.levels))

    def _left(self) -> str:
        if len(self.subject.wrt) == 1:
            return "df" if self.subject.tree.typed.is_scalar else "dF"
        return "dG" if len(self.subject.wrt) == 2 else "dH"

    # -- where it starts -------------------------------------------------------------------------------------------

    def _start(self) -> tuple[list[Step], Tree]:
        """What is differentiated: what was typed, or the answer of the order below, itself derived first."""
        subject = self.subject
        if subject.below is None:
            return [], self.board.adopt(subject.tree)
        below = subject.below
        if below.forms.closed is not None and not len(below.wrt) > 2:
            steps = list(tell(below, self.level if self.level == "full" else "brief").steps)
            return steps, self.board.adopt(below.forms.closed)
        node = self._bound_below()
        tree = self.board.write(node)
        if tree is None:
            raise UnwritableError
        return [], tree

    def _bound_below(self) -> Node:
        """The order below along as many earlier directions as the answer binds."""
        levels = self.subject.levels
        bound = 0
        tree = self.subject.answer
        while tree is not None and tree.kind == "arrow":
            bound, tree = bound + 1, tree.args[0]
        if bound <= 1 or self.subject.kind == "differential":
            return levels[-2].tensor
        node = levels[-bound].along
        for level in levels[-bound + 1 : -1]:
            node = forward(node, level.variable, level.direction)
        return node

    # -- where it ends ---------------------------------------------------------------------------------------------

    def _operator(self) -> bool:
        return self.subject.kind == "differential" or self.subject.forms.closed is None

    def _last_lines(self, start: Tree, line: Tree) -> list[Step]:
        if self._operator():
            return self._as_operator(line)
        assert self.subject.forms.closed is not None
        answer = self.board.adopt(self.subject.forms.closed)
        by, shape = self.board.by.tree, start.typed
        if by.typed.is_scalar:
            return self._by_scalar(line, answer)
        if shape.is_scalar:
            return self._as_gradient(line, answer)
        if shape.is_column and by.typed.is_column:
            return self._as_jacobian(line, answer)
        raise UnwritableError

    def _as_operator(self, line: Tree) -> list[Step]:
        answer = self.subject.forms.operator
        assert answer is not None
        body = answer = inlined(answer)
        while body.kind == "arrow":
            body = body.args[0]
        inside = self.board.adopt(body)
        self.narrator.add("R-collect", inside)
        arrow = self.page.adopt(answer)
        steps = [Step(("R-operator",), self._answer_name(), inside, arrow)]
        full = self.level == "full"
        if (len(self.subject.wrt) > 1 or full) and self.subject.kind != "differential":
            steps = [self._kronecker(inside), *steps] if self.subject.forms.kronecker is not None else steps
        if full and self.subject.kind == "hessian":
            steps.insert(0, self._bilinear(inside))
        return steps

    def _kronecker(self, line: Tree) -> Step:
        """vec(A*dX*B) = kron(B', A)*vec(dX): the matrix of the map."""
        kron = self.board.adopt(self.subject.forms.kronecker)  # type: ignore[arg-type]
        proof = compare(self._as_matrix(kron), self._tensor(), self.board.source, self.subject.declarations)
        x = self.subject.wrt[-1]
        first = "gradient" if self.subject.tree.typed.is_scalar and len(self.subject.wrt) == 2 else "F"
        note = f"d vec({first})/d vec({x})', columns stacked"
        return Step(("R-vec-kron",), "as a matrix", line, kron, proof, note)

    def _as_matrix(self, kron: Tree) -> Node:
        """The node of the Kronecker form, its axes in the order of the derivative's."""
        groups = []
        count = 0
        for side in (s for group in self.subject.sides for s in group):
            groups.append(list(range(count, count + len(side))))
            count += len(side)
        last = len(self.subject.sides[-1])
        before, after = groups[: len(groups) - last], groups[len(groups) - last :]
        places = [a for g in reversed(before) for a in g] + [a for g in reversed(after) for a in g]
        node = self.board.node(kron)
        if node.order != len(places):
            raise UnwritableError
        return ein(1, [(node, tuple(places), 1)], tuple(range(count)), dict(zip(places, node.dims, strict=True)))

    def _tensor(self) -> Node:
        return self.subject.levels[-1].tensor

    def _by_scalar(self, line: Tree, answer: Tree) -> list[Step]:
        """d F = F'(t)*dt."""
        body = self.algebra.flip(answer) if answer.typed.is_row and not line.typed.is_row else answer
        product = self.algebra.times(body, self.board.by.direction)
        if line.typed.is_scalar and self.board.moves(line):
            product = self.narrator.conclude(line, product, vector=False)
        else:
            self.narrator.add("R-collect", product)
        return [self._identified("R-coefficient", product, body), *self._laid_out(body, answer)]

    def _as_gradient(self, line: Tree, answer: Tree) -> list[Step]:
        variable = self.board.by.tree.typed
        G = answer if answer.typed == variable else self.algebra.flip(answer)
        product = line
        if self.board.moves(line):
            product = self.algebra.inner(G, self.board.by.direction)
            product = self.narrator.conclude(line, product, vector=False)
        row = self.subject.kind == "jacobian"
        if row and answer is not G and variable.is_column:
            return [self._identified("R-jacobian", product, answer)]
        return [self._identified("R-gradient", product, G, "gradient" if row else ""), *self._laid_out(G, answer)]

    def _as_jacobian(self, line: Tree, answer: Tree) -> list[Step]:
        turned = self.subject.layout == "denominator" and self.subject.kind == "jacobian"
        J = self.algebra.flip(answer) if turned else answer
        product = line
        if self.board.moves(line):
            product = Algebra(self.page, keep_diag=True).times(J, self.board.by.direction)
            product = self.narrator.conclude(line, product, vector=True)
        rule = "R-hessian" if self.subject.kind == "hessian" else "R-jacobian"
        if rule == "R-hessian" and self.level == "full":
            return [self._bilinear(product), self._identified(rule, product, J)]
        return [self._identified(rule, product, J), *self._laid_out(J, answer)]

    def _bilinear(self, product: Tree) -> Step:
        """d(df) = dx'*H*dx: the same from the second differential of f, with dx constant."""
        by = self.board.by
        form = self.algebra.inner(by.direction, product)
        first = forward(self.board.node(self.board.adopt(self.subject.tree)), by.node, by.direction_node)
        second = forward(first, by.node, by.direction_node)
        proof = compare(self.board.node(form), second, self.board.source, self.subject.declarations)
        return Step(("R-second-differential",), "d(df)", product, form, checked(proof))

    def _identified(self, rule: str, line: Tree, answer: Tree, name: str = "") -> Step:
        """The derivative read off; it must be the tensor that the calculus found."""
        node = self.board.node(answer)
        tensor = self._tensor()
        if node.dims != tensor.dims:
            node = ein(1, [(node, (1, 0), 1)], (0, 1), dict(enumerate(tensor.dims)))
        proof = compare(node, tensor, self.board.source, self.subject.declarations)
        return Step((rule,), name or self._answer_name(), line, answer, checked(proof), self._said_of(rule))

    def _said_of(self, rule: str) -> str:
        """At level full: in which layout the derivative is read off."""
        if self.level != "full":
            return ""
        if rule == "R-jacobian":
            return layout_note("numerator")
        by = self.subject.wrt[-1]
        return f"the row df/d{by} as a column" if rule == "R-gradient" and self.board.by.tree.typed.is_column else ""

    def _laid_out(self, found: Tree, answer: Tree) -> list[Step]:
        """The transpose that the layout asks for."""
        if found is answer:
            return []
        return [Step(("R-layout",), self._answer_name(), found, answer, note=layout_note(self.subject.layout))]

    def _answer_name(self) -> str:
        return self.subject.name


def layout_note(layout: str) -> str:
    """Which layout, and where the transpose goes."""
    if layout == "denominator":
        return "denominator layout: column j is the gradient of output j, so dF = J'*dx"
    return "numerator layout: row i belongs to output i, column j to input j, so dF = J*dx"


def _by_engine(subject: Subject, level: str, why: str) -> Derivation:
    """The answer without its steps: a gap, counted as such."""
    assert subject.answer is not None
    step = Step((ENGINE,), subject.name, subject.tree, subject.answer, Proof("open"), note=why)
    return Derivation(subject.goal, subject.tree, subject.answer, (step,), level=level, gap=why)


def with_facts(told: Derivation, subject: Subject, over: str = "") -> Derivation:
    """A derivation over all entries, ended by what is known of the variable: X' = X; or, with `over`, by the
    projection on the directions that its structure allows."""
    answer = subject.answer
    if answer is None:
        raise problem("E504", "This derivative has neither a closed form nor an operator form to derive.")
    board = Board(subject.declarations, inlined(subject.tree), subject.names)
    for level in subject.levels:
        board.environment[getattr(level.direction, "name", "")] = level.direction
    words = {n: subject.declarations.facts.get(n, frozenset()) for n in dict.fromkeys(subject.wrt)}
    facts = "; ".join(_fact(n, w) for n, w in words.items() if w)
    if over:
        after = board.node(board.adopt(answer))
        proof = compare(after, subject.levels[-1].tensor, board.source, subject.declarations)
    else:
        proof = board.prove(board.adopt(told.answer), board.adopt(answer))
    rule = "R-structured" if over else "R-facts"
    step = Step((rule,), subject.name, told.answer, answer, checked(proof), over or facts)
    return replace(told, answer=answer, steps=(*told.steps, step))


def _fact(name: str, words: frozenset[str]) -> str:
    """`S is spd: S' = S`."""
    known = ", ".join(sorted(words - {"constant"}))
    return f"{name} is {known}" + (f": {name}' = {name}" if words & SYMMETRIC_FACTS else "")
