"""Sweeps of belief propagation, continuous weights: docs/focusing.md (FB3)-(FB6).

The message to a weight is B w - A w^2/2. With patterns of +-1 its A is the same for all
weights of a unit; `sweep_reals` is the general form.
"""

from libc.math cimport INFINITY, fabs, sqrt

from msgpass._node cimport OutputNode, node
from msgpass._rows cimport (
    row_add_squares, row_field, row_gaussians, row_update_mean_reals, row_update_signs,
)
from replicas._channels cimport MAX_K


def sweep_signs(
    OutputNode output, const signed char[:, ::1] X, const signed char[::1] labels,
    const Py_ssize_t[::1] order, bint tree, const double[:, ::1] T, double[:, ::1] S,
    const double[::1] P, double[::1] Q, double[:, :, ::1] B, double[:, ::1] A,
    double damping,
):
    """Update the messages of the patterns in `order`; patterns of +-1.

    T (K, n), P (K): fields and precisions of the weights, all messages and the norm's
    field included; S, Q: the same, to which new messages are added (T and P themselves
    if the schedule is sequential). B (M, K, n), A (M, K): messages.
    Returns the sum of log Z and the least cavity precision: where it is not positive
    the sweep stopped.
    """
    cdef double[MAX_K] omega, V, g, Gam
    cdef double log_z = 0, least = INFINITY, v, new, scale
    cdef Py_ssize_t k, mu, l, n = T.shape[1], step = n if tree else 0
    cdef int K = T.shape[0]
    with nogil:
        scale = 1 / sqrt(<double>n)
        for k in range(order.shape[0]):
            mu = order[k]
            for l in range(K):
                v = 1 / (P[l] - A[mu, l])
                least = min(least, P[l] - A[mu, l])
                V[l] = v
                omega[l] = scale * v * row_field(
                    &X[mu, l * step], &T[l, 0], &B[mu, l, 0], n
                )
            if not least > 0:
                break
            log_z += node(&output.c, labels[mu], omega, V, g, Gam)
            for l in range(K):
                row_update_signs(
                    &X[mu, l * step], &T[l, 0], &S[l, 0], &B[mu, l, 0], n,
                    scale * g[l], Gam[l] / n * V[l], damping,
                )
                new = (1 - damping) * Gam[l] / n + damping * A[mu, l]
                Q[l] += new - A[mu, l]
                A[mu, l] = new
    return log_z, least


def sweep_reals(
    OutputNode output, const double[:, ::1] X, const signed char[::1] labels,
    const Py_ssize_t[::1] order, bint tree, const double[:, ::1] T, double[:, ::1] S,
    const double[:, ::1] P, double[:, ::1] Q, double[:, :, ::1] B, double[:, ::1] A,
    double damping, double[:, ::1] m,
):
    """As `sweep_signs` for real patterns: the message's precision is A x^2.

    P, Q (K, n): precision of each weight; m (K, n): scratch.
    """
    cdef double[MAX_K] omega, V, g, Gam
    cdef double log_z = 0, least = INFINITY, new, scale
    cdef Py_ssize_t k, mu, l, n = T.shape[1], step = n if tree else 0
    cdef int K = T.shape[0]
    with nogil:
        scale = 1 / sqrt(<double>n)
        for k in range(order.shape[0]):
            mu = order[k]
            for l in range(K):
                least = min(least, row_gaussians(
                    &X[mu, l * step], &T[l, 0], &B[mu, l, 0], &P[l, 0], A[mu, l],
                    &m[l, 0], n, &omega[l], &V[l],
                ))
                omega[l] *= scale
                V[l] /= n
            if not least > 0:
                break
            log_z += node(&output.c, labels[mu], omega, V, g, Gam)
            for l in range(K):
                row_update_mean_reals(
                    &X[mu, l * step], &m[l, 0], &S[l, 0], &B[mu, l, 0], n,
                    scale * g[l], Gam[l] / n, INFINITY, damping,
                )
                new = (1 - damping) * Gam[l] / n + damping * A[mu, l]
                row_add_squares(&X[mu, l * step], new - A[mu, l], &Q[l, 0], n)
                A[mu, l] = new
    return log_z, least


def norm_field(
    const double[:, ::1] B, const double[:, ::1] A, double gamma, double y,
    double[::1] lam, bint joint,
):
    """Solve mean [(B/P)^2 + v] = 1, P = A + lam, v of (FB14), for lam, in place.

    B (K, n); A (K, n) or (K, 1). One lam for each unit, or one for all if `joint`.
    """
    cdef Py_ssize_t l, K = B.shape[0]
    with nogil:
        if joint:
            lam[0] = _norm_field(B, A, gamma, y, lam[0], 0, K)
            for l in range(1, K):
                lam[l] = lam[0]
        else:
            for l in range(K):
                lam[l] = _norm_field(B, A, gamma, y, lam[l], l, l + 1)


cdef double _norm_field(
    const double[:, ::1] B, const double[:, ::1] A, double gamma, double y, double lam,
    Py_ssize_t first, Py_ssize_t last,
) noexcept nogil:
    # Newton's method on mean^(-1/2), nearly linear in lam, where all P are positive
    cdef double low = -INFINITY, high = INFINITY, mean, slope, P, m, v, w, new
    cdef Py_ssize_t l, i, n = B.shape[1], wide = A.shape[1] > 1
    cdef int _
    for l in range(first, last):
        for i in range(A.shape[1]):
            low = max(low, -A[l, i])
    if not lam > low:
        lam = low + 1
    for _ in range(200):
        mean = 0
        slope = 0
        for l in range(first, last):
            for i in range(n):
                P = A[l, i * wide] + lam
                m = B[l, i] / P
                v = 1 / P
                w = 1 / (P + gamma)
                mean += m * m + v / y + (1 - 1 / y) * w
                slope -= 2 * m * m * v + v * v / y + (1 - 1 / y) * w * w
        mean /= n * (last - first)
        slope /= n * (last - first)
        if mean > 1:
            low = lam
        else:
            high = lam
        new = lam - 2 * mean * (sqrt(mean) - 1) / slope
        if not (low < new and new < high):
            new = 0.5 * (low + high) if high < INFINITY else low + 2 * (lam - low)
        if fabs(new - lam) <= 4e-16 * (fabs(new) + fabs(low)):
            return new
        lam = new
    return lam
