"""Functions of complex variables: gradients and Wirtinger derivatives, their conventions, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import frechet as fr
from frechet.cli.app import app

RNG = np.random.default_rng(11)
SIZES = {"n": 3, "m": 4}
FORMULAS: list[tuple[str, str, dict[str, list[str]], dict[str, list[str]], str]] = [
    # formula, by, sizes, facts, gradient = 2 df/d conj
    ("norm2(A*z - b)^2", "z", {"A": ["m", "n"], "z": ["n"], "b": ["m"]}, {"z": ["complex"]}, "2*A'*(A*z - b)"),
    ("norm2(A*z - b)^2", "z", {"A": ["m", "n"], "z": ["n"], "b": ["m"]},
     {"z": ["complex"], "A": ["complex"], "b": ["complex"]}, "2*A'*(A*z - b)"),
    ("norm2(Z*x - y)^2", "Z", {"Z": ["m", "n"], "x": ["n"], "y": ["m"]},
     {"Z": ["complex"], "x": ["complex"], "y": ["complex"]}, "2*(Z*x - y)*x'"),
    ("z'*H*z", "z", {"z": ["n"], "H": ["n", "n"]}, {"z": ["complex"], "H": ["hermitian"]}, "2*H*z"),
    ("real(z)^2 + imag(z)^2", "z", {"z": []}, {"z": ["complex"]}, "2*z"),
    ("abs(z)", "z", {"z": []}, {"z": ["complex"]}, "z/abs(z)"),
    ("norm2(z)", "z", {"z": ["n"]}, {"z": ["complex"]}, "z/norm2(z)"),
    ("norm1(z)", "z", {"z": ["n"]}, {"z": ["complex"]}, "z./abs(z)"),
    ("real(a'*z)", "z", {"a": ["n"], "z": ["n"]}, {"z": ["complex"], "a": ["complex"]}, "a"),
    ("abs(a'*z)^2", "z", {"a": ["n"], "z": ["n"]}, {"z": ["complex"], "a": ["complex"]}, "2*(a'*z)*a"),
    ("imag(z^2)", "z", {"z": []}, {"z": ["complex"]}, "2*1i*conj(z)"),
    ("log(1 + abs(z)^2)", "z", {"z": []}, {"z": ["complex"]}, "2*z/(1 + abs(z)^2)"),
    ("sum(w.*abs(z).^2)", "z", {"w": ["n"], "z": ["n"]}, {"z": ["complex"]}, "2*w.*z"),
    ("logdet(Z)", "Z", {"Z": ["n", "n"]}, {"Z": ["complex"]}, "inv(Z)'"),
    ("real(tr(A*inv(Z)))", "Z", {"A": ["n", "n"], "Z": ["n", "n"]}, {"Z": ["complex"]}, "-inv(Z)'*A'*inv(Z)'"),
    ("norm2(exp(1i*x) - z)^2", "x", {"x": ["n"], "z": ["n"]}, {"z": ["complex"]}, ""),
]  # fmt: skip


def drawn(variables: dict[str, list[str]], facts: dict[str, list[str]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, dims in variables.items():
        shape = [SIZES[d] for d in dims]
        value = RNG.standard_normal(shape) + (3 * np.eye(3) if shape == [3, 3] else 0)
        if name in facts:
            value = value + 1j * RNG.standard_normal(shape)
        out[name] = (value + value.conj().T) / 2 if "hermitian" in facts.get(name, ()) else value
    return out


def slope(f: Any, name: str, V: Any, point: dict[str, Any]) -> Any:
    h = 1e-3

    def at(t: float) -> Any:
        return f.evaluate(**{**point, name: point[name] + t * V})

    return sum(w * (at(k * h) - at(-k * h)) for k, w in ((1, 45), (2, -9), (3, 1))) / (60 * h)


@pytest.mark.parametrize(("text", "by", "variables", "facts", "wanted"), FORMULAS)
def test_the_gradient_is_the_direction_of_steepest_ascent(
    text: str, by: str, variables: dict[str, Any], facts: dict[str, list[str]], wanted: str
) -> None:
    """Re <G, V> is the change along every complex V, and the printed form is the expected one."""
    f = fr.parse(text, variables=variables, facts=facts)
    d = f.gradient(by)
    assert d.verification.status == "checked"
    point = drawn(variables, facts)
    G = d.evaluate(**point)
    for _ in range(3):
        V = RNG.standard_normal(np.shape(point[by])) + (
            1j * RNG.standard_normal(np.shape(point[by])) if by in facts else 0
        )
        assert np.real(np.sum(np.conj(G) * V)) == pytest.approx(np.real(slope(f, by, V, point)), rel=1e-7)
    if wanted:
        again = fr.parse(wanted, variables=variables, facts=facts).evaluate(**point)
        assert np.allclose(again, G)
        assert str(d) == wanted or len(str(d)) == len(wanted)
    printed = fr.parse(str(d), variables=variables, facts=facts)
    assert np.allclose(printed.evaluate(**point), G)


@pytest.mark.parametrize(
    "text", ["z'*A*z", "z^3 + conj(z)*z", "exp(1i*z)*real(z)", "A*z", "conj(Z)*z", "det(Z)*abs(z)^2"]
)
def test_both_wirtinger_derivatives_make_the_change(text: str) -> None:
    """df = df/dz V + df/d conj(z) conj(V) for every complex V, whether or not f is real or analytic."""
    scalar = "A*z" not in text and "Z)*z" not in text
    variables: dict[str, list[str]] = {"z": [] if scalar and "A" not in text else ["n"]}
    variables |= {name: ["n", "n"] for name in "AZ" if name in text}
    facts = {name: ["complex"] for name in "zZ" if name in text}
    f = fr.parse(text, variables=variables, facts=facts)
    one, other = f.wirtinger("z"), f.wirtinger("z", conjugate=True)
    assert one.verification.status == other.verification.status == "checked"
    point = drawn(variables, facts)
    V = RNG.standard_normal(np.shape(point["z"])) + 1j * RNG.standard_normal(np.shape(point["z"]))
    k = V.ndim
    got = np.tensordot(one.evaluate(**point), V, k) + np.tensordot(other.evaluate(**point), V.conj(), k)
    assert np.allclose(got, slope(f, "z", V, point), rtol=1e-7)


def test_k17_the_convention_is_that_of_pytorch_and_the_conjugate_of_that_of_jax() -> None:
    f = fr.parse("real(z)^2 + imag(z)^2", variables={"z": []}, facts={"z": ["complex"]})
    z = 3 + 4j
    assert f.gradient("z").evaluate(z=z) == 6 + 8j
    assert f.wirtinger("z").evaluate(z=z) == 3 - 4j
    assert f.wirtinger("z", conjugate=True).evaluate(z=z) == z
    assert "2 df/d conj(z), as PyTorch has it; JAX's is its conjugate" in f.gradient("z").report()


def test_pytorch_agrees() -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch: pip install -e '.[torch]'")
    A, b = RNG.standard_normal((4, 3)), RNG.standard_normal(4)
    z = RNG.standard_normal(3) + 1j * RNG.standard_normal(3)
    t = torch.tensor(z, requires_grad=True)
    (torch.linalg.norm(torch.tensor(A).to(t.dtype) @ t - torch.tensor(b)) ** 2).backward()
    f = fr.parse("norm2(A*z - b)^2", variables={"A": ["m", "n"], "z": ["n"], "b": ["m"]}, facts={"z": ["complex"]})
    assert np.allclose(f.gradient("z").evaluate(A=A, b=b, z=z), t.grad.numpy())


def test_jax_gives_the_conjugate() -> None:
    jax = pytest.importorskip("jax", reason="needs JAX: pip install -e '.[jax]'")
    jax.config.update("jax_enable_x64", True)
    z = 3.0 + 4.0j
    theirs = complex(jax.grad(lambda z: jax.numpy.real(z) ** 2 + jax.numpy.imag(z) ** 2)(z))
    f = fr.parse("real(z)^2 + imag(z)^2", variables={"z": []}, facts={"z": ["complex"]})
    assert np.conj(f.gradient("z").evaluate(z=z)) == theirs


REFUSED: list[tuple[str, dict[str, list[str]], dict[str, list[str]], str]] = [
    ("z'*A*z", {"z": ["n"], "A": ["n", "n"]}, {"z": ["complex"]}, "complex values"),
    ("abs(log(z))", {"z": []}, {"z": ["complex"]}, "log of a complex value"),
    ("abs(sqrt(z))^2", {"z": []}, {"z": ["complex"]}, "a root or a broken power"),
    ("real(max(z))", {"z": ["n"]}, {"z": ["complex"]}, "max of a complex value"),
    ("abs(softmax(z)[1])", {"z": ["n"]}, {"z": ["complex"]}, "softmax of a complex value"),
    ("nuclear(Z)", {"Z": ["n", "n"]}, {"Z": ["complex"]}, "nuclear of a complex value"),
    ("real(tr(Z))", {"Z": ["n", "n"]}, {"Z": ["hermitian"]}, "hermitian"),
]


@pytest.mark.parametrize(("text", "variables", "facts", "reason"), REFUSED)
def test_what_is_not_covered_is_refused(
    text: str, variables: dict[str, Any], facts: dict[str, list[str]], reason: str
) -> None:
    with pytest.raises(fr.FrechetError, match=reason) as refused:
        str(fr.parse(text, variables=variables, facts=facts).gradient(next(iter(facts))))
    assert refused.value.diagnostic.code == "E507"


def test_nothing_gives_the_real_answer_for_a_complex_variable() -> None:
    f = fr.parse("z'*z", variables={"z": ["n"]}, facts={"z": ["complex"]})
    asked = [
        lambda: f.hessian("z"), lambda: f.jacobian("z"), lambda: f.differential("z"), lambda: f.local(z=[1, 2]),
        lambda: f.gradient("z", structured=True), lambda: fr.compile(f, "z"), lambda: fr.check(f, "z", "2*z"),
        lambda: fr.check("z'*z", "z", "2*z", facts={"z": ["complex"]}),
        lambda: fr.trace(lambda z: z @ z, variables={"z": ["n"]}, facts={"z": ["complex"]}),
        lambda: fr.parse("z'*z", variables={"z": ["n"]}, facts={"z": ["complex", "positive"]}),
        lambda: fr.parse("z'*z", variables={"z": ["n"]}, facts={"z": ["hermitian"]}),
        lambda: fr.parse("x'*x", variables={"x": ["n"]}, facts={"z": ["complex"]}),
        lambda: fr.parse("z'*z", variables={"z": ["n"]}, facts={"z": ["complex"]}, domain={"z": "unit"}),
        lambda: fr.parse("x'*x", variables={"x": ["n"]}).evaluate(x=np.array([1j, 2])),
    ]  # fmt: skip
    for ask in asked:
        with pytest.raises(fr.FrechetError):
            ask()


def test_latex_and_signs_say_that_the_transpose_is_the_conjugate_one() -> None:
    f = fr.parse("abs(z'*u)", variables={"z": ["n"], "u": ["n"]}, facts={"z": ["complex"]})
    assert str(f.gradient("z")) == "(u'*z)*u/abs(z'*u)"
    assert f.latex() == r"\lvert z^{\mathsf{H}} u \rvert"
    assert r"\top" not in f.gradient("z").latex()
    shown = CliRunner().invoke(app, ["diff", "abs(z'*u)", "--wrt", "z", "--fact", "z:complex", "--unicode"])
    assert "zᴴ u" in shown.output
    for option in (["--json"], ["--no-verify"]):
        assert CliRunner().invoke(app, ["diff", "z'*z", "--wrt", "z", "--fact", "z:complex", *option]).exit_code == 0
    for option in (["--steps"], ["--form", "operator"], ["--kind", "hessian"], ["--structured"]):
        refused = CliRunner().invoke(app, ["diff", "z'*z", "--wrt", "z", "--fact", "z:complex", *option])
        assert isinstance(refused.exception, fr.FrechetError)


def test_a_shorter_form_keeps_its_conjugate() -> None:
    """The conjugate of a shortened product is needed where the product stands under a transpose."""
    for text in ("real((z*(u'*v))'*y)", "real((conj(z)*(conj(u)'*v)*s)'*y)", "real((v'*conj(z))*w^2*conj(w))"):
        variables = {name: [] if name in "sw" else ["n"] for name in "zuvysw" if name in text}
        f = fr.parse(text, variables=variables, facts={n: ["complex"] for n in variables if n != "s"})
        for name in variables:
            assert f.gradient(name).verification.status == "checked"


def test_conj_real_and_imag_of_real_values() -> None:
    f = fr.parse("sum(conj(x).*real(x)) + sum(imag(x))", variables={"x": ["n"]})
    assert str(f.gradient("x")) == "2*x"


def test_the_command_line() -> None:
    shown = CliRunner().invoke(app, ["diff", "norm2(A*z - b)^2", "--wrt", "z", "--fact", "z:complex"])
    assert shown.exit_code == 0
    assert "2*A'*(A*z - b)" in shown.output
    assert "z in C^n" in shown.output
    assert "2 df/d conj(z)" in shown.output
    plain = CliRunner().invoke(app, ["diff", "z'*z", "--wrt", "z", "--fact", "z:complex", "--kind", "wirtinger"])
    assert "conj(z)" in plain.output
