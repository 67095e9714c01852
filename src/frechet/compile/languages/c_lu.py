"""The LU factorisation that C code brings along, and what it serves."""

from __future__ import annotations

LU = {
    "lu_factor": """\
/* A = P L U in place, by partial pivoting; rows[k] is the row that was exchanged with row k. 1 if A is singular. */
static int lu_factor(int n, double *A, int *rows)
{
    for (int k = 0; k < n; k++) {
        int best = k;
        for (int i = k + 1; i < n; i++)
            if (fabs(A[i * n + k]) > fabs(A[best * n + k]))
                best = i;
        rows[k] = best;
        if (A[best * n + k] == 0)
            return 1;
        for (int j = 0; best != k && j < n; j++) {
            double kept = A[k * n + j];
            A[k * n + j] = A[best * n + j];
            A[best * n + j] = kept;
        }
        for (int i = k + 1; i < n; i++) {
            double ratio = A[i * n + k] /= A[k * n + k];
            for (int j = k + 1; j < n; j++)
                A[i * n + j] -= ratio * A[k * n + j];
        }
    }
    return 0;
}
""",
    "lu_regular": """\
/* Whether A is far enough from singular for a solution to have digits. */
static int lu_regular(int n, const double *LU)
{
    double low = HUGE_VAL, high = 0;
    for (int i = 0; i < n; i++) {
        low = fmin(low, fabs(LU[i * n + i]));
        high = fmax(high, fabs(LU[i * n + i]));
    }
    return low > 2.2e-13 * n * high;
}
""",
    "all_finite": """\
/* Whether all n entries are: none was divided by zero. */
static int all_finite(int n, const double *x)
{
    int all = 1;
    for (int i = 0; i < n; i++)
        all &= isfinite(x[i]) != 0;
    return all;
}
""",
    "lu_solve": """\
/* x = inv(A) x, or inv(A') x if `turned`, for the n entries of x that lie `step` apart. */
static void lu_solve(int n, const double *LU, const int *rows, int turned, double *x, int step)
{
    for (int k = 0; !turned && k < n; k++) {
        double kept = x[k * step];
        x[k * step] = x[rows[k] * step];
        x[rows[k] * step] = kept;
    }
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++)
            x[i * step] -= (turned ? LU[j * n + i] : LU[i * n + j]) * x[j * step];
        if (turned)
            x[i * step] /= LU[i * n + i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int j = i + 1; j < n; j++)
            x[i * step] -= (turned ? LU[j * n + i] : LU[i * n + j]) * x[j * step];
        if (!turned)
            x[i * step] /= LU[i * n + i];
    }
    for (int k = n - 1; turned && k >= 0; k--) {
        double kept = x[k * step];
        x[k * step] = x[rows[k] * step];
        x[rows[k] * step] = kept;
    }
}
""",
    "lu_inverse": """\
/* X = inv(A). */
static void lu_inverse(int n, const double *LU, const int *rows, double *X)
{
    for (int j = 0; j < n; j++) {
        for (int i = 0; i < n; i++)
            X[i * n + j] = i == j;
        lu_solve(n, LU, rows, 0, X + j, n);
    }
}
""",
    "lu_logdet": """\
/* log |det(A)|. */
static double lu_logdet(int n, const double *LU, const int *rows)
{
    double sum = 0;
    (void)rows;
    for (int i = 0; i < n; i++)
        sum += log(fabs(LU[i * n + i]));
    return sum;
}
""",
    "lu_detsign": """\
/* The sign of det(A). */
static double lu_detsign(int n, const double *LU, const int *rows)
{
    double sign = 1;
    for (int i = 0; i < n; i++)
        sign *= ((LU[i * n + i] > 0) - (LU[i * n + i] < 0)) * (rows[i] == i ? 1 : -1);
    return sign;
}
""",
    "lu_det": """\
/* det(A). */
static double lu_det(int n, const double *LU, const int *rows)
{
    double product = 1;
    for (int i = 0; i < n; i++)
        product *= rows[i] == i ? LU[i * n + i] : -LU[i * n + i];
    return product;
}
""",
}
