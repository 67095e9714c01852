"""`fr.compile`: derivatives as fast code."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from math import log2
from typing import Any

from frechet.api.coding import program_source
from frechet.api.compile_arguments import checked_names, given_sizes, with_facts
from frechet.api.function import Function, parse_real
from frechet.compile.assemble import Compiled, Plan, Request, assemble, python_names
from frechet.compile.batches import in_jax, in_numpy, in_torch
from frechet.compile.batching import Batch
from frechet.compile.choose import InC, InJax, Rival, Watched, better_in_c, better_in_jax
from frechet.compile.goals import WANTS, determinants, goal
from frechet.compile.inputs import ABSENT, Inputs, entry, for_numbers, home_of, key_of, singular, stacked, written
from frechet.compile.into import Direct, leaves
from frechet.compile.languages.c_code import c_interface
from frechet.compile.native import Interface, Library, needed_compiler
from frechet.compile.tracing import compiled_for, noted
from frechet.compile.wrappers import wrapped, wrapper
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.language.reach import check_reach, ranks

BACKENDS = ("auto", "numpy", "c", "jax", "torch")
MOST_SHAPES = 1000


class CompiledFunction:
    """A callable of named arrays. A program is planned for the sizes it meets, once for each ratio of sizes.

    source    the code of the program used last (or for the declared or assumed sizes), which runs alone
    plan      its steps as a table: operation, shape, flops, bytes
    backend   numpy, c, jax or torch: what computes now
    choice    why, where the backend was "auto"
    settled   whether "auto" has chosen, or may still move
    compile_seconds   how long its programs have taken to make so far
    """

    def __init__(
        self, function: Function, request: Request, shapes: Mapping[str, int] | None, asked: str = "",
        cofactors: bool = False,
    ) -> None:  # fmt: skip
        self.function, self.request = function, request
        self.auto, self.native = asked == "auto", asked == "c"
        self.backend = "c" if self.native else request.backend
        self.choice = "numpy: it needs no compiler" if self.auto else f"{self.backend}: asked for"
        self._libraries: dict[int, Library] = {}
        self._others: dict[str, CompiledFunction] = {}
        self.wrt, self.want = request.wrt, request.want
        start = time.perf_counter()
        tree, known = function.tree, function.declarations
        self._goal = goal(tree, known, request.wrt, request.want, request.directions, cofactors)
        plain = request.backend == "numpy" and not request.as_operator
        self._determinants = plain and not cofactors and determinants(tree)
        self._seconds = {"derive": time.perf_counter() - start, "plan": 0.0}
        self._inputs = Inputs(function.declarations, request, ranks(function.tree))
        self._plans: dict[Any, Compiled] = {}
        self._ready: dict[Any, Callable[..., Any]] = {}
        self._direct: dict[Any, Direct | None] = {}
        self._given = dict(shapes or {})
        self._last: Compiled | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of the arrays: the variables, then the directions of `hvp`."""
        return self.request.arguments

    @property
    def settled(self) -> bool:
        """False while `auto` has not yet decided whether to leave NumPy, for arrays like those of a call so far."""
        return not any(isinstance(run, Watched) and not run.decided for run in [*self._ready.values()])

    @property
    def source(self) -> str:
        current = self._current()
        return self._in_c(current.plan.sizes).text if self.backend == "c" else current.source

    @property
    def plan(self) -> Plan:
        return self._current().plan

    @property
    def compile_seconds(self) -> dict[str, float]:
        """Seconds spent so far on its programs: "derive" the derivatives, "plan" and write; "xla" to be traced and
        compiled by JAX, "c" to be compiled by the C compiler, where they were."""
        parts = [self._seconds, *(other.compile_seconds for other in self._others.values())]
        if self._libraries:
            parts.append({"c": sum(library.seconds for library in self._libraries.values())})
        return {n: sum(p.get(n, 0.0) for p in parts) for n in dict.fromkeys(n for p in parts for n in p)}

    def _note(self, part: str, seconds: float) -> None:
        self._seconds[part] = self._seconds.get(part, 0.0) + seconds

    def _current(self) -> Compiled:
        if self._last is None:
            assumed = dict.fromkeys(self.function.declarations.sizes, 100)
            self._last = self._planned({**assumed, **self._given})
        return self._last

    def _planned(self, sizes: Mapping[str, int], single: bool = False, batch: Batch | None = None) -> Compiled:
        """The program for these sizes, up to a factor of about 1.4 in each, for this precision, and for a batch.
        Raises NotCarried where there is none for a batch.
        """
        key = (single, batch, *(round(2 * log2(max(n, 1))) for n in sizes.values()))
        if key not in self._plans:
            with suppress(ModuleNotFoundError):  # JAX and PyTorch take longer to be imported than all that is timed
                import_module(self.request.backend)
            request, start = replace(self.request, single=single), time.perf_counter()
            try:
                self._plans[key] = assemble(self._goal, self.function.declarations, request, dict(sizes), batch)
            finally:
                self._note("plan", time.perf_counter() - start)
        return self._plans[key]

    def _single(self, values: Mapping[str, Any]) -> bool:
        """Whether the program is to be one for float32. JAX has no float64 beside it unless it is asked to, and a
        Newton step or an operator has no sums of its own."""
        if self.backend == "jax" or self.want == "newton" or self.request.as_operator:
            return False
        return all(str(getattr(v, "dtype", "")).endswith("float32") for v in values.values())

    def __call__(self, /, *places: Any, out: Any = None, **arrays: Any) -> Any:
        """The result for arrays by name; one more leading axis in some of them gives a batch of results.

        `out` takes the array (or the tuple of arrays, None for what is not wanted there) to write the result into.
        Raises E305 where an array does not fit, E400 where a matrix is singular.
        """
        return self._general(arrays, out, places)

    def _general(self, arrays: Mapping[str, Any], out: Any, places: Sequence[Any] = ()) -> Any:
        """Any call: check and convert the arrays, find or make the program, remember it."""
        if places:
            raise problem("E505", "Arrays are given by name.", help=", ".join(f"{n}=..." for n in self.arguments))
        given = {n: a for n, a in arrays.items() if a is not ABSENT}
        home = home_of(given.values()) if self.auto else ""
        if home:
            self.backend, self.choice = home, f"{home}: the arrays are there"
            return self._other(home)._general(given, out)
        values = self._inputs.values(given)
        batched = self._inputs.batched(values)
        try:
            if out is not None:
                return self._into(given, values, batched, out)
            return self._batch(given, values, batched) if batched else self._run(given, values)
        except ValueError as error:
            refused = singular(error)
            with np.errstate(all="ignore"):
                result = self._by_cofactors()._general(given, out) if self._determinants else np.nan
            if not all(np.isfinite(part).all() for part in leaves(result)):
                raise refused from None
            return result

    def _by_cofactors(self) -> CompiledFunction:
        """The same where a determinant vanishes, or nearly: its derivatives without the inverse."""
        if "cofactors" not in self._others:
            self._others["cofactors"] = CompiledFunction(self.function, self.request, self._given, cofactors=True)
        return self._others["cofactors"]

    def _into(self, given: Mapping[str, Any], values: Mapping[str, Any], batched: Sequence[str], out: Any) -> Any:
        """The result in the caller's buffers."""
        key = self._key(values, batched)
        run = self._ready.get(key)
        if run is not None and not self._inputs.ranks:
            return self._handed(key, run, list(values.values()), out)
        result = self._batch(given, values, batched) if batched else self._run(given, values)
        self._direct[key] = Direct.of(self._ready.get(key), [*self._plans.values()], result)
        return written(result, out)

    def _handed(self, key: Any, run: Callable[..., Any], arrays: Sequence[Any], out: Any) -> Any:
        """The result of `run` in the caller's buffers: NumPy writes large arrays there at once, others are copied."""
        known = self._direct.get(key)
        found = known.found(run, arrays, out) if known else None
        if found:
            return written(found(), out)
        result = run(*arrays)
        if key not in self._direct:
            self._direct[key] = Direct.of(run, [*self._plans.values()], result)
        return written(result, out)

    def _key(self, values: Mapping[str, Any], batched: Sequence[str]) -> Any:
        """What a program is kept for: that of a single call has no shapes of numbers."""
        lengths = [values[n].shape for n in batched if n in self._inputs.scalars]
        return (*key_of(values, self._inputs.scalars), *lengths)

    def _run(self, given: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        """One result; the program is kept for more calls of this kind."""
        key = key_of(values, self._inputs.scalars)
        run = self._ready.get(key)
        if run is None or self._inputs.ranks:
            sizes = self._inputs.sizes(values)
            check_reach(self.function.tree, sizes, self._inputs.known_ranks(values), self.function.source)
        if run is None:
            self._last = self._planned(sizes, self._single(values))
            run = self._fast(self._last, sizes, values)
            self._keep(key, run, given, values)
            if self.request.backend == "jax":
                self._note("xla", compiled_for(run, list(values.values())))
        return run(*values.values())

    def _fast(self, made: Compiled, sizes: dict[str, int], values: Mapping[str, Any]) -> Callable[..., Any]:
        """The function of a program in C, where that is asked for; for `auto` one that will try C or JAX."""
        double = all(v.dtype == np.float64 for v in values.values())
        if self.native and double:
            result = made.function(*values.values())
            return InC(lambda: self._library(made), sizes).run(result, made.function)
        if self.auto and double and better_in_c(made):
            return self._watched(made, InC(lambda: self._library(made), sizes))
        return self._started(made, lambda: self._other("jax")._planned(sizes).function)

    def _started(self, made: Compiled, other: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
        """The function of a program; where JAX may turn out faster, one that will try it, as `other` makes it."""
        if not self.auto or not better_in_jax(made):
            return made.function
        return self._watched(made, InJax(lambda: noted(other(), lambda seconds: self._note("xla", seconds))))

    def _watched(self, made: Compiled, rival: Rival) -> Callable[..., Any]:
        """The function of a program that will try its rival."""
        if self.request.as_operator:
            return made.function

        def say(backend: str, run: Callable[..., Any], why: str) -> None:
            self.backend, self.choice = backend, why
            for key in [k for k, kept in [*self._ready.items()] if kept is watched]:
                self._ready[key] = run

        watched = Watched(made.function, rival, say)
        return watched

    def _in_c(self, sizes: Mapping[str, int]) -> Interface:
        """The program in C for these sizes. E504 or E505 where there is none."""
        return c_interface(self._goal, self.function.declarations, self.request, sizes, self.function.source)

    def _library(self, made: Compiled) -> Library:
        """The library of a program, which serves all sizes that the program serves."""
        if id(made) not in self._libraries:
            self._libraries[id(made)] = Library(self._in_c(made.plan.sizes))
        return self._libraries[id(made)]

    def _other(self, backend: str) -> CompiledFunction:
        """The same in another backend."""
        if backend not in self._others:
            request = replace(self.request, backend=backend)
            self._others[backend] = CompiledFunction(self.function, request, self._given)
        return self._others[backend]

    def _batch(self, given: Mapping[str, Any], values: Mapping[str, Any], batched: Sequence[str]) -> Any:
        """The results along a leading axis that some of the arrays have."""
        if self.request.as_operator:
            raise problem("E505", "An operator has no batch: one is made for one point.", help=f"{batched[0]} has "
                          f"{values[batched[0]].ndim} axes.")  # fmt: skip
        key = self._key(values, batched)
        run = self._ready.get(key)
        if run is None:
            run = self._batched(values, batched)
            if self.request.backend == "jax" and not self._inputs.ranks:
                self._note("xla", compiled_for(run, list(values.values())))
            self._keep(key, run, values if self._inputs.scalars.intersection(batched) else given, values)
        return run(*values.values())

    def _batched(self, values: Mapping[str, Any], batched: Sequence[str]) -> Callable[..., Any]:
        """The function for a batch of these shapes."""
        count, moving = len(values[batched[0]]), [n in batched for n in values]

        def loop(*arrays: Any) -> Any:
            named = list(zip(values, arrays, moving, strict=True))
            points = ({n: a[k] if m else a for n, a, m in named} for k in range(count))
            return stacked([self._run(point, point) for point in points])

        if self._inputs.ranks:
            return loop
        first = {n: v[0] if n in batched else v for n, v in values.items()}
        sizes, single = self._inputs.sizes(first), self._single(first)
        check_reach(self.function.tree, sizes, {}, self.function.source)
        one = self._last = self._planned(sizes, single)
        if self.request.backend == "jax":
            return in_jax(one, count, moving)
        if self.request.backend == "torch":
            return in_torch(one, count, moving, loop)
        batch = Batch.of(batched, (*sizes, *values))
        made = in_numpy(lambda batch, lengths: self._planned(lengths, single, batch), one, batch, count, moving)
        if made is None:
            return loop
        self._last = made
        return self._started(made, lambda: in_jax(self._other("jax")._planned(sizes), count, moving))

    def _keep(self, key: Any, run: Callable[..., Any], given: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """The function is found by later calls of this kind."""
        if len(self._ready) > MOST_SHAPES:
            self._ready.clear()
            self._direct.clear()
        self._ready[key] = run
        numbers = for_numbers(run, given, values, self._inputs.scalars)
        if numbers is not None:
            self._ready[numbers[0]] = numbers[1]

    def differentiable(self) -> Callable[..., Any]:
        """The value as a function of the arrays in order, whose gradient is this program's: jax.custom_vjp for JAX,
        torch.autograd.Function for PyTorch. To differentiate it by another argument than `wrt` is a TypeError.
        Raises E505 for another backend or wanted result.
        """
        self._need_gradient()

        def both(*args: Any) -> Any:
            return self(**dict(zip(self.request.arguments, args, strict=True)))

        spelled = python_names(self.request.arguments)
        return wrapped(self.backend, both, list(spelled.values()), [spelled[n] for n in self.wrt])

    def code(self, language: str = "") -> str:
        """The program as text: `source` in the language of its backend, or "julia", "matlab" ("octave") or "c", which
        need no library. Raises E505 for another language and for an operator, E504 for an operation it does not have.
        """
        if language in ("", self.backend):
            return self.source
        return program_source(self._goal, self.function, self.request, self._given, language)

    @property
    def differentiable_source(self) -> str:
        """`source`, and after it the definition of `value`, a function for a training loop with this gradient: see
        `differentiable`."""
        self._need_gradient()
        spelled = python_names(self.request.arguments)
        return self.source + "\n" + wrapper(self.backend, list(spelled.values()), [spelled[n] for n in self.wrt])

    def _need_gradient(self) -> None:
        if self.want != "value_and_gradient" or self.backend not in ("jax", "torch"):
            raise problem("E505", "Only value_and_gradient for jax or torch can be wrapped for their differentiation.")

    def __repr__(self) -> str:
        return f"<compiled {self.want} of {self.function} by {', '.join(self.wrt)} ({self.backend})>"


def compile(
    f: Function | str, wrt: Sequence[str] | str, want: str = "value_and_gradient", backend: str = "auto",
    shapes: Mapping[str, Any] | None = None, as_operator: bool = False, *, facts: Mapping[str, Any] | None = None,
) -> CompiledFunction:  # fmt: skip
    """Compile derivatives of a function into one callable of named arrays.

    f        a `Function`, or a formula in the text language, whose sizes are then inferred as `fr.parse` does
    wrt      the variables to differentiate by
    want     value_and_gradient   (value, tuple of gradients in the order of wrt)
             gradient, jacobian   the derivative: shape of the value, then of the variable; several variables: a tuple
             hessian              second derivatives; nested tuples for several variables
             hvp                  the Hessian times a direction, passed as v (v_ if f has a variable v; one for each
                                  variable, v_w, if there are several)
             newton               solve(H, g): the Newton step is its negative
    backend  numpy, c, jax, torch. auto computes where the arrays are, and otherwise starts on NumPy; a program of many
             small steps moves to C (if a compiler is here) after a twentieth of a second, one that consists of
             functions like exp to a good part moves to JAX (if installed) after a second, each only if it gives the
             same numbers faster: `.backend` and `.choice` say so
    shapes   the sizes for which to choose the plan, by the name of a size (a number) or of a variable (its shape);
             without them it is chosen at the first call
    facts    more facts about the arrays that will come, as in `fr.parse`: {"K": ["spd"]}. They are taken on trust
    as_operator   the Hessian as a linear operator (`@`, `.T`, `solve`, `logdet`, `diag`, `to_dense`)

    Raises E500 to E505 as the derivatives do, E200 or E203 for facts that cannot be, and what `fr.parse` raises.
    """
    if isinstance(f, str):
        f = parse_real(f, facts=facts)
    if not isinstance(f, Function):
        said = f"A formula or a Function is compiled, not a {type(f).__name__}."
        raise problem("E505", said, help='fr.compile("x\'*A*x", "x")')
    if want not in WANTS:
        raise problem("E505", f"{want!r} cannot be compiled.", help="One of " + ", ".join(WANTS))
    if backend not in BACKENDS:
        raise problem("E505", f"{backend!r} is not a backend.", help="One of " + ", ".join(BACKENDS))
    names = checked_names(f, wrt, want)
    if want not in ("jacobian", "value"):
        f._need_scalar({"value_and_gradient": "gradient"}.get(want, want))
    if as_operator and (want != "hessian" or len(names) > 1):
        raise problem("E505", "Only the Hessian by one variable comes as an operator.", help='want="hessian"')
    if as_operator and backend in ("c", "jax", "torch"):
        raise problem("E505", f"There are no operators for {backend}.", help='backend="numpy"')
    if "out" in f.declarations.variables:
        raise problem("E505", "A variable cannot be called out here: out= takes the array for the result.")
    sizes = given_sizes(f, {} if shapes is None else shapes)
    if facts is not None:
        f = with_facts(f, facts)
    if backend == "c":
        needed_compiler()
    library = "numpy" if backend in ("auto", "c") else backend
    request = Request.of(f.declarations, tuple(names), want, library, as_operator)
    made = _with_entry(request, f) if request.backend == "numpy" else CompiledFunction
    return made(f, request, sizes, backend)


def _with_entry(request: Request, f: Function) -> type[CompiledFunction]:
    """The class with a `__call__` made for these arguments."""
    inputs = Inputs(f.declarations, request, ranks(f.tree))
    if inputs.ranks:
        return CompiledFunction
    call = entry(request.arguments, inputs.scalars, inputs.integers)
    return type("CompiledFunction", (CompiledFunction,), {"__call__": call})
