"""One Newton step towards the inner maximum; (LT2), (LT5) of docs/large_y_trees.md."""

from libc.math cimport fabs

from replicas._small_tree cimport MAX_UNITS, log_p


cdef inline double pivot(double d, bint* positive) noexcept nogil:
    # pivots that are not positive are replaced by their magnitude: still an ascent
    if d > 1e-12:
        return d
    positive[0] = False
    return max(fabs(d), 1e-3)


cdef bint trio_step(
    double c, const double* a, const double* b, const double* e, double* A,
    double* value, double* gain, double* r, double* db,
) noexcept nogil:
    # newton_step for K = 3, written out; r (in: c gradient of log P) becomes the step
    cdef bint positive = True
    cdef double d0, d1, d2, l10, l20, l21, x0, x1, x2, s0, s1, s2, y0, y1, y2
    x0, x1, x2 = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    value[0] -= 0.5 * (x0 * x0 + x1 * x1 + x2 * x2) / c
    x0, x1, x2 = c * r[0] - x0, c * r[1] - x1, c * r[2] - x2
    d0 = pivot(1 - c * A[0], &positive)
    l10, l20 = -c * A[3] / d0, -c * A[6] / d0
    d1 = pivot(1 - c * A[4] - l10 * l10 * d0, &positive)
    l21 = (-c * A[7] - l20 * l10 * d0) / d1
    d2 = pivot(1 - c * A[8] - l20 * l20 * d0 - l21 * l21 * d1, &positive)
    s1 = x1 - l10 * x0
    s2 = (x2 - l20 * x0 - l21 * s1) / d2
    s1 = s1 / d1 - l21 * s2
    s0 = x0 / d0 - l10 * s1 - l20 * s2
    gain[0] = 0.5 * (x0 * s0 + x1 * s1 + x2 * s2) / c
    r[0], r[1], r[2] = s0, s1, s2
    y1 = e[1] - l10 * e[0]
    y2 = (e[2] - l20 * e[0] - l21 * y1) / d2
    y1 = y1 / d1 - l21 * y2
    y0 = e[0] / d0 - l10 * y1 - l20 * y2
    db[0], db[1], db[2] = y0, y1, y2
    return positive


cdef bint newton_step(
    Problem problem, const double* a, const double* b, const double* e,
    double* value, double* gain, double* step, double* db,
) noexcept nogil:
    """Value at b, Newton step, its predicted gain, and db = (1 - c hessian)^-1 e.

    False where 1 - c hessian is not positive definite, checked by its LDL^T pivots.
    """
    cdef int K = problem.tree.K, i, j, k
    cdef double c = problem.c, x
    cdef double[MAX_UNITS] r
    cdef double[MAX_UNITS] d
    cdef double[MAX_UNITS * MAX_UNITS] A
    cdef bint positive = True
    value[0] = log_p(problem.tree, b, step, A)
    if K == 3:
        return trio_step(c, a, b, e, A, value, gain, step, db)
    for i in range(K):
        x = b[i] - a[i]
        value[0] -= 0.5 * x * x / c
        step[i] = c * step[i] - x
        r[i] = step[i]
        db[i] = e[i]
        for j in range(i + 1):
            A[i * K + j] = (i == j) - c * A[i * K + j]
    for j in range(K):
        x = A[j * K + j]
        for k in range(j):
            x -= A[j * K + k] * A[j * K + k] * d[k]
        d[j] = pivot(x, &positive)
        for i in range(j + 1, K):
            x = A[i * K + j]
            for k in range(j):
                x -= A[i * K + k] * A[j * K + k] * d[k]
            A[i * K + j] = x / d[j]
    for i in range(K):
        for k in range(i):
            step[i] -= A[i * K + k] * step[k]
            db[i] -= A[i * K + k] * db[k]
    for i in range(K - 1, -1, -1):
        step[i] /= d[i]
        db[i] /= d[i]
        for k in range(i + 1, K):
            step[i] -= A[k * K + i] * step[k]
            db[i] -= A[k * K + i] * db[k]
    gain[0] = 0
    for i in range(K):
        gain[0] += 0.5 * r[i] * step[i] / c
    return positive
