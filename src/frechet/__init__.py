"""frechet: derivatives of functions of scalars, vectors and matrices, as an expert would write them, checked.

    import frechet as fr
    f = fr.parse("norm2(X*w - y)^2")
    print(f.gradient("w"))          # 2*X'*(X*w - y)

Names are loaded when they are first used, so importing frechet is fast and loads no NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frechet import numeric
    from frechet.api.derivative import Derivative
    from frechet.api.function import Function, parse
    from frechet.core.errors import Diagnostic, FrechetError, Span, VerificationError

__version__ = "0.1.0"

_HOME = {
    "parse": "frechet.api.function", "Function": "frechet.api.function", "Derivative": "frechet.api.derivative",
    "FrechetError": "frechet.core.errors", "VerificationError": "frechet.core.errors",
    "Diagnostic": "frechet.core.errors", "Span": "frechet.core.errors",
}  # fmt: skip
__all__ = ["Derivative", "Diagnostic", "FrechetError", "Function", "Span", "VerificationError", "numeric", "parse"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name == "numeric":
        return import_module("frechet.numeric")
    raise AttributeError(f"module 'frechet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
