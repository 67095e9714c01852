"""A typed Tree to array code: one rule for each construction, the operations by their record's template."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction

from frechet.compile.languages.code import Book, Code
from frechet.compile.languages.language import Language
from frechet.compile.languages.product import Chains, Factor, Product, plain
from frechet.core.dims import Size
from frechet.core.errors import problem
from frechet.language.scopes import Plan, make_plan
from frechet.language.tree import Tree
from frechet.ops.op import REGISTRY

CallRule = Callable[["Emitter", Tree, Sequence[Product], Sequence[Size]], Product]
"""(emitter, tree, values of the arguments, sizes among the arguments) -> value."""


class Emitter:
    """Walks a tree once and keeps a product for every subtree."""

    def __init__(
        self, language: Language, names: Mapping[str, str], symmetric: Collection[str], calls: Mapping[str, CallRule]
    ) -> None:
        """`names` are the spellings of variables, `symmetric` the variables that are; `calls` are the rules for
        operations whose code depends on what stands around them."""
        self.language = language
        self.calls = calls
        self.names = names
        self.symmetric = symmetric
        self.book = Book(language)
        self.chains = Chains(self.book)
        self.values: dict[int, Product] = {}
        self.directions: list[str] = []
        self.plan = Plan()

    def run(self, root: Tree) -> Code:
        self.plan = make_plan(root, ())
        for tree in self.plan.order:
            self.values[id(tree)] = self._visit(tree)
            if tree.kind == "where":
                self._hint(tree)
        return self.close(self.values[id(root)])

    def close(self, p: Product) -> Code:
        return self.chains.close(p)

    def code(self, tree: Tree) -> Code:
        return self.close(self.values[id(tree)])

    def size(self, dims: Size) -> Code:
        """The number of entries along a side."""
        product = Product()
        for d in dims:
            part = Product(Fraction(d)) if isinstance(d, int) else Product(scalars=(self.book.make("size", text=d),))
            product = times(product, part)
        return self.close(product)

    def _hint(self, where: Tree) -> None:
        """The user's names for shared parts become local variables."""
        for name, definition in zip(where.value, where.args[1:], strict=True):
            self.book.hints.setdefault(self.code(definition), self.names.get(name, name))

    # -- constructions -------------------------------------------------------------------------------

    def _visit(self, tree: Tree) -> Product:
        kind = tree.kind
        if kind in _RULES:
            return _RULES[kind](self, tree, [self.values[id(a)] for a in tree.args])
        assert kind == "call", f"no rule for {kind}"
        skipped = self.plan.size_arguments.get(id(tree), frozenset())
        args = [self.values[id(a)] for i, a in enumerate(tree.args) if i not in skipped]
        sizes = [_dims(a) for i, a in enumerate(tree.args) if i in skipped]
        rule = self.calls.get(tree.name)
        if rule is not None:
            return rule(self, tree, args, sizes)
        return self._record(tree, args, sizes)

    def finished(self, tree: Tree, code: Code) -> Product:
        return plain(code, bool(tree.typed.rows), bool(tree.typed.cols))

    def _record(self, tree: Tree, args: Sequence[Product], sizes: Sequence[Size]) -> Product:
        """Any other operation, by its template."""
        codes = self.entrywise(args) if len(args) > 1 and REGISTRY[tree.name].kind == "elementwise" \
            else [self.close(a) for a in args]  # fmt: skip
        ndim = bool(tree.typed.rows) + bool(tree.typed.cols)
        if self.language.dotted and any(c.ndim == 2 for c in codes) and REGISTRY[tree.name].kind == "elementwise":
            codes = [self.book.row(c) if c.ndim == 1 else c for c in codes]
        # In every record, sizes come after the values.
        given = [*codes, *(self.size(s) for s in sizes)]
        entries = REGISTRY[tree.name].kind == "elementwise" and len(args) == 1
        return self.finished(tree, self.book.function(tree.name, *given, ndim=ndim,
                                                      symmetric=entries and given[0].symmetric))  # fmt: skip

    def entrywise(self, args: Sequence[Product]) -> list[Code]:
        """Operands of one shape as code: constants and the like broadcast, beside one that has the full shape."""
        spread = [self.chains.spread(a) for a in args]
        full = any(s is None and not a.is_scalar for a, s in zip(args, spread, strict=True))
        out: list[Code] = []
        for a, s in zip(args, spread, strict=True):
            out.append(self.close(a) if s is None or not full else s)
            full = full or not a.is_scalar
        return out


def _dims(tree: Tree) -> Size:
    """A size argument as a surface dimension."""
    if tree.kind == "mul":
        return _dims(tree.args[0]) + _dims(tree.args[1])
    return (int(tree.value),) if tree.kind == "number" else (tree.value if tree.kind == "size" else tree.name,)


Values = Sequence[Product]
Rule = Callable[[Emitter, Tree, Values], Product]


def _number(e: Emitter, tree: Tree, args: Values) -> Product:
    return Product(Fraction(tree.value))


def _size(e: Emitter, tree: Tree, args: Values) -> Product:
    dim = tree.value
    return Product(Fraction(dim)) if isinstance(dim, int) else Product(scalars=(e.book.make("size", text=dim),))


def _name(e: Emitter, tree: Tree, args: Values) -> Product:
    target = e.plan.bound.get(id(tree))
    if target is not None and not (target.kind == "arrow" and target.name == tree.name):
        p = e.values[id(target)]
        single = len(p.factors) == 1 and p.factors[0].kind != "plain"
        return p if single else e.finished(tree, e.close(p))
    ndim = bool(tree.typed.rows) + bool(tree.typed.cols)
    symmetric = ndim == 2 and tree.name in e.symmetric
    return e.finished(tree, e.book.make("name", text=e.names.get(tree.name, tree.name), ndim=ndim, symmetric=symmetric))


def _neg(e: Emitter, tree: Tree, args: Values) -> Product:
    return args[0].scaled(-1)


def transpose(e: Emitter, tree: Tree, args: Values) -> Product:
    flipped = tuple(_flip(e, f) for f in reversed(args[0].factors))
    return args[0]._replace(factors=flipped)


def _flip(e: Emitter, f: Factor) -> Factor:
    code = e.book.transpose(f.code) if f.kind in ("plain", "inv") and f.is_matrix else f.code
    return Factor(f.kind, code, f.cols, f.rows)


def _mul(e: Emitter, tree: Tree, args: Values) -> Product:
    return settled(e, times(*(settled(e, a) for a in args)))


def settled(e: Emitter, p: Product) -> Product:
    """A product whose scalars, such as x'*y, are closed; a scalar has no chain left then."""
    return e.chains.settled(p)


def times(a: Product, b: Product) -> Product:
    return Product(a.coef * b.coef, a.scalars + b.scalars, a.below + b.below, a.factors + b.factors)


def div(e: Emitter, tree: Tree, args: Values) -> Product:
    a, b = args[0], settled(e, args[1])
    if b.coef == 0:
        raise problem("E400", "Division by zero.", tree.span)
    a = settled(e, a)
    if a.is_scalar and not a.factors and not b.below and len(b.scalars) == 1 and len(a.scalars) == 1 and not a.below:
        # Stable forms such as exp(u)/(1 + exp(u)) are seen here.
        ratio = e.book.div(a.scalars[0], b.scalars[0])
        if ratio.op != "div":
            return Product(a.coef / b.coef, (ratio,))
    return Product(a.coef / b.coef, a.scalars + b.below, a.below + b.scalars, a.factors)


def _sum(e: Emitter, tree: Tree, args: Values) -> Product:
    a, b = args
    if tree.kind in ("sub", "dotsub"):
        b = b.scaled(-1)
    if not a.factors and not b.factors and not (a.scalars or b.scalars or a.below or b.below):
        return Product(a.coef + b.coef)
    if tree.kind in ("dotadd", "dotsub") and (a.rows, a.cols) != (b.rows, b.cols):
        x, y = (_broadcast(e, p, tree) for p in (a, b))
        return e.finished(tree, e.book.add(x, y))
    x, y = e.entrywise([a._replace(coef=abs(a.coef)), b._replace(coef=abs(b.coef))])
    if a.coef < 0 and b.coef < 0:
        return e.finished(tree, e.book.add(x, y)).scaled(-1)
    if b.coef < 0:
        return e.finished(tree, e.book.sub(x, y))
    return e.finished(tree, e.book.sub(y, x) if a.coef < 0 else e.book.add(x, y))


def _broadcast(e: Emitter, p: Product, tree: Tree) -> Code:
    """An operand of `.+`: a column beside a row or a matrix."""
    code = e.close(p)
    return e.book.column(code) if p.rows and not p.cols and tree.typed.is_matrix else code


def hadamard(e: Emitter, tree: Tree, args: Values) -> Product:
    a, b = (settled(e, p) for p in args)
    if a.is_scalar or b.is_scalar:
        return times(a, b)
    outside = times(a._replace(factors=()), b._replace(factors=()))
    for x, y in ((a, b), (b, a)):
        if all(f.kind == "ones" for f in x.factors):
            return outside._replace(factors=y.factors)
    left, right = e.entrywise([Product(factors=a.factors), Product(factors=b.factors)])
    return times(outside, e.finished(tree, e.book.mul(left, right)))


def _quotient(e: Emitter, tree: Tree, args: Values) -> Product:
    a, b = (settled(e, p) for p in args)
    if b.is_scalar:
        return div(e, tree, [a, b])
    if all(f.kind == "ones" for f in b.factors):
        return div(e, tree, [a, b._replace(factors=())])
    outside = Product(a.coef / b.coef, a.scalars + b.below, a.below + b.scalars)
    top = Product(factors=a.factors) if a.factors else Product()
    x, y = e.entrywise([top, Product(factors=b.factors)])
    return times(outside, e.finished(tree, e.book.div(x, y)))


def _power(e: Emitter, tree: Tree, args: Values) -> Product:
    base, exponent = args
    typed = tree.args[0].typed
    n = exponent.coef if not (exponent.scalars or exponent.below or exponent.factors) else None
    if tree.kind == "pow" and typed.is_matrix:
        if n is None:
            code = e.close(base)
            named = e.book.function("mpower", code, e.close(exponent), ndim=2, symmetric=code.symmetric)
            return e.finished(tree, named)
        return _matrix_power(e, tree, base, int(n))
    if n is None:
        x, y = e.entrywise([base, exponent])
        return e.finished(tree, e.book.make("pow", x, y, ndim=max(x.ndim, y.ndim)))
    squared = tree.args[0]
    if n == 2 and squared.kind == "call" and squared.name == "norm2":
        inner = e.values[id(squared.args[0])]
        code = e.close(inner._replace(coef=abs(inner.coef)))
        return e.finished(tree, e.book.total(e.book.power(code, 2)))
    if n < 0 and typed.is_scalar:
        return Product(below=(e.book.power(e.close(base), -n),))
    return e.finished(tree, e.book.power(e.close(base), n))


def _matrix_power(e: Emitter, tree: Tree, base: Product, n: int) -> Product:
    code = e.close(base)
    if n in (1, 2, 3):
        return Product(factors=(Factor("plain", code, True, True),) * n)
    if n == 0:
        return Product(factors=(Factor("eye", e.size(tree.typed.rows), True, True),))
    if n == -1:
        return Product(factors=(Factor("inv", code, True, True),))
    power = e.book.word("matrix_power", code, e.book.number(n), ndim=2, symmetric=code.symmetric)
    return e.finished(tree, power)


def _index(e: Emitter, tree: Tree, args: Values) -> Product:
    places = [":" if p is None else f"{p[0]}:{p[1]}" if isinstance(p, tuple) else str(p) for p in tree.value]
    p = args[0]
    numbers = [k for k in tree.value if isinstance(k, int)]
    if len(p.factors) == 1 and p.factors[0].kind == "eye" and len(numbers) == 1 and None in tree.value:
        at = e.book.number(numbers[0] if e.language.dotted else numbers[0] - 1)
        return times(p._replace(factors=()), e.finished(tree, e.book.word("unit", p.factors[0].code, at, ndim=1)))
    code = e.close(p)
    if len(places) == 2 and code.ndim == 1:
        places = [places[0] if tree.args[0].typed.rows else places[1]]
    if code.ndim == 0:
        return args[0]
    ndim = bool(tree.typed.rows) + bool(tree.typed.cols)
    return e.finished(tree, e.book.make("index", code, text=",".join(places), ndim=ndim))


def _matrix(e: Emitter, tree: Tree, args: Values) -> Product:
    """A matrix written out: entries, or blocks."""
    height, width = tree.value
    ndim = bool(tree.typed.rows) + bool(tree.typed.cols)
    codes = [_block(e, a, p, ndim) for a, p in zip(tree.args, args, strict=True)]
    arrays = any(c.ndim for c in codes)
    if ndim < 2 and arrays:
        return e.finished(tree, e.book.call(literal(e.language.word("stack"), 1, len(codes)), *codes, ndim=ndim))
    template = e.language.word("blocks" if arrays else "entries" if ndim == 2 else "vector")
    shape = (height, width) if ndim == 2 else (1, height * width)
    return e.finished(tree, e.book.call(literal(template, *shape), *codes, ndim=ndim))


def literal(template: str, height: int, width: int) -> str:
    """The template of a matrix written out, from "before | before a row | comma | after a row | semicolon | after"."""
    before, row, comma, end, semicolon, after = template.split("|")
    rows = [comma.join(f"{{{r * width + c}}}" for c in range(width)) for r in range(height)]
    return before + semicolon.join(row + r + end for r in rows) + after


def _block(e: Emitter, tree: Tree, p: Product, ndim: int) -> Code:
    code = e.close(p)
    if ndim == 2 and tree.typed.is_column:
        return e.book.column(code)
    return e.book.row(code) if ndim == 2 and tree.typed.is_row else code


def _first(e: Emitter, tree: Tree, args: Values) -> Product:
    """A `where` is its body, a linear map what it maps to."""
    if tree.kind == "arrow" and tree.name not in e.directions:
        e.directions.insert(0, tree.name)
    return args[0]


_RULES: dict[str, Rule] = {
    "number": _number, "size": _size, "name": _name, "neg": _neg, "transpose": transpose, "mul": _mul, "div": div,
    "add": _sum, "sub": _sum, "dotadd": _sum, "dotsub": _sum, "dotmul": hadamard, "dotdiv": _quotient,
    "pow": _power, "dotpow": _power, "index": _index, "matrix": _matrix, "where": _first, "arrow": _first,
}  # fmt: skip
