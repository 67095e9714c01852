"""A term of an answer while it is being written: number, scalars, and a chain of matrices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from frechet.core.dims import Shape
from frechet.core.node import Number
from frechet.core.numbers import simple
from frechet.language.tree import Tree
from frechet.notation.page import Page

Scalars = tuple[tuple[Tree, Number], ...]


@dataclass(frozen=True, slots=True)
class Term:
    """coef * product of scalar ** exponent * chain[0] * chain[1] * ...; an empty chain is a scalar."""

    coef: Number
    scalars: Scalars
    chain: tuple[Tree, ...]
    shape: Shape

    def scaled(self, coef: Number, scalars: Scalars = ()) -> Term:
        return replace(self, coef=simple(self.coef * coef), scalars=joined(self.scalars, scalars))


def joined(*groups: Scalars) -> Scalars:
    """Scalar factors with the exponents of equal ones added up."""
    powers: dict[Tree, Number] = {}
    for group in groups:
        for tree, e in group:
            powers[tree] = simple(powers.get(tree, 0) + e)
    return tuple((t, e) for t, e in powers.items() if e != 0)


def written(page: Page, term: Term) -> Tree:
    """The term as one tree: numbers, scalars, chain, then what divides."""
    if term not in page.terms:
        page.terms[term] = _written(page, positive(page, term))
    tree: Tree = page.terms[term]
    return tree


def _written(page: Page, term: Term) -> Tree:
    negative = term.coef < 0
    coef = Fraction(max(term.coef, -term.coef))
    up = _ordered(page, [(t, e) for t, e in term.scalars if e > 0])
    down = _ordered(page, [(t, -e) for t, e in term.scalars if e < 0])
    top, bottom = coef.numerator, coef.denominator
    if page.decimals or bottom >= 100:
        whole = page.number(simple(coef))
        if whole.name or bottom >= 100:
            return _signed(page, _quotient(page, [whole, *up], term.chain, down), negative)
    front = [*([page.number(top)] if top != 1 else []), *up]
    back = [*([page.number(bottom)] if bottom != 1 else []), *down]
    return _signed(page, _quotient(page, front, term.chain, back), negative)


def positive(page: Page, term: Term) -> Term:
    """A negative term with its sign taken into a difference inside, if there is one: -(a - b)*c is (b - a)*c."""
    if term.coef >= 0:
        return term
    for k, link in enumerate(term.chain):
        turned = page.negated(link)
        if turned is not None:
            return replace(term, coef=-term.coef, chain=(*term.chain[:k], turned, *term.chain[k + 1 :]))
    for k, (tree, e) in enumerate(term.scalars):
        turned = page.negated(tree) if e % 2 == 1 else None
        if turned is not None:
            scalars = (*term.scalars[:k], (turned, e), *term.scalars[k + 1 :])
            return replace(term, coef=-term.coef, scalars=scalars)
    return term


def _signed(page: Page, tree: Tree, negative: bool) -> Tree:
    return page.neg(tree) if negative else tree


def _quotient(page: Page, front: list[Tree], chain: tuple[Tree, ...], back: list[Tree]) -> Tree:
    links = list(chain)
    if links and links[0].kind == "dotdiv" and links[0].args[0].kind == "number" and len(links) == 1:
        return _over_vector(page, front, links[0].args[1], back)
    if not links and front and front[-1].kind == "mul":
        links, front = [front[-1]], front[:-1]
    body = _product(page, front)
    if links:
        matrix = page.chain(links)
        join = all(t.kind in ("number", "name") for t in front)
        body = matrix if body is None else page.times(body, matrix, join=join)
    if body is None:
        body = page.number(1)
    return page.divide(body, _tight(page, back)) if back else body


def _over_vector(page: Page, front: list[Tree], bottom: Tree, back: list[Tree]) -> Tree:
    """c./v: a scalar over a vector takes the other divisors along, c./(2*v)."""
    top = _product(page, front) or page.number(1)
    return page.dotdiv(top, page.times(_tight(page, back), bottom) if back else bottom)


def _product(page: Page, factors: list[Tree]) -> Tree | None:
    result: Tree | None = None
    for factor in factors:
        result = factor if result is None else page.times(result, factor)
    return result


def _tight(page: Page, factors: list[Tree]) -> Tree:
    product = _product(page, factors)
    assert product is not None
    return product


def _ordered(page: Page, scalars: list[tuple[Tree, Number]]) -> list[Tree]:
    """Short names first, then longer expressions."""
    trees = [page.power(t, e) for t, e in scalars]
    return sorted(trees, key=lambda t: (page.length(t), t.kind != "name"))


def length(page: Page, term: Term) -> int:
    return page.length(written(page, term))
