"""A model in closed form: the terms of Taylor's series as an expert would write them, each held against values of f."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import combinations_with_replacement
from math import factorial
from typing import TYPE_CHECKING, Any

from frechet import numeric
from frechet.core.errors import VerificationError, problem
from frechet.core.lazy import np
from frechet.language.tree import Tree
from frechet.local.taylor import Expansion
from frechet.notation.latex import to_latex
from frechet.notation.names import latex_name
from frechet.notation.page import Page
from frechet.notation.text import to_text
from frechet.reference.program import Program

if TYPE_CHECKING:
    from frechet.local.models import Model

_CHECKED_ORDER = 4  # of higher orders a numeric derivative is too coarse to decide
_TRUSTED = 1e-4
_MONOMIALS = 10


@dataclass(frozen=True)
class ClosedModel:
    """The right-hand side as a tree in the variables and their directions, its terms order by order, its check."""

    tree: Tree
    terms: tuple[Tree, ...]
    directions: tuple[str, ...]
    checked: str
    left: str

    @property
    def text(self) -> str:
        """In the text language."""
        return to_text(self.tree)

    @property
    def latex(self) -> str:
        return rf"{self.left} \approx {to_latex(self.tree, directions=self.directions)}"


def closed_model(model: Model) -> ClosedModel | None:
    """The closed form of a model; None for a black box, along a fixed direction, or without matrix notation.

    Raises VerificationError (E600) if a printed term does not agree with the numeric derivative of f at this point.
    """
    expansion = getattr(model.local.source, "expansion", None)
    if expansion is None or model.along is not None:
        return None
    terms: list[Tree] = []
    for k in range(model.order + 1):
        tree = _term(expansion, k)
        if tree is None:
            return None
        terms.append(tree)
    shown = [terms[0], *(t for k, t in enumerate(terms) if k and not expansion.vanishes(k))]
    checked = _check(model, expansion, terms)
    names = [f"{latex_name(n)} + \\mathrm{{d}}{latex_name(n)}" for n in expansion.wrt]
    left = f"f({', '.join(names)})"
    return ClosedModel(_sum(expansion, shown), tuple(terms), tuple(expansion.names.values()), checked, left)


def _term(expansion: Expansion, order: int) -> Tree | None:
    """The k-th term: by monomials of scalars, by the Hessian of a function of one vector, else as it comes."""
    if order == 0 or expansion.vanishes(order):
        return expansion.term(order)
    shapes = [expansion.function.declarations.variables[n] for n in expansion.wrt]
    scalar = expansion.function.tree.typed.is_scalar
    if all(s.is_scalar for s in shapes):
        count = len(list(combinations_with_replacement(shapes, order)))
        return _by_monomials(expansion, order) if count <= _MONOMIALS else expansion.term(order)
    if order <= 2 and scalar and len(shapes) == 1 and shapes[0].is_column:
        tree = _by_gradient(expansion) if order == 1 else _by_hessian(expansion)
        return tree or expansion.term(order)
    return expansion.term(order)


def _by_gradient(expansion: Expansion) -> Tree | None:
    """g'dx, with g as `f.gradient` writes it, unless the differential is shorter."""
    name = expansion.wrt[0]
    other = expansion.term(1)
    closed = expansion.function.gradient(name, verify=False).forms.closed
    if closed is None or closed.kind == "where":
        return other
    page = expansion.page
    dx = page.variable(expansion.names[name], expansion.function.declarations.variables[name])
    taken = _taken_apart(page.flip(page.adopt(closed)))
    tree = _put_together(page, taken, [*taken.matrices, dx])
    return other if other is not None and page.length(page.adopt(other)) < page.length(tree) else tree


def _by_hessian(expansion: Expansion) -> Tree | None:
    """1/2 dx' H dx, with H as `f.hessian` writes it, its scalar factors in front."""
    name = expansion.wrt[0]
    closed = expansion.function.hessian(name, verify=False).forms.closed
    if closed is None or closed.kind == "where":
        return None
    page = expansion.page
    dx = page.variable(expansion.names[name], expansion.function.declarations.variables[name])
    taken = _taken_apart(page.adopt(closed))
    taken.number /= 2
    return _put_together(page, taken, [page.flip(dx), *taken.matrices, dx])


def _put_together(page: Page, taken: _Product, links: list[Tree]) -> Tree:
    """The product again, its matrices between others."""
    number = taken.number
    tree, front = page.chain(links), list(taken.scalars)
    if abs(number.numerator) != 1:
        whole = page.number(abs(number.numerator))
        front = [page.times(whole, front[0]), *front[1:]] if front else [whole]
    for scalar in reversed(front):
        tree = page.times(scalar, tree, join=True)
    below = [*([page.number(number.denominator)] if number.denominator != 1 else []), *taken.below]
    if below:
        tree = page.divide(tree, page.chain(below))
    return page.neg(tree) if number < 0 else tree


@dataclass
class _Product:
    """number * scalars * matrices / below, in the order in which they were written."""

    number: Fraction
    scalars: list[Tree]
    matrices: list[Tree]
    below: list[Tree]


def _taken_apart(tree: Tree) -> _Product:
    """A square matrix as a product; an identity matrix is left out."""
    out = _Product(Fraction(1), [], [], [])
    while True:
        if tree.kind == "neg":
            out.number, tree = -out.number, tree.args[0]
        elif tree.kind == "div" and tree.args[1].typed.is_scalar:
            if tree.args[1].kind == "number":
                out.number /= Fraction(tree.args[1].value)
            else:
                out.below.insert(0, tree.args[1])
            tree = tree.args[0]
        elif tree.kind == "mul" and not tree.typed.is_scalar:
            (out.scalars if tree.args[1].typed.is_scalar else out.matrices).insert(0, tree.args[1])
            tree = tree.args[0]
        elif tree.kind == "mul" and tree.args[0].typed.is_scalar and tree.args[1].typed.is_scalar:
            out.scalars.insert(0, tree.args[1])
            tree = tree.args[0]
        else:
            break
    if tree.kind == "number":
        out.number *= Fraction(tree.value)
    else:
        (out.scalars if tree.typed.is_scalar else out.matrices).insert(0, tree)
    out.matrices = [m for m in out.matrices if m.kind != "call" or m.name != "eye"]
    return out


def _by_monomials(expansion: Expansion, order: int) -> Tree | None:
    """The term as a sum of coefficients times dx1^a * dx2^b, every coefficient a partial derivative over a! b!."""
    page = expansion.page
    parts: list[Tree] = []
    for names in combinations_with_replacement(expansion.wrt, order):
        powers = {n: names.count(n) for n in dict.fromkeys(names)}
        coefficient, found = expansion.partial(powers)
        if found is None:
            return None
        if not coefficient:
            continue
        steps = [page.power(page.variable(expansion.names[n], expansion.function.declarations.variables[n]), k)
                 for n, k in powers.items()]  # fmt: skip
        monomial = reduce(page.times, steps)
        tree = _times(page, found, monomial, expansion.function.tree.typed.is_scalar)
        if abs(coefficient.numerator) != 1:
            tree = page.times(page.number(abs(coefficient.numerator)), tree, join=True)
        if coefficient.denominator != 1:
            tree = page.divide(tree, page.number(coefficient.denominator))
        parts.append(page.neg(tree) if coefficient < 0 else tree)
    return _sum(expansion, parts)


def _times(page: Page, coefficient: Tree, monomial: Tree, scalar: bool) -> Tree:
    """coefficient * monomial; a number alone in front of a vector of the function."""
    if coefficient.kind == "number" and coefficient.value == 1:
        return monomial
    if coefficient.kind == "neg":
        return page.neg(_times(page, coefficient.args[0], monomial, scalar))
    return page.times(coefficient, monomial) if scalar else page.times(monomial, coefficient)


def _sum(expansion: Expansion, terms: Sequence[Tree]) -> Tree:
    """All terms in one flat sum."""
    page = expansion.page
    flat: list[tuple[int, Tree]] = []
    for term in terms:
        _flatten(page.adopt(term), 1, flat)
    total: Tree | None = None
    for sign, tree in flat:
        if total is None:
            total = tree if sign > 0 else page.neg(tree)
        else:
            total = page.add(total, tree if sign > 0 else page.neg(tree))
    assert total is not None
    return total


def _flatten(tree: Tree, sign: int, out: list[tuple[int, Tree]]) -> None:
    """The summands of a sum, without recursion into anything else."""
    stack = [(sign, tree)]
    while stack:
        s, t = stack.pop()
        if t.kind in ("add", "sub"):
            stack.append((s if t.kind == "add" else -s, t.args[1]))
            stack.append((s, t.args[0]))
        elif t.kind == "neg":
            stack.append((-s, t.args[0]))
        else:
            out.append((s, t))


def _check(model: Model, expansion: Expansion, terms: Sequence[Tree]) -> str:
    """Each printed term, evaluated at this point along one direction, against the numeric derivative of f."""
    local = model.local
    source: Any = local.source
    x = local.point.flat
    v = np.random.default_rng(7).uniform(0.5, 1.0, local.size) * np.maximum(np.abs(x), 1.0)
    arrays = source.arrays(x)
    moved = {expansion.names[n]: np.asarray(part, dtype=float) for n, part in local.point.build(v).items()}
    worst, done = 0.0, 0
    largest = float(np.abs(local.value_flat).max())
    for k in range(1, min(model.order, _CHECKED_ORDER) + 1):
        claimed = np.ravel(Program(terms[k], source.sizes)({**arrays, **moved})) * factorial(k)
        largest = max(largest, float(np.abs(claimed).max()))
        line = numeric.directional(lambda at: np.ravel(source.value(at)), x, v, k, complex_step=False)
        size = max(float(np.abs(claimed).max()), float(np.abs(line.value).max()))
        size = size if claimed.any() else largest  # a term that is zero is so beside the others
        bound = float(np.max(line.error))
        if not line.ok or (size and bound > _TRUSTED * size):
            continue
        gap = float(np.abs(claimed - line.value).max())
        if gap > 8 * bound + 1e-8 * size:
            raise VerificationError(problem("E600", f"The term of order {k} failed its check at this point: "
                                            f"{gap:.1e} apart.").diagnostic)  # fmt: skip
        worst, done = max(worst, gap / size if size else 0.0), done + 1
    if not done:
        return "unchecked: no numeric derivative could be trusted here"
    what = "term" if done == 1 else f"{done} terms"
    return f"{what} against numeric derivatives at this point, largest relative difference {worst:.0e}"
