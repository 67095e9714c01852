"""A batch of points: one program for all of them gives what a loop of calls gives, wherever it is used."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import frechet as fr
from tests.compile.problems import PROBLEMS, Problem, draw

BY_NAME = {p.name: p for p in PROBLEMS}
COUNT = 9
SOME = ("logreg", "matfac", "softmaxreg", "huber", "gauss", "gp", "dopt", "trinv", "barrier", "rayleigh", "net3")
EVERY = [(name, want) for name in SOME for want in ("value_and_gradient", "hessian", "hvp", "newton")
         if want != "newton" or name not in ("softmaxreg", "net3")]  # fmt: skip


def flat(result: Any) -> list[Any]:
    return [x for part in result for x in flat(part)] if isinstance(result, tuple) else [np.asarray(result)]


def points(p: Problem, want: str, count: int = COUNT) -> list[dict[str, Any]]:
    found = []
    for seed in range(count):
        arrays = draw(p, seed)
        if want == "hvp":
            arrays["v_" if "v" in arrays else "v"] = np.random.default_rng(seed).normal(size=arrays[p.wrt[0]].shape)
        found.append(arrays)
    return found


def compare(g: Any, all_points: list[dict[str, Any]], moving: list[str], rtol: float = 1e-8) -> None:
    """The batch against the points one by one, which a program of NumPy computes."""
    given = [{n: a[n] if n in moving else all_points[0][n] for n in a} for a in all_points]
    one = fr.compile(g.function, list(g.wrt), want=g.want, backend="numpy")
    expected = [flat(one(**a)) for a in given]
    arrays = {n: np.stack([a[n] for a in given]) if n in moving else given[0][n] for n in given[0]}
    for _ in range(2):  # the second call finds its program by the shapes
        for k, got in enumerate(flat(g(**arrays))):
            each = np.stack([e[k] for e in expected])
            assert got.shape == each.shape
            np.testing.assert_allclose(got, each, rtol=rtol, atol=rtol * (1 + np.abs(each).max()) / 10)


def is_one_program(g: Any) -> bool:
    return "batch" in g.plan.sizes


@pytest.mark.parametrize(("name", "want"), EVERY)
def test_a_batch_is_what_its_points_are(name: str, want: str) -> None:
    p = BY_NAME[name]
    f = fr.parse(p.text, variables=p.variables)
    wrt = p.wrt if want == "value_and_gradient" else p.wrt[:1]
    every = points(p, want)
    for moving in filter(None, ([n for n in every[0] if n not in p.wrt], list(p.wrt), list(every[0]))):
        g = fr.compile(f, wrt, want=want, backend="numpy")
        compare(g, every, moving)
        assert is_one_program(g)


def test_jacobians_and_values() -> None:
    p = BY_NAME["softjac"]
    f = fr.parse(p.text, variables=p.variables)
    for want in ("jacobian", "value"):
        g = fr.compile(f, p.wrt, want=want, backend="numpy")
        compare(g, points(p, want), ["x"])
        assert is_one_program(g)


MORE: list[tuple[str, dict[str, Any], list[str], bool]] = [
    ("sum(kron(a, b).^3)", {"a": ["m"], "b": ["n"]}, ["a"], True),
    ("norm2(a)*logdet(S) + norm2(X)", {"a": ["n"], "S": ["n", "n"], "X": ["m", "n"]}, ["a", "S", "X"], True),
    ("det(S)^2*batch + sum(abs(a))", {"a": ["n"], "S": ["n", "n"], "batch": []}, ["S", "a"], True),
    ("a'*inv(S)*a + tr(inv(S)*S*inv(S))", {"a": ["n"], "S": ["n", "n"]}, ["a", "S"], True),
    ("sum(where(a > 0, a.^2, exp(a))) + sum(a)^2*n", {"a": ["n"]}, ["a"], True),
    ("logsumexp(vec(X)) + sum(softmax(a))", {"X": ["m", "n"], "a": ["n"]}, ["X", "a"], True),
    ("log(sum(exp(X*a))) + tr(X*X')", {"X": ["m", "n"], "a": ["n"]}, ["X", "a"], True),
    ("tr(expm(S)) + sum(a)", {"S": ["n", "n"], "a": ["n"]}, ["S", "a"], True),
    ("norm2(cross(a, a + b))^2", {"a": [3], "b": [3]}, ["a"], True),
    (
        "eigmax(S + S') + sum(pinv(X).^2) + sum(cumprod(a))",
        {"S": ["n", "n"], "X": ["m", "n"], "a": ["n"]},
        ["S", "X", "a"],
        True,
    ),
    ("kth(a, k) + norm2(a)^2", {"a": ["n"], "k": []}, ["a"], False),
    ("3*c^2 + 2", {"c": []}, ["c"], True),
    ("S[1,2]*a[1] + exp(S[2,1]) + tr(expm(S)) + a[2]^2*a[3]", {"S": ["n", "n"], "a": ["n"]}, ["S", "a"], True),
]


@pytest.mark.parametrize(("text", "variables", "moving", "one"), MORE, ids=[m[0] for m in MORE])
def test_operations_in_a_batch(
    text: str, variables: dict[str, list[str]], moving: list[str], one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    f = fr.parse(text, variables=variables, facts={"k": ["integer"]} if "k" in variables else {})
    fr.compile(f, moving)
    monkeypatch.setattr(sys.modules["frechet.compile.batches"], "POINT", 1e9)  # one program wherever there is one
    every = []
    for seed in range(COUNT):
        rng = np.random.default_rng(seed)
        drawn = {
            n: np.asarray(rng.normal(size=[{"m": 3, "n": 4, 3: 3}[d] for d in dims])) for n, dims in variables.items()
        }
        if "S" in drawn:
            drawn["S"] = drawn["S"] + 5 * np.eye(4)
        every.append({**drawn, **({"k": np.array(2)} if "k" in drawn else {})})
    for backend in ("numpy", "auto"):
        g = fr.compile(f, moving, backend=backend)
        compare(g, every, moving, 1e-7)
        assert any(("batch" in n and n != "batch") or (n == "batch" and "batch" not in variables)
                   for n in g.plan.sizes) == one  # fmt: skip


SYSTEMS = [
    ("norm2(X*w + c*ones(m) - y)^2 + norm2(w)^2 + c^2", ["w", "c"], {}),
    ("norm2(w - z)^2 + norm2(X*w - y)^2 + sum(exp(z))", ["w", "z"], {}),
    ("sum(exp(z)) + norm2(X*w - y)^2 + c^4 + c^2", ["z", "w", "c"], {}),
    ("norm2(X*w - y)^2 + sum(log(1 + exp(z + c*ones(n)))) + norm2(z)^2 + c^2", ["z", "c", "w"], {"n": 9}),
]


@pytest.mark.parametrize(("text", "wrt", "longer"), SYSTEMS, ids=[s[0] for s in SYSTEMS])
def test_systems_of_several_variables(text: str, wrt: list[str], longer: dict[str, int]) -> None:
    shapes = {"X": ["m", "n"], "w": ["n"], "y": ["m"], "z": ["n"], "c": []}
    f = fr.parse(text, variables={n: s for n, s in shapes.items() if n in text.replace("exp", "").replace("ones", "")})
    every = []
    for seed in range(COUNT):
        rng, length = np.random.default_rng(seed), {"m": 12, "n": 4, **longer}
        every.append({n: np.asarray(rng.normal(size=[length[d] for d in shapes[n]])) for n in f.variables})
    for moving in (list(f.variables), wrt[:1]):
        g = fr.compile(f, wrt, want="newton", backend="numpy")
        compare(g, every, moving)
        assert is_one_program(g)


@pytest.mark.parametrize("name", ["matfac", "barrier", "axb", "logreg", "softmaxreg"])
def test_the_source_of_a_batch_runs_alone(name: str) -> None:
    p = BY_NAME[name]
    want = "value_and_gradient" if name == "softmaxreg" else "newton"
    every = points(p, want)
    g = fr.compile(fr.parse(p.text, variables=p.variables), p.wrt[:1], want=want, backend="numpy")
    arrays = {n: np.stack([a[n] for a in every]) for n in every[0]}
    expected = g(**arrays)
    scope: dict[str, Any] = {}
    exec(g.source, scope)
    for a, b in zip(flat(scope[want](*arrays.values())), flat(expected), strict=True):
        np.testing.assert_array_equal(a, b)
    assert "frechet" not in g.source and is_one_program(g)


def test_one_point_that_is_singular_or_nearly() -> None:
    p = BY_NAME["matfac"]
    step = fr.compile(fr.parse(p.text, variables=p.variables), ["U"], want="newton", backend="numpy")
    every = points(p, "newton")
    every[3]["V"][:, 0] = 0
    with pytest.raises(fr.FrechetError, match="singular"):
        step(**{n: np.stack([a[n] for a in every]) for n in every[0]})
    p = BY_NAME["barrier"]
    step = fr.compile(fr.parse(p.text, variables=p.variables), ["x"], want="newton", backend="numpy")
    every = points(p, "newton")
    for scale in (1e4, 1e9):  # the diagonal is little, or nothing, beside the other term
        every[3]["x"] = every[3]["x"] * scale
        if scale == 1e4:
            compare(step, every, ["x", "b", "F"], 1e-4)  # the condition number is about 1e10
            continue
        with pytest.raises(fr.FrechetError, match="singular"):
            step(**{n: np.stack([a[n] for a in every]) for n in every[0]})


def test_a_batch_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit into the cache goes in parts, of which the last is shorter."""
    p = BY_NAME["logreg"]
    g = fr.compile(fr.parse(p.text, variables=p.variables), ["w"], backend="numpy")
    monkeypatch.setattr(sys.modules["frechet.compile.batches"], "CACHE", 30_000)
    compare(g, points(p, "", 50), ["X", "w", "lam"])
    assert 1 < g.plan.sizes["batch"] < 50


def test_large_points_are_a_loop() -> None:
    p = BY_NAME["logreg"]
    g = fr.compile(fr.parse(p.text, variables=p.variables), ["w"], backend="numpy")
    arrays = draw(p, 0, {"m": 2000, "n": 60})
    X = np.stack([arrays["X"]] * 10)
    values, _ = g(**{**arrays, "X": X})
    assert not is_one_program(g)
    np.testing.assert_allclose(values, g(**arrays)[0])


def test_batches_in_float32() -> None:
    """Sums along the points are accumulated in float64, as those of one point are."""
    f = fr.parse("x'*y", variables={"x": ["n"], "y": ["n"]})
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(20, 5000)).astype(np.float32) for _ in range(2))
    y[:, -1] -= np.array([np.dot(a.astype(float), b.astype(float)) for a, b in zip(x, y, strict=True)]) / x[:, -1]
    g = fr.compile(f, "x", backend="numpy")
    values, (gradients,) = g(x=x, y=y)
    exact = np.einsum("ij,ij->i", x, y, dtype=np.float64)
    assert is_one_program(g) and values.dtype == gradients.dtype == np.float32
    np.testing.assert_allclose(values, exact, rtol=1e-6, atol=0)
    np.testing.assert_array_equal(gradients, y)


def test_batches_that_cannot_be() -> None:
    p = BY_NAME["logreg"]
    g = fr.compile(fr.parse(p.text, variables=p.variables), ["w"])
    arrays = draw(p, 0)
    W, lam = np.stack([arrays["w"]] * 9), np.ones(9)
    _, (gradients,) = g(**{**arrays, "w": W, "lam": lam})
    for wrong in ({"lam": np.ones(8)}, {"lam": np.ones((9, 1))}, {"y": np.ones((9, 3))}, {"w": W[:, :2]}):
        with pytest.raises(fr.FrechetError) as error:
            g(**{**arrays, "w": W, "lam": lam, **wrong})
        assert error.value.diagnostic.code == "E305", wrong
    out = (np.empty(9), (np.empty((9, 4)),))
    assert g(**{**arrays, "w": W, "lam": lam}, out=out)[1][0] is out[1][0]
    np.testing.assert_array_equal(out[1][0], gradients)
    step = fr.compile(g.function, ["w"], want="newton")
    X = np.stack([arrays["X"]] * 9)
    X[4] = 0
    with pytest.raises(fr.FrechetError, match="singular"):
        step(**{**arrays, "X": X, "lam": 0.0})
    inverse = fr.compile(fr.parse("tr(inv(S))", variables={"S": ["n", "n"]}), "S")
    with pytest.raises(fr.FrechetError, match="singular"):
        inverse(S=np.stack([np.eye(3)] * 8 + [np.zeros((3, 3))]))


def test_results_of_a_batch_are_the_callers() -> None:
    f = fr.parse("x'*y", variables={"x": ["n"], "y": ["n"]})
    x, y = np.ones((9, 3)), np.ones((9, 3))
    fr.compile(f, "x", want="gradient")(x=x, y=y)[:] = 5
    fr.compile(f, "x", want="gradient")(x=x, y=y[0])[:] = 5
    assert (y == 1).all()


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_libraries_map_the_point(backend: str) -> None:
    library = pytest.importorskip(backend, reason=f"pip install 'frechet[{backend}]'")
    before = library.config.read("jax_enable_x64") if backend == "jax" else None
    if backend == "jax":
        library.config.update("jax_enable_x64", True)
    try:
        for name, want, moving in (("logreg", "value_and_gradient", ["w", "lam"]), ("barrier", "newton", ["x", "b"])):
            p = BY_NAME[name]
            f = fr.parse(p.text, variables=p.variables)
            compare(fr.compile(f, p.wrt[:1], want=want, backend=backend), points(p, want), moving, 1e-7)
    finally:
        if backend == "jax":
            library.config.update("jax_enable_x64", before)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_libraries_in_parts(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(backend, reason=f"pip install 'frechet[{backend}]'")
    p = BY_NAME["logreg"]
    f = fr.parse(p.text, variables=p.variables)
    g = fr.compile(f, ["w"], backend=backend)
    monkeypatch.setattr(sys.modules["frechet.compile.batches"], "MOST", 2000)
    compare(g, points(p, "", 20), ["X", "w"], 1e-4 if backend == "jax" else 1e-7)
