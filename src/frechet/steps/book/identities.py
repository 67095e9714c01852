"""The table of identities: derivatives that are known by heart. Each is (formula, variable, derivative), checked by the
tests."""

from __future__ import annotations

from frechet.steps.book.rule import Rule

TABLE: dict[str, tuple[str, str, str]] = {
    "R-table-constant": ("b", "x", "zeros(m, n)"),
    "R-table-linear": ("c'*x", "x", "c"),
    "R-table-affine": ("A*x + b", "x", "A"),
    "R-table-square": ("norm2(x)^2", "x", "2*x"),
    "R-table-quadratic": ("x'*A*x", "x", "(A + A')*x"),
    "R-table-residual": ("norm2(A*x + b)^2", "x", "2*A'*(A*x + b)"),
    "R-table-two-affine": ("(A*x + b)'*(C*D*x + e)", "x", "D'*C'*(A*x + b) + A'*(C*D*x + e)"),
    "R-table-weighted": ("(A*x - b)'*W*(A*x - b)", "x", "A'*(W + W')*(A*x - b)"),
    "R-table-outer": ("a'*X*X'*b", "X", "(a*b' + b*a')*X"),
    "R-table-distance": ("norm2(x - a)", "x", "(x - a)/norm2(x - a)"),
    "R-table-trace": ("tr(A*X*B)", "X", "A'*B'"),
    "R-table-inverse": ("a'*inv(X)*b", "X", "-inv(X)'*a*b'*inv(X)'"),
    "R-table-logdet": ("logdet(X)", "X", "inv(X)'"),
    "R-table-det": ("det(X)", "X", "det(X)*inv(X)'"),
}  # fmt: skip
_NAMES = {
    "R-table-constant": ("a constant", "Nothing moves."),
    "R-table-linear": ("a linear function", "d(c'*x) = c'*dx."),
    "R-table-affine": ("an affine map", "d(A*x + b) = A*dx."),
    "R-table-square": ("the squared length", "d(x'*x) = 2*x'*dx."),
    "R-table-quadratic": ("a quadratic form", "dx'*A*x + x'*A*dx = x'*(A + A')*dx; 2*A*x for symmetric A."),
    "R-table-residual": ("a squared residual", "2*u'*du with u = A*x + b, du = A*dx."),
    "R-table-two-affine": ("two affine maps", "The product rule: (A*dx)'*v + u'*C*D*dx."),
    "R-table-weighted": ("a weighted residual", "u'*(W + W')*du with du = A*dx; 2*A'*W*u for symmetric W."),
    "R-table-outer": ("a bilinear form of X*X'", "a'*dX*X'*b + a'*X*dX'*b, and the trace turns."),
    "R-table-distance": ("the distance to a point", "d(norm2(u)) = u'*du/norm2(u) with u = x - a."),
    "R-table-trace": ("a linear function of a matrix", "tr(A*dX*B) = tr(B*A*dX)."),
    "R-table-inverse": ("a bilinear form of the inverse", "-a'*inv(X)*dX*inv(X)*b, and the trace turns."),
    "R-table-logdet": ("the logarithm of a determinant", "tr(inv(X)*dX)."),
    "R-table-det": ("a determinant", "det(X)*tr(inv(X)*dX)."),
}
RULES = tuple(
    Rule(id, f"identity: {name}", f"the derivative of {f} by {x} is {answer}", f"The derivative of {name}, by heart.",
         proof=why, example=f"the derivative of {f} by {x} is {answer}")
    for id, (f, x, answer) in TABLE.items() for name, why in (_NAMES[id],)
)  # fmt: skip
