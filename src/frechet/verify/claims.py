"""How a printed derivative acts on directions, form by form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from frechet.core.lazy import np
from frechet.reference.program import Program

Array = Any
FORMS = ("gradient", "jacobian", "denominator", "vec", "operator")


def contraction(
    form: str, claim: Program, out: tuple[int, ...], wrt: Sequence[str], fixed: frozenset[str] = frozenset()
) -> Callable[[Mapping[str, Array], Mapping[str, Array]], Array]:
    """The function (arrays, directions by name) -> the claimed change of the order below, of shape `out`.

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
        return lambda arrays, V: claim({**arrays, **{d: V[name] for d, name in pairs}}).reshape(out)
    order = "F" if form == "vec" else "C"
    count = int(np.prod(out, dtype=int))

    def along(arrays: Mapping[str, Array], V: Mapping[str, Array]) -> Array:
        flat = np.concatenate([V[name].reshape(-1, order=order) for name in wrt])
        value = claim(arrays)
        if count == 1 and form in ("jacobian", "denominator") and value.ndim == 2 and len(wrt) == 1:
            turned = value.T if form == "jacobian" else value
            return np.sum(turned * V[wrt[0]]).reshape(out)
        if form == "denominator":
            return (flat @ value.reshape((flat.size, count))).reshape(out)
        return (value.reshape((count, flat.size)) @ flat).reshape(out, order=order)

    return along
