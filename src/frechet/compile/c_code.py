"""C99 for a typed Tree: one function with static helpers, plain loops, nothing but the standard library.

    c_source(tree, declarations, name="gradient")

Arrays lie row by row (C order). Products are plain loops; inverses, solves and determinants use an LU factorisation
that the file brings along: it needs no BLAS or LAPACK.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from frechet.compile.c_helpers import HELPERS
from frechet.compile.c_steps import C, CSteps
from frechet.compile.c_text import bare, length, number
from frechet.compile.draft import named_shapes, sides
from frechet.compile.plan import Planner
from frechet.compile.prepare import prepared
from frechet.compile.program import Step, Value
from frechet.compile.stable_rules import settled
from frechet.core.dims import Shape
from frechet.core.node import Node, var
from frechet.language.declarations import Declarations
from frechet.language.lower import lower, variable_node
from frechet.language.tree import Tree

# The sizes for which the order of products is chosen, where nothing else is known.
ASSUMED = 100
# A formula of a comment that is longer says nothing.
LONGEST = 90

_WORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int long register
restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
exp log sin cos tan asin acos atan sinh cosh tanh erf erfc hypot log1p expm1 sqrt pow fabs fmax fmin abs memcpy
calloc free work sum singular status result y0 y1 yn j0 j1 jn gamma main
"""
_TAKEN = frozenset((*_WORDS.split(), *HELPERS))


def c_source(
    tree: Tree, declarations: Declarations, *, name: str = "gradient", doc: str = "",
    arguments: Sequence[str] | None = None,
) -> str:  # fmt: skip
    """C code of a function that computes `tree`; see `numpy_source`. E504 where an operation is not there in C."""
    shapes = named_shapes(tree, declarations)
    nodes: dict[str, Node] = {n: variable_node(n, declarations) for n in declarations.variables}
    nodes |= {n: var(n, s.axes, role="direction") for n, s in shapes.items() if n not in nodes}
    (root,) = settled([lower(tree, nodes).root], before=True)
    given = [n for n in shapes if arguments is None or n in arguments or n not in declarations.variables]
    spelled: dict[str, str] = {}
    for n in (*declarations.sizes, *shapes):
        spelled[n] = f"{n}_" if n in _TAKEN else n
        while spelled[n] in list(spelled.values())[:-1]:
            spelled[n] += "_"
    return _Function(declarations, {n: shapes[n] for n in given}, spelled, name, doc, tree.typed).source(root)


class _Function:
    """One C function while it is being written."""

    def __init__(
        self, declarations: Declarations, shapes: dict[str, Shape], spelled: dict[str, str], name: str, doc: str,
        result: Shape,
    ) -> None:  # fmt: skip
        self.declarations, self.shapes, self.spelled = declarations, shapes, spelled
        self.doc, self.result = doc or "Computed from its closed form.", result
        self.name = name
        while self.name in spelled.values() or self.name in _TAKEN:
            self.name += "_"
        self.out = "out" if "out" not in spelled.values() else "out_"

    def source(self, root: Node) -> str:
        planner = Planner(dict.fromkeys(self.declarations.sizes, ASSUMED), self.spelled, numpy=False)
        planner.program.reserve((*self.spelled.values(), self.out))
        (ready,) = prepared([root], planner.program.sizes)
        (value,) = planner.plan([ready])
        value = planner.rescaled(value)
        if value.name and value.coef != 1 and ready.dims and None not in value.pattern and not value.diagonal:
            value = planner.entrywise(("linear",), [value], ready.dims)
        steps = planner.program.needed([value.name] if value.name else [])
        places = self._places(value, ready, steps)
        taken = {*self.spelled.values(), self.out, *_TAKEN}
        pattern = tuple(k for k in value.pattern if k is not None)
        turned = {n: pattern for n in places if pattern != tuple(range(len(pattern)))}
        writer = CSteps(planner.program, steps, taken, places, turned)
        body: list[str] = []
        last = steps[-1] if steps else None
        if last is not None and not last.dims and last.op in ("entrywise", "scalars") and value.coef == 1:
            writer.inlined.add(last.name)  # a scalar result is written out where it is returned
        for step in steps:
            lines = writer.write(step)
            if lines:
                body += [*self._comment(step, writer), *lines]
        if not ready.dims:
            text = bare(writer.at(value.name, ())) if value.coef == 1 and value.name else _times(value)
            body.append(f"*{self.out} = {text};")
        elif not places:
            body += writer.expanded(self.out, value, ready.dims, "=") if self.out else []
        return self._framed(body, self._buffers(steps, writer, places), writer)

    def _places(self, value: Value, root: Node, steps: Sequence[Step]) -> dict[str, str]:
        """The step that makes the result writes into the caller's array."""
        if value.coef != 1 or not value.name or None in value.pattern or value.diagonal or not root.dims:
            return {}
        step = next(s for s in steps if s.name == value.name)
        if value.pattern == tuple(range(root.order)):
            return {value.name: self.out} if step.op != "input" else {}
        alone = not any(value.name in s.args for s in steps)
        return {value.name: self.out} if alone and step.op in ("entrywise", "dot", "outers", "gram", "reduce") else {}

    def _comment(self, step: Step, writer: CSteps) -> list[str]:
        if not step.dims:
            return []
        formula = writer.formula(step)
        if step.name in writer.turned and formula:
            formula += ", transposed"
        target = writer.places.get(step.name, step.name)
        shape = " x ".join(str(d) for d in step.dims)
        return [f"/* {target}{f' = {formula}' if formula and len(formula) < LONGEST else ''} ({shape}) */"]

    def _buffers(self, steps: Sequence[Step], writer: CSteps, places: dict[str, str]) -> list[tuple[str, str]]:
        """Arrays of doubles that the steps write to, with their lengths."""
        found = []
        for s in steps:
            if s.op != "input" and s.dims and s.name not in {*places, *writer.inlined, *writer.sums}:
                found.append((s.name, length((*s.dims, *s.dims) if s.op == "factor" else s.dims)))
            if s.op.startswith("sandwich"):
                found.append((f"{s.name}_solved", length(writer.program.steps[s.args[1]].dims)))
        return found

    def _framed(self, body: list[str], buffers: list[tuple[str, str]], writer: CSteps) -> str:
        head, tail = [], []
        names = [n for n, _ in buffers]
        for name, count in buffers:
            head.append(f"double *{name} = calloc({count}, sizeof(double));")
        for rows, count in writer.integers.items():
            head.append(f"int *{rows} = calloc({count}, sizeof(int));")
            names.append(rows)
        if names:
            head.insert(0, "int status = -1;")
            head += [f"if ({' || '.join(f'!{n}' for n in names)})", "    goto done;"]
            tail = ["status = 0;"]
            if writer.integers:
                tail += ["goto done;", "singular:", "status = 1;"]
            tail += ["done:", *(f"free({n});" for n in names), "return status;"]
        else:
            tail = ["return 0;"]
        code = re.sub(r"/\*.*?\*/", "", "\n".join([*head, *body]))
        words = set(re.findall(r"\w+", code))
        unused = [n for _, n in self._parameters() if n not in words]
        head = [*(f"(void){n};" for n in unused), *head]
        inner = "\n".join(line if line in ("done:", "singular:") else f"    {line}" for line in [*head, *body, *tail])
        text = f"{self._about(bool(writer.integers), bool(names))}\n{self._signature()}\n{{\n{inner}\n}}\n"
        helpers = C.brought(code)
        needed = "\n".join([code, *helpers])
        includes = [f"#include <{h}.h>" for h, pattern in _HEADERS if re.search(pattern, needed)]
        return "\n".join([*includes, *([""] if includes else []), *helpers, text])

    def _parameters(self) -> list[tuple[str, str]]:
        """Type and name of each parameter but the result: sizes, then arrays."""
        used = {d for s in (*self.shapes.values(), self.result) for side in s for d in side if isinstance(d, str)}
        sizes = [("int ", self.spelled[d]) for d in self.declarations.sizes if d in used]
        arrays = [("const double *" if sides(s) else "double ", self.spelled[n]) for n, s in self.shapes.items()]
        return [*sizes, *arrays]

    def _signature(self) -> str:
        given = ", ".join([*(kind + n for kind, n in self._parameters()), f"double *{self.out}"])
        return f"int {self.name}({given})"

    def _about(self, factors: bool, allocates: bool) -> str:
        told = ", ".join(f"{self.spelled[n]} {_axes(s)}" for n, s in self.shapes.items())
        doc = self.doc.rstrip(".").replace("*/", "* /").replace("/*", "/ *")
        returns = "Returns 0" + ", -1 without memory" * allocates + ", 1 if a matrix is singular" * factors
        lines = [f"{doc}.", f"{told}; {self.out} {_axes(self.result)}. Matrices lie row by row.", f"{returns}."]
        return "/* " + "\n * ".join(lines) + "\n */"


_HEADERS = (
    (
        "math",
        r"\b(exp|log|sin|cos|tan|asin|acos|atan|sinh|cosh|tanh|erf|erfc|hypot|log1p|expm1|sqrt|pow|fabs|fmax|fmin)\(",
    ),
    ("stdlib", r"\b(calloc|abs|size_t)\b"),
    ("string", r"\bmemcpy\("),
)


def _times(value: Value) -> str:
    return number(value.coef) if not value.name else f"{number(value.coef)} * {value.name}"


def _axes(shape: Shape) -> str:
    found = sides(shape)
    return f"({' x '.join(found)})" if found else "scalar"
