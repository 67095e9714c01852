"""Readable code for a typed Tree: one function that runs on its own.

    numpy_source(tree, declarations, name="gradient")   the text
    numpy_function(tree, declarations)                  the function it defines
"""

from __future__ import annotations

import functools
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from frechet.compile.code import Code, in_order, statements
from frechet.compile.emit import JAX, NUMPY, TORCH, Backend, Emitter
from frechet.compile.operations import CALLS
from frechet.core.dims import Shape, show_size
from frechet.core.errors import problem
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree, subtrees

# What a line of code may need, and the import that brings it.
_IMPORTS = (
    (r"\bnp\.", "import numpy as np"),
    (r"\bjax\.", "import jax"),
    (r"\bjnp\.", "import jax.numpy as jnp"),
    (r"\btorch\.", "import torch"),
    (r"\bscipy\.linalg\.", "import scipy.linalg"),
    (r"\bscipy\.special\.", "import scipy.special"),
)
_SPECIAL = ("erf", "expit", "logsumexp", "softmax")
_TAKEN = {"np", "jnp", "jax", "torch", "scipy", *_SPECIAL}
_SYMMETRIC = frozenset({"symmetric", "spd"})


def numpy_source(
    tree: Tree,
    declarations: Declarations,
    *,
    name: str = "gradient",
    doc: str = "",
    arguments: Sequence[str] | None = None,
) -> str:
    """NumPy code of a function that computes `tree`; a linear map `dX -> e` takes the direction dX as well.

    `arguments` are its parameters (every variable, if not given: all derivatives of a function are called alike);
    `doc` is the first line of its docstring.
    """
    return _source(NUMPY, tree, declarations, name, doc, arguments)


def jax_source(
    tree: Tree,
    declarations: Declarations,
    *,
    name: str = "gradient",
    doc: str = "",
    arguments: Sequence[str] | None = None,
) -> str:
    """The same over jax.numpy."""
    return _source(JAX, tree, declarations, name, doc, arguments)


def torch_source(
    tree: Tree,
    declarations: Declarations,
    *,
    name: str = "gradient",
    doc: str = "",
    arguments: Sequence[str] | None = None,
) -> str:
    """The same over torch; the arguments are tensors of one dtype."""
    return _source(TORCH, tree, declarations, name, doc, arguments)


def numpy_function(
    tree: Tree,
    declarations: Declarations,
    *,
    name: str = "gradient",
    doc: str = "",
    arguments: Sequence[str] | None = None,
) -> Callable[..., Any]:
    """The function that `numpy_source` writes. A variable that is a Python keyword is passed under its own name too."""
    source = numpy_source(tree, declarations, name=name, doc=doc, arguments=arguments)
    scope: dict[str, Any] = {}
    # The text is ours: names are letters, digits and underscores, everything else comes from templates.
    exec(compile(source, f"<frechet {name}>", "exec"), scope)
    function: Callable[..., Any] = scope[_identifier(name)]
    function.source = source  # type: ignore[attr-defined]
    renamed = {n: _identifier(n) for n in declarations.variables if _identifier(n) != n}
    return _accepting(function, renamed) if renamed else function


def _accepting(function: Callable[..., Any], renamed: Mapping[str, str]) -> Callable[..., Any]:
    """`function` with the user's own names for its parameters."""

    @functools.wraps(function)
    def call(*args: Any, **arrays: Any) -> Any:
        return function(*args, **{renamed.get(n, n): a for n, a in arrays.items()})

    return call


def _identifier(name: str) -> str:
    """The name as Python can have it: lambda becomes lambda_."""
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN else name


def _source(
    backend: Backend, tree: Tree, declarations: Declarations, name: str, doc: str, arguments: Sequence[str] | None
) -> str:
    shapes = _named_shapes(tree, declarations)
    spelled: dict[str, str] = {}
    for n in shapes:
        spelled[n] = _identifier(n)
        while list(spelled.values()).count(spelled[n]) > 1:
            spelled[n] += "_"
    symmetric = {n for n, facts in declarations.facts.items() if facts & _SYMMETRIC}
    emitter = Emitter(backend, spelled, symmetric, CALLS)
    result = emitter.run(tree)
    given = [*(declarations.variables if arguments is None else arguments), *emitter.directions]
    lines, given = _size_lines(result, given, declarations, spelled)
    taken = _TAKEN | {spelled[n] for n in given} | {line.split(" = ")[0] for line in lines}
    steps, value = statements(result, emitter.book.hints, taken | set(declarations.sizes))
    lines += [*steps, f"return {value}"]
    body = "\n".join(f"    {line}" for line in lines)
    if "DTYPE" in body:
        used = _used(result)
        first = min((spelled[n] for n in given), key=lambda n: n not in used, default="")
        body = body.replace("DTYPE", f"{first}.dtype" if first else "torch.float64")
    head = f"def {_identifier(name)}({', '.join(spelled[n] for n in given)}):"
    text = f"{head}\n{_docstring(tree, given, shapes, spelled, doc)}\n{body}\n"
    imports = "\n".join(_imports(body))
    return f"{imports}\n\n\n{text}" if imports else text


def _named_shapes(tree: Tree, declarations: Declarations) -> dict[str, Shape]:
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


def _size_lines(
    result: Code, given: list[str], declarations: Declarations, spelled: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """`m, n = X.shape` for the sizes that the code uses; a parameter is added if none of them tells a size."""
    needed = list(dict.fromkeys(c.text for c in in_order(result) if c.op == "size"))
    used = _used(result)
    lines: list[str] = []
    given = list(given)
    while needed:
        ranked = {n: (len(_told(shape, needed)), spelled[n] in used, n in given)
                  for n, shape in declarations.variables.items()}  # fmt: skip
        best = max(ranked, key=lambda n: ranked[n], default="")
        told = _told(declarations.variables[best], needed) if best else {}
        if not told:
            raise problem("E304", f"The size {needed[0]} cannot be read off an array.")
        if best not in given:
            given = [n for n in declarations.variables if n in given or n == best] + \
                [n for n in given if n not in declarations.variables]  # fmt: skip
        array = spelled[best]
        if len(told) == 2:
            lines.append(f"{', '.join(told)} = {array}.shape")
        else:
            lines += [f"{dim} = {array}.shape[{axis}]" for dim, axis in told.items()]
        needed = [n for n in needed if n not in told]
    return lines, given


def _used(code: Code) -> set[str]:
    return {c.text for c in in_order(code) if c.op == "name"}


def _told(shape: Shape, needed: Sequence[str]) -> dict[str, int]:
    """Which of the sizes a variable tells, and on which axis of its array."""
    told: dict[str, int] = {}
    for axis, side in enumerate(s for s in shape if s):
        if len(side) == 1 and side[0] in needed and str(side[0]) not in told:
            told[str(side[0])] = axis
    return told


def _docstring(
    tree: Tree, given: Sequence[str], shapes: Mapping[str, Shape], spelled: Mapping[str, str], doc: str
) -> str:
    arguments = ", ".join(f"{spelled[n]} {_axes(shapes[n])}" for n in given)
    shape = _axes(tree.typed)
    first = (doc or "Computed from its closed form").rstrip(".").replace("\\", "\\\\").replace('"""', "'''")
    result = f"Returns {'a scalar' if shape == 'scalar' else f'an array {shape}'}."
    return f'    """{first}.\n\n    {arguments + ". " if arguments else ""}{result}\n    """'


def _axes(shape: Shape) -> str:
    """The shape of the array that stands for it."""
    sides = [show_size(s) for s in shape if s]
    return f"({', '.join(sides)}{',' if len(sides) == 1 else ''})" if sides else "scalar"


def _imports(body: str) -> list[str]:
    lines = [line for pattern, line in _IMPORTS if re.search(pattern, body)]
    special = [n for n in _SPECIAL if re.search(rf"(?<![\w.]){n}\(", body)]
    return [*lines, f"from scipy.special import {', '.join(special)}"] if special else lines
