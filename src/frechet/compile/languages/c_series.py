"""Quotients with a removable point in C, by their series there: see `stable.series`."""

from __future__ import annotations

SERIES = {
    "exprel": """\
/* (exp(x) - 1) / x, and 1 at 0. */
static double exprel(double x)
{
    return x == 0 ? 1 : expm1(x) / x;
}
""",
    "exprel1": """\
/* The derivative of log(exprel(x)), by its Bernoulli series near 0. */
static double exprel1(double x)
{
    const double b[9] = {8.586062056277845e-15, -3.3896802963225827e-13, 1.3382536530684679e-11,
                                -5.284190138687493e-10, 2.08767569878681e-08, -8.267195767195768e-07,
                                3.306878306878307e-05, -0.001388888888888889, 0.08333333333333333};
    double sum = 0;
    if (fabs(x) >= 0.7)
        return 0.5 + 0.5 / tanh(x / 2) - 1 / x;
    for (int k = 0; k < 9; k++)
        sum = sum * x * x + b[k];
    return sum * x + 0.5;
}
""",
    "exprel2": """\
/* The second derivative of log(exprel(x)), by its Bernoulli series near 0. */
static double exprel2(double x)
{
    const double b[9] = {8.586062056277845e-15, -3.3896802963225827e-13, 1.3382536530684679e-11,
                                -5.284190138687493e-10, 2.08767569878681e-08, -8.267195767195768e-07,
                                3.306878306878307e-05, -0.001388888888888889, 0.08333333333333333};
    double sum = 0, e = exp(-fabs(x));
    if (fabs(x) >= 0.7)
        return 1 / (x * x) - e / ((1 - e) * (1 - e));
    for (int k = 0; k < 9; k++)
        sum = sum * x * x + (17 - 2 * k) * b[k];
    return sum;
}
""",
    "bessel_series": """\
/* The spherical Bessel function of order n over x^n, by its power series, for small x. */
static double bessel_series(double x, int n)
{
    double sum = 1;
    for (int k = 12; k > 0; k--)
        sum = 1 - sum * x * x / (2 * k * (2 * n + 2 * k + 1));
    for (int k = 1; k <= n; k++)
        sum /= 2 * k + 1;
    return sum;
}
""",
    "sinc": """\
/* sin(x) / x, and 1 at 0. */
static double sinc(double x)
{
    return x == 0 ? 1 : sin(x) / x;
}
""",
    "sinc1": """\
/* -sinc'(x) / x. */
static double sinc1(double x)
{
    return fabs(x) < 1.5 ? bessel_series(x, 1) : (sin(x) / x - cos(x)) / (x * x);
}
""",
    "sinc2": """\
/* -sinc1'(x) / x. */
static double sinc2(double x)
{
    return fabs(x) < 1.5 ? bessel_series(x, 2) : (3 * (sin(x) / x - cos(x)) / (x * x) - sin(x) / x) / (x * x);
}
""",
    "coprod": """\
/* For every entry the product of all others. */
static void coprod(int n, const double *x, double *y)
{
    double product = 1;
    for (int i = 0; i < n; product *= x[i++])
        y[i] = product;
    product = 1;
    for (int i = n - 1; i >= 0; product *= x[i--])
        y[i] *= product;
}
""",
    "coprod2": """\
/* For every pair of entries the product of all others, 0 on the diagonal. */
static void coprod2(int n, const double *x, double *Y)
{
    for (int i = 0; i < n; i++) {
        double product = 1;
        for (int j = 0; j < n; product *= j == i ? 1 : x[j], j++)
            Y[i * n + j] = j == i ? 0 : product;
        product = 1;
        for (int j = n - 1; j >= 0; product *= j == i ? 1 : x[j], j--)
            Y[i * n + j] *= product;
    }
}
""",
    "dcumprod": """\
/* The Jacobian of cumprod(x). */
static void dcumprod(int n, const double *x, double *Y)
{
    for (int j = 0; j < n; j++) {
        double product = 1;
        for (int i = 0; i < n; i++) {
            product *= i == j ? 1 : x[i];
            Y[i * n + j] = i < j ? 0 : product;
        }
    }
}
""",
}
