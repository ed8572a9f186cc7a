"""Fields that hold the norm of continuous weights, and their overlap with a reference.

Equations (MP9) and (MP21) of docs/message_passing.md.
"""

from libc.math cimport INFINITY, fabs, sqrt


cdef double second_moment(
    double P, double s, double gamma, double y, double* slope
) noexcept nogil:
    # (MP9): mean of m^2 + v at precision P, s the mean square field; and its slope
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
    """The lam at which the second moments at P = A + lam average to 1.

    s, A : square fields and precisions of the messages, of the weights, or their means
    over units whose weights have the same precision. Source: (MP9).
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
    const double[::1] s, const double[::1] b, const double[::1] w,
    const double[::1] A, double overlap,
):
    """(gamma, lam) at which a field gamma W~ gives the norm and the overlap with W~.

    s, b, w, A : squares of the fields without it, these along W~, squares of W~, the
    precisions of the messages; of the weights or means over units as in `norm_field`.
    Source: (MP21).
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
            response += w[l] / P / K
        gamma = (overlap - share) / response
        for l in range(K):
            P = A[l] - least + t
            m2 = (s[l] + gamma * (2 * b[l] + gamma * w[l])) / (P * P)
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
