"""What the user reads when something is refused: one Diagnostic, whatever room it comes from.

The exception tree::

    FrechetError                 everything frechet refuses; carries a .diagnostic
      SyntaxProblem              the text cannot be read                            E1xx
      NameProblem                an unknown, clashing or badly declared name        E2xx
      ShapeProblem               sizes that do not fit                              E3xx
      ValueProblem               a number or a limit that makes no sense            E4xx
      DerivativeProblem          a derivative that cannot be asked for              E5xx
      VerificationError          an answer that failed its own numeric check        E6xx

Codes are listed in `CODES` with the page that `frechet explain CODE` shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of character offsets into the text the user typed."""

    start: int
    end: int

    def cover(self, other: Span | None) -> Span:
        """The smallest span that holds both."""
        return self if other is None else Span(min(self.start, other.start), max(self.end, other.end))


CODES: dict[str, str] = {
    "E100": "The text cannot be read as a formula.",
    "E101": "Parentheses or brackets do not match.",
    "E102": "An operand is missing: two operators in a row, or an operator at an end.",
    "E103": "A character or sign that is not part of the text language.",
    "E104": "A number that is not written as a number.",
    "E105": "The text is empty.",
    "E106": "A function is used without parentheses, or something else is called like a function.",
    "E107": "A function got the wrong number or kind of arguments.",
    "E108": "A statement where an expression is expected (an equation, an assignment, code).",
    "E200": "A name that is neither a declared variable, a size nor a function.",
    "E201": "A declaration that cannot be understood.",
    "E202": "A name that is not allowed for a variable.",
    "E203": "A fact or a domain word that is not known, or does not fit the variable.",
    "E300": "The sizes of the two operands do not fit.",
    "E301": "A square matrix is needed here.",
    "E302": "An index outside the sizes of what it points into.",
    "E303": "An operand of another kind is needed: a scalar, a vector or a matrix.",
    "E304": "A size that cannot be known from the formula.",
    "E305": "An array that does not have the declared shape.",
    "E400": "A value for which the operation is not defined, such as a division by zero.",
    "E401": "A number beyond what can be computed with.",
    "E402": "An expression too large or too deep to be worked on.",
    "E500": "Nothing, or something that is no variable, was given to differentiate by.",
    "E501": "A gradient was asked for, but the function is not scalar.",
    "E502": "A variable declared constant cannot be differentiated by.",
    "E503": "No derivative rule for this operation.",
    "E504": "This result has no such form.",
    "E505": "An option of the request that is not known.",
    "E506": "A picture that cannot be drawn or written.",
    "E507": "Not offered for functions of complex variables.",
    "E600": "The answer failed its own numeric check and is not shown.",
    "E601": "No point could be drawn where the function and its derivative exist.",
}


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: a code, a sentence, where it is, and how to mend it.

    `notes` point at further places, for example the second operand of a shape clash.
    """

    code: str
    message: str
    span: Span | None = None
    help: str = ""
    source: str = ""
    notes: tuple[tuple[Span, str], ...] = field(default=())

    def render(self) -> str:
        """Plain text with the source line and a caret under each place."""
        lines = [f"error[{self.code}]: {_printable(self.message)}"]
        marks = [] if self.span is None else [(self.span, "")]
        for span, text in [*marks, *self.notes]:
            lines += self._marked(span, text)
        if self.help:
            lines.append(f"help: {_printable(self.help)}")
        return "\n".join(lines)

    def _marked(self, span: Span, text: str) -> list[str]:
        """The source line (a window of it, if it is long) and its caret line."""
        line_start = self.source.rfind("\n", 0, span.start) + 1
        line_end = self.source.find("\n", span.start)
        line = self.source[line_start : len(self.source) if line_end < 0 else line_end]
        at = span.start - line_start
        width = max(1, min(span.end, line_start + len(line)) - span.start)
        left = max(0, at - 50)
        window = line[left : left + 100]
        caret = "^" * max(1, min(width, len(window) - (at - left)))
        note = f" {_printable(text)}" if text else ""
        return ["  " + _printable(window), "  " + " " * (at - left) + caret + note]

    def to_json(self) -> dict[str, Any]:
        """The same facts for programs and editors (offsets count characters from 0)."""
        place = None if self.span is None else [self.span.start, self.span.end]
        notes = [{"span": [s.start, s.end], "message": m} for s, m in self.notes]
        return {
            "code": self.code, "message": self.message, "span": place, "help": self.help,
            "source": self.source, "notes": notes,
        }  # fmt: skip


def _printable(text: str) -> str:
    """Control characters, bidirectional overrides and surrogates as escapes: an error must be safe to print."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode("ascii") for c in text)


class FrechetError(Exception):
    """Base of everything frechet refuses. `diagnostic` says what, where and how to mend it."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.render())
        self.diagnostic = diagnostic


class SyntaxProblem(FrechetError):
    """The text cannot be read."""


class NameProblem(FrechetError):
    """An unknown, clashing or badly declared name."""


class ShapeProblem(FrechetError):
    """Sizes that do not fit."""


class ValueProblem(FrechetError):
    """A number or a limit that makes no sense."""


class DerivativeProblem(FrechetError):
    """A derivative that cannot be asked for."""


class VerificationError(FrechetError):
    """An answer that failed its own numeric check."""


_CLASS_OF = {"1": SyntaxProblem, "2": NameProblem, "3": ShapeProblem,
             "4": ValueProblem, "5": DerivativeProblem, "6": VerificationError}  # fmt: skip


def problem(
    code: str,
    message: str,
    span: Span | None = None,
    *,
    help: str = "",
    source: str = "",
    notes: tuple[tuple[Span, str], ...] = (),
) -> FrechetError:
    """The exception that belongs to `code`, ready to raise."""
    return _CLASS_OF[code[1]](Diagnostic(code, message, span, help, source, notes))


def located(error: FrechetError, source: str) -> FrechetError:
    """The same error with the source text filled in, for rooms that know only spans."""
    d = error.diagnostic
    if d.source:
        return error
    return type(error)(Diagnostic(d.code, d.message, d.span, d.help, source, d.notes))
