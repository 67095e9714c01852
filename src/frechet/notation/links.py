"""Shorter ways to write a matrix product from left to right: powers, parts of an identity, triangles of ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby

from frechet.core.dims import Shape
from frechet.core.numbers import simple
from frechet.language.tree import Tree
from frechet.notation.page import Page
from frechet.notation.polynomials import factors_of


def powers(page: Page, links: Sequence[Tree]) -> list[Tree]:
    """Three and more of the same matrix one after the other as its power, X*X*X is X^3; two where it is a function."""
    out: list[Tree] = []
    for link, run in groupby(links, key=lambda t: t):
        count = len(list(run))
        if count < (2 if link.kind == "call" else 3) or not link.typed.is_matrix:
            out += [link] * count
        elif link.kind == "transpose":
            out.append(page.flip(page.make("pow", [link.args[0], page.number(count)], shape=link.args[0].typed)))
        else:
            out.append(page.make("pow", [link, page.number(count)], shape=link.typed))
    return out


def diagonals(page: Page, links: Sequence[Tree]) -> list[Tree]:
    """Diagonal matrices one after the other as one: diag(u)*diag(v) is diag(u.*v)."""
    out: list[Tree] = []
    for link in links:
        both = [out[-1], link] if out else []
        if both and all(t.kind == "call" and t.name == "diag" and t.typed.is_matrix for t in both):
            out[-1] = page.diag(_multiplied(page, *[t.args[0] for t in both]), link.typed)
        else:
            out.append(link)
    return out


def _multiplied(page: Page, *trees: Tree) -> Tree:
    """Entries multiplied, equal ones as powers."""
    powers: dict[Tree, Fraction] = {}
    for tree in trees:
        above, below = tree.args if tree.kind == "dotdiv" else (tree, None)
        for side, sign in ((above, 1), (below, -1)):
            for item in factors_of(side) if side is not None else ():
                number = item.kind == "dotpow" and item.args[1].kind == "number"
                base, e = (item.args[0], Fraction(item.args[1].value)) if number else (item, Fraction(1))
                powers[base] = powers.get(base, Fraction(0)) + sign * e
    up = [page.power(t, simple(e)) for t, e in powers.items() if e > 0 and not (t.kind == "number" and t.value == 1)]
    down = [page.power(t, simple(-e)) for t, e in powers.items() if e < 0]
    top = page.dotmul(sorted(up, key=page.length)) if up else page.number(1)
    return page.dotdiv(top, page.dotmul(sorted(down, key=page.length))) if down else top


def _part_of_eye(t: Tree, side: int) -> tuple[int, int] | None:
    """The rows (side 0) or columns (side 1) that a part of an identity takes."""
    if t.kind != "index" or len(t.value) != 2 or t.args[0].kind != "call" or t.args[0].name != "eye":
        return None
    place = t.value[side]
    return place if isinstance(place, tuple) and t.value[1 - side] is None else None


def taken(page: Page, links: Sequence[Tree]) -> Sequence[Tree]:
    """Parts of an identity beside a matrix as a part of it: eye(n)[2:4,:]*x is x[2:4]."""
    if not any(t.kind == "index" for t in links):
        return links
    rows = _absorbed(page, reversed(links), 0)  # rows of what stands to the right
    return _absorbed(page, reversed(rows), 1)  # columns of what stands to the left


def _absorbed(page: Page, links: Iterable[Tree], side: int) -> list[Tree]:
    """The links with each part of an identity taken into the one before it, as a part of its rows (side 0) or columns
    (side 1)."""
    out: list[Tree] = []
    for link in links:
        place = _part_of_eye(link, side)
        last = out[-1] if out else None
        if place is not None and last is not None and last.typed[side] and _part_of_eye(last, side) is None:
            rows, cols = (link.typed.rows, last.typed.cols) if side == 0 else (last.typed.rows, link.typed.cols)
            out[-1] = _cut(page, last, place, side, Shape(rows, cols))
        else:
            out.append(link)
    return out


def _cut(page: Page, t: Tree, place: tuple[int, int], side: int, shape: Shape) -> Tree:
    """The rows (side 0) or columns (side 1) `place` of a tree: X[2:4,:], of X[:,1] it is X[2:4,1]."""
    if t.kind == "transpose":
        return page.flip(_cut(page, t.args[0], place, 1 - side, shape.transposed))
    if t.kind == "index" and len(t.value) == 2 and t.value[side] is None:
        value = (place, t.value[1]) if side == 0 else (t.value[0], place)
        return page.make("index", [t.args[0]], value=value, shape=shape)
    whole = ((place, None), (None, place))[side] if t.typed.is_matrix else (place,)
    return page.make("index", [t], value=whole, shape=shape)


def _sums(t: Tree) -> str:
    """The function that a triangle of ones is, from the left."""
    ones = t.kind == "call" and t.name in ("tril", "triu") and t.args[0].kind == "call" and t.args[0].name == "ones"
    return {"tril": "cumsum", "triu": "revcumsum"}[t.name] if ones and t.typed.rows == t.typed.cols else ""


def summed(page: Page, links: Sequence[Tree]) -> Sequence[Tree]:
    """Triangles of ones in a product with a vector as sums: tril(ones(n, n))*x is cumsum(x)."""
    out = list(links)
    places = [k for k, t in enumerate(out) if _sums(t)]
    if not places:
        return links
    if out[-1].typed.is_column:
        for k in reversed(places):
            if k + 1 < len(out):
                inner = page.chain(out[k + 1 :])
                out[k:] = [page.call(_sums(out[k]), [inner], inner.typed)]
    elif out[0].typed.is_row and places[0]:
        k = places[0]
        inner = page.flip(page.chain(out[:k]))
        out[: k + 1] = [page.flip(page.call(_sums(page.flip(out[k])), [inner], inner.typed))]
        return summed(page, out)
    return out


def sums_of_triangle(page: Page, t: Tree, over_columns: bool) -> Tree | None:
    """sum(tril(x*y'), 2) as x.*cumsum(y), sum(tril(x*y'), 1)' as y.*revcumsum(x); None for anything else."""
    inner = t.args[0] if t.kind == "call" and t.name in ("tril", "triu") else t
    outer = inner.kind == "mul" and inner.args[0].typed.is_column and inner.args[1].typed.is_row
    if inner is t or not outer or inner.typed.rows != inner.typed.cols:
        return None
    x, y = inner.args[0], page.flip(inner.args[1])
    near, far = (x, y) if over_columns else (y, x)
    name = "cumsum" if (t.name == "tril") == over_columns else "revcumsum"
    sums = page.call(name, [far], far.typed)
    ones = near.kind == "call" and near.name == "ones"
    return sums if ones else page.dotmul([near, sums])


SHORTER = (summed, taken, diagonals, powers)
