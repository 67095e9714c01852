"""Readable Julia for a typed Tree: one function with its helpers; it needs the standard library's LinearAlgebra only.

    julia_source(tree, declarations, name="gradient")       julia_program(goal, ...)

Vectors are Julia's own vectors; a row is written as the transpose of one. Arrays are Float64 or Float32 throughout.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import wrap

from frechet.compile.languages.array_program import ArrayProgram
from frechet.compile.languages.draft import Draft, Output, Source, arguments_of, shown, sides
from frechet.compile.languages.julia_functions import JULIA_FUNCTIONS
from frechet.compile.languages.language import Language
from frechet.compile.stable.functions import BROUGHT
from frechet.core.dims import Shape
from frechet.language.tree import INFIX

_WORDS = {
    "vector_of": "fill({1}, {0})", "matrix_of": "fill({2}, {0}, {1})", "floats": "{0}.0",
    "ones_vector": "ones({0})", "ones_matrix": "ones({0}, {1})",
    "zeros_vector": "zeros({0})", "zeros_matrix": "zeros({0}, {1})",
    "eye": "Matrix(1.0I, {0}, {0})", "unit": "Float64.(1:{0} .== {1})", "diag": "diagm({0})", "solve": "{0} \\ {1}",
    "divide": "{1} / {0}", "each": "each(ONE -> INNER, {0})",
    "quotient of a side": "div(size({0}, {1}), {2})",
    "total1": "sum({0})", "total2": "sum({0})",
    "square_sum": "sum(abs2, {0})", "inner": "dot({0}, {1})",
    "row_sums": "vec(sum({0}, dims=2))", "column_sums": "vec(sum({0}, dims=1))",
    "matrix_power": "{0}^{1}", "product_diagonal": "vec(sum({0} .* {1}', dims=2))",
    "vec": "vec({0})", "mat": "reshape({0}, {1}, {2})", "mixed": ".", "whole": "{0}", "whole matrix": "Matrix({0})",
    "commutation": "reshape(permutedims(reshape(Matrix(1.0I, {2}, {2}), {0}, {1}, {2}), (2, 1, 3)), {2}, {2})",
    "entries": "[|| ||; |]", "vector": "[||, ||, |]", "blocks": "[|| ||; |]", "stack": "[||; ||; |]",
    "shaped": "reshape({0}, {1})", "permuted": "permutedims({0}, ({1}))", "sum_axis": "sum({0}, dims={1})",
    "identity": "I", "max_axis": "maximum({0}, dims={1})", "max_all": "maximum({0})",
    "pick": "Float64.((1:{0}) .+ {2} .== (1:{1})')",
    "slice": "{0}[{1}:{2}]", "entry": "{0}[{1}]",
    "lower_ones": "tril(ones({0}, {1}), {2})",
    "lu": "lu({0})", "lu names": "F", "lu solve": "{0} \\ {1}", "lu turned": "{0}' \\ {1}", "lu inv": "inv({0})",
    "lu logdet": "logabsdet({0})[1]", "lu det": "det({0})", "lu detsign": "logabsdet({0})[2]",
    "chol": "cholesky(Symmetric({0}))", "chol names": "F", "chol solve": "{0} \\ {1}", "chol turned": "{0} \\ {1}",
    "chol inv": "inv({0})", "chol logdet": "logdet({0})", "chol det": "det({0})",
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
    "revcumsum": "reverse(cumsum(reverse({x})))",
    "inv": "inv({X})", "det": "det({X})", "detsign": "logabsdet({X})[2]",
    "logdet": "logabsdet({X})[1]", "adj": "det({X}) * inv({X})",
    "expm": "exp({X})", "dexpm 2": "dexpm({X}, {E})", "dexpm 3": "mixed(exp, {X}, {E}, {F})",
    "dexpm 4": "mixed(exp, {X}, {E}, {F}, {G})", "logm": "real(log({X}))", "dlogm 2": "dlogm({X}, {E})",
    "dlogm 3": "mixed(M -> real(log(M)), {X}, {E}, {F})", "dlogm 4": "mixed(M -> real(log(M)), {X}, {E}, {F}, {G})",
    "sqrtm": "real(sqrt({X}))", "sylvester": "sylvester({A}, {B}, -{C})",
    "chol": "Matrix(cholesky(Symmetric(({S} + {S}') / 2)).L)", "pinv": "pinv({X}, rtol=1e-12)", "polar": "polar({X})",
    "nuclear": "sum(svdvals({X}))", "norm2": "norm({X})", "specnorm": "opnorm({X})", "singvals": "singvals({X})",
    "mpower": "{X}^Int({p})", "dmpower 3": "mixed(M -> M^Int({p}), {X}, {E})",
    "dmpower 4": "mixed(M -> M^Int({p}), {X}, {E}, {F})", "dmpower 5": "mixed(M -> M^Int({p}), {X}, {E}, {F}, {G})",
    "reverse": "reverse({x})", "kth": "sort({x})[Int({k})]", "atkth": "atkth({x}, {k})",
    "conv": "conv({a}, {b})", "corr": "corr({g}, {b})", "diagsums": "diagsums({G})", "diagmeans": "diagmeans({G})",
    "cofactor": "cofactor({X})", "tr": "tr({X})", "diag": "diag({X})", "kron": "kron({A}, {B})",
    "eigmax": "eigmax(Symmetric(({S} + {S}') / 2))", "eigvals": "eigvals(Symmetric(({S} + {S}') / 2))",
    "eigvecs": "eigvectors({S})", "eigvec": "eigvectors({S})[:, end]",
    "tril": "tril({X})", "triu": "triu({X})", "cross": "cross({u}, {v})", "crossmat": "crossmat({v})",
    "crossaxis": "crossaxis({G})", "circulant": "circulant({c})", "toeplitz": "toeplitz({c})",
    "cconv": "circulant({a}) * {b}", "circsum": "circsum({G})", "toepsum": "toepsum({G})",
    **{n: f"{n}.({{x}})" for n in BROUGHT},
    "sinc": "sin_over.({x})", "cumprod": "cumprod({x})",
    "coprod": "coprod({x})", "coprod2": "coprod2({x})", "dcumprod": "dcumprod({x})",
    "hypot": "hypot.({x}, {y})", "length": "norm({x})", "inverse_length": "inverse_norm({x})",
}  # fmt: skip

_HELPERS = {
    re.split(r"[ (]", t.split("\n")[1].removeprefix("function "))[0]: t for t in JULIA_FUNCTIONS.strip().split("\n\n")
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

JULIA = Language(
    "julia", _WORDS, _OPERATIONS, _HELPERS, dotted=True, taken=frozenset((*_RESERVED.split(), *_HELPERS)),
    refuses=frozenset(("entry", "slice")), solid=frozenset(("expm", "logm", "sqrtm", "sylvester")),
)  # fmt: skip


def _written(parts: Draft) -> str:
    shapes = dict(parts.parameters)
    lines = [_sizes(list(told), list(told.values()), shapes[array], array) for told, array in parts.sizes]
    lines += [
        f'{d} >= {count} || throw(ArgumentError("{said} needs {d} >= {count}"))' for d, count, said in parts.checks
    ]
    lines += [f"{name} = {text}" for name, text in parts.steps]
    several = len(parts.outputs) > 1
    lines += [f"{o.name} = {o.text}" for o in parts.outputs if several and o.text != o.name]
    lines.append(f"return {', '.join(o.name if several else o.text for o in parts.outputs)}")
    body = "\n".join(f"    {line}" for line in lines)
    names = ", ".join(n for n, _ in parts.parameters)
    told = [f"{parts.doc}.", "", f"{arguments_of(parts)}. Returns {_returned(parts.outputs)}."]
    doc = "\n".join(line for part in told for line in (wrap(part, LINE, break_on_hyphens=False) or [""]))
    doc = doc.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    code = f"function {parts.name}({names})\n{body}\nend\n"
    text = f'"""\n    {parts.name}({names})\n\n{doc}\n"""\n{code}'
    helpers = JULIA.brought(code)
    needed = ("exp({0})", 2) in parts.calls or any(re.search(_LINEAR_ALGEBRA, piece) for piece in (*helpers, code))
    return "\n\n".join([*(["using LinearAlgebra"] if needed else []), *helpers, text])


# What the standard library's LinearAlgebra brings, as far as it occurs here.
_LINEAR_ALGEBRA = (
    r"\b(tr|dot|diag|diagm|norm|opnorm|det|inv|logabsdet|cross|svd|svdvals|eigen|eigmax|eigvals|pinv|tril|triu|cholesky"
    r"|Symmetric|sylvester|kron|lu)\(|real\((log|sqrt)\(|exp\(\[|1\.0I|\bI\b|\\"
)


def _sizes(told: Sequence[str], axes: Sequence[int], shape: Shape, array: str) -> str:
    """`m, n = size(X)`, `n = size(X, 2)`, `n = length(x)`."""
    if len(told) == 2:
        return f"{', '.join(told)} = size({array})"
    return f"{told[0]} = size({array}, {axes[0] + 1})" if len(sides(shape)) == 2 else f"{told[0]} = length({array})"


def _returned(outputs: Sequence[Output]) -> str:
    if len(outputs) > 1:
        return ", ".join(f"{o.name} {shown(o.sides)}" if o.sides else o.name for o in outputs)
    found = outputs[0].sides
    kind = "an array" if len(found) > 2 else "a matrix" if len(found) == 2 else "a vector"
    return f"{kind} {shown(found)}" if found else "a scalar"


julia_source = Source(JULIA, _written)
julia_program = ArrayProgram(JULIA, _written)
