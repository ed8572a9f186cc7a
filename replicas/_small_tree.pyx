"""log P(b) in double precision for the inner maximum: (C5), (C7)-(C9) of
docs/channels.md as sums of positive terms, (LT3) of docs/large_y_trees.md.

Where P underflows, the logarithmic sums of the channel take over.
"""

from libc.math cimport M_PI, M_SQRT1_2, NAN, exp, fabs, log, log1p, sqrt
from scipy.special.cython_special cimport erfcx

from replicas._channels cimport tree_log_p

cdef double NEGLIGIBLE = 1e-250


cdef inline void set_units(
    int K, const double* b, double* h, double* g, double* G
) noexcept nogil:
    # probabilities that a unit is +1, -1, and the Gaussian density
    cdef double x, tail
    cdef int l
    for l in range(K):
        x = fabs(b[l])
        G[l] = exp(-0.5 * x * x)
        tail = 0.5 * erfcx(x * M_SQRT1_2) * G[l]
        G[l] /= sqrt(2 * M_PI)
        h[l], g[l] = (tail, 1 - tail) if b[l] < 0 else (1 - tail, tail)


cdef double trio_log_p(
    bint parity, const double* b, double* gradient, double* hessian
) noexcept nogil:
    # log P(b) for K = 3: (LT3); NAN where P underflows
    cdef double[3] h
    cdef double[3] g
    cdef double[3] G
    cdef double x, P, Q
    cdef int l, m, n
    set_units(3, b, h, g, G)
    if parity:
        P = h[0] * (h[1] * h[2] + g[1] * g[2]) + g[0] * (h[1] * g[2] + g[1] * h[2])
        Q = g[0] * (h[1] * h[2] + g[1] * g[2]) + h[0] * (h[1] * g[2] + g[1] * h[2])
    else:
        P = h[0] * h[1] + h[2] * (h[0] * g[1] + g[0] * h[1])
        Q = g[0] * g[1] + g[2] * (g[0] * h[1] + h[0] * g[1])
    if P < NEGLIGIBLE:
        return NAN
    for l in range(3):
        m, n = (l + 1) % 3, (l + 2) % 3
        if parity:
            gradient[l] = G[l] * (h[m] - g[m]) * (h[n] - g[n]) / P
        else:
            gradient[l] = G[l] * (h[m] * g[n] + g[m] * h[n]) / P
    for l in range(3):
        m, n = (l + 1) % 3, (l + 2) % 3
        x = 2 * (h[l] - g[l]) if parity else g[l] - h[l]
        x = G[m] * G[n] * x / P - gradient[m] * gradient[n]
        hessian[3 * m + n] = hessian[3 * n + m] = x
        hessian[4 * l] = -gradient[l] * (b[l] + gradient[l])
    return log(P) if P < Q else log1p(-Q)


cdef inline void multiply(int n, double* p, double h, double g) noexcept nogil:
    # counts p[0..n-1] of n - 1 units become those of n units
    cdef int j
    p[n] = h * p[n - 1]
    for j in range(n - 1, 0, -1):
        p[j] = g * p[j] + h * p[j - 1]
    p[0] *= g


cdef inline double convolve(
    int n, int left, const double* p, int right, const double* q
) noexcept nogil:
    # probability of n positive among `left` units and `right` units
    cdef double total = 0
    cdef int j
    for j in range(max(0, n - right), min(left, n) + 1):
        total += p[j] * q[n - j]
    return total


cdef double majority_log_p(
    int K, const double* b, double* gradient, double* hessian
) noexcept nogil:
    cdef double[MAX_UNITS] h
    cdef double[MAX_UNITS] g
    cdef double[MAX_UNITS] G
    cdef double[(MAX_UNITS + 1) * (MAX_UNITS + 1)] before
    cdef double[(MAX_UNITS + 1) * (MAX_UNITS + 1)] after
    cdef double[MAX_UNITS + 1] p
    cdef double P = 0, Q = 0, x
    cdef int W = MAX_UNITS + 1, k = (K + 1) // 2, l, m, j
    set_units(K, b, h, g, G)
    before[0] = after[K * W] = 1
    for l in range(K):
        for j in range(l + 1):
            before[(l + 1) * W + j] = before[l * W + j]
            after[(K - l - 1) * W + j] = after[(K - l) * W + j]
        multiply(l + 1, &before[(l + 1) * W], h[l], g[l])
        multiply(l + 1, &after[(K - l - 1) * W], h[K - l - 1], g[K - l - 1])
    for j in range(K + 1):
        if j < k:
            Q += after[j]
        else:
            P += after[j]
    if P < NEGLIGIBLE:
        return NAN
    for l in range(K):
        x = convolve(k - 1, l, &before[l * W], K - 1 - l, &after[(l + 1) * W])
        gradient[l] = G[l] * x / P
    for l in range(K):
        hessian[l * K + l] = -gradient[l] * (b[l] + gradient[l])
        for j in range(l + 1):
            p[j] = before[l * W + j]
        for m in range(l + 1, K):
            x = convolve(k - 2, m - 1, p, K - 1 - m, &after[(m + 1) * W])
            x -= convolve(k - 1, m - 1, p, K - 1 - m, &after[(m + 1) * W])
            x = G[l] * G[m] * x / P - gradient[l] * gradient[m]
            hessian[l * K + m] = hessian[m * K + l] = x
            multiply(m, p, h[m], g[m])
    return log(P) if P < Q else log1p(-Q)


cdef double parity_log_p(
    int K, const double* b, double* gradient, double* hessian
) noexcept nogil:
    cdef double[MAX_UNITS] h
    cdef double[MAX_UNITS] g
    cdef double[MAX_UNITS] G
    cdef double P = 1, Q = 0, x
    cdef int l, m, n
    set_units(K, b, h, g, G)
    for l in range(K):
        P, Q = P * h[l] + Q * g[l], P * g[l] + Q * h[l]
    if P < NEGLIGIBLE:
        return NAN
    for l in range(K):
        gradient[l] = G[l] / P
        for n in range(K):
            if n != l:
                gradient[l] *= h[n] - g[n]
    for l in range(K):
        hessian[l * K + l] = -gradient[l] * (b[l] + gradient[l])
        for m in range(l):
            x = 2 * G[l] * G[m] / P
            for n in range(K):
                if n != l and n != m:
                    x *= h[n] - g[n]
            x -= gradient[l] * gradient[m]
            hessian[l * K + m] = hessian[m * K + l] = x
    return log(P) if P < Q else log1p(-Q)


cdef double log_p(
    Tree tree, const double* b, double* gradient, double* hessian
) noexcept nogil:
    """log P(b), its gradient (K) and Hessian (K x K); K <= MAX_UNITS."""
    cdef double value
    if tree.K == 3:
        value = trio_log_p(tree.parity, b, gradient, hessian)
    elif tree.parity:
        value = parity_log_p(tree.K, b, gradient, hessian)
    else:
        value = majority_log_p(tree.K, b, gradient, hessian)
    if value == value:
        return value
    return tree_log_p(tree, b, gradient, hessian)


cdef class SmallTree:
    """For tests: log P as the inner maximum evaluates it."""

    cdef Tree tree

    def __init__(self, int K, bint parity):
        self.tree.K, self.tree.parity = K, parity

    def log_p(
        self, const double[:, ::1] b, double[::1] value,
        double[:, ::1] gradient, double[:, :, ::1] hessian,
    ):
        """Fill log P(b), its gradient (n, K) and Hessian (n, K, K)."""
        cdef Py_ssize_t i
        with nogil:
            for i in range(b.shape[0]):
                value[i] = log_p(
                    self.tree, &b[i, 0], &gradient[i, 0], &hessian[i, 0, 0]
                )
