"""Known mistakes of writing, each with the help that mends it."""

from __future__ import annotations

from collections.abc import Sequence

from frechet.core.errors import FrechetError, Span, problem
from frechet.language.tokens import Token
from frechet.ops.op import REGISTRY

CODE_WORDS = frozenset({"def", "import", "from", "if", "else", "return", "for", "while", "class", "and", "or", "not",
                        "in", "function", "let", "var", "print", "del", "assert"})  # fmt: skip


def missing_operand(tokens: Sequence[Token], at: int, inside: str) -> FrechetError:
    """An operand was expected, `tokens[at]` came; `inside` is the construction it should have been part of."""
    token = tokens[at]
    before = tokens[at - 1] if at else None
    if token.text == "'":
        return problem("E102", "A prime stands after what it transposes; strings do not exist.", token.span,
                       help="Write x' for the transpose of x.")  # fmt: skip
    if token.text == "|":
        return problem("E103", "Bars are not part of the text language.", token.span,
                       help="Write norm2(x), abs(x) or det(X); a | b is `or` between comparisons.")  # fmt: skip
    if token.kind == "end":
        if before is not None and before.kind == "open":
            return unbalanced(before, None)
        assert before is not None
        return problem("E102", f"The text ends after {before.text!r}; an operand is missing.", before.span)
    if before is not None and before.text == "(" and token.text == ")":
        if inside == "call":
            return problem("E107", "This call has no arguments.", Span(tokens[at - 2].start, token.end))
        return problem("E102", "There is nothing between the parentheses.", Span(before.start, token.end))
    if token.kind == "close" and inside == "":
        return unbalanced(None, token)
    if token.text in ("=", ":") or token.kind == "punctuation":
        return stray(token)
    if before is None or before.kind == "open":
        return problem("E102", f"An operand is missing before {token.text!r}.", token.span)
    return problem("E102", f"An operand is missing between {before.text!r} and {token.text!r}.",
                   Span(before.start, token.end))  # fmt: skip


def side_by_side(tokens: Sequence[Token], at: int, name: str = "") -> FrechetError:
    """Two operands with no operator between them; `name` is the one before if it is a bare name."""
    token, before = tokens[at], tokens[at - 1]
    name = name or (before.text if before.kind == "name" else "")
    span = Span(before.start, token.end)
    if name in REGISTRY:
        inner = "x" if token.kind == "open" else token.text
        return problem("E106", f"The function {name} needs parentheses.", span, help=f"Write {name}({inner}).")
    if {before.text, token.text} & CODE_WORDS:
        return problem("E108", "Code is not part of the text language.", span, help="Write only the formula.")
    left = before.text.rstrip(".") if before.kind in ("number", "name") else ""
    right = token.text if token.kind in ("number", "name") else "(...)"
    product = f"Write {left}*{right}" if left else f"Write *{right}"
    help = f"{product} for a product; entries of a matrix are separated by commas."
    return problem("E100", "An operator is missing between these two.", span, help=help)


def stray(token: Token, help: str = "") -> FrechetError:
    """A sign that has no place here."""
    if token.text == "=":
        return problem("E108", "An equation or assignment is not an expression.", token.span,
                       help="Write only the function; shared parts are named with `e where s = ...`.")  # fmt: skip
    if token.text == "->":
        help = help or "Left of -> stands the name of a direction: dX -> A*dX*B."
    if token.text == ":":
        help = help or "A colon stands in an index only: X[:,1]."
    return problem("E100", f"{token.text!r} has no place here.", token.span, help=help)


def unbalanced(opening: Token | None, closing: Token | None) -> FrechetError:
    """An opening bracket without its end, a closing one without its beginning, or two that do not match."""
    if opening is None:
        assert closing is not None
        return problem("E101", f"{closing.text!r} closes nothing.", closing.span)
    sign = opening.text if opening.kind == "open" else f"{opening.text}("
    if closing is None:
        return problem("E101", f"{sign!r} is never closed.", opening.span)
    return problem("E101", f"{sign!r} is closed by {closing.text!r}.", closing.span,
                   notes=((opening.span, "opened here"),))  # fmt: skip
