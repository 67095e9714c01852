"""What is compiled, as one function of Julia or MATLAB: its results share what they share in the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from frechet.compile.assemble import Request
from frechet.compile.goals import Goal
from frechet.compile.languages.array_steps import ArraySteps, positive_definite
from frechet.compile.languages.code import Book, Code
from frechet.compile.languages.draft import (
    Draft,
    Least,
    Output,
    called,
    checks,
    named_sizes,
    quotients,
    read_sizes,
    sides,
    sizes_of,
    spellings,
    unseen,
)
from frechet.compile.languages.emit import literal
from frechet.compile.languages.language import Language
from frechet.compile.languages.results import ASSUMED, Result, results_of, shapes_of, system_of
from frechet.compile.languages.written import in_order, statements
from frechet.compile.plan import Planner
from frechet.compile.prepare import prepared
from frechet.compile.program import Value
from frechet.core.dims import Dim, Shape, Size
from frechet.core.facts import is_spd
from frechet.core.node import Node
from frechet.language.declarations import Declarations


@dataclass(frozen=True, slots=True)
class ArrayProgram:
    """The code of compiled functions in one language, as `written` puts it down."""

    language: Language
    written: Callable[[Draft], str]

    def __call__(
        self, goal: Goal, known: Declarations, request: Request, given: Mapping[str, int], text: str, least: Least
    ) -> str:
        """See `array_program`."""
        return self.written(array_program(self.language, goal, known, request, given, text, least))


def array_program(
    language: Language, goal: Goal, declarations: Declarations, request: Request, given: Mapping[str, int], text: str,
    least: Least,
) -> Draft:  # fmt: skip
    """The function of a compiled derivative, planned for the sizes `given` (a hundred for the others); `text` is the
    formula. E504 where the language lacks an operation, E304 where no array tells a size."""
    shapes = shapes_of(declarations, request)
    spelled = spellings(language, shapes)
    planner = Planner({**dict.fromkeys(declarations.sizes, ASSUMED), **given}, spelled, numpy=False)
    sizes = planner.program.sizes
    blocks, first = system_of(goal, request, sizes)
    results = [] if first else results_of(goal, request, sizes)
    ready = prepared([*blocks, *first, *(r.node for r in results)], sizes)
    values = [planner.rescaled(v) for v in planner.turned(planner.plan(ready))]
    if first:
        several = len(first) > 1
        names = [f"step_{n}" if several else "step" for n in request.wrt]
        results = [Result(n, g, s) for n, g, s in zip(names, first, goal.sides, strict=True)]
    taken = {
        *language.taken,
        *spelled.values(),
        *map(language.identifier, declarations.sizes),
        *(r.out for r in results),
    }

    def free(name: str) -> str:
        while name in taken:
            name += "_"
        taken.add(name)
        return name

    book = Book(language)
    steps = planner.program.needed([v.name for v in values if v.name])
    spd = positive_definite(planner.values, is_spd)
    writer = ArraySteps(book, planner.program, steps, [v.name for v in values], spd, free)
    for name in shapes:
        _unfold_input(writer, spelled[name], shapes[name])
    writer.write(steps)
    codes = (
        _steps(writer, values, ready, request.wrt)
        if first
        else [writer.expanded(v.coef, v.name, v.pattern, n.dims) for v, n in zip(values, ready, strict=True)]
    )
    codes = [_folded(writer, c, r) for c, r in zip(codes, results, strict=True)]
    single = len(results) == 1
    hints = {} if single else {c: r.out for c, r in zip(codes, results, strict=True) if c.args}
    hints = {**book.hints, **hints}
    inside = taken - {r.out for r in results} if not single else taken
    lines, texts = statements(codes, hints, inside, language, writer.named)
    known = {spelled[n]: s for n, s in shapes.items()}
    used = {c.text for c in in_order(*codes) if c.op == "name"}
    least = unseen(least, codes, known, language)
    whole, parts = quotients(sizes_of(codes, known, least), known, language)
    read = read_sizes(whole, known, used, list(known))
    outputs = [Output(r.out, t, sides(r.shape)) for r, t in zip(results, texts, strict=True)]
    return Draft(
        language.identifier(request.want), f"{request.told} of {text}",
        tuple(known.items()), named_sizes(read, language), (*parts, *lines),
        tuple(outputs), frozenset(used), checks(least, read, language), called(codes),
    )  # fmt: skip


def _unfold_input(writer: ArraySteps, name: str, shape: Shape) -> None:
    """A vector of the length m*n has two axes inside the program."""
    found = tuple(s for s in shape if s)
    if any(len(side) > 1 for side in found):
        whole = writer.book.make("name", text=name, ndim=len(found))
        writer.codes[name] = writer.unfolded(whole, shape.axes, [len(s) for s in found])


def _folded(writer: ArraySteps, code: Code, result: Result) -> Code:
    """A result with one axis for each side."""
    groups: Sequence[Size] = [s for s in result.shape if s]
    return writer.folded(code, result.node.dims, [len(s) for s in groups])


def _steps(
    writer: ArraySteps, values: Sequence[Value], nodes: Sequence[Node], wrt: Sequence[str]
) -> list[Code]:  # fmt: skip
    """solve(H, g) as one dense system, the blocks of H first among the values, then the parts of g."""
    count = len(wrt)
    book, language = writer.book, writer.language
    codes = [writer.expanded(v.coef, v.name, v.pattern, n.dims) for v, n in zip(values, nodes, strict=True)]
    sides = [n.dims for n in nodes[-count:]]
    blocks = [_block(writer, c, sides[k // count], sides[k % count]) for k, c in enumerate(codes[:-count])]
    parts = [_block(writer, c, s, ()) for c, s in zip(codes[-count:], sides, strict=True)]
    H, g = blocks[0], parts[0]
    if count > 1:
        for k, block in enumerate(blocks):
            name = writer.free(f"H_{wrt[k // count]}_{wrt[k % count]}")
            if block.args and block not in writer.named:
                writer.named[block] = name
        H = book.call(literal(language.word("blocks"), count, count), *blocks, ndim=2)
        g = book.call(literal(language.word("stack"), 1, count), *parts, ndim=1)
    x = book.word("solve", H, g, ndim=1)
    if count == 1:
        return [writer.shaped(x, [writer.size([d]) for d in sides[0]])]
    writer.named |= {H: writer.free("H"), g: writer.free("g"), x: writer.free("x")}
    found = []
    before: Code | None = None
    for dims in sides:
        length = writer.size(dims)
        last = length if before is None else writer.plus(before, length)
        if dims:
            first = book.number(1) if before is None else writer.plus(before, book.number(1))
            part = book.word("slice", x, first, last, ndim=1)
            found.append(writer.shaped(part, [writer.size([d]) for d in dims]))
        else:
            found.append(book.word("entry", x, last, ndim=0))
        before = last
    return found


def _block(writer: ArraySteps, code: Code, rows: Sequence[Dim], columns: Sequence[Dim]) -> Code:
    """A block of the system: one row or column where it is by a scalar."""
    if rows and columns:
        return (
            code if len(rows) == len(columns) == 1 else writer.shaped(code, [writer.size(rows), writer.size(columns)])
        )
    flat = writer.shaped(code, [writer.size([*rows, *columns])]) if rows or columns else code
    return writer.book.row(flat) if columns else flat
