"""The check of a derivative: its printed form against a numeric derivative of the order below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from frechet.core.lazy import np
from frechet.equality.interpret import interpret
from frechet.language.tree import Tree
from frechet.notation.present import Forms
from frechet.reference.program import Program
from frechet.reference.sample import Sampler
from frechet.verify.check import Question, Verification, check_derivative, verify
from frechet.verify.orders import verify_orders

if TYPE_CHECKING:
    from frechet.api.derivative import Derivative


def check(d: Derivative, shown: Tree | None) -> Verification:
    """Verify the printed form `shown` of a derivative, and every order below it; None stands for index notation.

    Raises VerificationError (E600) where a form is wrong.
    """
    function, seed = d.function, d.request.seed
    below = [_lower(d, order) for order in range(1, len(d.wrt))]
    if any(tree is None for tree in below):
        return Verification("unchecked", seed=seed, message="An order below has no form to compare with.")
    orders = [tree for tree in below if tree is not None]
    if shown is None:
        return _by_value(d, orders[-1] if orders else function.tree, [function.tree])
    return verify_orders(
        function.tree, [*orders, shown], d.wrt, d.names, function.declarations, turned=is_turned(d, shown), seed=seed
    )


def is_turned(d: Derivative, shown: Tree) -> bool:
    """Whether a matrix is printed as the transpose of (output, variable): the Jacobian of a scalar is the transpose of
    the gradient, in denominator layout the gradient."""
    across = (not d.sides[0]) != (d.request.layout == "denominator")
    matrix = sum(len(group) for group in d.sides) == 2
    return d.request.kind == "jacobian" and across and shown.kind != "arrow" and matrix


def check_kronecker(d: Derivative, tree: Tree) -> Verification:
    """Verify d vec(F) / d vec(X)' against the closed form of the order below."""
    function = d.function
    below = function.tree if len(d.wrt) == 1 else _lower(d, len(d.wrt) - 1)
    if below is None or below.kind == "arrow":
        return Verification("unchecked", seed=d.request.seed, message="An order below has no form to compare with.")
    return verify(below, tree, function.declarations, d.wrt[-1], "vec", also=[function.tree], seed=d.request.seed)


def _lower(d: Derivative, order: int) -> Tree | None:
    """The printed form of a lower order, with the same directions."""
    forms = Forms(d.context, d.levels[:order], d.sides[: order + 1], "derivative", "numerator")
    return forms.shown


def _by_value(d: Derivative, below: Tree, also: list[Tree]) -> Verification:
    """A derivative shown in index notation: its values are what is checked."""
    last = d.wrt[-1]
    if below.kind == "arrow":
        return Verification("unchecked", seed=d.request.seed, message="The order below is a map; nothing to compare.")

    def at(sizes: Mapping[str, int]) -> Question:
        low = Program(below, sizes)

        def claimed(arrays: Mapping[str, Any], V: Mapping[str, Any]) -> Any:
            tensor = np.reshape(interpret(d.node, arrays, sizes), (-1, V[last].size))
            return np.reshape(tensor @ V[last].reshape(-1), low.shape)

        return Question(low, claimed, (last,))

    return check_derivative(at, Sampler([below, *also], d.function.declarations, seed=d.request.seed))
