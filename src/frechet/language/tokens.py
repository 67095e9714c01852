"""Text to tokens, in one linear pass. Characters that are not part of the language are refused with their remedy."""

from __future__ import annotations

import re
from typing import NamedTuple

from frechet.core.errors import FrechetError, Span, problem

MAX_LENGTH = 1_000_000
MAX_TOKENS = 100_000
MAX_NAME = 100


class Token(NamedTuple):
    """kind is "number", "name", "op", "open", "close", "punctuation" or "end"; text is what the parser compares."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


# `2.*x` is 2 .* x: a dot before an operator sign belongs to the operator.
_PATTERN = re.compile(
    r"""(?P<blank>[ \t\r\n\u00a0]+)
      | (?P<number>(?:[0-9]+(?:\.[0-9]+|\.(?![*/^+\-'.0-9]))?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<name>[A-Za-z][A-Za-z0-9_]*)
      | (?P<op>->|\*\*|==|!=|<=|>=|\.[*/^+\-]|[-+*/^'<>&]|\|(?!\|)|[\u2032\u22c5\u00b7\u00d7\u2212\u2264\u2265\u2260])
      | (?P<open>[(\[])
      | (?P<close>[)\]])
      | (?P<punctuation>[,;:=])""",
    re.VERBOSE,
)

_SAME_AS = {"\u2032": "'", "\u22c5": "*", "\u00b7": "*", "\u00d7": "*", "\u2212": "-",
            "\u2264": "<=", "\u2265": ">=", "\u2260": "!="}  # fmt: skip

# What people type by mistake -> (message, help).
_KNOWN_MISTAKES: dict[str, tuple[str, str]] = {
    "**": ("** is not an operator of the text language.", "The power is written ^, elementwise .^ : x^2, x.^2."),
    "@": ("@ is not an operator of the text language.", "The matrix product is written * : x'*y, A*B."),
    "|": ("Bars are not part of the text language.", "Write norm2(x), abs(x) or det(X)."),
    "#": ("Comments are not part of the text language.", "Leave out what follows the #."),
    "%": ("% is not part of the text language.", "Comments and remainders do not exist here; leave it out."),
    '"': ("Strings are not part of the text language.", "Names are written without quotation marks."),
    "`": ("Strings are not part of the text language.", "Names are written without quotation marks."),
    "\\": ("The backslash is not part of the text language.",
           "Write solve(A, b) for A\\b; LaTeX is read by fr.parse_latex, or with --from latex."),
    "{": ("Braces are not part of the text language.", "Use parentheses."),
    "}": ("Braces are not part of the text language.", "Use parentheses."),
    "$": ("$ is not part of the text language.", "Write the formula without dollar signs."),
    "!": ("! is not part of the text language.", "There is no factorial and no negation; leave it out."),
    "\u1d40": ("A raised T is not part of the text language.", "The transpose is written with a prime: X'."),
    "\u22a4": ("A raised T is not part of the text language.", "The transpose is written with a prime: X'."),
    "\u2299": ("The sign for the elementwise product is not part of the text language.", "Write it .* : x.*y."),
    "\u2218": ("The sign for the elementwise product is not part of the text language.", "Write it .* : x.*y."),
    "\u2297": ("The sign for the Kronecker product is not part of the text language.", "Write kron(A, B)."),
    "\u2016": ("Bars are not part of the text language.", "Write norm2(x)."),
    "\u221a": ("The root sign is not part of the text language.", "Write sqrt(x)."),
    "\u2211": ("The sum sign is not part of the text language.", "Write sum(x)."),
}  # fmt: skip
_SUPERSCRIPTS = {c: str(i) for i, c in enumerate("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")}
_GREEK = dict(zip(
    "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ",
    ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
     "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
     "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"],
    strict=True,
))  # fmt: skip


def tokenize(source: str) -> list[Token]:
    """All tokens of `source`, an "end" token last."""
    if not isinstance(source, str):
        raise problem("E100", f"A formula is a text, not a {type(source).__name__}.", help='Write parse("x\'*A*x").')
    if len(source) > MAX_LENGTH:
        raise problem("E402", f"The text has {len(source)} characters; the limit is {MAX_LENGTH}.")
    tokens: list[Token] = []
    at, match = 0, _PATTERN.match
    while at < len(source):
        found = match(source, at)
        if found is None:
            raise _unreadable(source, at)
        kind, text, end = str(found.lastgroup), found.group(), found.end()
        if kind == "number":
            _check_number(source, at, end)
        elif kind == "name" and len(text) > MAX_NAME:
            raise problem("E202", f"A name of {len(text)} letters; the limit is {MAX_NAME}.", Span(at, end))
        elif text in _KNOWN_MISTAKES and text != "|":
            message, help = _KNOWN_MISTAKES[text]
            raise problem("E103", message, Span(at, end), help=help, source=source)
        if kind != "blank":
            tokens.append(Token(kind, _SAME_AS.get(text, text), at, end))
        at = end
        if len(tokens) > MAX_TOKENS:
            raise problem("E402", f"The formula has more than {MAX_TOKENS} signs and names.")
    tokens.append(Token("end", "", len(source), len(source)))
    return tokens


def _check_number(source: str, start: int, end: int) -> None:
    """Refuse what only begins like a number: `1e`, `1.2.3`, `1_000`."""
    tail = source[end : end + 3]
    if re.match(r"[eE](?:[+-]|(?![A-Za-z0-9_]))", tail) or re.match(r"\.[0-9]|_", tail):
        raise problem("E104", f"{source[start : end + 1]!r} does not go on as a number.", Span(start, end + 1),
                      help="Numbers are written 2, 0.5, 1e-3.", source=source)  # fmt: skip


def _unreadable(source: str, at: int) -> FrechetError:
    """The error for a character that starts no token."""
    c, span = source[at], Span(at, at + 1)
    if c == "_":
        return problem("E202", "A name cannot start with an underscore.", span,
                       help="Names start with a letter: x_1.", source=source)  # fmt: skip
    if c in _KNOWN_MISTAKES:
        message, help = _KNOWN_MISTAKES[c]
        return problem("E103", message, span, help=help, source=source)
    if c in _SUPERSCRIPTS:
        return problem("E103", "Raised digits are not part of the text language.", span,
                       help=f"Write ^{_SUPERSCRIPTS[c]}, elementwise .^{_SUPERSCRIPTS[c]}.", source=source)  # fmt: skip
    if c in _GREEK:
        return problem("E103", "Greek letters are spelled out in the text language.", span,
                       help=f"Write {_GREEK[c]}.", source=source)  # fmt: skip
    if c == ".":
        help = "The transpose is written with a prime: X'." if source[at + 1 : at + 2] in ("T", "'") else \
            "The elementwise operators are .* ./ .^ .+ .-"  # fmt: skip
        span = Span(at, min(at + 2, len(source)))
        return problem("E103", "A dot without an operator.", span, help=help, source=source)
    return problem("E103", f"The character {_shown(c)} is not part of the text language.", span, source=source)


def _shown(c: str) -> str:
    """The character itself if it can be printed safely, and its code point."""
    code = f"U+{ord(c):04X}"
    return f"{c} ({code})" if c.isprintable() and c.isascii() else code
