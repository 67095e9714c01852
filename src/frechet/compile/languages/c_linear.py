"""Eigenvalues, singular values, functions of matrices in C: each allocates its own work space and returns 0, -1 without
memory, 1 if there is no result."""

from __future__ import annotations

# What each is told of its first argument: "square", its side; "sides", rows and columns; "two", the sides of the first
# two, which are square.
SIDES = {
    **dict.fromkeys(("expm", "logm", "sqrtm", "dexpm", "dlogm", "eigmax", "eigvals", "eigvec", "eigvecs", "chol",
                     "mpower", "dmpower", "cofactor"), "square"),
    **dict.fromkeys(("pinv", "polar", "nuclear"), "sides"),
    "sylvester": "two",
}  # fmt: skip

# Derivatives along any number of directions: these are given as an array of arrays.
MIXED = {"dexpm": 1, "dlogm": 1, "dmpower": 2}

LINEAR = {
    "multiply": """\
/* C = A B for n x n matrices. */
static void multiply(int n, const double *A, const double *B, double *C)
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            C[i * n + j] = 0;
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                C[i * n + j] += A[i * n + k] * B[k * n + j];
    }
}
""",
    "norm_of_columns": """\
/* The largest column sum of |A|; NaN where an entry is. */
static double norm_of_columns(int n, const double *A)
{
    double top = 0;
    for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int i = 0; i < n; i++)
            sum += fabs(A[i * n + j]);
        if (!(sum <= top))
            top = sum;
    }
    return top;
}
""",
    "rotate": """\
/* Columns p and q of the matrix A with m rows of n entries, turned by the angle of cosine c and sine s. */
static void rotate(int m, int n, double *A, int p, int q, double c, double s)
{
    for (int k = 0; k < m; k++) {
        double a = A[k * n + p], b = A[k * n + q];
        A[k * n + p] = c * a - s * b;
        A[k * n + q] = s * a + c * b;
    }
}
""",
    "angle": """\
/* Cosine and sine of the rotation that makes [a, g; g, b] diagonal (Golub and Van Loan, Matrix Computations, 8.5). */
static void angle(double a, double g, double b, double *c, double *s)
{
    double tau = (b - a) / (2 * g), t = (tau >= 0 ? 1 : -1) / (fabs(tau) + hypot(1, tau));
    *c = 1 / sqrt(1 + t * t);
    *s = t * *c;
}
""",
    "symmetric_eigen": """\
/* Eigenvalues (rising) and unit eigenvectors (the columns of V, the largest entry of each positive) of (S + S') / 2 by
 * cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations, 8.5). */
static int symmetric_eigen(int n, const double *S, double *values, double *V)
{
    double *A = malloc(sizeof(double) * n * n);
    if (!A)
        return -1;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            A[i * n + j] = (S[i * n + j] + S[j * n + i]) / 2;
            V[i * n + j] = i == j;
        }
    for (int sweep = 0; sweep < 60; sweep++) {
        double off = 0, top = 0;
        for (int i = 0; i < n; i++)
            for (int j = 0; j <= i; j++) {
                top = fmax(top, fabs(A[i * n + j]));
                off = i == j ? off : fmax(off, fabs(A[i * n + j]));
            }
        if (off <= 1e-18 * top)
            break;
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++)
                if (A[p * n + q] != 0) {
                    double c, s;
                    angle(A[p * n + p], A[p * n + q], A[q * n + q], &c, &s);
                    rotate(n, n, A, p, q, c, s);
                    for (int k = 0; k < n; k++) {
                        double a = A[p * n + k], b = A[q * n + k];
                        A[p * n + k] = c * a - s * b;
                        A[q * n + k] = s * a + c * b;
                    }
                    A[p * n + q] = A[q * n + p] = 0;
                    rotate(n, n, V, p, q, c, s);
                }
    }
    for (int j = 0; j < n; j++)
        values[j] = A[j * n + j];
    for (int j = 0; j < n; j++) {
        int least = j;
        double largest = 0;
        for (int k = j + 1; k < n; k++)
            if (values[k] < values[least])
                least = k;
        double kept = values[j];
        values[j] = values[least];
        values[least] = kept;
        for (int i = 0; i < n; i++) {
            kept = V[i * n + j];
            V[i * n + j] = V[i * n + least];
            V[i * n + least] = kept;
        }
        for (int i = 0; i < n; i++)
            if (fabs(V[i * n + j]) > fabs(largest))
                largest = V[i * n + j];
        for (int i = 0; largest < 0 && i < n; i++)
            V[i * n + j] = -V[i * n + j];
    }
    free(A);
    return 0;
}
""",
    "eigvecs": """\
/* Unit eigenvectors of (S + S') / 2 as columns of V, eigenvalues rising. */
static int eigvecs(int n, const double *S, double *V)
{
    double *values = malloc(sizeof(double) * n);
    int status = values ? symmetric_eigen(n, S, values, V) : -1;
    free(values);
    return status;
}
""",
    "eigvals": """\
/* Eigenvalues of (S + S') / 2, rising. */
static int eigvals(int n, const double *S, double *values)
{
    double *V = malloc(sizeof(double) * n * n);
    int status = V ? symmetric_eigen(n, S, values, V) : -1;
    free(V);
    return status;
}
""",
    "eigvec": """\
/* The unit eigenvector of the largest eigenvalue of (S + S') / 2. */
static int eigvec(int n, const double *S, double *v)
{
    double *V = malloc(sizeof(double) * n * n);
    int status = V ? eigvecs(n, S, V) : -1;
    for (int i = 0; !status && i < n; i++)
        v[i] = V[i * n + n - 1];
    free(V);
    return status;
}
""",
    "eigmax": """\
/* The largest eigenvalue of (S + S') / 2. */
static int eigmax(int n, const double *S, double *value)
{
    double *values = malloc(sizeof(double) * n);
    int status = values ? eigvals(n, S, values) : -1;
    if (!status)
        *value = values[n - 1];
    free(values);
    return status;
}
""",
    "singular_values": """\
/* One-sided Jacobi rotations (Hestenes 1958; Demmel and Veselic 1992): A = U * diag(s) * V' for A, which is X (m x n)
 * or its transpose, whichever is tall (p columns). A gets the columns of U, V (p x p) those of V; s is not sorted. */
static void singular_values(int m, int n, const double *X, double *A, double *s, double *V)
{
    int r = m > n ? m : n, p = m > n ? n : m, turned = 1;
    double top = 0;
    for (int i = 0; i < m * n; i++)
        top = fmax(top, fabs(X[i]));
    for (int i = 0; i < r; i++)  /* divided by the largest entry, so that no square overflows */
        for (int j = 0; j < p; j++)
            A[i * p + j] = top > 0 ? X[m > n ? i * n + j : j * n + i] / top : 0;
    for (int i = 0; i < p * p; i++)
        V[i] = i % (p + 1) == 0;
    for (int sweep = 0; turned && sweep < 60; sweep++) {
        turned = 0;
        for (int j = 0; j < p; j++)
            for (int k = j + 1; k < p; k++) {
                double a = 0, b = 0, g = 0, cosine, sine;
                for (int i = 0; i < r; i++) {
                    a += A[i * p + j] * A[i * p + j];
                    b += A[i * p + k] * A[i * p + k];
                    g += A[i * p + j] * A[i * p + k];
                }
                if (!(fabs(g) > 1e-16 * sqrt(a) * sqrt(b)))
                    continue;
                turned = 1;
                angle(a, g, b, &cosine, &sine);
                rotate(r, p, A, j, k, cosine, sine);
                rotate(p, p, V, j, k, cosine, sine);
            }
    }
    for (int j = 0; j < p; j++) {
        double square = 0;
        for (int i = 0; i < r; i++)
            square += A[i * p + j] * A[i * p + j];
        for (int i = 0; square > 0 && i < r; i++)
            A[i * p + j] /= sqrt(square);
        s[j] = top * sqrt(square);
    }
}
""",
    "of_singular_values": """\
/* What singular values give: 0, the pseudoinverse (n x m; those below 1e-12 of the largest count as zero); 1, the
 * orthogonal factor of X = Q * H (m x n); 2, their sum. 1 where X is not finite. */
static int of_singular_values(int what, int m, int n, const double *X, double *Y)
{
    int r = m > n ? m : n, p = m > n ? n : m;
    if (!all_finite(m * n, X))
        return 1;
    double *A = malloc(sizeof(double) * ((size_t)r * p + p + (size_t)p * p));
    double *s = A + (size_t)r * p, *V = s + p, top = 0;
    if (!A)
        return -1;
    singular_values(m, n, X, A, s, V);
    for (int j = 0; j < p; j++)
        top = fmax(top, s[j]);
    for (int i = 0; i < (what < 2 ? m * n : 1); i++)
        Y[i] = 0;
    for (int j = 0; j < p; j++) {
        if (what == 2)
            *Y += s[j];
        for (int i = 0; what < 2 && s[j] > (what ? 0 : 1e-12 * top) && i < r; i++)
            for (int k = 0; k < p; k++) {
                int at = what ? (m > n ? i * n + k : k * n + i) : (m > n ? k * m + i : i * m + k);
                Y[at] += A[i * p + j] * V[k * p + j] / (what ? 1 : s[j]);
            }
    }
    free(A);
    return 0;
}
""",
    "pinv": """\
/* The pseudoinverse P (n x m) of X. */
static int pinv(int m, int n, const double *X, double *P)
{
    return of_singular_values(0, m, n, X, P);
}
""",
    "polar": """\
/* The orthogonal factor Q of X = Q * H. */
static int polar(int m, int n, const double *X, double *Q)
{
    return of_singular_values(1, m, n, X, Q);
}
""",
    "nuclear": """\
/* The sum of the singular values of X. */
static int nuclear(int m, int n, const double *X, double *sum)
{
    return of_singular_values(2, m, n, X, sum);
}
""",
    "cofactor": """\
/* The matrix C of cofactors, also of a singular X: each the determinant of what is left without a row and a column. */
static int cofactor(int n, const double *X, double *C)
{
    int side = n - 1, status = 0;
    double *M = malloc(sizeof(double) * ((size_t)side * side + 1));
    int *rows = malloc(sizeof(int) * n);
    for (int i = 0; M && rows && i < n; i++)
        for (int j = 0; j < n; j++) {
            for (int k = 0; k < side * side; k++) {
                int r = k / side, c = k % side;
                M[k] = X[(r + (r >= i)) * n + c + (c >= j)];
            }
            C[i * n + j] = lu_factor(side, M, rows) ? 0 : (i + j) % 2 ? -lu_det(side, M, rows) : lu_det(side, M, rows);
        }
    status = M && rows ? 0 : -1;
    free(M);
    free(rows);
    return status;
}
""",
    "chol": """\
/* The lower triangle L with L * L' = (S + S') / 2. */
static int chol(int n, const double *S, double *L)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = (S[i * n + j] + S[j * n + i]) / 2;
            for (int k = 0; k < j; k++)
                sum -= j <= i ? L[i * n + k] * L[j * n + k] : 0;
            if (i == j && !(sum > 0))
                return 1;
            L[i * n + j] = j > i ? 0 : i == j ? sqrt(sum) : sum / L[j * n + j];
        }
    return 0;
}
""",
}
