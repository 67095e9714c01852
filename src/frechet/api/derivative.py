"""The answer: a derivative, its forms, its value, its check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from frechet.api.arrays import real_arrays
from frechet.api.checking import check, check_kronecker
from frechet.api.jumps import jumps, jumps_at
from frechet.api.singular import at_singular, by_cofactors, regular
from frechet.api.structure import note, project
from frechet.api.structured_check import check_structured
from frechet.calculus.derive import Level, derive, direction_for, finished
from frechet.core.build import substitute
from frechet.core.dims import Dim, Size
from frechet.core.display import Card, Displayed
from frechet.core.errors import problem
from frechet.core.facts import STRUCTURAL
from frechet.core.lazy import np, room
from frechet.core.node import Call, Node
from frechet.equality.interpret import interpret
from frechet.language.lower import lower, variable_node
from frechet.language.reach import check_reach, least_sizes
from frechet.language.tree import Tree
from frechet.notation.kinks import kinks
from frechet.notation.latex import to_latex
from frechet.notation.mathml import to_mathml
from frechet.notation.present import Context, Forms
from frechet.notation.text import to_text
from frechet.notation.unicode import to_unicode
from frechet.notation.writer import Writer
from frechet.reference.evaluate import sizes_of
from frechet.verify.check import Verification

if TYPE_CHECKING:
    from frechet.api.function import Function
    from frechet.steps.derivation import Derivation

_coding = room("frechet.api.coding")
_steps = room("frechet.api.steps")


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for: the variables in order and how the answer is to be laid out and checked."""

    wrt: tuple[str, ...]
    kind: str
    layout: str = "numerator"
    verify: bool = True
    seed: int = 0
    structured: str = ""

    def plain(self) -> Request:
        """The same over all entries of every variable."""
        return replace(self, structured="")


class Derivative(Displayed):
    """A derivative of a Function.

    str(d) is the bare expression: the closed form if there is one, else the operator form, else index notation.
    """

    def __init__(self, function: Function, request: Request) -> None:
        self.function = function
        self.request = request
        self._seen: set[str] = set()

    @property
    def wrt(self) -> tuple[str, ...]:
        return self.request.wrt

    @cached_property
    def names(self) -> tuple[str, ...]:
        """A direction for each variable: dX, dX_ if that is taken, dX_2 for a second by the same variable."""
        taken = set(self.function.declarations.variables) | set(self.function.declarations.sizes)
        names: list[str] = []
        for variable in reversed(self.wrt):
            name = f"d{variable}"
            while name in taken:
                name += "_"
            plain, k = name, 2
            while name in names:
                name, k = f"{plain}_{k}", k + 1
            names.append(name)
        return tuple(reversed(names))

    @cached_property
    def levels(self) -> list[Level]:
        """All orders up to this one. Structural facts of the variables are put aside while differentiating (the
        derivative is over all entries) and come back in the result."""
        known = self.function.declarations
        apart = {n: variable_node(n, known, STRUCTURAL if n in self.wrt else frozenset()) for n in known.variables}
        given = {n: variable_node(n, known) for n in known.variables}
        same = self.context.lowered if apart == given else lower(self.function.tree, apart)
        return self.levels_of(same.root, apart)

    def levels_of(self, root: Node, apart: dict[str, Node]) -> list[Level]:
        """The orders of the derivative of a node, with the variables as they are while differentiating."""
        known = self.function.declarations
        variables = [apart[n] for n in self.wrt]
        directions = [direction_for(v, n) for v, n in zip(variables, self.names, strict=True)]
        levels = derive(root, variables, directions)
        given = {n: variable_node(n, known) for n in known.variables}
        back = {apart[n]: given[n] for n in self.wrt if apart[n] is not given[n]}
        if back:
            levels = [finished(lv, lambda node: substitute(node, back.get)) for lv in levels]
        return project(levels, self, given) if self.request.structured else levels

    @property
    def node(self) -> Node:
        """The derivative as a tensor: axes of the function, then of each variable."""
        return self.levels[-1].tensor

    @property
    def sides(self) -> tuple[tuple[Size, ...], ...]:
        """The nontrivial sides of the function's value and of each variable."""
        shapes = [self.function.tree.typed, *(self.function.declarations.variables[n] for n in self.wrt)]
        return tuple(tuple(side for side in shape if side) for shape in shapes)

    @property
    def shape(self) -> tuple[Dim, ...]:
        """The sizes of the array: those of the function's value, then of each variable in order."""
        own = list(self.function.shape)
        for name in self.wrt:
            own += self.function.variables[name]
        return tuple(own)

    @cached_property
    def _forms(self) -> Forms:
        """The forms before the check."""
        return Forms(self.context, self.levels, self.sides, self.request.kind, self.request.layout)

    @cached_property
    def context(self) -> Context:
        """What the user declared and wrote, for the writers of forms."""
        known = self.function.declarations
        names = {n: variable_node(n, known) for n in known.variables}
        return Context(known, lower(self.function.tree, names), self.function.tree)

    @property
    def writer(self) -> Writer:
        """Writes nodes as this answer is written."""
        return self._forms.writer

    @property
    def forms(self) -> Forms:
        """All forms, checked when they are first asked for; VerificationError if the check fails."""
        if self.request.verify:
            _ = self.verification
        return self._forms

    @cached_property
    def verification(self) -> Verification:
        """The check of this answer against numeric derivatives of what was typed; raises VerificationError if the
        answer is wrong. An order above one is checked against the order below, which is checked first."""
        shown = self._forms.operator if self.differential else self._forms.shown
        return check_structured(self, shown) if self.request.structured else check(self, shown)

    def _checked(self, tree: Tree | None, form: str) -> Tree | None:
        """A form other than the first one shown, checked when it is first asked for."""
        if tree is not None and self.request.verify and form not in self._seen and not self.request.structured:
            self._seen.add(form)
            check_kronecker(self, tree) if form == "kronecker" else check(self, tree)
        return tree

    @property
    def conditions(self) -> tuple[str, ...]:
        """Where the derivative holds: `X*w > 0`, `norm2(x) != 0`."""
        return self._forms.conditions

    @property
    def over(self) -> str:
        """What the derivative by a structured variable is over, with the convention; empty for any other variable."""
        return note(self)

    @property
    def kinks(self) -> tuple[str, ...]:
        """Where the function is not differentiable, with the subdifferential and what this formula gives there."""
        if len(self.wrt) > 1:
            return ()
        lines = kinks(self.function.tree, self.node, self._forms.context.lowered)
        return (*lines, *(b.line for b in self._forms.boundaries), *at_singular(self))

    @property
    def text(self) -> str | None:
        """The closed form in matrix notation, or None where there is none."""
        return None if self.forms.closed is None else to_text(self.forms.closed)

    @property
    def operator_form(self) -> str:
        """The derivative as a linear map: dX -> A*dX*C."""
        tree = self._checked(self._forms.operator, "operator")
        return to_text(tree) if tree is not None else self.index_form

    @property
    def kronecker_form(self) -> str | None:
        """d vec(F) / d vec(X)', column-major; for a Hessian by a matrix d vec(gradient) / d vec(X)'."""
        tree = self._checked(self._forms.kronecker, "kronecker")
        return None if tree is None else to_text(tree)

    @property
    def index_form(self) -> str:
        """Index notation, which every tensor has."""
        return self.forms.index

    @property
    def differential(self) -> bool:
        """Whether the linear map was asked for, not its matrix."""
        return self.request.kind == "differential"

    def __str__(self) -> str:
        if self.differential:
            return self.operator_form
        return self.text or self.operator_form

    def __repr__(self) -> str:
        return f"<Derivative {self}>"

    def latex(self) -> str:
        tree = self.forms.shown
        return self.forms.index if tree is None else to_latex(tree)

    def card(self) -> Card:
        """What notebooks and rich show: the answer, where it holds, how it was checked."""
        tree = self.forms.shown
        notes = [("where", condition) for condition in self.conditions]
        notes += [("kink", line) for line in self.kinks] + [("layout", self.layout_note)]
        notes += [("over", self.over)] if self.over else []
        check = str(self.verification) if self.request.verify else "unchecked  verification was switched off"
        label, _, text = check.partition(" ")
        notes.append((label, text.strip()))
        if tree is None:
            return Card(self.forms.index, notes=notes)
        latex = self.latex()
        return Card(to_unicode(tree), latex, to_mathml(latex, block=True), notes)

    def report(self) -> str:
        """The answer with its conditions, layout and check."""
        lines = [str(self)]
        if self.conditions:
            lines.append("where     " + ", ".join(self.conditions))
        lines += [f"kink      {line}" for line in self.kinks]
        lines.append(f"layout    {self.layout_note}")
        if self.over:
            lines.append(f"over      {self.over}")
        lines.append(str(self.verification) if self.request.verify else "unchecked  verification was switched off")
        return "\n".join(lines)

    @property
    def layout_note(self) -> str:
        """How the printed form is laid out, in words."""
        if self.forms.closed is None or self.differential:
            return "a linear map of the direction"
        if self.request.kind == "jacobian":
            rows, cols = ("outputs", "inputs") if self.request.layout == "numerator" else ("inputs", "outputs")
            return f"{self.request.layout} layout: {rows} index rows, {cols} columns"
        if self.request.kind == "gradient":
            return f"the gradient has the shape of {self.wrt[0]}"
        return "rows belong to the first variable, columns to the next"

    def steps(self, level: str = "normal", style: str = "differential") -> Derivation:
        """The derivation of this answer, every step checked: a sequence of steps that prints as text, Markdown, LaTeX,
        HTML or JSON. level: brief, normal, full; style: differential, chain rule, entrywise, definition.

        Raises E505 for another word, or a style that does not fit; E504 where the answer has no matrix notation.
        """
        derivation: Derivation = _steps.steps(self, level, style)
        return derivation

    def code(self, language: str = "numpy") -> str:
        """The derivative as readable code that runs alone: numpy, jax, torch, or latex."""
        if language == "latex":
            return self.latex()
        known = self.function.declarations
        least = least_sizes(self.function.tree, self.function.source)
        text: str = _coding.source(self._code_tree(), known, language, self._code_name, self._code_doc, least)
        return text

    def compile(self, backend: str = "numpy") -> Any:
        """A function of named arrays that computes the derivative; `.source` is its code."""
        least, known = least_sizes(self.function.tree, self.function.source), self.function.declarations
        return _coding.function(self._code_tree(), known, backend, self._code_name, self._code_doc, least)

    def _code_tree(self) -> Tree:
        tree = self.forms.shown
        if tree is None:
            raise problem("E504", "This derivative has neither a closed form nor an operator form to make code of.",
                          help="evaluate() works on every derivative.")  # fmt: skip
        return tree

    @property
    def _code_name(self) -> str:
        return self.request.kind if self.forms.closed is not None else "differential"

    @property
    def _code_doc(self) -> str:
        return f"Derivative of {self.function} by {', '.join(self.wrt)}."

    def evaluate(self, /, **arrays: Any) -> Any:
        """The array of the derivative at a point: axes of the value, then of each variable."""
        values = real_arrays(arrays)
        sizes = sizes_of(self.function.declarations, values)
        check_reach(self.function.tree, sizes, values, self.function.source)
        return self.value_at(values, sizes)

    def value_at(self, values: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
        """`evaluate` for arrays that are already read, with their sizes."""
        with np.errstate(all="ignore"):  # where there is no derivative, inf and nan say so
            flat = interpret(self.node if regular(self, values, sizes) else by_cofactors(self), values, sizes)
        shape: list[int] = []
        for side in self.sides[0]:
            shape.append(int(np.prod([d if isinstance(d, int) else sizes[d] for d in side])))
        for name in self.wrt:
            shape += np.shape(values[name])
        value = np.reshape(flat, shape)
        return np.full_like(value, np.nan) if jumps_at(self._jumps, values, sizes) else value

    @cached_property
    def _jumps(self) -> list[Call]:
        return jumps(self._forms.context.lowered.root)
