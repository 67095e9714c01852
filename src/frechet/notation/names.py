"""How names are set: Greek letters, accents, subscripts. `theta_0`, `y_hat`, `x1`, `X_new`."""

from __future__ import annotations

import re
from typing import NamedTuple

GREEK: dict[str, str] = dict(zip(
    ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
     "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
     "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"],
    "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", strict=True,
))  # fmt: skip
# How the number is spelled that LaTeX has as \\pi.
PI = "3.141592653589793"
SHORT = {"lam": "lambda", "eps": "epsilon", "ell": "ell"}
ACCENTS = {"hat": "\u0302", "tilde": "\u0303", "bar": "\u0304", "dot": "\u0307", "ddot": "\u0308", "check": "\u030c"}


class Name(NamedTuple):
    """The letter or word, its accents (inner first), its subscripts."""

    base: str
    accents: tuple[str, ...]
    subscripts: tuple[str, ...]


def taken_apart(name: str) -> Name:
    """`beta_hat_1` is beta with a hat and the subscript 1; `x1` is x with the subscript 1."""
    base, *suffixes = [part for part in name.split("_") if part] or [name]
    digits = re.fullmatch(r"([A-Za-z]+)([0-9]+)", base)
    subscripts = []
    if digits:
        base = digits[1]
        subscripts.append(digits[2])
    accents = tuple(s for s in suffixes if s in ACCENTS)
    subscripts += [s for s in suffixes if s not in ACCENTS]
    return Name(SHORT.get(base, base), accents, tuple(subscripts))


def latex_name(name: str, *, bold: bool = False) -> str:
    """`\\hat{\\beta}_{1}`."""
    base, accents, subscripts = taken_apart(name)
    word = base if len(base) == 1 else f"\\mathrm{{{base}}}"
    text = f"\\{base}" if base in GREEK or base == "ell" else word
    if bold:
        text = f"\\boldsymbol{{{text}}}" if base in GREEK else f"\\mathbf{{{base}}}"
    for accent in accents:
        text = f"\\{accent}{{{text}}}"
    if not subscripts:
        return text
    below = ",".join(s if s.isdigit() or len(s) == 1 else _word(s) for s in subscripts)
    return text + subscript(below)


def subscript(below: str) -> str:
    """`_1`, `_{12}`."""
    return f"_{below}" if len(below) == 1 else f"_{{{below}}}"


def _word(text: str) -> str:
    return f"\\{text}" if text in GREEK else f"\\text{{{text}}}"


_LOW = str.maketrans("0123456789aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
_HIGH = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def low(text: str) -> str:
    """`text` as a subscript, or after `_` where a letter has no lowered form."""
    lowered = text.translate(_LOW)
    return f"_{text}" if any(c.isascii() for c in lowered) else lowered


def high(text: str) -> str:
    """A whole number as a superscript."""
    return text.translate(_HIGH)


def unicode_name(name: str) -> str:
    """`β̂₁`."""
    base, accents, subscripts = taken_apart(name)
    text = GREEK.get(base, "ℓ" if base == "ell" else base)
    marks = "".join(ACCENTS[a] for a in accents) if len(text) == 1 else "".join(f"_{a}" for a in accents)
    return text + marks + "".join(low(GREEK.get(s, s)) for s in subscripts)
