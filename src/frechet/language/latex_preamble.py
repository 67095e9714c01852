"""What stands beside a formula and is no part of it: `f(x) =`, `X = [x_1, \\dots, x_n]`, `x \\in \\mathbb{R}^n`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from frechet.core.dims import Dim
from frechet.language.tokens import Token

_WORDS = frozenset({"\\text", "\\textrm", "\\mathrm", "\\mbox"})
_DOTS = frozenset({"\\dots", "\\ldots", "\\cdots", "\\vdots", "\\dotsc"})
_BRACES = ("{", "}")


@dataclass(slots=True)
class Preamble:
    """`samples`: the letter of a sample -> its matrix, and whether samples are its columns; `declared`: dimensions."""

    samples: dict[str, tuple[str, bool]] = field(default_factory=dict)
    declared: dict[str, list[Dim]] = field(default_factory=dict)


def preamble(tokens: Sequence[Token]) -> tuple[list[Token], Preamble]:
    """The tokens of the formula itself, and what was said beside it."""
    found = Preamble()
    pieces = _pieces(list(tokens[:-1]))
    rest = [p for p in pieces if not (_samples(p, found) or _membership(p, found))]
    if len(rest) != 1:
        if len(rest) == len(pieces):
            return [*_body(list(tokens[:-1])), tokens[-1]], found
        return list(tokens), Preamble()
    return [*_body(rest[0]), tokens[-1]], found


def _pieces(tokens: list[Token]) -> list[list[Token]]:
    """The parts between commas and words such as `where`, brackets kept whole."""
    out: list[list[Token]] = [[]]
    depth = at = 0
    while at < len(tokens):
        text = tokens[at].text
        depth += (text in ("(", "[", "{", "\\begin")) - (text in (")", "]", "}", "\\end"))
        if depth == 0 and text in (",", ";"):
            out.append([])
        elif depth == 0 and text in _WORDS and _word(tokens, at) in ("where", "with", "for", "and"):
            out.append([])
            at += 1 + len(_group(tokens, at + 1))
            continue
        else:
            out[-1].append(tokens[at])
        at += 1
    return [p for p in out if p]


def _group(tokens: Sequence[Token], at: int) -> list[Token]:
    """The tokens of `{...}` from `at` on."""
    depth = 0
    for k in range(at, len(tokens)):
        depth += (tokens[k].text == "{") - (tokens[k].text == "}")
        if depth == 0:
            return list(tokens[at : k + 1])
    return list(tokens[at:])


def _word(tokens: Sequence[Token], at: int) -> str:
    return "".join(t.text for t in _group(tokens, at + 1) if t.text not in _BRACES)


def _texts(piece: Sequence[Token]) -> list[str]:
    """The signs of a piece without braces, fonts and names of environments."""
    fonts = ("\\mathbf", "\\boldsymbol", "\\bm", "\\vec", "\\vb")
    out: list[str] = []
    at = 0
    while at < len(piece):
        text = piece[at].text
        at += 1
        if text in ("\\begin", "\\end"):
            at += len(_group(piece, at))
        if text not in _BRACES and text not in fonts:
            out.append(text)
    return out


def _samples(piece: Sequence[Token], found: Preamble) -> bool:
    """`X = [x_1, \\dots, x_n]^\\top` and the same with a matrix written out."""
    words = _texts(piece)
    if len(words) < 6 or words[1] != "=" or not words[0].isalpha() or not _DOTS & set(words):
        return False
    words = [w for w in words if w != "\\end"]
    rows = words[-2:] in (["^", "\\top"], ["^", "T"]) or words[-1] == "'"
    inner = [w for w in words[2:] if w.isalpha() and w != "T"]
    if words[2] == "\\begin":
        rows = "\\\\" in words
    letters = {w for w in inner if w.islower()} - {"n", "m", "N", "k", "d", "p"}
    if len(letters) != 1:
        return False
    found.samples[letters.pop()] = (words[0], not rows)
    return True


def _membership(piece: Sequence[Token], found: Preamble) -> bool:
    """`x \\in \\mathbb{R}^n`, `A, B \\in \\mathbb{R}^{m \\times n}` (for the last name)."""
    words = _texts(piece)
    if len(words) < 4 or words[1:4] != ["\\in", "\\mathbb", "R"] or not words[0].lstrip("\\").isalpha():
        return False
    sides = [w for w in words[4:] if w not in ("^", "\\times")]
    if len(sides) > 2 or not all(w.isalnum() for w in sides):
        return False
    found.declared[words[0].lstrip("\\")] = [int(w) if w.isdigit() else w for w in sides]
    return True


def _body(tokens: list[Token]) -> list[Token]:
    """The formula without `f(x) =` or `x \\mapsto` before it."""
    words = [t.text for t in tokens]
    if "\\mapsto" in words:
        cut = words.index("\\mapsto")
        return tokens[cut + 1 :] if all(w.isalnum() or w in ("(", ")", ",", "\\in") for w in words[:cut]) else tokens
    if words.count("=") != 1:
        return tokens
    cut = words.index("=")
    head = [w for w in words[:cut] if w not in (*_BRACES, "\\mathcal")]
    name = head[:1]
    named = len(head) >= 4 and head[1] == "(" and head[-1] == ")" and name[0] not in words[cut:]
    plain = all(w.lstrip("\\").isalnum() or w in ("(", ")", ",", ";", "_") for w in head)
    return tokens[cut + 1 :] if named and plain and name[0].lstrip("\\").isalpha() else tokens
