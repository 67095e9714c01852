"""Derivatives over structured variables and Riemannian gradients."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

import frechet as fr
from frechet.cli.app import app

F = "tr(A*expm(X)) + tr(X*X*B)"
VARIABLES = {"X": ["n", "n"], "A": ["n", "n"], "B": ["n", "n"]}
RNG = np.random.default_rng(5)
N = 4
POINT = {"A": RNG.standard_normal((N, N)), "B": RNG.standard_normal((N, N))}


def value(X: np.ndarray) -> float:
    return float(fr.parse(F, variables=VARIABLES).evaluate(X=X, **POINT))


def slope(X: np.ndarray, V: np.ndarray) -> float:
    h = 1e-3
    return float(sum(w * (value(X + k * h * V) - value(X - k * h * V)) for k, w in ((1, 45), (2, -9), (3, 1))) / 60 / h)


def independent(fact: str) -> list[np.ndarray]:
    """A direction for each number that determines a matrix of the structure."""
    out = []
    if fact == "toeplitz":
        return [np.eye(N, k=k) for k in range(1 - N, N)]
    for i in range(N):
        for j in range(N):
            E = np.zeros((N, N))
            E[i, j] = 1.0
            if fact in ("symmetric", "spd") and i >= j:
                E[j, i] = 1.0
                out.append(E)
            elif fact == "skew" and i > j:
                E[j, i] = -1.0
                out.append(E)
            elif (fact == "diagonal" and i == j) or (fact == "lower" and i >= j) or (fact == "upper" and i <= j):
                out.append(E)
    return out


LINEAR = ["symmetric", "spd", "diagonal", "lower", "upper", "skew", "toeplitz"]


@pytest.mark.parametrize("fact", LINEAR)
def test_by_independent_entries_is_the_numeric_derivative_by_each(fact: str) -> None:
    directions = independent(fact)
    X = sum((RNG.standard_normal() * E for E in directions), 3 * np.eye(N) if fact == "spd" else np.zeros((N, N)))
    d = fr.parse(F, variables=VARIABLES, facts={"X": [fact]}).gradient("X", structured=True)
    G = d.evaluate(X=X, **POINT)
    for E in directions:
        i, j = map(int, np.argwhere(E == 1.0)[-1] if fact != "upper" else np.argwhere(E == 1.0)[0])
        assert G[i, j] == pytest.approx(slope(X, E), rel=1e-7, abs=1e-7)
    assert np.allclose(fr.parse(str(d), variables=VARIABLES, facts={"X": [fact]}).evaluate(X=X, **POINT), G)


@pytest.mark.parametrize("fact", [*LINEAR, "orthogonal"])
def test_tangent_is_the_projection(fact: str) -> None:
    """It lies along the structure, and its inner product with every direction along it is the derivative there."""
    if fact == "orthogonal":
        X = np.linalg.qr(RNG.standard_normal((N, N)))[0]
        directions = [X @ S for S in independent("skew")]
    else:
        directions = independent(fact)
        X = sum((RNG.standard_normal() * E for E in directions), np.zeros((N, N)))
    G = fr.parse(F, variables=VARIABLES, facts={"X": [fact]}).gradient("X", structured="tangent").evaluate(X=X, **POINT)
    for E in directions:
        assert np.sum(G * E) == pytest.approx(slope(X, E), rel=1e-7, abs=1e-7)
    basis = np.array([E.ravel() for E in directions]).T
    assert np.allclose(basis @ np.linalg.lstsq(basis, G.ravel(), rcond=None)[0], G.ravel())


def test_the_default_is_over_all_entries_and_says_so() -> None:
    f = fr.parse("logdet(X)", variables={"X": ["n", "n"]}, facts={"X": ["spd"]})
    assert str(f.gradient("X")) == "inv(X)"
    assert "all entries of X" in f.gradient("X").report()
    assert "G + G' - G.*eye" in f.gradient("X", structured=True).report()
    assert "(G + G')/2" in f.gradient("X", structured="tangent").report()
    assert str(f.gradient("X", structured="tangent")) == "inv(X)"


def test_on_the_simplex_the_mean_is_taken_off() -> None:
    f = fr.parse("a'*x", variables={"a": ["n"], "x": ["n"]}, domain={"x": "simplex"})
    assert np.allclose(f.gradient("x", structured="tangent").evaluate(a=[1.0, 2, 6], x=np.ones(3) / 3), [-2, -1, 3])


def second(E: np.ndarray, D: np.ndarray) -> float:
    """The second derivative of tr(A*X*B*X) along two directions."""
    return float(sum(np.trace(POINT["A"] @ P @ POINT["B"] @ Q) for P, Q in ((E, D), (D, E))))


@pytest.mark.parametrize("fact", LINEAR)
def test_second_derivatives_are_those_of_the_parametrized_function(fact: str) -> None:
    """By independent entries: entry (i,j,k,l) is the second derivative by these two numbers. Tangent: along any two
    directions of the structure. The printed map is the same, along directions of the structure."""
    f = fr.parse("tr(A*X*B*X)", variables=VARIABLES, facts={"X": [fact]})
    directions = independent(fact)
    X = sum((RNG.standard_normal() * E for E in directions), 0 * np.eye(N))
    entries, tangent = f.hessian("X", structured=True), f.hessian("X", structured="tangent")
    H, T = entries.evaluate(X=X, **POINT), tangent.evaluate(X=X, **POINT)
    V = sum((RNG.standard_normal() * E for E in directions), 0 * np.eye(N))
    assert entries.verification.status == tangent.verification.status == "checked"
    for E in directions:
        i, j = np.argwhere(E == 1.0)[0]
        assert np.tensordot(np.tensordot(T, V, 2), E, 2) == pytest.approx(second(V, E), abs=1e-9)
        for D in directions:
            k, m = np.argwhere(D == 1.0)[0]
            assert H[i, j, k, m] == pytest.approx(second(E, D), rel=1e-9, abs=1e-9)
    for d, shown in ((entries, None), (tangent, np.tensordot(T, V, 2))):
        _, body = d.operator_form.split("->")
        W = fr.parse(body, variables={**VARIABLES, "dX": ["n", "n"]}).evaluate(X=X, dX=V, **POINT)
        for E in directions:
            i, j = np.argwhere(E == 1.0)[0]
            assert shown is not None or W[i, j] == pytest.approx(second(V, E), abs=1e-9)
        assert shown is None or np.allclose(W, shown)


@pytest.mark.parametrize(("facts", "noun"), [
    (["symmetric", "toeplitz"], "a symmetric matrix that is Toeplitz"), (["lower", "upper"], "a diagonal matrix"),
    (["lower", "toeplitz"], "a lower triangle that is Toeplitz"), (["spd", "symmetric"], "a symmetric matrix"),
    (["skew", "toeplitz"], "a skew matrix that is Toeplitz"),
])  # fmt: skip
def test_structures_that_go_together(facts: list[str], noun: str) -> None:
    f = fr.parse("tr(A*X*B*X)", variables=VARIABLES, facts={"X": facts})
    for mode in (True, "tangent"):
        for d in (f.gradient("X", structured=mode), f.hessian("X", structured=mode)):
            assert d.verification.status == "checked"
            assert noun in d.report()


def test_a_symmetric_toeplitz_matrix_by_its_numbers() -> None:
    f = fr.parse("tr(A*X)", variables=VARIABLES, facts={"X": ["symmetric", "toeplitz"]})
    G = f.gradient("X", structured=True).evaluate(X=np.eye(N), **POINT)
    A = POINT["A"]
    assert G[0] == pytest.approx([np.trace(A), *(np.trace(A, k) + np.trace(A, -k) for k in range(1, N))])


def test_a_matrix_valued_function_of_a_symmetric_variable_has_a_second_derivative() -> None:
    f = fr.parse("X*A*X", variables=VARIABLES, facts={"X": ["symmetric"]})
    assert str(f.derivative("X", "X")) == "dX_2 -> dX -> dX_2*A*dX + dX*A*dX_2"
    assert f.derivative("X", "X", structured="tangent").verification.status == "checked"


@pytest.mark.parametrize(("facts", "option"), [
    ({}, True), ({"X": ["orthogonal"]}, True), ({"X": ["symmetric"]}, "sideways"),
    ({"X": ["orthogonal", "symmetric"]}, "tangent"), ({"X": ["lower", "skew"]}, True),
])  # fmt: skip
def test_what_cannot_be_asked_for_is_refused(facts: dict[str, list[str]], option: object) -> None:
    with pytest.raises(fr.FrechetError) as refused:
        fr.parse("tr(X*X)", variables={"X": ["n", "n"]}, facts=facts).gradient("X", structured=option)
    assert refused.value.diagnostic.code == "E505"
    assert refused.value.diagnostic.help


def test_second_derivatives_over_a_curved_set_are_refused() -> None:
    f = fr.parse("tr(A*X*B*X)", variables=VARIABLES, facts={"X": ["orthogonal"]})
    with pytest.raises(fr.FrechetError, match="curved"):
        f.hessian("X", structured="tangent")
    mixed = f.derivative("X", "A", structured="tangent")
    assert mixed.verification.status == "checked"


G = "tr(X'*S*X) + tr(B'*X)"


def manifold_point(name: str) -> np.ndarray:
    X = np.random.default_rng(1).standard_normal((5, 5) if name == "spd" else (5, 3))
    if name == "spd":
        return X @ X.T + np.eye(5)
    return X / np.linalg.norm(X) if name == "sphere" else np.linalg.qr(X)[0]


@pytest.mark.parametrize("name", ["sphere", "stiefel", "grassmann", "spd"])
def test_riemannian_gradients_are_those_of_pymanopt(name: str) -> None:
    manifolds = pytest.importorskip("pymanopt.manifolds", reason="needs Pymanopt: pip install -e '.[dev]'")
    X = manifold_point(name)
    n, p = X.shape
    manifold = {
        "sphere": lambda: manifolds.Sphere(n, p),
        "stiefel": lambda: manifolds.Stiefel(n, p),
        "grassmann": lambda: manifolds.Grassmann(n, p),
        "spd": lambda: manifolds.SymmetricPositiveDefinite(n),
    }
    rng = np.random.default_rng(2)
    arrays = {"X": X, "S": rng.standard_normal((n, n)), "B": rng.standard_normal((n, p))}
    dims = {"X": ["n", "n" if name == "spd" else "p"], "S": ["n", "n"], "B": ["n", "n" if name == "spd" else "p"]}
    f = fr.parse(G, variables=dims, facts={"X": ["spd"]} if name == "spd" else None)
    euclidean = (arrays["S"] + arrays["S"].T) @ X + arrays["B"]
    wanted = manifold[name]().euclidean_to_riemannian_gradient(X, euclidean)
    d = f.riemannian_gradient("X", manifold=name)
    assert np.allclose(d.evaluate(**arrays), wanted, rtol=1e-10, atol=1e-10)
    assert d.verification.status == "checked"
    assert "Riemannian gradient on" in d.report()


def test_fisher_gradient_on_the_simplex() -> None:
    """<grad, v> in the Fisher metric is the derivative along v, and grad sums to zero."""
    f = fr.parse("x'*log(x)", variables={"x": ["n"]}, domain={"x": "simplex"})
    x = np.array([0.2, 0.3, 0.5])
    g = f.riemannian_gradient("x", manifold="simplex").evaluate(x=x)
    assert g.sum() == pytest.approx(0, abs=1e-15)
    v = np.array([0.3, -0.5, 0.2])
    assert np.sum(g * v / x) == pytest.approx((np.log(x) + 1) @ v)


def test_a_fact_that_points_of_the_manifold_lack_is_refused() -> None:
    f = fr.parse("tr(A*X)", variables=VARIABLES, facts={"X": ["symmetric"]})
    with pytest.raises(fr.FrechetError, match="declared to be a symmetric matrix"):
        f.riemannian_gradient("X", manifold="stiefel")
    orthogonal = fr.parse("tr(A*X)", variables=VARIABLES, facts={"X": ["orthogonal"]})
    assert str(orthogonal.riemannian_gradient("X", manifold="stiefel")) == "(A' - X*A*X)/2"


def test_the_command_line_knows_manifolds() -> None:
    result = CliRunner().invoke(app, ["diff", "x'*A*x", "--wrt", "x", "--manifold", "sphere"])
    assert "*x - 2*(x'*A*x)*x" in result.output
    assert "on the unit sphere" in result.output
    wrong = CliRunner().invoke(app, ["diff", "x'*A*x", "--wrt", "x", "--manifold", "spere"])
    assert "Did you mean sphere?" in str(wrong.exception)


@pytest.mark.parametrize("name", ["stieffel", "simplex", "spd"])
def test_manifolds_that_do_not_fit_are_refused(name: str) -> None:
    with pytest.raises(fr.FrechetError) as refused:
        fr.parse("tr(X'*X)", variables={"X": ["n", "p"]}).riemannian_gradient("X", manifold=name)
    assert refused.value.diagnostic.code == "E505"


@pytest.mark.parametrize(("flag", "text", "over"), [
    ("--structured", "2*inv(X) - inv(X).*eye(n)", "by the independent entries"), ("--tangent", "inv(X)",
    "projected"),
])  # fmt: skip
def test_the_command_line_names_the_convention(flag: str, text: str, over: str) -> None:
    runner = CliRunner()
    result = runner.invoke(app, ["diff", "logdet(X)", "--wrt", "X", "--fact", "X:spd", flag])
    assert result.exit_code == 0
    assert f"{text}  " in result.output
    assert over in result.output


@pytest.mark.parametrize("text", ["tr(S^3)", "x'*S^3*x", "x'*S*x"])
def test_what_vanishes_by_structure_passes_its_check(text: str) -> None:
    """x'*S*x is zero for a skew S; its derivatives over S are all rounding, which was taken for a mistake."""
    used = {"S": ["n", "n"], **({"x": ["n"]} if "x" in text else {})}
    d = fr.parse(text, variables=used, facts={"S": ["skew"]}).hessian("S", structured=True)
    assert str(d).startswith("dS -> ")
