"""The derivative from its definition, for a function of one variable: the quotient, simplified, and its limit.

Where h divides out of the difference, the limit is found by putting in h = 0. At a kink of abs, relu, max or min the
two one-sided limits are taken, and they differ. Other functions need the limits of their own quotients, such as
(exp(h) - 1)/h -> 1, which are not taken from the answer: E505 says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from frechet.core.build import add, substitute
from frechet.core.dims import SCALAR
from frechet.core.ein import constant, ein
from frechet.core.errors import FrechetError, problem
from frechet.core.node import Add, Ein, Map, Node, depends_on, topological, var
from frechet.equality.expand import expand, together
from frechet.language.lower import lower
from frechet.language.tree import Tree
from frechet.notation.text import to_text
from frechet.steps.algebra import Algebra
from frechet.steps.board import Board, inlined, put
from frechet.steps.claims import Proof, checked, compare
from frechet.steps.derivation import Derivation, Step
from frechet.steps.story import Subject

STEP_NAMES = ("h", "eps", "delta", "step")
KINKED = ("abs", "relu", "sign", "max", "min")


def by_definition(subject: Subject, level: str) -> Derivation:
    """The derivation. Raises E505 for more than one real variable, or a quotient whose limit is not elementary."""
    name = subject.wrt[0]
    scalar = subject.tree.typed.is_scalar and subject.declarations.variables[name].is_scalar
    if len(subject.wrt) != 1 or not scalar or subject.answer is None:
        raise problem("E505", "The definition style is for a scalar function of one scalar variable, first order.",
                      help='style="differential"')  # fmt: skip
    return _Definition(subject, level).derivation()


class _Definition:
    def __init__(self, subject: Subject, level: str) -> None:
        self.subject, self.level = subject, level
        plain = inlined(subject.tree)
        taken = {*subject.declarations.variables, *subject.declarations.sizes}
        free = (s for s in STEP_NAMES if s not in taken)
        self.step_name = next(free, "h_")
        self.h = var(self.step_name, (), role="direction")
        self.board = Board(subject.declarations, plain, subject.names, lower(plain, subject.names))
        self.page, self.algebra = self.board.page, Algebra(self.board.page)
        self.board.environment[self.step_name] = self.h
        self.root = self.board.adopt(subject.tree)
        self.t = self.page.variable(subject.wrt[0], SCALAR)
        self.node = self.board.node(self.root)
        self.point = subject.levels[-1].variable

    def derivation(self) -> Derivation:
        subject = self.subject
        kinks = self._kinks()
        steps = [s for at in kinks for s in self._one_sided(at)] if kinks else self._limit()
        answer = subject.answer
        assert answer is not None
        if kinks:
            pairs = zip(kinks, steps[::2], steps[1::2], strict=True)
            apart = [k for k, right, left in pairs if right.after is not left.after]
            where = ", ".join(f"{self.t.name} != {to_text(self._written(k))}" for k in apart)
            proof = self._is_answer(self.board.node(self.board.adopt(answer)))
            note = f"where {where}" if where else ""
            steps.append(Step(("R-coefficient",), subject.name, self.root, answer, proof, note))
        return Derivation(subject.goal, subject.tree, answer, tuple(steps), "definition", self.level)

    # -- a smooth function -----------------------------------------------------------------------------------------

    def _limit(self) -> list[Step]:
        h = self.page.variable(self.step_name, SCALAR)
        moved = self.page.adopt(put(self.root, {self.t.name: self.page.add(self.t, h)}))
        quotient = self.page.divide(self.page.add(moved, self.page.neg(self.root)), h)
        simple = self._divided(self.board.node(moved), self.node)
        tree = self._written(simple)
        result = self._written(self._at_zero(simple))
        answer = self.page.adopt(inlined(self.subject.answer or result))
        left = f"(f({self.t.name} + {self.step_name}) - f({self.t.name}))/{self.step_name}"
        proof = compare(self.board.node(quotient), self.board.node(tree), self.board.source, self.subject.declarations)
        steps = [
            Step(("R-limit",), left, self.root, quotient),
            Step(("R-collect",), "", quotient, tree, checked(proof), f"{self.step_name} divided out"),
            Step(("R-limit",), f"limit {self.step_name} -> 0", tree, result, self._is_answer(self.board.node(result))),
        ]
        if result is not answer:
            steps.append(Step(("R-collect",), self.subject.name, result, answer,
                              checked(self.board.prove(result, answer))))  # fmt: skip
        else:
            steps[-1] = Step(("R-limit",), f"{self.subject.name} = limit", tree, answer, steps[-1].proof)
        return steps

    def _divided(self, moved: Node, still: Node) -> Node:
        """(f(t + h) - f(t))/h with h divided out; E505 where it does not divide."""
        difference = add([(1, moved), (-1, still)], ())
        forms: tuple[Callable[[Node], Node], ...] = (
            expand, lambda n: expand(together(n)), together, lambda n: together(expand(together(n))),
        )  # fmt: skip
        for form in forms:
            quotient = _over(form(difference), self.h)
            for found in (quotient, expand(quotient)):
                if _regular(found, self.h):
                    return found
        raise problem("E505", f"{self.step_name} does not divide out of the quotient: this function needs limits of "
                      "its own, such as (exp(h) - 1)/h -> 1.", help='style="differential"')  # fmt: skip

    def _at_zero(self, node: Node) -> Node:
        return substitute(node, lambda n: constant(0) if n is self.h else None)

    def _is_answer(self, node: Node) -> Proof:
        tensor = self.subject.levels[-1].tensor
        return checked(compare(node, tensor, self.board.source, self.subject.declarations))

    # -- kinks -----------------------------------------------------------------------------------------------------

    def _kinks(self) -> list[Node]:
        """The points where the argument of abs and its like, affine in the variable, is 0."""
        found: dict[Node, None] = {}
        for node in topological([self.node]):
            if not isinstance(node, Map) or node.operation.name not in KINKED or not depends_on(node, self.point):
                continue
            sides = [(k, c) for k, c in zip((1, -1), node.children, strict=False)]
            inside = add(sides, ())
            zero, one = (expand(substitute(inside, {self.point: constant(v)}.get)) for v in (0, 1))
            slope = add([(1, one), (-1, zero)], ())
            linear = ein(1, [(slope, (), 1), (self.point, (), 1)], (), {})
            rest = add([(1, expand(inside)), (-1, zero), (-1, linear)], ())
            if depends_on(slope, self.point) or not (isinstance(rest, Ein) and rest.coef == 0):
                raise problem("E505", "A kink lies where an equation would have to be solved.",
                              help='style="differential"')  # fmt: skip
            found[ein(-1, [(zero, (), 1), (slope, (), -1)], (), {})] = None
        return list(found)

    def _one_sided(self, at: Node) -> list[Step]:
        """The limits of the quotient from the right and from the left."""
        positive = var(self.step_name, (), ["positive"], role="direction")
        self.board.environment[self.step_name] = positive
        where = to_text(self._written(at))
        out = []
        for sign, side in ((1, "right"), (-1, "left")):
            there = add([(1, at), (sign, positive)], ())
            moved, still = (expand(substitute(self.node, {self.point: to}.get)) for to in (there, at))
            quotient = expand(_over(add([(sign, moved), (-sign, still)], ()), positive))
            if not _regular(quotient, positive):
                raise problem("E505", "The one-sided limits here are not elementary.", help='style="differential"')
            tree = self._written(quotient)
            limit = self._written(substitute(quotient, lambda n: constant(0) if n is positive else None))
            note = f"{self.t.name} = {where} {'+' if sign > 0 else '-'} {self.step_name}, {self.step_name} > 0"
            out.append(Step(("R-one-sided",), f"from the {side}", tree, limit, Proof("proved", "same"), note))
        if out[0].after is not out[1].after:
            note = f"they differ: no derivative at {self.t.name} = {where}"
        else:
            note = f"they agree: this is the derivative at {self.t.name} = {where}"
        out[1] = replace(out[1], note=f"{out[1].note}; {note}")
        return out

    def _written(self, node: Node) -> Tree:
        tree = self.board.write(node)
        if tree is None:
            raise problem("E505", "A line of this derivation has no notation.", help='style="differential"')
        return tree


def _over(node: Node, h: Node) -> Node:
    """node/h, term by term."""
    terms = node.terms if isinstance(node, Add) else ((1, node),)
    return add([(c, ein(1, [(t, (), 1), (h, (), -1)], (), {})) for c, t in terms], ())


def _regular(node: Node, h: Node) -> bool:
    """Whether h may be put to 0: no quotient by it is left."""
    for below in topological([node]):
        if isinstance(below, Ein) and any(n is h and e < 0 for n, _, e in below.factors):
            return False
    try:
        substitute(node, lambda n: constant(0) if n is h else None)
    except FrechetError:
        return False
    return True
