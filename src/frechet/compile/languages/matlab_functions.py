"""Functions that MATLAB code brings along where it calls them, separated by blank lines."""

from __future__ import annotations

MATLAB_FUNCTIONS = """
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

function y = kth(x, k)
    % The k-th smallest entry.
    y = sort(x);
    y = y(k);
end

function y = atkth(x, k)
    % One at the k-th smallest entry, zero elsewhere.
    [~, order] = sort(x);
    y = zeros(size(x));
    y(order(k)) = 1;
end

function T = diagsums(G)
    % The Toeplitz matrix of the sums along the diagonals.
    n = size(G, 1);
    column = zeros(n, 1);
    row = zeros(1, n);
    for k = 0:n-1
        column(k+1) = sum(diag(G, -k));
        row(k+1) = sum(diag(G, k));
    end
    T = toeplitz(column, row);
end

function T = diagmeans(G)
    % The Toeplitz matrix of the means along the diagonals.
    n = size(G, 1);
    T = diagsums(G) ./ toeplitz(n:-1:1);
end

function C = cofactor(X)
    % The matrix of cofactors, also of a singular X.
    [U, S, V] = svd(X);
    s = diag(S);
    others = s;
    for k = 1:numel(s)
        others(k) = prod(s([1:k-1, k+1:end]));
    end
    C = det(U)*det(V)*(U*diag(others)*V');
end

function Y = each(f, X)
    % f of every matrix of a batch, which lie along the last axis.
    for k = size(X, 3):-1:1
        Y(:, :, k) = f(X(:, :, k));
    end
end

function D = mixed(f, X, varargin)
    % The last block of f of a block triangular matrix: its mixed derivative at X (Higham and Relton 2014).
    M = X;
    for k = 1:numel(varargin)
        M = [M, kron(eye(2^(k-1)), varargin{k}); zeros(size(M)), M];
    end
    n = size(X, 1);
    D = f(M);
    D = D(1:n, end-n+1:end);
end
"""
