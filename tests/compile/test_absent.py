"""Without JAX or PyTorch their code can be written, but not run."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import frechet as fr


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_code_of_a_library_that_is_absent_can_be_read(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    for name in [n for n in sys.modules if n.split(".")[0] == library] + [library, "jax.numpy"]:
        monkeypatch.setitem(sys.modules, name, None)
    g = fr.compile("norm2(A*x)^2", "x", backend=library)
    assert f"import {library}" in g.source
    with pytest.raises(fr.FrechetError, match="is not installed") as caught:
        g(A=np.eye(2), x=np.ones(2))
    assert caught.value.diagnostic.help == f"pip install {library}"
