"""The chain rule where matrices are on the way: derivatives are linear maps, and they are composed.

    U = W*X           dU = W*dX                     (a matrix, m x k)
    f = norm2(U)^2    grad_U f = 2*U                (m x k, as U)
    grad_X f = W'*grad_U f = 2*W'*U                 <G, W*dX> = <W'*G, dX>

Of a scalar function the gradients go back from the result to the variable, each in the shape of its name: the adjoint
of each map in turn, summed over the paths. Of a matrix-valued function the differentials go forward:
D(g o h)(X)[dX] = Dg(h(X))[Dh(X)[dX]].
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from frechet.calculus.reverse import reverse
from frechet.core.dims import Shape
from frechet.core.errors import problem
from frechet.core.node import Node, var
from frechet.language.lower import lower
from frechet.language.tree import Tree
from frechet.notation.latex import to_latex
from frechet.notation.text import to_text
from frechet.steps.algebra import Algebra
from frechet.steps.board import Board, inlined
from frechet.steps.claims import Proof, checked, compare
from frechet.steps.derivation import Step
from frechet.steps.differential import Differentials
from frechet.steps.naming import Inner, Naming, described, no_chain, put_back
from frechet.steps.narrate import Narrator
from frechet.steps.pushforward import pairing
from frechet.steps.story import Subject


class Composition:
    """The differentials of the named functions, composed forward or pulled back."""

    def __init__(self, subject: Subject, naming: Naming, level: str) -> None:
        self.subject, self.naming, self.level = subject, naming, level
        self.page, self.source = naming.page, naming.board.source
        self.board = Board(subject.declarations, self.source, naming.environment)
        self.algebra = Algebra(self.page)
        self.fill = Differentials(naming.board).fill
        self.direction = {naming.wrt: naming.board.by.direction.name}
        self.direction |= {i.name: self._free("d" + i.name) for i in naming.inner}

    def steps(self) -> list[Step]:
        scalar = self.naming.last.full.typed.is_scalar
        return self._backward() if scalar and self.subject.forms.closed is not None else self._forward()

    def _free(self, name: str) -> str:
        while name in self.naming.taken:
            name += "_"
        return name

    # -- the differential of one named function ----------------------------------------------------------------------

    def _differential(self, inner: Inner) -> Step:
        """dU in terms of the differentials of what U is made of, at once."""
        board = Board(self.subject.declarations, self.source, self.naming.environment)
        for name in inner.sources:
            shape = self.naming.shape(name)
            board.differentiate_by(name, shape, board.environment[name], var(self.direction[name], shape.axes))
        definition = board.page.adopt(inner.definition)
        narrator = Narrator(board)
        line = narrator.differentiate(definition)
        if narrator.gap:
            raise problem("E505", f"The differential of {inner.name} cannot be written.", help='style="differential"')
        proof = board.checked(board.d(definition), line)
        note = described(inner.full.typed)
        return Step(("R-differential-of",), f"d{inner.name}", inner.definition, self.page.adopt(line), proof, note)

    # -- scalar functions: gradients, back from the result -------------------------------------------------------------

    def _backward(self) -> list[Step]:
        naming = self.naming
        steps = [self._differential(i) for i in naming.inner[:-1]]
        gradients = {naming.last.name: self.page.number(1)}
        order = [*(i.name for i in reversed(naming.inner[:-1])), naming.wrt]
        for name in order:
            uses = [i for i in naming.inner if name in i.sources]
            parts = [self._pulled_back(i, name, gradients) for i in uses]
            if not parts:
                raise no_chain(naming.wrt)
            total = self.algebra.add([value for value, _ in parts])
            gradients[name] = total
            words = " + ".join(to_text(law) for _, law in parts)
            latex = " + ".join(map(_law_latex, (law for _, law in parts)))
            rule = "R-paths" if len(parts) > 1 else "R-adjoint-chain"
            if uses == [naming.last]:
                rule, words, latex = "R-gradient-of", described(naming.shape(name)), ""
            before = steps[-1].after if steps else naming.last.definition
            proof = self._is_gradient(name, total)
            steps.append(Step((rule,), f"grad_{name} f", before, total, proof, words, latex))
        return [*steps, *self._put_back(gradients[naming.wrt])]

    def _pulled_back(self, inner: Inner, by: str, gradients: dict[str, Tree]) -> tuple[Tree, Tree]:
        """The part of the gradient by a name that comes through one function: its adjoint of the gradient there."""
        shape, target = inner.full.typed, self.naming.shape(by)
        environment = self.naming.environment
        if inner is self.naming.last:
            tree = self._written(reverse(inner.node, environment[by]), by, inner)
            return tree, tree
        symbol = f"grad_{inner.name}"
        weight = var(symbol, shape.axes)
        shapes = {symbol: shape}
        law = self._written(reverse(pairing(weight, inner.node), environment[by]), by, inner, shapes)
        value = self.fill(law, {symbol: gradients[inner.name]})
        return (self.algebra.flip(value) if value.typed != target else value), law

    def _written(self, node: Node, by: str, inner: Inner, more: Mapping[str, Shape] | None = None) -> Tree:
        shapes = {i.name: i.full.typed for i in self.naming.inner}
        variables = {**self.subject.declarations.variables, **shapes, **(more or {})}
        known = replace(self.subject.declarations, variables=variables)
        board = Board(known, self.source, {}, lower(inner.definition, self.naming.environment))
        tree = board.write(node, self.naming.shape(by))
        if tree is None:
            raise problem("E505", "A gradient on the way has no matrix notation.", help='style="differential"')
        return self.page.adopt(tree)

    def _is_gradient(self, name: str, found: Tree) -> Proof:
        """Compared with the gradient of the result as a function of this name and those before it."""
        wrt = name == self.naming.wrt
        after = "" if wrt else name
        value = self.board.node(self.naming.back(found, after))
        if wrt:
            tensor = self.subject.levels[-1].tensor
        else:
            whole = self.board.node(self.naming.back(self.naming.last.definition, after))
            tensor = reverse(whole, self.board.environment[name])
        return checked(compare(value, tensor, self.source, self.subject.declarations))

    def _put_back(self, total: Tree) -> list[Step]:
        """The answer with the names replaced, laid out as it was asked for."""
        assert self.subject.forms.closed is not None
        answer = self.page.adopt(inlined(self.subject.forms.closed))
        steps = []
        if answer.typed != total.typed:
            turned = self.algebra.flip(total)
            steps.append(Step(("R-layout",), self.subject.name, total, turned))
            total = turned
        return [*steps, *put_back(self.naming, total, answer, self.subject.name, self.level)]

    # -- anything else: differentials, forward -------------------------------------------------------------------------

    def _forward(self) -> list[Step]:
        steps = [self._differential(i) for i in self.naming.inner]
        lines: dict[str, Tree] = {}
        for inner, step in zip(self.naming.inner, steps, strict=True):
            lines[self.direction[inner.name]] = self.fill(step.after, lines)
        last = self.naming.last
        composed = lines[self.direction[last.name]]
        along = self.subject.levels[-1].along
        if len(steps) > 1:
            found = self.board.node(self.naming.back(composed))
            proof = checked(compare(found, along, self.source, self.subject.declarations))
            words = " o ".join(f"D{i.name}" for i in reversed(self.naming.inner))
            steps.append(Step(("R-chain",), f"d{last.name}", steps[-1].after, composed, proof, words))
        return [*steps, *self._as_asked(self.naming.back(composed), steps[-1].after)]

    def _as_asked(self, line: Tree, before: Tree) -> list[Step]:
        """The linear map with the names put back, and the derivative read off."""
        steps = [] if line is before else [Step(("R-put-back",), "", before, line)]
        closed, operator = self.subject.forms.closed, self.subject.forms.operator
        answer = self.page.adopt(inlined(closed if closed is not None else operator or line))
        rule = "R-operator" if closed is None else "R-jacobian"
        value = answer
        while value.kind == "arrow":
            value = value.args[0]
        if closed is not None and not self.naming.shape(self.naming.wrt).is_scalar:
            value = Algebra(self.page, keep_diag=True).times(answer, self.naming.board.by.direction)
        elif closed is not None:
            value = self.algebra.times(answer, self.naming.board.by.direction)
        proof = self.naming.board.checked(self.naming.board.adopt(line), self.naming.board.adopt(value))
        return [*steps, Step((rule,), self.subject.name, line, answer, proof)]


def _law_latex(law: Tree) -> str:
    """A law in LaTeX, the gradients by names with their sign."""
    return "$" + re.sub(r"\\mathrm\{grad\}_\{?(\w+)\}?", r"\\nabla_{\1} f", to_latex(law)) + "$"
