"""The check of a derivative: its printed form against a numeric derivative of the order below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from frechet.core.lazy import np
from frechet.equality.interpret import interpret
from frechet.language.tree import Tree
from frechet.reference.program import Program
from frechet.reference.sample import Sampler
from frechet.verify.check import Question, Verification, check_derivative, verify

if TYPE_CHECKING:
    from frechet.api.derivative import Derivative


def check(d: Derivative) -> Verification:
    """Verify a derivative; for an order above one the order below is verified first."""
    function, last = d.function, d.wrt[-1]
    below: Tree | None = function.tree
    if len(d.wrt) > 1:
        lower = type(d)(function, type(d.request)(d.wrt[:-1], "derivative", verify=True, seed=d.request.seed))
        if lower.verification.status != "checked":
            return lower.verification
        below = lower._forms.closed
    forms = d._forms
    also = [function.tree] if len(d.wrt) > 1 else []
    if below is None:
        return Verification("unchecked", seed=d.request.seed, message="The order below has no form to compare with.")
    if forms.closed is not None and not d.differential:
        form = _form(d, below)
        return verify(below, forms.closed, function.declarations, last, form, also=also, seed=d.request.seed)
    if forms.operator is not None:
        return verify(below, forms.operator, function.declarations, last, "operator", also=also, seed=d.request.seed)
    return _by_value(d, below, also)


def _form(d: Derivative, below: Tree) -> str:
    """How the closed form acts on a direction; see `verify.claims`."""
    if not below.typed.axes and d.request.kind != "jacobian":
        return "gradient"
    return "denominator" if d.request.kind == "jacobian" and d.request.layout == "denominator" else "jacobian"


def _by_value(d: Derivative, below: Tree, also: list[Tree]) -> Verification:
    """A derivative shown in index notation: its values are what is checked."""
    last = d.wrt[-1]

    def at(sizes: Mapping[str, int]) -> Question:
        low = Program(below, sizes)

        def claimed(arrays: Mapping[str, Any], V: Mapping[str, Any]) -> Any:
            tensor = np.reshape(interpret(d.node, arrays, sizes), (-1, V[last].size))
            return np.reshape(tensor @ V[last].reshape(-1), low.shape)

        return Question(low, claimed, (last,))

    return check_derivative(at, Sampler([below, *also], d.function.declarations, seed=d.request.seed))
