"""Code of a result in a language asked for by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from frechet.compile.assemble import Request
from frechet.compile.goals import Goal
from frechet.compile.languages.c_code import c_program, c_source
from frechet.compile.languages.julia import julia_program, julia_source
from frechet.compile.languages.matlab import matlab_program, matlab_source
from frechet.compile.languages.numpy import jax_source, numpy_function, numpy_source, torch_source
from frechet.core.errors import problem
from frechet.language.declarations import Declarations
from frechet.language.reach import least_sizes
from frechet.language.tree import Tree

if TYPE_CHECKING:
    from frechet.api.function import Function

_SOURCES: dict[str, Callable[..., str]] = {"numpy": numpy_source, "jax": jax_source, "torch": torch_source,
                                           "julia": julia_source, "matlab": matlab_source, "octave": matlab_source,
                                           "c": c_source}  # fmt: skip
_PROGRAMS: dict[str, Callable[..., str]] = {"julia": julia_program, "matlab": matlab_program,
                                            "octave": matlab_program, "c": c_program}  # fmt: skip


def source(
    tree: Tree, declarations: Declarations, language: str, name: str, doc: str, least: Mapping[str, tuple[int, str]]
) -> str:
    """Readable code, which checks the sizes `least` first; E505 for a language that is not known."""
    if not isinstance(language, str) or language not in _SOURCES:
        raise problem("E505", f"{language!r} is not a language for code.", help=f"One of {', '.join(_SOURCES)}, latex.")
    return _SOURCES[language](tree, declarations, name=name, doc=doc, least=least)


def program_source(goal: Goal, f: Function, request: Request, sizes: Mapping[str, int], language: str) -> str:
    """Code of a compiled function, planned for these sizes; E505 for a language that is not known, or an operator."""
    if not isinstance(language, str) or language not in _PROGRAMS:
        raise problem("E505", f"{language!r} is not a language for this program.",
                      help=f"{request.backend}, which is its own, or one of {', '.join(_PROGRAMS)}.")  # fmt: skip
    if request.as_operator:
        raise problem("E505", f"An operator is not written in {language}.", help="Leave out as_operator=True.")
    return _PROGRAMS[language](goal, f.declarations, request, sizes, f.source, least_sizes(f.tree, f.source))


def function(
    tree: Tree, declarations: Declarations, backend: str, name: str, doc: str, least: Mapping[str, tuple[int, str]]
) -> Any:
    """The compiled function; E505 for a backend that is not known."""
    if backend != "numpy":
        raise problem("E505", f"{backend!r} is not a backend to compile for.", help="numpy")
    return numpy_function(tree, declarations, name=name, doc=doc, least=least)
