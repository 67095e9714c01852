"""`parse_latex`: formulas as papers write them, with the reading that was taken and the other sensible ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from frechet.api.function import Function
from frechet.core.dims import Dim
from frechet.core.errors import FrechetError, located
from frechet.core.node import Node
from frechet.language.declarations import Declarations, declare
from frechet.language.latex import readings
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
            function, node = _typed(reading.tree, declarations, guess, source)
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


def _typed(tree: Tree, declarations: Declarations, guess: bool, source: str) -> tuple[LatexFunction, Node]:
    typed, known = elaborate(tree, declarations, infer=guess, source=source)
    node = lower(typed, {n: variable_node(n, known) for n in known.variables}).root
    return LatexFunction(typed, known, source), node


__all__ = ["LatexFunction", "parse_latex", "to_text"]
