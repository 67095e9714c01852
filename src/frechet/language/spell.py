"""Suggestions for a name or a word that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

OTHER_SPELLINGS: dict[str, str] = {
    "trace": "tr", "transpose": "'", "inverse": "inv", "determinant": "det", "norm": "norm2", "ln": "log",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "frobenius": "norm2", "identity": "eye", "I": "eye(n)",
    "logistic": "sigmoid", "lse": "logsumexp", "average": "mean", "sgn": "sign", "magnitude": "norm2",
    "maximum": "max", "minimum": "min", "mexp": "expm", "msqrt": "sqrtm", "Diag": "diag", "elu": "relu",
    "slogdet": "logdet", "kronecker": "kron", "reshape": "mat", "sumsq": "norm2(x)^2",
}  # fmt: skip
"""Words of other languages and their name here."""


CONSTANTS: dict[str, str] = {"pi": "3.141592653589793", "Pi": "3.141592653589793", "e": "exp(1)", "E": "exp(1)"}
"""Constants of other languages, and how they are written here."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` was probably meant to be, or ""."""
    known = list(known)
    other = OTHER_SPELLINGS.get(word) or OTHER_SPELLINGS.get(word.lower(), "")
    if other and (other.partition("(")[0] in known or other == "'"):
        return other
    same_letters = [k for k in known if k.lower() == word.lower() and k != word]
    close = same_letters or difflib.get_close_matches(word[:40], known, n=1, cutoff=0.6)
    return close[0] if close else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`Did you mean exp?`, or ""."""
    guess = nearest(word, known)
    if guess == "'":
        return "The transpose is written with a prime: X'."
    return f"Did you mean {guess}?" if guess else ""


def joined(letter: str, known: Iterable[str]) -> str:
    """`Ax is one name here; ...` where a product of letters was meant, or ""."""
    for name in known:
        if len(letter) == 1 and letter in name and name.isalpha() and len(name) <= 3 and not name.islower():
            return f"{name} is one name here; write {'*'.join(name)} for a product."
    return ""


def listed(words: Iterable[str], limit: int = 8) -> str:
    """`a, b, c, ...`: a few words for a message."""
    words = list(words)
    return ", ".join(words[:limit]) + (", ..." if len(words) > limit else "")
