"""One pass of AMP over the patterns: (MP20), (MP21) of docs/message_passing.md.

Each row of patterns is read once: its products with the means, the output node, and its
share in the fields of the weights, while it is in the cache.
"""

from libc.math cimport INFINITY, fabs, sqrt

from msgpass._node cimport OutputNode, node
from replicas._channels cimport MAX_K

cdef enum:
    ROWS = 4

cdef extern from "_signs.h":
    void signs_dot4(
        const signed char* x, Py_ssize_t stride, Py_ssize_t n, const double* m,
        double* out,
    ) noexcept nogil
    void signs_dot(
        const signed char* x, Py_ssize_t n, const double* m, double* out
    ) noexcept nogil
    void signs_add4(
        const signed char* x, Py_ssize_t stride, Py_ssize_t n, const double* c,
        double* out,
    ) noexcept nogil
    void signs_add(
        const signed char* x, Py_ssize_t n, const double* c, double* out
    ) noexcept nogil


cdef void forward(
    int rows, int K, Py_ssize_t offset, const signed char* x, Py_ssize_t stride,
    Py_ssize_t n, const double* mean, double* dots,
) noexcept nogil:
    # dots[l, r] = sum_i mean[l, i] x[r, l offset + i]
    cdef int l, r
    for l in range(K):
        if rows == ROWS:
            signs_dot4(x + l * offset, stride, n, mean + l * n, dots + l * ROWS)
            continue
        for r in range(rows):
            signs_dot(
                x + r * stride + l * offset, n, mean + l * n, dots + l * ROWS + r
            )


cdef void backward(
    int rows, int K, Py_ssize_t offset, const signed char* x, Py_ssize_t stride,
    Py_ssize_t n, const double* share, double* back,
) noexcept nogil:
    # back[l, i] += sum_r share[l, r] x[r, l offset + i]
    cdef int l, r
    for l in range(K):
        if rows == ROWS:
            signs_add4(x + l * offset, stride, n, share + l * ROWS, back + l * n)
            continue
        for r in range(rows):
            signs_add(
                x + r * stride + l * offset, n, share + l * ROWS + r, back + l * n
            )


def sweep(
    OutputNode output, const signed char[:, ::1] patterns,
    const signed char[::1] labels, bint tree, const Py_ssize_t[::1] edges,
    Py_ssize_t first, Py_ssize_t last, const double[:, ::1] mean, const double[::1] V,
    double damping, double[:, ::1] g, double[:, :, ::1] back, double[:, ::1] Gam,
):
    """Visit the chunks first to last of patterns: (MP21); g (M, K) is damped in place.

    edges : chunk c has the patterns edges[c] to edges[c + 1]. mean (K, n) of the
    weights, V (K) their mean variances. back (chunks, K, n), Gam (chunks, K) : filled
    with the chunk's sums of F xi g and of Gam, so that threads change no sum.
    """
    cdef int K = mean.shape[0], rows, r, l
    cdef Py_ssize_t n = mean.shape[1], stride = patterns.shape[1], c, mu, i
    cdef Py_ssize_t offset = n if tree else 0
    cdef double F = 1 / sqrt(n)
    cdef double[MAX_K * ROWS] dots
    cdef double[MAX_K] omega
    cdef double[MAX_K] g_new
    cdef double[MAX_K] Gam_new
    with nogil:
        for c in range(first, last):
            for l in range(K):
                Gam[c, l] = 0
                for i in range(n):
                    back[c, l, i] = 0
            mu = edges[c]
            while mu < edges[c + 1]:
                rows = <int>min(<Py_ssize_t>ROWS, edges[c + 1] - mu)
                forward(rows, K, offset, &patterns[mu, 0], stride, n, &mean[0, 0], dots)
                for r in range(rows):
                    for l in range(K):
                        omega[l] = F * dots[l * ROWS + r] - V[l] * g[mu + r, l]
                    node(&output.c, labels[mu + r], omega, &V[0], g_new, Gam_new)
                    for l in range(K):
                        dots[l * ROWS + r] = F * g_new[l]
                        g[mu + r, l] = (
                            damping * g[mu + r, l] + (1 - damping) * g_new[l]
                        )
                        Gam[c, l] += Gam_new[l]
                backward(
                    rows, K, offset, &patterns[mu, 0], stride, n, dots, &back[c, 0, 0]
                )
                mu += rows


def energetic(
    OutputNode output, const signed char[:, ::1] patterns,
    const signed char[::1] labels, bint tree, const double[:, ::1] mean,
    const double[::1] V, const double[:, ::1] g, double[::1] coupling, double[::1] Gam,
):
    """Sum of log Z over the patterns, for the free entropy (MP25).

    coupling, Gam (K) : filled with the sums of g omega + V g^2 / 2 and of Gam.
    """
    cdef int K = mean.shape[0], rows, r, l
    cdef Py_ssize_t n = mean.shape[1], stride = patterns.shape[1], mu = 0
    cdef Py_ssize_t offset = n if tree else 0
    cdef double F = 1 / sqrt(n), total = 0
    cdef double[MAX_K * ROWS] dots
    cdef double[MAX_K] omega
    cdef double[MAX_K] g_new
    cdef double[MAX_K] Gam_new
    with nogil:
        for l in range(K):
            coupling[l] = 0
            Gam[l] = 0
        while mu < patterns.shape[0]:
            rows = <int>min(<Py_ssize_t>ROWS, patterns.shape[0] - mu)
            forward(rows, K, offset, &patterns[mu, 0], stride, n, &mean[0, 0], dots)
            for r in range(rows):
                for l in range(K):
                    omega[l] = F * dots[l * ROWS + r] - V[l] * g[mu + r, l]
                total += node(&output.c, labels[mu + r], omega, &V[0], g_new, Gam_new)
                for l in range(K):
                    coupling[l] += g_new[l] * (omega[l] + 0.5 * V[l] * g_new[l])
                    Gam[l] += Gam_new[l]
            mu += rows
    return total


cdef double second_moment(
    double P, double s, double gamma, double y, double* slope
) noexcept nogil:
    # (MP22): mean of m^2 + v at precision P, s the mean square field; and its slope
    cdef double v, log_slope
    if gamma == INFINITY:
        v, log_slope = 1 / (y * P), -1 / P
    else:
        v = (y * P + gamma) / (y * P * (P + gamma))
        log_slope = y / (y * P + gamma) - 1 / P - 1 / (P + gamma)
    slope[0] += v * log_slope - 2 * s / (P * P * P)
    return v + s / (P * P)


def norm_field(
    const double[::1] s, const double[::1] A, double gamma, double y
):
    """The lam at which the units' second moments at P = A + lam average to 1.

    s, A (units) : mean square fields, precisions of the messages. Source: (MP22).
    """
    cdef Py_ssize_t K = A.shape[0], l
    cdef double least = A[0], most = 0, low = 0, high, t, old, moment, slope
    cdef int _
    for l in range(K):
        least = min(least, A[l])
        most = max(most, s[l])
    # t = lam + min A; at high every unit has a second moment below 1
    high = 1 + sqrt(1 + 4 * most)
    t = 0.5 * high
    for _ in range(200):
        moment, slope = 0, 0
        for l in range(K):
            moment += second_moment(A[l] - least + t, s[l], gamma, y, &slope)
        moment, slope = moment / K, slope / K
        if moment > 1:
            low = t
        else:
            high = t
        # Newton for moment^(-1/2) = 1, nearly linear in t
        old = t
        t += 2 * moment * (1 - sqrt(moment)) / slope
        if not low < t < high:
            t = 0.5 * (low + high)
        if fabs(t - old) <= 1e-15 * t:
            break
    return t - least


def coupling_field(
    const double[::1] s, const double[::1] b, const double[::1] A, double overlap
):
    """(gamma, lam) at which a field gamma W~ gives the norm and the overlap with W~.

    s, b, A (units) : mean squares of the fields without it, their means along W~, the
    precisions of the messages. Source: (MP32).
    """
    cdef Py_ssize_t K = A.shape[0], l
    cdef double least = A[0], most = 0, low = 0, high, t, gamma = 0
    cdef double P, m2, share, response, moment
    cdef int _
    for l in range(K):
        least = min(least, A[l])
        most = max(most, s[l])
    # the second moment falls from infinity to overlap^2 as t = lam + min A grows
    high = INFINITY
    t = 1 / (1 - overlap * overlap)
    for _ in range(400):
        share, response, moment = 0, 0, 0
        for l in range(K):
            P = A[l] - least + t
            share += b[l] / P / K
            response += 1 / P / K
        gamma = (overlap - share) / response
        for l in range(K):
            P = A[l] - least + t
            m2 = (s[l] + gamma * (2 * b[l] + gamma)) / (P * P)
            moment += (m2 + 1 / P) / K
        if moment > 1:
            low = t
        else:
            high = t
        if high == INFINITY:
            t *= 2
        elif high - low <= 4e-16 * high:
            break
        else:
            t = 0.5 * (low + high)
    return gamma, t - least
