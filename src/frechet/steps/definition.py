"""The derivative from its definition, for a function of one variable: the quotient, simplified, and its limit.

Where h divides out of the difference, the limit is found by putting in h = 0. exp, sin, log and their like bring known
limits, (exp(h) - 1)/h -> 1, which `limits` names. At a kink of abs, relu, max or min the two one-sided limits are
taken, and they differ.
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
from frechet.steps.claims import Proof, by_slope, checked, compare
from frechet.steps.derivation import Derivation, Step
from frechet.steps.limits import Growth, UnknownLimitError
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
        answer = subject.answer
        assert answer is not None
        if not kinks:
            return Derivation(subject.goal, subject.tree, answer, tuple(self._limit()), "definition", self.level)
        steps, apart = [], []
        for at in kinks:
            sides = self._one_sided(at)
            steps += sides
            limits = [s.after for s in sides if s.left.startswith("limit")]
            apart += [] if limits[0] is limits[1] else [at]
        where = ", ".join(f"{self.t.name} != {to_text(self._written(k))}" for k in apart)
        proof = self._is_answer(self.board.node(self.board.adopt(answer)))
        note = f"where {where}" if where else ""
        steps.append(Step(("R-same-on-both-sides",), subject.name, self.root, answer, proof, note))
        return Derivation(subject.goal, subject.tree, answer, tuple(steps), "definition", self.level)

    # -- a smooth function -----------------------------------------------------------------------------------------

    def _limit(self) -> list[Step]:
        """The quotient, its parts by addition theorems, h divided out, the limit."""
        h, t, name = self.page.variable(self.step_name, SCALAR), self.t.name, self.step_name
        moved = self.page.adopt(put(self.root, {t: self.page.add(self.t, h)}))
        quotient = self.page.divide(self.page.add(moved, self.page.neg(self.root)), h)
        steps = [Step(("R-limit",), f"(f({t} + {name}) - f({t}))/{name}", self.root, quotient)]
        growth = Growth(self.point, self.point, self.h, self.h, self.algebra, self._written)
        plain, grown = self._grown(growth)
        if growth.rules:
            top = growth.shown(self._written(add([(1, plain), (-1, self.node)], ())))
            steps.append(self._next(tuple(growth.rules), quotient, self.page.divide(top, h)))
        simple = self._divided(grown, self.node, growth)
        line = growth.shown(self._written(simple))
        rules = ("R-conjugate",) if "R-conjugate" in growth.limits else ()
        seen = all(a.tree.kind == "div" and a.tree.args[1] is h for a in growth.atoms.values() if a.rule)
        if not seen or self.board.node(steps[-1].after) is not self.board.node(line) or len(steps) == 1:
            steps.append(self._next((*rules, "R-divide-h"), steps[-1].after, line))
        return steps + self._taken(growth, simple, steps[-1].after)

    def _taken(self, growth: Growth, simple: Node, line: Tree) -> list[Step]:
        """The limit of the divided quotient, and the answer in the user's terms. At level full one known limit a
        line."""
        answer = self.page.adopt(inlined(self.subject.answer or line))
        result = self._written(growth.limit(simple))
        proof = self._is_answer(self.board.node(result))
        known = [r for r in growth.limits if r != "R-conjugate"]
        left = f"limit {self.step_name} -> 0"
        steps = []
        if self.level == "full":
            for k, rule in enumerate(known, 1):
                now = growth.shown(self._written(growth.settled(simple, known[:k])))
                steps.append(Step((rule,), left, line, now, proof))
                line, left = now, ""
            known = []
        if result is answer:
            last = Step((*known, "R-h-to-zero"), f"{self.subject.name} = limit", line, answer, proof)
            return [*steps, last]
        settled = self.board.checked(result, answer)
        return [*steps, Step((*known, "R-h-to-zero"), left, line, result, proof),
                Step(("R-collect",), self.subject.name, result, answer, settled)]  # fmt: skip

    def _next(self, rules: tuple[str, ...], before: Tree, after: Tree) -> Step:
        proof = self.board.prove(before, after)
        if proof.status != "proved":
            proof = by_slope(self.board.node(before), self.board.node(after), self.h) or proof
        return Step(rules, "", before, after, checked(proof))

    def _grown(self, growth: Growth) -> tuple[Node, Node]:
        """The value at t + h. Raises E505 for a function whose growth is not in the table."""
        try:
            return growth.of(self.node)
        except UnknownLimitError:
            raise problem("E505", "The limit of this quotient is not among the known ones: exp, log, sin, cos, tan, "
                          "atan, sinh, cosh, tanh, sigmoid and powers.",
                          help='style="differential"') from None  # fmt: skip

    def _divided(self, moved: Node, still: Node, growth: Growth) -> Node:
        """(f(t + h) - f(t))/h with h divided out; E505 where it does not divide."""
        difference = add([(1, moved), (-1, still)], ())
        forms: tuple[Callable[[Node], Node], ...] = (
            expand, lambda n: expand(together(n)), together, lambda n: together(expand(together(n))),
        )  # fmt: skip
        for form in forms:
            quotient = _over(form(difference), growth.h)
            for found in (quotient, expand(quotient)):
                if _regular(growth, found):
                    return found
        raise problem("E505", f"{self.step_name} does not divide out of the quotient.", help='style="differential"')

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
        out: list[Step] = []
        for sign, side in ((1, "right"), (-1, "left")):
            out += self._from_side(at, positive, sign, side)
        where = to_text(self._written(at))
        first, second = (s for s in out if s.left.startswith("limit"))
        if first.after is not second.after:
            note = f"they differ: no derivative at {self.t.name} = {where}"
        else:
            note = f"they agree: this is the derivative at {self.t.name} = {where}"
        return [replace(s, note=note) if s is second else s for s in out]

    def _from_side(self, at: Node, h: Node, sign: int, side: str) -> list[Step]:
        """The quotient on one side of a kink, with the sign of what is inside known, and its limit."""
        name, where = self.step_name, to_text(self._written(at))
        growth = Growth(self.point, at, h, ein(sign, [(h, (), 1)], (), {}), self.algebra, self._written)
        _, moved = self._grown(growth)
        still = expand(substitute(self.node, {self.point: at}.get))
        quotient = ein(sign, [(self._divided(moved, still, growth), (), 1)], (), {})
        h_tree, at_tree = self.page.variable(name, SCALAR), self.page.adopt(self._written(at))
        there = self.page.add(at_tree, h_tree if sign > 0 else self.page.neg(h_tree))
        top = self.page.add(self._at(there), self.page.neg(self._at(at_tree)))
        typed = self.page.divide(top, h_tree if sign > 0 else self.page.neg(h_tree))
        tree = growth.shown(self._written(expand(quotient)))
        limit = self._written(growth.limit(quotient))
        sides = f"{'' if sign > 0 else '-'}{name}"
        left = f"(f({where} {'+' if sign > 0 else '-'} {name}) - f({where}))/{sides if sign > 0 else f'({sides})'}"
        known = ("R-kink-side", *growth.rules, "R-divide-h")
        return [
            Step(("R-limit",), left, self.root, typed, note=f"{name} > 0"),
            Step(known, "", typed, tree, self.board.checked(typed, tree)),
            Step((*growth.limits, "R-one-sided"), f"limit from the {side}", tree, limit, Proof("proved", "same")),
        ]

    def _at(self, point: Tree) -> Tree:
        return self.page.adopt(put(self.root, {self.t.name: point}))

    def _written(self, node: Node) -> Tree:
        tree = self.board.write(node)
        if tree is None:
            raise problem("E505", "A line of this derivation has no notation.", help='style="differential"')
        return tree


def _over(node: Node, h: Node) -> Node:
    """node/h, term by term."""
    terms = node.terms if isinstance(node, Add) else ((1, node),)
    return add([(c, ein(1, [(t, (), 1), (h, (), -1)], (), {})) for c, t in terms], ())


def _regular(growth: Growth, node: Node) -> bool:
    """Whether h may be put to 0: no quotient by it is left."""
    for below in topological([node]):
        if isinstance(below, Ein) and any(n is growth.h and e < 0 for n, _, e in below.factors):
            return False
    try:
        growth.limit(node)
    except FrechetError:
        return False
    return True
