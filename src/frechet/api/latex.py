"""`parse_latex`: formulas as papers write them, with the reading that was taken and the other sensible ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from frechet.api.function import Function
from frechet.core.dims import Dim
from frechet.core.errors import FrechetError, located, problem
from frechet.core.node import Node
from frechet.language.declarations import Declarations, declare
from frechet.language.infer import remarks
from frechet.language.latex import Reading, readings
from frechet.language.lower import lower, variable_node
from frechet.language.shapes import elaborate
from frechet.language.tree import Tree
from frechet.notation.text import to_text

MAX_OFFERED = 3


class LatexFunction(Function):
    """A function read from LaTeX. `read_as` is the reading taken, in the text language; `other_readings` are further
    sensible ones (other formulas, not other spellings), empty where nothing is ambiguous."""

    other_readings: tuple[str, ...] = ()

    @property
    def read_as(self) -> str:
        return str(self)


def parse_latex(
    source: str,
    variables: Mapping[str, Sequence[Dim]] | None = None,
    facts: Mapping[str, Iterable[str]] | None = None,
    domain: Mapping[str, str] | None = None,
    sizes: Iterable[str] | None = None,
    *,
    infer: bool = False,
) -> LatexFunction:
    """Read a function in LaTeX; what is not declared is inferred. Arguments as for `parse`.

    Names: `\\theta_0` is theta_0, `\\mathbf{x}` is x, `\\hat y` is y_hat, `X_{\\text{new}}` is X_new.

    Raises FrechetError where no reading makes sense; the error is that of the usual one.
    """
    declarations = declare(variables, facts, domain, sizes)
    guess = infer or variables is None
    found: list[LatexFunction] = []
    nodes: list[Node] = []
    failure: FrechetError | None = None
    known = None if variables is None else {**dict.fromkeys(declarations.sizes, ()), **variables}
    for reading in readings(source, known):
        try:
            function, node = _sensible(reading, declarations, guess, source)
        except FrechetError as error:
            failure = failure or error
            continue
        if node not in nodes:
            found.append(function)
            nodes.append(node)
    if not found:
        assert failure is not None
        raise located(failure, source) from None
    first = found[0]
    others = dict.fromkeys(str(f) for f in found[1:])
    others.pop(str(first), None)
    first.other_readings = tuple(others)[:MAX_OFFERED]
    return first


def _sensible(reading: Reading, given: Declarations, guess: bool, source: str) -> tuple[LatexFunction, Node]:
    """The reading with its shapes; what stands for all x_i of a sum is a vector, what stands for samples a matrix."""
    beside = {n: d for n, d in reading.declared.items() if n not in given.variables} if guess else {}
    lengths = {n: [d] for n, d in reading.lengths.items() if guess and n not in given.variables and n not in beside}
    known = given if not beside else _more(given, beside)
    try:  # the n of \\sum_{i=1}^n is the length of what the index runs through
        function, node = _typed(reading.tree, _more(known, lengths) if lengths else known, guess, source)
    except FrechetError:
        function, node = _typed(reading.tree, known, guess, source)
    wrong = {n: k for n, k in reading.axes.items() if len(function.variables.get(n, ())) != k}
    if wrong and guess and all(k == 1 and n not in known.variables for n, k in wrong.items()):
        taken = {str(d) for dims in function.variables.values() for d in dims} | set(function.variables)
        fresh = next(d for d in "nmkpqrstuvN" if d not in taken)
        function, node = _typed(reading.tree, _more(known, {n: [fresh] for n in wrong}), guess, source)
        wrong = {n: k for n, k in reading.axes.items() if len(function.variables.get(n, ())) != k}
    if wrong and guess:
        name = next(iter(wrong))
        raise problem("E300", f"{name} stands for all {name}_i, and cannot have {len(function.variables[name])} axes.")
    return function, node


def _more(given: Declarations, further: Mapping[str, Sequence[Dim]]) -> Declarations:
    """The declarations with some more variables."""
    every = {**{n: given.axes[n] for n in given.variables}, **further}
    made = declare(every)
    return replace(made, facts=given.facts, domain=given.domain, constraints=given.constraints)


def _typed(tree: Tree, declarations: Declarations, guess: bool, source: str) -> tuple[LatexFunction, Node]:
    typed, known = elaborate(tree, declarations, infer=guess, source=source)
    node = lower(typed, {n: variable_node(n, known) for n in known.variables}).root
    inferred = [name for name in known.variables if name not in declarations.variables]
    said = remarks(inferred, None if declarations.variables else typed) if guess else ()
    return LatexFunction(typed, known, source, said), node


__all__ = ["LatexFunction", "parse_latex", "to_text"]
