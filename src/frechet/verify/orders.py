"""Derivatives of any order: each order against the numeric derivative of the one below, which was checked before.

An order is the printed tree of it: a closed form, or a linear map of the last directions where there is none. What
one of two neighbouring orders gives only along directions is compared along directions, drawn at random like V.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from frechet.core.dims import Shape, size_value
from frechet.core.lazy import np
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree
from frechet.reference.program import Program
from frechet.reference.sample import Sampler
from frechet.verify.check import Question, Verification, check_derivative
from frechet.verify.claims import is_zero, tangent_of

Array = Any


def verify_orders(
    function: Tree,
    orders: Sequence[Tree],
    wrt: Sequence[str],
    names: Sequence[str],
    declarations: Declarations,
    *,
    turned: bool = False,
    seed: int = 0,
) -> Verification:
    """Check `orders`, the printed trees of orders 1, 2, ... of the derivatives of `function` by `wrt` in turn.

    `names` are the directions of the variables in linear maps (dX -> ...), one for each of `wrt`. `turned` says that
    the last closed form is printed as the transpose of (output, variable). The answer speaks of the last order; it is
    unchecked if a lower one is. E600 if one is wrong.
    """
    trees = [function, *orders]
    shapes = [function.typed, *(declarations.variables[name] for name in wrt)]
    found = Verification("unchecked", seed=seed, message="There is nothing to check.")
    for k in range(1, len(trees)):
        found = _Order(k, trees, shapes, wrt, names, turned and k == len(orders)).check(declarations, seed)
        if found.status != "checked" or all(map(is_zero, trees[k:])):
            break  # what is zero stays zero in all orders above
    return found


class _Order:
    """Order k against order k-1."""

    def __init__(
        self, k: int, trees: Sequence[Tree], shapes: Sequence[Shape], wrt: Sequence[str], names: Sequence[str],
        turned: bool,
    ) -> None:  # fmt: skip
        self.k = k
        self.trees = trees
        self.shapes = shapes
        self.wrt = wrt
        self.names = names
        self.turned = turned
        # Both orders are compared as tensors over the output and the first `kept` variables.
        self.kept = min(k - max(1, arrows(trees[k])), k - 1 - arrows(trees[k - 1]))

    def check(self, declarations: Declarations, seed: int) -> Verification:
        fixed = {self.names[i]: declarations.variables[self.wrt[i]] for i in range(self.kept, self.k - 1)}
        defined = [self.trees[0], self.trees[self.k - 1]] if self.k > 1 else [self.trees[0]]
        tangent = tangent_of(declarations.facts) if self.k > 1 else None
        sampler = Sampler(defined, declarations, seed=seed)
        return check_derivative(self.question, sampler, directions=fixed, tangent=tangent)

    def question(self, sizes: Mapping[str, int]) -> Question:
        low, top = Program(self.trees[self.k - 1], sizes), Program(self.trees[self.k], sizes)
        axes = [tuple(size_value(s, sizes) for s in shape if s) for shape in self.shapes]
        variable = self.wrt[self.k - 1]

        def lower(arrays: Mapping[str, Array], rng: Any = None) -> Array:
            return self.tensor(low, self.k - 1, axes, arrays, rng)

        def claimed(arrays: Mapping[str, Array], V: Mapping[str, Array], rng: Any = None) -> Array:
            return self.tensor(top, self.k, axes, {**arrays, self.names[self.k - 1]: V[variable]}, rng)

        return Question(lower, claimed, (variable,), shakes=True, zero=is_zero(self.trees[self.k]))

    def tensor(
        self, program: Program, order: int, axes: Sequence[tuple[int, ...]], arrays: Mapping[str, Array], rng: Any
    ) -> Array:
        """The value of an order, contracted with directions until `kept` variables are left."""
        value = program(arrays, rng)
        if self.turned and order == self.k and not program.directions:
            value = value.T
        left = order - len(program.directions)
        value = value.reshape([n for part in axes[: left + 1] for n in part])
        for i in range(left, self.kept, -1):
            value = np.tensordot(value, arrays[self.names[i - 1]], len(axes[i]))
        return value


def arrows(tree: Tree) -> int:
    """How many directions a printed derivative takes: 0 for a closed form."""
    count = 0
    while tree.kind in ("arrow", "where"):
        count += tree.kind == "arrow"
        tree = tree.args[0]
    return count
