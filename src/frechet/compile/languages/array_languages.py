"""NumPy, jax.numpy and torch as languages: what the records of the operations do not say."""

from __future__ import annotations

import keyword

from frechet.compile.languages.language import Language

SPECIAL = ("erf", "expit", "logsumexp", "softmax")

_WORDS = {
    "vector_of": "np.full({0}, {1})", "matrix_of": "np.full(({0}, {1}), {2})",
    "ones_vector": "np.ones({0})", "ones_matrix": "np.ones(({0}, {1}))",
    "zeros_vector": "np.zeros({0})", "zeros_matrix": "np.zeros(({0}, {1}))",
    "eye": "np.eye({0})", "unit": "np.eye(1, {0}, {1})[0]",
    "diag": "np.diag({0})", "outer": "np.outer({0}, {1})", "solve": "np.linalg.solve({0}, {1})",
    "total1": "{0}.sum()", "total2": "{0}.sum()", "row_sums": "{0}.sum(axis=1)", "column_sums": "{0}.sum(axis=0)",
    "matrix_power": "np.linalg.matrix_power({0}, {1})", "product_diagonal": 'np.einsum("ij,ji->i", {0}, {1})',
    "vec": "{0}.ravel()", "mat": "{0}.reshape({1}, {2})",
    "commutation": "np.eye({2}).reshape({1}, {0}, {2}).transpose(1, 0, 2).reshape({2}, {2})",
    "entries": "np.array([|[|, |]|, |])", "vector": "np.array([||, ||, |])", "blocks": "np.block([|[|, |]|, |])",
    "stack": "np.hstack([||, ||, |])", "floats": "{0}.0",
    "choice": "np.where(TEST, {0}, {1})",
}  # fmt: skip

_TAKEN = frozenset(("np", "jnp", "jax", "torch", "scipy", *SPECIAL, *keyword.kwlist))


def _in(prefix: str) -> dict[str, str]:
    return {n: t.replace("np.", f"{prefix}.") for n, t in _WORDS.items()}


_TORCH = _in("torch") | {
    "vector_of": "torch.full(({0},), {1}, dtype=DTYPE)", "matrix_of": "torch.full(({0}, {1}), {2}, dtype=DTYPE)",
    "ones_vector": "torch.ones({0}, dtype=DTYPE)", "ones_matrix": "torch.ones(({0}, {1}), dtype=DTYPE)",
    "zeros_vector": "torch.zeros({0}, dtype=DTYPE)", "zeros_matrix": "torch.zeros(({0}, {1}), dtype=DTYPE)",
    "eye": "torch.eye({0}, dtype=DTYPE)", "unit": "torch.eye({0}, dtype=DTYPE)[{1}]",
    "commutation": "torch.eye({2}, dtype=DTYPE).reshape({1}, {0}, {2}).permute(1, 0, 2).reshape({2}, {2})",
}  # fmt: skip
for _name in ("entries", "vector", "blocks", "stack"):
    del _TORCH[_name]

NUMPY = Language("numpy", _WORDS, taken=_TAKEN, refuses=frozenset(("entry",)))
JAX = Language("jax", _in("jnp"), taken=_TAKEN)
TORCH = Language("torch", _TORCH, taken=_TAKEN, refuses=frozenset(("entry",)))
