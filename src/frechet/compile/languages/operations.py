"""Operations whose code depends on what stands around them: an inverse beside a vector, a trace of a product.

The other operations need no rule here: the template of their record is their code.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from frechet.compile.languages.code import Code
from frechet.compile.languages.emit import CallRule, Emitter, Values, div, hadamard, settled, times, transpose
from frechet.compile.languages.product import Factor, Product
from frechet.core.dims import Size
from frechet.language.tree import INFIX, Tree


def _eye(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    return Product(factors=(Factor("eye", e.size(sizes[0]), True, True),))


def _constant(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    """ones, zeros, vector(c), matrix(c): a scalar times ones."""
    scale = settled(e, args[0]) if args else Product(Fraction(tree.name == "ones"))
    sides = [(tree.typed.rows, True), (tree.typed.cols, False)]
    ones = tuple(Factor("ones", e.size(s), column, not column) for s, column in sides if s)
    return scale._replace(factors=ones)


def _diag(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    p = args[0]
    if not tree.args[0].typed.is_matrix:
        outside, inside = p._replace(factors=()), Product(factors=p.factors)
        return times(outside, Product(factors=(Factor("diag", e.close(inside), True, True),)))
    matrices = [f for f in p.factors if f.kind == "plain" and f.is_matrix]
    if len(matrices) == len(p.factors) > 1:
        rest = e.chains.chain(matrices[1:])
        code = e.book.word("product_diagonal", matrices[0].code, rest, ndim=1)
        return times(p._replace(factors=()), e.finished(tree, code))
    if len(p.factors) == 1 and p.factors[0].kind == "diag":
        return times(p._replace(factors=()), e.finished(tree, p.factors[0].code))
    return e.finished(tree, e.book.function("diag", e.close(p), ndim=1))


def _tr(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    p = args[0]
    outside = p._replace(factors=())
    chain = list(p.factors)
    cut = next((i for i, f in enumerate(chain) if not f.rows), None)
    if cut is not None:
        # tr(A*x*y'*B) = y'*B*A*x
        return times(outside, e.finished(tree, e.chains.chain(chain[cut:] + chain[:cut])))
    if len(chain) > 1 and all(f.kind == "plain" for f in chain):
        left, right = e.book.transpose(chain[0].code), e.chains.chain(chain[1:])
        if left.op == right.op == "T":
            left, right = left.args[0], right.args[0]
        return times(outside, e.finished(tree, e.book.total(e.book.mul(left, right))))
    if len(chain) == 1 and chain[0].kind == "diag":
        return times(outside, e.finished(tree, e.book.total(chain[0].code)))
    body = e.close(Product(factors=p.factors))
    return times(outside, e.finished(tree, e.book.function("tr", body, ndim=0)))


def _inv(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    p = args[0]
    if len(p.factors) == 1 and p.factors[0].kind == "diag" and not (p.scalars or p.below):
        vector = e.book.div(e.book.number(1), p.factors[0].code)
        return Product(1 / p.coef, factors=(Factor("diag", vector, True, True),))
    if p.is_scalar:
        return div(e, tree, [Product(), p])
    return Product(factors=(Factor("inv", e.close(p), True, True),))


def _solve(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    return times(_inv(e, tree, args[:1], []), settled(e, args[1]))


def _total(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    """sum(X), sum(X, 1), sum(X, 2)."""
    p = args[0]
    outside, body = p._replace(factors=()), Product(factors=p.factors)
    if p.is_scalar:
        return p
    if sizes:
        code = e.book.word("column_sums" if sizes[0][0] == 1 else "row_sums", e.close(body), ndim=1)
        return times(outside, e.finished(tree, code))
    if all(f.kind == "ones" for f in p.factors):
        return times(outside, Product(scalars=tuple(f.code for f in p.factors)))
    return times(outside, e.finished(tree, e.book.total(e.close(body))))


def _outer(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    """outer(x, y) = x*y', dot(x, y) = x'*y."""
    x, y = args
    if tree.name == "outer":
        return times(x, transpose(e, tree, [y]))
    return settled(e, times(transpose(e, tree, [x]), y))


def _same(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    return hadamard(e, tree, args)


def _log(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    return e.finished(tree, e.book.log(e.close(args[0])))


def _vec(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    """Column-major, in words every library understands."""
    code = e.close(args[0])
    if code.ndim < 2:
        return e.finished(tree, code)
    return e.finished(tree, e.book.word("vec", code if e.language.dotted else e.book.transpose(code), ndim=1))


def _mat(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    m, n = (e.size(s) for s in sizes)
    square = e.book.word("mat", e.close(args[0]), *((m, n) if e.language.dotted else (n, m)), ndim=2)
    return e.finished(tree, square if e.language.dotted else e.book.transpose(square))


def _kron(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    sides = [a.typed for a in tree.args]
    flat = all(s.is_column for s in sides) or all(s.is_row for s in sides)
    codes = []
    for p, s in zip(args, sides, strict=True):
        code = e.close(p)
        if not flat and s.is_column:
            code = e.book.column(code)
        elif not flat and s.is_row:
            code = e.book.row(code)
        codes.append(code)
    if any(s.is_scalar for s in sides):
        return times(settled(e, args[0]), settled(e, args[1]))
    ndim = bool(tree.typed.rows) + bool(tree.typed.cols)
    return e.finished(tree, e.book.function("kron", *codes, ndim=ndim))


def _commutation(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    m, n = (e.size(s) for s in sizes)
    count = e.size((*sizes[0], *sizes[1]))
    return e.finished(tree, e.book.word("commutation", m, n, count, ndim=2))


def _choice(e: Emitter, tree: Tree, args: Values, sizes: Sequence[Size]) -> Product:
    """np.where(x > 0, a, b): the comparisons as they are, not their 0 and 1."""
    first, second = e.entrywise(args[1:])
    test, parts = _test(e, tree.args[0], 2)
    ndim = bool(tree.typed.rows) + bool(tree.typed.cols)
    template = e.language.word("choice").replace("TEST", test)
    return e.finished(tree, e.book.call(template, first, second, *parts, ndim=ndim))


def _test(e: Emitter, tree: Tree, start: int) -> tuple[str, list[Code]]:
    """A condition as a template, its places counted from `start`, and what fills them."""
    if tree.kind != "call" or tree.name not in INFIX:
        return f"{{{start}}} {e.language.relation('ne')} 0", [e.code(tree)]
    sign = e.language.relation(tree.name)
    if tree.name in ("and", "or"):
        left, some = _test(e, tree.args[0], start)
        right, more = _test(e, tree.args[1], start + len(some))
        return f"({left}) {sign} ({right})", some + more
    a, b = (e.code(t) for t in tree.args)
    return f"{{{start}}} {sign} {{{start + 1}}}", [a, b]


CALLS: dict[str, CallRule] = {
    "where": _choice,
    "eye": _eye, "ones": _constant, "zeros": _constant, "vector": _constant, "matrix": _constant, "diag": _diag,
    "tr": _tr, "inv": _inv, "solve": _solve, "sum": _total, "outer": _outer, "dot": _outer, "hadamard": _same,
    "log": _log, "vec": _vec, "mat": _mat, "kron": _kron, "commutation": _commutation,
}  # fmt: skip
