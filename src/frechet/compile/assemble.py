"""A goal, sizes and a backend become a program, its source and the function it defines."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from frechet.compile.batching import Batch, StackPlanner, StackWriter
from frechet.compile.census import Census
from frechet.compile.goals import Goal, Sides
from frechet.compile.plan import Planner
from frechet.compile.prepare import opened, prepared
from frechet.compile.program import CALL, Step, Value
from frechet.compile.render import namespace, preamble, render, reserved
from frechet.compile.structured.lowrank import BOUND, BOUND_SINGLE, shortened
from frechet.compile.structured.operators import multiplied_out
from frechet.compile.structured.second import SecondOrder
from frechet.compile.write import Writer
from frechet.core.dims import size_value
from frechet.core.ein import is_zero
from frechet.core.errors import FrechetError, problem
from frechet.core.lazy import np
from frechet.core.node import Node
from frechet.language.declarations import Declarations

# A way through small matrices is taken where it is estimated to cost no more than this part.
SHORTER = 0.6


@dataclass(frozen=True, slots=True)
class Request:
    """What is compiled: variables, wanted result, backend, the names of the arguments and of the directions; `single`
    for arrays of float32."""

    wrt: tuple[str, ...]
    want: str
    backend: str
    as_operator: bool
    arguments: tuple[str, ...]
    directions: tuple[str, ...]
    single: bool = False

    @classmethod
    def of(cls, known: Declarations, wrt: tuple[str, ...], want: str, backend: str, as_operator: bool) -> Request:
        directions: list[str] = []
        if want == "hvp":
            for n in wrt:
                name = "v" if len(wrt) == 1 else f"v_{n}"
                while name in known.variables:
                    name += "_"
                directions.append(name)
        return cls(wrt, want, backend, as_operator, (*known.variables, *directions), tuple(directions))

    @property
    def told(self) -> str:
        """What the function gives, in words."""
        words = {"hvp": "Hessian times a direction", "newton": "Newton step solve(H, g)"}
        what = words.get(self.want, self.want.replace("_", " ").capitalize())
        return what + (f" by {', '.join(self.wrt)}" if self.wrt else "")

    def jitted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is called: under jax.jit for JAX."""
        if self.backend != "jax":
            return function
        import jax

        compiled: Callable[..., Any] = jax.jit(function)
        return compiled

    def convert(self, array: Any) -> Any:
        """A NumPy array as one of the backend. E505 where its library is not installed."""
        try:
            if self.backend == "jax":
                import jax.numpy

                return jax.numpy.asarray(array)
            if self.backend == "torch":
                import torch

                return torch.as_tensor(np.asarray(array))
        except ModuleNotFoundError:
            raise _absent(self.backend) from None
        return np.asarray(array)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a program as a table."""

    steps: tuple[Step, ...]
    sizes: Mapping[str, int]

    def rows(self) -> list[tuple[str, str, str, float, int]]:
        """(step, operation, shape, flops, bytes in double precision) of every step."""
        out = []
        for s in self.steps:
            if s.op != "input":
                count = 8 * size_value(s.dims, self.sizes)
                what = f"{s.op}({', '.join(s.args)})"
                out.append((s.name, what, " x ".join(map(str, s.dims)) or "scalar", s.flops, count))
        return out

    @property
    def flops(self) -> float:
        return sum(s.flops for s in self.steps)

    @property
    def nanoseconds(self) -> float:
        """The estimated time."""
        return sum(s.nanoseconds for s in self.steps)

    @property
    def functions(self) -> float:
        """The share of exp, tanh and other functions of entries in the estimated time."""
        every = self.nanoseconds
        mapped = [s for s in self.steps if s.op == "entrywise" and s.spec[0][0] in ("map", "decay")]
        return sum(s.nanoseconds for s in mapped) / every if every else 0.0

    def __str__(self) -> str:
        lines = [f"{'step':8}{'operation':34}{'shape':18}{'flops':>12}{'bytes':>12}"]
        lines += [f"{n:8}{w[:33]:34}{s:18}{f:12.4g}{b:12d}" for n, w, s, f, b in self.rows()]
        sizes = ", ".join(f"{k} = {v}" for k, v in self.sizes.items())
        return "\n".join([*lines, f"total {self.flops:.4g} flops for {sizes}"])


@dataclass(frozen=True)
class Compiled:
    """A function and how it came about; the helpers are put before its definition when the source is read. `whole`: the
    definition is one function of plain statements, without a way round or a loop."""

    definition: str
    before: Callable[[], str]
    function: Callable[..., Any]
    plan: Plan
    whole: bool = True

    @property
    def source(self) -> str:
        return self.before() + self.definition


def python_names(names: tuple[str, ...]) -> dict[str, str]:
    """The names as Python can have them: lambda becomes lambda_."""
    spelled: dict[str, str] = {}
    for n in names:
        name = n
        taken = {*reserved(), *spelled.values()}
        while keyword.iskeyword(name) or name in taken or (name != n and name in names):
            name += "_"
        spelled[n] = name
    return spelled


def assemble(
    goal: Goal, known: Declarations, request: Request, sizes: Mapping[str, int], batch: Batch | None = None
) -> Compiled:
    """Plan, write and define the function for these sizes; of a whole batch, whose size is among them, in NumPy.

    Where no value is wanted, sums in products are also tried multiplied out: (T - U*V')*V costs more than
    T*V - U*(V'*V) if T - U*V' serves nothing else. Inverses of a diagonal plus low rank are tried through small
    matrices. Raises NotCarried where there is no form for a batch.
    """
    draft = _cheaper(goal, known, request, sizes, batch)
    short = shortened(goal.nodes, sizes) if request.backend == "numpy" and batch is None else None
    if short is None:
        return compiled([draft.written(request.want)], request)
    other = _cheaper(goal.of(short.nodes), known, request, sizes, batch)
    if other.nanoseconds > SHORTER * draft.nanoseconds:
        return compiled([draft.written(request.want)], request)
    if is_zero(short.loss):
        return compiled([other.written(request.want)], request)
    loss = Goal((), (), short.loss, (), (), ())
    first = _assembled(loss, known, replace(request, want="value", as_operator=False, single=False), sizes, None)
    pieces = [first.written("loss"), draft.written(f"{request.want}_dense"), other.written(request.want)]
    return compiled(pieces, request, bound=BOUND_SINGLE if request.single else BOUND)


def _cheaper(
    goal: Goal, known: Declarations, request: Request, sizes: Mapping[str, int], batch: Batch | None
) -> _Draft:
    """The program, with its sums in products multiplied out or not; planned again where products could share more."""
    draft = _assembled(goal, known, request, sizes, batch)
    if request.want in ("gradient", "newton", "hvp", "jacobian"):
        first, along = tuple(opened(goal.first)), tuple(opened(goal.along))
        other = Goal(goal.own, goal.sides, goal.value, first, goal.second, along)
        if other != goal:
            second = _assembled(other, known, request, sizes, batch, share=False)
            draft = second if second.nanoseconds < 0.9 * draft.nanoseconds else draft
    again = draft.again()
    return draft if again is None or again.nanoseconds > draft.nanoseconds - CALL / 2 else again


@dataclass(frozen=True, slots=True)
class Written:
    """The text of one function: its definition, the helpers it calls, what its statements are, its plan."""

    definition: str
    helpers: Sequence[str]
    text: str
    plan: Plan
    looped: bool


@dataclass(frozen=True, slots=True)
class _Draft:
    """A program and what it costs, before its text is made under a name."""

    written: Callable[[str], Written]
    nanoseconds: float
    again: Callable[[], _Draft | None]


def _assembled(
    goal: Goal, known: Declarations, request: Request, sizes: Mapping[str, int], batch: Batch | None,
    share: bool = True, census: Census | None = None,
) -> _Draft:  # fmt: skip
    names = python_names(request.arguments)
    numpy = request.backend == "numpy"
    planner = StackPlanner(sizes, names, batch) if batch else Planner(sizes, names, numpy=numpy, census=census)
    sides = {names[n]: _sides(known, request, n, batch) for n in request.arguments}
    named = (*known.sizes, batch.dim) if batch else known.sizes
    size_names = python_names((*names.values(), *named))
    planner.program.reserve(size_names.values())
    spelled = {d: size_names[d] for d in named}
    writer = (Writer if batch is None else StackWriter)(planner.program, request.backend, spelled, request.single)
    order = [len(known.variables[n].axes) for n in request.wrt]
    second = SecondOrder(planner, writer, sizes, share, batch)
    if request.want == "newton":
        alone = len(order) == 1
        results = second.newton(goal.second[0][0], goal.first[0]) if alone else second.joint(goal.second, goal.first)
        results = folded(writer, results, in_front(batch, goal.sides[0])) if alone else results
        wanted = second.wanted
    elif request.as_operator:
        results, wanted = second.operator(goal.second[0][0], order[0]), second.wanted
    else:
        results, wanted = _plain_results(goal, request, planner, writer, share, batch)
    cost = planner.program.nanoseconds(wanted)

    def again() -> _Draft | None:
        """The program planned with what the census of this planning has found; None where it has found nothing."""
        found = planner.program.census
        if batch or not found.promises(planner.program.content.values()):
            return None
        found = replace(found, counting=False)
        return _assembled(goal, known, request, sizes, batch, share, found)

    def text(name: str) -> Written:
        return _written(planner, writer, request, names, sides, results, wanted, sizes, name)

    return _Draft(text, cost, again)


def _plain_results(
    goal: Goal, request: Request, planner: Planner, writer: Writer, share: bool, batch: Batch | None
) -> tuple[str, list[str]]:
    """The expression of the results that are arrays."""
    sizes = planner.program.sizes
    grid = [
        multiplied_out(h, h.order // 2, sizes) if j == k else h
        for k, row in enumerate(goal.second)
        for j, h in enumerate(row)
    ]
    nodes = {"value": [goal.value], "value_and_gradient": [goal.value, *goal.first], "hvp": [*goal.along],
             "hessian": grid}.get(request.want, [*goal.first])  # fmt: skip
    census = planner.program.census
    ready = census.once((share, *nodes), lambda: prepared(nodes, sizes, share=share))
    ready = batch.nodes(ready) if batch else ready
    values = [planner.rescaled(v) for v in planner.turned(planner.plan(ready))]
    values = [
        Value(1, planner.array(v, n.dims), tuple(range(n.order))) if v.diagonal else v
        for v, n in zip(values, ready, strict=True)
    ]
    if request.single:
        values = [_narrow(planner, v) for v in values]
    own, sides = goal.own, goal.sides
    first = [(*own, *s) for s in sides]
    shapes = {"value": [own], "value_and_gradient": [own, *first], "hvp": sides,
              "hessian": [(*own, *a, *b) for a in sides for b in sides]}.get(request.want, first)  # fmt: skip
    texts = [folded(writer, result(writer, planner, v, n), in_front(batch, s))
             for v, n, s in zip(values, ready, shapes, strict=True)]  # fmt: skip
    wanted = [v.name for v in values if v.name]
    count = len(request.wrt)
    if request.want == "value_and_gradient":
        return f"{texts[0]}, ({', '.join(texts[1:])}{',' if len(texts) == 2 else ''})", wanted
    if request.want == "hessian" and count > 1:
        rows = [f"({', '.join(texts[k * count : (k + 1) * count])})" for k in range(count)]
        return f"({', '.join(rows)})", wanted
    return ", ".join(texts), wanted


def _narrow(planner: Planner, value: Value) -> Value:
    """A result that is a number, in the precision of the arrays."""
    step = planner.program.steps.get(value.name)
    if step is None or step.dims or step.op in ("input", "size"):
        return value
    return Value(value.coef, planner.program.emit("narrow", (value.name,), None, ()), value.pattern)


def _sides(known: Declarations, request: Request, name: str, batch: Batch | None) -> Sides:
    """The axes of an argument as it comes; one side of kron or vec holds several."""
    variable = request.wrt[request.directions.index(name)] if name in request.directions else name
    sides = tuple(side for side in known.variables[variable] if side)
    return in_front(batch, sides) if batch and name in batch.names else sides


def in_front(batch: Batch | None, sides: Sides) -> Sides:
    """The sides of an array with the axis of the batch, where there is one."""
    return ((batch.dim,), *sides) if batch else sides


def folded(writer: Writer, text: str, sides: Sides) -> str:
    """The array with one axis for each side: a side of kron or vec holds several."""
    if all(len(side) == 1 for side in sides):
        return text
    lengths = [" * ".join(writer.length(d) for d in side) for side in sides]
    return f"({text}).reshape({', '.join(lengths)})"


def result(writer: Writer, planner: Planner, value: Value, node: Node) -> str:
    """The expression of a result array, which is the caller's own: no view of an argument."""
    plain = value.coef == 1 and value.pattern == tuple(range(node.order)) and bool(value.name)
    text = value.name if plain else writer.expanded(value.coef, value.name, value.pattern, node.dims)
    view = value.coef == 1 and value.name and planner.program.steps[value.name].op in ("input", "reduce")
    if not view or writer.backend == "jax" or None in value.pattern or value.diagonal or not node.order:
        return text
    return f"{text}.{'clone' if writer.backend == 'torch' else 'copy'}()"


def _written(
    planner: Planner, writer: Writer, request: Request, names: Mapping[str, str], sides: Mapping[str, Sides],
    results: str, wanted: list[str], sizes: Mapping[str, int], name: str,
) -> Written:  # fmt: skip
    program = planner.program
    definition, text = render(
        program, request.backend, name=name, doc=f"{request.told}.", arguments=[names[n] for n in request.arguments],
        sides=sides, writer=writer, results=results, wanted=wanted,
    )  # fmt: skip
    plan = Plan(tuple(program.needed(wanted)), dict(sizes))
    return Written(definition, tuple(writer.helpers), text, plan, writer.looped)


def _absent(backend: str) -> FrechetError:
    name = {"jax": "JAX", "torch": "PyTorch"}[backend]
    return problem("E505", f"{name} is not installed: its code can be read, not run.", help=f"pip install {backend}")


def compiled(pieces: Sequence[Written], request: Request, bound: float = 0) -> Compiled:
    """The function of the last piece; with three, the first tells when the second is to be called in its place."""
    *others, last = pieces
    definition = last.definition
    if others:
        head, doc, *rest = definition.split("\n")
        call = head.removeprefix("def ").removesuffix(":").removeprefix(request.want)
        way = ['    with np.errstate(all="ignore"):', f"        short = loss{call} < {bound:g}",
               "    if not short:  # digits would be lost", f"        return {request.want}_dense{call}"]  # fmt: skip
        definition = "\n\n\n".join([*(p.definition.rstrip() for p in others), "\n".join([head, doc, *way, *rest])])
    helpers = list(dict.fromkeys(h for p in pieces for h in p.helpers))
    text = "\n".join(p.text for p in pieces)

    def before() -> str:
        return preamble(request.backend, helpers, text)

    # The text is ours: names are letters, digits and underscores, everything else comes from templates. NumPy code
    # uses the helpers of this package: their classes stay one.
    numpy = request.backend == "numpy"
    scope: dict[str, Any] = namespace(helpers) if numpy else {}
    try:
        exec(compile(definition if numpy else before() + definition, f"<frechet {request.want}>", "exec"), scope)
        function = request.jitted(scope[request.want])
    except ModuleNotFoundError:  # the text is of use where it cannot run

        def function(*_: Any) -> Any:
            raise _absent(request.backend)

    return Compiled(definition, before, function, last.plan, whole=not others and not last.looped)
