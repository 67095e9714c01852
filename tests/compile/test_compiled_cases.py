"""fr.compile on cases of the suites: every operation and form, against the value of the derivative node by node."""

from __future__ import annotations

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


@pytest.mark.parametrize("case", NOW[::12], ids=lambda c: c.id)
def test_some_cases(case: Case) -> None:
    with np.errstate(all="ignore"):
        compare(case)


@pytest.mark.slow
def test_all_cases() -> None:
    with np.errstate(all="ignore"):
        for case in NOW:
            compare(case)
