"""The arrays that a compiled function is called with: checked, in one precision, and how a call finds its program.

A call of a small function is mostly overhead. So the way of NumPy arrays whose shapes were met before is one flat
method, written for the names of the arguments; whatever is unusual about a call takes the long way, which says what
is wrong with it.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from frechet.compile.assemble import Request
from frechet.core.errors import FrechetError, problem
from frechet.core.lazy import np
from frechet.language.declarations import Declarations
from frechet.language.spell import did_you_mean
from frechet.reference.evaluate import sizes_of

ABSENT = object()
Key = tuple[Any, ...]


def entry(arguments: Sequence[str], scalars: frozenset[str], integers: frozenset[str]) -> Callable[..., Any]:
    """`__call__(self, *, X, w, ..., out)`: the program kept for these shapes, with `out` through `self._handed(key,
    program, arrays, out)`, else `self._general(arrays, out)`.

    Its key is that of `key_of`. A name that Python cannot have as a parameter arrives among the others.
    """
    refused = (ValueError, OverflowError)  # LinAlgError is one; OverflowError: an integer beyond what a float can be
    scope: dict[str, Any] = {"_absent": ABSENT, "_array": np.ndarray, "_refused": refused}
    exec(_entry_text(arguments, scalars, integers), scope)
    method: Callable[..., Any] = scope["__call__"]
    return method


def _entry_text(arguments: Sequence[str], scalars: frozenset[str], integers: frozenset[str]) -> str:
    """Names of arguments begin with a letter, so that no other name here is one of them."""
    if not arguments or any(keyword.iskeyword(n) for n in arguments):
        head = "def __call__(_self, /, *_places, out=None, **_arrays):"
        return f"{head}\n    return _self._general(_arrays, out, _places)"
    arrays = [n for n in arguments if n not in scalars]
    numbers = [n for n in arguments if n in scalars]
    key = [*(f"{n}.shape" for n in arrays), *(f"{n}.__class__" for n in numbers), *(f"{n}.dtype" for n in arrays[:1])]
    usual = ["not _others", "not _places"]
    if arrays:
        usual.append(" is ".join([*(f"{n}.__class__" for n in arrays), "_array"]))
    if len(arrays) > 1:
        usual.append(" is ".join(f"{n}.dtype" for n in arrays))
    usual += [f"not {n} % 1" for n in numbers if n in integers]
    given = ", ".join(f"{n!r}: {n}" for n in arguments)
    lines = [
        f"def __call__(_self, /, *_places, {', '.join(f'{n}=_absent' for n in arguments)}, out=None, **_others):",
        *(f"    if {n}.__class__ is _array: {n} = {n}[()]" for n in numbers),
        f"    if {' and '.join(usual)}:",
        "        try:",
        f"            _run = _self._ready[{', '.join(key)},]",
        "        except KeyError:",
        "            pass",
        "        else:",
        "            try:",
        "                if out is None:",
        f"                    return _run({', '.join(arguments)})",
        f"                return _self._handed(({', '.join(key)},), _run, ({', '.join(arguments)},), out)",
        "            except _refused:",
        "                pass",
        f"    return _self._general({{{given}, **_others}}, out, _places)",
    ]
    return "\n".join(lines)


def key_of(values: Mapping[str, Any], scalars: frozenset[str]) -> Key:
    """Shapes of arrays, types of numbers, and the precision: what a program is kept for."""
    arrays = [v for n, v in values.items() if n not in scalars]
    return (*(v.shape for v in arrays), *(type(values[n]) for n in values if n in scalars),
            *(v.dtype for v in arrays[:1]))  # fmt: skip


def singular(error: Exception) -> FrechetError:
    """The error for a matrix that has no inverse at this point, or entries that LAPACK does not take. Any other error
    is raised again."""
    if not isinstance(error, np.linalg.LinAlgError):
        if "infs or NaNs" not in str(error):
            raise error
        return problem("E400", "A matrix has entries at this point that are infinite or not a number.")
    return problem("E400", f"A matrix is singular at this point: {error}.")


class Inputs:
    """What the arguments of a compiled function must be."""

    def __init__(self, known: Declarations, request: Request, ranks: Iterable[str] = ()) -> None:
        self.known, self.request = known, request
        self.scalars = frozenset(n for n in request.arguments if not self.sides(n))
        self.integers = frozenset(n for n in self.scalars if "integer" in known.facts.get(n, ()))
        self.ranks = self.scalars.intersection(ranks)

    def variable(self, name: str) -> str:
        """The variable of a direction, and the name itself for a variable."""
        directions = self.request.directions
        return self.request.wrt[directions.index(name)] if name in directions else name

    def sides(self, name: str) -> list[Any]:
        """The sizes of the axes of an argument."""
        return [s for s in self.known.variables[self.variable(name)] if s]

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arrays in the order of the arguments, real and of one precision: Python's numbers take that of the
        arrays, float32 stays float32. Raises E505 for a name that is none, E305 for what is missing or no array.
        """
        names = self.request.arguments
        for name in given:
            if name not in names:
                help = did_you_mean(name, names) or "Arguments: " + ", ".join(names)
                raise problem("E505", f"{name} is not an argument here.", help=help)
        for name in names:
            if given.get(name, ABSENT) is ABSENT:
                raise problem("E305", f"No array is given for {name}.", help="Arguments: " + ", ".join(names))
        if self.request.backend != "numpy" and any(_is_foreign(given[n]) for n in names):
            return {n: given[n] if _is_foreign(given[n]) else self.request.convert(real(n, given[n])) for n in names}
        found = {n: real(n, given[n]) for n in names}
        for n in self.integers:
            if found[n].ndim == 0 and not float(found[n]).is_integer():
                raise problem("E305", f"{n} is declared an integer: {found[n]} is none.")
        arrays = [v for n, v in found.items() if type(given[n]) not in (bool, int, float)]
        common = np.result_type(*arrays) if arrays else np.dtype(float)
        values = {n: self._without_ones(n, v if v.dtype == common else v.astype(common)) for n, v in found.items()}
        if self.request.backend != "numpy":
            return {n: self.request.convert(v) for n, v in values.items()}
        return {n: v[()] if n in self.scalars else v for n, v in values.items()}

    def known_ranks(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The variables that are ranks of kth, where they can be looked at: JAX's may be traced."""
        return {n: values[n] for n in self.ranks if not _is_foreign(values[n])}

    def _without_ones(self, name: str, array: Any) -> Any:
        """The array without the axes that were declared to have length 1."""
        axes = self.known.axes.get(name, ())
        if array.ndim != len(axes) or 1 not in axes:
            return array
        return array.reshape([n for n, d in zip(array.shape, axes, strict=True) if d != 1 or n != 1])

    def batched(self, values: Mapping[str, Any]) -> list[str]:
        """The arguments with one more leading axis; E305 where these axes differ or are empty."""
        found = [n for n, v in values.items() if len(v.shape) == len(self.sides(n)) + 1]
        lengths = {n: values[n].shape[0] for n in found}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{n} has {k}" for n, k in lengths.items())
            raise problem("E305", f"The leading axes of a batch differ in length: {listed}.")
        if 0 in lengths.values():
            raise problem("E305", f"The batch is empty: the leading axis of {found[0]} has length 0.")
        return found

    def sizes(self, values: Mapping[str, Any]) -> dict[str, int]:
        """The value of every named size; E305 where an array does not fit the others."""
        empty = {n: np.broadcast_to(0.0, tuple(v.shape)) for n, v in values.items()}  # their shapes are what counts
        directions = self.request.directions
        sizes = sizes_of(self.known, {n: v for n, v in empty.items() if n not in directions})
        for name, length in sizes.items():
            if length == 0:
                raise problem("E305", f"The size {name} is 0: the arrays are empty.")
        for d in directions:
            v = self.variable(d)
            if empty[v].shape != empty[d].shape:
                raise problem("E305", f"{d} has shape {empty[d].shape}, the direction of {v} needs {empty[v].shape}.")
        return sizes


def _is_foreign(value: Any) -> bool:
    """An array of JAX or PyTorch."""
    return type(value).__module__.split(".")[0] in ("jax", "jaxlib", "torch")


def home_of(values: Iterable[Any]) -> str:
    """jax or torch if one of the values is there."""
    found = {type(v).__module__.split(".")[0].removesuffix("lib") for v in values if _is_foreign(v)}
    if len(found) > 1:
        raise problem("E305", "Some arrays are JAX's and some PyTorch's.")
    return next(iter(found), "")


def real(name: str, value: Any) -> Any:
    """The value as a plain array of float32 or float64; E305 for what is no array of real numbers."""
    reason = ""
    try:
        if np.ma.isMaskedArray(value) and np.ma.getmaskarray(value).any():
            reason = "some of its entries are masked"
        array = np.asarray(value)
        if array.dtype.kind not in "fiub" and not reason:
            array = _objects(array)
            if array is None:
                what = type(value).__name__ if np.ndim(value) == 0 else f"an array of {np.asarray(value).dtype}"
                reason = f"it is {'complex' if np.iscomplexobj(value) else what}"
    except (TypeError, ValueError, OverflowError):
        reason = "its rows differ in length or it holds what is no number"
    if reason:
        raise problem("E305", f"{name} is not an array of real numbers: {reason}.")
    return array if array.dtype in (np.float64, np.float32) else array.astype(float)


def _objects(array: Any) -> Any:
    """Python numbers of a kind that NumPy has not, such as Fraction, as floats; None where one is no real number."""
    if array.dtype.kind != "O" or any(x is None or isinstance(x, (str, bytes, complex)) for x in array.flat):
        return None
    return array.astype(float)


def for_numbers(
    run: Callable[..., Any], given: Mapping[str, Any], values: Mapping[str, Any], scalars: frozenset[str]
) -> tuple[Key, Callable[..., Any]] | None:
    """The key and the function for calls like this one, in which some scalars come as other numbers than `values`
    has: Python's own, of NumPy's integers. They become NumPy's floats, because division by zero differs.
    """
    kinds = {n: type(given[n][()] if isinstance(given[n], np.ndarray) else given[n]) for n in values if n in scalars}
    other = [n for n, kind in kinds.items() if kind is not type(values[n])]
    if not other or not all(issubclass(kinds[n], (int, float, np.generic)) for n in other):
        return None
    places = [(k, type(values[n])) for k, n in enumerate(values) if n in other]

    def converted(args: Sequence[Any]) -> list[Any]:
        ready = list(args)
        for k, kind in places:
            ready[k] = kind(ready[k])
        return ready

    def call(*args: Any) -> Any:
        return run(*converted(args))

    call.run, call.converted = run, converted  # type: ignore[attr-defined]
    arrays = [v for n, v in values.items() if n not in scalars]
    return (*(v.shape for v in arrays), *kinds.values(), *(v.dtype for v in arrays[:1])), call


def stacked(results: list[Any]) -> Any:
    """The results of a batch with one more leading axis."""
    if isinstance(results[0], tuple):
        return tuple(stacked(list(parts)) for parts in zip(*results, strict=True))
    if type(results[0]).__module__.startswith("torch"):
        import torch

        return torch.stack(results)
    return np.stack(results)


def written(result: Any, out: Any) -> Any:
    """The result in the caller's buffers, where there are some: None leaves a part as it is. Raises E305."""
    if out is None or out is result:
        return result
    if isinstance(result, tuple):
        if not isinstance(out, (tuple, list)) or len(out) != len(result):
            raise problem("E305", f"out has to be a tuple of {len(result)} buffers, as the result is one.",
                          help="None stands for a part that needs no buffer.")  # fmt: skip
        return tuple(written(part, buffer) for part, buffer in zip(result, out, strict=True))
    if not isinstance(out, np.ndarray) or out.shape != np.shape(result):
        raise problem("E305", f"out has shape {getattr(out, 'shape', None)}, the result {np.shape(result)}.")
    try:
        np.copyto(out, result, casting="same_kind")
    except (TypeError, ValueError):
        raise problem("E305", f"out of type {out.dtype} cannot take the result ({np.asarray(result).dtype}).") from None
    return out
