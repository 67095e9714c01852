"""Factors of a product that cancel: a matrix against its inverse, an orthogonal matrix against its transpose.

inv(M)[a,b] M[b,c] with b summed there only becomes "a is c". M may be a product itself; then its factors are looked
for as a sub-product of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from frechet.core.facts import has_fact
from frechet.core.node import Call, Ein, Factor, Indices, Map, Node, Number

if TYPE_CHECKING:
    from frechet.core.ein import _Product
    from frechet.core.tensor import Tensor


def cancel_pairs(p: _Product) -> bool:
    """Cancel one pair in the product under construction; False if there is none."""
    if _cancel_whole(p):
        return True
    candidates = [f for f in p.factors if f[2] == 1 and _has_inverse(f[0])]
    if not candidates:
        return _cancel_orthogonal(p) or _cancel_roots(p) or _merge_powers(p) or _cancel_words(p)
    degree = p.degrees()
    for inverse in candidates:
        matrix, (a, b) = inverse[0].children[0], inverse[1]
        ends = [(b, a, False), (a, b, True)]
        if matrix.symmetric:
            ends += [(a, b, False), (b, a, True)]
        for shared, free, matrix_first in ends:
            if degree[shared] != 2 or shared == free:
                continue
            rest = [f for f in p.factors if f is not inverse]
            found = _match(matrix, rest, shared, matrix_first, degree)
            if found is not None:
                used, other_end = found
                p.factors = [f for k, f in enumerate(rest) if k not in used]
                p.unify(free, other_end)
                _forget_summed(p, inverse, [rest[k] for k in used], {free, other_end})
                return True
    return _cancel_orthogonal(p) or _cancel_roots(p) or _merge_powers(p) or _cancel_words(p)


def absorb(powers: dict[tuple[Node, Indices], Number], transpose: Callable[[Node], Node]) -> bool:
    """Let functions such as sign and where act on what stands beside them entry by entry (see `ops.elementwise`); says
    whether a product has come in that is to be opened."""
    opens = False
    for node, idx in list(powers):
        rule = node.operation.rule if isinstance(node, Map) else None
        if rule is None or rule.absorb is None:
            continue
        here = {n: e for (n, i), e in powers.items() if i == idx and e != 0}
        turned: dict[Node, Node] = {}
        if len(idx) == 2 and idx[0] != idx[1] and rule.gather is not None:  # on a diagonal both are one place
            turned = {transpose(n): n for (n, i), e in powers.items() if i == idx[::-1] and e != 0}
            here = {n: powers[m, idx[::-1]] for n, m in turned.items()} | here
        if here.get(node):
            new = rule.absorb(node, here)
            powers.update({(turned[n], idx[::-1]) if n in turned else (n, idx): e for n, e in new.items()})
            opens |= any(e and isinstance(n, Ein) and n not in here for n, e in new.items())
    return opens


def _cancel_whole(p: _Product) -> bool:
    """W[i,k] H[k,j] beside (W*H)[i,j]^-2: the factors are gathered into the power they belong to."""
    for whole in p.factors:
        node, idx, e = whole
        if not (isinstance(node, Ein) and node.contracts and node.out and e < 0 and e == int(e)):
            continue
        degree = p.degrees()
        rest = [f for f in p.factors if f is not whole]
        found = _match_product(node, rest, dict(zip(node.out, idx, strict=True)), node.out[-1], degree, set(node.out))
        if found is not None:
            used = [rest[k] for k in found[0]]
            p.factors = [f for k, f in enumerate(rest) if k not in found[0]] + [(node, idx, e + 1)]
            _forget_summed(p, whole, used, set(idx))
            return True
    return False


def _has_inverse(node: Node) -> bool:
    return isinstance(node, Call) and node.operation.name == "inv" and node.order == 2


def _forget_summed(p: _Product, inverse: Factor, used: list[Factor], kept: set[int]) -> None:
    """The indices summed inside the cancelled pair are gone with it: they must not count as sizes."""
    for i in {i for f in [inverse, *used] for i in f[1]} - kept:
        if i not in p.out and not any(i in f[1] for f in p.factors):
            _forget(p, i)


def _match(
    matrix: Node, factors: list[Factor], shared: int, matrix_first: bool, degree: dict[int, int]
) -> tuple[set[int], int] | None:
    """Factors that multiply to `matrix` with one end at `shared`; their places and the index of the other end.

    inv(M)[a,b] M[b,c]: the shared index is M's first axis. M[c,a] inv(M)[a,b]: it is M's second.
    """
    if not isinstance(matrix, Ein):
        for k, (node, idx, e) in enumerate(factors):
            if node is matrix and e == 1 and shared in idx:
                if node.symmetric:
                    return {k}, idx[1] if idx[0] == shared else idx[0]
                if idx[1 if matrix_first else 0] == shared:
                    return {k}, idx[0 if matrix_first else 1]
        return None
    first, last = matrix.out
    if first == last or matrix.coef != 1:
        return None
    start, end = (last, first) if matrix_first else (first, last)
    return _match_product(matrix, factors, {start: shared}, end, degree)


def _match_product(
    matrix: Ein,
    factors: list[Factor],
    bound: dict[int, int],
    end: int,
    degree: dict[int, int],
    free: set[int] | None = None,
) -> tuple[set[int], int] | None:
    """Place the factors of the pattern one after the other, with a stack of partial matches.

    Indices of the pattern must be as often in the product as in the pattern, except `end` and those in `free`.
    """
    open_ends = {end} | (free or set())
    inner: dict[int, int] = {}
    for _, idx, _ in matrix.factors:
        for i in idx:
            inner[i] = inner.get(i, 0) + 1
    stack: list[tuple[int, dict[int, int], frozenset[int]]] = [(0, bound, frozenset())]
    while stack:
        place, names, used = stack.pop()
        if place == len(matrix.factors):
            summed = [i for i in names if i not in open_ends]
            ok = len(set(names.values())) == len(names) and all(
                degree[names[i]] == inner[i] + (1 if i in matrix.out else 0) for i in summed
            )
            if ok and end in names:
                return set(used), names[end]
            continue
        node, idx, e = matrix.factors[place]
        for k, (other, other_idx, other_e) in enumerate(factors):
            if other is not node or other_e != e or k in used:
                continue
            orders = [other_idx, other_idx[::-1]] if node.symmetric else [other_idx]
            for order in orders:
                new = dict(names)
                if all(new.setdefault(i, j) == j for i, j in zip(idx, order, strict=True)):
                    stack.append((place + 1, new, used | {k}))
    return None


def _cancel_orthogonal(p: _Product) -> bool:
    """Q[k,i] Q[k,j] with k summed there only (or Q[i,k] Q[j,k]) becomes "i is j"."""
    seen = [f for f in p.factors if f[2] == 1 and has_fact(f[0], "orthogonal")]
    if len(seen) < 2:
        squares = [f for f in p.factors if f[2] == 2 and has_fact(f[0], "orthogonal")]
        return bool(squares) and _cancel_squares(p, squares)
    degree = p.degrees()
    for k, (node, idx, _) in enumerate(seen):
        for other, other_idx, _ in seen[k + 1 :]:
            for axis in (0, 1):
                if node is other and idx[axis] == other_idx[axis] and degree[idx[axis]] == 2 and idx[axis] not in p.out:
                    p.factors = [f for f in p.factors if f[1] not in (idx, other_idx) or f[0] is not node]
                    _forget(p, idx[axis])
                    p.unify(idx[1 - axis], other_idx[1 - axis])
                    return True
    return False


def _cancel_squares(p: _Product, squares: list[Factor]) -> bool:
    """The columns of an orthogonal matrix have length one: Q[k,i]^2 with k summed there only is one."""
    degree = p.degrees()
    for square in squares:
        for k in square[1]:
            if degree[k] == 1 and k not in p.out:
                p.factors.remove(square)
                _forget(p, k)
                return True
    return False


def _cancel_roots(p: _Product) -> bool:
    """Two equal factors whose product is known: sqrtm(X)*sqrtm(X) = X, L*L' = S for the Cholesky factor."""
    places = [k for k, f in enumerate(p.factors) if f[2] == 1 and _pair_rule(f[0]) is not None]
    if len(places) < 2:
        return False
    degree = p.degrees()
    for k in places:
        for m in places:
            (node, idx, _), (other, other_idx, _) = p.factors[k], p.factors[m]
            if m == k or node is not other:
                continue
            for a in (0, 1):
                for b in (0, 1):
                    shared = idx[a]
                    if shared != other_idx[b] or degree[shared] != 2 or shared in p.out or idx[0] == idx[1]:
                        continue
                    known = _pair_rule(node)(node, a, b)  # type: ignore[misc]
                    if known is None:
                        continue
                    p.factors = [f for place, f in enumerate(p.factors) if place not in (k, m)]
                    _forget(p, shared)
                    p.flatten([(known.node, (idx[1 - a], other_idx[1 - b]), 1)])
                    return True
    return False


def _merge_powers(p: _Product) -> bool:
    """An application beside a matrix that it takes in: X^p*X = X^(p+1)."""
    calls = [(f[0], f) for f in p.factors if f[2] == 1 and isinstance(f[0], Call) and f[0].order == 2]
    calls = [(node, f) for node, f in calls if node.operation.rule.merge is not None]
    degree = p.degrees() if calls else {}
    for node, call in calls:
        idx = call[1]
        for other in p.factors:
            if other is call or other[2] != 1 or len(other[1]) != 2:
                continue
            for flipped in (False, True):
                known = node.operation.rule.known_merge(node, other[0], flipped)
                view = other[1][::-1] if flipped else other[1]
                ends = _joined(idx, view, node.symmetric and other[0].symmetric) if known is not None else None
                if ends is None or degree[ends[0]] != 2 or ends[0] in p.out or idx[0] == idx[1] or known is None:
                    continue
                p.factors = [f for f in p.factors if f is not call and f is not other]
                _forget(p, ends[0])
                p.flatten([(known.node, ends[1:], 1)])
                return True
    return False


def _joined(one: Indices, other: Indices, either: bool) -> tuple[int, int, int] | None:
    """The index that two matrices share as in a product, and its ends; `either` if both are symmetric."""
    for a, b in ((1, 0), (0, 1)):
        if one[a] == other[b]:
            return (one[a], one[0], other[1]) if a else (one[a], other[0], one[1])
    for a in (0, 1) if either else ():
        if one[a] == other[a]:
            return one[a], one[1 - a], other[1 - a]
    return None


def _forget(p: _Product, index: int) -> None:
    """An index is gone, with all that were unified with it."""
    for i in [i for i in p.dims if p.find(i) == index]:
        del p.dims[i]


def _pair_rule(node: Node) -> Callable[[Node, int, int], Tensor | None] | None:
    return node.operation.rule.known_pair if isinstance(node, Call) and node.order == 2 else None


def _cancel_words(p: _Product) -> bool:
    """A chain of an application and its argument that has a shorter name: X*pinv(X)*X = X."""
    degree: dict[int, int] = {}
    for call in dict.fromkeys(f[0] for f in p.factors if isinstance(f[0], Call) and f[0].order == 2):
        known = call.operation.rule.words
        if not known or not isinstance(call, Call):
            continue
        degree = degree or p.degrees()
        argument, x = _bare(call.children[0])
        links = [
            (k, letter, start, end)
            for k, (node, idx, e) in enumerate(p.factors)
            if e == 1 and (node is call or node is argument) and idx[0] != idx[1]
            for letter, (start, end) in _readings(node, "f" if node is call else x, idx)
        ]
        for chain in _chains(links, degree, set(p.out), max(map(len, known))):
            word = "".join(letter for _, letter, _, _ in chain)
            if word in known:
                _respell(p, chain, known[word], {"f": call, x.lower(): argument}, x)
                return True
    return False


Link = tuple[int, str, int, int]


def _readings(node: Node, letter: str, idx: tuple[int, ...]) -> list[tuple[str, tuple[int, int]]]:
    """A factor read from left to right and, transposed, from right to left."""
    there, back = (idx[0], idx[1]), (idx[1], idx[0])
    return [(letter, there), (letter if node.symmetric else letter.swapcase(), back)]


def _bare(node: Node) -> tuple[Node, str]:
    """An argument without a transpose around it, and the letter that it is then."""
    if isinstance(node, Ein) and node.coef == 1 and len(node.factors) == 1 and node.out == (0, 1):
        inner, idx, e = node.factors[0]
        if e == 1 and idx == (1, 0):
            return inner, "X"
    return node, "x"


def _chains(links: list[Link], degree: dict[int, int], out: set[int], longest: int) -> Iterator[list[Link]]:
    """Matrix products of two and more links along indices that are summed there only."""
    stack = [[link] for link in links]
    while stack:
        chain = stack.pop()
        if len(chain) > 1:
            yield chain
        end = chain[-1][3]
        if len(chain) < longest and degree[end] == 2 and end not in out:
            used = {link[0] for link in chain}
            stack += [[*chain, link] for link in links if link[2] == end and link[0] not in used]


def _respell(p: _Product, chain: list[Link], word: str, nodes: dict[str, Node], x: str) -> None:
    """Put the factors of a word in the place of a chain; `x` is the letter of the argument as it stands."""
    start, end = chain[0][2], chain[-1][3]
    inner = [link[3] for link in chain[:-1]]
    p.factors = [f for k, f in enumerate(p.factors) if k not in {link[0] for link in chain}]
    stops = [start, *inner[: len(word) - 1], end]
    for i in inner[len(word) - 1 :]:
        _forget(p, i)
    for letter, a, b in zip(word, stops, stops[1:], strict=False):
        node = nodes[letter.lower()]
        there = letter == ("f" if letter.lower() == "f" else x)
        p.factors.append((node, (a, b) if there else (b, a), 1))
