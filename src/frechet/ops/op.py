"""The registry of operations and the decorators that fill it."""

from __future__ import annotations

from frechet.core.operation import Operation

REGISTRY: dict[str, Operation] = {}
