"""Reading the case suites and their stored truths."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
TRUTHS = HERE / "truths.npz"
SUITES = ("seeds", "cookbook", "mse", "higher")

# Not in the language yet; a case that uses one of these is left for later. This set only shrinks.
LATER_FUNCTIONS: set[str] = set()
LATER_TAGS: set[str] = set()


def uses_later_function(text: str) -> bool:
    """Whether a formula calls a function that the language does not have yet."""
    return bool(LATER_FUNCTIONS & set(re.findall(r"[A-Za-z_]\w*(?=\()", text)))


@dataclass(frozen=True)
class Case:
    """One line of a suite; the fields mean what they mean there."""

    id: str
    suite: str
    expr: str
    vars: dict[str, list[str | int]]
    wrt: list[str]
    kind: str
    oracle: str
    expected: str | None = None
    expected_vec: str | None = None
    props: dict[str, list[str]] = field(default_factory=dict)
    domain: dict[str, str] = field(default_factory=dict)
    requires: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    @property
    def later(self) -> bool:
        """Whether it needs something that is not there yet."""
        return uses_later_function(self.expr) or bool(LATER_TAGS & set(self.tags))

    @property
    def structured(self) -> bool:
        return "structured" in self.tags


@dataclass(frozen=True)
class Draw:
    """One point: an array for each variable, and the derivative there, shape output.shape + each wrt's shape."""

    arrays: dict[str, np.ndarray]
    truth: np.ndarray


def lines(suite: str) -> list[dict[str, Any]]:
    """The raw cases of one suite."""
    return [json.loads(line) for line in (HERE / f"{suite}.jsonl").read_text().splitlines()]


@cache
def cases() -> tuple[Case, ...]:
    """Every case of the four numeric suites."""
    names = Case.__dataclass_fields__
    return tuple(
        Case(suite=suite, **{k: v for k, v in raw.items() if k in names}) for suite in SUITES for raw in lines(suite)
    )


@cache
def _stored() -> tuple[np.ndarray, dict[str, Any]]:
    with np.load(TRUTHS) as file:
        return file["data"], json.loads(bytes(file["index"]).decode())


def draws(case_id: str) -> list[Draw]:
    """The stored points of a case, at two sets of sizes."""
    data, index = _stored()

    def array(place: tuple[int, list[int]]) -> np.ndarray:
        start, shape = place
        return data[start : start + int(np.prod(shape, dtype=int))].reshape(shape).copy()

    return [Draw({v: array(p) for v, p in point["arrays"].items()}, array(point["truth"])) for point in index[case_id]]


def store(points: dict[str, list[Draw]], path: Path = TRUTHS) -> None:
    """Write every case's points as one flat array and an index into it."""
    flat: list[np.ndarray] = []
    at = 0

    def place(array: np.ndarray) -> tuple[int, list[int]]:
        nonlocal at
        start = at
        flat.append(np.asarray(array, dtype=float).ravel())
        at += array.size
        return start, list(array.shape)

    index = {
        case_id: [{"arrays": {v: place(a) for v, a in d.arrays.items()}, "truth": place(d.truth)} for d in some]
        for case_id, some in points.items()
    }
    text = np.frombuffer(json.dumps(index, separators=(",", ":")).encode(), dtype=np.uint8)
    np.savez_compressed(path, data=np.concatenate(flat), index=text)
