"""Whether determinants at a point are of matrices that can be inverted: else they are differentiated by cofactors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from frechet.core.lazy import np
from frechet.core.node import Call, Node, topological
from frechet.equality.interpret import interpret

# From this ratio of singular values on a matrix counts as singular: its inverse has no digits left to give.
SINGULAR = 1e-10


def is_regular(root: Node, values: Mapping[str, Any], sizes: Mapping[str, int]) -> bool:
    """Whether every matrix of a determinant can be inverted; `root` is lowered with `ops.cofactors.BY_COFACTORS`."""
    return all(_invertible(interpret(n.children[0], values, sizes)) for n in topological([root])
               if isinstance(n, Call) and n.operation.name in ("determinant", "cofactor", "dcofactor"))  # fmt: skip


def _invertible(X: Any) -> bool:
    if X.ndim != 2 or not np.all(np.isfinite(X)):
        return True
    singular = np.linalg.svd(X, compute_uv=False)
    return bool(singular[-1] > SINGULAR * singular[0])
