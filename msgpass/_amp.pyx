"""One pass of AMP over the patterns: (MP7), (MP8) of docs/message_passing.md.

Each row of patterns is read once: its products with the means, the output node, and its
share in the fields of the weights, while it is in the cache.
"""

from libc.math cimport sqrt

from msgpass._node cimport Node, OutputNode, SMALL, node
from replicas._channels cimport MAX_K

cdef extern from "_lanes.h":
    enum:
        LANES
        LANES_K
    void lanes_node(
        int K, int least, int parity, const double* label, const double* omega,
        const double* scale, double* g, double* Gam, double* Z,
    ) noexcept nogil

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

# LANES patterns, taken together; arrays of them are (K, LANES)
ctypedef struct Block:
    int rows
    double[LANES] label
    double[MAX_K * LANES] omega
    double[MAX_K * LANES] g
    double[MAX_K * LANES] Gam


cdef void forward(
    Block* block, int K, Py_ssize_t offset, const signed char* x, Py_ssize_t stride,
    Py_ssize_t n, const double* mean,
) noexcept nogil:
    # omega[l, r] = sum_i mean[l, i] x[r, l offset + i]
    cdef int l, r
    cdef const signed char* row
    cdef double* out
    for l in range(K):
        r = 0
        while r < block.rows:
            row, out = x + r * stride + l * offset, &block.omega[l * LANES + r]
            if r + 4 <= block.rows:
                signs_dot4(row, stride, n, mean + l * n, out)
                r += 4
            else:
                signs_dot(row, n, mean + l * n, out)
                r += 1


cdef void backward(
    const Block* block, int K, Py_ssize_t offset, const signed char* x,
    Py_ssize_t stride, Py_ssize_t n, const double* share, double* back,
) noexcept nogil:
    # back[l, i] += sum_r share[l, r] x[r, l offset + i]
    cdef int l, r
    cdef const signed char* row
    for l in range(K):
        r = 0
        while r < block.rows:
            row = x + r * stride + l * offset
            if r + 4 <= block.rows:
                signs_add4(row, stride, n, share + l * LANES + r, back + l * n)
                r += 4
            else:
                signs_add(row, n, share + l * LANES + r, back + l * n)
                r += 1


cdef void block_node(
    const Node* c, Block* block, const double* V, const double* scale
) noexcept nogil:
    # the output node of every row: all together where plain sums do
    cdef double[LANES] Z
    cdef double[MAX_K] omega
    cdef double[MAX_K] g
    cdef double[MAX_K] Gam
    cdef int l, r
    cdef bint together = 1 < c.K <= LANES_K
    if together:
        for r in range(block.rows, LANES):
            block.label[r] = 1
            for l in range(c.K):
                block.omega[l * LANES + r] = 0
        lanes_node(
            c.K, c.least, c.parity, block.label, block.omega, scale,
            block.g, block.Gam, Z,
        )
    for r in range(block.rows):
        if together and Z[r] > SMALL:
            continue
        for l in range(c.K):
            omega[l] = block.omega[l * LANES + r]
        node(c, block.label[r], omega, V, g, Gam)
        for l in range(c.K):
            block.g[l * LANES + r] = g[l]
            block.Gam[l * LANES + r] = Gam[l]


def fields(
    const signed char[:, ::1] patterns, bint tree, const double[:, ::1] weights,
    double[:, ::1] out,
):
    """Fill the fields (MP1) of the patterns, (M, K), from the weights (K, n)."""
    cdef int K = weights.shape[0], r, l
    cdef Py_ssize_t n = weights.shape[1], stride = patterns.shape[1], mu = 0
    cdef Py_ssize_t offset = n if tree else 0
    cdef double root = sqrt(n)
    cdef Block block
    with nogil:
        while mu < patterns.shape[0]:
            block.rows = <int>min(<Py_ssize_t>LANES, patterns.shape[0] - mu)
            for l in range(K):
                forward(
                    &block, 1, 0, &patterns[mu, l * offset], stride, n, &weights[l, 0]
                )
                for r in range(block.rows):
                    out[mu + r, l] = block.omega[r] / root
            mu += block.rows


def sweep(
    OutputNode output, const signed char[:, ::1] patterns,
    const signed char[::1] labels, bint tree, const Py_ssize_t[::1] edges,
    Py_ssize_t first, Py_ssize_t last, const double[:, ::1] mean,
    const double[:, ::1] V, double damping, double[:, ::1] g, double[:, :, ::1] back,
    double[:, :, ::1] Gam,
):
    """Visit the chunks first to last of patterns: (MP8); g (M, K) is damped in place.

    edges : chunk c has the patterns edges[c] to edges[c + 1]. mean (K, n) of the
    weights, V (K, 1) their mean variances. back (chunks, K, n), Gam (chunks, K, 1) :
    filled with the chunk's sums of F xi g and of Gam, so that threads change no sum.
    """
    cdef int K = mean.shape[0], r, l
    cdef Py_ssize_t n = mean.shape[1], stride = patterns.shape[1], c, mu, i
    cdef Py_ssize_t offset = n if tree else 0
    cdef double F = 1 / sqrt(n), new
    cdef double[MAX_K * LANES] share
    cdef double[MAX_K] scale
    cdef Block block
    with nogil:
        for l in range(K):
            scale[l] = 1 / sqrt(V[l, 0])
        for c in range(first, last):
            for l in range(K):
                Gam[c, l, 0] = 0
                for i in range(n):
                    back[c, l, i] = 0
            mu = edges[c]
            while mu < edges[c + 1]:
                block.rows = <int>min(<Py_ssize_t>LANES, edges[c + 1] - mu)
                forward(&block, K, offset, &patterns[mu, 0], stride, n, &mean[0, 0])
                for r in range(block.rows):
                    block.label[r] = labels[mu + r]
                    for l in range(K):
                        i = l * LANES + r
                        block.omega[i] = F * block.omega[i] - V[l, 0] * g[mu + r, l]
                block_node(&output.c, &block, &V[0, 0], scale)
                for r in range(block.rows):
                    for l in range(K):
                        new = block.g[l * LANES + r]
                        share[l * LANES + r] = F * new
                        g[mu + r, l] = damping * g[mu + r, l] + (1 - damping) * new
                        Gam[c, l, 0] += block.Gam[l * LANES + r]
                backward(
                    &block, K, offset, &patterns[mu, 0], stride, n, share,
                    &back[c, 0, 0],
                )
                mu += block.rows


def energetic(
    OutputNode output, const signed char[:, ::1] patterns,
    const signed char[::1] labels, bint tree, const double[:, ::1] mean,
    const double[:, ::1] V, const double[:, ::1] g, const double[:, ::1] bracket,
):
    """Sum over the patterns of log Z less the coupling to the weights: (MP13), (MP14).

    bracket (K, 1) : what multiplies Gam.
    """
    cdef int K = mean.shape[0], r, l
    cdef Py_ssize_t n = mean.shape[1], stride = patterns.shape[1], mu = 0
    cdef Py_ssize_t offset = n if tree else 0
    cdef double F = 1 / sqrt(n), total = 0
    cdef double[MAX_K] omega
    cdef double[MAX_K] g_new
    cdef double[MAX_K] Gam
    cdef Block block
    with nogil:
        while mu < patterns.shape[0]:
            block.rows = <int>min(<Py_ssize_t>LANES, patterns.shape[0] - mu)
            forward(&block, K, offset, &patterns[mu, 0], stride, n, &mean[0, 0])
            for r in range(block.rows):
                for l in range(K):
                    omega[l] = F * block.omega[l * LANES + r]
                    omega[l] -= V[l, 0] * g[mu + r, l]
                total += node(&output.c, labels[mu + r], omega, &V[0, 0], g_new, Gam)
                for l in range(K):
                    total -= g_new[l] * (omega[l] + 0.5 * V[l, 0] * g_new[l])
                    total -= Gam[l] * bracket[l, 0]
            mu += block.rows
    return total
