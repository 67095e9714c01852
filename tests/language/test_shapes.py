"""Elaboration: shapes, sizes by unification, composite sizes, broadcasting, and the refusals."""

from __future__ import annotations

import time
from typing import Any

import pytest

from frechet.core.dims import SCALAR, Shape
from frechet.core.errors import FrechetError
from frechet.language.declarations import Constraint, Declarations, declare
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text
from frechet.language.tree import Tree, subtrees
from frechet.ops.op import REGISTRY
from tests.cases.suite import cases, uses_later_function

VARS: dict[str, Any] = {
    "x": ["n"], "y": ["m"], "A": ["m", "n"], "S": ["n", "n"], "a": [], "X": ["n", "m"], "w": ["m"], "u": [12],
    "P": [3, 3],
    "Q": [4, 4], "R": [1, 3], "one": [1], "v": [3], "z": ["n*m"],
}  # fmt: skip


def run(source: str, **words: Any) -> tuple[Tree, Declarations]:
    return elaborate(parse_text(source), declare(VARS, **words), source=source)


def column(*dims: Any) -> Shape:
    return Shape(dims, ())


@pytest.mark.parametrize(
    ("source", "shape"),
    [
        ("mat(u, 3, 4)", Shape((3,), (4,))), ("mat(u, 4, 3)*v", column(4)),
        ("x'*x", SCALAR), ("x*y'", Shape(("n",), ("m",))), ("A*x", column("m")), ("x'*S", Shape((), ("n",))),
        ("1 + x", column("n")), ("x - 1/2", column("n")), ("sqrt(2) + A", Shape(("m",), ("n",))),
        ("a*A", Shape(("m",), ("n",))), ("A*a", Shape(("m",), ("n",))), ("a .+ x", column("n")),
        ("y .+ x'", Shape(("m",), ("n",))), ("A .- x'", Shape(("m",), ("n",))), ("a.*x", column("n")),
        ("1./x", column("n")),
        ("x.^a", column("n")), ("S^3", Shape(("n",), ("n",))), ("S^-1", Shape(("n",), ("n",))), ("(x'*x)^a", SCALAR),
        ("n", SCALAR), ("x/n", column("n")), ("vec(A)", column("n", "m")), ("kron(x, y)", column("n", "m")),
        ("kron(A, S)", Shape(("m", "n"), ("n", "n"))), ("vec(A)'*z", SCALAR), ("vec(y*x') - z", column("n", "m")),
        ("mat(z, m, n) + A", Shape(("m",), ("n",))), ("commutation(m, n)*vec(A)", column("m", "n")),
        ("u'*kron(P, Q)*u", SCALAR), ("diag(x)", Shape(("n",), ("n",))), ("diag(S)", column("n")), ("diag(a)", SCALAR),
        ("tr(a*a)", SCALAR), ("inv(x'*x)", SCALAR), ("det(one)", SCALAR), ("R*v + a", SCALAR), ("one + a", SCALAR),
        ("eye(n)*x", column("n")), ("eye(n*m)*z", column("n", "m")), ("ones(2, n)", Shape((2,), ("n",))),
        ("x + vector(1)", column("n")), ("A.*matrix(2)", Shape(("m",), ("n",))), ("vector(a)'*y", SCALAR),
        ("sum(A, 1)", Shape((), ("n",))), ("sum(A, 2)", column("m")), ("sum(A)", SCALAR), ("max(0, A)", Shape(("m",),
        ("n",))),
        ("A[1,2]", SCALAR), ("A[:,2]", column("m")), ("A[1,:]", Shape((), ("n",))), ("x[2]", SCALAR),
        ("(A*x)[1]", SCALAR), ("one[1]", SCALAR), ("x'[2]", SCALAR), ("[a, 1; 2, a]", Shape((2,), (2,))),
        ("[x, x]", Shape(("n",), (2,))), ("[x; x]", column(2, "n")), ("[v; u]", column(15)), ("[A, A]", Shape(("m",),
        (2, "n"))),
        ("[S, x; x', a]", None), ("s*s where s = x'*x", SCALAR), ("t where s = x, t = A*s", column("m")),
        ("dA -> dA*x", column("m")), ("dA -> dS -> A*dS*x", column("m")), ("dx -> s'*dx where s = S*x", SCALAR),
        ("solve(S, x)", column("n")), ("solve(S, X)", Shape(("n",), ("m",))), ("outer(x, y)", Shape(("n",), ("m",))),
        ("-x'", Shape((), ("n",))), ("x''", column("n")),
    ],
)  # fmt: skip
def test_shapes(source: str, shape: Shape | None) -> None:
    if shape is None:
        with pytest.raises(FrechetError):
            run(source)
    else:
        assert run(source)[0].shape == shape


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        ("A*y", "E300", "A'*y"), ("A + x", "E300", "A is m x n"), ("x + a", "E300", "a*ones(n)"),
        ("x + a", "E300", ".+"),
        ("x' + a", "E300", "ones(n)'"), ("x'*y", "E300", "length m"), ("x*x", "E300", "x'*x"),
        ("A.*x", "E300", "A*diag(x)"),
        ("x.^y", "E300", "length m"), ("u'*v", "E300", "12"), ("A .+ y'", "E300", ""),
        ("vec(A) + vec(A')", "E300", "n*m"),
        ("vec(A)'*commutation(n, m)*vec(A)", "E300", "commutation"), ("solve(S, y)", "E300", "S is n x n"),
        ("det(A)", "E301", "m x n"), ("tr(x)", "E301", "length n"), ("x^2", "E301", "x.^2"), ("A^2", "E301", ".^"),
        ("softmax(A)", "E303", "m x n"), ("a/x", "E303", "a./x"), ("A/S", "E303", "inv(S)"), ("S^a", "E303", ""),
        ("S^(1/2)", "E303", "sqrtm"), ("a^x", "E303", ".^"), ("2*(dA -> dA)", "E303", ""),
        ("x'*b", "E200", "x, y"), ("x'*lamda", "E200", ""), ("eye(q)*x", "E200", "n, m"),
        ("x^T", "E200", "x'"), ("pi*x", "E200", "3.14"),
        ("dB -> dB", "E200", "dX"), ("x(1)", "E106", "x[1]"), ("a(x)", "E106", "a*(x)"), ("sine(x)", "E106", "sin"),
        ("trace(S)", "E106", "tr"), ("ln(a)", "E106", "log"), ("exp + 1", "E106", "exp(x)"), ("exp", "E106", "exp(x)"),
        ("exp(x, x)", "E107", "exp(x)"), ("eye(A)", "E107", "size"), ("eye(1/2)", "E107", "size"),
        ("sum(A, 3)", "E107", "1 or 2"),
        ("u[13]", "E302", "12"), ("A[1]", "E302", "X[2,3]"), ("x[100000000]", "E302", ""), ("x[1,2]", "E302", ""),
        ("sum(vector(1))", "E304", "ones(n)"), ("matrix(1)", "E304", ""), ("[x; y]", "E304", "n + m"),
        ("x/(1-1)", "E400", ""), ("x./0", "E400", ""), ("0^-1", "E400", ""), ("log(0)", "E400", "x > 0"),
        ("log(1-1)*a", "E400", ""),
        ("(-1)^(1/2)", "E400", ""), ("inv(0)", "E400", ""), ("a/log(1)", "E400", ""), ("sqrt(-1)", "E400", ""),
        ("10^400", "E401", ""), ("9^9^9^9", "E401", ""), ("1e300*1e300", "E401", ""), ("S^1001", "E402", "1000"),
        ("tr(S^100000000)", "E402", ""), ("exp where exp = x", "E202", ""), ("s where s = a, s = x", "E202", "twice"),
        ("x where x = a", "E202", "x"),
    ],
)  # fmt: skip
def test_refusals(source: str, code: str, words: str) -> None:
    with pytest.raises(FrechetError) as caught:
        run(source)
    found = caught.value.diagnostic
    assert found.code == code, found.render()
    assert words in found.message + found.help, found.render()
    assert found.source == source
    assert found.span is not None


def test_a_shape_clash_shows_both_operands() -> None:
    with pytest.raises(FrechetError) as caught:
        run("sum(A*y)")
    notes = caught.value.diagnostic.notes
    assert [(s.start, s.end, text) for s, text in notes] == [(4, 5, "A is m x n"), (6, 7, "y is a vector of length m")]


@pytest.mark.parametrize(
    "source",
    ["sqrt(0)*a", "acos(-1)*a", "0^0", "(-2)^3", "a^9^9^9^9", "2^-1", "1e308", "x.^0", "exp(-800)*a"],
)
def test_literals_that_have_a_value(source: str) -> None:
    run(source)


def test_an_integer_axis_is_split_where_it_meets_a_composite_size() -> None:
    tree, resolved = run("u'*kron(P, Q)*u + sum(u)")
    assert resolved.variables["u"] == column(3, 4)
    assert resolved.axes["u"] == (12,)
    assert {t.shape for t in subtrees(tree) if t.name == "u"} == {column(3, 4)}
    assert run("u'*u")[1].variables["u"] == column(12)


def test_the_common_refinement_of_two_composite_sizes() -> None:
    given = declare({"A": [2, 2], "B": [6, 6], "C": [4, 4], "D": [3, 3]})
    resolved = elaborate(parse_text("kron(A, B) + kron(C, D)"), given)[1]
    assert resolved.variables["B"] == Shape((2, 3), (2, 3))
    assert resolved.variables["C"] == Shape((2, 2), (2, 2))


def test_a_size_of_one_is_no_axis() -> None:
    resolved = run("R*v + one")[1]
    assert resolved.variables["R"] == Shape((), (3,))
    assert resolved.axes["R"] == (1, 3)


def test_every_tree_is_typed_and_the_input_is_kept() -> None:
    source = "sum(log(1 + exp(-y.*(A*x)))) + 0*tr(eye(n)) where s = 1"
    parsed = parse_text(source)
    tree, _ = run(source)
    assert all(t.shape is not None for t in subtrees(tree))
    assert parsed.shape is None
    assert [t.value for t in subtrees(tree) if t.kind == "size"] == ["n"]


def test_an_index_in_a_symbolic_size_becomes_a_relation() -> None:
    assert run("x[5] + A[1,7]")[1].constraints == (Constraint("n", ">=", 5), Constraint("n", ">=", 7))


def test_relations_speak_of_sizes_that_exist() -> None:
    assert run("x'*x", sizes=["m>n"])[1].constraints == (Constraint("m", ">", "n"),)
    with pytest.raises(FrechetError) as caught:
        run("x'*x", sizes=["m>q"])
    assert caught.value.diagnostic.code == "E201"


def test_resolved_declarations_elaborate_to_themselves() -> None:
    for source in ("u'*kron(P, Q)*u", "R*v + one", "z'*vec(A)"):
        tree, resolved = run(source)
        again, fixed = elaborate(tree, resolved)
        assert (again.shape, fixed.variables, fixed.axes) == (tree.shape, resolved.variables, resolved.axes)


def test_a_direction_may_be_declared() -> None:
    given = declare({"A": ["m", "n"], "D1": ["m", "n"], "x": ["n"]})
    assert elaborate(parse_text("D1 -> D1*x"), given)[0].shape == column("m")


def test_all_cases_elaborate() -> None:
    for case in cases():
        given = declare(case.vars, case.props, case.domain, case.requires)
        for source in (case.expr, case.expected, case.expected_vec):
            if source and not uses_later_function(source):
                elaborate(parse_text(source), given, source=source)


def test_every_operation_can_be_called() -> None:
    """Each signature's own arguments pass: what is registered is reachable from the language."""
    for record in REGISTRY.values():
        assert record.signatures, record.name
        assert all(len(s.args) >= 1 for s in record.signatures), record.name


def test_depth_is_no_limit() -> None:
    source = "tanh(W*" * 1000 + "x" + ")" * 1000
    given = declare({"W": ["n", "n"], "x": ["n"]})
    began = time.perf_counter()
    tree, _ = elaborate(parse_text(source), given, source=source)
    assert time.perf_counter() - began < 1
    assert tree.shape == column("n")
    elaborate(parse_text("+".join(["x"] * 30_000)), given)
    elaborate(parse_text("x" + "'" * 10_000), given)


def test_a_declared_product_has_no_order_of_its_own() -> None:
    """vec(X) has the length n*m, mat(x, m, n) takes it; who declares m*n means the same."""
    X = {"X": ["m", "n"]}
    for source, variables in [
        ("vec(X)'*A*vec(X)", {**X, "A": ["m*n", "m*n"]}), ("mat(x, m, n)*y", {"x": ["m*n"], "y": ["n"]}),
        ("a'*kron(x, kron(y, z))", {"a": ["r*p*q"], "x": ["p"], "y": ["q"], "z": ["r"]}),
        ("a'*vec(X) + b'*vec(X')", {**X, "a": ["m*n"], "b": ["m*n"]}),
    ]:  # fmt: skip
        elaborate(parse_text(source), declare(variables))
    assert elaborate(parse_text("a'*x"), declare({"a": ["m*n"], "x": ["n*m"]}))[1].variables["a"].rows == ("n", "m")
    for source, variables, facts in [
        ("a'*vec(X) + a'*vec(X')", {**X, "a": ["m*n"]}, {}),
        ("a - kron(x, y)", {"a": ["m*k"], "x": ["n"], "y": ["m"]}, {}),
        ("vec(X)'*A*vec(X')", {**X, "A": ["m*n", "m*n"]}, {"A": ["symmetric"]}),
    ]:  # fmt: skip
        with pytest.raises(FrechetError):
            elaborate(parse_text(source), declare(variables, facts))
