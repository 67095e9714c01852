"""An operation applied to variables of fitting shapes, made from its signature alone."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import frechet as fr
from frechet.core.operation import Operation, Pattern, Signature

SIZES = {letter: size for size, letter in enumerate("mnkpqr", start=2)}
SPECIAL = {"spd", "invertible", "orthogonal", "symmetric"}


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
        """The array arguments."""
        return [str(a) for a in self.arguments if a in self.arrays]

    def parse(self, text: str = "", **more: list[str | int]) -> Any:
        """The operation's call, or another formula, with the instance's declarations."""
        domain = {v: self.record.sample for v in self.differentiable if self.record.sample != "normal"}
        domain = {v: w for v, w in domain.items() if w not in SPECIAL or is_square(self.variables[v])}
        return fr.parse(text or self.text, variables={**self.variables, **more}, domain=domain)


def is_square(dims: list[str | int]) -> bool:
    return len(dims) == 2 and dims[0] == dims[1]


def length(side: tuple[str | int, ...]) -> int:
    """The number of entries along one side of a pattern."""
    out = 1
    for part in side:
        out *= part if isinstance(part, int) else SIZES[part]
    return out


def draw(word: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """A value as the operation's record wants its argument."""
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal(shape)
    square = len(shape) == 2 and shape[0] == shape[1]
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


def instance(record: Operation, signature: Signature, fitting: tuple[str, ...]) -> Instance:
    """The operation with arguments for one alternative of its signature."""
    composite = any(len(side) > 1 for p in signature.args for side in (p.rows, p.cols))
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
    text = f"{record.name}({','.join(map(str, arguments))})"
    free = {d for d in (*signature.result.rows, *signature.result.cols) if isinstance(d, str)}
    free -= {d for p in signature.args for d in (*p.rows, *p.cols)}
    if free:  # a constant of the fitting size: something has to say which
        variables["fit_"] = dims_of(signature.result, fitting)
        text = f"fit_ + {text}"
    if any(p.kind == "size" for p in signature.args):  # a size must be known from some variable
        variables |= {f"size_{p.rows[0]}": list(p.rows) for p in signature.args if p.kind == "size"}
    seed = zlib.crc32(f"{record.name} {signature.text} {fitting}".encode())
    arrays = {}
    for k, (variable, dims) in enumerate(variables.items()):
        shape = tuple(d if isinstance(d, int) else SIZES[d] for d in dims)
        arrays[variable] = draw(record.sample, shape, seed + k)
    return Instance(record, text, variables, tuple(arguments), arrays, result_shape(signature.result, fitting))


def instances(record: Operation) -> Iterator[Instance]:
    """Every alternative of the signature; `*` as a scalar, a vector and a matrix."""
    for signature in record.signatures:
        anything = any(p.kind == "any" for p in signature.args)
        for fitting in ((), ("n",), ("m", "n")) if anything else ((),):
            yield instance(record, signature, fitting)
