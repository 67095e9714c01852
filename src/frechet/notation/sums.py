"""Sums: common factors out, where that reads shorter, and terms in an order people write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from frechet.core.dims import SCALAR, Shape
from frechet.core.node import Number
from frechet.core.numbers import content, divide, simple
from frechet.language.tree import INFIX, Tree
from frechet.notation.page import Page
from frechet.notation.polynomials import factored, factors_of
from frechet.notation.relations import indicators
from frechet.notation.term import Term, joined, length, positive, written

# Longer sums are written as they are: trying every grouping of every pair would be quadratic in their length.
GROUPING_LIMIT = 24
# Nor does anybody read groupings of sums longer than this.
LENGTH_LIMIT = 1500

# The arguments in which a function is linear: sum(U) + sum(V) = sum(U + V).
LINEAR = {"sum": (0,), "tr": (0,), "diag": (0,), "vec": (0,), "mat": (0,), "kron": (0, 1)}

Key = tuple[str, Tree]


def collect(page: Page, terms: Sequence[Term], shape: Shape) -> Term:
    """The sum as one term, with the factors out that shorten it most, one after the other (each sum is done once)."""
    key = (frozenset(Counter(terms).items()), shape)  # a term may be there twice
    if key not in page.sums:
        page.sums[key] = _collect(page, terms, shape)
    found: Term = page.sums[key]
    return found


def _collect(page: Page, terms: Sequence[Term], shape: Shape) -> Term:
    parts = [_unchained(t) for t in terms] if shape.is_scalar else list(terms)
    parts = _unsummed(page, factored(page, indicators(page, chosen(page, _alike(parts)))))
    while 1 < len(parts) <= GROUPING_LIMIT and sum(length(page, t) for t in parts) <= LENGTH_LIMIT:
        best: tuple[int, list[int], Term] | None = None
        for key, members in _promising(page, _groups(page, parts), parts):
            if best is not None and best[0] >= (len(members) - 1) * (page.length(key[1]) + 1):
                break
            merged = _merged(page, key, [parts[k] for k in members])
            if merged is None:
                continue
            saved = sum(length(page, parts[k]) + 1 for k in members) - 1 - length(page, merged)
            if saved >= (0 if key[0] in ("first", "last") else 1) and (best is None or saved > best[0]):
                best = saved, members, merged
        if best is None:
            break
        _, members, merged = best
        parts = [p for k, p in enumerate(parts) if k not in members]
        parts.insert(min(members[0], len(parts)), merged)
    if len(parts) == 1:
        return _rejoined(page, parts[0]) if shape.is_scalar else parts[0]
    return _summed(page, parts, shape)


def _unsummed(page: Page, terms: list[Term]) -> list[Term]:
    """sum(X, 1)' as X'*ones(m) beside another term that begins with X', whose factor it can share."""
    first = {t.chain[0] for t in terms if len(t.chain) > 1}
    out = []
    for term in terms:
        matrix = _row_sums(page, term.chain[0]) if len(term.chain) == 1 else None
        if matrix is not None and matrix in first:
            term = replace(term, chain=(matrix, page.ones(Shape(matrix.typed.cols))))
        out.append(term)
    return out


def _row_sums(page: Page, link: Tree) -> Tree | None:
    """The M of a vector M*ones(n): sum(M, 2), or sum(M', 1)'."""
    tree = link.args[0] if link.kind == "transpose" else link
    if tree.kind != "call" or tree.name != "sum" or len(tree.args) != 2 or not tree.args[0].typed.is_matrix:
        return None
    over_columns = tree.args[1].value == 2
    if over_columns == (link.kind == "transpose"):
        return None
    return tree.args[0] if over_columns else page.flip(tree.args[0])


def chosen(page: Page, parts: list[Term]) -> list[Term]:
    """Choices by one condition as one: 2*(x > 0) + where(x > 0, 0, 3) is where(x > 0, 2, 3)."""
    groups: dict[Tree, list[tuple[Term, Tree, Tree]]] = {}
    for part in parts:
        trees = [*part.chain, *(t for t, e in part.scalars if e == 1)]
        tree = trees[0] if len(trees) == 1 == len(part.chain) + len(part.scalars) else page.number(0)
        if tree.kind == "call" and tree.name == "where":
            groups.setdefault(tree.args[0], []).append((part, tree.args[1], tree.args[2]))
        elif tree.kind == "call" and tree.name in INFIX:
            groups.setdefault(tree, []).append((part, page.number(1), page.number(0)))
    for condition, members in groups.items():
        if len(members) > 1:
            shape = members[0][0].shape
            branches = [
                _total(page, [(part.coef, a) for part, a, _ in members], shape),
                _total(page, [(part.coef, b) for part, _, b in members], shape),
            ]
            tree = page.call("where", [condition, *branches], shape)
            whole = Term(1, ((tree, 1),), (), shape) if shape.is_scalar else Term(1, (), (tree,), shape)
            kept = {id(m[0]) for m in members}
            return chosen(page, [whole, *(p for p in parts if id(p) not in kept)])
    return parts


def _total(page: Page, terms: list[tuple[Number, Tree]], shape: Shape) -> Tree:
    """The sum of branches; numbers stay numbers."""
    numbers = sum((Fraction(c) * t.value for c, t in terms if t.kind == "number"), Fraction(0))
    parts = [Term(c, ((t, 1),), (), SCALAR) if t.typed.is_scalar else Term(c, (), (t,), shape)
             for c, t in terms if t.kind != "number"]  # fmt: skip
    if numbers or not parts:
        parts.append(Term(simple(numbers), (), (), SCALAR))
    return written(page, collect(page, parts, shape)) if len(parts) > 1 else written(page, parts[0])


def _alike(terms: list[Term]) -> list[Term]:
    """Terms that read the same, added up."""
    found: dict[tuple[Any, ...], Term] = {}
    for term in terms:
        key = (frozenset(term.scalars), term.chain)
        old = found.get(key)
        found[key] = term if old is None else replace(old, coef=simple(old.coef + term.coef))
    return [t for t in found.values() if t.coef != 0] or [replace(terms[0], coef=0)]


def _unchained(term: Term) -> Term:
    """A scalar term x'*A*y with its links apart, so that sums of such terms share factors."""
    products = [(t, e) for t, e in term.scalars if t.kind == "mul" and e == 1 and not t.args[1].typed.is_scalar]
    if term.chain or len(products) != 1:
        return term
    rest = tuple(s for s in term.scalars if s[0] is not products[0][0])
    return replace(term, scalars=rest, chain=_links(products[0][0]))


def _links(tree: Tree) -> tuple[Tree, ...]:
    """A product of matrices as a chain."""
    links: list[Tree] = []
    while tree.kind == "mul" and not tree.args[0].typed.is_scalar:
        links.append(tree.args[1])
        tree = tree.args[0]
    return (tree, *reversed(links))


def _rejoined(page: Page, term: Term) -> Term:
    """A scalar term with its links joined to one factor again."""
    if not term.chain:
        return term
    return replace(term, scalars=joined(term.scalars, ((page.chain(term.chain), 1),)), chain=())


def _groups(page: Page, terms: list[Term]) -> dict[Key, list[int]]:
    """Factors that at least two terms share, and which terms."""
    found: dict[Key, list[int]] = {}
    for k, term in enumerate(terms):
        keys: dict[Key, None] = {}
        if term.chain:
            keys["first", term.chain[0]] = keys["last", term.chain[-1]] = None
            if len(term.chain) == 1 and not term.chain[0].typed.is_scalar:
                keys.update({("entry", item): None for item in factors_of(term.chain[0])})
        for tree, e in term.scalars:
            keys["up" if e > 0 else "down", tree] = None
        call = _linear(term)
        if call is not None:
            for place in LINEAR[call.name]:
                args = [*call.args[:place], page.number(0), *call.args[place + 1 :]]
                keys[f"linear {place} in {call.args[place].typed}", page.call(call.name, args, call.typed)] = None
        for key in keys:
            found.setdefault(key, []).append(k)
    return {key: members for key, members in found.items() if len(members) > 1}


def _linear(term: Term) -> Tree | None:
    """The one factor of a term, where it is linear in an argument."""
    trees = [*term.chain, *(t for t, e in term.scalars if not term.chain and t.kind == "call" and e == 1)]
    return trees[0] if len(trees) == 1 and trees[0].kind == "call" and trees[0].name in LINEAR else None


def _promising(page: Page, groups: dict[Key, list[int]], terms: list[Term]) -> list[tuple[Key, list[int]]]:
    """Groups in the order of what their factor alone would save. Where a term is the factor itself, the others are
    tried without it too: A*x + A'*x + c*x is (A + A')*x + c*x."""
    found = list(groups.items())
    for key, members in groups.items():
        longer = [k for k in members if len(terms[k].chain) > 1]
        if key[0] in ("first", "last") and 1 < len(longer) < len(members):
            found.append((key, longer))
    return sorted(found, key=lambda g: -(len(g[1]) - 1) * (page.length(g[0][1]) + 1))


def _merged(page: Page, key: Key, terms: list[Term]) -> Term | None:
    """The sum of the terms with their common factor taken out."""
    where, tree = key
    if where in ("up", "down"):
        return _over_scalar(page, tree, where == "up", terms)
    if where == "entry":
        return _over_entries(page, tree, terms)
    if where.startswith("linear"):
        return _under_call(page, tree, int(where.split()[1]), terms)
    last = where == "last"
    rest = [replace(t, chain=t.chain[:-1] if last else t.chain[1:]) for t in terms]
    if all(not t.chain for t in rest):
        inner = collect(page, [replace(t, shape=SCALAR) for t in rest], SCALAR)
        return replace(_as_factor(page, inner), chain=(tree,), shape=terms[0].shape)
    if tree.typed.is_row if last else tree.typed.is_column:
        side = Shape(terms[0].shape.rows) if last else Shape((), terms[0].shape.cols)
        if any(not t.chain for t in rest):
            return None
    else:
        n = tree.typed.rows if last else tree.typed.cols
        side = Shape(terms[0].shape.rows, n) if last else Shape(n, terms[0].shape.cols)
        if any(not t.chain for t in rest) and side.rows != side.cols:
            return None
        rest = [t if t.chain else replace(t, chain=(page.eye(n),)) for t in rest]
    if side.is_column and not all(map(_is_ones, rest)):
        rest = [
            replace(t, chain=()) if _is_ones(t) and not t.scalars else t for t in rest
        ]  # a number goes with entries
    inner = collect(page, [replace(t, shape=side) for t in rest], side)
    return replace(inner, chain=(*inner.chain, tree) if last else (tree, *inner.chain), shape=terms[0].shape)


def _is_ones(term: Term) -> bool:
    return len(term.chain) == 1 and term.chain[0].kind == "call" and term.chain[0].name == "ones"


def _over_scalar(page: Page, tree: Tree, up: bool, terms: list[Term]) -> Term | None:
    """Take out the largest common power of a scalar."""
    exponents = [next(e for t, e in term.scalars if t is tree and (e > 0) == up) for term in terms]
    common = min(exponents) if up else max(exponents)
    rest = [replace(t, scalars=joined(t.scalars, ((tree, -common),))) for t in terms]
    inner = _as_factor(page, collect(page, rest, terms[0].shape))
    return replace(inner, scalars=joined(inner.scalars, ((tree, common),)))


def _over_entries(page: Page, item: Tree, terms: list[Term]) -> Term | None:
    """a.*x + b.*x = (a + b).*x"""
    rest = []
    for term in terms:
        items = factors_of(term.chain[0])
        items.remove(item)
        alone = () if not term.scalars else (page.ones(item.typed),)  # a number alone goes with entries, a scalar not
        rest.append(replace(term, chain=(page.dotmul(items),) if items else alone))
    if all(len(factors_of(t.chain[0])) == 1 for t in terms):
        return None  # the same link: found as the first one
    if any(not t.chain for t in rest) and any(_is_eye(link) for t in rest for link in t.chain):
        return None  # 2*A - A.*eye(n) says what it does
    inner = collect(page, rest, terms[0].shape)
    body = page.chain(inner.chain)
    return replace(inner, chain=(page.dotmul([body, item]),))


def _is_eye(tree: Tree) -> bool:
    return tree.kind == "call" and tree.name == "eye"


def _under_call(page: Page, template: Tree, place: int, terms: list[Term]) -> Term:
    """sum(U) + sum(V) = sum(U + V)"""
    inside, common = [], content([t.coef for t in terms])
    for term in terms:
        call = _linear(term)
        assert call is not None
        scalars = tuple(s for s in term.scalars if s[0] is not call)
        inside.append(Term(divide(term.coef, common), scalars, _links(call.args[place]), call.args[place].typed))
    total = collect(page, inside, inside[0].shape)
    args = [*template.args[:place], page.chain(total.chain), *template.args[place + 1 :]]
    call = page.call(template.name, args, template.typed)
    coef = simple(total.coef * common)
    if template.typed.is_scalar:
        return Term(coef, joined(total.scalars, ((call, 1),)), (), SCALAR)
    return Term(coef, total.scalars, (call,), terms[0].shape)


def _as_factor(page: Page, term: Term) -> Term:
    """A scalar sum that is to multiply something, as one scalar factor."""
    return term


def _summed(page: Page, terms: list[Term], shape: Shape) -> Term:
    """The sum of terms that share nothing more: content and a common minus out, positive terms first."""
    common = content([t.coef for t in terms])
    if all(t.coef < 0 for t in terms):
        common = -common
    size = max(common, -common)
    if size != 1 and not _worth(page, terms, size):
        common = 1 if common > 0 else -1
    parts = [positive(page, replace(t, coef=divide(t.coef, common))) for t in terms]
    signed = [(term.coef < 0, written(page, term)) for term in parts]
    ordered = sorted(signed, key=lambda s: (s[0], *page.place(s[1])))
    result: Tree | None = None
    for _, tree in ordered:
        result = tree if result is None else page.add(result, tree)
    assert result is not None
    if shape.is_scalar:
        return Term(common, ((result, 1),), (), SCALAR)
    return Term(common, (), (result,), shape)


def _worth(page: Page, terms: list[Term], common: Number) -> bool:
    """Whether a common number is better in front: 2*(a + b), but a/2 + 3 stays."""
    inside = sum(length(page, t) for t in terms)
    outside = sum(length(page, replace(t, coef=simple(Fraction(t.coef) / Fraction(common)))) for t in terms)
    return outside + len(str(common).removeprefix("1/")) + 3 <= inside + 1
