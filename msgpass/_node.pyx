"""Output node of one pattern: equations (MP3)-(MP6) of docs/message_passing.md.

The field of unit l is Gaussian with mean omega[l] and variance V[l] under the messages
of the weights. K = 1 is a scalar channel of `replicas`; K > 1 counts votes in plain
doubles, and in the log domain, by the tree channel of `replicas`, where they underflow.
"""

from libc.math cimport log, sqrt

from msgpass._rows cimport row_tails
from replicas._channels cimport Field, MAX_K, ScalarChannel, TreeChannel, tree_log_p

# field of a unit that is always negative, in units of its standard deviation
cdef double NEVER = -1e8


cdef double majority(
    int K, int least, const double* p, const double* q, double* piv, double* base
) noexcept nogil:
    # (MP4): P(`least` units or more are positive), p and q being the probabilities that
    # each is or is not; piv: the others are one short; base, unless NULL: they suffice
    cdef double[(MAX_K + 1) * (MAX_K + 1)] before
    cdef double[MAX_K + 1] after
    cdef double[MAX_K + 2] tail
    cdef double* row
    cdef double* last
    cdef double Z = 0, total
    cdef int l, j
    # before[l, j]: of the units < l, j < least are positive; Z: `least` or more
    before[0] = 1
    for j in range(1, least):
        before[j] = 0
    for l in range(K):
        last = &before[l * least]
        row = last + least
        if base != NULL:
            base[l] = Z
        Z += last[least - 1] * p[l]
        row[0] = last[0] * q[l]
        for j in range(1, least):
            row[j] = last[j] * q[l] + last[j - 1] * p[l]
    # after[j], tail[j]: of the units > l, j are positive, j or more are
    for j in range(1, least):
        after[j] = 0
        tail[j] = 0
    after[0], tail[0], tail[least] = 1, 1, 0
    for l in range(K - 1, -1, -1):
        last = &before[l * least]
        total = 0
        for j in range(least):
            total += last[j] * after[least - 1 - j]
        piv[l] = total
        if base != NULL:
            for j in range(least):
                base[l] += last[j] * tail[least - j]
            for j in range(least, 0, -1):
                tail[j] = tail[j] * q[l] + tail[j - 1] * p[l]
        for j in range(least - 1, 0, -1):
            after[j] = after[j] * q[l] + after[j - 1] * p[l]
        after[0] *= q[l]
    return Z


cdef double parity(
    int K, double label, const double* p, const double* q, double* piv
) noexcept nogil:
    # (MP5): P(product of the signs is label); piv: derivative of it in p
    cdef double even = 1, odd = 0, old, product = label
    cdef int l
    for l in range(K):
        old = even
        even = even * p[l] + odd * q[l]
        odd = old * q[l] + odd * p[l]
        piv[l] = product
        product *= p[l] - q[l]
    product = 1
    for l in range(K - 1, -1, -1):
        piv[l] *= product
        product *= p[l] - q[l]
    return even if label > 0 else odd


cdef double log_node(
    const Node* c, double label, const double* omega, const double* V, double* g
) noexcept nogil:
    # log Z and g where the plain sums underflow
    cdef double[MAX_K + 1] b
    cdef double[MAX_K + 1] gradient
    cdef double log_z
    cdef int l
    for l in range(c.K):
        b[l] = omega[l] / sqrt(V[l])
    if c.parity:
        b[0] *= label
    else:
        b[c.K] = NEVER
        for l in range(c.K):
            b[l] *= label
    log_z = tree_log_p(c.tree, b, gradient, NULL)
    for l in range(c.K):
        g[l] = gradient[l] / sqrt(V[l])
    if c.parity:
        g[0] *= label
    else:
        for l in range(c.K):
            g[l] *= label
    return log_z


cdef double node(
    const Node* c, double label, const double* omega, const double* V,
    double* g, double* Gam,
) noexcept nogil:
    # (MP3): log Z; g[l] = d log Z / d omega[l]; Gam[l] = -d2 log Z / d omega[l]^2
    cdef double[MAX_K + 1] p
    cdef double[MAX_K + 1] q
    cdef double[MAX_K + 1] bell
    cdef double[MAX_K + 1] piv
    cdef double[MAX_K + 1] x
    cdef double Z, log_z, sign = 1 if c.parity else label
    cdef int l
    cdef Field f
    if c.K == 1:
        f = c.scalar.log_z(label * omega[0], V[0], &c.scalar)
        g[0], Gam[0] = label * f.d, -f.d2
        return f.log_z
    for l in range(c.K):
        x[l] = sign * omega[l] / sqrt(V[l])
    for l in range(c.K, (c.K + 7) // 8 * 8):
        x[l] = 0
    row_tails(c.K, x, p, q, bell)
    if c.parity:
        Z = parity(c.K, label, p, q, piv)
    else:
        Z = majority(c.K, c.least, p, q, piv, NULL)
    if Z > SMALL:
        log_z = log(Z)
        for l in range(c.K):
            g[l] = sign * piv[l] * bell[l] / (Z * sqrt(V[l]))
    else:
        log_z = log_node(c, label, omega, V, g)
    for l in range(c.K):
        Gam[l] = g[l] * (g[l] + omega[l] / V[l])
    return log_z


cdef class OutputNode:
    """Output node of an instance: machine of `channel`, a channel of `replicas`.

    K, rule : of the instance. For even K a tie fits no label.
    """

    def __cinit__(self, int K, str rule, channel):
        cdef ScalarChannel kernel
        cdef TreeChannel tree
        self.c.K = K
        self.c.least = K // 2 + 1
        self.c.parity = rule == "parity"
        if K == 1:
            kernel = channel.kernel
            self.c.scalar = kernel.c
        else:
            tree = channel.kernel
            self.c.tree = tree.c

    def log_z(
        self, const signed char[::1] labels, const double[:, ::1] omega,
        const double[:, ::1] V, double[::1] value, double[:, ::1] g,
        double[:, ::1] Gam,
    ):
        """Fill log Z (M) and g, Gam (M, K) from labels (M) and omega, V (M, K)."""
        cdef Py_ssize_t mu
        with nogil:
            for mu in range(labels.shape[0]):
                value[mu] = node(
                    &self.c, labels[mu], &omega[mu, 0], &V[mu, 0],
                    &g[mu, 0], &Gam[mu, 0],
                )
