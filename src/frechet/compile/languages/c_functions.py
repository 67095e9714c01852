"""Functions of whole matrices in C: exponential, logarithm, square root, powers, Sylvester equations."""

from __future__ import annotations

MATRIX_FUNCTIONS = {
    "expm": """\
/* exp(X) by scaling and squaring with the Pade approximant of degree 13 (Higham 2005). */
static int expm(int n, const double *X, double *F)
{
    const double b[] = {64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
                        10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1};
    size_t size = (size_t)n * n;
    double *A = malloc(7 * size * sizeof(double)), norm = norm_of_columns(n, X);
    double *A2 = A + size, *A4 = A2 + size, *A6 = A4 + size, *U = A6 + size, *V = U + size, *W = V + size;
    int *rows = malloc(sizeof(int) * n), halvings = 0, status = A && rows ? 0 : -1;
    while (norm > 5.371920351148152 && norm < HUGE_VAL) {
        norm /= 2;
        halvings++;
    }
    if (!status) {
        for (size_t i = 0; i < size; i++)
            A[i] = ldexp(X[i], -halvings);
        multiply(n, A, A, A2);
        multiply(n, A2, A2, A4);
        multiply(n, A4, A2, A6);
        for (int odd = 0; odd < 2; odd++) {
            for (size_t i = 0; i < size; i++)
                W[i] = b[12 + odd] * A6[i] + b[10 + odd] * A4[i] + b[8 + odd] * A2[i];
            multiply(n, A6, W, V);
            for (size_t i = 0; i < size; i++)
                V[i] += b[6 + odd] * A6[i] + b[4 + odd] * A4[i] + b[2 + odd] * A2[i] + (i % (n + 1) == 0) * b[odd];
            if (odd)
                multiply(n, A, V, A2);
            else
                memcpy(U, V, size * sizeof(double));
        }
        for (size_t i = 0; i < size; i++) {
            F[i] = U[i] + A2[i];
            V[i] = U[i] - A2[i];
        }
        status = lu_factor(n, V, rows);
        for (int j = 0; !status && j < n; j++)
            lu_solve(n, V, rows, 0, F + j, n);
        for (int k = 0; !status && k < halvings; k++) {
            multiply(n, F, F, W);
            memcpy(F, W, size * sizeof(double));
        }
    }
    free(A);
    free(rows);
    return status;
}
""",
    "sqrtm": """\
/* The principal square root: by eigenvalues where X is symmetric, else by the iteration of Denman and Beavers in its
 * product form with scaling (Higham, Functions of Matrices, eq. 6.29). NaN where no real one is found. */
static int sqrtm(int n, const double *X, double *R)
{
    size_t size = (size_t)n * n;
    double *M = malloc((3 * size + n) * sizeof(double)), *N = M + size, *T = N + size, *values = T + size;
    int *rows = malloc(sizeof(int) * n), symmetric = 1, status = M && rows ? 0 : -1, found = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            symmetric = symmetric && X[i * n + j] == X[j * n + i];
    if (!status && symmetric) {
        status = symmetric_eigen(n, X, values, M);
        for (int i = 0; !status && i < n; i++)
            for (int j = 0; j < n; j++) {
                R[i * n + j] = 0;
                for (int k = 0; k < n; k++)  /* an eigenvalue below zero by rounding alone is zero */
                    R[i * n + j] += M[i * n + k] * M[j * n + k] *
                        (values[k] < 0 && values[k] > -1e-14 * fabs(values[n - 1]) ? 0 : sqrt(values[k]));
            }
        found = 1;
    }
    for (size_t i = 0; !status && !found && i < size; i++)
        M[i] = R[i] = X[i];
    for (int step = 0; !status && !found && step < 100; step++) {
        double off = 0, scale;
        memcpy(T, M, size * sizeof(double));
        if ((status = lu_factor(n, T, rows)))
            break;
        scale = exp(-lu_logdet(n, T, rows) / (2 * n));
        lu_inverse(n, T, rows, N);
        for (size_t i = 0; i < size; i++)
            off = fmax(off, fabs(M[i] - (i % (n + 1) == 0)));
        found = off < 1e-14 * n;
        scale = off < 1e-2 || !(scale > 0) ? 1 : scale;
        for (size_t i = 0; i < size; i++) {
            M[i] = (scale * scale * M[i] + N[i] / (scale * scale)) / 4 + (i % (n + 1) == 0) / 2.0;
            N[i] = scale * (N[i] / (scale * scale) + (i % (n + 1) == 0)) / 2;
        }
        multiply(n, R, N, T);
        memcpy(R, T, size * sizeof(double));
    }
    for (size_t i = 0; !found && i < size; i++)
        R[i] = NAN;
    free(M);
    free(rows);
    return status;
}
""",
    "logm": """\
/* The principal logarithm by inverse scaling and squaring: square roots until X is near the identity, then the Pade
 * approximant of degree 8 as a sum over the nodes of Gauss and Legendre (Higham, Functions of Matrices, alg. 11.9). */
static int logm(int n, const double *X, double *L)
{
    const double node[] = {0.019855071751231884, 0.10166676129318664, 0.2372337950418355, 0.4082826787521751};
    const double weight[] = {0.05061426814518813, 0.11119051722668724, 0.15685332293894363, 0.1813418916891810};
    size_t size = (size_t)n * n;
    double *A = malloc(3 * size * sizeof(double)), *B = A + size, *C = B + size;
    int *rows = malloc(sizeof(int) * n), roots = 0, status = A && rows ? 0 : -1;
    if (!status)
        memcpy(A, X, size * sizeof(double));
    while (!status) {
        for (int i = 0; i < n; i++)
            A[i * n + i] -= 1;
        if (!(norm_of_columns(n, A) > 0.25) || roots == 100)
            break;
        for (int i = 0; i < n; i++)
            A[i * n + i] += 1;
        status = sqrtm(n, A, B);
        memcpy(A, B, size * sizeof(double));
        roots++;
    }
    for (size_t i = 0; i < size; i++)
        L[i] = 0;
    for (int k = 0; !status && k < 8; k++) {
        double at = k < 4 ? node[k] : 1 - node[k - 4];
        for (size_t i = 0; i < size; i++) {
            B[i] = at * A[i] + (i % (n + 1) == 0);
            C[i] = A[i];
        }
        status = lu_factor(n, B, rows);
        for (int j = 0; !status && j < n; j++)
            lu_solve(n, B, rows, 0, C + j, n);
        for (size_t i = 0; i < size; i++)
            L[i] += ldexp(weight[k % 4] * C[i], roots);
    }
    free(A);
    free(rows);
    return status;
}
""",
    "mpower": """\
/* X to the whole power p, by repeated squaring. */
static int mpower(int n, const double *X, double p, double *Y)
{
    size_t size = (size_t)n * n;
    double *A = malloc(2 * size * sizeof(double)), *B = A + size;
    int *rows = malloc(sizeof(int) * n), status = !A || !rows ? -1 : p != floor(p);
    long left = (long)fabs(p);
    if (!status) {
        memcpy(A, X, size * sizeof(double));
        if (p < 0 && !(status = lu_factor(n, A, rows))) {
            lu_inverse(n, A, rows, B);
            memcpy(A, B, size * sizeof(double));
        }
        for (size_t i = 0; i < size; i++)
            Y[i] = i % (n + 1) == 0;
        for (; !status && left; left /= 2) {
            if (left % 2) {
                multiply(n, Y, A, B);
                memcpy(Y, B, size * sizeof(double));
            }
            multiply(n, A, A, B);
            memcpy(A, B, size * sizeof(double));
        }
    }
    free(A);
    free(rows);
    return status;
}
""",
    "mixed_matrix": """\
/* The block triangular matrix M (of the side n * 2^count) whose function has the mixed derivative at X along the
 * matrices of E as its last block (Higham and Relton 2014, Higher order Frechet derivatives of matrix functions). */
static double *mixed_matrix(int n, const double *X, int count, const double *const *E)
{
    int side = n << count;
    double *M = calloc((size_t)2 * side * side, sizeof(double));
    for (int b = 0; M && b < 1 << count; b++)
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                double *row = M + (size_t)(b * n + i) * side;
                row[b * n + j] = X[i * n + j];
                for (int k = 0; k < count; k++)
                    if (!(b >> k & 1))
                        row[(b + (1 << k)) * n + j] = E[k][i * n + j];
            }
    return M;
}
""",
    "last_block": """\
/* The last block D (n x n) of the first rows of F, and the end of M, which F is a part of. */
static void last_block(int n, int side, double *M, double *D)
{
    for (int i = 0; M && i < n; i++)
        for (int j = 0; j < n; j++)
            D[i * n + j] = M[(size_t)(side + i) * side + side - n + j];
    free(M);
}
""",
    "dexpm": """\
/* The mixed derivative of expm(X) along the matrices of E. */
static int dexpm(int n, const double *X, int count, const double *const *E, double *D)
{
    int side = n << count;
    double *M = mixed_matrix(n, X, count, E);
    int status = M ? expm(side, M, M + (size_t)side * side) : -1;
    last_block(n, side, M, D);
    return status;
}
""",
    "dlogm": """\
/* The mixed derivative of logm(X) along the matrices of E. */
static int dlogm(int n, const double *X, int count, const double *const *E, double *D)
{
    int side = n << count;
    double *M = mixed_matrix(n, X, count, E);
    int status = M ? logm(side, M, M + (size_t)side * side) : -1;
    last_block(n, side, M, D);
    return status;
}
""",
    "dmpower": """\
/* The mixed derivative of mpower(X, p) along the matrices of E. */
static int dmpower(int n, const double *X, double p, int count, const double *const *E, double *D)
{
    int side = n << count;
    double *M = mixed_matrix(n, X, count, E);
    int status = M ? mpower(side, M, p, M + (size_t)side * side) : -1;
    last_block(n, side, M, D);
    return status;
}
""",
    "is_symmetric": """\
/* Whether A is its own transpose, up to what rounding does to a product. */
static int is_symmetric(int n, const double *A)
{
    double top = 0, off = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            top = fmax(top, fabs(A[i * n + j]));
            off = fmax(off, fabs(A[i * n + j] - A[j * n + i]));
        }
    return off <= 1e-15 * n * top;
}
""",
    "sylvester": """\
/* X (m x n) with A X + X B = C: by eigenvectors where A and B are symmetric, else as one system of m * n unknowns. */
static int sylvester(int m, int n, const double *A, const double *B, const double *C, double *X)
{
    size_t size = (size_t)m * n, p = (size_t)m * m, q = (size_t)n * n;
    int easy = is_symmetric(m, A) && is_symmetric(n, B), status = -1;
    double *P = calloc(easy ? p + q + size + m + n : size * size, sizeof(double)), *Q = P + p, *T = Q + q;
    double *a = T + size, *b = a + m;
    int *rows = malloc(size * sizeof(int));
    if (P && rows && easy) {
        status = symmetric_eigen(m, A, a, P) || symmetric_eigen(n, B, b, Q) ? -1 : 0;
        for (int i = 0; i < m; i++)  /* T = P' C */
            for (int k = 0; k < m; k++)
                for (int j = 0; j < n; j++)
                    T[i * n + j] += P[k * m + i] * C[k * n + j];
        for (int i = 0; i < m; i++)  /* X = T Q, divided */
            for (int j = 0; j < n; j++) {
                X[i * n + j] = 0;
                for (int k = 0; k < n; k++)
                    X[i * n + j] += T[i * n + k] * Q[k * n + j] / (a[i] + b[j]);
                status = a[i] + b[j] == 0 ? 1 : status;
            }
        for (int i = 0; i < m; i++)  /* T = P X */
            for (int j = 0; j < n; j++) {
                T[i * n + j] = 0;
                for (int k = 0; k < m; k++)
                    T[i * n + j] += P[i * m + k] * X[k * n + j];
            }
        for (int i = 0; i < m; i++)  /* X = T Q' */
            for (int j = 0; j < n; j++) {
                X[i * n + j] = 0;
                for (int k = 0; k < n; k++)
                    X[i * n + j] += T[i * n + k] * Q[j * n + k];
            }
    } else if (P && rows) {
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++) {
                double *row = P + (i * n + j) * size;
                for (int k = 0; k < m; k++)
                    row[k * n + j] += A[i * m + k];
                for (int l = 0; l < n; l++)
                    row[i * n + l] += B[l * n + j];
                X[i * n + j] = C[i * n + j];
            }
        if (!(status = lu_factor((int)size, P, rows)))
            lu_solve((int)size, P, rows, 0, X, 1);
    }
    free(P);
    free(rows);
    return status;
}
""",
}
