"""What C code brings along: small static functions, each only where a step calls it. math.h is all they need."""

from __future__ import annotations

from frechet.compile.languages.c_functions import MATRIX_FUNCTIONS
from frechet.compile.languages.c_linear import LINEAR
from frechet.compile.languages.c_lu import LU
from frechet.compile.languages.c_series import SERIES
from frechet.compile.stable.functions import BROUGHT
from frechet.language.tree import INFIX

# Functions of one entry as C99 has them, over {0}, {1}.
ENTRYWISE = {
    **{n: f"{n}({{0}})" for n in ("exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
                                  "erf", "log1p", "expm1", "sqrt", "sign", "sigmoid", "softplus")},
    **{n: f"{n}({{0}})" for n in (*BROUGHT, "sinc")},
    "hypot": "hypot({0}, {1})", "abs": "fabs({0})", "relu": "relu({0})", "max": "larger({0}, {1})",
    "min": "smaller({0}, {1})", "power": "pow({0}, {1})", "where": "({0} ? {1} : {2})",
    **{n: f"({{0}} {sign} {{1}})" for n, sign in INFIX.items() if n not in ("and", "or")},
    **{n: f"({{0}} {sign} {{1}})" for n, sign in (("and", "&&"), ("or", "||"))},
}  # fmt: skip

# Those that are operators, whose operands keep their brackets.
OPERATORS = ("where", *INFIX)

# Operations of whole arrays: result by value ("scalar") or written to the last argument ("array").
WHOLE = {"logsumexp": "scalar", "prod": "scalar", "softmax": "array", "atmax": "array", "cross": "array",
         "crossmat": "array", "crossaxis": "array", "circulant": "array", "circsum": "array", "toeplitz": "array",
         "toepsum": "array", "length": "scalar", "inverse_length": "scalar", "reverse": "array", "cumprod": "array",
         "coprod": "array", "coprod2": "array", "dcumprod": "array",
         "conv": "array", "corr": "array", "kth": "scalar", "atkth": "array", "diagsums": "array",
         "diagmeans": "array", "max": "scalar", "min": "scalar"}  # fmt: skip

HELPERS = {
    "sign": """\
/* -1, 0 or 1; NaN of NaN. */
static double sign(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : x;
}
""",
    "relu": """\
static double relu(double x)
{
    return x <= 0 ? 0 : x;
}
""",
    "larger": """\
/* The larger one; NaN if one is, unlike fmax. */
static double larger(double a, double b)
{
    return a > b || a != a ? a : b;
}
""",
    "smaller": """\
static double smaller(double a, double b)
{
    return a < b || a != a ? a : b;
}
""",
    "sigmoid": """\
/* 1 / (1 + exp(-x)), without overflow. */
static double sigmoid(double x)
{
    double e = exp(-fabs(x));
    return (x >= 0 ? 1 : e) / (1 + e);
}
""",
    "softplus": """\
/* log(1 + exp(x)), without overflow. */
static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}
""",
    "log1mexp": """\
/* log(1 - exp(x)) for x < 0. */
static double log1mexp(double x)
{
    return x > -0.6931471805599453 ? log(-expm1(x)) : log1p(-exp(x));
}
""",
    "sech2": """\
/* 1 - tanh(x)^2. */
static double sech2(double x)
{
    double e = exp(-2 * fabs(x));
    return 4 * e / ((1 + e) * (1 + e));
}
""",
    "coshm1": """\
/* cosh(x) - 1. */
static double coshm1(double x)
{
    double s = sinh(x / 2);
    return 2 * s * s;
}
""",
    "logcosh": """\
/* log(cosh(x)). */
static double logcosh(double x)
{
    double a = fabs(x);
    return a < 1 ? log1p(coshm1(a)) : a + log1p(exp(-2 * a)) - 0.6931471805599453;
}
""",
    "erfcx": """\
/* exp(x^2) * erfc(x), by its continued fraction where x is large. */
static double erfcx(double x)
{
    if (x < 5)
        return exp(x * x) * erfc(x);
    double below = x;
    for (int k = 60; k > 0; k--)
        below = x + 0.5 * k / below;
    return 0.5641895835477563 / below;
}
""",
    "logerfc": """\
/* log(1 - erf(x)). */
static double logerfc(double x)
{
    return x > 0 ? log(erfcx(x)) - x * x : log(erfc(x));
}
""",
    "mills": """\
/* exp(-x^2) / (1 - erf(x)). */
static double mills(double x)
{
    return x > 0 ? 1 / erfcx(x) : exp(-x * x) / erfc(x);
}
""",
    **SERIES,
    "length": """\
/* The root of the sum of n squares, scaled so that no square overflows. */
static double length(int n, const double *x)
{
    double top = 0, sum = 0;
    for (int i = 0; i < n; i++)
        top = larger(top, fabs(x[i]));
    if (!isfinite(top))
        return top;
    for (int i = 0; i < n && top > 0; i++)
        sum += x[i] / top * (x[i] / top);
    return top * sqrt(sum);
}
""",
    "inverse_length": """\
/* Its inverse, and 0 where it is 0. */
static double inverse_length(int n, const double *x)
{
    double norm = length(n, x);
    return norm == 0 ? 0 : 1 / norm;
}
""",
    "largest": """\
/* The largest of n entries that lie `step` apart. */
static double largest(int n, const double *x, int step)
{
    double top = x[0];
    for (int i = 1; i < n; i++)
        top = larger(top, x[(size_t)i * step]);
    return top;
}
""",
    "maximum": """\
static double maximum(int n, const double *x)
{
    return largest(n, x, 1);
}
""",
    "minimum": """\
static double minimum(int n, const double *x)
{
    double least = x[0];
    for (int i = 1; i < n; i++)
        least = smaller(least, x[i]);
    return least;
}
""",
    "logsumexp": """\
/* log(sum(exp(x))), without overflow. */
static double logsumexp(int n, const double *x)
{
    double top = largest(n, x, 1), sum = 0;
    for (int i = 0; i < n; i++)
        sum += exp(x[i] - top);
    return isfinite(top) ? top + log(sum) : top;
}
""",
    "softmax": """\
/* y = exp(x) / sum(exp(x)), without overflow. */
static void softmax(int n, const double *x, double *y)
{
    double top = largest(n, x, 1), sum = 0;
    for (int i = 0; i < n; i++)
        sum += y[i] = exp(x[i] - top);
    for (int i = 0; i < n; i++)
        y[i] /= sum;
}
""",
    "prod": """\
static double prod(int n, const double *x)
{
    double product = 1;
    for (int i = 0; i < n; i++)
        product *= x[i];
    return product;
}
""",
    "atmax": """\
/* One at the largest entry, zero elsewhere; ties share. NaN where an entry is. */
static void atmax(int n, const double *x, double *y)
{
    double top = largest(n, x, 1);
    int count = 0;
    for (int i = 0; i < n; i++)
        count += x[i] >= top;
    for (int i = 0; i < n; i++)
        y[i] = !count ? top : x[i] >= top ? 1.0 / count : 0;
}
""",
    "cross": """\
/* y = u x v; n is 3. */
static void cross(int n, const double *u, const double *v, double *y)
{
    for (int i = 0; i < n; i++)
        y[i] = u[(i + 1) % n] * v[(i + 2) % n] - u[(i + 2) % n] * v[(i + 1) % n];
}
""",
    "crossmat": """\
/* The matrix K of u -> v x u; n is 3. */
static void crossmat(int n, const double *v, double *K)
{
    for (int i = 0; i < n; i++) {
        K[i * n + i] = 0;
        K[i * n + (i + 1) % n] = -v[(i + 2) % n];
        K[i * n + (i + 2) % n] = v[(i + 1) % n];
    }
}
""",
    "crossaxis": """\
/* The vector of the antisymmetric part, the adjoint of crossmat; n is 3. */
static void crossaxis(int n, const double *G, double *a)
{
    for (int i = 0; i < n; i++)
        a[i] = G[(i + 2) % n * n + (i + 1) % n] - G[(i + 1) % n * n + (i + 2) % n];
}
""",
    "circulant": """\
/* The circulant matrix C with first column c. */
static void circulant(int n, const double *c, double *C)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            C[i * n + j] = c[(i - j + n) % n];
}
""",
    "circsum": """\
/* Sums along the wrapped diagonals of G, the adjoint of circulant. */
static void circsum(int n, const double *G, double *s)
{
    for (int k = 0; k < n; k++) {
        s[k] = 0;
        for (int j = 0; j < n; j++)
            s[k] += G[(j + k) % n * n + j];
    }
}
""",
    "toeplitz": """\
/* The symmetric Toeplitz matrix T with first column c. */
static void toeplitz(int n, const double *c, double *T)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            T[i * n + j] = c[abs(i - j)];
}
""",
    "toepsum": """\
/* Sums along the diagonals |i - j| = k of G, the adjoint of toeplitz. */
static void toepsum(int n, const double *G, double *s)
{
    for (int k = 0; k < n; k++)
        s[k] = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            s[abs(i - j)] += G[i * n + j];
}
""",
    "reverse": """\
/* y = x from the last entry to the first. */
static void reverse(int n, const double *x, double *y)
{
    for (int i = 0; i < n; i++)
        y[i] = x[n - 1 - i];
}
""",
    "cumprod": """\
/* Products of the first entries. */
static void cumprod(int n, const double *x, double *y)
{
    for (int i = 0; i < n; i++)
        y[i] = (i ? y[i - 1] : 1) * x[i];
}
""",
    "conv": """\
/* The full convolution y of a (m) and b (n), of length m + n - 1. */
static void conv(int m, int n, const double *a, const double *b, double *y)
{
    for (int i = 0; i < m + n - 1; i++)
        y[i] = 0;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++)
            y[i + j] += a[i] * b[j];
}
""",
    "corr": """\
/* The correlation y of g (n) and b (m) where b lies inside g, of length n - m + 1. */
static void corr(int n, int m, const double *g, const double *b, double *y)
{
    for (int i = 0; i < n - m + 1; i++) {
        y[i] = 0;
        for (int j = 0; j < m; j++)
            y[i] += g[i + j] * b[j];
    }
}
""",
    "place_of": """\
/* Where the k-th smallest entry is; of equal ones the first counts as smaller. -1 where k is not from 1 to n. */
static int place_of(int n, const double *x, double k)
{
    for (int i = 0; i < n; i++) {
        int below = 0;
        for (int j = 0; j < n; j++)
            below += x[j] < x[i] || (x[j] == x[i] && j < i);
        if (below + 1 == k)
            return i;
    }
    return -1;
}
""",
    "kth": """\
/* The k-th smallest entry; NaN where there is none. */
static double kth(int n, const double *x, double k)
{
    int at = place_of(n, x, k);
    return at < 0 ? NAN : x[at];
}
""",
    "atkth": """\
/* One at the k-th smallest entry, zero elsewhere; NaN where there is none. */
static void atkth(int n, const double *x, double k, double *y)
{
    int at = place_of(n, x, k);
    for (int i = 0; i < n; i++)
        y[i] = at < 0 ? NAN : i == at;
}
""",
    "diagsums": """\
/* The Toeplitz matrix T of the sums along the diagonals of G. */
static void diagsums(int n, const double *G, double *T)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            T[i * n + j] = 0;
            for (int k = 0; k < n - abs(i - j); k++)
                T[i * n + j] += G[(k + (i > j ? i - j : 0)) * n + k + (j > i ? j - i : 0)];
        }
}
""",
    "diagmeans": """\
/* The Toeplitz matrix T of the means along the diagonals of G. */
static void diagmeans(int n, const double *G, double *T)
{
    diagsums(n, G, T);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            T[i * n + j] /= n - abs(i - j);
}
""",
    **LU,
    **LINEAR,
    **MATRIX_FUNCTIONS,
}
