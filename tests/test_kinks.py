"""Points where functions are not smooth, and what a symbolic engine must not get wrong: rows k and s of the studies.

k: what automatic differentiation returns there is often neither the derivative nor a warning. s: what SymPy answers
wrongly (mostly 0) or not at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import frechet as fr

RNG = np.random.default_rng(3)


def parse(expr: str, **variables: list[str | int]) -> Any:
    return fr.parse(expr, variables=variables)


def kinks(expr: str, wrt: str, **variables: list[str | int]) -> str:
    return " ".join(parse(expr, **variables).derivative(wrt).kinks)


def slope(f: Any, name: str, V: Any, **point: Any) -> Any:
    """The numeric derivative along a direction, of order six."""
    h = 1e-3

    def at(t: float) -> Any:
        return f.evaluate(**{**point, name: point[name] + t * V})

    return sum(w * (at(k * h) - at(-k * h)) for k, w in ((1, 45), (2, -9), (3, 1))) / (60 * h)


# -- k: kinks ---------------------------------------------------------------------------------------------------------


def test_k01_a_norm_at_zero_has_the_unit_ball() -> None:
    d = parse("norm2(x)", x=["n"]).gradient("x")
    assert d.conditions == ("x != 0",)
    assert "x = 0: for norm2(x) the subdifferential is the unit ball" in d.report()
    assert not np.isfinite(d.evaluate(x=np.zeros(2))).any()


@pytest.mark.parametrize(("expr", "value"), [
    ("norm2(x)^2", 0.0),  # k02
    ("relu(x) - relu(-x)", 1.0),  # k04
    ("sqrt(x^4)", 0.0),  # k08
    ("x*abs(x)", 0.0),
    ("max(x, 0) + min(x, 0)", 1.0),
])  # fmt: skip
def test_smooth_compositions_have_their_true_value_and_no_kink(expr: str, value: float) -> None:
    d = parse(expr, x=[]).gradient("x")
    assert d.evaluate(x=0.0) == value
    assert not d.kinks
    assert not d.conditions


@pytest.mark.parametrize(("expr", "set_"), [
    ("abs(x)", "[-1, 1]"), ("abs(-x)", "[-1, 1]"),  # k03
    ("max(x, 0)", "[0, 1]"), ("relu(x)", "[0, 1]"), ("relu(x - 2)", "[0, 1]"),  # k05
])  # fmt: skip
def test_kinks_are_listed_with_their_subdifferential(expr: str, set_: str) -> None:
    found = kinks(expr, "x", x=[])
    assert " = 0: for " in found
    assert f"the subdifferential is {set_}" in found
    at = 2.0 if "2" in expr else 0.0
    given = parse(expr, x=[]).gradient("x").evaluate(x=at)
    low, high = (float(n) for n in set_[1:-1].split(","))
    assert low <= given <= high


def test_both_signs_of_abs_have_one_element() -> None:
    one, other = (parse(e, x=[]).gradient("x").evaluate(x=0.0) for e in ("abs(x)", "abs(-x)"))
    assert one == other == 0


def test_k06_k07_choices_have_their_true_derivative_where_the_branches_meet() -> None:
    steep = parse("where(x>0, sqrt(x), 0)", x=[]).gradient("x")
    assert steep.evaluate(x=0.0) == 0  # the slope from the left; from the right it is infinite, and that is said
    assert steep.conditions == ("x != 0",)
    assert "infinite" in steep.kinks[0]
    for expr, at, slopes in (("where(x==0, 1, sin(x)/x)", 0.0, (0, -1 / 3, 0)), ("where(x==1, 1, x)", 1.0, (1, 0, 0))):
        f = parse(expr, x=[])
        for order, slope_there in enumerate(slopes, start=1):
            d = f.derivative(*["x"] * order)
            assert d.evaluate(x=at) == pytest.approx(slope_there), (expr, order)
            assert not d.conditions
            assert not d.kinks


def test_k09_the_sum_of_all_eigenvalues_is_the_trace() -> None:
    f = parse("sum(eigvals(A))", A=["n", "n"])
    assert str(f.gradient("A")) == "eye(n)"
    assert not f.gradient("A").conditions
    assert not f.hessian("A").evaluate(A=np.eye(3)).any()


def test_k10_an_eigenvector_says_where_and_the_nuclear_norm_is_smooth_at_the_identity() -> None:
    d = parse("a'*eigvec(A)", a=["n"], A=["n", "n"]).gradient("A")
    assert any("is simple" in c for c in d.conditions)
    f = parse("nuclear(X)", X=["n", "n"])
    V = RNG.standard_normal((3, 3))
    got = np.tensordot(f.hessian("X").evaluate(X=np.eye(3)), V, 2)
    assert np.allclose(got, (V - V.T) / 2)
    along = [f.gradient("X").evaluate(X=np.eye(3) + t * V) for t in (1e-5, -1e-5)]
    assert np.allclose((along[0] - along[1]) / 2e-5, got, atol=1e-8)


def test_k11_the_nuclear_norm_at_zero() -> None:
    d = parse("nuclear(X)", X=["n", "n"]).gradient("X")
    assert "X has full rank" in d.conditions
    assert "specnorm(W) <= 1" in d.kinks[0]


def test_k12_a_pseudoinverse_states_its_rank_condition() -> None:
    assert "the rank of A is constant" in parse("sum(pinv(A))", A=["m", "n"]).gradient("A").conditions


def test_k13_a_large_determinant_does_not_underflow() -> None:
    d = parse("log(det(X))", X=["n", "n"]).gradient("X", verify=False)
    assert np.allclose(d.evaluate(X=0.1 * np.eye(400)), 10 * np.eye(400))


def test_k14_stable_forms() -> None:
    x = np.array([1000.0, 0.0])
    assert np.allclose(parse("log(sum(exp(x)))", x=["n"]).gradient("x").evaluate(x=x), [1, 0])
    assert parse("log(1+exp(-x))", x=[]).gradient("x").evaluate(x=-1000.0) == -1


def test_k15_the_trace_of_a_root_at_repeated_eigenvalues() -> None:
    d = parse("tr(sqrtm(X))", X=["n", "n"]).gradient("X")
    assert np.allclose(d.evaluate(X=2 * np.eye(3)), np.eye(3) / (2 * np.sqrt(2)))


def test_k16_both_conventions_of_a_symmetric_variable_are_named() -> None:
    f = fr.parse("2*sum(log(diag(chol(S))))", variables={"S": ["n", "n"]}, facts={"S": ["spd"]})
    assert str(f.gradient("S")) == "inv(S)"
    assert "all entries" in f.gradient("S").report()
    S = np.array([[2.0, 0.3], [0.3, 1.0]])
    G = np.linalg.inv(S)
    assert np.allclose(f.gradient("S", structured=True).evaluate(S=S), 2 * G - np.diag(np.diag(G)))


@pytest.mark.parametrize(("expr", "text"), [
    ("max(x)", "hull of the unit vectors"), ("norminf(x)", "hull of sign(x)"), ("norm1(x)", "[-1, 1] in these entries"),
])  # fmt: skip
def test_vectors_at_ties_get_an_element_of_the_hull(expr: str, text: str) -> None:
    d = parse(expr, x=["n"]).gradient("x")
    assert text in " ".join(d.kinks)
    g = d.evaluate(x=np.array([2.0, 2.0, 0.0]))
    assert expr == "norm1(x)" or (g.sum() == 1 and (g >= 0).all())


# -- s: answers that are wrong elsewhere ------------------------------------------------------------------------------

M: list[str | int] = ["n", "n"]
RECT: list[str | int] = ["m", "n"]
ROWS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("s01", "tr(X) + 1", "eye(n)", {"X": M}),
    ("s02", "tr(X)^2 + 1", "2*tr(X)*eye(n)", {"X": M}),
    ("s03", "tr(X'*X) - 3", "2*X", {"X": RECT}),
    ("s04", "tr(X) + tr(X^2)", "eye(n) + 2*X'", {"X": M}),
    ("s05", "0.5*tr((A-X*B)'*(A-X*B)) + 0.5*tr(X'*X)", "(X*B-A)*B' + X", {"X": RECT, "A": ["m", "k"], "B": ["n", "k"]}),
    ("s06", "log(det(X))", "inv(X)'", {"X": M}),
    ("s07a", "det(X)^2", "2*det(X)^2*inv(X)'", {"X": M}),
    ("s07b", "s*det(X)", "s*det(X)*inv(X)'", {"X": M, "s": []}),
    ("s07c", "1/det(X)", "-inv(X)'/det(X)", {"X": M}),
    ("s07d", "sin(det(X))", "cos(det(X))*det(X)*inv(X)'", {"X": M}),
    ("s08", "det(X)*tr(X)", "det(X)*(tr(X)*inv(X)' + eye(n))", {"X": M}),
    ("s09a", "exp(tr(X))", "exp(tr(X))*eye(n)", {"X": M}),
    ("s09b", "exp(-0.5*tr(X'*X))", "-exp(-0.5*tr(X'*X))*X", {"X": RECT}),
    ("s10", "tr(x'*A*x)/tr(x'*x)", "((A+A')*x - 2*((x'*A*x)/(x'*x))*x)/(x'*x)", {"x": ["n"], "A": M}),
    ("s11", "tr(X'*X)/tr(X'*C*X)", "2*X/tr(X'*C*X) - tr(X'*X)*(C+C')*X/tr(X'*C*X)^2", {"X": RECT, "C": ["m", "m"]}),
    ("s12", "X[2,2]", "eye(n)[:,2]*eye(n)[2,:]", {"X": M}),
    ("s13", "x[1]", "eye(n)[:,1]", {"x": ["n"]}),
    ("s14", "(x'*A*x)[1,1]", "(A+A')*x", {"x": ["n"], "A": M}),
    ("s15", "(a'*X*b)[1,1] + 5", "a*b'", {"X": RECT, "a": ["m"], "b": ["n"]}),
    ("s16", "log(1+exp((a'*x)[1,1]))", "sigmoid(a'*x)*a", {"x": ["n"], "a": ["n"]}),
    ("s17a", "sum(diag(X))", "eye(n)", {"X": M}),
    ("s17b", "X[1,1] + X[2,2] + X[3,3]", "eye(3)", {"X": [3, 3]}),
    ("s21", "(X*x-y)'*W*(X*x-y)", "(W+W')*(X*x-y)*x'", {"X": RECT, "x": ["n"], "y": ["m"], "W": ["m", "m"]}),
    ("s22a", "det(X)", "det(X)*inv(X)'", {"X": M}),
    ("s22b", "det(A*X*B)", "det(A*X*B)*inv(X)'", {"X": M, "A": M, "B": M}),
    ("s22c", "det(X'*X)", "2*det(X'*X)*X*inv(X'*X)", {"X": ["m", "n"]}),
    ("s23a", "sqrt(tr(X'*X))", "X/norm2(X)", {"X": RECT}),
    ("s23b", "sqrt(tr(X'*X)+1)", "X/sqrt(tr(X'*X)+1)", {"X": RECT}),
    ("s24a", "tr((X'*X)^2)", "4*X*X'*X", {"X": RECT}),
    ("s24b", "(x'*x)^2", "4*(x'*x)*x", {"x": ["n"]}),
    ("s25", "tr(X^(-2))", "-2*(inv(X)^3)'", {"X": M}),
    ("s26a", "tr(kron(X,A))", "tr(A)*eye(n)", {"X": M, "A": ["k", "k"]}),
    ("s26b", "tr(kron(X,X))", "2*tr(X)*eye(n)", {"X": M}),
    ("s27", "tr(expm(X))", "expm(X)'", {"X": M}),
    ("s28", "a'*diag(x)*b", "a.*b", {"x": ["n"], "a": ["n"], "b": ["n"]}),
    ("s31", "det(A+s*B)", "det(A+s*B)*tr(inv(A+s*B)*B)", {"s": [], "A": M, "B": M}),
    ("s33a", "tr(X*A)", "A'", {"X": RECT, "A": ["n", "m"]}),
    ("s33b", "tr(X'*A*X)", "(A+A')*X", {"X": RECT, "A": ["m", "m"]}),
    ("s33c", "tr(X^2*B)", "(X*B+B*X)'", {"X": M, "B": M}),
]
SIZES = {"m": 4, "n": 3, "k": 2}


def arrays(variables: dict[str, Any]) -> dict[str, Any]:
    rng = np.random.default_rng(7)
    drawn = {}
    for name, dims in variables.items():
        shape = [SIZES.get(d, d) for d in dims]
        square = len(shape) == 2 and shape[0] == shape[1]
        drawn[name] = rng.standard_normal(shape) + (3 * np.eye(shape[0]) if square else 0)
    return drawn


@pytest.mark.parametrize(("row", "expr", "expected", "variables"), ROWS, ids=[r[0] for r in ROWS])
def test_sympy_rows_of_scalar_functions(row: str, expr: str, expected: str, variables: dict[str, Any]) -> None:
    f = fr.parse(expr, variables=variables)
    wrt = "s" if row == "s31" else "X" if "X" in variables else "x"
    d = f.gradient(wrt)
    point = arrays(variables)
    got = d.evaluate(**point)
    wanted = fr.parse(expected, variables=variables).evaluate(**point)
    assert np.allclose(got, wanted, rtol=1e-10)
    assert d.verification.status == "checked"
    V = np.random.default_rng(8).standard_normal(np.shape(point[wrt]))
    assert np.sum(got * V) == pytest.approx(float(slope(f, wrt, V, **point)), rel=1e-6)


def test_s17_a_sum_over_the_index_of_an_entry() -> None:
    for text in (r"\sum_i X_{ii}", r"\sum_{i=1}^n X_{i,i}"):
        assert str(fr.parse_latex(text).gradient("X")) == "eye(n)"
    assert str(fr.trace(lambda X: np.einsum("ii", X), variables={"X": ["n", "n"]}).gradient("X")) == "eye(n)"


def test_s18_s19_symbolic_powers_of_matrices() -> None:
    f = fr.parse("X^p", variables={"X": ["n", "n"], "p": []}, facts={"p": ["integer"]})
    X, V = RNG.standard_normal((3, 3)), RNG.standard_normal((3, 3))
    power = np.linalg.matrix_power
    for p in (1, 2, 5):
        wanted = sum(power(X, k) @ V @ power(X, p - 1 - k) for k in range(p))
        assert np.allclose(np.tensordot(f.jacobian("X").evaluate(X=X, p=p), V, 2), wanted)
    assert f.jacobian("X").operator_form == "dX -> dmpower(X, p, dX)"
    trace = fr.parse("tr(X^p)", variables={"X": ["n", "n"], "p": []}, facts={"p": ["integer"]})
    assert str(trace.gradient("X")) == "p*(X^(p - 1))'"
    with pytest.raises(fr.FrechetError) as refused:  # nothing says that p is an integer
        parse("tr(X^p)", X=["n", "n"], p=[])
    assert "integer" in refused.value.diagnostic.message


def test_s20_a_row_has_the_jacobian_of_its_transpose() -> None:
    row, column = parse("x'", x=["n"]).jacobian("x"), parse("x", x=["n"]).jacobian("x")
    assert str(row) == str(column) == "eye(n)"


def test_s29_a_matrix_plus_an_identity() -> None:
    d = parse("X + eye(n)", X=["n", "n"]).jacobian("X")
    V = RNG.standard_normal((3, 3))
    assert np.allclose(np.tensordot(d.evaluate(X=V), V, 2), V)


@pytest.mark.parametrize(("expr", "expected"), [
    ("(s*A)*(s*A)", "2*s*A*A"), ("inv(A+s*B)", "-inv(A+s*B)*B*inv(A+s*B)"), ("tr((A+s*B)^2)", "2*tr((A+s*B)*B)"),
])  # fmt: skip
def test_s30_derivatives_by_a_scalar(expr: str, expected: str) -> None:
    variables: dict[str, Any] = {"s": [], "A": M, "B": M}
    point = arrays(variables)
    d = fr.parse(expr, variables=variables).derivative("s")
    assert np.allclose(d.evaluate(**point), fr.parse(expected, variables=variables).evaluate(**point))


def test_s32_the_second_derivative_of_the_trace_of_a_square() -> None:
    d = parse("tr(X^2)", X=["n", "n"]).hessian("X")
    assert d.operator_form == "dX -> 2*dX'"
    form = parse(d.kronecker_form, X=["n", "n"]).evaluate(X=np.eye(3))
    assert np.allclose(form, 2 * parse("commutation(n, n) + 0*kron(X, X)", X=["n", "n"]).evaluate(X=np.eye(3)))
