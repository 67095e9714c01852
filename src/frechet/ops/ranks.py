"""Order statistics: the entry of a given rank. Smooth wherever the entries differ: the change is that of one entry."""

from __future__ import annotations

from typing import Any

from frechet.core.build import number_of
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.core.tensor import Tensor, contract
from frechet.ops.op import law, op

_KINK = "two entries of x are equal"


def _place(x: Any, k: Any) -> Any:
    rank, flat = float(np.ravel(k)[0]), np.ravel(x)
    exists = 1 <= rank <= flat.size and rank.is_integer()
    return np.argsort(flat, kind="stable")[int(rank) - 1] if exists else -1


def _at(x: Any, k: Any) -> Any:
    place = _place(x, k)
    return (np.arange(np.size(x)) == place) * 1.0 if place >= 0 else np.full(np.size(x), np.nan)


@op("atkth(x, k)", sig="(n),int->(n)", value=_at, jumps=True, kink=_KINK, there="it jumps: no derivative",
    facts=["nonnegative"], sample="rank", latex=r"\operatorname{atkth}({x}, {k})",
    code={"numpy": "(np.arange(len({x})) == np.argsort({x})[int({k}) - 1]) * 1.0",
          "jax": "(jnp.arange(len({x})) == jnp.argsort({x})[jnp.asarray({k}, int) - 1]) * 1.0",
          "torch": "(torch.arange(len({x})) == torch.argsort({x})[int({k}) - 1]).to({x}.dtype)"},
    example=("sum(atkth(x, k))", "x", "zeros(n)"))  # fmt: skip
def atkth(x: Tensor, k: Tensor, dx: Tensor) -> Tensor:
    """1 at the k-th smallest entry, 0 elsewhere."""
    return 0 * dx


@op("kth(x, k)", sig="(n),int->()", value=lambda x, k: np.sum(np.where(_at(x, k) != 0, np.ravel(x) * _at(x, k), 0.0)),
    kink=_KINK, there="subgradients lie in the hull of the unit vectors of these entries; the formula gives one",
    sample="rank", latex=r"{x}_{({k})}", source="Boyd and Vandenberghe 2004, ch. 3.2.3",
    code={"numpy": "np.sort({x})[int({k}) - 1]", "jax": "jnp.sort({x})[jnp.asarray({k}, int) - 1]",
          "torch": "torch.sort({x})[0][int({k}) - 1]"},
    example=("kth(x, k)", "x", "atkth(x, k)"))  # fmt: skip
def kth(x: Tensor, k: Tensor, dx: Tensor) -> Tensor:
    """The k-th smallest entry, k from 1 to n: its change is that of the entry."""
    return contract("i,i->", dx, atkth(x, k))


@law("kth")
def kth_of_scalar(x: Tensor, k: Tensor) -> Tensor | None:
    """kth(s, 1) = s."""
    _check_rank(k)
    return x if x.node.order == 0 else None


@law("atkth")
def atkth_of_scalar(x: Tensor, k: Tensor) -> Tensor | None:
    """atkth(s, 1) = 1."""
    _check_rank(k)
    return 0 * x + 1 if x.node.order == 0 else None


def _check_rank(k: Tensor) -> None:
    """Ranks count from 1. How many entries there are may be known only with the arrays."""
    rank = number_of(k.node)
    if rank is not None and rank < 1:
        raise problem("E302", f"No entry has the rank {rank}: they count from 1, the smallest.")
