"""An operation applied to variables of fitting shapes, made from its signature alone."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import frechet as fr
from frechet.core.operation import Operation, Pattern, Signature, calculated, is_calculated
from frechet.reference.conditions import read_conditions

SIZES = {letter: size for size, letter in enumerate("mnkpqr", start=2)}
MARGIN = 0.03  # more than the differences of the laws walk
SPECIAL = {"whole", "rank", "spd", "invertible", "orthogonal", "symmetric"}


@dataclass(frozen=True)
class Instance:
    """`text` uses `variables`; `arrays` are values for them; `arguments` are the operation's own, in order."""

    record: Operation
    text: str
    variables: dict[str, list[str | int]]
    arguments: tuple[Any, ...]
    arrays: dict[str, np.ndarray]
    shape: tuple[int, ...]

    @property
    def differentiable(self) -> list[str]:
        """The array arguments, without integers."""
        return [str(a) for a in self.arguments if a in self.arrays and a not in self.integers]

    @property
    def integers(self) -> list[str]:
        params = zip((*self.record.params, "a1", "a2", "a3"), self.record.signatures[0].args, strict=False)
        return [f"{name}_" for name, pattern in params if pattern.kind == "int"]

    def parse(self, text: str = "", **more: list[str | int]) -> Any:
        """The operation's call, or another formula, with the instance's declarations."""
        domain = {v: self.record.sample for v in self.differentiable if self.record.sample != "normal"}
        domain = {v: w for v, w in domain.items() if w not in SPECIAL or is_square(self.variables[v])}
        domain = {v: "invertible" if w == "whole" else w for v, w in domain.items()}
        facts = {v: ["integer"] for v in self.integers}
        return fr.parse(text or self.text, variables={**self.variables, **more}, domain=domain, facts=facts)


def is_square(dims: list[str | int]) -> bool:
    return len(dims) == 2 and dims[0] == dims[1]


def length(side: tuple[str | int, ...]) -> int:
    """The number of entries along one side of a pattern."""
    out = 1
    for part in side:
        out *= part if isinstance(part, int) else calculated(part, SIZES) if is_calculated(part) else SIZES[part]
    return out


def two_dimensional(value: Any) -> Any:
    """An argument as `value` wants it: a scalar 1 x 1, a column n x 1, a size as an int."""
    if not isinstance(value, np.ndarray):
        return value
    return value.reshape(value.shape + (1,) * (2 - value.ndim))


def draw(word: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """A value as the operation's record wants its argument."""
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal(shape)
    square = len(shape) == 2 and shape[0] == shape[1]
    if word == "whole" and not shape:
        return np.asarray(float(rng.choice([-2, 4, 5])))
    if word == "rank" and not shape:
        return np.asarray(2.0)
    if word == "whole":  # near the identity, so that powers stay small
        return 0.2 * normal + (np.eye(shape[0]) if square else 0)
    if word == "positive":
        return rng.uniform(0.5, 2.0, shape)
    if word == "unit":
        return rng.uniform(0.1, 0.9, shape)
    if word == "spd" and square:
        return np.asarray(normal @ normal.T / 2 + np.eye(shape[0]))
    if word == "symmetric" and square:
        return np.asarray((normal + normal.T) / 2)
    if word == "orthogonal" and square:
        return np.asarray(np.linalg.qr(normal)[0])
    return normal + 3 * np.eye(shape[0]) if word == "invertible" and square else normal


def dims_of(pattern: Pattern, fitting: tuple[str, ...]) -> list[str | int]:
    """The declaration of an argument; `fitting` stands for `*`. A composite size is declared by its number."""
    if pattern.kind == "any":
        return list(fitting)
    sides = [side for side in (pattern.rows, pattern.cols) if side]
    return [side[0] if len(side) == 1 else length(side) for side in sides]


def result_shape(pattern: Pattern, fitting: tuple[str, ...]) -> tuple[int, ...]:
    if pattern.kind == "any":
        return tuple(SIZES[d] for d in fitting)
    return tuple(length(side) for side in (pattern.rows, pattern.cols) if side)


def is_smooth(record: Operation, arrays: dict[str, np.ndarray]) -> bool:
    """Whether the point keeps its distance from the edge of the domain and from the kinks that the record states."""
    values = {name.removesuffix("_"): two_dimensional(array) for name, array in arrays.items()}
    for text in (record.domain, record.kink):
        for condition in read_conditions(text) or ():
            if not set(condition.names) <= set(values):  # max(x) of one argument: its entries are apart
                gap = np.diff(np.sort(np.concatenate([v.ravel() for v in values.values()])))
            else:
                gap = condition.difference(values)
            gap = gap if condition.kind == "positive" else np.abs(gap)
            if np.min(gap, initial=np.inf) < MARGIN:
                return False
    return True


def drawn(record: Operation, shapes: dict[str, tuple[int, ...]], seed: int) -> dict[str, np.ndarray]:
    """The first point, of a sequence that depends on the seed alone, where the operation is smooth."""
    for again in range(1000):
        arrays = {v: draw(record.sample, shape, seed + 100 * again + k) for k, (v, shape) in enumerate(shapes.items())}
        if is_smooth(record, arrays):
            return arrays
    raise AssertionError(f"no point was found where {record.name} is smooth by its own conditions")


def instance(record: Operation, signature: Signature, fitting: tuple[str, ...]) -> Instance:
    """The operation with arguments for one alternative of its signature."""
    numbers = any(is_calculated(letter) for letter in (*signature.result.rows, *signature.result.cols))
    composite = numbers or any(len(side) > 1 for p in signature.args for side in (p.rows, p.cols))
    arguments: list[Any] = []
    variables: dict[str, list[str | int]] = {}
    for name, pattern in zip((*record.params, "a1", "a2", "a3"), signature.args, strict=False):
        if pattern.kind == "size":
            letter = str(pattern.rows[0])
            arguments.append(SIZES[letter] if composite else letter)
        elif pattern.kind == "literal":
            arguments.append(pattern.rows[0])
        else:
            variable = f"{name}_"
            arguments.append(variable)
            variables[variable] = dims_of(pattern, fitting)
            if numbers:  # m + n - 1 has no name; the first one is the longer
                variables[variable] = [SIZES[str(d)] for d in dims_of(pattern, fitting)]
    text = f"{record.name}({','.join(map(str, arguments))})"
    free = {d for d in (*signature.result.rows, *signature.result.cols) if isinstance(d, str)}
    free = {d for d in free if not is_calculated(d)}
    free -= {d for p in signature.args for d in (*p.rows, *p.cols)}
    if free:  # a constant of the fitting size: something has to say which
        variables["fit_"] = dims_of(signature.result, fitting)
        text = f"fit_ + {text}"
    if any(p.kind == "size" for p in signature.args):  # a size must be known from some variable
        variables |= {f"size_{p.rows[0]}": list(p.rows) for p in signature.args if p.kind == "size"}
    shapes = {v: tuple(d if isinstance(d, int) else SIZES[d] for d in dims) for v, dims in variables.items()}
    arrays = drawn(record, shapes, zlib.crc32(f"{record.name} {signature.text} {fitting}".encode()))
    return Instance(record, text, variables, tuple(arguments), arrays, result_shape(signature.result, fitting))


def instances(record: Operation) -> Iterator[Instance]:
    """Every alternative of the signature; `*` as a scalar, a vector and a matrix."""
    for signature in record.signatures:
        anything = any(p.kind == "any" for p in signature.args)
        for fitting in ((), ("n",), ("m", "n")) if anything else ((),):
            yield instance(record, signature, fitting)
