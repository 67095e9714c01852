"""The text language: what is read as what, and that size and depth are no limit within the limits."""

from __future__ import annotations

import time

import pytest

from frechet.core.errors import FrechetError, Span
from frechet.language.text import MAX_NESTING, parse_text
from frechet.language.tokens import MAX_TOKENS
from tests.language.trees import outline


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("-x^2", "(neg (pow x 2))"),
        ("-a*b", "(neg (mul a b))"),
        ("-a + b", "(add (neg a) b)"),
        ("a - b - c", "(sub (sub a b) c)"),
        ("a/b*c", "(mul (div a b) c)"),
        ("a/-b*c", "(mul (div a (neg b)) c)"),
        ("2^-1", "(pow 2 (neg 1))"),
        ("a^b^c", "(pow (pow a b) c)"),
        ("a^-b^c", "(pow (pow a (neg b)) c)"),
        ("u.^2'", "(transpose (dotpow u 2))"),
        ("x'^2", "(pow (transpose x) 2)"),
        ("a^x[1]", "(index (1,) (pow a x))"),
        ("2.*x", "(dotmul 2 x)"),
        ("1./x", "(dotdiv 1 x)"),
        ("1.+x", "(dotadd 1 x)"),
        ("x.-1.5", "(dotsub x 1.5)"),
        ("2.^x", "(dotpow 2 x)"),
        ("2. * x", "(mul 2 x)"),
        ("x.*y*z", "(mul (dotmul x y) z)"),
        ("x''", "(transpose (transpose x))"),
        ("X[:,2]'", "(transpose (index (None, 2) X))"),
        ("(A*B)[1,2]", "(index (1, 2) (mul A B))"),
        ("[a, b; c, d]*x", "(mul (matrix (2, 2) a b c d) x)"),
        ("[a*b]", "(matrix (1, 1) (mul a b))"),
        ("max(0, x)", "(call max 0 x)"),
        ("x\u2032\u22c5x", "(mul (transpose x) x)"),
        ("a \u2212 b", "(sub a b)"),
        ("s + t where s = a, t = s*b", "(where ('s', 't') (add s t) a (mul s b))"),
        ("f(a where s = b, c)", "(call f (where ('s',) a b) c)"),
        ("(a where s = b)*c", "(mul (where ('s',) a b) c)"),
        ("a where s = b where t = c", "(where ('t',) (where ('s',) a b) c)"),
        ("dX -> dY -> A*dX", "(arrow dX (arrow dY (mul A dX)))"),
        ("dX -> e where s = 1", "(arrow dX (where ('s',) e 1))"),
    ],
)
def test_reads(source: str, expected: str) -> None:
    assert outline(parse_text(source)) == expected


@pytest.mark.parametrize("source", [None, 3, b"x", ["x"]])
def test_only_text_is_read(source: object) -> None:
    with pytest.raises(FrechetError) as caught:
        parse_text(source)  # type: ignore[arg-type]
    assert caught.value.diagnostic.code == "E100"


def test_literals_are_exact_and_kept() -> None:
    tree = parse_text("0.1 + 1e-3")
    assert [a.name for a in tree.args] == ["0.1", "1e-3"]
    assert sum(a.value for a in tree.args) * 1000 == 101


def test_spans_cover_what_was_typed() -> None:
    tree = parse_text("2*(x + y)'")
    assert tree.span == Span(0, 10)
    assert tree.args[1].span == Span(2, 10)
    assert tree.args[1].args[0].span == Span(3, 8)


def test_depth_and_length_are_linear() -> None:
    began = time.perf_counter()
    assert parse_text("(" * 5000 + "x" + ")" * 5000).name == "x"
    assert parse_text("a" + "'" * 10_001).kind == "transpose"
    assert parse_text("-" * 15_000 + "a").kind == "neg"
    assert parse_text("tanh(W*" * 5000 + "x" + ")" * 5000).name == "tanh"
    assert parse_text("+".join("x" for _ in range(40_000))).kind == "add"
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("source", ["(" * (MAX_NESTING + 1) + "x", "x+" * MAX_TOKENS + "x", " " * 2_000_000])
def test_limits(source: str) -> None:
    with pytest.raises(FrechetError) as caught:
        parse_text(source)
    assert caught.value.diagnostic.code == "E402"


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("", "E105", ""), (" \n\t", "E105", ""),
        ("exp x", "E106", "exp(x)"), ("sum[x]", "E106", "sum(x)"), ("sin 2", "E106", "sin(2)"),
        ("x@y", "E103", "*"), ("||x||", "E103", "norm2(x)"), ("x**2", "E103", "^"), ("x.T*x", "E103", "X'"),
        ("x == 1", "E108", "(x > 0)"), ("y = x", "E108", ""), ("x # c", "E103", ""), ("x % c", "E103", ""),
        ("'x'", "E102", "x'"), ('"x"', "E103", ""), ("A\\b", "E103", "solve"), ("x\u00b2", "E103", "^2"),
        ("X\u1d40", "E103", "X'"), ("\u03bb*x", "E103", "lambda"), ("a\u2299b", "E103", ".*"),
        ("\u221ax", "E103", "sqrt"),
        ("2x", "E100", "2*x"), ("(a)(b)", "E100", "*"), ("x y", "E100", "x*y"), ("[a b]", "E100", "comma"),
        ("(x", "E101", ""), ("x)", "E101", ""), ("[x)", "E101", ""), ("(x]", "E101", ""), ("x[1", "E101", ""),
        ("f()", "E107", ""), ("()", "E102", ""), ("x+", "E102", ""), ("*x", "E102", ""), ("x*/y", "E102", ""),
        ("+x", "E102", ""), ("x[]", "E302", "x[1]"), ("x[0]", "E302", "x[1]"), ("x[1.5]", "E302", ""),
        ("x[-1]", "E302", ""),
        ("x[i]", "E302", ""),
        ("x[1,2,3]", "E302", ""), ("x[1:]", "E302", ""), ("1e*x", "E104", ""), ("1.2.3", "E104", ""),
        ("1_000", "E104", ""),
        ("1e999", "E401", ""), ("1e-999", "E401", ""), ("1e99999999999", "E401", ""), ("9" * 5000, "E401", ""),
        ("_x", "E202", ""), ("x, y", "E100", ""), ("x; y", "E100", ""), ("x : y", "E100", ""),
        ("a + dX -> b", "E100", "("),
        ("x where", "E100", "where s"), ("x where s", "E100", ""), ("[a; b, c]", "E300", ""),
        ("x\u202ey", "E103", "U+202E"),
        ("x\ud800", "E103", "U+D800"), ("\U0001f600", "E103", "U+1F600"), ("(lambda: 1)()", "E100", ""),
        ("def f(x): return x", "E108", ""), ("import os", "E108", ""), ("x if a", "E108", ""),
        ("x'Ax", "E100", "*Ax"), ("1.x", "E100", "1*x"), ("__import__('os')", "E202", ""), ("<b>", "E102", ""),
    ],
)  # fmt: skip
def test_mistakes_are_named(source: str, code: str, words: str) -> None:
    """Every mistake has its code, a caret inside the text, and the remedy in its message or help."""
    with pytest.raises(FrechetError) as caught:
        parse_text(source)
    found = caught.value.diagnostic
    assert found.code == code, found.render()
    assert words in found.message + found.help
    assert found.span is None or 0 <= found.span.start <= found.span.end <= max(len(source), 1)
    assert found.render().isprintable() or "\n" in found.render()
