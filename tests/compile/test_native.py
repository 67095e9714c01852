"""C as a backend: the numbers of NumPy, and NumPy itself for all that does not fit."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import time
from array import array
from concurrent.futures import ThreadPoolExecutor
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


@needs_compiler
def test_sizes_are_spelled_so_that_they_mean_nothing_in_c() -> None:
    for size, want in (("sum", "value_and_gradient"), ("restrict", "newton")):
        h = fr.parse(f"n*sum(exp(x*x' + diag(x))) where n = {size}", variables={"x": [size]})
        c, plain = (fr.compile(h, "x", want, backend=b)(x=np.array([0.3, -0.5, 1.0])) for b in ("c", "numpy"))
        same(c, plain, 1e-7)


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
    monkeypatch.setattr(native, "compiler", lambda: ("false",))
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


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("frechet-*"))


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files of compilers are while a test runs."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def slow_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that never ends."""
    script = tmp_path / "cc.sh"
    script.write_text("#!/bin/sh\nsleep 1000\n")
    script.chmod(0o755)
    monkeypatch.setattr(native, "compiler", lambda: (str(script),))
    monkeypatch.setattr(module(), "compiler", lambda: (str(script),))
    monkeypatch.setattr(module().InC, "before", 0.0)
    monkeypatch.setattr(module(), "PAUSE", 0.0)


@needs_compiler
def test_no_file_is_left_behind(own_folder: Path) -> None:
    g = fr.compile(f, "w", backend="c")
    g(**points())
    assert not folders()
    same(g(**points()), fr.compile(f, "w", backend="numpy")(**points()))


def test_a_compiler_that_hangs_blocks_nothing_and_ends_with_its_library(
    own_folder: Path, slow_compiler: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions = [fr.compile(f, "w") for _ in range(5)]
    for g in functions:
        for _ in range(3):
            g(**points())
    assert native.compiling() == module().AT_ONCE == len(folders()) and not functions[0].settled
    monkeypatch.setattr(native, "PATIENCE", 0.0)
    functions[0](**points())
    assert functions[0].settled and "takes more than" in functions[0].choice
    del functions, g
    gc.collect()
    assert native.compiling() == 0 and not folders()


def test_a_program_may_end_while_the_compiler_runs(tmp_path: Path) -> None:
    script = tmp_path / "cc.sh"
    script.write_text("#!/bin/sh\nsleep 1000\n")
    script.chmod(0o755)
    code = ("import frechet; g = frechet.compile('sum(exp(x))', 'x', backend='c'); "
            "made = g._library(g._current()); print(made.ready())")  # fmt: skip
    here = tmp_path / "files"
    here.mkdir()
    environment = {**os.environ, "CC": f"{script} -m64", "TMPDIR": str(here)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")
    assert not list(here.iterdir())


@needs_compiler
def test_the_compiler_may_have_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = native.compiler()
    try:
        for text, options in (("cc -O1 -g0", ("-O1", "-g0")), ("cc", ())):
            monkeypatch.setenv("CC", text)
            native.compiler.cache_clear()
            assert native.compiler()[1:] == options
        monkeypatch.setenv("CC", "cc 'open")
        native.compiler.cache_clear()
        assert native.compiler() == ()
    finally:
        monkeypatch.undo()
        native.compiler.cache_clear()
    assert native.compiler() == plain


@needs_compiler
def test_without_a_place_for_files_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/folder")
    with pytest.raises(fr.FrechetError, match="cannot be run"):
        fr.compile(f, "w", backend="c")(**points())
    monkeypatch.setattr(module().InC, "before", 0.0)
    g = fr.compile(f, "w")
    g(**points())
    assert g.settled and "cannot be run" in g.choice


@needs_compiler
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning")  # JAX, if another test has brought it in
def test_a_fork_leaves_the_files_of_its_parent_alone(own_folder: Path) -> None:
    g = fr.compile(f, "w", backend="c")
    library = g._library(g._planned(g._inputs.sizes(g._inputs.values(points()))))
    before = folders()
    child = os.fork()
    if not child:
        fine = library._call is None and callable(library.call()) and library._owner == os.getpid()
        del g, library
        gc.collect()
        os._exit(0 if fine and before <= folders() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    same(g(**points()), fr.compile(f, "w", backend="numpy")(**points()))
    assert not folders()


@needs_compiler
def test_threads_share_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module().InC, "before", 0.0)
    monkeypatch.setattr(module(), "PAUSE", 0.0)
    monkeypatch.setattr(module(), "FASTER", 0.0)
    plain = fr.compile(f, "w", backend="numpy")
    work = [points(4 + k % 3, 2 + k % 2) for k in range(12)]
    expected = [plain(**p) for p in work]
    for g in (fr.compile(f, "w", backend="c"), fr.compile(f, "w")):
        with ThreadPoolExecutor(8) as pool:
            for found, truth in zip(pool.map(lambda k, g=g: g(**work[k % 12]), range(600)), expected * 50, strict=True):
                same(found, truth)


class Fake(array):  # type: ignore[type-arg]
    """What looks like an array of other length than it has."""

    __class__ = np.ndarray  # type: ignore[assignment]
    shape, dtype = (6, 3), np.dtype(float)


@needs_compiler
def test_an_array_is_never_read_beyond_its_end() -> None:
    g = fr.compile(f, "w", backend="c")
    g(**points())
    (library,) = g._libraries.values()
    call, values = library.call(), list(points().values())
    out = np.zeros(()), np.zeros(3)
    assert call(6, 3, *values, *out) == 0 and out[1].any()
    assert call(600, 3, *values, *out) == call(6, 3, Fake("d", [1.0]), *values[1:], *out) == native._UNFIT
    assert call(6, 3, *values, np.zeros(()), np.zeros(2)) == native._UNFIT
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    assert call(6, 3, *values, np.zeros(()), frozen) == native._UNFIT


@needs_compiler
def test_arrays_too_large_for_the_positions_of_c_are_left_to_numpy() -> None:
    g = fr.compile("sum(exp(x*x' + X)*x)", "x", backend="c")
    program = g._in_c({"n": 50_000})
    assert program.fits({"n": 40_000}) and not program.fits({"n": 50_000})


@needs_compiler
@pytest.mark.parametrize("text", ["sum(relu(x))", "max(x)", "min(x)", "sum(max(x,0.5))", "sum(min(x,y))", "norm1(x)",
                                  "sum(sign(x).*x)", "logsumexp(x)", "norm2(x)", "sum(softplus(x))"])  # fmt: skip
def test_what_is_not_finite_is_not_hidden(text: str) -> None:
    h = fr.parse(text, variables={"x": ["n"], "y": ["n"]})
    c, plain = (fr.compile(h, "x", backend=b) for b in ("c", "numpy"))
    for entry in (np.nan, np.inf, -np.inf):
        point = {"x": np.array([1.0, entry, -1.0]), "y": np.ones(3)}
        with np.errstate(all="ignore"):
            mine, other = (g(**{n: a for n, a in point.items() if n in g.arguments}) for g in (c, plain))
        np.testing.assert_array_equal(mine[0], other[0])
        assert not np.isnan(other[1][0][~np.isnan(mine[1][0])]).any()


@needs_compiler
@pytest.mark.parametrize("text", ["norm2(pinv(X))^2", "norm2(polar(X))^2"])
def test_singular_values_of_nan_are_refused_in_c(text: str) -> None:
    g = fr.compile(fr.parse(text, variables={"X": ["n", "n"]}), "X", backend="c")
    g(X=np.eye(3))
    with pytest.raises(fr.FrechetError, match="E400"):
        g(X=np.diag([1.0, 1.0, np.nan]))


# Its third column is the sum of the others, but for rounding.
NEARLY = np.array([[0.1, 0.2, 0.1 + 0.2], [0.7, 0.1, 0.7 + 0.1], [1.1, 2.2, 1.1 + 2.2], [0.3, 0.6, 0.3 + 0.6]])
SIZES = {"m": 4, "n": 3, "k": 2}


@needs_compiler
@pytest.mark.parametrize(("text", "variables", "bad"), [
    ("norm2(X*w - y)^2", {"X": ["m", "n"], "w": ["n"], "y": ["m"]}, {"X": NEARLY}),
    ("norm2(X*w - Y)^2", {"X": ["m", "n"], "w": ["n", "k"], "Y": ["m", "k"]}, {"X": NEARLY}),
    ("y'*w.^2 + sum(w)", {"w": ["n"], "y": ["n"]}, {"y": np.array([1.0, 0.0, 2.0])}),
    ("a*w^2 + w", {"w": [], "a": []}, {"a": 0.0}),
])  # fmt: skip
def test_a_singular_newton_system_is_refused_in_c(text: str, variables: dict[str, Any], bad: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    point = {n: rng.normal(size=[SIZES[d] for d in dims]) for n, dims in variables.items()}
    function = fr.parse(text, variables=variables)
    c, plain = (fr.compile(function, "w", "newton", backend=b) for b in ("c", "numpy"))
    same(c(**point), plain(**point), 1e-7)
    for g in (plain, c):
        with pytest.raises(fr.FrechetError, match="E400"):
            g(**point | bad)
