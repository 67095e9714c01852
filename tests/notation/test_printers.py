"""The printers: reading a printed text gives back the same tree; LaTeX and Unicode as an expert writes."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import example, given

from frechet.core.dims import SCALAR, Shape
from frechet.language.declarations import declare
from frechet.language.shapes import elaborate
from frechet.language.text import parse_text
from frechet.language.tree import Tree, number, variable
from frechet.notation.latex import to_latex
from frechet.notation.text import to_text
from frechet.notation.unicode import to_unicode
from frechet.ops.op import REGISTRY
from tests.cases.suite import cases
from tests.language.trees import as_written, same, trees


@given(trees())
@example(Tree("mul", (Tree("neg", (number(1),)), number(Fraction(-1, 2)))))
@example(Tree("pow", (number(2), Tree("neg", (number(Fraction(1, 2)),)))))
def test_text_reads_back_as_the_same_tree(tree: Tree) -> None:
    text = to_text(tree)
    assert same(parse_text(text), as_written(tree)), text


@given(trees())
def test_latex_and_unicode_write_any_tree_with_balanced_brackets(tree: Tree) -> None:
    for text in (to_latex(tree), to_unicode(tree)):
        assert text.count("{") == text.count("}")
        assert text.count("(") == text.count(")")
        assert text.count(r"\left") == text.count(r"\right")


def typed(source: str) -> Tree:
    return elaborate(parse_text(source), declare(), infer=True, source=source)[0]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("2*X'*(X*w-y)", "2*X'*(X*w - y)"),
        ("-X'*(y.*sigmoid(-y.*(X*w)))", "-X'*(y.*sigmoid(-y.*(X*w)))"),
        ("(x'*y)*x", "(x'*y)*x"),
        ("((x'*A)*x)/(x'*x)", "x'*A*x/(x'*x)"),
        ("(A*x).*y", "(A*x).*y"),
        ("(2*x).*y", "2*x.*y"),
        ("(x.*y)*z'", "(x.*y)*z'"),
        ("(X^2)'", "(X^2)'"),
        ("X'^2", "X'^2"),
        ("a-(b-c)", "a - (b - c)"),
        ("(a*b)*c", "a*b*c"),
        ("a^(1/2)", "a^(1/2)"),
        ("a^(-1)", "a^-1"),
        ("(-a)*b", "(-a)*b"),
        ("sum(X,1)*w", "sum(X, 1)*w"),
        ("X[:, 2]", "X[:,2]"),
        ("[a,b;c,d]*x", "[a, b; c, d]*x"),
        ("s*s where s=a*b,t=s", "s*s where s = a*b, t = s"),
        ("dX->A*dX*C", "dX -> A*dX*C"),
        ("(x)+(y)", "x + y"),
    ],
)
def test_text(source: str, text: str) -> None:
    assert to_text(typed(source)) == text
    assert to_text(parse_text(text)) == text.replace("(x'*y)*x", "x'*y*x")


@pytest.mark.parametrize(
    ("value", "text"),
    [(Fraction(2), "2"), (Fraction(1, 2), "1/2"), (Fraction(-3, 4), "-3/4"), (Fraction(1, 1000), "0.001"),
     (Fraction(1, 10**12), "1e-12"), (Fraction(1, 3000), "1/3000"), (Fraction(12345, 1000), "12.345"),
     (Fraction(1, 400), "0.0025"), (Fraction(-5), "-5")],
)  # fmt: skip
def test_computed_numbers(value: Fraction, text: str) -> None:
    assert to_text(number(value)) == text


@pytest.mark.parametrize(
    ("source", "latex", "plain"),
    [
        ("2*X'*(X*w-y)", r"2 X^\top (X w - y)", "2 Xᵀ (X w − y)"),
        ("norm2(X*w-y)^2", r"\lVert X w - y \rVert_2^2", "‖X w − y‖²"),
        ("x'*A*x/(x'*x)", r"\frac{x^\top A x}{x^\top x}", "xᵀ A x/(xᵀ x)"),
        ("inv(X)'*a", r"X^{-\top} a", "X⁻ᵀ a"),
        ("inv(X'*X)", r"(X^\top X)^{-1}", "(Xᵀ X)⁻¹"),
        ("4*(x'*x)*x", r"4 (x^\top x) x", "4 (xᵀ x) x"),
        (
            "diag(vector(1)-tanh(A*x).^2)*A",
            r"\operatorname{diag}(\mathbf{1} - \tanh(A x)^{\odot 2}) A",
            "diag(𝟏 − tanh(A x)⊙²) A",
        ),
        ("y.*(X*w)./w2", r"(y \odot (X w)) \oslash w_2", "(y ⊙ (X w)) ⊘ w₂"),
        ("lam*theta_0*x_hat", r"\lambda \theta_0 \hat{x}", "λ θ₀ x\u0302"),
        ("kron(A, B)*2", r"(A \otimes B) \cdot 2", "(A ⊗ B)·2"),
        ("a^(1/2)", "a^{1/2}", "a^(1/2)"),
        ("(a/b)^2", r"\left(\frac{a}{b}\right)^2", "(a/b)²"),
        ("exp(a/b)", r"\exp\left(\frac{a}{b}\right)", "exp(a/b)"),
        ("-(a + b)", "-(a + b)", "−(a + b)"),
        ("a - (b - c)", "a - (b - c)", "a − (b − c)"),
        ("a + (b - c)", "a + b - c", "a + b − c"),
        ("X[1,2]*x[1]", "X_{1,2} x_1", "X[1,2] x₁"),
        ("[a,b;c,d]", r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}", "[a, b; c, d]"),
        ("dX -> A*dX*C", r"\mathrm{d}X \mapsto A \, \mathrm{d}X \, C", "dX ↦ A dX C"),
        ("dX -> 2*dX'*a", r"\mathrm{d}X \mapsto 2 \, \mathrm{d}X^\top \, a", "dX ↦ 2 dXᵀ a"),
        ("s*x where s = x'*x", r"s x \quad \text{where } s = x^\top x", "s x  where s = xᵀ x"),
        ("1e-3*a", r"10^{-3} a", "1e-3 a"),
        ("sqrt(x'*x)", r"\sqrt{x^\top x}", "√(xᵀ x)"),
        ("s^2*eye(n) + X", r"s^2 I_{n} + X", "s² Iₙ + X"),
        ("logdet(X)", r"\log\lvert\det X\rvert", "log|det X|"),
        ("sum(X, 1)", r"\operatorname{sum}(X, 1)", "sum(X, 1)"),
    ],
)
def test_latex_and_unicode(source: str, latex: str, plain: str) -> None:
    tree = typed(source)
    assert to_latex(tree) == latex
    assert to_unicode(tree) == plain


def test_bold_sets_vectors_and_matrices() -> None:
    assert to_latex(typed("a*X*w + x"), bold=True) == r"a \mathbf{X} \mathbf{w} + \mathbf{x}"


def test_every_formula_of_the_suites_prints_and_reads_back() -> None:
    count = 0
    for case in cases():
        for source in (case.expr, case.expected):
            if source:
                tree = parse_text(source)
                assert same(parse_text(to_text(tree)), tree)
                count += 1
    assert count > 700


def test_deep_and_long_trees_print() -> None:
    for source in ("tanh(W*" * 3000 + "x" + ")" * 3000, "+".join(["x"] * 20_000), "x" + "'" * 10_000):
        tree = parse_text(source)
        assert to_text(tree).replace(" ", "") == source
        assert to_latex(tree)
        assert to_unicode(tree)


ENCLOSED = re.compile(r"\([^()]*\)|\[[^][]*\]|\{[^{}]*\}|\\l[vV]ert.*?\\r[vV]ert|\\langle.*?\\rangle|[|‖⟨][^|‖⟩]*[|‖⟩]")


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_operation_is_set_with_all_its_arguments(name: str) -> None:
    """The sum that is an argument is bracketed or enclosed, and a power is a power of the whole."""
    for signature in REGISTRY[name].signatures:
        if any(pattern.kind == "literal" for pattern in signature.args):
            continue
        shape = Shape(("m",), ("n",))
        args = [
            Tree("size", value=pattern.rows[0], shape=SCALAR) if pattern.kind == "size"
            else Tree("add", (variable(f"u{i}", shape), variable("v", shape)), shape=shape)
            for i, pattern in enumerate(signature.args)
        ]  # fmt: skip
        tree = Tree("pow", (Tree("call", tuple(args), name=name, shape=shape), number(3, "3")), shape=shape)
        for text, power, names in ((to_latex(tree), "^3", "u_{}"), (to_unicode(tree), "³", "u{}")):
            assert text.endswith((power, "^{-3}"))
            assert text.count("{") == text.count("}")
            for i, arg in enumerate(args):
                if arg.kind == "add":
                    assert names.format(i if "_" in names else "₀₁₂₃₄₅₆"[i]) in text
            bare = text
            while ENCLOSED.search(bare):
                bare = ENCLOSED.sub("#", bare)
            assert " + " not in bare, text
