"""Readable Julia for a typed Tree: one function with its helpers; it needs the standard library's LinearAlgebra only.

    julia_source(tree, declarations, name="gradient")

Vectors are Julia's own vectors; a row is written as the transpose of one. Arrays are Float64 or Float32 throughout.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from frechet.compile.draft import Draft, draft, sides
from frechet.compile.language import Language
from frechet.core.dims import Shape
from frechet.language.declarations import Declarations
from frechet.language.tree import INFIX, Tree

_WORDS = {
    "vector_of": "fill({1}, {0})", "matrix_of": "fill({2}, {0}, {1})", "floats": "{0}.0",
    "ones_vector": "ones({0})", "ones_matrix": "ones({0}, {1})",
    "zeros_vector": "zeros({0})", "zeros_matrix": "zeros({0}, {1})",
    "eye": "Matrix(1.0I, {0}, {0})", "unit": "Float64.(1:{0} .== {1})", "diag": "diagm({0})", "solve": "{0} \\ {1}",
    "total1": "sum({0})", "total2": "sum({0})",
    "row_sums": "vec(sum({0}, dims=2))", "column_sums": "vec(sum({0}, dims=1))",
    "matrix_power": "{0}^{1}", "product_diagonal": "vec(sum({0} .* {1}', dims=2))",
    "vec": "vec({0})", "mat": "reshape({0}, {1}, {2})", "mixed": ".", "whole": "{0}",
    "commutation": "reshape(permutedims(reshape(Matrix(1.0I, {2}, {2}), {0}, {1}, {2}), (2, 1, 3)), {2}, {2})",
    "entries": "[|| ||; |]", "vector": "[||, ||, |]", "blocks": "[|| ||; |]", "stack": "[||; ||; |]",
    "index": "{0}[{1}]", "index_row": "{0}[{1}]", "choice": "ifelse.(TEST, {0}, {1})", "test": ".SIGN",
}  # fmt: skip

_ENTRYWISE = {
    **{n: f"{n}.({{x}})" for n in ("exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
                                   "sign", "abs", "sqrt", "log1p", "expm1", "sigmoid", "softplus", "erf")},
    "relu": "max.({x}, 0)", "square": "abs2.({x})", "max": "max.({a}, {b})", "min": "min.({a}, {b})",
    "power": "{a} .^ {b}", "where": "ifelse.({c} .!= 0, {a}, {b})",
    **{n: f"Float64.({{a}} .{sign} {{b}})" for n, sign in INFIX.items() if n not in ("and", "or")},
    **{n: f"Float64.(({{a}} .!= 0) .{INFIX[n]} ({{b}} .!= 0))" for n in ("and", "or")},
}  # fmt: skip

_OPERATIONS = {
    **_ENTRYWISE, "max 1": "maximum({a})", "min 1": "minimum({a})", "atmax": "atmax({x})",
    "mean": "sum({X}) / length({X})", "softmax": "softmax({x})", "logsumexp": "logsumexp({x})",
    "norm1": "sum(abs.({X}))", "norminf": "maximum(abs.({X}))", "prod": "prod({X})", "cumsum": "cumsum({x})",
    "inv": "inv({X})", "det": "det({X})", "logdet": "logabsdet({X})[1]", "adj": "det({X}) * inv({X})",
    "expm": "exp({X})", "dexpm 2": "dexpm({X}, {E})", "logm": "real(log({X}))", "dlogm 2": "dlogm({X}, {E})",
    "sqrtm": "real(sqrt({X}))", "sylvester": "sylvester({A}, {B}, -{C})",
    "chol": "Matrix(cholesky(Symmetric({S})).L)", "pinv": "pinv({X})", "polar": "polar({X})",
    "nuclear": "sum(svdvals({X}))", "norm2": "norm({X})", "specnorm": "opnorm({X})", "singvals": "singvals({X})",
    "mpower": "{X}^Int({p})", "tr": "tr({X})", "diag": "diag({X})", "kron": "kron({A}, {B})",
    "eigmax": "eigmax(Symmetric(({S} + {S}') / 2))", "eigvals": "eigvals(Symmetric(({S} + {S}') / 2))",
    "eigvecs": "eigvectors({S})", "eigvec": "eigvectors({S})[:, end]",
    "tril": "tril({X})", "triu": "triu({X})", "cross": "cross({u}, {v})", "crossmat": "crossmat({v})",
    "crossaxis": "crossaxis({G})", "circulant": "circulant({c})", "toeplitz": "toeplitz({c})",
    "cconv": "circulant({a}) * {b}", "circsum": "circsum({G})", "toepsum": "toepsum({G})",
}  # fmt: skip

_FUNCTIONS = """
"1 / (1 + exp(-x)), without overflow."
sigmoid(x) = x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))

"log(1 + exp(x)), without overflow."
softplus(x) = max(x, 0) + log1p(exp(-abs(x)))

"The error function, from the mathematical library that Julia brings."
erf(x) = ccall((:erf, Base.Math.libm), Float64, (Float64,), x)

"One at the largest entry, zero elsewhere; ties share."
atmax(x) = (x .== maximum(x)) / count(x .== maximum(x))

"exp(x) / sum(exp(x)), without overflow."
function softmax(x)
    e = exp.(x .- maximum(x))
    return e / sum(e)
end

"log(sum(exp(x))), without overflow."
logsumexp(x) = maximum(x) + log(sum(exp.(x .- maximum(x))))

"The derivative of the matrix exponential at X along E (Higham, Functions of Matrices, eq. 3.16)."
dexpm(X, E) = exp([X E; zero(X) X])[1:size(X, 1), (size(X, 1) + 1):end]

"The derivative of the matrix logarithm at X along E (Higham, Functions of Matrices, eq. 3.16)."
dlogm(X, E) = real(log([X E; zero(X) X]))[1:size(X, 1), (size(X, 1) + 1):end]

"The orthogonal factor of X = U * H."
function polar(X)
    F = svd(X)
    return F.U * F.Vt
end

"Singular values of X, rising; one for each column."
singvals(X) = sort([svdvals(X); zeros(size(X, 2) - minimum(size(X)))])

"Unit eigenvectors of (S + S') / 2, eigenvalues rising; the largest entry of each is positive."
function eigvectors(S)
    V = eigen(Symmetric((S + S') / 2)).vectors
    return V .* [sign(v[argmax(abs.(v))]) for v in eachcol(V)]'
end

"The matrix of u -> cross(v, u)."
crossmat(v) = [0 -v[3] v[2]; v[3] 0 -v[1]; -v[2] v[1] 0]

"The vector of the antisymmetric part, the adjoint of crossmat."
crossaxis(G) = [G[3, 2] - G[2, 3], G[1, 3] - G[3, 1], G[2, 1] - G[1, 2]]

"The circulant matrix with first column c."
circulant(c) = [c[mod(i - j, length(c)) + 1] for i in eachindex(c), j in eachindex(c)]

"The symmetric Toeplitz matrix with first column c."
toeplitz(c) = [c[abs(i - j) + 1] for i in eachindex(c), j in eachindex(c)]

"Sums along the wrapped diagonals, the adjoint of circulant."
circsum(G) = [sum(G[mod(j + k, size(G, 1)) + 1, j + 1] for j in 0:size(G, 1) - 1) for k in 0:size(G, 1) - 1]

"Sums along the diagonals |i - j| = k, the adjoint of toeplitz."
toepsum(G) = [sum(diag(G, k)) + (k > 0 ? sum(diag(G, -k)) : 0) for k in 0:size(G, 1) - 1]
"""
"""Definitions that a file brings along where its code calls them."""

_HELPERS = {
    re.split(r"[ (]", t.split("\n")[1].removeprefix("function "))[0]: t for t in _FUNCTIONS.strip().split("\n\n")
}

_RESERVED = """
baremodule begin break catch const continue do else elseif end export false finally for function global if import in
isa let local macro module quote return struct true try using where while abs abs2 axes count cholesky cross cumsum
det diag diagm eachindex eigmax eigvals exp expm1 fill float I inv kron length log log1p logabsdet mod Matrix max
maximum min minimum norm ones opnorm permutedims pinv prod real reshape sign size sqrt sum svd svdvals sylvester
Symmetric tr tril triu vec zero zeros sin cos tan asin acos atan sinh cosh tanh ccall Base Float64
"""

JULIA = Language("julia", _WORDS, _OPERATIONS, _HELPERS, dotted=True, taken=frozenset((*_RESERVED.split(), *_HELPERS)))


def julia_source(
    tree: Tree, declarations: Declarations, *, name: str = "gradient", doc: str = "",
    arguments: Sequence[str] | None = None,
) -> str:  # fmt: skip
    """Julia code of a function that computes `tree`; see `numpy_source`. E504 where Julia cannot say it."""
    return _written(draft(JULIA, tree, declarations, name=name, doc=doc, arguments=arguments))


def _written(parts: Draft) -> str:
    shapes = dict(parts.parameters)
    lines = [_sizes(list(told), list(told.values()), shapes[array], array) for told, array in parts.sizes]
    lines += [*(f"{name} = {text}" for name, text in parts.steps), f"return {parts.value}"]
    body = "\n".join(f"    {line}" for line in lines)
    doc = parts.doc.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    names = ", ".join(n for n, _ in parts.parameters)
    arguments = ", ".join(f"{n} {_axes(shape)}" for n, shape in parts.parameters)
    about = f'"""\n    {parts.name}({names})\n\n{doc}.\n\n{arguments}. Returns {_result(parts.result)}.\n"""'
    text = f"{about}\nfunction {parts.name}({names})\n{body}\nend\n"
    pieces = [*JULIA.brought(text), text]
    needed = any(re.search(_LINEAR_ALGEBRA, piece) for piece in pieces)
    return "\n\n".join([*(["using LinearAlgebra"] if needed else []), *pieces])


# What the standard library's LinearAlgebra brings, as far as it occurs here.
_LINEAR_ALGEBRA = (
    r"\b(tr|diag|diagm|norm|opnorm|det|inv|logabsdet|cross|svd|svdvals|eigen|eigmax|eigvals|pinv|tril|triu|cholesky"
    r"|Symmetric|sylvester|kron|exp|log|sqrt)\(|1\.0I|\\"
)


def _sizes(told: Sequence[str], axes: Sequence[int], shape: Shape, array: str) -> str:
    """`m, n = size(X)`, `n = size(X, 2)`, `n = length(x)`."""
    if len(told) == 2:
        return f"{', '.join(told)} = size({array})"
    return f"{told[0]} = size({array}, {axes[0] + 1})" if len(sides(shape)) == 2 else f"{told[0]} = length({array})"


def _axes(shape: Shape) -> str:
    """The shape of the array that stands for it."""
    found = sides(shape)
    return f"({' x '.join(found)})" if len(found) == 2 else f"({found[0]})" if found else "scalar"


def _result(shape: Shape) -> str:
    found = sides(shape)
    return "a scalar" if not found else f"a {'vector' if len(found) == 1 else 'matrix'} {_axes(shape)}"
