"""NumPy and SciPy, imported when a number is first needed, and rooms of frechet, when they are entered.

`from frechet.core.lazy import np` costs nothing until the first attribute is read, so that
`import frechet` stays fast and the symbolic engine runs where NumPy is absent.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any


def _lazy(name: str) -> Any:
    """The module `name`, loaded at its first attribute access; a clear error there if it is not installed."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        return _Missing(name)
    loader = importlib.util.LazyLoader(spec.loader)
    spec.loader = loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def room(name: str) -> Any:
    """A module of frechet that most uses do without, loaded when something of it is first used."""
    return _lazy(name)


class _Missing(ModuleType):
    """Stands in for a module that is not installed, and says so when it is used."""

    def __getattr__(self, attribute: str) -> Any:
        raise ModuleNotFoundError(f"{self.__name__} is needed for this: pip install {self.__name__}")


np: Any = _lazy("numpy")
scipy: Any = _lazy("scipy")
