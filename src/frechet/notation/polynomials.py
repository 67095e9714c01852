"""Polynomials in one function: s - 3*s^2 + 2*s^3 with s = sigmoid(u) is s*(1 - s)*(1 - 2*s)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from frechet.core.numbers import content, simple
from frechet.language.tree import Tree
from frechet.notation.page import Page
from frechet.notation.term import Term, joined
from frechet.ops import REGISTRY

MAX_DEGREE = 6
MAX_TERMS = 12
ROOTS = sorted(
    {Fraction(p, q) for p in range(-4, 5) for q in range(1, 5) if p}, key=lambda r: (r.denominator, abs(r), -r)
)

Coefficients = dict[int, Fraction]


def factored(page: Page, terms: list[Term]) -> list[Term]:
    """The terms of a sum, where those that are a polynomial in one function value with a rational root other than 0 are
    one product. Of two scalar terms the common factor is found without this."""
    if not 2 <= len(terms) <= MAX_TERMS:
        return terms
    for base in dict.fromkeys(b for t in terms for b in _bases(t)):
        groups: dict[tuple[object, ...], list[tuple[Term, Term, int]]] = {}
        for term in terms:
            read = _power(term, base)
            if read is not None:
                rest, e = read
                groups.setdefault((frozenset(rest.scalars), rest.chain), []).append((term, rest, e))
        for members in groups.values():
            coefficients = {e: Fraction(t.coef) for t, _, e in members}
            if len(members) < (3 if base.typed.is_scalar else 2) or len(members) != len(coefficients):
                continue
            product = _product(page, base, coefficients)
            if product is not None:
                whole = _whole(page, members[0][1], base, *product)
                done = {id(t) for t, _, _ in members}
                return factored(page, [whole, *(t for t in terms if id(t) not in done)])
    return terms


def _bases(term: Term) -> list[Tree]:
    """Values of functions of entries of which the term may hold a power."""
    places = [t for t, e in term.scalars if e > 0]
    if len(term.chain) == 1:
        places += factors_of(entries_of(term.chain[0]))
    bases = [p.args[0] if p.kind == "dotpow" else p for p in places]
    return [b for b in bases if b.kind == "call" and b.name in REGISTRY and REGISTRY[b.name].kind == "elementwise"]


def entries_of(link: Tree) -> Tree:
    """What stands inside diag(...), or the link itself."""
    inside = link.kind == "call" and link.name == "diag" and not link.typed.is_column
    return link.args[0] if inside else link


def factors_of(tree: Tree) -> list[Tree]:
    """a, b, c of a.*b.*c"""
    items: list[Tree] = []
    while tree.kind == "dotmul":
        items.append(tree.args[1])
        tree = tree.args[0]
    return [tree, *reversed(items)]


def _power(term: Term, base: Tree) -> tuple[Term, int] | None:
    """The term without its power of the base (where that has entries, its chain holds what else is multiplied entry
    by entry); and the exponent."""
    if base.typed.is_scalar:
        e = next((e for t, e in term.scalars if t is base), 0)
        if e != int(e) or not 0 <= e <= MAX_DEGREE:
            return None
        return replace(term, coef=1, scalars=tuple((t, k) for t, k in term.scalars if t is not base)), int(e)
    if len(term.chain) != 1:
        return None
    exponent, others = Fraction(0), []
    for item in factors_of(entries_of(term.chain[0])):
        power = item.kind == "dotpow" and item.args[0] is base and item.args[1].kind == "number"
        if power or item is base:
            exponent += Fraction(item.args[1].value) if power else 1
        else:
            others.append(item)
    if exponent not in range(0 if others else 1, MAX_DEGREE + 1):
        return None
    return replace(term, coef=1, chain=tuple(others)), int(exponent)


def _product(page: Page, base: Tree, coefficients: Coefficients) -> tuple[Fraction, int, list[Tree]] | None:
    """The polynomial as number * base^lowest * factors; None without rational roots."""
    lowest, degree = min(coefficients), max(coefficients)
    dense = [coefficients.get(k, Fraction(0)) for k in range(lowest, degree + 1)]
    roots: list[Fraction] = []
    for root in ROOTS:
        while len(dense) > 1 and sum(c * root**k for k, c in enumerate(dense)) == 0:
            roots.append(root)
            dense = _divided(dense, root)
    if not roots:
        return None
    number, factors = _rest(page, base, dense)
    while roots:
        root = roots.pop(0)
        twice = -root in roots  # 1 - t^2 rather than (1 - t)*(1 + t)
        if twice:
            roots.remove(-root)
        value, power = (root**2, page.power(base, 2)) if twice else (root, base)
        number *= -1 if value > 0 else 1
        number /= value.denominator
        scaled = power if value.denominator == 1 else page.times(page.number(value.denominator), power)
        size = page.number(abs(value.numerator))
        factors.append(page.add(size, page.neg(scaled)) if value > 0 else page.add(size, scaled))
    return number, lowest, factors


def _rest(page: Page, base: Tree, dense: list[Fraction]) -> tuple[Fraction, list[Tree]]:
    """What has no rational roots, as a number and a factor: 6*s^2 - 6*s + 1."""
    if len(dense) == 1:
        return dense[0], []
    number = Fraction(content([*dense])) * (1 if dense[0] > 0 else -1)
    tree = page.number(simple(dense[0] / number))
    for k, c in enumerate(dense[1:], 1):
        size, power = simple(abs(c / number)), page.power(base, k)
        part = power if size == 1 else page.times(page.number(size), power)
        tree = page.add(tree, part if c / number > 0 else page.neg(part)) if c else tree
    return number, [tree]


def _divided(dense: list[Fraction], root: Fraction) -> list[Fraction]:
    """The polynomial without a root (Horner's scheme; coefficients from the lowest)."""
    out, carry = [], Fraction(0)
    for c in reversed(dense):
        carry = carry * root + c
        out.append(carry)
    return out[:-1][::-1]


def _whole(page: Page, rest: Term, base: Tree, number: Fraction, lowest: int, factors: list[Tree]) -> Term:
    """The product beside what all terms share."""
    if base.typed.is_scalar:
        powers = joined(*(((f, 1),) for f in factors), *([((base, lowest),)] if lowest else []))
        return replace(rest, coef=simple(number), scalars=joined(rest.scalars, powers))
    body = page.dotmul([*rest.chain, *([page.power(base, lowest)] if lowest else []), *factors])
    if rest.shape != base.typed:
        body = page.call("diag", [body], rest.shape)
    return replace(rest, coef=simple(number), chain=(body,))
