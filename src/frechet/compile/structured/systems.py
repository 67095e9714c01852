"""Newton systems whose matrix is a Kronecker product, a sum of two, or of a product and a multiple of the identity.

The sums are diagonal in the eigenvectors of their sides. With A2, B2 positive definite, A1 P = A2 P diag(a) and
B1 Q = B2 Q diag(b) with P'*A2*P = I = Q'*B2*Q, the solution of A1*X*B1 + A2*X*B2 = G is P*((P'*G*Q) ./ (a*b' + 1))*Q'
(Golub and Van Loan, Matrix Computations, 4th ed., sections 8.7 and 12.3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from frechet.compile.structured.operators import Part, multiple_of_identity
from frechet.compile.write import Writer
from frechet.core.ein import ein, is_symmetric, scale, split_coef, transpose
from frechet.core.node import Add, Call, Node, Number
from frechet.core.numbers import divide

Arrays = Callable[[Sequence[Node | None]], list[str]]


def one_product(arrays: Arrays, writer: Writer, parts: Sequence[Part], gradient: Node) -> str:
    """The expression of X with A X B' = G, or with A X' B' = G, for square A and B; or nothing."""
    if [p.kind for p in parts] not in (["Kronecker"], ["Swapped"]) or gradient.order != 2:
        return ""
    (part,) = parts
    swapped = part.kind == "Swapped"
    if swapped and gradient.dims[0] != gradient.dims[1]:
        return ""
    sides = list(part.nodes)
    for k, side in enumerate(sides):
        inner = _inverted(side)
        if inner is not None:
            idx, out = ((2, 0), (2, 1)) if k == 0 else ((2, 1), (0, 2))
            dims = {0: gradient.dims[0], 1: gradient.dims[1], 2: gradient.dims[k]}
            gradient, sides[k] = ein(1, [(inner, idx, 1), (gradient, (0, 1), 1)], out, dims), None
    A, B, g = arrays([*sides, gradient])
    step = writer.helper("newton_step") if A or B else ""
    flags = ["" if n is None or is_symmetric(n) else ", symmetric=False" for n in sides]
    if A:
        g = f"{step}({A}, {g}{flags[0]})"
    if B:
        return f"{step}({B}, {g}.T{flags[1]}){'' if swapped else '.T'}"
    return f"{g}.T" if swapped else g


def _inverted(side: Node | None) -> Node | None:
    """M where the side of a product is inv(M), up to a number."""
    if side is None:
        return None
    c, core = split_coef(side)
    for node, turned in ((core, False), (transpose(core), True)):
        if isinstance(node, Call) and node.operation.name == "inv":
            inner = node.children[0]
            return scale(transpose(inner) if turned else inner, divide(1, c))
    return None


def normal_equations(arrays: Arrays, writer: Writer, parts: Sequence[Part], gradient: Node) -> str:
    """The expression of X with L'(L(X)) = G for L(X) = A*X + X*B, whose Hessian is A'*A and B*B' on their sides and
    products of A and B; or nothing."""
    alone = [p for p in parts if p.kind == "Kronecker" and None in p.nodes]
    products = [p for p in parts if p.kind == "Kronecker" and None not in p.nodes]
    if writer.backend != "numpy" or len(alone) != 2 or len(alone) + len(products) != len(parts):
        return ""
    left, right = (next((p.nodes[k] for p in alone if p.nodes[1 - k] is None), None) for k in range(2))
    if left is None or right is None:
        return ""
    (s, S), (t, T) = split_coef(left), split_coef(right)
    for c, A, B in _crossed(products):
        if S is _square(A, 0) and T is _square(B, 1) and c * c == s * t:
            a, b, g = arrays([A, scale(B, divide(c, s)), scale(gradient, divide(1, s))])
            return f"{writer.helper('normal_solve')}({a}, {b}, {g})"
    return ""


def _crossed(products: Sequence[Part]) -> list[tuple[Number, Node, Node]]:
    """c, A, B of products that are c*(kron(A, B) + kron(A', B'))."""
    sides = [tuple(split_coef(n) for n in p.nodes if n is not None) for p in products]
    if len(sides) == 2:
        ((a, A), (b, B)), ((c, C), (d, D)) = sides
        return [(a * b, A, B), (a * b, C, D)] if a * b == c * d and C is transpose(A) and D is transpose(B) else []
    if len(sides) != 1:
        return []
    (a, A), (b, B) = sides[0]
    if is_symmetric(A) and is_symmetric(B):
        half = _half(A), _half(B)
        found = [(divide(a * b, 2), A, B)]
        found += [(a * b * half[0][0], half[0][1], B)] if half[0] else []
        return found + ([(a * b * half[1][0], A, half[1][1])] if half[1] else [])
    return []


def _half(A: Node) -> tuple[Number, Node] | None:
    """c, B of A = c*(B + B')."""
    if not isinstance(A, Add) or len(A.terms) != 2:
        return None
    (c, B), (d, C) = A.terms
    return (c, B) if c == d and C is transpose(B) else None


def _square(A: Node, side: int) -> Node:
    """A'*A, or A*A' for side 1."""
    n = A.dims[0]
    idx = [(A, (2, 0), 1), (A, (2, 1), 1)] if side == 0 else [(A, (0, 2), 1), (A, (1, 2), 1)]
    return ein(1, idx, (0, 1), {0: n, 1: n, 2: n})


def two_products(arrays: Arrays, writer: Writer, parts: Sequence[Part], gradient: Node) -> str:
    """The expression of solve(H, g), or nothing where H is no such sum."""
    kinds = sorted(p.kind for p in parts)
    if gradient.order != 2:
        return ""
    if not all(is_symmetric(n) for p in parts if p.kind != "Diagonal" for n in p.nodes if n is not None):
        return ""
    if kinds == ["Diagonal", "Kronecker"]:
        product, diagonal = sorted(parts, key=lambda p: p.kind == "Diagonal")
        number = multiple_of_identity(diagonal)
        if number is None or None in product.nodes:
            return ""
        A, B, c, g = arrays([*product.nodes, number, gradient])
        return f"{writer.helper('shifted_solve')}({A}, {B}, {c}, {g})"
    if kinds in (["Kronecker"] * 2, ["Swapped"] * 2) and writer.backend == "numpy":
        square = gradient.dims[0] == gradient.dims[1]
        if kinds[0] == "Swapped" and not square:
            return ""
        first, second = parts
        *sides, g = arrays([*first.nodes, *second.nodes, gradient])
        turned = ".T" if kinds[0] == "Swapped" else ""
        return f"{writer.helper('pencil_solve')}({', '.join(s or 'None' for s in sides)}, {g}){turned}"
    return ""
