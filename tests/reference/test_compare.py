"""Comparison on a common scale."""

from __future__ import annotations

import numpy as np
import pytest

from frechet.reference.compare import agree, compare


def test_the_worst_entry_and_the_scale() -> None:
    c = compare(np.array([[1.0, 2.0], [4.0, 5.0]]), np.array([[1.0, 2.5], [4.0, 5.0]]))
    assert (c.difference, c.scale, c.worst, c.left, c.right) == (0.5, 5.0, (0, 1), 2.0, 2.5)
    assert c.relative == 0.1


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_never_agrees(bad: float) -> None:
    assert compare([1.0, bad], [1.0, 2.0]).relative == np.inf
    assert compare([bad], [bad]).relative == np.inf


def test_small_entries_are_judged_beside_large_ones() -> None:
    assert agree([1e6, 1.0], [1e6, 1.0 + 1e-3])
    assert not agree([1.0], [1.0 + 1e-3])
    assert agree([0.0], [0.0])
    assert not agree([0.0], [1e-12])
    assert agree([0.0], [1e-12], floor=1.0)


def test_different_shapes_are_an_error() -> None:
    with pytest.raises(ValueError, match="shape"):
        compare([1.0], [[1.0]])
