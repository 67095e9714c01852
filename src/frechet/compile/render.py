"""The text of a compiled function: imports, the helpers it calls, sizes, one statement for each step, results."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any

from frechet.compile import backends, runtime, stack_runtime
from frechet.compile.goals import Sides
from frechet.compile.program import Program
from frechet.compile.stable import runtime as stable_runtime
from frechet.compile.stable import series as series_runtime
from frechet.compile.structured import structure
from frechet.compile.write import Writer
from frechet.core.dims import Dim
from frechet.core.errors import problem
from frechet.core.lazy import np, scipy
from frechet.ops import REGISTRY

_IMPORTS = {
    "numpy": "import numpy as np",
    "jax": "import jax\nimport jax.numpy as jnp",
    "torch": "import torch",
}
_SPECIAL = ("erf", "expit")


def _sources(module: ModuleType) -> dict[str, str]:
    """The source of what a module defines."""
    own = {n: t for n, t in vars(module).items() if getattr(t, "__module__", "") == module.__name__}
    return {n: inspect.getsource(t) for n, t in own.items()}


@cache
def _table(backend: str) -> dict[str, str]:
    """The source of every helper by name."""
    if backend != "numpy":
        own, stable = (m.JAX if backend == "jax" else m.TORCH for m in (backends, stable_runtime))
        text = f"{stable.rstrip()}\n\n{own}"
        parts = re.split(r"\n\n\n(?=def |class )", text.strip())
        table = {re.split(r"[ (:]", p)[1]: p for p in parts}
        table |= {f.__name__: inspect.getsource(f) for f in (runtime.split, runtime.ordered)}  # the same everywhere
        module = {"jax": "jnp.", "torch": "torch."}[backend]
        table |= {n: t.replace("np.", module) for n, t in _sources(series_runtime).items()}
    else:
        table = {}
        for part in (runtime, series_runtime, stable_runtime, structure, stack_runtime):
            table |= _sources(part)
    return {n: re.sub(r"  # type: ignore\[[^]]+\]", "", t).rstrip() for n, t in table.items()}


@cache
def reserved() -> frozenset[str]:
    """What generated code calls by name: no argument may stand in its place."""
    named = {"np", "jnp", "jax", "torch", "scipy", "linalg", "sparse", "REGISTRY", "dtype", "out", *_SPECIAL}
    modules = (runtime, series_runtime, stable_runtime, structure, stack_runtime)
    own = {n for m in modules for n, t in vars(m).items() if getattr(t, "__module__", "") == m.__name__}
    texts = (backends.JAX, backends.TORCH, stable_runtime.JAX, stable_runtime.TORCH)
    others = {n for text in texts for n in re.findall(r"^(?:def|class) (\w+)", text, re.MULTILINE)}
    return frozenset(named | own | others | {"len", "zip", "int", "range", "loss", "short"})


def helper_sources(names: Sequence[str], backend: str) -> str:
    """The source of helpers and of what they call, in a fixed order."""
    table = _table(backend)
    wanted = set(names)
    for name in reversed(table):
        if name in wanted:
            wanted |= {other for other in table if other != name and re.search(rf"\b{other}\b", table[name])}
    chosen = [t for n, t in table.items() if n in wanted]
    return "\n\n\n".join(chosen)


def namespace(helpers: Sequence[str]) -> dict[str, Any]:
    """What NumPy code finds by name."""
    parts = (structure, stable_runtime, series_runtime, runtime, stack_runtime)
    found = {h: next(getattr(m, h) for m in parts if hasattr(m, h)) for h in helpers}
    modules = {"np": np, "scipy": scipy, "linalg": scipy.linalg, "REGISTRY": REGISTRY}
    return {**modules, **{s: getattr(scipy.special, s) for s in _SPECIAL}, **found}


def render(
    program: Program, backend: str, *, name: str, doc: str, arguments: Sequence[str], sides: Mapping[str, Sides],
    writer: Writer, results: str, wanted: Sequence[str],
) -> tuple[str, str]:  # fmt: skip
    """The definition of the function `name` of `arguments`, whose axes are `sides` (each may hold several), and what is
    needed before it (see `preamble`)."""
    body = writer.lines(program.needed(wanted), wanted)
    head: list[str] = []
    text = "\n".join([*body, results])
    if "dtype=dtype" in text:
        head.append(f"dtype = {arguments[0]}.dtype")
    split = {a: [d for side in s for d in side] for a, s in sides.items() if any(len(side) > 1 for side in s)}
    reshaped = [f"{a} = {a}.reshape({writer.shape(axes)})" for a, axes in split.items()]
    head += [*_sizes(writer, arguments, sides), *reshaped]
    inner = [f'"""{doc}"""', *head, *body, f"return {results}"]
    lines = [f"def {name}({', '.join(arguments)}):", *(f"    {t}" for t in inner)]
    return "\n".join(lines) + "\n", text


def preamble(backend: str, helpers: Sequence[str], text: str) -> str:
    """Imports and helpers of a function whose statements are `text`."""
    source = helper_sources(helpers, backend)
    imports = [_IMPORTS[backend]]
    if backend == "numpy":
        special = [s for s in _SPECIAL if re.search(rf"(?<![\w.]){s}\(", text + source)]
        imports += [f"import scipy.{part}" for part in ("linalg", "special") if f"scipy.{part}." in text + source]
        if "REGISTRY[" in text:
            imports.append("from frechet.ops import REGISTRY")
        if re.search(r"(?<![\w.])linalg\.", source):
            imports.append("from scipy import linalg")
        if "sparse." in source:
            imports.append("from scipy import sparse")
        if special:
            imports.append(f"from scipy.special import {', '.join(special)}")
    return "\n".join(imports) + (f"\n\n\n{source}" if source else "") + "\n\n\n"


def _sizes(writer: Writer, arguments: Sequence[str], sides: Mapping[str, Sides]) -> list[str]:
    """The statements that read the sizes used off the arrays as they come: a vector of the length m*n has one axis.

    Where no axis is n alone, it is that length divided by m. Raises E304 where that does not find it either.
    """
    axes = [(f"{a}.shape[{k}]", side) for a in arguments for k, side in enumerate(sides[a])]
    found: dict[Dim, tuple[str, list[Dim]]] = {}
    for text, side in axes:
        if len(side) == 1:
            found.setdefault(side[0], (text, []))
    for text, side in axes * len(axes):  # each round may find what another needs
        unknown = [d for d in side if isinstance(d, str) and d not in found]
        if len(unknown) == 1:
            others = [d for d in side if d != unknown[0]]
            known = " * ".join(writer.sizes[d] if isinstance(d, str) else str(d) for d in others)
            found[unknown[0]] = (f"{text} // {known if len(others) == 1 else f'({known})'}", others)
    needed = list(writer.used_sizes)
    for dim in needed:
        if dim not in found:
            raise problem("E304", f"The size {dim} cannot be read off an array.")
        needed += [str(d) for d in found[dim][1] if isinstance(d, str) and d not in needed]
    ordered = [d for d in needed if not found[d][1]] + [str(d) for d in found if d in needed and found[d][1]]
    return [f"{writer.sizes[d]} = {found[d][0]}" for d in ordered]
