"""Readable Julia for a typed Tree: one function with its helpers; it needs the standard library's LinearAlgebra only.

    julia_source(tree, declarations, name="gradient")

Vectors are Julia's own vectors; a row is written as the transpose of one. Arrays are Float64 or Float32 throughout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from textwrap import wrap

from frechet.compile.array_program import array_program
from frechet.compile.assemble import Request
from frechet.compile.draft import Draft, draft, sides
from frechet.compile.goals import Goal
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
    "square_sum": "sum(abs2, {0})", "inner": "dot({0}, {1})",
    "row_sums": "vec(sum({0}, dims=2))", "column_sums": "vec(sum({0}, dims=1))",
    "matrix_power": "{0}^{1}", "product_diagonal": "vec(sum({0} .* {1}', dims=2))",
    "vec": "vec({0})", "mat": "reshape({0}, {1}, {2})", "mixed": ".", "whole": "{0}",
    "commutation": "reshape(permutedims(reshape(Matrix(1.0I, {2}, {2}), {0}, {1}, {2}), (2, 1, 3)), {2}, {2})",
    "entries": "[|| ||; |]", "vector": "[||, ||, |]", "blocks": "[|| ||; |]", "stack": "[||; ||; |]",
    "shaped": "reshape({0}, {1})", "permuted": "permutedims({0}, ({1}))", "sum_axis": "sum({0}, dims={1})",
    "identity": "I", "max_axis": "maximum({0}, dims={1})", "pick": "Float64.((1:{0}) .+ {2} .== (1:{1})')",
    "slice": "{0}[{1}:{2}]", "entry": "{0}[{1}]",
    "lower_ones": "tril(ones({0}, {1}), {2})",
    "lu": "lu({0})", "lu names": "F", "lu solve": "{0} \\ {1}", "lu turned": "{0}' \\ {1}", "lu inv": "inv({0})",
    "lu logdet": "logabsdet({0})[1]", "lu det": "det({0})", "lu detsign": "logabsdet({0})[2]",
    "chol": "cholesky(Symmetric({0}))", "chol names": "F", "chol solve": "{0} \\ {1}", "chol turned": "{0} \\ {1}",
    "chol inv": "inv({0})", "chol logdet": "logdet({0})", "chol det": "det({0})", "chol detsign": "1",
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
    "inv": "inv({X})", "det": "det({X})", "detsign": "logabsdet({X})[2]",
    "logdet": "logabsdet({X})[1]", "adj": "det({X}) * inv({X})",
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
    **{n: f"{n}.({{x}})" for n in ("sech2", "coshm1", "logcosh", "log1mexp", "erfc", "logerfc", "mills", "asinh",
                                   "exprel", "exprel1", "exprel2", "sinc1", "sinc2")},
    "sinc": "sin_over.({x})", "cumprod": "cumprod({x})",
    "coprod": "coprod({x})", "coprod2": "coprod2({x})", "dcumprod": "dcumprod({x})",
    "hypot": "hypot.({x}, {y})", "length": "norm({x})", "inverse_length": "inverse_norm({x})",
}  # fmt: skip

_FUNCTIONS = """
"1 / (1 + exp(-x)), without overflow."
sigmoid(x) = x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))

"log(1 + exp(x)), without overflow."
softplus(x) = max(x, 0) + log1p(exp(-abs(x)))

"The error function, from the mathematical library that Julia brings."
erf(x) = ccall((:erf, Base.Math.libm), Float64, (Float64,), x)

"1 - tanh(x)^2, without loss of digits."
function sech2(x)
    e = exp(-2*abs(x))
    return 4*e/(1 + e)^2
end

"cosh(x) - 1, without loss of digits."
coshm1(x) = 2*sinh(x/2)^2

"log(cosh(x)), without overflow."
logcosh(x) = abs(x) < 1 ? log1p(coshm1(x)) : abs(x) + log1p(exp(-2*abs(x))) - log(2)

"log(1 - exp(x)) for x < 0 (M. Maechler, Accurately computing log(1 - exp(-|a|)), 2012)."
log1mexp(x) = x > -log(2) ? log(-expm1(x)) : log1p(-exp(x))

"1 - erf(x), from the mathematical library that Julia brings."
erfc(x) = ccall((:erfc, Base.Math.libm), Float64, (Float64,), x)

"exp(x^2)*erfc(x), by its continued fraction where x is large (DLMF 7.9.4)."
function erfcx(x)
    x < 5 && return exp(x^2)*erfc(x)
    below = x
    for k in 60:-1:1
        below = x + k/2/below
    end
    return 1/(sqrt(pi)*below)
end

"log(1 - erf(x)), without underflow."
logerfc(x) = x > 0 ? log(erfcx(x)) - x^2 : log(erfc(x))

"exp(-x^2)/(1 - erf(x)), without underflow."
mills(x) = x > 0 ? 1/erfcx(x) : exp(-x^2)/erfc(x)

"(exp(x) - 1)/x, and 1 at 0."
exprel(x) = x == 0 ? one(x) : expm1(x)/x

"B(2n)/(2n)! for n = 9, 8, ..., 1."
bernoulli() = [8.586062056277845e-15, -3.3896802963225827e-13, 1.3382536530684679e-11,
               -5.284190138687493e-10, 2.08767569878681e-08, -8.267195767195768e-07,
               3.306878306878307e-05, -0.001388888888888889, 0.08333333333333333]

"The derivative of log(exprel(x)), by its Bernoulli series near 0."
exprel1(x) = abs(x) < 0.7 ? 0.5 + x*foldl((s, b) -> s*x^2 + b, bernoulli()) : 0.5 + 0.5/tanh(x/2) - 1/x

"The second derivative of log(exprel(x)), by its Bernoulli series near 0."
function exprel2(x)
    abs(x) < 0.7 && return foldl((s, b) -> s*x^2 + b, bernoulli() .* (17:-2:1))
    e = exp(-abs(x))
    return 1/x^2 - e/(1 - e)^2
end

"sin(x)/x, and 1 at 0."
sin_over(x) = x == 0 ? one(x) : sin(x)/x

"The spherical Bessel function of order n over x^n, by its power series, for small x."
function bessel_series(x, n)
    total = 1.0
    for k in 12:-1:1
        total = 1 - total*x^2/(2*k*(2*n + 2*k + 1))
    end
    return total/prod(3:2:(2*n + 1))
end

"-sinc'(x)/x."
sinc1(x) = abs(x) < 1.5 ? bessel_series(x, 1) : (sin(x)/x - cos(x))/x^2

"-sinc1'(x)/x."
sinc2(x) = abs(x) < 1.5 ? bessel_series(x, 2) : (3*(sin(x)/x - cos(x))/x^2 - sin(x)/x)/x^2

"For every entry the product of all others."
coprod(x) = reshape([prod((x[k] for k in eachindex(x) if k != j), init=1.0) for j in eachindex(x)], size(x))

"For every pair of entries the product of all others, 0 on the diagonal."
function coprod2(x)
    n = length(x)
    return [i == j ? 0.0 : prod((x[k] for k in 1:n if k != i && k != j), init=1.0) for i in 1:n, j in 1:n]
end

"The Jacobian of cumprod(x)."
dcumprod(x) = [i < j ? 0.0 : prod((x[k] for k in 1:i if k != j), init=1.0) for i in 1:length(x), j in 1:length(x)]

"1/norm(x), and 0 where x is 0: the least of the subgradients there."
inverse_norm(x) = any(!iszero, x) ? 1/norm(x) : 0.0

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

# Comments are wrapped at this width.
LINE = 92

_RESERVED = """
baremodule begin break catch const continue do else elseif end export false finally for function global if import in
isa let local macro module quote return struct true try using where while abs abs2 axes count cholesky cross cumsum
det diag diagm dot eachindex eigmax eigvals exp expm1 fill float I inv kron length log log1p logabsdet mod Matrix max
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


def julia_program(
    goal: Goal, declarations: Declarations, request: Request, given: Mapping[str, int], text: str
) -> str:  # fmt: skip
    """Julia code of what is compiled; see `array_program`."""
    return _written(array_program(JULIA, goal, declarations, request, given, text))


def _written(parts: Draft) -> str:
    shapes = dict(parts.parameters)
    lines = [_sizes(list(told), list(told.values()), shapes[array], array) for told, array in parts.sizes]
    lines += [f"{name} = {text}" for name, text in parts.steps]
    several = len(parts.outputs) > 1
    lines += [f"{o.name} = {o.text}" for o in parts.outputs if several and o.text != o.name]
    texts = [o.name if several else o.text for o in parts.outputs] or [parts.value]
    lines.append(f"return {', '.join(texts)}")
    body = "\n".join(f"    {line}" for line in lines)
    names = ", ".join(n for n, _ in parts.parameters)
    arguments = ", ".join(f"{n} {_axes(shape)}" for n, shape in parts.parameters)
    told = [f"{parts.doc}.", "", f"{arguments}. Returns {_returned(parts)}."]
    doc = "\n".join(line for part in told for line in (wrap(part, LINE, break_on_hyphens=False) or [""]))
    doc = doc.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    code = f"function {parts.name}({names})\n{body}\nend\n"
    text = f'"""\n    {parts.name}({names})\n\n{doc}\n"""\n{code}'
    helpers = JULIA.brought(code)
    needed = any(re.search(_LINEAR_ALGEBRA, piece) for piece in (*helpers, code))
    return "\n\n".join([*(["using LinearAlgebra"] if needed else []), *helpers, text])


# What the standard library's LinearAlgebra brings, as far as it occurs here.
_LINEAR_ALGEBRA = (
    r"\b(tr|dot|diag|diagm|norm|opnorm|det|inv|logabsdet|cross|svd|svdvals|eigen|eigmax|eigvals|pinv|tril|triu|cholesky"
    r"|Symmetric|sylvester|kron|lu|exp|log|sqrt)\(|1\.0I|\bI\b|\\"
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


def _returned(parts: Draft) -> str:
    if not parts.outputs:
        return _result(sides(parts.result))
    if len(parts.outputs) == 1:
        return _result(parts.outputs[0].sides)
    return ", ".join(f"{o.name} ({' x '.join(o.sides)})" if o.sides else o.name for o in parts.outputs)


def _result(found: Sequence[str]) -> str:
    if len(found) > 2:
        return f"an array ({' x '.join(found)})"
    return "a scalar" if not found else f"a {'vector' if len(found) == 1 else 'matrix'} ({' x '.join(found)})"
