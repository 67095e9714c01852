"""Readable MATLAB for a typed Tree, which Octave runs as well: one file of a function with its helpers, no toolbox.

    matlab_source(tree, declarations, name="gradient")      matlab_program(goal, ...)

Vectors are columns; a row is written as the transpose of one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import wrap

from frechet.compile.languages.array_program import ArrayProgram
from frechet.compile.languages.draft import Draft, Source, arguments_of, shown
from frechet.compile.languages.language import Language
from frechet.compile.languages.matlab_functions import MATLAB_FUNCTIONS
from frechet.compile.stable.functions import BROUGHT
from frechet.language.tree import INFIX

_WORDS = {
    "vector_of": "{1} * ones({0}, 1)", "matrix_of": "{2} * ones({0}, {1})", "floats": "{0}",
    "ones_vector": "ones({0}, 1)", "ones_matrix": "ones({0}, {1})",
    "zeros_vector": "zeros({0}, 1)", "zeros_matrix": "zeros({0}, {1})",
    "eye": "eye({0})", "unit": "double((1:{0})' == {1})", "diag": "diag({0})", "solve": "{0} \\ {1}",
    "divide": "{1} / {0}", "each": "each(@(ONE) INNER, {0})",
    "quotient of a side": "size({0}, {1})/{2}",
    "total1": "sum({0})", "total2": "sum(sum({0}))", "row_sums": "sum({0}, 2)", "column_sums": "sum({0}, 1)'",
    "matrix_power": "{0}^{1}", "product_diagonal": "sum({0} .* {1}', 2)",
    "vec": "reshape({0}, [], 1)", "mat": "reshape({0}, {1}, {2})", "mixed": "", "whole": "full({0})",
    "commutation": "reshape(permute(reshape(eye({2}), {0}, {1}, {2}), [2, 1, 3]), {2}, {2})",
    "entries": "[||, ||; |]", "vector": "[||; ||; |]", "blocks": "[||, ||; |]", "stack": "[||; ||; |]",
    "shaped": "reshape({0}, {1})", "permuted": "permute({0}, [{1}])", "sum_axis": "sum({0}, {1})",
    "max_axis": "max({0}, [], {1})", "max_all": "max({0})", "pick": "double((1:{0})' + {2} == (1:{1}))",
    "slice": "{0}({1}:{2})", "entry": "{0}({1})",
    "lower_ones": "tril(ones({0}, {1}), {2})",
    "lu": "lu({0})", "lu names": "L U P", "lu solve": "{1} \\ ({0} \\ ({2}*{3}))",
    "lu turned": "{2}' * ({0}' \\ ({1}' \\ {3}))", "lu inv": "{1} \\ ({0} \\ {2})",
    "lu logdet": "sum(log(abs(diag({1}))))", "lu det": "det({2}) * prod(diag({1}))",
    "lu detsign": "det({2}) * prod(sign(diag({1})))",
    "chol": "chol({0})", "chol names": "R", "chol solve": "{0} \\ ({0}' \\ {1})",
    "chol turned": "{0} \\ ({0}' \\ {1})", "chol inv": "{0} \\ ({0}' \\ eye(size({0})))",
    "chol logdet": "2 * sum(log(diag({0})))", "chol det": "prod(diag({0}))^2",
    "index": "{0}({1})", "index_row": "{0}({1})'", "choice": "choose(TEST, {0}, {1})",
}  # fmt: skip

_OPERATIONS = {
    **{n: f"{n}({{x}})" for n in ("exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
                                  "sign", "abs", "sqrt", "log1p", "expm1", "softplus", "erf")},
    "sigmoid": "1 ./ (1 + exp(-{x}))", "relu": "max({x}, 0)", "square": "{x}.^2",
    "max": "max({a}, {b})", "min": "min({a}, {b})", "power": "{a} .^ {b}",
    "where": "choose({c} ~= 0, {a}, {b})", "sign ne": "~=",
    **{n: f"double({{a}} {sign.replace('!', '~')} {{b}})" for n, sign in INFIX.items() if n not in ("and", "or")},
    **{n: f"double(({{a}} ~= 0) {INFIX[n]} ({{b}} ~= 0))" for n in ("and", "or")},
    "max 1": "max(max({a}))", "min 1": "min(min({a}))", "atmax": "atmax({x})",
    "mean": "mean({X})", "mean/2": "mean(mean({X}))", "softmax": "softmax({x})", "logsumexp": "logsumexp({x})",
    "norm1": "sum(abs({X}))", "norm1/2": "sum(sum(abs({X})))", "norminf": "max(max(abs({X})))",
    "prod": "prod({X})", "prod/2": "prod(prod({X}))", "cumsum": "cumsum({x})",
    "revcumsum": "flipud(cumsum(flipud({x})))",
    "inv": "inv({X})", "det": "det({X})", "detsign": "detsign({X})",
    "logdet": "logabsdet({X})", "adj": "det({X}) * inv({X})",
    "expm": "expm({X})", "dexpm 2": "dexpm({X}, {E})", "dexpm 3": "mixed(@expm, {X}, {E}, {F})",
    "dexpm 4": "mixed(@expm, {X}, {E}, {F}, {G})", "logm": "real(logm({X}))", "dlogm 2": "dlogm({X}, {E})",
    "dlogm 3": "mixed(@(M) real(logm(M)), {X}, {E}, {F})",
    "dlogm 4": "mixed(@(M) real(logm(M)), {X}, {E}, {F}, {G})",
    "sqrtm": "real(sqrtm({X}))", "sylvester": "sylvester({A}, {B}, {C})",
    "chol": "chol(({S} + {S}') / 2)'", "pinv": "pinv({X}, 1e-12*norm({X}))", "polar": "polar({X})",
    "nuclear": "sum(svd({X}))", "norm2": "norm({X}, 'fro')", "norm2/1": "norm({X})", "specnorm": "norm({X})",
    "singvals": "singvals({X})",
    "mpower": "{X}^{p}", "dmpower 3": "mixed(@(M) M^{p}, {X}, {E})", "dmpower 4": "mixed(@(M) M^{p}, {X}, {E}, {F})",
    "dmpower 5": "mixed(@(M) M^{p}, {X}, {E}, {F}, {G})", "cofactor": "cofactor({X})",
    "reverse": "flipud({x})", "kth": "kth({x}, {k})", "atkth": "atkth({x}, {k})",
    "conv": "conv({a}, {b})", "corr": "conv({g}, flipud({b}), 'valid')", "diagsums": "diagsums({G})",
    "diagmeans": "diagmeans({G})", "tr": "trace({X})", "diag": "diag({X})",
    "kron": "kron({A}, {B})", "eigmax": "max(eig(({S} + {S}') / 2))", "eigvals": "sort(eig(({S} + {S}') / 2))",
    "eigvecs": "eigvectors({S})", "eigvec": "eigvectors({S}, 1)",
    "tril": "tril({X})", "triu": "triu({X})", "cross": "cross({u}, {v})", "crossmat": "crossmat({v})",
    "crossaxis": "crossaxis({G})", "circulant": "circulant({c})", "toeplitz": "toeplitz({c})",
    "cconv": "circulant({a}) * {b}", "circsum": "circsum({G})", "toepsum": "toepsum({G})",
    **{n: f"{n}({{x}})" for n in BROUGHT},
    "sinc": "sin_over({x})", "cumprod": "cumprod({x})",
    "coprod": "coprod({x})", "coprod2": "coprod2({x})", "dcumprod": "dcumprod({x})",
    "hypot": "hypot({x}, {y})", "length": "norm({x})", "length/2": "norm({x}, 'fro')",
    "inverse_length": "inverse_norm({x})",
}  # fmt: skip

_HELPERS = {re.split(r"[ (]", t.split(" = ")[1])[0]: t for t in MATLAB_FUNCTIONS.strip().split("\n\n")}

# The shape of a vector.
COLUMN = "({} x 1)"

# Comments are wrapped at this width.
LINE = 100

_RESERVED = """
break case catch classdef continue else elseif end for function global if otherwise parfor persistent return spmd
switch try while abs chol cross cumsum det diag double eig exp expm expm1 eye erf inv kron log log1p logm lu max mean
min mod norm ones permute pinv prod real reshape sign size sort sqrt sqrtm sum svd sylvester toeplitz trace tril triu
zeros sin cos tan asin acos atan sinh cosh tanh unwind_protect do until endfunction endif
"""

MATLAB = Language(
    "matlab", _WORDS, _OPERATIONS, _HELPERS, dotted=True, taken=frozenset((*_RESERVED.split(), *_HELPERS)),
    refuses=frozenset(("entry", "slice")),
)  # fmt: skip


def _written(parts: Draft) -> str:
    lines = [_sizes(list(told), list(told.values()), array) for told, array in parts.sizes]
    asked = [(d, count, said.replace("'", "''")) for d, count, said in parts.checks]
    lines += [f"assert({d} >= {count}, '{said} needs {d} >= {count}');" for d, count, said in asked]
    lines += [f"{name} = {text};" for name, text in parts.steps]
    taken = {n for n, _ in (*parts.parameters, *parts.steps)} | {d for told, _ in parts.sizes for d in told}
    single = next(n for n in ("D", "result", "result_", "result__") if n not in taken)
    several = len(parts.outputs) > 1
    results = [(o.name if several else single, o.text, shown(o.sides, COLUMN)) for o in parts.outputs]
    lines += [f"{name} = {text};" for name, text, _ in results if text != name]
    names = ", ".join(n for n, _ in parts.parameters)
    arguments = arguments_of(parts, COLUMN)
    gives = ", ".join(f"{name} {'' if several else 'is '}{axes}" for name, _, axes in results)
    columns = "; vectors are columns" if COLUMN[3:] in arguments + gives else ""
    told = [f"{parts.doc}.", f"{arguments}. {gives}{columns}."]
    if several:
        told = [f"{parts.doc}.", f"{arguments}{columns}.", f"Gives {gives}."]
    about = [f"% {line}" for part in told for line in wrap(part, LINE, break_on_hyphens=False)]
    inner = "\n".join(f"    {line}" for line in [*about, *lines])
    given = ", ".join(name for name, _, _ in results)
    text = f"function {f'[{given}]' if several else given} = {parts.name}({names})\n{inner}\nend\n"
    return "\n".join([text, *(f"{h}\n" for h in MATLAB.brought(text))]).rstrip("\n") + "\n"


def _sizes(told: Sequence[str], axes: Sequence[int], array: str) -> str:
    """`[m, n] = size(X);`, `n = size(X, 2);`."""
    return f"[{', '.join(told)}] = size({array});" if len(told) == 2 else f"{told[0]} = size({array}, {axes[0] + 1});"


matlab_source = Source(MATLAB, _written)
matlab_program = ArrayProgram(MATLAB, _written)
