"""Operations that cannot be had of composite sizes say so."""

from __future__ import annotations

import pytest

import frechet as fr


@pytest.mark.parametrize("text", [
    "conv(vec(X), v)", "conv(v, vec(X))", "sum(conv(vec(X), v))", "corr(conv(v, v), vec(X))", "triu(v*vec(X)')",
    "sum(tril(kron(X, X')))",
])  # fmt: skip
def test_a_part_of_a_composite_side_is_refused(text: str) -> None:
    with pytest.raises(fr.FrechetError) as refused:
        str(fr.parse(text, variables={"X": [2, 3], "v": [6]}).differential("X"))
    assert refused.value.diagnostic.code == "E304"
    assert refused.value.diagnostic.help
