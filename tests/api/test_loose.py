"""Numbers without names go to the variables in the order of their names, whatever the order in the formula."""

from __future__ import annotations

import numpy as np
import pytest

import frechet as fr
from frechet.api.loose import names_in_order


@pytest.mark.parametrize(("text", "names"), [
    ("2*log(x2) + x1^2", ["x1", "x2"]), ("y*x + z^2", ["x", "y", "z"]), ("x10 + x2*x1", ["x1", "x2", "x10"]),
    # Guessed from their letters these sizes clash: the names are known all the same.
    ("x1^2*x2 + exp(x3*x4) + x5^4", ["x1", "x2", "x3", "x4", "x5"]),
])  # fmt: skip
def test_names_in_order(text: str, names: list[str]) -> None:
    assert names_in_order(text) == names
    near = fr.local(text, list(range(1, len(names) + 1)))
    assert near.labels == tuple(names)
    assert near.point.flat.tolist() == list(range(1, len(names) + 1))


def test_a_function_takes_numbers_in_order_too() -> None:
    f = fr.parse("y - 2*x", variables={"x": [], "y": []})
    assert f.local((1.0, 10.0)).value == 8.0
    assert np.allclose(f.local((1.0, 10.0)).gradient_flat, [-2, 1])


def test_numbers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(fr.FrechetError, match="by name"):
        fr.parse("x*y", variables={"x": [], "y": []}).local((1.0, 2.0, 3.0))
