"""`fr.compile`: derivatives as fast code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import log2
from typing import TYPE_CHECKING, Any

from frechet.compile.assemble import Compiled, Request, assemble
from frechet.compile.goals import WANTS, goal
from frechet.compile.wrappers import jax_wrapped, torch_wrapped
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.language.spell import did_you_mean
from frechet.reference.evaluate import sizes_of

if TYPE_CHECKING:
    from frechet.api.function import Function

BACKENDS = ("auto", "numpy", "jax", "torch")
SECOND = ("hessian", "hvp", "newton")


class CompiledFunction:
    """A callable of named arrays. A program is planned for the sizes it meets, once for each ratio of sizes.

    source    the code of the program used last (or for the declared or assumed sizes), which runs alone
    plan      its steps as a table: operation, shape, flops, bytes
    backend   numpy, jax or torch
    """

    def __init__(self, function: Function, request: Request, shapes: Mapping[str, int] | None) -> None:
        self.function, self.request = function, request
        self.backend = request.backend
        self.wrt, self.want = request.wrt, request.want
        self._goal = goal(function.tree, function.declarations, request.wrt, request.want, request.directions)
        self._plans: dict[Any, Compiled] = {}
        self._ready: dict[Any, Callable[..., Any]] = {}
        self._given = dict(shapes or {})
        self._last: Compiled | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the arrays: the variables, then the directions of `hvp`."""
        return self.request.arguments

    @property
    def source(self) -> str:
        return self._current().source

    @property
    def plan(self) -> Any:
        return self._current().plan

    def _current(self) -> Compiled:
        if self._last is None:
            assumed = dict.fromkeys(self.function.declarations.sizes, 100)
            self._last = self._planned({**assumed, **self._given})
        return self._last

    def _planned(self, sizes: Mapping[str, int]) -> Compiled:
        """The program for these sizes, up to a factor of about 1.4 in each."""
        ratio = tuple(round(2 * log2(max(n, 1))) for n in sizes.values())
        if ratio not in self._plans:
            self._plans[ratio] = assemble(self._goal, self.function.declarations, self.request, dict(sizes))
        return self._plans[ratio]

    def __call__(self, /, out: Any = None, **arrays: Any) -> Any:
        """The result for arrays by name; one more leading axis in some of them gives a batch of results.

        `out` takes the array (or arrays) to write the result into. Raises E305 where an array does not fit.
        """
        try:
            values = [arrays[n] for n in self.request.arguments]
            key = tuple([(a.shape, a.dtype) for a in values])
            if len(arrays) == len(values):
                result = self._ready[key](*values)
                return result if out is None else _written(result, out)
        except (KeyError, AttributeError):
            pass
        except np.linalg.LinAlgError as error:
            raise problem("E400", f"A matrix is singular at this point: {error}.") from None
        try:
            result = self._prepared(arrays)
        except np.linalg.LinAlgError as error:
            raise problem("E400", f"A matrix is singular at this point: {error}.") from None
        return result if out is None else _written(result, out)

    def _prepared(self, arrays: Mapping[str, Any]) -> Any:
        """The slow way: check and convert the arrays, plan, remember."""
        for name in arrays:
            if name not in self.request.arguments:
                meant = did_you_mean(name, self.request.arguments)
                raise problem("E505", f"{name} is not an argument here.",
                              help=meant or "Arguments: " + ", ".join(self.arguments))  # fmt: skip
        for name in self.request.arguments:
            if name not in arrays:
                raise problem("E305", f"No array is given for {name}.", help="Arguments: " + ", ".join(self.arguments))
        values = {n: self._without_ones(n, self._converted(n, arrays[n])) for n in self.request.arguments}
        order = {n: len([s for s in self._shape(n) if s]) for n in values}
        if any(v.ndim == order[n] + 1 for n, v in values.items()):
            return self._batch(values, order)
        empty = {n: np.broadcast_to(0.0, tuple(v.shape)) for n, v in values.items()}  # their shapes are what counts
        given = {n: v for n, v in empty.items() if n not in self.request.directions}
        sizes = sizes_of(self.function.declarations, given)
        for v, d in zip(self.wrt, self.request.directions, strict=False):
            if values[v].shape != values[d].shape:
                raise problem("E305", f"{d} has shape {values[d].shape}, the direction of {v} needs {values[v].shape}.")
        self._last = self._planned(sizes)
        run = self._last.function
        self._ready[tuple((a.shape, a.dtype) for a in values.values())] = run
        return run(*values.values())

    def _shape(self, name: str) -> tuple[Any, ...]:
        if name in self.request.directions:
            name = self.wrt[self.request.directions.index(name)]
        shape = self.function.declarations.variables[name]
        return (shape.rows, shape.cols)

    def _without_ones(self, name: str, array: Any) -> Any:
        """The array without the axes that were declared to have length 1."""
        axes = self.function.declarations.axes.get(name, ())
        if array.ndim != len(axes) or 1 not in axes:
            return array
        return array.reshape([n for n, d in zip(array.shape, axes, strict=True) if d != 1 or n != 1])

    def _converted(self, name: str, array: Any) -> Any:
        """The array in floating point; float32 stays float32."""
        if self.backend != "numpy" and type(array).__module__.split(".")[0] in ("jax", "jaxlib", "torch"):
            return array
        try:
            value = np.asarray(array)
            value = value if value.dtype in (np.float64, np.float32) else value.astype(float)
            return value if self.backend == "numpy" else self.request.convert(value)
        except (TypeError, ValueError):
            raise problem("E305", f"{name} is not an array of numbers.") from None

    def _batch(self, values: Mapping[str, Any], order: Mapping[str, int]) -> Any:
        """The results along a leading axis that some of the arrays have, stacked."""
        batched = [n for n, v in values.items() if v.ndim == order[n] + 1]
        lengths = {values[n].shape[0] for n in batched}
        if len(lengths) > 1:
            raise problem("E305", f"The leading axes of {', '.join(batched)} differ in length.")
        results = [
            self(**{n: v[k] if n in batched else v for n, v in values.items()}) for k in range(next(iter(lengths)))
        ]
        return _stacked(results)

    def differentiable(self) -> Callable[..., Any]:
        """The value as a function of the arrays in order, whose gradient is this program's: jax.custom_vjp for JAX,
        torch.autograd.Function for PyTorch. Raises E505 for another backend or wanted result.
        """
        if self.want != "value_and_gradient" or self.backend not in ("jax", "torch"):
            raise problem("E505", "Only value_and_gradient for jax or torch can be wrapped for their differentiation.")
        places = [self.request.arguments.index(n) for n in self.wrt]

        def both(args: Sequence[Any]) -> Any:
            return self(**dict(zip(self.request.arguments, args, strict=True)))

        return (jax_wrapped if self.backend == "jax" else torch_wrapped)(both, places)

    def __repr__(self) -> str:
        return f"<compiled {self.want} of {self.function} by {', '.join(self.wrt)} ({self.backend})>"


def _stacked(results: list[Any]) -> Any:
    if isinstance(results[0], tuple):
        return tuple(_stacked(list(parts)) for parts in zip(*results, strict=True))
    return np.stack(results)


def _written(result: Any, out: Any) -> Any:
    """The result in the caller's buffers."""
    if isinstance(result, tuple):
        for part, buffer in zip(result, out, strict=True):
            _written(part, buffer)
        return out
    if getattr(out, "shape", None) != np.shape(result):
        raise problem("E305", f"out has shape {getattr(out, 'shape', None)}, the result {np.shape(result)}.")
    out[...] = result
    return out


def _sizes(f: Function, shapes: Mapping[str, Any]) -> dict[str, int]:
    """Values of named sizes; E505 for another name, or a shape that does not fit its variable."""
    found: dict[str, int] = {}
    for name, given in shapes.items():
        dims = f.variables.get(name, (name,) if name in f.declarations.sizes else None)
        lengths = (given,) if isinstance(given, int) else tuple(given) if isinstance(given, (tuple, list)) else None
        if dims is None or lengths is None or len(dims) != len(lengths):
            known = ", ".join((*f.declarations.sizes, *f.variables))
            raise problem("E505", f"{name}: {given!r} is not a size or a shape of this function.", help=known)
        for dim, length in zip(dims, lengths, strict=True):
            if not isinstance(length, int) or length < 1:
                raise problem("E505", f"{name}: {length!r} is not a size.", help="a positive integer")
            if isinstance(dim, str) and dim in f.declarations.sizes:
                found[dim] = length
    return found


def compile(
    f: Function, wrt: Sequence[str] | str, want: str = "value_and_gradient", backend: str = "auto",
    shapes: Mapping[str, Any] | None = None, as_operator: bool = False,
) -> CompiledFunction:  # fmt: skip
    """Compile derivatives of a function into one callable of named arrays.

    wrt      the variables to differentiate by
    want     value_and_gradient   (value, tuple of gradients in the order of wrt)
             gradient, jacobian   the derivative: shape of the value, then of the variable; several variables: a tuple
             hessian              second derivatives; nested tuples for several variables
             hvp                  the Hessian times a direction, passed as v (v_ if f has a variable v; one for each
                                  variable, v_w, if there are several)
             newton               solve(H, g): the Newton step is its negative
    backend  numpy, jax, torch; auto takes numpy
    shapes   the sizes for which to choose the plan, by the name of a size (a number) or of a variable (its shape);
             without them it is chosen at the first call
    as_operator   the Hessian as a linear operator (`@`, `.T`, `solve`, `logdet`, `diag`, `to_dense`)

    Raises E500 to E505 as the derivatives do.
    """
    names = [wrt] if isinstance(wrt, str) else list(wrt)
    if want not in WANTS:
        raise problem("E505", f"{want!r} cannot be compiled.", help="One of " + ", ".join(WANTS))
    if backend not in BACKENDS:
        raise problem("E505", f"{backend!r} is not a backend.", help="One of " + ", ".join(BACKENDS))
    if not names and want != "value":
        raise problem("E500", "Nothing was given to differentiate by.")
    for name in names:
        f._check_wrt(name)
    if want not in ("jacobian", "value"):
        f._need_scalar({"value_and_gradient": "gradient"}.get(want, want))
    if as_operator and (want != "hessian" or len(names) > 1):
        raise problem("E505", "Only the Hessian by one variable comes as an operator.", help='want="hessian"')
    request = Request.of(f.declarations, tuple(names), want, "numpy" if backend == "auto" else backend, as_operator)
    return CompiledFunction(f, request, _sizes(f, shapes or {}))
