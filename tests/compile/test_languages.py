"""Julia, MATLAB and C: the code a user of that language would write, and the numbers of the NumPy code."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

import frechet as fr
from tests.cases.suite import cases
from tests.compile import foreign
from tests.compile.languages import PROGRAM, outcomes
from tests.compile.programs import flat

LEAST = {"octave": 427, "julia": 427, "c": 427}


def code(text: str, wrt: str, language: str, variables: dict[str, list[str | int]] | None = None) -> str:
    f = fr.parse(text, variables=variables)
    d = f.jacobian(wrt, verify=False) if f.shape else f.gradient(wrt, verify=False)
    source = d.code(language)
    assert isinstance(source, str)
    return source


def body(text: str, wrt: str, language: str) -> list[str]:
    """The statements of a function, without its head and comments."""
    lines = [line.strip() for line in code(text, wrt, language).splitlines()]
    start = next(k for k, line in enumerate(lines) if line.startswith("function"))
    rest = lines[start + 1 :]
    return [line for line in rest[: rest.index("end")] if line and not line.startswith("%")]


@pytest.mark.parametrize(("text", "wrt", "matlab", "julia"), [
    ("norm2(X*w - y)^2 + lam*w'*w", "w", "2*(X'*(X*w - y) + lam*w)", "2*(X'*(X*w - y) + lam*w)"),
    ("tr(A*X'*B*X)", "X", "B'*X*A' + B*X*A", "B'*X*A' + B*X*A"),
    ("sum(relu(W*x + b).^2)", "W", "2*(max(W*x + b, 0)*x')", "2*(max.(W*x + b, 0)*x')"),
    ("diag(x)*A*x", "x", "diag(A*x) + x .* A", "diagm(A*x) + x .* A"),
    ("sum(sin(x))/3", "x", "cos(x)/3", "cos.(x)/3"),
    ("a'*inv(A)*x", "x", "A' \\ a", "A' \\ a"),
    ("sum(log(2 + x))", "x", "1 ./ (2 + x)", "1 ./ (2 .+ x)"),
    ("x[2]*sum(x)*c", "c", "x(2)*sum(x)", "x[2]*sum(x)"),
])  # fmt: skip
def test_what_a_user_of_the_language_writes(text: str, wrt: str, matlab: str, julia: str) -> None:
    assert body(text, wrt, "matlab") == [f"D = {matlab};"]
    assert body(text, wrt, "julia") == [f"return {julia}"]
    assert code(text, wrt, "octave") == code(text, wrt, "matlab")


def test_a_whole_file_of_matlab() -> None:
    assert (
        code("log(sum(exp(A*x)))", "x", "matlab")
        == """\
function D = gradient(A, x)
    % Derivative of log(sum(exp(A*x))) by x.
    % A (m x n), x (n x 1). D is (n x 1); vectors are columns.
    D = A'*softmax(A*x);
end

function y = softmax(x)
    % exp(x) / sum(exp(x)), without overflow.
    y = exp(x - max(x));
    y = y / sum(y);
end
"""
    )


def test_a_whole_file_of_julia() -> None:
    assert (
        code("norm2(A*x)", "x", "julia")
        == '''\
using LinearAlgebra

"""
    gradient(A, x)

Derivative of norm2(A*x) by x.

A (m x n), x (n). Returns a vector (n).
"""
function gradient(A, x)
    t1 = A*x
    return A'*t1/norm(t1)
end
'''
    )


def test_a_whole_file_of_c() -> None:
    assert (
        code("norm2(X*w - y)^2", "w", "c")
        == """\
#include <stdlib.h>

/* Derivative of norm2(X*w - y)^2 by w.
 * X (m x n), w (n), y (m); out (n). Matrices lie row by row.
 * Returns 0, -1 without memory.
 */
int gradient(int m, int n, const double *X, const double *w, const double *y, double *out)
{
    int status = -1;
    double *t5 = calloc((size_t)m, sizeof(double));
    if (!t5)
        goto done;
    /* t5 = y - X*w (m) */
    for (int i = 0; i < m; i++) {
        double t3 = 0;
        for (int j = 0; j < n; j++)
            t3 += X[i * n + j] * w[j];
        t5[i] = y[i] - t3;
    }
    /* out = -2 * X'*t5 (n) */
    for (int i = 0; i < n; i++) {
        double t6 = 0;
        for (int j = 0; j < m; j++)
            t6 += X[j * n + i] * t5[j];
        out[i] = -2 * t6;
    }
    status = 0;
done:
    free(t5);
    return status;
}
"""
    )


@pytest.mark.parametrize("language", ["octave", "julia", "c"])
def test_the_numbers_of_some_cases(language: str) -> None:
    if absent := foreign.missing(PROGRAM[language]):
        pytest.skip(absent)
    with np.errstate(all="ignore"):
        found = outcomes(language, cases()[::15])
    assert not [o for o in found if o.status == "wrong"]
    assert sum(o.status == "right" for o in found) > 25


@pytest.mark.slow
@pytest.mark.parametrize("language", ["octave", "julia", "c"])
def test_the_numbers_of_all_cases(language: str) -> None:
    if absent := foreign.missing(PROGRAM[language]):
        pytest.skip(absent)
    with np.errstate(all="ignore"):
        found = outcomes(language, cases())
    assert not [o for o in found if o.status == "wrong"]
    assert sum(o.status == "right" for o in found) >= LEAST[language]


def test_c_says_when_a_matrix_is_singular(tmp_path: Path) -> None:
    if absent := foreign.missing("cc"):
        pytest.skip(absent)
    call = foreign.Call("gradient", code("a'*inv(A)*x", "x", "c"), [np.ones(2), np.ones((2, 2)), np.ones(2)],
                        {"m": 2, "n": 2}, (2,))  # fmt: skip
    assert foreign.cc([call], tmp_path) == ["status"]


@pytest.mark.parametrize("language", ["c", "julia", "matlab"])
def test_names_that_mean_something_in_the_language(language: str) -> None:
    source = code("norm*x'*x + end*sum(double)", "x", language, {"norm": [], "x": ["n"], "end": [], "double": ["n"]})
    taken = {"c": "double", "julia": "norm", "matlab": "norm"}[language]
    assert f"{taken}_" in source
    sized = code("sum(x)", "x", language, {"x": ["size"]})
    assert ("size_ = " in sized) == (language != "c")


def test_a_refusal_names_the_operation_and_who_has_it() -> None:
    with pytest.raises(fr.FrechetError) as caught:
        code("tr(dcofactor(X, X))", "X", "c")
    assert caught.value.diagnostic.code == "E504"
    assert "cofactor" in caught.value.diagnostic.message
    assert "numpy, jax have it" in caught.value.diagnostic.help
    with pytest.raises(fr.FrechetError, match="not a language"):
        code("x'*x", "x", "fortran")


@pytest.mark.parametrize(("text", "language", "check"), [
    ("sum(x[2:4])*x[1]", "numpy", 'if n < 4:\n        raise IndexError("x[2:4] needs n >= 4.")'),
    ("sum(x[2:4])", "julia", 'n >= 4 || throw(ArgumentError("x[2:4] needs n >= 4"))'),
    ("sum(x[2:4])", "matlab", "assert(n >= 4, 'x[2:4] needs n >= 4');"),
    ("sum(x[2:4])*x[1]", "c", "if (n < 4)  /* x[2:4] */\n        return 2;"),
    ("x[5]^2", "jax", 'raise IndexError("x[5] needs n >= 5.")'),
    ("x[5]^2", "c", "if (n < 5)  /* x[5] */"),
    ("c*x[5]", "numpy", ""), ("c*x[5]", "julia", ""), ("c*x[5]", "matlab", ""), ("c*sum(x[2:4])", "matlab", ""),
])  # fmt: skip
def test_entries_that_an_array_may_not_have(text: str, language: str, check: str) -> None:
    """A check where the language itself would be silent: NumPy cuts slices, C reads on, unit vectors are zero."""
    wrt = "c" if text.startswith("c") else "x"
    source = code(text, wrt, language, {"x": ["n"], "c": []})
    if check:
        assert check in source
    else:
        assert not any(word in source for word in ("raise", "throw", "assert"))
    assert "return 2" not in code(text, wrt, "c", {"x": [5], "c": []})


def test_a_function_in_python_and_in_c_refuses_a_short_array(tmp_path: Path) -> None:
    d = fr.parse("sum(x[2:4].^2)", variables={"x": ["n"]}).gradient("x")
    with pytest.raises(IndexError, match="needs n >= 4"):
        d.compile("numpy")(x=np.ones(3))
    np.testing.assert_allclose(d.compile("numpy")(x=np.ones(5)), [0, 2, 2, 2, 0])
    if absent := foreign.missing("cc"):
        pytest.skip(absent)
    call = foreign.Call("gradient", d.code("c"), [np.ones(3)], {"n": 3}, (3,))
    assert foreign.cc([call], tmp_path) == ["status"]


def test_a_deep_formula_in_c() -> None:
    text = "x"
    for _ in range(150):
        text = f"tanh({text})"
    source = code(f"sum({text})", "x", "c")
    assert source.count("tanh(") >= 150


def test_a_program_in_c_has_all_its_results(tmp_path: Path) -> None:
    """Value and gradients, and the blocks of a Hessian, through the C interface itself."""
    if absent := foreign.missing("cc"):
        pytest.skip(absent)
    variables: dict[str, list[str | int]] = {"T": ["m", "n"], "U": ["m", "k"], "v": ["k"], "s": []}
    f = fr.parse("norm2(T'*U*v)^2 + s*sum(exp(U)*v) + log(1 + s^2)", variables=variables)
    rng = np.random.default_rng(0)
    arrays = {n: rng.normal(size=[{"m": 3, "n": 2, "k": 4}[str(d)] for d in dims]) for n, dims in variables.items()}
    for want in ("value_and_gradient", "hessian"):
        g = fr.compile(f, ["U", "v", "s"], want=want)
        found = flat(g(**arrays))
        results = [np.full(np.shape(r), np.nan) for r in found]
        library = foreign.library(g.code("c"), tmp_path, want)
        given = [a if a.ndim else ctypes.c_double(float(a)) for a in arrays.values()]
        pointers = [a.ctypes.data_as(ctypes.c_void_p) if isinstance(a, np.ndarray) else a for a in [*given, *results]]
        assert library[want](3, 2, 4, *pointers) == 0
        for result, value in zip(results, found, strict=True):
            np.testing.assert_allclose(result, value, rtol=1e-10, atol=1e-12)


def test_what_a_program_is_not_written_in() -> None:
    f = fr.parse("x'*y", variables={"x": ["n"], "y": ["n"]})
    operator = fr.compile(fr.parse("x'*x", variables={"x": ["n"]}), ["x"], want="hessian", as_operator=True)
    refused = {
        "E505": [
            (fr.compile(f, ["x"]), "fortran"),
            (fr.compile(f, ["x", "y"], want="newton"), "c"),
            (operator, "julia"),
        ],
        "E400": [(fr.compile(f, ["x"], want="newton"), "julia")],
    }  # fmt: skip
    for expected, pairs in refused.items():
        for compiled, language in pairs:
            with pytest.raises(fr.FrechetError) as caught:
                compiled.code(language)
            assert caught.value.diagnostic.code == expected
    assert fr.compile(f, ["x"]).code() == fr.compile(f, ["x"]).source
