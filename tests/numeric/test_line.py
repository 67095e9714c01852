"""The quick line derivative: accurate, honest about its error, and silent about nothing."""

from __future__ import annotations

import math
import subprocess
import sys

import mpmath
import numpy as np
import pytest

from frechet.numeric import line_derivative

SMOOTH = {
    "exp": (mpmath.exp, math.exp),
    "shifted sine": (lambda t: mpmath.sin(3 * t + 1), lambda t: math.sin(3 * t + 1)),
    "pole at 1": (lambda t: 1 / (1 + t), lambda t: 1 / (1 + t)),
    "pole at 0.3": (lambda t: 1 / (mpmath.mpf(0.3) + t), lambda t: 1 / (0.3 + t)),
    "logarithm": (lambda t: mpmath.log(2 + t), lambda t: math.log(2 + t)),
    "root": (lambda t: mpmath.sqrt(mpmath.mpf(0.05) + t), lambda t: math.sqrt(0.05 + t)),
    "tanh": (lambda t: mpmath.tanh(2 * t + 1), lambda t: math.tanh(2 * t + 1)),
    "huge": (lambda t: mpmath.mpf(1e200) * mpmath.exp(t), lambda t: 1e200 * math.exp(t)),
    "offset": (lambda t: 100 + mpmath.sin(1 + t), lambda t: 100 + math.sin(1 + t)),
    "power": (lambda t: (t + 2) ** 5, lambda t: (t + 2) ** 5),
    "gaussian": (lambda t: mpmath.exp(-((t + 1) ** 2)), lambda t: math.exp(-((t + 1) ** 2))),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_functions_are_accurate_and_within_the_bound(name):
    exact, plain = SMOOTH[name]
    with mpmath.workdps(40):
        truth = float(mpmath.diff(exact, 0))
    e = line_derivative(plain, quick=True)
    assert e.ok and e.evaluations <= 20
    assert abs(e.value - truth) <= e.error
    assert abs(e.value - truth) <= 1e-11 * abs(truth)


def test_arrays_are_differentiated_elementwise():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    e = line_derivative(lambda t: np.sin(a + t * b), quick=True)
    assert e.value.shape == (4, 3) and e.error.shape == (4, 3)
    assert np.all(np.abs(e.value - np.cos(a) * b) <= e.error)
    assert isinstance(line_derivative(math.exp, quick=True).value, float)


def test_scale_is_the_distance_over_which_g_changes():
    e = line_derivative(lambda t: math.sin(1e6 * t), scale=1e-6, quick=True)
    assert abs(e.value - 1e6) <= min(e.error, 1e-5)


def test_a_near_boundary_shrinks_the_step():
    e = line_derivative(lambda t: math.log(1e-3 + t), quick=True)
    assert e.ok and abs(e.value - 1e3) <= min(e.error, 1e-7)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("closed", ["raises", "nan"])
def test_one_open_side_gives_a_one_sided_derivative(sign, closed):
    def g(t):
        if sign * t < 0:
            if closed == "raises":
                raise ValueError("outside")
            return float("nan")
        return math.exp(t)

    e = line_derivative(g, quick=True)
    assert e.ok and "one-sided" in e.message
    assert abs(e.value - 1) <= e.error < 1e-8


def test_an_infinite_slope_at_the_boundary_is_refused():
    e = line_derivative(math.sqrt, quick=True)
    assert not e.ok and "no finite derivative" in e.message


def test_half_powers_at_the_boundary_are_covered_by_their_bound():
    e = line_derivative(lambda t: t**1.5 if t >= 0 else float("nan"), quick=True)
    assert not e.ok or abs(e.value) <= e.error


def test_a_function_defined_nowhere_near_is_refused():
    def g(t):
        raise ZeroDivisionError

    e = line_derivative(g, quick=True)
    assert not e.ok and math.isnan(e.value) and "no finite value" in e.message


def test_importing_numeric_does_not_load_numpy():
    code = "import sys, frechet.numeric; sys.exit('numpy.linalg' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
