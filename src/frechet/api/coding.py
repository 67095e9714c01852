"""Code of a result in a language asked for by name."""

from __future__ import annotations

from typing import Any

from frechet.compile.c_code import c_source
from frechet.compile.julia import julia_source
from frechet.compile.matlab import matlab_source
from frechet.compile.numpy import jax_source, numpy_function, numpy_source, torch_source
from frechet.core.errors import problem
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree

_SOURCES = {"numpy": numpy_source, "jax": jax_source, "torch": torch_source, "julia": julia_source,
            "matlab": matlab_source, "octave": matlab_source, "c": c_source}  # fmt: skip


def source(tree: Tree, declarations: Declarations, language: str, name: str, doc: str) -> str:
    """Readable code; E505 for a language that is not known."""
    if not isinstance(language, str) or language not in _SOURCES:
        raise problem("E505", f"{language!r} is not a language for code.", help=f"One of {', '.join(_SOURCES)}, latex.")
    return _SOURCES[language](tree, declarations, name=name, doc=doc)


def function(tree: Tree, declarations: Declarations, backend: str, name: str, doc: str) -> Any:
    """The compiled function; E505 for a backend that is not known."""
    if backend != "numpy":
        raise problem("E505", f"{backend!r} is not a backend to compile for.", help="numpy")
    return numpy_function(tree, declarations, name=name, doc=doc)
