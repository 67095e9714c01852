"""One random expression through frechet and through autograd."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np

import frechet as fr
from tests.fuzz import arrays as oracle
from tests.fuzz.generate import VARIABLES, Generator, generate
from tests.fuzz.term import SCALAR, Shape, Term, length

TOLERANCE = 1e-7
LARGEST = 1e5
NEAR_KINK = 1e-3


@dataclass
class Result:
    """right, wrong, refused, crashed or skipped; and what was being compared."""

    status: str
    detail: str = ""
    text: str = ""
    wrt: str = ""


class MismatchError(Exception):
    """frechet and autograd give different numbers."""


class SkipError(Exception):
    """No good point: near a kink, outside a domain, or numbers too large to compare."""


def axes(shape: Shape) -> tuple[int, ...]:
    """The array shape: a vector is 1-D whether column or row, a composite size is one axis."""
    return tuple(length(s) for s in shape if s)


def draw(rng: np.random.Generator, rows: int, cols: int, word: str) -> np.ndarray:
    """A value of a variable as a 2-D array."""
    normal = rng.standard_normal((rows, cols))
    if word == "positive":
        return rng.uniform(0.5, 2.0, (rows, cols))
    if word == "unit":
        return rng.uniform(0.1, 0.9, (rows, cols))
    if word == "spd":
        return np.asarray(normal @ normal.T / 2 + np.eye(rows))
    if word == "symmetric":
        return np.asarray((normal + normal.T) / 2)
    return normal + 3 * np.eye(rows) if word == "invertible" else normal


def oracle_values(
    term: Term, wrt: str, env: dict[str, Any], weight: Any, direction: np.ndarray
) -> dict[str, np.ndarray]:
    """The value, the gradient of its sum with weights, and of a scalar the Hessian along a direction."""
    peak = 0.0

    def watch(value: Any, kink: Any) -> None:
        nonlocal peak
        peak = max(peak, float(np.max(np.abs(value), initial=0.0)))
        if not peak < LARGEST:
            raise SkipError("large or undefined")
        if kink is not None and not np.min(np.abs(kink), initial=1.0) >= NEAR_KINK:
            raise SkipError("near a kink")

    def weighted(x: Any) -> Any:
        return oracle.total(weight * term.value({**env, wrt: x}))

    x = env[wrt]
    values = {"value": np.asarray(term.value({**env, "#watch": watch}))}
    values["gradient"] = np.asarray(oracle.gradient(weighted, x))
    if term.shape == SCALAR:
        along = oracle.gradient(lambda x: oracle.total(oracle.gradient(weighted, x) * direction), x)
        values["second"] = np.asarray(along)
    if not all(np.isfinite(v).all() and np.max(np.abs(v), initial=0.0) < 1e3 * LARGEST for v in values.values()):
        raise SkipError("large or undefined")
    values["peak"] = np.asarray(peak)
    return values


def compare(got: Any, truth: np.ndarray, shape: tuple[int, ...], peak: float, what: str) -> None:
    value, truth = np.asarray(got, dtype=float), truth.reshape(shape)
    if value.shape != shape:
        raise MismatchError(f"{what}: shape {value.shape}, not {shape}")
    error = float(np.max(np.abs(value - truth), initial=0.0))
    scale = float(np.max(np.abs(truth), initial=0.0)) + 0.01 * max(peak, 1.0)
    if not error <= TOLERANCE * scale:
        raise MismatchError(f"{what}: off by {error:.2g} where the largest entry is {np.max(np.abs(truth)):.3g}")


def declared(names: frozenset[str]) -> dict[str, Any]:
    """The declarations that `fr.parse` needs; x, u and w are always there so that every size is known."""
    used = {n: v for n, v in VARIABLES.items() if n in names | {"x", "u", "w"}}
    return {
        "variables": {n: [*rows, *cols] for n, (rows, cols, _) in used.items()},
        "facts": {n: [word] for n, (_, _, word) in used.items() if word in ("spd", "symmetric")},
        "domain": {n: word for n, (_, _, word) in used.items() if word},
    }


def printed_value(text: str, declarations: dict[str, Any], arrays: dict[str, Any], wrt: str,
                  direction: np.ndarray) -> tuple[Any, int]:  # fmt: skip
    """A printed derivative read back and evaluated; an operator form, `dX -> e` or `dX_2 -> dX -> e`, is applied to
    the direction as many times as it has arrows."""
    *heads, body = text.split("->")
    names = [head.strip() for head in heads]
    variables = {**declarations["variables"], **dict.fromkeys(names, declarations["variables"][wrt])}
    given = {**arrays, **dict.fromkeys(names, direction)}
    return fr.parse(body, **{**declarations, "variables": variables}).evaluate(**given), len(names)


def contract(tensor: Any, direction: np.ndarray) -> np.ndarray:
    return np.asarray(np.tensordot(np.asarray(tensor, dtype=float), direction, direction.ndim))


def check_derivatives(term: Term, wrt: str, seed: int, verify: bool) -> None:
    """Compare everything at one random point."""
    rng = np.random.default_rng(seed)
    env = {n: draw(rng, length(r), length(c), word) for n, (r, c, word) in VARIABLES.items()}
    rows, cols, _ = VARIABLES[wrt]
    flat_direction = rng.standard_normal((length(rows), length(cols)))
    weight = np.ones((1, 1)) if term.shape == SCALAR else rng.standard_normal([length(s) for s in term.shape])
    try:
        with np.errstate(all="ignore"):  # what is not finite is skipped
            truth = oracle_values(term, wrt, env, weight, flat_direction)
    except np.linalg.LinAlgError as error:
        raise SkipError("outside a domain") from error
    peak = float(truth["peak"])
    declarations = declared(term.names)
    arrays = {n: env[n].reshape(axes(VARIABLES[n][:2])) for n in declarations["variables"]}
    direction = flat_direction.reshape(axes((rows, cols)))
    shape_f, shape_x = axes(term.shape), direction.shape
    f = fr.parse(term.text, **declarations)
    compare(f.evaluate(**arrays), truth["value"], shape_f, peak, "value")
    d = f.derivative(wrt, verify=verify)
    tensor = d.evaluate(**arrays)
    if np.shape(tensor) != shape_f + shape_x:
        raise MismatchError(f"derivative: shape {np.shape(tensor)}, not {shape_f + shape_x}")
    got = np.tensordot(weight.reshape(shape_f), tensor, len(shape_f))
    compare(got, truth["gradient"], shape_x, peak, "gradient")
    compare_printed(d, declarations, arrays, wrt, direction, tensor)
    if term.shape == SCALAR:
        second = f.derivative(wrt, wrt, verify=verify)
        hessian = second.evaluate(**arrays)
        compare(contract(hessian, direction), truth["second"], shape_x, peak, "Hessian along a direction")
        compare_printed(second, declarations, arrays, wrt, direction, hessian)


def compare_printed(d: Any, declarations: dict[str, Any], arrays: dict[str, Any], wrt: str, direction: np.ndarray,
                    tensor: Any) -> None:  # fmt: skip
    """The printed text must mean the same numbers as `evaluate`, which has been compared with the oracle."""
    text = str(d)
    if not d.text and text == d.index_form:
        raise MismatchError(f"nothing but an index form: {text}")
    try:
        value, applied = printed_value(text, declarations, arrays, wrt, direction)
    except fr.FrechetError as error:
        raise MismatchError(f"printed text is not read back: {text}: {error.diagnostic.message}") from error
    truth = np.asarray(tensor)
    for _ in range(applied):
        truth = contract(truth, direction)
    value = np.asarray(value)
    if value.size != truth.size:
        raise MismatchError(f"printed text: shape {value.shape}, not {truth.shape}: {text}")
    scale = max(float(np.max(np.abs(truth), initial=0.0)), 1e-3)
    error = float(np.max(np.abs(value.reshape(truth.shape) - truth), initial=0.0))
    if not error <= 1e-7 * scale:
        if error <= 10 * rounding(text, declarations, arrays, wrt, direction, value):
            raise SkipError("rounding")
        raise MismatchError(f"printed text off by {error:.2g} at scale {scale:.3g}: {text}")


def rounding(text: str, declarations: dict[str, Any], arrays: dict[str, Any], wrt: str, direction: np.ndarray,
             value: np.ndarray) -> float:  # fmt: skip
    """How much the printed text changes where its arguments change by a few roundings: what may be lost in it."""
    rng, change = np.random.default_rng(0), 0.0
    for _ in range(3):
        near = {n: a * (1 + 1e-15 * rng.standard_normal(np.shape(a))) for n, a in arrays.items()}
        change = max(change, float(np.max(np.abs(printed_value(text, declarations, near, wrt, direction)[0] - value))))
    return change


def attempt(term: Term, wrt: str, seed: int, verify: bool) -> Result:
    """What happens to one expression at one point."""
    try:
        check_derivatives(term, wrt, seed, verify)
    except SkipError as error:
        return Result("skipped", str(error))
    except MismatchError as error:
        return Result("wrong", str(error), term.text, wrt)
    except fr.VerificationError as error:
        return Result("wrong", str(error), term.text, wrt)
    except fr.FrechetError as error:
        return Result("refused", str(error), term.text, wrt)
    except Exception as error:
        return Result("crashed", f"{type(error).__name__}: {error}", term.text, wrt)
    return Result("right", text=term.text, wrt=wrt)


def smallest(term: Term, failed: Result, seed: int, verify: bool) -> Result:
    """The same kind of failure in the smallest part of the expression that shows it."""
    for part in term.subterms():
        if failed.wrt in part.names and len(part.text) < len(term.text):
            result = attempt(part, failed.wrt, seed, verify)
            if result.status == failed.status:
                return result
    return failed


def check(term: Term, wrt: str, seed: int = 0, verify: bool = False) -> Result:
    """Compare at a point; a difference must show at a second point too, and is reduced to its smallest part."""
    result = attempt(term, wrt, seed, verify)
    for again in range(1, 4):
        if result.status != "skipped":
            break
        result = attempt(term, wrt, seed + 1000 * again, verify)
    if result.status == "wrong" and attempt(term, wrt, seed + 7919, verify).status == "right":
        return Result("skipped", "different at one point only")
    return smallest(term, result, seed, verify) if result.status in ("wrong", "crashed", "refused") else result


def case(seed: int, kind: type[Generator] = Generator) -> tuple[Term, str]:
    """Expression number `seed` and the variable to differentiate by, which it contains but for one in fifty."""
    rng = random.Random(seed)
    while True:
        term = generate(rng.randrange, kind)
        names = sorted(term.names)
        if len(term.text) > 250:
            continue
        if names and rng.randrange(50):
            return term, rng.choice(names)
        if not rng.randrange(50):
            return term, "x"
