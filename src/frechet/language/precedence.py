"""How tightly each construction binds: the ONE table that the parser and all printers read.

A higher level binds tighter. Everything binary reads left to right, powers included: `a^b^c` is `(a^b)^c`.
The postfix signs (`'`, `[...]`, and `^ .^` with their bare exponent) share one level and read left to right,
so `u.^2'` is `(u.^2)'`. Unary minus stands between `+` and `*`: `-a*b` is `-(a*b)`, `-x^2` is `-(x^2)`. Comparisons
bind looser than sums and do not chain; `&` and then `|` are looser still.
"""

from __future__ import annotations

from frechet.language.tree import BINARY, INFIX, Tree

ARROW = 0
WHERE = 1
EITHER = 2
BOTH = 3
COMPARISON = 4
SUM = 5
NEGATION = 6
PRODUCT = 7
POSTFIX = 8
ATOM = 9

LEVEL: dict[str, int] = {
    "arrow": ARROW, "where": WHERE,
    "add": SUM, "sub": SUM, "dotadd": SUM, "dotsub": SUM,
    "neg": NEGATION,
    "mul": PRODUCT, "div": PRODUCT, "dotmul": PRODUCT, "dotdiv": PRODUCT,
    "pow": POSTFIX, "dotpow": POSTFIX, "transpose": POSTFIX, "index": POSTFIX,
    "number": ATOM, "name": ATOM, "size": ATOM, "call": ATOM, "matrix": ATOM,
}  # fmt: skip

INFIX_LEVEL = {name: {"or": EITHER, "and": BOTH}.get(name, COMPARISON) for name in INFIX}
"""Comparisons are calls that are written between their arguments."""

KIND_OF_SIGN: dict[str, str] = {sign: kind for kind, sign in (*BINARY.items(), *INFIX.items())}
"""`+` -> "add" and so on: the parser's view of the binary signs."""


def binding(tree: Tree) -> int:
    """How tightly a tree binds as it is written."""
    return INFIX_LEVEL.get(tree.name, ATOM) if tree.kind == "call" else LEVEL[tree.kind]
