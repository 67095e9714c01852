"""What a compiled function is called with: precision, classes of arrays, facts, shapes, buffers, and every refusal."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import frechet as fr

SHAPES = {"X": ["m", "n"], "w": ["n"], "y": ["m"], "lam": []}
TEXT = "sum(log(1 + exp(X*w))) - y'*X*w + lam/2*w'*w"
LOGISTIC = fr.parse(TEXT, variables=SHAPES)
POINT = {"X": np.ones((4, 2)), "w": np.ones(2), "y": np.ones(4), "lam": 0.1}


def test_numbers_of_python_take_the_precision_of_the_arrays() -> None:
    g = fr.compile(LOGISTIC, ["w"], want="gradient")
    single = {n: np.asarray(a, dtype=np.float32) for n, a in POINT.items() if n != "lam"}
    for _ in range(2):  # the first call plans, the second finds the program by the types of its arguments
        assert g(**single, lam=0.1).dtype == np.float32
        assert g(**POINT).dtype == g(**{**POINT, "w": np.float32([1, 1])}).dtype == np.float64
        np.testing.assert_array_equal(g(**POINT), g(**{**POINT, "lam": np.array(0.1)}))
        np.testing.assert_array_equal(g(**{**POINT, "lam": 2}), g(**{**POINT, "lam": np.int64(2)}))
    reciprocal = fr.compile(fr.parse("a/x", variables={"a": [], "x": []}), "x")
    with np.errstate(all="ignore"):
        for _ in range(2):
            assert reciprocal(a=1, x=0.0)[0] == np.inf  # a number of Python would raise


def test_an_array_of_another_class_never_takes_the_short_way() -> None:
    f = fr.parse("sum(A.*B)", variables={"A": ["n", "n"], "B": ["n", "n"]})
    g = fr.compile(f, ["A"])
    A, B = np.arange(4.0).reshape(2, 2), np.arange(2.0, 6.0).reshape(2, 2)
    value, (gradient,) = g(A=A, B=B)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matrix = np.matrix(A)
    for other in (matrix, A.tolist(), np.ma.masked_array(A), A.astype(">f8"), A.astype(int)):
        again, (same,) = g(A=other, B=B)
        assert again == value and type(same) is np.ndarray
        np.testing.assert_array_equal(same, gradient)


def test_facts_are_used_by_the_plan() -> None:
    f = fr.parse("logdet(K) + y'*inv(K)*y", variables={"K": ["n", "n"], "y": ["n"]})
    A = np.random.default_rng(0).normal(size=(5, 5))
    arrays = {"K": A @ A.T + np.eye(5), "y": np.ones(5)}
    told, plain = fr.compile(f, ["y"], facts={"K": "spd"}), fr.compile(f, ["y"])
    np.testing.assert_allclose(told(**arrays)[1][0], plain(**arrays)[1][0], rtol=1e-12)
    assert told.plan.flops < plain.plan.flops
    assert "symmetric=True" in told.source and "symmetric=True" not in plain.source.split("def value_and")[1]
    for facts in (5, {"K": "round"}, {"Z": "spd"}, {"y": "spd"}, {"K": 3}):
        with pytest.raises(fr.FrechetError):
            fr.compile(f, ["y"], facts=facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("shapes", [5, "m", [("m", 3)], {"m": True}, {"m": 2.0}, {"m": 0}, {3: 3}, {"X": 5}, {"k": 3},
                                    {"X": (4, 2, 1)}, {"X": (4, None)}, {"X": (4, 2), "w": (3,)}])  # fmt: skip
def test_shapes_that_cannot_be(shapes: Any) -> None:
    with pytest.raises(fr.FrechetError) as error:
        fr.compile(LOGISTIC, ["w"], shapes=shapes)
    assert error.value.diagnostic.code == "E505"


WRONG = [
    ("X", np.ones((4, 3)), "already 3"), ("w", np.ones((2, 1)), "already 2"), ("y", np.ones(5), "already 4"),
    ("X", np.ones(4), "1 axes, not 2"), ("X", np.ones((2, 3, 4, 2)), "4 axes"), ("lam", np.ones((1, 1)), "2 axes"),
    ("X", None, "NoneType"), ("X", 1j * np.ones((4, 2)), "complex"), ("y", [1, 2, 3, [4]], "rows differ"),
    ("X", np.ma.masked_array(np.ones((4, 2)), mask=True), "masked"), ("lam", "1", "str"),
    ("X", np.ones((4, 2), "datetime64[D]"), "datetime64"), ("w", np.ones((0, 2)), "batch is empty"),
    ("z", 1, "z is not"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "said"), WRONG, ids=[f"{n}-{s}" for n, _, s in WRONG])
def test_arguments_that_do_not_fit(name: str, value: Any, said: str) -> None:
    g = fr.compile(LOGISTIC, ["w"])
    for _ in range(2):  # before and after there is a program for the right shapes
        with pytest.raises(fr.FrechetError, match=said):
            g(**{**POINT, name: value})
        g(**POINT)
    with pytest.raises(fr.FrechetError, match="by name"):
        g(POINT["X"])
    with pytest.raises(fr.FrechetError, match="No array is given for y"):
        g(X=POINT["X"], w=POINT["w"], lam=0.1)


def test_buffers_that_cannot_take_the_result() -> None:
    g = fr.compile(LOGISTIC, ["w"])
    for out in (
        5,
        np.empty(2),
        (None, np.empty(2)),
        (None, (np.empty(3),)),
        (None, (np.empty(2, int),)),
        (None, ([1, 2],)),
    ):
        with pytest.raises(fr.FrechetError, match="out"):
            g(**POINT, out=out)
    buffer = np.empty(2)
    value, (gradient,) = g(**POINT, out=(None, (buffer,)))
    assert gradient is buffer
    assert value == g(**POINT)[0]


def test_names_that_code_uses_itself() -> None:
    names = ["self", "others", "run", "error", "np", "lambda", "dtype", "linalg", "singular"]
    f = fr.parse("sum(" + " + ".join(f"{n}.^2" for n in names) + ")", variables={n: ["n"] for n in names})
    g = fr.compile(f, ["self", "lambda"], want="gradient")
    for _ in range(2):
        mine = g(**{n: np.array([k, 1.0]) for k, n in enumerate(names)})
        np.testing.assert_array_equal(mine, [[0, 2], [10, 2]])
    with pytest.raises(fr.FrechetError, match="called out"):
        fr.compile(fr.parse("out^2", variables={"out": []}), "out")


@pytest.mark.parametrize("text", [
    "norm2(length - lengths)^2 + norm2(length) + sum(tanh(sech2)) + sum(dot_.*length)", "logdet(Factor) + norm2(len)",
    "sum(softmax(softmaxes).*each) + logsumexp(zip) + norm2(loss)",
])  # fmt: skip
def test_names_of_what_code_calls(text: str) -> None:
    names = [n for n in ("length", "lengths", "sech2", "dot_", "Factor", "len", "softmaxes", "each", "zip", "loss")
             if n in text.replace("(", " ").replace(")", " ").replace(".*", " ").split()]  # fmt: skip
    f = fr.parse(text, variables={n: ["n", "n"] if n == "Factor" else ["n"] for n in names})
    rng = np.random.default_rng(0)
    arrays = {n: 5 * np.eye(3) + rng.random((3, 3)) if n == "Factor" else rng.normal(size=3) for n in names}
    batch = {n: np.stack([a] * 9) for n, a in arrays.items()}
    for want in ("value_and_gradient", "hessian"):
        g = fr.compile(f, names[0], want=want, backend="numpy")
        alone, many = g(**arrays), g(**batch)
        expected = f.evaluate(**arrays) if want == "value_and_gradient" else None
        assert expected is None or np.isclose(alone[0], expected)
        np.testing.assert_allclose((many[1][0] if expected else many)[4], alone[1][0] if expected else alone)
