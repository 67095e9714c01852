"""fr.compile on cases of the suites: every operation and form, against the value of the derivative node by node."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.reference.sample import Sampler
from tests.cases.suite import Case, cases

NOW = [case for case in cases() if not case.later]


def compare(case: Case) -> None:
    f = fr.parse(case.expr, variables=case.vars, facts=case.props, domain=case.domain, sizes=case.requires)
    arrays = Sampler([f.tree], f.declarations, seed=0).points(1, 1)[0].arrays
    w = case.wrt[0]
    wanted: list[tuple[str, Any]] = [("jacobian", f.derivative(w, verify=False))]
    if f.shape == ():
        wanted.append(("hessian", f.derivative(w, w, verify=False)))
    for want, d in wanted:
        expected = d.evaluate(**arrays)
        got = fr.compile(f, [w], want=want)(**arrays)
        assert np.shape(got) == np.shape(expected), (case.id, want)
        scale = 1 + np.abs(expected).max(initial=0)
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8 * scale, err_msg=f"{case.id} {want}")


def in_other_ways(case: Case) -> None:
    """A batch of the case as one program, and the results written into buffers, beside single calls."""
    f = fr.parse(case.expr, variables=case.vars, facts=case.props, domain=case.domain, sizes=case.requires)
    points = [Sampler([f.tree], f.declarations, seed=k).points(1, 1)[0].arrays for k in range(3)]
    shapes = [{n: np.shape(a) for n, a in p.items()} for p in points]
    points = [p for p, shape in zip(points, shapes, strict=True) if shape == shapes[0]] * 9
    for want in ("jacobian", "hessian") if f.shape == () else ("jacobian",):
        g = fr.compile(f, case.wrt[:1], want=want, backend="numpy")
        expected = np.stack([g(**p) for p in points])
        scale = 1 + np.abs(expected).max(initial=0)
        got = g(**{n: np.stack([p[n] for p in points]) for n in points[0]})
        assert any(size.startswith("batch") for size in g.plan.sizes), (case.id, want)
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8 * scale, err_msg=f"{case.id} {want}")
        for _ in range(3):
            out = np.full(expected[0].shape, np.nan)
            g(**points[0], out=out)
            np.testing.assert_allclose(out, expected[0], rtol=1e-12, atol=1e-12 * scale, err_msg=f"{case.id} {want}")


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """One program for every batch, and buffers written into however small they are."""
    fr.compile(fr.parse("x^2", variables={"x": []}), "x")
    monkeypatch.setattr(sys.modules["frechet.compile.batches"], "POINT", 1e12)
    monkeypatch.setattr(sys.modules["frechet.compile.into"], "LARGE", 1)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("case", NOW[5::40], ids=lambda c: c.id)
def test_some_cases_in_other_ways(case: Case) -> None:
    with np.errstate(all="ignore"):
        in_other_ways(case)


@pytest.mark.slow
@pytest.mark.usefixtures("always")
def test_all_cases_in_other_ways() -> None:
    with np.errstate(all="ignore"):
        for case in NOW:
            in_other_ways(case)


@pytest.mark.parametrize("case", NOW[::12], ids=lambda c: c.id)
def test_some_cases(case: Case) -> None:
    with np.errstate(all="ignore"):
        compare(case)


@pytest.mark.slow
def test_all_cases() -> None:
    with np.errstate(all="ignore"):
        for case in NOW:
            compare(case)
