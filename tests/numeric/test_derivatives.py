"""The adaptive derivatives on the whole suite: accurate, covered by their own bound, never silently wrong."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest

from frechet.core.errors import FrechetError
from frechet.numeric import deltas, derivative, directional, gradient, hessian, jacobian, line_derivative
from frechet.numeric import progress as progress_module
from tests.numeric.suite_derivatives import cases

FUNCTIONS = {"derivative": derivative, "gradient": gradient, "jacobian": jacobian, "hessian": hessian}
CASES = {f"{c.kind}: {c.name}": c for c in cases()}
EXISTING = [name for name, c in CASES.items() if c.kind != "none"]


def estimate(case, **options):
    return FUNCTIONS[case.what](case.f, case.x, **options)


def worst(case, e):
    """Largest error beside the size of the derivative, and whether every component is within its bound."""
    miss = np.abs(np.asarray(e.value) - np.asarray(case.truth))
    scale = np.max(np.abs(case.truth)) or 1.0
    return float(np.max(miss) / scale), bool(np.all(miss <= np.asarray(e.error)))


@pytest.mark.parametrize("name", EXISTING)
def test_found_and_covered(name):
    case = CASES[name]
    e = estimate(case)
    error, covered = worst(case, e)
    assert e.ok, e.message
    assert covered, (error, e)


@pytest.mark.parametrize("name", [n for n in EXISTING if CASES[n].what != "hessian"])
def test_found_and_covered_without_the_complex_step(name):
    case = CASES[name]
    e = estimate(case, complex_step=False)
    _, covered = worst(case, e)
    assert e.ok, e.message
    assert covered, e


def test_the_bar_of_the_suite():
    """Near the attainable error in most first derivatives; few evaluations; bounds that are tight in the middle."""
    near = total = 0
    looseness, evaluations = [], []
    for case in (CASES[n] for n in EXISTING if CASES[n].what != "hessian"):
        e = estimate(case)
        error, _ = worst(case, e)
        total += 1
        near += error <= (1e-12 if case.kind not in ("noisy", "cancellation") else 1e-4)
        evaluations.append(e.evaluations / np.size(case.x))
        scale = np.max(np.abs(case.truth)) or 1.0
        looseness.append(np.median(np.ravel(e.error)) / scale / max(error, 2.0**-53))
    assert near >= 0.85 * total
    assert np.median(evaluations) <= 10
    assert np.median(looseness) <= 30


@pytest.mark.parametrize("name", [name for name, c in CASES.items() if c.kind == "none"])
def test_no_derivative_is_refused(name):
    e = estimate(CASES[name])
    assert not e.ok and e.message


@pytest.mark.parametrize("order", range(1, 6))
def test_higher_orders(order):
    e = derivative(lambda x: math.exp(2 * x.real), 0.3, order)
    truth = 2**order * math.exp(0.6)
    assert e.ok and abs(e.value - truth) <= e.error <= 10.0 ** (2 * order - 12) * truth


def test_directional_is_the_gradient_times_the_direction():
    rng = np.random.default_rng(1)
    x, v = rng.normal(size=(2, 50))
    e = directional(lambda z: np.log(np.sum(np.exp(z))), x, v)
    truth = np.exp(x) / np.exp(x).sum() @ v
    assert e.ok and abs(e.value - truth) <= e.error <= 1e-12
    assert directional(np.sum, x, 0 * v).value == 0.0


class TestShapes:
    def test_a_float_gives_floats(self):
        e = derivative(math.exp, 1)
        assert isinstance(e.value, float) and isinstance(e.error, float)

    def test_a_0d_array_stays_an_array_for_f(self):
        e = gradient(lambda x: x**2 if x.shape == () else None, np.array(3.0))
        assert e.ok and e.value == 6.0

    def test_matrix_to_matrix(self):
        A = np.arange(6.0).reshape(2, 3) + 1
        e = jacobian(lambda X: X.T * 2, A)
        assert e.value.shape == (3, 2, 2, 3)
        assert np.allclose(e.value, 2 * np.einsum("il,jk->ijkl", np.eye(3), np.eye(2)))

    def test_dict_in_dict_out(self):
        e = gradient(lambda p: p["s"] * np.sum(p["W"] @ p["b"]), {"W": np.ones((2, 3)), "b": np.arange(3.0), "s": 2.0})
        assert set(e.value) == {"W", "b", "s"} and e.value["W"].shape == (2, 3)
        assert np.allclose(e.value["b"], 4.0) and e.value["s"] == pytest.approx(6.0)

    def test_hessian_of_a_dict(self):
        e = hessian(lambda p: p["a"] ** 2 * np.sum(p["b"] ** 3), {"a": 2.0, "b": np.array([1.0, 2.0])})
        assert e.value["a"]["a"] == pytest.approx(18.0) and np.allclose(e.value["a"]["b"], [12.0, 48.0])
        assert np.allclose(e.value["b"]["b"], np.diag([24.0, 48.0]), atol=1e-8)

    def test_nested_lists_of_arrays(self):
        e = gradient(lambda p: np.sum(p[0]) * np.sum(p[1]["w"]), [np.ones(2), {"w": np.ones((2, 2))}])
        assert np.allclose(e.value[0], 4.0) and np.allclose(e.value[1]["w"], 2.0)

    def test_complex_values_of_a_real_variable(self):
        e = jacobian(lambda x: np.exp(1j * x), np.array([0.3, 0.2]))
        assert np.allclose(e.value, np.diag(1j * np.exp(1j * np.array([0.3, 0.2]))))

    def test_integers_are_not_truncated(self):
        assert np.allclose(gradient(lambda x: np.sum(x**2), np.array([1, 2, 3])).value, [2, 4, 6])

    def test_single_precision_is_told_by_the_bound(self):
        x = np.array([0.5, 1.0], dtype=np.float32)
        e = gradient(lambda v: np.float32(np.sum(np.sin(np.real(v)))), x)
        assert e.ok and np.all(np.abs(e.value - np.cos(x)) <= e.error) and 1e-9 < e.error.max() < 1e-4

    def test_f_gets_a_private_copy(self):
        x = np.array([1.0, 2.0])

        def f(v):
            total = np.sum(v**2)
            v[:] = 0
            return total

        assert np.allclose(gradient(f, x).value, [2.0, 4.0]) and np.array_equal(x, [1.0, 2.0])


class TestRefusals:
    def test_an_exception_at_the_point_is_the_users_own(self):
        with pytest.raises(ZeroDivisionError):
            derivative(lambda x: 1 / x, 0.0)

    @pytest.mark.parametrize(
        ("call", "code"),
        [
            (lambda: derivative(np.sum, [1.0, 2.0]), "E303"),
            (lambda: derivative(abs, 1.0, 0), "E505"),
            (lambda: gradient(lambda x: x, np.ones(2)), "E501"),
            (lambda: gradient(np.sum, np.array([1j, 2.0])), "E303"),
            (lambda: gradient(np.sum, ["a"]), "E303"),
            (lambda: gradient(np.sum, []), "E304"),
            (lambda: gradient(np.sum, [math.nan]), "E400"),
            (lambda: gradient(np.sum, [1.0], method="backward"), "E505"),
            (lambda: gradient(np.sum, [1.0], step=1e-3), "E505"),
            (lambda: gradient(np.sum, [1.0], method="forward", step=0.0), "E400"),
            (lambda: directional(np.sum, np.ones(2), np.ones(3)), "E305"),
        ],
    )
    def test_user_errors_have_codes(self, call, code):
        with pytest.raises(FrechetError) as caught:
            call()
        assert caught.value.diagnostic.code == code

    def test_an_infinite_value_at_the_point(self):
        e = derivative(lambda x: math.log(x) if x > 0 else -math.inf, 0.0)
        assert not e.ok and "not finite" in e.message


class TestForwardDifference:
    """The method of the course notes (03-computational-gradient)."""

    @staticmethod
    def loss(theta):
        return math.exp(theta[0]) + theta[0] * theta[1] ** 2

    def test_it_is_the_formula_of_the_notes(self):
        theta, step = np.array([0.5, 2.0]), 1e-5
        e = gradient(self.loss, theta, method="forward", step=step)
        by_hand = [(self.loss(theta + d) - self.loss(theta)) / step for d in deltas(2, step)]
        assert np.array_equal(e.value, by_hand) and e.evaluations == 5

    def test_its_error_is_a_v_and_within_its_bound(self):
        theta = np.array([0.5, 2.0])
        truth = np.array([math.exp(0.5) + 4.0, 2.0])
        errors = {}
        for step in 10.0 ** np.arange(-14, 0):
            e = gradient(self.loss, theta, method="forward", step=step)
            assert np.all(np.abs(e.value - truth) <= e.error)
            errors[step] = np.max(np.abs(e.value - truth))
        best = min(errors, key=errors.get)
        assert 1e-9 <= best <= 1e-7
        assert errors[1e-14] > 1e3 * errors[best] and errors[1e-1] > 1e3 * errors[best]
        adaptive = gradient(self.loss, theta)
        assert np.max(np.abs(adaptive.value - truth)) < 1e-3 * errors[best]


def test_the_adaptive_line_derivative_without_promises():
    e = line_derivative(lambda t: math.sin(1000 * (t + 1)))
    assert e.ok and abs(e.value - 1000 * math.cos(1000)) <= e.error < 1e-4
    assert not line_derivative(abs).ok


def test_progress_shows_only_on_a_terminal(monkeypatch):
    times = iter(np.arange(0, 1e6, 2.0))
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: float(next(times)))
    out = io.StringIO()
    bar = progress_module.Progress(None, out)
    bar.start(10)
    bar.show(5)
    assert out.getvalue() == ""
    bar = progress_module.Progress(True, out)
    bar.start(10)
    bar.show(5)
    assert "5/10" in out.getvalue()
    bar.stop()
    assert out.getvalue().endswith("\r")
