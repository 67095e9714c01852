"""Readable MATLAB for a typed Tree, which Octave runs as well: one file of a function with its helpers, no toolbox.

    matlab_source(tree, declarations, name="gradient")

Vectors are columns; a row is written as the transpose of one.
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
    "vector_of": "{1} * ones({0}, 1)", "matrix_of": "{2} * ones({0}, {1})", "floats": "{0}",
    "ones_vector": "ones({0}, 1)", "ones_matrix": "ones({0}, {1})",
    "zeros_vector": "zeros({0}, 1)", "zeros_matrix": "zeros({0}, {1})",
    "eye": "eye({0})", "unit": "double((1:{0})' == {1})", "diag": "diag({0})", "solve": "{0} \\ {1}",
    "total1": "sum({0})", "total2": "sum(sum({0}))", "row_sums": "sum({0}, 2)", "column_sums": "sum({0}, 1)'",
    "matrix_power": "{0}^{1}", "product_diagonal": "sum({0} .* {1}', 2)",
    "vec": "reshape({0}, [], 1)", "mat": "reshape({0}, {1}, {2})", "mixed": "", "whole": "full({0})",
    "commutation": "reshape(permute(reshape(eye({2}), {0}, {1}, {2}), [2, 1, 3]), {2}, {2})",
    "entries": "[||, ||; |]", "vector": "[||; ||; |]", "blocks": "[||, ||; |]", "stack": "[||; ||; |]",
    "shaped": "reshape({0}, {1})", "permuted": "permute({0}, [{1}])", "sum_axis": "sum({0}, {1})",
    "max_axis": "max({0}, [], {1})", "pick": "double((1:{0})' + {2} == (1:{1}))",
    "slice": "{0}({1}:{2})", "entry": "{0}({1})",
    "lower_ones": "tril(ones({0}, {1}), {2})",
    "lu": "lu({0})", "lu names": "L U P", "lu solve": "{1} \\ ({0} \\ ({2}*{3}))",
    "lu turned": "{2}' * ({0}' \\ ({1}' \\ {3}))", "lu inv": "{1} \\ ({0} \\ {2})",
    "lu logdet": "sum(log(abs(diag({1}))))", "lu det": "det({2}) * prod(diag({1}))",
    "lu detsign": "det({2}) * prod(sign(diag({1})))",
    "chol": "chol({0})", "chol names": "R", "chol solve": "{0} \\ ({0}' \\ {1})",
    "chol turned": "{0} \\ ({0}' \\ {1})", "chol inv": "{0} \\ ({0}' \\ eye(size({0})))",
    "chol logdet": "2 * sum(log(diag({0})))", "chol det": "prod(diag({0}))^2", "chol detsign": "1",
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
    "inv": "inv({X})", "det": "det({X})", "detsign": "detsign({X})",
    "logdet": "logabsdet({X})", "adj": "det({X}) * inv({X})",
    "expm": "expm({X})", "dexpm 2": "dexpm({X}, {E})", "logm": "real(logm({X}))", "dlogm 2": "dlogm({X}, {E})",
    "sqrtm": "real(sqrtm({X}))", "sylvester": "sylvester({A}, {B}, {C})",
    "chol": "chol(({S} + {S}') / 2)'", "pinv": "pinv({X})", "polar": "polar({X})",
    "nuclear": "sum(svd({X}))", "norm2": "norm({X}, 'fro')", "norm2/1": "norm({X})", "specnorm": "norm({X})",
    "singvals": "singvals({X})",
    "mpower": "{X}^{p}", "tr": "trace({X})", "diag": "diag({X})",
    "kron": "kron({A}, {B})", "eigmax": "max(eig(({S} + {S}') / 2))", "eigvals": "sort(eig(({S} + {S}') / 2))",
    "eigvecs": "eigvectors({S})", "eigvec": "eigvectors({S}, 1)",
    "tril": "tril({X})", "triu": "triu({X})", "cross": "cross({u}, {v})", "crossmat": "crossmat({v})",
    "crossaxis": "crossaxis({G})", "circulant": "circulant({c})", "toeplitz": "toeplitz({c})",
    "cconv": "circulant({a}) * {b}", "circsum": "circsum({G})", "toepsum": "toepsum({G})",
    **{n: f"{n}({{x}})" for n in ("sech2", "coshm1", "logcosh", "log1mexp", "erfc", "logerfc", "mills", "asinh",
                                  "exprel", "exprel1", "exprel2", "sinc1", "sinc2")},
    "sinc": "sin_over({x})", "cumprod": "cumprod({x})",
    "coprod": "coprod({x})", "coprod2": "coprod2({x})", "dcumprod": "dcumprod({x})",
    "hypot": "hypot({x}, {y})", "length": "norm({x})", "length/2": "norm({x}, 'fro')",
    "inverse_length": "inverse_norm({x})",
}  # fmt: skip

_FUNCTIONS = """
function y = choose(c, a, b)
    % a where c holds, else b.
    y = a + 0*c;
    b = b + 0*c;
    if isscalar(c)
        c = repmat(c, size(y));
    end
    y(~c) = b(~c);
end

function y = softplus(x)
    % log(1 + exp(x)), without overflow.
    y = max(x, 0) + log1p(exp(-abs(x)));
end

function y = sech2(x)
    % 1 - tanh(x)^2, without loss of digits.
    e = exp(-2*abs(x));
    y = 4*e ./ (1 + e).^2;
end

function y = coshm1(x)
    % cosh(x) - 1, without loss of digits.
    y = 2*sinh(x/2).^2;
end

function y = logcosh(x)
    % log(cosh(x)), without overflow.
    a = abs(x);
    y = choose(a < 1, log1p(coshm1(min(a, 1))), a + log1p(exp(-2*a)) - log(2));
end

function y = log1mexp(x)
    % log(1 - exp(x)) for x < 0 (M. Maechler, Accurately computing log(1 - exp(-|a|)), 2012).
    y = choose(x > -log(2), log(-expm1(max(x, -1))), log1p(-exp(min(x, -0.5))));
end

function y = logerfc(x)
    % log(1 - erf(x)), without underflow.
    y = choose(x > 0, log(erfcx(max(x, 0))) - max(x, 0).^2, log(erfc(min(x, 0))));
end

function y = mills(x)
    % exp(-x^2)/(1 - erf(x)), without underflow.
    y = choose(x > 0, 1 ./ erfcx(max(x, 0)), exp(-min(x, 0).^2) ./ erfc(min(x, 0)));
end

function y = exprel(x)
    % (exp(x) - 1)/x, and 1 at 0.
    far = choose(x == 0, 1, x);
    y = choose(x == 0, 1, expm1(far) ./ far);
end

function y = exprel1(x)
    % The derivative of log(exprel(x)), by its Bernoulli series near 0.
    b = [8.586062056277845e-15, -3.3896802963225827e-13, 1.3382536530684679e-11, ...
         -5.284190138687493e-10, 2.08767569878681e-08, -8.267195767195768e-07, ...
         3.306878306878307e-05, -0.001388888888888889, 0.08333333333333333];
    near = abs(x) < 0.7;
    small = choose(near, x, 0);
    far = choose(near, 1, x);
    y = choose(near, 0.5 + small.*polyval(b, small.^2), 0.5 + 0.5 ./ tanh(far/2) - 1 ./ far);
end

function y = exprel2(x)
    % The second derivative of log(exprel(x)), by its Bernoulli series near 0.
    b = [8.586062056277845e-15, -3.3896802963225827e-13, 1.3382536530684679e-11, ...
         -5.284190138687493e-10, 2.08767569878681e-08, -8.267195767195768e-07, ...
         3.306878306878307e-05, -0.001388888888888889, 0.08333333333333333] .* (17:-2:1);
    near = abs(x) < 0.7;
    far = choose(near, 1, x);
    e = exp(-abs(far));
    y = choose(near, polyval(b, choose(near, x, 0).^2), 1 ./ far.^2 - e ./ (1 - e).^2);
end

function y = sin_over(x)
    % sin(x)/x, and 1 at 0.
    far = choose(x == 0, 1, x);
    y = choose(x == 0, 1, sin(far) ./ far);
end

function y = bessel_series(x, n)
    % The spherical Bessel function of order n over x^n, by its power series, for small x.
    y = 1;
    for k = 12:-1:1
        y = 1 - y.*x.^2/(2*k*(2*n + 2*k + 1));
    end
    y = y/prod(3:2:2*n + 1);
end

function y = sinc1(x)
    % -sinc'(x)/x.
    far = choose(abs(x) < 1.5, 2, x);
    y = choose(abs(x) < 1.5, bessel_series(min(abs(x), 1.5), 1), (sin(far) ./ far - cos(far)) ./ far.^2);
end

function y = sinc2(x)
    % -sinc1'(x)/x.
    far = choose(abs(x) < 1.5, 2, x);
    s = sin(far) ./ far;
    y = choose(abs(x) < 1.5, bessel_series(min(abs(x), 1.5), 2), (3*(s - cos(far)) ./ far.^2 - s) ./ far.^2);
end

function y = coprod(x)
    % For every entry the product of all others.
    y = x;
    for k = 1:numel(x)
        y(k) = prod(x([1:k - 1, k + 1:numel(x)]));
    end
end

function Y = coprod2(x)
    % For every pair of entries the product of all others, 0 on the diagonal.
    n = numel(x);
    Y = zeros(n, n);
    for k = 1:n
        others = [1:k - 1, k + 1:n];
        Y(k, others) = coprod(x(others));
    end
end

function Y = dcumprod(x)
    % The Jacobian of cumprod(x).
    n = numel(x);
    Y = zeros(n, n);
    for k = 1:n
        x1 = x;
        x1(k) = 1;
        y = cumprod(x1(:));
        Y(k:n, k) = y(k:n);
    end
end

function y = inverse_norm(x)
    % 1/norm(x), and 0 where x is 0: the least of the subgradients there.
    y = norm(x(:));
    if y > 0
        y = 1/y;
    end
end

function y = atmax(x)
    % One at the largest entry, zero elsewhere; ties share.
    at = double(x == max(max(x)));
    y = at / sum(sum(at));
end

function y = softmax(x)
    % exp(x) / sum(exp(x)), without overflow.
    y = exp(x - max(x));
    y = y / sum(y);
end

function y = logsumexp(x)
    % log(sum(exp(x))), without overflow.
    y = max(x) + log(sum(exp(x - max(x))));
end

function y = detsign(X)
    % The sign of det(X), without overflow.
    [L, U, P] = lu(X);
    y = det(P) * prod(sign(diag(U)));
end

function y = logabsdet(X)
    % log |det(X)|, without overflow.
    [~, U, ~] = lu(X);
    y = sum(log(abs(diag(U))));
end

function D = dexpm(X, E)
    % Derivative of expm at X along E (Higham, Functions of Matrices, eq. 3.16).
    n = size(X, 1);
    D = expm([X, E; zeros(n), X]);
    D = D(1:n, n+1:end);
end

function D = dlogm(X, E)
    % Derivative of logm at X along E (Higham, Functions of Matrices, eq. 3.16).
    n = size(X, 1);
    D = real(logm([X, E; zeros(n), X]));
    D = D(1:n, n+1:end);
end

function Q = polar(X)
    % The orthogonal factor of X = Q*H.
    [U, ~, V] = svd(X, 'econ');
    Q = U*V';
end

function s = singvals(X)
    % Singular values of X, rising; one for each column.
    s = sort([svd(X); zeros(size(X, 2) - min(size(X)), 1)]);
end

function V = eigvectors(S, last)
    % Unit eigenvectors of (S + S')/2 as columns, eigenvalues rising; the largest entry of each is positive.
    [V, values] = eig((S + S')/2);
    [~, order] = sort(diag(values));
    V = V(:, order);
    [~, at] = max(abs(V));
    V = V .* sign(V(at + size(V, 1)*(0:size(V, 2)-1)));
    if nargin > 1
        V = V(:, end);
    end
end

function K = crossmat(v)
    % The matrix of u -> cross(v, u).
    K = [0, -v(3), v(2); v(3), 0, -v(1); -v(2), v(1), 0];
end

function a = crossaxis(G)
    % The vector of the antisymmetric part, the adjoint of crossmat.
    a = [G(3, 2) - G(2, 3); G(1, 3) - G(3, 1); G(2, 1) - G(1, 2)];
end

function C = circulant(c)
    % The circulant matrix with first column c.
    C = toeplitz(c, c([1, end:-1:2]));
end

function s = circsum(G)
    % Sums along the wrapped diagonals, the adjoint of circulant.
    n = size(G, 1);
    s = zeros(n, 1);
    for k = 0:n-1
        s(k+1) = sum(G(mod((0:n-1) + k, n) + 1 + n*(0:n-1)));
    end
end

function s = toepsum(G)
    % Sums along the diagonals |i - j| = k, the adjoint of toeplitz.
    n = size(G, 1);
    s = zeros(n, 1);
    s(1) = trace(G);
    for k = 1:n-1
        s(k+1) = sum(diag(G, k)) + sum(diag(G, -k));
    end
end
"""
"""Functions that a file brings along where its code calls them."""

_HELPERS = {re.split(r"[ (]", t.split(" = ")[1])[0]: t for t in _FUNCTIONS.strip().split("\n\n")}

# Comments are wrapped at this width.
LINE = 100

_RESERVED = """
break case catch classdef continue else elseif end for function global if otherwise parfor persistent return spmd
switch try while abs chol cross cumsum det diag double eig exp expm expm1 eye erf inv kron log log1p logm lu max mean
min mod norm ones permute pinv prod real reshape sign size sort sqrt sqrtm sum svd sylvester toeplitz trace tril triu
zeros sin cos tan asin acos atan sinh cosh tanh unwind_protect do until endfunction endif
"""

MATLAB = Language(
    "matlab", _WORDS, _OPERATIONS, _HELPERS, dotted=True, taken=frozenset((*_RESERVED.split(), *_HELPERS))
)


def matlab_source(
    tree: Tree, declarations: Declarations, *, name: str = "gradient", doc: str = "",
    arguments: Sequence[str] | None = None,
) -> str:  # fmt: skip
    """MATLAB code of a function that computes `tree`; see `numpy_source`. E504 where MATLAB cannot say it."""
    return _written(draft(MATLAB, tree, declarations, name=name, doc=doc, arguments=arguments))


def matlab_program(
    goal: Goal, declarations: Declarations, request: Request, given: Mapping[str, int], text: str
) -> str:  # fmt: skip
    """MATLAB code of what is compiled; see `array_program`."""
    return _written(array_program(MATLAB, goal, declarations, request, given, text))


def _written(parts: Draft) -> str:
    lines = [_sizes(list(told), list(told.values()), array) for told, array in parts.sizes]
    lines += [f"{name} = {text};" for name, text in parts.steps]
    taken = {n for n, _ in (*parts.parameters, *parts.steps)} | {d for told, _ in parts.sizes for d in told}
    single = next(n for n in ("D", "result", "result_", "result__") if n not in taken)
    results = [(single, parts.value, _axes(parts.result))]
    if parts.outputs:
        several = len(parts.outputs) > 1
        results = [(o.name if several else single, o.text, _lengths(o.sides)) for o in parts.outputs]
    lines += [f"{name} = {text};" for name, text, _ in results if text != name]
    names = ", ".join(n for n, _ in parts.parameters)
    arguments = ", ".join(f"{n} {_axes(shape)}" for n, shape in parts.parameters)
    gives = ", ".join(f"{name} {'is ' * (len(results) == 1)}{axes}" for name, _, axes in results)
    told = [f"{parts.doc}.", f"{arguments}. {gives}; vectors are columns."]
    if len(results) > 1:
        told = [f"{parts.doc}.", f"{arguments}; vectors are columns.", f"Gives {gives}."]
    about = [f"% {line}" for part in told for line in wrap(part, LINE, break_on_hyphens=False)]
    inner = "\n".join(f"    {line}" for line in [*about, *lines])
    given = ", ".join(name for name, _, _ in results)
    text = f"function {given if len(results) == 1 else f'[{given}]'} = {parts.name}({names})\n{inner}\nend\n"
    return "\n".join([text, *(f"{h}\n" for h in MATLAB.brought(text))]).rstrip("\n") + "\n"


def _sizes(told: Sequence[str], axes: Sequence[int], array: str) -> str:
    """`[m, n] = size(X);`, `n = size(X, 2);`."""
    return f"[{', '.join(told)}] = size({array});" if len(told) == 2 else f"{told[0]} = size({array}, {axes[0] + 1});"


def _axes(shape: Shape) -> str:
    """The shape of the array that stands for it."""
    return _lengths(sides(shape))


def _lengths(found: Sequence[str]) -> str:
    return f"({' x '.join(found)})" if len(found) > 1 else f"({found[0]} x 1)" if found else "scalar"
