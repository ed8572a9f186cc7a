"""One pass of AMP over real patterns: (MP7), (MP8) of docs/message_passing.md.

As in `_amp`, each row is read once while it is in the cache; its entries' squares give
each pattern the variances, and each weight the precision, of its own.
"""

from libc.math cimport sqrt

from msgpass._node cimport OutputNode, node
from msgpass._rows cimport row_add_reals, row_sums_reals
from replicas._channels cimport MAX_K


def sweep(
    OutputNode output, const double[:, ::1] patterns, const signed char[::1] labels,
    bint tree, const Py_ssize_t[::1] edges, Py_ssize_t first, Py_ssize_t last,
    const double[:, ::1] mean, const double[:, ::1] variance, double damping,
    double[:, ::1] g, double[:, :, ::1] back, double[:, :, ::1] Gam,
):
    """As `sweep` of `_amp`, with variances (K, n) and Gam (chunks, K, n), sums of
    Gam xi^2."""
    cdef int K = mean.shape[0], l
    cdef Py_ssize_t n = mean.shape[1], step = n if tree else 0, c, mu, i
    cdef double F = 1 / sqrt(<double>n)
    cdef double[MAX_K] omega, V, g_new, Gam_new
    with nogil:
        for c in range(first, last):
            for l in range(K):
                for i in range(n):
                    back[c, l, i] = 0
                    Gam[c, l, i] = 0
            for mu in range(edges[c], edges[c + 1]):
                for l in range(K):
                    row_sums_reals(
                        &patterns[mu, l * step], &mean[l, 0], &variance[l, 0], n,
                        &omega[l], &V[l],
                    )
                    V[l] /= n
                    omega[l] = F * omega[l] - V[l] * g[mu, l]
                node(&output.c, labels[mu], omega, V, g_new, Gam_new)
                for l in range(K):
                    row_add_reals(
                        &patterns[mu, l * step], F * g_new[l], Gam_new[l],
                        &back[c, l, 0], &Gam[c, l, 0], n,
                    )
                    g[mu, l] = damping * g[mu, l] + (1 - damping) * g_new[l]


def energetic(
    OutputNode output, const double[:, ::1] patterns, const signed char[::1] labels,
    bint tree, const double[:, ::1] mean, const double[:, ::1] variance,
    const double[:, ::1] g, const double[:, ::1] bracket,
):
    """Sum over the patterns of log Z less the coupling to the weights: (MP13), (MP14).

    bracket (K, n): what multiplies Gam xi^2 / n.
    """
    cdef int K = mean.shape[0], l
    cdef Py_ssize_t n = mean.shape[1], step = n if tree else 0, mu
    cdef double F = 1 / sqrt(<double>n), total = 0, unused
    cdef double[MAX_K] omega, V, Q, g_new, Gam
    with nogil:
        for mu in range(patterns.shape[0]):
            for l in range(K):
                row_sums_reals(
                    &patterns[mu, l * step], &mean[l, 0], &variance[l, 0], n,
                    &omega[l], &V[l],
                )
                row_sums_reals(
                    &patterns[mu, l * step], &mean[l, 0], &bracket[l, 0], n,
                    &unused, &Q[l],
                )
                V[l] /= n
                omega[l] = F * omega[l] - V[l] * g[mu, l]
            total += node(&output.c, labels[mu], omega, V, g_new, Gam)
            for l in range(K):
                total -= g_new[l] * (omega[l] + 0.5 * V[l] * g_new[l])
                total -= Gam[l] * Q[l] / n
    return total
