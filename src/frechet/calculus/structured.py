"""Derivatives over a structured variable, as a final linear map on the derivative over all entries.

Two conventions, always named: by independent entries (the derivative by each number that determines the variable) and
tangent (the orthogonal projection on the space in which the variable can move, which is what an optimiser needs).

    fact             by independent entries     tangent
    symmetric, spd   G + G' - G.*eye            (G + G')/2
    diagonal         G.*eye                     G.*eye
    lower, upper     tril(G), triu(G)           tril(G), triu(G)
    skew             G - G'                     (G - G')/2
    toeplitz         diagsums(G)                diagmeans(G)
    orthogonal       -                          G/2 - X*G'*X/2
    simplex          -                          G - mean(G)

A Toeplitz matrix may have one of the others besides: the diagonals first, then the other rule.

Source: Magnus and Neudecker 1999, ch. 3 (duplication matrices); Absil, Mahony and Sepulchre 2008, ch. 3.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from frechet.core.dims import Size as Dims
from frechet.core.ein import ein
from frechet.core.node import Mask, Node, mask
from frechet.core.tensor import Tensor, contract
from frechet.ops.circulant import diagmeans, diagsums

Projection = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Structure:
    """How derivatives over a structured variable follow from the plain one, and how the conventions are called.

    `curved`: the directions that it can take depend on the variable itself.
    """

    word: str
    noun: str
    entries: Projection | None
    tangent: Projection
    entries_note: str
    tangent_note: str
    curved: bool = False

    def projection(self, mode: str) -> Projection | None:
        return self.tangent if mode == "tangent" else self.entries

    def note(self, mode: str) -> str:
        """What the derivative is over and how it follows from the plain gradient G."""
        if mode == "tangent":
            return f"projected on the directions that {self.noun} can take: {self.tangent_note}"
        return f"by the independent entries of {self.noun}: {self.entries_note}"


@dataclass(frozen=True, slots=True)
class Manifold:
    """A Riemannian gradient from the plain gradient G at a point X of the manifold; `metric` in words. `words` are the
    structures that a variable may be declared to have: those of every point."""

    noun: str
    gradient: Projection
    formula: str
    metric: str
    words: frozenset[str] = frozenset()

    def note(self) -> str:
        return f"Riemannian gradient on {self.noun}, {self.metric}: {self.formula}"


def _flip(G: Tensor) -> Tensor:
    return contract("bij->bji", G)


def _diagonal(G: Tensor) -> Tensor:
    return contract("bii->bii", G)


def _triangle(lower: bool) -> Projection:
    def project(G: Tensor, X: Tensor) -> Tensor:
        rows, cols = X.node.dims
        n = tuple(range(G.node.order))
        ends = n[-2:] if lower else n[:-3:-1]
        ones: Mask = mask(0, rows, cols)
        return G.like(ein(1, [(G.node, n, 1), (ones, ends, 1)], n, dict(enumerate(G.node.dims))))

    return project


def _orthogonal(G: Tensor, X: Tensor) -> Tensor:
    return (G - contract("ij,bkj,kl->bil", X, G, X)) / 2


def _simplex(G: Tensor, X: Tensor) -> Tensor:
    ones = contract("->i", sizes={"i": X.groups[0]})
    count = contract("i->", ones)
    return G - contract("bi,j->bj", G, ones) / count


_SYMMETRIC = Structure("symmetric", "a symmetric matrix", lambda G, X: G + _flip(G) - _diagonal(G),
                       lambda G, X: (G + _flip(G)) / 2, "G + G' - G.*eye", "(G + G')/2")  # fmt: skip
STRUCTURES: dict[str, Structure] = {
    "diagonal": Structure("diagonal", "a diagonal matrix", lambda G, X: _diagonal(G), lambda G, X: _diagonal(G),
                          "G.*eye", "G.*eye"),
    "symmetric": _SYMMETRIC,
    "spd": _SYMMETRIC,
    "lower": Structure("lower", "a lower triangle", _triangle(True), _triangle(True), "tril(G)", "tril(G)"),
    "upper": Structure("upper", "an upper triangle", _triangle(False), _triangle(False), "triu(G)", "triu(G)"),
    "toeplitz": Structure("toeplitz", "a Toeplitz matrix", lambda G, X: diagsums(G), lambda G, X: diagmeans(G),
                          "diagsums(G)", "diagmeans(G)"),
    "skew": Structure("skew", "a skew matrix", lambda G, X: G - _flip(G), lambda G, X: (G - _flip(G)) / 2, "G - G'",
                      "(G - G')/2"),
    "orthogonal": Structure("orthogonal", "an orthogonal matrix", None, _orthogonal, "", "(G - X*G'*X)/2",
                            curved=True),
    "simplex": Structure("simplex", "a point of the simplex", None, _simplex, "", "G - mean(G)"),
}  # fmt: skip


def _sphere(G: Tensor, X: Tensor) -> Tensor:
    letters = "ij"[: len(X.groups)]
    inner = contract(f"b{letters},{letters}->b", G, X)
    return G - contract(f"b,{letters}->b{letters}", inner, X)


def _stiefel(G: Tensor, X: Tensor) -> Tensor:
    return G - (contract("ij,kj,bkl->bil", X, X, G) + contract("ij,bkj,kl->bil", X, G, X)) / 2


def _grassmann(G: Tensor, X: Tensor) -> Tensor:
    return G - contract("ij,kj,bkl->bil", X, X, G)


def _spd(G: Tensor, X: Tensor) -> Tensor:
    return contract("ij,bjk,kl->bil", X, G + _flip(G), X) / 2


def _fisher(G: Tensor, x: Tensor) -> Tensor:
    return contract("i,bi->bi", x, G) - contract("i,j,bj->bi", x, x, G)


_EMBEDDED = "metric of the space around it"
MANIFOLDS: dict[str, Manifold] = {
    "sphere": Manifold("the unit sphere", _sphere, "G - sum(X.*G)*X", _EMBEDDED),
    "stiefel": Manifold(
        "matrices with orthonormal columns", _stiefel, "G - X*(X'*G + G'*X)/2", _EMBEDDED, frozenset({"orthogonal"})
    ),
    "grassmann": Manifold(
        "subspaces spanned by orthonormal columns", _grassmann, "G - X*X'*G", _EMBEDDED, frozenset({"orthogonal"})
    ),
    "spd": Manifold(
        "positive definite matrices", _spd, "X*(G + G')*X/2", "affine-invariant metric", frozenset({"spd", "symmetric"})
    ),
    "simplex": Manifold("the simplex", _fisher, "x.*G - (x'*G)*x", "Fisher metric", frozenset({"simplex"})),
}


_IMPLIED = {"spd": {"symmetric"}, "diagonal": {"symmetric", "lower", "upper"}}


def structures_of(words: Collection[str]) -> list[Structure]:
    """The structures that facts (and a domain) give to a variable, without those that others imply. More than one
    means that no rule is known for all of them together."""
    found = {word for word in STRUCTURES if word in words}
    if {"lower", "upper"} <= found:
        found.add("diagonal")
    found -= set().union(*(_IMPLIED.get(word, set()) for word in found))
    kept = [STRUCTURES[word] for word in STRUCTURES if word in found]
    toeplitz = STRUCTURES["toeplitz"]
    others = [s for s in kept if s is not toeplitz]
    if toeplitz in kept and len(others) == 1 and others[0].entries is not None:
        return [_of_toeplitz(others[0], others[0].entries)]
    return kept


def _of_toeplitz(other: Structure, entries: Projection) -> Structure:
    """A Toeplitz matrix that is symmetric, triangular, diagonal or skew too. Means along diagonals commute with the
    other projections, so one after the other is the projection on what both allow."""
    return Structure(
        f"toeplitz {other.word}", f"{other.noun} that is Toeplitz", lambda G, X: entries(diagsums(G), X),
        lambda G, X: other.tangent(diagmeans(G), X),
        f"{other.entries_note.replace('G', 'D')} with D = diagsums(G)",
        f"{other.tangent_note.replace('G', 'D')} with D = diagmeans(G)",
    )  # fmt: skip


def structured(tensor: Node, places: list[tuple[int, Dims, Node, Projection]]) -> Node:
    """The derivative with each variable's axes projected: (first axis, dims, variable, projection)."""
    for first, dims, variable, project in places:
        n = tuple(range(tensor.order))
        inside = tuple(range(first, first + len(dims)))
        rest = tuple(i for i in n if i not in inside)
        order = (*rest, *inside)
        sizes = dict(enumerate(tensor.dims))
        moved = ein(1, [(tensor, n, 1)], order, sizes)
        groups = (tuple(tensor.dims[i] for i in rest), *((d,) for d in dims))
        done = project(Tensor(moved, groups), Tensor(variable, tuple((d,) for d in dims)))
        tensor = ein(1, [(done.node, order, 1)], n, sizes)
    return tensor
