"""Readable code for a typed Tree in Python: one function that runs on its own.

numpy_source(tree, declarations, name="gradient")   the text; jax_source, torch_source over jax.numpy and torch
numpy_function(tree, declarations)                  the function it defines
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from frechet.compile.languages.array_languages import JAX, NUMPY, SPECIAL, TORCH
from frechet.compile.languages.draft import Draft, Least, Source, arguments_of, shown
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree

# How a shape is written.
_TUPLE = {"vector": "({},)", "between": ", "}

# What a line of code may need, and the import that brings it.
_IMPORTS = (
    (r"\bnp\.", "import numpy as np"),
    (r"\bjax\.", "import jax"),
    (r"\bjnp\.", "import jax.numpy as jnp"),
    (r"\btorch\.", "import torch"),
    (r"\bscipy\.linalg\.", "import scipy.linalg"),
    (r"\bscipy\.special\.", "import scipy.special"),
)


def _accepting(function: Callable[..., Any], renamed: Mapping[str, str]) -> Callable[..., Any]:
    """`function` with the user's own names for its parameters."""

    @functools.wraps(function)
    def call(*args: Any, **arrays: Any) -> Any:
        return function(*args, **{renamed.get(n, n): a for n, a in arrays.items()})

    return call


def _written(parts: Draft) -> str:
    """The text of the function, after its imports."""
    names = [n for n, _ in parts.parameters]
    lines = [line for told, array in parts.sizes for line in _size_lines(told, array)]
    for d, count, said in parts.checks:
        lines += [f"if {d} < {count}:", f'    raise IndexError("{said} needs {d} >= {count}.")']
    lines += [*(f"{name} = {text}" for name, text in parts.steps), f"return {parts.outputs[0].text}"]
    body = "\n".join(f"    {line}" for line in lines)
    if "DTYPE" in body:
        first = min(names, key=lambda n: n not in parts.used, default="")
        body = body.replace("DTYPE", f"{first}.dtype" if first else "torch.float64")
    text = f"def {parts.name}({', '.join(names)}):\n{_docstring(parts)}\n{body}\n"
    imports = "\n".join(_imports(body))
    return f"{imports}\n\n\n{text}" if imports else text


def _size_lines(told: Mapping[str, int], array: str) -> list[str]:
    """`m, n = X.shape`, `n = X.shape[1]`."""
    if len(told) == 2:
        return [f"{', '.join(told)} = {array}.shape"]
    return [f"{dim} = {array}.shape[{axis}]" for dim, axis in told.items()]


def _docstring(parts: Draft) -> str:
    arguments, shape = arguments_of(parts, **_TUPLE), shown(parts.outputs[0].sides, **_TUPLE)
    first = parts.doc.replace("\\", "\\\\").replace('"""', "'''")
    result = f"Returns {'a scalar' if shape == 'scalar' else f'an array {shape}'}."
    return f'    """{first}.\n\n    {arguments + ". " if arguments else ""}{result}\n    """'


def _imports(body: str) -> list[str]:
    lines = [line for pattern, line in _IMPORTS if re.search(pattern, body)]
    special = [n for n in SPECIAL if re.search(rf"(?<![\w.]){n}\(", body)]
    return [*lines, f"from scipy.special import {', '.join(special)}"] if special else lines


numpy_source, jax_source = Source(NUMPY, _written), Source(JAX, _written)
torch_source = Source(TORCH, _written)
"""The arguments are tensors of one dtype."""


def numpy_function(
    tree: Tree,
    declarations: Declarations,
    *,
    name: str = "gradient",
    doc: str = "",
    arguments: Sequence[str] | None = None,
    least: Least | None = None,
) -> Callable[..., Any]:
    """The function that `numpy_source` writes. A variable that is a Python keyword is passed under its own name too."""
    source = numpy_source(tree, declarations, name=name, doc=doc, arguments=arguments, least=least)
    scope: dict[str, Any] = {}
    # The text is ours: names are letters, digits and underscores, everything else comes from templates.
    exec(compile(source, f"<frechet {name}>", "exec"), scope)
    function: Callable[..., Any] = scope[NUMPY.identifier(name)]
    function.source = source  # type: ignore[attr-defined]
    renamed = {n: NUMPY.identifier(n) for n in declarations.variables if NUMPY.identifier(n) != n}
    return _accepting(function, renamed) if renamed else function
