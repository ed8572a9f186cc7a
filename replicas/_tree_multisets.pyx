"""Symmetric tensors over K units, kept on multisets: docs/franz_parisi.md (F32)-(F35).

A multiset i_1 >= i_2 >= ... >= i_m of indices has the rank sum_r C(i_r + m - r,
m - r + 1): ranks of the multisets with i_1 <= i are the first C(i + m, m).
"""

from libc.math cimport exp

from replicas._channels cimport TreeChannel
from replicas._small_tree cimport MAX_UNITS, log_p

cdef extern from *:
    """
    static inline void add_multiple(Py_ssize_t n, double w, const double *restrict x,
                                    double *restrict y) {
        #pragma omp simd
        for (Py_ssize_t k = 0; k < n; k++) y[k] += w * x[k];
    }
    """
    void add_multiple(
        Py_ssize_t n, double w, const double* x, double* y
    ) noexcept nogil

ctypedef Py_ssize_t index


cdef index count(int n, int m) noexcept nogil:
    # multisets of size m of n indices: C(n + m - 1, m)
    cdef index total = 1
    cdef int r
    for r in range(1, m + 1):
        total = total * (n + r - 1) // r
    return total


cdef void step(int m, int* row) noexcept nogil:
    # the next multiset of size m >= 1 in the order of the ranks
    cdef int last = m - 1, r
    while last > 0 and row[last] == row[last - 1]:
        last -= 1
    row[last] += 1
    for r in range(last + 1, m):
        row[r] = 0


cdef int insert(int m, const int* row, int i, int* longer) noexcept nogil:
    # the multiset with i, and the place of i there
    cdef int place = 0, r
    while place < m and row[place] > i:
        longer[place] = row[place]
        place += 1
    longer[place] = i
    for r in range(place, m):
        longer[r + 1] = row[r]
    return place


cdef index rank(int m, const int* row) noexcept nogil:
    cdef index total = 0
    cdef int r
    for r in range(m):
        total += count(row[r], m - r)
    return total


cdef double copies(int m, const int* row) noexcept nogil:
    # orderings of the multiset
    cdef double total = 1
    cdef int r, run = 0
    for r in range(m):
        run = run + 1 if r > 0 and row[r] == row[r - 1] else 1
        total *= (r + 1.0) / run
    return total


def size(int n, int m):
    """Number of multisets of size m of n indices."""
    return count(n, m)


def rows(index[:, ::1] out):
    """Fill all multisets of size m >= 1, one a row."""
    cdef int[MAX_UNITS + 1] row
    cdef index i
    cdef int m = <int>out.shape[1], r
    with nogil:
        for r in range(m):
            row[r] = 0
        for i in range(out.shape[0]):
            for r in range(m):
                out[i, r] = row[r]
            step(m, row)


def orderings(int m, double[::1] out):
    """Fill the orderings of each multiset of size m >= 1."""
    cdef int[MAX_UNITS + 1] row
    cdef index i
    cdef int r
    with nogil:
        for r in range(m):
            row[r] = 0
        for i in range(out.shape[0]):
            out[i] = copies(m, row)
            step(m, row)


def posterior(
    TreeChannel channel, const double[::1] log_h, const double[::1] normaliser,
    double[:] out,
):
    """(F32): the multisets of K indices 2 node + (1 if positive), 0 where refused.

    log_h : of each index; normaliser : log P on the multisets of nodes.
    """
    cdef int[MAX_UNITS + 1] row
    cdef int[MAX_UNITS + 1] nodes
    cdef int K = channel.c.K, r, positive
    cdef index i
    cdef double total
    cdef bint accepted
    with nogil:
        for r in range(K):
            row[r] = 0
        for i in range(out.shape[0]):
            positive = 0
            total = 0
            for r in range(K):
                nodes[r] = row[r] // 2
                positive += row[r] % 2
                total += log_h[row[r]]
            accepted = 2 * positive > K
            if channel.c.parity:
                accepted = (K - positive) % 2 == 0
            out[i] = exp(total - normaliser[rank(K, nodes)]) if accepted else 0
            step(K, row)


def push(
    int m, int done, const double[:, ::1] tensor, const double[:, ::1] law,
    double[:, ::1] out,
):
    """Sum over one of m indices of the rows with law[index, node]: (F34).

    The columns of `tensor` are multisets of `done` nodes, of `out` one node more.
    """
    cdef int[MAX_UNITS + 1] row
    cdef int[MAX_UNITS + 1] longer
    cdef int n = law.shape[0], nodes = law.shape[1], r, s, node
    cdef index i, k, start, length, source
    with nogil:
        for r in range(m):
            row[r] = 0
        for i in range(out.shape[0]):
            for k in range(out.shape[1]):
                out[i, k] = 0
            for s in range(n):
                insert(m - 1, row, s, longer)
                source = rank(m, longer)
                for node in range(nodes):
                    start = count(node, done + 1)
                    length = count(node + 1, done)
                    add_multiple(
                        length, law[s, node], &tensor[source, 0], &out[i, start]
                    )
            if m > 1:
                step(m - 1, row)


def fill(
    TreeChannel channel, const double[::1] b, double[:, ::1] out,
    double[:, ::1] gradient,
):
    """log P on the multisets of K nodes b.

    Rows of out: f, |f'|^2, |f''|^2, f' f'' f', trace of f''; gradient : (n, K).
    """
    cdef int[MAX_UNITS + 1] row
    cdef double[MAX_UNITS] x
    cdef double[MAX_UNITS * MAX_UNITS] hessian
    cdef int K = channel.c.K, l, m
    cdef index i
    cdef double image
    with nogil:
        for l in range(K):
            row[l] = 0
        for i in range(out.shape[1]):
            for l in range(K):
                x[l] = b[row[l]]
            out[0, i] = log_p(channel.c, x, &gradient[i, 0], hessian)
            out[1, i] = out[2, i] = out[3, i] = out[4, i] = 0
            for l in range(K):
                image = 0
                for m in range(K):
                    image += hessian[l * K + m] * gradient[i, m]
                    out[2, i] += hessian[l * K + m] * hessian[l * K + m]
                out[1, i] += gradient[i, l] * gradient[i, l]
                out[3, i] += gradient[i, l] * image
                out[4, i] += hessian[l * K + l]
            step(K, row)


def marked(
    int K, const double[:, ::1] weights, const double[:, ::1] gradient
):
    """Sum of weights[rest, node] f_1(node, rest), rest a multiset of K - 1 nodes."""
    cdef int[MAX_UNITS + 1] row
    cdef int[MAX_UNITS + 1] longer
    cdef int r, node, place
    cdef index i
    cdef double total = 0
    with nogil:
        for r in range(K - 1):
            row[r] = 0
        for i in range(weights.shape[0]):
            for node in range(weights.shape[1]):
                place = insert(K - 1, row, node, longer)
                total += weights[i, node] * gradient[rank(K, longer), place]
            step(K - 1, row)
    return total
