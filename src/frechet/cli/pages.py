"""What `frechet explain` shows: the meaning of a code, and an example that is run on the spot."""

from __future__ import annotations

import difflib

from frechet.core.errors import CODES, problem

# A command that ends in the error, and the same without it. Run by the tests, so they stay true.
EXAMPLES: dict[str, tuple[str, str]] = {
    "E100": ("diff 'x where' --wrt x", 'diff "s\'*s where s = 2*x" --wrt x'),
    "E101": ("diff 'sum(exp(x)' --wrt x", "diff 'sum(exp(x))' --wrt x"),
    "E102": ('diff "x\'*/x" --wrt x', 'diff "x\'*x" --wrt x'),
    "E103": ("diff 'x@x' --wrt x", 'diff "x\'*x" --wrt x'),
    "E104": ("diff '1e*sum(x)' --wrt x", "diff '1e3*sum(x)' --wrt x"),
    "E105": ("diff '' --wrt x", "diff 'sum(x)' --wrt x"),
    "E106": ("diff 'exp x' --wrt x", "diff 'exp(x)' --wrt x"),
    "E107": ("diff 'exp(x, y)' --wrt x", "diff 'exp(x)' --wrt x"),
    "E108": ('diff "x\'*x == 1" --wrt x', 'diff "x\'*x - 1" --wrt x'),
    "E200": ("diff 'sum(x)' --wrt x --fact y:positive --var x:n", "diff 'sum(x)' --wrt x --fact x:positive"),
    "E201": ("diff 'sum(x)' --wrt x --var x:n,m,k", "diff 'sum(x)' --wrt x --var x:n,m"),
    "E202": ("diff 'sum(x)' --wrt x --var exp:n", "diff 'sum(x)' --wrt x --var e:n"),
    "E203": ("diff 'sum(x)' --wrt x --domain x:nice", "diff 'sum(x)' --wrt x --domain x:positive"),
    "E300": ("diff 'A*x + y' --wrt x --var A:m,n --var x:n --var y:n", "diff 'A*x + y' --wrt x"),
    "E301": ("diff 'det(A)' --wrt A --var A:m,n", 'diff "det(A\'*A)" --wrt A --var A:m,n'),
    "E302": ("diff 'x[5]' --wrt x --var x:4", "diff 'x[4]' --wrt x --var x:4"),
    "E303": ("diff 'x/y' --wrt x --var x:n --var y:n", "diff 'x./y' --wrt x --var x:n --var y:n"),
    "E304": ("diff 'sum(vector(1))*c' --wrt c --var c", "diff 'sum(ones(3))*c' --wrt c --var c"),
    "E400": ("diff 'x/0' --wrt x --var x", "diff 'x/2' --wrt x --var x"),
    "E401": ("diff '1e999*sum(x)' --wrt x", "diff '1e9*sum(x)' --wrt x"),
    "E402": ("diff 'tr(S^100000000)' --wrt S --var S:n,n", "diff 'tr(S^3)' --wrt S --var S:n,n"),
    "E500": ('diff "x\'*x" --wrt z', 'diff "x\'*x" --wrt x'),
    "E501": ("diff 'A*x' --wrt x --kind gradient", "diff 'A*x' --wrt x"),
    "E502": ("diff 'c*sum(x)' --wrt c --fact c:constant", "diff 'c*sum(x)' --wrt x --fact c:constant"),
    "E504": ("diff 'A*X*x' --wrt X --wrt X --wrt x --form closed", "diff 'A*X*x' --wrt X --form operator"),
    "E507": ('diff "z\'*z" --wrt z --fact z:complex --kind hessian', 'diff "z\'*z" --wrt z --fact z:complex'),
}


def sentence(code: str) -> str:
    """The meaning of a code; E505 for one that does not exist."""
    known = code.strip().upper()
    if known not in CODES:
        near = difflib.get_close_matches(known, CODES, 1)
        kinds = "Codes look like E300 (docs/errors.md lists them), rules like R-chain (frechet explain lists them)."
        raise problem("E505", f"There is no error {code!r}.", help=f"Did you mean {near[0]}?" if near else kinds)
    return f"{known}  {CODES[known]}"
