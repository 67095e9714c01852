"""Functions that Julia code brings along where it calls them, separated by blank lines."""

from __future__ import annotations

JULIA_FUNCTIONS = """
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
coprod(x) = reshape([prod(x[1:j-1])*prod(x[j+1:end]) for j in eachindex(x)], size(x))

"For every pair of entries the product of all others, 0 on the diagonal."
coprod2(x) = [i == j ? 0.0 : prod(x[setdiff(1:end, (i, j))]) for i in eachindex(x), j in eachindex(x)]

"The Jacobian of cumprod(x)."
dcumprod(x) = [i < j ? 0.0 : prod(x[setdiff(1:i, j)]) for i in eachindex(x), j in eachindex(x)]

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

"The k-th smallest entry is one, the others are zero."
atkth(x, k) = Float64.(eachindex(x) .== sortperm(x)[Int(k)])

"The full convolution, of length m + n - 1."
conv(a, b) = [
    sum(a[j]*b[i - j + 1] for j in max(1, i - length(b) + 1):min(i, length(a))) for i in 1:length(a) + length(b) - 1
]

"The correlation where b lies inside g, of length n - m + 1."
corr(g, b) = [sum(g[i + j - 1]*b[j] for j in eachindex(b)) for i in 1:length(g) - length(b) + 1]

"The Toeplitz matrix of the sums along the diagonals."
diagsums(G) = [sum(diag(G, j - i)) for i in axes(G, 1), j in axes(G, 2)]

"The Toeplitz matrix of the means along the diagonals."
diagmeans(G) = [sum(diag(G, j - i))/length(diag(G, j - i)) for i in axes(G, 1), j in axes(G, 2)]

"The matrix of cofactors, also of a singular X."
function cofactor(X)
    F = svd(X)
    others = [prod(F.S[1:k-1])*prod(F.S[k+1:end]) for k in eachindex(F.S)]
    return det(F.U)*det(F.Vt)*(F.U*(others .* F.Vt))
end

"f of every matrix of a batch, which lie along the last axis."
each(f, X) = cat((f(X[:, :, k]) for k in axes(X, 3))..., dims=3)

"The last block of f of a block triangular matrix: its mixed derivative at X (Higham and Relton 2014)."
function mixed(f, X, E...)
    M = X
    for (k, D) in enumerate(E)
        M = [M kron(Matrix(1.0I, 2^(k - 1), 2^(k - 1)), D); zero(M) M]
    end
    n = size(X, 1)
    return f(M)[1:n, end-n+1:end]
end
"""
