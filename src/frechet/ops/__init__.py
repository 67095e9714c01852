"""The operations of the language, one declaration each, by mathematical area. `REGISTRY` holds them by name."""

from frechet.ops import constants, elementwise, entries, inverse, norms, products, reductions, spectral
from frechet.ops.op import REGISTRY

__all__ = ["REGISTRY", "constants", "elementwise", "entries", "inverse", "norms", "products", "reductions", "spectral"]
