"""MathML from our LaTeX: well formed, nothing left over, brackets and scripts where they belong."""

from __future__ import annotations

from xml.dom import minidom

import pytest

import frechet as fr
from frechet.notation.mathml import content, to_mathml
from frechet.ops import REGISTRY


def test_scripts_belong_to_the_whole_bracket() -> None:
    close = '<mo stretchy="false" form="postfix">)</mo>'
    assert f"<mi>b</mi>{close}</mrow><mn>2</mn></msup>" in content("(a + b)^2")
    norm = content(r"\lVert x \rVert_2^2")
    assert norm.startswith("<msup><msub><mrow>")


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        ("x", "<mi>x</mi>"),
        ("12.5", "<mn>12.5</mn>"),
        (r"\theta_0", "<msub><mi>θ</mi><mn>0</mn></msub>"),
        (r"X^\top", "<msup><mi>X</mi><mo>⊤</mo></msup>"),
        (r"\frac{a}{2}", "<mfrac><mi>a</mi><mn>2</mn></mfrac>"),
        (r"\sqrt{x}", "<msqrt><mi>x</mi></msqrt>"),
        (r"\operatorname{tr}", '<mi mathvariant="normal">tr</mi>'),
        (r"\hat{y}", '<mover accent="true"><mi>y</mi><mo stretchy="false">^</mo></mover>'),
        (r"\left(\frac{a}{b}\right)", "<mrow><mo>(</mo><mfrac><mi>a</mi><mi>b</mi></mfrac><mo>)</mo></mrow>"),
        (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}",
         "<mrow><mo>[</mo><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn></mtd>"
         "<mtd><mn>4</mn></mtd></mtr></mtable><mo>]</mo></mrow>"),
        (r"a < b", "<mrow><mi>a</mi><mo>&lt;</mo><mi>b</mi></mrow>"),
    ],
)  # fmt: skip
def test_small_formulas(latex: str, expected: str) -> None:
    assert content(latex) == expected


BROKEN = ["{", "}", "^", r"\left(", r"\frac{a}", r"\begin{bmatrix} 1", r"\end{bmatrix}", "&", ""]


@pytest.mark.parametrize("text", BROKEN)
def test_broken_latex_is_still_well_formed(text: str) -> None:
    minidom.parseString(to_mathml(text))


def test_every_operation_is_set() -> None:
    """The example of each operation and its derivative, with no command shown as it stands."""
    seen = 0
    for record in REGISTRY.values():
        if not record.example:
            continue
        text, wrt, _ = record.example
        f = fr.parse(text)
        for latex in (f.latex(), f.derivative(wrt, verify=False).latex()):
            found = to_mathml(latex, block=True)
            minidom.parseString(found)
            assert "<mtext>\\" not in found, latex
            seen += 1
    assert seen > 100


def test_deep_nesting_needs_no_stack() -> None:
    n = 20_000
    assert content("{" * n + "x" + "}" * n).count("<mi>x</mi>") == 1
