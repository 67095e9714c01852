"""Products of entries, differentiated without a division: right where entries are zero.

The language has d prod(x) = prod(x)*sum(dx./x), for which no entry may be 0. Compiled code has the product of all other
entries instead, made of the products before and after each entry; of running products the Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable

from frechet.compile.stable.functions import FUNCTIONS
from frechet.compile.stable.series import coprod, coprod2, dcumprod
from frechet.core.lazy import np
from frechet.core.node import Call, var
from frechet.core.tensor import Tensor, contract
from frechet.ops import REGISTRY
from frechet.ops.op import op


def _template(name: str) -> dict[str, str]:
    return dict.fromkeys(("numpy", "jax", "torch"), f"{name}({{x}})")


@op("prod(x)", sig="(n)->()", value=lambda x: np.prod(x), code=REGISTRY["prod"].code, register=False)
def _prod(x: Tensor, dx: Tensor) -> Tensor:
    """Product of all entries, as in the language."""
    return contract("i,i->", _coprod(x), dx)


@op("coprod(x)", sig="(n)->(n)", value=coprod, code=_template("coprod"), register=False)
def _coprod(x: Tensor, dx: Tensor) -> Tensor:
    """For every entry the product of all others."""
    return contract("ij,j->i", _coprod2(x), dx)


@op("coprod2(x)", sig="(n)->(n,n)", symmetric=lambda x: True, value=coprod2, code=_template("coprod2"),
    register=False)  # fmt: skip
def _coprod2(x: Tensor, dx: Tensor) -> Tensor:
    """For every pair of entries the product of all others, 0 on the diagonal. Its own derivative, which no second
    derivative needs, is that where no entry is 0."""
    ones, one = x**0, dx / x
    return _coprod2(x) * (contract("i,j,k->ij", ones, ones, one) - contract("i,j->ij", one, ones)
                          - contract("i,j->ij", ones, one))  # fmt: skip


@op("cumprod(x)", sig="(n)->(n)", value=lambda x: np.cumprod(x), code=REGISTRY["cumprod"].code, register=False)
def _cumprod(x: Tensor, dx: Tensor) -> Tensor:
    """Products of the first entries, as in the language."""
    return contract("ij,j->i", _dcumprod(x), dx)


@op("dcumprod(x)", sig="(n)->(n,n)", value=dcumprod, code=_template("dcumprod"), register=False)
def _dcumprod(x: Tensor, dx: Tensor) -> Tensor:
    """The Jacobian of cumprod(x). Its own derivative is that where no entry is 0."""
    ones, one = x**0, dx / x
    before: Tensor = REGISTRY["cumsum"].build(one)
    return _dcumprod(x) * (contract("i,j->ij", before, ones) - contract("i,j->ij", ones, one))


def _flat(X: Tensor) -> Tensor:
    """The entries on one axis."""
    return Tensor(X.node, (X.node.dims,)) if X.node.order else X


WITHOUT_DIVISION: dict[str, Callable[..., Tensor]] = {
    "prod": lambda X: _prod(_flat(X)) if X.node.order else X,
    "cumprod": lambda x: _cumprod(x) if x.node.order else x,
}
"""Operations of compiled code, instead of those of the language."""

_VARIABLE = Tensor(var("x", ("n",)), (("n",),))
for _made in (_coprod, _coprod2, _dcumprod):
    _call = _made(_VARIABLE).node
    assert isinstance(_call, Call)
    FUNCTIONS[_call.operation.name] = _call.operation
