"""C99 for a typed Tree: one function with static helpers, plain loops, nothing but the standard library.

    c_source(tree, declarations, name="gradient")

Arrays lie row by row (C order). Products are plain loops; inverses, solves and determinants use an LU factorisation
that the file brings along: it needs no BLAS or LAPACK.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from frechet.compile.assemble import Request
from frechet.compile.goals import Goal
from frechet.compile.languages.c_algebra import CWriter
from frechet.compile.languages.c_helpers import HELPERS
from frechet.compile.languages.c_steps import C
from frechet.compile.languages.c_text import bare, length, number, scaled
from frechet.compile.languages.draft import Least, named_shapes, shown, sides
from frechet.compile.languages.results import ASSUMED, Result, results_of, shapes_of
from frechet.compile.native import Interface
from frechet.compile.plan import Planner
from frechet.compile.prepare import prepared
from frechet.compile.program import Step, Value
from frechet.compile.stable.rules import settled
from frechet.core.dims import Dim, Shape, Size
from frechet.core.node import Node, var
from frechet.language.declarations import Declarations
from frechet.language.lower import lower, variable_node
from frechet.language.tree import Tree

# A formula of a comment that is longer says nothing.
LONGEST = 90

_WORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int long register
restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
exp log sin cos tan asin acos atan sinh cosh tanh erf erfc hypot log1p expm1 sqrt pow fabs fmax fmin isfinite abs memcpy
calloc malloc free ldexp floor NAN HUGE_VAL work sum singular status result y0 y1 yn j0 j1 jn gamma main
"""
_TAKEN = frozenset((*_WORDS.split(), *HELPERS))


def c_source(
    tree: Tree, declarations: Declarations, *, name: str = "gradient", doc: str = "",
    arguments: Sequence[str] | None = None, least: Least | None = None,
) -> str:  # fmt: skip
    """C code of a function that computes `tree`; see `numpy_source`. E504 where an operation is not there in C."""
    shapes = named_shapes(tree, declarations)
    nodes: dict[str, Node] = {n: variable_node(n, declarations) for n in declarations.variables}
    nodes |= {n: var(n, s.axes, role="direction") for n, s in shapes.items() if n not in nodes}
    (root,) = settled([lower(tree, nodes).root], before=True)
    given = [n for n in shapes if arguments is None or n in arguments or n not in declarations.variables]
    sizes = dict.fromkeys(declarations.sizes, ASSUMED)
    made = _Function(declarations, {n: shapes[n] for n in given}, name, doc, shapes, sizes, least or {})
    return made.source([Result(made.free("out"), root, tree.typed)])


def c_program(
    goal: Goal, declarations: Declarations, request: Request, given: Mapping[str, int], text: str, least: Least
) -> str:
    """C code of what is compiled, its results sharing their steps; `text` is the formula. E504 where C lacks an
    operation."""
    return c_interface(goal, declarations, request, given, text, least).text


def c_interface(
    goal: Goal, declarations: Declarations, request: Request, given: Mapping[str, int], text: str,
    least: Least | None = None,
) -> Interface:  # fmt: skip
    """The code of `c_program`, with what a caller must know of it."""
    shapes = shapes_of(declarations, request)
    sizes = {**dict.fromkeys(declarations.sizes, ASSUMED), **given}
    results = results_of(goal, request, sizes)
    made = _Function(declarations, shapes, request.want, f"{request.told} of {text}", shapes, sizes, least or {})
    alone = len(results) == 1 and request.want != "value"
    made.system = request.want == "newton"
    source = made.source([Result(made.free("out" if alone else r.out), r.node, r.shape) for r in results])
    arguments = tuple(_flat(s) if sides(s) else None for s in shapes.values())
    outs = tuple(_flat(r.shape) for r in made.results)
    return Interface(source, made.name, tuple(made.used_sizes()), arguments, outs, tuple(made.arrays))


def _flat(shape: Sequence[Size]) -> Size:
    """All sizes of a shape: their product is the number of entries."""
    return tuple(d for side in shape for d in side)


class _Function:
    """One C function while it is being written."""

    def __init__(
        self, declarations: Declarations, shapes: Mapping[str, Shape], name: str, doc: str, known: Mapping[str, Shape],
        sizes: Mapping[str, int], least: Least,
    ) -> None:  # fmt: skip
        self.declarations, self.shapes, self.doc = declarations, shapes, doc or "Computed from its closed form."
        self.sizes, self.least = sizes, least
        self.spelled: dict[str, str] = {}
        for n in (*declarations.sizes, *known):
            self.spelled[n] = f"{n}_" if n in _TAKEN else n
            while self.spelled[n] in list(self.spelled.values())[:-1]:
                self.spelled[n] += "_"
        self.name = self.free(name)
        self.results: Sequence[Result] = ()
        self.arrays: list[Size] = []  # the sizes of what is held meanwhile
        self.system = False  # whether the result solves a system, which may have no solution

    def free(self, name: str) -> str:
        """The name, or one like it that means nothing else here."""
        while name in self.spelled.values() or name in _TAKEN:
            name += "_"
        return name

    def source(self, results: Sequence[Result]) -> str:
        self.results = results
        planner = Planner(self.sizes, self.spelled, numpy=False)
        planner.program.reserve((*self.spelled.values(), *(r.out for r in results)))
        ready = prepared([r.node for r in results], planner.program.sizes)
        values = []
        for value, node in zip([planner.rescaled(v) for v in planner.plan(ready)], ready, strict=True):
            plain = value.name and node.dims and None not in value.pattern and not value.diagonal
            values.append(planner.entrywise(("linear",), [value], node.dims) if plain and value.coef != 1 else value)
        planner.program.steps = {n: self._respelled(s) for n, s in planner.program.steps.items()}
        steps = planner.program.needed([v.name for v in values if v.name])
        places, turned = self._places(values, ready, steps)
        taken = {*self.spelled.values(), *(r.out for r in results), *_TAKEN}
        writer = CWriter(planner.program, steps, taken, places, turned)
        writer.system = self.system
        read = [a for s in steps for a in s.args] + [v.name for v in values]
        for v in values:  # a scalar result is written out where it is returned
            step = planner.program.steps.get(v.name)
            if step is not None and not step.dims and step.op in ("entrywise", "scalars") and read.count(v.name) == 1:
                writer.inlined.add(v.name)
        body: list[str] = []
        for step in steps:
            lines = writer.write(step)
            if lines:
                body += [*self._comment(step, writer), *lines]
        for r, value, node in zip(results, values, ready, strict=True):
            if not node.dims:
                body.append(f"*{r.out} = {_times(value, writer)};")
            elif places.get(value.name) != r.out:
                body += writer.expanded(r.out, value, self._sizes(node.dims), "=")
            if self.system:
                count = " * ".join(str(d) for d in self._sizes(node.dims)) or "1"
                body += [f"if (!all_finite({count}, {r.out}))", "    goto singular;"]
        return self._framed(body, self._buffers(steps, writer, places), writer)

    def _sizes(self, dims: Sequence[Dim]) -> Size:
        """Sizes as they are spelled here."""
        return tuple(d if isinstance(d, int) else self.spelled.get(d, d) for d in dims)

    def _respelled(self, step: Step) -> Step:
        """A step with its sizes as they are spelled here."""
        spec = step.spec
        if step.op == "size":
            (spec,) = self._sizes((spec,))
        elif step.op in ("expand", "assemble"):
            spec = (*spec[:-1], self._sizes(spec[-1]))
        return replace(step, dims=self._sizes(step.dims), spec=spec)

    def _places(
        self, values: Sequence[Value], roots: Sequence[Node], steps: Sequence[Step]
    ) -> tuple[dict[str, str], dict[str, tuple[int, ...]]]:
        """The steps that write into the caller's arrays, and in which order of the axes."""
        places: dict[str, str] = {}
        turned: dict[str, tuple[int, ...]] = {}
        for r, value, root in zip(self.results, values, roots, strict=True):
            pattern = tuple(k for k in value.pattern if k is not None)
            plain = len(pattern) == root.order and not value.diagonal and value.coef == 1
            if not plain or not value.name or not root.dims or value.name in places:
                continue
            step = next(s for s in steps if s.name == value.name)
            if pattern == tuple(range(root.order)):
                places |= {value.name: r.out} if step.op != "input" else {}
            elif step.op in ("entrywise", "dot", "outers", "gram", "reduce"):
                alone = not any(value.name in s.args for s in steps)
                alone = alone and [v.name for v in values].count(value.name) == 1
                places |= {value.name: r.out} if alone else {}
                turned |= {value.name: pattern} if alone else {}
        return places, turned

    def _comment(self, step: Step, writer: CWriter) -> list[str]:
        if not step.dims:
            return []
        formula = writer.formula(step)
        if step.name in writer.turned and formula:
            formula += ", transposed"
        target = writer.places.get(step.name, step.name)
        shape = " x ".join(str(d) for d in step.dims)
        return [f"/* {target}{f' = {formula}' if formula and len(formula) < LONGEST else ''} ({shape}) */"]

    def _buffers(self, steps: Sequence[Step], writer: CWriter, places: dict[str, str]) -> list[tuple[str, str]]:
        """Arrays of doubles that the steps write to, with their lengths."""
        found: list[tuple[str, Size]] = []
        for s in steps:
            if s.op != "input" and s.dims and s.name not in {*places, *writer.inlined, *writer.sums}:
                found.append((s.name, (*s.dims, *s.dims) if s.op == "factor" else s.dims))
            if s.op.startswith("sandwich"):
                found.append((f"{s.name}_solved", writer.program.steps[s.args[1]].dims))
        meant = {spelled: n for n, spelled in self.spelled.items()}
        self.arrays = [tuple(d if isinstance(d, int) else meant.get(d, d) for d in dims) for _, dims in found]
        return [(name, length(dims)) for name, dims in found]

    def _framed(self, body: list[str], buffers: list[tuple[str, str]], writer: CWriter) -> str:
        head, tail = [], []
        names = [n for n, _ in buffers]
        for name, count in buffers:
            head.append(f"double *{name} = calloc({count}, sizeof(double));")
        for rows, count in writer.integers.items():
            head.append(f"int *{rows} = calloc({count}, sizeof(int));")
            names.append(rows)
        refuses = bool(writer.integers) or self.system
        if names or writer.fails or refuses:
            head.insert(0, "int status = -1;")
            head += [f"if ({' || '.join(f'!{n}' for n in names)})", "    goto done;"] if names else []
            tail = ["status = 0;"]
            if refuses:
                tail += ["goto done;", "singular:", "status = 1;"]
            tail += ["done:", *(f"free({n});" for n in names), "return status;"]
        else:
            tail = ["return 0;"]
        head = [*self._checks(), *head]
        code = re.sub(r"/\*.*?\*/", "", "\n".join([*head, *body]))
        words = set(re.findall(r"\w+", code))
        unused = [n for _, n in self._parameters() if n not in words]
        head = [*(f"(void){n};" for n in unused), *head]
        inner = "\n".join(line if line in ("done:", "singular:") else f"    {line}" for line in [*head, *body, *tail])
        about = self._about(refuses or writer.fails, bool(names) or writer.fails)
        text = f"{about}\n{self._signature()}\n{{\n{inner}\n}}\n"
        helpers = C.brought(code)
        needed = "\n".join([code, *helpers])
        includes = [f"#include <{h}.h>" for h, pattern in _HEADERS if re.search(pattern, needed)]
        return "\n".join([*includes, *([""] if includes else []), *helpers, text])

    def used_sizes(self) -> list[str]:
        """The sizes of the arrays and results: the first parameters."""
        every = [side for s in (*self.shapes.values(), *(r.shape for r in self.results)) for side in s]
        used = {d for side in every for d in side if isinstance(d, str)}
        return [d for d in self.declarations.sizes if d in used]

    def _parameters(self) -> list[tuple[str, str]]:
        """Type and name of each parameter but the result: sizes, then arrays."""
        sizes = [("int ", self.spelled[d]) for d in self.used_sizes()]
        arrays = [("const double *" if sides(s) else "double ", self.spelled[n]) for n, s in self.shapes.items()]
        return [*sizes, *arrays]

    def _signature(self) -> str:
        given = ", ".join([*(kind + n for kind, n in self._parameters()), *(f"double *{r.out}" for r in self.results)])
        return f"int {self.name}({given})"

    def _checks(self) -> list[str]:
        """The sizes that must be large enough."""
        told = {n for _, n in self._parameters()}
        known = [(self.spelled[d], count, said) for d, (count, said) in self.least.items() if d in self.spelled]
        said = [
            [f"if ({n} < {count})  /* {_comment(text)} */", "    return 2;"] for n, count, text in known if n in told
        ]
        return [line for lines in said for line in lines]

    def _about(self, factors: bool, allocates: bool) -> str:
        told = ", ".join(f"{self.spelled[n]} {shown(sides(s))}" for n, s in self.shapes.items())
        doc = _comment(self.doc.rstrip("."))
        returns = "Returns 0" + ", -1 without memory" * allocates + ", 1 if a matrix is singular" * factors
        returns += ", 2 if an array is too short" * bool(self._checks())
        lines = [
            f"{doc}.",
            f"{told}; {', '.join(f'{r.out} {shown(sides(r.shape))}' for r in self.results)}. Matrices lie row by row.",
            f"{returns}.",
        ]
        return "/* " + "\n * ".join(lines) + "\n */"


_HEADERS = (
    ("math", r"\b(exp|log|sin|cos|tan|asin|acos|atan|sinh|cosh|tanh|erf|erfc|hypot|log1p|expm1|sqrt|pow|fabs|fmax|fmin"
             r"|floor|ldexp|asinh|isfinite)\(|\b(NAN|HUGE_VAL)\b"),
    ("stdlib", r"\b(calloc|malloc|abs|size_t)\b"),
    ("string", r"\bmemcpy\("),
)  # fmt: skip


def _comment(text: str) -> str:
    """A formula that neither ends a comment nor begins another."""
    return text.replace("*/", "* /").replace("/*", "/ *")


def _times(value: Value, writer: CWriter) -> str:
    """A scalar result."""
    if not value.name:
        return number(value.coef)
    text = writer.at(value.name, ())
    return bare(text) if value.coef == 1 else scaled(value.coef, text)
