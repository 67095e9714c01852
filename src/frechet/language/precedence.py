"""How tightly each construction binds: the ONE table that the parser and all printers read.

A higher level binds tighter. Everything binary reads left to right, powers included: `a^b^c` is `(a^b)^c`.
The postfix signs (`'`, `[...]`, and `^ .^` with their bare exponent) share one level and read left to right,
so `u.^2'` is `(u.^2)'`. Unary minus stands between `+` and `*`: `-a*b` is `-(a*b)`, `-x^2` is `-(x^2)`.
"""

from __future__ import annotations

from frechet.language.tree import BINARY

ARROW = 0
WHERE = 1
SUM = 2
NEGATION = 3
PRODUCT = 4
POSTFIX = 5
ATOM = 6

LEVEL: dict[str, int] = {
    "arrow": ARROW, "where": WHERE,
    "add": SUM, "sub": SUM, "dotadd": SUM, "dotsub": SUM,
    "neg": NEGATION,
    "mul": PRODUCT, "div": PRODUCT, "dotmul": PRODUCT, "dotdiv": PRODUCT,
    "pow": POSTFIX, "dotpow": POSTFIX, "transpose": POSTFIX, "index": POSTFIX,
    "number": ATOM, "name": ATOM, "size": ATOM, "call": ATOM, "matrix": ATOM,
}  # fmt: skip

KIND_OF_SIGN: dict[str, str] = {sign: kind for kind, sign in BINARY.items()}
"""`+` -> "add" and so on: the parser's view of the binary signs."""
