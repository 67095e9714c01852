"""C as a backend: the numbers of NumPy, and NumPy itself for all that does not fit."""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import frechet as fr
from frechet.compile import native
from tests.compile.problems import PROBLEMS, draw

needs_compiler = pytest.mark.skipif(not native.compiler(), reason="apt-get install gcc")
WANTS = ("value_and_gradient", "hessian", "hvp", "newton", "value")
f = fr.parse("sum(log(1 + exp(X*w))) - y'*X*w + lam/2*w'*w",
             variables={"X": ["m", "n"], "w": ["n"], "y": ["m"], "lam": []})  # fmt: skip


def points(m: int = 6, n: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(m + n)
    return {"X": rng.normal(size=(m, n)), "w": rng.normal(size=n), "y": rng.uniform(size=m), "lam": 0.3}


def same(mine: Any, other: Any, rtol: float = 1e-9) -> None:
    if isinstance(other, tuple):
        assert isinstance(mine, tuple) and len(mine) == len(other)
        for a, b in zip(mine, other, strict=True):
            same(a, b, rtol)
    else:
        assert type(mine) is type(other) and mine.dtype == other.dtype and np.shape(mine) == np.shape(other)
        np.testing.assert_allclose(mine, other, rtol=rtol, atol=rtol * np.abs(other).max())


def module() -> Any:
    fr.compile(f, "w")
    return sys.modules["frechet.compile.choose"]


@needs_compiler
@pytest.mark.parametrize("want", WANTS)
def test_the_numbers_are_those_of_numpy_at_any_size(want: str) -> None:
    g, plain = fr.compile(f, "w", want, backend="c"), fr.compile(f, "w", want, backend="numpy")
    for m, n in ((6, 3), (7, 3), (1, 1), (40, 12)):
        point = points(m, n) | ({"v": np.linspace(-1, 1, n)} if want == "hvp" else {})
        for _ in range(2):
            same(g(**point), plain(**point))
    assert g.backend == "c" and g.choice == "c: asked for"
    assert "#include" in g.source and g.source == g.code("c")


CASES = [
    (p, want)
    for p in PROBLEMS
    for want in (["jacobian"] if p.kind == "jacobian" else ["value_and_gradient", "hessian"])
]


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize(("problem", "want"), CASES, ids=lambda x: getattr(x, "name", x))
def test_every_family_is_the_same_in_c(problem: Any, want: str) -> None:
    p = fr.parse(problem.text, variables=problem.variables, facts=problem.facts)
    names = problem.wrt[:1] if want == "hessian" else problem.wrt
    arrays = draw(problem, 1)
    same(fr.compile(p, names, want, backend="c")(**arrays), fr.compile(p, names, want, backend="numpy")(**arrays), 1e-8)


@needs_compiler
def test_several_variables_keep_their_form() -> None:
    for want in ("gradient", "hessian"):
        g, plain = (fr.compile(f, ["X", "w"], want, backend=b) for b in ("c", "numpy"))
        same(g(**points()), plain(**points()))


@needs_compiler
def test_what_does_not_fit_is_left_to_numpy() -> None:
    g, plain = fr.compile(f, "w", backend="c"), fr.compile(f, "w", backend="numpy")
    point = points()
    g(**point)
    for other in ({"X": np.asfortranarray(point["X"])}, {"X": point["X"][::-1]}, {"lam": np.float32(0.3)}, {"lam": 1},
                  {"X": np.ones((6, 3), dtype=int)}, {"w": point["w"].astype(np.float32)}):  # fmt: skip
        same(g(**point | other), plain(**point | other), 1e-6)
    single = {n: np.asarray(a, dtype=np.float32) for n, a in point.items()}
    assert g(**single)[1][0].dtype == np.float32
    batch = point | {"w": np.ones((4, 3))}
    same(g(**batch), plain(**batch))
    out = np.zeros(3)
    g(**point, out=(None, (out,)))
    np.testing.assert_allclose(out, plain(**point)[1][0])
    with pytest.raises(fr.FrechetError, match="E305"):
        g(**point | {"w": np.ones(5)})


@needs_compiler
def test_results_belong_to_the_caller() -> None:
    g = fr.compile(f, "w", backend="c")
    first = g(**points())[1][0]
    kept = first.copy()
    g(**points() | {"lam": 9.0})
    np.testing.assert_array_equal(first, kept)


@needs_compiler
def test_singular_matrices_are_refused_as_by_numpy() -> None:
    g = fr.compile(fr.parse("y'*inv(A)*y", variables={"A": ["n", "n"], "y": ["n"]}), "y", backend="c")
    assert g(A=np.eye(2), y=np.ones(2))[0] == 2
    with pytest.raises(fr.FrechetError, match="E400"):
        g(A=np.ones((2, 2)), y=np.ones(2))


@needs_compiler
def test_names_of_the_caller_mean_nothing_in_c() -> None:
    names = ["view", "held", "status", "o0", "n0", "x1", "Buffer", "b", "frechet_entry", "double_", "inf"]
    for name in names:
        h = fr.parse(f"{name}'*{name}*k", variables={name: ["n"], "k": []})
        value, (gradient,) = fr.compile(h, name, backend="c")(**{name: np.array([1.0, 2.0]), "k": 3.0})
        assert value == 15 and gradient.tolist() == [6, 12]


def test_without_a_compiler_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    native.compiler.cache_clear()
    try:
        with pytest.raises(fr.FrechetError, match="no C compiler here"):
            fr.compile(f, "w", backend="c")
        monkeypatch.setattr(module().InC, "before", 0.0)
        g = fr.compile(f, "w")
        g(**points())
        assert g.backend == "numpy"
    finally:
        monkeypatch.undo()
        native.compiler.cache_clear()


@needs_compiler
def test_a_compiler_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "compiler", lambda: "false")
    with pytest.raises(fr.FrechetError, match="The C compiler failed"):
        fr.compile(f, "w", backend="c")(**points())


def test_operators_are_not_written_in_c() -> None:
    with pytest.raises(fr.FrechetError, match="no operators for c"):
        fr.compile(f, "w", want="hessian", as_operator=True, backend="c")


@needs_compiler
@pytest.mark.parametrize("faster", [0.0, 1e9])
def test_auto_tries_c_and_tells(monkeypatch: pytest.MonkeyPatch, faster: float) -> None:
    choose = module()
    monkeypatch.setattr(choose.InC, "before", 0.0)
    monkeypatch.setattr(choose, "PAUSE", 0.0)
    monkeypatch.setattr(choose, "FASTER", faster)
    g, plain = fr.compile(f, "w"), fr.compile(f, "w", backend="numpy")
    expected = plain(**points())
    end = time.monotonic() + 60
    while g.choice == "numpy: it needs no compiler" and time.monotonic() < end:
        same(g(**points()), expected)
        time.sleep(0.01)
    assert g.backend == ("numpy" if faster else "c")
    assert ("C was tried" if faster else "c since call") in g.choice
    same(g(**points()), expected)
    same(g(**points() | {"lam": 1}), plain(**points() | {"lam": 1}))
    assert ("#include" in g.source) == (not faster)


@needs_compiler
def test_the_files_of_a_library_are_removed_with_it() -> None:
    g = fr.compile(f, "w", backend="c")
    g(**points())
    (library,) = g._libraries.values()
    folder = Path(library._made).parent
    assert folder.exists()
    del g, library
    gc.collect()
    assert not folder.exists()
