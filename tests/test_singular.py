"""Determinants and adjugates at singular matrices: the derivative is there, through cofactors."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import frechet as fr

V: dict[str, list[str | int]] = {"X": ["n", "n"], "A": ["n", "n"], "b": ["n"], "c": ["n"]}
RNG = np.random.default_rng(4)
HALF = RNG.standard_normal((3, 2))
POINTS = {"rank 2": HALF @ RNG.standard_normal((2, 3)), "diagonal": np.diag([2.0, 3.0, 0.0]),
          "rank 1": np.outer([1.0, 2.0, -1.0], [0.5, 1.0, 3.0]), "zero": np.zeros((3, 3))}  # fmt: skip
OTHER = {"A": RNG.standard_normal((3, 3)), "b": RNG.standard_normal(3), "c": RNG.standard_normal(3)}
ALONG = RNG.standard_normal((3, 3))


def parse(expr: str) -> Any:
    used = set(re.findall(r"[A-Za-z]+", expr))
    return fr.parse(expr, variables={n: dims for n, dims in V.items() if n in used})


def slope(f: Any, h: float = 1e-3, **point: Any) -> Any:
    def at(t: float) -> Any:
        return f.evaluate(**{**point, "X": point["X"] + t * ALONG})

    return sum(w * (at(k * h) - at(-k * h)) for k, w in ((1, 45), (2, -9), (3, 1))) / (60 * h)


@pytest.mark.parametrize("where", POINTS)
@pytest.mark.parametrize("expr", ["det(X)", "det(X)^2", "sin(det(X))", "tr(adj(X))", "b'*adj(X)*c", "det(A*X)",
                                  "det(X)*tr(X)", "tr(A*cofactor(X))", "adj(X)"])  # fmt: skip
def test_the_derivative_has_its_value_at_singular_matrices(expr: str, where: str) -> None:
    f = parse(expr)
    point = {"X": POINTS[where], **{n: a for n, a in OTHER.items() if n in f.variables}}
    got = np.tensordot(f.derivative("X", verify=False).evaluate(**point), ALONG, 2)
    assert np.allclose(got, slope(f, **point), atol=1e-8)
    if expr in ("det(X)", "tr(adj(X))"):
        second = np.tensordot(f.derivative("X", "X", verify=False).evaluate(**point), ALONG, 2)
        assert np.allclose(second, slope(f.derivative("X", verify=False), **point), atol=1e-7)


def test_the_report_says_what_holds_where_the_determinant_vanishes() -> None:
    assert parse("det(X)").gradient("X").kinks == ("det(X) = 0: the derivative is cofactor(X)",)
    assert parse("b'*adj(X)*c").gradient("X").kinks == ("det(X) = 0: the derivative is dcofactor(X, c*b')",)
    assert not parse("logdet(X)").gradient("X").kinks
    assert "det(X) != 0" in parse("abs(det(X))").gradient("X").conditions
    assert not np.isfinite(parse("log(det(X))").gradient("X").evaluate(X=POINTS["zero"])).any()


def test_claims_by_cofactors_are_proved() -> None:
    v = fr.check("det(X)", "X", "cofactor(X)", variables={"X": ["n", "n"]})
    assert (v.status, v.proof) == ("right", "proved")


@pytest.mark.parametrize(("text", "point", "closed"), [
    ("det(X)", [[1.0, 2.0], [2.0, 4.0]], "det(X) + tr(cofactor(X)*dX')"),
    ("det(X)", [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]], "det(X) + tr(cofactor(X)*dX')"),
    ("tr(X)*det(X)", [[1.0, 2.0], [2.0, 4.0]], "tr(X)*det(X) + det(X)*tr(dX) + tr(X)*tr(cofactor(X)*dX')"),
    ("det(X)", [[1.0, 2.0], [2.0, 5.0]], "det(X) + det(X)*tr(inv(X)*dX)"),
])  # fmt: skip
def test_models_around_a_singular_matrix_go_by_cofactors(text: str, point: list[list[float]], closed: str) -> None:
    f = fr.parse(text, variables={"X": ["n", "n"]})
    here = f.local(np.array(point))
    assert closed in str(here)
    step = 1e-3 * np.arange(1.0, 1 + np.size(point)).reshape(np.shape(point))
    near = f.evaluate(X=np.array(point) + step)
    assert abs(here.quadratic(np.array(point) + step) - near) <= 50 * float(np.sum(step**3))
