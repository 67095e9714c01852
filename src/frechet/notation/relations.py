"""Comparisons as an expert writes them: a > b rather than a - b > 0, with bare scalars beside entries."""

from __future__ import annotations

from dataclasses import replace

from frechet.core.dims import Shape
from frechet.language.tree import Tree
from frechet.notation.page import Page
from frechet.notation.polynomials import entries_of, factors_of
from frechet.notation.term import Term

_TURNED = {"gt": "lt", "ge": "le", "eq": "eq"}


def against_zero(page: Page, name: str, tree: Tree, shape: Shape) -> Tree:
    """tree > 0 (or >= or ==) as a comparison of the sides of a difference, a number on the right."""
    left, right = (tree.args[0], tree.args[1]) if tree.kind == "sub" else (tree, page.number(0))
    left, right = bare(page, left), bare(page, right)
    if left.typed.is_scalar and right.typed.is_scalar and not shape.is_scalar:
        return page.call(name, [tree, page.number(0)], shape)  # scalars for all entries would be one comparison
    if left.kind == "neg" and right.kind == "number":
        return page.call(_TURNED[name], [left.args[0], page.neg(right)], shape)
    if (left.typed.is_scalar and not right.typed.is_scalar) or left.kind == "number":
        return page.call(_TURNED[name], [right, left], shape)
    return page.call(name, [left, right], shape)


def indicators(page: Page, terms: list[Term]) -> list[Term]:
    """a + a.*sign(u) as 2*a.*(u > 0) and a - a.*sign(u) as 2*a.*(u < 0), for u that moves with the variables: the
    derivative holds where u != 0."""
    for j, other in enumerate(terms):
        for sign, rest in _without_sign(page, other):
            for k, one in enumerate(terms):
                if k == j or abs(one.coef) != abs(other.coef) or not _is_rest(one, rest, other):
                    continue
                u = sign.args[0]
                step = against_zero(page, "gt", u if one.coef == other.coef else page.neg(u), u.typed)
                kept = [t for i, t in enumerate(terms) if i not in (k, j)]
                return indicators(page, [*kept, replace(_instead(page, other, sign, step), coef=2 * one.coef)])
    return terms


def _without_sign(page: Page, term: Term) -> list[tuple[Tree, Term]]:
    """Each sign(u) that is a factor of a term, where u moves and vanishes on borders alone, and the term without it."""
    found = []
    for tree, e in term.scalars:
        if e == 1 and tree in page.borders:
            found.append((tree, replace(term, scalars=tuple(s for s in term.scalars if s[0] is not tree))))
    if len(term.chain) == 1:
        items = factors_of(entries_of(term.chain[0]))
        for tree in items:
            if tree in page.borders:
                others = [t for t in items if t is not tree]
                found.append((tree, replace(term, chain=tuple(others))))
    return found


def _is_rest(one: Term, rest: Term, other: Term) -> bool:
    """Whether a term is another one without its sign; `rest` has the factors entry by entry as links."""
    if frozenset(one.scalars) != frozenset(rest.scalars):
        return False
    if other.chain == rest.chain:  # a scalar factor was taken away
        return one.chain == rest.chain
    diagonal = _is_diagonal(other.chain[0])
    if not rest.chain:
        name = {"ones": "entries", "eye": "diagonal"}.get(one.chain[0].name, "") if len(one.chain) == 1 else ""
        return (not one.chain and not diagonal) or (bool(name) and (name == "diagonal") == diagonal)
    if len(one.chain) != 1 or _is_diagonal(one.chain[0]) != diagonal:
        return False
    return sorted(map(id, factors_of(entries_of(one.chain[0])))) == sorted(map(id, rest.chain))


def _is_diagonal(link: Tree) -> bool:
    return link.kind == "call" and link.name == "diag" and not link.typed.is_column


def _instead(page: Page, term: Term, sign: Tree, step: Tree) -> Term:
    """The term with the indicator in the place of the sign."""
    if any(t is sign for t, _ in term.scalars):
        return replace(term, scalars=tuple((step if t is sign else t, e) for t, e in term.scalars))
    link = term.chain[0]
    body = page.dotmul([step if t is sign else t for t in factors_of(entries_of(link))])
    return replace(term, chain=(page.diag(body, link.typed) if _is_diagonal(link) else body,))


def _is_one(tree: Tree) -> bool:
    return tree.kind == "number" and tree.value == 1


def bare(page: Page, tree: Tree) -> Tree:
    """s for s*ones(n) and vector(s): a comparison takes a scalar beside entries."""
    if tree.kind == "call" and tree.name in ("vector", "matrix"):
        return tree.args[0]
    if tree.kind == "call" and tree.name == "ones":
        return page.number(1)
    if tree.kind == "mul" and tree.args[0].typed.is_scalar and _is_one(bare(page, tree.args[1])):
        return tree.args[0]
    if tree.kind == "neg":
        inner = bare(page, tree.args[0])
        return page.neg(inner) if inner is not tree.args[0] else tree
    return tree
