"""The value of a node: plain einsum, node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from frechet.core.lazy import np
from frechet.core.node import Add, Call, Ein, Map, Mask, Node, Pick, Size, Unit, Var, topological
from frechet.ops.op import arguments


def interpret(root: Node, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
    """The array of `root`, one axis for each of its axes. `arrays` by variable name, in any shape of that many
    entries; `sizes` gives the value of every named size."""
    return interpret_all([root], arrays, sizes)[root]


def interpret_all(roots: Sequence[Node], arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[Node, Any]:
    """The arrays of some nodes and of every node below them."""

    def lengths(dims: tuple[Any, ...]) -> tuple[int, ...]:
        return tuple(d if isinstance(d, int) else sizes[d] for d in dims)

    value: dict[Node, Any] = {}
    for node in topological(roots):
        shape = lengths(node.dims)
        if isinstance(node, Ein):
            value[node] = _product(node, value, lengths(node.index_dims))
        elif isinstance(node, Add):
            value[node] = sum(float(c) * value[n] for c, n in node.terms)
        elif isinstance(node, Map):
            assert node.operation.value is not None
            value[node] = node.operation.value(*[value[a] for a in node.children])
        elif isinstance(node, Call):
            value[node] = _opaque(node, value, lengths)
        else:
            value[node] = _leaf(node, arrays, sizes, shape)
    return value


def _leaf(node: Node, arrays: Mapping[str, Any], sizes: Mapping[str, int], shape: tuple[int, ...]) -> Any:
    if isinstance(node, Var):
        return np.asarray(arrays[node.name], dtype=float).reshape(shape)
    if isinstance(node, Size):
        return np.asarray(float(sizes[node.name]))
    if isinstance(node, Unit):
        return np.eye(1, shape[0], node.position)[0]
    if isinstance(node, Pick):
        return np.eye(*shape, k=node.first)
    assert isinstance(node, Mask)
    return np.tri(*shape, k=-node.offset)


def _product(node: Ein, value: dict[Node, Any], lengths: tuple[int, ...]) -> Any:
    operands: list[Any] = []
    for base, idx, e in node.factors:
        array, axes = value[base], list(idx)
        if len(set(idx)) < len(idx):  # the diagonal first: a power of the other entries may not exist
            axes = list(dict.fromkeys(idx))
            array = np.einsum(array, list(idx), axes)
        if e != 1:
            array = np.power(array, float(e) if e < 0 or e != int(e) else int(e))
        operands += [array, axes]
    inside = {i for _, idx, _ in node.factors for i in idx}
    kept = list(dict.fromkeys(i for i in node.out if i in inside))
    result = np.einsum(*operands, kept, optimize=len(node.factors) > 2) if operands else np.asarray(1.0)
    return float(node.coef) * _expanded(result, kept, node.out, lengths)


def _expanded(array: Any, kept: list[int], out: tuple[int, ...], lengths: tuple[int, ...]) -> Any:
    """Repeat along output indices that no factor has, and put repeated ones on the diagonal."""
    unique = list(dict.fromkeys(out))
    shape = [lengths[i] if i in kept else 1 for i in unique]
    array = np.transpose(array, [kept.index(i) for i in unique if i in kept]).reshape(shape)
    array = np.broadcast_to(array, [lengths[i] for i in unique])
    if len(unique) == len(out):
        return array
    full = np.zeros([lengths[i] for i in out])
    place = np.ix_(*[np.arange(lengths[i]) for i in unique])
    full[tuple(place[unique.index(i)] for i in out)] = array
    return full


def _opaque(node: Call, value: dict[Node, Any], lengths: Any) -> Any:
    """An opaque operation on 2-D arrays, its groups of axes flattened; once for each entry of a batch."""
    assert node.operation.value is not None
    args = []
    for tensor, group in zip(arguments(node), node.groups, strict=True):
        batch, *groups = tensor.groups if isinstance(group, tuple) else ((), *tensor.groups)
        sides = [prod(lengths(g)) for g in groups]
        args.append(np.reshape(value[tensor.node], (prod(lengths(batch)), *(*sides, 1, 1)[:2])))
    results = [node.operation.value(*matrices) for matrices in product(*args)]
    return np.reshape(results, lengths(node.dims))
