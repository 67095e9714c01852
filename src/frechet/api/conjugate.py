"""Functions of complex variables as functions of two independent kinds of symbols, z and conj(z), and back.

Two languages share the trees. What people write has conj, real, imag, abs of complex values, and `'` is the conjugate
transpose. What the calculus works on knows only symbols: z and a second one for its conjugate, `'` is the plain
transpose, the imaginary unit is a scalar. There every function is differentiated as one of independent symbols, which
gives the Wirtinger derivatives.

Source: Kreutz-Delgado 2009, The complex gradient operator and the CR-calculus; Hjorungnes and Gesbert 2007.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from frechet.core.dims import SCALAR, Shape
from frechet.core.errors import problem
from frechet.language.tree import Tree, call, fold, number
from frechet.notation.text import to_text

# Functions with real coefficients that are analytic where they are defined: f(conj(x)) = conj(f(x)).
ANALYTIC = frozenset({
    "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "square", "expm1", "inv", "det", "solve", "adj", "expm", "tr",
    "sum", "mean", "cumsum", "prod", "diag", "vec", "mat", "kron", "outer", "hadamard", "tril", "triu", "ones", "zeros",
    "eye", "vector", "matrix", "commutation", "circulant", "circsum", "toeplitz", "toepsum", "cconv", "cross",
    "crossmat", "crossaxis", "diagsums", "diagmeans",
})  # fmt: skip
PLAIN = frozenset(
    {"add", "sub", "mul", "div", "dotadd", "dotsub", "dotmul", "dotdiv", "neg", "index", "matrix", "size"}
)


@dataclass(frozen=True)
class Symbols:
    """The names of complex variables and of their conjugates; those equal to their conjugate transpose; the name of
    the imaginary unit."""

    conjugates: Mapping[str, str]
    hermitian: frozenset[str]
    unit: str


Pair = tuple[Tree, Tree]  # a value and its conjugate


def _flipped(tree: Tree) -> Tree:
    if tree.kind == "transpose":
        return tree.args[0]
    shape = tree.typed
    return tree if shape.is_scalar else Tree("transpose", (tree,), shape=Shape(shape.cols, shape.rows))


def _size_squared(value: Tree, conjugate: Tree) -> Tree:
    kind = "mul" if value.typed.is_scalar else "dotmul"
    return Tree(kind, (value, conjugate), shape=value.typed)


def _root(tree: Tree) -> Tree:
    return call("sqrt", tree, shape=tree.typed)


def _half(tree: Tree) -> Tree:
    return Tree("div", (tree, number(2)), shape=tree.typed)


def split(tree: Tree, symbols: Symbols) -> Pair:
    """What a person wrote, and its conjugate, in symbols for the calculus."""

    def visit(t: Tree, parts: Sequence[Pair]) -> Pair:
        s, c = tuple(p[0] for p in parts), tuple(p[1] for p in parts)
        if t.kind == "name":
            return _leaf(t, symbols)
        if t.kind in ("pow", "dotpow") and (even := _even_power(t, s)) is not None:
            return even, even
        if all(a is b for a, b in parts):  # nothing complex in it
            same = t.with_(args=s) if parts else t
            return same, same
        if t.kind == "transpose":
            return _flipped(c[0]), _flipped(s[0])
        if t.kind == "call":
            return _called(t, s, c, symbols)
        if t.kind in ("pow", "dotpow") and parts[1][0] is not parts[1][1]:
            raise problem("E507", "A power with a complex exponent is not offered.", t.span)
        if t.kind not in PLAIN and t.kind not in ("pow", "dotpow"):
            raise problem("E507", f"{t.kind} is not offered for complex values.", t.span)
        return t.with_(args=s), t.with_(args=c)

    return fold(tree, visit)


def _even_power(t: Tree, s: tuple[Tree, ...]) -> Tree | None:
    """An even power of sqrt(u), as abs and norm2 of complex values are split: a power of u, smooth at 0 too."""
    base, exponent = s
    if not (base.kind == "call" and base.name == "sqrt" and t.args[0].kind == "call" and t.args[0].name != "sqrt"):
        return None
    if exponent.kind != "number" or exponent.value.denominator != 1 or exponent.value % 2 or exponent.value <= 0:
        return None
    inside = base.args[0]
    return inside if exponent.value == 2 else t.with_(args=(inside, number(exponent.value // 2)))


def _leaf(t: Tree, symbols: Symbols) -> Pair:
    if t.name == symbols.unit:
        return t, Tree("neg", (t,), shape=SCALAR)
    if t.name in symbols.hermitian:
        return t, _flipped(t)
    other = symbols.conjugates.get(t.name)
    return t, t if other is None else t.with_(name=other)


def _called(t: Tree, s: tuple[Tree, ...], c: tuple[Tree, ...], symbols: Symbols) -> Pair:
    """A function of something complex."""
    value, conjugate = s[0], c[0]
    if t.name == "conj":
        return conjugate, value
    if t.name == "real":
        same = _half(Tree("add", (value, conjugate), shape=t.shape))
    elif t.name == "imag":
        unit = Tree("neg", (_half(Tree("name", name=symbols.unit, shape=SCALAR)),), shape=SCALAR)
        same = Tree("mul", (unit, Tree("sub", (value, conjugate), shape=t.shape)), shape=t.shape)
    elif t.name == "abs":
        same = _root(_size_squared(value, conjugate))
    elif t.name == "norm2":
        same = _root(call("sum", _size_squared(value, conjugate), shape=SCALAR))
    elif t.name == "logdet":  # log|det|, half the sum of the logarithms of det and of its conjugate
        same = _half(Tree("add", (t.with_(args=s), t.with_(args=c)), shape=SCALAR))
    elif t.name == "norm1":
        same = call("sum", _root(_size_squared(value, conjugate)), shape=SCALAR)
    else:
        return t.with_(args=s), t.with_(args=c)
    return same, same


def joined(tree: Tree, symbols: Symbols) -> Tree:
    """What the calculus found, as a person writes it."""
    names = {other: name for name, other in symbols.conjugates.items()}

    def conjugated(t: Tree) -> Tree:
        return t.args[0] if t.kind == "call" and t.name == "conj" else call("conj", t, shape=t.typed)

    def leaf(t: Tree) -> Pair:
        if t.name == symbols.unit:
            return t, Tree("neg", (t,), shape=SCALAR)
        if t.name in names:
            plain = t.with_(name=names[t.name])
            return conjugated(plain), plain
        known = t.name in symbols.conjugates or t.name in symbols.hermitian
        return t, conjugated(t) if known else t

    def is_own_transpose(t: Tree) -> bool:
        inner = t.args[0] if t.kind == "call" and t.name == "conj" else t
        return inner.kind == "name" and inner.name in symbols.hermitian

    def turned(t: Tree) -> Tree:
        return t if is_own_transpose(t) else _flipped(t)

    def visit(t: Tree, parts: Sequence[Pair]) -> Pair:
        if t.kind == "name":
            return leaf(t)
        if t.kind == "transpose":
            return turned(parts[0][1]), turned(parts[0][0])
        s, c = tuple(p[0] for p in parts), tuple(p[1] for p in parts)
        shorter = _without_two(t, s) or _shorter(t, s, c)
        return shorter if shorter is not None else (t.with_(args=s), t.with_(args=c))

    return fold(tree, visit)[0]


def _without_two(t: Tree, s: tuple[Tree, ...]) -> Pair | None:
    """2*real(z)/2 is real(z)."""
    if t.kind != "div" or s[1].kind != "number" or s[0].kind != "mul" or s[0].args[0].kind != "number":
        return None
    part = s[0].args[1]
    halved = s[1].value == s[0].args[0].value and part.kind == "call" and part.name == "real"
    return (part, part) if halved else None


def is_square_of_abs(tree: Tree) -> bool:
    """abs(z)^2 or abs(z).^2."""
    base, *rest = tree.args or (tree,)
    two = bool(rest) and tree.kind in ("pow", "dotpow") and rest[0].kind == "number" and rest[0].value == 2
    return two and base.kind == "call" and base.name == "abs"


def _shorter(t: Tree, s: tuple[Tree, ...], c: tuple[Tree, ...]) -> Pair | None:
    """A value and its conjugate in a shorter form: z*conj(z) = abs(z)^2, sqrt of it abs(z), sqrt(z'*z) = norm2(z), the
    sum of two conjugates 2*real(z), and conj(u)'*conj(v) = v'*u."""
    if t.kind == "call" and t.name == "sqrt":
        return _as_norm(s[0])
    if t.kind == "add" and to_text(c[0]) == to_text(s[1]) and to_text(s[0]) != to_text(s[1]):
        part = min(s, key=lambda one: len(to_text(one)))
        both = Tree("mul", (number(2), call("real", part, shape=t.typed)), shape=t.shape)
        return both, both
    if t.kind == "mul" and t.typed.is_scalar and s[0].kind == "transpose":
        return _as_inner(t, s, c)
    if t.kind in ("mul", "dotmul") and s[0].typed == s[1].typed and (t.kind == "dotmul" or t.typed.is_scalar):
        if to_text(c[0]) == to_text(s[1]):
            square = _square_of_abs(min(s, key=lambda one: len(to_text(one))))
            return square, square
        inside = s[0].kind == t.kind == c[0].kind
        if inside and s[0].args[1].typed == s[1].typed and to_text(c[0].args[1]) == to_text(s[1]):
            square = _square_of_abs(min(s[0].args[1], s[1], key=lambda one: len(to_text(one))))
            return t.with_(args=(s[0].args[0], square)), t.with_(args=(c[0].args[0], square))
    return None


def _square_of_abs(tree: Tree) -> Tree:
    kind = "pow" if tree.typed.is_scalar else "dotpow"
    return Tree(kind, (call("abs", tree, shape=tree.typed), number(2)), shape=tree.typed)


def _as_norm(inner: Tree) -> Pair | None:
    """sqrt(abs(z)^2) = abs(z), sqrt(sum(abs(z).^2)) = sqrt(z'*z) = norm2(z)."""
    entries = inner.args[0] if inner.kind == "call" and inner.name == "sum" and len(inner.args) == 1 else inner
    found: Tree | None = None
    if is_square_of_abs(entries):
        size = entries.args[0]
        found = size if entries is inner else call("norm2", size.args[0], shape=SCALAR)
    elif inner.kind == "mul" and inner.args[0].kind == "transpose":
        u, v = inner.args[0].args[0], inner.args[1]
        found = call("norm2", v, shape=SCALAR) if to_text(u) == to_text(v) else None
    return None if found is None else (found, found)


def _as_inner(t: Tree, s: tuple[Tree, ...], c: tuple[Tree, ...]) -> Pair | None:
    """u'*v is the transpose of itself, conj(v)'*conj(u); the shorter one, and likewise for the conjugate."""
    if c[0].kind != "transpose":
        return None

    def shortest(left: Tree, right: Tree, other_left: Tree, other_right: Tree) -> Tree:
        plain = t.with_(args=(left, right))
        turned = t.with_(args=(_flipped(other_right), other_left.args[0]))
        return min(plain, turned, key=lambda one: len(to_text(one)))

    return shortest(s[0], s[1], c[0], c[1]), shortest(c[0], c[1], s[0], s[1])


def evaluable(tree: Tree) -> Tree:
    """What a person wrote, with every `'` of it said as the transpose of the conjugate and norms as those of absolute
    values, so that NumPy computes it with complex arrays. Made apart from `split`, to check it."""

    def visit(t: Tree, parts: Sequence[Tree]) -> Tree:
        new = t.with_(args=tuple(parts)) if parts else t
        if t.kind == "transpose":
            return new.with_(args=(call("conj", parts[0], shape=parts[0].typed),))
        if t.kind == "call" and t.name in ("norm2", "norm1"):
            return new.with_(args=(call("abs", parts[0], shape=parts[0].typed),))
        return new

    return fold(tree, visit)
