"""Makes truths.npz: seeded points for every case and the derivative of its oracle there, by JAX in float64.

    python -m tests.cases.make_truths            writes tests/cases/truths.npz
    python -m tests.cases.make_truths --check    compares instead of writing; exit code 1 on a difference

Needs JAX: pip install -e '.[jax]'
"""

from __future__ import annotations

import sys
import zlib
from itertools import permutations
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy as jsp
import numpy as np

from tests.cases.suite import Case, Draw, cases, draws, store

jax.config.update("jax_enable_x64", True)

# Two orders of magnitude of nothing: small sizes, all different, and another order of them for the second point.
POOLS = ((3, 4, 2, 5), (5, 2, 4, 3))


def size_choice(case: Case, pool: tuple[int, ...]) -> dict[str, int]:
    """A different size for each dimension name, in the pool's order as far as `requires` and typed sizes allow."""
    dims = list(dict.fromkeys(d for shape in case.vars.values() for d in shape))
    names = [d for d in dims if isinstance(d, str)]
    fixed = {d for d in dims if isinstance(d, int)}
    for choice in permutations((*pool, 6, 7), len(names)):
        sizes = dict(zip(names, choice, strict=True))
        held = all(sizes[left] > sizes[right] for left, right in (r.split(">") for r in case.requires))
        if held and not fixed & set(choice):
            return sizes
    raise ValueError(f"{case.id}: no sizes fit")


def plain(rng: np.random.Generator, word: str, shape: tuple[int, ...]) -> np.ndarray:
    """An array by the word for its values; thousandths, so that the file stays small."""
    normal = np.round(rng.standard_normal(shape), 3)
    if word == "positive":
        return np.round(rng.uniform(0.5, 2.0, shape), 3)
    if word == "unit":
        return np.round(rng.uniform(0.1, 0.9, shape), 3)
    if word == "small":
        return np.round(0.1 * normal, 4)
    if word == "pm1":
        return rng.choice([-1.0, 1.0], shape)
    if word == "labels01":
        return rng.choice([0.0, 1.0], shape)
    if word == "simplex":
        weights = rng.uniform(0.5, 2.0, shape)
        return np.asarray(weights / weights.sum())
    if word == "spd":
        return normal @ normal.T / 2 + np.eye(shape[0])
    if word == "symmetric":
        return (normal + normal.T) / 2
    if word == "invertible":
        return normal + 3 * np.eye(shape[0])
    if word == "orthogonal":
        return np.linalg.qr(normal)[0]
    return normal


def draw(rng: np.random.Generator, word: str, facts: list[str], shape: tuple[int, ...]) -> np.ndarray:
    """A value of the domain that has the facts."""
    strongest = next((f for f in ("spd", "orthogonal", "invertible", "symmetric", "positive") if f in facts), "normal")
    value = plain(rng, word or strongest, shape)
    if "diagonal" in facts:
        value = np.diag(np.diag(value))
    if "symmetric" in facts or "spd" in facts:
        value = (value + value.T) / 2
    if "skew" in facts:
        value = value - value.T
    if "lower" in facts:
        value = np.tril(value)
    if "upper" in facts:
        value = np.triu(value)
    return value


def by_entries(gradient: np.ndarray, facts: list[str]) -> np.ndarray:
    """The derivative by the independent entries of a structured variable, from the plain one."""
    transposed = gradient.T
    eye = np.eye(len(gradient))
    if {"symmetric", "spd"} & set(facts):
        return np.asarray(gradient + transposed - gradient * eye)
    if "diagonal" in facts:
        return np.asarray(gradient * eye)
    if "skew" in facts:
        return np.asarray(gradient - transposed)
    return np.tril(gradient) if "lower" in facts else np.triu(gradient)


def derivative(case: Case, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """The oracle's derivative: reverse for the first variable, forward for the others."""
    code = compile(case.oracle, case.id, "eval")

    def function(values: dict[str, Any]) -> Any:
        return eval(code, {"jnp": jnp, "jax": jax, "jsp": jsp, **values})

    current = function
    for order, name in enumerate(case.wrt):
        step = jax.jacfwd if order else jax.jacrev

        def current(values: dict[str, Any], *, inner: Any = current, name: str = name, step: Any = step) -> Any:
            return step(lambda x: inner({**values, name: x}))(values[name])

    truth = np.asarray(current({v: jnp.asarray(a) for v, a in arrays.items()}))
    return by_entries(truth, case.props[case.wrt[0]]) if case.structured else truth


def points(case: Case) -> list[Draw]:
    """One point for each pool of sizes; drawn again until everything is finite."""
    out = []
    for number, pool in enumerate(POOLS):
        sizes = size_choice(case, pool)
        for attempt in range(20):
            rng = np.random.default_rng([zlib.crc32(case.id.encode()), number, attempt])
            arrays = {
                name: draw(rng, case.domain.get(name, ""), case.props.get(name, []),
                           tuple(d if isinstance(d, int) else sizes[d] for d in shape))
                for name, shape in case.vars.items()
            }  # fmt: skip
            truth = derivative(case, arrays)
            if np.isfinite(truth).all():
                out.append(Draw(arrays, truth))
                break
        else:
            raise ValueError(f"{case.id}: no point with a finite derivative")
    return out


def differs(case: Case, fresh: list[Draw]) -> bool:
    """Whether the stored points of a case are not what is computed now."""
    for old, new in zip(draws(case.id), fresh, strict=True):
        if any(not np.allclose(old.arrays[v], a, rtol=1e-14, atol=0) for v, a in new.arrays.items()):
            return True
        if old.truth.shape != new.truth.shape or not np.allclose(old.truth, new.truth, rtol=1e-9, atol=1e-11):
            return True
    return False


def main(argv: list[str]) -> int:
    fresh = {case.id: points(case) for case in cases()}
    if "--check" not in argv:
        store(fresh)
        return 0
    wrong = [case.id for case in cases() if differs(case, fresh[case.id])]
    print(f"{len(fresh)} cases, {len(wrong)} differ", *wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
