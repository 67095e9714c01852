"""frechet: derivatives of functions of scalars, vectors and matrices, as an expert would write them, checked.

    import frechet as fr
    f = fr.parse("norm2(X*w - y)^2")
    print(f.gradient("w"))          # 2*X'*(X*w - y)

Names are loaded when they are first used, so importing frechet is fast and loads no NumPy.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frechet import numeric
    from frechet.api.around import local
    from frechet.api.claims import check, check_statement, equal
    from frechet.api.compiled import CompiledFunction, compile
    from frechet.api.derivative import Derivative
    from frechet.api.exploring import explore
    from frechet.api.function import Function, parse
    from frechet.api.latex import parse_latex
    from frechet.api.plotting import plot
    from frechet.api.trace import trace
    from frechet.core.errors import Diagnostic, FrechetError, Span, VerificationError
    from frechet.verdict.verdict import Verdict

__version__ = "0.1.0"

_HOME = {
    "compile": "frechet.api.compiled", "CompiledFunction": "frechet.api.compiled",
    "parse": "frechet.api.function", "Function": "frechet.api.function", "Derivative": "frechet.api.derivative",
    "parse_latex": "frechet.api.latex", "check": "frechet.api.claims", "equal": "frechet.api.claims",
    "check_statement": "frechet.api.claims", "local": "frechet.api.around", "plot": "frechet.api.plotting",
    "explore": "frechet.api.exploring",
    "trace": "frechet.api.trace", "Verdict": "frechet.verdict.verdict",
    "FrechetError": "frechet.core.errors", "VerificationError": "frechet.core.errors",
    "Diagnostic": "frechet.core.errors", "Span": "frechet.core.errors",
}  # fmt: skip
__all__ = [
    "CompiledFunction", "Derivative", "Diagnostic", "FrechetError", "Function", "Span", "Verdict",
    "VerificationError", "check", "check_statement", "compile", "equal", "explore", "local", "numeric", "parse",
    "parse_latex", "plot", "trace",
]  # fmt: skip


def _public(name: str) -> property:
    """A public name that is also the name of a room: importing the room must not put that module in its place. The room
    stays reachable by `from frechet.compile... import`."""

    def get(package: Any) -> Any:
        return getattr(import_module(_HOME[name]), name)

    def put(package: Any, room: ModuleType) -> None:
        """What the import system does with a room."""

    return property(get, put)


class _Package(ModuleType):
    """The package itself, with the public names that are rooms as well."""

    compile = _public("compile")
    local = _public("local")
    plot = _public("plot")


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name == "numeric":
        return import_module("frechet.numeric")
    raise AttributeError(f"module 'frechet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
