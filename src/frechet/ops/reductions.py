"""Sums over entries and their relatives."""

from __future__ import annotations

from frechet.core.build import add, apply_map
from frechet.core.ein import ein
from frechet.core.lazy import np, scipy
from frechet.core.node import mask, size_node
from frechet.core.tensor import Tensor, contract, scalar
from frechet.ops.op import REGISTRY, composed, law, op


def total(x: Tensor) -> Tensor:
    """Sum of all entries."""
    n = tuple(range(x.node.order))
    return Tensor(ein(1, [(x.node, n, 1)], (), dict(enumerate(x.node.dims))), ())


def count(x: Tensor) -> Tensor:
    """Number of entries."""
    value = scalar(1)
    for d in x.node.dims:
        value = value * (d if isinstance(d, int) else Tensor(size_node(d), ()))
    return value


@composed("sum(X, axis)", sig="*->(); (m,n),1->(1,n); (m,n),2->(m,1)", latex=r"\operatorname{sum}({X})",
          value=lambda X, axis=None: np.sum(X) if axis is None else np.sum(X, axis=int(axis) - 1),
          example=("sum(x)", "x", "ones(n)"))  # fmt: skip
def sum_(X: Tensor, axis: int | None = None) -> Tensor:
    """Sum of all entries; over the rows (axis 1, a row) or over the columns (axis 2, a column)."""
    if axis is None:
        return total(X)
    return contract("ij->j" if axis == 1 else "ij->i", X)


@composed("mean(X)", sig="*->()", value=lambda X: np.mean(X), latex=r"\operatorname{mean}({X})",
          code={"numpy": "np.mean({X})", "jax": "jnp.mean({X})", "torch": "torch.mean({X})"},
          example=("mean(x.^2)", "x", "2*x/n"))  # fmt: skip
def mean(X: Tensor) -> Tensor:
    """Mean of all entries."""
    return total(X) / count(X)


@op("softmax(x)", sig="(n)->(n)", sums_to_one=True, value=lambda x: scipy.special.softmax(x), facts=["positive"],
    latex=r"\operatorname{softmax}({x})",
    code={"numpy": "softmax({x})", "jax": "jax.nn.softmax({x})", "torch": "torch.softmax({x}, 0)"},
    example=("a'*softmax(x)", "x", "softmax(x).*a - (a'*softmax(x))*softmax(x)"))  # fmt: skip
def softmax(x: Tensor, dx: Tensor) -> Tensor:
    """exp(x)/sum(exp(x)): ds = s.*dx - s*(s'*dx)."""
    s = softmax(x)
    return s * dx - s * contract("i,i->", s, dx)


@op("logsumexp(x)", sig="(n)->()", value=lambda x: scipy.special.logsumexp(x), latex=r"\operatorname{logsumexp}({x})",
    code={"numpy": "logsumexp({x})", "jax": "jax.scipy.special.logsumexp({x})", "torch": "torch.logsumexp({x}, 0)"},
    example=("logsumexp(x)", "x", "softmax(x)"))  # fmt: skip
def logsumexp(x: Tensor, dx: Tensor) -> Tensor:
    """log(sum(exp(x))), stable: d = softmax(x)'*dx."""
    return contract("i,i->", softmax(x), dx)


@composed("norm1(X)", sig="*->()", value=lambda X: np.sum(np.abs(X)), latex=r"\lVert {X} \rVert_1", kink="some X = 0",
          there="the subdifferential is [-1, 1] in these entries; the formula gives 0", autodiff=("1", "0"),
          code={"numpy": "np.abs({X}).sum()", "jax": "jnp.abs({X}).sum()", "torch": "torch.abs({X}).sum()"},
          example=("norm1(x)", "x", "sign(x)"))  # fmt: skip
def norm1(X: Tensor) -> Tensor:
    """Sum of the absolute values of the entries."""
    return total(X.like(apply_map(REGISTRY["abs"], [X.node])))


@op("prod(X)", sig="*->()", transposes="invariant", value=lambda X: np.prod(X), latex=r"\operatorname{prod}({X})",
    code={"numpy": "np.prod({X})", "jax": "jnp.prod({X})", "torch": "torch.prod({X})"},
    example=("prod(x)", "x", "prod(x)*(ones(n)./x)"))  # fmt: skip
def prod(X: Tensor, dX: Tensor) -> Tensor:
    """Product of all entries: d prod(X) = prod(X)*sum(dX./X), where no entry is 0."""
    return prod(X) * total(dX / X)


@law("prod")
def prod_of_scalar(X: Tensor) -> Tensor | None:
    """prod(s) = s."""
    return X if X.node.order == 0 else None


@composed("norminf(X)", sig="*->()", value=lambda X: np.max(np.abs(X)), latex=r"\lVert {X} \rVert_\infty",
          kink="two largest entries of abs(X) are equal",
          there="the subdifferential is the hull of sign(X) in each of these entries; the formula gives their mean",
          autodiff=("their mean", "their mean"),
          code={"numpy": "np.abs({X}).max()", "jax": "jnp.abs({X}).max()", "torch": "torch.abs({X}).max()"},
          example=("norminf(x)", "x", "sign(x).*atmax(abs(x))"))  # fmt: skip
def norminf(X: Tensor) -> Tensor:
    """Largest absolute value of the entries."""
    largest: Tensor = REGISTRY["max"].build(X.like(apply_map(REGISTRY["abs"], [X.node])))
    return largest


@composed("cumsum(x)", sig="(n)->(n)", value=lambda x: np.cumsum(x), latex=r"\operatorname{cumsum}({x})",
          code={"numpy": "np.cumsum({x})", "jax": "jnp.cumsum({x})", "torch": "torch.cumsum({x}, 0)"},
          example=("a'*cumsum(x)", "x", "revcumsum(a)"))  # fmt: skip
def cumsum(x: Tensor) -> Tensor:
    """Sums of the first entries: a lower triangle of ones times x."""
    return _running(x, first=True)


@composed("revcumsum(x)", sig="(n)->(n)", value=lambda x: np.cumsum(x[::-1])[::-1],
          latex=r"\operatorname{revcumsum}({x})",
          code={"numpy": "np.cumsum({x}[::-1])[::-1]", "jax": "jnp.cumsum({x}[::-1])[::-1]",
                "torch": "torch.cumsum({x}.flip(0), 0).flip(0)"},
          example=("a'*revcumsum(x)", "x", "cumsum(a)"))  # fmt: skip
def revcumsum(x: Tensor) -> Tensor:
    """Sums of the last entries, the adjoint of cumsum: an upper triangle of ones times x."""
    return _running(x, first=False)


def _running(x: Tensor, first: bool) -> Tensor:
    """Sums of the entries up to each (`first`), or from each on. Of several axes, vec(X), the first one counts most: an
    entry comes before another if it does on the first axis on which they differ."""
    order, whole = x.node.order, tuple(range(x.node.order))
    terms = []
    for k in whole:
        summed = tuple(range(order, 2 * order - k))  # the axes from k on
        dims = dict(enumerate((*x.node.dims, *x.node.dims[k:])))
        up_to = mask(0, x.node.dims[k], x.node.dims[k])
        pair = (k, order) if first else (order, k)
        terms.append((1, ein(1, [(up_to, pair, 1), (x.node, (*whole[:k], *summed), 1)], whole, dims)))
        if k < order - 1:  # strictly before on this axis: without those that differ on later axes only
            del dims[order]
            terms.append((-1, ein(1, [(x.node, (*whole[: k + 1], *summed[1:]), 1)], whole, dims)))
    return x.like(add(terms, x.node.dims)) if terms else x


@op("cumprod(x)", sig="(n)->(n)", value=lambda x: np.cumprod(x), latex=r"\operatorname{cumprod}({x})",
    code={"numpy": "np.cumprod({x})", "jax": "jnp.cumprod({x})", "torch": "torch.cumprod({x}, 0)"},
    example=("a'*cumprod(x)", "x", "revcumsum(cumprod(x).*a)./x"))  # fmt: skip
def cumprod(x: Tensor, dx: Tensor) -> Tensor:
    """Products of the first entries: d cumprod(x) = cumprod(x).*cumsum(dx./x), where no entry is 0."""
    return cumprod(x) * cumsum(dx / x)


@law("cumprod")
def cumprod_of_scalar(x: Tensor) -> Tensor | None:
    """cumprod(s) = s."""
    return x if x.node.order == 0 else None
