"""A typed Tree as the parts of a function, before a language writes them down."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from frechet.compile.languages.code import Code
from frechet.compile.languages.emit import Emitter
from frechet.compile.languages.language import Language
from frechet.compile.languages.operations import CALLS
from frechet.compile.languages.written import in_order, statements
from frechet.core.dims import Shape, Size, show_size
from frechet.core.errors import problem
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree, subtrees

_SYMMETRIC = frozenset({"symmetric", "spd"})


Least = Mapping[str, tuple[int, str]]
"""How large sizes must be, and what of the formula asks for that: see `language.reach.least_sizes`."""


class Output(NamedTuple):
    """A result: its name (where there are several), its expression, the sizes of its sides in words."""

    name: str
    text: str
    sides: Sequence[str]


@dataclass(frozen=True, slots=True)
class Draft:
    """One function.

    parameters  (name, shape) in order          sizes   (names of sizes by axis, array) to read off before all else
    steps       (name, expression)              outputs     what is returned
    used        the parameters that the code reads
    checks      (size, least value, what asks for it)
    calls       (template, axes of the first argument) of what is called
    """

    name: str
    doc: str
    parameters: tuple[tuple[str, Shape], ...]
    sizes: tuple[tuple[Mapping[str, int], str], ...]
    steps: tuple[tuple[str, str], ...]
    outputs: tuple[Output, ...]
    used: frozenset[str]
    checks: tuple[tuple[str, int, str], ...] = ()
    calls: frozenset[tuple[str, int]] = frozenset()


def draft(
    language: Language, tree: Tree, declarations: Declarations, *, name: str = "gradient", doc: str = "",
    arguments: Sequence[str] | None = None, least: Least | None = None,
) -> Draft:  # fmt: skip
    """The function that computes `tree`; a linear map `dX -> e` takes the direction dX as well.

    `arguments` are its parameters (every variable, if not given: all derivatives of a function are called alike);
    `doc` is its first line of documentation, `least` the sizes it checks first.
    """
    shapes = named_shapes(tree, declarations)
    spelled = spellings(language, shapes)
    symmetric = {n for n, facts in declarations.facts.items() if facts & _SYMMETRIC}
    emitter = Emitter(language, spelled, symmetric, CALLS)
    result = emitter.run(tree)
    given = [*(declarations.variables if arguments is None else arguments), *emitter.directions]
    known = {spelled[n]: s for n, s in shapes.items()}
    least = unseen(least or {}, [result], known, language)
    sizes, given = _sizes(result, given, declarations, spelled, least)
    named = {language.identifier(d) for told, _ in sizes for d in told}
    taken = language.taken | {spelled[n] for n in given} | named | set(declarations.sizes)
    steps, (value,) = statements([result], emitter.book.hints, set(taken), language)
    return Draft(
        language.identifier(name), (doc or "Computed from its closed form").rstrip("."),
        tuple((spelled[n], shapes[n]) for n in given), named_sizes(sizes, language), tuple(steps),
        (Output("", value, sides(tree.typed)),), frozenset(_used(result)), checks(least, sizes, language),
        called([result]),
    )  # fmt: skip


def spellings(language: Language, names: Iterable[str]) -> dict[str, str]:
    """The names as the language can have them, each its own."""
    spelled: dict[str, str] = {}
    for n in names:
        spelled[n] = language.identifier(n)
        while list(spelled.values()).count(spelled[n]) > 1:
            spelled[n] += "_"
    return spelled


def named_shapes(tree: Tree, declarations: Declarations) -> dict[str, Shape]:
    """Every variable and direction."""
    shapes = dict(declarations.variables)
    directions = {t.name for t in subtrees(tree) if t.kind == "arrow"}
    for t in subtrees(tree):
        if t.kind == "name" and t.name in directions and t.name not in shapes:
            shapes[t.name] = t.typed
    for name in directions - set(shapes):
        # a map that ignores its direction, such as dX -> 0
        variable = name[1:].rstrip("_")
        shapes[name] = shapes.get(variable, Shape())
    return shapes


def _sizes(
    result: Code, given: list[str], declarations: Declarations, spelled: Mapping[str, str], least: Least
) -> tuple[list[tuple[dict[str, int], str]], list[str]]:
    """Where the sizes that the code uses are read; a parameter is added if none of them tells a size."""
    shapes = {spelled[n]: s for n, s in declarations.variables.items()}
    needed = sizes_of([result], shapes, least)
    found = read_sizes(needed, shapes, _used(result), [spelled[n] for n in given])
    reading = {array for _, array in found}
    if all(n in given for n in declarations.variables if spelled[n] in reading):
        return found, given
    variables = [n for n in declarations.variables if n in given or spelled[n] in reading]
    return found, [*variables, *(n for n in given if n not in declarations.variables)]


def unseen(least: Least, codes: Sequence[Code], shapes: Mapping[str, Shape], language: Language) -> Least:
    """What is left to check, where the language refuses an entry by itself that the code reads."""
    seen: dict[str, int] = {}
    for code in in_order(*codes):
        if code.op == "index" and code.args[0].text in shapes:
            sides = [side for side in shapes[code.args[0].text] if side]
            for side, place in zip(sides, code.text.split(","), strict=True):
                kind = "slice" if ":" in place else "entry"
                if place != ":" and kind in language.refuses and len(side) == 1:
                    seen[str(side[0])] = max(seen.get(str(side[0]), 0), int(place.rpartition(":")[2]))
    return {d: (count, said) for d, (count, said) in least.items() if seen.get(d, 0) < count}


def sizes_of(codes: Sequence[Code], shapes: Mapping[str, Shape], least: Least) -> list[str]:
    """The sizes that code needs, and those that are checked, as far as an array tells them."""
    checked = [d for d in least if any(_told(s, [d]) for s in shapes.values())]
    return list(dict.fromkeys([*(c.text for c in in_order(*codes) if c.op == "size"), *checked]))


def checks(
    least: Least, sizes: Sequence[tuple[Mapping[str, int], str]], language: Language
) -> tuple[tuple[str, int, str], ...]:
    """(size, least value, what asks for it) for the sizes that are read."""
    read = {d for told, _ in sizes for d in told}
    return tuple((language.identifier(d), count, said) for d, (count, said) in least.items() if d in read)


def named_sizes(
    sizes: Sequence[tuple[Mapping[str, int], str]], language: Language
) -> tuple[tuple[Mapping[str, int], str], ...]:
    """The sizes to read by names that the language can have."""
    return tuple(({language.identifier(d): axis for d, axis in told.items()}, array) for told, array in sizes)


def called(codes: Sequence[Code]) -> frozenset[tuple[str, int]]:
    """(template, axes of the first argument) of all calls."""
    return frozenset((c.text, c.args[0].ndim) for c in in_order(*codes) if c.op == "call" and c.args)


def quotients(
    needed: Sequence[str], shapes: Mapping[str, Shape], language: Language
) -> tuple[list[str], list[tuple[str, str]]]:
    """The sizes to read off arrays, and (size, expression) for those that only a side of several tells: n is the length
    of v, m*n, divided by m."""
    whole = [d for d in needed if any(_told(s, [d]) for s in shapes.values())]
    parts: list[tuple[str, str]] = []
    for dim in (d for d in needed if d not in whole):
        for array, shape in shapes.items():
            for axis, side in enumerate(s for s in shape if s):
                others = [d for d in side if d != dim]
                told = all(isinstance(d, int) or any(_told(s, [d]) for s in shapes.values()) for d in others)
                if side.count(dim) == 1 and told and dim not in dict(parts):
                    below = "*".join(language.identifier(str(d)) for d in others)
                    template = language.word("quotient of a side")
                    parts.append((dim, template.format(array, axis + 1, f"({below})" if len(others) > 1 else below)))
                    whole += [str(d) for d in others if isinstance(d, str) and d not in whole]
        if dim not in dict(parts):
            whole.append(dim)
    return whole, [(language.identifier(d), text) for d, text in parts]


def read_sizes(
    needed: list[str], shapes: Mapping[str, Shape], used: Collection[str], given: Collection[str]
) -> list[tuple[dict[str, int], str]]:
    """(names of sizes by axis, array): which array tells which of the sizes; one that is read anyhow if there is one.
    E304 where none does."""
    found: list[tuple[dict[str, int], str]] = []
    while needed:
        ranked = {n: (len(_told(shape, needed)), n in used, n in given) for n, shape in shapes.items()}
        best = max(ranked, key=lambda n: ranked[n], default="")
        told = _told(shapes[best], needed) if best else {}
        if not told:
            raise problem("E304", f"The size {needed[0]} cannot be read off an array.")
        found.append((told, best))
        needed = [n for n in needed if n not in told]
    return found


def _used(code: Code) -> set[str]:
    return {c.text for c in in_order(code) if c.op == "name"}


def _told(shape: Shape, needed: Sequence[str]) -> dict[str, int]:
    """Which of the sizes a variable tells, and on which axis of its array."""
    told: dict[str, int] = {}
    for axis, side in enumerate(s for s in shape if s):
        if len(side) == 1 and side[0] in needed and str(side[0]) not in told:
            told[str(side[0])] = axis
    return told


def sides(shape: Sequence[Size]) -> list[str]:
    """The sizes of the sides of an array, in words."""
    return [show_size(s) for s in shape if s]


def shown(found: Sequence[str], vector: str = "({})", between: str = " x ") -> str:
    """The sizes of the sides of an array, as its shape is written in a comment."""
    return f"({between.join(found)})" if len(found) > 1 else vector.format(*found) if found else "scalar"


def arguments_of(parts: Draft, vector: str = "({})", between: str = " x ") -> str:
    """The parameters and their shapes: X (m x n), w (n)."""
    return ", ".join(f"{n} {shown(sides(shape), vector, between)}" for n, shape in parts.parameters)


@dataclass(frozen=True, slots=True)
class Source:
    """The code of typed trees in one language, as `written` puts it down."""

    language: Language
    written: Callable[[Draft], str]

    def __call__(
        self, tree: Tree, declarations: Declarations, *, name: str = "gradient", doc: str = "",
        arguments: Sequence[str] | None = None, least: Least | None = None,
    ) -> str:  # fmt: skip
        """A function that computes `tree`; a linear map `dX -> e` takes the direction dX as well.

        `arguments` are its parameters (every variable, if not given: all derivatives of a function are called alike);
        `doc` is its first line of documentation, `least` the sizes that are checked first. E504 where the language
        cannot say it.
        """
        parts = draft(self.language, tree, declarations, name=name, doc=doc, arguments=arguments, least=least)
        return self.written(parts)
