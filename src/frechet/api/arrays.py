"""What users pass as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np


def real_arrays(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The values as arrays of floats; E305 for what is complex or no array of numbers."""
    return {name: _real(name, value) for name, value in arrays.items()}


def _real(name: str, value: Any) -> Any:
    try:
        array = np.asarray(value)
        if np.iscomplexobj(array):
            raise TypeError("complex")
        return array.astype(float)
    except (TypeError, ValueError, OverflowError):
        raise problem("E305", f"The value of {name} is not an array of real numbers.") from None
