"""Powers of matrices with an integer exponent that is a name, or too large to multiply out: X^p.

Like the other functions of matrices: dmpower(X, p, E) is the derivative of X^p along E, the sum of X^k*E*X^(p-1-k) over
k from 0 to p - 1; dmpower(X, p, E, F) the second one. Where a direction commutes with X the sum collapses:
dmpower(X, p, E) = p*E*X^(p-1), so that the gradient of tr(X^p) is p*(X^(p-1))'.
"""

from __future__ import annotations

from typing import Any

from frechet.core.build import number_of
from frechet.core.ein import is_zero, transpose
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.core.node import Call, Ein, Node
from frechet.core.tensor import Tensor, contract
from frechet.ops.elementwise import power
from frechet.ops.inverse import det, inv, logdet
from frechet.ops.matrix_functions import central, flip, mixed, oriented, tower
from frechet.ops.op import adjoint, law, merge, op, partial

# Powers up to this one are written out as products: what stands in them can be told apart and merged.
WRITTEN_OUT = 3
_SOURCE = "Higham 2008, Functions of Matrices, problem 3.6"
_SLOTS = "np.block([[{X}, {E}], [np.zeros_like({X}), {X}]]), int({p}))[:len({X}), len({X}):]"
# Under jit the exponent is no number: a loop.
_JAX_BLOCK = "jnp.block([[{X}, {E}], [jnp.zeros_like({X}), {X}]])"
_JAX_POWER = ("(lambda M, p: jax.lax.fori_loop(0, jnp.abs(jnp.asarray(p)).astype(int), lambda i, P: P @ jnp.where("
              "p < 0, jnp.linalg.inv(M), M), jnp.eye(len(M), dtype=M.dtype)))(MATRIX, {p})")  # fmt: skip
_TORCH = ("torch.linalg.matrix_power(torch.cat((torch.cat(({X}, {E}), 1), torch.cat((torch.zeros_like({X}), {X}), 1))),"
          " int({p}))[:len({X}), len({X}):]")  # fmt: skip


def _value(X: Any, p: Any, *directions: Any) -> Any:
    exponent = np.ravel(p)[0]
    if exponent != np.round(exponent):
        return np.full_like(X, np.nan)
    return mixed(lambda M: np.linalg.matrix_power(M, int(exponent)), X, directions)


@op("mpower(X, p)", sig="(n,n),int->(n,n)", symmetric=lambda X, p: transpose(X.node) is X.node,
    transposes="equivariant", value=_value, domain="p >= 0 or det(X) != 0", sample="whole",
    latex=r"{X}^{{p}}", source=_SOURCE,
    code={"numpy": "np.linalg.matrix_power({X}, int({p}))", "jax": _JAX_POWER.replace("MATRIX", "{X}"),
          "torch": "torch.linalg.matrix_power({X}, int({p}))"},
    example=("tr(mpower(X, p))", "X", "p*mpower(X, p - 1)'"))  # fmt: skip
def mpower(X: Tensor, p: Tensor, dX: Tensor) -> Tensor:
    """X^p for an integer p: d X^p = dmpower(X, p, dX)."""
    return dmpower(X, p, dX)


@partial("mpower")
def _by_exponent(X: Tensor, p: Tensor, dp: Tensor) -> Tensor:
    """There is none: the exponent is an integer."""
    raise problem("E502", "The exponent of a power of a matrix is an integer: there is no derivative by it.")


@op("dmpower(X, p, E, F, G)", linear=2, symmetric=lambda X, p, *E: all(transpose(M.node) is M.node for M in (X, *E)),
    sig="; ".join("(n,n),int" + ",(n,n)" * k + "->(n,n)" for k in range(1, 4)), transposes="equivariant", value=_value,
    domain="p >= 0 or det(X) != 0", sample="whole", latex=r"\operatorname{dmpower}({X}, {p}, {E})",
    source=_SOURCE,
    code={"numpy": f"np.linalg.matrix_power({_SLOTS}", "torch": _TORCH,
          "jax": _JAX_POWER.replace("MATRIX", _JAX_BLOCK) + "[:len({X}), len({X}):]"},
    example=("a'*dmpower(X, p, E)*b", "E", "dmpower(X', p, a*b')"))  # fmt: skip
def dmpower(X: Tensor, p: Tensor, *directions: Tensor) -> Tensor:
    """Derivative of X^p along E (and F, and G): the sum of X^k*E*X^(p-1-k), k from 0 to p - 1; linear in each."""
    return dmpower(X, p, *directions)


@partial("dmpower")
def _derivative_by_exponent(X: Tensor, p: Tensor, *rest: Tensor) -> Tensor:
    """There is none: the exponent is an integer."""
    raise problem("E502", "The exponent of a power of a matrix is an integer: there is no derivative by it.")


@adjoint("dmpower")
def _dmpower_adjoint(place: int, X: Tensor, p: Tensor, *directions: Tensor) -> Tensor:
    """The same at X', what is pulled back in the last place."""
    others = [flip(E) for k, E in enumerate(directions, start=2) if k != place]
    return dmpower(X.T, p, *others, directions[place - 2])


@law("dmpower")
def dmpower_of_small(X: Tensor, p: Tensor, *directions: Tensor) -> Tensor | None:
    """dmpower(X, 1, E) = E; of a small exponent the sum itself: dmpower(X, 2, E) = E*X + X*E."""
    value = number_of(p.node)
    if value is None or not -WRITTEN_OUT <= value <= WRITTEN_OUT or len(directions) > 1:
        return None
    return written_out(X, int(value), directions[0])


def written_out(X: Tensor, n: int, E: Tensor | None = None) -> Tensor:
    """X^n as a product; along E the sum over its places in it: E*X + X*E."""
    if E is None:
        return _whole(X, n)
    step = 1 if n >= 0 else -1
    e = "bjk" if len(E.groups) > 2 else "jk"
    result = 0 * E
    for k in range(n) if n > 0 else range(n, 0):
        result = result + step * contract(f"ij,{e},kl->{e[:-2]}il", _whole(X, k), E, _whole(X, n - 1 - k))
    return result


@law("dmpower")
def dmpower_of_commuting(X: Tensor, p: Tensor, *directions: Tensor) -> Tensor | None:
    """dmpower(X, p, E) = p*E*X^(p-1) where E and X commute."""
    k = central(X, directions)
    if k is None:
        return None
    others = [E for j, E in enumerate(directions) if j != k]
    rest = dmpower(X, p - 1, *others) if others else Tensor(mpower(X, p - 1).node, ((), *X.groups))
    return p * contract("bij,cjk->bik", directions[k], rest)


@law("dmpower")
def dmpower_order(X: Tensor, p: Tensor, *directions: Tensor) -> Tensor | None:
    """dmpower(X', p, E') = dmpower(X, p, E)'; the order of the directions does not matter."""
    return tower(lambda M, *E: dmpower(M, p, *E), X, directions)


def _whole(X: Tensor, exponent: int) -> Tensor:
    """X^k written out."""
    if exponent == 0:
        return contract("->ii", sizes={"i": X.groups[0]})
    base = X if exponent > 0 else inv(X)
    result = base
    for _ in range(abs(exponent) - 1):
        result = contract("ij,jk->ik", result, base)
    return result


def _called(X: Tensor) -> tuple[Tensor, Tensor] | None:
    """Y and q of X = Y^q."""
    if X.node.order != 2:
        return None
    for flipped, n in enumerate((X.node, X.T.node)):
        if isinstance(n, Call) and n.operation.name == "mpower":
            base = X.like(n.children[0])
            return base.T if flipped else base, Tensor(n.children[1], ())
    return None


def _upright(X: Tensor) -> bool:
    """Whether X and not X' is the one to keep: a matrix itself before its transpose."""
    if X.node.order != 2 or isinstance(X.node, Ein) == isinstance(X.T.node, Ein):
        return oriented(X)
    return not isinstance(X.node, Ein)


@law("mpower")
def mpower_of_small(X: Tensor, p: Tensor) -> Tensor | None:
    """X^0 = eye, X^1 = X, and small powers written out; s^p of a scalar."""
    if X.node.order == 0:
        return X.like(power(Tensor(X.node, ()), p).node)
    value = number_of(p.node)
    return None if value is None or not -WRITTEN_OUT <= value <= WRITTEN_OUT else _whole(X, int(value))


@law("mpower")
def mpower_of_known(X: Tensor, p: Tensor) -> Tensor | None:
    """(Y^q)^p = Y^(p*q), inv(Y)^p = Y^(-p), diag(x)^p = diag(x.^p), zeros stay zeros."""
    inner = _called(X)
    if inner is not None:
        return mpower(inner[0], inner[1] * p)
    n = X.node
    if isinstance(n, Call) and n.operation.name == "inv":
        return mpower(X.like(n.children[0]), -p)
    if len(X.groups[0]) == 1 and getattr(n, "out", (0, 1)) in ((0, 0),) and not is_zero(n):
        return contract("i->ii", power(contract("ii->i", X), p))
    return None


@law("mpower")
def mpower_orientation(X: Tensor, p: Tensor) -> Tensor | None:
    """(X')^p = (X^p)'."""
    return None if _upright(X) else mpower(X.T, p).T


@law("inv")
def inv_of_power(X: Tensor) -> Tensor | None:
    """inv(X^p) = X^(-p)."""
    inner = _called(X)
    return None if inner is None else mpower(inner[0], -inner[1])


@law("det")
def det_of_power(X: Tensor) -> Tensor | None:
    """det(X^p) = det(X)^p."""
    inner = _called(X)
    return None if inner is None else power(det(inner[0]), inner[1])


@law("logdet")
def logdet_of_power(X: Tensor) -> Tensor | None:
    """logdet(X^p) = p*logdet(X)."""
    inner = _called(X)
    return None if inner is None else inner[1] * logdet(inner[0])


@merge("mpower")
def powers_beside(X: Tensor, p: Tensor, other: Node, flipped: bool) -> Tensor | None:
    """X^p*X = X^(p+1), X^p*inv(X) = X^(p-1), X^p*X^q = X^(p+q)."""
    base = X.T.node if flipped else X.node
    if other is base:
        return mpower(X, p + 1)
    if isinstance(other, Call) and other.children[0] is base:
        if other.operation.name == "inv":
            return mpower(X, p - 1)
        if other.operation.name == "mpower":
            return mpower(X, p + Tensor(other.children[1], ()))
    return None


def matrix_power(X: Tensor, exponent: Node) -> Node:
    """X^p as it is typed."""
    return mpower(X, Tensor(exponent, ())).node
