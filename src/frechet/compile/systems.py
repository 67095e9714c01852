"""Newton systems whose matrix is a Kronecker product, a sum of two, or of a product and a multiple of the identity.

The sums are diagonal in the eigenvectors of their sides. With A2, B2 positive definite, A1 P = A2 P diag(a) and
B1 Q = B2 Q diag(b) with P'*A2*P = I = Q'*B2*Q, the solution of A1*X*B1 + A2*X*B2 = G is P*((P'*G*Q) ./ (a*b' + 1))*Q'
(Golub and Van Loan, Matrix Computations, 4th ed., sections 8.7 and 12.3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from frechet.compile.operators import Part, multiple_of_identity
from frechet.compile.write import Writer
from frechet.core.ein import ein, is_symmetric, scale, split_coef, transpose
from frechet.core.node import Call, Node
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
