"""Compiled functions as code of Julia, MATLAB and C: idiom, one factorisation for all, and NumPy's numbers."""

from __future__ import annotations

import numpy as np
import pytest

import frechet as fr
from tests.compile import foreign, programs
from tests.compile.languages import PROGRAM
from tests.compile.problems import PROBLEMS

# Of these the Hessian is singular at the point drawn: NumPy refuses, or answers what rounding made of it.
SINGULAR = {"net3", "softmaxreg", "rbfridge", "mahal"}
WANTS = ("value", "value_and_gradient", "gradient", "hessian", "hvp", "newton")


def code(text: str, wrt: list[str], want: str, language: str, **known: object) -> str:
    source = fr.compile(fr.parse(text, **known), wrt, want=want, backend="numpy").code(language)  # type: ignore[arg-type]
    assert isinstance(source, str)
    return source


def body(source: str) -> list[str]:
    """The statements of the first function, without head, comments and sizes."""
    lines = [line.strip() for line in source[source.index("function") :].splitlines()[1:]]
    return [line for line in lines[: lines.index("end")] if line and not line.startswith(("%", "return"))]


LOGISTIC = "sum(log(1 + exp(X*w))) - y'*X*w + lam/2*w'*w"
SHAPES = {"X": ["m", "n"], "w": ["n"], "y": ["m"], "lam": []}


def test_a_whole_program_of_julia() -> None:
    source = code(LOGISTIC, ["w"], "value_and_gradient", "julia", variables=SHAPES)
    assert (
        source[source.index('"""') :]
        == '''\
"""
    value_and_gradient(X, w, y, lam)

Value and gradient by w of sum(log(1 + exp(X*w))) - y'*X*w + lam/2*w'*w.

X (m x n), w (n), y (m), lam scalar. Returns value, gradient (n).
"""
function value_and_gradient(X, w, y, lam)
    t1 = X*w
    value = lam*(w'*w)/2 + sum(softplus.(t1)) - y'*t1
    gradient = lam*w + X'*(sigmoid.(t1) - y)
    return value, gradient
end
'''
    )


def test_a_whole_program_of_matlab() -> None:
    assert (
        code("norm2(T - U*V')^2", ["U", "V"], "value_and_gradient", "matlab",
             variables={"T": ["n", "m"], "U": ["n", "k"], "V": ["m", "k"]})
        == """\
function [value, gradient_U, gradient_V] = value_and_gradient(T, U, V)
    % Value and gradient by U, V of norm2(T - U*V')^2.
    % T (n x m), U (n x k), V (m x k).
    % Gives value scalar, gradient_U (n x k), gradient_V (m x k).
    t1 = T - U*V';
    value = sum(sum(t1.^2));
    gradient_U = -2*(t1*V);
    gradient_V = -2*(t1'*U);
end
"""
    )  # fmt: skip


GAUSS = "logdet(S) + y'*inv(S)*y"


@pytest.mark.parametrize(("want", "facts", "julia", "matlab"), [
    ("value", {}, ["F = lu(S)", "logabsdet(F)[1]", "F \\ y"],
     ["[L, U, P] = lu(S);", "sum(log(abs(diag(U))))", "U \\ (L \\ (P*y))"]),
    ("value_and_gradient", {}, ["F = lu(S)", "logabsdet(F)[1]", "inv(F)"], ["[L, U, P] = lu(S);", "U \\ (L \\ P)"]),
    ("value", {"S": ["spd"]}, ["F = cholesky(Symmetric(S))", "logdet(F)", "F \\ y"],
     ["R = chol(S);", "2 * sum(log(diag(R)))", "R \\ (R' \\ y)"]),
])  # fmt: skip
def test_one_factorisation_serves_solve_logdet_and_inverse(
    want: str, facts: object, julia: list[str], matlab: list[str]
) -> None:
    for language, parts in (("julia", julia), ("matlab", matlab)):
        shapes = {"S": ["n", "n"], "y": ["n"]}
        source = code(GAUSS, ["y", "S"], want, language, variables=shapes, facts=facts)
        assert all(part in source for part in parts), source
        assert source.count("lu(") + source.count("chol") == 1


def test_newton_steps_use_the_structure() -> None:
    text, shapes = "norm2(A*X*B - C)^2", {"A": ["p", "n"], "X": ["n", "k"], "B": ["k", "q"], "C": ["p", "q"]}
    assert "kron" not in code(text, ["X"], "newton", "julia", variables=shapes)
    assert "(A'*A) \\ " in code(text, ["X"], "newton", "matlab", variables=shapes)
    separable = code("sum(exp(x)) - b'*x", ["x"], "newton", "julia")
    assert "\\" not in separable
    assert "(exp.(x) - b) ./ exp.(x)" in separable or "./ t1" in separable
    assert "kron(" in code(text, ["X"], "hessian", "matlab", variables=shapes)


def test_what_the_blocks_of_a_hessian_share_is_computed_once() -> None:
    source = code("norm2(T - U*V')^2", ["U", "V"], "hessian", "julia",
                  variables={"T": ["n", "m"], "U": ["n", "k"], "V": ["m", "k"]})  # fmt: skip
    assert source.count("U*V'") == 2  # the comment, and once
    assert "return hessian_U_U, hessian_U_V, hessian_V_U, hessian_V_V" in source


def test_names_of_the_language_and_of_sizes() -> None:
    source = code("norm*x'*x + sum(log(L))", ["x", "L"], "gradient", "matlab", variables={"norm": [], "x": ["n"],
                  "L": ["k"]})  # fmt: skip
    assert "norm_*x" in source
    source = code("logdet(L) + a'*inv(L)*a", ["L"], "value_and_gradient", "matlab", variables={"L": ["n", "n"],
                  "a": ["n"]})  # fmt: skip
    assert "[L_, U, P] = lu(L);" in source


def test_stable_forms_come_along() -> None:
    for language in ("julia", "matlab"):
        source = code("sum(log(cosh(x)))", ["x"], "value_and_gradient", language)
        assert "logcosh" in source
        assert "function y = logcosh" in source or "logcosh(x) = " in source


def test_a_text_is_compiled_as_it_would_be_parsed() -> None:
    hessian = fr.compile("x'*A*x", "x", want="hessian", facts={"A": ["symmetric"]})
    assert hessian.code("matlab").endswith("    D = 2*A;\nend\n")
    np.testing.assert_allclose(hessian(x=np.ones(2), A=np.eye(2)), 2 * np.eye(2))
    for text, expected in (("x'*", "E102"), ("exp(x", "E101"), (3, "E505")):
        with pytest.raises(fr.FrechetError) as caught:
            fr.compile(text, "x")  # type: ignore[arg-type]
        assert caught.value.diagnostic.code == expected


def some(wants: tuple[str, ...], chosen: slice, language: str) -> None:
    if absent := foreign.missing(PROGRAM[language]):
        pytest.skip(absent)
    wants_newton = [p for p in PROBLEMS[chosen] if p.name not in SINGULAR]
    with np.errstate(all="ignore"):
        found = programs.outcomes(language, [w for w in wants if w != "newton"], PROBLEMS[chosen])
        if "newton" in wants:
            found += programs.outcomes(language, ["newton"], wants_newton)
    refused = [o for o in found if o.status == "refused"]
    assert not [o for o in found if o.status == "wrong"]
    assert all(language == "c" and "several variables" in o.detail for o in refused), refused
    assert sum(o.status == "right" for o in found) > 2 * len(PROBLEMS[chosen])


@pytest.mark.parametrize("language", ["octave", "julia", "c"])
def test_the_numbers_of_some_programs(language: str) -> None:
    some(("value_and_gradient", "hessian", "newton"), slice(2, None, 5), language)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["octave", "julia", "c"])
def test_the_numbers_of_all_programs(language: str) -> None:
    some(WANTS, slice(None), language)


def test_a_singular_system_of_low_rank_is_refused() -> None:
    """The Hessian of a norm is singular along its argument: NumPy's step is refused, not made of rounding."""
    step = fr.compile("norm2(x - a)", "x", want="newton", backend="numpy")
    rng = np.random.default_rng(0)
    for _ in range(50):
        with pytest.raises(fr.FrechetError, match="singular"):
            step(x=rng.normal(size=5), a=rng.normal(size=5))
