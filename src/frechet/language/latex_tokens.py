"""LaTeX to tokens: commands, letters, numbers, signs. Spacing and sizes of brackets are left out, spans are kept."""

from __future__ import annotations

import re

from frechet.core.errors import Span, problem
from frechet.language.tokens import MAX_LENGTH, MAX_TOKENS, Token

_PATTERN = re.compile(
    r"""(?P<blank>[\s~]+|%[^\n]*)
      | (?P<command>\\[A-Za-z]+\*?|\\[^A-Za-z])
      | (?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
      | (?P<letter>[A-Za-z])
      | (?P<sign>[-+*/^_'=(){}\[\],;:|&<>.!?\u2032\u00b7\u22c5\u00d7\u2212\u2297\u2299\u22a4])""",
    re.VERBOSE,
)
# Environments that lay a formula out and mean nothing.
_LAYOUT = re.compile(r"\\(?:begin|end)\{(?:aligned|align|gather|gathered|equation|split|multline|displaymath)\*?\}")
_IGNORED = frozenset({
    "\\,", "\\;", "\\:", "\\!", "\\ ", "\\quad", "\\qquad", "\\left", "\\right", "\\big", "\\Big", "\\bigg", "\\Bigg",
    "\\bigl", "\\bigr", "\\Bigl", "\\Bigr", "\\biggl", "\\biggr", "\\displaystyle", "\\textstyle", "\\limits",
    "\\nolimits", "\\middle", "\\nonumber", "\\thinspace", "\\mathstrut", "\\strut", "\\/",
    "\\bf", "\\it", "\\boldmath", "\\notag",
})  # fmt: skip
_SAME = {
    "\u2032": "'", "\u00b7": "\\cdot", "\u22c5": "\\cdot", "\u00d7": "\\times", "\u2212": "-", "\u2297": "\\otimes",
    "\u2299": "\\odot", "\u22a4": "\\top", "\\Vert": "\\|", "\\lVert": "\\|", "\\rVert": "\\|", "\\vert": "|",
    "\\lvert": "|", "\\rvert": "|", "\\lbrace": "(", "\\rbrace": ")", "\\{": "(", "\\}": ")", "\\lbrack": "[",
    "\\rbrack": "]", "\\ast": "*", "\\bullet": "\\cdot", "\\hadamard": "\\odot", "\\intercal": "\\top",
    "\\T": "\\top", "\\transpose": "\\top", "\\trans": "\\top", "\\dfrac": "\\frac", "\\tfrac": "\\frac",
    "\\nicefrac": "\\frac", "\\sfrac": "\\frac", "\\cfrac": "\\frac", "\\norm": "\\norm", "\\ln": "\\log",
    "\\argmin": "\\argmin", "\\colon": ":", "\\lparen": "(", "\\rparen": ")",
}  # fmt: skip


def tokenize(source: str) -> list[Token]:
    """The tokens of a formula, an "end" last. E103 for a character that LaTeX mathematics does not have."""
    if not isinstance(source, str):
        raise problem("E100", f"A formula is a text, not a {type(source).__name__}.")
    if len(source) > MAX_LENGTH:
        raise problem("E402", f"The formula is longer than {MAX_LENGTH} characters.")
    source = _LAYOUT.sub(lambda found: " " * len(found[0]), source)
    out: list[Token] = []
    at = 0
    while at < len(source):
        found = _PATTERN.match(source, at)
        if found is None:
            if source[at] == "$":
                at += 1
                continue
            raise problem("E103", f"{source[at]!r} has no meaning here.", Span(at, at + 1), source=source)
        kind, text = found.lastgroup or "", found.group()
        if kind != "blank" and text not in _IGNORED and text not in ("\\[", "\\]", "\\(", "\\)"):
            text = _SAME.get(text, text)
            out.append(Token("command" if text.startswith("\\") else kind, text, at, found.end()))
        at = found.end()
        if len(out) > MAX_TOKENS:
            raise problem("E402", f"The formula has more than {MAX_TOKENS} signs.")
    while out and out[-1].text in (".", ",", ";"):
        out.pop()
    return [*out, Token("end", "", len(source), len(source))]
