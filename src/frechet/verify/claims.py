"""How a printed derivative acts on directions, form by form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from frechet.core.lazy import np, scipy
from frechet.language.tree import Tree, fold
from frechet.reference.program import Program

Array = Any
Tangent = Callable[[str, Array, Array], Array]
"""(name of a variable, its value, any direction) -> a direction in which it may move."""
FORMS = ("gradient", "jacobian", "denominator", "vec", "operator")


def contraction(
    form: str, claim: Program, out: tuple[int, ...], wrt: Sequence[str], fixed: frozenset[str] = frozenset()
) -> Callable[..., Array]:
    """The function (arrays, directions by name) -> the claimed change of the order below, of shape `out`; a generator
    as third argument shakes it (see `Program.shaken`).

    gradient     sum(G .* V) of a scalar
    jacobian     rows are the entries of the output, columns those of the variable; a derivative by a scalar has the
                 shape of the output, that of a scalar by a matrix the transposed shape of the matrix
    denominator  its transpose
    vec          d vec(F) / d vec(X)', column-major
    operator     dX -> e: the direction goes in; names in `fixed` are directions of the order below
    """
    if form not in FORMS:
        raise ValueError(f"unknown form {form}")
    if form == "operator":
        own = [d for d in claim.directions if d not in fixed]
        if len(own) != len(wrt):
            raise ValueError(f"a linear map of {claim.directions} cannot be checked along {wrt}")
        pairs = list(zip(own, wrt, strict=True))

        def applied(arrays: Mapping[str, Array], V: Mapping[str, Array], rng: Any = None) -> Array:
            return claim({**arrays, **{d: V[name] for d, name in pairs}}, rng).reshape(out)

        return applied
    order = "F" if form == "vec" else "C"
    count = int(np.prod(out, dtype=int))

    def along(arrays: Mapping[str, Array], V: Mapping[str, Array], rng: Any = None) -> Array:
        flat = np.concatenate([V[name].reshape(-1, order=order) for name in wrt])
        value = claim(arrays, rng)
        if count == 1 and form in ("jacobian", "denominator") and value.ndim == 2 and len(wrt) == 1:
            turned = value.T if form == "jacobian" else value
            return np.sum(turned * V[wrt[0]]).reshape(out)
        if form == "denominator":
            return (flat @ value.reshape((flat.size, count))).reshape(out)
        return (value.reshape((count, flat.size)) @ flat).reshape(out, order=order)

    return along


def is_zero(tree: Tree) -> bool:
    """Whether a printed derivative is seen to be zero without its values: 0*x, zeros(n), dX -> 0."""

    def visit(t: Tree, parts: Sequence[bool]) -> bool:
        if t.kind == "number":
            return bool(t.value == 0)
        if t.kind in ("mul", "dotmul"):
            return any(parts)
        if t.kind in ("add", "sub", "dotadd", "dotsub", "neg", "transpose", "index", "matrix"):
            return all(parts)
        return t.name == "zeros" if t.kind == "call" else t.kind in ("arrow", "where") and parts[0]

    return fold(tree, visit)


def tangent_of(facts: Mapping[str, frozenset[str]]) -> Tangent:
    """Directions that keep a variable what it is declared to be.

    A printed derivative may use a fact, S for S' where S is symmetric; its own derivative can then be seen only along
    directions that keep the fact.
    """

    def tangent(name: str, x: Array, V: Array) -> Array:
        for fact in sorted(facts.get(name, ())):
            V = _TANGENTS[fact](x, V) if fact in _TANGENTS else V
        return V

    return tangent


_TANGENTS: dict[str, Callable[[Array, Array], Array]] = {
    "symmetric": lambda x, V: (V + V.T) / 2,
    "spd": lambda x, V: (V + V.T) / 2,
    "skew": lambda x, V: (V - V.T) / 2,
    "diagonal": lambda x, V: np.diag(np.diag(V)),
    "lower": lambda x, V: np.tril(V),
    "upper": lambda x, V: np.triu(V),
    "toeplitz": lambda x, V: scipy.linalg.toeplitz(
        [np.mean(np.diag(V, -k)) for k in range(len(V))], [np.mean(np.diag(V, k)) for k in range(len(V))]),
    "orthogonal": lambda x, V: (V - x @ V.T @ x) / 2,
    "idempotent": lambda x, V: x @ V + V @ x - 2 * x @ V @ x,
    "simplex": lambda x, V: V - np.mean(V),
    "unit_norm": lambda x, V: V - x * np.sum(x * V),
}  # fmt: skip
