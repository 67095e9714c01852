"""The check of Wirtinger derivatives: numeric derivatives of what was typed, evaluated with complex arrays, along
complex directions. Nothing of the calculus or of `split` is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from frechet.api.conjugate import evaluable
from frechet.core.errors import FrechetError, problem
from frechet.core.lazy import np
from frechet.numeric.line import line_derivative
from frechet.reference.program import Program
from frechet.reference.sample import Sampler
from frechet.verify.check import Verification

if TYPE_CHECKING:
    from frechet.api.complex import ComplexFunction, WirtingerDerivative

TOLERANCE = 1e-7
TRUSTED = 1e-6
SMALL = 1e-6
POINTS = 3


def complex_arrays(arrays: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """The values as arrays; complex ones only for the variables `names`. E305 for anything else."""
    out = {}
    for name, value in arrays.items():
        try:
            array = np.asarray(value)
            if np.iscomplexobj(array) and name not in names:
                raise TypeError("complex")
            out[name] = array.astype(complex if name in names else float)
        except (TypeError, ValueError, OverflowError):
            what = "numbers" if name in names else "real numbers"
            raise problem("E305", f"The value of {name} is not an array of {what}.") from None
    return out


class _Point:
    """A point, the function there as a program, and random directions."""

    def __init__(self, f: ComplexFunction, arrays: Mapping[str, Any], sizes: Mapping[str, int], rng: Any) -> None:
        self.sizes = sizes
        self.unit = f.symbols.unit
        self.program = Program(evaluable(f.tree), sizes)
        self.arrays = {**arrays, self.unit: np.asarray(1j)}
        for name in sorted(f.complex_names):
            a = np.asarray(arrays[name])
            value = a + 1j * rng.standard_normal(a.shape) * max(float(np.sqrt(np.mean(a * a))), 0.1)
            self.arrays[name] = (value + value.conj().T) / 2 if name in f.symbols.hermitian else value

    def value(self) -> Any:
        return np.asarray(self.program(self.arrays))

    def along(self, name: str, V: Any) -> Any:
        """The numeric derivative along V (complex) and its error; None where there is none."""
        shape = self.program.shape

        def moved(t: float) -> Any:
            value = np.asarray(self.program({**self.arrays, name: self.arrays[name] + t * V}), dtype=complex)
            return np.stack([value.real, value.imag])

        estimate = line_derivative(moved, scale=0.3, quick=True)
        if not estimate.ok:
            return None
        both = np.asarray(estimate.value)
        return (both[0] + 1j * both[1]).reshape(shape), float(np.max(estimate.error, initial=0.0))


def _points(f: ComplexFunction, seed: int) -> Iterator[_Point]:
    rng = np.random.default_rng([seed, 5])
    for point in Sampler([f.tree], f.declarations, seed=seed).points(2 * POINTS):
        yield _Point(f, {n: a for n, a in point.arrays.items() if n != f.symbols.unit}, point.sizes, rng)


def is_real_valued(f: ComplexFunction) -> bool:
    """Whether the value has no imaginary part at random points; E507 if it could be computed nowhere."""
    seen = False
    for point in _points(f, 0):
        value = point.value()
        if np.isfinite(value).all():
            seen = True
            if np.iscomplexobj(value) and np.max(np.abs(value.imag)) > 1e-9 * max(float(np.max(np.abs(value))), 1e-3):
                return False
    if not seen:
        raise problem("E507", "No point was found where the function could be computed with complex numbers.")
    return True


def check_wirtinger(d: WirtingerDerivative) -> Verification:
    """Compare the printed derivative with numeric ones along V and iV at several points. E600 if they differ."""
    name = d.wrt[0]
    try:
        points = list(_points(d.function, d.seed))
    except FrechetError as error:
        if error.diagnostic.code != "E601":
            raise
        return Verification("unchecked", seed=d.seed, message=error.diagnostic.message)
    rng = np.random.default_rng([d.seed, 6])
    found = [judged for judged in (_judged(d, point, name, rng) for point in points) if judged is not None]
    largest = max((scale for _, scale, _, _ in found), default=0.0)
    # Where the change is tiny beside that at other points, the function may be all rounding (log(1 + 1e-12)).
    kept = [(off / scale, own / scale, sizes) for off, scale, own, sizes in found if scale > SMALL * largest]
    kept = [(off, own, sizes) for off, own, sizes in kept if own <= TRUSTED]
    if not kept:
        return Verification("unchecked", seed=d.seed, message="No point was found where it could be checked.")
    wrong = max((off for off, own, _ in kept if not off <= TOLERANCE + 10 * own), default=0.0)
    if wrong:
        raise problem("E600", f"The derivative by {name} failed its check and is not shown: off by {wrong:.1e}.",
                      help="This is a mistake of frechet, not yours.")  # fmt: skip
    sizes = list({tuple(sorted(s.items())): dict(s) for _, _, s in kept}.values())
    worst, bound = max(off for off, _, _ in kept), max(own for _, own, _ in kept)
    return Verification("checked", len(kept), tuple(sizes), worst, bound, d.seed)


def _judged(
    d: WirtingerDerivative, point: _Point, name: str, rng: Any
) -> tuple[float, float, float, Mapping[str, int]] | None:
    """The error at a point, the scale to judge it on, the error of the numeric derivative, and the sizes."""
    x = point.arrays[name]
    V = rng.standard_normal(x.shape) + (1j * rng.standard_normal(x.shape) if d.by_complex else 0)
    with np.errstate(all="ignore"):
        claimed = np.asarray(Program(evaluable(d.tree), point.sizes)(point.arrays))
        one = point.along(name, V)
        other = point.along(name, 1j * V) if d.by_complex else one
    if one is None or other is None or not np.isfinite(claimed).all():
        return None
    got, wanted = _both(d, claimed, V, one[0], other[0])
    scale = max(*(float(np.max(np.abs(part), initial=0.0)) for part in (got, wanted, one[0], other[0])), 1e-300)
    return float(np.max(np.abs(got - wanted), initial=0.0)), scale, max(one[1], other[1]), point.sizes


def _both(d: WirtingerDerivative, claimed: Any, V: Any, one: Any, other: Any) -> tuple[Any, Any]:
    """What is claimed of the change along V, and what it is, from the changes along V and iV."""
    flat = claimed.reshape(-1, V.size)
    if d.kind == "gradient":
        turned = 1j * V if d.by_complex else V
        got = [np.real(np.sum(np.conj(flat) * W.reshape(-1))) for W in (V, turned)]
        return np.asarray(got), np.asarray([np.real(one).reshape(()), np.real(other).reshape(())])
    direction, half = (np.conj(V), (one + 1j * other) / 2) if d.kind == "conjugate" else (V, (one - 1j * other) / 2)
    return flat @ direction.reshape(-1), half.reshape(-1)
