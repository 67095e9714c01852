"""Random functions of complex variables. Their derivatives check themselves against numeric ones along complex
directions (`api.complex_check`), which share nothing with the calculus; the printed form must read back."""

from __future__ import annotations

import random

import frechet as fr

VARIABLES: dict[str, list[str]] = {
    "z": ["n"], "u": ["n"], "w": [], "s": [], "A": ["m", "n"], "y": ["m"], "Z": ["n", "n"], "H": ["n", "n"], "x": ["n"],
}  # fmt: skip
FACTS = {"z": ["complex"], "u": ["complex"], "w": ["complex"], "Z": ["complex"], "H": ["hermitian"]}
# {r} a real scalar, {c} a complex one, {v} a vector, {M} a square matrix; without a digit each is drawn anew.
SIMPLE = {
    "r": ("abs(z[1])^2", "real(z'*u)", "imag(z'*u)", "norm2(z)^2", "s", "norm2(A*z - y)^2", "real(w)", "abs(w)", "w'*w",
          "norm1(z)"),
    "c": ("w", "conj(w)", "1i*w", "z'*u", "u'*z", "z[1]", "w^2", "exp(1i*s)"),
    "v": ("z", "conj(z)", "u", "x", "1i*z"),
    "M": ("Z", "Z'", "conj(Z)", "H", "eye(n)", "A'*A"),
}  # fmt: skip
COMPOSED = {
    "r": ("({r})*({r})", "({r}) + ({r})", "exp(-({r})^2)", "log(1 + ({r})^2)", "norm2({v})^2", "real({c})", "imag({c})",
          "abs({c})^2", "sin({r})", "({r})/(1 + ({r})^2)", "sqrt(1 + ({r})^2)", "norm2({v})", "real(tr({M}))",
          "sum(abs({v}).^2)"),
    "c": ("({c})*({c})", "({c}) + ({c})", "conj({c})", "exp({c})", "({v})'*({v})", "({r})*({c})", "sin({c})", "({c})^3",
          "det({M})", "tr({M})", "sum({v})", "({v})'*({M})*({v})"),
    "v": ("({v}) + ({v})", "({M})*({v})", "({M})'*({v})", "({v}).*({v})", "conj({v})", "({c})*({v})", "exp({v})",
          "real({v})", "imag({v})", "inv({M} + 3*eye(n))*({v})", "A'*(A*({v}))", "H*({v})"),
    "M": ("({M}) + ({M})", "({M})*({M})", "({M})'", "conj({M})", "({v})*({v})'", "inv({M} + 3*eye(n))", "diag({v})"),
}  # fmt: skip


def draw(rng: random.Random, kind: str, depth: int) -> str:
    """A formula of a kind."""
    if depth <= 0:
        return rng.choice(SIMPLE[kind])
    text = rng.choice(COMPOSED[kind])
    while "{" in text.replace("{{", ""):
        at = text.index("{")
        text = text[:at] + draw(rng, text[at + 1], depth - 1) + text[at + 3 :]
    return text


def check_complex(seed: int) -> str:
    """ "right", "unchecked" or "skipped"; raises where an answer is wrong, refused or not read back."""
    rng = random.Random(seed)
    real = seed % 2 == 1
    text = draw(rng, "r" if real else "c", 2)
    bare = text
    for word in ("abs", "real", "sin", "norm1", "norm2", "diag", "imag", "conj", "exp", "sum"):
        bare = bare.replace(word, "")
    names = [name for name in "zwZ" if name in bare]
    if not names or len(text) > 160:
        return "skipped"
    f = fr.parse(text, variables=VARIABLES, facts=FACTS)
    name = rng.choice(names)
    answers = [f.wirtinger(name), f.wirtinger(name, conjugate=True)] + ([f.gradient(name)] if real else [])
    for d in answers:
        again = fr.parse(str(d), variables=VARIABLES, facts=FACTS)
        assert str(again) == str(d)
        if d.verification.status != "checked":
            return "unchecked"
    return "right"
